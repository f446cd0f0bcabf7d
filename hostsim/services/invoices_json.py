"""Reads invoices with their rows from a JSON file, as the issue of exports writes them.

As strict as :mod:`.invoices_csv`, for the same reason: every wrong field is reported by its
invoice, and then nothing is loaded. Knows neither the database nor the command line.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final

from hostsim.ledger.values import SEK, ExportedInvoice, InvoiceContent
from hostsim.messages import invoices as messages
from hostsim.services import invoices_csv
from hostsim.services.invoices_csv import MOST_PROBLEMS, FileProblem, InvoicesFileWrong, Notes
from opter_contract.export_values import INVOICE_TYPES, Customer, InvoiceRow
from opter_contract.values import Text

#: How long a region may be: it is part of what an invoice is called in exports.
LONGEST_REGION = 40
LONGEST_TEXT = 200

_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,2})?", re.ASCII)
_RATE = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,10})?", re.ASCII)
_VAT_RATE = re.compile(
    r"(?P<percent>[0-9]{1,2}(?:\.[0-9]{1,2})?)(?:-(?P<kind>[a-z][a-z0-9-]*))?", re.ASCII
)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_CENT: Final = Decimal("0.01")


class _Number(str):
    """A number of the file, as it is written there: no digit of it is rounded."""

    __slots__ = ()


class _Wrong(Exception):
    """A value that cannot be used."""

    def __init__(self, message: Text) -> None:
        super().__init__(message.en)
        self.message = message


#: Gives the value of a field, or says what is wrong with it.
_Parse = Callable[[Any], Any]


def is_json(path: Path) -> bool:
    """Tell whether a file of invoices is JSON, by its name or else by how it begins."""
    if path.suffix.lower() in {".json", ".csv"}:
        return path.suffix.lower() == ".json"
    try:
        with path.open("rb") as file:
            return file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"[", b"{"}
    except OSError:
        return False


def read_invoices(
    path: Path, *, region: str = "", notes: Notes | None = None
) -> list[ExportedInvoice]:
    """Read every invoice of a JSON file.

    :param region: for invoices that name none.
    :param notes: gets what is odd about invoices that are read all the same.
    :raises InvoicesFileWrong: with every problem by invoice and field.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvoicesFileWrong(path.name, [invoices_csv.unreadable(path, error)], 1) from error
    return invoices_in(content, file=path.name, folder=path.parent, region=region, notes=notes)


