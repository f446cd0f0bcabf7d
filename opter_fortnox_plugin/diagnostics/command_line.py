"""The plug-in's own commands, which need no host.

A person signs in, :mod:`.probe` or :mod:`.doctor` runs, a report is printed, and the login
is revoked. Standard output is only the report; tokens are only in memory.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from opter_contract.programs import languages, signals
from opter_contract.programs.streams import have_streams, reader_closed, speak_utf8, write_nowhere
from opter_contract.values import Failure
from opter_fortnox_plugin import __version__
from opter_fortnox_plugin.diagnostics import doctor_command, probe_command
from opter_fortnox_plugin.diagnostics.console import Console, open_browser
from opter_fortnox_plugin.errors import Cancelled, FortnoxError, Refused, SettingsWrong
from opter_fortnox_plugin.session import HERE, Surroundings

#: The exit status, by who can act.
EXIT_STATUS: Final = {
    "internal": 1,
    "settings": 2,
    "login": 3,
    "permission": 4,
    "unavailable": 5,
    "busy": 6,
    "cancelled": 130,
}

#: The exit status of a program whose output pipe was closed (128 + SIGPIPE).
READER_CLOSED: Final = 141

#: How long a person may take to sign in, in seconds.
LOGIN_TIMEOUT: Final = 300.0


def main(
    arguments: Sequence[str] | None = None,
    *,
    open_browser: Callable[[str], bool | None] = open_browser,
    surroundings: Surroundings = HERE,
) -> int:
    """Run a command and return its exit status.

    :param open_browser: opens a browser on a URL.
    """
    argv = sys.argv[1:] if arguments is None else list(arguments)
    have_streams()
    speak_utf8()
    with signals.ending(last=arguments is None) as ending:
        status = _run(argv, open_browser, surroundings)
        ending.over = True
    return ending.status(status)


def _run(
    argv: Sequence[str],
    open_browser: Callable[[str], bool | None],
    surroundings: Surroundings,
) -> int:
    language = languages.asked(argv, surroundings.environment)
    console = Console(language)
    try:
        options = _parser(language).parse_args(argv)
        console = Console(options.lang, None if options.no_browser else open_browser)
        run = doctor_command.run if options.command == "doctor" else probe_command.run
        failure = run(options, console, surroundings)
    except SystemExit:
        # argparse has printed its help, or the version.
        return 0
    except KeyboardInterrupt:
        failure = Cancelled("CANCELLED")
    except FortnoxError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - the last line of defence
        if isinstance(error, OSError) and reader_closed(error):
            write_nowhere()
            return READER_CLOSED
        # The location and the class, but not the message: it could contain data from Fortnox.
        for frame in traceback.extract_tb(error.__traceback__):
            console.write(f"{frame.filename}:{frame.lineno} {frame.name}")
        console.write(type(error).__name__)
        failure = Refused("INTERNAL")
    return _exit_status(failure, console)


def _exit_status(failure: Failure | None, console: Console) -> int:
    if failure is None:
        return 0
    console.write(f"{failure.code}: {console.translate(failure.message)}")
    return EXIT_STATUS[failure.kind]


# --- Arguments -----------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SettingsWrong("USAGE", why=message)


def _parser(language: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m opter_fortnox_plugin",
        description="Commands of the plug-in itself, without a host.",
        allow_abbrev=False,
    )
    version = f"opter-fortnox-plugin {__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    _add_probe_options(
        _command(
            commands,
            "probe",
            language,
            help="ask a real Fortnox company what is not documented, by reading only",
            description=(
                "Sign in to a Fortnox company and find out, by reading only, what its API does "
                "where the documentation is silent. The report holds nothing of the company."
            ),
        )
    )
    _command(
        commands,
        "doctor",
        language,
        help="examine everything that an import needs, and say what to put right",
        description=(
            "Examine configuration, network, clock, login, licences and rights. Signs in once; "
            "reads a payment and an invoice at most, and shows neither."
        ),
    )
    return parser


def _command(commands: Any, name: str, language: str, **texts: str) -> argparse.ArgumentParser:
    """Add a command with the options that all have."""
    command: argparse.ArgumentParser = commands.add_parser(name, allow_abbrev=False, **texts)
    command.add_argument("--json", action="store_true", help="print JSON instead of text")
    command.add_argument(
        "--no-browser",
        action="store_true",
        help="open no window: read the address that the login ends at from standard input",
    )
    command.add_argument(
        "--login-timeout",
        type=_seconds,
        default=LOGIN_TIMEOUT,
        metavar="S",
        help="seconds to wait for somebody to sign in (%(default)g)",
    )
    command.add_argument(
        "--lang",
        choices=("sv", "en"),
        default=language,
        help="language (the computer's if it is English, otherwise sv)",
    )
    return command


def _add_probe_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--watch",
        type=_seconds,
        default=0.0,
        metavar="S",
        help=(
            "wait up to S seconds for a payment to be changed in Fortnox by somebody, "
            "which shows the time zone of lastmodified"
        ),
    )
    command.add_argument(
        "--provoke-429",
        action="store_true",
        help="exceed the rate limit on purpose, to see what Fortnox answers; bothers Fortnox",
    )
    command.add_argument(
        "--service-account",
        action="store_true",
        help=(
            "have a system administrator approve a service account, to see what it gets and what "
            "revoking does to it; in a test company only, since the approval stays or is withdrawn"
        ),
    )
    command.add_argument(
        "--switches",
        type=Path,
        metavar="FILE",
        help="write what was found out as a file of switches, for the sandbox to behave like that",
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86400:
        raise argparse.ArgumentTypeError("a number of seconds above 0 is needed")
    return seconds
