"""Discrepancies between the source and the books, other than on the payments of a run."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from hostsim.ledger.judging import READY
from hostsim.ledger.reasons import DELETED as DELETED_HERE
from hostsim.ledger.reasons import DOUBTFUL
from hostsim.ledger.reconciliation import BalanceEffects, totals_explain
from hostsim.ledger.values import SEK, ZERO, same_currency
from hostsim.ledger.write_offs import effect_of
from hostsim.messages import payments as payments_messages
from hostsim.messages.formats import money_of
from hostsim.messages.payments import MayExplain, Successor
from hostsim.messages.source_name import named
from hostsim.storage.balance_checks import IGNORED_NOW
from hostsim.storage.deleted_at_source import (
    ARRIVING,
    FOUND_DELETED,
    MAX_DAYS_APART,
    SAME_AMOUNT,
    SAME_FOREIGN_AMOUNT,
    SAME_INVOICE_AND_SIGN,
    effect_at_source,
)
from hostsim.storage.rows import OLDEST_FIRST, payment_of, plain
from hostsim.storage.scope import IN_FORCE, OURS
from opter_contract.values import Text

#: The codes of a discrepancy.
DELETED = "deleted-at-source"
LESS_REMAINS = "less-remains-at-source"
CANCELLED = "cancelled-at-source"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A discrepancy between the source and the books, other than on the payments of a run.

    ``remaining`` is the balance here when all that is ready, and booked there, is saved,
    ``balance`` the one there (``None`` if unknown), both in the invoice's currency.
    """

    code: str
    host_invoice_number: str
    customer_name: str
    currency: str
    remaining: Decimal
    balance: Decimal | None
    total: Decimal  # here, and there
    total_there: Decimal | None
    payment_id: int | None
    payment_number: str | None
    payment_date: date | None
    amount: Decimal | None  # of the payment, in the invoice's currency
    source: Text  # the name of the system that payments come from
    successors: tuple[Successor, ...]  # what may have come in the place of a deleted one
    explained_by: MayExplain

    @property
    def message(self) -> Text:
        """The sentence that says what differs, and where to look."""
        return named(self._message, self.source)

    @property
    def _message(self) -> Text:
        if self.code == DELETED:
            amount = money_of(self.amount or ZERO, self.currency)
            day = "" if self.payment_date is None else self.payment_date.isoformat()
            number = self.payment_number or ""
            return payments_messages.deleted_at_source(
                number, day, amount, self.host_invoice_number, self.successors
            )
        return less_remains(
            self.host_invoice_number,
            self.currency,
            remaining=self.remaining,
            total=self.total,
            balance=self.balance,
            total_there=self.total_there,
            explained_by=self.explained_by,
        )


def write_discrepancies(db: sqlite3.Connection, scope: Mapping[str, Any]) -> None:
    """Find and store the discrepancies, once the rows of the run are judged."""
    db.execute("DELETE FROM run_discrepancies WHERE run_id = :run_id", scope)
    db.execute(_WRITE_DELETED, {**scope, "near": MAX_DAYS_APART})
    db.executemany(_WRITE_LESS, _less_at_source(db, scope))


