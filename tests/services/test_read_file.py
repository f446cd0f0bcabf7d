"""Region, bank account and date of an import: asked, kept with it, and kept apart."""

from __future__ import annotations

from datetime import date

import pytest
from fake_plugin import OTHER_COMPANY, FakePlugin, invoice, payment
from host_and_plugin import NOON, host_of, refusal

from hostsim.errors import exit_status, failure_of


@pytest.fixture
def invoices():
    return [invoice("1001", region="Syd"), invoice("1001", region="Nord")]


@pytest.fixture
def plugin():
    return FakePlugin(payments=[payment(3)])


@pytest.fixture
def host(store, plugin):
    host = host_of(store, plugin)
    host.define("Syd", "Fake", "API", "Syd", {"before": "2026-01-01"})
    host.define("Nord", "Fake", "API", "Nord", {"before": "2026-01-01"})
    return host


def run_of(store, name):
    return store.db.execute("SELECT * FROM runs WHERE definition = ?", (name,)).fetchone()


def test_what_was_asked_is_kept_with_the_run_and_stands_in_the_preview(host, store):
    preview = host.import_payments(
        "Syd", region="Syd", bank_account="5050-1055", date=date(2026, 11, 20)
    )
    run = run_of(store, "Syd")
    assert (run["region"], run["bank_account"], run["date"]) == ("Syd", "5050-1055", "2026-11-20")
    assert (preview.region, preview.bank_account) == ("Syd", "5050-1055")
    assert preview.date == date(2026, 11, 20)


def test_without_an_answer_it_is_the_definitions_region_no_account_and_today(host, store):
    preview = host.import_payments("Syd")
    assert (preview.region, preview.bank_account, preview.date) == ("Syd", "", NOON.date())


def test_a_saved_payment_gets_the_bank_account_and_keeps_its_own_date(host, store):
    host.import_payments("Syd", bank_account=" 5050-1055 ", date=date(2026, 11, 20))
    host.save("Syd")
    [row] = store.db.execute("SELECT bank_account, date FROM payments").fetchall()
    assert tuple(row) == ("5050-1055", "2026-01-03")


def test_another_region_than_the_definitions_is_refused_with_both_names(host, plugin):
    error = refusal(host.import_payments, "Syd", region="Nord")
    assert (error.code, exit_status(failure_of(error))) == ("REGION_DIFFERS", 2)
    assert "region Syd" in error.message.sv
    assert "region Nord" in error.message.sv
    assert plugin.runs == []


def test_the_default_region_has_a_name_in_the_refusal(host):
    assert "standardregionen" in refusal(host.import_payments, "Syd", region="").message.sv


@pytest.mark.parametrize("account", ["a\nb", "1" * 101])
def test_a_bank_account_stands_on_one_line_and_is_not_endless(host, account):
    assert refusal(host.import_payments, "Syd", bank_account=account).code == "BANK_ACCOUNT"


def test_the_region_of_a_definition_can_be_changed_until_something_is_saved(host, store):
    host.import_payments("Syd")
    host.change("Syd", {}, region="Nord")
    assert store.definition("Syd").region == "Nord"
    assert host.open_preview("Syd") is None  # it was read for the other region
    host.import_payments("Syd")
    host.save("Syd")
    error = refusal(host.change, "Syd", {}, region="Syd")
    assert error.code == "REGION_FIXED"
    assert store.definition("Syd").region == "Nord"


def test_a_first_login_to_the_company_of_another_region_is_refused_with_the_names(host, store):
    """Its payments would lie on this region's invoices of the same numbers."""
    host.import_payments("Syd")
    host.save("Syd")
    error = refusal(host.import_payments, "Nord")
    assert (error.code, exit_status(failure_of(error))) == ("COMPANY_OF_OTHER_REGION", 3)
    for name in ("Åkeriet AB (77)", "region Syd", "region Nord"):
        assert name in error.message.sv
        assert name in error.message.en
    assert run_of(store, "Nord")["state"] == "failed"


def test_it_is_refused_at_the_save_too_where_both_were_read_before_either_was_saved(host, store):
    host.import_payments("Syd")
    host.import_payments("Nord")
    host.save("Syd")
    assert refusal(host.save, "Nord").code == "COMPANY_OF_OTHER_REGION"
    assert len(list(store.payments())) == 1


def test_regions_that_are_one_company_each_take_the_payments_of_their_own_invoices(store, plugin):
    store.load_invoices([invoice("2001", region="Syd"), invoice("3001", region="Nord")])
    host = host_of(store, plugin)
    plugin.payments = [payment(1, "2001"), payment(2, "3001")]
    host.define("Syd", "Fake", "API", "Syd", {"before": "2026-01-01"})
    values = {"before": "2026-01-01"}
    assert refusal(host.define, "N", "Fake", "API", "Nord", values, company_of="Syd").code == (
        "COMPANY_NOT_KNOWN"
    )
    host.import_payments("Syd")
    host.save("Syd")
    host.define("N", "Fake", "API", "Nord", values, company_of="Syd")
    host.import_payments("N")
    host.save("N")
    saved = {one.payment.key.number: one.host_invoice_number for one in store.registered()}
    assert saved == {"1": "2001", "2": "3001"}


def test_two_definitions_of_one_region_may_read_one_company(host):
    host.define("Syd igen", "Fake", "API", "Syd", {"before": "2026-01-01"})
    host.import_payments("Syd")
    host.save("Syd")
    assert host.import_payments("Syd igen").counts["rejected"] == 1


def test_each_region_pays_its_own_invoice_of_the_same_number(host, store, plugin):
    host.import_payments("Syd")
    host.save("Syd")
    plugin.company = OTHER_COMPANY
    plugin.payments = [payment(3, amount="400", company=OTHER_COMPANY)]
    host.import_payments("Nord")
    host.save("Nord")
    assert {one.region: one.remaining for one in store.invoices()} == {"Syd": 0, "Nord": 600}


# --- On the command line ---


def test_the_command_line_asks_for_all_three_and_shows_them(ready):
    shown = ready("import", "Butik", "--bank-account", "5050-1055", "--date", "2026-11-20")
    assert "Region: [Standard]   Bankkonto: 5050-1055   Datum: 2026-11-20" in shown.out
    found = ready("import", "Butik", "--bank-account", "B", "--date", "2026-11-20", "--json").json
    assert (found["region"], found["bank_account"], found["date"]) == ("", "B", "2026-11-20")


def test_the_command_line_refuses_another_region_and_changes_one(ready):
    assert ready("import", "Butik", "--region", "Syd").last.startswith("REGION_DIFFERS: ")
    assert ready("formats", "set", "Butik", "--region", "Syd", "--json").json["region"] == "Syd"
    assert ready("import", "Butik", "--region", "Syd").status == 0
