"""Books from a JSON file, with the sandbox's field names rather than Fortnox's.

::

    {"companies": [{"number": 1, "name": "Ett AB",
                    "invoices": [{"number": 1001, "total": "1000.00",
                                  "invoice_date": "2026-01-02", "due_date": "2026-02-01"}],
                    "payments": [{"invoice_number": 1001, "amount": "1000.00",
                                  "payment_date": "2026-01-30", "booked": true}]}],
     "users": [{"name": "demo", "password": "demo"}]}

Field names are those of :class:`~hostsim.sandbox.values.Invoice`,
:class:`~hostsim.sandbox.values.Payment` and so on. Amounts may be texts or
numbers, dates are ``YYYY-MM-DD``, times carry their zone.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hostsim.sandbox import json_records, validation
from hostsim.sandbox.company import Company
from hostsim.sandbox.errors import Refused
from hostsim.sandbox.fields import parse_changes
from hostsim.sandbox.invoice_fields import FIELDS, ROW
from hostsim.sandbox.invoicing import READ_ONLY
from hostsim.sandbox.scopes import SCOPES
from hostsim.sandbox.state import State
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.values import Invoice, InvoiceRow, Payment

Record = TypeVar("Record", Invoice, InvoiceRow, Payment)

#: Attributes of a company beside its books.
DETAILS = ("organisation_number", "address", "zip_code", "city")


def from_json(path: Path | str) -> State:
    """Read companies, books and users from a UTF-8 file.

    Raises ``ValueError`` with a message that names the invalid record.
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


#: Its books.
BOOKS = ("invoices", "payments", "registers", "supplier_invoices", "set_up", "financial_years")


def _fill(company: Company, content: Mapping[str, Any]) -> None:
    for name, entries in content.get("registers", {}).items():
        for entry in entries:
            json_records.put(company.registers, name, entry, company.clock.now())
    for bill in _read_list("supplier_invoices", content, json_records.parse_supplier_invoice):
        company.registers.put_supplier_invoice(bill)
    set_up = validation.validate("set_up", json_records.SET_UP, content.get("set_up", {}))
    company.registers.change_set_up(**set_up)
    years = content.get("financial_years")
    company.registers.years = validation.validate("financial_years", json_records.YEARS, years)
    for invoice in _read_list("invoices", content, partial(build_record, Invoice)):
        company.add_invoice(invoice)
    for payment in _read_list("payments", content, partial(build_record, Payment)):
        company.add_payment(payment)


def _read_list(
    name: str, content: Mapping[str, Any], read: Callable[[Any], Any]
) -> tuple[Any, ...]:
    values: tuple[Any, ...] = validation.validate(
        name, validation.list_of(validation.Validator("an object", read)), content.get(name, [])
    )
    return values


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
    scopes = content.get(name, [])
    if not isinstance(scopes, list) or not set(map(str, scopes)) <= SCOPES.keys():
        raise ValueError(f"{name} of a user is a list of scopes; there are {', '.join(SCOPES)}")
    return scopes


def build_record(kind: type[Record], content: object) -> Record:
    """Build a record. Raises ``ValueError`` with a message that names the invalid field."""
    return kind(**parse_fields(kind, content, validation.required_fields(kind)))


def parse_fields(
    kind: type[Record], content: object, needed: Collection[str] = ()
) -> dict[str, Any]:
    """Parse some fields of a record. Raises ``ValueError`` with a message."""
    values = validation.read(validation.fields_of(kind), content, needed)
    rows = tuple(
        dataclasses.replace(row, **_parse_fortnox_fields(InvoiceRow, vars(row)))
        for row in values.get("rows", ())
    )
    return values | ({"rows": rows} if rows else {}) | _parse_fortnox_fields(kind, values)


def _parse_fortnox_fields(kind: type[Record], values: Mapping[str, Any]) -> dict[str, Any]:
    """Parse the fields with Fortnox's names, so that amounts and dates have their types."""
    name, validators = {Invoice: ("written", FIELDS), InvoiceRow: ("fields", ROW)}.get(
        kind, ("", {})
    )
    if not values.get(name):
        return {}
    written = values[name].items()
    unparsed = {key: value for key, value in written if key in READ_ONLY or value in (None, "")}
    try:
        return {
            name: {**parse_changes(values[name], validators, Switches(), READ_ONLY), **unparsed}
        }
    except Refused as refused:
        raise validation.ValidationError(f"{name}: {refused.message}") from refused


def to_json(company: Company) -> dict[str, Any]:
    """Return a company and its books as :func:`from_json` reads them, defaults included."""
    registers = company.registers
    content: dict[str, Any] = _to_plain(
        {
            "number": company.number,
            "name": company.name,
            **{name: getattr(company, name) for name in DETAILS},
            "invoices": company.invoices(),
            "payments": company.payments(),
            "registers": {
                name: [entry.fields for entry in registers.entries[name].values()]
                for name in json_records.REGISTERS
            },
            "supplier_invoices": list(registers.supplier_invoices.values()),
            "set_up": registers.set_up,
            "financial_years": registers.years,
        }
    )
    return content


def _to_plain(value: Any) -> Any:
    """Return records and values in JSON's types; amounts as texts."""
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: _to_plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, Mapping):
        return {name: _to_plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_to_plain(item) for item in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value
