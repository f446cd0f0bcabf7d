"""Amounts in SEK and in a currency, and their rate: consistent, or refused.

As documented, ``Amount`` is ``AmountCurrency`` × ``CurrencyRate``; the rate of SEK is 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hostsim.sandbox.errors import FIELD_MISSING, Refused
from hostsim.sandbox.fields import decimal_places, no_data, parse_decimal, round_half_up
from hostsim.sandbox.switches import Switches

ONE = Decimal(1)

#: The attributes that determine the amounts of a payment.
AMOUNT_FIELDS = {"amount", "amount_currency", "currency", "currency_rate", "currency_unit"}


def effective_rate(rate: Decimal, unit: int, switches: Switches) -> Decimal:
    """Return SEK for one of a currency; whether the unit divides the rate is a switch."""
    return rate / unit if switches.unit_divides else rate


def in_sek(amount: Decimal, rate: Decimal, unit: int, switches: Switches) -> Decimal:
    """Return the amount in SEK, or refuse one that is too large."""
    return parse_decimal(round_half_up(amount * effective_rate(rate, unit, switches)))


def checked_rate(
    currency: str, rate: Decimal, unit: int, switches: Switches
) -> tuple[Decimal, int]:
    """Return rate and unit; for SEK both are 1."""
    if currency != "SEK" or (rate, unit) == (ONE, 1):
        return rate, unit
    if switches.contradicting_amounts == "refused":
        raise no_data()
    return ONE, 1


def consistent_amounts(
    fields: Mapping[str, Any],
    currency: str,
    default_rate: tuple[Decimal, int],
    stored_amount: Decimal | None,
    switches: Switches,
) -> dict[str, Any]:
    """Return amounts, rate and unit of a payment, or refuse contradicting ones.

    :param fields: as sent.
    :param default_rate: rate and unit, if not sent.
    :param stored_amount: in the currency, if not sent.
    """
    amount, in_currency = _sent_amounts(fields, currency, stored_amount, switches)
    sent_rate: Decimal | None = fields.get("currency_rate")
    rate, unit = checked_rate(
        currency,
        sent_rate or default_rate[0],
        fields.get("currency_unit", default_rate[1]),
        switches,
    )
    amount_in_sek = in_sek(in_currency, rate, unit, switches)
    if amount not in (None, amount_in_sek) and switches.contradicting_amounts == "refused":
        if currency == "SEK":
            raise no_data()
        rate = _implied_rate(amount, in_currency, unit, sent_rate, switches)
        amount_in_sek = amount
    return {
        "amount": amount_in_sek,
        "amount_currency": in_currency,
        "currency_rate": rate,
        "currency_unit": unit,
    }


def _sent_amounts(
    fields: Mapping[str, Any], currency: str, stored_amount: Decimal | None, switches: Switches
) -> tuple[Decimal | None, Decimal]:
    """Return the amount in SEK, if it was sent, and the one in the currency."""
    amount: Decimal | None = fields.get("amount")
    in_currency: Decimal | None = fields.get(
        "amount_currency", amount if currency == "SEK" else stored_amount
    )
    if in_currency is None:
        name = "Amount" if currency == "SEK" else "AmountCurrency"
        raise Refused(FIELD_MISSING, f"Fält saknas. ({name})")
    exact = all(
        value == round_half_up(value) for value in (amount, in_currency) if value is not None
    )
    if not exact and switches.contradicting_amounts == "refused":
        raise no_data()
    return amount, round_half_up(in_currency)


def _implied_rate(
    amount: Decimal,
    in_currency: Decimal,
    unit: int,
    sent_rate: Decimal | None,
    switches: Switches,
) -> Decimal:
    """Return the rate by which both amounts agree, or refuse a sent one that is another."""
    implied = amount / in_currency if in_currency else Decimal(0)
    # The rate is for the unit if the unit divides it.
    implied /= effective_rate(ONE, unit, switches)
    rate = round_half_up(implied, 6 if sent_rate is None else decimal_places(sent_rate))
    if rate <= 0 or rate != (sent_rate or rate):
        raise no_data()
    return rate
