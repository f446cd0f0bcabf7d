"""What a person types is taken as it was meant, or refused with a sentence; never half."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from fake_plugin import FakePlugin, invoice, payment
from test_decisions_on_the_command_line import plugin, run  # noqa: F401 fixtures
from test_host import host_of
from test_read_file import refusal

from hostsim import exporting, texts
from hostsim.store import Store

ENDLESS = "9" * 23


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "book.db") as store:
        store.load_invoices([invoice("1001"), invoice("=1+1"), invoice("1002", region="@Syd")])
        yield store


@pytest.fixture
def host(store):
    host = host_of(store, FakePlugin())
    host.define("Fortnox", "Fake", "API", "Nord", {})
    return host


# --- Ids ---


@pytest.mark.parametrize("number", [ENDLESS, f"-{ENDLESS}", "0"])
def test_an_id_that_no_payment_can_have_is_an_unknown_payment(run, number):  # noqa: F811
    shown = run("payments", "show", "--", number)
    deleted = run("payments", "delete", "--why", "fel", "--", number)
    assert (shown.status, deleted.status) == (2, 2)
    assert shown.last.startswith("PAYMENT_UNKNOWN: ")
    assert deleted.last.startswith("REGISTERED_UNKNOWN: ")


def test_an_id_that_no_decision_can_have_is_an_unknown_decision(host):
    host.import_payments("Fortnox")
    assert refusal(host.take_back, "Fortnox", ids=[int(ENDLESS)]).code == "DECISION_UNKNOWN"


# --- Amounts and bank accounts ---


@pytest.mark.parametrize(
    "amount", ["1_000", "1e2", "12 50", "1,000.50", "٣", "", "NaN", "1,", "--1"]
)
def test_what_nobody_writes_as_an_amount_is_none(run, amount):  # noqa: F811
    ended = run("payments", "add", "1001", "--", amount)
    assert (ended.status, ended.last[:15]) == (2, "PAYMENT_AMOUNT:")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1 250,50", "1250.50"), ("1250.50", "1250.50"), ("−100", "-100.00"), ("1 000", "1000.00")],
)
def test_an_amount_is_taken_as_people_write_it(run, written, meant):  # noqa: F811
    ended = run("payments", "add", "1001", "--json", "--", written)
    assert (ended.status, ended.json["amount"]) == (0, meant)


@pytest.mark.parametrize("account", ["5050\n1055", "\x1b[31m", "5" * 101])
def test_a_bank_account_by_hand_is_held_to_the_rule_of_an_import(host, store, account):
    added = refusal(host.add_payment, "1001", Decimal(1), bank_account=account)
    brought_in = refusal(host.import_payments, "Fortnox", bank_account=account)
    assert (added.code, brought_in.code) == ("BANK_ACCOUNT", "BANK_ACCOUNT")
    assert list(store.payments()) == []


# --- Exports ---


def test_an_export_of_a_region_that_is_nowhere_is_refused_with_the_known_ones(host, store):
    refused = refusal(exporting.export, store, region="Nej")
    assert refused.code == "EXPORT_REGION_UNKNOWN"
    assert "standardregionen, region @Syd, region Nord" in refused.sentence.sv
    for known in ("", "Nord", "@Syd"):
        assert exporting.export(store, region=known).payments == 0


def test_no_text_of_an_export_can_be_taken_for_a_formula(host, store):
    host.add_payment("=1+1", Decimal(-1), bank_account="@BANK()")
    host.add_payment("1002", Decimal(1), region="@Syd")
    text = exporting.export(store, everything=True).text
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["invoice_number"], first["bank_account"]) == ("'=1+1", "'@BANK()")
    assert (first["amount"], second["region"]) == ("-1.00", "'@Syd")


def test_an_export_over_a_file_is_refused_before_anything_is_told(run, tmp_path):  # noqa: F811
    (tmp_path / "ut.csv").write_text("mitt", encoding="utf-8")
    [told] = run("payments", "export", "ut.csv").err.splitlines()
    assert told.startswith("EXPORT_EXISTS: ")


# --- Words ---


def test_a_payment_is_shown_with_its_customer(run):  # noqa: F811
    run("payments", "add", "1001", "100")
    customer = run("payments", "show", "1", "--json").json
    shown = run("payments", "show", "1").out
    assert customer["id"] == 1
    assert any(line.split()[0] == "Kund" for line in shown.splitlines())


def test_one_payment_is_not_several(run, plugin):  # noqa: F811
    plugin.payments = [payment(1)]
    assert "1 betalning är registrerad." in run("import", "Butik", "--save").out
    assert "1 payment, " in run("payments", "export", "-", "--lang", "en").err
    assert texts.registered(1200).sv == "1 200 betalningar är registrerade."
    assert texts.not_read(1).en.startswith("Beside these there is 1 older payment,")
    assert texts.not_read(2).en.startswith("Beside these there are 2 older payments,")
