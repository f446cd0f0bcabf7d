"""Fortnox counts at most 25 requests in any 5 seconds, whoever asks and whatever the wire does."""

from __future__ import annotations

import heapq
import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean

import pytest
from fortnox import Clock
from hypothesis import given
from hypothesis import strategies as st

from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter


def too_many(counted):
    """Find 26 that were counted within 5 seconds."""
    counted = sorted(counted)
    return [pair for pair in zip(counted, counted[25:], strict=False) if pair[1] - pair[0] <= 5.0]


def pace_of(clock):
    return RateLimiter(sleep=clock.sleep, clock=clock)


def exchange(limiter, clock, *, before=0.0, after=0.0, connect=0.0):
    """Make a request; return when it was counted."""
    limiter.acquire()
    clock.now += connect
    limiter.sent()
    clock.now += before + after
    limiter.answered()
    limiter.release()
    return clock.now - after


class Side:
    """A run on a wire, in simulated time: workers that have requests without an end.

    :param wire: draws the seconds before the count and those after it.
    """

    def __init__(self, wire, *, now=0.0, fails=lambda: False):
        self._wire, self._fails = wire, fails
        self._clock, self._worker = Clock(now), 0
        self.limiter = RateLimiter(clock=self._clock, thread=lambda: self._worker)
        self.counted, self.end = [], now

    def run(self, requests, workers=25):
        """Make so many requests; return when each was counted."""
        self._left = requests
        due = [(self._clock.now, worker, self._work()) for worker in range(workers)]
        while due:
            self._clock.now, self._worker, work = heapq.heappop(due)
            if (seconds := next(work, None)) is not None:
                heapq.heappush(due, (self._clock.now + seconds, self._worker, work))
        return self.counted

    def _work(self):
        while self._left:
            if rest := self.limiter.try_acquire():
                yield rest
                continue
            self._left -= 1
            before, after = self._wire(self._clock.now)
            self.limiter.sent()
            self.counted.append(self._clock.now + before)
            yield before + after
            if not self._fails():
                self.limiter.answered()
            self.limiter.release()
            self.end = self._clock.now


def jitter(seed, before, after):
    rng = random.Random(seed)  # noqa: S311 - can be repeated
    return lambda _now: (rng.uniform(*before), rng.uniform(*after))


def even(seconds):
    return lambda _now: (seconds / 2, seconds / 2)


# --- On any wire ---

SPANS = st.sampled_from([(0.0, 0.4), (0.1, 0.3), (0.0, 0.05), (0.2, 0.2), (0.0, 0.8), (0.0, 0.0)])
WIRES = st.builds(jitter, st.integers(0, 2**32), SPANS, SPANS)
COUNTS = st.integers(0, 120)
WORKERS = st.integers(1, 25)


@given(WIRES, WORKERS)
def test_no_wire_with_jitter_makes_more_than_twenty_five_count_in_five_seconds(wire, workers):
    assert too_many(Side(wire).run(150, workers)) == []


@given(st.data(), st.floats(0, 1), st.floats(0, 1), WORKERS)
def test_whatever_the_wire_does_within_a_fifth_of_a_second_not_one_is_too_many(
    data, before, after, workers
):
    varies = st.tuples(st.floats(0, 0.1), st.floats(0, 0.1))
    drawn = data.draw(st.lists(varies, min_size=1, max_size=60))
    wire = iter(drawn * 150)

    def times(_now):
        more = next(wire)
        return before + more[0], after + more[1]

    assert too_many(Side(times).run(100, workers)) == []


@given(WIRES, st.lists(st.booleans(), min_size=100, max_size=100))
def test_an_exchange_that_fails_is_counted_all_the_same(wire, failures):
    assert too_many(Side(wire, fails=failures.pop).run(100)) == []


@pytest.mark.parametrize("change", [0.1, 4.0, 5.1, 12.0])
@pytest.mark.parametrize(("earlier", "later"), [(0.4, 0.01), (0.8, 0.4), (0.01, 0.4)])
def test_a_wire_that_changes_at_once_meets_no_refusal(earlier, later, change):
    side = Side(lambda now: even(earlier if now < change else later)(now))
    assert too_many(side.run(150)) == []


@pytest.mark.parametrize("took", [0.0, 0.02, 0.2, 0.4, 0.8])
def test_an_even_wire_takes_at_most_a_twentieth_more_than_the_limit_demands(took):
    side = Side(even(took))
    side.run(1000)
    assert side.end <= 1.05 * (39 * 5 + took)


