"""A sandbox in a process of its own, so that what is measured is the client alone."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from typing import Any, Final

from hostsim.demo.preparation import free_port
from hostsim.sandbox import Sandbox, payment_filters
from hostsim.sandbox.clock import Clock
from hostsim.sandbox.state import State
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.tokens import Grant
from hostsim.sandbox.values import Payment

COMPANY: Final = 7001
LATENCY: Final = (0.0, 0.8)
TODAY: Final = date(2026, 6, 30)
MODIFIED: Final = datetime(2026, 6, 1, tzinfo=UTC)
SCOPES: Final = ("payment", "invoice", "companyinformation")


def empty_state() -> State:
    """Make a company with empty books, on the day after :data:`TODAY`."""
    state = State(Clock.stopped_at(datetime(2026, 7, 1, 8, 0, tzinfo=UTC)))
    state.add_company(COMPANY, "Grusbilarna i Ådalen AB")
    return state


def day_of(number: int, count: int) -> date:
    """Return the date of a payment: two hundred a day, the last ones today."""
    return TODAY - timedelta(days=(count - number) // 200)


# --- Payments that take no memory -------------------------------------------


class Payments:
    """A list of payments that are made when they are requested."""

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
            amount=Decimal(f"{1000 + number % 90}.50"),
            payment_date=day_of(number, self._count),
            booked=True,
            modified=MODIFIED,
        )


def lazy_state(count: int) -> State:
    """Make a company whose list has so many payments; this process lists no others."""

    def listed(_rows: Any, parameters: Mapping[str, str], *_: Any) -> Payments:
        if "lastmodified" in parameters:
            return Payments(0, newest_first=True)
        return Payments(count, newest_first=parameters.get("sortorder") == "descending")

    payment_filters.filter_and_sort = listed  # type: ignore[assignment]
    return empty_state()


# --- The process ------------------------------------------------------------


@dataclass(frozen=True)
class Access:
    """How a client gets in: by an authorization code, or with an access token."""

    environment: Mapping[str, str]
    url: str
    token: str
    code: str


@dataclass(frozen=True)
class Received:
    """The requests to the API, how many were refused, and when each was counted."""

    requests: int
    refused: int
    moments: list[float]


def _serve(
    make_state: Callable[[], State],
    switches: Switches,
    latency: tuple[float, float],
    before: tuple[float, float],
    pipe: Connection,
) -> None:
    moments: list[float] = []

    def monotonic() -> float:
        moments.append(time.monotonic())
        return moments[-1]

    redirect = f"http://localhost:{free_port()}/callback"
    with Sandbox(
        make_state(), switches=switches, redirect_uri=redirect, monotonic=monotonic
    ) as sandbox:
        sandbox.latency.set(
            *latency,
            before_low=before[0],
            before_high=before[1],
            match=lambda request: request.path.startswith("/3/"),
        )
        sandbox.consent_everywhere()
        grant = Grant(sandbox.client_id, COMPANY, 1, SCOPES)
        code = sandbox.state.tokens.issue_code(grant, sandbox.redirect_uri)
        token = sandbox.sign_in().access
        pipe.send(Access(sandbox.environment(), sandbox.url, token, code))
        pipe.recv()
        requests = [one for one in sandbox.asked if one.path.startswith("/3/")]
        refused = sum(one.status == 429 for one in requests)
        pipe.send(Received(len(requests), refused, moments))


class FortnoxServer:
    """The process, as its client has it."""

    def __init__(self, pipe: Connection, access: Access) -> None:
        self._pipe = pipe
        self.access = access

    def end(self) -> Received:
        """Stop answering, and return what was received."""
        self._pipe.send("stop")
        received: Received = self._pipe.recv()
        return received


@contextmanager
def running(
    make_state: Callable[[], State],
    switches: Switches | None = None,
    latency: tuple[float, float] = LATENCY,
    before: tuple[float, float] = (0.0, 0.0),
) -> Iterator[FortnoxServer]:
    """Run a sandbox.

    :param make_state: makes its books, in its own process.
    :param latency: the least and the most that a reply takes, in seconds.
    :param before: the same for a request, before it is counted.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    arguments = (make_state, switches or Switches(), latency, before, theirs)
    process = context.Process(target=_serve, args=arguments, daemon=True)
    process.start()
    theirs.close()
    try:
        yield FortnoxServer(ours, ours.recv())
    finally:
        process.terminate()
        process.join()
