"""One invoice explained: its payments, the outcome of each, and what is left to do."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hostsim.ledger import reasons
from hostsim.ledger.values import HAND, SEK
from hostsim.messages.decisions import by_whom
from hostsim.messages.formats import count, day
from hostsim.messages.source_name import word_of
from hostsim.messages.text import say
from hostsim.services.outcomes import NOT_READ, REJECTED
from hostsim.views.exports import story_object, write_story
from hostsim.views.labels import (
    DECISIONS,
    OUTCOMES,
    STATUSES,
    company,
    label,
    period,
    region,
    user_at,
)
from hostsim.views.output import Output, one_line, sentence_line
from hostsim.views.payments import REGISTERED_PAYMENTS, origin, state, write_off_sentences
from hostsim.views.preview_output import company_object
from hostsim.views.runs import short_id
from hostsim.views.table import (
    Column,
    Money,
    as_object,
    json_attributes,
    json_only,
    rate,
    text_of,
    write_facts,
)
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.values import Decision, Entry, Invoice
    from hostsim.services.explanation import ExplainedPayment, Explanation, LastSeen
    from opter_contract.values import Payment


# --- JSON ------------------------------------------------------------------------------------

_INVOICE: tuple[Column[Invoice], ...] = json_attributes(
    *("number", "region", "ocr", "customer_code", "customer_name", "currency", "total"),
    *("remaining", "invoice_date", "due_date", "period_closed"),
)
_PAYMENT: tuple[Column[Payment], ...] = (
    *json_attributes("invoice_number", "ocr", "amount", "currency", "amount_currency"),
    *json_attributes("booked", "source"),
    json_only("payment_date", lambda p: p.date),
    json_only("exchange_rate", lambda p: rate(p.exchange_rate)),
    json_only(
        "write_offs",
        lambda p: [
            {"amount": w.amount, "account": w.account, "description": w.description}
            for w in p.write_offs
        ],
    ),
)
_DECISION: tuple[Column[Decision], ...] = (
    *json_attributes("decision", "why", "user", "at", "taken_back_at"),
    json_only("settled_at", lambda d: d.applied_at),
)
_LAST_SEEN: tuple[Column[LastSeen], ...] = (
    json_only("id", lambda s: s.run_id),
    *json_attributes("user", "at"),
)


def explanation_object(explanation: Explanation, language: str) -> dict[str, Any]:
    question = explanation.question
    return {
        "invoice_number": question.number,
        "region": question.region,
        "other_regions": question.elsewhere,
        "format": question.definition.name if question.definition else None,
        "company": company_object(explanation.company),
        "asked": explanation.asked,
        "not_asked": explanation.not_asked,
        "requests": explanation.requests,
        "notes": list(explanation.notes),
        "invoice": explanation.invoice and as_object(_INVOICE, explanation.invoice, language),
        "balance": explanation.balance,
        "summary": explanation.summary,
        "exports": [story_object(story, language) for story in explanation.exports],
        "payments": [_payment_object(payment, language) for payment in explanation.payments],
    }


def _payment_object(payment: ExplainedPayment, language: str) -> dict[str, Any]:
    return {
        "payment_number": payment.number or None,
        "became": payment.outcome,
        "reason": payment.reason,
        "message": payment.message,
        "to_do": payment.to_do,
        "fortnox": payment.at_source and as_object(_PAYMENT, payment.at_source, language),
        "here": [as_object(REGISTERED_PAYMENTS, entry, language) for entry in payment.here],
        "run": payment.last_seen and as_object(_LAST_SEEN, payment.last_seen, language),
        "decisions": [as_object(_DECISION, decision, language) for decision in payment.decisions],
    }


# --- On a terminal ---------------------------------------------------------------------------


def write_explanation(output: Output, explanation: Explanation) -> None:
    language, question = output.language, explanation.question
    number = one_line(question.number)
    output.title(Text(f"Faktura {number}", f"Invoice {number}"))
    facts = (
        [] if explanation.invoice is None else [*_invoice_facts(explanation.invoice, explanation)]
    )
    if question.definition is not None:
        facts.append((Text("Filformat", "Format"), question.definition.name))
        facts.append(
            (Text("Företag", "Company"), explanation.company and company(explanation.company))
        )
    write_facts(output, facts)
    output.line()
    output.line(sentence_line(explanation.summary, language))
    if explanation.not_asked is not None:
        output.line(explanation.not_asked)
    for note in explanation.notes:
        output.line(note)
    for story in explanation.exports:
        write_story(output, story)
    for payment in explanation.payments:
        output.line()
        _write_payment(output, payment, question.source)
    if explanation.asked:
        requests = count(explanation.requests, language)
        output.line()
        output.say(f"Antal anrop: {requests}.", f"Requests made: {requests}.")


def _invoice_facts(invoice: Invoice, explanation: Explanation) -> Iterable[tuple[Text, object]]:
    if invoice.number != explanation.question.number:
        yield Text("Faktura här", "Invoice here"), invoice.number
    yield Text("Kund", "Customer"), f"{invoice.customer_code} {invoice.customer_name}"
    yield Text("Belopp", "Total"), Money(invoice.total, invoice.currency)
    yield Text("Återstår", "Remaining"), Money(invoice.remaining, invoice.currency)
    if explanation.balance is not None:
        there = Money(explanation.balance, invoice.currency)
        yield remaining_there(explanation.question.source), there
    yield Text("Förfaller", "Due"), invoice.due_date
    yield Text("Period", "Period"), period(closed=invoice.period_closed)
    yield Text("Region", "Region"), region(invoice.region)


def remaining_there(source: Text) -> Text:
    return Text(f"Återstår i {one_line(source.sv)}", f"Remaining in {one_line(source.en)}")


def _write_payment(output: Output, payment: ExplainedPayment, source: Text) -> None:
    language = output.language
    output.title(f" {payment_title(payment, language)}")
    for name, value in _payment_facts(payment, source, language):
        output.line(f"   {say(name, language)}: {text_of(value, language)}")


def _payment_facts(
    payment: ExplainedPayment, source: Text, language: str
) -> Iterable[tuple[Text, object]]:
    if payment.at_source is not None:
        now = Text(f"I {one_line(source.sv)} nu", f"In {one_line(source.en)} now")
        yield now, payment_line(payment.at_source, language)
    for entry in payment.here:
        yield Text("Här", "Here"), entry_line(entry, language)
    if payment.message is not None:
        yield Text("Orsak", "Reason"), payment.message
    if payment.last_seen is not None:
        who = user_at(payment.last_seen.user, payment.last_seen.at)
        yield Text("Import", "Import"), f"{short_id(payment.last_seen.run_id)} ({who})"
    for decision in payment.decisions:
        yield Text("Beslut", "Decision"), decision_line(decision, language)
    if payment.advice is not None:
        yield Text("Att göra", "To do"), payment.advice


# --- In a line, on a terminal and on a page --------------------------------------------------


def payment_title(payment: ExplainedPayment, language: str) -> str:
    left = payment.reason == reasons.LEFT and payment.outcome in {NOT_READ, REJECTED}
    what = reasons.label(reasons.LEFT) if left else label(OUTCOMES, payment.outcome)
    outcome = text_of(what, language)
    if not payment.number:
        return outcome
    return f"{say(_A_PAYMENT, language)} {one_line(payment.number)}: {outcome}"


_A_PAYMENT = Text("Betalning", "Payment")


def payment_line(payment: Payment, language: str) -> str:
    foreign = None if payment.currency == SEK else payment.amount_currency
    off = sum((row.amount for row in payment.write_offs), Decimal(0))
    number = payment.invoice_number
    return _join_values(
        language,
        payment.date,
        Money(payment.amount, SEK),
        None if foreign is None else Money(foreign, payment.currency),
        *write_off_sentences([Money(off)] if off else [], payment.amount),
        Text(f"faktura {number}", f"invoice {number}"),
        Text("bokförd", "booked") if payment.booked else Text("inte bokförd", "not booked"),
        word_of(payment.source),
    )


def entry_line(entry: Entry, language: str) -> str:
    """Return sentences: what is registered, how it came in, and its state."""
    amount = text_of(Money(entry.amount, SEK), language)
    status, who = label(STATUSES, entry.status), by_whom(entry.user, entry.at)
    number = one_line(entry.host_invoice_number or "")
    how = origin(entry)
    if entry.origin == HAND:
        came = Text(f"Registrerad för hand av {who.sv}", f"Registered by hand by {who.en}")
    else:
        came = Text(f"Importerad ({how.sv}) av {who.sv}", f"Imported ({how.en}) by {who.en}")
    what = Text(
        f"{amount} {day(entry.payment_date)}, faktura {number}, {status.sv.lower()}",
        f"{amount} on {day(entry.payment_date)}, invoice {number}, {status.en.lower()}",
    )
    sentences = (text_of(sentence, language) for sentence in (what, came, state(entry)))
    return "".join(f"{sentence}. " for sentence in sentences if sentence).rstrip()


def decision_line(decision: Decision, language: str) -> str:
    """Return what was decided, by whom, and whether it was taken back or replaced."""
    what = text_of(label(DECISIONS, decision.decision), language)
    because = f": {one_line(decision.why)}" if decision.why else ""
    back = Text("; tillbakataget", "; taken back") if decision.taken_back_at else Text("", "")
    if decision.replaced:
        back = Text("; ersatt av ett senare", "; replaced by a later one")
    who = one_line(user_at(decision.user, decision.at))
    return f"{what} ({who}){because}{say(back, language)}"


def _join_values(language: str, *values: object) -> str:
    return ", ".join(text for text in (text_of(value, language) for value in values) if text)
