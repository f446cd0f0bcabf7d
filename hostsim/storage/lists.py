"""Lists of any length, a page at a time: sorted, filtered and summed in SQL.

A selection comes out of an address (:class:`Selection`); nothing of
it reaches SQL but as a value.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple

from hostsim.ledger.judging import IGNORED, LEFT_OUT, READY, REJECTED
from hostsim.storage.decisions import AS_DECIDED, DECIDED, as_decided
from hostsim.storage.rows import (
    ENTRY_COLUMNS,
    OLDEST_FIRST,
    ROW_COLUMNS,
    entry_of,
    row_of,
    saved_row_of,
)
from hostsim.storage.search import lines_of
from hostsim.storage.store import Store

#: Rows on a page: more than anybody reads, and less than a browser feels.
PAGE = 100

#: Longer filters find nothing that a shorter one would not.
MAX_FILTER_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Selection:
    """What a person wants of a list: which rows, in which order, which page."""

    text: str = ""
    code: str = ""
    origin: str = ""
    sort: str = ""
    page: int = 1

    @classmethod
    def of(cls, values: Mapping[str, str], prefix: str = "") -> Selection:
        """Read it out of an address; what is invalid there gets its default."""
        page = values.get(f"{prefix}page", "")
        return cls(
            text=values.get(f"{prefix}q", "").strip()[:MAX_FILTER_LENGTH],
            code=values.get(f"{prefix}code", ""),
            origin=values.get(f"{prefix}origin", ""),
            sort=values.get(f"{prefix}sort", ""),
            page=int(page) if re.fullmatch(r"[1-9]\d{0,6}", page, re.ASCII) else 1,
        )

    @property
    def column(self) -> str:
        """The column to sort by; ``""`` is by date."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the last comes first."""
        return self.sort.startswith("-")


@dataclass(frozen=True, slots=True)
class Source:
    """The query of a list, and what its rows can be searched and sorted by."""

    query: str  # from FROM to WHERE
    values: Mapping[str, object]
    code: str
    searched: tuple[str, ...]
    sorts: Mapping[str, str]  # SQL with {0} for the direction
    entry: Callable[[sqlite3.Row], Any]
    columns: str
    order: str
    total: str = "r.amount"  # what is summed; NULL of what does not count
    currency: str = "'SEK'"  # of it
    summed: str = "amount"  # the key of its column
    key: str = "r.id"  # tells a row from all others
    origin: str = ""  # what a second choice filters on
    mark: str = "NULL"  # a second code of some rows


class Sum(NamedTuple):
    """The sum of those selected rows that count, in one currency."""

    currency: str
    rows: int
    amount: Decimal


class Page(NamedTuple):
    """A page of a list, with the number and the sums of all selected rows."""

    entries: list[Any]
    found: int
    sums: list[Sum]
    number: int
    pages: int
    codes: Mapping[str, int]
    origins: Mapping[str, int]
    marked: int = 0  # how many of the selected rows have a mark

    @property
    def first(self) -> int:
        """The number of the first row, from one; 0 if there is none."""
        return (self.number - 1) * PAGE + 1 if self.entries else 0

    @property
    def last(self) -> int:
        return self.first + len(self.entries) - 1 if self.entries else 0


def preview_rows(run_id: str, kind: str) -> Source:
    """Describe one list of a preview; rows that are left out are among the ready ones."""
    ready = kind == READY
    return Source(
        query=(
            " FROM run_rows r LEFT JOIN invoices i ON i.id = r.invoice_id"
            " WHERE r.run_id = :run_id AND r.kind IN (:kind, :beside) AND r.deleted = 0"
        ),
        values={"run_id": run_id, "kind": kind, "beside": LEFT_OUT if ready else kind},
        code="r.status" if ready else "r.reason",
        mark=f"CASE r.kind WHEN '{LEFT_OUT}' THEN '{LEFT_OUT}' END" if ready else "NULL",
        total="CASE WHEN r.kind <> 'left' THEN r.amount END" if ready else "r.amount",
        searched=(*_SEARCHED, "r.remaining", "r.message_sv", "r.message_en"),
        sorts=_SORTS | {"message": "swedish(COALESCE(r.message_sv, r.warning_sv)) {0}"},
        entry=row_of,
        columns=ROW_COLUMNS,
        order=f"{_LAST[kind]}, {_BY_AGE}",
    )


def by_number(column: str) -> str:
    """Return SQL that sorts digits as numbers, however long, with {0} for the direction."""
    return f"length({column}) {{0}}, {column} {{0}}"


_BY_AGE = f"{OLDEST_FIRST.format('r')}, r.id"

