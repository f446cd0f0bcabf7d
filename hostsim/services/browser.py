"""Opens the browser: for a login, and on the page."""

from __future__ import annotations

import atexit
import html
import logging
import os
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

from opter_contract.programs import browsers
from opter_contract.values import Text

log = logging.getLogger(__name__)

#: Redirects the browser without a referrer.
_REDIRECT = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}"><title>hostsim</title></head>
<body><p><a href="{url}">Öppna / Open</a></p></body></html>
"""


def open_browser(url: str, on_redirect: Callable[[str], Text | None]) -> bool:  # noqa: ARG001 the browser returns to the plug-in itself
    """Open the browser that ``webbrowser`` and ``BROWSER`` choose.

    Its command line is visible to everybody on the machine, so it is given a file that only its
    owner may read, and that redirects to the URL.

    Runs in a process of its own, since opening may block, without our streams: a program that
    reads them to their end would wait as long as the browser is open.

    :return: whether a window may open; ``False`` without a screen.
    """
    environment = browsers.environment_for(os.environ, "FORTNOX_CLIENT_SECRET")
    if not browsers.can_open(environment):
        return False
    command = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
    try:
        child = subprocess.Popen(  # noqa: S603 our own interpreter, and no shell
            [sys.executable, "-c", command, _redirect_page(url).as_uri()],
            env=environment,
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


def _redirect_page(url: str) -> Path:
    page = _folder() / f"{secrets.token_hex(8)}.html"
    page.touch(mode=0o600)
    page.write_text(_REDIRECT.format(url=html.escape(url)), "utf-8")
    return page


@cache
def _folder() -> Path:
    """Create the folder of these pages, readable by its owner only.

    It is removed when the program ends: nobody knows when a browser has read a page.
    """
    folder = tempfile.TemporaryDirectory(prefix="hostsim-")
    atexit.register(folder.cleanup)
    return Path(folder.name)
