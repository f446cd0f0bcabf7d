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
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path

from hostsim.errors import host_error
from hostsim.ledger.matching import EXACT, ZERO
from hostsim.ledger.values import IMPORT, REGISTERED, SEK, Entry
from hostsim.messages.formats import day, plain
from hostsim.messages.payments import region_name
from hostsim.storage.invoices import regions
from hostsim.storage.private_files import new_file
from hostsim.storage.store import Store
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

    text: str
    payments: int
    amount: Decimal  # SEK
    excluded: int
    excluded_amount: Decimal  # SEK


def export(store: Store, *, region: str | None = None, everything: bool = False) -> Exported:
    """Make the file of the payments that were not imported.

    Deleted and reversed payments are in no export.

    :param region: whose invoices; needed where several regions have payments to export.
    :param everything: imported ones, too; such a file must not be loaded where they came from.
    :raises HostError: ``EXPORT_REGION_NEEDED`` or ``EXPORT_REGION_UNKNOWN``.
    """
    if region is not None:
        region = region.strip()
        _refuse_unknown(store, region)
    chosen: list[Entry] = []
    excluded = Decimal(0)
    number = 0
    with localcontext(EXACT):
        for entry in store.payments():
            if entry.state != REGISTERED or region not in {None, entry.region}:
                continue
            if entry.origin == IMPORT and not everything:
                number += 1
                excluded += entry.amount
                continue
            chosen.append(entry)
        amount = sum((entry.amount for entry in chosen), ZERO)
    _refuse_several(chosen, everything=everything)
    return Exported(_written(chosen), len(chosen), amount, number, excluded)


def _refuse_unknown(store: Store, region: str) -> None:
    known = regions(store)
    if region not in known:
        raise host_error("EXPORT_REGION_UNKNOWN", name=region, known=_listed(known))


def _listed(several: Iterable[str]) -> Text:
    names = [region_name(region) for region in sorted(several)]
    return Text(", ".join(n.sv for n in names), ", ".join(n.en for n in names))


def _refuse_several(chosen: Iterable[Entry], *, everything: bool) -> None:
    several = {entry.region for entry in chosen}
    if len(several) > 1 and not everything:
        raise host_error("EXPORT_REGION_NEEDED", names=_listed(several))


def _written(chosen: Sequence[Entry]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(harmless, _line(entry)) for entry in chosen)
    return text.getvalue()


def _line(entry: Entry) -> tuple[str, ...]:
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


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_PLAIN_NUMBER = re.compile(r"-?\d+([.,]\d+)?", re.ASCII)


def harmless(cell: str) -> str:
    """Prevent that a spreadsheet takes a text for a formula; numbers stay numbers."""
    if cell.startswith(_FORMULA) and not _PLAIN_NUMBER.fullmatch(cell):
        return "'" + cell
    return cell


def refuse_existing(path: Path) -> None:
    """Refuse to write over a file.

    :raises HostError: ``EXPORT_EXISTS``.
    """
    if path.exists():
        raise host_error("EXPORT_EXISTS", path=path)


def write_new(path: Path, text: str) -> None:
    """Write a new file whole or not at all; UTF-8.

    :raises HostError: ``EXPORT_EXISTS``, ``EXPORT_UNREACHABLE``.
    """
    refuse_existing(path)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with new_file(part) as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise host_error("EXPORT_UNREACHABLE", path=path) from error
