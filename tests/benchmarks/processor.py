"""What an import costs the processor, from the bytes of the pages to the saved rows.

    python tests/benchmarks/processor.py [NUMBER …]

For each number of payments: the real plug-in reads pages that a transport
takes from a file, without waiting, into a real host with its database in a
file; they are judged and saved. The floor is the least possible work: reading
the same bytes as JSON, and writing the rows that were saved, with all their
columns, into one table with its unique index. Seconds are the processor's, of
all threads.
"""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial, wraps
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from measurement import peak_memory

from hostsim.demo.preparation import free_port
from hostsim.plugins.loading import Plugins
from hostsim.plugins.session import ImportSession
from hostsim.services.host import Host
from hostsim.storage import import_runs, registration
from hostsim.storage.store import Store
from opter_contract import hookimpl
from opter_fortnox_plugin import hooks
from opter_fortnox_plugin.fortnox import client
from opter_fortnox_plugin.fortnox.protocol import Response
from opter_fortnox_plugin.payments import importer, page_scan
from opter_fortnox_plugin.session import Surroundings

SIZES: Final = (1_000, 10_000, 100_000)
PAGE: Final = 500
COMPANY: Final = "7001"
TODAY: Final = date(2026, 6, 30)
NOW: Final = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
NAME: Final = "Fortnox"

#: Of a hundred payments: invoices that the host does not have, half paid ones, and saved before.
UNKNOWN: Final = range(2)
PARTIAL: Final = range(2, 22)
SAVED: Final = range(22, 23)
#: Where the numbers of invoices begin that the host does not have.
UNKNOWN_FROM: Final = 50_000_000


@dataclass(frozen=True)
class Outcome:
    """What one import took; seconds of the processor, bytes of memory at most."""

    payments: int
    saved: int
    floor: float
    imported: float
    stored: float
    peak: int
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """How many times the floor."""
        return (self.imported + self.stored) / self.floor


# --- What Fortnox has ---


def _invoice_of(number: int) -> int:
    return UNKNOWN_FROM + number if number % 100 in UNKNOWN else number


