"""What a payment takes from its invoice, what is written off with it included."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from hostsim.ledger.candidates import Candidate
from hostsim.ledger.values import ORE, SEK, ZERO, exact, same_currency
from hostsim.messages import payments as payments_messages
from opter_contract.values import Payment, Text


@exact
def effect_of(payment: Payment) -> Decimal | None:
    """Return by how much a payment lowers the balance of its invoice, in the invoice's currency.

    Write-offs in the payment's own currency count as they are; those in SEK, and those
    whose currency the source does not name, at the payment's rate, rounded half up to two
    decimals. ``None`` if the figures for it are not known.
    """
    own, in_sek = _sum_write_offs(payment)
    if payment.currency == SEK:
        return payment.amount + own
    if payment.amount_currency is None:
        return None
    if not in_sek:
        return payment.amount_currency + own
    rate = payment.exchange_rate
    if rate is None or rate <= 0:
        return None
    return payment.amount_currency + own + (in_sek / rate).quantize(ORE, ROUND_HALF_UP)


@exact
def other_effect_of(payment: Payment) -> Decimal | None:
    """Return the effect with write-offs of unclear currency read as the payment's currency.

    ``None`` if there is no other reading.
    """
    own, in_sek = _sum_write_offs(payment)
    if not in_sek or payment.amount_currency is None:
        return None
    return payment.amount_currency + own + in_sek


def read_effect(
    candidate: Candidate, sign: int, remaining: Decimal
) -> tuple[Decimal | None, Sequence[Text]]:
    """Return the effect; if the source says the invoice is paid, by the reading that pays it."""
    payment = candidate.payment
    effect = signed_effect(payment, sign)
    if payment is None or not candidate.nothing_left or effect == remaining:
        return effect, ()
    other = other_effect_of(payment)
    if other is None or sign * other != remaining:
        return effect, ()
    return remaining, (payments_messages.written_off_in(payment.currency),)


def signed_effect(payment: Payment | None, sign: int) -> Decimal | None:
    effect = None if payment is None else effect_of(payment)
    return None if effect is None else sign * effect


def _sum_write_offs(payment: Payment) -> tuple[Decimal, Decimal]:
    """Sum up write-offs in the payment's currency; and those in SEK, if that is another one."""
    own = in_sek = ZERO
    for write_off in payment.write_offs:
        if payment.currency == SEK or same_currency(write_off.currency, payment.currency):
            own += write_off.amount
        else:
            in_sek += write_off.amount
    return own, in_sek


def lowers_balance(effect: Decimal | None, payment: Payment | None, sign: int) -> bool:
    if effect is None and payment is not None:
        effect = sign * payment.amount
    return effect is None or effect >= 0
