"""What an export would do, and what it did: the lists that a person sees of a run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from hostsim.errors import HostError, from_table, host_error
from hostsim.storage.lists import Selection, Source, all_of, by_number
from hostsim.storage.rows import first_row, value_of
from hostsim.storage.store import Store
from opter_contract.export_values import Difference, PlannedCard
from opter_contract.values import Company, Text

#: The lists of a run, in the order to show them: what is planned, and what became of it.
LISTS = (
    "ready",
    "waiting",
    "sent",
    "adopted",
    "unchanged",
    "booked",
    "refused",
    "unknown",
    "cancelled",
)

#: The columns of an item, its party and the party's number are named by the subject.
ITEM, PARTY = ("invoice", "bill"), ("customer", "supplier")
PARTY_NUMBER = ("customer_number", "supplier_number")

#: The lists of items that are there unchanged.
THERE = frozenset({"adopted", "unchanged", "booked"})


@dataclass(frozen=True, slots=True)
class PreviewItem:
    """One item of a run, in the list that it is in now."""

    id: str
    place: int  # in the run, from one
    item_number: str  # the invoice or bill number
    party: str  # the name of the customer or supplier
    state: str  # one of LISTS
    action: Literal["create", "update", "none"]
    number: str  # there; "" until it has one
    party_number: str  # there
    total: Decimal | None  # here, as is the currency
    other_total: Decimal | None  # there
    currency: str
    code: str
    message: Text | None
    differences: Sequence[Difference]
    chosen: bool  # a person wanted it sent


@dataclass(frozen=True, slots=True)
class PreviewGap:
    """What is missing in the set-up there, and the numbers of the items that need it."""

    code: str
    message: Text
    item_numbers: tuple[str, ...]
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A change of bank details that a run showed, and who confirmed it, if anybody did."""

    party_number: str  # there
    party: str  # its name here; "" if no item of it is planned
    field: str
    ours: str
    theirs: str
    confirmed_by: str | None
    confirmed_at: datetime | None
    used: bool  # the run was given it as confirmed

    @property
    def confirmed(self) -> bool:
        return self.confirmed_at is not None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a send does if a person leaves out some items of a preview."""

    ids: tuple[str, ...]
    changes: int  # items that are made or changed there
    there: int  # that are there already, and of which only the result is stored
    totals: Mapping[str, tuple[Decimal, Decimal]]  # of the changes by currency, here and there
    gaps: tuple[PreviewGap, ...]  # that prevent it

    @property
    def possible(self) -> bool:
        """Whether there is something to send, and nothing prevents it."""
        return bool(self.changes + self.there) and not self.gaps


@dataclass(frozen=True, slots=True)
class ExportPreview:
    """A run of an export; its rows are read from the database."""

    run_id: str
    definition: str
    subject: str
    state: Literal["running", "failed", "checked", "previewed", "sent", "cancelled"]
    user: str
    started_at: datetime
    sent_at: datetime | None  # when a person chose to send
    company: Company | None
    region: str
    asked: str | None  # the numbers that a person asked for, as JSON; None if none were
    revision: str  # a digest of all that was planned
    counts: Mapping[str, int]  # by LISTS; "items" for all, "cards", "bank_changes" and "gaps"
    requests: int
    notes: Sequence[Text]
    failures: int  # results that a person must look at: unknown ones, and those not complete
    error_code: str | None  # that ended it, as is the message
    error: Text | None
    _store: Store = field(repr=False, compare=False)

    @property
    def sent(self) -> bool:
        return self.sent_at is not None

    def items(self, state: str | None = None) -> Iterator[PreviewItem]:
        return all_of(self._store, run_items(self.run_id, state), Selection())

    def cards(self) -> Iterator[PlannedCard]:
        """Return the parties that change there, or have a note."""
        rows = self._store.stream(_CARDS, {"run_id": self.run_id})
        return (value_of(PlannedCard, row) for row in rows)

    def bank_changes(self) -> Iterator[ShownChange]:
        """Return the bank details that change there, or would if they were confirmed."""
        return bank_changes_of(self._store, self.run_id)

    def gaps(self) -> Iterator[PreviewGap]:
        """Return what is missing in the set-up there."""
        for row in self._store.stream(_GAPS, {"run_id": self.run_id}):
            ids = tuple(json.loads(row["item_ids"]))
            numbers = tuple(map(number_of, ids))
            yield value_of(PreviewGap, row, item_numbers=numbers, ids=ids)

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all items except those that wait for a confirmation."""
        return tuple(item.id for item in self.items() if item.state != "waiting")

    def without(self, left_out: Collection[str]) -> Chosen:
        """Return what a send would do that leaves out some items."""
        ids, changes, existing = [], 0, 0
        totals: dict[str, tuple[Decimal, Decimal]] = {}
        for item in self.items():
            if item.id in left_out or item.state == "waiting":
                continue
            ids.append(item.id)
            existing += item.action == "none" and item.state in THERE
            if item.action != "none":
                changes += 1
                own_total, other_total = totals.get(item.currency, (Decimal(0), Decimal(0)))
                own_total += item.total or 0
                other_total += item.other_total or 0
                totals[item.currency] = own_total, other_total
        sent_ids = frozenset(ids)
        gaps = tuple(gap for gap in self.gaps() if not gap.ids or not sent_ids.isdisjoint(gap.ids))
        return Chosen(tuple(ids), changes, existing, totals, gaps)

    def ids_without_gaps(self) -> tuple[str, ...]:
        """Return the ids of the items without gaps."""
        missing: set[str] = set()
        for gap in self.gaps():
            if not gap.ids:
                return ()
            missing.update(gap.ids)
        return tuple(item_id for item_id in self.ids() if item_id not in missing)

    def mark_printed(self) -> None:
        """Record that a command has shown this; a send without a revision then sends it."""
        self._store.mark_printed("export_runs", self.run_id, self.revision)


