"""What an import asks beside the payments: balances, and whether registered payments still exist.

Fortnox tells of no deletion, so the host names the registered payments that
one could hide behind, and the plug-in asks after them. Nothing is concluded
from what was not answered.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from itertools import groupby
from typing import Any, NamedTuple

from hostsim.ledger import reasons
from hostsim.ledger.decision_rules import ReplaceablePayment, Settlement
from hostsim.ledger.matching import (
    EXACT,
    READY,
    ZERO,
    effect_of,
    money_of,
    oldest_first,
    other_effect_of,
    same_currency,
)
from hostsim.ledger.reasons import DOUBTFUL, SETTLED
from hostsim.ledger.values import SEK
from hostsim.messages import texts
from hostsim.storage.rows import OLDEST_FIRST, payment_of, plain, without_spaces
from opter_contract import BATCH
from opter_contract.values import InvoiceBalance, Text

#: Days between a payment that was deleted and the one that was made in its place.
NEAR = 35

#: Invoices that are asked for one by one, at most, in one run.
MOST_INVOICES_CHECKED = 100

#: After so long an invoice that the source lacked is asked for again.
CHECKED_AGAIN_AFTER = timedelta(days=7)

#: The codes of a discrepancy.
DELETED = "deleted-at-source"
LESS_REMAINS = "less-remains-at-source"
CANCELLED = "cancelled-at-source"

# What a payment took from its invoice as the source knows it: without the host's own write-off.
_WRITTEN_OFF = "written-off"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Where the source does not agree with the books, beside the payments of a run.

    ``remaining`` is what remains here when all that is ready is saved, ``balance`` what
    remains there (``None`` where nobody knows), both in the invoice's currency.
    """

    code: str
    host_invoice_number: str
    customer_name: str
    currency: str
    remaining: Decimal
    balance: Decimal | None
    payment_id: int | None
    payment_number: str | None
    payment_date: date | None
    amount: Decimal | None  # of the payment, in the invoice's currency

    @property
    def message(self) -> Text:
        """What is not the same, and where to look."""
        remaining = money_of(self.remaining, self.currency)
        if self.code == DELETED:
            amount = money_of(self.amount or ZERO, self.currency)
            day = "" if self.payment_date is None else self.payment_date.isoformat()
            number = self.payment_number or ""
            return texts.deleted_at_source(number, day, amount, self.host_invoice_number)
        balance = None if self.balance is None else money_of(self.balance, self.currency)
        return texts.less_remains_at_source(self.host_invoice_number, remaining, balance)


# --- Balances ----------------------------------------------------------------


def take_balances(
    db: sqlite3.Connection,
    which: Mapping[str, Any],
    balances: Iterable[InvoiceBalance],
) -> None:
    """Keep what the source says of invoices that are here, by number or else by OCR."""
    for one in balances:
        row = db.execute(
            _INVOICE_OF,
            {**which, "number": one.invoice_number, "ocr": without_spaces(one.ocr or "")},
        ).fetchone()
        if row is None:
            continue
        db.execute(
            "INSERT OR REPLACE INTO run_balances (run_id, invoice_number, invoice_id, customer,"
            " currency, total, balance, booked, cancelled)"
            " VALUES (:run_id, :number, :id, :customer, :currency, :total, :balance, :booked,"
            " :cancelled)",
            {
                "run_id": which["run_id"],
                "number": one.invoice_number,
                "id": row["id"],
                "customer": one.customer,
                "currency": one.currency,
                "total": plain(one.total),
                "balance": plain(one.balance),
                "booked": int(one.booked),
                "cancelled": int(one.cancelled),
            },
        )


def invoices_to_check(db: sqlite3.Connection, which: Mapping[str, Any], now: datetime) -> list[str]:
    """Give the numbers of invoices that are open here, but were not said to be unpaid there.

    What was said of one some days ago is taken to be so still, as long as it is not unpaid there.
    Those first that were due first: they are the ones that are dunned. What the payments
    of the run pay in full is explained by them.

    :param which: the names of ``judging.Scope``; the rows stand in the table ``matched``.
    """
    since = (now - CHECKED_AGAIN_AFTER).astimezone(UTC).isoformat()
    rows = db.execute(_OPEN, {**which, "since": since, "most": MOST_INVOICES_CHECKED})
    return [row["number_there"] or row["number"] for row in rows]


def reuse_checked_invoices(db: sqlite3.Connection, which: Mapping[str, Any], now: datetime) -> None:
    """Take what was said some days ago of invoices that are not unpaid there now."""
    since = (now - CHECKED_AGAIN_AFTER).astimezone(UTC).isoformat()
    db.execute(_RECALL, {**which, "since": since})


def doubtful_readings(db: sqlite3.Connection, which: Mapping[str, Any]) -> list[str]:
    """Give the numbers of invoices whose foreign payments have write-offs of an unsure currency."""
    rows = db.execute(
        "SELECT r.* FROM run_rows r JOIN matched m ON m.row_id = r.id"
        " WHERE r.write_offs <> '[]' AND r.currency <> 'SEK' AND m.invoice_id IS NOT NULL"
        " AND r.date IS NOT NULL AND NOT EXISTS (SELECT 1 FROM run_balances b"
        "  WHERE b.run_id = :run_id AND b.invoice_number = r.invoice_number)"
        " ORDER BY r.date DESC, r.id",
        which,
    ).fetchall()
    payments = [payment_of(row, "") for row in rows]
    found = [one.invoice_number for one in payments if one and other_effect_of(one) is not None]
    return list(dict.fromkeys(found))[:MOST_INVOICES_CHECKED]


