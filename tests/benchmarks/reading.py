"""How near the plug-in's reading comes to what Fortnox's limit allows.

    python tests/benchmarks/reading.py [NAME …]

Reads from a sandbox in a process of its own, with its limiter on and answers
that take 0 to 800 ms behind the count, into a host that only takes. Prints a
table: requests, 429s, seconds, what the limit alone takes, the optimum and how
many times it was taken, and the time that was said to be left, over the time
that was: once the list had been read where details followed, else as soon as
anything told where it would end.

The limit makes n requests take ``(n - 1) // 25`` windows of 5.1 s, since none
can start before the one 25 places earlier is a window old. The optimum adds
the answers that nobody can do without: the first, which tells how many pages
there are; the slowest of the last window; and, behind a list, the one to the
question whether anything changed meanwhile, which can only be asked last.
"""

from __future__ import annotations

import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from typing import Any, Final

import pluggy

from hostsim.demo import free_port
from hostsim.sandbox import Sandbox, seed
from hostsim.sandbox.clock import Clock
from hostsim.sandbox.state import Invoice, Payment, State
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.tokens import Grant
from opter_contract import hookimpl
from opter_fortnox_plugin.fortnox import protocol
from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS, WINDOW
from opter_fortnox_plugin.payments.importer import import_payments

KRONOR: Final[dict[str, Any]] = {"amount": Decimal(1000)}
EURO: Final[dict[str, Any]] = {
    "amount": Decimal(1125),
    "currency": "EUR",
    "currency_rate": Decimal("11.25"),
    "amount_currency": Decimal(100),
}
LATENCY: Final = (0.0, 0.8)
TODAY: Final = date(2026, 6, 30)
SCOPES: Final = ("payment", "invoice", "companyinformation")


@dataclass(frozen=True)
class Task:
    """Something to read.

    :param in_euro: how many of the payments need a request of their own.
    :param since: only these newest ones are wanted; ``None`` for all.
    :param rows: on a page, at most; fewer than 500 let many pages be few payments.
    """

    name: str
    payments: int
    in_euro: int = 0
    since: int | None = None
    rows: int = 500
    latency: tuple[float, float] = LATENCY


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
)


@dataclass(frozen=True)
class Outcome:
    """How a reading went: seconds of this process's clock, and what the sandbox saw."""

    requests: int
    refused: int
    seconds: float
    limit: float
    optimum: float
    told: float | None

    @property
    def ratio(self) -> float:
        """How many times the optimum it took."""
        return self.seconds / self.optimum


def limit_of(requests: int) -> float:
    """Tell when the last of so many requests can start, in seconds after the first."""
    return (requests - 1) // REQUESTS * WINDOW


def optimum_of(requests: int, task: Task) -> float:
    """Tell how many seconds a reader takes that loses none, on average."""
    least, most = task.latency
    mean = (least + most) / 2
    in_last_window = (requests - 1) % REQUESTS + 1
    slowest = least + (most - least) * in_last_window / (in_last_window + 1)
    asked_last = 0.0 if task.in_euro else mean
    return mean + limit_of(requests) + slowest + asked_last


# --- Fortnox, in a process of its own ---


