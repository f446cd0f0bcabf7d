"""Invoices of the haulier's host that are not yet exported, one of each kind.

In the format of the host's JSON file of invoices; the numbers follow those of :mod:`.seed`.
The customers' other numbers are invented, too.
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

#: The first invoice number that is not exported.
FIRST_UNEXPORTED = 10301

#: The account for rounding differences.
ROUNDING_ACCOUNT = "3740"

#: The invoice with an account that is missing from Fortnox's chart, and the account.
MISSING_ACCOUNT_INVOICE, MISSING_ACCOUNT = 10309, "3590"

#: The invoice of a period that is still open.
OPEN_PERIOD_INVOICE = 10310


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
    # VAT by row is an öre more than VAT of the sum.
    (_KALMAR, [("3001", "11", "25", "99.99")] * 3, {}),
    # Reverse charge within Sweden, a customer that Fortnox lacks.
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
    # The surcharge of the first invoice is credited.
    (
        _NORRLAND,
        [("3521", "10", "25", "-1440.00")],
        {"type": "correction", "credits": str(FIRST_UNEXPORTED)},
    ),
    # Interest on a late payment.
    (_KALMAR, [("8313", "", "0", "187.50")], {"type": "interest", "order_number": ""}),
)


def invoices_to_export(now: datetime) -> list[dict[str, Any]]:
    """Return the invoices of closed periods that can be exported without further setup."""
    return [
        _invoice(FIRST_UNEXPORTED + index, now, *kind, days=12 - index)
        for index, kind in enumerate(_KINDS)
    ]


def pending_invoices(now: datetime) -> list[dict[str, Any]]:
    """Return an invoice whose account Fortnox lacks, and one of an open period."""
    rows = [("3001", "12", "25", "3200.00"), (MISSING_ACCOUNT, "12", "25", "450.00")]
    return [
        _invoice(MISSING_ACCOUNT_INVOICE, now, _KALMAR, rows, {}, days=4),
        _invoice(
            OPEN_PERIOD_INVOICE,
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
    overrides: dict[str, Any],
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
    } | overrides


def _row(account: str, unit: str, rate: str, net: str) -> dict[str, str]:
    percent = Decimal(rate.partition("-")[0])
    vat = round_half_up(Decimal(net) * percent / 100)
    return {"account": account, "unit": unit, "vat_rate": rate, "net": net, "vat": str(vat)}
