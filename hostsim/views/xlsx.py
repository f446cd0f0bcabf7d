"""A list as a workbook: numbers are numbers, dates are dates, and no text is a formula.

Rows are written one at a time and are not kept in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter  # type: ignore[import-untyped]

from hostsim.messages.text import say
from hostsim.views.table import Column, Money, text_of

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: The widths of columns, in characters.
_NUMBER, _DAY, _WIDE, _TEXT = 16, 12, 45, 18
_TWO_DECIMALS = "#,##0.00"


@dataclass(frozen=True, slots=True)
class Sum:
    """What stands below the list."""

    label: str
    column: str  # its key
    amount: Money


def write_xlsx(
    file: IO[bytes],
    title: str,
    columns: Sequence[Column[Any]],
    items: Iterable[Any],
    *,
    language: str,
    totals: Iterable[Sum] = (),
) -> None:
    """Write a workbook of one sheet, with its headings in sight on the screen and on paper."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = _Sheet(book, title, language)
        sheet.headings(columns)
        for item in items:
            sheet.row([column.value(item) for column in columns])
        for total in totals:
            values = [total.amount if c.key == total.column else None for c in columns]
            sheet.row([total.label, *values[1:]], bold=True)


class _Sheet:
    """A sheet that is written row by row."""

    def __init__(self, book: Any, title: str, language: str) -> None:
        # A name that a spreadsheet takes: at most 31 characters, and none of these.
        name = title.translate(str.maketrans("[]:*?/\\", "       "))[:31].strip("' ")
        self._book, self._sheet = book, book.add_worksheet(name)
        self._language = language
        self._at = 0
        self._formats: dict[tuple[str, bool], Any] = {}
        self._sheet.set_landscape()
        self._sheet.set_paper(9)  # A4
        self._sheet.fit_to_pages(1, 0)
        self._sheet.repeat_rows(0)
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_header(f"&L{title.replace('&', '&&')}&R&P / &N")

    def headings(self, columns: Sequence[Column[Any]]) -> None:
        for place, column in enumerate(columns):
            heading = say(column.heading, self._language)
            width = _WIDE if column.wide else _NUMBER if column.right else _TEXT
            self._sheet.set_column(place, place, max(width, len(heading) + 2))
            self._sheet.write_string(0, place, heading, self._format("", bold=True))
        self._at = 1

    def row(self, values: Sequence[object], *, bold: bool = False) -> None:
        for place, value in enumerate(values):
            self._cell(place, value, bold=bold)
        self._at += 1

    def _cell(self, place: int, value: object, *, bold: bool) -> None:
        if isinstance(value, list) and len(value) == 1:
            [value] = value
        if isinstance(value, Money):
            decimals = "0." + "0" * value.decimals if value.decimals else "0.######"
            unit = f' "{value.currency}"' if value.currency.isalnum() else ""
            self._number(place, value.amount, f"#,##{decimals}{unit}", bold=bold)
        elif isinstance(value, Decimal):
            self._number(place, value, _TWO_DECIMALS, bold=bold)
        elif isinstance(value, int):
            self._number(place, value, "#,##0", bold=bold)
        elif isinstance(value, datetime):
            # A spreadsheet knows no zones: the time is the one on the page.
            plain = value.replace(tzinfo=None)
            self._sheet.write_datetime(self._at, place, plain, self._format("yyyy-mm-dd hh:mm"))
        elif isinstance(value, date):
            self._sheet.write_datetime(self._at, place, value, self._format("yyyy-mm-dd"))
        elif text := text_of(value, self._language):
            self._sheet.write_string(self._at, place, text, self._format("", bold=bold))

    def _number(self, place: int, value: Decimal | int, form: str, *, bold: bool) -> None:
        self._sheet.write_number(self._at, place, float(value), self._format(form, bold=bold))

    def _format(self, form: str, *, bold: bool = False) -> Any:
        if (form, bold) not in self._formats:
            wanted = {"num_format": form} if form else {}
            self._formats[form, bold] = self._book.add_format(wanted | {"bold": bold})
        return self._formats[form, bold]
