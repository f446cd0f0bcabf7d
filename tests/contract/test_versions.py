"""Host and plug-in say which contract they speak; what was added since breaks nobody.

The first version of the contract is written down here once more, in full: it
is what older hosts and older plug-ins hold to, and must go on to work.
"""

from __future__ import annotations

import inspect
import threading
import types
from datetime import date
from decimal import Decimal
from types import SimpleNamespace as Made

import pluggy
import pytest
import second_host
from fake_plugin import FakePlugin, invoice
from ports import free_port

from hostsim.plugins.loading import Plugins
from hostsim.sandbox import Sandbox, seed, visitor
from hostsim.services.host import Host
from hostsim.storage.store import Store
from hostsim.versions import Version, why_not_spoken
from opter_contract import hooks as contract_hooks
from opter_fortnox_plugin import contract
from opter_fortnox_plugin import hooks as opter_fortnox_plugin_hooks
from opter_fortnox_plugin.agreement import refuse_other_contract
from opter_fortnox_plugin.errors import SettingsWrong

#: Every hook of version 1.0 with its arguments.
FIRST_HOOKS = {
    "opter_import_types": (),
    "opter_settings_fields": ("import_type",),
    "opter_check_settings": ("import_type", "values"),
    "opter_settings_stored": ("run",),
    "opter_import_payments": ("run",),
    "opter_read_all_payments": ("run",),
    "opter_screen_payments": ("run", "payments"),
    "opter_payments_saved": ("run", "payments"),
    "opter_run_saved": ("run",),
    "opter_take_payments": ("run", "payments"),
    "opter_take_left_out": ("run", "left_out"),
    "opter_take_gone": ("run", "payment_numbers"),
    "opter_payments_to_confirm": ("run", "company"),
    "opter_known_invoices": ("run", "invoice_numbers"),
    "opter_progress": ("run", "progress"),
    "opter_open_window": ("run", "address", "answered"),
    "opter_state_get": ("run", "key"),
    "opter_state_put": ("run", "key", "value"),
    "opter_secret_get": ("run", "key"),
    "opter_secret_put": ("run", "key", "value"),
    "opter_lock": ("run", "key", "wait"),
}

#: Every thing that crosses in version 1.0 with its attributes.
FIRST_ATTRIBUTES = {
    "Text": "sv en",
    "Failure": "code kind sentence",
    "ImportType": "code formats label",
    "SettingsField": "key kind label help default required secret",
    "SettingsProblem": "key severity sentence",
    "CheckedSettings": "values problems",
    "Company": "number name",
    "PaymentKey": "company number",
    "WriteOff": "amount account description",
    "Payment": "key source invoice_number ocr date amount currency amount_currency"
    " exchange_rate write_offs booked warnings",
    "Reason": "reason sentence",
    "LeftOut": "reason sentence key payment amount invoice_number",
    "Progress": "stage done total sentence",
    "ImportReport": "company cursor not_read requests",
    "Run": "id hook import_type import_format definition settings company cursor"
    " default_currency configuration login_timeout",
    "SavedRun": "id import_type definition company payments",
    "SavedPayment": "payment host_invoice_number status",
}

hookimpl = pluggy.HookimplMarker("opter")
hookspec = pluggy.HookspecMarker("opter")


# --- The page only grows --------------------------------------------------------


def test_the_first_contract_is_of_todays_major():
    """With another major, what is written down here begins anew."""
    assert Version.of(contract_hooks.CONTRACT).major == Version.of(contract_hooks.UNSAID).major == 1


@pytest.mark.parametrize("name", FIRST_HOOKS)
def test_no_hook_and_no_argument_of_the_first_contract_was_taken_away(name):
    arguments = inspect.signature(getattr(contract_hooks, name)).parameters
    assert set(FIRST_HOOKS[name]) <= set(arguments)


@pytest.mark.parametrize("name", FIRST_ATTRIBUTES)
def test_no_attribute_of_the_first_contract_was_taken_away(name):
    assert set(FIRST_ATTRIBUTES[name].split()) <= set(dir(getattr(contract_hooks, name)))


def protocols():
    for name, kind in inspect.getmembers(contract_hooks, inspect.isclass):
        if name in FIRST_ATTRIBUTES:
            for attribute, value in vars(kind).items():
                if isinstance(value, property):
                    yield name, attribute, value


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(inspect.getdoc(value) or "", id=f"{name}.{attribute}")
        for name, attribute, value in protocols()
        if attribute not in FIRST_ATTRIBUTES[name].split()
    ],
)
def test_an_attribute_that_was_added_says_since_when_and_its_preset(said):
    assert "Since 1." in said
    assert "preset" in said


