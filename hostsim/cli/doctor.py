"""Diagnosis: what is wrong, and what an error code means."""

from __future__ import annotations

import functools
import os
import sys

import click

from hostsim.cli.command import OPTIONAL_NAME, command, option
from hostsim.cli.common import Common, make_host, plugins_without_database
from hostsim.cli.login import NO_BROWSER, UNATTENDED, LoginWindow, login_timeout
from hostsim.cli.root import hostsim
from hostsim.errors import host_error
from hostsim.views.findings import FINDINGS
from hostsim.views.output import one_line
from hostsim.views.progress import progress_on
from hostsim.views.table import as_object, write_json, write_table
from opter_contract.values import Finding


@command(
    hostsim,
    "doctor",
    sv="Kontrollera allt som en import eller export behöver, och säg vad som ska rättas.",
    en="Check everything that an import or export needs, and say what to correct.",
)
@OPTIONAL_NAME
@NO_BROWSER
@UNATTENDED
def doctor(common: Common, name: str | None) -> None:
    from hostsim.services.doctor import Doctor, first_failure

    timeout = login_timeout(os.environ)
    plugins = plugins_without_database(common)
    with progress_on(sys.stderr, common.language) as progress:
        its_host = functools.partial(
            make_host,
            plugins=plugins,
            login_timeout=timeout,
            attended=not common.unattended,
            window=LoginWindow(common),
            on_progress=progress,
        )
        findings = Doctor(common.database, plugins, its_host, definition=name).run()
    if common.json:
        objects = [as_object(FINDINGS, finding, common.language) for finding in findings]
        write_json(common.output, {"definition": name, "findings": objects})
    else:
        write_table(common.output, FINDINGS, lambda: findings)
        _show_end(common, name, findings)
    if (error := first_failure(findings, name)) is not None:
        common.output.flush()
        raise error


def _show_end(common: Common, name: str | None, findings: list[Finding]) -> None:
    failed = sum(1 for finding in findings if finding.state == "failed")
    common.output.line()
    if failed:
        common.output.say(
            f"{failed} fel. Rätta det översta först och kontrollera igen.",
            f"{failed} failed. Correct the first one and check again.",
        )
    else:
        common.output.say("Inget fel hittades.", "No fault was found.")
    if name is None:
        common.output.say(
            "Inloggning, licenser och rättigheter kontrolleras med hostsim doctor NAMN.",
            "Login, licences and rights are checked with hostsim doctor NAME.",
        )


@command(
    hostsim,
    "errors",
    sv="Förklara en felkod, eller visa alla.",
    en="Explain an error code, or show all.",
)
@click.argument("code", required=False, metavar="[KOD]")
@option(
    "--markdown",
    is_flag=True,
    sv="Skriv sidan docs/errors.md.",
    en="Write the page docs/errors.md.",
)
def errors(common: Common, code: str | None, *, markdown: bool) -> None:
    from hostsim.views import errors as views_errors

    listed = list(views_errors.every_error(plugins_without_database(common)))
    if code is not None:
        wanted = code.strip().upper()
        listed = [error for error in listed if error.code == wanted]
        if not listed:
            raise host_error("ERROR_UNKNOWN", code=one_line(code))
    if markdown and not common.json:
        common.output.write(views_errors.markdown(listed))
    else:
        common.write_list(views_errors.ERROR_CODES, lambda: listed)
