"""What a person's decision means for a payment, without I/O.

A decision is about a payment as it was shown: with other figures it holds no
longer, and the person is asked anew. Nothing here decides; :mod:`.judging`
asks, and :mod:`.deciding` keeps.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import NamedTuple

from hostsim.ledger.reasons import ACCEPT, CONFIRM, TAKE_AGAIN
from hostsim.ledger.values import EXACT, SEK, Decision
from opter_contract.values import Payment


class ReplaceablePayment(NamedTuple):
    """A registered payment that no longer exists where it came from."""

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
    """A payment by another way on another invoice of the customer; nothing explains it there."""

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
) -> str:
    """Write down what a decision about a payment is based on.

    :param others: the payments by another way that it may be the same as.
    :param replaces: the registered payments that it replaces.
    :param settles: the other half of a settlement.
    :param after: what was decided before this, and goes on to hold.
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
    return json.dumps(known, ensure_ascii=False, sort_keys=True)


def written_off(payment: Payment) -> dict[tuple[str, str], Decimal]:
    """Sum up what was written off with a payment, by account and currency; zeros are left out.

    The currency is ``""`` where it is SEK, or not named.
    """
    sums: dict[tuple[str, str], Decimal] = {}
    with localcontext(EXACT):
        for one in payment.write_offs:
            key = one.account, "" if one.currency == SEK else one.currency
            sums[key] = sums.get(key, Decimal(0)) + one.amount
    return {key: sums[key] for key in sorted(sums) if sums[key]}


def named_in(facts: str) -> frozenset[int]:
    """Tell which payments by another way a decision was about."""
    return frozenset(json.loads(facts or "{}").get("others", ()))


def _number(amount: Decimal | None) -> str | None:
    """Write an amount so that equal amounts are written alike."""
    if amount is None:
        return None
    text = f"{amount:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if not amount else text


def holds(decision: Decision | None, what: str, facts: str) -> bool:
    """Say whether this was decided, and about exactly these figures."""
    return decision is not None and decision.decision == what and decision.facts == facts


def series_key(number: str) -> tuple[int, str] | None:
    """Make an invoice number comparable, however long; ``None`` where it is no number."""
    if not (number.isascii() and number.isdigit()):
        return None
    digits = number.lstrip("0")
    return len(digits), digits


def in_series(decisions: Sequence[Decision], invoice_number: str | None) -> Decision | None:
    """Give the first series that an invoice number lies in, both ends included."""
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
    """Give the decision, if it says that a payment is none of these others."""
    if decision is None or decision.decision != CONFIRM:
        return None
    known = json.loads(decision.facts)
    own = json.loads(figures(payment))
    same = {key: known.get(key) for key in own} == own and ("write_offs" in known) <= (
        "write_offs" in own
    )
    named = named_in(decision.facts)
    return decision if same and all(one.id in named for one in others) else None


def decided_before(decision: Decision | None) -> str:
    """Tell what was decided before a confirmation, and goes on to hold; ``""`` for nothing."""
    if decision is None:
        return ""
    if decision.decision in {ACCEPT, TAKE_AGAIN}:
        return decision.decision
    return str(json.loads(decision.facts or "{}").get("after", ""))


def holds_after(decision: Decision, what: str, facts: str) -> bool:
    """Say whether this was decided about these figures, and a confirmation came on top of it."""
    if decision.decision != CONFIRM:
        return False
    known = json.loads(decision.facts)
    known.pop("others", None)
    return bool(known.pop("after", "") == what and known == json.loads(facts))


def days_apart(payment: Payment, other: OtherChannelPayment) -> int | None:
    """Count the days between two payments that may be the same; ``None`` where they cannot be."""
    equal = payment.amount == other.amount or (
        payment.amount_currency == other.amount_currency
        and payment.currency.strip().upper() == other.currency.strip().upper()
    )
    days = abs((payment.date - other.date).days)
    return days if equal and days <= NEAR else None


def equal(payment: Payment, others: Sequence[OtherChannelPayment]) -> list[OtherChannelPayment]:
    """Give those that a payment may be the same as, the nearest date first."""
    found = [(days, one) for one in others if (days := days_apart(payment, one)) is not None]
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def paired(
    payments: Sequence[tuple[int, Payment]],
    decisions: Mapping[int, Decision],
    others: Sequence[OtherChannelPayment],
) -> dict[int, Sequence[OtherChannelPayment]]:
    """Pair payments with the ones by another way that they may be the same as.

    One of those is used up by one payment, but by none that a person lets in beside it:
    whatever was said of that one, the next equal payment may be the same. Who was decided
    about it comes first, then the nearest date, then the oldest.

    :param payments: places and payments, oldest first.
    :param decisions: in force, by place.
    :return: by place, the one that it is paired with before all others that are equal.
    """
    fitting = {place: found for place, payment in payments if (found := equal(payment, others))}
    pairs: dict[int, Sequence[OtherChannelPayment]] = {
        place: fitting[place]
        for place, payment in payments
        if place in fitting and _lets_in(decisions.get(place), payment, fitting[place])
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


def _lets_in(
    decision: Decision | None, payment: Payment, others: Sequence[OtherChannelPayment]
) -> bool:
    """Say whether a person decided that a payment comes in beside the ones by another way."""
    return confirms(decision, payment, others) is not None
