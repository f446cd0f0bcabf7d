"""Where ``python -m opter_fortnox_plugin`` begins: the plug-in's own commands.

They need no host: a person signs in, the questions of :mod:`.probe` or
:mod:`.doctor` are asked, a report is printed, and the login is revoked. Standard
output holds the report and nothing else; tokens are in memory only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NoReturn, TextIO

from opter_contract.values import Text
from opter_fortnox_plugin import __version__
from opter_fortnox_plugin.configuration import API_URL, CLIENT_SECRET, PRESETS, Configuration
from opter_fortnox_plugin.diagnostics import probe, probe_messages, standalone
from opter_fortnox_plugin.diagnostics.probe_reader import Finding, Reader
from opter_fortnox_plugin.errors import Cancelled, FortnoxError, Refused, SettingsWrong
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.fortnox.protocol import authorization_address
from opter_fortnox_plugin.login.authorization_code import Listener, Login
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint

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

#: What a person may take to sign in, in seconds.
LOGIN_TIMEOUT: Final = 300.0


class _Usage(Exception):
    """The command was not understood; argparse's own words say why."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Usage(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m opter_fortnox_plugin",
        description="Commands of the plug-in itself, without a host.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    command = commands.add_parser(
        "probe",
        help="ask a real Fortnox company what is not documented, by reading only",
        description=(
            "Sign in to a Fortnox company and find out, by reading only, what its API does where "
            "the documentation is silent. The report holds nothing of the company."
        ),
        allow_abbrev=False,
    )
    _add_shared(command)
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
    command = commands.add_parser(
        "doctor",
        help="examine everything that an import needs, and say what to put right",
        description=(
            "Examine configuration, network, clock, login, licences and rights. Signs in once; "
            "reads a payment and an invoice at most, and shows neither."
        ),
        allow_abbrev=False,
    )
    _add_shared(command)
    return parser


def _add_shared(command: argparse.ArgumentParser) -> None:
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
    command.add_argument("--lang", choices=("sv", "en"), default="sv", help="language (sv)")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86400:
        raise argparse.ArgumentTypeError("a number of seconds above 0 is needed")
    return seconds


