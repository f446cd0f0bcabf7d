"""Settlements: a debit invoice against a credit note of the same customer."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, NamedTuple

from hostsim.ledger import reasons
from hostsim.ledger.candidates import oldest_first
from hostsim.ledger.decisions import RegisteredHalf, Settlement
from hostsim.ledger.reasons import OTHER_REGION_FIRST, SET_ASIDE, SETTLED
from hostsim.messages import payments as payments_messages
from hostsim.storage.rows import text_of, value_of
from hostsim.storage.scope import IN_FORCE, IS_OTHER_IMPORT, NOT_REGISTERED, OTHER_IMPORT, OURS
from opter_contract.values import Text


@dataclass(frozen=True, slots=True)
class Settlements:
    """The halves of settlements by payment number, and the facts that are missing to find more."""

    by_number: Mapping[str, Settlement]
    customer_unknown: Sequence[str]  # payments of the run whose customer is needed
    invoices_unknown: Sequence[str]  # the same, by the invoice of one that is registered
    #: By payment number, the half in another region whose other half it may be.
    there: Mapping[str, RegisteredHalf]
    #: By payment number, what it settles if it replaces a half that was deleted at the source.
    made_again: Mapping[str, Settlement]


@dataclass(frozen=True, slots=True)
class Half:
    """A payment that may be a half of a settlement."""

    date: date
    debit: str  # the amount of the debit half, in the currency of its invoice
    currency: str
    number: str
    invoice_number: str
    invoice_id: int | None
    customer: str | None  # where it comes from
    customer_here: str | None  # the region and customer of its invoice, if that is here
    registered: bool
    elsewhere: str | None = None  # the import of the other region that its invoice is of
    ignored: bool = False  # whether the settings exclude it
    only_for: str | None = None  # the one credit that a registered debit may settle


class Matches(NamedTuple):
    """Settlements, credit first, and the halves whose customers must be known to find more."""

    pairs: Sequence[tuple[Half, Half]]
    unknown: Sequence[Half]


def find_settlements(db: sqlite3.Connection, scope: Mapping[str, Any]) -> Settlements:
    """Find a positive and a negative payment of one date and customer whose sum is 0.

    On one invoice they are a payment and its reversal, and on an ordinary invoice a
    negative payment is one: neither is a settlement. A half of another region's invoice is left
    to the import of that region, if it shares the company, and the other half waits until that
    import is known to save it, or has saved it. A registered half settles another
    one where its own other half is deleted, or changed. A registered half that alone gets
    another date settles what it did, and so does one that gets it before its region registers
    it, where the other region has. A half that the settings exclude is no less a half: the other
    one is no money.
    """
    changed = json.dumps([row["number"] for row in db.execute(_CHANGED_HALVES, scope)])
    scope = {**scope, "changed": changed}
    pairs, unknown = match_halves(*_halves(db, scope))
    settlements: dict[str, Settlement] = {}
    for pair in pairs:
        complete = all(half.invoice_id is not None or half.elsewhere for half in pair)
        for half, other in (pair, pair[::-1]):
            if not half.registered and not half.elsewhere:
                settlements[half.number] = Settlement(
                    other.number,
                    other.invoice_number,
                    other.invoice_id,
                    complete,
                    half.ignored or other.ignored,
                    _waits_for(db, scope, half, other) if other.elsewhere else None,
                )
    for row in db.execute(_REDATED, scope):
        redated = Settlement(
            row["other"],
            row["invoice_number"],
            row["invoice_id"],
            bool(row["complete"]),
            same_date=False,
        )
        settlements.setdefault(row["number"], redated)
    alone, there = _halves_that_wait(db, scope)
    settlements = alone | settlements
    invoices = [half.invoice_number for half in unknown if half.registered and not half.customer]
    return Settlements(
        settlements,
        [half.number for half in unknown if not half.registered],
        list(dict.fromkeys(invoices)),
        there,
        _made_again(db, scope, settlements.values()),
    )


def _halves_that_wait(
    db: sqlite3.Connection, scope: Mapping[str, Any]
) -> tuple[dict[str, Settlement], dict[str, RegisteredHalf]]:
    """Find what another region's registered half was registered with, by number.

    :return: what still settles that half, and what may be it but does not as it is now.
    """
    settlements: dict[str, Settlement] = {}
    there: dict[str, RegisteredHalf] = {}
    for row in db.execute(_AWAITED, scope):
        registered = value_of(RegisteredHalf, row, "half_")
        if not row["alike"]:
            there.setdefault(row["number"], registered)
            continue
        settlements[row["number"]] = Settlement(
            registered.number,
            registered.invoice_number,
            row["invoice_id"],
            complete=True,
            ignored=row["excluded_reason"] in reasons.IGNORED,
            same_date=False,
        )
    return settlements, there


def halves_left_alone(
    db: sqlite3.Connection, scope: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Return registered halves, with their invoices, whose other half in another region is none.

    It is registered as money there, or was deleted at the source before that; its number is last.
    """
    for row in db.execute(_LEFT_ALONE, scope):
        yield row["number"], row["invoice_number"], row["settles"]


