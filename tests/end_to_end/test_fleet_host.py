"""The fleet host: what a person sees of a night, and what the engine's traps would have cost."""

import asyncio
import json
import signal
import subprocess
from contextlib import closing
from datetime import UTC, datetime

import fleet
import postgres
import pytest

#: Of the sandbox, and those that most tests load.
ALL, COMPANIES = 20, 2
FIRST, SECOND = "500001", "500002"
#: A part payment, and one of an invoice that is not here; see :mod:`hostsim.sandbox.seed_many`.
FLAGGED, REJECTED = (FIRST, "2"), (SECOND, "3")


SINCE = {"ignore_payments_before": "2026-01-01"}


@pytest.fixture(scope="module")
def sandbox():
    with fleet.sandbox(ALL) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def database():
    with postgres.cluster() as server:
        yield postgres.Database(server)


@pytest.fixture
def companies(sandbox, database):
    """Have the companies loaded."""
    database.empty()
    with closing(fleet.Fleet(database.url, sandbox)) as companies:
        companies.load(COMPANIES)
        yield companies


@pytest.fixture(scope="module")
def jobs(database):
    from fleet_host import jobs

    return jobs


@pytest.fixture
def queue(jobs, database):
    """Call with the engine: ``queue(do)`` gives what ``do(app)`` returns."""

    def call(do):
        async def with_app():
            async with jobs.queue(database.url, 2).open_async() as app:
                return await do(app)

        return fleet.run_in_thread(lambda: asyncio.run(with_app()))

    return call


def enqueue(jobs, companies, **options):
    return fleet.run_in_thread(lambda: asyncio.run(jobs.enqueue(companies.url, **options)))


# --- A night ---


def test_a_night_registers_what_is_green_and_leaves_the_rest_to_a_person(companies):
    everything, waiting = fleet.payment_keys(ALL)
    companies.load(ALL)
    companies.enqueue()
    worker = companies.work()
    companies.wait_until_done()
    assert companies.stop(worker) == 0
    assert sorted(companies.registered()) == sorted(everything - waiting)
    listed = companies.run("waiting")["waiting"]
    assert {(row["company"], row["number"]) for row in listed} == waiting
    assert {row["reason"] for row in listed} == {"flagged", "invoice-not-found"}


def test_a_second_night_registers_nothing_twice_and_offers_what_waits(companies):
    for _ in range(2):
        companies.query("UPDATE next_due SET due = now() RETURNING company")
        companies.import_due()
    everything, waiting = fleet.payment_keys(COMPANIES)
    assert sorted(companies.registered()) == sorted(everything - waiting)
    [last] = companies.query(
        "SELECT sum(saved) AS saved, sum(flagged + rejected) AS left FROM runs WHERE begun_at >"
        " (SELECT min(done_at) FROM next_due) - interval '1 ms'"
    )
    assert last == {"saved": 0, "left": len(waiting)}


def test_a_payment_with_a_warning_is_registered_once_a_person_wants_it(companies):
    companies.import_due()
    companies.run("decide", FIRST, "register", FLAGGED[1], "--by", "anna")
    companies.import_due()
    assert FLAGGED in companies.registered()
    assert companies.run("waiting", FIRST)["waiting"] == []


def test_what_was_set_aside_is_no_longer_listed_and_is_kept(companies):
    companies.import_due()
    companies.run("decide", SECOND, "set-aside", REJECTED[1], "--why", "not ours")
    companies.import_due()
    assert companies.run("waiting", SECOND)["waiting"] == []
    [kept] = companies.run("waiting", SECOND, "--all")["waiting"]
    assert (kept["number"], kept["decision"]) == (REJECTED[1], "set-aside")


def test_a_decision_needs_something_that_it_can_be_about(companies):
    companies.import_due()
    assert "NOT_WAITING" in companies.refusal("decide", FIRST, "register", "1")
    assert "NOT_REGISTRABLE" in companies.refusal("decide", SECOND, "register", REJECTED[1])
    assert "COMPANY_UNKNOWN" in companies.refusal("decide", "1", "resume")


def test_a_company_that_waiting_does_not_mend_is_paused_and_told_until_it_is_resumed(companies):
    companies.load_one("999999")
    companies.import_due()
    [told] = companies.run("waiting")["failed"]
    assert (told["company"], told["code"], told["paused"]) == ("999999", "NO_CONSENT", True)
    assert companies.enqueue()["queued"] == 0
    companies.run("decide", "999999", "resume")
    assert companies.enqueue()["queued"] == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"settings": SINCE | {"sign_in": "stay"}}, "SERVICE_ACCOUNT_NEEDED"),
        ({"settings": SINCE}, "SERVICE_ACCOUNT_NEEDED"),
        ({"settings": {"sign_in": "service-account"}}, "SETTINGS_REFUSED"),
        ({"import_type": "CAMT054"}, "IMPORT_TYPE_UNKNOWN"),
        ({"invoices": [{"number": "1", "total": "ten"}]}, "LINE_WRONG"),
        ({"invoices": [{"number": "1", "total": "10", "due_date": "soon"}]}, "LINE_WRONG"),
        ({"daily_at": "at night"}, "LINE_WRONG"),
    ],
)  # fmt: skip
def test_a_company_that_cannot_run_on_every_machine_is_refused_by_name(companies, changed, code):
    [line] = fleet.load_lines(1, datetime.now(UTC))
    message = companies.refusal("load", "-", stdin=json.dumps(json.loads(line) | changed))
    assert message.startswith(code)
    assert FIRST in message or "lines 1–1 " in message


