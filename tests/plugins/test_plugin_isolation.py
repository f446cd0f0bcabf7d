"""A plug-in that does not fit is rejected whole, says why, and harms no other.

Each stands in a package of its own with an entry point, as ``pip`` would leave it.
"""

from __future__ import annotations

import logging
import re
import sys
import warnings

import pytest
from plugin_packages import HOOKS, LISTENER, bank, install

from hostsim.plugins.discovery import Off
from hostsim.plugins.loading import HOST, Plugins
from opter_contract.programs import signals

__all__ = ["install"]


def state_of(manager):
    """Return all that a plug-in manager keeps: names, and who answers each hook in which order."""
    return (
        sorted(name for name, _ in manager.list_name_plugin()),
        {
            name: [one.plugin_name for one in caller.get_hookimpls()]
            for name, caller in vars(manager.hook).items()
            if name.startswith("opter_")
        },
    )


def excluded(plugins):
    return {found.full_name: found.reason for found in plugins.excluded}


MISFITS = {
    "fails with a secret": ("raise ValueError('a secret')", "could not be loaded (ValueError)"),
    "fails to import": ("import no_such_module_anywhere", "ModuleNotFoundError"),
    "is not Python": ("def :", "SyntaxError"),
    "ends the program at import": ("import sys\nsys.exit(3)", "SystemExit"),
    "raises what is no Exception": ("class Stop(BaseException): pass\nraise Stop", "Stop"),
    "warns where warnings are errors": ("import warnings\nwarnings.warn('old')", "UserWarning"),
    "misspells a hook": (
        LISTENER + "@hookimpl\ndef opter_import_paymnets(run): pass\n",
        "opter_import_paymnets (is opter_import_payments meant?)",
    ),
    "asks for an unknown argument": (
        LISTENER.replace("(run)", "(run, session)"),
        "unknown arguments in opter_run_saved: session",
    ),
    "answers a hook of the host": (
        LISTENER + "@hookimpl\ndef opter_take_payments(run, payments): return 0\n",
        "opter_take_payments, which only the host",
    ),
    "is marked for another project": (
        LISTENER.replace("'opter'", "'opterr'"),
        "marked for the project opterr, not for opter",
    ),
    "is marked for another project in one place": (
        LISTENER
        + "other = pluggy.HookimplMarker('opterr')\n"
        + "@other\ndef opter_payments_saved(run, payments): pass\n",
        "opter_payments_saved marked for the project opterr",
    ),
    "forgets a mark": (
        LISTENER + "def opter_payments_saved(run, payments): pass\n",
        "has opter_payments_saved without a mark",
    ),
    "has no hook": ("answer = 42", "answers no hook"),
    "fails when asked for its types": (
        HOOKS + "@hookimpl\ndef opter_import_types(): raise RuntimeError('a secret')\n",
        "(RuntimeError)",
    ),
    "ends the program when asked for its types": (
        HOOKS + "@hookimpl\ndef opter_import_types(): raise SystemExit\n",
        "(SystemExit)",
    ),
    "has types of nonsense": (HOOKS + "@hookimpl\ndef opter_import_types(): return 'x'\n", "types"),
    "lists its types one by one": (
        HOOKS + "@hookimpl\ndef opter_import_types(): return iter([])\n",
        "list its import types (list_iterator)",
    ),
    "lists no types": (
        HOOKS + "@hookimpl\ndef opter_import_types(): pass\n",
        "list its import types (NoneType)",
    ),
    "lists an empty text as types": (
        HOOKS + "@hookimpl\ndef opter_import_types(): return ''\n",
        "list its import types (str)",
    ),
    "lists its export types one by one": (
        HOOKS + "@hookimpl\ndef opter_export_types(): return iter([])\n",
        "list its export types (list_iterator)",
    ),
    "has a type with half a letter": (bank(code="\ud800"), "code, formats, label"),
    "writes formats as one text": (bank(formats="API"), "code, formats, label"),
    "has a type with an empty code": (bank(code=" "), "code, formats, label"),
    "needs a newer minor": ("opter_contract_version = '1.999'\n" + LISTENER, "is too new"),
    "is of a newer major": ("opter_contract_version = '2.0'\n" + LISTENER, "upgrade the host"),
    "is of an older major": ("opter_contract_version = '0.9'\n" + LISTENER, "upgrade the plug-in"),
    "writes its contract as a number": (
        "opter_contract_version = 1.0\n" + LISTENER,
        "wrongly (float)",
    ),
}  # fmt: skip


#: What a reason names, in either language.
NAMES = re.compile(r"opter\w*|\w+Error|session")


@pytest.mark.parametrize(("source", "why"), MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_leaves_nothing_behind_in_the_manager(install, source, why):
    install("aaa-good", LISTENER)
    before = state_of(Plugins.load().manager)
    install("bbb-bad", source)
    install("ccc-late", bank())
    with_bad = Plugins.load()
    reason = excluded(with_bad)["bbb-bad (bbb-bad)"]
    assert why in reason.en
    assert "secret" not in "".join(reason)
    assert sorted(NAMES.findall(reason.sv)) == sorted(NAMES.findall(reason.en))
    assert with_bad.owner("BankAPI").name == "ccc-late"
    names, answering = state_of(with_bad.manager)
    assert names == sorted([*before[0], "ccc-late"])
    assert answering.pop("opter_import_types") == [
        name for name in names if name in {"ccc-late", "fortnox"}
    ]  # fmt: skip
    assert answering == {k: v for k, v in before[1].items() if k != "opter_import_types"}


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("None", "is not a plug-in (NoneType)"),
        ("'text'", "is not a plug-in (str)"),
        ("lambda: None", "is not a plug-in (function)"),
        ("type('A', (), {})", "is a class"),
        ("[]", "__hash__"),
    ],
)
def test_what_is_no_plug_in_at_all_is_rejected_with_its_kind(install, kind, why):
    install("odd", f"thing = {kind}", value="{}:thing")
    assert why in excluded(Plugins.load())["odd (odd)"].en


