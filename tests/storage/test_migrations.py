"""A database of an earlier version, opened by this one."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from ledgers import Books

from hostsim.ledger import decisions
from hostsim.messages.texts import UPGRADED
from hostsim.services import hand_payments
from hostsim.storage import history, journal
from hostsim.storage.migrations import UPGRADES
from hostsim.storage.store import APPLICATION_ID, SCHEMA_VERSION, Store
from opter_contract.values import PaymentKey

#: The tables of version 1, as its databases have them.
VERSION_1 = """
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE invoices (
    id            INTEGER PRIMARY KEY,
    region        TEXT NOT NULL,
    number        TEXT NOT NULL CHECK (number <> ''),
    ocr           TEXT NOT NULL,
    customer_code TEXT NOT NULL,
    customer_name TEXT NOT NULL,
    currency      TEXT NOT NULL,
    total         TEXT NOT NULL,
    remaining     TEXT NOT NULL,
    invoice_date  TEXT,
    due_date      TEXT,
    period_closed INTEGER NOT NULL CHECK (period_closed IN (0, 1)),
    UNIQUE (region, number)
);
CREATE INDEX invoices_by_ocr ON invoices (region, ocr);

CREATE TABLE definitions (
    name          TEXT PRIMARY KEY CHECK (name <> ''),
    import_type   TEXT NOT NULL,
    import_format TEXT NOT NULL,
    region        TEXT NOT NULL,
    settings      TEXT NOT NULL,
    company       TEXT,
    company_name  TEXT,
    cursor        TEXT
);

CREATE TABLE runs (
    id           TEXT PRIMARY KEY,
    definition   TEXT NOT NULL REFERENCES definitions (name),
    state        TEXT NOT NULL
                 CHECK (state IN ('running', 'failed', 'open', 'replaced', 'discarded', 'saved',
                                  'reconciled')),
    user         TEXT NOT NULL,
    settings     TEXT NOT NULL,
    started_at   TEXT NOT NULL,
    finished_at  TEXT,
    saved_at     TEXT,
    company      TEXT,
    company_name TEXT,
    cursor       TEXT,
    not_read     INTEGER NOT NULL DEFAULT 0,
    requests     INTEGER NOT NULL DEFAULT 0,
    counts       TEXT NOT NULL DEFAULT '{}',
    totals       TEXT NOT NULL DEFAULT '{}',
    error_code   TEXT
);
CREATE INDEX runs_by_definition ON runs (definition);
CREATE UNIQUE INDEX one_open_preview ON runs (definition) WHERE state = 'open';

CREATE TABLE run_rows (
    id              INTEGER PRIMARY KEY,
    run_id          TEXT NOT NULL REFERENCES runs (id),
    number          TEXT NOT NULL,
    source          TEXT,
    invoice_number  TEXT,
    ocr             TEXT,
    date            TEXT,
    amount          TEXT,
    currency        TEXT,
    amount_currency TEXT,
    exchange_rate   TEXT,
    write_offs      TEXT NOT NULL,
    booked          INTEGER,
    warnings        TEXT NOT NULL,
    fresh           INTEGER NOT NULL,
    asked           INTEGER NOT NULL DEFAULT 0,
    gone            INTEGER NOT NULL DEFAULT 0,
    given_reason    TEXT,
    given_sv        TEXT,
    given_en        TEXT,
    earlier_reason  TEXT,
    earlier_sv      TEXT,
    earlier_en      TEXT,
    kind            TEXT CHECK (kind IN ('ready', 'rejected', 'ignored')),
    invoice_id      INTEGER REFERENCES invoices (id),
    status          TEXT,
    warning_sv      TEXT,
    warning_en      TEXT,
    reason          TEXT,
    message_sv      TEXT,
    message_en      TEXT,
    written_off     TEXT,
    CHECK (kind <> 'ready' OR (fresh = 1 AND gone = 0 AND number <> '' AND invoice_id IS NOT NULL))
);
CREATE UNIQUE INDEX one_row_a_payment ON run_rows (run_id, number) WHERE number <> '';
CREATE INDEX run_rows_by_run ON run_rows (run_id, kind);
CREATE INDEX run_rows_by_ocr ON run_rows (run_id, ocr) WHERE ocr <> '';

