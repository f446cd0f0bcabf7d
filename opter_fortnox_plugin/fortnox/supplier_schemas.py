"""The schemas of suppliers and of their invoices.

A :class:`SupplierInvoice` and a :class:`Supplier` are both what Fortnox has, read from its answer,
and what it is to have, written into a request. Amounts of an invoice's head are texts in Fortnox,
those of its rows are numbers (its specification).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final

import marshmallow as ma

from opter_fortnox_plugin.fortnox.fields import (
    Amount,
    CardSchema,
    Day,
    Digits,
    Flag,
    FortnoxSchema,
    Money,
    Number,
    PlainText,
    Reference,
    load,
)

_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)

#: The code of the row of the debt, which Fortnox adds itself.
DEBT: Final = "TOT"


@dataclass(frozen=True, slots=True)
class SupplierInvoiceRow:
    """A row of the coding; the amounts in the invoice's currency stand beside those in SEK."""

    account: str
    debit: Decimal = _ZERO
    credit: Decimal = _ZERO
    debit_currency: Decimal = _ZERO
    credit_currency: Decimal = _ZERO
    code: str = ""


@dataclass(frozen=True, slots=True)
class SupplierInvoice:
    """A supplier invoice; ``given_number`` is Fortnox's, ``invoice_number`` the supplier's."""

    supplier_number: str
    invoice_number: str
    invoice_date: date
    due_date: date | None
    """``None`` where somebody typed it without one."""
    currency: str
    total: Decimal
    """With VAT, in the currency, as is ``vat``; negative for a credit."""
    vat: Decimal | None = None
    """``None`` in a list."""
    rows: tuple[SupplierInvoiceRow, ...] = ()
    currency_rate: Decimal | None = None
    """SEK for one unit of the currency; ``None`` for Fortnox's own."""
    currency_unit: Decimal = _ONE
    external_invoice_number: str = ""
    vat_type: str = "NORMAL"
    given_number: str = ""
    credit_reference: str = ""
    booked: bool = False
    cancelled: bool = False

    @property
    def number(self) -> str:
        return self.given_number

    @property
    def party_number(self) -> str:
        return self.supplier_number


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier's card; ``""`` is what it does not tell."""

    supplier_number: str
    name: str = ""
    organisation_number: str = ""
    vat_number: str = ""
    address1: str = ""
    zip_code: str = ""
    city: str = ""
    country_code: str = ""
    phone1: str = ""
    phone2: str = ""
    www: str = ""
    bankgiro: str = ""
    plusgiro: str = ""
    bank_account: str = ""
    clearing_number: str = ""
    iban: str = ""
    bic: str = ""
    vat_type: str = ""

    @property
    def number(self) -> str:
        return self.supplier_number


# --- Schemas -----------------------------------------------------------------


class _TextAmount(Money):
    """An amount that is written as text."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return f"{value:f}"


class _RowSchema(FortnoxSchema):
    model = SupplierInvoiceRow

    account = PlainText(load_default="")
    debit = Amount(load_default=_ZERO)
    credit = Amount(load_default=_ZERO)
    debit_currency = Amount(load_default=_ZERO)
    credit_currency = Amount(load_default=_ZERO)
    code = PlainText(load_default="", load_only=True)

    @ma.post_dump
    def drop_other_side(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Write the account and the side that has an amount."""
        account = data.pop("Account")
        sides = {key: value for key, value in data.items() if value}
        return {"Account": int(account) if account.isdecimal() else account, **sides}


class _SupplierInvoiceSchema(FortnoxSchema):
    model = SupplierInvoice

    supplier_number = PlainText(required=True)
    invoice_number = PlainText(load_default="")
    invoice_date = Day(required=True)
    due_date = Day(load_default=None)
    currency = PlainText(required=True)
    total = _TextAmount(required=True)
    vat = _TextAmount(load_default=None, data_key="VAT")
    rows = ma.fields.List(
        ma.fields.Nested(_RowSchema), load_default=list, data_key="SupplierInvoiceRows"
    )
    currency_rate = Amount(load_default=None)
    currency_unit = Number(load_default=_ONE, load_only=True)
    external_invoice_number = PlainText(load_default="")
    vat_type = PlainText(load_default="", data_key="VATType")
    given_number = Digits(required=True, load_only=True)
    credit_reference = Reference(load_default="", load_only=True)
    booked = Flag(required=True, load_only=True)
    cancelled = Flag(required=True, load_only=True)

    @ma.pre_load
    def name_cancelled(self, data: Any, **_: Any) -> Any:
        """Read what a list calls ``Cancel``, and a detail ``Cancelled``."""
        if isinstance(data, dict) and "Cancel" in data:
            return {"Cancelled": data["Cancel"]} | data
        return data

    def completed(self, data: dict[str, Any]) -> dict[str, Any]:
        return data | {"rows": tuple(data["rows"])}

    @ma.post_dump
    def name_rate(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data["CurrencyRate"] is None:
            del data["CurrencyRate"]
            return data
        return data | {"CurrencyRate": f"{data['CurrencyRate']:f}", "CurrencyUnit": 1}


class _SupplierSchema(CardSchema):
    model = Supplier

    supplier_number = PlainText(required=True)
    phone1 = PlainText(load_default="")
    phone2 = PlainText(load_default="")
    www = PlainText(load_default="", data_key="WWW")
    bankgiro = PlainText(load_default="", data_key="BG")
    plusgiro = PlainText(load_default="", data_key="PG")
    bank_account = PlainText(load_default="", data_key="BankAccountNumber")
    clearing_number = PlainText(load_default="")
    iban = PlainText(load_default="", data_key="IBAN")
    bic = PlainText(load_default="", data_key="BIC")


_SUPPLIER_INVOICE: Final = _SupplierInvoiceSchema()
_SUPPLIER: Final = _SupplierSchema()

# Each reads a thing as Fortnox sends it, and raises :class:`Unreadable` with the fields to blame.

supplier_invoice_of: Final[Callable[[Any], SupplierInvoice]] = partial(load, _SUPPLIER_INVOICE)
supplier_of: Final[Callable[[Any], Supplier]] = partial(load, _SUPPLIER)

# Each writes a thing as a request has it.

supplier_invoice_payload: Final[Callable[[SupplierInvoice], dict[str, Any]]] = (
    _SUPPLIER_INVOICE.dump
)
supplier_payload: Final[Callable[[Supplier], dict[str, Any]]] = _SUPPLIER.dump
