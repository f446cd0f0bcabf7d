"""Payments that a person registers, and those that a person deletes.

What is deleted stays in the books and says so; its invoice gets back what the
payment took. One that came from elsewhere is then offered again by the next
import, and comes in only when a person takes it again.
"""

from __future__ import annotations

import re
import sqlite3
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import NamedTuple

from hostsim import texts
from hostsim.decided import DELETED
from hostsim.deciding import said, take_from_invoice
from hostsim.errors import host_error
from hostsim.judging import EXACT, ORE, judge_by_hand, same_currency
from hostsim.models import SEK, Invoice, Payment, PaymentKey
from hostsim.regions import checked_bank_account
from hostsim.store import PAYMENT_COLUMNS, clean, invoice_of, is_id, plain, record_of

#: What stands as the source of a payment by hand.
SOURCE = "hand"

#: A payment of more, in any currency, is a slip of the keyboard; so is such a rate.
MOST = Decimal(1_000_000_000_000)
MOST_RATE = Decimal(1_000_000)


class Entry(NamedTuple):
    """A payment as a person types it."""

    invoice_number: str
    amount: Decimal  # in the invoice's currency
    date: date
    region: str = ""
    bank_account: str = ""
    currency: str = ""  # "" is the invoice's
    rate: Decimal | None = None  # SEK for one unit; None for SEK


#: Neither 1_000 nor 1e3, which a slip of the keyboard makes; 12 50 is not 1250 either.
_AMOUNT = re.compile(r"[-+]?\s?([0-9]+|[0-9]{1,3}(\s[0-9]{3})+)([.,][0-9]+)?")


def typed_number(text: str) -> Decimal | None:
    """Read an amount or a rate as people write it: ``1 250,50`` or ``1250.50``; else ``None``."""
    written = text.strip().replace("\N{MINUS SIGN}", "-")
    if not _AMOUNT.fullmatch(written):
        return None
    return Decimal("".join(written.split()).replace(",", "."))


def add(db: sqlite3.Connection, entry: Entry, user: str, at: datetime) -> int:
    """Register a payment by hand; give its id.

    :raises HostError: ``INVOICE_UNKNOWN``, ``PAYMENT_PERIOD_OPEN``, ``PAYMENT_AMOUNT``,
        ``PAYMENT_CURRENCY``, ``PAYMENT_RATE`` or ``BANK_ACCOUNT``; nothing is registered then.
    """
    row = db.execute(
        "SELECT * FROM invoices WHERE region = ? AND number = ?",
        (clean(entry.region), clean(entry.invoice_number)),
    ).fetchone()
    if row is None:
        region = texts.region_name(entry.region)
        raise host_error("INVOICE_UNKNOWN", number=entry.invoice_number, region=region)
    invoice = invoice_of(row)
    payment = _payment(entry, invoice)
    account = checked_bank_account(entry.bank_account)
    judgement = judge_by_hand(invoice, payment)
    cursor = db.execute(
        f"INSERT INTO payments (origin, {PAYMENT_COLUMNS}, invoice_id, status, warning_sv,"  # noqa: S608 a constant
        " warning_en, written_off, effect, bank_account, user, registered_at)"
        f" VALUES ('hand', NULL, {', '.join('?' * len(record_of(payment)[1:]))},"
        " ?, ?, ?, ?, '0', ?, ?, ?, ?)",
        (
            *record_of(payment)[1:],
            row["id"],
            judgement.status,
            *(judgement.warning or (None, None)),
            plain(judgement.effect),
            account,
            user,
            at.isoformat(),
        ),
    )
    take_from_invoice(db, row["id"], judgement.effect)
    if cursor.lastrowid is None:
        message = "the payment got no id"
        raise RuntimeError(message)
    return cursor.lastrowid


