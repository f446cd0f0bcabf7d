"""How many companies one machine brings in with nobody there, in a night.

    python -m tests.benchmarks.companies [--companies N] [--at-once K …] [--latency LOW HIGH]

Each company has three new payments and a login by a service account. Fortnox is a sandbox in a
process of its own, with its rate limit for each company on, and replies that take 0 to 200 ms.
The host is ``hostsim run-due --save green`` on one database, without the start of the program.
Prints a table: companies a minute; of each company the requests, SQL statements, milliseconds of
the host's processor; peak memory; and the companies a minute that the rate limit alone would let so
many at once have, 5 requests a second each.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from hostsim.sandbox import seed_many
from hostsim.services import worker
from hostsim.storage.store import Store
from tests.benchmarks.fortnox_server import Access, running
from tests.benchmarks.measurement import peak_memory
from tests.support.many_companies import create_database, unattended_host

LATENCY: Final = (0.0, 0.2)
AT_ONCE: Final = (1, 4, 16)

#: Requests a second that Fortnox allows each company.
ALLOWED: Final = 5


@dataclass(frozen=True)
class Night:
    """What a night took: seconds by the wall clock and of the host's processor, peak bytes."""

    companies: int
    at_once: int
    outcomes: dict[str, int]
    saved: int
    seconds: float
    processor: float
    statements: int
    memory: int


class CountingStore(Store):
    """Counts the SQL statements that are run."""

    statements = 0

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        connection.set_trace_callback(self._counted)
        return connection

    def _counted(self, _statement: str) -> None:
        self.statements += 1


def night(access: Access, count: int, at_once: int, now: datetime) -> Night:
    """Bring all in, once, into a new database."""
    with tempfile.TemporaryDirectory() as folder:
        path = create_database(Path(folder) / "host.db", count, now=now)
        with CountingStore.open(path) as store:
            host = unattended_host(store, access.environment)
            outcomes: Counter[str] = Counter()
            began, processor = time.monotonic(), time.process_time()
            worker.run_due(
                host,
                at_once=at_once,
                on_ended=lambda run: outcomes.update([run.code or run.outcome]),
                stop=threading.Event(),
            )
            seconds, processor = time.monotonic() - began, time.process_time() - processor
            saved = sum(1 for _ in store.payments())
            return Night(
                count,
                at_once,
                dict(outcomes),
                saved,
                seconds,
                processor,
                store.statements,
                peak_memory(),
            )


def measure(count: int, at_once: int, latency: tuple[float, float]) -> tuple[Night, int, int]:
    """Measure one night in a process of its own; give the requests and the 429s, too."""
    now = datetime.now(UTC)
    context = multiprocessing.get_context("spawn")
    with running(partial(seed_many.companies, count, now), latency=latency) as fortnox:
        with context.Pool(1) as pool:
            done = pool.apply(night, (fortnox.access, count, at_once, now))
        received = fortnox.end()
    # What the sandbox records of requests is only the last of them.
    return done, len(received.moments), received.refused


def main(arguments: Sequence[str]) -> None:
    """Measure what is asked, and print a table."""
    parser = argparse.ArgumentParser(description="Companies a minute with nobody there.")
    parser.add_argument("--companies", type=int, default=1_000)
    parser.add_argument("--at-once", type=int, nargs="+", default=list(AT_ONCE))
    parser.add_argument("--latency", type=float, nargs=2, default=LATENCY, metavar=("LOW", "HIGH"))
    asked = parser.parse_args(arguments)
    heads = (
        "companies", "at once", "seconds", "a minute", "requests", "429s", "statements", "cpu ms",
        "peak MB", "limit", "outcomes",
    )  # fmt: skip
    line = "{:>9} {:>7} {:>8} {:>9} {:>8} {:>4} {:>10} {:>6} {:>7} {:>10}  {}"
    print(line.format(*heads))
    for at_once in asked.at_once:
        done, requests, refused = measure(asked.companies, at_once, tuple(asked.latency))
        each = done.companies
        limit = at_once * ALLOWED * 60 * each / requests
        print(
            line.format(
                each,
                at_once,
                f"{done.seconds:.1f}",
                f"{60 * each / done.seconds:,.0f}",
                f"{requests / each:.1f}",
                refused,
                f"{done.statements / each:.0f}",
                f"{1000 * done.processor / each:.0f}",
                f"{done.memory / 2**20:.0f}",
                f"{limit:,.0f}",
                f"{done.saved} payments saved; {done.outcomes}",
            ),
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
