"""Faults in responses, latency, and changes of the books between requests.

Each has a :class:`Match` for its requests, and counts at which of them it happens.
"""

from __future__ import annotations

import fnmatch
import logging
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypedDict, TypeVar, Unpack

log = logging.getLogger(__name__)

HTML = "<html><head><title>Fel</title></head><body><h1>Tillfälligt fel</h1></body></html>"

#: Of a latency, and between two bytes of a drip.
MAX_WAIT_SECONDS = 3600

How = Literal["answer", "truncate", "reset", "hang", "drip"]


@dataclass(frozen=True)
class ReceivedRequest:
    """A request to the sandbox, without secrets."""

    method: str
    path: str
    query: Mapping[str, str]
    """Parameters as sent; secrets are shown as ``…``."""

    status: int | None
    """``None`` before the response."""

    at: datetime
    """By the sandbox's clock, in UTC."""

    company: int | None
    """The ``DatabaseNumber`` of the bearer's company; ``None`` without a valid bearer."""

    imitated: bool = True
    """Whether the sandbox has a route for this path and method."""

    body: str | None = None
    """The response body of ``/3``; kept only if ``keep_bodies`` is set."""


@dataclass(frozen=True)
class Match:
    """A filter for requests; a field that is not set matches everything."""

    method: str | None = None
    path: str | None = None
    """The path, or a pattern: ``/3/invoicepayments*``."""

    query: Mapping[str, str] = field(default_factory=dict)
    """Parameters that the request must have, with these values or patterns."""

    company: int | None = None

    def __call__(self, request: ReceivedRequest) -> bool:
        if self.method is not None and request.method != self.method.upper():
            return False
        if self.path is not None and not fnmatch.fnmatchcase(request.path, self.path):
            return False
        if self.company is not None and request.company != self.company:
            return False
        return all(
            name in request.query and fnmatch.fnmatchcase(request.query[name], pattern)
            for name, pattern in self.query.items()
        )


#: Every request.
ANY_REQUEST = Match()

#: Every list of payments, whatever its page.
PAYMENT_LISTS = Match("GET", "/3/invoicepayments")

Matcher = Callable[[ReceivedRequest], bool]


class When(TypedDict, total=False):
    """The fields of :class:`Scheduled`."""

    match: Matcher
    times: int | None
    after: int


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """Something that happens at some of the requests that it matches."""

    match: Matcher = ANY_REQUEST
    times: int | None = 1
    """The number of requests that it happens at; ``None`` for all."""

    after: int = 0
    """The number of matching requests that pass first."""


