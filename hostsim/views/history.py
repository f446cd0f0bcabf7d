"""What a person sees of the past: one invoice explained, imports, payments with their origin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hostsim.ledger.values import SEK
from hostsim.messages import decisions as decisions_messages
from hostsim.messages import formats
from hostsim.messages.formats import plain
from hostsim.messages.text import say
from hostsim.services import outcomes
from hostsim.storage.history import HAND, REGISTERED
from hostsim.views import terminal
from hostsim.views.terminal import Column, Output, amount, count, one_line
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.values import Decision, Invoice
    from hostsim.services.explanation import ExplainedPayment, Explanation, LastSeen
    from hostsim.storage.history import Entry, Imported
    from opter_contract.values import Payment

#: Characters of a run's id that a person is shown, and may type.
SHORT = 8

#: What is said of a run, by its state.
STATES = {
    "running": Text("Pågår", "Running"),
    "failed": Text("Misslyckades", "Failed"),
    "open": Text("Inte sparad än", "Not saved yet"),
    "replaced": Text("Ersatt av en senare", "Replaced by a later one"),
    "discarded": Text("Kastad", "Discarded"),
    "saved": Text("Sparad", "Saved"),
    "reconciled": Text("Avstämning", "Reconciliation"),
}

#: What is said of a payment in the books, by its state; one that counts needs no word.
BOOKED_AS = {
    REGISTERED: Text("", ""),
    "deleted": Text("Borttagen", "Deleted"),
    "countered": Text("Motbokad", "Reversed"),
    "counter": Text("Motbokning", "Reversal"),
}

#: What became of a payment.
OUTCOMES = {
    outcomes.REGISTERED: Text("Registrerad", "Registered"),
    outcomes.BY_HAND: Text("Registrerad för hand", "Registered by hand"),
    outcomes.DELETED: Text("Borttagen här", "Deleted here"),
    outcomes.REVERSED: Text("Motbokad", "Reversed"),
    outcomes.REVERSAL: Text("Motbokning", "Reversal"),
    outcomes.SET_ASIDE: Text("Undanlagd", "Set aside"),
    outcomes.IN_PREVIEW: Text("Inläst, inte sparad", "Brought in, not saved"),
    outcomes.NOT_READ: Text("Inte inläst än", "Not brought in yet"),
    outcomes.REJECTED: Text("Kan inte sparas", "Cannot be saved"),
    outcomes.IGNORED: Text("Ignorerad", "Ignored"),
    outcomes.NOT_ON_INVOICE: Text("Inte på fakturan i Fortnox", "Not on the invoice in Fortnox"),
    outcomes.DELETED_AT_SOURCE: Text("Borttagen där den kom från", "Deleted where it came from"),
}

_DECISIONS = {
    "set-aside": Text("undanlagd", "set aside"),
    "confirm": Text("bekräftad", "confirmed"),
    "take-again": Text("tas in på nytt", "taken again"),
    "accept": Text("ändringen godkänd", "change accepted"),
    "keep": Text("det registrerade behålls", "registered values kept"),
}


def short(run_id: str | None) -> str:
    """Give the part of a run's id that a person is shown."""
    return (run_id or "")[:SHORT]


def minute(at: datetime | None) -> str:
    """Write a time to the minute, as the clock of its zone shows it."""
    return "" if at is None else at.isoformat(sep=" ", timespec="minutes")[:16]


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


# --- Payments with their origin -------------------------------------------------------


def entry_object(entry: Entry, language: str) -> dict[str, Any]:
    """Make the JSON object of a payment in the books, with its origin."""
    return terminal.payment_object(entry.row, "ready", language) | {
        "id": entry.id,
        "origin": entry.origin,
        "state": entry.state,
        "import_type": entry.import_type,
        "company": entry.company,
        "region": entry.region,
        "bank_account": entry.bank_account,
        "effect": plain(entry.effect),
        "effect_currency": entry.invoice_currency,
        "run": entry.run_id,
        "user": entry.user,
        "registered_at": entry.at.isoformat(),
        "deleted_by": entry.deleted_by,
        "deleted_at": _iso(entry.deleted_at),
        "deleted_why": entry.deleted_why,
        "counters": entry.reverses,
    }


