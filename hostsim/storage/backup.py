"""Backups of the books while others work with them, and restoring one."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from hostsim.errors import host_error
from hostsim.storage import damage, database_checks, journal
from hostsim.storage.connection import Database, error_of
from hostsim.storage.private_files import (
    PARTIAL,
    move_unless_exists,
    new_file,
    refuse_planted,
    sqlite_files_of,
    sync,
    unwritable_error,
)

#: Seconds after which nobody writes to such a file any more: checking it takes minutes.
_ABANDONED_SECONDS = 6 * 3600


class Copied(NamedTuple):
    """The number of rows in a copy."""

    invoices: int
    payments: int


class Restored(NamedTuple):
    """The restored copy, the new identity of the books, and the replaced file."""

    copied: Copied
    books_id: str
    kept: Path | None


def back_up(
    source: Path,
    file: Path,
    *,
    replace: bool = False,
    done: Callable[[], object] = lambda: None,
) -> Copied:
    """Copy a database that may be in use into a file.

    :param replace: whether a file of that name may be replaced.
    :param done: called when the file is there; only tidying up follows.
    :raises HostError: ``NO_BACKUP``, ``BACKUP_EXISTS``, ``BACKUP_HAS_LOG``,
        ``BACKUP_UNWRITABLE``, or as :meth:`Database.open`.
    """
    if os.path.lexists(file):
        source_files = (source, *sqlite_files_of(source))
        its_own = any(_is_same_file(source_file, file) for source_file in source_files)
        if its_own or not file.is_file():
            raise host_error("NO_BACKUP", path=file)
        if not replace:
            raise host_error("BACKUP_EXISTS", path=file)
    _refuse_wal(file)
    with (
        Database.open(source, as_it_is=True, checked=False) as database,
        _checked_copy(database, file) as (copied, copy),
        _unwritable_as_host_error(file),
    ):
        _refuse_wal(file)  # copying may take minutes
        _move_into_place(copy, file, done, replace=replace)
    return copied


def restore(
    file: Path, database: Path, at: datetime, done: Callable[[], object] = lambda: None
) -> Restored:
    """Replace a database by a backup, and keep the database next to it.

    Its journal continues differently from the replaced one, so these are other books, which are
    sent to each listener from the first change on.

    :param at: goes into the name of the kept database.
    :param done: see :func:`back_up`.
    :raises HostError: ``NO_BACKUP``, ``BACKUP_HAS_LOG``, ``DATABASE_IN_USE``,
        ``BACKUP_UNWRITABLE``, or as :meth:`Database.open` of the backup; the database is as it was
        then.
    """
    database = database.resolve()
    if not file.is_file() or _is_same_file(file, database):
        raise host_error("NO_BACKUP", path=file)
    refuse_planted(database)
    file = file.resolve()  # SQLite looks next to the file, not next to a link to it
    _refuse_wal(file)
    books_id = secrets.token_hex(16)
    with (
        Database.open(file, as_it_is=True, checked=False) as backup,
        _checked_copy(backup, database, books_id) as (copied, copy),
        _unwritable_as_host_error(database),
    ):
        if not os.path.lexists(database):
            _remove_wal(database)
            _move_into_place(copy, database, done, replace=True)
            return Restored(copied, books_id, None)
        # Moving a foreign WAL into it would damage the kept database.
        foreign = damage.has_foreign_wal(database)
        with nullcontext() if foreign else _excluding_others(database):
            kept = _keep_replaced(database, at)
            _move_into_place(copy, database, done, replace=True)
    return Restored(copied, books_id, kept)


def _refuse_wal(file: Path) -> None:
    """Refuse files that SQLite would take for parts of a backup; ours have none."""
    for leftover in sqlite_files_of(file):
        if os.path.lexists(leftover):
            raise host_error("BACKUP_HAS_LOG", path=file, log=leftover.name)


def _is_same_file(file: Path, other: Path) -> bool:
    with suppress(OSError):
        return file.samefile(other)
    return False


@contextmanager
def _unwritable_as_host_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable_error(path, error, "BACKUP_UNWRITABLE") from error


@contextmanager
def _checked_copy(
    database: Database, target: Path, books_id: str | None = None
) -> Iterator[tuple[Copied, Path]]:
    """Copy a database next to a file, and check it; remove the copy unless it is moved away.

    :param books_id: the new identity of the books.
    """
    copy = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PARTIAL}")
    with _unwritable_as_host_error(target):
        _remove_abandoned(target.parent)
        new_file(copy).close()
    try:
        yield _copy(database, copy, target, books_id), copy
    finally:
        for leftover in (copy, *sqlite_files_of(copy)):
            leftover.unlink(missing_ok=True)


def _remove_abandoned(folder: Path) -> None:
    """Remove partial copies of killed processes; they hold the books, too."""
    for leftover in folder.glob(f"*{PARTIAL}*"):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _ABANDONED_SECONDS:
                leftover.unlink()


def _copy(database: Database, copy: Path, target: Path, books_id: str | None) -> Copied:
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as db:
            # In one step, so that others may write meanwhile.
            database.db.backup(db)
            # A single file, which can also be read where nothing can be written.
            db.execute("PRAGMA journal_mode = DELETE")
            if books_id is not None:
                journal.set_books_id(db, books_id)
        with Database(copy) as copied:
            copied.uses_wal = False
            if (problem := database_checks.find_damage(copied)) is not None:
                raise damage.damage_error(database.path, problem)
            counts = [
                copied.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 ours
                for table in Copied._fields
            ]
    except sqlite3.Error as error:
        failure = error_of(error, database.path)
        if failure is None:
            raise
        if failure.code == "DATABASE_UNREACHABLE":
            raise unwritable_error(target, error, "BACKUP_UNWRITABLE") from error
        raise failure from error
    with suppress(OSError):
        sync(copy)
    return Copied(*counts)


def _move_into_place(
    copy: Path, target: Path, done: Callable[[], object], *, replace: bool
) -> None:
    if replace:
        copy.replace(target)
    else:
        try:
            move_unless_exists(copy, target)
        except FileExistsError as error:
            raise host_error("BACKUP_EXISTS", path=target) from error
    done()
    with suppress(OSError):
        sync(target.parent)


@contextmanager
def _excluding_others(database: Path) -> Iterator[None]:
    """Move the WAL into the file and remove it; let nobody read or write the file in the block.

    :raises HostError: ``DATABASE_IN_USE`` if another process has it open.
    """
    in_use = host_error("DATABASE_IN_USE", path=database)
    with ExitStack() as stack:
        try:
            connection = sqlite3.connect(database, timeout=0, isolation_level=None)
            db = stack.enter_context(closing(connection))
            db.execute("PRAGMA journal_mode = DELETE").fetchone()
            db.execute("BEGIN EXCLUSIVE")
            if db.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                raise in_use  # opened between the two
        except sqlite3.Error as error:
            failure = error_of(error, database)
            if failure is not None and failure.code == "DATABASE_BUSY":
                raise in_use from error
            # Too damaged for that: kept as it is.
        if sys.platform == "win32":
            stack.close()  # it replaces no open file, ours or that of others
        yield


def _keep_replaced(database: Path, at: datetime) -> Path:
    """Give a database, and its WAL if it has one, a second name."""
    stem = f"{database.name}.replaced-{at:%Y%m%d-%H%M%S}"
    for number in itertools.count(1):
        kept = database.with_name(stem if number == 1 else f"{stem}-{number}")
        # Another one may be restoring, too.
        with suppress(FileExistsError):
            _add_name(database, kept)
            break
    with suppress(FileNotFoundError):
        damage.wal_of(database).rename(damage.wal_of(kept))
    _remove_wal(database)
    return kept


def _add_name(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except FileExistsError:
        raise
    except OSError:  # not every disk has links
        with file.open("rb") as content, new_file(name) as copy:
            shutil.copyfileobj(content, copy)
        shutil.copystat(file, name)


def _remove_wal(database: Path) -> None:
    """Remove the WAL of no file: SQLite would take it for a part of the next one."""
    for leftover in sqlite_files_of(database):
        leftover.unlink(missing_ok=True)
