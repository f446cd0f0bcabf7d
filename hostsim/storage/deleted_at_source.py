"""Registered payments that may have been deleted at their source, and what may replace them.

A source need not report deletions, so the host names the registered payments that may have been
deleted, and the plug-in checks them. A payment that was not checked is taken to exist.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from enum import IntEnum
from itertools import groupby
from typing import Any, NamedTuple

from hostsim.ledger.decisions import ReplaceablePayment, is_about_facts
from hostsim.ledger.reasons import CHANGED, KEEP, SET_ASIDE, SETTLED
from hostsim.ledger.values import EXACT, ZERO, same_currency
from hostsim.ledger.write_offs import effect_of
from hostsim.storage.balance_checks import CHECKED_AGAIN_AFTER
from hostsim.storage.rows import columns_as, first_row, payment_of, value_of
from hostsim.storage.scope import IN_FORCE, NOT_REGISTERED, OURS

#: Days between a payment that was deleted and its replacement, at most.
MAX_DAYS_APART = 35

# The status of a payment with a write-off of the host's own, which the source does not know.
_WRITTEN_OFF = "written-off"


class Cause(IntEnum):
    """Why a registered payment is checked, the most urgent first."""

    DOES_NOT_ADD_UP = 0  # its invoice, with the balance at the source
    SAME_INVOICE = 1  # a payment arrives on its invoice or settles it, or it was changed itself
    SAME_AMOUNT = 2  # a payment of its amount arrives


class ToCheck(NamedTuple):
    """A registered payment to check, and why."""

    number: str
    invoice_number: str
    rank: Cause


def payments_to_check(
    db: sqlite3.Connection,
    scope: Mapping[str, Any],
    now: datetime,
    *,
    invoice_id: int | None = None,
) -> list[ToCheck]:
    """Return all registered payments that the plug-in should check, except those in this run.

    Sorted by urgency, then those never checked, then the newest.

    :param invoice_id: check all payments of this invoice.
    """
    if first_row(db, f"SELECT 1 FROM payments p WHERE {OURS} LIMIT 1", **scope) is None:  # noqa: S608 a constant
        return []
    values = {**scope, "near": MAX_DAYS_APART}
    queries = (_WITH_SAME_SEK, _WITH_SAME_FOREIGN)
    ranks = {row["id"]: Cause.SAME_AMOUNT for query in queries for row in db.execute(query, values)}
    for query in (_WITH_SAME_INVOICE, _CHANGED_BEFORE, _OTHER_HALVES):
        ranks |= {row["id"]: Cause.SAME_INVOICE for row in db.execute(query, values)}
    if invoice_id is not None:
        query = f"SELECT p.id FROM payments p WHERE p.invoice_id = :invoice AND {OURS}"  # noqa: S608 a constant
        rows = db.execute(query, {**scope, "invoice": invoice_id})
        ranks |= {row["id"]: Cause.SAME_INVOICE for row in rows}
    ranks |= dict.fromkeys(_payments_of_wrong_balances(db, scope), Cause.DOES_NOT_ADD_UP)
    since = (now - CHECKED_AGAIN_AFTER).astimezone(UTC).isoformat()
    values = {**scope, "since": since, "ranks": json.dumps(list(ranks.items()))}
    rows = db.execute(_TO_CHECK, values)
    return [ToCheck(number, invoice, Cause(rank)) for number, invoice, rank in rows]


def mark_checked(
    db: sqlite3.Connection, scope: Mapping[str, Any], payments: Iterable[ToCheck]
) -> None:
    """Record the payments that the plug-in is asked to check."""
    db.executemany(
        "INSERT OR IGNORE INTO run_checked (run_id, payment_id, rank)"  # noqa: S608 a constant
        f" SELECT :run_id, id, :rank FROM payments p WHERE p.number = :number AND {OURS}",
        [{**scope, "number": payment.number, "rank": payment.rank} for payment in payments],
    )


def reuse_deletion_checks(db: sqlite3.Connection, scope: Mapping[str, Any]) -> None:
    """Reuse the deletions that earlier runs found, except of what this run has read."""
    db.execute(_REUSE_CHECKS, scope)


def store_deletion_checks(db: sqlite3.Connection, scope: Mapping[str, Any], now: datetime) -> None:
    """Store the results for later runs; what was read since it was deleted has come back."""
    values = {**scope, "now": now.astimezone(UTC).isoformat()}
    db.execute(_UNMARK_READ, values)
    db.execute(_STORE_CHECKS, values)


def mark_deleted(db: sqlite3.Connection, scope: Mapping[str, Any], numbers: Iterable[str]) -> None:
    """Record that registered payments no longer exist, whether or not that was to be checked."""
    db.executemany(_MARK_DELETED, [{**scope, "number": number} for number in numbers])


def mark_unchecked(
    db: sqlite3.Connection, scope: Mapping[str, Any], numbers: Iterable[str]
) -> None:
    """Record that registered payments could not be checked."""
    db.executemany(
        "UPDATE run_checked SET checked = 0 WHERE run_id = :run_id AND payment_id IN"  # noqa: S608 a constant
        f" (SELECT id FROM payments p WHERE p.number = :number AND {OURS})",
        [{**scope, "number": number} for number in numbers],
    )


def _payments_of_wrong_balances(db: sqlite3.Connection, scope: Mapping[str, Any]) -> Iterator[int]:
    """Return the payments that may be deleted, since the balance there is not what they leave."""
    rows = db.execute(_PAYMENTS_OF_BALANCES, scope)
    for _, grouped_rows in groupby(rows, key=lambda row: row["balance_of"]):
        group = list(grouped_rows)
        first = group[0]
        if not same_currency(first["balance_currency"], first["invoice_currency"]):
            continue
        sign = -1 if Decimal(first["total"]) < 0 else 1
        with localcontext(EXACT):
            expected_balance = Decimal(first["total"]) - sum(map(effect_at_source, group), ZERO)
            excess = sign * (Decimal(first["balance"]) - expected_balance)
        for row in group:
            # A deleted payment leaves more, a deleted refund less.
            if excess and (sign * effect_at_source(row) > 0) is (excess > 0):
                yield row["id"]


def effect_at_source(row: sqlite3.Row) -> Decimal:
    """Return by how much a payment lowered the balance there: without the host's own write-off."""
    if row["status"] == _WRITTEN_OFF:
        payment = payment_of(row, "")
        effect = None if payment is None else effect_of(payment)
        if effect is not None:
            return effect
    return Decimal(row["effect"])


