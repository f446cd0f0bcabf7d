"""Initial data: an invented haulage company, a JSON file, or nothing.

The haulier is the same at every start, with dates that follow ``now``. Most
of it is an ordinary half-year; some invoices are special cases, listed in
:mod:`hostsim.sandbox.seed_cases`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from hostsim.sandbox import currency_conversion, json_books, json_records, supplier_invoicing
from hostsim.sandbox.clock import STOCKHOLM, Clock, day_in_stockholm
from hostsim.sandbox.company import Company
from hostsim.sandbox.fields import round_half_up
from hostsim.sandbox.ocr import ocr_of
from hostsim.sandbox.seed_cases import (
    CASES,
    CREDIT_NOTES,
    CUSTOMERS,
    DIRECT,
    EUR,
    RATES,
    UNITS,
    Case,
    Paid,
)
from hostsim.sandbox.state import State
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.values import Invoice, Payment

from_json = json_books.from_json

#: The demo user, shown on the login page. They are valid for the sandbox only.
USER = "demo"
PASSWORD = "sandlada"  # noqa: S105 - shown on the login page

#: ``DatabaseNumber`` of the haulier, and of the second company.
COMPANY = 480211
OTHER_COMPANY = 480377

#: "Ignorera nummer före" in the demonstration.
LOWEST_NUMBER = 10040

FIRST_NUMBER = 10001
INVOICE_COUNT = 300
#: Days from the first invoice to today.
SPAN_DAYS = 215

#: A credit invoice of the second company, to be settled against the last one there.
UNSETTLED_CREDIT = 20020


def add_demo_user(state: State) -> None:
    """Add the demo user, with access to every company."""
    state.add_user(USER, PASSWORD)
    state.shown_user = USER


def cut_off_date(now: datetime) -> date:
    """Return "Ignorera betalningar före" of the demonstration."""
    return day_in_stockholm(now) - timedelta(days=150)


# --- The haulier ------------------------------------------------------------


def haulier(now: datetime, switches: Switches | None = None) -> State:
    """Make a haulage company in the middle of its year, and a smaller second company.

    :param now: zone-aware; dates follow its day in Stockholm.
    :param switches: decide whether the unit of yen divides its rate.
    """
    state = State(Clock(), switches)
    company = state.add_company(
        COMPANY,
        "Björkviks Åkeri AB",
        organisation_number="559000-4807",
        address="Hamngatan 12",
        zip_code="641 36",
        city="Björkvik",
    )
    _fill(company, _plan_invoices(now), now)
    other = state.add_company(
        OTHER_COMPANY,
        "Björkviks Lager & Terminal AB",
        organisation_number="559000-4815",
        address="Hamngatan 14",
        zip_code="641 36",
        city="Björkvik",
    )
    _fill(other, _plan_second_company(now), now)
    bill = {
        "SupplierNumber": SUPPLIER["SupplierNumber"],
        "InvoiceDate": day_in_stockholm(now).isoformat(),
        "Total": "1250",
    }
    supplier_invoicing.create(other, bill)
    add_demo_user(state)
    return state


def exported_invoices(now: datetime) -> list[dict[str, str]]:
    """Return the haulier's invoices as the host exported them to Fortnox.

    :return: rows with the columns of the host's invoice file; amounts with a point.
    """
    return [_host_row(planned) for planned in _plan_invoices(now) if planned.case.in_host]


def empty() -> State:
    """Make one company with empty books, and the demo user."""
    state = State(Clock())
    state.add_company(COMPANY, "Tomma Böcker AB", organisation_number="559000-4823")
    add_demo_user(state)
    return state


# --- From cases to books ----------------------------------------------------


@dataclass(frozen=True)
class _PlannedInvoice:
    number: int
    """The host's number."""

    day: date
    case: Case
    customer: tuple[str, str, str]

    @property
    def fortnox_number(self) -> int:
        return self.case.in_fortnox_as or self.number

    @property
    def currency(self) -> str:
        return self.customer[2]


