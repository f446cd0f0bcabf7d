"""The rows of an import run, matched with the host's invoices and judged by the ledger's rules.

A few queries read what :mod:`hostsim.ledger.judging` needs. They run on a connection of their
own, in a snapshot, so that rows can be written while they are judged.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal, localcontext
from functools import cached_property
from typing import Any, NamedTuple

from hostsim.ledger import decisions as decision_rules
from hostsim.ledger.candidates import Candidate, OtherImport, Refusal
from hostsim.ledger.decisions import (
    Deletion,
    HostWriteOff,
    OtherChannelPayment,
    OtherInvoicePayment,
    ReplaceablePayment,
)
from hostsim.ledger.judging import READY, Judgement, judge, judge_without_invoice
from hostsim.ledger.reasons import ACCEPT, CHANGED, SETTLED, SETTLEMENT_BLOCKED
from hostsim.ledger.reasons import IGNORED as IGNORED_REASONS
from hostsim.ledger.values import EXACT, ZERO, Decision, Invoice
from hostsim.messages import payments as payments_messages
from hostsim.messages.source_name import UNNAMED, named
from hostsim.storage import decisions as decision_store
from hostsim.storage import deleted_at_source
from hostsim.storage.decisions import Reversible
from hostsim.storage.invoice_matching import match_invoices
from hostsim.storage.rows import (
    OLDEST_FIRST,
    PAYMENT_COLUMNS,
    REGISTERED_COLUMNS,
    columns_as,
    first_row,
    payment_of,
    text_of,
    value_of,
)
from hostsim.storage.scope import (
    DELETED_LAST,
    IN_FORCE,
    OTHER_IMPORT,
    OTHER_IMPORT_DECLINED,
    OTHER_IMPORT_SAVED,
    OURS,
    Scope,
)
from hostsim.storage.settlements import Settlements, find_settlements
from hostsim.storage.store import Store
from opter_contract.values import Text


class MatchedInvoice(NamedTuple):
    """The payments of one invoice, judged; or one payment that matches no invoice."""

    invoice_id: int | None
    rows: Sequence[sqlite3.Row]
    judgements: Sequence[Judgement]
    remaining: Decimal | None  # in the invoice's currency, if all that is ready is saved


class Reversals(NamedTuple):
    """What accepted decisions reverse, if they can be saved, and the blocked decisions."""

    returned: Mapping[int, Decimal]  # by invoice, in its currency
    blocked: Mapping[str, Refusal]  # by payment number
    ids: Collection[int] = ()  # of the registered payments

    def others(self, payments: Sequence[ReplaceablePayment]) -> tuple[ReplaceablePayment, ...]:
        """Return those of the payments that stay registered."""
        return tuple(payment for payment in payments if payment.id not in self.ids)


class AffectedRows(NamedTuple):
    """The payments and invoices to judge; of an invoice, all payments are judged."""

    numbers: Collection[str]
    invoices: Collection[int] = ()


class DecisionsInForce(NamedTuple):
    """The decisions in force about a run at one moment, and their effects."""

    decisions: Mapping[str, int]  # id by payment number
    series: Mapping[int, Decision]
    reversals: Reversals
    changed: Mapping[str, tuple[ReplaceablePayment, ...]]
    kept: Mapping[str, tuple[ReplaceablePayment, ...]]
    left_out: Mapping[str, Text]


class Judging:
    """One run and the host's invoices, in a snapshot of when this was created."""

    def __init__(
        self, store: Store, scope: Scope, db: sqlite3.Connection, *, as_if_fetched: bool = False
    ) -> None:
        """Match the rows with invoices, and find other channels' payments that may be the same.

        :param db: a connection of its own, for temporary tables.
        :param as_if_fetched: see :func:`hostsim.ledger.judging.judge`.
        """
        self.db = db
        self.scope = scope
        self.values = scope._asdict()
        self._as_if_fetched = as_if_fetched
        self._accepted_deviation = store.accepted_deviation
        self._source = _source_of(db, scope.run_id)
        self._on_other_invoices_by_id: dict[int, OtherInvoicePayment | None] = {}  # by payment
        # All queries see one moment, whatever is changed meanwhile.
        db.execute("BEGIN")
        match_invoices(db, self.values)
        db.execute(_CREATE_OTHER_CHANNEL_PAYMENTS)
        db.execute(_FIND_OTHER_CHANNEL_PAYMENTS, self.values)
        db.execute("CREATE INDEX other_channel_by_invoice ON other_channel (invoice_id)")
        db.execute(
            "CREATE INDEX other_channel_by_customer ON other_channel (customer, region, amount)"
        )

    def end_snapshot(self) -> None:
        """End the snapshot, so that judgements can be written if there is no WAL."""
        self.db.execute("COMMIT")

    def begin_new_snapshot(self) -> None:
        """Begin a snapshot with newer decisions; the rows are not matched again."""
        self.db.execute("BEGIN")
        for name in ("changed", "kept", "left_out", "_series", "_accepted"):
            self.__dict__.pop(name, None)
        if any(other_half.waits for other_half in self.settlements.by_number.values()):
            # A half that is set aside does not follow one that waits for it.
            self.__dict__["settlements"] = find_settlements(self.db, self.values)

    # --- Facts about several rows at once ---

    @cached_property
    def replaceable(self) -> Mapping[str, tuple[ReplaceablePayment, ...]]:
        """By payment number, the registered payments that it may replace."""
        return deleted_at_source.replaceable_by_number(self.db, self.values)

    def reversed_by(self, row: sqlite3.Row) -> list[int]:
        """Return the ids of registered payments that a ready row replaces."""
        decision = None if row["dec_id"] is None else decision_store.decision_of(row, "dec_")
        accepted = decision_rules.replaced_ids(decision)
        replaced_ids = [
            payment.id
            for payment in self.replaceable.get(row["number"], ())
            if payment.id in accepted
        ]
        return replaced_ids if row["reg_id"] is None else [*replaced_ids, row["reg_id"]]

    @cached_property
    def unchecked(self) -> Mapping[str, tuple[ReplaceablePayment, ...]]:
        """By payment number, the registered payments that it may replace, not checked yet."""
        return deleted_at_source.unchecked_by_number(self.db, self.values)

    @cached_property
    def changed(self) -> Mapping[str, tuple[ReplaceablePayment, ...]]:
        """By payment number, the payments of its invoice that changed at the source.

        Also those whose change is accepted, which may not be saved yet.
        """
        return deleted_at_source.changed_by_number(self.db, self.values)

    @cached_property
    def kept(self) -> Mapping[str, tuple[ReplaceablePayment, ...]]:
        """By payment number, those of its invoice that changed at the source and are kept here."""
        return deleted_at_source.kept_by_number(self.db, self.values)

    @cached_property
    def settlements(self) -> Settlements:
        return find_settlements(self.db, self.values)

    @cached_property
    def left_out(self) -> Mapping[str, Text]:
        """By payment number, why it is left out of the next save."""
        messages = decision_store.left_out_payments(
            self.db, self.scope.definition, self.scope.company
        )
        # Neither half of a settlement is saved alone.
        other_halves = {
            other.number: messages[number]
            for number, other in self.settlements.by_number.items()
            if number in messages
        }
        return other_halves | messages

    @cached_property
    def _nothing_left(self) -> Collection[int]:
        """Invoices that are fully paid at the source."""
        return {row["invoice_id"] for row in self.db.execute(_NOTHING_LEFT, self.values)}

    @cached_property
    def _series(self) -> Sequence[Decision]:
        return decision_store.series_in_force(self.db, self.scope.definition, self.scope.company)

    # --- Judging ---

    def judge_invoices(self, only: AffectedRows | None = None) -> Iterator[MatchedInvoice]:
        """Judge one invoice at a time, of all rows or only of some."""
        return self._judge_invoices(self.reversals(), only)

    def judge_rows(self, only: AffectedRows) -> Iterator[tuple[sqlite3.Row, Judgement]]:
        """Judge as :meth:`judge_invoices`, a row at a time."""
        return _rows_with_judgements(self.judge_invoices(only))

    def reversals(self) -> Reversals:
        """Find the accepted decisions that can be saved together.

        Two payments may have changed places. So each is judged as if all the others
        could be saved, and those that cannot are blocked, until no more are.
        """
        accepted, partners = self._accepted
        blocked: dict[str, Refusal] = {}
        held: set[str] = set()  # halves that wait for others, which are to be accepted or fetched
        while accepted:
            reversals = _reversals(accepted, blocked)
            newly_blocked, acceptable = self._not_ready(accepted.keys(), reversals)
            # Neither half of a settlement is saved alone.
            for number in accepted.keys() - newly_blocked.keys() - acceptable:
                if partners.get(number) in acceptable:
                    held.add(number)
                    newly_blocked[number] = _blocked_by(
                        partners[number], payments_messages.HALF_NOT_READY
                    )
            for number in newly_blocked.keys() - held:
                other = partners.get(number)
                if other in accepted and other not in newly_blocked:
                    newly_blocked[other] = _blocked_by(number, newly_blocked[number].message)
            if newly_blocked.keys() <= blocked.keys():
                return reversals
            blocked = newly_blocked | blocked
        return Reversals({}, {})

    def possibly_registered(self, numbers: Collection[str]) -> decision_store.OtherPayments:
        """Return the payments of other channels that these may be the same as, by number."""
        if not numbers:
            return {}
        return {
            row["number"]: judgement.others
            for row, judgement in self.judge_rows(AffectedRows(numbers))
            if row["number"] in numbers and judgement.others
        }

    def decisions_in_force(self) -> DecisionsInForce:
        """Return the decisions in force now, and their effects on the run."""
        rows = self.db.execute(_DECISIONS_IN_FORCE, self.values)
        reversals = self.reversals()
        return DecisionsInForce(
            {row["number"]: row["id"] for row in rows},
            {series.id: series for series in self._series},
            reversals,
            {number: reversals.others(old) for number, old in self.changed.items()},
            self.kept,
            self.left_out,
        )

    def affected_since(self, before: DecisionsInForce) -> AffectedRows:
        """Return what must be judged again because decisions changed."""
        now = self.decisions_in_force()
        numbers = (
            _differing_keys(before.decisions, now.decisions)
            | _differing_keys(before.reversals.blocked, now.reversals.blocked)
            | _differing_keys(before.changed, now.changed)
            | _differing_keys(before.kept, now.kept)
            | _differing_keys(before.left_out, now.left_out)
        )
        changed_series = [
            {**before.series, **now.series}[series_id]
            for series_id in _differing_keys(before.series, now.series)
        ]
        if changed_series:
            rows = self.db.execute(_INVOICE_NUMBERS, self.values)
            numbers |= {
                n for n, invoice in rows if decision_rules.in_series(changed_series, invoice)
            }
        return AffectedRows(
            numbers, _differing_keys(before.reversals.returned, now.reversals.returned)
        )

    def affected_by(self, invoices: Collection[int]) -> AffectedRows:
        """Return what must be judged again because the books of invoices changed."""
        accepted, _ = self._accepted
        reversal_invoices = {
            reversible.invoice_id for reversibles in accepted.values() for reversible in reversibles
        }
        return AffectedRows(accepted.keys(), reversal_invoices | set(invoices))

    @cached_property
    def _accepted(self) -> tuple[dict[str, Sequence[Reversible]], dict[str, str]]:
        """By payment number, what accepted decisions reverse; and the pairs of settlements.

        Of those also what nobody has accepted: it can be only where both halves can be saved.
        """
        definition, company = self.scope.definition, self.scope.company
        accepted_payments = decision_store.accepted_payments(self.db, definition, company)
        accepted: dict[str, Sequence[Reversible]] = {
            number: [reversible]
            for number, reversible in accepted_payments.items()
            if reversible is not None
        }
        numbers = accepted_payments.keys() - accepted.keys()
        for number in numbers & self.replaceable.keys():
            accepted[number] = [
                Reversible(old.id, old.invoice_id, old.effect) for old in self.replaceable[number]
            ]
        partners: dict[str, str] = {}
        for number, other_half in self.settlements.by_number.items():
            if other_half.ignored or other_half.waits:
                continue
            accepted.setdefault(number, [])
            partners[number] = other_half.number
        for number in self.left_out:
            accepted.pop(number, None)
        return accepted, partners

    def _not_ready(
        self, numbers: Collection[str], reversals: Reversals
    ) -> tuple[dict[str, Refusal], set[str]]:
        """Return, by number, why payments are not ready, or not in the run.

        Also return the halves of settlements that are to be accepted first, or fetched.
        """
        refusals = dict.fromkeys(numbers, Refusal.of("unreadable")._replace(reason=CHANGED))
        acceptable = set()
        for row, judgement in _rows_with_judgements(
            self._judge_invoices(reversals, AffectedRows(numbers))
        ):
            if judgement.kind == READY:
                refusals.pop(row["number"], None)
            elif row["number"] in refusals and _is_acceptable_half(judgement):
                acceptable.add(row["number"])
                del refusals[row["number"]]
            elif row["number"] in refusals:
                refusals[row["number"]] = _refused(judgement)
        return refusals, acceptable

    def _judge_invoices(
        self, reversals: Reversals, only: AffectedRows | None
    ) -> Iterator[MatchedInvoice]:
        for invoice_id, group in itertools.groupby(self._rows(only), key=lambda row: row["inv_id"]):
            if invoice_id is None:
                for row in group:
                    yield self._without_invoice(row, reversals)
            else:
                yield self._with_invoice(list(group), reversals)

    def _without_invoice(self, row: sqlite3.Row, reversals: Reversals) -> MatchedInvoice:
        candidate = self._candidate(row, reversals)
        judgement = judge_without_invoice(candidate, as_if_fetched=self._as_if_fetched)
        settled = candidate.settles if judgement.kind == READY else None
        invoice_id = None if settled is None else settled.invoice_id
        return self._name_source(MatchedInvoice(invoice_id, [row], [judgement], None))

    def _with_invoice(self, rows: Sequence[sqlite3.Row], reversals: Reversals) -> MatchedInvoice:
        invoice_id = rows[0]["inv_id"]
        invoice = value_of(Invoice, rows[0], "inv_")
        if invoice_id in reversals.returned:
            remaining = EXACT.add(invoice.remaining, reversals.returned[invoice_id])
            invoice = replace(invoice, remaining=remaining)
        candidates = [self._candidate(row, reversals) for row in rows]
        if not invoice.remaining:
            written_off = self._written_off(invoice_id)
            candidates = [replace(one, written_off=written_off) for one in candidates]
        judged = judge(
            invoice,
            candidates,
            self._accepted_deviation,
            as_if_fetched=self._as_if_fetched,
            others=self._other_channel_payments(rows),
            on_other_invoices=self._on_other_invoices(rows),
        )
        return self._name_source(MatchedInvoice(invoice_id, rows, *judged))

    def _name_source(self, judged: MatchedInvoice) -> MatchedInvoice:
        """Put the name of the source into the messages of the rules."""
        return judged._replace(
            judgements=[
                replace(
                    judgement,
                    message=judgement.message and named(judgement.message, self._source),
                    warning=judgement.warning and named(judgement.warning, self._source),
                )
                if judgement.message or judgement.warning
                else judgement
                for judgement in judged.judgements
            ]
        )

    def _candidate(self, row: sqlite3.Row, reversals: Reversals) -> Candidate:
        number = row["number"]
        decision = None
        if row["dec_id"] is not None:
            decision = decision_store.decision_of(row, "dec_")
        settles = self.settlements.by_number.get(number)
        if settles is None and decision is not None and decision.decision == ACCEPT:
            settles = self.settlements.made_again.get(number)
        excluded = refusal_in(row, "excluded")
        if settles is not None and excluded is not None and excluded.reason in IGNORED_REASONS:
            excluded = None  # a person sees the settlement, with both halves
        return Candidate(
            number=number,
            payment=payment_of(row, self.scope.company),
            excluded=excluded,
            registered=payment_of(row, self.scope.company, "reg_"),
            on_same_invoice=row["inv_id"] is not None and row["inv_id"] == row["reg_invoice_id"],
            registered_half=row["reg_status"] == SETTLED,
            registered_elsewhere=bool(row["reg_elsewhere"]),
            beside=row["reg_beside"],
            earlier=None if row["fetched"] else _earlier(row),
            decision=decision,
            series=decision_rules.in_series(self._series, row["invoice_number"]),
            deleted=_deletion(row, self.scope.company),
            blocked=reversals.blocked.get(number),
            replaceable=self.replaceable.get(number, ()),
            unchecked=self.unchecked.get(number, ()),
            changed=reversals.others(self.changed.get(number, ())),
            kept=self.kept.get(number, ()),
            settles=settles,
            half_there=self.settlements.there.get(number),
            left_out=self.left_out.get(number),
            nothing_left=row["inv_id"] in self._nothing_left,
            other_import=_other_import(row),
        )

    def _written_off(self, invoice_id: int) -> HostWriteOff | None:
        row = first_row(self.db, _WRITTEN_OFF, **self.values, invoice_id=invoice_id)
        return None if row is None else value_of(HostWriteOff, row)

    # --- Payments of other channels ---

    def _other_channel_payments(self, rows: Sequence[sqlite3.Row]) -> Sequence[OtherChannelPayment]:
        """Return the payments of other channels on the invoice of these rows."""
        if not rows[0]["other_channel"]:
            return ()
        scope = self.scope
        return decision_store.other_channel_payments(
            self.db, scope.import_type, scope.company, rows[0]["inv_id"]
        )

    def _on_other_invoices(self, rows: Sequence[sqlite3.Row]) -> list[OtherInvoicePayment]:
        """Return the payments of other channels on other invoices of the customer.

        Only of these rows' amounts, and only those that no payment of the run's import type
        and company explains there.
        """
        if not any(row["elsewhere"] for row in rows):
            return []
        dates = [row["date"] for row in rows if row["date"]]
        amounts = [row[name] for row in rows for name in ("amount", "amount_currency") if row[name]]
        values = {
            "region": rows[0]["inv_region"],
            "customer": rows[0]["inv_customer_code"],
            "invoice_id": rows[0]["inv_id"],
            "amounts": json.dumps(amounts),
            "first": min(dates),
            "last": max(dates),
            "near": decision_rules.MAX_DAYS_APART,
        }
        elsewhere = []
        for row in self.db.execute(_ON_OTHER_INVOICES, values).fetchall():
            if row["id"] not in self._on_other_invoices_by_id:
                self._on_other_invoices_by_id[row["id"]] = self._if_unexplained(row)
            elsewhere.append(self._on_other_invoices_by_id[row["id"]])
        return [payment for payment in elsewhere if payment is not None]

    def _if_unexplained(self, row: sqlite3.Row) -> OtherInvoicePayment | None:
        import_type, company = self.scope.import_type, self.scope.company
        invoice_id = row["invoice_id"]
        others = decision_store.other_channel_payments(self.db, import_type, company, invoice_id)
        own_rows = self.db.execute(_OWN, {**self.values, "invoice_id": invoice_id})
        payments = {other_row["number"]: payment_of(other_row, company) for other_row in own_rows}
        own = [payment for payment in payments.values() if payment is not None]
        pairs = decision_rules.pair_payments([*enumerate(own)], {}, others)
        explained = {matches[0].id for matches in pairs.values()}
        if row["id"] in explained:
            return None
        with localcontext(EXACT):
            later_effects = self.db.execute(_EFFECTS, {"invoice_id": invoice_id, "id": row["id"]})
            later_total = sum((Decimal(other_row["effect"]) for other_row in later_effects), ZERO)
            before = Decimal(row["inv_remaining"]) + later_total
        given_back = not later_total or (later_total < 0) != (Decimal(row["effect"]) < 0)
        if given_back:
            return None
        return OtherInvoicePayment(
            decision_store.other_channel_payment_of(row),
            row["inv_number"],
            before,
            row["inv_currency"],
        )

    def _rows(self, only: AffectedRows | None) -> Iterator[sqlite3.Row]:
        """Return rows joined with all that they are judged by, by invoice, the oldest first."""
        if only is None:
            return self.db.execute(_ROWS.format(chosen=""), self.values)
        chosen = {
            "numbers": json.dumps(sorted(only.numbers)),
            "invoices": json.dumps(sorted(only.invoices)),
        }
        return self.db.execute(_ROWS.format(chosen=_CHOSEN), {**self.values, **chosen})


