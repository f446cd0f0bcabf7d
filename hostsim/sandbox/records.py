"""Records of registers from JSON, by Fortnox's field names: for files and for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hostsim.sandbox.errors import Refused
from hostsim.sandbox.fields import changes, day_of, stored_amount
from hostsim.sandbox.registers import FinancialYear, Registers, SetUp, SupplierInvoice
from hostsim.sandbox.resources.accounts import ACCOUNTS
from hostsim.sandbox.resources.articles import ARTICLES
from hostsim.sandbox.resources.cost_centers import COST_CENTERS
from hostsim.sandbox.resources.currencies import CURRENCIES
from hostsim.sandbox.resources.customers import CUSTOMERS, merged
from hostsim.sandbox.resources.named import PRICE_LISTS, TERMS_OF_DELIVERIES, UNITS
from hostsim.sandbox.resources.projects import PROJECTS
from hostsim.sandbox.resources.register import Register
from hostsim.sandbox.resources.suppliers import SUPPLIERS
from hostsim.sandbox.resources.terms_of_payment import TERMS_OF_PAYMENT
from hostsim.sandbox.supplier_invoicing import FIELDS, READ_ONLY
from hostsim.sandbox.switches import Switches

Content = Mapping[str, Any]

REGISTERS: Mapping[str, Register] = {
    one.name: one
    for one in (
        ACCOUNTS, ARTICLES, COST_CENTERS, CURRENCIES, CUSTOMERS, PRICE_LISTS, PROJECTS, SUPPLIERS,
        TERMS_OF_DELIVERIES, TERMS_OF_PAYMENT, UNITS,
    )
}  # fmt: skip


def register_of(name: object) -> str:
    if name not in REGISTERS:
        raise ValueError(f"{name!r} is not a register; there are {', '.join(REGISTERS)}")
    return str(name)


def put(registers: Registers, name: str, content: Content, now: datetime) -> None:
    """Add a record, or change the fields that are given of the one that is there.

    An account with a ``Year`` is in the chart of that financial year alone.
    Raises ``ValueError`` with a sentence.
    """
    register = REGISTERS[register_of(name)]
    try:
        given = changes(content, register.fields, Switches(read_only_fields="refused"))
    except Refused as refused:
        raise ValueError(f"{name}: {refused.message} {dict(content)}") from refused
    if register.key not in given:
        raise ValueError(f"{name}: {register.key} is missing; {dict(content)}")
    key, year = str(given[register.key]), given.get("Year")
    if name == "customers":
        given = merged(registers.get(name, key) or {}, given)
    if name == "accounts" and year is not None:
        given = {**(registers.get(name, key) or {}), **given}
        key = f"{key}@{year}"
    registers.put(name, key, given, now)


def delete(registers: Registers, name: str, key: str) -> None:
    """Delete a record. Raises ``LookupError`` where there is none."""
    registers.delete(register_of(name), key)


def listed(registers: Registers) -> dict[str, list[dict[str, Any]]]:
    """Return every record, as :func:`put` reads it."""
    return {
        name: [plain(entry.fields) for entry in registers.of(name).values()] for name in REGISTERS
    }


# --- Supplier invoices ---


def put_supplier_invoice(registers: Registers, content: Content) -> None:
    """Add a supplier invoice as :func:`supplier_invoices_listed` has it.

    Raises ``ValueError`` with a sentence.
    """
    own, sent = dict(content), content.get("fields")
    try:
        fields = changes(sent, FIELDS, Switches(), READ_ONLY)
        own["fields"] = fields | {"SupplierName": str(content["fields"]["SupplierName"])}
        own["modified"] = datetime.fromisoformat(content["modified"])
        if content.get("final_pay_date"):
            own["final_pay_date"] = day_of(content["final_pay_date"])
        invoice = SupplierInvoice(**own)
    except Refused as refused:
        raise ValueError(f"supplier invoice: {refused.message} {dict(content)}") from refused
    except (KeyError, TypeError) as error:
        raise ValueError(f"supplier invoice: {error}; {dict(content)}") from error
    registers.supplier_invoices[invoice.number] = invoice
    registers.last_supplier_invoice = max(registers.last_supplier_invoice, invoice.number)
    voucher = (invoice.voucher or {}).get("Number", 0)
    registers.last_supplier_voucher = max(registers.last_supplier_voucher, voucher)


def supplier_invoices_listed(registers: Registers) -> list[dict[str, Any]]:
    return [plain(vars(invoice)) for invoice in registers.supplier_invoices.values()]


# --- Years and set-up -------------------------------------------------------


def years_of(content: Any) -> tuple[FinancialYear, ...] | None:
    """Read financial years; ``null`` for the calendar years. Raises ``ValueError``."""
    if content is None:
        return None
    if not isinstance(content, list):
        raise ValueError("years is a list, or null")
    try:
        return tuple(
            FinancialYear(
                int(year["id"]),
                day_of(year["first"]),
                day_of(year["last"]),
                str(year.get("method", "ACCRUAL")),
            )
            for year in content
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("a year has id, first and last, and may have method") from error


def years_listed(registers: Registers) -> list[dict[str, Any]] | None:
    years = registers.years
    return None if years is None else [plain(vars(year)) for year in years]


#: How each field of the set-up is read.
SET_UP: Mapping[str, Any] = {
    "vat_rates": lambda value: tuple(map(stored_amount, value)),
    "freight": stored_amount,
    "administration_fee": stored_amount,
    "prices_with_vat": bool,
    "terms_of_payment": str,
    "sales_account": int,
    "method": str,
    "bankgiro": str,
    "email": str,
    "locked_until": lambda value: None if value is None else day_of(value),
    "lock_holds_for_integrations": bool,
    "lock_day": lambda value: None if value is None else int(value),
}


def set_up_of(content: Any) -> dict[str, Any]:
    """Read fields of the set-up. Raises ``ValueError`` with a sentence."""
    if not isinstance(content, Mapping):
        raise ValueError("set_up is an object")
    if unknown := [name for name in content if name not in SET_UP]:
        raise ValueError(f"{', '.join(unknown)}: the set-up has {', '.join(SET_UP)}")
    return {name: SET_UP[name](value) for name, value in content.items()}


def set_up_listed(set_up: SetUp) -> dict[str, Any]:
    return plain(vars(set_up))


def plain(fields: Content) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in fields.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, tuple | list):
        return [_plain_value(one) for one in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value
