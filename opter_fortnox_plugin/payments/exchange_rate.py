"""The exchange rate of a payment, from three rounded numbers that must agree.

``Amount`` is SEK and ``AmountCurrency`` is in the invoice's currency; neither
is ever recomputed. ``CurrencyRate`` relates them, but sources disagree on
whether ``CurrencyUnit`` (100 for currencies quoted per hundred) divides it.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from opter_contract.values import Text

_HALF_ORE: Final = Decimal("0.005")
_SIX_DECIMALS: Final = Decimal("0.000001")

NO_READING_AGREES: Final = Text(
    "Fortnox valutakurs stämmer inte med beloppen; kursen är räknad från beloppen",
    "Fortnox's exchange rate does not agree with the amounts; the rate is computed from them",
)


class Rate(NamedTuple):
    """SEK for one unit of the currency, and a warning for the person."""

    value: Decimal
    warning: Text | None


def exchange_rate(
    amount: Decimal,
    amount_currency: Decimal,
    currency_rate: Decimal | None,
    currency_unit: Decimal | None,
) -> Rate:
    """Return the rate of a payment in another currency than SEK.

    The interpretation that comes nearer to the SEK amount is used, if it agrees.
    A rate is rounded, so it may be off by half a unit of its last given decimal
    times the currency amount, plus half an öre. If neither agrees, the rate is
    the quotient of the amounts, with a warning.

    :param amount: SEK.
    :param amount_currency: in the payment's currency.
    :raises ValueError: if the amounts contradict each other.
    """
    if not amount_currency and amount:
        raise ValueError("an amount in SEK without one in the currency")
    if amount * amount_currency < 0:
        raise ValueError("amounts of different signs")
    candidates = _interpretations(currency_rate, currency_unit)
    if candidates:
        rate, half_unit = min(
            candidates, key=lambda candidate: abs(amount_currency * candidate[0] - amount)
        )
        error = abs(amount_currency * rate - amount)
        if error <= half_unit * abs(amount_currency) + _HALF_ORE:
            return Rate(rate, None)
    if not amount_currency:
        raise ValueError("no amounts and no rate")
    quotient = (amount / amount_currency).quantize(_SIX_DECIMALS, ROUND_HALF_UP)
    if not quotient:
        raise ValueError("an amount in the currency without one in SEK")
    return Rate(quotient, NO_READING_AGREES)


def _interpretations(rate: Decimal | None, unit: Decimal | None) -> list[tuple[Decimal, Decimal]]:
    """Return each interpretation of the rate, with half a unit of its last given decimal."""
    if rate is None:
        return []
    exponent = rate.as_tuple().exponent
    decimals = min(exponent, 0) if isinstance(exponent, int) else 0
    half = Decimal(5).scaleb(decimals - 1)
    if unit is None or unit == 1:
        return [(rate, half)]
    return [(rate, half), (rate / unit, half / unit)]
