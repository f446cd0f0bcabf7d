"""The office's settings, and the imports and exports that are defined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostsim.views.labels import company, label
from hostsim.views.preview_output import company_object
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


def definition_columns(
    shown_settings: Callable[[str, Mapping[str, str], str], Mapping[str, str]], *, exports: bool
) -> tuple[Column[Definition], ...]:
    """Declare the list of defined imports, or exports.

    :param shown_settings: what a person may see of the settings of a type and a subject.
    """

    def settings(definition: Definition) -> Mapping[str, str]:
        return shown_settings(definition.import_type, definition.settings, definition.subject)

    def settings_text(definition: Definition) -> str:
        return "  ".join(f"{key}={value}" for key, value in settings(definition).items())

    def company_text(definition: Definition) -> Text:
        return company(definition.company) if definition.company else Text("inget än", "none yet")

    type_heading, kind = (_EXPORT_TYPE, _SUBJECT) if exports else (_IMPORT_TYPE, _FORMAT)
    return (
        Column("name", Text("Namn", "Name"), lambda d: d.name, json="name"),
        Column("type", type_heading, lambda d: d.import_type, json="type"),
        kind,
        Column("region", Text("Region", "Region"), lambda d: d.region, json="region"),
        Column("company", Text("Företag", "Company"), company_text, wide=True),
        Column("settings", Text("Inställningar", "Settings"), settings_text, wide=True),
        json_only("company", lambda d: company_object(d.company)),
        json_only("settings", settings),
    )


_IMPORT_TYPE = Text("Importtyp", "Import type")
_EXPORT_TYPE = Text("Exporttyp", "Export type")
_FORMAT: Column[Definition] = Column(
    "format", Text("Importformat", "Import format"), lambda d: d.import_format, json="format"
)
_SUBJECT: Column[Definition] = Column(
    "subject", Text("Vad", "What"), lambda d: d.subject, json="subject"
)