CREATE TABLE pending (
    definition      TEXT NOT NULL REFERENCES definitions (name),
    company         TEXT NOT NULL,
    number          TEXT NOT NULL CHECK (number <> ''),
    source          TEXT,
    invoice_number  TEXT,
    ocr             TEXT,
    date            TEXT,
    amount          TEXT,
    currency        TEXT,
    amount_currency TEXT,
    exchange_rate   TEXT,
    write_offs      TEXT NOT NULL,
    booked          INTEGER,
    warnings        TEXT NOT NULL,
    reason          TEXT NOT NULL,
    message_sv      TEXT NOT NULL,
    message_en      TEXT NOT NULL,
    gone_at         TEXT,
    PRIMARY KEY (definition, company, number)
);

CREATE TABLE payments (
    id              INTEGER PRIMARY KEY,
    company         TEXT NOT NULL CHECK (company <> ''),
    number          TEXT NOT NULL CHECK (number <> ''),
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
    run_id          TEXT NOT NULL REFERENCES runs (id),
    user            TEXT NOT NULL,
    registered_at   TEXT NOT NULL,
    UNIQUE (company, number)
);
CREATE INDEX payments_by_run ON payments (run_id);
CREATE INDEX payments_by_invoice ON payments (invoice_id);
CREATE INDEX payments_by_ocr ON payments (company, ocr) WHERE ocr <> '';

