"""What Fortnox is to have of a bill, without a connection."""

from dataclasses import replace
from decimal import Decimal

import pytest
from bill_export import LASSE, bill, row
from hypothesis import given
from hypothesis import strategies as st

from opter_fortnox_plugin.exports.texts import MARK, is_refused
from opter_fortnox_plugin.fortnox.supplier_invoice_schemas import (
    SupplierInvoiceRow,
    supplier_invoice_of,
    supplier_invoice_payload,
)
from opter_fortnox_plugin.supplier_invoices.content import (
    card_of,
    coding,
    content_of,
    differences,
    identity_differences,
    reference,
)
from opter_fortnox_plugin.supplier_invoices.planning import REGISTER
from opter_fortnox_plugin.supplier_invoices.settings import BillSettings, check


def settings(**values):
    checked = check({"export_from_date": "2026-01-01", **values})
    assert not checked.problems, checked.problems
    return BillSettings.of(checked.values)


def content(one, **values):
    return content_of(one, settings(**values))


money = st.decimals("0.00", "99999999.99", places=2)
rows = st.lists(
    st.builds(
        lambda account, unit, amount, credit: row(
            account, **{"credit" if credit else "debit": amount}, unit=unit
        ),
        st.sampled_from(["4010", "4600", "2641", "2614"]),
        st.sampled_from(["", "12", "13"]),
        money,
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@given(rows, st.sampled_from(["SEK", "EUR"]))
def test_what_is_booked_on_each_account_is_the_hosts_coding(several, currency):
    one = bill("A-1", *several, currency=currency)
    made = content(one)
    assert made.problem is None
    sums = {}
    for part in several:
        sums[part.account] = sums.get(part.account, 0) + part.debit - part.credit
    ours = {}
    for account, amount in coding(made.ours):
        ours[account] = ours.get(account, 0) + amount
    assert {k: v for k, v in ours.items() if v} == {k: v for k, v in sums.items() if v}
    assert sum(ours.values()) == one.total


@given(rows, st.sampled_from(["SEK", "EUR"]), st.randoms())
def test_what_fortnox_has_of_it_is_no_difference_in_any_order_and_with_its_own_row(
    several, currency, random
):
    ours = content(bill("A-1", *several, currency=currency)).ours
    there = supplier_invoice_payload(ours)
    lines = [*there["SupplierInvoiceRows"], {"Account": 2440, "Debit": 7, "Code": "TOT"}]
    random.shuffle(lines)
    state = {"GivenNumber": 7, "Booked": False, "Cancelled": "false"}
    theirs = supplier_invoice_of({**there, **state, "SupplierInvoiceRows": lines})
    assert differences(ours, theirs) == []


def test_a_list_and_a_detail_spell_cancelled_otherwise_and_numbers_as_text():
    ours = supplier_invoice_payload(content(bill()).ours)
    row_of = {**ours, "GivenNumber": "12", "Booked": "false", "Cancel": True}
    assert supplier_invoice_of(row_of).cancelled
    assert supplier_invoice_of(row_of).number == "12"
    assert supplier_invoice_of(row_of).total == Decimal("12500.00")


@pytest.mark.parametrize(
    "changed",
    [
        {"invoice_number": "A-118"},
        {"total": Decimal("12500.01")},
        {"currency": "EUR"},
        {"invoice_date": bill().due_date},
    ],
)
def test_a_bill_is_adopted_only_where_number_total_currency_and_date_are_equal(changed):
    ours = content(bill()).ours
    assert identity_differences(ours, ours) == []
    assert len(identity_differences(ours, replace(ours, **changed))) == 1


def test_a_row_on_another_account_is_a_difference():
    ours = content(bill()).ours
    other = replace(ours, rows=(SupplierInvoiceRow("4600", Decimal(10000)), *ours.rows[1:]))
    assert [one.field for one in differences(ours, other)] == ["SupplierInvoiceRows"]


def test_a_reference_fits_and_is_of_one_bill_alone():
    several = [
        bill(number, region=region)
        for region in ("", "N", "N/1", "N%2F1", "Norrlands inland och fjällvärld")
        for number in ("1", "/1", "1/1", "A-2026-117", "x" * 50, "1…", "1·")
    ]
    marks = [reference(one) for one in several]
    assert not any(map(is_refused, marks))
    assert len(set(marks)) == len(marks)
    assert all(len(mark) <= 50 and mark.startswith(MARK) for mark in marks)


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (bill("x" * 65), "NUMBER_NOT_USABLE"),
        (bill("<1>"), "TEXT_REFUSED"),
        (bill(supplier=replace(LASSE, code="LASSE…")), "TEXT_REFUSED"),
        (bill(supplier=replace(LASSE, name="Lasse <lasse>")), "TEXT_REFUSED"),
        (bill(total=Decimal("1.00")), "NOT_BALANCED"),
        (bill(total=Decimal("1e13")), "AMOUNT_TOO_LARGE"),
    ],
)
def test_what_fortnox_cannot_take_is_refused_with_its_reason(one, code):
    assert content(one).problem.code == code


