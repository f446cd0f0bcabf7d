"""The rows of a run beside their invoices, those that need no thought apart from the others.

Most payments are the only one of their invoice, and nobody ever said anything
about them. What :func:`hostsim.ledger.matching.judge` says of such a payment can be
said by the database, for all of them at once. Every doubt, however small,
leaves a row to ``judge``; that the two never differ is held by a test.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

from hostsim.ledger import decisions
from hostsim.ledger.decisions import Gone, OtherWay, Twin
from hostsim.ledger.matching import WARNINGS
from hostsim.ledger.values import EXACT, Decision
from hostsim.storage import checks
from hostsim.storage import decisions as storage_decisions
from hostsim.storage.checks import Settlements
from hostsim.storage.rows import OLDEST_FIRST, PAYMENT_COLUMNS, payment_of
from hostsim.storage.store import Store
from opter_contract import BATCH


class Plain(NamedTuple):
    """A payment that is ready: alone it pays its invoice, a part of it, or more than it."""

    row_id: int
    invoice_id: int
    status: str  # exact, partial or advance
    warning_sv: str | None
    warning_en: str | None
    amount: str  # SEK, and its effect
    remaining: str  # SEK; what then remains of the invoice
    as_shown: bool  # it was judged so before, and was written down


@dataclass(frozen=True, slots=True)
class Which:
    """Whose rows are sorted out."""

    import_type: str
    company: str
    region: str
    run_id: str
    definition: str


@dataclass(frozen=True, slots=True)
class Sorted:
    """The rows of a run as they are committed when this is made."""

    db: sqlite3.Connection
    values: Mapping[str, Any]  # what the queries of the run need
    gone: Mapping[str, tuple[Gone, ...]]  # by payment number, what it may replace
    not_asked: Mapping[str, tuple[Gone, ...]]  # the same, that could not be asked after
    changed: Mapping[str, tuple[Gone, ...]]  # of its invoice, what changed at the source
    settlements: Settlements
    nothing_left: Collection[int]  # invoices of which nothing remains where payments come from
    _twins: dict[int, Twin | None] = field(default_factory=dict)  # by payment, once looked at

    def plain(self) -> Iterator[Sequence[Plain]]:
        """Give the plain payments, in batches."""
        rows = map(Plain._make, self.db.cursor().execute(_PLAIN_ROWS))
        while batch := list(itertools.islice(rows, BATCH)):
            yield batch

    def others(self) -> Iterator[sqlite3.Row]:
        """Give all others beside what decides about them, by invoice, the oldest first."""
        yield from self._rows(_OTHERS, self.values)

    def other_ways(self, rows: Sequence[sqlite3.Row]) -> Sequence[OtherWay]:
        """Give what was registered by another way on the invoice of these rows, near their days."""
        if not rows[0]["other_ways"]:
            return ()
        import_type, company = self.values["import_type"], self.values["company"]
        return storage_decisions.other_ways(self.db, import_type, company, rows[0]["inv_id"])

    def twins(self, rows: Sequence[sqlite3.Row]) -> list[Twin]:
        """Give what was registered by another way on other invoices of the customer.

        Only amounts of these rows of one invoice, and only what no payment of the run's
        import type and company explains there.
        """
        if not any(row["twins"] for row in rows):
            return []
        days = [row["date"] for row in rows if row["date"]]
        amounts = [row[name] for row in rows for name in ("amount", "amount_currency") if row[name]]
        values = {
            "region": rows[0]["inv_region"],
            "customer": rows[0]["inv_customer_code"],
            "invoice_id": rows[0]["inv_id"],
            "amounts": json.dumps(amounts),
            "first": min(days),
            "last": max(days),
            "near": decisions.NEAR,
        }
        twins = []
        for row in self._rows(_TWINS, values):
            if row["id"] not in self._twins:
                self._twins[row["id"]] = self._unexplained(row)
            twins.append(self._twins[row["id"]])
        return [twin for twin in twins if twin is not None]

    def _unexplained(self, row: sqlite3.Row) -> Twin | None:
        import_type, company = self.values["import_type"], self.values["company"]
        invoice_id = row["invoice_id"]
        others = storage_decisions.other_ways(self.db, import_type, company, invoice_id)
        values = {"import_type": import_type, "company": company, "invoice_id": invoice_id}
        own = {r["number"]: payment_of(r, company) for r in self._rows(_OWN, values)}
        known = [(place, one) for place, one in enumerate(own.values()) if one is not None]
        explained = {several[0].id for several in decisions.paired(known, {}, others).values()}
        if row["id"] in explained:
            return None
        with localcontext(EXACT):
            after = self._rows(_EFFECTS, {"invoice_id": invoice_id, "id": row["id"]})
            taken = sum((Decimal(one["effect"]) for one in after), Decimal(0))
            before = Decimal(row["inv_remaining"]) + taken
        given_back = not taken or (taken < 0) != (Decimal(row["effect"]) < 0)
        if given_back:
            return None
        return Twin(
            storage_decisions.other_way_of(row), row["inv_number"], before, row["inv_currency"]
        )

    def _rows(self, query: str, values: Mapping[str, object]) -> Iterator[sqlite3.Row]:
        cursor = self.db.cursor()
        cursor.row_factory = sqlite3.Row
        return iter(cursor.execute(query, values))


@contextmanager
def sorted_out(
    store: Store,
    which: Which,
    *,
    series: Sequence[Decision] = (),
    touched: Collection[int] = (),
    apart: bool = True,
) -> Iterator[Sorted]:
    """Sort out the rows of a run, on a connection of its own.

    :param series: the invoice numbers that a person set aside.
    :param touched: invoices of which something else remains than what they say.
    :param apart: ``False`` leaves every row among the others.
    """
    with store.reader() as db:
        db.create_function(
            "in_series", 1, lambda number: decisions.in_series(series, number) is not None
        )
        values = asdict(which)
        # One moment for all that is read, whoever changes what meanwhile.
        db.execute("BEGIN")
        db.execute(_MET)
        db.execute(_MEET, values)
        db.execute("CREATE INDEX met_by_invoice ON met (invoice_id)")
        db.execute(_OTHER_WAYS)
        db.execute(_FIND_OTHER_WAYS, values)
        db.execute("CREATE INDEX other_ways_by_invoice ON other_ways (invoice_id)")
        db.execute("CREATE INDEX other_ways_by_customer ON other_ways (customer, region, amount)")
        db.execute(_PLAIN)
        db.execute("CREATE TEMP TABLE said (status TEXT PRIMARY KEY, sv TEXT, en TEXT)")
        db.executemany("INSERT INTO said VALUES (?, ?, ?)", _SAID)
        gone = checks.gone_by_number(db, values)
        not_asked = checks.not_asked_by_number(db, values)
        changed = checks.changed_by_number(db, values)
        settlements = checks.settlements(db, values)
        if apart:
            without_series = "" if series else "--"
            find = _FIND_PLAIN.format(in_series=without_series, twin=_TWIN)
            deviation = int(store.accepted_deviation * 100)
            special = {
                "touched": json.dumps(sorted(touched)),
                "special": json.dumps([*gone, *not_asked, *changed, *settlements.by_number]),
            }
            db.execute(find, {**values, **special, "deviation": deviation})
        nothing_left = {row["invoice_id"] for row in db.execute(_NOTHING_LEFT, values)}
        yield Sorted(db, values, gone, not_asked, changed, settlements, nothing_left)


# --- SQL --------------------------------------------------------------------

_MET = "CREATE TEMP TABLE met (row_id INTEGER PRIMARY KEY, invoice_id INTEGER)"

# By number in the definition's region; else by an OCR that exactly one invoice there holds,
# and exactly one where the payments come from.
_MEET = """
    INSERT INTO met SELECT r.id, COALESCE(
        (SELECT id FROM invoices WHERE region = :region AND number = r.invoice_number),
        (SELECT CASE WHEN count(*) = 1 THEN min(id) END
         FROM invoices WHERE region = :region AND ocr = r.ocr AND r.ocr <> ''
         AND NOT EXISTS (SELECT 1 FROM run_rows o WHERE o.run_id = r.run_id AND o.ocr = r.ocr
                         AND o.ocr <> '' AND o.invoice_number <> r.invoice_number)
         AND NOT EXISTS (SELECT 1 FROM payments o WHERE o.import_type = :import_type
                         AND o.company = :company AND o.ocr = r.ocr
                         AND o.ocr <> '' AND o.invoice_number <> r.invoice_number)))
    FROM run_rows r WHERE r.run_id = :run_id AND r.gone = 0