#: What needs a person, or was decided by one, comes before what does not.
_LAST = {
    READY: "r.status IN ('exact', 'written-off')",
    REJECTED: "r.reason = 'already-imported'",
    IGNORED: "r.reason <> 'set-aside'",
}


def registered(run_id: str | None = None) -> Source:
    """Describe the books, or what one run registered, with the deleted payments."""
    return Source(
        query=(
            " FROM payments r JOIN invoices i ON i.id = r.invoice_id"
            " WHERE (:run_id IS NULL OR r.run_id = :run_id)"
        ),
        values={"run_id": run_id},
        code="r.status",
        searched=(
            *_SEARCHED,
            *("r.company", "r.user", "i.customer_code", "r.deleted_by", "r.deleted_why"),
        ),
        sorts=_SORTS
        | {
            "at": "r.registered_at {0}",
            "user": "swedish(r.user) {0}",
            "mark": f"r.state = 'registered' {{0}}, {_SORTS['mark']}",
        },
        total="CASE WHEN r.state = 'registered' THEN r.amount END",
        order=_BY_AGE,
        origin="CASE r.origin WHEN 'hand' THEN 'hand' ELSE lower(r.source) END",
        entry=entry_of,
        columns=ENTRY_COLUMNS,
    )


def saved_rows(run_id: str) -> Source:
    """Describe what a run registered as its preview had it, out of the books."""
    return replace(
        preview_rows(run_id, READY),
        query=f" FROM ({_SAVED}) r JOIN invoices i ON i.id = r.invoice_id WHERE 1",
        values={"run_id": run_id},
        entry=saved_row_of,
    )


# What remained then is what all that was registered before, and stood, has left of the invoice.
_SAVED = f"""
    SELECT p.*, '{READY}' AS kind, NULL AS reason, NULL AS message_sv, NULL AS message_en,
        '' AS obstacle, (SELECT exact_sum(value) FROM (
            SELECT total AS value FROM invoices WHERE id = p.invoice_id
            UNION ALL
            SELECT CASE WHEN effect LIKE '-%' THEN substr(effect, 2) ELSE '-' || effect END
            FROM payments e WHERE e.invoice_id = p.invoice_id AND e.id <= p.id
            AND (e.deleted_at IS NULL OR e.id = p.id OR e.deleted_at > p.registered_at)
        )) AS remaining
    FROM payments p WHERE p.run_id = :run_id AND p.reverses IS NULL
"""  # noqa: S608 a constant


def decisions(definition: str | None) -> Source:
    """Describe what was decided, of one definition or of all: first what is in force."""
    return Source(
        query=" FROM decisions r WHERE (:definition IS NULL OR r.definition = :definition)",
        values={"definition": definition},
        code=f"CASE WHEN {_DONE} THEN 'done' ELSE {DECIDED} END",
        searched=(
            *("r.number", "r.first_invoice", "r.last_invoice", "r.why", "r.user"),
            *("r.taken_back_by", "r.definition"),
            *(f"r.facts ->> '{key}'" for key in ("invoice_number", "amount")),
        ),
        sorts={
            "about": f"r.number IS NULL {{0}}, {by_number('r.number')}",
            "what": f"{DECIDED} {{0}}",
            "user": "swedish(r.user) {0}",
            "at": "r.at {0}",
            "why": "swedish(r.why) {0}",
            "format": "swedish(r.definition) {0}",
        },
        entry=as_decided,
        columns=AS_DECIDED,
        total="NULL",
        order=f"{_DONE}, r.id DESC",
    )


_DONE = "(r.applied_at IS NOT NULL OR r.taken_back_at IS NOT NULL)"


def page_of(store: Store, source: Source, selection: Selection) -> Page:
    """Return the selected page; beyond the last one, the last one."""
    with store.reader() as db:
        db.execute("BEGIN")
        return _page_of(db, source, selection)


def all_of(store: Store, source: Source, selection: Selection) -> Iterator[Any]:
    """Return every selected row, one by one."""
    return map(source.entry, store.stream(*_query(source, selection)))


def list_of(store: Store, source: Source, selection: Selection) -> tuple[Page, Iterator[Any]]:
    """Return the selected page, and every selected row one by one, as of one moment."""
    page_and_rows = _list_of(store, source, selection)
    return next(page_and_rows), page_and_rows


def _list_of(store: Store, source: Source, selection: Selection) -> Iterator[Any]:
    with store.reader() as db:
        db.execute("BEGIN")
        yield _page_of(db, source, selection)
        yield from map(source.entry, db.execute(*_query(source, selection)))


