"""Everything there beside everything here, after the fact.

An import sees what was added or changed. That a payment was deleted where it
came from shows nowhere, so now and then a person compares all: the plug-in
reads every payment that exists, the host lays them beside its registered
ones, and each difference is told with its way. Nothing is registered.

What is read goes into the database as an import's does, and is streamed from
there; in memory stand sums by day and currency only.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import NamedTuple

from hostsim.ledger import decision_rules, matching
from hostsim.ledger.decision_rules import KEEP, SET_ASIDE
from hostsim.ledger.matching import EXACT, IGNORED_REASONS, READY, ZERO, Refusal
from hostsim.ledger.values import SEK, Decision
from hostsim.messages import texts
from hostsim.messages.texts import Difference
from hostsim.plugins.session import LiveRun
from hostsim.storage import decision_store
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.rows import OLDEST_FIRST, PAYMENT_COLUMNS, payment_of, text_of
from hostsim.storage.store import Store
from opter_contract import BATCH
from opter_contract.values import Company, Payment, Text

EQUAL = "equal"
DIFFERS = "differs"
ONLY_IN_FORTNOX = "only-in-fortnox"
ONLY_IN_HOST = "only-in-host"
#: What becomes of a payment in a comparison: exactly one of these.
KINDS = (EQUAL, DIFFERS, ONLY_IN_FORTNOX, ONLY_IN_HOST)

UNREADABLE = "unreadable"
IN_PREVIEW = Refusal(
    "in-preview",
    Text(
        "Inläst men inte sparad; spara med hostsim save",
        "Brought in but not saved; save with hostsim save",
    ),
)
AT_NEXT_IMPORT = Refusal(
    "at-next-import",
    Text(
        "Inte inläst än; läs in med hostsim import",
        "Not brought in yet; bring it in with hostsim import",
    ),
)
DELETED = Refusal(
    "deleted-in-fortnox",
    Text(
        "Registrerad här, men finns inte längre där den kom ifrån; kontrollera fakturan",
        "Registered here, but no longer where it came from; check the invoice",
    ),
)
DELETED_OR_UNREADABLE = Refusal(
    "deleted-or-unreadable",
    Text(
        "Registrerad här; där den kom ifrån är den borttagen, eller en av dem vars nummer inte "
        "går att läsa",
        "Registered here; where it came from it was deleted, or is one of those whose number "
        "cannot be read",
    ),
)
CHANGED = "changed-in-fortnox"
KEPT = "kept-difference"

#: These were said of a payment as it was then; a whole reading knows better.
_OUTDATED = frozenset({"before-date", "below-number", "not-booked", UNREADABLE})

_FIELDS = {
    texts.AMOUNT: "amount",
    texts.CURRENCY: "currency",
    texts.AMOUNT_CURRENCY: "amount_currency",
    texts.PAYMENT_DATE: "payment_date",
    texts.INVOICE_NUMBER: "invoice_number",
    texts.BOOKED: "booked",
    texts.WRITE_OFFS: "write_offs",
}


# --- Comparing, without I/O --------------------------------------------------


@dataclass(frozen=True, slots=True)
class Side:
    """A payment as one of the two sides has it; ``None`` is what could not be read."""

    invoice_number: str | None
    date: date | None
    amount: Decimal | None  # SEK
    currency: str | None
    amount_currency: Decimal | None
    booked: bool | None
    written_off: Decimal = ZERO  # SEK

    @property
    def sek(self) -> Decimal:
        """What it counts in SEK; what is unknown counts nothing."""
        return ZERO if self.amount is None else self.amount

    @property
    def in_currency(self) -> Decimal:
        """What it counts in its currency; what is unknown counts nothing."""
        if self.currency == SEK:
            return self.sek
        return ZERO if self.amount_currency is None else self.amount_currency


@dataclass(frozen=True, slots=True)
class Finding:
    """One payment on which the two sides do not agree, and why."""

    kind: str
    payment_number: str
    way: str
    message: Text
    fortnox: Side | None
    host: Side | None
    fields: tuple[str, ...] = ()  # that differ


@dataclass(slots=True)
class Sum:
    """How many payments, their SEK, and what they are in their own currency."""

    number: int = 0
    sek: Decimal = ZERO
    amount: Decimal = ZERO

    def add(self, side: Side) -> None:
        """Count one payment more."""
        self.add_all(Sum(1, side.sek, side.in_currency))

    def add_all(self, other: Sum) -> None:
        """Count what another sum holds."""
        with localcontext(EXACT):
            self.number += other.number
            self.sek += other.sek
            self.amount += other.amount

    def without(self, other: Sum) -> Sum:
        """Give the difference."""
        with localcontext(EXACT):
            return Sum(self.number - other.number, self.sek - other.sek, self.amount - other.amount)


@dataclass(slots=True)
class Pair:
    """The sums of both sides."""

    fortnox: Sum = field(default_factory=Sum)
    host: Sum = field(default_factory=Sum)

    def add(self, there: Side | None, here: Side | None) -> None:
        """Count a payment on the sides that have it."""
        if there is not None:
            self.fortnox.add(there)
        if here is not None:
            self.host.add(here)

    def add_all(self, other: Pair) -> None:
        """Count what another pair holds."""
        self.fortnox.add_all(other.fortnox)
        self.host.add_all(other.host)

    @property
    def difference(self) -> Sum:
        """Fortnox less the host."""
        return self.fortnox.without(self.host)

    @property
    def agrees(self) -> bool:
        """Whether number and money are the same on both sides."""
        return self.fortnox == self.host


class Totals:
    """Sums by kind, by currency and by day. A day counts each side by its own date."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], Pair] = {}
        self._days: dict[tuple[date | None, str], Pair] = {}

    def add(self, kind: str, there: Side | None, here: Side | None) -> None:
        """Count one payment; a currency or day that is unknown is one of its own."""
        for fortnox, host in ((there, None), (None, here)):
            side = fortnox or host
            if side is None:
                continue
            currency = side.currency or ""
            self._kinds.setdefault((kind, currency), Pair()).add(fortnox, host)
            self._days.setdefault((side.date, currency), Pair()).add(fortnox, host)

    def kind(self, kind: str) -> Pair:
        """Give the sums of one kind; ``amount`` adds currencies up and means nothing."""
        return _added(pair for (its, _), pair in self._kinds.items() if its == kind)

    def count(self, kind: str) -> int:
        """Count the payments of one kind; one that both sides have counts once."""
        pair = self.kind(kind)
        return max(pair.fortnox.number, pair.host.number)

    @property
    def all(self) -> Pair:
        """The sums of all; ``amount`` adds currencies up and means nothing."""
        return _added(self._kinds.values())

    @property
    def currencies(self) -> dict[str, Pair]:
        """The sums by currency, SEK first; ``""`` is an unknown one and last."""
        names = sorted({its for _, its in self._kinds}, key=_sek_first)
        return {
            name: _added(pair for (_, its), pair in self._kinds.items() if its == name)
            for name in names
        }

    @property
    def days(self) -> dict[tuple[date | None, str], Pair]:
        """The sums by payment date and currency, oldest first; an unknown date is last."""
        order = sorted(
            self._days, key=lambda key: (key[0] is None, key[0] or date.min, _sek_first(key[1]))
        )
        return {key: self._days[key] for key in order}

    def check(self, sides: Pair, currencies: dict[str, Pair]) -> None:
        """Prove that the kinds, and the days, add up to what each side has.

        :param sides: what was counted over again, another way.
        :param currencies: the same, by currency.
        """
        by_day: dict[str, Pair] = {}
        for (_, currency), pair in self._days.items():
            by_day.setdefault(currency, Pair()).add_all(pair)
        if self.all != sides or not self.currencies == by_day == currencies:
            message = f"{sides} were read, but {self.all} compared"
            raise RuntimeError(message)