def _rows_with_judgements(
    invoices: Iterator[MatchedInvoice],
) -> Iterator[tuple[sqlite3.Row, Judgement]]:
    for invoice in invoices:
        yield from zip(invoice.rows, invoice.judgements, strict=True)


def _reversals(
    accepted: Mapping[str, Sequence[Reversible]], blocked: Mapping[str, Refusal]
) -> Reversals:
    # Two payments may replace the same one, which goes back once.
    reversed_once = {
        reversible.id: reversible
        for number, reversibles in accepted.items()
        if number not in blocked
        for reversible in reversibles
    }
    returned: dict[int, Decimal] = {}
    for reversible in reversed_once.values():
        returned[reversible.invoice_id] = EXACT.add(
            returned.get(reversible.invoice_id, ZERO), reversible.effect
        )
    return Reversals(returned, blocked, reversed_once.keys())


def _differing_keys(before: Mapping[Any, object], now: Mapping[Any, object]) -> set[Any]:
    return {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}


def _source_of(db: sqlite3.Connection, run_id: str) -> Text:
    row = first_row(db, "SELECT source FROM runs WHERE id = :id", id=run_id)
    return UNNAMED if row is None else Text(*json.loads(row["source"]))


def _other_import(row: sqlite3.Row) -> OtherImport | None:
    if row["other_import"] is None:
        return None
    saved, declined = bool(row["other_saved"]), bool(row["other_declined"])
    return OtherImport(row["other_import"], saved, declined)


