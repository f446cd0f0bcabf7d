"""One SQLite file: its connections, its transactions, and what makes it one of ours."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Self

from hostsim.errors import host_error
from hostsim.storage import commits, migrations, sql_functions
from hostsim.storage.locks import Locks
from hostsim.storage.private_files import make_file

log = logging.getLogger(__name__)

#: Marks a SQLite file as ours ("Opte"), so that no other file is taken for one.
APPLICATION_ID = 0x4F707465

#: Seconds that a write waits for another process' write to end.
PATIENCE = 60.0

_OUT_OF_REACH = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
}


class Database:
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
            # Before SQLite does, which would leave it to the umask who may read it.
            make_file(store.path)
            store._make_tables()
        except (sqlite3.Error, OSError) as error:
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
        sql_functions.register(connection)
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
            # Also where Ctrl-C came during the COMMIT.
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
        """Read rows one by one, as they are committed when the first one is read.

        On a connection of its own, so that a reader may stop half-way, or write
        while it reads.
        """
        with self.reader() as connection:
            yield from connection.execute(query, values)

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """Give a connection to read with, and for temporary tables."""
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.close()

    def _is_blank(self) -> bool:
        """Tell whether the file is empty, as when its creation was interrupted."""
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
            # Another process may have been faster.
            if db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
                raise host_error("DATABASE_EXISTS", path=self.path)
            for statement in _schema():
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {migrations.version()}")
        commits.note()


def _schema() -> Iterator[str]:
    """Give the statements that make the tables, since executescript would commit between them."""
    script = resources.files("hostsim.storage").joinpath("schema.sql").read_text(encoding="utf-8")
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
