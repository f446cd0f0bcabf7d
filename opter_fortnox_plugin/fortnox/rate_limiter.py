"""Fortnox's rate limit: 25 requests in any 5 seconds.

A sliding window, as Fortnox counts, for each client id and company. A limiter
with fixed windows would let 50 requests through around a boundary.
Source: Fortnox's page on rate limits.

Fortnox counts a request when it arrives, some time between sending and response. So a slot in the
window is free again five seconds after the *response*, less the shortest round trip: the response
travelled for one part of it, and the next request will travel for the rest.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from statistics import fmean
from typing import Final

#: The requests that Fortnox allows in any window, and its seconds.
REQUESTS: Final = 25
WINDOW: Final = 5.0

#: Seconds of margin for inexact clocks: that of Windows has ticks of 16 ms.
_MARGIN: Final = 0.02

#: Seconds that a round trip may be shorter than the shortest so far: the network may get faster,
#: and a busy machine sees responses late. Simulated: with less, a sudden change meets a 429.
_SLACK: Final = 0.2

#: Seconds by which the window grows after each 429, and its maximum.
_WINDOW_STEP: Final = 0.1
_MAX_WINDOW: Final = 6.0


class RateLimiter:
    """Lets requests start as fast as the limit allows, shared by all threads.

    A thread has one request at a time: :meth:`acquire`, :meth:`sent`, :meth:`answered` and
    :meth:`release`. Without the two in the middle the response counts as received on release.

    :param clock: seconds that never go backwards.
    :param may_start: called right before a start is counted; raises to forbid it.
    :param thread: returns the calling thread's identifier.
    """

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        requests: int = REQUESTS,
        may_start: Callable[[], None] = lambda: None,
        thread: Callable[[], int] = threading.get_ident,
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._requests = requests
        self._may_start = may_start
        self._thread = thread
        self._window = WINDOW + _MARGIN
        #: When each thread's request was sent; ``None`` if it was not yet.
        self._in_flight: dict[int, float | None] = {}
        #: When the last requests ended, with or without a response.
        self._ends: deque[float] = deque(maxlen=requests)
        self._restored: list[float] = []
        self._round_trips: deque[float] = deque(maxlen=requests)
        self._shortest = math.inf
        self._blocked_until = float("-inf")
        self._lock = threading.Lock()
        #: How many requests have started.
        self.started = 0

    def acquire(self) -> None:
        """Wait until one more request may start, and hold a slot for it."""
        while (seconds := self.try_acquire()) > 0:
            self._sleep(seconds)

    def try_acquire(self) -> float:
        """Hold a slot for a request that starts now; or return the least seconds to wait."""
        with self._lock:
            now = self._clock()
            earliest = self._blocked_until
            held = self._taken_slots(now)
            if len(held) == self._requests:
                earliest = max(earliest, held[0] + self._hold_seconds)
            if earliest > now:
                return earliest - now
            self._may_start()
            self._in_flight[self._thread()] = None
            self.started += 1
            return 0.0

    def sent(self) -> None:
        """Measure this thread's round trip from now; a connection may have been made first."""
        with self._lock:
            if self._thread() in self._in_flight:
                self._in_flight[self._thread()] = self._clock()

    def answered(self) -> None:
        """Free the slot of this thread's request in five seconds: its response begins."""
        with self._lock:
            sent_at = self._in_flight.get(self._thread())
            if sent_at is not None:
                self._round_trips.append(self._clock() - sent_at)
                self._shortest = min(self._shortest, self._round_trips[-1])
        self.release()

    def release(self) -> None:
        """Free the slot in five seconds, unless a response has done that."""
        with self._lock:
            if self._thread() in self._in_flight:
                del self._in_flight[self._thread()]
                self._ends.append(self._clock())

    @property
    def _hold_seconds(self) -> float:
        """Seconds from a response until its slot is free.

        Round trips count once there are as many as slots: the first few may all be long. At
        most half a window is subtracted, so that requests in flight always hold their slots.
        """
        if len(self._round_trips) < self._requests:
            return self._window
        return self._window - min(max(0.0, self._shortest - _SLACK), WINDOW / 2)

    def _taken_slots(self, now: float) -> list[float]:
        """Return the ends of the last requests, ours and the restored ones, one per slot.

        Those in flight end now at the earliest.
        """
        ends = sorted([*self._restored, *self._ends])
        return [*ends, *[now] * len(self._in_flight)][-self._requests :]

    def seconds_for(self, requests: int) -> float:
        """Return the seconds until the response to the last of these further requests.

        By the limit, and by the slowest of the last responses.
        """
        if requests < 1:
            return 0.0
        with self._lock:
            now, last = self._clock(), self._round_trips or [0.0]
            held = self._taken_slots(now)
            rounds, index = divmod(requests - 1, self._requests)
            taken = index - (self._requests - len(held))
            free = held[taken] + self._hold_seconds if taken >= 0 else now
            first = max(free, now, self._blocked_until) - now
            return first + rounds * (fmean(last) + self._hold_seconds) + max(last)

    def back_off(self, seconds: float) -> None:
        """Start no request for a while, after a 429.

        It also widens the window a little, which costs less than another 429. Requests that
        are refused together widen it once.
        """
        with self._lock:
            now = self._clock()
            if now >= self._blocked_until:
                self._window = max(self._window, min(self._window + _WINDOW_STEP, _MAX_WINDOW))
            self._blocked_until = max(self._blocked_until, now + seconds)

    def recent_ends(self, now: float) -> str:
        """Return the ends of the last requests, to be stored for the next run.

        They count as restored from then on: the next stored text contains them, too.

        :param now: seconds of a clock that other processes share (Unix time).
        """
        with self._lock:
            clock = self._clock()
            ages = [clock - end for end in self._taken_slots(clock)]
            self._restored = sorted([*self._restored, *self._ends])[-self._requests :]
            self._ends.clear()
        return json.dumps([round(now - age, 3) for age in ages if age < self._window])

    def restore(self, stored: str, now: float) -> None:
        """Count the requests of other runs, instead of those that were restored before.

        Text that cannot be read is ignored.
        """
        try:
            ages = [max(0.0, now - float(end)) for end in json.loads(stored)]
        except (ValueError, TypeError, OverflowError, RecursionError):
            return
        with self._lock:
            clock = self._clock()
            self._restored = [clock - age for age in ages if age < self._window]