def _deletion(row: sqlite3.Row, company: str) -> Deletion | None:
    if row["del_at"] is None:
        return None
    at = datetime.fromisoformat(row["del_at"])
    return Deletion(
        row["del_by"],
        at,
        row["del_why"] or "",
        undone=bool(row["del_undone"]),
        payment=payment_of(row, company, "del_"),
        was_half=row["del_status"] == SETTLED,
    )


def _is_acceptable_half(judgement: Judgement) -> bool:
    """Whether nothing but the acceptance of a settlement is missing, if it is hidden or not."""
    return judgement.because is not None and judgement.because.reason == SETTLED


def _refused(judgement: Judgement) -> Refusal:
    """Return why a payment is not ready, also if a decision hides it."""
    if judgement.hidden is not None:
        return judgement.hidden
    unreadable = Refusal.of("unreadable")
    message, obstacle = judgement.message or unreadable.message, judgement.obstacle
    if judgement.reason == SETTLED and judgement.because is not None:
        # Both halves already say that they are a settlement.
        _, message, obstacle = judgement.because
    return Refusal(judgement.reason or CHANGED, message, obstacle)


def _blocked_by(number: str, why: Text) -> Refusal:
    """Refuse a half of a settlement whose other half is refused."""
    return Refusal(SETTLEMENT_BLOCKED, payments_messages.other_half_waits(number, why))


