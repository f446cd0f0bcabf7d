"""What runs read, and what is shown of it before anything is saved.

A run writes each batch into the database as it comes, so that memory does not
grow with the number of payments. When the plug-in has returned, the rows are
judged invoice by invoice and become the definition's open preview. Saving
judges them again and registers what is ready, in one transaction.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import NamedTuple

from hostsim.errors import HostError, host_error
from hostsim.ledger import matching
from hostsim.ledger.matching import EXACT, KINDS, ZERO, Judgement, Refusal
from hostsim.ledger.reasons import SET_ASIDE
from hostsim.ledger.values import Definition, Row, SetAsideTotal
from hostsim.messages import texts
from hostsim.messages.source import UNNAMED
from hostsim.storage import balances, commits, decision_store, deletions, discrepancies
from hostsim.storage.discrepancies import Discrepancy
from hostsim.storage.judging import Decided, Judging, Touched, judging
from hostsim.storage.regions import refuse_company_of_other_region
from hostsim.storage.rows import (
    OLDEST_FIRST,
    PAYMENT_COLUMNS,
    payment_of,
    plain,
    row_of,
)
from hostsim.storage.scope import Scope
from hostsim.storage.store import Store
from opter_contract import BATCH
from opter_contract.values import (
    Company,
    InvoiceBalance,
    Payment,
    RegisteredPayment,
    SavedPayment,
    Text,
)

log = logging.getLogger(__name__)


class Record(NamedTuple):
    """A payment as it is written down: its columns, and the plug-in's reason, if any."""

    columns: tuple[object, ...]  # in the order of PAYMENT_COLUMNS
    excluded: Refusal | None = None


class _HoldsNoLonger(Exception):
    """The host's data changed so that the preview says something else."""


class PreviewChanged(HostError):
    """Nothing was done, since the preview is not what was shown; ``preview`` is the new one."""

    def __init__(self, preview: Preview, code: str = "PREVIEW_CHANGED") -> None:
        """Keep the new preview.

        :param code: ``PREVIEW_CHANGED`` of a save, ``LIST_CHANGED`` of a decision.
        """
        kind, message = texts.ERRORS[code]
        super().__init__(code, kind, message)
        self.preview = preview


class NotAsShown(Exception):
    """The open preview is another one than the one that was shown."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a person looks at before saving. The rows are read from the database."""

    run_id: str
    definition: str
    company: Company | None
    saved: bool
    not_read: int
    requests: int
    counts: Mapping[str, int]  # read, ready, rejected, ignored
    totals: Mapping[str, Decimal]  # the same, SEK
    set_aside: SetAsideTotal  # of the ignored, those that a person set aside
    deleted: tuple[str, ...]  # payment numbers that no longer exist where they came from
    notes: tuple[Text, ...]  # of the plug-in, about the run
    source: Text  # the name of the system that the payments come from
    region: str  # "" is the default one
    bank_account: str  # where the money is said to have come in
    date: date | None  # of the import, as a person gave it
    revision: str  # the same for what looks the same, another for any difference
    _store: Store = field(repr=False, compare=False)

    def discrepancies(self) -> Iterator[Discrepancy]:
        """Give what the source says otherwise than the books, beside the payments."""
        rows = self._store.stream(discrepancies.DISCREPANCIES, (self.run_id,))
        return (discrepancies.discrepancy_of(row, self.source) for row in rows)

    def rows(self, kind: str) -> Iterator[Row]:
        """Give the rows of one list, ordered by date and number.

        :param kind: ``ready``, ``rejected`` or ``ignored``.
        """
        query = (
            "SELECT r.*, i.number AS host_invoice_number, i.customer_name"  # noqa: S608 a constant
            " FROM run_rows r LEFT JOIN invoices i ON i.id = r.invoice_id"
            " WHERE r.run_id = ? AND r.kind = ? AND r.deleted = 0"
            f" ORDER BY {OLDEST_FIRST.format('r')}, r.id"
        )
        return map(row_of, self._store.stream(query, (self.run_id, kind)))

    def mark_printed(self) -> None:
        """Remember that a person has got to see this; a save without a revision saves it.

        Where that cannot be written down, the next save shows it once more.
        """
        try:
            with commits.passing(), self._store.change() as db:
                db.execute(
                    "UPDATE runs SET printed = :revision WHERE id = :run_id AND state = 'open'",
                    {"revision": self.revision, "run_id": self.run_id},
                )
        except (HostError, sqlite3.Error):
            log.warning("it could not be written down that the preview was shown")


