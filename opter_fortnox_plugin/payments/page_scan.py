"""The pages of the payment list, which may change while it is read.

The list is requested with the newest payment date first, so that reading can stop at
``ignore_payments_before``: older payments are counted, not read. Pages are by position,
and ties have no defined order, so the payments read are compared with Fortnox's count,
and the scan is repeated if the two may differ.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from opter_fortnox_plugin.errors import Unavailable
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.payment_schemas import InvoicePayment, payment_row
from opter_fortnox_plugin.fortnox.protocol import Page
from opter_fortnox_plugin.fortnox.worker_pool import Future, WorkerPool
from opter_fortnox_plugin.payments.prefetch import MAX_IN_FLIGHT, Prefetch

log = logging.getLogger(__name__)

#: Scans before the list counts as unstable.
ROUNDS: Final = 4

_BITS: Final = 10
_MINUTE: Final = timedelta(minutes=1)


class NumberSet:
    """A set of payment numbers in little memory: one bit each."""

    def __init__(self) -> None:
        self._blocks: dict[int, bytearray] = {}
        self._count = 0

    def add(self, number: int) -> bool:
        """Add a number; return whether it is new."""
        block = self._blocks.get(number >> _BITS)
        if block is None:
            block = self._blocks[number >> _BITS] = bytearray(1 << (_BITS - 3))
        index, bit = (number & ((1 << _BITS) - 1)) >> 3, 1 << (number & 7)
        if block[index] & bit:
            return False
        block[index] |= bit
        self._count += 1
        return True

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NumberSet) and self._blocks == other._blocks

    __hash__ = None  # type: ignore[assignment]


Row = InvoicePayment | Unreadable


class PageScan:
    """Scans the list of payments until a scan is known to be complete.

    :param pool: makes several requests at a time; pages are yielded in their own order,
        whatever the order of the responses.
    :param fetch: returns a page, counted from 1.
    :param changed_since: returns whether any payment was added or changed since
        a moment. Fortnox does not list deletions.
    :param stop_before: the date before which nothing needs to be read;
        ``None`` to read all.
    """

    def __init__(
        self,
        pool: WorkerPool,
        fetch: Callable[[int], Page],
        changed_since: Callable[[datetime], bool],
        stop_before: date | None,
    ) -> None:
        self._pool = pool
        self._fetch = fetch
        self._changed_since = changed_since
        self._stop_before = stop_before
        self._seen = NumberSet()
        self._first_scan: _Scan | None = None
        #: The number of payments, by Fortnox's ``@TotalResources``.
        self.total = 0
        #: The number of payments that were not read, since the scan stopped early.
        self.not_read = 0
        #: Rows without a readable number, which cannot be told apart.
        self.without_number: list[Unreadable] = []
        #: The number of expected pages, and of requests for them and for the check for
        #: changes after them that were not submitted yet.
        self.pages_to_take = 0
        self.pages_to_request = 0
        #: Whether it is known where the scan will stop.
        self.end_known = True

    @property
    def first_response_at(self) -> datetime | None:
        """Fortnox's time of the first response; a later time would miss changes."""
        return self._first_scan.first_response_at if self._first_scan else None

    @property
    def read(self) -> int:
        """The number of different payments that were read."""
        return len(self._seen) + len(self.without_number)

    def pages(self) -> Iterator[list[Row]]:
        """Read the list; yield each payment once, page by page.

        Rows without a number are in :attr:`without_number` at the end instead.

        :raises Unavailable: if the list keeps changing.
        """
        stop_before = self._stop_before
        earlier: list[_Scan] = []
        for attempt in range(ROUNDS):
            # A scan that stops early sees only a part of the list. Two such scans that agree are
            # proof if their pages were read sequentially; see _is_complete.
            scan = _Scan(stop_before, sequential=any(previous.stopped for previous in earlier))
            self._first_scan = self._first_scan or scan
            for page in self._scan_pages(scan):
                yield [row for row in page if self._seen.add(int(row.number))]
            self.without_number = scan.without_number
            if self._is_complete(scan, earlier):
                self.not_read = max(0, self.total - self.read) if scan.stopped else 0
                return
            log.warning("the list changed while it was read; reading it again (%s)", attempt + 1)
            earlier.append(scan)
            if scan.repeats:
                # Ties changed their order. Only a full scan shows whether all were read.
                stop_before = None
        raise Unavailable("FORTNOX_LIST_UNSTABLE", attempts=ROUNDS)

    def _scan_pages(self, scan: _Scan) -> Iterator[list[Row]]:
        page = self._pool.run(lambda: self._fetch(1))
        # Concurrent requests have no order in time; _is_complete does not assume one.
        max_in_flight = 1 if scan.sequential else MAX_IN_FLIGHT
        with Prefetch(self._pool, self._fetch, page, scan.stop_before, max_in_flight) as prefetch:
            number = 1
            while True:
                self.total = page.total
                rows = scan.take(page)
                last = number >= page.pages or not page.rows or scan.stopped
                if not scan.sorted:
                    prefetch.need_all()
                expected = prefetch.expected
                self.end_known = last or expected is not None
                self.pages_to_take = 0 if last else max(1, (expected or page.pages) - number)
                self.pages_to_request = max(0, self.pages_to_take - prefetch.in_flight) + (not last)
                if last and scan.pages > 1:
                    # Before the caller fetches the details of the last page: what changes
                    # meanwhile is read the next time, and need not repeat this scan.
                    scan.changed = self._request_changes(scan)
                yield rows
                if last:
                    return
                number += 1
                page = prefetch.take(number)

    def _is_complete(self, scan: _Scan, earlier: list[_Scan]) -> bool:
        """Return whether no payment that existed all the time can be missing.

        A deletion lowers the total, unless an addition compensates for it, and
        an addition shows as a change.

        Two complete scans with the same payments have missed none, whatever the
        order of their responses: at the last response of the first scan all of
        them existed, and any other payment would have made the total larger.
        For scans that stopped early this holds only if their pages were
        requested sequentially.
        """
        if not scan.stable_total:
            return False
        if scan.counts_match and (scan.pages == 1 or self._unchanged(scan.changed)):
            return True
        if earlier and scan.counts_match and scan.has_same_payments(earlier[-1]):
            both_sequential = scan.sequential and earlier[-1].sequential
            if both_sequential or scan.pages == 1 or not scan.stopped:
                return True
        same_total = all(
            previous.stable_total and previous.totals == scan.totals for previous in earlier
        )
        all_read = same_total and self.read == self.total
        return all_read and bool(earlier) and self._unchanged(self._request_changes(earlier[0]))

    def _request_changes(self, scan: _Scan) -> Future[bool] | None:
        """Request whether anything was added or changed since a scan began."""
        if scan.first_response_at is None:
            return None
        # A minute more: Fortnox's filter has minutes only, and may be exclusive.
        since = scan.first_response_at - _MINUTE
        return self._pool.submit(lambda: self._changed_since(since))

    def _unchanged(self, changed: Future[bool] | None) -> bool:
        return changed is not None and not self._pool.result(changed)


