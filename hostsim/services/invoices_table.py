"""Reads invoices from a table, CSV or XLSX, as a bookkeeper's export writes it.

Strict on purpose: a ledger with a guessed amount in it is worse than none, and a
number that a spreadsheet has reformatted never matches its payment. Every wrong line
is reported, and then nothing is loaded. Knows neither the database nor the command line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from hostsim.errors import host_error
from hostsim.ledger.values import ExportedInvoice
from hostsim.messages.files import NOT_PRINTABLE
from hostsim.messages.text import Template, listed
from hostsim.services.item_file import FileProblem, InvalidValue, ItemFile, ProblemList
from hostsim.services.table_file import NotATable, read_rows
from opter_contract.currencies import DECIMALS
from opter_contract.values import Text

#: The code of the error.
WRONG = "INVOICES_FILE_WRONG"

#: Gives the value of a cell, or raises :class:`InvalidValue`.
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

#: What a heading means; a heading may have commas.
_MEANING = re.compile(
    rf"[,\s]*(.*?)\s*=\s*({'|'.join(REQUIRED + OPTIONAL)}|)\s*(?:,|\Z)", re.DOTALL
)

# No more than two decimals: "1,234" is a thousand to one reader and a good
# krona to another, so it is refused rather than guessed.
_AMOUNT = re.compile(r"-?(?:[0-9]{1,15}|[0-9]{1,3}(?: [0-9]{3}){1,4})(?:[.,][0-9]{1,2})?")
_TWO_READINGS = re.compile(r"(-?[1-9][0-9]{0,2})[.,]([0-9]{3})")

# Fortnox's invoice numbers are whole numbers from 1. A host may number in another way, with
# letters, and with signs between them; such an invoice is found by its OCR. Everything else
# is a number that a spreadsheet or an export has reformatted: "1001.0", "1 001", "1.001E+03",
# "-1001", '="1001"', "2026-01-02", "#VALUE!", "NULL".
_OWN_NUMBER = re.compile(r"(?=.*[0-9])[A0-9]+(?:[-/_][A0-9]+)*")  # A: any letter
_MADE_OF_A_NUMBER = re.compile(r"[0-9]+[eE]-?[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGITS = re.compile(r"[0-9]+")

#: What a number becomes in a spreadsheet, which keeps 15 digits.
_LOST_DIGITS = re.compile(r"[0-9]{15}0+")

#: How many digits an invoice number may have, how many characters with letters, and how many
#: digits an OCR reference: https://www.bankgirot.se, "Bankgiroinbetalningar, OCR".
MAX_NUMBER_LENGTH = 18
MAX_OWN_NUMBER_LENGTH = 50
MAX_OCR_LENGTH = 25
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]00:00(?::00(?:\.0+)?)?)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TRUTH = {
    "": True,
    **dict.fromkeys(("true", "1", "ja", "yes", "sant"), True),
    **dict.fromkeys(("false", "0", "nej", "no", "falskt"), False),
}


def column_names(text: str) -> Mapping[str, str]:
    """Parse what headings of a file mean: ``Fakturanr=invoice_number, Moms=``.

    :return: a column by heading in lower case; ``""`` for one that is not read.
    :raises HostError: ``SETTING_WRONG``.
    """
    return {heading.lower(): name for heading, name in _meanings(text)}


def merged_columns(kept: str, added: str) -> str:
    """Add meanings of headings to the earlier ones; an empty text removes all.

    :raises HostError: ``SETTING_WRONG``.
    """
    if not added.strip():
        return ""
    meanings = (*_meanings(kept), *_meanings(added))
    return ",".join({heading.lower(): f"{heading}={name}" for heading, name in meanings}.values())


def _meanings(text: str) -> Iterator[tuple[str, str]]:
    text, position = text.rstrip(", "), 0
    while position < len(text):
        match = _MEANING.match(text, position)
        if match is None or not match[1]:
            why = _no_mapping(text[position:].strip(", "))
            raise host_error("SETTING_WRONG", key="invoice_columns", why=why)
        yield match[1], match[2]
        position = match.end()


class InvoicesTable(ItemFile[ExportedInvoice]):
    """One pass over a CSV or XLSX file of invoices."""

    wrong = WRONG

    def __init__(
        self, region: str = "", notes: ProblemList | None = None, columns: str = ""
    ) -> None:
        """Begin a pass; ``columns`` says what other headings mean, as for :func:`column_names`."""
        super().__init__(region, notes)
        self._names = column_names(columns)
        self._first_line: dict[tuple[str, str], int] = {}
        self._ocrs: dict[tuple[str, str], str] = {}

    def items(self, content: bytes, _: Path) -> Iterator[ExportedInvoice]:
        lines = read_rows(content, lambda text: self._notes.add(FileProblem(0, None, text)))
        try:
            header = self._header(lines)
            if header is None:
                return
            line = 0
            for line, cells in lines:
                invoice = self._invoice(line, cells, header)
                if invoice is not None:
                    yield invoice
            if not line:
                self._notes.add(FileProblem(0, None, _ONLY_HEADINGS))
        except NotATable as error:
            self._problem(error.line, None, error.message)

    def _header(self, lines: Iterator[tuple[int, list[str]]]) -> list[str] | None:
        """Return the name of each column; ``""`` for one that is not read."""
        line, cells = next(lines, (1, []))
        headings = [cell.strip() for cell in cells]
        header = [self._names.get(key, key) for key in map(str.lower, headings)]
        wrong = self._problems.found
        for name, times in Counter(filter(None, header)).items():
            if times > 1:
                self._problem(line, name, _COLUMN_TWICE)
        pairs = zip(headings, header, strict=True)
        unknown = [heading for heading, name in pairs if name not in {"", *REQUIRED, *OPTIONAL}]
        for index, heading in enumerate(unknown):
            self._problem(line, heading, _UNKNOWN_COLUMN if index else _unknown_columns(unknown))
        for name in REQUIRED:
            if name not in header:
                self._problem(line, name, _COLUMN_MISSING)
        return header if self._problems.found == wrong else None

    def _invoice(self, line: int, cells: list[str], header: list[str]) -> ExportedInvoice | None:
        if len(cells) != len(header):
            self._problem(line, None, _WRONG_WIDTH(cells=len(cells), columns=len(header)))
            return None
        wrong = self._problems.found
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=True) if name}
        for name, value in row.items():
            if _CONTROL.search(value):
                self._problem(line, name, NOT_PRINTABLE)
        read = {name: self._value(line, row, name, parse) for name, parse in _PARSERS.items()}
        number = read["invoice_number"]
        region = row.get("region") or self._region
        if number is not None:
            first = self._first_line.setdefault((region, number), line)
            if first != line:
                message = _DUPLICATE(shown=_quoted(number), line=first)
                self._problem(line, "invoice_number", message)
        if self._problems.found != wrong:
            return None
        self._note_odd(line, row, region)
        return ExportedInvoice(
            region=region,
            number=number,
            customer_code=row["customer_code"],
            customer_name=row["customer_name"],
            **{name: read[name] for name in _PARSERS if name != "invoice_number"},
        )

    def _value(self, line: int, row: Mapping[str, str], name: str, parse: Parse) -> Any:
        try:
            return parse(row.get(name, ""))
        except InvalidValue as wrong:
            hints = [] if wrong.hint is None else [wrong.hint]
            self._problem(line, name, listed([wrong.message, *hints], " "))
            return None

    def _note_odd(self, line: int, row: Mapping[str, str], region: str) -> None:
        if (warning := odd_number(row["invoice_number"])) is not None:
            self._notes.add(FileProblem(line, "invoice_number", warning))
        if row["currency"] and row["currency"].upper() not in DECIMALS:
            odd_currency = _ODD_CURRENCY(shown=_quoted(row["currency"]))
            self._notes.add(FileProblem(line, "currency", odd_currency))
        if _LOST_DIGITS.fullmatch("".join(row["ocr"].split())):
            lost_digits = listed([_LOST_DIGITS_OF(shown=_quoted(row["ocr"])), _FORMAT], " ")
            self._notes.add(FileProblem(line, "ocr", lost_digits))
        for name in ("customer_code", "customer_name"):
            if not row[name]:
                self._notes.add(FileProblem(line, name, _NO_CUSTOMER))
        if (warning := same_ocr(self._ocrs, region, row["ocr"], row["invoice_number"])) is not None:
            self._notes.add(FileProblem(line, "ocr", warning))

    def _problem(self, line: int, field: str | None, message: Text) -> None:
        self._problems.add(FileProblem(line, field, message))


def parse_number(text: str) -> str:
    if not text:
        raise InvalidValue(_EMPTY)
    if _CONTROL.search(text):
        return text  # reported once, for every column
    digits = _DIGITS.fullmatch(text) is not None
    longest = MAX_NUMBER_LENGTH if digits else MAX_OWN_NUMBER_LENGTH
    if digits and not text.strip("0"):
        raise InvalidValue(_NO_NUMBER(shown=_quoted(text)), _FORMAT)
    if len(text) > longest:
        raise InvalidValue(_TOO_LONG(shown=_quoted(text), longest=longest))
    shape = text if digits else "".join("A" if char.isalpha() else char for char in text)
    if not _OWN_NUMBER.fullmatch(shape) or _MADE_OF_A_NUMBER.fullmatch(text):
        raise InvalidValue(_NO_NUMBER(shown=_quoted(text)), _FORMAT)
    return text


def odd_number(number: str) -> Text | None:
    """Return why a valid number of the host can never be one of Fortnox, if so."""
    if not _DIGITS.fullmatch(number):
        return _NOT_DIGITS_ONLY(shown=_quoted(number))
    if number.startswith("0"):
        return _LEADING_ZERO(shown=_quoted(number))
    return None


def same_ocr(seen: dict[tuple[str, str], str], region: str, ocr: str, number: str) -> Text | None:
    """Return a warning if an earlier invoice has the OCR reference of this one."""
    first = seen.setdefault((region, "".join(ocr.split())), number)
    if not ocr or first == number:
        return None
    return _SAME_OCR(shown=_quoted(ocr), first=first)


def parse_ocr(text: str) -> str:
    digits = "".join(text.split())
    if not digits or _CONTROL.search(text):
        return text
    if not _DIGITS.fullmatch(digits):
        raise InvalidValue(_NO_OCR(shown=_quoted(text)), _FORMAT)
    if len(digits) > MAX_OCR_LENGTH:
        raise InvalidValue(_TOO_LONG(shown=_quoted(text), longest=MAX_OCR_LENGTH))
    return text


def _parse_amount(text: str) -> Decimal:
    # Excel writes a true minus sign, and spaces that do not break, in some languages.
    plain = re.sub(r"\s", " ", text).replace("\N{MINUS SIGN}", "-")
    if _AMOUNT.fullmatch(plain):
        return Decimal(plain.replace(",", ".").replace(" ", ""))
    if both := _TWO_READINGS.fullmatch(plain):
        large, small = "".join(both.groups()), f"{both[1]}.{both[2].rstrip('0').ljust(2, '0')}"
        decimal = Text(small.replace(".", ","), small)
        raise InvalidValue(_TWO_AMOUNTS(shown=_quoted(text), large=large, small=decimal))
    raise InvalidValue(_NO_AMOUNT(shown=_quoted(text)))


def _parse_currency(text: str) -> str:
    """Read a code of ISO 4217 in any letters; a host may have others, which are kept."""
    return text.upper() if text.upper() in DECIMALS else text


def parse_date(text: str) -> date:
    if day := _DATE.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(day[1])
    raise InvalidValue(_NO_DATE(shown=_quoted(text)))


def _parse_bool(text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise InvalidValue(_NO_TRUTH(shown=_quoted(text)))
    return _TRUTH[text.lower()]


_PARSERS: Mapping[str, Parse] = {
    "invoice_number": parse_number,
    "ocr": parse_ocr,
    "currency": _parse_currency,
    "total": _parse_amount,
    "invoice_date": parse_date,
    "due_date": parse_date,
    "period_closed": _parse_bool,
}


def _quoted(text: str, longest: int = 40) -> str:
    """Quote a value on one readable line."""
    clean = "".join(char if char.isprintable() else "?" for char in text)
    return f"”{clean[:longest]}…”" if len(clean) > longest else f"”{clean}”"


def _unknown_columns(headings: Iterable[str]) -> Text:
    known, mapping = ", ".join(REQUIRED + OPTIONAL), ",".join(f"{heading}=" for heading in headings)
    shown = _quoted(mapping, 400).strip("”")
    return Text(
        f'kolumnen är okänd. Säg vad den är med --columns "{shown}", där det efter '
        f"likhetstecknet står en av {known}, eller ingenting för en som inte ska läsas.",
        f'the column is unknown. Say what it is with --columns "{shown}", where after the equals '
        f"sign stands one of {known}, or nothing for one that is not to be read.",
    )


def _no_mapping(pair: str) -> Text:
    known = ", ".join(REQUIRED + OPTIONAL)
    return Text(
        f"{_quoted(pair)} ska skrivas RUBRIK=KOLUMN, med en av kolumnerna {known}, eller RUBRIK= "
        "för den som inte ska läsas.",
        f"{_quoted(pair)} must be written HEADING=COLUMN, with one of the columns {known}, or "
        "HEADING= for one that is not to be read.",
    )


#: Helps with a spreadsheet.
_FORMAT = Text(
    "Formatera kolumnen som text i kalkylbladet innan du sparar filen.",
    "Format the column as text in the spreadsheet before you save the file.",
)
_EMPTY = Text("är tomt och måste fyllas i.", "is empty and must be filled in.")
_NO_NUMBER = Template(
    "{shown} kan inte vara ett fakturanummer i Fortnox; skriv numret som det står på fakturan, "
    "till exempel 1001.",
    "{shown} cannot be an invoice number of Fortnox; write the number as it is on the invoice, "
    "such as 1001.",
)
_NOT_DIGITS_ONLY = Template(
    "{shown} är inte bara siffror, som Fortnox nummer är; fakturan hittas bara på sitt OCR-nummer.",
    "{shown} is not digits only, as Fortnox's numbers are; the invoice is found by its OCR "
    "reference only.",
)
_LEADING_ZERO = Template(
    "{shown} börjar med noll, vilket Fortnox nummer aldrig gör; fakturan hittas bara på sitt "
    "OCR-nummer.",
    "{shown} begins with zero, which Fortnox's numbers never do; the invoice is found by its OCR "
    "reference only.",
)
_NO_OCR = Template(
    "{shown} är inget OCR-nummer; skriv bara dess siffror, eller lämna tomt.",
    "{shown} is not an OCR reference; write its digits only, or leave it empty.",
)
_SAME_OCR = Template(
    "{shown} har faktura {first} också; en betalning som bara har OCR-numret hittar då ingen av "
    "dem. Ge var och en sitt eget.",
    "{shown} is that of invoice {first}, too; a payment that has the OCR reference only then finds "
    "neither. Give each its own.",
)
_LOST_DIGITS_OF = Template(
    "{shown} slutar på noll efter 15 siffror, som ett kalkylblad gör om längre tal; jämför det med "
    "fakturan.",
    "{shown} ends in zero after 15 digits, which is what a spreadsheet makes of longer numbers; "
    "compare it with the invoice.",
)
_TOO_LONG = Template(
    "{shown} är för långt; högst {longest} tecken får plats.",
    "{shown} is too long; at most {longest} characters fit.",
)
_NO_AMOUNT = Template(
    "{shown} är inget belopp; skriv siffror med högst två decimaler, till exempel 1250.50 eller "
    "1 250,50.",
    "{shown} is not an amount; write digits with at most two decimals, such as 1250.50 or "
    "1 250,50.",
)
_TWO_AMOUNTS = Template(
    "{shown} kan läsas som {large} eller {small}; skriv det som menas, utan tusentalsavgränsare "
    "och med högst två decimaler.",
    "{shown} can be read as {large} or {small}; write the one that is meant, without thousands "
    "separator and with at most two decimals.",
)
_NO_DATE = Template(
    "{shown} är inget datum; skriv år-månad-dag, till exempel 2026-01-31.",
    "{shown} is not a date; write year-month-day, such as 2026-01-31.",
)
_NO_TRUTH = Template(
    "{shown} är varken ja eller nej; skriv true eller false (tomt betyder true).",
    "{shown} is neither yes nor no; write true or false (empty means true).",
)
_WRONG_WIDTH = Template(
    "raden har {cells} fält men rubriken har {columns}; sätt fält med kommatecken inom "
    "citattecken.",
    "the line has {cells} fields but the header has {columns}; put fields that hold a comma in "
    "quotation marks.",
)
_DUPLICATE = Template(
    "fakturan {shown} står redan på rad {line}; varje faktura får bara stå en gång.",
    "invoice {shown} is on line {line} already; each invoice may be listed only once.",
)
_ODD_CURRENCY = Template(
    "{shown} är ingen valuta i ISO 4217, och andra har Fortnox inte: betalningar av fakturan "
    "sparas inte. Skriv valutans tre bokstäver, till exempel SEK.",
    "{shown} is not an ISO 4217 currency, and Fortnox has no others: payments of the invoice are "
    "not saved. Write the three letters of the currency, such as SEK.",
)
_NO_CUSTOMER = Text(
    "är tomt; fyll i det på varje rad. Sammanslagna celler har ett värde bara på den första.",
    "is empty; fill it in on every line. Merged cells have a value on the first one only.",
)
_ONLY_HEADINGS = Text(
    "Filen har rubriker men inga fakturor; kontrollera att det är rätt fil. Av en arbetsbok läses "
    "bara det första blad som syns.",
    "The file has headings but no invoices; check that it is the right one. Of a workbook only the "
    "first visible sheet is read.",
)
_UNKNOWN_COLUMN = Text("kolumnen är okänd.", "the column is unknown.")
_COLUMN_TWICE = Text("kolumnen finns två gånger.", "the column is there twice.")
_COLUMN_MISSING = Text("kolumnen saknas i rubriken.", "the column is missing in the header.")
