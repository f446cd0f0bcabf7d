"""How close an export of invoices comes to what Fortnox's rate limit allows.

    python tests/benchmarks/export_limit.py [--invoices N] [--customers N] [--others N]

Exports to a sandbox in a process of its own, with its rate limit on and requests and replies
that take 0 to 400 ms each, from a host in memory whose person sends everything at once. One
export after the other: invoices of customers that Fortnox does not have; as many new ones of
the same customers; again when nothing is new; again where a person asks for all that were sent;
and by a host that knows of none of them. Prints a table: requests, 429s, seconds, and how many
of those that can change something were made.

The limit is Fortnox's own: 25 requests in 5 seconds, so that n requests take ``n / 5`` seconds.
It is taken of one request for each new invoice and for each customer that is not known yet; the
ratio is what the export took, from its first request to its end, over that.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from fortnox_server import FortnoxServer, running

from hostsim.demo.preparation import sign_in_in_background
from hostsim.sandbox import Switches, seed
from opter_contract import hookimpl
from opter_contract.conformance.recording_export_host import RecordingExportHost
from opter_contract.export_values import Customer, ExportItem, Invoice, InvoiceRow
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.invoices.exporter import EXPORT
from opter_fortnox_plugin.session import Surroundings

#: Requests a second, on average, that Fortnox allows.
ALLOWED: Final = 5.0

#: Seconds, the least and the most, before a request is counted and after it.
JITTER: Final = (0.0, 0.4)

#: Seconds after which no request counts any more.
PAUSE: Final = 6.0

TODAY: Final = datetime.now(UTC).date()


@dataclass(frozen=True)
class Outcome:
    """What an export took.

    :ivar needed: one request for each new invoice and each unknown customer.
    :ivar writes: requests that can change something.
    """

    name: str
    requests: int
    writes: int
    needed: int
    seconds: float
    states: str

    @property
    def limit(self) -> float:
        return self.needed / ALLOWED


# --- The host and its plug-in -------------------------------------------------------


class Counting(Transport):
    """Counts the requests to the API, and notes when the first one is made."""

    def __init__(self) -> None:
        super().__init__()
        self._counting = threading.Lock()
        self.began = 0.0
        self.requests = self.writes = 0

    def send(self, method: str, address: str, **what: Any) -> Any:
        if "/oauth" not in address:
            with self._counting:
                self.began = self.began or time.monotonic()
                self.requests += 1
                self.writes += method != "GET"
        return super().send(method, address, **what)


class Plugin:
    """The plug-in, with a transport that counts."""

    def __init__(self) -> None:
        self.transport = Counting()

    def _transport(self) -> Counting:
        self.transport = Counting()
        return self.transport

    @hookimpl
    def opter_export(self, run: Any) -> Any:
        return EXPORT.export(
            run, surroundings=Surroundings(environment={}, transport=self._transport)
        )


class Office:
    """A host with invoices, and the plug-in."""

    def __init__(self, fortnox: FortnoxServer, pause: float = PAUSE) -> None:
        self._fortnox = fortnox
        self._pause = pause
        self.plugin = Plugin()
        self.host = self.new_host()

    def new_host(self) -> RecordingExportHost:
        environment = dict(self._fortnox.access.environment)
        return RecordingExportHost(
            self.plugin, browser=sign_in_in_background, configuration=environment
        )

    def export(self, name: str, items: Collection[ExportItem], needed: int) -> Outcome:
        self.host.items = list(items)
        settings = {"export_from_date": (TODAY - timedelta(days=1)).isoformat()}
        run = self.host.new_run("FortnoxAPI", settings, subject="invoices")
        recorded = self.host.export(run)
        ended = time.monotonic()
        made = self.plugin.transport
        found = sorted(f"{one.state} {one.code}".strip() for one in recorded.results)
        states = ", ".join(f"{found.count(one)} {one}" for one in dict.fromkeys(found))
        time.sleep(self._pause)
        return Outcome(name, made.requests, made.writes, needed, ended - made.began, states)


def items_of(first: int, count: int, customers: int) -> list[ExportItem]:
    """Make invoices that the customers share."""
    return [
        ExportItem(
            f"/{number}",
            Invoice(
                invoice_number=str(number),
                region="",
                type="invoice",
                ocr="",
                currency="SEK",
                exchange_rate=None,
                invoice_date=TODAY,
                due_date=TODAY + timedelta(days=30),
                customer=Customer(
                    f"K{number % customers}",
                    str(1000 + number % customers),
                    f"Kund {number % customers} AB",
                    city="Kalmar",
                    country="SE",
                ),
                rows=(InvoiceRow("3001", "", "25", Decimal("1000.00"), Decimal("250.00")),),
            ),
        )
        for number in range(first, first + count)
    ]


# --- What is measured ----------------------------------------------------------------


def measure(
    invoices: int, customers: int, *, fortnox: FortnoxServer, others: int, pause: float = PAUSE
) -> Iterator[Outcome]:
    """Export one time after the other.

    :param others: how many of those that were sent are exported again.
    :param pause: seconds between two exports.
    """
    office = Office(fortnox, pause)
    first, second = (items_of(n, invoices, customers) for n in (10_000, 10_000 + invoices))
    known = min(customers, invoices)
    yield office.export("new, customers unknown", first, invoices + known)
    yield office.export("new, customers known", second, invoices)
    yield office.export("nothing new", (), 0)
    office.host.results.clear()
    again = [replace(one, exported=True) for one in first[:others]]
    yield office.export(f"{len(again)} sent, asked for again", again, 0)
    office.host = office.new_host()
    yield office.export("all there, host knows none", first[:others], 0)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=1_000)
    parser.add_argument("--customers", type=int, default=250)
    parser.add_argument("--others", type=int, default=100, help="exported again")
    options = parser.parse_args()
    head = ("export", "requests", "writes", "seconds", "limit", "ratio", "results")
    line = "{:<28} {:>8} {:>7} {:>8} {:>7} {:>6}  {}"
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    print(line.format(*head))
    with running(seed.empty, Switches(), JITTER, JITTER) as fortnox:
        found = measure(options.invoices, options.customers, fortnox=fortnox, others=options.others)
        for it in found:
            ratio = f"{it.seconds / it.limit:.3f}" if it.limit else "–"
            figures = (f"{it.seconds:.1f}", f"{it.limit:.1f}", ratio)
            print(line.format(it.name, it.requests, it.writes, *figures, it.states), flush=True)
        received = fortnox.end()
    print(f"429s: {received.refused}; load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
