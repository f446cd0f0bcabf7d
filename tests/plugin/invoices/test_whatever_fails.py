"""Whatever answers are lost, each invoice is in Fortnox once, with the right content."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_export import KALMAR, Office, invoice, new_sandbox, row
from lost_answers import fault_strategy, interrupted_export

from hostsim.sandbox import Match

REQUESTS = [
    Match("POST", "/oauth-v1/token"),
    Match("GET", "/3/companyinformation"),
    Match("GET", "/3/accounts"),
    Match("GET", "/3/invoices"),
    Match("GET", "/3/invoices/*"),
    Match("GET", "/3/customers*"),
    Match("POST", "/3/customers"),
    Match("PUT", "/3/customers/*"),
    Match("POST", "/3/invoices"),
    Match("PUT", "/3/invoices/*"),
]

faults = fault_strategy(REQUESTS)


def books(*, changed):
    """Make the invoices of the host, before or after some were changed."""
    other = replace(KALMAR, code="NYBR", ledger_number="1043", name="Nybro Trä AB")
    moved = replace(KALMAR, city="Nybro") if changed else KALMAR
    rows = row("900.00", "225.00") if changed else row()
    return [
        invoice("10301", customer=moved),
        invoice("10302", rows),
        invoice("10303", row("50.00", "12.50"), customer=other),
        invoice(
            "10304", row("-50.00", "-12.50"), type="correction", credits="10303", customer=other
        ),
    ]


def totals(office):
    return {str(one.number): one.total for one in office.fortnox.invoices()}


@pytest.fixture(scope="module")
def sandbox():
    with new_sandbox() as sandbox:
        yield sandbox


@settings(max_examples=12)
@given(st.lists(st.lists(faults, max_size=3), min_size=1, max_size=3), st.booleans())
def test_each_invoice_is_there_once_with_the_right_content(sandbox, rounds, changed):
    sandbox.switchboard.reset()
    office = Office(sandbox)
    office.set_invoices(*books(changed=False))
    for place, disturbed in enumerate([*rounds, []]):
        if changed and place == len(rounds):
            office.set_invoices(*books(changed=True))
        for fault in disturbed:
            sandbox.faults.add(fault)
        interrupted_export(office, may_fail=bool(disturbed))
    assert totals(office) == {
        one.invoice_number: sum((part.net + part.vat for part in one.rows), Decimal(0))
        for one in books(changed=changed)
    }
    assert set(office.recorded.states.values()) <= {"sent", "unchanged"}
    cards = {entry.fields["CustomerNumber"]: entry.fields for entry in cards_of(office)}
    assert set(cards) == {"1042", "1043"}
    assert cards["1042"]["City"] == ("Nybro" if changed else "Kalmar")


def cards_of(office):
    return office.fortnox.registers.entries["customers"].values()