class _Hidden(NamedTuple):
    """A row that a decision hides, and what would be said of it otherwise."""

    row_id: int
    reason: str
    below: Refusal


@dataclass(frozen=True, slots=True)
class ImportRun:
    """A run and the rows that it has in the database."""

    store: Store
    run_id: str
    definition: Definition

    # --- While the plug-in reads ---

    def begin(
        self,
        user: str,
        at: datetime,
        *,
        source: Text = UNNAMED,
        bank_account: str = "",
        day: date | None = None,
    ) -> None:
        """Write down that the run has begun, and clear away runs that died.

        :param source: the name of the system that the payments come from.
        :param day: of the import; a payment keeps its own.
        """
        settings = json.dumps(dict(self.definition.settings), ensure_ascii=False)
        with self.store.change() as db:
            died = db.execute(
                "SELECT id FROM runs WHERE definition = ? AND state = 'running'",
                (self.definition.name,),
            ).fetchall()
            for row in died:
                _end(db, row["id"], "failed", "INTERRUPTED", texts.INTERRUPTED)
            db.execute(
                "INSERT INTO runs (id, definition, state, user, settings, started_at, region,"
                " bank_account, date, source) VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?, ?)",
                (
                    self.run_id,
                    self.definition.name,
                    user,
                    settings,
                    at.isoformat(),
                    self.definition.region,
                    bank_account,
                    day and day.isoformat(),
                    json.dumps(source, ensure_ascii=False),
                ),
            )

    def take(self, records: Iterable[Record]) -> None:
        """Keep what was read; a payment that was taken before is replaced."""
        rows = [
            (
                self.run_id,
                *columns,
                *((excluded.reason, *excluded.message) if excluded else _NOTHING),
            )
            for columns, excluded in records
        ]
        with self.store.change() as db:
            db.executemany(_TAKE, rows)

    def take_deleted(self, company: str, numbers: Collection[str]) -> None:
        """Drop payments of earlier runs that no longer exist; remember registered ones."""
        with self.store.change() as db:
            deletions.mark_deleted(db, self._values(company), numbers)
            db.executemany(
                "UPDATE run_rows SET deleted = 1 WHERE run_id = ? AND number = ? AND fetched = 0",
                [(self.run_id, number) for number in numbers],
            )

    def take_unchecked(self, company: str, numbers: Collection[str]) -> None:
        """Remember which registered payments could not be asked after."""
        with self.store.change() as db:
            deletions.mark_unchecked(db, self._values(company), numbers)

    def take_balances(self, several: Sequence[InvoiceBalance]) -> None:
        """Keep what the source says of invoices that are here, too."""
        with self.store.change() as db:
            balances.take_balances(db, self._values(""), several)

    def invoices_to_check(self, company: str, now: datetime) -> Sequence[str]:
        """Give the invoices that are open here and were not said to be unpaid there."""
        with self.judging(company) as judging:
            unsure = balances.doubtful_readings(judging.db, judging.values)
            unsure += judging.settlements.invoices_unknown
            several = balances.invoices_to_check(judging.db, judging.values, now)
        with self.store.change() as db:
            balances.reuse_checked_invoices(db, self._values(company), now)
        return list(dict.fromkeys([*unsure, *several]))[: balances.MOST_INVOICES_CHECKED]

    def store_checked_invoices(self, company: str, numbers: Collection[str], now: datetime) -> None:
        """Keep what was said of the invoices that were asked for one by one."""
        with self.store.change() as db:
            balances.store_checked_invoices(db, self._values(company), numbers, now)
            deletions.store_deletion_checks(db, self._values(company), now)

    def registered_payments(
        self, company: str, now: datetime, invoice_id: int | None = None
    ) -> Sequence[RegisteredPayment]:
        """Give registered payments to be asked after, none twice in a run.

        :param invoice_id: also those of this invoice.
        """
        which = self._values(company)
        with self.store.change() as db:
            deletions.reuse_deletion_checks(db, which)
        with self.judging(company) as judging:
            found = deletions.payments_to_check(
                judging.db, judging.values, now, invoice_id=invoice_id
            )
        with self.store.change() as db:
            deletions.mark_checked(db, which, found)
        return [RegisteredPayment(one.number, one.invoice_number) for one in found]

    def offer_again(
        self,
        company: str,
        screen: Callable[[Sequence[Payment]], Sequence[Refusal | None]],
    ) -> None:
        """Add what earlier runs rejected, unless it was read in this one.

        :param screen: says which of these payments today's settings leave out.
        """
        with self.store.change() as db:
            db.execute(_OFFER_AGAIN, (self.run_id, self.definition.name, company))
        last = 0
        while rows := self._offered_again(last):
            last = rows[-1]["id"]
            payments = [p for row in rows if (p := payment_of(row, company)) is not None]
            refusals = zip(rows, screen(payments), strict=True)
            given = [(r.reason, *r.message, row["id"]) for row, r in refusals if r is not None]
            with self.store.change() as db:
                db.executemany(
                    "UPDATE run_rows SET excluded_reason = ?, excluded_sv = ?, excluded_en = ?"
                    " WHERE id = ?",
                    given,
                )

    def _offered_again(self, after: int) -> list[sqlite3.Row]:
        return self.store.db.execute(
            "SELECT * FROM run_rows WHERE run_id = ? AND fetched = 0 AND date IS NOT NULL"
            " AND id > ? ORDER BY id LIMIT ?",
            (self.run_id, after, BATCH),
        ).fetchall()

    def payments_to_fetch(self, company: str) -> list[str]:
        """Give numbers that would become ready, and were neither fetched nor asked for yet."""
        candidates = self._not_requested()
        with self.judging(company) as judging:
            ready = (
                row["number"]
                for row, judgement in judging.rows_judged(
                    as_if_fetched=True, only=Touched(candidates)
                )
                if judgement.kind == matching.READY and row["number"] in candidates
            )
            numbers = list(itertools.islice(ready, BATCH)) if candidates else []
            if not numbers:
                numbers = self._beside_unknown(judging)[:BATCH]
        with self.store.change() as db:
            db.executemany(
                "UPDATE run_rows SET requested = 1 WHERE run_id = ? AND number = ?",
                [(self.run_id, number) for number in numbers],
            )
        return numbers

    def _beside_unknown(self, judging: Judging) -> list[str]:
        """Give payments whose customer decides whether they are a settlement.

        And those of earlier runs that may replace a payment, if they are still there.
        """
        unknown = judging.settlements.customer_unknown
        numbers = [*unknown, *judging.replaceable]
        rows = self.store.db.execute(
            "SELECT number FROM run_rows WHERE run_id = :run_id AND requested = 0"
            " AND number IN (SELECT value FROM json_each(:numbers))"
            " AND (fetched = 0 OR number IN (SELECT value FROM json_each(:unknown)))",
            {
                "run_id": self.run_id,
                "numbers": json.dumps(numbers),
                "unknown": json.dumps(unknown),
            },
        )
        askable = {row["number"] for row in rows}
        return [number for number in numbers if number in askable]

    def _not_requested(self) -> set[str]:
        rows = self.store.db.execute(
            "SELECT number FROM run_rows"
            " WHERE run_id = ? AND number <> '' AND fetched = 0 AND requested = 0 AND deleted = 0",
            (self.run_id,),
        )
        return {row["number"] for row in rows}

    # --- Judging ---

    def judging(self, company: str) -> AbstractContextManager[Judging]:
        """Judge this run as it is committed now."""
        return judging(self.store, self._scope(company))

    def _scope(self, company: str) -> Scope:
        definition = self.definition
        return Scope(
            definition.import_type, company, definition.region, self.run_id, definition.name
        )

    def _values(self, company: str) -> dict[str, str]:
        return self._scope(company)._asdict()

    def judge(self, company: Company, before: Decided | None = None) -> None:
        """Judge the rows and write down what became of each, with counts and totals.

        :param before: what was decided when all rows had been judged: only what other
            decisions have touched since is judged.
        """
        with self.judging(company.number) as judging:
            only = None if before is None else judging.touched_since(before)
            judged = (
                (*_judgement(group.invoice_id, judgement), row["id"])
                for group in judging.judged(only=only)
                for row, judgement in zip(group.rows, group.judgements, strict=True)
            )
            while batch := list(itertools.islice(judged, BATCH)):
                self._write(batch)
        with self.store.change() as db:
            discrepancies.write_discrepancies(db, self._values(company.number))
            counts, totals = self._sums(db)
            db.execute(
                "UPDATE runs SET counts = ?, totals = ?, company = ?, company_name = ?"
                " WHERE id = ?",
                (
                    json.dumps(counts),
                    json.dumps({kind: plain(total) for kind, total in totals.items()}),
                    company.number,
                    company.name,
                    self.run_id,
                ),
            )
            db.execute(
                "UPDATE runs SET revision = :revision WHERE id = :run_id",
                {"revision": self._revision(db), "run_id": self.run_id},
            )

    def _sums(self, db: sqlite3.Connection) -> tuple[dict[str, int], dict[str, Decimal]]:
        """Count the rows of each list, and sum up their SEK.

        :raises RuntimeError: where a row stands in no list.
        """
        counts = dict.fromkeys(("read", *KINDS, SET_ASIDE), 0)
        totals = dict.fromkeys(counts, ZERO)
        for kind, is_aside, number, total in db.execute(_SUMS, {"run_id": self.run_id}):
            if kind is None:
                message = f"run {self.run_id}: {number} rows were not judged"
                raise RuntimeError(message)
            for key in ("read", kind, *([SET_ASIDE] if is_aside else [])):
                counts[key] += number
                totals[key] = EXACT.add(totals[key], Decimal(total))
        return counts, totals

    def _revision(self, db: sqlite3.Connection) -> str:
        """Digest what a person sees: the rows by number, whatever order they were read in."""
        digest = hashlib.sha256()
        for query in (_SHOWN_HEAD, _SHOWN_ROWS, _SHOWN_ROWS_WITHOUT_NUMBER):
            with closing(db.cursor()) as cursor:
                cursor.row_factory = None
                for (line,) in cursor.execute(query, {"run_id": self.run_id}):
                    digest.update(line)
                    digest.update(b"\n")
        return digest.hexdigest()[:16]

    def _write(self, results: Sequence[tuple[object, ...]]) -> None:
        with self.store.change() as db:
            db.executemany(
                "UPDATE run_rows SET kind = ?, invoice_id = ?, status = ?, warning_sv = ?,"
                " warning_en = ?, reason = ?, message_sv = ?, message_en = ?, written_off = ?,"
                " effect = ?"
                " WHERE id = ?",
                results,
            )

    # --- The end of a run ---

    def finish(
        self,
        cursor: str | None,
        not_read: int,
        requests: int,
        at: datetime,
        notes: Sequence[Text] = (),
    ) -> Preview:
        """Make this run the open preview of its definition, in place of the earlier one."""
        with self.store.change() as db:
            discard(db, self.definition.name, "replaced")
            db.execute(
                "UPDATE runs SET state = 'open', cursor = ?, not_read = ?, requests = ?,"
                " finished_at = ?, notes = ? WHERE id = ?",
                (cursor, not_read, requests, at.isoformat(), json.dumps(notes), self.run_id),
            )
        return preview_of(self.store, self.run_id)

    def fail(self, code: str, message: Text | None = None) -> None:
        """Throw away what was read; only the error's code and sentence are kept."""
        with self.store.change() as db:
            _end(db, self.run_id, "failed", code, message)

    def save(
        self, company: Company, user: str, at: datetime, *, revision: str | None = None
    ) -> bool:
        """Register what is ready, all or nothing; say whether the preview still held.

        :param revision: that must stand now; ``None``: whatever stands.
        :raises NotAsShown: where another one stands; nothing is judged anew then.
        """
        try:
            with self.store.change() as db:
                if revision not in {None, revision_of(db, self.run_id)}:
                    raise NotAsShown
                self._refuse_other_company(company)
                hidden, replaced = self._settle_invoices(db, company.number, user, at)
                self._register(db, company, user, at, replaced)
                self._keep_pending(db, company.number, at, hidden)
                decision_store.settle(db, self.definition.name, company.number, self.run_id, at)
                self._remember(db, company, user, at)
        except _HoldsNoLonger:
            return False
        return True

    def _remember(self, db: sqlite3.Connection, company: Company, user: str, at: datetime) -> None:
        # Registered and pending payments say all that is needed of earlier saved runs.
        for row in db.execute(
            "SELECT id FROM runs WHERE definition = ? AND state = 'saved'", (self.definition.name,)
        ).fetchall():
            forget_rows(db, row["id"])
        db.execute(
            "UPDATE definitions SET company = ?, company_name = ?,"
            " cursor = COALESCE((SELECT cursor FROM runs WHERE id = ?), cursor)"
            " WHERE name = ?",
            (company.number, company.name, self.run_id, self.definition.name),
        )
        db.execute(
            "UPDATE runs SET state = 'saved', saved_at = ?, saved_by = ? WHERE id = ?",
            (at.isoformat(), user, self.run_id),
        )

    def _refuse_other_company(self, company: Company) -> None:
        definition = self.store.definition(self.definition.name)
        remembered = definition.company
        if remembered is not None and remembered.number != company.number:
            raise wrong_company(self.definition.name, remembered, company)
        refuse_company_of_other_region(self.store, definition, company)

    def _settle_invoices(
        self, db: sqlite3.Connection, company: str, user: str, at: datetime
    ) -> tuple[list[_Hidden], Mapping[str, int]]:
        """Judge again, and move what remains on the invoices; refuse any difference.

        :return: what decisions hide; and by number, the payment that one comes in place of.
        """
        hidden = []
        replaced: dict[str, int] = {}
        reversed_ids: set[int] = set()
        with self.judging(company) as judging:
            for group in judging.judged():
                for row, judgement in zip(group.rows, group.judgements, strict=True):
                    if _differs(_judgement(group.invoice_id, judgement), row):
                        raise _HoldsNoLonger
                    if judgement.below is not None and row["number"]:
                        hidden.append(_Hidden(row["id"], judgement.reason or "", judgement.below))
                    if judgement.kind == matching.READY:
                        olds = [one.id for one in judging.replaceable.get(row["number"], ())]
                        if row["reg_id"] is not None:
                            olds.append(row["reg_id"])
                        for old in sorted(set(olds) - reversed_ids):
                            decision_store.reverse(db, old, self.run_id, user, at)
                        reversed_ids.update(olds)
                        if olds:
                            replaced[row["number"]] = olds[-1]
                effects = [one.effect for one in group.judgements if one.kind == matching.READY]
                if effects and group.invoice_id is not None:
                    with localcontext(EXACT):
                        taken = sum(effects, ZERO)
                    decision_store.take_from_invoice(db, group.invoice_id, taken)
        return hidden, replaced

    def _register(
        self,
        db: sqlite3.Connection,
        company: Company,
        user: str,
        at: datetime,
        replaced: Mapping[str, int],
    ) -> None:
        """Register what is ready.

        :param replaced: by number, the countered payment that one comes in place of.
        """
        db.execute(
            _REGISTER,
            {
                "import_type": self.definition.import_type,
                "company": company.number,
                "user": user,
                "at": at.isoformat(),
                "run": self.run_id,
                "replaced": json.dumps(replaced),
            },
        )

    def _keep_pending(
        self, db: sqlite3.Connection, company: str, at: datetime, hidden: Sequence[_Hidden]
    ) -> None:
        """Keep what was rejected, to be offered again; forget what no longer is."""
        balances.store_ignored_payments(db, self._values(company))
        which = (self.definition.name, company, self.run_id)
        db.execute(
            "UPDATE pending SET deleted_at = ? WHERE definition = ? AND company = ? AND number IN"
            " (SELECT number FROM run_rows WHERE run_id = ? AND deleted = 1)",
            (at.isoformat(), *which),
        )
        db.execute(
            "DELETE FROM pending WHERE definition = ? AND company = ? AND number IN"
            " (SELECT number FROM run_rows WHERE run_id = ? AND deleted = 0)",
            which,
        )
        db.execute(
            f"INSERT INTO pending (definition, company, {PAYMENT_COLUMNS}, reason, message_sv,"  # noqa: S608 a constant
            f" message_en) SELECT ?, ?, {PAYMENT_COLUMNS}, reason, message_sv, message_en"
            " FROM run_rows WHERE run_id = ? AND deleted = 0 AND kind = 'rejected'"
            " AND number <> '' AND reason <> 'already-imported'",
            which,
        )
        # What is set aside waits with the reason below; a difference that is kept waits under
        # "already-imported", and is offered again when the decision is taken back.
        db.executemany(
            f"INSERT INTO pending (definition, company, {PAYMENT_COLUMNS}, reason, message_sv,"  # noqa: S608 a constant
            f" message_en) SELECT ?, ?, {PAYMENT_COLUMNS}, ?, ?, ? FROM run_rows WHERE id = ?",
            [
                (
                    self.definition.name,
                    company,
                    below.reason if reason == SET_ASIDE else reason,
                    *below.message,
                    row_id,
                )
                for row_id, reason, below in hidden
                if below.reason != "already-imported"
            ],
        )


