"""How the payments of one invoice are judged together, without I/O.

Everything here is a function of values: the payments that were read for one
invoice, the invoice, and the deviation that the office accepts. The rules
are the host's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from hostsim.ledger import reasons
from hostsim.ledger.accepted_deviation import shortfall_to_write_off
from hostsim.ledger.candidates import Candidate, OtherImport, Refusal, oldest_first_indexes
from hostsim.ledger.decisions import OtherChannelPayment, OtherInvoicePayment
from hostsim.ledger.differences import outdated
from hostsim.ledger.possible_duplicates import Doubt, equal_invoice_warnings, find_doubts
from hostsim.ledger.reason_order import (
    author_of,
    exclusion_reason,
    first_refusal,
    moves_no_money,
    settlement_message,
    settlement_refusal,
    unfetched_refusal,
)
from hostsim.ledger.reasons import CHANGED, KEEP, OTHER_REGION, REPLACED, SET_ASIDE, SETTLED
from hostsim.ledger.values import ZERO, Decision, Invoice, exact
from hostsim.ledger.write_offs import (
    lowers_balance,
    read_effect,
    signed_effect,
)
from hostsim.messages import decisions as decisions_messages
from hostsim.messages import payments as payments_messages
from hostsim.messages import text as text_messages
from opter_contract.values import Payment, Text

READY = "ready"
LEFT_OUT = "left"  # could be saved, but not this time
REJECTED = "rejected"
IGNORED = "ignored"
#: The lists of a preview. Every payment that was read ends in exactly one.
KINDS = (READY, LEFT_OUT, REJECTED, IGNORED)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The judgement of a payment, as it is shown.

    ``written_off`` is SEK; ``effect`` is by how much a payment that is ready
    lowers the balance, in the invoice's currency, written off included;
    ``remaining`` is the balance after it, ``None`` if there is no invoice.
    ``hidden`` is the refusal that a decision of a person hides, and ``others``
    are the payments of other channels that it may be the same as.
    """

    kind: str
    status: str | None = None
    warning: Text | None = None
    reason: str | None = None
    message: Text | None = None
    obstacle: str = ""
    written_off: Decimal = ZERO
    effect: Decimal = ZERO
    remaining: Decimal | None = None
    hidden: Refusal | None = None
    others: Sequence[OtherChannelPayment] = ()
    #: Why it cannot be saved, apart from the accepted change.
    because: Refusal | None = None


#: The statuses that get a green tick; the others get a red flag.
TICKED = frozenset({"exact", "written-off"})


def needs_person(status: str, warning: Text | None, written_off: Decimal) -> Text | None:
    """Return why a ready payment must not be saved unattended; ``None`` if it may.

    It may with a green tick and no warning.
    """
    if status == "written-off" and warning == payments_messages.written_off(written_off):
        return None
    if status in TICKED and warning is None:
        return None
    return payments_messages.left_for_person(warning or Text(status, status))


class Judged(NamedTuple):
    """One judgement for each candidate, in their order, and the balance after them."""

    judgements: Sequence[Judgement]
    remaining: Decimal


@exact
def judge(
    invoice: Invoice,
    candidates: Sequence[Candidate],
    accepted_deviation: Decimal,
    *,
    as_if_fetched: bool = False,
    others: Sequence[OtherChannelPayment] = (),
    on_other_invoices: Sequence[OtherInvoicePayment] = (),
) -> Judged:
    """Judge all payments of one invoice, oldest first, whatever order they are given in.

    :param invoice: its balance is without the payments that an accepted change reverses.
    :param accepted_deviation: SEK; a last shortfall of at most that is written off.
    :param as_if_fetched: judge as if every payment of an earlier run had just been
        fetched again, to learn which of them must be.
    :param others: the registered payments of the invoice from other channels.
    :param on_other_invoices: those of other invoices of the customer that nothing explains there.
    """
    doubts = find_doubts(candidates, others)
    open_invoice = _OpenInvoice(invoice, on_other_invoices, as_if_fetched=as_if_fetched)
    judgements: dict[int, Judgement] = {}
    last_ready: int | None = None
    for index in oldest_first_indexes(candidates):
        judgements[index] = open_invoice.judge(candidates[index], doubts.get(index))
        if judgements[index].kind == READY:
            last_ready = index
    if last_ready is not None:
        payment, judgement = candidates[last_ready].payment, judgements[last_ready]
        judgements[last_ready] = open_invoice.write_off(payment, judgement, accepted_deviation)
    return Judged([judgements[index] for index in range(len(candidates))], open_invoice.balance)


