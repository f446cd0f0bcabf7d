"""What goes wrong on the way, and what happens meanwhile: little objects in a queue.

A fault spoils an answer, latency delays it, and drift changes the books before
it. Each says which requests it means (:class:`Match`) and at which of them.
"""

from __future__ import annotations

import fnmatch
import logging
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, Protocol, TypeVar

log = logging.getLogger(__name__)

HTML = "<html><head><title>Fel</title></head><body><h1>Tillf\u00e4lligt fel</h1></body></html>"

How = Literal["answer", "truncate", "reset", "hang", "drip"]


@dataclass(frozen=True)
class ReceivedRequest:
    """A request that the sandbox was asked, without secrets."""

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
    """Which requests are meant; what is left out matches everything."""

    method: str | None = None
    path: str | None = None
    """The path, or a pattern: ``/3/invoicepayments*``."""

    query: Mapping[str, str] = field(default_factory=dict)
    """Parameters that the request must have, with these values or patterns."""

    company: int | None = None

    def __call__(self, asked: ReceivedRequest) -> bool:
        """Tell whether a request is meant."""
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


@dataclass(frozen=True)
class Fault:
    """An answer that goes wrong.

    ``performed`` says whether the request takes effect all the same, and only
    its answer is lost: a refresh token is then spent although nobody got the
    new one.
    """

    status: int = 503
    body: str | bytes = ""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
    match: Matching = any_request
    times: int | None = 1
    """How many matching requests go wrong; ``None`` for every one."""

    after: int = 0
    """How many matching requests go well before."""

    performed: bool = False
    how: How = "answer"
    pause: float = 1.0
    """Seconds between two bytes of a slow drip."""

    @classmethod
    def html(cls, match: Matching = any_request, times: int | None = 1) -> Fault:
        """Answer 200 with a page for people."""
        return cls(200, HTML, "text/html; charset=UTF-8", match=match, times=times)

    @classmethod
    def garbage(cls, match: Matching = any_request, times: int | None = 1) -> Fault:
        """Answer 200 with something that says it is JSON and is not."""
        return cls(200, b'{"InvoicePayments":[{\xff\xfe', "application/json", {}, match, times)

    @classmethod
    def too_many(
        cls, retry_after: str | None = None, match: Matching = any_request, times: int | None = 1
    ) -> Fault:
        """Answer 429, with ``Retry-After`` where it is given."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        body = '{"message":"Too Many Requests"}'
        return cls(429, body, "application/json", headers, match, times)

    @classmethod
    def truncated(cls, match: Matching = any_request, times: int | None = 1) -> Fault:
        """Perform the request, and send the first half of what ``Content-Length`` promises."""
        return cls(match=match, times=times, performed=True, how="truncate")

    @classmethod
    def reset(
        cls, match: Matching = any_request, times: int | None = 1, *, performed: bool = False
    ) -> Fault:
        """Close the connection without an answer."""
        return cls(match=match, times=times, performed=performed, how="reset")

    @classmethod
    def hang(cls, match: Matching = any_request, times: int | None = 1) -> Fault:
        """Say nothing until the sandbox stops."""
        return cls(match=match, times=times, how="hang")

    @classmethod
    def drip(
        cls, pause: float = 1.0, match: Matching = any_request, times: int | None = 1
    ) -> Fault:
        """Perform the request, and send its answer one byte at a time."""
        return cls(match=match, times=times, performed=True, how="drip", pause=pause)


class Scheduled(Protocol):
    """Something that is to happen at some of the requests that it matches."""

    @property
    def match(self) -> Matching:
        """Which requests are counted."""

    @property
    def after(self) -> int:
        """How many of them pass first."""

    @property
    def times(self) -> int | None:
        """At how many it happens then; ``None`` for every one."""


Item = TypeVar("Item", bound=Scheduled)


@dataclass
class Queued(Generic[Item]):
    """A thing in a queue, and how far it has come."""

    thing: Item
    seen: int = 0
    """How many requests it matched."""

    struck: int = 0
    """At how many it happened."""

    def sees(self, asked: ReceivedRequest) -> bool:
        """Count a request, and tell whether the thing is to happen at it."""
        if not self.thing.match(asked):
            return False
        self.seen += 1
        return self.seen > self.thing.after

    @property
    def spent(self) -> bool:
        """Whether it has happened as often as it should."""
        return self.thing.times is not None and self.struck >= self.thing.times


class Queue(Generic[Item]):
    """Things that wait for their requests, in the order in which they were added."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: list[Queued[Item]] = []
        self._lock = threading.Lock()

    def add(self, thing: Item) -> None:
        """Let a thing wait for the requests that it matches; they are counted from now."""
        with self._lock:
            self._waiting.append(Queued(thing))

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._waiting.clear()

    @property
    def waiting(self) -> int:
        """How many have not happened as often as they should."""
        with self._lock:
            return len(self._waiting)

    def listed(self) -> list[Queued[Item]]:
        """List what waits."""
        with self._lock:
            return list(self._waiting)

    def _due(self, asked: ReceivedRequest, most: int | None) -> list[Item]:
        """Count a request for all, and give what happens at it: so many at most."""
        with self._lock:
            due = [waiting for waiting in self._waiting if waiting.sees(asked)][:most]
            for waiting in due:
                waiting.struck += 1
            self._waiting = [waiting for waiting in self._waiting if not waiting.spent]
            return [waiting.thing for waiting in due]