# --- Previews of a definition -----------------------------------------------


def open_runs(store: Store) -> dict[str, str]:
    """Give the run of each open preview, by the name of its definition."""
    rows = store.db.execute("SELECT definition, id FROM runs WHERE state = 'open' ORDER BY 1")
    return {row["definition"]: row["id"] for row in rows}


def revision_of(db: sqlite3.Connection, run_id: str | None) -> str:
    """Give the revision of a run; ``""`` for none."""
    row = db.execute("SELECT revision FROM runs WHERE id = ?", (run_id,)).fetchone()
    return "" if row is None else str(row["revision"])


def printed(store: Store, definition: str | None) -> str:
    """Give the revision of the open preview that a command printed last; ``""`` for none.

    :param definition: ``None`` for the only one with an open preview.
    """
    rows = store.db.execute(
        "SELECT printed FROM runs WHERE state = 'open' AND (:name IS NULL OR definition = :name)",
        {"name": definition},
    ).fetchall()
    return str(rows[0]["printed"]) if len(rows) == 1 else ""


def saved_as(store: Store, definition: str, revision: str) -> str | None:
    """Give the run that was saved with this revision, the latest if several were."""
    if not revision:
        return None
    row = store.db.execute(
        "SELECT id FROM runs WHERE definition = :name AND state = 'saved'"
        " AND revision = :revision ORDER BY saved_at DESC LIMIT 1",
        {"name": definition, "revision": revision},
    ).fetchone()
    return None if row is None else row["id"]


