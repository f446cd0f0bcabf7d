"""The sandbox as a program of its own: ``python -m hostsim.sandbox``, and ``hostsim sandbox``."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from hostsim.sandbox import seed, seed_many
from hostsim.sandbox.server import REDIRECT_URI, Sandbox
from hostsim.sandbox.state import State
from hostsim.sandbox.switches import Switches, parse_switch, read_switches
from opter_contract import signals
from opter_contract.values import Text

#: Companies beyond these are only counted.
MAX_LISTED = 5


#: What is said where it cannot start; the host's errors of these codes say the same.
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
    """The sandbox was not started; ``code`` and ``values`` make the sentence."""

    def __init__(self, code: str, /, **values: object) -> None:
        super().__init__(code, values)
        self.code = code
        self.values = values

    def sentence(self, language: str) -> str:
        words = SENTENCES[self.code]
        return (words.en if language == "en" else words.sv).format_map(self.values)


class Writer(NamedTuple):
    """Where the sandbox tells of itself, and in which language."""

    line: Callable[[str], object]
    flush: Callable[[], object]
    language: str
    #: Whether it takes more than ASCII.
    unicode: bool = True

    def words(self, sv: str, en: str) -> str:
        return en if self.language == "en" else sv


# --- In the foreground ----------------------------------------------------------


def until_interrupted() -> None:
    """Wait for Ctrl-C, in short waits: on Windows an endless one would block it."""
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
    """Run the sandbox until Ctrl-C or SIGTERM, and tell what a client needs to use it.

    The exit status is 0 after Ctrl-C, and 143 after SIGTERM, however early it comes.

    :param port: 0 takes a free one.
    :param company: whose payments the curl line reads; the first by default.
    :param companies: how many small ones to make, each with consent to a service account.
    :param switches: ``NAME=VALUE`` where Fortnox's behaviour is not known.
    :param switches_from: a file that the plug-in's ``probe --switches`` has written; what
        ``switches`` names counts before it.
    :param redirect_uri: the registered one, for a client with an address of its own.
    :param as_json: tell it in one line of JSON, once it answers.
    :param wait: waits for the end; replaced in tests.
    :raises CannotStart: where it cannot be started like that.
    """
    with signals.ending() as told:
        try:
            found, not_taken = _from_file(switches_from)
            chosen = _switches(switches, found)
            books = _books(data, empty=empty, companies=companies, switches=chosen)
            _refuse_unknown(books, company, redirect_uri)
            with _started(books, port, chosen, redirect_uri) as sandbox:
                if companies is not None:
                    sandbox.consent_everywhere()
                if as_json:
                    content = described(sandbox) | {"switches_not_taken": not_taken}
                    writer.line(json.dumps(content, ensure_ascii=not writer.unicode))
                else:
                    for line in (*lines(sandbox, writer, company), *_not_taken(not_taken, writer)):
                        writer.line(line)
                writer.flush()
                wait()
        except KeyboardInterrupt:
            if not as_json:
                writer.line("")
                writer.line(writer.words("Avslutat.", "Ended."))
    status = told.status(signals.CANCELLED)
    return 0 if status == signals.CANCELLED else status


def _books(data: Path | None, *, empty: bool, companies: int | None, switches: Switches) -> State:
    given = {"--data": data is not None, "--empty": empty, "--companies": companies is not None}
    together = [name for name, is_given in given.items() if is_given]
    if len(together) > 1:
        sv, en = " och ".join(together), " and ".join(together)
        raise usage(
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


def _refuse_unknown(books: State, company: int | None, redirect_uri: str | None) -> None:
    """Refuse a company that is not there, and an address that no login can come back to."""
    if company is not None and company not in books.companies:
        known = ", ".join(str(number) for number in islice(books.companies, MAX_LISTED))
        more = " …" if len(books.companies) > MAX_LISTED else ""
        raise usage(
            f"Företaget {company} finns inte; välj ett av {known}{more}.",
            f"There is no company {company}; choose one of {known}{more}.",
        )
    if redirect_uri is not None and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^\s#]+", redirect_uri):
        raise usage(
            f"--redirect-uri {redirect_uri} är ingen hel adress, som {REDIRECT_URI}.",
            f"--redirect-uri {redirect_uri} is not a whole address, such as {REDIRECT_URI}.",
        )


def usage(sv: str, en: str) -> CannotStart:
    return CannotStart("USAGE", what=Text(sv, en))


def _from_file(path: Path | None) -> tuple[Switches, list[str]]:
    if path is None:
        return Switches(), []
    try:
        return read_switches(path)
    except (OSError, ValueError) as error:
        raise usage(
            f"filen {path} går inte att läsa som omkopplare: {error}. "
            "Låt `python -m opter_fortnox_plugin probe --switches FIL` skriva den.",
            f"the file {path} cannot be read as switches: {error}. "
            "Let `python -m opter_fortnox_plugin probe --switches FILE` write it.",
        ) from error


def _switches(given: Sequence[str], chosen: Switches) -> Switches:
    for text in given:
        try:
            chosen = chosen.changed(parse_switch(text))
        except ValueError as error:
            raise usage(
                f"--switch {text} går inte: {error}. /_sandbox/unknowns beskriver alla, "
                "när den kör.",
                f"--switch {text} is not possible: {error}. /_sandbox/unknowns describes all, "
                "once it runs.",
            ) from error
    return chosen


def _started(books: State, port: int, switches: Switches, redirect_uri: str | None) -> Sandbox:
    sandbox = Sandbox(
        books, port=port, switches=switches, redirect_uri=redirect_uri or REDIRECT_URI
    )
    try:
        return sandbox.start()
    except OSError as error:
        raise CannotStart("SANDBOX_PORT_IN_USE", port=port) from error


# --- What it tells of itself ----------------------------------------------------


def described(sandbox: Sandbox) -> dict[str, Any]:
    """Return what a program needs to use the sandbox, as values of JSON."""
    state = sandbox.state
    return {
        "api_url": sandbox.api_url,
        "auth_url": sandbox.auth_url,
        "control_url": sandbox.switchboard_url,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "redirect_uri": sandbox.redirect_uri,
        "users": [{"user": one.name, "password": one.password} for one in state.users.values()],
        "companies": [
            {"number": number, "name": one.name, **_who_may(state, number)}
            for number, one in state.companies.items()
        ],
    }


def _who_may(state: State, company: int) -> dict[str, str]:
    """Return the name and the password of the first user of a company, if it has any."""
    users = (one for one in state.users.values() if company in one.companies)
    return next(({"user": one.name, "password": one.password} for one in users), {})


def lines(sandbox: Sandbox, writer: Writer, company: int | None = None) -> Iterator[str]:
    """Yield what a person needs to point a client at the sandbox."""
    environment, words = sandbox.environment(), writer.words
    yield words(
        "En efterbildning av Fortnox API (inloggning, betalningar, fakturor, kunder, leverantörer "
        f"och register) kör på {sandbox.url}. Avsluta med Ctrl-C.",
        "An imitation of Fortnox's API (login, payments, invoices, customers, suppliers and "
        f"registers) runs at {sandbox.url}. End it with Ctrl-C.",
    )
    yield words(f"Inloggning:   {sandbox.auth_url}", f"Login:        {sandbox.auth_url}")
    yield f"API:          {sandbox.api_url}"
    yield words("Styrpanel:", "Switchboard:").ljust(14) + sandbox.switchboard_url
    for user in sandbox.state.users.values():
        yield words("Användare:", "User:").ljust(14) + words(
            f"{user.name}, lösenord {user.password}", f"{user.name}, password {user.password}"
        )
    yield from _company_lines(sandbox, words)
    yield words("Klient:", "Client:").ljust(14) + sandbox.client_id
    yield words("Hemlighet:", "Secret:").ljust(14) + sandbox.client_secret
    yield ""
    yield words("Kopiera till sh eller bash:", "Copy to sh or bash:")
    yield from (f"export {key}={shlex.quote(value)}" for key, value in environment.items())
    yield ""
    yield words("Kopiera till PowerShell:", "Copy to PowerShell:")
    yield from (f"$env:{key} = '{value}'" for key, value in environment.items())
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


def _not_taken(not_taken: list[str], writer: Writer) -> Iterator[str]:
    if not_taken:
        names = ", ".join(not_taken)
        yield writer.words(
            f"Ur filen användes inte det som inte är omkopplare här: {names}",
            f"Not used from the file, since these are no switches here: {names}",
        )


def _company_lines(sandbox: Sandbox, words: Callable[[str, str], str]) -> Iterator[str]:
    companies = sandbox.state.companies
    for number, books in islice(companies.items(), MAX_LISTED):
        yield words("Företag:", "Company:").ljust(14) + f"{number}, {books.name}"
    if (more := len(companies) - MAX_LISTED) > 0:
        last = max(companies)
        yield " " * 14 + words(
            f"och {more} till, till och med {last}", f"and {more} more, up to {last}"
        )


def _access_token(sandbox: Sandbox, company: int | None) -> str | None:
    """Issue a token without a login, for the line that a person copies."""
    return sandbox.sign_in(company).access if sandbox.state.companies else None
