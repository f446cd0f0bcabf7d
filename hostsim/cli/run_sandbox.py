"""Runs the sandbox in the foreground, and prints what a client needs to use it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from hostsim.demo import until_interrupted
from hostsim.errors import host_error
from hostsim.sandbox import Sandbox, State, Switches, seed, seed_many
from hostsim.sandbox.server import REDIRECT_URI
from hostsim.sandbox.switches import from_text
from hostsim.views.output import Output
from hostsim.views.table import dumps
from opter_contract.values import Text

#: Companies beyond these are only counted.
MAX_LISTED = 5


def run_sandbox(
    output: Output,
    *,
    port: int = 0,
    company: int | None = None,
    data: Path | None = None,
    empty: bool = False,
    companies: int | None = None,
    switches: Sequence[str] = (),
    redirect_uri: str | None = None,
    as_json: bool = False,
    wait: Callable[[], object] = until_interrupted,
) -> None:
    """Run the sandbox until Ctrl-C or SIGTERM, and print what a client needs to use it.

    :param port: 0 takes a free one.
    :param company: whose payments the curl line reads; the first by default.
    :param companies: how many small ones to make, each with consent to a service account.
    :param switches: ``NAME=VALUE`` where Fortnox's behaviour is not known.
    :param redirect_uri: the registered one, for a client with an address of its own.
    :param as_json: print one line of JSON, once it answers.
    :param wait: waits for the end; replaced in tests.
    """
    chosen = _switches(switches)
    books = _books(data, empty=empty, companies=companies)
    with _started(books, port, chosen, redirect_uri) as sandbox:
        if companies is not None:
            sandbox.consent_everywhere()
        try:
            if as_json:
                output.line(dumps(_as_json(sandbox), output))
            else:
                for line in sandbox_lines(sandbox, output.language, company):
                    output.line(line)
            output.flush()
            wait()
        except KeyboardInterrupt:
            if not as_json:
                output.line()
                output.say("Avslutat.", "Ended.")


def _as_json(sandbox: Sandbox) -> dict[str, Any]:
    state = sandbox.state
    return {
        "api_url": sandbox.api_url,
        "auth_url": sandbox.auth_url,
        "control_url": sandbox.switchboard_url,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "redirect_uri": sandbox.redirect_uri,
        "users": [{"user": one.name, "password": one.password} for one in state.users.values()],
        "companies": [{"number": one.number, "name": one.name} for one in state.companies.values()],
    }


def _books(data: Path | None, *, empty: bool, companies: int | None) -> State:
    given = {"--data": data is not None, "--empty": empty, "--companies": companies is not None}
    together = [name for name, is_given in given.items() if is_given]
    if len(together) > 1:
        sv, en = " och ".join(together), " and ".join(together)
        raise host_error(
            "USAGE",
            what=Text(
                f"{sv} kan inte användas ihop; välj en.",
                f"{en} cannot be used together; choose one.",
            ),
        )
    if companies is not None:
        return seed_many.companies(companies, datetime.now(UTC))
    if empty:
        return seed.empty()
    if data is None:
        return seed.haulier(datetime.now(UTC))
    try:
        return seed.from_json(data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise host_error("SANDBOX_DATA_WRONG", path=data, why=error) from error


def _switches(given: Sequence[str]) -> Switches:
    chosen = Switches()
    for text in given:
        try:
            chosen = chosen.changed(from_text(text))
        except ValueError as error:
            raise host_error(
                "USAGE",
                what=Text(
                    f"--switch {text} går inte: {error}. Sidan hostsim/sandbox/UNKNOWNS.md "
                    "beskriver alla.",
                    f"--switch {text} is not possible: {error}. The page "
                    "hostsim/sandbox/UNKNOWNS.md "
                    "describes all.",
                ),
            ) from error
    return chosen


def _started(books: State, port: int, switches: Switches, redirect_uri: str | None) -> Sandbox:
    sandbox = Sandbox(
        books, port=port, switches=switches, redirect_uri=redirect_uri or REDIRECT_URI
    )
    try:
        sandbox.start()
    except OSError as error:
        raise host_error("SANDBOX_PORT_IN_USE", port=port) from error
    return sandbox


def sandbox_lines(sandbox: Sandbox, language: str, company: int | None = None) -> Iterator[str]:
    """Yield what a person needs to point a client at the sandbox."""
    environment = sandbox.environment()

    def words(sv: str, en: str) -> str:
        return en if language == "en" else sv

    yield words(
        f"Ett låtsat Fortnox kör på {sandbox.url}. Avsluta med Ctrl-C.",
        f"A pretended Fortnox runs at {sandbox.url}. End it with Ctrl-C.",
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
    companies = sandbox.state.companies
    if company is None and companies:
        company = next(iter(companies))
    if company is None:
        return None
    if company not in companies:
        known = ", ".join(str(number) for number in islice(companies, MAX_LISTED))
        more = " …" if len(companies) > MAX_LISTED else ""
        raise host_error(
            "USAGE",
            what=Text(
                f"Företaget {company} finns inte; välj ett av {known}{more}.",
                f"There is no company {company}; choose one of {known}{more}.",
            ),
        )
    return sandbox.sign_in(company).access
