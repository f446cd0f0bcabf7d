"""The name of the system that payments come from: the label of the plug-in's import type.

Rules know no such name and write ``{source}``; who knows the import puts the name in.
"""

from __future__ import annotations

from opter_contract.values import Text

SOURCE = Text("{source}", "{source}")

#: Where no plug-in gives it a name.
UNNAMED = Text("källan", "the source")


def named(text: Text, source: Text) -> Text:
    return Text(
        text.sv.replace(SOURCE.sv, source.sv),
        text.en.replace(SOURCE.en, source.en),
    )