def _made_again(
    db: sqlite3.Connection, scope: Mapping[str, Any], found: Iterable[Settlement]
) -> dict[str, Settlement]:
    """Find, by number, what settles the other half of a deleted one, which is free, once each."""
    taken = {settlement.number for settlement in found}
    settlements: dict[str, Settlement] = {}
    for row in db.execute(_MADE_AGAIN, scope):
        if row["other"] in taken or row["number"] in settlements:
            continue
        taken.add(row["other"])
        settlements[row["number"]] = Settlement(
            row["other"],
            row["invoice_number"],
            row["invoice_id"],
            complete=True,
            same_date=False,
            by_replacing=True,
        )
    return settlements


def match_halves(credit_halves: Iterable[Half], debit_halves: Iterable[Half]) -> Matches:
    """Match each credit, the oldest first, with the oldest debit of its customer that is left.

    Those of one run are matched before those registered earlier, and before those that the
    settings exclude. Of two at least one arrives in the run, and the invoice of one is here.
    """
    groups: dict[tuple[object, ...], _Debits] = defaultdict(_Debits)
    for half in sorted(debit_halves, key=_oldest_first):
        groups[half.date, half.debit, half.currency, _origin(half)].add(half)
    pairs: dict[Half, Half] = {}
    unknown: dict[Half, None] = {}
    in_order = sorted(credit_halves, key=_oldest_first)
    for origins in _MATCHED_ORIGINS:
        for credit in in_order:
            origin = origins.get(_origin(credit))
            if credit in pairs or origin is None:
                continue
            group = groups.get((credit.date, credit.debit, credit.currency, origin))
            if group is not None:
                debit, asked = group.match(credit)
                unknown |= dict.fromkeys(asked)
                if debit is not None:
                    pairs[credit] = debit
    return Matches(list(pairs.items()), list(unknown))


def _waits_for(
    db: sqlite3.Connection, scope: Mapping[str, Any], half: Half, other: Half
) -> Text | None:
    """Return what has to happen to the other half, of another region, before this one is saved.

    The first of the two imports to be saved finds what is in the way of its own half. If nothing
    is but the other half, the second saves that, and the first follows. So neither half is
    saved where the other one cannot be.
    """
    values = {**scope, "half": half.number, "other": other.number}
    states = db.execute(_STATES_THERE, values).fetchall()
    if any(row["can_be_saved"] for row in states):
        return None
    for row in states:
        name, why = row["name"], text_of(row["message_sv"], row["message_en"])
        if row["set_aside"]:
            return payments_messages.half_set_aside_there(other.number, name)
        if why is not None and row["obstacle"] != OTHER_REGION_FIRST:
            return payments_messages.half_waits_there(other.number, name, why)
    return payments_messages.half_of_other_region(other.number, other.elsewhere or "")


class _Origin(Enum):
    ARRIVES = 0
    REGISTERED = 1
    IGNORED = 2


#: Of the origin of a credit, that of the debits which it may settle, in the order of matching.
_MATCHED_ORIGINS: tuple[Mapping[_Origin, _Origin], ...] = (
    {_Origin.ARRIVES: _Origin.ARRIVES},
    {_Origin.ARRIVES: _Origin.REGISTERED, _Origin.REGISTERED: _Origin.ARRIVES},
    {_Origin.ARRIVES: _Origin.IGNORED, _Origin.IGNORED: _Origin.ARRIVES},
    {_Origin.REGISTERED: _Origin.IGNORED, _Origin.IGNORED: _Origin.REGISTERED},
)


