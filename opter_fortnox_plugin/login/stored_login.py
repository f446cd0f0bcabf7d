"""Staying signed in: a refresh token that outlives its run, and how it is never lost.

A refresh token can be used once, and its use returns the next one. So nothing else may
happen between Fortnox's response and storing the next token, and only in one process at
a time: the host's lock is held around both, and the new token is durable before anything
uses the access token that came with it. If the process is killed in between, the stored
token is spent; Fortnox refuses it at the next import, it is deleted, and a person signs
in once.

Only the refresh token is stored, in the host's secret store, keyed by definition (by the
host), client id and URL of the token service (by us). While an import runs, its access
token is stored, too: a process that waited for the lock finds the other's tokens there,
and needs no refresh of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, LoginFailed, Unavailable
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login.oauth import Tokens
from opter_fortnox_plugin.login.token_format import StoredTokens, digest, read, storage_key
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint

log = logging.getLogger(__name__)

#: Seconds to wait for another process that refreshes: longer than one refresh
#: may take with both its attempts.
TIMEOUT: Final = 120.0

#: Errors that only a new consent can fix, so that a login that a person has just made is not kept:
#: no browser would open for another. A login stored earlier is only given up by a failed refresh.
SIGN_IN_AGAIN: Final = frozenset({"WRONG_COMPANY", "SCOPE_MISSING", "SCOPES_NOT_GRANTED"})


class StoredLogin:
    """The refresh token that is stored for the definition of a run.

    :param host: stores it, and locks it.
    :param endpoint: refreshes and revokes it.
    """

    def __init__(self, host: Host, endpoint: TokenEndpoint) -> None:
        self._host = host
        self._endpoint = endpoint
        client_key = storage_key(endpoint.configuration)
        self._key = f"login/{client_key}"
        self._lock_key = f"token/{digest(host.run.definition)}/{client_key}"

    @property
    def exists(self) -> bool:
        return bool(self._host.get_secret(self._key))

    def resume(self) -> Tokens | None:
        """Return tokens from the stored login; ``None`` if a person must sign in.

        They may be those of another import that is running, or was killed.

        :raises Unavailable: if Fortnox does not answer; the login stays stored.
        """
        with self._lock():
            stored = self._read()
            if stored is None:
                return None
            if stored.is_good(self._host.now()):
                return stored.tokens
            try:
                return self._refresh(stored.refresh)
            except FortnoxError as error:
                if error.code != "LOGIN_EXPIRED":
                    raise
        self._host.report_progress("login", 0, None, _NOT_ACCEPTED)
        return None

    def renew(self, current: Tokens) -> Tokens:
        """Return the next tokens, in the middle of a run.

        If another process has refreshed since, its tokens are returned.

        :raises FortnoxError: as :meth:`TokenEndpoint.refresh`.
        """
        with self._lock():
            stored = self._read()
            if stored is None:
                return self._refresh(current.refresh)
            if stored.access != current.access and stored.is_good(self._host.now()):
                return stored.tokens
            if stored.access:
                # If we are killed, the next import must not start with the token that was refused.
                self._host.set_secret(self._key, stored.between_imports().write())
            return self._refresh(stored.refresh)

    def store(self, tokens: Tokens) -> bool:
        """Store the login that a person has just made, instead of an earlier one.

        :return: whether it is stored; ``False`` if the host cannot store secrets.
        """
        if not tokens.refresh:
            return False
        with self._revoke_unless_stored(tokens), self._lock():
            earlier = self._read()
            is_stored = self._store(tokens)
            if earlier and earlier.refresh != tokens.refresh:
                self._endpoint.revoke(earlier.tokens)
        if not is_stored:
            log.warning("the host stores no secrets; the login ends with this import")
            self._host.report_progress("login", 0, None, _NOT_STORED)
        return is_stored

    def end(self, *, revoke: bool = True) -> bool:
        """Revoke and delete the stored login, or only delete it.

        :return: whether Fortnox confirmed it, or nothing was stored.
        """
        if not self.exists:
            return True
        with self._lock():
            stored = self._read()
            # Revoked first: a kill in between must not leave a valid token that is stored nowhere.
            revoked = stored is None or not revoke or self._endpoint.revoke(stored.tokens)
            self._host.set_secret(self._key, None)
        return revoked

    def delete_access_token(self) -> None:
        """Delete the stored access token: other running imports have theirs in memory.

        If that fails, the next import does it.
        """
        try:
            with self._lock():
                stored = self._read()
                if stored is not None and stored.access:
                    self._host.set_secret(self._key, stored.between_imports().write())
        except Exception as error:  # noqa: BLE001 - must not hide the import's own error
            log.warning(
                "the access token stays stored until the next import: %s", error_name(error)
            )

    def _read(self) -> StoredTokens | None:
        return read(self._host.get_secret(self._key))

    def _store(self, tokens: Tokens) -> bool:
        return self._host.set_secret(self._key, StoredTokens.of(tokens, self._host.now()).write())

    def _refresh(self, refresh_token: str) -> Tokens:
        """Refresh, and store the next token; the lock must be held."""
        while True:
            try:
                tokens = self._endpoint.refresh(Tokens("", refresh_token), self._store_refreshed)
                break
            except FortnoxError as error:
                stored = self._read()
                if error.code != "LOGIN_EXPIRED" or stored is None:
                    raise
                if stored.refresh == refresh_token:
                    self._host.set_secret(self._key, None)
                    raise
            # Another host with the same secrets has stored the next one meanwhile.
            if stored.is_good(self._host.now()):
                return stored.tokens
            refresh_token = stored.refresh
        self._store_refreshed(tokens)
        return tokens

    def _store_refreshed(self, tokens: Tokens) -> None:
        """Store the tokens of a refresh, even if interrupted."""
        if not tokens.refresh:
            return
        interruption = None
        with self._revoke_unless_stored(tokens):
            try:
                self._store(tokens)
            except KeyboardInterrupt as error:
                # The stored token can no longer be used. A second interrupt is not caught.
                interruption = error
                self._store(tokens)
        if interruption is not None:
            raise interruption

    @contextmanager
    def _revoke_unless_stored(self, tokens: Tokens) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._endpoint.revoke(tokens)
            raise

    def _lock(self) -> AbstractContextManager[None]:
        return self._host.lock(
            self._lock_key,
            TIMEOUT,
            _WAITING_FOR_REFRESH,
            lambda: LoginFailed("LOGIN_WAITED_FOR_ANOTHER"),
        )


@contextmanager
def signed_in(
    host: Host,
    endpoint: TokenEndpoint,
    *,
    stay: bool,
    log_in: Callable[[], str],
    scopes: Collection[str] = (),
    again: bool = False,
) -> Iterator[SignedIn]:
    """Sign in for the length of a run, and beyond it if the settings say so.

    :param stay: whether to store the login; if not, a stored one is ended.
    :param log_in: signs a person in; returns the authorization code.
    :param scopes: in an attended run, a stored login without all of these is replaced.
    :param again: sign a person in even if a login is stored.
    """
    login = StoredLogin(host, endpoint)
    tokens = login.resume() if stay and not again else None
    if tokens and tokens.lacking(scopes) and host.attended:
        tokens = None
    is_new = tokens is None
    if not stay and not login.end():
        host.report_progress("login", 0, None, Unavailable("LOGIN_NOT_REVOKED").message)
    if tokens is None:
        tokens = endpoint.exchange(log_in())
        stay = stay and login.store(tokens)
    if not stay:
        session = SignedIn(endpoint, tokens, host.clock)
        try:
            yield session
        finally:
            session.sign_out()
        return
    try:
        yield SignedIn(endpoint, tokens, host.clock, login.renew)
    except Exception as error:
        if is_new and _needs_another(error):
            login.end()
        raise
    finally:
        login.delete_access_token()


def _needs_another(error: Exception) -> bool:
    """Return whether another login would help; the error may be the host's, of a wrong company."""
    if isinstance(error, FortnoxError):
        return error.code in SIGN_IN_AGAIN
    return getattr(error, "kind", None) == "login"


def error_name(error: Exception) -> str:
    """Return the name of an error for a log: its code, or its class."""
    return str(getattr(error, "code", type(error).__name__))


_WAITING_FOR_REFRESH: Final = Text(
    "En annan import förnyar inloggningen i Fortnox; väntar på den",
    "Another import is renewing the login to Fortnox; waiting for it",
)
_NOT_ACCEPTED: Final = Text(
    "Fortnox godtar inte längre den sparade inloggningen; logga in på nytt",
    "Fortnox no longer accepts the stored login; sign in again",
)
_NOT_STORED: Final = Text(
    "Värdsystemet kan inte spara inloggningen; den avslutas med den här importen",
    "The host cannot store the login; it ends with this import",
)