class ExportChanged(HostError):
    """Nothing was sent, since the preview is not what was shown; ``preview`` is the new one."""

    def __init__(self, preview: ExportPreview) -> None:
        super().__init__("EXPORT_CHANGED", *from_table("EXPORT_CHANGED"))
        self.preview = preview


def preview_of(store: Store, run_id: str) -> ExportPreview:
    """Read a run; its rows stay in the database."""
    values = {"run_id": run_id}
    run = first_row(store.db, _RUN, run_id=run_id)
    if run is None:
        raise host_error("RUN_UNKNOWN", id=run_id)
    counts = dict.fromkeys(("items", *LISTS), 0)
    failures = 0
    for row in store.db.execute(_COUNTS, values):
        counts["items"] += row["items"]
        counts[row["list"]] += row["items"]
        failures += row["failures"]
    return value_of(
        ExportPreview,
        run,
        counts=counts | {key: run[key] for key in ("cards", "bank_changes", "gaps")},
        failures=failures,
        _store=store,
    )


def printed_revision(store: Store, definition: str) -> str:
    """Return the revision of the last preview that a command printed; ``""`` if there is none.

    One that was sent, or is older than another run, does not count.
    """
    row = first_row(store.db, _LAST_SHOWN, definition=definition, checks=0)
    return "" if row is None or row["state"] != "previewed" else str(row["printed"])


def last_printed_run(store: Store, definition: str) -> str | None:
    """Return the run that a command printed last; ``None`` if a later one was not printed."""
    row = first_row(store.db, _LAST_SHOWN, definition=definition, checks=1)
    return str(row["id"]) if row is not None and row["printed"] else None


def bank_changes_of(
    store: Store, run_id: str, party_number: str | None = None
) -> Iterator[ShownChange]:
    """Return the bank details that a run would change there, of one party or of all."""
    values = {"run_id": run_id, "party_number": party_number}
    return (value_of(ShownChange, row) for row in store.stream(_BANK_CHANGES, values))


def past_runs(store: Store, definition: str | None = None) -> Iterator[ExportPreview]:
    """Return all runs, or those of one export, the last one first."""
    for row in store.stream(_RUNS, {"definition": definition}):
        yield preview_of(store, row["id"])


def number_of(item_id: str) -> str:
    """Return the number in the id of an item: what follows its region."""
    return item_id.partition("/")[2]