def store_checked_invoices(
    db: sqlite3.Connection, which: Mapping[str, Any], numbers: Collection[str], now: datetime
) -> None:
    """Keep what was said of invoices that were asked for one by one, also that they are not there.

    Where nothing at all was said, the source may have refused to.
    """
    answered = db.execute(
        "SELECT 1 FROM run_balances WHERE run_id = :run_id LIMIT 1", which
    ).fetchone()
    if not numbers or answered is None:
        return
    values = {**which, "now": now.astimezone(UTC).isoformat(), "numbers": json.dumps(list(numbers))}
    db.execute(_REMEMBER, values)


def store_ignored_payments(db: sqlite3.Connection, which: Mapping[str, Any]) -> None:
    """Keep what the settings ignore of invoices here: it explains what does not remain there."""
    rows = db.execute(_IGNORED, which).fetchall()
    payments = [(row["invoice_id"], payment_of(row, "")) for row in rows]
    db.executemany(
        "INSERT OR REPLACE INTO ignored_payments (import_type, company, number, invoice_id, effect)"
        " VALUES (:import_type, :company, :number, :invoice_id, :effect)",
        [
            {
                **which,
                "number": payment.key.number,
                "invoice_id": invoice_id,
                "effect": plain(payment.amount if effect is None else effect),
            }
            for invoice_id, payment in payments
            if payment is not None
            for effect in (effect_of(payment),)
        ],
    )


class _Taken(NamedTuple):
    """What the payments of a run take from an invoice, in its currency."""

    ready: Decimal = ZERO  # when all that is ready is saved
    otherwise: Decimal = ZERO  # what else explains that less remains there; NaN explains all

    def plus(self, *, ready: Decimal = ZERO, otherwise: Decimal = ZERO) -> _Taken:
        with localcontext(EXACT):
            return _Taken(self.ready + ready, self.otherwise + otherwise)


def _taken(db: sqlite3.Connection, which: Mapping[str, Any]) -> defaultdict[int, _Taken]:
    """Sum up what the payments of a run, beside what is registered, take from invoices.

    Of invoices with a balance. What the source does not count yet (unbooked), and what may
    be the same money as something registered, explains nothing.
    """
    sums: defaultdict[int, _Taken] = defaultdict(_Taken)
    for row in db.execute(_IGNORED_BEFORE, which):
        its = row["invoice_id"]
        sums[its] = sums[its].plus(otherwise=Decimal(row["effect"]))
    for row in db.execute(_ROWS_OF_INVOICES, which):
        its = row["its_invoice"]
        if row["kind"] == READY:
            sums[its] = sums[its].plus(ready=Decimal(row["effect"]))
        elif row["booked"] != 0 and row["reason"] != DOUBTFUL:
            payment = payment_of(row, "")
            effect = None if payment is None else effect_of(payment)
            if effect is None:
                # Of unknown size, so that it explains whatever it has to.
                effect = Decimal(row["amount"]) if row["amount"] else Decimal("NaN")
            sums[its] = sums[its].plus(otherwise=effect)
    for row in db.execute(_KEPT_ROWS, which):
        payment = payment_of(row, "")
        effect = None if payment is None else effect_of(payment)
        if effect is not None:
            its = row["its_invoice"]
            sums[its] = sums[its].plus(otherwise=effect)
    # What was registered of the same payments, or is gone there, counts no longer.
    for row in db.execute(_REGISTERED_OF_ROWS, which):
        its, effect = row["invoice_id"], _effect_there(row)
        if row["saves"]:
            sums[its] = sums[its].plus(ready=-effect)
        else:
            sums[its] = sums[its].plus(otherwise=-effect)
    return sums


# --- Registered payments that may exist no longer ----------------------------


#: Why a registered payment is named, the most urgent first: its invoice does not add up, or a
#: payment arrives on its invoice, or with its amount.
DOES_NOT_ADD_UP, SAME_INVOICE, SAME_AMOUNT = range(3)


class ToCheck(NamedTuple):
    """A registered payment to be asked after, and why."""

    number: str
    invoice_number: str
    rank: int


def payments_to_check(
    db: sqlite3.Connection,
    which: Mapping[str, Any],
    now: datetime,
    *,
    invoice_id: int | None = None,
) -> list[ToCheck]:
    """Give the registered payments to be asked after; none twice in a run.

    The most urgent first, of those the ones that were never asked after, of those the newest.

    :param invoice_id: ask after all payments of this invoice.
    """
    if not db.execute(f"SELECT 1 FROM payments p WHERE {_OURS} LIMIT 1", which).fetchone():  # noqa: S608 a constant
        return []
    values = {**which, "near": NEAR}
    ranks = {row["id"]: SAME_AMOUNT for row in db.execute(_SAME_AMOUNTS, values)}
    ranks |= {row["id"]: SAME_INVOICE for row in db.execute(_SAME_INVOICES, values)}
    if invoice_id is not None:
        query = f"SELECT p.id FROM payments p WHERE p.invoice_id = :invoice AND {_OURS}"  # noqa: S608 a constant
        found = db.execute(query, {**which, "invoice": invoice_id})
        ranks |= {row["id"]: SAME_INVOICE for row in found}
    ranks |= dict.fromkeys(_of_balances(db, which), DOES_NOT_ADD_UP)
    since = (now - CHECKED_AGAIN_AFTER).astimezone(UTC).isoformat()
    values = {**which, "since": since, "ranks": json.dumps(list(ranks.items())), "batch": BATCH}
    return [ToCheck(*row) for row in db.execute(_TO_CHECK, values)]


