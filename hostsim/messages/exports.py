"""Sentences about exports, with the words of what is exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hostsim.messages.payments import region_name
from hostsim.messages.text import Template, listed
from opter_contract.values import Text

INVOICES, BILLS = "invoices", "supplier-bills"

#: The error of a number that no item of the subject has.
UNKNOWN_ITEM = {INVOICES: "INVOICE_UNKNOWN", BILLS: "BILL_UNKNOWN"}

#: How long a confirmation of bank details holds, until the start of the run that uses it.
CONFIRMED_HOURS = 24


def _words(**words: Text) -> Mapping[str, Text]:
    """Return the words, and each with a capital under its capitalized name."""
    capitals = {
        name.capitalize(): Text(*(word[0].upper() + word[1:] for word in text))
        for name, text in words.items()
    }
    return words | capitals


#: What an item of a subject and its party are called, by the names in the sentences below.
WORDS = {
    INVOICES: _words(
        page=Text("fakturor", "invoices"),
        item=Text("faktura", "invoice"),
        the_item=Text("fakturan", "the invoice"),
        items=Text("fakturor", "invoices"),
        the_items=Text("fakturorna", "the invoices"),
        compound=Text("faktura", "invoice"),
        correction=Text("rättelsefaktura", "correction invoice"),
        item_date=Text("fakturadatum", "invoice date"),
        the_period=Text("fakturaperioden", "the invoice period"),
        party=Text("kund", "customer"),
        parties=Text("kunder", "customers"),
        party_number=Text("kundnr", "customer no."),
    ),
    BILLS: _words(
        page=Text("leverantörsavräkningar", "supplier bills"),
        item=Text("avräkning", "bill"),
        the_item=Text("avräkningen", "the bill"),
        items=Text("avräkningar", "bills"),
        the_items=Text("avräkningarna", "the bills"),
        compound=Text("avräknings", "bill"),
        correction=Text("rättelseavräkning", "correction bill"),
        item_date=Text("avräkningsdatum", "bill date"),
        the_period=Text("avräkningsperioden", "the bill period"),
        party=Text("leverantör", "supplier"),
        parties=Text("leverantörer", "suppliers"),
        party_number=Text("levnr", "supplier no."),
    ),
}


#: With the group of commands that defines them.
_OF_IMPORT: Mapping[str, Text | str] = {
    "group": "formats",
    **_words(
        the_definition=Text("filformatet", "the file format"),
        own_definition=Text("ett eget filformat", "a file format of its own"),
        has_done=Text("sparat betalningar i", "saved payments in"),
    ),
}
_OF_EXPORT: Mapping[str, Text | str] = {
    "group": "exports",
    **_words(
        the_definition=Text("exporten", "the export"),
        own_definition=Text("en egen export", "an export of its own"),
        has_done=Text("skickat något från", "sent something from"),
    ),
}


#: What there is not, where an import is asked for, or either.
NO_IMPORT = Text("inget filformat", "no file format")
NEITHER = Text("varken filformat eller export", "neither a file format nor an export")


def definition_words(subject: str) -> Mapping[str, Text | str]:
    """Return what an import is called, as a person defines it; or an export, with a subject."""
    return _OF_EXPORT if subject else _OF_IMPORT


def said(sentence: Text, subject: str) -> Text:
    """Put the words of a subject into a sentence."""
    return Template(*sentence)(**WORDS[subject])


def numbers_with_regions(items: Sequence[tuple[str, str]], region: str) -> Text:
    """List numbers, those of other regions than this one with the region.

    :param items: the region and number of each.
    """
    return listed(
        Text(number, number)
        if of_region == region
        else Text(*(f"{number} ({name})" for name in region_name(of_region)))
        for of_region, number in items
    )


INTERRUPTED = Text(
    "Exporten avbröts mitt i (programmet eller datorn stängdes av). Exportera igen: det som "
    "kanske hann fram kontrolleras då först.",
    "The export was interrupted (the program or the machine was shut down). Export again: what "
    "may have arrived is checked first then.",
)

PERIOD_OPEN = Text(
    "{The_period} är öppen, så {the_item} kan ändras än. Stäng perioden och exportera sedan, "
    "eller lämna {the_item} utanför.",
    "{The_period} is open, so that {the_item} can still change. Close the period and export then, "
    "or leave {the_item} out.",
)

TOO_LATE = Text(
    "Svaret kom efter att inloggningen gått ut, så ingenting skickades. Exportera igen.",
    "The answer came after the login had ended, so that nothing was sent. Export again.",
)

SENT = Text("Det som skickades är skickat och nedskrivet.", "What was sent is sent and stored.")


def lost_and_differing(unknown: int, differing: int) -> Text:
    """Return the sentence with the number of results that a person must look at."""
    return Text(
        f"{unknown} utan känt resultat, {differing} där beloppet skiljer eller något återstår",
        f"{unknown} without a known result, {differing} whose total differs or where something "
        "remains",
    )


NOTHING = Text("Det finns ingenting att exportera.", "There is nothing to export.")

CHANGED = Text(
    "{The_item} har ändrats sedan den skickades; exportera igen.",
    "{The_item} has changed since it was sent; export again.",
)

#: Of what a person asked for by number.
LEFT_OUT = Text(
    "Inget av det som angavs exporteras, eftersom exportens inställningar utelämnar det. Ändra dem "
    "om det ska med.",
    "Nothing of what was asked for is exported, since the settings of the export leave it out. "
    "Change them if it is to be.",
)

#: Of one that was exported, and has no rows any more.
WITHOUT_ROWS = Text(
    "{The_item} har inga rader här och ändras därför inte i bokföringen. Läs in den ur en JSON-fil "
    "och exportera den, eller ta tillbaka den.",
    "{The_item} has no rows here, so that it is not changed in accounting. Load it from a JSON "
    "file and export it, or take it back.",
)

NOT_COMPLETE = Text(
    "Något återstår där, som dess dokument; exportera igen.",
    "Something remains to be done there, such as its document; export again.",
)

NOT_SETTLED = Text(
    "Det är okänt om {the_item} kom fram; exportera igen, så kontrolleras det.",
    "It is unknown whether {the_item} arrived; export again, and that is checked.",
)

EXPIRED = Text(
    "Ingen svarade inom 30 minuter, så inloggningen har gått ut och ingenting är skickat. "
    "Exportera igen.",
    "Nobody answered within 30 minutes, so that the login has ended and nothing is sent. Export "
    "again.",
)

NOTHING_SENT = Text("Ingenting är skickat.", "Nothing was sent.")

NOTHING_TICKED = Text(
    "Ingenting skickades: ingen {item} som kan skickas är markerad.",
    "Nothing was sent: no {item} that can be sent is ticked.",
)

GAPS_TICKED = Text(
    "Ingenting skickades: något saknas för {items} som är markerade. Åtgärda det och exportera "
    "igen, eller lämna {the_items} utanför.",
    "Nothing was sent: something is missing for {items} that are ticked. Correct it and export "
    "again, or leave {the_items} out.",
)

PLAN_CHANGED = Text(
    "Ingenting skickades: planen har ändrats sedan den visades, till exempel i ett annat fönster. "
    "Läs den igen, och skicka sedan.",
    "Nothing was sent: the plan has changed since it was shown, in another window for example. "
    "Read it again, and send then.",
)

#: How many items of a kind there are, for one and for several.
COUNTED = {
    "sent": (Text("skickad", "sent"), Text("skickade", "sent")),
    "create": (Text("ny", "new"), Text("nya", "new")),
    "update": (Text("ändras", "changes"), Text("ändras", "change")),
    "ready": (Text("lämnades utanför", "was left out"), Text("lämnades utanför", "were left out")),
    "adopted": (
        Text("finns redan i bokföringen", "is in accounting already"),
        Text("finns redan i bokföringen", "are in accounting already"),
    ),
    "unchanged": (Text("oförändrad", "unchanged"), Text("oförändrade", "unchanged")),
    "booked": (
        Text("bokförd, uppdateras inte", "booked, not updated"),
        Text("bokförda, uppdateras inte", "booked, not updated"),
    ),
    "refused": (
        Text("kan inte skickas", "cannot be sent"),
        Text("kan inte skickas", "cannot be sent"),
    ),
    "unknown": (Text("utan känt resultat", "without a known result"),) * 2,
    "waiting": (
        Text("väntar på bekräftelse", "waits for confirmation"),
        Text("väntar på bekräftelse", "wait for confirmation"),
    ),
}


def confirmed(number: str, field: Text, ours: str, theirs: str, user: str) -> Text:
    """Return the sentence about a confirmed change of a supplier's bank details."""
    return Text(
        f"Bekräftat av {user}: leverantör {number}, {field.sv} ändras från {theirs or 'tomt'} "
        f"till {ours or 'tomt'}. Det gäller i {CONFIRMED_HOURS} timmar.",
        f"Confirmed by {user}: supplier {number}, {field.en} changes from {theirs or 'nothing'} "
        f"to {ours or 'nothing'}. That is valid for {CONFIRMED_HOURS} hours.",
    )
