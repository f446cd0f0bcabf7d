"""What ``why`` says of an invoice and its payments.

``{source}`` is replaced by the name of the system that payments come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from hostsim.messages.formats import minute, money
from hostsim.messages.payments import region_name
from hostsim.messages.text import listed
from opter_contract.values import Text

#: Of one about which somebody decided, and which is not saved yet.
TAKEN_AGAIN = Text(
    "Den är avgjord och tas in när du sparar; läs in igen (Läs fil) om den inte kan sparas än.",
    "It is decided and comes in when you save; import again (Read file) if it cannot be saved yet.",
)
MAY_BE_SETTLED = Text(
    "Den kan vara halva av en kvittning mot en kreditfaktura, och allt kunde inte frågas: läs in "
    "först, så visar inläsningen det.",
    "It may be half of a settlement against a credit note, and not everything could be asked: "
    "import first, and the import shows it.",
)

#: What would have to happen for a payment to come in, by its outcome, or by what stands in its
#: way; by its reason, see :mod:`hostsim.ledger.reasons`.
TO_DO: Mapping[str, Text] = {
    "accepted-but-refused": Text(
        "Den är godkänd redan: åtgärda det som hindrar den, och läs in igen; eller ta tillbaka "
        "godkännandet.",
        "It is accepted already: put right what keeps it from being saved, and import again; or "
        "take the acceptance back.",
    ),
    "confirmed-but-paid": Text(
        "Den är bekräftad som en annan betalning: ta bort den som är borttagen i {source} här "
        "också, så kan den sparas; är den ändå samma, godkänn att den ersätter den.",
        "It is confirmed as another payment: delete the one that was deleted in {source} here, "
        "too, so that it can be saved; if it is the same after all, accept that it replaces that "
        "one.",
    ),
    "beside-changed": Text(
        "En registrerad betalning på fakturan är ändrad i {source}: godkänn den ändringen, eller "
        "behåll det som är registrerat. Är den undanlagd, ta tillbaka den först. Är den godkänd "
        "men kan inte sparas, rätta det som hindrar den, eller ta bort den här; därefter avgörs "
        "den här betalningen.",
        "A registered payment of the invoice was changed in {source}: accept that change, or keep "
        "what is registered. If it is set aside, take it back first. If it is accepted but cannot "
        "be saved, put right what is in the way, or delete it here; this payment is decided after "
        "that.",
    ),
    "not-checked": Text(
        "Läs in igen: om den ersätter en betalning som är borttagen i {source} visas det då. Är "
        "det säkert en annan betalning, bekräfta det.",
        "Import again: whether it replaces a payment that was deleted in {source} is shown then. "
        "If it is another payment for certain, confirm that.",
    ),
    "beside-kept": Text(
        "En betalning som ni behåller här är ändrad i {source}, och den här är troligen samma "
        "pengar, bokförda igen: lägg då undan den, eller ta tillbaka att den andra behålls, läs "
        "in igen och godkänn ändringen. Betala tillbaka, eller ta in den som förskott, bara om "
        "pengarna säkert kom två gånger.",
        "A payment that you keep here was changed in {source}, and this one is probably the same "
        "money, booked again: then set it aside, or take back that the other one is kept, import "
        "again and accept the change. Pay back, or take it as an advance, only if the money came "
        "twice for certain.",
    ),
    "kept-elsewhere": Text(
        "Den betalar den här fakturan i {source}, men behålls på en annan faktura här: den här "
        "kan alltså vara betald, så påminn inte kunden innan det är avgjort. Är pengarna för den "
        "här fakturan, ta tillbaka att betalningen behålls, läs in igen och godkänn ändringen.",
        "It pays this invoice in {source}, but is kept on another invoice here: so this one may "
        "be paid, and no reminder should be sent before that is decided. If the money is for this "
        "invoice, take back that the payment is kept, import again and accept the change.",
    ),
    "written-off-here": Text(
        "Det som fattades skrevs av här, så pengarna är troligen inte betalda två gånger: ta bort "
        "betalningen med avskrivningen här, läs in igen, ta in den på nytt och spara båda.",
        "What was missing was written off here, so the money was probably not paid twice: delete "
        "the payment with the write-off here, import again, take it again, and save both.",
    ),
    "more-than-written-off": Text(
        "Det som fattades skrevs av här, så bara resten är för mycket: ta bort betalningen med "
        "avskrivningen här, läs in igen, ta in den på nytt och spara båda; resten blir förskott, "
        "som kan betalas tillbaka.",
        "What was missing was written off here, so that only the rest is too much: delete the "
        "payment with the write-off here, import again, take it again, and save both; the rest "
        "becomes an advance, which can be paid back.",
    ),
    "paid-by-waiting": Text(
        "En annan betalning på fakturan är urkryssad eller ångrad: ta in den igen, eller lägg "
        "undan den; därefter avgörs den här.",
        "Another payment of the invoice is left out or undone: take it again, or set it aside; "
        "this one is decided after that.",
    ),
    "moved-to-other-region": Text(
        "Betalningen är registrerad här, men betalar i {source} en faktura i en annan region: "
        "godkänn ändringen i den regionens import, så registreras den om där, eller behåll det som "
        "är registrerat här.",
        "The payment is registered here, but in {source} it pays an invoice of another region: "
        "accept the change in the import of that region, so that it is registered again there, or "
        "keep what is registered here.",
    ),
    "other-region-unsaved": Text(
        "Fakturan hör till en annan region av samma företag, vars import aldrig har sparats: läs "
        "in och spara den import som är upplagd för regionen, så kommer betalningen in där.",
        "The invoice belongs to another region of the same company, whose import was never saved: "
        "import and save the one that it is defined with, and the payment comes in there.",
    ),
    "other-region-first": Text(
        "Inga pengar kom in: en faktura och en kreditfaktura i två regioner är kvittade mot "
        "varandra, och varje regions import registrerar sin halva. Den här väntar på den andra "
        "regionens: gör det som orsaken säger, och läs sedan in här igen; eller lägg undan båda.",
        "No money came in: an invoice and a credit note in two regions were settled against each "
        "other, and the import of each region registers its half. This one waits for that of the "
        "other region: do what the reason says, and then import here again; or set both aside.",
    ),
    "deleted-at-source": Text(
        "Läs in igen: har den gjorts om i {source} visas det, och du godkänner bytet. Kommer ingen "
        "i dess ställe, ta bort den här också.",
        "Import again: if it was made again in {source}, that is shown and you accept the "
        "exchange. If none comes in its place, delete it here, too.",
    ),
    "in-preview": Text(
        "Den är inläst men inte sparad: spara den.",
        "It was brought in but is not saved: save it.",
    ),
    "not-read": Text(
        "Den är inte inläst än, och kan sparas: läs in den.",
        "It was not brought in yet, and can be saved: bring it in.",
    ),
    "deleted-in-fortnox": Text(
        "Den är borttagen i {source}, och är inte eller inte längre registrerad här: ingenting "
        "behöver göras.",
        "It was deleted in {source}, and is not, or no longer, registered here: nothing has to be "
        "done.",
    ),
    "gone-from-invoice": Text(
        "Den betalar inte längre den här fakturan i {source}: den är flyttad till en annan "
        "faktura, eller borttagen där. Läs in igen: är den registrerad här och flyttad visas "
        "ändringen, och du godkänner den eller behåller det registrerade.",
        "It no longer pays this invoice in {source}: it was moved to another invoice, or deleted "
        "there. Import again: if it is registered here and was moved, the change is shown, and you "
        "accept it or keep what is registered.",
    ),
}


def pays_another(number: str) -> Text:
    return Text(
        f"Betalningen betalar nu faktura {number} i {{source}}",
        f"The payment now pays invoice {number} in {{source}}",
    )


def only_elsewhere(number: str, region: str, other_regions: Sequence[str]) -> Text:
    here, there = region_name(region), listed(map(region_name, other_regions))
    return Text(
        f"Faktura {number} finns inte i {here.sv}, men i {there.sv}: det är en annan faktura, som "
        "läses in med ett annat filformat.",
        f"Invoice {number} is not in {here.en}, but in {there.en}: that is another invoice, which "
        "is read with another file format.",
    )


def of_other_region(number: str, region: str) -> Text:
    here = region_name(region)
    return Text(
        f"Faktura {number} finns inte i {here.sv}: den hör till en annan region av samma företag.",
        f"Invoice {number} is not in {here.en}: it belongs to another region of the same company.",
    )


def not_here(number: str, *, needed: bool) -> Text:
    """Return that an invoice is not here; a credit note that was settled need not be."""
    if not needed:
        return Text(f"Faktura {number} finns inte här", f"Invoice {number} is not here")
    return Text(
        f"Faktura {number} finns inte här, varken med det numret eller genom OCR: läs in den.",
        f"Invoice {number} is not here, neither by that number nor by OCR: load it.",
    )


def remaining(left: Decimal, currency: str, *, credit: bool = False) -> Text:
    """Return what remains to pay; ``left`` is negative if too much was paid.

    :param credit: of a credit note, where ``left`` is what remains to pay back.
    """
    sv, en = (f"{money(abs(left), lang)} {currency}" for lang in ("sv", "en"))
    if credit and left > 0:
        return Text(
            f"Kreditfaktura: kunden har {sv} till godo", f"Credit note: the customer is owed {en}"
        )
    if credit and not left:
        return Text("Kreditfakturan är helt reglerad", "The credit note is settled in full")
    if credit:
        return Text(
            f"Kreditfaktura: {sv} för mycket är återbetalt", f"Credit note: {en} too much paid back"
        )
    if left > 0:
        return Text(f"{sv} återstår att betala", f"{en} remains to pay")
    if left < 0:
        return Text(f"Betald, med {sv} för mycket", f"Paid, with {en} too much")
    return Text("Fakturan är helt betald", "The invoice is paid in full")


def counting_deleted(paid: Text) -> Text:
    """Say of what is paid that it counts a payment that is deleted at the source."""
    return Text(
        f"{paid.sv}, om det som är registrerat här men borttaget i {{source}} räknas",
        f"{paid.en}, if what is registered here but was deleted in {{source}} counts",
    )


DELETED_AT_SOURCE = Text(
    "Betalningen är registrerad här men borttagen i {source}",
    "The payment is registered here but was deleted in {source}",
)
NO_PAYMENT = Text(
    "{source} har ingen betalning av den. Har kunden betalat, leta i {source} efter en "
    "inbetalning utan faktura eller på fel faktura, och be kunden om datum, belopp och OCR",
    "{source} has no payment of it. If the customer has paid, look in {source} for money without "
    "an invoice or on the wrong one, and ask the customer for date, amount and OCR",
)
NONE_FOUND = Text(
    "Ingen betalning av den hittades i {source}, men allt kunde inte frågas, så påminn inte "
    "kunden innan det har rättats",
    "No payment of it was found in {source}, but not everything could be asked, so do not "
    "send a reminder before that is corrected",
)


def told_at_import(at: datetime, what: Text) -> Text:
    return Text(
        f"Vid importen {minute(at)}: {what.sv}", f"At the import of {minute(at)}: {what.en}"
    )


SETTLED_AT_SOURCE = Text(
    "I {source} är den kvittad mot en kreditfaktura: inga pengar väntar, så påminn inte kunden",
    "In {source} it was settled against a credit note: no money is to come, so do not send a "
    "reminder",
)
SETTLED_IN_PART = Text(
    "I {source} är en del av den kvittad mot en kreditfaktura: inga pengar väntar för den delen",
    "In {source} a part of it was settled against a credit note: no money is to come for that part",
)
SETTLED_AND_PAID = Text(
    "I {source} är den kvittad mot en kreditfaktura, och en betalning av den är inte sparad än: "
    "spara den innan du påminner kunden",
    "In {source} it was settled against a credit note, and a payment of it is not saved yet: save "
    "that before you send a reminder",
)
CREDIT_SETTLED_AT_SOURCE = Text(
    "I {source} är den kvittad mot en faktura", "In {source} it was settled against an invoice"
)
NONE_KNOWN = Text("Ingen betalning av den är känd här", "No payment of it is known here")
NOT_ASKED = Text(
    "{source} är inte tillfrågat: det som står här är vad som var känt vid senaste importen",
    "{source} was not asked: this is what was known at the last import",
)

OFFLINE = Text("Du valde att inte fråga {source}.", "You chose not to ask {source}.")
NO_DEFINITION = Text(
    "Ingen import är upplagd för fakturans region, så det finns ingen att fråga.",
    "No import is defined for the invoice's region, so that there is nothing to ask.",
)
CANNOT_ASK = Text(
    "Insticksprogrammet kan inte läsa enstaka fakturors betalningar; uppgradera det.",
    "The plug-in cannot read the payments of single invoices; upgrade it.",
)
