""":mod:`.probe` as a command: a login, the probe, and its report."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from opter_contract.values import Failure, Text
from opter_fortnox_plugin import __version__
from opter_fortnox_plugin.configuration import API_URL, DEFAULTS, Configuration
from opter_fortnox_plugin.diagnostics.console import Console
from opter_fortnox_plugin.diagnostics.probe.client import ProbeClient
from opter_fortnox_plugin.diagnostics.probe.results import ProbeResult
from opter_fortnox_plugin.diagnostics.probe.run import SCOPES, TITLES, Report, probe
from opter_fortnox_plugin.errors import SettingsWrong
from opter_fortnox_plugin.login.authorization_code import log_in
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint
from opter_fortnox_plugin.session import Surroundings, report_retry


def run(
    options: argparse.Namespace, console: Console, surroundings: Surroundings
) -> Failure | None:
    """Print the report, and return the error that ended the probe early.

    :raises SettingsWrong: if the file of switches cannot be written.
    """
    _check_writable(options.switches)
    configuration = Configuration.of({}, surroundings.environment)
    with closing(surroundings.transport()) as transport:
        endpoint = TokenEndpoint(transport, configuration, surroundings.sleep)
        host = surroundings.host_of(console.new_run(options.login_timeout))
        code = log_in(host, configuration, SCOPES, service=options.service_account)
        signed_in = SignedIn(endpoint, endpoint.exchange(code))
        try:
            client = ProbeClient(
                endpoint,
                signed_in,
                provoke_429=options.provoke_429,
                consented=options.service_account,
                watch=options.watch,
                progress=console.progress,
                waiting=partial(report_retry, host),
                sleep=surroundings.sleep,
                clock=surroundings.clock,
            )
            report = probe(client)
        finally:
            signed_in.sign_out()
    render = _json if options.json else _markdown
    print(render(report, console.translate, configuration.api_url), flush=True)  # noqa: T201
    if options.switches is not None:
        _write(options.switches, _switches(report, configuration.api_url))
    return report.error


def _check_writable(path: Path | None) -> None:
    """Check now, not after a login and a hundred requests."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise SettingsWrong("USAGE", why=f"--switches {path} is no file in a folder that is there")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        why = f"--switches {path} could not be written: {error.strerror}"
        raise SettingsWrong("USAGE", why=why) from error


# --- The report ------------------------------------------------------------------


def _json(report: Report, translate: Callable[[Text], str], api_url: str) -> str:
    document = {
        "probe": f"opter-fortnox-plugin {__version__}",
        "service": _service(api_url),
        "requests": report.requests,
        "complete": report.error is None,
        "findings": [
            {
                "question": result.name,
                "title": translate(TITLES[result.name]),
                "decided": result.decided,
                "answer": result.answer,
                "seen": result.evidence,
                "because": translate(result.undecided) if result.undecided else None,
            }
            for result in report.results
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _service(api_url: str) -> str:
    # Any other URL may identify a company.
    return "api.fortnox.se" if api_url == DEFAULTS[API_URL] else "other"


def _switches(report: Report, api_url: str) -> str:
    """Return the answers as switches, for a sandbox to behave like this Fortnox."""
    document = {
        "probe": f"opter-fortnox-plugin {__version__}",
        "service": _service(api_url),
        "switches": {result.name: result.answer for result in report.results if result.decided},
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


_HEADINGS: Final = (
    Text("Fråga", "Question"),
    Text("Om", "About"),
    Text("Svar", "Answer"),
    Text("Det som sågs", "Evidence"),
)


def _markdown(report: Report, translate: Callable[[Text], str], _api_url: str) -> str:
    """Return the report to read, or to paste into an issue."""
    headings = [translate(heading) for heading in _HEADINGS]
    rows = [
        (
            f"`{result.name}`",
            translate(TITLES[result.name]),
            _answer(result, translate),
            f"`{result.evidence}`" if result.evidence else "",
        )
        for result in report.results
    ]
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)][:2]

    def line(cells: Sequence[str]) -> str:
        # The long columns come last, and are not padded.
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
        return f"| {' | '.join([*padded, *cells[2:]])} |"

    ruler = line(["-" * width for width in widths] + ["---", "---"])
    about = translate(
        Text(
            f"undersökt av opter-fortnox-plugin {__version__} med {report.requests} frågor",
            f"probed by opter-fortnox-plugin {__version__} in {report.requests} requests",
        )
    )
    return "\n".join([f"## Fortnox, {about}", "", line(headings), ruler, *map(line, rows)])


def _answer(result: ProbeResult, translate: Callable[[Text], str]) -> str:
    if result.undecided is not None:
        prefix = translate(Text("går inte att avgöra här:", "undecidable here, because"))
        return f"{prefix} {translate(result.undecided)}"
    text = result.answer if isinstance(result.answer, str) else json.dumps(result.answer)
    return f"**{text}**"
