"""Every payment of the source beside every one that is registered here.

An import finds what was added or changed. It does not find every payment that was
deleted at the source, so now and then a person compares all: the plug-in reads every
payment that exists, the host puts its registered ones beside them, and each difference
is reported with its reason. Nothing is registered.

What is read goes into the database as an import's does, and is streamed from
there; in memory stand sums by day and currency only.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import NamedTuple

from hostsim.errors import host_error
from hostsim.ledger import decision_rules, matching, reasons
from hostsim.ledger.matching import EXACT, READY, ZERO, Refusal
from hostsim.ledger.reasons import KEEP, SET_ASIDE
from hostsim.ledger.values import SEK, Decision
from hostsim.messages import texts
from hostsim.messages.texts import Difference
from hostsim.plugins.session import PluginSession
from hostsim.services.context import Context, company_of, failing
from hostsim.storage import commits, decision_store
from hostsim.storage import reconciliations as stored
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.reconciliations import Scope
from hostsim.storage.rows import payment_of, text_of
from hostsim.storage.store import Store
from opter_contract.values import Company, ImportReport, Payment, Text

EQUAL = "equal"
DIFFERS = "differs"
ONLY_AT_SOURCE = "only-in-fortnox"
ONLY_IN_HOST = "only-in-host"
#: Each payment is of exactly one of these kinds.
KINDS = (EQUAL, DIFFERS, ONLY_AT_SOURCE, ONLY_IN_HOST)

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
KEPT_DIFFERENCE = "kept-difference"

#: Reasons that held for a payment as it was then; reading everything supersedes them.
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
class Unequal:
    """One payment on which the two sides do not agree, and why."""

    kind: str
    payment_number: str
    reason: str
    message: Text
    source: Side | None
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

    source: Sum = field(default_factory=Sum)
    host: Sum = field(default_factory=Sum)

    def add(self, there: Side | None, here: Side | None) -> None:
        """Count a payment on the sides that have it."""
        if there is not None:
            self.source.add(there)
        if here is not None:
            self.host.add(here)

    def add_all(self, other: Pair) -> None:
        """Count what another pair holds."""
        self.source.add_all(other.source)
        self.host.add_all(other.host)

    @property
    def difference(self) -> Sum:
        """The source less the host."""
        return self.source.without(self.host)

    @property
    def agrees(self) -> bool:
        """Whether number and money are the same on both sides."""
        return self.source == self.host


class Totals:
    """Sums by kind, by currency and by day. A day counts each side by its own date."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], Pair] = {}
        self._days: dict[tuple[date | None, str], Pair] = {}

    def add(self, kind: str, there: Side | None, here: Side | None) -> None:
        """Count one payment; a currency or day that is unknown is one of its own."""
        for source, host in ((there, None), (None, here)):
            side = source or host
            if side is None:
                continue
            currency = side.currency or ""
            self._kinds.setdefault((kind, currency), Pair()).add(source, host)
            self._days.setdefault((side.date, currency), Pair()).add(source, host)

    def kind(self, kind: str) -> Pair:
        """Give the sums of one kind; ``amount`` adds currencies up and means nothing."""
        return _added(pair for (its, _), pair in self._kinds.items() if its == kind)

    def count(self, kind: str) -> int:
        """Count the payments of one kind; one that both sides have counts once."""
        pair = self.kind(kind)
        return max(pair.source.number, pair.host.number)

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

        :param sides: each side counted by itself.
        :param currencies: the same, by currency.
        """
        by_day: dict[str, Pair] = {}
        for (_, currency), pair in self._days.items():
            by_day.setdefault(currency, Pair()).add_all(pair)
        if self.all != sides or not self.currencies == by_day == currencies:
            message = f"{sides} were read, but {self.all} compared"
            raise RuntimeError(message)


def why_not_here(
    screened: Refusal | None,
    previewed: tuple[str | None, Refusal | None],
    pending: Refusal | None,
    deleted: Refusal | None = None,
) -> Refusal:
    """Say why the host lacks a payment that the source has.

    :param screened: what today's settings say.
    :param previewed: its list in the open preview, and why it is in that one.
    :param pending: why it was rejected when a run was saved.
    :param deleted: who deleted it here.
    """
    kind, refusal = previewed
    if screened is not None and (deleted is None or screened.reason in reasons.IGNORED):
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


class ReadAllSession(PluginSession):
    """Reads everything: nothing of earlier runs is offered or confirmed."""

    offers_earlier = False

    def known_invoices(self, numbers: Sequence[str]) -> Collection[str]:
        """Claim to know them all, so that no OCR reference has to be looked up."""
        return list(numbers)

    def explain(self, company: str) -> None:
        """Write down why the host lacks what only the source has."""
        for rows in stored.unexplained(self._import_run, company):
            payments = [p for row in rows if (p := payment_of(row, company)) is not None]
            series = decision_store.series_in_force(
                self._import_run.store.db, self.run.definition, company
            )
            screened = self._screened(payments)
            stored.set_reasons(
                self._import_run,
                [
                    (row["id"], _unless_set_aside(row, series, _why_not_here(row, refusal)))
                    for row, refusal in zip(rows, screened, strict=True)
                ],
            )


def _why_not_here(row: sqlite3.Row, screened: Refusal | None) -> Refusal:
    deleted = None
    if row["del_at"] is not None:
        who = texts.by_whom(row["del_by"], datetime.fromisoformat(row["del_at"]), row["del_why"])
        deleted = Refusal(reasons.DELETED, texts.deleted_here(who))
    payment = payment_of(row, "")
    if screened is None and payment is not None and matching.is_nothing(payment):
        return Refusal(reasons.NO_AMOUNT, texts.NO_AMOUNT)
    previewed = row["open_kind"], _refusal(row, "open")
    return why_not_here(screened, previewed, _refusal(row, "pending"), deleted)


def _unless_set_aside(row: sqlite3.Row, series: Sequence[Decision], refusal: Refusal) -> Refusal:
    """Say that a person set a payment aside, if that is why it is not listed."""
    if refusal is IN_PREVIEW or refusal.reason in reasons.IGNORED:
        return refusal
    decision = None if row["dec_id"] is None else decision_store.decision_of(row, "dec_")
    if decision is None or decision.decision != SET_ASIDE:
        lost = refusal.reason == "invoice-not-found"
        decision = decision_rules.in_series(series, row["invoice_number"]) if lost else None
    if decision is None:
        return refusal
    who = texts.by_whom(decision.user, decision.at, decision.why)
    return Refusal(SET_ASIDE, texts.set_aside(who, refusal.message))


def _refusal(row: sqlite3.Row, prefix: str) -> Refusal | None:
    message = text_of(row[f"{prefix}_sv"], row[f"{prefix}_en"])
    reason = row[f"{prefix}_reason"]
    return None if reason is None or message is None else Refusal(reason, message)


# --- Afterwards --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Both sides compared. The differences are read from the database."""

    definition: str
    company: Company
    requests: int
    totals: Totals
    _store: Store = field(repr=False, compare=False)
    _scope: Scope = field(repr=False, compare=False)

    def unequal(self, kind: str) -> Iterator[Unequal]:
        """Give the payments of one kind of difference, oldest first."""
        if not self.totals.count(kind):
            return
        if kind == ONLY_IN_HOST:
            unsure = stored.has_unnumbered(self._store, self._scope)
            refusal = DELETED_OR_UNREADABLE if unsure else DELETED
            for row in stored.only_here(self._store, self._scope):
                yield Unequal(kind, row["number"], *refusal, None, _side(row))
            return
        here = kind != ONLY_AT_SOURCE
        for row in stored.at_source(self._store, self._scope, here=here):
            if (compared := _compared(row)).kind == kind:
                yield _unequal(compared)

    def close(self) -> None:
        """Remove what was read; the sums stay."""
        stored.forget(self._store, self._scope)


