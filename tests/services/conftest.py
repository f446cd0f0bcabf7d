"""A host over an invented plug-in; a test file with other invoices overrides ``invoices``."""

from command_line import hostsim, ready, run, run_command
from host_and_plugin import advance, host, invoices, plugin, store

__all__ = [
    "advance",
    "host",
    "hostsim",
    "invoices",
    "plugin",
    "ready",
    "run",
    "run_command",
    "store",
]
