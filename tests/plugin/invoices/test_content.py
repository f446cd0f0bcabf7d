"""What Fortnox is to have of an invoice, without a connection."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoice_export import KALMAR, invoice, row

from opter_fortnox_plugin.exports.texts import clean, is_refused
from opter_fortnox_plugin.invoices.content import (
    card_of,
    content_of,
    differences,
    host_total,
    rate_of,
    total_of,
    vat_kind_conflicts,
)
from opter_fortnox_plugin.invoices.planning import REGISTER
from opter_fortnox_plugin.invoices.settings import InvoiceSettings, check

KINDS = {"0-eu": "EUREVERSEDVAT", "0-export": "EXPORT", "0-reverse": "SEREVERSEDVAT"}


def settings(**values):
    checked = check({"export_from_date": "2026-01-01", **values})
    assert not checked.problems, checked.problems
    return InvoiceSettings.of(checked.values)


def content(one, **values):
    return content_of(one, settings(**values), {})


def row_with_vat(net, account, unit, rate):
    """Make a row whose VAT is rounded on the row, as a host does it."""
    vat = (net * int(rate) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return row(net, vat, account=account, unit=unit, rate=rate)


rows = st.builds(
    row_with_vat,
    st.decimals(-1_000_000, 1_000_000, places=2),
    st.sampled_from(["3001", "3002", "3041"]),
    st.sampled_from(["", "12", "13"]),
    st.sampled_from(["25", "12", "6", "0"]),
)


@given(st.lists(rows, min_size=1, max_size=30))
def test_the_total_is_the_hosts_own_to_the_ore(several):
    one = invoice("1", *several)
    made = content(one, rounding_account="3740").ours
    assert made.total == total_of(made.rows) == host_total(one)


@given(st.lists(rows, min_size=1, max_size=30))
def test_without_a_rounding_account_another_total_is_refused(several):
    one = invoice("1", *several)
    rounded = content(one, rounding_account="3740").ours.rows
    if rounded[-1].account_number == "3740":
        assert content(one).problem.code == "TOTAL_DIFFERS"
    else:
        assert content(one).ours.rows == rounded


@given(st.lists(rows, min_size=1, max_size=30))
def test_the_rows_are_one_for_each_account_unit_and_rate_and_lose_nothing(several):
    made = content(invoice("1", *several), rounding_account="3740", cost_center="unit").ours
    text, *sums = made.rows
    assert not text.account_number
    ours = [one for one in sums if one.account_number != "3740"]
    keys = [(one.account_number, one.cost_center, one.vat) for one in ours]
    assert len(keys) == len(set(keys))
    assert set(keys) == {(one.account, one.unit, Decimal(one.vat_rate)) for one in several}
    assert sum(one.price for one in ours) == sum(one.net for one in several)


@given(st.lists(rows, min_size=1, max_size=10))
def test_an_invoice_is_never_unlike_itself(several):
    made = content(invoice("1", *several), rounding_account="3740").ours
    assert differences(made, made) == []


def test_units_split_rows_also_where_they_are_not_sent():
    made = content(invoice("1", row(unit="12"), row(unit="13"))).ours
    assert [one.cost_center for one in made.rows] == ["", "", ""]
    assert len(made.rows) == 3


@pytest.mark.parametrize(
    ("order", "day", "text"),
    [
        ("4555", True, "Faktura 10301, 4555, 2026-10-28"),
        ("4555", False, "Faktura 10301, 4555"),
        ("", True, "Faktura 10301, 2026-10-28"),
        ("", False, "Faktura 10301"),
    ],
)
def test_the_text_row_names_invoice_order_and_day(order, day, text):
    one = replace(invoice(), order_number=order, order_date=invoice().order_date if day else None)
    assert content(one).ours.rows[0].description == text


@pytest.mark.parametrize(
    ("code", "rate"),
    [
        ("25", (Decimal(25), "SEVAT")),
        ("12.5", (Decimal("12.5"), "SEVAT")),
        ("0", (Decimal(0), "")),
        ("0-eu", (Decimal(0), "EUREVERSEDVAT")),
        ("0-moon", None),
        ("", None),
        ("1e2", None),
        ("101", None),
        ("٢٥", None),
    ],
)
def test_a_vat_rate_is_a_percentage_or_a_kind_of_the_table(code, rate):
    assert rate_of(code, KINDS) == rate


def test_an_invoice_of_two_kinds_of_vat_is_refused():
    made = content(invoice("1", row(), row("10.00", "0", rate="0-eu")))
    assert made.problem.code == "VAT_KIND_CONTRADICTS"


@pytest.mark.parametrize(
    ("kind", "card", "contradicts"),
    [
        ("SEVAT", "SEVAT", False),
        ("SEVAT", "EUVAT", False),
        ("SEVAT", "EXPORT", True),
        ("EUREVERSEDVAT", "EUVAT", True),
        ("EXPORT", "EXPORT", False),
        ("", "EXPORT", False),
        ("EXPORT", "", False),
    ],
)
def test_a_customer_has_the_kind_of_vat_that_an_invoice_needs(kind, card, contradicts):
    assert vat_kind_conflicts(kind, card) is contradicts


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Åkeri & Co – Nybro…", "Åkeri & Co – Nybro..."),
        ("a·b", "a-b"),
        ("två\nrader", "två rader"),
        ("A\u030akeri", "Åkeri"),
        ("”O’Hara”", "”O’Hara”"),
    ],
)
def test_characters_that_fortnox_refuses_are_replaced_where_nothing_is_lost(text, written):
    assert clean(text) == written
    assert not is_refused(written)


@pytest.mark.parametrize("text", ["a<b", "https://example.com", "\x07"])
def test_characters_that_nothing_can_replace_refuse_the_invoice(text):
    made = content(invoice(customer=replace(KALMAR, name=text)))
    assert made.problem.code == "TEXT_REFUSED"
    assert "Name" in made.problem.message.en


def test_a_customer_number_that_fortnox_refuses_refuses_the_invoice():
    made = content(invoice(customer=replace(KALMAR, ledger_number="1042…")))
    assert made.problem.code == "TEXT_REFUSED"


def test_a_correction_is_a_negative_invoice_with_its_reference():
    one = invoice("10310", row("-100.00", "-25.00"), type="correction", credits="10301")
    made = content(one).ours
    assert (made.total, made.credit_invoice_reference) == (Decimal("-125.00"), "10301")
    assert made.invoice_type == "INVOICE"


def test_an_interest_invoice_is_one_in_fortnox():
    one = invoice("10311", row("100.00", "0.00", rate="0", account="8313"), type="interest")
    assert content(one).ours.invoice_type == "INTRESTINVOICE"


@pytest.mark.parametrize(("net", "vat"), [("100.00", "12.00"), ("1000.00", "249.00")])
def test_a_total_that_is_no_rounding_is_refused_also_with_a_rounding_account(net, vat):
    made = content(invoice("1", row(net, vat)), rounding_account="3740")
    assert made.problem.code == "TOTAL_DIFFERS"


@pytest.mark.parametrize("number", ["A-1", "", "010301", "1" * 16, "1" * 5000, "١"])
def test_a_number_that_fortnox_cannot_take_is_refused(number):
    made = content(replace(invoice(), invoice_number=number))
    assert made.problem.code == "NUMBER_NOT_USABLE"


def test_what_is_empty_here_is_no_difference_of_a_card():
    ours = card_of(replace(KALMAR, email="", city=""), settings())
    theirs = replace(card_of(KALMAR, settings()), zip_code="39200")
    assert REGISTER.differences(ours, theirs) == []


def test_a_setting_says_which_number_is_the_customers():
    assert card_of(KALMAR, settings()).number == "1042"
    assert card_of(KALMAR, settings(customer_number="code")).number == "KALM"


@pytest.mark.parametrize(
    "values",
    [
        {"customer_number": "name"},
        {"vat_kinds": "0-eu"},
        {"vat_kinds": "0-eu=MOON"},
        {"vat_kinds": "a=SEVAT, a=EXPORT"},
        {"rounding_account": "374"},
        {"cost_center": "project"},
        {"after_sending": "book"},
        {"export_from_date": ""},
    ],
)
def test_a_wrong_setting_is_told(values):
    checked = check({"export_from_date": "2026-01-01", **values})
    assert [one.severity for one in checked.problems] == ["error"]


def test_a_rate_written_in_two_ways_is_one_rate():
    made = content(invoice("1", row(), row(rate="25.0"))).ours
    assert len(made.rows) == 2


def test_more_rows_than_fortnox_takes_are_refused():
    several = [row(account=str(1000 + number)) for number in range(500)]
    assert content(invoice("1", *several)).problem.code == "TOO_MANY_ROWS"


def test_an_amount_that_could_not_be_read_back_is_not_sent():
    large = invoice("1", row("12345678901234.56", "3086419725308.64"))
    problem = content(large).problem
    assert problem.code == "AMOUNT_TOO_LARGE"
    assert "15,432,098,626,543.20 SEK" in problem.message.en
    assert "15\xa0432\xa0098\xa0626\xa0543,20 SEK" in problem.message.sv
    nothing = invoice("1", row("1e13", "0", rate="0"), row("-1e13", "0", account="3002", rate="0"))
    assert content(nothing).problem.code == "AMOUNT_TOO_LARGE"
