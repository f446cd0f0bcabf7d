"""After a commit nothing says that nothing was saved: SAVED_NOT_SHOWN, status 7."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from bill_file import bill
from desk_person import Person, words
from fake_plugin import hookimpl, invoice, payment

from hostsim import __main__
from hostsim.cli.main import READER_CLOSED
from hostsim.desk.context import DeskContext
from hostsim.errors import host_error
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage import unreported_commits
from hostsim.storage.store import Store
from hostsim.views.output import Output, ReaderClosed

#: What may go wrong while a result is written.
FAULTS = {
    "full disk": OSError(28, "No space left on device"),
    "closed pipe": ReaderClosed(),
    "Ctrl-C": KeyboardInterrupt(),
    "fault": ZeroDivisionError(),
}

CHANGING = {
    "payments add": ["payments", "add", "1001", "100"],
    "payments delete": ["payments", "delete", "1", "--why", "fel"],
    "import": ["import", "Butik"],
    "import and save": ["import", "Butik", "--save"],
    "save": ["save", "Butik"],
    "set aside": ["set-aside", "Butik", "4"],
    "take back": ["take-back", "Butik", "5"],
    "decide": ["decide", "Butik", "3", "--confirm"],
    "settings": ["settings", "accepted_deviation=5"],
    "invoices load": ["invoices", "load", "fakturor.csv"],
    "bills load": ["bills", "load", "avräkningar.json"],
    "formats add": ["formats", "add", "Ny", "--type", "Fake", "--format", "API"],
    "formats set": ["formats", "set", "Butik", "before=2020-01-01"],
    "plugins off": ["plugins", "off", "--all"],
    "payments export": ["payments", "export", "ut.csv"],
    "report": ["report", "rapport.zip"],
}

LOOKING = {
    "payments": ["payments"],
    "runs": ["runs"],
    "why": ["why", "1001", "--offline"],
    "decisions": ["decisions", "Butik"],
    "formats": ["formats"],
    "invoices": ["invoices"],
    "bills": ["bills"],
}


@pytest.fixture
def busy(run, plugin):
    """Have something of everything to change."""
    bills = Path("avräkningar.json")
    bills.write_text(json.dumps([bill()]), encoding="utf-8")
    run("bills", "load", bills)
    bills.write_text(json.dumps([bill(bill_number="A-2026-118")]), encoding="utf-8")
    run("payments", "add", "1001", "70", "--date", "2026-01-03", "--confirm")
    plugin.payments = [
        payment(1, amount="400"),
        payment(3, amount="70"),
        payment(4, "9999", "70"),
        payment(5, "9998", "70"),
    ]
    run("import", "Butik")
    run("set-aside", "Butik", "5")
    return run


def nothing_is_shown(monkeypatch, error):
    write = Output.write

    def fail(output, text):
        if output.stream is not sys.stderr:
            raise error
        write(output, text)

    monkeypatch.setattr(Output, "write", fail)


@pytest.mark.parametrize(
    ("what", "fault"),
    [*((what, "closed pipe") for what in CHANGING), *(("payments add", one) for one in FAULTS)],
)
def test_what_is_done_and_could_not_be_shown_is_said_to_be_done(busy, monkeypatch, what, fault):
    nothing_is_shown(monkeypatch, FAULTS[fault])
    ended = busy(*CHANGING[what])
    assert (ended.status, ended.last[:17]) == (7, "SAVED_NOT_SHOWN: ")
    assert "hostsim payments" in ended.err
    assert "Ingenting är sparat" not in ended.err


@pytest.mark.parametrize("what", ["payments add", "save", "import", "settings", "report"])
def test_json_that_could_not_be_written_is_no_other(busy, monkeypatch, what):
    nothing_is_shown(monkeypatch, FAULTS["full disk"])
    ended = busy(*CHANGING[what], "--json", "--lang", "en")
    assert (ended.status, ended.last[:17]) == (7, "SAVED_NOT_SHOWN: ")


@pytest.mark.parametrize("what", LOOKING)
def test_who_only_looked_has_changed_nothing(busy, monkeypatch, what):
    nothing_is_shown(monkeypatch, FAULTS["closed pipe"])
    assert busy(*LOOKING[what]).status == READER_CLOSED
    nothing_is_shown(monkeypatch, FAULTS["Ctrl-C"])
    ended = busy(*LOOKING[what])
    assert (ended.status, ended.last[:11]) == (130, "CANCELLED: ")


def test_it_says_what_is_saved(busy, monkeypatch):
    nothing_is_shown(monkeypatch, FAULTS["closed pipe"])
    assert "Betalningen är registrerad med id 2." in busy("payments", "add", "1001", "100").last
    deleted = busy("payments", "delete", "2", "--why", "fel")
    assert "Betalningen med id 2 är borttagen." in deleted.last
    told = busy("import", "Butik", "--save").last
    assert "sparat som förhandsvisning. 1 betalning är registrerad." in told


def test_the_same_key_again_changes_nothing_that_could_be_saved_unseen(busy, monkeypatch):
    busy("payments", "add", "1001", "100", "--key", "k")
    nothing_is_shown(monkeypatch, FAULTS["closed pipe"])
    assert busy("payments", "add", "1001", "100", "--key", "k").status == READER_CLOSED


def test_an_import_that_is_cancelled_while_it_reads_has_saved_nothing(busy, plugin):
    def cancelled(_run):
        raise KeyboardInterrupt

    plugin.during = cancelled
    ended = busy("import", "Butik")
    assert (ended.status, ended.last[:11]) == (130, "CANCELLED: ")


def test_an_import_that_breaks_while_it_reads_has_saved_nothing(busy, plugin):
    def broken(_run):
        raise ZeroDivisionError

    plugin.during = broken
    assert busy("import", "Butik").last.startswith("INTERNAL: ")


def test_ctrl_c_while_a_listener_is_told_takes_nothing_back(busy, plugin, monkeypatch):
    class Slow:
        @hookimpl
        def opter_payments_saved(self, run, payments):
            raise KeyboardInterrupt

    both = [("fake", plugin), ("slow", Slow())]
    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls, **_: cls(both)))
    ended = busy("save", "Butik")
    assert (ended.status, ended.last[:17]) == (7, "SAVED_NOT_SHOWN: ")
    assert len(busy("payments", "--json").json) == 2


def test_ctrl_c_in_the_middle_of_a_commit_is_known_to_have_saved(tmp_path):
    with Store.create(tmp_path / "host.db") as store:

        class Interrupted:
            """A connection that is interrupted as soon as it has committed."""

            def __init__(self, db):
                self._db = db

            def execute(self, sql, *values):
                done = self._db.execute(sql, *values)
                if sql == "COMMIT":
                    raise KeyboardInterrupt
                return done

            def __getattr__(self, name):
                return getattr(self._db, name)

        class Slow(Store):
            @property
            def db(self):
                return Interrupted(super().db)

        with Slow.open(tmp_path / "host.db") as slow, unreported_commits.watch() as saved:
            with pytest.raises(KeyboardInterrupt):
                slow.set_setting("accepted_deviation", "5")
            assert saved.any
        assert store.settings()["accepted_deviation"] == "5"


def test_what_was_rolled_back_is_not_said_to_be_saved(tmp_path):
    with Store.create(tmp_path / "host.db") as store, unreported_commits.watch() as saved:
        with pytest.raises(sqlite3.IntegrityError):
            store.load_invoices([invoice("1001"), invoice("")])
        assert not saved.any


# --- In a process of its own ---------------------------------------------------


@pytest.fixture
def process(run, tmp_path):
    """Run a command with this standard output; give its status and errors."""

    def process(stdout, *arguments):
        ended = subprocess.run(
            [sys.executable, "-m", "hostsim", *arguments],
            cwd=tmp_path,
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
        )
        return ended.returncode, ended.stderr.decode().splitlines()[-1]

    return process


ADD = ("payments", "add", "1001", "100", "--lang", "en")


FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110


@FULL
def test_a_full_disk_after_a_payment_says_that_it_is_registered(process, run):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        status, told = process(full, *ADD)
        again, doubt = process(full, *ADD)
    assert status == 7
    assert told.startswith("SAVED_NOT_SHOWN: The payment is registered with id 1.")
    assert (again, doubt[:18]) == (2, "DOUBTFUL_PAYMENT: ")
    assert len(run("payments", "--json").json) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_a_payment_is_registered_though_standard_output_was_closed_before(run, tmp_path):
    shell = f"{sys.executable} -m hostsim payments add 1001 100 >&-"
    ended = subprocess.run(
        ["/bin/sh", "-c", shell], cwd=tmp_path, stderr=subprocess.PIPE, check=False
    )
    assert (ended.returncode, b"Traceback" in ended.stderr) == (7, False)
    assert len(run("payments", "--json").json) == 1


@pytest.fixture
def into_full_disk(monkeypatch, capsys):
    """Run a command whose standard output is a full disk; give its status and errors."""

    def into_full_disk(*arguments):
        full = open("/dev/full", "w", encoding="utf-8")  # noqa: PTH123, SIM115 it fails to close
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", full)
            status = __main__.main(arguments)
        with suppress(OSError):
            full.close()
        return status, capsys.readouterr().err

    return into_full_disk


SHOWING = [*LOOKING.values(), ["errors"]]
REFUSED = {
    "save": (["save", "Butik"], "PREVIEW_CHANGED: "),
    "set-aside": (["set-aside", "Butik", "4"], "LIST_CHANGED: "),
    "decide": (["decide", "Butik", "3", "--confirm"], "LIST_CHANGED: "),
    "take-back": (["take-back", "Butik", "5"], "LIST_CHANGED: "),
}


@pytest.mark.parametrize("json", [[], ["--json"]])
@pytest.mark.parametrize("fault", ["full disk", "closed pipe"])
@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_said_to_be_refused_however_its_list_cannot_be_shown(  # noqa: PLR0917
    busy, tmp_path, monkeypatch, what, fault, json
):
    command, code = REFUSED[what]
    if what == "save":
        # The rows are judged again, and that is committed.
        busy("payments", "add", "1001", "900", "--confirm")
    else:
        with Store.open(tmp_path / "hostsim.db") as store:
            Host(store, Plugins.load()).import_payments("Butik")

    def fail(*_):
        raise host_error("OUTPUT_FAILED", why="full") if fault == "full disk" else ReaderClosed

    with monkeypatch.context() as patched:
        patched.setattr(Output, "write", fail)
        ended = busy(*command, *json)
    assert (ended.status, ended.last[: len(code)]) == (6, code)
    # What could not be shown is not what a save may save.
    assert busy("save", "Butik").status == 6


def test_a_decision_that_changes_nothing_has_saved_nothing(busy, monkeypatch):
    nothing_is_shown(monkeypatch, FAULTS["closed pipe"])
    assert busy("set-aside", "Butik", "5").status == READER_CLOSED


@FULL
def test_a_refused_save_into_a_full_disk_ends_as_refused(into_full_disk, run, plugin):
    plugin.payments = [payment(1)]
    run("import", "Butik")
    for amount in ("5", "7"):
        run("payments", "add", "1001", amount)
        status, told = into_full_disk("save", "Butik")
        assert (status, told.splitlines()[-1][:17]) == (6, "PREVIEW_CHANGED: ")
    assert len(run("payments", "--json").json) == 2


@FULL
@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize(
    "what",
    [["payments", "export", "-"], *([*one, *json] for one in SHOWING for json in ([], ["--json"]))],
    ids=" ".join,
)
def test_a_full_disk_under_a_command_that_changed_nothing_is_no_fault_of_the_program(
    into_full_disk, what
):
    status, told = into_full_disk(*what, "--lang", "en")
    last = told.splitlines()[-1]
    assert (status, last[:15]) == (8, "OUTPUT_FAILED: ")
    assert "No space left on device" in last
    assert "Traceback" not in told


@FULL
def test_help_into_a_full_disk_is_no_fault_of_the_program(process):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        status, told = process(full, "save", "--help")
    assert (status, told[:15]) == (8, "OUTPUT_FAILED: ")


# --- On the page ---------------------------------------------------------------


@pytest.fixture
def person(run, tmp_path, plugin):
    with Store.open(tmp_path / "hostsim.db") as store:
        office = DeskContext(store, Plugins([("fake", plugin)]), user="kim")
        yield Person(office)
        office.jobs.stop()


def test_a_page_that_breaks_after_a_commit_says_that_it_is_saved(person, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("hostsim.desk.hand_payments.notify", broken)
    today = person.desk_context.clock().date().isoformat()
    form = {"invoice": "1001", "amount": "100", "date": today, "region": ""}
    page = words(person.post("/payments/new", 500, **form))
    assert "Betalningen är registrerad med id 1. Men resultatet kunde inte visas" in page
    assert "SAVED_NOT_SHOWN" in page
    assert len(list(person.desk_context.store.payments())) == 1


def test_a_page_that_breaks_before_says_that_it_is_a_fault(person, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("hostsim.storage.hand_payments.lower_balance", broken)
    today = person.desk_context.clock().date().isoformat()
    form = {"invoice": "1001", "amount": "100", "date": today, "region": ""}
    assert "INTERNAL" in person.post("/payments/new", 500, **form)
    assert list(person.desk_context.store.payments()) == []