def _less_at_source(db: sqlite3.Connection, scope: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the invoices of which less remains at the source, or which are cancelled there."""
    rows = [
        row
        for row in db.execute(_BALANCES, scope)
        if same_currency(row["currency"], row["invoice_currency"])
    ]
    effects = _effects_by_invoice(db, scope) if rows else {}
    for row in rows:
        balance = None if row["cancelled"] else Decimal(row["balance"])
        balance_here = effects[row["invoice_id"]].unexplained_balance(
            Decimal(row["remaining"]), Decimal(row["total"]), balance
        )
        if balance_here is not None:
            yield {
                "run_id": scope["run_id"],
                "code": CANCELLED if row["cancelled"] else LESS_REMAINS,
                "invoice_id": row["invoice_id"],
                "remaining": plain(balance_here),
                "balance": plain(balance),
            }


def discrepancies_of(
    db: sqlite3.Connection, run_id: str, source: Text, invoice_id: int | None = None
) -> Iterator[Discrepancy]:
    """Return the discrepancies of a run, in order.

    :param source: the name of the system that payments come from.
    :param invoice_id: only those of this invoice.
    """
    values = {"run_id": run_id, "invoice_id": invoice_id}
    rows = db.execute(_DISCREPANCIES, values).fetchall()
    successors: defaultdict[int, list[Successor]] = defaultdict(list)
    if any(row["code"] == DELETED for row in rows):
        for row in db.execute(_SUCCESSORS, {**values, "near": MAX_DAYS_APART}):
            one = Successor(row["number"], row["invoice_number"] or "", bool(row["deleted"]))
            successors[row["payment_id"]].append(one)
    for row in rows:
        yield _discrepancy_of(row, source, tuple(successors[row["payment_id"]]))


def _discrepancy_of(
    row: sqlite3.Row, source: Text, successors: tuple[Successor, ...]
) -> Discrepancy:
    amount = row["amount"] if row["currency_of_payment"] == SEK else row["amount_currency"]
    return Discrepancy(
        code=row["code"],
        host_invoice_number=row["host_invoice_number"],
        customer_name=row["customer_name"],
        currency=row["currency"],
        remaining=Decimal(row["remaining"]),
        balance=None if row["balance"] is None else Decimal(row["balance"]),
        total=Decimal(row["total"]),
        total_there=None if row["total_there"] is None else Decimal(row["total_there"]),
        payment_id=row["payment_id"],
        payment_number=row["number"],
        payment_date=None if row["date"] is None else date.fromisoformat(row["date"]),
        amount=None if amount is None else Decimal(amount),
        source=source,
        successors=successors,
        explained_by=MayExplain(bool(row["unsaved"]), bool(row["deleted"]), bool(row["by_hand"])),
    )


def less_remains(
    invoice_number: str,
    currency: str,
    *,
    remaining: Decimal,
    total: Decimal,
    balance: Decimal | None,
    total_there: Decimal | None,
    explained_by: MayExplain,
) -> Text:
    """Return the warning that less remains at the source, or that the invoice is cancelled there.

    :param balance: there; ``None`` if it is cancelled.
    """
    there, totals = None, None
    if balance is not None:
        there = money_of(balance, currency)
        if total_there is not None and totals_explain(remaining, total, balance, total_there):
            totals = money_of(total_there, currency), money_of(total, currency)
    return payments_messages.less_remains_at_source(
        invoice_number, money_of(remaining, currency), there, explained_by, totals
    )


def effect_there(row: sqlite3.Row, invoice_currency: str) -> Decimal:
    """Return by how much a booked payment lowers the balance there, in the invoice's currency.

    NaN if that is unknown: it explains any difference.
    """
    payment = payment_of(row, "")
    if payment is not None and same_currency(payment.currency, invoice_currency):
        effect = effect_of(payment)
        if effect is not None:
            return effect
    in_sek = row["amount"] if invoice_currency == SEK else None
    return Decimal(in_sek) if in_sek else Decimal("NaN")


def _effects_by_invoice(
    db: sqlite3.Connection, scope: Mapping[str, Any]
) -> defaultdict[int, BalanceEffects]:
    """Sum up by how much unregistered payments of a run lower the balances of invoices.

    Of invoices with a balance. Payments that the source does not count yet (unbooked), or that
    may be the same money as a registered one, explain nothing.
    """
    sums: defaultdict[int, BalanceEffects] = defaultdict(BalanceEffects)
    for invoice_id, effect, ready in _effects(db, scope):
        sums[invoice_id] = sums[invoice_id].plus(**{"ready" if ready else "otherwise": effect})
    return sums


def _effects(
    db: sqlite3.Connection, scope: Mapping[str, Any]
) -> Iterator[tuple[int, Decimal, bool]]:
    """Return each with its invoice, and whether it is of what is ready."""
    for row in db.execute(_IGNORED_BEFORE, scope):
        yield row["invoice_id"], Decimal(row["effect"]), False
    for row in db.execute(_ROWS_OF_INVOICES, scope):
        if row["booked"] == 0 or row["reason"] == DOUBTFUL:
            continue
        ready = row["kind"] == READY
        effect = Decimal(row["effect"]) if ready else effect_there(row, row["its_currency"])
        yield row["invoice_id"], effect, ready
    for row in db.execute(_ROWS_THAT_WAIT, scope):
        yield row["its_invoice"], effect_there(row, row["its_currency"]), False
    # Registered versions of these payments, or deleted ones, no longer count.
    for row in db.execute(_REGISTERED_OF_ROWS, scope):
        yield row["invoice_id"], effect_at_source(row).copy_negate(), bool(row["saves"])


# --- SQL ---------------------------------------------------------------------
# The parameters are those of scope.Scope.

_WITH_BALANCE = "(SELECT invoice_id FROM run_balances WHERE run_id = :run_id)"

_IGNORED_BEFORE = f"""
    SELECT invoice_id, effect FROM ignored_payments g
    WHERE {IGNORED_NOW} AND invoice_id IN {_WITH_BALANCE}
"""  # noqa: S608 constants

_ROWS_OF_INVOICES = f"""
    SELECT r.*, i.currency AS its_currency
    FROM run_rows r JOIN invoices i ON i.id = r.invoice_id
    WHERE r.run_id = :run_id AND r.deleted = 0 AND r.invoice_id IN {_WITH_BALANCE}
"""  # noqa: S608 constants

# What a person keeps otherwise than it is there waits, and is not among the rows of the run; nor
# is what was deleted here while the run was open.
_ROWS_THAT_WAIT = f"""
    SELECT q.*, p.invoice_id AS its_invoice, i.currency AS its_currency
    FROM pending q
    JOIN payments p ON p.id = (
        SELECT max(n.id) FROM payments n WHERE n.import_type = :import_type
        AND n.company = :company AND n.number = q.number AND n.state IN ('registered', 'deleted'))
    JOIN invoices i ON i.id = p.invoice_id
    WHERE q.definition = :definition AND q.company = :company AND q.deleted_at IS NULL
    AND q.invoice_number = p.invoice_number
    AND (p.state = 'registered' AND q.reason = 'already-imported'
         OR p.state = 'deleted' AND q.reason = '{DELETED_HERE}' AND q.booked IS NOT 0)
    AND p.invoice_id IN {_WITH_BALANCE}
    AND NOT EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = q.number)