@dataclass(frozen=True)
class Fault(Scheduled):
    """A faulty response.

    ``performed``: the request takes effect, and only its response is lost. A refresh token is
    then used up although the client did not get the new one.
    """

    status: int = 503
    body: str | bytes = ""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
    performed: bool = False
    how: How = "answer"
    pause: float = 1.0
    """Seconds between two bytes of a slow drip."""

    @classmethod
    def html(cls, **when: Unpack[When]) -> Fault:
        """Respond 200 with an HTML page."""
        return cls(200, HTML, "text/html; charset=UTF-8", **when)

    @classmethod
    def garbage(cls, **when: Unpack[When]) -> Fault:
        """Respond 200 with invalid JSON."""
        return cls(200, b'{"InvoicePayments":[{\xff\xfe', "application/json", **when)

    @classmethod
    def too_many(cls, retry_after: str | None = None, **when: Unpack[When]) -> Fault:
        """Respond 429, with ``Retry-After`` if given."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return cls(429, '{"message":"Too Many Requests"}', "application/json", headers, **when)

    @classmethod
    def truncated(cls, **when: Unpack[When]) -> Fault:
        """Perform the request, and send the first half of what ``Content-Length`` promises."""
        return cls(performed=True, how="truncate", **when)

    @classmethod
    def reset(cls, *, performed: bool = False, **when: Unpack[When]) -> Fault:
        """Close the connection without a response."""
        return cls(performed=performed, how="reset", **when)

    @classmethod
    def hang(cls, **when: Unpack[When]) -> Fault:
        """Send nothing until the sandbox stops."""
        return cls(how="hang", **when)

    @classmethod
    def drip(cls, pause: float = 1.0, **when: Unpack[When]) -> Fault:
        """Perform the request, and send its response one byte at a time."""
        return cls(performed=True, how="drip", pause=pause, **when)


#: The faults by name.
FAULTS: Mapping[str, Fault] = {
    "status": Fault(),
    "html": Fault.html(),
    "garbage": Fault.garbage(),
    "too_many": Fault.too_many(),
    "truncated": Fault.truncated(),
    "reset": Fault.reset(),
    "hang": Fault.hang(),
    "drip": Fault.drip(),
}


Item = TypeVar("Item", bound=Scheduled)


@dataclass
class Queued(Generic[Item]):
    """An item of a queue, and its counts."""

    item: Item
    matched: int = 0
    happened: int = 0

    def count(self, request: ReceivedRequest) -> bool:
        """Count a request; return whether the item is due."""
        if not self.item.match(request):
            return False
        self.matched += 1
        return self.matched > self.item.after

    @property
    def exhausted(self) -> bool:
        return self.item.times is not None and self.happened >= self.item.times


class Queue(Generic[Item]):
    """Items that wait for their requests, in the order of their addition."""

    def __init__(self) -> None:
        self._items: list[Queued[Item]] = []
        self._lock = threading.Lock()

    def add(self, item: Item) -> None:
        """Add an item; its matching requests are counted from now."""
        with self._lock:
            self._items.append(Queued(item))

    def clear(self) -> None:
        with self._lock:
            self._items.clear()

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._items)

    def items(self) -> list[Queued[Item]]:
        with self._lock:
            return list(self._items)

    def _due(self, request: ReceivedRequest, limit: int | None) -> list[Item]:
        """Count a request for all items; return those that are due, ``limit`` at most."""
        with self._lock:
            due = [queued for queued in self._items if queued.count(request)][:limit]
            for queued in due:
                queued.happened += 1
            self._items = [queued for queued in self._items if not queued.exhausted]
            return [queued.item for queued in due]


class Faults(Queue[Fault]):
    """The queue of faults; if several are due the first is used, and the others wait."""

    def next(self, request: ReceivedRequest) -> Fault | None:
        return next(iter(self._due(request, 1)), None)


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
        for change in self._due(request, None):
            try:
                change.perform()
            except (LookupError, ValueError) as error:
                self.failures.append(f"{change.description or change.perform}: {error!r}")
                log.warning("a change could not be made: %s", self.failures[-1])

    def clear(self) -> None:
        super().clear()
        self.failures.clear()


class Latency:
    """The delay of requests and responses: fixed, or drawn by a seeded generator.

    The rate limit counts a request when it arrives, between the two.
    """

    def __init__(self, sleep: Callable[[float], object]) -> None:
        self._sleep = sleep
        self._lock = threading.Lock()
        self.clear()

    def set(
        self,
        low: float,
        high: float | None = None,
        *,
        before_low: float = 0.0,
        before_high: float | None = None,
        seed: int = 0,
        match: Matcher = ANY_REQUEST,
    ) -> None:
        """Delay matching responses by ``low`` seconds, or at random between ``low`` and ``high``.

        :param before_low, before_high: likewise for requests, before the rate limit counts them.
        """
        high = low if high is None else high
        before_high = before_low if before_high is None else before_high
        if not (
            0 <= low <= high <= MAX_WAIT_SECONDS
            and 0 <= before_low <= before_high <= MAX_WAIT_SECONDS
        ):
            raise ValueError(
                f"latency goes from a low to a higher number of seconds, 0 to {MAX_WAIT_SECONDS}"
            )
        with self._lock:
            self.low, self.high, self.seed = low, high, seed
            self.before_low, self.before_high = before_low, before_high
            self.match = match
            self._rng = random.Random(seed)  # noqa: S311 - can be repeated

    def clear(self) -> None:
        self.set(0)

    def wait_before_count(self, request: ReceivedRequest) -> None:
        self._wait(self.before_low, self.before_high, request)

    def wait_after_count(self, request: ReceivedRequest) -> None:
        self._wait(self.low, self.high, request)

    def _wait(self, low: float, high: float, request: ReceivedRequest) -> None:
        if not high or not self.match(request):
            return
        with self._lock:
            seconds = self._rng.uniform(low, high)
        self._sleep(seconds)
