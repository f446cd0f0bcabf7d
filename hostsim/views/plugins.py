"""The plug-ins that were found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostsim.views.table import Column, json_attributes, json_only
from opter_contract import CONTRACT_VERSION
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.plugins.discovery import Installed
    from hostsim.plugins.loading import FoundPlugin


def _state(plugin: FoundPlugin) -> Text:
    if plugin.reason is None:
        return Text("används", "active")
    if plugin.state == "left-out":
        return Text(f"utelämnat: {plugin.reason.sv}", f"left out: {plugin.reason.en}")
    return plugin.reason


def _exports(plugin: FoundPlugin) -> str:
    return ", ".join(f"{code} ({subject})" for code, subject in plugin.export_types)


PLUGINS: tuple[Column[FoundPlugin], ...] = (
    Column("name", Text("Namn", "Name"), lambda p: p.name, json="name"),
    Column("package", Text("Paket", "Distribution"), lambda p: p.distribution, json="distribution"),
    Column("version", Text("Version", "Version"), lambda p: p.version, json="version"),
    Column("contract", Text("Avtal från", "Contract from"), lambda p: p.contract, json="contract"),
    Column("state", Text("Läge", "State"), _state, wide=True),
    Column("types", Text("Importtyper", "Import types"), lambda p: ", ".join(p.import_types)),
    Column("exports", Text("Exporttyper", "Export types"), _exports),
    Column("hooks", Text("Hookar", "Hooks"), lambda p: ", ".join(p.hooks), wide=True),
    *json_attributes("state", "reason", "hooks", "import_types"),
    json_only("export_types", lambda p: [{"type": c, "subject": s} for c, s in p.export_types]),
    json_only("active", lambda p: p.state == "active"),
    json_only("host_contract", lambda _: CONTRACT_VERSION),
)

#: Of pairs: an entry point, and why it is switched off.
SWITCHES: tuple[Column[tuple[Installed, Text | None]], ...] = (
    json_only("name", lambda pair: pair[0].name),
    json_only("distribution", lambda pair: pair[0].distribution),
    json_only("active", lambda pair: pair[1] is None),
)
