"""An import in which each step can fail, for tests of faults and crashes.

The plug-in and the host are the real ones, over real HTTP and a real database,
but the login is automatic, pages are small, and waiting only moves a clock.
"""

import io
import json
import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from urllib.parse import parse_qs, urlsplit

from ports import free_port

from hostsim.errors import exit_status, failure_of
from hostsim.ledger.values import ExportedInvoice
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import Clock, Invoice, Payment, Sandbox, State, Switches, WriteOff, ocr_of
from hostsim.sandbox.tokens import Grant
from hostsim.services.host import Host
from hostsim.storage.store import Store
from hostsim.views.output import Output
from hostsim.views.preview_output import write_preview_json
from opter_contract import hookimpl
from opter_fortnox_plugin import hooks
from opter_fortnox_plugin.fortnox import protocol
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.payments.importer import import_payments
from opter_fortnox_plugin.session import Surroundings

NAME = "Fortnox"
COMPANY = 7001
SCOPES = ("payment", "invoice", "companyinformation")
SETTINGS = {"ignore_payments_before": "2026-03-01", "ignore_numbers_before": "1000"}

#: Rows on a page, so that a few payments make several pages.
PAGE_SIZE = 6

FIRST_DAY = datetime(2026, 4, 20, 9, 0, tzinfo=UTC)
SECOND_DAY = FIRST_DAY + timedelta(days=1)
_MORNING = SECOND_DAY.timestamp()

#: The tables that a run may change, and what differs between two runs that are alike.
TABLES = ("payments", "invoices", "definitions", "pending", "run_rows", "runs", "journal")
OWN_TO_A_RUN = frozenset({"id", "run_id", "requests", "notes", "saved_at", "registered_at", "at"})


class FakeTime:
    """A clock that advances only by ``sleep``."""

    def __init__(self, now=_MORNING):
        self.now = now

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


# --- What Fortnox and the host have -----------------------------------------


def state_on(day):
    """Make the state of the first day, or with the changes until the second."""
    state = State(Clock.stopped_at(day))
    company = state.add_company(COMPANY, "Grusbilarna i Ådalen AB")
    for number, total, currency in _INVOICES if day > FIRST_DAY else _INVOICES[3:]:
        company.add_invoice(
            Invoice(
                number=number,
                total=Decimal(total),
                currency=currency,
                invoice_date=date(2026, 2, 1),
                due_date=date(2026, 3, 3),
                modified=FIRST_DAY - timedelta(days=30),
            )
        )
    for payment in _FIRST_PAYMENTS:
        # Earlier payments are not in the list of the second day, and are fetched one by one.
        past = timedelta(hours=6 if payment["invoice_number"] in _NOT_YET else 1)
        company.add_payment(Payment(**payment, modified=FIRST_DAY - past))
    if day > FIRST_DAY:
        for payment in _SECOND_PAYMENTS:
            company.add_payment(Payment(**payment, modified=SECOND_DAY - timedelta(hours=6)))
    return state


#: Number, total and currency in Fortnox; the first three are made on the second day. The host
#: calls 5001 and 1000 by other numbers, so that their OCR references are looked up.
_INVOICES = (
    (7001, "95", "SEK"),
    (5001, "750.50", "SEK"),
    (1000, "333", "SEK"),
    *((number, "1000", "SEK") for number in range(1001, 1011)),
    (2001, "100", "EUR"),
    (2002, "200", "EUR"),
    (6001, "80", "SEK"),
)


def _payment(invoice_number, amount, day, **fields):
    return {
        "invoice_number": invoice_number,
        "amount": Decimal(amount),
        "payment_date": date(2026, 4, day),
        "booked": True,
    } | fields


def _euro(invoice_number, euros, day, **fields):
    rate = Decimal("11.25")
    more = {"currency": "EUR", "currency_rate": rate, "amount_currency": Decimal(euros)}
    return _payment(invoice_number, Decimal(euros) * rate, day, **more, **fields)


_FIRST_PAYMENTS = (
    _payment(1001, "1000", 1),
    _payment(1002, "400", 2),
    _payment(1002, "600", 3),
    _payment(1003, "1000", 3),
    _payment(1004, "1000", 4),
    _payment(1009, "1000", 5),
    _payment(1010, "1000", 5),
    _euro(2001, "100", 6),
    _payment(6001, "80", 7),
)
_SECOND_PAYMENTS = (
    _payment(
        1005, "990", 14, write_offs=(WriteOff(amount=Decimal(10), account=3740, description="öre"),)
    ),
    _payment(1006, "1200", 14),
    _payment(1007, "300", 15),
    _payment(1007, "700", 16, booked=False),
    _payment(1001, "1000", 16),
    _payment(5001, "750.50", 17),
    _payment(7001, "95", 17),
    _payment(1000, "333", 4),
    _euro(2002, "50", 18),
)

#: Exported after the first import, which rejects their payments.
_NOT_YET = (1009, 1010)
_IN_THE_HOST_AT_FIRST = ("1001", "1002", "1003", "1004", "1005", "1006", "1007", "2001", "2002")


def _exported(number, name=None):
    total, currency = next((t, c) for n, t, c in _INVOICES if n == int(number))
    return ExportedInvoice(
        name or number, ocr_of(int(number)), "K1", "Byggbolaget Sten AB", currency, Decimal(total)
    )


def invoices_of_the_first_day():
    return [
        *map(_exported, _IN_THE_HOST_AT_FIRST),
        _exported("5001", "K-17"),
        _exported("1000", "K-18"),
    ]


def invoices_of_the_second_day():
    """Return the invoices that make rejected payments ready."""
    return [_exported(str(number)) for number in _NOT_YET]


# --- The host that imports --------------------------------------------------


