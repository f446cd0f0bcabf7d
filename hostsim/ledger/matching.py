"""How payments are matched against their invoice, without I/O.

Everything here is a function of values: the payments that were read for one
invoice, the invoice, and the deviation that the office accepts. The rules
are the host's own; their order is the order in which a person would want to
hear them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from hostsim.ledger import decision_rules, reasons, values
from hostsim.ledger.decision_rules import (
    Deletion,
    OtherChannelPayment,
    OtherInvoicePayment,
    ReplaceablePayment,
    Settlement,
)
from hostsim.ledger.reasons import (
    ACCEPT,
    CHANGED,
    CONFIRM,
    KEEP,
    REPLACED,
    SET_ASIDE,
    SETTLED,
    TAKE_AGAIN,
)
from hostsim.ledger.values import SEK, Decision, Invoice, exact
from hostsim.messages import decisions as decisions_messages
from hostsim.messages import payments as payments_messages
from hostsim.messages import text as text_messages
from hostsim.messages.formats import money
from opter_contract.values import Payment, Text

READY = "ready"
LEFT_OUT = "left"  # could be saved, but not this time
REJECTED = "rejected"
IGNORED = "ignored"
#: The lists of a preview. Every payment that was read ends in exactly one.
KINDS = (READY, LEFT_OUT, REJECTED, IGNORED)

#: The arithmetic of every sum of money.
EXACT = values.EXACT

ORE = Decimal("0.01")
ZERO = Decimal(0)


class Refusal(NamedTuple):
    """Why a payment is not ready."""

    reason: str
    message: Text

    @classmethod
    def of(cls, code: str) -> Refusal:
        """Refuse for a reason that has the same message for every payment."""
        reason = reasons.REASONS[code]
        return cls(code, reason.message or reason.label)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A payment that was read, with all that it is judged by except its invoice."""

    number: str
    payment: Payment | None  # None where it could not be read
    excluded: Refusal | None = None  # by the plug-in
    registered: Payment | None = None  # under the same key, in the books
    earlier: Refusal | None = None  # of an earlier run, and not fetched again in this one
    decision: Decision | None = None  # in force about this payment
    series: Decision | None = None  # in force about the numbers that its invoice lies among
    deleted: Deletion | None = None  # of the payment that was registered under the same key
    blocked: Refusal | None = None  # why what was accepted cannot be saved
    replaceable: tuple[
        ReplaceablePayment, ...
    ] = ()  # registered payments that this one may replace
    unchecked: tuple[
        ReplaceablePayment, ...
    ] = ()  # the same, of which nobody knows whether they are gone
    changed: tuple[
        ReplaceablePayment, ...
    ] = ()  # of its invoice, and less or elsewhere at the source now
    settles: Settlement | None = None
    left_out: Text | None = None  # by whom, where it is not to be saved this time
    #: Nothing remains of its invoice where it comes from.
    nothing_left: bool = False

    @property
    def facts(self) -> str:
        """What a decision about the payment would be based on today."""
        if self.payment is None:
            return ""
        return decision_rules.figures(self.payment, replaces=self.replaceable, settles=self.settles)

    def decided(self, what: str) -> Decision | None:
        """Return the decision, if it is of this kind and about today's figures."""
        if self.decision is None or self.payment is None:
            return None
        # Taking it again is about the payment alone, whatever lies beside it by now.
        again = what == TAKE_AGAIN
        decision = self.decision
        facts = decision_rules.figures(self.payment) if again else self.facts
        held = decision_rules.holds(decision, what, facts) or decision_rules.holds_after(
            decision, what, facts
        )
        return decision if held else None

    @property
    def taken_again(self) -> bool:
        """Whether a person takes it again: a deletion takes earlier decisions back."""
        if self.deleted is None or self.payment is None:
            return False
        return decision_rules.takes_again(self.decision, self.payment)

    def accepts(self, reason: str) -> bool:
        """Whether a person accepted the payment despite this reason, and it can be saved."""
        applies = self.settles is not None if reason == SETTLED else bool(self.replaceable)
        return applies and self.blocked is None and self.decided(ACCEPT) is not None

    @property
    def is_advance(self) -> bool:
        """Whether a person takes the payment though nothing remains of its invoice."""
        if self.payment is None or self.registered is not None or self.settles is not None:
            return False
        about = decision_rules.is_about(self.decision, self.payment)
        return about and decision_rules.allows_advance(self.decision)

    @property
    def replaces(self) -> bool:
        """Whether a save reverses the registered payment and registers this one."""
        return self.blocked is None and self.change_accepted

    @property
    def change_accepted(self) -> bool:
        """Whether a person accepted what differs from the registered payment."""
        if self.registered is None or self.decided(ACCEPT) is None:
            return False
        return bool(self.changes)

    @property
    def changes(self) -> list[payments_messages.Difference]:
        """What differs from the registered payment, as far as this one was read."""
        if self.registered is None or self.payment is None:
            return []
        # A payment that the settings ignore may have been excluded before its write-offs were read.
        read = self.excluded is None or self.excluded.reason not in reasons.IGNORED
        return what_changed(self.registered, self.payment, write_offs=read)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is shown of a payment.

    ``written_off`` is SEK; ``effect`` is what a payment that is ready takes
    away from what remains, in the invoice's currency, written off included;
    ``remaining`` is what then remains, ``None`` where there is no invoice.
    ``hidden`` is the refusal that a decision of a person hides, and ``others``
    are the payments of other channels that it may be the same as.
    """

    kind: str
    status: str | None = None
    warning: Text | None = None
    reason: str | None = None
    message: Text | None = None
    written_off: Decimal = ZERO
    effect: Decimal = ZERO
    remaining: Decimal | None = None
    hidden: Refusal | None = None
    others: Sequence[OtherChannelPayment] = ()
    #: Why it cannot be saved, without what was accepted of it.
    because: Refusal | None = None


#: The statuses that get a green tick; the others get a red flag.
TICKED = frozenset({"exact", "written-off"})


def needs_person(status: str, warning: Text | None, written_off: Decimal) -> Text | None:
    """Say why a payment that is ready must not be saved with nobody there; ``None`` if it may.

    It may with a green tick and nothing that is to be noted about it.
    """
    if status == "written-off" and warning == payments_messages.written_off(written_off):
        return None
    if status in TICKED and warning is None:
        return None
    return payments_messages.left_for_person(warning or Text(status, status))


class Judged(NamedTuple):
    """One judgement for each candidate, in their order, and what then remains."""

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
    """Judge all payments of one invoice, oldest first, whatever their order here.

    :param invoice: what remains is without the payments that an accepted change
        reverses.
    :param accepted_deviation: SEK; a last shortfall of at most that is written off.
    :param as_if_fetched: judge as if every payment of an earlier run had just been
        fetched again, to learn which of them must be.
    :param others: the registered payments of the invoice from other channels.
    :param on_other_invoices: those of other invoices of the customer that nothing explains there.
    """
    doubts = _doubts(candidates, others)
    # A credit invoice is an ordinary one with the sign changed.
    sign = -1 if invoice.total < 0 else 1
    remaining = sign * invoice.remaining
    waiting = ZERO  # what would be taken from it by what is left out, or was undone
    judgements: dict[int, Judgement] = {}
    warnings: dict[int, list[Text]] = {}
    last: int | None = None
    for place in _in_order(candidates):
        candidate = candidates[place]
        effect, other_reading = _read_effect(candidate, sign, remaining)
        nothing = candidate.payment is not None and is_nothing(candidate.payment)
        # What waits pays its invoice all the same: no later one takes its place.
        covered = min(remaining, remaining - waiting) <= 0
        paid = covered and not nothing and _lowers(effect, candidate.payment, sign)
        doubt = doubts.get(place)
        fits = not paid and _status(effect, remaining) != "advance"
        refusal = _why_not(
            candidate,
            invoice,
            effect,
            paid=paid,
            as_if_fetched=as_if_fetched,
            doubt=doubt,
            fits=fits,
        )
        if refusal is not None and refusal.reason == reasons.PAID and remaining > 0:
            refusal = Refusal(reasons.PAID, payments_messages.PAID_BY_WAITING)
        status = _status(effect, remaining) if candidate.settles is None else SETTLED
        if nothing:
            status = "reversal"  # of what was registered
        if candidate.left_out is not None and (refusal is None or _accepted_as(candidate)):
            judgements[place] = _left_out(status, candidate.left_out, sign * remaining)
            if candidate.registered is None and not candidate.replaceable:
                waiting += effect or ZERO
            continue
        if refusal is not None or candidate.payment is None:
            refusal = refusal or Refusal.of("unreadable")
            undone = candidate.deleted is not None and candidate.deleted.undone
            if refusal.reason == reasons.DELETED and undone and not _hiding(candidate, refusal):
                waiting += effect or ZERO
            judgements[place] = _refused(candidate, refusal, doubt, sign * remaining)
            continue
        taken = effect or ZERO
        warnings[place] = [
            *_decided_before(candidate, doubt, paid=paid and remaining <= 0),
            *other_reading,
            *candidate.payment.warnings,
        ]
        if doubt is None:
            warnings[place] += _on_other_invoices(
                candidate.payment, invoice, sign * remaining, on_other_invoices
            )
        remaining -= taken
        judgements[place] = _ready(status, warnings[place], sign * taken, sign * remaining)
        last = place
    if last is not None and judgements[last].status == "partial":
        payment = candidates[last].payment
        shortfall = _in_sek(remaining, payment)
        if payment is not None and shortfall is not None and shortfall <= accepted_deviation:
            effect = judgements[last].effect + sign * remaining
            judgements[last] = _written_off(shortfall, warnings[last], effect)
            remaining = ZERO
    return Judged([judgements[place] for place in range(len(candidates))], sign * remaining)


@exact
def judge_by_hand(invoice: Invoice, payment: Payment) -> Judgement:
    """Judge a payment that a person types; it is saved whatever remains."""
    sign = -1 if invoice.total < 0 else 1
    effect = _effect(payment, sign) or ZERO
    return _ready(_status(effect, sign * invoice.remaining), [], sign * effect)


def judge_without_invoice(candidate: Candidate, *, as_if_fetched: bool = False) -> Judgement:
    """Judge a payment that matches no invoice of the host.

    :param as_if_fetched: see :func:`judge`.
    """
    refusal = exclusion_reason(candidate)
    if refusal is None and candidate.payment is not None:
        of = candidate.payment
        if candidate.settles is not None:
            refusal = _settlement(candidate) or (None if as_if_fetched else _not_fetched(candidate))
            if refusal is None and candidate.left_out is not None:
                return _left_out(SETTLED, candidate.left_out)
            if refusal is None:
                # Its other half is saved with it; it changes no balance.
                return _ready(SETTLED, [*_decided_before(candidate, None), *of.warnings], ZERO)
            return _refused(candidate, refusal)
        message = payments_messages.invoice_not_found(of.invoice_number, of.ocr)
        refusal = Refusal("invoice-not-found", message)
    return _refused(candidate, refusal or Refusal.of("unreadable"))


def oldest_first(day: date | None, number: str) -> tuple[date, int, str, str]:
    """Sort by payment date, then by number as a number (which may be too long for one)."""
    digits = number.lstrip("0")
    return day or date.max, len(digits), digits, number


def _in_order(candidates: Sequence[Candidate]) -> list[int]:
    def when(place: int) -> tuple[date, int, str, str]:
        candidate = candidates[place]
        day = candidate.payment.date if candidate.payment else None
        return oldest_first(day, candidate.number)

    return sorted(range(len(candidates)), key=when)


def _why_not(
    candidate: Candidate,
    invoice: Invoice,
    effect: Decimal | None,
    *,
    paid: bool,
    as_if_fetched: bool,
    doubt: _Doubt | None,
    fits: bool,
) -> Refusal | None:
    """Return the first reason that applies; ``None`` for a payment that is ready.

    :param effect: what the payment takes away from what remains, in the
        invoice's currency; ``None`` where the figures for it are not known.
    :param paid: nothing remains, and the payment would lower that further.
    :param doubt: the payments by another way that this may be the same as.
    :param fits: it is neither more than what remains, nor does nothing remain.
    """
    refusal = exclusion_reason(candidate)
    payment = candidate.payment
    if payment is None or (refusal is not None and not _is_of_the_source(refusal, candidate)):
        return refusal
    asks = doubt if doubt is not None and doubt.confirmed is None else None
    if asks is not None and asks.days == 0:
        return Refusal(reasons.DOUBTFUL, asks.message)
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
    if asks is not None and not fits:
        return Refusal(reasons.DOUBTFUL, asks.message)
    settlement = _settlement(candidate)
    if settlement is not None:
        return settlement
    if paid and not candidate.is_advance:
        return _paid(candidate, invoice)
    if as_if_fetched:
        return None
    if candidate.earlier is not None:
        decided = (
            candidate.taken_again or candidate.is_advance or candidate.decided(ACCEPT) is not None
        )
        fetch = doubt is not None or candidate.replaces or decided
        reason, message = candidate.earlier
        return Refusal(reason, decisions_messages.FETCHED_BEFORE_SAVING if fetch else message)
    if effect is None:
        return Refusal("unreadable", payments_messages.AMOUNT_UNKNOWN)
    return None


def _paid(candidate: Candidate, invoice: Invoice) -> Refusal:
    """Say that nothing remains; and where a payment did that which the source lost, name it."""
    paying = [one for one in candidate.replaceable if one.host_invoice_number == invoice.number]
    if paying and not candidate.accepts(REPLACED):
        return Refusal(REPLACED, payments_messages.paid_by_deleted(paying))
    return Refusal.of(reasons.PAID)


def _is_of_the_source(refusal: Refusal, candidate: Candidate) -> bool:
    """Whether the source alone keeps the payment from being saved, such as one not booked."""
    first = refusal.reason == "unreadable" or refusal.reason in reasons.IGNORED
    return refusal is candidate.excluded and not first


def exclusion_reason(candidate: Candidate) -> Refusal | None:
    """Return the first reason that applies whatever the invoice is."""
    excluded = candidate.excluded
    if excluded is not None and excluded.reason == "unreadable":
        return excluded
    if candidate.payment is None:
        return excluded or Refusal.of("unreadable")
    if candidate.registered is not None and not candidate.replaces:
        return _registered_already(candidate)
    if is_nothing(candidate.payment) and not candidate.replaces:
        return Refusal.of(reasons.NO_AMOUNT)
    ignored = excluded is not None and excluded.reason in reasons.IGNORED
    if candidate.deleted is not None and not candidate.taken_again:
        return excluded if ignored else Refusal(reasons.DELETED, _deleted(candidate.deleted))
    if ignored or candidate.decided(CONFIRM):
        return excluded
    if candidate.replaceable and not candidate.accepts(REPLACED):
        return candidate.blocked or Refusal(
            REPLACED, payments_messages.replaces(candidate.replaceable)
        )
    if candidate.unchecked:
        return Refusal(REPLACED, payments_messages.not_asked_yet(candidate.unchecked))
    if candidate.changed:
        return Refusal(REPLACED, payments_messages.beside_changed(candidate.changed))
    return excluded


def is_nothing(payment: Payment) -> bool:
    """Return whether a payment says that no money came, and nothing was written off."""
    return not payment.amount and not payment.amount_currency and not payment.write_offs


def _settlement(candidate: Candidate) -> Refusal | None:
    """Refuse a settlement against a credit note that is not here, until it is accepted."""
    if candidate.settles is None:
        return None
    message = payments_messages.settles(candidate.settles.number, candidate.settles.invoice_number)
    if candidate.blocked is not None:
        # The other half cannot be saved, and neither is saved alone.
        return Refusal(SETTLED, payments_messages.half_waits(message, candidate.blocked.message))
    if candidate.settles.complete or candidate.accepts(SETTLED):
        return None
    return Refusal(SETTLED, message)


def _not_fetched(candidate: Candidate) -> Refusal | None:
    if candidate.earlier is None:
        return None
    return Refusal(candidate.earlier.reason, decisions_messages.FETCHED_BEFORE_SAVING)


def _registered_already(candidate: Candidate) -> Refusal:
    differences = candidate.changes
    if not differences:
        return Refusal.of("already-imported")
    change = payments_messages.changed(differences)
    kept = candidate.decided(KEEP)
    if kept is not None:
        return Refusal("already-imported", decisions_messages.kept(change, _who(kept)))
    return candidate.blocked or Refusal(CHANGED, change)


def what_changed(
    registered: Payment, now: Payment, *, write_offs: bool = True
) -> list[payments_messages.Difference]:
    """Name the values that differ from what was registered under the same key.

    :param write_offs: whether they were read, and can differ.
    """
    pairs: list[tuple[Text, Text | None, Text | None]] = [
        (payments_messages.AMOUNT, *_moneys(registered.amount, now.amount, SEK, SEK)),
        (payments_messages.CURRENCY, _word(registered.currency), _word(now.currency)),
        (
            payments_messages.PAYMENT_DATE,
            _word(registered.date.isoformat()),
            _word(now.date.isoformat()),
        ),
        (
            payments_messages.INVOICE_NUMBER,
            _word(registered.invoice_number),
            _word(now.invoice_number),
        ),
    ]
    in_sek = registered.currency == now.currency == SEK
    if registered.amount_currency is not None and now.amount_currency is not None and not in_sek:
        pairs.append(
            (
                payments_messages.AMOUNT_CURRENCY,
                *_moneys(
                    registered.amount_currency,
                    now.amount_currency,
                    registered.currency,
                    now.currency,
                ),
            )
        )
    if write_offs:
        pairs.append(
            (payments_messages.WRITE_OFFS, _written_off_with(registered), _written_off_with(now))
        )
    if registered.booked and not now.booked:
        pairs.append((payments_messages.BOOKED, payments_messages.YES, payments_messages.NO))
    return [
        payments_messages.Difference(what, before, after)
        for what, before, after in pairs
        if before is not None and after is not None and before != after
    ]


def _moneys(
    before: Decimal, after: Decimal, currency_before: str, currency_after: str
) -> tuple[Text | None, Text | None]:
    # Compared as numbers: 100.0 and 100.00 are the same amount.
    if before == after:
        return None, None
    return money_of(before, currency_before), money_of(after, currency_after)


def money_of(amount: Decimal, currency: str) -> Text:
    """Write an amount with its currency."""
    return Text(
        f"{money(amount, 'sv')} {currency}",
        f"{money(amount, 'en')} {currency}",
    )


def _written_off_with(payment: Payment) -> Text:
    """Name what was written off with a payment, with its accounts."""
    several = decision_rules.written_off(payment)
    if not several:
        return money_of(ZERO, SEK)
    named = [
        (account, money_of(amount, currency or SEK))
        for (account, currency), amount in several.items()
    ]
    return Text(
        " + ".join(f"{money.sv} (konto {account})" for account, money in named),
        " + ".join(f"{money.en} (account {account})" for account, money in named),
    )


def _word(word: str) -> Text:
    return Text(word, word)


def same_currency(one: str, other: str) -> bool:
    """Compare currency codes; the host's is free text."""
    return one.strip().upper() == other.strip().upper()