def preview_of(store: Store, run_id: str) -> Preview:
    """Read a preview; its rows stay in the database."""
    run = store.db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    deleted = store.db.execute(
        "SELECT number FROM run_rows WHERE run_id = ? AND deleted = 1"  # noqa: S608 a constant
        f" ORDER BY {OLDEST_FIRST.format('run_rows')}",
        (run_id,),
    )
    counts = json.loads(run["counts"])
    totals = {kind: Decimal(total) for kind, total in json.loads(run["totals"]).items()}
    aside = SetAsideTotal(counts.pop(SET_ASIDE, 0), totals.pop(SET_ASIDE, ZERO))
    return Preview(
        run_id=run_id,
        definition=run["definition"],
        company=None if run["company"] is None else Company(run["company"], run["company_name"]),
        saved=run["state"] == "saved",
        not_read=run["not_read"],
        requests=run["requests"],
        counts=counts,
        totals=totals,
        set_aside=aside,
        deleted=tuple(row["number"] for row in deleted),
        notes=tuple(Text(sv, en) for sv, en in json.loads(run["notes"])),
        source=Text(*json.loads(run["source"])),
        region=run["region"],
        bank_account=run["bank_account"],
        date=None if run["date"] is None else date.fromisoformat(run["date"]),
        revision=run["revision"],
        _store=store,
    )


