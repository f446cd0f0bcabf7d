"""The haulier's customers, its currencies, and the special invoices that an import has to judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from hostsim.sandbox.values import WriteOff

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


@dataclass(frozen=True)
class Paid:
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
class Case:
    """An invoice in Fortnox, its payments, and how the host knows it."""

    total: Decimal
    payments: tuple[Paid, ...] = ()
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
) -> Case:
    return Case(_kr(total), (Paid(_kr(total), days, source=source, recent=recent),))


def _offset(total: str, days_ago: int) -> Case:
    """Make one side of an offset against a credit invoice, which moves no money."""
    return Case(_kr(total), (Paid(_kr(total), 0, days_ago=days_ago),))


EUR, EUR_2, NOK, JPY = 12, 13, 14, 15

_BANK_FEE = WriteOff(amount=_kr("10"), account=6570, description="Bankavgift")
_ROUNDING = WriteOff(amount=_kr("-0.40"), account=3740, description="Öresavrundning")
_SMALL_LOSS = WriteOff(amount=_kr("0.50"), account=3740, description="Öresavrundning")
_EURO_FEE = WriteOff(amount=_kr("56.00"), account=6570, description="Bankavgift utland")

#: The special invoices, by the host's number.
CASES: Mapping[int, Case] = {
    # Low numbers, paid after the cut-off date: ignored by number.
    **{10031 + i: _paid_in_full(f"{4200 + 350 * i}", 75 + i) for i in range(5)},
    # Paid exactly, with write-offs in Fortnox: 990 + 10, and 1000.40 - 0.40.
    10120: Case(_kr("1000"), (Paid(_kr("990"), 30, write_offs=(_BANK_FEE,)),)),
    10121: Case(_kr("1000"), (Paid(_kr("1000.40"), 29, write_offs=(_ROUNDING,)),)),
    10122: Case(_kr("2487.50"), (Paid(_kr("2487"), 31, write_offs=(_SMALL_LOSS,)),)),
    10123: Case(_kr("4989.60"), (Paid(_kr("4980"), 27, write_offs=(_BANK_FEE, _ROUNDING)),)),
    # A shortfall that the host's accepted deviation of 5 SEK covers.
    10125: Case(_kr("8753"), (Paid(_kr("8750"), 30),)),
    10126: Case(_kr("6121.50"), (Paid(_kr("6120"), 26),)),
    # Paid in parts: two equal ones, three unequal ones, one that leaves a balance.
    10130: Case(_kr("12000"), (Paid(_kr("6000"), 20), Paid(_kr("6000"), 20))),
    10131: Case(
        _kr("18750"), (Paid(_kr("8750"), 15), Paid(_kr("5000"), 30), Paid(_kr("5000"), 45))
    ),
    10132: Case(_kr("9375"), (Paid(_kr("4000"), 30),)),
    10133: Case(_kr("15625"), (Paid(_kr("10000"), 33),)),
    # Paid too much.
    10136: Case(_kr("5437.50"), (Paid(_kr("5473.50"), 28),)),
    10137: Case(_kr("3000"), (Paid(_kr("3300"), 25),)),
    # Paid twice: nothing remains for the second payment.
    10140: Case(_kr("7812.50"), (Paid(_kr("7812.50"), 28), Paid(_kr("7812.50"), 32))),
    # A credit invoice and the payment below zero that settles it.
    10145: _paid_in_full("11250"),
    10146: Case(_kr("-2500"), (Paid(_kr("-2500"), 10),), credit_of=10145),
    # Settled against a credit invoice, as two payments of one day; a customer of their own.
    10147: replace(_offset("3125", 40), customer=3),
    10148: replace(_offset("-3125", 40), customer=3, credit_of=10147),
    # Settled against a credit note that was made in Fortnox directly.
    10149: replace(_offset("4062.50", 38), customer=5),
    # A payment of nothing, and then the real one.
    10152: Case(_kr("5312.50"), (Paid(_kr("0"), 20), Paid(_kr("5312.50"), 30))),
    # Paid, and refunded.
    10150: Case(_kr("4375"), (Paid(_kr("4375"), 28), Paid(_kr("-4375"), 34))),
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
    10172: Case(_kr("4687.50"), (Paid(_kr("4687.50"), 30, unreadable=True),)),
    # Foreign money: paid at the day's rate, in parts, with a fee, too little.
    10175: Case(_kr("1250"), (Paid(_kr("1250"), 30, rate=_kr("11.2310")),), customer=EUR),
    10176: Case(_kr("980.50"), (Paid(_kr("980.50"), 28, rate=_kr("11.3045")),), customer=EUR_2),
    10177: Case(
        _kr("2000"),
        (
            Paid(_kr("800"), 20, rate=_kr("11.2540")),
            Paid(_kr("1200"), 40, rate=_kr("11.2980")),
        ),
        customer=EUR,
    ),
    10178: Case(
        _kr("1000"),
        (Paid(_kr("995"), 30, rate=_kr("11.2"), write_offs=(_EURO_FEE,)),),
        customer=EUR,
    ),
    10179: Case(_kr("640"), (Paid(_kr("600"), 30, rate=_kr("11.2630")),), customer=EUR_2),
    10180: Case(_kr("8750"), (Paid(_kr("8750"), 30, rate=_kr("0.9655")),), customer=NOK),
    10181: Case(_kr("12400"), (Paid(_kr("12400"), 25, rate=_kr("0.9612")),), customer=NOK),
    10182: Case(_kr("5150.75"), (Paid(_kr("5200"), 25, rate=_kr("0.9634")),), customer=NOK),
    # Yen have a unit of 100, which divides the rate if a switch says so; one rate contradicts its
    # amounts.
    10185: Case(
        _kr("185000"),
        (Paid(_kr("185000"), 30, rate=_kr("0.0712")),),
        customer=JPY,
    ),
    10186: Case(_kr("92000"), (Paid(_kr("92000"), 30, rate=_kr("0.0709")),), customer=JPY),
    10187: Case(
        _kr("140000"),
        (Paid(_kr("140000"), 30, rate=_kr("0.0698"), shown_rate=_kr("0.065")),),
        customer=JPY,
    ),
    # Unbooked in Fortnox, from a bank file; one exceeds its invoice.
    10230: Case(_kr("6875"), (Paid(_kr("6875"), 25, booked=False, source="file"),)),
    10231: Case(_kr("10312.50"), (Paid(_kr("10500"), 25, booked=False, source="file"),)),
    10232: Case(_kr("4531.25"), (Paid(_kr("4531.25"), 25, booked=False, source="file"),)),
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
    10290: Case(_kr("7968.75")),
    10291: Case(_kr("11562.50")),
}

#: Created in Fortnox directly, so unknown to the host.
DIRECT: Mapping[int, Case] = {
    20001: replace(_paid_in_full("1875"), in_host=False),
    20002: replace(_paid_in_full("3437.50"), in_host=False),
    20003: replace(_paid_in_full("912.50", 35), in_host=False),
    20004: replace(_paid_in_full("187", 20), in_host=False, kind="INTRESTINVOICE"),
    20005: replace(_paid_in_full("60", 22), in_host=False),
}

#: A credit note that was made in Fortnox directly.
CREDIT_NOTES: Mapping[int, Case] = {
    20020: replace(_offset("-4062.50", 38), customer=5, in_host=False, credit_of=10149),
}
