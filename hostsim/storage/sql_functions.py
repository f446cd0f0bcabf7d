"""SQL functions that SQLite lacks: exact sums, Swedish order, search in several columns."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from hostsim.ledger.values import EXACT

_AMOUNT = re.compile(r"-?\d+(,\d+)?")
#: 12 000 is one number, 10231 500 are two words.
_GROUPED = re.compile(r"-?\d{1,3}(\s\d{3})+(,\d+)?")


def register(db: sqlite3.Connection) -> None:
    """Make ``exact_sum``, ``swedish`` and ``holds`` known on a connection."""
    db.create_aggregate("exact_sum", 1, _ExactSum)  # type: ignore[arg-type]
    db.create_function("swedish", 1, swedish, deterministic=True)
    db.create_function("holds", 2, _holds, deterministic=True)


class _ExactSum:
    """Add amounts that are decimal text; SQLite's own sum works on binary floats."""

    def __init__(self) -> None:
        self._total = Decimal(0)

    def step(self, amount: str | None) -> None:
        if amount is not None:
            self._total = EXACT.add(self._total, Decimal(amount))

    def finalize(self) -> str:
        return f"{self._total:f}"


def lines_of(columns: Sequence[str]) -> str:
    """Give SQL for a text with a line for each column, so that no search finds across two."""
    # In half the time of ||, which copies what is before it once for each.
    form = "\n".join(["", *["%s"] * len(columns), ""])
    return f"printf('{form}', {', '.join(columns)})"


def _holds(wanted: str, lines: str) -> bool:
    """Find a text in one of several lines, capitals or not, amounts also as Swedes write them.

    Several words may stand each in another of them.
    """
    words, number, short = _sought(wanted)
    if number and (number in lines or short in lines):
        return True
    lines = lines.casefold()
    for word in words:
        if word not in lines:
            return False
    return bool(words)


@lru_cache(maxsize=16)
def _sought(wanted: str) -> tuple[Sequence[str], str, str]:
    """Give the words of a text without capitals, and an amount as the database may have it."""
    wanted = wanted.casefold()
    amount = wanted.removesuffix("kr").removesuffix("sek").rstrip()
    grouped = _GROUPED.fullmatch(amount)
    words = () if grouped else wanted.split()
    if not grouped and not _AMOUNT.fullmatch(amount):
        return words, "", ""
    number = "".join(amount.split()).replace(",", ".")
    # 10,00 stands in the database as 10, as 10.0 or as 10.00.
    short = number.rstrip("0").rstrip(".") if "." in number else number
    return words, number, f"\n{short}\n"


_LAST_LETTERS = str.maketrans({"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}"})


def swedish(text: str | None) -> str:
    """Make a text sort as a Swedish register does: å, ä and ö last."""
    return (text or "").casefold().translate(_LAST_LETTERS)
