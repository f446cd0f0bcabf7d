"""The codes of the export of bills with their sentences."""

from __future__ import annotations

from typing import Final

from opter_contract.values import Text
from opter_fortnox_plugin.exports.problems import Problems

PROBLEMS: Final = Problems(
    "SUPPLIER",
    {
        "item": Text("avräkningen", "the bill"),
        "Item": Text("Avräkningen", "The bill"),
        "items": Text("avräkningens", "the bill's"),
        "correct": Text("Gör en rättelse i en ny avräkning.", "Correct it in a new bill."),
        "party": Text("leverantören", "the supplier"),
        "Party": Text("Leverantör", "Supplier"),
        "Parties": Text("Leverantörerna", "The suppliers"),
        "party_number": Text("leverantörsnummer", "supplier number"),
    },
    gaps={
        "COST_CENTER_DEMANDED": Text(
            "Konto {what} kräver ett kostnadsställe i Fortnox, och ekonomiska enheter skickas "
            "inte med avräkningar. Ändra kravet i Fortnox, eller konteringen.",
            "Account {what} demands a cost centre in Fortnox, and economic units are not sent "
            "with bills. Change the demand in Fortnox, or the account coding.",
        ),
        "SUPPLIER_NUMBER_MISSING": Text(
            "Leverantören {what} saknar det nummer som är leverantörsnummer i Fortnox. Fyll i "
            "det, eller ändra inställningen Leverantörsnummer i Fortnox.",
            "Supplier {what} lacks the number that is the supplier number in Fortnox. Fill it "
            "in, or change the setting Supplier number in Fortnox.",
        ),
    },
    refusals={
        "NUMBER_TAKEN": Text(
            "Leverantören har redan en annan leverantörsfaktura med det numret i Fortnox, "
            "löpnummer {number}{sides}. Kontrollera vilken som är rätt: makulera den i Fortnox, "
            "eller ge avräkningen ett annat nummer.",
            "The supplier has another supplier invoice of that number in Fortnox already, given "
            "number {number}{sides}. Check which is right: cancel it in Fortnox, or give the bill "
            "another number.",
        ),
        "TWICE_IN_FORTNOX": Text(
            "Avräkningen finns flera gånger i Fortnox, löpnummer {number}. Makulera alla utom en "
            "där, så att den inte betalas två gånger.",
            "The bill is in Fortnox more than once, given numbers {number}. Cancel all but one "
            "there, so that it is not paid twice.",
        ),
        "SUPPLIER_CHANGED": Text(
            "Avräkningen har skickats till leverantör {old} i Fortnox, löpnummer {number}, och har "
            "en annan leverantör nu. Ta tillbaka den, och exportera sedan just den.",
            "The bill was sent to supplier {old} in Fortnox, given number {number}, and has "
            "another supplier now. Take it back, and then export this very bill.",
        ),
        "ADOPTED_DIFFERS": Text(
            "Avräkningen fanns redan i Fortnox men skiljer sig (här / i Fortnox): {what}. Rätta "
            "den där; den ändras inte härifrån förrän avräkningen ändras.",
            "The bill was in Fortnox already but differs (here / in Fortnox): {what}. Correct it "
            "there; it is not changed from here until the bill changes.",
        ),
        "CAME_MEANWHILE": Text(
            "Medan exporten väntade kom en leverantörsfaktura med det numret in i Fortnox, så "
            "avräkningen skickades inte. Exportera igen: då jämförs de.",
            "While the export waited, a supplier invoice of that number came into Fortnox, so "
            "that the bill was not sent. Export again: they are compared then.",
        ),
        "SENT_AGAIN": Text(
            "Fortnox svarade inte när avräkningen skickades förra gången, och den finns inte "
            "där. Den skickas på nytt, och nästa export kontrollerar att den inte finns två "
            "gånger.",
            "Fortnox did not answer when the bill was sent the last time, and it is not there. "
            "It is sent again, and the next export checks that it is not there twice.",
        ),
        "RESULT_UNKNOWN": Text(
            "Fortnox svarade inte, och avräkningen syns inte där än. Den skickas inte på nytt nu. "
            "Exportera igen om en stund: då kontrolleras det först.",
            "Fortnox did not answer, and the bill does not show there yet. It is not sent again "
            "now. Export again in a while: that is checked first.",
        ),
        "NUMBER_NOT_USABLE": Text(
            "Fortnox tar nummer på högst 64 tecken, och avräkningens är {number}.",
            "Fortnox takes numbers of at most 64 characters, and that of the bill is {number}.",
        ),
        "CANCELLED_IN_FORTNOX": Text(
            "Avräkningen är makulerad i Fortnox, löpnummer {number}. Ska den skickas på nytt, ta "
            "först tillbaka den här också, och exportera sedan just den.",
            "The bill is cancelled in Fortnox, given number {number}. If it is to be sent again, "
            "take it back here, too, and then export this very bill.",
        ),
        "NOT_BALANCED": Text(
            "Raderna blir {rows} (debet minus kredit) men avräkningen är på {total}. Rätta "
            "konteringen.",
            "The rows come to {rows} (debit less credit) but the bill is of {total}. Correct the "
            "account coding.",
        ),
        "BANK_NOT_CONFIRMED": Text(
            "Leverantörens bankuppgifter skulle ändras i Fortnox. Kontrollera dem med "
            "leverantören och bekräfta ändringen; tills dess väntar avräkningen.",
            "The bank details of the supplier would change in Fortnox. Check them with the "
            "supplier and confirm the change; the bill waits until then.",
        ),
        "BANK_DIFFERS": Text(
            "Leverantören har andra bankuppgifter i Fortnox (här / i Fortnox): {sides}. Exporten "
            "ändrar dem inte, enligt sina inställningar, så Fortnox betalar dit.",
            "The supplier has other bank details in Fortnox (here / in Fortnox): {sides}. The "
            "export does not change them, by its settings, so that Fortnox pays there.",
        ),
        "BANK_CHANGED": Text(
            "Någon ändrade bankuppgifterna för leverantör {number} i Fortnox medan exporten "
            "väntade, så ingenting skrevs. Exportera igen och kontrollera dem.",
            "Somebody changed the bank details of supplier {number} in Fortnox while the export "
            "waited, so that nothing was written. Export again and check them.",
        ),
        "SUPPLIER_UNREADABLE": Text(
            "Leverantör {number} finns i Fortnox men går inte att läsa där, så bankuppgifterna "
            "kan inte jämföras. Inloggningen kan sakna en rätt.",
            "Supplier {number} is in Fortnox but cannot be read there, so that the bank details "
            "cannot be compared. The login may lack a right.",
        ),
    },
)
