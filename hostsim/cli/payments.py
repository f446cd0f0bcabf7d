"""What is registered."""

from __future__ import annotations

import click

from hostsim.cli.common import Common, Option, command, opened
from hostsim.cli.root import hostsim
from hostsim.views.payments import REGISTERED_PAYMENTS, write_entries
from opter_contract.values import Text


@command(
    hostsim,
    "payments",
    Text(
        "Visa de registrerade betalningarna, exportera dem, eller registrera och ta bort för hand.",
        "Show the registered payments, export them, or register and delete by hand.",
    ),
    group=True,
)
@click.option(
    "--origin",
    cls=Option,
    metavar="URSPRUNG",
    says=Text(
        "Bara import, hand, eller en källa i Fortnox (manual, file, finance, autogiro …).",
        "Only import, hand, or a source in Fortnox (manual, file, finance, autogiro …).",
    ),
)
@click.pass_context
def payments(context: click.Context, common: Common, origin: str | None) -> None:
    """Show what is registered when no subcommand follows."""
    from hostsim.storage import history  # noqa: PLC0415 - a command starts fast

    if context.invoked_subcommand is not None:
        return
    with opened(common) as store:
        if common.json:
            common.write_list(REGISTERED_PAYMENTS, lambda: history.entries(store, origin=origin))
        else:
            write_entries(common.output, lambda: history.entries(store, origin=origin))
