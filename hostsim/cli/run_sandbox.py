"""Runs the sandbox in the foreground, and prints what a client needs to use it."""

from __future__ import annotations

from typing import Any

from hostsim.errors import host_error
from hostsim.sandbox import standalone
from hostsim.views.output import Output


def run_sandbox(output: Output, **options: Any) -> int:
    """Run the sandbox as ``python -m hostsim.sandbox`` does, with the host's output and errors.

    :param options: those of :func:`hostsim.sandbox.standalone.run`.
    """
    writer = standalone.Writer(output.line, output.flush, output.language, unicode=output.unicode)
    try:
        return standalone.run(writer, **options)
    except standalone.CannotStart as error:
        raise host_error(error.code, **error.values) from error
