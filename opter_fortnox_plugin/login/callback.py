"""The callback of a login: parsed, accepted once, and awaited.

It is the request to the redirect URI with our unguessable ``state``, whichever way it
comes: to the callback server, pasted by a person, or handed over by a host that is a web
application.
"""

from __future__ import annotations

import hmac
import html
import logging
import queue
import quopri
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final
from urllib.parse import parse_qs, unquote

from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, LoginFailed, filled
from opter_fortnox_plugin.login.oauth import SCOPES, refusal_of

log = logging.getLogger(__name__)

#: Seconds to wait for a better callback after one with neither code nor state,
#: which Fortnox sends if the company is locked.
GRACE_SECONDS: Final = 4.0

#: Seconds between two checks whether the person has cancelled.
_POLL_SECONDS: Final = 0.2

#: The maximum length of a callback.
MAX_CALLBACK_LENGTH: Final = 8192

#: What terminals put around pasted text, the end of a log line, line breaks of terminals and mail,
#: and invisible characters.
_NOISE: Final = re.compile(
    r"\x1b?\[20[01]~|\sHTTP/\d.*|[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"
)
_QUOTES: Final = "\"'`<>“”„‘’«»()[]{}*.,;:!"

#: The parameters that may accompany ``state`` in a query, and what ends a query.
_PARAMETER: Final = re.compile(r"(?<!_)(?:code|error(?:_\w+)?)=[^&]*")
_END: Final = re.compile(r"[\s#?<>()\[\]{}\"']")

UNEXPECTED = Text(
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
        line = text[:MAX_CALLBACK_LENGTH]
        self._pasted = f"{self._pasted}\n{line}"[-MAX_CALLBACK_LENGTH:]
        queries = filter(None, map(self._find_query, (line, self._pasted)))
        if any(map(self._accepts, queries)):
            return None
        plain = _NOISE.sub("", line).strip(_QUOTES)
        redirect = self.redirect_uri.partition("://")[2].rstrip("/").lower()
        locked = plain.rpartition("://")[2].rstrip("/?").lower() == redirect
        query = "" if locked else plain.rpartition("?")[2]
        if (query or locked) and self._accepts(query):
            return None
        return filled(_NOT_THE_CALLBACK, {"redirect": self.redirect_uri})

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
        path, _, query = url.strip()[:MAX_CALLBACK_LENGTH].partition("?")
        matches = path.rstrip("/").lower() == self.redirect_uri.rstrip("/").lower()
        return None if matches and self._accepts(query) else UNEXPECTED

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
