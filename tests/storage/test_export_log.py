"""The tables of exports hold what must never be lost."""

import sqlite3

import pytest
from fake_export import SETTINGS, FakeExport, bill, exported_invoice, send_all

from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.store import Store


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices([exported_invoice("10301")])
        host = Host(store, Plugins([("fake", FakeExport())]), user="kim")
        host.define_export("ut", "Fake", "invoices", "", SETTINGS)
        host.export("ut", review=send_all)
        yield store


@pytest.mark.parametrize(
    "change", ["UPDATE export_log SET user = 'nobody'", "DELETE FROM export_log"]
)
def test_the_log_is_append_only(store, change):
    with pytest.raises(sqlite3.IntegrityError, match="export log"), store.change() as db:
        db.execute(change)


@pytest.fixture
def confirmed(store):
    """Have a change of a supplier's bankgiro that was confirmed and used, and one that was not."""
    store.load_bills([bill("1")])
    plugin = FakeExport(bankgiros={"LASSE": "111-1111"})
    host = Host(store, Plugins([("fake", plugin)]), user="kim")
    host.define_export("av", "Fake", "supplier-bills", "", SETTINGS)
    host.confirm_bank("av", "LASSE", host.export("av").run_id)
    host.export("av", review=send_all)
    plugin.bankgiros["LASSE"] = "222-2222"
    store.load_bills([bill("2")])
    host.confirm_bank("av", "LASSE", host.export("av").run_id)
    return store


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ("UPDATE bank_confirmations SET user = 'nobody'", "never changed"),
        ("UPDATE bank_confirmations SET theirs = '1'", "never changed"),
        ("DELETE FROM bank_confirmations", "never removed"),
        ("DELETE FROM export_bank_changes", "never removed"),
        ("UPDATE export_bank_changes SET confirmation = NULL", "confirmed once"),
        ("UPDATE export_bank_changes SET confirmation = 2 WHERE confirmation = 1", "once"),
        ("UPDATE export_bank_changes SET confirmation = 1 WHERE confirmation IS NULL", "values"),
        ("UPDATE export_bank_changes SET ours = '1' WHERE confirmation IS NULL", "values"),
    ],
)
def test_a_confirmation_of_bank_details_stays_as_it_was_given(confirmed, change, refused):
    with pytest.raises(sqlite3.IntegrityError, match=refused), confirmed.change() as db:
        db.execute(change)


def test_a_confirmation_that_is_too_old_is_not_used(confirmed):
    with confirmed.change() as db:
        db.execute("UPDATE export_runs SET started_at = '9999-01-01T00:00:00+00:00'")
    use = "UPDATE export_bank_changes SET confirmation = 2 WHERE confirmation IS NULL"
    with pytest.raises(sqlite3.IntegrityError, match="in time"), confirmed.change() as db:
        db.execute(use)


def test_a_confirmation_of_bank_details_is_used_once(confirmed):
    query = """
        INSERT INTO export_bank_changes (run_id, party_number, field, ours, theirs, confirmation)
        SELECT run_id, party_number, 'again', ours, theirs, confirmation FROM export_bank_changes
    """
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"), confirmed.change() as db:
        db.execute(query)


def test_two_invoices_never_have_one_id(store):
    store.load_invoices([exported_invoice("1", region="A/B"), exported_invoice("B/1", region="A")])
    store.load_invoices(
        [exported_invoice("2", region="100%2F"), exported_invoice("2", region="100/")]
    )
    ids = [row["item_id"] for row in store.db.execute("SELECT item_id FROM invoices")]
    assert sorted(ids) == ["/10301", "100%252F/2", "100%2F/2", "A%2FB/1", "A/B/1"]


def test_an_invoice_keeps_its_id_when_it_is_loaded_again(store):
    query = "SELECT id, item_id FROM invoices"
    before = tuple(store.db.execute(query).fetchone())
    store.load_invoices([exported_invoice("10301", order_number="4711")])
    assert tuple(store.db.execute(query).fetchone()) == before


def test_rows_are_replaced_whole(store):
    store.load_invoices([exported_invoice("10301", rows=(("3005", "1.00", "0.25"),))])
    rows = store.db.execute("SELECT account, net FROM invoice_rows").fetchall()
    assert [tuple(row) for row in rows] == [("3005", "1.00")]
