"""Initial data: an invented haulage company, a JSON file, or nothing.

The haulier is the same at every start, with dates that follow ``now``. Most
of it is an ordinary half-year; some invoices are special cases, listed in
:data:`CASES`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from hostsim.sandbox import currency_conversion, json_records, supplier_invoicing
from hostsim.sandbox.clock import STOCKHOLM, Clock, day_in_stockholm
from hostsim.sandbox.company import Company
from hostsim.sandbox.fields import round_half_up
from hostsim.sandbox.json_books import from_json
from hostsim.sandbox.ocr import ocr_of
from hostsim.sandbox.state import State
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.values import Invoice, Payment, WriteOff

__all__ = [
    "COMPANY",
    "LOWEST_NUMBER",
    "OTHER_COMPANY",
    "PASSWORD",
    "USER",
    "cut_off_date",
    "empty",
    "exported_invoices",
    "from_json",
    "haulier",
]

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

#: SEK for one of a currency; the unit of yen is 100.
RATES = {"EUR": Decimal("11.2750"), "NOK": Decimal("0.9640"), "JPY": Decimal("0.0712")}
UNITS = {"JPY": 100}

CUSTOMERS = (
    ("1001", "Norrlands Trävaror AB", "SEK"),
    ("1002", "Mälardalens Livsmedel AB", "SEK"),
    ("1003", "Skånska Byggvaror i Eslöv AB", "SEK"),
    ("1004", "Värmlands Stålverk AB", "SEK"),
    ("1005", "Östgöta Kylgrossist AB", "SEK"),
    ("1006", "Hallands Möbelfabrik AB", "SEK"),
    ("1007", "Gävle Pappersbruk AB", "SEK"),
    ("1008", "Ångermanlands Sågverk AB", "SEK"),
    ("1009", "Bohus Fisk & Skaldjur AB", "SEK"),
    ("1010", "Sörmlands Trädgård AB", "SEK"),
    ("1011", "Dalarnas Verkstad AB", "SEK"),
    ("1012", "Kalmar Glas & Porslin AB", "SEK"),
    ("2001", "Rheinland Spedition GmbH", "EUR"),
    ("2002", "Suomen Paperi Oy", "EUR"),
    ("2003", "Østfold Byggevarer AS", "NOK"),
    ("2004", "Osaka Kikai K.K.", "JPY"),
)


def add_demo_user(state: State) -> None:
    """Add the demo user, with access to every company."""
    state.add_user(USER, PASSWORD)
    state.shown_user = USER


def cut_off_date(now: datetime) -> date:
    """Return "Ignorera betalningar före" of the demonstration."""
    return day_in_stockholm(now) - timedelta(days=150)


# --- Cases ------------------------------------------------------------------


@dataclass(frozen=True)
class _Paid:
    """One payment of a case."""

    amount: Decimal
    """In the invoice's currency."""

    days_after: int
    """After the invoice date, but never later than the last working day."""

    booked: bool = True
    source: str = "manual"
    write_offs: tuple[WriteOff, ...] = ()
    rate: Decimal | None = None
    """SEK for one of the currency, as paid; ``None`` for the rate of :data:`RATES`."""

    shown_rate: Decimal | None = None
    """SEK for one by the rate that Fortnox shows, if it is another."""

    recent: bool = False
    """Registered within the last hour."""

    days_ago: int | None = None
    """Days before today, instead of after the invoice date."""

    unreadable: bool = False


@dataclass(frozen=True)
class _Case:
    """An invoice in Fortnox, its payments, and how the host knows it."""

    total: Decimal
    payments: tuple[_Paid, ...] = ()
    customer: int = 0
    kind: str = "INVOICE"
    credit_of: int = 0
    factored: bool = False
    in_fortnox_as: int = 0
    """The number in Fortnox, if it is another than the host's."""

    in_host: bool = True
    host_currency: str = ""
    """The host's own text for the currency, if it is another."""

    period_closed: bool = True


_kr = Decimal


def _paid_in_full(
    total: str, days: int = 28, *, source: str = "manual", recent: bool = False
) -> _Case:
    return _Case(_kr(total), (_Paid(_kr(total), days, source=source, recent=recent),))


def _offset(total: str, days_ago: int) -> _Case:
    """Make one side of an offset against a credit invoice, which moves no money."""
    return _Case(_kr(total), (_Paid(_kr(total), 0, days_ago=days_ago),))


EUR, EUR_2, NOK, JPY = 12, 13, 14, 15

_BANK_FEE = WriteOff(amount=_kr("10"), account=6570, description="Bankavgift")
_ROUNDING = WriteOff(amount=_kr("-0.40"), account=3740, description="Öresavrundning")
_SMALL_LOSS = WriteOff(amount=_kr("0.50"), account=3740, description="Öresavrundning")
_EURO_FEE = WriteOff(amount=_kr("56.00"), account=6570, description="Bankavgift utland")

