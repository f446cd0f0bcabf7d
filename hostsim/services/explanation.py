"""Everything about one invoice in one place: "but I have paid" is the question asked most.

The plug-in reads the invoice's payments as they are in Fortnox now, they are
judged as an import would judge them now, and beside each stands what became
of it here, in which run, by whom, when, and what would have to happen for the
missing one to come in. Nothing is registered, and what was read is thrown away.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, localcontext

from hostsim.errors import host_error
from hostsim.ledger import matching
from hostsim.ledger.decisions import SETTLED
from hostsim.ledger.matching import Judgement, Refusal, oldest_first
from hostsim.ledger.values import Definition, Invoice
from hostsim.messages import texts
from hostsim.plugins.session import LiveRun
from hostsim.storage import checks, history
from hostsim.storage.history import Entry
from hostsim.storage.import_runs import Recording, forget_rows
from hostsim.storage.regions import refuse_other_region
from hostsim.storage.rows import clean, invoice_of, payment_of, text_of
from hostsim.storage.store import Store
from opter_contract.values import Company, Payment, RegisteredPayment, Text

# What became of a payment.
REGISTERED = "registered"
BY_HAND = "by-hand"
DELETED = "deleted"
COUNTERED = "countered"
COUNTER = "counter"
SET_ASIDE = "set-aside"
IN_PREVIEW = "in-preview"
NOT_READ = "not-read"
REJECTED = "rejected"
IGNORED = "ignored"
LEFT = "gone-from-invoice"  # moved to another one in Fortnox, or deleted there
GONE = "deleted-in-fortnox"

#: The reason of a registered payment that pays another invoice in Fortnox now.
MOVED = "changed-in-fortnox"

#: What became of a payment that the books hold, by its state there.
_STATES = {"deleted": DELETED, "countered": COUNTERED, "counter": COUNTER}


# --- What is asked, and the answer ----------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """An invoice number, whose it is, and where to ask."""

    number: str
    region: str
    definition: Definition | None  # None where no import is defined for the region
    invoice_id: int | None
    elsewhere: tuple[str, ...]  # other regions that have an invoice of this number
    source: Text = texts.SOURCE  # where payments come from, in the plug-in's word for it


@dataclass(frozen=True, slots=True)
class Seen:
    """The run that last dealt with a payment, by whom and when."""

    run_id: str
    user: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about a payment, or about a series that it belongs to."""

    decision: str  # set-aside, confirm, take-again, accept or keep
    why: str
    user: str
    at: datetime
    settled_at: datetime | None
    taken_back_at: datetime | None

    @property
    def stands(self) -> bool:
        """Whether it is in force."""
        return self.taken_back_at is None and self.settled_at is None


@dataclass(frozen=True, slots=True)
class Told:
    """One payment: how it is in Fortnox now, what became of it here, and what would help."""

    number: str  # in Fortnox; "" where it was typed by hand or cannot be read
    became: str
    reason: str | None
    message: Text | None
    to_do: Text | None  # None where nothing has to be done
    there: Payment | None  # as it is now; None where it is not there, or nobody asked
    here: tuple[Entry, ...]  # in the books, also what is deleted or countered
    seen: Seen | None
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to why an invoice is, or is not, paid."""

    question: Question
    invoice: Invoice | None
    company: Company | None
    asked: bool
    not_asked: Text | None  # why Fortnox was not asked
    requests: int
    payments: tuple[Told, ...]
    summary: Text
    balance: Balance | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What remains of an invoice where its payments come from, in its currency."""

    amount: Decimal
    cancelled: bool


@dataclass(slots=True)
class _Known:
    """All that is known of one payment."""

    there: sqlite3.Row | None = None
    judgement: Judgement | None = None
    here: list[Entry] = field(default_factory=list)
    gone: bool = False  # registered here, and no longer where it came from
    shown: sqlite3.Row | None = None  # in the open preview
    pending: sqlite3.Row | None = None
    another_way: bool = False  # registered by another import than the one that is asked


@dataclass(frozen=True, slots=True)
class Answer:
    """What the plug-in handed over, as it was recorded."""

    recording: Recording
    company: Company
    requests: int


# --- Whom to ask --------------------------------------------------------------------


def question_of(store: Store, number: str, name: str | None, region: str | None) -> Question:
    """Choose the import to ask: the given one, or the only one whose region fits.

    :raises HostError: ``WHY_WHICH`` where several fit; ``REGION_DIFFERS``.
    """
    number = clean(number.strip())
    number = _number_of_ocr(store, number, name, region) or number
    ids = _invoices_of(store, number)
    definition = _definition_of(store, number, name, region, ids)
    if definition is not None:
        region = definition.region
    elif region is None:
        region = next(iter(ids), "")
    elsewhere = tuple(other for other in ids if other != region)
    return Question(number, region, definition, ids.get(region), elsewhere)


