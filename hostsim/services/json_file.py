"""Reads items with their rows from a JSON file, such as invoices, each of them declared by fields.

As strict as :mod:`.invoices_table`, for the same reason: every wrong field is reported by its
item, and then nothing is loaded. Knows neither the database nor the command line.
"""

from __future__ import annotations

import json
import re
import unicodedata
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, ClassVar, Final, TypeVar

from hostsim.ledger.values import SEK
from hostsim.messages import files as messages
from hostsim.services import invoices_table
from hostsim.services.item_file import FileProblem, InvalidValue, ItemFile, ProblemList
from opter_contract.currencies import DECIMALS
from opter_contract.values import Text

T = TypeVar("T")

#: How long a region may be: it is part of what an item is called in exports.
MAX_REGION_LENGTH = 40
MAX_TEXT_LENGTH = 200

_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,2})?", re.ASCII)
_RATE = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,10})?", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_CENT: Final = Decimal("0.01")


class _Number(str):
    """A number of the file, as it is written there: no digit of it is rounded."""

    __slots__ = ()


#: Gives the value of a field, or raises :class:`InvalidValue`.
Parse = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """How a field is read; one that is missing, or ``null``, has the default."""

    parse: Parse
    required: bool = False
    default: Any = ""


Fields = Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class ParsedItem:
    """An item of the file, each field of which is valid."""

    who: str  # what it is called in messages
    region: str
    fields: Mapping[str, Any]
    party: Mapping[str, Any]
    rows: list[dict[str, Any]]
    document: str  # the path of its PDF


