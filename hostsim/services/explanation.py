"""Everything about one invoice in one place: "but I have paid" is the question asked most.

The plug-in reads the invoice's payments as they are at the source now, they are
judged as an import would judge them, and listed with their outcome here: in
which run, by whom, when, and what would have to happen for it to come in. Nothing
is registered, and what was read is removed again.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from hostsim.errors import host_error
from hostsim.ledger import decisions as decision_rules
from hostsim.ledger.candidates import oldest_first
from hostsim.ledger.differences import outdated
from hostsim.ledger.judging import READY, Judgement
from hostsim.ledger.reasons import (
    DOUBTFUL,
    OTHER_REGION,
    PAID,
    REGISTERED_ALREADY,
    SETTLEMENTS,
)
from hostsim.ledger.reconciliation import BalanceEffects
from hostsim.ledger.values import (
    HAND,
    REGISTERED,
    ZERO,
    Decision,
    Definition,
    Entry,
    Invoice,
    same_currency,
)
from hostsim.messages import explanations as messages
from hostsim.messages import text as text_messages
from hostsim.messages.payments import MayExplain
from hostsim.messages.source_name import UNNAMED, named
from hostsim.plugins.session import ImportSession
from hostsim.services.context import Context
from hostsim.services.outcomes import (
    IN_PREVIEW,
    MOVED,
    NOT_READ,
    Facts,
    advice_on,
    outcome_of,
    to_do_of,
)
from hostsim.storage import decisions as decision_store
from hostsim.storage import explanations as stored
from hostsim.storage import exportable_items, invoices, unreported_commits
from hostsim.storage.company_regions import refuse_other_region
from hostsim.storage.discrepancies import (
    DELETED,
    discrepancies_of,
    effect_there,
    less_remains,
)
from hostsim.storage.explanations import ExplanationScope
from hostsim.storage.exportable_items import ItemStory
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.rows import clean, payment_of
from hostsim.storage.store import Store
from opter_contract.values import Company, ImportReport, Payment, Text


@dataclass(frozen=True, slots=True)
class Question:
    """An invoice number, whose it is, and which import can look it up."""

    number: str
    region: str
    definition: Definition | None  # None where no import is defined for the region
    invoice_id: int | None
    elsewhere: tuple[str, ...]  # other regions that have an invoice of this number
    source: Text = UNNAMED  # where its payments come from
    shared: bool = False  # whether the import of one of those regions shares the company


class Lookup(NamedTuple):
    """What the plug-in read of the invoice, as it was recorded."""

    import_run: ImportRun
    company: Company
    requests: int
    notes: tuple[Text, ...]
    numbers: Collection[str]  # of the invoice there
    references: Collection[str]

    def is_of_invoice(self, row: sqlite3.Row, invoice_id: int | None) -> bool:
        """Return whether a payment is of the invoice, or was; else it may settle one that is."""
        was = row["reg_id"] is not None and row["reg_invoice_id"] == invoice_id
        if was or not row["invoice_number"]:
            return True
        return row["invoice_number"] in self.numbers or row["ocr"] in self.references


class LastSeen(NamedTuple):
    """The run that last dealt with a payment, by whom and when."""

    run_id: str
    user: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ExplainedPayment:
    """One payment: how it is at the source now, its outcome here, and what would help."""

    number: str  # at the source; "" where it was typed by hand or cannot be read
    outcome: str
    reason: str | None
    message: Text | None
    to_do: Text | None  # None where nothing has to be done
    at_source: Payment | None  # as it is now; None where it is not there, or was not looked up
    here: tuple[Entry, ...]  # in the books, also what is deleted or reversed
    last_seen: LastSeen | None
    decisions: tuple[Decision, ...]

    @property
    def advice(self) -> Text | None:
        """What to do, also that nothing is: as at a payment that a preview shows as registered."""
        if self.to_do is None and self.outcome == REGISTERED:
            return advice_on(REGISTERED_ALREADY)
        return self.to_do


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an invoice is, or is not, paid."""

    question: Question
    invoice: Invoice | None
    company: Company | None
    asked: bool  # whether the payments were looked up at the source
    not_asked: Text | None  # why they were not
    requests: int
    payments: tuple[ExplainedPayment, ...]
    summary: Text
    balance: Decimal | None = None  # what remains at the source, in the invoice's currency
    exports: tuple[ItemStory, ...] = ()  # how it came there
    notes: tuple[Text, ...] = ()  # what the source could not be asked


# --- Which import to ask --------------------------------------------------------------