def refusal_in(row: sqlite3.Row, prefix: str) -> Refusal | None:
    message = text_of(row[f"{prefix}_sv"], row[f"{prefix}_en"])
    reason = row[f"{prefix}_reason"]
    return None if reason is None or message is None else Refusal(reason, message)


def _earlier(row: sqlite3.Row) -> Refusal:
    earlier = refusal_in(row, "earlier")
    if earlier is None:
        return Refusal.of("unreadable")
    return earlier._replace(obstacle=row["earlier_obstacle"])


# --- SQL --------------------------------------------------------------------

# Payments of other channels in the region, of the days around those of the run; each once by its
# SEK, and once by the amount in its currency. The index finds them without the millions of this
# channel, and of companies that other regions have: a definition keeps its region and its company.
_CREATE_OTHER_CHANNEL_PAYMENTS = """
    CREATE TEMP TABLE other_channel (payment_id INTEGER, invoice_id INTEGER, region TEXT,
                                  customer TEXT, day REAL, amount REAL)
"""
_FIND_OTHER_CHANNEL_PAYMENTS = f"""
    INSERT INTO other_channel
    WITH days AS (
        SELECT julianday(min(date)) - {decision_rules.MAX_DAYS_APART} AS first,
               julianday(max(date)) + {decision_rules.MAX_DAYS_APART} AS last
        FROM run_rows WHERE run_id = :run_id),
    others AS (
        SELECT id FROM payments WHERE state = 'registered' AND import_type IS NULL
        UNION ALL
        SELECT p.id FROM (
            SELECT DISTINCT import_type, company FROM definitions
            WHERE region = :region AND company IS NOT NULL
            AND (import_type, company) <> (:import_type, :company)) d
        CROSS JOIN payments p ON p.state = 'registered' AND p.import_type = d.import_type
                              AND p.company = d.company),
    near AS (
        SELECT p.id, p.invoice_id, julianday(p.date) AS day, p.amount, p.amount_currency
        FROM days CROSS JOIN others CROSS JOIN payments p ON p.id = others.id
        WHERE julianday(p.date) BETWEEN days.first AND days.last)
    SELECT n.id, i.id, i.region, i.customer_code, n.day, CAST(n.amount AS REAL)
    FROM near n CROSS JOIN invoices i ON i.id = n.invoice_id AND i.region = :region
    UNION
    SELECT n.id, i.id, i.region, i.customer_code, n.day, CAST(n.amount_currency AS REAL)
    FROM near n CROSS JOIN invoices i ON i.id = n.invoice_id AND i.region = :region
    WHERE n.amount_currency IS NOT NULL
"""  # noqa: S608 a constant

