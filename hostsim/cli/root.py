"""The root command."""

from __future__ import annotations

import sys

import click

from hostsim.cli.command import command
from hostsim.cli.common import Common, usage


@command(
    None,
    "hostsim",
    group=True,
    json=False,
    sv="En värd som liknar Opter: läser in kundbetalningar genom plug-in-program, visar dem "
    "och sparar dem. Börja med hostsim demo.",
    en="A host much like Opter: brings in customers' payments through plug-ins, shows them "
    "and saves them. Begin with hostsim demo.",
)
def hostsim(_: Common) -> None:
    sys.stderr.write(click.get_current_context().get_help() + "\n")
    raise usage("Ange ett av kommandona ovanför.", "Give one of the commands above.")
