"""Invoices that are made, changed, booked, cancelled and credited over the API."""

import json
import threading
from decimal import Decimal

import pytest
import requests
from fortnox_exporter import invoice, sold

from hostsim.sandbox import ocr_of

parametrize = pytest.mark.parametrize


def exact(answer):
    return json.loads(answer.content, parse_float=Decimal)["Invoice"]


# --- What is filled in ------------------------------------------------------


def test_a_customer_alone_is_enough_for_an_invoice(fortnox):
    made = fortnox.create_invoice()
    assert (made["DocumentNumber"], made["OCR"], made["Total"]) == ("1", "133", 0)
    assert (made["InvoiceDate"], made["DueDate"]) == ("2026-03-17", "2026-04-16")


def test_an_invoice_is_answered_with_201_and_a_bare_word_for_a_location(fortnox):
    answer = fortnox.ask("POST", "invoices", invoice([]))
    assert (answer.status_code, answer.headers["Location"]) == (201, "invoices")
    assert "Vary" not in answer.headers


def test_a_card_is_copied_and_later_changes_of_it_do_not_follow(fortnox):
    card = {"City": "Kalmar", "YourReference": "Kim", "OrganisationNumber": "556000-0000"}
    fortnox.record("customers", CustomerNumber="1", EmailInvoice="f@example.com", **card)
    made = fortnox.create_invoice(City="Växjö")
    fortnox.ask("PUT", "customers/1", {"Customer": {"Name": "Ny AB", "YourReference": "Lo"}})
    shown = fortnox.get(f"invoices/{made['DocumentNumber']}")["Invoice"]
    assert (shown["CustomerName"], shown["City"]) == ("Updated name", "Växjö")
    assert (shown["YourReference"], shown["OrganisationNumber"]) == ("Kim", "556000-0000")
    assert shown["EmailInformation"]["EmailAddressTo"] == "f@example.com"


@parametrize(("terms", "due"), [("30", "2026-02-01"), ("10", "2026-01-12"), ("AG", "2026-01-02")])
def test_the_due_date_follows_from_the_terms_of_payment(fortnox, terms, due):
    made = fortnox.create_invoice(InvoiceDate="2026-01-02", TermsOfPayment=terms)
    assert (made["DueDate"], made["OutboundDate"]) == (due, "2026-01-02")


def test_a_company_without_default_terms_has_invoices_due_at_once(fortnox):
    fortnox.change("set_up", set_up={"terms_of_payment": ""})
    assert fortnox.create_invoice()["DueDate"] == "2026-03-17"


def test_a_due_date_before_the_invoice_date_is_accepted(fortnox):
    assert fortnox.create_invoice(DueDate="2026-01-01")["DueDate"] == "2026-01-01"


def test_an_invoice_reads_the_same_later_and_has_every_field_that_was_sent(fortnox):
    sent = {
        "Comments": "Rad ett",
        "ExternalInvoiceReference1": "opter/NORR/10301/",
        "YourOrderNumber": "4555",
        "Language": "EN",
        "DeliveryDate": "2026-03-02",
        "EmailInformation": {"EmailSubject": "Faktura"},
        "Labels": [{"Id": 3}],
    }
    made = fortnox.create_invoice([sold()], **sent)
    shown = fortnox.get("invoices/1")["Invoice"]
    assert {name: shown[name] for name in sent} == sent | {
        "EmailInformation": made["EmailInformation"]
    }
    assert made["EmailInformation"]["EmailSubject"] == "Faktura"
    assert shown["InvoiceRows"][0]["Total"] == 100


# --- Numbers and OCR --------------------------------------------------------


def test_an_own_number_and_its_ocr_are_taken(fortnox):
    made = fortnox.create_invoice(DocumentNumber="10301")
    assert (made["DocumentNumber"], made["OCR"]) == ("10301", ocr_of(10301))
    assert fortnox.get("invoices/10301")["Invoice"]["DocumentNumber"] == "10301"


def test_a_number_in_use_is_refused_and_nothing_is_changed(fortnox):
    fortnox.create_invoice(DocumentNumber="10301", Comments="den första")
    again = invoice([], DocumentNumber="10301")
    assert fortnox.error_code("POST", "invoices", again) == (400, 2009438)
    fortnox.set(used_number_status=409, used_number_code=2000001)
    assert fortnox.error_code("POST", "invoices", again) == (409, 2000001)
    assert fortnox.get("invoices/10301")["Invoice"]["Comments"] == "den första"


@parametrize(("cancelled_number_blocks", "status"), [(True, 400), (False, 201)])
def test_a_switch_tells_whether_a_cancelled_number_blocks(fortnox, cancelled_number_blocks, status):
    fortnox.set(cancelled_number_blocks=cancelled_number_blocks)
    fortnox.create_invoice(DocumentNumber="7")
    fortnox.perform(7, "cancel")
    answer = fortnox.ask("POST", "invoices", invoice([], DocumentNumber="7"))
    assert answer.status_code == status


@parametrize(("number_moves_series", "code"), [(False, 2009438), (True, None)])
def test_a_switch_tells_whether_an_own_number_moves_the_series(fortnox, number_moves_series, code):
    fortnox.set(number_moves_series=number_moves_series)
    fortnox.create_invoice(DocumentNumber="1")
    answer = fortnox.ask("POST", "invoices", invoice([]))
    assert answer.json().get("ErrorInformation", {}).get("code") == code


def test_an_own_ocr_is_taken_where_its_check_digit_is_good(fortnox):
    assert fortnox.create_invoice(OCR="426523791")["OCR"] == "426523791"
    assert fortnox.refusal_code(OCR="426523790") == 2009440
    fortnox.set(invalid_ocr="accepted", invalid_ocr_code=2000001)
    assert fortnox.create_invoice(OCR="426523790")["OCR"] == "426523790"


def test_an_ocr_in_use_is_refused_or_accepted_by_a_switch(fortnox):
    fortnox.create_invoice(OCR="426523791")
    assert fortnox.refusal_code(OCR="426523791") == 2009439
    fortnox.set(used_ocr_code=2000001)
    assert fortnox.refusal_code(OCR="426523791") == 2000001
    fortnox.set(used_ocr="accepted")
    assert fortnox.create_invoice(OCR="426523791")["OCR"] == "426523791"


def test_a_refused_invoice_takes_no_number(fortnox):
    assert fortnox.refusal_code(Currency="GBP") == 2000427
    assert fortnox.create_invoice()["DocumentNumber"] == "1"


