"""Reads invoices with their rows from a JSON file."""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from hostsim.ledger.values import ExportedInvoice, InvoiceContent
from hostsim.messages import files as messages
from hostsim.services import invoices_table
from hostsim.services.item_file import INVOICE, InvalidValue, ProblemList
from hostsim.services.json_file import (
    AMOUNT,
    COMMON,
    COUNTRY,
    DATE,
    DATE_OR_NONE,
    FILLED,
    TEXT,
    Field,
    Fields,
    JsonFile,
    ParsedItem,
    as_in_table,
    text,
    text_where,
)
from opter_contract.export_values import INVOICE_TYPES, Customer, InvoiceRow

_VAT_RATE = re.compile(
    r"(?P<percent>[0-9]{1,2}(?:\.[0-9]{1,2})?)(?:-(?P<kind>[a-z][a-z0-9-]*))?", re.ASCII
)


def is_json(path: Path) -> bool:
    """Return whether a file of invoices is JSON, by its name or else by how it begins."""
    if path.suffix.lower() in {".json", ".csv"}:
        return path.suffix.lower() == ".json"
    try:
        with path.open("rb") as file:
            return file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"[", b"{"}
    except OSError:
        return False


def _parse_vat_rate(value: object) -> str:
    match = _VAT_RATE.fullmatch(text(value))
    if match is None or (match["kind"] and Decimal(match["percent"])):
        raise InvalidValue(messages.NO_VAT_RATE)
    return match[0]


class InvoicesFile(JsonFile[ExportedInvoice]):
    """One pass over a file of invoices."""

    wrong = invoices_table.WRONG
    noun = INVOICE
    number = "invoice_number"
    party_name = "customer"
    fields: ClassVar[Fields] = {
        "invoice_number": Field(as_in_table(invoices_table.parse_number), required=True),
        "ocr": Field(as_in_table(invoices_table.parse_ocr)),
        "type": Field(text_where(INVOICE_TYPES.__contains__, messages.NO_TYPE), default="invoice"),
        **COMMON,
        "invoice_date": DATE,
        "order_number": TEXT,
        "order_date": DATE_OR_NONE,
        "credits": TEXT,
    }
    party_fields: ClassVar[Fields] = {
        **{field.name: TEXT for field in dataclasses.fields(Customer)},
        "code": FILLED,
        "name": FILLED,
        "country": COUNTRY,
    }
    row_fields: ClassVar[Fields] = {
        "account": FILLED,
        "unit": TEXT,
        "vat_rate": Field(_parse_vat_rate, required=True),
        "net": AMOUNT,
        "vat": AMOUNT,
    }

    def __init__(self, region: str = "", notes: ProblemList | None = None) -> None:
        super().__init__(region, notes)
        self._ocrs: dict[tuple[str, str], str] = {}

    def check(self, invoice: ParsedItem) -> None:
        who, values = invoice.who, invoice.fields
        if (warning := invoices_table.odd_number(values["invoice_number"])) is not None:
            self.note(who, "invoice_number", warning)
        number, ocr = values["invoice_number"], values["ocr"]
        if (
            warning := invoices_table.same_ocr(self._ocrs, invoice.region, ocr, number)
        ) is not None:
            self.note(who, "ocr", warning)
        correction = values["type"] == "correction"
        if values["credits"] and not correction:
            self.problem(who, "credits", messages.CREDITS_NOTHING)
        if correction and values["credits"] == values["invoice_number"]:
            self.problem(who, "credits", messages.CREDITS_ITSELF)
        if correction and _total(invoice.rows) > 0:
            self.problem(who, "rows", messages.CORRECTION_POSITIVE)
        for index, row in enumerate(invoice.rows):
            if row["vat"] and not _percent(row["vat_rate"]):
                self.problem(who, f"rows[{index}].vat", messages.VAT_OF_NOTHING)
            if row["net"] and row["vat"] and (row["net"] > 0) != (row["vat"] > 0):
                self.problem(who, f"rows[{index}].vat", messages.SIGNS_DIFFER)

    def make_item(self, invoice: ParsedItem) -> ExportedInvoice:
        values = invoice.fields
        content = InvoiceContent(
            customer=Customer(**invoice.party),
            rows=tuple(InvoiceRow(**row) for row in invoice.rows),
            type=values["type"],
            exchange_rate=values["exchange_rate"],
            order_number=values["order_number"],
            order_date=values["order_date"],
            credits=values["credits"],
            document=invoice.document,
        )
        return ExportedInvoice(
            number=values["invoice_number"],
            ocr=values["ocr"],
            customer_code=content.customer.code,
            customer_name=content.customer.name,
            currency=values["currency"],
            total=_total(invoice.rows),
            invoice_date=values["invoice_date"],
            due_date=values["due_date"],
            region=invoice.region,
            period_closed=values["period_closed"],
            content=content,
        )


def _total(rows: list[dict[str, Any]]) -> Decimal:
    return sum((row["net"] + row["vat"] for row in rows), Decimal(0))


def _percent(vat_rate: str) -> Decimal:
    return Decimal(vat_rate.partition("-")[0])
