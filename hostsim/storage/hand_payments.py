"""Payments that a person typed or deleted, as the tables have them.

The functions are called inside a transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal, localcontext

from hostsim.ledger.hand_payments import EarlierPayment
from hostsim.ledger.judging import Judgement
from hostsim.ledger.reasons import DELETED
from hostsim.ledger.values import EXACT
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
    names = (
        *PAYMENT_COLUMNS.split(", "),
        *("invoice_id", "status", "warning_sv", "warning_en", "written_off", "effect"),
        *("bank_account", "user", "registered_at", "entry_key"),
    )
    values = (
        *(None, *record_of(payment)[1:]),
        *(invoice_id, judgement.status, *(judgement.warning or (None, None))),
        *("0", plain(judgement.effect)),
        *(bank_account, user, at.isoformat(), key),
    )
    marks = ", ".join("?" * len(names))
    query = (
        f"INSERT INTO payments (origin, {', '.join(names)}) VALUES ('hand', {marks}) RETURNING id"  # noqa: S608 constants
    )
    payment_id = int(db.execute(query, values).fetchone()["id"])
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


def invoices_of(db: sqlite3.Connection, payment_id: int) -> set[int]:
    query = "SELECT invoice_id FROM payments WHERE id = :id"
    return {row["invoice_id"] for row in db.execute(query, {"id": payment_id})}


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

    :param row: of :func:`payment`.
    :param gone: the result of :func:`deleted_at_source`; these are not offered again.
    :param message: the next import's message about the payment, if it was imported.
    """
    values = {"id": row["id"], "user": user, "at": at.isoformat(), "why": why}
    db.execute(
        "UPDATE payments SET state = 'deleted', deleted_by = :user, deleted_at = :at,"
        " deleted_why = :why WHERE id = :id",
        values,
    )
    with localcontext(EXACT):
        given_back = -Decimal(row["effect"])
    lower_balance(db, row["invoice_id"], given_back)
    if row["origin"] == "import" and row["id"] not in gone:
        _offer_again(db, values | {"reason": DELETED, **words_of(message)})


def deleted_at_source(db: sqlite3.Connection) -> frozenset[int]:
    """Return the payments that any run found deleted at the source."""
    rows = db.execute("SELECT DISTINCT payment_id FROM run_checked WHERE deleted = 1")
    return frozenset(row["payment_id"] for row in rows)


def _offer_again(db: sqlite3.Connection, values: dict[str, object]) -> None:
    """Offer a payment in the next import, and revoke the decision about it."""
    db.execute(_REVOKE_DECISIONS, values)
    db.execute(_KEEP_PENDING, values)


_REVOKE_DECISIONS = f"""
    UPDATE decisions AS d SET taken_back_by = :user, taken_back_at = :at
    FROM payments p
    WHERE p.id = :id AND d.company = p.company AND d.number = p.number AND {IN_FORCE}
    AND d.definition IN (SELECT name FROM definitions WHERE import_type = p.import_type)
"""  # noqa: S608 a constant

_KEEP_PENDING = f"""
    INSERT INTO pending (definition, company, {PAYMENT_COLUMNS}, reason, message_sv, message_en)
    SELECT (SELECT definition FROM runs WHERE id = p.run_id), company, {PAYMENT_COLUMNS},
           :reason, :sv, :en
    FROM payments p WHERE p.id = :id
    ON CONFLICT (definition, company, number) DO UPDATE
    SET reason = excluded.reason, message_sv = excluded.message_sv, message_en = excluded.message_en
"""  # noqa: S608 constants
