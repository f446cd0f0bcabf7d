"""Many small companies, for tests and benchmarks of a host with thousands of them.

They are the same at every start, with dates that follow ``now``. All have the same customers, and
number their invoices alike. Most payments are exact; one of ten is a part payment, and one of
twenty pays an invoice that was created in Fortnox directly.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from hostsim.sandbox import json_records
from hostsim.sandbox.clock import Clock, day_in_stockholm
from hostsim.sandbox.company import Company
from hostsim.sandbox.ocr import luhn_digit, ocr_of
from hostsim.sandbox.registers import Registers
from hostsim.sandbox.seed import add_demo_user, at_time
from hostsim.sandbox.seed_cases import CUSTOMERS
from hostsim.sandbox.state import State
from hostsim.sandbox.values import Invoice, Payment

#: ``DatabaseNumber`` of the first company; the others follow.
FIRST_COMPANY = 500001

#: The first invoice of each company, and the first that was created in Fortnox directly.
FIRST_INVOICE = 10001
FIRST_DIRECT = 20001

#: The default numbers for each company.
INVOICES = 5
PAYMENTS = 3

_CUSTOMERS = CUSTOMERS[:3]


def companies(
    count: int, now: datetime, *, invoices: int = INVOICES, payments: int = PAYMENTS
) -> State:
    """Make ``count`` companies, and the demo user, with access to each.

    :param now: zone-aware; dates follow its day in Stockholm.
    :param invoices: of each company.
    :param payments: of each company; at most one of an invoice.
    """
    if payments > invoices:
        raise ValueError("there is at most one payment of an invoice")
    state, registers = State(Clock()), _registers(now)
    for i in range(count):
        company = state.add_company(
            FIRST_COMPANY + i,
            f"Åkeri {FIRST_COMPANY + i} AB",
            organisation_number=_organisation_number(i),
            city="Björkvik",
        )
        company.registers = copy.copy(registers)
        for j in range(invoices):
            company.add_invoice(_invoice(FIRST_INVOICE + j, i, j, now))
        for j in range(payments):
            _pay(company, i, j, i * payments + j, now)
    add_demo_user(state)
    return state


def exported_invoices(
    count: int, now: datetime, *, invoices: int = INVOICES
) -> Iterator[dict[str, str]]:
    """Yield the invoices of these companies as the host has them, with the company as region.

    :return: rows with the columns of the host's invoice file; amounts with a point.
    """
    for i in range(count):
        for j in range(invoices):
            invoice = _invoice(FIRST_INVOICE + j, i, j, now)
            yield {
                "invoice_number": str(invoice.number),
                "ocr": invoice.reference,
                "customer_code": invoice.customer_number,
                "customer_name": invoice.customer_name,
                "currency": invoice.currency,
                "total": f"{invoice.total:.2f}",
                "invoice_date": invoice.invoice_date.isoformat(),
                "due_date": invoice.due_date.isoformat(),
                "region": str(FIRST_COMPANY + i),
                "period_closed": "true",
            }


def is_part_payment(index: int) -> bool:
    """Whether a payment is a part payment, by its index among those of all companies."""
    return index % 10 == 1


def is_of_unknown_invoice(index: int) -> bool:
    """Whether the host lacks a payment's invoice, by its index among those of all companies."""
    return index % 20 == 5


def _registers(now: datetime) -> Registers:
    """Make the registers, to be copied for each company."""
    registers = Registers(now)
    for number, name, currency in _CUSTOMERS:
        record = {"CustomerNumber": number, "Name": name, "Currency": currency}
        json_records.put(registers, "customers", record, now)
    return registers


def _invoice(number: int, i: int, j: int, now: datetime) -> Invoice:
    """Make invoice ``j`` of company ``i``."""
    customer, name, currency = _CUSTOMERS[j % len(_CUSTOMERS)]
    day = day_in_stockholm(now) - timedelta(days=60 - j % 20)
    return Invoice(
        number=number,
        total=Decimal(1250 + 125 * ((7 * i + j) % 40)),
        invoice_date=day,
        due_date=day + timedelta(days=30),
        customer_number=customer,
        customer_name=name,
        currency=currency,
        ocr=ocr_of(number),
        voucher_number=j + 1,
        voucher_series="B",
        modified=at_time(day, 9, 30),
    )


def _pay(company: Company, i: int, j: int, payment_index: int, now: datetime) -> None:
    number, day = (
        FIRST_INVOICE + j,
        day_in_stockholm(now) - timedelta(days=1 + j % 20),
    )
    invoice = company.invoice(number) or _invoice(number, i, j, now)
    if is_of_unknown_invoice(payment_index):
        invoice = company.add_invoice(_invoice(FIRST_DIRECT + j, i, j, now))
    company.add_payment(
        Payment(
            invoice_number=invoice.number,
            amount=invoice.total / 2 if is_part_payment(payment_index) else invoice.total,
            payment_date=day,
            booked=True,
            source="file",
            voucher_number=j + 1,
            voucher_series="C",
            modified=at_time(day, 16, 5),
        )
    )


def _organisation_number(i: int) -> str:
    """Return a number with a valid check digit that no real company has: none begins with 0."""
    digits = f"{2_000_000 + i:09}"
    digits += str(luhn_digit(digits))
    return f"{digits[:6]}-{digits[6:]}"