class _Compared(NamedTuple):
    """A payment of the source, and the registered one with its number."""

    kind: str
    row: sqlite3.Row
    here: Payment | None
    there: Payment | None
    differences: Sequence[Difference]


def compare(import_run: ImportRun, company: Company, requests: int, at: datetime) -> Reconciliation:
    """Compare what was read with what is registered, and end the run."""
    store, scope = import_run.store, stored.scope_of(import_run, company)
    totals = Totals()
    for row in stored.at_source(store, scope):
        here = None if row["reg_number"] is None else _side(row, "reg_")
        totals.add(_compared(row).kind, _side(row), here)
    for row in stored.only_here(store, scope):
        totals.add(ONLY_IN_HOST, None, _side(row))
    totals.check(*_each_by_itself(store, scope))
    counts = {kind: totals.count(kind) for kind in KINDS}
    stored.finish(import_run, company, requests=requests, counts=counts, at=at)
    return Reconciliation(import_run.definition.name, company, requests, totals, store, scope)


def _compared(row: sqlite3.Row) -> _Compared:
    here, there = payment_of(row, "", "reg_"), payment_of(row, "")
    if here is None:
        return _Compared(ONLY_AT_SOURCE, row, here, there, ())
    differences = [] if there is None else matching.what_changed(here, there)
    equal = there is not None and not differences
    return _Compared(EQUAL if equal else DIFFERS, row, here, there, differences)


