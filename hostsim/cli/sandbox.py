"""The demonstration, and the sandbox on its own."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from hostsim.cli.command import command, option
from hostsim.cli.common import Common, load_plugins
from hostsim.cli.root import hostsim
from hostsim.errors import host_error
from hostsim.storage import unreported_commits
from hostsim.views.output import Output
from opter_contract.programs import signals

PORT = option(
    "--port",
    metavar="NUMMER",
    type=click.IntRange(0, 65535),
    default=0,
    sv="Porten; 0 tar en ledig.",
    en="The port; 0 takes a free one.",
)


@command(
    hostsim,
    "demo",
    json=False,
    sv="Visa allt på den här datorn: ett låtsat Fortnox, inloggning, import och sparande.",
    en="Show everything on this machine: a simulated Fortnox, sign-in, import and saving.",
)
@option(
    "--keep",
    metavar="MAPP",
    type=click.Path(path_type=Path, file_okay=False),
    sv="Lägg databasen i den här mappen och behåll den.",
    en="Put the database into this folder and keep it.",
)
def demo(common: Common, keep: Path | None) -> None:
    from hostsim.demo.run import run_demo

    with unreported_commits.uncounted():
        run_demo(common.output, load_plugins(), keep=keep, progress_stream=sys.stderr)


@command(
    hostsim,
    "sandbox",
    sv="Kör det låtsade Fortnox för sig, tills du trycker Ctrl-C.",
    en="Run the simulated Fortnox on its own, until you press Ctrl-C.",
)
@PORT
@option(
    "--company",
    type=int,
    metavar="NUMMER",
    sv="Företaget som exemplet med curl gäller; annars det första.",
    en="The company of the curl example; otherwise the first.",
)
@option(
    "--data",
    metavar="FIL",
    type=click.Path(path_type=Path, dir_okay=False),
    sv="En JSON-fil med egna uppgifter.",
    en="A JSON file with data of your own.",
)
@option(
    "--empty",
    is_flag=True,
    sv="Börja utan fakturor och betalningar.",
    en="Begin without invoices and payments.",
)
@option(
    "--companies",
    type=click.IntRange(1),
    metavar="ANTAL",
    sv="Så många små företag, alla med medgivande till ett servicekonto.",
    en="The number of small companies to make, all with consent to a service account.",
)
@option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAMN=VÄRDE",
    sv="Ställ om det som ingen vet om Fortnox; får upprepas. GET /_sandbox/switches visar alla.",
    en="Set an unknown of Fortnox; may be repeated. GET /_sandbox/switches shows all.",
)
@option(
    "--switches",
    "switches_from",
    metavar="FIL",
    type=click.Path(path_type=Path, dir_okay=False),
    sv="Ställ om det som `python -m opter_fortnox_plugin probe --switches FIL` tog reda på.",
    en="Set what `python -m opter_fortnox_plugin probe --switches FILE` found out.",
)
@option(
    "--redirect-uri",
    metavar="ADRESS",
    sv="Adressen som svaret på en inloggning ska till; den måste stämma exakt.",
    en="The address that the answer to a login goes to; it must match exactly.",
)
def sandbox(common: Common, **options: Any) -> None:
    status = signals.CANCELLED
    with signals.ending() as end, suppress(KeyboardInterrupt):
        status = run_sandbox(common.output, as_json=common.json, **options)
    status = end.status(status)
    click.get_current_context().exit(0 if status == signals.CANCELLED else status)


def run_sandbox(output: Output, **options: Any) -> int:
    """Run the sandbox as ``python -m hostsim.sandbox`` does, with the host's output and errors.

    :param options: those of :func:`hostsim.sandbox.standalone.run`.
    """
    from hostsim.sandbox import standalone

    writer = standalone.Writer(output.line, output.flush, output.language, unicode=output.unicode)
    try:
        return standalone.run(writer, **options)
    except standalone.CannotStart as error:
        raise host_error(error.code, **error.values) from error
