"""The outcome of one payment of an invoice, derived from everything known about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from hostsim.ledger import decisions as decision_rules
from hostsim.ledger import judging, reasons
from hostsim.ledger.candidates import Refusal
from hostsim.ledger.judging import READY, Judgement
from hostsim.ledger.reasons import SETTLED, SETTLEMENTS
from hostsim.ledger.values import HAND, REGISTERED, Decision, Entry
from hostsim.messages import explanations as messages
from hostsim.messages.explanations import TO_DO
from hostsim.messages.past_tense import once_saved
from hostsim.storage import discrepancies
from hostsim.storage.rows import payment_of, text_of
from opter_contract.values import Text

# The outcomes of a payment, in addition to :data:`REGISTERED`.
BY_HAND = "by-hand"
DELETED = "deleted"
REVERSED = "reversed"
REVERSAL = "reversal"
SET_ASIDE = "set-aside"
IN_PREVIEW = "in-preview"
NOT_READ = "not-read"
REJECTED = "rejected"
IGNORED = "ignored"
NOT_ON_INVOICE = "gone-from-invoice"  # moved to another one at the source, or deleted there
DELETED_AT_SOURCE = "deleted-in-fortnox"

#: The reason of a registered payment that pays another invoice at the source now.
MOVED = "changed-in-fortnox"

#: The outcome of a payment in the books that does not count, by its state there.
_STATES = {"deleted": DELETED, "reversed": REVERSED, "reversal": REVERSAL}


@dataclass(slots=True)
class Facts:
    """Everything known about one payment."""

    number: str = ""
    row: sqlite3.Row | None = None  # as it is at the source now
    judgement: Judgement | None = None
    here: list[Entry] = field(default_factory=list)
    deleted_at_source: bool = False  # although it is registered here, or was
    previewed: sqlite3.Row | None = None  # in the open preview
    pending: sqlite3.Row | None = None
    other_import: bool = False  # registered by another import than the one that was asked
    elsewhere: bool = False  # in the books, but on another invoice

    @property
    def last(self) -> Entry | None:
        """The entry that decides: the registered one, else the latest."""
        registered = [entry for entry in self.here if entry.state == REGISTERED]
        entries = registered or self.here
        return entries[-1] if entries else None

    @property
    def is_gone(self) -> bool:
        """Whether an import found that the source deleted a payment that is not registered."""
        if self.previewed is not None:
            return False
        if self.pending is not None and self.pending["gone"]:
            return True
        return self.deleted_at_source and self.row is None

    @property
    def invoice_number(self) -> str | None:
        """The number of its invoice at the source, as far as it is known."""
        for row in (self.row, self.previewed, self.pending):
            if row is not None:
                return row["invoice_number"]  # type: ignore[no-any-return]
        return self.here[-1].invoice_number if self.here else None


def outcome_of(
    facts: Facts, decisions: Sequence[Decision], *, asked: bool, complete: bool
) -> tuple[str, Refusal | None]:
    """Return outcome and reason; the present state takes precedence over earlier ones.

    :param complete: whether the plug-in, if it was asked, could read everything.
    """
    last, refusal = facts.last, _refusal_of(facts.judgement)
    if last is not None and last.origin == HAND:
        return _STATES.get(last.state, BY_HAND), None
    if last is not None and facts.other_import:
        return _STATES.get(last.state, REGISTERED), None
    if last is not None and last.state == REGISTERED:
        refusal = refusal if asked else _earlier_refusal(facts)
        kept = any(one.decision == reasons.KEEP and one.in_force for one in decisions)
        return _registered(facts, last, refusal, asked=asked, kept=kept)
    half = None if asked and complete else _row_of_half(facts, asked=asked)
    if any(decision.decision == SET_ASIDE and decision.in_force for decision in decisions):
        shown = facts.previewed if half is None else half
        hidden = None if facts.judgement is None else facts.judgement.hidden
        if shown is None and hidden is not None and hidden.reason in SETTLEMENTS:
            return SET_ASIDE, hidden
        return SET_ASIDE, refusal if shown is None else _refusal_in(shown)
    if half is not None and (last is None or half["reason"] is None):
        return _earlier(facts, asked=False)
    if facts.judgement is None:
        nothing_there = facts.is_gone or (asked and facts.previewed is None)
        if last is None or (last.state == "deleted" and nothing_there):
            return _earlier(facts, asked=asked)
        return _STATES[last.state], _rejected_now(facts)
    if half is not None:
        refusal = _refusal_in(half)
    elif facts.judgement.kind == READY:
        return _ready(facts)
    if last is not None:
        return _STATES[last.state], refusal
    return IGNORED if facts.judgement.kind == judging.IGNORED else REJECTED, refusal


def _registered(
    facts: Facts, last: Entry, refusal: Refusal | None, *, asked: bool, kept: bool
) -> tuple[str, Refusal | None]:
    """Return the refusal of what is registered only if it changed, also if that is kept."""
    if facts.deleted_at_source:
        return REGISTERED, Refusal(discrepancies.DELETED, messages.DELETED_AT_SOURCE)
    if asked and facts.row is None:
        return _not_on_invoice(facts, last)
    if refusal is not None and refusal.reason == reasons.OTHER_REGION:
        return REGISTERED, None
    if refusal is None or refusal.reason != reasons.REGISTERED_ALREADY:
        return REGISTERED, refusal
    if kept and facts.elsewhere:
        return REGISTERED, refusal._replace(obstacle=reasons.KEPT_ELSEWHERE)
    return REGISTERED, refusal if kept else None


def _ready(facts: Facts) -> tuple[str, Refusal | None]:
    if facts.previewed is not None:
        return IN_PREVIEW if facts.previewed["kind"] == READY else NOT_READ, None
    if facts.pending is not None and facts.pending["reason"] == reasons.LEFT:
        return NOT_READ, _refusal_at_save(facts.pending)
    return NOT_READ, None


def _row_of_half(facts: Facts, *, asked: bool) -> sqlite3.Row | None:
    """Return the row of a half of a settlement in the last import, which read the other half too.

    Without the other half, which may not have been read now, it would look like money.
    """
    row = facts.pending if facts.previewed is None else facts.previewed
    if row is None or facts.is_gone or not _is_half(row, in_preview=row is facts.previewed):
        return None
    if facts.row is None:
        return None if asked else row  # it is gone there
    return row if _same_payment(facts.row, row) else None


def _is_half(row: sqlite3.Row, *, in_preview: bool) -> bool:
    return row["reason"] in SETTLEMENTS or (in_preview and row["status"] == SETTLED)


def _same_payment(one: sqlite3.Row, other: sqlite3.Row) -> bool:
    payments = payment_of(one, ""), payment_of(other, "")
    facts = [payment and decision_rules.facts_of(payment) for payment in payments]
    return facts[0] == facts[1]


def _rejected_now(facts: Facts) -> Refusal | None:
    """Return why the open preview rejects a payment that was registered once."""
    if facts.previewed is None or facts.previewed["kind"] != judging.REJECTED:
        return None
    return _refusal_in(facts.previewed)


def _earlier_refusal(facts: Facts) -> Refusal | None:
    """Return the refusal of a registered payment in the open preview, else at the last save."""
    if facts.previewed is not None:
        return _refusal_in(facts.previewed)
    if facts.pending is not None and not facts.is_gone:
        return _refusal_in(facts.pending)
    return None


def _not_on_invoice(facts: Facts, registered: Entry) -> tuple[str, Refusal | None]:
    """Return the outcome of a registered payment that is no longer on the invoice there."""
    if registered.status == SETTLED and registered.invoice_number != registered.host_invoice_number:
        return REGISTERED, None  # a half whose own invoice was not here
    for row in (facts.previewed, facts.pending):
        if row is None or row["invoice_number"] in {None, registered.invoice_number}:
            continue
        earlier = _refusal_in(row)
        if earlier is not None and earlier.reason == reasons.REGISTERED_ALREADY:
            return REGISTERED, earlier  # a person keeps what is registered
        pays_another = messages.pays_another(row["invoice_number"])
        return REGISTERED, Refusal(MOVED, pays_another, row["obstacle"])
    return NOT_ON_INVOICE, None


def _earlier(facts: Facts, *, asked: bool) -> tuple[str, Refusal | None]:
    """Return the outcome in the open preview, or at the last save."""
    if facts.is_gone:
        return DELETED_AT_SOURCE, None
    if asked:
        return NOT_ON_INVOICE, None
    if facts.previewed is not None:
        if facts.previewed["kind"] == READY:
            return IN_PREVIEW, None
        kind = IGNORED if facts.previewed["kind"] == judging.IGNORED else REJECTED
        return kind, _refusal_in(facts.previewed)
    if facts.pending is not None:
        ignored = facts.pending["reason"] == reasons.OTHER_REGION
        return IGNORED if ignored else REJECTED, _refusal_at_save(facts.pending)
    return DELETED_AT_SOURCE, None


def _refusal_of(judgement: Judgement | None) -> Refusal | None:
    if judgement is None or judgement.reason is None or judgement.message is None:
        return None
    return Refusal(judgement.reason, judgement.message, judgement.obstacle)


def _refusal_in(row: sqlite3.Row) -> Refusal | None:
    message = text_of(row["message_sv"], row["message_en"])
    if row["reason"] is None or message is None:
        return None
    return Refusal(row["reason"], message, row["obstacle"])


def _refusal_at_save(pending: sqlite3.Row) -> Refusal | None:
    refusal = _refusal_in(pending)
    if refusal is None or refusal.reason != reasons.LEFT:
        return refusal
    return refusal._replace(message=once_saved(refusal.message) or refusal.message)


def to_do_of(
    outcome: str, refusal: Refusal | None, decisions: Sequence[Decision] = ()
) -> Text | None:
    """Return what a person has to do for the payment to come in; ``None`` for nothing.

    :param decisions: about the payment.
    """
    if outcome == SET_ASIDE:
        return advice_on(SET_ASIDE)
    if _comes_in_by_decision(outcome if refusal is None else refusal.reason, refusal, decisions):
        return messages.TAKEN_AGAIN
    if refusal is None:
        return advice_on(outcome)
    if outcome == REGISTERED and (refusal.reason, refusal.obstacle) == _KEPT:
        return None
    # A reason that only the plug-in knows: its message says what to do.
    return TO_DO.get(refusal.obstacle) or advice_on(refusal.reason) or refusal.message


#: The reason and the obstacle of what is kept as registered here.
_KEPT = (reasons.REGISTERED_ALREADY, "")


def _comes_in_by_decision(
    code: str, refusal: Refusal | None, decisions: Sequence[Decision]
) -> bool:
    """Return whether a refused payment comes in anyway, as a person decided."""
    in_force = [
        decision
        for decision in decisions
        if decision.in_force and decision.decision not in {SET_ASIDE, reasons.KEEP}
    ]
    if code == reasons.PAID:
        return any(map(decision_rules.allows_advance, in_force))
    if refusal is not None and refusal.obstacle == reasons.TO_BE_FETCHED:
        return bool(in_force)
    # If it is still refused as deleted, the decision was about other figures.
    return code in {DELETED, reasons.DELETED} and refusal is None and bool(in_force)


def advice_on(code: str) -> Text | None:
    """Return what to do about a reason or an outcome."""
    reason = reasons.REASONS.get(reasons.DELETED if code == DELETED else code)
    return TO_DO.get(code) if reason is None else reason.to_do
