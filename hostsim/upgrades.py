"""How a database of an earlier version is brought to today's form.

Each step goes from one version to the next, inside the transaction of
:meth:`hostsim.store.Store.open`. Tables are made anew from ``schema.sql``
where their rules changed, so that an old database ends as a new one begins.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from types import MappingProxyType

from hostsim.judging import EXACT, ZERO, effect_of
from hostsim.store import payment_of, plain, schema


def _from_1_to_2(db: sqlite3.Connection) -> None:
    """Let payments be deleted, countered and typed by hand, and decisions be kept."""
    for column in (
        "saved_by TEXT",
        "region TEXT NOT NULL DEFAULT ''",
        "bank_account TEXT NOT NULL DEFAULT ''",
        "date TEXT",
        "error_sv TEXT",
        "error_en TEXT",
    ):
        db.execute(f"ALTER TABLE runs ADD COLUMN {column}")
    db.execute("UPDATE runs SET saved_by = user WHERE state = 'saved'")
    db.execute(
        "UPDATE runs SET region = (SELECT region FROM definitions WHERE name = runs.definition)"
    )
    # What was read but not saved is judged with what version 2 knows: it is read again.
    db.execute("DELETE FROM run_rows")
    db.execute("UPDATE runs SET state = 'discarded' WHERE state = 'open'")
    db.execute("ALTER TABLE run_rows ADD COLUMN effect TEXT")
    effects = _effects(db)
    for index in ("payments_by_run", "payments_by_invoice", "payments_by_ocr"):
        db.execute(f"DROP INDEX {index}")
    db.execute("ALTER TABLE payments RENAME TO payments_1")
    for statement in schema():
        if any(name in statement for name in _NEW_IN_2):
            db.execute(statement)
    columns = ", ".join(row["name"] for row in db.execute("PRAGMA table_info (payments_1)"))
    db.execute(
        f"INSERT INTO payments (origin, effect, {columns}) SELECT 'import', '0', {columns}"  # noqa: S608 names of our own columns
        " FROM payments_1"
    )
    db.executemany(
        "UPDATE payments SET effect = ? WHERE id = ?",
        [(plain(effect), payment) for payment, effect in effects.items()],
    )
    db.execute("DROP TABLE payments_1")


_NEW_IN_2 = (
    "CREATE TABLE decisions",
    "INDEX one_decision_a_payment",
    "CREATE TABLE payments",
    "INDEX one_payment_a_key",
    "INDEX payments_by_",
)


def _effects(db: sqlite3.Connection) -> dict[int, Decimal]:
    """Tell what each payment took away from its invoice, in the invoice's currency.

    What was written off within the accepted deviation was kept in SEK; in the
    invoice's currency it is what is missing between the payments and what was paid.
    """
    effects: dict[int, Decimal] = {}
    written_off: dict[int, int] = {}
    sums: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
    with localcontext(EXACT):
        for row in db.execute("SELECT * FROM payments ORDER BY id"):
            payment = payment_of(row, row["company"])
            effect = (effect_of(payment) if payment is not None else None) or ZERO
            effects[row["id"]] = effect
            sums[row["invoice_id"]] += effect
            if Decimal(row["written_off"]):
                written_off[row["invoice_id"]] = row["id"]
        for invoice, payment_id in written_off.items():
            row = db.execute("SELECT * FROM invoices WHERE id = ?", (invoice,)).fetchone()
            paid = Decimal(row["total"]) - Decimal(row["remaining"])
            effects[payment_id] += paid - sums[invoice]
    return effects


#: What brings a database from the version that is the key to the next one.
UPGRADES: Mapping[int, Callable[[sqlite3.Connection], None]] = MappingProxyType({1: _from_1_to_2})
