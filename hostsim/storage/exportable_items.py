"""What an export can send, with its state in the other books; periods; the log of exports."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from hostsim.ledger.values import Definition
from hostsim.messages.exports import BILLS, INVOICES
from hostsim.storage.export_previews import ITEM, PARTY, number_of
from hostsim.storage.lists import Selection, Source, all_of, by_number
from hostsim.storage.rows import first_row, value_of
from hostsim.storage.store import Store
from opter_contract.values import Text

#: The state of an item that no export has dealt with.
NEW = "new"


@dataclass(frozen=True, slots=True)
class ExportableItem:
    """An item with content, or exported, and its state in the books of the export's company."""

    id: str
    item_number: str
    type: str  # invoice, correction or interest; or bill
    party: str  # the name of the customer or supplier
    item_date: date | None
    due_date: date | None
    total: Decimal
    currency: str
    period_closed: bool
    state: str  # new, or that of exported_items
    exported: bool  # it is there
    changed: bool  # its content is not what was sent last
    complete: bool
    number: str  # there
    other_total: Decimal | None  # there
    code: str
    message: Text | None
    at: datetime | None
    user: str | None
    offered: bool  # the next export has it
    withheld: bool  # a bill of a supplier that sends invoices itself

    @property
    def may_be_taken_back(self) -> bool:
        """Whether it is there, as far as exports know, and was not cancelled."""
        return self.exported and self.state != "cancelled"