def question_of(store: Store, number: str, name: str | None, region: str | None) -> Question:
    """Choose the import to ask: the given one, or the only one whose region fits.

    :raises HostError: ``WHY_WHICH`` if several fit; ``REGION_DIFFERS``.
    """
    number = clean(number.strip())
    number = _number_of_ocr(store, number, name, region) or number
    ids = invoices.ids_by_region(store, number)
    definition = _definition_of(store, number, name, region, ids)
    if definition is not None:
        region = definition.region
    elif region is None:
        region = next(iter(ids), "")
    elsewhere = tuple(other for other in ids if other != region)
    shared = any(
        _share_company(definition, other)
        for other in store.definitions()
        if other.region in elsewhere
    )
    return Question(number, region, definition, ids.get(region), elsewhere, shared=shared)


def _share_company(one: Definition | None, other: Definition) -> bool:
    if one is None or one.company is None or other.company is None:
        return False
    return one.import_type == other.import_type and one.company.number == other.company.number


def _number_of_ocr(store: Store, ocr: str, name: str | None, region: str | None) -> str | None:
    """Return the only number of invoices with this OCR, where none has that as its number."""
    where = store.definition(name).region if name is not None else region and region.strip()
    numbers = invoices.ids_by_region(store, ocr)
    if (where is None and numbers) or where in numbers:
        return None
    return invoices.number_of_ocr(store, ocr, where)


def _definition_of(
    store: Store, number: str, name: str | None, region: str | None, ids: Mapping[str, int]
) -> Definition | None:
    if name is not None:
        definition = store.definition(name)
        refuse_other_region(definition, region)
        return definition
    regions = set(ids) if region is None else {region.strip()}
    fitting = [
        definition
        for definition in store.definitions()
        if not regions or definition.region in regions
    ]
    if len(fitting) > 1 or (not fitting and region is None and len(ids) > 1):
        names = ", ".join(definition.name for definition in fitting) or ", ".join(ids)
        raise host_error("WHY_WHICH", number=number, names=names)
    return fitting[0] if fitting else None


# --- While the plug-in reads ----------------------------------------------------------


class InvoiceSession(ImportSession):
    """Reads the payments of one invoice: nothing of earlier runs is offered or confirmed."""

    offers_earlier = False

    def opter_invoices_to_check(self, company: Company) -> Sequence[str]:
        self._begin(company)
        return []


def source_numbers(store: Store, question: Question) -> list[str]:
    """Return the numbers that the invoice is known by at the source, its own first."""
    company = question.definition.company if question.definition else None
    scope = ExplanationScope(store, question.definition, company)
    numbers = stored.source_numbers(scope, question.invoice_id)
    return list(dict.fromkeys([question.number, *numbers]))


def references(store: Store, question: Question) -> list[str]:
    invoice = invoices.invoice(store, question.invoice_id)
    return [invoice.ocr] if invoice is not None and invoice.ocr else []


# --- Putting it together --------------------------------------------------------------


def explain(
    store: Store, question: Question, lookup: Lookup | None, not_asked: Text | None = None
) -> Explanation:
    """Combine what the source has with what is known here.

    :param lookup: ``None`` if the source was not asked; ``not_asked`` says why.
    """
    scope = _scope(store, question, lookup)
    invoice_id, all_facts = _collect_facts(scope, question, lookup)
    invoice = invoices.invoice(store, invoice_id)
    balance = _balance(lookup, invoice_id)
    asked = lookup is not None
    runs = {state: _last_run(scope, state) for state in ("open", "saved")}
    decisions = _decisions(scope, all_facts)
    notes = lookup.notes if lookup else ()
    payments = [
        _explained_payment(
            facts,
            asked=asked,
            complete=not notes,
            decisions=decisions,
            runs=runs,
            source=question.source,
        )
        for facts in all_facts
    ]
    less = _less_remains(invoice, all_facts, balance, decisions)
    if balance is None and (lookup is None or notes):
        less = _less_remained(scope, invoice_id, invoice, question.source)
    settled = _settled(payments, invoice, credit=_is_credit(invoice, all_facts))
    summary = _summary(
        question, invoice, payments, asked=asked, told=less or settled, complete=not notes
    )
    return Explanation(
        question,
        invoice,
        scope.company,
        asked,
        None if not_asked is None else named(not_asked, question.source),
        lookup.requests if lookup else 0,
        tuple(sorted(payments, key=_oldest_first)),
        named(summary, question.source),
        None if balance is None else Decimal(balance["balance"]),
        exportable_items.item_stories(store, invoice_id),
        notes,
    )


