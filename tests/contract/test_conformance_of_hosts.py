"""The suite for hosts: ours passes, and each check notices the host that breaks it."""

from __future__ import annotations

import contextlib
import io
from decimal import Decimal

import pytest
from example_host import ExampleHost
from suites import checks, noticed, outcomes
from wrong_hosts import WRONG

from hostsim.cli import main
from hostsim.cli.common import Common
from hostsim.errors import HostError
from hostsim.ledger.values import ExportedInvoice
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage import previews
from hostsim.storage.store import Store
from opter_contract.conformance.host_under_test import FORMAT, INVOICES, Booking, PreviewRow
from opter_contract.conformance.hosts import HostCompares, HostConformance, HostSendsChanges

pytest_plugins = ["pytester", "hostsim.pytest_plugin"]


class Hostsim:
    """Our host, adapted to the suite."""

    def __init__(self, path):
        self.store = Store.create(path)
        self.plugins = []
        self.cancelled = self.no_browser = False
        self.previews = {}
        for one in INVOICES:
            invoice = ExportedInvoice(one.number, one.ocr, "K1", "Kund AB", one.currency, one.total)
            self.store.load_invoices([invoice])
        self.host = self.new_host()

    def new_host(self):
        window = (lambda _url, _on_redirect: False) if self.no_browser else None
        person = {"on_progress": lambda _: self.cancelled, "window": window}
        return Host(self.store, Plugins(self.plugins), lock_wait=0.5, **person)

    def register(self, plugin):
        self.plugins.append((f"plugin{len(self.plugins)}", plugin))
        self.host = self.new_host()
        assert self.host.plugins.excluded == ()

    def import_payments(self, import_type, definition):
        try:
            self.store.definition(definition)
        except HostError:
            self.host.define(definition, import_type, FORMAT, "", {})
        try:
            self.previews[definition] = self.host.import_payments(definition).run_id
        except HostError as error:
            # The host ends what a person cancels, whether the plug-in does or not.
            if error.code != "CANCELLED":
                raise

    def preview(self, definition):
        return [
            PreviewRow(
                row.payment_number, kind, row.status or row.reason, row.amount, row.currency,
                row.amount_currency, "" if row.warning is None else row.warning.sv,
            )
            for kind in ("ready", "rejected", "ignored")
            for row in self.latest(definition).rows(kind)
        ]  # fmt: skip

    def save(self, definition):
        self.host.save(definition)

    def bookings(self):
        return [
            Booking(
                row["import_type"], row["company"], row["number"], Decimal(row["amount"]),
                row["currency"], Decimal(row["amount_currency"]), row["invoice"],
            )
            for row in self.store.db.execute(
                "SELECT p.*, i.number AS invoice FROM payments p JOIN invoices i"
                " ON i.id = p.invoice_id WHERE p.state = 'registered'"
            )
        ]  # fmt: skip

    def remaining(self, invoice):
        row = self.store.db.execute(
            "SELECT remaining FROM invoices WHERE region = '' AND number = ?", (invoice,)
        ).fetchone()
        return Decimal(row["remaining"])

    def restart(self):
        self.store.close()
        self.store = Store.open(self.store.path)
        self.host = self.new_host()

    def deleted(self, definition):
        discrepancies = self.latest(definition).discrepancies()
        return [one.payment_number for one in discrepancies if one.payment_number]

    def latest(self, definition):
        return previews.preview_of(self.store, self.previews[definition])

    def cancel(self):
        self.cancelled = True

    def disable_browser(self):
        self.no_browser = True
        self.host = self.new_host()

    def error_text(self, error):
        with contextlib.redirect_stderr(io.StringIO()) as output:
            main._end_with_error(error, Common("sv"))
        return output.getvalue()


class TestHostsim(HostConformance):
    """The host of this project."""

    @pytest.fixture
    def host_under_test(self, tmp_path):
        host = Hostsim(tmp_path / "host.db")
        yield host
        host.store.close()


class TestExampleHost(HostConformance):
    """The host in memory that the mutants are made from."""

    @pytest.fixture
    def host_under_test(self):
        return ExampleHost()


SUITE = """\
import pytest
from wrong_hosts import WRONG, WithoutOptionalHooks
from opter_contract.conformance.hosts import HostConformance

class TestConformance(HostConformance):
    @pytest.fixture
    def host_under_test(self{needed}):
        return {host}
"""


NO_BROWSER = "-k", "not browser_is_opened"
BROWSER = "test_a_browser_is_opened_without_waiting_for_it"


def test_each_host_that_breaks_one_rule_fails(pytester):
    assert noticed(pytester, SUITE.format(needed=", mutant", host="mutant")) == set(WRONG)


def test_a_host_without_the_optional_hooks_is_skipped_where_it_lacks_them(pytester):
    program = SUITE.format(needed="", host="WithoutOptionalHooks()")
    passed, skipped, wrong = outcomes(pytester, program, *NO_BROWSER)
    assert wrong == set()
    assert skipped == checks(HostCompares) | checks(HostSendsChanges)
    assert passed == checks(HostConformance) - skipped - {BROWSER}


def test_each_check_has_a_mutant():
    assert checks(HostConformance) == {check for _, check in WRONG.values()}
