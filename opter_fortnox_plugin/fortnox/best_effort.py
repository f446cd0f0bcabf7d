"""Requests for what an import can do without: a failure is counted and told, and ends nothing.

But for what stops everything: nobody is signed in any more, or a person said stop.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, TypeVar

from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, NotPermitted, Refused, Unavailable
from opter_fortnox_plugin.fortnox.worker_pool import Executor, Future

log = logging.getLogger(__name__)

T = TypeVar("T")


class BestEffort:
    """One step of an import that asks as much as it can.

    Where one thing is refused, the others are asked for. Where one does not come in spite of
    all retries, the step is over: each of the others would be waited for as long.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        #: How many things were not answered, by the sentence that says why.
        self.failed: Final[Counter[Text]] = Counter()
        #: Why nothing more is asked for.
        self.over: Unavailable | None = None

    def submit(self, ask: Callable[[], T]) -> Future[T | FortnoxError]:
        """Hand out a request."""
        return self._executor.submit(partial(_caught, ask))

    def result(self, future: Future[T | FortnoxError]) -> T | FortnoxError:
        """Wait for a request; return what came of it, or why nothing did."""
        if self.over is not None and not future.done:
            drop([future])
            return self._count(self.over)
        outcome = self._executor.result(future)
        return self._count(outcome) if isinstance(outcome, FortnoxError) else outcome

    def _count(self, error: FortnoxError) -> FortnoxError:
        if isinstance(error, Unavailable):
            self.over = error = self.over or error
        if error.message not in self.failed:
            log.warning("an import goes on without an answer: %s", error.code)
        self.failed[error.message] += 1
        return error


def drop(futures: Iterable[Future[Any]]) -> None:
    """Do without these: those that have not started never will, and no others are retried."""
    for future in futures:
        future.wanted = False


def _caught(ask: Callable[[], T]) -> T | FortnoxError:
    # In the job itself, since the error of a job ends the whole run.
    try:
        return ask()
    except (NotPermitted, Refused, Unavailable) as error:
        return error