def _scope(store: Store, question: Question, lookup: Lookup | None) -> ExplanationScope:
    definition = question.definition
    if lookup is not None:
        return ExplanationScope(store, definition, lookup.company)
    scope = ExplanationScope(store, definition, definition.company if definition else None)
    if scope.company is not None:
        return scope
    # Before the first save, the company is the one that was read.
    return ExplanationScope(store, definition, stored.company_of_open_preview(scope))


def _collect_facts(
    scope: ExplanationScope, question: Question, lookup: Lookup | None
) -> tuple[int | None, Sequence[Facts]]:
    """Return the invoice and what is known of each payment of it."""
    by_number: dict[str, Facts] = defaultdict(Facts)
    unnumbered: list[Facts] = []
    invoice_id = question.invoice_id
    for matched_id, row, judgement in _looked_up(question, lookup):
        invoice_id = invoice_id or matched_id
        if row["number"]:
            by_number[row["number"]] = Facts(row=row, judgement=judgement)
        else:
            unnumbered.append(Facts(row=row, judgement=judgement))
    invoice_id = invoice_id or _matched_before(scope, question)
    unnumbered += _add_entries(scope, by_number, invoice_id)
    run_id = None if lookup is None else lookup.import_run.run_id
    for number in (
        *stored.deleted_payments(scope, invoice_id, run_id),
        *stored.deleted_here_and_there(scope, invoice_id),
    ):
        by_number[number].deleted_at_source = True
    invoice = invoices.invoice(scope.store, invoice_id)
    previewed, pending = stored.waiting_rows(
        scope,
        invoice_number=question.number,
        ocr="" if invoice is None else invoice.ocr,
        invoice_id=invoice_id,
        known=by_number.keys(),
    )
    for number, row in previewed.items():
        by_number[number].previewed = row
    for number, row in pending.items():
        by_number[number].pending = row
    # What an import read may have moved on since, if the source was asked.
    paying = {n: facts for n, facts in by_number.items() if lookup is None or facts.row is not None}
    _add_entries_elsewhere(scope, paying)
    for number, facts in by_number.items():
        facts.number = number
    return invoice_id, [*by_number.values(), *unnumbered]


def _add_entries(
    scope: ExplanationScope, by_number: Mapping[str, Facts], invoice_id: int | None
) -> list[Facts]:
    """Add the entries of the books; return the facts of those without a number in this import."""
    unnumbered: list[Facts] = []
    # A number of another import is another payment.
    of_other_imports: dict[tuple[str | None, str | None, str], Facts] = {}
    of_invoice = () if invoice_id is None else scope.store.payments(invoice_id=invoice_id)
    for entry in of_invoice:
        number = entry.payment_number
        if entry.origin != HAND and not _is_of_import(entry, scope):
            key = (entry.import_type, entry.company, number)
            facts = of_other_imports.setdefault(key, Facts(number=number, other_import=True))
            facts.here.append(entry)
        elif number:
            by_number[number].here.append(entry)
        else:
            unnumbered.append(Facts(here=[entry]))
    return [*unnumbered, *of_other_imports.values()]


def _add_entries_elsewhere(scope: ExplanationScope, by_number: Mapping[str, Facts]) -> None:
    """Add the entries on other invoices of payments that are of this one at the source."""
    if scope.company is None or scope.definition is None:
        return
    import_type, company = scope.definition.import_type, scope.company.number
    elsewhere = [number for number, facts in by_number.items() if not facts.here]
    for entry in scope.store.payments_by_number(import_type, company, elsewhere):
        by_number[entry.payment_number].here.append(entry)
        by_number[entry.payment_number].elsewhere = True


def _is_of_import(entry: Entry, scope: ExplanationScope) -> bool:
    """Return whether an entry is of the import type and the company that are asked."""
    if scope.definition is None or entry.import_type != scope.definition.import_type:
        return False
    return scope.company is None or entry.company == scope.company.number


def _looked_up(
    question: Question, lookup: Lookup | None
) -> Iterator[tuple[int | None, sqlite3.Row, Judgement]]:
    """Return what was read of the invoice, and what is registered on it and was moved there."""
    if lookup is None:
        return
    with lookup.import_run.judging(lookup.company.number) as judging:
        for group in judging.judge_invoices():
            for row, judgement in zip(group.rows, group.judgements, strict=True):
                invoice_id = group.invoice_id
                if not lookup.is_of_invoice(row, question.invoice_id):
                    continue
                if question.invoice_id is None or invoice_id in {None, question.invoice_id}:
                    yield invoice_id, row, judgement
                elif judgement.reason == MOVED or _is_kept(judgement):
                    yield question.invoice_id, row, judgement
                # Any other only shares the OCR reference.


