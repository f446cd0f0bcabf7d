"""The settings that the exports share, with texts for each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Self

from opter_contract.values import SettingsField, Text
from opter_fortnox_plugin.settings import Declared, read_all


@dataclass(frozen=True, slots=True)
class ExportSettings(ABC):
    """The values of one definition."""

    declared: ClassVar[Sequence[Declared]]

    export_from_date: date
    attach_pdf: bool
    sign_in: str

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Self:
        """Read values that were checked.

        :raises ValueError: for values that were not.
        """
        return cls(**read_all(cls.declared, values))

    @property
    @abstractmethod
    def update_cards(self) -> bool:
        """Whether customers or suppliers that are there are changed."""

    @property
    def pdf_scopes(self) -> tuple[str, ...]:
        """What attaching PDFs may do in Fortnox."""
        return ("inbox", "connectfile") if self.attach_pdf else ()

    @property
    @abstractmethod
    def scopes(self) -> tuple[str, ...]:
        """What an export may do in Fortnox, and no more."""


def export_from_date(plural: Text, date: Text) -> Declared:
    """Declare the first date.

    :param plural: the items: ``fakturor``.
    :param date: what their date is called: ``fakturadatum``.
    """
    label = Text(f"Exportera {plural.sv} från", f"Export {plural.en} from")
    return Declared(
        SettingsField(
            key="export_from_date",
            kind="date",
            label=label,
            help=Text(
                f"{plural.sv.capitalize()} med tidigare {date.sv} exporteras inte. Datumet "
                "självt räknas med. Skriv ÅÅÅÅ-MM-DD.",
                f"{plural.en.capitalize()} with an earlier {date.en} are not exported. The date "
                "itself is included. Write YYYY-MM-DD.",
            ),
            required=True,
        ),
        missing=Text(
            f"”{label.sv}” måste fyllas i: från vilket {date.sv} ska {plural.sv} exporteras?",
            f"“{label.en}” must be filled in: from which {date.en} are {plural.en} to be exported?",
        ),
    )


def attach_pdf(help_text: Text) -> Declared:
    return Declared(
        SettingsField(
            key="attach_pdf",
            kind="boolean",
            label=Text("Bifoga PDF", "Attach PDF"),
            help=help_text,
            default="false",
        ),
    )
