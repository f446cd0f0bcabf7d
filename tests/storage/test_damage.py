"""Nothing is registered where the books or their file are not what they were."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest
from fake_plugin import FakePlugin, invoice, payment
from host_and_plugin import refusal

from hostsim.desk.startup import open_store
from hostsim.errors import HostError
from hostsim.ledger.values import Definition, PaymentState, Status
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage import damage, database_checks
from hostsim.storage.connection import Database
from hostsim.storage.previews import PreviewChanged
from hostsim.storage.private_files import unwritable_error
from hostsim.storage.rows import PAYMENT_COLUMNS
from hostsim.storage.store import Store
from hostsim.views import labels

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows exchanges no open file")


@pytest.fixture
def plugin():
    return FakePlugin()


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices([invoice(str(number)) for number in range(1, 6)])
        yield store


@pytest.fixture
def host(store, plugin):
    host = Host(store, Plugins([("fake", plugin)]))
    host.define("Banken", "Fake", "API", "", {})
    return host


def count(path):
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT count(*) FROM payments").fetchone()[0]


# --- What an ordinary copy of the file holds ---------------------------------------------------


def save(host, plugin):
    plugin.payments = [payment(1, "1")]
    host.import_payments("Banken")
    host.save("Banken")


def add(host, plugin):
    host.add_payment("2", Decimal(10), confirm=True)


@pytest.mark.parametrize("do", [save, add])
def test_after_a_save_and_a_typed_payment_the_file_alone_holds_it(store, host, plugin, do):
    with Store.open(store.path):  # as the page beside it
        do(host, plugin)
        copy = store.path.with_name("copy.db")
        shutil.copy(store.path, copy)
        assert count(copy) == 1
        assert damage.wal_of(store.path).stat().st_size == 0


def test_after_a_decision_the_file_alone_holds_it(store, host, plugin):
    plugin.payments = [payment(1, "9999")]
    host.import_payments("Banken")
    host.set_aside("Banken", ["1"])
    copy = store.path.with_name("copy.db")
    shutil.copy(store.path, copy)
    with Store.open(copy) as copied:
        assert [one.number for one in Host(copied, Plugins()).decisions("Banken")] == ["1"]


def test_a_log_that_its_last_reader_takes_away_is_looked_at_once(store, monkeypatch):
    store.close()
    damage.wal_of(store.path).write_bytes(b"x")
    stat = Path.stat

    def stat_and_take_away(path, **how):
        status = stat(path, **how)
        if path == damage.wal_of(store.path):
            path.unlink()
        return status

    monkeypatch.setattr(Path, "stat", stat_and_take_away)
    assert damage.has_wal(store.path)


def test_who_reads_is_not_waited_for_and_what_he_held_up_is_moved_once_nobody_writes(
    store, host, plugin
):
    log = damage.wal_of(store.path)
    with store.reader() as db:
        db.execute("BEGIN")
        assert len(db.execute("SELECT * FROM invoices").fetchall()) == 5
        add(host, plugin)
    os.utime(log, (time.time() + 60,) * 2)
    store.checkpoint_leftover_wal()
    assert log.stat().st_size > 0
    os.utime(log, (0, 0))
    store.checkpoint_leftover_wal()
    assert log.stat().st_size == 0
    copy = store.path.with_name("copy.db")
    shutil.copy(store.path, copy)
    assert count(copy) == 1


# --- Another log, another file -----------------------------------------------------------------


@pytest.fixture
def yesterday(store, host, plugin):
    """Copy the file, and register more after it."""
    copy = store.path.with_name("yesterday.db")
    shutil.copy(store.path, copy)
    add(host, plugin)
    return copy


def leave_log(store):
    """Leave changes in the log, as a process does that is killed; give the files."""
    with store.reader() as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM invoices").fetchall()
        store.set_setting("accepted_deviation", "7")
        left = store.path.with_name("left.db")
        shutil.copy(store.path, left)
        shutil.copy(damage.wal_of(store.path), damage.wal_of(left))
    return left


def test_the_file_of_yesterday_beside_the_log_of_today_is_noticed(store, yesterday):
    left = leave_log(store)
    with Store.open(left) as whole:
        assert whole.accepted_deviation == 7
    left = leave_log(store)
    shutil.copy(yesterday, left)
    assert refusal(Store.open, left).code == "DATABASE_DAMAGED"


def test_a_file_that_is_exchanged_under_a_program_is_noticed(store, host, plugin, yesterday):
    """By a copy into it, which no name and no lock tells of."""
    with store.path.open("r+b") as file:
        file.write(yesterday.read_bytes())
    assert refusal(add, host, plugin).code == "DATABASE_REPLACED"


@posix
def test_a_file_that_lost_its_name_gets_no_payments(store, host, plugin, yesterday):
    yesterday.replace(store.path)
    assert refusal(add, host, plugin).code == "DATABASE_REPLACED"
    store.path.unlink()
    assert refusal(add, host, plugin).code == "DATABASE_REPLACED"


@posix
def test_a_database_that_is_deleted_under_a_program_is_not_made_again(store):
    store.path.unlink()
    beside = threading.Thread(target=refusal, args=(store.definitions,))
    beside.start()
    beside.join()
    assert not store.path.exists()


def test_a_save_of_another_thread_is_no_other_file(store, host, plugin, monkeypatch):
    look = damage.has_foreign_wal

    def meanwhile():
        with store.change() as db:
            db.execute("UPDATE payments SET bank_account = 'x'")
        store.checkpoint_wal(passively=True)

    def look_meanwhile(path):
        beside = threading.Thread(target=meanwhile)
        beside.start()
        beside.join()
        return look(path)

    add(host, plugin)
    monkeypatch.setattr(damage, "has_foreign_wal", look_meanwhile)
    save(host, plugin)
    assert count(store.path) == 2


def test_a_look_that_a_save_of_another_thread_overtakes_forgets_nothing_of_it(
    store, host, plugin, monkeypatch
):
    add(host, plugin)
    earlier, look = store.path.read_bytes(), damage.count_in_file

    def look_and_be_overtaken(path):
        monkeypatch.setattr(damage, "count_in_file", look)
        seen = look(path)
        beside = threading.Thread(target=add, args=(host, plugin))
        beside.start()
        beside.join()
        return seen

    monkeypatch.setattr(damage, "count_in_file", look_and_be_overtaken)
    assert refusal(host.delete_payment, 99, why="x").code == "REGISTERED_UNKNOWN"
    with store.path.open("r+b") as file:
        file.write(earlier)
    assert refusal(add, host, plugin).code == "DATABASE_REPLACED"


def test_counts_begin_again_after_eight_million(store):
    with store.change() as db:
        db.execute(f"PRAGMA user_version = {((1 << 23) - 1) << 8 | 1}")
    store.checkpoint_wal()
    with Store.open(store.path) as later:
        for _ in range(2):
            later.set_setting("accepted_deviation", "1")
    with Store.open(store.path):
        pass
    assert damage.is_behind((1 << 23) - 1, 0)
    assert not damage.is_behind(0, (1 << 23) - 1)


# --- Books that do not add up ------------------------------------------------------------------

TAMPERED = {
    "what remains": "UPDATE invoices SET remaining = '7' WHERE number = '2'",
    "no amount": "UPDATE invoices SET remaining = '1k' WHERE number = '2'",
    "a payment": "UPDATE payments SET effect = '9'",
    "the journal": "INSERT INTO journal (kind, payment_id, amount, effect, user, at)"
    " VALUES ('registered', 99, '1', '1', 'kim', '2026-01-01')",
}


@pytest.mark.parametrize("what", TAMPERED)
def test_nothing_is_registered_into_books_that_do_not_add_up(store, host, plugin, what):
    add(host, plugin)
    with closing(sqlite3.connect(store.path)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        query = "SELECT sql FROM sqlite_master WHERE name = 'payment_is_not_changed'"
        trigger = db.execute(query).fetchone()[0]
        db.execute("DROP TRIGGER payment_is_not_changed")
        db.execute(TAMPERED[what])
        db.execute(trigger)
        db.commit()
    assert refusal(add, host, plugin).code == "DATABASE_DAMAGED"
    assert refusal(host.delete_payment, 1, why="fel").code == "DATABASE_DAMAGED"
    assert len(list(store.payments())) == 1
    assert refusal(Store.open, store.path).code == "DATABASE_DAMAGED"


def spoil_index(path):
    # As after a bit that flipped.
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'state = ''registered''', '1 = 0')"
            " WHERE name = 'one_payment_a_key'"
        )
        db.execute("PRAGMA writable_schema = OFF")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("REINDEX one_payment_a_key")
        db.execute("PRAGMA writable_schema = ON")
        db.execute(
            "UPDATE sqlite_master SET sql = replace(sql, '1 = 0', 'state = ''registered''')"
            " WHERE name = 'one_payment_a_key'"
        )


def test_nothing_is_registered_where_an_index_misses_a_payment(store, host, plugin):
    # By it a payment would be found to be new that is there.
    save(host, plugin)
    store.close()
    spoil_index(store.path)
    with Store.open(store.path) as again:
        plugin.payments = [payment(2, "2")]
        other = Host(again, Plugins([("fake", plugin)]))
        other.import_payments("Banken")
        assert refusal(other.save, "Banken").code == "DATABASE_DAMAGED"
    assert count(store.path) == 1


def zero_page(store, name):
    """Zero the first page of an index on the disk, whatever connections have read of it."""
    query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
    page = store.db.execute(query, [name]).fetchone()[0]
    store.checkpoint_wal()
    with store.path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(bytes(4096))


def test_what_happens_to_a_page_on_the_disk_is_met_by_the_next_change(store, host, plugin):
    add(host, plugin)
    zero_page(store, "payments_by_amount")
    assert refusal(add, host, plugin).code == "DATABASE_DAMAGED"


def test_in_a_larger_file_it_is_met_a_minute_later(store, plugin, monkeypatch):
    monkeypatch.setattr(damage, "CHECKED_AT_OPENING", 0)
    now = 0.0
    with Store(store.path) as large:
        large.clock = lambda: now
        host = Host(large, Plugins())
        add(host, plugin)
        zero_page(large, "supplier_bills_by_supplier")
        now = 59.0
        add(host, plugin)
        now = 60.0
        assert refusal(add, host, plugin).code == "DATABASE_DAMAGED"


def test_where_damage_was_told_nothing_is_changed_within_the_minute_either(store, monkeypatch):
    monkeypatch.setattr(damage, "CHECKED_AT_OPENING", 0)
    with Store(store.path) as large:
        large.clock = lambda: 0.0
        add(Host(large, Plugins()), None)
        zero_page(large, "supplier_bills_by_supplier")
        with large.reader() as db:
            query = "SELECT supplier_id FROM supplier_bills INDEXED BY supplier_bills_by_supplier"
            assert refusal(db.execute, f"{query} WHERE supplier_id = 1").code == "DATABASE_DAMAGED"
        assert refusal(add, Host(large, Plugins()), None).code == "DATABASE_DAMAGED"


def test_a_cell_that_cannot_be_read_any_more_is_met_a_minute_later(store):
    now = 0.0
    with Store(store.path) as running:
        running.clock = lambda: now
        host = Host(running, Plugins())
        add(host, None)
        with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
            db.execute("UPDATE invoices SET due_date = '2026-99-01' WHERE number = '5'")
        now = 30.0
        add(host, None)
        now = 60.0
        assert refusal(add, host, None).code == "DATABASE_DAMAGED"


def test_of_a_large_file_the_pages_are_checked_after_some_changes(store, host, plugin, monkeypatch):
    checked = []
    monkeypatch.setattr(damage, "find_page_damage", lambda _db: checked.append(1))
    monkeypatch.setattr(damage, "CHECKED_WHOLE", 0)
    monkeypatch.setattr(damage, "CHANGES_A_MIB", 3)
    with store.change() as db:
        db.execute("CREATE TABLE ballast AS SELECT hex(zeroblob(600000))")
    store.checkpoint_wal()
    with Store(store.path) as large:
        host = Host(large, Plugins([("fake", plugin)]))
        for _ in range(7):
            add(host, plugin)
    assert len(checked) == 1


def test_nothing_that_a_person_decides_or_loads_goes_into_damaged_books(store, host, plugin):
    plugin.payments = [payment(1, "1"), payment(2, "9999")]
    host.import_payments("Banken")
    zero_page(store, "payments_by_amount")
    for change, *arguments in (
        (host.set_aside, "Banken", ["2"]),
        (host.set_aside_series, "Banken", "1", "9"),
        (host.leave_out, "Banken", ["1"]),
        (store.load_invoices, [invoice("6")]),
        (store.load_bills, []),
    ):
        assert refusal(change, *arguments).code == "DATABASE_DAMAGED"
    assert host.decisions("Banken") == []
    assert len(list(store.invoices())) == 5


@pytest.mark.parametrize(
    "change",
    [
        (b"accepted_deviation1.00", b"accepted_deviation9.00"),
        (b"accepted_deviation1.00", b"accepted_deviatioo1.00"),
        (b"2026-01-01", b"2036-01-01"),
        (b"Nordbanken", b"Sydbanken!"),
        (b"06:00", b"07:00"),
        (b"ledger'4", b"ledger'5"),
    ],
)
@pytest.mark.parametrize("size", ["small", "large"])
def test_a_letter_that_changed_in_a_setting_registers_nothing(
    store, host, monkeypatch, size, change
):
    """By a deviation of 9 money would be written off that nobody gave leave for."""
    store.set_setting("accepted_deviation", "1.00")
    store.add_definition(
        Definition("Norr", "Fake", "API", "Nordbanken", {"from": "2026-01-01"}, None, None)
    )
    store.db.execute(
        "INSERT INTO schedules (definition, daily, save, next_due)"
        " VALUES ('Norr', '06:00', 'none', '2026-12-01T05:00:00+00:00')"
    )
    store.db.execute("INSERT INTO listeners (name, sequence) VALUES ('ledger', 4)")
    if size == "large":
        monkeypatch.setattr(damage, "CHECKED_AT_OPENING", 0)
        monkeypatch.setattr(damage, "CHECKED_WHOLE", 0)
    store.close()
    whole = store.path.read_bytes()
    assert change[0] in whole
    store.path.write_bytes(whole.replace(*change, 1))
    with Store(store.path) as again:
        for act in (
            lambda: add(Host(again, Plugins()), None),
            lambda: again.set_definition_region("Norr", "Norr"),
            lambda: again.set_setting("default_currency", "SEK"),
        ):
            assert refusal(act).code == "DATABASE_DAMAGED"
        database_checks.test_write(again)
        assert database_checks.find_damage(again) is not None
    if size == "small":
        assert refusal(Store.open, store.path).code == "DATABASE_DAMAGED"
    assert count(store.path) == 0


# --- A preview that is not what was shown, a schema that is not ours ----------------------------

OTHER_VALUES = {"date": "2126-01-01", "currency": "sEK", "booked": 0, "status": "exact"}
REGISTERED = [*PAYMENT_COLUMNS.split(", "), "invoice_id", "status", "warning_sv", "warning_en"]


def test_a_row_of_a_preview_that_is_not_what_was_shown_is_not_registered(store, host, plugin):
    add(host, plugin)
    plugin.payments = [payment(1, "1", "400")]
    host.import_payments("Banken")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
        for column in [*REGISTERED, "written_off", "effect"]:
            was = db.execute(f"SELECT {column} FROM run_rows").fetchone()[0]  # noqa: S608 a constant
            change = f"UPDATE run_rows SET {column} = ?"  # noqa: S608 a constant
            db.execute(change, [OTHER_VALUES.get(column, 2)])
            with pytest.raises(HostError, match=r"DATABASE_DAMAGED.*the preview") as error:
                host.save("Banken")
            assert error.value.code == "DATABASE_DAMAGED"
            db.execute(change, [was])
        db.execute("UPDATE run_rows SET date = '2126-01-01'")
    # What judges again would take it for what was shown.
    assert refusal(host.save, "Banken", only_without_warnings=True).code == "DATABASE_DAMAGED"
    assert refusal(host.leave_out, "Banken", ["1"]).code == "DATABASE_DAMAGED"
    assert count(store.path) == 1


def test_a_preview_that_would_read_on_from_elsewhere_is_not_saved(store, host, plugin):
    plugin.payments = [payment(1, "1")]
    host.import_payments("Banken")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
        db.execute("UPDATE runs SET cursor = '2126-01-01'")
    assert refusal(host.save, "Banken").code == "DATABASE_DAMAGED"


def test_a_preview_that_was_judged_again_is_saved(store, host, plugin):
    plugin.payments = [payment(1, "1"), payment(2, "2"), payment(3, "9999")]
    host.import_payments("Banken")
    host.leave_out("Banken", ["2"])
    shown = host.set_aside("Banken", ["3"])
    host.add_payment("1", Decimal(10), confirm=True)
    with pytest.raises(PreviewChanged):
        host.save("Banken", shown.revision)
    host.save("Banken", only_without_warnings=True)
    assert [one.amount for one in store.payments()] == [Decimal(10)]


@pytest.mark.parametrize("name", ["payment_is_journaled", "journal"])
def test_a_letter_that_changed_in_the_schema_is_damage(store, host, plugin, name):
    with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'replaces', 're6laces') WHERE name = ?",
            [name],
        )
    assert refusal(add, host, plugin).code == "DATABASE_DAMAGED"
    found = database_checks.damage_behind(sqlite3.OperationalError("no such column"), store.path)
    assert found.code == "DATABASE_DAMAGED"


# --- Another journal mode, locks, and what cannot be written -----------------------------------


def test_a_file_that_was_vacuumed_into_gets_its_log_back(store, host, plugin):
    other = store.path.with_name("other.db")
    with closing(sqlite3.connect(store.path)) as db:
        db.execute("VACUUM INTO ?", [str(other)])
    with Store.open(other, patience=0.0) as vacuumed:
        assert vacuumed.uses_wal
        save(Host(vacuumed, Plugins([("fake", plugin)])), plugin)


@pytest.fixture
def without_log(store, monkeypatch):
    """Open it where there can be no log, as on a disk of another machine."""
    store.close()
    with closing(sqlite3.connect(store.path)) as db:
        assert db.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)

    def no_log(self):
        self.uses_wal = False

    monkeypatch.setattr(Database, "_enable_wal", no_log)
    with Store.open(store.path, patience=0.0) as without_log:
        yield without_log


def test_without_a_log_an_import_and_a_save_wait_for_nobody(without_log, host, plugin):
    save(Host(without_log, Plugins([("fake", plugin)])), plugin)
    assert len(list(without_log.payments())) == 1


def test_without_a_log_a_commit_that_was_killed_half_way_is_not_counted(without_log):
    journal, left = (without_log.path.with_name(f"host.db-journal{end}") for end in ("", ".left"))
    with closing(sqlite3.connect(without_log.path, isolation_level=None)) as killed:
        killed.execute("PRAGMA cache_size = 1")  # so that the journal is complete before the end
        killed.execute("BEGIN")
        killed.execute(f"PRAGMA user_version = {99 << 8 | 1}")
        killed.execute("CREATE TABLE other AS SELECT zeroblob(100000)")
        shutil.copy(journal, left)
        killed.execute("COMMIT")
    left.replace(journal)
    for deviation in ("1", "2"):
        without_log.set_setting("accepted_deviation", deviation)
    assert without_log.accepted_deviation == 2


def test_a_file_that_is_locked_by_another_program_is_busy(store):
    store.close()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HostError) as error:
            Store.open(store.path, patience=0.0)
    assert (error.value.code, error.value.kind) == ("DATABASE_BUSY", "busy")


#: What keeps the superuser from writing where nobody may.
AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]


@contextmanager
def read_only(folder):
    """Let nobody write in a folder; see :data:`AS_ANYBODY` for the superuser."""
    for path in (folder, *folder.iterdir()):
        path.chmod(path.stat().st_mode & ~0o222 | 0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


def on_a_full_disk():
    """Let no file grow."""
    import resource  # not on Windows

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@posix
def test_a_full_disk_can_be_read(store, host, plugin):
    add(host, plugin)
    store.close()
    command = [sys.executable, "-m", "hostsim", "--db", str(store.path), "payments"]
    keywords = {"capture_output": True, "text": True, "preexec_fn": on_a_full_disk}
    read, written = (
        subprocess.run([*command, *words], check=False, **keywords)
        for words in ([], ["add", "1", "5"])
    )
    assert ("10,00" in read.stdout, read.returncode) == (True, 0)
    assert written.stderr.startswith("DATABASE_UNREACHABLE")
    assert count(store.path) == 1


def test_the_page_is_not_opened_where_nothing_can_be_written(store, monkeypatch):
    """It would go on reading as if nobody could write, after somebody made room."""
    marks = Database._marks

    def none_to_write(self):
        if not self._immutable:
            raise unwritable_error(self.path, PermissionError())
        return marks(self)

    store.close()
    monkeypatch.setattr(Database, "_marks", none_to_write)
    with Store.open(store.path) as read:
        assert list(read.payments()) == []
    with pytest.raises(HostError, match="DATABASE_UNREACHABLE"), open_store(store.path):
        pass


def test_a_full_disk_is_called_full(store, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    assert "the disk is full" in str(unwritable_error(store.path, PermissionError()))


@posix
def test_what_cannot_be_written_can_be_read_and_copied(store, host, plugin, tmp_path):
    add(host, plugin)
    store.close()
    folder = tmp_path / "disk"
    folder.mkdir()
    store.path.rename(folder / "host.db")
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("the superuser may write everywhere")
    command = [*(AS_ANYBODY if os.geteuid() == 0 else []), sys.executable, "-m", "hostsim"]
    command += ["--db", str(folder / "host.db")]
    copy = tmp_path / "copy.db"
    found = {}
    logged = folder / "logged.db"
    shutil.copy(folder / "host.db", logged)
    damage.wal_of(logged).write_bytes(b"more payments")
    with read_only(folder):
        command[-1] = str(logged)
        ended = subprocess.run([*command, "payments"], capture_output=True, text=True, check=False)
        assert "-wal" in ended.stderr
        command[-1] = str(folder / "host.db")
        for words in (["payments"], ["status"], ["why", "1", "--offline"], ["backup", str(copy)],
                      ["payments", "add", "1", "5"]):  # fmt: skip
            ended = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
            found[words[0], len(words)] = (ended.returncode, ended.stderr.partition(":")[0])
    assert count(copy) == 1
    assert found.pop(("payments", 4)) == (2, "DATABASE_UNREACHABLE")
    assert set(found.values()) == {(0, "")}


def test_what_is_read_as_a_code_word_is_what_has_a_label():
    assert set(get_args(Status)) == set(labels.STATUSES)
    assert set(get_args(PaymentState)) == set(labels.PAYMENT_STATES)