def discard(db: sqlite3.Connection, definition: str, state: str) -> bool:
    """Throw the open preview of a definition away; say whether there was one."""
    row = db.execute(
        "SELECT id FROM runs WHERE definition = ? AND state = 'open'", (definition,)
    ).fetchone()
    if row is None:
        return False
    _end(db, row["id"], state, None)
    return True


def saved_payments(store: Store, run_id: str) -> Iterator[list[SavedPayment]]:
    """Give what a run registered, in batches, oldest first."""
    several = (
        SavedPayment(r.payment, r.host_invoice_number, r.status) for r in store.registered(run_id)
    )
    while batch := list(itertools.islice(several, BATCH)):
        yield batch


def wrong_company(definition: str, expected: Company, got: Company) -> Exception:
    """Make the error that names both companies."""
    return host_error(
        "WRONG_COMPANY",
        name=definition,
        expected=f"{expected.name} ({expected.number})",
        got=f"{got.name} ({got.number})" if got.name else got.number,
    )


def forget_rows(db: sqlite3.Connection, run_id: str) -> None:
    """Throw away what a run read."""
    for table in ("run_rows", "run_balances", "run_checked", "run_discrepancies"):
        db.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))  # noqa: S608 names of ours


def _end(
    db: sqlite3.Connection,
    run_id: str,
    state: str,
    code: str | None,
    message: Text | None = None,
) -> None:
    forget_rows(db, run_id)
    db.execute(
        "UPDATE runs SET state = ?, error_code = ?, error_sv = ?, error_en = ? WHERE id = ?",
        (state, code, *(message or (None, None)), run_id),
    )


