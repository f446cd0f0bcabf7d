"""Exports: the lists of a run, the log, and the exports that are defined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hostsim.messages import exports as messages
from hostsim.messages.formats import count
from hostsim.messages.text import say
from hostsim.storage.export_previews import LISTS
from hostsim.views.definitions import SharedColumns
from hostsim.views.labels import company, label, period, user_at
from hostsim.views.output import Output, one_line
from hostsim.views.payments import write_title
from hostsim.views.preview import company_object, quoted
from hostsim.views.table import (
    Column,
    LongText,
    Money,
    as_object,
    json_attributes,
    json_only,
    text_of,
    write_json,
    write_table,
)
from opter_contract.values import Company, Text

if TYPE_CHECKING:
    from decimal import Decimal

    from hostsim.ledger.values import Definition
    from hostsim.storage.export_previews import ExportPreview, PreviewGap, PreviewItem
    from hostsim.storage.export_states import ExportableItem, ExportPeriod, ItemStory, LogEntry
    from opter_contract.export_values import Difference, PlannedCard

ACTIONS = {
    "create": Text("Ny", "New"),
    "update": Text("Ändras", "Updated"),
    "none": Text("", ""),
}

#: Of an item: its list in a run, and its state in the books there.
STATES = {
    "new": Text("Inte exporterad", "Not exported"),
    "intended": Text("Okänt", "Unknown"),
    "ready": Text("Kan skickas", "Can be sent"),
    "sent": Text("Skickad", "Sent"),
    "adopted": Text("Fanns redan", "Was there already"),
    "unchanged": Text("Oförändrad", "Unchanged"),
    "booked": Text("Bokförd, uppdateras inte", "Booked, not updated"),
    "refused": Text("Kan inte skickas", "Cannot be sent"),
    "unknown": Text("Okänt", "Unknown"),
    "cancelled": Text("Makulerad", "Cancelled"),
}

EVENTS = STATES | {
    "intended": Text("Skickas", "Being sent"),
    "cancelling": Text("Makuleras", "Being cancelled"),
}

_CHANGED = Text("Ändrad efter exporten", "Changed since export")
_INCOMPLETE = Text("Skickad, något återstår", "Sent, something remains")

#: The states that get a green tick, and those that get a red flag.
TICKED = frozenset({"sent", "adopted", "booked", "unchanged"})
FLAGGED = frozenset({"refused", "unknown", "intended"})


def state_now(one: ExportableItem) -> Text:
    """Name how an invoice stands in the books there."""
    if one.changed and one.may_be_taken_back:
        return _CHANGED
    return label(STATES, one.state) if one.complete else _INCOMPLETE


RUN_STATES = {
    "running": Text("Pågår", "Running"),
    "failed": Text("Misslyckades", "Failed"),
    "checked": Text("Kontroll", "Check"),
    "previewed": Text("Förhandsvisning", "Preview"),
    "sent": Text("Skickad", "Sent"),
    "cancelled": Text("Makulering", "Cancellation"),
}

TITLES = {
    "ready": Text("Fakturor som kan skickas", "Invoices that can be sent"),
    "sent": Text("Skickade fakturor", "Invoices that were sent"),
    "adopted": Text("Fakturor som redan finns i bokföringen", "Invoices already in accounting"),
    "unchanged": Text("Fakturor utan något att ändra", "Invoices with nothing to change"),
    "booked": Text(
        "Bokförda fakturor, som inte uppdateras", "Booked invoices, which are not updated"
    ),
    "refused": Text("Fakturor som inte kan skickas", "Invoices that cannot be sent"),
    "unknown": Text("Fakturor utan känt resultat", "Invoices without a known result"),
    "cancelled": Text("Makulerade fakturor", "Cancelled invoices"),
}
_CUSTOMERS = Text("Kunder som läggs upp eller ändras", "Customers that are new or change")
_GAPS = Text("Saknas i det andra systemet", "Missing in the other system")


def _difference_object(one: Difference) -> dict[str, str]:
    return {"field": one.field, "ours": one.ours, "theirs": one.theirs}


def _differences_text(several: Iterable[Difference]) -> str:
    return "; ".join(f"{one.field}: {one.ours or '–'} / {one.theirs or '–'}" for one in several)


def _money(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else Money(amount, currency)


def _note(message: Text | None) -> LongText | None:
    return None if message is None else LongText(message)


#: The invoices that an export can send.
EXPORTABLE: tuple[Column[ExportableItem], ...] = (
    Column("invoice", Text("Faktura", "Invoice"), lambda i: i.item_number, right=True),
    Column("date", Text("Fakturadatum", "Invoice date"), lambda i: i.invoice_date),
    Column("due", Text("Förfaller", "Due"), lambda i: i.due_date),
    Column("customer", Text("Kund", "Customer"), lambda i: i.party, wide=True),
    Column("total", Text("Belopp", "Total"), lambda i: _money(i.total, i.currency), right=True),
    Column("period", Text("Period", "Period"), lambda i: period(closed=i.period_closed)),
    Column("state", Text("Export", "Export"), state_now),
    Column(
        "number",
        Text("Nummer i bokföringen", "Number in accounting"),
        lambda i: i.number,
        right=True,
    ),
    Column(
        "other_total",
        Text("Belopp i bokföringen", "Total in accounting"),
        lambda i: _money(i.other_total, i.currency),
        right=True,
        sorts=False,
    ),
    Column("at", Text("Senast", "Last"), lambda i: i.at),
)

PERIODS: tuple[Column[ExportPeriod], ...] = (
    Column("month", Text("Period", "Period"), lambda p: p.month),
    Column("closed", Text("Läge", "State"), lambda p: period(closed=p.closed)),
    Column("items", Text("Fakturor", "Invoices"), lambda p: p.items, right=True),
    Column("offered", Text("Att exportera", "To be exported"), lambda p: p.offered, right=True),
    Column("exported", Text("Exporterade", "Exported"), lambda p: p.exported, right=True),
    Column(
        "totals",
        Text("Summa", "Sum"),
        lambda p: [Money(total, currency) for currency, total in p.totals],
        right=True,
    ),
)

ITEMS: tuple[Column[PreviewItem], ...] = (
    Column(
        "invoice",
        Text("Faktura", "Invoice"),
        lambda i: i.item_number,
        right=True,
        json="invoice_number",
    ),
    Column(
        "customer_number",
        Text("Kundnr", "Customer no."),
        lambda i: i.customer_number,
        json="customer_number",
    ),
    Column("customer", Text("Kund", "Customer"), lambda i: i.party, wide=True),
    Column("total", Text("Belopp", "Total"), lambda i: _money(i.total, i.currency), right=True),
    Column(
        "other_total",
        Text("Belopp i bokföringen", "Total in accounting"),
        lambda i: _money(i.other_total, i.currency),
        right=True,
    ),
    Column("action", Text("Åtgärd", "Action"), lambda i: label(ACTIONS, i.action)),
    Column("code", Text("Kod", "Code"), lambda i: i.code or None),
    Column("message", Text("Förklaring", "Explanation"), lambda i: _note(i.message), wide=True),
    Column(
        "differences",
        Text("Skillnader (här / i bokföringen)", "Differences (here / in accounting)"),
        lambda i: _differences_text(i.differences),
        wide=True,
        sorts=False,
    ),
    *json_attributes("total"),
    json_only("fortnox_total", lambda i: i.other_total),
    *json_attributes("currency", "action"),
    json_only("code", lambda i: i.code or None),
    *json_attributes("message"),
    json_only("differences", lambda i: [_difference_object(one) for one in i.differences]),
)

CARDS: tuple[Column[PlannedCard], ...] = (
    Column("number", Text("Kundnr", "Customer no."), lambda c: c.number, json="customer_number"),
    Column("action", Text("Åtgärd", "Action"), lambda c: label(ACTIONS, c.action)),
    Column(
        "differences",
        Text("Skillnader (här / i bokföringen)", "Differences (here / in accounting)"),
        lambda c: _differences_text(c.differences),
        wide=True,
        sorts=False,
    ),
    Column("message", Text("Anmärkning", "Remark"), lambda c: _note(c.message), wide=True),
    *json_attributes("action", "message"),
    json_only("differences", lambda c: [_difference_object(one) for one in c.differences]),
)

GAPS: tuple[Column[PreviewGap], ...] = (
    Column("code", Text("Kod", "Code"), lambda g: g.code, json="code"),
    Column(
        "message",
        Text("Vad som saknas, och vad som ska göras", "What is missing, and what to do"),
        lambda g: LongText(g.message),
        wide=True,
    ),
    Column(
        "invoices",
        Text("Fakturor", "Invoices"),
        lambda g: ", ".join(g.item_numbers),
        wide=True,
        sorts=False,
    ),
    *json_attributes("message"),
    json_only("invoices", lambda g: g.item_numbers),
)

RUNS: tuple[Column[ExportPreview], ...] = (
    *json_attributes("run_id"),
    json_only("export", lambda r: r.definition),
    Column("started", Text("När", "When"), lambda r: r.started_at, json="started_at"),
    Column("export", Text("Export", "Export"), lambda r: r.definition),
    Column("user", Text("Användare", "User"), lambda r: r.user, json="user"),
    Column(
        "state",
        Text("Läge", "State"),
        lambda r: r.error_code or label(RUN_STATES, r.state),
    ),
    Column("company", Text("Företag", "Company"), lambda r: r.company and company(r.company)),
    *(
        Column(name, STATES[name], lambda r, name=name: r.counts[name] or None, right=True)  # type: ignore[misc]
        for name in LISTS
    ),
    *json_attributes("state", "counts", "sent_at", "revision"),
    json_only("company", lambda r: company_object(r.company)),
    json_only("error", lambda r: r.error_code and {"code": r.error_code, "sentence": r.error}),
)

LOG: tuple[Column[LogEntry], ...] = (
    Column("at", Text("När", "When"), lambda e: e.at, json="at"),
    Column("user", Text("Användare", "User"), lambda e: e.user, json="user"),
    Column(
        "invoice",
        Text("Faktura", "Invoice"),
        lambda e: e.item_number,
        right=True,
        json="invoice_number",
    ),
    Column("event", Text("Vad", "What"), lambda e: label(EVENTS, e.event)),
    Column(
        "number",
        Text("Nummer i bokföringen", "Number in accounting"),
        lambda e: e.number,
        right=True,
    ),
    Column(
        "total",
        Text("Belopp i bokföringen", "Total in accounting"),
        lambda e: _money(e.total, e.currency),
        right=True,
    ),
    Column("code", Text("Kod", "Code"), lambda e: e.code or None, json="code"),
    Column("message", Text("Förklaring", "Explanation"), lambda e: _note(e.message), wide=True),
    Column("theirs", Text("Svar därifrån", "Answer from there"), lambda e: e.theirs, wide=True),
    *json_attributes("event", "number", "customer_number", "total", "message", "theirs"),
    *json_attributes("complete", "run_id"),
    json_only("export", lambda e: e.definition),
    json_only("company", lambda e: {"name": e.company_name, "number": e.company}),
)


#: Of one invoice, as ``why`` tells it.
STORY: tuple[Column[ItemStory], ...] = (
    json_only("export", lambda s: s.definition),
    json_only("company", lambda s: {"name": s.company_name, "number": s.company}),
    *json_attributes("state", "exported", "changed", "complete", "number", "customer_number"),
    json_only("fortnox_total", lambda s: s.total),
    *json_attributes("code", "message", "user", "at"),
)


def export_columns(
    shown_settings: Callable[[str, Mapping[str, str], str], Mapping[str, str]],
) -> tuple[Column[Definition], ...]:
    """Declare the list of defined exports.

    :param shown_settings: what a person may see of the settings of an export type.
    """
    shared = SharedColumns(lambda one: shown_settings(one.import_type, one.settings, one.subject))
    return (
        shared.name,
        Column("type", Text("Exporttyp", "Export type"), lambda d: d.import_type, json="type"),
        Column("subject", Text("Vad", "What"), lambda d: d.subject, json="subject"),
        *shared.rest,
    )


# --- JSON ------------------------------------------------------------------------------------


def write_export_json(output: Output, preview: ExportPreview) -> None:
    """Write a run as one JSON object, an item at a time."""
    language = output.language

    def objects(columns: Iterable[Column[Any]], rows: Iterable[Any]) -> Iterable[dict[str, Any]]:
        return (as_object(columns, row, language) for row in rows)

    write_json(
        output,
        {
            "export": preview.definition,
            "company": company_object(preview.company),
            "revision": preview.revision,
            "state": preview.state,
            "counts": preview.counts,
            **{name: objects(ITEMS, preview.items(name)) for name in LISTS},
            "customers": objects(CARDS, preview.cards()),
            "gaps": objects(GAPS, preview.gaps()),
            "notes": preview.notes,
            "requests": preview.requests,
        },
    )


def story_object(one: ItemStory, language: str) -> dict[str, Any]:
    """Write what exports did with an invoice as a JSON object."""
    log = [as_object(LOG, entry, language) for entry in one.log]
    return as_object(STORY, one, language) | {"log": log}


# --- On a terminal ---------------------------------------------------------------------------


def write_export(output: Output, preview: ExportPreview) -> None:
    """Print what an export would do, or did."""
    name = say(company(preview.company), output.language)
    output.title(f"{one_line(preview.definition)}: {one_line(name)}")
    _write_list(output, _GAPS, GAPS, preview.gaps, preview.counts["gaps"])
    for state in LISTS:
        _write_list(
            output,
            TITLES[state],
            ITEMS,
            lambda state=state: preview.items(state),  # type: ignore[misc]
            preview.counts[state],
        )
    _write_list(output, _CUSTOMERS, CARDS, preview.cards, preview.counts["customers"])
    output.line()
    if not preview.counts["items"]:
        output.line(messages.NOTHING)
    for note in preview.notes:
        output.line(one_line(say(note, output.language), 1000))
    if preview.requests:
        requests = count(preview.requests, output.language)
        output.say(f"Antal anrop: {requests}.", f"Requests made: {requests}.")


def write_how_to_send(output: Output, preview: ExportPreview) -> None:
    name = quoted(preview.definition)
    if preview.counts["items"] and not preview.sent:
        output.say(
            f"Ingenting är skickat än. Skicka med: hostsim export {name} --send",
            f"Nothing is sent yet. Send with: hostsim export {name} --send",
        )


def _write_list(
    output: Output,
    title: Text,
    columns: Iterable[Column[Any]],
    rows: Callable[[], Iterable[Any]],
    number: int,
) -> None:
    if number:
        output.line()
        write_title(output, title, number)
        write_table(output, columns, rows)


# --- One invoice -----------------------------------------------------------------------------


def write_story(output: Output, one: ItemStory) -> None:
    """Print what exports did with an invoice."""
    output.line()
    output.title(f" {story_title(one, output.language)}")
    for name, value in story_facts(one):
        text = text_of(value, output.language)
        if text:
            output.line(f"   {say(name, output.language)}: {text}")
    write_table(output, [column for column in LOG if column.key != "invoice"], lambda: one.log)


def story_title(one: ItemStory, language: str) -> str:
    """Name an export and how the invoice stands there."""
    books = text_of(company(Company(one.company, one.company_name)), language)
    state = text_of(label(STATES, one.state), language)
    return f"{one_line(one.definition)}, {books}: {state}"


def story_facts(one: ItemStory) -> Iterable[tuple[Text, object]]:
    """Give what is known of the invoice there."""
    yield Text("Nummer i bokföringen", "Number in accounting"), one.number
    yield Text("Kundnr i bokföringen", "Customer no. in accounting"), one.customer_number
    yield Text("Belopp i bokföringen", "Total in accounting"), _money(one.total, one.currency)
    yield Text("Senast", "Last"), user_at(one.user, one.at)
    if one.message is not None:
        yield Text("Orsak", "Reason"), LongText(one.message)
    if one.changed:
        yield Text("Att göra", "To do"), messages.CHANGED
    if not one.complete:
        yield Text("Att göra", "To do"), messages.NOT_COMPLETE
    if one.state in {"intended", "unknown"}:
        yield Text("Att göra", "To do"), messages.NOT_SETTLED
