"""What becomes of a payment beside its invoice, without I/O.

Everything here is a function of values: the payments that were read for one
invoice, the invoice, and the deviation that the office accepts. The rules
are the host's own; their order is the order in which a person would want to
hear them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import NamedTuple

from hostsim import texts
from hostsim.models import SEK, Invoice, Payment
from hostsim.texts import Text

READY = "ready"
REJECTED = "rejected"
IGNORED = "ignored"
#: The lists of a preview. Every payment that was read ends in exactly one.
KINDS = (READY, REJECTED, IGNORED)

#: Settings say to leave these out; nobody needs to look at them.
IGNORED_REASONS = frozenset({"before-date", "below-number"})

#: Sums of money must not be rounded, however large: the preset 28 digits would do so.
EXACT = Context(prec=200, rounding=ROUND_HALF_UP)

ORE = Decimal("0.01")
ZERO = Decimal(0)


class Refusal(NamedTuple):
    """Why a payment is not ready."""

    reason: str
    message: Text


@dataclass(frozen=True, slots=True)
class Candidate:
    """A payment that was read, with all that decides but the invoice."""

    number: str
    payment: Payment | None  # None where it could not be read
    given: Refusal | None = None  # the plug-in's reason to leave it out
    registered: Payment | None = None  # under the same key, in the books
    earlier: Refusal | None = None  # of an earlier run, and not fetched again in this one


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person is shown.

    ``written_off`` is SEK; ``effect`` is what a payment that is ready takes
    away from what remains, in the invoice's currency, written off included.
    """

    kind: str
    status: str | None = None
    warning: Text | None = None
    reason: str | None = None
    message: Text | None = None
    written_off: Decimal = ZERO
    effect: Decimal = ZERO


class Judged(NamedTuple):
    """One judgement for each candidate, in their order, and what then remains."""

    judgements: Sequence[Judgement]
    remaining: Decimal


def judge(
    invoice: Invoice,
    candidates: Sequence[Candidate],
    accepted_deviation: Decimal,
    *,
    asking: bool = False,
) -> Judged:
    """Judge all payments of one invoice, oldest first, whatever their order here.

    :param accepted_deviation: SEK; a last shortfall of at most that is written off.
    :param asking: judge as if every payment of an earlier run had just been
        fetched again, to learn which of them must be.
    """
    with localcontext(EXACT):
        return _judge(invoice, candidates, accepted_deviation, asking=asking)


def judge_without_invoice(candidate: Candidate) -> Judgement:
    """Judge a payment that meets no invoice of the host."""
    refusal = why_left_out(candidate)
    if refusal is None and candidate.payment is not None:
        number = candidate.payment.invoice_number
        refusal = Refusal("invoice-not-found", texts.invoice_not_found(number))
    return _refused(refusal or Refusal("unreadable", texts.UNREADABLE))


def oldest_first(day: date | None, number: str) -> tuple[date, int, str, str]:
    """Sort by payment date, then by number as a number (which may be too long for one)."""
    digits = number.lstrip("0")
    return day or date.max, len(digits), digits, number


def _judge(
    invoice: Invoice, candidates: Sequence[Candidate], accepted: Decimal, *, asking: bool
) -> Judged:
    # A credit invoice is an ordinary one seen in a mirror.
    sign = -1 if invoice.total < 0 else 1
    remaining = sign * invoice.remaining
    judgements: dict[int, Judgement] = {}
    last: int | None = None
    for place in _in_order(candidates):
        candidate = candidates[place]
        effect = _effect(candidate.payment, sign)
        paid = remaining <= 0 and _lowers(effect, candidate.payment, sign)
        refusal = why_not(candidate, invoice, effect, paid=paid, asking=asking)
        if refusal is not None or candidate.payment is None:
            judgements[place] = _refused(refusal or Refusal("unreadable", texts.UNREADABLE))
            continue
        taken = effect or ZERO
        judgements[place] = _ready(_status(effect, remaining), candidate.payment, sign * taken)
        remaining -= taken
        last = place
    if last is not None and judgements[last].status == "partial":
        payment = candidates[last].payment
        shortfall = _in_sek(remaining, payment)
        if payment is not None and shortfall is not None and shortfall <= accepted:
            effect = judgements[last].effect + sign * remaining
            judgements[last] = _written_off(shortfall, payment, effect)
            remaining = ZERO
    return Judged([judgements[place] for place in range(len(candidates))], sign * remaining)


def _in_order(candidates: Sequence[Candidate]) -> list[int]:
    def when(place: int) -> tuple[date, int, str, str]:
        candidate = candidates[place]
        day = candidate.payment.date if candidate.payment else None
        return oldest_first(day, candidate.number)

    return sorted(range(len(candidates)), key=when)


def why_not(
    candidate: Candidate,
    invoice: Invoice,
    effect: Decimal | None,
    *,
    paid: bool,
    asking: bool,
) -> Refusal | None:
    """Give the first reason that applies; ``None`` for a payment that is ready.

    :param effect: what the payment takes away from what remains, in the
        invoice's currency; ``None`` where the figures for it are not known.
    :param paid: nothing remains, and the payment would lower that further.
    """
    refusal = why_left_out(candidate)
    if refusal is not None or candidate.payment is None:
        return refusal
    payment = candidate.payment
    if not same_currency(payment.currency, invoice.currency):
        return Refusal(
            "currency-differs", texts.currency_differs(payment.currency, invoice.currency)
        )
    if not invoice.period_closed:
        return Refusal("period-open", texts.PERIOD_OPEN)
    if paid:
        return Refusal("invoice-already-paid", texts.ALREADY_PAID)
    if asking:
        return None
    if candidate.earlier is not None:
        return candidate.earlier
    if effect is None:
        return Refusal("unreadable", texts.AMOUNT_UNKNOWN)
    return None


