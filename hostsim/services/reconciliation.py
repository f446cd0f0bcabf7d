"""Compares every payment of the source with every one that is registered here.

An import finds what was added or changed. It does not find every payment that was
deleted at the source, so now and then a person compares all: the plug-in reads every
payment that exists, the host compares them with its registered ones, and each difference
is reported with its reason. Nothing is registered.

What is read goes into the database as an import's does, and is streamed from
there; only sums by day and currency are held in memory.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from hostsim.errors import host_error
from hostsim.ledger import decisions as decision_rules
from hostsim.ledger import reasons
from hostsim.ledger.candidates import Refusal
from hostsim.ledger.differences import find_differences
from hostsim.ledger.reason_order import author_of, moves_no_money
from hostsim.ledger.reasons import KEEP, SET_ASIDE
from hostsim.ledger.reconciliation import (
    CHANGED,
    DELETED,
    DELETED_OR_UNREADABLE,
    DIFFERS,
    EQUAL,
    FIELDS,
    IN_PREVIEW,
    KEPT_DIFFERENCE,
    KINDS,
    ONLY_AT_SOURCE,
    ONLY_IN_HOST,
    Mismatch,
    Pair,
    Side,
    Totals,
    reason_not_here,
    written_off,
)
from hostsim.ledger.values import SEK, Decision
from hostsim.messages import decisions as decisions_messages
from hostsim.messages import payments as payments_messages
from hostsim.messages.payments import Difference
from hostsim.plugins.session import ImportSession, copies_of, text
from hostsim.services.context import Context, recording_failure
from hostsim.storage import decisions as decision_store
from hostsim.storage import reconciliations as stored
from hostsim.storage import unreported_commits
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.judging import refusal_in
from hostsim.storage.reconciliations import ReconciliationScope
from hostsim.storage.rows import payment_of
from hostsim.storage.store import Store
from opter_contract.values import Company, ImportReport, Payment

# --- While the plug-in reads -------------------------------------------------


class ReadAllSession(ImportSession):
    """Reads everything: nothing of earlier runs is offered or confirmed."""

    offers_earlier = False

    def opter_known_invoices(self, invoice_numbers: Sequence[str]) -> Collection[str]:
        """Claim to know them all, so that no OCR reference has to be looked up."""
        return copies_of(invoice_numbers, text)

    def explain(self, company: str) -> None:
        """Write down why the host lacks what only the source has."""
        for rows in stored.unexplained(self._import_run, company):
            payments = [p for row in rows if (p := payment_of(row, company)) is not None]
            series = decision_store.series_in_force(
                self._import_run.store.db, self.run.definition, company
            )
            screened = self._exclusion_reasons(payments)
            stored.set_reasons(
                self._import_run,
                [
                    (row["id"], _unless_set_aside(row, series, _why_not_here(row, refusal)))
                    for row, refusal in zip(rows, screened, strict=True)
                ],
            )


def _why_not_here(row: sqlite3.Row, screened: Refusal | None) -> Refusal:
    deleted = None
    if row["del_at"] is not None:
        at = datetime.fromisoformat(row["del_at"])
        message = decisions_messages.deleted_here(row["del_by"], at, row["del_why"])
        deleted = Refusal(reasons.DELETED, message)
    payment = payment_of(row, "")
    if screened is None and payment is not None and moves_no_money(payment):
        return Refusal.of(reasons.NO_AMOUNT)
    previewed = row["open_kind"], refusal_in(row, "open")
    return reason_not_here(screened, previewed, refusal_in(row, "pending"), deleted)


def _unless_set_aside(row: sqlite3.Row, series: Sequence[Decision], refusal: Refusal) -> Refusal:
    """Return that a person set the payment aside, if that is why it is not listed."""
    if refusal is IN_PREVIEW or refusal.reason in reasons.IGNORED:
        return refusal
    decision = None if row["dec_id"] is None else decision_store.decision_of(row, "dec_")
    if decision is None or decision.decision != SET_ASIDE:
        lost = refusal.reason == "invoice-not-found"
        decision = decision_rules.in_series(series, row["invoice_number"]) if lost else None
    if decision is None:
        return refusal
    return Refusal(SET_ASIDE, decisions_messages.set_aside(author_of(decision), refusal.message))


# --- Afterwards --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Both sides compared. The differences are read from the database."""

    definition: str
    company: Company
    requests: int
    totals: Totals
    _store: Store = field(repr=False, compare=False)
    _scope: ReconciliationScope = field(repr=False, compare=False)

    def unequal(self, kind: str) -> Iterator[Mismatch]:
        """Return the payments of one kind of difference, oldest first."""
        if not self.totals.count(kind):
            return
        if kind == ONLY_IN_HOST:
            unsure = stored.has_unnumbered(self._store, self._scope)
            refusal = DELETED_OR_UNREADABLE if unsure else DELETED
            for row in stored.only_here(self._store, self._scope):
                yield Mismatch(
                    kind, row["number"], refusal.reason, refusal.message, None, _side(row)
                )
            return
        registered = kind != ONLY_AT_SOURCE
        for row in stored.at_source(self._store, self._scope, here=registered):
            if (compared := _compare_row(row)).kind == kind:
                yield _unequal(compared)

    def close(self) -> None:
        """Remove what was read; the sums stay."""
        stored.forget(self._store, self._scope)


