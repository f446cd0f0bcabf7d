"""What was done: every import with who, when and what came of it, and where payments came from.

Everything here is read from the database, nothing is judged. The origin of a
payment decides what may be exported: what was imported must never be
booked back where it came from.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from hostsim.errors import HostError, host_error
from hostsim.ledger.reasons import SET_ASIDE
from hostsim.ledger.values import Row
from hostsim.messages.payments import INTERRUPTED
from hostsim.storage.rows import (
    OLDEST_FIRST,
    company_of,
    is_id,
    registered_row_of,
    text_of,
    time_of,
)
from hostsim.storage.store import Store
from opter_contract.values import Company, SettingsField, Text

#: Where a payment was registered from.
IMPORT = "import"
HAND = "hand"

#: The state of a payment that counts; the others are shown, and say why they do not.
REGISTERED = "registered"

#: Shown in place of a setting that only its owner may see.
HIDDEN = "•••"

#: Shows the settings of an import type, without its secrets.
Show = Callable[[str, Mapping[str, str]], Mapping[str, str]]


# --- Payments with their origin -----------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """A payment in the books, with where it came from; times have a zone."""

    id: int
    row: Row
    origin: str  # import or hand
    state: str  # registered, deleted, countered or counter
    region: str  # of its invoice
    import_type: str | None  # None for one that was typed by hand, as is the company
    company: str | None
    bank_account: str
    effect: Decimal  # what it took away from what remained, in the invoice's currency
    invoice_currency: str
    run_id: str | None
    user: str
    at: datetime
    deleted_by: str | None
    deleted_at: datetime | None
    deleted_why: str | None
    reverses: int | None  # the payment that this one undoes


def entries(
    store: Store,
    *,
    origin: str | None = None,
    invoice_id: int | None = None,
    run_id: str | None = None,
    payment_id: int | None = None,
) -> Iterator[Entry]:
    """Give payments with their origin, oldest first; deleted and reversed ones too.

    :param origin: ``import``, ``hand``, or a source in the plug-in's word (``manual``, ``file`` …),
        which is one of ``import``.
    :param invoice_id: of one invoice.
    :param run_id: those that one run registered.
    :param payment_id: this one alone.
    """
    values = {
        "origin": origin and origin.lower(),
        "invoice_id": invoice_id,
        "run_id": run_id,
        "payment_id": payment_id,
    }
    return map(entry_of, store.stream(_ENTRIES, values))


def entries_by_key(
    store: Store, import_type: str, company: str, numbers: Iterable[str]
) -> Iterator[Entry]:
    """Give the payments with these numbers of a company, whatever invoice they pay."""
    for number in numbers:
        values = {"import_type": import_type, "company": company, "number": number}
        yield from map(entry_of, store.stream(_BY_KEY, values))


def entry(store: Store, payment_id: int) -> Entry:
    """Give one payment.

    :raises HostError: ``PAYMENT_UNKNOWN``.
    """
    for found in entries(store, payment_id=payment_id) if is_id(payment_id) else ():
        return found
    raise host_error("PAYMENT_UNKNOWN", id=payment_id)


def entry_of(row: sqlite3.Row) -> Entry:
    return Entry(
        id=row["id"],
        row=registered_row_of(row),
        origin=row["origin"],
        state=row["state"],
        region=row["region"],
        import_type=row["import_type"],
        company=row["company"],
        bank_account=row["bank_account"],
        effect=Decimal(row["effect"]),
        invoice_currency=row["invoice_currency"],
        run_id=row["run_id"],
        user=row["user"],
        at=datetime.fromisoformat(row["registered_at"]),
        deleted_by=row["deleted_by"],
        deleted_at=time_of(row["deleted_at"]),
        deleted_why=row["deleted_why"],
        reverses=row["reverses"],
    )


_SELECT = """
    SELECT p.*, NULL AS reason, NULL AS message_sv, NULL AS message_en,
           i.number AS host_invoice_number, i.customer_name, i.region AS region,
           i.currency AS invoice_currency
    FROM payments p JOIN invoices i ON i.id = p.invoice_id
"""

_ENTRIES = f"""
    {_SELECT}
    WHERE (:origin IS NULL OR p.origin = :origin
           OR (p.origin = 'import' AND lower(p.source) = :origin))
    AND (:invoice_id IS NULL OR p.invoice_id = :invoice_id)
    AND (:run_id IS NULL OR p.run_id = :run_id)
    AND (:payment_id IS NULL OR p.id = :payment_id)
    ORDER BY {OLDEST_FIRST.format("p")}, p.id
"""

_BY_KEY = f"""
    {_SELECT}
    WHERE p.import_type = :import_type AND p.company = :company AND p.number = :number
    ORDER BY p.id
