"""A list is declared once, as columns; here they become a table, a page, CSV and JSON.

A column returns a value, not text, and each of the four formats writes it. Tables
are measured and printed in two passes over the rows, CSV and JSON in one, so that a list
of any length takes no memory.

CSV is read by a Swedish Excel: UTF-8 with a byte order mark, semicolons, and amounts
without spaces. A cell that a spreadsheet would run as a formula is made text.
"""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from hostsim.ledger.values import SEK
from hostsim.messages.formats import count, day, minute, money, plain
from hostsim.messages.text import say
from hostsim.services.payments_file import csv_line, escape_formula
from hostsim.views.output import Output, one_line, sentence_line
from opter_contract.values import Text

T = TypeVar("T")
#: A column of rows serves entries, too.
R_contra = TypeVar("R_contra", contravariant=True)

_MIN_TEXT_WIDTH = 20
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Column(Generic[R_contra]):
    """One column of a list, or a key of its JSON objects alone (:func:`json_only`)."""

    #: What a page sorts by.
    key: str
    heading: Text
    #: Gives text, a Text, a number, an amount, a date or a time; ``None`` is an empty cell.
    value: Callable[[R_contra], object]
    right: bool = False
    #: May be broken into several lines on a terminal, and cut on a page; numbers never are.
    wide: bool = False
    sorts: bool = True
    #: The key in JSON; ``""`` where JSON gives other values (see :func:`json_only`).
    json: str = ""
    terminal: bool = True
    #: On a page, and in its CSV.
    page: bool = True

    def cell(self, item: R_contra, language: str) -> str:
        """Write the value for a person; one line, sentences whole, other text cut if too long."""
        return text_of(self.value(item), language)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its currency, or with fewer decimals than two."""

    amount: Decimal
    currency: str = ""
    decimals: int = 2


def rate(value: Decimal | None) -> Money | None:
    """Return an exchange rate, SEK for one unit, with only the decimals that it needs."""
    return None if value is None else Money(value, decimals=0)


class Sign(NamedTuple):
    """A coloured sign, with letters in its place where there are no others, and a word."""

    sign: str
    letters: str
    colour: str  # the number of an ANSI style
    word: Text | None = None

    def on(self, output: Output) -> str:
        sign = self.sign if output.unicode else self.letters
        return f"{sign} {say(self.word, output.language)}" if self.word else sign


def json_only(key: str, value: Callable[[T], object]) -> Column[T]:
    return Column(key, Text("", ""), value, json=key, terminal=False, page=False)


def json_attributes(*names: str) -> tuple[Column[Any], ...]:
    return tuple(json_only(name, attrgetter(name)) for name in names)


def not_on_page(*columns: Column[T]) -> tuple[Column[T], ...]:
    return tuple(replace(column, page=False) for column in columns)


def on_page(columns: Iterable[Column[T]]) -> tuple[Column[T], ...]:
    return tuple(column for column in columns if column.page)


# --- Values ----------------------------------------------------------------------------------


def text_of(value: object, language: str, *, grouped: bool = True) -> str:
    """Write a value for a person.

    :param grouped: whether numbers have their thousands apart.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, Decimal):
        return money(value, language, grouped=grouped)
    if isinstance(value, int):
        return count(value, language) if grouped else str(value)
    if isinstance(value, datetime):
        return minute(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, Money):
        text = money(value.amount, language, decimals=value.decimals, grouped=grouped)
        return f"{text} {one_line(value.currency)}".rstrip()
    if isinstance(value, list):
        return " + ".join(text_of(item, language, grouped=grouped) for item in value)
    sentence = _text(value)
    return one_line(str(value)) if sentence is None else sentence_line(sentence, language)


