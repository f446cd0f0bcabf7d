"""The notices of schedules that each listener should send to people, and those it has sent.

A schedule without notices so far counts as one that went well, with nothing that waits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from hostsim.storage.rows import first_row, text_of, value_of
from hostsim.storage.store import Store
from opter_contract.values import EndedRun, Notice


def pending_notices(db: sqlite3.Connection, listener: str) -> list[tuple[Notice, str | None]]:
    """Return the notices that a listener has not sent, sorted by definition.

    :return: each with the time when its schedule was paused, for :func:`mark_told`.
    """
    rows = db.execute(_PENDING, {"listener": listener})
    return [(_notice(row), row["paused_at"]) for row in rows]


def mark_told(
    db: sqlite3.Connection, listener: str, notices: Sequence[tuple[Notice, str | None]]
) -> None:
    """Store that a listener has sent these notices, with their figures at that time."""
    db.executemany(
        _MARK_TOLD,
        [
            {
                "listener": listener,
                "definition": notice.run.definition,
                "outcome": notice.run.outcome,
                "waiting": notice.waiting,
                "paused_at": paused_at,
            }
            for notice, paused_at in notices
        ],
    )


def forget_fewer_waiting(db: sqlite3.Connection, listener: str) -> None:
    """Lower the stored counts where fewer rows wait now, so that later ones are new."""
    db.execute(_FEWER_WAIT, {"listener": listener})


def is_retrying(store: Store) -> bool:
    """Return whether any schedule is retried soon: its first two failures are no notice."""
    query = "SELECT 1 FROM schedules WHERE failures BETWEEN 1 AND 2 AND paused_at IS NULL"
    return first_row(store.db, query) is not None


def _notice(row: sqlite3.Row) -> Notice:
    run = value_of(
        EndedRun,
        row,
        code=row["error_code"] or "",
        message=text_of(row["error_sv"], row["error_en"]),
    )
    return Notice(row["kind"], run, row["waits"], bool(row["works_again"]))


# A schedule that a person resumed (paused_at is NULL) has nothing to tell until it has run.
_PENDING = """
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

# What waits is told again when something works again, so that nothing counts while it does not. A
# schedule that was taken away meanwhile, also one that was made anew, has told nobody anything.
_MARK_TOLD = """
    INSERT INTO told (listener, definition, outcome, waiting, paused_at)
    SELECT :listener, definition, :outcome, :waiting, :paused_at
    FROM schedules WHERE definition = :definition AND outcome IS NOT NULL
    ON CONFLICT (listener, definition) DO UPDATE SET
        outcome = excluded.outcome, waiting = excluded.waiting, paused_at = excluded.paused_at
"""

_FEWER_WAIT = """
    UPDATE told SET waiting = s.waiting
    FROM schedules s
    WHERE told.listener = :listener AND s.definition = told.definition
    AND s.outcome NOT IN ('failed', 'paused') AND s.waiting < told.waiting
"""
