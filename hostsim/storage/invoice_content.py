"""The parts of an invoice besides its header: customer and rows, and what makes it exportable."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple
from pathlib import PurePath

from hostsim.ledger.values import ExportedInvoice, InvoiceContent
from hostsim.storage.item_content import ItemTables, digest, digest_of_file
from hostsim.storage.rows import columns_of
from opter_contract.export_values import Customer, Invoice, InvoiceRow

_INVOICES = ItemTables(
    Invoice,
    InvoiceRow,
    Customer,
    table="invoices",
    number="invoice_number",
    parties="customers",
    party_field="customer",
)

items = _INVOICES.items
document = _INVOICES.document


def write(db: sqlite3.Connection, row: ExportedInvoice) -> None:
    """Replace the content of an invoice whose header is stored; ``None`` deletes it."""
    key = {"region": row.region, "number": row.number}
    invoice_id = db.execute(
        "SELECT id FROM invoices WHERE region = :region AND number = :number", key
    ).fetchone()["id"]
    content = row.content
    values = _NONE if content is None else _values(db, row, content)
    db.execute(_WRITE, {"id": invoice_id, **values})
    _INVOICES.write_rows(db, invoice_id, () if content is None else content.rows)


def _values(
    db: sqlite3.Connection, row: ExportedInvoice, content: InvoiceContent
) -> dict[str, object]:
    return columns_of(
        content,
        customer_id=_INVOICES.write_party(db, row.region, content.customer),
        # An open period says nothing of what is exported.
        digest=digest(
            *(row.number, row.region, row.ocr, row.currency, row.invoice_date, row.due_date),
            *(astuple(content.customer), *map(astuple, content.rows)),
            *(content.type, content.exchange_rate, content.order_number, content.order_date),
            *(content.credits, PurePath(content.document).name, digest_of_file(content.document)),
        ),
    )


_NONE = {
    "type": "invoice",
    **dict.fromkeys(("customer_id", "exchange_rate", "order_date")),
    **dict.fromkeys(("order_number", "credits", "document", "digest"), ""),
}

_WRITE = """
    UPDATE invoices SET type = :type, customer_id = :customer_id, exchange_rate = :exchange_rate,
        order_number = :order_number, order_date = :order_date, credits = :credits,
        document = :document, digest = :digest
    WHERE id = :id
"""