#: The special invoices, by the host's number.
CASES: Mapping[int, _Case] = {
    # Low numbers, paid after the cut-off date: ignored by number.
    **{10031 + i: _paid_in_full(f"{4200 + 350 * i}", 75 + i) for i in range(5)},
    # Paid exactly, with write-offs in Fortnox: 990 + 10, and 1000.40 - 0.40.
    10120: _Case(_kr("1000"), (_Paid(_kr("990"), 30, write_offs=(_BANK_FEE,)),)),
    10121: _Case(_kr("1000"), (_Paid(_kr("1000.40"), 29, write_offs=(_ROUNDING,)),)),
    10122: _Case(_kr("2487.50"), (_Paid(_kr("2487"), 31, write_offs=(_SMALL_LOSS,)),)),
    10123: _Case(_kr("4989.60"), (_Paid(_kr("4980"), 27, write_offs=(_BANK_FEE, _ROUNDING)),)),
    # A shortfall that the host's accepted deviation of 5 SEK covers.
    10125: _Case(_kr("8753"), (_Paid(_kr("8750"), 30),)),
    10126: _Case(_kr("6121.50"), (_Paid(_kr("6120"), 26),)),
    # Paid in parts: two equal ones, three unequal ones, one that leaves a balance.
    10130: _Case(_kr("12000"), (_Paid(_kr("6000"), 20), _Paid(_kr("6000"), 20))),
    10131: _Case(
        _kr("18750"), (_Paid(_kr("8750"), 15), _Paid(_kr("5000"), 30), _Paid(_kr("5000"), 45))
    ),
    10132: _Case(_kr("9375"), (_Paid(_kr("4000"), 30),)),
    10133: _Case(_kr("15625"), (_Paid(_kr("10000"), 33),)),
    # Paid too much.
    10136: _Case(_kr("5437.50"), (_Paid(_kr("5473.50"), 28),)),
    10137: _Case(_kr("3000"), (_Paid(_kr("3300"), 25),)),
    # Paid twice: nothing remains for the second payment.
    10140: _Case(_kr("7812.50"), (_Paid(_kr("7812.50"), 28), _Paid(_kr("7812.50"), 32))),
    # A credit invoice and the payment below zero that settles it.
    10145: _paid_in_full("11250"),
    10146: _Case(_kr("-2500"), (_Paid(_kr("-2500"), 10),), credit_of=10145),
    # Settled against a credit invoice, as two payments of one day; a customer of their own.
    10147: replace(_offset("3125", 40), customer=3),
    10148: replace(_offset("-3125", 40), customer=3, credit_of=10147),
    # Settled against a credit note that was made in Fortnox directly.
    10149: replace(_offset("4062.50", 38), customer=5),
    # A payment of nothing, and then the real one.
    10152: _Case(_kr("5312.50"), (_Paid(_kr("0"), 20), _Paid(_kr("5312.50"), 30))),
    # Paid, and refunded.
    10150: _Case(_kr("4375"), (_Paid(_kr("4375"), 28), _Paid(_kr("-4375"), 34))),
    # Sold to Fortnox Finans, and direct debit.
    10155: replace(_paid_in_full("21875", 2, source="finance"), factored=True),
    10156: replace(_paid_in_full("16406.25", 2, source="finance"), factored=True),
    10157: replace(_paid_in_full("9062.50", 3, source="finance"), factored=True),
    10160: _paid_in_full("3125", 30, source="autogiro"),
    10161: _paid_in_full("3125", 30, source="autogiro"),
    10162: _paid_in_full("3906.25", 30, source="autogiro"),
    # The same invoice under another number in Fortnox; the OCR agrees.
    10165: replace(_paid_in_full("5625"), in_fortnox_as=20010),
    # The host calls the currency "Euro".
    10168: replace(_paid_in_full("840"), customer=EUR, host_currency="Euro"),
    # The invoice period is not closed in the host.
    10170: replace(_paid_in_full("7187.50", 20), period_closed=False),
    # An amount that Fortnox hides without a licence for it.
    10172: _Case(_kr("4687.50"), (_Paid(_kr("4687.50"), 30, unreadable=True),)),
    # Foreign money: paid at the day's rate, in parts, with a fee, too little.
    10175: _Case(_kr("1250"), (_Paid(_kr("1250"), 30, rate=_kr("11.2310")),), customer=EUR),
    10176: _Case(_kr("980.50"), (_Paid(_kr("980.50"), 28, rate=_kr("11.3045")),), customer=EUR_2),
    10177: _Case(
        _kr("2000"),
        (
            _Paid(_kr("800"), 20, rate=_kr("11.2540")),
            _Paid(_kr("1200"), 40, rate=_kr("11.2980")),
        ),
        customer=EUR,
    ),
    10178: _Case(
        _kr("1000"),
        (_Paid(_kr("995"), 30, rate=_kr("11.2"), write_offs=(_EURO_FEE,)),),
        customer=EUR,
    ),
    10179: _Case(_kr("640"), (_Paid(_kr("600"), 30, rate=_kr("11.2630")),), customer=EUR_2),
    10180: _Case(_kr("8750"), (_Paid(_kr("8750"), 30, rate=_kr("0.9655")),), customer=NOK),
    10181: _Case(_kr("12400"), (_Paid(_kr("12400"), 25, rate=_kr("0.9612")),), customer=NOK),
    10182: _Case(_kr("5150.75"), (_Paid(_kr("5200"), 25, rate=_kr("0.9634")),), customer=NOK),
    # Yen have a unit of 100, which divides the rate if a switch says so; one rate contradicts its
    # amounts.
    10185: _Case(
        _kr("185000"),
        (_Paid(_kr("185000"), 30, rate=_kr("0.0712")),),
        customer=JPY,
    ),
    10186: _Case(_kr("92000"), (_Paid(_kr("92000"), 30, rate=_kr("0.0709")),), customer=JPY),
    10187: _Case(
        _kr("140000"),
        (_Paid(_kr("140000"), 30, rate=_kr("0.0698"), shown_rate=_kr("0.065")),),
        customer=JPY,
    ),
    # Unbooked in Fortnox, from a bank file; one exceeds its invoice.
    10230: _Case(_kr("6875"), (_Paid(_kr("6875"), 25, booked=False, source="file"),)),
    10231: _Case(_kr("10312.50"), (_Paid(_kr("10500"), 25, booked=False, source="file"),)),
    10232: _Case(_kr("4531.25"), (_Paid(_kr("4531.25"), 25, booked=False, source="file"),)),
    # Changed in Fortnox overnight, and touched without a change.
    10235: _paid_in_full("5937.50", 20),
    10236: _paid_in_full("8125", 20),
    # Deleted in Fortnox overnight: one is added again under another number, one is not.
    10237: _paid_in_full("6437.50", 20),
    10238: _paid_in_full("7062.50", 20),
    # Paid today.
    10240: _paid_in_full("9843.75", 99, source="file", recent=True),
    10241: _paid_in_full("2656.25", 99, source="file", recent=True),
    10242: _paid_in_full("14218.75", 99, recent=True),
    # Paid overnight.
    10290: _Case(_kr("7968.75")),
    10291: _Case(_kr("11562.50")),
}

