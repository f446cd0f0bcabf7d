"""Ends a program on a signal as Ctrl-C does: by an exception, not at once.

Leaving its ``with`` blocks revokes a login, removes temporary folders and closes the database. This
is for programs: a library leaves the signals of its process alone.

On Windows, Ctrl-Break is SIGBREAK. Python does not report a closed window, a log-off or a shutdown:
Windows calls a function of the process on a thread of its own, and ends the process when that
returns, or after five seconds.
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

#: Seconds in which further SIGTERM and SIGHUP count as duplicates: a shell forwards the hang-up of
#: its terminal, and systemd may send SIGHUP right after SIGTERM.
ONCE: Final = 5.0

#: Seconds that the end of a closed window may take; Windows waits for 5.
CLOSING: Final = 4.5

#: The events of a closed window, a log-off and a shutdown on Windows (wincon.h).
_CLOSED: Final = frozenset({2, 5, 6})

#: The exit status of a program that Ctrl-C ended; for every signal it is 128 more than its number.
CANCELLED: Final = 130


class Told(KeyboardInterrupt):
    """A signal told the program to end; a plain ``KeyboardInterrupt`` may have another cause."""


class Ending:
    """Whether a program was told to end, and by which signal.

    :ivar over: set when everything is done except returning the exit status.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = 0.0
        self.number: int | None = None
        self.over = False
        self._late: int | None = None

    def end(self, number: int) -> None:
        """Raise :class:`Told`, unless the signal is a duplicate, or everything is done.

        Ctrl-C always counts: pressing it twice skips the wait for the login's end.
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
        """Return the exit status, by which a shell knows the signal."""
        numbers = {getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")}
        if status == 0 and self._late is not None:
            return 128 + self._late
        if status == CANCELLED and self.number is not None and self.number in numbers:
            return 128 + self.number
        return status


@contextmanager
def ending(clock: Callable[[], float] = time.monotonic, *, last: bool = False) -> Iterator[Ending]:
    """Raise :class:`Told` in the main thread when a signal tells the program to end.

    Ctrl-C counts even if a shell that starts us in the background makes us ignore it: otherwise
    we would outlive its script.

    :param last: only the end of the process follows; a signal then ends it at once, with its
        status.
    """
    state = Ending(clock)
    with handled(state.end, last=last), _window():
        yield state


def is_told(error: BaseException) -> bool:
    """Return whether an exception was caused by a signal."""
    return isinstance(error, Told) or (
        isinstance(error, KeyboardInterrupt)
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )


@contextmanager
def handled(handler: Callable[[int], object], *, last: bool = False) -> Iterator[None]:
    """Call a handler with the number of each signal that tells the program to end.

    :param last: afterwards a signal ends the process with its status; by default the previous
        handlers are restored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    before = {
        number: signal.signal(number, _calling(handler))
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        if (number := getattr(signal, name, None)) is not None
        # nohup lets us outlive the terminal.
        and not (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN)
    }
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, _calling(_leave) if last else handler_before)
        if last:
            # Python removes our handlers before it has ended: later signals are too late.
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
    """Return the function that Windows calls: it interrupts the program and waits for its end.

    :param done: set when the program has cleaned up.
    :param interrupt: runs the handler of SIGBREAK in the main thread.
    :return: a function that takes the event, and returns whether it handled it.
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
        # Referenced for as long as Windows may call it.
        interrupt = functools.partial(_thread.interrupt_main, signal.SIGBREAK)
        routine = routine_type(when_closed(done, interrupt))
        # The last handler added is called first: before Python's own, which would treat the
        # event as SIGBREAK and end the process at once. It fails without a console, which has
        # no window to close.
        set_handler(routine, True)
        try:
            yield
        finally:
            done.set()
            set_handler(routine, False)

else:
    _window = nullcontext
