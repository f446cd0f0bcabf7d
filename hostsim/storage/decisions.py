"""The decisions of people about payments.

A decision is in force from one import to the next until a save applies it or a
person takes it back. The functions that write are called under the lock of a
definition, inside one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from hostsim.errors import HostError, host_error
from hostsim.ledger import decisions as decision_rules
from hostsim.ledger import reasons
from hostsim.ledger.decisions import NO_FACTS, OtherChannelPayment, ReplaceablePayment, Settlement
from hostsim.ledger.differences import outdated
from hostsim.ledger.judging import LEFT_OUT, READY
from hostsim.ledger.reasons import (
    ACCEPT,
    CONFIRM,
    DELETED,
    KEEP,
    PAID,
    REPLACED,
    SET_ASIDE,
    SETTLED,
    TAKE_AGAIN,
)
from hostsim.ledger.values import Decision
from hostsim.messages import decisions as decisions_messages
from hostsim.messages import results as results_messages
from hostsim.storage.rows import (
    PAYMENT_COLUMNS,
    clean,
    first_row,
    is_id,
    payment_of,
    text_of,
    value_of,
    words_of,
)
from hostsim.storage.scope import IN_FORCE
from hostsim.storage.store import Store
from opter_contract.values import Payment, Text

#: Characters of a reason; a longer one is refused.
MAX_WHY_LENGTH = 500

#: Digits of the numbers of a series.
MAX_NUMBER_LENGTH = 50

# A decision in force was applied by no save.
_DERIVED = {"registered_as": None, "outdated": None, "replaced": False, "undone": False}
_NAMES = tuple(field.name for field in fields(Decision) if field.name not in _DERIVED)

#: The columns of a decision under the alias ``d``, each with ``dec_`` before its name.
DECISION_COLUMNS = ", ".join(f"d.{name} AS dec_{name}" for name in _NAMES)

#: With the decision in force about the row ``r``.
DECISION_JOIN = f"""
    LEFT JOIN decisions d ON d.definition = :definition AND d.company = :company
        AND d.number = r.number AND {IN_FORCE}
"""

_DECISIONS = f"""
    SELECT * FROM decisions d
    WHERE definition = :definition AND company = :company AND {IN_FORCE}
"""  # noqa: S608 a constant

# Accepted, and perhaps confirmed after that.
_ACCEPTED = """
    (d.decision = 'accept' OR d.facts ->> 'after' = 'accept')
    AND d.facts ->> 'advance' IS NULL
"""


#: By payment number, the payments of other channels that it may be the same as.
OtherPayments = Mapping[str, Sequence[OtherChannelPayment]]


#: What was accepted: an advance, the other half of a settlement, one in place of a deleted one, or
#: a change of what was registered then.
DECIDED = """
    CASE WHEN r.decision <> 'accept' THEN r.decision
    WHEN r.facts ->> 'advance' IS NOT NULL THEN 'advance'
    WHEN r.facts ->> 'settles' IS NOT NULL THEN 'settle'
    WHEN r.facts ->> 'replaces' IS NOT NULL THEN 'replace'
    ELSE 'accept' END
"""

# What was decided as an advance may fit what remains by the time of the save.
_REGISTERED_AS = """
    CASE WHEN r.decision = 'accept' AND r.applied_at IS NOT NULL
              AND r.facts ->> 'advance' IS NOT NULL
    THEN (SELECT p.status FROM payments p
          JOIN definitions f ON f.name = r.definition AND f.import_type = p.import_type
          WHERE p.company = r.company AND p.number = r.number AND p.registered_at = r.applied_at
          AND p.reverses IS NULL LIMIT 1) END
"""

# The payment as it is now: in the open preview, else as it waits.
_FIGURES = ", ".join(f"'{name}', n.{name}" for name in (*PAYMENT_COLUMNS.split(", "), "reason"))
_NOW = f"""
    CASE WHEN r.number IS NOT NULL AND r.applied_at IS NULL AND r.taken_back_at IS NULL
    THEN COALESCE(
        (SELECT json_object({_FIGURES}) FROM runs u
         JOIN run_rows n ON n.run_id = u.id AND n.number = r.number
         WHERE u.definition = r.definition AND u.company = r.company AND u.state = 'open'
         AND n.deleted = 0),
        (SELECT json_object({_FIGURES}) FROM pending n WHERE n.definition = r.definition
         AND n.company = r.company AND n.number = r.number AND n.deleted_at IS NULL)) END
