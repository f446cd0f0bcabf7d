"""The items that the suites export, by subject, and the differences between subjects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, NamedTuple

from opter_contract.conformance import sample_bills, sample_invoices
from opter_contract.conformance.sample_bills import bill, debit
from opter_contract.conformance.sample_invoices import invoice, row, with_check_digit
from opter_contract.export_values import ExportItem


class Samples(NamedTuple):
    """The sample items of one subject."""

    everything: Sequence[Any]
    ordinary: Any
    euros: Any
    negative: Any
    exact: Any
    """Its total is wrong with floats; not in ``everything``, like the next one."""
    earlier: Any
    """Its number sorts before all others."""
    withheld: Sequence[Any] = ()
    """Items that a host may omit, and a plug-in does not send."""


SAMPLES: Final[Mapping[str, Samples]] = {
    "invoices": Samples(
        sample_invoices.INVOICES,
        sample_invoices.ORDINARY,
        sample_invoices.EUROS,
        sample_invoices.CORRECTION,
        invoice("1007", row("0.10", "0.20"), row("9999999999999999.99", "0.07")),
        invoice("0999"),
    ),
    "supplier-bills": Samples(
        sample_bills.BILLS,
        sample_bills.ORDINARY,
        sample_bills.EUROS,
        sample_bills.NEGATIVE,
        bill("A-2026-123", *map(debit, ["0.10", "0.20", "9999999999999999.99", "0.07"])),
        bill("A-2026-001"),
        (sample_bills.SENT_BY_THE_SUPPLIER,),
    ),
}


def number_of(one: Any) -> str:
    """Return the host's number."""
    return str(one.bill_number if _is_bill(one) else one.invoice_number)


def party_number_of(one: Any) -> str:
    """Return the number of the customer or supplier in the other system."""
    return str(one.supplier.code if _is_bill(one) else one.customer.ledger_number)


def total(one: Any) -> Decimal:
    """Return the total, in its currency."""
    amount: Decimal = one.total if _is_bill(one) else sum(part.net + part.vat for part in one.rows)
    return amount


def items(*several: Any) -> list[ExportItem]:
    """Return new items, which were never exported."""
    return [ExportItem(f"{content.region}/{number_of(content)}", content) for content in several]


# --- Variants ---


def changed(one: Any) -> Any:
    """Return a copy with one more row."""
    if _is_bill(one):
        more = debit("1.10")
        return replace(one, rows=[*one.rows, more], total=one.total + more.debit)
    return replace(one, rows=[*one.rows, row("1.10", "0")])


def many(one: Any, count: int, first: int = 2001) -> list[Any]:
    """Return copies with numbers from ``first``."""
    return [_numbered(one, str(number)) for number in range(first, first + count)]


def _numbered(content: Any, number: str) -> Any:
    if _is_bill(content):
        return replace(content, bill_number=number)
    return replace(content, invoice_number=number, ocr=with_check_digit(number))


def _is_bill(content: Any) -> bool:
    """Return whether it is a bill, by its attributes: it may be an object of the host's own."""
    return hasattr(content, "bill_number")