def way_to_the_host(
    screened: Refusal | None,
    shown: tuple[str | None, Refusal | None],
    pending: Refusal | None,
    deleted: Refusal | None = None,
) -> Refusal:
    """Say why the host lacks a payment that the other system has.

    :param screened: what today's settings say.
    :param shown: where it stands in the open preview, and why.
    :param pending: why it was rejected when a run was saved.
    :param deleted: who deleted it here.
    """
    kind, refusal = shown
    if screened is not None and (deleted is None or screened.reason in IGNORED_REASONS):
        return screened
    if kind == READY:
        return IN_PREVIEW
    if deleted is not None:
        return deleted
    for earlier in (refusal, pending):
        if earlier is not None and earlier.reason not in _OUTDATED:
            return earlier
    return AT_NEXT_IMPORT


def _sek_first(currency: str) -> tuple[bool, bool, str]:
    return currency != SEK, not currency, currency


def _added(pairs: Iterable[Pair]) -> Pair:
    together = Pair()
    for pair in pairs:
        together.add_all(pair)
    return together


def _written_off(payment: Payment) -> Decimal:
    with localcontext(EXACT):
        return sum((row.amount for row in payment.write_offs), ZERO)


# --- While the plug-in reads -------------------------------------------------


class FullRun(LiveRun):
    """A run that reads everything: nothing of earlier runs is offered or confirmed."""

    def payments_to_confirm(self, company: Company) -> list[str]:
        """Ask for nothing."""
        self._check_company([company.number], company.name)
        return []

    def known_invoices(self, numbers: Sequence[str]) -> Collection[str]:
        """Say that no OCR reference has to be looked up."""
        return list(numbers)

    def _offer_again(self, company: str) -> None:
        """Leave what earlier runs rejected where it is."""

    def explain(self, company: str) -> None:
        """Write down why the host lacks what only Fortnox has."""
        store, run_id = self._import_run.store, self._import_run.run_id
        last = 0
        while rows := self._lacking(company, last):
            last = rows[-1]["id"]
            payments = [p for row in rows if (p := payment_of(row, company)) is not None]
            series = decision_store.series_in_force(store.db, self.run.definition, company)
            ways = [
                _unless_set_aside(row, series, _way(row, screened))
                for row, screened in zip(rows, self._screened(payments), strict=True)
            ]
            with store.change() as db:
                db.executemany(
                    "UPDATE run_rows SET excluded_reason = ?, excluded_sv = ?, excluded_en = ?"
                    " WHERE id = ? AND run_id = ?",
                    [
                        (way.reason, *way.message, row["id"], run_id)
                        for row, way in zip(rows, ways, strict=True)
                    ],
                )

    def _lacking(self, company: str, after: int) -> list[sqlite3.Row]:
        return self._import_run.store.db.execute(
            _LACKING,
            {
                "company": company,
                "import_type": self.run.import_type,
                "run": self._import_run.run_id,
                "definition": self.run.definition,
                "after": after,
                "batch": BATCH,
            },
        ).fetchall()