def books(task: Task) -> State:
    """Make a company with so many payments, two hundred a day, the last one the newest."""
    state = State(Clock.stopped_at(datetime(2026, 7, 1, 8, 0, tzinfo=UTC)))
    company = state.add_company(seed.COMPANY, "Grusbilarna i Ådalen AB")
    modified = datetime(2026, 6, 1, tzinfo=UTC)
    euros = set(random.Random(1).sample(range(task.payments), task.in_euro))  # noqa: S311
    for place in range(task.payments):
        paid_in = EURO if place in euros else KRONOR
        invoice = Invoice(
            number=place + 1,
            total=Decimal(1000),
            currency=paid_in.get("currency", "SEK"),
            invoice_date=date(2020, 1, 1),
            due_date=date(2020, 1, 31),
            modified=modified,
        )
        company.add_invoice(invoice)
        day = TODAY - timedelta(days=(task.payments - 1 - place) // 200)
        company.add_payment(
            Payment(
                invoice_number=place + 1,
                payment_date=day,
                booked=True,
                modified=modified,
                **paid_in,
            )
        )
    return state


def serve(task: Task, wire: Connection) -> None:
    """Be Fortnox until told to end; then say when each request was counted, and its status."""
    arrivals: list[float] = []

    def counting() -> float:
        arrivals.append(time.monotonic())
        return arrivals[-1]

    redirect = f"http://localhost:{free_port()}/callback"
    with Sandbox(
        books(task), switches=Switches(), redirect_uri=redirect, monotonic=counting
    ) as sandbox:
        sandbox.latency.set(*task.latency, match=lambda asked: asked.path.startswith("/3/"))
        grant = Grant(sandbox.client_id, seed.COMPANY, 1, SCOPES)
        code = sandbox.state.tokens.issue_code(grant, sandbox.redirect_uri)
        wire.send((sandbox.environment(), code))
        wire.recv()
        refused = sum(asked.status == 429 for asked in sandbox.switchboard.asked)
        wire.send((arrivals, refused))


# --- The host, which only takes ---


class Host:
    """Signs in with a code, and counts what comes."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._state: dict[str, str | None] = {}
        self.payments = 0
        #: When which time was said to be left, in seconds: after the first page, and
        #: after the last. What is said again meanwhile is not news.
        self._read = 0
        self.first: tuple[float, float] | None = None
        self.last: tuple[float, float] | None = None

    @hookimpl
    def opter_take_payments(self, payments: Sequence[Any]) -> int:
        """Count."""
        self.payments += len(payments)
        return len(payments)

    @hookimpl
    def opter_take_excluded(self, excluded: Sequence[Any]) -> int:
        """Take."""
        return len(excluded)

    @hookimpl
    def opter_take_deleted(self, payment_numbers: Sequence[str]) -> int:
        """Take."""
        return len(payment_numbers)

    @hookimpl
    def opter_payments_to_confirm(self) -> Sequence[str]:
        """Want none."""
        return []

    @hookimpl
    def opter_known_invoices(self, invoice_numbers: Sequence[str]) -> Sequence[str]:
        """Know all."""
        return invoice_numbers

    @hookimpl
    def opter_open_window(self, address: str, answered: Callable[[str], object]) -> bool:
        """Answer at once, as a person would."""
        state = address.partition("state=")[2].partition("&")[0]
        redirect = address.partition("redirect_uri=")[2].partition("&")[0]
        redirect = redirect.replace("%3A", ":").replace("%2F", "/")
        answered(f"{redirect}?code={self._code}&state={state}")
        return True

    @hookimpl
    def opter_progress(self, progress: Any) -> None:
        """Remember the time that is said to be left."""
        left = getattr(progress, "seconds_left", None)
        if progress.stage == "reading" and progress.done > self._read and left is not None:
            self._read = progress.done
            self.last = time.monotonic(), left
            self.first = self.first or self.last

    @hookimpl
    def opter_state_get(self, key: str) -> str | None:
        """Recall."""
        return self._state.get(key)

    @hookimpl
    def opter_state_put(self, key: str, value: str | None) -> bool:
        """Keep."""
        self._state[key] = value
        return True

    @hookimpl
    def opter_lock(self, key: str) -> Any:
        """Give a lock that is always free."""
        return nullcontext(enter_result=True)


@dataclass(frozen=True)
class Run:
    """A run of that host."""

    hook: Any
    settings: dict[str, str]
    configuration: dict[str, str]
    id: str = "1"
    import_type: str = "FortnoxAPI"
    import_format: str = "API"
    definition: str = "Fortnox"
    company: None = None
    cursor: None = None
    default_currency: str = "SEK"
    login_timeout: float = 60.0


def measure(task: Task) -> Outcome:
    """Read once; time runs from the first request to the end of the run."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    fortnox = context.Process(target=serve, args=(task, theirs), daemon=True)
    fortnox.start()
    environment, code = ours.recv()
    manager, host = pluggy.PluginManager("opter"), Host(code)
    manager.register(host)
    since = date(2000, 1, 1)
    if task.since is not None:
        since = TODAY - timedelta(days=(task.since - 1) // 200)
    settings = {
        "ignore_payments_before": since.isoformat(),
        "ignore_numbers_before": "0",
        "include_unbooked": "false",
    }
    protocol.PAGE_SIZE = task.rows  # type: ignore[misc]
    import_payments(Run(manager.hook, settings, environment), environment={})
    ended = time.monotonic()
    ours.send("over")
    arrivals, refused = ours.recv()
    fortnox.join()
    expected = task.payments if task.since is None else task.since
    if not expected <= host.payments <= task.payments:
        message = f"{host.payments} of {expected} payments came"
        raise RuntimeError(message)
    said = host.last if task.in_euro else host.first
    # What is read before anything tells how long it will take is not long.
    told = None if said is None else said[1] / (ended - said[0])
    requests = len(arrivals)
    return Outcome(
        requests,
        refused,
        ended - arrivals[0],
        limit_of(requests),
        optimum_of(requests, task),
        told,
    )


def main(names: Sequence[str]) -> None:
    """Measure the tasks whose names begin so, or all, and print a table."""
    head = ("reading", "requests", "429s", "seconds", "limit", "optimum", "ratio", "told")
    line = "{:<28} {:>8} {:>5} {:>8} {:>8} {:>8} {:>6} {:>6}"
    print(line.format(*head))
    for task in TASKS:
        if names and not task.name.startswith(tuple(names)):
            continue
        it = measure(task)
        seconds = [f"{each:.1f}" for each in (it.seconds, it.limit, it.optimum)]
        told = "–" if it.told is None else f"{it.told:.2f}"
        figures = (*seconds, f"{it.ratio:.3f}", told)
        print(line.format(task.name, it.requests, it.refused, *figures), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