@exact
def effect_of(payment: Payment) -> Decimal | None:
    """Return what a payment takes away from its invoice, in the invoice's currency.

    Write-offs in the payment's own currency count as they are; those in SEK, and those
    whose currency the source does not name, at the payment's rate, rounded half up to two
    decimals. ``None`` where the figures for it are not known.
    """
    own, in_sek = _write_offs(payment)
    if payment.currency == SEK:
        return payment.amount + own
    if payment.amount_currency is None:
        return None
    if not in_sek:
        return payment.amount_currency + own
    rate = payment.exchange_rate
    if rate is None or rate <= 0:
        return None
    return payment.amount_currency + own + (in_sek / rate).quantize(ORE, ROUND_HALF_UP)


def _write_offs(payment: Payment) -> tuple[Decimal, Decimal]:
    """Sum up write-offs in the payment's currency; and those in SEK, where that is another."""
    own = in_sek = ZERO
    for one in payment.write_offs:
        if payment.currency == SEK or same_currency(one.currency, payment.currency):
            own += one.amount
        else:
            in_sek += one.amount
    return own, in_sek


@exact
def other_effect_of(payment: Payment) -> Decimal | None:
    """Read write-offs of unclear currency of a foreign payment the other way.

    As amounts in the payment's currency; ``None`` where there is no other way.
    """
    own, in_sek = _write_offs(payment)
    if not in_sek or payment.amount_currency is None:
        return None
    return payment.amount_currency + own + in_sek


