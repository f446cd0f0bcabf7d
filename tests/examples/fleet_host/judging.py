"""What was read beside the host's invoices, judged by :mod:`hostsim.ledger`; without I/O."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from hostsim.ledger import decisions as decision_rules
from hostsim.ledger import judging
from hostsim.ledger.candidates import Candidate, Refusal
from hostsim.ledger.judging import IGNORED, READY, Judgement, judge_without_invoice
from hostsim.ledger.reasons import SET_ASIDE
from hostsim.ledger.values import Decision, Invoice
from opter_contract.values import Payment, PaymentKey, Text, WriteOff

from .errors import FleetError

#: A decision of this host: a payment is registered although there is a warning.
REGISTER = "register"

#: How and why a payment waits that could be registered.
FLAGGED = "flagged"

#: SEK of a last shortfall that is written off; 0 leaves all of them to a person.
ACCEPTED_DEVIATION = Decimal(0)


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
        return self.judgement.kind == READY and (self.judgement.warning is None or self.decided)

    @property
    def waits(self) -> bool:
        """Whether it is kept, and offered again, unless it is registered."""
        reason = self.judgement.reason
        kept = reason == SET_ASIDE or self.judgement.kind != IGNORED
        return kept and reason != "already-imported"

    @property
    def why(self) -> Refusal:
        """Why it waits, below what a person decided."""
        one, nothing = self.judgement, Text("", "")
        if one.kind == READY:
            return Refusal(FLAGGED, one.warning or nothing)
        return one.hidden or Refusal(one.reason or "", one.message or nothing)


def checked(row: Row) -> Row:
    """Refuse a row whose money is none."""
    amounts, payment = [row.amount], row.payment
    if payment:
        amounts += [payment.amount, payment.amount_currency, payment.exchange_rate]
        amounts += [one.amount for one in payment.write_offs]
    for one in amounts:
        if one is not None and not (isinstance(one, Decimal) and one.is_finite()):
            raise FleetError("CONTRACT_BROKEN", what="an amount is not a finite Decimal")
    return row


def judge(rows: Sequence[Row], facts: Facts, *, as_if_fetched: bool = False) -> list[Judged]:
    """Judge rows, all those of one invoice together.

    :param as_if_fetched: to learn which of the waiting ones must be fetched again.
    """
    by_invoice: dict[str | None, list[Row]] = defaultdict(list)
    for row, number in zip(rows, _matching(facts.invoices, rows), strict=True):
        by_invoice[number].append(row)
    invoices, known = {one.number: one for one in facts.invoices}, facts.registered
    aside = {one.number: one for one in facts.decisions.values() if one.decision == SET_ASIDE}
    judged = []
    for number, several in by_invoice.items():
        candidates = [
            Candidate(
                row.number,
                row.payment,
                excluded=row.excluded,
                registered=known.get(row.number),
                earlier=row.earlier,
                decision=aside.get(row.number),
            )
            for row in several
        ]
        judgements: Sequence[Judgement]
        if number is None:
            alone = partial(judge_without_invoice, as_if_fetched=as_if_fetched)
            judgements = [alone(one) for one in candidates]
        else:
            together = partial(judging.judge, as_if_fetched=as_if_fetched)
            judgements, _ = together(invoices[number], candidates, ACCEPTED_DEVIATION)
        for row, one in zip(several, judgements, strict=True):
            figures = (
                decision_rules.facts_of(row.payment) if row.payment else decision_rules.NO_FACTS
            )
            decided = decision_rules.decides(facts.decisions.get(row.number), REGISTER, figures)
            judged.append(Judged(row, one, number, decided))
    return judged


def _matching(invoices: Sequence[Invoice], rows: Sequence[Row]) -> Iterator[str | None]:
    """Match rows by invoice number; else by an OCR reference of one invoice, here and there."""
    numbers = {one.number for one in invoices}
    here: dict[str, list[str]] = defaultdict(list)
    there: dict[str, set[str]] = defaultdict(set)
    for one in invoices:
        here[one.ocr].append(one.number)
    for row in rows:
        if row.payment:
            there[row.payment.ocr or ""].add(row.payment.invoice_number)
    for row in rows:
        ocr = (row.payment and row.payment.ocr) or ""
        if row.payment and row.payment.invoice_number in numbers:
            yield row.payment.invoice_number
        else:
            yield here[ocr][0] if ocr and len(here[ocr]) == len(there[ocr]) == 1 else None


def to_json(payment: Payment | None) -> str | None:
    """Write a payment, its money as text; it may be any object with these attributes."""
    if payment is None:
        return None
    names = "source invoice_number ocr date amount currency amount_currency exchange_rate booked"
    stored = {name: getattr(payment, name) for name in names.split()}
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
    amounts = ("amount", "amount_currency", "exchange_rate")
    changed: dict[str, Any] = {name: stored[name] and Decimal(stored[name]) for name in amounts}
    changed["key"] = PaymentKey(*stored["key"])
    changed["date"] = date.fromisoformat(stored["date"])
    changed["write_offs"] = [WriteOff(Decimal(one), *rest) for one, *rest in stored["write_offs"]]
    changed["warnings"] = [Text(*one) for one in stored["warnings"]]
    return Payment(**{**stored, **changed})
