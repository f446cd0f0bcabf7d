"""Pages requested before their turn, with few requests wasted.

If nothing limits the scan, every page is needed. If it stops at a date, a page is
needed when a later one still has payments since that date; so one look-ahead, to
the end expected from the dates so far, shows that all pages before it may be
requested at once. A look-ahead beyond the end wastes one request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Final, Self

from opter_fortnox_plugin.fortnox.protocol import Page
from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS
from opter_fortnox_plugin.fortnox.worker_pool import Future, WorkerPool, cancel

#: The maximum number of requested pages that are not read yet.
MAX_IN_FLIGHT: Final = REQUESTS

#: The maximum number of look-aheads beyond the date. With the page that shows the end
#: and the check for changes, four requests in all.
MAX_WASTED: Final = 2

#: The part of the expected distance to the end that a look-ahead skips: one response
#: takes far less time than the pages that it permits to request.
_LOOK_AHEAD: Final = 0.6

#: This many pages are soon read; the last page is a look-ahead only if there are more.
_FEW_PAGES: Final = 5


class Prefetch:
    """The pages of one scan, from the second; a context manager that cancels the rest.

    :param fetch: returns a page.
    :param first: the first page.
    :param stop_before: the date before which nothing is needed; ``None``
        if every page is.
    :param max_in_flight: the maximum number of concurrent requests; 1 for sequential ones.
    """

    def __init__(
        self,
        pool: WorkerPool,
        fetch: Callable[[int], Page],
        first: Page,
        stop_before: date | None,
        max_in_flight: int = MAX_IN_FLIGHT,
    ) -> None:
        self._pool = pool
        self._fetch = fetch
        self._stop = stop_before
        self._max_in_flight = max_in_flight
        self._pages = first.pages
        self._futures: dict[int, Future[Page]] = {}
        self._seen: set[int] = set()
        self._look_aheads: set[int] = set()
        self._wasted = 0
        self._newest = _day_of(first.rows)
        #: The last page that is certainly needed, and the date where it ends.
        self._needed, self._oldest = 1, self._newest
        #: The last page that may be needed, and the first date of a page after the end.
        self._end = first.pages
        self._first_date_after_end: date | None = None
        self._record_page(1, first)

    def take(self, number: int) -> Page:
        """Wait for a page and return it, while others are in flight."""
        while True:
            self._fill(number)
            future = self._futures[number]
            if future.done:
                break
            self._pool.wait_for_any()
            for ready in [
                n for n, pending in self._futures.items() if pending.done and n not in self._seen
            ]:
                self._record_page(ready, self._futures[ready].value)
        page = self._pool.result(self._futures.pop(number))
        self._pages = page.pages
        self._record_page(number, page)
        return page

    def need_all(self) -> None:
        """Do not stop at the date: the pages are not sorted, so it may be on any of them."""
        self._stop = None
        self._needed = self._end = self._pages

    @property
    def expected(self) -> int | None:
        """The number of pages that the scan will read; ``None`` while that is unknown."""
        if self._stop is None:
            return self._pages
        if (
            self._oldest == self._newest
            and self._first_date_after_end is None
            and self._end > self._needed
        ):
            # A single date does not show it; the next response will.
            return None
        return max(self._needed, min(self._pages, round(self._expected_end())))

    @property
    def in_flight(self) -> int:
        """The number of pages that were requested and not taken."""
        return len(self._futures)

    # --- what to request ---

    def _fill(self, number: int) -> None:
        if number not in self._futures:
            self._start(number)
        # Consecutive pages show less than a look-ahead, so only the next one is requested.
        last = min(self._end, self._needed + 1)
        for page in range(number, last + 1):
            if len(self._futures) >= self._max_in_flight:
                return
            if page not in self._futures and page not in self._seen:
                self._start(page)
        if self._max_in_flight > 1 and (target := self._look_ahead(number)):
            self._look_aheads.add(target)
            self._start(target)

    def _start(self, page: int) -> None:
        self._futures[page] = self._pool.submit(lambda: self._fetch(page))

    def _look_ahead(self, number: int) -> int | None:
        """Return a page that is probably needed, and would show that all pages before it are."""
        if self._wasted >= MAX_WASTED or not self._look_aheads <= self._seen:
            return None
        needed = max(self._needed, number)
        if not self._look_aheads and self._end - needed > _FEW_PAGES:
            # Its dates show either that all pages are needed, or how many days a page spans:
            # without it, the time left would long be unknown where many payments have one date.
            return self._end if self._end not in self._futures else None
        page = min(needed + int((self._expected_end() - needed) * _LOOK_AHEAD), self._end)
        return page if page > needed and page not in self._futures else None

    def _expected_end(self) -> float:
        """Return where the last page since the date may be, by the dates so far."""
        if self._stop is None or self._oldest is None or self._newest is None:
            return self._end
        days_left = (self._oldest - self._stop).days + 1
        if self._first_date_after_end is not None and self._first_date_after_end < self._oldest:
            # Between two known dates.
            part = days_left / (self._oldest - self._first_date_after_end).days
            return self._needed + min(1.0, part) * (self._end - self._needed)
        passed = (self._newest - self._oldest).days
        if passed <= 0:
            return min(self._end, 2 * self._needed)
        return min(self._end, self._needed * (1 + days_left / passed))

    # --- what a page shows ---

    def _record_page(self, number: int, page: Page) -> None:
        if number in self._seen:
            return
        self._seen.add(number)
        if self._stop is None:
            self._needed = self._end = max(self._pages, page.pages)
            return
        first, last = _day_of(page.rows), _day_of(reversed(page.rows))
        if last is not None and last >= self._stop:
            if number >= self._needed:
                self._needed, self._oldest = number, last
            return
        if number <= self._end:
            self._end, self._first_date_after_end = number, first
        if number in self._look_aheads and (first is None or first < self._stop):
            self._wasted += 1

    # --- the end ---

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        cancel(self._futures.values())


def _day_of(rows: Iterable[Any]) -> date | None:
    """Return the first valid payment date among rows."""
    for row in rows:
        try:
            return date.fromisoformat(row["PaymentDate"])
        except (KeyError, TypeError, ValueError):
            continue
    return None
