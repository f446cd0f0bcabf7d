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
from opter_fortnox_plugin.fortnox.worker_pool import Hands, Job

#: Pages that are asked for and not read yet, at most.
AT_ONCE: Final = REQUESTS

#: Guesses that may turn out to lie beyond the date. With the page that shows
#: the end and the question whether anything changed, four requests in all.
GUESSES: Final = 2

#: How much of the expected way to the end a guess takes: an answer takes far less time
#: than the pages that it lets us ask for.
_BOLDNESS: Final = 0.6

#: So many pages are soon read; the last one is looked at only where there are more.
_FEW: Final = 5


class Ahead:
    """The pages of one walk, from the second; a context manager that drops what is left.

    :param ask: returns a page.
    :param first: the first page.
    :param stop_before: the date before which nothing is needed; ``None``
        where every page is.
    :param at_once: how many pages are asked for before their turn; 1 for none.
    """

    def __init__(
        self,
        hands: Hands,
        ask: Callable[[int], Page],
        first: Page,
        stop_before: date | None,
        at_once: int = AT_ONCE,
    ) -> None:
        self._hands = hands
        self._ask = ask
        self._stop = stop_before
        self._at_once = at_once
        self._pages = first.pages
        self._jobs: dict[int, Job[Page]] = {}
        self._seen: set[int] = set()
        self._guessed: set[int] = set()
        self._in_vain = 0
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
            job = self._jobs[number]
            if job.done:
                break
            self._hands.look()
            for ready in [n for n, one in self._jobs.items() if one.done and n not in self._seen]:
                self._learn(ready, self._jobs[ready].value)
        page = self._hands.result(self._jobs.pop(number))
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
        return len(self._jobs)

    # --- what may be asked for ---

    def _fill(self, number: int) -> None:
        if number not in self._jobs:
            self._start(number)
        # What is read alone settles more than what is read together.
        last = min(self._end, self._needed + 1)
        for page in range(number, last + 1):
            if len(self._jobs) >= self._at_once:
                return
            if page not in self._jobs and page not in self._seen:
                self._start(page)
        if self._at_once > 1 and (guess := self._guess(number)):
            self._guessed.add(guess)
            self._start(guess)

    def _start(self, page: int) -> None:
        self._jobs[page] = self._hands.start(lambda: self._ask(page))

    def _guess(self, number: int) -> int | None:
        """Return a page that is probably needed, and shows that all before it are."""
        if self._in_vain >= GUESSES or not self._guessed <= self._seen:
            return None
        known = max(self._needed, number)
        if not self._guessed and self._end - known > _FEW:
            # Its dates tell either that all is needed, or how far each page goes.
            return self._end if self._end not in self._jobs else None
        guess = min(known + int((self._expected_end() - known) * _BOLDNESS), self._end)
        return guess if guess > known and guess not in self._jobs else None

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
        if number in self._guessed and (first is None or first < self._stop):
            self._in_vain += 1

    # --- the end ---

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for job in self._jobs.values():
            job.wanted = False


def _day_of(rows: Iterable[Any]) -> date | None:
    """Return the first payment date among rows that is one."""
    for row in rows:
        try:
            return date.fromisoformat(row["PaymentDate"])
        except (KeyError, TypeError, ValueError):
            continue
    return None
