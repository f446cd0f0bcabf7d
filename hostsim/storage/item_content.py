"""What is exported, invoices and bills, with party, rows and PDF: as loaded, and as exported."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Any

from hostsim.ledger.values import EXACT, ExportedInvoice, InvoiceContent, LoadedBill
from hostsim.messages.exports import BILLS, INVOICES
from hostsim.storage.rows import clean, columns_of, first_row, plain, value_of, without_spaces
from opter_contract.export_values import (
    BillRow,
    Customer,
    Invoice,
    InvoiceRow,
    Supplier,
    SupplierBill,
)


@dataclass(frozen=True, slots=True)
class ItemTables:
    """The tables of a subject's items; columns are named like the fields of their values."""

    item: type[Any]
    row: type[Any]
    party: type[Any]
    table: str
    number: str  # the field that is the column ``number``
    parties: str
    party_field: str  # and with ``_id`` the column that names it
    more_columns: str = ""  # of an item, from what is joined to its table ``i``
    joined: str = ""

    @property
    def _rows(self) -> tuple[str, str]:
        """Return the table of the rows, and its column that names the item."""
        item = self.table.removesuffix("s")
        return f"{item}_rows", f"{item}_id"

    def write_party(self, db: sqlite3.Connection, region: str, party: object) -> int:
        """Replace the record of a party, and return its id."""
        query = f"{_replacing(self.parties, 'code', _names(self.party))} RETURNING id"
        return int(db.execute(query, columns_of(party, region=region)).fetchone()["id"])

    def write_rows(self, db: sqlite3.Connection, item_id: int, rows: Iterable[object]) -> None:
        table, item = self._rows
        names = _names(self.row)
        db.execute(f"DELETE FROM {table} WHERE {item} = :id", {"id": item_id})  # noqa: S608 names
        db.executemany(
            f"INSERT INTO {table} ({item}, place, {', '.join(names)})"  # noqa: S608 names of fields
            f" VALUES (:id, :place, {', '.join(f':{name}' for name in names)})",
            [columns_of(row, id=item_id, place=index) for index, row in enumerate(rows)],
        )

    def is_known(self, db: sqlite3.Connection, region: str, number: str) -> bool:
        query = f"SELECT 1 FROM {self.table} WHERE region = :region AND number = :number"  # noqa: S608 a name
        return first_row(db, query, region=region, number=number) is not None

    def items(self, db: sqlite3.Connection, item_ids: Iterable[str]) -> dict[str, Any]:
        """Return items as they are exported, by their ids."""
        table, item = self._rows
        ids = {"ids": json.dumps(list(item_ids))}
        condition = "i.item_id IN (SELECT value FROM json_each(:ids))"
        rows = defaultdict(list)
        for row in db.execute(
            f"SELECT i.item_id, r.* FROM {self.table} i JOIN {table} r ON r.{item} = i.id"  # noqa: S608 names
            f" WHERE {condition} ORDER BY r.{item}, r.place",
            ids,
        ):
            rows[row["item_id"]].append(value_of(self.row, row))
        party_columns = ", ".join(f"p.{name} AS p_{name}" for name in _names(self.party))
        return {
            row["item_id"]: value_of(
                self.item,
                row,
                **{self.party_field: value_of(self.party, row, "p_")},
                rows=tuple(rows[row["item_id"]]),
                document=PurePath(row["document"]).name,
            )
            for row in db.execute(
                f"SELECT i.*, i.number AS {self.number}, {party_columns}{self.more_columns}"  # noqa: S608 names
                f" FROM {self.table} i {self.joined}"
                f" JOIN {self.parties} p ON p.id = i.{self.party_field}_id WHERE {condition}",
                ids,
            )
        }

    def document(self, db: sqlite3.Connection, item_id: str) -> str:
        """Return the path of an item's PDF; ``""`` if it has none."""
        query = f"SELECT document FROM {self.table} WHERE item_id = :id"  # noqa: S608 a name
        row = first_row(db, query, id=clean(item_id))
        return "" if row is None else str(row["document"])


