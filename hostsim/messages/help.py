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
    "open": Text(
        "Fakturor där något återstår, eller där det är betalt för mycket (minus).",
        "Invoices of which something remains, or which were paid too much (minus).",
    ),
    "overview": Text(
        "Varje import och export, och om den behöver någon. Det som behöver någon står först.",
        "Each import and export, and whether it needs somebody. Those that do come first.",
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
    "amount": Text("Vad som betalades, i SEK.", "What was paid, in SEK."),
    "foreign": Text(
        "Beloppet i fakturans valuta, om den inte är SEK.",
        "The amount in the currency of the invoice, if that is not SEK.",
    ),
    "rate": Text("SEK för en enhet av valutan.", "SEK for one unit of the currency."),
    "written_off": Text(
        "Vad som skrevs av tillsammans med betalningen.",
        "What was written off together with the payment.",
    ),
    "total": Text("Fakturans belopp, i dess valuta.", "The invoice's total, in its currency."),
    "before": Text(
        "Vad som återstod på fakturan före betalningen.",
        "What remained of the invoice before the payment.",
    ),
    "after": Text(
        "Vad som återstår när betalningen är sparad; minus är ett förskott.",
        "What remains once the payment is saved; minus is an advance.",
    ),
    "source": Text("Hur betalningen kom in.", "How the payment came in."),
    "due": Text("När fakturan ska vara betald.", "When the invoice is to be paid."),
    "remaining": Text("Vad som återstår att betala.", "What remains to be paid."),
    "at": Text("När det sparades.", "When it was saved."),
}
