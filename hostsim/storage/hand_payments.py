"""Payments that a person typed or deleted, as the tables have them.

The functions are called inside a transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from hostsim.ledger.hand_payments import EarlierPayment
from hostsim.ledger.judging import Judgement
from hostsim.ledger.reasons import DELETED
from hostsim.storage.registration import lower_balance
from hostsim.storage.rows import (
    PAYMENT_COLUMNS,
    first_row,
    is_id,
    plain,
    record_of,
    value_of,
    words_of,
)
from hostsim.storage.scope import IN_FORCE
from opter_contract.values import Payment, Text


def insert(
    db: sqlite3.Connection,
    payment: Payment,
    invoice_id: int,
    judgement: Judgement,
    *,
    bank_account: str,
    user: str,
    at: datetime,
    key: str | None,
) -> int:
    """Register a payment, and take it from what remains of its invoice; give its id."""
    values = {
        **record_of(payment),
        "number": None,
        "invoice_id": invoice_id,
        **words_of(judgement.warning),
        "status": judgement.status,
        "effect": plain(judgement.effect),
        "bank_account": bank_account,
        "user": user,
        "at": at.isoformat(),
        "key": key,
    }
    payment_id = int(db.execute(_INSERT, values).fetchone()["id"])
    lower_balance(db, invoice_id, judgement.effect)
    return payment_id


def by_key(db: sqlite3.Connection, key: str | None) -> sqlite3.Row | None:
    return first_row(db, "SELECT * FROM payments WHERE entry_key = :key", key=key)


def registered(db: sqlite3.Connection, invoice_id: int) -> list[EarlierPayment]:
    """Return the registered payments of an invoice, latest first."""
    rows = db.execute(
        "SELECT * FROM payments WHERE invoice_id = :invoice AND state = 'registered'"
        " ORDER BY id DESC",
        {"invoice": invoice_id},
    )
    return [
        value_of(
            EarlierPayment,
            row,
            amount=Decimal(row["amount_currency"] or row["amount"]),
            at=datetime.fromisoformat(row["registered_at"]),
        )
        for row in rows
    ]


def last_rate(db: sqlite3.Connection, currency: str) -> Decimal | None:
    """Return the exchange rate of the latest registered payment in a currency."""
    row = first_row(
        db,
        "SELECT exchange_rate FROM payments WHERE upper(trim(currency)) = :currency"
        " AND exchange_rate IS NOT NULL AND state = 'registered' ORDER BY id DESC LIMIT 1",
        currency=currency,
    )
    return None if row is None else Decimal(row["exchange_rate"])


def payment(db: sqlite3.Connection, payment_id: int) -> sqlite3.Row | None:
    if not is_id(payment_id):
        return None
    return first_row(db, "SELECT * FROM payments WHERE id = :id", id=payment_id)


def delete(
    db: sqlite3.Connection,
    row: sqlite3.Row,
    *,
    why: str,
    user: str,
    at: datetime,
    message: Text,
    gone: Collection[int],
) -> None:
    """Mark a payment as deleted, restore the balance of its invoice, and offer it again.

    :param gone: the result of :func:`deleted_at_source`; these are not offered again.
    :param message: the next import's message about the payment, if it was imported.
    """
    values = {"id": row["id"], "user": user, "at": at.isoformat(), "why": why}
    db.execute(
        "UPDATE payments SET state = 'deleted', deleted_by = :user, deleted_at = :at,"
        " deleted_why = :why WHERE id = :id",
        values,
    )
    lower_balance(db, row["invoice_id"], Decimal(row["effect"]).copy_negate())
    if row["origin"] == "import" and row["id"] not in gone:
        db.execute(_REVOKE_DECISIONS, values)
        db.execute(_OFFER_AGAIN, values | {"reason": DELETED, **words_of(message)})


def deleted_at_source(db: sqlite3.Connection) -> frozenset[int]:
    """Return the payments that any run found deleted at the source."""
    rows = db.execute("SELECT DISTINCT payment_id FROM run_checked WHERE deleted = 1")
    return frozenset(row["payment_id"] for row in rows)


_INSERT = f"""
    INSERT INTO payments (origin, {PAYMENT_COLUMNS}, invoice_id, status, warning_sv, warning_en,
                          written_off, effect, bank_account, user, registered_at, entry_key)
    VALUES ('hand', {", ".join(f":{name}" for name in PAYMENT_COLUMNS.split(", "))}, :invoice_id,
            :status, :sv, :en, '0', :effect, :bank_account, :user, :at, :key)
    RETURNING id
"""  # noqa: S608 constants

_REVOKE_DECISIONS = f"""
    UPDATE decisions AS d SET taken_back_by = :user, taken_back_at = :at
    FROM payments p
    WHERE p.id = :id AND d.company = p.company AND d.number = p.number AND {IN_FORCE}
    AND d.definition IN (SELECT name FROM definitions WHERE import_type = p.import_type)
"""  # noqa: S608 a constant

_OFFER_AGAIN = f"""
    INSERT INTO pending (definition, company, {PAYMENT_COLUMNS}, reason, message_sv, message_en)
    SELECT (SELECT definition FROM runs WHERE id = p.run_id), company, {PAYMENT_COLUMNS},
           :reason, :sv, :en
    FROM payments p WHERE p.id = :id
    ON CONFLICT (definition, company, number) DO UPDATE
    SET reason = excluded.reason, message_sv = excluded.message_sv,
        message_en = excluded.message_en, obstacle = excluded.obstacle
"""  # noqa: S608 constants
