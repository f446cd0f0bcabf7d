"""Where the log of a command goes: to standard error, or to a file of its owner's alone."""

from __future__ import annotations

import contextlib
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from hostsim.cli.common import Common, usage
from hostsim.storage.private_files import is_own, open_to_append, sqlite_files_of

LEVELS = ("debug", "info", "warning", "error")

#: How a log of ours begins.
_FIRST = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} [A-Z]+ ")


class _Handler(logging.StreamHandler[TextIO]):
    """Write to the file, if there is one, or to what standard error is at the time of writing."""

    file: TextIO | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = self.file or sys.stderr
        super().emit(record)


_handler = _Handler()
_handler.setFormatter(
    logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")
)


@contextlib.contextmanager
def open_log() -> Iterator[None]:
    """Log while the block runs, as :func:`configure` is told by the options."""
    root = logging.getLogger()
    level = root.level
    root.addHandler(_handler)
    try:
        yield
    finally:
        root.removeHandler(_handler)
        root.setLevel(level)
        if _handler.file is not None:
            with contextlib.suppress(OSError):
                _handler.file.close()
            _handler.file = None


def configure(common: Common) -> None:
    """Set the level and the file that the options ask for."""
    level = common.log_level or ("warning", "info", "debug")[min(common.verbose, 2)]
    logging.getLogger().setLevel(level.upper())
    path = common.log_file
    if path is None:
        return
    try:
        _refuse_other(path, common.database)
        file = open_to_append(path)
        if not is_own(file):
            file.close()
            raise PermissionError
        _handler.file = file
    except OSError as error:
        raise usage(
            f"Loggen går inte att skriva till {path}; välj en fil som är din, i en mapp som finns "
            "och som du får skriva i.",
            f"The log cannot be written to {path}; choose a file of yours, in a folder that exists "
            "and that you may write to.",
        ) from error


def _refuse_other(path: Path, database: Path) -> None:
    """Refuse a file that is not a log, so that a mistyped name adds no lines to other data."""
    content = b""
    if path.is_file():
        with path.open("rb") as file:
            content = file.read(64)
    databases = {file.resolve() for file in (database, *sqlite_files_of(database))}
    # A named pipe would hang until somebody reads it.
    other = path.is_fifo() or path.resolve() in databases
    if other or (content and not _FIRST.match(content)):
        raise usage(
            f"Loggen skrivs inte till {path}, som inte är en logg; välj en ny fil, en tom "
            "eller en tidigare logg.",
            f"The log is not written to {path}, which is not a log; choose a new file, an empty "
            "one or an earlier log.",
        )
