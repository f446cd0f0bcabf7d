"""Reads bills of subcontractors with their rows from a JSON file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from decimal import Decimal
from pathlib import PurePath
from typing import Any, ClassVar, Final

from hostsim.ledger.account_numbers import is_bankgiro, is_bic, is_iban, is_plusgiro
from hostsim.ledger.values import LoadedBill
from hostsim.messages import files as messages
from hostsim.services.item_file import InvalidValue, ProblemList
from hostsim.services.json_file import (
    AMOUNT,
    COMMON,
    COUNTRY,
    DATE,
    FILLED,
    TEXT,
    Field,
    Fields,
    JsonFile,
    ParsedItem,
    amount,
    boolean,
    filled,
    text_where,
)
from opter_contract.export_values import BillRow, Supplier, SupplierBill
from opter_contract.values import Text

#: It is part of what a bill is called in exports, as the region is.
MAX_NUMBER_LENGTH: Final = 50


def _account_parser(holds: Callable[[str], bool], message: Text) -> Callable[[object], Any]:
    """Return a parser of an account number, which may have spaces."""
    read = text_where(holds, message, empty=True)

    def parsed(value: object) -> Any:
        # Only of what has one: a number of the file stays one, and is no text.
        spaced = isinstance(value, str) and " " in value
        return read(str(value).replace(" ", "") if spaced else value)

    return parsed


def _parse_side(value: object) -> Decimal:
    side = amount(value)
    if side < 0:
        raise InvalidValue(messages.NEGATIVE_SIDE)
    return side


class BillsFile(JsonFile[LoadedBill]):
    """One pass over a file of bills."""

    wrong = "BILLS_FILE_WRONG"
    noun = Text("avräkning", "bill")
    number = "bill_number"
    party_name = "supplier"
    fields: ClassVar[Fields] = {
        "bill_number": Field(lambda value: filled(value, MAX_NUMBER_LENGTH), required=True),
        **COMMON,
        "bill_date": DATE,
        "total": AMOUNT,
        "vat": AMOUNT,
    }
    party_fields: ClassVar[Fields] = {
        **{field.name: TEXT for field in dataclasses.fields(Supplier)},
        "code": FILLED,
        "name": FILLED,
        "country": COUNTRY,
        "bankgiro": Field(_account_parser(is_bankgiro, messages.NO_BANKGIRO)),
        "plusgiro": Field(_account_parser(is_plusgiro, messages.NO_PLUSGIRO)),
        "iban": Field(_account_parser(is_iban, messages.NO_IBAN)),
        "bic": Field(_account_parser(is_bic, messages.NO_BIC)),
        "sends_invoice": boolean(default=False),
    }
    row_fields: ClassVar[Fields] = {
        "account": FILLED,
        "unit": TEXT,
        "debit": Field(_parse_side, required=True),
        "credit": Field(_parse_side, required=True),
    }

    def __init__(self, region: str = "", notes: ProblemList | None = None) -> None:
        super().__init__(region, notes)
        #: The details of each supplier, and the bill that has them first.
        self._suppliers: dict[tuple[str, str], tuple[object, str]] = {}

    def check(self, bill: ParsedItem) -> None:
        total, vat = bill.fields["total"], bill.fields["vat"]
        for index, row in enumerate(bill.rows):
            if row["debit"] and row["credit"]:
                self.problem(bill.who, f"rows[{index}]", messages.TWO_SIDES)
        rows = sum((row["debit"] - row["credit"] for row in bill.rows), Decimal(0))
        if rows != total:
            self.problem(bill.who, "total", messages.NOT_THE_ROWS(total=total, rows=rows))
        if not (0 <= vat <= total or total <= vat <= 0):
            self.problem(bill.who, "vat", messages.VAT_BEYOND_TOTAL(vat=vat, total=total))
        code = bill.party["code"]
        supplier, first = self._suppliers.setdefault((bill.region, code), (bill.party, bill.who))
        if supplier != bill.party:
            # The details of the last one would apply to both.
            self.problem(bill.who, "supplier", messages.OTHER_CARD(code=code, first=first))

    def make_item(self, bill: ParsedItem) -> LoadedBill:
        values = bill.fields
        return LoadedBill(
            SupplierBill(
                bill_number=values["bill_number"],
                region=bill.region,
                currency=values["currency"],
                exchange_rate=values["exchange_rate"],
                bill_date=values["bill_date"],
                due_date=values["due_date"],
                total=values["total"],
                vat=values["vat"],
                supplier=Supplier(**bill.party),
                rows=tuple(BillRow(**row) for row in bill.rows),
                document=PurePath(bill.document).name,
            ),
            period_closed=values["period_closed"],
            document=bill.document,
        )
