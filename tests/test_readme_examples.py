"""The two programs in the README run, are as short as it says, and do what it says."""

from __future__ import annotations

import csv
import types
from decimal import Decimal

import bgmax
import pytest
import readme
from bgmax import deposit, payment
from example_host import Rows
from example_plugin import money

from hostsim.conformance.hosts import HostKeepsState, HostLocks, HostOpensWindows, HostTakes
from hostsim.models import SavedPayment


def module_of(text, name):
    module = types.ModuleType(name)
    exec(compile(text, name, "exec"), vars(module))  # noqa: S102 the README's own
    return module


# --- The host of fifty lines --------------------------------------------------------


class Shell(Rows):
    """The host of the README, as the suite wants to see it."""

    def __init__(self):
        self.host = module_of(readme.block(readme.HOST), "host").Host({"1001", "1002"})
        self.latest = {}

    def register(self, plugin):
        self.host.manager.register(plugin)

    def import_payments(self, import_type, definition):
        self.latest[definition] = self.host.import_payments(import_type, {}, definition)


class TestHostOfTheReadme(HostTakes, HostKeepsState, HostLocks, HostOpensWindows):
    """It claims to take payments, to keep state, to lock in one process, to open windows."""

    @pytest.fixture
    def host_under_test(self):
        return Shell()


def test_the_host_has_at_most_fifty_lines():
    assert readme.lines_of_code(readme.block(readme.HOST)) <= 50


# --- The listener of ten lines ------------------------------------------------------


@pytest.fixture
def listener(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return module_of(readme.block(readme.LISTENER), "payments_csv")


def written(folder):
    with (folder / "payments.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


HEADER = ["payment", "invoice", "date", "sek", "currency", "amount", "status"]
SAVED = [
    SavedPayment(money(1, "1234.50"), "Ö-1001", "exact"),
    SavedPayment(
        money(2, "110", currency="EUR", amount_currency=Decimal("1E+1"), exchange_rate=Decimal(11)),
        "1002",
        "partial",
    ),
]
ROWS = [
    ["77/1", "Ö-1001", "2026-02-01", "1234.50", "SEK", "1234.50", "exact"],
    ["77/2", "1002", "2026-02-01", "110", "EUR", "10", "partial"],
]


def test_the_listener_has_at_most_ten_lines():
    assert readme.lines_of_code(readme.block(readme.LISTENER)) <= 10


def test_payments_are_written_under_one_header_and_added_to(listener, tmp_path):
    for saved in SAVED:
        listener.opter_payments_saved(payments=[saved])
    assert written(tmp_path) == [HEADER, *ROWS]


def test_a_payment_that_is_told_twice_is_written_once(listener, tmp_path):
    listener.opter_payments_saved(payments=SAVED[:1])
    listener.opter_payments_saved(payments=SAVED)
    assert written(tmp_path) == [HEADER, *ROWS]


def test_it_is_installed_as_any_plug_in_and_hears_what_a_person_saves(tmp_path):
    site = tmp_path / "site"
    environment = bgmax.installed(site)
    (site / "payments_csv.py").write_text(readme.block(readme.LISTENER), encoding="utf-8")
    info = site / "payments_csv-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: payments-csv\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[opter]\npayments-csv = payments_csv\n")
    (tmp_path / "bank.txt").write_text(bgmax.file(deposit(payment(1, 100, "17"))), "latin-1")
    (tmp_path / "invoices.csv").write_text(
        "invoice_number,ocr,customer_code,customer_name,currency,total,invoice_date,due_date\n"
        "1001,17,K1,Åkeri AB,SEK,100.00,2026-10-15,2026-11-14\n",
        encoding="utf-8",
    )
    for words in (
        ("init",),
        ("invoices", "load", "invoices.csv"),
        (*bgmax.ADD, "--set", "path=bank.txt"),
        ("import", "Bank", "--save"),
        ("import", "Bank", "--save"),
    ):
        done = bgmax.hostsim(*words, environment=environment, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    key = "BG9912346/20261119-00074-000000000001"
    row = [key, "1001", "2026-11-19", "100.00", "SEK", "100.00", "exact"]
    assert written(tmp_path) == [HEADER, row]
