"""Attempts of a request after a 429, a 5xx or no response: how many, and when.

Temporary errors are retried, within bounds of attempts and of time; others never are.
A write is sent again only if the rate limit refused it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import tenacity

from opter_contract.values import Text
from opter_fortnox_plugin.errors import (
    FortnoxError,
    NotFortnox,
    OutcomeUnknown,
    Temporary,
    Unavailable,
)
from opter_fortnox_plugin.fortnox.rate_limiter import WINDOW, RateLimiter

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Bounds of one request: attempts, and seconds of waiting in all.
ATTEMPTS: Final = 6
TIMEOUT: Final = 120.0

#: Seconds; a longer ``Retry-After`` is an error for a person.
MAX_RETRY_AFTER: Final = 60.0

#: Seconds before the second attempt, doubled for each one after, with jitter.
FIRST_WAIT_SECONDS: Final = 0.5
MAX_WAIT_SECONDS: Final = 10.0


@dataclass
class Retries:
    """The attempts of one company's requests.

    :param sleep: waits a number of seconds.
    :param waiting: called with what went wrong and the seconds until the next attempt.
    :param uniform: returns a random number between two others.
    :param check: raises if a response is no longer needed, so that its request is not retried.
    """

    limiter: RateLimiter
    sleep: Callable[[float], None]
    waiting: Callable[[str, float], None]
    uniform: Callable[[float, float], float]
    check: Callable[[], None]

    def run(self, attempt: Callable[[], T], *, writes: bool) -> T:
        """Return what an attempt returns; repeat it after an error that may pass.

        :param writes: it is repeated only if the rate limit refused it.
        :raises OutcomeUnknown: if a write may have been carried out.
        :raises Unavailable: after the last attempt, or if Fortnox asks for a long wait.
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_limited if writes else is_retryable),
            stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_before_delay(TIMEOUT),
            wait=self._seconds_to_wait,
            sleep=self.sleep,
            before_sleep=self._before_sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except Temporary as error:
            if writes and not error.limited:
                closed = None if error.may_pass else unavailable(error, 1)
                raise OutcomeUnknown(error.what, closed) from None
            attempts = retrying.statistics.get("attempt_number", ATTEMPTS)
            raise unavailable(error, attempts) from None

    def _seconds_to_wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        retry_after = error.wait if isinstance(error, Temporary) else None
        if retry_after is not None:
            return retry_after + self.uniform(0.0, 0.5)
        if isinstance(error, Temporary) and error.limited:
            return WINDOW + self.uniform(0.0, 0.5)
        doubled: float = FIRST_WAIT_SECONDS * 2 ** (state.attempt_number - 1)
        return min(doubled, MAX_WAIT_SECONDS) * self.uniform(0.5, 1.5)

    def _before_sleep(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0.0
        # Nothing is retried once the request was aborted.
        self.check()
        if isinstance(error, Temporary):
            log.warning("Fortnox: %s; trying again in %.1f s", error.what, seconds)
            self.waiting(error.what, seconds)
            if error.limited:
                self.limiter.back_off(seconds)


def unavailable(error: Temporary, attempts: int) -> FortnoxError:
    """Return the error of the last attempt, as a person is told of it."""
    if isinstance(error, NotFortnox):
        return Unavailable("NOT_FORTNOX", status=error.status, who=error.who)
    if error.wait is not None and error.wait > MAX_RETRY_AFTER:
        return Unavailable("FORTNOX_ASKS_TO_WAIT", time=_duration(error.wait))
    return Unavailable(
        "FORTNOX_UNAVAILABLE", what=error.explanation or error.what, attempts=attempts
    )


def _duration(seconds: float) -> Text:
    minutes = math.ceil(seconds / 60)
    if minutes <= 120:
        return Text(f"{minutes} minuter", f"{minutes} minutes")
    hours = math.ceil(seconds / 3600)
    return Text(f"{hours} timmar", f"{hours} hours")


def is_retryable(error: BaseException) -> bool:
    return isinstance(error, Temporary) and error.may_pass and (error.wait or 0) <= MAX_RETRY_AFTER


def _is_limited(error: BaseException) -> bool:
    """Return whether the rate limit refused a request, so that nothing was written."""
    return is_retryable(error) and isinstance(error, Temporary) and error.limited