def write_entries_json(output: Output, entries: Iterable[Entry]) -> None:
    """Write payments with their origin as one JSON array, a payment at a time."""
    terminal.write_array_json(output, (entry_object(one, output.language) for one in entries))


def show_entries(output: Output, entries: Callable[[], Iterable[Entry]]) -> None:
    """Print payments with their origin; ``entries`` is called several times."""
    language = output.language
    found, total = 0, Decimal(0)
    for one in entries():
        found += 1
        total += one.row.amount if one.state == REGISTERED else 0
    title = "Registered payments" if language == "en" else "Registrerade betalningar"
    output.line(output.style(f"{title} ({count(found, language)})", "1"))
    if not found:
        output.say("  (inga)", "  (none)")
        return
    terminal.show_table(output, entry_columns(output), entries)
    text = amount(total, language)
    output.say(f"  Summa SEK: {text}", f"  Sum SEK: {text}")


#: Deleted rows are pink on a terminal.
_PINK = "38;5;211"


def entry_columns(output: Output) -> list[Column[Entry]]:
    """Choose the columns for payments in the books."""
    rows = terminal.payment_columns(output, "ready")
    columns: list[Column[Entry]] = [
        Column(Text("Id", "Id"), lambda e: str(e.id), right=True),
        *(_of_row(column) for column in rows),
        Column(Text("Ursprung", "Origin"), lambda e: _origin_word(e, output.language)),
        Column(Text("Läge", "State"), lambda e: state_label(e, output.language), wraps=True),
    ]
    return [_pink(column) for column in columns]


def _pink(column: Column[Entry]) -> Column[Entry]:
    return replace(column, style=lambda e: _PINK if e.deleted_at else column.style(e))


def _of_row(column: Column[Any]) -> Column[Entry]:
    return Column(
        column.heading,
        lambda e: column.cell(e.row),
        right=column.right,
        wraps=column.wraps,
        style=lambda e: column.style(e.row),
    )


def origin_label(entry: Entry, language: str) -> str:
    """Say where a payment came from: by hand, or by an import, in its source's own word."""
    word = _origin_word(entry, language)
    return word if entry.origin == HAND else f"import: {word}"


def _origin_word(entry: Entry, language: str) -> str:
    if entry.origin == HAND:
        return "by hand" if language == "en" else "för hand"
    return one_line(entry.row.source or "?")


def state_label(entry: Entry, language: str) -> str:
    """Say of a payment in the books why it does not count; one that does needs no word."""
    if entry.deleted_at is not None:
        who = decisions_messages.by_whom(
            entry.deleted_by or "", entry.deleted_at, entry.deleted_why or ""
        )
        sv, en = f"Borttagen av {who.sv}", f"Deleted by {who.en}"
        return one_line(en if language == "en" else sv)
    label = BOOKED_AS.get(entry.state)
    return one_line(entry.state) if label is None else say(label, language)


def show_entry(output: Output, entry: Entry) -> None:
    """Print one payment in full."""
    language, row = output.language, entry.row
    _show_facts(
        output,
        [
            (Text("Betalning", "Payment"), str(entry.id)),
            (Text("Ursprung", "Origin"), origin_label(entry, language)),
            (Text("Läge", "State"), state_label(entry, language)),
            (Text("Importtyp", "Import type"), one_line(entry.import_type or "")),
            (
                Text("Företag där den kom från", "Company that it came from"),
                one_line(entry.company or ""),
            ),
            (Text("Nummer där", "Number there"), one_line(row.payment_number)),
            (Text("Faktura där", "Invoice there"), one_line(row.invoice_number or "")),
            (Text("Faktura här", "Invoice here"), one_line(row.host_invoice_number or "")),
            (Text("Kund", "Customer"), one_line(row.customer_name or "")),
            (Text("Region", "Region"), _region(entry.region, language)),
            (Text("Datum", "Date"), formats.day(row.payment_date)),
            (Text("Belopp", "Amount"), f"{amount(row.amount, language)} {SEK}"),
            (Text("I annan valuta", "In other currency"), _foreign(entry, language)),
            (Text("Kurs", "Rate"), amount(row.exchange_rate, language, decimals=0)),
            (Text("Bedömning", "Judgement"), terminal.status_label(row.status, language)),
            (Text("Bankkonto", "Bank account"), one_line(entry.bank_account)),
            (Text("Import", "Import"), short(entry.run_id)),
            (Text("Registrerad av", "Registered by"), _by(entry.user, entry.at)),
        ],
    )


