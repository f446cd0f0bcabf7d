"""OCR references of invoices that the host does not know by number.

Looked up once and cached with the host, by company: one request for each, or in
pages of the invoice list, whichever takes fewer. Since the number of further
lookups is unknown, the list is read once single requests would have cost as much:
that takes at most twice the optimum.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final

from opter_contract.values import Company, Text
from opter_fortnox_plugin.errors import FortnoxError, Missing
from opter_fortnox_plugin.fortnox.best_effort import REFUSALS, BestEffort
from opter_fortnox_plugin.fortnox.fields import Unreadable, readable
from opter_fortnox_plugin.fortnox.payment_schemas import invoice_ocr
from opter_fortnox_plugin.fortnox.protocol import INVOICES, invoices_query
from opter_fortnox_plugin.fortnox.worker_pool import cancel
from opter_fortnox_plugin.session import Session

#: The maximum number that are requested one by one after the complete list lacked them.
MAX_SINGLE_LOOKUPS: Final = 5

#: Invoice numbers stored under one key, so that no value grows too large.
_BLOCK: Final = 1000


class OcrLookup:
    """The OCR references of one company's Fortnox.

    :param seconds_left: the time for this number of requests in addition to the pending
        ones; ``None`` while that is unknown.
    """

    def __init__(
        self, session: Session, company: Company, seconds_left: Callable[[int], float | None]
    ) -> None:
        self._client = session.client
        self._effort = BestEffort(session.pool, REFUSALS)
        self._host = session.host
        self._company = company
        self._seconds_left = seconds_left
        self._blocks: dict[int, dict[str, str]] = {}
        self._changed: set[int] = set()
        self._next_page = 1
        self._pages: int | None = None
        self._single_requests = 0
        #: Whether the list had unreadable rows.
        self._unreadable_rows = False
        #: The refusal after which no more invoices are looked up.
        self.refused: FortnoxError | None = None

    def references(self, numbers: Collection[str]) -> dict[str, str]:
        """Return the OCR reference of each invoice, ``""`` for one that has none.

        Those that could not be looked up are missing: see :attr:`refused`.
        """
        unknown = {number for number in numbers if self._cached(number) is None}
        if len(unknown) > 1:
            unknown = self._search_list(unknown)
        if len(unknown) > MAX_SINGLE_LOOKUPS and self._read_whole_list:
            if not self._unreadable_rows:
                # The complete list did not contain them.
                self._cache(dict.fromkeys(unknown, ""))
            unknown = set()
        self._request_each(sorted(unknown, key=int))
        self._store()
        looked_up = {number: self._cached(number) for number in numbers}
        if self.refused is None:
            return {number: ocr or "" for number, ocr in looked_up.items()}
        return {number: ocr for number, ocr in looked_up.items() if ocr is not None}

    def _request_each(self, numbers: Sequence[str]) -> None:
        """Request invoices one by one, concurrently."""
        if self.refused is not None:
            return
        self._single_requests += len(numbers)
        futures = [self._effort.submit(partial(self._fetch, number)) for number in numbers]
        for done, (number, future) in enumerate(zip(numbers, futures, strict=True)):
            left = self._seconds_left(0)
            self._host.report_progress("invoices", done, len(numbers), _LOOKING_UP, left)
            reference = self._effort.result(future)
            if isinstance(reference, FortnoxError):
                self.refused = reference
                cancel(futures[done + 1 :])
                return
            if reference is not None:
                self._cache({number: reference})

    def _search_list(self, unknown: set[str]) -> set[str]:
        """Read the list while that takes fewer requests; return the still unknown numbers."""
        while unknown and not self._read_whole_list and self.refused is None:
            pages = 1 if self._pages is None else self._pages - self._next_page + 1
            if self._pages is not None and pages >= len(unknown) + self._single_requests:
                break
            done, left = self._next_page - 1, self._seconds_left(pages)
            self._host.report_progress("invoices", done, self._pages, _LOOKING_UP, left)
            fetch = partial(self._client.page, INVOICES, invoices_query(self._next_page))
            page = self._effort.result(self._effort.submit(fetch))
            if isinstance(page, FortnoxError):
                self.refused = page
                break
            self._pages = page.pages
            self._next_page += 1
            rows = readable(invoice_ocr, page.rows)
            self._unreadable_rows = self._unreadable_rows or len(rows) < len(page.rows)
            unknown_to_host = {row.number for row in rows} - self._host.known_invoices(
                {row.number for row in rows}
            )
            self._cache(
                {row.number: row.ocr for row in rows if row.number in unknown_to_host | unknown}
            )
            unknown = {number for number in unknown if self._cached(number) is None}
        return unknown

    @property
    def _read_whole_list(self) -> bool:
        return self._pages is not None and self._next_page > self._pages

    def _fetch(self, number: str) -> str | None:
        """Return an invoice's reference; ``None`` if it is unreadable."""
        try:
            row = invoice_ocr(self._client.get(INVOICES, number))
        except Missing:
            return ""
        except Unreadable:
            return None
        return row.ocr if row.number == number else None

    # --- the cache ---

    def _cached(self, number: str) -> str | None:
        return self._block(int(number) // _BLOCK).get(number)

    def _block(self, index: int) -> dict[str, str]:
        if index not in self._blocks:
            self._blocks[index] = _parse_block(self._host.get_state(self._key(index)))
        return self._blocks[index]

    def _cache(self, references: Mapping[str, str]) -> None:
        for number, ocr in references.items():
            index = int(number) // _BLOCK
            self._block(index)[number] = ocr
            self._changed.add(index)

    def _store(self) -> None:
        for index in sorted(self._changed):
            value = json.dumps(self._blocks[index], separators=(",", ":"))
            self._host.set_state(self._key(index), value)
        self._changed.clear()

    def _key(self, index: int) -> str:
        return f"ocr/{self._company.number}/{index}"


_LOOKING_UP: Final = Text(
    "Slår upp OCR-nummer för fakturor som inte finns här",
    "Looking up OCR references of invoices that are not here",
)


def _parse_block(stored: str | None) -> dict[str, str]:
    try:
        value = json.loads(stored) if stored else {}
    except (ValueError, RecursionError):
        return {}
    return {str(n): str(o) for n, o in value.items()} if isinstance(value, dict) else {}
