"""Bills of the haulier's host for its subcontractors, one of each kind.

In the format of the host's JSON file of bills; names and numbers are invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hostsim.sandbox.clock import day_in_stockholm
from hostsim.sandbox.seed import RATES, SUPPLIER

#: The supplier that has another bankgiro in Fortnox.
CHANGED_SUPPLIER = SUPPLIER["SupplierNumber"]

#: The bill of a supplier that sends invoices itself.
BILL_OF_INVOICING_SUPPLIER = "A-2026-121"


def _supplier(
    code: str, name: str, organisation: str, *address: str, **more: Any
) -> dict[str, Any]:
    street, zip_code, city = address
    return {
        "code": code,
        "name": name,
        "organisation_number": organisation,
        "vat_number": f"SE{organisation.replace('-', '')}01" if organisation else "",
        "address1": street,
        "zip": zip_code,
        "city": city,
        "country": "SE",
    } | more


_LASSE = _supplier(
    "LASSE", "Lasses Åkeri i Flen AB", "559000-4864", "Industrigatan 3", "642 37", "Flen",
    phone1="0157-555 01", bankgiro="5050-1055",
)  # fmt: skip
_GRUS = _supplier(
    CHANGED_SUPPLIER, SUPPLIER["Name"], SUPPLIER["OrganisationNumber"], "Bergvägen 11", "611 45",
    "Nyköping", phone1="0155-555 02", bankgiro="7331-0054",
)  # fmt: skip
_RHEIN = _supplier(
    "RHEINTR", "Rheinland Transport GmbH", "", "Hafenstrasse 14", "40221", "Düsseldorf",
    country="DE", vat_number="DE136695977", iban="DE89370400440532013000", bic="COBADEFFXXX",
)  # fmt: skip
_SVEN = _supplier(
    "SVEN", "Svens Lastbilar AB", "559000-4880", "Lagervägen 2", "641 50", "Katrineholm",
    bankgiro="5912-3455", sends_invoice=True,
)  # fmt: skip

#: A row: account, economic unit, debit less credit.
_Row = tuple[str, str, str]

_KINDS: Sequence[tuple[dict[str, Any], Sequence[_Row], dict[str, Any]]] = (
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
        for index, kind in enumerate(_KINDS)
    ]


def _bill(
    number: str,
    now: datetime,
    supplier: dict[str, Any],
    rows: Sequence[_Row],
    overrides: dict[str, Any],
    *,
    days: int,
) -> dict[str, Any]:
    day = day_in_stockholm(now) - timedelta(days=days)
    vat = sum(
        (Decimal(amount) for account, _, amount in rows if account == "2641"), Decimal("0.00")
    )
    return {
        "bill_number": number,
        "region": "",
        "period_closed": True,
        "currency": "SEK",
        "exchange_rate": None,
        "bill_date": day.isoformat(),
        "due_date": (day + timedelta(days=30)).isoformat(),
        "total": str(sum(Decimal(amount) for _, _, amount in rows)),
        "vat": str(vat),
        "pdf": None,
        "supplier": supplier,
        "rows": [_row(*row) for row in rows],
    } | overrides


def _row(account: str, unit: str, amount: str) -> dict[str, str]:
    value = Decimal(amount)
    sides = {"debit": "0.00", "credit": "0.00"} | {
        "credit" if value < 0 else "debit": str(abs(value))
    }
    return {"account": account, "unit": unit, **sides}
