"""What is due is done, companies beside each other, once or until told to stop."""

import threading
from datetime import timedelta

import pytest
from fake_plugin import FakePlugin
from host_and_plugin import Clock, host_of

from hostsim.errors import host_error
from hostsim.ledger.schedules import GREEN, Timetable
from hostsim.services import worker
from opter_contract.values import Text

NAMES = ("A", "B", "C", "D")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def host(store, plugin, clock):
    host = host_of(store, plugin, clock=clock, attended=False)
    for name in NAMES:
        host.define(name, "Fake", "API", "", {})
        host.set_schedule(name, Timetable(every=timedelta(minutes=30)), GREEN)
    return host


@pytest.fixture
def told(monkeypatch):
    """Count how often people are told."""
    times = []
    monkeypatch.setattr(worker, "notify_people", lambda *_: times.append(1) or True)
    return times


def run_due(host, clock, stop=None, at_once=2):
    ended = []
    done = worker.run_due(
        host, at_once=at_once, on_ended=ended.append, stop=stop or threading.Event(), clock=clock
    )
    return done, sorted(run.definition for run in ended)


def test_all_that_is_due_is_done_once(host, clock, plugin):
    assert run_due(host, clock) == (True, list(NAMES))
    assert run_due(host, clock) == (True, [])
    assert len(plugin.runs) == len(NAMES)


def test_so_many_run_beside_each_other(host, clock, plugin):
    together = threading.Barrier(4, timeout=30)
    plugin.during = lambda _run: together.wait()
    assert run_due(host, clock, at_once=4) == (True, list(NAMES))


def test_one_that_fails_keeps_no_other_from_running(host, clock, plugin):
    def fail(run):
        if run.definition == "B":
            raise RuntimeError

    plugin.during = fail
    assert run_due(host, clock) == (True, list(NAMES))


def test_whoever_stops_it_lets_what_is_going_on_finish(host, clock, plugin):
    stop = threading.Event()
    plugin.during = lambda _run: stop.set()
    done, ended = run_due(host, clock, stop, at_once=1)
    assert (done, ended) == (False, ["A"])
    plugin.during = lambda _run: None
    assert run_due(host, clock) == (True, ["B", "C", "D"])


def test_people_are_told_once_at_the_end(host, clock, told):
    run_due(host, clock)
    assert told == [1]


def test_a_database_that_fails_ends_it(host, clock, monkeypatch):
    def fail(_name):
        raise host_error("DATABASE_UNREACHABLE", path="host.db", why=Text("full", "full"))

    monkeypatch.setattr(host, "run_scheduled", fail)
    with pytest.raises(type(host_error("INTERNAL")), match="DATABASE_UNREACHABLE"):
        run_due(host, clock)


class Life:
    """A worker's time: each pause passes, and the last one ends it."""

    def __init__(self, clock, *pauses):
        self.clock, self.pauses = clock, list(pauses)
        self.stop = threading.Event()
        self.asked = []

    def pause(self, seconds):
        self.asked.append(seconds)
        if not self.pauses:
            self.stop.set()
            return
        self.clock.now += timedelta(minutes=self.pauses.pop(0))

    def work(self, host, on_ended=lambda _run: None, at_once=2):
        worker.work(
            host,
            at_once=at_once,
            on_ended=on_ended,
            stop=self.stop,
            clock=self.clock,
            pause=self.pause,
        )


def test_a_worker_does_what_is_due_again_and_again(host, clock, plugin):
    Life(clock, 30, 30).work(host)
    assert len(plugin.runs) == 3 * len(NAMES)


def test_a_worker_moves_what_a_reader_held_up_in_the_log(host, clock, monkeypatch):
    looked = []
    monkeypatch.setattr(host.store, "checkpoint_leftover_wal", lambda: looked.append(1))
    Life(clock, 1).work(host)
    assert looked == [1, 1]


def test_a_worker_waits_until_something_is_due_and_looks_for_new_schedules(host, clock):
    life = Life(clock, 29.9)
    life.work(host)
    assert life.asked == [worker.POLL_SECONDS, pytest.approx(6)]


def test_a_worker_tells_people_once_a_round(host, clock, told):
    Life(clock, 0, 0, 30, 0).work(host)
    assert told == [1, 1]


def test_a_worker_tells_of_a_failure_only_when_it_lasts(host, clock, plugin, told):
    def fail(_run):
        raise RuntimeError

    plugin.during = fail
    life = Life(clock, 5, 10)
    life.work(host)
    # Two tries have failed after five minutes, three after fifteen.
    assert told == [1]


def test_a_worker_tells_again_what_could_not_be_told(host, clock, monkeypatch):
    answers, now = [False, False, True], [0.0]
    monkeypatch.setattr(worker, "notify_people", lambda *_: answers.pop(0))
    life = Life(clock, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1)

    def pause(seconds):
        now[0] += worker.NOTIFY_RETRY_SECONDS / 2
        life.pause(seconds)

    stop = life.stop
    clocks = {"clock": clock, "monotonic": lambda: now[0], "pause": pause}
    worker.work(host, at_once=2, on_ended=lambda _run: None, stop=stop, **clocks)
    assert answers == []


def test_a_worker_that_is_told_to_stop_finishes_what_is_going_on(host, clock, plugin):
    ended, life = [], Life(clock)
    plugin.during = lambda _run: life.stop.set()
    life.work(host, ended.append, at_once=1)
    assert [run.definition for run in ended] == ["A"]


def test_a_worker_waits_for_a_database_that_is_out_of_reach(host, clock, monkeypatch, plugin):
    fail = [host_error("DATABASE_UNREACHABLE", path="host.db", why=Text("full", "full"))]
    run = host.run_scheduled

    def run_scheduled(name):
        if fail:
            raise fail.pop()
        return run(name)

    monkeypatch.setattr(host, "run_scheduled", run_scheduled)
    Life(clock, 0, 0).work(host)
    assert len(plugin.runs) == len(NAMES)


def test_another_process_that_works_on_one_is_not_waited_for(host, store, clock, plugin):
    with store.locks.hold("schedule", "A", wait=0):
        assert run_due(host, clock) == (True, ["B", "C", "D"])
        Life(clock, 0).work(host)
    assert "A" not in {run.definition for run in plugin.runs}


def test_two_workers_share_what_is_due(store, clock):
    plugin = FakePlugin()
    hosts = [host_of(store, plugin, clock=clock, attended=False) for _ in range(2)]
    names = [f"{number:02}" for number in range(20)]
    for name in names:
        hosts[0].define(name, "Fake", "API", "", {})
        hosts[0].set_schedule(name, Timetable(every=timedelta(minutes=30)), GREEN)
    threads = [threading.Thread(target=run_due, args=(host, clock)) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run.definition for run in plugin.runs) == names
