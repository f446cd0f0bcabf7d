"""A copy of the books: made while others write, never half, and put back without a trace of now."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from fake_plugin import invoice
from host_and_plugin import refusal

from hostsim.errors import HostError
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage import backup, damage, database_checks
from hostsim.storage.store import Store

AT = datetime(2026, 2, 3, 12, 30, tzinfo=UTC)
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes and signals")


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "host.db"
    with Store.create(path) as store:
        store.load_invoices([invoice(str(number)) for number in range(1, 6)])
        pay(store, 1)
    return path


def pay(store, number, amount=10):
    return Host(store, Plugins()).add_payment(str(number), Decimal(amount), confirm=True)


def payments(path):
    with Store.open(path, as_it_is=True) as store:
        return len(list(store.payments()))


# --- A copy ------------------------------------------------------------------------------------


def test_a_copy_holds_what_was_registered_a_moment_ago(database, tmp_path):
    copy = tmp_path / "copy.db"
    with Store.open(database) as store, Store.open(database):
        pay(store, 2)
        assert backup.back_up(database, copy) == (5, 2)
    assert payments(copy) == 2
    assert [entry.name for entry in tmp_path.glob("copy.db*")] == ["copy.db"]


def test_copies_that_are_made_while_somebody_writes_are_whole(database, tmp_path):
    copy, stop, made = tmp_path / "copy.db", threading.Event(), []

    def write():
        with Store.open(database) as store:
            while not stop.is_set():
                pay(store, 1 + len(made) % 5, "0.01")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made.extend(backup.back_up(database, copy, replace=True).payments for _ in range(4))
    finally:
        stop.set()
        writer.join()
    assert made == sorted(made)
    with Store.open(copy) as store:
        assert database_checks.find_damage(store) is None


def test_a_file_that_is_there_is_left_as_it_is_unless_it_may_be_replaced(database, tmp_path):
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    assert refusal(backup.back_up, database, copy).code == "BACKUP_EXISTS"
    assert copy.read_text() == "mine"
    backup.back_up(database, copy, replace=True)
    assert payments(copy) == 1


def test_no_database_is_replaced_by_its_own_copy(database):
    assert refusal(backup.back_up, database, database, replace=True).code == "NO_BACKUP"
    assert refusal(backup.restore, database, database, AT).code == "NO_BACKUP"


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_nor_is_what_lies_beside_it(database, ending):
    with Store.open(database) as store:
        store.set_setting("accepted_deviation", "2")
        beside = Path(f"{database}{ending}")
        assert beside.exists()
        with pytest.raises(HostError, match="NO_BACKUP"):
            backup.back_up(database, beside, replace=True)


@posix
def test_a_copy_is_for_its_owner_alone(database, tmp_path):
    backup.back_up(database, tmp_path / "copy.db")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


def test_a_copy_that_cannot_be_written_is_told(database, tmp_path):
    assert (
        refusal(backup.back_up, database, tmp_path / "no" / "copy.db").code == "BACKUP_UNWRITABLE"
    )


def test_what_a_killed_backup_left_is_removed_by_the_next_one_of_whatever_name(database, tmp_path):
    """It would lie there with the books in it for ever."""
    abandoned, of_another = (tmp_path / f"copy.db.{name}.hostsim-partial" for name in "ab")
    for left in (abandoned, of_another):
        left.write_bytes(database.read_bytes())
    os.utime(abandoned, (0, 0))
    backup.back_up(database, tmp_path / "tonight.db")
    assert (abandoned.exists(), of_another.exists()) == (False, True)


def test_no_copy_is_made_of_what_is_damaged(database, tmp_path):
    tampered(database)
    assert refusal(backup.back_up, database, tmp_path / "copy.db").code == "DATABASE_DAMAGED"
    assert list(tmp_path.glob("copy.db*")) == []


def tampered(path):
    with sqlite3.connect(path) as db:
        db.execute("UPDATE invoices SET remaining = '999' WHERE number = '1'")
    db.close()


# --- Its way back ------------------------------------------------------------------------------


@pytest.fixture
def copy(database, tmp_path):
    """Make a copy, and register more after it."""
    copy = tmp_path / "copy.db"
    backup.back_up(database, copy)
    with Store.open(database) as store:
        pay(store, 2)
    return copy


def test_a_copy_is_put_back_and_what_it_replaces_is_kept(database, copy):
    copied, _, kept = backup.restore(copy, database, AT)
    assert (copied.payments, payments(database), payments(kept)) == (1, 1, 2)
    assert kept == database.with_name("host.db.replaced-20260203-123000")
    with Store.open(database) as store:
        pay(store, 3)
    assert backup.restore(copy, database, AT).kept.name == f"{kept.name}-2"


def no_links(_file, _name):
    raise PermissionError


@pytest.mark.parametrize("link", [os.link, no_links])
def test_a_name_that_another_restore_takes_first_is_left_to_it(database, copy, monkeypatch, link):
    def link_after_the_other(file, name):
        if not name.name.endswith("-2"):
            name.write_text("another's")
        link(file, name)

    monkeypatch.setattr(os, "link", link_after_the_other)
    kept = backup.restore(copy, database, AT).kept
    assert (kept.name, payments(kept)) == ("host.db.replaced-20260203-123000-2", 2)
    assert kept.with_name("host.db.replaced-20260203-123000").read_text() == "another's"


def test_a_copy_is_put_back_where_there_is_no_database(database, copy):
    database.unlink()
    copied, _, kept = backup.restore(copy, database, AT)
    assert (copied, kept) == ((5, 1), None)
    assert payments(database) == 1


@pytest.mark.parametrize("ending", ["-wal", "-journal", "-shm"])
def test_what_would_be_taken_for_a_part_of_a_copy_is_refused_by_name(database, copy, ending):
    Path(f"{copy}{ending}").touch()
    before = copy.read_bytes()
    for act, arguments in (
        (functools.partial(backup.back_up, replace=True), (database, copy)),
        (backup.restore, (copy, database, AT)),
    ):
        with pytest.raises(HostError, match=f"BACKUP_HAS_LOG: .* is copy.db{ending}, "):
            act(*arguments)
    assert (copy.read_bytes(), payments(database)) == (before, 2)
    copy.unlink()
    assert refusal(backup.back_up, database, copy).code == "BACKUP_HAS_LOG"


def test_a_log_beside_what_a_link_leads_to_is_refused_as_well(database, copy, tmp_path):
    Path(f"{copy}-wal").touch()
    link = tmp_path / "latest.db"
    link.symlink_to(copy)
    assert refusal(backup.restore, link, database, AT).code == "BACKUP_HAS_LOG"


def test_whoever_is_told_to_end_while_it_tidies_up_knows_that_it_is_done(
    database, copy, monkeypatch
):
    done = []

    def told_to_end(_path):
        if done:
            raise KeyboardInterrupt

    monkeypatch.setattr(backup, "sync", told_to_end)
    with pytest.raises(KeyboardInterrupt):
        backup.restore(copy, database, AT, lambda: done.append(payments(database)))
    assert done == [1]


def test_a_log_that_comes_while_the_copy_is_made_is_refused_too(database, copy, monkeypatch):
    whole = database_checks.find_damage

    def late(store):
        damage.wal_of(copy).touch()
        return whole(store)

    monkeypatch.setattr(database_checks, "find_damage", late)
    assert refusal(backup.back_up, database, copy, replace=True).code == "BACKUP_HAS_LOG"
    assert payments(copy) == 1


def test_a_database_that_is_in_use_is_not_replaced(database, copy):
    with Store.open(database) as store:
        assert refusal(backup.restore, copy, database, AT).code == "DATABASE_IN_USE"
        pay(store, 3)
    assert payments(database) == 3
    assert list(database.parent.glob("*.replaced-*")) == []


@posix
def test_nobody_opens_a_database_from_when_it_is_kept_until_it_is_replaced(
    database, copy, monkeypatch
):
    move = backup._move_into_place

    def move_after_the_other(*arguments, **how):
        assert refusal(Store.open, database, patience=0.0).code == "DATABASE_BUSY"
        move(*arguments, **how)

    monkeypatch.setattr(backup, "_move_into_place", move_after_the_other)
    assert payments(backup.restore(copy, database, AT).kept) == 2


@posix
def test_who_opens_a_database_as_it_is_replaced_writes_nothing_beside_the_other_one(
    database, copy, monkeypatch
):
    connect = Store._connect

    def connect_before_the_restore(store):
        connection = connect(store)
        if store.path == database:
            monkeypatch.setattr(Store, "_connect", connect)
            backup.restore(copy, database, AT)
        return connection

    monkeypatch.setattr(Store, "_connect", connect_before_the_restore)
    assert refusal(Store.open, database).code == "DATABASE_REPLACED"
    assert not damage.wal_of(database).exists()


def test_the_log_of_a_process_that_was_killed_is_kept_with_its_file_and_no_other(database, copy):
    """Beside the copy it would be taken for a part of it."""
    leave_log(database)
    kept = backup.restore(copy, database, AT).kept
    assert not damage.wal_of(database).exists()
    assert (payments(database), payments(kept)) == (1, 3)


def leave_log(path):
    """Leave a log, as a process does that is killed before it has moved it."""
    aside = path.with_name("aside.db")
    with Store.open(path) as store, Store.open(path) as other, other.reader() as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM payments").fetchall()
        pay(store, 4)
        for old, new in ((path, aside), (damage.wal_of(path), damage.wal_of(aside))):
            shutil.copy(old, new)
    for old, new in ((path, aside), (damage.wal_of(path), damage.wal_of(aside))):
        new.replace(old)


def of_a_later_version(file):
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 9")


def folder(file):
    file.unlink()
    file.mkdir()


def pipe(file):
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda file: file.write_text("notes" * 500), "DATABASE_FOREIGN"),
        (lambda file: file.write_bytes(file.read_bytes()[:-4096]), "DATABASE_DAMAGED"),
        (lambda file: file.write_bytes(file.read_bytes()[:300]), "DATABASE_DAMAGED"),
        (tampered, "DATABASE_DAMAGED"),
        (Path.unlink, "NO_BACKUP"),
        (folder, "NO_BACKUP"),
        pytest.param(pipe, "NO_BACKUP", marks=posix),
        (of_a_later_version, "DATABASE_VERSION"),
    ],
)
def test_what_is_no_whole_copy_is_not_put_back(database, copy, make, code):
    make(copy)
    assert refusal(backup.restore, copy, database, AT).code == code
    assert payments(database) == 2


@pytest.mark.parametrize("length", [0, 50, 5000])
def test_a_copy_takes_the_place_of_a_damaged_database(database, copy, length):
    database.write_bytes(database.read_bytes()[:length])
    kept = backup.restore(copy, database, AT).kept
    assert (payments(database), kept.stat().st_size) == (1, length)


@posix
@pytest.mark.parametrize("what", ["backup", "restore"])
def test_one_that_is_killed_leaves_the_old_or_the_new_and_nothing_half(database, copy, what):
    program = str(Path(__file__).parents[1] / "support" / "killed_copy.py")
    command = [sys.executable, program, what, str(database), str(copy)]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    found = set()
    with subprocess.Popen(command, **streams) as killed:
        for step in range(50):
            killed.stdin.write(f"{step}\n")
            killed.stdin.flush()
            ended = int(killed.stdout.readline())
            if ended != -signal.SIGKILL:
                break
            for path in (database, copy):
                with Store.open(path, as_it_is=True) as store:
                    assert database_checks.find_damage(store) is None
            found.add((payments(database), payments(copy)))
        killed.stdin.close()
    assert (ended, step > 4) == (0, True)
    assert found == ({(2, 1), (2, 2)} if what == "backup" else {(2, 1), (1, 1)})
