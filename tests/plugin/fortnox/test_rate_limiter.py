"""At most 25 requests start in any 5 seconds, whoever asks and whatever the clock does."""

from __future__ import annotations

import json
import threading

import pytest
from fortnox import Clock
from hypothesis import given
from hypothesis import strategies as st

from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter


def too_many(starts):
    """Find 26 starts within 5 seconds."""
    starts = sorted(starts)
    return [pair for pair in zip(starts, starts[25:], strict=False) if pair[1] - pair[0] <= 5.0]


def pace_of(clock):
    return RateLimiter(sleep=clock.sleep, clock=clock)


def test_twenty_five_start_at_once_and_the_next_one_waits_for_the_window():
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    for _ in range(25):
        limiter.acquire()
    assert clock.naps == []
    limiter.acquire()
    assert clock.now > 5.0


def test_the_window_slides():
    """A fixed window would let 50 through around its boundary."""
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    starts = []
    for nap in (4.9, 0.0, 0.2, 4.8):
        clock.now += nap
        for _ in range(25):
            limiter.acquire()
            starts.append(clock.now)
    assert too_many(starts) == []


def test_a_slow_reader_never_waits():
    clock = Clock()
    limiter = pace_of(clock)
    for _ in range(200):
        limiter.acquire()
        clock.now += 0.21
    assert clock.naps == []


def test_a_request_that_has_to_wait_has_not_started():
    started = []
    limiter = RateLimiter(clock=Clock(), may_start=lambda: started.append(True))
    rests = [limiter.try_acquire() for _ in range(30)]
    assert [rest > 0 for rest in rests] == [False] * 25 + [True] * 5
    assert len(started) == 25


def test_what_has_started_is_counted():
    limiter = pace_of(Clock())
    for _ in range(30):
        limiter.acquire()
    assert limiter.started == 30


@given(st.data())
def test_in_any_window_at_most_twenty_five_start(data):
    """Sleeps may end early or late, and others may take their turn meanwhile."""
    clock, starts = Clock(now=data.draw(st.floats(0, 1e9))), []
    others = data.draw(st.integers(0, 40))

    def sleep(seconds):
        nonlocal others
        assert seconds > 0
        late = data.draw(st.sampled_from([0.0, 0.0, 0.5, -0.5, 3.0]))
        clock.now += max(seconds + seconds * late, 1e-6)
        if others and data.draw(st.booleans()):
            others -= 1
            turn()

    def turn():
        limiter.acquire()
        starts.append(clock.now)

    limiter = RateLimiter(sleep=sleep, clock=clock)
    for _ in range(data.draw(st.integers(26, 80))):
        clock.now += data.draw(st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.19, 1.0, 4.9]))
        turn()
    assert too_many(starts) == []


def test_all_threads_of_a_company_share_the_window():
    now, lock, mine, starts = 0.0, threading.Lock(), threading.local(), []

    def clock():
        with lock:
            mine.looked = now
            return now

    def sleep(seconds):
        nonlocal now
        with lock:
            now += max(seconds / 3, 0.001)

    limiter = RateLimiter(sleep=sleep, clock=clock)

    def work():
        for _ in range(20):
            limiter.acquire()
            # A turn is taken at the time that its thread saw last.
            starts.append(mine.looked)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(starts) == 160
    assert too_many(starts) == []


def window_of(limiter, clock):
    """Measure how long the twenty-sixth of a burst waits."""
    clock.now += 1000.0
    for _ in range(25):
        limiter.acquire()
    first_answer_at = clock.now
    limiter.acquire()
    return round(clock.now - first_answer_at, 6)


def test_each_refusal_makes_the_window_a_little_wider_and_nine_do_for_ever():
    clock = Clock()
    limiter = pace_of(clock)
    windows = [window_of(limiter, clock)]
    for _ in range(12):
        clock.now += 1000.0
        limiter.back_off(5.0)
        windows.append(window_of(limiter, clock))
    assert windows == [5.1, 5.2, 5.3, 5.4, 5.5, 5.6, 5.7, 5.8, 5.9, *[6.0] * 4]