def test_what_goes_wrong_is_a_code_and_a_sentence_in_both_languages(companies):
    companies.environment["FLEET_DB"] = ""
    process = companies.start("waiting", stderr=subprocess.PIPE)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 2
    swedish, english = message.splitlines()
    assert swedish.startswith("DATABASE_NOT_NAMED: FLEET_DB är inte satt.")
    assert english.startswith("FLEET_DB is not set.")


def test_a_worker_that_is_asked_to_end_finishes_what_it_is_doing(companies):
    companies.load(ALL)
    companies.enqueue()
    worker = companies.work()
    companies.wait_for("SELECT FROM runs")
    assert companies.stop(worker, signal.SIGTERM) == 0
    assert companies.query("SELECT * FROM runs WHERE ended_at IS NULL") == []
    assert companies.query("SELECT * FROM procrastinate_jobs WHERE status = 'doing'") == []


# --- When companies are due ---


def test_what_was_missed_is_done_once_and_is_then_due_at_its_time_in_stockholm(jobs, companies):
    companies.query("UPDATE next_due SET due = now() - interval '9 days' RETURNING company")
    assert enqueue(jobs, companies)["queued"] == COMPANIES
    assert enqueue(jobs, companies)["queued"] == 0
    [due] = companies.query(
        "SELECT DISTINCT (due AT TIME ZONE 'Europe/Stockholm')::time::text AS at,"
        " due - now() BETWEEN interval '0' AND interval '25 hours' AS next FROM next_due"
    )
    assert due == {"at": "02:00:00", "next": True}


def test_the_engine_itself_would_catch_up_ten_minutes_only(jobs):
    """So it is a table of ours that says when a company is due."""
    from procrastinate import periodic

    assert periodic.MAX_DELAY == 600


