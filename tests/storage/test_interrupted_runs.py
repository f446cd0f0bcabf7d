"""An import that was killed is shown as broken off at once, not as one that goes on."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest
from fake_plugin import FakePlugin
from host_and_plugin import NOON, host_of

from hostsim.messages.payments import INTERRUPTED
from hostsim.storage import locks
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.private_files import unwritable_error
from hostsim.storage.store import Store


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        yield store


@pytest.fixture
def host(store):
    host = host_of(store, FakePlugin())
    host.define("Fortnox", "Fake", "API", "", {})
    # As a killed process leaves it: begun, and nobody holds its lock.
    ImportRun(store, "a" * 32, store.definition("Fortnox")).begin("eva", NOON)
    return host


def in_database(store):
    return [tuple(row) for row in store.db.execute("SELECT state, error_code FROM runs")]


def test_a_run_that_nobody_goes_on_with_is_shown_as_broken_off(host):
    [run] = host.runs()
    assert (run.state, run.error_code, run.error) == ("failed", "INTERRUPTED", INTERRUPTED)
    assert host.run("aaaa") == run


def test_looking_at_it_writes_nothing(host, store):
    assert list(host.runs())
    assert in_database(store) == [("running", None)]


def test_a_run_whose_lock_is_held_goes_on(host, store):
    with store.locks.hold("definition", "Fortnox", wait=0):
        [run] = host.runs()
        assert (run.state, run.error) == ("running", None)


def test_a_run_whose_lock_somebody_else_looks_at_is_broken_off_all_the_same(
    host, store, monkeypatch
):
    with ExitStack() as look:
        look.enter_context(store.locks.hold("definition", "Fortnox", wait=0))
        monkeypatch.setattr(locks, "PEEK_SECONDS", 60)
        monkeypatch.setattr(time, "sleep", lambda _: look.close())
        [run] = host.runs()
    assert run.state == "failed"


def test_looking_at_it_lets_the_next_import_begin(host, store):
    assert list(host.runs())
    host.import_payments("Fortnox")
    assert sorted(in_database(store)) == [("failed", "INTERRUPTED"), ("open", None)]


def test_whoever_may_not_touch_the_locks_is_told_what_the_database_says(host, store, monkeypatch):
    def unreachable(*_):
        raise unwritable_error(store.locks.folder, PermissionError())

    monkeypatch.setattr(store.locks, "is_held", unreachable)
    assert [run.state for run in host.runs()] == ["running"]
