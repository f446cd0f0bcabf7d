"""The reasons why a payment is not ready to be saved.

The pages in docs, the desk, the command line and ``why`` use :data:`REASONS`. A plug-in may
exclude a payment for a reason that is not here: its code is then its label, and it has a
message of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from opter_contract.values import Text

# What a person can decide about a payment.
SET_ASIDE = "set-aside"
CONFIRM = "confirm"
TAKE_AGAIN = "take-again"
ACCEPT = "accept"
KEEP = "keep"

#: :data:`ACCEPT` as a person sees it, if it replaces one payment by another.
REPLACE = "replace"

# The reasons that the rules give or ask for by name.
DOUBTFUL = "possibly-registered-already"
DELETED = "deleted-in-host"
CHANGED = "changed-in-fortnox"
REPLACED = "replaced"
SETTLED = "settled-against-credit"
SETTLEMENT_BLOCKED = "settlement-blocked"
NOT_LOOKED_UP = "not-looked-up"
NO_AMOUNT = "no-amount"  # and no write-offs
LEFT = "left-for-person"
PAID = "invoice-already-paid"
REGISTERED_ALREADY = "already-imported"
OTHER_REGION = "other-region"

# What stands in the way of a payment in addition to its reason.
ACCEPTED_BUT = "accepted-but-refused"
CONFIRMED_BUT = "confirmed-but-paid"
BESIDE_CHANGED = "beside-changed"
BESIDE_KEPT = "beside-kept"
KEPT_ELSEWHERE = "kept-elsewhere"  # registered on another invoice than it pays at the source
NOT_CHECKED = "not-checked"
PAID_BY_WAITING = "paid-by-waiting"
TO_BE_FETCHED = "to-be-fetched"
MOVED_TO_OTHER_REGION = "moved-to-other-region"  # registered here, its invoice is there now
OTHER_REGION_UNSAVED = "other-region-unsaved"  # its import was never saved
OTHER_REGION_FIRST = "other-region-first"  # only the other half of a settlement, which is there
WRITTEN_OFF_HERE = "written-off-here"
MORE_THAN_WRITTEN_OFF = "more-than-written-off"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason and its texts.

    ``message`` is the sentence at the payment, if it is the same for every payment (other
    reasons get theirs in the rules). ``to_do`` is what has to happen for the payment to come
    in, with ``{source}`` for the system that it came from. ``ignored`` payments need nobody's
    attention: settings, or a person, exclude them; all others are rejected.
    """

    code: str
    label: Text
    message: Text | None = None
    to_do: Text | None = None
    decisions: tuple[str, ...] = (SET_ASIDE,)
    ignored: bool = False


