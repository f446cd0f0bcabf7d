"""What a person's decision means for a payment, without I/O.

A decision is about a payment as it was shown: once its figures change, the person has to
decide again. :mod:`.judging` applies these rules, and
:mod:`hostsim.storage.decisions` stores the decisions.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

from hostsim.ledger.reasons import ACCEPT, CONFIRM, REPLACE, TAKE_AGAIN
from hostsim.ledger.values import EXACT, SEK, Decision
from opter_contract.values import Payment, Text, WriteOff


class ReplaceablePayment(NamedTuple):
    """A registered payment that an arriving one may replace."""

    id: int
    number: str
    invoice_id: int
    host_invoice_number: str
    date: date
    amount: Decimal  # SEK
    currency: str
    amount_currency: Decimal | None
    effect: Decimal  # in the invoice's currency
    set_aside: bool = False  # the change of one that changed at the source


class Settlement(NamedTuple):
    """The other half of a settlement: a debit invoice against a credit note of one customer.

    Accounting systems may lack it, so people make two payments of one date whose sum is 0.
    """

    number: str
    invoice_number: str
    invoice_id: int | None  # of the other half's invoice; None where it is not here
    complete: bool  # whether both invoices are here
    #: Whether the settings exclude one of the halves, so that they cannot be saved together.
    ignored: bool = False
    #: What has to happen first to the other half, whose invoice is another region's.
    waits: Text | None = None
    same_date: bool = True  # not of a half that alone got another one later
    by_replacing: bool = False  # whether it settles only in the place of a deleted half


class RegisteredHalf(NamedTuple):
    """A half that another region registered, and that settles what is not registered."""

    number: str
    invoice_number: str
    definition: str  # the import that it came by
    other: str  # the number of the payment that it was registered with
    other_invoice: str


class HostWriteOff(NamedTuple):
    """What the host wrote off with a registered payment, within the accepted deviation."""

    number: str  # of the payment
    amount: Decimal  # SEK


class Deletion(NamedTuple):
    """Who deleted a registered payment, when and why."""

    user: str
    at: datetime
    why: str
    undone: bool = False  # with the save that it came by, as a whole
    payment: Payment | None = None  # as it was registered
    was_half: bool = False  # registered as a half of a settlement


#: The greatest difference between the bank's day and the day of the booking.
MAX_DAYS_APART = 4


@dataclass(frozen=True, slots=True)
class OtherChannelPayment:
    """A registered payment that came by hand or by another import, by whom and when."""

    id: int
    date: date
    amount: Decimal  # SEK
    currency: str
    amount_currency: Decimal  # in its currency
    user: str
    at: datetime
    definition: str = ""  # "" if typed by hand; so are the two below
    import_type: str = ""
    number: str = ""


class OtherInvoicePayment(NamedTuple):
    """A payment of another channel on another invoice of the customer, unexplained by ours."""

    other: OtherChannelPayment
    invoice_number: str
    remaining: Decimal  # of that invoice before it, in the invoice's currency
    currency: str


def facts_of(
    payment: Payment,
    others: Sequence[OtherChannelPayment] = (),
    *,
    replaces: Sequence[ReplaceablePayment] = (),
    settles: Settlement | None = None,
    after: str = "",
    advance: bool = False,
) -> str:
    """Return the facts that a decision about a payment is based on, as JSON.

    :param others: the payments of other channels that it may be the same as.
    :param replaces: the registered payments that it replaces.
    :param settles: the other half of a settlement.
    :param after: an earlier decision that stays in force together with this one.
    :param advance: whether it is taken though nothing remains of its invoice.
    """
    facts: dict[str, object] = {
        "date": payment.date.isoformat(),
        "amount": _number(payment.amount),
        "currency": payment.currency,
        "amount_currency": _number(payment.amount_currency),
        "invoice_number": payment.invoice_number,
        "booked": payment.booked,
    }
    more: dict[str, object] = {
        "write_offs": [
            [" ".join(filter(None, key)), _number(amount)]
            for key, amount in sum_write_offs(payment).items()
        ],
        "others": sorted(other.id for other in others),
        "replaces": sorted(other.id for other in replaces),
        "settles": settles and settles.number,
        "after": after,
        "advance": advance,
    }
    return _facts(facts | {key: value for key, value in more.items() if value})


def _facts(facts: Mapping[str, object]) -> str:
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)


#: Of a decision about a series, or about a payment that could not be read.
NO_FACTS = "{}"

#: The keys of facts that are not about the payment itself.
_OTHER_KEYS = frozenset({"others", "replaces", "settles", "after", "advance"})


def is_about(decision: Decision | None, payment: Payment) -> bool:
    """Whether a decision was about the payment's own figures, whatever the other facts were."""
    return decision is not None and is_about_facts(decision.facts, payment)


