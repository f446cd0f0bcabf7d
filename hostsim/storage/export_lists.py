"""The lists of exports that have pages: invoices and how they stand, a run's items, the log."""

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
    ExportableItem,
)
from hostsim.storage.lists import Source
from hostsim.storage.rows import value_of

_NUMBER = "length({1}) {0}, {1} {0}"


def exportable_invoices(
    definition: Definition, company: str, month: str | None, *, closed: bool | None
) -> Source:
    """Describe the invoices that an export can send, and how each stands there.

    :param company: in whose books; ``""`` before the first export.
    :param month: of this month, as 2026-11, and with this state of the period.
    """
    values = export_states.values_of(definition, company) | {"month": month, "closed": closed}
    return Source(
        query=f"{EXPORTABLE_FROM} AND (:closed IS NULL OR i.period_closed = :closed)",
        values=values,
        code=f"coalesce(e.state, '{export_states.NEW}')",
        searched=(
            *("i.number", "i.customer_name", "i.customer_code", "i.invoice_date", "i.total"),
            *("i.currency", "e.number", "e.message_sv", "e.message_en"),
        ),
        sorts={
            "invoice": _NUMBER.replace("{1}", "i.number"),
            "date": "i.invoice_date {0}",
            "due": "i.due_date {0}",
            "customer": "swedish(i.customer_name) {0}",
            "total": "i.currency {0}, CAST(i.total AS REAL) {0}",
            "period": "i.period_closed {0}",
            "state": f"coalesce(e.state, '{export_states.NEW}') {{0}}",
            "number": _NUMBER.replace("{1}", "coalesce(e.number, '')"),
            "at": "e.at {0}",
        },
        entry=lambda row: value_of(ExportableItem, row),
        columns=EXPORTABLE_COLUMNS,
        total="NULL",
        order=EXPORTABLE_ORDER,
    )


def run_items(run_id: str, state: str) -> Source:
    """Describe one of the lists of a run."""
    return Source(
        query=f"{ITEMS_FROM} AND {ITEMS_LIST} = :state",
        values={"run_id": run_id, "state": state},
        code="r.code",
        searched=(
            *("r.item_id", "i.customer_name", "r.customer_number", "r.total", "r.other_total"),
            *("r.currency", "r.code", "r.message_sv", "r.message_en", "r.differences"),
        ),
        sorts={
            "invoice": "r.place {0}",
            "customer_number": _NUMBER.replace("{1}", "r.customer_number"),
            "customer": "swedish(i.customer_name) {0}",
            "total": "r.currency {0}, CAST(r.total AS REAL) {0}",
            "other_total": "r.currency {0}, CAST(r.other_total AS REAL) {0}",
            "action": "r.action {0}",
        },
        entry=item_of,
        columns=ITEM_COLUMNS,
        total="NULL",
        order="r.place",
    )


def log(definition: str | None = None, run_id: str | None = None) -> Source:
    """Describe what exports did with each invoice, the last first.

    :param definition: by one export.
    :param run_id: in one run.
    """
    return Source(
        query=f"{LOG_FROM} AND (:run_id IS NULL OR l.run_id = :run_id)",
        values={"definition": definition, "run_id": run_id},
        code="l.event",
        searched=(
            *("l.item_id", "l.number", "l.customer_number", "l.code", "l.message_sv"),
            *("l.message_en", "l.theirs", "l.user", "i.customer_name"),
        ),
        sorts={
            "at": "l.sequence {0}",
            "user": "swedish(l.user) {0}",
            "invoice": "length(l.item_id) {0}, l.item_id {0}",
            "event": "l.event {0}",
            "number": _NUMBER.replace("{1}", "l.number"),
            "total": "CAST(l.total AS REAL) {0}",
            "code": "l.code {0}",
        },
        entry=export_states.log_entry,
        columns=LOG_COLUMNS,
        total="NULL",
        order="l.sequence DESC",
    )
