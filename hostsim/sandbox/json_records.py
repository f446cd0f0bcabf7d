"""Records of registers, supplier invoices, years and set-up from JSON: for files and for changes.

Records and supplier invoices have Fortnox's field names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from hostsim.sandbox import validation
from hostsim.sandbox.errors import Refused
from hostsim.sandbox.fields import parse_changes
from hostsim.sandbox.registers import FinancialYear, Registers, SetUp, SupplierInvoice
from hostsim.sandbox.resources.accounts import ACCOUNTS
from hostsim.sandbox.resources.customers import CUSTOMERS, merge_customer
from hostsim.sandbox.resources.read_only_registers import (
    ARTICLES,
    COST_CENTERS,
    CURRENCIES,
    MODES_OF_PAYMENT,
    PRICE_LISTS,
    PROJECTS,
    TERMS_OF_DELIVERIES,
    TERMS_OF_PAYMENT,
    UNITS,
)
from hostsim.sandbox.resources.register_resource import Register
from hostsim.sandbox.resources.suppliers import SUPPLIERS
from hostsim.sandbox.supplier_invoicing import FIELDS, READ_ONLY
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.validation import Validator

Content = Mapping[str, Any]

REGISTERS: Mapping[str, Register] = {
    register.name: register
    for register in (
        ACCOUNTS, ARTICLES, COST_CENTERS, CURRENCIES, CUSTOMERS, MODES_OF_PAYMENT, PRICE_LISTS,
        PROJECTS, SUPPLIERS, TERMS_OF_DELIVERIES, TERMS_OF_PAYMENT, UNITS,
    )
}  # fmt: skip

NAMES = validation.choice(*REGISTERS)


def put(registers: Registers, name: str, content: Content, now: datetime) -> None:
    """Add a record, or change the given fields of an existing one.

    An account with a ``Year`` is only in the chart of that financial year.
    Raises ``ValueError`` with a message.
    """
    register = REGISTERS[validation.validate("register", NAMES, name)]
    values = _parse_fields(register, content)
    if register.key not in values:
        raise validation.ValidationError(f"record needs {register.key}")
    key, year = str(values[register.key]), values.get("Year")
    if name == "customers":
        values = merge_customer(registers.get(name, key) or {}, values)
    if name == "accounts" and year is not None:
        values = {**(registers.get(name, key) or {}), **values}
        key = f"{key}@{year}"
    registers.put(name, key, values, now)


def _parse_fields(register: Register, content: Content) -> dict[str, Any]:
    """Parse the fields of a record; ``null`` and an empty text change nothing."""
    switches = Switches(read_only_fields="refused")

    def reader(name: str) -> Callable[[Any], Any]:
        return lambda value: parse_changes({name: value}, register.fields, switches)[name]

    fields = {
        name: Validator(field.description, reader(name)) for name, field in register.fields.items()
    }
    content_ = {name: value for name, value in content.items() if value not in (None, "")}
    validator = Validator("an object", partial(validation.read, fields))
    values: dict[str, Any] = validation.validate("record", validator, content_)
    return values


# --- Supplier invoices ---


def parse_supplier_invoice(content: object) -> SupplierInvoice:
    """Parse a supplier invoice. Raises ``ValueError`` with a message."""
    invoice: SupplierInvoice = validation.build(SupplierInvoice, content)
    try:
        fields = parse_changes(invoice.fields, FIELDS, Switches(), READ_ONLY)
    except Refused as refused:
        raise validation.ValidationError(f"fields: {refused.message}") from refused
    name = validation.validate("SupplierName", validation.TEXT, invoice.fields.get("SupplierName"))
    return replace(invoice, fields=fields | {"SupplierName": name})


# --- Years and set-up -------------------------------------------------------


#: Financial years; ``null`` for the calendar years.
YEARS = validation.validator_for(tuple[FinancialYear, ...] | None)

#: Fields of the set-up.
SET_UP = validation.Validator(
    "an object with fields of SetUp",
    lambda value: validation.read(validation.fields_of(SetUp), value),
)
