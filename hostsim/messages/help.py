"""What each list and each column means, for somebody who meets it for the first time."""

from __future__ import annotations

from opter_contract.values import Text

#: By the name of the list.
LISTS = {
    "ready": Text(
        "Inlästa betalningar som har hittat sin faktura. Ingenting registreras förrän du sparar; "
        "det som inte är förbockat lämnas till nästa gång.",
        "Payments that found their invoice. Nothing is registered before you save; what is not "
        "ticked is left to the next import.",
    ),
    "rejected": Text(
        "Inlästa betalningar som ingen kan spara än. Orsaken säger vad som behövs; de erbjuds "
        "igen vid nästa inläsning.",
        "Payments that cannot be saved yet. The reason says what is needed; they are offered "
        "again by the next import.",
    ),
    "ignored": Text(
        "Inlästa betalningar som inställningarna utelämnar, eller som någon har lagt undan.",
        "Payments that the settings exclude, or that somebody set aside.",
    ),
    "payments": Text(
        "Allt som är registrerat, från import och för hand. Rosa är borttaget, kursivt motbokat.",
        "All that is registered, by imports and by hand. Pink is deleted, italics are reversed.",
    ),
    "decisions": Text(
        "Vad någon har bestämt om en betalning, och om det gäller än.",
        "What somebody decided about a payment, and whether it is still in force.",
    ),
    "runs": Text("Varje import, med vad den ledde till.", "Each import, and what it came to."),
    "log": Text(
        "Vad exporterna har gjort med varje post: skickat, tagit tillbaka, eller varför inte.",
        "What exports did with each item: sent it, took it back, or why not.",
    ),
    "open": Text(
        "Fakturor där något återstår. Minus är det som kunden har till godo: betalt för mycket, "
        "eller kvar av en kreditfaktura.",
        "Invoices of which something remains. Minus is what the customer is owed: paid too much, "
        "or left of a credit note.",
    ),
    "invoices": Text(
        "Fakturorna här, och hur de står i bokföringen. En stängd period kan exporteras.",
        "The invoices here, and how they stand in accounting. A closed period can be exported.",
    ),
    "bills": Text(
        "Underleverantörernas avräkningar, och hur de står i bokföringen. En stängd period kan "
        "exporteras.",
        "The bills of subcontractors, and how they stand in accounting. A closed period can be "
        "exported.",
    ),
    "overview": Text(
        "Varje import och export, och om den behöver någon. Det som behöver någon står först.",
        "Each import and export, and whether it needs somebody. Those that do come first.",
    ),
}

#: Once it is saved or undone, by its title then.
SAVED_LISTS = {
    "ready_saved": Text(
        "Betalningar som sparningen registrerade. Det som inte var förbockat lämnades till nästa "
        "gång.",
        "Payments that the save registered. What was not ticked was left to the next import.",
    ),
    "ready_undone": Text(
        "Betalningar som sparningen registrerade, innan den ångrades. De erbjuds igen vid nästa "
        "inläsning.",
        "Payments that the save registered, before it was undone. The next import offers them "
        "again.",
    ),
    "ready_partly_undone": Text(
        "Betalningar som sparningen registrerade, innan den ångrades. En del av dem gäller igen.",
        "Payments that the save registered, before it was undone. Some of them count again.",
    ),
    "rejected_saved": Text(
        "Inlästa betalningar som inte kunde sparas då. Orsaken säger vad som behövdes; de erbjuds "
        "igen vid nästa inläsning.",
        "Payments that could not be saved then. The reason says what was needed; they are offered "
        "again by the next import.",
    ),
}

#: By the key of the column.
COLUMNS = {
    "mark": Text(
        "Grön bock: beloppet stämmer. Röd flagga: titta på den.",
        "A green tick: the amount is right. A red flag: look at it.",
    ),
    "payment": Text(
        "Betalningens nummer där den kom från.", "The number of the payment where it came from."
    ),
    "invoice": Text(
        "Fakturans nummer; med en pil står numret där först och numret här sist.",
        "The number of the invoice; with an arrow, the number there and then the one here.",
    ),
    "customer": Text("Vem fakturan är ställd till.", "Whom the invoice is made out to."),
    "date": Text("När pengarna kom.", "When the money came."),
    "message": Text(
        "Vad som är att se till, eller varför den inte kan sparas.",
        "What to look at, or why it cannot be saved.",
    ),
    "user": Text("Vem som sparade.", "Who saved it."),
    "amount": Text("Vad som betalades, i SEK.", "What was paid, in SEK."),
    "foreign": Text(
        "Beloppet i fakturans valuta, om den inte är SEK.",
        "The amount in the currency of the invoice, if that is not SEK.",
    ),
    "rate": Text("SEK för en enhet av valutan.", "SEK for one unit of the currency."),
    "written_off": Text(
        "Vad som skrivs av med betalningen: det som skrevs av där den kom från, och det som "
        "saknas inom den accepterade avvikelsen här.",
        "What is written off with the payment: what was written off where it came from, and what "
        "is short within the accepted deviation here.",
    ),
    "total": Text("Fakturans belopp, i dess valuta.", "The invoice's total, in its currency."),
    "before": Text(
        "Vad som återstod på fakturan före betalningen.",
        "What remained of the invoice before the payment.",
    ),
    "after": Text(
        "Vad som återstår av fakturan när betalningen är sparad. Minus är ett förskott, eller det "
        "som kunden har kvar av en kreditfaktura.",
        "What remains of the invoice once the payment is saved. Minus is an advance, or what the "
        "customer has left of a credit note.",
    ),
    "source": Text("Hur betalningen kom in.", "How the payment came in."),
    "due": Text("När fakturan ska vara betald.", "When the invoice is to be paid."),
    "remaining": Text("Vad som återstår att betala.", "What remains to be paid."),
    "at": Text("När det sparades.", "When it was saved."),
}

