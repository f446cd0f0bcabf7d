"""How a command is declared: its name, its options, and its help in both languages."""

from __future__ import annotations

import contextlib
import functools
import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from hostsim.cli import logs
from hostsim.cli.common import Common
from hostsim.ledger.amounts import typed_date
from hostsim.messages.text import LANGUAGES, say
from hostsim.storage.decisions import MAX_WHY_LENGTH
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
    "KOLUMN": "COLUMN",
    "KONTO": "ACCOUNT",
    "LEVERANTÖRSNUMMER": "SUPPLIER_NUMBER",
    "MAPP": "FOLDER",
    "NAMN": "NAME",
    "NIVÅ": "LEVEL",
    "NUMMER": "NUMBER",
    "RUBRIK": "HEADING",
    "SISTA": "LAST",
    "TID": "TIME",
    "URSPRUNG": "ORIGIN",
    "VÄRDE": "VALUE",
}


#: Click's own words in help, in English and in Swedish.
_CLICK_WORDS = {
    "ARGS": "ARGUMENT",
    "COMMAND": "KOMMANDO",
    "Commands": "Kommandon",
    "OPTIONS": "VAL",
    "Options": "Val",
    "Show this message and exit.": "Visa den här texten.",
    "Usage: ": "Användning: ",
}


def translate_placeholders(placeholders: str, language: str) -> str:
    """Translate the placeholders in help, such as ``[OPTIONS] FAKTURA BELOPP``."""
    words = _PLACEHOLDERS if language == "en" else _CLICK_WORDS
    return re.sub("[A-ZÅÄÖ]+", lambda word: words.get(word[0], word[0]), placeholders)


class _Formatter(click.HelpFormatter):
    """Help in one language, also where the words are click's."""

    def __init__(self, context: click.Context) -> None:
        super().__init__(width=context.terminal_width, max_width=context.max_content_width)
        self._language = _language_of(context)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or _click_word("Usage: ", self._language))

    def section(self, name: str) -> Any:
        return super().section(_click_word(name, self._language))


def _click_word(word: str, language: str) -> str:
    return word if language == "en" else _CLICK_WORDS.get(word, word)


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
        day: datetime = super().convert(value, param, ctx)
        return day


class _Option(click.Option):
    def __init__(self, *arguments: Any, sv: str, en: str, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.text = Text(sv, en)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        language = _language_of(ctx)
        self.help = say(self.text, language)
        record = super().get_help_record(ctx)
        if record is None:
            return None
        names, text = record
        required = "required]" if language == "en" else "krävs]"
        return translate_placeholders(names, language), text.replace("required]", required)


class _Command(click.Command):
    text: Text = Text("", "")
    more: Text | None = None

    def get_help(self, ctx: click.Context) -> str:
        formatter = _Formatter(ctx)
        self.epilog = self.more and say(self.more, _language_of(ctx))
        self.format_help(ctx, formatter)
        return formatter.getvalue().rstrip("\n")

    def get_short_help_str(self, limit: int = 45) -> str:
        with contextlib.suppress(RuntimeError):
            self.help = say(self.text, _language_of(click.get_current_context()))
        return super().get_short_help_str(limit)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [
            translate_placeholders(piece, _language_of(ctx))
            for piece in super().collect_usage_pieces(ctx)
        ]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = say(self.text, _language_of(ctx))
        super().format_help_text(ctx, formatter)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
            option.help = _click_word("Show this message and exit.", _language_of(ctx))
        return option

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        for param in self.params:
            if isinstance(param, _Option):
                param.help = say(param.text, _language_of(ctx))
        with ctx.scope(cleanup=False):
            return super().shell_complete(ctx, incomplete)


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
    if value:
        setattr(common_of(context), parameter.name or "", value)


def option(*names: str, sv: str, en: str, **keywords: Any) -> Callable[[Any], Any]:
    """Declare an option with its help in both languages; ``keywords`` as click has them."""
    return click.option(*names, cls=_Option, sv=sv, en=en, **keywords)


#: Arguments that several commands have: an import or export, and a file.
NAME = click.argument("name", metavar="NAMN")
OPTIONAL_NAME = click.argument("name", required=False, metavar="[NAMN]")
FILE = click.argument("file", metavar="FIL", type=click.Path(path_type=Path))


def why_option(sv: str, en: str) -> Callable[[Any], Any]:
    """Declare the option for a reason; its help goes on with how long that may be."""
    return option(
        "--why",
        default="",
        metavar="TEXT",
        sv=f"{sv} Högst {MAX_WHY_LENGTH} tecken.",
        en=f"{en} At most {MAX_WHY_LENGTH} characters.",
    )


def common_option(*names: str, **keywords: Any) -> Callable[[Any], Any]:
    """Declare an option whose value is kept in :class:`Common`, by its name."""
    return option(*names, expose_value=False, callback=_set, **keywords)


_SHARED = (
    common_option(
        "--db",
        metavar="FIL",
        sv="Databasens fil (HOSTSIM_DB; annars hostsim.db i den här mappen).",
        en="The database's file (HOSTSIM_DB; otherwise hostsim.db in this folder).",
    ),
    common_option(
        "--lang",
        "language",
        type=click.Choice(LANGUAGES),
        sv="Språk (HOSTSIM_LANG; annars datorns om det är engelska, annars sv).",
        en="Language (HOSTSIM_LANG; otherwise the computer's if it is English, otherwise sv).",
    ),
    common_option(
        "-v",
        "--verbose",
        count=True,
        sv="Visa loggen på standard error; -vv visar mer.",
        en="Show the log on standard error; -vv shows more.",
    ),
    common_option(
        "--log-level",
        metavar="NIVÅ",
        type=click.Choice(logs.LEVELS),
        sv="Vad som loggas: debug, info, warning eller error; annars warning.",
        en="What is logged: debug, info, warning or error; otherwise warning.",
    ),
    common_option(
        "--log-file",
        metavar="FIL",
        type=click.Path(dir_okay=False, path_type=Path),
        sv="Lägg loggen sist i filen i stället för på standard error.",
        en="Put the log at the end of the file instead of on standard error.",
    ),
)

_JSON = common_option(
    "--json",
    is_flag=True,
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
    more: Text | None = None,
) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a command, with the options that every command has.

    :param sv: its help in Swedish, and ``en`` in English.
    :param group: whether subcommands may follow it; the function runs only without one.
    :param more: what help says below the options.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        @click.pass_context
        @functools.wraps(function)
        def run_command(context: click.Context, /, *arguments: Any, **keywords: Any) -> Any:
            if group and context.invoked_subcommand is not None:
                return None
            common = common_of(context)
            logs.configure(common)
            with _only_results_on_stdout(common):
                return function(common, *arguments, **keywords)

        decorated: Any = run_command
        for shared in reversed((*_SHARED, _JSON) if json else _SHARED):
            decorated = shared(decorated)
        settings: dict[str, Any] = {"invoke_without_command": True} if group else {}
        if parent is None:
            settings["context_settings"] = {"help_option_names": ["-h", "--help"]}
        kind: Any = _Group if group else _Command
        declare: Any = click.command(name, cls=kind, **settings)
        decorated = declare(decorated)
        if parent is not None:
            parent.add_command(decorated)
        decorated.text = Text(sv, en)
        decorated.more = more
        return decorated

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
