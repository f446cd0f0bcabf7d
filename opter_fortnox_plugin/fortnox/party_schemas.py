"""The schemas of customer and supplier records, read from responses and written into requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import marshmallow as ma

from opter_fortnox_plugin.fortnox.fields import FortnoxSchema, PlainText, load


@dataclass(frozen=True, slots=True)
class Party:
    """A customer or supplier; a field is ``""`` if unknown."""

    number: str
    name: str = ""
    organisation_number: str = ""
    vat_number: str = ""
    address1: str = ""
    zip_code: str = ""
    city: str = ""
    country_code: str = ""


@dataclass(frozen=True, slots=True)
class Customer(Party):
    """A customer."""

    email: str = ""
    vat_type: str = ""


@dataclass(frozen=True, slots=True)
class Supplier(Party):
    """A supplier."""

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
    """Neither read nor written."""


# --- Schemas -----------------------------------------------------------------


class _PartySchema(FortnoxSchema):
    name = PlainText(load_default="")
    organisation_number = PlainText(load_default="")
    vat_number = PlainText(load_default="", data_key="VATNumber")
    address1 = PlainText(load_default="")
    zip_code = PlainText(load_default="")
    city = PlainText(load_default="")
    country_code = PlainText(load_default="")

    @ma.post_dump
    def drop_empty(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Leave the fields that we do not know unchanged in Fortnox."""
        return {key: value for key, value in data.items() if value}


class _CustomerSchema(_PartySchema):
    model = Customer

    number = PlainText(required=True, data_key="CustomerNumber")
    email = PlainText(load_default="")
    vat_type = PlainText(load_default="", data_key="VATType")


class _SupplierSchema(_PartySchema):
    model = Supplier

    number = PlainText(required=True, data_key="SupplierNumber")
    phone1 = PlainText(load_default="")
    phone2 = PlainText(load_default="")
    www = PlainText(load_default="", data_key="WWW")
    bankgiro = PlainText(load_default="", data_key="BG")
    plusgiro = PlainText(load_default="", data_key="PG")
    bank_account = PlainText(load_default="", data_key="BankAccountNumber")
    clearing_number = PlainText(load_default="")
    iban = PlainText(load_default="", data_key="IBAN")
    bic = PlainText(load_default="", data_key="BIC")


_CUSTOMER: Final = _CustomerSchema()
_SUPPLIER: Final = _SupplierSchema()

# Each reads a record as Fortnox sends it, and raises :class:`Unreadable` with the fields to blame.

customer_of: Final[Callable[[Any], Customer]] = partial(load, _CUSTOMER)
supplier_of: Final[Callable[[Any], Supplier]] = partial(load, _SUPPLIER)

# Each returns the JSON of a record for a request.

customer_payload: Final[Callable[[Customer], dict[str, Any]]] = _CUSTOMER.dump
supplier_payload: Final[Callable[[Supplier], dict[str, Any]]] = _SUPPLIER.dump
