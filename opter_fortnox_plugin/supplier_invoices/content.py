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
from opter_fortnox_plugin.exports.cards import CARD, card_texts
from opter_fortnox_plugin.exports.content import Content
from opter_fortnox_plugin.exports.problems import Problem
from opter_fortnox_plugin.exports.texts import (
    MARK,
    bare_number,
    cleaned,
    currency_rates,
    differences_of,
    in_words,
    is_refused,
    shown,
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

#: Fortnox takes no longer numbers; a client cuts references at 50.
MAX_NUMBER_LENGTH: Final = 64
_MAX_REFERENCE_LENGTH: Final = 50

#: The fields of a supplier's card, in Fortnox's words, and their names here.
SUPPLIER_CARD: Final = (*CARD, ("Phone1", "phone1"), ("Phone2", "phone2"), ("WWW", "www"))

#: The ways in which Fortnox pays, in the order in which it takes the first that is filled in; what
#: belongs to an account stands beside it.
BANK: Final = (
    (("BG", "bankgiro"),),
    (("PG", "plusgiro"),),
    (("BankAccountNumber", "bank_account"), ("ClearingNumber", "clearing_number")),
    (("IBAN", "iban"), ("BIC", "bic")),
)

_FIELDS: Final = (*SUPPLIER_CARD, *chain(*BANK))

#: An account that is written with its clearing number, for which Fortnox has a field.
_ACCOUNT: Final = re.compile(r"(\d{4,5})\s?[-, ]\s?(\d[\d -]*)", re.ASCII)


def reference(bill: contract.SupplierBill) -> str:
    """Return the mark of our bills, ``ExternalInvoiceNumber``."""
    region = cleaned(bill.region).replace("%", "%25").replace("/", "%2F")
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
    """Return a bill as it should look in Fortnox."""
    card = card_of(bill.supplier, settings)
    ours = SupplierInvoice(
        party_number=card.number,
        invoice_number=cleaned(bill.bill_number),
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
        or PROBLEMS.of_texts(_texts(ours, card))
        or _balance_problem(bill)
        or PROBLEMS.of_rows(len(ours.rows))
    )
    return Content(ours, card, bill.supplier.code, bill.total, problem)


def card_of(supplier: contract.Supplier, settings: BillSettings) -> Supplier:
    """Return the supplier's card as it should look in Fortnox."""
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
    rows, whole = (in_words(one, bill.currency) for one in (total, bill.total))
    return PROBLEMS.problem("NOT_BALANCED", rows=rows, total=whole)


# --- Comparison ---------------------------------------------------------------


def identity_differences(
    ours: SupplierInvoice, theirs: SupplierInvoice
) -> list[contract.Difference]:
    """Return why a supplier invoice with our number is not this bill; nothing where it may be."""
    return differences_of(
        ("InvoiceNumber", ours.invoice_number, theirs.invoice_number),
        ("Total", ours.total, theirs.total),
        ("Currency", ours.currency, theirs.currency),
        ("InvoiceDate", ours.invoice_date, theirs.invoice_date),
    )


def differences(ours: SupplierInvoice, theirs: SupplierInvoice) -> list[contract.Difference]:
    """Return the fields of our bill that are not so in Fortnox, rows included."""
    found = differences_of(("SupplierNumber", ours.party_number, theirs.party_number))
    found += identity_differences(ours, theirs)
    found += differences_of(
        ("DueDate", ours.due_date, theirs.due_date),
        ("VAT", ours.vat, theirs.vat or _ZERO),
        ("VATType", ours.vat_type, theirs.vat_type or ours.vat_type),
        currency_rates(ours, theirs),
    )
    mine, other = coding(ours), coding(theirs)
    return found + differences_of(("SupplierInvoiceRows", _in_text(mine), _in_text(other)))


def coding(invoice: SupplierInvoice) -> list[tuple[str, Decimal]]:
    """Return what is booked on each account, without the debt, whatever rows it stands in.

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


def _in_text(rows: list[tuple[str, Decimal]]) -> str:
    return ", ".join(f"{account} {shown(amount)}" for account, amount in rows)
