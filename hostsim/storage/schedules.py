"""The schedules: what runs unattended, when it is due, and how its last run ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from hostsim.ledger.schedules import (
    FAILED,
    FINE,
    NOT_SCHEDULED,
    PAUSED,
    STOCKHOLM,
    TO_RUN,
    WAITS,
    Schedule,
    Scheduled,
    Timetable,
)
from hostsim.ledger.values import Definition
from hostsim.storage.lists import Source
from hostsim.storage.rows import columns_of, first_row, time_of, value_of

if TYPE_CHECKING:
    from hostsim.storage.store import Store
    from opter_contract.values import EndedRun


def store_schedule(
    store: Store, definition: str, timetable: Timetable, save: str, due: datetime
) -> None:
    """Schedule a definition, or change its schedule; a paused one runs again."""
    daily, every = timetable.daily, timetable.every
    values = {
        "definition": definition,
        "daily": daily and f"{daily:%H:%M}",
        "every": every and every // timedelta(minutes=1),
        "save": save,
        "due": _utc(due),
    }
    with store.change() as db:
        db.execute(_PUT, values)


def delete(store: Store, definition: str) -> bool:
    """Delete a schedule; return whether there was one."""
    with store.change() as db:
        db.execute("DELETE FROM told WHERE definition = :name", {"name": definition})
        deleted = db.execute("DELETE FROM schedules WHERE definition = :name", {"name": definition})
        return deleted.rowcount > 0


def resume(store: Store, definition: str | None, at: datetime) -> int:
    """Resume a paused schedule, at once; return how many there were.

    :param definition: ``None`` for all.
    """
    values = {"definition": definition, "at": _utc(at)}
    if first_row(store.db, _PAUSED, **values) is None:
        return 0
    with store.change() as db:
        return db.execute(_RESUME, values).rowcount


def schedule(store: Store, definition: str) -> Schedule | None:
    found = scheduled(store, definition)
    return None if found is None else found.schedule


def schedules(store: Store) -> Iterator[Schedule]:
    return (one.schedule for one in definitions(store) if one.schedule is not None)


def definitions(store: Store) -> Iterator[Scheduled]:
    """Return all imports and exports by name, each with its schedule."""
    return map(_scheduled_of, store.stream(f"{_SCHEDULED} ORDER BY r.name"))


def scheduled(store: Store, definition: str) -> Scheduled | None:
    row = first_row(store.db, f"{_SCHEDULED} WHERE r.name = :name", name=definition)
    return None if row is None else _scheduled_of(row)


def overview() -> Source:
    """Describe all imports and exports: first those that need a person."""
    return Source(
        query=f"{_DEFINITIONS} WHERE 1",
        values={},
        key="r.name",
        code=_STANDING,
        searched=("r.name", "r.company", "r.company_name"),
        sorts={
            "name": "swedish(r.name) {0}",
            "company": "swedish(r.company_name) {0}, r.company {0}",
            "what": "r.subject {0}",
            "how": f"{_URGENCY} {{0}}",
            "waiting": "coalesce(s.waiting, 0) {0}",
            # Those without one come last.
            "last": "s.ended_at IS NULL, s.ended_at {0}",
            "next": "s.next_due IS NULL OR s.paused_at IS NOT NULL, s.next_due {0}",
            "problem": "s.error_code IS NULL, s.error_code {0}",
        },
        entry=_scheduled_of,
        columns=_COLUMNS,
        total="NULL",
        order=f"{_URGENCY}, swedish(r.name)",
    )


def due(store: Store, at: datetime, limit: int | None = None) -> list[str]:
    """Return the definitions that are due, the longest waiting first."""
    rows = store.db.execute(_DUE, {"at": _utc(at), "most": -1 if limit is None else limit})
    return [row["definition"] for row in rows]


def next_due(store: Store) -> datetime | None:
    """Return when the next one is due; ``None`` if none will be."""
    query = "SELECT min(next_due) FROM schedules WHERE paused_at IS NULL"
    return time_of(store.db.execute(query).fetchone()[0])


def overdue(store: Store, since: datetime) -> int:
    """Count the schedules that were due at a time and have not run."""
    query = "SELECT count(*) FROM schedules WHERE paused_at IS NULL AND next_due <= :since"
    return int(store.db.execute(query, {"since": _utc(since)}).fetchone()[0])


def store_end(store: Store, run: EndedRun, due: datetime, *, waiting: int, failures: int) -> None:
    """Store how a run ended, and when the next one is due."""
    ended_at = _utc(run.ended_at)
    values = {
        **columns_of(run, waiting=waiting, failures=failures),
        "due": _utc(due),
        "paused_at": ended_at if run.outcome == PAUSED else None,
        "ended_at": ended_at,
        "code": run.code or None,
    }
    with store.change() as db:
        db.execute(_ENDED, values)


def _utc(at: datetime) -> str:
    """Write a moment as text that sorts by time."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _local(text: str | None) -> datetime | None:
    at = time_of(text)
    return at and at.astimezone(STOCKHOLM)


