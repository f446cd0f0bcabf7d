"""Where there can be no WAL, as on a disk of another machine, nobody waits for himself.

There a commit waits for every reader, and lets nobody begin to read meanwhile: a thread that reads
by one connection, and then by another, waits for a commit that waits for it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from decimal import Decimal

import pytest
from fake_plugin import payment
from host_and_plugin import import_and_save, preview_of

from hostsim.storage.connection import Database


@pytest.fixture(autouse=True)
def no_second_reader(store, monkeypatch):
    """Take the WAL away; fail where a connection begins to read while another one reads."""
    store.close()
    with closing(sqlite3.connect(store.path)) as db:
        assert db.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    store.uses_wal = False
    reader, db_of = Database.reader, Database.db.fget
    readers = []

    @contextmanager
    def watched_reader(self):
        with reader(self) as connection:
            readers.append(connection)
            yield connection
            readers.remove(connection)

    def watched_db(self):
        own = db_of(self)
        # Who writes already lets nobody else commit.
        assert own.in_transaction or not any(one.in_transaction for one in readers)
        return own

    monkeypatch.setattr(Database, "_enable_wal", lambda _: None)
    monkeypatch.setattr(Database, "reader", watched_reader)
    monkeypatch.setattr(Database, "db", property(watched_db))


def test_an_import_reads_by_one_connection_at_a_time(host, plugin):
    assert preview_of(host, plugin, payment(1)).counts["ready"] == 1
    assert preview_of(host, plugin, payment(2, "9999")).counts["rejected"] == 1


@pytest.mark.parametrize(
    "decide",
    [
        lambda host: host.leave_out("Fortnox", ["1"]),
        lambda host: host.set_aside("Fortnox", ["2"]),
        lambda host: host.set_aside_series("Fortnox", "9000", "9999"),
    ],
    ids=["leave out", "set aside", "a series"],
)
def test_a_decision_reads_by_one_connection_at_a_time(host, plugin, decide):
    shown = preview_of(host, plugin, payment(1), payment(2, "9999"))
    assert decide(host).revision != shown.revision


def test_an_undone_save_is_taken_again_by_one_connection_at_a_time(host, plugin):
    import_and_save(host, plugin, payment(1))
    [run] = host.runs()
    host.undo_save(run.id, why="fel fil")
    preview_of(host, plugin, payment(1))
    assert host.take_save_again("Fortnox", run.id) == 1
    assert host.why("1001").payments


def test_a_payment_by_hand_has_its_list_judged_by_one_connection_at_a_time(host, plugin):
    shown = preview_of(host, plugin, payment(1))
    host.add_payment("1001", Decimal(1000), confirm=True)
    assert host.open_preview("Fortnox").revision != shown.revision
