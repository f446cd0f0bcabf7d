"""The host's database: a SQLite file with plain SQL.

Here stand the connection, the settings of the office, invoices, definitions,
registered payments and the plug-ins' small state; :mod:`.previews` keeps what
runs read. Rules that must hold live in ``schema.sql``.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal, localcontext
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from hostsim.errors import host_error
from hostsim.ledger.amounts import meant, typed_amount
from hostsim.ledger.matching import EXACT
from hostsim.ledger.values import (
    SEK,
    Definition,
    ExportedInvoice,
    Invoice,
    Registered,
    Row,
    RunSummary,
)
from hostsim.messages import texts
from hostsim.storage import commits, functions, migrations
from hostsim.storage.locks import Locks
from hostsim.storage.rows import (
    OLDEST_FIRST,
    clean,
    definition_of,
    invoice_of,
    payment_of,
    plain,
    registered_row_of,
    run_summary_of,
    schema,
    without_spaces,
)
from opter_contract.values import Text

log = logging.getLogger(__name__)

#: Marks a SQLite file as ours ("Opte"), so that no other file is taken for one.
APPLICATION_ID = 0x4F707465

#: Seconds that a write waits for another process' write to end, unless told otherwise.
PATIENCE = 60.0

_OUT_OF_REACH = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
}

#: The settings of the office and their presets.
SETTINGS = {"default_currency": SEK, "accepted_deviation": "0"}
ALIASES = {"accepted_invoice_deviation": "accepted_deviation"}

#: Above this an accepted deviation is a slip of the keyboard.
MOST_DEVIATION = Decimal(1_000_000)


class Loaded(NamedTuple):
    """How many invoices were new, and how many were known and updated."""

    new: int
    updated: int


class Store:
    """One database file. Threads may share it; each gets a connection of its own."""

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        """Keep the place; use :meth:`open` or :meth:`create`.

        :param patience: seconds that a write waits for another process' write.
        """
        # Resolved, so that two ways to write one path share their locks.
        self.path = path.resolve()
        self.locks = Locks(self.path)
        self._patience = patience
        self._guard = threading.Lock()
        self._connections: dict[threading.Thread, sqlite3.Connection] = {}

    @classmethod
    def create(cls, path: str | Path) -> Self:
        """Make a new database; an existing file is left as it is and refused."""
        store = cls(Path(path))
        if store.path.exists() and not store._is_blank():
            with store:
                store._check()  # a file of something else is a different error
            raise host_error("DATABASE_EXISTS", path=path)
        try:
            store._make_tables()
        except sqlite3.Error as error:
            store.close()
            raise host_error("DATABASE_UNREACHABLE", path=path) from error
        return store

    @classmethod
    def open(cls, path: str | Path, *, patience: float = PATIENCE) -> Self:
        """Open a database that :meth:`create` made."""
        store = cls(Path(path), patience=patience)
        if not store.path.exists():
            raise host_error("NO_DATABASE", path=path)
        try:
            store._check()
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close all connections; the store can be used again and opens new ones."""
        with self._guard:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()

    def __enter__(self) -> Self:
        """Use the store as a context manager that closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close all connections."""
        self.close()

    # --- Connections ---

    @property
    def db(self) -> sqlite3.Connection:
        """The connection of this thread."""
        thread = threading.current_thread()
        connection = self._connections.get(thread)
        if connection is None:
            connection = self._connect()
            with self._guard:
                self._forget_ended_threads()
                self._connections[thread] = connection
        return connection

    def _forget_ended_threads(self) -> None:
        for thread in [t for t in self._connections if not t.is_alive()]:
            self._connections.pop(thread).close()

    def _connect(self) -> sqlite3.Connection:
        # Transactions are begun by hand. Threads never share a connection; only closing may
        # happen in another thread.
        connection = sqlite3.connect(
            self.path, timeout=self._patience, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        functions.register(connection)
        return connection

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Change the database: all of it or nothing. Changes may stand in one another."""
        db = self.db
        if db.in_transaction:
            yield db
            return
        before = db.total_changes
        committing = False
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            committing = True
            db.execute("COMMIT")
        except BaseException as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
                committing = False
            if isinstance(error, sqlite3.Error):
                committing = False
            if isinstance(error, sqlite3.OperationalError):
                self._explain(error)
            raise
        finally:
            # Also where somebody pressed Ctrl-C while it was committed.
            if committing and db.total_changes > before:
                commits.note()

    def _explain(self, error: sqlite3.OperationalError) -> None:
        """Turn what a person can do something about into a sentence."""
        # The primary code stands in the lowest byte: https://sqlite.org/rescode.html
        code = error.sqlite_errorcode & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            raise host_error("DATABASE_BUSY", path=self.path) from error
        if code in _OUT_OF_REACH:
            raise host_error("DATABASE_UNREACHABLE", path=self.path) from error

    def stream(
        self, query: str, values: tuple[object, ...] | Mapping[str, object] = ()
    ) -> Iterator[sqlite3.Row]:
        """Read rows one by one, as they are committed when the first is asked for.

        On a connection of its own, so that a reader who stops half-way, or
        writes while it reads, disturbs nobody.
        """
        with self.reader() as connection:
            yield from connection.execute(query, values)

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """Give a connection to read with, and to keep temporary tables on."""
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.close()

    def _is_blank(self) -> bool:
        """Tell whether the file holds nothing yet, as when its making was broken off."""
        try:
            things: int = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            marks = [
                self.db.execute(f"PRAGMA {mark}").fetchone()[0]
                for mark in ("application_id", "user_version")
            ]
        except sqlite3.Error:
            return False
        return not things and not any(marks)

    def _check(self) -> None:
        try:
            mark = self.db.execute("PRAGMA application_id").fetchone()[0]
            version = self.db.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            self.close()
            readable = isinstance(error, sqlite3.OperationalError)
            code = "DATABASE_UNREACHABLE" if readable else "DATABASE_FOREIGN"
            raise host_error(code, path=self.path) from error
        if mark != APPLICATION_ID:
            self.close()
            raise host_error("DATABASE_FOREIGN", path=self.path)
        known = migrations.version()
        if not 1 <= version <= known:
            self.close()
            raise host_error("DATABASE_VERSION", path=self.path, found=version, known=known)
        if version < known:
            with commits.passing(), self.change() as db:
                migrations.migrate(db)
            log.info("%s was brought to version %s", self.path.name, known)

    def _make_tables(self) -> None:
        self.db.execute("PRAGMA journal_mode = WAL")
        with self.change() as db:
            # Somebody else may have been quicker.
            if db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
                raise host_error("DATABASE_EXISTS", path=self.path)
            for statement in schema():
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {migrations.version()}")
        commits.note()

    # --- Settings of the office ---

    def settings(self) -> Mapping[str, str]:
        """Give all settings of the office, presets included."""
        stored = self.db.execute("SELECT key, value FROM settings")
        return SETTINGS | {row["key"]: row["value"] for row in stored if row["key"] in SETTINGS}

    def set_setting(self, key: str, text: str) -> None:
        """Change one setting of the office; a wrong value is refused with a sentence."""
        name = key.strip().lower().replace("-", "_")
        name = ALIASES.get(name, name)
        if name not in SETTINGS:
            raise host_error("SETTING_UNKNOWN", key=key, known=", ".join(sorted(SETTINGS)))
        value = _currency(text) if name == "default_currency" else _deviation(text)
        with self.change() as db:
            db.execute(
                "INSERT INTO settings (key, value) VALUES (?, ?)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (name, value),
            )

    @property
    def accepted_deviation(self) -> Decimal:
        """The shortfall that is written off instead of called a part payment; SEK."""
        return Decimal(self.settings()["accepted_deviation"])

    # --- Invoices ---

    def load_invoices(self, rows: Iterable[ExportedInvoice]) -> Loaded:
        """Take exported invoices, all or none; a known number of a region is updated.

        Where the total of a known invoice changes, what remains moves by the
        difference, since what was paid stays paid.
        """
        default_currency = self.settings()["default_currency"]
        new = updated = 0
        with self.change() as db:
            for row in rows:
                known = db.execute(
                    "SELECT id, total, remaining FROM invoices WHERE region = ? AND number = ?",
                    (row.region, row.number),
                ).fetchone()
                if known is None:
                    _insert_invoice(db, row, default_currency)
                    new += 1
                else:
                    _update_invoice(db, known, row, default_currency)
                    updated += 1
        return Loaded(new, updated)

    def invoices(self) -> Iterator[Invoice]:
        """Give all invoices, by region and number."""
        query = (
            "SELECT * FROM invoices"
            " ORDER BY region, length(ltrim(number, '0')), ltrim(number, '0'), number"
        )
        return map(invoice_of, self.stream(query))

    def known_invoices(self, region: str, numbers: Iterable[str]) -> frozenset[str]:
        """Say which of these numbers the region has."""
        several = list(numbers)
        marks = ", ".join("?" * len(several))
        rows = self.db.execute(
            f"SELECT number FROM invoices WHERE region = ? AND number IN ({marks})",  # noqa: S608 only ? marks
            (region, *(clean(number) for number in several)),
        )
        return frozenset(row["number"] for row in rows)

    # --- Definitions ---

    def definitions(self) -> list[Definition]:
        """Give all definitions by name."""
        rows = self.db.execute("SELECT * FROM definitions ORDER BY name")
        return [definition_of(row) for row in rows]

    def definition(self, name: str) -> Definition:
        """Give one definition; an unknown name is refused, naming the known ones."""
        row = self.db.execute("SELECT * FROM definitions WHERE name = ?", (name,)).fetchone()
        if row is not None:
            return definition_of(row)
        known = ", ".join(definition.name for definition in self.definitions())
        if not known:
            raise host_error("NO_DEFINITIONS", name=name)
        raise host_error("DEFINITION_UNKNOWN", name=name, known=known)

    def add_definition(self, definition: Definition) -> None:
        """Store a new definition; a name that is taken is refused."""
        try:
            with self.change() as db:
                db.execute(
                    "INSERT INTO definitions (name, import_type, import_format, region, settings,"
                    " company, company_name) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        definition.name,
                        definition.import_type,
                        definition.import_format,
                        definition.region,
                        json.dumps(dict(definition.settings), ensure_ascii=False),
                        definition.company and definition.company.number,
                        definition.company and definition.company.name,
                    ),
                )
        except sqlite3.IntegrityError as error:
            raise host_error("DEFINITION_EXISTS", name=definition.name) from error

    def set_definition_settings(self, name: str, settings: Mapping[str, str]) -> None:
        """Replace the settings of a definition."""
        with self.change() as db:
            db.execute(
                "UPDATE definitions SET settings = ? WHERE name = ?",
                (json.dumps(dict(settings), ensure_ascii=False), name),
            )

    def set_definition_region(self, name: str, region: str) -> None:
        """Let a definition look at the invoices of another region."""
        with self.change() as db:
            db.execute("UPDATE definitions SET region = ? WHERE name = ?", (region, name))

    # --- Registered payments and runs ---

    def payments(self) -> Iterator[Row]:
        """Give what stands in the books as a person sees it, oldest first.

        With what was deleted or countered, and what counters it.
        """
        query = (
            "SELECT p.*, NULL AS reason, NULL AS message_sv, NULL AS message_en,"  # noqa: S608 a constant
            " i.number AS host_invoice_number, i.customer_name"
            " FROM payments p JOIN invoices i ON i.id = p.invoice_id"
            f" ORDER BY {OLDEST_FIRST.format('p')}, p.id"
        )
        return map(registered_row_of, self.stream(query))

    def registered(self, run_id: str | None = None) -> Iterator[Registered]:
        """Give registered payments with run, user and time, oldest first."""
        query = (
            "SELECT p.*, i.number AS host_invoice_number"  # noqa: S608 a constant
            " FROM payments p JOIN invoices i ON i.id = p.invoice_id"
            " WHERE p.state = 'registered' AND p.origin = 'import'"
            " AND (:run_id IS NULL OR p.run_id = :run_id)"
            f" ORDER BY {OLDEST_FIRST.format('p')}, p.id"
        )
        for row in self.stream(query, {"run_id": run_id}):
            payment = payment_of(row, row["company"], import_type=row["import_type"])
            if payment is not None:
                yield Registered(
                    payment,
                    row["host_invoice_number"],
                    row["status"],
                    Decimal(row["written_off"]),
                    row["run_id"],
                    row["user"],
                    datetime.fromisoformat(row["registered_at"]),
                )

    def runs(self) -> Iterator[RunSummary]:
        """Give all imports of the past, latest first."""
        return map(run_summary_of, self.stream("SELECT * FROM runs ORDER BY started_at DESC, id"))

    # --- Plug-ins' small state ---

    def state(self, import_type: str, key: str) -> str | None:
        """Read what a plug-in put away."""
        row = self.db.execute(
            "SELECT value FROM state WHERE import_type = ? AND key = ?", (import_type, key)
        ).fetchone()
        return None if row is None else str(row["value"])

    def set_state(self, import_type: str, key: str, value: str | None) -> None:
        """Put a value of a plug-in away, or take it away."""
        with self.change() as db:
            if value is None:
                db.execute(
                    "DELETE FROM state WHERE import_type = ? AND key = ?", (import_type, key)
                )
                return
            db.execute(
                "INSERT INTO state (import_type, key, value) VALUES (?, ?, ?)"
                " ON CONFLICT (import_type, key) DO UPDATE SET value = excluded.value",
                (import_type, key, value),
            )


# --- From rows to values and back -------------------------------------------


def _currency(text: str) -> str:
    currency = text.strip()
    if not currency:
        raise host_error("SETTING_WRONG", key="default_currency", why=texts.CURRENCY_NEEDED)
    return currency


def _deviation(text: str) -> str:
    amount = typed_amount(text)
    if amount is None or not 0 <= amount <= MOST_DEVIATION:
        asked, needed = meant(text), texts.DEVIATION_NEEDED
        why = Text(f"{needed.sv}{asked.sv}", f"{needed.en}{asked.en}")
        raise host_error("SETTING_WRONG", key="accepted_deviation", why=why)
    return f"{abs(amount):f}"


def _insert_invoice(db: sqlite3.Connection, row: ExportedInvoice, currency: str) -> None:
    db.execute(
        "INSERT INTO invoices (region, number, ocr, customer_code, customer_name, currency,"
        " total, remaining, invoice_date, due_date, period_closed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.region,
            row.number,
            without_spaces(row.ocr),
            row.customer_code,
            row.customer_name,
            row.currency or currency,
            plain(row.total),
            plain(row.total),
            row.invoice_date and row.invoice_date.isoformat(),
            row.due_date and row.due_date.isoformat(),
            int(row.period_closed),
        ),
    )


def _update_invoice(
    db: sqlite3.Connection, known: Any, row: ExportedInvoice, currency: str
) -> None:
    with localcontext(EXACT):
        remaining = Decimal(known["remaining"]) + row.total - Decimal(known["total"])
    db.execute(
        "UPDATE invoices SET ocr = ?, customer_code = ?, customer_name = ?, currency = ?,"
        " total = ?, remaining = ?, invoice_date = ?, due_date = ?, period_closed = ?"
        " WHERE id = ?",
        (
            without_spaces(row.ocr),
            row.customer_code,
            row.customer_name,
            row.currency or currency,
            plain(row.total),
            plain(remaining),
            row.invoice_date and row.invoice_date.isoformat(),
            row.due_date and row.due_date.isoformat(),
            int(row.period_closed),
            known["id"],
        ),
    )
