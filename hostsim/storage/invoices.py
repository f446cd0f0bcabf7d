"""The invoices: one at a time, and the list of those with a balance."""

from __future__ import annotations

import sqlite3
from datetime import date

from hostsim.ledger.values import Invoice
from hostsim.storage.lists import Source, by_number
from hostsim.storage.rows import clean, first_row, value_of
from hostsim.storage.store import Store

#: What is due before today, and what is not; an invoice without a due date is not.
OVERDUE, NOT_DUE = "overdue", "not-due"


def invoice(store: Store, invoice_id: int | None) -> Invoice | None:
    row = first_row(store.db, "SELECT * FROM invoices WHERE id = :id", id=invoice_id)
    return None if row is None else value_of(Invoice, row)


def invoice_row(db: sqlite3.Connection, region: str, number: str) -> sqlite3.Row | None:
    query = "SELECT * FROM invoices WHERE region = :region AND number = :number"
    return first_row(db, query, region=clean(region), number=clean(number))


def ids_by_region(store: Store, number: str) -> dict[str, int]:
    query = "SELECT region, id FROM invoices WHERE number = :number ORDER BY region"
    return {row["region"]: row["id"] for row in store.db.execute(query, {"number": number})}


def number_of_ocr(store: Store, ocr: str, region: str | None) -> str | None:
    """Return the number of the invoices with this OCR, if they all have the same."""
    rows = store.db.execute(
        "SELECT DISTINCT number FROM invoices WHERE ocr = :ocr AND ocr <> ''"
        " AND (:region IS NULL OR region = :region)",
        {"ocr": "".join(ocr.split()), "region": region},
    ).fetchmany(2)
    return rows[0]["number"] if len(rows) == 1 else None


def count(store: Store, region: str | None = None) -> int:
    query = "SELECT count(*) FROM invoices WHERE :region IS NULL OR region = :region"
    number: int = store.db.execute(query, {"region": region}).fetchone()[0]
    return number


def regions(store: Store) -> list[str]:
    """Return the regions that invoices or definitions have; ``""``, the default one, is first."""
    rows = store.db.execute(
        "SELECT region FROM invoices UNION SELECT region FROM definitions UNION SELECT ''"
        " ORDER BY 1"
    )
    return [row["region"] for row in rows]


def open_invoices(today: date, region: str | None = None) -> Source:
    """Describe the invoices that are not fully paid, or overpaid; the longest overdue first."""
    return Source(
        query=(
            " FROM invoices r WHERE CAST(r.remaining AS REAL) <> 0"
            " AND (:region IS NULL OR r.region = :region)"
        ),
        values={"today": today.isoformat(), "region": region},
        code=f"CASE WHEN r.due_date < :today THEN '{OVERDUE}' ELSE '{NOT_DUE}' END",
        searched=(
            *("r.number", "r.ocr", "r.customer_code", "r.customer_name", "r.total"),
            *("r.remaining", "r.currency", "r.invoice_date", "r.due_date"),
        ),
        sorts={
            "invoice": by_number("ltrim(r.number, '0')"),
            "ocr": by_number("r.ocr"),
            "code": by_number("r.customer_code"),
            "customer": "swedish(r.customer_name) {0}",
            "date": "r.invoice_date {0}",
            "due": "r.due_date {0}",
            "total": "r.currency {0}, CAST(r.total AS REAL) {0}",
            "remaining": "r.currency {0}, CAST(r.remaining AS REAL) {0}",
            "region": "swedish(r.region) {0}",
        },
        entry=lambda row: value_of(Invoice, row),
        columns="r.*",
        total="r.remaining",
        currency="r.currency",
        summed="remaining",
        order="r.due_date IS NULL, r.due_date, r.id",
    )