# What may be the payment ``r`` of the invoice ``i``, on another invoice of the customer.
_ELSEWHERE = f"""
    SELECT 1 FROM other_channel o
    WHERE o.customer = i.customer_code AND o.region = i.region AND o.customer <> ''
    AND o.amount IN (CAST(r.amount AS REAL), CAST(r.amount_currency AS REAL))
    AND o.invoice_id <> i.id AND abs(o.day - julianday(r.date)) <= {decision_rules.MAX_DAYS_APART}
"""  # noqa: S608 a constant

_ON_OTHER_INVOICES = """
    SELECT p.*, u.definition, b.number AS inv_number, b.remaining AS inv_remaining,
           b.currency AS inv_currency
    FROM payments p JOIN invoices b ON b.id = p.invoice_id LEFT JOIN runs u ON u.id = p.run_id
    WHERE p.id IN (
        SELECT payment_id FROM other_channel o
        WHERE o.customer = :customer AND o.region = :region AND o.invoice_id <> :invoice_id
        AND o.amount IN (SELECT CAST(value AS REAL) FROM json_each(:amounts))
        AND o.day BETWEEN julianday(:first) - :near AND julianday(:last) + :near)
    ORDER BY p.id
"""

# The payments of the run's import type and company on an invoice; as they are there now, last.
_OWN = f"""
    SELECT {PAYMENT_COLUMNS} FROM payments
    WHERE invoice_id = :invoice_id AND state = 'registered'
    AND import_type = :import_type AND company = :company
    UNION ALL
    SELECT {PAYMENT_COLUMNS} FROM run_rows
    WHERE id IN (SELECT row_id FROM matched WHERE invoice_id = :invoice_id)
    AND number <> '' AND date IS NOT NULL
"""  # noqa: S608 constants