"""

# Payments by another way, of the days around those of the run; each once by its SEK, and once
# by the amount in its currency. The index finds them without the millions that came this way.
_OTHER_WAYS = """
    CREATE TEMP TABLE other_ways (payment_id INTEGER, invoice_id INTEGER, region TEXT,
                                  customer TEXT, day REAL, amount REAL)
"""
_FIND_OTHER_WAYS = f"""
    INSERT INTO other_ways
    WITH days AS (
        SELECT julianday(min(date)) - {decisions.NEAR} AS first,
               julianday(max(date)) + {decisions.NEAR} AS last
        FROM run_rows WHERE run_id = :run_id),
    others AS (
        SELECT id FROM payments WHERE state = 'registered' AND import_type IS NULL
        UNION ALL SELECT id FROM payments WHERE state = 'registered' AND import_type < :import_type
        UNION ALL SELECT id FROM payments WHERE state = 'registered' AND import_type > :import_type
        UNION ALL SELECT id FROM payments
        WHERE state = 'registered' AND import_type = :import_type AND company < :company
        UNION ALL SELECT id FROM payments
        WHERE state = 'registered' AND import_type = :import_type AND company > :company),
    near AS (
        SELECT p.id, p.invoice_id, julianday(p.date) AS day, p.amount, p.amount_currency
        FROM days CROSS JOIN others CROSS JOIN payments p ON p.id = others.id
        WHERE julianday(p.date) BETWEEN days.first AND days.last)
    SELECT n.id, i.id, i.region, i.customer_code, n.day, CAST(n.amount AS REAL)
    FROM near n CROSS JOIN invoices i ON i.id = n.invoice_id
    UNION
    SELECT n.id, i.id, i.region, i.customer_code, n.day, CAST(n.amount_currency AS REAL)
    FROM near n CROSS JOIN invoices i ON i.id = n.invoice_id WHERE n.amount_currency IS NOT NULL
