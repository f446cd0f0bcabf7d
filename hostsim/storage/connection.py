"""One SQLite file: its connections, its transactions, and what makes it one of ours."""

from __future__ import annotations

import errno
import os
import secrets
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from hostsim.errors import HostError, host_error
from hostsim.storage import damage, journal, schema, sql_functions, unreported_commits
from hostsim.storage.locks import Locks
from hostsim.storage.private_files import (
    PARTIAL,
    is_full,
    make_file,
    new_file,
    refuse_links,
    refuse_others,
    refuse_planted,
    sqlite_files_of,
    unwritable_error,
)
from opter_contract.values import Text

#: Marks a SQLite file as ours ("Opte"), so that no other file is taken for one.
APPLICATION_ID = 0x4F707465

#: Seconds that a write waits for another process' write to end.
PATIENCE = 60.0

#: Seconds since the last write to a WAL after which its writer is taken to be done.
_IDLE_SECONDS = 1.0

_FOREIGN_WAL = Text(
    "loggen bredvid den, -wal, hör till en senare fil", "the log beside it, -wal, is a later file's"
)

_WAL_UNREADABLE = Text(
    "loggen bredvid den, -wal, kan inte läsas där inget kan skrivas; kopiera båda till en mapp där "
    "du kan det",
    "the log beside it, -wal, cannot be read where nothing can be written; copy both to a "
    "folder where you can",
)

#: The last one where others hold the locks of a WAL for seconds.
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}

_OUT_OF_REACH = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
}


def error_of(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> HostError | None:
    """Return the error for people that an SQLite error means; ``None`` if it is a bug."""
    # The latter if SQLite's message quotes what is damaged.
    if "decode to UTF-8" in str(error) or isinstance(error, UnicodeDecodeError):
        return damage.damage_error(path, damage.untranslated("UTF-8"))
    # The primary code is the lowest byte: https://sqlite.org/rescode.html
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if code & 0xFF in damage.CODES or code == sqlite3.SQLITE_IOERR_SHORT_READ:
        # The message could hold a value of a row.
        return damage.damage_error(path, damage.untranslated(error.sqlite_errorname))
    if code & 0xFF in _BUSY:
        return host_error("DATABASE_BUSY", path=path)
    if isinstance(error, sqlite3.Error) and code & 0xFF in _OUT_OF_REACH:
        return unwritable_error(path, error)
    return None


def _explained(method: Callable[..., Any]) -> Callable[..., Any]:
    """Make a method of a cursor raise errors that a person can act on."""

    @wraps(method)
    def explained(cursor: Any, *arguments: Any) -> Any:
        try:
            return method(cursor, *arguments)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if (explained_error := error_of(error, cursor.connection.path)) is None:
                raise
            if explained_error.code == "DATABASE_DAMAGED":
                cursor.connection.on_damage()
            raise explained_error from error

    return explained


class _Cursor(sqlite3.Cursor):
    """A cursor whose rows may be damaged, wherever they are read."""

    execute = _explained(sqlite3.Cursor.execute)
    executemany = _explained(sqlite3.Cursor.executemany)
    fetchone = _explained(sqlite3.Cursor.fetchone)
    fetchmany = _explained(sqlite3.Cursor.fetchmany)
    fetchall = _explained(sqlite3.Cursor.fetchall)
    __next__ = _explained(sqlite3.Cursor.__next__)


class _Connection(sqlite3.Connection):
    path: Path
    on_damage: Callable[[], None]

    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)

    # The methods of sqlite3 would use its own cursor class.

    def execute(self, *arguments: Any) -> Any:
        return self.cursor().execute(*arguments)

    def executemany(self, *arguments: Any) -> Any:
        return self.cursor().executemany(*arguments)


