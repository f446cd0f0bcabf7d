"""The reconciliation of two ledgers: kinds of differences, their reasons, and sums that add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from typing import NamedTuple

from hostsim.ledger import reasons
from hostsim.ledger.candidates import Refusal
from hostsim.ledger.judging import READY
from hostsim.ledger.values import EXACT, SEK, ZERO
from hostsim.messages import payments as payments_messages
from opter_contract.values import Payment, Text

EQUAL = "equal"
DIFFERS = "differs"
ONLY_AT_SOURCE = "only-in-fortnox"
ONLY_IN_HOST = "only-in-host"
#: Each payment is of exactly one of these kinds.
KINDS = (EQUAL, DIFFERS, ONLY_AT_SOURCE, ONLY_IN_HOST)

UNREADABLE = "unreadable"
IN_PREVIEW = Refusal(
    "in-preview",
    Text(
        "Inläst men inte sparad; spara den",
        "Brought in but not saved; save it",
    ),
)
AT_NEXT_IMPORT = Refusal(
    "at-next-import",
    Text(
        "Inte inläst än; läs in igen",
        "Not brought in yet; import again",
    ),
)
DELETED = Refusal(
    "deleted-in-fortnox",
    Text(
        "Registrerad här, men finns inte längre där den kom ifrån; kontrollera fakturan",
        "Registered here, but no longer where it came from; check the invoice",
    ),
)
DELETED_OR_UNREADABLE = Refusal(
    "deleted-or-unreadable",
    Text(
        "Registrerad här; där den kom ifrån är den borttagen, eller en av dem vars nummer inte "
        "går att läsa",
        "Registered here; where it came from it was deleted, or is one of those whose number "
        "cannot be read",
    ),
)
CHANGED = "changed-in-fortnox"
KEPT_DIFFERENCE = "kept-difference"

#: Reasons that held for a payment as it was then; reading everything supersedes them.
_OUTDATED = frozenset(
    {"before-date", "below-number", "not-booked", reasons.NOT_LOOKED_UP, UNREADABLE}
)

#: The names of the fields that may differ, by their label.
FIELDS = {
    payments_messages.AMOUNT: "amount",
    payments_messages.CURRENCY: "currency",
    payments_messages.AMOUNT_CURRENCY: "amount_currency",
    payments_messages.PAYMENT_DATE: "payment_date",
    payments_messages.INVOICE_NUMBER: "invoice_number",
    payments_messages.BOOKED: "booked",
    payments_messages.WRITE_OFFS: "write_offs",
}


@dataclass(frozen=True, slots=True)
class Side:
    """A payment in one of the two ledgers; fields that could not be read are ``None``."""

    invoice_number: str | None
    date: date | None
    amount: Decimal | None  # SEK
    currency: str | None
    amount_currency: Decimal | None
    booked: bool | None
    written_off: Decimal = ZERO  # SEK

    @property
    def sek(self) -> Decimal:
        """The amount in SEK; 0 if unknown."""
        return ZERO if self.amount is None else self.amount

    @property
    def in_currency(self) -> Decimal:
        """The amount in its currency; 0 if unknown."""
        if self.currency == SEK:
            return self.sek
        return ZERO if self.amount_currency is None else self.amount_currency


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One payment on which the two ledgers do not agree, and why."""

    kind: str
    payment_number: str
    reason: str
    message: Text
    source: Side | None
    host: Side | None
    fields: tuple[str, ...] = ()  # that differ


@dataclass(slots=True)
class Sum:
    """The number of payments, their SEK, and their sum in their own currency."""

    number: int = 0
    sek: Decimal = ZERO
    amount: Decimal = ZERO

    def add(self, side: Side) -> None:
        self.add_all(Sum(1, side.sek, side.in_currency))

    def add_all(self, other: Sum) -> None:
        with localcontext(EXACT):
            self.number += other.number
            self.sek += other.sek
            self.amount += other.amount

    def without(self, other: Sum) -> Sum:
        with localcontext(EXACT):
            return Sum(self.number - other.number, self.sek - other.sek, self.amount - other.amount)


@dataclass(slots=True)
class Pair:
    """The sums of both sides."""

    source: Sum = field(default_factory=Sum)
    host: Sum = field(default_factory=Sum)

    def add(self, there: Side | None, here: Side | None) -> None:
        if there is not None:
            self.source.add(there)
        if here is not None:
            self.host.add(here)

    def add_all(self, other: Pair) -> None:
        self.source.add_all(other.source)
        self.host.add_all(other.host)

    @property
    def difference(self) -> Sum:
        return self.source.without(self.host)

    @property
    def agrees(self) -> bool:
        return self.source == self.host


