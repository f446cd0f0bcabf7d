"""The schemas of payments, OCR references, balances and companies.

Each loads into a frozen dataclass with :class:`~decimal.Decimal` amounts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final

import marshmallow as ma

from opter_contract.values import Company, InvoiceBalance, WriteOff
from opter_fortnox_plugin.fortnox.fields import (
    ORE,
    Currency,
    Date,
    Digits,
    Flag,
    FlagOrTrue,
    FortnoxSchema,
    Label,
    List,
    Money,
    Ocr,
    OcrOrEmpty,
    OptionalCurrency,
    OptionalPositive,
    Sek,
    Unreadable,
    load,
)

#: What Fortnox may write as the currency of a write-off in SEK.
_IN_SEK: Final = ("", "SEK")

# --- Values ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InvoicePayment:
    """A row of ``/3/invoicepayments`` or its detail.

    ``amount`` is SEK; ``amount_currency`` is in ``currency`` and, like
    ``write_offs``, ``invoice_ocr`` and ``customer_number``, known only from the detail.
    """

    number: str
    invoice_number: str
    date: date
    amount: Decimal
    currency: str
    currency_rate: Decimal | None
    currency_unit: Decimal | None
    booked: bool
    source: str
    write_off_exist: bool
    amount_currency: Decimal | None
    write_offs: tuple[WriteOff, ...]
    invoice_ocr: str | None
    customer_number: str | None = None


@dataclass(frozen=True, slots=True)
class InvoiceOcr:
    """Number and OCR reference of a row of ``/3/invoices``."""

    number: str
    ocr: str


# --- Schemas -----------------------------------------------------------------


class _WriteOffSchema(FortnoxSchema):
    model = WriteOff

    amount = Money(required=True)
    currency = OptionalCurrency(load_default="")
    account = Label(load_default="", data_key="AccountNumber")
    description = Label(load_default="")

    def complete(self, data: dict[str, Any]) -> dict[str, Any]:
        if data["currency"] in _IN_SEK and not data["amount"].same_quantum(ORE):
            raise ma.ValidationError("cannot be read", "Amount")
        return data


class _RowSchema(FortnoxSchema):
    """The fields that the list and the detail have in common.

    Whatever else a list row carries is not relied on: sources disagree on it.
    """

    model = InvoicePayment

    number = Digits(required=True)
    invoice_number = Digits(required=True)
    date = Date(required=True, data_key="PaymentDate")
    amount = Sek(required=True)
    currency = Currency(required=True)
    currency_rate = OptionalPositive(load_default=None)
    currency_unit = OptionalPositive(load_default=None)
    booked = Flag(required=True)
    source = Label(load_default="")


class _ListRowSchema(_RowSchema):
    write_off_exist = FlagOrTrue(load_default=True)

    def complete(self, data: dict[str, Any]) -> dict[str, Any]:
        return data | {"amount_currency": None, "write_offs": (), "invoice_ocr": None}


class _DetailSchema(_RowSchema):
    amount_currency = Money(load_default=None)
    write_offs = List(ma.fields.Nested(_WriteOffSchema), load_default=list)
    invoice_ocr = OcrOrEmpty(load_default="", data_key="InvoiceOCR")
    customer_number = Label(load_default="", data_key="InvoiceCustomerNumber")

    def complete(self, data: dict[str, Any]) -> dict[str, Any]:
        if any(
            write_off.currency not in (*_IN_SEK, data["currency"])
            for write_off in data["write_offs"]
        ):
            raise ma.ValidationError("cannot be read", "WriteOffs.Currency")
        return data | {
            "write_offs": tuple(data["write_offs"]),
            "write_off_exist": bool(data["write_offs"]),
            "customer_number": data["customer_number"] or None,
        }


class _InvoiceSchema(FortnoxSchema):
    model = InvoiceOcr

    number = Digits(required=True, data_key="DocumentNumber")
    ocr = Ocr(load_default="", data_key="OCR")


class _BalanceSchema(FortnoxSchema):
    model = InvoiceBalance

    invoice_number = Digits(required=True, data_key="DocumentNumber")
    ocr = OcrOrEmpty(load_default="", data_key="OCR")
    customer_number = Label(load_default="")
    currency = Currency(required=True)
    total = Money(required=True)
    balance = Money(required=True)
    booked = Flag(required=True)
    cancelled = Flag(required=True)


class _CompanySchema(FortnoxSchema):
    model = Company

    number = Digits(required=True, data_key="DatabaseNumber")
    name = Label(load_default="", data_key="CompanyName")


def company_of(value: Any) -> Company | None:
    """Read ``DatabaseNumber`` and name of a company; ``None`` if there is none."""
    try:
        return _company(value)
    except Unreadable:
        return None


# Each reads a row as Fortnox sends it, and raises :class:`Unreadable` with the fields to blame.

payment_row: Final[Callable[[Any], InvoicePayment]] = partial(load, _ListRowSchema())
payment_detail: Final[Callable[[Any], InvoicePayment]] = partial(load, _DetailSchema())
#: From an invoice's row in the list, or its detail.
invoice_ocr: Final[Callable[[Any], InvoiceOcr]] = partial(load, _InvoiceSchema())
invoice_balance: Final[Callable[[Any], InvoiceBalance]] = partial(load, _BalanceSchema())
_company: Final[Callable[[Any], Company]] = partial(load, _CompanySchema())
