"""Fortnox's rate limit: a number of requests in any window."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Hashable


class RateLimiter:
    """A sliding window for each bucket."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._admitted: defaultdict[Hashable, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()
        self.set(None, 0, refused_counts=False)

    def set(self, limit: int | None, window: float, *, refused_counts: bool) -> None:
        """Allow ``limit`` requests in any ``window`` seconds, ``None`` for all; counts stay."""
        with self._lock:
            self._limit, self._window, self._refused_counts = limit, window, refused_counts

    def clear(self) -> None:
        with self._lock:
            self._admitted.clear()

    def acquire(self, bucket: Hashable) -> bool:
        """Count a request; return whether it is within the limit."""
        with self._lock:
            if self._limit is None:
                return True
            now = self._monotonic()
            admitted = self._admitted[bucket]
            while admitted and admitted[0] <= now - self._window:
                admitted.popleft()
            inside = len(admitted) < self._limit
            if inside or self._refused_counts:
                admitted.append(now)
            return inside
