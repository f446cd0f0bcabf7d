"""A schedule is due at Stockholm's times of day, or again and again, and never made up for."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostsim.ledger.schedules import RETRIES, STOCKHOLM, Timetable, interval, time_of_day

DAY = timedelta(days=1)

times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
START = datetime(2025, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=1826)).map(lambda since: START + since)


def stockholm(text):
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM)


def next_at(hour, minute, after):
    return Timetable(daily=time(hour, minute)).next(after)


@given(times, moments)
def test_the_next_time_of_day_is_within_a_day_and_an_hour(at, after):
    due = Timetable(daily=at).next(after)
    assert timedelta(0) < due - after <= DAY + timedelta(hours=1)


@given(times, moments)
def test_it_is_what_the_clocks_show_or_the_moment_at_which_they_jumped_over_it(at, after):
    shown = Timetable(daily=at).next(after).astimezone(STOCKHOLM)
    jumped = shown.month == 3 and (shown.hour, shown.minute) == (3, 0) and at.hour == 2
    assert shown.time() == at or jumped


@given(times, moments)
def test_every_day_has_one(at, after):
    timetable = Timetable(daily=at)
    first = timetable.next(after).astimezone(STOCKHOLM).date()
    assert timetable.next(timetable.next(after)).astimezone(STOCKHOLM).date() - first == DAY


def test_a_time_that_does_not_exist_is_when_the_clocks_have_jumped():
    after = stockholm("2026-03-28T12:00")
    assert next_at(2, 30, after) == stockholm("2026-03-29T03:00")
    assert next_at(2, 30, stockholm("2026-03-29T03:00")) == stockholm("2026-03-30T02:30")


def test_a_time_that_comes_twice_is_the_first_one_alone():
    first = next_at(2, 30, stockholm("2026-10-24T12:00"))
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_at(2, 30, first) == stockholm("2026-10-26T02:30")


def test_what_was_missed_is_not_made_up_day_by_day():
    assert next_at(6, 0, stockholm("2026-11-20T09:00")) == stockholm("2026-11-21T06:00")


def test_a_new_schedule_is_due_at_once_or_at_the_next_time_of_day():
    now = stockholm("2026-11-29T05:00")
    assert Timetable(every=timedelta(minutes=30)).first(now) == now
    assert Timetable(daily=time(6)).first(now) == stockholm("2026-11-29T06:00")


def test_the_machine_may_stand_in_another_zone():
    tokyo = datetime(2026, 11, 29, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert next_at(6, 0, tokyo) == stockholm("2026-11-29T06:00")


def test_a_failure_is_tried_again_soon_then_less_often_and_never_later_than_planned():
    timetable, now = Timetable(daily=time(6)), stockholm("2026-11-29T06:00")
    pauses = [timetable.again(now, now, failures) - now for failures in range(1, 8)]
    assert pauses == [
        timedelta(minutes=minutes) for minutes in (*RETRIES, RETRIES[-1], RETRIES[-1])
    ]
    late = stockholm("2026-11-29T05:58")
    assert timetable.again(late, late, 1) == stockholm("2026-11-29T06:00")


@pytest.mark.parametrize(
    ("text", "read"),
    [("06:00", time(6)), (" 6.30 ", time(6, 30)), ("23:59", time(23, 59))],
)
def test_a_time_of_day_is_read_as_people_write_it(text, read):
    assert time_of_day(text) == read


@pytest.mark.parametrize("text", ["24:00", "6", "6:5", "06:60", "kl 6", "", "٠٦:٠٠"])
def test_what_is_no_time_of_day_is_refused(text):
    assert time_of_day(text) is None


@pytest.mark.parametrize(
    ("text", "minutes"), [("30m", 30), ("2h", 120), ("1d", 1440), ("15 min", 15), ("7d", 10080)]
)
def test_an_interval_is_read(text, minutes):
    assert interval(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["0m", "8d", "30", "30s", "-5m", "1.5h", "m", "", "99999d"])
def test_what_is_no_interval_or_too_short_or_long_is_refused(text):
    assert interval(text) is None
