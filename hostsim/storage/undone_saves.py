"""Saves that a person undid: their payments were deleted together, and may be taken again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from hostsim.ledger import decisions as decision_rules
from hostsim.ledger.differences import find_differences
from hostsim.ledger.reasons import (
    ACCEPT,
    CHANGED,
    CONFIRM,
    DELETED,
    SETTLED,
    SETTLEMENT_BLOCKED,
    TAKE_AGAIN,
)
from hostsim.messages.payments import Difference
from hostsim.storage.rows import PAYMENT_COLUMNS, columns_as, payment_of, text_of, value_of
from hostsim.storage.scope import IN_FORCE
from opter_contract.values import Text


@dataclass(frozen=True, slots=True)
class UndoneSave:
    """A save that was undone, by whom, when and why."""

    run_id: str
    definition: str
    saved_at: datetime
    saved_by: str
    undone_by: str
    undone_at: datetime
    undone_why: str
    waiting: int  # how many of its payments can be taken again now


@dataclass(frozen=True, slots=True)
class Restored:
    """A payment that a save reversed and that is registered again, with the save that it is of."""

    number: str
    definition: str
    saved_at: datetime
    saved_by: str
    undone_at: datetime | None  # that save, before


def payments_of(db: sqlite3.Connection, run_id: str) -> list[sqlite3.Row]:
    """Return the payments of a save, and its reversals of others."""
    return db.execute(
        "SELECT * FROM payments WHERE run_id = :id ORDER BY id", {"id": run_id}
    ).fetchall()


def reversals_to_undo(db: sqlite3.Connection, run_id: str) -> list[sqlite3.Row]:
    """Return the reversals of a save that nothing replaces once it is undone.

    ``facts`` are those of the change that each was for, if nothing was left to be registered:
    that is decided again, see :func:`offer_without_money`.
    """
    return db.execute(_REVERSALS, {"id": run_id}).fetchall()


def restored_by(db: sqlite3.Connection, reversals: Iterable[sqlite3.Row]) -> tuple[Restored, ...]:
    """Return the payments that are registered again once these reversals are deleted."""
    ids = json.dumps([row["reverses"] for row in reversals])
    return tuple(value_of(Restored, row) for row in db.execute(_RESTORED, {"ids": ids}))


def offer_without_money(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Offer a payment that became 0 at its source as it was when a person accepted that.

    :param row: of :func:`reversals_to_undo`, deleted.
    """
    db.execute(_AS_DECIDED, {name: row[name] for name in ("run_id", "company", "number", "facts")})


def registered_of(db: sqlite3.Connection, run_id: str) -> tuple[int, Decimal]:
    """Count the payments of a save that are still registered, and their SEK."""
    query = (
        "SELECT count(*), exact_sum(amount) FROM payments"
        " WHERE run_id = :id AND state = 'registered'"
    )
    number, sek = db.execute(query, {"id": run_id}).fetchone()
    return number, Decimal(sek or 0)


def mark_undone(db: sqlite3.Connection, run_id: str, why: str, user: str, at: datetime) -> None:
    """Record who undid a save first; its payments record who deleted each of them."""
    db.execute(
        "UPDATE runs SET undone_by = :user, undone_at = :at, undone_why = :why"
        " WHERE id = :id AND undone_at IS NULL",
        {"user": user, "at": at.isoformat(), "why": why, "id": run_id},
    )


def payments_to_forget(
    db: sqlite3.Connection, definition: str, company: str, run_id: str
) -> tuple[str, ...]:
    """Return the payment numbers whose decisions :func:`forget_taken_again` revokes."""
    values = {"definition": definition, "company": company, "run_id": run_id}
    return tuple(row["number"] for row in db.execute(_TO_FORGET, values))


def forget_taken_again(
    db: sqlite3.Connection,
    definition: str,
    company: str,
    numbers: Iterable[str],
    *,
    user: str,
    at: datetime,
) -> None:
    """Revoke unsaved decisions to take payments of other undone saves again.

    Otherwise one would come in alone, in place of the payment that paid its invoice before it.

    :param numbers: of :func:`payments_to_forget`, read before the payments of the save are deleted.
    """
    values = {"definition": definition, "company": company, "user": user, "at": at.isoformat()}
    db.executemany(_FORGET, [{**values, "number": number} for number in numbers])