"""  # noqa: S608 constants

_REGISTERED_OF_ROWS = f"""
    SELECT p.*, EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = p.number
                        AND r.kind = 'ready')
           -- Those that a person accepted as replaced are reversed by the save.
           OR EXISTS (SELECT 1 FROM decisions d JOIN run_rows r ON r.run_id = :run_id
                      AND r.number = d.number AND r.kind = 'ready'
                      JOIN json_each(d.facts, '$.replaces') e ON e.value = p.id
                      WHERE d.definition = :definition AND d.company = :company
                      AND {IN_FORCE} AND d.decision = 'accept') AS saves
    FROM payments p
    WHERE {OURS} AND p.invoice_id IN {_WITH_BALANCE}
    AND (EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = p.number
                 AND r.deleted = 0)
         OR EXISTS (SELECT 1 FROM run_checked c
                    WHERE c.run_id = :run_id AND c.payment_id = p.id AND c.deleted = 1)
         OR EXISTS (SELECT 1 FROM pending q WHERE q.definition = :definition
                    AND q.company = :company AND q.number = p.number AND q.deleted_at IS NULL
                    AND q.reason = 'already-imported' AND q.invoice_number = p.invoice_number))
"""  # noqa: S608 constants

# Neither what is set aside nor a mere equal amount elsewhere hides a deletion.
_REPLACES = "AND r.reason = 'replaced'"
_REPLACES_ACCEPTED = f"""
    AND EXISTS (SELECT 1 FROM decisions d WHERE d.definition = :definition
                AND d.company = :company AND d.number = r.number AND {IN_FORCE}
                AND (d.decision = 'accept' OR d.facts ->> 'after' = 'accept'))