def _page_of(db: sqlite3.Connection, source: Source, selection: Selection) -> Page:
    where, values = _found(db, source, selection)
    counted = db.execute(
        f"SELECT count(*), {source.currency}, count({source.total}), exact_sum({source.total}),"
        f" count({source.mark}){source.query}{where} GROUP BY 2 ORDER BY 1 DESC",
        values,
    ).fetchall()
    matching, marked = sum(row[0] for row in counted), sum(row[4] for row in counted)
    pages = max(1, -(-matching // PAGE))
    number = min(selection.page, pages)
    rows = db.execute(
        f"SELECT {source.columns}{source.query}{where} ORDER BY {_order(source, selection)}"
        f" LIMIT {PAGE} OFFSET {(number - 1) * PAGE}",
        values,
    )
    entries = [source.entry(row) for row in rows]
    codes, origins = _kinds(db, source)
    return Page(
        entries,
        matching,
        [Sum(currency, n, Decimal(total)) for _, currency, n, total, _ in counted if n],
        number,
        pages,
        codes,
        origins,
        marked,
    )


def _found(
    db: sqlite3.Connection, source: Source, selection: Selection
) -> tuple[str, Mapping[str, object]]:
    """Return the conditions of the selected rows; those with a text by their keys."""
    where, values = _conditions(source, selection)
    if not selection.text:
        return where, values
    # Every row is searched once only: that takes longer than all the rest.
    keys = db.execute(f"SELECT {source.key}{source.query}{where}", values)
    found = json.dumps([row[0] for row in keys])
    where = f" AND {source.key} IN (SELECT value FROM json_each(:found))"  # noqa: S608 constants
    return where, {**source.values, "found": found}


def _query(source: Source, selection: Selection) -> tuple[str, Mapping[str, object]]:
    where, values = _conditions(source, selection)
    order = _order(source, selection)
    return f"SELECT {source.columns}{source.query}{where} ORDER BY {order}", values


def _kinds(db: sqlite3.Connection, source: Source) -> tuple[Counter[str], Counter[str]]:
    """Count all rows, whatever is selected, by code or mark, and by origin; the most first."""
    codes, origins = Counter[str](), Counter[str]()
    for code, mark, origin, n in db.execute(
        f"SELECT {source.code}, {source.mark}, {source.origin or 'NULL'}, count(*){source.query}"
        " GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1",
        source.values,
    ):
        for kind, counts in ((code, codes), (mark, codes), (origin, origins)):
            if kind:
                counts[kind] += n
    return codes, origins


def _conditions(source: Source, selection: Selection) -> tuple[str, Mapping[str, object]]:
    where, values = "", dict(source.values)
    if selection.code:
        where += f" AND :code IN ({source.code}, {source.mark})"
        values["code"] = selection.code
    if selection.origin and source.origin:
        # "import" is whatever was not typed by hand.
        one_of = "<> 'hand'" if selection.origin == "import" else "= :origin"
        where += f" AND {source.origin} {one_of}"
        values["origin"] = selection.origin.lower()
    if selection.text:
        where += f" AND holds(:text, {lines_of(source.searched)})"
        values["text"] = selection.text
    return where, values


def _order(source: Source, selection: Selection) -> str:
    sort = source.sorts.get(selection.column)
    if sort is None:
        return source.order
    return f"{sort.format('DESC' if selection.descending else 'ASC')}, {source.order}"


_SEARCHED = (
    "r.number",
    "r.invoice_number",
    "i.number",
    "i.ocr",
    "i.customer_name",
    "r.date",
    "i.total",
    "r.amount",
    "r.amount_currency",
    "r.currency",
    "r.source",
    "r.warning_sv",
    "r.warning_en",
)

_SORTS: dict[str, str] = {
    "mark": f"{_LAST[READY]} {{0}}, r.status {{0}}",
    "payment": by_number("ltrim(r.number, '0')"),
    "invoice": by_number("ltrim(r.invoice_number, '0')"),
    "customer": "swedish(i.customer_name) {0}",
    "date": "r.date {0}",
    "due": "i.due_date {0}",
    "total": "CAST(i.total AS REAL) {0}",
    "before": "CAST(r.remaining AS REAL) + CAST(r.effect AS REAL) {0}",
    "after": "CAST(r.remaining AS REAL) {0}",
    "amount": "CAST(r.amount AS REAL) {0}",
    "foreign": "r.currency {0}, CAST(r.amount_currency AS REAL) {0}",
    "source": "r.source {0}",
    "message": "swedish(r.warning_sv) {0}",
}
