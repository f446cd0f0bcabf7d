"""What the administrator configures: which integration, and where Fortnox is.

Values come from the host, or else from the environment under the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from opter_contract.values import Text
from opter_fortnox_plugin.errors import SettingsWrong

CLIENT_ID: Final = "FORTNOX_CLIENT_ID"
CLIENT_SECRET: Final = "FORTNOX_CLIENT_SECRET"  # noqa: S105 - a name, not a secret
REDIRECT_URI: Final = "FORTNOX_REDIRECT_URI"
AUTH_URL: Final = "FORTNOX_AUTH_URL"
API_URL: Final = "FORTNOX_API_URL"

#: Presets; the others have none, since they are the administrator's own.
PRESETS: Final = {
    AUTH_URL: "https://apps.fortnox.se/oauth-v1",
    API_URL: "https://api.fortnox.se/3",
}

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Configuration:
    """The integration as it stands in Fortnox's developer portal."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    auth_url: str
    api_url: str

    @classmethod
    def of(cls, host: Mapping[str, str], environment: Mapping[str, str]) -> Configuration:
        """Read the configuration; what the host says goes before the environment.

        :raises SettingsWrong: naming the value that is missing or wrong.
        """
        return cls(
            client_id=value_of(CLIENT_ID, host, environment),
            client_secret=value_of(CLIENT_SECRET, host, environment),
            redirect_uri=value_of(REDIRECT_URI, host, environment),
            auth_url=value_of(AUTH_URL, host, environment),
            api_url=value_of(API_URL, host, environment),
        )


#: Every name, in the order to show them.
NAMES: Final = (CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, AUTH_URL, API_URL)


def given(name: str, host: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Return what somebody has set; ``""`` where nobody has."""
    return (host.get(name) or environment.get(name) or "").strip()


def value_of(name: str, host: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Read one value, or its preset.

    :raises SettingsWrong: where it is missing or wrong.
    """
    text = (host.get(name) or environment.get(name) or PRESETS.get(name, "")).strip()
    if not text:
        raise SettingsWrong("CONFIGURATION_MISSING", name=name)
    if not text.isascii() or not text.isprintable():
        raise _wrong(name, "den innehåller otillåtna tecken", "it has forbidden characters")
    if name == REDIRECT_URI:
        return _redirect(text)
    return _service(name, text) if name in PRESETS else text


def _wrong(name: str, why_sv: str, why_en: str) -> SettingsWrong:
    return SettingsWrong("CONFIGURATION_WRONG", name=name, why_sv=why_sv, why_en=why_en)


def _redirect(address: str) -> str:
    """Accept an address on this machine only: that is where the answer is received."""
    parts, port = _split(REDIRECT_URI, address)
    if parts != "http":
        raise _wrong(REDIRECT_URI, "den ska börja med http://", "it must begin with http://")
    host = urlsplit(address).hostname
    if host not in LOOPBACK:
        why = Text(
            "den ska peka på den här datorn (localhost, 127.0.0.1 eller [::1])",
            "it must point to this machine (localhost, 127.0.0.1 or [::1])",
        )
        raise _wrong(REDIRECT_URI, why.sv, why.en)
    if not port:
        raise _wrong(REDIRECT_URI, "den saknar port", "it has no port")
    if "?" in address or "#" in address:
        raise _wrong(REDIRECT_URI, "den får inte ha ? eller #", "it may not have ? or #")
    return address


def _service(name: str, address: str) -> str:
    """Accept a service that secrets can be sent to: TLS, or this machine."""
    scheme, _ = _split(name, address)
    host = urlsplit(address).hostname
    if scheme != "https" and not (scheme == "http" and host in LOOPBACK):
        raise _wrong(name, "den ska börja med https://", "it must begin with https://")
    return address.rstrip("/")


def _split(name: str, address: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(address)
        if parts.hostname:
            return parts.scheme, parts.port
    except ValueError:
        pass
    raise _wrong(name, "det är ingen webbadress", "it is no web address")