_WRITTEN_OFF = f"""
    SELECT p.number, p.written_off AS amount FROM payments p
    WHERE p.invoice_id = :invoice_id AND {OURS} AND p.status = 'written-off'
"""  # noqa: S608 a constant

_EFFECTS = """
    SELECT effect FROM payments
    WHERE invoice_id = :invoice_id AND id >= :id AND state <> 'deleted'
"""

_NOTHING_LEFT = """
    SELECT invoice_id FROM run_balances
    WHERE run_id = :run_id AND booked = 1 AND cancelled = 0 AND balance NOT GLOB '*[1-9]*'
"""

_DECISIONS_IN_FORCE = f"""
    SELECT number, id FROM decisions d
    WHERE definition = :definition AND company = :company AND number IS NOT NULL AND {IN_FORCE}
"""  # noqa: S608 a constant

_INVOICE_NUMBERS = """
    SELECT number, invoice_number FROM run_rows
    WHERE run_id = :run_id AND number <> '' AND deleted = 0
"""

_CHOSEN = """
    WHERE m.row_id IN (
        WITH touched AS (
            SELECT t.row_id, t.invoice_id
            FROM json_each(:numbers) n
            CROSS JOIN run_rows q ON q.run_id = :run_id AND q.number = n.value AND q.number <> ''
            CROSS JOIN matched t ON t.row_id = q.id)
        SELECT row_id FROM touched WHERE invoice_id IS NULL
        UNION
        SELECT row_id FROM matched WHERE invoice_id IN (
            SELECT invoice_id FROM touched UNION SELECT value FROM json_each(:invoices)))
"""

