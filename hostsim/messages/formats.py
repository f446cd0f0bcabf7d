"""Money, counts, days and times, as people read them and as programs do."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from opter_contract.values import Text


def plain(value: Decimal, *, decimals: int = 2) -> str:
    """Write a decimal with a point, without exponent, with at least ``decimals`` decimals."""
    whole, _, fraction = f"{value:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(decimals, "0")
    text = f"{whole}.{fraction}" if fraction else whole
    return text.removeprefix("-") if not value else text


def money(value: Decimal, language: str, *, decimals: int = 2, grouped: bool = True) -> str:
    """Write an amount as people do: ``1 234,50`` with no-break spaces, or ``1,234.50``.

    :param grouped: with thousands apart; a spreadsheet reads a number only without.
    """
    whole, _, fraction = plain(value, decimals=decimals).partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    point = "." if language == "en" else ","
    text = count(int(digits), language) if grouped else digits
    return f"{sign}{text}{point}{fraction}" if fraction else sign + text


def money_of(amount: Decimal, currency: str) -> Text:
    return Text(
        f"{money(amount, 'sv')} {currency}",
        f"{money(amount, 'en')} {currency}",
    )


def count(value: int, language: str) -> str:
    return f"{value:,}".replace(",", "," if language == "en" else "\N{NO-BREAK SPACE}")


def day(value: date | None) -> str:
    """Write a day as year-month-day; an unknown one is empty."""
    return "" if value is None else value.isoformat()


def minute(at: datetime | None) -> str:
    """Write a time to the minute, in its own time zone."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"