"""  # noqa: S608 constants

# Deleted at its source: as the open preview has it, else as it waits, else as it was registered;
# else a later import did not find what had never been saved.
_GONE = """
    r.number IS NOT NULL AND r.applied_at IS NULL AND r.taken_back_at IS NULL AND COALESCE(
        (SELECT n.deleted FROM runs u
         JOIN run_rows n ON n.run_id = u.id AND n.number = r.number
         WHERE u.definition = r.definition AND u.company = r.company AND u.state = 'open'),
        (SELECT n.deleted_at IS NOT NULL FROM pending n WHERE n.definition = r.definition
         AND n.company = r.company AND n.number = r.number),
        (SELECT k.deleted FROM checked_payments k WHERE k.payment_id = (
            SELECT max(p.id) FROM payments p
            JOIN definitions f ON f.name = r.definition AND f.import_type = p.import_type
            WHERE p.company = r.company AND p.number = r.number AND p.reverses IS NULL)),
        NOT EXISTS (
            SELECT 1 FROM payments p
            JOIN definitions f ON f.name = r.definition AND f.import_type = p.import_type
            WHERE p.company = r.company AND p.number = r.number)
        AND EXISTS (
            SELECT 1 FROM runs u WHERE u.definition = r.definition AND u.company = r.company
            AND u.state IN ('open', 'saved') AND u.started_at > r.at))
"""

# The decision that takes the place of another one is of the moment when that was taken back. Not
# correlated: an undoing may have taken thousands back.
_REPLACED = """
    r.number IS NOT NULL AND r.taken_back_at IS NOT NULL AND r.id IN (
        SELECT o.id FROM decisions o JOIN decisions n ON n.at = o.taken_back_at
            AND n.number = o.number AND n.definition = o.definition AND n.company = o.company
            AND n.id > o.id)
"""

# Not correlated either.
_UNDONE = """
    (r.definition, r.applied_at) IN (
        SELECT definition, saved_at FROM runs WHERE undone_at IS NOT NULL)
"""

#: The columns that :func:`as_decided` reads.
AS_DECIDED = f"""
    r.*, {DECIDED} AS decided, {_REGISTERED_AS} AS registered_as, {_NOW} AS now, {_GONE} AS gone,
    {_REPLACED} AS replaced, {_UNDONE} AS undone
