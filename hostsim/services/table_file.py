"""Reads rows of text from a table: CSV as Excel, pandas or a program writes it, or XLSX.

Does not know what the cells mean. A number in XLSX has no format: 1001 is 1001, however it is
shown. CSV has only the text, so that nothing is guessed about ``1001.0``.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import count, islice
from typing import Any, Final

from opter_contract.values import Text

#: Accepted in a text that is not UTF-8: Western European letters and no-break spaces. The other
#: characters of Windows-1252 are what other character sets have for å, ä and ö.
_WINDOWS_1252 = re.compile(rb"[\x00-\x7f\xa0\xc0-\xd6\xd8-\xf6\xf8-\xff]*")
# Excel may pad it to the width of the table.
_SEPARATOR = re.compile(r'\s*"?sep=(.)"?[;,\t ]*\r?', re.IGNORECASE)

_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
#: Of a workbook when it is unpacked.
_MAX_BYTES: Final = 500_000_000
#: Excel keeps this many digits of a number.
_MAX_DIGITS: Final = 15


class NotATable(Exception):
    """The content cannot be split into cells from this line on."""

    def __init__(self, line: int, message: Text) -> None:
        super().__init__(line)
        self.line = line
        self.message = message


def read_rows(
    content: bytes, note: Callable[[Text], None] = lambda _: None
) -> Iterator[tuple[int, list[str]]]:
    """Yield line number, counted from 1, and cells of every row that is not empty.

    The first row is the heading. Empty cells beyond its width are dropped; a row of XLSX is
    padded to it.

    :param note: called with what a person should know about a table that is read.
    :raises NotATable: at the line from which it cannot be read.
    """
    if content.startswith(_OLD_EXCEL):
        raise NotATable(1, _OLD_WORKBOOK)
    workbook = content.startswith(_ZIP)
    rows = _workbook_rows(content, note) if workbook else _csv_rows(_decode(content))
    width = 0
    for line, row in rows:
        cells = list(row)
        if not any(cell.strip() for cell in cells):
            continue
        if not width and cells[0].strip().lower().startswith("sep="):
            raise NotATable(line, _NO_SEPARATOR)
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if workbook:
            cells += [""] * (width - len(cells))
        width = width or len(cells)
        yield line, cells


# --- CSV ---


def _decode(content: bytes) -> str:
    # UTF-16 is the "Unicode text" of Excel.
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if _WINDOWS_1252.fullmatch(content):
            return content.decode("cp1252")
        line = content.count(b"\n", 0, error.start) + 1
        raise NotATable(line, _NOT_UTF8) from error


def _csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    heading, _, body = text.partition("\n")
    declared = _SEPARATOR.fullmatch(heading)
    if declared is None:
        body = text
    # A Swedish Excel writes semicolons, and then commas as decimal points.
    separator = declared[1] if declared else max(",;\t", key=heading.count)
    headings = body.partition("\n")[0]
    if declared and separator not in headings and any(other in headings for other in ",;\t"):
        raise NotATable(1, _OTHER_SEPARATOR)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True)
    before = 0 if declared is None else 1
    line = before + 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise NotATable(line, _BROKEN) from error
        if cells is None:
            return
        yield line, cells
        line = before + reader.line_num + 1


# --- XLSX ---


def _workbook_rows(content: bytes, note: Callable[[Text], None]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of the first visible sheet, with the results of its formulas."""
    line = 1
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MAX_BYTES:
                raise NotATable(line, _TOO_LARGE)
        with warnings.catch_warnings(action="ignore"):  # about unsupported parts, such as styles
            sheet, *others = _visible_sheets(content, results=False)
            if any(cell.value is not None for other in others for row in other for cell in row):
                note(_only_first_is_read(sheet.title))
            rows, results = iter(sheet), _Results(content)
            for line in count(1):
                row = next(rows, None)
                if row is None:
                    return
                if any(cell.data_type == "f" for cell in row):
                    formulas, row = row, results.row(line)
                    _refuse_unknown(line, formulas, row)
                yield line, [_cell_text(cell.value) for cell in row]
    except NotATable:
        raise
    except Exception as error:  # malformed XML or ZIP may raise anything
        raise NotATable(line, _NO_WORKBOOK) from error


