"""A row that is as it should be takes a shorter way, to the same end as any other."""

from __future__ import annotations

from decimal import Decimal

from fortnox import payment
from hypothesis import given
from hypothesis import strategies as st

from opter_fortnox_plugin.fortnox import schemas
from opter_fortnox_plugin.fortnox.schemas import Unreadable

FIELDS = sorted(payment(1))
odd = st.sampled_from(
    [
        None,
        "",
        "API_NORIGHT",
        True,
        "true",
        0,
        -1,
        "0",
        "7",
        "1,5",
        "sek",
        " EUR ",
        "2026-02-30",
        "2026-02-03",
        "x" * 40,
        Decimal("1.005"),
        Decimal("NaN"),
        Decimal("1e30"),
        10**14,
        [],
        {},
    ]
)
values = odd | st.integers() | st.decimals() | st.text(max_size=30)


def by_schema(row):
    return schemas._load(schemas._LIST_ROW._schema, row)


def outcome(read, row):
    try:
        return read(row)
    except Unreadable as error:
        return sorted(error.fields), error.no_right


@given(
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=3), st.sets(st.sampled_from(FIELDS))
)
def test_the_shorter_way_and_the_schemas_own_end_alike(changed, missing):
    row = {key: value for key, value in (payment(1) | changed).items() if key not in missing}
    row = {key: Decimal(str(v)) if isinstance(v, float) else v for key, v in row.items()}
    assert outcome(schemas.payment_row, row) == outcome(by_schema, row)


def test_an_ordinary_row_takes_the_shorter_way(monkeypatch):
    row = payment(1, Amount=Decimal("1250.5"))
    monkeypatch.setattr(schemas, "_load", None)
    assert schemas.payment_row(row).amount == Decimal("1250.50")