def _number_of_ocr(store: Store, ocr: str, name: str | None, region: str | None) -> str | None:
    """Give the only number of invoices with this OCR, where none has that as its number."""
    where = store.definition(name).region if name is not None else region and region.strip()
    numbers = _invoices_of(store, ocr)
    if (where is None and numbers) or where in numbers:
        return None
    rows = store.db.execute(
        "SELECT DISTINCT number FROM invoices WHERE ocr = :ocr AND ocr <> ''"
        " AND (:region IS NULL OR region = :region)",
        {"ocr": "".join(ocr.split()), "region": where},
    ).fetchmany(2)
    return rows[0]["number"] if len(rows) == 1 else None


def _invoices_of(store: Store, number: str) -> dict[str, int]:
    query = "SELECT region, id FROM invoices WHERE number = ? ORDER BY region"
    return {row["region"]: row["id"] for row in store.db.execute(query, (number,))}


def _definition_of(
    store: Store, number: str, name: str | None, region: str | None, ids: Mapping[str, int]
) -> Definition | None:
    if name is not None:
        definition = store.definition(name)
        refuse_other_region(definition, region)
        return definition
    regions = set(ids) if region is None else {region.strip()}
    fitting = [one for one in store.definitions() if not regions or one.region in regions]
    if len(fitting) > 1 or (not fitting and region is None and len(ids) > 1):
        names = ", ".join(one.name for one in fitting) or ", ".join(ids)
        raise host_error("WHY_WHICH", number=number, names=names)
    return fitting[0] if fitting else None


# --- While the plug-in reads ----------------------------------------------------------


class AskingRun(LiveRun):
    """A run that reads one invoice's payments: nothing of earlier runs is offered or confirmed."""

    #: The invoice that is asked about; None where it is not here.
    invoice_id: int | None = None

    def invoices_to_check(self, company: Company) -> Sequence[str]:
        """Ask for no other invoice."""
        self._check_company([company.number], company.name)
        return []

    def registered_payments(self, company: Company) -> Sequence[RegisteredPayment]:
        """Ask after every registered payment of the invoice that was not read."""
        self._check_company([company.number], company.name)
        return self._recording.registered_payments(company.number, self._clock(), self.invoice_id)

    def payments_to_confirm(self, company: Company) -> list[str]:
        """Ask for nothing."""
        self._check_company([company.number], company.name)
        return []

    def _offer_again(self, company: str) -> None:
        """Leave what earlier runs rejected where it is."""


def numbers_there(store: Store, question: Question) -> list[str]:
    """Give the numbers that the invoice is known by in Fortnox, its own first."""
    definition = question.definition
    company = definition.company if definition else None
    values = {
        "invoice_id": question.invoice_id,
        "company": company and company.number,
        "definition": definition and definition.name,
        "import_type": definition and definition.import_type,
    }
    known = [row["invoice_number"] for row in store.db.execute(_NUMBERS_THERE, values)]
    return list(dict.fromkeys([question.number, *filter(None, known)]))


def references_there(store: Store, question: Question) -> list[str]:
    """Give the OCR reference of the invoice, where it has one."""
    invoice = _invoice(store, question.invoice_id)
    return [invoice.ocr] if invoice is not None and invoice.ocr else []


def forget(recording: Recording) -> None:
    """Throw away what was read, and that it was: a question is no import."""
    with recording.store.change() as db:
        forget_rows(db, recording.run_id)
        db.execute("DELETE FROM runs WHERE id = ?", (recording.run_id,))


# --- Putting it together -----------------------------------------------------------


def explain(
    store: Store, question: Question, answer: Answer | None, not_asked: Text | None = None
) -> Explanation:
    """Lay what Fortnox has beside what is known here.

    :param answer: ``None`` where Fortnox was not asked; ``not_asked`` says why.
    """
    company = answer.company if answer else _remembered(store, question)
    known, nameless, invoice_id = _collect(store, question, answer, company)
    invoice = _invoice(store, invoice_id)
    asked = answer is not None
    balance = _balance(answer, invoice_id)
    seen = _SeenBy(store, question)
    told = []
    for number, one in [*known.items(), *((_number_of(one), one) for one in nameless)]:
        own = number and not one.another_way
        decisions = _decisions(store, question, number, one) if own else ()
        told.append(_told(number, one, asked=asked, seen=seen, decisions=decisions))
    told.sort(key=_oldest_first)
    source = question.source
    return Explanation(
        question,
        invoice,
        company,
        asked,
        None if not_asked is None else _named(not_asked, source),
        answer.requests if answer else 0,
        tuple(
            replace(
                one,
                message=one.message and _named(one.message, source),
                to_do=one.to_do and _named(one.to_do, source),
            )
            for one in told
        ),
        _named(
            _summary(
                question, invoice, told, asked=asked, less=_less_remains(invoice, known, balance)
            ),
            source,
        ),
        balance,
    )


