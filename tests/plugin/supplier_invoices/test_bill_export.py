"""The export of bills against the sandbox, over HTTP."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from bill_export import LASSE, POSTS, BillOffice, bill, row
from flask import request
from invoice_export import new_sandbox, send_all_after

from hostsim.sandbox import Fault, Match, rest
from opter_fortnox_plugin.errors import FortnoxError
from opter_fortnox_plugin.fortnox import protocol
from opter_fortnox_plugin.supplier_invoices.bill_lookup import SupplierLedger

BG = ("LASSE", "BG", "5050-1055", "123-4566")


@pytest.fixture
def office():
    with new_sandbox() as sandbox:
        yield BillOffice(sandbox)


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(protocol, "PAGE_SIZE", 5)


def codes(recorded):
    return {one.id: (one.state, one.code) for one in recorded.results}


def plan_of(recorded):
    [planned] = recorded.planned
    return planned.state, planned.action, planned.code


def rows_of(there):
    return [
        (one["Account"], one["Debit"], one["Credit"], one["Code"])
        for one in there["SupplierInvoiceRows"]
    ]


def no_export(office, recorded):
    return (office.requests("POST", "/3/supplierinvoices"), recorded.intents) == (0, [])


# --- what is sent ------------------------------------------------------------------


def test_a_bill_is_sent_with_its_number_and_its_whole_coding(office):
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("sent", "")}
    there = office.active_invoice()
    assert recorded.results[0].number == there["GivenNumber"]
    assert (there["InvoiceNumber"], there["VATType"]) == ("A-117", "NORMAL")
    assert (there["Total"], there["VAT"]) == ("12500.00", "2500.00")
    assert (there["InvoiceDate"], there["DueDate"]) == ("2026-11-02", "2026-12-02")
    assert there["ExternalInvoiceNumber"] == "opter//A-117/"
    assert rows_of(there) == [(4010, 10000, 0, ""), (2641, 2500, 0, ""), (2440, 0, 12500, "TOT")]
    assert not there["Booked"]


def test_rows_of_one_account_and_unit_are_one_row_and_units_are_not_sent(office):
    rows = [
        row("4010", "100.10", unit="12"),
        row("4010", "0.20", unit="12"),
        row("4010", "50.00", unit="13"),
        row("4010", credit="0.30", unit="12"),
        row("4600", "7.00"),
        row("4600", credit="7.00"),
    ]
    office.set_invoices(bill("A-117", *rows)).export()
    assert rows_of(office.active_invoice())[:-1] == [(4010, 100, 0, ""), (4010, 50, 0, "")]
    assert {one["CostCenter"] for one in office.active_invoice()["SupplierInvoiceRows"]} == {""}


def test_a_negative_bill_is_sent_as_what_is_owed_to_us(office):
    rows = [row("4010", credit="1000.00"), row("2641", credit="250.00")]
    recorded = office.set_invoices(bill("A-118", *rows)).export()
    assert codes(recorded) == {"/A-118": ("sent", "")}
    assert office.active_invoice()["Total"] == "-1250.00"
    assert rows_of(office.active_invoice())[-1] == (2440, 1250, 0, "TOT")


def test_another_currency_goes_in_its_own_columns_with_its_rate(office):
    rate = Decimal("11.2345")
    ours = bill("A-119", row("4535", "100.10"), currency="EUR", exchange_rate=rate)
    recorded = office.set_invoices(ours).export()
    assert codes(recorded) == {"/A-119": ("sent", "")}
    there = office.active_invoice()
    assert (there["Currency"], there["CurrencyRate"], there["Total"]) == (
        "EUR",
        "11.2345",
        "100.10",
    )
    assert there["SupplierInvoiceRows"][0]["DebitCurrency"] == 100.1
    assert there["SupplierInvoiceRows"][0]["Debit"] == 1124.57
    assert plan_of(office.export()) == ("unchanged", "none", "")


def test_reverse_charge_is_sent_as_it_is_coded(office):
    rows = [row("4535", "100.00"), row("2645", "25.00"), row("2614", credit="25.00")]
    office.set_invoices(bill("A-120", *rows)).export()
    assert office.active_invoice()["Total"] == "100.00"
    assert len(office.active_invoice()["SupplierInvoiceRows"]) == 4


def test_a_supplier_is_made_first_with_all_that_is_known(office):
    recorded = office.set_invoices(bill()).export()
    assert [(one.number, one.action) for one in recorded.cards] == [("LASSE", "create")]
    assert recorded.bank_changes == []
    card = office.supplier()
    assert (card["Name"], card["OrganisationNumber"]) == ("Lasses Åkeri AB", "556000-0000")
    assert (card["BG"], card["Phone1"], card["CountryCode"]) == ("5050-1055", "0480-100 00", "SE")


def test_who_sends_invoices_himself_is_left_out_with_a_note(office):
    himself = replace(LASSE, code="SVEN", sends_invoice=True)
    recorded = office.set_invoices(bill(), bill("A-118", supplier=himself)).export()
    assert codes(recorded) == {"/A-117": ("sent", "")}
    [note] = recorded.report.notes
    assert "since the supplier sends invoices itself: 1" in note.en


def test_an_earlier_bill_than_the_setting_says_is_left_out_with_a_note(office):
    recorded = office.set_invoices(bill()).export(export_from_date="2026-12-01")
    assert recorded.planned == []
    assert "2026-12-01" in recorded.report.notes[0].en


def test_a_bill_number_with_a_character_that_fortnox_refuses_is_written_otherwise(office):
    recorded = office.set_invoices(bill("A…17")).export()
    assert codes(recorded) == {"/A…17": ("sent", "")}
    assert office.active_invoice()["InvoiceNumber"] == "A...17"


def test_an_organisation_number_can_be_the_supplier_number(office):
    office.set_invoices(bill()).export(supplier_number="organisation-number")
    assert office.active_invoice()["SupplierNumber"] == "5560000000"


def test_rows_that_do_not_come_to_the_total_are_refused_with_both_sums(office):
    recorded = office.set_invoices(bill(total=Decimal("12500.01"))).export()
    assert plan_of(recorded) == ("refused", "none", "NOT_BALANCED")
    assert "12,500.00 SEK" in recorded.planned[0].message.en
    assert "12,500.01 SEK" in recorded.planned[0].message.en
    assert no_export(office, recorded)


def test_only_the_scopes_that_the_settings_use_are_asked_for(office):
    office.set_invoices(bill()).export()
    [asked] = [one for one in office.sandbox.asked if one.path == "/oauth-v1/auth"]
    assert asked.query["scope"] == (
        "supplierinvoice supplier bookkeeping currency settings companyinformation"
    )


def test_every_gap_of_the_batch_is_told_and_nothing_is_sent(office):
    recorded = office.set_invoices(
        bill("1", row("4999", "1.00")),
        bill("2", currency="XPF", exchange_rate=Decimal("10.5")),
        bill("3", bill_date=date(2002, 1, 1)),
        bill("4", supplier=replace(LASSE, code="UTAN", organisation_number="")),
        bill("5"),
    ).export(
        export_from_date="2000-01-01",
        supplier_number="organisation-number",
        review=lambda _: (),
    )
    assert {(one.code, *one.ids) for one in recorded.gaps} == {
        ("ACCOUNT_UNKNOWN", "/1"),
        ("CURRENCY_UNKNOWN", "/2"),
        ("FINANCIAL_YEAR_MISSING", "/3"),
        ("SUPPLIER_NUMBER_MISSING", "/4"),
    }


def test_a_locked_period_is_a_gap(office):
    office.fortnox.registers.change_set_up(locked_until=date(2026, 11, 2))
    recorded = office.set_invoices(bill()).export(review=lambda _: ())
    assert [one.code for one in recorded.gaps] == ["PERIOD_LOCKED"]
    assert "the bill's date" not in recorded.gaps[0].message.en


# --- nothing doubles ----------------------------------------------------------------


def test_an_equal_bill_of_the_supplier_is_adopted(office):
    office.add_supplier(BG="5050-1055")
    given = office.add()
    recorded = office.set_invoices(bill()).export()
    assert plan_of(recorded) == ("adopted", "none", "")
    assert (recorded.results[0].state, recorded.results[0].number) == ("adopted", given)
    assert len(office.supplier_invoices()) == 1


@pytest.mark.parametrize("fields", [{"OrganisationNumber": "559000-4807"}, {"Name": "Annan AB"}])
def test_a_bill_of_another_suppliers_card_is_not_adopted(office, fields):
    office.add_supplier(**fields)
    office.add()
    recorded = office.set_invoices(bill()).export()
    assert plan_of(recorded) == ("refused", "none", "SUPPLIER_CONTRADICTS")
    assert "The bill is in Fortnox already, with supplier number LASSE" in (
        recorded.planned[0].message.en
    )
    assert recorded.results == []


@pytest.mark.parametrize(
    "fields",
    [{"InvoiceNumber": "A-1171"}, {"InvoiceNumber": "a-117"}, {"InvoiceNumber": "0A-117"}],
)
def test_numbers_are_compared_exactly(office, fields):
    office.add_supplier(BG="5050-1055")
    office.add(**fields)
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("sent", "")}
    assert len(office.supplier_invoices()) == 2


def test_the_same_number_of_another_supplier_does_not_count(office):
    office.add_supplier(SupplierNumber="SVEN")
    office.add(SupplierNumber="SVEN")
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("sent", "")}


def test_a_cancelled_bill_does_not_count(office):
    office.add_supplier(BG="5050-1055")
    office.perform(office.add(), "cancel")
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("sent", "")}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"InvoiceDate": "2026-11-03"}, "InvoiceDate"),
        ({"Total": "12500.01", "SupplierInvoiceRows": []}, "Total"),
        ({"Currency": "EUR", "SupplierInvoiceRows": []}, "Currency"),
    ],
)
def test_another_bill_of_that_number_is_refused_with_both_sides(office, fields, field):
    office.add_supplier(BG="5050-1055")
    office.add(**fields)
    recorded = office.set_invoices(bill()).export()
    assert plan_of(recorded) == ("refused", "none", "NUMBER_TAKEN")
    assert field in {one.field for one in recorded.planned[0].differences}
    assert field in recorded.planned[0].message.en
    assert len(office.supplier_invoices()) == 1


def test_one_that_is_there_twice_is_adopted_once_and_told(office):
    office.add_supplier(BG="5050-1055")
    both = [office.add(), office.add()]
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("adopted", "TWICE_IN_FORTNOX")}
    assert all(number in recorded.results[0].message.en for number in both)
    assert not recorded.results[0].complete


@pytest.mark.usefixtures("small_pages")
def test_all_bills_of_a_supplier_are_read_however_many_there_are(office):
    office.add_supplier(BG="5050-1055")
    numbers = [office.add(InvoiceNumber=number) for number in (*"123456", "A-117", *"789012")]
    given = numbers[6]
    recorded = office.set_invoices(bill()).export()
    assert (recorded.results[0].state, recorded.results[0].number) == ("adopted", given)


@pytest.mark.usefixtures("small_pages")
def test_many_bills_of_others_are_not_taken_for_the_suppliers(office):
    for supplier in ("SVEN", "ANNA", "LASSE"):
        office.add_supplier(SupplierNumber=supplier, BG="5050-1055")
    for number in range(11):
        office.add(SupplierNumber="SVEN", InvoiceNumber=str(number))
    office.add(SupplierNumber="ANNA")
    office.add(InvoiceNumber="A-118")
    recorded = office.set_invoices(bill(), bill("A-118")).export()
    assert codes(recorded) == {"/A-117": ("sent", ""), "/A-118": ("adopted", "")}


def test_an_export_that_was_made_changes_nothing_when_it_is_made_again(office):
    office.set_invoices(bill()).export()
    before = office.supplier_invoices()
    recorded = office.export()
    assert plan_of(recorded) == ("unchanged", "none", "")
    assert office.supplier_invoices() == before
    assert office.requests("POST", "/3/supplierinvoices") == 1


def test_one_that_is_there_twice_is_told_until_one_is_cancelled(office):
    office.add_supplier(BG="5050-1055")
    _, second = office.add(), office.add()
    office.set_invoices(bill()).export()
    again = office.set_invoices(bill(), incomplete=True).export()
    assert codes(again) == {"/A-117": ("unchanged", "TWICE_IN_FORTNOX")}
    office.perform(second, "cancel")
    last = office.set_invoices(bill(), incomplete=True).export()
    assert [(one.state, one.code, one.complete) for one in last.results] == [
        ("unchanged", "", True)
    ]


def sent_twice(office):
    """Let a bill be there twice because of a lost answer; return both given numbers."""
    office.fault(Fault.reset(), POSTS)
    office.set_invoices(bill()).export()
    office.export()
    found = office.ask("GET", "supplierinvoices?suppliernumber=LASSE")["SupplierInvoices"]
    first = found[0]["GivenNumber"]
    return first, office.add(ExternalInvoiceNumber="opter//A-117/")


def test_where_the_known_one_of_two_is_cancelled_the_other_is_the_bill(office):
    first, second = sent_twice(office)
    office.perform(first, "cancel")
    recorded = office.set_invoices(bill(), exported=True, incomplete=True, number=first).export()
    assert plan_of(recorded) == ("unchanged", "none", "")
    assert (recorded.results[0].number, recorded.results[0].complete) == (second, True)


@pytest.mark.usefixtures("small_pages")
def test_a_double_at_the_former_supplier_is_told(office):
    office.add_supplier(SupplierNumber="SVEN", BG="5050-1055")
    for number in range(11):
        office.add(SupplierNumber="SVEN", InvoiceNumber=str(number))
    first, second = sent_twice(office)
    other = replace(LASSE, code="NY", organisation_number="", name="Nya Åkeriet")
    recorded = office.set_invoices(
        bill(supplier=other), exported=True, incomplete=True, number=first
    ).export()
    assert plan_of(recorded) == ("refused", "none", "SUPPLIER_CHANGED")
    [note] = recorded.report.notes
    assert f"given numbers {first}, {second}" in note.en


@pytest.mark.usefixtures("small_pages")
def test_a_filter_that_finds_nothing_is_not_believed(office, monkeypatch):
    page = rest.page_response
    monkeypatch.setattr(
        rest,
        "page_response",
        lambda key, found, row: page(key, [] if "suppliernumber" in request.args else found, row),
    )
    for supplier in ("SVEN", "LASSE"):
        office.add_supplier(SupplierNumber=supplier, BG="5050-1055")
    given = office.add()
    for number in range(11):
        office.add(SupplierNumber="SVEN", InvoiceNumber=str(number))
    recorded = office.set_invoices(bill()).export()
    assert (recorded.results[0].state, recorded.results[0].number) == ("adopted", given)


def test_what_is_found_after_a_lost_answer_keeps_the_doubt_of_an_earlier_one(office, monkeypatch):
    def newer(self):
        looks.append(self)
        if len(looks) == 2:
            office.add()
        return really_newer(self)

    looks = []
    really_newer = SupplierLedger.newer
    office.fault(Fault.reset(), POSTS)
    office.set_invoices(bill()).export()
    office.fault(Fault.reset(), POSTS)
    monkeypatch.setattr(SupplierLedger, "newer", newer)
    recorded = office.export()
    assert codes(recorded) == {"/A-117": ("adopted", "SENT_AGAIN")}
    assert not recorded.results[0].complete


def test_a_bill_that_may_be_there_and_cannot_be_read_is_not_taken_back_as_gone(office):
    office.set_invoices(bill()).export()
    office.host.forget_results()
    [one] = office.fortnox.registers.supplier_invoices.values()
    one.fields["InvoiceNumber"] = "API_NORIGHT"
    result = office.cancel("A-117")
    assert (result.state, result.code) == ("unknown", "UNREADABLE_IN_FORTNOX")


def test_where_the_last_look_fails_nothing_is_sent_and_each_bill_is_told_so(office):
    fault = Fault(503), Match("GET", "/3/supplierinvoices")
    review = send_all_after(lambda: office.fault(*fault, times=None))
    recorded = office.set_invoices(bill(), bill("A-118")).export(review=review)
    assert codes(recorded) == {
        "/A-117": ("refused", "NOT_SENT"),
        "/A-118": ("refused", "NOT_SENT"),
    }
    assert "503" in recorded.report.notes[0].en
    assert office.requests("POST", "/3/supplierinvoices") == 0


def test_an_adopted_bill_of_one_region_is_no_double_of_anothers(office):
    office.set_invoices(bill(region="Norr")).export()
    given = office.add()
    adopted = office.set_invoices(bill()).export()
    assert (adopted.results[0].state, adopted.results[0].number) == ("adopted", given)
    assert adopted.report.notes == ()
    other = office.set_invoices(bill(region="Norr"), incomplete=True).export()
    assert codes(other) == {"Norr/A-117": ("unchanged", "")}
    assert office.set_invoices(bill(region="Norr")).cancel("A-117").state == "cancelled"


def test_our_mark_alone_lets_no_bill_overwrite_another(office):
    """As of another host, or of a database that was made again."""
    office.add_supplier(BG="5050-1055")
    office.add(ExternalInvoiceNumber="opter//A-117/")
    office.set_invoices(bill("A-117", row("4010", "1.00")))
    recorded = office.export(review=lambda recorded: [one.id for one in recorded.planned])
    assert plan_of(recorded) == ("refused", "none", "NUMBER_TAKEN")
    assert {one.field for one in recorded.planned[0].differences} == {"Total"}
    # With a number it would be known as ours, and the next export would write it.
    assert (recorded.planned[0].number, recorded.results[0].number) == ("", "")
    assert office.cancel("A-117").code == "NUMBER_TAKEN"
    assert (office.active_invoice()["Total"], office.active_invoice()["Cancelled"]) == (
        "12500.00",
        False,
    )


def test_what_is_typed_there_while_a_person_looks_is_not_made_again(office):
    office.add_supplier(BG="5050-1055")
    ours = office.set_invoices(bill(), bill("A-118"))
    recorded = ours.export(review=send_all_after(office.add))
    assert codes(recorded) == {"/A-117": ("refused", "CAME_MEANWHILE"), "/A-118": ("sent", "")}
    assert len(office.supplier_invoices()) == 2


def test_one_that_somebody_typed_again_later_is_told_with_the_suppliers_next_bill(office):
    office.set_invoices(bill()).export()
    office.add()
    recorded = office.set_invoices(bill("A-118")).export()
    [note] = recorded.report.notes
    assert "Supplier LASSE has invoice A-117 more than once" in note.en


def test_what_differs_in_an_adopted_bill_is_told(office):
    office.add_supplier(BG="5050-1055")
    office.add(DueDate="2026-12-31")
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("adopted", "ADOPTED_DIFFERS")}
    assert "DueDate 2026-12-02 / 2026-12-31" in recorded.results[0].message.en


def test_two_of_ours_are_not_one_there(office):
    office.add_supplier(BG="5050-1055")
    office.add()
    recorded = office.set_invoices(bill(), bill(region="Norr")).export()
    assert {one.id: (one.state, one.code) for one in recorded.planned} == {
        "/A-117": ("adopted", ""),
        "Norr/A-117": ("refused", "NUMBER_TAKEN"),
    }


def test_two_of_ours_in_two_exports_are_not_one_there(office):
    office.add_supplier(BG="5050-1055")
    office.add()
    assert codes(office.set_invoices(bill()).export()) == {"/A-117": ("adopted", "")}
    recorded = office.set_invoices(bill(region="Norr")).export()
    assert plan_of(recorded) == ("refused", "none", "NUMBER_TAKEN")
    assert codes(office.set_invoices(bill(), incomplete=True).export()) == {
        "/A-117": ("unchanged", "")
    }


def test_one_that_is_there_twice_is_taken_back_when_one_of_them_is_cancelled(office):
    office.set_invoices(bill()).export()
    first = office.active_invoice()["GivenNumber"]
    second = office.add()
    refused = office.cancel("A-117")
    assert (refused.state, refused.code) == ("refused", "TWICE_IN_FORTNOX")
    assert first in refused.message.en
    assert second in refused.message.en
    assert not any(one["Cancelled"] for one in office.supplier_invoices())
    office.perform(second, "cancel")
    assert office.cancel("A-117").state == "cancelled"


def test_the_double_that_is_left_there_is_the_one_that_is_taken_back(office):
    office.set_invoices(bill()).export()
    first = office.active_invoice()["GivenNumber"]
    second = office.add(ExternalInvoiceNumber="opter//A-117/")
    office.perform(first, "cancel")
    assert office.cancel("A-117").state == "cancelled"
    assert {one["GivenNumber"] for one in office.supplier_invoices() if one["Cancelled"]} == {
        first,
        second,
    }


def test_one_that_was_credited_is_not_adopted(office):
    office.add_supplier(BG="5050-1055")
    given = office.add()
    office.perform(given, "bookkeep")
    office.perform(given, "credit")
    recorded = office.set_invoices(bill()).export()
    assert plan_of(recorded) == ("refused", "none", "NUMBER_TAKEN")
    assert [one.field for one in recorded.planned[0].differences] == ["CreditReference"]


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("status", [400, 404])
def test_a_filter_that_fortnox_refuses_stops_nothing(office, status):
    for supplier in ("SVEN", "LASSE"):
        office.add_supplier(SupplierNumber=supplier, BG="5050-1055")
    given = office.add()
    for number in range(11):
        office.add(SupplierNumber="SVEN", InvoiceNumber=str(number))
    body = '{"ErrorInformation": {"error": 1, "message": "Nej.", "code": 2000588}}'
    fault = Fault(status, body, "application/json", times=None)
    for query in ({"suppliernumber": "LASSE"}, {"lastmodified": "*"}):
        office.fault(fault, lambda asked, query=query: query.keys() <= asked.query.keys())
    recorded = office.set_invoices(bill(), bill("A-118")).export()
    assert codes(recorded) == {"/A-117": ("adopted", ""), "/A-118": ("sent", "")}
    assert recorded.results[0].number == given


def test_a_typed_bill_without_a_due_date_is_adopted_with_that_difference(office):
    office.add_supplier(BG="5050-1055")
    given = int(office.add())
    del office.fortnox.registers.supplier_invoices[given].fields["DueDate"]
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("adopted", "ADOPTED_DIFFERS")}
    assert "DueDate" in {one.field for one in recorded.planned[0].differences}


@pytest.mark.parametrize("field", ["InvoiceNumber", "SupplierNumber"])
def test_a_bill_whose_number_is_hidden_lets_no_bill_be_made_twice(office, field):
    office.add_supplier(BG="5050-1055")
    given = int(office.add())
    office.fortnox.registers.supplier_invoices[given].fields[field] = "API_NORIGHT"
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("unknown", "UNREADABLE_IN_FORTNOX")}
    assert recorded.intents == []


def test_one_whose_result_is_unknown_can_be_taken_back(office):
    office.set_invoices(bill()).export()
    office.host.forget_results()
    assert office.cancel("A-117").state == "cancelled"


def test_one_that_never_arrived_cannot_be_taken_back(office):
    office.set_invoices(bill(), intended=True)
    assert office.cancel("A-117").code == "NOT_IN_FORTNOX"


def test_the_same_number_in_two_regions_is_two_bills(office):
    office.set_invoices(bill()).export()
    recorded = office.set_invoices(bill(region="Norr")).export()
    assert codes(recorded) == {"Norr/A-117": ("sent", "")}
    assert len(office.supplier_invoices()) == 2


# --- updating -----------------------------------------------------------------------


def test_a_changed_bill_is_updated_whole_while_it_is_not_booked(office):
    office.set_invoices(bill()).export()
    changed = bill("A-117", row("4600", "800.00"), row("2641", "200.00"))
    recorded = office.set_invoices(changed).export()
    [planned] = recorded.planned
    assert (planned.state, planned.action) == ("ready", "update")
    assert codes(recorded) == {"/A-117": ("sent", "")}
    there = office.active_invoice()
    assert (there["Total"], there["VAT"]) == ("1000.00", "200.00")
    assert rows_of(there) == [(4600, 800, 0, ""), (2641, 200, 0, ""), (2440, 0, 1000, "TOT")]


def test_a_booked_bill_is_not_updated_and_its_differences_are_shown(office):
    office.set_invoices(bill()).export()
    office.perform(office.active_invoice()["GivenNumber"], "bookkeep")
    recorded = office.set_invoices(bill("A-117", row("4010", "1.00"))).export()
    assert plan_of(recorded) == ("booked", "none", "BOOKED_IN_FORTNOX")
    assert {one.field for one in recorded.planned[0].differences} >= {"Total"}
    assert office.active_invoice()["Total"] == "12500.00"


def test_a_bill_that_somebody_cancelled_there_is_refused_with_what_to_do(office):
    office.set_invoices(bill()).export()
    office.perform(office.active_invoice()["GivenNumber"], "cancel")
    recorded = office.set_invoices(bill("A-117", row("4010", "1.00"))).export()
    assert plan_of(recorded) == ("refused", "none", "CANCELLED_IN_FORTNOX")


def notes_of(recorded):
    return [note.en for note in recorded.report.notes]


SVEN = replace(LASSE, code="SVEN", name="Svens Grus AB", organisation_number="556000-0001")


@pytest.mark.parametrize("next_bills", [[], [bill("S-1", supplier=SVEN)]])
def test_a_bill_that_somebody_cancelled_there_is_told_by_every_export_until_it_is_taken_back_here(
    office, next_bills
):
    office.set_invoices(bill()).export()
    number = office.active_invoice()["GivenNumber"]
    office.perform(number, "cancel")
    for _ in range(2):
        [note] = notes_of(office.set_invoices(*next_bills).export())
        assert f"A-117 (supplier LASSE, given number {number}). Take it back here" in note
    assert office.set_invoices(bill()).cancel("A-117").state == "cancelled"
    assert notes_of(office.set_invoices(*next_bills).export()) == []


def test_an_adopted_bill_that_somebody_cancelled_there_is_told(office):
    office.add_supplier(BG="5050-1055")
    number = office.add()
    office.set_invoices(bill()).export()
    office.perform(number, "cancel")
    [note] = notes_of(office.set_invoices().export())
    assert "A-117" in note


def test_a_cancelled_bill_of_somebody_else_is_no_news(office):
    office.add_supplier(BG="5050-1055")
    for more in ({}, {"ExternalInvoiceNumber": "opter//B-1/"}):
        office.perform(office.add(InvoiceNumber="B-1", **more), "cancel")
    assert notes_of(office.set_invoices(bill()).export()) == []


def test_a_bill_that_remains_there_under_another_number_is_not_told_as_cancelled(office):
    office.set_invoices(bill()).export()
    first = office.active_invoice()["GivenNumber"]
    office.add(ExternalInvoiceNumber="opter//A-117/")
    office.perform(first, "cancel")
    assert notes_of(office.set_invoices().export()) == []
    office.set_invoices(bill(), incomplete=True).export()
    assert office.cancel("A-117").state == "cancelled"
    assert notes_of(office.set_invoices().export()) == []


def test_a_filter_that_fortnox_refuses_tells_no_cancelled_bill_and_stops_nothing(office):
    office.set_invoices(bill()).export()
    office.perform(office.active_invoice()["GivenNumber"], "cancel")
    refused = Fault(400, '{"ErrorInformation":{"Code":2000357}}', "application/json")
    asked = Match("GET", "/3/supplierinvoices", {"filter": "cancelled"})
    office.fault(refused, asked, times=None)
    assert notes_of(office.set_invoices(bill("A-118")).export()) == []


def test_a_bill_whose_answer_was_lost_and_that_somebody_cancelled_there_is_not_sent_again(office):
    office.set_invoices(bill()).export()
    office.perform(office.active_invoice()["GivenNumber"], "cancel")
    office.host.forget_results()
    recorded = office.export(review=lambda _: ["/A-117"])
    assert plan_of(recorded) == ("refused", "none", "CANCELLED_IN_FORTNOX")
    assert codes(recorded) == {"/A-117": ("cancelled", "CANCELLED_IN_FORTNOX")}
    assert [one["Cancelled"] for one in office.supplier_invoices()] == [True]


def test_a_bill_is_taken_back_as_long_as_it_is_not_booked(office):
    office.set_invoices(bill()).export()
    assert office.cancel("A-117").state == "cancelled"
    assert [one["Cancelled"] for one in office.supplier_invoices()] == [True]


def test_a_booked_bill_is_not_taken_back(office):
    office.set_invoices(bill()).export()
    office.perform(office.active_invoice()["GivenNumber"], "bookkeep")
    assert office.cancel("A-117").state == "booked"


# --- lost answers ---------------------------------------------------------------------

PERFORMED = {
    "a reset": Fault.reset(performed=True),
    "a 500": Fault(500, performed=True),
    "half an answer": replace(Fault.truncated(), performed=True),
    "garbage": replace(Fault.garbage(), performed=True),
}
NOT_PERFORMED = {"a reset": Fault.reset(), "a 500": Fault(500), "a page": Fault.html()}


@pytest.mark.parametrize("fault", PERFORMED.values(), ids=PERFORMED)
def test_an_answer_that_is_lost_is_settled_by_the_newest_bills(office, fault):
    office.fault(fault, POSTS)
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("sent", "")}
    assert recorded.results[0].number == office.active_invoice()["GivenNumber"]


@pytest.mark.parametrize("fault", NOT_PERFORMED.values(), ids=NOT_PERFORMED)
def test_a_request_that_may_still_arrive_is_not_made_again_at_once(office, fault):
    office.fault(fault, POSTS)
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("unknown", "RESULT_UNKNOWN")}
    assert office.requests("POST", "/3/supplierinvoices") == 1
    again = office.export()
    assert plan_of(again) == ("ready", "create", "SENT_AGAIN")
    assert codes(again) == {"/A-117": ("sent", "SENT_AGAIN")}
    assert not again.results[0].complete
    assert len(office.supplier_invoices()) == 1
    assert codes(office.export()) == {"/A-117": ("unchanged", "")}


def test_one_that_arrived_after_all_is_told_by_the_export_after_the_next(office):
    office.fault(Fault.reset(), POSTS)
    office.set_invoices(bill()).export()
    office.export()
    office.add(ExternalInvoiceNumber="opter//A-117/")
    told = office.set_invoices(bill(), exported=True, incomplete=True).export()
    assert codes(told) == {"/A-117": ("unchanged", "TWICE_IN_FORTNOX")}
    assert not told.results[0].complete


def test_a_bill_that_shows_late_in_the_list_is_waited_for(office):
    def shows_after_a_while(seconds):
        office.seconds += seconds
        if seconds == 5:
            office.sandbox.faults.clear()

    office.sleep = shows_after_a_while
    office.host.runs.clear()
    office.fault(Fault.reset(performed=True), POSTS)
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("sent", "")}


def test_what_cannot_be_settled_is_unknown_and_asked_for_at_the_next_export(office):
    # But for the look at what has come since.
    fault = Fault(503, after=1), Match("GET", "/3/supplierinvoices")
    review = send_all_after(lambda: office.fault(*fault, times=None))
    office.fault(Fault.reset(performed=True), POSTS)
    recorded = office.set_invoices(bill()).export(review=review)
    assert codes(recorded) == {"/A-117": ("unknown", "RESULT_UNKNOWN")}
    office.sandbox.faults.clear()
    assert codes(office.export()) == {"/A-117": ("unchanged", "")}
    assert len(office.supplier_invoices()) == 1


def test_a_bill_that_somebody_else_answers_is_not_made_again_and_it_is_told_who(office):
    page = Fault(403, "<html>", "text/html", headers={"Server": "squid"})
    office.fault(page, POSTS, times=None)
    recorded = office.set_invoices(bill()).export()
    assert office.requests("POST", "/3/supplierinvoices") == 1
    assert codes(recorded) == {"/A-117": ("unknown", "RESULT_UNKNOWN")}
    assert any("squid" in note.en for note in recorded.report.notes)


def test_one_that_was_sent_before_a_kill_is_found_though_it_has_changed_since(office):
    office.set_invoices(bill()).export()
    office.host.forget_results()
    recorded = office.set_invoices(bill("A-117", row("4010", "1.00"))).export()
    assert codes(recorded) == {"/A-117": ("sent", "")}
    assert office.active_invoice()["Total"] == "1.00"


@pytest.mark.parametrize("killed", [True, False])
def test_one_that_was_sent_to_another_supplier_is_refused_and_not_made_again(office, killed):
    office.set_invoices(bill()).export()
    if killed:
        office.host.forget_results()
    other = replace(LASSE, code="NY", organisation_number="", name="Nya Åkeriet")
    recorded = office.set_invoices(bill(supplier=other)).export()
    assert plan_of(recorded) == ("refused", "none", "SUPPLIER_CHANGED")
    assert recorded.planned[0].party_number == "LASSE"
    assert office.active_invoice()["SupplierNumber"] == "LASSE"


def test_no_list_of_bills_can_be_read_nothing_is_sent(office):
    office.fault(Fault(503), Match("GET", "/3/supplierinvoices"), times=None)
    with pytest.raises(FortnoxError):
        office.set_invoices(bill()).export()
    assert office.requests("POST", "/3/supplierinvoices") == 0


# --- bank details ---------------------------------------------------------------------


def test_a_bank_change_is_shown_and_new_bills_wait_for_it(office):
    office.add_supplier(BG="123-4566", OrganisationNumber="556000-0000")
    recorded = office.set_invoices(bill()).export()
    assert plan_of(recorded) == ("waiting", "create", "BANK_NOT_CONFIRMED")
    [change] = recorded.bank_changes
    assert (change.party_number, change.field, change.ours, change.theirs) == BG
    assert codes(recorded) == {"/A-117": ("refused", "BANK_NOT_CONFIRMED")}
    assert office.supplier()["BG"] == "123-4566"
    assert office.supplier_invoices() == []


def test_what_a_person_confirmed_is_written_and_the_bills_go(office):
    office.add_supplier(BG="123-4566")
    office.confirm(BG)
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("sent", "")}
    assert office.supplier()["BG"] == "5050-1055"


@pytest.mark.parametrize(
    "other",
    [
        ("LASSE", "BG", "5050-1055", "999-9999"),
        ("LASSE", "BG", "5051-0000", "123-4566"),
        ("LASSE", "PG", "5050-1055", "123-4566"),
        ("SVEN", "BG", "5050-1055", "123-4566"),
    ],
)
def test_a_confirmation_of_other_values_does_not_count(office, other):
    office.add_supplier(BG="123-4566")
    office.confirm(other)
    recorded = office.set_invoices(bill()).export()
    assert codes(recorded) == {"/A-117": ("refused", "BANK_NOT_CONFIRMED")}
    assert office.supplier()["BG"] == "123-4566"


def test_a_confirmation_of_some_of_the_changes_does_not_count(office):
    office.add_supplier(BG="123-4566", IBAN="SE11")
    office.confirm(BG)
    office.set_invoices(bill(supplier=replace(LASSE, iban="SE22"))).export()
    assert (office.supplier()["BG"], office.supplier()["IBAN"]) == ("123-4566", "SE11")


def test_bank_details_that_change_while_a_person_looks_are_not_overwritten(office):
    review = send_all_after(lambda: office.change_supplier(BG="777-7777"))
    office.add_supplier(BG="123-4566")
    office.confirm(BG)
    recorded = office.set_invoices(bill()).export(review=review)
    assert codes(recorded) == {"/A-117": ("refused", "BANK_CHANGED")}
    assert office.supplier()["BG"] == "777-7777"
    assert office.supplier_invoices() == []


def test_details_there_that_would_be_used_before_ours_are_cleared_once_confirmed(office):
    supplier = replace(LASSE, bankgiro="", iban="SE4550000000")
    office.add_supplier(BG="123-4566", IBAN="SE4550000000", BIC="ESSESESS")
    recorded = office.set_invoices(bill(supplier=supplier)).export()
    assert [(one.field, one.ours, one.theirs) for one in recorded.bank_changes] == [
        ("BG", "", "123-4566")
    ]
    office.confirm(("LASSE", "BG", "", "123-4566"))
    office.export()
    assert (office.supplier()["BG"], office.supplier()["BIC"]) == ("", "ESSESESS")


def test_what_belongs_to_the_old_account_is_shown_and_cleared_with_it(office):
    office.add_supplier(BankAccountNumber="1111111", ClearingNumber="6000")
    supplier = replace(LASSE, bankgiro="", bank_account="2222222")
    recorded = office.set_invoices(bill(supplier=supplier)).export()
    assert [(one.field, one.ours, one.theirs) for one in recorded.bank_changes] == [
        ("BankAccountNumber", "2222222", "1111111"),
        ("ClearingNumber", "", "6000"),
    ]
    office.confirm(*[(c.party_number, c.field, c.ours, c.theirs) for c in recorded.bank_changes])
    office.export()
    card = office.supplier()
    assert (card["BankAccountNumber"], card["ClearingNumber"]) == ("2222222", "")


def test_a_change_is_not_written_where_its_bills_are_left_out(office):
    def review(recorded):
        return [one.id for one in recorded.planned if one.party_number != "LASSE"]

    office.add_supplier(BG="123-4566")
    office.confirm(BG)
    other = replace(LASSE, code="SVEN", organisation_number="556000-0001", bankgiro="")
    office.set_invoices(bill(), bill("A-118", supplier=other)).export(review=review)
    assert office.supplier()["BG"] == "123-4566"


def test_details_there_are_left_alone_where_ours_has_none(office):
    office.add_supplier(BG="123-4566")
    recorded = office.set_invoices(bill(supplier=replace(LASSE, bankgiro=""))).export()
    assert recorded.bank_changes == []
    assert codes(recorded) == {"/A-117": ("sent", "")}
    assert office.supplier()["BG"] == "123-4566"


def test_other_suppliers_bills_go_while_one_waits(office):
    office.add_supplier(BG="123-4566")
    other = replace(LASSE, code="SVEN", organisation_number="556000-0001", bankgiro="")
    recorded = office.set_invoices(bill(), bill("A-118", supplier=other)).export()
    assert codes(recorded) == {
        "/A-117": ("refused", "BANK_NOT_CONFIRMED"),
        "/A-118": ("sent", ""),
    }


def test_where_suppliers_are_not_updated_another_account_is_told_and_left(office):
    office.add_supplier(BG="123-4566")
    recorded = office.set_invoices(bill()).export(update_suppliers="false")
    assert recorded.bank_changes == []
    assert plan_of(recorded) == ("ready", "create", "BANK_DIFFERS")
    assert "BG 5050-1055 / 123-4566" in recorded.planned[0].message.en
    assert codes(recorded) == {"/A-117": ("sent", "")}
    assert office.supplier()["BG"] == "123-4566"


def test_a_supplier_number_that_is_anothers_is_refused_in_a_later_export_too(office):
    office.set_invoices(bill()).export(supplier_number="organisation-number")
    other = replace(LASSE, code="SVEN", name="Svens Grus AB")
    recorded = office.set_invoices(bill("B-1", supplier=other)).export(
        supplier_number="organisation-number"
    )
    assert plan_of(recorded) == ("refused", "none", "SUPPLIER_NUMBER_SHARED")
    assert office.supplier("5560000000")["Name"] == LASSE.name


def test_a_code_in_another_region_is_another_supplier(office):
    office.set_invoices(bill(region="Nord")).export()
    other = replace(LASSE, name="Lars Åkeri", organisation_number="", bankgiro="")
    recorded = office.set_invoices(bill("B-1", region="Syd", supplier=other)).export()
    assert plan_of(recorded) == ("refused", "none", "SUPPLIER_NUMBER_SHARED")
    assert office.supplier("LASSE")["Name"] == LASSE.name


def test_a_supplier_without_organisation_number_is_not_another_one_with_its_account(office):
    nameless = replace(LASSE, organisation_number="")
    office.set_invoices(bill(region="Nord", supplier=nameless)).export()
    other = replace(nameless, bankgiro="123-4566")
    recorded = office.set_invoices(bill("B-1", region="Syd", supplier=other)).export()
    assert plan_of(recorded) == ("refused", "none", "SUPPLIER_NUMBER_SHARED")
    assert recorded.bank_changes == []


@pytest.mark.parametrize("update", ["true", "false"])
def test_one_of_two_regions_that_becomes_another_supplier_is_not_paid_as_the_first_one(
    office, update
):
    """Whoever was exported last; and the first one goes on."""
    nameless = replace(LASSE, organisation_number="", vat_number="")
    office.set_invoices(bill("A-1", supplier=nameless)).export()
    office.set_invoices(bill("S-1", region="Syd", supplier=nameless)).export()
    other = replace(LASSE, name="Annan AB", organisation_number="559000-4807", bankgiro="")
    recorded = office.set_invoices(bill("S-2", region="Syd", supplier=other)).export(
        update_suppliers=update
    )
    assert plan_of(recorded) == ("refused", "none", "SUPPLIER_NUMBER_SHARED")
    assert "LASSE in Fortnox is LASSE here, so the bill of Syd/LASSE" in (
        recorded.planned[0].message.en
    )
    recorded = office.set_invoices(bill("A-2", supplier=nameless)).export()
    assert codes(recorded) == {"/A-2": ("sent", "")}


def test_a_supplier_of_another_name_that_was_there_before_the_first_export_is_not_paid(office):
    office.add_supplier(Name="Någon annan AB", BG="123-4566")
    accountless = replace(LASSE, organisation_number="", vat_number="", bankgiro="")
    recorded = office.set_invoices(bill(supplier=accountless)).export()
    assert plan_of(recorded) == ("refused", "none", "SUPPLIER_CONTRADICTS")
    assert office.supplier()["Name"] == "Någon annan AB"
    assert office.supplier_invoices() == []


def test_a_supplier_number_that_was_anothers_is_used_once_it_is_free(office):
    review = send_all_after(lambda: office.add_supplier(Name="Någon annan AB"))
    recorded = office.set_invoices(bill()).export(review=review)
    assert codes(recorded) == {"/A-117": ("refused", "SUPPLIER_NUMBER_TAKEN")}
    office.fortnox.registers.delete("suppliers", "LASSE")
    assert codes(office.export()) == {"/A-117": ("sent", "")}


def test_a_supplier_that_is_deleted_in_fortnox_is_made_again(office):
    office.set_invoices(bill()).export()
    office.fortnox.registers.delete("suppliers", "LASSE")
    recorded = office.set_invoices(bill("A-118")).export()
    assert codes(recorded) == {"/A-118": ("sent", "")}


def test_a_supplier_that_is_made_again_is_of_those_alone_that_made_it(office):
    nameless = replace(LASSE, organisation_number="")
    for region in ("Nord", "Syd"):
        office.set_invoices(bill(region=region, supplier=nameless)).export()
    office.fortnox.registers.delete("suppliers", "LASSE")
    office.set_invoices(bill("A-118", region="Syd", supplier=nameless)).export()
    renamed = replace(nameless, name="Lars Åkeri AB")
    recorded = office.set_invoices(bill("A-119", region="Syd", supplier=renamed)).export()
    assert codes(recorded) == {"Syd/A-119": ("sent", "")}


def test_a_supplier_number_of_another_company_is_refused(office):
    office.add_supplier(OrganisationNumber="556999-9999", BG="123-4566")
    recorded = office.set_invoices(bill()).export()
    assert plan_of(recorded) == ("refused", "none", "SUPPLIER_CONTRADICTS")
    assert recorded.bank_changes == []


def test_a_supplier_number_of_another_vat_number_is_refused(office):
    office.add_supplier(VATNumber="DE111111111")
    foreign = replace(LASSE, organisation_number="", vat_number="DE222222222", bankgiro="")
    recorded = office.set_invoices(bill(supplier=foreign)).export()
    assert plan_of(recorded) == ("refused", "none", "SUPPLIER_CONTRADICTS")
    assert office.supplier()["VATNumber"] == "DE111111111"


def test_where_fortnox_keeps_the_old_account_the_bills_do_not_go(office):
    answer = '{"Supplier": {"SupplierNumber": "LASSE", "BG": "123-4566"}}'
    fault = Fault(200, answer, "application/json"), Match("PUT", "/3/suppliers/*")
    review = send_all_after(lambda: office.fault(*fault))
    office.add_supplier(BG="123-4566")
    office.confirm(BG)
    recorded = office.set_invoices(bill()).export(review=review)
    assert codes(recorded) == {"/A-117": ("refused", "SUPPLIER_NOT_WRITTEN")}
    assert office.supplier_invoices() == []


def test_a_lost_answer_to_a_confirmed_change_is_settled(office):
    office.add_supplier(BG="123-4566")
    office.confirm(BG)
    office.fault(Fault.reset(performed=True), Match("PUT", "/3/suppliers/*"))
    assert codes(office.set_invoices(bill()).export()) == {"/A-117": ("sent", "")}
    assert office.supplier()["BG"] == "5050-1055"


# --- the PDF --------------------------------------------------------------------------

PDF = b"%PDF-1.4 the bill"


def files(office):
    return [(one.supplier_invoice, one.content) for one in office.fortnox.registers.files.values()]


@pytest.fixture
def with_pdf(office):
    office.host.documents["/A-117"] = PDF
    return office.set_invoices(bill(document="a.pdf"))


def test_the_pdf_goes_with_the_bill_where_the_setting_says_so(with_pdf):
    with_pdf.export(attach_pdf="true")
    assert files(with_pdf) == [(int(with_pdf.active_invoice()["GivenNumber"]), PDF)]


def test_a_pdf_that_comes_later_goes_with_the_bill_that_is_there(office):
    office.set_invoices(bill()).export(attach_pdf="true")
    office.host.documents["/A-117"] = PDF
    recorded = office.set_invoices(bill(document="a.pdf")).export(attach_pdf="true")
    assert [(one.state, one.complete) for one in recorded.results][-1] == ("sent", True)
    assert len(files(office)) == 1


def test_another_pdf_is_told_and_not_exchanged(with_pdf):
    with_pdf.export(attach_pdf="true")
    with_pdf.host.documents["/A-117"] = PDF + b" changed"
    recorded = with_pdf.export(attach_pdf="true")
    assert recorded.results[-1].code == "PDF_NOT_REPLACED"
    assert [content for _, content in files(with_pdf)] == [PDF]


def test_the_pdf_is_found_behind_the_first_page_of_files(with_pdf, monkeypatch):
    with_pdf.export(attach_pdf="true")
    registers = with_pdf.fortnox.registers
    [ours] = registers.files.values()
    registers.files = {"x": replace(ours, id="x", name="x.pdf"), ours.id: ours}
    monkeypatch.setattr(protocol, "PAGE_SIZE", 1)
    recorded = with_pdf.export(attach_pdf="true")
    assert (recorded.results[-1].state, recorded.results[-1].code) == ("unchanged", "")


def test_without_the_right_to_the_inbox_the_bills_go_and_what_is_left_is_told(office):
    body = '{"ErrorInformation": {"error": 1, "message": "Nej.", "code": 2001339}}'
    office.fault(Fault(403, body, "application/json"), Match("POST", "/3/inbox"), times=None)
    office.host.documents |= {"/A-117": PDF, "/A-118": PDF}
    both = [bill(document="a.pdf"), bill("A-118", document="a.pdf")]
    recorded = office.set_invoices(*both).export(attach_pdf="true")
    told = {one.id: (one.state, one.code, one.complete) for one in recorded.results}
    assert set(told.values()) == {("sent", "PDF_NOT_ATTACHED", False)}
    assert len(recorded.report.notes) == 1
    again = office.set_invoices(*both, incomplete=True).export(
        attach_pdf="true", review=lambda _: ()
    )
    assert {one.code for one in again.planned} == {"PDF_NOT_ATTACHED"}


def test_without_the_setting_there_is_no_pdf(with_pdf):
    with_pdf.export()
    assert files(with_pdf) == []


@pytest.mark.parametrize(
    "match", [Match("POST", "/3/inbox"), Match("POST", "/3/supplierinvoicefileconnections")]
)
@pytest.mark.parametrize("fault", [*PERFORMED.values(), *NOT_PERFORMED.values()])
def test_a_repeated_upload_makes_no_second_file(with_pdf, match, fault):
    with_pdf.fault(fault, match)
    recorded = with_pdf.export(attach_pdf="true")
    assert recorded.states == {"/A-117": "sent"}
    with_pdf.export(attach_pdf="true")
    assert files(with_pdf) == [(int(with_pdf.active_invoice()["GivenNumber"]), PDF)]
