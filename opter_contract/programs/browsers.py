"""Which browser ``webbrowser`` may open for a person: none that takes the terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping

_IN_A_TERMINAL = frozenset({"www-browser", "links", "links2", "elinks", "lynx", "w3m"})


def environment_for(environment: Mapping[str, str], secret: str) -> dict[str, str]:
    """Return the environment for ``webbrowser`` to choose a browser.

    Without ``TERM`` it does not choose one in a terminal, and ``BROWSER`` names none.

    :param secret: the name of a variable that the browser must not get.
    """
    result = {name: text for name, text in environment.items() if name not in {secret, "TERM"}}
    commands = result.pop("BROWSER", "").split(os.pathsep)
    if windows := os.pathsep.join(command for command in commands if not _in_a_terminal(command)):
        result["BROWSER"] = windows
    return result


def can_open(environment: Mapping[str, str]) -> bool:
    """Return whether there is a screen, or a configured browser."""
    names = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform in {"darwin", "win32"} or any(environment.get(name) for name in names)


def _in_a_terminal(command: str) -> bool:
    programs = {re.split(r"[\\/]", word.strip("\"'"))[-1].lower() for word in command.split()}
    return not command.strip() or not _IN_A_TERMINAL.isdisjoint(programs)
