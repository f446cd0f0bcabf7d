"""Fortnox's JSON, checked at the door and turned into values.

Nothing but this module knows Fortnox's spelling of fields and its habits:
numbers that arrive as text, ``"API_NORIGHT"`` where a number should be, more
fields than were promised. What leaves is a frozen dataclass with
:class:`~decimal.Decimal` amounts, or :class:`Unreadable` with the names of the
fields that are to blame, never with their content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar, Final

import marshmallow as ma

from opter_contract.values import Company, InvoiceBalance, WriteOff

#: What Fortnox puts in the place of a value that a licence does not cover.
NO_RIGHT: Final = "API_NORIGHT"

#: No payment is larger; a longer number is a fault, and costly to compute with.
LARGEST: Final = Decimal(10) ** 13

_ORE: Final = Decimal("0.01")
#: What Fortnox may write as the currency of a write-off in SEK.
_IN_SEK: Final = ("", "SEK")
_ZERO: Final = Decimal("0.00")
#: Ten to this power: a smaller number is a fault too.
_SMALLEST: Final = -20
#: Left over from binary arithmetic, not a fraction of an öre.
_NOISE: Final = Decimal("0.000001")

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DIGITS = re.compile(r"\d{1,15}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)


class Unreadable(ValueError):
    """A row that cannot be read, and what is known of its payment all the same.

    :param fields: the names of the fields to blame, in Fortnox's spelling.
    :param no_right: whether Fortnox hid one of them from the person who signed in.
    :param known: the fields that could be read, by our names.
    """

    def __init__(
        self,
        fields: tuple[str, ...],
        *,
        no_right: bool = False,
        known: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields
        self.no_right = no_right
        known = known or {}
        self.number: str = known.get("number", "")
        self.amount: Decimal | None = known.get("amount")
        self.invoice_number: str | None = known.get("invoice_number")


# --- Values ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InvoicePayment:
    """A row of ``/3/invoicepayments`` or its detail, as Fortnox means it.

    ``amount`` is SEK; ``amount_currency`` is in ``currency`` and, like
    ``write_offs``, ``invoice_ocr`` and ``customer_number``, known from the detail only.
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


# --- Fields ------------------------------------------------------------------


class _Field(ma.fields.Field[Any]):
    """A field that Fortnox may hide."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if value == NO_RIGHT:
            raise ma.ValidationError(NO_RIGHT)
        try:
            return self.read(value)
        except ValueError as error:
            raise ma.ValidationError("cannot be read") from error

    def read(self, value: Any) -> Any:
        """Read a value.

        :raises ValueError: where it is not what it should be.
        """
        raise NotImplementedError


class _Number(_Field):
    """A number, or text that is one; finite and of a believable size."""

    def read(self, value: Any) -> Decimal:
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            value = Decimal(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValueError
        number = Decimal(value)
        if number.is_zero():
            return _ZERO
        # By its exponent first: to compute with an absurd one is an error of its own.
        if not number.is_finite() or not _SMALLEST <= number.adjusted() <= LARGEST.adjusted():
            raise ValueError
        if abs(number) >= LARGEST:
            raise ValueError
        return number


class _Money(_Number):
    """An amount, in whole hundredths wherever it is one but for noise."""

    def read(self, value: Any) -> Decimal:
        number = super().read(value)
        whole = number.quantize(_ORE)
        return whole if abs(whole - number) <= _NOISE else number


class _Sek(_Money):
    """An amount in SEK, which has no smaller unit than the öre."""

    def read(self, value: Any) -> Decimal:
        number = super().read(value)
        if not number.same_quantum(_ORE):
            raise ValueError
        return number


class _OptionalPositive(_Number):
    """A positive number, or ``None`` where there is no such."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Decimal | None:
        try:
            number = self.read(value)
        except ValueError:
            return None
        return number if number > 0 else None


class _Digits(_Field):
    """A document or record number, which Fortnox sends as text or as a number."""

    def read(self, value: Any) -> str:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not _DIGITS.fullmatch(text):
            raise ValueError
        return str(int(text))


class _Date(_Field):
    """``YYYY-MM-DD`` and nothing else."""

    def read(self, value: Any) -> date:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value)