"""


# --- Imports of the past ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Imported:
    """One import, or one comparison, of the past; times have a zone."""

    id: str
    definition: str
    import_type: str
    state: str  # running, failed, open, replaced, discarded, saved or reconciled
    user: str
    started_at: datetime
    finished_at: datetime | None
    saved_at: datetime | None
    saved_by: str | None
    region: str
    bank_account: str
    date: date | None  # of the import, as a person gave it
    company: Company | None
    settings: Mapping[str, str]  # without what is secret
    counts: Mapping[str, int]
    totals: Mapping[str, Decimal]  # SEK
    not_read: int
    requests: int
    error_code: str | None
    error: Text | None  # the message of the error

    @property
    def saved(self) -> tuple[int, Decimal] | None:
        """How many payments were registered and their SEK; ``None`` where nothing was saved."""
        if self.state != "saved":
            return None
        return self.counts.get("ready", 0), self.totals.get("ready", Decimal(0))


def runs(store: Store, show: Show) -> Iterator[Imported]:
    """Give all imports and comparisons, latest first."""
    interrupted = interrupted_runs(store)
    for row in store.stream(f"{_RUNS} ORDER BY r.started_at DESC, r.rowid DESC"):
        yield imported_of(row, show, interrupted)


def run(store: Store, prefix: str, show: Show) -> Imported:
    """Give the one run whose id begins so.

    :raises HostError: ``RUN_UNKNOWN``, ``RUN_AMBIGUOUS``.
    """
    wanted = prefix.strip().lower()
    interrupted = interrupted_runs(store)
    query = f"{_RUNS} WHERE substr(r.id, 1, length(:prefix)) = :prefix LIMIT 2"
    found = store.db.execute(query, {"prefix": wanted}).fetchall() if wanted else []
    if not found:
        raise host_error("RUN_UNKNOWN", id=prefix)
    if len(found) > 1:
        raise host_error("RUN_AMBIGUOUS", id=prefix)
    return imported_of(found[0], show, interrupted)


def interrupted_runs(store: Store) -> frozenset[str]:
    """Give the runs that were interrupted, though the database still calls them running.

    The next import writes that down. A run holds the lock of its definition from
    before it is in the database until it has ended, so that one which was there
    before its lock was found free, and still is afterwards, was interrupted.
    """
    running = store.db.execute("SELECT id, definition FROM runs WHERE state = 'running'").fetchall()
    held = {name: _is_held(store, name) for name in {row["definition"] for row in running}}
    return frozenset(row["id"] for row in running if not held[row["definition"]])


def _is_held(store: Store, definition: str) -> bool:
    try:
        return store.locks.is_held("definition", definition)
    except HostError:
        # Without access to the locks, what the database says has to do.
        return True


_RUNS = """
    SELECT r.*, d.import_type FROM runs r JOIN definitions d ON d.name = r.definition
"""


def shown_settings(
    fields: Callable[[], Iterable[SettingsField]], values: Mapping[str, str]
) -> dict[str, str]:
    """Show the settings of an import, but not what only its owner may see.

    :param fields: calls the plug-in; where it is missing, every value counts as secret.
    """
    try:
        known = {field.key: field for field in fields()}
    except HostError:
        return dict.fromkeys(values, HIDDEN)
    return {
        key: HIDDEN if value and (key not in known or known[key].secret) else value
        for key, value in values.items()
    }


def imported_of(
    row: sqlite3.Row, show: Show, interrupted: Collection[str] = frozenset()
) -> Imported:
    """Read an import out of its columns, with the import type of its definition.

    :param interrupted: see :func:`interrupted_runs`.
    """
    was_interrupted = row["state"] == "running" and row["id"] in interrupted
    totals = {kind: sek for kind, sek in json.loads(row["totals"]).items() if kind != SET_ASIDE}
    return Imported(
        id=row["id"],
        definition=row["definition"],
        import_type=row["import_type"],
        state="failed" if was_interrupted else row["state"],
        user=row["user"],
        started_at=datetime.fromisoformat(row["started_at"]),
        finished_at=time_of(row["finished_at"]),
        saved_at=time_of(row["saved_at"]),
        saved_by=row["saved_by"],
        region=row["region"],
        bank_account=row["bank_account"],
        date=None if row["date"] is None else date.fromisoformat(row["date"]),
        company=company_of(row),
        settings=show(row["import_type"], json.loads(row["settings"])),
        counts={kind: n for kind, n in json.loads(row["counts"]).items() if kind != SET_ASIDE},
        totals={kind: Decimal(total) for kind, total in totals.items()},
        not_read=row["not_read"],
        requests=row["requests"],
        error_code="INTERRUPTED" if was_interrupted else row["error_code"],
        error=INTERRUPTED if was_interrupted else text_of(row["error_sv"], row["error_en"]),
    )
