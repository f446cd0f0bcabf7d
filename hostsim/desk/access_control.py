"""Access control of the desk: a key, the Host header, and protection against CSRF.

By default the desk listens on this machine only, which other people may use, too. The printed
URL contains a key, a secret that is new at each start; opening it creates a session, and no
request is answered without one.

Pages of other sites in the same browser can neither send forms here (a token in the session,
and the Origin header), nor read pages by DNS rebinding (the Host header), nor frame them; our
own pages run no script but our own files.

Behind a reverse proxy the desk answers under its public name only. If the proxy names its
users (:mod:`.reverse_proxy`), it has authenticated them, and they need no key.
"""

from __future__ import annotations

import hmac
import secrets
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, render_template, request, session

from hostsim.desk.reverse_proxy import LOOPBACK, ReverseProxy, is_loopback, parsed_address
from hostsim.errors import host_error

#: The query parameter of the URL that opens the desk.
KEY = "key"

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


def guard(app: Flask, host: str, proxy: ReverseProxy, key: str) -> None:
    """Refuse foreign requests, and add the headers to every response.

    :param host: the address that the desk listens on.
    :param key: admits a browser; not needed if the proxy names the users.
    """
    names = frozenset({proxy.name}) if proxy.public_url else _host_names(host)
    numeric = not proxy.public_url and not is_loopback(host)

    @app.before_request
    def _before() -> str | None:
        if not _is_own_host(request.host, names, numeric=numeric):
            raise host_error("HOST_UNKNOWN")
        if proxy.user_header:
            g.user = proxy.user_of(
                request.remote_addr or "", request.headers.get(proxy.user_header, "")
            )
        elif request.endpoint == "home.start" and _equal(key, request.args.get(KEY, "")):
            session["admitted"] = True
            # Tabs that open at once would each be given one, and the cookie keeps only the last.
            token()
            # Not a redirect: one that started on another site would come without the cookie.
            return render_template("opened.html")
        elif not session.get("admitted"):
            raise host_error("SESSION_ENDED" if _had_session() else "ADDRESS_KEY_MISSING")
        if request.method not in {"GET", "HEAD", "OPTIONS"} and not _is_own_form(proxy.origin):
            raise host_error("PAGE_TOO_OLD")
        return None

    @app.after_request
    def _after(response: Response) -> Response:
        response.headers.update(HEADERS)
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response


def _had_session() -> bool:
    """Return whether the request comes from a page of ours whose session is gone."""
    stale = current_app.config["SESSION_COOKIE_NAME"] in request.cookies
    return stale or request.headers.get("Sec-Fetch-Site") == "same-origin"


def token() -> str:
    """Return the token that every form of this session carries."""
    session_token: str = session.setdefault("token", secrets.token_urlsafe(32))
    return session_token


def _is_own_form(public_origin: str) -> bool:
    # A page with no-referrer sends the origin "null"; then only Sec-Fetch-Site shows where
    # the form came from.
    origin = request.headers.get("Origin", "null")
    if public_origin:
        same_origin = origin in {"null", public_origin}
    else:
        same_origin = origin == "null" or urlsplit(origin).netloc == request.host
    if not same_origin:
        return False
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    expected, sent = session.get("token"), request.form.get("token", "")
    return isinstance(expected, str) and _equal(expected, sent)


def _equal(secret: str, sent: str) -> bool:
    return hmac.compare_digest(secret.encode(), sent.encode())


def _host_names(host: str) -> frozenset[str]:
    if is_loopback(host):
        return LOOPBACK | {host}
    return LOOPBACK | {host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}


def _is_own_host(header: str, names: Collection[str], *, numeric: bool) -> bool:
    """Return whether a Host header names this server.

    :param numeric: accept any numeric address; only names can be rebound by others.
    """
    try:
        name = (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return False
    return name in names or (numeric and parsed_address(name) is not None)
