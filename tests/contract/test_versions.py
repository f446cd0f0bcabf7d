"""Host and plug-in state their version of the contract; a later addition breaks neither."""

from __future__ import annotations

import inspect
import types
from datetime import date
from decimal import Decimal
from types import SimpleNamespace as Made

import pluggy
import pytest
import second_host
from fake_plugin import FakePlugin, invoice

import opter_contract
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.store import Store
from opter_contract import hooks
from opter_contract.version import CONTRACT_VERSION, DEFAULT_VERSION, Mismatch, mismatch
from opter_fortnox_plugin import hooks as plugin_hooks
from opter_fortnox_plugin.errors import SettingsWrong

hookimpl = pluggy.HookimplMarker("opter")
hookspec = pluggy.HookspecMarker("opter")


# --- A plug-in that imports nothing of the contract ------------------------------


class Structural:
    """Few hooks, few arguments, and values of its own, without what has a default."""

    @hookimpl
    def opter_import_types(self):
        return [Made(code="Bank", formats=["File"], label=Made(sv="Bank", en="Bank"))]

    @hookimpl
    def opter_check_settings(self, values):
        return Made(values=values, problems=[])

    @hookimpl
    def opter_import_payments(self, run):
        progress = Made(stage="reading", done=0, total=1, message=Made(sv="Läser", en="Reading"))
        run.hook.opter_progress(run=run, progress=progress)
        key = Made(company="77", number="1")
        payment = Made(
            key=key, source="file", invoice_number="1001", ocr=None, date=date(2026, 1, 2),
            amount=Decimal(1000), currency="SEK", amount_currency=Decimal(1000),
            exchange_rate=None, write_offs=[], booked=True, warnings=[],
        )  # fmt: skip
        assert run.hook.opter_take_payments(run=run, payments=[payment]) == [1]
        company = Made(number="77", name="Åkeriet AB")
        return Made(company=company, cursor=None, not_read=0, requests=1)


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices([invoice("1001")])
        yield store


def test_a_plug_in_with_values_of_its_own_imports_and_its_payments_are_saved(store):
    host = Host(store, Plugins([("structural", Structural())]), user="kim")
    host.define("Bank", "Bank", "File", "", {})
    assert host.import_payments("Bank").counts["ready"] == 1
    host.save("Bank")
    assert [(one.payment_number, one.status) for one in store.payments()] == [("1", "exact")]


def test_a_plug_in_that_says_no_version_needs_the_first(store):
    [found] = Plugins([("structural", Structural())]).loaded
    assert found.contract == DEFAULT_VERSION == "1.0"


def test_a_plug_in_may_import_the_package_of_the_contract_by_its_name():
    """The name that states a version is another one, or the package would be read as it."""
    module = types.ModuleType("plug_in")
    module.opter_contract = opter_contract
    module.opter_run_saved = hookimpl(lambda run: None)
    [found] = Plugins([("module", module)]).loaded
    assert found.contract == DEFAULT_VERSION


# --- The contract of tomorrow -------------------------------------------------------


def specifications(hooks):
    module = types.ModuleType("specifications")
    for name, arguments in hooks.items():
        namespace = {}
        exec(f"def {name}({', '.join(arguments)}): ...", namespace)  # noqa: S102 one for each name
        setattr(module, name, hookspec(namespace[name]))
    return module


def todays_hooks():
    return {
        name: tuple(inspect.signature(function).parameters)
        for name, function in inspect.getmembers(hooks, inspect.isfunction)
        if name.startswith("opter_")
    }


@pytest.mark.parametrize("side", [plugin_hooks, second_host.Host(), FakePlugin(), Structural()])
def test_a_hook_and_an_argument_that_are_added_break_neither_side(side):
    grown = {name: (*arguments, "added") for name, arguments in todays_hooks().items()}
    manager = pluggy.PluginManager("opter")
    manager.add_hookspecs(specifications(grown | {"opter_added": ("run",)}))
    manager.register(side)
    manager.check_pending()
    assert manager.get_hookcallers(side)


def test_a_call_with_an_added_argument_reaches_who_does_not_know_it():
    grown = {"opter_check_settings": ("type_code", "values", "subject", "added")}
    manager = pluggy.PluginManager("opter")
    manager.add_hookspecs(specifications(todays_hooks() | grown))
    manager.register(Structural())
    [answer] = manager.hook.opter_check_settings(
        type_code="Bank", values={"a": "b"}, subject="", added=1
    )
    assert answer.values == {"a": "b"}


