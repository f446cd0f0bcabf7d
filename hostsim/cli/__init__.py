"""The commands of the command line, in the order in which help lists them.

A command reads its arguments, calls the host, and writes the result with
:mod:`hostsim.views`. Libraries that few commands need are imported inside these.
"""

from hostsim.cli import (
    backup,
    decisions,
    doctor,
    exports,
    hand_payments,
    history,
    imports,
    payments,
    plugins,
    report,
    sandbox,
    schedules,
    serve,
    setup,
)
from hostsim.cli.root import hostsim

__all__ = [
    "backup",
    "decisions",
    "doctor",
    "exports",
    "hand_payments",
    "history",
    "hostsim",
    "imports",
    "payments",
    "plugins",
    "report",
    "sandbox",
    "schedules",
    "serve",
    "setup",
]
