"""The login window: an unguessable ``state`` out, a code back, and what a refusal means.

The answer arrives at the redirect address, on this machine. The listener there
is ready before the window opens, takes the one answer that carries our
``state``, and shows every other visitor an error page without ending the wait.
"""

from __future__ import annotations

import errno
import hmac
import logging
import queue
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, LoginFailed
from opter_fortnox_plugin.fortnox.protocol import refusal_of

log = logging.getLogger(__name__)

#: Seconds to wait for a better answer after one with neither code nor state,
#: which is how Fortnox sends a locked company back.
GRACE: Final = 4.0

#: Seconds between two looks at whether the person has cancelled.
_POLL: Final = 0.2

#: Seconds that a visitor of the listener may be silent.
_REQUEST_TIMEOUT: Final = 10.0

#: A longer address is no answer of Fortnox's.
_MAX_LENGTH: Final = 8192

_DONE = Text(
    "Inloggningen är klar. Du kan stänga fönstret; importen fortsätter.",
    "You are signed in. You may close this window; the import goes on.",
)
_NOT_DONE = Text(
    "Fortnox gav inte åtkomst. Du kan stänga fönstret; importen säger vad som hände.",
    "Fortnox did not grant access. You may close this window; the import says what happened.",
)
_EMPTY = Text(
    "Fortnox skickade inget svar med tillbaka. Så gör Fortnox när företaget är låst.",
    "Fortnox sent no answer back. Fortnox does so when the company is locked.",
)
_STRANGE = Text(
    "Det här svaret hör inte till en inloggning som pågår. Stäng fönstret, och använd det fönster "
    "som importen öppnade.",
    "This answer does not belong to a login that is going on. Close this window, and use the "
    "window that the import opened.",
)
_NOT_THE_ANSWER = Text(
    "Adressen är inte svaret på den här inloggningen. Kopiera hela adressen från webbläsarens "
    "adressfält, den som börjar med {redirect}.",
    "The address is not the answer to this login. Copy the whole address from the browser's "
    "address bar, the one that begins with {redirect}.",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a code, or the OAuth error in its place; both empty from a locked company."""

    code: str = field(default="", repr=False)
    error: str = ""


class UnexpectedCallback(Exception):
    """Something came to the redirect address that is not our answer.

    :param forged: whether it claimed to be one, with another ``state`` or none.
    """

    def __init__(self, *, forged: bool) -> None:
        super().__init__("not the answer to this login")
        self.forged = forged


def parse_callback(query: str, state: str) -> Answer:
    """Read the query that came to the redirect address.

    :raises UnexpectedCallback: where it is not the answer to the login with this ``state``.
    """
    try:
        values = parse_qs(query, max_num_fields=20, errors="replace")
    except ValueError:
        raise UnexpectedCallback(forged=False) from None
    code, error, came = (values.get(name, []) for name in ("code", "error", "state"))
    if not (code or error or came):
        if query:
            raise UnexpectedCallback(forged=False)
        return Answer()
    # A terminal may hand over what is no UTF-8 as lone surrogates.
    if len(came) != 1 or not hmac.compare_digest(
        came[0].encode("utf-8", "replace"), state.encode()
    ):
        raise UnexpectedCallback(forged=True)
    if len(error) == 1 and not code:
        return Answer(error=error[0])
    if len(code) == 1 and not error:
        return Answer(code=code[0])
    raise UnexpectedCallback(forged=False)


class Login:
    """One login: its ``state``, and the answers that came so far.

    Answers are put in from any thread, and waited for in one.
    """

    def __init__(self, redirect_uri: str, state: str | None = None) -> None:
        self.redirect_uri = redirect_uri
        self.state: Final = state or secrets.token_urlsafe(32)
        self._answers: queue.Queue[Answer] = queue.Queue()
        self._lock = threading.Lock()
        self._taken = False
        self._forged = False

    def receive(self, query: str) -> Answer:
        """Judge what came to the redirect address; the answer is taken once.

        :raises UnexpectedCallback: where it is not the answer, or where the answer came before.
        """
        with self._lock:
            try:
                answer = parse_callback(query, self.state)
            except UnexpectedCallback as unexpected:
                self._forged = self._forged or unexpected.forged
                raise
            if self._taken:
                raise UnexpectedCallback(forged=False)
            self._taken = answer != Answer()
            return answer

    def deliver(self, answer: Answer) -> None:
        """Let :meth:`wait` have an answer that :meth:`receive` has taken.

        Apart from it, so that the person's page is written before the wait ends.
        """
        self._answers.put(answer)

    def paste(self, address: str) -> Text | None:
        """Take an address that a person copied from the browser.

        :return: ``None`` where it was the answer, otherwise what to do.
        """
        came, _, query = address.strip()[:_MAX_LENGTH].partition("?")
        if came.rstrip("/").lower() == self.redirect_uri.rstrip("/").lower():
            try:
                self.deliver(self.receive(query.partition("#")[0]))
            except UnexpectedCallback:
                log.info("an address was pasted that is not the answer to this login")
            else:
                return None
        return Text(*(text.format(redirect=self.redirect_uri) for text in _NOT_THE_ANSWER))

    def wait(
        self,
        seconds: float,
        look: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> str:
        """Wait for the answer, and return its code.

        :param seconds: how long a person may take.
        :param look: called a few times a second with the seconds left; may raise.
        :raises LoginFailed, NotPermitted: where there is no code.
        """
        until = clock() + seconds
        locked_at: float | None = None
        while (now := clock()) < until:
            look(until - now)
            try:
                answer = self._answers.get(timeout=min(_POLL, until - now))
            except queue.Empty:
                if locked_at is not None and clock() >= locked_at:
                    raise LoginFailed("LOGIN_COMPANY_LOCKED") from None
                continue
            if answer.code:
                return answer.code
            if answer.error:
                raise refusal_of(answer.error)
            locked_at = locked_at or clock() + GRACE
        raise self._timeout_error(seconds, locked=locked_at is not None)

    def _timeout_error(self, seconds: float, *, locked: bool) -> FortnoxError:
        if locked:
            return LoginFailed("LOGIN_COMPANY_LOCKED")
        if self._forged:
            return LoginFailed("LOGIN_STATE_WRONG")
        return LoginFailed("LOGIN_TIMED_OUT", seconds=f"{seconds:g}")


# --- The listener ------------------------------------------------------------

_PAGE: Final = """<!doctype html>
<html lang="sv"><head><meta charset="utf-8"><title>Fortnox</title>
<meta name="viewport" content="width=device-width"><style>
body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;
color:#1d2733;background:#fff}} p[lang=en]{{color:#4a5968}}
</style></head><body><main><h1>{title}</h1><p>{sv}</p><p lang="en">{en}</p></main></body></html>
"""


class _CallbackHandler(BaseHTTPRequestHandler):
    """Answers one visitor of the redirect address. Reflects nothing, runs no script."""

    server: _Server
    timeout = _REQUEST_TIMEOUT
    protocol_version = "HTTP/1.0"
    server_version = "opter-fortnox-plugin"
    sys_version = ""

    def do_GET(self) -> None:
        login = self.server.login
        path, _, query = self.path.partition("?")
        wanted = urlsplit(login.redirect_uri)
        # The Host header keeps pages of other sites from reaching us under another name.
        host = self.headers.get("Host", "").lower()
        here = host.removesuffix(":80") == wanted.netloc.lower().removesuffix(":80")
        if not here or path != (wanted.path or "/") or len(self.path) > _MAX_LENGTH:
            return self._show(404, _STRANGE)
        try:
            answer = login.receive(query)
        except UnexpectedCallback:
            return self._show(400, _STRANGE)
        try:
            if answer.code:
                return self._show(200, _DONE)
            return self._show(403, _NOT_DONE if answer.error else _EMPTY)
        finally:
            login.deliver(answer)

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
        # The stock page repeats what was asked; ours repeats nothing.
        self._show(code, _STRANGE)

    def log_message(self, format: str, *args: Any) -> None:
        # The request line holds the code.
        log.debug("a visit to the login listener")


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
            # Lets the port be used again right after a login, and by nobody at once.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # HTTPServer.server_bind would ask the name service for our own name.
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("a visit to the login listener broke off")


class CallbackServer:
    """Receives visits on exactly the host and port of the redirect address.

    ``localhost`` means both 127.0.0.1 and ::1: which of them a browser takes
    is not ours to choose.

    :raises LoginFailed: where another program uses the port.
    """

    def __init__(self, login: Login) -> None:
        wanted = urlsplit(login.redirect_uri)
        host, port = wanted.hostname or "", wanted.port or 80
        self._servers: list[_Server] = []
        names = ("127.0.0.1", "::1") if host == "localhost" else (host,)
        refused: OSError | None = None
        for name in names:
            family = socket.AF_INET6 if ":" in name else socket.AF_INET
            try:
                self._servers.append(_Server((name, port), family, login))
            except OSError as error:
                refused = error
                if error.errno in _IN_USE:
                    self._close()
                    raise LoginFailed("LOGIN_PORT_IN_USE", host=host, port=port) from None
        if not self._servers:
            raise LoginFailed("LOGIN_PORT_IN_USE", host=host, port=port) from refused

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
            ).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
        self._close()

    def _close(self) -> None:
        for server in self._servers:
            server.server_close()


#: EACCES is what Windows says of a port that another program holds exclusively.
_IN_USE: Final = (errno.EADDRINUSE, errno.EACCES)