def mark_checked(
    db: sqlite3.Connection, which: Mapping[str, Any], payments: Iterable[ToCheck]
) -> None:
    """Write down that payments are being asked after."""
    db.executemany(
        "INSERT OR IGNORE INTO run_checked (run_id, payment_id, rank)"  # noqa: S608 a constant
        f" SELECT :run_id, id, :rank FROM payments p WHERE p.number = :number AND {_OURS}",
        [{**which, "number": one.number, "rank": one.rank} for one in payments],
    )


def reuse_deletion_checks(db: sqlite3.Connection, which: Mapping[str, Any]) -> None:
    """Take what was found to be gone in an earlier run to be so still, unless it was read now."""
    db.execute(_RECALL_GONE, which)


def store_deletion_checks(db: sqlite3.Connection, which: Mapping[str, Any], now: datetime) -> None:
    """Keep what came of asking after registered payments."""
    values = {**which, "now": now.astimezone(UTC).isoformat()}
    db.execute(_REMEMBER_CHECKED, values)


def mark_deleted(db: sqlite3.Connection, which: Mapping[str, Any], numbers: Iterable[str]) -> None:
    """Write down that registered payments no longer exist where they came from."""
    db.executemany(
        "UPDATE run_checked SET deleted = 1 WHERE run_id = :run_id AND payment_id IN"  # noqa: S608 a constant
        f" (SELECT id FROM payments p WHERE p.number = :number AND {_OURS})",
        [{**which, "number": number} for number in numbers],
    )


def mark_unchecked(
    db: sqlite3.Connection, which: Mapping[str, Any], numbers: Iterable[str]
) -> None:
    """Write down that registered payments could not be asked after."""
    db.executemany(
        "UPDATE run_checked SET checked = 0 WHERE run_id = :run_id AND payment_id IN"  # noqa: S608 a constant
        f" (SELECT id FROM payments p WHERE p.number = :number AND {_OURS})",
        [{**which, "number": number} for number in numbers],
    )


def _of_balances(db: sqlite3.Connection, which: Mapping[str, Any]) -> Iterator[int]:
    """Give the payments that may be gone, where not as much remains there as they leave."""
    rows = db.execute(_PAYMENTS_OF_BALANCES, which)
    for _, several in groupby(rows, key=lambda row: row["balance_of"]):
        group = list(several)
        first = group[0]
        if not same_currency(first["balance_currency"], first["invoice_currency"]):
            continue
        sign = -1 if Decimal(first["total"]) < 0 else 1
        with localcontext(EXACT):
            left = Decimal(first["total"]) - sum(map(_effect_there, group), ZERO)
            more = sign * (Decimal(first["balance"]) - left)
        for row in group:
            # More remains where a payment is gone, less where a refund is.
            if more and (sign * _effect_there(row) > 0) is (more > 0):
                yield row["id"]


def _effect_there(row: sqlite3.Row) -> Decimal:
    if row["status"] == _WRITTEN_OFF:
        payment = payment_of(row, "")
        effect = None if payment is None else effect_of(payment)
        if effect is not None:
            return effect
    return Decimal(row["effect"])


def replaceable_by_number(
    db: sqlite3.Connection, which: Mapping[str, Any]
) -> dict[str, tuple[ReplaceablePayment, ...]]:
    """Give, by the number of the payment that arrives, the gone ones that it may replace."""
    if not any_deleted(db, which["run_id"]):
        return {}
    return _by_arriving(db.execute(_REPLACED, {**which, "near": NEAR}))


def unchecked_by_number(
    db: sqlite3.Connection, which: Mapping[str, Any]
) -> dict[str, tuple[ReplaceablePayment, ...]]:
    """Give, by the number of the payment that arrives, what it may replace and nobody knows.

    Those of its invoice; and those with its amount whose invoice does not add up.
    """
    query = "SELECT 1 FROM run_checked WHERE run_id = :run_id AND checked = 0 LIMIT 1"
    if db.execute(query, which).fetchone() is None:
        return {}
    return _by_arriving(db.execute(_UNCHECKED, {**which, "near": NEAR}))


def changed_by_number(
    db: sqlite3.Connection, which: Mapping[str, Any]
) -> dict[str, tuple[ReplaceablePayment, ...]]:
    """Give, by the number of the payment that arrives, those of its invoice that changed.

    That are less, not booked or on another invoice there now, and nobody decided about.
    """
    return _by_arriving(db.execute(_CHANGED, which))


def _by_arriving(rows: Iterable[sqlite3.Row]) -> dict[str, tuple[ReplaceablePayment, ...]]:
    found: dict[str, list[ReplaceablePayment]] = {}
    for row in rows:
        one = ReplaceablePayment(
            id=row["id"],
            number=row["number"],
            invoice_id=row["invoice_id"],
            host_invoice_number=row["host_invoice_number"],
            date=date.fromisoformat(row["date"]),
            amount=Decimal(row["amount"]),
            currency=row["currency"],
            amount_currency=None
            if row["amount_currency"] is None
            else Decimal(row["amount_currency"]),
            effect=Decimal(row["effect"]),
        )
        found.setdefault(row["arriving"], []).append(one)
    return {number: tuple(several) for number, several in found.items()}


