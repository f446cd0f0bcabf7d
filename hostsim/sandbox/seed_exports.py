"""What the haulier's host has to export: invoices, and bills for its subcontractors, of each kind.

In the formats of the host's JSON files; the numbers of invoices follow those of :mod:`.seed`.
Names and numbers are invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hostsim.sandbox.clock import day_in_stockholm
from hostsim.sandbox.fields import round_half_up
from hostsim.sandbox.ocr import ocr_of
from hostsim.sandbox.seed import SUPPLIER
from hostsim.sandbox.seed_cases import RATES

#: The first invoice number that is not exported.
FIRST_UNEXPORTED = 10301

#: The account for rounding differences.
ROUNDING_ACCOUNT = "3740"

#: The invoice with an account that is missing from Fortnox's chart, and the account.
MISSING_ACCOUNT_INVOICE, MISSING_ACCOUNT = 10309, "3590"

#: The invoice of a period that is still open.
OPEN_PERIOD_INVOICE = 10310

#: The supplier that has another bankgiro in Fortnox.
CHANGED_SUPPLIER = SUPPLIER["SupplierNumber"]

#: The bill of a supplier that sends invoices itself.
BILL_OF_INVOICING_SUPPLIER = "A-2026-121"


def _party(code: str, name: str, organisation: str, *address: str, **more: Any) -> dict[str, Any]:
    street, zip_code, city = address
    return {
        "code": code,
        "name": name,
        "organisation_number": organisation,
        "address1": street,
        "zip": zip_code,
        "city": city,
        "country": "SE",
    } | more


# --- Invoices ---------------------------------------------------------------

_NORRLAND = _party(
    "NORRL", "Norrlands Trävaror AB", "559000-4831", "Sågvägen 4", "931 27", "Skellefteå",
    ledger_number="1001", email="faktura@norrlandstravaror.example",
)  # fmt: skip
_KALMAR = _party(
    "KALM", "Kalmar Glas & Porslin AB", "559000-4849", "Box 1", "392 31", "Kalmar",
    ledger_number="1012", email="ekonomi@kalmarglas.example",
)  # fmt: skip
_ROSLAGEN = _party(
    "ROSL", "Roslagens Bygg & Betong AB", "559000-4856", "Hamnvägen 7", "761 30", "Norrtälje",
    ledger_number="1013", email="faktura@roslagensbygg.example",
)  # fmt: skip
_RHEINLAND = _party(
    "RHEIN", "Rheinland Spedition GmbH", "", "Hafenstrasse 12", "40221", "Düsseldorf",
    ledger_number="2001", country="DE", vat_number="DE136695976",
)  # fmt: skip
_SUOMEN = _party(
    "SUOM", "Suomen Paperi Oy", "", "Tehtaankatu 3", "33100", "Tampere",
    ledger_number="2002", country="FI", vat_number="FI20774740",
)  # fmt: skip
_OSTFOLD = _party(
    "OSTF", "Østfold Byggevarer AS", "", "Havnegata 9", "1605", "Fredrikstad",
    ledger_number="2003", country="NO",
)  # fmt: skip

#: Account, economic unit, VAT rate and net.
_InvoiceRow = tuple[str, str, str, str]

_INVOICES: Sequence[tuple[dict[str, Any], Sequence[_InvoiceRow], dict[str, Any]]] = (
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
        for index, kind in enumerate(_INVOICES)
    ]


def pending_invoices(now: datetime) -> list[dict[str, Any]]:
    """Return an invoice whose account Fortnox lacks, and one of an open period."""
    rows = [("3001", "12", "25", "3200.00"), (MISSING_ACCOUNT, "12", "25", "450.00")]
    freight, is_open = [("3001", "10", "25", "6400.00")], {"period_closed": False}
    return [
        _invoice(MISSING_ACCOUNT_INVOICE, now, _KALMAR, rows, {}, days=4),
        _invoice(OPEN_PERIOD_INVOICE, now, _NORRLAND, freight, is_open, days=0),
    ]


def _invoice(
    number: int,
    now: datetime,
    customer: dict[str, Any],
    rows: Sequence[_InvoiceRow],
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
        "rows": [_invoice_row(*row) for row in rows],
    } | overrides


def _invoice_row(account: str, unit: str, rate: str, net: str) -> dict[str, str]:
    percent = Decimal(rate.partition("-")[0])
    vat = round_half_up(Decimal(net) * percent / 100)
    return {"account": account, "unit": unit, "vat_rate": rate, "net": net, "vat": str(vat)}


# --- Bills ------------------------------------------------------------------

_LASSE = _party(
    "LASSE", "Lasses Åkeri i Flen AB", "559000-4864", "Industrigatan 3", "642 37", "Flen",
    vat_number="SE559000486401", phone1="0157-555 01", bankgiro="5050-1055",
)  # fmt: skip
_GRUS = _party(
    CHANGED_SUPPLIER, SUPPLIER["Name"], SUPPLIER["OrganisationNumber"], "Bergvägen 11", "611 45",
    "Nyköping", vat_number="SE559000487201", phone1="0155-555 02", bankgiro="7331-0054",
)  # fmt: skip
_RHEIN = _party(
    "RHEINTR", "Rheinland Transport GmbH", "", "Hafenstrasse 14", "40221", "Düsseldorf",
    country="DE", vat_number="DE136695977", iban="DE89370400440532013000", bic="COBADEFFXXX",
)  # fmt: skip
_SVEN = _party(
    "SVEN", "Svens Lastbilar AB", "559000-4880", "Lagervägen 2", "641 50", "Katrineholm",
    vat_number="SE559000488001", bankgiro="5912-3455", sends_invoice=True,
)  # fmt: skip

#: Account, economic unit, debit less credit.
_BillRow = tuple[str, str, str]

_BILLS: Sequence[tuple[dict[str, Any], Sequence[_BillRow], dict[str, Any]]] = (
    # Two vehicles of one subcontractor.
    (_LASSE, [("4600", "12", "7400.00"), ("4600", "13", "2600.00"), ("2641", "", "2500.00")], {}),
    # A supplier that has another bankgiro in Fortnox.
    (_GRUS, [("4600", "10", "6750.00"), ("2641", "", "1687.50")], {}),
    # An overpayment is recovered.
    (_LASSE, [("4600", "13", "-320.00"), ("2641", "", "-80.00")], {}),
    # From another country of the EU, in euro, with reverse charge.
    (
        _RHEIN,
        [("4535", "10", "1200.40"), ("2645", "", "300.10"), ("2614", "", "-300.10")],
        {"currency": "EUR", "exchange_rate": str(RATES["EUR"]), "vat": "0.00"},
    ),
    # A supplier that sends invoices itself.
    (_SVEN, [("4600", "11", "900.00"), ("2641", "", "225.00")], {}),
)


def bills_to_export(now: datetime) -> list[dict[str, Any]]:
    """Return the bills of closed periods."""
    return [
        _bill(f"A-2026-{117 + index}", now, *kind, days=6 - index)
        for index, kind in enumerate(_BILLS)
    ]


def _bill(
    number: str,
    now: datetime,
    supplier: dict[str, Any],
    rows: Sequence[_BillRow],
    overrides: dict[str, Any],
    *,
    days: int,
) -> dict[str, Any]:
    day = day_in_stockholm(now) - timedelta(days=days)
    vat = [Decimal(amount) for account, _, amount in rows if account == "2641"]
    return {
        "bill_number": number,
        "region": "",
        "period_closed": True,
        "currency": "SEK",
        "exchange_rate": None,
        "bill_date": day.isoformat(),
        "due_date": (day + timedelta(days=30)).isoformat(),
        "total": str(sum(Decimal(amount) for _, _, amount in rows)),
        "vat": str(sum(vat)),
        "pdf": None,
        "supplier": supplier,
        "rows": [_bill_row(*row) for row in rows],
    } | overrides


def _bill_row(account: str, unit: str, amount: str) -> dict[str, str]:
    value = Decimal(amount)
    sides = {"debit": "0.00", "credit": "0.00"} | {
        "credit" if value < 0 else "debit": str(abs(value))
    }
    return {"account": account, "unit": unit, **sides}
