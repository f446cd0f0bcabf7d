"""The labels of codes; a code without one is its own label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hostsim.ledger import reasons
from hostsim.ledger.values import REGISTERED
from hostsim.messages import payments as payments_messages
from hostsim.messages.formats import minute
from hostsim.services import outcomes
from opter_contract.values import Text

if TYPE_CHECKING:
    from datetime import datetime

    from opter_contract.values import Company

#: Of a payment that can be saved, or is registered.
STATUSES = {
    "exact": Text("Rätt belopp", "Right amount"),
    "written-off": Text("Mindre avvikelse skrivs av", "Small deviation is written off"),
    "partial": Text("Delbetalning", "Partial payment"),
    "advance": Text("Förskott", "Advance"),
    "reversal": Text("Återbetalning", "Refund"),
    "settled-against-credit": Text("Kvittad", "Settled"),
}

#: Of one that could be saved, but is left out.
LEFT_OUT = payments_messages.NOT_SAVED

#: Of one that was saved, or was not since it was left out.
SAVED_STATUSES = STATUSES | {
    "written-off": Text("Mindre avvikelse är avskriven", "Small deviation was written off"),
    "left": payments_messages.NOT_SAVED_THEN,
}

#: Of a payment that cannot be saved, or is ignored.
REASONS = {code: reason.label for code, reason in reasons.REASONS.items()}

RUN_STATES = {
    "running": Text("Pågår", "Running"),
    "failed": Text("Misslyckades", "Failed"),
    "cancelled": Text("Avbruten", "Cancelled"),
    "open": Text("Inte sparad än", "Not saved yet"),
    "replaced": Text("Ersatt av en senare", "Replaced by a later one"),
    "discarded": Text("Kastad", "Discarded"),
    "saved": Text("Sparad", "Saved"),
    "undone": Text("Ångrad", "Undone"),
    "partly-undone": Text("Delvis ångrad", "Partly undone"),
    "reconciled": Text("Avstämning", "Reconciliation"),
}

#: Of a registered payment; one that counts needs no word.
PAYMENT_STATES = {
    REGISTERED: Text("", ""),
    "deleted": Text("Borttagen", "Deleted"),
    "reversed": Text("Motbokad", "Reversed"),
    "reversal": Text("Motbokning", "Reversal"),
}

#: A payment that counts, where a word is needed.
COUNTS = Text("Gäller", "Counts")

#: Of a payment of an invoice that is explained.
OUTCOMES = {
    REGISTERED: Text("Registrerad", "Registered"),
    outcomes.BY_HAND: Text("Registrerad för hand", "Registered by hand"),
    outcomes.DELETED: Text("Borttagen här", "Deleted here"),
    outcomes.REVERSED: Text("Motbokad", "Reversed"),
    outcomes.REVERSAL: Text("Motbokning", "Reversal"),
    outcomes.SET_ASIDE: Text("Undanlagd", "Set aside"),
    outcomes.IN_PREVIEW: Text("Inläst, inte sparad", "Brought in, not saved"),
    outcomes.NOT_READ: Text("Inte inläst än", "Not brought in yet"),
    outcomes.REJECTED: Text("Kan inte sparas", "Cannot be saved"),
    outcomes.IGNORED: Text("Ignorerad", "Ignored"),
    outcomes.NOT_ON_INVOICE: Text("Inte på fakturan i Fortnox", "Not on the invoice in Fortnox"),
    outcomes.DELETED_AT_SOURCE: Text("Borttagen där den kom från", "Deleted where it came from"),
}

#: Of an invoice of which something remains.
DUE = {
    "overdue": Text("Förfallna", "Overdue"),
    "not-due": Text("Inte förfallna", "Not due yet"),
}

DECISIONS = {
    reasons.SET_ASIDE: Text("Undanlagd", "Set aside"),
    reasons.CONFIRM: Text("Bekräftad", "Confirmed"),
    reasons.TAKE_AGAIN: Text("Tas in igen", "Taken again"),
    reasons.ACCEPT: Text("Ändringen godkänd", "Change accepted"),
    "replace": Text("Ersätter den borttagna", "Replaces the deleted one"),
    "settle": Text("Krediten registreras", "The credit is registered"),
    "advance": Text("Tas in som förskott", "Taken as an advance"),
    reasons.KEEP: Text("Behålls som registrerad", "Kept as registered"),
}

BY_HAND = Text("för hand", "by hand")

#: The fields by which a supplier is paid, as the other system's API calls them.
BANK_FIELDS = {
    "BG": Text("Bankgiro", "Bankgiro"),
    "PG": Text("Plusgiro", "Plusgiro"),
    "BankAccountNumber": Text("Kontonummer", "Account number"),
    "ClearingNumber": Text("Clearingnummer", "Clearing number"),
    "IBAN": Text("IBAN", "IBAN"),
    "BIC": Text("BIC", "BIC"),
}

#: The fields of a customer or a supplier, of an invoice and of a bill, likewise.
FIELDS = BANK_FIELDS | {
    "Name": Text("Namn", "Name"),
    "OrganisationNumber": Text("Organisationsnummer", "Organisation number"),
    "VATNumber": Text("Momsregistreringsnummer", "VAT number"),
    "Address1": Text("Adress", "Address"),
    "Address2": Text("Adress, rad 2", "Address, line 2"),
    "ZipCode": Text("Postnummer", "Postal code"),
    "City": Text("Ort", "City"),
    "CountryCode": Text("Landskod", "Country code"),
    "Email": Text("E-post", "Email"),
    "Phone1": Text("Telefon", "Phone"),
    "Phone2": Text("Telefon 2", "Phone 2"),
    "WWW": Text("Webbplats", "Website"),
    "Currency": Text("Valuta", "Currency"),
    "CurrencyRate": Text("Kurs", "Rate"),
    "CustomerNumber": Text("Kundnummer", "Customer number"),
    "SupplierNumber": Text("Leverantörsnummer", "Supplier number"),
    "InvoiceNumber": Text("Fakturanummer", "Invoice number"),
    "InvoiceDate": Text("Fakturadatum", "Invoice date"),
    "DueDate": Text("Förfallodatum", "Due date"),
    "OCR": Text("OCR", "OCR"),
    "Total": Text("Totalt", "Total"),
    "VAT": Text("Moms", "VAT"),
}

_DEFAULT_REGION = Text("[Standard]", "[Default]")


def label(labels: Mapping[str, Text], code: str | None) -> Text:
    return labels.get(code or "") or Text(code or "", code or "")


def company(company: Company | None) -> Text:
    if company is None:
        return Text("okänt företag", "unknown company")
    text = f"{company.name} ({company.number})"
    return Text(text, text)


def region(name: str) -> Text:
    return Text(name, name) if name else _DEFAULT_REGION


def period(*, closed: bool) -> Text:
    return Text("stängd", "closed") if closed else Text("öppen", "open")


def user_at(user: str | None, at: datetime | None) -> str:
    return f"{user or '?'}, {minute(at)}"
