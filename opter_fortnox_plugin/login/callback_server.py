"""The server at the redirect URI, on this machine, while somebody signs in.

It answers every request that is not the callback of the login with an error page.
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import urlsplit

from opter_contract.values import Text
from opter_fortnox_plugin.errors import LoginFailed
from opter_fortnox_plugin.login.callback import (
    MAX_CALLBACK_LENGTH,
    UNEXPECTED,
    Callback,
    Login,
    RepeatedCallback,
    UnexpectedCallback,
)

log = logging.getLogger(__name__)

#: Seconds that the page is served for the person, if something else may have fetched it first.
_PAGE_SECONDS: Final = 3.0

#: Seconds that a client of the callback server may be silent.
_REQUEST_TIMEOUT: Final = 10.0

#: EACCES is the error on Windows for a port that another program holds exclusively.
_IN_USE: Final = (errno.EADDRINUSE, errno.EACCES)

#: Headers of a browser that prefetches a page; it must request the page again.
_PREFETCH: Final = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")

_DONE = Text(
    "Inloggningen är klar. Du kan stänga fönstret; importen fortsätter.",
    "You are signed in. You may close this window; the import goes on.",
)
_NOT_DONE = Text(
    "Fortnox gav inte åtkomst. Du kan stänga fönstret; importen säger vad som hände.",
    "Fortnox did not grant access. You may close this window; the import says what happened.",
)
_EMPTY = Text(
    "Fortnox skickade inget svar med tillbaka. Så gör Fortnox när företaget är "
    "låst. Du kan stänga fönstret.",
    "Fortnox sent no answer back. Fortnox does so when the company is locked. You may "
    "close this window.",
)

_PAGE: Final = """<!doctype html>
<html lang="sv"><head><meta charset="utf-8"><title>Fortnox</title>
<meta name="viewport" content="width=device-width"><style>
body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;
color:#1d2733;background:#fff}} p[lang=en]{{color:#4a5968}}
</style></head><body><main><h1>{title}</h1><p>{sv}</p><p lang="en">{en}</p></main></body></html>
"""


class _CallbackHandler(BaseHTTPRequestHandler):
    """Answers one request to the redirect URI. Reflects no input, runs no script."""

    server: _Server
    timeout = _REQUEST_TIMEOUT
    protocol_version = "HTTP/1.0"
    server_version = "opter-fortnox-plugin"
    sys_version = ""

    def do_GET(self) -> None:
        login = self.server.login
        path, _, query = self.path.partition("?")
        expected = urlsplit(login.redirect_uri)
        # The Host header keeps pages of other sites from reaching us under another name.
        host = self.headers.get("Host", "").lower()
        is_ours = host.removesuffix(":80") == expected.netloc.lower().removesuffix(":80")
        if not is_ours or path != (expected.path or "/") or len(self.path) > MAX_CALLBACK_LENGTH:
            return self._show(404, UNEXPECTED)
        if any(name in self.headers for name in _PREFETCH):
            return self._show(503, UNEXPECTED)
        try:
            callback = login.receive(query)
        except RepeatedCallback as repeated:
            return self._show_outcome(repeated.callback)
        except UnexpectedCallback:
            return self._show(400, UNEXPECTED)
        try:
            return self._show_outcome(callback)
        finally:
            login.deliver(callback)

    def _show_outcome(self, callback: Callback) -> None:
        if callback.code:
            self._show(200, _DONE)
        else:
            self._show(403, _NOT_DONE if callback.error else _EMPTY)
        if callback != Callback():
            self.server.login.fetched.set()
        # Browsers send this for a page in a window; scanners of links do not.
        if self.headers.get("Sec-Fetch-Dest") == "document":
            self.server.login.seen.set()

    def _show(self, status: int, text: Text) -> None:
        title = "Klart" if status == 200 else "Inte inloggad"
        page = _PAGE.format(title=title, sv=text.sv, en=text.en).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        )
        self.end_headers()
        self.wfile.write(page)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        # The stock page reflects the request; ours does not.
        self._show(code, UNEXPECTED)

    def log_message(self, format: str, *args: Any) -> None:
        # The request line holds the code.
        log.debug("a request to the callback server")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], family: socket.AddressFamily, login: Login
    ) -> None:
        self.address_family = family
        self.login = login
        super().__init__(address, _CallbackHandler)

    def server_bind(self) -> None:
        if sys.platform == "win32":
            # Its SO_REUSEADDR would let another program take the same port.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # Lets the port be used again right after a login, but not by two servers at once.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # HTTPServer.server_bind would ask the name service for our own name.
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("a request to the callback server was aborted")


class CallbackServer:
    """Receives requests on exactly the host and port of the redirect URI.

    ``localhost`` means both 127.0.0.1 and ::1, since the browser chooses between them.

    :param page_seconds: seconds to wait at the end for a person to see the page that a scanner of
        links has fetched.
    :raises LoginFailed: if another program uses the port.
    """

    def __init__(self, login: Login, page_seconds: float = _PAGE_SECONDS) -> None:
        self._login = login
        self._page_seconds = page_seconds
        expected = urlsplit(login.redirect_uri)
        host, port = expected.hostname or "", expected.port or 80
        self._servers: list[_Server] = []
        names = ("127.0.0.1", "::1") if host == "localhost" else (host,)
        bind_error: OSError | None = None
        for name in names:
            family = socket.AF_INET6 if ":" in name else socket.AF_INET
            try:
                self._servers.append(_Server((name, port), family, login))
            except OSError as error:
                bind_error = error
                if error.errno in _IN_USE:
                    self._close()
                    raise LoginFailed("LOGIN_PORT_IN_USE", host=host, port=port) from None
        if not self._servers:
            raise LoginFailed("LOGIN_PORT_IN_USE", host=host, port=port) from bind_error

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
            ).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._login.fetched.is_set():
            self._login.seen.wait(self._page_seconds)
        for server in self._servers:
            server.shutdown()
        self._close()

    def _close(self) -> None:
        for server in self._servers:
            server.server_close()
