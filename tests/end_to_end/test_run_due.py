"""Many companies with nobody there, over HTTP: each payment once, whatever happens meanwhile."""

import json
import os
import signal
import subprocess
import threading
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from many_companies import company_numbers, create_database, unattended_host
from own_process import Program
from ports import free_port

from hostsim.sandbox import Sandbox, seed_many
from hostsim.services import worker
from hostsim.storage import schedules
from hostsim.storage.store import Store

NOW = datetime.now(UTC)
COUNT = 12


class Clock:
    """The machine's, and what has passed besides."""

    def __init__(self):
        self.passed = timedelta(0)

    def __call__(self):
        return datetime.now(UTC) + self.passed


def sandbox_of_all():
    sandbox = Sandbox(seed_many.companies(COUNT, NOW))
    sandbox.consent_everywhere()
    return sandbox


@pytest.fixture
def sandbox():
    with sandbox_of_all() as sandbox:
        yield sandbox


@pytest.fixture
def path(tmp_path):
    return create_database(tmp_path / "host.db", COUNT, now=NOW)


@pytest.fixture
def store(path):
    with Store.open(path) as store:
        yield store


@pytest.fixture
def clock():
    return Clock()


def run_due(store, sandbox, clock, **elsewhere):
    ended = []
    host = unattended_host(store, sandbox.environment() | elsewhere, clock=clock)
    stop = threading.Event()
    worker.run_due(host, at_once=4, on_ended=ended.append, stop=stop, clock=clock)
    return {run.definition: run for run in ended}


def expected():
    """Count what is saved of each company: all but part payments and unknown invoices."""
    sure = Counter(dict.fromkeys(company_numbers(COUNT), 0))
    for index, number in enumerate(company_numbers(COUNT)):
        for at in range(seed_many.PAYMENTS):
            among_all = index * seed_many.PAYMENTS + at
            doubtful = seed_many.is_part_payment(among_all)
            sure[number] += not (doubtful or seed_many.is_of_unknown_invoice(among_all))
    return sure


def registered(store):
    """Count the payments in the books by company; none is there twice."""
    entries = list(store.payments())
    keys = [(entry.company, entry.payment_number) for entry in entries]
    assert len(keys) == len(set(keys))
    return Counter(dict.fromkeys(company_numbers(COUNT), 0)) + Counter(
        entry.company for entry in entries
    )


def paused(store):
    return [schedule.definition for schedule in schedules.schedules(store) if schedule.paused]


def test_every_company_is_brought_in_and_what_is_sure_is_saved(store, sandbox, clock):
    runs = run_due(store, sandbox, clock)
    assert sorted(runs) == company_numbers(COUNT)
    assert registered(store) == +expected()
    for run in runs.values():
        counts = dict(run.counts)
        assert counts.pop("read") == sum(counts.values()) == seed_many.PAYMENTS
        waits = counts["left"] + counts["rejected"] > 0
        assert run.outcome == ("waits-for-person" if waits else "saved")


def test_the_next_night_brings_nothing_new(store, sandbox, clock):
    run_due(store, sandbox, clock)
    before = registered(store)
    clock.passed = timedelta(days=1)
    runs = run_due(store, sandbox, clock)
    assert {run.outcome for run in runs.values()} == {"nothing-new", "waits-for-person"}
    assert registered(store) == before


def test_a_withdrawn_consent_pauses_its_company_alone(store, sandbox, clock):
    withdrawn = company_numbers(COUNT)[3]
    run_due(store, sandbox, clock)
    sandbox.state.tokens.withdraw_consent(int(withdrawn))
    clock.passed = timedelta(days=1)
    runs = run_due(store, sandbox, clock)
    assert (runs[withdrawn].outcome, runs[withdrawn].code) == ("paused", "CONSENT_WITHDRAWN")
    assert paused(store) == [withdrawn]
    assert {run.outcome for name, run in runs.items() if name != withdrawn} <= {
        "nothing-new",
        "waits-for-person",
    }
    clock.passed = timedelta(days=2)
    assert withdrawn not in run_due(store, sandbox, clock)


def test_when_fortnox_is_away_all_is_tried_again_and_nothing_is_lost(store, sandbox, clock):
    nobody = f"http://127.0.0.1:{free_port()}"
    runs = run_due(store, sandbox, clock, FORTNOX_AUTH_URL=f"{nobody}/oauth-v1")
    assert {run.outcome for run in runs.values()} == {"failed"}
    assert paused(store) == []
    clock.passed = timedelta(minutes=6)
    assert sorted(run_due(store, sandbox, clock)) == company_numbers(COUNT)
    assert registered(store) == +expected()


needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


def begin(folder, sandbox, path, *words):
    program = Program(folder, sandbox, HOSTSIM_DB=str(path))
    return program.start(*words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@pytest.mark.slow
@needs_signals
def test_it_is_killed_again_and_again_and_each_payment_is_registered_once(
    tmp_path, store, sandbox, path
):
    lives = 0
    while schedules.due(store, datetime.now(UTC)):
        lives += 1
        process = begin(tmp_path / str(lives), sandbox, path, "run-due", "--json")
        with closing(process.stdout):
            process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert lives > 1
    assert registered(store) == +expected()
    assert not any(schedule.failures for schedule in schedules.schedules(store))


@needs_signals
def test_a_worker_ends_what_it_is_doing_and_another_one_goes_on(tmp_path, store, sandbox, path):
    first = begin(tmp_path / "first", sandbox, path, "worker", "--at-once", "2")
    first.stdout.readline()
    first.terminate()
    remaining = first.communicate(timeout=60)[0].splitlines()
    assert first.returncode == 0
    done = 1 + len(remaining)
    assert done <= COUNT
    assert len(schedules.due(store, datetime.now(UTC))) == COUNT - done
    second = begin(tmp_path / "second", sandbox, path, "run-due", "--json")
    lines = second.communicate(timeout=60)[0].splitlines()
    assert second.returncode == 0
    assert len(lines) == COUNT - done
    assert all(json.loads(line)["outcome"] in {"saved", "waits-for-person"} for line in lines)
    assert registered(store) == +expected()


@needs_signals
def test_two_processes_at_once_do_each_company_once(tmp_path, store, sandbox, path):
    both = [begin(tmp_path / name, sandbox, path, "run-due", "--json") for name in ("one", "other")]
    names = []
    for process in both:
        names += [
            json.loads(line)["name"] for line in process.communicate(timeout=60)[0].splitlines()
        ]
        assert process.returncode == 0
    assert sorted(names) == company_numbers(COUNT)
    assert registered(store) == +expected()