"""


class Reversible(NamedTuple):
    """A registered payment that an accepted change would reverse."""

    id: int
    invoice_id: int
    effect: Decimal  # in the invoice's currency


class _Shown(NamedTuple):
    """A payment of the open preview, or a pending one, with its list and reason."""

    row: sqlite3.Row
    kind: str
    reason: str


# --- Reading ------------------------------------------------------------------


def decision_of(row: sqlite3.Row, prefix: str = "") -> Decision:
    return value_of(Decision, row, prefix, **_DERIVED)


def as_decided(row: sqlite3.Row) -> Decision:
    """Read a decision for a person, with its kind as :data:`DECIDED` returns it."""
    decided, registered_as = row["decided"], row["registered_as"]
    decision = replace(
        decision_of(row),
        decision=decided,
        registered_as=registered_as,
        replaced=bool(row["replaced"]),
        undone=bool(row["undone"]),
        outdated=decisions_messages.GONE if row["gone"] else None,
    )
    if row["gone"] or row["now"] is None:
        return decision
    now = json.loads(row["now"])
    return replace(
        decision, outdated=outdated(decision, payment_of(now, decision.company), now["reason"])
    )


def for_person(db: sqlite3.Connection, decision: Decision) -> Decision:
    query = f"SELECT {AS_DECIDED} FROM decisions r WHERE r.id = :id"  # noqa: S608 a constant
    return as_decided(db.execute(query, {"id": decision.id}).fetchone())


def decisions(
    store: Store, definition: str, numbers: Iterable[str] | None = None
) -> list[Decision]:
    """Return the decisions of a definition for a person, in force or not, oldest first.

    :param numbers: of the payments to return them of, with those about series; ``None``: of all.
    """
    query = (
        f"SELECT {AS_DECIDED} FROM decisions r"  # noqa: S608 a constant
        " WHERE r.definition = :definition AND (:numbers IS NULL OR r.number IS NULL"
        " OR r.number IN (SELECT value FROM json_each(:numbers))) ORDER BY r.id"
    )
    values = {
        "definition": definition,
        "numbers": None if numbers is None else json.dumps(list(numbers)),
    }
    return [as_decided(row) for row in store.db.execute(query, values)]


def series_in_force(db: sqlite3.Connection, definition: str, company: str) -> list[Decision]:
    """Return the series of invoice numbers that are set aside."""
    rows = db.execute(
        f"{_DECISIONS} AND number IS NULL ORDER BY id",
        {"definition": definition, "company": company},
    )
    return [decision_of(row) for row in rows]


def decision_about(
    db: sqlite3.Connection, definition: str, company: str, number: str
) -> Decision | None:
    query = f"{_DECISIONS} AND number = :number"
    row = first_row(db, query, definition=definition, company=company, number=number)
    return None if row is None else decision_of(row)


def accepted_payments(
    db: sqlite3.Connection, definition: str, company: str
) -> Mapping[str, Reversible | None]:
    """Return, by number, the payments with an accepted decision.

    Each with the payment that is registered under its number, if any.
    """
    rows = db.execute(
        "SELECT d.number, p.id, p.invoice_id, p.effect FROM decisions d"  # noqa: S608 constants
        " JOIN definitions f ON f.name = d.definition LEFT JOIN payments p"
        " ON p.import_type = f.import_type AND p.company = d.company AND p.number = d.number"
        " AND p.state = 'registered'"
        " WHERE d.definition = :definition AND d.company = :company"
        f" AND {_ACCEPTED} AND {IN_FORCE}",
        {"definition": definition, "company": company},
    )
    return {row["number"]: None if row["id"] is None else value_of(Reversible, row) for row in rows}


def other_channel_payments(
    db: sqlite3.Connection, import_type: str, company: str, invoice_id: int
) -> list[OtherChannelPayment]:
    """Return the registered payments of an invoice that came by hand or by another import."""
    values = {"import_type": import_type, "company": company, "invoice_id": invoice_id}
    return [other_channel_payment_of(row) for row in db.execute(_OTHER_CHANNEL_PAYMENTS, values)]


def other_channel_payment_of(row: sqlite3.Row) -> OtherChannelPayment:
    """Read such a payment, with the definition that imported it."""
    return value_of(
        OtherChannelPayment,
        row,
        amount_currency=Decimal(row["amount_currency"] or row["amount"]),
        at=datetime.fromisoformat(row["registered_at"]),
        **{name: row[name] or "" for name in ("definition", "import_type", "number")},
    )


#: Two payments under one import type and company are two payments.
OTHER_CHANNEL = "NOT (p.import_type IS :import_type AND p.company IS :company)"

_OTHER_CHANNEL_PAYMENTS = f"""
    SELECT p.*, u.definition FROM payments p LEFT JOIN runs u ON u.id = p.run_id
    WHERE p.invoice_id = :invoice_id AND p.state = 'registered' AND {OTHER_CHANNEL}
    ORDER BY p.id