def replaceable_by_number(
    db: sqlite3.Connection, scope: Mapping[str, Any]
) -> dict[str, tuple[ReplaceablePayment, ...]]:
    """Return, by the number of an arriving payment, the deleted ones that it may replace."""
    query = "SELECT 1 FROM run_checked WHERE run_id = :run_id AND deleted = 1 LIMIT 1"
    if first_row(db, query, **scope) is None:
        return {}
    return _group_by_arriving(db.execute(_REPLACED, {**scope, "near": MAX_DAYS_APART}))


def unchecked_by_number(
    db: sqlite3.Connection, scope: Mapping[str, Any]
) -> dict[str, tuple[ReplaceablePayment, ...]]:
    """Return, by the number of an arriving payment, the unchecked ones that it may replace.

    Those of its invoice; and those of its amount whose invoice does not add up.
    """
    query = "SELECT 1 FROM run_checked WHERE run_id = :run_id AND checked = 0 LIMIT 1"
    if first_row(db, query, **scope) is None:
        return {}
    return _group_by_arriving(db.execute(_UNCHECKED, {**scope, "near": MAX_DAYS_APART}))


def changed_by_number(
    db: sqlite3.Connection, scope: Mapping[str, Any]
) -> dict[str, tuple[ReplaceablePayment, ...]]:
    """Return, by the number of an arriving payment, the payments of its invoice that changed.

    Those that are smaller, unbooked or on another invoice there now, unless a person keeps what
    is registered.
    """
    company = scope["company"]
    return _group_by_arriving(
        (row for row in db.execute(_CHANGED, scope) if not _is_decided(row, KEEP, company)),
        lambda row: _is_decided(row, SET_ASIDE, company),
    )