def any_deleted(db: sqlite3.Connection, run_id: str) -> bool:
    """Tell whether any registered payment is known to be gone."""
    query = "SELECT 1 FROM run_checked WHERE run_id = ? AND deleted = 1 LIMIT 1"
    return db.execute(query, (run_id,)).fetchone() is not None


# --- Settlements against credit notes ----------------------------------------


@dataclass(frozen=True, slots=True)
class Settlements:
    """The halves of settlements by payment number, and what must be known to find more."""

    by_number: Mapping[str, Settlement]
    customer_unknown: Sequence[str]  # payments of the run whose customer decides
    invoices_unknown: Sequence[str]  # the same, by the invoice of one that is registered


def settlements(db: sqlite3.Connection, which: Mapping[str, Any]) -> Settlements:
    """Find a positive and a negative payment of one date and customer whose sum is 0.

    On one invoice they are a payment and its reversal, and on an ordinary invoice a
    negative payment is one: neither is a settlement.
    """
    found: dict[str, Settlement] = {}
    used: set[tuple[str, bool]] = set()
    unknown: dict[str, None] = {}
    invoices: dict[str, None] = {}
    rows = sorted(_pairs(db, which), key=_pair_order)
    for row in rows:
        credit, debit = row["number"], row["other_number"]
        here = bool(row["other_registered"])
        if credit in found or (debit, here) in used:
            continue
        same = _same_customer(row)
        if same is None:
            unknown.update(dict.fromkeys([credit] if here else [credit, debit]))
            if here and not row["other_customer"]:
                invoices[row["other_invoice_number"]] = None
            continue
        if not same:
            continue
        used.add((debit, here))
        complete = row["its_invoice"] is not None and row["other_invoice"] is not None
        found[credit] = Settlement(
            debit, row["other_invoice_number"], row["other_invoice"], complete
        )
        if not here:
            found[debit] = Settlement(credit, row["invoice_number"], row["its_invoice"], complete)
    return Settlements(found, list(unknown), list(invoices))


def _pairs(db: sqlite3.Connection, which: Mapping[str, Any]) -> list[sqlite3.Row]:
    db.execute("DROP TABLE IF EXISTS credit")
    db.execute(_CREDITS)
    marks = json.dumps(sorted(reasons.IGNORED | {"unreadable"}))
    db.execute(_FIND_CREDITS, {**which, "excluded": marks})
    if db.execute("SELECT 1 FROM credit").fetchone() is None:
        return []
    values = {**which, "excluded": marks}
    return [*db.execute(_DEBITS_OF_RUN, values), *db.execute(_DEBITS_REGISTERED, values)]


def _pair_order(row: sqlite3.Row) -> tuple[object, ...]:
    day = date.fromisoformat(row["date"])
    # What came together belongs together, before what was registered earlier.
    return (
        row["other_registered"],
        oldest_first(day, row["number"]),
        oldest_first(day, row["other_number"]),
    )


def _same_customer(row: sqlite3.Row) -> bool | None:
    """Compare the customers there, or of the invoices here; ``None`` where nobody knows."""
    if row["customer"] and row["other_customer"]:
        return bool(row["customer"] == row["other_customer"])
    if row["customer_here"] is not None and row["other_customer_here"] is not None:
        return bool(row["customer_here"] == row["other_customer_here"])
    return None


# --- What is told ------------------------------------------------------------


def write_discrepancies(db: sqlite3.Connection, which: Mapping[str, Any]) -> None:
    """Write down where the source does not agree with the books; the rows are judged."""
    if not db.execute(_ANYTHING_SAID, which).fetchone():
        return
    db.execute("DROP TABLE IF EXISTS temp.matched")
    db.execute("CREATE TEMP TABLE matched (row_id INTEGER PRIMARY KEY, invoice_id INTEGER)")
    db.execute(
        "INSERT INTO temp.matched SELECT id, invoice_id FROM run_rows"
        " WHERE run_id = :run_id AND deleted = 0",
        which,
    )
    db.execute("DELETE FROM run_discrepancies WHERE run_id = :run_id", which)
    db.execute(_WRITE_DELETED, {**which, "near": NEAR})
    taken: Mapping[int, _Taken] | None = None
    for row in db.execute(_BALANCES, which).fetchall():
        remaining, balance = Decimal(row["remaining"]), Decimal(row["balance"])
        if not same_currency(row["currency"], row["invoice_currency"]):
            continue
        sign = -1 if Decimal(row["total"]) < 0 else 1
        if taken is None:
            taken = _taken(db, which)
        ready, otherwise = taken[row["invoice_id"]]
        if otherwise.is_nan():
            continue
        with localcontext(EXACT):
            here = remaining - ready
            left = here - otherwise
        cancelled = bool(row["cancelled"])
        if sign * left <= 0 or (not cancelled and sign * balance >= sign * left):
            continue
        db.execute(
            "INSERT INTO run_discrepancies (run_id, code, invoice_id, remaining, balance)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                which["run_id"],
                CANCELLED if cancelled else LESS_REMAINS,
                row["invoice_id"],
                plain(here),
                None if cancelled else plain(balance),
            ),
        )


