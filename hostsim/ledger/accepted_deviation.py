"""What is missing after the last payment of an invoice is written off, up to the office's limit."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from hostsim.ledger.values import ORE, SEK
from opter_contract.values import Payment


def shortfall_to_write_off(
    remaining: Decimal, payment: Payment | None, accepted_deviation: Decimal
) -> Decimal | None:
    """Return the SEK to write off after the last payment; ``None`` if it is too much."""
    shortfall = _in_sek(remaining, payment)
    if shortfall is None or shortfall > accepted_deviation:
        return None
    return shortfall.quantize(ORE, ROUND_HALF_UP)


def _in_sek(amount: Decimal, payment: Payment | None) -> Decimal | None:
    if payment is None:
        return None
    if payment.currency == SEK:
        return amount
    if payment.exchange_rate is None or payment.exchange_rate <= 0:
        return None
    return amount * payment.exchange_rate
