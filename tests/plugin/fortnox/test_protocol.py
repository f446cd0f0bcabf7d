"""Values in, questions out; bodies in, values out. No connection is opened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from fortnox import response
from hypothesis import given
from hypothesis import strategies as st

from opter_fortnox_plugin.errors import Temporary
from opter_fortnox_plugin.fortnox.protocol import date_of, decode, invoices_query, payments_query

# --- JSON ---


def test_decimals_are_exact():
    assert decode(b"[0.1, 1250.50, 7]") == [Decimal("0.1"), Decimal("1250.50"), 7]


def test_nan_and_infinity_stay_in_their_own_row():
    values = decode(b"[NaN, Infinity, -Infinity, 1]")
    assert [isinstance(value, Decimal) and not value.is_finite() for value in values] == [
        True, True, True, False,
    ]  # fmt: skip


def test_escaped_slashes_and_letters_are_read_as_themselves():
    assert decode(rb'"https:\/\/x \u00e5"') == "https://x å"


@given(st.binary())
def test_any_bytes_are_a_value_or_temporary(body):
    try:
        decode(body)
    except Temporary:
        return


# --- Questions ---


def test_lastmodified_is_minutes_by_fortnoxs_clock():
    winter = datetime(2026, 2, 3, 23, 30, 59, tzinfo=UTC)
    summer = datetime(2026, 7, 3, 23, 30, 59, tzinfo=UTC)
    assert payments_query(1, winter)["lastmodified"] == "2026-02-04 00:30"
    assert payments_query(1, summer)["lastmodified"] == "2026-07-04 01:30"


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_lastmodified_is_never_later_than_asked_for(moment):
    text = payments_query(1, moment)["lastmodified"]
    told = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo("Europe/Stockholm"))
    assert told.astimezone(UTC) <= moment


def test_invoices_are_asked_for_in_the_largest_pages_by_number():
    query = invoices_query(2)
    assert (query["limit"], query["page"], query["sortby"]) == ("500", "2", "documentnumber")


def test_parameter_names_are_lower_case_and_none_is_one_that_fortnox_rejects():
    for query in (payments_query(1, datetime.now(UTC)), invoices_query(1)):
        assert all(name == name.lower() for name in query)
        assert not {"fromdate", "todate"} & set(query)


# --- Time ---


def test_the_time_of_an_answer_is_that_of_its_date_header():
    assert date_of(response()) == datetime(2026, 2, 3, 8, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2026-02-03",
        "Tue, 99 Feb 2026 08:15:30 GMT",
        "Sun, 22 Nov 2026 10:00:00 +99999999999999",
        "Fri, 31 Dec 9999 23:59:59 -0500",
    ],
)
def test_an_answer_without_a_time_of_any_calendar_has_none(text):
    assert date_of(response(date=text)) is None


def test_another_zone_is_turned_into_utc():
    moment = date_of(response(date="Tue, 03 Feb 2026 09:15:30 +0100"))
    assert moment == datetime(2026, 2, 3, 9, 15, 30, tzinfo=timezone(timedelta(hours=1)))
    assert moment.utcoffset() == timedelta(0)