def discrepancy_of(row: sqlite3.Row) -> Discrepancy:
    """Read a discrepancy as :data:`DISCREPANCIES` gives it."""
    amount = row["amount"] if row["currency_of_payment"] == SEK else row["amount_currency"]
    return Discrepancy(
        code=row["code"],
        host_invoice_number=row["host_invoice_number"],
        customer_name=row["customer_name"],
        currency=row["currency"],
        remaining=Decimal(row["remaining"]),
        balance=None if row["balance"] is None else Decimal(row["balance"]),
        payment_id=row["payment_id"],
        payment_number=row["number"],
        payment_date=None if row["date"] is None else date.fromisoformat(row["date"]),
        amount=None if amount is None else Decimal(amount),
    )


# --- SQL ---------------------------------------------------------------------
# The names are those of judging.Scope; matched holds the invoice of each row of the run.

_OURS = "p.import_type = :import_type AND p.company = :company AND p.state = 'registered'"

_INVOICE_OF = """
    SELECT id FROM invoices WHERE region = :region AND number = :number
    UNION ALL
    SELECT min(id) FROM invoices WHERE region = :region AND ocr = :ocr AND ocr <> ''
    AND NOT EXISTS (SELECT 1 FROM invoices WHERE region = :region AND number = :number)
    HAVING count(*) = 1
"""

_NOT_REGISTERED = """
    NOT EXISTS (SELECT 1 FROM payments k WHERE k.import_type = :import_type
                AND k.company = :company AND k.number = r.number AND k.state = 'registered')
"""

# Of an earlier run, neither read in this one nor registered since.
_IGNORED_NOW = """
    g.import_type = :import_type AND g.company = :company
    AND NOT EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = g.number)
    AND NOT EXISTS (SELECT 1 FROM payments k WHERE k.import_type = :import_type
                    AND k.company = :company AND k.number = g.number AND k.state = 'registered')
"""

_IGNORED_BEFORE = f"""
    SELECT invoice_id, effect FROM ignored_payments g
    WHERE {_IGNORED_NOW} AND invoice_id IN
        (SELECT invoice_id FROM run_balances WHERE run_id = :run_id)
"""  # noqa: S608 constants

_IGNORED = """
    SELECT * FROM run_rows WHERE run_id = :run_id AND invoice_id IS NOT NULL AND date IS NOT NULL
    AND reason IN ('before-date', 'below-number') AND deleted = 0 AND number <> ''
"""

_REMEMBER = """
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

# What is unpaid there is said at every import; all else is taken to be so for some days.
_STILL_SO = "(a.booked = 0 OR a.balance IS NULL OR a.balance NOT GLOB '*[1-9]*')"

_RECALL = f"""
    INSERT OR IGNORE INTO run_balances (run_id, invoice_number, invoice_id, customer, currency,
        total, balance, booked, cancelled)
    SELECT :run_id, a.invoice_number, a.invoice_id, a.customer, a.currency, a.total, a.balance,
           a.booked, a.cancelled
    FROM asked_invoices a
    WHERE a.import_type = :import_type AND a.company = :company AND a.at >= :since
    AND a.balance IS NOT NULL AND {_STILL_SO}
    AND NOT EXISTS (SELECT 1 FROM run_balances b
                    WHERE b.run_id = :run_id AND b.invoice_id = a.invoice_id)
"""  # noqa: S608 constants

# Only whether to ask hangs on this arithmetic, so it may be approximate. Write-offs explain all.
_OPEN = f"""
    SELECT i.id, i.number, i.remaining,
           (SELECT p.invoice_number FROM payments p WHERE p.invoice_id = i.id AND {_OURS}
            AND p.invoice_number <> '' ORDER BY p.id DESC LIMIT 1) AS number_there
    FROM invoices i LEFT JOIN (
        SELECT m.invoice_id, SUM(
            CASE WHEN r.write_offs <> '[]' OR r.amount IS NULL THEN 1e18
                 WHEN r.currency = 'SEK' THEN CAST(r.amount AS REAL)
                 ELSE CAST(COALESCE(r.amount_currency, r.amount) AS REAL) END) AS taken
        FROM matched m JOIN run_rows r ON r.id = m.row_id
        WHERE m.invoice_id IS NOT NULL AND {_NOT_REGISTERED} GROUP BY m.invoice_id
    ) t ON t.invoice_id = i.id LEFT JOIN (
        SELECT invoice_id, SUM(CAST(effect AS REAL)) AS taken FROM ignored_payments g
        WHERE {_IGNORED_NOW} GROUP BY invoice_id
    ) g ON g.invoice_id = i.id
    WHERE i.region = :region AND i.total NOT LIKE '-%'
    AND (CAST(i.remaining AS REAL) - COALESCE(t.taken, 0) - COALESCE(g.taken, 0) > 0.005
         -- A refund that is gone shows nowhere else.
         OR EXISTS (SELECT 1 FROM payments p
                    WHERE p.invoice_id = i.id AND p.status = 'reversal' AND {_OURS}))
    AND NOT EXISTS (SELECT 1 FROM asked_invoices a WHERE a.import_type = :import_type
                    AND a.company = :company AND a.invoice_id = i.id AND a.at >= :since
                    AND {_STILL_SO})
    AND NOT EXISTS (SELECT 1 FROM run_balances b
                    WHERE b.run_id = :run_id AND b.invoice_id = i.id)
    ORDER BY i.period_closed DESC, i.due_date IS NULL, i.due_date, i.id LIMIT :most