def test_requests_that_are_refused_together_make_the_window_wider_once():
    clock = Clock()
    limiter = pace_of(clock)
    for _ in range(25):
        limiter.back_off(5.0)
        clock.now += 0.01
    assert window_of(limiter, clock) == 5.2


def test_nobody_starts_while_fortnox_wants_us_to_hold():
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    limiter.acquire()
    limiter.back_off(30)
    limiter.back_off(10)
    limiter.acquire()
    assert clock.now == 30


def test_the_next_run_counts_what_the_last_one_started():
    first, second = Clock(now=50.0), Clock(now=7000.0)
    ours, next_one = pace_of(first), pace_of(second)
    for _ in range(25):
        ours.acquire()
    next_one.restore(ours.recent_starts(now=1e9), now=1e9 + 1)
    next_one.acquire()
    assert second.now - 7000 > 4


@given(
    st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 20), st.integers(0, 40), st.integers(0, 40)
)
def test_two_runs_after_one_another_keep_the_limit_together(
    one_clock, other_clock, between, count, more
):
    first, second, unix = Clock(now=one_clock), Clock(now=other_clock), 1.7e9
    ours, next_one, starts = pace_of(first), pace_of(second), []
    for _ in range(count):
        ours.acquire()
        starts.append(first.now - one_clock)
    ended = first.now - one_clock
    kept = ours.recent_starts(unix + ended)
    next_one.restore(kept, unix + ended + between)
    for _ in range(more):
        next_one.acquire()
        starts.append(second.now - other_clock + ended + between)
    assert too_many(starts) == []


def test_an_old_run_slows_nobody_down():
    first, second = Clock(), Clock()
    ours, next_one = pace_of(first), pace_of(second)
    for _ in range(25):
        ours.acquire()
    next_one.restore(ours.recent_starts(now=1e9), now=1e9 + 60)
    next_one.acquire()
    assert second.naps == []


def test_starts_that_seem_to_lie_ahead_wait_no_longer_than_a_window():
    """The clock of the machine may have been set back."""
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    limiter.restore(json.dumps([9e9] * 25), now=1e9)
    limiter.acquire()
    assert clock.now <= 6


@pytest.mark.parametrize(
    "kept",
    ["", "x", "5", "null", "{}", '{"a": 1}', "[null]", '["x"]', "[[1]]", "[NaN]", "[Infinity]",
     "[-Infinity]", "[1e999]", f"[1{'0' * 400}]", f"[{'9' * 5000}]", "[" * 100_000],
    ids=lambda kept: kept[:20],
)  # fmt: skip
def test_what_cannot_be_read_counts_as_nothing_much(kept):
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    limiter.restore(kept, now=1e9)
    for _ in range(24):
        limiter.acquire()
    assert clock.naps == []


def test_a_request_that_left_late_is_counted_from_when_it_left():
    """Twenty-five connections are made at first, and the last of them takes a second."""
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    for _ in range(25):
        limiter.acquire()
        clock.now += 0.04
        limiter.sent()
    left = clock.now
    for _ in range(25):
        limiter.acquire()
    assert clock.now - left >= 5.0


def test_the_slowest_of_the_last_answers_is_part_of_the_time_that_is_told():
    clock = Clock()
    limiter = pace_of(clock)
    for took in (0.9, *[0.2] * 20, 0.7, *[0.2] * 4):
        limiter.acquire()
        clock.now += 0.1  # the connection
        limiter.sent()
        clock.now += took
        limiter.answered()
    clock.now += 100.0
    assert limiter.seconds_for(1) == pytest.approx(0.7)
    assert limiter.seconds_for(26) == pytest.approx(5.1 + 0.7)


def test_a_request_that_was_never_sent_says_nothing_of_answers():
    limiter = pace_of(Clock())
    limiter.acquire()
    limiter.answered()
    assert limiter.seconds_for(1) == 0.0
