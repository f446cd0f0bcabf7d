"""Why an invoice is not exported, or what is missing in Fortnox: one row a code.

The codes are stable; see the table in the README.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opter_contract.values import Text

#: What is missing in the set-up of Fortnox, or here: nothing that needs it is sent.
GAPS: Final[Mapping[str, Text]] = {
    "ACCOUNT_UNKNOWN": Text(
        "Konto {what} finns inte i Fortnox kontoplan för året. Lägg upp kontot i Fortnox, eller "
        "ändra konteringen.",
        "Account {what} is not in Fortnox's chart of accounts of the year. Add the account in "
        "Fortnox, or change the account coding.",
    ),
    "ACCOUNT_INACTIVE": Text(
        "Konto {what} är inaktivt i Fortnox. Gör det aktivt där, eller ändra konteringen.",
        "Account {what} is inactive in Fortnox. Make it active there, or change the account "
        "coding.",
    ),
    "VAT_RATE_UNKNOWN": Text(
        "Momssatsen {what} går inte att använda i Fortnox. Lägg upp den i Fortnox, eller ange "
        "dess momsslag i exportens inställningar.",
        "The VAT rate {what} cannot be used in Fortnox. Add it in Fortnox, or give its VAT kind "
        "in the settings of the export.",
    ),
    "CURRENCY_UNKNOWN": Text(
        "Valutan {what} finns inte i Fortnox. Lägg upp den i Fortnox, under Inställningar och "
        "Valutor.",
        "The currency {what} is not in Fortnox. Add it in Fortnox, under Settings and Currencies.",
    ),
    "COST_CENTER_UNKNOWN": Text(
        "Kostnadsstället {what} går inte att använda i Fortnox. Lägg upp det och gör det aktivt "
        "där, eller ändra inställningen Kostnadsställe.",
        "The cost centre {what} cannot be used in Fortnox. Add it and make it active there, or "
        "change the setting Cost centre.",
    ),
    "COST_CENTER_DEMANDED": Text(
        "Konto {what} kräver ett kostnadsställe i Fortnox, men fakturan har ingen ekonomisk enhet "
        "som skickas. Välj Ekonomisk enhet i exportens inställningar, eller ändra kravet i "
        "Fortnox.",
        "Account {what} demands a cost centre in Fortnox, but the invoice has no economic unit "
        "that is sent. Choose the economic unit in the settings of the export, or change the "
        "demand in Fortnox.",
    ),
    "COST_CENTER_NOT_ALLOWED": Text(
        "Konto {what} får inte ha kostnadsställe i Fortnox, men raden har en ekonomisk enhet. "
        "Tillåt det i Fortnox, eller ändra konteringen.",
        "Account {what} may not have a cost centre in Fortnox, but the row has an economic unit. "
        "Allow it in Fortnox, or change the account coding.",
    ),
    "FINANCIAL_YEAR_MISSING": Text(
        "Det finns inget räkenskapsår i Fortnox för {what}. Lägg upp räkenskapsåret i Fortnox.",
        "There is no financial year in Fortnox for {what}. Add the financial year in Fortnox.",
    ),
    "PERIOD_LOCKED": Text(
        "Fortnox är låst till och med {what}. Lås upp perioden i Fortnox, eller ändra fakturans "
        "datum.",
        "Fortnox is locked up to and including {what}. Unlock the period in Fortnox, or change "
        "the date of the invoice.",
    ),
    "CUSTOMER_NUMBER_MISSING": Text(
        "Kunden {what} saknar det nummer som är kundnummer i Fortnox. Fyll i det, eller ändra "
        "inställningen Kundnummer i Fortnox.",
        "Customer {what} lacks the number that is the customer number in Fortnox. Fill it in, or "
        "change the setting Customer number in Fortnox.",
    ),
}

#: Why one invoice is refused, or what is to be noted about it.
REFUSALS: Final[Mapping[str, Text]] = {
    "VAT_KIND_CONTRADICTS": Text(
        "Fakturans moms är av slaget {ours}, men kunden har {theirs} i Fortnox. Rätta "
        "momsslaget på kundkortet i Fortnox, eller fakturans momssatser.",
        "The VAT of the invoice is of the kind {ours}, but the customer has {theirs} in Fortnox. "
        "Correct the VAT type on the customer's card in Fortnox, or the VAT rates of the invoice.",
    ),
    "NUMBER_TAKEN": Text(
        "Numret {number} är redan en annan faktura i Fortnox{sides}. Numren ska ligga i skilda "
        "serier: rätta i Fortnox, eller exportera från ett senare nummer.",
        "The number {number} is already another invoice in Fortnox{sides}. The numbers must be in "
        "series apart: correct it in Fortnox, or export from a later number.",
    ),
    "NUMBER_NOT_USABLE": Text(
        "Fortnox tar bara fakturanummer av siffror, högst 15, och numret är {number}.",
        "Fortnox takes only invoice numbers of digits, at most 15, and the number is {number}.",
    ),
    "CANCELLED_IN_FORTNOX": Text(
        "Fakturan {number} är makulerad i Fortnox, och numret används inte igen. Gör en ny "
        "faktura med ett annat nummer.",
        "Invoice {number} is cancelled in Fortnox, and the number is not used again. Make a new "
        "invoice of another number.",
    ),
    "TOTAL_DIFFERS": Text(
        "Totalen blir {theirs} i Fortnox men är {ours} här. {cause}",
        "The total becomes {theirs} in Fortnox but is {ours} here. {cause}",
    ),
    "ROUNDED": Text(
        "Momsen är {rows} på raderna men {rates} på summan per sats, som Fortnox räknar. "
        "Skillnaden, {difference}, läggs som en rad på konto {account}.",
        "VAT is {rows} on the rows but {rates} on the sum per rate, as Fortnox computes it. The "
        "difference, {difference}, becomes a row on account {account}.",
    ),
    "NUMBER_NOT_KEPT": Text(
        "Fortnox gav fakturan numret {number} i stället för vårt. Makulera den i Fortnox, och "
        "kontrollera fakturaseriens inställningar innan du exporterar igen.",
        "Fortnox gave the invoice the number {number} instead of ours. Cancel it in Fortnox, and "
        "check the settings of the invoice series before you export again.",
    ),
    "CONTENT_DIFFERS": Text(
        "Fortnox gjorde något annat av fakturan (här / i Fortnox): {what}. Rätta fakturan i "
        "Fortnox, och kontrollera inställningarna där.",
        "Fortnox made something else of the invoice (here / in Fortnox): {what}. Correct the "
        "invoice in Fortnox, and check the settings there.",
    ),
    "ORIGINAL_NOT_SENT": Text(
        "Rättelsen skickades inte, eftersom faktura {number} som den rättar inte skickades.",
        "The correction was not sent, since invoice {number} that it corrects was not sent.",
    ),
    "TOO_MANY_ROWS": Text(
        "Fakturan blir {count} rader, och Fortnox tar högst 500. Dela upp fakturan.",
        "The invoice becomes {count} rows, and Fortnox takes at most 500. Split the invoice.",
    ),
    "CUSTOMER_CONTRADICTS": Text(
        "Kund {number} i Fortnox har ett annat organisationsnummer ({theirs}, här {ours}), så "
        "det är en annan kund. Ge kunden ett annat nummer, eller rätta organisationsnumret.",
        "Customer {number} in Fortnox has another organisation number ({theirs}, here {ours}), so "
        "it is another customer. Give the customer another number, or correct the organisation "
        "number.",
    ),
    "PDF_NOT_USABLE": Text(
        "Fakturan är skickad, men bilagan är ingen PDF, eller större än 5 MB, så den bifogades "
        "inte.",
        "The invoice is sent, but its document is no PDF, or larger than 5 MB, so it was not "
        "attached.",
    ),
    "PDF_NOT_REPLACED": Text(
        "Fakturan är uppdaterad, men har redan en bilaga i Fortnox. Byt den där om den är en "
        "annan.",
        "The invoice is updated, but has an attachment in Fortnox already. Replace it there if "
        "it is another.",
    ),
    "TEXT_REFUSED": Text(
        "Fortnox godtar inte tecknen i {what}. Ändra texten och exportera igen.",
        "Fortnox does not accept the characters in {what}. Change the text and export again.",
    ),
    "CUSTOMER_NUMBER_SHARED": Text(
        "Kunderna {codes} har samma kundnummer {number}. Ge dem varsitt.",
        "The customers {codes} have the same customer number {number}. Give each its own.",
    ),
    "CUSTOMER_NUMBER_TAKEN": Text(
        "Kundnumret {number} är förbrukat i Fortnox: det har hört till en kund som är borttagen. "
        "Ge kunden ett annat nummer.",
        "The customer number {number} is used up in Fortnox: it belonged to a customer that is "
        "deleted. Give the customer another number.",
    ),
    "CUSTOMER_NOT_WRITTEN": Text(
        "Kunden {number} kunde inte skrivas i Fortnox (kod {code}), så fakturan skickades inte. "
        "Rätta kunden och exportera igen.",
        "Customer {number} could not be written to Fortnox (code {code}), so the invoice was not "
        "sent. Correct the customer and export again.",
    ),
    "REFUSED_BY_FORTNOX": Text(
        "Fortnox godtog inte fakturan (kod {code}). Orden från Fortnox står i exportloggen.",
        "Fortnox did not accept the invoice (code {code}). Fortnox's words are in the export log.",
    ),
    "BOOKED_IN_FORTNOX": Text(
        "Fakturan är bokförd i Fortnox och ändras inte. Gör en rättelsefaktura.",
        "The invoice is booked in Fortnox and is not changed. Make a correction invoice.",
    ),
    "UNREADABLE_IN_FORTNOX": Text(
        "Fakturan finns i Fortnox men går inte att läsa där ({what}). Den som loggade in kan "
        "sakna en rätt.",
        "The invoice is in Fortnox but cannot be read there ({what}). The person who signed in "
        "may lack a right.",
    ),
    "RESULT_UNKNOWN": Text(
        "Fortnox svarade inte, och det gick inte att fråga om fakturan kom fram. Exportera igen: "
        "då frågas det först.",
        "Fortnox did not answer, and it could not be asked whether the invoice arrived. Export "
        "again: it is asked first.",
    ),
    "NOT_SENT": Text(
        "Exporten avbröts innan fakturan skickades. Exportera igen.",
        "The export ended before the invoice was sent. Export again.",
    ),
    "PDF_NOT_ATTACHED": Text(
        "Fakturan är skickad, men dess PDF kunde inte bifogas. Exportera igen.",
        "The invoice is sent, but its PDF could not be attached. Export again.",
    ),
    "NOT_MARKED_SENT": Text(
        "Fakturan är skickad, men kunde inte märkas som skickad till kunden i Fortnox. Exportera "
        "igen.",
        "The invoice is sent, but could not be marked as sent to the customer in Fortnox. Export "
        "again.",
    ),
    "NOT_IN_FORTNOX": Text(
        "Fakturan har exporterats men finns inte i Fortnox. Kontrollera att det är rätt företag.",
        "The invoice was exported but is not in Fortnox. Check that it is the right company.",
    ),
}

#: What Fortnox's own codes of a refusal mean; from its error table.
OF_FORTNOX: Final[Mapping[int, str]] = {
    2000423: "ACCOUNT_UNKNOWN",
    2001304: "ACCOUNT_UNKNOWN",
    2000550: "ACCOUNT_INACTIVE",
    2000427: "CURRENCY_UNKNOWN",
    2004344: "CURRENCY_UNKNOWN",
    2000946: "COST_CENTER_DEMANDED",
    2000947: "COST_CENTER_UNKNOWN",
    2000401: "PERIOD_LOCKED",
    2002141: "PERIOD_LOCKED",
    2000359: "TEXT_REFUSED",
    2000106: "TEXT_REFUSED",
    2004167: "VAT_RATE_UNKNOWN",
}

#: A customer number that is used, or was.
CUSTOMER_NUMBER_USED: Final = 2000637


def sentence(code: str, /, **details: object) -> Text:
    """Return the message of a code."""
    template = GAPS.get(code) or REFUSALS[code]
    return Text(
        template.sv.format_map({key: _in(value, "sv") for key, value in details.items()}),
        template.en.format_map({key: _in(value, "en") for key, value in details.items()}),
    )


def _in(value: object, language: str) -> object:
    return getattr(value, language) if isinstance(value, Text) else value