class JsonFile(ItemFile[T]):
    """One pass over a JSON file of items, which a subclass declares by their fields."""

    noun: ClassVar[Text]  # what an item is
    number: ClassVar[str]  # the field that numbers it
    fields: ClassVar[Fields]
    party_name: ClassVar[str]  # the field that is its other party
    party_fields: ClassVar[Fields]
    row_fields: ClassVar[Fields]

    def __init__(self, region: str = "", notes: ProblemList | None = None) -> None:
        super().__init__(region, notes)
        self._seen: set[tuple[str, str]] = set()

    @abstractmethod
    def check(self, item: ParsedItem) -> None:
        """Report fields that contradict each other."""

    @abstractmethod
    def make_item(self, item: ParsedItem) -> T:
        """Return the value of a valid item."""

    def items(self, content: bytes, folder: Path) -> Iterator[T]:
        for index, item in enumerate(self._list(content), 1):
            value = self._item(index, item, folder)
            if value is not None:
                yield value

    def problem(self, who: str, field: str | None, message: Text) -> None:
        self._problems.add(FileProblem(0, field, message, who, self.noun))

    def note(self, who: str, field: str, message: Text) -> None:
        self._notes.add(FileProblem(0, field, message, who, self.noun))

    def _list(self, content: bytes) -> list[Any]:
        try:
            items = json.loads(
                content.decode("utf-8-sig"),
                parse_float=_Number,
                parse_int=_Number,
                parse_constant=_Number,
                object_pairs_hook=_object,
            )
        except UnicodeDecodeError:
            self.problem("", None, messages.NOT_UTF8)
        except json.JSONDecodeError as error:
            self.problem("", None, messages.NOT_JSON(line=error.lineno, column=error.colno))
        except RecursionError:
            self.problem("", None, messages.NOT_A_LIST)
        else:
            if isinstance(items, list):
                return items
            self.problem("", None, messages.NOT_A_LIST)
        return []

    def _item(self, index: int, item: object, folder: Path) -> T | None:
        before = self._problems.found
        if not isinstance(item, _Object):
            self.problem(f"#{index}", None, messages.NOT_AN_OBJECT)
            return None
        number, party_name = item.get(self.number), self.party_name
        who = str(number)[:40] if isinstance(number, str) and number else f"#{index}"
        read = self._read(who, "", item, self.fields, apart=(party_name, "rows"))
        party = self._read(who, f"{party_name}.", item.get(party_name), self.party_fields)
        rows = [
            self._read(who, f"rows[{row}].", value, self.row_fields)
            for row, value in enumerate(self._rows(who, item.get("rows")))
        ]
        if self._problems.found > before:
            return None
        document = self._document(who, read["pdf"], folder)
        parsed = ParsedItem(who, read["region"] or self._region, read, party, rows, document)
        self._check_alone(parsed)
        self.check(parsed)
        return None if self._problems.found > before else self.make_item(parsed)

    def _check_alone(self, item: ParsedItem) -> None:
        key = item.region, item.fields[self.number]
        if key in self._seen:
            self.problem(item.who, self.number, messages.DUPLICATE)
        self._seen.add(key)
        if item.fields["currency"] == SEK and item.fields["exchange_rate"] is not None:
            self.problem(item.who, "exchange_rate", messages.RATE_OF_SEK)

    def _rows(self, who: str, rows: object) -> list[Any]:
        if isinstance(rows, list) and rows:
            return rows
        self.problem(who, "rows", messages.NO_ROWS)
        return []

    def _read(
        self, who: str, path: str, json_object: object, fields: Fields, apart: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Read the fields of one object; what is wrong is left out, and reported.

        :param apart: fields that are objects or lists, which are read apart.
        """
        if not isinstance(json_object, _Object):
            self.problem(who, path.rstrip(".") or None, messages.NOT_AN_OBJECT)
            return {}
        for key in json_object.twice:
            self.problem(who, f"{path}{key}", messages.TWICE)
        names = (*fields, *apart)
        for key in sorted(json_object.keys() - set(names)):
            self.problem(who, f"{path}{key[:40]}", messages.UNKNOWN_FIELD(known=", ".join(names)))
        read = {}
        for key, field in fields.items():
            value = json_object.get(key)
            if value is None and field.required:
                self.problem(who, f"{path}{key}", messages.MISSING)
                continue
            try:
                read[key] = field.default if value is None else field.parse(value)
            except InvalidValue as wrong:
                self.problem(who, f"{path}{key}", wrong.message)
        return read

    def _document(self, who: str, name: str, folder: Path) -> str:
        """Return the path of a PDF, which must lie in the folder of the file or below it."""
        if not name:
            return ""
        paths = (PurePosixPath(name), PureWindowsPath(name))
        if any(
            pure_path.is_absolute() or pure_path.drive or ".." in pure_path.parts
            for pure_path in paths
        ):
            self.problem(who, "pdf", messages.PDF_ELSEWHERE)
            return ""
        if not name.lower().endswith(".pdf"):
            self.problem(who, "pdf", messages.NO_PDF)
            return ""
        path = (folder / name).resolve()
        if not path.is_file():
            self.note(who, "pdf", messages.PDF_MISSING(name=name))
        return str(path)


class _Object(dict[str, Any]):
    """An object of the file; ``twice`` are the duplicate keys."""

    twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    json_object = _Object(pairs)
    if len(json_object) < len(pairs):
        keys = [key for key, _ in pairs]
        json_object.twice = tuple(sorted({key for key in keys if keys.count(key) > 1}))
    return json_object


# --- Values ------------------------------------------------------------------------------------


def text(value: object, longest: int = MAX_TEXT_LENGTH) -> str:
    if not isinstance(value, str) or isinstance(value, _Number):
        raise InvalidValue(messages.NOT_TEXT)
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in value):
        raise InvalidValue(messages.NOT_PRINTABLE)
    if len(value) > longest:
        raise InvalidValue(messages.TOO_LONG(longest=longest))
    return value.strip()


def filled(value: object, longest: int = MAX_TEXT_LENGTH) -> str:
    result = text(value, longest)
    if not result:
        raise InvalidValue(messages.MISSING)
    return result


def as_in_table(parse: Callable[[str], Any]) -> Parse:
    return lambda value: parse(text(value))


def text_where(holds: Callable[[str], object], message: Text, *, empty: bool = False) -> Parse:
    """Return a parser of text that satisfies a predicate, or is empty if ``empty``."""

    def parsed(value: object) -> str:
        result = text(value)
        if not (holds(result) or (empty and not result)):
            raise InvalidValue(message)
        return result

    return parsed


def amount(value: object) -> Decimal:
    # A number is taken as it is written: 99.99, but not the 99.98999999999999 of a float.
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise InvalidValue(messages.NO_AMOUNT)
    return Decimal(value).quantize(_CENT) + 0  # -0.00 is 0.00


def _parse_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue(messages.NO_TRUTH)
    return value


def _parse_rate(value: object) -> Decimal:
    if not isinstance(value, str) or not _RATE.fullmatch(value) or not Decimal(value):
        raise InvalidValue(messages.NO_RATE)
    return Decimal(value).normalize()


def _parse_optional_date(value: object) -> date | None:
    return None if value == "" else invoices_table.parse_date(text(value))


TEXT = Field(text)
FILLED = Field(filled, required=True)
AMOUNT = Field(amount, required=True)
DATE = Field(as_in_table(invoices_table.parse_date), required=True)
DATE_OR_NONE = Field(_parse_optional_date, default=None)
COUNTRY = Field(text_where(_COUNTRY.fullmatch, messages.NO_COUNTRY, empty=True))


def boolean(*, default: bool) -> Field:
    return Field(_parse_bool, default=default)


#: What every item has.
COMMON: Fields = {
    "region": Field(lambda value: text(value, MAX_REGION_LENGTH)),
    "period_closed": boolean(default=True),
    "currency": Field(text_where(DECIMALS.__contains__, messages.NO_CURRENCY), required=True),
    "exchange_rate": Field(_parse_rate, default=None),
    "due_date": DATE,
    "pdf": TEXT,
}
