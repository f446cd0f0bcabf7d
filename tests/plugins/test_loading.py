"""Which plug-ins are loaded, and why one is rejected."""

import types

import pytest
from fake_export import FakeExport
from fake_plugin import FakePlugin, hookimpl

from hostsim.errors import HostError
from hostsim.plugins.loading import HOSTS_OWN, FoundPlugin, Plugins
from opter_contract.export_values import ExportType
from opter_contract.values import Text


def why(*plugins):
    """Load plug-ins by name; give the reason of the only one that was left out."""
    loaded = Plugins(plugins)
    [excluded] = loaded.excluded
    # Nothing of it stayed behind, and the manager still works.
    assert not loaded.manager.has_plugin(excluded.name)
    loaded.manager.check_pending()
    return excluded.reason


def test_a_plug_in_is_listed_with_its_hooks_and_types():
    [found] = Plugins([("fake", FakePlugin())]).loaded
    assert (found.name, found.import_types) == ("fake", ("Fake",))
    assert "opter_import_payments" in found.hooks


def test_a_module_can_be_a_plug_in():
    module = types.ModuleType("listener")

    @hookimpl
    def opter_run_saved(run):
        pass

    module.opter_run_saved = opter_run_saved
    assert [found.hooks for found in Plugins([("m", module)]).loaded] == [("opter_run_saved",)]


def test_an_implementation_may_leave_out_arguments():
    class Brief:
        @hookimpl
        def opter_run_saved(self):
            pass

    assert Plugins([("brief", Brief())]).excluded == ()


@pytest.mark.parametrize("hook", sorted(HOSTS_OWN))
def test_only_the_host_answers_its_hooks(hook):
    namespace = {}
    exec(f"def {hook}(self): return 1", namespace)  # noqa: S102 one function for each name
    impostor = type("Impostor", (), {hook: hookimpl(namespace[hook])})()
    assert hook in why(("impostor", impostor)).en


def test_anybody_may_watch_progress():
    class Watcher:
        @hookimpl
        def opter_progress(self, run, progress):
            pass

    assert Plugins([("watcher", Watcher())]).excluded == ()


def test_a_plug_in_that_answers_nothing_is_rejected():
    class Unmarked:
        def opter_run_saved(self, run):
            pass

    assert why(("unmarked", Unmarked())).en.startswith("answers no hook")


@pytest.mark.parametrize("wrong", [[object()], [None], 7])
def test_types_that_are_none_are_refused(wrong):
    class Wrong(FakePlugin):
        @hookimpl
        def opter_import_types(self):
            return wrong

    assert "importtyper" in why(("wrong", Wrong())).sv


def test_one_object_is_registered_once():
    class Listener:
        @hookimpl
        def opter_run_saved(self, run):
            pass

    same = Listener()
    plugins = Plugins([("a", same), ("b", same)])
    assert [found.name for found in plugins.loaded] == ["a"]
    assert plugins.manager.has_plugin("a")


def test_only_the_owner_of_a_type_is_called():
    plugins = Plugins([("a", FakePlugin(code="A")), ("b", FakePlugin(code="B"))])
    fields = plugins.call_owner("B", "opter_settings_fields", type_code="B", subject="")
    assert [field.key for field in fields] == ["before"]


def test_an_unknown_type_is_refused_naming_the_known_ones():
    with pytest.raises(HostError) as refused:
        Plugins([("a", FakePlugin(code="A"))]).owner("B")
    assert refused.value.code == "IMPORT_TYPE_UNKNOWN"
    assert "kända är: A." in refused.value.message.sv


# --- Exports ---------------------------------------------------------------------------------


def test_a_plug_in_may_have_exports_only():
    plugins = Plugins([("out", FakeExport())])
    assert list(plugins.export_types) == [("Fake", "invoices"), ("Fake", "supplier-bills")]
    assert not plugins.import_types


def test_one_code_may_be_of_an_import_and_of_an_export():
    plugins = Plugins([("in", FakePlugin(code="A")), ("out", FakeExport(code="A"))])
    assert plugins.owner("A").name == "in"
    assert plugins.owner("A", "invoices").name == "out"


def test_an_export_type_has_one_plug_in():
    plugins = Plugins([("one", FakeExport()), ("two", FakeExport())])
    assert [found.name for found in plugins.excluded] == ["two"]
    assert "Fake" in plugins.excluded[0].reason.en


def test_an_export_type_that_is_not_there_may_be_of_a_plug_in_that_is_off():
    plugins = Plugins()
    plugins.excluded = (FoundPlugin("out", None, None, state="off"),)
    with pytest.raises(HostError, match="EXPORT_TYPE_OFF"):
        plugins.owner("Fake", "invoices")


@pytest.mark.parametrize(
    ("code", "subject"), [("Odd", "parcels"), ("Odd", ["invoices"]), (["Odd"], "invoices")]
)
def test_what_is_exported_must_be_known(code, subject):
    class Odd(FakeExport):
        @hookimpl
        def opter_export_types(self):
            return [ExportType(code, subject, Text("Paket", "Parcels"))]

    assert "export types" in why(("odd", Odd())).en