def _judgement(invoice_id: int | None, judgement: Judgement) -> tuple[object, ...]:
    return (
        judgement.kind,
        invoice_id,
        judgement.status,
        *(judgement.warning or (None, None)),
        judgement.reason,
        *(judgement.message or (None, None)),
        plain(judgement.written_off),
        plain(judgement.effect),
    )


def _differs(judgement: tuple[object, ...], row: sqlite3.Row) -> bool:
    """Compare with what was shown; the invoice of a payment that is not saved decides nothing."""
    shown = tuple(row[column] for column in _JUDGEMENT)
    ready = matching.READY in {judgement[0], shown[0]}
    if ready:
        return judgement != shown
    return (judgement[0], *judgement[2:]) != (shown[0], *shown[2:])


# --- SQL --------------------------------------------------------------------

_NOTHING = (None, None, None)

_JUDGEMENT = (
    "kind",
    "invoice_id",
    "status",
    "warning_sv",
    "warning_en",
    "reason",
    "message_sv",
    "message_en",
    "written_off",
    "effect",
)

_SUMS = """
    SELECT kind, reason IS 'set-aside', count(*), exact_sum(amount) FROM run_rows
    WHERE run_id = :run_id AND deleted = 0 GROUP BY 1, 2
"""

# What a person sees of a run: JSON, so that nothing can pass for its neighbour; as bytes,
# since nobody reads it.
_SHOWN_HEAD = """
    SELECT CAST(json_array(counts, totals, company, company_name, region, bank_account, date)
                AS BLOB)
    FROM runs WHERE id = :run_id
"""

