"""The balances of invoices at the source: of the run, and of invoices checked one by one.

Invoices that are open here but not unpaid there, or overpaid here, are checked one by one, at
most :data:`MAX_INVOICES_CHECKED` in a run; the results are reused for some days.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hostsim.ledger.write_offs import effect_of, other_effect_of
from hostsim.storage.rows import columns_of, payment_of, plain, without_spaces
from hostsim.storage.scope import NOT_REGISTERED, OURS
from opter_contract.values import InvoiceBalance

#: Invoices that are checked one by one, at most, in one run.
MAX_INVOICES_CHECKED = 100

#: The time after which an invoice or a payment is checked again.
CHECKED_AGAIN_AFTER = timedelta(days=7)


def take_balances(
    db: sqlite3.Connection,
    scope: Mapping[str, Any],
    balances: Iterable[InvoiceBalance],
) -> None:
    """Store the balances of invoices that are here, by number or else by OCR."""
    for balance in balances:
        row = db.execute(
            _INVOICE_OF,
            {**scope, "number": balance.invoice_number, "ocr": without_spaces(balance.ocr)},
        ).fetchone()
        if row is None:
            continue
        db.execute(
            "INSERT OR REPLACE INTO run_balances (run_id, invoice_number, invoice_id, customer,"
            " currency, total, balance, booked, cancelled)"
            " VALUES (:run_id, :invoice_number, :id, :customer_number, :currency, :total,"
            " :balance, :booked, :cancelled)",
            columns_of(
                balance,
                run_id=scope["run_id"],
                id=row["id"],
                booked=int(balance.booked),
                cancelled=int(balance.cancelled),
            ),
        )


def invoices_to_check(db: sqlite3.Connection, scope: Mapping[str, Any], now: datetime) -> list[str]:
    """Return the numbers of invoices that are open here, but not among the unpaid ones there.

    Not those checked in the last days, nor those that the payments of the run pay in full.
    Sorted by due date: reminders go out for the first ones. Then overpaid ones, which may stay
    so for years: those not checked for longest first.
    """
    since = (now - CHECKED_AGAIN_AFTER).astimezone(UTC).isoformat()
    rows = db.execute(_OPEN, {**scope, "since": since, "most": MAX_INVOICES_CHECKED})
    return [row["number_there"] or row["number"] for row in rows]


def reuse_checked_invoices(db: sqlite3.Connection, scope: Mapping[str, Any], now: datetime) -> None:
    """Reuse the results of the last days for invoices that are not among the unpaid ones there."""
    since = (now - CHECKED_AGAIN_AFTER).astimezone(UTC).isoformat()
    db.execute(_REUSE_CHECKED, {**scope, "since": since})


def doubtful_readings(db: sqlite3.Connection, scope: Mapping[str, Any]) -> list[str]:
    """Return the numbers of invoices whose foreign payments have write-offs of unclear currency."""
    rows = db.execute(
        "SELECT r.* FROM matched m CROSS JOIN run_rows r ON r.id = m.row_id"
        " WHERE r.write_offs <> '[]' AND r.currency <> 'SEK' AND m.invoice_id IS NOT NULL"
        " AND r.date IS NOT NULL AND NOT EXISTS (SELECT 1 FROM run_balances b"
        "  WHERE b.run_id = :run_id AND b.invoice_number = r.invoice_number)"
        " ORDER BY r.date DESC, r.id",
        scope,
    ).fetchall()
    payments = [payment_of(row, "") for row in rows]
    numbers = [
        payment.invoice_number
        for payment in payments
        if payment and other_effect_of(payment) is not None
    ]
    return list(dict.fromkeys(numbers))[:MAX_INVOICES_CHECKED]


def store_checked_invoices(
    db: sqlite3.Connection, scope: Mapping[str, Any], numbers: Collection[str], now: datetime
) -> None:
    """Store the balances of invoices that were checked one by one, or that they are not there.

    Stores nothing if there is no balance at all: the source may have refused.
    """
    any_balance = db.execute(
        "SELECT 1 FROM run_balances WHERE run_id = :run_id LIMIT 1", scope
    ).fetchone()
    if not numbers or any_balance is None:
        return
    values = {**scope, "now": now.astimezone(UTC).isoformat(), "numbers": json.dumps(list(numbers))}
    db.execute(_STORE_CHECKED, values)


def store_ignored_payments(db: sqlite3.Connection, scope: Mapping[str, Any]) -> None:
    """Store the payments that the settings ignore: they explain why less remains at the source."""
    rows = db.execute(_IGNORED, scope).fetchall()
    payments = [(row["invoice_id"], payment_of(row, "")) for row in rows]
    db.executemany(
        "INSERT OR REPLACE INTO ignored_payments (import_type, company, number, invoice_id, effect)"
        " VALUES (:import_type, :company, :number, :invoice_id, :effect)",
        [
            {
                **scope,
                "number": payment.key.number,
                "invoice_id": invoice_id,
                "effect": plain(payment.amount if effect is None else effect),
            }
            for invoice_id, payment in payments
            if payment is not None
            for effect in (effect_of(payment),)
        ],
    )


# --- SQL ---------------------------------------------------------------------
# The parameters are those of scope.Scope; matched holds the invoice of each row of the run.

_INVOICE_OF = """
    SELECT id FROM invoices WHERE region = :region AND number = :number
    UNION ALL
    SELECT min(id) FROM invoices WHERE region = :region AND ocr = :ocr AND ocr <> ''
    AND NOT EXISTS (SELECT 1 FROM invoices WHERE region = :region AND number = :number)
    HAVING count(*) = 1
