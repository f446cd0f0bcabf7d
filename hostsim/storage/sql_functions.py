"""SQL functions that SQLite lacks: exact sums, Swedish order, search in several columns."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from hostsim.ledger.values import EXACT

#: 12 000,50 or 12.000,50, or 12,000.50 as the English page has it; 12,000 has three decimals.
_GROUPED = r"[-\u2212]?\d{1,3}(?:(?:\s\d{3})+(?:,\d+)?|(?:\.\d{3})+(?:,\d+)?|(?:,\d{3})+\.\d+)"
#: An amount, grouped or with decimals; other digits are found anywhere, as in an OCR number.
_AMOUNT = re.compile(rf"{_GROUPED}|[-\u2212]?\d+,\d+")
#: 12 000 is one word; 10231 500 are two. What follows an amount says its currency.
_WORD = re.compile(rf"({_GROUPED}|[-\u2212]?\d+(?:,\d+)?)(?:\s*(?:kr|sek)\b)?(?=\s|$)|\S+")


def register(db: sqlite3.Connection) -> None:
    """Register ``exact_sum``, ``swedish`` and ``holds`` on a connection."""
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
    """Return SQL for a text with a line for each column, so that no match spans two."""
    # Twice as fast as ||, which copies its left side each time.
    template = "\n".join(["", *["%s"] * len(columns), ""])
    return f"printf('{template}', {', '.join(columns)})"


def _holds(text: str, lines: str) -> bool:
    """Whether each word of a text is in one of several lines, case-insensitively.

    Amounts may be written as Swedes do: 12 000,50.
    """
    folded = lines.casefold()
    for word, amounts in _search_terms(text):
        if word not in folded and not any(amount in lines for amount in amounts):
            return False
    return True


@lru_cache(maxsize=16)
def _search_terms(text: str) -> Sequence[tuple[str, Sequence[str]]]:
    """Return the folded words of a text, each with its stored forms if it is an amount."""
    matches = _WORD.finditer(text.casefold())
    words = (m[1].replace("\N{MINUS SIGN}", "-") if m[1] else m[0] for m in matches)
    return [(word, _as_stored(word)) for word in words]


def _as_stored(word: str) -> Sequence[str]:
    """Return how lines with an amount begin, or are: 10,00 is stored as 10, as 10.0 or as 10.00."""
    if not _AMOUNT.fullmatch(word):
        return ()
    number = re.sub(r"\s|[.,](?=.*[.,])|\.(?=\d{3}$)", "", word).replace(",", ".")
    starts = [f"\n{sign}{number}" for sign in ("", "-")]
    if "." not in number:
        return starts
    short = number.rstrip("0").rstrip(".")
    return [*starts, f"\n{short}\n", f"\n-{short}\n"]


_LAST_LETTERS = str.maketrans({"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}"})


def swedish(text: str | None) -> str:
    """Return a key that sorts as in Swedish: å, ä and ö last."""
    return (text or "").casefold().translate(_LAST_LETTERS)