"""  # noqa: S608 a constant

_BALANCES = """
    SELECT b.*, i.remaining, i.total AS total, i.currency AS invoice_currency
    FROM run_balances b JOIN invoices i ON i.id = b.invoice_id
    WHERE b.run_id = :run_id AND (b.booked = 1 OR b.cancelled = 1)
    AND (i.remaining <> b.balance OR b.invoice_id IN (
        SELECT invoice_id FROM run_rows WHERE run_id = :run_id AND deleted = 0))
"""

_WRITE_LESS = """
    INSERT INTO run_discrepancies (run_id, code, invoice_id, remaining, balance)
    VALUES (:run_id, :code, :invoice_id, :remaining, :balance)
"""

_WRITE_DELETED = f"""
    WITH matched AS MATERIALIZED (
        SELECT id AS row_id, invoice_id FROM run_rows WHERE run_id = :run_id AND deleted = 0)
    INSERT INTO run_discrepancies (run_id, code, invoice_id, payment_id, remaining, balance)
    SELECT :run_id, '{DELETED}', p.invoice_id, p.id, i.remaining,
           (SELECT b.balance FROM run_balances b
            WHERE b.run_id = :run_id AND b.invoice_id = p.invoice_id AND b.booked = 1)
    FROM run_checked f CROSS JOIN payments p ON p.id = f.payment_id
    CROSS JOIN invoices i ON i.id = p.invoice_id
    WHERE f.run_id = :run_id AND f.deleted = 1 AND {OURS}
    AND p.id NOT IN (
        SELECT p.id {ARRIVING} {_REPLACES} {SAME_INVOICE_AND_SIGN} {FOUND_DELETED}
        UNION SELECT p.id {ARRIVING} {_REPLACES_ACCEPTED} {SAME_INVOICE_AND_SIGN} {FOUND_DELETED}
        UNION SELECT p.id {ARRIVING} {_REPLACES_ACCEPTED} {SAME_AMOUNT} {FOUND_DELETED}
        UNION SELECT p.id {ARRIVING} {_REPLACES_ACCEPTED} {SAME_FOREIGN_AMOUNT} {FOUND_DELETED})
    ORDER BY {OLDEST_FIRST.format("p")}
"""  # noqa: S608 constants

_DISCREPANCIES = """
    SELECT d.*, i.number AS host_invoice_number, i.customer_name, i.currency, p.number, p.date,
           p.amount, p.amount_currency, p.currency AS currency_of_payment, i.total,
           (SELECT b.total FROM run_balances b WHERE b.run_id = d.run_id
            AND b.invoice_id = d.invoice_id AND b.balance = d.balance) AS total_there,
           EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = d.run_id
                   AND r.kind IN ('left', 'rejected', 'ignored') AND r.deleted = 0
                   AND r.invoice_id = d.invoice_id AND r.booked IS NOT 0
                   AND NOT EXISTS (SELECT 1 FROM payments k WHERE k.import_type = f.import_type
                                   AND k.company = u.company AND k.number = r.number
                                   AND k.state = 'registered')) AS unsaved,
           EXISTS (SELECT 1 FROM payments n
                   WHERE n.invoice_id = d.invoice_id AND n.state = 'deleted'
                   AND NOT EXISTS (SELECT 1 FROM payments k WHERE k.import_type = n.import_type
                                   AND k.company = n.company AND k.number = n.number
                                   AND k.state = 'registered')) AS deleted,
           EXISTS (SELECT 1 FROM payments n WHERE n.invoice_id = d.invoice_id
                   AND n.origin = 'hand' AND n.state = 'registered') AS by_hand
    FROM run_discrepancies d JOIN invoices i ON i.id = d.invoice_id
    JOIN runs u ON u.id = d.run_id JOIN definitions f ON f.name = u.definition
    LEFT JOIN payments p ON p.id = d.payment_id
    WHERE d.run_id = :run_id AND (:invoice_id IS NULL OR d.invoice_id = :invoice_id)
    ORDER BY d.rowid
