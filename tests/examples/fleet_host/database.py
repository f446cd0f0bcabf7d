"""The host's tables; statements.sql has every statement on them.

A run has one connection from its beginning to its end. It holds the company's lock, and what the
run saves goes through it: one that was lost has lost the lock, and can save nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import UTC, datetime
from importlib import resources
from typing import Any, NamedTuple

import psycopg
from procrastinate.schema import SchemaManager
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from hostsim.ledger.matching import READY, REJECTED, Refusal
from hostsim.ledger.values import Decision, Invoice
from opter_contract.values import Company, Failure, Text

from .errors import FleetError
from .judging import Facts, Judged, Row, from_json, to_json

Db = psycopg.Connection[DictRow]
Pool = ConnectionPool[Db]

_FILES = resources.files(__package__)
SQL = dict(
    re.findall(
        r"^-- (\w+)\n(.+?)\n\n",
        _FILES.joinpath("statements.sql").read_text("utf-8") + "\n",
        re.MULTILINE | re.DOTALL,
    )
)

#: Tables that rows are copied to first. They last as long as their connection: such that came
#: and went with each save would bloat the catalogue.
_COPIED = {
    "fresh_payments": "payments",
    "fresh_waiting": "waiting",
    "loaded_companies": "companies, LATERAL (SELECT ''::text AS daily_at) AS due",
    "loaded_invoices": "invoices",
}


class StoredCompany(NamedTuple):
    """A company with the one import that is defined for it."""

    name: str
    books: str
    import_type: str
    format: str
    settings: Mapping[str, str]
    company: Company | None
    cursor: str | None


# --- Connections and locks ---


def connected(url: str) -> Db:
    """Connect; each statement is a transaction of its own unless one is begun."""
    return psycopg.connect(url, autocommit=True, row_factory=dict_row)


def open_pool(url: str, size: int) -> Pool:
    kwargs = {"autocommit": True, "row_factory": dict_row}
    check = ConnectionPool.check_connection
    return ConnectionPool(
        url, connection_class=Db, kwargs=kwargs, min_size=1, max_size=size, check=check, open=True
    )


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
    """Give whether a lock was acquired, which lasts no longer than the connection.

    :param held: by other threads with this connection, which PostgreSQL would let in, too.
    """
    until = time.monotonic() + timeout
    while not (acquired := _try_lock(db, key, held)) and time.monotonic() < until:
        time.sleep(0.05)
    try:
        yield acquired
    finally:
        if acquired:
            with suppress(psycopg.Error):  # what is lost holds nothing
                db.execute(SQL["unlock"], {"key": key})
            del held[key]


def _try_lock(db: Db, key: str, held: dict[str, object]) -> bool:
    token = object()
    if held.setdefault(key, token) is not token:
        return False
    [row] = db.execute(SQL["try_lock"], {"key": key}).fetchall()
    if not row["acquired"]:
        del held[key]
    return bool(row["acquired"])


@contextmanager
def alone(pool: Pool, company: str, timeout: float) -> Iterator[Db]:
    """Give a connection that is alone with a company."""
    with pool.connection() as db, locked(db, f"company {company}", timeout, {}) as acquired:
        if not acquired:
            raise FleetError("COMPANY_BUSY", company=company)
        yield db


# --- Companies ---


def load(
    db: Db, companies: Sequence[Mapping[str, Any]], invoices: Sequence[Mapping[str, Any]]
) -> None:
    """Store companies with their invoices, all or none; what is known already is updated."""
    with db.transaction():
        _copy(db, "loaded_companies", companies)
        db.execute(SQL["load_companies"])
        db.execute(SQL["load_next_due"])
        _copy(db, "loaded_invoices", invoices)
        db.execute(SQL["load_invoices"])


def company(db: Db, name: str) -> StoredCompany:
    row = db.execute(SQL["company"], {"company": name}).fetchone()
    if row is None:
        raise FleetError("COMPANY_UNKNOWN", company=name)
    number, known_as = row.pop("company_number"), row.pop("company_name")
    return StoredCompany(**row, company=Company(number, known_as) if number else None)


# --- A run ---


def offered(db: Db, company: str) -> dict[str, Row]:
    """Give what waits and has a number."""
    rows = {}
    for row in db.execute(SQL["offered"], {"company": company}):
        why = Refusal(row["reason"], Text(row["sv"], row["en"]))
        payment = from_json(row["payment"])
        excluded = None if payment else why
        invoice = row["invoice_number"]
        rows[row["number"]] = Row(row["number"], payment, row["amount"], invoice, excluded, why)
    return rows


def facts(db: Db, of: StoredCompany, company_number: str, rows: Iterable[Row]) -> Facts:
    """Read what decides about rows, as it is committed now."""
    payments = [row.payment for row in rows if row.payment is not None]
    values = {
        "books": of.books,
        "company": of.name,
        "import_type": of.import_type,
        "company_number": company_number,
        "numbers": [one.key.number for one in payments],
        "invoices": list({one.invoice_number for one in payments}),
        "ocrs": list({one.ocr for one in payments if one.ocr}),
    }
    names = [field.name for field in fields(Invoice)]
    invoices, registered, decisions = (
        db.execute(SQL[one], values) for one in ("invoices", "registered", "decisions")
    )
    return Facts(
        [Invoice(**{name: row[name] for name in names}) for row in invoices],
        {row["number"]: from_json(row["payment"]) for row in registered},
        {row["number"]: Decision(**row) for row in decisions},
    )


def save(
    db: Db,
    of: StoredCompany,
    run: str,
    company: Company,
    *,
    cursor: str | None,
    judge: Callable[[], Sequence[Judged]],
    registers: Callable[[Judged], bool],
) -> list[Judged]:
    """Register payments, keep the others and move the cursor: all of it, or nothing.

    :param judge: judges by what is committed when it is called: nobody else saves meanwhile.
    :param registers: tells which of those that are ready are registered.
    :return: what was registered.
    """
    values = {"run": run, "company": of.name, "cursor": cursor}
    with db.transaction():
        db.execute(SQL["lock_until_commit"], {"key": f"books {of.books}"})
        judged = judge()
        ready = [one for one in judged if one.judgement.kind == READY and registers(one)]
        _copy(db, "fresh_payments", [_payment(of, run, one) for one in ready])
        added = {row["number"] for row in db.execute(SQL["register"])}
        db.execute(SQL["decisions_done"], values | {"numbers": list(added)})
        saved = [one for one in ready if one.row.number in added]
        kept = [one for one in judged if one.waits and one not in saved]
        _copy(db, "fresh_waiting", [_waiting(of, *one) for one in enumerate(kept, start=1)])
        db.execute(SQL["drop_waiting"], values)
        db.execute(SQL["keep_waiting"])
        there = {"company_number": company.number, "company_name": company.name}
        db.execute(SQL["move_cursor"], values | there)
        kinds = [one.judgement.kind for one in judged]
        counts = {"saved": len(saved), "flagged": kinds.count(READY) - len(saved)}
        counts |= {"rejected": kinds.count(REJECTED)}
        _end(db, values | counts | {"ignored": len(kinds) - sum(counts.values())})
    return saved


def fail(db: Db, run: str, company: str, failure: Failure, retry: float) -> None:
    """Write down why a run failed; the company is due in so many seconds (infinity: paused)."""
    why = {"code": failure.code, **failure.message._asdict(), "retry": retry}
    with db.transaction():
        _end(db, {"run": run, "company": company, **why})


def _end(db: Db, values: Mapping[str, object]) -> None:
    known = {**dict.fromkeys(_ENDS), **values}
    db.execute(SQL["end_run"], known)
    db.execute(SQL["end_company"], known)


#: What is known of a run that has ended.
_ENDS = ("saved", "flagged", "rejected", "ignored", "code", "sv", "en", "retry")


def _copy(db: Db, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Copy rows to a temporary table, which is empty again after the transaction."""
    db.execute(SQL["temporary"].format(table, _COPIED[table]))
    if rows:
        with db.cursor().copy(f"COPY {table} ({', '.join(rows[0])}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(list(row.values()))


def _payment(of: StoredCompany, run: str, one: Judged) -> Mapping[str, Any]:
    payment: Any = one.row.payment
    return {
        "import_type": of.import_type,
        "company_number": payment.key.company,
        "number": payment.key.number,
        "books": of.books,
        "invoice": one.invoice,
        "amount": payment.amount,
        "currency": payment.currency,
        "amount_currency": payment.amount_currency,
        "effect": one.judgement.effect,
        "status": one.judgement.status,
        "payment": to_json(payment),
        "run": run,
        "registered_at": datetime.now(UTC),
    }


def _waiting(of: StoredCompany, nth: int, one: Judged) -> Mapping[str, Any]:
    row, (reason, message) = one.row, one.why
    return {
        "company": of.name,
        "number": row.number,
        "nth": 0 if row.number else nth,
        "list": "flagged" if one.judgement.kind == READY else "rejected",
        "reason": reason,
        **message._asdict(),
        "amount": row.amount,
        "invoice_number": row.invoice_number,
        "payment": to_json(row.payment),
        "since": datetime.now(UTC),
    }
