"""An examination without a host, for hosts that have no such command of their own.

What the host would answer is answered here: a window, a lock and a listener
for progress. There is no place for secrets, so that the login ends with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import Any, Final

import pluggy

from opter_contract import PROJECT, hookimpl
from opter_contract.values import Finding, Progress, Run, Text
from opter_fortnox_plugin import settings
from opter_fortnox_plugin.diagnostics.doctor import diagnose

#: Opens a window on an address, or reads the answer to it in another way.
Window = Callable[[str, Callable[[str], Text | None]], bool]

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

#: How each state is shown.
_STATES: Final = {
    "ok": Text("rätt", "ok"),
    "failed": Text("FEL", "WRONG"),
    "unknown": Text("okänt", "unknown"),
    "skipped": Text("ej sett", "not seen"),
}


class _Answers:
    """What a host answers, for one run in one process."""

    def __init__(self, window: Window, tell: Callable[[Text], None]) -> None:
        self._window = window
        self._tell = tell

    @hookimpl
    def opter_open_window(self, address: str, answered: Callable[[str], Text | None]) -> bool:
        return self._window(address, answered)

    @hookimpl
    def opter_progress(self, progress: Progress) -> None:
        # The window says what to do; how many seconds are left would fill the screen.
        if progress.stage != "login":
            self._tell(progress.sentence)

    @hookimpl
    def opter_state_put(self) -> bool:
        return True

    @hookimpl
    def opter_lock(self) -> AbstractContextManager[bool]:
        return _alone()


@contextmanager
def _alone() -> Iterator[bool]:
    yield True


def examine(
    environment: Mapping[str, str],
    window: Window,
    tell: Callable[[Text], None],
    *,
    login_timeout: float,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> list[Finding]:
    """Say of everything that an import needs whether it is right, without a host.

    :param tell: shows a person how far it has come.
    :param login_timeout: seconds that a person may take to sign in.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.register(_Answers(window, tell))
    run = Run(
        id="doctor",
        hook=manager.hook,
        import_type=settings.IMPORT_TYPE.code,
        import_format=settings.IMPORT_TYPE.formats[0],
        definition="",
        settings={},
        login_timeout=login_timeout,
    )
    return diagnose(run, environment=environment, sleep=sleep, clock=clock)


def render(findings: Sequence[Finding], say: Callable[[Text], str]) -> str:
    """Write a line for each finding, in one language."""
    rows = [(say(_STATES[one.state]), say(one.what), say(one.sentence)) for one in findings]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(
        f"{state.ljust(first)}  {what.ljust(second)}  {sentence}" for state, what, sentence in rows
    )


def as_objects(findings: Sequence[Finding], say: Callable[[Text], str]) -> list[dict[str, Any]]:
    """Make a JSON object of each finding, in one language."""
    return [
        {
            "name": one.name,
            "what": say(one.what),
            "state": one.state,
            "code": one.code or None,
            "kind": one.kind or None,
            "sentence": say(one.sentence),
        }
        for one in findings
    ]
