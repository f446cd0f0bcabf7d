"""The export of invoices against the sandbox, over HTTP."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from invoice_export import KALMAR, POSTS, PUTS, Office, invoice, new_sandbox, row, send_all_after

from hostsim.sandbox import Fault, Invoice, Match
from opter_contract.export_values import ExportItem
from opter_contract.values import Company
from opter_fortnox_plugin.errors import FortnoxError


@pytest.fixture
def office():
    with new_sandbox() as sandbox:
        yield Office(sandbox)


def codes(recorded):
    return {one.id: (one.state, one.code) for one in recorded.results}


def planned(recorded):
    return {one.id: (one.state, one.code) for one in recorded.planned}


def plan_of(recorded):
    [planned] = recorded.planned
    return planned.state, planned.action, planned.code


# --- what is sent ------------------------------------------------------------------


def test_an_invoice_is_sent_with_its_own_number_and_reference(office):
    recorded = office.set_invoices(invoice()).export()
    assert codes(recorded) == {"/10301": ("sent", "")}
    there = office.get_invoice()
    assert there["DocumentNumber"] == "10301"
    assert there["OCR"] == invoice().ocr
    assert there["ExternalInvoiceReference1"] == "opter//10301/"
    assert there["Total"] == 1250
    assert [one["Description"] for one in there["InvoiceRows"]] == [
        "Faktura 10301, 4555, 2026-10-28",
        "Försäljning inom Sverige, 25 % moms",
    ]
    assert not there["Booked"]


def test_a_customer_is_made_first(office):
    recorded = office.set_invoices(invoice()).export()
    assert [(one.number, one.action) for one in recorded.cards] == [("1042", "create")]
    card = office.fortnox.registers.get("customers", "1042")
    assert card["Name"] == "Kalmar Glas & Porslin AB"
    assert card["VATType"] == "SEVAT"


def test_what_rounding_makes_differ_goes_to_the_rounding_account(office):
    ours = invoice("10301", *[row("99.99", "25.00")] * 3)
    recorded = office.set_invoices(ours).export(rounding_account="3740")
    [plan] = recorded.planned
    assert plan.total == plan.other_total == Decimal("374.97")
    assert plan.code == "ROUNDED"
    assert "75.00 on the rows but 74.99 on the sum" in plan.message.en
    assert office.get_invoice()["Total"] == 374.97


def test_without_a_rounding_account_such_an_invoice_is_refused_and_explained(office):
    recorded = office.set_invoices(invoice("10301", *[row("99.99", "25.00")] * 3)).export()
    assert plan_of(recorded) == ("refused", "none", "TOTAL_DIFFERS")
    assert "75.00" in recorded.planned[0].message.en
    assert "74.99" in recorded.planned[0].message.en
    assert office.numbers() == []


def test_what_the_company_adds_by_itself_is_not_added(office):
    office.fortnox.registers.change_set_up(administration_fee=Decimal(49), freight=Decimal(20))
    recorded = office.set_invoices(invoice()).export()
    assert codes(recorded) == {"/10301": ("sent", "")}
    assert office.get_invoice()["Total"] == 1250


def test_an_export_that_was_made_changes_nothing_when_it_is_made_again(office):
    office.set_invoices(invoice()).export()
    before = office.get_invoice()
    recorded = office.export()
    assert plan_of(recorded) == ("unchanged", "none", "")
    assert office.get_invoice() == before
    assert office.requests("POST", "/3/invoices") == 1


def test_a_changed_invoice_is_updated_whole(office):
    office.set_invoices(invoice("10301", row(), row("50.00", "12.50", account="3041"))).export()
    recorded = office.set_invoices(invoice("10301", row("900.00", "225.00"))).export()
    [planned] = recorded.planned
    assert (planned.state, planned.action) == ("ready", "update")
    assert {one.field for one in planned.differences} >= {"Total", "InvoiceRows"}
    assert office.get_invoice()["Total"] == 1125
    assert len(office.get_invoice()["InvoiceRows"]) == 2


def test_only_the_scopes_that_the_settings_use_are_asked_for(office):
    office.set_invoices(invoice()).export()
    [asked] = [one for one in office.sandbox.asked if one.path == "/oauth-v1/auth"]
    assert asked.query["scope"] == (
        "invoice customer bookkeeping currency settings companyinformation"
    )


# --- nothing doubles ----------------------------------------------------------------


def correction(number="10302", original="10301"):
    return invoice(number, row("-1000.00", "-250.00"), type="correction", credits=original)


def there_already(office, **fields):
    values = {
        "number": 10301,
        "total": Decimal("1250.00"),
        "currency": "SEK",
        "customer_number": "1042",
        "invoice_date": invoice().invoice_date,
        "due_date": invoice().due_date,
    }
    office.fortnox.add_invoice(Invoice(**values | fields))


@pytest.mark.parametrize("number", ["9" * 5000, "١"])
def test_a_number_that_is_no_integer_is_refused_and_the_others_are_sent(office, number):
    there_already(office, number=1)
    strange = ExportItem("/strange", replace(invoice(), invoice_number=number))
    office.host.items = [strange, *office.set_invoices(invoice()).host.items]
    recorded = office.export()
    assert [(one.id, one.code) for one in recorded.planned] == [
        ("/strange", "NUMBER_NOT_USABLE"),
        ("/10301", ""),
    ]
    assert sorted(office.numbers()) == [1, 10301]


def test_an_equal_invoice_that_is_there_already_is_adopted(office):
    there_already(office)
    recorded = office.set_invoices(invoice()).export()
    assert plan_of(recorded) == ("adopted", "none", "")
    assert codes(recorded) == {"/10301": ("adopted", "")}
    assert office.requests("POST", "/3/invoices") == office.requests("PUT", "/3/invoices/*") == 0


def test_what_others_made_is_told_by_the_list_alone(office):
    for number in (10301, 10302, 10303):
        there_already(office, number=number)
    recorded = office.set_invoices(
        *[invoice(str(number)) for number in (10301, 10302, 10303)]
    ).export()
    assert {one.state for one in recorded.results} == {"adopted"}
    assert office.requests("GET", "/3/invoices") == 1
    assert office.requests("GET", "/3/invoices/*") == 0


def test_another_invoice_of_the_number_is_refused_with_both_sides(office):
    there_already(office, total=Decimal("99.00"))
    recorded = office.set_invoices(invoice()).export()
    assert plan_of(recorded) == ("refused", "none", "NUMBER_TAKEN")
    [difference] = recorded.planned[0].differences
    assert (difference.ours, difference.theirs) == ("1250.00", "99.00")
    assert office.requests("PUT", "/3/invoices/*") == 0


def test_a_number_that_is_taken_between_preview_and_send_is_refused(office):
    review = send_all_after(lambda: there_already(office, total=Decimal("99.00")))
    recorded = office.set_invoices(invoice()).export(review=review)
    assert codes(recorded) == {"/10301": ("refused", "NUMBER_TAKEN")}
    assert office.fortnox.invoice(10301).total == Decimal("99.00")


def test_a_refused_invoice_is_shown_with_the_customer_that_it_was_sent_to(office):
    office.set_invoices(invoice()).export()
    office.cancel()
    moved = invoice(customer=replace(KALMAR, ledger_number="1043"))
    recorded = office.set_invoices(moved).export()
    assert plan_of(recorded) == ("refused", "none", "CANCELLED_IN_FORTNOX")
    assert recorded.planned[0].party_number == "1042"


def test_a_cancelled_number_is_not_used_again(office):
    there_already(office, cancelled=True)
    recorded = office.set_invoices(invoice()).export()
    assert plan_of(recorded) == ("refused", "none", "CANCELLED_IN_FORTNOX")


def test_a_booked_invoice_is_not_updated_and_its_differences_are_shown(office):
    office.set_invoices(invoice()).export()
    office.fortnox.book_invoice(10301)
    recorded = office.set_invoices(invoice("10301", row("900.00", "225.00"))).export()
    assert plan_of(recorded) == ("booked", "none", "BOOKED_IN_FORTNOX")
    assert any(one.field == "Total" for one in recorded.planned[0].differences)
    assert office.get_invoice()["Total"] == 1250


# --- lost answers ---------------------------------------------------------------------

LOST = {
    "a reset": Fault.reset(performed=True),
    "a reset before": Fault.reset(),
    "a 500 after the effect": Fault(500, performed=True),
    "a 500 before": Fault(500),
    "a page": Fault.html(),
    "half an answer": Fault.truncated(),
    "garbage after the effect": replace(Fault.garbage(), performed=True),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
@pytest.mark.parametrize("times", [1, 2])
def test_an_answer_that_is_lost_is_settled_by_asking(office, fault, times):
    office.fault(fault, POSTS, times=times)
    recorded = office.set_invoices(invoice()).export()
    assert codes(recorded) == {"/10301": ("sent", "")}
    assert office.numbers() == [10301]
    assert office.get_invoice()["Total"] == 1250


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_a_lost_answer_to_an_update_is_settled_by_asking(office, fault):
    office.set_invoices(invoice()).export()
    office.fault(fault, PUTS)
    recorded = office.set_invoices(invoice("10301", row("900.00", "225.00"))).export()
    assert codes(recorded) == {"/10301": ("sent", "")}
    assert office.get_invoice()["Total"] == 1125


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_a_lost_answer_about_a_customer_is_settled_by_asking(office, fault):
    office.fault(fault, Match("POST", "/3/customers"))
    recorded = office.set_invoices(invoice()).export()
    assert codes(recorded) == {"/10301": ("sent", "")}


def test_what_cannot_be_settled_is_unknown_and_asked_for_at_the_next_export(office):
    office.fault(Fault.reset(performed=True), POSTS)
    office.fault(Fault(503), Match("GET", "/3/invoices/10301"), times=None)
    recorded = office.set_invoices(invoice()).export()
    assert codes(recorded) == {"/10301": ("unknown", "RESULT_UNKNOWN")}
    office.sandbox.faults.clear()
    office.host.forget_results()
    recorded = office.export()
    assert codes(recorded) == {"/10301": ("unchanged", "")}
    assert office.requests("POST", "/3/invoices") == 1


def test_an_intent_comes_before_its_request_and_a_result_right_after(office):
    office.set_invoices(*[invoice(str(number)) for number in range(10301, 10400)]).export()
    assert sorted(office.recorded.intents) == sorted(one.id for one in office.recorded.results)
    assert len(office.numbers()) == 99


def test_a_correction_is_sent_after_the_invoice_that_it_corrects(office):
    correction = invoice("10290", row("-1000.00", "-250.00"), type="correction", credits="10301")
    recorded = office.set_invoices(correction, invoice()).export()
    assert codes(recorded) == {"/10290": ("sent", ""), "/10301": ("sent", "")}
    assert office.get_invoice("10290")["CreditInvoiceReference"] == "10301"
    assert office.get_invoice("10290")["Total"] == -1250


# --- the total --------------------------------------------------------------------------


def test_another_total_is_told_with_its_likely_cause(office):
    office.sandbox.switchboard.set(whole_kronor=True)
    ours = invoice("10301", row("999.80", "249.95"))
    recorded = office.set_invoices(ours).export(after_sending="sent-by-host")
    [result] = recorded.results
    assert (result.state, result.code) == ("sent", "TOTAL_DIFFERS")
    assert "kronor" in result.message.en
    assert office.requests("PUT", "/3/invoices/10301/externalprint") == 0


# --- gaps -------------------------------------------------------------------------------


def test_every_gap_of_the_batch_is_told_and_nothing_is_sent(office):
    recorded = office.set_invoices(
        invoice("10301", row(account="3999")),
        invoice("10302", currency="XPF", exchange_rate=Decimal("10.5")),
        invoice("10303", invoice_date=invoice().invoice_date.replace(year=2002)),
        invoice("10304", row(rate="0-moon", vat="0")),
        invoice("10305", customer=replace(KALMAR, ledger_number="")),
        invoice("10306"),
    ).export(export_from_date="2000-01-01", review=lambda _: ())
    assert {(one.code, *one.ids) for one in recorded.gaps} == {
        ("ACCOUNT_UNKNOWN", "/10301"),
        ("CURRENCY_UNKNOWN", "/10302"),
        ("FINANCIAL_YEAR_MISSING", "/10303"),
        ("VAT_RATE_UNKNOWN", "/10304"),
        ("CUSTOMER_NUMBER_MISSING", "/10305"),
    }
    assert {one.id: one.state for one in recorded.planned}["/10306"] == "ready"


def test_a_locked_period_is_a_gap(office):
    office.fortnox.registers.change_set_up(locked_until=invoice().invoice_date)
    recorded = office.set_invoices(invoice()).export()
    assert [one.code for one in recorded.gaps] == ["PERIOD_LOCKED"]
    assert office.numbers() == []


def test_a_vat_rate_that_fortnox_refuses_becomes_a_gap_and_stops_the_batch(office):
    ours = [invoice(str(n), row("100.00", "13.00", rate="13")) for n in range(10301, 10310)]
    recorded = office.set_invoices(*ours).export()
    assert [one.code for one in recorded.gaps] == ["VAT_RATE_UNKNOWN"]
    assert set(recorded.gaps[0].ids) == {f"/{number}" for number in range(10301, 10310)}
    assert office.numbers() == []


# --- customers -----------------------------------------------------------------------------


def test_only_filled_in_fields_that_differ_are_written_to_a_customer(office):
    office.set_invoices(invoice()).export()
    changed = replace(KALMAR, city="Nybro", email="", zip="39200")
    recorded = office.set_invoices(invoice(customer=changed)).export()
    [card] = recorded.cards
    assert [(one.field, one.ours, one.theirs) for one in card.differences] == [
        ("City", "Nybro", "Kalmar")
    ]
    assert office.fortnox.registers.get("customers", "1042")["City"] == "Nybro"
    assert office.fortnox.registers.get("customers", "1042")["Email"] == "faktura@example.com"


def test_customers_are_not_updated_where_the_settings_say_so(office):
    office.set_invoices(invoice()).export()
    changed = replace(KALMAR, city="Nybro")
    recorded = office.set_invoices(invoice(customer=changed)).export(update_customers="false")
    assert recorded.cards == []
    assert office.fortnox.registers.get("customers", "1042")["City"] == "Kalmar"


def test_an_organisation_number_that_another_customer_has_is_told(office):
    other = {"CustomerNumber": "7", "Name": "Kalmar", "OrganisationNumber": "5560000000"}
    office.fortnox.registers.put("customers", "7", other, office.sandbox.clock.now())
    recorded = office.set_invoices(invoice()).export()
    [card] = recorded.cards
    assert card.action == "create"
    assert "7" in card.message.en


def test_a_card_whose_kind_of_vat_contradicts_is_refused(office):
    office.set_invoices(invoice()).export()
    abroad = invoice("10302", row("100.00", "0", rate="0-eu"))
    recorded = office.set_invoices(abroad).export()
    assert plan_of(recorded) == ("refused", "none", "VAT_KIND_CONTRADICTS")


def test_two_customers_of_one_number_are_never_one_in_fortnox(office):
    other = replace(KALMAR, code="NYBR", name="Nybro Trä AB")
    recorded = office.set_invoices(invoice("10301"), invoice("10302", customer=other)).export()
    states = {one.id: (one.state, one.code) for one in recorded.planned}
    assert set(states.values()) == {("refused", "CUSTOMER_NUMBER_SHARED")}
    assert office.numbers() == []


def test_a_code_is_another_customer_in_each_region_of_an_export(office):
    other = replace(KALMAR, name="Nybro Trä AB", organisation_number="")
    recorded = office.set_invoices(
        invoice("10301", region="Nord"), invoice("10302", region="Syd", customer=other)
    ).export()
    assert {one.code for one in recorded.planned} == {"CUSTOMER_NUMBER_SHARED"}
    assert "Nord/KALM, Syd/KALM" in recorded.planned[0].message.en


def test_invoices_of_one_customer_may_have_its_name_before_and_after_a_change(office):
    renamed = replace(KALMAR, name="Kalmar Glas AB")
    recorded = office.set_invoices(invoice("10301"), invoice("10302", customer=renamed)).export()
    assert codes(recorded) == {"/10301": ("sent", ""), "/10302": ("sent", "")}


def test_a_booked_invoice_whose_customer_lost_its_number_is_still_compared(office):
    office.set_invoices(invoice()).export()
    office.fortnox.book_invoice(10301)
    numberless = replace(KALMAR, ledger_number="")
    recorded = office.set_invoices(invoice(customer=numberless)).export()
    assert plan_of(recorded) == ("booked", "none", "BOOKED_IN_FORTNOX")
    assert [one.field for one in recorded.planned[0].differences] == ["CustomerNumber"]


# --- taking back -----------------------------------------------------------------------------


def test_an_invoice_that_is_not_booked_is_cancelled(office):
    office.set_invoices(invoice()).export()
    assert office.cancel().state == "cancelled"
    assert office.fortnox.invoice(10301).cancelled
    assert office.cancel().state == "cancelled"


def test_an_invoice_whose_rows_the_host_has_lost_is_cancelled(office):
    office.set_invoices(invoice()).export()
    office.set_invoices(replace(invoice(), rows=()))
    assert office.cancel().state == "cancelled"


def test_an_unknown_invoice_whose_rows_the_host_has_lost_is_found_and_not_written(office):
    office.set_invoices(invoice()).export()
    office.set_invoices(replace(invoice(), rows=()), intended=True)
    office.host.given = lambda one: one
    recorded = office.export()
    assert codes(recorded) == {"/10301": ("unchanged", "")}
    assert (recorded.results[-1].number, recorded.results[-1].total) == ("10301", 1250)
    assert office.requests("PUT", "/3/invoices/*") == 0


def test_an_unknown_invoice_that_is_not_there_is_not_made_without_its_rows(office):
    office.set_invoices(replace(invoice(), rows=()), intended=True)
    office.host.given = lambda one: one
    recorded = office.export()
    assert plan_of(recorded) == ("refused", "none", "ROWS_MISSING")
    assert recorded.planned[0].other_total is None
    assert office.numbers() == []


def test_a_booked_invoice_is_not_cancelled(office):
    office.set_invoices(invoice()).export()
    office.fortnox.book_invoice(10301)
    result = office.cancel()
    assert (result.state, result.code) == ("booked", "BOOKED_IN_FORTNOX")


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_a_lost_answer_to_a_cancellation_is_settled_by_asking(office, fault):
    office.set_invoices(invoice()).export()
    office.fault(fault, Match("PUT", "/3/invoices/10301/cancel"))
    assert office.cancel().state == "cancelled"


# --- PDF and mark --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/3/inbox", "/api/fileattachments/attachments-v1"])
@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_a_pdf_is_attached_once_whatever_answer_is_lost(office, path, fault):
    office.host.documents = {"/10301": b"%PDF-1.4 test"}
    office.fault(fault, Match("POST", path))
    recorded = office.set_invoices(invoice(document="10301.pdf")).export(attach_pdf="true")
    assert recorded.results[-1].complete
    assert len(office.fortnox.registers.attachments) == 1
    assert len(office.fortnox.registers.files) == 1


def test_an_invoice_is_marked_as_sent_where_the_settings_say_so(office):
    recorded = office.set_invoices(invoice()).export(after_sending="sent-by-host")
    assert [one.complete for one in recorded.results] == [False, True]
    assert office.get_invoice()["Sent"]


def test_a_pdf_of_an_updated_invoice_is_not_taken_for_the_one_that_is_attached(office):
    office.host.documents = {"/10301": b"%PDF-1.4 first"}
    office.set_invoices(invoice(document="10301.pdf")).export(attach_pdf="true")
    office.host.documents = {"/10301": b"%PDF-1.4 second"}
    changed = invoice("10301", row("900.00", "225.00"), document="10301.pdf")
    recorded = office.set_invoices(changed).export(attach_pdf="true")
    assert recorded.results[-1].code == "PDF_NOT_REPLACED"
    assert recorded.results[-1].total == Decimal(1125)


def test_another_file_in_the_inbox_is_never_taken_for_the_pdf(office):
    office.host.documents = {"/10301": b"%PDF-1.4 ours"}
    office.upload("10301.pdf", b"%PDF-1.4 somebody else's")
    office.fault(Fault(500), Match("POST", "/3/inbox"))
    office.set_invoices(invoice(document="10301.pdf")).export(attach_pdf="true")
    [attached] = office.fortnox.registers.attachments.values()
    contents = {one.archive_id: one.content for one in office.fortnox.registers.files.values()}
    assert contents[attached["fileId"]] == b"%PDF-1.4 ours"


# --- what was there, and what is another's -----------------------------------------------------


def test_an_equal_invoice_of_a_locked_period_is_adopted(office):
    there_already(office, booked=True)
    office.fortnox.registers.change_set_up(locked_until=invoice().invoice_date)
    recorded = office.set_invoices(invoice()).export()
    assert recorded.gaps == []
    assert codes(recorded) == {"/10301": ("adopted", "")}


def test_an_unknown_result_is_settled_although_the_period_was_locked_since(office):
    office.set_invoices(invoice()).export()
    office.host.forget_results()
    office.fortnox.registers.change_set_up(locked_until=invoice().invoice_date)
    recorded = office.export()
    assert codes(recorded) == {"/10301": ("unchanged", "")}


def test_what_cannot_be_changed_any_more_is_still_known_to_be_there(office):
    office.set_invoices(invoice()).export()
    office.host.forget_results()
    odd = replace(KALMAR, name="A <B>")
    recorded = office.set_invoices(invoice("10301", row("900.00", "225.00"), customer=odd)).export(
        review=lambda recorded: [one.id for one in recorded.planned]
    )
    [result] = recorded.results
    assert (result.state, result.code, result.number) == ("refused", "TEXT_REFUSED", "10301")


@pytest.mark.parametrize("fault", [Fault(401), Fault(403), Fault(403, "<html>")], ids=str)
def test_whatever_goes_wrong_after_a_write_leaves_it_unknown(office, fault):
    office.fault(Fault.reset(performed=True), POSTS)
    office.fault(fault, Match("GET", "/3/invoices/10301"), times=None)
    with suppress(FortnoxError):
        assert office.set_invoices(invoice()).export().report.notes
    assert codes(office.recorded) == {"/10301": ("unknown", "RESULT_UNKNOWN")}


@pytest.mark.parametrize("status", [302, 401, 403, 407])
def test_what_somebody_else_answers_to_a_write_is_asked_after_and_not_made_again(office, status):
    page = Fault(status, "<html>", "text/html", headers={"Server": "squid"})
    office.fault(page, POSTS, times=None)
    recorded = office.set_invoices(invoice(), invoice("10302")).export()
    assert office.requests("POST", "/3/invoices") <= 2
    assert {state for state, _ in codes(recorded).values()} == {"refused"}
    assert "squid" in recorded.report.notes[0].en


def test_what_was_written_and_answered_by_somebody_else_is_found(office):
    office.fault(Fault(403, "<html>", "text/html", performed=True), POSTS)
    recorded = office.set_invoices(invoice()).export()
    assert codes(recorded) == {"/10301": ("sent", "")}


def test_a_customer_whose_request_somebody_else_answers_is_not_blamed(office):
    page = Fault(407, "<html>", "text/html", headers={"Server": "squid"})
    office.fault(page, Match("POST", "/3/customers"), times=None)
    recorded = office.set_invoices(invoice()).export()
    assert office.requests("POST", "/3/customers") == 1
    assert codes(recorded) == {"/10301": ("refused", "NOT_SENT")}
    assert any("squid" in note.en for note in recorded.report.notes)


def test_the_same_number_of_another_region_is_never_adopted(office):
    office.set_invoices(invoice(region="N")).export()
    recorded = office.set_invoices(invoice(region="S")).export()
    assert plan_of(recorded) == ("refused", "none", "NUMBER_TAKEN")


def test_an_invoice_of_others_is_never_cancelled(office):
    office.set_invoices(invoice(), intended=True)
    there_already(office, customer_number="7", total=Decimal(99))
    result = office.cancel()
    assert (result.state, result.code) == ("refused", "NUMBER_TAKEN")
    assert not office.fortnox.invoice(10301).cancelled


def test_a_lost_answer_to_a_cancellation_that_cannot_be_settled_is_unknown(office):
    office.set_invoices(invoice()).export()
    office.fault(Fault.reset(performed=True), Match("PUT", "/3/invoices/10301/cancel"))
    office.fault(Fault(503), Match("GET", "/3/invoices/10301"), times=None, after=1)
    assert office.cancel().state == "unknown"


def test_another_customer_of_the_number_is_never_overwritten(office):
    other = {"CustomerNumber": "1042", "Name": "Någon annan AB", "VATType": "EXPORT"}
    customer = "customers", "1042", other, office.sandbox.clock.now()
    review = send_all_after(lambda: office.fortnox.registers.put(*customer))
    recorded = office.set_invoices(invoice()).export(review=review)
    assert codes(recorded) == {"/10301": ("refused", "CUSTOMER_NUMBER_TAKEN")}
    assert office.fortnox.registers.get("customers", "1042")["Name"] == "Någon annan AB"


def test_customers_that_differ_are_written_when_the_setting_is_switched_on(office):
    office.set_invoices(invoice()).export()
    changed = replace(KALMAR, city="Nybro")
    office.set_invoices(invoice(customer=changed)).export(update_customers="false")
    recorded = office.export(update_customers="true")
    assert [one.action for one in recorded.cards] == ["update"]
    assert office.fortnox.registers.get("customers", "1042")["City"] == "Nybro"


def test_another_total_is_told_at_every_export_until_it_is_right(office):
    office.sandbox.switchboard.set(whole_kronor=True)
    office.set_invoices(invoice("10301", row("999.80", "249.95"))).export()
    recorded = office.export()
    assert recorded.planned[0].code == "TOTAL_DIFFERS"
    assert [(one.code, one.complete) for one in recorded.results] == [("TOTAL_DIFFERS", False)]
    office.sandbox.switchboard.set(whole_kronor=False)
    assert codes(office.export()) == {"/10301": ("sent", "")}
    assert codes(office.export()) == {"/10301": ("unchanged", "")}


def test_an_update_leaves_nothing_of_what_stood_in_the_rows(office):
    now = office.sandbox.clock.now()
    office.fortnox.registers.put("projects", "P9", {"ProjectNumber": "P9", "Description": "x"}, now)
    office.set_invoices(invoice()).export()
    rows = office.get_invoice()["InvoiceRows"]
    for one in rows:
        one |= {"Project": "P9", "Unit": "h"}
    kept = ("RowId", "AccountNumber", "Description", "Price", "VAT", "Project", "Unit")
    fields = [
        {key: one[key] for key in kept} | {"DeliveredQuantity": one["DeliveredQuantity"]}
        for one in rows
    ]
    office.change_invoice("10301", {"Project": "P9", "InvoiceRows": fields})
    recorded = office.export()
    assert codes(recorded) == {"/10301": ("sent", "")}
    assert {one["Project"] for one in office.get_invoice()["InvoiceRows"]} == {""}
    assert {one["Unit"] for one in office.get_invoice()["InvoiceRows"]} == {""}


def test_an_invoice_of_others_under_an_exported_number_is_not_touched(office):
    office.set_invoices(invoice()).export()
    office.fortnox.delete_invoice(10301)
    there_already(office, customer_number="77", total=Decimal(10000))
    result = office.cancel()
    assert (result.state, result.code) == ("refused", "NUMBER_TAKEN")
    recorded = office.set_invoices(invoice("10301", row("900.00", "225.00"))).export()
    assert plan_of(recorded) == ("refused", "none", "NUMBER_TAKEN")
    assert office.requests("PUT", "/3/invoices/*") == 0


def test_a_card_of_another_company_is_not_overwritten(office):
    office.set_invoices(invoice()).export()
    other = replace(KALMAR, code="B", name="Beta AB", organisation_number="556999-9999")
    recorded = office.set_invoices(invoice("10302", customer=other)).export()
    assert plan_of(recorded) == ("refused", "none", "CUSTOMER_CONTRADICTS")
    assert office.fortnox.registers.get("customers", "1042")["Name"] == KALMAR.name


def test_what_is_taken_away_here_is_taken_away_there(office):
    correction = invoice("10302", row("-1000.00", "-250.00"), type="correction", credits="10301")
    office.set_invoices(invoice(), correction).export()
    office.set_invoices(replace(correction, credits="")).export()
    assert office.get_invoice("10302")["CreditInvoiceReference"] == "0"


def test_an_invoice_that_becomes_one_in_sek_has_no_rate_any_more(office):
    office.set_invoices(invoice(currency="EUR", exchange_rate=Decimal(12))).export()
    office.set_invoices(invoice()).export()
    assert (office.get_invoice()["Currency"], office.get_invoice()["CurrencyRate"]) == ("SEK", 1)


@pytest.mark.parametrize("content", [b"text", b"%PDF-" + bytes(6 * 1024 * 1024)])
def test_what_is_no_pdf_or_too_large_is_not_sent(office, content):
    office.host.documents = {"/10301": content}
    recorded = office.set_invoices(invoice(document="10301.pdf")).export(attach_pdf="true")
    assert (recorded.results[-1].state, recorded.results[-1].code) == ("sent", "PDF_NOT_USABLE")
    assert office.requests("POST", "/3/inbox") == 0


def test_an_exported_invoice_that_is_not_there_is_not_made_again(office):
    office.set_invoices(invoice(), exported=True, number="10301")
    office.host.given = lambda one: one
    recorded = office.export()
    assert plan_of(recorded) == ("refused", "none", "NOT_IN_FORTNOX")
    assert office.numbers() == []


def test_an_invoice_that_was_edited_there_after_the_preview_is_updated_all_the_same(office):
    office.set_invoices(invoice()).export()

    edited = {"InvoiceRows": [{"AccountNumber": 3001, "Price": 1, "Description": "x"}]}
    review = send_all_after(lambda: office.change_invoice("10301", edited))
    recorded = office.set_invoices(invoice("10301", row("900.00", "225.00"))).export(review=review)
    assert codes(recorded) == {"/10301": ("sent", "")}
    assert office.get_invoice()["Total"] == 1125


def test_a_correction_of_what_was_not_sent_is_not_sent_either(office):
    office.fault(
        Fault(400, '{"ErrorInformation":{"Code":2000588,"Message":"Nej."}}', "application/json"),
        POSTS,
    )
    correction = invoice("10302", row("-1000.00", "-250.00"), type="correction", credits="10301")
    recorded = office.set_invoices(invoice(), correction).export()
    assert codes(recorded) == {
        "/10301": ("refused", "REFUSED_BY_FORTNOX"),
        "/10302": ("refused", "ORIGINAL_NOT_SENT"),
    }


@pytest.mark.parametrize("original", ["10301", "010301", "9" * 5000])
def test_a_correction_alone_of_what_was_never_sent_is_refused_in_the_preview(office, original):
    recorded = office.set_invoices(correction("10302", original)).export()
    assert plan_of(recorded) == ("refused", "none", "ORIGINAL_NOT_SENT")
    assert office.numbers() == []


def test_a_correction_alone_of_what_is_there_is_sent(office):
    office.set_invoices(invoice()).export()
    recorded = office.set_invoices(correction()).export()
    assert codes(recorded) == {"/10302": ("sent", "")}


def test_a_correction_of_what_is_cancelled_is_refused_in_the_preview(office):
    office.set_invoices(invoice()).export()
    office.ask("PUT", "invoices/10301/cancel", json={})
    recorded = office.set_invoices(correction()).export()
    assert plan_of(recorded) == ("refused", "none", "ORIGINAL_CANCELLED")
    recorded = office.set_invoices(invoice(), correction()).export()
    assert recorded.planned[1].code == "ORIGINAL_CANCELLED"
    assert office.numbers() == [10301]


def test_a_sent_correction_of_what_was_cancelled_since_is_to_be_taken_back(office):
    office.set_invoices(invoice(), correction()).export()
    office.ask("PUT", "invoices/10301/cancel", json={})
    changed = replace(correction(), rows=(row("-500.00", "-125.00"),))
    recorded = office.set_invoices(changed).export()
    assert plan_of(recorded) == ("refused", "none", "ORIGINAL_CANCELLED")
    assert "Ta tillbaka rättelsen, eller" in recorded.planned[0].message.sv
    assert office.cancel("10302").state == "cancelled"


def test_a_booked_correction_is_not_taken_back_and_says_to_book_its_invoice_too(office):
    office.set_invoices(invoice(), correction()).export()
    office.fortnox.book_invoice(10302)
    result = office.cancel("10302")
    assert (result.state, result.code) == ("booked", "BOOKED_IN_FORTNOX")
    assert "Book invoice 10301 that it corrects, too" in result.message.en


def test_a_correction_of_the_invoice_of_another_customer_is_refused_in_the_preview(office):
    others = invoice(customer=replace(KALMAR, code="NYBR", ledger_number="1043"))
    recorded = office.set_invoices(others, correction()).export()
    assert recorded.planned[1].code == "ORIGINAL_OF_OTHER_CUSTOMER"
    recorded = office.set_invoices(correction()).export()
    assert plan_of(recorded) == ("refused", "none", "ORIGINAL_OF_OTHER_CUSTOMER")
    assert office.numbers() == [10301]


RENUMBERED = replace(KALMAR, ledger_number="1043")


@pytest.mark.parametrize("together", [False, True])
def test_a_correction_of_a_booked_invoice_gets_the_number_that_its_customer_had(office, together):
    office.set_invoices(invoice()).export()
    office.fortnox.book_invoice(10301)
    originals = [invoice(customer=RENUMBERED)] if together else []
    office.set_invoices(*originals, replace(correction(), customer=RENUMBERED))
    recorded = office.export()
    assert codes(recorded)["/10302"] == ("sent", "")
    assert office.get_invoice("10302")["CustomerNumber"] == "1042"
    one = recorded.planned[-1]
    assert (one.party_number, one.code) == ("1042", "CUSTOMER_RENUMBERED")
    assert codes(office.export())["/10302"] == ("unchanged", "")


def test_a_correction_of_an_unbooked_invoice_waits_until_that_has_the_new_number(office):
    office.set_invoices(invoice()).export()
    corrected = replace(correction(), customer=RENUMBERED)
    recorded = office.set_invoices(corrected).export()
    assert plan_of(recorded) == ("refused", "none", "ORIGINAL_OF_OTHER_CUSTOMER")
    assert "export invoice 10301 with it" in recorded.planned[0].message.en
    recorded = office.set_invoices(invoice(customer=RENUMBERED), corrected).export()
    assert codes(recorded) == {"/10301": ("sent", ""), "/10302": ("sent", "")}
    assert office.get_invoice()["CustomerNumber"] == "1043"


def test_a_correction_never_gets_the_number_of_another_customer(office):
    office.set_invoices(invoice()).export()
    office.fortnox.book_invoice(10301)
    other = replace(RENUMBERED, code="NYBR")
    recorded = office.set_invoices(replace(correction(), customer=other)).export()
    assert plan_of(recorded) == ("refused", "none", "ORIGINAL_OF_OTHER_CUSTOMER")
    message = recorded.planned[0].message.en
    assert "is booked for customer 1042 in Fortnox" in message
    assert message.endswith(
        "if the customer has got another number, make the correction in Fortnox."
    )


#: It has the number here that KALMAR had.
TAKER = replace(KALMAR, code="NYBR", name="Nybro Trä AB", organisation_number="559000-4807")


def correct_with_a_taken_number(office, taker=TAKER):
    """Set a correction of a booked invoice, and an invoice of one that has its number now."""
    office.set_invoices(invoice()).export()
    office.fortnox.book_invoice(10301)
    corrected = replace(correction(), customer=RENUMBERED)
    return office.set_invoices(corrected, invoice("10303", customer=taker))


def change_card(office, **fields):
    """Change a customer in Fortnox, as a person does."""
    card = {"CustomerNumber": "1042", **fields}
    office.fortnox.registers.put("customers", "1042", card, office.sandbox.clock.now())


@pytest.mark.parametrize(
    ("organisation", "code"),
    [("", "CUSTOMER_NUMBER_SHARED"), ("559000-4807", "CUSTOMER_CONTRADICTS")],
)
def test_a_number_that_a_correction_still_needs_is_no_other_customers_in_one_export(
    office, organisation, code
):
    taker = replace(TAKER, organisation_number=organisation)
    recorded = correct_with_a_taken_number(office, taker).export()
    assert planned(recorded) == {
        "/10302": ("ready", "CUSTOMER_RENUMBERED"),
        "/10303": ("refused", code),
    }
    assert "NYBR, KALM" not in recorded.planned[1].message.en
    assert office.get_invoice("10302")["CustomerNumber"] == "1042"
    assert office.fortnox.registers.get("customers", "1042")["Name"] == KALMAR.name
    assert codes(office.export())["/10302"] == ("unchanged", "")


def test_a_correction_does_not_keep_a_number_from_the_customer_that_has_its_card_now(office):
    correct_with_a_taken_number(office)
    change_card(office, Name=TAKER.name, OrganisationNumber=TAKER.organisation_number)
    recorded = office.export()
    assert planned(recorded) == {
        "/10302": ("refused", "CUSTOMER_NUMBER_SHARED"),
        "/10303": ("ready", ""),
    }
    assert "cannot be used any more: it is NYBR there now" in recorded.planned[0].message.en
    assert office.get_invoice("10303")["CustomerNumber"] == "1042"


def correct_a_booked_invoice(office):
    """Set a correction of a booked invoice, whose customer has another number here now."""
    office.set_invoices(invoice()).export()
    office.fortnox.book_invoice(10301)
    return office.set_invoices(replace(correction(), customer=RENUMBERED))


def test_a_correction_whose_former_number_is_another_company_is_to_be_made_in_fortnox(office):
    correct_a_booked_invoice(office)
    change_card(office, Name=TAKER.name, OrganisationNumber=TAKER.organisation_number)
    recorded = office.export()
    assert plan_of(recorded) == ("refused", "none", "CUSTOMER_CONTRADICTS")
    assert recorded.planned[0].message.en == (
        "The correction is not sent, since it needs the customer number 1042, with which invoice "
        "10301 is booked in Fortnox, and that number cannot be used any more: it is another "
        "company there now (organisation number 559000-4807, here 556000-0000). Make the "
        "correction in Fortnox."
    )


def test_a_deleted_customer_is_not_made_again_for_a_correction_of_a_booked_invoice(office):
    correct_a_booked_invoice(office)
    office.fortnox.registers.delete("customers", "1042")
    for _ in range(2):
        recorded = office.export()
        assert plan_of(recorded) == ("refused", "none", "CUSTOMER_NOT_THERE")
        assert "any more: the customer is deleted there" in recorded.planned[0].message.en
        assert recorded.cards == []


def test_a_customer_that_is_deleted_after_the_preview_of_its_correction_is_not_made_again(office):
    def delete():
        office.fortnox.registers.delete("customers", "1042")

    recorded = correct_a_booked_invoice(office).export(review=send_all_after(delete))
    assert codes(recorded) == {"/10302": ("refused", "CUSTOMER_NOT_THERE")}
    assert recorded.results[0].message.en.endswith("Make the correction in Fortnox.")


def test_a_sent_correction_needs_no_customer_any_more(office):
    correct_a_booked_invoice(office).export()
    office.fortnox.registers.delete("customers", "1042")
    moved = replace(RENUMBERED, address1="Storgatan 1")
    recorded = office.set_invoices(replace(correction(), customer=moved)).export()
    assert plan_of(recorded) == ("unchanged", "none", "")
    assert recorded.cards == []


def test_a_correction_of_a_number_that_another_region_has_there_is_refused(office):
    office.set_invoices(invoice(region="Nord")).export()
    recorded = office.set_invoices(correction()).export()
    assert plan_of(recorded) == ("refused", "none", "ORIGINAL_OF_OTHER_REGION")


def test_a_sent_correction_is_not_changed_to_correct_the_invoice_of_another_customer(office):
    others = invoice("10300", customer=replace(KALMAR, code="NYBR", ledger_number="1043"))
    office.set_invoices(others, invoice(), correction()).export()
    recorded = office.set_invoices(correction(original="10300")).export()
    assert plan_of(recorded) == ("refused", "none", "ORIGINAL_OF_OTHER_CUSTOMER")
    message = recorded.planned[0].message
    assert message.sv.startswith("Rättelsen ändras inte i Fortnox, eftersom den är till kund 1042")
    assert message.en.startswith("The correction is not changed in Fortnox, since")


def test_a_sent_correction_is_not_changed_to_correct_what_a_person_left_out(office):
    office.set_invoices(invoice("10300"), correction(original="10300")).export()
    office.set_invoices(invoice("10301"), correction(original="10301"))
    recorded = office.export(review=lambda _: ["/10302"])
    assert codes(recorded) == {"/10302": ("refused", "ORIGINAL_NOT_SENT")}
    assert recorded.results[0].message.en.startswith("The correction is not changed in Fortnox")
    assert recorded.results[0].number == "10302"


def test_a_correction_of_what_somebody_else_made_for_the_same_customer_is_sent(office):
    office.set_invoices(invoice()).export()
    office.change_invoice("10301", {"ExternalInvoiceReference1": ""})
    recorded = office.set_invoices(correction()).export()
    assert codes(recorded) == {"/10302": ("sent", "")}


@pytest.mark.parametrize("fields", [{"total": Decimal(99)}, {"invoice_date": date(2026, 11, 1)}])
def test_a_correction_alone_of_a_number_that_is_somebody_elses_invoice_is_refused(office, fields):
    there_already(office, **fields)
    original = invoice()
    ours = replace(
        correction(), credits_date=original.invoice_date, credits_total=Decimal("1250.00")
    )
    recorded = office.set_invoices(ours).export()
    assert plan_of(recorded) == ("refused", "none", "ORIGINAL_IS_ANOTHER")
    assert office.numbers() == [10301]


@pytest.mark.parametrize("customer_number", ["1042", "7"])
@pytest.mark.parametrize("together", [False, True])
def test_a_correction_of_a_taken_number_says_so_alone_and_with_its_invoice(
    office, together, customer_number
):
    there_already(office, total=Decimal(99), customer_number=customer_number)
    ours = replace(correction(), credits_total=Decimal("1250.00"))
    recorded = office.set_invoices(*([invoice()] if together else []), ours).export()
    assert planned(recorded)["/10302"] == ("refused", "ORIGINAL_IS_ANOTHER")
    assert "Total 1250.00 / 99.00" in recorded.planned[-1].message.en


@pytest.mark.parametrize("together", [False, True])
def test_a_correction_of_a_number_of_another_region_says_so_alone_and_with_its_invoice(
    office, together
):
    office.set_invoices(invoice(region="Nord")).export()
    recorded = office.set_invoices(*([invoice()] if together else []), correction()).export()
    assert planned(recorded)["/10302"] == ("refused", "ORIGINAL_OF_OTHER_REGION")


def test_a_correction_does_not_say_that_what_was_booked_during_the_export_is_not_there(office):
    office.set_invoices(invoice()).export()
    corrected = replace(correction(), customer=RENUMBERED)
    office.set_invoices(invoice(customer=RENUMBERED), corrected)
    recorded = office.export(review=send_all_after(lambda: office.fortnox.book_invoice(10301)))
    assert codes(recorded) == {
        "/10301": ("booked", "BOOKED_IN_FORTNOX"),
        "/10302": ("refused", "ORIGINAL_NOT_SENT"),
    }
    assert "could not be exported now" in recorded.results[-1].message.en
    assert codes(office.export())["/10302"] == ("sent", "")


def test_a_correction_of_an_invoice_that_keeps_its_former_customer_number_is_not_sent(office):
    office.set_invoices(invoice()).export()
    corrected = replace(correction(), customer=RENUMBERED)
    office.set_invoices(invoice(customer=RENUMBERED), corrected)
    recorded = office.export(review=lambda _: ["/10302"])
    assert codes(recorded) == {"/10302": ("refused", "ORIGINAL_OF_OTHER_CUSTOMER")}
    assert office.numbers() == [10301]


def test_a_correction_alone_of_an_equal_invoice_of_somebody_else_is_sent(office):
    there_already(office)
    dated = {"credits_date": invoice().invoice_date, "credits_total": Decimal("1250.00")}
    for known in (dated, {}):
        recorded = office.set_invoices(replace(correction(), **known)).export()
        assert [one.state for one in recorded.results] in (["sent"], ["unchanged"])


@pytest.mark.parametrize(
    ("total", "expected"), [("-1250.00", "adopted"), ("1250.00", "refused"), ("-99.00", "refused")]
)
def test_a_correction_alone_whose_own_number_somebody_else_has_is_no_new_one(
    office, total, expected
):
    office.set_invoices(invoice()).export()
    there_already(office, number=10302, total=Decimal(total))
    recorded = office.set_invoices(correction()).export()
    assert recorded.planned[0].state == expected
    assert sorted(office.numbers()) == [10301, 10302]


def test_a_correction_of_what_cannot_be_read_is_refused_in_the_preview(office):
    office.set_invoices(invoice()).export()
    unreadable = Fault(200, '{"Invoice": {"DocumentNumber": "10301"}}', "application/json")
    office.fault(unreadable, Match("GET", "/3/invoices/10301"))
    recorded = office.set_invoices(correction()).export()
    assert plan_of(recorded) == ("refused", "none", "UNREADABLE_IN_FORTNOX")
    assert recorded.planned[0].message.en.startswith("Invoice 10301 is in Fortnox but")


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize(
    "settings", [{"export_from_date": "2026-11-03"}, {"export_numbers_from": "10302"}]
)
def test_a_correction_of_what_the_settings_leave_out_says_so(office, settings, together):
    original = invoice()
    ours = replace(correction(), credits_date=original.invoice_date, invoice_date=date(2026, 11, 4))
    office.set_invoices(*([original] if together else []), ours)
    recorded = office.export(**settings)
    assert plan_of(recorded) == ("refused", "none", "ORIGINAL_EXCLUDED")


@pytest.mark.parametrize("known", [{}, {"exported": True}])
def test_a_correction_of_what_is_refused_is_refused_in_the_preview_too(office, known):
    office.set_invoices(invoice(order_number="<"), **known)
    office.host.items += [ExportItem("/10302", correction())]
    office.host.given = lambda one: one
    recorded = office.export()
    assert [(one.id, one.state) for one in recorded.planned] == [
        ("/10301", "refused"),
        ("/10302", "refused"),
    ]
    assert recorded.planned[1].code == "ORIGINAL_NOT_SENT"


def test_a_correction_of_what_a_person_left_out_is_not_sent(office):
    office.set_invoices(invoice(), correction())
    recorded = office.export(review=lambda _: ["/10302"])
    assert codes(recorded) == {"/10302": ("refused", "ORIGINAL_NOT_SENT")}
    assert office.numbers() == []


def test_a_rate_of_many_decimals_is_asked_and_told_as_a_gap(office):
    strange = invoice("10301", row(rate="25.00000000000000000001"))
    recorded = office.set_invoices(strange).export()
    assert codes(recorded) == {"/10301": ("refused", "VAT_RATE_UNKNOWN")}
    assert [gap.code for gap in recorded.gaps] == ["VAT_RATE_UNKNOWN"]


def test_one_bad_rate_is_blamed_and_not_those_that_fortnox_takes(office):
    good = [invoice(str(number)) for number in range(10301, 10304)]
    bad = invoice("10304", row(), row("100.00", "13.00", rate="13"))
    recorded = office.set_invoices(*good, bad).export()
    [gap] = recorded.gaps
    assert gap.ids == ("/10304",)
    assert "13" in gap.message.en
    assert "25" not in gap.message.en


# --- what ends it -----------------------------------------------------------------------------


def test_another_company_is_refused_before_anything_is_read(office):
    office.set_invoices(invoice())
    run = office.host.new_run(
        "FortnoxAPI", dict(office.settings), subject="invoices", company=Company("1", "Annat AB")
    )
    with pytest.raises(FortnoxError) as refused:
        office.host.export(run)
    assert refused.value.code == "WRONG_COMPANY"
    assert office.requests("GET", "/3/invoices") == 0


def test_a_second_export_of_the_company_is_refused_while_the_first_is_reviewed(office):
    def export_again():
        with pytest.raises(FortnoxError) as refused:
            office.export()
        assert (refused.value.code, refused.value.kind) == ("EXPORT_BUSY", "busy")

    recorded = office.set_invoices(invoice()).export(review=send_all_after(export_again))
    assert codes(recorded) == {"/10301": ("sent", "")}


def test_a_login_that_lacks_a_scope_says_which_before_the_first_request(office):
    granted = {
        "access_token": "a",
        "refresh_token": "r",
        "expires_in": 3600,
        "token_type": "bearer",
        "scope": "invoice bookkeeping currency settings companyinformation",
    }
    token = Match("POST", "/oauth-v1/token")
    office.fault(Fault(200, json.dumps(granted), "application/json"), token)
    with pytest.raises(FortnoxError) as refused:
        office.set_invoices(invoice()).export()
    assert refused.value.code == "SCOPES_NOT_GRANTED"
    assert "customer" in refused.value.message.en
    assert office.requests("GET", "/3/*") == 0


def test_an_export_that_a_person_stops_tells_what_became_of_each_invoice(office):
    office.set_invoices(*[invoice(str(number)) for number in range(10301, 10330)])
    office.host.cancel_at = 30
    with pytest.raises(FortnoxError) as stopped:
        office.export()
    assert stopped.value.code == "CANCELLED"
    office.host.cancel_at = None
    for one in office.recorded.intents:
        office.host.intended.add(one)
    office.export()
    assert sorted(office.numbers()) == list(range(10301, 10330))
    assert office.requests("POST", "/3/invoices") >= 29


# --- Beside other runs -------------------------------------------------------------------------


def test_while_a_person_looks_other_runs_know_what_was_asked(office):
    """They may ask the company meanwhile, and the limit is of all runs together."""
    counted = []

    def review(_):
        key = f"pace/{office.sandbox.client_id}/{office.fortnox.number}"
        counted.append(len(json.loads(office.host._state["FortnoxAPI", key])))
        return ()

    office.set_invoices(invoice()).export(review=review)
    assert counted == [sum(one.path.startswith("/3/") for one in office.sandbox.asked)]


def test_the_request_that_tells_the_company_counts_beside_those_of_other_runs(office):
    key = "FortnoxAPI", f"pace/{office.sandbox.client_id}/{office.fortnox.number}"
    at_the_end_of_time = 4e9
    office.host._state[key] = json.dumps([at_the_end_of_time])
    counted = []

    def review(_):
        counted.append(len(json.loads(office.host._state[key])))
        return ()

    office.set_invoices(invoice()).export(review=review)
    assert counted == [1 + sum(one.path.startswith("/3/") for one in office.sandbox.asked)]
