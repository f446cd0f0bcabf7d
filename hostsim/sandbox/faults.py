"""What disturbs requests: faults in replies, latency, and changes of the books between requests.

Each says which requests it matches (:class:`Match`) and at which of them it happens.
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

#: Seconds, of a latency and between two bytes of a drip.
MAX_WAIT_SECONDS = 3600

How = Literal["answer", "truncate", "reset", "hang", "drip"]


@dataclass(frozen=True)
class ReceivedRequest:
    """A request to the sandbox, without secrets."""

    method: str
    path: str
    query: Mapping[str, str]
    """Parameters as sent; what only the client may know is shown as ``…``."""

    status: int | None
    """``None`` while the request is not answered yet."""

    at: datetime
    """By the sandbox's clock, in UTC."""

    company: int | None
    """The ``DatabaseNumber`` that the bearer belongs to; ``None`` without a valid one."""

    imitated: bool = True
    """Whether the sandbox has something at this path and method."""

    body: str | None = None
    """What ``/3`` answered; kept only where ``keep_bodies`` is set."""


@dataclass(frozen=True)
class Match:
    """Which requests are meant; a field that is not given matches everything."""

    method: str | None = None
    path: str | None = None
    """The path, or a pattern: ``/3/invoicepayments*``."""

    query: Mapping[str, str] = field(default_factory=dict)
    """Parameters that the request must have, with these values or patterns."""

    company: int | None = None

    def __call__(self, asked: ReceivedRequest) -> bool:
        if self.method is not None and asked.method != self.method.upper():
            return False
        if self.path is not None and not fnmatch.fnmatchcase(asked.path, self.path):
            return False
        if self.company is not None and asked.company != self.company:
            return False
        return all(
            name in asked.query and fnmatch.fnmatchcase(asked.query[name], wanted)
            for name, wanted in self.query.items()
        )


#: Every request.
any_request = Match()

#: Every list of payments, whatever its page.
PAYMENT_LISTS = Match("GET", "/3/invoicepayments")

Matching = Callable[[ReceivedRequest], bool]


class When(TypedDict, total=False):
    """The fields of :class:`Scheduled`."""

    match: Matching
    times: int | None
    after: int


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """What happens at some of the requests that it matches."""

    match: Matching = any_request
    times: int | None = 1
    """At how many it happens; ``None`` for every one."""

    after: int = 0
    """How many matching requests pass first."""


@dataclass(frozen=True)
class Fault(Scheduled):
    """A reply that goes wrong.

    ``performed``: the request takes effect all the same, and only its reply is lost. A refresh
    token is then used up although nobody got the new one.
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
        """Answer 200 with a page for people."""
        return cls(200, HTML, "text/html; charset=UTF-8", **when)

    @classmethod
    def garbage(cls, **when: Unpack[When]) -> Fault:
        """Answer 200 with what is declared as JSON and is not."""
        return cls(200, b'{"InvoicePayments":[{\xff\xfe', "application/json", **when)

    @classmethod
    def too_many(cls, retry_after: str | None = None, **when: Unpack[When]) -> Fault:
        """Answer 429, with ``Retry-After`` where it is given."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        return cls(429, '{"message":"Too Many Requests"}', "application/json", headers, **when)

    @classmethod
    def truncated(cls, **when: Unpack[When]) -> Fault:
        """Perform the request, and send the first half of what ``Content-Length`` promises."""
        return cls(performed=True, how="truncate", **when)

    @classmethod
    def reset(cls, *, performed: bool = False, **when: Unpack[When]) -> Fault:
        """Close the connection without an answer."""
        return cls(performed=performed, how="reset", **when)

    @classmethod
    def hang(cls, **when: Unpack[When]) -> Fault:
        """Send nothing until the sandbox stops."""
        return cls(how="hang", **when)

    @classmethod
    def drip(cls, pause: float = 1.0, **when: Unpack[When]) -> Fault:
        """Perform the request, and send its answer one byte at a time."""
        return cls(performed=True, how="drip", pause=pause, **when)


#: The faults that have a name.
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

    def count(self, asked: ReceivedRequest) -> bool:
        """Count a request, and tell whether the item is due."""
        if not self.item.match(asked):
            return False
        self.matched += 1
        return self.matched > self.item.after

    @property
    def exhausted(self) -> bool:
        return self.item.times is not None and self.happened >= self.item.times


class Queue(Generic[Item]):
    """Items that wait for their requests, in the order in which they were added."""

    def __init__(self) -> None:
        self._queued: list[Queued[Item]] = []
        self._lock = threading.Lock()

    def add(self, item: Item) -> None:
        """Add an item; the requests that it matches are counted from now."""
        with self._lock:
            self._queued.append(Queued(item))

    def clear(self) -> None:
        with self._lock:
            self._queued.clear()

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._queued)

    def listed(self) -> list[Queued[Item]]:
        with self._lock:
            return list(self._queued)

    def _due(self, asked: ReceivedRequest, at_most: int | None) -> list[Item]:
        """Count a request for all, and return at most so many items that are due."""
        with self._lock:
            due = [one for one in self._queued if one.count(asked)][:at_most]
            for one in due:
                one.happened += 1
            self._queued = [one for one in self._queued if not one.exhausted]
            return [one.item for one in due]


class Faults(Queue[Fault]):
    """The queue of faults; of several that are due the first is used, the others wait."""

    def next(self, asked: ReceivedRequest) -> Fault | None:
        return next(iter(self._due(asked, 1)), None)


@dataclass(frozen=True)
class Change(Scheduled):
    """A change of the books, the rights or the clock before a request."""

    perform: Callable[[], object]
    match: Matching = field(default=PAYMENT_LISTS, kw_only=True)
    description: str = ""


class Drift(Queue[Change]):
    """Changes between two requests, such as two pages of a list."""

    def __init__(self) -> None:
        super().__init__()
        #: Changes that could not be made, such as booking a deleted payment.
        self.failures: list[str] = []

    def before(
        self,
        perform: Callable[[], object],
        *,
        request: int = 1,
        match: Matching = PAYMENT_LISTS,
        times: int | None = 1,
    ) -> None:
        """Call ``perform`` before the n-th matching request from now, counted from 1."""
        self.add(Change(perform, match=match, after=request - 1, times=times))

    def perform_due(self, asked: ReceivedRequest) -> None:
        """Make the changes that are due before this request; failures are recorded."""
        for change in self._due(asked, None):
            try:
                change.perform()
            except (LookupError, ValueError) as error:
                self.failures.append(f"{change.description or change.perform}: {error!r}")
                log.warning("a change could not be made: %s", self.failures[-1])

    def clear(self) -> None:
        super().clear()
        self.failures.clear()


class Latency:
    """How long requests and replies are on their way: fixed, or drawn by a seeded generator.

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
        match: Matching = any_request,
    ) -> None:
        """Let matching replies take ``low`` seconds, or something up to ``high``.

        :param before_low, before_high: the same for their requests, before they are counted.
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

    def wait_before_count(self, asked: ReceivedRequest) -> None:
        self._wait(self.before_low, self.before_high, asked)

    def wait_after_count(self, asked: ReceivedRequest) -> None:
        self._wait(self.low, self.high, asked)

    def _wait(self, low: float, high: float, asked: ReceivedRequest) -> None:
        if not high or not self.match(asked):
            return
        with self._lock:
            seconds = self._rng.uniform(low, high)
        self._sleep(seconds)
