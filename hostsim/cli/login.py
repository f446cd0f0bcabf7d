"""Signing in from the command line: in a browser, or by pasting an address."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import IO, TYPE_CHECKING

from hostsim.cli.command import common_option
from hostsim.cli.common import Common, make_host, usage, write_stderr
from hostsim.errors import host_error
from hostsim.messages.text import say
from hostsim.views.output import is_terminal
from hostsim.views.progress import progress_on

if TYPE_CHECKING:
    from hostsim.services.host import Host
    from hostsim.storage.store import Store
    from hostsim.views.progress import ProgressBar, ProgressLines
    from opter_contract.values import Text

NO_BROWSER = common_option(
    "--no-browser",
    is_flag=True,
    sv="Öppna inget fönster: läs adressen som inloggningen slutar på från standard input.",
    en="Open no window: read the address that the login ends at from standard input.",
)

UNATTENDED = common_option(
    "--unattended",
    is_flag=True,
    sv="Ingen är där: avsluta genast i stället för att fråga någon eller be någon logga in.",
    en="Nobody is there: end at once instead of asking somebody, or asking somebody to sign in.",
)


def login_timeout(environment: Mapping[str, str]) -> float:
    """Read how many seconds a person may take to sign in."""
    text = environment.get("HOSTSIM_LOGIN_TIMEOUT", "").strip() or "300"
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise usage(
            f"HOSTSIM_LOGIN_TIMEOUT ska vara ett antal sekunder större än 0, inte ”{text}”.",
            f"HOSTSIM_LOGIN_TIMEOUT must be a number of seconds above 0, not “{text}”.",
        )
    return seconds


@contextlib.contextmanager
def interactive_host(
    common: Common, store: Store
) -> Iterator[tuple[Host, ProgressBar | ProgressLines]]:
    """Yield a host that lets a person sign in, and its progress, which may be paused.

    Progress is shown until the context ends.
    """
    timeout = login_timeout(os.environ)
    with progress_on(sys.stderr, common.language) as progress:
        host = make_host(
            store,
            login_timeout=timeout,
            attended=not common.unattended,
            window=LoginWindow(common),
            on_progress=progress,
        )
        yield host, progress


#: After this time standard input is assumed to be open: nobody pastes so fast.
INPUT_ENDED_SECONDS = 0.5


class LoginWindow:
    """Shows a person where to sign in."""

    def __init__(self, common: Common) -> None:
        """Open a browser, or read where the login ended from standard input.

        Calling it then raises ``INPUT_ENDED`` if that has ended: nobody can paste.
        """
        self._common = common
        self._accepted = False

    def __call__(self, url: str, on_redirect: Callable[[str], Text | None]) -> bool:
        from hostsim.services.browser import open_browser

        if not self._common.no_browser:
            opens = open_browser(url, on_redirect)
            if not opens and not is_terminal(sys.stdin):
                return False
            # Who runs the command sees the address, whether or not a browser opens.
            self._common.note(
                f"Logga in i fönstret som öppnas. Öppnas inget, gå till: {url}",
                f"Sign in in the window that opens. If none does, go to: {url}",
            )
            return True
        self._common.note(f"Gå hit och logga in: {url}", f"Go here and sign in: {url}")
        self._common.note(
            "Klistra sedan in adressen som inloggningen slutade på och tryck på Retur.",
            "Then paste the address that the login ended at and press Return.",
        )
        reader = threading.Thread(
            target=self._read_pasted_urls, args=(on_redirect,), name="answers", daemon=True
        )
        reader.start()
        reader.join(INPUT_ENDED_SECONDS)
        if not (reader.is_alive() or self._accepted):
            raise host_error("INPUT_ENDED")
        return True

    def _read_pasted_urls(self, on_redirect: Callable[[str], Text | None]) -> None:
        for line in typed_lines(sys.stdin):
            if not line.strip():
                continue
            refusal = on_redirect(line.strip())
            if refusal is None:
                self._accepted = True
                return
            write_stderr(say(refusal, self._common.language))


def typed_lines(stream: IO[str]) -> Iterator[str]:
    """Yield lines as they are typed, until the stream ends.

    Reads below Python's buffer where it can: a thread that waits inside that
    buffer makes the interpreter abort when the program ends before it.
    """
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        yield from stream
        return
    waiting = b""
    while True:
        try:
            more = os.read(descriptor, 4096)
        except OSError:
            return
        *lines, waiting = (waiting + more).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
        if not more:
            if waiting:
                yield waiting.decode("utf-8", "replace")
            return