def _balance(answer: Answer | None, invoice_id: int | None) -> Balance | None:
    """Give what remains there of an invoice that is booked, or cancelled, there."""
    if answer is None or invoice_id is None:
        return None
    row = answer.recording.store.db.execute(
        "SELECT * FROM run_balances WHERE run_id = ? AND invoice_id = ?"
        " AND (booked = 1 OR cancelled = 1)",
        (answer.recording.run_id, invoice_id),
    ).fetchone()
    return None if row is None else Balance(Decimal(row["balance"]), bool(row["cancelled"]))


def _less_remains(
    invoice: Invoice | None, known: Mapping[str, _Known], balance: Balance | None
) -> Text | None:
    """Say that less remains there than here, where the payments do not explain it."""
    if invoice is None or balance is None:
        return None
    sign = -1 if invoice.total < 0 else 1
    with localcontext(matching.EXACT):
        left = invoice.remaining
        for one in known.values():
            last = _last(one.here)
            if one.there is None or (last is not None and last.state == history.REGISTERED):
                continue
            payment = payment_of(one.there, "")
            effect = None if payment is None else matching.effect_of(payment)
            left -= Decimal(0) if effect is None else effect
    if sign * left <= 0 or (not balance.cancelled and sign * balance.amount >= sign * left):
        return None
    money = matching.money_of
    there = None if balance.cancelled else money(balance.amount, invoice.currency)
    return texts.less_remains_at_source(invoice.number, money(left, invoice.currency), there)


def _named(text: Text, source: Text) -> Text:
    """Put the source's own name in the place of the one that the sentences below have."""
    return Text(
        text.sv.replace(texts.SOURCE.sv, source.sv), text.en.replace(texts.SOURCE.en, source.en)
    )


def _remembered(store: Store, question: Question) -> Company | None:
    """Give the company of the definition; before its first save, the one that was read."""
    if question.definition is None or question.definition.company is not None:
        return question.definition.company if question.definition else None
    row = store.db.execute(
        "SELECT company, company_name FROM runs WHERE definition = ? AND state = 'open'",
        (question.definition.name,),
    ).fetchone()
    return None if row is None else Company(row["company"], row["company_name"])


def _collect(
    store: Store, question: Question, answer: Answer | None, company: Company | None
) -> tuple[dict[str, _Known], list[_Known], int | None]:
    """Gather by payment number what is known; give the invoice that it is about, too."""
    known: dict[str, _Known] = {}
    nameless: list[_Known] = []
    invoice_id = question.invoice_id
    for found_id, row, judgement in _read_now(question, answer):
        invoice_id = invoice_id or found_id
        if row["number"]:
            known[row["number"]] = _Known(row, judgement)
        else:
            nameless.append(_Known(row, judgement))
    invoice_id = invoice_id or _met_before(store, question, company)
    if invoice_id is not None:
        others: dict[tuple[str | None, str | None, str], _Known] = {}
        for entry in history.entries(store, invoice_id=invoice_id):
            if entry.origin == history.HAND or _is_asked(entry, question, company):
                _add_entry(known, nameless, entry)
                continue
            # A number of another import is another payment.
            key = (entry.import_type, entry.company, entry.row.payment_number)
            others.setdefault(key, _Known(another_way=True)).here.append(entry)
        nameless += others.values()
    if company is not None and question.definition is not None:
        unknown = [number for number, one in known.items() if not one.here]
        import_type = question.definition.import_type
        for entry in history.entries_by_key(store, import_type, company.number, unknown):
            _add_entry(known, nameless, entry)
    for number in _gone(store, question, answer, invoice_id):
        known.setdefault(number, _Known()).gone = True
    which = (store, question, company)
    for row in _waiting(_SHOWN, *which, invoice_id=invoice_id, known=known):
        known.setdefault(row["number"], _Known()).shown = row
    for row in _waiting(_PENDING, *which, invoice_id=invoice_id, known=known):
        known.setdefault(row["number"], _Known()).pending = row
    return known, nameless, invoice_id


def _gone(
    store: Store, question: Question, answer: Answer | None, invoice_id: int | None
) -> list[str]:
    """Give the registered payments of the question that no longer exist where they came from.

    Where nobody was asked, as the last import found them.
    """
    run_id = _last_run(store, question) if answer is None else answer.recording.run_id
    rows = store.db.execute(
        "SELECT p.number FROM run_checked c JOIN payments p ON p.id = c.payment_id"
        " WHERE c.run_id = :run_id AND c.gone = 1 AND (:asked OR p.invoice_id = :invoice)",
        {"run_id": run_id, "asked": answer is not None, "invoice": invoice_id},
    )
    return [row["number"] for row in rows]


