"""The authorization code grant: a browser opens with an unguessable ``state``; a callback returns.

The callback arrives at the redirect URI, on this machine. The server there is
ready before the browser opens, accepts the one callback with our ``state``, and
answers every other request with an error page without ending the wait. A host that
is a web application receives the callback at its own URL, and hands it over.
"""

from __future__ import annotations

import errno
import hmac
import html
import logging
import queue
import quopri
import re
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from typing import Any, Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from opter_contract.values import Text
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import FortnoxError, LoginFailed
from opter_fortnox_plugin.fortnox.protocol import SCOPES, authorization_url, refusal_of
from opter_fortnox_plugin.host import Host

log = logging.getLogger(__name__)

#: Seconds to wait for a better callback after one with neither code nor state,
#: which Fortnox sends if the company is locked.
GRACE_SECONDS: Final = 4.0

#: Seconds that the page is served for the person, if something else may have fetched it first.
_PAGE_SECONDS: Final = 3.0

#: Seconds between two checks whether the person has cancelled.
_POLL_SECONDS: Final = 0.2

#: Seconds that a client of the callback server may be silent.
_REQUEST_TIMEOUT: Final = 10.0

#: The maximum length of a callback.
_MAX_LENGTH: Final = 8192

#: What terminals put around pasted text, the end of a log line, line breaks of terminals and mail,
#: and invisible characters.
_NOISE: Final = re.compile(
    r"\x1b?\[20[01]~|\sHTTP/\d.*|[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
)
_QUOTES: Final = "\"'`<>“”„‘’«»()[]{}*.,;:!"

