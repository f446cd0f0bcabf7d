"""What was read beside the host's invoices, judged by the rules of :mod:`hostsim.ledger`.

No I/O: :mod:`.database` brings the facts, and stores what comes out.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from hostsim.ledger import decision_rules, matching
from hostsim.ledger.matching import IGNORED, READY, Candidate, Judgement, Refusal
from hostsim.ledger.reasons import SET_ASIDE
from hostsim.ledger.values import Decision, Invoice
from opter_contract.values import ExcludedPayment, Payment, PaymentKey, Text, WriteOff

from .errors import FleetError

#: A decision of this host: a payment is registered although there is a warning.
REGISTER = "register"

#: Why a payment waits that could be registered.
FLAGGED = "flagged"

#: SEK of a last shortfall that is written off; 0 leaves all of them to a person.
ACCEPTED_DEVIATION = Decimal(0)

NOTHING = Text("", "")


class Row(NamedTuple):
    """A payment that was read in this run, or waits since an earlier one."""

    number: str
    payment: Payment | None  # None where it could not be read
    amount: Decimal | None  # SEK
    invoice_number: str | None
    excluded: Refusal | None = None  # by the plug-in
    earlier: Refusal | None = None  # why it waits; not fetched again yet


class Facts(NamedTuple):
    """What the host knows of the rows of a run."""

    invoices: Sequence[Invoice]  # that their numbers and OCR references name
    registered: Mapping[str, Payment | None]  # by payment number
    decisions: Mapping[str, Decision]


class Judged(NamedTuple):
    """A row, what becomes of it, and the invoice that it pays."""

    row: Row
    judgement: Judgement
    invoice: str | None
    decided: bool  # a person wants it registered, with exactly these figures

    @property
    def green(self) -> bool:
        """Whether nobody has to look at it."""
        one = self.judgement
        return one.kind == READY and (one.warning is None or self.decided)

    @property
    def why(self) -> Refusal:
        """Why it waits, below what a person decided."""
        one = self.judgement
        if one.kind == READY:
            return Refusal(FLAGGED, one.warning or NOTHING)
        return one.hidden or Refusal(one.reason or "", one.message or NOTHING)

    @property
    def waits(self) -> bool:
        """Whether it is kept, and offered again, unless it is registered."""
        if self.judgement.kind == IGNORED:
            return self.judgement.reason == SET_ASIDE
        return self.judgement.reason != "already-imported"


def row_of(payment: Payment) -> Row:
    """Take a payment, unless its money is none."""
    amounts = [payment.amount, payment.amount_currency, payment.exchange_rate]
    for amount in [*amounts, *(one.amount for one in payment.write_offs)]:
        _check(amount)
    return Row(payment.key.number, payment, payment.amount, payment.invoice_number)


def excluded_row_of(one: ExcludedPayment) -> Row:
    _check(one.amount)
    payment = one.payment and row_of(one.payment).payment
    why = Refusal(one.reason, Text(one.message.sv, one.message.en))
    return Row(one.key.number, payment, one.amount, one.invoice_number, excluded=why)


def _check(amount: Decimal | None) -> None:
    if amount is not None and not (isinstance(amount, Decimal) and amount.is_finite()):
        raise FleetError("CONTRACT_BROKEN", what="an amount is not a finite Decimal")


def judge(rows: Sequence[Row], facts: Facts, *, as_if_fetched: bool = False) -> list[Judged]:
    """Judge rows, all those of one invoice together.

    :param as_if_fetched: to learn which of the waiting ones must be fetched again.
    """
    by_invoice: dict[str | None, list[Row]] = defaultdict(list)
    for row, number in zip(rows, _matching(facts.invoices, rows), strict=True):
        by_invoice[number].append(row)
    invoices = {one.number: one for one in facts.invoices}
    judged: list[Judged] = []
    for number, several in by_invoice.items():
        for_all = [_candidate(row, facts) for row in several]
        judgements: Sequence[Judgement]
        if number is None:
            alone = matching.judge_without_invoice
            judgements = [alone(one, as_if_fetched=as_if_fetched) for one in for_all]
        else:
            judgements, _ = matching.judge(
                invoices[number], for_all, ACCEPTED_DEVIATION, as_if_fetched=as_if_fetched
            )
        pairs = zip(several, judgements, strict=True)
        judged += [Judged(row, one, number, _wanted(row, facts)) for row, one in pairs]
    return judged


def _matching(invoices: Sequence[Invoice], rows: Sequence[Row]) -> Iterator[str | None]:
    """Match rows by invoice number; else by an OCR reference of one invoice, here and there."""
    numbers = {one.number for one in invoices}
    here, there = defaultdict(list), defaultdict(set)
    for one in invoices:
        here[one.ocr].append(one.number)
    payments = [row.payment for row in rows]
    for payment in filter(None, payments):
        there[payment.ocr].add(payment.invoice_number)
    for payment in payments:
        if payment is None:
            yield None
        elif payment.invoice_number in numbers:
            yield payment.invoice_number
        else:
            one_each = payment.ocr and len(here[payment.ocr]) == len(there[payment.ocr]) == 1
            yield here[payment.ocr][0] if one_each else None


def _candidate(row: Row, facts: Facts) -> Candidate:
    decision = facts.decisions.get(row.number)
    return Candidate(
        row.number, row.payment, row.excluded, facts.registered.get(row.number), row.earlier,
        decision if decision and decision.decision == SET_ASIDE else None,
    )  # fmt: skip


def _wanted(row: Row, facts: Facts) -> bool:
    decision, payment = facts.decisions.get(row.number), row.payment
    return payment is not None and decision_rules.holds(
        decision, REGISTER, decision_rules.figures(payment)
    )


# --- Payments as they are stored ---


def to_json(payment: Payment | None) -> str | None:
    """Write a payment, its money as text; it may be any object with these attributes."""
    if payment is None:
        return None
    plain = (
        "source", "invoice_number", "ocr", "date", "amount", "currency", "amount_currency",
        "exchange_rate", "booked",
    )  # fmt: skip
    stored = {name: getattr(payment, name) for name in plain}
    stored["key"] = payment.key.company, payment.key.number
    stored["write_offs"] = [
        (one.amount, one.account, one.description, getattr(one, "currency", ""))
        for one in payment.write_offs
    ]
    stored["warnings"] = [(one.sv, one.en) for one in payment.warnings]
    return json.dumps(stored, default=str)


def from_json(stored: Mapping[str, Any] | None) -> Payment | None:
    if stored is None:
        return None
    changed: dict[str, Any] = {
        name: stored[name] and Decimal(stored[name])
        for name in ("amount", "amount_currency", "exchange_rate")
    }
    changed["key"] = PaymentKey(*stored["key"])
    changed["date"] = date.fromisoformat(stored["date"])
    changed["write_offs"] = [WriteOff(Decimal(one), *rest) for one, *rest in stored["write_offs"]]
    changed["warnings"] = [Text(*one) for one in stored["warnings"]]
    return Payment(**{**stored, **changed})
