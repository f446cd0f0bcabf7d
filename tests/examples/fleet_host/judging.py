"""What was read beside the host's invoices, judged by the rules of :mod:`hostsim.ledger`.

No I/O: :mod:`.database` brings the facts, and stores what comes out.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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

#: Why a payment that could be registered waits.
FLAGGED = "flagged"

#: SEK of a last shortfall that is written off; 0 leaves all of them for a person.
ACCEPTED_DEVIATION = Decimal(0)


@dataclass(frozen=True)
class Row:
    """A payment that was read in this run, or waits since an earlier one."""

    number: str
    payment: Payment | None  # None where it could not be read
    amount: Decimal | None  # SEK
    invoice_number: str | None
    excluded: Refusal | None = None  # by the plug-in
    earlier: Refusal | None = None  # why it waits; not fetched again yet

    @classmethod
    def of(cls, payment: Payment) -> Row:
        return cls(payment.key.number, checked(payment), payment.amount, payment.invoice_number)

    @classmethod
    def excluding(cls, one: ExcludedPayment) -> Row:
        money(one.amount)
        why = Refusal(one.reason, Text(one.message.sv, one.message.en))
        payment = one.payment and checked(one.payment)
        return cls(one.key.number, payment, one.amount, one.invoice_number, excluded=why)


class Facts(NamedTuple):
    """What the host knows of the rows of a run."""

    invoices: Sequence[Invoice]  # that their numbers and OCR references name
    registered: Mapping[str, Payment | None]  # by payment number
    decisions: Mapping[str, Decision]


@dataclass(frozen=True)
class Judged:
    """A row, what becomes of it, and the invoice that it pays."""

    row: Row
    judgement: Judgement
    invoice: str | None
    decided: bool = False  # a person wants it registered, with exactly these figures

    @property
    def green(self) -> bool:
        """Whether nobody has to look at it."""
        one = self.judgement
        return one.kind == READY and (one.warning is None or self.decided)

    @property
    def why(self) -> Refusal:
        """Why it waits, below what a person decided."""
        one = self.judgement
        if one.hidden is not None:
            return one.hidden
        if one.kind == READY:
            return Refusal(FLAGGED, one.warning or Text("", ""))
        return Refusal(one.reason or "", one.message or Text("", ""))

    @property
    def waits(self) -> bool:
        """Whether it is kept, and offered again, unless it is registered."""
        one = self.judgement
        if one.kind == IGNORED:
            return one.reason == SET_ASIDE
        return one.reason != "already-imported"


def judge(rows: Iterable[Row], facts: Facts, *, as_if_fetched: bool = False) -> list[Judged]:
    """Judge rows, all those of one invoice together.

    :param as_if_fetched: to learn which of the waiting ones must be fetched again.
    """
    rows = list(rows)
    by_invoice: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        by_invoice[_match(row, facts.invoices, rows)].append(row)
    invoices = {one.number: one for one in facts.invoices}
    judged = []
    for number, several in by_invoice.items():
        candidates = [_candidate(row, facts) for row in several]
        if number is None:
            judgements: Sequence[Judgement] = [
                matching.judge_without_invoice(one, as_if_fetched=as_if_fetched)
                for one in candidates
            ]
        else:
            judgements, _ = matching.judge(
                invoices[number], candidates, ACCEPTED_DEVIATION, as_if_fetched=as_if_fetched
            )
        judged += [
            Judged(row, one, number, _wanted(row, facts))
            for row, one in zip(several, judgements, strict=True)
        ]
    return judged


def _match(row: Row, invoices: Sequence[Invoice], rows: Sequence[Row]) -> str | None:
    """Find the invoice by its number; else by an OCR reference of one invoice, here and there."""
    payment = row.payment
    if payment is None:
        return None
    if any(one.number == payment.invoice_number for one in invoices):
        return payment.invoice_number
    here = [one.number for one in invoices if payment.ocr and one.ocr == payment.ocr]
    there = {
        one.payment.invoice_number for one in rows if one.payment and payment.ocr == one.payment.ocr
    }
    return here[0] if len(here) == len(there) == 1 else None


def _candidate(row: Row, facts: Facts) -> Candidate:
    decision = facts.decisions.get(row.number)
    return Candidate(
        number=row.number,
        payment=row.payment,
        excluded=row.excluded,
        registered=facts.registered.get(row.number),
        earlier=row.earlier,
        decision=decision if decision and decision.decision == SET_ASIDE else None,
    )


def _wanted(row: Row, facts: Facts) -> bool:
    decision = facts.decisions.get(row.number)
    return row.payment is not None and decision_rules.holds(
        decision, REGISTER, decision_rules.figures(row.payment)
    )


# --- Payments as they come and as they are stored ---


def checked(payment: Payment) -> Payment:
    """Refuse a payment whose money is none."""
    amounts = [payment.amount, payment.amount_currency, payment.exchange_rate]
    for amount in [*amounts, *(one.amount for one in payment.write_offs)]:
        money(amount)
    return payment


def money(amount: Decimal | None) -> None:
    if amount is not None and not (isinstance(amount, Decimal) and amount.is_finite()):
        raise FleetError("CONTRACT_BROKEN", what="an amount is not a finite Decimal")


def to_json(payment: Payment | None) -> str | None:
    """Write a payment, its money as text; it may be any object with these attributes."""
    if payment is None:
        return None
    stored = {name: getattr(payment, name) for name in _PLAIN}
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
    decimals = {
        name: None if stored[name] is None else Decimal(stored[name])
        for name in ("amount", "amount_currency", "exchange_rate")
    }
    changed: dict[str, Any] = {
        "key": PaymentKey(*stored["key"]),
        "date": date.fromisoformat(stored["date"]),
        "write_offs": [WriteOff(Decimal(one), *more) for one, *more in stored["write_offs"]],
        "warnings": [Text(*one) for one in stored["warnings"]],
    }
    return Payment(**{**stored, **decimals, **changed})


_PLAIN = (
    "source", "invoice_number", "ocr", "date", "amount", "currency", "amount_currency",
    "exchange_rate", "booked",
)  # fmt: skip