"""  # noqa: S608 constants

_WITH_BALANCE = "(SELECT invoice_id FROM run_balances WHERE run_id = :run_id)"

_ROWS_OF_INVOICES = f"""
    SELECT r.*, m.invoice_id AS its_invoice FROM matched m JOIN run_rows r ON r.id = m.row_id
    WHERE m.invoice_id IN {_WITH_BALANCE}
"""  # noqa: S608 constants

# What a person keeps otherwise than it is there waits, and is not among the rows of the run.
_KEPT_ROWS = f"""
    SELECT q.*, p.invoice_id AS its_invoice
    FROM pending q JOIN payments p ON p.number = q.number AND {_OURS}
    WHERE q.definition = :definition AND q.company = :company AND q.deleted_at IS NULL
    AND q.reason = 'already-imported' AND q.invoice_number = p.invoice_number
    AND p.invoice_id IN {_WITH_BALANCE}
    AND NOT EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = q.number)
"""  # noqa: S608 constants

_REGISTERED_OF_ROWS = f"""
    SELECT p.*, EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = p.number
                        AND r.number <> '' AND r.kind = 'ready') AS saves
    FROM payments p
    WHERE {_OURS} AND p.invoice_id IN {_WITH_BALANCE}
    AND (EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = p.number
                 AND r.number <> '' AND r.deleted = 0)
         OR EXISTS (SELECT 1 FROM run_checked c
                    WHERE c.run_id = :run_id AND c.payment_id = p.id AND c.deleted = 1)
         OR EXISTS (SELECT 1 FROM pending q WHERE q.definition = :definition
                    AND q.company = :company AND q.number = p.number AND q.deleted_at IS NULL
                    AND q.reason = 'already-imported' AND q.invoice_number = p.invoice_number))
"""  # noqa: S608 constants

_ANYTHING_SAID = """
    SELECT 1 FROM run_balances WHERE run_id = :run_id
    UNION ALL SELECT 1 FROM run_checked WHERE run_id = :run_id AND deleted = 1
    UNION ALL SELECT 1 FROM run_discrepancies WHERE run_id = :run_id LIMIT 1
"""

# What arrives: payments that are not registered, and not left out by the settings.
_ARRIVING = f"""
    FROM matched m
    JOIN run_rows r ON r.id = m.row_id AND r.number <> '' AND r.date IS NOT NULL
        AND r.amount GLOB '*[1-9]*'
        AND (r.excluded_reason IS NULL OR r.excluded_reason NOT IN ('before-date', 'below-number'))
        AND {_NOT_REGISTERED}
"""

# Neither what is set aside nor a mere equal amount elsewhere hides a deletion.
_SHOWN = "AND r.reason = 'replaced'"
_ACCEPTED = """
    AND EXISTS (SELECT 1 FROM decisions d WHERE d.definition = :definition
                AND d.company = :company AND d.number = r.number AND d.taken_back_at IS NULL
                AND d.applied_at IS NULL AND (d.decision = 'accept'
                OR json_extract(NULLIF(d.facts, ''), '$.after') = 'accept'))
"""

_SAME_INVOICE = f"JOIN payments p ON p.invoice_id = m.invoice_id AND {_OURS}"

_SAME_AMOUNT = f"""
    JOIN payments p ON CAST(p.amount AS REAL) = CAST(r.amount AS REAL)
        AND p.date BETWEEN date(r.date, '-' || :near || ' days')
                       AND date(r.date, '+' || :near || ' days')
        AND p.currency = r.currency AND {_OURS}
"""

# A payment that is made again may get another rate.
_SAME_FOREIGN_AMOUNT = f"""
    JOIN payments p ON p.currency = r.currency AND p.currency <> 'SEK'
        AND CAST(p.amount_currency AS REAL) = CAST(r.amount_currency AS REAL)
        AND p.date BETWEEN date(r.date, '-' || :near || ' days')
                       AND date(r.date, '+' || :near || ' days')
        AND {_OURS}
"""

_SAME_INVOICES = f"SELECT DISTINCT p.id {_ARRIVING} {_SAME_INVOICE}"

_SAME_AMOUNTS = f"""
    SELECT p.id {_ARRIVING} {_SAME_AMOUNT}
    UNION
    SELECT p.id {_ARRIVING} {_SAME_FOREIGN_AMOUNT}
"""

_TO_CHECK = f"""
    WITH ranked (payment_id, rank) AS MATERIALIZED
        (SELECT value ->> 0, value ->> 1 FROM json_each(:ranks))
    SELECT p.number, p.invoice_number, n.rank
    FROM ranked n JOIN payments p ON p.id = n.payment_id AND {_OURS}
    LEFT JOIN checked_payments k ON k.payment_id = p.id
    WHERE NOT EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = p.number
                      AND r.number <> '' AND r.fetched = 1 AND r.deleted = 0)
    AND NOT EXISTS (SELECT 1 FROM run_checked c
                    WHERE c.run_id = :run_id AND c.payment_id = p.id)
    -- An equal amount alone says little, and balances tell of a deletion sooner.
    AND NOT (n.rank = {SAME_AMOUNT} AND k.deleted IS 0 AND k.at >= :since)
    ORDER BY n.rank, k.at IS NOT NULL, p.date DESC, p.id DESC LIMIT :batch
