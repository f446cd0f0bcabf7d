"""Which requests the desk answers, by their Host header and the form that they come from.

By default the desk listens on this machine only, which other people may use, too. Whoever
comes in has the key, a secret of this start that stands in the address which is printed
for its owner; it becomes a session. Nothing answers without one.

That leaves pages of other sites in the same browser. They may neither send forms here (a
token in the session, and the origin), nor read pages under a name of their own (the Host
header), nor frame them, and a page of ours runs no script but our own files.

Behind a reverse proxy it answers under its public name alone. Where the proxy names its
users (:mod:`.reverse_proxy`), it has let them in, and they need no key.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, render_template, request, session

from hostsim.desk.reverse_proxy import ReverseProxy
from hostsim.errors import host_error

#: The argument of the address that opens the desk.
KEY = "key"

#: The names of this machine's own loopback.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def is_loopback(host: str) -> bool:
    """Return whether an address is reached from this machine alone."""
    if host in LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def guard(app: Flask, host: str, proxy: ReverseProxy, key: str) -> None:
    """Refuse foreign requests, and put the headers on every response.

    :param host: the address that the desk listens on.
    :param key: lets a browser in; not needed where the proxy names the users.
    """
    names = frozenset({proxy.name}) if proxy.public_url else _names(host)
    numbers = not proxy.public_url and not is_loopback(host)

    @app.before_request
    def _before() -> str | None:
        if not _known(request.host, names, numbers=numbers):
            raise host_error("HOST_UNKNOWN")
        if proxy.user_header:
            g.user = proxy.user_of(
                request.remote_addr or "", request.headers.get(proxy.user_header, "")
            )
        elif request.endpoint == "home.start" and _is(key, request.args.get(KEY, "")):
            session["admitted"] = True
            # Not a redirect: one that began elsewhere would come without the cookie.
            return render_template("opened.html")
        elif not session.get("admitted"):
            raise host_error("SESSION_ENDED" if _was_open() else "ADDRESS_KEY_MISSING")
        if request.method not in {"GET", "HEAD", "OPTIONS"} and not _our_form(proxy.origin):
            raise host_error("PAGE_TOO_OLD")
        return None

    @app.after_request
    def _after(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers[name] = value
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response


def _was_open() -> bool:
    """Return whether the request comes from a page of ours whose session is gone."""
    stale = current_app.config["SESSION_COOKIE_NAME"] in request.cookies
    return stale or request.headers.get("Sec-Fetch-Site") == "same-origin"


def token() -> str:
    """Return the token that every form of this session carries."""
    known: str = session.setdefault("token", secrets.token_urlsafe(32))
    return known


def _our_form(public_origin: str) -> bool:
    # A page without referrers sends the origin "null"; then only Sec-Fetch-Site tells
    # where the form came from.
    origin = request.headers.get("Origin", "null")
    if public_origin:
        ours = origin in {"null", public_origin}
    else:
        ours = origin == "null" or urlsplit(origin).netloc == request.host
    if not ours:
        return False
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    expected, given = session.get("token"), request.form.get("token", "")
    return isinstance(expected, str) and _is(expected, given)


def _is(secret: str, given: str) -> bool:
    return hmac.compare_digest(secret.encode(), given.encode())


def _names(host: str) -> frozenset[str]:
    if is_loopback(host):
        return LOOPBACK | {host}
    return LOOPBACK | {host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}


def _known(header: str, names: Collection[str], *, numbers: bool) -> bool:
    """Return whether a Host header names us.

    :param numbers: accept any numeric address: only a name can be pointed here by
        somebody else.
    """
    try:
        name = (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return False
    if name in names:
        return True
    if not numbers:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
