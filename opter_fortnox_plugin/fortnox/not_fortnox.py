"""Who answered in Fortnox's place: a proxy, a firewall, or the login page of a network."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from opter_contract.values import Text
from opter_fortnox_plugin.errors import NotFortnox
from opter_fortnox_plugin.fortnox.protocol import Response, error_information, object_in

#: Statuses that only a proxy or a network sends: login required, or blocked for legal reasons.
NETWORK_LOGIN: Final = 511

_NEVER_FORTNOX: Final = frozenset({407, 451, NETWORK_LOGIN})

#: Authentication schemes of proxies and networks, never of Fortnox.
_PROXY_SCHEMES: Final = ("basic", "digest", "negotiate", "ntlm")

#: The name of a server or a host, as far as it may be shown.
_SERVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,59}", re.ASCII)


def is_from_fortnox(response: Response) -> bool:
    """Return whether Fortnox itself made a refusal.

    Its gateway says ``message``. Only Fortnox can say that a payment is deleted, or that a
    token is stale, not a proxy in between.
    """
    if error_information(response.body) is not None:
        return True
    asks_for = response.headers.get("www-authenticate", "").lower()
    if server_of(response) or asks_for.startswith(_PROXY_SCHEMES):
        return False
    if response.status in {404, *_NEVER_FORTNOX} or 300 <= response.status < 400:
        return False
    value = object_in(response.body)
    if isinstance(value.get("message"), str) or {"error", "error_description"} <= value.keys():
        return True
    return not response.body or (response.status == 401 and bool(value))


def server_of(response: Response) -> str:
    """Return the name of the server that responded, unless it is Fortnox."""
    server = response.headers.get("server", "").strip()
    return server if _SERVER.fullmatch(server) and server.lower() != "fortnox" else ""


def not_fortnox(response: Response) -> NotFortnox:
    """Return the error of a response that Fortnox did not make, naming who did if it says so."""
    host = _host_of(response.headers.get("location", ""))
    if 300 <= response.status < 400 and _SERVER.fullmatch(host):
        who = Text(f"en hänvisning till {host}", f"a redirect to {host}")
    elif server := server_of(response):
        who = Text(f"en server som kallar sig {server}", f"a server that calls itself {server}")
    elif response.proxy:
        who = Text(f"kanske proxyn {response.proxy}", f"maybe the proxy {response.proxy}")
    else:
        who = Text("det sade inte sitt namn", "it did not say who it was")
    # Trying again with the same password could lock an account.
    may_pass = 200 <= response.status < 300 or response.status == 404
    return NotFortnox(response.status, who, may_pass=may_pass)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
