"""Exactly what a person was shown is saved or decided on; whatever else is open is shown first."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from decimal import Decimal

import host_and_plugin
import pytest
from fake_plugin import FakePlugin, euro, payment

from hostsim import __main__
from hostsim.cli import imports
from hostsim.errors import EXIT_STATUS, HostError
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.previews import PreviewChanged
from hostsim.storage.store import Store


@pytest.fixture
def plugin():
    return FakePlugin(payments=[payment(1), payment(2, "1002", "400"), payment(3, "9999", "70")])


@pytest.fixture
def page(run, tmp_path, plugin):
    """Somebody else at the same office, whose doings no command prints."""
    with Store.open(tmp_path / "hostsim.db") as store:
        yield Host(store, Plugins([("fake", plugin)]))


def saved(run):
    return [one["payment_number"] for one in run("payments", "--json").json]


def code(ended):
    return ended.status, ended.last.partition(":")[0]


# --- Saving ---------------------------------------------------------------------


@pytest.mark.parametrize("names", [("Butik",), ()])
def test_what_no_command_printed_is_shown_first_and_saved_then(run, page, names):
    page.import_payments("Butik")
    ended = run("save", *names)
    assert code(ended) == (6, "PREVIEW_CHANGED")
    assert "9999" in ended.out
    assert saved(run) == []
    assert run("save", *names).status == 0
    assert saved(run) == ["1", "2"]


def test_what_somebody_else_decided_meanwhile_is_shown_first(run, page):
    run("import", "Butik")
    page.set_aside("Butik", ["3"])
    ended = run("save", "Butik", "--json")
    assert code(ended) == (6, "PREVIEW_CHANGED")
    assert ended.json["set_aside"]["number"] == 1
    assert saved(run) == []
    assert run("save", "Butik", "--json").json["revision"] == ended.json["revision"]


def test_another_import_in_between_is_shown_first(run, page, plugin):
    run("import", "Butik")
    plugin.payments = [payment(7, "1002", "1")]
    page.import_payments("Butik")
    assert code(run("save", "Butik")) == (6, "PREVIEW_CHANGED")
    assert saved(run) == []


def test_an_import_of_another_definition_in_between_is_not_saved_unseen(run, page):
    run("formats", "add", "Andra", "--type", "Fake", "--format", "API")
    run("import", "Butik", "--save")
    page.import_payments("Andra")
    assert code(run("save")) == (6, "PREVIEW_CHANGED")


def test_a_refused_save_makes_no_old_revision_good_again(run, page):
    """The run keeps its id, but what was judged again has another revision."""
    old = run("import", "Butik", "--json").json["revision"]
    page.add_payment("1001", Decimal(300))
    for _ in range(2):
        ended = run("save", "Butik", "--revision", old, "--json")
        assert code(ended) == (6, "PREVIEW_CHANGED")
        assert [one["status"] for one in ended.json["ready"]] == ["advance", "partial"]
    new = ended.json["revision"]
    assert new != old
    assert run("save", "Butik", "--revision", new, "--json").json["saved"] is True


def test_a_named_revision_that_was_saved_says_so_and_saves_nothing_else(run, plugin):
    shown = run("import", "Butik", "--json").json["revision"]
    assert run("save", "Butik", "--revision", shown).status == 0
    plugin.payments = [payment(7, "1002", "1")]
    run("import", "Butik")
    again = run("save", "Butik", "--revision", shown, "--json")
    assert (again.status, again.json["saved"], again.json["revision"]) == (0, True, shown)
    assert saved(run) == ["1", "2"]


def test_a_revision_that_is_neither_open_nor_saved_is_refused(run):
    assert code(run("save", "Butik", "--revision", "feed")) == (6, "NOTHING_TO_SAVE")
    assert code(run("save", "Butik", "--revision", "")) == (2, "USAGE")


def test_what_is_printed_while_a_save_waits_is_not_what_it_saves(run, page, monkeypatch):
    """It saves what a command printed that had ended before it began."""
    run("import", "Butik")
    make_host = imports.make_host

    def others_were_quicker(store, **keywords):
        page.set_aside("Butik", ["3"]).mark_printed()
        return make_host(store, **keywords)

    monkeypatch.setattr(imports, "make_host", others_were_quicker)
    assert code(run("save", "Butik")) == (6, "PREVIEW_CHANGED")
    assert saved(run) == []


def test_an_import_that_saves_saves_what_it_judged_itself(run, page, monkeypatch):
    save = Host.save

    def others_were_quicker(host, *arguments):
        page.set_aside("Butik", ["3"])
        return save(host, *arguments)

    monkeypatch.setattr(Host, "save", others_were_quicker)
    assert code(run("import", "Butik", "--save")) == (6, "PREVIEW_CHANGED")
    assert saved(run) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe without a reader fails otherwise there")
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_went_into_a_closed_pipe_was_not_shown(run, page, monkeypatch, form):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as gone, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", gone)
        assert __main__.main(["import", "Butik", *form]) == EXIT_STATUS["saved"]
    assert page.open_preview("Butik") is not None
    assert code(run("save", "Butik")) == (6, "PREVIEW_CHANGED")


# --- Deciding on the command line -------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("set-aside", "Butik", 3),
        ("set-aside", "Butik", "--series", 1, 9999),
        ("take-back", "Butik", 4),
    ],
)
def test_a_decision_is_about_the_list_that_was_printed_last(run, page, plugin, words):
    plugin.payments.append(payment(4, "9998", "5"))
    run("import", "Butik")
    run("set-aside", "Butik", 4)
    plugin.payments[2] = replace(plugin.payments[2], amount=Decimal(7000))
    page.import_payments("Butik")
    before = run("decisions", "Butik", "--json").json
    ended = run(*words)
    assert code(ended) == (6, "LIST_CHANGED")
    assert "7 000,00" in ended.out
    assert run("decisions", "Butik", "--json").json == before
    assert run(*words).status == 0


def test_a_confirmation_is_about_figures_that_were_printed(run, page, plugin):
    run("payments", "add", "1001", "1000", "--date", "2026-01-01")
    page.import_payments("Butik")
    assert code(run("decide", "Butik", 1, "--confirm")) == (6, "LIST_CHANGED")


# --- What a revision is -----------------------------------------------------------


host, store, invoices = host_and_plugin.host, host_and_plugin.store, host_and_plugin.invoices


def test_the_same_content_has_the_same_revision_in_whatever_order_it_was_read(host, plugin):
    first = host.import_payments("Fortnox").revision
    plugin.payments.reverse()
    second = host.import_payments("Fortnox")
    assert second.revision == first
    assert len(first) == 16


PLAIN, PART, STRANGER = payment(1), payment(2, "1002", "400"), payment(3, "9999", "70")


@pytest.mark.parametrize(
    "payments",
    [
        [PLAIN, PART],
        [PLAIN, PART, replace(STRANGER, amount=Decimal("70.01"))],
        [PLAIN, replace(PART, amount=Decimal(401)), replace(STRANGER, amount=Decimal(69))],
        [PLAIN, replace(PART, invoice_number="1003"), STRANGER],
        [PLAIN, replace(PART, date=PLAIN.date), STRANGER],
        [PLAIN, replace(PART, source="file"), STRANGER],
        [PLAIN, PART, replace(STRANGER, currency="EUR", amount_currency=Decimal(7))],
        [PLAIN, PART, STRANGER, euro(4)],
    ],
)
def test_any_visible_difference_is_another_revision(host, plugin, payments):
    first = host.import_payments("Fortnox").revision
    plugin.payments = payments
    assert host.import_payments("Fortnox").revision != first


def test_the_bank_account_is_a_visible_difference(host):
    first = host.import_payments("Fortnox").revision
    assert host.import_payments("Fortnox", bank_account="1930").revision != first


def test_another_judgement_is_another_revision(host):
    first = host.import_payments("Fortnox").revision
    aside = host.set_aside("Fortnox", ["3"]).revision
    assert aside != first
    assert host.take_back("Fortnox", ["3"]).revision == first


def test_a_host_saves_the_revision_that_it_is_given_and_no_other(host):
    first = host.import_payments("Fortnox").revision
    aside = host.set_aside("Fortnox", ["3"])
    with pytest.raises(PreviewChanged) as refused:
        host.save("Fortnox", first)
    assert refused.value.preview.revision == aside.revision
    saved = host.save("Fortnox", aside.revision)
    assert saved.saved
    assert host.save("Fortnox", aside.revision) == saved


def test_a_decision_on_what_is_open_no_longer_is_refused(host):
    first = host.import_payments("Fortnox").revision
    host.save("Fortnox")
    with pytest.raises(HostError) as refused:
        host.set_aside("Fortnox", ["3"], revision=first)
    assert refused.value.code == "LIST_CHANGED"
