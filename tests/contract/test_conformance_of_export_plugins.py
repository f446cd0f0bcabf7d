"""The suite for export plug-ins: the example passes, and each check notices its mutant."""

from __future__ import annotations

import pytest
from export_plugin import JsonLines
from invoice_export import new_sandbox
from suites import checks, noticed, outcomes
from unhurried import lift_rate_limit
from web_host import register_redirect_uri
from wrong_export_plugins import WRONG

from hostsim.sandbox import scripted_login, seed
from hostsim.sandbox.changes import parse_change
from opter_contract.conformance.export_plugins import ExportPluginConformance
from opter_contract.conformance.sample_bills import HAULIER
from opter_fortnox_plugin import hooks as fortnox

pytest_plugins = ["pytester", "hostsim.pytest_plugin"]


class TestExample(ExportPluginConformance):
    """The smallest export plug-in, which writes into a file."""

    @pytest.fixture
    def opter_plugin(self):
        return JsonLines()

    @pytest.fixture
    def opter_settings(self, tmp_path):
        return {"path": str(tmp_path / "invoices.jsonl")}


class TestFortnox(ExportPluginConformance):
    """The plug-in of this project, against the sandbox."""

    @pytest.fixture(autouse=True)
    def no_limit(self, monkeypatch):
        lift_rate_limit(monkeypatch)

    @pytest.fixture
    def sandbox(self):
        with new_sandbox() as sandbox:
            yield sandbox

    @pytest.fixture
    def opter_plugin(self):
        return fortnox

    @pytest.fixture
    def opter_settings(self):
        return {"export_from_date": "2026-01-01", "rounding_account": "3740"}

    @pytest.fixture
    def opter_configuration(self, sandbox):
        return sandbox.environment()

    @pytest.fixture
    def opter_sign_in(self):
        return lambda address: scripted_login.sign_in(address, seed.USER, seed.PASSWORD)

    @pytest.fixture
    def opter_web_sign_in(self, sandbox, opter_redirect_uri):
        register_redirect_uri(sandbox, opter_redirect_uri)
        return lambda address: scripted_login.callback_url(address, seed.USER, seed.PASSWORD)


class TestFortnoxWithBills(TestFortnox):
    """Supplier bills, where a supplier has another bankgiro there."""

    @pytest.fixture
    def sandbox(self):
        supplier = {"SupplierNumber": HAULIER.code, "Name": HAULIER.name, "BG": "123-4567"}
        with new_sandbox() as sandbox:
            put(sandbox, "suppliers", supplier)
            yield sandbox

    @pytest.fixture
    def opter_subject(self):
        return "supplier-bills"

    @pytest.fixture
    def opter_settings(self):
        return {"export_from_date": "2026-01-01"}


def put(sandbox, register, record):
    parse_change({"do": "put_record", "register": register, "record": record})(sandbox.state)


SUITE = """\
import pytest
from example_plugin import answer
from wrong_export_plugins import WRONG, Whole
from opter_contract.conformance.export_plugins import ExportPluginConformance

pytest_plugins = ["hostsim.pytest_plugin"]

class TestConformance(ExportPluginConformance):
    @pytest.fixture
    def opter_plugin(self{needed}):
        return {plugin}

    @pytest.fixture
    def opter_settings(self, tmp_path):
        return {{"path": str(tmp_path / "invoices.jsonl")}}

    @pytest.fixture
    def opter_sign_in(self):
        return lambda _address: None

    @pytest.fixture
    def opter_web_sign_in(self):
        return answer
"""


def test_a_plug_in_that_does_all_that_it_can_passes_every_check(pytester):
    program = SUITE.format(needed="", plugin="Whole()")
    passed, skipped, failed = outcomes(pytester, program)
    assert (passed, skipped, failed) == (checks(ExportPluginConformance), set(), set())


def test_each_plug_in_that_breaks_one_rule_fails(pytester):
    assert noticed(pytester, SUITE.format(needed=", mutant", plugin="mutant")) == set(WRONG)


def test_each_check_has_a_mutant():
    assert checks(ExportPluginConformance) == {check for _, check in WRONG.values()}