def _origin(half: Half) -> _Origin:
    if half.registered:
        return _Origin.REGISTERED
    return _Origin.IGNORED if half.ignored else _Origin.ARRIVES


class _Kind(NamedTuple):
    """What is known of the customer of a half."""

    there: bool  # whether the source says it
    region: str | None  # of its invoice, if that is here


class _Debits:
    """The debits of one date and amount, oldest first; thousands may be equal, as fees are."""

    def __init__(self) -> None:
        self._debits: list[Half] = []
        self._taken: set[int] = set()
        # Their indexes, by kind and by what tells whether they are of a credit's customer.
        self._of_kind: dict[_Kind, deque[int]] = defaultdict(deque)
        self._not_asked: dict[_Kind, deque[int]] = defaultdict(deque)
        self._there: dict[tuple[_Kind, str | None], deque[int]] = defaultdict(deque)
        self._here: dict[tuple[_Kind, str | None], deque[int]] = defaultdict(deque)

    def add(self, debit: Half) -> None:
        index, kind = len(self._debits), _kind_of(debit)
        self._debits.append(debit)
        self._of_kind[kind].append(index)
        self._not_asked[kind].append(index)
        self._there[kind, debit.customer].append(index)
        self._here[kind, debit.customer_here].append(index)

    def match(self, credit: Half) -> tuple[Half | None, Sequence[Half]]:
        """Take the oldest debit of the credit's customer, and return it.

        Also return what must be asked about to know whether that is the oldest one.
        """
        own = _kind_of(credit)
        known: list[deque[int]] = []
        unknown: list[_Kind] = []
        for kind in self._of_kind:
            if own.region is None and kind.region is None:
                continue
            if own.there and kind.there:
                known.append(self._there.get((kind, credit.customer), deque()))
            elif own.region == kind.region:
                known.append(self._here.get((kind, credit.customer_here), deque()))
            else:  # of another region, only the customer there tells
                unknown.append(kind)
        index = self._first(known, credit)
        asked = self._ask(unknown, credit, index)
        if index == len(self._debits):
            return None, asked
        self._taken.add(index)
        return self._debits[index], asked

    def _first(self, lists: Iterable[deque[int]], credit: Half) -> int:
        """Return the first index, of several lists, of what the credit may settle, or the end."""
        none = len(self._debits)
        return min((next(self._left(indexes, credit), none) for indexes in lists), default=none)

    def _left(self, indexes: deque[int], credit: Half) -> Iterator[int]:
        while indexes and indexes[0] in self._taken:
            indexes.popleft()
        for index in indexes:
            if index not in self._taken and _may_settle(self._debits[index], credit):
                yield index

    def _ask(self, kinds: Sequence[_Kind], credit: Half, before: int) -> Sequence[Half]:
        """Return the credit and the debits of these kinds, if there are any before an index."""
        if self._first((self._of_kind[kind] for kind in kinds), credit) >= before:
            return []
        asked = [] if credit.registered else [credit]
        for kind in kinds:
            indexes, others = self._not_asked[kind], []
            while indexes and indexes[0] < before:
                index = indexes.popleft()
                if index not in self._taken:
                    may_settle = _may_settle(self._debits[index], credit)
                    if may_settle:
                        asked.append(self._debits[index])
                    else:
                        others.append(index)
            indexes.extendleft(reversed(others))
        return asked


def _kind_of(half: Half) -> _Kind:
    here = half.customer_here
    return _Kind(bool(half.customer), None if here is None else here.partition("\n")[0])


def _may_settle(debit: Half, credit: Half) -> bool:
    return debit.invoice_number != credit.invoice_number and debit.only_for in {
        None,
        credit.number,
    }


def _oldest_first(half: Half) -> tuple[object, ...]:
    return oldest_first(half.date, half.number)


def _halves(
    db: sqlite3.Connection, scope: Mapping[str, Any]
) -> tuple[Iterable[Half], Iterable[Half]]:
    """Return the credits and debits that may settle each other."""
    db.execute("DROP TABLE IF EXISTS credit")
    db.execute(_CREDITS)
    ignored = json.dumps(sorted(reasons.IGNORED))
    values = {**scope, "ignored": ignored}
    db.execute(_FIND_CREDITS, values)
    db.execute(_FIND_REGISTERED_CREDITS, values)
    credit_halves = [
        value_of(Half, row, only_for=None) for row in db.execute("SELECT * FROM credit")
    ]
    if not credit_halves:
        return [], []
    rows = [*db.execute(_DEBITS_OF_RUN, values), *db.execute(_DEBITS_REGISTERED, values)]
    return credit_halves, [value_of(Half, row) for row in rows]


