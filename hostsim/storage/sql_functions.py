"""SQL functions that SQLite lacks: exact sums, Swedish order, search in several columns."""

from __future__ import annotations

import re
import sqlite3
from decimal import Decimal
from functools import lru_cache

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
    wanted, number, short = _sought(wanted)
    known = [text for text in texts if text]
    # A line each, so that one search finds in any of them and not across two.
    lines = "\n".join(known)
    if number and (number in lines or short in known):
        return True
    lines = lines.casefold()
    return wanted in lines or all(word in lines for word in wanted.split())


@lru_cache(maxsize=16)
def _sought(wanted: str) -> tuple[str, str, str]:
    """Give a text without capitals, and where it is an amount, how the database may have it."""
    wanted = wanted.casefold()
    amount = wanted.removesuffix("kr").removesuffix("sek").rstrip()
    if not _AMOUNT.fullmatch(amount):
        return wanted, "", ""
    number = "".join(amount.split()).replace(",", ".")
    # 10,00 stands in the database as 10, as 10.0 or as 10.00.
    return wanted, number, number.rstrip("0").rstrip(".") if "." in number else number


_LAST_LETTERS = str.maketrans({"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}"})


def swedish(text: str | None) -> str:
    """Make a text sort as a Swedish register does: å, ä and ö last."""
    return (text or "").casefold().translate(_LAST_LETTERS)
