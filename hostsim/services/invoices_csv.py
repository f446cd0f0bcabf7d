"""Reads invoices from a CSV file, as a bookkeeper's export writes it.

Strict on purpose: a ledger with a guessed amount in it is worse than none, and a
number that a spreadsheet has reformatted never matches its payment. Every wrong line
is reported, and then nothing is loaded. Knows neither the database nor the command line.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from hostsim.ledger.values import ExportedInvoice
from hostsim.services.file_problems import (
    MOST_PROBLEMS,
    FileProblem,
    FileWrong,
    Notes,
    unreadable,
)
from opter_contract.values import Text

#: The code of the error.
WRONG = "INVOICES_FILE_WRONG"

#: Gives the value of a cell, or what is wrong with it.
Parse = Callable[[str], object]

#: Columns that a file must have, in any order.
REQUIRED = (
    "invoice_number",
    "ocr",
    "customer_code",
    "customer_name",
    "currency",
    "total",
    "invoice_date",
    "due_date",
)

#: Columns that a file may have.
OPTIONAL = ("region", "period_closed")

# No more than two decimals: "1,234" is a thousand to one reader and a good
# krona to another, so it is refused rather than guessed.
_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,2})?")
_TWO_READINGS = re.compile(r"(-?[1-9][0-9]{0,2})[.,]([0-9]{3})")

# Fortnox's invoice numbers are whole numbers from 1. A host may number in another way, with
# letters, and with signs between them; such an invoice is found by its OCR. Everything else
# is a number that a spreadsheet or an export has reformatted: "1001.0", "1 001", "1.001E+03",
# "-1001", '="1001"', "2026-01-02", "#VALUE!", "NULL".
_OWN_NUMBER = re.compile(r"(?=.*[0-9])[A0-9]+(?:[-/_][A0-9]+)*")  # A: any letter
_MADE_OF_A_NUMBER = re.compile(r"[0-9]+[eE]-?[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGITS = re.compile(r"[0-9]+")

#: How many digits an invoice number may have, how many characters with letters, and how many
#: digits an OCR reference: https://www.bankgirot.se, "Bankgiroinbetalningar, OCR".
LONGEST_NUMBER = 18
LONGEST_OWN_NUMBER = 50
LONGEST_OCR = 25
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TRUTH = {
    "": True,
    "true": True,
    "1": True,
    "ja": True,
    "yes": True,
    "false": False,
    "0": False,
    "nej": False,
    "no": False,
}


def read_invoices(
    path: Path, *, region: str = "", notes: Notes | None = None
) -> list[ExportedInvoice]:
    """Read every invoice of a CSV file.

    :param region: for lines that name no region of their own.
    :param notes: gets what is odd about invoices that are read all the same.
    :raises FileWrong: with every problem by line and field.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileWrong(WRONG, path.name, [unreadable(path, error)], 1) from error
    return invoices_in(content, file=path.name, region=region, notes=notes)