def _row(number: int, payments: int) -> dict[str, Any]:
    return {
        "@url": f"https://api.fortnox.se/3/invoicepayments/{number}",
        "Amount": 1000 + number % 90 + 0.5,
        "Booked": True,
        "Currency": "SEK",
        "CurrencyRate": 1,
        "CurrencyUnit": 1,
        "InvoiceNumber": _invoice_of(number),
        "Number": str(number),
        "PaymentDate": (TODAY - timedelta(days=(payments - number) // 200)).isoformat(),
        "Source": "manual",
        "WriteOffExist": False,
    }


def _invoice_row(number: int) -> dict[str, Any]:
    return {"DocumentNumber": str(number), "OCR": f"{number}55", "CustomerName": "Grus AB"}


class Pages:
    """The lists of Fortnox, page after page, as bytes in a file."""

    def __init__(self, path: Path, places: Mapping[str, Sequence[tuple[int, int]]]) -> None:
        self._path = path
        self.places = places
        self._file = path.open("rb")
        self._guard = threading.Lock()

    @classmethod
    def made(cls, path: Path, payments: int) -> Pages:
        """Write both lists: payments newest first, and the invoices that the host lacks."""
        unknown = [n for n in range(payments, 0, -1) if n % 100 in UNKNOWN]
        places: dict[str, list[tuple[int, int]]] = {}
        with path.open("wb") as file:
            for name, numbers, row in (
                ("InvoicePayments", range(payments, 0, -1), partial(_row, payments=payments)),
                ("Invoices", [_invoice_of(n) for n in unknown], _invoice_row),
            ):
                pages = places[name] = []
                for start in range(0, max(1, len(numbers)), PAGE):
                    meta = {
                        "@TotalResources": len(numbers),
                        "@TotalPages": -(-len(numbers) // PAGE),
                        "@CurrentPage": start // PAGE + 1,
                    }
                    cut = [row(number) for number in numbers[start : start + PAGE]]
                    page = json.dumps({"MetaInformation": meta, name: cut}).encode()
                    pages.append((file.tell(), len(page)))
                    file.write(page)
        return cls(path, places)

    def page(self, name: str, number: int) -> bytes:
        """Return a page, counted from 1."""
        start, length = self.places[name][number - 1]
        with self._guard:
            self._file.seek(start)
            return self._file.read(length)

    def all(self, name: str) -> Iterator[bytes]:
        return (self.page(name, number + 1) for number in range(len(self.places[name])))

    def close(self) -> None:
        self._file.close()


class FileTransport:
    """Answers at once, from the file."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self.sent: Callable[[], None] = lambda: None

    def send(
        self, _: str, url: str, *, query: Mapping[str, str] | None = None, **__: Any
    ) -> Response:
        self.sent()
        return Response(200, {"date": "Wed, 01 Jul 2026 08:00:00 GMT"}, self._body(url, query))

    def _body(self, url: str, query: Mapping[str, str] | None) -> bytes:
        what = url.rpartition("/")[2]
        if what == "companyinformation":
            company = {"DatabaseNumber": int(COMPANY), "CompanyName": "Grusbilarna i Ådalen AB"}
            return json.dumps({"CompanyInformation": company}).encode()
        if what in ("invoicepayments", "invoices"):
            query = query or {}
            name = {"invoicepayments": "InvoicePayments", "invoices": "Invoices"}[what]
            if query.keys() & {"lastmodified", "filter", "documentnumber"}:
                # Nothing changes while we read, and nothing is unpaid.
                meta = {"@TotalResources": 0, "@TotalPages": 0, "@CurrentPage": 1}
                return json.dumps({"MetaInformation": meta, name: []}).encode()
            return self._pages.page(name, int(query["page"]))
        if url.rpartition("/")[0].endswith("/invoices"):
            return json.dumps({"Invoice": _invoice_row(int(what))}).encode()
        return b'{"access_token": "a", "refresh_token": "b", "expires_in": 3600}'

    def abort(self) -> None:
        """Have nothing to break off."""

    def close(self) -> None:
        """Have nothing to close."""


# --- What the host has ---


def books(path: Path, payments: int) -> Store:
    """Make the host's database: an invoice a payment, and a few payments that it has already."""
    store = Store.create(path)
    numbers = range(1, payments + 1)
    with store.change() as db:
        db.executemany(
            "INSERT INTO invoices (region, number, ocr, customer_code, customer_name, currency,"
            " total, remaining, period_closed) VALUES ('', ?, '', 'K1', 'Grus AB', 'SEK', ?, ?, 1)",
            ((str(n), f"{_total(n)}", f"{_total(n)}") for n in numbers if n % 100 not in UNKNOWN),
        )
    return store


def _total(number: int) -> str:
    amount = 1000 + number % 90
    return f"{2 * amount + 1}.00" if number % 100 in PARTIAL else f"{amount}.50"


def _register_some(store: Store, payments: int) -> None:
    with store.change() as db:
        db.execute(
            "INSERT INTO runs (id, definition, state, user, settings, started_at)"
            " VALUES ('earlier', ?, 'saved', 'kim', '{}', ?)",
            (NAME, NOW.isoformat()),
        )
        some = [n for n in range(1, payments + 1) if n % 100 in SAVED]
        db.executemany(
            "INSERT INTO payments (origin, import_type, company, number, source, invoice_number,"
            " date, amount, currency, amount_currency, write_offs, booked, warnings, invoice_id,"
            " status,"
            " written_off, effect, run_id, user, registered_at)"
            " SELECT 'import', 'FortnoxAPI', ?, ?, 'manual', number, ?, total, 'SEK', total, '[]',"
            " 1, '[]', id, 'exact', '0', total, 'earlier', 'kim', ? FROM invoices"
            " WHERE region = '' AND number = ?",
            (
                (COMPANY, str(n), _row(n, payments)["PaymentDate"], NOW.isoformat(), str(n))
                for n in some
            ),
        )
        db.executemany(
            "UPDATE invoices SET remaining = '0' WHERE region = '' AND number = ?",
            ((str(n),) for n in some),
        )


class _FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self._now = 0.0
        self._guard = threading.Lock()

    def __call__(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._guard:
            self._now += seconds


def _plugin(pages: Pages) -> object:
    """Make the plug-in as it is, but for its transport and its clock."""
    clock = _FakeClock()

    @hookimpl
    def opter_import_payments(run: Any) -> Any:
        return importer.import_payments(
            run,
            surroundings=Surroundings(
                environment={},
                sleep=clock.sleep,
                clock=clock,
                transport=lambda: FileTransport(pages),
            ),
        )

    plugin = ModuleType("fortnox")
    vars(plugin).update(vars(hooks), opter_import_payments=opter_import_payments)
    return plugin


def _sign_in(url: str, answered: Callable[[str], object]) -> bool:
    asked = parse_qs(urlsplit(url).query)
    answered(f"{asked['redirect_uri'][0]}?code=1&state={asked['state'][0]}")
    return True


def host_of(store: Store, pages: Pages, payments: int) -> Host:
    """Make the host with its one definition."""
    port = free_port()
    host = Host(
        store,
        Plugins([("fortnox", _plugin(pages))]),
        configuration={
            "FORTNOX_CLIENT_ID": "id",
            "FORTNOX_CLIENT_SECRET": "secret",
            "FORTNOX_REDIRECT_URI": f"http://localhost:{port}/callback",
        },
        window=_sign_in,
        clock=lambda: NOW,
        user="kim",
    )
    host.define(NAME, "FortnoxAPI", "API", "", {"ignore_payments_before": "1990-01-01"})
    _register_some(store, payments)
    return host


# --- The floor ---

_COLUMNS: Final = (
    "origin, state, company, number, source, invoice_number, ocr, date, amount, currency,"
    " amount_currency, exchange_rate, write_offs, booked, warnings, invoice_id, status,"
    " warning_sv, warning_en, written_off, effect, bank_account, run_id, user, registered_at"
)


def floor(pages: Pages, path: Path) -> float:
    """Return the seconds to read the pages as JSON and write their rows into one table."""
    began = time.process_time()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"CREATE TABLE payments (id INTEGER PRIMARY KEY, {_COLUMNS})")
    db.execute("CREATE UNIQUE INDEX one_payment_a_key ON payments (company, number)")
    insert = f"INSERT INTO payments ({_COLUMNS}) VALUES ({', '.join('?' * 25)})"  # noqa: S608
    at = NOW.isoformat()
    db.execute("BEGIN")
    for body in pages.all("InvoicePayments"):
        rows = json.loads(body)["InvoicePayments"]
        db.executemany(
            insert,
            [
                (
                    "import", "registered", COMPANY, row["Number"], row["Source"],
                    row["InvoiceNumber"], None, row["PaymentDate"], str(row["Amount"]),
                    row["Currency"], str(row["Amount"]), None, "[]", row["Booked"], "[]", 1,
                    "exact", None, None, "0", str(row["Amount"]), "", "run", "kim", at,
                )
                for row in rows
            ],
        )  # fmt: skip
    db.execute("COMMIT")
    db.close()
    return time.process_time() - began


# --- Measuring ---


class Parts:
    """The processor's seconds by part; a part inside another counts for itself alone."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._guard = threading.Lock()
        self._mine = threading.local()

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Measure the steps of an import inside this context."""
        originals = [(owner, name, getattr(owner, name)) for owner, name, _ in _STEPS]
        try:
            for owner, name, part in _STEPS:
                setattr(owner, name, self._measured(getattr(owner, name), part))
            yield
        finally:
            for owner, name, step in originals:
                setattr(owner, name, step)

    def _measured(self, step: Callable[..., Any], part: str) -> Callable[..., Any]:
        @wraps(step)
        def measured(*arguments: Any, **named: Any) -> Any:
            outside = getattr(self._mine, "inside", 0.0)
            self._mine.inside = 0.0
            began = time.thread_time()
            try:
                return step(*arguments, **named)
            finally:
                took = time.thread_time() - began
                with self._guard:
                    self.seconds[part] = self.seconds.get(part, 0.0) + took - self._mine.inside
                self._mine.inside = outside + took

        return measured


_STEPS: Final[Sequence[tuple[Any, str, str]]] = (
    (client, "value_of", "JSON"),
    (page_scan._Scan, "take", "schemas"),
    (importer.Importer, "_add_page", "payments made"),
    (importer.Importer, "_hand_over_outcomes", "hooks and OCR"),
    (ImportSession, "opter_take_payments", "host's door"),
    (ImportSession, "opter_take_excluded", "host's door"),
    (import_runs.ImportRun, "take", "rows kept"),
    (import_runs.ImportRun, "judge", "judging"),
    (import_runs.ImportRun, "_write", "judgements kept"),
    (registration.Registration, "save", "saving"),
    (registration.Registration, "_write_invoices", "judging at save"),
    (registration.Registration, "_write_payments", "registering"),
    (registration.Registration, "_write_pending", "registering"),
)


def _child(folder: Path, payments: int, places: Any, pipe: Any) -> None:
    pages = Pages(folder / "pages", places)
    # Not Store.create: the parent process has made the books.
    with Store.open(folder / "host.db") as store:
        host = host_of(store, pages, payments)
        parts = Parts()
        with parts.measuring():
            began = time.process_time()
            host.import_payments(NAME)
            imported = time.process_time()
            saved = host.save(NAME)
            ended = time.process_time()
    if saved is None:
        raise RuntimeError
    pipe.send((saved.counts, imported - began, ended - imported, peak_memory(), parts.seconds))


def measure(payments: int) -> Outcome:
    """Import and save so many payments, in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pages = Pages.made(folder / "pages", payments)
        books(folder / "host.db", payments).close()
        repeats = 3 if payments <= 100_000 else 1
        floors = [floor(pages, folder / f"floor-{turn}") for turn in range(repeats)]
        pages.close()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        child = context.Process(target=_child, args=(folder, payments, pages.places, theirs))
        child.start()
        theirs.close()  # so that we stop waiting when the child ends, in whatever way
        counts, imported, stored, peak, parts = ours.recv()
        child.join()
    expected = sum(n % 100 not in {*UNKNOWN, *SAVED} for n in range(1, payments + 1))
    if counts["ready"] != expected or counts["read"] != payments:
        message = f"{counts} of {payments} payments"
        raise RuntimeError(message)
    return Outcome(payments, counts["ready"], min(floors), imported, stored, peak, parts)


def main(sizes: Sequence[int]) -> None:
    """Measure, and print a table and the parts."""
    line = "{:>9} {:>8} {:>8} {:>8} {:>6} {:>10} {:>8}"
    print(
        line.format("payments", "floor s", "import s", "save s", "ratio", "µs/payment", "peak MB")
    )
    for size in sizes:
        it = measure(size)
        micros = (it.imported + it.stored) / size * 1e6
        figures = [f"{x:.2f}" for x in (it.floor, it.imported, it.stored)]
        row = (size, *figures, f"{it.ratio:.1f}", f"{micros:.1f}", f"{it.peak / 1e6:.0f}")
        print(line.format(*row))
        whole = it.imported + it.stored
        parts = {**it.parts, "all else": whole - sum(it.parts.values())}
        for part, seconds in parts.items():
            print(f"    {part:<18} {seconds / whole:6.1%} {seconds / size * 1e6:6.1f} µs")
        sys.stdout.flush()


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or SIZES)