def _read_effect(
    candidate: Candidate, sign: int, remaining: Decimal
) -> tuple[Decimal | None, Sequence[Text]]:
    """Return the effect, by the reading that pays the invoice if the source says it is paid."""
    payment = candidate.payment
    effect = _effect(payment, sign)
    if payment is None or not candidate.nothing_left or effect == remaining:
        return effect, ()
    other = other_effect_of(payment)
    if other is None or sign * other != remaining:
        return effect, ()
    return remaining, (payments_messages.written_off_in(payment.currency),)


def _effect(payment: Payment | None, sign: int) -> Decimal | None:
    effect = None if payment is None else effect_of(payment)
    return None if effect is None else sign * effect


def _lowers(effect: Decimal | None, payment: Payment | None, sign: int) -> bool:
    if effect is None and payment is not None:
        effect = sign * payment.amount
    return effect is None or effect >= 0


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


def _ready(
    status: str, warnings: Sequence[Text], effect: Decimal, remaining: Decimal | None = None
) -> Judgement:
    own = [WARNINGS[status]] if status in WARNINGS else []
    warning = text_messages.joined([*own, *warnings])
    return Judgement(READY, status=status, warning=warning, effect=effect, remaining=remaining)


def _left_out(status: str, by_whom: Text, remaining: Decimal | None = None) -> Judgement:
    return Judgement(
        LEFT_OUT, status=status, reason=reasons.LEFT, message=by_whom, remaining=remaining
    )


