"""The commands of the command line, in the order in which help lists them.

A command reads its arguments, asks the host, and hands what comes back to
:mod:`hostsim.views`. What it does not need is imported inside the ones that do.
"""

from hostsim.cli import (
    decisions,
    doctor,
    hand_payments,
    history,
    imports,
    payments,
    plugins,
    report,
    sandbox,
    serve,
    setup,
)
from hostsim.cli.root import hostsim

__all__ = [
    "decisions",
    "doctor",
    "hand_payments",
    "history",
    "hostsim",
    "imports",
    "payments",
    "plugins",
    "report",
    "sandbox",
    "serve",
    "setup",
]
