"""Single rows of an open preview for a page, and which previews are open."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping

from hostsim.storage.rows import ROW_COLUMNS, first_row
from hostsim.storage.scope import IN_FORCE
from hostsim.storage.store import Store
from opter_contract.values import Text


def registered_row(store: Store, import_type: str, company: str, number: str) -> sqlite3.Row | None:
    return first_row(
        store.db,
        "SELECT * FROM payments WHERE import_type = :import_type AND company = :company"
        " AND number = :number AND state = 'registered'",
        import_type=import_type,
        company=company,
        number=number,
    )


def deleted_row(store: Store, import_type: str, company: str, number: str) -> sqlite3.Row | None:
    """Return the payment that was deleted here last under a number, if none is registered."""
    return first_row(
        store.db,
        "SELECT * FROM payments p WHERE import_type = :import_type AND company = :company"
        " AND number = :number AND state = 'deleted' AND reverses IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM payments k WHERE k.import_type = p.import_type"
        " AND k.company = p.company AND k.number = p.number AND k.state = 'registered')"
        " ORDER BY id DESC LIMIT 1",
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
        WHERE r.id = :id AND u.state = 'open' AND r.deleted = 0 AND r.number <> ''
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
    """Return those of these payments that a preview rejects, with their messages."""
    query = (
        "SELECT number, message_sv, message_en FROM run_rows WHERE run_id = :run_id"
        " AND number <> '' AND number IN (SELECT value FROM json_each(:numbers))"
        " AND deleted = 0 AND kind = 'rejected' ORDER BY length(number), number"
    )
    rows = store.db.execute(query, {"run_id": run_id, "numbers": json.dumps(list(numbers))})
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