"""  # noqa: S608 a constant

# What may be the payment ``r`` of the invoice ``i``, on another invoice of the customer.
_TWIN = f"""
    SELECT 1 FROM other_ways o
    WHERE o.customer = i.customer_code AND o.region = i.region AND o.customer <> ''
    AND o.amount IN (CAST(r.amount AS REAL), CAST(r.amount_currency AS REAL))
    AND o.invoice_id <> i.id AND abs(o.day - julianday(r.date)) <= {decisions.NEAR}
"""  # noqa: S608 a constant

_TWINS = """
    SELECT p.*, u.definition, b.number AS inv_number, b.remaining AS inv_remaining,
           b.currency AS inv_currency
    FROM payments p JOIN invoices b ON b.id = p.invoice_id LEFT JOIN runs u ON u.id = p.run_id
    WHERE p.id IN (
        SELECT payment_id FROM other_ways o
        WHERE o.customer = :customer AND o.region = :region AND o.invoice_id <> :invoice_id
        AND o.amount IN (SELECT CAST(value AS REAL) FROM json_each(:amounts))
        AND o.day BETWEEN julianday(:first) - :near AND julianday(:last) + :near)
    ORDER BY p.id
"""

# The payments of the run's import type and company on an invoice; as they are there now, last.
_OWN = f"""
    SELECT {PAYMENT_COLUMNS} FROM payments
    WHERE invoice_id = :invoice_id AND state = 'registered'
    AND import_type = :import_type AND company = :company
    UNION ALL
    SELECT {PAYMENT_COLUMNS} FROM run_rows
    WHERE id IN (SELECT row_id FROM met WHERE invoice_id = :invoice_id)
    AND number <> '' AND date IS NOT NULL
"""  # noqa: S608 constants

_EFFECTS = """
    SELECT effect FROM payments
    WHERE invoice_id = :invoice_id AND id >= :id AND state <> 'deleted'
"""

_PLAIN = """
    CREATE TEMP TABLE plain (row_id INTEGER PRIMARY KEY, status TEXT, remaining INTEGER)
