"""The open previews: which there are, what a person checks of each before saving it, its rows."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from hostsim.errors import HostError, from_table
from hostsim.ledger.reasons import SET_ASIDE, TO_BE_FETCHED
from hostsim.ledger.values import ZERO, PreviewRow, SetAsideTotal
from hostsim.storage import discrepancies
from hostsim.storage.discrepancies import Discrepancy
from hostsim.storage.rows import OLDEST_FIRST, ROW_COLUMNS, first_row, row_of, value_of
from hostsim.storage.scope import IN_FORCE
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
        super().__init__(code, *from_table(code))
        self.preview = preview


def open_runs(store: Store) -> dict[str, str]:
    """Return the run of each open preview, by the name of its definition."""
    rows = store.db.execute("SELECT definition, id FROM runs WHERE state = 'open' ORDER BY 1")
    return {row["definition"]: row["id"] for row in rows}


def latest_preview(store: Store, run_id: str | None) -> str | None:
    """Return the run with this id if it is open or saved; for ``None`` the latest open one."""
    row = first_row(
        store.db,
        "SELECT id FROM runs WHERE (:id IS NULL AND state = 'open')"
        " OR (:id = id AND state IN ('open', 'saved')) ORDER BY started_at DESC LIMIT 1",
        id=run_id,
    )
    return None if row is None else str(row["id"])


def last_save(store: Store) -> sqlite3.Row | None:
    """Return the latest save of any import: its run and definition, and when."""
    return first_row(
        store.db,
        "SELECT id, definition, saved_at FROM runs WHERE state = 'saved'"
        " ORDER BY saved_at DESC LIMIT 1",
    )


def run_to_show(store: Store, definition: str) -> sqlite3.Row | None:
    """Return the id and state of the open preview of an import, else of its last save."""
    return first_row(
        store.db,
        "SELECT id, state FROM runs WHERE definition = :name AND state IN ('open', 'saved')"
        " ORDER BY state = 'saved', started_at DESC LIMIT 1",
        name=definition,
    )


def open_revisions(store: Store) -> Mapping[str, str]:
    rows = store.db.execute("SELECT definition, revision FROM runs WHERE state = 'open'")
    return {row["definition"]: row["revision"] for row in rows}


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


# --- Single rows, for a page ---


def payment_here(store: Store, import_type: str, company: str, number: str) -> sqlite3.Row | None:
    """Return the payment that is registered under a number, else the one deleted here last."""
    return first_row(
        store.db,
        "SELECT * FROM payments WHERE import_type = :import_type AND company = :company"
        " AND number = :number AND (state = 'registered' OR state = 'deleted' AND reverses IS NULL)"
        " ORDER BY state = 'registered' DESC, id DESC LIMIT 1",
        import_type=import_type,
        company=company,
        number=number,
    )


def preview_row(store: Store, row_id: int) -> sqlite3.Row | None:
    """Return a row of a preview that is open, with its run, definition and invoice."""
    return first_row(
        store.db,
        f"""
        SELECT {ROW_COLUMNS}, u.definition, u.company, u.revision, u.started_at, f.import_type
        FROM run_rows r JOIN runs u ON u.id = r.run_id
        JOIN definitions f ON f.name = u.definition
        LEFT JOIN invoices i ON i.id = r.invoice_id
        WHERE r.id = :id AND u.state = 'open' AND r.deleted = 0 AND r.number IS NOT NULL
        """,  # noqa: S608 a constant
        id=row_id,
    )


def saved_run_of(store: Store, row_id: int) -> str | None:
    """Return the run of a row, if it was saved."""
    row = first_row(
        store.db,
        "SELECT u.id FROM run_rows r JOIN runs u ON u.id = r.run_id"
        " WHERE r.id = :id AND u.state = 'saved'",
        id=row_id,
    )
    return None if row is None else str(row["id"])


def needs_import(store: Store, run_id: str | None, number: str) -> bool:
    """Return whether a payment of a preview was not fetched in its run, but in an earlier one."""
    row = first_row(
        store.db,
        "SELECT 1 FROM run_rows WHERE run_id = :run_id AND number = :number"
        " AND fetched = 0 AND deleted = 0",
        run_id=run_id,
        number=number,
    )
    return row is not None


def rejected_messages(
    store: Store, run_id: str | None, numbers: Collection[str]
) -> dict[str, Text]:
    """Return those of these payments that a preview rejects, with their messages.

    Not those that only have to be fetched again.
    """
    query = (
        "SELECT number, message_sv, message_en FROM run_rows WHERE run_id = :run_id"
        " AND number IN (SELECT value FROM json_each(:numbers))"
        " AND deleted = 0 AND kind = 'rejected' AND obstacle <> :to_be_fetched"
        " ORDER BY length(number), number"
    )
    values = {"run_id": run_id, "numbers": json.dumps(list(numbers))}
    rows = store.db.execute(query, {**values, "to_be_fetched": TO_BE_FETCHED})
    return {row["number"]: Text(row["message_sv"], row["message_en"]) for row in rows}


def decided_numbers(
    store: Store, definition: str, company: str, numbers: Collection[str]
) -> frozenset[str]:
    """Return those of these payments with a decision in force."""
    rows = store.db.execute(
        "SELECT number FROM decisions d WHERE definition = :definition AND company = :company"  # noqa: S608 a constant
        f" AND {IN_FORCE} AND number IN (SELECT value FROM json_each(:numbers))",
        {"definition": definition, "company": company, "numbers": json.dumps(list(numbers))},
    )
    return frozenset(row["number"] for row in rows)
