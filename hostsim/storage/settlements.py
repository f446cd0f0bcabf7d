"""Settlements: a debit invoice against a credit note of the same customer."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hostsim.ledger import reasons
from hostsim.ledger.candidates import oldest_first
from hostsim.ledger.decisions import Settlement
from hostsim.ledger.reasons import SETTLED
from hostsim.storage.scope import NOT_REGISTERED, OURS


@dataclass(frozen=True, slots=True)
class Settlements:
    """The halves of settlements by payment number, and the facts that are missing to find more."""

    by_number: Mapping[str, Settlement]
    customer_unknown: Sequence[str]  # payments of the run whose customer is needed
    invoices_unknown: Sequence[str]  # the same, by the invoice of one that is registered


def find_settlements(db: sqlite3.Connection, scope: Mapping[str, Any]) -> Settlements:
    """Find a positive and a negative payment of one date and customer whose sum is 0.

    On one invoice they are a payment and its reversal, and on an ordinary invoice a
    negative payment is one: neither is a settlement. A half of another region's invoice is left
    to the import of that region, if it shares the company. A registered half settles another
    one where its own other half is deleted, or changed.
    """
    settlements: dict[str, Settlement] = {}
    used: set[tuple[str, bool]] = set()
    unknown: dict[str, None] = {}
    invoices: dict[str, None] = {}
    rows = sorted(_pairs(db, scope), key=_pair_order)
    for row in rows:
        credit, debit = row["number"], row["other_number"]
        keys = {(credit, bool(row["registered"])), (debit, bool(row["other_registered"]))}
        if keys & used:
            continue
        is_same_customer = _same_customer(row)
        if is_same_customer is None:
            unknown.update({number: None for number, registered in keys if not registered})
            if row["other_registered"] and not row["other_customer"]:
                invoices[row["other_invoice_number"]] = None
            continue
        if not is_same_customer:
            continue
        used |= keys
        elsewhere, other_elsewhere = row["elsewhere"], row["other_elsewhere"]
        complete = _is_known(row["its_invoice"], elsewhere) and _is_known(
            row["other_invoice"], other_elsewhere
        )
        if not row["registered"] and not elsewhere:
            settlements[credit] = Settlement(
                debit, row["other_invoice_number"], row["other_invoice"], complete
            )
        if not row["other_registered"] and not other_elsewhere:
            settlements[debit] = Settlement(
                credit, row["invoice_number"], row["its_invoice"], complete
            )
    return Settlements(settlements, list(unknown), list(invoices))


def _pairs(db: sqlite3.Connection, scope: Mapping[str, Any]) -> list[sqlite3.Row]:
    db.execute("DROP TABLE IF EXISTS credit")
    db.execute(_CREDITS)
    excluded = json.dumps(sorted(reasons.IGNORED | {"unreadable"}))
    changed = json.dumps([row["number"] for row in db.execute(_CHANGED_HALVES, scope)])
    values = {**scope, "excluded": excluded, "changed": changed}
    db.execute(_FIND_CREDITS, values)
    db.execute(_FIND_REGISTERED_CREDITS, values)
    if db.execute("SELECT 1 FROM credit").fetchone() is None:
        return []
    return [*db.execute(_DEBITS_OF_RUN, values), *db.execute(_DEBITS_REGISTERED, values)]


def _pair_order(row: sqlite3.Row) -> tuple[object, ...]:
    day = date.fromisoformat(row["date"])
    # Payments of one run are paired before those registered earlier.
    return (
        row["registered"] or row["other_registered"],
        oldest_first(day, row["number"]),
        oldest_first(day, row["other_number"]),
    )


def _is_known(invoice_id: int | None, elsewhere: int) -> bool:
    return invoice_id is not None or bool(elsewhere)


def _same_customer(row: sqlite3.Row) -> bool | None:
    """Compare the customers there, or of the invoices here; ``None`` if unknown."""
    if row["customer"] and row["other_customer"]:
        return bool(row["customer"] == row["other_customer"])
    here, other_here = row["customer_here"], row["other_customer_here"]
    if here is None or other_here is None:
        return None
    # Of another region, only the customer there tells.
    same_region = here.partition("\n")[0] == other_here.partition("\n")[0]
    return bool(here == other_here) if same_region else None


# --- SQL ---------------------------------------------------------------------
# The parameters are those of scope.Scope; matched holds the invoice of each row of the run.

# Two halves are settled in the currency of their invoices, whatever the rates were.
_OWN_AMOUNT = "CASE {0}.currency WHEN 'SEK' THEN {0}.amount ELSE {0}.amount_currency END"

_CREDITS = """
    CREATE TEMP TABLE credit (
        date TEXT, debit TEXT, currency TEXT, number TEXT, invoice_number TEXT, customer TEXT,
        amount_currency TEXT, its_invoice INTEGER, customer_here TEXT, registered INTEGER,
        elsewhere INTEGER, PRIMARY KEY (date, debit, currency, number)
    ) WITHOUT ROWID