# --- SQL ---------------------------------------------------------------------
# The parameters are those of scope.Scope; matched holds the invoice of each row of the run.
# :changed are the numbers of registered halves that are otherwise at the source by now, as JSON.

# Two halves are settled in the currency of their invoices, whatever the rates were.
_OWN_AMOUNT = "CASE {0}.currency WHEN 'SEK' THEN {0}.amount ELSE {0}.amount_currency END"

_CREDITS = """
    CREATE TEMP TABLE credit (
        date TEXT, debit TEXT, currency TEXT, number TEXT, invoice_number TEXT,
        invoice_id INTEGER, customer TEXT, customer_here TEXT, registered INTEGER,
        elsewhere TEXT, ignored INTEGER, PRIMARY KEY (date, debit, currency, number)
    ) WITHOUT ROWID
"""

# Another than its date is another value of the row ``r`` than of the registered payment ``p``.
_OTHERWISE = """
    p.currency <> r.currency OR p.booked > r.booked
    OR p.invoice_number <> r.invoice_number OR p.invoice_id <> m.invoice_id
    OR CAST(p.amount AS REAL) <> CAST(r.amount AS REAL)
    OR CAST(p.amount_currency AS REAL) <> CAST(r.amount_currency AS REAL)
    OR p.write_offs <> r.write_offs
"""

# Registered as a half of a settlement, and otherwise there by now. A half whose invoice was not
# here is registered on the other one's, until its own is here.
_CHANGED_HALVES = f"""
    SELECT r.number FROM matched m CROSS JOIN run_rows r ON r.id = m.row_id AND r.number <> ''
    CROSS JOIN payments p ON {OURS} AND p.number = r.number AND p.status = '{SETTLED}'
    WHERE p.date <> r.date OR {_OTHERWISE}
"""  # noqa: S608 constants

_CHANGED = "(SELECT value FROM json_each(:changed))"
_ARRIVES = f"({NOT_REGISTERED} OR r.number IN {_CHANGED})"

_CUSTOMER_HERE = "{0}.region || char(10) || {0}.customer_code"

# The import that the row ``r`` is left to, if its invoice is not here but in another region.
_ELSEWHERE = f"CASE WHEN i.id IS NULL THEN {OTHER_IMPORT} END"

# The settings of this import say nothing of a half of another region's invoice.
_IGNORED = f"""
    (r.excluded_reason IN (SELECT value FROM json_each(:ignored)) AND ({_ELSEWHERE}) IS NULL)
        IS TRUE
"""  # noqa: S608 constants

_FIND_CREDITS = f"""
    INSERT INTO credit
    SELECT r.date, substr({_OWN_AMOUNT.format("r")}, 2), r.currency, r.number,
           r.invoice_number, i.id, r.customer, {_CUSTOMER_HERE.format("i")}, 0, {_ELSEWHERE},
           {_IGNORED}
    FROM matched m CROSS JOIN run_rows r ON r.id = m.row_id
    LEFT JOIN invoices i ON i.id = m.invoice_id
    WHERE {_OWN_AMOUNT.format("r")} LIKE '-%' AND r.date IS NOT NULL AND r.number <> ''
    AND r.excluded_reason IS NOT 'unreadable'
    AND (i.id IS NULL OR i.total LIKE '-%') AND {_ARRIVES}
"""  # noqa: S608 constants

_GONE = "SELECT payment_id FROM run_checked WHERE run_id = :run_id AND deleted = 1"

