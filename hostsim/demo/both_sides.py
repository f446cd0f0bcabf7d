"""What went out and came in, summed here and in the sandbox, by currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from hostsim.ledger.values import REGISTERED, Bill, Entry, Invoice
from hostsim.sandbox import Company, Sandbox, seed
from hostsim.storage.store import Store
from hostsim.views.table import Column, Money
from opter_contract.values import Text

Document = TypeVar("Document", Invoice, Bill)


@dataclass(frozen=True, slots=True)
class Flow:
    """What went one way, in one currency, as each side has it."""

    name: Text
    currency: str
    here: Sequence[Decimal]
    there: Sequence[Decimal]

    @property
    def difference(self) -> Decimal:
        return _sum(self.here) - _sum(self.there)

    @property
    def differs(self) -> bool:
        """Whether the sums do, or the numbers: one of 0 changes no sum."""
        return bool(self.difference) or len(self.here) != len(self.there)


COLUMNS: tuple[Column[Flow], ...] = (
    Column("flow", Text("Flöde", "Flow"), lambda r: r.name),
    Column("currency", Text("Valuta", "Currency"), lambda r: r.currency),
    Column("count", Text("Antal", "Number"), lambda r: len(r.there), right=True),
    Column("here", Text("Här", "Here"), lambda r: Money(_sum(r.here)), right=True),
    Column("there", Text("I Fortnox", "In Fortnox"), lambda r: Money(_sum(r.there)), right=True),
    Column("difference", Text("Skillnad", "Difference"), lambda r: Money(r.difference), right=True),
)


def flows_of(
    store: Store, sandbox: Sandbox, numbers: Sequence[str], bill_numbers: Sequence[str]
) -> list[Flow]:
    """Return both sides of these invoices, their payments and these bills, by currency."""
    books = sandbox.state.companies[seed.COMPANY]
    invoices = _by_currency(row for row in store.invoices() if row.number in numbers)
    bills = _by_currency(row for row in store.bills() if row.number in bill_numbers)
    registered = [row for row in store.payments() if row.state == REGISTERED]
    return [
        *(_invoices_out(currency, rows, books) for currency, rows in invoices.items()),
        *(_payments_in(currency, rows, registered, books) for currency, rows in invoices.items()),
        *(_bills_out(currency, rows, books) for currency, rows in bills.items()),
    ]


def _by_currency(documents: Iterable[Document]) -> dict[str, list[Document]]:
    by_currency: dict[str, list[Document]] = {}
    for document in documents:
        by_currency.setdefault(document.currency, []).append(document)
    return by_currency


def _invoices_out(currency: str, invoices: Sequence[Invoice], books: Company) -> Flow:
    there = [books.invoice(int(invoice.number)) for invoice in invoices]
    return Flow(
        Text("Fakturor ut", "Invoices out"),
        currency,
        here=[invoice.total for invoice in invoices],
        there=[invoice.total for invoice in there if invoice is not None],
    )


def _payments_in(
    currency: str, invoices: Sequence[Invoice], registered: Sequence[Entry], books: Company
) -> Flow:
    numbers = [invoice.number for invoice in invoices]
    here = [row for row in registered if row.host_invoice_number in numbers]
    there = [payment for number in numbers for payment in books.payments_of(int(number))]
    return Flow(
        Text("Betalningar in", "Payments in"),
        currency,
        here=[row.amount_currency or row.amount for row in here],
        there=[payment.amount_currency or payment.amount for payment in there],
    )


def _bills_out(currency: str, bills: Sequence[Bill], books: Company) -> Flow:
    numbers = [bill.number for bill in bills]
    return Flow(
        Text("Avräkningar ut", "Settlements out"),
        currency,
        here=[bill.total for bill in bills],
        there=[
            row.fields["Total"]
            for row in books.registers.supplier_invoices.values()
            if not row.cancelled and row.fields.get("InvoiceNumber") in numbers
        ],
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