#: Created in Fortnox directly, so unknown to the host.
DIRECT: Mapping[int, _Case] = {
    20001: replace(_paid_in_full("1875"), in_host=False),
    20002: replace(_paid_in_full("3437.50"), in_host=False),
    20003: replace(_paid_in_full("912.50", 35), in_host=False),
    20004: replace(_paid_in_full("187", 20), in_host=False, kind="INTRESTINVOICE"),
    20005: replace(_paid_in_full("60", 22), in_host=False),
}

#: A credit note that was made in Fortnox directly.
CREDIT_NOTES: Mapping[int, _Case] = {
    20020: replace(_offset("-4062.50", 38), customer=5, in_host=False, credit_of=10149),
}

#: A credit invoice of the second company, to be settled against the last one there.
UNSETTLED_CREDIT = 20020


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
    case: _Case
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
        special = number in CASES
        fixed_customer = CUSTOMERS[case.customer] if special and case.customer else None
        # Cases with a customer abroad draw no random number.
        customer = fixed_customer or _swedish_customer(rng)
        if fixed_customer is not None and case.customer < EUR:
            _swedish_customer(rng)
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
    credit = _Case(_kr("-500"), credit_of=plan[-1].number, in_host=False)
    plan.append(_PlannedInvoice(UNSETTLED_CREDIT, plan[-1].day, credit, plan[-1].customer))
    return plan


def _ordinary_case(rng: random.Random, day: date, today: date) -> _Case:
    """Make an invoice for freight, paid around the due date, or not yet."""
    total = Decimal(rng.randrange(80, 2400)) * 10 * Decimal("1.25")
    days = rng.choice((12, 20, 26, 28, 29, 30, 30, 30, 31, 33, 38, 45))
    source = rng.choice(("file", "file", "file", "manual"))
    if day + timedelta(days=days) > today:
        return _Case(total)
    return _Case(total, (_Paid(total, days, source=source),))


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
    company: Company, planned: _PlannedInvoice, paid: _Paid, now: datetime, index: int
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
