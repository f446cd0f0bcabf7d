"""Two companies in one host: the same invoice numbers, two logins, and nothing crosses."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
import two_companies
from two_companies import NORTH, SOUTH, books, define, host_of, pay

from hostsim.errors import exit_status, failure_of

sandbox, store, person = two_companies.sandbox, two_companies.store, two_companies.person

NAMES = {"Nord": NORTH, "Syd": SOUTH}


@pytest.fixture
def state():
    """The same invoices in both: each paid with other amounts, and with equal payment numbers."""
    state = books()
    north, south = state.company(NORTH), state.company(SOUTH)
    for invoice in (1001, 1002, 1003):
        pay(north, invoice, "1000", source="file")
        pay(south, invoice, "400", source="autogiro")
    pay(north, 1004, booked=False)
    pay(south, 5001)
    return state


@pytest.fixture
def host(store, sandbox, person):
    host = host_of(store, sandbox, person)
    for name in NAMES:
        define(host, name, name)
    return host


def imported(host, person, name):
    person.company = NAMES[name]
    return host.import_payments(name)


def both_saved(host, person):
    for name in NAMES:
        imported(host, person, name)
    for name in NAMES:
        host.save(name)


def remaining(store):
    """Return what remains on the invoices that were paid, by region."""
    found = {}
    for one in store.invoices():
        if one.remaining != one.total:
            found.setdefault(one.region, {})[one.number] = one.remaining
    return found


def number_of(store):
    return sum(1 for _ in store.payments())


def error(call, *arguments, **more):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        call(*arguments, **more)
    return failure_of(caught.value)


NORTH_PAID = {"1001": 0, "1002": 0, "1003": 0}
SOUTH_PAID = {"1001": 600, "1002": 600, "1003": 600}

#: Every order of importing and saving two companies in which each is imported before it is saved.
ORDERS = [
    order
    for order in itertools.permutations(["import Nord", "save Nord", "import Syd", "save Syd"])
    if all(order.index(f"import {name}") < order.index(f"save {name}") for name in NAMES)
]


@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
def test_each_company_pays_its_own_invoices_in_whatever_order(host, person, store, order):
    for step in order:
        what, name = step.split()
        if what == "import":
            imported(host, person, name)
        else:
            host.save(name)
    assert remaining(store) == {"Nord": NORTH_PAID, "Syd": SOUTH_PAID}
    assert {(one.company, one.region) for one in store.payments()} == {
        (str(NORTH), "Nord"), (str(SOUTH), "Syd"),
    }  # fmt: skip


def test_one_payment_number_in_two_companies_is_two_payments(host, person, store):
    both_saved(host, person)
    numbers = [(one.company, one.payment_number) for one in store.payments()]
    assert len(numbers) == len(set(numbers)) == 6
    assert len({number for _, number in numbers}) == 3


def test_what_one_company_rejected_is_never_offered_to_the_other(host, person):
    both_saved(host, person)
    reasons = {
        name: [row.reason for row in imported(host, person, name).rows("rejected")]
        for name in NAMES
    }
    assert "not-booked" in reasons["Nord"]
    assert "not-booked" not in reasons["Syd"]
    assert "invoice-not-found" in reasons["Syd"]
    assert "invoice-not-found" not in reasons["Nord"]


def test_a_reconciliation_counts_its_own_company_alone(host, person):
    both_saved(host, person)
    for name, number, registered in (("Nord", NORTH, 3000), ("Syd", SOUTH, 1200)):
        person.company = number
        with host.reconcile(name) as found:
            assert found.company.number == str(number)
            assert found.totals.kind("equal").host.amount == registered
            assert found.totals.count("only-in-host") == 0


def test_why_asks_the_company_of_the_definition_about_its_own_invoice(host, person):
    both_saved(host, person)
    answers = {}
    for name, number in NAMES.items():
        person.company = number
        found = host.why("1001", region=name)
        [one] = found.payments
        answers[name] = (found.company.number, found.invoice.remaining, one.at_source.amount)
    assert answers == {
        "Nord": (str(NORTH), Decimal(0), Decimal(1000)),
        "Syd": (str(SOUTH), Decimal(600), Decimal(400)),
    }


# --- The wrong company ---


@pytest.mark.parametrize("ask", ["import_payments", "why", "reconcile"])
def test_a_login_to_the_other_company_is_refused_with_both_names(host, person, store, ask):
    both_saved(host, person)
    before = remaining(store), number_of(store)
    person.company = SOUTH

    def do():
        if ask == "why":
            host.why("1001", "Nord")
        elif ask == "reconcile":
            with host.reconcile("Nord"):
                pass
        else:
            host.import_payments("Nord")

    failure = error(do)
    assert (failure.code, exit_status(failure)) == ("WRONG_COMPANY", 3)
    for message in (failure.message.sv, failure.message.en):
        assert "Norrfrakt AB" in message
        assert "Syd & Son Åkeri AB" in message
    assert (remaining(store), number_of(store)) == before


def test_a_kept_login_leads_to_its_own_company(host, person):
    both_saved(host, person)
    for name in NAMES:
        host.change(name, {"sign_in": "stay"})
        imported(host, person, name)
    logins = person.logins
    assert host.import_payments("Nord").company.number == str(NORTH)
    assert host.import_payments("Syd").company.number == str(SOUTH)
    assert host.why("1001", "Nord").company.number == str(NORTH)
    assert person.logins == logins


@pytest.mark.parametrize("saved", ["both", "the other"])
def test_a_login_to_the_wrong_company_is_not_kept(host, person, saved):
    """It would open no window, and lead to the wrong company for ever."""
    imported(host, person, "Nord")
    host.save("Nord")
    if saved == "both":
        imported(host, person, "Syd")
        host.save("Syd")
    host.change("Syd", {"sign_in": "stay"})
    person.company = NORTH
    expected = "WRONG_COMPANY" if saved == "both" else "COMPANY_OF_OTHER_REGION"
    assert error(host.import_payments, "Syd").code == expected
    assert imported(host, person, "Syd").company.number == str(SOUTH)
