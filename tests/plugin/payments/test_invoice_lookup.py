"""The payments of single invoices: found by number and by OCR, handed over as an import would."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pluggy
import pytest
import two_companies
from second_host import Host, hookimpl, new_run
from two_companies import NORTH, SETTINGS, Person, add_invoice, pay

from opter_fortnox_plugin import hooks
from opter_fortnox_plugin.fortnox.protocol import invoice_query, invoices_query, payments_query
from opter_fortnox_plugin.payments.settlement_lookup import MAX_INVOICES

state, company, sandbox = two_companies.state, two_companies.company, two_companies.sandbox


class HostWithPerson(Host):
    def __init__(self):
        super().__init__()
        self.person = Person()

    @hookimpl
    def opter_open_browser(self, run, url, on_redirect):
        return self.person(url, on_redirect)


@pytest.fixture
def ask(sandbox):
    """Ask for invoices; return the host that took the payments, and the report."""

    def ask(numbers=(), references=(), host=None, **run):
        manager, host = pluggy.PluginManager("opter"), host or HostWithPerson()
        manager.register(host)
        manager.register(hooks)
        more = {"configuration": sandbox.environment()} | run
        [report] = manager.hook.opter_read_invoice_payments(
            run=new_run(manager, SETTINGS, **more),
            invoice_numbers=list(numbers),
            ocr_references=list(references),
        ) or [None]
        return host, report

    return ask


def paths(sandbox):
    return [asked.path for asked in sandbox.asked if asked.path.startswith("/3/")]


def test_just_the_payments_of_the_invoice_are_handed_over(ask, company):
    pay(company, 1001)
    pay(company, 1002)
    pay(company, 1001, "200")
    host, report = ask(["1001"])
    assert sorted(host.payments) == ["1", "3"]
    assert (report.company.number, report.cursor, report.not_read) == (str(NORTH), None, 0)


def test_payments_of_invoices_whose_number_holds_this_one_are_not_handed_over(ask, company):
    """Fortnox looks for the digits anywhere in the number."""
    add_invoice(company, 11001)
    pay(company, 11001)
    pay(company, 1001)
    pay(company, 10010)
    host, _ = ask(["1001"])
    assert list(host.payments) == ["2"]
    assert host.excluded == []


def test_the_reasons_are_those_of_an_import_whatever_the_watermark_says(ask, company):
    pay(company, 1001, booked=False)
    pay(company, 900)
    host, _ = ask(["1001", "900"], cursor="nonsense")
    assert {one.key.number: one.reason for one in host.excluded} == {
        "1": "not-booked",
        "2": "below-number",
    }


def test_details_are_fetched_as_in_an_import(ask, company):
    add_invoice(company, 1011, currency="EUR", total=Decimal(100))
    pay(
        company, 1011, "1125", currency="EUR", currency_rate=Decimal("11.25"),
        amount_currency=Decimal(100),
    )  # fmt: skip
    host, _ = ask(["1011"])
    assert host.payments["1"].amount_currency == Decimal(100)


def test_an_invoice_is_found_by_its_whole_ocr_reference_only(ask, company):
    """Fortnox looks for the digits anywhere in the reference."""
    add_invoice(company, 6001, ocr="12345")
    add_invoice(company, 6002, ocr="9123459")
    pay(company, 6001)
    pay(company, 6002)
    host, _ = ask(references=["12345"])
    assert list(host.payments) == ["1"]
    assert host.payments["1"].ocr == "12345"


@pytest.mark.parametrize("number", ["K-17", "01001", "", "1" * 40, "\u0663"])
def test_what_cannot_be_a_number_there_is_not_asked_for(ask, sandbox, number):
    host, _ = ask([number])
    assert host.payments == {}
    assert "/3/invoicepayments" not in paths(sandbox)


def test_an_invoice_without_payments_takes_two_requests(ask, sandbox):
    _, report = ask(["1001"])
    assert report.requests == len(paths(sandbox)) == 2


def test_a_login_to_another_company_is_refused(ask):
    with pytest.raises(Exception, match="WRONG_COMPANY"):
        ask(["1001"], company=type("Other", (), {"number": "1", "name": "Grannens Åkeri AB"}))


class Comparing(HostWithPerson):
    """A host that compares balances, and asks after payments that it registered."""

    def __init__(self, *registered):
        super().__init__()
        self.registered, self.balances, self.gone = registered, {}, []

    @hookimpl
    def opter_known_invoices(self, run, invoice_numbers):
        return invoice_numbers

    @hookimpl
    def opter_take_balances(self, run, balances):
        self.balances |= {one.invoice_number: one.balance for one in balances}
        return len(balances)

    @hookimpl
    def opter_payments_to_check(self, run, company):
        return [SimpleNamespace(number=n, invoice_number="1001") for n in self.registered]

    @hookimpl
    def opter_take_deleted(self, run, payment_numbers):
        self.gone.extend(payment_numbers)
        return len(payment_numbers)


def test_the_balance_of_just_these_invoices_is_handed_over(ask, company, sandbox):
    pay(company, 1001, "400")
    host, report = ask(["1001"], host=Comparing())
    assert host.balances == {"1001": Decimal(600)}
    assert report.requests == len(paths(sandbox)) == 4


def test_what_may_settle_a_payment_is_handed_over_with_all_of_its_invoice_and_the_customer(
    ask, company
):
    add_invoice(company, 3001, total=Decimal(-1000))
    add_invoice(company, 3002, total=Decimal(-1000), customer_number="11")
    pay(company, 1001)
    pay(company, 1001, "300")
    pay(company, 3001, "-1000")
    pay(company, 3001, "-1000", payment_date=date(2026, 3, 3))
    pay(company, 3002, "-1000")
    pay(company, 1002, "-1000")
    host, _ = ask(["1001"], host=Comparing())
    assert sorted(host.payments) == ["1", "2", "3", "4"]
    assert host.payments["1"].customer_number == host.payments["3"].customer_number == "1"


def test_what_may_settle_a_payment_and_is_not_booked_is_handed_over_with_that_reason(ask, company):
    add_invoice(company, 3001, total=Decimal(-1000))
    pay(company, 1001)
    pay(company, 3001, "-1000", booked=False)
    host, _ = ask(["1001"], host=Comparing())
    [other] = host.excluded
    assert (other.reason, other.payment.customer_number) == ("not-booked", "1")


def test_of_a_credit_note_the_invoices_are_searched(ask, company):
    add_invoice(company, 3001, total=Decimal(-1000))
    pay(company, 1001)
    pay(company, 3001, "-1000")
    host, _ = ask(["3001"], host=Comparing())
    assert sorted(host.payments) == ["1", "2"]


def test_more_invoices_than_can_be_searched_are_reported(ask, company):
    for number in range(4000, 4000 + MAX_INVOICES + 2):
        add_invoice(company, number, total=Decimal(-1000))
    pay(company, 1001)
    _, report = ask(["1001"], host=Comparing())
    assert [note.en[:30] for note in report.notes] == ["2 of the customer's invoices w"]


def test_an_invoice_whose_payments_fill_more_than_a_page_is_reported_as_not_searched(ask, company):
    add_invoice(company, 3001, total=Decimal(-1000))
    add_invoice(company, 13001)  # Fortnox finds its payments, too
    for _ in range(500):
        pay(company, 13001, "1")
    pay(company, 1001)
    pay(company, 3001, "-1000")
    _, report = ask(["1001"], host=Comparing())
    assert [note.en[:30] for note in report.notes] == ["1 of the customer's invoices w"]


def test_a_payment_whose_details_are_needed_is_fetched_once(ask, company, sandbox):
    add_invoice(company, 3001, total=Decimal(-100), currency="EUR")
    add_invoice(company, 1099, total=Decimal(100), currency="EUR")
    for number, amount in ((1099, "1100"), (3001, "-1100")):
        pay(company, number, amount, amount_currency=Decimal(amount) / 11, currency="EUR")
    host, _ = ask(["1099"], host=Comparing())
    assert sorted(host.payments) == ["1", "2"]
    assert paths(sandbox).count("/3/invoicepayments/1") == 1


def test_a_registered_payment_that_is_deleted_is_gone_and_a_moved_one_is_handed_over(ask, company):
    for invoice in (1001, 1001, 1002):
        pay(company, invoice, "400")
    company.delete_payment(1)
    host, _ = ask(["1001"], host=Comparing("1", "3"))
    assert host.gone == ["1"]
    assert {n: one.invoice_number for n, one in host.payments.items()} == {"2": "1001", "3": "1002"}


def test_an_import_type_of_another_plug_in_is_not_answered(ask):
    assert ask(["1001"], type_code="Other")[1] is None


def test_one_filter_of_its_own_goes_with_each_request():
    assert payments_query(1, None, "1001")["invoicenumber"] == "1001"
    assert "invoicenumber" not in payments_query(1, None)
    assert invoices_query(1, "12345")["ocr"] == "12345"
    assert "ocr" not in invoices_query(1)
    assert invoices_query(1, unpaid=True)["filter"] == "unpaid"
    assert "filter" not in invoices_query(1)
    assert invoices_query(1, customer="7")["customernumber"] == "7"
    assert "customernumber" not in invoices_query(1)
    assert invoice_query("12")["documentnumber"] == "12"
