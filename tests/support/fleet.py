"""The fleet host: commands in their own processes, with a sandbox in another."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from hostsim.sandbox import seed_many

ROOT = Path(__file__).parents[2]

#: Seconds that a job may go on without its company's lock.
DEAD_AFTER = 4


@contextlib.contextmanager
def sandbox(companies):
    """Run a sandbox with a number of companies; yield its connection details."""
    command = [sys.executable, "-P", "-m", "hostsim", "sandbox", "--json"]
    process = subprocess.Popen(
        [*command, "--companies", str(companies)], cwd=ROOT, stdout=subprocess.PIPE, env=_path()
    )
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()


def load_lines(count, now, **settings):
    """Yield the input of the command load for the companies of such a sandbox."""
    since = (now - timedelta(days=100)).date().isoformat()
    settings = {"ignore_payments_before": since, "sign_in": "service-account"} | settings
    invoices = {}
    for row in seed_many.exported_invoices(count, now):
        invoice = {name: row[name] for name in ("ocr", "customer_code", "total", "due_date")}
        invoices.setdefault(row["region"], []).append({"number": row["invoice_number"]} | invoice)
    for number, rows in invoices.items():
        company = {"number": number, "name": f"Åkeri {number} AB"}
        yield json.dumps({"company": company, "settings": settings, "invoices": rows})


def payment_keys(count):
    """Return the keys of such a sandbox's payments, and of those that are rejected."""
    everything = [
        (index // seed_many.PAYMENTS, index) for index in range(count * seed_many.PAYMENTS)
    ]
    keys = [
        (str(seed_many.FIRST_COMPANY + company), str(index % seed_many.PAYMENTS + 1))
        for company, index in everything
    ]
    waiting = {
        key
        for index, key in enumerate(keys)
        if seed_many.is_part_payment(index) or seed_many.is_of_unknown_invoice(index)
    }
    return set(keys), waiting


def _path():
    return os.environ | {"PYTHONPATH": str(ROOT)}


class NoContext:
    """The context of a job without a worker."""

    def should_abort(self):
        return False


def run_in_thread(do):
    """Call a function on another thread, and return its result.

    The engine starts an event loop, and a browser's tests leave theirs in the thread they ran on.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(do).result()


class Fleet:
    """The commands, with one database and one sandbox."""

    def __init__(self, url, sandbox):
        self.url, self.workers, self.started = url, [], 0
        self.environment = _path() | {
            "FLEET_DB": url,
            "FORTNOX_CLIENT_ID": sandbox["client_id"],
            "FORTNOX_CLIENT_SECRET": sandbox["client_secret"],
            "FORTNOX_REDIRECT_URI": sandbox["redirect_uri"],
            "FORTNOX_AUTH_URL": sandbox["auth_url"],
            "FORTNOX_API_URL": sandbox["api_url"],
        }

    def start(self, *words, **streams):
        command = [sys.executable, "-P", "-m", "tests.examples.fleet_host", *words]
        self.started += 1
        environment = self.environment | {"PGAPPNAME": f"{self.started}"}
        return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **streams)

    def run(self, *words, stdin=""):
        """Run a command that succeeds, in this process; return its output."""
        result = self._invoke(words, stdin)
        if result.exception:
            raise result.exception
        return json.loads(result.stdout)

    def refusal(self, *words, stdin=""):
        """Run a command that is refused; return its error message."""
        return str(self._invoke(words, stdin).exception)

    def _invoke(self, words, stdin):
        from fleet_host.__main__ import fleet_host

        runner = CliRunner(env=self.environment)
        return run_in_thread(lambda: runner.invoke(fleet_host, words, input=stdin))

    def load(self, count, **settings):
        return self.run(
            "load", "-", stdin="\n".join(load_lines(count, datetime.now(UTC), **settings))
        )

    def load_one(self, number):
        """Load a company that Fortnox does not have."""
        [line] = load_lines(1, datetime.now(UTC))
        company = {"number": number, "name": f"Åkeri {number} AB"}
        return self.run("load", "-", stdin=json.dumps(json.loads(line) | {"company": company}))

    def import_due(self):
        """Import all companies that are due, in this process, to save time."""
        from fleet_host import jobs
        from fleet_host.database import open_pool
        from fleet_host.host import Host

        host = Host()
        with pytest.MonkeyPatch.context() as patch, open_pool(self.url, 4) as pool:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            due = self.query("SELECT company FROM next_due WHERE due <= now()")
            self.query(
                "UPDATE next_due SET queued_at = now(), due = now() + interval '1 day'"
                " WHERE due <= now() RETURNING due"
            )
            for row in due:
                jobs.import_company(host, pool, NoContext(), company=row["company"])

    def wait_for(self, query):
        pause = threading.Event()
        for _ in range(600):
            if self.query(query):
                return
            pause.wait(0.05)
        raise AssertionError(f"never: {query}")

    def enqueue(self):
        return self.run("enqueue", "--dead-after", str(DEAD_AFTER))

    def work(self, concurrency=4):
        """Start a worker."""
        worker = self.start("work", "--concurrency", str(concurrency))
        worker.name = f"{self.started}"  # as the database knows it
        self.workers.append(worker)
        return worker

    def stop(self, worker, how=signal.SIGTERM):
        worker.send_signal(how)
        self.workers.remove(worker)
        return worker.wait(timeout=60)

    def query(self, text, values=None):
        from fleet_host import database

        with database.connected(self.url) as db:
            return db.execute(text, values).fetchall()

    def registered(self):
        rows = self.query("SELECT company_number, number FROM payments")
        return [(row["company_number"], row["number"]) for row in rows]

    def wait_until_done(self, max_seconds=120.0):
        """Wait until no import is outstanding, queueing due ones as the schedule does."""
        pause = threading.Event()
        for _ in range(int(max_seconds)):
            if not self.query(OWED):
                return
            self.enqueue()
            pause.wait(1)
        raise AssertionError(f"owed after {max_seconds} s: {self.query(OWED)}")

    def close(self):
        for worker in list(self.workers):
            self.stop(worker, signal.SIGKILL)


#: Companies that are due or queued without a completed run, and jobs.
OWED = """
    SELECT company FROM next_due WHERE due <= now() OR queued_at > COALESCE(done_at, '-infinity')
    UNION ALL SELECT lock FROM procrastinate_jobs WHERE status IN ('todo', 'doing')
"""
