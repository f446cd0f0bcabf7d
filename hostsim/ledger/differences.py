"""How a payment differs from the one that was registered under the same key."""

from __future__ import annotations

from decimal import Decimal

from hostsim.ledger import decisions as decision_rules
from hostsim.ledger.values import SEK, ZERO
from hostsim.messages import payments as payments_messages
from hostsim.messages.formats import money_of
from opter_contract.values import Payment, Text


def find_differences(
    registered: Payment, now: Payment, *, write_offs: bool = True
) -> list[payments_messages.Difference]:
    """Name the values that differ from what was registered under the same key.

    :param write_offs: whether they were read, and can differ.
    """
    pairs: list[tuple[Text, Text | None, Text | None]] = [
        (payments_messages.AMOUNT, *_differing_amounts(registered.amount, now.amount, SEK, SEK)),
        (payments_messages.CURRENCY, _same_text(registered.currency), _same_text(now.currency)),
        (
            payments_messages.PAYMENT_DATE,
            _same_text(registered.date.isoformat()),
            _same_text(now.date.isoformat()),
        ),
        (
            payments_messages.INVOICE_NUMBER,
            _same_text(registered.invoice_number),
            _same_text(now.invoice_number),
        ),
    ]
    in_sek = registered.currency == now.currency == SEK
    if registered.amount_currency is not None and now.amount_currency is not None and not in_sek:
        pairs.append(
            (
                payments_messages.AMOUNT_CURRENCY,
                *_differing_amounts(
                    registered.amount_currency,
                    now.amount_currency,
                    registered.currency,
                    now.currency,
                ),
            )
        )
    if write_offs:
        pairs.append(
            (payments_messages.WRITE_OFFS, _write_offs_text(registered), _write_offs_text(now))
        )
    if registered.booked and not now.booked:
        pairs.append((payments_messages.BOOKED, payments_messages.YES, payments_messages.NO))
    return [
        payments_messages.Difference(what, before, after)
        for what, before, after in pairs
        if before is not None and after is not None and before != after
    ]


def _differing_amounts(
    before: Decimal, after: Decimal, currency_before: str, currency_after: str
) -> tuple[Text | None, Text | None]:
    # Compared as numbers: 100.0 and 100.00 are the same amount.
    if before == after:
        return None, None
    return money_of(before, currency_before), money_of(after, currency_after)


def _write_offs_text(payment: Payment) -> Text:
    """Name what was written off with a payment, with its accounts."""
    several = decision_rules.written_off(payment)
    if not several:
        return money_of(ZERO, SEK)
    named = [
        (account, money_of(amount, currency or SEK))
        for (account, currency), amount in several.items()
    ]
    return Text(
        " + ".join(f"{money.sv} (konto {account})" for account, money in named),
        " + ".join(f"{money.en} (account {account})" for account, money in named),
    )


def _same_text(word: str) -> Text:
    return Text(word, word)
