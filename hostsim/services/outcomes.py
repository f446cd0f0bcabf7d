"""The outcome of one payment of an invoice, out of all that is known of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from hostsim.ledger import decisions as decision_rules
from hostsim.ledger import judging, reasons
from hostsim.ledger.candidates import Refusal
from hostsim.ledger.judging import READY, Judgement
from hostsim.ledger.reasons import SETTLED
from hostsim.ledger.values import HAND, REGISTERED, Decision, Entry
from hostsim.messages import explanations as messages
from hostsim.messages.decisions import FETCHED_BEFORE_SAVING
from hostsim.messages.explanations import TO_DO
from hostsim.messages.payments import PAID_BY_WAITING
from hostsim.storage import discrepancies
from hostsim.storage.rows import text_of
from opter_contract.values import Text

# The outcome of a payment, beside :data:`REGISTERED`.
BY_HAND = "by-hand"
DELETED = "deleted"
REVERSED = "countered"
REVERSAL = "counter"
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
_STATES = {"deleted": DELETED, "countered": REVERSED, "counter": REVERSAL}


@dataclass(slots=True)
class Facts:
    """All that is known of one payment."""

    number: str = ""
    row: sqlite3.Row | None = None  # as it is at the source now
    judgement: Judgement | None = None
    here: list[Entry] = field(default_factory=list)
    deleted_at_source: bool = False  # although it is registered here
    previewed: sqlite3.Row | None = None  # in the open preview
    pending: sqlite3.Row | None = None
    other_import: bool = False  # registered by another import than the one that is asked

    @property
    def last(self) -> Entry | None:
        """The entry that decides: the registered one, else the latest."""
        registered = [entry for entry in self.here if entry.state == REGISTERED]
        several = registered or self.here
        return several[-1] if several else None

    @property
    def invoice_number(self) -> str | None:
        """The number of its invoice at the source, as far as it is known."""
        for row in (self.row, self.previewed, self.pending):
            if row is not None:
                return row["invoice_number"]  # type: ignore[no-any-return]
        return self.here[-1].invoice_number if self.here else None


def outcome_of(one: Facts, its: Sequence[Decision], *, asked: bool) -> tuple[str, Refusal | None]:
    """Return outcome and reason: what holds now goes before what held earlier."""
    last, now = one.last, _refusal_of(one.judgement)
    if last is not None and last.origin == HAND:
        return _STATES.get(last.state, BY_HAND), None
    if last is not None and one.other_import:
        return _STATES.get(last.state, REGISTERED), None
    if last is not None and last.state == REGISTERED:
        return _registered(one, last, now if asked else _earlier_refusal(one), asked=asked)
    if any(decision.decision == SET_ASIDE and decision.in_force for decision in its):
        return SET_ASIDE, _settled(one) or now
    if one.judgement is None:
        if last is not None:
            return _STATES[last.state], _rejected_now(one)
        return _earlier(one, asked=asked)
    if one.judgement.kind == READY:
        return _ready(one)
    if last is not None:
        return _STATES[last.state], now
    return IGNORED if one.judgement.kind == judging.IGNORED else REJECTED, now


def _registered(
    one: Facts, last: Entry, now: Refusal | None, *, asked: bool
) -> tuple[str, Refusal | None]:
    if one.deleted_at_source:
        return REGISTERED, Refusal(discrepancies.DELETED, messages.DELETED_AT_SOURCE)
    if asked and one.row is None:
        return _not_on_invoice(one, last)
    return REGISTERED, now if now and now.reason != reasons.REGISTERED_ALREADY else None


def _ready(one: Facts) -> tuple[str, Refusal | None]:
    if (settled := _settled(one)) is not None:
        return REJECTED, settled
    previewed = one.previewed is not None and one.previewed["kind"] == READY
    return IN_PREVIEW if previewed else NOT_READ, None


def _settled(one: Facts) -> Refusal | None:
    """Say that the last import found the other half of a settlement, on another invoice."""
    for row in (one.previewed, one.pending):
        if row is not None and row["reason"] == SETTLED:
            return _refusal_in(row)
    return None


def _rejected_now(one: Facts) -> Refusal | None:
    """Return why the open preview rejects a payment that was registered once."""
    if one.previewed is None or one.previewed["kind"] != judging.REJECTED:
        return None
    return _refusal_in(one.previewed)


def _earlier_refusal(one: Facts) -> Refusal | None:
    """Return what the open preview, else the last save, says of a registered payment."""
    if one.previewed is not None:
        return _refusal_in(one.previewed)
    if one.pending is not None and one.pending["deleted_at"] is None:
        return _refusal_in(one.pending)
    return None


def _not_on_invoice(one: Facts, registered: Entry) -> tuple[str, Refusal | None]:
    """Say what is known of a registered payment that the source has no longer on the invoice."""
    for row in (one.previewed, one.pending):
        if row is None or row["invoice_number"] in {None, registered.invoice_number}:
            continue
        earlier = _refusal_in(row)
        if earlier is not None and earlier.reason == reasons.REGISTERED_ALREADY:
            return REGISTERED, None  # a person keeps what is registered
        return REGISTERED, Refusal(MOVED, messages.pays_another(row["invoice_number"]))
    return NOT_ON_INVOICE, None


def _earlier(one: Facts, *, asked: bool) -> tuple[str, Refusal | None]:
    """Return the outcome in the open preview, or at the last save."""
    if asked:
        return NOT_ON_INVOICE, None
    if one.previewed is not None:
        if one.previewed["kind"] == READY:
            return IN_PREVIEW, None
        kind = IGNORED if one.previewed["kind"] == judging.IGNORED else REJECTED
        return kind, _refusal_in(one.previewed)
    if one.pending is not None and one.pending["deleted_at"] is None:
        return REJECTED, _refusal_in(one.pending)
    return DELETED_AT_SOURCE, None


def _refusal_of(judgement: Judgement | None) -> Refusal | None:
    if judgement is None or judgement.reason is None or judgement.message is None:
        return None
    return Refusal(judgement.reason, judgement.message)


def _refusal_in(row: sqlite3.Row) -> Refusal | None:
    message = text_of(row["message_sv"], row["message_en"])
    return None if row["reason"] is None or message is None else Refusal(row["reason"], message)


def to_do_of(outcome: str, refusal: Refusal | None, its: Sequence[Decision] = ()) -> Text | None:
    """Say what would have to happen; an unknown reason of a plug-in speaks for itself.

    :param its: what was decided about the payment.
    """
    code = outcome if refusal is None or outcome == SET_ASIDE else refusal.reason
    if _comes_in(code, refusal, its):
        return messages.TAKEN_AGAIN
    if refusal is not None and outcome != SET_ASIDE:
        return advice_on(refusal.reason, refusal.message) or refusal.message
    return advice_on(outcome)


def _comes_in(code: str, refusal: Refusal | None, its: Sequence[Decision]) -> bool:
    """Return whether a payment that was refused comes in all the same, as a person decided."""
    wanted = [one for one in its if one.in_force and one.decision not in {SET_ASIDE, reasons.KEEP}]
    if code == reasons.PAID:
        return any(map(decision_rules.allows_advance, wanted))
    # What is still refused as deleted was decided about other figures.
    holds = refusal is None or refusal.message == FETCHED_BEFORE_SAVING
    return code in {DELETED, reasons.DELETED} and holds and bool(wanted)


def advice_on(code: str, message: Text | None = None) -> Text | None:
    """Say what to do about a reason.

    :param message: what is said of the payment.
    """
    if message == PAID_BY_WAITING:
        return messages.WAITS_FOR_OTHER
    reason = reasons.REASONS.get(reasons.DELETED if code == DELETED else code)
    return TO_DO.get(code) if reason is None else reason.to_do