def _written_off(shortfall: Decimal, warnings: Sequence[Text], effect: Decimal) -> Judgement:
    amount = shortfall.quantize(ORE, ROUND_HALF_UP)
    warning = text_messages.joined([payments_messages.written_off(amount), *warnings])
    return Judgement(
        READY,
        status="written-off",
        warning=warning,
        written_off=amount,
        effect=effect,
        remaining=ZERO,
    )


def _in_sek(amount: Decimal, payment: Payment | None) -> Decimal | None:
    if payment is None:
        return None
    if payment.currency == SEK:
        return amount
    if payment.exchange_rate is None or payment.exchange_rate <= 0:
        return None
    return amount * payment.exchange_rate


def _refused(
    candidate: Candidate,
    refusal: Refusal,
    doubt: _Doubt | None = None,
    remaining: Decimal | None = None,
) -> Judgement:
    because, accepted = refusal, _accepted_as(candidate)
    if accepted is not None:
        reason, message = accepted
        # A doubt needs a confirmation of its own: accepting answers another question.
        reason = refusal.reason if refusal.reason == reasons.DOUBTFUL else reason
        refusal = Refusal(reason, decisions_messages.accepted_but(message, refusal.message))
    hidden = None
    if refusal.reason == "already-imported" and candidate.decided(KEEP):
        hidden = Refusal(CHANGED, refusal.message)
    hiding = _hiding(candidate, refusal)
    if hiding is not None:
        hidden = refusal
        refusal = Refusal(SET_ASIDE, decisions_messages.set_aside(_who(hiding), refusal.message))
    kind = IGNORED if refusal.reason in reasons.IGNORED else REJECTED
    return Judgement(
        kind,
        reason=refusal.reason,
        message=refusal.message,
        remaining=remaining,
        hidden=hidden,
        others=() if doubt is None else doubt.others,
        because=because,
    )


