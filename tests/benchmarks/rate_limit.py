"""How close an import comes to what Fortnox's rate limit allows.

    python tests/benchmarks/rate_limit.py [NAME …]

Imports from a sandbox in a process of its own, with its rate limit on, into a host that
only takes. Requests take 0 to 400 ms before they are counted and replies as long, or both
always take the same time. Prints a table: requests, 429s, seconds, what the limit alone
takes, the optimum and the ratio to it, and the time that was estimated to be left over the
time that was: once the list had been read where details followed, otherwise as soon as there
was an estimate.

The limit makes n requests take ``(n - 1) // 25`` windows of Fortnox's own 5 s, since none can
be counted before the one 25 places earlier is a window old. The optimum adds the round trips
that cannot be avoided: the reply to the first, which has the number of pages; the slowest of
the last window; and, after a list, the one that shows whether anything changed meanwhile,
which can only be requested last. Time runs from the first count.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from statistics import fmean
from typing import Any, Final

import pluggy
from fortnox_server import MODIFIED, day_of, empty_state, running

from hostsim.sandbox.state import State
from hostsim.sandbox.values import Invoice, Payment
from opter_contract import hookimpl
from opter_fortnox_plugin.fortnox import protocol
from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS, WINDOW
from opter_fortnox_plugin.payments.importer import import_payments
from opter_fortnox_plugin.session import Surroundings

KRONOR: Final[dict[str, Any]] = {"amount": Decimal(1000)}
EURO: Final[dict[str, Any]] = {
    "amount": Decimal(1125),
    "currency": "EUR",
    "currency_rate": Decimal("11.25"),
    "amount_currency": Decimal(100),
}


#: Seconds, the least and the most.
JITTER: Final = (0.0, 0.4)
TENTH: Final = (0.1, 0.1)
FIFTH: Final = (0.2, 0.2)


@dataclass(frozen=True)
class Task:
    """An import to measure.

    :param in_euro: how many of the payments need a request of their own.
    :param since: only these newest ones are wanted; ``None`` for all.
    :param rows: on a page, at most; fewer than 500 let many pages be few payments.
    :param each_way: what a request takes before it is counted, and again its reply.
    """

    name: str
    payments: int
    in_euro: int = 0
    since: int | None = None
    rows: int = 500
    each_way: tuple[float, float] = JITTER


TASKS: Final = (
    Task("100 pages of 50 rows", 5_000, rows=50),
    Task("110 pages of 50 rows", 5_500, rows=50),
    Task("130 pages of 50 rows", 6_500, rows=50),
    Task("160 pages of 50 rows", 8_000, rows=50),
    Task("250 pages of 50 rows", 12_500, rows=50),
    Task("100 pages of 500 rows", 50_000),
    Task("1,000 details in 2 pages", 1_000, in_euro=1_000),
    Task("1,000 details in 40 pages", 2_000, in_euro=1_000, rows=50),
    Task("the newest 150 of 400 pages", 20_000, since=7_500, rows=50),
    Task("the newest 2 of 400 pages", 20_000, since=80, rows=50),
    Task("even, 100 + 100 ms: 250 pages", 12_500, rows=50, each_way=TENTH),
    Task("even, 100 + 100 ms: 300 details", 300, in_euro=300, each_way=TENTH),
    Task("even, 200 + 200 ms: 250 pages", 12_500, rows=50, each_way=FIFTH),
    Task("even, 200 + 200 ms: 300 details", 300, in_euro=300, each_way=FIFTH),
)


@dataclass(frozen=True)
class Outcome:
    """What an import took, in seconds, and what the sandbox received."""

    requests: int
    refused: int
    seconds: float
    limit: float
    optimum: float
    estimated: float | None

    @property
    def ratio(self) -> float:
        return self.seconds / self.optimum


def limit_of(requests: int) -> float:
    """Return when the last of so many requests can be counted, in seconds after the first."""
    return (requests - 1) // REQUESTS * WINDOW


def optimum_of(requests: int, task: Task) -> float:
    """Return the seconds that an ideal client takes, on average."""
    least, most = task.each_way
    mean = least + most
    in_last_window = (requests - 1) % REQUESTS + 1
    rng = random.Random(1)  # noqa: S311
    slowest = fmean(
        max(rng.uniform(least, most) + rng.uniform(least, most) for _ in range(in_last_window))
        for _ in range(1000)
    )
    asked_last = 0.0 if task.in_euro else mean
    return mean / 2 + limit_of(requests) + slowest + asked_last


# --- The books ---


def books(task: Task) -> State:
    """Make a company with so many payments, the last one the newest."""
    state = empty_state()
    company = state.company()
    euros = set(random.Random(1).sample(range(task.payments), task.in_euro))  # noqa: S311
    for place in range(task.payments):
        paid_in = EURO if place in euros else KRONOR
        company.add_invoice(
            Invoice(
                number=place + 1,
                total=Decimal(1000),
                currency=paid_in.get("currency", "SEK"),
                invoice_date=date(2020, 1, 1),
                due_date=date(2020, 1, 31),
                modified=MODIFIED,
            )
        )
        company.add_payment(
            Payment(
                invoice_number=place + 1,
                payment_date=day_of(place + 1, task.payments),
                booked=True,
                modified=MODIFIED,
                **paid_in,
            )
        )
    return state


# --- A host that only takes ---


class Host:
    """Signs in with a code, and counts what comes."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._state: dict[str, str | None] = {}
        self.payments = 0
        #: When which time was estimated to be left, in seconds: after the first page, and
        #: after the last. Repetitions in between do not count.
        self._read = 0
        self.first_estimate: tuple[float, float] | None = None
        self.last_estimate: tuple[float, float] | None = None

    @hookimpl
    def opter_take_payments(self, payments: Sequence[Any]) -> int:
        self.payments += len(payments)
        return len(payments)

    @hookimpl
    def opter_take_excluded(self, excluded: Sequence[Any]) -> int:
        return len(excluded)

    @hookimpl
    def opter_take_deleted(self, payment_numbers: Sequence[str]) -> int:
        return len(payment_numbers)

    @hookimpl
    def opter_payments_to_confirm(self) -> Sequence[str]:
        return []

    @hookimpl
    def opter_known_invoices(self, invoice_numbers: Sequence[str]) -> Sequence[str]:
        return invoice_numbers

    @hookimpl
    def opter_open_browser(self, url: str, on_redirect: Callable[[str], object]) -> bool:
        """Answer at once, as a person would."""
        state = url.partition("state=")[2].partition("&")[0]
        redirect = url.partition("redirect_uri=")[2].partition("&")[0]
        redirect = redirect.replace("%3A", ":").replace("%2F", "/")
        on_redirect(f"{redirect}?code={self._code}&state={state}")
        return True

    @hookimpl
    def opter_progress(self, progress: Any) -> None:
        left = getattr(progress, "seconds_left", None)
        if progress.stage == "reading" and progress.done > self._read and left is not None:
            self._read = progress.done
            self.last_estimate = time.monotonic(), left
            self.first_estimate = self.first_estimate or self.last_estimate

    @hookimpl
    def opter_get_state(self, key: str) -> str | None:
        return self._state.get(key)

    @hookimpl
    def opter_set_state(self, key: str, value: str | None) -> bool:
        self._state[key] = value
        return True

    @hookimpl
    def opter_lock(self, key: str) -> Any:
        return nullcontext(enter_result=True)


