"""What was done."""

from __future__ import annotations

from hostsim.messages.text import Template
from opter_contract.values import Text

PREVIEW_KEPT = Text(
    "Det inlästa är sparat som förhandsvisning.", "What was read is stored as a preview."
)

MATCHING = Text(
    "Jämför betalningarna med fakturorna här", "Comparing the payments with the invoices here"
)
COMPARING = Text(
    "Letar efter det som skiljer sig från det som är registrerat här",
    "Looking for what differs from what is registered here",
)
PAYMENT_ADDED = Template(
    "Betalningen är registrerad med id {id}.", "The payment is registered with id {id}."
)
#: The idempotency key was used for the same payment before.
PAYMENT_KNOWN = Template(
    "Betalningen var registrerad redan, med id {id}; ingenting nytt är registrerat.",
    "The payment was registered already, with id {id}; nothing new is registered.",
)
PAYMENT_DELETED = Template(
    "Betalningen med id {id} är borttagen.", "The payment with id {id} is deleted."
)
FILE_WRITTEN = Template("{path} är skriven.", "{path} is written.")

#: What is said of a commit that nobody knows more of.
SAVED = Text("Det som skulle göras är gjort och sparat.", "What was asked is done and saved.")
CURRENCY_NEEDED = Text(
    "skriv valutans tre bokstäver, SEK.", "write the three letters of the currency, SEK."
)
DEVIATION_NEEDED = Text(
    "skriv ett belopp i SEK, noll eller större och med högst två decimaler, till exempel 5 "
    "eller 2,50.",
    "write an amount in SEK, zero or more and with at most two decimals, such as 5 or 2.50.",
)


#: The states of payments in the books.
STATES = {
    "registered": Text("registrerad", "registered"),
    "deleted": Text("borttagen", "deleted"),
    "reversed": Text("motbokad", "reversed"),
    "reversal": Text("en motbokning", "a reversal"),
}


READY_NOW = Text("klar att sparas", "ready to be saved")
DATE_NEEDED = Text("Skriv ett datum som ÅÅÅÅ-MM-DD.", "Write a date as YYYY-MM-DD.")