def _is_kept(judgement: Judgement) -> bool:
    """Return whether a person keeps what is registered though it changed at the source."""
    return judgement.reason == REGISTERED_ALREADY and judgement.hidden is not None


def _matched_before(scope: ExplanationScope, question: Question) -> int | None:
    if scope.company is None or scope.definition is None:
        return None
    return stored.matched_before(scope, question.number, question.region)


def _balance(lookup: Lookup | None, invoice_id: int | None) -> sqlite3.Row | None:
    """Return what remains at the source of an invoice that is booked, or cancelled, there."""
    if lookup is None or invoice_id is None:
        return None
    return stored.balance_at_source(lookup.import_run, invoice_id)


def _less_remains(
    invoice: Invoice | None,
    all_facts: Sequence[Facts],
    balance: sqlite3.Row | None,
    decisions: Iterable[Decision],
) -> Text | None:
    """Return a warning if less remains at the source than here, and no payment explains it."""
    if invoice is None or balance is None:
        return None
    if not same_currency(balance["currency"], invoice.currency):
        return None
    at_source = None if balance["cancelled"] else Decimal(balance["balance"])
    numbered = [facts for facts in all_facts if facts.number]
    ready = {facts.number for facts in numbered if _is_ready(facts)}
    replaced = {
        payment_id
        for decision in decisions
        if decision.in_force and decision.number in ready
        for payment_id in decision_rules.replaced_ids(decision)
    }
    taken = BalanceEffects()
    for facts in numbered:
        taken = _taken_by(facts, invoice, taken, replaced)
    remaining_here = taken.unexplained_balance(invoice.remaining, invoice.total, at_source)
    if remaining_here is None:
        return None
    return less_remains(
        invoice.number,
        invoice.currency,
        remaining=remaining_here,
        total=invoice.total,
        balance=at_source,
        total_there=Decimal(balance["total"]),
        explained_by=_may_explain(all_facts),
    )


def _may_explain(all_facts: Sequence[Facts]) -> MayExplain:
    entries = [entry for facts in all_facts for entry in facts.here]
    return MayExplain(
        unsaved=any(map(_is_unsaved, all_facts)),
        deleted=any(map(_is_deleted, all_facts)),
        by_hand=any(entry.origin == HAND and entry.state == REGISTERED for entry in entries),
    )


def _is_deleted(facts: Facts) -> bool:
    """Return whether a payment is deleted here, and was not registered again."""
    states = {entry.state for entry in facts.here}
    return "deleted" in states and REGISTERED not in states


def _is_unsaved(facts: Facts) -> bool:
    last, row = facts.last, facts.row
    if row is None or row["booked"] == 0 or _is_ready(facts):
        return False
    return last is None or last.state != REGISTERED


def _less_remained(
    scope: ExplanationScope, invoice_id: int | None, invoice: Invoice | None, source: Text
) -> Text | None:
    """Return what the last import told of that, unless it was settled here since."""
    latest = stored.latest_import(scope)
    if invoice is None or latest is None:
        return None
    found = discrepancies_of(scope.store.db, latest["id"], source, invoice_id)
    for discrepancy in found:
        if discrepancy.code == DELETED:
            continue
        there = discrepancy.balance or ZERO
        more_here = invoice.remaining - there
        if more_here and (more_here > 0) == (invoice.total > 0):
            at = datetime.fromisoformat(latest["at"])
            return messages.told_at_import(at, discrepancy.message)
    return None


def _is_ready(facts: Facts) -> bool:
    return facts.judgement is not None and facts.judgement.kind == READY


def _taken_by(
    facts: Facts, invoice: Invoice, taken: BalanceEffects, replaced: Container[int]
) -> BalanceEffects:
    """Add what a payment takes from its invoice at the source, and not here."""
    last, row = facts.last, facts.row
    registered = (
        last is not None
        and last.state == REGISTERED
        and last.host_invoice_number == invoice.number
        and not facts.other_import
    )
    if registered and last is not None and (row is not None or facts.deleted_at_source):
        if _is_ready(facts) or last.id in replaced:
            taken = taken.plus(ready=-last.effect)
        else:
            taken = taken.plus(otherwise=-last.effect)
    if row is None or row["booked"] == 0:
        return taken
    if registered and last is not None and row["invoice_number"] != last.invoice_number:
        return taken  # it pays another invoice now
    judgement = facts.judgement
    if judgement is not None and judgement.reason == DOUBTFUL:
        return taken
    if _is_ready(facts) and judgement is not None:
        return taken.plus(ready=judgement.effect)
    return taken.plus(otherwise=effect_there(row, invoice.currency))


