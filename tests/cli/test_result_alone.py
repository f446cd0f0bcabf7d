"""Standard output holds the result alone, whatever plug-ins print, and none ends a command."""

from __future__ import annotations

import json

from fake_plugin import FakePlugin, hookimpl, payment

from hostsim.plugins.loading import Plugins


class Talker:
    """A listener that prints where it should not."""

    @hookimpl
    def opter_payments_saved(self, run, payments):
        print("saved", len(payments))  # noqa: T201 what it should not do

    @hookimpl
    def opter_run_saved(self, run):
        print("run saved")  # noqa: T201 what it should not do


class Quitter:
    """A listener that wants to end the program."""

    @hookimpl
    def opter_payments_saved(self, run, payments):
        raise SystemExit(3)


def beside(monkeypatch, plugin, other):
    both = [("fake", plugin), ("other", other)]
    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls, **_: cls(both)))


def test_what_a_listener_prints_goes_to_standard_error(run, plugin, monkeypatch):
    beside(monkeypatch, plugin, Talker())
    plugin.payments = [payment(1)]
    ended = run("import", "Butik", "--save", "--json")
    assert json.loads(ended.out)["saved"] is True
    assert "saved 1\nrun saved\n" in ended.err


def test_what_an_import_plug_in_prints_goes_to_standard_error(run, monkeypatch):
    class Printing(FakePlugin):
        @hookimpl
        def opter_import_payments(self, run):
            print("reading")  # noqa: T201
            return super().opter_import_payments(run)

    monkeypatch.setattr(Plugins, "load", classmethod(lambda cls, **_: cls([("fake", Printing())])))
    ended = run("import", "Butik", "--json")
    assert (ended.status, json.loads(ended.out)["saved"]) == (0, False)
    assert "reading" in ended.err


def test_a_listener_that_wants_to_end_the_program_harms_nobody(run, plugin, monkeypatch):
    beside(monkeypatch, plugin, Quitter())
    plugin.payments = [payment(1)]
    ended = run("import", "Butik", "--save", "--json")
    assert (ended.status, json.loads(ended.out)["saved"]) == (0, True)
    assert "plug-in other failed in opter_payments_saved: SystemExit" in ended.err