def json_of(value: object, language: str) -> object:
    """Write a value for a program: amounts as text with a point, sentences in one language."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Money):
        return plain(value.amount, decimals=value.decimals)
    if isinstance(value, Mapping):
        return {key: json_of(item, language) for key, item in value.items()}
    if (text := _text(value)) is not None:
        return say(text, language)
    if isinstance(value, Iterable):
        return [json_of(item, language) for item in value]
    message = f"{type(value).__name__} has no place in JSON"
    raise TypeError(message)


def _text(value: object) -> Text | None:
    # A plug-in may have a class of its own for sentences in both languages.
    sv, en = getattr(value, "sv", None), getattr(value, "en", None)
    return None if sv is None or en is None else Text(sv, en)


# --- JSON ------------------------------------------------------------------------------------


def as_object(columns: Iterable[Column[T]], item: T, language: str) -> dict[str, Any]:
    return {c.json: json_of(c.value(item), language) for c in columns if c.json}


def write_json(output: Output, parts: Mapping[str, object]) -> None:
    """Write one JSON object over several lines; an iterator in it becomes an array.

    Such an array is written an entry at a time.
    """
    before = "{"
    for key, part in parts.items():
        output.write(f"{before}\n  {dumps(key, output)}: ")
        if isinstance(part, Iterator):
            _write_array(output, part, "  ")
        else:
            output.write(dumps(part, output, indent=2).replace("\n", "\n  "))
        before = ","
    output.write("\n}\n")


def write_json_list(output: Output, columns: Iterable[Column[T]], items: Iterable[T]) -> None:
    """Write a list as one JSON array, an entry at a time."""
    columns = tuple(columns)
    write_json_array(output, (as_object(columns, item, output.language) for item in items))


def write_json_array(output: Output, entries: Iterable[object]) -> None:
    """Write one JSON array, an entry at a time."""
    _write_array(output, entries, "")
    output.write("\n")


def _write_array(output: Output, entries: Iterable[object], indent: str) -> None:
    before = "["
    for entry in entries:
        output.write(f"{before}\n{indent}  {dumps(entry, output)}")
        before = ","
    output.write("[]" if before == "[" else f"\n{indent}]")


def dumps(value: object, output: Output, *, indent: int | None = None) -> str:
    """Return JSON text that the encoding of the output can represent."""
    text = json_of(value, output.language)
    return json.dumps(text, ensure_ascii=not output.unicode, indent=indent)


# --- CSV -------------------------------------------------------------------------------------


def csv_lines(columns: Iterable[Column[T]], items: Iterable[T], language: str) -> Iterator[str]:
    columns = on_page(columns)
    headings = (say(column.heading, language) for column in columns)
    yield _BYTE_ORDER_MARK + csv_line(headings, ";", "\r\n")
    for item in items:
        cells = (_csv_cell(column.value(item), language) for column in columns)
        yield csv_line(cells, ";", "\r\n")


def _csv_cell(value: object, language: str) -> str:
    if isinstance(value, Money) and value.currency == SEK:
        value = replace(value, currency="")  # a number, which a spreadsheet can sum
    text = text_of(value, language, grouped=False)
    # An amount of our own is no formula, also where it begins with a minus sign.
    is_amount = isinstance(value, Money) and re.fullmatch("[A-Z]{0,3}", value.currency)
    return text if is_amount else escape_formula(text)


# --- Terminal --------------------------------------------------------------------------------


def write_facts(output: Output, facts: Iterable[tuple[Text, object]]) -> None:
    """Print names and values in two columns; leave out the names without a value."""
    texts = [(say(name, output.language), text_of(value, output.language)) for name, value in facts]
    width = max((len(name) for name, text in texts if text), default=0)
    for name, text in texts:
        if text:
            output.line(f" {name.ljust(width)}  {text}")


def write_table(
    output: Output,
    columns: Iterable[Column[T]],
    rows: Callable[[], Iterable[T]],
    *,
    colour: Callable[[T], str | None] = lambda _: None,
) -> None:
    """Print rows under headings, without empty columns; ``rows`` is called twice.

    :param colour: of a whole row, as the number of an ANSI style.
    """
    columns = [column for column in columns if column.terminal]
    widths = [0] * len(columns)
    for row in rows():
        for index, column in enumerate(columns):
            widths[index] = max(widths[index], _width(_cell(column, row, output)[0]))
    columns = [column for column, width in zip(columns, widths, strict=True) if width]
    if not columns:
        return
    headings = [say(column.heading, output.language) for column in columns]
    needed = [
        max([width, *map(_width, heading.split())])
        for width, heading in zip(filter(None, widths), headings, strict=True)
    ]
    widths = _fit(needed, columns, output.width - 1)
    for line in _lines([(heading, None) for heading in headings], widths, columns, output):
        output.title(f" {line}".rstrip())
    rule = "─" if output.unicode else "-"
    output.line(" " + "  ".join(rule * width for width in widths))
    for row in rows():
        row_colour = colour(row)
        cells = [
            (text, row_colour or cell_colour)
            for text, cell_colour in (_cell(c, row, output) for c in columns)
        ]
        for line in _lines(cells, widths, columns, output):
            output.line(f" {line}".rstrip())


def _cell(column: Column[T], row: T, output: Output) -> tuple[str, str | None]:
    value = column.value(row)
    if isinstance(value, Sign):
        return value.on(output), value.colour
    return text_of(value, output.language), None


def _fit(widths: Sequence[int], columns: Sequence[Column[Any]], available: int) -> list[int]:
    """Share the width that the columns of numbers leave evenly between those of text."""
    fixed = sum(w for w, c in zip(widths, columns, strict=True) if not c.wide)
    left = available - fixed - 2 * (len(columns) - 1)
    wide = sorted((w, n) for n, (w, c) in enumerate(zip(widths, columns, strict=True)) if c.wide)
    fitted = list(widths)
    for done, (width, index) in enumerate(wide):
        share = left // (len(wide) - done)
        fitted[index] = min(width, max(share, _MIN_TEXT_WIDTH))
        left -= fitted[index]
    return fitted


def _lines(
    cells: Sequence[tuple[str, str | None]],
    widths: Sequence[int],
    columns: Sequence[Column[Any]],
    output: Output,
) -> Iterator[str]:
    wrapped = [_wrapped(text, width) for (text, _), width in zip(cells, widths, strict=True)]
    for number in range(max(map(len, wrapped))):
        parts = []
        for index, lines in enumerate(wrapped):
            text = lines[number] if number < len(lines) else ""
            padding = " " * (widths[index] - _width(text))
            text = output.style(text, cells[index][1]) if text else text
            parts.append(padding + text if columns[index].right else text + padding)
        yield "  ".join(parts)


def _wrapped(text: str, width: int) -> list[str]:
    if _width(text) <= width:
        return [text]
    return textwrap.wrap(text, width, break_long_words=True, break_on_hyphens=False) or [""]


def _width(text: str) -> int:
    """Count the columns that text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
