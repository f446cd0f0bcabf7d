"""Fortnox's rate limit: a number of requests in any window, and the response beyond it."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from email.utils import format_datetime

from flask import Response

from hostsim.sandbox import responses
from hostsim.sandbox.errors import Refused
from hostsim.sandbox.faults import HTML
from hostsim.sandbox.switches import Switches


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


def too_many_requests(
    switches: Switches, now: datetime, error_response: Callable[[Refused], Response]
) -> Response:
    """Return the response to a request beyond the limit.

    :param error_response: formats an error of the application, by the path of the request.
    """
    response = _body(switches.rate_body, error_response)
    response.status_code = switches.rate_status
    if (seconds := switches.rate_retry_after) is not None:
        later = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
        as_date = switches.rate_retry_after_as == "date"
        response.headers["Retry-After"] = later if as_date else str(seconds)
    return response


def _body(kind: str, error_response: Callable[[Refused], Response]) -> Response:
    match kind:
        case "text":
            return Response("Too Many Requests", content_type="text/plain")
        case "application":
            return error_response(Refused(429, "Too Many Requests", 429))
        case "html":
            return Response(HTML, content_type="text/html; charset=UTF-8")
        case "empty":
            return Response(b"")
        case _:
            return responses.gateway_response(429, "Too Many Requests")
