"""The rate of a payment: SEK for one unit, whichever way ``CurrencyUnit`` is meant."""

from __future__ import annotations

from decimal import Decimal

import pytest
from fortnox import detail
from hypothesis import given
from hypothesis import strategies as st

from opter_fortnox_plugin.fortnox.payment_schemas import payment_detail
from opter_fortnox_plugin.fortnox.protocol import decode
from opter_fortnox_plugin.payments.exchange_rate import NO_READING_AGREES, exchange_rate


def rate(amount, amount_currency, currency_rate=None, unit=None):
    numbers = (amount, amount_currency, currency_rate, unit)
    return exchange_rate(*(None if one is None else Decimal(one) for one in numbers))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (("11234.50", "1000", "11.2345", "1"), "11.2345"),
        (("11234.50", "1000", "11.2345", None), "11.2345"),
        # 7.12 SEK for 100 yen, and 50,000 yen were paid.
        (("3560.00", "50000", "7.12", "100"), "0.0712"),
        (("3560.00", "50000", "0.0712", "100"), "0.0712"),
        (("0.00", "0", "11.2345", "1"), "11.2345"),
    ],
    ids=["of one", "without a unit", "divided", "not divided", "a payment of nothing"],
)
def test_a_rate_that_agrees_by_its_unit_or_without_it_is_taken_as_it_is(numbers, expected):
    assert rate(*numbers) == (Decimal(expected), None)


def test_a_rounded_rate_agrees_within_half_of_its_last_decimal_and_half_an_ore():
    # 0.005 times 1000, plus 0.005.
    assert rate("11235.00", "1000", "11.23", "1").warning is None
    assert rate("11235.005", "1000", "11.23", "1").warning is None
    assert rate("11235.01", "1000", "11.23", "1").warning == NO_READING_AGREES
    assert rate("11224.99", "1000", "11.23", "1").warning == NO_READING_AGREES


def test_decimals_that_are_given_count_even_where_they_are_zeros():
    assert rate("11004.00", "1000", "11", "1").warning is None
    assert rate("11004.00", "1000", "11.00", "1").warning is None
    assert rate("11004.00", "1000", "11.000", "1").warning == NO_READING_AGREES


def test_where_nothing_agrees_the_rate_is_the_quotient_to_six_decimals_with_a_warning():
    assert rate("1000.00", "300", "11.2345", "1") == (Decimal("3.333333"), NO_READING_AGREES)
    assert rate("2000.00", "300", "11.2345", "1").value == Decimal("6.666667")


def test_without_a_rate_it_is_the_quotient_with_a_warning():
    assert rate("1150.00", "100") == (Decimal("11.500000"), NO_READING_AGREES)


def test_a_negative_payment_has_a_positive_rate():
    assert rate("-11234.50", "-1000", "11.2345", "1") == (Decimal("11.2345"), None)
    assert rate("-1150.00", "-100").value == Decimal("11.5")


def test_an_amount_without_one_in_the_currency_cannot_be_read():
    with pytest.raises(ValueError, match="without one in the currency"):
        rate("100.00", "0", "11.2345", "1")


def test_the_warning_is_said_in_both_languages():
    assert NO_READING_AGREES.sv != NO_READING_AGREES.en


amounts = st.decimals("-1000000", "1000000", places=2)
rates = st.decimals("0.0001", "30", places=4)
units = st.sampled_from([Decimal(1), Decimal(100), None])


@given(amounts, rates)
def test_an_amount_that_follows_from_the_rate_agrees_with_it(amount_currency, currency_rate):
    amount = (amount_currency * currency_rate).quantize(Decimal("0.01"))
    if not amount_currency or not amount:
        return
    assert exchange_rate(amount, amount_currency, currency_rate, Decimal(1)) == (
        currency_rate,
        None,
    )


@given(amounts, amounts, rates | st.none(), units)
def test_a_rate_without_a_warning_gives_the_amount_again(
    amount, amount_currency, currency_rate, unit
):
    try:
        found = exchange_rate(amount, amount_currency, currency_rate, unit)
    except ValueError:
        assert (
            not amount
            or not amount_currency
            or (amount < 0) != (amount_currency < 0)
            or (abs(amount / amount_currency) < Decimal("0.000001"))
        )
        return
    assert found.value > 0
    off = abs(amount_currency * found.value - amount)
    if found.warning is None:
        assert off <= Decimal("0.00005") * abs(amount_currency) + Decimal("0.005")
    else:
        assert off <= Decimal("0.0000005") * abs(amount_currency)


numbers = st.one_of(
    st.integers(-(10**14), 10**14).map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.builds("{}e{}".format, st.integers(-9, 9), st.integers(-30, 30)),
)


@given(numbers, numbers, numbers, numbers)
def test_whatever_numbers_fortnox_sends_the_rate_is_a_value_or_a_value_error(
    amount, amount_currency, currency_rate, unit
):
    body = (
        f'{{"Amount": {amount}, "AmountCurrency": {amount_currency},'
        f' "CurrencyRate": {currency_rate}, "CurrencyUnit": {unit}}}'
    )
    try:
        row = payment_detail(detail(1, Currency="EUR") | decode(body.encode()))
    except Exception:  # noqa: BLE001 - what the door refuses is another test's business
        return
    _rate_or_value_error(row)


def test_an_absurdly_small_currency_amount_spoils_its_own_row_only():
    row = payment_detail(
        detail(1, Currency="EUR", Amount=Decimal(10**9), AmountCurrency=Decimal("1e-17"))
    )
    _rate_or_value_error(row)


def _rate_or_value_error(row):
    try:
        found = exchange_rate(row.amount, row.amount_currency, row.currency_rate, row.currency_unit)
    except ValueError:
        return
    assert found.value > 0
