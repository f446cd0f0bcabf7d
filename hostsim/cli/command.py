"""How a command is declared: its name, its options, and its help in both languages."""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import click

from hostsim.cli.common import Common
from hostsim.ledger.amounts import typed_date
from hostsim.messages.text import LANGUAGES, say
from opter_contract.values import Text

#: The placeholders of values in help, in Swedish and in English.
_PLACEHOLDERS = {
    "ADRESS": "ADDRESS",
    "ANTAL": "COUNT",
    "BELOPP": "AMOUNT",
    "DATUM": "DATE",
    "FAKTURA": "INVOICE",
    "FIL": "FILE",
    "FÄLT": "FIELD",
    "FÖRSTA": "FIRST",
    "KOD": "CODE",
    "KONTO": "ACCOUNT",
    "LEVERANTÖRSNUMMER": "SUPPLIER_NUMBER",
    "MAPP": "FOLDER",
    "NAMN": "NAME",
    "NUMMER": "NUMBER",
    "SISTA": "LAST",
    "URSPRUNG": "ORIGIN",
    "VÄRDE": "VALUE",
}


def translated(placeholders: str, language: str) -> str:
    """Translate the placeholders of values in help, such as ``FAKTURA BELOPP``."""
    if language != "en":
        return placeholders
    return re.sub("[A-ZÅÄÖ]+", lambda word: _PLACEHOLDERS.get(word[0], word[0]), placeholders)


class Day(click.DateTime):
    """A date as 2026-03-31, in ASCII digits."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        # strptime takes the digits of any script.
        if isinstance(value, str) and typed_date(value) is None:
            self.fail(f"{value!r} is no date", param, ctx)
        found: datetime = super().convert(value, param, ctx)
        return found


class _Option(click.Option):
    def __init__(self, *arguments: Any, sv: str, en: str, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.text = Text(sv, en)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        language = _language_of(ctx)
        self.help = say(self.text, language)
        record = super().get_help_record(ctx)
        return record and (translated(record[0], language), record[1])


class _Command(click.Command):
    text: Text = Text("", "")

    def get_short_help_str(self, limit: int = 45) -> str:
        with contextlib.suppress(RuntimeError):
            self.help = say(self.text, _language_of(click.get_current_context()))
        return super().get_short_help_str(limit)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [translated(piece, _language_of(ctx)) for piece in super().collect_usage_pieces(ctx)]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = say(self.text, _language_of(ctx))
        super().format_help_text(ctx, formatter)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
        return option


class _Group(_Command, click.Group):
    pass


def _show_help(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 click's
    """Show help as any other result: a pipe that the reader closes is no error."""
    if value and not context.resilient_parsing:
        common_of(context).output.line(context.get_help())
        context.exit()


def _language_of(context: click.Context) -> str:
    return common_of(context).language


def common_of(context: click.Context) -> Common:
    root = context.find_root()
    if root.obj is None:
        root.obj = Common("sv")
    common: Common = root.obj
    return common


def _set(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Take an option that may stand before or after the command."""
    if value:
        setattr(common_of(context), parameter.name or "", value)


def option(*names: str, sv: str, en: str, **keywords: Any) -> Callable[[Any], Any]:
    """Declare an option with its help in both languages; ``keywords`` as click has them."""
    return click.option(*names, cls=_Option, sv=sv, en=en, **keywords)


_SHARED = (
    option(
        "--db",
        metavar="FIL",
        expose_value=False,
        callback=_set,
        sv="Databasens fil (HOSTSIM_DB; annars hostsim.db i den här mappen).",
        en="The database's file (HOSTSIM_DB; otherwise hostsim.db in this folder).",
    ),
    option(
        "--lang",
        "language",
        type=click.Choice(LANGUAGES),
        expose_value=False,
        callback=_set,
        sv="Språk (HOSTSIM_LANG; annars sv).",
        en="Language (HOSTSIM_LANG; otherwise sv).",
    ),
    option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        callback=_set,
        sv="Visa loggen på standard error; -vv visar mer.",
        en="Show the log on standard error; -vv shows more.",
    ),
)

_JSON = option(
    "--json",
    is_flag=True,
    expose_value=False,
    callback=_set,
    sv="Skriv resultatet som JSON.",
    en="Write the result as JSON.",
)


def command(
    parent: click.Group | None,
    name: str,
    *,
    sv: str,
    en: str,
    group: bool = False,
    json: bool = True,
) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a command, with the options that every command has.

    :param sv: its help in Swedish, and ``en`` in English.
    :param group: whether subcommands may follow it; the function runs only without one.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        @click.pass_context
        @functools.wraps(function)
        def called(context: click.Context, /, *arguments: Any, **keywords: Any) -> Any:
            if group and context.invoked_subcommand is not None:
                return None
            common = common_of(context)
            set_log_level(common.verbose)
            with _only_results_on_stdout(common):
                return function(common, *arguments, **keywords)

        made: Any = called
        for shared in reversed((*_SHARED, _JSON) if json else _SHARED):
            made = shared(made)
        more: dict[str, Any] = {"invoke_without_command": True} if group else {}
        kind: Any = _Group if group else _Command
        declare: Any = click.command(name, cls=kind, **more)
        made = declare(made)
        if parent is not None:
            parent.add_command(made)
        made.text = Text(sv, en)
        return made

    return decorate


@contextlib.contextmanager
def _only_results_on_stdout(common: Common) -> Iterator[None]:
    """Send what others print, such as a plug-in in a hook, to standard error."""
    common.result = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        common.result = None


def set_log_level(verbose: int) -> None:
    levels = (logging.WARNING, logging.INFO, logging.DEBUG)
    logging.getLogger().setLevel(levels[min(verbose, 2)])
