"""The quick way to write JSON and the careful one write the same."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hostsim.sandbox import responses

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.dates()
    | st.decimals(allow_nan=False, allow_infinity=False, places=2)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_the_fast_path_writes_the_same(value):
    assert responses.encode(value) == responses._encode_exactly(value)


def test_amounts_are_written_as_recorded():
    amounts = [Decimal("1000.00"), Decimal("990.50"), Decimal("1E+3"), Decimal("-0.00")]
    assert responses.encode(amounts) == "[1000,990.5,1000,0]"


def test_a_number_of_more_digits_than_a_float_has_keeps_them():
    assert responses.encode([Decimal("12345678901234567.89")]) == "[12345678901234567.89]"