def test_what_is_due_moves_only_if_it_was_queued(jobs, companies, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(jobs, "Job", fail)
    with pytest.raises(RuntimeError):
        enqueue(jobs, companies)
    monkeypatch.undo()
    assert enqueue(jobs, companies)["queued"] == COMPANIES


def test_a_company_whose_job_failed_without_a_word_is_owed(jobs, companies):
    """As where the database is lost in the run, and is there again when the job ends."""
    enqueue(jobs, companies)
    companies.query("UPDATE procrastinate_jobs SET status = 'failed' RETURNING id")
    assert enqueue(jobs, companies)["queued"] == COMPANIES


def test_the_planner_knows_how_many_jobs_were_queued(jobs, companies):
    """Without, the engine's own query scans all of them for each job."""
    enqueue(jobs, companies)
    query = "SELECT reltuples FROM pg_class WHERE relname = 'procrastinate_jobs'"
    assert companies.query(query) == [{"reltuples": COMPANIES}]


# --- Workers that die ---


@pytest.fixture
def dead_job(jobs, queue, companies):
    """Have a job that nobody does, though its worker gives signs of life; give its company."""

    async def die(app):
        await jobs.enqueue(companies.url)
        worker = await app.job_manager.register_worker()
        job = await app.job_manager.fetch_job(queues=None, worker_id=worker)
        return job.lock

    return queue(die)


def jobs_of(companies, company):
    query = "SELECT status::text FROM procrastinate_jobs WHERE lock = %s ORDER BY id"
    return [row["status"] for row in companies.query(query, (company,))]


def test_a_job_that_nobody_does_is_done_again(jobs, companies, dead_job):
    assert enqueue(jobs, companies)["rescued"] == 0
    assert enqueue(jobs, companies, dead_after=0)["rescued"] == 1
    assert jobs_of(companies, dead_job) == ["todo"]


def test_the_engine_would_never_find_one_whose_worker_lives(queue, dead_job):
    """The trap: the worker did it, and the database was away when it was to say so."""

    async def stalled(app):
        return list(await app.job_manager.get_stalled_jobs())

    assert queue(stalled) == []


def test_a_job_that_somebody_does_is_left_alone(jobs, companies, dead_job):
    from fleet_host import database

    with database.open_pool(companies.url, 1) as pool, database.alone(pool, dead_job, 0):
        assert enqueue(jobs, companies, dead_after=0)["rescued"] == 0


def test_a_job_that_a_transaction_holds_keeps_nobody_else_waiting(jobs, companies, dead_job):
    """As where a worker stands still just when it says that the job has ended."""
    from fleet_host import database

    hold = "SELECT FROM procrastinate_jobs WHERE lock = %s FOR UPDATE"
    with database.connected(companies.url) as other, other.transaction():
        other.execute(hold, (dead_job,))
        companies.query("UPDATE next_due SET due = now() RETURNING due")
        done = enqueue(jobs, companies, dead_after=0)
    assert done == {"queued": COMPANIES, "rescued": 0, "released": 0}


def due_again(companies, company):
    companies.query("UPDATE next_due SET due = now() WHERE company = %s RETURNING due", (company,))


def test_the_documented_rescue_fails_where_the_company_was_queued_meanwhile(
    jobs, queue, companies, dead_job
):
    """The trap: nobody may take the second job while the first one seems to go on."""
    from procrastinate import exceptions

    due_again(companies, dead_job)
    enqueue(jobs, companies)
    assert jobs_of(companies, dead_job) == ["doing", "todo"]
    companies.query(
        "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour' RETURNING id"
    )

    async def documented(app):
        for job in await app.job_manager.get_stalled_jobs():
            await app.job_manager.retry_job(job)

    with pytest.raises(exceptions.UniqueViolation):
        queue(documented)


def test_ours_ends_the_dead_job_and_the_company_goes_on(jobs, companies, dead_job):
    due_again(companies, dead_job)
    enqueue(jobs, companies)
    assert enqueue(jobs, companies, dead_after=0)["released"] == 1
    assert jobs_of(companies, dead_job) == ["failed", "todo"]


def test_the_retry_of_the_engine_would_leave_the_company_blocked_as_well(queue, companies):
    """Where it was queued during the run: it raises after it, and nobody ends the job."""

    async def fail_and_retry(app):
        @app.task(name="fails", retry=1)
        async def fails():
            await again.defer_async()
            raise RuntimeError

        again = fails.configure(lock=FIRST, queueing_lock=FIRST)
        await again.defer_async()
        await app.run_worker_async(wait=False, install_signal_handlers=False)

    queue(fail_and_retry)
    assert jobs_of(companies, FIRST) == ["doing", "todo"]


def test_a_rescuer_that_dies_leaves_nothing_locked(jobs, companies, dead_job):
    """Another one that is at it is left alone, and its lock ends with its transaction."""
    from fleet_host import database

    with database.connected(companies.url) as other, other.transaction():
        other.execute(database.SQL["lock_until_commit"], {"key": "enqueue"})
        assert enqueue(jobs, companies, dead_after=0)["rescued"] == 0
    assert enqueue(jobs, companies, dead_after=0)["rescued"] == 1


# --- Runs that lose their lock ---


class Midway:
    """A plug-in in whose run something happens, and that reads nothing."""

    def __init__(self, happens):
        from opter_contract import hookimpl
        from opter_contract.values import ImportReport

        def opter_import_payments(run):
            happens()
            return ImportReport(run.company, "cursor", 0, 0)

        self.opter_import_payments = hookimpl(opter_import_payments)


def test_a_run_that_lost_its_connection_has_lost_its_lock_and_saves_nothing(jobs, companies):
    import psycopg
    from fleet_host import database
    from fleet_host.host import Host

    def cut():
        companies.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN"
            " (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
        )

    host = Host([Midway(cut)])
    with database.open_pool(companies.url, 1) as pool:
        with pytest.raises(psycopg.OperationalError):
            jobs.import_company(host, pool, fleet.NoContext(), company=FIRST)
        with database.alone(pool, FIRST, 10) as db:
            [row] = db.execute("SELECT cursor FROM companies WHERE name = %s", (FIRST,)).fetchall()
    assert row["cursor"] is None


def test_a_second_run_of_a_company_waits_and_is_then_refused(jobs, companies):
    from fleet_host import database
    from fleet_host.errors import FleetError

    with (
        database.open_pool(companies.url, 2) as pool,
        database.alone(pool, FIRST, 0),
        pytest.raises(FleetError) as refused,
        database.alone(pool, FIRST, 0.1),
    ):
        raise AssertionError("two at once")
    assert refused.value.code == "COMPANY_BUSY"


def test_a_fault_of_the_program_pauses_the_company_and_names_no_data(jobs, companies):
    from fleet_host import database
    from fleet_host.host import Host

    def fail():
        raise ZeroDivisionError("Kund AB, 1 250 kr")

    with database.open_pool(companies.url, 1) as pool:
        jobs.import_company(Host([Midway(fail)]), pool, fleet.NoContext(), company=FIRST)
    [told] = companies.run("waiting", FIRST)["failed"]
    assert (told["code"], told["paused"]) == ("INTERNAL", True)
    assert "Kund" not in told["sv"] + told["en"]
