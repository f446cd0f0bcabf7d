"""Pages of a list that moves while it is read: no payment twice, and none lost in silence.

The list here is like Fortnox's: pages are by position, the newest payment date
comes first, and payments of one date stand in another order at each request.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from executors import Executor
from fortnox import page, payment
from hypothesis import assume, given
from hypothesis import strategies as st

from opter_fortnox_plugin.errors import Unavailable
from opter_fortnox_plugin.fortnox.protocol import decode
from opter_fortnox_plugin.fortnox.responses import page_of
from opter_fortnox_plugin.payments.page_scan import ROUNDS, NumberSet, PageScan

FIRST = date(2026, 1, 1)
MORNING = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def day(number):
    return FIRST + timedelta(days=number)


class Moving:
    """A list of payments, by number and date, that somebody works in between two requests.

    :param between: what happens before the n-th request, counted from 1: a
        function of the list.
    :param tied: gives the order of two payments of one date, by number.
    """

    def __init__(self, dates, *, size=3, between=None, tied=lambda number: number):
        self.dates, self.size = dict(dates), size
        self.between, self.tied = between or {}, tied
        self.always = set(self.dates)
        self.asked = []
        self.damaged = {}
        self.modified = []
        self.timeless = False

    def delete(self, number):
        self.dates.pop(number, None)
        self.always.discard(number)

    def insert(self, number, day):
        self.dates[number] = day
        self.modified.append(self.now)

    def change(self, number, day):
        if number in self.dates:
            self.dates[number] = day
            self.modified.append(self.now)
        # Missed or not, the next reading meets it by its time of change.
        self.always.discard(number)

    @property
    def now(self):
        """Two minutes pass with each request."""
        return MORNING + timedelta(minutes=2 * len(self.asked))

    @property
    def at(self):
        return None if self.timeless else self.now

    def changed_since(self, moment):
        """Tell of additions and changes, as ``lastmodified`` does; not of deletions."""
        return any(when >= moment for when in self.modified)

    def numbers(self):
        return sorted(self.dates, key=lambda n: (-self.dates[n], self.tied(n)))

    def row(self, number):
        date = day(self.dates[number]).isoformat()
        return payment(number, PaymentDate=date) | self.damaged.get(number, {})

    def __call__(self, number):
        self.asked.append(number)
        self.between.get(len(self.asked), lambda _: None)(self)
        numbers = self.numbers()
        start = (number - 1) * self.size
        pages = -(-len(numbers) // self.size)
        rows = [self.row(one) for one in numbers[start : start + self.size]]
        answer = page(rows, len(numbers), number=number, pages=pages)
        return page_of(decode(json.dumps(answer).encode()), "InvoicePayments", self.at)


def read(moving, stop_before=None):
    """Read the list to its end; return the reading and how often each number came."""
    page_scan = PageScan(Executor(), moving, moving.changed_since, stop_before)
    came = Counter(int(row.number) for rows in page_scan.pages() for row in rows)
    return page_scan, came


def lost(moving, came, stop_before=None):
    """Find the payments that were there all the time and did not come."""
    return {
        number
        for number in moving.always - set(came)
        if stop_before is None or day(moving.dates[number]) >= stop_before
    }


# --- A list that holds still ---


def test_each_payment_comes_once_and_page_by_page():
    moving = Moving({n: n for n in range(1, 9)})
    page_scan = PageScan(Executor(), moving, moving.changed_since, None)
    assert [[row.number for row in rows] for rows in page_scan.pages()] == [
        ["8", "7", "6"], ["5", "4", "3"], ["2", "1"],
    ]  # fmt: skip
    assert moving.asked == [1, 2, 3]
    assert (page_scan.read, page_scan.total, page_scan.not_read) == (8, 8, 0)


def test_an_empty_list_is_asked_for_once():
    moving = Moving({})
    page_scan, came = read(moving)
    assert (moving.asked, came, page_scan.total) == ([1], {}, 0)


def test_reading_stops_behind_the_date_and_counts_what_lies_beyond():
    moving = Moving({n: n for n in range(1, 13)})
    page_scan, came = read(moving, day(8))
    assert moving.asked == [1, 2]
    assert set(came) == {7, 8, 9, 10, 11, 12}
    assert page_scan.read + page_scan.not_read == page_scan.total == 12


def test_the_date_itself_is_read_however_many_pages_it_fills():
    moving = Moving({n: 5 if n < 11 else 9 for n in range(1, 13)})
    _, came = read(moving, day(5))
    assert set(came) == set(range(1, 13))


def test_a_damaged_row_has_its_place_and_its_number():
    moving = Moving({1: 1, 2: 2, 3: 3})
    moving.damaged = {2: {"Amount": "API_NORIGHT"}}
    page_scan, came = read(moving)
    assert came == {1: 1, 2: 1, 3: 1}
    assert page_scan.without_number == []


def test_rows_without_a_number_are_kept_apart_and_counted():
    moving = Moving({n: n for n in range(1, 6)})
    moving.damaged = {2: {"Number": None}, 3: {"Number": "x"}}
    page_scan, came = read(moving)
    assert set(came) == {1, 4, 5}
    assert [row.number for row in page_scan.without_number] == ["", ""]
    assert page_scan.read == page_scan.total == 5


def test_what_is_damaged_is_shown_without_its_content():
    moving = Moving({1: 1})
    moving.damaged = {1: {"Number": None, "Source": "Hemlig Kund AB"}}
    page_scan, _ = read(moving)
    assert "Hemlig" not in repr(page_scan.without_number)


@given(st.data())
def test_ties_in_any_order_lose_nothing_or_the_list_is_called_unstable(data):
    dates = data.draw(st.dictionaries(st.integers(1, 30), st.integers(0, 3), max_size=20))
    moving = Moving(
        dates, size=data.draw(st.integers(1, 5)), tied=lambda _: data.draw(st.integers(0, 9))
    )
    stop_before = data.draw(st.none() | st.integers(0, 4).map(day))
    page_scan = PageScan(Executor(), moving, moving.changed_since, stop_before)
    came = Counter()
    try:
        for rows in page_scan.pages():
            came.update(int(row.number) for row in rows)
    except Unavailable:
        return
    assert lost(moving, came, stop_before) == set()
    assert page_scan.read + page_scan.not_read == page_scan.total == len(dates)
    assert page_scan.read == sum(came.values()) == len(came)


# --- A list that moves ---

EIGHT = {n: n for n in range(1, 9)}  # read as 8 7 6 | 5 4 3 | 2 1


def apply(changes):
    def between(moving):
        for name, *arguments in changes:
            getattr(moving, name)(*arguments)

    return between


@pytest.mark.parametrize(
    "change",
    [("insert", 9, 9), ("insert", 9, 1), ("change", 7, 0), ("change", 2, 20)],
    ids=["arrives at the top", "back-dated", "gets an earlier date", "a later one"],
)
def test_a_payment_that_arrives_or_gets_another_date_comes_once_and_hides_no_other(change):
    moving = Moving(EIGHT, between={2: apply([change])})
    _, came = read(moving)
    assert came == dict.fromkeys({*EIGHT, change[1]}, 1)


# All behind a payment that is deleted move up by one place: one slips past the boundary.
@pytest.mark.parametrize(
    "happens",
    [
        pytest.param({2: [("delete", 7)]}, id="alone"),
        # The total is as before.
        pytest.param({2: [("delete", 7), ("insert", 9, 1)]}, id="with a back-dated payment"),
        pytest.param({2: [("delete", 7)], 3: [("insert", 9, 0)]}, id="and later such a payment"),
        pytest.param({3: [("delete", number) for number in (1, 2, 3, 4)]}, id="whole pages"),
    ],
)
def test_a_deletion_hides_no_other_payment(happens):
    moving = Moving(EIGHT, between={request: apply(some) for request, some in happens.items()})
    _, came = read(moving)
    assert lost(moving, came) == set()


def test_a_deletion_hides_none_of_what_lies_before_the_date_to_stop_at():
    moving = Moving({n: n for n in range(1, 13)}, between={2: lambda them: them.delete(11)})
    _, came = read(moving, day(5))
    assert lost(moving, came, day(5)) == set()


def test_a_list_that_never_holds_still_is_called_unstable():
    numbers = iter(range(100, 1000))

    def hurry(moving):
        moving.insert(next(numbers), 50)

    moving = Moving(EIGHT, between=dict.fromkeys(range(1, 100), hurry))
    with pytest.raises(Unavailable) as caught:
        read(moving)
    assert caught.value.code == "FORTNOX_LIST_UNSTABLE"
    assert str(ROUNDS) in caught.value.message.sv


changes = st.one_of(
    st.tuples(st.just("delete"), st.integers(1, 15)),
    st.tuples(st.just("insert"), st.integers(16, 40), st.integers(0, 6)),
    st.tuples(st.just("change"), st.integers(1, 15), st.integers(0, 6)),
)
lists = st.dictionaries(st.integers(1, 15), st.integers(0, 6), min_size=1)
stops = st.none() | st.integers(0, 6)


def came_of(moving, stop_before):
    """Read; drop the example where the list is called unstable."""
    try:
        return read(moving, stop_before)[1]
    except Unavailable:
        assume(False)
        return None


@given(
    lists, st.integers(1, 5), st.dictionaries(st.integers(2, 9), st.lists(changes, max_size=3)),
    stops,
)  # fmt: skip
def test_whatever_happens_to_the_list_no_payment_comes_twice(dates, size, happens, stop):
    moving = Moving(dates, size=size, between={n: apply(c) for n, c in happens.items()})
    came = Counter()
    try:
        for rows in PageScan(
            Executor(), moving, moving.changed_since, None if stop is None else day(stop)
        ).pages():
            came.update(int(row.number) for row in rows)
    except Unavailable:
        pass
    assert set(came.values()) <= {1}


@given(st.data())
def test_changes_and_ties_together_lose_no_payment_in_silence(data):
    happens = data.draw(
        st.dictionaries(st.integers(2, 9), st.lists(changes, max_size=2), max_size=3)
    )
    moving = Moving(
        data.draw(lists),
        size=data.draw(st.integers(1, 5)),
        between={n: apply(c) for n, c in happens.items()},
        tied=lambda _: data.draw(st.integers(0, 3)),
    )
    stop = data.draw(stops)
    stop_before = None if stop is None else day(stop)
    came = came_of(moving, stop_before)
    assert lost(moving, came, stop_before) == set()


def test_where_fortnox_tells_no_time_two_readings_must_agree():
    moving = Moving(EIGHT)
    moving.timeless = True
    page_scan, came = read(moving)
    assert moving.asked == [1, 2, 3, 1, 2, 3]
    assert came == dict.fromkeys(EIGHT, 1)
    assert page_scan.read == page_scan.total == 8


# --- The set of numbers ---


@given(st.lists(st.integers(0, 10**15 - 1) | st.integers(1020, 1030)))
def test_a_number_is_new_once(numbers):
    seen, known = NumberSet(), set()
    for number in numbers:
        assert seen.add(number) is (number not in known)
        known.add(number)
    assert len(seen) == len(known)
