"""Payments that a person types: whether they can be registered, and what is doubtful."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import NamedTuple

from hostsim.errors import Doubt, HostError, host_error
from hostsim.ledger.amounts import MAX_AMOUNT, suggest_amounts
from hostsim.ledger.decisions import MAX_DAYS_APART
from hostsim.ledger.values import EXACT, ORE, SEK, Invoice, same_currency
from hostsim.messages import decisions as decisions_messages
from hostsim.messages import hand_payments as hand_payments_messages
from opter_contract.values import Payment, PaymentKey

#: The source of a payment that was typed.
SOURCE = "hand"

#: A higher rate is a typing error.
MAX_EXCHANGE_RATE = Decimal(1_000_000)


class TypedPayment(NamedTuple):
    """A payment as a person types it."""

    invoice_number: str
    amount: Decimal  # in the invoice's currency; negative for a refund
    date: date | None = None  # None is today
    region: str = ""
    bank_account: str = ""
    currency: str = ""  # "" is the invoice's
    rate: Decimal | None = None  # SEK for one unit; None for SEK
    key: str = ""  # the same key again is the same payment


class EarlierPayment(NamedTuple):
    """A registered payment of the same invoice."""

    id: int
    number: str | None  # at its source; None if it was typed
    date: date
    amount: Decimal  # in its currency
    currency: str
    exchange_rate: Decimal | None
    user: str
    at: datetime


def payment_of_typed(typed: TypedPayment, invoice: Invoice, today: date) -> Payment:
    """Return a payment that can be registered on its invoice.

    :raises HostError: ``PAYMENT_PERIOD_OPEN``, ``PAYMENT_TOO_LARGE``, ``PAYMENT_AMOUNT``,
        ``PAYMENT_CURRENCY``, ``PAYMENT_RATE``.
    """
    _refuse_unregistrable(typed, invoice)
    in_sek, rate = same_currency(invoice.currency, SEK), typed.rate
    with localcontext(EXACT):
        amount = typed.amount.quantize(ORE)
        sek = amount if rate is None else (amount * rate).quantize(ORE, ROUND_HALF_UP)
    return Payment(
        key=PaymentKey("", ""),
        source=SOURCE,
        invoice_number=invoice.number,
        ocr=None,
        date=typed.date or today,
        amount=sek,
        currency=SEK if in_sek else invoice.currency.strip().upper(),
        amount_currency=amount,
        exchange_rate=rate,
    )


def _refuse_unregistrable(typed: TypedPayment, invoice: Invoice) -> None:
    if not invoice.period_closed:
        raise host_error("PAYMENT_PERIOD_OPEN", number=invoice.number)
    if typed.amount.is_finite() and abs(typed.amount) > MAX_AMOUNT:
        shown = str(typed.amount)[:50]
        raise host_error("PAYMENT_TOO_LARGE", amount=shown, most=f"{MAX_AMOUNT:f}")
    if not _is_money(typed.amount):
        raise wrong_amount_error(str(typed.amount))
    if typed.currency and not same_currency(typed.currency, invoice.currency):
        raise host_error(
            "PAYMENT_CURRENCY",
            number=invoice.number,
            invoice=invoice.currency,
            currency=typed.currency,
        )
    if same_currency(invoice.currency, SEK):
        is_rate_valid = typed.rate is None
    else:
        is_rate_valid = typed.rate is not None and _is_rate(typed.rate)
    if not is_rate_valid:
        raise host_error("PAYMENT_RATE", number=invoice.number, invoice=invoice.currency)


def wrong_amount_error(text: str) -> HostError:
    """Return the error of an unreadable amount, with the amounts that may have been meant."""
    return host_error("PAYMENT_AMOUNT", amount=text[:50], meant=suggest_amounts(text[:50]))


def _is_money(amount: Decimal) -> bool:
    if not amount.is_finite() or not amount:
        return False
    return amount == amount.quantize(ORE)


def _is_rate(rate: Decimal) -> bool:
    exponent = rate.as_tuple().exponent
    return rate.is_finite() and 0 < rate <= MAX_EXCHANGE_RATE and int(exponent) >= -12


# --- What is doubtful -------------------------------------------------------------


def doubts_about(
    invoice: Invoice,
    payment: Payment,
    earlier: Sequence[EarlierPayment],
    known_rate: Decimal | None,
    today: date,
) -> list[Doubt]:
    """Return the doubts that a person has to confirm before the payment is registered.

    :param earlier: the registered payments of the invoice, latest first.
    :param known_rate: the last rate of the currency, if no payment of the invoice has one.
    """
    rate = next((payment.exchange_rate for payment in earlier if payment.exchange_rate), known_rate)
    paid = sum((payment.amount for payment in earlier), Decimal(0))
    return [
        *_doubt_about_date(payment.date, today),
        *_doubt_about_amount(invoice, _amount_of(payment), paid),
        *_doubt_about_rate(payment, rate),
        *_doubt_about_others(payment, earlier),
    ]


def _doubt_about_date(day: date, today: date) -> Iterator[Doubt]:
    first = _year_before(today)
    if not first <= day <= today:
        yield Doubt("date", hand_payments_messages.doubtful_date(day, first, today))


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year - 1, day=28)


def _doubt_about_amount(invoice: Invoice, amount: Decimal, paid: Decimal) -> Iterator[Doubt]:
    """Doubt more than remains, and a refund of more than was paid; a credit note mirrored."""
    sign = -1 if invoice.total < 0 else 1
    remaining = sign * invoice.remaining
    if sign * amount > 0 >= remaining:
        yield Doubt("amount", hand_payments_messages.nothing_remains(-remaining, invoice.currency))
    elif sign * amount > max(remaining, Decimal(0)):
        yield Doubt(
            "amount",
            hand_payments_messages.more_than_remains(amount, invoice.remaining, invoice.currency),
        )
    elif sign * amount < min(-sign * paid, Decimal(0)):
        yield Doubt(
            "amount", hand_payments_messages.more_than_was_paid(amount, paid, invoice.currency)
        )


def _doubt_about_rate(payment: Payment, known_rate: Decimal | None) -> Iterator[Doubt]:
    rate = payment.exchange_rate
    if rate is None:
        return
    if known_rate is None:
        yield Doubt("rate", hand_payments_messages.first_rate(rate, payment.currency))
    elif 3 * abs(rate - known_rate) > known_rate:
        yield Doubt(
            "rate", hand_payments_messages.doubtful_rate(rate, known_rate, payment.currency)
        )


def _doubt_about_others(payment: Payment, earlier: Sequence[EarlierPayment]) -> Iterator[Doubt]:
    for registered in earlier:
        is_near = abs((registered.date - payment.date).days) <= MAX_DAYS_APART
        if is_near and registered.amount == _amount_of(payment):
            author = decisions_messages.by_whom(registered.user, registered.at)
            message = hand_payments_messages.identical(
                registered.id,
                registered.amount,
                registered.currency,
                registered.date,
                who=author,
                number=registered.number,
            )
            yield Doubt("identical", message)


def _amount_of(payment: Payment) -> Decimal:
    """Return the amount in the invoice's currency."""
    return payment.amount if payment.amount_currency is None else payment.amount_currency
