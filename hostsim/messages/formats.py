"""Money, dates and times as programs read them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal


def plain(value: Decimal, *, decimals: int = 2) -> str:
    """Write a decimal with a point, without exponent, with at least ``decimals`` decimals."""
    whole, _, fraction = f"{value:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(decimals, "0")
    text = f"{whole}.{fraction}" if fraction else whole
    return text.removeprefix("-") if not value else text


def day(value: date | None) -> str:
    """Write a day as year-month-day; an unknown one is empty."""
    return "" if value is None else value.isoformat()
