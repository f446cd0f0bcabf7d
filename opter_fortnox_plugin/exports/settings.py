"""The settings fields that the exports share, in the words of each."""

from __future__ import annotations

from opter_contract.values import SettingsField, Text
from opter_fortnox_plugin.settings import Declared


def export_from_date(several: Text, date: Text) -> Declared:
    """Declare the first date.

    :param several: the items: ``fakturor``.
    :param date: what their date is called: ``fakturadatum``.
    """
    label = Text(f"Exportera {several.sv} från", f"Export {several.en} from")
    return Declared(
        SettingsField(
            key="export_from_date",
            kind="date",
            label=label,
            help=Text(
                f"{several.sv.capitalize()} med tidigare {date.sv} exporteras inte. Datumet "
                "självt räknas med. Skriv ÅÅÅÅ-MM-DD.",
                f"{several.en.capitalize()} with an earlier {date.en} are not exported. The date "
                "itself is included. Write YYYY-MM-DD.",
            ),
            required=True,
        ),
        missing=Text(
            f"”{label.sv}” måste fyllas i: från vilket {date.sv} ska {several.sv} exporteras?",
            f"“{label.en}” must be filled in: from which {date.en} are {several.en} to be "
            "exported?",
        ),
    )


def attach_pdf(help_text: Text) -> Declared:
    """Declare whether PDFs go with the items."""
    return Declared(
        SettingsField(
            key="attach_pdf",
            kind="boolean",
            label=Text("Bifoga PDF", "Attach PDF"),
            help=help_text,
            default="false",
        ),
    )
