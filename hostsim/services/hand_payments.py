"""Payments that a person registers by hand, and payments that a person deletes.

A doubtful payment is registered only by a person to whom its doubts were shown: see
:func:`hostsim.ledger.hand_payments.doubts_about`.

A deleted payment stays in the books with that state, and its amount is added to what remains
of its invoice. The next import offers an imported one again; it comes in only when a person
takes it again.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hostsim.errors import Doubt, DoubtfulPayment, host_error
from hostsim.ledger.account_numbers import checked_bank_account
from hostsim.ledger.hand_payments import TypedPayment, doubts_about, payment_of_typed
from hostsim.ledger.judging import judge_by_hand
from hostsim.ledger.values import Invoice, same_currency
from hostsim.messages import decisions as decisions_messages
from hostsim.messages import hand_payments as hand_payments_messages
from hostsim.messages import payments as payments_messages
from hostsim.messages import results as results_messages
from hostsim.services.context import Context
from hostsim.services.open_previews import judge_open_previews
from hostsim.storage import hand_payments as table
from hostsim.storage import unreported_commits
from hostsim.storage.decisions import checked_reason
from hostsim.storage.invoices import invoice_row
from hostsim.storage.rows import record_of, value_of
from opter_contract.values import Payment, Text

#: How long an idempotency key may be.
MAX_KEY_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Added:
    """A payment that was registered by hand."""

    id: int
    doubts: Sequence[Doubt] = ()  # those that were confirmed
    already: bool = False  # it was registered before, under the same key


def _checked_key(key: str) -> str | None:
    """Accept one printable line; ``None`` for an empty one."""
    if not key:
        return None
    if not key.strip() or not key.isprintable() or len(key) > MAX_KEY_LENGTH:
        raise host_error("PAYMENT_KEY", longest=MAX_KEY_LENGTH)
    return key


def _is_same(row: sqlite3.Row, invoice_id: int, typed: TypedPayment, account: str) -> bool:
    """Return whether it equals a registered payment; without a date, whatever its date."""
    rate = row["exchange_rate"] and Decimal(row["exchange_rate"])
    registered = (row["invoice_id"], Decimal(row["amount_currency"]), rate, row["bank_account"])
    if registered != (invoice_id, typed.amount, typed.rate, account):
        return False
    if typed.currency and not same_currency(typed.currency, row["currency"]):
        return False
    return typed.date is None or typed.date.isoformat() == row["date"]


def _doubtful(
    invoice: Invoice, payment: Payment, account: str, doubts: Sequence[Doubt]
) -> DoubtfulPayment:
    facts = hand_payments_messages.invoice_facts(
        invoice.number,
        invoice.customer_name,
        invoice.total,
        invoice.remaining,
        invoice.currency,
    )
    sentences: list[Text] = [doubt.message for doubt in doubts]
    # Everything that would be registered, and everything that is shown.
    shown = repr((record_of(payment), invoice.region, account, facts, sentences))
    confirmation_digest = hashlib.sha256(shown.encode("utf-8", "replace")).hexdigest()
    return DoubtfulPayment(facts, doubts, confirmation_digest)


def required_reason(why: str) -> str:
    """Return the reason on one line; raise ``WHY_NEEDED`` or ``WHY_TOO_LONG``."""
    reason = checked_reason(why)
    if not reason:
        raise host_error("WHY_NEEDED")
    return reason


class HandPayments(Context):
    """Registers payments by hand, and deletes registered ones."""

    def add_payment(
        self, invoice_number: str, amount: Decimal, *, confirm: bool = False, **details: Any
    ) -> int:
        """Register a payment by hand as :meth:`enter_payment`; return its id.

        :param details: other fields of :class:`TypedPayment`.
        """
        typed = TypedPayment(invoice_number, amount, **details)
        return self.enter_payment(typed, confirm=confirm).id

    def enter_payment(
        self, typed: TypedPayment, *, confirm: bool = False, shown: str = ""
    ) -> Added:
        """Register a payment by hand; return its id and its doubts.

        An open preview of the same invoice is judged again; who saw the earlier one cannot save it.

        :param confirm: register it whatever is doubtful about it.
        :param shown: :attr:`DoubtfulPayment.confirmation_digest` of the doubts that were shown;
            if there are others, it is refused.
        :raises HostError: ``INVOICE_NEEDED``, ``INVOICE_UNKNOWN``, ``PAYMENT_PERIOD_OPEN``,
            ``PAYMENT_AMOUNT``, ``PAYMENT_TOO_LARGE``, ``PAYMENT_CURRENCY``, ``PAYMENT_RATE``,
            ``BANK_ACCOUNT``, ``PAYMENT_KEY``, ``PAYMENT_KEY_USED``, ``PAYMENT_KEY_DELETED`` or
            ``DOUBTFUL_PAYMENT``; nothing is registered then.
        """
        with self.store.changing_books() as db:
            added = self._add(db, typed, confirm=confirm, shown=shown)
        if not added.already:
            unreported_commits.note(results_messages.PAYMENT_ADDED(id=added.id))
            judge_open_previews(self.store, {self.store.payment(added.id).invoice_id})
            self.store.checkpoint_wal()
        self.notify_listeners()
        return added

    def _add(
        self, db: sqlite3.Connection, typed: TypedPayment, *, confirm: bool, shown: str
    ) -> Added:
        if not typed.invoice_number.strip():
            raise host_error("INVOICE_NEEDED")
        row = invoice_row(db, typed.region, typed.invoice_number)
        if row is None:
            region = payments_messages.region_name(typed.region)
            raise host_error("INVOICE_UNKNOWN", number=typed.invoice_number, region=region)
        invoice = value_of(Invoice, row)
        account = checked_bank_account(typed.bank_account)
        key = _checked_key(typed.key)
        earlier = table.by_key(db, key)
        if earlier is not None:
            if not _is_same(earlier, row["id"], typed, account):
                raise host_error("PAYMENT_KEY_USED", id=earlier["id"])
            if earlier["state"] == "deleted":
                raise host_error("PAYMENT_KEY_DELETED", id=earlier["id"])
            return Added(earlier["id"], already=True)
        at = self._clock()
        payment = payment_of_typed(typed, invoice, at.date())
        registered, rate = table.registered(db, row["id"]), table.last_rate(db, payment.currency)
        doubts = doubts_about(invoice, payment, registered, rate, at.date())
        if doubts and not confirm:
            error = _doubtful(invoice, payment, account, doubts)
            if error.confirmation_digest != shown:
                raise error
        payment_id = table.insert(
            db,
            payment,
            row["id"],
            judge_by_hand(invoice, payment),
            bank_account=account,
            user=self._user,
            at=at,
            key=key,
        )
        return Added(payment_id, doubts)

    def delete_payment(self, payment_id: int, *, why: str) -> None:
        """Mark a registered payment, by hand or imported, as deleted; it stays in the list.

        Its amount remains to be paid again. The next import offers an imported one again, as
        ``deleted-in-host``.

        :raises HostError: ``WHY_NEEDED``, ``WHY_TOO_LONG``, ``REGISTERED_UNKNOWN`` or
            ``PAYMENT_NOT_DELETED``.
        """
        with self.store.changing_books() as db:
            reason, user, at = required_reason(why), self._user, self._clock()
            row = table.payment(db, payment_id)
            if row is None:
                raise host_error("REGISTERED_UNKNOWN", id=payment_id)
            if row["state"] != "registered":
                state = results_messages.STATES[row["state"]]
                raise host_error("PAYMENT_NOT_DELETED", id=payment_id, state=state)
            message = decisions_messages.deleted_here(user, at, reason)
            gone = table.deleted_at_source(db)
            table.delete(db, row, why=reason, user=user, at=at, message=message, gone=gone)
        unreported_commits.note(results_messages.PAYMENT_DELETED(id=payment_id))
        judge_open_previews(self.store, {row["invoice_id"]})
        self.store.checkpoint_wal()
        self.notify_listeners()
