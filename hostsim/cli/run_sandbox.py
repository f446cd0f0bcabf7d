"""Runs the sandbox in the foreground, and prints what a client needs to use it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hostsim.demo import ending_on_sigterm, until_interrupted
from hostsim.errors import host_error
from hostsim.sandbox import Sandbox, Switches, seed
from hostsim.sandbox.server import REDIRECT_URI
from hostsim.sandbox.switches import from_text
from hostsim.views.output import Output
from opter_contract.values import Text


def run_sandbox(
    output: Output,
    *,
    port: int = 0,
    company: int | None = None,
    data: Path | None = None,
    empty: bool = False,
    switches: Sequence[str] = (),
    redirect_uri: str | None = None,
    wait: Callable[[], object] = until_interrupted,
) -> None:
    """Run the sandbox until Ctrl-C or SIGTERM, and print what a client needs to use it.

    :param port: 0 takes a free one.
    :param company: whose payments the curl line reads; the first by default.
    :param switches: ``NAME=VALUE`` where Fortnox's behaviour is not known.
    :param redirect_uri: the registered one, for a client with an address of its own.
    :param wait: waits for the end; replaced in tests.
    """
    chosen = _switches(switches)
    with (
        ending_on_sigterm(),
        _started(_books(data, empty=empty), port, chosen, redirect_uri) as sandbox,
    ):
        try:
            for line in sandbox_lines(sandbox, output.language, company):
                output.line(line)
            output.flush()
            wait()
        except KeyboardInterrupt:
            output.line()
            output.say("Avslutat.", "Ended.")


def _books(data: Path | None, *, empty: bool) -> Any:
    if data is not None and empty:
        raise host_error(
            "USAGE",
            what=Text(
                "--data och --empty kan inte användas ihop; välj en.",
                "--data and --empty cannot be used together; choose one.",
            ),
        )
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


def _started(books: Any, port: int, switches: Switches, redirect_uri: str | None) -> Sandbox:
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
    for number, books in sandbox.state.companies.items():
        yield words("Företag:", "Company:").ljust(14) + f"{number}, {books.name}"
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


def _access_token(sandbox: Sandbox, company: int | None) -> str | None:
    """Issue a token without a login, for the line that a person copies."""
    companies = sandbox.state.companies
    if company is None and companies:
        company = next(iter(companies))
    if company is None:
        return None
    if company not in companies:
        known = ", ".join(str(number) for number in companies)
        raise host_error(
            "USAGE",
            what=Text(
                f"Företaget {company} finns inte; välj ett av {known}.",
                f"There is no company {company}; choose one of {known}.",
            ),
        )
    return sandbox.sign_in(company).access
