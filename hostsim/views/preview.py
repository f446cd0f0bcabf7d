"""The columns of a preview: of its lists while it is open, once it is saved, and once undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hostsim.ledger import judging
from hostsim.ledger.values import REGISTERED, SEK
from hostsim.messages import payments as payments_messages
from hostsim.messages.formats import money_of
from hostsim.messages.past_tense import once_saved
from hostsim.messages.source_name import word_of
from hostsim.messages.text import joined
from hostsim.views.labels import (
    COUNTS,
    LEFT_OUT,
    PAYMENT_STATES,
    REASONS,
    SAVED_STATUSES,
    STATUSES,
    label,
)
from hostsim.views.payments import (
    FIGURES,
    FOREIGN,
    PAYMENT_JSON,
    RATE_AND_WRITE_OFF,
    SIGN,
    STATUS,
    WARNING,
    write_off_sentences,
    written_off_at_source,
)
from hostsim.views.table import Column, Money, json_attributes, not_on_page
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.values import PreviewRow


def _of_invoice(
    amount: Callable[[PreviewRow], Decimal | None],
) -> Callable[[PreviewRow], Money | None]:
    """Return an amount of the invoice, with its currency where that is not SEK."""

    def value(row: PreviewRow) -> Money | None:
        in_currency, currency = amount(row), row.invoice_currency or ""
        return (
            None if in_currency is None else Money(in_currency, "" if currency == SEK else currency)
        )

    return value


def warning(row: PreviewRow) -> Text | None:
    """Return the warning with the amount that is missing, or why the payment is left out."""
    if row.kind == judging.LEFT_OUT:
        return row.message
    if row.warning is None or row.remaining is None or row.status not in {"partial", "advance"}:
        return row.warning
    amount = money_of(abs(row.remaining), row.invoice_currency or "")
    return payments_messages.by_how_much(row.warning, row.status, amount)


def warning_on_page(row: PreviewRow) -> Text | None:
    """Return the warning and what was written off there, which has no column on the page."""
    message, write_offs = warning(row), written_off_at_source(row)
    if row.status == "written-off":
        return message
    sentences = write_off_sentences(write_offs, row.amount or row.invoice_total)
    return joined(sentences if message is None else [message, *sentences])


def _status_or_left_out(row: PreviewRow) -> Text:
    return LEFT_OUT if row.kind == judging.LEFT_OUT else label(STATUSES, row.status)


def _saved_status(row: PreviewRow) -> Text:
    left_out = row.kind == judging.LEFT_OUT
    return label(SAVED_STATUSES, judging.LEFT_OUT if left_out else row.status)


# What an invoice is, and what remains of it, in its own currency.
_INVOICE_JSON = json_attributes(
    *("due_date", "invoice_currency", "invoice_total", "remaining_before", "remaining")
)
_DUE: Column[PreviewRow] = Column("due", Text("Förfaller", "Due"), lambda r: r.due_date)
_TOTAL: Column[PreviewRow] = Column(
    "total",
    Text("Totalt", "Total"),
    _of_invoice(lambda r: r.invoice_total),
    right=True,
    terminal=False,
)
_REMAINS: Column[PreviewRow] = Column(
    "after", Text("Återstår", "Remains"), _of_invoice(lambda r: r.remaining), right=True
)

READY: tuple[Column[PreviewRow], ...] = (
    *PAYMENT_JSON,
    *_INVOICE_JSON,
    *json_attributes("status", "warning"),
    SIGN,
    replace(STATUS, value=_status_or_left_out),
    *FIGURES,
    FOREIGN,
    *RATE_AND_WRITE_OFF,
    _TOTAL,
    Column(
        "before",
        Text("Återstod", "Remained"),
        _of_invoice(lambda r: r.remaining_before),
        right=True,
        terminal=False,
    ),
    _REMAINS,
    _DUE,
    replace(WARNING, value=warning, page=False),
    replace(WARNING, value=warning_on_page, terminal=False),
)


def _after_save(advance: Text) -> tuple[Column[PreviewRow], ...]:
    def said(
        warned: Callable[[PreviewRow], Text | None],
    ) -> Callable[[PreviewRow], Text | None]:
        return lambda row: once_saved(warned(row), advance)

    return (
        *(replace(c, value=_saved_status) if c.key == STATUS.key else c for c in READY[:-2]),
        replace(WARNING, value=said(warning), page=False),
        replace(WARNING, value=said(warning_on_page), terminal=False),
    )


#: The same once they are saved, and once the save is undone.
SAVED = _after_save(payments_messages.ADVANCE_MADE)
UNDONE: tuple[Column[Any], ...] = (
    *_after_save(payments_messages.ADVANCE_UNDONE),
    Column(
        "state",
        Text("Gäller nu", "Stands now"),
        lambda r: COUNTS if r.state == REGISTERED else label(PAYMENT_STATES, r.state),
        sorts=False,
    ),
)


def _excluded_columns(heading: Text) -> tuple[Column[PreviewRow], ...]:
    return (
        *PAYMENT_JSON,
        *_INVOICE_JSON,
        *json_attributes("reason", "message"),
        *FIGURES,
        FOREIGN,
        *(_TOTAL, _REMAINS, _DUE),
        *not_on_page(*RATE_AND_WRITE_OFF),
        Column("source", Text("Källa", "Source"), lambda r: r.source and word_of(r.source)),
        Column("message", heading, lambda r: r.message or label(REASONS, r.reason), wide=True),
    )


#: The lists of a preview, by the kind of payments: before the save, and after it.
PREVIEW: dict[str, tuple[Column[Any], ...]] = {
    "ready": READY,
    "left": (*READY, *json_attributes("message")),
    "rejected": _excluded_columns(Text("Orsak till att inte spara", "Reason for not saving")),
    "ignored": _excluded_columns(Text("Varför den ignoreras", "Why it is ignored")),
}
SAVED_PREVIEW = PREVIEW | {"ready": SAVED, "left": SAVED}
