"""Commands over a shop's plug-in (``hostsim``, ``ready``) or an invented one (``run``)."""

import pytest
from command_line import hostsim, ready, run, run_command
from fake_plugin import payment
from host_and_plugin import plugin

__all__ = ["hostsim", "plugin", "ready", "run", "run_command"]


@pytest.fixture
def shown(run, plugin):
    """A preview with something of everything in its lower list."""
    plugin.payments = [payment(1, amount="400"), payment(2, "1002")]
    run("import", "Butik", "--save")
    run("payments", "delete", 2, "--why", "fel faktura")
    # Whatever day it is when this runs.
    run("payments", "add", "1001", "100", "--date", "2026-01-03", "--confirm")
    plugin.payments = [
        payment(1, amount="450"),
        payment(3, amount="100"),
        payment(4, "9999", "70"),
        payment(5, "9998", "30"),
    ]
    return run("import", "Butik")
