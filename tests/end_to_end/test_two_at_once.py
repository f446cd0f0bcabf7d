"""One import of a company runs at a time, across processes; the second one says so."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from scripted_import import COMPANY, SECOND_DAY, FakeTime, Script, host_of_sandbox

from hostsim.errors import exit_status, failure_of
from hostsim.storage.store import Store
from opter_fortnox_plugin.fortnox import protocol

ROOT = Path(__file__).parents[2]

#: Another process of this host, in the middle of an import of the company.
OTHER = """
import sys
from pathlib import Path
from hostsim.storage.store import Store

with Store.open(Path(sys.argv[1])) as store:
    with store.locks.hold("plug-in", "FortnoxAPI", sys.argv[2], wait=0) as got:
        print(got, flush=True)
        sys.stdin.read()
"""


@contextmanager
def another_process(path, key):
    child = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(path), key],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        assert child.stdout.readline().strip() == b"True"
        yield child
    finally:
        child.communicate()


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.setattr(protocol, "PAGE_SIZE", protocol.PAGE_SIZE)
    return Script(tmp_path)


@contextmanager
def second(script):
    """The import of this process, and what it tells."""
    told = []
    time = FakeTime()
    with script.sandbox() as sandbox, Store.open(script.copy()) as store:
        host = host_of_sandbox(store, sandbox, time=time, now=SECOND_DAY)
        host._on_progress = lambda progress: told.append(progress.message.en) and None
        yield host, store, time, told


def test_a_second_import_of_a_company_waits_for_another_process_and_then_says_so(script):
    with second(script) as (host, store, time, told):
        began = time.now
        with (
            another_process(store.path, f"company/{COMPANY}"),
            pytest.raises(Exception, match="COMPANY_BUSY") as caught,
        ):
            host.import_payments("Fortnox")
        failure = failure_of(caught.value)
        assert exit_status(failure) == 6
        assert "10" in failure.message.sv
        assert 10 <= time.now - began < 12
        assert any("Another import or export of" in message for message in told)
        assert host.open_preview("Fortnox") is None


def test_it_goes_on_when_the_other_process_dies(script):
    with second(script) as (host, store, _, told):
        with another_process(store.path, f"company/{COMPANY}") as other:

            def kill_when_told(progress):
                told.append(progress.message.en)
                if "Another import or export of" in progress.message.en:
                    other.kill()
                    other.wait()

            host._on_progress = kill_when_told
            assert host.import_payments("Fortnox").counts["ready"] > 0
        assert any("Another import or export of" in message for message in told)


def test_an_import_of_another_company_keeps_nobody_waiting(script):
    with (
        second(script) as (host, store, _, told),
        another_process(store.path, "company/7002"),
    ):
        assert host.import_payments("Fortnox").counts["ready"] > 0
        assert not any("Another import or export of" in message for message in told)