def test_an_entry_point_to_what_is_not_there_is_rejected(install):
    install("odd", LISTENER, value="{}:missing")
    assert "AttributeError" in excluded(Plugins.load())["odd (odd)"].en


def test_an_object_that_fails_when_looked_at_is_rejected(install):
    source = "class Odd:\n    def __dir__(self): raise RuntimeError('a secret')\nthing = Odd()"
    install("odd", source, value="{}:thing")
    assert "could not be examined (RuntimeError)" in excluded(Plugins.load())["odd (odd)"].en


def test_an_object_that_equals_every_other_cannot_silence_them(install):
    """Pluggy compares plug-ins with ``==`` when it calls some of them and not others."""
    source = (
        HOOKS
        + "class Same:\n"
        + "    __hash__ = object.__hash__\n"
        + "    def __eq__(self, other): return True\n"
        + "    @hookimpl\n"
        + "    def opter_run_saved(self, run): pass\n"
        + "thing = Same()"
    )
    install("same", source, value="{}:thing")
    plugins = Plugins.load()
    assert HOST in excluded(plugins)["same (same)"].en
    assert plugins.owner("FortnoxAPI").name == "fortnox"


# --- Two that collide ---------------------------------------------------------


def test_the_second_with_a_type_is_rejected_naming_both_distributions(install):
    install("first", bank())
    install("second", bank())
    assert excluded(Plugins.load())["second (second)"].en == (
        "second (second) registers the import type BankAPI, which first (first) already has"
    )


def test_the_second_with_a_name_is_rejected_naming_both_distributions(install):
    install("one-bank", bank("A"), name="bank")
    module = install("two-bank", bank("B"), name="bank")
    plugins = Plugins.load()
    reason = excluded(plugins)["bank (two-bank)"]
    assert "bank (two-bank) has the same name as bank (one-bank)" in reason.en
    assert "hostsim plugins off DISTRIBUTION:bank" in reason.en
    assert set(plugins.import_types) >= {"A"}
    assert module not in sys.modules


def test_a_person_chooses_between_two_of_one_name(install):
    install("one-bank", bank("A"), name="bank")
    install("two-bank", bank("B"), name="bank")
    plugins = Plugins.load(off=Off(stored=frozenset({"one-bank:bank"})))
    assert plugins.owner("B").distribution == "two-bank"
    assert [found.state for found in plugins.excluded] == ["off"]


def test_no_plug_in_takes_the_name_of_the_host(install):
    install("impostor", LISTENER, name=HOST)
    assert "the same name as hostsim" in excluded(Plugins.load())["hostsim (impostor)"].en


# --- While it loads -----------------------------------------------------------


@pytest.mark.usefixtures("in_a_terminal")
@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot press it")
def test_ctrl_c_while_a_plug_in_loads_ends_the_program(install):
    install("slow", "import os, signal\nos.kill(os.getpid(), signal.SIGINT)")
    with pytest.raises(KeyboardInterrupt):
        Plugins.load()
    with signals.ending(), pytest.raises(KeyboardInterrupt):
        Plugins.load()


def test_what_a_plug_in_prints_while_it_loads_is_no_result(install, capsys):
    install("chatty", "print('hello')\n" + LISTENER)
    assert "chatty" in [found.name for found in Plugins.load().loaded]
    out, err = capsys.readouterr()
    assert (out, err) == ("", "hello\n")


def test_what_a_plug_in_prints_when_asked_for_its_types_is_no_result(install, capsys):
    install("chatty", bank().replace("return [", "print('hello')\n    return ["))
    assert Plugins.load().owner("BankAPI").name == "chatty"
    assert capsys.readouterr().out == ""


def test_a_warning_of_a_plug_in_is_logged_and_not_shown(install, capsys, caplog):
    install("old", "import warnings\nwarnings.warn('a secret', DeprecationWarning)\n" + LISTENER)
    caplog.set_level(logging.INFO)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert "old" in [found.name for found in Plugins.load().loaded]
    assert capsys.readouterr().err == ""
    assert "plug-in old (old) warns while it loads: DeprecationWarning" in caplog.text
    assert "secret" not in caplog.text


def test_a_type_stays_as_it_was_when_the_plug_in_was_let_in(install):
    module = install("turncoat", bank().replace("return [", "return TYPES\nTYPES = ["))
    plugins = Plugins.load()
    sys.modules[module].TYPES[0].formats = ()
    assert plugins.import_types["BankAPI"].formats == ("API",)


def test_a_package_whose_list_cannot_be_read_harms_no_other(install):
    install("torn", "", points="[opter]\nno equals sign here\n")
    install("good", bank())
    assert Plugins.load().owner("BankAPI").name == "good"


def test_a_hook_of_a_newer_contract_that_is_marked_optional_is_passed_over(install):
    newer = LISTENER + "@hookimpl(optionalhook=True)\ndef opter_foretold(run): pass\n"
    install("newer", newer)
    [found] = [found for found in Plugins.load().loaded if found.name == "newer"]
    assert found.hooks == ("opter_run_saved",)
