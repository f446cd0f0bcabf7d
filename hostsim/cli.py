"""The command line: every command, its options, and how it ends.

A command reads its arguments, asks the host, and hands what comes back to
:mod:`hostsim.render`. Standard output carries the result and nothing else.
What a command does not need is imported inside the one that does.
"""

# ruff: noqa: PLC0415 - a command starts fast when it imports only what it needs

from __future__ import annotations

import contextlib
import functools
import logging
import math
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO, TypeVar

import click

from hostsim import render
from hostsim.errors import (
    HostError,
    PreviewChanged,
    SettingsRefused,
    exit_status,
    failure_of,
    host_error,
)
from hostsim.render import Column, Paper, ReaderGone
from hostsim.texts import Text, say

if TYPE_CHECKING:
    from hostsim.hookspecs import Text as AnyText
    from hostsim.host import Host
    from hostsim.invoices_csv import FileProblem
    from hostsim.models import Definition, Invoice
    from hostsim.plugins import Plugins
    from hostsim.previews import Preview
    from hostsim.store import Store

F = TypeVar("F", bound=Callable[..., Any])

#: What a shell expects of a program whose reader went away (128 + SIGPIPE).
READER_GONE = 141

#: What a shell expects of a program that was interrupted.
CANCELLED = 130

_LANGUAGES = ("sv", "en")

# An address to sign in at must stay whole; a flood must not scroll it away.
_LONGEST_LINE = 8000


# --- What every command is given ---------------------------------------------


@dataclass(slots=True)
class Common:
    """What was asked of every command, before or after its name."""

    language: str
    db: str | None = None
    verbose: int = 0
    json: bool = False

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
    def paper(self) -> Paper:
        """Standard output."""
        return Paper(sys.stdout, self.language)

    def text(self, sv: str, en: str) -> str:
        """Choose the language of the reader."""
        return en if self.language == "en" else sv

    def tell(self, sv: str, en: str) -> None:
        """Write one line to standard error."""
        tell(self.text(sv, en))


def tell(line: str) -> None:
    """Write one line to standard error, where everything but the result goes."""
    with contextlib.suppress(OSError):
        sys.stderr.write(render.one_line(line, _LONGEST_LINE) + "\n")
        sys.stderr.flush()


def usage(sv: str, en: str) -> HostError:
    """Make the error of a command that was given wrongly."""
    return HostError("USAGE", "usage", Text(sv, en))


