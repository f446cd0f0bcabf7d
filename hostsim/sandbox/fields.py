"""Validation of the records that a client sends: names, types, lengths, characters.

As recorded, ``null`` and an empty text change nothing, and ``API_BLANK`` clears a field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from hostsim.sandbox.errors import (
    ALPHANUMERIC,
    BOOLEAN,
    CHARACTERS,
    FIELD_MISSING,
    FIELD_NAME,
    NO_DATA,
    NUMERIC,
    STRUCTURE,
    Refused,
)
from hostsim.sandbox.switches import Switches

#: Records as Fortnox spells them, by its field names.
Fields = Mapping[str, Any]

API_BLANK = "API_BLANK"

#: Room for the product of any two amounts.
_WIDE_CONTEXT = Context(prec=100)


@dataclass(frozen=True)
class Field:
    """A field that a client may send."""

    description: str
    """The accepted values, as the switchboard describes them."""

    read: Callable[[str, Any, Switches], Any]
    blank: Any = ""
    """The value while it is not set."""

    always_set: bool = False
    """It cannot be cleared."""


def parse_changes(
    content: object,
    fields: Mapping[str, Field],
    switches: Switches,
    read_only: Collection[str] = (),
) -> dict[str, Any]:
    """Return the fields to change; others keep their values."""
    if not isinstance(content, Mapping) or not content:
        raise no_data()
    ignored = read_only if switches.read_only_fields == "ignored" else ()
    unknown = next((name for name in content if name not in fields and name not in ignored), None)
    if unknown is not None:
        raise Refused(FIELD_NAME, f"Felaktigt fältnamn ({unknown})")
    return {
        name: fields[name].blank if value == API_BLANK else fields[name].read(name, value, switches)
        for name, value in content.items()
        if name in fields
        and value is not None
        and value != ""
        and not (value == API_BLANK and fields[name].always_set)
    }


def require(fields: Fields, names: Collection[str]) -> None:
    for name in names:
        if fields.get(name) in (None, ""):
            raise Refused(FIELD_MISSING, f"Fält saknas. ({name})")


def blanks(fields: Mapping[str, Field]) -> dict[str, Any]:
    return {name: field.blank for name, field in fields.items()}


def no_data() -> Refused:
    return Refused(NO_DATA, "Ingen eller felaktig typ av data.")


# --- Field types ------------------------------------------------------------


def text(
    max_length: int | None = None, min_length: int = 1, *, blank: Any = "", checked: bool = True
) -> Field:
    """Make a text field; ``checked`` refuses the characters that Fortnox refuses."""

    def read(name: str, value: Any, switches: Switches) -> str:
        if isinstance(value, bool | Mapping | list):
            raise no_data()
        value_text = str(value)
        if not is_text(value_text):
            raise _bad_characters(value_text)
        if checked:
            check_characters(value_text, switches)
        return _check_length(name, value_text, min_length, max_length, switches)

    length = (
        f" of {'' if min_length == max_length else 'at most '}{max_length}" if max_length else ""
    )
    return Field(f"a text{length}", read, blank)


def _check_length(
    name: str, value: str, min_length: int, max_length: int | None, switches: Switches
) -> str:
    too_long = max_length is not None and len(value) > max_length
    if too_long and switches.long_texts == "cut":
        return value[:max_length]
    if too_long or len(value) < min_length:
        raise Refused(switches.text_length_code, f"Värdet har fel längd. ({name})")
    return value


def check_characters(value: str, switches: Switches) -> None:
    """Refuse a text with characters that Fortnox refuses."""
    refused = any(part in value for part in ("…", "·", "://", "<", ">")) or (
        switches.text_characters == "plain"
        and any(ord(letter) > 126 and not letter.isalpha() for letter in value)
    )
    if refused:
        raise _bad_characters(value)


def is_text(value: str) -> bool:
    """Whether a text has neither control characters nor lone surrogates."""
    return not any(
        (letter < " " and letter not in "\n\r\t") or "\ud800" <= letter <= "\udfff"
        for letter in value
    )


def _bad_characters(value: str) -> Refused:
    return Refused(CHARACTERS, f"Värdet innehåller ej tillåtna tecken. ({value})")


def code(max_length: int | None = None) -> Field:
    """Make a field of letters and digits, such as a customer number."""

    def read(name: str, value: Any, switches: Switches) -> str:
        value_text: str = text(max_length).read(name, value, switches)
        if not all(letter.isalnum() or letter in "-_." for letter in value_text):
            raise Refused(ALPHANUMERIC, f"Värdet måste vara alfanumeriskt. ({value_text})")
        return value_text

    return Field("a text of letters, digits, -, _ and .", read)


def choice(*values: str, blank: Any = "") -> Field:
    def read(_name: str, value: Any, _switches: Switches) -> str:
        if value not in values:
            raise no_data()
        return str(value)

    return Field(f"one of {', '.join(values)}", read, blank)


def amount(places: int | None = 2, *, blank: Any = Decimal(0)) -> Field:
    """Make an amount field, rounded half up."""

    def read(_name: str, value: Any, _switches: Switches) -> Decimal:
        number = parse_decimal(value)
        return number if places is None else round_half_up(number, places)

    return Field("an amount below 10^15, also as a text", read, blank)


def parse_decimal(value: Any) -> Decimal:
    """Parse a number, which may be sent as a text."""
    if isinstance(value, bool | Mapping | list):
        raise no_data()
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise _not_numeric(value) from error
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15 or decimal_places(number) > 30:
        raise _not_numeric(value)
    return number


def decimal_places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _not_numeric(value: object) -> Refused:
    return Refused(NUMERIC, f"Värdet måste vara numeriskt. ({quoted(value)})")


def quoted(value: object) -> str:
    """Return a value as an error message quotes it: as sent, and nothing for ``null``."""
    if value is None:
        return ""
    if isinstance(value, str | Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def round_half_up(number: Decimal, places: int = 2) -> Decimal:
    """Round half up, away from zero."""
    return number.quantize(Decimal(1).scaleb(-places), "ROUND_HALF_UP", _WIDE_CONTEXT)


def rate(*, blank: Any = None) -> Field:
    """Make a field for an exchange rate, which is above 0."""

    def read(name: str, value: Any, switches: Switches) -> Decimal:
        number = parse_decimal(value)
        if number <= 0:
            raise _out_of_limits(name, switches)
        return number

    return Field("a number above 0 and below 10^15, also as a text", read, blank)


def currency_code() -> Field:
    def read(name: str, value: Any, switches: Switches) -> str:
        value_text: str = text(3, 3).read(name, value, switches)
        if not re.fullmatch("[A-Z]{3}", value_text):
            raise Refused(ALPHANUMERIC, f"Värdet måste vara alfanumeriskt. ({value_text})")
        return value_text

    return Field("three capital letters", read)


def _out_of_limits(name: str, switches: Switches) -> Refused:
    return Refused(switches.text_length_code, f"Värdet är utanför gränserna. ({name})")


def integer(minimum: int | None = None, maximum: int | None = None, *, blank: Any = None) -> Field:
    def read(name: str, value: Any, switches: Switches) -> int:
        number = parse_decimal(value)
        if number != int(number):
            raise _not_numeric(value)
        if blank is not None and number == blank:
            return int(number)
        if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
            raise _out_of_limits(name, switches)
        return int(number)

    limits = (f"{word} {limit}" for word, limit in (("from", minimum), ("to", maximum)) if limit)
    return Field(" ".join(("a whole number, also as a text", *limits)), read, blank)


def account() -> Field:
    """Make a field for an account number, stored as a text."""
    number = integer(1000, 9999)

    def read(name: str, value: Any, switches: Switches) -> str:
        return str(number.read(name, value, switches))

    return Field(number.description, read)


def flag(*, blank: bool = False) -> Field:
    def read(_name: str, value: Any, _switches: Switches) -> bool:
        if isinstance(value, bool):
            return value
        if str(value).casefold() in {"true", "false"}:
            return str(value).casefold() == "true"
        raise Refused(BOOLEAN, f"Värdet måste vara boolean. ({quoted(value)})")

    return Field("true or false", read, blank)


def day(*, blank: Any = None) -> Field:
    def read(_name: str, value: Any, _switches: Switches) -> date:
        try:
            return parse_day(value)
        except ValueError as error:
            raise no_data() from error

    return Field("a day, YYYY-MM-DD", read, blank)


def parse_day(value: object) -> date:
    """Parse ``YYYY-MM-DD``, and no other ISO 8601 form. Raises ``ValueError``."""
    if not isinstance(value, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError(f"{value!r} is not a day, as in 2026-03-17")
    return date.fromisoformat(value)


def not_clearable(field: Field) -> Field:
    return replace(field, always_set=True)


def nested(fields: Mapping[str, Field], blank: Any) -> Field:
    """Make an object field, whose own fields are changed one by one."""

    def read(_name: str, value: Any, switches: Switches) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise no_data()
        return parse_changes(value, fields, switches) if value else {}

    return Field(f"an object of {', '.join(fields)}", read, blank)


def list_of(fields: Mapping[str, Field], max_items: int, read_only: Collection[str] = ()) -> Field:
    """Make a list of objects, each with the fields that were sent."""

    def read(_name: str, value: Any, switches: Switches) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            raise no_data()
        if any(not isinstance(row, Mapping) for row in value):
            raise Refused(STRUCTURE, "Felaktig datastruktur.")
        if len(value) > max_items:
            raise Refused(switches.too_many_rows_code, f"Högst {max_items} rader är tillåtna.")
        return [parse_changes(row, fields, switches, read_only) if row else {} for row in value]

    return Field(f"a list of objects of {', '.join(fields)}", read, ())