def is_about_facts(text: str, payment: Payment) -> bool:
    """Whether stored facts have the payment's own figures."""
    now = facts_of(payment)
    return text == now or _without(json.loads(text), _OTHER_KEYS) == json.loads(now)


def decided_payment(decision: Decision, payment: Payment) -> Payment:
    """Return a payment with the figures that a decision was about."""
    if decision.facts == NO_FACTS:
        return payment
    facts = json.loads(decision.facts)
    amount, in_currency = facts["amount"], facts["amount_currency"]
    return replace(
        payment,
        date=date.fromisoformat(facts["date"]),
        amount=Decimal(amount),
        currency=facts["currency"],
        amount_currency=None if in_currency is None else Decimal(in_currency),
        invoice_number=facts["invoice_number"],
        booked=facts["booked"],
        write_offs=[
            WriteOff(Decimal(amount), key.partition(" ")[0], currency=key.partition(" ")[2])
            for key, amount in facts.get("write_offs", ())
        ],
    )


def takes_again(decision: Decision | None, payment: Payment) -> bool:
    """Whether a person wants a deleted payment: whatever was accepted of it then, or more."""
    return (
        decision is not None
        and decision.decision in {TAKE_AGAIN, ACCEPT, CONFIRM}
        and is_about(decision, payment)
    )


def allows_advance(decision: Decision | None) -> bool:
    """Whether a person takes a payment though nothing remains of its invoice."""
    return bool(_facts_in(decision).get("advance"))


def replaced_ids(decision: Decision | None) -> frozenset[int]:
    """Return the ids of registered payments that an accepted decision replaces."""
    if decision is None or allows_advance(decision):
        return frozenset()
    facts = _facts_in(decision)
    accepted = not {decision.decision, facts.get("after")}.isdisjoint({ACCEPT, REPLACE})
    return frozenset(facts.get("replaces", ())) if accepted else frozenset()


def accepts_settlement(decision: Decision | None, payment: Payment, settles: Settlement) -> bool:
    """Whether a payment was accepted as this half, whatever it was to replace."""
    if decision is None or decision.decision != ACCEPT or not is_about(decision, payment):
        return False
    return accepted_half(decision.facts) == settles.number


def accepted_half(facts: str) -> str | None:
    """Return the number of the other half of a settlement that a decision was about."""
    number = json.loads(facts).get("settles")
    return None if number is None else str(number)


def advance_after(payment: Payment, earlier: Decision | None) -> str:
    """Return the facts of an advance; an earlier confirmation stays in force."""
    facts = json.loads(facts_of(payment, advance=True))
    earlier_facts = _facts_in(earlier)
    kind = "" if earlier is None else earlier.decision
    if CONFIRM in {kind, earlier_facts.get("after")} and is_about(earlier, payment):
        kept_keys = (
            {"others"}
            if earlier_facts.get("after") == ACCEPT
            else {"others", "replaces", "settles"}
        )
        facts |= {key: value for key, value in earlier_facts.items() if key in kept_keys}
        facts["after"] = CONFIRM
    return _facts(facts)


def sum_write_offs(payment: Payment) -> dict[tuple[str, str], Decimal]:
    """Sum up the write-offs of a payment by account and currency, without zeros.

    The currency is ``""`` if it is SEK, or not named.
    """
    sums: dict[tuple[str, str], Decimal] = {}
    with localcontext(EXACT):
        for write_off in payment.write_offs:
            key = write_off.account, "" if write_off.currency == SEK else write_off.currency
            sums[key] = sums.get(key, Decimal(0)) + write_off.amount
    return {key: sums[key] for key in sorted(sums) if sums[key]}


def _facts_in(decision: Decision | None) -> dict[str, Any]:
    facts: dict[str, Any] = {} if decision is None else json.loads(decision.facts)
    return facts


def _without(facts: Mapping[str, object], keys: Container[str]) -> dict[str, object]:
    return {key: value for key, value in facts.items() if key not in keys}


def _other_payment_ids(decision: Decision) -> frozenset[int]:
    """Return the ids of other channels' payments that a decision was about."""
    return frozenset(_facts_in(decision).get("others", ()))


def _number(amount: Decimal | None) -> str | None:
    """Write equal amounts alike."""
    if amount is None:
        return None
    text = f"{amount:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if not amount else text


def decides(decision: Decision | None, kind: str, facts: str) -> bool:
    """Whether a decision is of this kind, and about exactly these facts."""
    return decision is not None and decision.decision == kind and decision.facts == facts


def series_key(number: str) -> tuple[int, str] | None:
    """Return a key to compare invoice numbers by, however long; ``None`` if it is no number."""
    if not (number.isascii() and number.isdigit()):
        return None
    digits = number.lstrip("0")
    return len(digits), digits


