""":mod:`.doctor` as a command, for hosts that have no such command of their own.

The plug-in itself implements the host's hooks: a window, a lock and progress. No secrets are
stored, so the login ends with the command.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import pluggy

from opter_contract import PROJECT, hookimpl
from opter_contract.values import Failure, Finding, Progress, Run, Text
from opter_fortnox_plugin import settings
from opter_fortnox_plugin.diagnostics.console import Console
from opter_fortnox_plugin.diagnostics.doctor.run import diagnose
from opter_fortnox_plugin.session import Surroundings

#: How each state is shown.
_STATES: Final = {
    "ok": Text("rätt", "ok"),
    "failed": Text("FEL", "FAILED"),
    "unknown": Text("okänt", "unknown"),
    "skipped": Text("ej sett", "skipped"),
}


class _StandaloneHost:
    """The host's hooks, for one run in one process."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @hookimpl
    def opter_open_browser(self, url: str, on_redirect: Callable[[str], Text | None]) -> bool:
        return self._console.show_login(url, on_redirect)

    @hookimpl
    def opter_progress(self, progress: Progress) -> None:
        # The window shows what to do; a countdown would fill the screen.
        if progress.stage != "login":
            self._console.progress(progress.message)

    @hookimpl
    def opter_set_state(self) -> bool:
        return True

    @hookimpl
    def opter_lock(self) -> AbstractContextManager[bool]:
        return nullcontext(enter_result=True)


def run(
    options: argparse.Namespace, console: Console, surroundings: Surroundings
) -> Failure | None:
    """Print the findings, and return the first failure."""
    manager = pluggy.PluginManager(PROJECT)
    manager.register(_StandaloneHost(console))
    run = Run(
        id="doctor",
        hook=manager.hook,
        type_code=settings.IMPORT_TYPE.code,
        format=settings.IMPORT_TYPE.formats[0],
        definition="",
        settings={},
        login_timeout=options.login_timeout,
    )
    findings = diagnose(run, surroundings)
    render = _json if options.json else _text
    print(render(findings, console.translate), flush=True)  # noqa: T201
    return next((finding for finding in findings if finding.state == "failed"), None)


def _text(findings: Sequence[Finding], translate: Callable[[Text], str]) -> str:
    rows = [
        (translate(_STATES[finding.state]), translate(finding.label), translate(finding.message))
        for finding in findings
    ]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(
        f"{state.ljust(first)}  {label.ljust(second)}  {message}" for state, label, message in rows
    )


def _json(findings: Sequence[Finding], translate: Callable[[Text], str]) -> str:
    objects: list[dict[str, Any]] = [
        {
            "name": finding.name,
            "what": translate(finding.label),
            "state": finding.state,
            "code": finding.code or None,
            "kind": finding.kind or None,
            "sentence": translate(finding.message),
        }
        for finding in findings
    ]
    return json.dumps({"findings": objects}, ensure_ascii=False, indent=2)