"""  # noqa: S608 constants

_RECALL_GONE = f"""
    INSERT OR IGNORE INTO run_checked (run_id, payment_id, rank, deleted)
    SELECT :run_id, k.payment_id, {DOES_NOT_ADD_UP}, 1
    FROM checked_payments k JOIN payments p ON p.id = k.payment_id AND {_OURS}
    WHERE k.deleted = 1
    AND NOT EXISTS (SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = p.number
                    AND r.number <> '' AND r.fetched = 1 AND r.deleted = 0)
"""  # noqa: S608 constants

_REMEMBER_CHECKED = """
    INSERT INTO checked_payments (payment_id, at, deleted)
    SELECT payment_id, :now, deleted FROM run_checked
    WHERE run_id = :run_id AND checked = 1
    ON CONFLICT (payment_id) DO UPDATE SET at = excluded.at, deleted = excluded.deleted
"""

_DELETED = "JOIN run_checked c ON c.run_id = :run_id AND c.payment_id = p.id AND c.deleted = 1"

_REPLACED = f"""
    SELECT DISTINCT * FROM (
        SELECT r.number AS arriving, p.*, i.number AS host_invoice_number
        {_ARRIVING} {_SAME_INVOICE} {_DELETED} JOIN invoices i ON i.id = p.invoice_id
        UNION
        SELECT r.number AS arriving, p.*, i.number AS host_invoice_number
        {_ARRIVING} {_SAME_AMOUNT} {_DELETED} JOIN invoices i ON i.id = p.invoice_id
        UNION
        SELECT r.number AS arriving, p.*, i.number AS host_invoice_number
        {_ARRIVING} {_SAME_FOREIGN_AMOUNT} {_DELETED} JOIN invoices i ON i.id = p.invoice_id
    ) ORDER BY date, id
"""  # noqa: S608 constants

_UNCHECKED_ROW = """
    JOIN run_checked c ON c.run_id = :run_id AND c.payment_id = p.id AND c.checked = 0
"""

_UNCHECKED = f"""
    SELECT DISTINCT * FROM (
        SELECT r.number AS arriving, p.*, i.number AS host_invoice_number
        {_ARRIVING} {_SAME_INVOICE} {_UNCHECKED_ROW} JOIN invoices i ON i.id = p.invoice_id
        UNION
        SELECT r.number AS arriving, p.*, i.number AS host_invoice_number
        {_ARRIVING} {_SAME_AMOUNT} {_UNCHECKED_ROW} AND c.rank = {DOES_NOT_ADD_UP}
        JOIN invoices i ON i.id = p.invoice_id
        UNION
        SELECT r.number AS arriving, p.*, i.number AS host_invoice_number
        {_ARRIVING} {_SAME_FOREIGN_AMOUNT} {_UNCHECKED_ROW} AND c.rank = {DOES_NOT_ADD_UP}
        JOIN invoices i ON i.id = p.invoice_id
    ) ORDER BY date, id
"""  # noqa: S608 constants

_CHANGED = f"""
    SELECT r.number AS arriving, p.*, i.number AS host_invoice_number
    FROM run_rows n
    JOIN payments p ON p.number = n.number AND {_OURS}
    JOIN invoices i ON i.id = p.invoice_id
    JOIN matched m ON m.invoice_id = p.invoice_id
    JOIN run_rows r ON r.id = m.row_id AND r.number <> '' AND r.date IS NOT NULL
        AND r.number <> n.number AND {_NOT_REGISTERED}
    WHERE n.run_id = :run_id AND n.number <> '' AND n.deleted = 0 AND n.date IS NOT NULL
    AND (abs(CAST(n.amount AS REAL)) < abs(CAST(p.amount AS REAL))
         OR (n.booked = 0 AND p.booked = 1) OR n.invoice_number <> p.invoice_number)
    AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.definition = :definition
                    AND d.company = :company AND d.number = n.number AND d.taken_back_at IS NULL
                    AND d.applied_at IS NULL AND d.decision IN ('accept', 'keep', 'confirm'))
    ORDER BY p.date, p.id
"""  # noqa: S608 constants

_PAYMENTS_OF_BALANCES = f"""
    SELECT p.*, b.invoice_number AS balance_of, b.balance, b.currency AS balance_currency,
           i.total, i.currency AS invoice_currency
    FROM run_balances b JOIN invoices i ON i.id = b.invoice_id
    JOIN payments p ON p.invoice_id = b.invoice_id AND {_OURS}
    WHERE b.run_id = :run_id AND b.booked = 1 AND b.cancelled = 0
    ORDER BY b.invoice_number
"""  # noqa: S608 constants

_BALANCES = """
    SELECT b.*, i.remaining, i.total AS total, i.currency AS invoice_currency
    FROM run_balances b JOIN invoices i ON i.id = b.invoice_id
    WHERE b.run_id = :run_id AND (b.booked = 1 OR b.cancelled = 1)
    AND i.remaining <> b.balance
"""

_WRITE_DELETED = f"""
    INSERT INTO run_discrepancies (run_id, code, invoice_id, payment_id, remaining, balance)
    SELECT :run_id, '{DELETED}', p.invoice_id, p.id, i.remaining,
           (SELECT b.balance FROM run_balances b
            WHERE b.run_id = :run_id AND b.invoice_id = p.invoice_id AND b.booked = 1)
    FROM payments p {_DELETED} JOIN invoices i ON i.id = p.invoice_id
    WHERE {_OURS}
    AND p.id NOT IN (SELECT p.id {_ARRIVING} {_SHOWN} {_SAME_INVOICE} {_DELETED}
                     UNION SELECT p.id {_ARRIVING} {_ACCEPTED} {_SAME_INVOICE} {_DELETED}
                     UNION SELECT p.id {_ARRIVING} {_ACCEPTED} {_SAME_AMOUNT} {_DELETED}
                     UNION SELECT p.id {_ARRIVING} {_ACCEPTED} {_SAME_FOREIGN_AMOUNT} {_DELETED})
    ORDER BY {OLDEST_FIRST.format("p")}
