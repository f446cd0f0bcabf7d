"""Pages that are asked for before their turn, and hardly any in vain.

Every page is needed where nothing limits the reading. Where it stops at a
date, a page is needed for certain when a later one still holds payments since
that date; so one page far ahead, where the dates so far let the end be
expected, shows that all before it may be asked for at once. A guess that went
too far costs its one request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from types import TracebackType
from typing import Any, Final, Self

from opter_fortnox_plugin.fortnox.protocol import Page
from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS
from opter_fortnox_plugin.fortnox.worker_pool import Executor, Future

#: Pages that are asked for and not read yet, at most.
MAX_IN_FLIGHT: Final = REQUESTS

#: Guesses that may turn out to lie beyond the date. With the page that shows
#: the end and the question whether anything changed, four requests in all.
MAX_WASTED: Final = 2

#: How much of the expected way to the end a guess takes: an answer takes far less time
#: than the pages that it lets us ask for.
_LOOK_AHEAD: Final = 0.6

#: So many pages are soon read; the last one is looked at only where there are more.
_FEW_PAGES: Final = 5


class Prefetch:
    """The pages of one walk, from the second; a context manager that drops what is left.

    :param ask: returns a page.
    :param first: the first page.
    :param stop_before: the date before which nothing is needed; ``None``
        where every page is.
    :param at_once: how many pages are asked for before their turn; 1 for none.
    """

    def __init__(
        self,
        executor: Executor,
        ask: Callable[[int], Page],
        first: Page,
        stop_before: date | None,
        max_in_flight: int = MAX_IN_FLIGHT,
    ) -> None:
        self._executor = executor
        self._ask = ask
        self._stop = stop_before
        self._max_in_flight = max_in_flight
        self._pages = first.pages
        self._futures: dict[int, Future[Page]] = {}
        self._seen: set[int] = set()
        self._look_aheads: set[int] = set()
        self._wasted = 0
        self._began_at = _day_of(first.rows)
        #: All pages up to this one are needed, and the date where it ends.
        self._needed, self._reached = 1, self._began_at
        #: No page behind this one is, and the date where it begins.
        self._end = first.pages
        self._beyond: date | None = None
        self._learn(1, first)

    def take(self, number: int) -> Page:
        """Return a page, waiting for it, while others are on their way."""
        while True:
            self._fill(number)
            future = self._futures[number]
            if future.done:
                break
            self._executor.wait_for_any()
            for ready in [
                n for n, one in self._futures.items() if one.done and n not in self._seen
            ]:
                self._learn(ready, self._futures[ready].value)
        page = self._executor.result(self._futures.pop(number))
        self._pages = page.pages
        self._learn(number, page)
        return page

    def need_all(self) -> None:
        """Stop at no date: the pages are not sorted, so that it may stand anywhere."""
        self._stop = None
        self._needed = self._end = self._pages

    @property
    def expected(self) -> int | None:
        """How many pages will have been read at the end; ``None`` as long as nothing tells."""
        if self._stop is None:
            return self._pages
        if self._reached == self._began_at and self._beyond is None and self._end > self._needed:
            # One date alone tells nothing, and the next answer will.
            return None
        return max(self._needed, min(self._pages, round(self._expected_end())))

    @property
    def asked(self) -> int:
        """How many pages were asked for and not taken."""
        return len(self._futures)

    # --- what may be asked for ---

    def _fill(self, number: int) -> None:
        if number not in self._futures:
            self._start(number)
        # What is read alone settles more than what is read together.
        last = min(self._end, self._needed + 1)
        for page in range(number, last + 1):
            if len(self._futures) >= self._max_in_flight:
                return
            if page not in self._futures and page not in self._seen:
                self._start(page)
        if self._max_in_flight > 1 and (guess := self._look_ahead(number)):
            self._look_aheads.add(guess)
            self._start(guess)

    def _start(self, page: int) -> None:
        self._futures[page] = self._executor.submit(lambda: self._ask(page))

    def _look_ahead(self, number: int) -> int | None:
        """Return a page that is probably needed, and shows that all before it are."""
        if self._wasted >= MAX_WASTED or not self._look_aheads <= self._seen:
            return None
        known = max(self._needed, number)
        if not self._look_aheads and self._end - known > _FEW_PAGES:
            # Its dates tell either that all is needed, or how far each page goes.
            return self._end if self._end not in self._futures else None
        guess = min(known + int((self._expected_end() - known) * _LOOK_AHEAD), self._end)
        return guess if guess > known and guess not in self._futures else None

    def _expected_end(self) -> float:
        """Return where the last page since the date may be, by the dates seen so far."""
        if self._stop is None or self._reached is None or self._began_at is None:
            return self._end
        left = (self._reached - self._stop).days + 1
        if self._beyond is not None and self._beyond < self._reached:
            # Between two dates that are known.
            part = left / (self._reached - self._beyond).days
            return self._needed + min(1.0, part) * (self._end - self._needed)
        passed = (self._began_at - self._reached).days
        if passed <= 0:
            return min(self._end, 2 * self._needed)
        return min(self._end, self._needed * (1 + left / passed))

    # --- what was learnt ---

    def _learn(self, number: int, page: Page) -> None:
        if number in self._seen:
            return
        self._seen.add(number)
        if self._stop is None:
            self._needed = self._end = max(self._pages, page.pages)
            return
        first, last = _day_of(page.rows), _day_of(reversed(page.rows))
        if last is not None and last >= self._stop:
            if number >= self._needed:
                self._needed, self._reached = number, last
            return
        if number <= self._end:
            self._end, self._beyond = number, first
        if number in self._look_aheads and (first is None or first < self._stop):
            self._wasted += 1

    # --- the end ---

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for future in self._futures.values():
            future.wanted = False


def _day_of(rows: Iterable[Any]) -> date | None:
    """Return the first payment date among rows that is one."""
    for row in rows:
        try:
            return date.fromisoformat(row["PaymentDate"])
        except (KeyError, TypeError, ValueError):
            continue
    return None
