"""Warnings as they read once their payment is saved: what was to come has happened."""

from __future__ import annotations

from hostsim.messages import decisions, payments
from opter_contract.values import Text

_PAST = {
    payments.WRITTEN_OFF: Text(
        "SEK skrevs av inom accepterad fakturaavvikelse",
        "SEK was written off within the accepted invoice deviation",
    ),
    payments.NOT_SAVED: payments.NOT_SAVED_THEN,
    decisions.CAN_BE_SAVED_NOW: Text("men sparades", "but was saved"),
    decisions.TAKEN_AS_ADVANCE: Text(
        "Fakturan var redan betald; togs in som förskott",
        "The invoice was paid already; it was taken as an advance",
    ),
    decisions.REGISTERED_ANEW: Text(
        "Den registrerade betalningen motbokades och registrerades på nytt",
        "The registered payment was reversed and registered again",
    ),
    decisions.TAKEN_AGAIN: Text("Togs in igen", "Was taken again"),
}


def once_saved(warning: Text | None, advance: Text = payments.ADVANCE_MADE) -> Text | None:
    """Return a warning as it reads once its payment is saved, or was left out of the save.

    :param advance: the sentence that replaces that of an advance to be created.
    """
    if warning is None:
        return None
    sv, en = warning.sv, warning.en
    for before, after in {payments.ADVANCE: advance, **_PAST}.items():
        sv, en = sv.replace(before.sv, after.sv), en.replace(before.en, after.en)
    return Text(sv, en)
