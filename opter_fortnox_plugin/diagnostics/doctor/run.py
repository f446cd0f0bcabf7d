"""Checks whether everything that an import or export needs works, and what to correct.

The checks run in order; one that depends on a failed check is skipped.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any

from opter_contract.values import Finding, Run, Text
from opter_fortnox_plugin.diagnostics.doctor.checks import (
    IMPORTS,
    Check,
    Examination,
    Skipped,
    Unknown,
    checks_of,
)
from opter_fortnox_plugin.diagnostics.doctor.export_checks import needs_of
from opter_fortnox_plugin.fortnox.network import proxy_of
from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter
from opter_fortnox_plugin.session import HERE, Surroundings


def local_time() -> datetime:
    """Return the time in the machine's zone."""
    return datetime.now(UTC).astimezone()


def diagnose(
    run: Run,
    surroundings: Surroundings = HERE,
    *,
    local_time: Callable[[], datetime] = local_time,
    connect: Callable[[tuple[str, int], float], socket.socket] = socket.create_connection,
    proxy: Callable[[str], str | None] = proxy_of,
) -> list[Finding]:
    """Return a finding for each requirement of the run's transfer.

    :param local_time, connect, proxy: see :class:`~.checks.Examination`.
    :raises Cancelled: if a person cancels.
    """
    host = surroundings.host_of(run)
    subject = getattr(run, "subject", "")
    needs = needs_of(subject, run.settings) if subject else IMPORTS[run.type_code]
    checks = checks_of(needs)
    with closing(surroundings.transport()) as http, ExitStack() as cleanup:
        examination = Examination(
            host,
            needs,
            surroundings.environment,
            http,
            RateLimiter(sleep=host.wait, clock=surroundings.clock),
            cleanup,
            local_time=local_time,
            connect=connect,
            proxy=proxy,
        )
        labels = {check.name: check.label for check in checks}
        findings = [_run_check(check, examination, labels) for check in checks]
    return [finding for finding in findings if finding]


def _run_check(
    check: Check, examination: Examination, labels: Mapping[str, Text]
) -> Finding | None:
    name, label = check.name, check.label
    try:
        examination.require(check.needs)
        message = check.run(examination)
        return Finding(name, label, "ok", message) if message else None
    except Unknown as unknown:
        return Finding(name, label, "unknown", unknown.message)
    except Skipped as skipped:
        examination.not_ok.add(name)
        return Finding(name, label, "skipped", _skipped_message(labels[skipped.other]))
    except Exception as error:
        # A failure of ours, or one that the host raises in a hook.
        failure: Any = error
        if not all(hasattr(error, part) for part in ("code", "kind", "message")):
            raise
        if failure.kind == "cancelled":
            raise
        examination.not_ok.add(name)
        return Finding(name, label, "failed", failure.message, failure.code, failure.kind)


def _skipped_message(other: Text) -> Text:
    return Text(
        f"Inte kontrollerat. Rätta först: {other.sv}.",
        f"Not checked. Correct this first: {other.en}.",
    )
