"""Locks that hold across the threads and processes of one database.

They are files in a folder next to the database, named by a hash of their key,
and the operating system releases them when their holder dies.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hostsim.storage.private_files import (
    hashed_name,
    locks_of,
    make_folder,
    refuse_links,
    refuse_others,
    unwritable_error,
)

#: Seconds to wait, since whoever asks whether a lock is held takes it for a moment.
PEEK_SECONDS = 0.05


class Locks:
    """The locks that belong to one database file."""

    def __init__(self, database: Path) -> None:
        """Choose the folder; the first lock creates it."""
        self._database = database
        self.folder = locks_of(database)

    @contextmanager
    def hold(self, *key: str, wait: float) -> Iterator[bool]:
        """Hold the lock of a key; yield whether it was acquired.

        :param key: any words; together they name the lock.
        :param wait: seconds to wait for another holder; 0 tries once.
        """
        import filelock  # noqa: PLC0415 - most commands lock nothing

        # Another thread than the holder may release it.
        lock = filelock.FileLock(self._file(key), mode=0o600, thread_local=False)
        acquired = True
        try:
            make_folder(self.folder)
            # An open lock is emptied, whatever file it is.
            refuse_links(self.folder, Path(lock.lock_file))
            refuse_others(self._database, self.folder, stat.S_ISDIR)
            refuse_others(self._database, Path(lock.lock_file))
            lock.acquire(timeout=max(wait, 0))
        except filelock.Timeout:
            acquired = False
        except OSError as error:
            raise unwritable_error(self.folder, error) from error
        try:
            yield acquired
        finally:
            lock.release()

    def is_held(self, *key: str) -> bool:
        """Return whether anybody holds the lock of a key, other than to ask this."""
        if not self._file(key).exists():
            return False
        with self.hold(*key, wait=PEEK_SECONDS) as got:
            return not got

    def _file(self, key: tuple[str, ...]) -> Path:
        return self.folder / f"{hashed_name(*key)}.lock"
