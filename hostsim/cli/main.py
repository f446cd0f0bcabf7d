"""How a command of the command line is run, and how it ends.

Standard output carries the result and nothing else; the last line of standard
error says what failed.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import get_completion_class

from hostsim.cli import hostsim, logs
from hostsim.cli.command import Day, translate_placeholders
from hostsim.cli.common import Common, usage, write_stderr
from hostsim.errors import (
    HostError,
    SettingsRefused,
    command_for,
    exit_status,
    failure_of,
    host_error,
)
from hostsim.messages.text import LANGUAGES, say
from hostsim.storage import unreported_commits
from hostsim.views.output import Output, ReaderClosed
from opter_contract.programs import signals
from opter_contract.programs.streams import have_streams, speak_utf8, write_nowhere
from opter_contract.values import Text

if TYPE_CHECKING:
    from opter_contract.values import Failure

#: What a shell expects of a program whose reader went away (128 + SIGPIPE).
READER_CLOSED = 141

#: In it a shell asks how a line goes on, and the person for the program that does so.
COMPLETE = "_HOSTSIM_COMPLETE"

#: What click says in English alone, and the same in Swedish.
_CLICK_SAYS = (
    (r"Got unexpected extra arguments? \((.*)\)", "Oväntade argument: {0}."),
    (r"Option '(.*)' requires an argument\.", "Valet {0} behöver ett värde."),
    (r"Option '(.*)' requires (\d+) arguments\.", "Valet {0} behöver {1} värden."),
    (r"Option '(.*)' does not take a value\.", "Valet {0} tar inget värde."),
    (r"Argument '(.*)' takes (\d+) values\.", "Argumentet {0} behöver {1} värden."),
)


def run(arguments: Sequence[str], language: str = "sv", *, last: bool = False) -> int:
    """Run one command and return its exit status.

    Ends standard error with one line, ``CODE: sentence``, unless all went well.

    :param language: of errors before the arguments are parsed.
    :param last: the process ends with it.
    """
    common = Common(language)
    have_streams()
    speak_utf8()
    with signals.ending(last=last) as end, logs.open_log(), unreported_commits.watch() as saved:
        try:
            status = _invoke(arguments, common)
            Output(sys.stdout, common.language).flush()
            end.over = True
        except ReaderClosed:
            end.over = True
            write_nowhere()
            status = (
                _write_error(saved.not_shown_error(), common.language)
                if saved.any
                else READER_CLOSED
            )
        except BaseException as error:  # noqa: BLE001 - the last line of defence
            end.over = True
            status = _end_with_error(error, common)
    return end.status(status)


def _invoke(arguments: Sequence[str], common: Common) -> int:
    # Not click's own main(): it would end the process, and answer a closed
    # pipe or Ctrl-C with statuses of its own.
    environment = os.environ.get("HOSTSIM_LANG", "")
    if environment and environment not in LANGUAGES:
        raise usage("HOSTSIM_LANG ska vara sv eller en.", "HOSTSIM_LANG must be sv or en.")
    if instruction := os.environ.get(COMPLETE):
        click.echo(_shell_completion(instruction, common))
        return 0
    try:
        with hostsim.make_context("hostsim", list(arguments), obj=common) as context:
            hostsim.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return 0


def _shell_completion(instruction: str, common: Common) -> bytes:
    """Return the program of a shell that completes commands, or what it then asks for."""
    shell, _, what = instruction.partition("_")
    shell_class = get_completion_class(shell)
    if shell_class is None or what not in {"source", "complete"}:
        raise usage(
            "Komplettering finns för bash, zsh, fish och, med click 8.5 eller senare, powershell.",
            "There is completion for bash, zsh, fish and, with click 8.5 or later, powershell.",
        )
    completion = shell_class(hostsim, {"obj": common}, "hostsim", COMPLETE)
    # As bytes: no shell understands the line ends of Windows.
    return (completion.source() if what == "source" else completion.complete()).encode()


def _end_with_error(error: BaseException, common: Common) -> int:
    language = common.language
    saved = unreported_commits.noted()
    _flush_quietly()
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return _write_error(
            saved.not_shown_error() if saved.any else host_error("CANCELLED"), language
        )
    if isinstance(error, click.ClickException):
        return _write_error(host_error("USAGE", what=_usage_sentence(error)), language)
    failure = failure_of(error) or _damage_behind(error, common)
    if failure is not None and failure.code == "OUTPUT_FAILED" and saved.any:
        failure = saved.not_shown_error()
    if failure is not None:
        for detail in _details(error, language):
            write_stderr(detail)
        return _write_error(failure, language)
    # A disk that is full is no fault of the program.
    if not (saved.any and isinstance(error, OSError)):
        with contextlib.suppress(OSError):
            traceback.print_exception(error, file=sys.stderr)
    return _write_error(saved.not_shown_error() if saved.any else host_error("INTERNAL"), language)


def _damage_behind(error: BaseException, common: Common) -> Failure | None:
    """Return the damage of the database that caused an error, if that is the cause."""
    from hostsim.storage import database_checks

    with contextlib.suppress(HostError, OSError):
        return database_checks.damage_behind(error, common.database)
    return None


def _write_error(failure: Failure, language: str) -> int:
    if (command := command_for(failure)) is not None:
        write_stderr(say(command, language))
    write_stderr(f"{failure.code}: {say(failure.message, language)}")
    return exit_status(failure)


def _details(error: BaseException, language: str) -> Iterator[str]:
    """Yield the lines before the last one: one for each field, or for each line of a file."""
    from hostsim.services.item_file import FileWrong

    if isinstance(error, SettingsRefused):
        for problem in error.problems:
            yield f"{problem.key}: {say(problem.message, language)}"
    if isinstance(error, FileWrong):
        for fault in error.problems:
            yield fault.text(language)


def _usage_sentence(error: click.ClickException) -> Text:
    """Return click's English sentence in both languages."""
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
    if isinstance(error, click.BadParameter) and error.param is not None:
        what_sv = error.param.get_error_hint(error.ctx)
        what_en = translate_placeholders(what_sv, "en")
        if isinstance(error, click.MissingParameter):
            return f"{what_sv} saknas.", f"{what_en} is missing."
        sv, en = _expected_value(error.param.type)
        return f"{what_sv} ska vara {sv}.", f"{what_en} must be {en}."
    message = error.format_message()
    for english, swedish in _CLICK_SAYS:
        if (match := re.fullmatch(english, message)) is not None:
            return swedish.format(*match.groups()), f"{message.removesuffix('.')}."
    return message, message


def _expected_value(kind: click.ParamType[Any]) -> tuple[str, str]:
    """Return what a value of this type must be, in both languages."""
    match kind:
        case click.Choice():
            known = ", ".join(map(str, kind.choices))
            return f"ett av: {known}", f"one of: {known}"
        case Day():
            return "ett datum som 2026-03-31", "a date such as 2026-03-31"
        case click.IntRange(min=low, max=None):
            return f"ett heltal, minst {low}", f"a whole number, at least {low}"
        case click.IntRange(min=low, max=high):
            return f"ett heltal från {low} till {high}", f"a whole number from {low} to {high}"
        case click.Path(file_okay=False):
            return (
                "en mapp som du får läsa, och ingen fil",
                "a folder that you may read, not a file",
            )
        case click.Path():
            return (
                "en fil som du får läsa, och ingen mapp",
                "a file that you may read, not a folder",
            )
        case _:  # the one kind that is left
            return "ett heltal", "a whole number"


def _flush_quietly() -> None:
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        write_nowhere()
