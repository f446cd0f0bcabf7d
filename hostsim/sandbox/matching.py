"""Which requests something happens at: faults, drift and latency match them, and count them."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypedDict, TypeVar


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

    def due(self, request: ReceivedRequest, limit: int | None) -> list[Item]:
        """Count a request for all items; return those that are due, ``limit`` at most."""
        with self._lock:
            due = [queued for queued in self._items if queued.count(request)][:limit]
            for queued in due:
                queued.happened += 1
            self._items = [queued for queued in self._items if not queued.exhausted]
            return [queued.item for queued in due]
