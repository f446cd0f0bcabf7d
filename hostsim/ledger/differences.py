"""How a payment differs from the one that was registered, or decided about, under its key."""

from __future__ import annotations

from decimal import Decimal

from hostsim.ledger import decisions as decision_rules
from hostsim.ledger.reasons import CHANGED, SET_ASIDE
from hostsim.ledger.values import SEK, ZERO, Decision
from hostsim.messages import decisions as decisions_messages
from hostsim.messages import payments as payments_messages
from hostsim.messages.formats import money_of
from hostsim.messages.text import listed
from opter_contract.values import Payment, Text


def find_differences(
    registered: Payment, current: Payment, *, write_offs: bool = True
) -> list[payments_messages.Difference]:
    """Return the fields that differ from the payment registered under the same key.

    :param write_offs: whether they were read, and may differ.
    """
    pairs: list[tuple[Text, Text | None, Text | None]] = [
        (
            payments_messages.AMOUNT,
            *_differing_amounts(registered.amount, current.amount, SEK, SEK),
        ),
        (payments_messages.CURRENCY, _same_text(registered.currency), _same_text(current.currency)),
        (
            payments_messages.PAYMENT_DATE,
            _same_text(registered.date.isoformat()),
            _same_text(current.date.isoformat()),
        ),
        (
            payments_messages.INVOICE_NUMBER,
            _same_text(registered.invoice_number),
            _same_text(current.invoice_number),
        ),
    ]
    in_sek = registered.currency == current.currency == SEK
    if (
        registered.amount_currency is not None
        and current.amount_currency is not None
        and not in_sek
    ):
        pairs.append(
            (
                payments_messages.AMOUNT_CURRENCY,
                *_differing_amounts(
                    registered.amount_currency,
                    current.amount_currency,
                    registered.currency,
                    current.currency,
                ),
            )
        )
    if write_offs:
        pairs.append(
            (payments_messages.WRITE_OFFS, _write_offs_text(registered), _write_offs_text(current))
        )
    if registered.booked and not current.booked:
        pairs.append((payments_messages.BOOKED, payments_messages.YES, payments_messages.NO))
    return [
        payments_messages.Difference(label, before, after)
        for label, before, after in pairs
        if before is not None and after is not None and before != after
    ]


def outdated(decision: Decision | None, payment: Payment | None, reason: str | None) -> Text | None:
    """Return on which figures it was decided if the payment has others now, else ``None``.

    What is set aside stays so, unless the registered payment has changed.

    :param reason: why the payment is not ready.
    """
    if decision is None or payment is None or decision.number is None:
        return None
    if decision.decision == SET_ASIDE and reason != CHANGED:
        return None
    if decision_rules.is_about(decision, payment):
        return None
    decided = decision_rules.decided_payment(decision, payment)
    return decisions_messages.decided_with(find_differences(decided, payment))


def _differing_amounts(
    before: Decimal, after: Decimal, currency_before: str, currency_after: str
) -> tuple[Text | None, Text | None]:
    # Compared as numbers: 100.0 and 100.00 are the same amount.
    if before == after:
        return None, None
    return money_of(before, currency_before), money_of(after, currency_after)


def _write_offs_text(payment: Payment) -> Text:
    sums = decision_rules.sum_write_offs(payment)
    if not sums:
        return money_of(ZERO, SEK)
    return listed(
        (
            payments_messages.ON_ACCOUNT(money=money_of(amount, currency or SEK), account=account)
            for (account, currency), amount in sums.items()
        ),
        " + ",
    )


def _same_text(text: str) -> Text:
    return Text(text, text)