class Faults(Queue[Fault]):
    """The queue of faults; the first that is due strikes, the others wait for the next request."""

    def next(self, asked: ReceivedRequest) -> Fault | None:
        """Give the fault that strikes this request, if one does."""
        return next(iter(self._due(asked, 1)), None)


@dataclass(frozen=True)
class Change:
    """Something that happens to the books, the rights or the clock before a request."""

    perform: Callable[[], object]
    match: Matching = PAYMENT_LISTS
    after: int = 0
    """How many matching requests pass before."""

    times: int | None = 1
    says: str = ""
    """What it does, for the switchboard."""


class Drift(Queue[Change]):
    """What changes between two pages."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        #: What could not be done when its time came, such as booking what was gone.
        self.failures: list[str] = []

    def before(
        self,
        perform: Callable[[], object],
        *,
        request: int = 1,
        match: Matching = PAYMENT_LISTS,
        times: int | None = 1,
    ) -> None:
        """Do something before the n-th matching request from now, counted from 1."""
        self.add(Change(perform, match, request - 1, times))

    def perform_due(self, asked: ReceivedRequest) -> None:
        """Do what is due before this request. What fails is noted and disturbs nobody."""
        for change in self._due(asked, None):
            try:
                change.perform()
            except (LookupError, ValueError) as error:
                self.failures.append(f"{change.says or change.perform}: {error!r}")
                log.warning("a change could not be made: %s", self.failures[-1])

    def clear(self) -> None:
        """Forget all, and what failed."""
        super().clear()
        self.failures.clear()


class Latency:
    """How long answers take: fixed, or drawn from a range by a seeded generator."""

    def __init__(self, sleep: Callable[[float], object]) -> None:
        """Begin without any; ``sleep`` waits for so many seconds."""
        self._sleep = sleep
        self._lock = threading.Lock()
        self.clear()

    def set(
        self, low: float, high: float | None = None, *, seed: int = 0, match: Matching = any_request
    ) -> None:
        """Let matching answers take ``low`` seconds, or something up to ``high``."""
        if not 0 <= low <= (low if high is None else high) <= MAX_LATENCY:
            message = f"latency goes from a low to a higher number of seconds, 0 to {MAX_LATENCY}"
            raise ValueError(message)
        with self._lock:
            self.low, self.high, self.seed = low, low if high is None else high, seed
            self.match = match
            self._rng = random.Random(seed)  # noqa: S311 - can be repeated

    def clear(self) -> None:
        """Answer at once again."""
        self.set(0)

    def wait(self, asked: ReceivedRequest) -> None:
        """Wait as long as this request is to take."""
        if not self.high or not self.match(asked):
            return
        with self._lock:
            seconds = self._rng.uniform(self.low, self.high)
        self._sleep(seconds)


#: Seconds; nobody waits longer than an hour for an answer.
MAX_LATENCY = 3600.0
