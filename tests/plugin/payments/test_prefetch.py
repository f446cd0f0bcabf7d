"""Pages that are asked for together: answered in any order, taken in theirs, few in vain."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from executors import Executor
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from opter_fortnox_plugin.errors import Unavailable
from opter_fortnox_plugin.payments.page_scan import PageScan
from tests.plugin.payments.test_page_scan import (
    EIGHT,
    Moving,
    apply,
    changes,
    day,
    lists,
    lost,
    stops,
)


def in_any_order(data):
    return Executor(lambda many: data.draw(st.integers(0, many - 1)))


def read(moving, stop_before=None, executor=None):
    page_scan = PageScan(executor or Executor(), moving, moving.changed_since, stop_before)
    came = [int(row.number) for rows in page_scan.pages() for row in rows]
    return page_scan, came


# --- Order ---


@given(st.data())
def test_pages_come_in_their_order_whatever_order_they_are_answered_in(data):
    moving = Moving({n: n for n in range(1, 60)})
    _, came = read(moving, executor=in_any_order(data))
    assert came == sorted(came, reverse=True) == list(range(59, 0, -1))


def read_while_it_changes(dates, size, happens, stop, data):
    """Return the numbers that were read, of which none may be lost; ``happens`` by request."""
    moving = Moving(dates, size=size, between={n: apply(c) for n, c in happens.items()})
    stop_before = None if stop is None else day(stop)
    try:
        _, came = read(moving, stop_before, in_any_order(data))
    except Unavailable:
        assume(False)
    assert lost(moving, came, stop_before) == set()
    return came


@given(
    lists,
    st.integers(1, 5),
    st.dictionaries(st.integers(2, 14), st.lists(changes, min_size=1, max_size=3), max_size=4),
    stops,
    st.data(),
)
@settings(max_examples=500)
def test_changes_at_any_time_lose_nothing_whatever_order_pages_are_answered_in(
    dates, size, happens, stop, data
):
    came = read_while_it_changes(dates, size, happens, stop, data)
    assert set(Counter(came).values()) <= {1}


# Few changes at once find more faults than many at any time.
@given(
    lists,
    st.integers(1, 5),
    st.tuples(st.integers(2, 6), st.lists(changes, min_size=1, max_size=3)),
    stops,
    st.data(),
)
@settings(max_examples=500)
def test_changes_between_two_answers_lose_nothing_whatever_their_order(
    dates, size, change, stop, data
):
    read_while_it_changes(dates, size, dict([change]), stop, data)


def test_a_payment_that_hides_behind_four_changes_in_two_equal_walks_is_found():
    """Two walks that stop early meet the same payments, and both have missed number 6.

    In the first, page 3 is answered before page 2, and a new payment pushes 6 from one to the
    other in between; in the second, a deletion pulls it back just after page 2. Both times the
    total is made up for far behind the date.
    """
    dates = {n: n for n in range(1, 13)}  # 12 11 | 10 9 | 8 7 | 6 5 | 4 3 | 2 1

    def push(moving):
        moving.insert(20, 11)
        moving.delete(1)

    def pull(moving):
        moving.delete(20)
        moving.insert(21, 0)

    for first in range(2, 9):
        for second in range(first + 1, 14):
            moving = Moving(dates, size=2, between={first: push, second: pull})
            newest_first = Executor(lambda many: many - 1)
            try:
                _, came = read(moving, day(4), newest_first)
            except Unavailable:
                continue
            assert lost(moving, came, day(4)) == set()


# --- How many are asked for ---


def test_the_first_page_is_read_alone():
    moving, executor = Moving(EIGHT), Executor()
    pages = PageScan(executor, moving, moving.changed_since, None).pages()
    next(pages)
    assert (moving.asked, executor.max_queued) == ([1], 1)


def test_whether_anything_changed_is_asked_beside_what_is_done_with_the_last_page():
    moving, executor = Moving({n: n for n in range(1, 10)}), Executor()
    pages = PageScan(executor, moving, moving.changed_since, None).pages()
    still_to_do = []
    for _ in range(3):
        next(pages)
        still_to_do.append(len(executor._queue))
    assert (moving.asked, still_to_do[-1]) == ([1, 2, 3], 1)


def test_at_most_twenty_five_pages_wait_to_be_taken():
    moving, executor = Moving({n: n for n in range(1, 400)}), Executor()
    read(moving, executor=executor)
    assert executor.max_queued == 25
    assert moving.asked == list(range(1, 134))


def needed(moving, stop):
    """Count the pages that hold payments since the date."""
    since = sum(day(when) >= stop for when in moving.dates.values())
    return -(-since // moving.size)


@pytest.mark.parametrize("since", [1, 3, 4, 30, 200, 299, 301, 597, 599])
def test_at_most_three_pages_more_than_needed_are_asked_for(since):
    """With the question whether anything changed, that makes four requests."""
    moving = Moving({n: n for n in range(1, 601)})
    stop = day(601 - since)
    _, came = read(moving, stop)
    assert len(set(moving.asked)) == len(moving.asked) <= max(1, needed(moving, stop)) + 3
    assert set(range(601 - since, 601)) <= set(came)


@given(
    st.lists(st.integers(0, 2) | st.integers(0, 200), min_size=1, max_size=150),
    st.integers(1, 6),
    st.integers(0, 2000),
    st.data(),
)
def test_however_payments_are_spread_at_most_three_pages_are_asked_for_in_vain(
    gaps, size, stop, data
):
    dates, when = {}, 0
    for number, gap in enumerate(gaps, 1):
        when += gap
        dates[number] = when
    moving = Moving(dates, size=size)
    stop_before = day(stop)
    _, came = read(moving, stop_before, in_any_order(data))
    # A list of one date alone is not seen to be sorted.
    if len(set(dates.values())) > 1 and needed(moving, stop_before):
        begins = sorted(dates.values(), reverse=True)
        one_date = next((n for n, when in enumerate(begins) if when != begins[0]), 0)
        seen_sorted = -(-(one_date + 1) // size)
        assert len(moving.asked) <= max(needed(moving, stop_before), seen_sorted) + 3
    assert lost(moving, came, stop_before) == set()


def test_ten_years_of_history_cost_nothing():
    """Two hundred payments of this year stand before twenty thousand older ones."""
    dates = {n: n // 6 for n in range(1, 20_001)}
    moving = Moving(dates, size=100)
    stop = day(20_000 // 6) - timedelta(days=33)
    page_scan, _ = read(moving, stop)
    assert len(moving.asked) <= 3 + 3
    assert page_scan.not_read > 19_000


def test_where_the_end_is_far_most_pages_are_asked_for_together():
    moving, executor = Moving({n: n for n in range(1, 1001)}), Executor()
    read(moving, day(400), executor)
    assert executor.max_queued >= 20


def test_pages_that_are_not_wanted_any_more_are_not_asked_for():
    moving, executor = Moving({n: n for n in range(1, 100)}), Executor()
    pages = PageScan(executor, moving, moving.changed_since, None).pages()
    next(pages)
    next(pages)
    pages.close()
    while executor._queue:
        executor.wait_for_any()
    assert moving.asked == [1, 2]


def test_a_list_that_is_not_sorted_is_read_together_all_the_same():
    moving, executor = Moving({n: 700 - n for n in range(1, 601)}), Executor()
    moving.numbers = lambda: sorted(moving.dates, reverse=True)
    _, came = read(moving, day(400), executor)
    assert len(came) == 600
    assert executor.max_queued >= 20
