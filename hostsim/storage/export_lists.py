"""The lists of exports that have pages: items and their states, a run's items, the log."""

from __future__ import annotations

from hostsim.ledger.values import Definition
from hostsim.storage import export_states
from hostsim.storage.export_previews import ITEM_COLUMNS, ITEMS_FROM, ITEMS_LIST, item_of
from hostsim.storage.export_states import (
    EXPORTABLE_COLUMNS,
    EXPORTABLE_FROM,
    EXPORTABLE_ORDER,
    LOG_COLUMNS,
    LOG_FROM,
    LOG_ITEM,
    ExportableItem,
    of_subject,
)
from hostsim.storage.lists import Source, by_number
from hostsim.storage.rows import value_of

#: The columns of an item, its party and the party's number are named by the subject.
_ITEM = ("invoice", "bill")
_PARTY = ("customer", "supplier")
_PARTY_NUMBER = ("customer_number", "supplier_number")


def exportable_items(
    definition: Definition, company: str, month: str | None, *, closed: bool | None
) -> Source:
    """Describe the items that an export can send, and the state of each.

    :param company: in whose books; ``""`` before the first export.
    :param month: of this month, as 2026-11, and with this state of the period.
    """
    values = export_states.values_of(definition, company) | {"month": month, "closed": closed}
    return Source(
        query=of_subject(EXPORTABLE_FROM, definition.subject)
        + " AND (:closed IS NULL OR i.period_closed = :closed)",
        values=values,
        key="i.item_id",
        code=f"coalesce(e.state, '{export_states.NEW}')",
        searched=(
            *("i.number", "i.party", "i.party_code", "i.date", "i.total"),
            *("i.currency", "e.number", "e.message_sv", "e.message_en"),
        ),
        sorts={
            **dict.fromkeys(_ITEM, by_number("i.number")),
            "date": "i.date {0}",
            "due": "i.due_date {0}",
            **dict.fromkeys(_PARTY, "swedish(i.party) {0}"),
            "total": "i.currency {0}, CAST(i.total AS REAL) {0}",
            "period": "i.period_closed {0}",
            "state": f"coalesce(e.state, '{export_states.NEW}') {{0}}",
            "number": by_number("coalesce(e.number, '')"),
            "at": "e.at {0}",
        },
        entry=lambda row: value_of(ExportableItem, row),
        columns=EXPORTABLE_COLUMNS,
        total="i.total",
        currency="i.currency",
        summed="total",
        order=EXPORTABLE_ORDER,
    )


def run_items(run_id: str, state: str) -> Source:
    """Describe one of the lists of a run."""
    return Source(
        query=f"{ITEMS_FROM} AND {ITEMS_LIST} = :state",
        values={"run_id": run_id, "state": state},
        key="r.place",
        code="r.code",
        searched=(
            *("r.item_id", "r.party", "r.party_number", "r.number", "r.total", "r.other_total"),
            *("r.currency", "r.code", "r.message_sv", "r.message_en", "r.differences"),
        ),
        sorts={
            **dict.fromkeys(_ITEM, "r.place {0}"),
            "number": by_number("r.number"),
            **dict.fromkeys(_PARTY_NUMBER, by_number("r.party_number")),
            **dict.fromkeys(_PARTY, "swedish(r.party) {0}"),
            "total": "r.currency {0}, CAST(r.total AS REAL) {0}",
            "other_total": "r.currency {0}, CAST(r.other_total AS REAL) {0}",
            "action": "r.action {0}",
        },
        entry=item_of,
        columns=ITEM_COLUMNS,
        total="r.total",
        currency="r.currency",
        summed="total",
        order="r.place",
    )


def log(
    definition: str | None = None, run_id: str | None = None, subject: str | None = None
) -> Source:
    """Describe what exports did with each item, the last first.

    :param definition: by one export.
    :param run_id: in one run.
    :param subject: with items of this one.
    """
    return Source(
        query=f"{LOG_FROM} AND (:run_id IS NULL OR l.run_id = :run_id)",
        values={"definition": definition, "run_id": run_id, "subject": subject},
        key="l.sequence",
        code="l.event",
        searched=(
            *("l.item_id", "l.number", "l.party_number", "l.code", "l.message_sv"),
            *("l.message_en", "l.theirs", "l.user"),
            LOG_ITEM.format("party"),
        ),
        sorts={
            "at": "l.sequence {0}",
            "user": "swedish(l.user) {0}",
            **dict.fromkeys(_ITEM, by_number("l.item_id")),
            "event": "l.event {0}",
            "number": by_number("l.number"),
            "total": "CAST(l.total AS REAL) {0}",
            "code": "l.code {0}",
        },
        entry=export_states.log_entry,
        columns=LOG_COLUMNS,
        total="NULL",
        order="l.sequence DESC",
    )
