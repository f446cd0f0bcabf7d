"""Every error code there is, the host's own and the plug-ins', as one list.

A code from a log or a stored run can be looked up here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hostsim.errors import EXIT_STATUS
from hostsim.messages.errors import COMMANDS, ERRORS, WHO
from hostsim.messages.text import own
from hostsim.plugins.loading import HOST
from hostsim.views.table import Column, json_attributes, json_only
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.plugins.loading import Plugins

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Explained:
    """A code, who can act, and the sentence; ``source`` names the host or the plug-in."""

    code: str
    kind: str
    message: Text
    source: str

    @property
    def status(self) -> int:
        """The exit status of a command that ends with it."""
        return EXIT_STATUS.get(self.kind, EXIT_STATUS["internal"])

    @property
    def who(self) -> Text:
        return WHO.get(self.kind, WHO["internal"])


def every_error(plugins: Plugins) -> Iterator[Explained]:
    """List the host's codes, then those of each plug-in that lists its own."""
    for code, (kind, message) in ERRORS.items():
        yield Explained(code, kind, _without_languages(_with_command(code, message)), HOST)
    for name, call in plugins.listeners("opter_errors"):
        try:
            yield from [
                Explained(
                    str(error.code), str(error.kind), _without_languages(own(error.message)), name
                )
                for error in call("opter_errors")
            ]
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - the other codes can still be explained
            log.warning("the plug-in %s cannot list its errors: %s", name, type(error).__name__)


def _with_command(code: str, message: Text) -> Text:
    command = COMMANDS.get(code)
    if command is None:
        return message
    return Text(f"{message.sv} {command.sv}", f"{message.en} {command.en}")


def _without_languages(message: Text) -> Text:
    # A detail in two languages, as {why.sv}, is one detail to a reader.
    return Text(message.sv.replace(".sv}", "}"), message.en.replace(".en}", "}"))


ERROR_CODES: tuple[Column[Explained], ...] = (
    Column("code", Text("Kod", "Code"), lambda e: e.code, json="code"),
    Column("source", Text("Från", "From"), lambda e: e.source, json="source"),
    Column("who", Text("Vem kan göra något", "Who can act"), lambda e: e.who, wide=True),
    Column("status", Text("Status", "Status"), lambda e: e.status, right=True, json="exit_status"),
    Column(
        "message",
        Text("Vad som hände, och vad som ska göras", "What happened, and what to do"),
        lambda e: e.message,
        wide=True,
    ),
    *json_attributes("kind"),
    json_only("sentence", lambda e: e.message),
    json_only("sv", lambda e: e.message.sv),
    json_only("en", lambda e: e.message.en),
)


def markdown(errors: Iterable[Explained]) -> str:
    """Write the page ``docs/errors.md``: one table for each source."""
    lines = [
        "# Felkoder och vad de betyder / Error codes and what they mean",
        "",
        _ABOUT.sv,
        "",
        _ABOUT.en,
    ]
    source = None
    for error in errors:
        if error.source != source:
            source = error.source
            lines += ["", f"## {source}", "", *_HEADS]
        lines.append(
            f"| `{error.code}` | {error.who.sv} / {error.who.en} | {error.status} "
            f"| {error.message.sv} | {error.message.en} |"
        )
    return "\n".join(lines) + "\n"


_ABOUT = Text(
    "Sidan är skriven av `hostsim errors --markdown`; ändra tabellerna i koden, inte den. "
    "Inom klamrar står det som skiljer från gång till gång.",
    "This page is written by `hostsim errors --markdown`; change the tables in the code, not "
    "the page. What differs from case to case is in braces.",
)

_HEADS = (
    "| Kod, code | Vem, who can act | Slutstatus, exit status | Svenska | English |",
    "| --- | --- | --- | --- | --- |",
)