_INVOICES = ItemTables(
    Invoice,
    InvoiceRow,
    Customer,
    table="invoices",
    number="invoice_number",
    parties="customers",
    party_field="customer",
    more_columns=""",
        o.invoice_date AS credits_date,
        CASE o.currency WHEN i.currency THEN o.total END AS credits_total""",
    joined="""
        LEFT JOIN invoices o
            ON o.region = i.region AND o.number = i.credits""",
)

_BILLS = ItemTables(
    SupplierBill,
    BillRow,
    Supplier,
    table="supplier_bills",
    number="bill_number",
    parties="suppliers",
    party_field="supplier",
)


@dataclass(frozen=True, slots=True)
class LostContent:
    """An invoice that is loaded without rows, after it was loaded with rows."""

    number: str
    rows: bool  # it had rows until now
    customer_before: str  # the code, as is the other one
    customer: str
    total: Decimal  # in its currency, as is the other one
    total_there: Decimal | None  # in the books that it was exported to; None if it was not
    currency: str
    may_be_there: bool  # it was exported, or that is unknown

    @property
    def total_differs(self) -> bool:
        return self.total_there is not None and self.total_there != self.total


#: By the subject of an export.
TABLES: Mapping[str, ItemTables] = {INVOICES: _INVOICES, BILLS: _BILLS}


def lost_content(
    db: sqlite3.Connection, invoices: Iterable[ExportedInvoice]
) -> tuple[LostContent, ...]:
    """Return what loading these invoices without rows takes from those that have, or had, rows.

    Those without rows already are among them if the customer, or the total there, is another one.
    """
    values = [(row.region, row.number, row.customer_code, str(row.total)) for row in invoices]
    rows = db.execute(_LOST_CONTENT, {"invoices": json.dumps(values)})
    found = (value_of(LostContent, row) for row in rows)
    return tuple(
        lost
        for lost in found
        if lost.rows or lost.customer != lost.customer_before or lost.total_differs
    )


def write_invoice(db: sqlite3.Connection, row: ExportedInvoice, default_currency: str) -> bool:
    """Write an invoice, or update a known one; return whether it is new.

    If the total of a known invoice changes, its balance changes by the difference, since payments
    stay.
    """
    existing = first_row(db, _EXISTING, region=row.region, number=row.number)
    remaining = row.total
    if existing is not None:
        paid = EXACT.subtract(Decimal(existing["total"]), Decimal(existing["remaining"]))
        remaining = EXACT.subtract(row.total, paid)
    columns = columns_of(
        row,
        ocr=without_spaces(row.ocr),
        currency=row.currency or default_currency,
        remaining=plain(remaining),
    )
    db.execute(_WRITE_INVOICE, columns)
    key = {"region": row.region, "number": row.number}
    if row.content is not None:
        values = key | _content_columns(db, row, row.content)
        written = db.execute(_WRITE_CONTENT, values).fetchone()
        _INVOICES.write_rows(db, written["id"], row.content.rows)
    elif existing is not None and existing["digest"]:
        # The rest stays, so that it can be taken back where it was exported.
        _INVOICES.write_rows(db, db.execute(_LOSE_ROWS, key).fetchone()["id"], ())
    return existing is None


def _content_columns(
    db: sqlite3.Connection, row: ExportedInvoice, content: InvoiceContent
) -> dict[str, object]:
    return columns_of(
        content,
        customer_id=_INVOICES.write_party(db, row.region, content.customer),
        # An open period says nothing of what is exported.
        digest=_digest(
            *(row.number, row.region, row.ocr, row.currency, row.invoice_date, row.due_date),
            *(astuple(content.customer), *map(astuple, content.rows)),
            *(content.type, content.exchange_rate, content.order_number, content.order_date),
            *(content.credits, PurePath(content.document).name, _digest_of_file(content.document)),
        ),
    )