def test_a_call_that_no_side_answers_yet_has_no_answer():
    """So a side may ask for what was added, and see that the other side is older."""
    manager = pluggy.PluginManager("opter")
    manager.add_hookspecs(specifications(todays_hooks() | {"opter_added": ("run",)}))
    manager.register(plugin_hooks)
    assert manager.hook.opter_added(run=None) == []


# --- Too old and too new ------------------------------------------------------------


@pytest.mark.parametrize(
    ("plugin_needs", "host_speaks", "why"),
    [
        ("1.0", "1.0", None),
        ("1.0", "1.7", None),
        ("1.7", "1.7", None),
        ("1.10", "1.9", Mismatch.PLUGIN_TOO_NEW),
        ("1.9", "1.10", None),
        ("1.8", "1.7", Mismatch.PLUGIN_TOO_NEW),
        ("2.0", "1.7", Mismatch.PLUGIN_TOO_NEW),
        ("1.7", "2.0", Mismatch.PLUGIN_TOO_OLD),
        ("0.9", "1.0", Mismatch.PLUGIN_TOO_OLD),
    ],
)
def test_a_plug_in_fits_hosts_of_its_major_that_are_not_older(plugin_needs, host_speaks, why):
    assert mismatch(plugin_needs, host_speaks) is why


@pytest.mark.parametrize(
    "said", [1.0, (1, 0), None, "", "1", "1.0.0", "v1.0", "1.01", "٣.٠", "1.0\n"]
)
def test_a_version_that_cannot_be_read_is_refused_saying_how_to_write_it(said):
    plugin = FakePlugin()
    plugin.opter_contract_version = said
    [found] = Plugins([("fake", plugin)]).excluded
    assert 'opter_contract_version = "1.0"' in found.reason.en


@pytest.mark.parametrize(("version", "reason"), [("1.999", "is too new"), ("0.9", "is too old")])
def test_the_host_says_which_side_to_upgrade(version, reason):
    plugin = FakePlugin()
    plugin.opter_contract_version = version
    [found] = Plugins([("fake", plugin)]).excluded
    assert reason in found.reason.en
    assert version in found.reason.sv


def test_the_host_says_its_version_to_the_plug_in(store):
    said = []
    host = Host(
        store, Plugins([("fake", FakePlugin(during=lambda run: said.append(run.contract_version)))])
    )
    host.define("Fortnox", "Fake", "API", "", {})
    host.import_payments("Fortnox")
    assert said == [CONTRACT_VERSION]


def screened(spoken):
    settings = {"ignore_payments_before": "2026-01-01"}
    run = second_host.new_run(Made(hook=None), settings, contract_version=spoken)
    return plugin_hooks.opter_exclusion_reasons(run, [])


@pytest.mark.parametrize("spoken", ["1.0", "1.1", "1.999"])
def test_the_plug_in_takes_every_host_of_its_major(spoken):
    assert screened(spoken) == []


@pytest.mark.parametrize(
    ("spoken", "upgrade"),
    [("2.0", "the plug-in"), ("0.9", "the host"), ("new", "the host"), (1.0, "the host")],
)
def test_the_plug_in_refuses_another_major_saying_which_side_to_upgrade(spoken, upgrade):
    with pytest.raises(SettingsWrong) as refused:
        screened(spoken)
    assert (refused.value.code, refused.value.kind) == ("HOST_CONTRACT", "settings")
    assert refused.value.message.en.endswith(f"The administrator upgrades {upgrade}.")


@pytest.mark.parametrize(
    "hook",
    [
        plugin_hooks.opter_import_payments,
        plugin_hooks.opter_read_all_payments,
        plugin_hooks.opter_settings_stored,
    ],
)
def test_no_hook_with_a_run_goes_on_in_a_host_of_another_major(hook):
    run = second_host.new_run(Made(hook=None), {}, contract_version="2.0")
    with pytest.raises(SettingsWrong, match="HOST_CONTRACT"):
        hook(run)


def test_a_run_of_another_import_type_is_no_matter_of_ours():
    run = second_host.new_run(Made(hook=None), {}, contract_version="2.0", type_code="Bank")
    assert plugin_hooks.opter_import_payments(run) is None
