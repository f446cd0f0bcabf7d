"""Exports: the lists of a run, and the log.

What is exported is called otherwise for each subject, and is else the same: see :func:`of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

from hostsim.messages import exports as messages
from hostsim.messages.formats import count
from hostsim.messages.text import say
from hostsim.storage.export_previews import LISTS
from hostsim.storage.exportable_items import NEW
from hostsim.views.labels import BANK_FIELDS, company, label, period, user_at
from hostsim.views.output import Output, one_line, sentence_line
from hostsim.views.payments import write_title
from hostsim.views.preview_output import company_object, quoted
from hostsim.views.table import (
    Column,
    Money,
    as_object,
    json_attributes,
    json_only,
    text_of,
    write_json,
    write_json_array,
    write_table,
)
from opter_contract.values import Company, Text

if TYPE_CHECKING:
    from decimal import Decimal

    from hostsim.storage.export_previews import ExportPreview, PreviewGap, PreviewItem, ShownChange
    from hostsim.storage.exportable_items import ExportableItem, ExportPeriod, ItemStory, LogEntry
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
    "waiting": Text("Väntar på bekräftelse", "Waits for confirmation"),
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
    "bank-confirmed": Text("Bankuppgift bekräftad", "Bank details confirmed"),
    "bank-changing": Text("Bankuppgift ändras", "Bank details being changed"),
}

_CHANGED = Text("Ändrad efter exporten", "Changed since export")
_WITHHELD = Text("Leverantören fakturerar själv", "The supplier sends invoices itself")
_INCOMPLETE = Text("Skickad, något återstår", "Sent, something remains")

#: The states that get a green tick, and those that get a red flag.
TICKED = frozenset({"sent", "adopted", "booked", "unchanged"})
FLAGGED = frozenset({"refused", "unknown", "intended"})


def state_now(item: ExportableItem) -> Text:
    """Return the state of an item in the books there."""
    if item.changed and item.may_be_taken_back:
        return _CHANGED
    if item.withheld and item.state == NEW:
        return _WITHHELD
    return label(STATES, item.state) if item.complete else _INCOMPLETE


_TITLES = {
    "ready": Text("{Items} som kan skickas", "{Items} that can be sent"),
    "waiting": Text(
        "{Items} som väntar på att bankuppgifter bekräftas",
        "{Items} that wait for bank details to be confirmed",
    ),
    "sent": Text("Skickade {items}", "{Items} that were sent"),
    "adopted": Text("{Items} som redan finns i bokföringen", "{Items} already in accounting"),
    "unchanged": Text("{Items} utan något att ändra", "{Items} with nothing to change"),
    "booked": Text(
        "Bokförda {items}, som inte uppdateras", "Booked {items}, which are not updated"
    ),
    "refused": Text("{Items} som inte kan skickas", "{Items} that cannot be sent"),
    "unknown": Text("{Items} utan känt resultat", "{Items} without a known result"),
    "cancelled": Text("Makulerade {items}", "Cancelled {items}"),
    "cards": Text("{Parties} som läggs upp eller ändras", "{Parties} that are new or change"),
    "cards_planned": Text(
        "{Parties} som skulle läggas upp eller ändras", "{Parties} that were to be new or change"
    ),
    "bank_changes": Text("Bankuppgifter som ändras", "Bank details that change"),
    "gaps": Text("Saknas i det andra systemet", "Missing in the other system"),
}


def _difference_object(difference: Difference) -> dict[str, str]:
    return {"field": difference.field, "ours": difference.ours, "theirs": difference.theirs}


def _differences_text(differences: Iterable[Difference]) -> str:
    return "; ".join(f"{d.field}: {d.ours or '–'} / {d.theirs or '–'}" for d in differences)


def _money(amount: Decimal | None, currency: str) -> Money | None:
    return None if amount is None else Money(amount, currency)


_TOTAL: Column[Any] = Column(
    "total", Text("Belopp", "Total"), lambda i: _money(i.total, i.currency), right=True
)
_OTHER_TOTAL: Column[Any] = Column(
    "other_total",
    Text("Belopp i bokföringen", "Total in accounting"),
    lambda i: _money(i.other_total, i.currency),
    right=True,
)
_ACTION: Column[Any] = Column(
    "action", Text("Åtgärd", "Action"), lambda i: label(ACTIONS, i.action)
)
_CODE: Column[Any] = Column("code", Text("Kod", "Code"), lambda i: i.code or None, json="code")
_EXPLANATION: Column[Any] = Column(
    "message", Text("Förklaring", "Explanation"), lambda i: i.message, wide=True
)
_DIFFERENCES: Column[Any] = Column(
    "differences",
    Text("Skillnader (här / i bokföringen)", "Differences (here / in accounting)"),
    lambda i: _differences_text(i.differences),
    wide=True,
    sorts=False,
)
_DIFFERENCE_OBJECTS: Column[Any] = json_only(
    "differences", lambda i: [_difference_object(d) for d in i.differences]
)


class SubjectViews:
    """The lists of a subject, with what its items and their parties are called."""

    def __init__(self, subject: str) -> None:
        """Take the words of a subject."""
        bills = subject == messages.BILLS
        self.subject = subject
        #: As in invoice_number.
        self.item_key, self.party_key = ("bill", "supplier") if bills else ("invoice", "customer")
        #: Those of :data:`LISTS` that a run can have.
        self.lists = tuple(name for name in LISTS if bills or name != "waiting")
        #: Of those, and of "cards", "bank_changes" and "gaps".
        self.titles = {name: messages.said(title, subject) for name, title in _TITLES.items()}
        self.has_bank_changes = bills
        #: Whether the number there is another than here.
        self._has_given_number = bills

    @cached_property
    def _number(self) -> Column[Any]:
        return Column(
            "number",
            Text("Nummer i bokföringen", "Number in accounting"),
            lambda i: i.number,
            right=True,
            json="given_number" if self._has_given_number else "number",
        )

    @cached_property
    def _item(self) -> Column[Any]:
        return Column(
            self.item_key,
            self._word("Item"),
            lambda i: i.item_number,
            right=True,
            json=f"{self.item_key}_number",
        )

    @cached_property
    def _party(self) -> Column[Any]:
        return Column(self.party_key, self._word("Party"), lambda i: i.party, wide=True)

    @cached_property
    def _party_number(self) -> Column[Any]:
        key = f"{self.party_key}_number"
        return Column(key, self._word("Party_number"), lambda i: i.party_number, json=key)

    def _word(self, name: str) -> Text:
        return messages.WORDS[self.subject][name]

    @cached_property
    def exportable(self) -> tuple[Column[ExportableItem], ...]:
        """What an export can send."""
        return (
            self._item,
            Column("date", self._word("Item_date"), lambda i: i.item_date),
            Column("due", Text("Förfaller", "Due"), lambda i: i.due_date),
            self._party,
            _TOTAL,
            Column("period", Text("Period", "Period"), lambda i: period(closed=i.period_closed)),
            Column("state", Text("Export", "Export"), state_now),
            self._number,
            replace(_OTHER_TOTAL, sorts=False),
            Column("at", Text("Senast", "Last"), lambda i: i.at),
        )

    @cached_property
    def periods(self) -> tuple[Column[ExportPeriod], ...]:
        return (
            Column("month", Text("Period", "Period"), lambda p: p.month),
            Column("closed", Text("Läge", "State"), lambda p: period(closed=p.closed)),
            Column("items", self._word("Items"), lambda p: p.items, right=True),
            Column(
                "offered", Text("Att exportera", "To be exported"), lambda p: p.offered, right=True
            ),
            Column("exported", Text("Exporterade", "Exported"), lambda p: p.exported, right=True),
            Column(
                "totals",
                Text("Summa", "Sum"),
                lambda p: [Money(total, currency) for currency, total in p.totals],
                right=True,
            ),
        )

    @cached_property
    def items(self) -> tuple[Column[PreviewItem], ...]:
        """What a run has in one of its lists."""
        return (
            self._item,
            *((self._number,) if self._has_given_number else ()),
            self._party_number,
            self._party,
            _TOTAL,
            _OTHER_TOTAL,
            _ACTION,
            _CODE,
            _EXPLANATION,
            _DIFFERENCES,
            *json_attributes("total"),
            json_only("fortnox_total", lambda i: i.other_total),
            *json_attributes("currency", "action", "message"),
            _DIFFERENCE_OBJECTS,
        )

    @cached_property
    def cards(self) -> tuple[Column[PlannedCard], ...]:
        return (
            replace(self._party_number, key="number", value=lambda c: c.number),
            _ACTION,
            _DIFFERENCES,
            Column("message", Text("Anmärkning", "Remark"), lambda c: c.message, wide=True),
            *json_attributes("action", "message"),
            _DIFFERENCE_OBJECTS,
        )

    @cached_property
    def bank_changes(self) -> tuple[Column[ShownChange], ...]:
        return (
            self._party_number,
            self._party,
            Column("field", Text("Uppgift", "Detail"), lambda c: label(BANK_FIELDS, c.field)),
            Column("theirs", Text("I bokföringen", "In accounting"), lambda c: c.theirs or "–"),
            Column("ours", Text("Blir", "Becomes"), lambda c: c.ours or "–"),
            Column(
                "confirmed_by",
                Text("Bekräftat av", "Confirmed by"),
                lambda c: user_at(c.confirmed_by, c.confirmed_at) if c.confirmed else None,
            ),
            *json_attributes("field", "ours", "theirs", "confirmed", "confirmed_by"),
        )

    @cached_property
    def gaps(self) -> tuple[Column[PreviewGap], ...]:
        items_key = f"{self.item_key}s"
        return (
            _CODE,
            Column(
                "message",
                Text("Vad som saknas, och vad som ska göras", "What is missing, and what to do"),
                lambda g: g.message,
                wide=True,
            ),
            Column(
                items_key,
                self._word("Items"),
                lambda g: ", ".join(g.item_numbers),
                wide=True,
                sorts=False,
            ),
            *json_attributes("message"),
            json_only(items_key, lambda g: g.item_numbers),
        )

    @cached_property
    def log(self) -> tuple[Column[LogEntry], ...]:
        """What was done with each item."""
        return (
            Column("at", Text("När", "When"), lambda e: e.at, json="at"),
            Column("user", Text("Användare", "User"), lambda e: e.user, json="user"),
            self._item,
            Column("event", Text("Vad", "What"), lambda e: label(EVENTS, e.event)),
            self._number,
            replace(_TOTAL, heading=_OTHER_TOTAL.heading),
            replace(_CODE, page=False),
            _EXPLANATION,
            Column(
                "theirs", Text("Svar därifrån", "Answer from there"), lambda e: e.theirs, wide=True
            ),
            *json_attributes("event"),
            json_only(f"{self.party_key}_number", lambda e: e.party_number),
            *json_attributes("total", "message", "theirs", "complete", "run_id"),
            json_only("export", lambda e: e.definition),
            json_only("company", lambda e: {"name": e.company_name, "number": e.company}),
        )

    def counts(self, counts: Mapping[str, int]) -> Mapping[str, int]:
        """Return the counts of a run by what JSON calls them."""
        by_key = {name: counts[name] for name in ("items", *self.lists, "gaps")}
        by_key[f"{self.party_key}s"] = counts["cards"]
        if self.has_bank_changes:
            by_key["bank_changes"] = counts["bank_changes"]
        return by_key


@cache
def of(subject: str) -> SubjectViews:
    """Return the lists of a subject."""
    return SubjectViews(subject)


#: Of one invoice, as ``why`` tells it.
STORY: tuple[Column[ItemStory], ...] = (
    json_only("export", lambda s: s.definition),
    json_only("company", lambda s: {"name": s.company_name, "number": s.company}),
    *json_attributes("state", "exported", "changed", "complete", "number"),
    json_only("customer_number", lambda s: s.party_number),
    json_only("fortnox_total", lambda s: s.total),
    *json_attributes("code", "message", "user", "at"),
)


# --- JSON ------------------------------------------------------------------------------------


def write_export_json(output: Output, preview: ExportPreview) -> None:
    """Write a run as one JSON object, an item at a time."""
    language, views = output.language, of(preview.subject)

    def objects(columns: Iterable[Column[Any]], rows: Iterable[Any]) -> Iterable[dict[str, Any]]:
        return (as_object(columns, row, language) for row in rows)

    bank_changes = (
        {"bank_changes": objects(views.bank_changes, preview.bank_changes())}
        if views.has_bank_changes
        else {}
    )
    write_json(
        output,
        {
            "export": preview.definition,
            "company": company_object(preview.company),
            "revision": preview.revision,
            "state": preview.state,
            "counts": views.counts(preview.counts),
            **{name: objects(views.items, preview.items(name)) for name in views.lists},
            f"{views.party_key}s": objects(views.cards, preview.cards()),
            **bank_changes,
            "gaps": objects(views.gaps, preview.gaps()),
            "notes": preview.notes,
            "requests": preview.requests,
        },
    )


def story_object(story: ItemStory, language: str) -> dict[str, Any]:
    """Write what exports did with an invoice as a JSON object."""
    log = [log_object(entry, language) for entry in story.log]
    return as_object(STORY, story, language) | {"log": log}


def log_object(entry: LogEntry, language: str) -> dict[str, Any]:
    """Write what was done with an item of either subject as a JSON object."""
    return as_object(of(entry.subject).log, entry, language)


# --- On a terminal ---------------------------------------------------------------------------


def write_export(output: Output, preview: ExportPreview) -> None:
    """Print what an export would do, or did."""
    name = say(company(preview.company), output.language)
    output.title(f"{one_line(preview.definition)}: {one_line(name)}")
    views = of(preview.subject)

    def write(
        key: str,
        columns: Iterable[Column[Any]],
        rows: Callable[[], Iterable[Any]],
        title: str = "",
    ) -> None:
        if number := preview.counts[key]:
            output.line()
            write_title(output, views.titles[title or key], number)
            write_table(output, columns, rows)

    write("gaps", views.gaps, preview.gaps)
    write("bank_changes", views.bank_changes, preview.bank_changes)
    for state in views.lists:
        write(state, views.items, partial(preview.items, state))
    write("cards", views.cards, preview.cards, "cards_planned" if preview.sent else "cards")
    output.line()
    if not preview.counts["items"]:
        output.line(nothing(preview))
    for note in preview.notes:
        output.line(sentence_line(note, output.language))
    if preview.requests:
        requests = count(preview.requests, output.language)
        output.say(f"Antal anrop: {requests}.", f"Requests made: {requests}.")


def nothing(preview: ExportPreview) -> Text:
    """Say why an export has no items."""
    return messages.NOTHING if preview.asked is None else messages.LEFT_OUT


def to_look_at(preview: ExportPreview) -> Text:
    """Say how many results a person must look at."""
    unknown = preview.counts["unknown"]
    return messages.lost_and_differing(unknown, preview.failures - unknown)


def write_how_to_send(output: Output, preview: ExportPreview, numbers: Iterable[str]) -> None:
    """Print the command that sends a preview.

    :param numbers: the numbers of the items that it was asked for.
    """
    option = of(preview.subject).item_key
    words = [quoted(preview.definition), *(f"--{option} {quoted(number)}" for number in numbers)]
    command = f"hostsim export {' '.join(words)} --send"
    if preview.counts["items"] and not preview.sent:
        output.say(
            f"Ingenting är skickat än. Skicka med: {command}",
            f"Nothing is sent yet. Send with: {command}",
        )


# --- The log ---------------------------------------------------------------------------------


def write_log_json(output: Output, entries: Callable[[], Iterable[LogEntry]]) -> None:
    write_json_array(output, (log_object(entry, output.language) for entry in entries()))


def write_log(output: Output, entries: Callable[[], Iterable[LogEntry]]) -> None:
    """Print what was done, a table a subject."""
    for subject in (messages.INVOICES, messages.BILLS):
        write_table(
            output,
            of(subject).log,
            lambda subject=subject: (e for e in entries() if e.subject == subject),  # type: ignore[misc]
        )


# --- One invoice -----------------------------------------------------------------------------


def write_story(output: Output, story: ItemStory) -> None:
    """Print what exports did with an invoice."""
    output.line()
    output.title(f" {story_title(story, output.language)}")
    for name, value in story_facts(story):
        text = text_of(value, output.language)
        if text:
            output.line(f"   {say(name, output.language)}: {text}")
    columns = [column for column in of(messages.INVOICES).log if column.key != "invoice"]
    write_table(output, columns, lambda: story.log)


def story_title(story: ItemStory, language: str) -> str:
    """Return an export and the state of the invoice there."""
    books = text_of(company(Company(story.company, story.company_name)), language)
    state = text_of(label(STATES, story.state), language)
    return f"{one_line(story.definition)}, {books}: {state}"


def story_facts(story: ItemStory) -> Iterable[tuple[Text, object]]:
    """Return what is known of the invoice there."""
    yield Text("Nummer i bokföringen", "Number in accounting"), story.number
    yield Text("Kundnr i bokföringen", "Customer no. in accounting"), story.party_number
    yield Text("Belopp i bokföringen", "Total in accounting"), _money(story.total, story.currency)
    yield Text("Senast", "Last"), user_at(story.user, story.at)
    if story.message is not None:
        yield Text("Orsak", "Reason"), story.message
    if story.changed and story.state != "cancelled":
        to_do = messages.WITHOUT_ROWS if story.without_rows else messages.CHANGED
        yield Text("Att göra", "To do"), messages.said(to_do, messages.INVOICES)
    if not (story.complete or story.without_rows):
        yield Text("Att göra", "To do"), messages.NOT_COMPLETE
    if story.state in {"intended", "unknown"}:
        yield Text("Att göra", "To do"), messages.said(messages.NOT_SETTLED, messages.INVOICES)