@dataclass(frozen=True, slots=True)
class ExportPeriod:
    """The items of a month, those of its open and closed periods apart."""

    month: str  # 2026-11
    closed: bool
    items: int
    offered: int  # the next export has them
    exported: int
    totals: tuple[tuple[str, Decimal], ...]  # by currency


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing that was done with an item, or with bank details; ``at`` has a zone."""

    sequence: int
    run_id: str
    definition: str
    export_type: str
    subject: str
    company: str
    company_name: str
    item_id: str
    item_number: str
    event: str  # intended, cancelling, bank-confirmed, bank-changing, or the state of a result
    number: str  # there, as are the two that follow
    party_number: str
    total: Decimal | None
    currency: str
    code: str
    message: Text | None
    theirs: str  # the other system's own code or words
    complete: bool
    user: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ItemStory:
    """The state of one item in the books of one company, and its log."""

    definition: str
    export_type: str
    company: str
    company_name: str
    state: str
    exported: bool
    complete: bool
    changed: bool  # the content here is not what was sent last
    without_rows: bool  # here
    number: str
    party_number: str
    total: Decimal | None
    currency: str
    code: str
    message: Text | None
    user: str
    at: datetime
    log: tuple[LogEntry, ...]  # oldest first


def items_of(
    definition: Definition,
    company: str,
    month: str | None = None,
    *,
    closed: bool | None = None,
) -> Source:
    """Describe the items that an export can send, and the state of each.

    :param company: in whose books; ``""`` before the first export.
    :param month: of this month, as 2026-11, and with this state of the period.
    """
    return Source(
        query=of_subject(_EXPORTABLE, definition.subject),
        values=_values_of(definition, company) | {"month": month, "closed": closed},
        key="i.item_id",
        code=f"coalesce(e.state, '{NEW}')",
        searched=(
            *("i.number", _PARTY, "i.party_code", "i.date", "i.total"),
            *("i.currency", "e.number", "e.message_sv", "e.message_en"),
        ),
        sorts={
            **dict.fromkeys(ITEM, by_number("i.number")),
            "date": "i.date {0}",
            "due": "i.due_date {0}",
            **dict.fromkeys(PARTY, f"swedish({_PARTY}) {{0}}"),
            "total": "i.currency {0}, CAST(i.total AS REAL) {0}",
            "period": "i.period_closed {0}",
            "state": f"coalesce(e.state, '{NEW}') {{0}}",
            "number": by_number("coalesce(e.number, '')"),
            "at": "e.at {0}",
        },
        entry=lambda row: value_of(ExportableItem, row),
        columns=_EXPORTABLE_COLUMNS,
        total="i.total",
        currency="i.currency",
        summed="total",
        # Corrections last: they name another invoice.
        order="i.type = 'correction', length(i.number), i.number",
    )


def periods(store: Store, definition: Definition, company: str) -> list[ExportPeriod]:
    """Return the periods that have such items, the last one first."""
    rows_by_period: dict[tuple[str, bool], list[sqlite3.Row]] = {}
    query = of_subject(_PERIODS, definition.subject)
    for row in store.db.execute(query, _values_of(definition, company)):
        rows_by_period.setdefault((row["month"], bool(row["period_closed"])), []).append(row)
    return [
        ExportPeriod(
            month,
            closed,
            sum(row["items"] for row in rows),
            sum(row["offered"] for row in rows),
            sum(row["exported"] for row in rows),
            tuple((row["currency"], Decimal(row["total"])) for row in rows),
        )
        for (month, closed), rows in rows_by_period.items()
    ]


def log(
    definition: str | None = None,
    run_id: str | None = None,
    subject: str | None = None,
    item_id: str | None = None,
) -> Source:
    """Describe what exports did with each item, the last first; ids are unique in a subject."""
    return Source(
        query=_LOG,
        values={
            "definition": definition,
            "run_id": run_id,
            "subject": subject,
            "item_id": item_id,
        },
        key="l.sequence",
        code="l.event",
        searched=(
            *("l.item_id", "l.number", "l.party_number", "l.code", "l.message_sv"),
            *("l.message_en", "l.theirs", "l.user"),
            _LOG_ITEM.format("party"),
        ),
        sorts={
            "at": "l.sequence {0}",
            "user": "swedish(l.user) {0}",
            **dict.fromkeys(ITEM, by_number("l.item_id")),
            "event": "l.event {0}",
            "number": by_number("l.number"),
            "total": "CAST(l.total AS REAL) {0}",
            "code": "l.code {0}",
        },
        entry=_log_entry,
        columns=_LOG_COLUMNS,
        total="NULL",
        order="l.sequence DESC",
    )


def _log_entry(row: sqlite3.Row) -> LogEntry:
    return value_of(LogEntry, row, item_number=number_of(row["item_id"]))


def item_stories(store: Store, invoice_id: int | None) -> tuple[ItemStory, ...]:
    """Return what exports did with an invoice, by company."""
    row = first_row(store.db, "SELECT item_id FROM invoices WHERE id = :id", id=invoice_id)
    if row is None:
        return ()
    item = {"subject": INVOICES, "item_id": row["item_id"]}
    entries = list(all_of(store, log(**item), Selection(sort="at")))
    return tuple(
        value_of(
            ItemStory,
            row,
            log=tuple(
                entry
                for entry in entries
                if (entry.export_type, entry.company) == (row["export_type"], row["company"])
            ),
        )
        for row in store.db.execute(of_subject(_STATES, INVOICES), item)
    )


def find_not_exportable(
    store: Store, definition: Definition, company: str, numbers: Iterable[str]
) -> tuple[list[str], list[str]]:
    """Return which of these numbers are unknown, and which have no content to export.

    One whose result in the books of the company is unknown needs none.
    """
    query = of_subject(_NOT_EXPORTABLE, definition.subject)
    values = _values_of(definition, company) | {"numbers": json.dumps(list(numbers))}
    rows = store.db.execute(query, values).fetchall()
    return (
        [row["number"] for row in rows if row["digest"] is None],
        [row["number"] for row in rows if row["digest"] is not None],
    )


def total_and_party_number(
    store: Store, definition: Definition, company: str, number: str
) -> tuple[Decimal, str] | None:
    """Return the total here of an item in the books of a company, and its party's number there.

    :return: ``None`` if it is not there, as far as exports know.
    """
    query = of_subject(_EXPORTED, definition.subject)
    row = first_row(store.db, query, **_values_of(definition, company), number=number)
    return None if row is None else (Decimal(row["total"]), row["party_number"])


def exported_corrections(
    store: Store, definition: Definition, company: str, number: str
) -> list[tuple[str, str]]:
    """Return the corrections of an invoice that the books of a company may have.

    As they were sent, from any region: each with its region and number.
    """
    values = _values_of(definition, company) | {"number": number}
    query = of_subject(_EXPORTED_CORRECTIONS, definition.subject)
    return [(row["region"], row["number"]) for row in store.db.execute(query, values)]


def of_subject(query: str, subject: str) -> str:
    return query.replace("<items>", _VIEWS[subject])


def _values_of(definition: Definition, company: str) -> dict[str, object]:
    return {
        "export_type": definition.import_type,
        "subject": definition.subject,
        "region": definition.region,
        "company": company,
    }


# --- SQL --------------------------------------------------------------------

# The items of each subject, in the same columns.
_VIEWS = {INVOICES: "invoice_items", BILLS: "bill_items"}

#: The items that can be exported, each with its state in a company's books. ``<items>`` is
#: replaced by :func:`of_subject`.
WITH_STATE = """
    <items> i LEFT JOIN exported_items e ON e.export_type = :export_type
    AND e.subject = :subject AND e.company = :company AND e.item_id = i.item_id
"""

#: Which of them the next export has: new and changed ones of closed periods, and those that
#: are not settled; no new ones of a supplier that sends invoices itself, and none without rows
#: unless it is unknown whether they arrived: that can be asked without rows.
OFFERED = """
    (CASE WHEN e.intended > 0 THEN 1 WHEN i.digest = '' THEN 0
     WHEN e.item_id IS NULL THEN i.period_closed = 1 AND i.withheld = 0
     ELSE e.complete = 0
          OR (i.period_closed = 1
              AND ((e.exported = 0 AND e.state <> 'cancelled') OR e.digest <> i.digest)) END)
