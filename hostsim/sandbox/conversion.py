"""An amount in SEK, the same in a currency, and the rate: what agrees, and what is refused.

As documented, ``Amount`` is ``AmountCurrency`` × ``CurrencyRate``; the rate of SEK is 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hostsim.sandbox.errors import FIELD_MISSING, Refused
from hostsim.sandbox.fields import decimal_of, decimals, no_data, rounded
from hostsim.sandbox.switches import Switches

ONE = Decimal(1)

#: What the amounts of a payment follow from.
PARTS = {"amount", "amount_currency", "currency", "currency_rate", "currency_unit"}


def sek_for_one(rate: Decimal, unit: int, switches: Switches) -> Decimal:
    """Return what one of a currency is worth: a rate is of the unit, or of one all the same."""
    return rate / unit if switches.unit_divides else rate


def in_sek(amount: Decimal, rate: Decimal, unit: int, switches: Switches) -> Decimal:
    """Return the amount in SEK, or refuse one that is too large."""
    return decimal_of(rounded(amount * sek_for_one(rate, unit, switches)))


def rate_of(currency: str, rate: Decimal, unit: int, switches: Switches) -> tuple[Decimal, int]:
    """Return rate and unit, which are 1 and 1 for SEK."""
    if currency != "SEK" or (rate, unit) == (ONE, 1):
        return rate, unit
    if switches.contradicting_amounts == "refused":
        raise no_data()
    return ONE, 1


def agreeing(
    given: Mapping[str, Any],
    currency: str,
    preset: tuple[Decimal, int],
    kept: Decimal | None,
    switches: Switches,
) -> dict[str, Any]:
    """Return the amounts, the rate and the unit of a payment, or refuse what contradicts itself.

    :param given: what was sent.
    :param preset: rate and unit where none are sent.
    :param kept: the amount in the currency where none is sent.
    """
    amount: Decimal | None = given.get("amount")
    sent: Decimal | None = given.get("currency_rate")
    in_currency: Decimal | None = given.get(
        "amount_currency", amount if currency == "SEK" else kept
    )
    if in_currency is None:
        name = "Amount" if currency == "SEK" else "AmountCurrency"
        raise Refused(FIELD_MISSING, f"Fält saknas. ({name})")
    exact = all(one == rounded(one) for one in (amount, in_currency) if one is not None)
    if not exact and switches.contradicting_amounts == "refused":
        raise no_data()
    in_currency = rounded(in_currency)
    rate, unit = rate_of(
        currency, sent or preset[0], given.get("currency_unit", preset[1]), switches
    )
    computed = in_sek(in_currency, rate, unit, switches)
    if amount not in (None, computed) and switches.contradicting_amounts == "refused":
        follows = amount / in_currency if in_currency else Decimal(0)
        # Of the unit, where a rate is that.
        follows /= sek_for_one(ONE, unit, switches)
        rate = rounded(follows, 6 if sent is None else decimals(sent))
        if currency == "SEK" or rate <= 0 or rate != (sent or rate):
            raise no_data()
        computed = amount
    return {
        "amount": computed,
        "amount_currency": in_currency,
        "currency_rate": rate,
        "currency_unit": unit,
    }
