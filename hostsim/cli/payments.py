"""What is registered."""

from __future__ import annotations

from hostsim.cli.command import command, option
from hostsim.cli.common import Common, open_store
from hostsim.cli.root import hostsim
from hostsim.views.payments import REGISTERED_PAYMENTS, write_entries


@command(
    hostsim,
    "payments",
    group=True,
    sv="Visa de registrerade betalningarna, exportera dem, eller registrera och ta bort för hand.",
    en="Show the registered payments, export them, or register and delete by hand.",
)
@option(
    "--origin",
    metavar="URSPRUNG",
    sv="Bara import, hand, eller en källa i Fortnox (manual, file, finance, autogiro …).",
    en="Only import, hand, or a source in Fortnox (manual, file, finance, autogiro …).",
)
def payments(common: Common, origin: str | None) -> None:
    with open_store(common) as store:
        if common.json:
            common.write_list(REGISTERED_PAYMENTS, lambda: store.payments(origin=origin))
        else:
            write_entries(common.output, lambda: store.payments(origin=origin))