def run_items(run_id: str, state: str | None = None) -> Source:
    """Describe one of :data:`LISTS` of a run, or all of them, in the order of the numbers."""
    return Source(
        query=f"{_ITEMS} AND (:state IS NULL OR {ITEMS_LIST} = :state)",
        values={"run_id": run_id, "state": state},
        key="r.place",
        code="r.code",
        searched=(
            *("r.item_id", "r.party", "r.party_number", "r.number", "r.total", "r.other_total"),
            *("r.currency", "r.code", "r.message_sv", "r.message_en", "r.differences"),
        ),
        sorts={
            **dict.fromkeys(ITEM, "r.place {0}"),
            "number": by_number("r.number"),
            **dict.fromkeys(PARTY_NUMBER, by_number("r.party_number")),
            **dict.fromkeys(PARTY, "swedish(r.party) {0}"),
            "total": "r.currency {0}, CAST(r.total AS REAL) {0}",
            "other_total": "r.currency {0}, CAST(r.other_total AS REAL) {0}",
            "action": "r.action {0}",
        },
        entry=_item_of,
        columns=_ITEM_COLUMNS,
        total="r.total",
        currency="r.currency",
        summed="total",
        order="r.place",
    )


def _item_of(row: sqlite3.Row) -> PreviewItem:
    return value_of(PreviewItem, row, item_number=number_of(row["id"]))


# What was about to be sent is unknown until its result is known. What waits for a confirmation can
# be sent when every bank change of its party has one.
ITEMS_LIST = """
    coalesce(r.result, CASE
        WHEN r.intended = 1 THEN 'unknown'
        WHEN r.state <> 'waiting' THEN r.state
        WHEN EXISTS (SELECT 1 FROM bank_changes b WHERE b.run_id = r.run_id
                     AND b.party_number = r.party_number AND b.unconfirmed)
        THEN 'waiting' ELSE 'ready' END)
"""

_RUN = """
    SELECT r.*, r.id AS run_id, d.subject,
           (SELECT count(*) FROM export_cards c WHERE c.run_id = r.id) AS cards,
           (SELECT count(*) FROM export_bank_changes b WHERE b.run_id = r.id) AS bank_changes,
           (SELECT count(*) FROM export_gaps g WHERE g.run_id = r.id) AS gaps
    FROM export_runs r JOIN definitions d ON d.name = r.definition WHERE r.id = :run_id
"""

_COUNTS = f"""
    SELECT {ITEMS_LIST} AS list, count(*) AS items,
           sum((r.intended = 1 AND r.result IS NULL) OR r.result IS 'unknown'
               OR (r.result IS NOT NULL AND (r.complete = 0 OR r.code = 'TOTAL_DIFFERS')))
               AS failures
    FROM export_items r WHERE r.run_id = :run_id AND r.state IS NOT NULL GROUP BY 1
"""  # noqa: S608 constants

# Why an item waits is not told once it no longer does.
_CONFIRMED = f"r.state = 'waiting' AND {ITEMS_LIST} = 'ready'"

_ITEM_COLUMNS = f"""
    r.item_id AS id, r.place, r.party, {ITEMS_LIST} AS state,
    coalesce(r.action, 'none') AS action, r.number, r.party_number, r.total,
    r.other_total, r.currency, CASE WHEN {_CONFIRMED} THEN '' ELSE r.code END AS code,
    CASE WHEN {_CONFIRMED} THEN NULL ELSE r.message_sv END AS message_sv,
    CASE WHEN {_CONFIRMED} THEN NULL ELSE r.message_en END AS message_en,
    r.differences, r.chosen
"""

_ITEMS = " FROM export_items r WHERE r.run_id = :run_id AND r.state IS NOT NULL"

_CARDS = "SELECT * FROM export_cards WHERE run_id = :run_id ORDER BY id"

_BANK_CHANGES = """
    SELECT b.*, coalesce(p.party, '') AS party
    FROM bank_changes b LEFT JOIN (
        SELECT party_number, min(party) AS party FROM export_items WHERE run_id = :run_id GROUP BY 1
    ) p ON p.party_number = b.party_number
    WHERE b.run_id = :run_id AND (:party_number IS NULL OR b.party_number = :party_number)
    ORDER BY length(b.party_number), b.party_number, b.field
"""

_GAPS = "SELECT * FROM export_gaps WHERE run_id = :run_id ORDER BY id"

_LAST_SHOWN = """
    SELECT id, state, printed FROM export_runs
    WHERE definition = :definition
    AND (state IN ('previewed', 'sent') OR (:checks = 1 AND state = 'checked'))
    ORDER BY started_at DESC, rowid DESC LIMIT 1
"""

_RUNS = """
    SELECT id FROM export_runs WHERE :definition IS NULL OR definition = :definition
    ORDER BY started_at DESC, rowid DESC
"""
