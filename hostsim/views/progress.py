"""How far an import has come: a bar on a terminal, lines in a file or a pipe.

Both are called from any thread.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from hostsim.messages.formats import count
from hostsim.views.output import Output, is_terminal, sentence_line
from opter_contract.values import Progress


class ProgressLines:
    """Progress for a file or a pipe: a line a stage, and at sensible steps."""

    def __init__(self, stream: TextIO, language: str) -> None:
        self._output = Output(stream, language)
        self._lock = threading.Lock()
        self._shown: dict[str, int] = {}
        self._waits: set[str] = set()

    def pause(self) -> None:
        """Do nothing: lines stay."""

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            if self._is_worth_a_line(progress):
                self._output.line(progress_text(progress, self._output.language))
                self._output.flush()

    def _is_worth_a_line(self, progress: Progress) -> bool:
        if progress.stage == "waiting":
            # The seconds left change all the time, the words do not.
            words = re.sub(r"\d+", "", progress.message.en)
            new = words not in self._waits
            self._waits.add(words)
            return new
        shown = self._shown.get(progress.stage)
        if shown is not None and progress.done < _next_step(shown, progress.total):
            return False
        if shown is not None and progress.done == shown:
            return False
        self._shown[progress.stage] = progress.done
        return True


def _next_step(shown: int, total: int | None) -> int:
    """Return the count of the next line: after a tenth of the total, or else after a doubling."""
    if total is None:
        return max(2 * shown, shown + 500)
    return min(total, shown + max(math.ceil(total / 10), 25))


def progress_text(progress: Progress, language: str) -> str:
    message = sentence_line(progress.message, language)
    if not progress.total or re.search(r"\d", message):
        return message
    return f"{message} ({count(progress.done, language)}/{count(progress.total, language)})"


class ProgressBar:
    """Progress for a terminal: one bar that moves, removed when it is over.

    It starts after the login: an address above a moving bar would be wrapped at the edge of
    the window, and could not be copied.
    """

    def __init__(self, stream: TextIO, language: str) -> None:
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        self._language = language
        self._before = ProgressLines(stream, language)
        self._lock = threading.Lock()
        self._moving = False
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TimeElapsedColumn(),
            console=Console(file=stream),
            transient=True,
            redirect_stdout=False,
        )
        self._task = self._bar.add_task("", total=None)

    def pause(self) -> None:
        """Remove the bar, as while a person is asked; more progress brings it back."""
        with self._lock:
            if self._moving:
                self._bar.stop()
            self._moving = False

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            if not self._moving and progress.stage in {"login", "waiting"}:
                self._before(progress)
                return
            if not self._moving:
                self._moving = True
                self._bar.start()
        self._bar.update(
            self._task,
            description=progress_text(progress, self._language),
            completed=progress.done,
            total=progress.total,
        )


@contextmanager
def progress_on(stream: TextIO, language: str) -> Iterator[ProgressBar | ProgressLines]:
    progress = (ProgressBar if is_terminal(stream) else ProgressLines)(stream, language)
    try:
        yield progress
    finally:
        progress.pause()
