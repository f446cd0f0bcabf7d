"""The other halves of settlements: payments of the customer's other invoices.

Fortnox has no function to offset a credit note: people enter two payments of one date, one of
them negative. Each half alone looks like money that came, or was paid back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from opter_contract.values import InvoiceBalance, Text
from opter_fortnox_plugin.errors import FortnoxError
from opter_fortnox_plugin.fortnox.best_effort import BestEffort
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import readable
from opter_fortnox_plugin.fortnox.payment_schemas import InvoicePayment, payment_row
from opter_fortnox_plugin.fortnox.protocol import INVOICES, PAYMENTS, invoices_query, payments_query
from opter_fortnox_plugin.fortnox.worker_pool import WorkerPool
from opter_fortnox_plugin.payments.balances import balances_of

#: The maximum number of other invoices whose payments are read for one invoice.
MAX_INVOICES: Final = 50


class SettlementLookup:
    """Searches the invoices of a customer for the other half of a settlement."""

    def __init__(self, client: Client, pool: WorkerPool) -> None:
        self._client = client
        self._effort = BestEffort(pool)
        self._unread = 0

    @property
    def notes(self) -> list[Text]:
        """Notes for a person on what could not be searched."""
        too_many = [_too_many(self._unread)] if self._unread else []
        return too_many + [_not_searched(why) for why in self._effort.failed]

    def other_halves(
        self, invoice: InvoiceBalance, payments: Iterable[InvoicePayment]
    ) -> list[InvoicePayment]:
        """Return the payments that may settle those of an invoice, and those that these settle.

        With all others of their invoices: a half settles one other alone, and a credit note
        may be used up.
        """
        halves = [row for row in payments if (row.amount < 0) == (invoice.total < 0) and row.amount]
        if not halves or not invoice.customer_number:
            return []
        invoices = self._invoices_of_customer(invoice)
        others = self._settling(halves, [one for one in invoices if _is_opposite(one, invoice)])
        if not others:
            return []
        rest = [one for one in invoices if not _is_opposite(one, invoice)]
        return others + self._settling(others, rest)

    def _invoices_of_customer(self, invoice: InvoiceBalance) -> list[InvoiceBalance]:
        """Return the other invoices and credit notes of an invoice's customer, newest first."""
        customer = invoice.customer_number
        search = partial(self._client.page, INVOICES, invoices_query(1, customer=customer))
        page = self._effort.result(self._effort.submit(search))
        if isinstance(page, FortnoxError):
            return []
        invoices = balances_of(page.rows)
        # Beyond the first page, or unreadable.
        self._unread += max(0, page.total - len(invoices))
        return [
            other
            for other in invoices
            # Fortnox finds every customer whose number contains this one.
            if other.customer_number == customer
            and other.currency == invoice.currency
            and other.invoice_number != invoice.invoice_number
        ]

    def _settling(
        self, halves: Sequence[InvoicePayment], invoices: Sequence[InvoiceBalance]
    ) -> list[InvoicePayment]:
        self._unread += len(invoices[MAX_INVOICES:])
        numbers = [one.invoice_number for one in invoices[:MAX_INVOICES]]
        return [
            other
            for payments in self._payments_of(numbers)
            if any(_settles(other, half) for other in payments for half in halves)
            for other in payments
        ]

    def _payments_of(self, numbers: Sequence[str]) -> Iterator[list[InvoicePayment]]:
        """Return the payments of each of these invoices."""
        futures = [
            self._effort.submit(
                partial(self._client.page, PAYMENTS, payments_query(1, None, number))
            )
            for number in numbers
        ]
        for number, future in zip(numbers, futures, strict=True):
            page = self._effort.result(future)
            if isinstance(page, FortnoxError):
                continue
            payments = readable(payment_row, page.rows)
            self._unread += len(payments) < page.total
            # Fortnox finds those of every invoice whose number contains these digits.
            yield [one for one in payments if one.invoice_number == number]


def _is_opposite(invoice: InvoiceBalance, other: InvoiceBalance) -> bool:
    return (invoice.total < 0) != (other.total < 0)


def _settles(other: InvoicePayment, half: InvoicePayment) -> bool:
    """Return whether two payments may be a settlement.

    In another currency only the details tell: the amounts in SEK depend on the rates.
    """
    if (other.date, other.currency) != (half.date, half.currency):
        return False
    if other.currency == "SEK":
        return other.amount == -half.amount
    return (other.amount < 0) != (half.amount < 0)


def _too_many(count: int) -> Text:
    return Text(
        f"{count} av kundens fakturor söktes inte igenom efter kvittningar i Fortnox",
        f"{count} of the customer's invoices were not searched for settlements in Fortnox",
    )


def _not_searched(why: Text) -> Text:
    return Text(
        f"Kundens fakturor kunde inte sökas igenom efter kvittningar i Fortnox. {why.sv}",
        f"The customer's invoices could not be searched for settlements in Fortnox. {why.en}",
    )
