"""Reads bills of subcontractors with their rows from a JSON file, as the issue of them has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Final

from hostsim.ledger.account_numbers import is_bankgiro, is_bic, is_iban, is_plusgiro
from hostsim.ledger.values import LoadedBill
from hostsim.messages import files as messages
from hostsim.services.item_file import ProblemList
from hostsim.services.json_file import (
    AMOUNT,
    COMMON,
    COUNTRY,
    DATE,
    FILLED,
    TEXT,
    Declaration,
    Field,
    Given,
    JsonFile,
    Wrong,
    amount,
    filled,
    that,
    truth,
)
from opter_contract.export_values import BillRow, Supplier, SupplierBill
from opter_contract.values import Text

#: It is part of what a bill is called in exports, as the region is.
MAX_NUMBER_LENGTH: Final = 50


def _account(holds: Callable[[str], bool], message: Text) -> Callable[[object], Any]:
    """Make a reader of an account number, which is taken without its spaces."""
    read = that(holds, message, empty=True)

    def parsed(value: object) -> Any:
        # Only of what has one: a number of the file stays one, and is no text.
        spaced = isinstance(value, str) and " " in value
        return read(str(value).replace(" ", "") if spaced else value)

    return parsed


def _side(value: object) -> Decimal:
    found = amount(value)
    if found < 0:
        raise Wrong(messages.NEGATIVE_SIDE)
    return found


_BILLS = Declaration(
    noun=Text("avräkning", "bill"),
    number="bill_number",
    party_name="supplier",
    item={
        "bill_number": Field(lambda value: filled(value, MAX_NUMBER_LENGTH), required=True),
        **COMMON,
        "bill_date": DATE,
        "total": AMOUNT,
        "vat": AMOUNT,
    },
    party={
        **{field.name: TEXT for field in fields(Supplier)},
        "code": FILLED,
        "name": FILLED,
        "country": COUNTRY,
        "bankgiro": Field(_account(is_bankgiro, messages.NO_BANKGIRO)),
        "plusgiro": Field(_account(is_plusgiro, messages.NO_PLUSGIRO)),
        "iban": Field(_account(is_iban, messages.NO_IBAN)),
        "bic": Field(_account(is_bic, messages.NO_BIC)),
        "sends_invoice": truth(default=False),
    },
    row={
        "account": FILLED,
        "unit": TEXT,
        "debit": Field(_side, required=True),
        "credit": Field(_side, required=True),
    },
)


class BillsFile(JsonFile[LoadedBill]):
    """One pass over a file of bills."""

    wrong = "BILLS_FILE_WRONG"
    declaration = _BILLS

    def __init__(self, region: str = "", notes: ProblemList | None = None) -> None:
        super().__init__(region, notes)
        #: The card of each supplier, and the bill that has it first.
        self._cards: dict[tuple[str, str], tuple[object, str]] = {}

    def check(self, one: Given) -> None:
        total, vat = one.fields["total"], one.fields["vat"]
        for place, row in enumerate(one.rows):
            if row["debit"] and row["credit"]:
                self.problem(one.who, f"rows[{place}]", messages.TWO_SIDES)
        rows = sum((row["debit"] - row["credit"] for row in one.rows), Decimal(0))
        if rows != total:
            self.problem(one.who, "total", messages.NOT_THE_ROWS(total=total, rows=rows))
        if not (0 <= vat <= total or total <= vat <= 0):
            self.problem(one.who, "vat", messages.VAT_BEYOND_TOTAL(vat=vat, total=total))
        code = one.party["code"]
        card, first = self._cards.setdefault((one.region, code), (one.party, one.who))
        if card != one.party:
            # The last card would be that of both.
            self.problem(one.who, "supplier", messages.OTHER_CARD(code=code, first=first))

    def made(self, one: Given) -> LoadedBill:
        bill = one.fields
        return LoadedBill(
            SupplierBill(
                bill_number=bill["bill_number"],
                region=one.region,
                currency=bill["currency"],
                exchange_rate=bill["exchange_rate"],
                bill_date=bill["bill_date"],
                due_date=bill["due_date"],
                total=bill["total"],
                vat=bill["vat"],
                supplier=Supplier(**one.party),
                rows=tuple(BillRow(**row) for row in one.rows),
                document=PurePath(one.document).name,
            ),
            period_closed=bill["period_closed"],
            document=one.document,
        )