def _decisions(scope: ExplanationScope, all_facts: Iterable[Facts]) -> Sequence[Decision]:
    if scope.definition is None:
        return ()
    numbers = [facts.number for facts in all_facts]
    return decision_store.decisions(scope.store, scope.definition.name, numbers)


def _last_run(scope: ExplanationScope, state: str) -> LastSeen | None:
    row = stored.last_run(scope, state)
    if row is None:
        return None
    return LastSeen(row["id"], row["user"], datetime.fromisoformat(row["at"]))


def _last_seen(facts: Facts, runs: Mapping[str, LastSeen | None]) -> LastSeen | None:
    """Return the run that registered a payment, shows it, or rejected it when it was saved."""
    last = facts.last
    if last is not None and last.run_id is not None:
        return LastSeen(last.run_id, last.user, last.at)
    if facts.previewed is not None:
        return runs["open"]
    return runs["saved"] if facts.pending is not None else None


def _explained_payment(
    facts: Facts,
    *,
    asked: bool,
    complete: bool,
    decisions: Sequence[Decision],
    runs: Mapping[str, LastSeen | None],
    source: Text,
) -> ExplainedPayment:
    own_decisions = (
        () if facts.other_import or not facts.number else _decisions_about(facts, decisions)
    )
    own_decisions = _as_at_source(facts, own_decisions)
    outcome, refusal = outcome_of(facts, own_decisions, asked=asked, complete=complete)
    to_do = to_do_of(outcome, refusal, own_decisions)
    read = facts.previewed is not None or facts.pending is not None
    if not (complete or read) and to_do in {advice_on(NOT_READ), advice_on(PAID)}:
        # What could not be asked may be the other half of a settlement; an import looks for it.
        to_do = messages.MAY_BE_SETTLED
    return ExplainedPayment(
        number=facts.number,
        outcome=outcome,
        # What is kept as registered needs nobody; its message says what changed.
        reason=refusal.reason if refusal and to_do else None,
        message=refusal and named(refusal.message, source),
        to_do=to_do and named(to_do, source),
        at_source=None if facts.row is None else payment_of(facts.row, ""),
        here=tuple(facts.here),
        last_seen=_last_seen(facts, runs),
        decisions=own_decisions,
    )