class _Scan:
    """One scan of the pages, and whether its counts are consistent."""

    def __init__(self, stop_before: date | None, *, sequential: bool = False) -> None:
        self.stop_before = stop_before
        self.sequential = sequential
        self._seen = NumberSet()
        self._rows = 0
        self._duplicates = 0
        self._first: date | None = None
        self._last: date | None = None
        self.sorted = True
        self.first_response_at: datetime | None = None
        #: Whether anything changed meanwhile; requested once the last page has arrived.
        self.changed: Future[bool] | None = None
        self.pages = 0
        self.totals: set[int] = set()
        self.without_number: list[Unreadable] = []
        self.stopped = False

    @property
    def stable_total(self) -> bool:
        """Whether Fortnox gave the same total with every page."""
        return len(self.totals) == 1

    @property
    def repeats(self) -> bool:
        """Whether a payment came on two pages, instead of another one."""
        return len(self._seen) + len(self.without_number) + self._duplicates < self._rows

    @property
    def counts_match(self) -> bool:
        """Whether each payment came once, and all came unless the scan stopped."""
        return not self.repeats and (self.stopped or self._rows in self.totals)

    def has_same_payments(self, other: _Scan) -> bool:
        return self.totals == other.totals and self._seen == other._seen

    @property
    def _newest_first(self) -> bool:
        """Whether the order is evident: a single date does not show it."""
        return self.sorted and self._first != self._last

    @property
    def _past_stop(self) -> bool:
        return (
            self.stop_before is not None
            and self._last is not None
            and self._last < self.stop_before
        )

    def take(self, page: Page) -> list[Row]:
        """Read the rows of a page; return those that have a number."""
        if not self.pages:
            self.first_response_at = page.at
        self.pages += 1
        self.totals.add(page.total)
        named: dict[str, Row] = {}
        for row in map(_row, page.rows):
            self._rows += 1
            if isinstance(row, InvoicePayment):
                self.sorted = self.sorted and (self._last is None or row.date <= self._last)
                self._first = self._first or row.date
                self._last = row.date
            elif not row.number:
                self.without_number.append(row)
                continue
            if row.number in named:
                # No change of the list explains this; it is still one payment.
                log.warning("payment %s is on one page twice", row.number)
                self._duplicates += 1
            self._seen.add(int(row.number))
            named.setdefault(row.number, row)
        self.stopped = self._newest_first and self._past_stop and self._rows < page.total
        return list(named.values())


def _row(raw: Any) -> Row:
    try:
        return payment_row(raw)
    except Unreadable as error:
        return error
