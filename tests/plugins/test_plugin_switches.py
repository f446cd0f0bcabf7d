"""A plug-in can be switched off by name, all at once, and from outside; none is imported then."""

from __future__ import annotations

import json
import sys

import pytest
from plugin_packages import LISTENER, bank, install

from hostsim import __main__
from hostsim.plugins.discovery import ONLY, VARIABLE

__all__ = ["install"]


@pytest.fixture
def hostsim(tmp_path, monkeypatch, capsys):
    """Run commands over a new database; give status, output and errors."""
    monkeypatch.setenv("HOSTSIM_DB", str(tmp_path / "host.db"))
    monkeypatch.setenv("HOSTSIM_LANG", "en")
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv(ONLY, raising=False)

    def run(*arguments):
        capsys.readouterr()
        status = __main__.main(list(arguments))
        out, err = capsys.readouterr()
        return status, out, err

    run("init")
    return run


@pytest.fixture
def listed(hostsim):
    """List the plug-ins by name."""

    def listed():
        status, out, _ = hostsim("plugins", "--json")
        assert status == 0
        return {entry["name"]: entry for entry in json.loads(out)}

    return listed


def test_a_listed_plug_in_says_all_about_itself(install, listed):
    install("bank", bank())
    assert listed()["bank"] == {
        "name": "bank",
        "distribution": "bank",
        "version": "1.2",
        "active": True,
        "state": "active",
        "reason": None,
        "hooks": ["opter_import_types"],
        "import_types": ["BankAPI"],
        "export_types": [],
        "contract": "1.0",
        "host_contract": "1.0",
    }


def test_what_is_switched_off_is_listed_as_such_and_not_even_imported(install, hostsim, listed):
    module = install("bank", bank())
    assert hostsim("plugins", "off", "bank")[0] == 0
    entry = listed()["bank"]
    assert (entry["active"], entry["state"], entry["import_types"]) == (False, "off", [])
    assert "hostsim plugins on bank" in entry["reason"]
    assert module not in sys.modules


def test_a_plug_in_that_ends_the_program_is_named_and_can_be_switched_off(install, hostsim):
    install("stuck", "raise KeyboardInterrupt")
    assert "KeyboardInterrupt" in hostsim("plugins")[1]
    assert hostsim("plugins", "off", "stuck")[0] == 0
    assert "KeyboardInterrupt" not in hostsim("plugins")[1]


@pytest.mark.parametrize("value", ["stuck", " other , stuck", "all", "stuck:stuck"])
def test_the_environment_switches_off_without_a_database(install, hostsim, monkeypatch, value):
    install("stuck", "raise KeyboardInterrupt")
    install("other", LISTENER)
    monkeypatch.setenv(VARIABLE, value)
    monkeypatch.setenv("HOSTSIM_DB", "no-such-file.db")
    status, out, _ = hostsim("plugins")
    assert status == 0
    assert VARIABLE in out


def test_all_are_switched_off_at_once_also_those_that_come_later(install, hostsim, listed):
    hostsim("plugins", "off", "--all")
    module = install("bank", bank())
    assert {entry["state"] for entry in listed().values()} == {"off"}
    assert module not in sys.modules


def test_one_that_is_switched_on_leaves_the_others_off(install, hostsim, listed):
    install("bank", bank())
    hostsim("plugins", "off", "--all")
    status, out, _ = hostsim("plugins", "on", "bank")
    assert (status, "bank (bank) is on." in out) == (0, True)
    states = {name: entry["state"] for name, entry in listed().items()}
    assert states == {"bank": "active", "fortnox": "off"}


def test_switching_all_on_again_forgets_every_name(install, hostsim, listed):
    install("bank", bank())
    hostsim("plugins", "off", "bank", "fortnox")
    hostsim("plugins", "on", "--all")
    assert {entry["state"] for entry in listed().values()} == {"active"}


def test_what_the_environment_switches_off_is_not_switched_on_here(install, hostsim, monkeypatch):
    install("bank", bank())
    monkeypatch.setenv(VARIABLE, "bank")
    out = hostsim("plugins", "on", "bank")[1]
    assert f"bank (bank) is switched off by {VARIABLE}; remove" in out


def test_switching_off_twice_is_switching_off_once(install, hostsim, listed):
    install("bank", bank())
    hostsim("plugins", "off", "bank")
    hostsim("plugins", "off", "bank")
    hostsim("plugins", "on", "bank")
    assert listed()["bank"]["state"] == "active"


@pytest.mark.parametrize("word", ["off", "on"])
def test_an_unknown_name_is_refused_naming_the_known_ones(hostsim, word):
    status, _, err = hostsim("plugins", word, "bnak")
    assert status == 2
    assert err.startswith("PLUGIN_UNKNOWN: ")
    assert "bnak" in err
    assert "fortnox" in err


def test_an_unknown_name_in_the_environment_is_refused_too(hostsim, monkeypatch):
    """It would otherwise leave the plug-in on that it was to switch off."""
    monkeypatch.setenv(VARIABLE, "fortnix")
    status, _, err = hostsim("plugins")
    assert status == 2
    assert err.startswith(f"PLUGIN_UNKNOWN: {VARIABLE}: ")


@pytest.mark.parametrize("arguments", [("off",), ("on",), ("off", "fortnox", "--all")])
def test_names_and_all_are_given_one_or_the_other(hostsim, arguments):
    status, _, err = hostsim("plugins", *arguments)
    assert (status, err.startswith("USAGE: ")) == (2, True)


