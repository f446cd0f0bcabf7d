"""The rows of a reconciliation: payments of the source, joined with the registered ones."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from hostsim.ledger.candidates import Refusal
from hostsim.messages.source_name import UNNAMED
from hostsim.storage import decisions as decision_store
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.rows import OLDEST_FIRST, REGISTERED_COLUMNS, first_row
from hostsim.storage.scope import DELETED_LAST, NOT_REGISTERED, OURS
from hostsim.storage.store import Store
from opter_contract import BATCH
from opter_contract.values import Company, Text

#: Of the run, and ``last``: the id of the last registered payment that counts.
ReconciliationScope = Mapping[str, object]


def begin(import_run: ImportRun, user: str, at: datetime, source: Text = UNNAMED) -> None:
    """Begin a run that compares; remove what an earlier one left when it was interrupted."""
    with import_run.store.change() as db:
        import_run.begin(user, at, source=source)
        db.execute(
            "DELETE FROM run_rows WHERE run_id IN"
            " (SELECT id FROM runs WHERE definition = :name AND state = 'reconciled')",
            {"name": import_run.definition.name},
        )


def scope_of(import_run: ImportRun, company: Company) -> ReconciliationScope:
    """Compare with what is registered now, by whichever import of the company."""
    last = import_run.store.db.execute("SELECT COALESCE(max(id), 0) FROM payments").fetchone()[0]
    return {**import_run.scope(company.number)._asdict(), "last": last}


def finish(
    import_run: ImportRun,
    company: Company,
    *,
    requests: int,
    counts: Mapping[str, int],
    at: datetime,
) -> None:
    with import_run.store.change() as db:
        db.execute(
            "UPDATE runs SET state = 'reconciled', company = :number, company_name = :name,"
            " requests = :requests, counts = :counts, finished_at = :at WHERE id = :run_id",
            {
                "number": company.number,
                "name": company.name,
                "requests": requests,
                "counts": json.dumps(counts),
                "at": at.isoformat(),
                "run_id": import_run.run_id,
            },
        )


def forget(store: Store, scope: ReconciliationScope) -> None:
    with store.change() as db:
        db.execute("DELETE FROM run_rows WHERE run_id = :run_id", scope)


def has_unnumbered(store: Store, scope: ReconciliationScope) -> bool:
    """Return whether the source has a payment whose number cannot be read."""
    query = "SELECT 1 FROM run_rows WHERE run_id = :run_id AND number IS NULL"
    return first_row(store.db, query, **scope) is not None


def at_source(
    store: Store, scope: ReconciliationScope, *, here: bool | None = None
) -> Iterator[sqlite3.Row]:
    """Return the payments of the source, joined with the registered ones, oldest first.

    :param here: ``True``: only those registered here; ``False``: only the others.
    """
    return store.stream(_AT_SOURCE, {**scope, "here": here})


def only_here(store: Store, scope: ReconciliationScope) -> Iterator[sqlite3.Row]:
    """Return the registered payments that the source does not have, oldest first."""
    return store.stream(_ONLY_HERE, scope)


def all_at_source(store: Store, scope: ReconciliationScope) -> Iterator[sqlite3.Row]:
    """Return the payments of the source, without the registered ones."""
    return store.stream("SELECT * FROM run_rows WHERE run_id = :run_id", scope)


def all_here(store: Store, scope: ReconciliationScope) -> Iterator[sqlite3.Row]:
    """Return the registered payments, without those of the source."""
    return store.stream(
        f"SELECT p.* FROM payments p WHERE {OURS} AND p.id <= :last",  # noqa: S608 a constant
        scope,
    )


def unexplained(import_run: ImportRun, company: str) -> Iterator[list[sqlite3.Row]]:
    """Return in batches the readable payments that are not registered and have no reason yet.

    Each with the definition's ``dec_`` decision, ``del_`` deletion, ``open_`` row of the open
    preview and ``pending_`` row of the last save.
    """
    values = {**import_run.scope(company)._asdict(), "after": 0, "batch": BATCH}
    while rows := import_run.store.db.execute(_UNEXPLAINED, values).fetchall():
        values["after"] = rows[-1]["id"]
        yield rows


def set_reasons(import_run: ImportRun, reasons: Iterable[tuple[int, Refusal]]) -> None:
    """Store why payments are not registered, by the id of their row."""
    with import_run.store.change() as db:
        db.executemany(
            "UPDATE run_rows SET excluded_reason = ?, excluded_sv = ?, excluded_en = ?"
            " WHERE id = ? AND run_id = ?",
            [
                (refusal.reason, *refusal.message, row_id, import_run.run_id)
                for row_id, refusal in reasons
            ],
        )


_AT_SOURCE = f"""
    SELECT r.*, {REGISTERED_COLUMNS}, {decision_store.DECISION_COLUMNS}
    FROM run_rows r
    LEFT JOIN payments p ON {OURS} AND p.number = r.number AND p.id <= :last
    {decision_store.DECISION_JOIN}
    WHERE r.run_id = :run_id AND (:here IS NULL OR (p.id IS NOT NULL) = :here)
    ORDER BY {OLDEST_FIRST.format("r")}, r.id
"""  # noqa: S608 constants

_ONLY_HERE = f"""
    SELECT p.*
    FROM payments p
    WHERE {OURS} AND p.id <= :last
    AND NOT EXISTS (SELECT 1 FROM run_rows r
                    WHERE r.run_id = :run_id AND r.number = p.number)
    ORDER BY {OLDEST_FIRST.format("p")}, p.id
"""  # noqa: S608 constants

_UNEXPLAINED = f"""
    SELECT r.*, {decision_store.DECISION_COLUMNS}, x.deleted_at AS del_at,
           x.deleted_by AS del_by, x.deleted_why AS del_why,
           o.kind AS open_kind, o.reason AS open_reason, o.message_sv AS open_sv,
           o.message_en AS open_en, q.reason AS pending_reason, q.message_sv AS pending_sv,
           q.message_en AS pending_en
    FROM run_rows r
    {decision_store.DECISION_JOIN}
    LEFT JOIN payments x ON {DELETED_LAST}
    LEFT JOIN pending q ON q.definition = :definition AND q.company = :company
                       AND q.number = r.number AND q.deleted_at IS NULL
    LEFT JOIN run_rows o ON o.number = r.number AND o.deleted = 0
                        AND o.run_id = (SELECT id FROM runs WHERE definition = :definition
                                        AND company = :company AND state = 'open')
    WHERE r.run_id = :run_id AND r.id > :after AND r.date IS NOT NULL AND r.excluded_reason IS NULL
    AND {NOT_REGISTERED}
    ORDER BY r.id LIMIT :batch
"""  # noqa: S608 constants
