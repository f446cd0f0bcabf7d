"""A host with the invoices of the sandbox's haulier, beside that sandbox, over real HTTP.

A test file takes the fixtures over by assigning them to names of its own.
"""

from __future__ import annotations

import threading

import pytest
from ports import free_port
from unhurried import lift_rate_limit

from hostsim.demo.preparation import exported_invoices
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import Sandbox, scripted_login, seed
from hostsim.sandbox.switches import Switches
from hostsim.services.host import Host
from hostsim.storage.store import Store


class Person:
    """Signs in to a company at a browser, and keeps the pages at which the logins ended."""

    def __init__(self, company=seed.COMPANY):
        self.company, self.pages = company, []

    def __call__(self, address, answered):
        threading.Thread(target=self._sign_in, args=(address,), daemon=True).start()
        return True

    def _sign_in(self, address):
        page = scripted_login.sign_in(address, seed.USER, seed.PASSWORD, company=self.company)
        self.pages.append(page)


def host_of(store, sandbox, person=None, **more):
    defaults = {"configuration": sandbox.environment(), "login_timeout": 30.0, "user": "kim"}
    return Host(store, Plugins.load(), window=person or Person(), **defaults | more)


def define(host, now, name="Fortnox", region=""):
    values = {"ignore_payments_before": seed.cut_off_date(now).isoformat()}
    host.define(name, "FortnoxAPI", "API", region, values)


# --- Fixtures ---


@pytest.fixture
def sandbox(now, monkeypatch):
    """A sandbox without its rate limit, and a plug-in that does not wait for it."""
    lift_rate_limit(monkeypatch)
    redirect = f"http://localhost:{free_port()}/callback"
    switches = Switches(rate_limit=None)
    with Sandbox(seed.haulier(now), redirect_uri=redirect, switches=switches) as sandbox:
        yield sandbox


@pytest.fixture
def company(sandbox):
    return sandbox.state.company(seed.COMPANY)


@pytest.fixture
def store(tmp_path, now):
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices(exported_invoices(now))
        yield store


@pytest.fixture
def person():
    return Person()


@pytest.fixture
def host(store, sandbox, person, now):
    host = host_of(store, sandbox, person)
    define(host, now)
    return host


@pytest.fixture
def saved(host):
    """The host after its first import and save."""
    host.import_payments("Fortnox")
    host.save("Fortnox")
    return host
