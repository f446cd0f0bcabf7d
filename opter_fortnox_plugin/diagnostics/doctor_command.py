""":mod:`.doctor` as a command, for hosts that have no such command of their own."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from opter_contract.values import Failure, Finding, Text
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


def run(
    options: argparse.Namespace, console: Console, surroundings: Surroundings
) -> Failure | None:
    """Print the findings, and return the first failure."""
    findings = diagnose(console.new_run(options.login_timeout), surroundings)
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