def invoices_in(
    content: bytes, *, file: str, region: str = "", notes: Notes | None = None
) -> list[ExportedInvoice]:
    """Read every invoice of a CSV file from its bytes.

    :param content: UTF-8, with or without a byte-order mark.
    :param file: how the file is called in messages.
    :param notes: gets what is odd about invoices that are read all the same.
    :raises FileWrong: with every problem by line and field.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileWrong(WRONG, file, [FileProblem(line, None, _NOT_UTF8)], 1) from error
    reading = _Reading(region, Notes() if notes is None else notes)
    invoices = list(reading.invoices(text))
    if reading.found:
        raise FileWrong(WRONG, file, reading.problems, reading.found)
    return invoices


_NOT_UTF8 = Text(
    "filen är inte UTF-8; spara den som ”CSV UTF-8” och läs in den igen.",
    "the file is not UTF-8; save it as “CSV UTF-8” and load it again.",
)


class _Reading:
    """One pass over one file, with the problems found so far."""

    def __init__(self, region: str, notes: Notes) -> None:
        self._region = region
        self._notes = notes
        self._first_line: dict[tuple[str, str], int] = {}
        self.problems: list[FileProblem] = []
        self.found = 0

    def invoices(self, text: str) -> Iterator[ExportedInvoice]:
        """Yield the invoices of valid lines, and collect the problems of the others."""
        lines = _records(text)
        try:
            header = self._header(lines)
            if header is None:
                return
            for line, cells in lines:
                invoice = self._invoice(line, cells, header)
                if invoice is not None:
                    yield invoice
        except _NotCSV as error:
            self._problem(error.line, None, error.message)

    def _header(self, lines: Iterator[tuple[int, list[str]]]) -> list[str] | None:
        line, cells = next(lines, (1, []))
        header = [cell.strip().lower() for cell in cells]
        wrong = self.found
        for name in _twice(header):
            self._problem(line, name, _COLUMN_TWICE)
        for name in header:
            if name not in REQUIRED + OPTIONAL:
                self._problem(line, name or None, _unknown_column(name))
        for name in REQUIRED:
            if name not in header:
                self._problem(line, name, _COLUMN_MISSING)
        return header if self.found == wrong else None

    def _invoice(self, line: int, cells: list[str], header: list[str]) -> ExportedInvoice | None:
        if len(cells) != len(header):
            self._problem(line, None, _wrong_width(len(cells), len(header)))
            return None
        wrong = self.found
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        for name, value in row.items():
            if _CONTROL.search(value):
                self._problem(line, name, _CONTROL_CHARACTER)
        read = {name: self._value(line, row, name, parse) for name, parse in _PARSERS.items()}
        number = read["invoice_number"]
        region = row.get("region") or self._region
        if number is not None:
            self._refuse_second(line, region, number)
        if self.found != wrong:
            return None
        odd = odd_number(number)
        if odd is not None:
            self._notes.add(FileProblem(line, "invoice_number", odd))
        return ExportedInvoice(
            region=region,
            number=number,
            customer_code=row["customer_code"],
            customer_name=row["customer_name"],
            currency=row["currency"],
            **{name: read[name] for name in ("ocr", "total", *_DATES, "period_closed")},
        )

    def _value(self, line: int, row: Mapping[str, str], name: str, parse: Parse) -> Any:
        value = parse(row.get(name, ""))
        if isinstance(value, Text):
            self._problem(line, name, value)
            return None
        return value

    def _refuse_second(self, line: int, region: str, number: str) -> None:
        first = self._first_line.setdefault((region, number), line)
        if first != line:
            self._problem(line, "invoice_number", _duplicate(number, first))

    def _problem(self, line: int, field: str | None, message: Text) -> None:
        self.found += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(FileProblem(line, field, message))


class _NotCSV(Exception):
    """The text cannot be split into cells from this line on."""

    def __init__(self, line: int, message: Text) -> None:
        super().__init__(line)
        self.line = line
        self.message = message


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every line that is not empty.

    The header tells the separator: a Swedish Excel writes semicolons, and
    then commas as decimal points.
    """
    heading = text.partition("\n")[0]
    separator = ";" if ";" in heading and "," not in heading else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _NotCSV(line, _BROKEN) from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = reader.line_num + 1


def number_of(text: str) -> str | Text:
    if not text:
        return Text("är tomt och måste fyllas i.", "is empty and must be filled in.")
    if _CONTROL.search(text):
        return text  # reported once, for every column
    digits = _DIGITS.fullmatch(text) is not None
    if digits and not text.strip("0"):
        return _no_number(text)
    if len(text) > (LONGEST_NUMBER if digits else LONGEST_OWN_NUMBER):
        return _too_long(text, LONGEST_NUMBER if digits else LONGEST_OWN_NUMBER)
    shape = text if digits else "".join("A" if one.isalpha() else one for one in text)
    if not _OWN_NUMBER.fullmatch(shape) or _MADE_OF_A_NUMBER.fullmatch(text):
        return _no_number(text)
    return text


def odd_number(number: str) -> Text | None:
    """Say why a valid number of the host can never be one of Fortnox."""
    shown = _shown(number)
    if not _DIGITS.fullmatch(number):
        return Text(
            f"{shown} är inte bara siffror, som Fortnox nummer är; fakturan hittas bara på sitt "
            "OCR-nummer.",
            f"{shown} is not digits only, as Fortnox's numbers are; the invoice is found by its "
            "OCR reference only.",
        )
    if number.startswith("0"):
        return Text(
            f"{shown} börjar med noll, vilket Fortnox nummer aldrig gör; fakturan hittas bara på "
            "sitt OCR-nummer.",
            f"{shown} begins with zero, which Fortnox's numbers never do; the invoice is found "
            "by its OCR reference only.",
        )
    return None


def ocr_of(text: str) -> str | Text:
    digits = "".join(text.split())
    if not digits or _CONTROL.search(text):
        return text
    if not _DIGITS.fullmatch(digits):
        shown = _shown(text)
        return Text(
            f"{shown} är inget OCR-nummer; skriv bara dess siffror, eller lämna tomt. {_FORMAT.sv}",
            f"{shown} is no OCR reference; write its digits only, or leave it empty. {_FORMAT.en}",
        )
    return _too_long(text, LONGEST_OCR) if len(digits) > LONGEST_OCR else text


