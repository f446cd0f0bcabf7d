"""The test kit for plug-ins: a right plug-in passes, and each check notices its mutant."""

from __future__ import annotations

import subprocess
import sys

import example_plugin
import pytest
from example_plugin import MUTANTS, Example
from suites import checks, noticed, outcomes

from opter_contract.conformance.plugins import PluginConformance

pytest_plugins = ["pytester", "hostsim.pytest_plugin"]

SUITE = """\
import pytest
from example_plugin import MUTANTS as WRONG, Example, answer
from opter_contract.conformance.plugins import PluginConformance

pytest_plugins = ["hostsim.pytest_plugin"]

class TestConformance(PluginConformance):
    pass

@pytest.fixture
def opter_plugin({needed}):
    return {plugin}

@pytest.fixture
def opter_settings():
    return {{"since": "2026-01-01"}}

@pytest.fixture
def opter_sign_in():
    return lambda _address: None

@pytest.fixture
def opter_web_sign_in():
    return answer
"""


@pytest.fixture
def opter_plugin():
    return Example()


@pytest.fixture
def opter_settings():
    return {"since": "2026-01-01"}


@pytest.fixture
def opter_sign_in():
    return lambda _address: None


def test_a_plug_in_that_keeps_to_the_contract_passes_every_check(pytester):
    program = SUITE.format(needed="", plugin="Example()")
    passed, skipped, failed = outcomes(pytester, program)
    assert (passed, skipped, failed) == (checks(PluginConformance), set(), set())


def test_each_plug_in_that_breaks_one_rule_fails(pytester):
    assert noticed(pytester, SUITE.format(needed="mutant", plugin="mutant")) == set(MUTANTS)


def test_each_check_has_a_mutant():
    assert checks(PluginConformance) == {check for _, check in MUTANTS.values()}


def test_the_whole_host_runs_in_a_temporary_place(opter_host, opter_settings, opter_browser):
    opter_host.define("A", example_plugin.CODE, "API", "", opter_settings)
    preview = opter_host.import_payments("A")
    assert preview.counts == {"read": 599, "ready": 0, "left": 0, "rejected": 598, "ignored": 1}
    assert opter_browser.urls == ["https://example.com/login"]


def test_a_test_reads_what_was_recorded(opter_recorded):
    assert [one.key.number for one in opter_recorded.payments[:2]] == ["1", "3"]
    assert [one.reason for one in opter_recorded.excluded] == ["before-date"]
    assert [len(batch) for batch in opter_recorded.batches] == [500, 98, 1]


def test_the_kit_needs_pytest_and_pluggy_and_nothing_else_of_the_host():
    program = (
        "import sys, hostsim.pytest_plugin, opter_contract.conformance.hosts;"
        "import opter_contract.conformance.plugins, opter_contract.conformance.export_plugins;"
        "import opter_contract.conformance.export_hosts;"
        "print(*(name for name, module in sys.modules.items() if module))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert {one.partition(".")[2].partition(".")[0] for one in loaded if one[:8] == "hostsim."} == {
        "pytest_plugin"
    }
    others = {"click", "filelock", "flask", "keyring", "rich", "waitress", "requests", "tenacity"}
    assert others.isdisjoint(loaded)
