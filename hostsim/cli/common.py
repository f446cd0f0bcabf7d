"""What every command is given, and the host that stands behind it."""

# ruff: noqa: PLC0415 - a command starts fast when it imports only what it needs

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from hostsim.errors import HostError, host_error
from hostsim.ledger.amounts import typed_date
from hostsim.messages.text import say
from hostsim.views.output import Output, one_line
from hostsim.views.table import Column, as_object, write_json, write_json_list, write_table
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.plugins.loading import Plugins
    from hostsim.services.host import Host
    from hostsim.storage.store import Store

T = TypeVar("T")

LANGUAGES = ("sv", "en")

# An address to sign in at must stay whole; a flood must not scroll it away.
_LONGEST_LINE = 8000


@dataclass(slots=True)
class Common:
    """What was asked of every command, before or after its name."""

    language: str
    db: str | None = None
    verbose: int = 0
    json: bool = False
    #: Where the result goes while a command runs; see :func:`command`.
    result: TextIO | None = None

    @property
    def database(self) -> Path:
        """The file that the host's data lies in.

        :raises HostError: ``DATABASE_UNREACHABLE`` for a folder.
        """
        path = Path(self.db or os.environ.get("HOSTSIM_DB") or "hostsim.db")
        if path.is_dir():
            raise host_error("DATABASE_UNREACHABLE", path=path)
        return path

    @property
    def output(self) -> Output:
        """Standard output."""
        return Output(self.result or sys.stdout, self.language)

    def text(self, sv: str, en: str) -> str:
        """Choose the language of the reader."""
        return en if self.language == "en" else sv

    def tell(self, sv: str, en: str) -> None:
        """Write one line to standard error."""
        tell(self.text(sv, en))

    def write_list(self, columns: Iterable[Column[T]], rows: Callable[[], Iterable[T]]) -> None:
        """Write a list as a table, or as JSON where that was asked for; ``rows`` is repeatable."""
        if self.json:
            write_json_list(self.output, columns, rows())
        else:
            write_table(self.output, columns, rows)

    def write_one(self, columns: Iterable[Column[T]], item: T) -> None:
        """Write one entry of a list, as a table or as a JSON object."""
        columns = tuple(columns)
        if self.json:
            write_json(self.output, as_object(columns, item, self.language))
        else:
            write_table(self.output, columns, lambda: [item])


def tell(line: str) -> None:
    """Write one line to standard error, where everything but the result goes."""
    with contextlib.suppress(OSError):
        sys.stderr.write(one_line(line.replace("\N{NO-BREAK SPACE}", " "), _LONGEST_LINE) + "\n")
        sys.stderr.flush()


def usage(sv: str, en: str) -> HostError:
    """Make the error of a command that was given wrongly."""
    return host_error("USAGE", what=Text(sv, en))


#: What stands for a value in help, in Swedish and in English.
_PLACES = {
    "ADRESS": "ADDRESS",
    "BELOPP": "AMOUNT",
    "DATUM": "DATE",
    "FAKTURA": "INVOICE",
    "FIL": "FILE",
    "FÄLT": "FIELD",
    "FÖRSTA": "FIRST",
    "KOD": "CODE",
    "KONTO": "ACCOUNT",
    "MAPP": "FOLDER",
    "NAMN": "NAME",
    "NUMMER": "NUMBER",
    "SISTA": "LAST",
    "URSPRUNG": "ORIGIN",
    "VÄRDE": "VALUE",
}


def named(places: str, language: str) -> str:
    """Name what stands for values, such as ``FAKTURA BELOPP``, in the language of the reader."""
    if language != "en":
        return places
    return re.sub("[A-ZÅÄÖ]+", lambda word: _PLACES.get(word[0], word[0]), places)


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


