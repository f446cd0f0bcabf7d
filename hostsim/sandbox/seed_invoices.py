"""Invoices that the haulier's host has made and not yet exported, one of each kind.

They are written as the host's JSON file of invoices has them; the numbers follow those of
:mod:`.seed`. Other numbers of the customers are invented, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hostsim.sandbox.clock import day_in_stockholm
from hostsim.sandbox.fields import round_half_up
from hostsim.sandbox.seed import RATES
from hostsim.sandbox.state import ocr_of

#: The first of the numbers that are not exported.
FIRST_NEW = 10301

#: The account that takes what rounding makes two totals differ.
ROUNDING_ACCOUNT = "3740"

#: The invoice that waits for an account which is not in Fortnox's chart, and the account.
WITHOUT_ACCOUNT, MISSING_ACCOUNT = 10309, "3590"

#: The invoice of a period that is still open.
OF_OPEN_PERIOD = 10310


def _customer(
    number: str, code: str, name: str, organisation: str, *address: str, **more: str
) -> dict[str, str]:
    street, zip_code, city = address
    return {
        "code": code,
        "ledger_number": number,
        "name": name,
        "organisation_number": organisation,
        "address1": street,
        "zip": zip_code,
        "city": city,
        "country": "SE",
    } | more


_NORRLAND = _customer(
    "1001", "NORRL", "Norrlands Trävaror AB", "559000-4831", "Sågvägen 4", "931 27", "Skellefteå",
    email="faktura@norrlandstravaror.example",
)  # fmt: skip
_KALMAR = _customer(
    "1012", "KALM", "Kalmar Glas & Porslin AB", "559000-4849", "Box 1", "392 31", "Kalmar",
    email="ekonomi@kalmarglas.example",
)  # fmt: skip
_ROSLAGEN = _customer(
    "1013", "ROSL", "Roslagens Bygg & Betong AB", "559000-4856", "Hamnvägen 7", "761 30",
    "Norrtälje", email="faktura@roslagensbygg.example",
)  # fmt: skip
_RHEINLAND = _customer(
    "2001", "RHEIN", "Rheinland Spedition GmbH", "", "Hafenstrasse 12", "40221", "Düsseldorf",
    country="DE", vat_number="DE136695976",
)  # fmt: skip
_SUOMEN = _customer(
    "2002", "SUOM", "Suomen Paperi Oy", "", "Tehtaankatu 3", "33100", "Tampere",
    country="FI", vat_number="FI20774740",
)  # fmt: skip
_OSTFOLD = _customer(
    "2003", "OSTF", "Østfold Byggevarer AS", "", "Havnegata 9", "1605", "Fredrikstad",
    country="NO",
)  # fmt: skip

#: A row: account, economic unit, VAT rate and net.
_Row = tuple[str, str, str, str]

_KINDS: Sequence[tuple[dict[str, str], Sequence[_Row], dict[str, Any]]] = (
    # Freight with a fuel surcharge.
    (_NORRLAND, [("3001", "10", "25", "12000.00"), ("3521", "10", "25", "1440.00")], {}),
    # VAT of three rows is an öre more than VAT of their sum.
    (_KALMAR, [("3001", "11", "25", "99.99")] * 3, {}),
    # Reverse charge within Sweden, a customer that is new there.
    (_ROSLAGEN, [("3004", "11", "0-reverse", "8450.00")], {}),
    # To another country of the EU, and outside it.
    (_SUOMEN, [("3308", "10", "0-eu", "23600.00")], {}),
    (_OSTFOLD, [("3305", "10", "0-export", "17250.50")], {}),
    # In euro.
    (
        _RHEINLAND,
        [("3308", "10", "0-eu", "1845.75")],
        {"currency": "EUR", "exchange_rate": str(RATES["EUR"])},
    ),
    # The surcharge of the first one is taken back.
    (
        _NORRLAND,
        [("3521", "10", "25", "-1440.00")],
        {"type": "correction", "credits": str(FIRST_NEW)},
    ),
    # Interest on a late payment.
    (_KALMAR, [("8313", "", "0", "187.50")], {"type": "interest", "order_number": ""}),
)


def invoices_to_export(now: datetime) -> list[dict[str, Any]]:
    """Return the invoices of closed periods that can be exported as they are."""
    return [
        _invoice(FIRST_NEW + place, now, *kind, days=12 - place)
        for place, kind in enumerate(_KINDS)
    ]


def invoices_that_wait(now: datetime) -> list[dict[str, Any]]:
    """Return one that lacks an account in Fortnox, and one whose period is open."""
    rows = [("3001", "12", "25", "3200.00"), (MISSING_ACCOUNT, "12", "25", "450.00")]
    return [
        _invoice(WITHOUT_ACCOUNT, now, _KALMAR, rows, {}, days=4),
        _invoice(
            OF_OPEN_PERIOD,
            now,
            _NORRLAND,
            [("3001", "10", "25", "6400.00")],
            {"period_closed": False},
            days=0,
        ),
    ]


def _invoice(
    number: int,
    now: datetime,
    customer: dict[str, str],
    rows: Sequence[_Row],
    more: dict[str, Any],
    *,
    days: int,
) -> dict[str, Any]:
    day = day_in_stockholm(now) - timedelta(days=days)
    return {
        "invoice_number": str(number),
        "ocr": ocr_of(number),
        "type": "invoice",
        "region": "",
        "period_closed": True,
        "currency": "SEK",
        "exchange_rate": None,
        "invoice_date": day.isoformat(),
        "due_date": (day + timedelta(days=30)).isoformat(),
        "order_number": str(4500 + number % 100),
        "order_date": (day - timedelta(days=3)).isoformat(),
        "credits": None,
        "pdf": "",
        "customer": customer,
        "rows": [_row(*row) for row in rows],
    } | more


def _row(account: str, unit: str, rate: str, net: str) -> dict[str, str]:
    percent = Decimal(rate.partition("-")[0])
    vat = round_half_up(Decimal(net) * percent / 100)
    return {"account": account, "unit": unit, "vat_rate": rate, "net": net, "vat": str(vat)}