_INVOICE_COLUMNS = ", ".join(
    f"i.{name} AS inv_{name}" for name in ("id", *(field.name for field in fields(Invoice)))
)

_ROWS = f"""
    SELECT r.*, p.id AS reg_id, p.invoice_id AS reg_invoice_id, {REGISTERED_COLUMNS},
           {_INVOICE_COLUMNS},
           p.status AS reg_status,
           CASE p.status WHEN '{SETTLED}' THEN
               (SELECT b.number FROM invoices b WHERE b.id = p.invoice_id AND b.id <> i.id
                AND p.invoice_number = r.invoice_number) END AS reg_beside,
           {decision_store.DECISION_COLUMNS}, x.deleted_by AS del_by, x.deleted_at AS del_at,
           x.deleted_why AS del_why, x.status AS del_status, {columns_as("x", "del_")},
           (SELECT undone_at FROM runs WHERE id = x.run_id) <= x.deleted_at AS del_undone,
           EXISTS (SELECT 1 FROM other_channel o WHERE o.invoice_id = i.id) AS other_channel,
           EXISTS ({_ELSEWHERE}) AS elsewhere,
           CASE WHEN i.id IS NULL THEN {OTHER_IMPORT} END AS other_import,
           CASE WHEN i.id IS NULL THEN {OTHER_IMPORT_SAVED} END AS other_saved,
           CASE WHEN i.id IS NULL AND p.id IS NOT NULL THEN {OTHER_IMPORT_DECLINED} END
               AS other_declined,
           (SELECT b.region FROM invoices b WHERE b.id = p.invoice_id) <> :region
               AS reg_elsewhere
    FROM matched m
    CROSS JOIN run_rows r ON r.id = m.row_id
    LEFT JOIN payments p ON {OURS} AND p.number = r.number
    LEFT JOIN payments x ON p.id IS NULL AND {DELETED_LAST}
    {decision_store.DECISION_JOIN}
    LEFT JOIN invoices i ON i.id = m.invoice_id
    {{chosen}}
    ORDER BY i.id, {OLDEST_FIRST.format("r")}, r.id
"""  # noqa: S608 constants
