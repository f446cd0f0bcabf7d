"""The three standard streams of a program, also where it was started without them.

A shell closes one by ``<&-``, ``>&-`` or ``2>&-``, and a service manager may. Python then has
``None`` for it, and the next file that is opened gets its number: what is written to standard
error, by whatever library, would go into that file.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import TextIO, cast


class _Closed(io.TextIOBase):
    """A standard output that nobody reads, so that a result that is written is lost."""

    encoding = "utf-8"

    def write(self, _text: str, /) -> int:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def reader_closed(error: OSError) -> bool:
    """Return whether a write failed since nobody reads any more, as after ``| head``."""
    # Windows reports a closed pipe as an invalid argument.
    return error.errno == errno.EPIPE or (sys.platform == "win32" and error.errno == errno.EINVAL)


def write_nowhere() -> None:
    """Keep the interpreter from complaining about a closed standard output when it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def have_streams() -> None:
    """Have all three: nothing to read, nobody who reads the result, and nobody who reads errors."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 as long as the program
    if sys.stdout is None:
        sys.stdout = cast("TextIO", _Closed())
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False, encoding="utf-8")  # noqa: SIM115 likewise
