"""The terminal: messages on standard error, and the login in a browser.

Standard output is reserved for the report. As the host of a command that needs no other, the
terminal stores no secrets, so the login ends with the command.
"""

from __future__ import annotations

import atexit
import html
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final, TextIO

import pluggy

from opter_contract import PROJECT, hookimpl
from opter_contract.programs import browsers
from opter_contract.values import Progress, Run, Text
from opter_fortnox_plugin.configuration import CLIENT_SECRET
from opter_fortnox_plugin.errors import LoginFailed
from opter_fortnox_plugin.settings import IMPORT_TYPE

#: Seconds after which standard input is assumed to be open: nobody pastes that fast.
_INPUT_ENDED: Final = 0.5

_REDIRECT: Final = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}"><title>Fortnox</title></head>
<body><p><a href="{url}">Öppna / Open</a></p></body></html>
"""


_NO_SCREEN: Final = Text(
    "Ingen skärm finns här. Kör kommandot med --no-browser där du kan klistra in en adress.",
    "There is no screen here. Run the command with --no-browser where you can paste an address.",
)


class Console:
    """Writes to a person in one language, and shows them the login; the host of a command.

    :param open_browser: opens a browser on a URL; ``None`` to read the URL that the
        login ends at from standard input.
    """

    def __init__(
        self, language: str, open_browser: Callable[[str], bool | None] | None = None
    ) -> None:
        self._language: Final = language
        self._open_browser = open_browser
        self._last = ""
        self._pasted = False

    def translate(self, text: Text) -> str:
        """Return a text in the person's language."""
        return text.en if self._language == "en" else text.sv

    def progress(self, text: Text) -> None:
        """Write a line, unless it repeats the last one."""
        line = self.translate(text)
        if line != self._last:
            self.write(line)
        self._last = line

    def write(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    # --- the host's hooks ---

    def new_run(self, login_timeout: float) -> Run:
        """Return a run whose host is this console; it stores nothing."""
        manager = pluggy.PluginManager(PROJECT)
        manager.register(self)
        return Run(
            id="console",
            hook=manager.hook,
            type_code=IMPORT_TYPE.code,
            format=IMPORT_TYPE.formats[0],
            definition="",
            settings={},
            login_timeout=login_timeout,
        )

    @hookimpl
    def opter_progress(self, progress: Progress) -> None:
        # The window shows what to do; a countdown would fill the screen.
        if progress.stage != "login":
            self.progress(progress.message)

    @hookimpl
    def opter_set_state(self) -> bool:
        return True

    @hookimpl
    def opter_lock(self) -> AbstractContextManager[bool]:
        return nullcontext(enter_result=True)

    @hookimpl
    def opter_open_browser(self, url: str, on_redirect: Callable[[str], Text | None]) -> bool:
        """Show the login to the person.

        :raises LoginFailed: if there is neither a window nor a terminal, or standard input has
            ended, so that nobody can paste.
        """
        if self._open_browser is None:
            self.progress(
                Text(
                    f"Gå hit och logga in: {url}\n"
                    "Klistra sedan in adressen som inloggningen slutade på och tryck på Retur.",
                    f"Go here and sign in: {url}\n"
                    "Then paste the address that the login ended at and press Return.",
                )
            )
            reader = threading.Thread(target=self._read_pasted, args=(on_redirect,), daemon=True)
            reader.start()
            reader.join(_INPUT_ENDED)
            if not reader.is_alive() and not self._pasted:
                raise LoginFailed("INPUT_ENDED")
            return True
        if self._open_browser(url) is False and not sys.stdin.isatty():
            self.progress(_NO_SCREEN)
            raise LoginFailed("NO_WINDOW")
        self.progress(
            Text(
                f"Logga in i fönstret som öppnas. Öppnas inget, gå till: {url}",
                f"Sign in in the window that opens. If none does, go to: {url}",
            )
        )
        return True

    def _read_pasted(self, on_redirect: Callable[[str], Text | None]) -> None:
        for line in filter(str.strip, _lines(sys.stdin)):
            refusal = on_redirect(line)
            if refusal is None:
                self._pasted = True
                return
            self.write(self.translate(refusal))


def _lines(stream: TextIO) -> Iterator[str]:
    """Yield lines as they are typed, bypassing Python's buffer.

    A thread that waits inside that buffer makes the interpreter abort at exit.
    """
    partial_line = b""
    while chunk := os.read(stream.fileno(), 4096):
        *lines, partial_line = (partial_line + chunk).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in lines)
    yield partial_line.decode("utf-8", "replace")


def open_browser(url: str) -> bool:
    """Open a browser window, as ``webbrowser`` and ``BROWSER`` choose it.

    Its command line is visible to everybody on the machine, so it opens a file that only its
    owner may read, and that redirects to the URL.

    In a process of its own, since opening may block, and its output does not belong in the
    report.

    :return: whether a window may open; false without a screen.
    """
    environment = browsers.environment_for(os.environ, CLIENT_SECRET)
    if not browsers.can_open(environment):
        return False
    # Deleted when the program ends, since nobody knows when the browser has read it.
    folder = tempfile.TemporaryDirectory(prefix="opter-fortnox-")
    atexit.register(folder.cleanup)
    page = Path(folder.name) / "login.html"
    page.touch(mode=0o600)
    page.write_text(_REDIRECT.format(url=html.escape(url)), "utf-8")
    command = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
    child = subprocess.Popen(  # noqa: S603 - our own interpreter, and no shell
        [sys.executable, "-c", command, page.as_uri()],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=sys.__stderr__.fileno() if sys.__stderr__ else subprocess.DEVNULL,
    )
    # Somebody must wait for the child, or it would stay as a zombie.
    threading.Thread(target=child.wait, daemon=True).start()
    return True