_SHOWN = f"json_array({', '.join((*PAYMENT_COLUMNS.split(', '), *_JUDGEMENT, 'deleted'))})"

# By the index on a run's numbers: a million rows are not sorted.
_SHOWN_ROWS = f"""
    SELECT CAST({_SHOWN} AS BLOB) FROM run_rows
    WHERE run_id = :run_id AND number <> '' ORDER BY number
"""  # noqa: S608 constants

_SHOWN_ROWS_WITHOUT_NUMBER = f"""
    SELECT CAST({_SHOWN} AS BLOB) FROM run_rows
    WHERE run_id = :run_id AND number = '' ORDER BY 1
"""  # noqa: S608 constants

_REPLACED = ", ".join(
    f"{column} = excluded.{column}"
    for column in (*PAYMENT_COLUMNS.split(", "), "excluded_reason", "excluded_sv", "excluded_en")
)

_TAKE = f"""
    INSERT INTO run_rows (run_id, {PAYMENT_COLUMNS}, excluded_reason, excluded_sv, excluded_en,
                          fetched)
    VALUES (?, {", ".join("?" * len(PAYMENT_COLUMNS.split(", ")))}, ?, ?, ?, 1)
    ON CONFLICT (run_id, number) WHERE number <> '' DO UPDATE SET {_REPLACED},
        fetched = 1, deleted = 0, earlier_reason = NULL, earlier_sv = NULL, earlier_en = NULL
"""  # noqa: S608 constants

