"""Sentences about exports."""

from __future__ import annotations

from opter_contract.values import Text

INTERRUPTED = Text(
    "Exporten avbröts mitt i (programmet eller datorn stängdes av). Exportera igen: det som "
    "kanske hann fram kontrolleras då först.",
    "The export was interrupted (the program or the machine was shut down). Export again: what "
    "may have arrived is checked first then.",
)

PERIOD_OPEN = Text(
    "Fakturaperioden är öppen, så fakturan kan ändras än. Stäng perioden och exportera sedan, "
    "eller lämna fakturan utanför.",
    "The invoice period is open, so that the invoice can still change. Close the period and "
    "export then, or leave the invoice out.",
)

TOO_LATE = Text(
    "Svaret kom efter att inloggningen gått ut, så ingenting skickades. Exportera igen.",
    "The answer came after the login had ended, so that nothing was sent. Export again.",
)

SENT = Text("Det som skickades är skickat och nedskrivet.", "What was sent is sent and stored.")


def lost_and_differing(unknown: int, differing: int) -> Text:
    """Say how many results a person must look at."""
    return Text(
        f"{unknown} utan känt resultat, {differing} där beloppet skiljer eller något återstår",
        f"{unknown} without a known result, {differing} whose total differs or where something "
        "remains",
    )


NOTHING = Text("Det finns ingenting att exportera.", "There is nothing to export.")

CHANGED = Text(
    "Fakturan har ändrats sedan den skickades; exportera igen.",
    "The invoice has changed since it was sent; export again.",
)

NOT_COMPLETE = Text(
    "Något återstår där, som dess dokument; exportera igen.",
    "Something remains to be done there, such as its document; export again.",
)

NOT_SETTLED = Text(
    "Det är okänt om fakturan kom fram; exportera igen, så kontrolleras det.",
    "It is unknown whether the invoice arrived; export again, and that is checked.",
)

EXPIRED = Text(
    "Ingen svarade inom 30 minuter, så inloggningen har gått ut och ingenting är skickat. "
    "Exportera igen.",
    "Nobody answered within 30 minutes, so that the login has ended and nothing is sent. Export "
    "again.",
)

NOTHING_SENT = Text("Ingenting är skickat.", "Nothing was sent.")

NOTHING_TICKED = Text(
    "Ingenting skickades: ingen faktura som kan skickas är markerad.",
    "Nothing was sent: no invoice that can be sent is ticked.",
)

GAPS_TICKED = Text(
    "Ingenting skickades: något saknas för fakturor som är markerade. Åtgärda det och exportera "
    "igen, eller lämna fakturorna utanför.",
    "Nothing was sent: something is missing for invoices that are ticked. Mend it and export "
    "again, or leave the invoices out.",
)

#: How many invoices of a kind there are, for one and for several.
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
}