def _foreign(entry: Entry, language: str) -> str:
    row = entry.row
    if row.currency in {None, SEK} or row.amount_currency is None:
        return ""
    return f"{amount(row.amount_currency, language)} {one_line(row.currency or '')}"


def _by(user: str, at: datetime | None) -> str:
    return f"{one_line(user)}, {minute(at)}"


def _region(region: str, language: str) -> str:
    return one_line(region) or say(terminal.NO_REGION, language)


def _show_facts(output: Output, facts: Iterable[tuple[Text, str]]) -> None:
    """Print names and values in two columns; a name without a value is left out."""
    told = [(say(name, output.language), value) for name, value in facts if value]
    width = max((len(name) for name, _ in told), default=0)
    for name, value in told:
        output.line(f" {name.ljust(width)}  {value}")


# --- Imports of the past ------------------------------------------------------------------


def run_object(run: Imported, language: str) -> dict[str, Any]:
    """Make the JSON object of an import."""
    saved = run.saved
    return {
        "id": run.id,
        "format": run.definition,
        "type": run.import_type,
        "state": run.state,
        "user": run.user,
        "started_at": run.started_at.isoformat(),
        "finished_at": _iso(run.finished_at),
        "region": run.region,
        "bank_account": run.bank_account,
        "date": formats.day(run.date) or None,
        "company": terminal.company_object(run.company),
        "settings": dict(run.settings),
        "counts": dict(run.counts),
        "totals": {kind: plain(total) for kind, total in run.totals.items()},
        "not_read": run.not_read,
        "requests": run.requests,
        "saved": None
        if saved is None
        else {
            "at": _iso(run.saved_at),
            "by": run.saved_by,
            "payments": saved[0],
            "amount": plain(saved[1]),
        },
        "error": None
        if run.error_code is None
        else {
            "code": run.error_code,
            "sentence": None if run.error is None else say(run.error, language),
        },
    }


def write_runs_json(output: Output, runs: Iterable[Imported]) -> None:
    """Write imports as one JSON array, one at a time."""
    terminal.write_array_json(output, (run_object(one, output.language) for one in runs))


def show_runs(output: Output, runs: Callable[[], Iterable[Imported]]) -> None:
    """Print imports, latest first; ``runs`` is called several times."""
    if not any(True for _ in runs()):
        output.say("Ingen import är gjord än.", "No import was made yet.")
        return
    terminal.show_table(output, _run_columns(output.language), runs)
    output.say(
        "Visa en import i sin helhet med: hostsim runs ID",
        "Show one import in full with: hostsim runs ID",
    )


def _run_columns(language: str) -> list[Column[Imported]]:
    def number(heading: Text, cell: Callable[[Imported], str]) -> Column[Imported]:
        return Column(heading, cell, right=True)

    def counted(kind: str) -> Callable[[Imported], str]:
        return lambda r: count(r.counts[kind], language) if kind in r.counts else ""

    return [
        Column(Text("Id", "Id"), lambda r: short(r.id)),
        Column(Text("Började", "Began"), lambda r: minute(r.started_at)),
        Column(Text("Filformat", "Format"), lambda r: one_line(r.definition), wraps=True),
        Column(Text("Region", "Region"), lambda r: one_line(r.region)),
        Column(Text("Företag", "Company"), lambda r: _company(r, language), wraps=True),
        Column(Text("Av", "By"), lambda r: one_line(r.user)),
        Column(Text("Läge", "State"), lambda r: run_state(r, language), wraps=True),
        number(Text("Lästa", "Read"), counted("read")),
        number(Text("Kan sparas", "Can be saved"), counted("ready")),
        number(Text("SEK", "SEK"), lambda r: amount(r.totals.get("ready"), language)),
        number(Text("Kan inte", "Cannot"), counted("rejected")),
        number(Text("Ignorerade", "Ignored"), counted("ignored")),
        number(Text("Anrop", "Requests"), lambda r: count(r.requests, language)),
    ]