class Totals:
    """Sums by kind, by currency and by day. A day counts each side by its own date."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], Pair] = {}
        self._days: dict[tuple[date | None, str], Pair] = {}

    def add(self, kind: str, there: Side | None, here: Side | None) -> None:
        """Count one payment; an unknown currency or day is a group of its own."""
        for source, host in ((there, None), (None, here)):
            side = source or host
            if side is None:
                continue
            currency = side.currency or ""
            self._kinds.setdefault((kind, currency), Pair()).add(source, host)
            self._days.setdefault((side.date, currency), Pair()).add(source, host)

    def kind(self, kind: str) -> Pair:
        """Return the sums of one kind; ``amount`` adds currencies up and means nothing."""
        return _sum_pairs(pair for (pair_kind, _), pair in self._kinds.items() if pair_kind == kind)

    def count(self, kind: str) -> int:
        """Count the payments of one kind; one that both sides have counts once."""
        pair = self.kind(kind)
        return max(pair.source.number, pair.host.number)

    @property
    def all(self) -> Pair:
        """The sums of all; ``amount`` adds currencies up and means nothing."""
        return _sum_pairs(self._kinds.values())

    @property
    def currencies(self) -> dict[str, Pair]:
        """The sums by currency, SEK first; ``""`` is an unknown one and last."""
        names = sorted({currency for _, currency in self._kinds}, key=_sek_first)
        return {
            name: _sum_pairs(
                pair for (_, currency), pair in self._kinds.items() if currency == name
            )
            for name in names
        }

    @property
    def days(self) -> dict[tuple[date | None, str], Pair]:
        """The sums by payment date and currency, oldest first; an unknown date is last."""
        order = sorted(
            self._days, key=lambda key: (key[0] is None, key[0] or date.min, _sek_first(key[1]))
        )
        return {key: self._days[key] for key in order}

    def check(self, sides: Pair, currencies: dict[str, Pair]) -> None:
        """Raise unless the kinds, and the days, add up to the sums of each side.

        :param sides: each side, counted separately.
        :param currencies: the same, by currency.
        """
        by_day: dict[str, Pair] = {}
        for (_, currency), pair in self._days.items():
            by_day.setdefault(currency, Pair()).add_all(pair)
        if self.all != sides or not self.currencies == by_day == currencies:
            message = f"{sides} were read, but {self.all} compared"
            raise RuntimeError(message)


class BalanceEffects(NamedTuple):
    """By how much unregistered payments lower an invoice's balance, in its currency."""

    ready: Decimal = ZERO  # when all that is ready is saved
    otherwise: Decimal = ZERO  # other effects there; NaN explains any difference

    def plus(self, *, ready: Decimal = ZERO, otherwise: Decimal = ZERO) -> BalanceEffects:
        with localcontext(EXACT):
            return BalanceEffects(self.ready + ready, self.otherwise + otherwise)

    def unexplained_balance(
        self, remaining: Decimal, total: Decimal, balance: Decimal | None
    ) -> Decimal | None:
        """Return the balance here if less remains at the source, and no payment explains it.

        :param balance: the balance there; ``None`` for an invoice that is cancelled there.
        """
        if self.otherwise.is_nan():
            return None
        sign = -1 if total < 0 else 1
        with localcontext(EXACT):
            balance_here = remaining - self.ready
            unexplained = balance_here - self.otherwise
        if sign * unexplained <= 0:
            return None
        if balance is not None and sign * balance >= min(sign * balance_here, sign * unexplained):
            return None
        return balance_here


def totals_explain(
    remaining: Decimal, total: Decimal, balance: Decimal, total_there: Decimal
) -> bool:
    """Whether less remains at the source since the invoice has another total there."""
    sign = -1 if total < 0 else 1
    with localcontext(EXACT):
        return sign * (total - total_there) >= sign * (remaining - balance)


def reason_not_here(
    screened: Refusal | None,
    previewed: tuple[str | None, Refusal | None],
    pending: Refusal | None,
    deleted: Refusal | None = None,
) -> Refusal:
    """Return why the host lacks a payment that the source has.

    :param screened: the refusal by today's settings.
    :param previewed: its list in the open preview, and why it is in that one.
    :param pending: why it was rejected when a run was saved.
    :param deleted: that it was deleted here, and by whom.
    """
    kind, refusal = previewed
    if screened is not None and (deleted is None or screened.reason in reasons.IGNORED):
        return screened
    if kind == READY:
        return IN_PREVIEW
    if deleted is not None:
        return deleted
    for earlier in (refusal, pending):
        if earlier is not None and earlier.reason not in _OUTDATED:
            return earlier
    return AT_NEXT_IMPORT


def _sek_first(currency: str) -> tuple[bool, bool, str]:
    return currency != SEK, not currency, currency


def _sum_pairs(pairs: Iterable[Pair]) -> Pair:
    together = Pair()
    for pair in pairs:
        together.add_all(pair)
    return together


def written_off(payment: Payment) -> Decimal:
    with localcontext(EXACT):
        return sum((row.amount for row in payment.write_offs), ZERO)