def in_series(decisions: Sequence[Decision], invoice_number: str | None) -> Decision | None:
    """Return the first series that an invoice number lies in, both ends included."""
    key = series_key(invoice_number or "")
    if key is None:
        return None
    for decision in decisions:
        first = series_key(decision.first_invoice or "")
        last = series_key(decision.last_invoice or "")
        if first is not None and last is not None and first <= key <= last:
            return decision
    return None


def confirms(
    decision: Decision | None, payment: Payment, others: Sequence[OtherChannelPayment]
) -> Decision | None:
    """Return the decision, if it confirms that a payment is none of these others."""
    if decision is None or not is_about(decision, payment):
        return None
    if decision.decision != CONFIRM and not _is_advance_after(decision, CONFIRM):
        return None
    confirmed_ids = _other_payment_ids(decision)
    return decision if all(other.id in confirmed_ids for other in others) else None


def _is_advance_after(decision: Decision, kind: str) -> bool:
    """Whether it accepts an advance after a decision of this kind, which stays in force."""
    accepted = decision.decision == ACCEPT and allows_advance(decision)
    return accepted and _facts_in(decision).get("after") == kind


def earlier_kind(decision: Decision | None) -> str:
    """Return the kind of the earlier decision that a confirmation leaves in force, or ``""``."""
    if decision is not None and decision.decision in {ACCEPT, TAKE_AGAIN}:
        return decision.decision
    return str(_facts_in(decision).get("after", ""))


def decided_earlier(decision: Decision, kind: str, facts: str) -> bool:
    """Whether it was of this kind, about these facts, before a confirmation or an advance."""
    stored = _facts_in(decision)
    if _is_advance_after(decision, kind):
        added = {"after", "advance"}
    elif decision.decision == CONFIRM and stored.get("after") == kind:
        added = {"after", "others"}
        if kind == TAKE_AGAIN:
            added |= {"replaces", "settles"}
    else:
        return False
    return bool(_without(stored, added) == json.loads(facts))


def days_apart(payment: Payment, other: OtherChannelPayment) -> int | None:
    """Count the days between two payments that may be the same; ``None`` if they cannot be."""
    same_amount = payment.amount == other.amount or (
        payment.amount_currency == other.amount_currency
        and payment.currency.strip().upper() == other.currency.strip().upper()
    )
    days = abs((payment.date - other.date).days)
    return days if same_amount and days <= MAX_DAYS_APART else None


def equal_payments(
    payment: Payment, others: Sequence[OtherChannelPayment]
) -> list[OtherChannelPayment]:
    """Return the others that a payment may be the same as, the nearest date first."""
    matches = [
        (days, other) for other in others if (days := days_apart(payment, other)) is not None
    ]
    return [other for _, other in sorted(matches, key=lambda pair: pair[0])]


def pair_payments(
    payments: Sequence[tuple[int, Payment]],
    decisions: Mapping[int, Decision],
    others: Sequence[OtherChannelPayment],
) -> dict[int, Sequence[OtherChannelPayment]]:
    """Pair payments with those of other channels that they may be the same as.

    Each other payment is paired with one payment only, and with none that a person confirmed
    as a different one: the next equal payment may still be the same. Decided payments come
    first, then the nearest date, then the oldest.

    :param payments: indexes and payments, oldest first.
    :param decisions: in force, by index.
    :return: by index, the payment that it is paired with, followed by the other equal ones.
    """
    equal = {
        index: matches
        for index, payment in payments
        if (matches := equal_payments(payment, others))
    }
    pairs: dict[int, Sequence[OtherChannelPayment]] = {
        index: equal[index]
        for index, payment in payments
        if index in equal and confirms(decisions.get(index), payment, equal[index])
    }
    used: set[int] = set()
    for index, ids in _possible_pairs(payments, decisions, equal):
        free = (other for other in equal[index] if other.id in ids and other.id not in used)
        match = None if index in pairs else next(free, None)
        if match is not None:
            used.add(match.id)
            pairs[index] = [match, *(other for other in equal[index] if other != match)]
    return pairs


def _possible_pairs(
    payments: Sequence[tuple[int, Payment]],
    decisions: Mapping[int, Decision],
    equal: Mapping[int, Sequence[OtherChannelPayment]],
) -> Iterator[tuple[int, Collection[int]]]:
    """Return payments by index with the ids of others to pair them with, in that order."""
    for index in equal:
        if index in decisions:
            yield index, _other_payment_ids(decisions[index])
    for days, decided in itertools.product(range(MAX_DAYS_APART + 1), (True, False)):
        for index, payment in payments:
            if index in equal and (index in decisions) is decided:
                near = (other for other in equal[index] if days_apart(payment, other) == days)
                yield index, [other.id for other in near]
