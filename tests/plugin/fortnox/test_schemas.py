"""Rows of Fortnox become values, or say which of their fields is to blame."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from fortnox import detail, invoice, payment, write_off
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opter_contract.values import WriteOff
from opter_fortnox_plugin.errors import Temporary
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.invoice_schemas import (
    Invoice,
    InvoiceRow,
    invoice_payload,
    number_in,
)
from opter_fortnox_plugin.fortnox.payment_schemas import (
    InvoicePayment,
    invoice_ocr,
    payment_detail,
    payment_row,
)
from opter_fortnox_plugin.fortnox.protocol import decode, plain
from opter_fortnox_plugin.fortnox.supplier_invoice_schemas import (
    SupplierInvoice,
    SupplierInvoiceRow,
    supplier_invoice_payload,
)


def wired(row):
    """Send a row over the wire and back."""
    return decode(json.dumps(row).encode())


def blamed(read, row):
    with pytest.raises(Unreadable) as caught:
        read(row)
    return caught.value.fields


# --- A row of the list ---


def test_a_row_of_the_list_is_read():
    assert payment_row(wired(payment(7, Booked=False))) == InvoicePayment(
        number="7",
        invoice_number="9007",
        date=date(2026, 2, 2),
        amount=Decimal("1250.50"),
        currency="SEK",
        currency_rate=Decimal(1),
        currency_unit=Decimal(1),
        booked=False,
        source="manual",
        write_off_exist=False,
        amount_currency=None,
        write_offs=(),
        invoice_ocr=None,
    )


def test_money_is_decimal_from_the_wire_on():
    row = payment_row(wired(payment(7, Amount=0.1 + 0.2)))
    assert row.amount == Decimal("0.30")
    assert payment_row(payment(7) | decode(b'{"Amount": 4503599627.37}')).amount == Decimal(
        "4503599627.37"
    )


def test_a_row_that_has_all_fields_of_the_detail_is_a_row_all_the_same():
    full = detail(7) | payment(7) | {"SomethingNew": {"deep": [1]}}
    assert payment_row(wired(full)) == payment_row(wired(payment(7)))


@pytest.mark.parametrize("field", ["Number", "InvoiceNumber"])
@pytest.mark.parametrize("value", [415, "415", "0415"])
def test_a_number_may_come_as_text_or_as_a_number(field, value):
    row = payment_row(wired(payment(7, **{field: value})))
    assert {"Number": row.number, "InvoiceNumber": row.invoice_number}[field] == "415"


@pytest.mark.parametrize(
    ("value", "amount"),
    [(1250.5, "1250.50"), ("1250.5", "1250.50"), ("1250.50", "1250.50"), (-99.5, "-99.50")],
)
def test_an_amount_may_come_as_text_or_as_a_number_and_be_negative(value, amount):
    assert payment_row(wired(payment(7, Amount=value))).amount == Decimal(amount)


@pytest.mark.parametrize(("value", "booked"), [("true", True), ("false", False), (True, True)])
def test_a_truth_value_may_come_as_text(value, booked):
    assert payment_row(wired(payment(7, Booked=value))).booked is booked


@pytest.mark.parametrize("source", ["manual", "direct", "file", "finance", "autogiro", "settle"])
def test_the_source_travels(source):
    assert payment_row(wired(payment(7, Source=source))).source == source


@pytest.mark.parametrize("rate", [None, "API_NORIGHT", "", 0, -1, "NaN", [], "1.5.2"])
def test_a_rate_that_cannot_be_used_is_none_and_spoils_nothing(rate):
    row = payment_row(wired(payment(7, CurrencyRate=rate, CurrencyUnit=rate)))
    assert (row.currency_rate, row.currency_unit) == (None, None)


@pytest.mark.parametrize("said", [{}, {"WriteOffExist": None}, {"WriteOffExist": "API_NORIGHT"}])
def test_a_row_that_does_not_say_whether_there_are_write_offs_leaves_it_to_the_detail(said):
    row = payment(7)
    del row["WriteOffExist"]
    assert payment_row(wired(row | said)).write_off_exist is True


# --- What cannot be read ---

WRONG = [
    ("Number", None), ("Number", ""), ("Number", "7a"), ("Number", -7), ("Number", 7.5),
    ("Number", True), ("Number", "٧"), ("Number", "9" * 5000), ("Number", []),
    ("InvoiceNumber", None), ("InvoiceNumber", "F-12"), ("InvoiceNumber", {}),
    ("PaymentDate", None), ("PaymentDate", ""), ("PaymentDate", "2026-02-30"),
    ("PaymentDate", "2026-02-02T00:00:00"), ("PaymentDate", "02/02/2026"),
    ("PaymentDate", 20260202), ("PaymentDate", "0000-01-01"),
    ("Amount", None), ("Amount", ""), ("Amount", True), ("Amount", "1 250,50"), ("Amount", [1]),
    ("Amount", float("nan")), ("Amount", float("inf")), ("Amount", float("-inf")),
    ("Amount", 10**13), ("Amount", "NaN"), ("Amount", "1e5"), ("Amount", 100.004),
    ("Currency", None), ("Currency", "SEKS"), ("Currency", "kr"), ("Currency", 752),
    ("Booked", None), ("Booked", "yes"), ("Booked", 1),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG, ids=lambda value: repr(value)[:25])
def test_a_row_that_cannot_be_read_names_the_field_to_blame(field, value):
    assert blamed(payment_row, wired(payment(7, **{field: value}))) == (field,)
    assert blamed(payment_detail, wired(detail(7, **{field: value}))) == (field,)


@pytest.mark.parametrize(
    "field", ["Number", "InvoiceNumber", "PaymentDate", "Amount", "Currency", "Booked"]
)
def test_a_field_that_fortnox_hides_or_leaves_out_is_named(field):
    hidden, excluded = payment(7, **{field: "API_NORIGHT"}), payment(7)
    del excluded[field]
    with pytest.raises(Unreadable) as caught:
        payment_row(wired(hidden))
    assert (caught.value.fields, caught.value.no_right) == ((field,), True)
    with pytest.raises(Unreadable) as caught:
        payment_row(wired(excluded))
    assert (caught.value.fields, caught.value.no_right) == ((field,), False)


def test_every_field_to_blame_is_named():
    assert set(blamed(payment_row, wired(payment(7, Amount="x", Booked="x")))) == {
        "Amount",
        "Booked",
    }


@pytest.mark.parametrize("row", [None, [], "x", 5, [payment(7)], True, Decimal(1)])
def test_what_is_no_row_at_all_cannot_be_read(row):
    for read in (payment_row, payment_detail, invoice_ocr):
        assert blamed(read, row) == ()


@pytest.mark.parametrize(
    "number",
    ["NaN", "-Infinity", "1e999", "1e99999999999999999999", "1e-999", "9" * 5000],
    ids=lambda number: number[:25],
)
def test_a_number_that_is_none_or_endless_spoils_its_own_row_only(number):
    body = json.dumps([payment(7, Amount="@"), payment(8)]).replace('"@"', number)
    first, second = decode(body.encode())
    assert blamed(payment_row, first) == ("Amount",)
    assert payment_row(second).number == "8"


def test_an_error_names_fields_and_never_what_stood_in_them():
    row = wired(payment(7)) | payment(7, Amount="Hemlig 556677", PaymentDate="Hemlig 556677")
    with pytest.raises(Unreadable) as caught:
        payment_row(row)
    assert "Hemlig" not in repr(caught.value) + str(caught.value)


# --- What is known of an unreadable row ---


def known(row):
    with pytest.raises(Unreadable) as caught:
        payment_row(row)
    return caught.value.number, caught.value.amount, caught.value.invoice_number


def test_number_amount_and_invoice_of_an_unreadable_row_are_salvaged():
    row = wired(payment(7, PaymentDate="x"))
    assert known(row) == ("7", Decimal("1250.50"), "9007")


def test_what_cannot_be_salvaged_is_none():
    row = payment(7, Number=None, Amount="API_NORIGHT", InvoiceNumber="F-1")
    assert known(row) == ("", None, None)
    assert known("x") == ("", None, None)


# --- The detail ---


def test_the_detail_knows_amount_in_currency_ocr_and_write_offs():
    row = payment_detail(
        wired(detail(7, Currency="EUR", AmountCurrency=111.22, WriteOffs=[write_off(-0.4)]))
    )
    assert row.amount_currency == Decimal("111.22")
    assert row.invoice_ocr == "900755"
    assert row.write_offs == (WriteOff(Decimal("-0.40"), "3740", "Öresavrundning", "SEK"),)
    assert row.write_off_exist is True


@pytest.mark.parametrize("none", [None, []])
def test_a_detail_without_write_offs_has_none(none):
    row = payment_detail(wired(detail(7, WriteOffs=none)))
    assert (row.write_offs, row.write_off_exist) == ((), False)


def test_a_write_off_without_account_and_description_is_one():
    row = payment_detail(wired(detail(7, WriteOffs=[{"Amount": 10}])))
    assert row.write_offs == (WriteOff(Decimal("10.00"), "", ""),)


@pytest.mark.parametrize(
    "wrong", [[{"Amount": "x"}], [{}], ["x"], "x", {"Amount": 1}, [write_off("API_NORIGHT")]]
)
def test_a_write_off_that_cannot_be_read_makes_the_payment_unreadable(wrong):
    assert blamed(payment_detail, wired(detail(7, WriteOffs=wrong))) == ("WriteOffs",)


@pytest.mark.parametrize("currency", ["", " ", None, "SEK", "sek", "EUR", " eur "])
def test_a_write_off_may_be_in_sek_in_the_payments_currency_or_in_none(currency):
    row = detail(7, Currency="EUR", AmountCurrency=490)
    [off] = payment_detail(
        wired(row | {"WriteOffs": [write_off(-10.25) | {"Currency": currency}]})
    ).write_offs
    assert (off.amount, off.currency) == (Decimal("-10.25"), (currency or "").strip().upper())


@pytest.mark.parametrize(("payment_in", "off_in"), [("SEK", "EUR"), ("EUR", "USD"), ("NOK", "DKK")])
def test_a_write_off_in_a_third_currency_makes_the_payment_unreadable(payment_in, off_in):
    row = detail(7, Currency=payment_in, AmountCurrency=490)
    offs = [write_off(1), write_off(10) | {"Currency": off_in}]
    assert blamed(payment_detail, wired(row | {"WriteOffs": offs})) == ("WriteOffs.Currency",)


@pytest.mark.parametrize("wrong", ["API_NORIGHT", "KR", "euro", 1, "€€€"])
def test_a_write_off_whose_currency_cannot_be_read_makes_the_payment_unreadable(wrong):
    row = detail(7, WriteOffs=[write_off(10) | {"Currency": wrong}])
    assert blamed(payment_detail, wired(row)) == ("WriteOffs",)


def test_only_a_write_off_in_sek_has_no_less_than_an_ore():
    row = detail(7, Currency="KWD", AmountCurrency=490)
    [off] = payment_detail(
        wired(row | {"WriteOffs": [write_off(1.125) | {"Currency": "KWD"}]})
    ).write_offs
    assert off.amount == Decimal("1.125")
    in_sek = row | {"WriteOffs": [write_off(1.125)]}
    assert blamed(payment_detail, wired(in_sek)) == ("WriteOffs",)


@pytest.mark.parametrize("hidden", ["API_NORIGHT", [write_off("API_NORIGHT")]])
def test_write_offs_that_fortnox_hides_are_known_to_be_hidden(hidden):
    with pytest.raises(Unreadable) as caught:
        payment_detail(wired(detail(7, WriteOffs=hidden)))
    assert (caught.value.fields, caught.value.no_right) == (("WriteOffs",), True)


@pytest.mark.parametrize(
    "ocr", [None, "", "  ", "API_NORIGHT", "RF18 5390", "12-34", 5.5, [], "1" * 5000]
)
def test_what_is_no_ocr_reference_matches_nothing(ocr):
    assert payment_detail(wired(detail(7, InvoiceOCR=ocr))).invoice_ocr == ""


@pytest.mark.parametrize("ocr", ["0012 34", "001234"])
def test_an_ocr_reference_is_its_digits_and_keeps_its_zeros(ocr):
    assert payment_detail(wired(detail(7, InvoiceOCR=ocr))).invoice_ocr == "001234"
    assert invoice_ocr(wired(invoice(9007, OCR=ocr))).ocr == "001234"


def test_number_and_ocr_of_an_invoice_are_read_from_its_row():
    row = invoice_ocr(wired(invoice(9007)))
    assert (row.number, row.ocr) == ("9007", "900755")


# --- Anything at all ---

texts = st.one_of(
    st.text(st.characters(codec=None)),
    st.sampled_from(["API_NORIGHT", "\ud800", "NaN", "2026-02-02", "true", "SEK", "9" * 5000]),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30) + 1, 10**30 - 1),
    st.decimals(),
    # What the door makes of numbers that are too long, too large or none.
    st.sampled_from(["9" * 5000, "-1e9999", "NaN", "sNaN", "-Infinity", "0e-99"]).map(Decimal),
    texts,
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8
)
NAMES = [*detail(1), "WriteOffExist"]
WHOLE = wired(payment(7) | detail(7) | invoice(9007))
damage = st.dictionaries(st.sampled_from(NAMES), anything)


def value_or_unreadable(row):
    for read in (payment_row, payment_detail, invoice_ocr):
        try:
            value = read(row)
        except Unreadable as error:
            value = error
        assert value.number.isdigit() or (isinstance(value, Unreadable) and not value.number)
        if read is not invoice_ocr or isinstance(value, Unreadable):
            assert value.amount is None or value.amount.is_finite()
            assert value.invoice_number is None or value.invoice_number.isdigit()


@given(anything)
def test_any_row_is_a_value_or_unreadable(row):
    value_or_unreadable(row)


@given(damage)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_row_damaged_anywhere_is_a_value_or_unreadable(fields):
    value_or_unreadable(WHOLE | fields)


@given(damage)
def test_what_is_read_can_be_kept_by_any_database(fields):
    try:
        row = payment_detail(WHOLE | fields)
    except Unreadable:
        return
    row.source.encode()
    for one in row.write_offs:
        (one.account + one.description).encode()
        assert one.amount == one.amount.quantize(Decimal("0.01"))
    assert row.amount == row.amount.quantize(Decimal("0.01"))


@pytest.mark.parametrize("name", [*NAMES, "DocumentNumber", "OCR"])
@pytest.mark.parametrize("text", ["9" * 10_000_000, "\ud800" * 1_000_000, " " * 10_000_000])
def test_text_of_ten_megabytes_is_no_burden(name, text):
    value_or_unreadable(WHOLE | {name: text})


ENDLESS = "9" * 5000


@pytest.mark.parametrize(("text", "number"), [("0107", 107), (ENDLESS, None), ("²", None)])
def test_the_number_of_a_listed_invoice_is_one_or_none(text, number):
    assert number_in({"DocumentNumber": text}) == number


def test_an_account_of_thousands_of_digits_is_written_as_none_or_as_it_is():
    row = InvoiceRow("Frakt", account_number=ENDLESS, row_id=ENDLESS)
    day = date(2026, 11, 2)
    [written] = invoice_payload(Invoice("1", "204", day, day, "SEK", "", (row,)))["InvoiceRows"]
    assert written.keys().isdisjoint({"AccountNumber", "RowId"})
    rows = (SupplierInvoiceRow(ENDLESS),)
    bill = SupplierInvoice("5", "A-1", day, day, "SEK", Decimal(0), Decimal(0), rows)
    assert supplier_invoice_payload(bill)["SupplierInvoiceRows"] == [{"Account": ENDLESS}]


def test_many_write_offs_that_cannot_be_read_are_one_unreadable_row():
    value_or_unreadable(WHOLE | {"WriteOffs": ["x"] * 20_000})


@given(texts)
def test_a_label_is_short_and_printable(text):
    label = plain(text)
    assert len(label) <= 100
    assert label.isprintable()
    label.encode()


def test_deep_nesting_is_an_answer_that_may_come_whole_the_next_time():
    depth = 1_000_000  # Python 3.14 reads 10,000 as any other value
    with pytest.raises(Temporary):
        decode(b"[" * depth + b"]" * depth)
