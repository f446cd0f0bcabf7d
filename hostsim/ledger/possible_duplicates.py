"""Payments that another channel may have registered before, and warnings about them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from hostsim.ledger import decisions as decision_rules
from hostsim.ledger.candidates import Candidate, oldest_first_indexes
from hostsim.ledger.decisions import OtherChannelPayment, OtherInvoicePayment
from hostsim.ledger.values import SEK, Decision, Invoice, same_currency
from hostsim.messages import decisions as decisions_messages
from hostsim.messages.formats import money_of
from opter_contract.values import Payment, Text


class Doubt(NamedTuple):
    """The payments that a payment may be the same as, and the decision that it is none of them."""

    others: Sequence[OtherChannelPayment]
    days: int  # between it and the one that it is paired with
    confirmed: Decision | None

    @property
    def message(self) -> Text:
        """The sentence that names the other payments."""
        return decisions_messages.possibly_registered(
            [_describe_payment(other) for other in self.others]
        )


def find_doubts(
    candidates: Sequence[Candidate], others: Sequence[OtherChannelPayment]
) -> dict[int, Doubt]:
    """Find the payments that another channel may have registered before."""
    if not others:
        return {}
    payments = {
        index: payment
        for index in oldest_first_indexes(candidates)
        if (payment := candidates[index].payment) is not None
        and (candidates[index].registered is None or candidates[index].change_accepted)
    }
    decisions = {
        index: decision
        for index in payments
        if (decision := candidates[index].decision) is not None
    }
    doubts: dict[int, Doubt] = {}
    for index, matches in decision_rules.pair_payments(
        [*payments.items()], decisions, others
    ).items():
        payment = payments[index]
        days = decision_rules.days_apart(payment, matches[0]) or 0
        confirmed = decision_rules.confirms(decisions.get(index), payment, matches)
        doubts[index] = Doubt(matches, days, confirmed)
    return doubts


def equal_invoice_warnings(
    payment: Payment,
    invoice: Invoice,
    remaining: Decimal,
    on_other_invoices: Sequence[OtherInvoicePayment],
) -> list[Text]:
    """Return warnings that it may be registered on another, equal invoice of the customer."""
    return [
        decisions_messages.twin(candidate.invoice_number, _describe_payment(candidate.other))
        for candidate in on_other_invoices
        if decision_rules.days_apart(payment, candidate.other) is not None
        and candidate.remaining == remaining
        and same_currency(candidate.currency, invoice.currency)
    ]


def _describe_payment(payment: OtherChannelPayment) -> Text:
    """Describe a payment of another channel, with its amount in its own currency."""
    amount = payment.amount if payment.currency == SEK else payment.amount_currency
    channel = decisions_messages.other_way(payment.definition, payment.import_type, payment.number)
    author = decisions_messages.by_whom(payment.user, payment.at)
    return decisions_messages.registered_before(
        payment.date.isoformat(), money_of(amount, payment.currency), channel, author
    )
