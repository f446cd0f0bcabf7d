"""How a database of an earlier version is brought to today's form.

Each step goes from one version to the next, inside the transaction of
:meth:`hostsim.storage.store.Store.open`. The last one makes tables anew from
``schema.sql`` where their rules changed, so that an old database ends as a new
one begins; an earlier one has its tables written out.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from types import MappingProxyType

from hostsim.ledger.matching import EXACT, ZERO, effect_of
from hostsim.messages import texts
from hostsim.storage import journal
from hostsim.storage.rows import payment_of, plain, schema

log = logging.getLogger(__name__)


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
    _discard_previews(db)
    db.execute("ALTER TABLE run_rows ADD COLUMN effect TEXT")
    effects = _effects(db)
    for index in ("payments_by_run", "payments_by_invoice", "payments_by_ocr"):
        db.execute(f"DROP INDEX {index}")
    db.execute("ALTER TABLE payments RENAME TO payments_1")
    for statement in _VERSION_2.split(";\n"):
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


def _from_2_to_3(db: sqlite3.Connection) -> None:
    """Let a payment's key hold its import type, and keep a journal of what changed the books.

    An open preview was judged by earlier rules: it is discarded, says so, and is read again.
    """
    db.execute("DELETE FROM run_rows")
    _discard_previews(db)
    for table, column in (
        ("runs", "notes TEXT NOT NULL DEFAULT '[]'"),
        ("runs", "revision TEXT NOT NULL DEFAULT ''"),
        ("runs", "printed TEXT NOT NULL DEFAULT ''"),
        ("run_rows", "customer TEXT"),
        ("pending", "customer TEXT"),
    ):
        db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    for (index,) in db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'payments'"
        " AND sql IS NOT NULL"
    ).fetchall():
        db.execute(f"DROP INDEX {index}")
    db.execute("ALTER TABLE payments RENAME TO payments_2")
    for statement in schema():
        if any(name in statement for name in _NEW_IN_3):
            db.execute(statement)
    columns = ", ".join(row["name"] for row in db.execute("PRAGMA table_info (payments_2)"))
    db.execute(
        f"INSERT INTO payments (import_type, {columns})"  # noqa: S608 names of our own columns
        " SELECT (SELECT d.import_type FROM runs u JOIN definitions d ON d.name = u.definition"
        f" WHERE u.id = payments_2.run_id), {columns} FROM payments_2 ORDER BY id"
    )
    db.execute("DROP TABLE payments_2")
    db.execute(_REPLACES)
    journal.begin(db)
    # These would have journaled the payments in the order of their ids.
    for statement in schema():
        if "CREATE TRIGGER" in statement:
            db.execute(statement)


def _discard_previews(db: sqlite3.Connection) -> None:
    """Discard what was read but not saved, and tell in the run and in the log that it was."""
    for (name,) in db.execute("SELECT definition FROM runs WHERE state = 'open'").fetchall():
        log.warning("%s: %s", name, texts.UPGRADED.en)
    db.execute(
        "UPDATE runs SET state = 'discarded', error_code = 'UPGRADED', error_sv = ?, error_en = ?"
        " WHERE state = 'open'",
        texts.UPGRADED,
    )


_NEW_IN_3 = (
    "INSERT INTO settings",
    "CREATE TABLE run_balances",
    "CREATE TABLE run_checked",
    "CREATE TABLE checked_payments",
    "CREATE TABLE asked_invoices",
    "CREATE TABLE ignored_payments",
    "CREATE TABLE run_discrepancies",
    "INDEX run_discrepancies_by_run",
    "CREATE TABLE payments",
    "CREATE TABLE journal",
    "CREATE TABLE listeners",
    "INDEX invoices_by_customer",
    "INDEX one_payment_a_key",
    "INDEX payments_by_",
)

#: An accepted change was registered in the place of the payment that the same run countered.
_REPLACES = """
    UPDATE payments SET replaces = (
        SELECT c.counters FROM payments c
        WHERE c.import_type = payments.import_type AND c.company = payments.company
        AND c.number = payments.number AND c.run_id = payments.run_id AND c.state = 'counter')
    WHERE state <> 'counter' AND run_id IN (SELECT run_id FROM payments WHERE state = 'counter')
