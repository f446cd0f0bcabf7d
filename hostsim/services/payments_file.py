"""Exports the payments of the sales ledger, without those that were imported.

Payments only, each with its invoice number: the invoices themselves were exported to the
accounting system before anything could be paid, and would be there twice. An imported
payment is booked there already; booked back, the customer would have paid twice. It is
excluded by its origin, and the result says so.
"""

from __future__ import annotations

import csv
import io
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path

from hostsim.errors import host_error
from hostsim.ledger.values import EXACT, IMPORT, SEK, ZERO, Entry
from hostsim.messages.formats import day, plain
from hostsim.messages.payments import region_name
from hostsim.messages.text import listed
from hostsim.storage.invoices import regions
from hostsim.storage.private_files import move_unless_exists, new_file
from hostsim.storage.store import OriginTotal, Store
from opter_contract.values import Text

#: The columns of the file. ``amount`` is in ``currency``, ``amount_sek`` in SEK.
COLUMNS = (
    "invoice_number",
    "payment_date",
    "amount",
    "currency",
    "exchange_rate",
    "amount_sek",
    "bank_account",
    "origin",
    "source",
    "region",
)


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds, and what it excludes because it was imported."""

    #: Of the file, its head first.
    lines: Iterator[str]
    payments: int
    amount: Decimal  # SEK
    excluded: int
    excluded_amount: Decimal  # SEK


@contextmanager
def export(
    store: Store, *, region: str | None = None, everything: bool = False
) -> Iterator[Exported]:
    """Return the file of the payments that were not imported, line by line.

    Deleted and reversed payments are in no export.

    :param region: whose invoices; needed where several regions have payments to export.
    :param everything: imported ones, too; such a file must not be loaded where they came from.
    :raises HostError: ``EXPORT_REGION_NEEDED`` or ``EXPORT_REGION_UNKNOWN``.
    """
    if region is not None:
        region = region.strip()
        _refuse_unknown(store, region)

    def is_meant(payment: Entry | OriginTotal) -> bool:
        return region in {None, payment.region}

    def is_excluded(payment: Entry | OriginTotal) -> bool:
        return payment.origin == IMPORT and not everything

    with store.registered_payments() as (totals, payments):
        meant = list(filter(is_meant, totals))
        excluded = list(filter(is_excluded, meant))
        chosen = [total for total in meant if total not in excluded]
        chosen_regions = {total.region for total in chosen}
        if len(chosen_regions) > 1 and not everything:
            raise host_error("EXPORT_REGION_NEEDED", names=_join_regions(chosen_regions))
        lines = _csv_lines(
            entry for entry in payments if is_meant(entry) and not is_excluded(entry)
        )
        yield Exported(lines, *_sum_of(chosen), *_sum_of(excluded))


def _sum_of(totals: Sequence[OriginTotal]) -> tuple[int, Decimal]:
    with localcontext(EXACT):
        return sum(total.number for total in totals), sum((total.amount for total in totals), ZERO)


def _refuse_unknown(store: Store, region: str) -> None:
    known = regions(store)
    if region not in known:
        raise host_error("EXPORT_REGION_UNKNOWN", name=region, known=_join_regions(known))


def _join_regions(region_names: Iterable[str]) -> Text:
    return listed(map(region_name, sorted(region_names)))


def _csv_lines(chosen: Iterable[Entry]) -> Iterator[str]:
    yield csv_line(COLUMNS)
    for entry in chosen:
        yield csv_line(map(escape_formula, _cells(entry)))


def csv_line(cells: Iterable[str], delimiter: str = ",", end: str = "\n") -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator=end).writerow(cells)
    return line.getvalue()


def _cells(entry: Entry) -> tuple[str, ...]:
    in_currency = entry.amount if entry.currency == SEK else entry.amount_currency
    return (
        entry.host_invoice_number or "",
        day(entry.payment_date),
        "" if in_currency is None else plain(in_currency),
        entry.currency or "",
        "" if entry.exchange_rate is None else plain(entry.exchange_rate, decimals=0),
        plain(entry.amount),
        entry.bank_account,
        entry.origin,
        entry.source or "",
        entry.region,
    )


#: How a formula begins, also as wide as a Japanese keyboard writes it.
_SIGNS = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
_BEGINS = re.compile(rf"""[\t\r\n]|["'\s]*{_SIGNS}""")
#: What begins a cell of its own where a spreadsheet splits at another separator than ours.
_INSIDE = re.compile(rf"""[;,|\t\r\n]["'\s]*(?={_SIGNS})""")
_PLAIN_NUMBER = re.compile(r"-?\d+([.,]\d+)?", re.ASCII)


def escape_formula(cell: str) -> str:
    """Keep a spreadsheet from running a text as a formula; numbers stay numbers."""
    if _PLAIN_NUMBER.fullmatch(cell):
        return cell
    inside = _INSIDE.sub(r"\g<0>'", cell)
    return f"'{inside}" if _BEGINS.match(cell) else inside


def refuse_existing(path: Path) -> None:
    """Refuse to write over a file.

    :raises HostError: ``EXPORT_EXISTS``.
    """
    if path.exists():
        raise host_error("EXPORT_EXISTS", path=path)


def write_new(path: Path, lines: Iterable[str]) -> None:
    """Write a new file whole or not at all; UTF-8.

    :raises HostError: ``EXPORT_EXISTS``, ``EXPORT_UNREACHABLE``.
    """
    refuse_existing(path)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with new_file(part) as file:
            for line in lines:
                file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        move_unless_exists(part, path)
    except FileExistsError as error:
        raise host_error("EXPORT_EXISTS", path=path) from error
    except OSError as error:
        raise host_error("EXPORT_UNREACHABLE", path=path) from error
    finally:
        with suppress(OSError):
            part.unlink()
