"""The host's tables; statements.sql has every statement on them.

A run has one connection. It holds the company's lock, and what the run saves goes through it:
one that was lost has lost the lock, and can save nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import psycopg
from procrastinate.schema import SchemaManager
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from hostsim.ledger.candidates import Refusal
from hostsim.ledger.judging import IGNORED, READY, REJECTED
from hostsim.ledger.values import Decision, Definition, Invoice
from opter_contract.values import Company, Failure, ImportReport, Text

from .errors import FleetError
from .judging import FLAGGED, Facts, Judged, Row, from_json, to_json

Db = psycopg.Connection[DictRow]
Pool = ConnectionPool[Db]

_FILES = resources.files(__package__)
_TEXT = _FILES.joinpath("statements.sql").read_text("utf-8") + "\n"
SQL = dict(re.findall(r"^-- (\w+)\n(.+?)\n\n", _TEXT, re.MULTILINE | re.DOTALL))

#: Each statement is a transaction of its own unless one is begun.
OPTIONS: dict[str, Any] = {"autocommit": True, "row_factory": dict_row}


def connected(url: str) -> Db:
    return psycopg.connect(url, **OPTIONS)


def open_pool(url: str, size: int) -> Pool:
    return ConnectionPool(
        url, connection_class=Db, kwargs=OPTIONS, min_size=1, max_size=size, open=True,
        check=ConnectionPool.check_connection,
    )  # fmt: skip


def create_tables(db: Db) -> None:
    """Create what is missing: our tables, and those of Procrastinate."""
    with db.transaction():
        db.execute(SQL["lock_until_commit"], {"key": "schema"})
        [known] = db.execute("SELECT to_regclass('companies') AS known").fetchall()
        if known["known"] is None:
            db.execute(SchemaManager.get_schema().encode())
            db.execute(_FILES.joinpath("schema.sql").read_bytes())


@contextmanager
def locked(db: Db, key: str, timeout: float, held: dict[str, object]) -> Iterator[bool]:
    """Return whether a lock was acquired, which lasts no longer than the connection.

    :param held: by other threads with this connection, which PostgreSQL would let in, too.
    """
    token, acquired, until = object(), False, time.monotonic() + timeout
    try:
        while True:
            if held.setdefault(key, token) is token:
                [row] = db.execute(SQL["try_lock"], {"key": key}).fetchall()
                acquired = row["acquired"]
            if acquired or time.monotonic() >= until:
                break
            time.sleep(0.05)
        yield acquired
    finally:
        if acquired:
            with suppress(psycopg.Error):  # what is lost holds nothing
                db.execute(SQL["unlock"], {"key": key})
        if held.get(key) is token:
            del held[key]


@contextmanager
def alone(pool: Pool, company: str, timeout: float) -> Iterator[Db]:
    """Return a connection that is alone with a company."""
    with pool.connection() as db, locked(db, f"company {company}", timeout, {}) as acquired:
        if not acquired:
            raise FleetError("COMPANY_BUSY", company=company)
        yield db


def _copy(db: Db, table: str, rows: Iterable[Sequence[object]]) -> None:
    """Copy rows, in the order of their columns, to a table that is empty after the transaction."""
    db.execute(SQL[table])
    with db.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def load(db: Db, lines: Iterable[str]) -> None:
    """Store companies with their invoices, all or none; what is known already is updated."""
    with db.transaction():
        _copy(db, "loaded", [(line,) for line in lines])
        for statement in ("load_companies", "load_next_due", "load_invoices"):
            db.execute(SQL[statement])


def company(db: Db, name: str) -> Definition:
    """Return the one import that is defined for a company; its books are its region."""
    row = db.execute(SQL["company"], {"company": name}).fetchone()
    if row is None:
        raise FleetError("COMPANY_UNKNOWN", company=name)
    number, known_as = row.pop("company_number"), row.pop("company_name")
    return Definition(**row, company=Company(number, known_as) if number else None)


def offered(db: Db, company: str) -> dict[str, Row]:
    """Return what waits and has a number, by its number."""
    rows = {}
    for row in db.execute(SQL["offered"], {"company": company}):
        why = Refusal(row["reason"], Text(row["sv"], row["en"]))
        payment, number = from_json(row["payment"]), row["number"]
        excluded = None if payment else why
        rows[number] = Row(number, payment, row["amount"], row["invoice_number"], excluded, why)
    return rows


def facts(db: Db, of: Definition, company_number: str, rows: Iterable[Row]) -> Facts:
    """Read what decides about rows, as it is committed now."""
    payments = [row.payment for row in rows if row.payment is not None]
    values = {
        "books": of.region, "company": of.name, "import_type": of.import_type,
        "company_number": company_number, "numbers": [one.key.number for one in payments],
        "invoices": list({one.invoice_number for one in payments}),
        "ocrs": list({one.ocr for one in payments if one.ocr}),
    }  # fmt: skip
    names = [field.name for field in fields(Invoice)]
    read = [db.execute(SQL[one], values) for one in ("invoices", "registered", "decisions")]
    return Facts(
        [Invoice(**{name: row[name] for name in names}) for row in read[0]],
        {row["number"]: from_json(row["payment"]) for row in read[1]},
        {row["number"]: Decision(**row) for row in read[2]},
    )


def save(
    db: Db, of: Definition, run: str, report: ImportReport, *,
    judge: Callable[[], Sequence[Judged]], registers: Callable[[Judged], bool],
) -> list[Judged]:  # fmt: skip
    """Register payments, keep the others and move the cursor: all of it, or nothing.

    :param judge: judges by what is committed when it is called: nobody else saves meanwhile.
    :param registers: tells which of those that are ready are registered.
    :return: what was registered.
    """
    values: dict[str, Any] = {"run": run, "company": of.name, "cursor": report.cursor}
    values |= {"company_number": report.company.number, "company_name": report.company.name}
    now, lists = datetime.now(UTC), {READY: FLAGGED, REJECTED: REJECTED, IGNORED: REJECTED}
    with db.transaction():
        db.execute(SQL["lock_until_commit"], {"key": f"books {of.region}"})
        judged = judge()
        ready = [one for one in judged if one.judgement.kind == READY and registers(one)]
        paid: list[tuple[Judged, Any]] = [(one, one.row.payment) for one in ready]
        _copy(db, "fresh_payments", [(
            of.import_type, of_it.key.company, of_it.key.number, of.region, one.invoice,
            of_it.amount, of_it.currency, of_it.amount_currency, one.judgement.effect,
            one.judgement.status, to_json(of_it), run, now,
        ) for one, of_it in paid])  # fmt: skip
        added = {row["number"] for row in db.execute(SQL["register"])}
        values["numbers"] = list(added)
        saved = [one for one in ready if one.row.number in added]
        kept = [one for one in judged if one.waits and one.row.number not in added]
        _copy(db, "fresh_waiting", [(
            of.name, one.row.number, 0 if one.row.number else nth, lists[one.judgement.kind],
            one.why.reason, *one.why.message, one.row.amount, one.row.invoice_number,
            to_json(one.row.payment), now,
        ) for nth, one in enumerate(kept)])  # fmt: skip
        for statement in ("decisions_done", "drop_waiting", "keep_waiting", "move_cursor"):
            db.execute(SQL[statement], values)
        kinds = [one.judgement.kind for one in judged]
        values |= {"saved": len(saved), "flagged": kinds.count(READY) - len(saved)}
        _end(db, {**values, "rejected": kinds.count(REJECTED), "ignored": kinds.count(IGNORED)})
    return saved


def fail(db: Db, run: str, company: str, failure: Failure, retry: float) -> None:
    """Write down why a run failed; the company is due in so many seconds (infinity: paused)."""
    values = {"run": run, "company": company, "code": failure.code, "retry": retry}
    with db.transaction():
        _end(db, {**values, "sv": failure.message.sv, "en": failure.message.en})


def _end(db: Db, values: Mapping[str, object]) -> None:
    nothing = dict.fromkeys(
        ("saved", "flagged", "rejected", "ignored", "code", "sv", "en", "retry")
    )
    for statement in ("end_run", "end_company"):
        db.execute(SQL[statement], {**nothing, "retry": None, **values})