class _Option(click.Option):
    """An option with its help in both languages."""

    def __init__(self, *arguments: Any, says: Text, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.says = says

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        self.help = say(self.says, _language_of(ctx))
        return super().get_help_record(ctx)


class _Command(click.Command):
    """A command with its help in both languages."""

    says: Text = Text("", "")

    def get_short_help_str(self, limit: int = 45) -> str:
        with contextlib.suppress(RuntimeError):
            self.help = say(self.says, _language_of(click.get_current_context()))
        return super().get_short_help_str(limit)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = say(self.says, _language_of(ctx))
        super().format_help_text(ctx, formatter)


class _Group(_Command, click.Group):
    """A group of commands with its help in both languages."""


def _language_of(context: click.Context) -> str:
    return _common(context).language


def _common(context: click.Context) -> Common:
    root = context.find_root()
    if root.obj is None:
        root.obj = Common("sv")
    common: Common = root.obj
    return common


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """Make the callback of an option that stands before or after the command."""

    def keep(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            setattr(_common(context), name, value)

    return keep


_SHARED = (
    click.option(
        "--db",
        cls=_Option,
        metavar="FILE",
        expose_value=False,
        callback=_keep("db"),
        says=Text(
            "Databasens fil (HOSTSIM_DB; annars hostsim.db i den här mappen).",
            "The database's file (HOSTSIM_DB; otherwise hostsim.db in this folder).",
        ),
    ),
    click.option(
        "--lang",
        cls=_Option,
        type=click.Choice(_LANGUAGES),
        expose_value=False,
        callback=_keep("language"),
        says=Text("Språk (HOSTSIM_LANG; annars sv).", "Language (HOSTSIM_LANG; otherwise sv)."),
    ),
    click.option(
        "-v",
        "--verbose",
        cls=_Option,
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
    cls=_Option,
    is_flag=True,
    expose_value=False,
    callback=_keep("json"),
    says=Text("Skriv resultatet som JSON.", "Write the result as JSON."),
)


def _command(
    parent: click.Group | None, name: str, says: Text, *, group: bool = False, json: bool = True
) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a command, with the options that every command has."""

    def decorate(function: Callable[..., Any]) -> Any:
        @click.pass_context
        @functools.wraps(function)
        def called(context: click.Context, /, *arguments: Any, **keywords: Any) -> Any:
            common = _common(context)
            _set_log_level(common.verbose)
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


# --- How it ends -------------------------------------------------------------


def run(arguments: Sequence[str], language: str = "sv") -> int:
    """Run one command and return its exit status.

    Ends standard error with one line, ``CODE: sentence``, unless all went well.

    :param language: of what is said before the arguments are understood.
    """
    common = Common(language)
    _speak_utf8()
    with _logging_to_standard_error():
        try:
            _invoke(arguments, common)
            sys.stdout.flush()
        except ReaderGone:
            _write_nowhere()
            return READER_GONE
        except click.exceptions.Exit as ended:
            return ended.exit_code
        except BaseException as error:  # noqa: BLE001 - the last line of defence
            return _end_badly(error, common.language)
    return 0


def _invoke(arguments: Sequence[str], common: Common) -> None:
    # Not click's own main(): it would end the process, and answer a closed
    # pipe or Ctrl-C with statuses of its own.
    environment = os.environ.get("HOSTSIM_LANG", "")
    if environment and environment not in _LANGUAGES:
        raise usage(
            "HOSTSIM_LANG ska vara sv eller en.",
            "HOSTSIM_LANG must be sv or en.",
        )
    with hostsim.make_context("hostsim", list(arguments), obj=common) as context:
        hostsim.invoke(context)


def _end_badly(error: BaseException, language: str) -> int:
    """Say what went wrong and return the exit status."""
    _flush_quietly()
    if isinstance(error, KeyboardInterrupt | click.Abort):
        tell(_line("CANCELLED", _CANCELLED, language))
        return CANCELLED
    if isinstance(error, click.ClickException):
        tell(_line("USAGE", _usage_sentence(error), language))
        return 2
    failure = failure_of(error)
    if failure is not None:
        for detail in _details(error, language):
            tell(detail)
        tell(_line(failure.code, failure.sentence, language))
        return exit_status(failure)
    with contextlib.suppress(OSError):
        traceback.print_exception(error, file=sys.stderr)
    tell(_line("INTERNAL", _INTERNAL, language))
    return 1


_CANCELLED = Text(
    "Kommandot avbröts och inget är sparat till hälften; hostsim payments visar vad som är "
    "registrerat.",
    "The command was cancelled and nothing is half saved; hostsim payments shows what is "
    "registered.",
)
_INTERNAL = Text(
    "Ett fel i programmet. Ingenting är sparat till hälften; skicka raderna ovanför till "
    "den som sköter programmet.",
    "A fault in the program. Nothing is half saved; send the lines above to whoever "
    "maintains the program.",
)


def _line(code: str, sentence: AnyText, language: str) -> str:
    return f"{code}: {say(sentence, language)}"


def _details(error: BaseException, language: str) -> Iterator[str]:
    """Yield what stands before the last line: a line for each field or line of a file."""
    from hostsim.invoices_csv import InvoicesFileWrong

    if isinstance(error, SettingsRefused):
        for problem in error.problems:
            yield f"{problem.key}: {say(problem.sentence, language)}"
    if isinstance(error, InvoicesFileWrong):
        for fault in error.problems:
            yield _place(fault, language) + say(fault.sentence, language)


def _place(fault: FileProblem, language: str) -> str:
    line = f"{'line' if language == 'en' else 'rad'} {fault.line}" if fault.line else None
    place = ", ".join(part for part in (line, fault.field) if part)
    return f"{place}: " if place else ""


def _usage_sentence(error: click.ClickException) -> Text:
    """Say in both languages what click says in one."""
    help_sv, help_en = "Kör hostsim --help för hjälp.", "Run hostsim --help for help."
    if isinstance(error, click.UsageError) and error.ctx is not None:
        path = error.ctx.command_path
        help_sv, help_en = f"Kör {path} --help för hjälp.", f"Run {path} --help for help."
    sv, en = _what_was_wrong(error)
    return Text(f"{sv} {help_sv}", f"{en} {help_en}")


def _what_was_wrong(error: click.ClickException) -> tuple[str, str]:
    if isinstance(error, click.NoSuchOption):
        name = error.option_name
        return f"Valet {name} finns inte.", f"There is no option {name}."
    # The class NoSuchCommand is younger than the oldest click that will do.
    command = getattr(error, "command_name", None)
    if command is not None:
        known = ", ".join(sorted(getattr(error, "possibilities", None) or ()))
        hint_sv, hint_en = (
            (f" Menade du {known}?", f" Did you mean {known}?") if known else ("", "")
        )
        return (
            f"Kommandot {command} finns inte.{hint_sv}",
            f"There is no command {command}.{hint_en}",
        )
    if isinstance(error, click.MissingParameter) and error.param is not None:
        what = error.param.get_error_hint(error.ctx)
        return f"{what} saknas.", f"{what} is missing."
    if isinstance(error, click.BadParameter) and error.param is not None:
        what = error.param.get_error_hint(error.ctx)
        if isinstance(error.param.type, click.Choice):
            known = ", ".join(map(str, error.param.type.choices))
            return f"{what} ska vara ett av: {known}.", f"{what} must be one of: {known}."
        return f"Värdet för {what} går inte att använda.", f"The value of {what} cannot be used."
    message = error.format_message()
    return (
        f"Kommandot är inte rätt skrivet ({message})",
        f"The command is not written right: {message}",
    )


def _speak_utf8() -> None:
    """Write UTF-8 on every platform, unless the user chose something else."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        # A lone surrogate out of somebody's data must not stop the output; in
        # JSON the escape that stands for it happens to be the right one.
        if os.environ.get("PYTHONIOENCODING"):
            reconfigure(errors="backslashreplace")
        else:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def _flush_quietly() -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()


def _write_nowhere() -> None:
    """Keep the interpreter from complaining about the pipe when it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class _ToStandardError(logging.StreamHandler[TextIO]):
    """Write to what standard error is at the time of writing."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


@contextlib.contextmanager
def _logging_to_standard_error() -> Iterator[None]:
    root = logging.getLogger()
    handler = _ToStandardError(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    level = root.level
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _set_log_level(verbose: int) -> None:
    levels = (logging.WARNING, logging.INFO, logging.DEBUG)
    logging.getLogger().setLevel(levels[min(verbose, 2)])


# --- The host behind a command -----------------------------------------------


@contextlib.contextmanager
def _opened(common: Common) -> Iterator[Store]:
    """Open the database for one command.

    :raises HostError: ``NO_DATABASE`` when there is none yet.
    """
    from hostsim.store import Store

    with Store.open(common.database) as store:
        yield store


def _plugins() -> Plugins:
    from hostsim.plugins import Plugins

    return Plugins.load()


def _host(store: Store, **keywords: Any) -> Host:
    from hostsim.host import Host
    from hostsim.secrets import system_keyring

    return Host(store, _plugins(), configuration={}, keyring=system_keyring, **keywords)


def _pairs(given: Iterable[str]) -> dict[str, str]:
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


def _warn(common: Common, problems: Iterable[Any]) -> None:
    """Tell about odd values that were accepted all the same."""
    for problem in problems:
        sentence = problem.sentence
        common.tell(
            f"Varning: {problem.key}: {sentence.sv}", f"Warning: {problem.key}: {sentence.en}"
        )


# --- Commands ----------------------------------------------------------------


@_command(
    None,
    "hostsim",
    Text(
        "En värd som liknar Opter: läser in kundbetalningar genom plug-in-program, visar dem "
        "och sparar dem. Börja med hostsim demo.",
        "A host much like Opter: brings in customers' payments through plug-ins, shows them "
        "and saves them. Begin with hostsim demo.",
    ),
    group=True,
    json=False,
)
@click.pass_context
def hostsim(context: click.Context, _: Common) -> None:
    """Ask for a command where none follows."""
    if context.invoked_subcommand is None:
        sys.stderr.write(context.get_help() + "\n")
        raise usage("Ange ett av kommandona ovanför.", "Give one of the commands above.")


@_command(hostsim, "init", Text("Skapa databasen.", "Make the database."))
def init(common: Common) -> None:
    """Make the database, or say that it is there already."""
    from hostsim.store import Store

    path = common.database
    there = path.exists()
    store = Store.open(path) if there else Store.create(path)
    store.close()
    if common.json:
        render.write_json(common.paper, {"database": str(path), "created": not there})
    elif there:
        common.paper.say(f"Databasen {path} finns redan.", f"The database {path} exists already.")
    else:
        common.paper.say(f"Databasen {path} är skapad.", f"The database {path} is made.")


_SETTINGS = {
    "default_currency": Text("Standardvaluta", "Default currency"),
    "accepted_deviation": Text(
        "Accepterad fakturaavvikelse (SEK)", "Accepted invoice deviation (SEK)"
    ),
}


@_command(
    hostsim,
    "settings",
    Text(
        "Visa eller ändra kontorets inställningar: default_currency, accepted_deviation.",
        "Show or change the settings of the office: default_currency, accepted_deviation.",
    ),
)
@click.argument("values", nargs=-1, metavar="[NAMN=VÄRDE]...")
def settings(common: Common, values: tuple[str, ...]) -> None:
    """Change what is given, then show all."""
    wanted = _pairs(values)
    with _opened(common) as store:
        with store.change():
            for key, value in wanted.items():
                store.set_setting(key, value)
        now = dict(store.settings())
    if common.json:
        render.write_json(common.paper, now)
        return
    rows = [(key, now[key]) for key in now]
    columns: list[Column[tuple[str, str]]] = [
        Column(
            Text("Inställning", "Setting"),
            lambda row: say(_SETTINGS[row[0]], common.language) if row[0] in _SETTINGS else row[0],
        ),
        Column(Text("Namn", "Name"), lambda row: row[0]),
        Column(Text("Värde", "Value"), lambda row: render.one_line(row[1])),
    ]
    render.show_table(common.paper, columns, lambda: rows)


@_command(
    hostsim,
    "invoices",
    Text("Visa fakturorna, eller läs in dem.", "Show the invoices, or load them."),
    group=True,
)
@click.pass_context
def invoices(context: click.Context, common: Common) -> None:
    """Show the invoices when no subcommand follows."""
    if context.invoked_subcommand is not None:
        return
    with _opened(common) as store:
        if common.json:
            objects = (_invoice_object(invoice) for invoice in store.invoices())
            render.write_array_json(common.paper, objects)
            return
        render.show_table(common.paper, _invoice_columns(common), store.invoices)


def _invoice_object(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice_number": invoice.number,
        "ocr": invoice.ocr,
        "customer_code": invoice.customer_code,
        "customer_name": invoice.customer_name,
        "currency": invoice.currency,
        "total": render.plain(invoice.total),
        "remaining": render.plain(invoice.remaining),
        "invoice_date": render.day(invoice.invoice_date) or None,
        "due_date": render.day(invoice.due_date) or None,
        "region": invoice.region,
        "period_closed": invoice.period_closed,
    }


def _invoice_columns(common: Common) -> list[Column[Invoice]]:
    language = common.language
    return [
        Column(Text("Faktura", "Invoice"), lambda i: render.one_line(i.number), right=True),
        Column(Text("OCR", "OCR"), lambda i: render.one_line(i.ocr), right=True),
        Column(Text("Kundnr", "Customer no."), lambda i: render.one_line(i.customer_code)),
        Column(Text("Kund", "Customer"), lambda i: render.one_line(i.customer_name), wraps=True),
        Column(Text("Datum", "Date"), lambda i: render.day(i.invoice_date)),
        Column(Text("Förfaller", "Due"), lambda i: render.day(i.due_date)),
        Column(Text("Valuta", "Currency"), lambda i: render.one_line(i.currency)),
        Column(Text("Belopp", "Total"), lambda i: render.amount(i.total, language), right=True),
        Column(
            Text("Återstår", "Remaining"),
            lambda i: render.amount(i.remaining, language),
            right=True,
        ),
        Column(Text("Region", "Region"), lambda i: render.one_line(i.region)),
        Column(
            Text("Period", "Period"),
            lambda i: common.text(
                "stängd" if i.period_closed else "öppen", "closed" if i.period_closed else "open"
            ),
        ),
    ]


@_command(
    invoices,
    "load",
    Text("Läs in fakturor från en CSV-fil.", "Load invoices from a CSV file."),
)
@click.argument("file", metavar="FIL", type=click.Path(path_type=Path))
@click.option(
    "--region",
    cls=_Option,
    default="",
    says=Text("Region för rader som inte anger någon.", "Region of lines that name none."),
)
def load(common: Common, file: Path, region: str) -> None:
    """Load a file of invoices: all of it or nothing."""
    from hostsim.invoices_csv import read_invoices

    with _opened(common) as store:
        loaded = store.load_invoices(read_invoices(file, region=region))
    if common.json:
        render.write_json(common.paper, {"added": loaded.new, "updated": loaded.updated})
        return
    common.paper.say(
        f"Fakturorna är inlästa: {loaded.new} nya, {loaded.updated} uppdaterade.",
        f"The invoices are loaded: {loaded.new} new, {loaded.updated} updated.",
    )


@_command(
    hostsim,
    "formats",
    Text(
        "Visa de importer som är upplagda, eller lägg upp en.",
        "Show the imports that are defined, or define one.",
    ),
    group=True,
)
@click.pass_context
def formats(context: click.Context, common: Common) -> None:
    """Show the defined imports when no subcommand follows."""
    if context.invoked_subcommand is not None:
        return
    with _opened(common) as store:
        host = _host(store)
        definitions = list(store.definitions())
        if common.json:
            render.write_array_json(common.paper, (_format_object(d, host) for d in definitions))
            return
        if not definitions:
            common.paper.say(
                "Ingen import är upplagd än; gör en med hostsim formats add.",
                "No import is defined yet; make one with hostsim formats add.",
            )
        render.show_table(common.paper, _format_columns(common, host), lambda: definitions)


def _format_object(definition: Definition, host: Host) -> dict[str, Any]:
    return {
        "name": definition.name,
        "type": definition.import_type,
        "format": definition.import_format,
        "region": definition.region,
        "settings": _shown_values(definition, host),
        "company": render.company_object(definition.company),
    }


def _shown_values(definition: Definition, host: Host) -> dict[str, str]:
    """Show the settings of an import, but not what only its owner may see."""
    try:
        fields = {field.key: field for field in host.settings_fields(definition.import_type)}
    except HostError:
        # Without the plug-in nobody knows what is secret.
        return dict.fromkeys(definition.settings, "•••")
    return {
        key: "•••" if value and (key not in fields or fields[key].secret) else value
        for key, value in definition.settings.items()
    }


def _format_columns(common: Common, host: Host) -> list[Column[Definition]]:
    def values(definition: Definition) -> str:
        shown = _shown_values(definition, host)
        return render.one_line("  ".join(f"{key}={value}" for key, value in shown.items()))

    def company(definition: Definition) -> str:
        if definition.company is None:
            return common.text("inget än", "none yet")
        return render.company_label(definition.company, common.language)

    return [
        Column(Text("Namn", "Name"), lambda d: render.one_line(d.name)),
        Column(Text("Importtyp", "Import type"), lambda d: d.import_type),
        Column(Text("Importformat", "Import format"), lambda d: d.import_format),
        Column(Text("Region", "Region"), lambda d: render.one_line(d.region)),
        Column(Text("Företag", "Company"), company, wraps=True),
        Column(Text("Inställningar", "Settings"), values, wraps=True),
    ]


@_command(formats, "add", Text("Lägg upp en import.", "Define an import."))
@click.argument("name", metavar="NAMN")
@click.option(
    "--type",
    "import_type",
    cls=_Option,
    required=True,
    says=Text("Importtyp, till exempel FortnoxAPI.", "Import type, such as FortnoxAPI."),
)
@click.option(
    "--format",
    "import_format",
    cls=_Option,
    required=True,
    says=Text("Importformat, till exempel API.", "Import format, such as API."),
)
@click.option(
    "--region",
    cls=_Option,
    default="",
    says=Text("Regionen vars fakturor betalas.", "The region whose invoices are paid."),
)
@click.option(
    "--set",
    "values",
    cls=_Option,
    multiple=True,
    metavar="FÄLT=VÄRDE",
    says=Text("Ett fälts värde; kan anges flera gånger.", "A field's value; may be repeated."),
)
def formats_add(  # noqa: PLR0917
    common: Common,
    name: str,
    import_type: str,
    import_format: str,
    region: str,
    values: tuple[str, ...],
) -> None:
    """Define an import, if its plug-in accepts the values."""
    with _opened(common) as store:
        host = _host(store)
        _warn(common, host.define(name, import_type, import_format, region, _pairs(values)))
        _show_format(common, store, host, name)


@_command(formats, "set", Text("Ändra en imports inställningar.", "Change an import's settings."))
@click.argument("name", metavar="NAMN")
@click.argument("values", nargs=-1, required=True, metavar="FÄLT=VÄRDE...")
def formats_set(common: Common, name: str, values: tuple[str, ...]) -> None:
    """Change the given fields of an import, if its plug-in accepts them."""
    with _opened(common) as store:
        host = _host(store)
        _warn(common, host.change(name, _pairs(values)))
        _show_format(common, store, host, name)


def _show_format(common: Common, store: Store, host: Host, name: str) -> None:
    definition = store.definition(name)
    if common.json:
        render.write_json(common.paper, _format_object(definition, host))
        return
    render.show_table(common.paper, _format_columns(common, host), lambda: [definition])


_NO_BROWSER = click.option(
    "--no-browser",
    is_flag=True,
    cls=_Option,
    says=Text(
        "Öppna inget fönster: läs adressen som inloggningen slutar på från standard input.",
        "Open no window: read the address that the login ends at from standard input.",
    ),
)

_SHOW_IGNORED = click.option(
    "--show-ignored",
    is_flag=True,
    cls=_Option,
    says=Text("Visa även de ignorerade en för en.", "Show the ignored ones one by one, too."),
)


@_command(
    hostsim,
    "import",
    Text("Läs in betalningar och visa dem.", "Bring in payments and show them."),
)
@click.argument("name", metavar="NAMN")
@click.option(
    "--save",
    is_flag=True,
    cls=_Option,
    says=Text("Spara dem också.", "Save them too."),
)
@_NO_BROWSER
@_SHOW_IGNORED
def import_(common: Common, name: str, *, save: bool, no_browser: bool, show_ignored: bool) -> None:
    """Import, and save when asked to; print what came of it."""
    timeout = _login_timeout(os.environ)
    with _opened(common) as store:
        store.definition(name)
        with render.progress_on(sys.stderr, common.language) as progress:
            host = _host(
                store,
                login_timeout=timeout,
                window=Window(common, browser=not no_browser),
                on_progress=progress,
            )
            preview = host.import_payments(name)
        if save:
            preview = _saved(common, host, name, show_ignored=show_ignored) or preview
        _show_preview(common, preview, show_ignored=show_ignored)


def _login_timeout(environment: Mapping[str, str]) -> float:
    """Read how many seconds a person may take to sign in."""
    given = environment.get("HOSTSIM_LOGIN_TIMEOUT", "").strip() or "300"
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise usage(
            f"HOSTSIM_LOGIN_TIMEOUT ska vara ett antal sekunder större än 0, inte ”{given}”.",
            f"HOSTSIM_LOGIN_TIMEOUT must be a number of seconds above 0, not “{given}”.",
        )
    return seconds


def _saved(common: Common, host: Host, name: str | None, *, show_ignored: bool) -> Preview | None:
    """Save; when the result would be another than was shown, show that first."""
    try:
        return host.save(name)
    except PreviewChanged as changed:
        _show_preview(common, changed.preview, show_ignored=show_ignored)
        raise


def _show_preview(common: Common, preview: Preview, *, show_ignored: bool) -> None:
    if common.json:
        render.write_preview_json(common.paper, preview)
    else:
        render.show_preview(common.paper, preview, show_ignored=show_ignored)


class Window:
    """The window that a person signs in through, and the address beside it."""

    def __init__(self, common: Common, *, browser: bool) -> None:
        """Open the person's browser, or read the answer from standard input."""
        self._common = common
        self._browser = browser

    def __call__(self, address: str, answered: Callable[[str], AnyText | None]) -> bool:
        """Show the address, and open it or wait for what is pasted."""
        from hostsim.host import open_window

        if self._browser:
            self._common.tell(
                f"Logga in i fönstret som öppnas. Öppnas inget, gå till: {address}",
                f"Sign in in the window that opens. If none does, go to: {address}",
            )
            return open_window(address, answered)
        self._common.tell(f"Gå hit och logga in: {address}", f"Go here and sign in: {address}")
        self._common.tell(
            "Klistra sedan in adressen som inloggningen slutade på och tryck på Retur.",
            "Then paste the address that the login ended at and press Return.",
        )
        reader = threading.Thread(
            target=self._read_answers, args=(answered,), name="answers", daemon=True
        )
        reader.start()
        return False

    def _read_answers(self, answered: Callable[[str], AnyText | None]) -> None:
        for line in lines_of(sys.stdin):
            if not line.strip():
                continue
            refusal = answered(line.strip())
            if refusal is None:
                return
            tell(say(refusal, self._common.language))


def lines_of(stream: IO[str]) -> Iterator[str]:
    """Yield lines as they are typed, until the stream ends.

    Reads below Python's buffer where it can: a thread that waits inside that
    buffer makes the interpreter abort when the program ends before it.
    """
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        yield from stream
        return
    waiting = b""
    while True:
        try:
            more = os.read(descriptor, 4096)
        except OSError:
            return
        *lines, waiting = (waiting + more).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
        if not more:
            if waiting:
                yield waiting.decode("utf-8", "replace")
            return


@_command(
    hostsim,
    "save",
    Text("Spara de betalningar som visades.", "Save the payments that were shown."),
)
@click.argument("name", required=False, metavar="[NAMN]")
@_SHOW_IGNORED
def save(common: Common, name: str | None, *, show_ignored: bool) -> None:
    """Save the open preview."""
    with _opened(common) as store:
        if name is not None:
            store.definition(name)
        preview = _saved(common, _host(store), name, show_ignored=show_ignored)
        if preview is not None:
            _show_preview(common, preview, show_ignored=show_ignored)
        elif common.json:
            render.write_nothing_open_json(common.paper, name)
        else:
            common.paper.say("Det finns inget att spara.", "There is nothing to save.")


@_command(
    hostsim,
    "reconcile",
    Text(
        "Jämför allt som finns i Fortnox med det som är registrerat här; ingenting ändras.",
        "Compare all that is in Fortnox with what is registered here; nothing is changed.",
    ),
)
@click.argument("name", metavar="NAMN")
@_NO_BROWSER
@_SHOW_IGNORED
def reconcile(common: Common, name: str, *, no_browser: bool, show_ignored: bool) -> None:
    """Compare both sides; differences are no error."""
    from hostsim import render_reconciliation

    timeout = _login_timeout(os.environ)
    with _opened(common) as store, contextlib.ExitStack() as held:
        store.definition(name)
        with render.progress_on(sys.stderr, common.language) as progress:
            window = Window(common, browser=not no_browser)
            host = _host(store, login_timeout=timeout, window=window, on_progress=progress)
            found = held.enter_context(host.reconcile(name))
        if common.json:
            render_reconciliation.write_json(common.paper, found)
        else:
            render_reconciliation.show(common.paper, found, show_ignored=show_ignored)


@_command(
    hostsim,
    "payments",
    Text("Visa de registrerade betalningarna.", "Show the registered payments."),
)
def payments(common: Common) -> None:
    """Show what is registered."""
    with _opened(common) as store:
        if common.json:
            render.write_payments_json(common.paper, store.payments())
        else:
            render.show_payments(common.paper, store.payments)


@_command(
    hostsim,
    "plugins",
    Text("Visa plug-in-programmen och vad de gör.", "Show the plug-ins and what they do."),
)
def plugins(common: Common) -> None:
    """Show every plug-in that was found, and why one is left out."""
    from hostsim.plugins import Plugins

    found = Plugins.load()
    entries = [(True, entry) for entry in found.loaded] + [(False, e) for e in found.left_out]
    if common.json:
        objects = (_plugin_object(entry, common, active=active) for active, entry in entries)
        render.write_array_json(common.paper, objects)
        return
    if not entries:
        common.paper.say("Inget plug-in-program är installerat.", "No plug-in is installed.")
    render.show_table(common.paper, _plugin_columns(common), lambda: entries)


def _plugin_object(entry: Any, common: Common, *, active: bool) -> dict[str, Any]:
    return {
        "name": entry.name,
        "distribution": entry.distribution,
        "version": entry.version,
        "active": active,
        "reason": None if entry.reason is None else common.text(entry.reason.sv, entry.reason.en),
        "hooks": list(entry.hooks),
        "import_types": list(entry.import_types),
    }


def _plugin_columns(common: Common) -> list[Column[tuple[bool, Any]]]:
    def state(row: tuple[bool, Any]) -> str:
        if row[0]:
            return common.text("används", "active")
        reason = row[1].reason
        return render.one_line("" if reason is None else common.text(reason.sv, reason.en))

    return [
        Column(Text("Namn", "Name"), lambda r: render.one_line(r[1].name)),
        Column(Text("Paket", "Distribution"), lambda r: render.one_line(r[1].distribution or "")),
        Column(Text("Version", "Version"), lambda r: render.one_line(r[1].version or "")),
        Column(Text("Läge", "State"), state, wraps=True),
        Column(Text("Importtyper", "Import types"), lambda r: ", ".join(r[1].import_types)),
        Column(Text("Krokar", "Hooks"), lambda r: ", ".join(r[1].hooks), wraps=True),
    ]


@_command(
    hostsim,
    "report",
    Text(
        "Skriv ett underlag för felsökning, utan hemligheter och personuppgifter.",
        "Write material for support, without secrets and personal data.",
    ),
)
@click.argument("file", metavar="FIL", type=click.Path(path_type=Path))
def report(common: Common, file: Path) -> None:
    """Write the support bundle and say what is in it."""
    from hostsim.bundle import lines_of, write_bundle
    from hostsim.host import now

    with _opened(common) as store:
        parts = write_bundle(
            file, store, _plugins(), environment=os.environ, language=common.language, now=now
        )
    if common.json:
        contents = {part.name: say(part.says, common.language) for part in parts}
        render.write_json(common.paper, {"file": str(file), "contents": contents})
        return
    common.paper.say(
        f"Underlaget är skrivet till {file}, utan hemligheter, kunder, fakturanummer och namn:",
        f"Written to {file}, without secrets, customers, invoice numbers and names:",
    )
    for line in lines_of(parts, lambda text: say(text, common.language)):
        common.paper.line(line)


@_command(
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
    cls=_Option,
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

    run_demo(common.paper, _plugins(), keep=keep, progress_stream=sys.stderr)


@_command(
    hostsim,
    "sandbox",
    Text(
        "Kör det låtsade Fortnox för sig, tills du trycker Ctrl-C.",
        "Run the pretended Fortnox on its own, until you press Ctrl-C.",
    ),
    json=False,
)
@click.option(
    "--port",
    cls=_Option,
    type=click.IntRange(0, 65535),
    default=0,
    says=Text("Porten; 0 tar en ledig.", "The port; 0 takes a free one."),
)
@click.option(
    "--company",
    cls=_Option,
    type=int,
    metavar="NUMMER",
    says=Text(
        "Företaget som exemplet med curl gäller; annars det första.",
        "The company of the curl example; otherwise the first.",
    ),
)
@click.option(
    "--data",
    cls=_Option,
    metavar="FIL",
    type=click.Path(path_type=Path, dir_okay=False),
    says=Text("En JSON-fil med egna uppgifter.", "A JSON file with data of your own."),
)
@click.option(
    "--empty",
    is_flag=True,
    cls=_Option,
    says=Text("Börja utan fakturor och betalningar.", "Begin without invoices and payments."),
)
@click.option(
    "--switch",
    "switches",
    cls=_Option,
    multiple=True,
    metavar="NAMN=VÄRDE",
    says=Text(
        "Ställ om det som ingen vet om Fortnox; får upprepas. GET /_sandbox/switches visar alla.",
        "Set what nobody knows of Fortnox; may be repeated. GET /_sandbox/switches shows all.",
    ),
)
@click.option(
    "--redirect-uri",
    cls=_Option,
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
    from hostsim.demo import run_sandbox

    run_sandbox(
        common.paper,
        port=port,
        company=company,
        data=data,
        empty=empty,
        switches=switches,
        redirect_uri=redirect_uri,
    )
