"""SQL functions that SQLite lacks: exact sums, Swedish order, search in several columns."""

from __future__ import annotations

import re
import sqlite3
from decimal import Decimal

from hostsim.ledger.values import EXACT

_AMOUNT = re.compile(r"-?[\d\s]*\d(,\d+)?")


def register(db: sqlite3.Connection) -> None:
    """Make ``exact_sum``, ``swedish`` and ``holds`` known on a connection."""
    db.create_aggregate("exact_sum", 1, _ExactSum)  # type: ignore[arg-type]
    db.create_function("swedish", 1, swedish, deterministic=True)
    db.create_function("holds", -1, _holds, deterministic=True)


class _ExactSum:
    """Add amounts that are decimal text; SQLite's own sum works on binary floats."""

    def __init__(self) -> None:
        self._total = Decimal(0)

    def step(self, amount: str | None) -> None:
        if amount is not None:
            self._total = EXACT.add(self._total, Decimal(amount))

    def finalize(self) -> str:
        return f"{self._total:f}"


def _holds(wanted: str, *texts: str | None) -> bool:
    """Find a text in any of several, capitals or not, amounts also as Swedes write them.

    Several words may stand each in another of them.
    """
    wanted = wanted.casefold()
    if _AMOUNT.fullmatch(wanted):
        number = "".join(wanted.split()).replace(",", ".")
        # 10,00 stands in the database as 10, as 10.0 or as 10.00.
        short = number.rstrip("0").rstrip(".") if "." in number else number
        if any(number in text or text == short for text in texts if text):
            return True
    if any(wanted in text.casefold() for text in texts if text):
        return True
    words = wanted.split()
    return len(words) > 1 and all(_holds(word, *texts) for word in words)


_LAST_LETTERS = str.maketrans({"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}"})


def swedish(text: str | None) -> str:
    """Make a text sort as a Swedish register does: å, ä and ö last."""
    return (text or "").casefold().translate(_LAST_LETTERS)
