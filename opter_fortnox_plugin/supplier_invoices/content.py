"""What Fortnox is to have of a bill and of its supplier. Nothing here opens a connection.

One row a combination of account and economic unit, whose codes are not sent, as Opter's own export
has it; ``NORMAL`` VAT, so that Fortnox books the coding as it is and computes nothing. The row of
the debt is Fortnox's own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import chain
from typing import Final

from opter_contract import export_values as contract
from opter_fortnox_plugin.exports.content import Content, party_id
from opter_fortnox_plugin.exports.party_register import CARD, card_texts
from opter_fortnox_plugin.exports.problems import Problem
from opter_fortnox_plugin.exports.texts import (
    MARK,
    amount_in_words,
    amount_text,
    bare_number,
    clean,
    currency_rates,
    differences_of,
    is_refused,
)
from opter_fortnox_plugin.fortnox.party_schemas import Supplier
from opter_fortnox_plugin.fortnox.supplier_invoice_schemas import (
    DEBT,
    SupplierInvoice,
    SupplierInvoiceRow,
)
from opter_fortnox_plugin.supplier_invoices.problems import PROBLEMS
from opter_fortnox_plugin.supplier_invoices.settings import BillSettings

_ZERO: Final = Decimal(0)

#: The maximum lengths in Fortnox; a client truncates references at 50.
MAX_NUMBER_LENGTH: Final = 64
_MAX_REFERENCE_LENGTH: Final = 50

#: The fields of a supplier record: Fortnox's names, and ours.
SUPPLIER_CARD: Final = (*CARD, ("Phone1", "phone1"), ("Phone2", "phone2"), ("WWW", "www"))

#: The ways in which Fortnox pays, in its order of preference; each account with its details.
BANK: Final = (
    (("BG", "bankgiro"),),
    (("PG", "plusgiro"),),
    (("BankAccountNumber", "bank_account"), ("ClearingNumber", "clearing_number")),
    (("IBAN", "iban"), ("BIC", "bic")),
)

_FIELDS: Final = (*SUPPLIER_CARD, *chain(*BANK))

#: An account with its clearing number, for which Fortnox has a separate field.
_ACCOUNT: Final = re.compile(r"(\d{4,5})\s?[-, ]\s?(\d[\d -]*)", re.ASCII)


def reference(bill: contract.SupplierBill) -> str:
    """Return the mark of our bills, ``ExternalInvoiceNumber``."""
    region = clean(bill.region).replace("%", "%25").replace("/", "%2F")
    mark = f"{MARK}{region}/{bill.bill_number}/"
    if len(mark) <= _MAX_REFERENCE_LENGTH and not is_refused(mark):
        return mark
    return MARK + hashlib.sha256(mark.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def supplier_number(supplier: contract.Supplier, settings: BillSettings) -> str:
    """Return the supplier's number in Fortnox; ``""`` if the host has none."""
    if settings.supplier_number == "code":
        return supplier.code.strip()
    return bare_number(supplier.organisation_number)


def content_of(bill: contract.SupplierBill, settings: BillSettings) -> Content:
    card = card_of(bill.supplier, settings)
    ours = SupplierInvoice(
        party_number=card.number,
        invoice_number=clean(bill.bill_number),
        invoice_date=bill.bill_date,
        due_date=bill.due_date,
        currency=bill.currency,
        currency_rate=bill.exchange_rate if bill.currency != "SEK" else None,
        total=bill.total,
        vat=bill.vat,
        rows=tuple(_rows(bill)),
        external_reference=reference(bill),
    )
    problem = (
        _number_problem(ours)
        or PROBLEMS.text_problem(_texts(ours, card))
        or PROBLEMS.amount_problem(bill.currency, _amounts(bill))
        or _balance_problem(bill)
        or PROBLEMS.row_count_problem(len(ours.rows))
    )
    supplier = party_id(bill.region, bill.supplier.code)
    return Content(ours, card, supplier, bill.total, problem)


def _amounts(bill: contract.SupplierBill) -> Iterable[Decimal]:
    yield bill.total
    for row in bill.rows:
        yield from (row.debit, row.credit)


