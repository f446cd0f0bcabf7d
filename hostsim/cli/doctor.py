"""What a person asks for when something is wrong: what it is, and what a code means."""

# ruff: noqa: PLC0415 - a command starts fast when it imports only what it needs

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from hostsim.cli.common import Common, Option, command, plugins_beside
from hostsim.cli.imports import NO_BROWSER, Window, login_timeout
from hostsim.cli.root import hostsim
from hostsim.errors import host_error
from hostsim.messages.text import say
from hostsim.views import terminal
from hostsim.views.terminal import Column
from opter_contract.values import Finding, Text

if TYPE_CHECKING:
    from hostsim.views.errors import Explained

#: A sign, a word and a colour for each state; the sign in letters where there are no others.
STATES = {
    "ok": ("✓", "+", Text("rätt", "ok"), "32"),
    "failed": ("✗", "x", Text("fel", "failed"), "31"),
    "unknown": ("?", "?", Text("okänt", "unknown"), "33"),
    "skipped": ("–", "-", Text("ej sett", "skipped"), "2"),
    "noted": ("!", "!", Text("obs", "note"), "33"),
}


@command(
    hostsim,
    "doctor",
    Text(
        "Kontrollera allt som en import behöver, och säg vad som ska rättas.",
        "Examine everything that an import needs, and say what to put right.",
    ),
)
@click.argument("name", required=False, metavar="[NAMN]")
@NO_BROWSER
def doctor(common: Common, name: str | None, *, no_browser: bool) -> None:
    """Show what is right and what is not; end with the status of the first wrong thing."""
    from hostsim.services.doctor import Doctor, first_failure
    from hostsim.services.host import Host
    from hostsim.storage.secrets import system_keyring

    timeout = login_timeout(os.environ)
    plugins = plugins_beside(common)
    with terminal.progress_on(sys.stderr, common.language) as progress:

        def make_host(store: Any) -> Host:
            window = Window(common, browser=not no_browser)
            return Host(
                store,
                plugins,
                login_timeout=timeout,
                window=window,
                on_progress=progress,
                keyring=system_keyring,
            )

        findings = Doctor(common.database, plugins, make_host, definition=name).run()
    if common.json:
        objects = [_finding_object(one, common.language) for one in findings]
        terminal.write_json(common.output, {"definition": name, "findings": objects})
    else:
        terminal.show_table(common.output, _finding_columns(common), lambda: findings)
        _show_end(common, name, findings)
    if (error := first_failure(findings)) is not None:
        common.output.flush()
        raise error


def _finding_object(one: Finding, language: str) -> dict[str, Any]:
    return {
        "name": one.name,
        "what": say(one.label, language),
        "state": one.state,
        "code": one.code or None,
        "kind": one.kind or None,
        "sentence": say(one.message, language),
    }


def _finding_columns(common: Common) -> list[Column[Finding]]:
    def state(one: Finding) -> str:
        sign, letter, word, _ = STATES.get(one.state, STATES["unknown"])
        return f"{sign if common.output.unicode else letter} {say(word, common.language)}"

    return [
        Column(
            Text("Läge", "State"), state, style=lambda f: STATES.get(f.state, STATES["unknown"])[3]
        ),
        Column(
            Text("Vad", "What"),
            lambda f: terminal.one_line(say(f.label, common.language)),
            wraps=True,
        ),
        Column(
            Text("Det som sågs, och vad som ska göras", "What was seen, and what to do"),
            lambda f: terminal.one_line(say(f.message, common.language), 2000),
            wraps=True,
        ),
        Column(Text("Kod", "Code"), lambda f: f.code),
    ]


def _show_end(common: Common, name: str | None, findings: list[Finding]) -> None:
    wrong = sum(1 for one in findings if one.state == "failed")
    common.output.line()
    if wrong:
        common.output.say(
            f"{wrong} fel. Rätta det översta först och kontrollera igen.",
            f"{wrong} wrong. Put the topmost right first and examine again.",
        )
    else:
        common.output.say("Inget fel hittades.", "Nothing wrong was found.")
    if name is None:
        common.output.say(
            "Inloggning, licenser och rättigheter kontrolleras med hostsim doctor NAMN.",
            "Login, licences and rights are examined with hostsim doctor NAME.",
        )


@command(
    hostsim,
    "errors",
    Text("Förklara en felkod, eller visa alla.", "Explain an error code, or show all."),
)
@click.argument("code", required=False, metavar="[KOD]")
@click.option(
    "--markdown",
    is_flag=True,
    cls=Option,
    says=Text("Skriv sidan ERRORS.md.", "Write the page ERRORS.md."),
)
def errors(common: Common, code: str | None, *, markdown: bool) -> None:
    """Show every code of the host and of its plug-ins, or one."""
    from hostsim.views import errors as views_errors

    found = list(views_errors.every_error(plugins_beside(common)))
    if code is not None:
        wanted = code.strip().upper()
        found = [one for one in found if one.code == wanted]
        if not found:
            raise host_error("ERROR_UNKNOWN", code=terminal.one_line(code))
    if common.json:
        objects = (views_errors.as_object(one, common.language) for one in found)
        terminal.write_array_json(common.output, objects)
    elif markdown:
        common.output.write(views_errors.markdown(found))
    else:
        terminal.show_table(common.output, _error_columns(common), lambda: found)


def _error_columns(common: Common) -> list[Column[Explained]]:
    return [
        Column(Text("Kod", "Code"), lambda e: e.code),
        Column(Text("Från", "From"), lambda e: terminal.one_line(e.source)),
        Column(
            Text("Vem kan göra något", "Who can act"),
            lambda e: say(e.who, common.language),
            wraps=True,
        ),
        Column(Text("Status", "Status"), lambda e: str(e.status), right=True),
        Column(
            Text("Vad som hände, och vad som ska göras", "What happened, and what to do"),
            lambda e: terminal.one_line(say(e.message, common.language), 2000),
            wraps=True,
        ),
    ]