def _company(run: Imported, language: str) -> str:
    return "" if run.company is None else terminal.company_label(run.company, language)


def run_state(run: Imported, language: str) -> str:
    """Say how an import ended, and who saved it."""
    label = STATES.get(run.state)
    text = one_line(run.state) if label is None else say(label, language)
    if run.state == "saved":
        return f"{text} {_by(run.saved_by or '?', run.saved_at)}"
    return f"{text}: {one_line(run.error_code)}" if run.error_code else text


def write_run_json(
    output: Output, run: Imported, entries: Iterable[Entry], lists: Mapping[str, Iterable[Any]]
) -> None:
    """Write one import in full as one JSON object, a payment at a time.

    :param entries: what it registered.
    :param lists: rows of its preview by kind, where it is open.
    """
    output.write(
        terminal.dumps(run_object(run, output.language), output, indent=2).removesuffix("\n}")
    )
    output.write(f",\n  {terminal.dumps('registered', output)}: ")
    terminal.write_array(output, (entry_object(e, output.language) for e in entries), indent="  ")
    for kind, rows in lists.items():
        output.write(f",\n  {terminal.dumps(kind, output)}: ")
        objects = (terminal.payment_object(row, kind, output.language) for row in rows)
        terminal.write_array(output, objects, indent="  ")
    output.line("\n}")


def show_run(output: Output, run: Imported, entries: Callable[[], Iterable[Entry]]) -> None:
    """Print one import in full but the rows of its open preview."""
    language = output.language
    _show_facts(
        output,
        [
            (Text("Import", "Import"), run.id),
            (Text("Filformat", "Format"), one_line(run.definition)),
            (Text("Läge", "State"), run_state(run, language)),
            (Text("Fel", "Error"), "" if run.error is None else one_line(say(run.error, language))),
            (Text("Gjord av", "Made by"), _by(run.user, run.started_at)),
            (Text("Klar", "Finished"), minute(run.finished_at)),
            (Text("Företag", "Company"), _company(run, language)),
            (Text("Region", "Region"), _region(run.region, language)),
            (Text("Bankkonto", "Bank account"), one_line(run.bank_account)),
            (Text("Datum", "Date"), formats.day(run.date)),
            *((Text(key, key), one_line(value)) for key, value in run.settings.items()),
            (Text("Inte lästa", "Not read"), count(run.not_read, language) if run.not_read else ""),
            (Text("Antal anrop", "Requests made"), count(run.requests, language)),
        ],
    )
    _show_counts(output, run)
    if run.state == "saved":
        output.line()
        show_entries(output, entries)


def _show_counts(output: Output, run: Imported) -> None:
    kinds = list(run.counts)
    if not kinds:
        return
    output.line()
    columns: list[Column[str]] = [
        Column(
            Text("Betalningar", "Payments"), lambda kind: kind_label(kind, run, output.language)
        ),
        Column(
            Text("Antal", "Number"),
            lambda kind: count(run.counts[kind], output.language),
            right=True,
        ),
        Column(
            Text("SEK", "SEK"),
            lambda kind: amount(run.totals.get(kind), output.language),
            right=True,
        ),
    ]
    terminal.show_table(output, columns, lambda: kinds)


_KINDS = {
    "read": Text("Lästa", "Read"),
    "ready": Text("Kan sparas", "Can be saved"),
    "rejected": Text("Kan inte sparas", "Cannot be saved"),
    "ignored": Text("Ignorerade", "Ignored"),
    "equal": Text("Lika på båda ställena", "Equal in both places"),
    "differs": Text("Skiljer sig", "Different"),
    "only-in-fortnox": Text("Bara där", "Only there"),
    "only-in-host": Text("Bara här", "Only here"),
}


_SAVED = Text("Sparade", "Saved")


def kind_label(kind: str, run: Imported, language: str) -> str:
    """Name what is counted of a run."""
    if kind == "ready" and run.state == "saved":
        return say(_SAVED, language)
    return say(_KINDS[kind], language) if kind in _KINDS else one_line(kind)


