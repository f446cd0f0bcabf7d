"""What stands in the columns of the lists, on the page and in an export.

An export is read by a Swedish Excel: UTF-8 with a byte order mark, semicolons,
amounts without spaces. A cell that a spreadsheet would take for a formula is
made text, since names of customers come from elsewhere.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from hostsim.ledger.values import SEK, Decision, Row
from hostsim.messages import formats
from hostsim.messages.text import money, say
from hostsim.services.payments_file import harmless
from hostsim.storage.history import REGISTERED, Imported
from hostsim.views import history, terminal
from hostsim.views.terminal import one_line
from opter_contract.values import Text

Shown = Callable[[Any, str], str]


class Column(NamedTuple):
    """One column; ``key`` is what it is sorted by."""

    key: str
    heading: Text
    shown: Shown
    right: bool = False
    wide: bool = False
    sorts: bool = True


def when(at: datetime | None) -> str:
    """Write a time as year-month-day and minute, in the zone that it was kept in."""
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M")


def amount(value: Decimal | None, language: str) -> str:
    """Write an amount with thousands apart; an unknown one is empty."""
    return "" if value is None else money(value, language)


def sek(row: Row, language: str) -> str:
    """Write the SEK of a payment, or that nobody knows it."""
    known = known_amount(row)
    if known is None:
        return "unknown" if language == "en" else "okänt"
    return f"{amount(known, language)} SEK"


def rate(value: Decimal | None, language: str) -> str:
    """Write an exchange rate: SEK for one unit."""
    return terminal.amount(value, language, decimals=0)


def foreign(row: Row, language: str) -> str:
    """Write the amount in another currency than SEK."""
    if row.currency in {None, SEK}:
        return ""
    return f"{amount(row.amount_currency, language)} {one_line(row.currency or '')}".strip()


def written_off(row: Row, language: str) -> str:
    """Write what was written off with the payment; SEK unless a currency stands beside it."""
    return terminal.written_off(row, language)


def known_amount(row: Row) -> Decimal | None:
    """Give the SEK of a payment; ``None`` where it could not be read, which is not nothing."""
    return terminal.known_amount(row)


def invoice(row: Row) -> str:
    """Name the invoice; where its number here is another one, name both."""
    theirs, ours = one_line(row.invoice_number or ""), one_line(row.host_invoice_number or "")
    return f"{theirs} → {ours}" if ours and ours != theirs else theirs


def said(text: Text | None, language: str) -> str:
    """Give a sentence that may be missing."""
    return "" if text is None else say(text, language)


def reason(row: Row, language: str) -> str:
    """Say why a payment is not saved."""
    return one_line(said(row.message, language) or terminal.reason_label(row.reason, language))


def origin(row: Row, language: str) -> str:
    """Say where a registered payment came from: a word of the source, or by hand."""
    if row.origin == "hand":
        return "by hand" if language == "en" else "för hand"
    return one_line(row.source or "")


def standing(row: Row, language: str) -> str:
    """Give the judgement of a payment that counts, and of any other why it does not."""
    if row.state in {None, REGISTERED}:
        return terminal.status_label(row.status, language)
    label = history.BOOKED_AS.get(row.state or "")
    return one_line(row.state or "") if label is None else say(label, language)


def _fact(decision: Decision, key: str) -> str:
    known = json.loads(decision.facts or "{}").get(key)
    return one_line(str(known)) if known else ""


def _sek(decision: Decision) -> Decimal | None:
    text = _fact(decision, "amount")
    return Decimal(text) if text else None


def _state_of(run: Imported, language: str) -> str:
    label = history.STATES.get(run.state)
    text = one_line(run.state) if label is None else say(label, language)
    return f"{text}: {one_line(run.error_code)}" if run.error_code else text


def _counted(kind: str, heading: Text) -> Column:
    def cell(run: Imported, language: str) -> str:
        return terminal.count(run.counts[kind], language) if kind in run.counts else ""

    return Column(kind, heading, cell, right=True)


_MARK = Column(
    "mark",
    Text("Bedömning", "Judgement"),
    lambda e, lang: terminal.status_label(e.row.status, lang),
)
_FIGURES = (
    Column(
        "payment",
        Text("Betalning", "Payment"),
        lambda e, _: one_line(e.row.payment_number),
        right=True,
    ),
    Column("invoice", Text("Faktura", "Invoice"), lambda e, _: invoice(e.row), right=True),
    Column(
        "customer",
        Text("Kund", "Customer"),
        lambda e, _: one_line(e.row.customer_name or ""),
        wide=True,
    ),
    Column("date", Text("Datum", "Date"), lambda e, _: formats.day(e.row.payment_date)),
    Column(
        "amount",
        Text("Belopp SEK", "Amount SEK"),
        lambda e, lang: amount(known_amount(e.row), lang),
        right=True,
    ),
    Column(
        "foreign",
        Text("Annan valuta", "Other currency"),
        lambda e, lang: foreign(e.row, lang),
        right=True,
    ),
    Column(
        "rate",
        Text("Kurs", "Rate"),
        lambda e, lang: rate(e.row.exchange_rate, lang),
        right=True,
        sorts=False,
    ),
    Column(
        "written_off",
        Text("Avskrivet", "Written off"),
        lambda e, lang: written_off(e.row, lang),
        right=True,
        sorts=False,
    ),
)
_SOURCE = Column("source", Text("Källa", "Source"), lambda e, _: one_line(e.row.source or ""))


def _excluded(heading: Text) -> Sequence[Column]:
    why = Column("message", heading, lambda e, lang: reason(e.row, lang), wide=True)
    return (*_FIGURES[:6], _SOURCE, why)


#: The columns of each list, by its name.
COLUMNS: dict[str, Sequence[Column]] = {
    "ready": (
        _MARK,
        *_FIGURES,
        Column(
            "message",
            Text("Varningsmeddelande", "Warning message"),
            lambda e, lang: one_line(said(e.row.warning, lang)),
            wide=True,
        ),
    ),
    "rejected": _excluded(Text("Orsak till att inte spara", "Reason for not saving")),
    "ignored": _excluded(Text("Varför den ignoreras", "Why it is ignored")),
    "decisions": (
        Column(
            "about",
            Text("Betalning eller serie", "Payment or series"),
            terminal.decided_about,
        ),
        Column("invoice", Text("Faktura", "Invoice"), lambda d, _: _fact(d, "invoice_number")),
        Column(
            "amount",
            Text("Belopp SEK", "Amount SEK"),
            lambda d, lang: amount(_sek(d), lang),
            right=True,
            sorts=False,
        ),
        Column(
            "what",
            Text("Avgörande", "Decision"),
            lambda d, lang: terminal.decision_label(d.decision, lang),
        ),
        Column("user", Text("Vem", "Who"), lambda d, _: one_line(d.user)),
        Column("at", Text("När", "When"), lambda d, _: when(d.at)),
        Column("why", Text("Varför", "Why"), lambda d, _: one_line(d.why), wide=True),
        Column(
            "holds",
            Text("Gäller", "In force"),
            terminal.in_force_label,
            sorts=False,
        ),
        Column("format", Text("Filformat", "File format"), lambda d, _: one_line(d.definition)),
    ),
    "runs": (
        Column("began", Text("Började", "Began"), lambda r, _: when(r.started_at)),
        Column(
            "format",
            Text("Filformat", "File format"),
            lambda r, _: one_line(r.definition),
            wide=True,
        ),
        Column("user", Text("Användare", "User"), lambda r, _: one_line(r.user)),
        Column("run_state", Text("Läge", "State"), _state_of),
        _counted("read", Text("Lästa", "Read")),
        _counted("ready", Text("Kan sparas", "Can be saved")),
        _counted("rejected", Text("Kan inte sparas", "Cannot be saved")),
        _counted("ignored", Text("Ignorerade", "Ignored")),
        Column(
            "sek",
            Text("Sparat SEK", "Saved SEK"),
            lambda r, lang: amount(r.saved and r.saved[1], lang),
            right=True,
            sorts=False,
        ),
    ),
    "payments": (
        Column("mark", _MARK.heading, lambda e, lang: standing(e.row, lang)),
        *_FIGURES[:5],
        Column("source", Text("Ursprung", "Origin"), lambda e, lang: origin(e.row, lang)),
        Column("user", Text("Användare", "User"), lambda e, _: one_line(e.user)),
        Column("at", Text("Registrerad", "Registered"), lambda e, _: when(e.at)),
    ),
}

_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


def csv_lines(columns: Sequence[Column], entries: Iterable[Any], language: str) -> Iterator[str]:
    """Write a list as CSV, line by line."""
    yield _BYTE_ORDER_MARK + _line(say(column.heading, language) for column in columns)
    for entry in entries:
        yield _line(_exported(column, entry, language) for column in columns)


def _exported(column: Column, entry: Any, language: str) -> str:
    text = column.shown(entry, language)
    if column.key in {"amount", "written_off", "rate"}:
        apart = "," if language == "en" else "\N{NO-BREAK SPACE}"
        text = text.replace(apart, "").replace(" ", "")
    return harmless(text)


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=";", lineterminator="\r\n").writerow(cells)
    return line.getvalue()