"""

# What arrived and is not ready, or was deleted here, of the invoice; and what arrived of the
# amount. What a person confirmed as another payment replaces nothing.
_SUCCESSORS = f"""
    WITH run AS (
        SELECT u.id AS run_id, u.company, f.name AS definition, f.import_type
        FROM runs u JOIN definitions f ON f.name = u.definition WHERE u.id = :run_id),
    gone AS MATERIALIZED (
        SELECT p.* FROM run_discrepancies d JOIN payments p ON p.id = d.payment_id
        WHERE d.run_id = :run_id AND d.code = '{DELETED}'
        AND (:invoice_id IS NULL OR d.invoice_id = :invoice_id)),
    arrived AS MATERIALIZED (
        SELECT r.number, r.invoice_number, r.invoice_id, r.date, r.currency,
               CAST(r.amount AS REAL) AS sek, CAST(r.amount_currency AS REAL) AS foreign_amount,
               r.reason = '{DELETED_HERE}' AS deleted
        FROM run JOIN run_rows r ON r.run_id = run.run_id
            AND r.kind IN ('left', 'rejected', 'ignored') AND r.deleted = 0
        WHERE r.number IS NOT NULL AND r.date IS NOT NULL AND r.amount GLOB '*[1-9]*'
        AND (r.excluded_reason IS NULL
             OR r.excluded_reason NOT IN ('before-date', 'below-number'))
        AND NOT EXISTS (SELECT 1 FROM payments k WHERE k.import_type = run.import_type
                        AND k.company = run.company AND k.number = r.number
                        AND k.state = 'registered')
        AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.definition = run.definition
                        AND d.company = run.company AND d.number = r.number AND {IN_FORCE}
                        AND d.decision = 'confirm'))
    SELECT payment_id, number, max(invoice_number) AS invoice_number, max(deleted) AS deleted
    FROM (
        SELECT p.id AS payment_id, a.number, a.invoice_number, a.deleted
        FROM gone p JOIN arrived a ON a.invoice_id = p.invoice_id
        UNION ALL
        SELECT p.id, a.number, a.invoice_number, a.deleted
        FROM gone p JOIN arrived a ON a.sek = CAST(p.amount AS REAL) AND a.currency = p.currency
            AND a.date BETWEEN date(p.date, '-' || :near || ' days')
                           AND date(p.date, '+' || :near || ' days')
        UNION ALL
        SELECT p.id, a.number, a.invoice_number, a.deleted
        FROM gone p JOIN arrived a ON a.foreign_amount = CAST(p.amount_currency AS REAL)
            AND a.currency = p.currency AND p.currency <> 'SEK'
            AND a.date BETWEEN date(p.date, '-' || :near || ' days')
                           AND date(p.date, '+' || :near || ' days')
        UNION ALL
        SELECT p.id, n.number, n.invoice_number, 1
        FROM run CROSS JOIN gone p JOIN payments n ON n.invoice_id = p.invoice_id
            AND n.state = 'deleted' AND n.reverses IS NULL AND n.number <> p.number
            AND n.import_type = run.import_type AND n.company = run.company
        WHERE NOT EXISTS (SELECT 1 FROM payments k WHERE k.import_type = run.import_type
                          AND k.company = run.company AND k.number = n.number
                          AND k.state = 'registered')
        AND NOT EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = run.run_id
                        AND r.number = n.number)
        AND NOT EXISTS (SELECT 1 FROM checked_payments c
                        WHERE c.payment_id = n.id AND c.deleted = 1))
    GROUP BY payment_id, number ORDER BY payment_id, length(number), number
"""  # noqa: S608 constants
