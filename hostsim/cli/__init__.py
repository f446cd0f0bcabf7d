"""The commands of the command line.

A command reads its arguments, calls the host, and writes the result with
:mod:`hostsim.views`. Libraries that few commands need are imported inside these.
"""

from hostsim.cli import (  # noqa: F401 each adds its commands to the root
    backup,
    decisions,
    definitions,
    doctor,
    exports,
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

__all__ = ["hostsim"]