class _Results:
    """The rows of the sheet once more, with results instead of formulas.

    openpyxl reads either formulas or results, so that a workbook with formulas is opened twice.
    Most have none: it is opened here for the first row that needs it. Read forwards only.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._rows: Iterator[Sequence[Any]] | None = None
        self._lines_read = 0

    def row(self, line: int) -> Sequence[Any]:
        if self._rows is None:
            self._rows = iter(_visible_sheets(self._content, results=True)[0])
        skipped, self._lines_read = line - 1 - self._lines_read, line
        return next(islice(self._rows, skipped, None))


def _visible_sheets(content: bytes, *, results: bool) -> list[Any]:
    """Return the visible sheets, or all if none is visible, with formulas or their results."""
    import openpyxl  # noqa: PLC0415 it is slow to import

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=results)
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # some programs write wrong ones
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    return visible or book.worksheets


def _refuse_unknown(line: int, formulas: Iterable[Any], results: Iterable[Any]) -> None:
    """Refuse a formula without a stored result; a result of "" is a text."""
    for cell, result in zip(formulas, results, strict=False):
        if cell.data_type == "f" and result.value is None and result.data_type == "n":
            raise NotATable(line, _not_worked_out(cell.coordinate, str(cell.value)))


def _cell_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case int():
            return str(value)
        case float():
            # 0.30000000000000004 is the 0.3 that Excel shows, and a longer number has lost digits.
            short = Decimal(f"{value:.{_MAX_DIGITS}g}")
            return f"{short:f}" if abs(short) < Decimal(10) ** _MAX_DIGITS else f"{short:E}"
        case _:
            return str(value)


def _only_first_is_read(sheet: str) -> Text:
    return Text(
        f"Flera blad har innehåll; bara det första som syns är läst, ”{sheet}”.",
        f"Several sheets have content; only the first visible one is read, “{sheet}”.",
    )


def _not_worked_out(cell: str, formula: str) -> Text:
    return Text(
        f"cellen {cell} har formeln ”{formula[:40]}” men inget resultat; öppna filen i Excel och "
        "spara den, så räknas det ut, eller skriv värdet i stället.",
        f"the cell {cell} has the formula “{formula[:40]}” but no result; open the file in Excel "
        "and save it, which works it out, or write the value instead.",
    )


_NO_SEPARATOR = Text(
    "raden ska vara sep= och tecknet mellan fälten, till exempel sep=; eller tas bort.",
    "the line must be sep= followed by the separator, such as sep=; or be removed.",
)
_OTHER_SEPARATOR = Text(
    "raden med sep= säger ett annat tecken mellan fälten än det som rubrikerna har; rätta den "
    "eller ta bort den.",
    "the line with sep= names another separator than the headings use; correct it or remove it.",
)
_NOT_UTF8 = Text(
    "filen är inte UTF-8; spara den som ”CSV UTF-8” och läs in den igen.",
    "the file is not UTF-8; save it as “CSV UTF-8” and load it again.",
)
_BROKEN = Text(
    "raden går inte att dela i fält; kontrollera citattecknen.",
    "the line cannot be split into fields; check the quotation marks.",
)
_OLD_WORKBOOK = Text(
    "filen är en äldre Excelfil; spara den som ”Excel-arbetsbok (.xlsx)” eller ”CSV UTF-8”.",
    "the file is of an older Excel; save it as “Excel Workbook (.xlsx)” or “CSV UTF-8”.",
)
_NO_WORKBOOK = Text(
    "arbetsboken går inte att läsa; spara den på nytt som .xlsx, eller som ”CSV UTF-8”.",
    "the workbook cannot be read; save it as .xlsx again, or as “CSV UTF-8”.",
)
_TOO_LARGE = Text(
    f"arbetsboken blir större än {_MAX_BYTES // 1_000_000} MB när den packas upp; dela den.",
    f"the workbook is larger than {_MAX_BYTES // 1_000_000} MB when it is unpacked; split it.",
)