# --- One invoice explained --------------------------------------------------------------------


def explanation_object(found: Explanation, language: str) -> dict[str, Any]:
    """Make the JSON object of an outcomes."""
    question = found.question
    return {
        "invoice_number": question.number,
        "region": question.region,
        "other_regions": list(question.elsewhere),
        "format": question.definition.name if question.definition else None,
        "company": terminal.company_object(found.company),
        "asked": found.asked,
        "not_asked": None if found.not_asked is None else say(found.not_asked, language),
        "requests": found.requests,
        "invoice": None if found.invoice is None else _invoice_object(found.invoice),
        "balance": None if found.balance is None else plain(found.balance),
        "summary": say(found.summary, language),
        "payments": [_message_object(one, language) for one in found.payments],
    }


def _invoice_object(invoice: Invoice) -> dict[str, Any]:
    return {
        "number": invoice.number,
        "region": invoice.region,
        "ocr": invoice.ocr,
        "customer_code": invoice.customer_code,
        "customer_name": invoice.customer_name,
        "currency": invoice.currency,
        "total": plain(invoice.total),
        "remaining": plain(invoice.remaining),
        "invoice_date": formats.day(invoice.invoice_date) or None,
        "due_date": formats.day(invoice.due_date) or None,
        "period_closed": invoice.period_closed,
    }


def _message_object(one: ExplainedPayment, language: str) -> dict[str, Any]:
    return {
        "payment_number": one.number or None,
        "became": one.outcome,
        "reason": one.reason,
        "message": None if one.message is None else say(one.message, language),
        "to_do": None if one.to_do is None else say(one.to_do, language),
        "fortnox": None if one.at_source is None else _payment_object(one.at_source),
        "here": [entry_object(entry, language) for entry in one.here],
        "run": None if one.last_seen is None else _last_seen_object(one.last_seen),
        "decisions": [_decision_object(decision) for decision in one.decisions],
    }


def _payment_object(payment: Payment) -> dict[str, Any]:
    rate = payment.exchange_rate
    return {
        "invoice_number": payment.invoice_number,
        "ocr": payment.ocr,
        "payment_date": payment.date.isoformat(),
        "amount": plain(payment.amount),
        "currency": payment.currency,
        "amount_currency": None
        if payment.amount_currency is None
        else plain(payment.amount_currency),
        "exchange_rate": None if rate is None else plain(rate, decimals=0),
        "write_offs": [
            {"amount": plain(w.amount), "account": w.account, "description": w.description}
            for w in payment.write_offs
        ],
        "booked": payment.booked,
        "source": payment.source,
    }


def _last_seen_object(seen: LastSeen) -> dict[str, str]:
    return {"id": seen.run_id, "user": seen.user, "at": seen.at.isoformat()}


def _decision_object(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.decision,
        "why": decision.why,
        "user": decision.user,
        "at": decision.at.isoformat(),
        "settled_at": _iso(decision.applied_at),
        "taken_back_at": _iso(decision.taken_back_at),
    }


def show_explanation(output: Output, found: Explanation) -> None:
    """Print everything about one invoice."""
    language, question, invoice = output.language, found.question, found.invoice
    output.line(
        output.style(
            f"{'Invoice' if language == 'en' else 'Faktura'} {one_line(question.number)}", "1"
        )
    )
    facts = [] if invoice is None else [*_invoice_facts(invoice, question.number, language)]
    if question.definition is not None:
        company = terminal.company_label(found.company, language) if found.company else ""
        facts.append((Text("Filformat", "Format"), one_line(question.definition.name)))
        facts.append((Text("Företag", "Company"), company))
    _show_facts(output, facts)
    output.line()
    output.line(one_line(say(found.summary, language), 1000))
    if found.not_asked is not None:
        output.line(say(found.not_asked, language))
    for one in found.payments:
        output.line()
        _show_explanations(output, one, question.source)
    if found.asked:
        requests = count(found.requests, language)
        output.line()
        output.say(f"Antal anrop: {requests}.", f"Requests made: {requests}.")