@pytest.mark.parametrize(("before", "after"), [(0.4, 0.4), (0.8, 0.0), (0.0, 0.8)])
def test_eight_hundred_milliseconds_of_jitter_take_at_most_a_tenth_more(before, after):
    side = Side(jitter(1, (0, before), (0, after)))
    side.run(1000)
    assert side.end <= 1.10 * (39 * 5 + 0.4)


def test_a_wire_slower_than_the_window_has_no_more_than_twenty_five_on_their_way():
    assert too_many(Side(even(9.0)).run(120, workers=40)) == []


# --- One after another ---


def test_twenty_five_start_at_once_and_the_next_one_waits_for_the_window():
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    for _ in range(25):
        exchange(limiter, clock)
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
        starts += [exchange(limiter, clock) for _ in range(25)]
    assert too_many(starts) == []


def test_a_slow_reader_never_waits():
    clock = Clock()
    limiter = pace_of(clock)
    for _ in range(200):
        exchange(limiter, clock, before=0.1, after=0.11)
    assert clock.naps == []


def test_a_request_that_has_to_wait_has_not_started():
    started = []
    # One thread each.
    limiter = RateLimiter(
        clock=Clock(), may_start=lambda: started.append(True), thread=lambda: len(started)
    )
    rests = [limiter.try_acquire() for _ in range(30)]
    assert [rest > 0 for rest in rests] == [False] * 25 + [True] * 5
    assert len(started) == 25


@given(st.data())
def test_sleeps_may_end_early_or_late_and_others_may_take_their_turn_meanwhile(data):
    clock, counted = Clock(now=data.draw(st.floats(0, 1e9))), []
    others = data.draw(st.integers(0, 40))

    def sleep(seconds):
        nonlocal others
        assert seconds > 0
        late = data.draw(st.sampled_from([0.0, 0.0, 0.5, -0.5, 3.0]))
        clock.now += max(seconds + seconds * late, 1e-6)
        if others and data.draw(st.booleans()):
            others -= 1
            counted.append(exchange(limiter, clock))

    limiter = RateLimiter(sleep=sleep, clock=clock)
    for _ in range(data.draw(st.integers(26, 80))):
        clock.now += data.draw(st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.19, 1.0, 4.9]))
        counted.append(exchange(limiter, clock))
    assert too_many(counted) == []


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

    def work(_):
        for _ in range(20):
            limiter.acquire()
            # A turn is taken at the time that its thread saw last.
            starts.append(mine.looked)
            limiter.release()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(starts) == 160
    assert too_many(starts) == []


def window_of(limiter, clock):
    """Measure how long the twenty-sixth of a burst waits."""
    clock.now += 1000.0
    for _ in range(25):
        exchange(limiter, clock)
    first_answer_at = clock.now
    exchange(limiter, clock)
    return round(clock.now - first_answer_at, 6)


def test_each_refusal_makes_the_window_a_little_wider_and_ten_do_for_ever():
    clock = Clock()
    limiter = pace_of(clock)
    windows = [window_of(limiter, clock)]
    for _ in range(12):
        clock.now += 1000.0
        limiter.back_off(5.0)
        windows.append(window_of(limiter, clock))
    assert windows == [5.02, 5.12, 5.22, 5.32, 5.42, 5.52, 5.62, 5.72, 5.82, 5.92, *[6.0] * 3]


def test_requests_that_are_refused_together_make_the_window_wider_once():
    clock = Clock()
    limiter = pace_of(clock)
    for _ in range(25):
        limiter.back_off(5.0)
        clock.now += 0.01
    assert window_of(limiter, clock) == 5.12


def test_nobody_starts_while_fortnox_wants_us_to_hold():
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    exchange(limiter, clock)
    limiter.back_off(30)
    limiter.back_off(10)
    limiter.acquire()
    assert clock.now == 30


def test_the_next_run_counts_what_the_last_one_started():
    first, second = Clock(now=50.0), Clock(now=7000.0)
    ours, next_one = pace_of(first), pace_of(second)
    for _ in range(25):
        exchange(ours, first)
    next_one.restore(ours.recent_ends(now=1e9), now=1e9 + 1)
    next_one.acquire()
    assert second.now - 7000 > 4


def test_what_a_run_stored_itself_is_counted_once():
    """As by an export that lets another run go before, while a person looks."""
    clock = Clock(now=50.0)
    ours = pace_of(clock)
    for _ in range(13):
        exchange(ours, clock)
    naps = len(clock.naps)
    ours.restore(ours.recent_ends(now=1e9), now=1e9)
    for _ in range(12):
        exchange(ours, clock)
    assert len(clock.naps) == naps


