"""OCR references of invoices that the host does not know: looked up once, in few requests."""

from __future__ import annotations

import json

import pluggy
import pytest
from executors import Executor
from fortnox import invoice, page
from hypothesis import given
from hypothesis import strategies as st

from opter_contract import hookimpl
from opter_contract.values import Company
from opter_fortnox_plugin.errors import Missing
from opter_fortnox_plugin.fortnox.responses import page_of
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.payments.ocr_lookup import MAX_SINGLE_LOOKUPS, OcrLookup
from opter_fortnox_plugin.session import Session


class Keeping:
    """A host that keeps values, and knows some invoices."""

    def __init__(self, *known):
        self.known, self.state, self.reports = set(known), {}, []

    @hookimpl
    def opter_progress(self, run, progress):
        self.reports.append(progress)

    @hookimpl
    def opter_known_invoices(self, run, invoice_numbers):
        return self.known & set(invoice_numbers)

    @hookimpl
    def opter_get_state(self, run, key):
        return self.state.get(key)

    @hookimpl
    def opter_set_state(self, run, key, value):
        self.state[key] = value
        return True


class Invoices:
    """Fortnox's invoices, highest number first, and what was asked for."""

    def __init__(self, *numbers, size=10, **fields):
        self.rows = {str(n): invoice(n, **fields) for n in sorted(numbers, reverse=True)}
        self.size, self.asked = size, []

    def get(self, _resource, number):
        self.asked.append(number)
        if number not in self.rows:
            raise Missing("invoices")
        return self.rows[number]

    def page(self, _resource, query):
        number = int(query["page"])
        self.asked.append(f"page {number}")
        rows, start = list(self.rows.values()), (number - 1) * self.size
        pages = -(-len(rows) // self.size)
        value = page(rows[start : start + self.size], len(rows), pages=pages, name="Invoices")
        return page_of(value, "Invoices")


def book(fortnox, keeping=None, company="34231"):
    manager = pluggy.PluginManager("opter")
    manager.register(keeping or Keeping())

    class Run:
        hook = manager.hook

    session = Session(Host(Run()), fortnox, Executor(), None, "client")
    return OcrLookup(session, Company(company, "Åkeriet AB"), lambda more: 100.0 + more)


@pytest.mark.parametrize(
    ("references", "asked"), [({"3": "355"}, ["3"]), ({"1": "155", "3": "355"}, ["page 1"])]
)
def test_one_invoice_is_asked_for_by_its_number_and_two_of_a_short_list_by_one_page(
    references, asked
):
    fortnox = Invoices(1, 2, 3)
    assert book(fortnox).references(set(references)) == references
    assert fortnox.asked == asked


def test_many_are_looked_up_in_pages():
    fortnox = Invoices(*range(1, 31))
    assert book(fortnox).references({str(n) for n in range(1, 31)})["17"] == "1755"
    assert fortnox.asked == ["page 1", "page 2", "page 3"]


def test_a_list_longer_than_what_is_wanted_is_not_read_through():
    fortnox = Invoices(*range(1, 1001))
    wanted = {str(n) for n in range(1, 8)}
    assert len(book(fortnox).references(wanted)) == 7
    assert fortnox.asked == ["page 1", *sorted(wanted)]


def test_where_the_list_is_known_to_be_short_it_is_read_even_for_a_handful():
    fortnox = Invoices(*range(1, 21))
    ours = book(fortnox)
    ours.references({str(n) for n in range(11, 21)})
    ours.references({str(n) for n in range(6, 11)})
    assert fortnox.asked == ["page 1", "page 2"]


def test_what_was_asked_for_once_is_remembered():
    fortnox, keeping = Invoices(1), Keeping()
    book(fortnox, keeping).references({"1"})
    assert book(fortnox, keeping).references({"1"}) == {"1": "155"}
    assert fortnox.asked == ["1"]


def test_what_stood_beside_it_in_the_list_is_remembered_unless_the_host_knows_the_invoice():
    fortnox, keeping = Invoices(*range(1, 9)), Keeping("8")
    book(fortnox, keeping).references({str(n) for n in range(1, 7)})
    assert book(fortnox, keeping).references({"7"}) == {"7": "755"}
    assert fortnox.asked == ["page 1"]
    assert "855" not in repr(keeping.state)


def test_an_invoice_that_is_gone_has_no_reference_and_is_asked_for_once():
    fortnox, keeping = Invoices(), Keeping()
    for _ in "12":
        assert book(fortnox, keeping).references({"1"}) == {"1": ""}
    assert fortnox.asked == ["1"]


@pytest.mark.parametrize("ocr", [None, "", "   ", "RF18", "API_NORIGHT", []])
def test_an_empty_reference_is_none(ocr):
    assert book(Invoices(1, OCR=ocr)).references({"1"}) == {"1": ""}


def test_an_answer_about_another_invoice_is_no_answer():
    fortnox = Invoices(1)
    fortnox.rows["1"] = invoice(2)
    assert book(fortnox).references({"1"}) == {"1": ""}


def test_a_row_that_cannot_be_read_stops_no_other():
    fortnox = Invoices(*range(1, 9))
    fortnox.rows["3"] = invoice("x")
    found = book(fortnox).references({str(n) for n in range(1, 9)})
    assert (found["2"], found["3"], found["4"]) == ("255", "", "455")


def test_the_books_of_two_companies_are_apart():
    keeping = Keeping()
    book(Invoices(1), keeping, "1").references({"1"})
    assert book(Invoices(1, OCR="99"), keeping, "2").references({"1"}) == {"1": "99"}


@pytest.mark.parametrize("kept", ["", "x", "[]", "5", "null", '{"1": 5}'])
def test_what_the_host_kept_for_others_harms_nothing(kept):
    keeping = Keeping()
    keeping.opter_get_state = hookimpl(lambda run, key: kept)
    assert set(book(Invoices(1, 2), keeping).references({"2"})) == {"2"}


def test_values_that_are_kept_stay_small():
    keeping = Keeping()
    book(Invoices(*range(1, 5001), size=500), keeping).references({str(n) for n in range(1, 5001)})
    assert max(len(json.loads(value)) for value in keeping.state.values()) <= 1000


@given(
    st.sets(st.integers(1, 60)),
    st.sets(st.integers(1, 60)),
    st.lists(st.sets(st.integers(1, 60)), max_size=4),
    st.integers(1, 20),
)
def test_whatever_is_asked_each_reference_is_right_and_no_invoice_costs_two_requests(
    there, known, questions, size
):
    fortnox, keeping = Invoices(*there, size=size), Keeping(*map(str, known))
    ours = book(fortnox, keeping)
    for asked in questions:
        # Only what the host does not know is ever asked for.
        question = asked - known
        assert ours.references({str(n) for n in question}) == {
            str(n): f"{n}55" if n in there else "" for n in question
        }
    assert len(fortnox.asked) == len(set(fortnox.asked))
    unknown_to_host, pages = set().union(*questions) - known, -(-len(there) // size)
    assert len(fortnox.asked) <= 2 * len(unknown_to_host) + 1
    # Once the list has been read whole, only a handful that it lacks is asked for again.
    assert len(fortnox.asked) <= 2 * pages + 1 + MAX_SINGLE_LOOKUPS * len(questions)


def test_invoices_of_their_own_among_the_hosts_are_not_asked_for_one_by_one_for_ever():
    """Every second of two thousand, ten of them with each page of payments."""
    fortnox = Invoices(*range(1, 2001), size=100)
    ours = book(fortnox, Keeping(*(str(n) for n in range(1, 2001, 2))))
    for start in range(1981, 0, -20):
        wanted = {str(n) for n in range(start, start + 20) if n % 2 == 0}
        assert ours.references(wanted) == {number: f"{number}55" for number in wanted}
    singly = [one for one in fortnox.asked if not one.startswith("page")]
    assert (len(singly), len(fortnox.asked) - len(singly)) == (10, 20)


def test_references_that_fortnox_hides_today_are_not_taken_for_empty_tomorrow():
    numbers = {str(n) for n in range(1, 21)}
    fortnox, keeping = Invoices(*range(1, 21), OCR="API_NORIGHT"), Keeping()
    ours = book(fortnox, keeping)
    assert ours.references(numbers) == ours.references(numbers) == dict.fromkeys(numbers, "")
    assert fortnox.asked == ["page 1", "page 2"]
    fortnox.rows = Invoices(*range(1, 21)).rows
    assert book(fortnox, keeping).references(numbers)["17"] == "1755"


def test_how_long_it_takes_is_told_while_references_are_looked_up():
    keeping = Keeping()
    ours = book(Invoices(*range(1, 41)), keeping)
    ours.references({str(n) for n in range(21, 41)})
    ours.references({"1"})
    said = [round(one.seconds_left) for one in keeping.reports]
    assert said == [101, 103, 100]
    assert keeping.reports[0].message.en.endswith("; about 1 min 41 s left")
