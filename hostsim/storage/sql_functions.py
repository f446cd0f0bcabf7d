"""SQL functions that SQLite lacks: exact sums, Swedish order, search in several columns."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from hostsim.ledger.values import EXACT

_AMOUNT = re.compile(r"-?\d+(,\d+)?")
#: 12 000 may be one number; 10231 500 are two words. What follows an amount says its currency.
_GROUPED = re.compile(
    r"(-?\d{1,3}(?:\s\d{3})+(?:,\d+)?|-?\d+(?:,\d+)?)(?:\s*(?:kr|sek)\b)?(?=\s|$)|\S+"
)


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
    """Return SQL for a text with a line for each column, so that no search finds across two."""
    # In half the time of ||, which copies what is before it once for each.
    form = "\n".join(["", *["%s"] * len(columns), ""])
    return f"printf('{form}', {', '.join(columns)})"


def _holds(wanted: str, lines: str) -> bool:
    """Find each word of a text in one of several lines, capitals or not.

    Amounts may be written as Swedes do: 12 000,50.
    """
    folded = lines.casefold()
    for words in _sought(wanted):
        for word in words:
            if not (word[0] in folded or (word[1] and (word[1] in lines or word[2] in lines))):
                break
        else:
            return True
    return False


@lru_cache(maxsize=16)
def _sought(wanted: str) -> Sequence[Sequence[tuple[str, str, str]]]:
    """Return the readings of a text: words without capitals, an amount also as it may be stored."""
    wanted = wanted.casefold().strip()
    grouped = [found[1] or found[0] for found in _GROUPED.finditer(wanted)]
    # As two words, 12 000 would find whatever has a 12 somewhere and three zeros elsewhere.
    readings = {tuple(grouped)} if len(grouped) == 1 else {tuple(grouped), tuple(wanted.split())}
    return [[_as_stored(word) for word in words] for words in readings]


def _as_stored(word: str) -> tuple[str, str, str]:
    number = "".join(word.split())
    if not _AMOUNT.fullmatch(number):
        return word, "", ""
    number = number.replace(",", ".")
    # 10,00 stands in the database as 10, as 10.0 or as 10.00.
    short = number.rstrip("0").rstrip(".") if "." in number else number
    return word, number, f"\n{short}\n"


_LAST_LETTERS = str.maketrans({"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}"})


def swedish(text: str | None) -> str:
    """Make a text sort as a Swedish register does: å, ä and ö last."""
    return (text or "").casefold().translate(_LAST_LETTERS)
