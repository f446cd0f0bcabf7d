"""Fortnox's rate limit: 25 requests in any 5 seconds.

A sliding window, as Fortnox counts, for each client id and company. A limiter
with fixed windows would let 50 requests through around a boundary.
Source: Fortnox's page on rate limits.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

#: What Fortnox allows in any window of five seconds.
REQUESTS: Final = 25

#: Seconds. A tenth more than Fortnox's five: requests are counted when they
#: arrive, and the wire does not take the same time for each.
WINDOW: Final = 5.1

#: Seconds that the window grows by after each 429, and its limit.
_WINDOW_STEP: Final = 0.1
_MAX_WINDOW: Final = 6.0


class RateLimiter:
    """Lets requests start as fast as the limit allows, shared by all threads.

    :param clock: seconds that never go backwards.
    :param may_start: called right before a start is counted; raises to forbid it.
    """

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        requests: int = REQUESTS,
        window: float = WINDOW,
        may_start: Callable[[], None] = lambda: None,
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._window = window
        self._may_start = may_start
        self._starts: deque[float] = deque(maxlen=requests)
        self._latencies: deque[float] = deque(maxlen=requests)
        self._restored: list[float] = []
        self._blocked_until = float("-inf")
        self._lock = threading.Lock()
        self._local = threading.local()
        #: How many requests have started.
        self.started = 0

    def acquire(self) -> None:
        """Wait until one more request may start, and count it."""
        while (seconds := self.try_acquire()) > 0:
            self._sleep(seconds)

    def try_acquire(self) -> float:
        """Count a request that starts now; or return the seconds to wait before the next try."""
        with self._lock:
            now = self._clock()
            earliest = self._blocked_until
            last = self._last_starts(now)
            if len(last) == self._starts.maxlen:
                earliest = max(earliest, last[0] + self._window)
            if earliest > now:
                return earliest - now
            self._may_start()
            self._starts.append(now)
            self._local.start = now
            self.started += 1
            return 0.0

    def sent(self) -> None:
        """Count this thread's request from now, not from when it was allowed to start.

        A connection may have had to be made first, or many threads began at once.
        """
        start: float | None = getattr(self._local, "start", None)
        self._local.start = None
        with self._lock:
            self._local.sent = self._clock()
            if start is not None and start in self._starts:
                self._starts[self._starts.index(start)] = self._local.sent

    def answered(self) -> None:
        """Record how long the answer to this thread's request took."""
        with self._lock:
            if (sent := getattr(self._local, "sent", None)) is not None:
                self._latencies.append(self._clock() - sent)

    def _last_starts(self, now: float) -> list[float]:
        """Return the last starts, ours and the restored ones, as many as a window may hold."""
        self._restored = [start for start in self._restored if now - start < self._window]
        return sorted([*self._restored, *self._starts])[-(self._starts.maxlen or 0) :]

    def seconds_for(self, requests: int) -> float:
        """Return how long so many more requests will take, up to the last answer.

        By the limit, and by the slowest of the last answers.
        """
        if requests < 1:
            return 0.0
        with self._lock:
            now, answer = self._clock(), max(self._latencies, default=0.0)
            last = self._last_starts(now)
            rounds, place = divmod(requests - 1, self._starts.maxlen or 1)
            # A place in the window is free again one window after its earlier start.
            taken = place - ((self._starts.maxlen or 1) - len(last))
            free = last[taken] + self._window if taken >= 0 else now
            return max(free, now, self._blocked_until) + rounds * self._window - now + answer

    def back_off(self, seconds: float) -> None:
        """Start no request for a while, after a 429.

        From then on the window is a little wider, since that costs less than another
        429. Requests that are refused together widen it once.
        """
        with self._lock:
            now = self._clock()
            if now >= self._blocked_until:
                self._window = max(self._window, min(self._window + _WINDOW_STEP, _MAX_WINDOW))
            self._blocked_until = max(self._blocked_until, now + seconds)

    def recent_starts(self, now: float) -> str:
        """Return the starts of the last window, to be stored for the next run.

        :param now: seconds of a clock that other processes share (Unix time).
        """
        with self._lock:
            clock = self._clock()
            ages = [clock - start for start in self._last_starts(clock)]
        return json.dumps([round(now - age, 3) for age in ages if age < self._window])

    def restore(self, stored: str, now: float) -> None:
        """Count the requests of other runs, instead of those that were restored before.

        Text that cannot be read is ignored.
        """
        try:
            ages = [max(0.0, now - float(start)) for start in json.loads(stored)]
        except (ValueError, TypeError, OverflowError, RecursionError):
            return
        with self._lock:
            clock = self._clock()
            self._restored = [clock - age for age in ages if age < self._window]