"""

#: Of an earlier run, neither read in this one nor registered since.
IGNORED_NOW = """
    g.import_type = :import_type AND g.company = :company
    AND NOT EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = g.number)
    AND NOT EXISTS (SELECT 1 FROM payments k WHERE k.import_type = :import_type
                    AND k.company = :company AND k.number = g.number AND k.state = 'registered')
"""

_IGNORED = """
    SELECT * FROM run_rows WHERE run_id = :run_id AND invoice_id IS NOT NULL AND date IS NOT NULL
    AND reason IN ('before-date', 'below-number') AND deleted = 0 AND number IS NOT NULL
"""

_STORE_CHECKED = """
    INSERT OR REPLACE INTO asked_invoices (import_type, company, invoice_id, invoice_number,
        customer, currency, total, balance, booked, cancelled, at)
    SELECT :import_type, :company, i.id, COALESCE(b.invoice_number, i.number),
           COALESCE(b.customer, ''), COALESCE(b.currency, ''), COALESCE(b.total, '0'), b.balance,
           COALESCE(b.booked, 0), COALESCE(b.cancelled, 0), :now
    FROM invoices i LEFT JOIN run_balances b ON b.run_id = :run_id AND b.invoice_id = i.id
    WHERE i.region = :region
    AND (i.number IN (SELECT value FROM json_each(:numbers))
         OR b.invoice_number IN (SELECT value FROM json_each(:numbers)))
"""

# The unpaid ones come with every import; only the others are worth storing.
_NOT_UNPAID = "(a.booked = 0 OR a.balance IS NULL OR a.balance NOT GLOB '*[1-9]*')"

_REUSE_CHECKED = f"""
    INSERT OR IGNORE INTO run_balances (run_id, invoice_number, invoice_id, customer, currency,
        total, balance, booked, cancelled)
    SELECT :run_id, a.invoice_number, a.invoice_id, a.customer, a.currency, a.total, a.balance,
           a.booked, a.cancelled
    FROM asked_invoices a
    WHERE a.import_type = :import_type AND a.company = :company AND a.at >= :since
    AND a.balance IS NOT NULL AND {_NOT_UNPAID}
    AND NOT EXISTS (SELECT 1 FROM run_balances b
                    WHERE b.run_id = :run_id AND b.invoice_id = a.invoice_id)
"""  # noqa: S608 constants

# More was taken from the invoice ``i`` than its total. Once the last advance is deleted there,
# the invoice is paid there, and not among the unpaid ones.
_OVERPAID = "CAST(i.remaining AS REAL) * CAST(i.total AS REAL) < 0"

# The balance of an overpaid invoice need not come with the unpaid ones; it is not asked for in
# every run.
_OVERPAID_THERE = "CAST(a.balance AS REAL) * CAST(a.total AS REAL) < 0"

# Approximate arithmetic will do: it only decides what to check. Write-offs explain all.
_OPEN = f"""
    SELECT i.id, i.number, i.remaining,
           (SELECT p.invoice_number FROM payments p WHERE p.invoice_id = i.id AND {OURS}
            AND p.invoice_number <> '' ORDER BY p.id DESC LIMIT 1) AS number_there
    FROM invoices i LEFT JOIN (
        SELECT m.invoice_id, SUM(
            CASE WHEN r.write_offs <> '[]' OR r.amount IS NULL THEN 1e18
                 WHEN r.currency = 'SEK' THEN CAST(r.amount AS REAL)
                 ELSE CAST(COALESCE(r.amount_currency, r.amount) AS REAL) END) AS taken
        FROM matched m CROSS JOIN run_rows r ON r.id = m.row_id
        WHERE m.invoice_id IS NOT NULL AND {NOT_REGISTERED} GROUP BY m.invoice_id
    ) t ON t.invoice_id = i.id LEFT JOIN (
        SELECT invoice_id, SUM(CAST(effect AS REAL)) AS taken FROM ignored_payments g
        WHERE {IGNORED_NOW} GROUP BY invoice_id
    ) g ON g.invoice_id = i.id
    LEFT JOIN asked_invoices a
        ON a.import_type = :import_type AND a.company = :company AND a.invoice_id = i.id
    WHERE i.region = :region
    AND (i.total NOT LIKE '-%'
         AND (CAST(i.remaining AS REAL) - COALESCE(t.taken, 0) - COALESCE(g.taken, 0) > 0.005
              -- A refund that was deleted shows nowhere else.
              OR EXISTS (SELECT 1 FROM payments p
                         WHERE p.invoice_id = i.id AND p.status = 'reversal' AND {OURS}))
         OR {_OVERPAID} AND EXISTS (SELECT 1 FROM payments p WHERE p.invoice_id = i.id AND {OURS}))
    AND (a.at IS NULL OR a.at < :since OR NOT ({_NOT_UNPAID} OR {_OVERPAID_THERE}))
    AND NOT EXISTS (SELECT 1 FROM run_balances b
                    WHERE b.run_id = :run_id AND b.invoice_id = i.id)
    ORDER BY {_OVERPAID}, CASE WHEN {_OVERPAID} THEN a.at END,
             i.period_closed DESC, i.due_date IS NULL, i.due_date, i.id LIMIT :most
"""  # noqa: S608 constants