class Option(click.Option):
    """An option with its help in both languages."""

    def __init__(self, *arguments: Any, says: Text, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.says = says

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        language = _language_of(ctx)
        self.help = say(self.says, language)
        record = super().get_help_record(ctx)
        return record and (named(record[0], language), record[1])


class _Command(click.Command):
    """A command with its help in both languages."""

    says: Text = Text("", "")

    def get_short_help_str(self, limit: int = 45) -> str:
        with contextlib.suppress(RuntimeError):
            self.help = say(self.says, _language_of(click.get_current_context()))
        return super().get_short_help_str(limit)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [named(piece, _language_of(ctx)) for piece in super().collect_usage_pieces(ctx)]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = say(self.says, _language_of(ctx))
        super().format_help_text(ctx, formatter)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
        return option


class _Group(_Command, click.Group):
    """A group of commands with its help in both languages."""


def _show_help(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 click's
    """Show help as any other result: that nobody reads on is no fault of the program."""
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


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """Make the callback of an option that stands before or after the command."""

    def keep(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            setattr(common_of(context), name, value)

    return keep


_SHARED = (
    click.option(
        "--db",
        cls=Option,
        metavar="FIL",
        expose_value=False,
        callback=_keep("db"),
        says=Text(
            "Databasens fil (HOSTSIM_DB; annars hostsim.db i den här mappen).",
            "The database's file (HOSTSIM_DB; otherwise hostsim.db in this folder).",
        ),
    ),
    click.option(
        "--lang",
        cls=Option,
        type=click.Choice(LANGUAGES),
        expose_value=False,
        callback=_keep("language"),
        says=Text("Språk (HOSTSIM_LANG; annars sv).", "Language (HOSTSIM_LANG; otherwise sv)."),
    ),
    click.option(
        "-v",
        "--verbose",
        cls=Option,
        count=True,
        expose_value=False,
        callback=_keep("verbose"),
        says=Text(
            "Visa loggen på standard error; -vv visar mer.",
            "Show the log on standard error; -vv shows more.",
        ),
    ),
)

_JSON = click.option(
    "--json",
    cls=Option,
    is_flag=True,
    expose_value=False,
    callback=_keep("json"),
    says=Text("Skriv resultatet som JSON.", "Write the result as JSON."),
)


def command(
    parent: click.Group | None, name: str, says: Text, *, group: bool = False, json: bool = True
) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a command, with the options that every command has."""

    def decorate(function: Callable[..., Any]) -> Any:
        @click.pass_context
        @functools.wraps(function)
        def called(context: click.Context, /, *arguments: Any, **keywords: Any) -> Any:
            common = common_of(context)
            set_log_level(common.verbose)
            with _result_alone(common):
                return function(common, *arguments, **keywords)

        made: Any = called
        for option in reversed((*_SHARED, _JSON) if json else _SHARED):
            made = option(made)
        kind: Any = _Group if group else _Command
        more: dict[str, Any] = {"invoke_without_command": True} if group else {}
        make: Any = click.command(name, cls=kind, **more)
        made = make(made)
        if parent is not None:
            parent.add_command(made)
        made.says = says
        return made

    return decorate


@contextlib.contextmanager
def _result_alone(common: Common) -> Iterator[None]:
    """Keep what anybody else prints, such as a plug-in in a hook, away from the result."""
    common.result = sys.stdout
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        common.result = None


def set_log_level(verbose: int) -> None:
    levels = (logging.WARNING, logging.INFO, logging.DEBUG)
    logging.getLogger().setLevel(levels[min(verbose, 2)])


@contextlib.contextmanager
def opened(common: Common) -> Iterator[Store]:
    """Open the database for one command.

    :raises HostError: ``NO_DATABASE`` when there is none yet.
    """
    from hostsim.storage.store import Store

    with Store.open(common.database) as store:
        yield store


def load_plugins(store: Store | None = None) -> Plugins:
    """Load the plug-ins that nobody switched off.

    :param store: where it may say that some are off, beside the environment.
    """
    from hostsim.plugins import discovery
    from hostsim.plugins.loading import Plugins

    off = discovery.off(store, os.environ.get(discovery.VARIABLE, ""))
    return Plugins.load(off=off) if off else Plugins.load()


def plugins_beside(common: Common) -> Plugins:
    """Load the plug-ins for a command that works without a database, too.

    What a database says is switched off counts where it can be read.
    """
    from hostsim.storage.store import Store

    try:
        store = Store.open(common.database)
    except (HostError, sqlite3.Error):
        return load_plugins()
    with store:
        return load_plugins(store)


def host_over(store: Store, **keywords: Any) -> Host:
    from hostsim.services.host import Host
    from hostsim.storage.secrets import system_keyring

    return Host(store, load_plugins(store), configuration={}, keyring=system_keyring, **keywords)


def pairs(given: Iterable[str]) -> dict[str, str]:
    """Cut ``KEY=VALUE`` arguments apart."""
    pairs: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise usage(
                f"”{text}” ska skrivas NAMN=VÄRDE.", f"“{text}” must be written NAME=VALUE."
            )
        if key in pairs:
            raise usage(f"{key} är angivet två gånger.", f"{key} is given twice.")
        pairs[key] = value
    return pairs


def warn(common: Common, problems: Iterable[Any]) -> None:
    """Tell about odd values that were accepted all the same."""
    for problem in problems:
        message = problem.message
        common.tell(
            f"Varning: {problem.key}: {message.sv}", f"Warning: {problem.key}: {message.en}"
        )
