"""Which reason keeps a payment from being saved: the first that applies, in their order.

The order is the one in which a person would want to be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hostsim.ledger import reasons
from hostsim.ledger.candidates import Candidate, Refusal
from hostsim.ledger.decisions import Deletion, HostWriteOff, Settlement
from hostsim.ledger.possible_duplicates import Doubt
from hostsim.ledger.reasons import (
    ACCEPT,
    CHANGED,
    CONFIRM,
    KEEP,
    REPLACED,
    SETTLED,
    SETTLEMENT_BLOCKED,
)
from hostsim.ledger.values import SEK, ZERO, Decision, Invoice, same_currency
from hostsim.messages import decisions as decisions_messages
from hostsim.messages import payments as payments_messages
from hostsim.messages.payments import Difference
from hostsim.messages.text import listed
from opter_contract.values import Payment, Text


def first_refusal(
    candidate: Candidate,
    invoice: Invoice,
    effect: Decimal | None,
    *,
    paid: bool,
    paid_by_waiting: bool,
    as_if_fetched: bool,
    doubt: Doubt | None,
    fits: bool,
) -> Refusal | None:
    """Return the first refusal that applies; ``None`` for a payment that is ready.

    :param effect: by how much the payment lowers the balance, in the invoice's currency;
        ``None`` if the figures for it are not known.
    :param paid: nothing remains, the payment would lower that further, and nobody takes it
        all the same.
    :param paid_by_waiting: nothing would remain once what is left out or undone is registered.
    :param doubt: the payments of other channels that this may be the same as.
    :param fits: something remains, and the payment is not more than that.
    """
    refusal = exclusion_reason(candidate)
    payment = candidate.payment
    if payment is None or (refusal is not None and not _is_of_source(refusal, candidate)):
        return refusal
    open_doubt = doubt if doubt is not None and doubt.confirmed is None else None
    if open_doubt is not None and open_doubt.days == 0:
        return Refusal(reasons.DOUBTFUL, open_doubt.message)
    if refusal is not None:
        return refusal
    if not invoice.period_closed:
        return Refusal.of("period-open")
    if not same_currency(payment.currency, invoice.currency):
        return Refusal(
            "currency-differs",
            payments_messages.currency_differs(payment.currency, invoice.currency),
        )
    # Before "already paid": a payment of another channel is often what paid it.
    if open_doubt is not None and not fits:
        return Refusal(reasons.DOUBTFUL, open_doubt.message)
    refusal = settlement_refusal(candidate)
    blocked = refusal is not None and refusal.reason == SETTLEMENT_BLOCKED
    if paid and not blocked:
        refusal = _paid_refusal(candidate, invoice, by_waiting=paid_by_waiting)
    if refusal is not None:
        return refusal
    if as_if_fetched:
        return None
    if candidate.earlier is not None:
        decided = (
            candidate.taken_again or candidate.is_advance or candidate.decided(ACCEPT) is not None
        )
        must_fetch = doubt is not None or candidate.replaces or decided
        return _to_be_fetched(candidate.earlier) if must_fetch else candidate.earlier
    if effect is None:
        return Refusal("unreadable", payments_messages.AMOUNT_UNKNOWN)
    # Last: the other region saves its half where nothing but that is in the way of this one.
    return _other_region_first(candidate)


def exclusion_reason(candidate: Candidate) -> Refusal | None:
    """Return the first refusal that applies whatever the invoice is."""
    excluded = candidate.excluded
    if excluded is not None and excluded.reason == "unreadable":
        return excluded
    if candidate.payment is None:
        return excluded or Refusal.of("unreadable")
    if candidate.registered is not None and not candidate.replaces:
        return _registered_refusal(candidate)
    if moves_no_money(candidate.payment) and not candidate.replaces:
        return Refusal.of(reasons.NO_AMOUNT)
    ignored = excluded is not None and excluded.reason in reasons.IGNORED
    if candidate.deleted is not None and not candidate.taken_again:
        if ignored:
            return excluded
        message = _deletion_message(candidate.deleted, candidate.changes_since_deleted)
        if candidate.replaceable:
            # Whoever takes it again, or deletes the other, should know of both.
            message = listed([message, payments_messages.replaces(candidate.replaceable)], ". ")
        return Refusal(reasons.DELETED, message)
    if ignored or candidate.decided(CONFIRM):
        return excluded
    if candidate.replaceable and not candidate.accepts(REPLACED):
        return candidate.blocked or Refusal(
            REPLACED, payments_messages.replaces(candidate.replaceable)
        )
    if candidate.unchecked:
        message = payments_messages.not_asked_yet(candidate.unchecked)
        return Refusal(REPLACED, message, reasons.NOT_CHECKED)
    if candidate.changed:
        return _beside_changed(candidate)
    return excluded


def _is_of_source(refusal: Refusal, candidate: Candidate) -> bool:
    """Whether the source alone keeps the payment from being saved, such as one not booked."""
    takes_precedence = refusal.reason == "unreadable" or refusal.reason in reasons.IGNORED
    return refusal is candidate.excluded and not takes_precedence


def settlement_refusal(candidate: Candidate) -> Refusal | None:
    """Refuse a settlement that cannot be saved, or against a credit note that is not here.

    The latter until it is accepted, which is possible only where both halves can be saved.
    """
    settlement = candidate.settles
    if settlement is None:
        return None
    message = settlement_message(candidate, settlement)
    if settlement.ignored:
        waits = payments_messages.half_waits(message, payments_messages.HALF_IGNORED)
        return Refusal(SETTLEMENT_BLOCKED, waits)
    if candidate.blocked is not None:
        # One of the halves cannot be saved, and neither is saved alone.
        waits = payments_messages.half_waits(message, candidate.blocked.message)
        return Refusal(SETTLEMENT_BLOCKED, waits)
    if settlement.complete or candidate.accepts(SETTLED):
        return None
    return Refusal(SETTLED, message)


def _other_region_first(candidate: Candidate) -> Refusal | None:
    settlement = candidate.settles
    if settlement is None or settlement.waits is None:
        return None
    message = settlement_message(candidate, settlement)
    waits = payments_messages.half_waits(message, settlement.waits)
    return Refusal(SETTLEMENT_BLOCKED, waits, reasons.OTHER_REGION_FIRST)


def settlement_message(candidate: Candidate, settlement: Settlement) -> Text:
    is_credit = candidate.payment is not None and candidate.payment.amount < 0
    currency = SEK if candidate.payment is None else candidate.payment.currency
    return payments_messages.settles(
        settlement.number,
        settlement.invoice_number,
        currency,
        credit=is_credit,
        same_date=settlement.same_date,
    )


def unfetched_refusal(candidate: Candidate) -> Refusal | None:
    return None if candidate.earlier is None else _to_be_fetched(candidate.earlier)


def _to_be_fetched(earlier: Refusal) -> Refusal:
    return Refusal(earlier.reason, decisions_messages.FETCHED_BEFORE_SAVING, reasons.TO_BE_FETCHED)


def _beside_changed(candidate: Candidate) -> Refusal:
    set_aside = any(payment.set_aside for payment in candidate.changed)
    message = payments_messages.beside_changed(candidate.changed, set_aside=set_aside)
    return Refusal(REPLACED, message, reasons.BESIDE_CHANGED)


def _registered_refusal(candidate: Candidate) -> Refusal:
    differences = candidate.changes
    if not differences:
        return Refusal.of("already-imported")
    change = payments_messages.changed(differences)
    keep_decision = candidate.decided(KEEP)
    if keep_decision is not None:
        return Refusal(
            "already-imported", decisions_messages.kept(change, author_of(keep_decision))
        )
    return candidate.blocked or Refusal(CHANGED, change)


def _paid_refusal(candidate: Candidate, invoice: Invoice, *, by_waiting: bool) -> Refusal:
    """Refuse since nothing remains; name the payments that paid it but are lost at the source.

    One that was confirmed as another payment waits for them all the same.
    """
    number = invoice.number
    paying = [payment for payment in candidate.replaceable if payment.host_invoice_number == number]
    if paying and not candidate.accepts(REPLACED):
        message = payments_messages.paid_by_deleted(paying)
        return Refusal(REPLACED, message, reasons.CONFIRMED_BUT)
    if candidate.changed:
        return _beside_changed(candidate)
    written_off = None if by_waiting or candidate.kept else candidate.written_off
    if candidate.settles is not None:
        # No money came that could be paid back.
        message = payments_messages.settled_though_paid(
            number, candidate.kept, credit=invoice.total < 0, by_waiting=by_waiting
        )
        if written_off is not None:
            message = payments_messages.settled_though_written_off(
                *written_off, _more_than(written_off, candidate.payment)
            )
        return Refusal(SETTLEMENT_BLOCKED, message)
    if by_waiting:
        return Refusal(reasons.PAID, payments_messages.PAID_BY_WAITING, reasons.PAID_BY_WAITING)
    if candidate.kept:
        message = payments_messages.paid_by_kept(candidate.kept)
        return Refusal(reasons.PAID, message, reasons.BESIDE_KEPT)
    if written_off is not None:
        more = _more_than(written_off, candidate.payment)
        obstacle = reasons.MORE_THAN_WRITTEN_OFF if more else reasons.WRITTEN_OFF_HERE
        message = payments_messages.paid_by_write_off(*written_off, more)
        return Refusal(reasons.PAID, message, obstacle)
    return Refusal.of(reasons.PAID)


def _more_than(written_off: HostWriteOff, payment: Payment | None) -> Decimal:
    """Return by how much a payment is more than what was written off, in SEK; 0 if it is not."""
    amount = ZERO if payment is None else abs(payment.amount)
    return max(ZERO, amount - abs(written_off.amount))


def moves_no_money(payment: Payment) -> bool:
    return not payment.amount and not payment.amount_currency and not payment.write_offs


def _deletion_message(deletion: Deletion, differences: Sequence[Difference]) -> Text:
    deleted = decisions_messages.deleted_here(deletion.user, deletion.at, deletion.why)
    return decisions_messages.was_here(deleted, differences)


def author_of(decision: Decision | None) -> Text:
    if decision is None:
        return Text("?", "?")
    return decisions_messages.by_whom(decision.user, decision.at, decision.why)
