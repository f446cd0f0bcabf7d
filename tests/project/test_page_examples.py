"""The two programs of the page about your own run, are as short as it says, and do what it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
import types
from datetime import UTC, date, datetime
from decimal import Decimal

import camt054
import code_blocks
import pytest
from camt054 import single
from fake_plugin import invoice

from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage import backup
from hostsim.storage.store import Store
from opter_contract.conformance.host_under_test import PreviewRow
from opter_contract.conformance.hosts import (
    HostLocks,
    HostOpensBrowser,
    HostStoresState,
    HostTakes,
)


def module_of(text, name):
    module = types.ModuleType(name)
    exec(compile(text, name, "exec"), vars(module))  # noqa: S102 the page's own
    return module


# --- The host of fifty lines --------------------------------------------------------


class ReadmeHost:
    """The host of the page, adapted to the suite."""

    def __init__(self):
        self.host = module_of(code_blocks.block(code_blocks.HOST), "host").Host({"1001", "1002"})
        self.latest = {}

    def register(self, plugin):
        self.host.manager.register(plugin)

    def import_payments(self, import_type, definition):
        self.latest[definition] = self.host.import_payments(import_type, {}, definition).values()

    def preview(self, definition):
        reasons = [(row, getattr(row, "reason", None)) for row in self.latest[definition]]
        return [
            PreviewRow(
                row.key.number, "rejected" if reason else "ready", reason or "ok",
                row.amount, "SEK", row.amount,
            )
            for row, reason in reasons
        ]  # fmt: skip


class TestHostOfTheReadme(HostTakes, HostStoresState, HostLocks, HostOpensBrowser):
    """It claims to take payments, store state, lock in one process and open a browser."""

    @pytest.fixture
    def host_under_test(self):
        return ReadmeHost()


def test_the_host_has_at_most_fifty_lines():
    assert code_blocks.lines_of_code(code_blocks.block(code_blocks.HOST)) <= 50


# --- The ledger -----------------------------------------------------------------------


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEDGER_FOLDER", str(tmp_path))
    return module_of(code_blocks.block(code_blocks.LEDGER), "ledger")


def change(sequence, effect, number="1001", **values):
    defaults = {
        "books_id": "b", "kind": "registered", "region": "", "host_invoice_number": number,
        "date": date(2026, 2, 1), "amount": Decimal(effect), "currency": "SEK",
    }  # fmt: skip
    return types.SimpleNamespace(sequence=sequence, effect=Decimal(effect), **defaults | values)


def test_the_ledger_has_at_most_thirty_three_lines():
    assert code_blocks.lines_of_code(code_blocks.block(code_blocks.LEDGER)) <= 33


def test_the_ledger_adds_up_invoice_by_invoice_to_the_ore(ledger):
    several = [
        change(1, "1234.50"),
        change(2, "1E+1", "Ö-1", currency="EUR"),
        change(3, "-1234.50", kind="reversed"),
        change(4, "0.01"),
    ]
    assert ledger.opter_books_changed(several) == 4
    paid = {("", "1001", "SEK"): Decimal("0.01"), ("", "Ö-1", "EUR"): 10}
    assert ledger.paid("ledger-b.db") == paid


def test_a_change_that_is_told_twice_stands_in_the_ledger_once(ledger):
    several = [change(1, "100"), change(2, "50")]
    ledger.opter_books_changed(several[:1])
    assert ledger.opter_books_changed(several) == 2
    assert ledger.paid("ledger-b.db") == {("", "1001", "SEK"): 150}


def test_a_ledger_that_lacks_changes_asks_for_them_and_keeps_nothing_behind_the_gap(ledger):
    assert ledger.opter_books_changed([change(3, "7")]) == 0
    ledger.opter_books_changed([change(1, "100")])
    assert ledger.opter_books_changed([change(3, "7")]) == 1
    assert ledger.opter_books_changed([change(2, "50"), change(3, "7")]) == 3
    assert ledger.paid("ledger-b.db") == {("", "1001", "SEK"): 157}


def test_the_ledger_is_the_same_file_wherever_the_host_is_run(ledger, tmp_path, monkeypatch):
    ledger.opter_books_changed([change(1, "100")])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    ledger.opter_books_changed([change(2, "50")])
    assert ledger.paid(tmp_path / "ledger-b.db") == {("", "1001", "SEK"): 150}
    assert list(elsewhere.iterdir()) == []


def test_a_ledger_that_is_lost_or_split_over_folders_is_whole_again(ledger, tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices([invoice("1001"), invoice("1002")])
        host = Host(store, Plugins([("ledger", ledger)]))
        folders = [tmp_path / "one", tmp_path / "two"]
        for folder in folders:
            folder.mkdir()
        for turn in range(1, 7):
            ledger.FOLDER = folders[turn % 2]
            if turn == 5:
                [file] = ledger.FOLDER.glob("*.db")
                file.unlink()
            host.add_payment("1001", Decimal(turn), confirm=True)
            [file] = ledger.FOLDER.glob("*.db")
            assert sum(ledger.paid(file).values()) == sum(range(turn + 1))


def pay(database, ledger, *amounts):
    with Store.open(database) as store:
        for amount in amounts:
            Host(store, Plugins([("ledger", ledger)])).add_payment(
                "1001", Decimal(amount), confirm=True
            )


@pytest.fixture
def older(ledger, tmp_path):
    """A database with one payment more than an older copy of it."""
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices([invoice("1001")])
    pay(tmp_path / "host.db", ledger, 100)
    backup.back_up(tmp_path / "host.db", tmp_path / "older.db")
    pay(tmp_path / "host.db", ledger, 20)
    return tmp_path / "older.db"


def test_after_a_restore_the_ledger_of_the_new_books_is_right(ledger, older, tmp_path):
    """The number of the payment of 20 is used again for one of 3."""
    books_id = backup.restore(older, tmp_path / "host.db", datetime.now(UTC)).books_id
    pay(tmp_path / "host.db", ledger, 3)
    assert ledger.paid(tmp_path / f"ledger-{books_id}.db") == {("", "1001", "SEK"): 103}


@pytest.mark.parametrize("later", [(3,), (20, 3), (3, 4, 5)])
def test_an_older_file_that_is_put_back_by_hand_is_told_until_the_books_are_new(
    ledger, older, tmp_path, caplog, later
):
    pay(tmp_path / "host.db", ledger, *(5, 6, 7, 8)[: len(later)])
    [file] = tmp_path.glob("ledger-*.db")
    before = sum(ledger.paid(file).values())
    shutil.copyfile(older, tmp_path / "host.db")
    pay(tmp_path / "host.db", ledger, *later)
    assert "BOOKS_WENT_BACK: The plug-in ledger has other changes" in caplog.text
    assert sum(ledger.paid(file).values()) == before
    backup.back_up(tmp_path / "host.db", tmp_path / "now.db")
    books_id = backup.restore(tmp_path / "now.db", tmp_path / "host.db", datetime.now(UTC)).books_id
    pay(tmp_path / "host.db", ledger, 1)
    assert sum(ledger.paid(tmp_path / f"ledger-{books_id}.db").values()) == 101 + sum(later)


def test_two_books_are_two_ledgers(ledger):
    ledger.opter_books_changed([change(1, "100")])
    ledger.opter_books_changed([change(1, "50", books_id="demonstration")])
    assert ledger.paid("ledger-b.db") == {("", "1001", "SEK"): 100}


def test_it_is_installed_as_any_plug_in_and_hears_whatever_a_person_does(tmp_path):
    site = tmp_path / "site"
    environment = camt054.installed(site) | {"LEDGER_FOLDER": str(tmp_path)}
    (site / "ledger.py").write_text(code_blocks.block(code_blocks.LEDGER), encoding="utf-8")
    info = site / "ledger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ledger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[opter]\nledger = ledger\n")
    (tmp_path / "bank.xml").write_text(camt054.file(single(1, 100, "17")), "utf-8")
    (tmp_path / "invoices.csv").write_text(
        "invoice_number,ocr,customer_code,customer_name,currency,total,invoice_date,due_date\n"
        "1001,17,K1,Åkeri AB,SEK,100.00,2026-10-15,2026-11-14\n"
        "1002,,K1,Åkeri AB,SEK,75.25,2026-10-15,2026-11-14\n",
        encoding="utf-8",
    )
    for words in (
        ("init",),
        ("invoices", "load", "invoices.csv"),
        (*camt054.ADD, "--set", "path=bank.xml"),
        ("import", "Bank", "--save"),
        ("import", "Bank", "--save"),
        ("payments", "add", "1002", "75.25"),
        ("payments", "delete", "1", "--why", "fel"),
    ):
        done = camt054.hostsim(*words, environment=environment, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    [file] = tmp_path.glob("ledger-*.db")
    printed = subprocess.run(
        [sys.executable, site / "ledger.py", file],
        cwd=tmp_path, capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert printed.stdout == "\t1001\t0.00\tSEK\n\t1002\t75.25\tSEK\n"
