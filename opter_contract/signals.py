"""Ends a program that is told to end as Ctrl-C does: by an exception, not at once.

On the way out of its ``with`` blocks a login is revoked, temporary folders are removed and the
database is closed. This is for programs: a library leaves the signals of its process alone.

On Windows, Ctrl-Break comes as SIGBREAK. A window that is closed, a user who logs off and a
system that shuts down come to no Python program: Windows calls a function of the process on a
thread of its own, and ends the process when that returns, or after five seconds.
"""

from __future__ import annotations

import _thread
import atexit
import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Final, NoReturn

#: Seconds in which further SIGTERM and SIGHUP are the same end, told twice: a shell passes the
#: hang-up of its terminal on, and systemd may send SIGHUP right after SIGTERM.
ONCE: Final = 5.0

#: Seconds that the end of a closed window may take; Windows waits for 5.
CLOSING: Final = 4.5

#: What Windows calls the closed window, the log-off and the shutdown (wincon.h).
_CLOSED: Final = frozenset({2, 5, 6})

#: The exit status of a program that Ctrl-C ended; for every signal it is 128 more than its number.
CANCELLED: Final = 130


class Told(KeyboardInterrupt):
    """The program was told to end; a plain ``KeyboardInterrupt`` is whoever's raised it."""


class Ending:
    """Whether a program was told to end, and by what.

    :ivar over: set once all is done, and only the exit status is left to give.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = 0.0
        self.number: int | None = None
        self.over = False
        self._late: int | None = None

    def end(self, number: int) -> None:
        """Raise :class:`Told`, unless this end has just been told, or all is done.

        Ctrl-C always counts: who presses it twice does not want to wait for the login's end.
        """
        if self.over:
            if self.number is None:
                self._late = number
            return
        before, self._at = self._at, self._clock()
        again = self.number is not None and self._at - before < ONCE
        self.number = self.number or number
        if number == signal.SIGINT or not again:
            raise Told

    def status(self, status: int) -> int:
        """Return the exit status, which tells a shell which signal ended the program."""
        told = {getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")}
        if status == 0 and self._late is not None:
            return 128 + self._late
        if status == CANCELLED and self.number is not None and self.number in told:
            return 128 + self.number
        return status


@contextmanager
def ending(clock: Callable[[], float] = time.monotonic, *, last: bool = False) -> Iterator[Ending]:
    """Raise :class:`Told` in the main thread where the program is told to end.

    Ctrl-C counts even where the shell of a script, which starts us in the background, makes us
    ignore it: otherwise we would outlive the script.

    :param last: nothing comes after it but the end of the process, which a signal then ends at
        once, with its status.
    """
    told = Ending(clock)
    with handled(told.end, last=last), _window():
        yield told


def is_told(error: BaseException) -> bool:
    """Return whether an exception comes of a signal, and is not somebody's own."""
    return isinstance(error, Told) or (
        isinstance(error, KeyboardInterrupt)
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )


@contextmanager
def handled(handler: Callable[[int], object], *, last: bool = False) -> Iterator[None]:
    """Call this with the number of each signal that tells the program to end.

    :param last: from then on a signal ends the process with its status; by default what was there
        before is put back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    before = {
        number: signal.signal(number, _calling(handler))
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        if (number := getattr(signal, name, None)) is not None
        # Who started us by nohup wants us to outlive the terminal.
        and not (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN)
    }
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, _calling(_leave) if last else handler_before)
        if last:
            # Python takes our handlers away before it has ended: what comes then is too late.
            atexit.register(_ignore, [*before])


def _leave(number: int) -> NoReturn:
    os._exit(128 + number)


def _ignore(numbers: Iterable[int]) -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)


def _calling(handler: Callable[[int], object]) -> Callable[[int, object], object]:
    return lambda number, _frame: handler(number)


# --- The closed window -------------------------------------------------------------------------


def when_closed(
    done: threading.Event, interrupt: Callable[[], object], seconds: float = CLOSING
) -> Callable[[int], bool]:
    """Make the function that Windows calls: it has the program end, and waits until it has.

    :param done: set when the program has put everything away.
    :param interrupt: runs the handler of SIGBREAK in the main thread.
    :return: takes the event, and tells whether it was ours to deal with.
    """

    def closed(event: int) -> bool:
        if event not in _CLOSED:
            return False  # Ctrl-C and Ctrl-Break are signals, which Python deals with
        interrupt()
        done.wait(seconds)
        return True

    return closed


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    @contextmanager
    def _window() -> Iterator[None]:
        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        # BOOL WINAPI HandlerRoutine(DWORD dwCtrlType)
        routine_type = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
        # BOOL WINAPI SetConsoleCtrlHandler(PHANDLER_ROUTINE, BOOL Add)
        set_handler = kernel32.SetConsoleCtrlHandler
        set_handler.argtypes = (routine_type, wintypes.BOOL)
        set_handler.restype = wintypes.BOOL
        done = threading.Event()
        # Held by this name for as long as Windows may call it.
        interrupt = functools.partial(_thread.interrupt_main, signal.SIGBREAK)
        routine = routine_type(when_closed(done, interrupt))
        # Of several, the one that was added last is called first: before Python's own, which
        # would take the event for SIGBREAK and let the process go on, and so end, at once. It
        # fails where there is no console, and so no window to close.
        set_handler(routine, True)
        try:
            yield
        finally:
            done.set()
            set_handler(routine, False)

else:
    _window = nullcontext
