"""What each listener should tell people of the schedules, and what it has told them.

A schedule that people were told nothing about counts as one that was told to go well, with
nothing that waits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from hostsim.storage.rows import text_of, value_of
from opter_contract.values import EndedRun, Notice


def untold(db: sqlite3.Connection, listener: str) -> list[tuple[Notice, str | None]]:
    """Return what a listener has not told, by the name of the definition.

    :return: each with when its schedule was paused, for :func:`tell`.
    """
    rows = db.execute(_UNTOLD, {"listener": listener})
    return [(_notice(row), row["paused_at"]) for row in rows]


def tell(db: sqlite3.Connection, listener: str, told: Sequence[tuple[Notice, str | None]]) -> None:
    """Store that a listener has told these, as they were when it was given them."""
    db.executemany(
        _TELL,
        [
            {
                "listener": listener,
                "definition": notice.run.definition,
                "outcome": notice.run.outcome,
                "waiting": notice.waiting,
                "paused_at": paused_at,
            }
            for notice, paused_at in told
        ],
    )


def settle(db: sqlite3.Connection, listener: str) -> None:
    """Follow what needs no telling: where fewer rows wait, those that come later are new."""
    db.execute(_FEWER_WAIT, {"listener": listener})


def _notice(row: sqlite3.Row) -> Notice:
    run = value_of(
        EndedRun,
        row,
        code=row["error_code"] or "",
        message=text_of(row["error_sv"], row["error_en"]),
    )
    return Notice(row["kind"], run, row["waits"], bool(row["works_again"]))


# A schedule that a person resumed (paused_at is NULL) has nothing to tell until it has run.
_UNTOLD = """
    SELECT s.*, d.import_type AS type_code, d.subject, d.company, d.company_name,
           CASE WHEN s.outcome IN ('failed', 'paused') THEN 0 ELSE s.waiting END AS waits,
           s.outcome NOT IN ('failed', 'paused')
           AND COALESCE(t.outcome, '') IN ('failed', 'paused') AS works_again,
           CASE
               WHEN s.outcome = 'paused' AND s.paused_at IS NOT NULL
                   AND s.paused_at IS NOT t.paused_at THEN 'needs-person'
               WHEN s.outcome = 'paused' THEN NULL
               WHEN s.outcome = 'failed' AND COALESCE(t.outcome, '') NOT IN ('failed', 'paused')
                   THEN 'failed'
               WHEN s.outcome = 'failed' THEN NULL
               WHEN s.waiting > COALESCE(t.waiting, 0) THEN 'needs-person'
               WHEN t.outcome IN ('failed', 'paused') AND s.waiting > 0 THEN 'needs-person'
               WHEN t.outcome IN ('failed', 'paused') THEN 'recovered'
           END AS kind
    FROM schedules s
    JOIN definitions d ON d.name = s.definition
    LEFT JOIN told t ON t.listener = :listener AND t.definition = s.definition
    WHERE s.outcome IS NOT NULL AND kind IS NOT NULL
    ORDER BY s.definition
"""

# What waits is told anew when something works again, so that nothing counts while it does not.
_TELL = """
    INSERT INTO told (listener, definition, outcome, waiting, paused_at)
    VALUES (:listener, :definition, :outcome, :waiting, :paused_at)
    ON CONFLICT (listener, definition) DO UPDATE SET
        outcome = excluded.outcome, waiting = excluded.waiting, paused_at = excluded.paused_at
"""

_FEWER_WAIT = """
    UPDATE told SET waiting = s.waiting
    FROM schedules s
    WHERE told.listener = :listener AND s.definition = told.definition
    AND s.outcome NOT IN ('failed', 'paused') AND s.waiting < told.waiting
"""
