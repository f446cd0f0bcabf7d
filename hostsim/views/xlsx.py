"""A list as a workbook: numbers are numbers, dates are dates, and no text is a formula.

Rows are written one at a time and are not kept in memory.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from hostsim.messages.text import say
from hostsim.views.table import Column, Money, text_of

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: The widths of columns, in characters.
_NUMBER, _DAY, _WIDE, _TEXT = 16, 12, 45, 18
_TWO_DECIMALS = "#,##0.00"
_BOLD = Font(name="Calibri", size=11, bold=True)


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum below the list."""

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
    book = Workbook(write_only=True)
    try:
        sheet = _Sheet(book, title, columns, language)
        for item in items:
            sheet.row([column.value(item) for column in columns])
        for total in totals:
            values = [total.amount if c.key == total.column else None for c in columns]
            sheet.row([total.label, *values[1:]], bold=True)
    finally:
        book.save(file)  # which removes the file of rows, also after an error


class _Sheet:
    """A sheet that is written row by row."""

    def __init__(
        self, book: Workbook, title: str, columns: Sequence[Column[Any]], language: str
    ) -> None:
        # A name that a spreadsheet takes: at most 31 characters, and none of these.
        name = title.translate(str.maketrans("[]:*?/\\", "       ")).strip("' ")
        name = textwrap.shorten(name, 31, placeholder=" …")
        self._sheet: Any = book.create_sheet(name)
        self._language = language
        # A cell of each place and format is used again in every row: to style one takes long.
        self._cells: dict[tuple[int, str, bool], Any] = {}
        self._sheet.page_setup.orientation = "landscape"
        self._sheet.page_setup.paperSize = 9  # A4
        self._sheet.page_setup.fitToHeight = 0  # any number of pages
        self._sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        self._sheet.print_title_rows = "1:1"
        self._sheet.freeze_panes = "A2"
        header = self._sheet.HeaderFooter.oddHeader
        header.left.text, header.right.text = title.replace("&", "&&"), "&P / &N"
        headings = [say(column.heading, language) for column in columns]
        for index, (column, heading) in enumerate(zip(columns, headings, strict=True), 1):
            width = _WIDE if column.wide else _NUMBER if column.right else _TEXT
            dimension = self._sheet.column_dimensions[get_column_letter(index)]
            dimension.width = max(width, len(heading) + 2)
        self.row(headings, bold=True)

    def row(self, values: Sequence[object], *, bold: bool = False) -> None:
        self._sheet.append(
            [self._cell(index, value, bold=bold) for index, value in enumerate(values)]
        )

    def _cell(self, index: int, value: object, *, bold: bool) -> Any:
        if isinstance(value, list) and len(value) == 1:
            [value] = value
        form = "General"
        if isinstance(value, Money):
            decimals = "0." + "0" * value.decimals if value.decimals else "0.######"
            unit = f' "{value.currency}"' if value.currency.isalnum() else ""
            value, form = value.amount, f"#,##{decimals}{unit}"
        elif isinstance(value, Decimal):
            form = _TWO_DECIMALS
        elif isinstance(value, int):
            form = "#,##0"
        elif isinstance(value, datetime):
            # A spreadsheet knows no zones: the time is the one on the page.
            value, form = value.replace(tzinfo=None), "yyyy-mm-dd hh:mm"
        elif isinstance(value, date):
            form = "yyyy-mm-dd"
        elif text := text_of(value, self._language):
            value = text
        else:
            return None
        if (cell := self._cells.get((index, form, bold))) is None:
            cell = self._cells[index, form, bold] = WriteOnlyCell(self._sheet)
            cell.number_format = form
            if bold:
                cell.font = _BOLD
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"  # and no formula
        return cell