def test_a_hook_that_was_added_says_since_when():
    added = set(todays_hooks()) - set(FIRST_HOOKS)
    said = {name: inspect.getdoc(getattr(contract_hooks, name)) or "" for name in added}
    assert [name for name in sorted(added) if "Since 1." not in said[name]] == []


# --- An older plug-in in the host of today ----------------------------------------


class Older:
    """Made for 1.0: few hooks, few arguments, and only what 1.0 names in what it makes."""

    @hookimpl
    def opter_import_types(self):
        return [Made(code="Bank", formats=["File"], label=Made(sv="Bank", en="Bank"))]

    @hookimpl
    def opter_check_settings(self, values):
        return Made(values=values, problems=[])

    @hookimpl
    def opter_import_payments(self, run):
        progress = Made(stage="reading", done=0, total=1, sentence=Made(sv="Läser", en="Reading"))
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


def test_an_older_plug_in_imports_and_its_payments_are_saved(store):
    host = Host(store, Plugins([("older", Older())]), user="kim")
    host.define("Bank", "Bank", "File", "", {})
    assert host.import_payments("Bank").counts["ready"] == 1
    host.save("Bank")
    assert [(one.payment_number, one.status) for one in store.payments()] == [("1", "exact")]


def test_the_older_plug_in_uses_only_what_the_first_contract_has():
    """Otherwise the test above would show nothing."""
    manager = pluggy.PluginManager("opter")
    manager.add_hookspecs(first_contract())
    manager.register(Older())
    manager.check_pending()


def test_a_plug_in_that_says_no_version_needs_the_first(store):
    [found] = Plugins([("older", Older())]).loaded
    assert found.contract == contract_hooks.UNSAID == "1.0"


# --- The plug-in of today in an older host ----------------------------------------


def first_contract():
    """Make the specifications that a host of version 1.0 has."""
    return specifications(FIRST_HOOKS)


def specifications(hooks):
    module = types.ModuleType("specifications")
    for name, arguments in hooks.items():
        namespace = {}
        exec(f"def {name}({', '.join(arguments)}): ...", namespace)  # noqa: S102 one for each name
        setattr(module, name, hookspec(namespace[name]))
    return module


class Window(second_host.Host):
    """The host of fifty lines, at whose window somebody signs in."""

    @hookimpl
    def opter_open_window(self, run, address, answered):
        arguments = (address, seed.USER, seed.PASSWORD)
        threading.Thread(target=visitor.sign_in, args=arguments, daemon=True).start()
        return True


def test_the_plug_in_of_today_imports_in_a_host_of_the_first_contract(now):
    """Neither a hook nor an attribute that was added since is there."""
    manager, host = pluggy.PluginManager("opter"), Window()
    manager.add_hookspecs(first_contract())
    manager.register(host)
    manager.register(opter_fortnox_plugin_hooks)
    manager.check_pending()
    values = {"ignore_payments_before": seed.CUT_OFF(now).isoformat()}
    [checked] = manager.hook.opter_check_settings(import_type="FortnoxAPI", values=values)
    with Sandbox(seed.haulier(now), redirect_uri=f"http://127.0.0.1:{free_port()}/cb") as sandbox:
        run = second_host.new_run(
            manager, dict(checked.values), configuration=sandbox.environment()
        )  # fmt: skip
        assert not hasattr(run, "contract")
        [report] = manager.hook.opter_import_payments(run=run)
    assert report.company.number
    assert len(host.payments) > 100


def test_the_plug_in_says_the_first_contract_since_it_needs_no_more():
    assert opter_fortnox_plugin_hooks.opter_contract == contract.NEEDED == "1.0"
    assert why_not_spoken(opter_fortnox_plugin_hooks.opter_contract, "1.0") is None


# --- The contract of tomorrow -------------------------------------------------------


def todays_hooks():
    return {
        name: tuple(inspect.signature(function).parameters)
        for name, function in inspect.getmembers(contract_hooks, inspect.isfunction)
        if name.startswith("opter_")
    }


@pytest.mark.parametrize(
    "side", [opter_fortnox_plugin_hooks, second_host.Host(), FakePlugin(), Older()]
)
def test_a_hook_and_an_argument_that_are_added_break_neither_side(side):
    grown = {name: (*arguments, "added") for name, arguments in todays_hooks().items()}
    manager = pluggy.PluginManager("opter")
    manager.add_hookspecs(specifications(grown | {"opter_added": ("run",)}))
    manager.register(side)
    manager.check_pending()
    assert manager.get_hookcallers(side)


