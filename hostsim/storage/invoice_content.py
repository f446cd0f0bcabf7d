"""What an invoice has beside its header: its customer and rows, and what makes it exportable."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path, PurePath

from hostsim.ledger.values import ExportedInvoice
from hostsim.storage.rows import clean, plain, value_of
from opter_contract.export_values import Customer, Invoice, InvoiceRow


def write(db: sqlite3.Connection, row: ExportedInvoice) -> None:
    """Replace the content of an invoice whose header is written; without one it has none."""
    place = {"region": row.region, "number": row.number}
    invoice_id = db.execute(
        "SELECT id FROM invoices WHERE region = :region AND number = :number", place
    ).fetchone()["id"]
    db.execute("DELETE FROM invoice_rows WHERE invoice_id = :id", {"id": invoice_id})
    db.execute(_WRITE, {"id": invoice_id, **_values(db, row)})
    if row.content is not None:
        db.executemany(
            _WRITE_ROW,
            [
                {
                    "invoice_id": invoice_id,
                    "place": number,
                    "account": one.account,
                    "unit": one.unit,
                    "vat_rate": one.vat_rate,
                    "net": plain(one.net),
                    "vat": plain(one.vat),
                }
                for number, one in enumerate(row.content.rows)
            ],
        )


def _values(db: sqlite3.Connection, row: ExportedInvoice) -> dict[str, object]:
    content = row.content
    if content is None:
        return dict.fromkeys(("customer_id", "exchange_rate", "order_date")) | {
            "type": "invoice",
            **dict.fromkeys(("order_number", "credits", "document", "digest"), ""),
        }
    customer = {name: getattr(content.customer, name) for name in _CUSTOMER}
    customer_id = db.execute(_WRITE_CUSTOMER, {"region": row.region, **customer}).fetchone()["id"]
    return {
        "type": content.type,
        "customer_id": customer_id,
        "exchange_rate": plain(content.exchange_rate),
        "order_number": content.order_number,
        "order_date": content.order_date and content.order_date.isoformat(),
        "credits": content.credits,
        "document": content.document,
        "digest": _digest(row),
    }


def _digest(row: ExportedInvoice) -> str:
    """Digest what is exported of an invoice; an open period says nothing of it."""
    content = row.content
    shown: list[object] = [row.number, row.region, row.ocr, row.currency]
    shown += [row.invoice_date, row.due_date]
    if content is not None:
        shown += [astuple(content.customer), *(astuple(one) for one in content.rows)]
        shown += [content.type, content.exchange_rate, content.order_number, content.order_date]
        shown += [content.credits, PurePath(content.document).name, _digest_of(content.document)]
    text = json.dumps(shown, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _digest_of(document: str) -> str:
    """Digest a PDF; ``""`` where there is none, or it cannot be read."""
    try:
        return hashlib.sha256(Path(document).read_bytes()).hexdigest() if document else ""
    except OSError:
        return ""


def items(db: sqlite3.Connection, item_ids: Iterable[str]) -> dict[str, Invoice]:
    """Give invoices as they are exported, by the ids that they have there."""
    ids = {"ids": json.dumps(list(item_ids))}
    rows = defaultdict(list)
    for row in db.execute(_ROWS, ids):
        rows[row["item_id"]].append(value_of(InvoiceRow, row))
    return {
        row["item_id"]: value_of(
            Invoice,
            row,
            customer=value_of(Customer, row, "c_"),
            rows=tuple(rows[row["item_id"]]),
            document=PurePath(row["document"]).name,
        )
        for row in db.execute(_INVOICES, ids)
    }


def document(db: sqlite3.Connection, item_id: str) -> str:
    """Give the path of an invoice's PDF; ``""`` where it has none."""
    row = db.execute(
        "SELECT document FROM invoices WHERE item_id = :id", {"id": clean(item_id)}
    ).fetchone()
    return "" if row is None else str(row["document"])


_CUSTOMER = (
    "code",
    "ledger_number",
    "name",
    "organisation_number",
    "vat_number",
    "address1",
    "zip",
    "city",
    "country",
    "email",
)

_WRITE_CUSTOMER = f"""
    INSERT INTO customers (region, {", ".join(_CUSTOMER)})
    VALUES (:region, {", ".join(f":{name}" for name in _CUSTOMER)})
    ON CONFLICT (region, code) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in _CUSTOMER[1:])}
    RETURNING id
"""  # noqa: S608 constants

_WRITE = """
    UPDATE invoices SET type = :type, customer_id = :customer_id, exchange_rate = :exchange_rate,
        order_number = :order_number, order_date = :order_date, credits = :credits,
        document = :document, digest = :digest
    WHERE id = :id
"""

_WRITE_ROW = """
    INSERT INTO invoice_rows (invoice_id, place, account, unit, vat_rate, net, vat)
    VALUES (:invoice_id, :place, :account, :unit, :vat_rate, :net, :vat)
"""

_ROWS = """
    SELECT i.item_id, r.* FROM invoices i JOIN invoice_rows r ON r.invoice_id = i.id
    WHERE i.item_id IN (SELECT value FROM json_each(:ids)) ORDER BY r.invoice_id, r.place
"""

_INVOICES = f"""
    SELECT i.*, i.number AS invoice_number,
           {", ".join(f"c.{name} AS c_{name}" for name in _CUSTOMER)}
    FROM invoices i JOIN customers c ON c.id = i.customer_id
    WHERE i.item_id IN (SELECT value FROM json_each(:ids))
"""  # noqa: S608 constants