"""

# Registered as a half of a settlement, and otherwise there by now. A half whose invoice was not
# here is registered on the other one's, until its own is here.
_CHANGED_HALVES = f"""
    SELECT r.number FROM matched m CROSS JOIN run_rows r ON r.id = m.row_id AND r.number <> ''
    CROSS JOIN payments p ON {OURS} AND p.number = r.number AND p.status = '{SETTLED}'
    WHERE p.date <> r.date OR p.currency <> r.currency OR p.booked > r.booked
    OR p.invoice_number <> r.invoice_number OR p.invoice_id <> m.invoice_id
    OR CAST(p.amount AS REAL) <> CAST(r.amount AS REAL)
    OR CAST(p.amount_currency AS REAL) <> CAST(r.amount_currency AS REAL)
    OR p.write_offs <> r.write_offs
"""  # noqa: S608 constants

_CHANGED = "(SELECT value FROM json_each(:changed))"
_ARRIVES = f"({NOT_REGISTERED} OR r.number IN {_CHANGED})"

_CUSTOMER_HERE = "{0}.region || char(10) || {0}.customer_code"

# The invoice of the row ``r`` is not here, but in another region whose import shares the company.
_ELSEWHERE = """
    (i.id IS NULL AND EXISTS (
        SELECT 1 FROM definitions d JOIN invoices o ON o.region = d.region
        WHERE d.company = :company AND d.import_type = :import_type AND d.region <> :region
        AND o.number = r.invoice_number))
"""

_FIND_CREDITS = f"""
    INSERT INTO credit
    SELECT r.date, substr({_OWN_AMOUNT.format("r")}, 2), r.currency, r.number,
           r.invoice_number, r.customer, r.amount_currency, i.id, {_CUSTOMER_HERE.format("i")}, 0,
           {_ELSEWHERE}
    FROM matched m CROSS JOIN run_rows r ON r.id = m.row_id
    LEFT JOIN invoices i ON i.id = m.invoice_id
    WHERE {_OWN_AMOUNT.format("r")} LIKE '-%' AND r.date IS NOT NULL AND r.number <> ''
    AND (r.excluded_reason IS NULL
         OR r.excluded_reason NOT IN (SELECT value FROM json_each(:excluded)))
    AND (i.id IS NULL OR i.total LIKE '-%') AND {_ARRIVES}
"""  # noqa: S608 constants

_GONE = "SELECT payment_id FROM run_checked WHERE run_id = :run_id AND deleted = 1"

_OPPOSITE = f"""
    k.date = p.date AND k.currency = p.currency
    AND CAST({_OWN_AMOUNT.format("k")} AS REAL) = -CAST({_OWN_AMOUNT.format("p")} AS REAL)
