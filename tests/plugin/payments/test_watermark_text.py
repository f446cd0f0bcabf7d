"""The watermark: what is written can be read, and what we did not write voids it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opter_fortnox_plugin.payments.settings import Settings
from opter_fortnox_plugin.payments.watermark import Cursor

SETTINGS = Settings(date(2026, 1, 1), 100, include_unbooked=False)
WATERMARK = datetime(2026, 2, 3, 8, 15, 30, tzinfo=UTC)
CURSOR = Cursor(WATERMARK, SETTINGS)

settings = st.builds(Settings, st.dates(), st.integers(0, 10**15 - 1), st.booleans())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.datetimes(timezones=st.just(UTC)), settings)
def test_what_is_dumped_is_loaded(watermark, settings):
    cursor = Cursor(watermark, settings)
    assert Cursor.load(cursor.dump()) == cursor


def test_the_overlap_is_two_hours():
    assert CURSOR.since(SETTINGS) == WATERMARK - timedelta(hours=2)


@pytest.mark.parametrize(
    ("now", "voids"),
    [
        (Settings(date(2025, 12, 31), 100, include_unbooked=False), True),
        (Settings(date(2026, 1, 1), 99, include_unbooked=False), True),
        (Settings(date(2026, 1, 1), 100, include_unbooked=True), True),
        (Settings(date(2026, 5, 1), 99, include_unbooked=False), True),
        (SETTINGS, False),
        (Settings(date(2026, 1, 2), 100, include_unbooked=False), False),
        (Settings(date(2026, 1, 1), 101, include_unbooked=False), False),
    ],
)
def test_only_a_setting_that_includes_more_voids_the_watermark(now, voids):
    assert (CURSOR.since(now) is None) is voids


def test_no_longer_including_unbooked_ones_keeps_it():
    with_unbooked = Cursor(WATERMARK, Settings(date(2026, 1, 1), 100, include_unbooked=True))
    assert with_unbooked.since(SETTINGS) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": None},
        {"watermark": "2026-02-03T08:15:30"},
        {"watermark": "yesterday"},
        {"watermark": 5},
        {"ignore_payments_before": "2026-13-01"},
        {"ignore_payments_before": None},
        {"ignore_numbers_before": "many"},
        {"ignore_numbers_before": float("inf")},
        {"ignore_numbers_before": float("nan")},
    ],
)
def test_a_cursor_that_was_tampered_with_is_none(change):
    assert Cursor.load(json.dumps(json.loads(CURSOR.dump()) | change)) is None


@pytest.mark.parametrize(
    "text", [None, "", "x", "{", "[]", "5", "null", "NaN", '"x"', "[" * 100000]
)
def test_what_is_nothing_of_ours_is_none(text):
    assert Cursor.load(text) is None


@given(st.text() | json_values.map(json.dumps))
def test_whatever_the_host_kept_it_is_a_cursor_or_none(text):
    assert Cursor.load(text) is None
