"""Saves that a person undid: their payments were deleted together, and may be taken again."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hostsim.ledger.reasons import DELETED, TAKE_AGAIN
from hostsim.storage.rows import value_of


@dataclass(frozen=True, slots=True)
class UndoneSave:
    """A save that was undone, by whom, when and why."""

    run_id: str
    saved_at: datetime
    undone_by: str
    undone_at: datetime
    undone_why: str
    waiting: int  # how many of its payments can be taken again now


def payments_of(db: sqlite3.Connection, run_id: str) -> list[sqlite3.Row]:
    """Give all that a save wrote: payments, and reversals of others."""
    return db.execute(
        "SELECT * FROM payments WHERE run_id = :id ORDER BY id", {"id": run_id}
    ).fetchall()


def mark_undone(db: sqlite3.Connection, run_id: str, why: str, user: str, at: datetime) -> None:
    db.execute(
        "UPDATE runs SET undone_by = :user, undone_at = :at, undone_why = :why WHERE id = :id",
        {"user": user, "at": at.isoformat(), "why": why, "id": run_id},
    )


def numbers_to_take_again(
    db: sqlite3.Connection, undone: str, definition: str, company: str, open_run: str | None
) -> list[str]:
    """Give the payments of an undone save that are offered, and nobody decided about since.

    :param open_run: the open preview that offers them; ``None``: the next import does.
    """
    values = {
        "undone": undone,
        "definition": definition,
        "company": company,
        "run_id": open_run,
    }
    return [row["number"] for row in db.execute(_TO_TAKE_AGAIN, values)]


def undone_saves(
    db: sqlite3.Connection, definition: str, company: str, open_run: str | None
) -> list[UndoneSave]:
    """Give the saves of a definition that were undone, of which payments can be taken again."""
    rows = db.execute(_UNDONE, {"definition": definition}).fetchall()
    found = [_undone(db, row, company, open_run) for row in rows]
    return [one for one in found if one.waiting]


def _undone(
    db: sqlite3.Connection, row: Mapping[str, str] | sqlite3.Row, company: str, open_run: str | None
) -> UndoneSave:
    numbers = numbers_to_take_again(db, row["id"], row["definition"], company, open_run)
    return value_of(UndoneSave, row, run_id=row["id"], waiting=len(numbers))


_UNDONE = """
    SELECT * FROM runs WHERE definition = :definition AND undone_at IS NOT NULL
    ORDER BY undone_at DESC
"""

# What was deleted alone before is not of the save that was undone.
_TO_TAKE_AGAIN = f"""
    SELECT p.number FROM payments p JOIN runs u ON u.id = p.run_id AND u.undone_at = p.deleted_at
    WHERE p.run_id = :undone AND p.company = :company
    AND NOT EXISTS (
        SELECT 1 FROM payments n WHERE n.import_type = p.import_type AND n.company = p.company
        AND n.number = p.number AND n.id > p.id)
    AND CASE WHEN :run_id IS NULL THEN EXISTS (
        SELECT 1 FROM pending q WHERE q.definition = :definition AND q.company = :company
        AND q.number = p.number AND q.reason = '{DELETED}' AND q.deleted_at IS NULL)
    ELSE EXISTS (
        SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = p.number
        AND r.number <> '' AND r.deleted = 0 AND r.kind = 'rejected' AND r.reason = '{DELETED}')
    END
    AND NOT EXISTS (
        SELECT 1 FROM decisions d WHERE d.definition = :definition AND d.company = :company
        AND d.number = p.number AND d.decision = '{TAKE_AGAIN}'
        AND d.taken_back_at IS NULL AND d.applied_at IS NULL)
"""  # noqa: S608 constants
