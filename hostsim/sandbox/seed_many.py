"""Many small companies, to test and to measure a host that has thousands of them.

They are the same at every start, with dates that follow ``now``. All have the same customers, and
number their invoices alike. Most payments are exact; of ten one is a part payment, and of twenty
one pays an invoice that was made in Fortnox directly.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from hostsim.sandbox import records
from hostsim.sandbox.clock import Clock, day_in_stockholm
from hostsim.sandbox.registers import Registers
from hostsim.sandbox.seed import CUSTOMERS, add_demo_user, at_time
from hostsim.sandbox.state import Company, Invoice, Payment, State, luhn_digit, ocr_of

#: ``DatabaseNumber`` of the first company; the others follow.
FIRST_COMPANY = 500001

#: The first invoice of each company, and the first that was made in Fortnox directly.
FIRST_INVOICE = 10001
FIRST_DIRECT = 20001

#: How many of each a company has unless asked otherwise.
INVOICES = 5
PAYMENTS = 3

_CUSTOMERS = CUSTOMERS[:3]


def companies(
    count: int, now: datetime, *, invoices: int = INVOICES, payments: int = PAYMENTS
) -> State:
    """Make so many companies, and the demo user, who may sign in to each.

    :param now: zone-aware; dates follow its day in Stockholm.
    :param invoices: of each company.
    :param payments: of each company; at most one of an invoice.
    """
    if payments > invoices:
        raise ValueError("there is at most one payment of an invoice")
    state, registers = State(Clock()), _registers(now)
    for place in range(count):
        company = state.add_company(
            FIRST_COMPANY + place,
            f"Åkeri {FIRST_COMPANY + place} AB",
            organisation_number=_organisation_number(place),
            city="Björkvik",
        )
        company.registers = registers.copy()
        for at in range(invoices):
            company.add_invoice(_invoice(FIRST_INVOICE + at, place, at, now))
        for at in range(payments):
            _pay(company, place, at, place * payments + at, now)
    add_demo_user(state)
    return state


def exported_invoices(
    count: int, now: datetime, *, invoices: int = INVOICES
) -> Iterator[dict[str, str]]:
    """Yield the invoices of these companies as the host has them, the company as their region.

    :return: rows with the columns of the host's invoice file; amounts with a point.
    """
    for place in range(count):
        for at in range(invoices):
            invoice = _invoice(FIRST_INVOICE + at, place, at, now)
            yield {
                "invoice_number": str(invoice.number),
                "ocr": invoice.reference,
                "customer_code": invoice.customer_number,
                "customer_name": invoice.customer_name,
                "currency": invoice.currency,
                "total": f"{invoice.total:.2f}",
                "invoice_date": invoice.invoice_date.isoformat(),
                "due_date": invoice.due_date.isoformat(),
                "region": str(FIRST_COMPANY + place),
                "period_closed": "true",
            }


def is_part_payment(place: int) -> bool:
    """Tell of a payment whether it is a part payment, by its place among those of all."""
    return place % 10 == 1


def is_of_unknown_invoice(place: int) -> bool:
    """Tell of a payment whether the host lacks its invoice, by its place among those of all."""
    return place % 20 == 5


def _registers(now: datetime) -> Registers:
    """Make the registers that each company has a copy of."""
    registers = Registers(now)
    for number, name, currency in _CUSTOMERS:
        card = {"CustomerNumber": number, "Name": name, "Currency": currency}
        records.put(registers, "customers", card, now)
    return registers


def _invoice(number: int, place: int, at: int, now: datetime) -> Invoice:
    customer, name, currency = _CUSTOMERS[at % len(_CUSTOMERS)]
    day = day_in_stockholm(now) - timedelta(days=60 - at % 20)
    return Invoice(
        number=number,
        total=Decimal(1250 + 125 * ((7 * place + at) % 40)),
        invoice_date=day,
        due_date=day + timedelta(days=30),
        customer_number=customer,
        customer_name=name,
        currency=currency,
        ocr=ocr_of(number),
        voucher_number=at + 1,
        voucher_series="B",
        modified=at_time(day, 9, 30),
    )


def _pay(company: Company, place: int, at: int, among_all: int, now: datetime) -> None:
    number, day = FIRST_INVOICE + at, day_in_stockholm(now) - timedelta(days=1 + at % 20)
    invoice = company.invoice(number) or _invoice(number, place, at, now)
    if is_of_unknown_invoice(among_all):
        invoice = company.add_invoice(_invoice(FIRST_DIRECT + at, place, at, now))
    company.add_payment(
        Payment(
            invoice_number=invoice.number,
            amount=invoice.total / 2 if is_part_payment(among_all) else invoice.total,
            payment_date=day,
            booked=True,
            source="file",
            voucher_number=at + 1,
            voucher_series="C",
            modified=at_time(day, 16, 5),
        )
    )


def _organisation_number(place: int) -> str:
    """Make a number with a right check digit that no company can have: none begins with 0."""
    digits = f"{2_000_000 + place:09}"
    digits += str(luhn_digit(digits))
    return f"{digits[:6]}-{digits[6:]}"
