"""Clients that we did not write read exactly the payments that the sandbox has.

Each is installed from the package index into an environment of its own and run
as a program, by the options that it documents. Without the index these tests fail.
"""

import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from client_program import PAGE, Program, ProgramFailed
from fortnox_program import invoice

from hostsim.sandbox import Payment, Sandbox, State

COMPANY = 7001
PAYMENTS = 700


def books():
    """Make a company with 700 payments: öre, other currencies, below zero, not booked yet."""
    state = State()
    company = state.add_company(COMPANY, "Grusbilarna i Ådalen AB")
    first = date(2026, 1, 12)
    for place in range(PAYMENTS):
        number, amount = 3000 + place, Decimal(place * 7919 % 99991) / 100 + 1
        paid = -amount if place % 50 == 49 else amount
        foreign = place % 10 == 9
        currency = "EUR" if foreign else "SEK"
        company.add_invoice(invoice(number, paid, invoice_date=first, currency=currency))
        company.add_payment(
            Payment(
                invoice_number=number,
                amount=(paid * 11).quantize(Decimal("0.01")) if foreign else paid,
                amount_currency=paid if foreign else None,
                currency=currency,
                currency_rate=Decimal(11) if foreign else Decimal(1),
                payment_date=first + timedelta(days=place % 90),
                booked=place % 7 != 0,
            )
        )
    # Numbers are not without gaps in any company.
    for number in (1, 50, 333, 700):
        company.delete_payment(number)
    return state


@pytest.fixture
def sandbox():
    with Sandbox(books()) as sandbox:
        yield sandbox


def what_is_there(sandbox):
    payments = sandbox.state.company(COMPANY).payments()
    return {str(one.number): (one.invoice_number, one.amount) for one in payments}


def listed(sandbox):
    """Count the pages that were given out."""
    return sum(a.status == 200 and a.path == "/3/invoicepayments" for a in sandbox.asked)


# --- Programs in environments of their own ----------------------------------


def program(tmp_path_factory, package):
    script = Path(__file__).with_name("real_clients") / f"read_with_{package}.py"
    return Program(tmp_path_factory.mktemp(package), package, script)


@pytest.fixture(scope="module")
def pyfortnox(tmp_path_factory):
    return program(tmp_path_factory, "pyfortnox")


@pytest.fixture(scope="module")
def fortpyx(tmp_path_factory):
    return program(tmp_path_factory, "fortpyx")


@pytest.fixture(scope="module")
def dlt(tmp_path_factory):
    return program(tmp_path_factory, "dlt")


# --- What they read ---------------------------------------------------------


def test_pyfortnox_reads_the_payments_that_are_there(sandbox, pyfortnox):
    """It knows the old login only, which a switch of the sandbox brings back."""
    sandbox.switchboard.set(legacy_headers=True)
    pair = sandbox.sign_in()
    read = pyfortnox.read(sandbox.url, pair.access, sandbox.client_secret)
    assert read == what_is_there(sandbox)
    assert listed(sandbox) == -(-(PAYMENTS - 4) // PAGE) + 1


def test_the_old_login_is_refused_as_fortnox_has_refused_it_since_2025(sandbox, pyfortnox):
    with pytest.raises(ProgramFailed, match="handle_error_response"):
        pyfortnox.read(sandbox.url, sandbox.sign_in().access, sandbox.client_secret)
    assert [asked.status for asked in sandbox.asked] == [401]


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="fortpyx pins a pydantic of before 3.13")
def test_fortpyx_refreshes_its_token_and_reads_the_payments_that_are_there(sandbox, fortpyx):
    """Its models check the type of every field of every row."""
    pair = sandbox.sign_in()
    read = fortpyx.read(sandbox.url, sandbox.client_id, sandbox.client_secret, pair.refresh)
    assert read == what_is_there(sandbox)
    assert [asked.status for asked in sandbox.asked[:2]] == [401, 200]
    assert sandbox.asked[1].path == "/oauth-v1/token"
    assert listed(sandbox) == -(-(PAYMENTS - 4) // PAGE)


def test_dlt_reads_the_payments_that_are_there(sandbox, dlt):
    read = dlt.read(sandbox.url, sandbox.sign_in().access)
    assert read == what_is_there(sandbox)
    assert listed(sandbox) == -(-(PAYMENTS - 4) // PAGE)