"""  # noqa: S608 a constant


def left_out_payments(db: sqlite3.Connection, definition: str, company: str) -> dict[str, Text]:
    """Return the payments that the next save leaves out, by number, and why."""
    rows = db.execute(
        "SELECT number, message_sv, message_en FROM left_out"
        " WHERE definition = :definition AND company = :company",
        {"definition": definition, "company": company},
    )
    return {row["number"]: Text(row["message_sv"], row["message_en"]) for row in rows}


# --- Writing ------------------------------------------------------------------


def leave_out(
    db: sqlite3.Connection, definition: str, company: str, messages: Mapping[str, Text]
) -> None:
    """Leave payments out of the next save, each with the sentence that says why."""
    db.executemany(
        "INSERT OR IGNORE INTO left_out VALUES (:definition, :company, :number, :sv, :en)",
        [
            {"definition": definition, "company": company, "number": number, **words_of(message)}
            for number, message in messages.items()
        ],
    )


def take_in(
    db: sqlite3.Connection, definition: str, company: str, numbers: Iterable[str] | None = None
) -> None:
    """Include payments in the next save that were left out; ``None``: all of them."""
    db.execute(
        "DELETE FROM left_out WHERE definition = :definition AND company = :company"
        " AND (:numbers IS NULL OR number IN (SELECT value FROM json_each(:numbers)))",
        {
            "definition": definition,
            "company": company,
            "numbers": None if numbers is None else json.dumps(list(numbers)),
        },
    )


@dataclass(frozen=True, slots=True)
class DecisionWriter:
    """Writes decisions about the payments of one definition and company."""

    db: sqlite3.Connection
    definition: str
    company: str
    run_id: str | None  # of the open preview
    user: str
    at: datetime
    #: The payments that arriving ones may replace, and the halves of settlements, by number.
    replaceable: Mapping[str, tuple[ReplaceablePayment, ...]] = field(default_factory=dict)
    settles: Mapping[str, Settlement] = field(default_factory=dict)

    def set_aside(self, numbers: Iterable[str], why: str, others: OtherPayments) -> None:
        """Set payments aside, all or none; those already set aside are unchanged.

        :param others: by number, the payments of other channels that one may be the same as.
        """
        named = dict.fromkeys(numbers)
        for number in dict.fromkeys(self._with_halves(named)):
            shown = self._shown(number)
            rejected = shown.kind == "rejected"
            if shown.reason == SET_ASIDE or not (rejected or number in named):
                continue
            if not rejected:
                raise _misfit_error(shown, SET_ASIDE)
            payment = payment_of(shown.row, self.company)
            facts = (
                NO_FACTS
                if payment is None
                else decision_rules.facts_of(payment, others.get(number, ()))
            )
            self._decide(number, SET_ASIDE, facts, why)

    def leave_out(self, numbers: Iterable[str]) -> None:
        """Leave payments out of the next save, all or none; both halves of a settlement."""
        named = dict.fromkeys(numbers)
        self._refuse_unless_ready(named)
        unique_numbers = list(dict.fromkeys(self._with_halves(named)))
        why = decisions_messages.left_out(decisions_messages.by_whom(self.user, self.at))
        leave_out(self.db, self.definition, self.company, dict.fromkeys(unique_numbers, why))

    def take_in(self, numbers: Iterable[str]) -> None:
        """Include payments in the next save that were left out, all or none."""
        named = dict.fromkeys(numbers)
        self._refuse_unless_ready(named)
        take_in(self.db, self.definition, self.company, self._with_halves(named))

    def _refuse_unless_ready(self, numbers: Iterable[str]) -> None:
        for number in numbers:
            shown = self._shown(number)
            if shown.kind not in {READY, LEFT_OUT}:
                raise _misfit_error(shown, LEFT_OUT)

    def set_aside_series(self, first: str, last: str, why: str) -> None:
        """Set aside every payment of these invoice numbers that meets no invoice."""
        first, last = first.strip(), last.strip()
        ends = decision_rules.series_key(first), decision_rules.series_key(last)
        too_long = max(len(first), len(last)) > MAX_NUMBER_LENGTH
        if ends[0] is None or ends[1] is None or ends[0] > ends[1] or too_long:
            raise host_error("SERIES_WRONG", first=first[:50], last=last[:50])
        if self._series(first, last):
            raise host_error("SERIES_EXISTS", first=first, last=last)
        self._insert(
            decision=SET_ASIDE,
            first_invoice=first,
            last_invoice=last,
            why=checked_reason(why),
        )

    def decide(self, number: str, decision: str, why: str, others: OtherPayments) -> None:
        """Decide about one payment of the open preview.

        :param others: by number, the payments of other channels that one may be the same as.
        """
        # The figures of a pending payment are those that were deleted.
        if self.run_id is None and decision != TAKE_AGAIN:
            raise self._not_shown_error(number)
        shown = self._shown(number)
        payment = payment_of(shown.row, self.company)
        earlier = self._decided_about(number, payment)
        fits = shown.kind == "rejected" and decision in reasons.possible_decisions(shown.reason)
        if payment is None or not (fits or self._changes_mind(payment, decision, earlier)):
            raise _misfit_error(shown, decision)
        equal_payments = others.get(number, ())
        decided = self._facts_to_decide(shown, payment, decision, earlier, equal_payments)
        for one, facts in decided.items():
            self._decide(one, decision, facts, why)

    def _changes_mind(self, payment: Payment, decision: str, earlier: Decision | None) -> bool:
        """Whether a person who accepted a change keeps instead, or vice versa."""
        if earlier is None or {earlier.decision, decision} != {ACCEPT, KEEP}:
            return False
        accepted = accepted_payments(self.db, self.definition, self.company)
        is_of_change = decision == ACCEPT or accepted.get(payment.key.number) is not None
        return is_of_change and earlier.facts == decision_rules.facts_of(payment)

    def _facts_to_decide(
        self,
        shown: _Shown,
        payment: Payment,
        decision: str,
        earlier: Decision | None,
        equal_payments: Sequence[OtherChannelPayment],
    ) -> dict[str, str]:
        """Return the facts of a payment, and of each that is decided about with it, by number."""
        number, reason = payment.key.number, shown.reason
        if decision == TAKE_AGAIN:
            return {
                half: decision_rules.facts_of(self._payment_to_take(half))
                for half in self._with_halves([number])
                if self._shown(half).reason == DELETED
            }
        if decision == CONFIRM and reason == REPLACED:
            return {number: self._facts(number)}
        if decision == CONFIRM:
            if not equal_payments:
                raise _misfit_error(shown, decision)
            return {number: self._confirmed_facts(payment, equal_payments, earlier)}
        if decision == ACCEPT and reason == PAID:
            return {number: decision_rules.advance_after(payment, earlier)}
        if decision == ACCEPT and reason in {REPLACED, SETTLED}:
            if reason == REPLACED and not self.replaceable.get(number):
                # It depends on another payment: the message of the row says on which.
                message = text_of(shown.row["message_sv"], shown.row["message_en"])
                raise _misfit_error(shown, decision, message)
            return {half: self._facts(half) for half in self._with_halves([number])}
        return {number: decision_rules.facts_of(payment)}

    def _confirmed_facts(
        self,
        payment: Payment,
        equal_payments: Sequence[OtherChannelPayment],
        earlier: Decision | None,
    ) -> str:
        """Return the facts of a confirmation; what was decided earlier stays in force."""
        after = decision_rules.earlier_kind(earlier)
        if not after:
            return decision_rules.facts_of(payment, equal_payments)
        if decision_rules.allows_advance(earlier):
            return decision_rules.facts_of(payment, equal_payments, after=after, advance=True)
        number = payment.key.number
        return decision_rules.facts_of(
            payment,
            equal_payments,
            replaces=self.replaceable.get(number, ()),
            settles=self._settlement_of(number),
            after=after,
        )

    def _decided_about(self, number: str, payment: Payment | None) -> Decision | None:
        """Return the decision in force, unless it was about other figures."""
        decision = decision_about(self.db, self.definition, self.company, number)
        counts = payment is not None and decision_rules.is_about(decision, payment)
        return decision if counts else None

    def _with_halves(self, numbers: Iterable[str]) -> Iterator[str]:
        """Return payments, each followed by the other half of its settlement, if that is shown."""
        for number in numbers:
            yield number
            other_half = self.settles.get(number)
            if other_half is not None and other_half.number in self.settles:
                yield other_half.number

    def take_again(self, number: str, decided: tuple[str, str] | None) -> None:
        """Take a payment again, like :meth:`decide`.

        :param number: one that :func:`undone_saves.to_take_again` returns.
        :param decided: the decision about it when it was saved, and its facts; it is made again,
            unless the payment has other figures now or its acceptance is void.
        """
        payment = self._payment_to_take(number)
        if (
            decided is None
            or not decision_rules.is_about_facts(decided[1], payment)
            or self._is_acceptance_void(number, *decided)
        ):
            decided = TAKE_AGAIN, decision_rules.facts_of(payment)
        self._decide(number, *decided, "")

    def _is_acceptance_void(self, number: str, decision: str, facts: str) -> bool:
        """Whether the payment whose change or end was accepted is no longer registered."""
        accepted_facts = json.loads(facts)
        if decision != ACCEPT or accepted_facts.keys() & {"advance", "settles"}:
            return False
        values = {
            **self._values,
            "number": number,
            "ids": json.dumps(accepted_facts.get("replaces")),
        }
        return self.db.execute(_STILL_REGISTERED, values).fetchone() is None

    def _payment_to_take(self, number: str) -> Payment:
        """Return a payment to take again, which need not be in the preview."""
        row = self._row(number) or first_row(self.db, _PENDING_ROW, **self._values, number=number)
        payment = None if row is None else payment_of(row, self.company)
        if payment is None:
            raise self._not_shown_error(number)
        return payment

    def _facts(self, number: str) -> str:
        payment = payment_of(self._shown(number).row, self.company)
        if payment is None:
            raise self._not_shown_error(number)
        replaces = self.replaceable.get(number, ())
        return decision_rules.facts_of(
            payment, replaces=replaces, settles=self._settlement_of(number)
        )

    def _settlement_of(self, number: str) -> Settlement | None:
        """Return what is decided with a payment; of a registered one, the change alone is."""
        values = {**self._values, "number": number, "ids": "null"}
        registered = self.db.execute(_STILL_REGISTERED, values).fetchone()
        return self.settles.get(number) if registered is None else None

    def take_back(
        self, numbers: Iterable[str], series: Iterable[tuple[str, str]], ids: Iterable[int]
    ) -> None:
        """Revoke decisions in force, all that are named or none."""
        named = dict.fromkeys(numbers)
        # Read before: to revoke one acceptance of a settlement revokes that of its other half.
        decided = {
            number: decision_about(self.db, self.definition, self.company, number)
            for number in self._with_halves(named)
        }
        for number, decision in decided.items():
            if decision is not None:
                self._take_back([decision.id], _shorten(number))
            elif not self._take_in_if_left_out(number) and number in named:
                raise host_error("DECISION_UNKNOWN", what=_shorten(number))
        for first, last in series:
            self._take_back(self._series(first.strip(), last.strip()), _shorten(f"{first}–{last}"))
        for decision_id in ids:
            if not is_id(decision_id):
                raise host_error("DECISION_UNKNOWN", what=str(decision_id)[:50])
            rows = self.db.execute(
                f"{_DECISIONS} AND id = :id", {**self._values, "id": decision_id}
            )
            self._take_back([row["id"] for row in rows], str(decision_id))

    def _take_in_if_left_out(self, number: str) -> bool:
        """Include a payment in the next save, if it was left out.

        :raises HostError: ``HIDDEN_BY_SERIES``.
        """
        hiding = self.hiding_series(number)
        if hiding is not None:
            raise host_error(
                "HIDDEN_BY_SERIES",
                number=_shorten(number),
                name=self.definition,
                first=hiding.first_invoice,
                last=hiding.last_invoice,
            )
        left_out = number in left_out_payments(self.db, self.definition, self.company)
        if left_out:
            take_in(self.db, self.definition, self.company, [number])
        return left_out

    def hiding_series(self, number: str) -> Decision | None:
        """Return the series that hides a payment, if any."""
        row = self._row(number)
        if row is None or row["reason"] not in {SET_ASIDE, "invoice-not-found"}:
            return None
        all_series = series_in_force(self.db, self.definition, self.company)
        return decision_rules.in_series(all_series, row["invoice_number"])

    # --- Helpers ---

    def _decide(self, number: str, decision: str, facts: str, why: str) -> None:
        earlier = decision_about(self.db, self.definition, self.company, number)
        if earlier is not None:
            self._revoke([earlier.id], settles=decision_rules.accepted_half(facts))
        self._insert(decision=decision, number=number, facts=facts, why=checked_reason(why))

    def _revoke(self, ids: Sequence[int], *, settles: str | None = None) -> None:
        """Revoke decisions, each with the acceptance of the other half of its settlement.

        :param settles: the other half that the next decision accepts, too.
        """
        values = {**self._values, "ids": json.dumps(list(ids)), "settles": settles}
        self.db.execute(_REVOKE, values)

    @property
    def _values(self) -> dict[str, object]:
        return {
            "definition": self.definition,
            "company": self.company,
            "run_id": self.run_id,
            "user": self.user,
            "at": self.at.isoformat(),
        }

    def _insert(self, **values: str) -> None:
        empty = {"number": None, "facts": NO_FACTS, "first_invoice": None, "last_invoice": None}
        self.db.execute(
            "INSERT INTO decisions (definition, company, decision, number, first_invoice,"
            " last_invoice, facts, why, user, at)"
            " VALUES (:definition, :company, :decision, :number, :first_invoice, :last_invoice,"
            " :facts, :why, :user, :at)",
            {**self._values, **empty, **values},
        )

    def _take_back(self, ids: Sequence[int], name: str) -> None:
        if not ids:
            raise host_error("DECISION_UNKNOWN", what=name)
        self._revoke(ids)

    def _series(self, first: str, last: str) -> list[int]:
        ends = decision_rules.series_key(first), decision_rules.series_key(last)
        return [
            series.id
            for series in series_in_force(self.db, self.definition, self.company)
            if ends
            == (
                decision_rules.series_key(series.first_invoice or ""),
                decision_rules.series_key(series.last_invoice or ""),
            )
        ]

    def _row(self, number: str) -> sqlite3.Row | None:
        """Return a payment of the open preview, or a pending one."""
        query = _PENDING_ROW if self.run_id is None else _PREVIEW_ROW
        return first_row(self.db, query, **self._values, number=number)

    def _shown(self, number: str) -> _Shown:
        row = self._row(number)
        if row is None:
            raise self._not_shown_error(number)
        if self.run_id is not None:
            return _Shown(row, row["kind"], row["reason"] or "")
        decision = decision_about(self.db, self.definition, self.company, number)
        if decision is not None and decision.decision == SET_ASIDE:
            return _Shown(row, "ignored", SET_ASIDE)
        if decision is not None and decision.decision == KEEP:
            return _Shown(row, "ignored", "already-imported")
        return _Shown(row, "rejected", row["reason"])

    def _not_shown_error(self, number: str) -> HostError:
        return host_error("PAYMENT_NOT_SHOWN", number=_shorten(number), name=self.definition)


def _misfit_error(shown: _Shown, decision: str, message: Text | None = None) -> HostError:
    ready = shown.kind == READY
    state = results_messages.READY_NOW if ready else message or reasons.label(shown.reason)
    label = decisions_messages.DECISIONS.get(decision, Text(decision, decision))
    number = shown.row["number"]
    return host_error("DECISION_DOES_NOT_FIT", number=number, what=label, state=state)


_PREVIEW_ROW = """
    SELECT * FROM run_rows
    WHERE run_id = :run_id AND number = :number AND deleted = 0
