"""A host with an invented plug-in: fixtures and helpers of the tests of the services.

tests/services has the fixtures; test files elsewhere assign them to their own names.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fake_plugin import FakePlugin, invoice, payment

from hostsim.errors import HostError
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.store import Store

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that starts at noon, and that a test advances."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def advance(self, **length):
        self.now += timedelta(**length)


class MinuteClock(Clock):
    """Lets a minute pass before each look."""

    def __call__(self):
        self.advance(minutes=1)
        return self.now


def host_of(store, *plugins, **values):
    named = [(f"plugin{index}", plugin) for index, plugin in enumerate(plugins)]
    defaults = {"clock": lambda: NOON, "user": "kim", "lock_wait": 0.0}
    return Host(store, Plugins(named), **defaults | values)


def importing_host(store, *plugins, **values):
    """Make such a host with the import Fortnox, of the invented plug-in."""
    host = host_of(store, *plugins, **values)
    host.define("Fortnox", "Fake", "API", "", {})
    return host


@pytest.fixture
def invoices():
    return [invoice("1001"), invoice("1002", "500"), invoice("2001", "100", "EUR")]


@pytest.fixture
def store(tmp_path, invoices):
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices(invoices)
        yield store


@pytest.fixture
def plugin():
    return FakePlugin()


@pytest.fixture
def host(store, plugin):
    return importing_host(store, plugin)


@pytest.fixture
def advance(host, plugin):
    """Payment 1 paid invoice 1001, and payment 2, of 1000 too, is registered as an advance."""
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(2))
    host.decide("Fortnox", "2", "accept")
    host.save("Fortnox")


def preview_of(host, plugin, *payments):
    """Import these payments and give the preview."""
    plugin.payments = list(payments)
    preview = host.import_payments("Fortnox")
    plugin.payments = []
    return preview


def import_and_save(host, plugin, *payments):
    """Import these payments, save the ready ones, and give what was saved."""
    preview_of(host, plugin, *payments)
    return host.save("Fortnox")


def reads(host, plugin, *payments):
    """Import these payments, which are at the source from then on, and give the preview."""
    plugin.payments = list(payments)
    plugin.source |= {one.key.number: one for one in payments}
    return host.import_payments("Fortnox")


def saves(host, plugin, *payments):
    """Import these payments so, save the ready ones, and give the id of the run."""
    reads(host, plugin, *payments)
    return host.save("Fortnox").run_id


def rows_of(preview):
    return [row for kind in ("ready", "rejected", "ignored") for row in preview.rows(kind)]


def row_of(preview, number):
    return next(row for row in rows_of(preview) if row.payment_number == number)


def outcomes(preview):
    """Return status or reason of every payment by its number."""
    return {row.payment_number: row.status or row.reason for row in rows_of(preview)}


def remaining(store, number="1001"):
    return next(invoice.remaining for invoice in store.invoices() if invoice.number == number)


def books(store):
    return [(row.id, row.payment_number, row.state, row.amount) for row in store.payments()]


def refusal(act, *arguments, **more):
    """Return the error that a call raises."""
    with pytest.raises(HostError) as refused:
        act(*arguments, **more)
    return refused.value
