"""The mail about unattended runs, and what is wrong with the settings for it."""

from __future__ import annotations

from hostsim.messages.text import Template
from opter_contract.values import Text

#: By the kind of a notice, in the order of the message.
HEADINGS = {
    "needs-person": Text("Behöver en person", "Needs a person"),
    "failed": Text("Misslyckades och försöks igen", "Failed, and is tried again"),
    "recovered": Text("Fungerar igen", "Works again"),
}

SUBJECTS = {
    "needs-person": Template("{count} behöver en person", "{count} to be seen by a person"),
    "failed": Template("{count} misslyckades", "{count} failed"),
    "recovered": Template("{count} fungerar igen", "{count} working again"),
}

INTRODUCTION = Text(
    "Importer och exporter som kördes utan att någon var där:",
    "Imports and exports that ran with nobody there:",
)
WAITING = Template(
    "rader som väntar på en person: {count}.", "rows that wait for a person: {count}."
)
WORKS_AGAIN = Text("Det fungerar igen.", "It works again.")
MORE = Template("… och {count} till.", "… and {count} more.")
WHAT_NEXT = Text(
    "hostsim status visar alla företag. Det som är pausat körs igen med "
    "hostsim schedule NAMN --resume.",
    "hostsim status shows every company. What is paused runs again by "
    "hostsim schedule NAME --resume.",
)

# --- Why a setting cannot be used ---

NO_SERVER = Text(
    "skriv server och port, till exempel mail.example.com:587.",
    "write a server and a port, such as mail.example.com:587.",
)
NO_SENDER = Text("skriv en enda e-postadress.", "write exactly one mail address.")
NO_RECIPIENT = Text(
    "skriv en eller flera e-postadresser med komma mellan.",
    "write one or more mail addresses with commas between.",
)
NOT_ALONE = Text(
    "användare och lösenord anges tillsammans, eller inget av dem.",
    "user and password are given together, or neither of them.",
)