_EXPORTED = {
    "date": Text("Dess datum, som avgör perioden.", "Its date, which decides the period."),
    "due": Text("När den ska vara betald.", "When it is to be paid."),
    "total": Text("Beloppet här, i dess valuta.", "The amount here, in its currency."),
    "period": Text(
        "Stängd: den kan exporteras. Öppen: den kan ändras än.",
        "Closed: it can be exported. Open: it may still change.",
    ),
    "state": Text(
        "Om den är skickad, kan skickas eller behöver någon.",
        "Whether it was sent, can be sent or needs somebody.",
    ),
    "number": Text("Numret som bokföringen gav den.", "The number that accounting gave it."),
    "other_total": Text(
        "Beloppet där; skiljer det sig från beloppet här, se efter varför.",
        "The amount there; where it differs from the one here, see why.",
    ),
    "at": Text("När exporten senast gjorde något med den.", "When the export last acted on it."),
}

#: Of a list of payments that are not saved.
_NOT_SAVED = {
    "after": Text(
        "Vad som återstår av fakturan utan den här betalningen. Minus är det som kunden har till "
        "godo.",
        "What remains of the invoice without this payment. Minus is what the customer is owed.",
    ),
}

#: Where a column means something else, or is of one list alone; by the list.
OF_LIST = {
    "ready": {
        "state": Text(
            "Om betalningen gäller, eller är borttagen eller motbokad.",
            "Whether the payment counts, or is deleted or reversed.",
        ),
    },
    "rejected": _NOT_SAVED,
    "ignored": _NOT_SAVED,
    "invoices": _EXPORTED
    | {
        "invoice": Text("Fakturans nummer här.", "The number of the invoice here."),
        "customer": Text("Vem som ska betala.", "Who is to pay."),
    },
    "bills": _EXPORTED
    | {
        "bill": Text("Avräkningens nummer här.", "The number of the bill here."),
        "supplier": Text("Vem som ska få betalt.", "Who is to be paid."),
    },
    "open": {
        "date": Text("Fakturans datum.", "The date of the invoice."),
        "ocr": Text("Numret som kunden betalar med.", "The number that the customer pays with."),
        "code": Text("Kundens nummer här.", "The number of the customer here."),
        "region": Text("Regionen som fakturan hör till.", "The region of the invoice."),
    },
    "runs": {
        "began": Text("När någon läste in.", "When somebody imported."),
        "format": Text("Vilken import som lästes.", "Which import was read."),
        "user": Text("Vem som läste in.", "Who imported."),
        "run_state": Text(
            "Om den är sparad, väntar, ersattes av en senare eller misslyckades.",
            "Whether it is saved, waits, was replaced by a later one or failed.",
        ),
        "read": Text("Så många betalningar lästes.", "The number of payments that were read."),
        "ready": Text(
            "Så många hade hittat sin faktura.", "The number that had found their invoice."
        ),
        "left": Text(
            "Så många kunde sparas men lämnades.",
            "The number that could be saved but were left out.",
        ),
        "rejected": Text("Så många behövde någon.", "The number that needed somebody."),
        "ignored": Text("Så många utelämnades.", "The number that were excluded."),
        "sek": Text("Summan av det som sparades.", "The sum of what was saved."),
    },
    "overview": {
        "name": Text("Importens eller exportens namn.", "The name of the import or export."),
        "company": Text(
            "Företaget där det läses eller skickas.", "The company that is read or sent to."
        ),
        "what": Text("Vad som läses in eller skickas.", "What is imported or exported."),
        "how": Text("Hur den senaste körningen gick.", "How the latest run went."),
        "waiting": Text("Så mycket väntar på någon.", "So much waits for somebody."),
        "last": Text("När den kördes senast.", "When it ran last."),
        "next": Text("När den körs härnäst.", "When it runs next."),
        "problem": Text("Vad som måste göras först.", "What has to be done first."),
    },
    "decisions": {
        "about": Text(
            "Betalningens nummer, eller fakturorna från och till.",
            "The number of the payment, or the invoices from and to.",
        ),
        "what": Text("Vad någon bestämde.", "What somebody decided."),
        "user": Text("Vem som bestämde.", "Who decided."),
        "at": Text("När det bestämdes.", "When it was decided."),
        "why": Text("Skälet, om någon skrev ett.", "The reason, if somebody wrote one."),
        "holds": Text(
            "Om det gäller än, eller när det gjordes eller togs tillbaka.",
            "Whether it is in force, or when it was done or taken back.",
        ),
        "format": Text("Importen som betalningen kom genom.", "The import that it came through."),
    },
}


def column(of_list: str, key: str) -> Text | None:
    """Say what a column of a list means."""
    return OF_LIST.get(of_list, {}).get(key) or COLUMNS.get(key)
