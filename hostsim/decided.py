"""What a person's decision means for a payment, without I/O.

A decision is about a payment as it was shown: with other figures it holds no
longer, and the person is asked anew. Nothing here decides; :mod:`.judging`
asks, and :mod:`.deciding` keeps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from types import MappingProxyType
from typing import NamedTuple

from hostsim.models import EXACT, SEK, Decision, Payment

SET_ASIDE = "set-aside"
CONFIRM = "confirm"
TAKE_AGAIN = "take-again"
ACCEPT = "accept"
KEEP = "keep"

#: The reasons that a person can decide about, beside setting aside.
DOUBTFUL = "possibly-registered-already"
DELETED = "deleted-in-host"
CHANGED = "changed-in-fortnox"
REPLACED = "replaced"
SETTLED = "settled-against-credit"

#: What a person can decide about a payment in the lower list, by its reason.
POSSIBLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        DOUBTFUL: (CONFIRM, SET_ASIDE),
        DELETED: (TAKE_AGAIN, SET_ASIDE),
        CHANGED: (ACCEPT, KEEP, SET_ASIDE),
        REPLACED: (ACCEPT, SET_ASIDE),
        SETTLED: (ACCEPT, SET_ASIDE),
    }
)


def possible(reason: str | None) -> tuple[str, ...]:
    """Say what can be decided about a payment in the lower list."""
    return POSSIBLE.get(reason or "", (SET_ASIDE,))


class Gone(NamedTuple):
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

    Fortnox has no function for it, so people make two payments of one date whose sum is 0.
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


@dataclass(frozen=True, slots=True)
class Typed:
    """A payment that was registered by hand, and by whom and when."""

    id: int
    date: date
    amount: Decimal  # SEK
    currency: str
    amount_currency: Decimal  # of the invoice
    user: str
    at: datetime


def figures(
    payment: Payment,
    typed: Typed | None = None,
    *,
    gone: Sequence[Gone] = (),
    settles: Settlement | None = None,
) -> str:
    """Write down what a decision about a payment is based on.

    :param typed: the payment by hand that it may be the same as.
    :param gone: the registered payments that it replaces.
    :param settles: the other half of a settlement.
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
    if typed is not None:
        known["typed"] = typed.id
    if gone:
        known["gone"] = sorted(one.id for one in gone)
    if settles is not None:
        known["settles"] = settles.number
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


def typed_in(facts: str) -> int | None:
    """Tell which payment by hand a confirmation was about."""
    known = json.loads(facts or "{}").get("typed")
    return known if isinstance(known, int) else None


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


def paired(
    payments: Sequence[tuple[int, Payment]],
    decisions: Mapping[int, Decision],
    typed: Sequence[Typed],
) -> dict[int, Typed]:
    """Pair payments with the ones by hand that they may be the same as.

    Who was decided about before comes first, then the oldest. One by hand is used up by
    one payment, but by none that a person lets in beside it: whatever was said of that
    one, the next equal payment may be the same.

    :param payments: places and payments, oldest first.
    :param decisions: in force, by place.
    """
    pairs: dict[int, Typed] = {}
    for place, payment in payments:
        named = typed_in(decisions[place].facts) if place in decisions else None
        found = next((one for one in typed if one.id == named and _equal(payment, one)), None)
        if found is not None and _lets_in(decisions.get(place), payment, found):
            pairs[place] = found
    left = list(typed)

    def pair(place: int, payment: Payment, named: int | None = None) -> None:
        fitting = (one for one in left if named in {None, one.id} and _equal(payment, one))
        found = next(fitting, None)
        if found is None:
            return
        pairs[place] = found
        if not _lets_in(decisions.get(place), payment, found):
            left.remove(found)

    for place, payment in payments:
        named = typed_in(decisions[place].facts) if place in decisions else None
        if named is not None and place not in pairs:
            pair(place, payment, named)
    for decided in (True, False):
        for place, payment in payments:
            if place not in pairs and (place in decisions) is decided:
                pair(place, payment)
    return pairs


def _lets_in(decision: Decision | None, payment: Payment, typed: Typed) -> bool:
    """Say whether a person decided that a payment comes in beside the one by hand."""
    if holds(decision, CONFIRM, figures(payment, typed)):
        return True
    facts = figures(payment)
    return any(holds(decision, what, facts) for what in (ACCEPT, TAKE_AGAIN))


def _equal(payment: Payment, typed: Typed) -> bool:
    if payment.date != typed.date:
        return False
    return payment.amount == typed.amount or (
        payment.amount_currency == typed.amount_currency
        and payment.currency.strip().upper() == typed.currency.strip().upper()
    )
