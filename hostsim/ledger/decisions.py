"""What a person's decision means for a payment, without I/O.

A decision is about a payment as it was shown: with other figures it holds no longer, and
the person has to decide again. :mod:`.judging` applies these rules, and
:mod:`hostsim.storage.decisions` stores the decisions.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import NamedTuple

from hostsim.ledger.reasons import ACCEPT, CONFIRM, REPLACE, TAKE_AGAIN
from hostsim.ledger.values import EXACT, SEK, Decision
from opter_contract.values import Payment


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


class Settlement(NamedTuple):
    """The other half of a settlement: a debit invoice against a credit note of one customer.

    Accounting systems may lack it, so people make two payments of one date whose sum is 0.
    """

    number: str
    invoice_number: str
    invoice_id: int | None  # of the other half's invoice; None where it is not here
    complete: bool  # whether both invoices are here


class Deletion(NamedTuple):
    """Who deleted a registered payment, when and why."""

    user: str
    at: datetime
    why: str
    undone: bool = False  # with the save that it came by, as a whole


#: The bank's day and the day of the booking differ by at most so many days.
NEAR = 4


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
    definition: str = ""  # "" where it was typed by hand, as are the two below
    import_type: str = ""
    number: str = ""


class OtherInvoicePayment(NamedTuple):
    """A payment of another channel on another invoice of the customer, with none of ours there."""

    other: OtherChannelPayment
    invoice_number: str
    remaining: Decimal  # of that invoice before it, in the invoice's currency
    currency: str


def figures(
    payment: Payment,
    others: Sequence[OtherChannelPayment] = (),
    *,
    replaces: Sequence[ReplaceablePayment] = (),
    settles: Settlement | None = None,
    after: str = "",
    advance: bool = False,
) -> str:
    """Give, as JSON, what a decision about a payment is based on.

    :param others: the payments of other channels that it may be the same as.
    :param replaces: the registered payments that it replaces.
    :param settles: the other half of a settlement.
    :param after: an earlier decision that stays in force beside this one.
    :param advance: nothing remains of its invoice, and it is taken all the same.
    """
    known: dict[str, object] = {
        "date": payment.date.isoformat(),
        "amount": _number(payment.amount),
        "currency": payment.currency,
        "amount_currency": _number(payment.amount_currency),
        "invoice_number": payment.invoice_number,
        "booked": payment.booked,
    }
    if payment.write_offs:
        known["write_offs"] = [
            [" ".join(filter(None, key)), _number(amount)]
            for key, amount in written_off(payment).items()
        ]
    if others:
        known["others"] = sorted(one.id for one in others)
    if replaces:
        known["replaces"] = sorted(one.id for one in replaces)
    if settles is not None:
        known["settles"] = settles.number
    if after:
        known["after"] = after
    if advance:
        known["advance"] = True
    return _facts(known)


def _facts(known: Mapping[str, object]) -> str:
    return json.dumps(known, ensure_ascii=False, sort_keys=True)


#: What figures say beside the payment's own.
_BESIDE = frozenset({"others", "replaces", "settles", "after", "advance"})


def is_about(decision: Decision | None, payment: Payment) -> bool:
    """Whether a decision was made about the payment's own figures, whatever lay beside it."""
    if decision is None:
        return False
    known = json.loads(decision.facts or "{}")
    own = {key: value for key, value in known.items() if key not in _BESIDE}
    return bool(own == json.loads(figures(payment)))


def takes_again(decision: Decision | None, payment: Payment) -> bool:
    """Whether a person wants a deleted payment: whatever was accepted of it then, or more."""
    return (
        decision is not None
        and decision.decision in {TAKE_AGAIN, ACCEPT, CONFIRM}
        and is_about(decision, payment)
    )


def allows_advance(decision: Decision | None) -> bool:
    """Return whether it was decided to take a payment though nothing remains of its invoice."""
    return decision is not None and bool(json.loads(decision.facts or "{}").get("advance"))


def reverses(decision: Decision | None) -> frozenset[int]:
    """Return the registered payments in whose place a decision takes one."""
    if decision is None or allows_advance(decision):
        return frozenset()
    known = json.loads(decision.facts or "{}")
    accepted = not {decision.decision, known.get("after")}.isdisjoint({ACCEPT, REPLACE})
    return frozenset(known.get("replaces", ())) if accepted else frozenset()


def advance_after(payment: Payment, earlier: Decision | None) -> str:
    """Return the figures of an advance; an earlier confirmation of them stays in force."""
    known = json.loads(figures(payment, advance=True))
    before = {} if earlier is None else json.loads(earlier.facts or "{}")
    what = "" if earlier is None else earlier.decision
    if CONFIRM in {what, before.get("after")} and is_about(earlier, payment):
        kept = {"others"} if before.get("after") == ACCEPT else {"others", "replaces", "settles"}
        known |= {key: value for key, value in before.items() if key in kept}
        known["after"] = CONFIRM
    return _facts(known)


