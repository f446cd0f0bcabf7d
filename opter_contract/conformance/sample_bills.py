"""Supplier bills for the suites of exports: one of each kind that a host may have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from opter_contract.export_values import BillRow, Supplier, SupplierBill

HAULIER: Final = Supplier(
    "LASSE",
    "Lasses Åkeri AB",
    organisation_number="556000-0001",
    vat_number="SE556000000101",
    address1="Box 2",
    zip="392 00",
    city="Kalmar",
    country="SE",
    phone1="0480-100 00",
    bankgiro="5555-5551",
)
ABROAD: Final = Supplier(
    "POLSKI",
    "Polski Transport",
    vat_number="PL1234567890",
    country="PL",
    iban="PL61109010140000071219812874",
    bic="WBKPPLPP",
)
#: Its bills are not exported.
SENDER: Final = Supplier("SJALV", "Själv Frakt AB", country="SE", sends_invoice=True)


def debit(amount: str, account: str = "4010", unit: str = "") -> BillRow:
    return BillRow(account, unit, Decimal(amount), Decimal("0.00"))


def credit(amount: str, account: str = "4010", unit: str = "") -> BillRow:
    return BillRow(account, unit, Decimal("0.00"), Decimal(amount))


def bill(number: str, *rows: BillRow, **more: Any) -> SupplierBill:
    """Return a bill in SEK, by default of 1000 with 25 % VAT."""
    coding = rows or (debit("1000.00", unit="12"), debit("250.00", "2641"))
    vat = [row for row in coding if row.account == "2641"]
    values: dict[str, Any] = {
        "bill_number": number,
        "region": "",
        "currency": "SEK",
        "exchange_rate": None,
        "bill_date": date(2026, 11, 2),
        "due_date": date(2026, 12, 2),
        "total": _balance(coding),
        "vat": _balance(vat),
        "supplier": HAULIER,
        "rows": coding,
    }
    return SupplierBill(**values | more)


def _balance(rows: Iterable[BillRow]) -> Decimal:
    return sum((row.debit - row.credit for row in rows), Decimal(0))


ORDINARY: Final = bill("A-2026-117")
SECOND: Final = bill("A-2026-118", debit("99.99", unit="12"), debit("0.01", unit="14"))
#: The supplier owes us.
NEGATIVE: Final = bill("A-2026-119", credit("500.00", unit="12"), credit("125.00", "2641"))
EUROS: Final = bill(
    "A-2026-120",
    debit("100.10"),
    currency="EUR",
    exchange_rate=Decimal("11.2345"),
    supplier=ABROAD,
)
#: Its VAT is on both sides.
REVERSE_CHARGE: Final = bill(
    "A-2026-121", debit("1000.00"), debit("250.00", "2645"), credit("250.00", "2614")
)
SENT_BY_THE_SUPPLIER: Final = bill("A-2026-122", supplier=SENDER)

BILLS: Final = (ORDINARY, SECOND, NEGATIVE, EUROS, REVERSE_CHARGE)