def kept_by_number(
    db: sqlite3.Connection, scope: Mapping[str, Any]
) -> dict[str, tuple[ReplaceablePayment, ...]]:
    """Return, by the number of an arriving payment, those of its invoice that are kept.

    They changed as in :func:`changed_by_number`, and their money may be what arrives.
    """
    return _group_by_arriving(db.execute(_KEPT, scope))


def _is_decided(row: sqlite3.Row, decision: str, company: str) -> bool:
    """Whether a person decided so about what changed, knowing the figures of now."""
    now = payment_of(row, company, "now_")
    if row["decided"] != decision or now is None:
        return False
    return is_about_facts(row["decided_facts"], now)


def _group_by_arriving(
    rows: Iterable[sqlite3.Row], is_set_aside: Callable[[sqlite3.Row], bool] = lambda _: False
) -> dict[str, tuple[ReplaceablePayment, ...]]:
    by_number: dict[str, list[ReplaceablePayment]] = {}
    for row in rows:
        payment = value_of(ReplaceablePayment, row, set_aside=is_set_aside(row))
        by_number.setdefault(row["arriving"], []).append(payment)
    return {number: tuple(payments) for number, payments in by_number.items()}


# --- SQL ---------------------------------------------------------------------
# The parameters are those of scope.Scope; matched holds the invoice of each row of the run.

#: The arriving payments: not registered, and not ignored by the settings.
ARRIVING = f"""
    FROM matched m
    JOIN run_rows r ON r.id = m.row_id AND r.number IS NOT NULL AND r.date IS NOT NULL
        AND r.amount GLOB '*[1-9]*'
        AND (r.excluded_reason IS NULL OR r.excluded_reason NOT IN ('before-date', 'below-number'))
        AND {NOT_REGISTERED}
"""

_SAME_INVOICE = f"JOIN payments p ON p.invoice_id = m.invoice_id AND {OURS}"

#: Money replaces no refund. The half of a settlement that moves nothing is on another invoice at
#: the source, which is not here.
SAME_INVOICE_AND_SIGN = f"""
    {_SAME_INVOICE} AND (p.amount LIKE '-%') = (r.amount LIKE '-%')
        AND (p.status <> '{SETTLED}' OR p.effect GLOB '*[1-9]*')
"""

SAME_AMOUNT = f"""
    JOIN payments p ON CAST(p.amount AS REAL) = CAST(r.amount AS REAL)
        AND p.date BETWEEN date(r.date, '-' || :near || ' days')
                       AND date(r.date, '+' || :near || ' days')
        AND p.currency = r.currency AND {OURS}
"""

#: A payment that is made again may get another rate.
SAME_FOREIGN_AMOUNT = f"""
    JOIN payments p ON p.currency = r.currency AND p.currency <> 'SEK'
        AND CAST(p.amount_currency AS REAL) = CAST(r.amount_currency AS REAL)
        AND p.date BETWEEN date(r.date, '-' || :near || ' days')
                       AND date(r.date, '+' || :near || ' days')
        AND {OURS}
"""

FOUND_DELETED = "JOIN run_checked c ON c.run_id = :run_id AND c.payment_id = p.id AND c.deleted = 1"

_UNCHECKED_JOIN = """
    JOIN run_checked c ON c.run_id = :run_id AND c.payment_id = p.id AND c.checked = 0
"""


def _arriving_with(*joins: str) -> str:
    """Return SQL that pairs arriving payments with registered ones, by each of the joins."""
    selects = " UNION ".join(
        f"SELECT r.number AS arriving, p.*, i.number AS host_invoice_number {ARRIVING}"
        f" {join} JOIN invoices i ON i.id = p.invoice_id"
        for join in joins
    )
    return f"{selects} ORDER BY date, id"


_REPLACED = _arriving_with(
    f"{SAME_INVOICE_AND_SIGN} {FOUND_DELETED}",
    f"{SAME_AMOUNT} {FOUND_DELETED}",
    f"{SAME_FOREIGN_AMOUNT} {FOUND_DELETED}",
)

# Most runs have none, and need not compare the amounts of all payments.
_OF_BALANCES = f"""
    {_UNCHECKED_JOIN} AND c.rank = {Cause.DOES_NOT_ADD_UP:d} AND EXISTS (
        SELECT 1 FROM run_checked WHERE run_id = :run_id AND checked = 0
        AND rank = {Cause.DOES_NOT_ADD_UP:d})
"""  # noqa: S608 constants