class _Flag(_Field):
    """A truth value; Fortnox spells some of them as text."""

    def read(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise ValueError


class _FlagOrTrue(_Flag):
    """A truth value that is true where Fortnox does not tell: the detail will."""

    def deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        try:
            return self.read(value)
        except ValueError:
            return True


class _Currency(_Field):
    """Three letters."""

    def read(self, value: Any) -> str:
        text = value.strip().upper() if isinstance(value, str) else ""
        if len(text) != 3 or not (text.isascii() and text.isalpha()):
            raise ValueError
        return text


class _OptionalCurrency(_Currency):
    """Three letters, or ``""`` where Fortnox names no currency."""

    def read(self, value: Any) -> str:
        if value is None or (isinstance(value, str) and not value.strip()):
            return ""
        return super().read(value)


class _List(ma.fields.List[Any]):
    """A list, which Fortnox may hide as a whole."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if value == NO_RIGHT:
            raise ma.ValidationError(NO_RIGHT)
        return super()._deserialize(value, *args, **kwargs)


class _Label(_Field):
    """Text for a person, cut to what can be stored; ``""`` where it is hidden or no text."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        return self.read("" if value == NO_RIGHT else value)

    def read(self, value: Any) -> str:
        return plain(str(value)).strip() if isinstance(value, str | int) else ""


class _OcrOrEmpty(_Label):
    """An OCR reference as its digits, for the spaces are for the eye; ``""`` where it is none."""

    def read(self, value: Any) -> str:
        return digits_only(super().read(value))


class _Ocr(_OcrOrEmpty):
    """One that Fortnox hides is unreadable, since it is not one that is empty."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        if value == NO_RIGHT:
            raise ma.ValidationError(NO_RIGHT)
        return super()._deserialize(value, *args, **kwargs)


def digits_only(text: str) -> str:
    """Return an OCR reference as its digits, without spaces; ``""`` for one that is none."""
    bare = text.replace(" ", "")
    return bare if bare.isascii() and bare.isdigit() else ""


def plain(text: str, longest: int = 100) -> str:
    """Return text that any database and screen can take, shortened to ``longest``."""
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    whole = short.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character.isprintable() else " " for character in whole)


# --- Schemas -----------------------------------------------------------------


class _Fortnox(ma.Schema):
    """Fortnox writes ``PaymentDate`` where we write ``payment_date``, and null for nothing."""

    #: What a row becomes.
    model: ClassVar[type]

    class Meta:
        unknown = ma.EXCLUDE

    @ma.post_load
    def make_object(self, data: dict[str, Any], **_: Any) -> Any:
        return self.model(**self.completed(data))

    def completed(self, data: dict[str, Any]) -> dict[str, Any]:
        """Add what follows from other fields.

        :raises marshmallow.ValidationError: where they do not fit together.
        """
        return data

    def on_bind_field(self, field_name: str, field_obj: ma.fields.Field[Any]) -> None:
        if field_obj.data_key is None:
            field_obj.data_key = "".join(word.capitalize() for word in field_name.split("_"))

    @ma.pre_load
    def drop_nulls(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {key: value for key, value in data.items() if value is not None}


class _WriteOffSchema(_Fortnox):
    model = WriteOff

    amount = _Money(required=True)
    currency = _OptionalCurrency(load_default="")
    account = _Label(load_default="", data_key="AccountNumber")
    description = _Label(load_default="")

    def completed(self, data: dict[str, Any]) -> dict[str, Any]:
        if data["currency"] in _IN_SEK and not data["amount"].same_quantum(_ORE):
            raise ma.ValidationError("cannot be read", "Amount")
        return data


class _RowSchema(_Fortnox):
    """What the list and the detail have in common.

    Whatever else a list row carries is not relied on: sources disagree on it.
    """

    model = InvoicePayment

    number = _Digits(required=True)
    invoice_number = _Digits(required=True)
    date = _Date(required=True, data_key="PaymentDate")
    amount = _Sek(required=True)
    currency = _Currency(required=True)
    currency_rate = _OptionalPositive(load_default=None)
    currency_unit = _OptionalPositive(load_default=None)
    booked = _Flag(required=True)
    source = _Label(load_default="")


class _ListRowSchema(_RowSchema):
    write_off_exist = _FlagOrTrue(load_default=True)

    def completed(self, data: dict[str, Any]) -> dict[str, Any]:
        return data | {"amount_currency": None, "write_offs": (), "invoice_ocr": None}


class _DetailSchema(_RowSchema):
    amount_currency = _Money(load_default=None)
    write_offs = _List(ma.fields.Nested(_WriteOffSchema), load_default=list)
    invoice_ocr = _OcrOrEmpty(load_default="", data_key="InvoiceOCR")
    customer_number = _Label(load_default="", data_key="InvoiceCustomerNumber")

    def completed(self, data: dict[str, Any]) -> dict[str, Any]:
        if any(one.currency not in (*_IN_SEK, data["currency"]) for one in data["write_offs"]):
            raise ma.ValidationError("cannot be read", "WriteOffs.Currency")
        return data | {
            "write_offs": tuple(data["write_offs"]),
            "write_off_exist": bool(data["write_offs"]),
            "customer_number": data["customer_number"] or None,
        }


class _InvoiceSchema(_Fortnox):
    model = InvoiceOcr

    number = _Digits(required=True, data_key="DocumentNumber")
    ocr = _Ocr(load_default="", data_key="OCR")


class _BalanceSchema(_Fortnox):
    model = InvoiceBalance

    invoice_number = _Digits(required=True, data_key="DocumentNumber")
    ocr = _OcrOrEmpty(load_default="", data_key="OCR")
    customer_number = _Label(load_default="")
    currency = _Currency(required=True)
    total = _Money(required=True)
    balance = _Money(required=True)
    booked = _Flag(required=True)
    cancelled = _Flag(required=True)


class _CompanySchema(_Fortnox):
    model = Company

    number = _Digits(required=True, data_key="DatabaseNumber")
    name = _Label(load_default="", data_key="CompanyName")


def company_of(value: Any) -> Company | None:
    """Read ``DatabaseNumber`` and name of a company; ``None`` where there is no such number."""
    try:
        return _company(value)
    except Unreadable:
        return None


def _load(schema: ma.Schema, row: Any) -> Any:
    try:
        return schema.load(row)
    except ma.ValidationError as error:
        messages = error.messages_dict
        raise Unreadable(
            tuple(name for name in messages if name != "_schema"),
            no_right=NO_RIGHT in repr(messages),
            known=error.valid_data if isinstance(error.valid_data, dict) else {},
        ) from None


# Each reads a row as Fortnox sends it, and raises :class:`Unreadable` with the fields to blame.

payment_row: Final[Callable[[Any], InvoicePayment]] = partial(_load, _ListRowSchema())
payment_detail: Final[Callable[[Any], InvoicePayment]] = partial(_load, _DetailSchema())
#: From an invoice's row in the list, or its detail.
invoice_ocr: Final[Callable[[Any], InvoiceOcr]] = partial(_load, _InvoiceSchema())
invoice_balance: Final[Callable[[Any], InvoiceBalance]] = partial(_load, _BalanceSchema())
_company: Final[Callable[[Any], Company]] = partial(_load, _CompanySchema())