#: The parameters that may accompany ``state`` in a query, and what ends a query.
_PARAMETER: Final = re.compile(r"(?<!_)(?:code|error(?:_\w+)?)=[^&]*")
_END: Final = re.compile(r"[\s#?<>()\[\]{}\"']")

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
_UNEXPECTED = Text(
    "Det här svaret hör inte till en inloggning som pågår. Stäng fönstret, och använd det fönster "
    "som importen öppnade.",
    "This answer does not belong to a login that is going on. Close this window, and use the "
    "window that the import opened.",
)
_NOT_THE_CALLBACK = Text(
    "Adressen är inte svaret på den här inloggningen. Kopiera hela adressen från webbläsarens "
    "adressfält, den som börjar med {redirect}.",
    "The address is not the answer to this login. Copy the whole address from the browser's "
    "address bar, the one that begins with {redirect}.",
)


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback: a code or an OAuth error; both are empty where the company is locked.

    :ivar description: the other parameters of an error.
    """

    code: str = field(default="", repr=False)
    error: str = ""
    description: str = field(default="", repr=False)


class UnexpectedCallback(Exception):
    """A request to the redirect URI that is not the callback of this login.

    :param forged: whether it had another ``state``, or none.
    """

    def __init__(self, *, forged: bool) -> None:
        super().__init__("not the callback of this login")
        self.forged = forged


def parse_callback(query: str, state: str) -> Callback:
    """Parse the query of a request to the redirect URI.

    :raises UnexpectedCallback: if it is not the callback of the login with this ``state``.
    """
    try:
        values = parse_qs(query, max_num_fields=20, errors="replace")
    except ValueError:
        raise UnexpectedCallback(forged=False) from None
    code, error, states = (values.get(name, []) for name in ("code", "error", "state"))
    if not (code or error or states):
        if query:
            raise UnexpectedCallback(forged=False)
        return Callback()
    # A terminal may pass bytes that are not UTF-8 as lone surrogates.
    if len(states) != 1 or not hmac.compare_digest(
        states[0].encode("utf-8", "replace"), state.encode()
    ):
        raise UnexpectedCallback(forged=True)
    if len(error) == 1 and not code:
        del values["state"]
        return Callback(error=error[0], description=" ".join(chain.from_iterable(values.values())))
    if len(code) == 1 and not error:
        return Callback(code=code[0])
    raise UnexpectedCallback(forged=False)


class RepeatedCallback(UnexpectedCallback):
    """The callback once more: a scanner of links may open it before the person does."""

    def __init__(self, callback: Callback) -> None:
        super().__init__(forged=False)
        self.callback = callback


class Login:
    """One login: its ``state``, and the callbacks so far.

    Callbacks are delivered from any thread, and awaited in one.
    """

    def __init__(
        self, redirect_uri: str, state: str | None = None, scopes: Sequence[str] = SCOPES
    ) -> None:
        self.redirect_uri = redirect_uri
        self._scopes = scopes
        self.state: Final = state or secrets.token_urlsafe(32)
        self._callbacks: queue.Queue[Callback] = queue.Queue()
        self._lock = threading.Lock()
        self._received: Callback | None = None
        self._closed = False
        self._forged = False
        self._pasted = ""
        #: Set when the page for the person was fetched, and when a person sees it.
        self.fetched, self.seen = threading.Event(), threading.Event()

    def receive(self, query: str) -> Callback:
        """Return a valid callback; it is accepted once.

        :raises UnexpectedCallback: if it is not valid, or :class:`RepeatedCallback`.
        """
        with self._lock:
            try:
                callback = parse_callback(query, self.state)
            except UnexpectedCallback as unexpected:
                self._forged = self._forged or unexpected.forged
                raise
            if self._received is not None and callback == self._received:
                raise RepeatedCallback(callback)
            if self._received is not None or self._closed:
                raise UnexpectedCallback(forged=False)
            self._received = None if callback == Callback() else callback
            return callback

    def deliver(self, callback: Callback) -> None:
        """Pass a callback that :meth:`receive` has accepted to :meth:`wait`.

        Separate, so that the person's page is written before the wait ends.
        """
        self._callbacks.put(callback)

    def paste(self, text: str) -> Text | None:
        """Accept what a person copied from the browser, in any form that has code and state.

        It may come in several lines. ``state`` proves that it is the callback.

        :return: ``None`` if it was accepted, otherwise what to do.
        """
        line = text[:_MAX_LENGTH]
        self._pasted = f"{self._pasted}\n{line}"[-_MAX_LENGTH:]
        queries = filter(None, map(self._find_query, (line, self._pasted)))
        if any(map(self._accepts, queries)):
            return None
        plain = _NOISE.sub("", line).strip(_QUOTES)
        redirect = self.redirect_uri.partition("://")[2].rstrip("/").lower()
        locked = plain.rpartition("://")[2].rstrip("/?").lower() == redirect
        query = "" if locked else plain.rpartition("?")[2]
        if (query or locked) and self._accepts(query):
            return None
        return Text(*(text.format(redirect=self.redirect_uri) for text in _NOT_THE_CALLBACK))

    def _find_query(self, text: str) -> str:
        """Return the query with our ``state``, however mail or a scanner of links encoded it."""
        forms = [text]
        for decode in (_unquoted_printable, html.unescape, unquote):
            forms += [decode(form) for form in forms]
        for form in forms:
            before, state, after = _NOISE.sub("", form).partition(f"state={self.state}")
            if state and not after[:1].isalnum():
                after = _END.split(after)[0] if after.startswith("&") else ""
                parts = _PARAMETER.findall(before.rpartition("?")[2])
                parts += [part.rstrip(_QUOTES) for part in _PARAMETER.findall(after)]
                return "&".join((*parts, state))
        return ""

    def hand_over(self, url: str) -> Text | None:
        """Accept the URL of a callback that the host received.

        :return: ``None`` if it was accepted, otherwise what to show to the person.
        """
        path, _, query = url.strip()[:_MAX_LENGTH].partition("?")
        matches = path.rstrip("/").lower() == self.redirect_uri.rstrip("/").lower()
        return None if matches and self._accepts(query) else _UNEXPECTED

    def close(self) -> None:
        """Accept nothing more."""
        with self._lock:
            self._closed = True

    def _accepts(self, query: str) -> bool:
        """Deliver a query that is a valid callback; return whether it is one."""
        try:
            self.deliver(self.receive(query.partition("#")[0]))
        except UnexpectedCallback:
            log.info("rejected a URL that is not the callback of this login")
            return False
        return True

    def wait(
        self,
        seconds: float,
        report: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> str:
        """Wait for the callback, and return its code.

        :param seconds: how long a person may take.
        :param report: called a few times a second with the seconds left; may raise.
        :raises FortnoxError: if there is no code.
        """
        until = clock() + seconds
        locked_at: float | None = None
        while (now := clock()) < until:
            report(until - now)
            try:
                callback = self._callbacks.get(timeout=min(_POLL_SECONDS, until - now))
            except queue.Empty:
                if locked_at is not None and clock() >= locked_at:
                    raise LoginFailed("LOGIN_COMPANY_LOCKED") from None
                continue
            if callback.code:
                return callback.code
            if callback.error:
                raise refusal_of(callback.error, self._scopes, callback.description)
            locked_at = locked_at or clock() + GRACE_SECONDS
        raise self._timeout_error(seconds, locked=locked_at is not None)

    def _timeout_error(self, seconds: float, *, locked: bool) -> FortnoxError:
        if locked:
            return LoginFailed("LOGIN_COMPANY_LOCKED")
        if self._forged:
            return LoginFailed("LOGIN_STATE_WRONG")
        return LoginFailed(
            "LOGIN_TIMED_OUT",
            seconds=f"{seconds:g}",
            redirect=self.redirect_uri,
            scopes=", ".join(self._scopes),
        )


def _unquoted_printable(text: str) -> str:
    return quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")


# --- The callback server ------------------------------------------------------------

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
        if not is_ours or path != (expected.path or "/") or len(self.path) > _MAX_LENGTH:
            return self._show(404, _UNEXPECTED)
        if any(name in self.headers for name in _PREFETCH):
            return self._show(503, _UNEXPECTED)
        try:
            callback = login.receive(query)
        except RepeatedCallback as repeated:
            return self._show_outcome(repeated.callback)
        except UnexpectedCallback:
            return self._show(400, _UNEXPECTED)
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
        self._show(code, _UNEXPECTED)

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


#: EACCES is the error on Windows for a port that another program holds exclusively.
_IN_USE: Final = (errno.EADDRINUSE, errno.EACCES)


# --- A whole login ------------------------------------------------------------

_ANOTHER_LOGIN: Final = Text(
    "En annan inloggning pågår på den här datorn; väntar på den",
    "Another login is going on on this machine; waiting for it",
)


def log_in(
    host: Host,
    configuration: Configuration,
    scopes: Sequence[str] = SCOPES,
    *,
    service: bool = False,
) -> str:
    """Open the login window and return the authorization code that comes back.

    :param service: request consent to a service account, from a system administrator.
    :raises LoginFailed: if the run is unattended, or nobody signs in.
    """
    if not host.attended:
        raise LoginFailed("LOGIN_NEEDED")
    login = Login(configuration.require_redirect_uri(), scopes=scopes)
    url = authorization_url(
        configuration.auth_url,
        configuration.client_id,
        login.redirect_uri,
        login.state,
        scopes,
        service=service,
    )
    timeout = host.run.login_timeout
    with _callback_receiver(host, login) as on_redirect:
        host.open_browser(url, on_redirect)
        return login.wait(
            timeout,
            lambda left: host.report_progress("login", 0, None, _sign_in_message(round(left))),
        )


@contextmanager
def _callback_receiver(host: Host, login: Login) -> Iterator[Callable[[str], Text | None]]:
    """Listen for the callback; yield the function that also accepts it from the host.

    :raises LoginFailed: if the port of the redirect URI is in use.
    """
    try:
        if host.redirect_uri:
            yield login.hand_over
            return
        with (
            host.lock(
                f"login/{login.redirect_uri}",
                host.run.login_timeout,
                _ANOTHER_LOGIN,
                lambda: LoginFailed("LOGIN_WAITED_FOR_ANOTHER"),
            ),
            CallbackServer(login),
        ):
            yield login.paste
    finally:
        login.close()


def _sign_in_message(left: int) -> Text:
    return Text(
        f"Logga in i Fortnox i webbläsaren ({left} s kvar)",
        f"Sign in to Fortnox in the browser ({left} s left)",
    )