def _last_run(store: Store, question: Question) -> str | None:
    """Give the open preview of the import that is asked, else its last save."""
    row = store.db.execute(
        "SELECT id FROM runs WHERE definition = :name AND state IN ('open', 'saved')"
        " ORDER BY state = 'open' DESC, saved_at DESC, rowid DESC LIMIT 1",
        {"name": question.definition and question.definition.name},
    ).fetchone()
    return None if row is None else str(row["id"])


def _read_now(
    question: Question, answer: Answer | None
) -> Iterator[tuple[int | None, sqlite3.Row, Judgement]]:
    """Give what was read of the invoice, and what was registered on it here and moved there."""
    if answer is None:
        return
    with answer.recording.judging(answer.company.number) as judging:
        for group in judging.judged():
            for row, judgement in zip(group.rows, group.judgements, strict=True):
                its = group.invoice_id
                if question.invoice_id is None or its in {None, question.invoice_id}:
                    yield its, row, judgement
                elif judgement.reason == MOVED:
                    yield question.invoice_id, row, judgement
                # Any other only shares the OCR reference.


def _is_asked(entry: Entry, question: Question, company: Company | None) -> bool:
    """Say whether a payment came by the import type, and from the company, that are asked."""
    if question.definition is None or entry.import_type != question.definition.import_type:
        return False
    return company is None or entry.company == company.number


def _number_of(one: _Known) -> str:
    return one.here[0].row.payment_number if one.here else ""


def _add_entry(known: dict[str, _Known], nameless: list[_Known], entry: Entry) -> None:
    number = entry.row.payment_number
    if number:
        known.setdefault(number, _Known()).here.append(entry)
    else:
        nameless.append(_Known(here=[entry]))


def _met_before(store: Store, question: Question, company: Company | None) -> int | None:
    """Find the invoice that payments with this number in Fortnox met before, by OCR."""
    if company is None or question.definition is None:
        return None
    definition = question.definition
    values = {
        "company": company.number,
        "number": question.number,
        "definition": definition.name,
        "region": question.region,
        "import_type": definition.import_type,
    }
    row = store.db.execute(_MET, values).fetchone()
    return None if row is None else int(row["invoice_id"])


def _waiting(
    query: str,
    store: Store,
    question: Question,
    company: Company | None,
    *,
    invoice_id: int | None,
    known: Iterable[str],
) -> list[sqlite3.Row]:
    """Give what the open preview, or the last save, has of the invoice and of these payments."""
    if question.definition is None or company is None:
        return []
    invoice = _invoice(store, invoice_id)
    values = {
        "definition": question.definition.name,
        "company": company.number,
        "invoice_number": question.number,
        "ocr": invoice.ocr if invoice is not None else "",
        "invoice_id": invoice_id,
        "known": json.dumps(list(known)),
    }
    return store.db.execute(query, values).fetchall()


def _invoice(store: Store, invoice_id: int | None) -> Invoice | None:
    row = store.db.execute("SELECT * FROM invoices WHERE id = ?", (invoice_id,)).fetchone()
    return None if row is None else invoice_of(row)


class _SeenBy:
    """Which run showed a payment last."""

    def __init__(self, store: Store, question: Question) -> None:
        name = question.definition.name if question.definition else None
        query = (
            "SELECT id, COALESCE(saved_by, user) AS user,"
            " COALESCE(saved_at, finished_at, started_at) AS at FROM runs"
            " WHERE definition = ? AND state = ? ORDER BY saved_at DESC, rowid DESC LIMIT 1"
        )
        found = [store.db.execute(query, (name, state)).fetchone() for state in ("open", "saved")]
        self._open, self._saved = (None if row is None else _seen(row) for row in found)

    def of(self, one: _Known) -> Seen | None:
        """Give the run that registered it, shows it, or rejected it when it was saved."""
        last = _last(one.here)
        if last is not None and last.run_id is not None:
            return Seen(last.run_id, last.user, last.at)
        if one.shown is not None:
            return self._open
        return self._saved if one.pending is not None else None


def _seen(row: sqlite3.Row) -> Seen:
    return Seen(row["id"], row["user"], datetime.fromisoformat(row["at"]))


def _last(here: Sequence[Entry]) -> Entry | None:
    """Choose the entry that says how a payment stands: the one in force, else the latest."""
    in_force = [entry for entry in here if entry.state == history.REGISTERED]
    several = in_force or list(here)
    return several[-1] if several else None


