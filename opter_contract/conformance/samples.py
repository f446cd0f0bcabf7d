"""What the suites export, by subject, and all that they must know of what differs between two."""

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
    """What is exported of one subject."""

    everything: Sequence[Any]
    ordinary: Any
    euros: Any
    negative: Any
    exact: Any
    """Where arithmetic with floats goes wrong; not in ``everything``, as is the next."""
    earlier: Any
    """Before all others by its number."""
    withheld: Sequence[Any] = ()
    """What a host need not give, and a plug-in does not send."""


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
    """Return the number that the host has given it."""
    return str(one.bill_number if _is_bill(one) else one.invoice_number)


def party_number_of(one: Any) -> str:
    """Return what the customer or supplier may be called in the other system."""
    return str(one.supplier.code if _is_bill(one) else one.customer.ledger_number)


def total(one: Any) -> Decimal:
    """Return what is to be paid, in its currency."""
    amount: Decimal = one.total if _is_bill(one) else sum(part.net + part.vat for part in one.rows)
    return amount


def items(*several: Any) -> list[ExportItem]:
    """Make items, as a host gives them that never exported one."""
    return [ExportItem(f"{one.region}/{number_of(one)}", one) for one in several]


# --- Others like those of the suites ---


def changed(one: Any) -> Any:
    """Return one with a row more."""
    if _is_bill(one):
        more = debit("1.10")
        return replace(one, rows=[*one.rows, more], total=one.total + more.debit)
    return replace(one, rows=[*one.rows, row("1.10", "0")])


def many(one: Any, count: int, first: int = 2001) -> list[Any]:
    """Make others like this one, with numbers from ``first``."""
    return [_numbered(one, str(number)) for number in range(first, first + count)]


def _numbered(one: Any, number: str) -> Any:
    if _is_bill(one):
        return replace(one, bill_number=number)
    return replace(one, invoice_number=number, ocr=with_check_digit(number))


def _is_bill(one: Any) -> bool:
    """Tell by what it has: it may be an object of the host's own."""
    return hasattr(one, "bill_number")
