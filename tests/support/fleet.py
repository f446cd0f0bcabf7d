"""The fleet host as it is run: commands in processes of their own, beside a sandbox in another."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hostsim.sandbox import seed_many

ROOT = Path(__file__).parents[2]

#: Seconds between a worker's signs of life, and without one until it counts as dead.
HEARTBEAT, DEAD_AFTER = "2", "8"


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
    """Give the payments of such a sandbox, as company and number, and those that wait."""
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


class Fleet:
    """The commands, with one database and one sandbox."""

    def __init__(self, url, sandbox):
        self.url, self.workers = url, []
        self._environment = _path() | {
            "FLEET_DB": url,
            "FORTNOX_CLIENT_ID": sandbox["client_id"],
            "FORTNOX_CLIENT_SECRET": sandbox["client_secret"],
            "FORTNOX_REDIRECT_URI": sandbox["redirect_uri"],
            "FORTNOX_AUTH_URL": sandbox["auth_url"],
            "FORTNOX_API_URL": sandbox["api_url"],
        }

    def start(self, *words, **streams):
        command = [sys.executable, "-P", "-m", "tests.examples.fleet_host", *words]
        return subprocess.Popen(command, cwd=ROOT, env=self._environment, text=True, **streams)

    def run(self, *words, given=""):
        """Run a command that ends well; give what it wrote."""
        process = self.start(*words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        out, _ = process.communicate(given, timeout=120)
        assert process.returncode == 0, out
        return json.loads(out)

    def refusal(self, *words, given=""):
        """Run a command that is refused; give what a person reads."""
        process = self.start(*words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        _, message = process.communicate(given, timeout=120)
        assert process.returncode == 2, message
        return message

    def load(self, count, **settings):
        return self.run("load", "-", given="\n".join(lines(count, datetime.now(UTC), **settings)))

    def enqueue(self):
        return self.run("enqueue", "--dead-after", DEAD_AFTER)

    def work(self, concurrency=4):
        """Start a worker."""
        timing = ["--heartbeat", HEARTBEAT, "--dead-after", DEAD_AFTER]
        worker = self.start("work", "--concurrency", str(concurrency), *timing)
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
