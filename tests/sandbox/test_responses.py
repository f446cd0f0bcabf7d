"""How values are written as JSON."""

import json
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hostsim.sandbox import responses

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False, places=2)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_what_is_written_is_read_as_it_was(value):
    assert json.loads(responses.encode(value), parse_float=Decimal) == value


def test_days_and_slashes_are_written_as_recorded():
    written = responses.encode({"@url": "http://x/3", "DueDate": date(2026, 3, 17)})
    assert written == r'{"@url":"http:\/\/x\/3","DueDate":"2026-03-17"}'


def test_amounts_are_written_as_recorded():
    amounts = [Decimal("1000.00"), Decimal("990.50"), Decimal("1E+3"), Decimal("-0.00")]
    assert responses.encode(amounts) == "[1000,990.5,1000,0]"


def test_a_number_of_more_digits_than_a_float_has_keeps_them():
    assert responses.encode([Decimal("12345678901234567.89")]) == "[12345678901234567.89]"
