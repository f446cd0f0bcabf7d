"""A copy of the books while others work with them, and its way back."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from hostsim.errors import host_error
from hostsim.storage import damage, database_checks, journal
from hostsim.storage.connection import Database, error_of
from hostsim.storage.private_files import beside, new_file, refuse_planted, sync, unwritable

#: How the name of a copy ends until it is whole.
_PARTIAL = ".hostsim-partial"

#: Seconds after which nobody writes to such a file any more: checking it takes minutes.
_ABANDONED = 6 * 3600


class Copied(NamedTuple):
    """What a copy holds."""

    invoices: int
    payments: int


class Restored(NamedTuple):
    """What was put back, which books it is from now on, and the file that it replaced."""

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
    """Copy a database, whoever works with it, into a file of its own.

    :param replace: whether a file of that name may be replaced.
    :param done: called when the file is there; what is left then is to tidy up.
    :raises HostError: ``NO_BACKUP``, ``BACKUP_EXISTS``, ``BACKUP_HAS_LOG``,
        ``BACKUP_UNWRITABLE``, or as :meth:`Database.open`.
    """
    if os.path.lexists(file):
        its_own = any(_is_one(one, file) for one in (source, *beside(source)))
        if its_own or not file.is_file():
            raise host_error("NO_BACKUP", path=file)
        if not replace:
            raise host_error("BACKUP_EXISTS", path=file)
    _refuse_log(file)
    with (
        Database.open(source, as_it_is=True, checked=False) as database,
        _whole_copy(database, file) as (copied, copy),
        _writing(file),
    ):
        _refuse_log(file)  # copying may take minutes
        _exchange(copy, file, done, replace=replace)
    return copied


def restore(
    file: Path, database: Path, at: datetime, done: Callable[[], object] = lambda: None
) -> Restored:
    """Put a backup in the place of a database, which is kept beside it.

    Its journal goes on otherwise than the one of what it replaces, so that these are other books,
    which each listener is sent from the first change on.

    :param at: names what is kept.
    :param done: as :func:`back_up` has it.
    :raises HostError: ``NO_BACKUP``, ``BACKUP_HAS_LOG``, ``DATABASE_IN_USE``,
        ``BACKUP_UNWRITABLE``, or as :meth:`Database.open` of the backup; the database is as it was
        then.
    """
    database = database.resolve()
    if not file.is_file() or _is_one(file, database):
        raise host_error("NO_BACKUP", path=file)
    refuse_planted(database)
    file = file.resolve()  # SQLite takes what lies beside the file, not beside a link to it
    _refuse_log(file)
    books_id = secrets.token_hex(16)
    with (
        Database.open(file, as_it_is=True, checked=False) as backup,
        _whole_copy(backup, database, books_id) as (copied, copy),
        _writing(database),
    ):
        if not os.path.lexists(database):
            _remove_log(database)
            _exchange(copy, database, done, replace=True)
            return Restored(copied, books_id, None)
        # Moving another's log into it would damage what is kept.
        if not damage.has_other_log(database):
            _end_log(database)
        kept = _keep(database, at)
        _exchange(copy, database, done, replace=True)
    return Restored(copied, books_id, kept)


def _refuse_log(file: Path) -> None:
    """Refuse what SQLite would take for a part of a backup, and is no part of one of ours."""
    for left in beside(file):
        if os.path.lexists(left):
            raise host_error("BACKUP_HAS_LOG", path=file, log=left.name)


def _is_one(file: Path, other: Path) -> bool:
    with suppress(OSError):
        return file.samefile(other)
    return False


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(path, error, "BACKUP_UNWRITABLE") from error


@contextmanager
def _whole_copy(
    database: Database, place: Path, books_id: str | None = None
) -> Iterator[tuple[Copied, Path]]:
    """Copy a database beside a file, and check it; what is not moved away is removed.

    :param books_id: makes other books of it.
    """
    copy = place.with_name(f"{place.name}.{secrets.token_hex(4)}{_PARTIAL}")
    with _writing(place):
        _remove_abandoned(place.parent)
        new_file(copy).close()
    try:
        yield _copy(database, copy, place, books_id), copy
    finally:
        for left in (copy, *beside(copy)):
            left.unlink(missing_ok=True)


def _remove_abandoned(folder: Path) -> None:
    """Remove what a process left that was killed while it copied; it holds the books, too."""
    for left in folder.glob(f"*{_PARTIAL}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()


def _copy(database: Database, copy: Path, named: Path, books_id: str | None) -> Copied:
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as db:
            # In one step, so that others may write meanwhile.
            database.db.backup(db)
            # One file is all there is to it, also where nothing can be written.
            db.execute("PRAGMA journal_mode = DELETE")
            if books_id is not None:
                journal.rename_books(db, books_id)
        with Database(copy) as whole:
            whole.has_log = False
            if (problem := database_checks.problem(whole)) is not None:
                raise damage.damaged(database.path, problem)
            counts = [
                whole.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 ours
                for table in Copied._fields
            ]
    except sqlite3.Error as error:
        found = error_of(error, database.path)
        if found is None:
            raise
        if found.code == "DATABASE_UNREACHABLE":
            raise unwritable(named, error, "BACKUP_UNWRITABLE") from error
        raise found from error
    with suppress(OSError):
        sync(copy)
    return Copied(*counts)


def _exchange(copy: Path, place: Path, done: Callable[[], object], *, replace: bool) -> None:
    if replace:
        copy.replace(place)
    else:
        try:
            # Unlike a move it overwrites nothing that came meanwhile.
            os.link(copy, place)
        except FileExistsError as error:
            raise host_error("BACKUP_EXISTS", path=place) from error
        except OSError:  # not every disk has links
            copy.rename(place)
    done()
    with suppress(OSError):
        sync(place.parent)


def _end_log(database: Path) -> None:
    """Move the log into the file and remove it, which takes that nobody else has it open."""
    try:
        with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.Error as error:
        found = error_of(error, database)
        if found is not None and found.code == "DATABASE_BUSY":
            raise host_error("DATABASE_IN_USE", path=database) from error
        # It is too damaged for that, and kept as it is.


def _keep(database: Path, at: datetime) -> Path:
    """Return a database, and its log where there is one, a second name."""
    stem = f"{database.name}.replaced-{at:%Y%m%d-%H%M%S}"
    kept = database.with_name(stem)
    number = 1
    while os.path.lexists(kept):
        number += 1
        kept = database.with_name(f"{stem}-{number}")
    try:
        os.link(database, kept)
    except OSError:
        shutil.copy2(database, kept)
    with suppress(FileNotFoundError):
        damage.log_of(database).rename(damage.log_of(kept))
    _remove_log(database)
    return kept


def _remove_log(database: Path) -> None:
    """Remove what belongs to no file: it would be taken for a part of the next one."""
    for left in beside(database):
        left.unlink(missing_ok=True)
