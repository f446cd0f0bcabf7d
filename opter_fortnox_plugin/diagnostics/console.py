"""The person at the terminal: messages on standard error, and the login in a browser.

Standard output is left to the report.
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
from pathlib import Path
from typing import Final, TextIO

from opter_contract import browsers
from opter_contract.values import Text
from opter_fortnox_plugin.configuration import CLIENT_SECRET
from opter_fortnox_plugin.errors import LoginFailed

#: Seconds after which standard input is taken to be open: nobody pastes so fast.
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
    """Writes to a person in one language, and has them sign in.

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

    def show_login(self, url: str, paste: Callable[[str], Text | None]) -> bool:
        """Have the person sign in at a URL.

        :param paste: takes the URL that the login ended at; returns what is wrong with it.
        :return: that the person sees it; false where standard input has ended, so that nobody
            can paste.
        :raises LoginFailed: if there is neither a window nor a terminal.
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
            reader = threading.Thread(target=self._read_pasted, args=(paste,), daemon=True)
            reader.start()
            reader.join(_INPUT_ENDED)
            return reader.is_alive() or self._pasted
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

    def _read_pasted(self, paste: Callable[[str], Text | None]) -> None:
        for line in filter(str.strip, _lines(sys.stdin)):
            refusal = paste(line)
            if refusal is None:
                self._pasted = True
                return
            self.write(self.translate(refusal))


def _lines(stream: TextIO) -> Iterator[str]:
    """Yield lines as they are typed, from below Python's buffer.

    A thread that waits inside that buffer makes the interpreter abort when the
    program ends before it.
    """
    rest = b""
    while more := os.read(stream.fileno(), 4096):
        *lines, rest = (rest + more).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in lines)
    yield rest.decode("utf-8", "replace")


def open_browser(url: str) -> bool:
    """Open a browser window, as ``webbrowser`` and ``BROWSER`` choose it.

    Everybody on the machine sees its command line, so it gets a file that only its owner may
    read, and that leads on.

    In a process of its own, since opening may block, and what it writes does not belong in the
    report.

    :return: whether a window may open; not where there is no screen.
    """
    environment = browsers.environment_for(os.environ, CLIENT_SECRET)
    if not browsers.can_open(environment):
        return False
    # Nobody knows when a browser has read it: it goes when the program ends.
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