def _no_number(text: str) -> Text:
    shown = _shown(text)
    return Text(
        f"{shown} kan inte vara ett fakturanummer i Fortnox; skriv numret som det står på "
        f"fakturan, till exempel 1001. {_FORMAT.sv}",
        f"{shown} cannot be an invoice number of Fortnox; write the number as it is on the "
        f"invoice, such as 1001. {_FORMAT.en}",
    )


def _too_long(text: str, longest: int) -> Text:
    shown = _shown(text)
    return Text(
        f"{shown} är för långt; högst {longest} tecken får plats.",
        f"{shown} is too long; at most {longest} characters fit.",
    )


def without_hint(problem: Text) -> Text:
    """Leave out of a problem what only helps with a spreadsheet."""
    return Text(
        problem.sv.removesuffix(f" {_FORMAT.sv}"), problem.en.removesuffix(f" {_FORMAT.en}")
    )


_FORMAT = Text(
    "Formatera kolumnen som text i kalkylbladet innan du sparar filen.",
    "Format the column as text in the spreadsheet before you save the file.",
)


def _amount(text: str) -> Decimal | Text:
    # Excel writes a true minus sign in some languages.
    plain = text.replace("\N{MINUS SIGN}", "-")
    if _AMOUNT.fullmatch(plain):
        return Decimal(plain.replace(",", "."))
    shown = _shown(text)
    both = _TWO_READINGS.fullmatch(plain)
    if both:
        large, small = "".join(both.groups()), f"{both[1]}.{both[2].rstrip('0').ljust(2, '0')}"
        small_sv = small.replace(".", ",")
        return Text(
            f"{shown} kan läsas som {large} eller {small_sv}; skriv det som menas, utan "
            "tusentalsavgränsare och med högst två decimaler.",
            f"{shown} can be read as {large} or {small}; write the one that is meant, without "
            "thousands separator and with at most two decimals.",
        )
    return Text(
        f"{shown} är inget belopp; skriv siffror med högst två decimaler och utan "
        "tusentalsavgränsare, till exempel 1250.50 eller 1250,50.",
        f"{shown} is no amount; write digits with at most two decimals and no "
        "thousands separator, such as 1250.50 or 1250,50.",
    )


def date_of(text: str) -> date | Text:
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    shown = _shown(text)
    return Text(
        f"{shown} är inget datum; skriv år-månad-dag, till exempel 2026-01-31.",
        f"{shown} is no date; write year-month-day, such as 2026-01-31.",
    )


def _truth(text: str) -> bool | Text:
    known = _TRUTH.get(text.lower())
    if known is not None:
        return known
    shown = _shown(text)
    return Text(
        f"{shown} är varken ja eller nej; skriv true eller false (tomt betyder true).",
        f"{shown} is neither yes nor no; write true or false (empty means true).",
    )


_DATES = ("invoice_date", "due_date")

_PARSERS: Mapping[str, Parse] = {
    "invoice_number": number_of,
    "ocr": ocr_of,
    "total": _amount,
    **dict.fromkeys(_DATES, date_of),
    "period_closed": _truth,
}


def _shown(text: str) -> str:
    """Quote a value on one readable line."""
    clean = "".join(one if one.isprintable() else "?" for one in text)
    return f"”{clean[:40]}…”" if len(clean) > 40 else f"”{clean}”"


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _unknown_column(name: str) -> Text:
    known = ", ".join(REQUIRED + OPTIONAL)
    return Text(
        f"kolumnen {_shown(name)} är okänd; kolumnerna heter {known}.",
        f"the column {_shown(name)} is unknown; the columns are called {known}.",
    )


def _wrong_width(found: int, expected: int) -> Text:
    return Text(
        f"raden har {found} fält men rubriken har {expected}; "
        "sätt fält med kommatecken inom citattecken.",
        f"the line has {found} fields but the header has {expected}; "
        "put fields that hold a comma in quotation marks.",
    )


def _duplicate(number: str, line: int) -> Text:
    shown = _shown(number)
    return Text(
        f"fakturan {shown} står redan på rad {line}; varje faktura får bara stå en gång.",
        f"invoice {shown} is on line {line} already; each invoice may be listed only once.",
    )


_COLUMN_TWICE = Text("kolumnen finns två gånger.", "the column is there twice.")
_COLUMN_MISSING = Text("kolumnen saknas i rubriken.", "the column is missing in the header.")
_CONTROL_CHARACTER = Text(
    "innehåller en radbrytning eller ett annat styrtecken; ta bort det.",
    "contains a line break or another control character; remove it.",
)
_BROKEN = Text(
    "raden går inte att dela i fält; kontrollera citattecknen.",
    "the line cannot be split into fields; check the quotation marks.",
)
