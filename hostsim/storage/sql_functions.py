"""SQL functions that SQLite lacks: exact sums, Swedish order, search."""

from __future__ import annotations

import sqlite3
from decimal import Decimal

from hostsim.ledger.values import EXACT
from hostsim.storage.search import holds


def register(db: sqlite3.Connection) -> None:
    """Register ``exact_sum``, ``swedish`` and ``holds`` on a connection."""
    db.create_aggregate("exact_sum", 1, _ExactSum)  # type: ignore[arg-type]
    db.create_function("swedish", 1, swedish, deterministic=True)
    db.create_function("holds", 2, holds, deterministic=True)


class _ExactSum:
    """Add amounts that are decimal text; SQLite's own sum works on binary floats."""

    def __init__(self) -> None:
        self._total = Decimal(0)

    def step(self, amount: str | None) -> None:
        if amount is not None:
            self._total = EXACT.add(self._total, Decimal(amount))

    def finalize(self) -> str:
        return f"{self._total:f}"


_LAST_LETTERS = str.maketrans({"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}"})


def swedish(text: str | None) -> str:
    """Return a key that sorts as in Swedish: å, ä and ö last."""
    return (text or "").casefold().translate(_LAST_LETTERS)
