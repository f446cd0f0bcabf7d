"""How a payment differs from the one that was registered, or decided about, under its key."""

from __future__ import annotations

from collections.abc import Iterator

from hostsim.ledger.decisions import decided_payment, is_about, sum_write_offs
from hostsim.ledger.reasons import CHANGED, SET_ASIDE
from hostsim.ledger.values import SEK, ZERO, Decision
from hostsim.messages import decisions as decisions_messages
from hostsim.messages import payments as payments_messages
from hostsim.messages.formats import money_of
from hostsim.messages.payments import Difference
from hostsim.messages.text import listed
from opter_contract.values import Payment, Text


def find_differences(
    registered: Payment, current: Payment, *, write_offs: bool = True
) -> list[Difference]:
    """Return the fields that differ from the payment registered under the same key.

    :param write_offs: whether they were read, and may differ.
    """
    differences = [
        *_differing_figures(registered, current),
        *_differing_amounts_in_currency(registered, current),
    ]
    if write_offs and sum_write_offs(registered) != sum_write_offs(current):
        texts = _write_offs_text(registered), _write_offs_text(current)
        differences.append(Difference(payments_messages.WRITE_OFFS, *texts))
    if registered.booked and not current.booked:
        texts = payments_messages.YES, payments_messages.NO
        differences.append(Difference(payments_messages.BOOKED, *texts))
    return differences


def _differing_figures(before: Payment, now: Payment) -> Iterator[Difference]:
    # As numbers: 100.0 and 100.00 are the same amount.
    if before.amount != now.amount:
        texts = money_of(before.amount, SEK), money_of(now.amount, SEK)
        yield Difference(payments_messages.AMOUNT, *texts)
    for label, earlier, current in (
        (payments_messages.CURRENCY, before.currency, now.currency),
        (payments_messages.PAYMENT_DATE, before.date.isoformat(), now.date.isoformat()),
        (payments_messages.INVOICE_NUMBER, before.invoice_number, now.invoice_number),
    ):
        if earlier != current:
            yield Difference(label, Text(earlier, earlier), Text(current, current))


def _differing_amounts_in_currency(before: Payment, now: Payment) -> Iterator[Difference]:
    if before.currency == now.currency == SEK:
        return
    earlier, current = before.amount_currency, now.amount_currency
    if earlier is None or current is None or earlier == current:
        return
    texts = money_of(earlier, before.currency), money_of(current, now.currency)
    yield Difference(payments_messages.AMOUNT_CURRENCY, *texts)


def outdated(decision: Decision | None, payment: Payment | None, reason: str | None) -> Text | None:
    """Return on which figures it was decided if the payment has others now, else ``None``.

    What is set aside stays so, unless the registered payment has changed.

    :param reason: why the payment is not ready.
    """
    if decision is None or payment is None or decision.number is None:
        return None
    if decision.decision == SET_ASIDE and reason != CHANGED:
        return None
    if is_about(decision, payment):
        return None
    decided = decided_payment(decision, payment)
    return decisions_messages.decided_with(find_differences(decided, payment))


def _write_offs_text(payment: Payment) -> Text:
    sums = sum_write_offs(payment)
    if not sums:
        return money_of(ZERO, SEK)
    return listed(
        (
            payments_messages.ON_ACCOUNT(money=money_of(amount, currency or SEK), account=account)
            for (account, currency), amount in sums.items()
        ),
        " + ",
    )
