"""Requests for what an import can do without: a failure is counted and reported.

Only a lost login and a cancelled import end the import here too.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, NotPermitted, Refused, Unavailable
from opter_fortnox_plugin.fortnox.worker_pool import Future, WorkerPool, cancel

log = logging.getLogger(__name__)

T = TypeVar("T")

#: The errors that an optional step tolerates. After a refusal another attempt is useless.
REFUSALS: Final = (NotPermitted, Refused)
FAILURES: Final = (*REFUSALS, Unavailable)


class BestEffort:
    """One optional step of an import.

    If a request is refused, the others are still made. If one fails in spite of all retries, the
    step ends: each of the others would take as long to fail.

    :param catching: the errors that do not end the import.
    """

    def __init__(
        self, pool: WorkerPool, catching: tuple[type[FortnoxError], ...] = FAILURES
    ) -> None:
        self._pool = pool
        self._catching = catching
        #: The number of failed requests, by the message of the error.
        self.failed: Final[Counter[Text]] = Counter()
        #: The error after which no more requests are made.
        self.aborted: Unavailable | None = None

    def submit(self, fetch: Callable[[], T]) -> Future[T | FortnoxError]:
        return self._pool.submit(partial(_fetch_or_error, fetch, self._catching))

    def result(self, future: Future[T | FortnoxError]) -> T | FortnoxError:
        """Wait for a request; return its value or its error."""
        if self.aborted is not None and not future.done:
            cancel([future])
            return self._count(self.aborted)
        outcome = self._pool.result(future)
        return self._count(outcome) if isinstance(outcome, FortnoxError) else outcome

    def _count(self, error: FortnoxError) -> FortnoxError:
        if isinstance(error, Unavailable):
            self.aborted = error = self.aborted or error
        if error.message not in self.failed:
            log.info("the import continues without an answer: %s", error.code)
        self.failed[error.message] += 1
        return error


def _fetch_or_error(
    fetch: Callable[[], T], catching: tuple[type[FortnoxError], ...]
) -> T | FortnoxError:
    # Inside the future, since an error of a future ends the whole run.
    try:
        return fetch()
    except catching as error:
        return error