def test_what_nothing_is_lost_of_is_written_otherwise():
    card = card_of(replace(LASSE, name="Lasses\u00a0Åkeri …", country="se"), settings())
    assert (card.name, card.country_code) == ("Lasses Åkeri ...", "SE")


# --- bank details -----------------------------------------------------------------------


def bank(ours, theirs):
    """Return the bank details that would change, ours and theirs given by field."""
    cards = [
        card_of(replace(LASSE, **({"bankgiro": ""} | one)), settings()) for one in (ours, theirs)
    ]
    return [(one.field, one.ours, one.theirs) for one in REGISTER.bank_differences(*cards)]


def test_an_account_in_one_field_there_is_the_same_as_in_two():
    ours = card_of(replace(LASSE, bankgiro="", bank_account="6000-123 456 789"), settings())
    theirs = replace(ours, clearing_number="", bank_account="6000-123456789")
    assert (ours.clearing_number, ours.bank_account) == ("6000", "123 456 789")
    assert REGISTER.bank_differences(ours, theirs) == []


def test_an_account_that_only_looks_different_there_is_the_same():
    ours = card_of(replace(LASSE, iban="se4550000000"), settings())
    theirs = replace(ours, bankgiro="50501055", iban="SE45 5000 0000")
    assert REGISTER.bank_differences(ours, theirs) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "changes"),
    [
        ({}, {}, []),
        ({}, {"bankgiro": "1"}, []),
        ({"bankgiro": "1"}, {}, [("BG", "1", "")]),
        ({"bankgiro": "1-2"}, {"bankgiro": "12"}, []),
        ({"bankgiro": "1"}, {"bankgiro": "1", "iban": "SE1"}, []),
        ({"iban": "SE1"}, {"bankgiro": "1", "iban": "SE1"}, [("BG", "", "1")]),
        ({"iban": "SE1", "bic": "X"}, {"iban": "SE1", "bic": "Y"}, [("BIC", "X", "Y")]),
        ({"iban": "SE1"}, {"iban": "SE2", "bic": "Y"}, [("IBAN", "SE1", "SE2"), ("BIC", "", "Y")]),
        ({"iban": "SE1"}, {"iban": "SE1", "bic": "Y"}, []),
        ({"iban": "S", "bic": "ESSESESSXXX"}, {"iban": "S", "bic": "ESSESESS"}, []),
        ({"bic": "X"}, {"iban": "SE1", "bic": "Y"}, []),
        ({"bank_account": "6000-123456789"}, {"bank_account": "6000-123456789"}, []),
        (
            {"bank_account": "5000-9876543"},
            {"bank_account": "6000-123456789"},
            [("BankAccountNumber", "9876543", "123456789"), ("ClearingNumber", "5000", "6000")],
        ),
        ({"plusgiro": "2"}, {"plusgiro": "3", "bank_account": "4"}, [("PG", "2", "3")]),
    ],
)
def test_a_bank_change_is_what_would_pay_another_account(ours, theirs, changes):
    assert bank(ours, theirs) == changes