# The halves ``k`` that other regions registered, and that wait for their other halves: those that
# arrive under the number which they settle, and what arrives on the invoice of one that does not.
_WAITING_HALVES = f"""
    SELECT k.* FROM payments k JOIN invoices b ON b.id = k.invoice_id AND b.region <> :region
    WHERE k.import_type = :import_type AND k.company = :company AND k.state = 'registered'
    AND k.settles IS NOT NULL AND k.status = '{SETTLED}'
    AND NOT EXISTS (SELECT 1 FROM payments p WHERE {OURS} AND p.number = k.settles)
"""  # noqa: S608 constants
_HALF_THERE = """
    k.number AS half_number, k.invoice_number AS half_invoice_number,
    COALESCE(u.definition, '') AS half_definition, k.settles AS half_other,
    k.settles_invoice AS half_other_invoice, k.invoice_id
"""
_AWAITED = f"""
    WITH waiting AS MATERIALIZED ({_WAITING_HALVES})
    SELECT r.number, r.excluded_reason, {_HALF_THERE},
           m.invoice_id IS NOT NULL AND r.invoice_number = k.settles_invoice
           AND r.currency = k.currency AND r.booked >= k.booked
           AND CAST({_OWN_AMOUNT.format("r")} AS REAL) = -CAST({_OWN_AMOUNT.format("k")} AS REAL)
           AND k.number NOT IN {_CHANGED} AND k.id NOT IN ({_GONE}) AS alike
    FROM waiting k LEFT JOIN runs u ON u.id = k.run_id
    CROSS JOIN run_rows r ON r.run_id = :run_id AND r.number = k.settles
    CROSS JOIN matched m ON m.row_id = r.id
    WHERE r.deleted = 0 AND r.date IS NOT NULL AND r.excluded_reason IS NOT 'unreadable'
    UNION ALL
    SELECT r.number, r.excluded_reason, {_HALF_THERE}, 0
    FROM waiting k LEFT JOIN runs u ON u.id = k.run_id
    CROSS JOIN run_rows r ON r.run_id = :run_id AND r.invoice_number = k.settles_invoice
    WHERE r.number <> '' AND r.number <> k.settles AND {NOT_REGISTERED}
    AND (r.amount LIKE '-%') <> (k.amount LIKE '-%')
    AND NOT EXISTS (SELECT 1 FROM run_rows q WHERE q.run_id = :run_id AND q.number = k.settles
                    AND q.fetched = 1 AND q.deleted = 0)
"""  # noqa: S608 constants

_LEFT_ALONE = f"""
    SELECT p.number, p.invoice_number, p.settles
    FROM payments p JOIN invoices i ON i.id = p.invoice_id AND i.region = :region
    WHERE {OURS} AND p.settles IS NOT NULL AND p.status = '{SETTLED}'
    AND EXISTS (SELECT 1 FROM invoices o WHERE o.number = p.settles_invoice AND o.region <> :region)
    AND (EXISTS (SELECT 1 FROM payments k WHERE k.import_type = :import_type
                 AND k.company = :company AND k.number = p.settles AND k.state = 'registered'
                 AND k.status <> '{SETTLED}')
         OR EXISTS (SELECT 1 FROM pending q WHERE q.company = :company AND q.number = p.settles
                    AND q.deleted_at IS NOT NULL))
    ORDER BY p.id
"""  # noqa: S608 constants

# Of another day than the deleted half ``p``, and else equal: it settles ``k``, as that did.
_MADE_AGAIN = f"""
    SELECT r.number, k.number AS other, k.invoice_number, k.invoice_id
    FROM run_checked c CROSS JOIN payments p ON p.id = c.payment_id AND {OURS}
        AND p.settles IS NOT NULL AND p.status = '{SETTLED}'
    CROSS JOIN payments k ON k.import_type = :import_type AND k.company = :company
        AND k.number = p.settles AND k.state = 'registered' AND k.status = '{SETTLED}'
        AND k.number NOT IN {_CHANGED} AND k.id NOT IN ({_GONE})
    CROSS JOIN matched m ON m.invoice_id = p.invoice_id
    CROSS JOIN run_rows r ON r.id = m.row_id AND r.invoice_number = p.invoice_number
        AND r.currency = p.currency AND r.booked >= p.booked AND r.write_offs = p.write_offs
        AND CAST({_OWN_AMOUNT.format("r")} AS REAL) = CAST({_OWN_AMOUNT.format("p")} AS REAL)
    WHERE c.run_id = :run_id AND c.deleted = 1 AND k.invoice_id <> p.invoice_id
    AND r.number <> '' AND r.deleted = 0 AND {NOT_REGISTERED}
    ORDER BY p.id, r.date, r.id
"""  # noqa: S608 constants

# As the indexes on amounts have it, of which there is one for SEK.
_AMOUNTS = (("=", "amount"), ("<>", "amount_currency"))