_ALL = (
    Reason(
        "unreadable",
        Text("Gick inte att läsa", "Could not be read"),
        message=Text("Betalningen gick inte att läsa", "The payment could not be read"),
        to_do=Text(
            "Öppna betalningen i {source} och rätta det som inte går att läsa, eller be om rätten"
            " att se det; läs sedan in igen.",
            "Open the payment in {source} and correct what cannot be read, or ask for the right "
            "to see it; then import again.",
        ),
    ),
    Reason(
        CHANGED,
        Text("Ändrad i efterhand", "Changed afterwards"),
        to_do=Text(
            "Betalningen är registrerad här, men {source} säger något annat nu. Läs in igen om "
            "ändringen inte visas i listan än; godkänn den sedan, så att den registreras om, eller "
            "behåll det som är registrerat.",
            "The payment is registered here, but {source} says something else now. Import again if "
            "the change is not in the list yet; then accept it, so that it is registered again, or "
            "keep what is registered.",
        ),
        decisions=(ACCEPT, KEEP, SET_ASIDE),
    ),
    Reason(
        REPLACED,
        Text("Kan ersätta en annan betalning", "May replace another payment"),
        to_do=Text(
            "Den har gjorts om i {source}, eller fanns redan bredvid den borttagna: godkänn den i "
            "båda fallen, så motbokas den borttagna och den här registreras.",
            "It was made again in {source}, or was there already beside the deleted one: accept it "
            "in both cases; the deleted one is then reversed and this one registered.",
        ),
        decisions=(ACCEPT, CONFIRM, SET_ASIDE),
    ),
    Reason(
        SETTLED,
        Text("Kvittade mot varandra", "Settled against each other"),
        to_do=Text(
            "Inga pengar kom in: en faktura och en kreditfaktura är kvittade mot varandra. "
            "Registrera krediten, så är båda reglerade, eller lägg undan paret.",
            "No money came in: an invoice and a credit note were settled against each other. "
            "Register the credit, so that both are settled, or set the pair aside.",
        ),
        decisions=(ACCEPT, SET_ASIDE),
    ),
    Reason(
        SETTLEMENT_BLOCKED,
        Text("Kvittning som väntar", "Settlement that waits"),
        to_do=Text(
            "Inga pengar kom in: en faktura och en kreditfaktura är kvittade mot varandra, och "
            "ingen av halvorna sparas ensam. Orsaken säger vad som hindrar dem: rätta det och läs "
            "in igen, eller lägg undan paret.",
            "No money came in: an invoice and a credit note were settled against each other, and "
            "neither half is saved alone. The reason says what is in the way: put that right and "
            "import again, or set the pair aside.",
        ),
    ),
    Reason(
        DELETED,
        Text("Borttagen här", "Deleted here"),
        to_do=Text(
            "Den är borttagen här: ta in den på nytt om borttagningen var ett misstag.",
            "It is deleted here: take it again if the deletion was a mistake.",
        ),
        decisions=(TAKE_AGAIN, SET_ASIDE),
    ),
    Reason(
        DOUBTFUL,
        Text("Kanske registrerad redan", "Possibly registered already"),
        to_do=Text(
            "En betalning med samma faktura och belopp är redan registrerad, för hand eller genom"
            " en annan import. Är det samma, lägg undan den. Är det en annan betalning, bekräfta"
            " raden: den kan sparas om något återstår på fakturan, och annars tas in som förskott.",
            "A payment of the same invoice and amount is registered already, by hand or through "
            "another import. If it is the same, set it aside. If it is another payment, confirm "
            "the row: it can be saved if something remains of the invoice, and otherwise be taken "
            "as an advance.",
        ),
        decisions=(CONFIRM, SET_ASIDE),
    ),
    Reason(
        LEFT,
        Text("Lämnad till en person", "Left for a person"),
        to_do=Text(
            "Någon kryssade ur den, eller så var ingen där när den lästes in, och den har en "
            "flagga: läs in igen, och spara den om den stämmer.",
            "Somebody left it out, or nobody was there when it was brought in, and it has a flag: "
            "import again, and save it if it is right.",
        ),
    ),
    Reason(
        REGISTERED_ALREADY,
        Text("Redan registrerad", "Registered already"),
        message=Text("Betalningen är redan registrerad", "The payment is registered already"),
        to_do=Text(
            "Ingenting behöver göras: den är registrerad här.",
            "Nothing has to be done: it is registered here.",
        ),
    ),
    Reason(
        "not-booked",
        Text("Inte bokförd än", "Not booked yet"),
        to_do=Text(
            "Bokför betalningen i {source}; den kommer in vid nästa import.",
            "Book the payment in {source}; it comes in at the next import.",
        ),
    ),
    Reason(
        NOT_LOOKED_UP,
        Text("Kunde inte slås upp", "Could not be looked up"),
        to_do=Text(
            "Fakturan finns inte här under sitt nummer, och {source} lät den inte slås upp: läs in "
            "fakturan, eller ge den som loggar in rätt att läsa fakturor i {source}, och läs in "
            "igen.",
            "The invoice is not here under its number, and {source} did not let it be looked up: "
            "load the invoice, or give the person who signs in the right to read invoices in "
            "{source}, and import again.",
        ),
    ),
    Reason(
        "invoice-not-found",
        Text("Saknar faktura här", "No invoice here"),
        to_do=Text(
            "Ingen faktura här har betalningens nummer eller OCR: läs in fakturan, eller rätta "
            "numret på betalningen i {source}, och läs in igen. Gäller den en faktura som bara "
            "finns i {source} kan den läggas undan.",
            "No invoice here has the payment's number or OCR: load the invoice, or correct the "
            "payment's number in {source}, and import again. If it is for an invoice that exists "
            "in {source} only, it can be set aside.",
        ),
    ),
    Reason(
        "currency-differs",
        Text("Annan valuta än fakturan", "Another currency than the invoice"),
        to_do=Text(
            "Rätta valutan på fakturan eller på betalningen, så att de är lika, och läs in igen.",
            "Correct the currency of the invoice or of the payment, so that they agree, and "
            "import again.",
        ),
    ),
    Reason(
        "period-open",
        Text("Fakturaperioden är öppen", "The invoice period is open"),
        message=Text(
            "Fakturan ligger i en öppen fakturaperiod; stäng perioden och läs in igen",
            "The invoice is in an open invoice period; close the period and import again",
        ),
        to_do=Text(
            "Stäng fakturaperioden här och läs in igen.",
            "Close the invoice period here and import again.",
        ),
    ),
    Reason(
        PAID,
        Text("Fakturan är redan betald", "The invoice is paid already"),
        message=Text("Fakturan är redan betald", "The invoice is already paid"),
        to_do=Text(
            "Ingenting återstår på fakturan: pengarna är betalda två gånger, eller registrerade "
            "här redan. Betala tillbaka dem, flytta betalningen till rätt faktura i {source}, "
            "eller ta in den som förskott.",
            "Nothing remains on the invoice: the money was paid twice, or is registered here "
            "already. Pay it back, move the payment to the right invoice in {source}, or take it "
            "as an advance.",
        ),
        decisions=(ACCEPT, SET_ASIDE),
    ),
    Reason(
        "before-date",
        Text("Före datumet i inställningarna", "Before the date in the settings"),
        to_do=Text(
            "Betalningsdatumet är före inställningen Ignorera betalningar före: välj ett tidigare "
            "datum i importens inställningar och läs in igen, eller registrera den för hand om den "
            "hör till tiden före bytet.",
            "The payment date is before the setting Ignore payments before: choose an earlier date "
            "in the settings of the import and import again, or register it by hand if it belongs "
            "to the time before the change.",
        ),
        ignored=True,
    ),
    Reason(
        "below-number",
        Text("Under numret i inställningarna", "Below the number in the settings"),
        to_do=Text(
            "Fakturanumret är lägre än inställningen Ignorera nummer före: välj ett lägre nummer i "
            "importens inställningar och läs in igen.",
            "The invoice number is lower than the setting Ignore numbers before: choose a lower "
            "one in the settings of the import and import again.",
        ),
        ignored=True,
    ),
    Reason(
        NO_AMOUNT,
        Text("Beloppet är 0", "The amount is 0"),
        message=Text(
            "Beloppet är 0 och ingenting är avskrivet: det finns ingenting att registrera",
            "The amount is 0 and nothing was written off: there is nothing to register",
        ),
        to_do=Text(
            "Ingenting behöver göras: beloppet är 0.", "Nothing has to be done: the amount is 0."
        ),
        ignored=True,
    ),
    Reason(
        OTHER_REGION,
        Text("Hör till en annan region", "Belongs to another region"),
        to_do=Text(
            "Ingenting behöver göras här: fakturan hör till en annan region av samma företag, och "
            "den regionens import läser in betalningen.",
            "Nothing has to be done here: the invoice belongs to another region of the same "
            "company, and the import of that region brings the payment in.",
        ),
        ignored=True,
    ),
    Reason(
        SET_ASIDE,
        Text("Undanlagd", "Set aside"),
        to_do=Text(
            "Den är undanlagd och ligger kvar, också om den är borttagen i {source}: ta tillbaka "
            "den och läs in igen om den ska registreras, eller ska ur listan.",
            "It is set aside and stays so, also if it is deleted in {source}: take it back and "
            "import again if it is to be registered, or to leave the list.",
        ),
        ignored=True,
    ),
)

#: By code, in the order of docs/commands.md.
REASONS: Mapping[str, Reason] = MappingProxyType({reason.code: reason for reason in _ALL})

#: The codes of the halves of settlements.
SETTLEMENTS = frozenset({SETTLED, SETTLEMENT_BLOCKED})

#: The codes of those that are ignored.
IGNORED = frozenset(reason.code for reason in REASONS.values() if reason.ignored)


def label(code: str) -> Text:
    return REASONS[code].label if code in REASONS else Text(code, code)


#: What a payment waits for that may replace another one, but is not known to.
WAITS = frozenset({BESIDE_CHANGED, NOT_CHECKED})


def possible_decisions(code: str | None, obstacle: str = "") -> tuple[str, ...]:
    reason = REASONS.get(code or "")
    if reason is None:
        return (SET_ASIDE,)
    waits = obstacle in WAITS or obstacle == MOVED_TO_OTHER_REGION
    return tuple(choice for choice in reason.decisions if not (waits and choice == ACCEPT))


def asks_person(code: str) -> bool:
    """Whether a person can decide more about a rejected payment than to set it aside."""
    return possible_decisions(code) != (SET_ASIDE,)
