"""Fortnox in a process of its own: as many payments as wanted, none of them kept in memory."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from typing import Any, Final

from hostsim.demo import free_port
from hostsim.sandbox import Sandbox, query
from hostsim.sandbox.clock import Clock
from hostsim.sandbox.state import Payment, State
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.tokens import Grant

COMPANY: Final = 7001
LATENCY: Final = (0.0, 0.8)
TODAY: Final = date(2026, 6, 30)
MODIFIED: Final = datetime(2026, 6, 30, tzinfo=UTC)
SCOPES: Final = ("payment", "invoice", "companyinformation")


def amount_of(number: int) -> Decimal:
    """Tell what a payment is of; SEK."""
    return Decimal(f"{1000 + number % 90}.50")


class Payments:
    """A list of payments that are made when they are looked at, two hundred a day."""

    def __init__(self, count: int, *, newest_first: bool) -> None:
        self._count = count
        self._newest_first = newest_first

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, places: slice) -> list[Payment]:
        return [self._made(place) for place in range(*places.indices(self._count))]

    def _made(self, place: int) -> Payment:
        number = self._count - place if self._newest_first else place + 1
        return Payment(
            number=number,
            invoice_number=number,
            amount=amount_of(number),
            payment_date=TODAY - timedelta(days=(self._count - number) // 200),
            booked=True,
            modified=MODIFIED,
        )


@dataclass(frozen=True)
class Reach:
    """How to get in."""

    environment: Mapping[str, str]
    url: str
    token: str
    code: str


@dataclass(frozen=True)
class Seen:
    """What Fortnox saw: requests to its API, refusals, and the clock at first and last."""

    requests: int
    refused: int
    first: float
    last: float


def _serve(count: int, legacy: bool, limited: bool, wire: Connection) -> None:
    def listed(_rows: Any, asked: Mapping[str, str], *_: Any) -> Payments:
        if "lastmodified" in asked:
            return Payments(0, newest_first=True)
        return Payments(count, newest_first=asked.get("sortorder") == "descending")

    query.payments = listed  # type: ignore[assignment]
    moments: list[float] = []

    def counting() -> float:
        moments.append(time.monotonic())
        return moments[-1]

    state = State(Clock.stopped_at(datetime(2026, 7, 1, 8, 0, tzinfo=UTC)))
    state.add_company(COMPANY, "Grusbilarna i Ådalen AB")
    redirect = f"http://localhost:{free_port()}/callback"
    switches = (
        Switches(legacy_headers=legacy)
        if limited
        else Switches(legacy_headers=legacy, rate_limit=None)
    )
    with Sandbox(state, switches=switches, redirect_uri=redirect, monotonic=counting) as sandbox:
        if limited:
            sandbox.latency.set(*LATENCY, match=lambda asked: asked.path.startswith("/3/"))
        grant = Grant(sandbox.client_id, COMPANY, 1, SCOPES)
        code = sandbox.state.tokens.issue_code(grant, sandbox.redirect_uri)
        token = sandbox.sign_in().access
        wire.send(Reach(sandbox.environment(), sandbox.url, token, code))
        wire.recv()
        asked = [one for one in sandbox.asked if one.path.startswith("/3/")]
        refused = sum(one.status == 429 for one in asked)
        wire.send(Seen(len(asked), refused, moments[0] if moments else 0.0, time.monotonic()))


class Fortnox:
    """What the process that measures has of it."""

    def __init__(self, wire: Connection, reach: Reach) -> None:
        self._wire = wire
        self.reach = reach

    def end(self) -> Seen:
        """Stop, and tell what was seen."""
        self._wire.send("over")
        seen: Seen = self._wire.recv()
        return seen


@contextmanager
def running(count: int, *, legacy: bool = False, limited: bool = True) -> Iterator[Fortnox]:
    """Run Fortnox with so many payments, its limit and its latency on.

    :param legacy: take the login of before 2025 too.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(count, legacy, limited, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Fortnox(ours, ours.recv())
    finally:
        process.terminate()
        process.join()