"""

#: Whether the content is not what was sent last.
CHANGED = "(e.exported IS 1 AND e.digest IS NOT i.digest)"

_LISTED = "(i.digest <> '' OR e.exported = 1 OR e.intended > 0)"

#: The name of the customer or supplier that an item was sent to last, as its run had it.
SENT_PARTY = """
    (SELECT r.party FROM export_log l
     JOIN export_items r ON r.run_id = l.run_id AND r.item_id = l.item_id
     WHERE l.export_type = e.export_type AND l.subject = e.subject AND l.company = e.company
     AND l.item_id = e.item_id AND l.event IN ('sent', 'adopted', 'unchanged')
     ORDER BY l.sequence DESC LIMIT 1)
"""

# Of one that is there, the one that it was sent to, whatever was loaded since.
_PARTY = f"""
    CASE WHEN {CHANGED} AND e.state <> 'cancelled' THEN coalesce({SENT_PARTY}, i.party)
    ELSE i.party END
"""

_EXPORTABLE_COLUMNS = f"""
    i.item_id AS id, i.number AS item_number, i.type, {_PARTY} AS party, i.date AS item_date,
    i.due_date, i.total, i.currency, i.period_closed, coalesce(e.state, '{NEW}') AS state,
    coalesce(e.exported, 0) AS exported, {CHANGED} AS changed,
    coalesce(e.complete, 1) AS complete, coalesce(e.number, '') AS number,
    e.total AS other_total, coalesce(e.code, '') AS code, e.message_sv, e.message_en,
    e.at, e.user, {OFFERED} AS offered, i.withheld
"""

_EXPORTABLE = f"""
    FROM {WITH_STATE}
    WHERE i.region = :region AND {_LISTED}
    AND (:month IS NULL OR substr(i.date, 1, 7) = :month)
    AND (:closed IS NULL OR i.period_closed = :closed)
"""

_PERIODS = f"""
    SELECT substr(i.date, 1, 7) AS month, i.period_closed, i.currency,
           count(*) AS items, sum({OFFERED}) AS offered,
           sum(e.exported IS 1 AND e.state <> 'cancelled') AS exported,
           exact_sum(i.total) AS total
    FROM {WITH_STATE} WHERE i.region = :region AND {_LISTED}
    GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3
"""  # noqa: S608 constants

# A column of the item that an entry is of, as its run had it; not joined, so that only the entries
# that are shown look for it.
_LOG_ITEM = """
    coalesce((SELECT i.{0} FROM export_items i
              WHERE i.run_id = l.run_id AND i.item_id = l.item_id), '')
"""

_LOG_COLUMNS = f"""
    l.*, r.definition, coalesce(r.company_name, '') AS company_name,
    {_LOG_ITEM.format("currency")} AS currency
"""

_LOG = """
    FROM export_log l JOIN export_runs r ON r.id = l.run_id
    WHERE (:definition IS NULL OR r.definition = :definition)
    AND (:subject IS NULL OR l.subject = :subject)
    AND (:item_id IS NULL OR l.item_id = :item_id)
    AND (:run_id IS NULL OR l.run_id = :run_id)
"""

_STATES = f"""
    SELECT e.*, r.definition, coalesce(r.company_name, '') AS company_name,
           coalesce(i.currency, '') AS currency, {CHANGED} AS changed,
           coalesce(i.digest, '') = '' AS without_rows
    FROM exported_items e JOIN export_runs r ON r.id = e.run_id
    LEFT JOIN <items> i ON i.item_id = e.item_id
    WHERE e.subject = :subject AND e.item_id = :item_id ORDER BY e.export_type, e.company
"""  # noqa: S608 constants

_MAY_BE_THERE = "((e.exported = 1 AND e.state <> 'cancelled') OR e.intended > 0)"

_EXPORTED = f"""
    SELECT i.total, e.party_number FROM {WITH_STATE}
    WHERE i.region = :region AND i.number = :number AND {_MAY_BE_THERE}
"""  # noqa: S608 constants

# While it is unknown which content of one arrived, any that was about to be sent may be there.
_EXPORTED_CORRECTIONS = f"""
    SELECT i.region, i.number FROM exported_items e JOIN <items> i ON i.item_id = e.item_id
    WHERE e.export_type = :export_type AND e.subject = :subject AND e.company = :company
    AND {_MAY_BE_THERE} AND (e.credits = :number OR (e.intended > 0 AND EXISTS (
        SELECT 1 FROM export_items r
        WHERE r.credits = :number AND r.credits <> '' AND r.item_id = e.item_id AND r.chosen = 1)))
    ORDER BY i.region, length(i.number), i.number
"""  # noqa: S608 constants

_NOT_EXPORTABLE = """
    SELECT o.value AS number, i.digest FROM json_each(:numbers) o
    LEFT JOIN <items> i ON i.region = :region AND i.number = o.value
    LEFT JOIN exported_items e ON e.export_type = :export_type AND e.subject = :subject
    AND e.company = :company AND e.item_id = i.item_id
    WHERE coalesce(i.digest, '') = '' AND coalesce(e.intended, 0) = 0
"""
