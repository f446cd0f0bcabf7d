"""The suite for hosts that export: the example passes, and each check notices its mutant."""

from __future__ import annotations

import shutil
from contextlib import ExitStack

import pytest
from export_host import ExportHost
from suites import checks, noticed
from wrong_export_hosts import WRONG

from hostsim.errors import HostError
from hostsim.ledger.values import ExportedInvoice, InvoiceContent, LoadedBill
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.store import Store
from opter_contract.conformance.export_host_under_test import (
    ExportOutcome,
    ExportPreview,
    PreviewedItem,
)
from opter_contract.conformance.export_hosts import (
    ExportHostCancels,
    ExportHostConfirmsBankChanges,
    ExportHostConformance,
)
from opter_contract.conformance.hosts import HostLocks, HostStoresState
from opter_contract.conformance.samples import total

pytest_plugins = ["pytester"]


class Hostsim:
    """Our host, adapted to the suite."""

    def __init__(self, path, stack, subject):
        self.stack, self.subject = stack, subject
        opened = Store.open(path) if path.exists() else Store.create(path)
        self.store = stack.enter_context(opened)
        self.plugins = []
        self.host = self.new_host()

    def new_host(self):
        return Host(self.store, Plugins(self.plugins), lock_wait=0.5)

    def register(self, plugin):
        self.plugins.append((f"plugin{len(self.plugins)}", plugin))
        self.host = self.new_host()
        assert self.host.plugins.excluded == ()

    def load(self, several):
        load, loaded = {
            "invoices": (self.store.load_invoices, exported),
            "supplier-bills": (self.store.load_bills, LoadedBill),
        }[self.subject]
        load(list(map(loaded, several)))

    def export(self, export_type, definition, decide):
        try:
            self.store.definition(definition, exports=True)
        except HostError:
            self.host.define_export(definition, export_type, self.subject, "", {})

        def review(preview, _timeout):
            self.run_id = preview.run_id
            numbers = decide(shown(preview))
            return [one.id for one in preview.items() if one.item_number in numbers] or None

        self.host.export(definition, review=review)

    def cancel(self, definition, number):
        self.host.cancel(definition, number)

    def confirm_bank(self, definition, party_number):
        self.host.confirm_bank(definition, party_number, run_id=self.run_id)

    def outcomes(self):
        return [
            ExportOutcome(one.item_number, one.state, one.number, one.other_total, words(one))
            for one in self.host.exportable("A")
            if one.state != "new"
        ]

    def after_kill(self):
        """Copy what is on disk; what is in memory is lost."""
        path = self.store.path
        folder = path.with_name(f"killed{len(list(path.parent.iterdir()))}")
        folder.mkdir()
        for file in path.parent.glob(f"{path.name}*"):
            if file.is_file():
                shutil.copy(file, folder)
        return Hostsim(folder / path.name, self.stack, self.subject)


def exported(one):
    content = InvoiceContent(
        one.customer, tuple(one.rows), one.type, one.exchange_rate, one.order_number,
        one.order_date, one.credits, one.document,
    )  # fmt: skip
    return ExportedInvoice(
        one.invoice_number, one.ocr, one.customer.code, one.customer.name, one.currency, total(one),
        one.invoice_date, one.due_date, one.region, content=content,
    )  # fmt: skip


def shown(preview):
    items = [
        PreviewedItem(
            one.item_number, one.state, one.action, one.total, one.other_total, one.currency,
            words(one),
        )
        for one in preview.items()
    ]  # fmt: skip
    said = [*preview.gaps(), *preview.cards(), *preview.bank_changes()]
    return ExportPreview(items, "\n".join(map(words, said)))


def words(one):
    """Return what the command line and the page write beside a row."""
    names = ("code", "number", "party_number", "field", "ours", "theirs")
    columns = [getattr(one, name, "") for name in names]
    message = getattr(one, "message", None) or ()
    return " ".join([*columns, *message, *map(str, getattr(one, "differences", ()))])


class Claimed(ExportHostConformance, ExportHostCancels, ExportHostConfirmsBankChanges):
    """All that a host of exports may claim."""


class TestHostsim(Claimed):
    """The host of this project; it holds state and locks as a host that imports."""

    @pytest.fixture
    def host_under_test(self, tmp_path):
        with ExitStack() as stack:
            yield Hostsim(tmp_path / "host.db", stack, self.subject)


class TestHostsimWithBills(TestHostsim):
    subject = "supplier-bills"


class TestExample(Claimed, HostStoresState, HostLocks):
    """The smallest host that exports."""

    @pytest.fixture
    def host_under_test(self):
        return ExportHost(subject=self.subject)


class TestExampleWithBills(TestExample):
    subject = "supplier-bills"


SUITE = """\
import pytest
from wrong_export_hosts import WRONG
from opter_contract.conformance.export_hosts import (
    ExportHostCancels, ExportHostConfirmsBankChanges, ExportHostConformance,
)

class TestConformance(ExportHostConformance, ExportHostCancels, ExportHostConfirmsBankChanges):
    @pytest.fixture
    def host_under_test(self, mutant):
        return mutant
"""


def test_each_host_that_breaks_one_rule_fails(pytester):
    assert noticed(pytester, SUITE) == set(WRONG)


def test_each_check_has_a_mutant():
    assert checks(Claimed) == {check for _, check in WRONG.values()}