def plugin_with(transport, time):
    """Make the plug-in with another transport and clock."""

    @hookimpl
    def opter_import_payments(run):
        return import_payments(
            run,
            surroundings=Surroundings(
                environment={}, now=time, sleep=time.sleep, clock=time, transport=transport
            ),
        )

    plugin = ModuleType("fortnox")
    vars(plugin).update(vars(hooks), opter_import_payments=opter_import_payments)
    return plugin


def use_small_pages(patch):
    """Reduce the page size of the plug-in, which reads it at each request."""
    patch.setattr(protocol, "PAGE_SIZE", PAGE_SIZE)


def build_host(
    store, configuration, code, *, transport, time, now, window=None, plugin=plugin_with
):
    """Build a host with an instant login.

    :param code: returns the authorization code of Fortnox.
    :param window: called when the login window would open.
    :param plugin: makes the plug-in from a transport and a clock.
    """

    def sign_in(address, answered):
        if window is not None:
            window()
        state = parse_qs(urlsplit(address).query)["state"][0]
        redirect_uri = configuration["FORTNOX_REDIRECT_URI"]
        assert answered(f"{redirect_uri}?code={code()}&state={state}") is None
        return True

    return Host(
        store,
        Plugins([("fortnox", plugin(transport, time))]),
        configuration=configuration,
        login_timeout=20.0,
        window=sign_in,
        clock=lambda: now,
        user="kim",
        lock_wait=0.0,
    )


def sandbox_on(day, redirect_uri, time):
    """Make the sandbox of a day, whose rate limit uses the plug-in's clock."""
    return Sandbox(state_on(day), redirect_uri=redirect_uri, switches=Switches(), monotonic=time)


def fresh_code(sandbox):
    """Issue an authorization code, as after a consent."""
    grant = Grant(sandbox.client_id, COMPANY, 1, SCOPES)
    return sandbox.state.tokens.issue_code(grant, sandbox.redirect_uri)


def host_of_sandbox(store, sandbox, *, transport=Transport, **more):
    """Build a host with an instant login to the sandbox."""
    return build_host(
        store,
        sandbox.environment(),
        lambda: fresh_code(sandbox),
        transport=transport,
        **more,
    )


def prepare_database(path, redirect_uri):
    """Create the database of the second morning, after a first saved import."""
    time = FakeTime(FIRST_DAY.timestamp())
    with sandbox_on(FIRST_DAY, redirect_uri, time) as sandbox, Store.create(path) as store:
        store.load_invoices(invoices_of_the_first_day())
        host = host_of_sandbox(store, sandbox, time=time, now=FIRST_DAY)
        host.define(NAME, "FortnoxAPI", "API", "", SETTINGS)
        host.import_payments(NAME)
        host.save(NAME)
        store.load_invoices(invoices_of_the_second_day())
        # One file, to be copied.
        store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# --- The script -------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """The outcome of an import: preview and stored rows, or the exit status of its error."""

    preview: dict | None = None
    rows: dict | None = None
    status: int = 0


class Script:
    """An import and save that always starts from the same database and Fortnox."""

    def __init__(self, folder):
        self.redirect_uri = f"http://127.0.0.1:{free_port()}/callback"
        self.time = FakeTime()
        self.base = folder / "base.db"
        self._folder = folder
        prepare_database(self.base, self.redirect_uri)
        self.before = stored_rows(self.base)

    def sandbox(self):
        return sandbox_on(SECOND_DAY, self.redirect_uri, self.time)

    def copy(self):
        """Replace the last copy of the database by a fresh one."""
        for leftover in self._folder.glob("copy.db-*"):
            leftover.unlink()
        return shutil.copy(self.base, self._folder / "copy.db")

    def run(self, sandbox, path, transport=Transport):
        """Import and save; an exception must be one with a message for the user."""
        # Earlier requests no longer count for the rate limit.
        self.time.sleep(60)
        with Store.open(path) as store:
            host = host_of_sandbox(
                store, sandbox, transport=transport, time=self.time, now=SECOND_DAY
            )
            try:
                preview = preview_json(host.import_payments(NAME))
            except Exception as error:
                failure = failure_of(error)
                if failure is None:
                    raise
                return Outcome(status=exit_status(failure))
            host.save(NAME)
        return Outcome(preview, stored_rows(path))


# --- What is there afterwards -----------------------------------------------


def preview_json(preview):
    """Return a preview as ``import --json`` prints it, without requests and notes."""
    text = io.StringIO()
    write_preview_json(Output(text, "en"), preview)
    return {
        name: value
        for name, value in json.loads(text.getvalue()).items()
        if name not in {"requests", "notes", "discrepancies"}
    }


def stored_rows(path):
    """Return the rows of the host by table, without the columns that identify a run.

    Failed runs are left out, which have only an error.
    """
    with Store.open(path) as store:
        return {table: _rows(store, table) for table in TABLES}


def _rows(store, table):
    query = f"SELECT * FROM {table}"  # noqa: S608 - one of TABLES
    if table == "runs":
        query += " WHERE state IN ('running', 'open', 'saved')"
    with closing(store.db.execute(query)) as rows:
        return sorted(
            json.dumps({k: row[k] for k in row.keys() if k not in OWN_TO_A_RUN})  # noqa: SIM118
            for row in rows
        )


def registered(path):
    with Store.open(path) as store:
        return [row.payment_number for row in store.payments()]


def integrity_errors(path):
    """Return the errors of SQLite's integrity checks; empty if there are none."""
    with Store.open(path) as store:
        errors = [row[0] for row in store.db.execute("PRAGMA integrity_check")]
        broken = [tuple(row) for row in store.db.execute("PRAGMA foreign_key_check")]
    return [line for line in errors if line != "ok"] + broken