def _payment(entry: Entry, invoice: Invoice) -> Payment:
    """Make a payment of what a person typed, or refuse it with a sentence."""
    if not invoice.period_closed:
        raise host_error("PAYMENT_PERIOD_OPEN", number=invoice.number)
    if not _is_money(entry.amount):
        raise host_error("PAYMENT_AMOUNT", amount=str(entry.amount)[:50])
    if entry.currency and not same_currency(entry.currency, invoice.currency):
        raise host_error(
            "PAYMENT_CURRENCY",
            number=invoice.number,
            invoice=invoice.currency,
            currency=entry.currency,
        )
    in_sek = same_currency(invoice.currency, SEK)
    rate = entry.rate
    usable = rate is None if in_sek else rate is not None and _is_rate(rate)
    if not usable:
        raise host_error("PAYMENT_RATE", number=invoice.number, invoice=invoice.currency)
    with localcontext(EXACT):
        sek = entry.amount if rate is None else (entry.amount * rate).quantize(ORE, ROUND_HALF_UP)
    return Payment(
        key=PaymentKey("", ""),
        source=SOURCE,
        invoice_number=invoice.number,
        ocr=None,
        date=entry.date,
        amount=sek,
        currency=SEK if in_sek else invoice.currency.strip().upper(),
        amount_currency=entry.amount,
        exchange_rate=rate,
    )


def _is_money(amount: Decimal) -> bool:
    if not amount.is_finite() or not amount or abs(amount) > MOST:
        return False
    return amount == amount.quantize(ORE)


def _is_rate(rate: Decimal) -> bool:
    exponent = rate.as_tuple().exponent
    return rate.is_finite() and 0 < rate <= MOST_RATE and int(exponent) >= -12


def delete(db: sqlite3.Connection, payment_id: int, why: str, user: str, at: datetime) -> None:
    """Delete a registered payment; it stays, marked, and its invoice gets everything back.

    :raises HostError: ``WHY_NEEDED``, ``WHY_TOO_LONG``, ``REGISTERED_UNKNOWN`` or
        ``PAYMENT_NOT_DELETED``.
    """
    reason = said(why)
    if not reason:
        raise host_error("WHY_NEEDED")
    query = "SELECT * FROM payments WHERE id = ?"
    row = db.execute(query, (payment_id,)).fetchone() if is_id(payment_id) else None
    if row is None:
        raise host_error("REGISTERED_UNKNOWN", id=payment_id)
    if row["state"] != "registered":
        raise host_error("PAYMENT_NOT_DELETED", id=payment_id, state=texts.STATES[row["state"]])
    db.execute(
        "UPDATE payments SET state = 'deleted', deleted_by = ?, deleted_at = ?, deleted_why = ?"
        " WHERE id = ?",
        (user, at.isoformat(), reason, payment_id),
    )
    with localcontext(EXACT):
        given_back = -Decimal(row["effect"])
    take_from_invoice(db, row["invoice_id"], given_back)
    if row["origin"] == "import":
        _offer_again(db, row, reason, user, at)


def _offer_again(
    db: sqlite3.Connection, row: sqlite3.Row, why: str, user: str, at: datetime
) -> None:
    """Let the next import offer a payment that was deleted here, and forget what it replaced."""
    definition = db.execute(
        "SELECT definition FROM runs WHERE id = ?", (row["run_id"],)
    ).fetchone()["definition"]
    db.execute(
        "UPDATE decisions SET taken_back_by = ?, taken_back_at = ? WHERE company = ?"
        " AND number = ? AND taken_back_at IS NULL AND settled_at IS NULL"
        " AND definition IN (SELECT name FROM definitions WHERE import_type = ?)",
        (user, at.isoformat(), row["company"], row["number"], row["import_type"]),
    )
    message = texts.deleted_here(texts.by_whom(user, at, why))
    db.execute(
        f"INSERT INTO pending (definition, company, {PAYMENT_COLUMNS}, reason, message_sv,"  # noqa: S608 a constant
        f" message_en) SELECT ?, company, {PAYMENT_COLUMNS}, ?, ?, ? FROM payments WHERE id = ?"
        " ON CONFLICT (definition, company, number) DO NOTHING",
        (definition, DELETED, *message, row["id"]),
    )
