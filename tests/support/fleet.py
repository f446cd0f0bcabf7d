"""The fleet host as it is run: commands in processes of their own, beside a sandbox in another."""

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
    """Run a sandbox of so many companies; give what it says of itself."""
    command = [sys.executable, "-P", "-m", "hostsim", "sandbox", "--json"]
    process = subprocess.Popen(
        [*command, "--companies", str(companies)], cwd=ROOT, stdout=subprocess.PIPE, env=_path()
    )
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()


def lines(count, now, **settings):
    """Yield what the command load reads, of the companies of such a sandbox."""
    since = (now - timedelta(days=100)).date().isoformat()
    settings = {"ignore_payments_before": since, "sign_in": "service-account"} | settings
    invoices = {}
    for one in seed_many.exported_invoices(count, now):
        invoice = {name: one[name] for name in ("ocr", "customer_code", "total", "due_date")}
        invoices.setdefault(one["region"], []).append({"number": one["invoice_number"]} | invoice)
    for number, several in invoices.items():
        company = {"number": number, "name": f"Åkeri {number} AB"}
        yield json.dumps({"company": company, "settings": settings, "invoices": several})


def paid(count):
    """Return the payments of such a sandbox, as company and number, and those that wait."""
    everything = [(one // seed_many.PAYMENTS, one) for one in range(count * seed_many.PAYMENTS)]
    keys = [
        (str(seed_many.FIRST_COMPANY + company), str(one % seed_many.PAYMENTS + 1))
        for company, one in everything
    ]
    waiting = {
        key
        for place, key in enumerate(keys)
        if seed_many.is_part_payment(place) or seed_many.is_of_unknown_invoice(place)
    }
    return set(keys), waiting


def _path():
    return os.environ | {"PYTHONPATH": str(ROOT)}


class NoContext:
    """What a job is told of its worker, where there is none."""

    def should_abort(self):
        return False


def apart(do):
    """Do it on a thread of its own, and give what it returns.

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
        named = self.environment | {"PGAPPNAME": f"{self.started}"}
        return subprocess.Popen(command, cwd=ROOT, env=named, text=True, **streams)

    def run(self, *words, given=""):
        """Run a command that ends well, in this process; give what it wrote."""
        result = self._invoke(words, given)
        if result.exception:
            raise result.exception
        return json.loads(result.stdout)

    def refusal(self, *words, given=""):
        """Run a command that is refused; give what a person reads."""
        return str(self._invoke(words, given).exception)

    def _invoke(self, words, given):
        from fleet_host.__main__ import fleet_host

        runner = CliRunner(env=self.environment)
        return apart(lambda: runner.invoke(fleet_host, words, input=given))

    def load(self, count, **settings):
        return self.run("load", "-", given="\n".join(lines(count, datetime.now(UTC), **settings)))

    def load_one(self, number):
        """Load a company that Fortnox does not have."""
        [line] = lines(1, datetime.now(UTC))
        company = {"number": number, "name": f"Åkeri {number} AB"}
        return self.run("load", "-", given=json.dumps(json.loads(line) | {"company": company}))

    def night(self):
        """Import whatever is due, in this process, and so without the time to start others."""
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
            for one in due:
                jobs.import_company(host, pool, NoContext(), company=one["company"])

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
        return [(one["company_number"], one["number"]) for one in rows]

    def wait_until_done(self, most=120.0):
        """Wait until nothing is owed, queueing what is, as the schedule does."""
        pause = threading.Event()
        for _ in range(int(most)):
            if not self.query(OWED):
                return
            self.enqueue()
            pause.wait(1)
        raise AssertionError(f"owed after {most} s: {self.query(OWED)}")

    def close(self):
        for worker in list(self.workers):
            self.stop(worker, signal.SIGKILL)


#: Companies that were queued and had no run that came to its end, and jobs.
OWED = """
    SELECT company FROM next_due WHERE due <= now() OR queued_at > COALESCE(done_at, '-infinity')
    UNION ALL SELECT lock FROM procrastinate_jobs WHERE status IN ('todo', 'doing')
"""
