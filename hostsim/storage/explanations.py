"""The payments of one invoice outside the books: in previews, saves and runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hostsim.ledger.values import Definition
from hostsim.storage.import_runs import ImportRun, forget_rows
from hostsim.storage.rows import first_row
from hostsim.storage.scope import NOT_REGISTERED
from hostsim.storage.store import Store
from opter_contract.values import Company


@dataclass(frozen=True, slots=True)
class ExplanationScope:
    """The database, the import, and the company, if they are known."""

    store: Store
    definition: Definition | None
    company: Company | None

    def rows(self, query: str, **values: object) -> list[sqlite3.Row]:
        """Run a query; ``:definition``, ``:import_type`` and ``:company`` are this scope's."""
        return self.store.db.execute(query, self._values | values).fetchall()

    def row(self, query: str, **values: object) -> sqlite3.Row | None:
        return first_row(self.store.db, query, **(self._values | values))

    @property
    def _values(self) -> dict[str, object]:
        return {
            "definition": self.definition and self.definition.name,
            "import_type": self.definition and self.definition.import_type,
            "company": self.company and self.company.number,
        }


def source_numbers(scope: ExplanationScope, invoice_id: int | None) -> list[str]:
    """Return the invoice numbers that payments of an invoice have at the source."""
    rows = scope.rows(_SOURCE_NUMBERS, invoice_id=invoice_id)
    return [row["invoice_number"] for row in rows if row["invoice_number"]]


def matched_before(scope: ExplanationScope, number: str, region: str) -> int | None:
    """Find the invoice that payments with this invoice number were matched with before."""
    row = scope.row(_MATCHED_BEFORE, number=number, region=region)
    return None if row is None else int(row["invoice_id"])


def company_of_open_preview(scope: ExplanationScope) -> Company | None:
    row = scope.row(
        "SELECT company, company_name FROM runs WHERE definition = :definition AND state = 'open'"
    )
    return None if row is None else Company(row["company"], row["company_name"])


def balance_at_source(import_run: ImportRun, invoice_id: int) -> sqlite3.Row | None:
    """Return the balance of an invoice that is booked, or cancelled, at the source."""
    query = (
        "SELECT balance, total, cancelled, currency FROM run_balances WHERE run_id = :run"
        " AND invoice_id = :invoice AND (booked = 1 OR cancelled = 1)"
    )
    return first_row(import_run.store.db, query, run=import_run.run_id, invoice=invoice_id)


def deleted_payments(
    scope: ExplanationScope, invoice_id: int | None, run_id: str | None = None
) -> list[str]:
    """Return the registered payments of an invoice that a run found to be deleted at the source.

    :param run_id: default: the open preview, or the last save.
    """
    if run_id is None:
        latest = latest_import(scope)
        run_id = None if latest is None else latest["id"]
    return [row["number"] for row in scope.rows(_DELETED, run=run_id, invoice=invoice_id)]


def deleted_here_and_there(scope: ExplanationScope, invoice_id: int | None) -> list[str]:
    """Return the payments of an invoice that are deleted here, and were found to be so there."""
    return [row["number"] for row in scope.rows(_DELETED_HERE_AND_THERE, invoice=invoice_id)]


def latest_import(scope: ExplanationScope) -> sqlite3.Row | None:
    """Return id and time of the open preview, or of the last import that was saved."""
    return scope.row(_LATEST_RUN)


def waiting_rows(
    scope: ExplanationScope,
    *,
    invoice_number: str,
    ocr: str,
    invoice_id: int | None,
    known: Collection[str],
) -> tuple[Mapping[str, sqlite3.Row], Mapping[str, sqlite3.Row]]:
    """Return the rows of an invoice in the open preview, and the last save, by payment number.

    :param known: numbers of payments to include, whatever they pay.
    """
    if scope.definition is None or scope.company is None:
        return {}, {}
    values = {
        "invoice_number": invoice_number,
        "ocr": ocr,
        "invoice_id": invoice_id,
        "known": json.dumps(list(known)),
    }
    previewed = {row["number"]: row for row in scope.rows(_PREVIEWED, **values)}
    values["known"] = json.dumps([*known, *previewed])
    return previewed, {row["number"]: row for row in scope.rows(_PENDING, **values)}


