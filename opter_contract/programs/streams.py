"""The three standard streams of a program, even if it was started without them.

A shell closes one by ``<&-``, ``>&-`` or ``2>&-``, and a service manager may. It is ``None`` in
Python then, and the next file that is opened gets its number: anything that a library writes to
standard error would go into that file.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import TextIO, cast


class _Closed(io.TextIOBase):
    """A standard output that nobody reads, so that writing to it is an error."""

    encoding = "utf-8"

    def write(self, _text: str, /) -> int:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def reader_closed(error: OSError) -> bool:
    """Return whether a write failed because the reader has closed the pipe, as after ``| head``."""
    # Windows reports a closed pipe as an invalid argument.
    return error.errno == errno.EPIPE or (sys.platform == "win32" and error.errno == errno.EINVAL)


def write_nowhere() -> None:
    """Suppress the interpreter's error about a closed standard output at exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def have_streams() -> None:
    """Replace missing streams: an empty input, a closed output, and a null device for errors."""
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


def speak_utf8() -> None:
    """Write UTF-8 on every platform, unless the user chose something else."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            chosen = os.environ.get("PYTHONIOENCODING")
            # A lone surrogate in the data must not stop the output; in JSON its escape happens
            # to be right.
            stream.reconfigure(encoding=None if chosen else "utf-8", errors="backslashreplace")