# Of each date and amount ``a``, whose currency is SEK or another one, the first and the last half
# of a settlement that is registered with it: they have their other halves already.
_WITH_HALVES = f"""
    amounts AS MATERIALIZED ({{amounts}}),
    halves AS MATERIALIZED (
        SELECT a.*, min(k.number) AS first, max(k.number) AS last
        FROM amounts a LEFT JOIN payments k ON k.currency {{this}} 'SEK' AND k.currency = a.currency
            AND CAST(k.{{amount}} AS REAL) = a.half AND k.date = a.date AND k.state = 'registered'
            AND k.import_type = :import_type AND k.company = :company AND k.status = '{SETTLED}'
            AND k.id NOT IN ({_GONE})
        GROUP BY a.date, a.currency, a.half)
"""  # noqa: S608 constants

# The credit ``p`` was a half until it alone changed: its other half may change as it did.
_WAS_HALF = f"""
    i.id IS NOT NULL AND EXISTS (
        SELECT 1 FROM payments o WHERE o.import_type = :import_type AND o.company = :company
        AND o.number = p.number AND o.state = 'reversed' AND o.status = '{SETTLED}')
"""  # noqa: S608 constants

# Those whose own other half is not registered any more, or is deleted at the source, or arrives.
_REGISTERED_CREDITS = f"""
    WITH {_WITH_HALVES}
    SELECT p.date, substr({_OWN_AMOUNT.format("p")}, 2), p.currency, p.number,
           p.invoice_number, i.id, p.customer, {_CUSTOMER_HERE.format("i")}, 1, NULL, 0
    FROM halves a CROSS JOIN payments p ON p.currency {{this}} 'SEK' AND p.currency = a.currency
        AND CAST(p.{{amount}} AS REAL) = -a.half AND p.date = a.date AND {OURS}
    LEFT JOIN invoices i ON i.id = p.invoice_id AND i.total LIKE '-%'
    WHERE (p.status = '{SETTLED}' OR {_WAS_HALF})
    AND p.id NOT IN ({_GONE}) AND p.number NOT IN {_CHANGED}
    AND (a.first IS NULL OR a.first = a.last AND EXISTS (
        SELECT 1 FROM run_rows r WHERE r.run_id = :run_id AND r.number = a.first
        AND r.number IN {_CHANGED} AND r.date = a.date AND r.currency = a.currency
        AND CAST(r.{{amount}} AS REAL) = a.half))
"""  # noqa: S608 constants

_ARRIVING_DEBITS = f"""
    SELECT DISTINCT r.date, r.currency, CAST(r.{{amount}} AS REAL) AS half
    FROM matched m CROSS JOIN run_rows r ON r.id = m.row_id AND r.{{amount}} GLOB '[1-9]*'
    WHERE r.currency {{this}} 'SEK' AND {_ARRIVES}
"""  # noqa: S608 constants

_DEBITS_OF_RUN = f"""
    SELECT r.date, {_OWN_AMOUNT.format("r")} AS debit, r.currency, r.number, r.invoice_number,
           i.id AS invoice_id, r.customer, {_CUSTOMER_HERE.format("i")} AS customer_here,
           0 AS registered, {_ELSEWHERE} AS elsewhere, {_IGNORED} AS ignored, NULL AS only_for
    FROM matched m CROSS JOIN run_rows r ON r.id = m.row_id
    LEFT JOIN invoices i ON i.id = m.invoice_id
    WHERE r.number <> '' AND EXISTS (
        SELECT 1 FROM credit c WHERE c.date = r.date AND c.debit = {_OWN_AMOUNT.format("r")}
        AND c.currency = r.currency)
    AND r.excluded_reason IS NOT 'unreadable'
    AND (i.id IS NULL OR i.total NOT LIKE '-%') AND {_ARRIVES}
"""  # noqa: S608 constants

_ARRIVING_CREDITS = """
    SELECT DISTINCT date, currency, debit, -CAST(debit AS REAL) AS half FROM credit
    WHERE registered = 0 AND currency {this} 'SEK'
"""

