"""Invoices for the suites of exports: one of each kind that a host may have."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from opter_contract.export_values import Customer, Invoice, InvoiceRow

GLASS: Final = Customer(
    "KALM",
    "1042",
    "Kalmar Glas & Porslin AB",
    organisation_number="556000-0000",
    address1="Box 1",
    zip="392 00",
    city="Kalmar",
    country="SE",
    email="faktura@example.com",
)
ABROAD: Final = Customer("BERL", "1043", "Berlin Möbel GmbH", vat_number="DE123", country="DE")
#: Not in the sales ledger yet.
NEW: Final = Customer("NY", "", "Nystartad AB", country="SE")


def row(net: str, vat: str, account: str = "3001", rate: str = "25") -> InvoiceRow:
    return InvoiceRow(account, "", rate, Decimal(net), Decimal(vat))


def with_check_digit(number: str) -> str:
    """Return an OCR reference: the number with a check digit by the Luhn algorithm."""
    doubled = [int(digit) * (2 - index % 2) for index, digit in enumerate(reversed(number))]
    return f"{number}{-sum(product // 10 + product % 10 for product in doubled) % 10}"


def invoice(number: str, *rows: InvoiceRow, **more: Any) -> Invoice:
    """Return an invoice in SEK, by default with one row of 1000 with 25 % VAT."""
    values: dict[str, Any] = {
        "invoice_number": number,
        "region": "",
        "type": "invoice",
        "ocr": with_check_digit(number),
        "currency": "SEK",
        "exchange_rate": None,
        "invoice_date": date(2026, 11, 2),
        "due_date": date(2026, 12, 2),
        "customer": GLASS,
        "rows": rows or (row("1000.00", "250.00"),),
    }
    return Invoice(**values | more)


ORDINARY: Final = invoice("1001", order_number="4555", order_date=date(2026, 10, 28))
#: The VAT of its rows differs from the VAT of their sum.
THREE_ROWS: Final = invoice("1002", *[row("99.99", "25.00")] * 3)
EUROS: Final = invoice(
    "1003",
    row("100.10", "0", rate="0-eu"),
    currency="EUR",
    exchange_rate=Decimal("11.2345"),
    customer=ABROAD,
)
CORRECTION: Final = invoice(
    "1004",
    row("-1000.00", "-250.00"),
    type="correction",
    credits="1001",
    credits_date=ORDINARY.invoice_date,
    credits_total=Decimal("1250.00"),
)
INTEREST: Final = invoice("1005", row("45.50", "0", "8313", "0"), type="interest")
OF_A_NEW_CUSTOMER: Final = invoice("1006", customer=NEW)

INVOICES: Final = (ORDINARY, THREE_ROWS, EUROS, CORRECTION, INTEREST, OF_A_NEW_CUSTOMER)
