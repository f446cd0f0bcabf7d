"""The office's settings, and the imports that are defined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostsim.views.labels import company, label
from hostsim.views.preview import company_object
from hostsim.views.table import Column, json_only
from opter_contract.values import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hostsim.ledger.values import Definition

_SETTINGS = {
    "default_currency": Text("Standardvaluta", "Default currency"),
    "accepted_deviation": Text(
        "Accepterad fakturaavvikelse (SEK)", "Accepted invoice deviation (SEK)"
    ),
    "invoice_columns": Text("Rubriker i fakturafilen", "Headings of the invoice file"),
}

#: Of pairs: the key of a setting, and its value.
SETTINGS: tuple[Column[tuple[str, str]], ...] = (
    Column("label", Text("Inställning", "Setting"), lambda pair: label(_SETTINGS, pair[0])),
    Column("key", Text("Namn", "Name"), lambda pair: pair[0]),
    Column("value", Text("Värde", "Value"), lambda pair: pair[1]),
)


class SharedColumns:
    """What a list of imports and one of exports have in common."""

    def __init__(self, settings: Callable[[Definition], Mapping[str, str]]) -> None:
        """Declare the columns; ``settings`` gives what a person may see of the settings."""

        def settings_text(one: Definition) -> str:
            return "  ".join(f"{key}={value}" for key, value in settings(one).items())

        def company_text(one: Definition) -> Text:
            return company(one.company) if one.company else Text("inget än", "none yet")

        self.name: Column[Definition] = Column(
            "name", Text("Namn", "Name"), lambda d: d.name, json="name"
        )
        self.rest: tuple[Column[Definition], ...] = (
            Column("region", Text("Region", "Region"), lambda d: d.region, json="region"),
            Column("company", Text("Företag", "Company"), company_text, wide=True),
            Column("settings", Text("Inställningar", "Settings"), settings_text, wide=True),
            json_only("company", lambda d: company_object(d.company)),
            json_only("settings", settings),
        )


def definition_columns(
    shown_settings: Callable[[str, Mapping[str, str]], Mapping[str, str]],
) -> tuple[Column[Definition], ...]:
    """Declare the list of defined imports.

    :param shown_settings: what a person may see of the settings of an import type.
    """
    shared = SharedColumns(lambda one: shown_settings(one.import_type, one.settings))
    return (
        shared.name,
        Column("type", Text("Importtyp", "Import type"), lambda d: d.import_type, json="type"),
        Column(
            "format",
            Text("Importformat", "Import format"),
            lambda d: d.import_format,
            json="format",
        ),
        *shared.rest,
    )
