"""Changes of the books, the rights or the clock between two requests, such as pages of a list."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from hostsim.sandbox.matching import PAYMENT_LISTS, Matcher, Queue, ReceivedRequest, Scheduled

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change(Scheduled):
    """A change of the books, the rights or the clock before a request."""

    perform: Callable[[], object]
    match: Matcher = field(default=PAYMENT_LISTS, kw_only=True)
    description: str = ""


class Drift(Queue[Change]):
    """Changes between two requests, such as two pages of a list."""

    def __init__(self) -> None:
        super().__init__()
        #: Changes that could not be made, such as booking a deleted payment.
        self.failures: list[str] = []

    def before(
        self, perform: Callable[[], object], *, request: int = 1, times: int | None = 1
    ) -> None:
        """Call ``perform`` before the n-th list of payments from now; ``request`` is 1 or more."""
        self.add(Change(perform, after=request - 1, times=times))

    def perform_due(self, request: ReceivedRequest) -> None:
        """Make the changes that are due before this request; failures are recorded."""
        for change in self.due(request, None):
            try:
                change.perform()
            except (LookupError, ValueError) as error:
                self.failures.append(f"{change.description or change.perform}: {error!r}")
                log.warning("a change could not be made: %s", self.failures[-1])

    def clear(self) -> None:
        super().clear()
        self.failures.clear()
