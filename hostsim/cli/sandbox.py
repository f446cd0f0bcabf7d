"""What runs beside the pretended Fortnox."""

# ruff: noqa: PLC0415 - a command starts fast when it imports only what it needs

from __future__ import annotations

import sys
from pathlib import Path

import click

from hostsim.cli.common import Common, Option, command, load_plugins
from hostsim.cli.root import hostsim
from hostsim.storage import commits
from opter_contract.values import Text

PORT = click.option(
    "--port",
    cls=Option,
    type=click.IntRange(0, 65535),
    default=0,
    says=Text("Porten; 0 tar en ledig.", "The port; 0 takes a free one."),
)


@command(
    hostsim,
    "demo",
    Text(
        "Visa allt på den här datorn: ett låtsat Fortnox, inloggning, import och sparande.",
        "Show everything on this machine: a pretended Fortnox, sign-in, import and saving.",
    ),
    json=False,
)
@click.option(
    "--keep",
    cls=Option,
    metavar="MAPP",
    type=click.Path(path_type=Path, file_okay=False),
    says=Text(
        "Lägg databasen i den här mappen och behåll den.",
        "Put the database into this folder and keep it.",
    ),
)
def demo(common: Common, keep: Path | None) -> None:
    """Run the demonstration from end to end."""
    from hostsim.demo import run_demo

    with commits.passing():
        run_demo(common.output, load_plugins(), keep=keep, progress_stream=sys.stderr)


@command(
    hostsim,
    "sandbox",
    Text(
        "Kör det låtsade Fortnox för sig, tills du trycker Ctrl-C.",
        "Run the pretended Fortnox on its own, until you press Ctrl-C.",
    ),
    json=False,
)
@PORT
@click.option(
    "--company",
    cls=Option,
    type=int,
    metavar="NUMMER",
    says=Text(
        "Företaget som exemplet med curl gäller; annars det första.",
        "The company of the curl example; otherwise the first.",
    ),
)
@click.option(
    "--data",
    cls=Option,
    metavar="FIL",
    type=click.Path(path_type=Path, dir_okay=False),
    says=Text("En JSON-fil med egna uppgifter.", "A JSON file with data of your own."),
)
@click.option(
    "--empty",
    is_flag=True,
    cls=Option,
    says=Text("Börja utan fakturor och betalningar.", "Begin without invoices and payments."),
)
@click.option(
    "--switch",
    "switches",
    cls=Option,
    multiple=True,
    metavar="NAMN=VÄRDE",
    says=Text(
        "Ställ om det som ingen vet om Fortnox; får upprepas. GET /_sandbox/switches visar alla.",
        "Set an unknown of Fortnox; may be repeated. GET /_sandbox/switches shows all.",
    ),
)
@click.option(
    "--redirect-uri",
    cls=Option,
    metavar="ADRESS",
    says=Text(
        "Adressen som svaret på en inloggning ska till; den måste stämma exakt.",
        "The address that the answer to a login goes to; it must match exactly.",
    ),
)
def sandbox(
    common: Common,
    port: int,
    *,
    company: int | None,
    data: Path | None,
    switches: tuple[str, ...],
    redirect_uri: str | None,
    empty: bool,
) -> None:
    """Run the sandbox in the foreground and print what a client needs."""
    from hostsim.cli.run_sandbox import run_sandbox

    run_sandbox(
        common.output,
        port=port,
        company=company,
        data=data,
        empty=empty,
        switches=switches,
        redirect_uri=redirect_uri,
    )
