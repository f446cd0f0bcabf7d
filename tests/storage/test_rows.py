"""Values as rows: what is written is what is read."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from hostsim.ledger.values import Definition
from hostsim.storage.rows import columns_of, value_of
from opter_contract.export_values import Difference, PlannedItem, SupplierBill
from opter_contract.values import Company, EndedRun, Payment, PaymentKey, Text, WriteOff

AT = datetime(2026, 3, 31, 12, tzinfo=UTC)

VALUES = [
    Definition("Fortnox", "Fake", "API", "Norr", {"från": "2026"}, Company("77", "Åkeriet"), None),
    Definition("Ny", "Fake", "API", "", {}, None, "9", subject="invoices"),
    PlannedItem(
        "/10301",
        "ready",
        "create",
        "1042",
        Decimal("1250.50"),
        None,
        "SEK",
        message=Text("Ändras", "Is changed"),
        differences=(Difference("DueDate", "2026-03-31", "2026-04-30"),),
    ),
    EndedRun("Fortnox", "Fake", "", None, AT, "saved", {"read": 3}),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_is_written_is_read_again(value):
    assert value_of(type(value), columns_of(value)) == value


def test_an_amount_is_written_as_it_is_and_a_day_as_iso_8601():
    day = date(2026, 3, 31)
    bill = SupplierBill("7", "", "EUR", Decimal("1E+1"), day, day, Decimal(5), Decimal(1), None, ())
    columns = columns_of(bill, number="7")
    assert (columns["exchange_rate"], columns["due_date"]) == ("10", "2026-03-31")
    assert columns["number"] == "7"


def test_write_offs_keep_all_their_fields():
    payment = Payment(
        PaymentKey("77", "1"), "manual", "1001", None, date(2026, 3, 31), Decimal(90), "SEK",
        None, None, write_offs=(WriteOff(Decimal("0.50"), "3740", "Öre", "SEK"),),
        warnings=(Text("Se upp", "Look out"),),
    )  # fmt: skip
    assert value_of(Payment, columns_of(payment), key=payment.key) == payment