# MATERIALIZED, so that SQLite makes an index of it.
_REGISTER = f"""
    INSERT INTO payments (origin, import_type, company, {PAYMENT_COLUMNS}, invoice_id, status,
                          warning_sv, warning_en, written_off, effect, bank_account, run_id, user,
                          registered_at, replaces)
    WITH replaced (number_of, payment_id) AS MATERIALIZED
        (SELECT key, value FROM json_each(:replaced))
    SELECT 'import', :import_type, :company, {PAYMENT_COLUMNS}, invoice_id, status,
           warning_sv, warning_en, written_off, effect,
           (SELECT bank_account FROM runs WHERE id = :run), run_id, :user, :at, payment_id
    FROM run_rows LEFT JOIN replaced ON number_of = number
    WHERE run_id = :run AND kind = 'ready'
    -- What became nothing at its source only takes back what was registered.
    AND (amount GLOB '*[1-9]*' OR amount_currency GLOB '*[1-9]*' OR write_offs <> '[]')
    ORDER BY {OLDEST_FIRST.format("run_rows")}
"""  # noqa: S608 constants

# A payment that could be read is screened anew; one that could not keeps its reason.
_OFFER_AGAIN = f"""
    INSERT INTO run_rows (run_id, {PAYMENT_COLUMNS}, fetched, earlier_reason, earlier_sv,
                          earlier_en, excluded_reason, excluded_sv, excluded_en)
    SELECT ?, {PAYMENT_COLUMNS}, 0, reason, message_sv, message_en,
           CASE WHEN date IS NULL THEN reason END,
           CASE WHEN date IS NULL THEN message_sv END,
           CASE WHEN date IS NULL THEN message_en END
    FROM pending
    WHERE definition = ? AND company = ? AND deleted_at IS NULL
    AND NOT (reason = 'already-imported' AND EXISTS (
        SELECT 1 FROM decisions d
        WHERE d.definition = pending.definition AND d.company = pending.company
        AND d.number = pending.number AND d.decision = 'keep'
        AND d.taken_back_at IS NULL AND d.applied_at IS NULL))
    ON CONFLICT (run_id, number) WHERE number <> '' DO NOTHING
"""  # noqa: S608 constants
