"""Files and folders of their owner alone, whatever the umask: the one place that makes them.

On POSIX a file has the mode 0600 and a folder 0700; SQLite gives its files next to a database the
mode of the database. Windows has no such modes: a file has the rights of the folder that it lies
in. A folder that is made here is the user's and the administrators' alone there from Python
3.11.10, 3.12.4 and 3.13 on; before, it has the rights of the folder above, which in the user's own
profile are the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from hostsim.errors import HostError, host_error
from opter_contract.values import Text

#: Bytes without which SQLite cannot begin to write, nor create the index of a WAL (-shm).
_MIN_FREE_BYTES = 64 << 10


#: The ending of a file until it is complete, and gets its name.
PARTIAL = ".hostsim-partial"


def new_file(path: Path) -> BinaryIO:
    """Create a file, and open it for writing.

    :raises FileExistsError: if there is anything, also a link that leads nowhere.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    if sys.platform != "win32":
        os.fchmod(descriptor, 0o600)  # the umask may take its owner's rights, too
    return os.fdopen(descriptor, "wb")


def move_unless_exists(file: Path, path: Path) -> None:
    """Move a complete file, overwriting nothing; its former name may stay.

    :raises FileExistsError: if there is anything.
    """
    try:
        os.link(file, path)
    except FileExistsError:
        raise
    except OSError:  # not every disk has links
        new_file(path).close()
        file.replace(path)


def make_file(path: Path) -> None:
    """Create an empty file, unless there is one."""
    with suppress(FileExistsError):
        new_file(path).close()


def open_to_append(path: Path) -> TextIO:
    """Open a text file to append to, which only its owner may read from then on.

    :raises HostError: ``LINK_REFUSED``.
    :raises OSError: if it cannot be written.
    """
    refuse_links(path)
    make_file(path)
    file = path.open("a", encoding="utf-8", errors="backslashreplace")
    if sys.platform != "win32":
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid():
            os.fchmod(file.fileno(), 0o600)
    return file


def is_own(file: TextIO) -> bool:
    """Return whether no other user owns an open file, and could read or change what is written."""
    if sys.platform == "win32":
        return True
    status = os.fstat(file.fileno())
    return not stat.S_ISREG(status.st_mode) or status.st_uid in {0, os.geteuid()}


def make_folder(folder: Path) -> None:
    """Create a folder, unless there is one, and the folders above it.

    :raises FileExistsError: if there is something else.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
        folder.chmod(0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk, so that it survives a power cut."""
    if sys.platform == "win32" and path.is_dir():
        return  # it opens no folders, and flushes their changes automatically
    descriptor = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def hashed_name(*words: str) -> str:
    """Return a file name made of any words, without revealing them."""
    # Each word with its length, so that no two lists of words read the same.
    text = "".join(f"{len(word)}:{word}" for word in words)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def unwritable_error(
    path: Path, error: OSError | sqlite3.Error, code: str = "DATABASE_UNREACHABLE"
) -> HostError:
    """Return the error of a file that cannot be opened or written, with the reason."""
    name = getattr(error, "sqlite_errorname", None) or getattr(error, "strerror", None)
    if is_full(path) or name == "SQLITE_FULL":
        return host_error(code, path=path, why=Text("disken är full", "the disk is full"))
    name = name or type(error).__name__
    return host_error(code, path=path, why=Text(name, name))


def is_full(path: Path) -> bool:
    """Return whether the disk of a file is full, for which SQLite has a dozen codes."""
    with suppress(OSError):
        return shutil.disk_usage(path.parent).free < _MIN_FREE_BYTES
    return False


def refuse_links(*paths: Path) -> None:
    """Refuse a link at a path that we write to: somebody else chose where it leads.

    A file with a second name is a link, too, which may be another user's file.

    :raises HostError: ``LINK_REFUSED``.
    """
    for path in paths:
        try:
            status = path.lstat()
        except OSError:
            continue  # nothing is there, or using it raises the reason
        second_name = stat.S_ISREG(status.st_mode) and status.st_nlink > 1
        if stat.S_ISLNK(status.st_mode) or _is_junction(status) or second_name:
            raise host_error("LINK_REFUSED", path=path)


def sqlite_files_of(database: Path) -> list[Path]:
    """Return the files that SQLite keeps next to a database."""
    return [Path(f"{database}{ending}") for ending in ("-wal", "-shm", "-journal")]


def refuse_planted(database: Path) -> None:
    """Refuse another user's files that we or SQLite would use, or wait for, with a database.

    :raises HostError: as :func:`refuse_others`.
    """
    if database.is_fifo():
        raise _foreign_file_error(database, database)
    for path in sqlite_files_of(database):
        refuse_others(database, path)
    refuse_others(database, locks_of(database), stat.S_ISDIR)


def locks_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.locks")


def refuse_others(
    database: Path, path: Path, is_kind: Callable[[int], bool] = stat.S_ISREG
) -> None:
    """Refuse a file that is neither ours, nor root's, nor the database owner's.

    Our own is restricted to the rights of the database. If others may write the database, their
    files are accepted.

    :param is_kind: tells of a mode whether it is of the right kind.
    :raises HostError: ``DATABASE_UNREACHABLE``, naming it.
    """
    try:
        status = path.lstat()
    except OSError:
        return  # nothing is there, or using it raises the reason
    if not is_kind(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink > 1):
        raise _foreign_file_error(database, path)
    if sys.platform == "win32":
        return
    user = os.geteuid()
    owner, mode = user, 0o600
    if path != database:
        with suppress(OSError):
            own = database.stat()
            owner, mode = own.st_uid, own.st_mode
    if mode & 0o022:
        return
    if status.st_uid not in {0, user, owner}:
        raise _foreign_file_error(database, path)
    allowed = mode if stat.S_ISREG(status.st_mode) else 0o700
    if status.st_uid == user and stat.S_IMODE(status.st_mode) & ~allowed:
        path.chmod(stat.S_IMODE(status.st_mode) & allowed)


def _foreign_file_error(database: Path, path: Path) -> HostError:
    why = Text(
        f"{path.name} är inte din egen (en länk, någon annans eller av fel sort); ta reda på vem "
        "som lade den där",
        f"{path.name} is not your own (a link, somebody else's or of the wrong kind); find out "
        "who put it there",
    )
    return host_error("DATABASE_UNREACHABLE", path=database, why=why)


def _is_junction(status: os.stat_result) -> bool:
    """Return whether it is a junction, a folder of Windows that links to another one."""
    return sys.platform == "win32" and status.st_reparse_tag == stat.IO_REPARSE_TAG_MOUNT_POINT
