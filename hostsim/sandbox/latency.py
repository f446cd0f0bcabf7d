"""The delay of requests and responses."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from hostsim.sandbox.matching import ANY_REQUEST, Matcher, ReceivedRequest

#: Of a latency, and between two bytes of a drip.
MAX_WAIT_SECONDS = 3600


class Latency:
    """A delay that is fixed, or drawn by a seeded generator.

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