# --- What a person decided ---------------------------------------------------


def _accepted_as(candidate: Candidate) -> Refusal | None:
    """Return the reason and the message of what a person accepted, if it can be saved."""
    if candidate.replaces:
        return Refusal(CHANGED, payments_messages.changed(candidate.changes))
    if candidate.accepts(REPLACED):
        return Refusal(REPLACED, payments_messages.replaces(candidate.replaceable))
    if candidate.settles is not None and candidate.accepts(SETTLED):
        return Refusal(
            SETTLED,
            payments_messages.settles(candidate.settles.number, candidate.settles.invoice_number),
        )
    return None


class _Doubt(NamedTuple):
    """The payments that a payment may be the same as, and who confirmed that it is none of them."""

    others: Sequence[OtherChannelPayment]
    days: int  # from the one that it is paired with
    confirmed: Decision | None

    @property
    def message(self) -> Text:
        """Name the other payments."""
        return decisions_messages.possibly_registered(
            [_registered_before(one) for one in self.others]
        )


def _registered_before(one: OtherChannelPayment) -> Text:
    """Name a payment of another channel, with its amount in its own currency."""
    known = one.amount if one.currency == SEK else one.amount_currency
    way = decisions_messages.other_way(one.definition, one.import_type, one.number)
    who = decisions_messages.by_whom(one.user, one.at)
    return decisions_messages.registered_before(
        one.date.isoformat(), money_of(known, one.currency), way, who
    )