_UNCHECKED = _arriving_with(
    f"{SAME_INVOICE_AND_SIGN} {_UNCHECKED_JOIN}",
    f"{SAME_AMOUNT} {_OF_BALANCES}",
    f"{SAME_FOREIGN_AMOUNT} {_OF_BALANCES}",
)

_WITH_SAME_INVOICE = f"SELECT DISTINCT p.id {ARRIVING} {_SAME_INVOICE}"

# The open preview, which this run replaces, showed that they had changed.
_CHANGED_BEFORE = f"""
    SELECT p.id FROM runs u JOIN run_rows r ON r.run_id = u.id AND r.reason = '{CHANGED}'
        JOIN payments p ON p.number = r.number AND {OURS}
    WHERE u.definition = :definition AND u.state = 'open' AND u.id <> :run_id
"""  # noqa: S608 constants

# Another region registered them, as settled against what arrives.
_OTHER_HALVES = f"""
    SELECT p.id FROM payments p CROSS JOIN run_rows r ON r.run_id = :run_id AND r.number = p.settles
    WHERE {OURS} AND p.settles IS NOT NULL AND p.status = '{SETTLED}' AND {NOT_REGISTERED}
"""  # noqa: S608 constants

# Thousands may arrive with one amount: their days are put together into spans first, so that each
# registered payment is met once.
_WITH_SAME_AMOUNT = """
    WITH arriving AS (SELECT DISTINCT {amount} AS amount, r.currency, r.date {arriving}),
    begun AS (
        SELECT *,
               COALESCE(date > date(lag(date) OVER same, '+' || (2 * :near) || ' days'), 1) AS new
        FROM arriving WINDOW same AS (PARTITION BY amount, currency ORDER BY date)),
    numbered AS (
        SELECT *, sum(new) OVER (PARTITION BY amount, currency ORDER BY date) AS span FROM begun),
    spans AS (
        SELECT amount, currency, date(min(date), '-' || :near || ' days') AS first,
               date(max(date), '+' || :near || ' days') AS last
        FROM numbered GROUP BY amount, currency, span)
    SELECT p.id FROM spans s JOIN payments p ON {same} AND p.currency = s.currency
        AND p.date BETWEEN s.first AND s.last AND {ours}
"""
_WITH_SAME_SEK = _WITH_SAME_AMOUNT.format(
    amount="CAST(r.amount AS REAL)",
    arriving=ARRIVING,
    same="CAST(p.amount AS REAL) = s.amount",
    ours=OURS,
)
_WITH_SAME_FOREIGN = _WITH_SAME_AMOUNT.format(
    amount="CAST(r.amount_currency AS REAL)",
    arriving=f"{ARRIVING} AND r.currency <> 'SEK'",
    same="p.currency <> 'SEK' AND CAST(p.amount_currency AS REAL) = s.amount",
    ours=OURS,
)

# The run has read the registered payment ``p``.
_READ = """
    EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = p.number
            AND r.fetched = 1 AND r.deleted = 0)
"""

_TO_CHECK = f"""
    WITH ranked (payment_id, rank) AS MATERIALIZED
        (SELECT value ->> 0, value ->> 1 FROM json_each(:ranks))
    SELECT p.number, p.invoice_number, n.rank
    FROM ranked n JOIN payments p ON p.id = n.payment_id AND {OURS}
    LEFT JOIN checked_payments k ON k.payment_id = p.id
    WHERE NOT {_READ}
    AND NOT EXISTS (SELECT 1 FROM run_checked c
                    WHERE c.run_id = :run_id AND c.payment_id = p.id)
    -- An equal amount alone says little, and balances tell of a deletion sooner.
    AND NOT (n.rank = {Cause.SAME_AMOUNT:d} AND k.deleted IS 0 AND k.at >= :since)
    ORDER BY n.rank, k.at IS NOT NULL, p.date DESC, p.id DESC
"""  # noqa: S608 constants