def _way(row: sqlite3.Row, screened: Refusal | None) -> Refusal:
    deleted = None
    if row["del_at"] is not None:
        who = texts.by_whom(row["del_by"], datetime.fromisoformat(row["del_at"]), row["del_why"])
        deleted = Refusal(decision_rules.DELETED, texts.deleted_here(who))
    payment = payment_of(row, "")
    if screened is None and payment is not None and matching.is_nothing(payment):
        return Refusal(matching.NO_AMOUNT, texts.NO_AMOUNT)
    shown = row["shown_kind"], _said(row, "shown")
    return way_to_the_host(screened, shown, _said(row, "q"), deleted)


def _unless_set_aside(row: sqlite3.Row, series: Sequence[Decision], way: Refusal) -> Refusal:
    """Say that a person set a payment aside, if that is what keeps it out of sight."""
    if way is IN_PREVIEW or way.reason in IGNORED_REASONS:
        return way
    decision = None if row["dec_id"] is None else decision_store.decision_of(row, "dec_")
    if decision is None or decision.decision != SET_ASIDE:
        lost = way.reason == "invoice-not-found"
        decision = decision_rules.in_series(series, row["invoice_number"]) if lost else None
    if decision is None:
        return way
    who = texts.by_whom(decision.user, decision.at, decision.why)
    return Refusal(SET_ASIDE, texts.set_aside(who, way.message))


def _said(row: sqlite3.Row, which: str) -> Refusal | None:
    message = text_of(row[f"{which}_sv"], row[f"{which}_en"])
    reason = row[f"{which}_reason"]
    return None if reason is None or message is None else Refusal(reason, message)


# --- Afterwards --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Both sides compared. The findings are read from the database."""

    definition: str
    company: Company
    requests: int
    totals: Totals
    _store: Store = field(repr=False, compare=False)
    _run_id: str = field(repr=False, compare=False)
    _last: int = field(repr=False, compare=False)

    def findings(self, kind: str) -> Iterator[Finding]:
        """Give the payments of one kind of difference, oldest first."""
        if not self.totals.count(kind):
            return
        which = _which(self._store, self.definition, self.company, self._run_id, self._last)
        if kind == ONLY_IN_HOST:
            way = DELETED_OR_UNREADABLE if self._nameless() else DELETED
            for row in self._store.stream(_GONE, which):
                yield _finding_here(row, way)
            return
        for compared in _compared(self._store, which, here=kind != ONLY_IN_FORTNOX):
            if compared.kind == kind:
                yield _finding(compared)

    def _nameless(self) -> bool:
        query = "SELECT 1 FROM run_rows WHERE run_id = ? AND number = ''"
        return self._store.db.execute(query, (self._run_id,)).fetchone() is not None

    def close(self) -> None:
        """Throw away what was read; the sums stay."""
        with self._store.change() as db:
            db.execute("DELETE FROM run_rows WHERE run_id = ?", (self._run_id,))


