"""An import run: what the plug-in reads, stored batch by batch, and then judged.

Memory does not grow with the number of payments. When the plug-in has returned, the rows
are judged invoice by invoice and become the definition's open preview.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from hostsim.errors import host_error
from hostsim.ledger.candidates import Refusal
from hostsim.ledger.judging import KINDS, LEFT_OUT, READY, REJECTED, Judgement, needs_person
from hostsim.ledger.reasons import CHANGED, PAID, SET_ASIDE, SETTLED
from hostsim.ledger.values import EXACT, ZERO, Definition
from hostsim.messages import payments as payments_messages
from hostsim.messages.exports import definition_words
from hostsim.messages.source_name import UNNAMED
from hostsim.storage import balance_checks, damage, deleted_at_source, discrepancies, settlements
from hostsim.storage import decisions as decision_store
from hostsim.storage.deleted_at_source import ToCheck
from hostsim.storage.judging import AffectedRows, DecisionsInForce, Judging
from hostsim.storage.previews import Preview, preview_of, revision_of
from hostsim.storage.rows import (
    PAYMENT_COLUMNS,
    columns_of,
    first_row,
    mapping_text,
    payment_of,
    plain,
    text_of,
    words_of,
)
from hostsim.storage.scope import IN_FORCE, OURS, Scope
from hostsim.storage.store import Store
from opter_contract import BATCH
from opter_contract.values import (
    Company,
    InvoiceBalance,
    Payment,
    Text,
)

log = logging.getLogger(__name__)

#: The number of rejected payments of earlier runs that a run fetches again, at most.
MAX_REJECTED_FETCHED = 25


class Record(NamedTuple):
    """A payment as it is stored: its columns, and the plug-in's reason to exclude it."""

    columns: Mapping[str, object]  # PAYMENT_COLUMNS
    excluded: Refusal | None = None


