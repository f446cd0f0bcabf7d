"""Opens the browser for a login."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable

from opter_contract.values import Text

log = logging.getLogger(__name__)

#: Variables that no program which we start needs to know.
_SECRET = frozenset({"FORTNOX_CLIENT_SECRET"})


def open_browser(address: str, answered: Callable[[str], Text | None]) -> bool:  # noqa: ARG001 the browser comes back to the plug-in by itself
    """Open the browser that ``webbrowser`` and ``BROWSER`` choose.

    In a process of its own, since a browser in the terminal blocks until it is closed.
    It gets none of our streams: a program that reads them to their end would wait as
    long. Nor does it get the secret that an administrator put into our environment.
    """
    command = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
    try:
        child = subprocess.Popen(  # noqa: S603 our own interpreter, and no shell
            [sys.executable, "-c", command, address],
            env={name: text for name, text in os.environ.items() if name not in _SECRET},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        log.warning("no browser window could be opened")
        return False
    # Without a wait, the child would stay as a zombie.
    threading.Thread(target=child.wait, name="browser", daemon=True).start()
    return True