def _doubts(
    candidates: Sequence[Candidate], others: Sequence[OtherChannelPayment]
) -> dict[int, _Doubt]:
    """Find the payments that another channel may have registered before."""
    if not others:
        return {}
    payments = {
        place: payment
        for place in _in_order(candidates)
        if (payment := candidates[place].payment) is not None
        and (candidates[place].registered is None or candidates[place].change_accepted)
    }
    decisions = {
        place: decision
        for place in payments
        if (decision := candidates[place].decision) is not None
    }
    doubts: dict[int, _Doubt] = {}
    for place, several in decision_rules.paired([*payments.items()], decisions, others).items():
        payment = payments[place]
        days = decision_rules.days_apart(payment, several[0]) or 0
        confirmed = decision_rules.confirms(decisions.get(place), payment, several)
        doubts[place] = _Doubt(several, days, confirmed)
    return doubts


def _on_other_invoices(
    payment: Payment,
    invoice: Invoice,
    remaining: Decimal,
    on_other_invoices: Sequence[OtherInvoicePayment],
) -> list[Text]:
    """Warn of what may be this payment, registered on another equal invoice of the customer."""
    return [
        decisions_messages.twin(one.invoice_number, _registered_before(one.other))
        for one in on_other_invoices
        if decision_rules.days_apart(payment, one.other) is not None
        and one.remaining == remaining
        and same_currency(one.currency, invoice.currency)
    ]


