"""The name of the system that payments come from: the label of the plug-in's import type.

Rules know no such name and write ``{source}``; who knows the import puts the name in.
"""

from __future__ import annotations

from opter_contract.values import Text

SOURCE = Text("{source}", "{source}")

#: If no plug-in names it.
UNNAMED = Text("källan", "the source")

#: Words of systems for how a payment was registered there; any other word is shown as it is.
WORDS = {
    "manual": Text("manuell", "manual"),
    "file": Text("betalfil", "payment file"),
    "finance": Text("Fortnox Finans", "Fortnox Finans"),
}


def word_of(source: str) -> Text:
    """Return how a payment was registered at the source."""
    return WORDS.get(source.lower()) or Text(source, source)


def named(text: Text, source: Text) -> Text:
    return Text(
        text.sv.replace(SOURCE.sv, source.sv),
        text.en.replace(SOURCE.en, source.en),
    )
