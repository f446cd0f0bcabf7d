"""The possible decisions about a row of a preview, and the payments to compare it with.

The host decides what is possible; this prepares it for a page: the buttons of the rows, and
for a payment the one already registered, or those registered through another channel.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from hostsim.desk.shared import desk_context, word
from hostsim.errors import host_error
from hostsim.ledger import decisions as decision_rules
from hostsim.ledger import reasons
from hostsim.ledger.decisions import OtherChannelPayment
from hostsim.ledger.differences import find_differences
from hostsim.ledger.judging import IGNORED, REJECTED
from hostsim.ledger.reasons import ACCEPT, KEEP, SET_ASIDE
from hostsim.ledger.values import Decision, PreviewRow
from hostsim.messages.payments import Difference
from hostsim.storage import decisions as decision_store
from hostsim.storage import previews
from hostsim.storage.previews import Preview
from hostsim.storage.rows import payment_of, row_of
from opter_contract.values import Payment

# Choices other than the decisions themselves.
SERIES = "series"
TAKE_BACK = "take-back"
TAKE_BACK_SERIES = "take-back-series"

#: What accepting means, by the reason of the row, if the payment was not changed.
_ACCEPTANCES = {reasons.PAID: "advance", reasons.REPLACED: "replace", reasons.SETTLED: "settle"}

#: An accepted change may be kept out instead, and the reverse.
_OPPOSITE = {ACCEPT: KEEP, KEEP: ACCEPT}


class RowActions(NamedTuple):
    """One payment of an open preview, with all that a decision about it needs."""

    row_id: int
    run_id: str
    revision: str  # of the preview, read before the rest
    definition: str
    kind: str
    row: PreviewRow
    read_first: bool  # it was not fetched in this import, and is once a person has decided
    choices: Sequence[str]
    decision: Decision | None  # in force, about this payment
    series: Decision | None  # in force, about a series with its invoice
    differences: Sequence[Difference]  # from what is registered, or was until it was deleted
    registered: bool
    others: Sequence[OtherChannelPayment]  # possibly the same

    def meaning(self, choice: str) -> str:
        """Return the word for a choice in labels and texts."""
        return _ACCEPTANCES.get(self.row.reason or "", ACCEPT) if choice == ACCEPT else choice


def row_buttons(preview: Preview, kind: str, entries: Iterable[PreviewRow]) -> dict[int, str]:
    """Return the button label of each row that something can be decided about."""
    numbered = [entry for entry in entries if entry.payment_number]
    if kind == REJECTED:
        return {entry.id: word("decide") for entry in numbered}
    if kind == IGNORED:
        return {e.id: word("take_back") for e in numbered if e.reason == SET_ASIDE}
    decided_on = _decided_numbers(preview, [entry.payment_number for entry in numbered])
    return {e.id: word("undo") for e in numbered if e.payment_number in decided_on}


def _decided_numbers(preview: Preview, numbers: Sequence[str]) -> frozenset[str]:
    company = preview.company.number if preview.company else ""
    return previews.decided_numbers(desk_context().store, preview.definition, company, numbers)


def row_actions(row_id: int) -> RowActions:
    """Return what can be done with a row of an open preview.

    :raises HostError: ``PAGE_UNKNOWN`` if the preview is no longer open.
    """
    store = desk_context().store
    row = previews.preview_row(store, row_id)
    if row is None:
        raise host_error("PAGE_UNKNOWN")
    definition, company = row["definition"], row["company"]
    decision = decision_store.decision_about(store.db, definition, company, row["number"])
    all_series = decision_store.series_in_force(store.db, definition, company)
    series = decision_rules.in_series(all_series, row["invoice_number"])
    payment = payment_of(row, company)
    key = row["import_type"], company, row["number"]
    here = previews.payment_here(store, *key)
    registered = here is not None and here["state"] == "registered"
    differences = _differences(here, payment)
    decided = decision and decision_store.for_person(store.db, decision)
    counts = decision if decided is not None and decided.in_force else None
    choices = _choices(row, counts, series)
    if decision is not None and counts is None:
        choices.append(TAKE_BACK)
    if KEEP in choices and not (registered and differences):
        choices.remove(KEEP)  # nothing is registered that could be kept
    return RowActions(
        row_id=row_id,
        run_id=row["run_id"],
        revision=row["revision"],
        definition=definition,
        kind=row["kind"],
        row=row_of(row),
        read_first=not row["fetched"] and not _decided_before(counts, row["started_at"]),
        choices=choices,
        decision=decided,
        series=series,
        differences=differences,
        registered=registered,
        others=_others(row, payment),
    )


def _decided_before(decision: Decision | None, started_at: str) -> bool:
    """Return whether an import began after a decision, and so has fetched what it could."""
    return decision is not None and decision.at < datetime.fromisoformat(started_at)


def _choices(row: sqlite3.Row, decision: Decision | None, series: Decision | None) -> list[str]:
    choices: list[str] = []
    reason = row["reason"]
    if row["kind"] == REJECTED:
        choices.extend(reasons.possible_decisions(reason, row["obstacle"]))
        if reason == "invoice-not-found":
            choices.append(SERIES)
    if decision is not None:
        # An advance can be accepted in addition to an earlier acceptance.
        other_advance = reason == reasons.PAID and not decision_rules.allows_advance(decision)
        repeated = decision.decision != ACCEPT or not other_advance
        choices = [c for c in choices if c != decision.decision or not repeated]
        opposite = _OPPOSITE.get(decision.decision)
        if opposite is not None and opposite not in choices:
            choices.insert(0, opposite)
        choices.append(TAKE_BACK)
    elif reason == SET_ASIDE and series is not None:
        choices.append(TAKE_BACK_SERIES)
    return choices


def _differences(here: sqlite3.Row | None, payment: Payment | None) -> Sequence[Difference]:
    """Compare the payment that is, or was, registered with the one at the source."""
    before = None if here is None else payment_of(here, here["company"])
    return () if before is None or payment is None else find_differences(before, payment)


def _others(row: sqlite3.Row, payment: Payment | None) -> Sequence[OtherChannelPayment]:
    """Return the payments through another channel that may be the same payment."""
    if payment is None or row["invoice_id"] is None or row["reason"] != reasons.DOUBTFUL:
        return ()
    candidates = decision_store.other_channel_payments(
        desk_context().store.db, row["import_type"], row["company"], row["invoice_id"]
    )
    return decision_rules.equal_payments(payment, candidates)
