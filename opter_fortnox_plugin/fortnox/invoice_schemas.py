"""The schemas of invoices, and of the registers that an invoice refers to.

An :class:`Invoice` is read from a response, and written into a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final

import marshmallow as ma

from opter_fortnox_plugin.fortnox.fields import (
    BLANK,
    Date,
    Digits,
    Flag,
    FortnoxSchema,
    Label,
    Money,
    Number,
    PlainText,
    Reference,
    integer_in,
    load,
    text_in,
)

_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """A row of an invoice; without an account it is text.

    ``price`` is without VAT, in the invoice's currency; ``vat`` in percent.
    """

    description: str
    account_number: str = ""
    price: Decimal = _ZERO
    delivered_quantity: Decimal = _ZERO
    vat: Decimal = _ZERO
    cost_center: str = ""
    discount: Decimal = _ZERO
    article_number: str = ""
    project: str = ""
    unit: str = ""
    row_id: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice. The fields from ``total`` on, which Fortnox decides, are never written."""

    number: str
    party_number: str
    """The customer number."""
    invoice_date: date
    due_date: date
    currency: str
    ocr: str
    rows: tuple[InvoiceRow, ...]
    currency_rate: Decimal | None = None
    """SEK for one unit of the currency; ``None`` for Fortnox's own."""
    currency_unit: Decimal = _ONE
    external_reference: str = ""
    """``ExternalInvoiceReference1``."""
    invoice_type: str = "INVOICE"
    credit_invoice_reference: str = ""
    vat_included: bool = False
    freight: Decimal = _ZERO
    administration_fee: Decimal = _ZERO
    total: Decimal = _ZERO
    round_off: Decimal = _ZERO
    booked: bool = False
    cancelled: bool = False
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """A row of a year's chart of accounts."""

    number: str
    active: bool
    description: str
    cost_center_settings: str
    """``ALLOWED``, ``MANDATORY`` or ``NOTALLOWED``; ``""`` if unknown."""


@dataclass(frozen=True, slots=True)
class FinancialYear:
    """A financial year, both days included."""

    id: str
    from_date: date
    to_date: date


# --- Schemas -----------------------------------------------------------------


class _InvoiceRowSchema(FortnoxSchema):
    model = InvoiceRow

    description = PlainText(load_default="")
    account_number = PlainText(load_default="")
    price = Number(load_default=_ZERO)
    delivered_quantity = Number(load_default=_ZERO)
    vat = Number(load_default=_ZERO, data_key="VAT")
    cost_center = PlainText(load_default="")
    discount = Number(load_default=_ZERO)
    article_number = PlainText(load_default="")
    project = PlainText(load_default="")
    unit = PlainText(load_default="")
    row_id = PlainText(load_default="")

    def complete(self, data: dict[str, Any]) -> dict[str, Any]:
        if data["account_number"] == "0":
            data["account_number"] = ""
        return data

    @ma.post_dump
    def name_every_field(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Write every field, so that none comes from the customer record or from an earlier row."""
        data["DeliveredQuantity"] = f"{data['DeliveredQuantity']:f}"
        data["DiscountType"] = "PERCENT"
        data["CostCenter"] = data["CostCenter"] or BLANK
        row_id, account = (integer_in(data.pop(key)) for key in ("RowId", "AccountNumber"))
        optional = {key: data.pop(key) or BLANK for key in ("ArticleNumber", "Project", "Unit")}
        if row_id is not None:
            data |= optional | {"RowId": row_id, "HouseWork": False}
        if account is not None or row_id is not None:
            data["AccountNumber"] = account or 0
        return data


class _InvoiceSchema(FortnoxSchema):
    model = Invoice

    number = Digits(required=True, data_key="DocumentNumber")
    party_number = PlainText(required=True, data_key="CustomerNumber")
    invoice_date = Date(required=True)
    due_date = Date(required=True)
    currency = PlainText(required=True)
    ocr = PlainText(load_default="", data_key="OCR")
    rows = ma.fields.List(
        ma.fields.Nested(_InvoiceRowSchema), load_default=list, data_key="InvoiceRows"
    )
    currency_rate = Number(load_default=None)
    currency_unit = Number(load_default=_ONE, load_only=True)
    external_reference = PlainText(load_default="", data_key="ExternalInvoiceReference1")
    invoice_type = PlainText(load_default="")
    credit_invoice_reference = Reference(load_default="")
    vat_included = Flag(load_default=False, data_key="VATIncluded")
    freight = Number(load_default=_ZERO)
    administration_fee = Number(load_default=_ZERO)
    total = Money(required=True, load_only=True)
    round_off = Money(load_default=_ZERO, load_only=True)
    booked = Flag(required=True, load_only=True)
    cancelled = Flag(required=True, load_only=True)
    sent = Flag(load_default=False, load_only=True)

    def complete(self, data: dict[str, Any]) -> dict[str, Any]:
        return data | {"rows": tuple(data["rows"])}

    @ma.post_dump
    def drop_unset(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data["CurrencyRate"] is not None:
            data["CurrencyUnit"] = 1
        return {key: value for key, value in data.items() if value not in (None, "")}


class _AccountSchema(FortnoxSchema):
    model = Account

    number = PlainText(required=True)
    active = Flag(load_default=True)
    description = Label(load_default="")
    cost_center_settings = PlainText(load_default="")


class _FinancialYearSchema(FortnoxSchema):
    model = FinancialYear

    id = PlainText(required=True)
    from_date = Date(required=True)
    to_date = Date(required=True)


_INVOICE: Final = _InvoiceSchema()

# Each reads a thing as Fortnox sends it, and raises :class:`Unreadable` with the fields to blame.

invoice_of: Final[Callable[[Any], Invoice]] = partial(load, _INVOICE)
account_of: Final[Callable[[Any], Account]] = partial(load, _AccountSchema())
year_of: Final[Callable[[Any], FinancialYear]] = partial(load, _FinancialYearSchema())

invoice_payload: Final[Callable[[Invoice], dict[str, Any]]] = _INVOICE.dump


def changed_payload(invoice: Invoice) -> dict[str, Any]:
    """Write an invoice as a request to change it has it: nothing of before is left."""
    payload = dict(_INVOICE.dump(invoice))
    del payload["DocumentNumber"]
    if invoice.currency == "SEK":
        payload |= {"CurrencyRate": 1, "CurrencyUnit": 1}
    blank = {"CreditInvoiceReference": BLANK, "CostCenter": BLANK, "Project": BLANK}
    return blank | payload


def number_in(row: Any) -> int | None:
    """Return the number of an invoice by its row in a list, whatever else it has."""
    return integer_in(text_in(row, "DocumentNumber"))


def code_in(value: Any) -> str:
    """Return the code of a currency or an active cost centre; ``""`` for none."""
    active = isinstance(value, Mapping) and value.get("Active") is not False
    return text_in(value, "Code") if active else ""