def _plan_invoices(now: datetime) -> list[_PlannedInvoice]:
    """Plan all invoices of the half-year; the same at every call on one day."""
    rng = random.Random(559000)  # noqa: S311 - the same at every start
    today = day_in_stockholm(now)
    plan = []
    for index in range(INVOICE_COUNT):
        number = FIRST_NUMBER + index
        day = _working_day(today - timedelta(days=SPAN_DAYS - index * SPAN_DAYS // INVOICE_COUNT))
        ordinary = _ordinary_case(rng, day, today)
        case = CASES.get(number, ordinary)
        # Cases with a customer abroad draw no random number.
        drawn = CUSTOMERS[case.customer] if case.customer >= EUR else _swedish_customer(rng)
        customer = CUSTOMERS[case.customer] if case.customer else drawn
        plan.append(_PlannedInvoice(number, day, case, customer))
    for index, (number, case) in enumerate(DIRECT.items()):
        day = _working_day(today - timedelta(days=90 - 9 * index))
        plan.append(_PlannedInvoice(number, day, case, _swedish_customer(rng)))
    for number, case in CREDIT_NOTES.items():
        day = _working_day(today - timedelta(days=45))
        plan.append(_PlannedInvoice(number, day, case, CUSTOMERS[case.customer]))
    return plan


def _plan_second_company(now: datetime) -> list[_PlannedInvoice]:
    """Plan the second company, whose numbers begin where the haulier's do."""
    rng = random.Random(559001)  # noqa: S311 - the same at every start
    today = day_in_stockholm(now)
    plan = []
    for index in range(20):
        day = _working_day(today - timedelta(days=100 - 5 * index))
        plan.append(
            _PlannedInvoice(
                FIRST_NUMBER + index, day, _ordinary_case(rng, day, today), _swedish_customer(rng)
            )
        )
    credit = Case(Decimal(-500), credit_of=plan[-1].number, in_host=False)
    plan.append(_PlannedInvoice(UNSETTLED_CREDIT, plan[-1].day, credit, plan[-1].customer))
    return plan


def _ordinary_case(rng: random.Random, day: date, today: date) -> Case:
    """Make an invoice for freight, paid around the due date, or not yet."""
    total = Decimal(rng.randrange(80, 2400)) * 10 * Decimal("1.25")
    days = rng.choice((12, 20, 26, 28, 29, 30, 30, 30, 31, 33, 38, 45))
    source = rng.choice(("file", "file", "file", "manual"))
    if day + timedelta(days=days) > today:
        return Case(total)
    return Case(total, (Paid(total, days, source=source),))


def _swedish_customer(rng: random.Random) -> tuple[str, str, str]:
    return CUSTOMERS[rng.randrange(12)]


#: Cost centres of the haulier, by the codes that the host has for its economic units.
COST_CENTERS = (("10", "Fjärrtrafik"), ("11", "Distribution"), ("12", "Lager"))

#: Country and kind of VAT of the customers abroad.
CUSTOMERS_ABROAD = {
    "2001": ("DE", "EUREVERSEDVAT"),
    "2002": ("FI", "EUREVERSEDVAT"),
    "2003": ("NO", "EXPORT"),
    "2004": ("JP", "EXPORT"),
}


#: The subcontractor that Fortnox has, with its former bankgiro.
SUPPLIER = {
    "SupplierNumber": "GRUS",
    "Name": "Grus & Schakt i Nyköping AB",
    "OrganisationNumber": "559000-4872",
    "CountryCode": "SE",
    "BG": "4122-7745",
}


def _fill_registers(company: Company, now: datetime) -> None:
    for number, name, currency in CUSTOMERS:
        country, vat_type = CUSTOMERS_ABROAD.get(number, ("SE", "SEVAT"))
        record: dict[str, object] = {"CustomerNumber": number, "Name": name, "Currency": currency}
        record |= {"CountryCode": country, "VATType": vat_type}
        json_records.put(company.registers, "customers", record, now)
    json_records.put(company.registers, "suppliers", SUPPLIER, now)
    for code, sek in RATES.items():
        rate, unit = _rate_and_unit(company, code, sek)
        rates = {"BuyRate": rate, "SellRate": rate, "Unit": unit}
        record = {"Code": code, "Description": code, **rates}
        json_records.put(company.registers, "currencies", record, now)
    for code, description in COST_CENTERS:
        record = {"Code": code, "Description": description}
        json_records.put(company.registers, "costcenters", record, now)


def _rate_and_unit(company: Company, currency: str, sek: Decimal) -> tuple[Decimal, int]:
    """Return rate and unit of a currency, of which one is worth ``sek``."""
    unit = UNITS.get(currency, 1)
    return sek / currency_conversion.effective_rate(Decimal(1), unit, company.switches), unit


def _fill(company: Company, plan: Sequence[_PlannedInvoice], now: datetime) -> None:
    """Add invoices and payments; payments are numbered in the order of registration."""
    _fill_registers(company, now)
    for index, planned in enumerate(plan, start=1):
        company.add_invoice(_invoice(company, planned, index))
    payments = [
        _payment(company, planned, paid, now, index)
        for planned in plan
        for index, paid in enumerate(planned.case.payments)
    ]
    for payment in sorted(payments, key=lambda payment: payment.modified or now):
        added = company.add_payment(payment)
        if added.booked:
            company.change_payment(
                added.number,
                voucher_number=added.number,
                voucher_series="C",
                modified=added.modified,
            )


def _invoice(company: Company, planned: _PlannedInvoice, voucher: int) -> Invoice:
    case, (code, name, currency) = planned.case, planned.customer
    rate, unit = _rate_and_unit(company, currency, RATES.get(currency, Decimal(1)))
    return Invoice(
        number=planned.fortnox_number,
        total=case.total,
        invoice_date=planned.day,
        due_date=planned.day + timedelta(days=30),
        customer_number=code,
        customer_name=name,
        currency=currency,
        currency_rate=rate,
        currency_unit=unit,
        ocr=ocr_of(planned.number),
        invoice_type=case.kind,
        credit_of=case.credit_of,
        factored=case.factored,
        voucher_number=voucher,
        voucher_series="B",
        modified=at_time(planned.day, 9, 30),
    )


def _payment(
    company: Company, planned: _PlannedInvoice, paid: Paid, now: datetime, index: int
) -> Payment:
    day = min(planned.day + timedelta(days=paid.days_after), day_in_stockholm(now))
    if paid.days_ago is not None:
        day = day_in_stockholm(now) - timedelta(days=paid.days_ago)
    day = max(_working_day(day), planned.day)
    modified = min(at_time(day, 16, 5 + index), now - timedelta(minutes=90))
    if paid.recent:
        modified = now - timedelta(minutes=10 + planned.number % 40)
    sek = paid.rate or RATES.get(planned.currency, Decimal(1))
    rate, unit = _rate_and_unit(company, planned.currency, paid.shown_rate or sek)
    return Payment(
        invoice_number=planned.fortnox_number,
        amount=round_half_up(paid.amount * sek),
        amount_currency=paid.amount,
        currency=planned.currency,
        currency_rate=rate,
        currency_unit=unit,
        payment_date=day,
        booked=paid.booked,
        source=paid.source,
        mode_of_payment="AG" if paid.source == "autogiro" else "BG",
        write_offs=paid.write_offs,
        modified=modified,
        wire={"Amount": "API_NORIGHT"} if paid.unreadable else {},
    )


def _host_row(planned: _PlannedInvoice) -> dict[str, str]:
    code, name, currency = planned.customer
    return {
        "invoice_number": str(planned.number),
        "ocr": ocr_of(planned.number),
        "customer_code": code,
        "customer_name": name,
        "currency": planned.case.host_currency or currency,
        "total": f"{planned.case.total:.2f}",
        "invoice_date": planned.day.isoformat(),
        "due_date": (planned.day + timedelta(days=30)).isoformat(),
        "region": "",
        "period_closed": "true" if planned.case.period_closed else "false",
    }


# --- Days -------------------------------------------------------------------


def _working_day(day: date) -> date:
    """Return the day, or the Friday before a weekend day."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def at_time(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute), STOCKHOLM)
