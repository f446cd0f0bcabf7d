"""The reverse proxy in front of the desk: its public URL, and the users that it admits.

hostsim keeps no passwords. The proxy authenticates users and names them in a header, which is
trusted only on connections from the address of the proxy.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from hostsim.errors import host_error
from opter_contract.values import Text

#: The path of a login's redirect URI, below the public URL.
CALLBACK = "/callback"

#: Characters of a user's name that are stored and shown.
MAX_NAME_LENGTH = 100

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LOOPBACK_ADDRESSES: tuple[Address, ...] = tuple(map(ipaddress.ip_address, ("127.0.0.1", "::1")))

#: The names of this machine's own loopback.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class ReverseProxy:
    """The configuration of the proxy; by default there is none.

    :ivar public_url: without a slash at the end; ``""`` if there is none.
    :ivar user_header: the header that names the user; ``""`` if none does.
    :ivar trusted: the addresses whose header is trusted.
    """

    public_url: str = ""
    user_header: str = ""
    trusted: Collection[Address] = field(default=_LOOPBACK_ADDRESSES)

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.public_url)

    @property
    def redirect_uri(self) -> str:
        """Where a login redirects the browser to; ``""`` without a public URL."""
        return f"{self.public_url}{CALLBACK}" if self.public_url else ""

    @property
    def name(self) -> str:
        return self._parts.hostname or ""

    @property
    def origin(self) -> str:
        """The public origin as browsers write it: in lower case, without a default port.

        ``""`` without a public URL.
        """
        if not self.public_url:
            return ""
        scheme, port = self._parts.scheme, self._parts.port
        name = f"[{self.name}]" if ":" in self.name else self.name
        return f"{scheme}://{name}" + ("" if port in {None, _PORTS[scheme]} else f":{port}")

    @property
    def scheme(self) -> str:
        return self._parts.scheme or "http"

    @property
    def prefix(self) -> str:
        """The path of the public URL, without a slash at the end."""
        return self._parts.path

    def user_of(self, peer: str, header: str) -> str:
        """Return the name of the user that a request comes from.

        :param peer: the address at the other end of the connection.
        :param header: the value of the user header.
        :raises HostError: ``NOT_THROUGH_PROXY`` or ``USER_NOT_NAMED``.
        """
        if parsed_address(peer) not in self.trusted:
            raise host_error("NOT_THROUGH_PROXY")
        name = _readable_name(header)
        # Two lines of the header arrive as one, joined by a comma: only one of them is the proxy's.
        if not name or "," in name:
            raise host_error("USER_NOT_NAMED", header=self.user_header)
        return name


#: The desk is reached directly.
NO_PROXY = ReverseProxy()

_PORTS = {"http": 80, "https": 443}

#: Headers that a proxy passes on unchanged.
_SENT_BY_BROWSERS = frozenset(
    {
        "accept", "accept-encoding", "accept-language", "authorization", "connection",
        "content-length", "content-type", "cookie", "host", "origin", "referer", "user-agent",
    }
)  # fmt: skip


def reverse_proxy(
    public_url: str | None = None, user_header: str | None = None, trusted_proxy: str | None = None
) -> ReverseProxy:
    """Read the options of ``hostsim serve``.

    :raises HostError: ``SERVE_OPTION_WRONG``.
    """
    if trusted_proxy is not None and user_header is None:
        raise _option_error(
            "--trusted-proxy",
            "den hör ihop med --user-header",
            "it goes together with --user-header",
        )
    trusted = _LOOPBACK_ADDRESSES
    if trusted_proxy is not None:
        address = parsed_address(trusted_proxy)
        if address is None:
            raise _option_error(
                "--trusted-proxy",
                "skriv en adress i siffror, som 127.0.0.1",
                "write a numeric address, such as 127.0.0.1",
            )
        trusted = (address,)
    # An underscore can be sent in two ways, and a proxy overwrites only one of them.
    reserved = (user_header or "").lower() in _SENT_BY_BROWSERS
    if reserved or (user_header is not None and not re.fullmatch(r"[A-Za-z0-9-]+", user_header)):
        raise _option_error(
            "--user-header",
            "skriv ett namn av bokstäver, siffror och bindestreck, som X-Remote-User",
            "write a name of letters, digits and hyphens, such as X-Remote-User",
        )
    return ReverseProxy(
        "" if public_url is None else _checked_public_url(public_url), user_header or "", trusted
    )


def _checked_public_url(url: str) -> str:
    option, url = "--public-url", url.rstrip("/")
    try:
        parts = urlsplit(url)
        name, _ = parts.hostname or "", parts.port
    except ValueError:
        name = ""
    if not re.fullmatch(r"[A-Za-z0-9.:-]+", name):
        raise _option_error(option, "det är ingen webbadress", "it is not a web address")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(name)):
        raise _option_error(option, "den ska börja med https://", "it must begin with https://")
    plain = re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", parts.path)
    if not plain or "@" in parts.netloc or "?" in url or "#" in url:
        raise _option_error(
            option,
            "den får bara ha ett namn, en port och en enkel sökväg",
            "it may have a name, a port and a simple path only",
        )
    return url


def _option_error(option: str, sv: str, en: str) -> Exception:
    return host_error("SERVE_OPTION_WRONG", option=option, why=Text(sv, en))


def is_loopback(host: str) -> bool:
    """Return whether an address is reachable from this machine only."""
    address = parsed_address(host)
    return host in LOOPBACK or (address is not None and address.is_loopback)


def parsed_address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A dual-stack socket reports connections over IPv4 so.
    return getattr(address, "ipv4_mapped", None) or address


def _readable_name(raw: str) -> str:
    """Clean the value of a header, which WSGI always decodes as Latin-1."""
    try:
        text = raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        text = raw
    printable = (" " if unicodedata.category(c).startswith("C") else c for c in text)
    return " ".join("".join(printable).split())[:MAX_NAME_LENGTH]
