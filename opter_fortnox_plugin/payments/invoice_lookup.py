"""The payments of single invoices, looked up for a person.

Fortnox finds payments by ``invoicenumber``, and invoices by ``ocr`` and ``customernumber``, so a
lookup takes a handful of requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from opter_contract.values import (
    Company,
    ExcludedPayment,
    ImportReport,
    InvoiceBalance,
    Payment,
    Run,
    Text,
)
from opter_fortnox_plugin.errors import FortnoxError
from opter_fortnox_plugin.fortnox.best_effort import REFUSALS, BestEffort
from opter_fortnox_plugin.fortnox.fields import readable
from opter_fortnox_plugin.fortnox.payment_schemas import InvoicePayment, invoice_ocr
from opter_fortnox_plugin.fortnox.protocol import INVOICES, PAYMENTS, invoices_query, payments_query
from opter_fortnox_plugin.payments.balances import Balances, is_invoice_number
from opter_fortnox_plugin.payments.importer import Importer, import_payments
from opter_fortnox_plugin.payments.page_scan import PageScan, Row
from opter_fortnox_plugin.payments.settings import Settings
from opter_fortnox_plugin.payments.settlement_lookup import SettlementLookup
from opter_fortnox_plugin.session import Session


def read_payments(
    run: Run, invoice_numbers: Sequence[str], references: Sequence[str]
) -> ImportReport:
    """Hand over every payment of these invoices, with the reasons of an import.

    :raises FortnoxError: if a person must act.
    """
    importer = partial(_InvoicePayments, numbers=invoice_numbers, references=references)
    return import_payments(run, importer=importer)


class _InvoicePayments(Importer):
    def __init__(
        self,
        session: Session,
        company: Company,
        settings: Settings,
        *,
        numbers: Sequence[str],
        references: Sequence[str],
    ) -> None:
        super().__init__(session, company, settings)
        self._numbers = numbers
        self._references = references
        self._customers: dict[str, str] = {}  # by invoice number

    def run(self) -> ImportReport:
        self._host.report_progress("reading", 0, None, _READING)
        numbers = {number for number in self._numbers if is_invoice_number(number)}
        for reference in filter(None, self._references):
            numbers.update(self._invoices_with(reference))
        sorted_numbers = sorted(numbers, key=int)
        rows = [row for number in sorted_numbers for row in self._rows_of(number)]
        if self._host.takes_balances():
            balances = Balances(self._session)
            invoices = balances.hand_over(sorted_numbers)
            self._notes += balances.notes
            rows += self._other_halves(invoices, rows)
        self._add_page(rows)
        self._hand_over(may_wait=0)
        self._confirmation.check_registered()
        return self._report(None, 0)

    def _rows_of(self, number: str) -> list[Row]:
        page_scan = self._page_scan = PageScan(
            self._pool,
            lambda page: self._client.page(PAYMENTS, payments_query(page, None, number)),
            lambda moment: self._client.page(PAYMENTS, payments_query(1, moment, number)).total > 0,
            None,
        )
        pages = [row for page in page_scan.pages() for row in page]
        return [row for row in (*pages, *page_scan.without_number) if _may_pay(row, number)]

    def _other_halves(
        self, invoices: Sequence[InvoiceBalance], rows: Sequence[Row]
    ) -> list[InvoicePayment]:
        """Return what may settle payments of these invoices."""
        lookup = SettlementLookup(self._client, self._pool)
        others: list[InvoicePayment] = []
        for invoice in invoices:
            found = lookup.other_halves(invoice, _payments_of(rows, invoice.invoice_number))
            numbers = {invoice.invoice_number, *(other.invoice_number for other in found)}
            self._customers |= dict.fromkeys(numbers, invoice.customer_number)
            others += found
        self._notes += lookup.notes
        return others

    def _hand_over_outcomes(self, outcomes: Sequence[Payment | ExcludedPayment | None]) -> None:
        super()._hand_over_outcomes([self._with_customer(outcome) for outcome in outcomes])

    def _with_customer(
        self, outcome: Payment | ExcludedPayment | None
    ) -> Payment | ExcludedPayment | None:
        payment = outcome.payment if isinstance(outcome, ExcludedPayment) else outcome
        customer = self._customers.get(payment.invoice_number) if payment is not None else None
        if payment is None or customer is None:
            return outcome
        payment = replace(payment, customer_number=customer)
        return (
            replace(outcome, payment=payment) if isinstance(outcome, ExcludedPayment) else payment
        )

    def _invoices_with(self, reference: str) -> set[str]:
        """Return the numbers of the invoices with exactly this reference, if they may be read."""
        effort = BestEffort(self._pool, REFUSALS)
        query = invoices_query(1, reference)
        rows = effort.result(effort.submit(lambda: list(self._client.rows(INVOICES, query))))
        if isinstance(rows, FortnoxError):
            if not self._numbers:
                raise rows
            self._notes.append(_not_searched(rows))
            return set()
        return {row.number for row in readable(invoice_ocr, rows) if row.ocr == reference}


def _payments_of(rows: Sequence[Row], invoice_number: str) -> list[InvoicePayment]:
    return [
        row
        for row in rows
        if isinstance(row, InvoicePayment) and row.invoice_number == invoice_number
    ]


def _may_pay(row: Row, invoice_number: str) -> bool:
    """Return whether a row may be a payment of this invoice.

    Fortnox finds those of every invoice whose number contains these digits. An unreadable row
    may have no invoice number.
    """
    return row.invoice_number in {invoice_number, None}


def _not_searched(error: FortnoxError) -> Text:
    return Text(
        f"Fakturor kunde inte sökas på OCR-nummer i Fortnox ({error.code}): {error.message.sv}",
        f"Invoices could not be searched by OCR reference in Fortnox ({error.code}): "
        f"{error.message.en}",
    )


_READING: Final = Text(
    "Läser fakturans betalningar i Fortnox", "Reading the invoice's payments in Fortnox"
)