class _OpenInvoice:
    """An invoice whose payments are judged one after the other.

    Amounts have the sign of an ordinary invoice: a credit invoice is one with the sign changed.
    """

    def __init__(
        self,
        invoice: Invoice,
        on_other_invoices: Sequence[OtherInvoicePayment],
        *,
        as_if_fetched: bool,
    ) -> None:
        self._invoice = invoice
        self._on_other_invoices = on_other_invoices
        self._as_if_fetched = as_if_fetched
        self._sign = -1 if invoice.total < 0 else 1
        self._remaining = self._sign * invoice.remaining
        # The effect of payments that are left out, or were undone. One that waits still pays its
        # invoice: no later one takes its place.
        self._waiting = ZERO
        self._replaced: set[int] = set()  # by payments that are ready
        self._own_warnings: list[Text] = []  # of the last ready one

    @property
    def balance(self) -> Decimal:
        return self._sign * self._remaining

    def judge(self, candidate: Candidate, doubt: Doubt | None) -> Judgement:
        effect, other_reading = read_effect(candidate, self._sign, self._remaining)
        paid = self._is_paid(candidate, effect)
        though_paid = candidate.is_taken_though_paid or self._takes_place(candidate)
        refusal = first_refusal(
            candidate,
            self._invoice,
            effect,
            paid=paid and not though_paid,
            paid_by_waiting=self._remaining > 0,
            as_if_fetched=self._as_if_fetched,
            doubt=doubt,
            fits=not paid and _status(effect, self._remaining) != "advance",
        )
        status = self._status_of(candidate, effect)
        if candidate.left_out is not None and (refusal is None or _accepted_refusal(candidate)):
            if candidate.registered is None and not candidate.replaceable:
                self._waiting += effect or ZERO
            return _left_out_judgement(status, candidate.left_out, self.balance)
        if refusal is not None or candidate.payment is None:
            refusal = refusal or Refusal.of("unreadable")
            if _is_undone(candidate, refusal):
                self._waiting += effect or ZERO
            return _refused_judgement(candidate, refusal, doubt, self.balance)
        warnings = _decision_warnings(
            candidate, doubt, though_paid=though_paid and paid and self._remaining <= 0
        )
        if status == SETTLED and effect is not None and effect > self._remaining:
            too_much = effect - self._remaining
            warnings.insert(0, payments_messages.settled_too_much(too_much, self._invoice.currency))
        warnings += [*other_reading, *candidate.payment.warnings]
        if doubt is None:
            warnings += equal_invoice_warnings(
                candidate.payment, self._invoice, self.balance, self._on_other_invoices
            )
        return self._take(candidate, effect or ZERO, status, warnings)

    def _is_paid(self, candidate: Candidate, effect: Decimal | None) -> bool:
        """Return whether the invoice is paid without a payment that would lower its balance."""
        covered = min(self._remaining, self._remaining - self._waiting) <= 0
        return (
            covered
            and not _moves_no_money(candidate)
            and lowers_balance(effect, candidate.payment, self._sign)
        )

    def _takes_place(self, candidate: Candidate) -> bool:
        """Return whether it comes in the place of one of the invoice, which may be an advance."""
        return candidate.accepts(REPLACED) and any(
            old.host_invoice_number == self._invoice.number and old.id not in self._replaced
            for old in candidate.replaceable
        )

    def _status_of(self, candidate: Candidate, effect: Decimal | None) -> str:
        if _moves_no_money(candidate):
            return "reversal"  # of what was registered
        return SETTLED if candidate.settles is not None else _status(effect, self._remaining)

    def _take(
        self, candidate: Candidate, effect: Decimal, status: str, warnings: list[Text]
    ) -> Judgement:
        if candidate.accepts(REPLACED):
            self._replaced.update(old.id for old in candidate.replaceable)
        self._remaining -= effect
        self._own_warnings = warnings
        return _ready_judgement(status, warnings, self._sign * effect, self.balance)

    def write_off(
        self, payment: Payment | None, judgement: Judgement, accepted: Decimal
    ) -> Judgement:
        """Write off what remains after the last payment, if it paid a part and that is accepted.

        :param accepted: SEK, at most.
        """
        if judgement.status != "partial":
            return judgement
        amount = shortfall_to_write_off(self._remaining, payment, accepted)
        if amount is None:
            return judgement
        effect, self._remaining = judgement.effect + self.balance, ZERO
        return _written_off_judgement(amount, self._own_warnings, effect)


@exact
def judge_by_hand(invoice: Invoice, payment: Payment) -> Judgement:
    """Judge a payment that a person types; it is saved whatever the balance is."""
    sign = -1 if invoice.total < 0 else 1
    effect = signed_effect(payment, sign) or ZERO
    return _ready_judgement(_status(effect, sign * invoice.remaining), [], sign * effect)