def _told(
    number: str,
    one: _Known,
    *,
    asked: bool,
    seen: _SeenBy,
    decisions: tuple[Decision, ...],
) -> Told:
    became, refusal = _became(one, decisions, asked=asked)
    reason = refusal.reason if refusal else None
    return Told(
        number=number,
        became=became,
        reason=reason,
        message=refusal.message if refusal else None,
        to_do=_to_do(became, refusal),
        there=None if one.there is None else payment_of(one.there, ""),
        here=tuple(one.here),
        seen=seen.of(one),
        decisions=decisions,
    )


def _became(
    one: _Known, decisions: Sequence[Decision], *, asked: bool
) -> tuple[str, Refusal | None]:
    """Say what became of a payment: what holds now goes before what was said earlier."""
    last = _last(one.here)
    now = _refusal_of(one.judgement)
    if last is not None and last.origin == history.HAND:
        return _STATES.get(last.state, BY_HAND), None
    if last is not None and one.another_way:
        return _STATES.get(last.state, REGISTERED), None
    if last is not None and last.state == history.REGISTERED:
        return _registered(one, last, now if asked else _said_before(one), asked=asked)
    if any(d.decision == SET_ASIDE and d.stands for d in decisions):
        return SET_ASIDE, _settled(one) or now
    if last is not None and one.judgement is None:
        return _STATES.get(last.state, REGISTERED), None
    if one.judgement is None:
        return _earlier(one, asked=asked)
    if one.judgement.kind == matching.READY and (settled := _settled(one)) is not None:
        return REJECTED, settled
    if one.judgement.kind == matching.READY:
        shown = one.shown is not None and one.shown["kind"] == matching.READY
        return IN_PREVIEW if shown else NOT_READ, None
    if last is not None:
        return _STATES.get(last.state, REGISTERED), now
    return IGNORED if one.judgement.kind == matching.IGNORED else REJECTED, now


def _registered(
    one: _Known, last: Entry, now: Refusal | None, *, asked: bool
) -> tuple[str, Refusal | None]:
    """Say what is known today of a payment that is registered."""
    if one.gone:
        return REGISTERED, Refusal(checks.DELETED, _DELETED_THERE)
    if asked and one.there is None:
        return _moved(one, last)
    return REGISTERED, now if now and now.reason != "already-imported" else None


def _settled(one: _Known) -> Refusal | None:
    """Say that the last import found the other half of a settlement, on another invoice."""
    for row in (one.shown, one.pending):
        if row is not None and row["reason"] == SETTLED:
            return _refusal_in(row)
    return None


def _said_before(one: _Known) -> Refusal | None:
    """Say what the open preview, else the last save, says of a registered payment."""
    if one.shown is not None:
        return _refusal_in(one.shown)
    if one.pending is not None and one.pending["gone_at"] is None:
        return _refusal_in(one.pending)
    return None


def _moved(one: _Known, registered: Entry) -> tuple[str, Refusal | None]:
    """Say what is known of a registered payment that Fortnox no longer has on the invoice."""
    for row in (one.shown, one.pending):
        if row is None or row["invoice_number"] in {None, registered.row.invoice_number}:
            continue
        said = _refusal_in(row)
        if said is not None and said.reason == "already-imported":
            return REGISTERED, None  # a person keeps what is registered
        return REGISTERED, Refusal(MOVED, _pays_another(row["invoice_number"]))
    return LEFT, None


_DELETED_THERE = Text(
    "Betalningen är registrerad här men borttagen i Fortnox",
    "The payment is registered here but was deleted in Fortnox",
)


def _pays_another(number: str) -> Text:
    return Text(
        f"Betalningen betalar nu faktura {number} i Fortnox",
        f"The payment now pays invoice {number} in Fortnox",
    )


def _earlier(one: _Known, *, asked: bool) -> tuple[str, Refusal | None]:
    """Say what the open preview, or the last save, said."""
    if asked:
        return LEFT, None
    if one.shown is not None:
        if one.shown["kind"] == matching.READY:
            return IN_PREVIEW, None
        kind = IGNORED if one.shown["kind"] == matching.IGNORED else REJECTED
        return kind, _refusal_in(one.shown)
    if one.pending is not None and one.pending["gone_at"] is None:
        return REJECTED, _refusal_in(one.pending)
    return GONE, None


def _refusal_of(judgement: Judgement | None) -> Refusal | None:
    if judgement is None or judgement.reason is None or judgement.message is None:
        return None
    return Refusal(judgement.reason, judgement.message)


def _refusal_in(row: sqlite3.Row) -> Refusal | None:
    message = text_of(row["message_sv"], row["message_en"])
    return None if row["reason"] is None or message is None else Refusal(row["reason"], message)


