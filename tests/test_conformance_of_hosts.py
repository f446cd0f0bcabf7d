"""The suite for hosts: ours passes, and each check notices the host that breaks it."""

from __future__ import annotations

import contextlib
import io
from decimal import Decimal

import pytest
from example_host import MUTANTS, ExampleHost

from hostsim import cli
from hostsim.conformance import hosts
from hostsim.conformance.hosts import HostConformance
from hostsim.errors import HostError
from hostsim.host import Host
from hostsim.models import ExportedInvoice
from hostsim.plugins import Plugins
from hostsim.store import Store

pytest_plugins = ["pytester", "hostsim.pytest_plugin"]


class Hostsim:
    """Our host, as its author shows it to the suite."""

    def __init__(self, store):
        self.store = store
        self.plugins = []
        self.stop = False
        self.previews = {}
        for number in (hosts.INVOICE, hosts.OTHER_INVOICE):
            invoice = ExportedInvoice(number, "", "K1", "Kund AB", "SEK", Decimal(1_000_000))
            store.load_invoices([invoice])
        self.host = self.made()

    def made(self):
        return Host(self.store, Plugins(self.plugins), on_progress=lambda _: self.stop)

    def register(self, plugin):
        self.plugins.append((f"plugin{len(self.plugins)}", plugin))
        self.host = self.made()
        assert self.host.plugins.left_out == ()

    def import_payments(self, import_type, definition):
        try:
            self.store.definition(definition)
        except HostError:
            self.host.define(definition, import_type, hosts.FORMAT, "", {})
        self.previews[definition] = self.host.import_payments(definition)

    def taken(self, definition):
        rows = self.previews[definition].rows("ready")
        return {row.payment_number: row.amount for row in rows}

    def left_out(self, definition):
        rows = self.previews[definition].rows("rejected")
        return {row.payment_number: row.reason for row in rows}

    def save(self, definition):
        self.host.save(definition)

    def registered(self):
        return {row.payment_number: row.amount for row in self.store.payments()}

    def cancel(self):
        self.stop = True

    def shown(self, error):
        with contextlib.redirect_stderr(io.StringIO()) as paper:
            cli._end_badly(error, "sv")
        return paper.getvalue()


class TestHostsim(HostConformance):
    """The host of this project."""

    @pytest.fixture
    def host_under_test(self, tmp_path):
        with Store.create(tmp_path / "host.db") as store:
            yield Hostsim(store)


class TestExampleHost(HostConformance):
    """The host in memory that the mutants are made from."""

    @pytest.fixture
    def host_under_test(self):
        return ExampleHost()


SUITE = """\
import pytest
from example_host import MUTANTS
from hostsim.conformance.hosts import HostConformance

class TestConformance(HostConformance):
    @pytest.fixture
    def host_under_test(self):
        return MUTANTS[{name!r}][0]()
"""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_host_that_breaks_one_sentence_is_noticed(pytester, name):
    pytester.makepyfile(SUITE.format(name=name))
    reports = pytester.inline_run("-q", "-p", "no:cacheprovider", "-k", MUTANTS[name][1])
    _passed, _skipped, wrong = reports.listoutcomes()
    assert wrong


def test_each_check_has_a_mutant():
    checks = {name for name in dir(HostConformance) if name.startswith("test_")}
    assert checks == {check for _, check in MUTANTS.values()}