def judge_without_invoice(candidate: Candidate, *, as_if_fetched: bool = False) -> Judgement:
    """Judge a payment that matches no invoice of the host.

    :param as_if_fetched: see :func:`judge`.
    """
    payment, refusal = candidate.payment, exclusion_reason(candidate)
    other_import = None if candidate.settles is not None else candidate.other_import
    if other_import is not None and _is_for_other_region(candidate, refusal):
        return _refused_judgement(candidate, _other_region_refusal(candidate, other_import))
    if refusal is not None or payment is None:
        return _refused_judgement(candidate, refusal or Refusal.of("unreadable"))
    if candidate.settles is None:
        message = payments_messages.invoice_not_found(payment.invoice_number, payment.ocr)
        return _refused_judgement(candidate, Refusal("invoice-not-found", message))
    refusal = settlement_refusal(candidate)
    if refusal is None and not as_if_fetched:
        refusal = unfetched_refusal(candidate)
    if refusal is not None:
        return _refused_judgement(candidate, refusal)
    if candidate.left_out is not None:
        return _left_out_judgement(SETTLED, candidate.left_out)
    # Its other half is saved with it; it changes no balance.
    warnings = [*_decision_warnings(candidate, None), *payment.warnings]
    return _ready_judgement(SETTLED, warnings, ZERO)


def _is_for_other_region(candidate: Candidate, refusal: Refusal | None) -> bool:
    """Whether no refusal of a payment of another region's invoice comes before that.

    What is to be decided about it can be saved there alone.
    """
    if refusal is None or candidate.registered_elsewhere:
        return True
    if candidate.registered is not None:
        return refusal.reason == CHANGED and candidate.blocked is None
    return refusal.reason != "unreadable" and refusal.reason not in reasons.IGNORED


def _other_region_refusal(candidate: Candidate, other_import: OtherImport) -> Refusal:
    name = other_import.definition
    if candidate.registered is not None and not candidate.registered_elsewhere:
        message = payments_messages.moved_to_other_region(name, declined=other_import.declined)
        if not candidate.replaces:
            changed = payments_messages.changed(candidate.changes)
            message = text_messages.listed([changed, message], ". ")
        return Refusal(CHANGED, message, reasons.MOVED_TO_OTHER_REGION)
    if other_import.saved or candidate.registered_elsewhere:
        return Refusal(OTHER_REGION, payments_messages.of_other_region(name))
    message = payments_messages.of_unsaved_region(name)
    return Refusal("invoice-not-found", message, reasons.OTHER_REGION_UNSAVED)


def _moves_no_money(candidate: Candidate) -> bool:
    return candidate.payment is not None and moves_no_money(candidate.payment)


def _is_undone(candidate: Candidate, refusal: Refusal) -> bool:
    """Return whether it is refused since its save was undone, and nobody set it aside."""
    undone = candidate.deleted is not None and candidate.deleted.undone
    return refusal.reason == reasons.DELETED and undone and not _hidden_by(candidate, refusal)


def _status(effect: Decimal | None, remaining: Decimal) -> str:
    # Unknown only while finding which payments to fetch again.
    if effect is None:
        return "partial"
    if effect < 0:
        return "reversal"
    if effect == remaining:
        return "exact"
    return "advance" if effect > remaining else "partial"


WARNINGS = {
    "partial": payments_messages.PARTIAL,
    "advance": payments_messages.ADVANCE,
    "reversal": payments_messages.REVERSAL,
    SETTLED: payments_messages.NO_MONEY_CAME,
}


def _ready_judgement(
    status: str, warnings: Sequence[Text], effect: Decimal, remaining: Decimal | None = None
) -> Judgement:
    status_warnings = [WARNINGS[status]] if status in WARNINGS else []
    warning = text_messages.joined([*status_warnings, *warnings])
    return Judgement(READY, status=status, warning=warning, effect=effect, remaining=remaining)


def _left_out_judgement(status: str, by_whom: Text, remaining: Decimal | None = None) -> Judgement:
    return Judgement(
        LEFT_OUT, status=status, reason=reasons.LEFT, message=by_whom, remaining=remaining
    )


def _written_off_judgement(amount: Decimal, warnings: Sequence[Text], effect: Decimal) -> Judgement:
    warning = text_messages.joined([payments_messages.written_off(amount), *warnings])
    return Judgement(
        READY,
        status="written-off",
        warning=warning,
        written_off=amount,
        effect=effect,
        remaining=ZERO,
    )