"""  # remaining: öre

_SAID = [("exact", None, None), *((status, *WARNINGS[status]) for status in ("partial", "advance"))]

# The amount is text with two decimals and greater than nothing, what remains is text with two
# or fewer, neither longer than a whole number of öre can hold: no arithmetic here can round.
# A shortfall that the office may write off is left to the rules.
_FIND_PLAIN = """
    INSERT INTO plain
    SELECT row_id,
           CASE WHEN ore = due THEN 'exact' WHEN ore > due THEN 'advance' ELSE 'partial' END,
           due - ore
    FROM (
        SELECT r.id AS row_id, CAST(replace(r.amount, '.', '') AS INTEGER) AS ore,
               CAST(CASE WHEN i.remaining GLOB '*.[0-9][0-9]' THEN replace(i.remaining, '.', '')
                         WHEN i.remaining GLOB '*.[0-9]' THEN replace(i.remaining, '.', '') || '0'
                         ELSE i.remaining || '00' END AS INTEGER) AS due
        FROM (SELECT min(row_id) AS row_id, invoice_id FROM met WHERE invoice_id IS NOT NULL
              GROUP BY invoice_id HAVING count(*) = 1) m
        CROSS JOIN run_rows r ON r.id = m.row_id
        CROSS JOIN invoices i ON i.id = m.invoice_id
        WHERE r.fresh = 1 AND r.number <> '' AND r.date IS NOT NULL AND r.given_reason IS NULL
        AND r.currency = 'SEK' AND r.write_offs = '[]' AND r.warnings = '[]'
        AND r.amount GLOB '[0-9]*.[0-9][0-9]' AND r.amount NOT GLOB '*[^0-9.]*'
        AND r.amount GLOB '*[1-9]*' AND length(r.amount) <= 16
        AND i.currency = 'SEK' AND i.period_closed = 1 AND i.total NOT LIKE '-%'
        AND (i.remaining GLOB '[0-9]*.[0-9][0-9]' OR i.remaining GLOB '[0-9]*.[0-9]'
             OR i.remaining NOT LIKE '%.%')
        AND i.remaining NOT GLOB '*[^0-9.]*'
        AND i.remaining GLOB '*[1-9]*' AND length(i.remaining) <= 16
        AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.import_type = :import_type
                        AND p.company = :company AND p.number = r.number)
        AND NOT EXISTS (SELECT 1 FROM other_ways o WHERE o.invoice_id = i.id)
        AND NOT EXISTS ({twin})
        AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.definition = :definition
                        AND d.company = :company AND d.number = r.number AND d.taken_back_at IS NULL
                        AND d.settled_at IS NULL)
        AND i.id NOT IN (SELECT value FROM json_each(:touched))
        AND r.number NOT IN (SELECT value FROM json_each(:special))
        {in_series} AND NOT in_series(r.invoice_number)
    )
    WHERE due <= ore OR due - ore > :deviation
"""

_NOTHING_LEFT = """
    SELECT invoice_id FROM run_balances
    WHERE run_id = :run_id AND booked = 1 AND cancelled = 0 AND balance NOT GLOB '*[1-9]*'
"""

_PLAIN_ROWS = """
    SELECT r.id, m.invoice_id, p.status, s.sv, s.en, r.amount,
           printf('%s%d.%02d', iif(p.remaining < 0, '-', ''), abs(p.remaining) / 100,
                  abs(p.remaining) % 100),
           r.kind IS 'ready' AND r.invoice_id IS m.invoice_id AND r.status IS p.status
           AND r.warning_sv IS s.sv AND r.warning_en IS s.en AND r.reason IS NULL
           AND r.message_sv IS NULL AND r.message_en IS NULL AND r.written_off IS '0'
           AND r.effect IS r.amount
    FROM plain p CROSS JOIN met m ON m.row_id = p.row_id
    CROSS JOIN run_rows r ON r.id = p.row_id
    CROSS JOIN said s ON s.status = p.status
"""

_REGISTERED_COLUMNS = ", ".join(f"p.{name} AS reg_{name}" for name in PAYMENT_COLUMNS.split(", "))

_INVOICE_COLUMNS = ", ".join(
    f"i.{name} AS inv_{name}"
    for name in (
        "id",
        "region",
        "number",
        "ocr",
        "customer_code",
        "customer_name",
        "currency",
        "total",
        "remaining",
        "invoice_date",
        "due_date",
        "period_closed",
    )
)

_OTHERS = f"""
    SELECT r.*, p.id AS reg_id, {_REGISTERED_COLUMNS}, {_INVOICE_COLUMNS},
           {storage_decisions.DECISION_COLUMNS}, x.deleted_by AS del_by, x.deleted_at AS del_at,
           x.deleted_why AS del_why,
           EXISTS (SELECT 1 FROM other_ways o WHERE o.invoice_id = i.id) AS other_ways,
           EXISTS ({_TWIN}) AS twins
    FROM met m
    CROSS JOIN run_rows r ON r.id = m.row_id
    LEFT JOIN payments p ON p.import_type = :import_type AND p.company = :company
        AND p.number = r.number AND p.state = 'registered'
    LEFT JOIN payments x ON p.id IS NULL AND x.id = (
        SELECT max(id) FROM payments
        WHERE import_type = :import_type AND company = :company AND number = r.number
        AND state = 'deleted')
    LEFT JOIN decisions d ON d.definition = :definition AND d.company = :company
        AND d.number = r.number AND d.taken_back_at IS NULL AND d.settled_at IS NULL
    LEFT JOIN invoices i ON i.id = m.invoice_id
    WHERE m.row_id NOT IN (SELECT row_id FROM plain)
    ORDER BY i.id, {OLDEST_FIRST.format("r")}, r.id
"""  # noqa: S608 constants
