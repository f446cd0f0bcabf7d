"""The open preview of a definition: what a person checks before saving it."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from hostsim.errors import HostError, from_table
from hostsim.ledger.reasons import SET_ASIDE
from hostsim.ledger.values import ZERO, PreviewRow, SetAsideTotal
from hostsim.storage import discrepancies
from hostsim.storage.discrepancies import Discrepancy
from hostsim.storage.rows import OLDEST_FIRST, ROW_COLUMNS, first_row, row_of, value_of
from hostsim.storage.store import Store
from opter_contract import BATCH
from opter_contract.values import Company, SavedPayment, Text


@dataclass(frozen=True, slots=True)
class Preview:
    """The preview that a person checks before saving; its rows are read from the database."""

    run_id: str
    definition: str
    company: Company | None
    saved: bool
    not_read: int
    requests: int
    counts: Mapping[str, int]  # read, ready, left, rejected, ignored
    totals: Mapping[str, Decimal]  # the same, SEK
    set_aside: SetAsideTotal  # of the ignored, those that a person set aside
    deleted: tuple[str, ...]  # payment numbers that no longer exist at the source
    notes: Sequence[Text]  # of the plug-in, about the run
    source: Text  # the name of the system that the payments come from
    region: str  # "" is the default one
    bank_account: str  # that the money came in to
    date: date | None  # of the import, as a person gave it
    revision: str  # a digest of all that is shown
    saved_at: datetime | None
    saved_by: str | None
    undone_at: datetime | None  # what was saved, as a whole
    undone_by: str | None
    undone_why: str | None
    kept: bool  # its rows; those of a save are forgotten at the next one
    _store: Store = field(repr=False, compare=False)

    def discrepancies(self) -> Iterator[Discrepancy]:
        """Return the discrepancies between source and books, other than on these payments."""
        return discrepancies.discrepancies_of(self._store.db, self.run_id, self.source)

    def rows(self, kind: str) -> Iterator[PreviewRow]:
        """Return the rows of one list, ordered by date and number.

        :param kind: one of :data:`hostsim.ledger.judging.KINDS`.
        """
        query = (
            f"SELECT {ROW_COLUMNS}"  # noqa: S608 constants
            " FROM run_rows r LEFT JOIN invoices i ON i.id = r.invoice_id"
            " WHERE r.run_id = :run_id AND r.kind = :kind AND r.deleted = 0"
            f" ORDER BY {OLDEST_FIRST.format('r')}, r.id"
        )
        return map(row_of, self._store.stream(query, {"run_id": self.run_id, "kind": kind}))

    def mark_printed(self) -> None:
        """Record that a command has shown this; a save without a revision then saves it."""
        self._store.mark_printed("runs", self.run_id, self.revision)


class PreviewChanged(HostError):
    """Nothing was done, since the preview is not what was shown; ``preview`` is the new one."""

    def __init__(self, preview: Preview, code: str = "PREVIEW_CHANGED") -> None:
        """Carry the new preview.

        :param code: ``PREVIEW_CHANGED`` of a save, ``LIST_CHANGED`` of a decision.
        """
        super().__init__(code, *from_table(code, {}))
        self.preview = preview


def open_runs(store: Store) -> dict[str, str]:
    """Return the run of each open preview, by the name of its definition."""
    rows = store.db.execute("SELECT definition, id FROM runs WHERE state = 'open' ORDER BY 1")
    return {row["definition"]: row["id"] for row in rows}


def revision_of(db: sqlite3.Connection, run_id: str | None) -> str:
    """Return the revision of a run; ``""`` for none."""
    row = first_row(db, "SELECT revision FROM runs WHERE id = :id", id=run_id)
    return "" if row is None else str(row["revision"])


def printed_revision(store: Store, definition: str | None) -> str:
    """Return the revision of the open preview that a command printed last; ``""`` for none.

    :param definition: ``None`` for the only one with an open preview.
    """
    rows = store.db.execute(
        "SELECT printed FROM runs WHERE state = 'open' AND (:name IS NULL OR definition = :name)",
        {"name": definition},
    ).fetchall()
    return str(rows[0]["printed"]) if len(rows) == 1 else ""


def run_saved_with(store: Store, definition: str, revision: str) -> str | None:
    """Return the run that was saved with this revision, the latest if several were."""
    if not revision:
        return None
    row = first_row(
        store.db,
        "SELECT id FROM runs WHERE definition = :name AND state = 'saved'"
        " AND revision = :revision ORDER BY saved_at DESC LIMIT 1",
        name=definition,
        revision=revision,
    )
    return None if row is None else row["id"]


def preview_of(store: Store, run_id: str) -> Preview:
    """Read a preview; its rows stay in the database."""
    run = store.db.execute("SELECT * FROM runs WHERE id = :id", {"id": run_id}).fetchone()
    deleted = store.db.execute(
        "SELECT number FROM run_rows WHERE run_id = :id AND deleted = 1"  # noqa: S608 a constant
        f" ORDER BY {OLDEST_FIRST.format('run_rows')}",
        {"id": run_id},
    )
    counts = json.loads(run["counts"])
    totals = {kind: Decimal(total) for kind, total in json.loads(run["totals"]).items()}
    set_aside = SetAsideTotal(counts.pop(SET_ASIDE, 0), totals.pop(SET_ASIDE, ZERO))
    return value_of(
        Preview,
        run,
        run_id=run_id,
        saved=run["state"] == "saved",
        counts=counts,
        totals=totals,
        set_aside=set_aside,
        kept=not counts.get("read") or _has_rows(store, run_id),
        deleted=tuple(row["number"] for row in deleted),
        source=Text(*json.loads(run["source"])),
        _store=store,
    )


def _has_rows(store: Store, run_id: str) -> bool:
    query = "SELECT 1 FROM run_rows WHERE run_id = :id LIMIT 1"
    return store.db.execute(query, {"id": run_id}).fetchone() is not None


def saved_payments(store: Store, run_id: str) -> Iterator[list[SavedPayment]]:
    """Return what a run registered, in batches, oldest first."""
    payments = store.registered(run_id)
    while batch := list(itertools.islice(payments, BATCH)):
        yield batch
