"""The schemas of invoices, customers, and the registers that an invoice refers to.

An :class:`Invoice` and a :class:`Customer` are both what Fortnox has, read from its answer, and
what it is to have, written into a request.
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
    Amount,
    CardSchema,
    Day,
    Digits,
    Flag,
    FortnoxSchema,
    Label,
    Money,
    Number,
    PlainText,
    Reference,
    load,
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
    """An invoice. What Fortnox alone decides, from ``total`` on, is never written."""

    document_number: str
    customer_number: str
    invoice_date: date
    due_date: date
    currency: str
    ocr: str
    rows: tuple[InvoiceRow, ...]
    currency_rate: Decimal | None = None
    """SEK for one unit of the currency; ``None`` for Fortnox's own."""
    currency_unit: Decimal = _ONE
    external_invoice_reference1: str = ""
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

    @property
    def number(self) -> str:
        return self.document_number

    @property
    def party_number(self) -> str:
        return self.customer_number


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer's card; ``""`` is what it does not tell."""

    customer_number: str
    name: str = ""
    organisation_number: str = ""
    vat_number: str = ""
    address1: str = ""
    zip_code: str = ""
    city: str = ""
    country_code: str = ""
    email: str = ""
    vat_type: str = ""

    @property
    def number(self) -> str:
        return self.customer_number


@dataclass(frozen=True, slots=True)
class Account:
    """A row of a year's chart of accounts."""

    number: str
    active: bool
    description: str
    cost_center_settings: str
    """``ALLOWED``, ``MANDATORY`` or ``NOTALLOWED``; ``""`` where untold."""


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
    price = Amount(load_default=_ZERO)
    delivered_quantity = Amount(load_default=_ZERO)
    vat = Amount(load_default=_ZERO, data_key="VAT")
    cost_center = PlainText(load_default="")
    discount = Amount(load_default=_ZERO)
    article_number = PlainText(load_default="")
    project = PlainText(load_default="")
    unit = PlainText(load_default="")
    row_id = PlainText(load_default="")

    def completed(self, data: dict[str, Any]) -> dict[str, Any]:
        if data["account_number"] == "0":
            data["account_number"] = ""
        return data

    @ma.post_dump
    def name_every_field(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Leave nothing to the customer's card, nor to what stood in the row before."""
        data["DeliveredQuantity"] = f"{data['DeliveredQuantity']:f}"
        data["DiscountType"] = "PERCENT"
        data["CostCenter"] = data["CostCenter"] or BLANK
        row_id, account = data.pop("RowId"), data.pop("AccountNumber")
        others = {key: data.pop(key) or BLANK for key in ("ArticleNumber", "Project", "Unit")}
        if row_id.isdecimal():
            data |= others | {"RowId": int(row_id), "HouseWork": False}
        if account.isdecimal() or row_id.isdecimal():
            data["AccountNumber"] = int(account) if account.isdecimal() else 0
        return data


class _InvoiceSchema(FortnoxSchema):
    model = Invoice

    document_number = Digits(required=True)
    customer_number = PlainText(required=True)
    invoice_date = Day(required=True)
    due_date = Day(required=True)
    currency = PlainText(required=True)
    ocr = PlainText(load_default="", data_key="OCR")
    rows = ma.fields.List(
        ma.fields.Nested(_InvoiceRowSchema), load_default=list, data_key="InvoiceRows"
    )
    currency_rate = Amount(load_default=None)
    currency_unit = Number(load_default=_ONE, load_only=True)
    external_invoice_reference1 = PlainText(load_default="")
    invoice_type = PlainText(load_default="")
    credit_invoice_reference = Reference(load_default="")
    vat_included = Flag(load_default=False, data_key="VATIncluded")
    freight = Amount(load_default=_ZERO)
    administration_fee = Amount(load_default=_ZERO)
    total = Money(required=True, load_only=True)
    round_off = Money(load_default=_ZERO, load_only=True)
    booked = Flag(required=True, load_only=True)
    cancelled = Flag(required=True, load_only=True)
    sent = Flag(load_default=False, load_only=True)

    def completed(self, data: dict[str, Any]) -> dict[str, Any]:
        return data | {"rows": tuple(data["rows"])}

    @ma.post_dump
    def drop_unset(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data["CurrencyRate"] is not None:
            data["CurrencyUnit"] = 1
        return {key: value for key, value in data.items() if value not in (None, "")}


class _CustomerSchema(CardSchema):
    model = Customer

    customer_number = PlainText(required=True)
    email = PlainText(load_default="")
    vat_type = PlainText(load_default="", data_key="VATType")


class _AccountSchema(FortnoxSchema):
    model = Account

    number = PlainText(required=True)
    active = Flag(load_default=True)
    description = Label(load_default="")
    cost_center_settings = PlainText(load_default="")


class _FinancialYearSchema(FortnoxSchema):
    model = FinancialYear

    id = PlainText(required=True)
    from_date = Day(required=True)
    to_date = Day(required=True)


_INVOICE: Final = _InvoiceSchema()
_CUSTOMER: Final = _CustomerSchema()

# Each reads a thing as Fortnox sends it, and raises :class:`Unreadable` with the fields to blame.

invoice_of: Final[Callable[[Any], Invoice]] = partial(load, _INVOICE)
customer_of: Final[Callable[[Any], Customer]] = partial(load, _CUSTOMER)
account_of: Final[Callable[[Any], Account]] = partial(load, _AccountSchema())
year_of: Final[Callable[[Any], FinancialYear]] = partial(load, _FinancialYearSchema())

# Each writes a thing as a request has it.

invoice_payload: Final[Callable[[Invoice], dict[str, Any]]] = _INVOICE.dump
customer_payload: Final[Callable[[Customer], dict[str, Any]]] = _CUSTOMER.dump


def changed_payload(invoice: Invoice) -> dict[str, Any]:
    """Write an invoice as a request to change it has it: nothing of before is left."""
    payload = dict(_INVOICE.dump(invoice))
    del payload["DocumentNumber"]
    if invoice.currency == "SEK":
        payload |= {"CurrencyRate": 1, "CurrencyUnit": 1}
    blank = {"CreditInvoiceReference": BLANK, "CostCenter": BLANK, "Project": BLANK}
    return blank | payload


def code_in(value: Any) -> str:
    """Return the code of a currency or an active cost centre; ``""`` for none."""
    if not isinstance(value, Mapping) or value.get("Active") is False:
        return ""
    code = value.get("Code")
    return code.strip() if isinstance(code, str) else ""