@dataclass(frozen=True, slots=True)
class ImportRun:
    """A run and its rows in the database."""

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
        """Record the beginning of the run, and end interrupted ones.

        :param source: the name of the system that the payments come from.
        :param day: of the import; a payment keeps its own.
        """
        with self.store.change() as db:
            interrupted = db.execute(
                "SELECT id FROM runs WHERE definition = :definition AND state = 'running'",
                {"definition": self.definition.name},
            ).fetchall()
            for row in interrupted:
                _end(db, row["id"], "failed", "INTERRUPTED", payments_messages.INTERRUPTED)
            db.execute(
                "INSERT INTO runs (id, definition, state, user, settings, started_at, region,"
                " bank_account, date, source) VALUES (:id, :definition, 'running', :user,"
                " :settings, :at, :region, :bank_account, :date, :source)",
                {
                    "id": self.run_id,
                    "definition": self.definition.name,
                    "user": user,
                    "settings": mapping_text(self.definition.settings),
                    "at": at.isoformat(),
                    "region": self.definition.region,
                    "bank_account": bank_account,
                    "date": day and day.isoformat(),
                    "source": json.dumps(source, ensure_ascii=False),
                },
            )

    def take(self, records: Iterable[Record]) -> None:
        """Store the payments that were read; one that was stored before is replaced."""
        rows = [
            {
                "run_id": self.run_id,
                "reason": excluded and excluded.reason,
                **words_of(excluded and excluded.message),
                **columns,
            }
            for columns, excluded in records
        ]
        with self.store.change() as db:
            db.executemany(_TAKE, rows)

    def take_deleted(self, company: str, numbers: Collection[str]) -> None:
        """Mark payments of earlier runs, and registered ones, that no longer exist."""
        with self.store.change() as db:
            deleted_at_source.mark_deleted(db, self._values(company), numbers)
            db.executemany(
                "UPDATE run_rows SET deleted = 1"
                " WHERE run_id = :run_id AND number = :number AND fetched = 0",
                self._with_run_id(numbers),
            )

    def take_unchecked(self, company: str, numbers: Collection[str]) -> None:
        with self.store.change() as db:
            deleted_at_source.mark_unchecked(db, self._values(company), numbers)

    def take_balances(self, invoice_balances: Sequence[InvoiceBalance]) -> None:
        with self.store.change() as db:
            balance_checks.take_balances(db, self._values(""), invoice_balances)

    def invoices_to_check(self, company: str, now: datetime) -> Sequence[str]:
        """Return the invoices that are open here, but not among the unpaid ones there."""
        with self.judging(company) as judging:
            numbers = balance_checks.doubtful_readings(judging.db, judging.values)
            numbers += judging.settlements.invoices_unknown
            open_numbers = balance_checks.invoices_to_check(judging.db, judging.values, now)
        with self.store.change() as db:
            balance_checks.reuse_checked_invoices(db, self._values(company), now)
        return list(dict.fromkeys([*numbers, *open_numbers]))[: balance_checks.MAX_INVOICES_CHECKED]

    def store_checked_invoices(self, company: str, numbers: Collection[str], now: datetime) -> None:
        """Store the results of checking invoices and payments, for later runs."""
        with self.store.change() as db:
            balance_checks.store_checked_invoices(db, self._values(company), numbers, now)
            deleted_at_source.store_deletion_checks(db, self._values(company), now)

    def payments_to_check(
        self, company: str, now: datetime, invoice_id: int | None = None
    ) -> list[ToCheck]:
        """Return all registered payments to check, except those in this run."""
        with self.store.change() as db:
            deleted_at_source.reuse_deletion_checks(db, self._values(company))
        with self.judging(company) as judging:
            return deleted_at_source.payments_to_check(
                judging.db, judging.values, now, invoice_id=invoice_id
            )

    def mark_checked(self, company: str, payments: Iterable[ToCheck]) -> None:
        with self.store.change() as db:
            deleted_at_source.mark_checked(db, self._values(company), payments)

    def offer_again(
        self,
        company: str,
        screen: Callable[[Sequence[Payment]], Sequence[Refusal | None]],
    ) -> None:
        """Add the payments that earlier runs rejected, unless this one read them.

        And halves of settlements that are registered on the other half's invoice, since their
        own was not here, once it is.

        :param screen: returns, for each payment, why today's settings exclude it, if so.
        """
        with self.store.change() as db:
            db.execute(_OFFER_AGAIN, self._values(company))
            db.execute(_OFFER_HALVES, self._values(company))
        last_id = 0
        while rows := self._earlier_rows(last_id):
            last_id = rows[-1]["id"]
            payments = [p for row in rows if (p := payment_of(row, company)) is not None]
            refusals = zip(rows, screen(payments), strict=True)
            excluded = [
                {"reason": refusal.reason, **words_of(refusal.message), "id": row["id"]}
                for row, refusal in refusals
                if refusal is not None
            ]
            with self.store.change() as db:
                db.executemany(
                    "UPDATE run_rows SET excluded_reason = :reason, excluded_sv = :sv,"
                    " excluded_en = :en WHERE id = :id",
                    excluded,
                )

    def _earlier_rows(self, after: int) -> list[sqlite3.Row]:
        return self.store.db.execute(
            "SELECT * FROM run_rows WHERE run_id = :run_id AND fetched = 0 AND date IS NOT NULL"
            " AND id > :after ORDER BY id LIMIT :most",
            {"run_id": self.run_id, "after": after, "most": BATCH},
        ).fetchall()

    def payments_to_fetch(self, company: str) -> list[str]:
        """Return numbers that would become ready, and were neither fetched nor requested yet."""
        candidates = self._unrequested_numbers()
        with self.judging(company, as_if_fetched=True) as judging:
            ready = (
                row["number"]
                for row, judgement in judging.judge_rows(AffectedRows(candidates))
                if judgement.kind in {READY, LEFT_OUT} and row["number"] in candidates
            )
            numbers = list(itertools.islice(ready, BATCH)) if candidates else []
            if not numbers:
                numbers = self._payments_to_look_up(judging)[:BATCH]
        self._mark_requested(numbers)
        return numbers

    def rejected_to_fetch(self, company: str) -> list[str]:
        """Return payments that earlier runs rejected, and that wait for a person.

        Those that were deleted at the source leave the list then. Of many, each run takes
        others; first those whose money a person may have sent back.
        """
        candidates = self._unrequested_numbers()
        if not candidates:
            return []
        with self.judging(company) as judging:
            ranks = {
                row["number"]: (judgement.reason != PAID, self._draw(row["number"]))
                for row, judgement in judging.judge_rows(AffectedRows(candidates))
                if row["number"] in candidates
                and judgement.kind == REJECTED
                and judgement.reason != SET_ASIDE
            }
        numbers = sorted(ranks, key=ranks.__getitem__)[:MAX_REJECTED_FETCHED]
        self._mark_requested(numbers)
        return numbers

    def _draw(self, number: str) -> bytes:
        """Return what puts payments in another order in each run."""
        return hashlib.sha256(f"{self.run_id} {number}".encode()).digest()

    def _mark_requested(self, numbers: Iterable[str]) -> None:
        with self.store.change() as db:
            db.executemany(
                "UPDATE run_rows SET requested = 1 WHERE run_id = :run_id AND number = :number",
                self._with_run_id(numbers),
            )

    def _with_run_id(self, numbers: Iterable[str]) -> list[dict[str, str]]:
        return [{"run_id": self.run_id, "number": number} for number in numbers]

    def _payments_to_look_up(self, judging: Judging) -> list[str]:
        """Return payments whose customer is needed to know whether they are a settlement.

        And those of earlier runs that may replace a payment, if they still exist.
        """
        unknown = judging.settlements.customer_unknown
        numbers = [*unknown, *judging.replaceable]
        # By the same connection: without a WAL, a commit that waits for its snapshot to end makes
        # every other one wait.
        rows = judging.db.execute(
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

    def _unrequested_numbers(self) -> set[str]:
        rows = self.store.db.execute(
            "SELECT number FROM run_rows"
            " WHERE run_id = :run_id AND fetched = 0 AND requested = 0 AND deleted = 0",
            {"run_id": self.run_id},
        )
        return {row["number"] for row in rows}

    # --- Judging ---

    @contextmanager
    def judging(self, company: str, *, as_if_fetched: bool = False) -> Iterator[Judging]:
        """Judge this run as it is committed now."""
        with self.store.reader() as db:
            yield Judging(self.store, self.scope(company), db, as_if_fetched=as_if_fetched)

    def scope(self, company: str) -> Scope:
        definition = self.definition
        return Scope(
            definition.import_type, company, definition.region, self.run_id, definition.name
        )

    def _values(self, company: str) -> dict[str, str]:
        return self.scope(company)._asdict()

    def read_upto(self, cursor: str | None) -> None:
        """Store where the next run continues; it is a part of the revision of :meth:`judge`."""
        with self.store.change() as db:
            db.execute(
                "UPDATE runs SET cursor = :cursor WHERE id = :run_id",
                {"cursor": cursor, "run_id": self.run_id},
            )

    def judge(
        self, company: Company, on_judged: Callable[[int, int], None] = lambda *_: None
    ) -> None:
        """Judge all rows, and store the judgements, counts and totals.

        :param on_judged: called now and then with the number of judged rows, and of all rows.
        """
        query = "SELECT count(*) FROM run_rows WHERE run_id = :run_id AND deleted = 0"
        total = self.store.db.execute(query, {"run_id": self.run_id}).fetchone()[0]
        with self.judging(company.number) as judging:
            judged = _report_progress(_judgement_rows(judging, None), total, on_judged)
            if self.store.uses_wal:
                self._write(judged)
            else:
                judged = iter(list(judged))
        self._write(judged)
        self._sum_up(company)

    def judge_again(self, company: Company, judging: Judging, before: DecisionsInForce) -> None:
        """Judge only the rows that changed decisions affect.

        :param judging: its snapshot has ended since ``before`` was read.
        """
        judging.begin_new_snapshot()
        judged = list(_judgement_rows(judging, judging.affected_since(before)))
        judging.end_snapshot()
        self._write(iter(judged))
        self._sum_up(company)

    def judge_invoices(self, company: Company, invoices: Collection[int]) -> None:
        """Judge the payments of invoices again, and those that decisions connect with them."""
        with self.judging(company.number) as judging:
            judged = list(_judgement_rows(judging, judging.affected_by(invoices)))
            judging.end_snapshot()
        self._write(iter(judged))
        self._sum_up(company)

    def has_payments_of(self, invoices: Collection[int]) -> bool:
        query = (
            "SELECT 1 FROM run_rows WHERE run_id = :run_id"
            " AND invoice_id IN (SELECT value FROM json_each(:invoices)) LIMIT 1"
        )
        values = {"run_id": self.run_id, "invoices": json.dumps(list(invoices))}
        return self.store.db.execute(query, values).fetchone() is not None

    def is_as_shown(self) -> bool:
        """Return whether the rows are those of the stored revision."""
        return self._revision() == revision_of(self.store.db, self.run_id)

    def _sum_up(self, company: Company) -> None:
        with self.store.change() as db:
            discrepancies.write_discrepancies(db, self._values(company.number))
            counts, totals = self._sums()
            db.execute(
                "UPDATE runs SET counts = :counts, totals = :totals, company = :company,"
                " company_name = :company_name WHERE id = :run_id",
                {
                    "counts": json.dumps(counts),
                    "totals": json.dumps({kind: plain(total) for kind, total in totals.items()}),
                    "company": company.number,
                    "company_name": company.name,
                    "run_id": self.run_id,
                },
            )
            db.execute(
                "UPDATE runs SET revision = :revision WHERE id = :run_id",
                {"revision": self._revision(), "run_id": self.run_id},
            )

    def leave_for_person(self, company: Company) -> None:
        """Leave out the ready payments that a person must see.

        Leaving one out can change the judgement of others of its invoice, so this is repeated
        until all that are ready may be saved unattended.
        """
        self.refuse_damage()
        while messages := dict(self._warned_payments()):
            with self.store.change() as db:
                decision_store.leave_out(db, self.definition.name, company.number, messages)
            with self.store.change():
                self.judge(company)

    def _warned_payments(self) -> Iterator[tuple[str, Text]]:
        rows = self.store.db.execute(_FLAGGED, {"run_id": self.run_id}).fetchall()
        for row in rows:
            warning = text_of(row["warning_sv"], row["warning_en"])
            why = needs_person(row["status"], warning, Decimal(row["written_off"]))
            if why is not None:
                yield row["number"], why

    def for_person(self) -> int:
        """Count the rejected payments and discrepancies that wait for a person."""
        query, values = _FOR_PERSON, {"run_id": self.run_id}
        return int(self.store.db.execute(query, values).fetchone()[0])

    def _sums(self) -> tuple[dict[str, int], dict[str, Decimal]]:
        """Count the rows of each list, and sum up their SEK.

        :raises RuntimeError: if a row is in no list.
        """
        counts = dict.fromkeys(("read", *KINDS, SET_ASIDE), 0)
        totals = dict.fromkeys(counts, ZERO)
        for kind, is_aside, number, total in self.store.db.execute(_SUMS, {"run_id": self.run_id}):
            if kind is None:
                message = f"run {self.run_id}: {number} rows were not judged"
                raise RuntimeError(message)
            for key in ("read", kind, *([SET_ASIDE] if is_aside else [])):
                counts[key] += number
                totals[key] = EXACT.add(totals[key], Decimal(total))
        return counts, totals

    def refuse_damage(self) -> None:
        """Refuse a preview whose rows are no longer those of its revision.

        All code that writes rows of an open preview writes the revision in the same transaction.

        :raises HostError: ``DATABASE_DAMAGED``.
        """
        if not self.is_as_shown():
            raise damage.damage_error(self.store.path, _NOT_AS_SHOWN)

    def _revision(self) -> str:
        """Digest the rows that a person sees, by number, whatever order they were read in."""
        digest = hashlib.sha256()
        for query in (_SHOWN_HEAD, _SHOWN_ROWS, _SHOWN_ROWS_WITHOUT_NUMBER):
            with closing(self.store.db.cursor()) as cursor:
                cursor.row_factory = None
                cursor.execute(query, {"run_id": self.run_id})
                while lines := cursor.fetchmany(BATCH):
                    digest.update(b"".join(b"%b\n" % line for line in lines))
        return digest.hexdigest()[:16]

    def _write(self, results: Iterator[dict[str, object]]) -> None:
        while batch := list(itertools.islice(results, BATCH)):
            with self.store.change() as db:
                db.executemany(_WRITE, batch)

    # --- The end of a run ---

    def halves_left_alone(self, company: str) -> list[Text]:
        """Say which registered halves of settlements have lost the other one, in another region."""
        halves = settlements.halves_left_alone(self.store.db, self._values(company))
        return [payments_messages.half_left_alone(*half) for half in halves]

    def finish(
        self,
        not_read: int,
        requests: int,
        at: datetime,
        notes: Sequence[Text] = (),
    ) -> Preview:
        """Make this run the open preview of its definition, and discard the earlier one."""
        with self.store.change() as db:
            discard(db, self.definition.name, "replaced")
            db.execute(
                "UPDATE runs SET state = 'open', not_read = :not_read,"
                " requests = :requests, finished_at = :at, notes = :notes WHERE id = :run_id",
                {
                    "not_read": not_read,
                    "requests": requests,
                    "at": at.isoformat(),
                    "notes": json.dumps(notes),
                    "run_id": self.run_id,
                },
            )
        return preview_of(self.store, self.run_id)

    def fail(self, code: str, message: Text | None = None) -> None:
        """Delete the rows; keep only the error's code and message."""
        with self.store.change() as db:
            _end(db, self.run_id, "failed", code, message)


def discard(db: sqlite3.Connection, definition: str, state: str) -> bool:
    """Discard the open preview of a definition; return whether there was one."""
    query = "SELECT id FROM runs WHERE definition = :definition AND state = 'open'"
    row = first_row(db, query, definition=definition)
    if row is None:
        return False
    _end(db, row["id"], state, None)
    return True


def wrong_company_error(definition: Definition, expected: Company, got: Company) -> Exception:
    return host_error(
        "WRONG_COMPANY",
        name=definition.name,
        expected=f"{expected.name} ({expected.number})",
        got=f"{got.name} ({got.number})" if got.name else got.number,
        **definition_words(definition.subject),
    )


def forget_rows(db: sqlite3.Connection, run_id: str) -> None:
    for table in ("run_rows", "run_balances", "run_checked", "run_discrepancies"):
        db.execute(f"DELETE FROM {table} WHERE run_id = :id", {"id": run_id})  # noqa: S608 names of ours


def _end(
    db: sqlite3.Connection,
    run_id: str,
    state: str,
    code: str | None,
    message: Text | None = None,
) -> None:
    forget_rows(db, run_id)
    db.execute(
        "UPDATE runs SET state = :state, error_code = :code, error_sv = :sv, error_en = :en"
        " WHERE id = :id",
        {"state": state, "code": code, **words_of(message), "id": run_id},
    )


def _judgement_rows(judging: Judging, only: AffectedRows | None) -> Iterator[dict[str, object]]:
    return (
        judgement_values(group.invoice_id, judgement) | {"id": row["id"]}
        for group in judging.judge_invoices(only)
        for row, judgement in zip(group.rows, group.judgements, strict=True)
    )


def _report_progress(
    judged: Iterator[dict[str, object]], total: int, on_judged: Callable[[int, int], None]
) -> Iterator[dict[str, object]]:
    for done, row in enumerate(judged, 1):
        yield row
        if done % BATCH == 0:
            on_judged(min(done, total), total)


def judgement_values(invoice_id: int | None, judgement: Judgement) -> dict[str, object]:
    columns = columns_of(judgement, invoice_id=invoice_id)
    return {name: columns[name] for name in _JUDGEMENT}


def differs(judgement: Mapping[str, object], row: sqlite3.Row) -> bool:
    """Whether a judgement differs from the shown row; the invoice only counts if it is saved."""
    ready = READY in {judgement["kind"], row["kind"]}
    counts = (name for name in _JUDGEMENT if ready or name not in {"invoice_id", "remaining"})
    return any(judgement[name] != row[name] for name in counts)


_NOT_AS_SHOWN = Text(
    "förhandsgranskningen är inte den som visades", "the preview is not the one that was shown"
)

# --- SQL --------------------------------------------------------------------

_COLUMNS = PAYMENT_COLUMNS.split(", ")

_JUDGEMENT = (
    "kind",
    "invoice_id",
    "status",
    "warning_sv",
    "warning_en",
    "reason",
    "message_sv",
    "message_en",
    "obstacle",
    "written_off",
    "effect",
    "remaining",
)

_WRITE = f"""
    UPDATE run_rows SET {", ".join(f"{name} = :{name}" for name in _JUDGEMENT)} WHERE id = :id
"""  # noqa: S608 constants

_FLAGGED = """
    SELECT number, status, warning_sv, warning_en, written_off FROM run_rows
    WHERE run_id = :run_id AND kind = 'ready' AND deleted = 0
    AND (status <> 'exact' OR warning_sv IS NOT NULL)
"""

# What is registered already waits for nobody.
_FOR_PERSON = """
    SELECT count(*) + (SELECT count(*) FROM run_discrepancies WHERE run_id = :run_id)
    FROM run_rows WHERE run_id = :run_id AND kind = 'rejected' AND deleted = 0
    AND reason <> 'already-imported'
"""

_SUMS = """
    SELECT kind, reason IS 'set-aside', count(*), exact_sum(amount) FROM run_rows
    WHERE run_id = :run_id AND deleted = 0 GROUP BY 1, 2
"""

# What a person sees of a run, and all that a save registers: JSON, so that no value can pass for
# its neighbour.
_SHOWN_HEAD = """
    SELECT CAST(json_array(counts, totals, company, company_name, region, bank_account, date,
                           cursor) AS BLOB)
    FROM runs WHERE id = :run_id
"""

_SHOWN = f"json_array({', '.join((*_COLUMNS, *_JUDGEMENT, 'deleted'))})"

# By the index on a run's numbers: a million rows are not sorted.
_SHOWN_ROWS = f"""
    SELECT CAST({_SHOWN} AS BLOB) FROM run_rows
    WHERE run_id = :run_id AND number IS NOT NULL ORDER BY number
"""  # noqa: S608 constants

_SHOWN_ROWS_WITHOUT_NUMBER = f"""
    SELECT CAST({_SHOWN} AS BLOB) FROM run_rows
    WHERE run_id = :run_id AND number IS NULL ORDER BY 1
"""  # noqa: S608 constants

_REPLACED = ", ".join(
    f"{column} = excluded.{column}"
    for column in (*_COLUMNS, "excluded_reason", "excluded_sv", "excluded_en")
)

_TAKE = f"""
    INSERT INTO run_rows (run_id, {PAYMENT_COLUMNS}, excluded_reason, excluded_sv, excluded_en,
                          fetched)
    VALUES (:run_id, {", ".join(f":{name}" for name in _COLUMNS)}, :reason, :sv, :en, 1)
    ON CONFLICT (run_id, number) DO UPDATE SET {_REPLACED},
        fetched = 1, deleted = 0, earlier_reason = NULL, earlier_sv = NULL, earlier_en = NULL,
        earlier_obstacle = ''
"""  # noqa: S608 constants

# A payment that could be read is screened again; one that could not keeps its reason.
_OFFER_AGAIN = f"""
    INSERT INTO run_rows (run_id, {PAYMENT_COLUMNS}, fetched, earlier_reason, earlier_sv,
                          earlier_en, earlier_obstacle, excluded_reason, excluded_sv, excluded_en)
    SELECT :run_id, {PAYMENT_COLUMNS}, 0, reason, message_sv, message_en, obstacle,
           CASE WHEN date IS NULL THEN reason END,
           CASE WHEN date IS NULL THEN message_sv END,
           CASE WHEN date IS NULL THEN message_en END
    FROM pending
    WHERE definition = :definition AND company = :company AND deleted_at IS NULL
    AND NOT (reason = 'already-imported' AND EXISTS (
        SELECT 1 FROM decisions d
        WHERE d.definition = pending.definition AND d.company = pending.company
        AND d.number = pending.number AND d.decision = 'keep' AND {IN_FORCE}))
    ON CONFLICT (run_id, number) DO NOTHING
"""  # noqa: S608 constants

# Of two halves one is negative, of which there are few; the index on amounts finds the other.
_OFFER_HALVES = f"""
    INSERT INTO run_rows (run_id, {PAYMENT_COLUMNS}, fetched, earlier_reason, earlier_sv,
                          earlier_en)
    SELECT :run_id, {PAYMENT_COLUMNS}, 0, '{CHANGED}', '', '' FROM payments
    WHERE id IN (
        SELECT h.id FROM payments p INDEXED BY payments_by_amount
        CROSS JOIN payments h INDEXED BY payments_by_amount
            ON h.state = 'registered' AND h.status = '{SETTLED}'
            AND h.import_type = p.import_type AND h.company = p.company
            AND CAST(h.amount AS REAL) IN (CAST(p.amount AS REAL), -CAST(p.amount AS REAL))
            AND h.date = p.date
        JOIN invoices i ON i.region = :region AND i.number = h.invoice_number
            AND i.id <> h.invoice_id
        WHERE CAST(p.amount AS REAL) < 0 AND p.status = '{SETTLED}' AND {OURS})
    AND NOT EXISTS (
        SELECT 1 FROM decisions d WHERE d.definition = :definition AND d.company = :company
        AND d.number = payments.number AND d.decision = 'keep' AND d.taken_back_at IS NULL)
    ON CONFLICT (run_id, number) DO NOTHING
"""  # noqa: S608 constants
