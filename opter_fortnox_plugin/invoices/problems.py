"""The codes of the export of invoices with their sentences, and why a total is another one."""

from __future__ import annotations

from typing import Final

from opter_contract.values import Text
from opter_fortnox_plugin.exports.problems import Problems
from opter_fortnox_plugin.fortnox.invoice_schemas import Invoice

PROBLEMS: Final = Problems(
    "CUSTOMER",
    {
        "item": Text("fakturan", "the invoice"),
        "Item": Text("Fakturan", "The invoice"),
        "items": Text("fakturans", "the invoice's"),
        "correct": Text("Gör en rättelsefaktura.", "Make a correction invoice."),
        "party": Text("kunden", "the customer"),
        "Party": Text("Kund", "Customer"),
        "Parties": Text("Kunderna", "The customers"),
        "party_number": Text("kundnummer", "customer number"),
    },
    gaps={
        "VAT_RATE_UNKNOWN": Text(
            "Momssatsen {what} går inte att använda i Fortnox. Lägg upp den i Fortnox, eller ange "
            "dess momsslag i exportens inställningar.",
            "The VAT rate {what} cannot be used in Fortnox. Add it in Fortnox, or give its VAT "
            "kind in the settings of the export.",
        ),
        "COST_CENTER_UNKNOWN": Text(
            "Kostnadsstället {what} går inte att använda i Fortnox. Lägg upp det och gör det "
            "aktivt där, eller ändra inställningen Kostnadsställe.",
            "The cost centre {what} cannot be used in Fortnox. Add it and make it active there, "
            "or change the setting Cost centre.",
        ),
        "COST_CENTER_DEMANDED": Text(
            "Konto {what} kräver ett kostnadsställe i Fortnox, men fakturan har ingen ekonomisk "
            "enhet som skickas. Välj Ekonomisk enhet i exportens inställningar, eller ändra "
            "kravet i Fortnox.",
            "Account {what} demands a cost centre in Fortnox, but the invoice has no economic "
            "unit that is sent. Choose the economic unit in the settings of the export, or change "
            "the demand in Fortnox.",
        ),
        "COST_CENTER_NOT_ALLOWED": Text(
            "Konto {what} får inte ha kostnadsställe i Fortnox, men raden har en ekonomisk enhet. "
            "Tillåt det i Fortnox, eller ändra konteringen.",
            "Account {what} may not have a cost centre in Fortnox, but the row has an economic "
            "unit. Allow it in Fortnox, or change the account coding.",
        ),
        "CUSTOMER_NUMBER_MISSING": Text(
            "Kunden {what} saknar det nummer som är kundnummer i Fortnox. Fyll i det, eller ändra "
            "inställningen Kundnummer i Fortnox.",
            "Customer {what} lacks the number that is the customer number in Fortnox. Fill it in, "
            "or change the setting Customer number in Fortnox.",
        ),
    },
    refusals={
        "VAT_KIND_CONTRADICTS": Text(
            "Fakturans moms är av slaget {ours}, men kunden har {theirs} i Fortnox. Rätta "
            "momsslaget på kundkortet i Fortnox, eller fakturans momssatser.",
            "The VAT of the invoice is of the kind {ours}, but the customer has {theirs} in "
            "Fortnox. Correct the VAT type on the customer's card in Fortnox, or the VAT rates of "
            "the invoice.",
        ),
        "NUMBER_TAKEN": Text(
            "Numret {number} är redan en annan faktura i Fortnox{sides}. Numren ska ligga i "
            "skilda serier: rätta i Fortnox, eller exportera från ett senare nummer.",
            "The number {number} is already another invoice in Fortnox{sides}. The numbers must "
            "be in series apart: correct it in Fortnox, or export from a later number.",
        ),
        "NUMBER_NOT_USABLE": Text(
            "Fortnox tar bara fakturanummer av siffror, högst 15 och utan nolla först, och numret "
            "är {number}.",
            "Fortnox takes only invoice numbers of digits, at most 15 and without a leading zero, "
            "and the number is {number}.",
        ),
        "CANCELLED_IN_FORTNOX": Text(
            "Fakturan {number} är makulerad i Fortnox, och numret används inte igen. Gör en ny "
            "faktura med ett annat nummer.",
            "Invoice {number} is cancelled in Fortnox, and the number is not used again. Make a "
            "new invoice of another number.",
        ),
        "CUSTOMER_NOT_THERE": Text(
            "Kund {what} finns inte längre i Fortnox, som inte godtog fakturan. Exportera igen: "
            "då läggs kunden upp på nytt, om Fortnox godtar numret.",
            "Customer {what} is not in Fortnox any more, which did not accept the invoice. Export "
            "again: the customer is made again then, if Fortnox accepts the number.",
        ),
        "ROUNDED": Text(
            "Momsen är {rows} på raderna men {rates} på summan per sats, som Fortnox räknar. "
            "Skillnaden, {difference}, läggs som en rad på konto {account}.",
            "VAT is {rows} on the rows but {rates} on the sum per rate, as Fortnox computes it. "
            "The difference, {difference}, becomes a row on account {account}.",
        ),
        "NUMBER_NOT_KEPT": Text(
            "Fortnox gav fakturan numret {number} i stället för vårt. Makulera den i Fortnox, och "
            "kontrollera fakturaseriens inställningar innan du exporterar igen.",
            "Fortnox gave the invoice the number {number} instead of ours. Cancel it in Fortnox, "
            "and check the settings of the invoice series before you export again.",
        ),
        "ROWS_MISSING": Text(
            "Fakturan finns inte i Fortnox och har inga rader här, så den skickas inte. Läs in den "
            "med rader.",
            "The invoice is not in Fortnox and has no rows here, so that it is not sent. Load it "
            "with rows.",
        ),
        "ORIGINAL_NOT_SENT": Text(
            "Rättelsen {is_not_sent}, eftersom faktura {number} som den rättar inte finns i "
            "Fortnox. Exportera den först; saknar den rader här, läs först in den med rader. Går "
            "den inte att exportera, gör rättelsen i Fortnox.",
            "The correction {is_not_sent}, since invoice {number} that it corrects is not in "
            "Fortnox. Export that one first; if it has no rows here, load it with rows before. If "
            "it cannot be exported, make the correction in Fortnox.",
        ),
        "ORIGINAL_EXCLUDED": Text(
            "Rättelsen {is_not_sent}, eftersom faktura {number} som den rättar inte finns i "
            "Fortnox, och exportens inställningar utelämnar den. Exportera från ett tidigare datum "
            "eller nummer, eller gör rättelsen i Fortnox.",
            "The correction {is_not_sent}, since invoice {number} that it corrects is not in "
            "Fortnox, and the settings of the export leave it out. Export from an earlier date or "
            "number, or make the correction in Fortnox.",
        ),
        "ORIGINAL_CANCELLED": Text(
            "Rättelsen {is_not_sent}, eftersom faktura {number} som den rättar är makulerad i "
            "Fortnox: det finns inget kvar att rätta. Ta bort rättelsen, eller låt den rätta en "
            "faktura som gäller.",
            "The correction {is_not_sent}, since invoice {number} that it corrects is cancelled in "
            "Fortnox: nothing is left to correct. Remove the correction, or let it correct an "
            "invoice that is in force.",
        ),
        "ORIGINAL_OF_OTHER_REGION": Text(
            "Rättelsen {is_not_sent}, eftersom faktura {number} i Fortnox är en annan, exporterad "
            "från en annan region. Gör rättelsen i Fortnox.",
            "The correction {is_not_sent}, since invoice {number} in Fortnox is another one, "
            "exported from another region. Make the correction in Fortnox.",
        ),
        "ORIGINAL_OF_OTHER_CUSTOMER": Text(
            "Rättelsen {is_not_sent}, eftersom den är till kund {ours}, och faktura {number} som "
            "den rättar är till kund {theirs} i Fortnox. Rätta kunden, eller numret på fakturan "
            "som rättas; har kunden fått ett annat nummer, exportera faktura {number} samtidigt, "
            "eller gör rättelsen i Fortnox.",
            "The correction {is_not_sent}, since it is for customer {ours}, and invoice {number} "
            "that it corrects is for customer {theirs} in Fortnox. Correct the customer, or the "
            "number of the invoice that is corrected; if the customer has got another number, "
            "export invoice {number} with it, or make the correction in Fortnox.",
        ),
        "ORIGINAL_IS_ANOTHER": Text(
            "Rättelsen {is_not_sent}, eftersom faktura {number} i Fortnox är en annan än den här "
            "(här / i Fortnox: {sides}). Rätta numret på fakturan som rättas, eller gör rättelsen "
            "i Fortnox.",
            "The correction {is_not_sent}, since invoice {number} in Fortnox is another one than "
            "here (here / in Fortnox: {sides}). Correct the number of the invoice that is "
            "corrected, or make the correction in Fortnox.",
        ),
        "CUSTOMER_RENUMBERED": Text(
            "Kunden har nummer {ours} här nu. Rättelsen får {theirs}, som fakturan den rättar har "
            "i Fortnox, där den är bokförd.",
            "The customer has the number {ours} here now. The correction gets {theirs}, which the "
            "invoice that it corrects has in Fortnox, where it is booked.",
        ),
        "NOT_MARKED_SENT": Text(
            "Fakturan är skickad, men kunde inte märkas som skickad till kunden i Fortnox. "
            "Exportera igen.",
            "The invoice is sent, but could not be marked as sent to the customer in Fortnox. "
            "Export again.",
        ),
    },
    remarks={
        "CORRECTION_BOOKED": Text(
            "Rättelsen är bokförd i Fortnox och ändras inte. Bokför också faktura {number} som den "
            "rättar; är rättelsen fel, gör en rättelsefaktura.",
            "The correction is booked in Fortnox and is not changed. Book invoice {number} that it "
            "corrects, too; if the correction is wrong, make a correction invoice.",
        ),
        "ORIGINAL_CANCELLED_SINCE": Text(
            "Rättelsen {is_not_sent}, eftersom faktura {number} som den rättar är makulerad i "
            "Fortnox: det finns inget kvar att rätta. Ta tillbaka rättelsen, eller låt den rätta "
            "en faktura som gäller.",
            "The correction {is_not_sent}, since invoice {number} that it corrects is cancelled in "
            "Fortnox: nothing is left to correct. Take back the correction, or let it correct an "
            "invoice that is in force.",
        ),
        "ORIGINAL_BOOKED_FOR_OTHER": Text(
            "Rättelsen {is_not_sent}, eftersom den är till kund {ours}, och faktura {number} som "
            "den rättar är bokförd på kund {theirs} i Fortnox. Rätta kunden, eller numret på "
            "fakturan som rättas; har kunden fått ett annat nummer, gör rättelsen i Fortnox.",
            "The correction {is_not_sent}, since it is for customer {ours}, and invoice {number} "
            "that it corrects is booked for customer {theirs} in Fortnox. Correct the customer, or "
            "the number of the invoice that is corrected; if the customer has got another number, "
            "make the correction in Fortnox.",
        ),
        "ORIGINAL_FAILED": Text(
            "Rättelsen {is_not_sent}, eftersom faktura {number} som den rättar inte gick att "
            "exportera nu; varför står vid den. Exportera igen.",
            "The correction {is_not_sent}, since invoice {number} that it corrects could not be "
            "exported now; the reason is with that one. Export again.",
        ),
        "OLD_NUMBER_LOST": Text(
            "Rättelsen {is_not_sent}, eftersom den behöver kundnumret {number}, som faktura "
            "{original} är bokförd med i Fortnox, och det numret går inte att använda längre: "
            "{why}. Gör rättelsen i Fortnox.",
            "The correction {is_not_sent}, since it needs the customer number {number}, with which "
            "invoice {original} is booked in Fortnox, and that number cannot be used any more: "
            "{why}. Make the correction in Fortnox.",
        ),
    },
)