def _decisions(store: Store, question: Question, number: str, one: _Known) -> tuple[Decision, ...]:
    if question.definition is None:
        return ()
    rows = store.db.execute(
        "SELECT * FROM decisions WHERE definition = ? ORDER BY id", (question.definition.name,)
    )
    invoice_number = _invoice_number(one)
    return tuple(
        Decision(
            row["decision"],
            row["why"],
            row["user"],
            datetime.fromisoformat(row["at"]),
            _time(row["settled_at"]),
            _time(row["taken_back_at"]),
        )
        for row in rows
        if row["number"] == number or _in_series(row, invoice_number)
    )


def _invoice_number(one: _Known) -> str | None:
    for row in (one.there, one.shown, one.pending):
        if row is not None:
            return row["invoice_number"]  # type: ignore[no-any-return]
    return one.here[-1].row.invoice_number if one.here else None


def _in_series(row: sqlite3.Row, number: str | None) -> bool:
    ends = (row["first_invoice"], number, row["last_invoice"])
    if not all(end is not None and end.isascii() and end.isdigit() for end in ends):
        return False
    first, wanted, last = map(_as_number, ends)
    return first <= wanted <= last


def _as_number(digits: str) -> tuple[int, str]:
    # As a number, which may have too many digits for one.
    significant = digits.lstrip("0")
    return len(significant), significant


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _oldest_first(told: Told) -> tuple[object, ...]:
    day = told.there.date if told.there else None
    if day is None and told.here:
        day = told.here[-1].row.payment_date
    return oldest_first(day, told.number)


# --- In words -----------------------------------------------------------------------


def _to_do(became: str, refusal: Refusal | None) -> Text | None:
    """Say what would have to happen; a reason that nobody here knows speaks for itself."""
    if refusal is not None and (became != SET_ASIDE):
        return TO_DO.get(refusal.reason, refusal.message)
    return TO_DO.get(became)