class _Compared(NamedTuple):
    """A payment that Fortnox has, and the registered one with its number."""

    kind: str
    row: sqlite3.Row
    differences: Sequence[Difference]


def begin(import_run: ImportRun, user: str, at: datetime) -> None:
    """Begin a run that compares; clear away what an earlier one left when it died."""
    with import_run.store.change() as db:
        import_run.begin(user, at)
        db.execute(
            "DELETE FROM run_rows WHERE run_id IN"
            " (SELECT id FROM runs WHERE definition = ? AND state = 'reconciled')",
            (import_run.definition.name,),
        )


def compare(import_run: ImportRun, company: Company, requests: int, at: datetime) -> Reconciliation:
    """Compare what was read with what is registered, and end the run."""
    store, run_id = import_run.store, import_run.run_id
    # What is registered from now on, by another import of the company, is not compared.
    last = store.db.execute("SELECT COALESCE(max(id), 0) FROM payments").fetchone()[0]
    which = _which(store, import_run.definition.name, company, run_id, last)
    totals = Totals()
    for kind, row, _ in _compared(store, which):
        here = None if row["reg_number"] is None else _side(row, "reg_")
        totals.add(kind, _side(row), here)
    for row in store.stream(_GONE, which):
        totals.add(ONLY_IN_HOST, None, _side(row))
    totals.check(*_counted_again(store, which))
    counts = {kind: totals.count(kind) for kind in KINDS}
    with store.change() as db:
        db.execute(
            "UPDATE runs SET state = 'reconciled', company = ?, company_name = ?, requests = ?,"
            " counts = ?, finished_at = ? WHERE id = ?",
            (
                company.number,
                company.name,
                requests,
                json.dumps(counts),
                at.isoformat(),
                run_id,
            ),
        )
    return Reconciliation(
        import_run.definition.name, company, requests, totals, store, run_id, last
    )


def _which(
    store: Store, definition: str, company: Company, run_id: str, last: int
) -> Mapping[str, object]:
    """Say what is compared with what.

    :param last: the last registered payment that counts.
    """
    return {
        "definition": definition,
        "import_type": store.definition(definition).import_type,
        "company": company.number,
        "run": run_id,
        "last": last,
    }


def _compared(
    store: Store, which: Mapping[str, object], *, here: bool | None = None
) -> Iterator[_Compared]:
    """Lay beside each other what Fortnox has and what is here.

    :param here: only what is registered here, or only what is not.
    """
    for row in store.stream(_BESIDE, {**which, "here": here}):
        yield _laid_beside(row)


def _laid_beside(row: sqlite3.Row) -> _Compared:
    here, there = payment_of(row, "", "reg_"), payment_of(row, "")
    if here is None:
        return _Compared(ONLY_IN_FORTNOX, row, ())
    differences = [] if there is None else matching.what_changed(here, there)
    equal = there is not None and not differences
    return _Compared(EQUAL if equal else DIFFERS, row, differences)


def _counted_again(store: Store, which: Mapping[str, object]) -> tuple[Pair, dict[str, Pair]]:
    """Count each side by itself, without the other."""
    sides, currencies = Pair(), dict[str, Pair]()
    for row in store.stream("SELECT * FROM run_rows WHERE run_id = :run", which):
        side = _side(row)
        for pair in (sides, currencies.setdefault(side.currency or "", Pair())):
            pair.add(side, None)
    query = (
        "SELECT * FROM payments WHERE import_type = :import_type AND company = :company"
        " AND state = 'registered' AND id <= :last"
    )
    for row in store.stream(query, which):
        side = _side(row)
        for pair in (sides, currencies.setdefault(side.currency or "", Pair())):
            pair.add(None, side)
    return sides, currencies


def _finding(compared: _Compared) -> Finding:
    kind, row, differences = compared
    given = _said(row, "excluded")
    if kind == ONLY_IN_FORTNOX or given is not None or not differences:
        way = given or Refusal(UNREADABLE, texts.UNREADABLE)
    else:
        way = _kept(row) or Refusal(CHANGED, texts.changed(differences))
    return Finding(
        kind,
        row["number"],
        way.reason,
        way.message,
        _side(row),
        None if row["reg_number"] is None else _side(row, "reg_"),
        tuple(_FIELDS[difference.what] for difference in differences),
    )


