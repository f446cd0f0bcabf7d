"""Two companies with the same invoice numbers, and a person who signs in to the right one.

A test file takes the fixtures over by assigning them to names of its own.
"""

import threading
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from ports import free_port
from unhurried import lift_rate_limit

from hostsim.ledger.values import ExportedInvoice
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import Invoice, Payment, Sandbox, State, Switches, ocr_of, scripted_login, seed
from hostsim.services.host import Host
from hostsim.storage.store import Store

NORTH, SOUTH = 7001, 7002
SETTINGS = {"ignore_payments_before": "2026-02-01", "ignore_numbers_before": "1000"}
NOON = datetime(2026, 4, 20, 12, tzinfo=UTC)


def books():
    """Make two companies of one firm; each has invoices 900 to 1010 and 5001 of its own."""
    state = State()
    for number, name in ((NORTH, "Norrfrakt AB"), (SOUTH, "Syd & Son Åkeri AB")):
        company = state.add_company(number, name)
        for invoice in (900, *range(1001, 1011), 5001):
            add_invoice(company, invoice)
    state.add_user(seed.USER, seed.PASSWORD)
    return state


def add_invoice(company, number, **more):
    values = {
        "total": Decimal(1000), "invoice_date": date(2026, 1, 2), "due_date": date(2026, 2, 1),
    } | more  # fmt: skip
    return company.add_invoice(Invoice(number=number, **values))


def pay(company, invoice, amount="1000", **more):
    values = {"payment_date": date(2026, 3, 2), "booked": True} | more
    return company.add_payment(Payment(invoice_number=invoice, amount=Decimal(amount), **values))


def exported(number, region, *, ocr=None, **more):
    total = more.pop("total", Decimal(1000))
    reference = ocr_of(int(number)) if ocr is None else ocr
    return ExportedInvoice(
        str(number), reference, "K1", "Bageriet Bullen AB", "SEK", total, region=region, **more
    )


@contextmanager
def running(state, monkeypatch):
    """Run a sandbox without its rate limit, and a plug-in that does not wait for it."""
    lift_rate_limit(monkeypatch)
    redirect = f"http://localhost:{free_port()}/callback"
    with Sandbox(state, redirect_uri=redirect, switches=Switches(rate_limit=None)) as sandbox:
        yield sandbox


class Person:
    """Signs in to the company that is named; counts how often."""

    def __init__(self, company=NORTH):
        self.company, self.logins = company, 0

    def __call__(self, address, answered):
        self.logins += 1
        threading.Thread(target=self._sign_in, args=(address,), daemon=True).start()
        return True

    def _sign_in(self, address):
        scripted_login.sign_in(address, seed.USER, seed.PASSWORD, company=self.company)


def host_of(store, sandbox, person, **more):
    defaults = {
        "configuration": sandbox.environment(), "login_timeout": 30.0, "user": "kim",
        "window": person, "clock": lambda: NOON,
    }  # fmt: skip
    return Host(store, Plugins.load(), **defaults | more)


def define(host, name, region, **more):
    host.define(name, "FortnoxAPI", "API", region, SETTINGS | more)


def new_store(path):
    store = Store.create(path)
    store.load_invoices(
        exported(number, region) for region in ("Nord", "Syd") for number in range(1001, 1011)
    )
    return store


# --- Fixtures ---


@pytest.fixture
def state():
    return books()


@pytest.fixture
def company(state):
    return state.company(NORTH)


@pytest.fixture
def sandbox(state, monkeypatch):
    with running(state, monkeypatch) as sandbox:
        yield sandbox


@pytest.fixture
def store(tmp_path):
    with new_store(tmp_path / "host.db") as store:
        yield store


@pytest.fixture
def person():
    return Person()
