"""What is registered."""

from __future__ import annotations

from hostsim import render
from hostsim.commands.common import Common, command, opened
from hostsim.commands.root import hostsim
from hostsim.texts import Text


@command(
    hostsim,
    "payments",
    Text("Visa de registrerade betalningarna.", "Show the registered payments."),
)
def payments(common: Common) -> None:
    """Show what is registered."""
    with opened(common) as store:
        if common.json:
            render.write_payments_json(common.paper, store.payments())
        else:
            render.show_payments(common.paper, store.payments)
