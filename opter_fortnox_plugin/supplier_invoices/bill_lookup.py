"""The suppliers' bills in Fortnox, to know whether a bill of ours is there.

Fortnox cannot filter by a bill's own number, so its lists are read, and compared here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from opter_fortnox_plugin.errors import Refused
from opter_fortnox_plugin.exports.content import is_marked, is_of_another, is_ours
from opter_fortnox_plugin.exports.lists import Lists
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import NO_RIGHT, Unreadable, readable, text_in
from opter_fortnox_plugin.fortnox.protocol import OVERLAP, SUPPLIER_INVOICES, Page, modified_since
from opter_fortnox_plugin.fortnox.supplier_invoice_schemas import (
    SupplierInvoice,
    supplier_invoice_of,
)
from opter_fortnox_plugin.fortnox.worker_pool import WorkerPool
from opter_fortnox_plugin.supplier_invoices.content import identity_differences


class Candidates:
    """Supplier invoices, and which of them may be a bill of ours.

    :ivar numbers, cancelled: the given numbers of all, and of the cancelled ones.
    """

    def __init__(self, rows: Iterable[Any]) -> None:
        """Read rows of a list; some may be unreadable."""
        self._by_mark: dict[str, list[SupplierInvoice]] = {}
        self._cancelled_by_mark: dict[str, str] = {}
        self._by_number: dict[tuple[str, str], list[SupplierInvoice]] = {}
        self._unreadable: dict[tuple[str, str], Unreadable] = {}
        self.numbers: set[str] = set()
        self.cancelled: set[str] = set()
        for row in rows:
            try:
                bill = supplier_invoice_of(row)
            except Unreadable as error:
                self._unreadable[_key_of(row)] = error
                continue
            if bill.number in self.numbers:
                continue
            self.numbers.add(bill.number)
            if bill.cancelled:
                self.cancelled.add(bill.number)
                self._cancelled_by_mark[bill.external_reference] = bill.number
            else:
                self._by_mark.setdefault(bill.external_reference, []).append(bill)
                key = (bill.party_number, bill.invoice_number)
                self._by_number.setdefault(key, []).append(bill)

    def with_our_mark(self, ours: SupplierInvoice) -> list[SupplierInvoice]:
        """Return the invoices with our mark, of any supplier."""
        return self._by_mark.get(ours.external_reference, [])

    def cancelled_with_our_mark(self, ours: SupplierInvoice) -> str:
        """Return the given number of a cancelled invoice with our mark; ``""`` for none."""
        return self._cancelled_by_mark.get(ours.external_reference, "")

    def with_same_number(self, ours: SupplierInvoice) -> list[SupplierInvoice]:
        """Return the supplier's invoices with exactly this number and no mark of ours."""
        key = (ours.party_number, ours.invoice_number)
        return [
            bill
            for bill in self._by_number.get(key, ())
            if not is_ours(ours, bill) and not is_of_another(ours.external_reference, bill)
        ]

    def duplicates(self, is_adopted: Callable[[str], bool]) -> Iterable[Sequence[SupplierInvoice]]:
        """Yield equal invoices of a supplier of which one is ours and another has no mark.

        :param is_adopted: returns whether a bill of ours has adopted a given number.
        """
        for numbered in self._by_number.values():
            bills = [
                bill for bill in numbered if bill.external_reference or not is_adopted(bill.number)
            ]
            for bill in bills:
                equal = [other for other in bills if not identity_differences(bill, other)]
                marks = [other.external_reference for other in equal]
                if is_marked(bill) and (marks.count(bill.external_reference) > 1 or not all(marks)):
                    yield equal
                    break

    def unreadable(self, ours: SupplierInvoice) -> Unreadable | None:
        """Return the error of an unreadable row that may be this bill."""
        return next(
            (
                error
                for (supplier, number), error in self._unreadable.items()
                if supplier in {ours.party_number, NO_RIGHT}
                and number in {ours.invoice_number, NO_RIGHT}
            ),
            None,
        )


class SupplierLedger:
    """The suppliers' bills when the plan was made, and newer ones.

    :ivar candidates: the bills when the plan was made.
    """

    def __init__(self, client: Client, pool: WorkerPool) -> None:
        self._client = client
        self._lists = Lists(client, pool)
        self._read_at: datetime | None = None
        self.candidates = Candidates(())

    def read(self, suppliers: Iterable[str], *, everywhere: bool) -> None:
        """Read all bills of these suppliers, with as few requests as possible.

        :param everywhere: read those of other suppliers, too.
        """
        first = self._lists.first_page(SUPPLIER_INVOICES)
        self._read_at = first.at
        numbers = sorted(suppliers)
        few = first.pages <= len(numbers) + 1
        listed = None if everywhere or few else self._read_by_supplier(numbers, first)
        if listed is None:
            listed = [self._lists.all_rows(SUPPLIER_INVOICES, first)]
        self.candidates = Candidates(row for rows in listed for row in rows)

    def cancelled(self) -> list[SupplierInvoice]:
        """Read the cancelled bills of all suppliers; none where Fortnox refuses that filter."""
        first = self._lists.first_page_if_accepted(SUPPLIER_INVOICES, filter="cancelled")
        if first is None:
            return []
        rows = self._lists.all_rows(SUPPLIER_INVOICES, first, filter="cancelled")
        return [bill for bill in readable(supplier_invoice_of, rows) if bill.cancelled]

    def _read_by_supplier(self, suppliers: Sequence[str], first: Page) -> list[list[Any]] | None:
        """Read the bills of each supplier; ``None`` if Fortnox does not support that filter.

        The filter is not in its specification, so it is tried on a supplier that has bills.
        """
        known_supplier, _ = _key_of(first.rows[0])
        probe = self._lists.first_page_if_accepted(SUPPLIER_INVOICES, suppliernumber=known_supplier)
        if probe is None or not 0 < probe.total < first.total:
            return None
        waits = [
            self._lists.start(SUPPLIER_INVOICES, suppliernumber=supplier) for supplier in suppliers
        ]
        return [wait() for wait in waits]

    def newer(self) -> Candidates:
        """Read newer bills, in the thread of a request; Fortnox may ignore the filter."""
        query = modified_since(self._read_at - OVERLAP) if self._read_at else {}
        try:
            rows = list(self._client.rows(SUPPLIER_INVOICES, query))
        except Refused:
            rows = list(self._client.rows(SUPPLIER_INVOICES, {}))
        seen = self.candidates.numbers
        return Candidates(row for row in rows if text_in(row, "GivenNumber") not in seen)


def _key_of(row: Any) -> tuple[str, str]:
    return text_in(row, "SupplierNumber"), text_in(row, "InvoiceNumber")
