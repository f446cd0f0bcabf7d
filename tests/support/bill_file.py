"""Bills of subcontractors as a file has them."""

from __future__ import annotations

import copy

#: With every field that a bill can have.
BILL = {
    "bill_number": "A-2026-117",
    "region": "",
    "period_closed": True,
    "currency": "SEK",
    "exchange_rate": None,
    "bill_date": "2026-11-02",
    "due_date": "2026-12-02",
    "total": "12500.00",
    "vat": "2500.00",
    "pdf": None,
    "supplier": {
        "code": "LASSE",
        "name": "Lasses Åkeri AB",
        "organisation_number": "556000-0000",
        "vat_number": "SE556000000001",
        "address1": "Box 1",
        "zip": "392 00",
        "city": "Kalmar",
        "country": "SE",
        "phone1": "0480-100 00",
        "phone2": "",
        "www": "",
        "bankgiro": "5050-1055",
        "plusgiro": "",
        "bank_account": "",
        "iban": "",
        "bic": "",
        "sends_invoice": False,
    },
    "rows": [
        {"account": "4010", "unit": "12", "debit": "10000.00", "credit": "0.00"},
        {"account": "2641", "unit": "", "debit": "2500.00", "credit": "0.00"},
    ],
}


def bill(**values):
    """Build a bill; ``supplier__zip`` is a field of the supplier, ``row__debit`` of row 0."""
    return changed(BILL, values)


def changed(item, values):
    """Copy an item of a file with other values; ``...`` removes a field."""
    content = copy.deepcopy(item)
    for key, value in values.items():
        part, _, field = key.rpartition("__")
        target = content["rows"][0] if part == "row" else content[part] if part else content
        if value is ...:
            del target[field]
        else:
            target[field] = value
    return content


def row(debit="0.00", credit="0.00"):
    return {"account": "4010", "unit": "", "debit": debit, "credit": credit}