"""

# Those of this amount whose own other half is not registered any more, or is deleted at the source.
_REGISTERED_CREDITS = f"""
    SELECT p.date, substr({_OWN_AMOUNT.format("p")}, 2), p.currency, p.number,
           p.invoice_number, p.customer, p.amount_currency, i.id, {_CUSTOMER_HERE.format("i")}, 1, 0
    FROM matched m CROSS JOIN run_rows r ON r.id = m.row_id AND r.{{amount}} GLOB '[1-9]*'
    CROSS JOIN payments p ON p.currency {{this}} 'SEK' AND p.currency = r.currency
        AND CAST(p.{{amount}} AS REAL) = -CAST(r.{{amount}} AS REAL) AND p.date = r.date AND {OURS}
    LEFT JOIN invoices i ON i.id = p.invoice_id AND i.total LIKE '-%'
    WHERE p.status = '{SETTLED}' AND p.id NOT IN ({_GONE}) AND p.number NOT IN {_CHANGED}
    AND {_ARRIVES} AND NOT EXISTS (
        SELECT 1 FROM payments k WHERE k.status = '{SETTLED}' AND {_OPPOSITE}
        AND k.state = 'registered' AND k.import_type = p.import_type AND k.company = p.company
        AND k.number <> r.number AND k.id NOT IN ({_GONE}))
"""  # noqa: S608 constants

# As the indexes on amounts have it, of which there is one for SEK.
_AMOUNTS = (("=", "amount"), ("<>", "amount_currency"))

_FIND_REGISTERED_CREDITS = "INSERT OR IGNORE INTO credit " + " UNION ALL ".join(
    _REGISTERED_CREDITS.format(this=this, amount=amount) for this, amount in _AMOUNTS
)

_CREDIT_COLUMNS = """c.date, c.number, c.invoice_number, c.customer, c.amount_currency,
           c.its_invoice, c.customer_here, c.registered, c.elsewhere"""

_DEBITS_OF_RUN = f"""
    SELECT {_CREDIT_COLUMNS}, r.number AS other_number, r.invoice_number AS other_invoice_number,
           r.customer AS other_customer, i.id AS other_invoice,
           {_CUSTOMER_HERE.format("i")} AS other_customer_here, 0 AS other_registered,
           {_ELSEWHERE} AS other_elsewhere
    FROM matched m CROSS JOIN run_rows r ON r.id = m.row_id
    JOIN credit c ON c.date = r.date AND c.debit = {_OWN_AMOUNT.format("r")}
        AND c.currency = r.currency
        AND c.invoice_number <> r.invoice_number
    LEFT JOIN invoices i ON i.id = m.invoice_id
    WHERE r.number <> ''
    AND (r.excluded_reason IS NULL
         OR r.excluded_reason NOT IN (SELECT value FROM json_each(:excluded)))
    AND (i.id IS NULL OR i.total NOT LIKE '-%') AND (i.id IS NOT NULL OR c.its_invoice IS NOT NULL)
    AND {_ARRIVES}
"""  # noqa: S608 constants

_REGISTERED_DEBITS = f"""
    SELECT {_CREDIT_COLUMNS}, p.number AS other_number, p.invoice_number AS other_invoice_number,
           COALESCE(p.customer, (SELECT b.customer FROM run_balances b
                                 WHERE b.run_id = :run_id AND b.invoice_id = p.invoice_id))
               AS other_customer, i.id AS other_invoice,
           {_CUSTOMER_HERE.format("i")} AS other_customer_here, 1 AS other_registered,
           0 AS other_elsewhere
    FROM credit c
    JOIN payments p ON {{same}} AND p.date = c.date
        AND p.invoice_number <> c.invoice_number AND {OURS}
    JOIN invoices i ON i.id = p.invoice_id AND i.total NOT LIKE '-%'
    WHERE c.registered = 0 AND NOT EXISTS (
        -- It has its other half already.
        SELECT 1 FROM payments k WHERE k.status = '{SETTLED}' AND {_OPPOSITE}
        AND k.state = 'registered' AND k.import_type = p.import_type AND k.company = p.company
        AND k.number <> c.number AND k.id NOT IN ({_GONE}))
    AND p.number NOT IN {_CHANGED}
"""  # noqa: S608 constants

_DEBITS_REGISTERED = " UNION ALL ".join(
    _REGISTERED_DEBITS.format(
        same=f"c.currency {this} 'SEK' AND p.currency = c.currency AND p.currency {this} 'SEK'"
        f" AND CAST(p.{amount} AS REAL) = CAST(c.debit AS REAL)"
    )
    for this, amount in _AMOUNTS
)