_REGISTERED_DEBITS = f"""
    WITH {_WITH_HALVES}
    SELECT p.date, a.debit, p.currency, p.number, p.invoice_number, i.id AS invoice_id,
           COALESCE(p.customer, (SELECT b.customer FROM run_balances b
                                 WHERE b.run_id = :run_id AND b.invoice_id = p.invoice_id))
               AS customer,
           {_CUSTOMER_HERE.format("i")} AS customer_here, 1 AS registered, NULL AS elsewhere,
           0 AS ignored, a.first AS only_for
    FROM halves a CROSS JOIN payments p ON p.currency {{this}} 'SEK' AND p.currency = a.currency
        AND CAST(p.{{amount}} AS REAL) = -a.half AND p.date = a.date AND {OURS}
    JOIN invoices i ON i.id = p.invoice_id AND i.total NOT LIKE '-%'
    WHERE (a.first IS NULL OR a.first = a.last) AND p.number NOT IN {_CHANGED}
    AND p.id NOT IN ({_GONE})
"""  # noqa: S608 constants


_IS_SET_ASIDE = f"""
    EXISTS (SELECT 1 FROM decisions d WHERE d.definition = {{0}} AND d.company = :company
            AND d.number = {{1}} AND d.decision = '{SET_ASIDE}' AND {IN_FORCE})
"""  # noqa: S608 constants

# The other half ``r`` in the imports of the region that its invoice is of: whether it is
# registered, or could be saved at the last save of one but for this half, and what was said of it.
_STATES_THERE = f"""
    SELECT d.name, q.message_sv, q.message_en, q.obstacle,
           {_IS_SET_ASIDE.format("q.definition", "r.number")} AS set_aside,
           EXISTS (SELECT 1 FROM payments p WHERE {OURS} AND p.number = r.number)
               OR q.obstacle = '{OTHER_REGION_FIRST}'
               AND NOT {_IS_SET_ASIDE.format("q.definition", "r.number")}
               AND NOT {_IS_SET_ASIDE.format(":definition", ":half")} AS can_be_saved
    FROM run_rows r CROSS JOIN definitions d ON {IS_OTHER_IMPORT}
    LEFT JOIN pending q ON q.definition = d.name AND q.company = :company AND q.number = r.number
        AND q.deleted_at IS NULL
    WHERE r.run_id = :run_id AND r.number = :other
    ORDER BY q.number IS NULL, d.name
"""  # noqa: S608 constants


def _for_each_amount(query: str, amounts: str) -> str:
    """Write a query for amounts in SEK, and for those in another currency."""
    both = (
        query.format(this=this, amount=amount, amounts=amounts.format(this=this, amount=amount))
        for this, amount in _AMOUNTS
    )
    return " UNION ALL ".join(f"SELECT * FROM ({one})" for one in both)  # noqa: S608 constants


_FIND_REGISTERED_CREDITS = "INSERT OR IGNORE INTO credit " + _for_each_amount(
    _REGISTERED_CREDITS, _ARRIVING_DEBITS
)
_DEBITS_REGISTERED = _for_each_amount(_REGISTERED_DEBITS, _ARRIVING_CREDITS)

# Of a registered half ``p`` of which only the date changed, the half ``k`` that it settles here.
_REDATED = _for_each_amount(
    f"""
    SELECT r.number, k.number AS other, k.invoice_number, k.invoice_id,
           m.invoice_id IS NOT NULL AND k.invoice_number = o.number AS complete
    FROM json_each(:changed) h CROSS JOIN run_rows r ON r.run_id = :run_id AND r.number = h.value
    CROSS JOIN matched m ON m.row_id = r.id
    CROSS JOIN payments p ON {OURS} AND p.number = r.number AND p.status = '{SETTLED}'
    CROSS JOIN payments k ON k.currency {{this}} 'SEK' AND k.currency = p.currency
        AND CAST(k.{{amount}} AS REAL) = -CAST(p.{{amount}} AS REAL) AND k.date = p.date
        AND k.state = 'registered' AND k.import_type = :import_type AND k.company = :company
        AND k.status = '{SETTLED}' AND k.number NOT IN {_CHANGED} AND k.id NOT IN ({_GONE})
    JOIN invoices i ON i.id = p.invoice_id JOIN invoices o ON o.id = k.invoice_id
    WHERE ({_OTHERWISE}) IS NOT TRUE
    AND (k.customer = p.customer
         OR (o.region, o.customer_code) = (i.region, i.customer_code))
    """,  # noqa: S608 constants
    "",
)