def invoices_in(
    content: bytes,
    *,
    file: str,
    folder: Path,
    region: str = "",
    notes: Notes | None = None,
) -> list[ExportedInvoice]:
    """Read every invoice of a JSON file from its bytes.

    :param file: how the file is called in messages.
    :param folder: in which the PDFs are looked up.
    :raises InvoicesFileWrong: with every problem by invoice and field.
    """
    reading = _Reading(folder, region, Notes() if notes is None else notes)
    try:
        found = json.loads(
            content.decode("utf-8-sig"),
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_Number,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError:
        reading.problem("", None, messages.NOT_UTF8)
        found = []
    except json.JSONDecodeError as error:
        reading.problem("", None, messages.NOT_JSON(line=error.lineno, column=error.colno))
        found = []
    except RecursionError:
        reading.problem("", None, messages.NOT_A_LIST)
        found = []
    invoices = reading.invoices(found)
    if reading.found:
        raise InvoicesFileWrong(file, reading.problems, reading.found)
    return invoices


class _Object(dict[str, Any]):
    """An object of the file; ``twice`` are keys that stand there more than once."""

    twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        made.twice = tuple(sorted({key for key in keys if keys.count(key) > 1}))
    return made


class _Reading:
    """One pass over one file, with the problems found so far."""

    def __init__(self, folder: Path, region: str, notes: Notes) -> None:
        self._folder = folder
        self._region = region
        self._notes = notes
        self._seen: set[tuple[str, str]] = set()
        self.problems: list[FileProblem] = []
        self.found = 0

    def problem(self, invoice: str, field: str | None, message: Text) -> None:
        self.found += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(FileProblem(0, field, message, invoice))

    def invoices(self, found: object) -> list[ExportedInvoice]:
        if not isinstance(found, list):
            self.problem("", None, messages.NOT_A_LIST)
            return []
        several = (self._invoice(place, one) for place, one in enumerate(found, 1))
        return [one for one in several if one is not None]

    def _invoice(self, place: int, given: object) -> ExportedInvoice | None:
        before = self.found
        if not isinstance(given, _Object):
            self.problem(f"#{place}", None, messages.NOT_AN_OBJECT)
            return None
        number = given.get("invoice_number")
        who = str(number)[:40] if isinstance(number, str) and number else f"#{place}"
        invoice = self._read(who, "", given, _INVOICE)
        customer = self._read(who, "customer.", given.get("customer"), _CUSTOMER)
        rows = [
            self._read(who, f"rows[{row}].", one, _ROW)
            for row, one in enumerate(self._rows(who, given.get("rows")))
        ]
        if self.found > before:
            return None
        region = invoice["region"] or self._region
        self._check(who, region, invoice, rows)
        document = self._document(who, invoice["pdf"])
        if self.found > before:
            return None
        content = InvoiceContent(
            customer=Customer(**customer),
            rows=tuple(InvoiceRow(**row) for row in rows),
            type=invoice["type"],
            exchange_rate=invoice["exchange_rate"],
            order_number=invoice["order_number"],
            order_date=invoice["order_date"],
            credits=invoice["credits"],
            document=document,
        )
        return ExportedInvoice(
            number=invoice["invoice_number"],
            ocr=invoice["ocr"],
            customer_code=content.customer.code,
            customer_name=content.customer.name,
            currency=invoice["currency"],
            total=_total(rows),
            invoice_date=invoice["invoice_date"],
            due_date=invoice["due_date"],
            region=region,
            period_closed=invoice["period_closed"],
            content=content,
        )

    def _rows(self, who: str, given: object) -> list[Any]:
        if isinstance(given, list) and given:
            return given
        self.problem(who, "rows", messages.NO_ROWS)
        return []

    def _read(
        self, who: str, place: str, given: object, known: Mapping[str, _Field]
    ) -> dict[str, Any]:
        """Read the fields of one object; what is wrong is left out, and reported."""
        if not isinstance(given, _Object):
            self.problem(who, place.rstrip(".") or None, messages.NOT_AN_OBJECT)
            return {}
        for key in given.twice:
            self.problem(who, f"{place}{key}", messages.TWICE)
        for key in sorted(given.keys() - known.keys()):
            fields_known = ", ".join(known)
            self.problem(who, f"{place}{key[:40]}", messages.UNKNOWN_FIELD(known=fields_known))
        read = {}
        for key, field in known.items():
            value = given.get(key)
            if value is None and field.required:
                self.problem(who, f"{place}{key}", messages.MISSING)
                continue
            try:
                read[key] = field.default if value is None else field.parse(value)
            except _Wrong as wrong:
                self.problem(who, f"{place}{key}", wrong.message)
        read.pop("customer", None)
        read.pop("rows", None)
        return read

    def _check(
        self, who: str, region: str, invoice: Mapping[str, Any], rows: list[dict[str, Any]]
    ) -> None:
        """Check what is wrong only beside another field."""
        key = (region, invoice["invoice_number"])
        if key in self._seen:
            self.problem(who, "invoice_number", messages.DUPLICATE)
        self._seen.add(key)
        if (odd := invoices_csv.odd_number(invoice["invoice_number"])) is not None:
            self._notes.add(FileProblem(0, "invoice_number", odd, who))
        if invoice["currency"] == SEK and invoice["exchange_rate"] is not None:
            self.problem(who, "exchange_rate", messages.RATE_OF_SEK)
        correction = invoice["type"] == "correction"
        if invoice["credits"] and not correction:
            self.problem(who, "credits", messages.CREDITS_NOTHING)
        if correction and invoice["credits"] == invoice["invoice_number"]:
            self.problem(who, "credits", messages.CREDITS_ITSELF)
        if correction and _total(rows) > 0:
            self.problem(who, "rows", messages.CORRECTION_POSITIVE)
        for place, row in enumerate(rows):
            if row["vat"] and not _percent(row["vat_rate"]):
                self.problem(who, f"rows[{place}].vat", messages.VAT_OF_NOTHING)
            if row["net"] and row["vat"] and (row["net"] > 0) != (row["vat"] > 0):
                self.problem(who, f"rows[{place}].vat", messages.SIGNS_DIFFER)

    def _document(self, who: str, name: str) -> str:
        """Give the path of a PDF, which must lie in the folder of the file or below it."""
        if not name:
            return ""
        several = (PurePosixPath(name), PureWindowsPath(name))
        if any(one.is_absolute() or one.drive or ".." in one.parts for one in several):
            self.problem(who, "pdf", messages.PDF_ELSEWHERE)
            return ""
        if not name.lower().endswith(".pdf"):
            self.problem(who, "pdf", messages.NO_PDF)
            return ""
        path = (self._folder / name).resolve()
        if not path.is_file():
            self._notes.add(FileProblem(0, "pdf", messages.pdf_missing(name), who))
        return str(path)


# --- Values ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Field:
    parse: _Parse
    required: bool = False
    default: Any = ""


def _total(rows: list[dict[str, Any]]) -> Decimal:
    return sum((row["net"] + row["vat"] for row in rows), Decimal(0))


def _percent(vat_rate: str) -> Decimal:
    return Decimal(vat_rate.partition("-")[0])


def _is_text(value: object) -> str:
    if not isinstance(value, str) or isinstance(value, _Number):
        raise _Wrong(messages.NOT_TEXT)
    if any(unicodedata.category(one) in {"Cc", "Cs"} for one in value):
        raise _Wrong(messages.NOT_PRINTABLE)
    if len(value) > LONGEST_TEXT:
        raise _Wrong(messages.too_long(LONGEST_TEXT))
    return value.strip()


def _filled(value: object) -> str:
    text = _is_text(value)
    if not text:
        raise _Wrong(messages.MISSING)
    return text


def _as_in_csv(parse: Callable[[str], Any]) -> _Parse:
    def parsed(value: object) -> Any:
        found = parse(_is_text(value))
        if isinstance(found, Text):
            raise _Wrong(invoices_csv.without_hint(found))
        return found

    return parsed


def _matching(pattern: re.Pattern[str], message: Text, *, empty: bool = False) -> _Parse:
    def parsed(value: object) -> str:
        text = _is_text(value)
        if not pattern.fullmatch(text) and not (empty and not text):
            raise _Wrong(message)
        return text

    return parsed


def _region(value: object) -> str:
    text = _is_text(value)
    if len(text) > LONGEST_REGION:
        raise _Wrong(messages.too_long(LONGEST_REGION))
    return text


def _type(value: object) -> str:
    text = _is_text(value)
    if text not in INVOICE_TYPES:
        raise _Wrong(messages.NO_TYPE)
    return text


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(messages.NO_TRUTH)
    return value


def _amount(value: object) -> Decimal:
    # A number is taken as it is written: 99.99, but not the 99.98999999999999 of a float.
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise _Wrong(messages.NO_AMOUNT)
    return Decimal(value).quantize(_CENT)


def _rate(value: object) -> Decimal:
    if not isinstance(value, str) or not _RATE.fullmatch(value) or not Decimal(value):
        raise _Wrong(messages.NO_RATE)
    return Decimal(value).normalize()


def _vat_rate(value: object) -> str:
    found = _VAT_RATE.fullmatch(_is_text(value))
    if found is None or (found["kind"] and Decimal(found["percent"])):
        raise _Wrong(messages.NO_VAT_RATE)
    return found[0]


def _date_or_none(value: object) -> date | None:
    found: date | None = None if value == "" else _DATE(value)
    return found


_DATE = _as_in_csv(invoices_csv.date_of)

_TEXT = _Field(_is_text)
_INVOICE: Mapping[str, _Field] = {
    "invoice_number": _Field(_as_in_csv(invoices_csv.number_of), required=True),
    "ocr": _Field(_as_in_csv(invoices_csv.ocr_of)),
    "type": _Field(_type, default="invoice"),
    "region": _Field(_region),
    "period_closed": _Field(_truth, default=True),
    "currency": _Field(_matching(_CURRENCY, messages.NO_CURRENCY), required=True),
    "exchange_rate": _Field(_rate, default=None),
    "invoice_date": _Field(_DATE, required=True),
    "due_date": _Field(_DATE, required=True),
    "order_number": _TEXT,
    "order_date": _Field(_date_or_none, default=None),
    "credits": _TEXT,
    "pdf": _TEXT,
    # Read apart.
    "customer": _Field(lambda value: value),
    "rows": _Field(lambda value: value),
}
_CUSTOMER: Mapping[str, _Field] = {
    **{field.name: _TEXT for field in fields(Customer)},
    "code": _Field(_filled, required=True),
    "name": _Field(_filled, required=True),
    "country": _Field(_matching(_COUNTRY, messages.NO_COUNTRY, empty=True)),
}
_ROW: Mapping[str, _Field] = {
    "account": _Field(_filled, required=True),
    "unit": _TEXT,
    "vat_rate": _Field(_vat_rate, required=True),
    "net": _Field(_amount, required=True),
    "vat": _Field(_amount, required=True),
}
