"""``doctor`` and ``errors`` import nothing that is switched off, and say what is."""

from __future__ import annotations

import json
import sys

import pytest
from plugin_packages import LISTENER, bank, install

from hostsim.plugins.discovery import VARIABLE
from hostsim.services.doctor import NOT_USED
from tests.plugins.test_plugin_switches import hostsim

__all__ = ["hostsim", "install"]


def findings(ended):
    return {one["name"]: one for one in json.loads(ended[1])["findings"]}


@pytest.mark.parametrize(
    "words", [("doctor",), ("doctor", "Butik"), ("errors",), ("errors", "USAGE")]
)
def test_what_is_switched_off_is_not_imported(install, hostsim, words):
    module = install("bank", bank())
    hostsim("plugins", "off", "bank")
    hostsim(*words)
    assert module not in sys.modules


def test_what_is_switched_off_beside_another_is_told_and_no_fault(install, hostsim):
    install("listener", LISTENER)
    hostsim("plugins", "off", "listener")
    ended = hostsim("doctor", "--json")
    told = findings(ended)[NOT_USED]
    assert (ended[0], told["state"], told["code"]) == (0, "noted", "PLUGIN_OFF")
    assert "hostsim plugins on listener switches it on" in told["sentence"]
    assert "! note" in hostsim("doctor")[1]


def test_a_host_whose_plug_ins_are_all_switched_off_is_told_how_to_go_on(hostsim, monkeypatch):
    hostsim("plugins", "off", "--all")
    ended = hostsim("doctor", "--json")
    assert (ended[0], findings(ended)["host.plugins"]["code"]) == (2, "PLUGIN_OFF")
    hostsim("plugins", "on", "--all")
    monkeypatch.setenv(VARIABLE, "fortnox")
    message = findings(hostsim("doctor", "--json"))["host.plugins"]["sentence"]
    assert f"by {VARIABLE}; remove its name there" in message


@pytest.mark.parametrize("content", [None, b"notes" * 1000])
def test_errors_are_explained_without_a_database_that_can_be_read(
    hostsim, tmp_path, monkeypatch, content
):
    other = tmp_path / "other.db"
    if content is not None:
        other.write_bytes(content)
    monkeypatch.setenv("HOSTSIM_DB", str(other))
    status, out, _ = hostsim("errors", "USAGE", "--json")
    assert (status, {one["code"] for one in json.loads(out)}) == (0, {"USAGE"})