def payments_to_take_again(
    db: sqlite3.Connection, undone_run: str, definition: str, company: str, open_run: str | None
) -> dict[str, tuple[str, str] | None]:
    """Return the payments of an undone save that are offered, and nobody decided about since.

    :param open_run: the open preview that offers them; ``None``: the next import does.
    :return: by number, the decision that the save applied, and its figures.
    """
    values = {
        "undone": undone_run,
        "definition": definition,
        "company": company,
        "run_id": open_run,
    }
    return {
        row["number"]: (row["decision"], row["facts"]) if row["decision"] else None
        for row in db.execute(_TO_TAKE_AGAIN, values)
    }


class TakenAgain(NamedTuple):
    """A payment that was deleted here and is to be taken again."""

    number: str
    shown: bool  # in the open preview
    waits: bool  # has to be fetched first
    gone: bool  # from its source
    refusal: Text | None  # why the open preview cannot save it


def taken_again(
    db: sqlite3.Connection, definition: str, company: str, open_run: str | None
) -> list[TakenAgain]:
    """Return the payments that were deleted here and are to be taken again, oldest number first."""
    values = {"definition": definition, "company": company, "run_id": open_run}
    return [_taken_again_of(row, company) for row in db.execute(_TAKEN_AGAIN, values)]


def _taken_again_of(row: sqlite3.Row, company: str) -> TakenAgain:
    # Only one of the figures that were decided on comes once it is fetched.
    payment = payment_of(row, company) if row["to_fetch"] else None
    waits = payment is not None and decision_rules.is_about_facts(row["facts"], payment)
    refused = row["refused"] and not waits
    return TakenAgain(
        row["number"],
        shown=bool(row["shown"]),
        waits=waits,
        gone=bool(row["gone"]),
        refusal=text_of(row["message_sv"], row["message_en"]) if refused else None,
    )


def other_amounts(
    db: sqlite3.Connection, company: str, open_run: str | None, numbers: Iterable[str]
) -> dict[str, Difference]:
    """Return those of these payments that were deleted here with another amount."""
    values = {"company": company, "run_id": open_run, "numbers": json.dumps(list(numbers))}
    return {
        row["number"]: difference
        for row in db.execute(_OTHER_AMOUNTS, values)
        if (was := payment_of(row, company, "del_")) and (now := payment_of(row, company))
        for difference in find_differences(was, now)[:1]
    }


def definitions_undone(db: sqlite3.Connection) -> list[str]:
    query = "SELECT DISTINCT definition FROM runs WHERE undone_at IS NOT NULL ORDER BY definition"
    return [row["definition"] for row in db.execute(query)]


def undone_saves(
    db: sqlite3.Connection, definition: str, company: str, open_run: str | None
) -> list[UndoneSave]:
    """Return the saves of a definition that were undone, of which payments can be taken again."""
    saves = []
    for row in db.execute(_UNDONE, {"definition": definition}).fetchall():
        waiting = payments_to_take_again(db, row["id"], definition, company, open_run)
        if waiting:
            saves.append(value_of(UndoneSave, row, run_id=row["id"], waiting=len(waiting)))
    return saves


# A payment came in the place of one that had its number, and of those that were accepted as its
# former selves.
_REVERSALS = f"""
    WITH decided AS MATERIALIZED (
        SELECT d.* FROM decisions d JOIN runs u ON u.id = :id AND d.definition = u.definition
            AND d.company = u.company AND d.applied_at = u.saved_at
        WHERE d.decision IN ('{ACCEPT}', '{CONFIRM}')),
    came AS MATERIALIZED (
        SELECT n.number, n.replaces FROM payments n
        WHERE n.run_id = :id AND n.reverses IS NULL AND EXISTS (
            SELECT 1 FROM payments k
            WHERE k.import_type = n.import_type AND k.company = n.company AND k.number = n.number
            AND (k.id = n.id AND k.state = 'reversed'
                 OR k.id > n.id AND k.state IN ('registered', 'reversed'))))
    SELECT c.*, (
        SELECT facts FROM decided d WHERE d.number = c.number AND NOT EXISTS (
            SELECT 1 FROM payments n WHERE n.import_type = c.import_type AND n.company = c.company
            AND n.number = c.number AND n.run_id = c.run_id AND n.reverses IS NULL)
        ORDER BY d.id DESC LIMIT 1) AS facts
    FROM payments c WHERE c.run_id = :id AND c.state = 'reversal'
    AND c.reverses NOT IN (
        SELECT replaces FROM came WHERE replaces IS NOT NULL
        UNION SELECT e.value FROM came JOIN decided d ON d.number = came.number
        JOIN json_each(d.facts, '$.replaces') e)
    AND NOT EXISTS (
        SELECT 1 FROM payments k WHERE k.import_type = c.import_type AND k.company = c.company
        AND k.number = c.number AND k.state = 'registered' AND k.run_id IS NOT c.run_id)
    ORDER BY c.id
"""  # noqa: S608 constants

