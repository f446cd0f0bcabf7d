"""Staying signed in: one refresh token that outlives its run, and how nobody loses it.

A refresh token can be used once, and its use returns the next one. So between
"Fortnox has answered" and "the next one is kept" nothing else may happen, and
never twice at once: the host's lock is held around both, and the new token is
durable before anything uses the access token that came with it. Where a
sudden end still falls in between, the kept token is spent; Fortnox says so at
the next import, it is thrown away, and a person is asked to sign in once.

Only the refresh token is kept, in the host's place for secrets, by definition
(the host's part), client id and address of the token service (ours). While an
import runs, its access token stands beside it: who waited for the lock finds
there what another process was given, and needs no refresh of its own.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from opter_contract.values import Run, Text
from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import FortnoxError, LoginFailed, SettingsWrong, Unavailable
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.fortnox.protocol import Tokens
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.login.stored_token import StoredToken, digest, read, storage_key
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint

log = logging.getLogger(__name__)

#: Seconds to wait for another process that refreshes: longer than one refresh
#: may take with both its attempts.
TIMEOUT: Final = 120.0

#: Errors whose sentence asks for another login, or for another person's. A login that
#: is kept would open no window, so that the same error would come back for ever.
SIGN_IN_AGAIN: Final = frozenset(
    {"LOGIN_EXPIRED", "WRONG_COMPANY", "SCOPE_MISSING", "RIGHT_MISSING"}
)


class StoredLogin:
    """The refresh token that is kept for the definition of a run.

    :param host: where it is kept, and whose lock goes around it.
    :param endpoint: where it is swapped and revoked.
    :param now: Unix time.
    """

    def __init__(
        self,
        host: Host,
        endpoint: TokenEndpoint,
        configuration: Configuration,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._endpoint = endpoint
        self._now = now
        ours = storage_key(configuration)
        self._key = f"login/{ours}"
        self._lock_key = f"token/{digest(host.run.definition)}/{ours}"

    def resume(self) -> Tokens | None:
        """Return tokens by the kept login; ``None`` where a person must sign in.

        Those of another import that runs, or that came to a sudden end, are good enough.

        :raises Unavailable: where Fortnox does not answer; the login stays kept.
        """
        with self._alone():
            kept = self._read()
            if kept is None:
                return None
            if kept.is_good(self._now()):
                return kept.tokens
            try:
                return self._swapped(kept.refresh)
            except FortnoxError as error:
                if not _is_over(error):
                    raise
        self._host.report_progress("login", 0, None, _NO_LONGER)
        return None

    def renew(self, ours: Tokens) -> Tokens:
        """Return the next tokens, in the middle of a run.

        Another process may have refreshed since: then its tokens are ours too.

        :raises FortnoxError: as :meth:`TokenEndpoint.refresh`.
        """
        with self._alone():
            kept = self._read()
            if kept is None:
                return self._swapped(ours.refresh)
            if kept.access != ours.access and kept.is_good(self._now()):
                return kept.tokens
            if kept.access:
                # After a sudden end the next import must not begin with what was refused.
                self._host.set_secret(self._key, kept.between_imports().write())
            return self._swapped(kept.refresh)

    def keep(self, tokens: Tokens) -> bool:
        """Keep the login that a person has just made, in the place of an earlier one.

        :return: whether it is kept: not where the host has no place for secrets.
        """
        if not tokens.refresh:
            return False
        with self._revoked_unless_kept(tokens), self._alone():
            earlier = self._read()
            kept = self._put(tokens)
            if earlier and earlier.refresh != tokens.refresh:
                self._revoked(earlier.tokens)
        if not kept:
            log.warning("the host has no place for secrets; the login ends with this import")
            self._host.report_progress("login", 0, None, _NO_PLACE)
        return kept

    def end(self) -> bool:
        """Revoke and delete what is kept.

        :return: whether Fortnox confirmed it, or nothing was kept.
        """
        if not self._host.get_secret(self._key):
            return True
        with self._alone():
            kept = self._read()
            # First there: a sudden end in between must not leave a login alive that nobody knows.
            revoked = kept is None or self._revoked(kept.tokens)
            self._host.set_secret(self._key, None)
        return revoked

    def rest(self) -> None:
        """Take the access token out of the place: others that import hold theirs in memory.

        Where that fails, the next import does it.
        """
        try:
            with self._alone():
                kept = self._read()
                if kept is not None and kept.access:
                    self._host.set_secret(self._key, kept.between_imports().write())
        except Exception as error:  # noqa: BLE001 - must not hide how the import itself ended
            log.warning("the access token stays kept until the next import: %s", _named(error))

    def _read(self) -> StoredToken | None:
        return read(self._host.get_secret(self._key))

    def _put(self, tokens: Tokens) -> bool:
        return self._host.set_secret(self._key, StoredToken.of(tokens, self._now()).write())

    def _swapped(self, kept: str) -> Tokens:
        """Swap a refresh token, and keep the next one; only under the lock."""
        try:
            tokens = self._endpoint.refresh(Tokens("", kept))
        except FortnoxError as error:
            if _is_over(error):
                if error.code != "LOGIN_EXPIRED":
                    self._revoked(Tokens("", kept))
                self._host.set_secret(self._key, None)
            raise
        if tokens.refresh:
            with self._revoked_unless_kept(tokens):
                self._put(tokens)
        return tokens

    @contextmanager
    def _revoked_unless_kept(self, tokens: Tokens) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._revoked(tokens)
            raise

    def _revoked(self, tokens: Tokens) -> bool:
        try:
            return self._endpoint.revoke(tokens)
        except FortnoxError as error:
            log.warning("the refresh token could not be revoked: %s", error.code)
            return False

    def _alone(self) -> AbstractContextManager[None]:
        return self._host.lock(
            self._lock_key, TIMEOUT, _ANOTHER, lambda: LoginFailed("LOGIN_WAITED_FOR_ANOTHER")
        )


class _StoredSession(SignedIn):
    """A login that goes on after the run."""

    def __init__(
        self,
        endpoint: TokenEndpoint,
        tokens: Tokens,
        kept: StoredLogin,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(endpoint, tokens, clock)
        self._kept = kept

    def _renewed(self, tokens: Tokens) -> Tokens:
        return self._kept.renew(tokens)

    def sign_out(self) -> None:
        """Stay."""


@contextmanager
def signed_in(
    host: Host,
    endpoint: TokenEndpoint,
    configuration: Configuration,
    *,
    stay: bool,
    log_in: Callable[[], str],
    now: Callable[[], float] = time.time,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[SignedIn]:
    """Be signed in for the length of a run, and after it where a person wants to stay.

    :param stay: whether the login is kept; where not, one that was is ended.
    :param log_in: has a person sign in, and returns the authorization code.
    :param now: Unix time.
    :param clock: seconds, to measure how long.
    """
    kept = StoredLogin(host, endpoint, configuration, now)
    tokens = kept.resume() if stay else None
    if not stay and not kept.end():
        host.report_progress("login", 0, None, Unavailable("LOGIN_NOT_REVOKED").message)
    if tokens is None:
        tokens = endpoint.exchange(log_in())
        stay = stay and kept.keep(tokens)
    if not stay:
        session = SignedIn(endpoint, tokens, clock)
        try:
            yield session
        finally:
            session.sign_out()
        return
    try:
        yield _StoredSession(endpoint, tokens, kept, clock)
    except Exception as error:
        if _needs_another(error):
            kept.end()
        raise
    finally:
        kept.rest()


def _needs_another(error: Exception) -> bool:
    """Tell whether another login helps; a host may refuse the company as well."""
    if isinstance(error, FortnoxError):
        return error.code in SIGN_IN_AGAIN
    return getattr(error, "kind", None) == "login"


def end_stored_login(
    run: Run,
    *,
    environment: Mapping[str, str] = os.environ,
    transport: Callable[[], Transport] = Transport,
) -> None:
    """Revoke and delete the login that is kept for a definition, outside of an import.

    :raises Unavailable: where Fortnox did not confirm it; it is deleted here all the same.
    """
    try:
        configuration = Configuration.of(run.configuration, environment)
    except SettingsWrong:
        # Not set up yet, so that nobody can have signed in; an import looks again.
        return
    host = Host(run)
    wire = transport()
    try:
        ended = StoredLogin(
            host, TokenEndpoint(wire, configuration, host.wait), configuration
        ).end()
    finally:
        wire.close()
    if not ended:
        raise Unavailable("LOGIN_NOT_REVOKED")


def _is_over(error: FortnoxError) -> bool:
    """Tell whether only another login helps; a wrong client secret is no matter of the login."""
    if isinstance(error, LoginFailed):
        return error.code != "LOGIN_CLIENT_UNKNOWN"
    return error.code == "ADMINISTRATOR_NEEDED"


def _named(error: Exception) -> str:
    return str(getattr(error, "code", type(error).__name__))


_ANOTHER: Final = Text(
    "En annan import förnyar inloggningen i Fortnox; väntar på den",
    "Another import is renewing the login to Fortnox; waiting for it",
)
_NO_LONGER: Final = Text(
    "Fortnox godtar inte längre den sparade inloggningen; logga in på nytt",
    "Fortnox no longer accepts the stored login; sign in again",
)
_NO_PLACE: Final = Text(
    "Värdsystemet kan inte spara inloggningen; den avslutas med den här importen",
    "The host cannot store the login; it ends with this import",
)