def write_bill(db: sqlite3.Connection, row: LoadedBill) -> bool:
    """Write or replace a bill and its supplier; return whether it is new."""
    bill, supplier = row.bill, row.bill.supplier
    # A supplier invoice names its supplier, and shows nothing else of the card: a card that changes
    # changes no bill that was sent, but another supplier changes all of them.
    supplier_id = _BILLS.write_party(db, bill.region, supplier)
    supplier_digest = _digest(supplier.code, supplier.organisation_number)
    db.execute(_CHANGE_SUPPLIER, {"id": supplier_id, "digest": supplier_digest})
    # As for an invoice, an open period says nothing of what is exported.
    digest = _digest(
        *(bill.bill_number, bill.region, bill.currency, bill.exchange_rate),
        *(bill.bill_date, bill.due_date, bill.total, bill.vat, *map(astuple, bill.rows)),
        *(PurePath(row.document).name, _digest_of_file(row.document)),
    )
    is_new = not _BILLS.is_known(db, bill.region, bill.bill_number)
    columns = columns_of(
        bill,
        number=bill.bill_number,
        supplier_id=supplier_id,
        period_closed=row.period_closed,
        document=row.document,
        digest=digest + supplier_digest,
    )
    written = db.execute(_WRITE_BILL, columns).fetchone()
    _BILLS.write_rows(db, written["id"], bill.rows)
    return is_new


def _replacing(table: str, key: str, names: Sequence[str]) -> str:
    """Return SQL that writes a record, new, or known by its region and key."""
    changes = [f"{name} = excluded.{name}" for name in names if name != key]
    return (
        f"INSERT INTO {table} (region, {', '.join(names)})"  # noqa: S608 names of ours
        f" VALUES (:region, {', '.join(f':{name}' for name in names)})"
        f" ON CONFLICT (region, {key}) DO UPDATE SET {', '.join(changes)}"
    )


def _digest(*values: object) -> str:
    text = json.dumps(values, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _digest_of_file(document: str) -> str:
    """Digest a PDF; ``""`` if there is none, or it cannot be read."""
    try:
        return hashlib.sha256(Path(document).read_bytes()).hexdigest() if document else ""
    except OSError:
        return ""


def _names(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls))


_LOST_CONTENT = """
    SELECT i.number, i.digest <> '' AS rows, i.customer_code AS customer_before,
           n.value ->> 2 AS customer, n.value ->> 3 AS total, e.total AS total_there, i.currency,
           e.item_id IS NOT NULL AS may_be_there
    FROM json_each(:invoices) n
    CROSS JOIN invoices i ON i.region = n.value ->> 0 AND i.number = n.value ->> 1
    LEFT JOIN (
        SELECT item_id, max(total) AS total FROM exported_items
        WHERE subject = 'invoices' AND state <> 'cancelled' AND (exported = 1 OR intended > 0)
        GROUP BY item_id
    ) e ON e.item_id = i.item_id
    WHERE i.customer_id IS NOT NULL
"""

_EXISTING = """
    SELECT total, remaining, digest FROM invoices WHERE region = :region AND number = :number
"""

_INVOICE_COLUMNS = (
    *("number", "ocr", "customer_code", "customer_name", "currency", "total", "remaining"),
    *("invoice_date", "due_date", "period_closed"),
)
_WRITE_INVOICE = _replacing("invoices", "number", _INVOICE_COLUMNS)

# Apart: a column with a foreign key, or RETURNING, makes the statement above twice as slow.
_WRITE_CONTENT = """
    UPDATE invoices SET type = :type, customer_id = :customer_id, exchange_rate = :exchange_rate,
        order_number = :order_number, order_date = :order_date, credits = :credits,
        document = :document, digest = :digest
    WHERE region = :region AND number = :number RETURNING id
"""

_LOSE_ROWS = """
    UPDATE invoices SET digest = '' WHERE region = :region AND number = :number RETURNING id
"""

_BILL_COLUMNS = (
    *("number", "supplier_id", "bill_date", "due_date", "currency", "exchange_rate", "total"),
    *("vat", "period_closed", "document", "digest"),
)
_WRITE_BILL = f"{_replacing('supplier_bills', 'number', _BILL_COLUMNS)} RETURNING id"

# A digest is that of the content, 32 characters, and that of the supplier.
_CHANGE_SUPPLIER = """
    UPDATE supplier_bills SET digest = substr(digest, 1, 32) || :digest
    WHERE supplier_id = :id AND substr(digest, 33) <> :digest
"""
