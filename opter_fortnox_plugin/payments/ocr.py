"""OCR references of invoices that the host does not know by number.

Looked up once and remembered with the host, by company: one request for each,
or in pages of the invoice list, whichever takes fewer. Nobody knows how many
are still to come, so the list is read as soon as those that were asked for one
by one would have paid for it: that costs at most twice what would have been
best.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final

from opter_contract.values import Text
from opter_fortnox_plugin.errors import Missing
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.schemas import InvoiceOcr, Unreadable, invoice_ocr
from opter_fortnox_plugin.fortnox.worker_pool import Executor
from opter_fortnox_plugin.host import Host

#: So many are asked for one by one although the whole list did not have them.
MAX_SINGLE_LOOKUPS: Final = 5

#: Invoice numbers kept under one key, so that no value grows too large.
_BLOCK: Final = 1000


class OcrLookup:
    """The OCR references of one company's Fortnox.

    :param seconds_left: how long so many requests more will take, with all that
        are to come anyhow; ``None`` where nothing tells.
    """

    def __init__(
        self,
        client: Client,
        host: Host,
        executor: Executor,
        company: str,
        *,
        seconds_left: Callable[[int], float | None],
    ) -> None:
        self._client = client
        self._executor = executor
        self._host = host
        self._company = company
        self._seconds_left = seconds_left
        self._blocks: dict[int, dict[str, str]] = {}
        self._changed: set[int] = set()
        self._next_page = 1
        self._pages: int | None = None
        self._asked_singly = 0
        #: Whether the list had rows that cannot be read today.
        self._hidden = False

    def references(self, numbers: Collection[str]) -> dict[str, str]:
        """Return the OCR reference of each invoice, ``""`` for one that has none."""
        unknown = {number for number in numbers if self._kept(number) is None}
        if len(unknown) > 1:
            unknown = self._look_through_list(unknown)
        if len(unknown) > MAX_SINGLE_LOOKUPS and self._read_whole_list:
            if not self._hidden:
                # Every invoice was seen, and these were not among them.
                self._remember(dict.fromkeys(unknown, ""))
            unknown = set()
        self._look_up(sorted(unknown, key=int))
        self._store()
        return {number: self._kept(number) or "" for number in numbers}

    def _look_up(self, numbers: Sequence[str]) -> None:
        """Ask for invoices one by one, several at a time."""
        self._asked_singly += len(numbers)
        futures = [self._executor.submit(partial(self._ask, number)) for number in numbers]
        for done, (number, future) in enumerate(zip(numbers, futures, strict=True)):
            left = self._seconds_left(0)
            self._host.report_progress("invoices", done, len(numbers), _LOOKING_UP, left)
            if (reference := self._executor.result(future)) is not None:
                self._remember({number: reference})

    def _look_through_list(self, unknown: set[str]) -> set[str]:
        """Read on in the list while that takes fewer requests; return what is still unknown."""
        while unknown and not self._read_whole_list:
            pages = 1 if self._pages is None else self._pages - self._next_page + 1
            if self._pages is not None and pages >= len(unknown) + self._asked_singly:
                break
            done, left = self._next_page - 1, self._seconds_left(pages)
            self._host.report_progress("invoices", done, self._pages, _LOOKING_UP, left)
            page = self._executor.result(
                self._executor.submit(partial(self._client.invoices, self._next_page))
            )
            self._pages = page.pages
            self._next_page += 1
            rows = [row for raw in page.rows if (row := readable(raw))]
            self._hidden = self._hidden or len(rows) < len(page.rows)
            unknown_to_host = {row.number for row in rows} - self._host.known_invoices(
                {row.number for row in rows}
            )
            self._remember(
                {row.number: row.ocr for row in rows if row.number in unknown_to_host | unknown}
            )
            unknown = {number for number in unknown if self._kept(number) is None}
        return unknown

    @property
    def _read_whole_list(self) -> bool:
        return self._pages is not None and self._next_page > self._pages

    def _ask(self, number: str) -> str | None:
        """Return an invoice's reference; ``None`` where it cannot be read today."""
        try:
            row = readable(self._client.invoice(number))
        except Missing:
            return ""
        return row.ocr if row and row.number == number else None

    # --- what is remembered ---

    def _kept(self, number: str) -> str | None:
        return self._block(int(number) // _BLOCK).get(number)

    def _block(self, index: int) -> dict[str, str]:
        if index not in self._blocks:
            self._blocks[index] = _mapping(self._host.get_state(self._key(index)))
        return self._blocks[index]

    def _remember(self, references: Mapping[str, str]) -> None:
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
        return f"ocr/{self._company}/{index}"


_LOOKING_UP: Final = Text(
    "Slår upp OCR-nummer för fakturor som inte finns här",
    "Looking up OCR references of invoices that are not here",
)


def readable(raw: object) -> InvoiceOcr | None:
    """Read number and reference of an invoice; ``None`` where that is not possible."""
    try:
        return invoice_ocr(raw)
    except Unreadable:
        return None


def _mapping(kept: str | None) -> dict[str, str]:
    try:
        value = json.loads(kept) if kept else {}
    except (ValueError, RecursionError):
        return {}
    return {str(n): str(o) for n, o in value.items()} if isinstance(value, dict) else {}