def _decisions_about(facts: Facts, decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Choose what was decided about a payment, or a series that its invoice lies in."""
    return tuple(
        decision
        for decision in decisions
        if decision.number == facts.number
        or decision_rules.in_series([decision], facts.invoice_number)
    )


def _as_at_source(facts: Facts, decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Compare decisions with the payment as it was just looked up, if it was."""
    if facts.row is None:
        return tuple(decisions)
    payment = payment_of(facts.row, "")
    reason = None if facts.judgement is None else facts.judgement.reason
    return tuple(
        replace(decision, outdated=outdated(decision, payment, reason))
        if decision.is_open
        else decision
        for decision in decisions
    )


def _oldest_first(payment: ExplainedPayment) -> tuple[object, ...]:
    day = payment.at_source.date if payment.at_source else None
    if day is None and payment.here:
        day = payment.here[-1].payment_date
    return oldest_first(day, payment.number)


# --- The summary ------------------------------------------------------------------------


def _summary(
    question: Question,
    invoice: Invoice | None,
    payments: Sequence[ExplainedPayment],
    *,
    asked: bool,
    told: Text | None,
    complete: bool,
) -> Text:
    """Return a sentence or two: what remains of the invoice, and what to do if nothing is paid.

    :param told: why less remains at the source.
    :param complete: whether the plug-in could read everything.
    """
    sentences = [_of_invoice(question, invoice, payments)]
    if any(payment.reason == DELETED for payment in payments):
        sentences[0] = messages.counting_deleted(sentences[0])
    if told is not None:
        sentences.append(told)
    elif not payments:
        found_none = messages.NO_PAYMENT if complete else messages.NONE_FOUND
        sentences.append(found_none if asked else messages.NONE_KNOWN)
    if not asked:
        sentences.append(messages.NOT_ASKED)
    text = text_messages.joined(sentences) or sentences[0]
    return Text(*(f"{sentence.removesuffix('.')}." for sentence in text))


def _settled(
    payments: Sequence[ExplainedPayment], invoice: Invoice | None, *, credit: bool
) -> Text | None:
    """Return what to say of an invoice that was settled at the source, and cannot be here yet."""
    if not _has_half(payments):
        return None
    if credit:
        return messages.CREDIT_SETTLED_AT_SOURCE
    if any(payment.outcome in {IN_PREVIEW, NOT_READ} for payment in payments):
        return messages.SETTLED_AND_PAID
    if invoice is not None and _settled_amount(payments, invoice) < invoice.remaining:
        return messages.SETTLED_IN_PART
    return messages.SETTLED_AT_SOURCE


def _settled_amount(payments: Sequence[ExplainedPayment], invoice: Invoice) -> Decimal:
    """Add up the halves of settlements, in the invoice's currency; unknown ones settle it all."""
    amount = Decimal(0)
    for payment in payments:
        if payment.reason not in SETTLEMENTS:
            continue
        half = payment.at_source
        if half is None or not same_currency(half.currency, invoice.currency):
            return invoice.remaining
        amount += half.amount if half.amount_currency is None else half.amount_currency
    return amount


def _has_half(payments: Sequence[ExplainedPayment]) -> bool:
    return any(payment.reason in SETTLEMENTS for payment in payments)


def _is_credit(invoice: Invoice | None, all_facts: Sequence[Facts]) -> bool:
    """Return whether it is a credit note; one that is not here has payments that are negative."""
    if invoice is not None:
        return invoice.total < 0
    rows = [facts.row or facts.previewed or facts.pending for facts in all_facts]
    return any(row is not None and (row["amount"] or "").startswith("-") for row in rows)


def _of_invoice(
    question: Question, invoice: Invoice | None, payments: Sequence[ExplainedPayment]
) -> Text:
    if invoice is not None:
        credit = invoice.total < 0
        left = -invoice.remaining if credit else invoice.remaining
        return messages.remaining(left, invoice.currency, credit=credit)
    if question.shared or any(payment.reason == OTHER_REGION for payment in payments):
        return messages.of_other_region(question.number, question.region)
    if question.elsewhere:
        return messages.only_elsewhere(question.number, question.region, question.elsewhere)
    return messages.not_here(question.number, needed=not _has_half(payments))


class Explaining(Context):
    """Explains one invoice."""

    def why(
        self,
        number: str,
        name: str | None = None,
        *,
        region: str | None = None,
        offline: bool = False,
    ) -> Explanation:
        """Return everything about one invoice, and what its missing payment waits for.

        Reads its payments at the source, registers nothing and stores nothing of them.

        :param number: of the invoice, here or at the source.
        :param name: the definition to use; default: the only one whose region fits.
        :param region: of the invoice; default: the definition's.
        :param offline: give what is known here, without asking the source.
        :raises HostError: ``WHY_WHICH`` if several definitions fit.
        """
        question = question_of(self.store, number, name, region)
        definition = question.definition
        source = self.source(definition.import_type if definition else None)
        question = replace(question, source=source)
        if offline:
            return explain(self.store, question, None, messages.OFFLINE)
        if question.definition is None:
            return explain(self.store, question, None, messages.NO_DEFINITION)
        self.plugins.owner(question.definition.import_type)
        self._refuse_other_currency()
        with self._definition_lock(question.definition.name), unreported_commits.uncounted():
            import_run = self._new_run(question.definition.name)
            import_run.begin(self._user, self._clock(), source=question.source)
            try:
                lookup = self._look_up(import_run, question)
                not_asked = messages.CANNOT_ASK if lookup is None else None
                return explain(self.store, question, lookup, not_asked)
            finally:
                stored.delete_run(import_run)

    def _look_up(self, import_run: ImportRun, question: Question) -> Lookup | None:
        """Let the plug-in read the invoice's payments; ``None`` if it cannot."""
        numbers = source_numbers(self.store, question)
        ocr_references = references(self.store, question)
        with self._session(InvoiceSession, import_run) as session:
            session.invoice_id = question.invoice_id
            report: ImportReport | None = session.call(
                "opter_read_invoice_payments",
                invoice_numbers=numbers,
                ocr_references=ocr_references,
            )
            if report is None:
                return None
            copy = session.finish(report)
        notes = tuple(copy.notes)
        return Lookup(import_run, copy.company, copy.requests, notes, numbers, ocr_references)
