"""Amounts, rates and dates as people type them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from hostsim.ledger.values import SEK
from hostsim.messages.formats import money
from opter_contract.values import Text

# A space, a no-break space, a figure space, a thin one, a narrow no-break one: no tab or line
# end, which come with two cells of a spreadsheet.
_SPACE = "[ \N{NO-BREAK SPACE}\N{FIGURE SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}]"

#: Neither 1_000 nor 1e3, which a slip of the keyboard makes; 12 50 is not 1250 either.
_INTEGER = rf"[-+]?{_SPACE}?([0-9]+|[0-9]{{1,3}}({_SPACE}[0-9]{{3}})+)"
_AMOUNT = re.compile(rf"{_INTEGER}([.,][0-9]{{1,2}})?")
_RATE = re.compile(rf"{_INTEGER}([.,][0-9]+)?")

#: What may be an amount with grouped thousands: 12.500 or 1,250.50 or 1'250.
_GROUPED_AMOUNT = re.compile(
    rf"([-+]?){_SPACE}?([1-9][0-9]{{0,2}}(?:([.,'’])[0-9]{{3}})(?:\3[0-9]{{3}})*)"
    r"(?:[.,]([0-9]{1,2}))?"
)

#: What may be an amount with a zero too many: 1000,500 or 1 250,500 or 1.000,500.
_THREE_DECIMALS = re.compile(
    rf"([-+]?){_SPACE}?([0-9]+|[0-9]{{1,3}}(?:(?:{_SPACE}|['’])[0-9]{{3}})+"
    r"|[0-9]{1,3}(?:\.[0-9]{3})+(?=,)|[0-9]{1,3}(?:,[0-9]{3})+(?=\.))[.,]([0-9]{2})0"
)

_CURRENCY = r"kr\.?|[a-z]{3}"
#: A currency stands before or behind; 1000:-, 990,- and 1000.- are kronor, with whichever dash.
_MONEY = re.compile(
    rf"(?:({_CURRENCY}){_SPACE}*)?(.*[0-9])(?:{_SPACE}*({_CURRENCY}|[:,.][-\u2013\u2212]))?",
    re.DOTALL | re.IGNORECASE,
)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

#: A payment of more, in any currency, is a slip of the keyboard.
MAX_AMOUNT = Decimal(1_000_000_000_000)


def typed_amount(text: str) -> Decimal | None:
    """Read an amount as people write it: ``1 250,50`` or ``1250.5``; else ``None``.

    At most two decimals: three digits after a separator may be thousands as well.
    """
    return _number(text, _AMOUNT)


def typed_money(text: str) -> tuple[Decimal, str] | None:
    """Read an amount and the currency beside it, ``""`` where there is none; else ``None``.

    Kronor are SEK: ``50 kr``, ``kr 50``, ``1000:-`` and ``990,-``.
    """
    number, currency = _without_currency(text)
    amount = typed_amount(number)
    return None if amount is None else (amount, currency)


def typed_rate(text: str) -> Decimal | None:
    """Read an exchange rate, which may have any number of decimals; else ``None``."""
    return _number(text, _RATE)


def typed_date(text: str) -> date | None:
    """Read a date as 2026-03-31, in ASCII digits; else ``None``."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str, pattern: re.Pattern[str]) -> Decimal | None:
    normalized = _with_minus(text)
    if not pattern.fullmatch(normalized):
        return None
    return Decimal("".join(normalized.split()).replace(",", "."))


def suggest_amounts(text: str) -> Text:
    """Return the question which amount was meant, after a space; empty if none is likely."""
    amounts = possible_amounts(text)
    if not amounts:
        return Text("", "")
    sv = " eller ".join(money(amount, "sv") for amount in amounts)
    en = " or ".join(f"{amount:f}" for amount in amounts)
    return Text(f" Menade du {sv}?", f" Did you mean {en}?")


def possible_amounts(text: str) -> list[Decimal]:
    """Return the valid amounts that an invalid one may mean, thousands first."""
    normalized, amounts = _with_minus(_without_currency(text)[0]), []
    if match := _GROUPED_AMOUNT.fullmatch(normalized):
        sign, whole, _, cents = match.groups()
        amounts.append(_amount(sign, whole, (cents or "").ljust(2, "0")))
    if match := _THREE_DECIMALS.fullmatch(normalized):
        amounts.append(_amount(*match.groups()))
    return [amount for amount in amounts if 0 < abs(amount) <= MAX_AMOUNT]


def _amount(sign: str, whole: str, cents: str) -> Decimal:
    return Decimal(f"{sign}{re.sub('[^0-9]', '', whole)}.{cents}")


def _without_currency(text: str) -> tuple[str, str]:
    match = _MONEY.fullmatch(text.strip())
    if match is None or (match[1] and match[3]):
        return text, ""
    currency = (match[1] or match[3] or "").upper()
    is_code = len(currency) == 3 and currency.isalpha()
    return match[2], currency if is_code or not currency else SEK


def _with_minus(text: str) -> str:
    return text.strip().replace("\N{MINUS SIGN}", "-")