"""

_PENDING_ROW = """
    SELECT * FROM pending
    WHERE definition = :definition AND company = :company AND number = :number
    AND deleted_at IS NULL
"""


# Neither half of a settlement is saved alone.
_REVOKE = f"""
    UPDATE decisions AS d SET taken_back_by = :user, taken_back_at = :at
    WHERE definition = :definition AND company = :company AND {IN_FORCE} AND (
        d.id IN (SELECT value FROM json_each(:ids))
        OR d.number IS NOT :settles AND EXISTS (
            SELECT 1 FROM decisions o WHERE o.id IN (SELECT value FROM json_each(:ids))
            AND o.facts ->> 'settles' = d.number
            AND d.facts ->> 'settles' = o.number))
"""  # noqa: S608 a constant

# The payments that a change is about, or that others replace.
_STILL_REGISTERED = """
    SELECT 1 FROM payments WHERE state = 'registered' AND (
        id IN (SELECT value FROM json_each(:ids)) AND :ids <> 'null'
        OR :ids = 'null' AND number = :number AND company = :company AND import_type = (
            SELECT import_type FROM definitions WHERE name = :definition))
"""


def _shorten(text: str) -> str:
    return " ".join(text.split())[:100]


def checked_reason(why: str) -> str:
    """Return a reason as one line; refuse one that is too long.

    :raises HostError: ``WHY_TOO_LONG``.
    """
    line = " ".join(clean(why).split())
    if len(line) > MAX_WHY_LENGTH:
        raise host_error("WHY_TOO_LONG", length=len(line), longest=MAX_WHY_LENGTH)
    return line


def mark_applied(db: sqlite3.Connection, scope: Mapping[str, Any], at: datetime) -> None:
    """Record that a save has applied the decisions about the payments of a run."""
    db.execute(
        "UPDATE decisions AS d SET applied_at = :at WHERE definition = :definition"  # noqa: S608 a constant
        f" AND company = :company AND {IN_FORCE} AND number IN"
        " (SELECT number FROM run_rows WHERE run_id = :run_id AND kind = 'ready')",
        {**scope, "at": at.isoformat()},
    )
