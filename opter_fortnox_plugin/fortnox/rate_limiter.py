"""Fortnox's rate limit: 25 requests in any 5 seconds.

A sliding window, as Fortnox counts, for each client id and company. A limiter
with fixed windows would let 50 requests through around a boundary.
Source: Fortnox's page on rate limits.

Fortnox counts a request when it arrives, at some moment between its leaving and its answer. So
a place in the window is free again five seconds after the *answer*; less the shortest round
trip, since the answer was on its way for a part of one, and the next request will be for the
rest.
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

#: What Fortnox allows in any window of so many seconds.
REQUESTS: Final = 25
WINDOW: Final = 5.0

#: Seconds for what is not exact: the clock of Windows has ticks of 16 ms.
_MARGIN: Final = 0.02

#: Seconds that a round trip may be shorter than the shortest so far: the wire may get better,
#: and a busy machine sees answers late. Simulated: with less, a sudden change meets a 429.
_SLACK: Final = 0.2

#: Seconds that the window grows by after each 429, and its limit.
_WINDOW_STEP: Final = 0.1
_MAX_WINDOW: Final = 6.0


class RateLimiter:
    """Lets requests start as fast as the limit allows, shared by all threads.

    A thread has one request at a time: :meth:`acquire`, :meth:`sent`, :meth:`answered` and
    :meth:`release`. Without the two in the middle it is as if the answer came at the end.

    :param clock: seconds that never go backwards.
    :param may_start: called right before a start is counted; raises to forbid it.
    :param thread: tells which thread calls.
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
        #: When each thread's request left; ``None`` for one that has not yet.
        self._in_flight: dict[int, float | None] = {}
        #: When the last ones were over, by their answers or without.
        self._ends: deque[float] = deque(maxlen=requests)
        self._restored: list[float] = []
        self._round_trips: deque[float] = deque(maxlen=requests)
        self._shortest = math.inf
        self._blocked_until = float("-inf")
        self._lock = threading.Lock()
        #: How many requests have started.
        self.started = 0

    def acquire(self) -> None:
        """Wait until one more request may start, and hold a place for it."""
        while (seconds := self.try_acquire()) > 0:
            self._sleep(seconds)

    def try_acquire(self) -> float:
        """Hold a place for a request that starts now; or return the least seconds to wait."""
        with self._lock:
            now = self._clock()
            earliest = self._blocked_until
            held = self._held(now)
            if len(held) == self._requests:
                earliest = max(earliest, held[0] + self._hold)
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
        """Let the place of this thread's request be free in five seconds: its answer begins."""
        with self._lock:
            left = self._in_flight.get(self._thread())
            if left is not None:
                self._round_trips.append(self._clock() - left)
                self._shortest = min(self._shortest, self._round_trips[-1])
        self.release()

    def release(self) -> None:
        """Let the place be free in five seconds, unless an answer has done that."""
        with self._lock:
            if self._thread() in self._in_flight:
                del self._in_flight[self._thread()]
                self._ends.append(self._clock())

    @property
    def _hold(self) -> float:
        """Seconds from an answer to the moment when its place is free.

        Round trips count once there were as many as places: the first few may all be long. At
        most half a window is taken off, so that what is on its way always holds its place.
        """
        if len(self._round_trips) < self._requests:
            return self._window
        return self._window - min(max(0.0, self._shortest - _SLACK), WINDOW / 2)

    def _held(self, now: float) -> list[float]:
        """Return the ends of the last requests, ours and the restored ones, as many as places.

        Those in flight end now at the earliest.
        """
        ends = sorted([*self._restored, *self._ends])
        return [*ends, *[now] * len(self._in_flight)][-self._requests :]

    def seconds_for(self, requests: int) -> float:
        """Return how long so many more requests will take, up to the last answer.

        By the limit, and by the slowest of the last answers.
        """
        if requests < 1:
            return 0.0
        with self._lock:
            now, last = self._clock(), self._round_trips or [0.0]
            held = self._held(now)
            rounds, place = divmod(requests - 1, self._requests)
            taken = place - (self._requests - len(held))
            free = held[taken] + self._hold if taken >= 0 else now
            first = max(free, now, self._blocked_until) - now
            return first + rounds * (fmean(last) + self._hold) + max(last)

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

    def recent_ends(self, now: float) -> str:
        """Return the ends of the last requests, to be stored for the next run.

        :param now: seconds of a clock that other processes share (Unix time).
        """
        with self._lock:
            clock = self._clock()
            ages = [clock - end for end in self._held(clock)]
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