def _scheduled_of(row: sqlite3.Row) -> Scheduled:
    schedule = None if row["next_due"] is None else _schedule_of(row)
    return Scheduled(value_of(Definition, row), schedule, row["standing"])


def _schedule_of(row: sqlite3.Row) -> Schedule:
    daily, every = row["daily"], row["every"]
    return value_of(
        Schedule,
        row,
        timetable=Timetable(
            daily and time.fromisoformat(daily), every and timedelta(minutes=every)
        ),
        next_due=_local(row["next_due"]),
        paused_at=_local(row["paused_at"]),
        ended_at=_local(row["ended_at"]),
    )


# --- SQL --------------------------------------------------------------------

#: The state of a definition; one that was resumed is to run.
_STANDING = f"""
    CASE
        WHEN s.definition IS NULL THEN '{NOT_SCHEDULED}'
        WHEN s.paused_at IS NOT NULL THEN '{PAUSED}'
        WHEN s.outcome IN ('{WAITS}', '{FAILED}') THEN s.outcome
        WHEN s.outcome IS NULL OR s.outcome = '{PAUSED}' THEN '{TO_RUN}'
        ELSE '{FINE}'
    END
"""

_DEFINITIONS = " FROM definitions r LEFT JOIN schedules s ON s.definition = r.name"

_COLUMNS = f"r.*, s.*, {_STANDING} AS standing"

_SCHEDULED = f"SELECT {_COLUMNS}{_DEFINITIONS}"

#: First what a person must mend, then what waits for a decision, then what mends itself.
_URGENCY = f"""
    CASE {_STANDING} WHEN '{PAUSED}' THEN 0 WHEN '{WAITS}' THEN 1 WHEN '{FAILED}' THEN 2
        WHEN '{TO_RUN}' THEN 3 WHEN '{FINE}' THEN 4 ELSE 5 END
"""

_DUE = """
    SELECT definition FROM schedules WHERE paused_at IS NULL
    AND (next_due <= :at OR next_due > strftime(
        '%Y-%m-%dT%H:%M:%S+00:00', :at, '+' || coalesce(every, 25 * 60) || ' minutes'))
    ORDER BY next_due, definition LIMIT :most
"""

_PUT = """
    INSERT INTO schedules (definition, daily, every, save, next_due)
    VALUES (:definition, :daily, :every, :save, :due)
    ON CONFLICT (definition) DO UPDATE SET daily = :daily, every = :every, save = :save,
        next_due = :due, paused_at = NULL
"""

_PAUSED = """
    SELECT 1 FROM schedules
    WHERE paused_at IS NOT NULL AND (:definition IS NULL OR definition = :definition) LIMIT 1
"""

_RESUME = """
    UPDATE schedules SET paused_at = NULL, next_due = :at
    WHERE paused_at IS NOT NULL AND (:definition IS NULL OR definition = :definition)
"""

_ENDED = """
    UPDATE schedules SET next_due = :due, paused_at = :paused_at, ended_at = :ended_at,
        outcome = :outcome, counts = :counts, waiting = :waiting, failures = :failures,
        error_code = :code, error_sv = :message_sv, error_en = :message_en
    WHERE definition = :definition
"""
