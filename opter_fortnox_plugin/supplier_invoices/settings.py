"""The settings fields of the export of bills, each declared once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from opter_contract.export_values import ExportType
from opter_contract.values import Choice, SettingsField, Text
from opter_fortnox_plugin import settings
from opter_fortnox_plugin.exports.settings import ExportSettings, attach_pdf, export_from_date
from opter_fortnox_plugin.settings import SIGN_IN, Declared

EXPORT_TYPE: Final = ExportType(
    settings.IMPORT_TYPE.code,
    "supplier-bills",
    Text("Avräkningar till Fortnox", "Settlements to Fortnox"),
)

#: What the export of bills needs: supplier invoices, suppliers, accounts and years, currencies, the
#: locked period, the company. ``supplier`` alone does not open supplier invoices.
SCOPES: Final = (
    "supplierinvoice", "supplier", "bookkeeping", "currency", "settings", "companyinformation",
)  # fmt: skip

DECLARED: Final = (
    export_from_date(Text("avräkningar", "bills"), Text("datum", "date")),
    Declared(
        SettingsField(
            key="supplier_number",
            kind="choice",
            label=Text("Leverantörsnummer i Fortnox", "Supplier number in Fortnox"),
            help=Text(
                "Vad som är leverantörsnumret i Fortnox. Leverantörer paras aldrig ihop på något "
                "annat.",
                "What is the supplier number in Fortnox. Suppliers are never matched by anything "
                "else.",
            ),
            default="code",
            choices=(
                Choice("code", Text("Leverantörens kod", "The supplier's code")),
                Choice(
                    "organisation-number", Text("Organisationsnumret", "The organisation number")
                ),
            ),
        ),
    ),
    Declared(
        SettingsField(
            key="update_suppliers",
            kind="boolean",
            label=Text("Uppdatera leverantörer", "Update suppliers"),
            help=Text(
                "På: fält som är ifyllda här och skiljer sig skrivs i Fortnox "
                "leverantörsregister, bankuppgifter bara när någon har bekräftat dem. Av: bara "
                "nya leverantörer skrivs dit.",
                "On: fields that are filled in here and differ are written to Fortnox's supplier "
                "register, bank details only once somebody has confirmed them. Off: only new "
                "suppliers are written there.",
            ),
            default="true",
        ),
    ),
    attach_pdf(
        Text(
            "Avräkningens PDF läggs i Fortnox och knyts till leverantörsfakturan där.",
            "The bill's PDF is put into Fortnox and connected with the supplier invoice there.",
        )
    ),
    SIGN_IN,
)

FIELDS: Final = tuple(setting.field for setting in DECLARED)

check: Final = partial(settings.check, declared=DECLARED)


@dataclass(frozen=True, slots=True)
class BillSettings(ExportSettings):
    """The values of one definition."""

    declared = DECLARED

    supplier_number: str
    update_suppliers: bool

    @property
    def update_cards(self) -> bool:
        return self.update_suppliers

    @property
    def scopes(self) -> tuple[str, ...]:
        return (*SCOPES, *self.pdf_scopes)