"""  # noqa: S608 constants

#: The discrepancies of a run, by its id.
DISCREPANCIES = """
    SELECT d.*, i.number AS host_invoice_number, i.customer_name, i.currency, p.number, p.date,
           p.amount, p.amount_currency, p.currency AS currency_of_payment
    FROM run_discrepancies d JOIN invoices i ON i.id = d.invoice_id
    LEFT JOIN payments p ON p.id = d.payment_id
    WHERE d.run_id = ? ORDER BY d.rowid
"""

# Two halves are settled in the currency of their invoices, whatever the rates were.
_OWN_AMOUNT = "CASE {0}.currency WHEN 'SEK' THEN {0}.amount ELSE {0}.amount_currency END"

_CREDITS = """
    CREATE TEMP TABLE credit (
        date TEXT, debit TEXT, currency TEXT, number TEXT, invoice_number TEXT, customer TEXT,
        amount_currency TEXT, its_invoice INTEGER, customer_here TEXT,
        PRIMARY KEY (date, debit, currency, number)
    ) WITHOUT ROWID
"""

_CUSTOMER_HERE = "{0}.region || char(10) || {0}.customer_code"

_FIND_CREDITS = f"""
    INSERT INTO credit
    SELECT r.date, substr({_OWN_AMOUNT.format("r")}, 2), r.currency, r.number,
           r.invoice_number, r.customer, r.amount_currency, i.id, {_CUSTOMER_HERE.format("i")}
    FROM matched m JOIN run_rows r ON r.id = m.row_id LEFT JOIN invoices i ON i.id = m.invoice_id
    WHERE {_OWN_AMOUNT.format("r")} LIKE '-%' AND r.date IS NOT NULL AND r.number <> ''
    AND (r.excluded_reason IS NULL
         OR r.excluded_reason NOT IN (SELECT value FROM json_each(:excluded)))
    AND (i.id IS NULL OR i.total LIKE '-%') AND {_NOT_REGISTERED}
"""  # noqa: S608 constants

_CREDIT_COLUMNS = """c.date, c.number, c.invoice_number, c.customer, c.amount_currency,
           c.its_invoice, c.customer_here"""

_DEBITS_OF_RUN = f"""
    SELECT {_CREDIT_COLUMNS}, r.number AS other_number, r.invoice_number AS other_invoice_number,
           r.customer AS other_customer, i.id AS other_invoice,
           {_CUSTOMER_HERE.format("i")} AS other_customer_here, 0 AS other_registered
    FROM matched m JOIN run_rows r ON r.id = m.row_id
    JOIN credit c ON c.date = r.date AND c.debit = {_OWN_AMOUNT.format("r")}
        AND c.currency = r.currency
        AND c.invoice_number <> r.invoice_number
    LEFT JOIN invoices i ON i.id = m.invoice_id
    WHERE r.number <> ''
    AND (r.excluded_reason IS NULL
         OR r.excluded_reason NOT IN (SELECT value FROM json_each(:excluded)))
    AND (i.id IS NULL OR i.total NOT LIKE '-%') AND (i.id IS NOT NULL OR c.its_invoice IS NOT NULL)
    AND {_NOT_REGISTERED}
"""  # noqa: S608 constants

_REGISTERED_DEBITS = f"""
    SELECT {_CREDIT_COLUMNS}, p.number AS other_number, p.invoice_number AS other_invoice_number,
           COALESCE(p.customer, (SELECT b.customer FROM run_balances b
                                 WHERE b.run_id = :run_id AND b.invoice_id = p.invoice_id))
               AS other_customer, i.id AS other_invoice,
           {_CUSTOMER_HERE.format("i")} AS other_customer_here, 1 AS other_registered
    FROM credit c
    JOIN payments p ON {{same}} AND p.date = c.date
        AND p.invoice_number <> c.invoice_number AND {_OURS}
    JOIN invoices i ON i.id = p.invoice_id AND i.total NOT LIKE '-%'
    WHERE p.status <> '{SETTLED}' AND NOT EXISTS (
        -- It has its other half already.
        SELECT 1 FROM payments k WHERE k.status = '{SETTLED}' AND k.date = p.date
        AND k.state = 'registered' AND k.import_type = p.import_type AND k.company = p.company
        AND k.currency = p.currency
        AND CAST({_OWN_AMOUNT.format("k")} AS REAL) = -CAST({_OWN_AMOUNT.format("p")} AS REAL))
"""  # noqa: S608 constants

_DEBITS_REGISTERED = f"""
    {
    _REGISTERED_DEBITS.format(
        same="c.currency = 'SEK' AND p.currency = 'SEK'"
        " AND CAST(p.amount AS REAL) = CAST(c.debit AS REAL)"
    )
}
    UNION ALL
    {
    _REGISTERED_DEBITS.format(
        same="c.currency <> 'SEK' AND p.currency = c.currency AND p.currency <> 'SEK'"
        " AND CAST(p.amount_currency AS REAL) = CAST(c.debit AS REAL)"
    )
}
"""