@given(WIRES, st.floats(0, 1e6), st.floats(0, 20), COUNTS, COUNTS)
def test_two_runs_after_one_another_keep_the_limit_together(wire, booted, between, count, more):
    """Their clocks have nothing in common but Unix time."""
    ours, next_one, unix = Side(wire), Side(wire, now=booted), 1.7e9
    counted = ours.run(count)
    stored = ours.limiter.recent_ends(unix + ours.end)
    next_one.limiter.restore(stored, unix + ours.end + between)
    shift = ours.end + between - booted
    assert too_many([*counted, *(moment + shift for moment in next_one.run(more))]) == []


def test_a_request_that_is_still_on_its_way_is_stored_as_if_it_ended_now():
    clock, later = Clock(), Clock()
    ours, next_one = RateLimiter(clock=clock, requests=1), RateLimiter(clock=later, requests=1)
    ours.acquire()
    clock.now += 30.0
    next_one.restore(ours.recent_ends(now=1e9), now=1e9)
    assert next_one.try_acquire() == pytest.approx(5.02)


def test_an_old_run_slows_nobody_down():
    first, second = Clock(), Clock()
    ours, next_one = pace_of(first), pace_of(second)
    for _ in range(25):
        exchange(ours, first)
    next_one.restore(ours.recent_ends(now=1e9), now=1e9 + 60)
    next_one.acquire()
    assert second.naps == []


def test_ends_that_seem_to_lie_ahead_wait_no_longer_than_a_window():
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
        exchange(limiter, clock)
    assert clock.naps == []


# --- What a round trip is ---


def wait_after(limiter, clock, **took):
    """Tell how long 25 requests that were answered together hold their places."""
    began = clock.now = clock.now + 100.0
    for _ in range(25):
        clock.now = began
        exchange(limiter, clock, **took)
    return round(limiter.try_acquire(), 6)


def test_a_place_is_free_five_seconds_after_the_answer_less_what_the_next_one_takes():
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    assert wait_after(limiter, clock, before=0.5, after=0.3) == 5.02 - (0.8 - 0.2)


def test_the_connection_is_no_part_of_a_round_trip():
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    assert wait_after(limiter, clock, connect=3.0, before=0.1, after=0.1) == 5.02


def test_one_short_round_trip_tells_what_the_wire_can_do():
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    exchange(limiter, clock, after=0.01)
    assert wait_after(limiter, clock, before=0.5, after=0.3) == 5.02


def test_an_exchange_without_an_answer_says_nothing_of_round_trips():
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    limiter.acquire()
    limiter.sent()
    limiter.release()
    assert wait_after(limiter, clock, before=0.5, after=0.3) == 5.02 - (0.8 - 0.2)


def test_without_a_word_of_the_transport_a_place_is_held_from_the_end():
    clock = Clock(now=0.0)
    limiter = RateLimiter(sleep=clock.sleep, clock=clock, requests=1)
    limiter.acquire()
    clock.now += 40.0
    assert limiter.try_acquire() == pytest.approx(5.02)
    limiter.release()
    limiter.acquire()
    assert clock.now == pytest.approx(45.02)
    assert limiter.seconds_for(1) == pytest.approx(5.02)


def test_requests_that_hold_no_place_are_nothing_to_the_limiter():
    """Those to the token service, which go through the same transport."""
    clock = Clock(now=0.0)
    limiter = pace_of(clock)
    for _ in range(100):
        limiter.sent()
        clock.now += 0.9
        limiter.answered()
        limiter.release()
    assert json.loads(limiter.recent_ends(now=1e9)) == []
    assert limiter.seconds_for(1) == 0.0


def test_the_slowest_of_the_last_answers_is_part_of_the_time_that_is_told():
    clock = Clock()
    limiter = pace_of(clock)
    took = (0.9, *[0.2] * 20, 0.7, *[0.2] * 4)
    for seconds in took:
        exchange(limiter, clock, connect=0.1, after=seconds)
    clock.now += 100.0
    assert limiter.seconds_for(1) == pytest.approx(0.7)
    assert limiter.seconds_for(26) == pytest.approx(5.02 + fmean(took[1:]) + 0.7)


def test_the_time_that_is_told_is_right_within_a_twentieth():
    side = Side(jitter(1, (0, 0.4), (0, 0.4)))
    side.run(100)
    told, began = side.limiter.seconds_for(500), side.end
    side.run(500)
    assert told == pytest.approx(side.end - began, rel=0.05)