class Database:
    """One database file. Threads may share it; each gets a connection of its own."""

    #: Seconds, for how long ago the pages were checked.
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        """Store the path; use :meth:`open` or :meth:`create`.

        :param patience: seconds that a write waits for another process' write.
        """
        # Resolved, so that two ways to write one path share their locks.
        self.path = path.resolve()
        self.locks = Locks(self.path)
        self._patience = patience
        self._guard = threading.Lock()
        self._connections: dict[threading.Thread, sqlite3.Connection] = {}
        #: Whether it is read as unchangeable, because nothing can be written.
        self._immutable = False
        #: Whether readers and a writer can work at once; not if there can be no WAL.
        self.uses_wal = True
        self._changed = False
        #: Which file it is, and how far it was: neither may go back.
        self._file: tuple[int, int] | None = None
        self._count: int | None = None
        #: Changes since the pages of a large file were checked.
        self._unchecked = damage.CHECKED_WHOLE * damage.CHANGES_A_MIB
        #: When it was checked whole, by the clock; of a small file also its cells.
        self._checked_at: float | None = None

    @classmethod
    def create(cls, path: str | Path) -> Self:
        """Create a database; refuse an existing file and leave it unchanged."""
        store = cls(Path(path))
        try:
            if store.path.exists() and not store._is_blank():
                store._check()  # a file of something else is a different error
                raise host_error("DATABASE_EXISTS", path=path)
            refuse_links(Path(path))
            refuse_others(store.path, store.path)
            refuse_planted(store.path)
            # SQLite removes a WAL beside an empty file, and takes it for a part of any other.
            in_place = any(map(os.path.lexists, (store.path, *sqlite_files_of(store.path))))
            if in_place or not store._create_aside():
                # Before SQLite creates it with the rights that the umask leaves.
                make_file(store.path)
                store._create_tables()
        except BaseException as error:
            store.close()
            if isinstance(error, sqlite3.Error | OSError):
                raise unwritable_error(store.path, error) from error
            raise
        store._remember_file()
        unreported_commits.note()
        return store

    @classmethod
    def open_or_create(cls, path: Path) -> tuple[Self, bool]:
        """Open a database, or create it; return whether it is new."""
        if not path.exists():
            try:
                return cls.create(path), True
            except HostError as error:
                if error.code != "DATABASE_EXISTS":  # else another process was faster
                    raise
        return cls.open(path), False

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        patience: float = PATIENCE,
        checked: bool = True,
        as_it_is: bool = False,
    ) -> Self:
        """Open a database that :meth:`create` made.

        :param checked: look for damage now, where the file is small.
        :param as_it_is: change nothing in it, as in a backup.
        :raises HostError: ``NO_DATABASE``, ``DATABASE_FOREIGN``, ``DATABASE_VERSION``,
            ``DATABASE_DAMAGED``, ``DATABASE_BUSY``, ``DATABASE_REPLACED`` or
            ``DATABASE_UNREACHABLE``.
        """
        store = cls(Path(path), patience=patience)
        if not store.path.exists():
            raise host_error("NO_DATABASE", path=path)
        try:
            # Before it is opened: a restore may give its name to another file meanwhile.
            store._remember_file()
            store._check()
            if not as_it_is:
                store._enable_wal()
                store._refuse_other_file()
            if checked:
                store._check_small()
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close all connections; the store can be used again and opens new ones."""
        if self._changed:
            self.checkpoint_wal()
        with self._guard:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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
        options: dict[str, Any] = {"timeout": self._patience, "isolation_level": None}
        options |= {"check_same_thread": False, "factory": _Connection, "uri": True}
        # A file that was deleted is not created again.
        mode = "immutable=1" if self._immutable else "mode=rw"
        if not self._immutable:
            refuse_planted(self.path)
        # Not as_uri(): SQLite takes the server of a Windows share for an authority.
        path = "/" + quote(self.path.as_posix(), safe="/:").removeprefix("/")
        try:
            connection: _Connection = sqlite3.connect(f"file://{path}?{mode}", **options)
        except sqlite3.OperationalError as error:
            self._refuse_other_file()
            raise unwritable_error(self.path, error) from error
        connection.path, connection.on_damage = self.path, self._forget_checks
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        if not self.uses_wal:
            # Pages that are written before the commit would have to wait for our own readers.
            connection.execute("PRAGMA cache_spill = OFF")
        sql_functions.register(connection)
        return connection

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Change the database: all of it or nothing. Changes may be nested."""
        db = self.db
        if db.in_transaction:
            yield db
            return
        if not self.uses_wal:
            self._enable_wal()
        before = db.total_changes
        committing = False
        try:
            db.execute("BEGIN IMMEDIATE")
            self._refuse_other_file()
            yield db
            if db.total_changes > before:
                self._changed = True
                user_version = db.execute("PRAGMA user_version").fetchone()[0]
                db.execute(f"PRAGMA user_version = {damage.count_up(user_version)}")
            committing = True
            db.execute("COMMIT")
        except BaseException as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
                committing = False
            if isinstance(error, sqlite3.Error | HostError):
                committing = False
            raise
        finally:
            # Also if Ctrl-C came during the COMMIT.
            if committing and db.total_changes > before:
                unreported_commits.note()

    @contextmanager
    def checked_change(self) -> Iterator[sqlite3.Connection]:
        """Change the database for a person, if it is not damaged.

        :raises HostError: ``DATABASE_DAMAGED``; nothing is changed then.
        """
        if not self.db.in_transaction:
            self._check_before_change()
        with self.change() as db:
            yield db

    @contextmanager
    def changing_books(self) -> Iterator[sqlite3.Connection]:
        """Change what is registered; check the database before and the books after.

        :raises HostError: ``DATABASE_DAMAGED``; nothing is changed then.
        """
        with self.checked_change() as db:
            last = journal.last_sequence(db)
            yield db
            self._refuse(damage.find_books_damage(db, after=last))

    # --- The file and its WAL ---

    def checkpoint_wal(self, *, passively: bool = False) -> None:
        """Move the content of the WAL into the file, so that a copy of the file is complete.

        Neither waits nor fails: the rest is moved later, by the next change or
        :meth:`checkpoint_leftover_wal`.

        :param passively: do not truncate the WAL, for which others must stop for a moment.
        """
        if not self.uses_wal:
            return
        mode = "PASSIVE" if passively else "TRUNCATE"
        with suppress(HostError, sqlite3.Error):
            self._refuse_other_file()
            db = self.db
            if db.in_transaction:
                return
            with self._failing_when_busy():
                db.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
            self._remember_count(self._count_in_file())

    def checkpoint_leftover_wal(self) -> None:
        """Checkpoint what a reader kept in the WAL, once nobody writes to it."""
        with suppress(OSError):
            status = damage.wal_of(self.path).stat()
            if status.st_size and time.time() - status.st_mtime > _IDLE_SECONDS:
                self.checkpoint_wal()

    def refuse_immutable(self) -> None:
        """Refuse a disk that is full or cannot be written: it only serves short reading.

        Once there is room again, others may change the file that is read as unchangeable.

        :raises HostError: ``DATABASE_UNREACHABLE``.
        """
        if self._immutable:
            raise unwritable_error(self.path, OSError(errno.EROFS, os.strerror(errno.EROFS)))

    def _remember_file(self) -> None:
        status = self.path.stat()
        self._file = status.st_dev, status.st_ino

    def _refuse_other_file(self) -> None:
        """Refuse to change a file that no longer has its name, or went back in time."""
        if self._file is None:
            return
        try:
            status = self.path.stat()
        except OSError as error:
            raise host_error("DATABASE_REPLACED", path=self.path) from error
        if (status.st_dev, status.st_ino) != self._file:
            raise host_error("DATABASE_REPLACED", path=self.path)

    def _refuse(self, problem: Text | None) -> None:
        if problem is not None:
            raise damage.damage_error(self.path, problem)

    def _refuse_foreign_wal(self) -> None:
        """Refuse a WAL that does not follow the file, and a file that went back in time."""
        # First, since another thread may move the file on at any time.
        last_count = self._count
        if damage.has_foreign_wal(self.path):
            self._refuse(_FOREIGN_WAL)
        count = self._count_in_file()
        if count is None:
            return
        if last_count is not None and damage.is_behind(count, last_count):
            raise host_error("DATABASE_REPLACED", path=self.path)
        self._remember_count(count)

    def _count_in_file(self) -> int | None:
        user_version = self.db.execute("PRAGMA user_version").fetchone()[0]
        # Second: the connection knows the mode as of its last reading.
        if self.db.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            return damage.count_in_file(self.path)
        # Past the locks, without a WAL, there may be a change that is rolled back yet.
        return damage.count_of(user_version)

    def _remember_count(self, count: int | None) -> None:
        with self._guard:
            # Another thread may have seen a later one meanwhile.
            if count is None or (self._count is not None and damage.is_behind(count, self._count)):
                return
            self._count = count

    def _forget_checks(self) -> None:
        """Force a full check before the next change."""
        self._checked_at, self._unchecked = None, sys.maxsize

    def _check_before_change(self) -> None:
        self._refuse_other_file()
        self._refuse_foreign_wal()
        self._unchecked += 1
        size, now, last = self.path.stat().st_size, self.clock(), self._checked_at
        small = size <= damage.CHECKED_AT_OPENING
        due = last is None or now - last >= damage.CHECKED_EVERY
        # The connection of this thread would not see what happened to pages that it has read.
        with self.reader() as db:
            db.execute("BEGIN")
            self._refuse(damage.find_schema_damage(db) or damage.find_settings_damage(db))
            if size > damage.CHECKED_WHOLE << 20:
                if self._unchecked > damage.CHANGES_A_MIB * (size >> 20):
                    self._refuse(damage.find_page_damage(db))
                    self._unchecked = 0
            elif small or due:
                # An index that misses a row would let the same payment in twice.
                self._refuse(damage.find_index_damage(db) or damage.find_books_damage(db))
                if small and due:
                    self._refuse(damage.find_cell_damage(db))
                self._checked_at = now if due else last

    def _check_small(self) -> None:
        if self.path.stat().st_size <= damage.CHECKED_AT_OPENING:
            with self.reader() as db:
                db.execute("BEGIN")
                self._refuse(
                    damage.find_page_damage(db)
                    or damage.find_settings_damage(db)
                    or damage.find_books_damage(db)
                    or damage.find_reasons_damage(db)
                )

    def _enable_wal(self) -> None:
        """Switch to a WAL, which readers need not wait for, if that is possible now."""
        if self._immutable:
            return
        db = self.db
        self.uses_wal = db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        if self.uses_wal:
            return
        with suppress(HostError, sqlite3.Error):
            with self._failing_when_busy():
                mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            self.uses_wal = mode == "wal"
        db.execute(f"PRAGMA cache_spill = {'ON' if self.uses_wal else 'OFF'}")

    @contextmanager
    def _failing_when_busy(self) -> Iterator[None]:
        """Make this thread's connection fail at once if another one holds the database."""
        self.db.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            self.db.execute(f"PRAGMA busy_timeout = {round(self._patience * 1000)}")

    def stream(
        self, query: str, values: Mapping[str, object] | None = None
    ) -> Iterator[sqlite3.Row]:
        """Read rows one by one, as they are committed when the first one is read.

        On a connection of its own, so that a reader may stop half-way, or write
        while it reads.
        """
        with self.reader() as connection:
            rows = connection.execute(query, values or {})
            if self.uses_wal:
                yield from rows
                return
            # A writer would wait for the reader.
            remaining_rows = rows.fetchall()
        yield from remaining_rows

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """Return a connection to read with, and for temporary tables."""
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.close()

    def _is_blank(self) -> bool:
        """Return whether the file is empty, as when its creation was interrupted."""
        try:
            objects: int = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            return not objects and self._marks() == (0, 0)
        except (HostError, sqlite3.Error):
            return False

    def _check(self) -> None:
        """Refuse a file that is none of ours, or of another version."""
        refuse_planted(self.path)
        try:
            application_id, user_version = self._marks()
        except HostError as error:
            self.close()
            if error.code != "DATABASE_UNREACHABLE":
                raise
            # No WAL can be made in a folder that is full or cannot be written.
            if damage.has_wal(self.path):
                if is_full(self.path) or not os.access(self.path, os.R_OK):
                    raise
                why = _WAL_UNREADABLE
                raise host_error("DATABASE_UNREACHABLE", path=self.path, why=why) from error
            self._immutable, self.uses_wal = True, False
            application_id, user_version = self._marks()
        if application_id != APPLICATION_ID:
            raise host_error("DATABASE_FOREIGN", path=self.path)
        if damage.version_of(user_version) != schema.VERSION:
            raise host_error("DATABASE_VERSION", path=self.path)
        self._refuse_foreign_wal()

    def _marks(self) -> tuple[int, int]:
        try:
            application_id, user_version = (
                self.db.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("application_id", "user_version")
            )
        except HostError as error:
            cause = error.__cause__
            if (
                getattr(cause, "sqlite_errorname", "") == "SQLITE_NOTADB"
                and not self._has_sqlite_header()
            ):
                raise host_error("DATABASE_FOREIGN", path=self.path) from cause
            raise
        return application_id, user_version

    def _has_sqlite_header(self) -> bool:
        self.close()
        with self.path.open("rb") as file:
            return file.read(len(damage.MAGIC)) == damage.MAGIC

    def _create_aside(self) -> bool:
        """Create it under another name first, since others refuse one without tables as foreign.

        :return: whether the disk has the links that this takes.
        """
        aside = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}{PARTIAL}")
        new_file(aside).close()
        try:
            with type(self)(aside) as database:
                database._create_tables()  # noqa: SLF001 - of our own class
            os.link(aside, self.path)
        except FileExistsError as error:
            raise host_error("DATABASE_EXISTS", path=self.path) from error
        except HostError as error:
            if isinstance(error.__cause__, sqlite3.Error):
                # A person asked for another name.
                raise unwritable_error(self.path, error.__cause__) from error
            raise
        except OSError:
            return False
        finally:
            for leftover in (aside, *sqlite_files_of(aside)):
                leftover.unlink(missing_ok=True)
        return True

    def _create_tables(self) -> None:
        self.db.execute("PRAGMA journal_mode = WAL")
        with self.change() as db:
            # Another process may have been faster.
            if db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
                raise host_error("DATABASE_EXISTS", path=self.path)
            for statement in schema.statements():
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {schema.VERSION}")
