"""Cards that were written are remembered, however Fortnox tells what has changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from invoice_export import KALMAR, POSTS, Office, invoice, new_sandbox

from hostsim.sandbox import Invoice
from opter_fortnox_plugin.errors import FortnoxError

CARD = ("GET", "/3/customers/1042")
NYBRO = replace(KALMAR, code="NYBR", name="Nybro Trä AB")


@pytest.fixture
def office():
    with new_sandbox() as sandbox:
        sandbox.clock.stop(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))
        yield Office(sandbox)


def export_and_wait(office, number, *, minutes=5, meanwhile=lambda: None, **more):
    """Export an invoice that takes some minutes to send."""

    def pass_time(asked):
        if POSTS(asked):
            office.sandbox.clock.step(timedelta(minutes=minutes))
            office.sleep(60.0 * minutes)
            meanwhile()
        return False

    office.sandbox.latency.set(0, 0.001, match=pass_time)
    return office.set_invoices(invoice(number, **more)).export()


def looked_up(office):
    return office.requests(*CARD)


def change(office, **fields):
    """Change a card in Fortnox."""
    registers, now = office.fortnox.registers, office.sandbox.clock.now()
    registers.put("customers", "1042", fields, now)


def test_a_card_that_was_made_is_not_looked_up_again(office):
    export_and_wait(office, "10301")
    export_and_wait(office, "10302")
    export_and_wait(office, "10303")
    assert looked_up(office) == 0


def test_a_card_that_was_changed_is_not_looked_up_again(office):
    export_and_wait(office, "10301")
    export_and_wait(office, "10302", customer=replace(KALMAR, city="Nybro"))
    assert looked_up(office) == 1
    export_and_wait(office, "10303", customer=replace(KALMAR, city="Nybro"))
    assert looked_up(office) == 1


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_where_fortnox_means_another_zone_the_card_is_looked_up_again(office, zone):
    office.sandbox.switchboard.set(lastmodified_zone=zone)
    export_and_wait(office, "10301")
    change(office, City="Nybro")
    recorded = export_and_wait(office, "10302")
    assert [one.action for one in recorded.cards] == ["update"]


@pytest.mark.parametrize("inclusive", [True, False])
def test_a_card_that_somebody_changes_is_looked_up_again(office, inclusive):
    office.sandbox.switchboard.set(lastmodified_inclusive=inclusive)
    export_and_wait(office, "10301")
    change(office, VATType="EXPORT")
    recorded = export_and_wait(office, "10302")
    assert [(one.state, one.code) for one in recorded.planned] == [
        ("refused", "VAT_KIND_CONTRADICTS")
    ]


def test_a_card_that_is_deleted_in_fortnox_is_looked_up_again_after_one_refusal(office):
    export_and_wait(office, "10301")
    office.fortnox.registers.delete("customers", "1042")
    recorded = export_and_wait(office, "10302")
    assert [(one.state, one.code) for one in recorded.results] == [
        ("refused", "CUSTOMER_NOT_THERE")
    ]
    assert "1042" in recorded.results[0].message.en
    assert [one.action for one in office.export().cards] == ["create"]


def test_a_number_that_fortnox_has_refused_is_refused_in_the_preview(office):
    export_and_wait(office, "10301")
    office.fortnox.registers.delete("customers", "1042")
    for _ in range(2):
        recorded = export_and_wait(office, "10302")
    assert [one.code for one in recorded.results] == ["CUSTOMER_NUMBER_TAKEN"]
    recorded = export_and_wait(office, "10302")
    assert [(one.state, one.code) for one in recorded.planned] == [
        ("refused", "CUSTOMER_NUMBER_TAKEN")
    ]
    assert recorded.cards == []


def test_a_number_that_fortnox_has_refused_is_used_once_its_card_is_there_again(office):
    export_and_wait(office, "10301")
    office.fortnox.registers.delete("customers", "1042")
    for _ in range(3):
        export_and_wait(office, "10302")
    change(office, CustomerNumber="1042", Name=KALMAR.name, VATType="SEVAT")
    assert [one.state for one in export_and_wait(office, "10302").results] == ["sent"]


def test_a_customer_is_made_under_another_number_where_its_own_is_used_up(office):
    export_and_wait(office, "10301")
    office.fortnox.registers.delete("customers", "1042")
    for _ in range(3):
        export_and_wait(office, "10302")
    recorded = export_and_wait(office, "10302", customer=replace(KALMAR, ledger_number="1043"))
    assert [one.state for one in recorded.results] == ["sent"]


def test_a_number_that_is_anothers_is_refused_in_a_later_export_too(office):
    export_and_wait(office, "10301")
    recorded = export_and_wait(office, "10302", customer=NYBRO)
    [planned] = recorded.planned
    assert (planned.state, planned.code) == ("refused", "CUSTOMER_NUMBER_SHARED")
    assert "KALM" in planned.message.en
    assert office.fortnox.registers.get("customers", "1042")["Name"] == KALMAR.name


def test_whose_a_number_is_is_remembered_of_an_export_that_was_stopped(office):
    office.set_invoices(*[invoice(str(number)) for number in range(10301, 10330)])
    office.host.cancel_at = 30
    with pytest.raises(FortnoxError):
        office.export()
    office.host.cancel_at = None
    recorded = export_and_wait(office, "10330", customer=NYBRO)
    assert [one.code for one in recorded.planned] == ["CUSTOMER_NUMBER_SHARED"]


def test_whose_a_number_is_is_remembered_whoever_changes_the_card(office):
    export_and_wait(office, "10301")
    change(office, City="Nybro")
    recorded = export_and_wait(office, "10302", customer=NYBRO)
    assert [one.code for one in recorded.planned] == ["CUSTOMER_NUMBER_SHARED"]


def test_a_customer_whose_card_is_left_alone_keeps_its_number_too(office):
    change(office, CustomerNumber="1042", Name=KALMAR.name, City="Nybro")
    office.set_invoices(invoice()).export(update_customers="false")
    recorded = office.set_invoices(invoice("10302", customer=NYBRO)).export()
    assert [one.code for one in recorded.planned] == ["CUSTOMER_NUMBER_SHARED"]


@pytest.mark.parametrize("update", ["true", "false"])
@pytest.mark.parametrize("organisation_number", ["", KALMAR.organisation_number])
def test_a_card_of_another_name_that_was_there_before_the_first_export_is_not_taken_over(
    office, update, organisation_number
):
    change(office, CustomerNumber="1042", Name="Nybro Trä AB", City="Nybro")
    ours = replace(KALMAR, organisation_number=organisation_number)
    recorded = office.set_invoices(invoice(customer=ours)).export(update_customers=update)
    [planned] = recorded.planned
    assert (planned.state, planned.code) == ("refused", "CUSTOMER_CONTRADICTS")
    assert "Customer 1042 is called Nybro Trä AB in Fortnox and Kalmar" in planned.message.en
    assert office.fortnox.registers.get("customers", "1042")["City"] == "Nybro"
    assert office.numbers() == []


@pytest.mark.parametrize(
    ("fields", "ours", "why"),
    [
        (
            {"OrganisationNumber": "559000-4807"},
            KALMAR,
            "Customer 1042 in Fortnox has another organisation number",
        ),
        ({}, replace(KALMAR, organisation_number=""), "Customer 1042 is called Nybro Trä AB"),
    ],
)
def test_an_invoice_of_another_customers_card_is_not_adopted(office, fields, ours, why):
    dates = {"due_date": invoice().due_date, "invoice_date": invoice().invoice_date}
    values = {"number": 10301, "total": Decimal("1250.00"), "currency": "SEK"}
    office.fortnox.add_invoice(Invoice(**values, **dates, customer_number="1042"))
    change(office, CustomerNumber="1042", Name="Nybro Trä AB", **fields)
    recorded = office.set_invoices(invoice(customer=ours)).export()
    assert recorded.results == []
    [planned] = recorded.planned
    assert (planned.state, planned.code) == ("refused", "CUSTOMER_CONTRADICTS")
    assert planned.message.en.startswith(
        "The invoice is in Fortnox already, with customer number 1042 (Nybro Trä AB), but does not "
        f"count as this one. {why}"
    )
    assert office.fortnox.registers.get("customers", "1042")["Name"] == "Nybro Trä AB"


@pytest.mark.parametrize(
    "fields",
    [
        {"Name": "KALMAR GLAS & PORSLIN  AB"},
        {"Name": "Kalmar Glas", "OrganisationNumber": "5560000000"},
        {"Name": "Kalmar Glas", "VATNumber": "SE556000000001"},
        {"Name": "Kalmar Glas", "OrganisationNumber": "16556000-0000"},
        {"Name": KALMAR.name, "VATNumber": "556000000001"},
        {"OrganisationNumber": "5560000000", "VATNumber": "SE663000000001"},
    ],
)
def test_a_card_that_was_there_before_the_first_export_is_known_by_name_or_number(office, fields):
    change(office, CustomerNumber="1042", **fields)
    ours = replace(KALMAR, organisation_number="556000-0000", vat_number="SE 556000-0000 01")
    recorded = export_and_wait(office, "10301", customer=ours)
    assert [one.state for one in recorded.results] == ["sent"]


def test_a_card_is_known_by_the_organisation_number_in_its_vat_number(office):
    change(office, CustomerNumber="1042", Name="Kalmar Glas", VATNumber="SE556000000001")
    recorded = export_and_wait(office, "10301")
    assert [one.state for one in recorded.results] == ["sent"]


@pytest.mark.parametrize("update", ["true", "false"])
def test_a_card_of_another_vat_number_is_not_taken_over(office, update):
    """Of a company without an organisation number nothing else tells two of one name apart."""
    change(office, CustomerNumber="1042", Name=KALMAR.name, VATNumber="DE111111111")
    ours = replace(KALMAR, organisation_number="", vat_number="DE 222222222")
    recorded = office.set_invoices(invoice(customer=ours)).export(update_customers=update)
    [planned] = recorded.planned
    assert (planned.state, planned.code) == ("refused", "CUSTOMER_CONTRADICTS")
    assert "another VAT number in Fortnox (DE111111111, here DE 222222222)" in planned.message.en
    assert office.fortnox.registers.get("customers", "1042")["VATNumber"] == "DE111111111"


@pytest.mark.parametrize(
    ("name", "code"), [(KALMAR.name, ""), ("Nybro Trä AB", "CUSTOMER_CONTRADICTS")]
)
def test_a_customer_that_was_exported_may_correct_its_vat_number_but_not_become_another(
    office, name, code
):
    first = replace(KALMAR, organisation_number="", vat_number="DE111111111")
    export_and_wait(office, "10301", customer=first)
    now = replace(first, name=name, vat_number="DE222222222")
    recorded = export_and_wait(office, "10302", customer=now)
    assert [one.code for one in recorded.planned] == [code]


def test_a_code_in_another_region_is_another_customer_by_its_vat_number(office):
    first = replace(KALMAR, organisation_number="", vat_number="DE111111111")
    export_and_wait(office, "10301", region="Nord", customer=first)
    other = replace(first, vat_number="DE222222222")
    recorded = export_and_wait(office, "10302", region="Syd", customer=other)
    assert [one.code for one in recorded.planned] == ["CUSTOMER_NUMBER_SHARED"]


def test_a_customer_with_another_code_here_is_the_same_one(office):
    export_and_wait(office, "10301")
    renamed = replace(KALMAR, code="KALMAR", city="Nybro")
    recorded = export_and_wait(office, "10302", customer=renamed)
    assert [(one.state, one.code) for one in recorded.results] == [("sent", "")]
    recorded = export_and_wait(office, "10303", customer=replace(renamed, name="Nytt namn AB"))
    assert [(one.state, one.code) for one in recorded.results] == [("sent", "")]


def test_a_customer_that_had_another_number_here_is_told_once(office):
    first = replace(KALMAR, organisation_number="")
    export_and_wait(office, "10301", customer=first)
    moved = replace(first, ledger_number="1043")
    recorded = export_and_wait(office, "10302", customer=moved)
    assert [one.state for one in recorded.results] == ["sent"]
    [card] = recorded.cards
    assert card.message.en.startswith("KALM had the customer number 1042 here before")
    recorded = export_and_wait(office, "10303", customer=replace(moved, city="Nybro"))
    assert [one.message for one in recorded.cards] == [None]


def test_a_code_in_another_region_is_another_customer(office):
    export_and_wait(office, "10301", region="Nord")
    nameless = replace(KALMAR, name="Nybro Trä AB", organisation_number="")
    recorded = export_and_wait(office, "10302", region="Syd", customer=nameless)
    [planned] = recorded.planned
    assert (planned.state, planned.code) == ("refused", "CUSTOMER_NUMBER_SHARED")
    assert "is Nord/KALM here, so the invoice of Syd/KALM" in planned.message.en


def test_a_customer_in_two_regions_has_one_card(office):
    export_and_wait(office, "10301", region="Nord")
    recorded = export_and_wait(office, "10302", region="Syd")
    assert [(one.state, one.code) for one in recorded.results] == [("sent", "")]
    assert recorded.cards == []


@pytest.mark.parametrize(
    ("organisation_number", "changed"),
    [(KALMAR.organisation_number, {"name": "Kalmar Glas AB"}), ("", {"address1": "Box 2"})],
)
def test_a_customer_in_two_regions_may_change_in_the_one_that_was_not_exported_last(
    office, organisation_number, changed
):
    before = replace(KALMAR, organisation_number=organisation_number)
    export_and_wait(office, "10301", region="Nord", customer=before)
    export_and_wait(office, "10302", region="Syd", customer=before)
    now = replace(before, **changed)
    recorded = export_and_wait(office, "10303", region="Nord", customer=now)
    assert [(one.state, one.code) for one in recorded.results] == [("sent", "")]


def test_a_customer_in_two_regions_may_get_another_name(office):
    export_and_wait(office, "10301", region="Nord")
    renamed = replace(KALMAR, name="Kalmar Glas AB")
    ours = [
        invoice(number, region=region, customer=renamed)
        for number, region in (("10302", "Syd"), ("10303", "Nord"))
    ]
    recorded = office.set_invoices(*ours).export()
    assert [one.state for one in recorded.results] == ["sent", "sent"]


def export_in_two_regions(office):
    """Export a customer without organisation number in two regions, under two codes."""
    first = replace(KALMAR, organisation_number="")
    second = replace(first, code="K77")
    export_and_wait(office, "10301", region="Nord", customer=first)
    export_and_wait(office, "10302", region="Syd", customer=second)
    return first, second


@pytest.mark.parametrize("one", ["Nord", "Syd"])
def test_neither_of_two_that_share_a_number_may_become_another_one(office, one):
    code = dict(zip(("Nord", "Syd"), export_in_two_regions(office), strict=True))[one].code
    recorded = export_and_wait(office, "10303", region=one, customer=replace(NYBRO, code=code))
    assert [one.code for one in recorded.planned] == ["CUSTOMER_NUMBER_SHARED"]
    assert office.fortnox.registers.get("customers", "1042")["Name"] == KALMAR.name


def test_two_that_share_a_number_may_get_their_organisation_number_one_after_the_other(office):
    first, second = export_in_two_regions(office)
    exported = [
        export_and_wait(office, number, region=region, customer=customer).results[0].state
        for number, region, customer in (
            ("10303", "Nord", replace(first, organisation_number="556000-0000")),
            ("10304", "Syd", second),
            ("10305", "Syd", replace(second, organisation_number="556000-0000")),
        )
    ]
    assert exported == ["sent"] * 3


@pytest.mark.parametrize(
    ("organisation_number", "address", "code"),
    [
        ("", "Box 1", ""),
        ("", "Box 2", "CUSTOMER_NUMBER_SHARED"),
        ("556000-0000", "Box 1", "CUSTOMER_NUMBER_SHARED"),
    ],
)
def test_without_an_organisation_number_one_customer_has_one_address_too(
    office, organisation_number, address, code
):
    first = replace(KALMAR, organisation_number=organisation_number)
    export_and_wait(office, "10301", customer=first)
    other = replace(NYBRO, name=KALMAR.name, organisation_number="", address1=address)
    recorded = export_and_wait(office, "10302", customer=other)
    assert [one.code for one in recorded.planned] == [code]


def test_a_card_that_somebody_changes_while_we_send_is_looked_up_again(office):
    export_and_wait(office, "10301", meanwhile=lambda: change(office, City="Nybro"))
    recorded = export_and_wait(office, "10302")
    assert [one.action for one in recorded.cards] == ["update"]
