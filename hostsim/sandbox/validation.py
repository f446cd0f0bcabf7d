"""Validation of JSON by declared types: for files, changes and the switchboard.

One table serves parsing, error messages, and the switchboard's description of itself.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from hostsim.sandbox.clock import RANGE, check_year
from hostsim.sandbox.errors import Refused
from hostsim.sandbox.fields import is_text, parse_day, parse_decimal


class Validator(NamedTuple):
    """Parses a value, and describes the accepted ones."""

    description: str
    """The accepted values, as a phrase after *is*."""

    read: Callable[[Any], Any]
    """Raises ``ValueError`` and the like for other values."""

    meaning: str = ""

    def with_meaning(self, meaning: str) -> Validator:
        """Return a copy for a field with this meaning."""
        return self._replace(meaning=meaning)

    @property
    def full_description(self) -> str:
        """Description and meaning, for the switchboard."""
        return f"{self.description}: {self.meaning}" if self.meaning else self.description


class ValidationError(ValueError):
    """An invalid value; the message names the field, the value and the accepted values."""


def validate(name: str, validator: Validator, value: object) -> Any:
    """Read a field. Raises :class:`ValidationError`."""
    try:
        return validator.read(value)
    except ValidationError as nested_error:
        raise ValidationError(f"{name}.{nested_error}") from nested_error
    except (ArithmeticError, AttributeError, LookupError, Refused, TypeError, ValueError) as error:
        shown = json.dumps(value, ensure_ascii=False, default=str)
        shown = shown if len(shown) < 100 else f"{shown[:100]} …"
        raise ValidationError(f"{name} is {validator.description}, and not {shown}") from error


def read(
    fields: Mapping[str, Validator], content: object, required: Collection[str] = ()
) -> dict[str, Any]:
    """Read the fields of an object. Raises :class:`ValidationError`."""
    if not isinstance(content, Mapping):
        raise TypeError(content)
    if unknown := [name for name in content if name not in fields]:
        known = ", ".join(sorted(fields)) or "none"
        raise ValidationError(
            f"{', '.join(map(str, unknown))} means nothing here; known are {known}"
        )
    values = {name: validate(name, fields[name], value) for name, value in content.items()}
    if missing := [name for name in required if name not in content]:
        raise ValidationError(f"{', '.join(missing)} is needed")
    return values


# --- Types ------------------------------------------------------------------


def integer(low: int, high: int = 10**15) -> Validator:
    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(value)
        return value

    return Validator(f"a whole number from {low} to {high:,}".replace(",", " "), check)


def number(low: float, high: float) -> Validator:
    def check(value: Any) -> float:
        if type(value) not in {int, float, Decimal} or not low <= value <= high:
            raise ValueError(value)
        return float(value)

    return Validator(f"a number from {low:g} to {high:g}", check)


def choice(*values: str) -> Validator:
    def check(value: Any) -> Any:
        if value not in values:
            raise ValueError(value)
        return value

    return Validator(f"one of {', '.join(values)}", check)


def list_of(item: Validator, min_items: int = 0) -> Validator:
    def check(values: Any) -> tuple[Any, ...]:
        if not isinstance(values, list | tuple) or len(values) < min_items:
            raise TypeError(values)
        return tuple(validate(str(index), item, value) for index, value in enumerate(values))

    return Validator(f"a list, of which each is {item.description}", check)


def nullable(validator: Validator) -> Validator:
    return Validator(
        f"{validator.description}, or null",
        lambda value: None if value is None else validator.read(value),
    )


def pattern(description: str, expression: str) -> Validator:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(expression, value):
            raise ValueError(value)
        return value

    return Validator(description, check)


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError(value)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not is_text(value):
        raise TypeError(value)
    return value


def _above_0(value: Any) -> Decimal:
    number = parse_decimal(value)
    if number <= 0:
        raise ValueError(value)
    return number


def _time(value: Any) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError(value)
    return check_year(at)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(value)
    return dict(value)


FLAG = Validator("true or false", _flag)
TEXT = Validator("a text", _text)
DAY = Validator("a day, YYYY-MM-DD", parse_day)
AMOUNT = Validator("an amount below 10^15, also as a text", parse_decimal)
OBJECT = Validator("an object", _object)
HEADER = pattern("a text of one line in ASCII", "[ -~]*")


VALIDATORS: Mapping[Any, Validator] = {
    bool: FLAG,
    int: integer(0),
    str: TEXT,
    Decimal: AMOUNT,
    date: DAY,
    datetime: Validator(f"a time with its zone, {RANGE}", _time),
}

#: For fields of records.
Number = Annotated[int, integer(1)]
Rate = Annotated[Decimal, Validator("a number above 0 and below 10^15, also as a text", _above_0)]
Account = Annotated[int, integer(1000, 9999)]
Currency = Annotated[str, pattern("a currency, three capital letters", "[A-Z]{3}")]


def validator_for(hint: Any) -> Validator:
    """Return the validator of a declared type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return next(argument for argument in arguments if isinstance(argument, Validator))
    if origin is Literal:
        return choice(*arguments)
    if origin in {Union, types.UnionType}:
        (argument,) = (argument for argument in arguments if argument is not types.NoneType)
        return nullable(validator_for(argument))
    if origin is tuple:
        return list_of(validator_for(arguments[0]))
    if origin in {Mapping, dict}:
        return OBJECT
    if hint in VALIDATORS:
        return VALIDATORS[hint]
    return Validator(
        f"an object with the fields of {hint.__name__}", lambda value: build(hint, value)
    )


def fields_of(kind: Any) -> Mapping[str, Validator]:
    """Return the validators of a dataclass's fields."""
    return _fields_of(kind)


@cache
def _fields_of(kind: Any) -> Mapping[str, Validator]:
    return {
        name: validator_for(hint)
        for name, hint in get_type_hints(kind, include_extras=True).items()
    }


def required_fields(kind: Any) -> list[str]:
    """Return the fields of a dataclass that have no default."""
    fields = dataclasses.fields(kind)
    absent = dataclasses.MISSING
    return [field.name for field in fields if field.default is absent is field.default_factory]


def build(kind: Any, content: object) -> Any:
    """Build an instance of a dataclass. Raises :class:`ValidationError`."""
    return kind(**read(fields_of(kind), content, required_fields(kind)))
