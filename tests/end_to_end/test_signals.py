"""A program that is told to end in the middle of its work puts everything away, as on Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from own_process import Program
from ports import free_port

from hostsim.demo.preparation import load_with_rows
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import Fault, Sandbox, seed, seed_exports
from hostsim.services.host import Host
from hostsim.storage.store import Store
from opter_contract.programs import signals
from opter_fortnox_plugin import hooks

posix = pytest.mark.skipif(sys.platform == "win32", reason="a signal to one child needs POSIX")

#: ``hostsim serve`` where somebody has pressed Läs fil and signed in.
SERVING = """
import sys, threading, time
from hostsim.__main__ import main
from hostsim.desk.background_jobs import Choice, Starter
from hostsim.desk.server import Desk
from hostsim.sandbox import scripted_login, seed

enter = Desk.__enter__

def entered(desk):
    job = enter(desk).desk_context.jobs.start(Choice("F"), Starter())
    def sign_in():
        while job.login_url is None:
            time.sleep(0.01)
        scripted_login.sign_in(job.login_url, seed.USER, seed.PASSWORD)
    threading.Thread(target=sign_in, daemon=True).start()
    return desk

Desk.__enter__ = entered
sys.exit(main())
"""


@pytest.fixture
def program(tmp_path):
    redirect = f"http://localhost:{free_port()}/callback"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with Sandbox(seed.haulier(datetime.now(UTC)), redirect_uri=redirect) as sandbox:
        program = Program(tmp_path / "work", sandbox, TMPDIR=str(temporary))
        program.sandbox = sandbox
        with Store.create(program.folder / "hostsim.db") as store:
            host = Host(store, Plugins([("fortnox", hooks)]))
            settings = {"ignore_payments_before": "2026-01-01"}
            host.define("F", "FortnoxAPI", "API", "", settings)
            host.define("S", "FortnoxAPI", "API", "", settings | {"sign_in": "stay"})
            settings = {"export_from_date": "2026-01-01"}
            host.define_export("E", "FortnoxAPI", "invoices", "", settings)
            load_with_rows(store, seed_exports.invoices_to_export(datetime.now(UTC)))
        yield program


def told_to_end(program, told, *words, at="/3/"):
    """Run Python, and tell it to end when it asks for something.

    :param at: how the path begins of what it asks for; signed in, unless told otherwise.
    """
    asked = threading.Event()

    def look(request):
        if request.path.startswith(at) and not asked.is_set():
            asked.set()
            process.send_signal(told)
        return False

    program.sandbox.faults.add(Fault(match=look, times=None))
    process = subprocess.Popen(
        [sys.executable, "-P", *words],
        cwd=program.folder,
        env=program.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, err = process.communicate(timeout=60)
    assert asked.is_set(), err
    return process.returncode, out, err


def is_put_away(program):
    """No login is left there, no folder here, and the database is whole."""
    assert program.sandbox.state.tokens.valid_refresh_tokens() == 0
    assert list(Path(program.environment["TMPDIR"]).iterdir()) == []
    with Store.open(program.folder / "hostsim.db") as store:
        [[whole]] = store.db.execute("PRAGMA integrity_check")
        [[saved]] = store.db.execute("SELECT count(*) FROM payments")
    return (whole, saved) == ("ok", 0)


@posix
@pytest.mark.parametrize("told", ["SIGTERM", "SIGHUP"])
def test_an_import_that_is_told_to_end_revokes_its_login_and_leaves_nothing(program, told):
    number = signal.Signals[told]
    status, _, err = told_to_end(program, number, "-m", "hostsim", "import", "F", "--save")
    assert (status, err.splitlines()[-1][:11]) == (128 + number, "CANCELLED: "), err
    assert is_put_away(program)


@posix
def test_a_login_is_revoked_whose_tokens_come_when_the_import_was_told_to_end(program):
    words = ("-m", "hostsim", "import", "F", "--save")
    status, _, err = told_to_end(program, signal.SIGINT, *words, at="/oauth-v1/token")
    assert (status, err.splitlines()[-1][:11]) == (130, "CANCELLED: "), err
    asked = [call.path for call in program.sandbox.switchboard.asked]
    assert asked[-2:] == ["/oauth-v1/token", "/oauth-v1/revoke"]
    assert is_put_away(program)


SIGNING_IN = {
    "export": ["hostsim", "export", "E", "--send"],
    "reconcile": ["hostsim", "reconcile", "F"],
    "why": ["hostsim", "why", str(seed_exports.FIRST_UNEXPORTED), "F"],
    "doctor": ["hostsim", "doctor", "F"],
    "probe": ["opter_fortnox_plugin", "probe"],
    "the plug-in's doctor": ["opter_fortnox_plugin", "doctor"],
}


@posix
@pytest.mark.parametrize("words", SIGNING_IN.values(), ids=SIGNING_IN)
def test_every_command_that_signs_in_revokes_its_login_when_it_is_told_to_end(program, words):
    status, _, err = told_to_end(program, signal.SIGTERM, "-m", *words)
    assert (status, err.splitlines()[-1][:11]) == (128 + signal.SIGTERM, "CANCELLED: ")
    assert is_put_away(program)


@posix
def test_a_login_that_is_to_stay_is_kept_by_a_sign_in_that_is_told_to_end(program):
    status, *_ = told_to_end(program, signal.SIGTERM, "-m", "hostsim", "sign-in", "S")
    assert status == 128 + signal.SIGTERM
    assert program.sandbox.state.tokens.valid_refresh_tokens() == 1
    assert len(list((program.folder / "hostsim.db.secrets").iterdir())) == 1


@posix
def test_a_page_that_is_told_to_end_ends_the_import_that_runs_and_its_login(program):
    words = ("serve", "--no-open", "--db", "hostsim.db", "--lang", "en")
    status, out, err = told_to_end(program, signal.SIGHUP, "-c", SERVING, *words)
    assert (status, err) == (0, "")
    assert out.endswith("Ended.\n")
    assert is_put_away(program)


@posix
def test_a_program_that_nohup_started_outlives_its_terminal():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.ending():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@posix
def test_an_end_that_is_told_twice_does_not_break_off_what_is_put_away():
    """A shell passes the hang-up of its terminal on, and systemd adds one to SIGTERM."""
    put_away = []
    with signals.ending(clock=lambda: 0.0) as told:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt:
            os.kill(os.getpid(), signal.SIGHUP)
            put_away.append("login")
    assert (put_away, told.status(130), told.status(7)) == (["login"], 128 + signal.SIGTERM, 7)


@posix
@pytest.mark.parametrize(("second", "seconds"), [("SIGINT", 0.0), ("SIGTERM", signals.ONCE)])
def test_who_insists_does_not_wait(second, seconds):
    times = iter([0.0, seconds])
    with signals.ending(clock=lambda: next(times)):
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.Signals[second])


@posix
def test_an_end_that_is_told_when_all_is_done_is_in_the_exit_status_alone():
    with signals.ending() as told:
        told.over = True
        os.kill(os.getpid(), signal.SIGTERM)
    assert (told.status(0), told.status(7)) == (128 + signal.SIGTERM, 7)


@posix
def test_a_process_that_is_told_to_end_on_its_way_out_ends_with_that_status():
    program = "import os, signal\nfrom opter_contract.programs import signals\n"
    program += "with signals.ending(last=True): pass\nos.kill(os.getpid(), signal.SIGHUP)"
    ended = subprocess.run([sys.executable, "-c", program], check=False, stderr=subprocess.PIPE)
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGHUP, b"")


def test_windows_waits_for_a_closed_window_until_everything_is_put_away():
    """What Windows calls on a thread of its own; Windows ends the process when it returns."""
    done, order = threading.Event(), []

    def put_away():
        order.append("put away")
        done.set()

    closed = signals.when_closed(done, put_away, seconds=60)
    assert [closed(event) for event in (2, 5, 6)] == [True] * 3
    assert order == ["put away"] * 3


def test_windows_leaves_ctrl_c_to_python():
    closed = signals.when_closed(threading.Event(), lambda: pytest.fail("not ours"))
    assert [closed(event) for event in (0, 1)] == [False, False]
