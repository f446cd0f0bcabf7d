"""The host's database: what it takes, what it refuses, and what it never loses."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from decimal import Decimal

import pytest
from fake_plugin import invoice, known_invoice
from host_and_plugin import refusal

from hostsim.ledger.values import Definition
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.connection import Database, error_of
from hostsim.storage.damage import wal_of
from hostsim.storage.store import Store


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "åkeriet.db") as store:
        yield store


# --- The file ---------------------------------------------------------------


def test_a_new_database_can_be_opened_again(tmp_path):
    Store.create(tmp_path / "host.db").close()
    with Store.open(tmp_path / "host.db") as store:
        assert list(store.invoices()) == []


def test_making_a_database_twice_is_refused_and_leaves_it_alone(store):
    store.set_setting("accepted_deviation", "5")
    assert refusal(Store.create, store.path).code == "DATABASE_EXISTS"
    assert store.settings()["accepted_deviation"] == "5"


def test_a_missing_database_is_named_and_not_made(tmp_path):
    error = refusal(Store.open, tmp_path / "host.db")
    assert error.code == "NO_DATABASE"
    assert "hostsim init" in error.command.sv
    assert not (tmp_path / "host.db").exists()


@pytest.mark.parametrize("way", [Store.open, Store.create])
def test_a_file_of_something_else_is_refused(tmp_path, way):
    (tmp_path / "host.db").write_text("invoice_number;total\n" * 100)
    assert refusal(way, tmp_path / "host.db").code == "DATABASE_FOREIGN"


def test_a_database_of_another_program_is_refused(tmp_path):
    foreign = sqlite3.connect(tmp_path / "host.db")
    foreign.execute("CREATE TABLE settings (key TEXT)")
    foreign.close()
    assert refusal(Store.open, tmp_path / "host.db").code == "DATABASE_FOREIGN"


@pytest.mark.parametrize("version", [0, 2, 99999])
def test_a_database_of_a_version_that_is_not_known_is_refused(store, version):
    store.db.execute(f"PRAGMA user_version = {version}")
    assert refusal(Store.open, store.path).code == "DATABASE_VERSION"


def test_an_empty_file_becomes_a_database(tmp_path):
    """A process that died while it made the database left just that."""
    (tmp_path / "host.db").touch()
    with Store.create(tmp_path / "host.db") as store:
        assert list(store.invoices()) == []


def test_nobody_sees_a_database_before_it_has_its_tables(tmp_path, monkeypatch):
    path = tmp_path / "host.db"
    create_tables = Store._create_tables

    def look_before(database):
        assert refusal(Store.open, path).code == "NO_DATABASE"
        create_tables(database)
        assert refusal(Store.open, path).code == "NO_DATABASE"

    monkeypatch.setattr(Database, "_create_tables", look_before)
    Store.create(path).close()
    assert [one.name for one in tmp_path.iterdir()] == ["host.db"]


def test_of_two_that_create_a_database_at_once_one_does_and_the_other_opens_it(
    tmp_path, monkeypatch
):
    path = tmp_path / "host.db"
    create = Store._create_aside

    def create_after_the_other(store):
        monkeypatch.setattr(Store, "_create_aside", create)
        Store.create(path).close()
        return create(store)

    monkeypatch.setattr(Store, "_create_aside", create_after_the_other)
    store, new = Store.open_or_create(path)
    with store:
        assert (new, list(store.invoices())) == (False, [])
    assert [one.name for one in tmp_path.iterdir()] == ["host.db"]


def test_what_is_left_of_a_former_database_is_no_part_of_a_new_one(store, tmp_path):
    path = tmp_path / "new.db"
    with store.reader() as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM invoices").fetchall()
        store.load_invoices([invoice("1001")])
        shutil.copy(wal_of(store.path), wal_of(path))
    with Store.create(path) as created:
        assert list(created.invoices()) == []


def test_a_database_is_created_where_there_are_no_links(tmp_path, monkeypatch):
    def no_links(_file, _name):
        raise PermissionError

    monkeypatch.setattr(os, "link", no_links)
    with Store.create(tmp_path / "host.db") as store:
        assert list(store.invoices()) == []
    assert [one.name for one in tmp_path.iterdir()] == ["host.db"]


def test_a_database_that_cannot_be_created_is_named_as_it_was_asked_for(tmp_path, monkeypatch):
    def full(database):
        database.db.execute("PRAGMA max_page_count = 1")
        database.db.execute("CREATE TABLE one (a)")

    monkeypatch.setattr(Database, "_create_tables", full)
    error = refusal(Store.create, tmp_path / "host.db")
    assert (error.code, "partial" in error.message.sv) == ("DATABASE_UNREACHABLE", False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_said(tmp_path):
    assert refusal(Store.create, tmp_path / "missing" / "host.db").code == "DATABASE_UNREACHABLE"


def test_a_database_that_somebody_else_holds_is_said(store):
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Store.open(store.path, patience=0) as impatient:
        error = refusal(impatient.set_setting, "accepted_deviation", "5")
    other.close()
    assert (error.code, error.kind) == ("DATABASE_BUSY", "busy")


def test_a_log_whose_locks_others_hold_for_too_long_is_busy(tmp_path):
    error = sqlite3.OperationalError("locking protocol")
    error.sqlite_errorcode = sqlite3.SQLITE_PROTOCOL
    assert error_of(error, tmp_path).code == "DATABASE_BUSY"


def test_a_change_is_made_whole_or_not_at_all(store):
    def broken():
        yield invoice("1")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.load_invoices(broken())
    assert list(store.invoices()) == []


def test_connections_of_ended_threads_are_closed(store):
    def work():
        store.settings()

    for _ in range(3):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    store.close()
    assert store.settings()["default_currency"] == "SEK"
    assert len(store._connections) == 1


def test_a_reader_that_stops_half_way_disturbs_nobody(store):
    store.load_invoices([invoice("1"), invoice("2")])
    reader = store.invoices()
    next(reader)
    store.load_invoices([invoice("3")])
    assert [one.number for one in reader] == ["2"]


# --- Settings of the office -------------------------------------------------


def test_settings_have_defaults(store):
    defaults = {"default_currency": "SEK", "accepted_deviation": "0", "invoice_columns": ""}
    assert store.settings() == defaults


@pytest.mark.parametrize(
    "key", ["accepted_deviation", "accepted-deviation", "accepted_invoice_deviation"]
)
def test_a_setting_goes_by_several_spellings(store, key):
    store.set_setting(key, "2,50")
    assert store.accepted_deviation == Decimal("2.5")


@pytest.mark.parametrize("text", ["-1", "fem", "", "NaN", "Infinity", "0.001", "1e9", "5 kr"])
def test_a_wrong_deviation_is_refused_with_a_sentence(store, text):
    error = refusal(store.set_setting, "accepted_deviation", text)
    assert (error.code, error.kind) == ("SETTING_WRONG", "settings")
    assert "belopp i SEK" in error.message.sv
    assert store.accepted_deviation == 0


def test_a_currency_is_needed(store):
    assert refusal(store.set_setting, "default_currency", " ").code == "SETTING_WRONG"


def test_an_unknown_setting_is_refused_naming_the_known_ones(store):
    error = refusal(store.set_setting, "deviation", "5")
    assert (error.code, error.kind) == ("SETTING_UNKNOWN", "usage")
    assert "accepted_deviation, default_currency" in error.message.sv


# --- Invoices ---------------------------------------------------------------


def test_a_new_invoice_remains_whole(store):
    assert store.load_invoices([invoice("1", "1000.50")]).new == 1
    [loaded] = store.invoices()
    assert (loaded.total, loaded.remaining) == (Decimal("1000.50"), Decimal("1000.50"))


def test_an_invoice_comes_back_as_it_was_loaded(store):
    loaded = invoice("Å-1", "-10.10", "EUR", region="Nord", ocr="123", period_closed=False)
    store.load_invoices([loaded])
    assert list(store.invoices()) == [known_invoice(loaded)]


def test_one_number_may_exist_in_two_regions(store):
    store.load_invoices([invoice("1001", "10"), invoice("1001", "20", region="Syd")])
    assert [(loaded.region, loaded.total) for loaded in store.invoices()] == [("", 10), ("Syd", 20)]


def test_what_remains_of_a_known_invoice_moves_with_its_total(store):
    """1000, of which 300 was paid, becomes 1200: 900 remain."""
    store.load_invoices([invoice("1", "1000")])
    Host(store, Plugins()).add_payment("1", Decimal(300), confirm=True)
    assert store.load_invoices([invoice("1", "1200", customer_name="Nytt namn")]).updated == 1
    [loaded] = store.invoices()
    assert (loaded.remaining, loaded.customer_name) == (Decimal(900), "Nytt namn")


def test_loading_the_same_again_changes_nothing(store):
    store.load_invoices([invoice("1", "1000")])
    Host(store, Plugins()).add_payment("1", Decimal(300), confirm=True)
    store.load_invoices([invoice("1", "1000")])
    assert [loaded.remaining for loaded in store.invoices()] == [Decimal(700)]


def test_an_invoice_without_currency_is_in_the_default_currency(store):
    store.load_invoices([invoice("1", currency="")])
    assert [loaded.currency for loaded in store.invoices()] == ["SEK"]


def test_invoices_come_in_the_order_of_their_numbers(store):
    store.load_invoices([invoice("10"), invoice("9"), invoice("100")])
    assert [loaded.number for loaded in store.invoices()] == ["9", "10", "100"]


def test_only_invoices_of_the_region_are_known(store):
    store.load_invoices([invoice("1"), invoice("2", region="Syd")])
    assert store.known_invoices("", ["1", "2", "3"]) == {"1"}


# --- Definitions and state --------------------------------------------------


def definition(name):
    return Definition(name, "Fake", "API", "", {"before": "2026-01-01"}, None, None)


def test_a_definition_comes_back_with_its_settings(store):
    store.add_definition(definition("Fortnox Norr"))
    assert store.definition("Fortnox Norr") == definition("Fortnox Norr")


def test_a_name_is_given_once(store):
    store.add_definition(definition("Fortnox"))
    assert refusal(store.add_definition, definition("Fortnox")).code == "DEFINITION_EXISTS"


def test_an_unknown_definition_is_refused_naming_the_known_ones(store):
    store.add_definition(definition("Fortnox Å"))
    error = refusal(store.definition, "Fortnix")
    assert (error.code, error.kind) == ("DEFINITION_UNKNOWN", "usage")
    assert "Fortnox Å" in error.message.sv


def test_state_is_kept_by_import_type_and_key(store):
    store.set_state("A", "key", "1")
    store.set_state("B", "key", "2")
    store.set_state("B", "key", "3")
    assert (store.state("A", "key"), store.state("B", "key")) == ("1", "3")
    store.set_state("A", "key", None)
    assert store.state("A", "key") is None


# --- Locks ------------------------------------------------------------------


def test_a_lock_has_one_holder(store):
    with store.locks.hold("a", wait=0) as first, store.locks.hold("a", wait=0) as second:
        assert (first, second) == (True, False)


def test_a_lock_that_was_let_go_can_be_got(store):
    with store.locks.hold("a", wait=0):
        pass
    with store.locks.hold("a", wait=0) as got:
        assert got


def test_the_words_of_a_key_are_not_run_together(store):
    with store.locks.hold("a", "bc", wait=0), store.locks.hold("ab", "c", wait=0) as got:
        assert got


def test_a_lock_is_let_go_when_its_holder_dies(store):
    """Another process holds the lock, and is killed."""
    program = (
        "import sys, pathlib; from hostsim.storage.locks import Locks\n"
        "with Locks(pathlib.Path(sys.argv[1])).hold('a', wait=0) as got:\n"
        "    print(got, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(store.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline().strip() == b"True"
        with store.locks.hold("a", wait=0) as while_alive:
            assert not while_alive
        holder.kill()
        holder.wait()
        with store.locks.hold("a", wait=10) as after_death:
            assert after_death