def _refused_judgement(
    candidate: Candidate,
    refusal: Refusal,
    doubt: Doubt | None = None,
    remaining: Decimal | None = None,
) -> Judgement:
    original, accepted = refusal, _accepted_refusal(candidate)
    if accepted is not None:
        refusal = _accepted_but_refused(accepted, refusal)
    hidden = None
    if refusal.reason == "already-imported" and candidate.decided(KEEP):
        hidden = Refusal(CHANGED, refusal.message)
    hiding = _hidden_by(candidate, refusal)
    if hiding is not None:
        hidden = refusal
        message = decisions_messages.set_aside(author_of(hiding), refusal.message)
        refusal = Refusal(SET_ASIDE, message)
    refusal = _if_outdated(candidate, refusal)
    kind = IGNORED if refusal.reason in reasons.IGNORED else REJECTED
    return Judgement(
        kind,
        reason=refusal.reason,
        message=refusal.message,
        obstacle=refusal.obstacle,
        remaining=remaining,
        hidden=hidden,
        others=() if doubt is None else doubt.others,
        because=original,
    )


def _accepted_but_refused(accepted: Refusal, refusal: Refusal) -> Refusal:
    """Refuse a change that is accepted for what keeps it from being saved."""
    # A doubt needs a confirmation of its own: accepting answers another question.
    is_doubt = refusal.reason == reasons.DOUBTFUL
    reason = refusal.reason if is_doubt else accepted.reason
    if refusal.obstacle in {reasons.TO_BE_FETCHED, reasons.OTHER_REGION_FIRST}:
        message = text_messages.listed([refusal.message, accepted.message], ". ")
        return Refusal(reason, message, refusal.obstacle)
    message = decisions_messages.accepted_but(accepted.message, refusal.message)
    return Refusal(reason, message, "" if is_doubt else reasons.ACCEPTED_BUT)


def _if_outdated(candidate: Candidate, refusal: Refusal) -> Refusal:
    """Add that what was decided was about other figures, where it can be decided again."""
    decided = outdated(candidate.decision, candidate.payment, refusal.reason)
    to_be_fetched = refusal.obstacle == reasons.TO_BE_FETCHED
    if decided is None or to_be_fetched or not reasons.asks_person(refusal.reason):
        return refusal
    return refusal._replace(message=decisions_messages.decide_again(refusal.message, decided))


def _accepted_refusal(candidate: Candidate) -> Refusal | None:
    """Return the reason and message of an accepted change, if it can be saved."""
    if candidate.replaces:
        return Refusal(CHANGED, payments_messages.changed(candidate.changes))
    if candidate.accepts(REPLACED):
        return Refusal(REPLACED, payments_messages.replaces(candidate.replaceable))
    if candidate.settles is not None and candidate.accepts(SETTLED):
        return Refusal(SETTLED, settlement_message(candidate, candidate.settles))
    return None


def _hidden_by(candidate: Candidate, refusal: Refusal) -> Decision | None:
    """Return the decision that sets aside a payment which cannot be saved."""
    if refusal.reason in reasons.IGNORED:
        return None
    decision = candidate.decision
    if decision is not None and decision.decision == SET_ASIDE:
        # The registered payment differs: a person should see other figures.
        if refusal.reason == CHANGED and candidate.decided(SET_ASIDE) is None:
            return None
        return decision
    return candidate.series if refusal.reason == "invoice-not-found" else None


def _decision_warnings(
    candidate: Candidate, doubt: Doubt | None, *, though_paid: bool = False
) -> list[Text]:
    warnings = []
    decision = candidate.decision
    set_aside = candidate.series if decision is None or decision.decision != SET_ASIDE else decision
    if set_aside is not None:
        warnings.append(decisions_messages.set_aside_but_ready(author_of(set_aside)))
    if though_paid:
        warnings.append(decisions_messages.paid_but_taken(author_of(decision)))
    if candidate.replaces:
        change = payments_messages.changed(candidate.changes)
        warnings.append(decisions_messages.accepted(change, author_of(decision)))
        if candidate.registered_half and candidate.settles is None:
            warnings.append(payments_messages.WAS_HALF)
    if candidate.accepts(REPLACED):
        change = payments_messages.replaces(candidate.replaceable)
        warnings.append(decisions_messages.accepted(change, author_of(decision)))
    if candidate.settles is not None:
        warnings.append(settlement_message(candidate, candidate.settles))
    elif candidate.kept:
        warnings.append(payments_messages.beside_kept(candidate.kept))
    if candidate.settles is None and candidate.half_there is not None:
        warnings.append(payments_messages.may_be_other_half(candidate.half_there))
    if candidate.deleted is not None and candidate.taken_again:
        taken_again = decisions_messages.TAKEN_AGAIN
        warnings.append(decisions_messages.was_here(taken_again, candidate.changes_since_deleted))
        if candidate.deleted.was_half and candidate.settles is None:
            warnings.append(payments_messages.WAS_HALF)
    if doubt is not None:
        confirmed = doubt.confirmed and author_of(doubt.confirmed)
        message = doubt.message
        warnings.append(decisions_messages.confirmed(message, confirmed) if confirmed else message)
    return warnings