def _kept(row: sqlite3.Row) -> Refusal | None:
    """Say that a person keeps the difference, if it is still the same."""
    here, there = payment_of(row, "", "reg_"), payment_of(row, "")
    decision = None if row["dec_id"] is None else decision_store.decision_of(row, "dec_")
    if here is None or there is None or decision is None:
        return None
    if not decision_rules.holds(decision, KEEP, decision_rules.figures(there)):
        return None
    who = texts.by_whom(decision.user, decision.at, decision.why)
    return Refusal(KEPT, texts.kept(texts.changed(matching.what_changed(here, there)), who))


def _finding_here(row: sqlite3.Row, way: Refusal) -> Finding:
    return Finding(ONLY_IN_HOST, row["number"], way.reason, way.message, None, _side(row))


def _side(row: sqlite3.Row, prefix: str = "") -> Side:
    payment = payment_of(row, "", prefix)
    if payment is None:
        amount = row[f"{prefix}amount"]
        known = None if amount is None else Decimal(amount)
        return Side(row[f"{prefix}invoice_number"], None, known, None, None, None)
    return Side(
        payment.invoice_number,
        payment.date,
        payment.amount,
        payment.currency,
        payment.amount if payment.currency == SEK else payment.amount_currency,
        payment.booked,
        _written_off(payment),
    )


# --- SQL --------------------------------------------------------------------

_REGISTERED_COLUMNS = ", ".join(f"p.{name} AS reg_{name}" for name in PAYMENT_COLUMNS.split(", "))

_DECIDED = """LEFT JOIN decisions d ON d.definition = :definition AND d.company = :company
        AND d.number = r.number AND d.taken_back_at IS NULL AND d.applied_at IS NULL"""

# :here says whether it has to be registered here (NULL: it does not matter).
_BESIDE = f"""
    SELECT r.*, {_REGISTERED_COLUMNS}, {decision_store.DECISION_COLUMNS}
    FROM run_rows r
    LEFT JOIN payments p ON p.import_type = :import_type AND p.company = :company
        AND p.number = r.number AND p.id <= :last AND p.state = 'registered'
    {_DECIDED}
    WHERE r.run_id = :run AND (:here IS NULL OR (p.id IS NOT NULL) = :here)
    ORDER BY {OLDEST_FIRST.format("r")}, r.id
"""  # noqa: S608 constants

_GONE = f"""
    SELECT p.*
    FROM payments p
    WHERE p.import_type = :import_type AND p.company = :company AND p.state = 'registered'
    AND p.id <= :last
    AND NOT EXISTS (SELECT 1 FROM run_rows r
                    WHERE r.run_id = :run AND r.number = p.number AND r.number <> '')
    ORDER BY {OLDEST_FIRST.format("p")}, p.id
"""  # noqa: S608 constants

# What could be read and is not registered, with what the definition knows of it.
_LACKING = f"""
    SELECT r.*, {decision_store.DECISION_COLUMNS}, x.deleted_at AS del_at,
           x.deleted_by AS del_by, x.deleted_why AS del_why,
           o.kind AS shown_kind, o.reason AS shown_reason,
           o.message_sv AS shown_sv,
           o.message_en AS shown_en, q.reason AS q_reason, q.message_sv AS q_sv,
           q.message_en AS q_en
    FROM run_rows r
    {_DECIDED}
    LEFT JOIN payments x ON x.id = (SELECT max(id) FROM payments
                                    WHERE import_type = :import_type AND company = :company
                                    AND number = r.number AND state = 'deleted')
    LEFT JOIN pending q ON q.definition = :definition AND q.company = :company
                       AND q.number = r.number AND q.deleted_at IS NULL
    LEFT JOIN run_rows o ON o.number = r.number AND o.number <> '' AND o.deleted = 0
                        AND o.run_id = (SELECT id FROM runs WHERE definition = :definition
                                        AND company = :company AND state = 'open')
    WHERE r.run_id = :run AND r.id > :after AND r.date IS NOT NULL AND r.excluded_reason IS NULL
    AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.import_type = :import_type
                    AND p.company = :company AND p.number = r.number AND p.state = 'registered')
    ORDER BY r.id LIMIT :batch
"""  # noqa: S608 constants