def main(
    arguments: Sequence[str] | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    open_window: Callable[[str], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Run a command and return its exit status.

    :param open_window: opens a browser on an address.
    :param sleep, clock: seconds, to wait and to measure how long.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    person = Person(_language(given))
    try:
        options = _parser().parse_args(given)
        person = Person(options.lang)
        window = open_window or open_browser
        if options.command == "doctor":
            return _doctor(options, person, environment, window, sleep=sleep, clock=clock)
        report = _probe(options, person, environment, window, sleep=sleep, clock=clock)
        _print(render_json(report, person, environment) if options.json else render(report, person))
        if report.error is not None:
            raise report.error
    except SystemExit:
        # argparse has printed its help.
        return 0
    except _Usage as error:
        return person.fail(SettingsWrong("USAGE", why=str(error)))
    except KeyboardInterrupt:
        return person.fail(Cancelled("CANCELLED"))
    except FortnoxError as error:
        return person.fail(error)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        # Where, and what kind, but not the message: it could hold what Fortnox sent.
        for frame in traceback.extract_tb(error.__traceback__):
            person.write(f"{frame.filename}:{frame.lineno} {frame.name}")
        person.write(type(error).__name__)
        return person.fail(Refused("INTERNAL"))
    return 0


def _language(given: Sequence[str]) -> str:
    """Find the language before anything is parsed, so that refusals speak it too."""
    return "en" if "--lang=en" in given or "--lang en" in " ".join(given) else "sv"


class Person:
    """Whom we speak to, on standard error and in one language."""

    def __init__(self, language: str) -> None:
        self.language: Final = language
        self._last = ""

    def say(self, text: Text) -> str:
        """Return a text in the person's language."""
        return text.en if self.language == "en" else text.sv

    def tell(self, text: Text) -> None:
        """Write a line, unless it was the last one already."""
        line = self.say(text)
        if line != self._last:
            self.write(line)
        self._last = line

    def fail(self, error: FortnoxError) -> int:
        """Write the line that ends standard error, and return the exit status."""
        return self.end(error.code, error.kind, error.sentence)

    def end(self, code: str, kind: str, sentence: Text) -> int:
        """Write the line that ends standard error, and return the exit status."""
        self.write(f"{code}: {self.say(sentence)}")
        return EXIT_STATUS[kind]

    def write(self, line: str) -> None:
        """Write a line."""
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


# --- Asking ----------------------------------------------------------------------


def _probe(
    options: argparse.Namespace,
    person: Person,
    environment: Mapping[str, str],
    open_window: Callable[[str], None],
    *,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> probe.Report:
    configuration = Configuration.of({}, environment)
    transport = Transport()
    try:
        endpoint = TokenEndpoint(transport, configuration, sleep)
        window = None if options.no_browser else open_window
        code = _code(configuration, person, options.login_timeout, window)
        with _signed_in(endpoint, code) as signed_in:
            reader = Reader(
                configuration,
                transport,
                endpoint,
                signed_in,
                provoke=options.provoke_429,
                watch=options.watch,
                tell=person.tell,
                waiting=lambda what, seconds: person.tell(_again(what, seconds)),
                sleep=sleep,
                clock=clock,
            )
            return probe.probe(reader, lambda at, of: person.tell(_asking(at, of)))
    finally:
        transport.close()


def _doctor(
    options: argparse.Namespace,
    person: Person,
    environment: Mapping[str, str],
    open_window: Callable[[str], None],
    *,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> int:
    def window(address: str, answered: Callable[[str], Text | None]) -> bool:
        if options.no_browser:
            person.tell(_go_there(address))
            threading.Thread(target=_read_answers, args=(answered, person), daemon=True).start()
            return True
        person.tell(_window(address))
        open_window(address)
        return True

    findings = standalone.examine(
        environment,
        window,
        person.tell,
        login_timeout=options.login_timeout,
        sleep=sleep,
        clock=clock,
    )
    if options.json:
        objects = standalone.as_objects(findings, person.say)
        _print(json.dumps({"findings": objects}, ensure_ascii=False, indent=2))
    else:
        _print(standalone.render(findings, person.say))
    for one in findings:
        if one.state == "failed":
            return person.end(one.code, one.kind, one.sentence)
    return 0


@contextmanager
def _signed_in(endpoint: TokenEndpoint, code: str) -> Iterator[SignedIn]:
    signed_in = SignedIn(endpoint, endpoint.exchange(code))
    try:
        yield signed_in
    finally:
        signed_in.sign_out()


def _code(
    configuration: Configuration,
    person: Person,
    timeout: float,
    open_window: Callable[[str], None] | None,
) -> str:
    """Have a person sign in, and return the authorization code that comes back.

    :param open_window: ``None`` to read the answer's address from standard input.
    """
    login = Login(configuration.redirect_uri)
    address = authorization_address(
        configuration.auth_url,
        configuration.client_id,
        login.redirect_uri,
        login.state,
        probe.SCOPES,
    )
    with Listener(login):
        if open_window is None:
            person.tell(_go_there(address))
            threading.Thread(target=_read_answers, args=(login.paste, person), daemon=True).start()
        else:
            person.tell(_window(address))
            open_window(address)
        return login.wait(timeout, lambda _left: None)


def _read_answers(answered: Callable[[str], Text | None], person: Person) -> None:
    for line in _lines(sys.stdin):
        if line.strip() and (refusal := answered(line)) is None:
            return
        if line.strip() and refusal is not None:
            person.write(person.say(refusal))


def _lines(stream: TextIO) -> Iterator[str]:
    """Yield lines as they are typed, from below Python's buffer.

    A thread that waits inside that buffer makes the interpreter abort when the
    program ends before it.
    """
    waiting = b""
    while more := os.read(stream.fileno(), 4096):
        *lines, waiting = (waiting + more).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in lines)
    yield waiting.decode("utf-8", "replace")


def open_browser(address: str) -> None:
    """Open a browser window, the way ``webbrowser`` and ``BROWSER`` choose it.

    In a process of its own, since a browser in the terminal would keep us
    waiting, and what it writes does not belong in the report. It does not get
    the client secret of our environment.
    """
    command = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
    child = subprocess.Popen(  # noqa: S603 - our own interpreter, and no shell
        [sys.executable, "-c", command, address],
        env={name: text for name, text in os.environ.items() if name != CLIENT_SECRET},
        stdin=subprocess.DEVNULL,
        stdout=sys.__stderr__.fileno() if sys.__stderr__ else subprocess.DEVNULL,
    )
    # Somebody must wait for the child, or it would stay as a zombie.
    threading.Thread(target=child.wait, daemon=True).start()


# --- The report ------------------------------------------------------------------


def render_json(report: probe.Report, person: Person, environment: Mapping[str, str]) -> str:
    """Write the report as a JSON object."""
    api_url = (environment.get(API_URL) or PRESETS[API_URL]).rstrip("/")
    found = {
        "probe": f"opter-fortnox-plugin {__version__}",
        # Any other address may name a company.
        "service": "api.fortnox.se" if api_url == PRESETS[API_URL] else "other",
        "requests": report.requests,
        "complete": report.error is None,
        "findings": [
            {
                "question": finding.name,
                "title": person.say(probe_messages.TITLES[finding.name]),
                "decided": finding.decided,
                "answer": finding.answer,
                "seen": finding.seen,
                "because": person.say(finding.because) if finding.because else None,
            }
            for finding in report.findings
        ],
    }
    return json.dumps(found, ensure_ascii=False, indent=2)


def render(report: probe.Report, person: Person) -> str:
    """Write the report in Markdown, to be read as it is or pasted into an issue."""
    heads = [person.say(head) for head in _HEADS]
    rows = [
        (
            f"`{finding.name}`",
            person.say(probe_messages.TITLES[finding.name]),
            _answer(finding, person),
            f"`{finding.seen}`" if finding.seen else "",
        )
        for finding in report.findings
    ]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)][:2]

    def line(cells: Sequence[str]) -> str:
        # What is long comes last, and is not padded.
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
        return f"| {' | '.join([*padded, *cells[2:]])} |"

    ruler = line(["-" * width for width in widths] + ["---", "---"])
    about = person.say(_about(report))
    return "\n".join([f"## Fortnox, {about}", "", line(heads), ruler, *map(line, rows)])


def _answer(finding: Finding, person: Person) -> str:
    if finding.because is not None:
        return f"{person.say(_UNDECIDABLE)} {person.say(finding.because)}"
    text = json.dumps(finding.answer) if not isinstance(finding.answer, str) else finding.answer
    return f"**{text}**"


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


_HEADS: Final = (
    Text("Fråga", "Question"),
    Text("Om", "About"),
    Text("Svar", "Answer"),
    Text("Det som sågs", "Seen"),
)
_UNDECIDABLE: Final = Text("går inte att avgöra här:", "undecidable here, because")


def _about(report: probe.Report) -> Text:
    return Text(
        f"undersökt av opter-fortnox-plugin {__version__} med {report.requests} frågor",
        f"asked by opter-fortnox-plugin {__version__} in {report.requests} requests",
    )


def _asking(at: int, of: int) -> Text:
    return Text(f"Undersöker Fortnox ({at + 1} av {of})", f"Probing Fortnox ({at + 1} of {of})")


def _again(what: str, seconds: float) -> Text:
    return Text(
        f"Fortnox svarade inte som det ska ({what}); försöker igen om {seconds:.0f} s",
        f"Fortnox did not answer as it should ({what}); trying again in {seconds:.0f} s",
    )


def _window(address: str) -> Text:
    return Text(
        f"Logga in i fönstret som öppnas. Öppnas inget, gå till: {address}",
        f"Sign in in the window that opens. If none does, go to: {address}",
    )


def _go_there(address: str) -> Text:
    return Text(
        f"Gå hit och logga in: {address}\nKlistra sedan in adressen som inloggningen slutade på "
        "och tryck på Retur.",
        f"Go here and sign in: {address}\nThen paste the address that the login ended at and "
        "press Return.",
    )


if __name__ == "__main__":
    sys.exit(main())
