"""The changes of the books, in order, and how far each listener has acknowledged them.

Triggers in ``schema.sql`` store a change in the transaction that makes it, and refuse to
update or delete one: the sum of the effects on an invoice is its total less its balance.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal

from hostsim.storage.rows import first_row, value_of
from opter_contract import BATCH
from opter_contract.values import BookChange, PaymentKey


def changes_after(db: sqlite3.Connection, sequence: int, most: int = BATCH) -> list[BookChange]:
    """Return the changes that come next."""
    return [_change(row) for row in db.execute(_AFTER, {"sequence": sequence, "most": most})]


def last_sequence(db: sqlite3.Connection) -> int:
    """Return the sequence of the last change; 0 if there is none."""
    sequence: int = db.execute("SELECT COALESCE(max(sequence), 0) FROM journal").fetchone()[0]
    return sequence


def acknowledged(db: sqlite3.Connection, listener: str) -> int:
    """Return the sequence of the last change that a listener acknowledged; 0 for a new one."""
    row = first_row(db, "SELECT sequence FROM listeners WHERE name = :name", name=listener)
    return 0 if row is None else int(row["sequence"])


def acknowledge(db: sqlite3.Connection, listener: str, sequence: int) -> None:
    """Store what a listener has acknowledged, even if that is less than before."""
    db.execute(
        "INSERT INTO listeners (name, sequence) VALUES (:name, :sequence)"
        " ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence",
        {"name": listener, "sequence": sequence},
    )


def set_books_id(db: sqlite3.Connection, books_id: str) -> None:
    """Give the books a new identity, of which no listener has heard yet."""
    with db:
        db.execute("UPDATE settings SET value = :id WHERE key = 'books'", {"id": books_id})
        db.execute("DELETE FROM listeners")


def _change(row: sqlite3.Row) -> BookChange:
    key = None
    if row["number"] is not None:
        key = PaymentKey(row["company"], row["number"], row["import_type"])
    in_currency = Decimal(row["amount_currency"] or row["amount"])
    return value_of(BookChange, row, key=key, amount_currency=in_currency)


_AFTER = """
    SELECT j.*, p.import_type, p.company, p.number, p.date, p.currency, p.source,
           i.region, i.number AS host_invoice_number,
           (SELECT value FROM settings WHERE key = 'books') AS books_id
    FROM journal j JOIN payments p ON p.id = j.payment_id JOIN invoices i ON i.id = p.invoice_id
    WHERE j.sequence > :sequence ORDER BY j.sequence LIMIT :most
"""