def _decided_before(
    candidate: Candidate, doubt: _Doubt | None, *, paid: bool = False
) -> list[Text]:
    """Warn of what was decided about a payment that is ready."""
    warnings = []
    decision = candidate.decision
    aside = candidate.series if decision is None or decision.decision != SET_ASIDE else decision
    if aside is not None:
        warnings.append(decisions_messages.set_aside_but_ready(_who(aside)))
    if paid and candidate.is_advance:
        warnings.append(decisions_messages.paid_but_taken(_who(decision)))
    if candidate.replaces:
        change = payments_messages.changed(candidate.changes)
        warnings.append(decisions_messages.accepted(change, _who(decision)))
    if candidate.accepts(REPLACED):
        warnings.append(
            decisions_messages.accepted(
                payments_messages.replaces(candidate.replaceable), _who(decision)
            )
        )
    if candidate.settles is not None:
        warnings.append(
            payments_messages.settles(candidate.settles.number, candidate.settles.invoice_number)
        )
    if candidate.deleted is not None and candidate.taken_again:
        warnings.append(decisions_messages.TAKEN_AGAIN)
    if doubt is not None:
        message = doubt.message
        sure = doubt.confirmed
        warnings.append(
            message if sure is None else decisions_messages.confirmed(message, _who(sure))
        )
    return warnings


def _hiding(candidate: Candidate, refusal: Refusal) -> Decision | None:
    """Return the decision that sets a payment aside which cannot be saved."""
    if refusal.reason in reasons.IGNORED:
        return None
    decision = candidate.decision
    if decision is not None and decision.decision == SET_ASIDE:
        # The registered payment differs: a person should see other figures.
        if refusal.reason == CHANGED and candidate.decided(SET_ASIDE) is None:
            return None
        return decision
    return candidate.series if refusal.reason == "invoice-not-found" else None


def _who(decision: Decision | None) -> Text:
    if decision is None:
        return Text("?", "?")
    return decisions_messages.by_whom(decision.user, decision.at, decision.why)


def _deleted(deletion: Deletion) -> Text:
    who = decisions_messages.by_whom(deletion.user, deletion.at, deletion.why)
    return decisions_messages.deleted_here(who)
