"""The queue is Procrastinate's, with one job a company; when it is due is in a table of ours.

A job may run more than once: what it did is in the company's tables, never in the job.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import psycopg
from procrastinate import App, JobContext, PsycopgConnector, exceptions
from procrastinate.jobs import Job, Status
from psycopg.rows import DictRow

from . import database
from .database import SQL, Pool
from .errors import FleetError, failure_of
from .host import Host

log = logging.getLogger(__name__)

QUEUE, TASK = "imports", "import_company"

#: Seconds that a job may go on without its company's lock: before it has it, and after.
DEAD_AFTER = 30.0

#: Seconds until a run is tried again, by who can act. Waiting mends no other failure.
RETRY = {"unavailable": 600.0, "busy": 60.0, "cancelled": 60.0}


def queue(url: str, connections: int, **options: str) -> App:
    """Make the engine; ``options`` are those of its connections."""
    engine = partial(PsycopgConnector, conninfo=url, kwargs=options)
    return App(connector=engine(min_size=1, max_size=connections))


async def enqueue(url: str, *, dead_after: float = DEAD_AFTER) -> dict[str, int]:
    """End jobs that nobody does, and queue what is due; nothing where another is doing so."""
    # Companies, jobs that will be done again, and those that stood in the way of the next.
    done = {"queued": 0, "rescued": 0, "released": 0}
    connecting = psycopg.AsyncConnection.connect(url, **database.OPTIONS)
    # A worker that stands still may hold the row of its job: nobody else waits for that.
    engine = queue(url, 1, options="-c lock_timeout=2s").open_async()
    async with await connecting as db, engine as app, db.transaction():
        # Held by the transaction and not by a job: a rescuer that dies leaves nothing locked.
        row = await (await db.execute(SQL["try_lock_until_commit"], {"key": "enqueue"})).fetchone()
        if row is None or not row["acquired"]:
            return done
        for job in await (await db.execute(SQL["dead_jobs"], {"after": dead_after})).fetchall():
            with suppress(exceptions.ConnectorException):  # it ended just now, or its row is held
                try:
                    await app.job_manager.retry_job_by_id_async(job["id"], datetime.now(UTC))
                    done["rescued"] += 1
                except exceptions.UniqueViolation:
                    # The company was queued meanwhile. That job waits for this one, which nobody
                    # will finish, and which cannot be queued beside it.
                    end = app.job_manager.finish_job_by_id_async
                    await end(job["id"], status=Status.FAILED, delete_job=False)
                    done["released"] += 1
        while due := await _queue_due(app, db):
            done["queued"] += due
        # Until its statistics know of them, fetching one of thousands costs a hundred times.
        await db.execute("ANALYZE procrastinate_jobs")
    return done


async def _queue_due(app: App, db: psycopg.AsyncConnection[DictRow]) -> int:
    """Queue up to 1,000 companies, and move when they are due next, in the same transaction."""
    rows = await (await db.execute(SQL["due"], {"most": 1000})).fetchall()
    # One that is queued already needs no second job.
    jobs = [
        Job(
            id=None, queue=QUEUE, task_name=TASK, task_kwargs={"company": name}, lock=name,
            queueing_lock=name,
        )
        for name in (row["company"] for row in rows if not row["queued"])
    ]  # fmt: skip
    if jobs:
        await app.job_manager.batch_defer_jobs_async(jobs, connection=db)
    return len(rows)


async def work(url: str, host: Host, concurrency: int) -> None:
    """Do jobs until SIGTERM or Ctrl-C, and finish those; begin again where the database is lost."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    stopping = asyncio.create_task(stop.wait())
    # Jobs run on the default executor, which has few threads where there are few processors.
    loop.set_default_executor(ThreadPoolExecutor(concurrency, "import"))
    while not stop.is_set():
        try:
            with database.open_pool(url, concurrency) as pool:
                app = queue(url, 4)
                task = partial(import_company, host, pool)
                app.task(name=TASK, queue=QUEUE, pass_context=True)(task)
                async with app.open_async():
                    running = app.run_worker_async(
                        queues=[QUEUE], concurrency=concurrency, install_signal_handlers=False,
                        delete_jobs="successful",
                    )  # fmt: skip
                    worker = asyncio.create_task(running)
                    await asyncio.wait({worker, stopping}, return_when=asyncio.FIRST_COMPLETED)
                    worker.cancel()  # it ends when its jobs have
                    with suppress(asyncio.CancelledError):
                        await worker
        except (psycopg.Error, exceptions.ProcrastinateException) as error:
            log.warning("the database was lost (%s); trying again", type(error).__name__)
        await asyncio.wait({stopping}, timeout=1)


def import_company(host: Host, pool: Pool, context: JobContext, *, company: str) -> None:
    """Import a company, and save what is green; a failure is written down, and never retried here.

    Procrastinate's retry meets the same queueing lock as a rescuer's. A run that lost the database
    is owed, and :func:`enqueue` queues it.
    """
    run = uuid.uuid4().hex
    with database.alone(pool, company, timeout=10.0) as db:
        db.execute(SQL["begin_run"], {"run": run, "company": company})
        try:
            read = host.import_payments(db, company, run, cancelled=context.should_abort)
            host.save(db, read)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, a person reads of it
            what = {"company": company, "what": type(error).__name__}
            failure = failure_of(error) or FleetError("INTERNAL", **what)
            retry = RETRY.get(failure.kind, float("inf"))
            database.fail(db, run, company, failure, retry)
            log.warning("%s: %s", company, failure.code)
