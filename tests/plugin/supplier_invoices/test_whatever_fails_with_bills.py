"""Whatever answers are lost, each bill is in Fortnox once, with the right content."""

from dataclasses import replace

import pytest
from bill_export import LASSE, BillOffice, bill, row
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_export import new_sandbox
from lost_answers import fault_strategy, interrupted_export

from hostsim.sandbox import Match

REQUESTS = [
    Match("POST", "/oauth-v1/token"),
    Match("GET", "/3/companyinformation"),
    Match("GET", "/3/accounts"),
    Match("GET", "/3/supplierinvoices"),
    Match("GET", "/3/supplierinvoices/*"),
    Match("GET", "/3/suppliers*"),
    Match("POST", "/3/suppliers"),
    Match("PUT", "/3/suppliers/*"),
    Match("POST", "/3/supplierinvoices"),
    Match("PUT", "/3/supplierinvoices/*"),
]

OTHER = replace(LASSE, code="SVEN", name="Svens Grus AB", organisation_number="", bankgiro="")


def books(*, changed):
    """Make the bills of the host, before or after some were changed."""
    moved = replace(LASSE, city="Nybro") if changed else LASSE
    return [
        bill("1", supplier=moved),
        bill("2", row("4010", "900.00" if changed else "1000.00")),
        bill("1", row("4600", "50.00"), supplier=OTHER, region="Norr"),
        bill("3", row("4600", credit="50.00"), supplier=OTHER),
    ]


@pytest.fixture(scope="module")
def sandbox():
    with new_sandbox() as sandbox:
        yield sandbox


@settings(max_examples=12)
@given(
    st.lists(st.lists(fault_strategy(REQUESTS), max_size=3), min_size=1, max_size=3), st.booleans()
)
def test_each_bill_is_there_once_with_the_right_content(sandbox, rounds, changed):
    sandbox.switchboard.reset()
    office = BillOffice(sandbox)
    office.set_invoices(*books(changed=False))
    # Twice without a fault: what may still have been on its way is not sent at once.
    for place, disturbed in enumerate([*rounds, [], []]):
        if changed and place == len(rounds):
            office.set_invoices(*books(changed=True))
        for fault in disturbed:
            sandbox.faults.add(fault)
        interrupted_export(office, may_fail=bool(disturbed))
    there = office.fortnox.registers.supplier_invoices.values()
    assert sorted((one.fields["SupplierNumber"], one.fields["Total"]) for one in there) == sorted(
        (one.supplier.code, one.total) for one in books(changed=changed)
    )
    assert set(office.recorded.states.values()) == {"unchanged"}
    cards = office.fortnox.registers.entries["suppliers"]
    assert set(cards) == {"LASSE", "SVEN"}
    assert cards["LASSE"].fields["City"] == ("Nybro" if changed else "Kalmar")
