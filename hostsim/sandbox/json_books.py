"""Books from a JSON file, in our own words rather than Fortnox's.

::

    {"companies": [{"number": 1, "name": "Ett AB",
                    "invoices": [{"number": 1001, "total": "1000.00",
                                  "invoice_date": "2026-01-02", "due_date": "2026-02-01"}],
                    "payments": [{"invoice_number": 1001, "amount": "1000.00",
                                  "payment_date": "2026-01-30", "booked": true}]}],
     "users": [{"name": "demo", "password": "demo"}]}

Field names are those of :class:`~hostsim.sandbox.state.Invoice`,
:class:`~hostsim.sandbox.state.Payment` and so on. Amounts may be texts or
numbers, dates are ``YYYY-MM-DD``, times carry their zone.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from hostsim.sandbox import records
from hostsim.sandbox.errors import Refused
from hostsim.sandbox.fields import changes, day_of, stored_amount
from hostsim.sandbox.invoice_fields import FIELDS, READ_ONLY, ROW
from hostsim.sandbox.pending_logins import SCOPES
from hostsim.sandbox.state import (
    Amounts,
    Company,
    Invoice,
    InvoiceRow,
    Payment,
    State,
    WriteOff,
)
from hostsim.sandbox.switches import Switches

Record = TypeVar("Record", Amounts, Invoice, InvoiceRow, Payment, WriteOff)

#: What a company has beside its books.
DETAILS = ("organisation_number", "address", "zip_code", "city")


def from_json(path: Path | str) -> State:
    """Read companies, books and users from a UTF-8 file.

    Raises ``ValueError`` with a sentence that names the record that is wrong.
    """
    with Path(path).open(encoding="utf-8") as file:
        content = json.load(file, parse_float=Decimal)
    if not isinstance(content, dict) or not content.get("companies"):
        raise ValueError(f"{path}: there must be an object with a list of companies")
    state = State()
    for company in content["companies"]:
        _add_company(state, company)
    for user in content.get("users") or []:
        _add_user(state, user)
    return state


def _add_company(state: State, content: Mapping[str, Any]) -> None:
    unknown = content.keys() - {"number", "name", *BOOKS, *DETAILS}
    if unknown or not {"number", "name"} <= content.keys():
        raise ValueError(
            f"a company has number and name, and not {', '.join(sorted(unknown)) or 'less'}"
        )
    details = {name: str(content[name]) for name in DETAILS if name in content}
    company = state.add_company(int(content["number"]), str(content["name"]), **details)
    _fill(company, content)


#: What else there is of a company.
BOOKS = (
    "invoices",
    "payments",
    "registers",
    "supplier_invoices",
    "set_up",
    "financial_years",
)


def _fill(company: Company, content: Mapping[str, Any]) -> None:
    for name, entries in content.get("registers", {}).items():
        for entry in entries:
            records.put(company.registers, name, entry, company.clock.now())
    for invoice in content.get("supplier_invoices", []):
        records.put_supplier_invoice(company.registers, invoice)
    company.registers.change_set_up(**records.set_up_of(content.get("set_up", {})))
    company.registers.years = records.years_of(content.get("financial_years"))
    for invoice in content.get("invoices", []):
        company.add_invoice(record(Invoice, invoice))
    for payment in content.get("payments", []):
        company.add_payment(record(Payment, payment))


def _add_user(state: State, content: Mapping[str, Any]) -> None:
    user = state.add_user(
        str(content["name"]),
        str(content["password"]),
        content.get("companies"),
        admin=bool(content.get("admin", True)),
        unlicensed=_scopes_of(content, "unlicensed"),
        forbidden=_scopes_of(content, "forbidden"),
    )
    state.shown_user = state.shown_user or user.name


def _scopes_of(content: Mapping[str, Any], name: str) -> list[str]:
    found = content.get(name, [])
    if not isinstance(found, list) or not set(map(str, found)) <= SCOPES.keys():
        raise ValueError(f"{name} of a user is a list of scopes; there are {', '.join(SCOPES)}")
    return found


def record(kind: type[Record], content: Mapping[str, Any]) -> Record:
    """Make a record. Raises ``ValueError`` with a sentence that names what is wrong."""
    fields = fields_of(kind, content)
    try:
        return kind(**fields)
    except TypeError as error:
        raise ValueError(f"{kind.__name__}: {error}; {dict(content)}") from error


def fields_of(kind: type[Record], content: Mapping[str, Any]) -> dict[str, Any]:
    """Read some fields of a record. Raises ``ValueError`` with a sentence."""
    types = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    try:
        values = {name: _value(types[name], value) for name, value in content.items()}
        return values | _fortnox_fields(kind, values)
    except KeyError as error:
        raise ValueError(f"{kind.__name__}: there is no field {error}; {dict(content)}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{kind.__name__}: {error}; {dict(content)}") from error


def _fortnox_fields(kind: type[Record], values: Mapping[str, Any]) -> dict[str, Any]:
    """Read again what is kept by Fortnox's names, so that amounts and dates are such."""
    name, known = {Invoice: ("written", FIELDS), InvoiceRow: ("fields", ROW)}.get(kind, ("", {}))
    if not values.get(name):
        return {}
    written = values[name].items()
    kept = {key: value for key, value in written if key in READ_ONLY or value in (None, "")}
    try:
        return {name: {**changes(values[name], known, Switches(), READ_ONLY), **kept}}
    except Refused as refused:
        raise ValueError(refused.message) from refused


def to_json(company: Company) -> dict[str, Any]:
    """Return a company and its books as :func:`from_json` reads them, defaults included."""
    return {
        "number": company.number,
        "name": company.name,
        **{name: getattr(company, name) for name in DETAILS},
        "invoices": [_written(row) for row in company.invoices()],
        "payments": [_written(row) for row in company.payments()],
        "registers": records.listed(company.registers),
        "supplier_invoices": records.supplier_invoices_listed(company.registers),
        "set_up": records.set_up_listed(company.registers.set_up),
        "financial_years": records.years_listed(company.registers),
    }


def _written(row: Amounts | Invoice | InvoiceRow | Payment | WriteOff) -> dict[str, Any]:
    return {field.name: _plain(getattr(row, field.name)) for field in dataclasses.fields(row)}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_written(row) for row in value]
    if isinstance(value, Amounts):
        return _written(value)
    if isinstance(value, Mapping):
        return records.plain(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def _value(declared: str, value: Any) -> Any:
    """Convert a JSON value to what a field declares; annotations are texts here."""
    optional = declared.endswith(" | None")
    if value is None and optional:
        return None
    if declared.startswith("tuple[WriteOff"):
        return tuple(record(WriteOff, row) for row in value)
    if declared.startswith("tuple[InvoiceRow"):
        return tuple(record(InvoiceRow, row) for row in value)
    if declared.startswith("Amounts"):
        return record(Amounts, value)
    if declared.startswith("Mapping"):
        return dict(value)
    return READERS[declared.removesuffix(" | None")](value)


def _of(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{value!r} is not a {kind.__name__}")
        return value

    return read


def _time(value: Any) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError(f"{value} has no zone")
    return at


READERS: Mapping[str, Callable[[Any], Any]] = {
    "Decimal": stored_amount,
    "date": day_of,
    "datetime": _time,
    "int": _of(int),
    "bool": _of(bool),
    "str": str,
}
