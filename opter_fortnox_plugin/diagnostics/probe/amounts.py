"""The meaning of amounts, inferred from payments in other currencies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from opter_contract.values import Text
from opter_fortnox_plugin.diagnostics.probe.client import CURRENCIES, ProbeClient
from opter_fortnox_plugin.diagnostics.probe.question import Questions
from opter_fortnox_plugin.diagnostics.probe.results import (
    NO_FOREIGN_PAYMENT,
    ProbeResult,
    Results,
    Undecided,
    page_in,
)
from opter_fortnox_plugin.fortnox.payment_schemas import InvoicePayment
from opter_fortnox_plugin.payments.exchange_rate import exchange_rate

#: The minimum distance of a rate from 1 to distinguish currencies, and the tolerance of a ratio.
_DISTINCT: Final = Decimal("0.2")
_NEAR: Final = Decimal("0.08")

QUESTIONS: Final = Questions()


@QUESTIONS.ask(
    foreign_payment=Text("Betalningar i annan valuta finns", "There are foreign payments")
)
def foreign_payment(client: ProbeClient) -> Results:
    currencies = sorted({row.currency for row in client.foreign_rows})
    where = (
        f"in {', '.join(currencies)}" if currencies else f"none, also by {', '.join(CURRENCIES)}"
    )
    yield ProbeResult("foreign_payment", bool(currencies), where)


@QUESTIONS.ask(
    list_amount=Text("Amount i listan för valuta", "Amount in the list, foreign payments")
)
def list_amount(client: ProbeClient) -> Results:
    for row, detail in client.foreign_payments:
        if detail.amount_currency is None or detail.amount == detail.amount_currency:
            continue
        if row.amount == detail.amount:
            yield ProbeResult("list_amount", "SEK")
            return
        if row.amount == detail.amount_currency:
            yield ProbeResult("list_amount", "currency")
            return
    raise Undecided(NO_FOREIGN_PAYMENT)


@QUESTIONS.ask(unit_divides=Text("CurrencyUnit delar kursen", "CurrencyUnit divides"))
def unit_divides(client: ProbeClient) -> Results:
    """Return whether ``CurrencyUnit`` divides the rate, by which rate fits the amounts."""
    details = [
        payment for _, payment in client.foreign_payments if payment.currency_unit not in (None, 1)
    ]
    counts = Counter(
        divides for detail in details if (divides := _unit_divides(detail)) is not None
    )
    if len(counts) > 1:
        raise Undecided(Text("inbetalningarna säger olika", "the payments contradict each other"))
    if not counts:
        raise Undecided(
            Text(
                "ingen inbetalning i en valuta med annan enhet än 1 stämmer med sin kurs",
                "no payment in a currency with another unit than 1 agrees with its rate",
            )
        )
    yield ProbeResult("unit_divides", next(iter(counts)))


def _unit_divides(detail: InvoicePayment) -> bool | None:
    if detail.amount_currency is None or detail.currency_rate is None:
        return None
    try:
        rate = exchange_rate(
            detail.amount, detail.amount_currency, detail.currency_rate, detail.currency_unit
        )
    except ValueError:
        return None
    return None if rate.warning else rate.value != detail.currency_rate


@QUESTIONS.ask(
    invoice_amounts=Text("Valuta i fakturans belopp", "Currency of an invoice's amounts")
)
def invoice_amounts(client: ProbeClient) -> Results:
    for _, detail in client.foreign_payments:
        number = detail.invoice_number
        if detail.write_offs or not detail.booked or len(client.payments_of(number)) != 1:
            continue
        response = client.get("invoices", documentnumber=number)
        for row in page_in(response, "Invoices").rows:
            if str(row.get("DocumentNumber")) == number and (
                answer := _currency_of_amounts(row, detail)
            ):
                yield ProbeResult("invoice_amounts", answer)
                return
    raise Undecided(NO_FOREIGN_PAYMENT)


def _currency_of_amounts(invoice: Mapping[str, Any], payment: InvoicePayment) -> str | None:
    """Return the currency of an invoice's amounts, by the effect of its only payment.

    ``None`` if the exchange rate is too close to 1 to tell.
    """
    total, balance = invoice.get("Total"), invoice.get("Balance")
    if not isinstance(total, int | Decimal) or not isinstance(balance, int | Decimal):
        return None
    paid, in_currency = Decimal(total) - Decimal(balance), payment.amount_currency
    if not in_currency or not paid:
        return None
    ratio, rate = paid / in_currency, payment.amount / in_currency
    if abs(rate - 1) < _DISTINCT:
        return None
    if abs(ratio - 1) < _NEAR:
        return "currency"
    return "SEK" if abs(ratio / rate - 1) < _NEAR else None


@QUESTIONS.ask(negative_payments=Text("Negativa inbetalningar", "Negative payments"))
def negative_payments(client: ProbeClient) -> Results:
    if not any(row.amount < 0 for row in client.payments):
        raise Undecided(
            Text(
                "ingen inbetalning är negativ, och det visar inte att det är förbjudet",
                "no payment is negative, which does not show that none may be",
            )
        )
    yield ProbeResult("negative_payments", answer=True)