#: What would have to happen for a payment to come in, by its reason or what became of it.
TO_DO: Mapping[str, Text] = {
    "not-booked": Text(
        "Bokför betalningen i Fortnox; den kommer in vid nästa import.",
        "Book the payment in Fortnox; it comes in at the next import.",
    ),
    "period-open": Text(
        "Stäng fakturaperioden här och läs in igen.",
        "Close the invoice period here and import again.",
    ),
    "before-date": Text(
        "Betalningsdatumet är före inställningen Ignorera betalningar före: välj ett tidigare "
        "datum i importens inställningar (hostsim formats set) och läs in igen, eller registrera "
        "den för hand om den hör till tiden före bytet.",
        "The payment date is before the setting Ignore payments before: choose an earlier date "
        "in the settings of the import (hostsim formats set) and import again, or register it by "
        "hand if it belongs to the time before the change.",
    ),
    "below-number": Text(
        "Fakturanumret är lägre än inställningen Ignorera nummer före: välj ett lägre nummer i "
        "importens inställningar (hostsim formats set) och läs in igen.",
        "The invoice number is lower than the setting Ignore numbers before: choose a lower one "
        "in the settings of the import (hostsim formats set) and import again.",
    ),
    "invoice-not-found": Text(
        "Ingen faktura här har betalningens nummer eller OCR: läs in fakturan med hostsim "
        "invoices load, eller rätta numret på betalningen i Fortnox, och läs in igen. Gäller den "
        "en faktura som bara finns i Fortnox kan den läggas undan.",
        "No invoice here has the payment's number or OCR: load the invoice with hostsim invoices "
        "load, or correct the payment's number in Fortnox, and import again. If it is for an "
        "invoice that exists in Fortnox only, it can be set aside.",
    ),
    "unreadable": Text(
        "Öppna betalningen i Fortnox och rätta det som inte går att läsa, eller be om rätten att "
        "se det; läs sedan in igen.",
        "Open the payment in Fortnox and correct what cannot be read, or ask for the right to "
        "see it; then import again.",
    ),
    "currency-differs": Text(
        "Rätta valutan på fakturan eller på betalningen, så att de är lika, och läs in igen.",
        "Correct the currency of the invoice or of the payment, so that they agree, and import "
        "again.",
    ),
    "invoice-already-paid": Text(
        "Ingenting återstår på fakturan: pengarna är betalda två gånger, eller registrerade här "
        "redan. Betala tillbaka dem, eller flytta betalningen till rätt faktura i Fortnox.",
        "Nothing remains on the invoice: the money was paid twice, or is registered here already. "
        "Pay it back, or move the payment to the right invoice in Fortnox.",
    ),
    "changed-in-fortnox": Text(
        "Betalningen är registrerad här, men Fortnox säger något annat nu. Läs in igen om "
        "ändringen inte visas i listan än; godkänn den sedan med hostsim decide --accept, så att "
        "den registreras om, eller behåll det som är registrerat med --keep.",
        "The payment is registered here, but Fortnox says something else now. Import again if "
        "the change is not in the list yet; then accept it with hostsim decide --accept, so that "
        "it is registered again, or keep what is registered with --keep.",
    ),
    "possibly-registered-already": Text(
        "En betalning med samma faktura och belopp är redan registrerad, för hand eller genom en "
        "annan import: är det en annan betalning, bekräfta raden och spara; är det samma, lägg "
        "undan den.",
        "A payment of the same invoice and amount is registered already, by hand or through "
        "another import: if this is another payment, confirm the row and save; if it is the same, "
        "set it aside.",
    ),
    "replaced": Text(
        "Den har troligen gjorts om i Fortnox: godkänn den med hostsim decide --accept, så "
        "motbokas den borttagna och den nya registreras.",
        "It was probably made again in Fortnox: accept it with hostsim decide --accept; the "
        "deleted one is then reversed and the new one registered.",
    ),
    "settled-against-credit": Text(
        "Inga pengar kom in: fakturan är kvittad mot en kreditfaktura. Godkänn paret med hostsim "
        "decide --accept, så registreras krediten, eller lägg undan det.",
        "No money came in: the invoice was settled against a credit note. Accept the pair with "
        "hostsim decide --accept, so that the credit is registered, or set it aside.",
    ),
    checks.DELETED: Text(
        "Läs in igen: har den gjorts om i Fortnox visas det, och du godkänner bytet. Kommer ingen "
        "i dess ställe, ta bort den här också med hostsim payments delete.",
        "Import again: if it was made again in Fortnox, that is shown and you accept the exchange. "
        "If none comes in its place, delete it here, too, with hostsim payments delete.",
    ),
    "no-amount": Text(
        "Ingenting behöver göras: beloppet är 0.", "Nothing has to be done: the amount is 0."
    ),
    "deleted-in-host": Text(
        "Den har varit registrerad här och är borttagen: ta in den på nytt om borttagningen var "
        "ett misstag.",
        "It was registered here and is deleted: take it again if the deletion was a mistake.",
    ),
    DELETED: Text(
        "Den är borttagen här: ta in den på nytt om borttagningen var ett misstag.",
        "It is deleted here: take it again if the deletion was a mistake.",
    ),
    SET_ASIDE: Text(
        "Den är undanlagd: ta tillbaka den och läs in igen om den ska registreras.",
        "It is set aside: take it back and import again if it is to be registered.",
    ),
    IN_PREVIEW: Text(
        "Den är inläst men inte sparad: spara den (Spara betalningar, eller hostsim save).",
        "It was brought in but is not saved: save it (Save payments, or hostsim save).",
    ),
    NOT_READ: Text(
        "Den är inte inläst än, och kan sparas: läs in den (Läs fil, eller hostsim import).",
        "It was not brought in yet, and can be saved: bring it in (Read file, or hostsim import).",
    ),
    GONE: Text(
        "Den är borttagen i Fortnox, och inte registrerad här: ingenting behöver göras.",
        "It was deleted in Fortnox, and is not registered here: nothing has to be done.",
    ),
    LEFT: Text(
        "Den betalar inte längre den här fakturan i Fortnox: den är flyttad till en annan "
        "faktura, eller borttagen där. Läs in igen med hostsim import: är den registrerad "
        "här och flyttad visas ändringen, och du godkänner den eller behåller det registrerade.",
        "It no longer pays this invoice in Fortnox: it was moved to another invoice, or deleted "
        "there. Import again with hostsim import: if it is registered here and was moved, the "
        "change is shown, and you accept it or keep what is registered.",
    ),
}


def _summary(
    question: Question,
    invoice: Invoice | None,
    told: Sequence[Told],
    *,
    asked: bool,
    less: Text | None,
) -> Text:
    """Say in a sentence or two how the invoice stands, and what to do where nothing is paid."""
    sentences = [_of_invoice(question, invoice)]
    if less is not None:
        sentences.append(less)
    elif any(one.reason == SETTLED for one in told):
        sentences.append(_SETTLED_THERE)
    elif not told:
        sentences.append(_NO_PAYMENT if asked else _NONE_KNOWN)
    if not asked:
        sentences.append(_NOT_ASKED)
    text = texts.joined(sentences) or sentences[0]
    return Text(*(f"{one.removesuffix('.')}." for one in text))