def last_run(scope: ExplanationScope, state: str) -> sqlite3.Row | None:
    """Return id, user and time of the open run, or of the last one that was saved."""
    return scope.row(
        "SELECT id, COALESCE(saved_by, user) AS user,"
        " COALESCE(saved_at, finished_at, started_at) AS at FROM runs"
        " WHERE definition = :definition AND state = :state"
        " ORDER BY saved_at DESC, rowid DESC LIMIT 1",
        state=state,
    )


def delete_run(import_run: ImportRun) -> None:
    with import_run.store.change() as db:
        forget_rows(db, import_run.run_id)
        db.execute("DELETE FROM runs WHERE id = :run", {"run": import_run.run_id})


_SOURCE_NUMBERS = """
    SELECT invoice_number FROM payments
    WHERE invoice_id = :invoice_id AND import_type = :import_type AND company = :company
    AND origin = 'import'
    UNION
    SELECT r.invoice_number FROM run_rows r JOIN runs u ON u.id = r.run_id
    WHERE u.definition = :definition AND u.state = 'open' AND r.invoice_id = :invoice_id
    LIMIT 400
"""

_MATCHED_BEFORE = """
    SELECT invoice_id FROM (
        SELECT p.invoice_id FROM payments p
        WHERE p.import_type = :import_type AND p.company = :company
        AND p.invoice_number = :number
        UNION ALL
        SELECT r.invoice_id FROM run_rows r JOIN runs u ON u.id = r.run_id
        WHERE u.definition = :definition AND u.state = 'open' AND r.invoice_number = :number
    ) JOIN invoices i ON i.id = invoice_id AND i.region = :region
    LIMIT 1
"""

_LATEST_RUN = """
    SELECT id, COALESCE(finished_at, started_at) AS at FROM runs
    WHERE definition = :definition AND state IN ('open', 'saved')
    ORDER BY state = 'open' DESC, saved_at DESC, rowid DESC LIMIT 1
"""

_DELETED = """
    SELECT p.number FROM run_checked c JOIN payments p ON p.id = c.payment_id
    WHERE c.run_id = :run AND c.deleted = 1 AND p.invoice_id = :invoice
"""

_DELETED_HERE_AND_THERE = f"""
    SELECT r.number FROM checked_payments c JOIN payments r ON r.id = c.payment_id
    WHERE c.deleted = 1 AND r.invoice_id = :invoice AND r.state = 'deleted'
    AND r.import_type = :import_type AND r.company = :company AND {NOT_REGISTERED}
"""  # noqa: S608 a constant

_PREVIEWED = """
    SELECT r.* FROM run_rows r JOIN runs u ON u.id = r.run_id
    WHERE u.definition = :definition AND u.company = :company AND u.state = 'open'
    AND r.number IS NOT NULL AND r.deleted = 0
    AND (r.invoice_id = :invoice_id OR (r.invoice_id IS NULL AND r.invoice_number = :invoice_number)
         OR (r.invoice_id IS NULL AND r.ocr <> '' AND r.ocr = :ocr)
         OR r.number IN (SELECT value FROM json_each(:known)))
"""

_PENDING = """
    SELECT p.*, p.deleted_at IS NOT NULL OR EXISTS (
        SELECT 1 FROM run_rows r JOIN runs u ON u.id = r.run_id
        WHERE u.definition = p.definition AND u.state = 'open'
        AND r.number = p.number AND r.deleted = 1) AS gone
    FROM pending p
    WHERE p.definition = :definition AND p.company = :company
    AND (p.invoice_number = :invoice_number OR (p.ocr <> '' AND p.ocr = :ocr)
         OR p.number IN (SELECT value FROM json_each(:known)))
"""