def test_one_number_sent_many_times_at_once_makes_one_invoice(fortnox):
    statuses = []

    def send():
        body = invoice([sold()], DocumentNumber="55")
        statuses.append(fortnox.ask("POST", "invoices", body).status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [400] * 7


# --- Rows and amounts -------------------------------------------------------


@parametrize(
    ("sent", "kept"), [("1.123", "1.12"), ("1.125", "1.13"), (1.125, "1.13"), ("-1.125", "-1.13")]
)
def test_price_and_quantity_are_rounded_to_two_decimals_half_up(fortnox, sent, kept):
    row = sold(price=sent, DeliveredQuantity=sent)
    made = exact(fortnox.ask("POST", "invoices", invoice([row])))["InvoiceRows"][0]
    assert (made["Price"], made["DeliveredQuantity"]) == (Decimal(kept), kept)


def test_a_row_without_a_quantity_is_nothing(fortnox):
    made = fortnox.create_invoice([{"AccountNumber": 3001, "Price": 10}])
    (row,) = made["InvoiceRows"]
    assert (row["DeliveredQuantity"], row["Total"], made["Total"]) == ("0", 0, 0)


def test_a_row_of_text_alone_and_an_empty_row_are_accepted(fortnox):
    made = fortnox.create_invoice([{"Description": "Faktura 10301, 4555, 2026-10-28"}, {}])
    assert [row["AccountNumber"] for row in made["InvoiceRows"]] == [0, 0]
    assert fortnox.perform(made["DocumentNumber"], "bookkeep")["Booked"] is True


@parametrize(("vat_on", "total"), [("sum", "374.96"), ("rows", "374.97")])
def test_vat_is_computed_of_the_sum_of_a_rate_or_of_each_row_by_a_switch(fortnox, vat_on, total):
    fortnox.set(vat_on=vat_on)
    body = invoice([sold("99.99")] * 3)
    made = exact(fortnox.ask("POST", "invoices", body))
    assert made["Total"] == Decimal(total)
    assert made["Net"] + made["TotalVAT"] == made["Total"]


def test_each_rate_has_vat_of_its_own_rounded_half_up(fortnox):
    rows = [sold("0.02"), sold("10.10", 12, 3002), sold("100", 6, 3003), sold("50", 0, 3004)]
    made = exact(fortnox.ask("POST", "invoices", invoice(rows)))
    assert made["TotalVAT"] == Decimal("0.01") + Decimal("1.21") + Decimal("6.00")
    assert made["Total"] == Decimal("160.12") + Decimal("7.22")


def test_with_vat_included_the_price_of_a_row_holds_vat(fortnox):
    made = fortnox.create_invoice([sold("125")], VATIncluded=True)
    (row,) = made["InvoiceRows"]
    assert (made["Total"], made["Net"], made["TotalVAT"]) == (125, 100, 25)
    assert (row["Price"], row["PriceExcludingVAT"], row["TotalExcludingVAT"]) == (125, 100, 100)


@parametrize(("whole_kronor", "total", "off"), [(False, 125.63, 0), (True, 126, 0.37)])
def test_a_switch_rounds_to_whole_kronor_and_shows_the_rest(fortnox, whole_kronor, total, off):
    fortnox.set(whole_kronor=whole_kronor)
    made = fortnox.create_invoice([sold("100.50")])
    assert (made["Total"], made["RoundOff"]) == (total, off)


@parametrize(("fee_vat", "freight_vat"), [("25", 12.5), ("rows", 6), ("0", 0)])
def test_fees_of_the_company_are_added_with_vat_by_a_switch(fortnox, fee_vat, freight_vat):
    fortnox.set(fee_vat=fee_vat)
    fortnox.change("set_up", set_up={"freight": "50", "administration_fee": "0"})
    made = fortnox.create_invoice([sold("100", 12, 3002)])
    assert (made["Freight"], made["FreightVAT"]) == (50, freight_vat)
    assert made["Total"] == 112 + 50 + freight_vat


def test_fees_of_the_customer_go_before_those_of_the_company_and_what_is_sent_before_both(fortnox):
    fortnox.change("set_up", set_up={"freight": "50", "administration_fee": "30"})
    fortnox.record("customers", CustomerNumber="1", InvoiceFreight="10")
    made = fortnox.create_invoice()
    assert (made["Freight"], made["AdministrationFee"], made["Total"]) == (10, 30, 50)
    assert fortnox.create_invoice(Freight=0, AdministrationFee=0)["Total"] == 0


def test_the_discount_of_a_card_is_applied_unless_the_row_says_otherwise(fortnox):
    fortnox.record("customers", CustomerNumber="1", InvoiceDiscount="10")
    made = fortnox.create_invoice([sold("100"), sold("100", Discount=0)])
    assert [row["Total"] for row in made["InvoiceRows"]] == [90, 100]
    assert made["InvoiceRows"][0]["Discount"] == 10


def test_a_discount_is_per_cent_or_an_amount(fortnox):
    rows = [sold("200", Discount=5), sold("200", Discount=5, DiscountType="AMOUNT")]
    assert [row["Total"] for row in fortnox.create_invoice(rows)["InvoiceRows"]] == [190, 195]


@parametrize(("left_out_vat", "vat"), [("account", 25), ("zero", 0)])
def test_a_row_without_vat_has_that_of_its_account_by_a_switch(fortnox, left_out_vat, vat):
    fortnox.set(left_out_vat=left_out_vat)
    row = sold()
    del row["VAT"]
    assert fortnox.create_invoice([row])["InvoiceRows"][0]["VAT"] == vat


def test_a_row_without_an_account_has_that_of_its_customer_or_company(fortnox):
    row = {"DeliveredQuantity": "1", "Price": 10}
    assert fortnox.create_invoice([row])["InvoiceRows"][0]["AccountNumber"] == 3001
    fortnox.record("customers", CustomerNumber="1", SalesAccount="3041")
    assert fortnox.create_invoice([row])["InvoiceRows"][0]["AccountNumber"] == 3041


def test_a_row_with_an_article_has_its_text_and_account(fortnox):
    article = {"ArticleNumber": "101", "Description": "Hammer", "SalesAccount": 3002, "VAT": 12}
    fortnox.record("articles", **article)
    (row,) = fortnox.create_invoice([{"ArticleNumber": "101", "Price": 10}])["InvoiceRows"]
    assert (row["Description"], row["AccountNumber"], row["VAT"]) == ("Hammer", 3002, 12)
    assert fortnox.refusal_code([{"ArticleNumber": "7"}]) == 2000428


def test_a_negative_invoice_is_a_credit_that_names_what_it_credits(fortnox):
    fortnox.create_invoice([sold()], DocumentNumber="10")
    made = fortnox.create_invoice([sold("-40")], DocumentNumber="11", CreditInvoiceReference="10")
    assert (made["Credit"], made["Total"], made["CreditInvoiceReference"]) == ("true", -50, "10")
    assert fortnox.get("invoices/10")["Invoice"]["CreditInvoiceReference"] == "11"
    assert fortnox.documents("?credit=true") == ["11"]
    assert fortnox.refusal_code(CreditInvoiceReference="99") == 2000434


def test_an_interest_invoice_keeps_its_type(fortnox):
    made = fortnox.create_invoice([sold("187", 0, 8313)], InvoiceType="INTRESTINVOICE")
    assert (made["InvoiceType"], made["Total"]) == ("INTRESTINVOICE", 187)
    assert fortnox.documents("?invoicetype=INTRESTINVOICE") == ["1"]


def test_a_foreign_invoice_has_the_rate_that_is_sent_or_fortnoxs_own(fortnox):
    sent = fortnox.create_invoice([sold("10", 0, 3308)], Currency="EUR", CurrencyRate=11.5)
    assert (sent["Currency"], sent["CurrencyRate"], sent["Total"]) == ("EUR", 11.5, 10)
    assert fortnox.create_invoice(Currency="EUR")["CurrencyRate"] == 11.275
    made = fortnox.create_invoice(Currency="EUR", CurrencyUnit=100)
    assert (made["CurrencyRate"], made["CurrencyUnit"]) == (11.275, 100)
    assert fortnox.put(made["DocumentNumber"], Currency="USD")["CurrencyRate"] == 10.43
    assert fortnox.put(made["DocumentNumber"], Currency="SEK")["CurrencyRate"] == 1


@parametrize("rate", [{"CurrencyRate": 2}, {"CurrencyUnit": 100}])
def test_the_rate_of_sek_is_1(fortnox, rate):
    assert fortnox.refusal_code(**rate) == 2001392
    assert fortnox.refusal_code(Currency="EUR", CurrencyRate=0) == 2009449
    fortnox.set(contradicting_amounts="computed")
    made = fortnox.create_invoice(**rate)
    assert (made["CurrencyRate"], made["CurrencyUnit"]) == (1, 1)


@parametrize(
    ("vat_of_exempt_customer", "total", "code"),
    [("zero", 100, None), ("kept", 125, None), ("refused", None, 2009446)],
)
def test_vat_for_a_customer_without_vat_is_a_switch(fortnox, vat_of_exempt_customer, total, code):
    fortnox.set(vat_of_exempt_customer=vat_of_exempt_customer)
    fortnox.record("customers", CustomerNumber="1", VATType="EUREVERSEDVAT")
    answer = fortnox.ask("POST", "invoices", invoice([sold()])).json()
    assert answer.get("Invoice", {}).get("Total") == total
    assert answer.get("ErrorInformation", {}).get("code") == code


def test_a_customer_without_vat_has_none_on_fees_nor_where_it_is_left_out(fortnox):
    fortnox.record("customers", CustomerNumber="1", VATType="EXPORT")
    row = sold()
    del row["VAT"]
    assert fortnox.create_invoice([row], Freight=50)["Total"] == 150


# --- What is refused --------------------------------------------------------


@parametrize(
    ("rows", "fields", "code"),
    [
        ([], {"CustomerNumber": "99"}, 2000433),
        ([], {"CustomerNumber": None}, 2000729),
        ([], {"CustomerNumber": ""}, 2000729),
        ([], {"Currency": "GBP"}, 2000427),
        ([], {"TermsOfPayment": "45"}, 2000429),
        ([], {"Project": "9"}, 2001161),
        ([], {"CostCenter": "99"}, 2009442),
        ([], {"Country": "South Korea"}, 2000919),
        ([], {"Wings": 2}, 2001399),
        ([], {"Language": "FI"}, 2001392),
        ([], {"InvoiceDate": "den 3 mars"}, 2001392),
        ([], {"InvoiceDate": "2026-02-30"}, 2001392),
        ([], {"EmailInformation": "x"}, 2001392),
        ([], {"Freight": "mycket"}, 2000108),
        ([], {"VATIncluded": "kanske"}, 2000134),
        ([], {"DocumentNumber": "A-7"}, 2000108),
        ([], {"InvoiceRows": "x"}, 2001392),
        (["x"], {}, 2002649),
        ([{"Colour": "red"}], {}, 2001399),
        ([sold(account=3999)], {}, 2000423),
        ([sold(vat=20)], {}, 2009441),
        ([sold(CostCenter="99")], {}, 2009442),
        ([sold(Project="9")], {}, 2001161),
        ([sold(price="x")], {}, 2000108),
        ([sold(price="NaN")], {}, 2000108),
        ([{}] * 501, {}, 2009448),
    ],
)
def test_an_invoice_that_cannot_be_is_refused(fortnox, rows, fields, code):
    assert fortnox.refusal_code(rows, **fields) == code
    assert fortnox.documents() == []


@parametrize("body", [{}, [], {"Invoice": {}}, {"Invoice": "x"}, {"Invoice": []}])
def test_a_body_without_an_invoice_is_refused(fortnox, body):
    assert fortnox.error_code("POST", "invoices", body) == (400, 2001392)


def test_five_hundred_rows_are_taken(fortnox):
    assert len(fortnox.create_invoice([sold("1")] * 500)["InvoiceRows"]) == 500


@parametrize("text", ["och så vidare…", "a·b", "https://example.com", "a<b", "a>b", "a\x01b"])
def test_texts_with_refused_characters_are_refused(fortnox, text):
    assert fortnox.refusal_code(Comments=text) == 2000359
    assert fortnox.refusal_code([sold(Description=text)]) == 2000359


@parametrize("text", ["Åkeri & Söner AB, 50 % (del 2/3)", 'Kim "K" Ek; 5+5=10', "rad\nrad"])
def test_ordinary_texts_are_accepted(fortnox, text):
    assert fortnox.create_invoice(Comments=text)["Comments"] == text


def test_a_switch_refuses_everything_that_is_neither_a_letter_nor_ascii(fortnox):
    assert fortnox.create_invoice(Comments="a – b é")["Comments"] == "a – b é"
    fortnox.set(text_characters="plain")
    assert fortnox.refusal_code(Comments="a – b") == 2000359
    assert fortnox.create_invoice(Comments="é")["Comments"] == "é"


def test_texts_that_are_too_long_are_refused_or_cut_by_a_switch(fortnox):
    assert fortnox.create_invoice(ExternalInvoiceReference1="x" * 80)
    assert fortnox.refusal_code(ExternalInvoiceReference1="x" * 81) == 2009449
    assert fortnox.refusal_code([sold(Description="x" * 256)]) == 2009449
    fortnox.set(long_texts="cut")
    assert fortnox.create_invoice(YourOrderNumber="x" * 99)["YourOrderNumber"] == "x" * 75


def test_the_codes_that_nobody_knows_can_be_set(fortnox):
    fortnox.set(
        vat_not_found_code=1,
        cost_center_not_found_code=2,
        vat_contradicts_code=3,
        vat_of_exempt_customer="refused",
        too_many_rows_code=4,
        text_length_code=5,
        financial_year_code=6,
        account_not_found_code=2001304,
        currency_not_found_code=2004344,
        unknown_reference_status=404,
    )
    fortnox.record("customers", CustomerNumber="2", Name="Export", VATType="EXPORT")
    assert fortnox.refusal_code([sold(vat=20)]) == 1
    assert fortnox.refusal_code(CostCenter="9") == 2
    assert fortnox.refusal_code([sold()], CustomerNumber="2") == 3
    assert fortnox.refusal_code([{}] * 501) == 4
    assert fortnox.refusal_code(YourReference="x" * 51) == 5
    assert fortnox.refusal_code(InvoiceDate="2035-01-01") == 6
    assert fortnox.refusal_code([sold(account=3999)]) == 2001304
    assert fortnox.error_code("POST", "invoices", invoice([], Currency="GBP")) == (404, 2004344)


def test_an_inactive_account_is_refused_also_where_it_is_stored_already(fortnox):
    fortnox.create_invoice([sold()])
    fortnox.record("accounts", Number=3001, Active=False)
    assert fortnox.refusal_code([sold()]) == 2000550
    assert fortnox.error_code("PUT", "invoices/1", {"Invoice": {"Comments": "x"}}) == (400, 2000550)


def test_fields_that_only_fortnox_sets_are_ignored_or_refused_by_a_switch(fortnox):
    assert fortnox.create_invoice(Booked=True, Total=7)["Booked"] is False
    fortnox.set(read_only_fields="refused")
    assert fortnox.refusal_code(Booked=True) == 2001399


# --- Cost centres, periods and years ----------------------------------------


def test_cost_centres_are_checked_at_booking_or_at_once_by_a_switch(fortnox):
    fortnox.record("costcenters", Code="10", Description="Fjärr")
    fortnox.record("costcenters", Code="11", Description="Stängd", Active=False)
    fortnox.record("accounts", Number=3001, CostCenterSettings="MANDATORY")
    for row in (sold(), sold(CostCenter="11"), sold(CostCenter="10")):
        fortnox.create_invoice([row])
    assert fortnox.error_code("PUT", "invoices/1/bookkeep", {}) == (400, 2000946)
    assert fortnox.error_code("PUT", "invoices/2/bookkeep", {}) == (400, 2000947)
    assert fortnox.perform(3, "bookkeep")["Booked"]
    fortnox.set(cost_center_rules="at_once")
    assert fortnox.refusal_code([sold()]) == 2000946
    assert fortnox.refusal_code([sold()], CostCenter="11") == 2000947
    assert fortnox.create_invoice([sold()], CostCenter="10")["CostCenter"] == "10"


def test_a_locked_period_refuses_invoices_up_to_its_last_day(fortnox):
    fortnox.create_invoice(InvoiceDate="2026-02-28")
    fortnox.change("lock_period", until="2026-02-28")
    assert fortnox.refusal_code(InvoiceDate="2026-02-28") == 2000401
    assert fortnox.create_invoice(InvoiceDate="2026-03-01")
    assert fortnox.error_code("PUT", "invoices/1", {"Invoice": {"Comments": "x"}}) == (400, 2000401)
    assert fortnox.error_code("PUT", "invoices/2", {"Invoice": {"InvoiceDate": "2026-02-01"}})[
        1
    ] == (2000401)
    assert fortnox.error_code("PUT", "invoices/1/bookkeep", {}) == (400, 2002141)
    fortnox.change("lock_period", until=None)
    assert fortnox.perform(1, "bookkeep")["Booked"]


def test_a_switch_lets_a_locked_period_show_at_booking_only(fortnox):
    fortnox.set(locked_period="at_booking")
    fortnox.change("lock_period", until="2026-02-28")
    fortnox.create_invoice(InvoiceDate="2026-02-01")
    assert fortnox.error_code("PUT", "invoices/1/bookkeep", {}) == (400, 2002141)


def test_a_lock_may_spare_integrations(fortnox):
    fortnox.change("set_up", set_up={"lock_holds_for_integrations": False})
    fortnox.change("lock_period", until="2026-02-28")
    assert fortnox.create_invoice(InvoiceDate="2026-02-01")


def test_a_period_locks_itself_on_a_day_without_anybody_doing_anything(fortnox):
    fortnox.change("set_up", set_up={"lock_day": 18})
    assert fortnox.create_invoice(InvoiceDate="2026-02-28")
    fortnox.advance(86400)
    assert fortnox.refusal_code(InvoiceDate="2026-02-28") == 2000401
    assert fortnox.get("settings/lockedperiod") == {"LockedPeriod": {"EndDate": "2026-02-28"}}


def test_a_date_without_a_financial_year_is_refused(fortnox):
    assert fortnox.refusal_code(InvoiceDate="2027-01-01") == 2009443
    years = [{"id": 1, "first": "2026-05-01", "last": "2027-04-30"}]
    fortnox.change("set_financial_years", years=years)
    assert fortnox.refusal_code(InvoiceDate="2026-04-30") == 2009443
    assert fortnox.create_invoice(InvoiceDate="2027-01-01")
    assert fortnox.perform(1, "bookkeep")["VoucherYear"] == 1


# --- Changing ---------------------------------------------------------------


def test_only_what_is_sent_is_changed(fortnox):
    fortnox.create_invoice([sold()], Comments="en", YourReference="Kim")
    changed = fortnox.put(1, Comments="två")
    assert (changed["Comments"], changed["YourReference"]) == ("två", "Kim")
    assert (changed["Total"], changed["InvoiceDate"]) == (125, "2026-03-17")


@parametrize("value", ["", None])
def test_an_empty_text_or_null_clears_nothing(fortnox, value):
    fortnox.create_invoice(Comments="en", Country="Sverige")
    changed = fortnox.put(1, Comments=value, Country=value)
    assert (changed["Comments"], changed["Country"]) == ("en", "Sverige")


def test_api_blank_clears_a_field(fortnox):
    fortnox.create_invoice([sold(CostCenter=None)], Comments="en", DeliveryDate="2026-03-02")
    changed = fortnox.put(1, Comments="API_BLANK", DeliveryDate="API_BLANK")
    assert (changed["Comments"], changed["DeliveryDate"]) == ("", None)


def test_what_always_has_a_value_cannot_be_cleared(fortnox):
    made = fortnox.create_invoice(DueDate="2026-05-01", InvoiceDate="API_BLANK")
    changed = fortnox.put(1, DueDate="API_BLANK", Comments="x")
    assert (made["InvoiceDate"], changed["DueDate"]) == ("2026-03-17", "2026-05-01")


def test_objects_within_an_invoice_are_changed_field_by_field(fortnox):
    fortnox.create_invoice(
        EmailInformation={"EmailSubject": "a", "EmailBody": "https://example.com"}
    )
    changed = fortnox.put(1, EmailInformation={"EmailSubject": "b"})
    assert changed["EmailInformation"]["EmailSubject"] == "b"
    assert changed["EmailInformation"]["EmailBody"] == "https://example.com"


def test_rows_without_ids_are_matched_by_position_and_keep_what_is_not_sent(fortnox):
    fortnox.create_invoice([sold("100", Discount=10), sold("200"), sold("300")])
    changed = fortnox.put(1, InvoiceRows=[{"Price": 50}, {"Price": 60}])
    assert [(row["Price"], row["Discount"]) for row in changed["InvoiceRows"]] == [
        (50, 10),
        (60, 0),
    ]


def test_rows_with_ids_stay_or_change_others_go_and_rows_without_are_new(fortnox):
    first, second, _third = fortnox.create_invoice([sold("1"), sold("2"), sold("3")])["InvoiceRows"]
    rows = [
        {"RowId": second["RowId"], "Price": 20},
        {"Description": "ny", "Price": 9},
        {"RowId": first["RowId"]},
    ]
    changed = fortnox.put(1, InvoiceRows=rows)["InvoiceRows"]
    assert [(row["Price"], row["Description"]) for row in changed] == [
        (20, "Frakt"),
        (9, "ny"),
        (1, "Frakt"),
    ]


def test_a_row_id_that_the_invoice_lacks_is_refused(fortnox):
    fortnox.create_invoice([sold()])
    body = {"Invoice": {"InvoiceRows": [{"RowId": 99}]}}
    assert fortnox.error_code("PUT", "invoices/1", body) == (400, 2009447)
    fortnox.set(row_not_found_code=2000001)
    assert fortnox.error_code("PUT", "invoices/1", body) == (400, 2000001)


def test_every_change_gives_all_rows_new_ids_from_one_counter_of_the_company(fortnox):
    made = fortnox.create_invoice([sold(), sold()])
    fortnox.create_invoice([sold()])
    changed = fortnox.put(1, Comments="x")
    assert [row["RowId"] for row in made["InvoiceRows"]] == [1, 2]
    assert [row["RowId"] for row in changed["InvoiceRows"]] == [4, 5]


def test_an_empty_list_of_rows_removes_them(fortnox):
    fortnox.create_invoice([sold()])
    assert fortnox.put(1, InvoiceRows=[])["Total"] == 0


def test_a_change_of_nothing_is_refused_and_of_what_is_not_there_too(fortnox):
    fortnox.create_invoice()
    assert fortnox.error_code("PUT", "invoices/1", {"Invoice": {}}) == (400, 2001392)
    assert fortnox.error_code("PUT", "invoices/9", {"Invoice": {"Comments": "x"}}) == (404, 2000434)


def test_another_customer_brings_a_copy_of_its_own_card(fortnox):
    fortnox.record("customers", CustomerNumber="2", Name="Annan AB", City="Lund")
    fortnox.create_invoice([sold()])
    changed = fortnox.put(1, CustomerNumber="2")
    assert (changed["CustomerName"], changed["City"], changed["Total"]) == ("Annan AB", "Lund", 125)


def test_an_invoice_whose_rows_are_not_known_keeps_its_total(fortnox):
    record = {"number": 5, "total": "80", "invoice_date": "2026-01-02", "due_date": "2026-02-01"}
    fortnox.change("add_invoice", invoice=record | {"booked": False})
    assert fortnox.put(5, Comments="x")["Total"] == 80


@parametrize("state", ["book_invoice", "cancel_invoice", "pay_invoice"])
def test_a_booked_cancelled_or_paid_invoice_is_not_changed(fortnox, state):
    fortnox.create_invoice([sold()], Comments="en")
    fortnox.change(state, number=1)
    body = {"Invoice": {"Comments": "två"}}
    assert fortnox.error_code("PUT", "invoices/1", body) == (400, 2009444)
    fortnox.set(invoice_locked_code=2000001)
    assert fortnox.error_code("PUT", "invoices/1", body) == (400, 2000001)
    assert fortnox.get("invoices/1")["Invoice"]["Comments"] == "en"


def test_a_company_that_books_when_paid_does_not_change_what_is_sent(fortnox):
    fortnox.create_invoice([sold()])
    fortnox.perform(1, "externalprint")
    assert fortnox.put(1, Comments="x")
    fortnox.change("set_up", set_up={"method": "CASH"})
    assert fortnox.error_code("PUT", "invoices/1", {"Invoice": {"Comments": "y"}})[1] == 2009444
    assert fortnox.get("invoices/1")["Invoice"]["AccountingMethod"] == "CASH"


# --- Actions ----------------------------------------------------------------


def test_booking_gives_a_voucher_and_happens_once(fortnox):
    fortnox.create_invoice([sold()])
    booked = fortnox.perform(1, "bookkeep")
    assert (booked["Booked"], booked["VoucherSeries"], booked["VoucherNumber"]) == (True, "B", 1)
    assert booked["VoucherYear"] == 12
    assert fortnox.error_code("PUT", "invoices/1/bookkeep", {}) == (400, 2009444)


def test_an_action_needs_a_content_type_of_json(fortnox):
    fortnox.create_invoice()
    answer = fortnox.ask("PUT", "invoices/1/bookkeep")
    assert answer.json()["ErrorInformation"]["code"] == 1000031


def test_an_invoice_of_nothing_is_paid_as_soon_as_it_is_booked(fortnox):
    fortnox.create_invoice()
    assert fortnox.perform(1, "bookkeep")["FinalPayDate"] == "2026-03-17"


def test_what_is_not_finished_is_not_booked(fortnox):
    fortnox.create_invoice(NotCompleted=True)
    assert fortnox.error_code("PUT", "invoices/1/bookkeep", {}) == (400, 2003498)
    fortnox.put(1, NotCompleted=False)
    assert fortnox.perform(1, "bookkeep")["Booked"]


def test_a_row_with_a_quantity_and_no_text_is_not_booked(fortnox):
    fortnox.create_invoice([sold(Description=None)])
    assert fortnox.error_code("PUT", "invoices/1/bookkeep", {}) == (400, 2003977)


def test_cancelling_is_for_what_is_not_booked_and_cannot_be_booked_after(fortnox):
    fortnox.create_invoice([sold()])
    fortnox.create_invoice([sold()])
    fortnox.perform(1, "bookkeep")
    assert fortnox.error_code("PUT", "invoices/1/cancel", {}) == (400, 2009444)
    assert fortnox.perform(2, "cancel")["Cancelled"] is True
    assert fortnox.error_code("PUT", "invoices/2/bookkeep", {}) == (400, 2009444)
    assert fortnox.documents("?filter=cancelled") == ["2"]


def test_crediting_answers_with_the_debit_invoice_that_names_the_credit(fortnox):
    fortnox.create_invoice([sold("99.99")] * 3, Freight=10)
    fortnox.perform(1, "bookkeep")
    answered = fortnox.perform(1, "credit")
    assert (answered["DocumentNumber"], answered["CreditInvoiceReference"]) == ("1", "2")
    credit = fortnox.get("invoices/2")["Invoice"]
    assert (credit["Credit"], credit["CreditInvoiceReference"]) == ("true", "1")
    assert (credit["Total"], credit["Booked"]) == (-answered["Total"], False)
    assert credit["InvoiceRows"][0]["DeliveredQuantity"] == "-1"
    assert fortnox.put(2, Comments="x")["Total"] == -answered["Total"]


@parametrize(("second_credit", "documents"), [("refused", 2), ("made", 3)])
def test_a_switch_tells_whether_an_invoice_can_be_credited_twice(fortnox, second_credit, documents):
    fortnox.set(second_credit=second_credit, second_credit_code=2000001)
    fortnox.create_invoice([sold()])
    fortnox.perform(1, "credit")
    assert fortnox.ask("PUT", "invoices/1/credit", {}).status_code == (
        400 if second_credit == "refused" else 200
    )
    assert len(fortnox.documents()) == documents


def test_a_second_credit_invoice_is_not_settled_by_what_settled_its_invoice(fortnox):
    fortnox.set(second_credit="made", credit_settlement="balances")
    fortnox.create_invoice([sold()])
    fortnox.perform(1, "credit")
    for number in (1, 2):
        fortnox.perform(number, "bookkeep")
    fortnox.change("settle_credit", number=2)
    fortnox.perform(1, "credit")
    credit = fortnox.get("invoices/3")["Invoice"]
    assert (credit["Balance"], credit["FinalPayDate"]) == (credit["Total"], None)


def test_a_cancelled_invoice_is_not_credited(fortnox):
    fortnox.create_invoice([sold()])
    fortnox.perform(1, "cancel")
    assert fortnox.error_code("PUT", "invoices/1/credit", {}) == (400, 2009444)


def test_externalprint_marks_as_sent_and_nothing_else(fortnox):
    fortnox.create_invoice([sold()])
    sent = fortnox.perform(1, "externalprint")
    assert (sent["Sent"], sent["Booked"]) == (True, False)
    assert fortnox.perform(1, "warehouseready")["WarehouseReady"] is True


@parametrize("path", ["bookkeep", "cancel", "credit", "externalprint", "warehouseready"])
def test_an_action_on_what_is_not_there_is_not_found(fortnox, path):
    assert fortnox.error_code("PUT", f"invoices/9/{path}", {}) == (404, 2000434)


@parametrize(("path", "sent"), [("email", True), ("print", True), ("preview", False)])
def test_mailing_and_printing_mark_as_sent_and_a_preview_does_not(fortnox, path, sent):
    fortnox.create_invoice([sold()])
    assert fortnox.ask("GET", f"invoices/1/{path}").status_code == 200
    assert fortnox.get("invoices/1")["Invoice"]["Sent"] is sent


def test_a_reminder_is_counted(fortnox):
    fortnox.create_invoice([sold()])
    fortnox.ask("GET", "invoices/1/printreminder")
    shown = fortnox.get("invoices/1")["Invoice"]
    assert (shown["Reminders"], shown["LastRemindDate"]) == (1, "2026-03-17")


def test_nothing_is_mailed_without_bank_details_nor_by_a_company_not_registered(fortnox):
    fortnox.create_invoice([sold()])
    fortnox.change("set_up", set_up={"bankgiro": ""})
    fortnox.set(no_bank_details_code=2000001, not_registered_code=2000002)
    assert fortnox.error_code("GET", "invoices/1/email") == (400, 2000001)
    assert fortnox.error_code("GET", "invoices/1/eprint") == (400, 2000002)
    assert fortnox.error_code("GET", "invoices/1/einvoice") == (400, 2000002)
    assert fortnox.get("invoices/1")["Invoice"]["Sent"] is False


# --- Lists ------------------------------------------------------------------


def test_a_search_by_reference_finds_parts_and_the_list_carries_the_field(fortnox):
    for number in (1, 10):
        fortnox.create_invoice(DocumentNumber=number, ExternalInvoiceReference1=f"OPTER-{number}")
    rows = fortnox.get("invoices?externalinvoicereference1=opter-1")["Invoices"]
    assert [row["ExternalInvoiceReference1"] for row in rows] == ["OPTER-1", "OPTER-10"]


def test_a_new_invoice_is_found_after_a_while_by_a_switch(fortnox):
    fortnox.set(search_delay=5)
    fortnox.create_invoice()
    assert fortnox.documents() == []
    assert fortnox.get("invoices/1")["Invoice"]["DocumentNumber"] == "1"
    fortnox.change("step_clock", seconds=5)
    assert fortnox.documents() == ["1"]


def test_invoices_are_found_by_what_their_rows_have(fortnox):
    fortnox.create_invoice([sold(Description="Bränsletillägg")], Labels=[{"Id": 4}])
    fortnox.create_invoice([sold(account=3041)])
    assert fortnox.documents("?articledescription=bränsle") == ["1"]
    assert fortnox.documents("?accountnumberfrom=3041&accountnumberto=3050") == ["2"]
    assert fortnox.documents("?label=4") == ["1"]
    assert fortnox.documents("?articlenumber=1") == []


def test_a_change_shows_in_lastmodified(fortnox):
    fortnox.create_invoice()
    fortnox.advance(3600)
    assert fortnox.documents("?lastmodified=2026-03-17 11:00") == []
    fortnox.put(1, Comments="x")
    assert fortnox.documents("?lastmodified=2026-03-17 11:00") == ["1"]


def test_values_of_parameters_are_checked_for_characters_too(fortnox):
    assert fortnox.error_code("GET", "invoices?customername=a%3Cb") == (400, 2000359)


# --- Shapes -----------------------------------------------------------------


def test_a_detail_is_alphabetical_and_a_switch_has_the_order_of_2023(fortnox):
    made = fortnox.create_invoice([sold()])
    assert list(made) == sorted(made)
    assert made["ContractReference"] == "0"
    assert fortnox.get("invoices/1")["Invoice"] == made
    fortnox.set(invoice_detail="2023")
    shown = fortnox.get("invoices/1")["Invoice"]
    assert list(shown) != sorted(made)
    assert (
        list(fortnox.create_invoice([sold()])) == list(fortnox.put(1, Remarks="x")) == list(shown)
    )


@parametrize(("left_out_discount", "discount"), [("kept", 10), ("none", 0)])
def test_a_discount_that_is_left_out_of_a_change_is_a_switch(fortnox, left_out_discount, discount):
    fortnox.set(left_out_discount=left_out_discount)
    fortnox.create_invoice([sold() | {"Discount": 10}])
    (row,) = fortnox.put(1, InvoiceRows=[sold()])["InvoiceRows"]
    assert row["Discount"] == discount


def test_prices_hold_vat_where_the_company_has_set_it_up_so_and_nobody_says_otherwise(fortnox):
    fortnox.change("set_up", set_up={"prices_with_vat": True, "freight": "50"})
    made = fortnox.create_invoice([sold("100")])
    assert (made["VATIncluded"], made["Freight"], made["Total"]) == (True, 50, 150)
    made = fortnox.create_invoice([sold("100")], VATIncluded=False, Freight=0)
    assert made["Total"] == 125


@parametrize("number", [1, 999, 10000])
def test_an_account_has_four_digits(fortnox, number):
    assert fortnox.refusal_code([sold() | {"AccountNumber": number}]) == 2009449


@parametrize(("unbooked_balance", "balance"), [("total", 125), ("zero", 0)])
def test_the_balance_of_what_is_not_booked_is_a_switch(fortnox, unbooked_balance, balance):
    fortnox.set(unbooked_balance=unbooked_balance)
    assert fortnox.create_invoice([sold()])["Balance"] == balance
    assert fortnox.perform(1, "bookkeep")["Balance"] == 125


# --- Paid, and answers that are lost ----------------------------------------


def test_an_exported_and_booked_invoice_is_paid_as_any_other(fortnox):
    fortnox.create_invoice([sold()], DocumentNumber="10301")
    fortnox.perform(10301, "bookkeep")
    payment = {"InvoiceNumber": 10301, "Amount": 100, "PaymentDate": "2026-03-17"}
    made = fortnox.ask("POST", "invoicepayments", {"InvoicePayment": payment}).json()
    assert made["InvoicePayment"]["InvoiceOCR"] == ocr_of(10301)
    fortnox.ask("PUT", "invoicepayments/1/bookkeep", {})
    (row,) = fortnox.get("invoices?filter=unpaid")["Invoices"]
    assert (row["Balance"], row["FinalPayDate"]) == (25, None)
    fortnox.change("pay_invoice", number=10301, day="2026-03-16")
    assert fortnox.documents("?filter=fullypaid") == ["10301"]


@parametrize(("paid_invoice_payments", "status"), [("accepted", 201), ("refused", 400)])
def test_a_payment_of_what_is_paid_is_a_switch(fortnox, paid_invoice_payments, status):
    fortnox.set(paid_invoice_payments=paid_invoice_payments)
    fortnox.create_invoice([sold()])
    fortnox.perform(1, "bookkeep")
    fortnox.change("pay_invoice", number=1)
    body = {"InvoicePayment": {"InvoiceNumber": 1, "Amount": 1}}
    assert fortnox.ask("POST", "invoicepayments", body).status_code == status


@parametrize(("paid_invoice_payments", "status"), [("accepted", 200), ("refused", 400)])
def test_a_payment_cannot_be_moved_to_what_is_paid_nor_be_booked_then(
    fortnox, paid_invoice_payments, status
):
    fortnox.set(paid_invoice_payments=paid_invoice_payments)
    for number in (1, 2):
        fortnox.create_invoice([sold()])
        fortnox.perform(number, "bookkeep")
        made = {"InvoicePayment": {"InvoiceNumber": number, "Amount": 1}}
        fortnox.ask("POST", "invoicepayments", made)
    fortnox.change("pay_invoice", number=1)
    assert fortnox.ask("PUT", "invoicepayments/1/bookkeep", {}).status_code == status
    moved = {"InvoicePayment": {"InvoiceNumber": 1}}
    assert fortnox.ask("PUT", "invoicepayments/2", moved).status_code == status


@parametrize(
    ("fields", "code"),
    [
        ({"PriceList": "ZZ"}, 2000431),
        ({"TermsOfDelivery": "ZZ"}, 2000435),
        ({"InvoiceRows": [sold(Unit="zz")]}, 2000432),
    ],
)
def test_a_unit_a_price_list_or_terms_that_are_not_there_are_refused(fortnox, fields, code):
    assert fortnox.refusal_code(**fields) == code
    fortnox.record("units", Code="zz")
    for register in ("pricelists", "termsofdeliveries"):
        fortnox.record(register, Code="ZZ")
    assert fortnox.create_invoice(**fields)


def test_unknown_terms_and_vat_are_taken_by_a_switch(fortnox):
    fortnox.set(unknown_terms="accepted", unknown_vat="accepted")
    made = fortnox.create_invoice([sold(vat=1.23, Unit="zz")], PriceList="ZZ")
    assert (made["InvoiceRows"][0]["VAT"], made["PriceList"]) == (1.23, "ZZ")


def payment_refused(fortnox, **fields):
    made = {"InvoicePayment": {"InvoiceNumber": 1, "Amount": 1} | fields}
    return fortnox.error_code("POST", "invoicepayments", made)[1]


@parametrize(
    ("fields", "code"),
    [
        ({"WriteOffs": [{"Amount": 1, "AccountNumber": 3740, "wings": 2}]}, 2001399),
        ({"WriteOffs": [{"Amount": 1, "AccountNumber": 9998}]}, 2000423),
        ({"WriteOffs": [{"Amount": 1, "AccountNumber": 3740, "Project": "x"}]}, 2001161),
        ({"WriteOffs": [{"Amount": 1, "AccountNumber": 3740, "Description": "…"}]}, 2000359),
        ({"WriteOffs": [{"AccountNumber": 3740}]}, 2001795),
        ({"ModeOfPaymentAccount": 9998}, 2000423),
        ({"ModeOfPayment": "<b>"}, 2000359),
        ({"ModeOfPayment": "KORT"}, 2009461),
        ({"CurrencyUnit": 0}, 2009449),
        ({"PaymentDate": "20260317"}, 2001392),
        ({"PaymentDate": "2026-W12-2"}, 2001392),
        ({"PaymentDate": 20260317}, 2001392),
        ({"PaymentDate": "2027-01-01"}, 2009443),
    ],
)
def test_what_a_payment_names_is_checked_as_in_an_invoice(fortnox, fields, code):
    fortnox.create_invoice([sold()])
    assert payment_refused(fortnox, **fields) == code


def test_a_payment_is_on_the_account_of_its_mode_unless_it_names_another(fortnox):
    fortnox.create_invoice([sold()])
    fortnox.record("modesofpayments", Code="KORT", Description="Kort", AccountNumber="1510")
    for fields, account in (
        ({"ModeOfPayment": "KORT"}, 1510),
        ({"ModeOfPayment": "KORT", "ModeOfPaymentAccount": 1930}, 1930),
        ({}, 1930),
    ):
        sent = {"InvoicePayment": {"InvoiceNumber": 1, "Amount": 1} | fields}
        made = fortnox.ask("POST", "invoicepayments", sent).json()["InvoicePayment"]
        assert made["ModeOfPaymentAccount"] == account
    fortnox.set(unknown_terms="accepted", mode_of_payment_not_found_code=1)
    sent["InvoicePayment"]["ModeOfPayment"] = "ZZ"
    assert fortnox.ask("POST", "invoicepayments", sent).status_code == 201
    assert fortnox.error_code("GET", "modesofpayments/ZZ") == (404, 1)


def test_a_payment_in_a_locked_period_is_refused_unless_a_switch_takes_it(fortnox):
    fortnox.create_invoice([sold()])
    fortnox.set(payment_period="free")
    fortnox.change("lock_period", until="2026-03-17")
    made = {"InvoicePayment": {"InvoiceNumber": 1, "Amount": 1}}
    assert fortnox.ask("POST", "invoicepayments", made).status_code == 201
    fortnox.set(payment_period="checked")
    assert payment_refused(fortnox) == 2000401
    assert fortnox.error_code("PUT", "invoicepayments/1", made)[1] == 2000401
    assert fortnox.error_code("PUT", "invoicepayments/1/bookkeep", {})[1] == 2002141


def test_the_vouchers_of_payments_and_invoices_are_of_the_year_of_their_date(fortnox):
    years = [
        {"id": 7, "first": "2025-05-01", "last": "2026-03-15"},
        {"id": 8, "first": "2026-03-16", "last": "2027-04-30"},
    ]
    fortnox.change("set_financial_years", years=years)
    fortnox.create_invoice([sold()], InvoiceDate="2026-03-01")
    assert fortnox.perform(1, "bookkeep")["VoucherYear"] == 7
    fortnox.change("pay_invoice", number=1, amount="10", day="2026-03-16")
    assert fortnox.get("invoicepayments/1")["InvoicePayment"]["VoucherYear"] == 8


def test_a_foreign_invoice_is_paid_in_its_currency(fortnox):
    fortnox.create_invoice([sold("10", 0, 3308)], Currency="EUR", CurrencyRate=11)
    fortnox.perform(1, "bookkeep")
    fortnox.change("pay_invoice", number=1, amount="4")
    assert fortnox.get("invoices/1")["Invoice"]["Balance"] == 6
    (payment,) = fortnox.get("invoicepayments")["InvoicePayments"]
    assert payment["Amount"] == 44


@parametrize(
    "fault",
    [
        {"fault": "reset", "performed": True},
        {"fault": "truncated"},
        {"fault": "status", "status": 500, "performed": True},
    ],
)
def test_an_answer_can_be_lost_after_the_invoice_was_made(fortnox, fault):
    fortnox.fault(**fault, match={"method": "POST", "path": "/3/invoices"})
    try:
        answer = fortnox.ask("POST", "invoices", invoice([], DocumentNumber="9"), checked=False)
        assert answer.status_code == 500
    except requests.RequestException:
        pass
    assert fortnox.documents() == ["9"]
    assert fortnox.refusal_code(DocumentNumber="9") == 2009438


def test_an_invoice_refused_by_a_fault_is_not_made(fortnox):
    fortnox.fault(fault="status", status=503, match={"method": "POST"})
    assert fortnox.ask("POST", "invoices", invoice([]), checked=False).status_code == 503
    assert fortnox.documents() == []


def test_a_person_books_cancels_credits_and_sends_in_fortnox(fortnox):
    for _ in range(4):
        fortnox.create_invoice([sold()])
    for number, do in enumerate(("book", "cancel", "credit", "send"), start=1):
        fortnox.change(f"{do}_invoice", number=number)
    rows = {row["DocumentNumber"]: row for row in fortnox.get("invoices")["Invoices"]}
    found = (rows["1"]["Booked"], rows["2"]["Cancelled"], rows["4"]["Sent"], rows["5"]["Total"])
    assert found == (True, True, True, -125)


@parametrize(
    ("first", "switch"),
    [
        ({"do": "credit_invoice", "number": 1}, {"second_credit": "made"}),
        ({"do": "lock_period", "until": "2999-12-31"}, {"locked_period": "at_booking"}),
    ],
)
def test_a_person_cannot_credit_what_the_program_refuses_though_the_api_may(fortnox, first, switch):
    fortnox.set(**switch)
    fortnox.create_invoice([sold()])
    url = f"{fortnox.sandbox.switchboard_url}/changes"
    changes = [first, {"do": "credit_invoice", "number": 1}]
    answer = requests.post(url, json={"changes": changes}, timeout=10)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert fortnox.documents() == ["1"]


def test_a_reset_restores_registers_numbers_and_set_up(fortnox):
    fortnox.create_invoice([sold()])
    fortnox.change("set_up", set_up={"freight": "50"})
    fortnox.sandbox.switchboard.reset()
    fortnox.set(rate_limit=None)
    fortnox.record("customers", CustomerNumber="1", Name="Kund")
    made = fortnox.create_invoice([sold()])
    assert (made["DocumentNumber"], made["Freight"]) == ("1", 0)
    assert made["InvoiceRows"][0]["RowId"] == 1
