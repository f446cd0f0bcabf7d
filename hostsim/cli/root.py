"""The root command."""

from __future__ import annotations

import sys

import click

from hostsim.cli.command import command, common_of, option
from hostsim.cli.common import Common, usage
from opter_contract.values import Text

_MORE = Text(
    """--json finns för alla kommandon utom demo, serve och worker.

    Språk: --lang, annars HOSTSIM_LANG, annars ett engelskt LC_ALL, LC_MESSAGES eller LANG,
    annars svenska.

    Skalet kompletterar kommandon och val med den här raden i sin startfil:

    \b
    bash   eval "$(_HOSTSIM_COMPLETE=bash_source hostsim)"
    zsh    eval "$(_HOSTSIM_COMPLETE=zsh_source hostsim)"
    fish   _HOSTSIM_COMPLETE=fish_source hostsim | source
    """,
    """Every command but demo, serve and worker takes --json.

    Language: --lang, otherwise HOSTSIM_LANG, otherwise an English LC_ALL, LC_MESSAGES or LANG,
    otherwise Swedish.

    The shell completes commands and options with this line in the file that it starts with:

    \b
    bash   eval "$(_HOSTSIM_COMPLETE=bash_source hostsim)"
    zsh    eval "$(_HOSTSIM_COMPLETE=zsh_source hostsim)"
    fish   _HOSTSIM_COMPLETE=fish_source hostsim | source
    """,
)


def _show_version(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 click's
    if value and not context.resilient_parsing:
        from importlib import metadata

        common_of(context).output.line(f"hostsim {metadata.version('opter-fortnox-plugin')}")
        context.exit()


@command(
    None,
    "hostsim",
    group=True,
    json=False,
    sv="En värd som liknar Opter: läser in kundbetalningar genom plug-in-program, visar dem "
    "och sparar dem. Börja med hostsim demo.",
    en="A host much like Opter: brings in customers' payments through plug-ins, shows them "
    "and saves them. Begin with hostsim demo.",
    more=_MORE,
)
@option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    sv="Visa versionen.",
    en="Show the version.",
)
def hostsim(_: Common) -> None:
    sys.stderr.write(click.get_current_context().get_help() + "\n")
    raise usage("Ange ett av kommandona ovanför.", "Give one of the commands above.")