def _invoice_facts(invoice: Invoice, asked: str, language: str) -> Iterator[tuple[Text, str]]:
    def money(value: Decimal) -> str:
        return f"{amount(value, language)} {one_line(invoice.currency)}"

    customer = f"{one_line(invoice.customer_code)} {one_line(invoice.customer_name)}".strip()
    closed = Text("stängd", "closed") if invoice.period_closed else Text("öppen", "open")
    if invoice.number != asked:
        yield Text("Faktura här", "Invoice here"), one_line(invoice.number)
    yield Text("Kund", "Customer"), customer
    yield Text("Belopp", "Total"), money(invoice.total)
    yield Text("Återstår", "Remaining"), money(invoice.remaining)
    yield Text("Förfaller", "Due"), formats.day(invoice.due_date)
    yield Text("Period", "Period"), say(closed, language)
    yield Text("Region", "Region"), _region(invoice.region, language)


def _show_explanations(output: Output, one: ExplainedPayment, source: Text) -> None:
    language = output.language
    output.line(output.style(f" {message_title(one, language)}", "1"))
    facts: list[tuple[Text, str]] = []
    if one.at_source is not None:
        now = Text(f"I {one_line(source.sv)} nu", f"In {one_line(source.en)} now")
        facts.append((now, in_source(one.at_source, language)))
    facts.extend((Text("Här", "Here"), here(entry, language)) for entry in one.here)
    if one.message is not None:
        facts.append((Text("Orsak", "Reason"), one_line(say(one.message, language))))
    if one.last_seen is not None:
        seen = f"{short(one.last_seen.run_id)} ({_by(one.last_seen.user, one.last_seen.at)})"
        facts.append((Text("Import", "Import"), seen))
    facts.extend((Text("Beslut", "Decision"), decision_line(d, language)) for d in one.decisions)
    if one.to_do is not None:
        facts.append((Text("Att göra", "To do"), one_line(say(one.to_do, language))))
    for name, value in facts:
        output.line(f"   {say(name, language)}: {value}")


def message_title(one: ExplainedPayment, language: str) -> str:
    """Name a payment and what became of it."""
    became = say(OUTCOMES[one.outcome], language) if one.outcome in OUTCOMES else one.outcome
    if not one.number:
        return became
    return f"{'Payment' if language == 'en' else 'Betalning'} {one_line(one.number)}: {became}"


def in_source(payment: Payment, language: str) -> str:
    """Write in a line how a payment is in Fortnox now."""
    parts = [formats.day(payment.date), f"{amount(payment.amount, language)} {SEK}"]
    if payment.currency != SEK and payment.amount_currency is not None:
        parts.append(f"{amount(payment.amount_currency, language)} {one_line(payment.currency)}")
    written_off = sum((row.amount for row in payment.write_offs), Decimal(0))
    if written_off:
        word = "written off" if language == "en" else "avskrivet"
        parts.append(f"{word} {amount(written_off, language)} {SEK}")
    number = one_line(payment.invoice_number)
    parts.append(f"{'invoice' if language == 'en' else 'faktura'} {number}")
    booked = Text("bokförd", "booked") if payment.booked else Text("inte bokförd", "not booked")
    return ", ".join([*parts, say(booked, language), one_line(payment.source)])


def here(entry: Entry, language: str) -> str:
    """Write in a line how a payment stands in the books."""
    row = entry.row
    parts = [
        formats.day(row.payment_date),
        f"{amount(row.amount, language)} {SEK}",
        terminal.status_label(row.status, language),
        origin_label(entry, language),
        state_label(entry, language),
        _by(entry.user, entry.at),
    ]
    if entry.deleted_at is not None:
        word = "deleted by" if language == "en" else "borttagen av"
        parts.append(f"{word} {_by(entry.deleted_by or '?', entry.deleted_at)}")
    return ", ".join(part for part in parts if part)


def decision_line(decision: Decision, language: str) -> str:
    """Write in a line what a person decided, who, when and why."""
    label = _DECISIONS.get(decision.decision)
    what = one_line(decision.decision) if label is None else say(label, language)
    because = f": {one_line(decision.why)}" if decision.why else ""
    back = Text("; tillbakataget", "; taken back") if decision.taken_back_at else Text("", "")
    return f"{what} ({_by(decision.user, decision.at)}){because}{say(back, language)}"
