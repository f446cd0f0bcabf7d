"""What whoever looks after the program asks for: the plug-ins, and material for support."""

# ruff: noqa: PLC0415 - a command starts fast when it imports only what it needs

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from hostsim import render
from hostsim.commands.common import Common, command, load_plugins, opened
from hostsim.commands.root import hostsim
from hostsim.render import Column
from hostsim.texts import Text, say


@command(
    hostsim,
    "plugins",
    Text("Visa plug-in-programmen och vad de gör.", "Show the plug-ins and what they do."),
)
def plugins(common: Common) -> None:
    """Show every plug-in that was found, and why one is left out."""
    from hostsim.plugins import Plugins

    found = Plugins.load()
    entries = [(True, entry) for entry in found.loaded] + [(False, e) for e in found.left_out]
    if common.json:
        objects = (_plugin_object(entry, common, active=active) for active, entry in entries)
        render.write_array_json(common.paper, objects)
        return
    if not entries:
        common.paper.say("Inget plug-in-program är installerat.", "No plug-in is installed.")
    render.show_table(common.paper, _plugin_columns(common), lambda: entries)


def _plugin_object(entry: Any, common: Common, *, active: bool) -> dict[str, Any]:
    return {
        "name": entry.name,
        "distribution": entry.distribution,
        "version": entry.version,
        "active": active,
        "reason": None if entry.reason is None else common.text(entry.reason.sv, entry.reason.en),
        "hooks": list(entry.hooks),
        "import_types": list(entry.import_types),
    }


def _plugin_columns(common: Common) -> list[Column[tuple[bool, Any]]]:
    def state(row: tuple[bool, Any]) -> str:
        if row[0]:
            return common.text("används", "active")
        reason = row[1].reason
        return render.one_line("" if reason is None else common.text(reason.sv, reason.en))

    return [
        Column(Text("Namn", "Name"), lambda r: render.one_line(r[1].name)),
        Column(Text("Paket", "Distribution"), lambda r: render.one_line(r[1].distribution or "")),
        Column(Text("Version", "Version"), lambda r: render.one_line(r[1].version or "")),
        Column(Text("Läge", "State"), state, wraps=True),
        Column(Text("Importtyper", "Import types"), lambda r: ", ".join(r[1].import_types)),
        Column(Text("Krokar", "Hooks"), lambda r: ", ".join(r[1].hooks), wraps=True),
    ]


@command(
    hostsim,
    "report",
    Text(
        "Skriv ett underlag för felsökning, utan hemligheter och personuppgifter.",
        "Write material for support, without secrets and personal data.",
    ),
)
@click.argument("file", metavar="FIL", type=click.Path(path_type=Path))
def report(common: Common, file: Path) -> None:
    """Write the support bundle and say what is in it."""
    from hostsim.bundle import lines_of, write_bundle
    from hostsim.host import now

    with opened(common) as store:
        parts = write_bundle(
            file, store, load_plugins(), environment=os.environ, language=common.language, now=now
        )
    if common.json:
        contents = {part.name: say(part.says, common.language) for part in parts}
        render.write_json(common.paper, {"file": str(file), "contents": contents})
        return
    common.paper.say(
        f"Underlaget är skrivet till {file}, utan hemligheter, kunder, fakturanummer och namn:",
        f"Written to {file}, without secrets, customers, invoice numbers and names:",
    )
    for line in lines_of(parts, lambda text: say(text, common.language)):
        common.paper.line(line)