#: Why a customer number cannot be used any more, as the end of a sentence.
IS_DELETED: Final = Text("kunden är borttagen där", "the customer is deleted there")


def is_other_company(ours: str, theirs: str) -> Text:
    """Return why a customer number cannot be used any more: by its organisation number."""
    return Text(
        f"det är ett annat företag där nu (organisationsnummer {theirs}, här {ours})",
        f"it is another company there now (organisation number {theirs}, here {ours})",
    )


def is_another_there(name: str) -> Text:
    """Return why a customer number cannot be used any more: it belongs to another one now."""
    return Text(f"det är {name} där nu", f"it is {name} there now")


def likely_cause_of_total(theirs: Invoice) -> Text:
    """Return why Fortnox probably computed another total."""
    if theirs.administration_fee:
        return Text(
            "Fortnox lade till en faktureringsavgift; ta bort den förinställda i Fortnox.",
            "Fortnox added an administration fee; remove the preset one in Fortnox.",
        )
    if theirs.freight:
        return Text(
            "Fortnox lade till frakt; ta bort den förinställda i Fortnox.",
            "Fortnox added freight; remove the preset one in Fortnox.",
        )
    if theirs.round_off:
        return Text(
            "Fortnox avrundade till hela kronor; slå av öresavrundning i Fortnox.",
            "Fortnox rounded to whole kronor; switch the rounding off in Fortnox.",
        )
    return Text(
        "Momsen blev en annan; kontrollera momssatserna och kundens momsslag i Fortnox.",
        "The VAT became another; check the VAT rates and the customer's VAT type in Fortnox.",
    )
