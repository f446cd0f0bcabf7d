"""Every import and comparison of the past: who, when, and its outcome."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from hostsim.errors import HostError, host_error
from hostsim.ledger.judging import KINDS
from hostsim.ledger.reasons import SET_ASIDE
from hostsim.messages.payments import INTERRUPTED, named_import, named_save
from hostsim.storage.lists import Source
from hostsim.storage.rows import value_of
from hostsim.storage.store import Store
from opter_contract.values import Company, SettingsField, Text

#: Shown in place of a setting that only its owner may see.
HIDDEN = "•••"

#: Returns the settings of an import type, without its secrets.
ShowSettings = Callable[[str, Mapping[str, str]], Mapping[str, str]]


def no_settings(_import_type: str, _settings: Mapping[str, str]) -> Mapping[str, str]:
    """Return none, if no plug-in should be called."""
    return {}


# The state, with a save that was undone and an import that a person ended as states of their own.
_STATE_SHOWN = """
    CASE WHEN r.undone_at IS NOT NULL THEN CASE WHEN EXISTS (
        SELECT 1 FROM payments p WHERE p.run_id = r.id AND p.state = 'registered')
        THEN 'partly-undone' ELSE 'undone' END
    WHEN r.error_code = 'CANCELLED' THEN 'cancelled' ELSE r.state END
"""


@dataclass(frozen=True, slots=True)
class PastRun:
    """One import, or one comparison, of the past; times have a zone."""

    id: str
    definition: str
    import_type: str
    state: Literal["running", "failed", "open", "replaced", "discarded", "saved", "reconciled"]
    state_shown: str  # that, with "undone", "partly-undone" and "cancelled"
    user: str
    started_at: datetime
    finished_at: datetime | None
    saved_at: datetime | None
    saved_by: str | None
    undone_at: datetime | None  # the save, as a whole
    undone_by: str | None
    undone_why: str | None
    #: Of a save that was undone, the payments that are registered again, and their SEK.
    standing: tuple[int, Decimal] | None
    region: str
    bank_account: str
    date: date | None  # of the import, as a person gave it
    company: Company | None
    settings: Mapping[str, str]  # without what is secret
    counts: Mapping[str, int]
    totals: Mapping[str, Decimal]  # SEK
    not_read: int
    requests: int
    error_code: str | None
    error: Text | None  # the message of the error

    @property
    def saved(self) -> tuple[int, Decimal] | None:
        """The number of registered payments and their SEK; ``None`` if nothing was saved."""
        if self.state != "saved":
            return None
        return self.counts.get("ready", 0), self.totals.get("ready", Decimal(0))


def runs(store: Store, show: ShowSettings = no_settings) -> Source:
    """Describe all imports and comparisons, latest first."""
    interrupted = interrupted_runs(store)
    return Source(
        query=" FROM runs r JOIN definitions d ON d.name = r.definition WHERE 1",
        values={},
        code=_STATE_SHOWN,
        searched=(
            *("r.definition", "r.company", "r.company_name", "r.user", "r.error_code", "r.id"),
            *("r.started_at", "r.saved_at"),
            *(f"json_extract(r.totals, '$.{key}')" for key in ("read", *KINDS)),
        ),
        sorts={
            "began": "r.started_at {0}",
            "format": "swedish(r.definition) {0}",
            "user": "swedish(r.user) {0}",
            "run_state": f"{_STATE_SHOWN} {{0}}",
        }
        | {key: f"json_extract(r.counts, '$.{key}') {{0}}" for key in ("read", *KINDS)},
        entry=lambda row: _past_run_of(row, show, interrupted),
        columns=_RUN_COLUMNS,
        total="NULL",
        order="r.started_at DESC, r.rowid DESC",
    )


def run(store: Store, prefix: str, show: ShowSettings = no_settings) -> PastRun:
    """Return the only run whose id begins with a prefix.

    :raises HostError: ``RUN_UNKNOWN``, ``RUN_AMBIGUOUS``.
    """
    start = prefix.strip().lower()
    interrupted = interrupted_runs(store)
    query = (
        f"SELECT {_RUN_COLUMNS} FROM runs r JOIN definitions d ON d.name = r.definition"  # noqa: S608 a constant
        " WHERE substr(r.id, 1, length(:prefix)) = :prefix LIMIT 2"
    )
    rows = store.db.execute(query, {"prefix": start}).fetchall() if start else []
    if not rows:
        raise host_error("RUN_UNKNOWN", id=prefix)
    if len(rows) > 1:
        raise host_error("RUN_AMBIGUOUS", id=prefix)
    return _past_run_of(rows[0], show, interrupted)


def describe_run(run: PastRun) -> Text:
    """Return the description of an import: its definition, when, and by whom."""
    if run.saved_at is None or run.saved_by is None:
        return named_import(run.definition, run.user, run.started_at)
    return named_save(run.definition, run.saved_by, run.saved_at)


def interrupted_runs(store: Store) -> frozenset[str]:
    """Return the runs that were interrupted, though the database still calls them running.

    The next import stores that. A run holds the lock of its definition from before it
    is in the database until it has ended: one that is in the database before and after
    its lock was found free was interrupted.
    """
    running = store.db.execute("SELECT id, definition FROM runs WHERE state = 'running'").fetchall()
    held = {name: _is_held(store, name) for name in {row["definition"] for row in running}}
    return frozenset(row["id"] for row in running if not held[row["definition"]])


def _is_held(store: Store, definition: str) -> bool:
    try:
        return store.locks.is_held("definition", definition)
    except HostError:
        # Without access to the locks, trust the database.
        return True


# Of a run ``r`` and its definition ``d``.
_RUN_COLUMNS = f"""
    r.*, d.import_type, {_STATE_SHOWN} AS state_shown, CASE WHEN r.undone_at IS NOT NULL THEN (
        SELECT json_array(count(*), exact_sum(p.amount)) FROM payments p
        WHERE p.run_id = r.id AND p.state = 'registered') END AS standing
"""  # noqa: S608 a constant


def shown_settings(
    fields: Callable[[], Iterable[SettingsField]], values: Mapping[str, str]
) -> dict[str, str]:
    """Show the settings of an import, but not what only its owner may see.

    :param fields: calls the plug-in; if it is missing, every value counts as secret.
    """
    try:
        fields_by_key = {field.key: field for field in fields()}
    except HostError:
        return dict.fromkeys(values, HIDDEN)
    return {
        key: HIDDEN if value and (key not in fields_by_key or fields_by_key[key].secret) else value
        for key, value in values.items()
    }


def _past_run_of(row: sqlite3.Row, show: ShowSettings, interrupted: Collection[str]) -> PastRun:
    number, sek = json.loads(row["standing"] or "[0, null]")
    totals = {kind: sek for kind, sek in json.loads(row["totals"]).items() if kind != SET_ASIDE}
    values: dict[str, Any] = {
        "standing": (number, Decimal(sek)) if number else None,
        "settings": show(row["import_type"], json.loads(row["settings"])),
        "counts": {kind: n for kind, n in json.loads(row["counts"]).items() if kind != SET_ASIDE},
        "totals": {kind: Decimal(total) for kind, total in totals.items()},
    }
    if row["state"] == "running" and row["id"] in interrupted:
        values |= {"state": "failed", "state_shown": "failed"}
        values |= {"error_code": "INTERRUPTED", "error": INTERRUPTED}
    return value_of(PastRun, row, **values)