_RESTORED = """
    SELECT p.number, u.definition, u.saved_at, u.saved_by, u.undone_at
    FROM payments p JOIN runs u ON u.id = p.run_id
    WHERE p.id IN (SELECT value FROM json_each(:ids))
    ORDER BY u.saved_at, length(p.number), p.number
"""

_AS_DECIDED = """
    UPDATE pending SET write_offs = '[]', amount = :facts ->> 'amount', date = :facts ->> 'date',
        amount_currency = :facts ->> 'amount_currency', currency = :facts ->> 'currency',
        invoice_number = :facts ->> 'invoice_number', booked = :facts ->> 'booked'
    WHERE definition = (SELECT definition FROM runs WHERE id = :run_id)
    AND company = :company AND number = :number
"""

_UNDONE = """
    SELECT * FROM runs WHERE definition = :definition AND undone_at IS NOT NULL
    ORDER BY undone_at DESC
"""

_TAKEN = f"""
    d.definition = :definition AND d.company = :company
    AND d.decision IN ('{TAKE_AGAIN}', '{ACCEPT}', '{CONFIRM}')
    AND {IN_FORCE}
"""

# A reversal that was deleted since leaves it the last one.
_LAST = """
    NOT EXISTS (
        SELECT 1 FROM payments n WHERE n.import_type = p.import_type AND n.company = p.company
        AND n.number = p.number AND n.id > p.id
        AND NOT (n.state = 'deleted' AND n.reverses IS NOT NULL))
"""

# The last payment of a number was deleted, and none is registered that it had replaced; or what a
# save had accepted is accepted again after its undoing.
_TO_COME = f"""
    SELECT 1 FROM definitions f JOIN payments p ON p.import_type = f.import_type
        AND p.company = d.company AND p.number = d.number AND p.state = 'deleted' AND {_LAST}
    WHERE f.name = d.definition AND (
        NOT EXISTS (
            SELECT 1 FROM payments k WHERE k.import_type = p.import_type AND k.company = p.company
            AND k.number = p.number AND k.state = 'registered')
        OR EXISTS (
            SELECT 1 FROM runs u JOIN decisions a ON a.applied_at = u.saved_at
                AND a.definition = d.definition AND a.company = d.company AND a.number = d.number
                AND a.facts = d.facts
            WHERE u.id = p.run_id AND u.undone_at <= p.deleted_at))
"""  # noqa: S608 a constant

_TO_FETCH = f"""
    CASE WHEN r.id IS NULL THEN q.reason IN ('{DELETED}', '{CHANGED}')
    ELSE r.fetched = 0 AND r.deleted = 0 AND r.kind = 'rejected'
        AND r.earlier_reason = '{DELETED}'
        AND r.reason IN ('{DELETED}', '{SETTLED}', '{SETTLEMENT_BLOCKED}') END
"""
_FIGURES = ", ".join(
    f"CASE WHEN r.id IS NULL THEN q.{name} ELSE r.{name} END AS {name}"
    for name in PAYMENT_COLUMNS.split(", ")
    if name != "number"
)

_TAKEN_AGAIN = f"""
    SELECT d.number, d.facts, r.id IS NOT NULL AS shown, r.deleted = 1 AS gone,
        r.kind IN ('rejected', 'ignored') AS refused, r.message_sv, r.message_en,
        {_TO_FETCH} AS to_fetch, {_FIGURES}
    FROM decisions d
    LEFT JOIN run_rows r ON r.run_id = :run_id AND r.number = d.number
    LEFT JOIN pending q ON q.definition = d.definition AND q.company = d.company
        AND q.number = d.number AND q.deleted_at IS NULL
    WHERE {_TAKEN} AND (r.id IS NOT NULL OR q.number IS NOT NULL) AND EXISTS ({_TO_COME})
    ORDER BY length(d.number), d.number
"""  # noqa: S608 constants

