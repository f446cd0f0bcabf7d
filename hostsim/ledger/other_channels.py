"""Payments that another channel may have registered before, and the warnings of them."""

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
    """The payments that a payment may be the same as, and who confirmed that it is none of them."""

    others: Sequence[OtherChannelPayment]
    days: int  # from the one that it is paired with
    confirmed: Decision | None

    @property
    def message(self) -> Text:
        """Name the other payments."""
        return decisions_messages.possibly_registered(
            [_describe_payment(one) for one in self.others]
        )


def find_doubts(
    candidates: Sequence[Candidate], others: Sequence[OtherChannelPayment]
) -> dict[int, Doubt]:
    """Find the payments that another channel may have registered before."""
    if not others:
        return {}
    payments = {
        place: payment
        for place in oldest_first_indexes(candidates)
        if (payment := candidates[place].payment) is not None
        and (candidates[place].registered is None or candidates[place].change_accepted)
    }
    decisions = {
        place: decision
        for place in payments
        if (decision := candidates[place].decision) is not None
    }
    doubts: dict[int, Doubt] = {}
    for place, several in decision_rules.paired([*payments.items()], decisions, others).items():
        payment = payments[place]
        days = decision_rules.days_apart(payment, several[0]) or 0
        confirmed = decision_rules.confirms(decisions.get(place), payment, several)
        doubts[place] = Doubt(several, days, confirmed)
    return doubts


def equal_invoice_warnings(
    payment: Payment,
    invoice: Invoice,
    remaining: Decimal,
    on_other_invoices: Sequence[OtherInvoicePayment],
) -> list[Text]:
    """Warn of what may be this payment, registered on another equal invoice of the customer."""
    return [
        decisions_messages.twin(one.invoice_number, _describe_payment(one.other))
        for one in on_other_invoices
        if decision_rules.days_apart(payment, one.other) is not None
        and one.remaining == remaining
        and same_currency(one.currency, invoice.currency)
    ]


def _describe_payment(one: OtherChannelPayment) -> Text:
    """Name a payment of another channel, with its amount in its own currency."""
    known = one.amount if one.currency == SEK else one.amount_currency
    way = decisions_messages.other_way(one.definition, one.import_type, one.number)
    who = decisions_messages.by_whom(one.user, one.at)
    return decisions_messages.registered_before(
        one.date.isoformat(), money_of(known, one.currency), way, who
    )