class _ComparedRow(NamedTuple):
    """A payment of the source, and the registered one with its number."""

    kind: str
    row: sqlite3.Row
    here: Payment | None
    there: Payment | None
    differences: Sequence[Difference]


def compare(import_run: ImportRun, company: Company, requests: int, at: datetime) -> Reconciliation:
    """Compare what was read with what is registered, and end the run."""
    store, scope = import_run.store, stored.scope_of(import_run, company)
    totals = Totals()
    for row in stored.at_source(store, scope):
        here = None if row["reg_number"] is None else _side(row, "reg_")
        totals.add(_compare_row(row).kind, _side(row), here)
    for row in stored.only_here(store, scope):
        totals.add(ONLY_IN_HOST, None, _side(row))
    totals.check(*_count_sides(store, scope))
    counts = {kind: totals.count(kind) for kind in KINDS}
    stored.finish(import_run, company, requests=requests, counts=counts, at=at)
    return Reconciliation(import_run.definition.name, company, requests, totals, store, scope)


def _compare_row(row: sqlite3.Row) -> _ComparedRow:
    here, there = payment_of(row, "", "reg_"), payment_of(row, "")
    if here is None:
        return _ComparedRow(ONLY_AT_SOURCE, row, here, there, ())
    differences = [] if there is None else find_differences(here, there)
    equal = there is not None and not differences
    return _ComparedRow(EQUAL if equal else DIFFERS, row, here, there, differences)


def _count_sides(store: Store, scope: ReconciliationScope) -> tuple[Pair, dict[str, Pair]]:
    """Count each side without the other."""
    both: Pair = Pair()
    currencies: defaultdict[str, Pair] = defaultdict(Pair)
    for row in stored.all_at_source(store, scope):
        side = _side(row)
        both.add(side, None)
        currencies[side.currency or ""].add(side, None)
    for row in stored.all_here(store, scope):
        side = _side(row)
        both.add(None, side)
        currencies[side.currency or ""].add(None, side)
    return both, currencies


def _unequal(compared: _ComparedRow) -> Mismatch:
    kind, row, _, _, differences = compared
    excluded = refusal_in(row, "excluded")
    if kind == ONLY_AT_SOURCE or excluded is not None or not differences:
        refusal = excluded or Refusal.of("unreadable")
    else:
        refusal = _kept_difference(compared) or Refusal(
            CHANGED, payments_messages.changed(differences)
        )
    return Mismatch(
        kind,
        row["number"] or "",
        refusal.reason,
        refusal.message,
        _side(row),
        None if row["reg_number"] is None else _side(row, "reg_"),
        tuple(FIELDS[difference.what] for difference in differences),
    )


def _kept_difference(compared: _ComparedRow) -> Refusal | None:
    """Return that a person keeps the difference, if it is still the same."""
    _, row, here, there, differences = compared
    decision = None if row["dec_id"] is None else decision_store.decision_of(row, "dec_")
    if here is None or there is None or decision is None:
        return None
    if not decision_rules.decides(decision, KEEP, decision_rules.facts_of(there)):
        return None
    change = payments_messages.changed(differences)
    return Refusal(KEPT_DIFFERENCE, decisions_messages.kept(change, author_of(decision)))


def _side(row: sqlite3.Row, prefix: str = "") -> Side:
    payment = payment_of(row, "", prefix)
    if payment is None:
        amount = row[f"{prefix}amount"]
        value = None if amount is None else Decimal(amount)
        return Side(row[f"{prefix}invoice_number"], None, value, None, None, None)
    return Side(
        payment.invoice_number,
        payment.date,
        payment.amount,
        payment.currency,
        payment.amount if payment.currency == SEK else payment.amount_currency,
        payment.booked,
        written_off(payment),
    )


class Reconciling(Context):
    """Compares the source with the books."""

    @contextmanager
    def reconcile(self, name: str) -> Iterator[Reconciliation]:
        """Compare every payment that exists there with every one that is registered here.

        Reads everything, whatever the settings say, and registers nothing. What
        was read is removed at the end of the ``with`` block.
        """
        definition = self.store.definition(name)
        self.plugins.owner(definition.import_type)
        self._refuse_other_currency()
        # Two locks, so that an import can run while the result is shown.
        with self._definition_lock(name, "reconciliation"):
            with self._definition_lock(name), unreported_commits.uncounted():
                reconciliation = self._read_and_compare(name)
            try:
                yield reconciliation
            finally:
                with unreported_commits.uncounted():
                    reconciliation.close()

    def _read_and_compare(self, name: str) -> Reconciliation:
        import_run = self._new_run(name)
        source = self.source(import_run.definition.import_type)
        stored.begin(import_run, self._user, self._clock(), source)
        with recording_failure(import_run):
            report = self._read_all(import_run)
            return compare(import_run, report.company, report.requests, self._clock())

    def _read_all(self, import_run: ImportRun) -> ImportReport:
        with self._session(ReadAllSession, import_run) as session:
            report: ImportReport | None = session.call("opter_read_all_payments")
            if report is None:
                raise host_error(
                    "CANNOT_RECONCILE", type=session.run.type_code, name=session.run.definition
                )
            copy = session.finish(report)
            session.explain(copy.company.number)
        return copy
