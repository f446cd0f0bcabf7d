"""Texts and amounts for Fortnox, and for a person."""

from __future__ import annotations

import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from opter_contract.export_values import Difference
from opter_contract.values import Text
from opter_fortnox_plugin.exports.outcomes import Document

#: The prefix of the reference of every item from this host.
MARK: Final = "opter/"

#: The maximum number of rows of an invoice in Fortnox.
MAX_ROWS: Final = 500

_ORE: Final = Decimal("0.01")

#: Characters that Fortnox was seen to refuse (2000359), or that are invisible, with replacements.
_REPLACED: Final = str.maketrans(
    {
        "…": "...", "·": "-",
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ", "\r": " ", "\n": " ",
        "\u00ad": None, "\u200b": None, "\ufeff": None,
    }
)  # fmt: skip

#: Characters that Fortnox refuses; those that are not replaced have no replacement.
_REFUSED: Final = frozenset("<>…·")


def clean(text: str) -> str:
    """Return text with refused characters replaced, if nothing is lost."""
    short = unicodedata.normalize("NFC", text).translate(_REPLACED)
    return " ".join(short.split())


def is_refused(text: str) -> bool:
    """Return whether text has characters that Fortnox refuses."""
    return "://" in text or not _REFUSED.isdisjoint(text) or not text.isprintable()


def bare_number(text: str) -> str:
    """Return an organisation number, an account or a zip code by its letters and digits."""
    return "".join(character for character in text if character.isalnum()).upper()


def rounded_to_ore(amount: Decimal) -> Decimal:
    """Round to hundredths, half up, as Fortnox does."""
    return amount.quantize(_ORE, ROUND_HALF_UP)


def amount_text(amount: Decimal, separator: str = "") -> str:
    """Return an amount with a point and at least two decimals.

    :param separator: ``,`` to set thousands apart.
    """
    is_whole_ore = amount == rounded_to_ore(amount)
    return f"{amount:{separator}.2f}" if is_whole_ore else f"{amount:{separator}f}"


def amount_in_words(amount: Decimal, currency: str = "") -> Text:
    """Return an amount as people write it: ``1 234,50`` with no-break spaces, or ``1,234.50``."""
    english = amount_text(amount, ",")
    return Text(*(f"{text} {currency}".strip() for text in (english.translate(_SWEDISH), english)))


_SWEDISH: Final = str.maketrans({",": "\N{NO-BREAK SPACE}", ".": ","})


def differences_of(*fields: tuple[str, object, object]) -> list[Difference]:
    return [
        Difference(name, _text(ours), _text(theirs))
        for name, ours, theirs in fields
        if ours != theirs
    ]


def currency_rates(ours: Document, theirs: Document) -> tuple[str, object, object]:
    """Return both exchange rates as a field to compare, in SEK for one unit of the currency."""
    rate = None
    if ours.currency_rate is not None and theirs.currency_rate is not None:
        rate = theirs.currency_rate / (theirs.currency_unit or Decimal(1))
    return "CurrencyRate", ours.currency_rate, rate


def _text(value: object) -> str:
    return amount_text(value) if isinstance(value, Decimal) else "" if value is None else str(value)


def describe_differences(differences: list[Difference]) -> str:
    return "; ".join(
        f"{difference.field} {difference.ours or '–'} / {difference.theirs or '–'}"
        for difference in differences
    )
