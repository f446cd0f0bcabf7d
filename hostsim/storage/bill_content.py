"""Bills of subcontractors, with their suppliers and rows."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple
from pathlib import PurePath

from hostsim.ledger.values import LoadedBill
from hostsim.storage.item_content import ItemTables, digest, digest_of_file
from hostsim.storage.rows import columns_of, first_row
from opter_contract.export_values import BillRow, Supplier, SupplierBill

_BILLS = ItemTables(
    SupplierBill,
    BillRow,
    Supplier,
    table="supplier_bills",
    number="bill_number",
    parties="suppliers",
    party_field="supplier",
)

items = _BILLS.items
document = _BILLS.document


def write(db: sqlite3.Connection, row: LoadedBill) -> bool:
    """Write or replace a bill and its supplier; return whether it is new."""
    bill, supplier = row.bill, row.bill.supplier
    # A supplier invoice names its supplier, and shows nothing else of the card: a card that changes
    # changes no bill that was sent, but another supplier changes all of them.
    supplier_columns = {
        "supplier_id": _BILLS.write_party(db, bill.region, supplier),
        "supplier_digest": digest(supplier.code, supplier.organisation_number),
    }
    db.execute(_CHANGE_SUPPLIER, supplier_columns)
    key = {"region": bill.region, "number": bill.bill_number}
    existing = first_row(db, _KNOWN, **key)
    # As for an invoice, an open period says nothing of what is exported.
    content = digest(
        *(bill.bill_number, bill.region, bill.currency, bill.exchange_rate),
        *(bill.bill_date, bill.due_date, bill.total, bill.vat, *map(astuple, bill.rows)),
        *(PurePath(row.document).name, digest_of_file(row.document)),
    )
    written = db.execute(
        _WRITE,
        {
            **columns_of(bill, **key, **supplier_columns),
            "period_closed": row.period_closed,
            "document": row.document,
            "content": content,
        },
    )
    _BILLS.write_rows(db, written.fetchone()["id"], bill.rows)
    return existing is None


_KNOWN = "SELECT 1 FROM supplier_bills WHERE region = :region AND number = :number"

# A digest is that of the content, 32 characters, and that of the supplier.
_CHANGE_SUPPLIER = """
    UPDATE supplier_bills SET digest = substr(digest, 1, 32) || :supplier_digest
    WHERE supplier_id = :supplier_id AND substr(digest, 33) <> :supplier_digest
"""

_COLUMNS = (
    *("region", "number", "supplier_id", "bill_date", "due_date"),
    *("currency", "exchange_rate", "total", "vat", "period_closed", "document"),
)

_WRITE = f"""
    INSERT INTO supplier_bills ({", ".join(_COLUMNS)}, digest)
    VALUES ({", ".join(f":{name}" for name in _COLUMNS)}, :content || :supplier_digest)
    ON CONFLICT (region, number) DO UPDATE SET digest = excluded.digest,
        {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}
    RETURNING id
"""  # noqa: S608 constants