def test_an_import_whose_plug_in_is_off_says_so_and_what_to_do(hostsim):
    values = ("--set", "ignore_payments_before=2026-01-01")
    hostsim("formats", "add", "Fortnox", "--type", "FortnoxAPI", "--format", "API", *values)
    hostsim("plugins", "off", "fortnox")
    status, _, err = hostsim("import", "Fortnox", "--no-browser")
    assert status == 2
    assert err.splitlines()[-1].startswith("IMPORT_TYPE_OFF: ")
    assert "switched off are: fortnox" in err
    assert "hostsim plugins on" in err


def test_the_switches_are_no_setting_of_the_office(hostsim):
    hostsim("plugins", "off", "fortnox")
    assert "plugins_off" not in hostsim("settings", "--json")[1]


# --- A group that only looks like ours ------------------------------------------


@pytest.mark.parametrize(
    "group", ["Opter", "opter_plugins", "opter-plugins", "opter.hooks", "optr"]
)
def test_an_entry_point_in_a_group_that_looks_like_ours_is_reported(install, listed, group):
    module = install("bank", bank(), group=group)
    entry = listed()["bank"]
    assert (entry["active"], entry["state"]) == (False, "elsewhere")
    assert f"is in the group {group}, but the group is called opter" in entry["reason"]
    assert module not in sys.modules


@pytest.mark.parametrize("group", ["console_scripts", "copter", "adopter.plugins", "pytest11"])
def test_an_entry_point_of_another_programs_group_is_none_of_ours(install, listed, group):
    install("bank", bank(), group=group)
    assert set(listed()) == {"fortnox"}


# --- Allowed by distribution ---


@pytest.mark.parametrize("value", ["opter-fortnox-plugin", " Opter_Fortnox.Plugin ,"])
def test_what_is_not_allowed_is_listed_as_such_and_not_even_imported(
    install, listed, monkeypatch, value
):
    module = install("bank", bank())
    monkeypatch.setenv(ONLY, value)
    entries = listed()
    assert {name: one["state"] for name, one in entries.items()} == {
        "bank": "not-allowed",
        "fortnox": "active",
    }
    assert entries["bank"]["reason"].endswith(f"not allowed by {ONLY}; add bank there to allow it")
    assert module not in sys.modules


def test_an_import_type_that_is_not_allowed_says_where_it_is_allowed(install, hostsim, monkeypatch):
    install("bank", bank())
    monkeypatch.setenv(ONLY, "opter-fortnox-plugin")
    _, _, err = hostsim("formats", "add", "B", "--type", "BankAPI", "--format", "API")
    assert err.splitlines()[-1].startswith("IMPORT_TYPE_OFF: ")
    assert ONLY in err


def test_the_plug_in_that_comes_with_the_host_needs_no_leave(listed, monkeypatch):
    monkeypatch.setenv(ONLY, "opter-fortnox-plugin")
    monkeypatch.setenv("HOSTSIM_SMTP", "localhost:25")
    assert listed()["mail"]["state"] == "active"


def test_nobody_is_let_in_as_the_plug_in_that_comes_with_the_host(install, listed, monkeypatch):
    module = install("impostor", LISTENER, name="mail")
    monkeypatch.setenv(ONLY, "opter-fortnox-plugin")
    assert listed()["mail"]["state"] == "not-allowed"
    assert module not in sys.modules


def test_an_unknown_distribution_is_refused_naming_the_known_ones(install, hostsim, monkeypatch):
    install("bank", bank())
    monkeypatch.setenv(ONLY, "opter-fortnox-plugin, bnak")
    status, _, err = hostsim("plugins")
    assert status == 2
    assert err.startswith(f"DISTRIBUTION_UNKNOWN: {ONLY}: ")
    assert "bnak" in err
    assert "write one or more of: bank, opter-fortnox-plugin" in err


@pytest.mark.parametrize("value", ["", ",", " ", " , "])
def test_a_value_that_allows_nothing_is_refused(hostsim, monkeypatch, value):
    monkeypatch.setenv(ONLY, value)
    status, _, err = hostsim("plugins")
    assert (status, err[:21]) == (2, "DISTRIBUTION_UNKNOWN:")


def test_a_distribution_that_hides_an_allowed_one_is_refused(install, hostsim, monkeypatch):
    module = install("Opter.Fortnox_Plugin", bank(), name="fortnox")
    monkeypatch.setenv(ONLY, "opter-fortnox-plugin")
    status, _, err = hostsim("plugins")
    assert (status, err[:19]) == (2, "DISTRIBUTION_TWICE:")
    assert "Opter.Fortnox_Plugin, " in err
    assert module not in sys.modules


def test_an_allowed_distribution_may_be_found_twice(install, listed, monkeypatch):
    """As beside its source code."""
    module = install("bank", bank())
    install("Bank", "", points=f"[opter]\nbank = {module}\n")
    monkeypatch.setenv(ONLY, "bank")
    assert listed()["bank"]["state"] == "active"


def test_switching_on_does_not_allow(install, hostsim, monkeypatch):
    install("bank", bank())
    monkeypatch.setenv(ONLY, "opter-fortnox-plugin")
    out = hostsim("plugins", "on", "bank")[1]
    assert f"bank (bank) is not allowed by {ONLY}" in out