def test_a_call_with_an_added_argument_reaches_who_does_not_know_it():
    grown = {"opter_check_settings": ("import_type", "values", "added")}
    manager = pluggy.PluginManager("opter")
    manager.add_hookspecs(specifications(todays_hooks() | grown))
    manager.register(Older())
    [answer] = manager.hook.opter_check_settings(import_type="Bank", values={"a": "b"}, added=1)
    assert answer.values == {"a": "b"}


def test_a_call_that_nobody_answers_yet_has_no_answer():
    """So a side may ask for what was added, and see that the other side is older."""
    manager = pluggy.PluginManager("opter")
    manager.add_hookspecs(specifications(todays_hooks() | {"opter_added": ("run",)}))
    manager.register(opter_fortnox_plugin_hooks)
    assert manager.hook.opter_added(run=None) == []


# --- Too old and too new ------------------------------------------------------------


@pytest.mark.parametrize(
    ("plugin_needs", "host_speaks", "told"),
    [
        ("1.0", "1.0", None),
        ("1.0", "1.7", None),
        ("1.7", "1.7", None),
        ("1.10", "1.9", "is too new"),
        ("1.9", "1.10", None),
        ("1.8", "1.7", "is too new"),
        ("2.0", "1.7", "is too new"),
        ("1.7", "2.0", "is too old"),
        ("0.9", "1.0", "is too old"),
    ],
)
def test_a_plug_in_fits_hosts_of_its_major_that_are_not_older(plugin_needs, host_speaks, told):
    reason = why_not_spoken(plugin_needs, host_speaks)
    assert (reason is None) == (told is None)
    assert reason is None or (told in reason.en and plugin_needs in reason.sv)


@pytest.mark.parametrize(
    "said", [1.0, (1, 0), None, "", "1", "1.0.0", "v1.0", "1.01", "٣.٠", "1.0\n"]
)
def test_a_version_that_cannot_be_read_is_refused_saying_how_to_write_it(said):
    assert 'opter_contract = "1.0"' in why_not_spoken(said).en


def test_the_host_says_its_version_to_the_plug_in(store):
    said = []
    host = Host(
        store, Plugins([("fake", FakePlugin(during=lambda run: said.append(run.contract)))])
    )
    host.define("Fortnox", "Fake", "API", "", {})
    host.import_payments("Fortnox")
    assert said == [contract_hooks.CONTRACT]


@pytest.mark.parametrize("spoken", ["1.0", "1.1", "1.999"])
def test_the_plug_in_takes_every_host_of_its_major(spoken):
    refuse_other_contract(Made(contract=spoken))


@pytest.mark.parametrize(
    ("spoken", "upgrade"),
    [("2.0", "the plug-in"), ("0.9", "the host"), ("new", "the host"), (1.0, "the host")],
)
def test_the_plug_in_refuses_another_major_saying_which_side_to_upgrade(spoken, upgrade):
    with pytest.raises(SettingsWrong) as refused:
        refuse_other_contract(Made(contract=spoken))
    assert (refused.value.code, refused.value.kind) == ("HOST_CONTRACT", "settings")
    assert refused.value.sentence.en.endswith(f"The administrator upgrades {upgrade}.")


def test_a_plug_in_that_needs_more_refuses_an_older_host():
    with pytest.raises(SettingsWrong) as refused:
        refuse_other_contract(Made(contract="1.1"), needed="1.2")
    assert "upgrades the host" in refused.value.sentence.en


@pytest.mark.parametrize(
    "hook",
    [
        opter_fortnox_plugin_hooks.opter_import_payments,
        opter_fortnox_plugin_hooks.opter_read_all_payments,
        opter_fortnox_plugin_hooks.opter_settings_stored,
        lambda run: opter_fortnox_plugin_hooks.opter_screen_payments(run, []),
    ],
)
def test_no_hook_with_a_run_goes_on_in_a_host_of_another_major(hook):
    run = second_host.new_run(Made(hook=None), {}, contract="2.0")
    with pytest.raises(SettingsWrong, match="HOST_CONTRACT"):
        hook(run)


def test_a_run_of_another_import_type_is_no_matter_of_ours():
    run = second_host.new_run(Made(hook=None), {}, contract="2.0", import_type="Bank")
    assert opter_fortnox_plugin_hooks.opter_import_payments(run) is None