"""

#: The tables that came with version 2, as its databases have them.
_VERSION_2 = """
CREATE TABLE decisions (
    id            INTEGER PRIMARY KEY,
    definition    TEXT NOT NULL REFERENCES definitions (name),
    company       TEXT NOT NULL,
    decision      TEXT NOT NULL
                  CHECK (decision IN ('set-aside', 'confirm', 'take-again', 'accept', 'keep')),
    number        TEXT CHECK (number <> ''),
    first_invoice TEXT,
    last_invoice  TEXT,
    facts         TEXT NOT NULL DEFAULT '',
    why           TEXT NOT NULL DEFAULT '',
    user          TEXT NOT NULL,
    at            TEXT NOT NULL,
    settled_at    TEXT,
    taken_back_by TEXT,
    taken_back_at TEXT,
    CHECK ((number IS NULL) = (first_invoice IS NOT NULL AND last_invoice IS NOT NULL)),
    CHECK (number IS NOT NULL OR decision = 'set-aside')
);
CREATE UNIQUE INDEX one_decision_a_payment ON decisions (definition, company, number)
    WHERE number IS NOT NULL AND taken_back_at IS NULL AND settled_at IS NULL;
CREATE TABLE payments (
    id              INTEGER PRIMARY KEY,
    origin          TEXT NOT NULL CHECK (origin IN ('import', 'hand')),
    state           TEXT NOT NULL DEFAULT 'registered'
                    CHECK (state IN ('registered', 'deleted', 'countered', 'counter')),
    counters        INTEGER REFERENCES payments (id),
    company         TEXT CHECK (company <> ''),
    number          TEXT CHECK (number <> ''),
    source          TEXT NOT NULL,
    invoice_number  TEXT NOT NULL,
    ocr             TEXT,
    date            TEXT NOT NULL,
    amount          TEXT NOT NULL,
    currency        TEXT NOT NULL,
    amount_currency TEXT,
    exchange_rate   TEXT,
    write_offs      TEXT NOT NULL,
    booked          INTEGER NOT NULL,
    warnings        TEXT NOT NULL,
    invoice_id      INTEGER NOT NULL REFERENCES invoices (id),
    status          TEXT NOT NULL,
    warning_sv      TEXT,
    warning_en      TEXT,
    written_off     TEXT NOT NULL,
    effect          TEXT NOT NULL,
    bank_account    TEXT NOT NULL DEFAULT '',
    run_id          TEXT REFERENCES runs (id),
    user            TEXT NOT NULL,
    registered_at   TEXT NOT NULL,
    deleted_by      TEXT,
    deleted_at      TEXT,
    deleted_why     TEXT,
    CHECK (origin = 'hand'
           OR (company IS NOT NULL AND number IS NOT NULL AND run_id IS NOT NULL)),
    CHECK ((state = 'counter') = (counters IS NOT NULL)),
    CHECK ((state = 'deleted') = (deleted_at IS NOT NULL))
);
CREATE UNIQUE INDEX one_payment_a_key ON payments (company, number) WHERE state = 'registered';
CREATE INDEX payments_by_key ON payments (company, number);
CREATE INDEX payments_by_run ON payments (run_id);
CREATE INDEX payments_by_invoice ON payments (invoice_id);
CREATE INDEX payments_by_ocr ON payments (company, ocr) WHERE ocr <> '';
"""


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
            payment = payment_of({**row, "customer": None}, row["company"])
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
UPGRADES: Mapping[int, Callable[[sqlite3.Connection], None]] = MappingProxyType(
    {1: _from_1_to_2, 2: _from_2_to_3}
)
