"""Tokens: exchanged for a code, refreshed when expired, revoked at the end.

The refresh token can be used once: every refresh returns the next one, and
the old one is invalid at once. Tokens are in memory only; only :mod:`.stored_login`
stores those that outlive a run.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar

import requests.auth

from opter_fortnox_plugin.configuration import Configuration
from opter_fortnox_plugin.errors import FortnoxError, LoginFailed, Temporary
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.fortnox.protocol import Response
from opter_fortnox_plugin.fortnox.retries import is_retryable, unavailable
from opter_fortnox_plugin.login.oauth import Tokens, is_revoked, issued_at, tokens_of

log = logging.getLogger(__name__)

T = TypeVar("T")


def finish_despite_interrupt(work: Callable[[], T], interrupted: Callable[[T], object]) -> T:
    """Do work that is finished even if the wait for it is interrupted, as by Ctrl-C.

    A second interrupt ends the wait.

    :param work: run on a thread of its own, which nothing interrupts.
    :param interrupted: called with its value before the interrupt is raised again.
    """
    future: Future[T] = Future()

    def run() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where we wait
            future.set_exception(error)

    try:
        threading.Thread(target=run, name="fortnox token", daemon=True).start()
        return future.result()
    except BaseException as error:
        # The work's own error is raised as it is; anything else interrupted the wait, and the
        # work goes on: exception() waits for its end.
        if not future.cancel() and error is not future.exception():
            with suppress(Exception):
                interrupted(future.result())
        raise


class TokenEndpoint:
    """Fortnox's token service.

    :param sleep: waits a number of seconds between two attempts.
    """

    def __init__(
        self, transport: Transport, configuration: Configuration, sleep: Callable[[float], None]
    ) -> None:
        self.transport = transport
        self.configuration = configuration
        self._sleep = sleep

    def exchange(self, code: str, interrupted: Callable[[Tokens], object] | None = None) -> Tokens:
        """Return the tokens for an authorization code.

        Requested once: a code is valid for one request, even without a response.

        :param interrupted: called with the tokens if the wait for them was interrupted, so that
            no valid token is lost; by default they are revoked.
        :raises LoginFailed, NotPermitted, Unavailable: if there are none.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.configuration.redirect_uri,
        }
        return self._tokens(form, attempts=1, interrupted=interrupted)

    def refresh(
        self, tokens: Tokens, interrupted: Callable[[Tokens], object] | None = None
    ) -> Tokens:
        """Return the next tokens; the earlier ones must not be used again.

        Requested once more if no response came.

        :param interrupted: as in :meth:`exchange`.
        :raises LoginFailed: if Fortnox wants a person to sign in again.
        :raises NotPermitted, Unavailable: if another login would not help.
        """
        if not tokens.refresh:
            raise LoginFailed("LOGIN_EXPIRED")
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
        try:
            return self._tokens(form, attempts=2, interrupted=interrupted)
        except LoginFailed as error:
            if error.code == "LOGIN_FAILED":
                raise LoginFailed("LOGIN_EXPIRED") from None
            raise

    def for_service(self, company: str) -> Tokens:
        """Return an access token of a company that has consented to a service account.

        :param company: its number.
        :raises LoginFailed: if Fortnox has no consent.
        :raises NotPermitted, Unavailable: if there is none for another reason.
        """
        form = {"grant_type": "client_credentials"}
        return self._tokens(form, attempts=2, company=company)

    def revoke(self, tokens: Tokens) -> bool:
        """Revoke the refresh token; a failure is logged.

        :return: whether Fortnox confirmed it.
        """
        if not tokens.refresh:
            return True
        form = {"token_type_hint": "refresh_token", "token": tokens.refresh}
        try:
            response = self.post("revoke", form)
        except Temporary as error:
            failure = error.what
        except FortnoxError as error:
            failure = error.code
        else:
            if is_revoked(response):
                return True
            failure = f"status {response.status}"
        log.warning("the refresh token could not be revoked: %s", failure)
        return False

    def _tokens(
        self,
        form: dict[str, str],
        *,
        attempts: int,
        company: str = "",
        interrupted: Callable[[Tokens], object] | None = None,
    ) -> Tokens:
        for remaining in reversed(range(attempts)):
            try:
                return finish_despite_interrupt(
                    lambda: tokens_of(self.post("token", form, company), service=bool(company)),
                    interrupted or self.revoke,
                )
            except Temporary as error:
                if not remaining or not is_retryable(error):
                    raise unavailable(error, attempts - remaining) from None
                log.warning("the token service: %s; one more attempt", error.what)
                self._sleep(1.0 if error.wait is None else error.wait)
        raise AssertionError("no attempt was made")

    def post(self, path: str, form: dict[str, str], company: str = "") -> Response:
        """Return the response to a form, whatever its status.

        :param company: the number for ``TenantId``, of a service account.
        :raises Temporary: if no complete response came.
        """
        configuration = self.configuration
        return self.transport.send(
            "POST",
            f"{configuration.auth_url}/{path}",
            auth=requests.auth.HTTPBasicAuth(configuration.client_id, configuration.client_secret),
            form=form,
            headers={"TenantId": company} if company else None,
        )


class SignedIn:
    """A login for the length of a run, shared by its threads.

    :param clock: seconds, to measure how long.
    :param new_tokens: returns the next tokens; by default they are refreshed, and only
        :meth:`sign_out` ends the login.
    """

    def __init__(
        self,
        endpoint: TokenEndpoint,
        tokens: Tokens,
        clock: Callable[[], float] = time.monotonic,
        new_tokens: Callable[[Tokens], Tokens] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._tokens = tokens
        self._clock = clock
        self._renewed = new_tokens or self._refresh
        self._received_at = clock()
        self._lock = threading.Lock()

    @property
    def access_token(self) -> str:
        with self._lock:
            return self._tokens.access

    @property
    def tokens(self) -> Tokens:
        with self._lock:
            return self._tokens

    @property
    def time(self) -> datetime | None:
        """The time by the token service's clock (UTC); ``None`` if the token has none.

        It is when the token was issued plus how long we have had it, so it may be too early.
        """
        with self._lock:
            issued, age = issued_at(self._tokens.access), self._clock() - self._received_at
        try:
            return issued + timedelta(seconds=age) if issued else None
        except OverflowError:
            return None

    def renew(self, refused: str) -> str:
        """Return a new access token for one that Fortnox has refused.

        Threads with the same stale token share one refresh.

        :raises FortnoxError: if a person must sign in again, or Fortnox does not answer.
        """
        with self._lock:
            if self._tokens.access == refused:
                self._tokens = self._renewed(self._tokens)
                self._received_at = self._clock()
            return self._tokens.access

    def _refresh(self, tokens: Tokens) -> Tokens:
        return self._endpoint.refresh(tokens, self._keep_interrupted)

    def _keep_interrupted(self, tokens: Tokens) -> None:
        """Keep tokens that came during an interrupt, for :meth:`sign_out`."""
        self._tokens = tokens

    def sign_out(self) -> None:
        """Revoke the refresh token, which would outlive the run."""
        with self._lock:
            self._endpoint.revoke(self._tokens)