@dataclass(frozen=True)
class Run:
    """A run of that host."""

    hook: Any
    settings: dict[str, str]
    configuration: dict[str, str]
    id: str = "1"
    import_type: str = "FortnoxAPI"
    format: str = "API"
    definition: str = "Fortnox"
    company: None = None
    cursor: None = None
    default_currency: str = "SEK"
    login_timeout: float = 60.0


def measure(task: Task) -> Outcome:
    """Import once; time runs from the first request to the end of the run."""
    since = date(2000, 1, 1) if task.since is None else day_of(0, task.since - 1)
    settings = {
        "ignore_payments_before": since.isoformat(),
        "ignore_numbers_before": "0",
        "include_unbooked": "false",
    }
    protocol.PAGE_SIZE = task.rows  # type: ignore[misc]
    with running(partial(books, task), latency=task.each_way, before=task.each_way) as fortnox:
        manager, host = pluggy.PluginManager("opter"), Host(fortnox.access.code)
        manager.register(host)
        run = Run(manager.hook, settings, dict(fortnox.access.environment))
        import_payments(run, surroundings=Surroundings(environment={}))
        ended = time.monotonic()
        received = fortnox.end()
    expected = task.payments if task.since is None else task.since
    if not expected <= host.payments <= task.payments:
        raise RuntimeError(f"{host.payments} of {expected} payments came")
    estimate = host.last_estimate if task.in_euro else host.first_estimate
    # Without any estimate it did not take long.
    estimated = None if estimate is None else estimate[1] / (ended - estimate[0])
    requests = len(received.moments)
    return Outcome(
        requests,
        received.refused,
        ended - received.moments[0],
        limit_of(requests),
        optimum_of(requests, task),
        estimated,
    )


def main(names: Sequence[str]) -> None:
    """Measure the tasks whose names begin so, or all, and print a table."""
    head = ("reading", "requests", "429s", "seconds", "limit", "optimum", "ratio", "estimate")
    line = "{:<32} {:>8} {:>5} {:>8} {:>8} {:>8} {:>6} {:>8}"
    print(line.format(*head))
    for task in TASKS:
        if names and not task.name.startswith(tuple(names)):
            continue
        it = measure(task)
        seconds = [f"{each:.1f}" for each in (it.seconds, it.limit, it.optimum)]
        estimated = "–" if it.estimated is None else f"{it.estimated:.2f}"
        figures = (*seconds, f"{it.ratio:.3f}", estimated)
        print(line.format(task.name, it.requests, it.refused, *figures), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