_MARK_DELETED = f"""
    INSERT INTO run_checked (run_id, payment_id, rank, deleted)
    SELECT :run_id, p.id, {Cause.DOES_NOT_ADD_UP:d}, 1 FROM payments p
    WHERE p.number = :number AND {OURS} AND NOT {_READ}
    ON CONFLICT (run_id, payment_id) DO UPDATE SET deleted = 1
"""  # noqa: S608 constants

_REUSE_CHECKS = f"""
    INSERT OR IGNORE INTO run_checked (run_id, payment_id, rank, deleted)
    SELECT :run_id, k.payment_id, {Cause.DOES_NOT_ADD_UP:d}, NOT {_READ}
    FROM checked_payments k JOIN payments p ON p.id = k.payment_id AND {OURS}
    WHERE k.deleted = 1
"""  # noqa: S608 constants

_UNMARK_READ = f"""
    UPDATE run_checked AS c SET deleted = 0 WHERE run_id = :run_id AND deleted = 1
    AND EXISTS (SELECT 1 FROM payments p WHERE p.id = c.payment_id AND {_READ})
"""  # noqa: S608 constants

_STORE_CHECKS = """
    INSERT INTO checked_payments (payment_id, at, deleted)
    SELECT payment_id, :now, deleted FROM run_checked
    WHERE run_id = :run_id AND checked = 1
    ON CONFLICT (payment_id) DO UPDATE SET at = excluded.at, deleted = excluded.deleted
"""

_CHANGED = f"""
    SELECT r.number AS arriving, p.*, i.number AS host_invoice_number, {columns_as("n", "now_")},
           d.decision AS decided, d.facts AS decided_facts
    FROM run_rows n
    JOIN payments p ON p.number = n.number AND {OURS}
    JOIN invoices i ON i.id = p.invoice_id
    JOIN matched m ON m.invoice_id = p.invoice_id
    JOIN run_rows r ON r.id = m.row_id AND r.number IS NOT NULL AND r.date IS NOT NULL
        AND r.number <> n.number AND {NOT_REGISTERED}
    LEFT JOIN decisions d ON d.definition = :definition AND d.company = :company
        AND d.number = n.number AND {IN_FORCE}
    WHERE n.run_id = :run_id AND n.number IS NOT NULL AND n.deleted = 0 AND n.date IS NOT NULL
    AND (abs(CAST(n.amount AS REAL)) < abs(CAST(p.amount AS REAL))
         OR (n.booked = 0 AND p.booked = 1) OR n.invoice_number <> p.invoice_number)
    ORDER BY p.date, p.id
"""  # noqa: S608 constants

# What is kept is not offered again: the decision has the figures of the source, until it is
# deleted there.
_KEPT = f"""
    SELECT r.number AS arriving, p.*, i.number AS host_invoice_number
    FROM decisions d
    JOIN payments p ON p.number = d.number AND {OURS}
    JOIN invoices i ON i.id = p.invoice_id
    JOIN matched m ON m.invoice_id = p.invoice_id
    JOIN run_rows r ON r.id = m.row_id AND r.number IS NOT NULL AND r.date IS NOT NULL
        AND (r.amount LIKE '-%') = (p.amount LIKE '-%') AND {NOT_REGISTERED}
    WHERE d.definition = :definition AND d.company = :company AND d.decision = '{KEEP}'
    AND {IN_FORCE}
    AND NOT EXISTS (SELECT 1 FROM run_checked c WHERE c.run_id = :run_id AND c.payment_id = p.id
                    AND c.deleted = 1)
    AND (abs(CAST(d.facts ->> 'amount' AS REAL)) < abs(CAST(p.amount AS REAL))
         OR (d.facts ->> 'booked' = 0 AND p.booked = 1)
         OR d.facts ->> 'invoice_number' <> p.invoice_number)
    ORDER BY p.date, p.id
"""  # noqa: S608 constants

_PAYMENTS_OF_BALANCES = f"""
    SELECT p.*, b.invoice_number AS balance_of, b.balance, b.currency AS balance_currency,
           i.total, i.currency AS invoice_currency
    FROM run_balances b JOIN invoices i ON i.id = b.invoice_id
    JOIN payments p ON p.invoice_id = b.invoice_id AND {OURS}
    WHERE b.run_id = :run_id AND b.booked = 1 AND b.cancelled = 0
    ORDER BY b.invoice_number
"""  # noqa: S608 constants