_OTHER_AMOUNTS = f"""
    SELECT r.*, {columns_as("x", "del_")} FROM run_rows r
    JOIN runs u ON u.id = r.run_id JOIN definitions f ON f.name = u.definition
    JOIN payments x ON x.id = (
        SELECT max(id) FROM payments p WHERE p.import_type = f.import_type
        AND p.company = :company AND p.number = r.number AND p.state = 'deleted'
        AND p.reverses IS NULL)
    WHERE r.run_id = :run_id AND r.number IN (SELECT value FROM json_each(:numbers))
    AND (CAST(r.amount AS REAL) <> CAST(x.amount AS REAL)
         OR CAST(r.amount_currency AS REAL) <> CAST(x.amount_currency AS REAL))
    ORDER BY length(r.number), r.number
"""  # noqa: S608 constants

# Of the invoices alone that the save has touched.
_TO_FORGET = f"""
    WITH touched AS MATERIALIZED (
        SELECT DISTINCT invoice_id FROM payments
        WHERE run_id = :run_id AND state IN ('registered', 'reversal'))
    SELECT DISTINCT d.number
    FROM payments p JOIN runs u ON u.id = p.run_id AND u.undone_at <= p.deleted_at
    JOIN decisions d ON d.number = p.number AND {_TAKEN}
    WHERE u.definition = :definition AND p.company = :company
    AND p.invoice_id IN (SELECT invoice_id FROM touched)
    AND NOT EXISTS (
        SELECT 1 FROM payments n WHERE n.import_type = p.import_type AND n.company = p.company
        AND n.number = p.number AND n.id > p.id)
    ORDER BY length(d.number), d.number
"""  # noqa: S608 constants

_FORGET = f"""
    UPDATE decisions AS d SET taken_back_by = :user, taken_back_at = :at
    WHERE d.number = :number AND {_TAKEN}
"""  # noqa: S608 constants

# What was deleted alone before is not of the save that was undone; what it left standing, and was
# deleted after it, is.
_OF_UNDONE = "FROM payments p JOIN runs u ON u.id = p.run_id AND u.undone_at <= p.deleted_at"
# A change that was accepted then is the change that there is now.
_SAME = """
    CAST(a.facts ->> 'amount' AS REAL) = CAST({0}.amount AS REAL) AND a.facts ->> 'date' = {0}.date
    AND a.facts ->> 'invoice_number' IS {0}.invoice_number
"""
_OFFERED = f"""
    p.run_id = :undone AND p.company = :company
    AND (p.reverses IS NULL OR applied.id IS NOT NULL)
    AND {_LAST}
    AND CASE WHEN EXISTS (
        SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = p.number
        AND r.reason IS NOT 'already-imported')
    THEN EXISTS (
        SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = p.number
        AND r.deleted = 0 AND r.kind = 'rejected'
        AND (r.reason = '{DELETED}' OR r.reason = '{CHANGED}' AND {_SAME.format("r")}))
    -- The open preview does not have it, or was judged before the undoing.
    ELSE EXISTS (
        SELECT 1 FROM pending q WHERE q.definition = :definition AND q.company = :company
        AND q.number = p.number AND q.deleted_at IS NULL
        -- What was rejected since, and is not to be taken any longer, is deleted again.
        AND (p.reverses IS NULL OR q.reason = '{DELETED}'
             OR q.reason = '{CHANGED}' AND {_SAME.format("q")}))
    END
    AND NOT EXISTS (
        SELECT 1 FROM decisions d WHERE d.definition = :definition AND d.company = :company
        AND d.number = p.number AND {IN_FORCE})
"""  # noqa: S608 constants

# What was accepted or confirmed then is decided again, unless a person has decided since; undoing
# a save decides nothing.
_TO_TAKE_AGAIN = f"""
    WITH undoings AS MATERIALIZED (
        SELECT p.deleted_at AS undone_at FROM runs u JOIN payments p ON p.run_id = u.id
        WHERE u.definition = :definition AND u.undone_at <= p.deleted_at),
    last AS MATERIALIZED (
        SELECT max(id) AS id FROM decisions
        WHERE definition = :definition AND company = :company AND number IS NOT NULL
        AND (taken_back_at IS NULL OR taken_back_at NOT IN (SELECT undone_at FROM undoings))
        GROUP BY number),
    applied AS MATERIALIZED (
        SELECT d.number, d.applied_at, d.id FROM last JOIN decisions d ON d.id = last.id
        WHERE d.decision IN ('{ACCEPT}', '{CONFIRM}') AND d.applied_at IS NOT NULL)
    SELECT p.number, a.decision, a.facts {_OF_UNDONE}
    LEFT JOIN applied ON applied.number = p.number AND applied.applied_at = u.saved_at
    LEFT JOIN decisions a ON a.id = applied.id
    WHERE {_OFFERED}
"""  # noqa: S608 constants
