"""The sandbox as a program of its own: ``python -m hostsim.sandbox``, and ``hostsim sandbox``."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from hostsim.sandbox import seed, seed_many
from hostsim.sandbox.server import REDIRECT_URI, Sandbox
from hostsim.sandbox.state import State
from hostsim.sandbox.switches import Switches, parse_switch, read_switches
from opter_contract.programs import signals
from opter_contract.values import Text

#: Further companies are only counted.
MAX_LISTED = 5


#: The errors of starting; the host's errors of these codes have the same texts.
SENTENCES = {
    "USAGE": Text("Kommandot kan inte köras: {what.sv}", "The command cannot be run: {what.en}"),
    "SANDBOX_DATA_WRONG": Text(
        "Filen {path} går inte att använda som uppgifter: {why}. Rätta filen.",
        "The file {path} cannot be used as data: {why}. Correct the file.",
    ),
    "SANDBOX_PORT_IN_USE": Text(
        "Port {port} är upptagen eller otillåten; välj en annan med --port.",
        "Port {port} is in use or not allowed; choose another with --port.",
    ),
}


class CannotStart(Exception):
    """The sandbox was not started; ``code`` and ``values`` make the message."""

    def __init__(self, code: str, /, **values: object) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values

    def sentence(self, language: str) -> str:
        words = SENTENCES[self.code]
        return (words.en if language == "en" else words.sv).format_map(self.values)


class Writer(NamedTuple):
    """Where the sandbox writes its output, and in which language."""

    line: Callable[[str], object]
    flush: Callable[[], object]
    language: str
    #: Whether the output may contain more than ASCII.
    unicode: bool = True

    def words(self, sv: str, en: str) -> str:
        return en if self.language == "en" else sv


# --- In the foreground ----------------------------------------------------------


def until_interrupted() -> None:
    """Wait for Ctrl-C, in short waits: on Windows an endless wait would block it."""
    never = threading.Event()
    while not never.wait(0.5):
        pass


def run(
    writer: Writer,
    *,
    port: int = 0,
    company: int | None = None,
    data: Path | None = None,
    empty: bool = False,
    companies: int | None = None,
    switches: Sequence[str] = (),
    switches_from: Path | None = None,
    redirect_uri: str | None = None,
    as_json: bool = False,
    wait: Callable[[], object] = until_interrupted,
) -> int:
    """Run the sandbox until Ctrl-C or SIGTERM, and print what a client needs to use it.

    The exit status is 0 after Ctrl-C, and 143 after SIGTERM, even during the start.

    :param port: 0 takes a free one.
    :param company: the company of the curl line; the first by default.
    :param companies: the number of small companies, each with consent to a service account.
    :param switches: ``NAME=VALUE``, for unknown behaviour of Fortnox.
    :param switches_from: a file that the plug-in's ``probe --switches`` has written;
        ``switches`` take precedence.
    :param redirect_uri: the registered one, for a client with its own.
    :param as_json: print one line of JSON, once the sandbox listens.
    :param wait: blocks until the end; replaced in tests.
    :raises CannotStart: if it cannot be started.
    """
    with signals.ending() as signal:
        try:
            file_switches, ignored = _read_switches(switches_from)
            parsed = _parse_switches(switches, file_switches)
            books = _load_books(data, empty=empty, companies=companies, switches=parsed)
            _check_arguments(books, company, redirect_uri)
            with _start(books, port, parsed, redirect_uri) as sandbox:
                if companies is not None:
                    sandbox.consent_everywhere()
                if as_json:
                    content = connection_details(sandbox) | {"switches_not_taken": ignored}
                    writer.line(json.dumps(content, ensure_ascii=not writer.unicode))
                else:
                    for line in startup_lines(sandbox, writer, company, ignored):
                        writer.line(line)
                writer.flush()
                wait()
        except KeyboardInterrupt:
            if not as_json:
                writer.line("")
                writer.line(writer.words("Avslutat.", "Ended."))
    status = signal.status(signals.CANCELLED)
    return 0 if status == signals.CANCELLED else status


def _load_books(
    data: Path | None, *, empty: bool, companies: int | None, switches: Switches
) -> State:
    options = {"--data": data is not None, "--empty": empty, "--companies": companies is not None}
    combined = [name for name, is_set in options.items() if is_set]
    if len(combined) > 1:
        sv, en = " och ".join(combined), " and ".join(combined)
        raise usage_error(
            f"{sv} kan inte användas ihop; välj en.",
            f"{en} cannot be used together; choose one.",
        )
    if companies is not None:
        return seed_many.companies(companies, datetime.now(UTC))
    if empty:
        return seed.empty()
    if data is None:
        return seed.haulier(datetime.now(UTC), switches)
    try:
        return seed.from_json(data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotStart("SANDBOX_DATA_WRONG", path=data, why=error) from error


def _check_arguments(books: State, company: int | None, redirect_uri: str | None) -> None:
    """Refuse an unknown company, and an invalid redirect URI."""
    if company is not None and company not in books.companies:
        choices = ", ".join(str(number) for number in islice(books.companies, MAX_LISTED))
        more = " …" if len(books.companies) > MAX_LISTED else ""
        raise usage_error(
            f"Företaget {company} finns inte; välj ett av {choices}{more}.",
            f"There is no company {company}; choose one of {choices}{more}.",
        )
    if redirect_uri is not None and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^\s#]+", redirect_uri):
        raise usage_error(
            f"--redirect-uri {redirect_uri} är ingen hel adress, som {REDIRECT_URI}.",
            f"--redirect-uri {redirect_uri} is not a whole address, such as {REDIRECT_URI}.",
        )


def usage_error(sv: str, en: str) -> CannotStart:
    return CannotStart("USAGE", what=Text(sv, en))


def _read_switches(path: Path | None) -> tuple[Switches, list[str]]:
    if path is None:
        return Switches(), []
    try:
        return read_switches(path)
    except (OSError, ValueError) as error:
        raise usage_error(
            f"filen {path} går inte att läsa som omkopplare: {error}. "
            "Låt `python -m opter_fortnox_plugin probe --switches FIL` skriva den.",
            f"the file {path} cannot be read as switches: {error}. "
            "Let `python -m opter_fortnox_plugin probe --switches FILE` write it.",
        ) from error


def _parse_switches(assignments: Sequence[str], switches: Switches) -> Switches:
    for text in assignments:
        try:
            switches = switches.with_changes(parse_switch(text))
        except ValueError as error:
            raise usage_error(
                f"--switch {text} går inte: {error}. /_sandbox/unknowns beskriver alla, "
                "när den kör.",
                f"--switch {text} is not possible: {error}. /_sandbox/unknowns describes all, "
                "once it runs.",
            ) from error
    return switches


def _start(books: State, port: int, switches: Switches, redirect_uri: str | None) -> Sandbox:
    sandbox = Sandbox(
        books, port=port, switches=switches, redirect_uri=redirect_uri or REDIRECT_URI
    )
    try:
        return sandbox.start()
    except OSError as error:
        raise CannotStart("SANDBOX_PORT_IN_USE", port=port) from error


# --- Output ------------------------------------------------------------------


def connection_details(sandbox: Sandbox) -> dict[str, Any]:
    """Return what a program needs to use the sandbox, for JSON."""
    state = sandbox.state
    return {
        "api_url": sandbox.api_url,
        "auth_url": sandbox.auth_url,
        "control_url": sandbox.switchboard_url,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "redirect_uri": sandbox.redirect_uri,
        "users": [{"user": user.name, "password": user.password} for user in state.users.values()],
        "companies": [
            {"number": number, "name": company.name, **_first_user(state, number)}
            for number, company in state.companies.items()
        ],
    }


def _first_user(state: State, company: int) -> dict[str, str]:
    """Return name and password of the first user of a company, if any."""
    users = (user for user in state.users.values() if company in user.companies)
    return next(({"user": user.name, "password": user.password} for user in users), {})


def startup_lines(
    sandbox: Sandbox, writer: Writer, company: int | None = None, ignored: Sequence[str] = ()
) -> Iterator[str]:
    """Yield what a person needs to point a client at the sandbox."""
    words = writer.words
    yield words(
        "En efterbildning av Fortnox API (inloggning, betalningar, fakturor, kunder, leverantörer "
        f"och register) kör på {sandbox.url}. Avsluta med Ctrl-C.",
        "An imitation of Fortnox's API (login, payments, invoices, customers, suppliers and "
        f"registers) runs at {sandbox.url}. End it with Ctrl-C.",
    )
    for sv, en, value in _labelled_values(sandbox, words):
        yield words(sv, en).ljust(14) + value
    yield from _environment_lines(sandbox.environment(), words)
    token = _access_token(sandbox, company)
    if token is not None:
        yield ""
        yield words("Prova (gäller i en timme):", "Try it (good for an hour):")
        yield (
            f'curl -H "Authorization: Bearer {token}" '
            f'"{sandbox.api_url}/invoicepayments?limit=5&sortby=paymentdate"'
        )
    yield words("Vad styrpanelen kan:", "What the switchboard can do:")
    yield f'curl "{sandbox.switchboard_url}"'
    if ignored:
        names = ", ".join(ignored)
        yield words(
            f"Ur filen användes inte det som inte är omkopplare här: {names}",
            f"Not used from the file, since these are no switches here: {names}",
        )


def _labelled_values(
    sandbox: Sandbox, words: Callable[[str, str], str]
) -> Iterator[tuple[str, str, str]]:
    """Yield each address, user, company and credential with its Swedish and English label."""
    yield "Inloggning:", "Login:", sandbox.auth_url
    yield "API:", "API:", sandbox.api_url
    yield "Styrpanel:", "Switchboard:", sandbox.switchboard_url
    for user in sandbox.state.users.values():
        password = words(f"lösenord {user.password}", f"password {user.password}")
        yield "Användare:", "User:", f"{user.name}, {password}"
    companies = sandbox.state.companies
    for number, books in islice(companies.items(), MAX_LISTED):
        yield "Företag:", "Company:", f"{number}, {books.name}"
    if (more := len(companies) - MAX_LISTED) > 0:
        last = max(companies)
        yield (
            "",
            "",
            words(f"och {more} till, till och med {last}", f"and {more} more, up to {last}"),
        )
    yield "Klient:", "Client:", sandbox.client_id
    yield "Hemlighet:", "Secret:", sandbox.client_secret


def _environment_lines(
    environment: Mapping[str, str], words: Callable[[str, str], str]
) -> Iterator[str]:
    yield ""
    yield words("Kopiera till sh eller bash:", "Copy to sh or bash:")
    yield from (f"export {key}={shlex.quote(value)}" for key, value in environment.items())
    yield ""
    yield words("Kopiera till PowerShell:", "Copy to PowerShell:")
    yield from (f"$env:{key} = '{value}'" for key, value in environment.items())


def _access_token(sandbox: Sandbox, company: int | None) -> str | None:
    """Issue a token without a login, for the line that a person copies."""
    return sandbox.sign_in(company).access if sandbox.state.companies else None
