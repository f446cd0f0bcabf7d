"""Hundreds of companies, while workers are killed or stand still and the database is restarted."""

import itertools
import signal
import threading
from collections import Counter
from datetime import UTC, datetime

import fleet
import postgres
import pytest

COMPANIES = 400
WORKERS, CONCURRENCY = 3, 6


class Disturbed:
    """A night in which things happen when so many runs have come to their end."""

    def __init__(self, server, sandbox):
        self.server, self.fleet = server, fleet.Fleet(server.url(), sandbox)
        self.breaks, self.released = [], 0

    def kill(self):
        """Kill a worker, and put another one in its place; its companies are due meanwhile."""
        self.breaks.append(datetime.now(UTC))
        self.fleet.stop(self.fleet.workers[0], signal.SIGKILL)
        self.fleet.query(DUE_MEANWHILE)
        self.enqueue()
        self.fleet.work(CONCURRENCY)

    def restart(self, mode):
        self.breaks.append(datetime.now(UTC))
        self.server.restart(mode)

    def pause(self):
        """Have a worker stand still, as if dead, while the schedule queues what it had begun."""
        self.fleet.query("UPDATE next_due SET due = now() RETURNING company")
        self.enqueue()
        pause, held = threading.Event(), []
        for worker in itertools.islice(itertools.cycle(self.fleet.workers), 1000):
            if not self.fleet.query(COMPANIES_OF, (worker.name,)):
                continue
            worker.send_signal(signal.SIGSTOP)
            pause.wait(0.1)  # for what it had sent already
            if held := self.fleet.query(COMPANIES_OF, (worker.name,)):
                break
            worker.send_signal(signal.SIGCONT)
        for _ in range(fleet.DEAD_AFTER + 2):
            self.fleet.query(DUE_MEANWHILE)
            self.enqueue()
            pause.wait(1)
        assert held
        assert self.fleet.query(COMPANIES_OF, (worker.name,)) == held
        worker.send_signal(signal.SIGCONT)

    def enqueue(self):
        self.released += self.fleet.enqueue()["released"]

    def wait_for(self, runs):
        pause = threading.Event()
        for _ in range(600):
            if self.fleet.query("SELECT count(*) AS n FROM runs WHERE saved >= 0")[0]["n"] >= runs:
                return
            pause.wait(0.1)
        raise AssertionError(f"{runs} runs never came to their end")

    def wait_until_done(self):
        pause = threading.Event()
        for _ in range(100):
            if not self.fleet.query(fleet.OWED):
                return
            self.enqueue()
            pause.wait(0.5)
        raise AssertionError(self.fleet.query(fleet.OWED))


@pytest.fixture(scope="module")
def night():
    with postgres.cluster() as server, fleet.sandbox(COMPANIES) as sandbox:
        postgres.Database(server)
        night = Disturbed(server, sandbox)
        try:
            night.fleet.load(COMPANIES)
            night.enqueue()
            for _ in range(WORKERS):
                night.fleet.work(CONCURRENCY)
            for runs, what in (
                (40, night.kill),
                (100, lambda: night.restart("immediate")),
                (160, night.kill),
                (220, lambda: night.restart("fast")),
                (260, night.kill),
                (300, night.pause),
            ):
                night.wait_for(runs)
                what()
            night.wait_until_done()
            yield night
        finally:
            night.fleet.close()


def test_every_payment_is_registered_once_or_waits(night):
    everything, waiting = fleet.payment_keys(COMPANIES)
    assert Counter(night.fleet.registered()) == Counter(everything - waiting)
    assert {
        (payment["company"], payment["number"]) for payment in night.fleet.run("waiting")["waiting"]
    } == waiting


def test_what_remains_is_what_was_not_paid(night):
    assert night.fleet.query(WRONG_REMAINDERS) == []


def test_no_company_is_forgotten(night):
    ended = night.fleet.query("SELECT DISTINCT company FROM runs WHERE saved >= 0")
    assert len(ended) == COMPANIES
    assert night.fleet.run("waiting")["failed"] == []


def test_no_company_is_imported_twice_at_once(night):
    """One that has no end was ended by something that happened before the next began."""
    runs = night.fleet.query("SELECT * FROM runs ORDER BY company, begun_at")
    pairs = [two for two in itertools.pairwise(runs) if two[0]["company"] == two[1]["company"]]
    assert [two for two in pairs if not ended_before(night, *two)] == []
    assert any(run["ended_at"] is None for run in runs), "nothing was disturbed"


def ended_before(night, one, other):
    if one["ended_at"] is not None:
        return one["ended_at"] <= other["begun_at"]
    return any(one["begun_at"] <= moment <= other["begun_at"] for moment in night.breaks)


def test_a_company_that_was_queued_beside_a_dead_job_is_not_blocked(night):
    assert night.released > 0


#: Those that the connections of a worker are alone with, in the middle of a run.
COMPANIES_OF = """
    SELECT DISTINCT name FROM companies JOIN pg_locks
    ON hashtextextended('company ' || name, 0) = (classid::bigint << 32 | objid::bigint)
    JOIN pg_stat_activity USING (pid) JOIN runs ON company = name AND ended_at IS NULL
    WHERE locktype = 'advisory' AND application_name = %s ORDER BY name
"""

#: As if the schedule came to those companies just now that a killed worker was busy with; one
#: that is in the middle of a save keeps others away from its row.
DUE_MEANWHILE = """
    UPDATE next_due SET due = now() WHERE company IN (
        SELECT company FROM next_due
        WHERE company IN (SELECT lock FROM procrastinate_jobs WHERE status = 'doing')
        FOR UPDATE SKIP LOCKED)
    RETURNING company
"""

WRONG_REMAINDERS = """
    SELECT i.* FROM invoices i LEFT JOIN (
        SELECT books, invoice, sum(effect) AS effect FROM payments GROUP BY 1, 2) p
    ON p.books = i.books AND p.invoice = i.number
    WHERE i.remaining <> i.total - COALESCE(p.effect, 0)
"""