def _of_invoice(question: Question, invoice: Invoice | None) -> Text:
    number, region = question.number, texts.region_name(question.region)
    if invoice is None and question.elsewhere:
        others_sv = ", ".join(texts.region_name(one).sv for one in question.elsewhere)
        others_en = ", ".join(texts.region_name(one).en for one in question.elsewhere)
        return Text(
            f"Faktura {number} finns inte i {region.sv}, men i {others_sv}: det är en annan "
            "faktura, som läses in med ett annat filformat.",
            f"Invoice {number} is not in {region.en}, but in {others_en}: that is another invoice, "
            "which is read with another file format.",
        )
    if invoice is None:
        return Text(
            f"Faktura {number} finns inte här, varken med det numret eller genom OCR: läs in den "
            "med hostsim invoices load.",
            f"Invoice {number} is not here, neither by that number nor by OCR: load it with "
            "hostsim invoices load.",
        )
    return _remaining(invoice)


def _remaining(invoice: Invoice) -> Text:
    left = invoice.remaining if invoice.total >= 0 else -invoice.remaining
    sv, en = (f"{texts.money(abs(left), lang)} {invoice.currency}" for lang in ("sv", "en"))
    if left > 0:
        return Text(f"{sv} återstår att betala", f"{en} remains to pay")
    if left < 0:
        return Text(f"Betald, med {sv} för mycket", f"Paid, with {en} too much")
    return Text("Fakturan är helt betald", "The invoice is paid in full")


_NO_PAYMENT = Text(
    "Fortnox har ingen betalning av den. Har kunden betalat, leta i Fortnox efter en inbetalning "
    "utan faktura eller på fel faktura, och be kunden om datum, belopp och OCR",
    "Fortnox has no payment of it. If the customer has paid, look in Fortnox for money without an "
    "invoice or on the wrong one, and ask the customer for date, amount and OCR",
)
_SETTLED_THERE = Text(
    "I Fortnox är den kvittad mot en kreditfaktura: inga pengar väntar, så påminn inte kunden",
    "In Fortnox it was settled against a credit note: no money is to come, so do not dun the "
    "customer",
)
_NONE_KNOWN = Text("Ingen betalning av den är känd här", "No payment of it is known here")
_NOT_ASKED = Text(
    "Fortnox är inte tillfrågat: det som står här är vad som var känt vid senaste importen",
    "Fortnox was not asked: this is what was known at the last import",
)

OFFLINE = Text("Du valde att inte fråga Fortnox.", "You chose not to ask Fortnox.")
NO_DEFINITION = Text(
    "Ingen import är upplagd för fakturans region, så det finns ingen att fråga.",
    "No import is defined for the invoice's region, so that there is nobody to ask.",
)
CANNOT_ASK = Text(
    "Insticksprogrammet kan inte läsa enstaka fakturors betalningar; uppgradera det.",
    "The plug-in cannot read the payments of single invoices; upgrade it.",
)


# --- SQL ----------------------------------------------------------------------------

_NUMBERS_THERE = """
    SELECT invoice_number FROM payments
    WHERE invoice_id = :invoice_id AND import_type = :import_type AND company = :company
    AND origin = 'import'
    UNION
    SELECT r.invoice_number FROM run_rows r JOIN runs u ON u.id = r.run_id
    WHERE u.definition = :definition AND u.state = 'open' AND r.invoice_id = :invoice_id
    LIMIT 400
"""

# :number is the one there, :region that of the definition.
_MET = """
    SELECT invoice_id FROM (
        SELECT p.invoice_id FROM payments p
        WHERE p.import_type = :import_type AND p.company = :company
        AND p.invoice_number = :number
        UNION ALL
        SELECT r.invoice_id FROM run_rows r JOIN runs u ON u.id = r.run_id
        WHERE u.definition = :definition AND u.state = 'open' AND r.invoice_number = :number
    ) JOIN invoices i ON i.id = invoice_id AND i.region = :region
    LIMIT 1
"""

# :invoice_number and :ocr are the invoice's, :known is JSON: payments' numbers.
_SHOWN = """
    SELECT r.* FROM run_rows r JOIN runs u ON u.id = r.run_id
    WHERE u.definition = :definition AND u.company = :company AND u.state = 'open'
    AND r.number <> '' AND r.gone = 0
    AND (r.invoice_id = :invoice_id OR (r.invoice_id IS NULL AND r.invoice_number = :invoice_number)
         OR (r.invoice_id IS NULL AND r.ocr <> '' AND r.ocr = :ocr)
         OR r.number IN (SELECT value FROM json_each(:known)))
"""
_PENDING = """
    SELECT p.* FROM pending p
    WHERE p.definition = :definition AND p.company = :company
    AND (p.invoice_number = :invoice_number OR (p.ocr <> '' AND p.ocr = :ocr)
         OR p.number IN (SELECT value FROM json_each(:known)))
"""
