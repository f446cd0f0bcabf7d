"""The schema of supplier invoices.

A :class:`SupplierInvoice` is read from a response, and written into a request. Amounts of an
invoice's header are texts in Fortnox, those of its rows are numbers (its specification).
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
    Date,
    Digits,
    Flag,
    FortnoxSchema,
    Money,
    Number,
    PlainText,
    Reference,
    integer_in,
    load,
)

_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)

#: The code of the debt row, which Fortnox adds itself.
DEBT: Final = "TOT"


@dataclass(frozen=True, slots=True)
class SupplierInvoiceRow:
    """A row of the account coding; amounts in SEK and in the invoice's currency."""

    account: str
    debit: Decimal = _ZERO
    credit: Decimal = _ZERO
    debit_currency: Decimal = _ZERO
    credit_currency: Decimal = _ZERO
    code: str = ""


@dataclass(frozen=True, slots=True)
class SupplierInvoice:
    """A supplier invoice."""

    party_number: str
    """The supplier number."""
    invoice_number: str
    """The supplier's, as ``number`` is Fortnox's."""
    invoice_date: date
    due_date: date | None
    """``None`` if it was entered without one."""
    currency: str
    total: Decimal
    """With VAT, in the currency, as is ``vat``; negative for a credit."""
    vat: Decimal | None = None
    """``None`` in a list."""
    rows: tuple[SupplierInvoiceRow, ...] = ()
    currency_rate: Decimal | None = None
    """SEK for one unit of the currency; ``None`` for Fortnox's own."""
    currency_unit: Decimal = _ONE
    external_reference: str = ""
    """``ExternalInvoiceNumber``."""
    vat_type: str = "NORMAL"
    number: str = ""
    credit_reference: str = ""
    booked: bool = False
    cancelled: bool = False


# --- Schemas -----------------------------------------------------------------


class _TextAmount(Money):
    """An amount that is written as text."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return f"{value:f}"


class _RowSchema(FortnoxSchema):
    model = SupplierInvoiceRow

    account = PlainText(load_default="")
    debit = Number(load_default=_ZERO)
    credit = Number(load_default=_ZERO)
    debit_currency = Number(load_default=_ZERO)
    credit_currency = Number(load_default=_ZERO)
    code = PlainText(load_default="", load_only=True)

    @ma.post_dump
    def drop_other_side(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Write the account and the side that has an amount."""
        account = data.pop("Account")
        sides = {key: value for key, value in data.items() if value}
        number = integer_in(account)
        return {"Account": account if number is None else number, **sides}


class _SupplierInvoiceSchema(FortnoxSchema):
    model = SupplierInvoice

    party_number = PlainText(required=True, data_key="SupplierNumber")
    invoice_number = PlainText(load_default="")
    invoice_date = Date(required=True)
    due_date = Date(load_default=None)
    currency = PlainText(required=True)
    total = _TextAmount(required=True)
    vat = _TextAmount(load_default=None, data_key="VAT")
    rows = ma.fields.List(
        ma.fields.Nested(_RowSchema), load_default=list, data_key="SupplierInvoiceRows"
    )
    currency_rate = Number(load_default=None)
    currency_unit = Number(load_default=_ONE, load_only=True)
    external_reference = PlainText(load_default="", data_key="ExternalInvoiceNumber")
    vat_type = PlainText(load_default="", data_key="VATType")
    number = Digits(required=True, load_only=True, data_key="GivenNumber")
    credit_reference = Reference(load_default="", load_only=True)
    booked = Flag(required=True, load_only=True)
    cancelled = Flag(required=True, load_only=True)

    @ma.pre_load
    def name_cancelled(self, data: Any, **_: Any) -> Any:
        """Rename ``Cancel``, as a list calls it, to ``Cancelled``, as a detail does."""
        if isinstance(data, dict) and "Cancel" in data:
            return {"Cancelled": data["Cancel"]} | data
        return data

    def complete(self, data: dict[str, Any]) -> dict[str, Any]:
        return data | {"rows": tuple(data["rows"])}

    @ma.post_dump
    def name_rate(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data["CurrencyRate"] is None:
            del data["CurrencyRate"]
            return data
        return data | {"CurrencyRate": f"{data['CurrencyRate']:f}", "CurrencyUnit": 1}


_SUPPLIER_INVOICE: Final = _SupplierInvoiceSchema()

#: Reads one as Fortnox sends it, and raises :class:`Unreadable` with the fields to blame.
supplier_invoice_of: Final[Callable[[Any], SupplierInvoice]] = partial(load, _SUPPLIER_INVOICE)
supplier_invoice_payload: Final[Callable[[SupplierInvoice], dict[str, Any]]] = (
    _SUPPLIER_INVOICE.dump
)
