"""How Fortnox writes numbers, dates and truth values, and how they are read.

Numbers arrive as text, ``"API_NORIGHT"`` where a number should be, and more fields than were
promised. A row that cannot be read raises :class:`Unreadable`, which names the fields to blame but
never their content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final, TypeVar

import marshmallow as ma

from opter_fortnox_plugin.fortnox.protocol import plain

T = TypeVar("T")

#: What Fortnox sends instead of a value that a licence does not cover.
NO_RIGHT: Final = "API_NORIGHT"

#: Clears a field in a request; an empty text leaves it unchanged.
BLANK: Final = "API_BLANK"

#: No payment is larger; a longer number is an error, and costly to compute with.
MAX_NUMBER: Final = Decimal(10) ** 13

ORE: Final = Decimal("0.01")
_ZERO: Final = Decimal("0.00")
#: The exponent of the smallest plausible number.
_MIN_EXPONENT: Final = -20
#: Rounding noise of binary arithmetic, not a fraction of an öre.
_NOISE: Final = Decimal("0.000001")

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DIGITS = re.compile(r"\d{1,15}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)


class Unreadable(ValueError):
    """A row that cannot be read, and the fields of its payment that can.

    :param fields: the names of the unreadable fields, in Fortnox's spelling.
    :param no_right: whether Fortnox hid one of them from the login.
    :param readable: the fields that could be read, by our names.
    """

    def __init__(
        self,
        fields: tuple[str, ...],
        *,
        no_right: bool = False,
        readable: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields
        self.no_right = no_right
        readable = readable or {}
        self.number: str = readable.get("number", "")
        self.amount: Decimal | None = readable.get("amount")
        self.invoice_number: str | None = readable.get("invoice_number")


class Field(ma.fields.Field[Any]):
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

        :raises ValueError: if it is invalid.
        """
        raise NotImplementedError


class Number(Field):
    """A number, or text that is one; finite and of a plausible size."""

    def read(self, value: Any) -> Decimal:
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            value = Decimal(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValueError
        number = Decimal(value)
        if number.is_zero():
            return _ZERO
        # By its exponent first: computing with an absurd one would raise.
        if (
            not number.is_finite()
            or not _MIN_EXPONENT <= number.adjusted() <= MAX_NUMBER.adjusted()
        ):
            raise ValueError
        if abs(number) >= MAX_NUMBER:
            raise ValueError
        return number


class Money(Number):
    """An amount; rounded to hundredths if only rounding noise is lost."""

    def read(self, value: Any) -> Decimal:
        number = super().read(value)
        rounded = number.quantize(ORE)
        return rounded if abs(rounded - number) <= _NOISE else number


class Sek(Money):
    """An amount in SEK, which has no smaller unit than the öre."""

    def read(self, value: Any) -> Decimal:
        number = super().read(value)
        if not number.same_quantum(ORE):
            raise ValueError
        return number


class OptionalPositive(Number):
    """A positive number, or ``None`` if it is missing or invalid."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Decimal | None:
        try:
            number = self.read(value)
        except ValueError:
            return None
        return number if number > 0 else None


class Digits(Field):
    """A document or record number, which Fortnox sends as text or as a number."""

    def read(self, value: Any) -> str:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not _DIGITS.fullmatch(text):
            raise ValueError
        return str(int(text))


class Date(Field):
    """``YYYY-MM-DD`` and nothing else."""

    def read(self, value: Any) -> date:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value)

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value.isoformat()


class Flag(Field):
    """A truth value; Fortnox spells some of them as text."""

    def read(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise ValueError


class FlagOrTrue(Flag):
    """A truth value; true if Fortnox does not say, since the detail will."""

    def deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        try:
            return self.read(value)
        except ValueError:
            return True


class Currency(Field):
    """Three letters."""

    def read(self, value: Any) -> str:
        text = value.strip().upper() if isinstance(value, str) else ""
        if len(text) != 3 or not (text.isascii() and text.isalpha()):
            raise ValueError
        return text


class OptionalCurrency(Currency):
    """Three letters, or ``""`` if Fortnox names no currency."""

    def read(self, value: Any) -> str:
        if value is None or (isinstance(value, str) and not value.strip()):
            return ""
        return super().read(value)


class List(ma.fields.List[Any]):
    """A list, which Fortnox may hide as a whole."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if value == NO_RIGHT:
            raise ma.ValidationError(NO_RIGHT)
        return super()._deserialize(value, *args, **kwargs)


class Label(Field):
    """Text for a person, shortened to what can be stored; ``""`` if hidden or no text."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        return self.read("" if value == NO_RIGHT else value)

    def read(self, value: Any) -> str:
        return plain(str(value)).strip() if isinstance(value, str | int) else ""


class PlainText(Field):
    """Text as it is, however long; ``""`` if it is no text."""

    def read(self, value: Any) -> str:
        return str(value).strip() if isinstance(value, str | int) else ""


class Reference(PlainText):
    """The number of another document; ``""`` for Fortnox's ``"0"``."""

    def read(self, value: Any) -> str:
        text = super().read(value)
        return "" if text == "0" else text


class OcrOrEmpty(Label):
    """The digits of an OCR reference, without spaces; ``""`` if it is none."""

    def read(self, value: Any) -> str:
        bare = super().read(value).replace(" ", "")
        return bare if bare.isascii() and bare.isdigit() else ""


class Ocr(OcrOrEmpty):
    """An OCR reference; one that Fortnox hides is unreadable, not empty."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if value == NO_RIGHT:
            raise ma.ValidationError(NO_RIGHT)
        return self.read(value)


class FortnoxSchema(ma.Schema):
    """Fortnox writes ``PaymentDate`` where we write ``payment_date``, and null for nothing."""

    #: The class of a loaded row.
    model: ClassVar[type]

    class Meta:  # noqa: D106
        unknown = ma.EXCLUDE

    @ma.post_load
    def make_object(self, data: dict[str, Any], **_: Any) -> Any:
        return self.model(**self.complete(data))

    def complete(self, data: dict[str, Any]) -> dict[str, Any]:
        """Add fields derived from others.

        :raises marshmallow.ValidationError: if they are inconsistent.
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


def load(schema: ma.Schema, row: Any) -> Any:
    try:
        return schema.load(row)
    except ma.ValidationError as error:
        messages = error.messages_dict
        raise Unreadable(
            tuple(name for name in messages if name != "_schema"),
            no_right=NO_RIGHT in repr(messages),
            readable=error.valid_data if isinstance(error.valid_data, dict) else {},
        ) from None


def text_in(row: Any, name: str) -> str:
    """Return the text of a field of an undecoded row; ``""`` if there is none."""
    return str(row.get(name) or "").strip() if isinstance(row, Mapping) else ""


def integer_in(text: str) -> int | None:
    """Return a document, row or account number; ``None`` if it is none that Fortnox has."""
    # int() refuses thousands of digits.
    return int(text) if _DIGITS.fullmatch(text) else None


def readable(read: Callable[[Any], T], rows: Iterable[Any]) -> list[T]:
    """Read rows, skipping unreadable ones."""
    values = []
    for row in rows:
        with suppress(Unreadable):
            values.append(read(row))
    return values
