"""The settings fields of the export of invoices, each declared once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from opter_contract.export_values import ExportType
from opter_contract.values import Choice, SettingsField, Text
from opter_fortnox_plugin import settings
from opter_fortnox_plugin.exports.settings import ExportSettings, attach_pdf, export_from_date
from opter_fortnox_plugin.settings import SIGN_IN, Declared

EXPORT_TYPE: Final = ExportType(
    settings.IMPORT_TYPE.code, "invoices", Text("Fakturor till Fortnox", "Invoices to Fortnox")
)

#: What the export of invoices needs: invoices, customers, accounts and years, currencies, the
#: locked period, the company.
SCOPES: Final = (
    "invoice", "customer", "bookkeeping", "currency", "settings", "companyinformation",
)  # fmt: skip

#: What Fortnox calls the kinds of VAT of a customer.
VAT_TYPES: Final = ("SEVAT", "SEREVERSEDVAT", "EUREVERSEDVAT", "EUVAT", "EXPORT")


def _account(text: str) -> str:
    if text and not re.fullmatch("[1-9][0-9]{3}", text, re.ASCII):
        raise ValueError(text)
    return text


def _vat_kinds(text: str) -> Mapping[str, str]:
    kinds: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        rate, separator, kind = (word.strip() for word in part.partition("="))
        if not rate or not separator or kind not in VAT_TYPES or rate in kinds:
            raise ValueError(part)
        kinds[rate] = kind
    return kinds


DECLARED: Final = (
    export_from_date(Text("fakturor", "invoices"), Text("fakturadatum", "invoice date")),
    Declared(
        SettingsField(
            key="export_numbers_from",
            kind="integer",
            label=Text("Exportera nummer från", "Export numbers from"),
            help=Text(
                "Lägre fakturanummer exporteras inte. 0 betyder alla.",
                "Lower invoice numbers are not exported. 0 means all.",
            ),
            default="0",
        ),
    ),
    Declared(
        SettingsField(
            key="customer_number",
            kind="choice",
            label=Text("Kundnummer i Fortnox", "Customer number in Fortnox"),
            help=Text(
                "Vilket av kundens nummer som är kundnumret i Fortnox. Kunder paras aldrig ihop på "
                "något annat.",
                "Which of the customer's numbers is the customer number in Fortnox. Customers are "
                "never matched by anything else.",
            ),
            default="ledger",
            choices=(
                Choice("ledger", Text("Kundreskontranumret", "The sales ledger number")),
                Choice("code", Text("Kundens kod", "The customer's code")),
            ),
        ),
    ),
    Declared(
        SettingsField(
            key="update_customers",
            kind="boolean",
            label=Text("Uppdatera kunder", "Update customers"),
            help=Text(
                "På: fält som är ifyllda här och skiljer sig skrivs i Fortnox kundregister. Av: "
                "bara nya kunder skrivs dit.",
                "On: fields that are filled in here and differ are written to Fortnox's customer "
                "register. Off: only new customers are written there.",
            ),
            default="true",
        ),
    ),
    Declared(
        SettingsField(
            key="vat_kinds",
            kind="text",
            label=Text("Momsslag för 0 %", "VAT kinds of 0 %"),
            help=Text(
                "Vilket momsslag i Fortnox (SEVAT, SEREVERSEDVAT, EUREVERSEDVAT, EUVAT, EXPORT) "
                "varje momssats på 0 % hör till. Skriv sats=slag med komma emellan.",
                "Which VAT type in Fortnox (SEVAT, SEREVERSEDVAT, EUREVERSEDVAT, EUVAT, EXPORT) "
                "each VAT rate of 0 % belongs to. Write rate=type with commas between.",
            ),
            default="0-eu=EUREVERSEDVAT, 0-export=EXPORT, 0-reverse=SEREVERSEDVAT",
        ),
        parse=_vat_kinds,
        problem=Text(
            "ska vara sats=slag med komma emellan, och slagen SEVAT, SEREVERSEDVAT, "
            "EUREVERSEDVAT, EUVAT eller EXPORT.",
            "must be rate=type with commas between, and the types SEVAT, SEREVERSEDVAT, "
            "EUREVERSEDVAT, EUVAT or EXPORT.",
        ),
    ),
    Declared(
        SettingsField(
            key="cost_center",
            kind="choice",
            label=Text("Kostnadsställe", "Cost centre"),
            help=Text(
                "Om ekonomisk enhet ska skickas som kostnadsställe. Raderna delas upp på enhet "
                "oavsett.",
                "Whether the economic unit is sent as the cost centre. Rows are split by unit "
                "either way.",
            ),
            default="none",
            choices=(
                Choice("none", Text("Skickas inte", "Not sent")),
                Choice("unit", Text("Ekonomisk enhet", "The economic unit")),
            ),
        ),
    ),
    Declared(
        SettingsField(
            key="rounding_account",
            kind="text",
            label=Text("Konto för öresavrundning", "Rounding account"),
            help=Text(
                "Fortnox räknar momsen på summan, så totalen kan skilja på ett öre. Med ett konto "
                "läggs en rad på skillnaden till; tomt: en sådan faktura exporteras inte.",
                "Fortnox computes VAT on the sum, so the total can differ by an öre. With an "
                "account a row of the difference is added; empty: such an invoice is not exported.",
            ),
        ),
        parse=_account,
        problem=Text("ska vara ett konto med fyra siffror.", "must be an account of four digits."),
    ),
    attach_pdf(
        Text(
            "Fakturans PDF läggs i Fortnox och knyts till fakturan där.",
            "The invoice's PDF is put into Fortnox and attached to the invoice there.",
        )
    ),
    Declared(
        SettingsField(
            key="after_sending",
            kind="choice",
            label=Text("Efter exporten", "After the export"),
            help=Text(
                "Om fakturan ska märkas som skickad i Fortnox, där den skickas till kunden "
                "härifrån. Bokföra gör du i Fortnox.",
                "Whether the invoice is marked as sent in Fortnox, where it is sent to the "
                "customer from here. You book it in Fortnox.",
            ),
            default="nothing",
            choices=(
                Choice("nothing", Text("Inget mer", "Nothing more")),
                Choice("sent-by-host", Text("Märk som skickad", "Mark as sent")),
            ),
        ),
    ),
    SIGN_IN,
)

FIELDS: Final = tuple(setting.field for setting in DECLARED)

check: Final = partial(settings.check, declared=DECLARED)


@dataclass(frozen=True, slots=True)
class InvoiceSettings(ExportSettings):
    """The values of one definition."""

    declared = DECLARED

    export_numbers_from: int
    customer_number: str
    update_customers: bool
    vat_kinds: Mapping[str, str]
    cost_center: str
    rounding_account: str
    after_sending: str

    @property
    def update_cards(self) -> bool:
        return self.update_customers

    @property
    def scopes(self) -> tuple[str, ...]:
        cost_centers = ("costcenter",) if self.cost_center == "unit" else ()
        return (*SCOPES, *cost_centers, *self.pdf_scopes)