def _each_by_itself(store: Store, scope: Scope) -> tuple[Pair, dict[str, Pair]]:
    """Count each side without the other."""
    both: Pair = Pair()
    currencies: defaultdict[str, Pair] = defaultdict(Pair)
    for row in stored.all_at_source(store, scope):
        side = _side(row)
        both.add(side, None)
        currencies[side.currency or ""].add(side, None)
    for row in stored.all_here(store, scope):
        side = _side(row)
        both.add(None, side)
        currencies[side.currency or ""].add(None, side)
    return both, currencies


def _unequal(compared: _Compared) -> Unequal:
    kind, row, _, _, differences = compared
    given = _refusal(row, "excluded")
    if kind == ONLY_AT_SOURCE or given is not None or not differences:
        refusal = given or Refusal(UNREADABLE, texts.UNREADABLE)
    else:
        refusal = _kept(compared) or Refusal(CHANGED, texts.changed(differences))
    return Unequal(
        kind,
        row["number"],
        *refusal,
        _side(row),
        None if row["reg_number"] is None else _side(row, "reg_"),
        tuple(_FIELDS[difference.what] for difference in differences),
    )


def _kept(compared: _Compared) -> Refusal | None:
    """Say that a person keeps the difference, if it is still the same."""
    _, row, here, there, differences = compared
    decision = None if row["dec_id"] is None else decision_store.decision_of(row, "dec_")
    if here is None or there is None or decision is None:
        return None
    if not decision_rules.holds(decision, KEEP, decision_rules.figures(there)):
        return None
    who = texts.by_whom(decision.user, decision.at, decision.why)
    return Refusal(KEPT_DIFFERENCE, texts.kept(texts.changed(differences), who))


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


class Reconciling(Context):
    """Compares the source with the books."""

    @contextmanager
    def reconcile(self, name: str) -> Iterator[Reconciliation]:
        """Compare every payment that exists there with every one that is registered here.

        Reads everything, whatever the settings say, and registers nothing. What
        was read is removed at the end of the ``with`` block.
        """
        definition = self.store.definition(name)
        self.plugins.owner(definition.import_type)
        self._refuse_other_currency()
        # Two locks, so that an import can run while the result is shown.
        with self._alone(name, "reconciliation"):
            with self._alone(name), commits.passing():
                found = self._reconciled(name)
            try:
                yield found
            finally:
                with commits.passing():
                    found.close()

    def _reconciled(self, name: str) -> Reconciliation:
        import_run = self._new_run(name)
        source = self.source(import_run.definition.import_type)
        stored.begin(import_run, self._user, self._clock(), source)
        with failing(import_run):
            report = self._read_all(import_run)
            return compare(import_run, company_of(report), report.requests, self._clock())

    def _read_all(self, import_run: ImportRun) -> ImportReport:
        with self._session(ReadAllSession, import_run) as session:
            report: ImportReport | None = session.call("opter_read_all_payments")
            if report is None:
                raise host_error(
                    "CANNOT_RECONCILE", type=session.run.type_code, name=session.run.definition
                )
            session.finish(report.company)
            session.explain(report.company.number)
        return report