def card_of(supplier: contract.Supplier, settings: BillSettings) -> Supplier:
    texts = card_texts(supplier, _FIELDS)
    if parts := _ACCOUNT.fullmatch(texts["bank_account"]):
        texts["clearing_number"], texts["bank_account"] = parts.groups()
    return Supplier(supplier_number(supplier, settings), **texts)


def _rows(bill: contract.SupplierBill) -> Iterable[SupplierInvoiceRow]:
    sums: dict[tuple[str, str], Decimal] = {}
    for row in bill.rows:
        key = (row.account.strip(), row.unit.strip())
        sums[key] = sums.get(key, _ZERO) + row.debit - row.credit
    for (account, _), amount in sums.items():
        if not amount:
            continue
        debit, credit = max(amount, _ZERO), max(-amount, _ZERO)
        if bill.currency == "SEK":
            yield SupplierInvoiceRow(account, debit, credit)
        else:
            yield SupplierInvoiceRow(account, debit_currency=debit, credit_currency=credit)


def _number_problem(ours: SupplierInvoice) -> Problem | None:
    number = ours.invoice_number
    if 0 < len(number) <= MAX_NUMBER_LENGTH:
        return None
    return PROBLEMS.problem("NUMBER_NOT_USABLE", number=number[:MAX_NUMBER_LENGTH] or "–")


def _texts(ours: SupplierInvoice, card: Supplier) -> Iterable[tuple[str, str]]:
    yield "InvoiceNumber", ours.invoice_number
    yield "SupplierNumber", card.number
    for name, field in _FIELDS:
        yield name, getattr(card, field)


def _balance_problem(bill: contract.SupplierBill) -> Problem | None:
    total = sum((row.debit - row.credit for row in bill.rows), _ZERO)
    if total == bill.total:
        return None
    return PROBLEMS.problem(
        "NOT_BALANCED",
        rows=amount_in_words(total, bill.currency),
        total=amount_in_words(bill.total, bill.currency),
    )


# --- Comparison ---------------------------------------------------------------


def identity_differences(
    ours: SupplierInvoice, theirs: SupplierInvoice
) -> list[contract.Difference]:
    """Return the fields that show that an invoice with our number is not this bill."""
    return differences_of(
        ("InvoiceNumber", ours.invoice_number, theirs.invoice_number),
        ("Total", ours.total, theirs.total),
        ("Currency", ours.currency, theirs.currency),
        ("InvoiceDate", ours.invoice_date, theirs.invoice_date),
    )


def differences(ours: SupplierInvoice, theirs: SupplierInvoice) -> list[contract.Difference]:
    """Return the fields in which a bill differs in Fortnox, rows included."""
    result = differences_of(("SupplierNumber", ours.party_number, theirs.party_number))
    result += identity_differences(ours, theirs)
    result += differences_of(
        ("DueDate", ours.due_date, theirs.due_date),
        ("VAT", ours.vat, theirs.vat or _ZERO),
        ("VATType", ours.vat_type, theirs.vat_type or ours.vat_type),
        currency_rates(ours, theirs),
    )
    mine, other = coding(ours), coding(theirs)
    return result + differences_of(("SupplierInvoiceRows", _coding_text(mine), _coding_text(other)))


def coding(invoice: SupplierInvoice) -> list[tuple[str, Decimal]]:
    """Return the amount booked on each account, without the debt.

    Positive in debit, in the invoice's currency.
    """
    foreign = invoice.currency != "SEK"
    sums: dict[str, Decimal] = {}
    for row in invoice.rows:
        amount = row.debit - row.credit
        if foreign:
            amount = row.debit_currency - row.credit_currency
        if row.code != DEBT:
            sums[row.account] = sums.get(row.account, _ZERO) + amount
    return sorted((account, amount) for account, amount in sums.items() if amount)


def _coding_text(rows: list[tuple[str, Decimal]]) -> str:
    return ", ".join(f"{account} {amount_text(amount)}" for account, amount in rows)
