"""A ledger of what changed the books is right to the öre, wherever the host was killed.

A real process is ended with SIGKILL at each statement that writes, at each telling and
after it, one after the other. The next one tells what was not acknowledged.
"""

import os
import shutil
import signal
import types
from contextlib import closing
from pathlib import Path

import code_blocks
import killed_process
import pytest
from killed_process import content_digest, kill_error, telling_steps
from ledgers import Books
from scripted_import import Script, fresh_code, integrity_errors

from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage import journal
from hostsim.storage.store import Store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no SIGKILL and no fork here")

small_pages, folder = killed_process.small_pages, killed_process.folder
killed, sandbox = killed_process.killed, killed_process.sandbox


@pytest.fixture(scope="module")
def script(folder):
    return Script(folder)


@pytest.fixture(scope="module")
def imported(script, sandbox, killed, folder):
    """A database with a preview that can be saved."""
    path = script.copy()
    ended, _ = killed.do(
        "import",
        die_at=("imported", 1),
        db=str(path),
        code=fresh_code(sandbox),
        configuration=sandbox.environment(),
    )
    assert ended == -signal.SIGKILL
    with Store.open(path) as store:
        store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return shutil.copy(path, folder / "imported.db")


@pytest.fixture
def attempt(imported, killed, folder, tmp_path_factory, monkeypatch):
    """Save, type and delete in a process that is killed at a step; the ledger is here then."""

    def attempt(die_at=None):
        path = folder / "listened.db"
        for beside in folder.glob("listened.db*"):
            if beside.is_file():
                beside.unlink()
        shutil.copy(imported, path)
        place = tmp_path_factory.mktemp("ledger")
        monkeypatch.chdir(place)
        ended, taken = killed.do("listen", die_at=die_at, db=str(path), folder=str(place))
        return path, ended, taken

    return attempt


def ledger():
    """Return the ledger of the page, in the folder of today."""
    module = types.ModuleType("ledger")
    exec(code_blocks.block(code_blocks.LEDGER), vars(module))  # noqa: S102 the page's own
    module.FOLDER = Path()
    return module


def file_of(store):
    [books] = store.db.execute("SELECT value FROM settings WHERE key = 'books'").fetchone()
    return f"ledger-{books}.db"


def sequences(module, store):
    with (
        module.ledger(file_of(store)) as db,
        closing(db.execute("SELECT sequence FROM ledger")) as rows,
    ):
        return [sequence for (sequence,) in rows]


def wrong_after(path):
    """Let the next process tell, and name what is wrong then."""
    module = ledger()
    with Store.open(path) as store:
        Host(store, Plugins([("ledger", module)])).notify_listeners()
        Books(store).journal_adds_up()
        paid = {
            (region, number): its
            for (region, number, _), its in module.paid(file_of(store)).items()
            if its
        }
        if paid != Books(store).by_invoice():
            return "the ledger is not the books"
        if sequences(module, store) != list(range(1, journal.last_sequence(store.db) + 1)):
            return "a change is missing"
        if journal.acknowledged(store.db, "ledger") != journal.last_sequence(store.db):
            return "not all is acknowledged"
    return None


def test_a_ledger_is_right_wherever_the_host_is_killed(attempt):
    path, ended, steps = attempt()
    assert (ended, wrong_after(path)) == (0, None)
    assert steps.count("told") == steps.count("after told") == 4
    assert steps.count("INSERT INTO listeners") == 4
    right, wrong = set(), []
    for step in telling_steps(steps):
        path, ended, taken = attempt(die_at=step)
        reported = f"killed at step {step}"
        if found := kill_error(ended, taken, steps, step):
            wrong.append(f"{reported}: {found}")
        if found := integrity_errors(path):
            wrong.append(f"{reported}: the database is damaged: {found}")
        with Store.open(path) as store:
            left = content_digest(store), tuple(sequences(ledger(), store))
        if left not in right:
            if found := wrong_after(path):
                wrong.append(f"{reported}: {found}")
            right.add(left)
    assert wrong == []
    # Before and after each commit, and each telling that was kept but not acknowledged.
    assert len(right) >= 10