def why_left_out(candidate: Candidate) -> Refusal | None:
    """Give the first reason that applies before any invoice is looked at."""
    given = candidate.given
    if given is not None and given.reason == "unreadable":
        return given
    if candidate.payment is None:
        return given or Refusal("unreadable", texts.UNREADABLE)
    if candidate.registered is not None:
        return _registered_already(candidate.registered, candidate.payment)
    return given


def _registered_already(registered: Payment, now: Payment) -> Refusal:
    differences = list(what_changed(registered, now))
    if differences:
        return Refusal("changed-in-fortnox", texts.changed(differences))
    return Refusal("already-imported", texts.ALREADY_IMPORTED)


def what_changed(registered: Payment, now: Payment) -> list[texts.Difference]:
    """Name the values that differ from what was registered under the same key."""
    pairs: list[tuple[Text, Text | None, Text | None]] = [
        (texts.AMOUNT, *_moneys(registered.amount, now.amount, SEK, SEK)),
        (texts.CURRENCY, _word(registered.currency), _word(now.currency)),
        (texts.PAYMENT_DATE, _word(registered.date.isoformat()), _word(now.date.isoformat())),
        (texts.INVOICE_NUMBER, _word(registered.invoice_number), _word(now.invoice_number)),
    ]
    in_sek = registered.currency == now.currency == SEK
    if registered.amount_currency is not None and now.amount_currency is not None and not in_sek:
        pairs.append(
            (
                texts.AMOUNT_CURRENCY,
                *_moneys(
                    registered.amount_currency,
                    now.amount_currency,
                    registered.currency,
                    now.currency,
                ),
            )
        )
    if registered.booked and not now.booked:
        pairs.append((texts.BOOKED, texts.YES, texts.NO))
    return [
        texts.Difference(what, before, after)
        for what, before, after in pairs
        if before is not None and after is not None and before != after
    ]


def _moneys(
    before: Decimal, after: Decimal, currency_before: str, currency_after: str
) -> tuple[Text | None, Text | None]:
    # Compared as numbers: 100.0 and 100.00 are the same amount.
    if before == after:
        return None, None
    return _money(before, currency_before), _money(after, currency_after)


def _money(amount: Decimal, currency: str) -> Text:
    return Text(
        f"{texts.money(amount, 'sv')} {currency}", f"{texts.money(amount, 'en')} {currency}"
    )


def _word(word: str) -> Text:
    return Text(word, word)


def same_currency(one: str, other: str) -> bool:
    """Compare currency codes; the host's is free text."""
    return one.strip().upper() == other.strip().upper()


def effect_of(payment: Payment) -> Decimal | None:
    """Give what a payment takes away from its invoice, in the invoice's currency.

    Write-offs are SEK and count at the payment's rate, rounded half up to
    two decimals. ``None`` where the figures for it are not known.
    """
    with localcontext(EXACT):
        written_off = sum((w.amount for w in payment.write_offs), ZERO)
        if payment.currency == SEK:
            return payment.amount + written_off
        if payment.amount_currency is None:
            return None
        if not payment.write_offs:
            return payment.amount_currency
        rate = payment.exchange_rate
        if rate is None or rate <= 0:
            return None
        return payment.amount_currency + (written_off / rate).quantize(ORE, ROUND_HALF_UP)


def _effect(payment: Payment | None, sign: int) -> Decimal | None:
    effect = None if payment is None else effect_of(payment)
    return None if effect is None else sign * effect


def _lowers(effect: Decimal | None, payment: Payment | None, sign: int) -> bool:
    if effect is None and payment is not None:
        effect = sign * payment.amount
    return effect is None or effect >= 0


def _status(effect: Decimal | None, remaining: Decimal) -> str:
    # Unknown only while asking which payments to fetch again.
    if effect is None:
        return "partial"
    if effect < 0:
        return "reversal"
    if effect == remaining:
        return "exact"
    return "advance" if effect > remaining else "partial"


WARNINGS = {
    "partial": texts.PARTIAL,
    "advance": texts.ADVANCE,
    "reversal": texts.REVERSAL,
}


def _ready(status: str, payment: Payment, effect: Decimal) -> Judgement:
    own = [WARNINGS[status]] if status in WARNINGS else []
    warning = texts.joined([*own, *payment.warnings])
    return Judgement(READY, status=status, warning=warning, effect=effect)


def _written_off(shortfall: Decimal, payment: Payment, effect: Decimal) -> Judgement:
    amount = shortfall.quantize(ORE, ROUND_HALF_UP)
    warning = texts.joined([texts.written_off(amount), *payment.warnings])
    return Judgement(
        READY, status="written-off", warning=warning, written_off=amount, effect=effect
    )


def _in_sek(amount: Decimal, payment: Payment | None) -> Decimal | None:
    if payment is None:
        return None
    if payment.currency == SEK:
        return amount
    if payment.exchange_rate is None or payment.exchange_rate <= 0:
        return None
    return amount * payment.exchange_rate


def _refused(refusal: Refusal) -> Judgement:
    kind = IGNORED if refusal.reason in IGNORED_REASONS else REJECTED
    return Judgement(kind, reason=refusal.reason, message=refusal.message)
