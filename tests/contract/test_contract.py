"""What the plug-in answers and asks for is what the contract has."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pluggy
import pytest

from hostsim.plugins import host_hooks
from hostsim.plugins.export_session import ExportSession
from hostsim.plugins.loading import HOSTS_OWN, Plugins
from hostsim.plugins.session import ImportSession
from hostsim.services.explanation import InvoiceSession
from hostsim.services.reconciliation import ReadAllSession
from opter_contract import PROJECT, export_hooks, hooks
from opter_fortnox_plugin import hooks as plugin_hooks

ROOT = Path(__file__).parents[2]

PAGES = (hooks, export_hooks)

SPECIFIED = {
    name: function
    for page in PAGES
    for name, function in inspect.getmembers(page, inspect.isfunction)
    if name.startswith("opter_")
}

#: What the plug-in answers. A hook that is renamed on one side is missed here.
ANSWERED = {
    "opter_import_types",
    "opter_settings_fields",
    "opter_check_settings",
    "opter_settings_stored",
    "opter_sign_in",
    "opter_import_payments",
    "opter_read_all_payments",
    "opter_read_invoice_payments",
    "opter_exclusion_reasons",
    "opter_diagnose",
    "opter_errors",
    "opter_export_types",
    "opter_export",
    "opter_cancel_exported",
}

#: What only tells those who listen.
TOLD = {
    "opter_payments_saved",
    "opter_books_changed",
    "opter_run_saved",
    "opter_run_ended",
    "opter_notices",
    "opter_progress",
}


@pytest.fixture
def manager():
    manager = pluggy.PluginManager(PROJECT)
    for page in PAGES:
        manager.add_hookspecs(page)
    return manager


def test_the_entry_point_stands_in_the_group_of_the_contract():
    loaded = {found.name: found for found in Plugins.load().loaded}
    assert loaded["fortnox"].distribution == "opter-fortnox-plugin"
    assert set(loaded["fortnox"].import_types) == {"FortnoxAPI"}


def test_the_plug_in_answers_exactly_the_hooks_that_it_means_to(manager):
    """Pluggy says nothing of a hook that is misspelt or made for another project."""
    manager.register(plugin_hooks)
    manager.check_pending()
    assert {caller.name for caller in manager.get_hookcallers(plugin_hooks)} == ANSWERED


def test_a_plug_in_of_another_project_answers_nothing():
    """The reason for the test above: this is all that pluggy says."""
    other = pluggy.PluginManager("opter-erp")
    other.register(plugin_hooks)
    assert other.get_hookcallers(plugin_hooks) == []


def test_every_hook_is_either_the_hosts_own_or_the_plug_ins():
    assert SPECIFIED.keys() == ANSWERED | TOLD | HOSTS_OWN


def calls_of_the_host():
    """Return each hook that the plug-in calls by name, with the arguments that it hands over."""
    trees = [
        ast.parse(path.read_text(encoding="utf-8"))
        for path in (ROOT / "opter_fortnox_plugin").rglob("*.py")
    ]
    for call in (one for tree in trees for one in ast.walk(tree) if isinstance(one, ast.Call)):
        words = [one.value for one in call.args if isinstance(one, ast.Constant)]
        if words and str(words[0]).startswith("opter_"):
            keywords = {one.arg for one in call.keywords} - {"default", "optional"}
            yield words[0], keywords | set(words[1:]) | {"run"}


def test_the_plug_in_calls_every_hook_of_the_host_with_its_arguments_and_no_other():
    called = list(calls_of_the_host())
    assert {name for name, _ in called} == HOSTS_OWN | {"opter_progress"}
    for name, arguments in called:
        assert arguments == set(inspect.signature(SPECIFIED[name]).parameters), name


def test_the_host_answers_every_hook_that_is_its_own():
    manager = Plugins().manager
    answered = {
        name for name in SPECIFIED if getattr(manager.hook, name).get_hookimpls()
    }  # fmt: skip
    assert answered >= HOSTS_OWN


SESSIONS = (ImportSession, ExportSession, InvoiceSession, ReadAllSession)


@pytest.mark.parametrize("hook", sorted(host_hooks.ANSWERED))
def test_a_session_takes_the_arguments_of_a_hook_as_they_are_handed_over(hook):
    """They come in the order of the specification, without the run."""
    specified = list(inspect.signature(SPECIFIED[hook]).parameters)
    methods = [getattr(session, hook) for session in SESSIONS if hasattr(session, hook)]
    taken = [["run", *list(inspect.signature(one).parameters)[1:]] for one in methods]
    assert taken == [specified] * len(methods)


@pytest.mark.parametrize("name", sorted(SPECIFIED))
def test_no_hook_stops_at_the_first_answer(name, manager):
    """A host without specifications would get a list where we expect a value."""
    assert not getattr(manager.hook, name).spec.opts.get("firstresult")


def test_a_host_that_lists_its_plug_ins_loads_no_network_library():
    program = (
        "import sys, opter_fortnox_plugin.hooks as p; p.opter_settings_fields('FortnoxAPI', '');"
        "p.opter_export_types(); p.opter_settings_fields('FortnoxAPI', 'invoices');"
        "print(sorted({'requests', 'marshmallow', 'tenacity', 'hostsim'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
