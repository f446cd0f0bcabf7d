"""The invoices with a balance: not fully paid, or overpaid."""

from __future__ import annotations

from datetime import date

from hostsim.ledger.values import Invoice
from hostsim.storage.lists import Source, by_number
from hostsim.storage.rows import value_of

#: What is due before today, and what is not; an invoice without a due date is not.
OVERDUE, NOT_DUE = "overdue", "not-due"


def open_invoices(today: date, region: str | None = None) -> Source:
    """Describe the open invoices, the longest overdue first.

    :param region: ``None`` for all of them.
    """
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