CREATE TABLE state (
    import_type TEXT NOT NULL,
    key         TEXT NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (import_type, key)
);
"""

PAYMENT = (
    "INSERT INTO payments (company, number, source, invoice_number, ocr, date, amount, currency,"
    " amount_currency, exchange_rate, write_offs, booked, warnings, invoice_id, status,"
    " written_off, run_id, user, registered_at) VALUES ('556', ?, 'file', ?, NULL, '2026-03-02',"
    " ?, ?, ?, ?, ?, 1, '[]', ?, ?, ?, 'run', 'anna', '2026-03-03T08:00:00+01:00')"
)


def tables(connection):
    """Give every table and index as it was made, without spaces and comments."""
    made = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {
        (row[0], row[1]): re.sub(r"--[^\n]*|\s+|\"", "", row[2]).replace("IFNOTEXISTS", "")
        for row in made
    }


def columns(connection):
    names = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    return {
        name: {tuple(row)[1:] for row in connection.execute(f"PRAGMA table_info ({name})")}
        for name in names
    }


@pytest.fixture
def earlier(tmp_path):
    """Return the path of a database of version 1, with payments and an open preview."""
    path = tmp_path / "host.db"
    db = sqlite3.connect(path)
    db.executescript(VERSION_1)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("PRAGMA user_version = 1")
    invoice = (
        "INSERT INTO invoices (id, region, number, ocr, customer_code, customer_name, currency,"
        " total, remaining, period_closed) VALUES (?, '', ?, '', '1', 'Åkeriet AB', ?, ?, ?, 1)"
    )
    db.execute(invoice, (1, "1001", "SEK", "1000.00", "0"))
    db.execute(invoice, (2, "1002", "EUR", "100.00", "0"))
    db.execute(
        "INSERT INTO definitions VALUES ('Fortnox', 'FortnoxAPI', 'API', 'norr', '{}', '556',"
        " 'Åkeriet AB', 'cursor')"
    )
    run = (
        "INSERT INTO runs (id, definition, state, user, settings, started_at, company)"
        " VALUES (?, 'Fortnox', ?, 'anna', '{}', '2026-03-03T08:00:00+01:00', '556')"
    )
    db.execute(run, ("run", "saved"))
    db.execute(run, ("open", "open"))
    db.execute(
        "INSERT INTO run_rows (run_id, number, write_offs, warnings, fresh)"
        " VALUES ('open', '9', '[]', '[]', 1)"
    )
    off = '[["10.00", "6530", "Avrundning"]]'
    db.execute(PAYMENT, ("1", "1001", "600.00", "SEK", "600.00", None, off, 1, "partial", "0"))
    db.execute(PAYMENT, ("2", "1001", "388.00", "SEK", "388.00", None, "[]", 1, "written-off", "2"))
    db.execute(
        PAYMENT, ("3", "1002", "1120", "EUR", "99.50", "11.25", "[]", 2, "written-off", "5.63")
    )
    db.commit()
    db.close()
    return path


def test_an_earlier_database_ends_as_a_new_one_begins(earlier, tmp_path):
    with Store.open(earlier) as store, Store.create(tmp_path / "new.db") as new:
        assert store.db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
        assert columns(store.db) == columns(new.db)
        # Added columns stand last in the text of their table; all else is the same to the letter.
        old, fresh = tables(store.db), tables(new.db)
        assert old.keys() == fresh.keys()
        differing = {name for kind, name in fresh if old[kind, name] != fresh[kind, name]}
        assert differing <= {"pending", "runs", "run_rows"}
        assert store.db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert store.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_every_payment_stays_with_what_it_took_from_its_invoice(earlier):
    with Store.open(earlier) as store:
        kept = store.db.execute("SELECT number, origin, state, effect FROM payments ORDER BY id")
        assert [tuple(row) for row in kept] == [
            ("1", "import", "registered", "610.00"),
            ("2", "import", "registered", "390.00"),
            ("3", "import", "registered", "100.00"),
        ]
        assert [one.payment.amount for one in store.registered()] == [
            Decimal("600.00"),
            Decimal("388.00"),
            Decimal(1120),
        ]


def test_what_was_not_saved_is_read_again(earlier):
    with Store.open(earlier) as store:
        assert store.db.execute("SELECT count(*) FROM run_rows").fetchone()[0] == 0
        assert {run.id: run.state for run in store.runs()} == {"run": "saved", "open": "discarded"}
        assert store.definition("Fortnox").cursor == "cursor"
        saved = store.db.execute("SELECT region, saved_by FROM runs WHERE id = 'run'").fetchone()
        assert tuple(saved) == ("norr", "anna")


@pytest.fixture
def version_2(earlier):
    """Return a database of version 2: a decision, a payment that waits, and one by hand."""
    db = sqlite3.connect(earlier, isolation_level=None)
    db.row_factory = sqlite3.Row
    UPGRADES[1](db)
    db.execute("PRAGMA user_version = 2")
    db.execute("UPDATE runs SET state = 'open', error_code = NULL WHERE id = 'open'")
    db.execute(
        "INSERT INTO run_rows (run_id, number, write_offs, warnings, fresh)"
        " VALUES ('open', '9', '[]', '[]', 1)"
    )
    db.execute(
        "INSERT INTO decisions (definition, company, decision, number, facts, user, at) VALUES"
        " ('Fortnox', '556', 'confirm', '9', '{\"typed\": 4}', 'eva', '2026-03-04T08:00:00+01:00')"
    )
    db.execute(
        "INSERT INTO pending (definition, company, number, write_offs, warnings, reason,"
        " message_sv, message_en)"
        " VALUES ('Fortnox', '556', '8', '[]', '[]', 'unreadable', 's', 'e')"
    )
    db.execute(
        "INSERT INTO payments (origin, source, invoice_number, date, amount, currency, write_offs,"
        " booked, warnings, invoice_id, status, written_off, effect, user, registered_at)"
        " VALUES ('hand', 'hand', '1001', '2026-03-04', '2.00', 'SEK', '[]', 1, '[]', 1, 'advance',"
        " '0', '2.00', 'eva', '2026-03-04T08:00:00+01:00')"
    )
    db.close()
    return earlier


def test_what_was_decided_typed_and_waits_is_kept_from_version_2(version_2):
    with Store.open(version_2) as store:
        [decision] = store.db.execute("SELECT number, decision, facts, user FROM decisions")
        assert tuple(decision) == ("9", "confirm", '{"typed": 4}', "eva")
        assert decisions.named_in(decision["facts"]) == {4}
        assert [row["number"] for row in store.db.execute("SELECT * FROM pending")] == ["8"]
        kept = store.db.execute("SELECT id, origin, import_type, number FROM payments ORDER BY id")
        assert [tuple(row) for row in kept] == [
            (1, "import", "FortnoxAPI", "1"),
            (2, "import", "FortnoxAPI", "2"),
            (3, "import", "FortnoxAPI", "3"),
            (4, "hand", None, None),
        ]
        assert history.run(store, "open", lambda _, values: values).error == UPGRADED


def test_a_preview_that_is_discarded_says_why_in_its_run_and_in_the_log(earlier, caplog):
    with Store.open(earlier) as store:
        run = history.run(store, "open", lambda _, values: values)
    assert (run.state, run.error_code, run.error) == ("discarded", "UPGRADED", UPGRADED)
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == [
        f"Fortnox: {UPGRADED.en}"
    ]


def test_nobody_is_told_twice_that_a_preview_was_discarded(earlier, caplog):
    for _ in range(2):
        caplog.clear()
        Store.open(earlier).close()
    assert not caplog.records


def test_the_import_type_of_each_payment_is_that_of_its_import(earlier):
    with Store.open(earlier) as store:
        keys = [one.payment.key for one in store.registered()]
    assert keys == [PaymentKey("556", number, "FortnoxAPI") for number in ("1", "2", "3")]


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(earlier, monkeypatch):
    def fails(db):
        db.execute("DROP TABLE payments")
        raise RuntimeError("no")

    monkeypatch.setattr("hostsim.storage.migrations.UPGRADES", {1: fails})
    with pytest.raises(RuntimeError):
        Store.open(earlier)
    monkeypatch.undo()
    with Store.open(earlier) as store:
        assert len(list(store.registered())) == 3


# --- The journal of books that were kept without one ---


def to_version_2(path):
    """Bring a database of version 1 to version 2, as it was done then."""
    db = sqlite3.connect(path, isolation_level=None)
    db.row_factory = sqlite3.Row
    UPGRADES[1](db)
    db.execute("PRAGMA user_version = 2")
    return db


def test_a_database_of_version_1_gets_a_journal_of_what_was_registered(earlier):
    with Store.open(earlier) as store:
        Books(store).journal_adds_up()
        told = journal.changes_after(store.db, 0)
        assert [(one.sequence, one.kind, one.key.number, one.effect) for one in told] == [
            (1, "registered", "1", Decimal("610.00")),
            (2, "registered", "2", Decimal("390.00")),
            (3, "registered", "3", Decimal("100.00")),
        ]
        assert [one.key.import_type for one in told] == ["FortnoxAPI"] * 3


DECIDED = """
UPDATE payments SET state = 'deleted', deleted_by = 'eva',
    deleted_at = '2026-03-04T08:00:00+01:00' WHERE id = 1;
