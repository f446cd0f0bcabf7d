"""Two companies in one host: the same invoice numbers, two logins, and nothing crosses."""

from __future__ import annotations

import itertools
import json
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import two_companies
from two_companies import NORTH, SOUTH, books, define, host_of, pay

from hostsim import __main__
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


# --- Through the command line ---


@pytest.fixture
def hostsim(sandbox, tmp_path, monkeypatch, capsys):
    """Run commands as the person does, signing in to the company that ``company.txt`` names."""
    work = tmp_path / "work"
    work.mkdir()
    window = tmp_path / "window.py"
    window.write_text(
        "import sys\nfrom pathlib import Path\nfrom hostsim.sandbox import seed, scripted_login\n"
        f"company = Path({str(tmp_path / 'company.txt')!r}).read_text()\n"
        "scripted_login.sign_in(sys.argv[1], seed.USER, seed.PASSWORD, company=company)\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(work)
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("BROWSER", f'"{Path(sys.executable).as_posix()}" "{window.as_posix()}" %s')

    def run(*words, company=None):
        if company is not None:
            (tmp_path / "company.txt").write_text(str(company), encoding="utf-8")
        capsys.readouterr()
        status = __main__.main([*words, "--db", str(tmp_path / "host.db")])
        out, err = capsys.readouterr()
        return status, out, err.splitlines()

    return run


def test_both_companies_through_the_command_line(store, hostsim):
    add = ["formats", "add", "--type", "FortnoxAPI", "--format", "API"]
    date = "ignore_payments_before=2026-02-01"
    for name in NAMES:
        assert hostsim(*add, name, "--region", name, "--set", date)[0] == 0
    status, _, err = hostsim("import", "Nord", "--region", "Syd", company=SOUTH)
    assert (status, err[-1].partition(":")[0]) == (2, "REGION_DIFFERS")
    for name, company in NAMES.items():
        assert hostsim("import", name, "--bank-account", f"Konto {name}", company=company)[0] == 0
    for name in NAMES:
        assert hostsim("save", name)[0] == 0
    assert remaining(store) == {"Nord": NORTH_PAID, "Syd": SOUTH_PAID}
    paid = json.loads(hostsim("payments", "--json")[1])
    keys = ("region", "company", "bank_account", "source")
    assert {tuple(one[key] for key in keys) for one in paid} == {
        ("Nord", str(NORTH), "Konto Nord", "file"), ("Syd", str(SOUTH), "Konto Syd", "autogiro"),
    }  # fmt: skip
    status, _, err = hostsim("import", "Nord", company=SOUTH)
    assert (status, err[-1].partition(":")[0]) == (3, "WRONG_COMPANY")
    assert "Norrfrakt AB" in err[-1]
    assert "Syd & Son Åkeri AB" in err[-1]
    found = json.loads(hostsim("reconcile", "Syd", "--json", company=SOUTH)[1])
    assert (found["company"]["number"], found["counts"]["equal"]) == (str(SOUTH), 3)
    assert hostsim("why", "1001")[2][-1].startswith("WHY_WHICH: ")
    reported = json.loads(hostsim("why", "1001", "Syd", "--json", company=SOUTH)[1])
    assert reported["invoice"]["remaining"] == "600.00"
    assert reported["payments"][0]["here"][0]["company"] == str(SOUTH)
    runs = json.loads(hostsim("runs", "--json")[1])
    assert [(run["format"], run["state"]) for run in runs] == [
        ("Syd", "reconciled"), ("Nord", "failed"), ("Syd", "saved"), ("Nord", "saved"),
    ]  # fmt: skip
    assert runs[1]["error"]["code"] == "WRONG_COMPANY"
