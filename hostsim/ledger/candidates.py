"""A payment that was read, with all facts that it is judged by, and its refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date
from typing import NamedTuple

from hostsim.ledger import decisions as decision_rules
from hostsim.ledger import reasons
from hostsim.ledger.decisions import (
    Deletion,
    HostWriteOff,
    RegisteredHalf,
    ReplaceablePayment,
    Settlement,
)
from hostsim.ledger.differences import find_differences
from hostsim.ledger.reasons import ACCEPT, SETTLED, TAKE_AGAIN
from hostsim.ledger.values import Decision
from hostsim.messages import payments as payments_messages
from opter_contract.values import Payment, Text


class Refusal(NamedTuple):
    """Why a payment is not ready."""

    reason: str
    message: Text
    #: What stands in the way in addition, and asks for other advice; see :mod:`.reasons`.
    obstacle: str = ""

    @classmethod
    def of(cls, code: str) -> Refusal:
        """Refuse for a reason that has the same message for every payment."""
        reason = reasons.REASONS[code]
        return cls(code, reason.message or reason.label)


class OtherImport(NamedTuple):
    """The import of another region that shares the company."""

    definition: str
    saved: bool  # whether it was ever saved, and so reads the payments of its region
    declined: bool = False  # whether a person sets the payment aside there, or keeps what is here


@dataclass(frozen=True, slots=True)
class Candidate:
    """A payment that was read, with all facts that it is judged by except its invoice."""

    number: str | None  # None if not even that could be read
    payment: Payment | None  # None if it could not be read
    _: KW_ONLY
    excluded: Refusal | None = None  # by the plug-in
    registered: Payment | None = None  # under the same key, in the books
    registered_half: bool = False  # that is registered as a half of a settlement
    #: The invoice here that it is registered on, as a half whose own was not here but is by now.
    beside: str | None = None
    on_same_invoice: bool = False  # as the registered payment
    registered_elsewhere: bool = False  # on an invoice of another region
    earlier: Refusal | None = None  # of an earlier run, and not fetched again in this one
    decision: Decision | None = None  # in force about this payment
    series: Decision | None = None  # in force about a series with its invoice number
    deleted: Deletion | None = None  # of the payment that was registered under the same key
    blocked: Refusal | None = None  # why the accepted change cannot be saved
    replaceable: tuple[
        ReplaceablePayment, ...
    ] = ()  # registered payments that this one may replace
    unchecked: tuple[ReplaceablePayment, ...] = ()  # the same, not known to be deleted
    changed: tuple[ReplaceablePayment, ...] = ()  # of its invoice, reduced or moved at the source
    kept: tuple[ReplaceablePayment, ...] = ()  # the same, which a person keeps as registered
    settles: Settlement | None = None
    #: The half in another region whose other half this may be, though not as it is now.
    half_there: RegisteredHalf | None = None
    left_out: Text | None = None  # by whom, if it is left out of this save
    #: Nothing remains of its invoice where it comes from.
    nothing_left: bool = False
    written_off: HostWriteOff | None = None  # of its invoice, which is paid with that
    #: The import of another region that shares the company, if the invoice is there and not here.
    other_import: OtherImport | None = None

    def decided(self, kind: str) -> Decision | None:
        """Return the decision, if it is of this kind and about today's figures."""
        if self.decision is None or self.payment is None:
            return None
        decision = self.decision
        if kind == TAKE_AGAIN:
            # That is about the payment alone, not about other payments.
            facts = decision_rules.facts_of(self.payment)
        else:
            # Of a registered payment, the change alone is decided.
            settles = self.settles if self.registered is None else None
            if settles is not None and settles.by_replacing:
                settles = None  # it follows from what it replaces
            facts = decision_rules.facts_of(
                self.payment, replaces=self.replaceable, settles=settles
            )
        if decision_rules.decides(decision, kind, facts):
            return decision
        return decision if decision_rules.decided_earlier(decision, kind, facts) else None

    @property
    def taken_again(self) -> bool:
        """Whether a person takes it again after its deletion, which revoked earlier decisions."""
        if self.deleted is None or self.payment is None:
            return False
        return decision_rules.takes_again(self.decision, self.payment)

    def accepts(self, reason: str) -> bool:
        """Whether a person accepted the payment despite this reason, and it can be saved."""
        if self.blocked is not None:
            return False
        if reason == SETTLED:
            return self._is_settlement_accepted
        return bool(self.replaceable) and self.decided(ACCEPT) is not None

    @property
    def _is_settlement_accepted(self) -> bool:
        """Whether it was accepted as a half, also in the place of what is deleted here by now."""
        if self.settles is None or self.payment is None:
            return False
        return self.decided(ACCEPT) is not None or decision_rules.accepts_settlement(
            self.decision, self.payment, self.settles
        )

    @property
    def is_advance(self) -> bool:
        """Whether a person takes the payment though nothing remains of its invoice."""
        if self.payment is None or self.registered is not None or self.settles is not None:
            return False
        is_about = decision_rules.is_about(self.decision, self.payment)
        return is_about and decision_rules.allows_advance(self.decision)

    @property
    def replaces(self) -> bool:
        """Whether a save reverses the registered payment and registers this one."""
        return self.blocked is None and self.change_accepted

    @property
    def is_taken_though_paid(self) -> bool:
        """Whether it comes in though nothing remains of its invoice.

        The invoice was paid beside the registered payment, which an accepted change reverses.
        """
        return self.is_advance or (self.on_same_invoice and self.replaces)

    @property
    def change_accepted(self) -> bool:
        """Whether a person accepted what differs from the registered payment."""
        if self.registered is None or self.decided(ACCEPT) is None:
            return False
        return bool(self.changes)

    @property
    def changes(self) -> list[payments_messages.Difference]:
        """The differences from the registered payment, of the fields that were read."""
        differences = self._differences_from(self.registered)
        if self.beside is None or self.payment is None:
            return differences
        own = payments_messages.own_invoice_is_here(self.beside, self.payment.invoice_number)
        return [*differences, own]

    @property
    def changes_since_deleted(self) -> list[payments_messages.Difference]:
        return self._differences_from(None if self.deleted is None else self.deleted.payment)

    def _differences_from(self, earlier: Payment | None) -> list[payments_messages.Difference]:
        if earlier is None or self.payment is None:
            return []
        # A payment that the settings ignore may have been excluded before its write-offs were read.
        were_read = self.excluded is None or self.excluded.reason not in reasons.IGNORED
        return find_differences(earlier, self.payment, write_offs=were_read)


def oldest_first(day: date | None, number: str) -> tuple[date, int, str, str]:
    """Sort by payment date, then by number as a number (which may be too long for one)."""
    digits = number.lstrip("0")
    return day or date.max, len(digits), digits, number


def oldest_first_indexes(candidates: Sequence[Candidate]) -> list[int]:
    def sort_key(index: int) -> tuple[date, int, str, str]:
        candidate = candidates[index]
        day = candidate.payment.date if candidate.payment else None
        return oldest_first(day, candidate.number or "")

    return sorted(range(len(candidates)), key=sort_key)
