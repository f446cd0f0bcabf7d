"""What the administrator configures: which integration, and where Fortnox is.

Values come from the host, or else from the environment under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from opter_contract.values import Run, Text
from opter_fortnox_plugin.errors import SettingsWrong

CLIENT_ID: Final = "FORTNOX_CLIENT_ID"
CLIENT_SECRET: Final = "FORTNOX_CLIENT_SECRET"  # noqa: S105 - a name, not a secret
REDIRECT_URI: Final = "FORTNOX_REDIRECT_URI"
AUTH_URL: Final = "FORTNOX_AUTH_URL"
API_URL: Final = "FORTNOX_API_URL"

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Configuration:
    """The integration as registered in Fortnox's developer portal.

    :ivar redirect_uri: needed only if a person signs in; ``""`` if it is missing or wrong.
    :ivar no_redirect: the error in that case.
    """

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    auth_url: str
    api_url: str
    no_redirect: SettingsWrong | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, host: Mapping[str, str], environment: Mapping[str, str], redirect_uri: str = ""
    ) -> Configuration:
        """Read the configuration; the host's values take precedence over the environment's.

        :param redirect_uri: of a host that receives the callback itself.
        :raises SettingsWrong: naming the value that is missing or wrong, except for the redirect
            URI, which is needed only if a person signs in.
        """
        values: dict[str, Any] = {
            name.removeprefix("FORTNOX_").lower(): value_of(name, host, environment)
            for name in NAMES
            if name != REDIRECT_URI
        }
        try:
            uri = (
                redirect_uri_of_host(redirect_uri)
                if redirect_uri
                else value_of(REDIRECT_URI, host, environment)
            )
        except SettingsWrong as error:
            return cls(**values, redirect_uri="", no_redirect=error)
        return cls(**values, redirect_uri=uri)

    def require_redirect_uri(self) -> str:
        """Return the redirect URI.

        :raises SettingsWrong: if it is missing or wrong.
        """
        if self.no_redirect is not None:
            raise self.no_redirect
        return self.redirect_uri

    @classmethod
    def of_run(cls, run: Run, environment: Mapping[str, str]) -> Configuration:
        """Read the configuration of a run.

        :raises SettingsWrong: naming the value that is missing or wrong.
        """
        # Only a host that is a web application has one.
        return cls.of(run.configuration, environment, getattr(run, "redirect_uri", ""))


def configured_value(name: str, host: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Return the value that is set; ``""`` if none is."""
    return (host.get(name) or environment.get(name) or "").strip()


def value_of(name: str, host: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Read one value, or its default.

    :raises SettingsWrong: if it is missing or wrong.
    """
    variable = _VARIABLES[name]
    text = configured_value(name, host, environment) or variable.default
    if not text:
        raise SettingsWrong("CONFIGURATION_MISSING", name=name)
    _refuse_odd_characters(name, text)
    return variable.parse(name, text)


def redirect_uri_of_host(url: str) -> str:
    """Accept the URL at which a web application receives the callback: TLS, or this machine.

    :raises SettingsWrong: for any other URL.
    """
    name = "redirect_uri"
    _refuse_odd_characters(name, url)
    _service(name, url)
    _refuse_query(name, url)
    return url


def _refuse_odd_characters(name: str, text: str) -> None:
    if not text.isascii() or not text.isprintable():
        raise _wrong(name, "den innehåller otillåtna tecken", "it has forbidden characters")


def _refuse_query(name: str, url: str) -> None:
    if "?" in url or "#" in url:
        raise _wrong(name, "den får inte ha ? eller #", "it may not have ? or #")


def _wrong(name: str, why_sv: str, why_en: str) -> SettingsWrong:
    return SettingsWrong("CONFIGURATION_WRONG", name=name, why=Text(why_sv, why_en))


def _redirect(name: str, url: str) -> str:
    """Accept a URL on this machine only, where the callback is received."""
    scheme, port = _split(name, url)
    if scheme != "http":
        raise _wrong(name, "den ska börja med http://", "it must begin with http://")
    host = urlsplit(url).hostname
    if host not in LOOPBACK:
        raise _wrong(
            name,
            "den ska peka på den här datorn (localhost, 127.0.0.1 eller [::1])",
            "it must point to this machine (localhost, 127.0.0.1 or [::1])",
        )
    if not port:
        raise _wrong(name, "den saknar port", "it has no port")
    _refuse_query(name, url)
    return url


def _service(name: str, url: str) -> str:
    """Accept the URL of a service that secrets may be sent to: TLS, or this machine."""
    scheme, _ = _split(name, url)
    host = urlsplit(url).hostname
    if scheme != "https" and not (scheme == "http" and host in LOOPBACK):
        raise _wrong(name, "den ska börja med https://", "it must begin with https://")
    return url.rstrip("/")


def _split(name: str, url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url)
        if parts.hostname:
            return parts.scheme, parts.port
    except ValueError:
        pass
    raise _wrong(name, "det är ingen webbadress", "it is not a web address")


@dataclass(frozen=True, slots=True)
class _Variable:
    """A value's default, ``""`` if the administrator must set it, and its parser."""

    default: str = ""
    parse: Callable[[str, str], str] = lambda _, text: text


_VARIABLES: Final = {
    CLIENT_ID: _Variable(),
    CLIENT_SECRET: _Variable(),
    REDIRECT_URI: _Variable(parse=_redirect),
    AUTH_URL: _Variable("https://apps.fortnox.se/oauth-v1", _service),
    API_URL: _Variable("https://api.fortnox.se/3", _service),
}

#: Every name, in the order to show them.
NAMES: Final = tuple(_VARIABLES)

DEFAULTS: Final = {
    name: variable.default for name, variable in _VARIABLES.items() if variable.default
}