UPDATE payments SET state = 'countered' WHERE id = 2;
INSERT INTO runs (id, definition, state, user, settings, started_at)
    VALUES ('later', 'Fortnox', 'saved', 'eva', '{}', '2026-03-05T08:00:00+01:00');
CREATE TEMP TABLE new AS SELECT * FROM payments WHERE id = 2;
UPDATE new SET id = 4, state = 'counter', counters = 2, amount = '-388.00',
    amount_currency = '-388.00', effect = '-390.00', run_id = 'later', user = 'eva',
    registered_at = '2026-03-05T08:00:00+01:00';
INSERT INTO payments SELECT * FROM new;
UPDATE new SET id = 5, state = 'registered', counters = NULL, amount = '380.00',
    amount_currency = '380.00', effect = '380.00';
INSERT INTO payments SELECT * FROM new;
UPDATE new SET id = 6, origin = 'hand', state = 'deleted', company = NULL, number = NULL,
    amount = '-7.50', amount_currency = '-7.50', effect = '-7.50', run_id = NULL,
    registered_at = '2026-10-25T02:50:00+02:00', deleted_by = 'eva',
    deleted_at = '2026-10-25T02:10:00+01:00';
INSERT INTO payments SELECT * FROM new;
UPDATE invoices SET remaining = '620.00' WHERE id = 1;
"""


@pytest.fixture
def decided_once(earlier):
    """Return the path of a database of version 2, in which everything was decided once.

    Payment 1 was deleted, 2 was countered and registered anew with 8 less, and one was typed
    and deleted on the night when summer time ended.
    """
    db = to_version_2(earlier)
    db.executescript(DECIDED)
    db.close()
    return earlier


def test_a_database_of_version_2_gets_a_journal_of_all_that_was_decided(decided_once):
    with Store.open(decided_once) as store:
        Books(store).journal_adds_up()
        told = [
            (one.kind, one.payment_id, one.replaces, one.amount, one.effect, one.user)
            for one in journal.changes_after(store.db, 0)
        ]
    assert told == [
        ("registered", 1, None, 600, 610, "anna"),
        ("registered", 2, None, 388, 390, "anna"),
        ("registered", 3, None, 1120, 100, "anna"),
        ("deleted", 1, None, -600, -610, "eva"),
        ("reversed", 2, None, -388, -390, "eva"),
        ("registered", 5, 2, 380, 380, "eva"),
        ("registered", 6, None, Decimal("-7.5"), Decimal("-7.5"), "eva"),
        ("deleted", 6, None, Decimal("7.5"), Decimal("7.5"), "eva"),
    ]


def test_what_changes_after_the_upgrade_is_journaled_behind_it(decided_once):
    with Store.open(decided_once) as store:
        last = journal.last(store.db)
        with store.change() as db:
            hand_payments.delete(db, 5, "fel", "kim", datetime(2026, 11, 1, tzinfo=UTC))
        [one] = journal.changes_after(store.db, last)
        assert (one.sequence, one.kind, one.payment_id, one.effect) == (
            last + 1,
            "deleted",
            5,
            -380,
        )
        Books(store).journal_adds_up()