def written_off(payment: Payment) -> dict[tuple[str, str], Decimal]:
    """Sum up what was written off with a payment, by account and currency, without zeros.

    The currency is ``""`` where it is SEK, or not named.
    """
    sums: dict[tuple[str, str], Decimal] = {}
    with localcontext(EXACT):
        for one in payment.write_offs:
            key = one.account, "" if one.currency == SEK else one.currency
            sums[key] = sums.get(key, Decimal(0)) + one.amount
    return {key: sums[key] for key in sorted(sums) if sums[key]}


def named_in(facts: str) -> frozenset[int]:
    """Tell which payments of other channels a decision was about."""
    return frozenset(json.loads(facts or "{}").get("others", ()))


def _number(amount: Decimal | None) -> str | None:
    """Write equal amounts alike."""
    if amount is None:
        return None
    text = f"{amount:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if not amount else text


def holds(decision: Decision | None, what: str, facts: str) -> bool:
    """Return whether this was decided, about exactly these figures."""
    return decision is not None and decision.decision == what and decision.facts == facts


def series_key(number: str) -> tuple[int, str] | None:
    """Make an invoice number comparable, however long; ``None`` where it is no number."""
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
    """Return the decision, if it says that a payment is none of these others."""
    if decision is None or not is_about(decision, payment):
        return None
    if decision.decision != CONFIRM and not _after(decision, CONFIRM):
        return None
    named = named_in(decision.facts)
    return decision if all(one.id in named for one in others) else None


def _after(decision: Decision, what: str) -> bool:
    """Return whether an advance was accepted after this decision, which stays in force."""
    known = json.loads(decision.facts or "{}")
    return decision.decision == ACCEPT and bool(known.get("advance")) and known.get("after") == what


def decided_before(decision: Decision | None) -> str:
    """Tell the earlier decision that stays in force beside a confirmation; ``""`` for none."""
    if decision is None:
        return ""
    if decision.decision in {ACCEPT, TAKE_AGAIN}:
        return decision.decision
    return str(json.loads(decision.facts or "{}").get("after", ""))


def holds_after(decision: Decision, what: str, facts: str) -> bool:
    """Return whether this was decided about these figures before a confirmation, or an advance."""
    known = json.loads(decision.facts or "{}")
    if _after(decision, what):
        return bool(
            {k: v for k, v in known.items() if k not in _BESIDE_ADVANCE} == json.loads(facts)
        )
    if decision.decision != CONFIRM or known.get("advance"):
        return False
    known.pop("others", None)
    if what == TAKE_AGAIN:
        known = {key: value for key, value in known.items() if key not in {"replaces", "settles"}}
    return bool(known.pop("after", "") == what and known == json.loads(facts))


_BESIDE_ADVANCE = frozenset({"advance", "after"})


def days_apart(payment: Payment, other: OtherChannelPayment) -> int | None:
    """Count the days between two payments that may be the same; ``None`` where they cannot be."""
    equal = payment.amount == other.amount or (
        payment.amount_currency == other.amount_currency
        and payment.currency.strip().upper() == other.currency.strip().upper()
    )
    days = abs((payment.date - other.date).days)
    return days if equal and days <= NEAR else None


def equal(payment: Payment, others: Sequence[OtherChannelPayment]) -> list[OtherChannelPayment]:
    """Return those that a payment may be the same as, the nearest date first."""
    found = [(days, one) for one in others if (days := days_apart(payment, one)) is not None]
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def paired(
    payments: Sequence[tuple[int, Payment]],
    decisions: Mapping[int, Decision],
    others: Sequence[OtherChannelPayment],
) -> dict[int, Sequence[OtherChannelPayment]]:
    """Pair payments with those of other channels that they may be the same as.

    Each of those is paired with one payment only, and with none that a person confirmed as
    another one: the next equal payment may still be the same. A payment that was decided
    about it comes first, then the nearest date, then the oldest.

    :param payments: places and payments, oldest first.
    :param decisions: in force, by place.
    :return: by place, the one that it is paired with before all others that are equal.
    """
    fitting = {place: found for place, payment in payments if (found := equal(payment, others))}
    pairs: dict[int, Sequence[OtherChannelPayment]] = {
        place: fitting[place]
        for place, payment in payments
        if place in fitting and confirms(decisions.get(place), payment, fitting[place])
    }
    used: set[int] = set()

    def pair(place: int, ids: Collection[int]) -> None:
        found = next((one for one in fitting[place] if one.id in ids and one.id not in used), None)
        if found is not None:
            used.add(found.id)
            pairs[place] = [found, *(one for one in fitting[place] if one != found)]

    for place in fitting:
        if place not in pairs and place in decisions:
            pair(place, named_in(decisions[place].facts))
    for days, decided in itertools.product(range(NEAR + 1), (True, False)):
        for place, payment in payments:
            if place in fitting and place not in pairs and (place in decisions) is decided:
                pair(place, [o.id for o in fitting[place] if days_apart(payment, o) == days])
    return pairs
