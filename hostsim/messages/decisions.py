"""What a person decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hostsim.messages.payments import NOT_SAVED, Difference, in_words
from hostsim.messages.text import Template, listed
from opter_contract.values import Text


def by_whom(user: str, at: datetime, why: str = "") -> Text:
    reason = f" ({why})" if why else ""
    return Text(f"{user} {at:%Y-%m-%d %H:%M}{reason}", f"{user} on {at:%Y-%m-%d %H:%M}{reason}")


def set_aside(who: Text, below: Text) -> Text:
    return Text(f"Undanlagd av {who.sv}. {below.sv}", f"Set aside by {who.en}. {below.en}")


CAN_BE_SAVED_NOW = Text("men kan sparas nu", "but can be saved now")


def set_aside_but_ready(who: Text) -> Text:
    return Text(
        f"Lades undan av {who.sv}, {CAN_BE_SAVED_NOW.sv}",
        f"Was set aside by {who.en}, {CAN_BE_SAVED_NOW.en}",
    )


def left_out(who: Text) -> Text:
    return Text(f"{NOT_SAVED.sv} ({who.sv})", f"{NOT_SAVED.en} ({who.en})")


def other_way(definition: str, import_type: str, number: str) -> Text:
    """Return how a payment came in: by hand if there is no definition."""
    if not definition:
        return Text("för hand", "by hand")
    return Text(
        f"genom importen {definition} ({import_type}, betalning {number})",
        f"through the import {definition} ({import_type}, payment {number})",
    )


def registered_before(day: str, amount: Text, way: Text, who: Text) -> Text:
    return Text(
        f"{amount.sv} den {day} registrerades {way.sv} av {who.sv}",
        f"{amount.en} of {day} was registered {way.en} by {who.en}",
    )


def possibly_registered(sentences: Sequence[Text]) -> Text:
    others = listed(sentences, "; ")
    return Text(
        f"Kan vara registrerad redan: {others.sv}", f"Possibly registered already: {others.en}"
    )


def twin(invoice_number: str, registered: Text) -> Text:
    """Warn that the payment may have been registered on an equal invoice of the customer."""
    return Text(
        f"Kan ha registrerats på fel faktura, {invoice_number}: {registered.sv}",
        f"May have been registered on the wrong invoice, {invoice_number}: {registered.en}",
    )


def confirmed(doubt: Text, who: Text) -> Text:
    return Text(
        f"{doubt.sv}; bekräftad som en annan betalning av {who.sv}",
        f"{doubt.en}; confirmed as another payment by {who.en}",
    )


def deleted_here(user: str, at: datetime, why: str) -> Text:
    who = by_whom(user, at, why)
    return Text(
        f"Var registrerad här men togs bort av {who.sv}",
        f"Was registered here but was deleted by {who.en}",
    )


#: Shown next to who decided so; who deleted it is shown at the payment.
TAKEN_AGAIN = Text("Tas in igen", "Taken again")


_WAS_HERE = Template(
    "{what} var {registered} här, nu {now}", "{what} was {registered} here, now {now}"
)


def was_here(what: Text, differences: Sequence[Difference]) -> Text:
    """Add how a payment that was deleted here differs from the one that it is now."""
    if not differences:
        return what
    return listed([what, in_words(differences, _WAS_HERE)], "; ")


_DECIDED_WITH = Template("{what} {registered}, nu {now}", "{what} {registered}, now {now}")


def decided_with(differences: Sequence[Difference]) -> Text:
    """Return on which other figures it was decided."""
    if not differences:
        return Text("avgjord när uppgifterna var andra", "decided when the figures were others")
    figures = in_words(differences, _DECIDED_WITH)
    return Text(f"avgjord vid {figures.sv}", f"decided with {figures.en}")


def decide_again(reason: Text, decided: Text) -> Text:
    """Add to a reason that what was decided is outdated."""
    sv, en = (f"{text[0].upper()}{text[1:]}" for text in decided)
    if sv in reason.sv:
        return reason
    return Text(f"{reason.sv}. {sv}: avgör den igen", f"{reason.en}. {en}: decide about it again")


TAKEN_AS_ADVANCE = Text(
    "Fakturan är redan betald; tas in som förskott",
    "The invoice is paid already; taken as an advance",
)


def paid_but_taken(who: Text) -> Text:
    return Text(
        f"{TAKEN_AS_ADVANCE.sv} enligt {who.sv}",
        f"{TAKEN_AS_ADVANCE.en} by {who.en}",
    )


REGISTERED_ANEW = Text(
    "Den registrerade betalningen motbokas och registreras på nytt",
    "The registered payment is reversed and registered again",
)


def accepted(change: Text, who: Text) -> Text:
    return Text(
        f"{change.sv}. {REGISTERED_ANEW.sv}; ändringen godkändes av {who.sv}",
        f"{change.en}. {REGISTERED_ANEW.en}; the change was accepted by {who.en}",
    )


def accepted_but(what: Text, refusal: Text) -> Text:
    """Return why an accepted payment cannot be saved, and what to do first."""
    return Text(
        f"Godkänd men kan inte sparas: {refusal.sv}. {what.sv}",
        f"Accepted but cannot be saved: {refusal.en}. {what.en}",
    )


def kept(change: Text, who: Text) -> Text:
    return Text(
        f"Redan registrerad, och behålls som den är enligt {who.sv}. {change.sv}",
        f"Registered already, and kept as it is by {who.en}. {change.en}",
    )


FETCHED_BEFORE_SAVING = Text(
    "Avgjord, men hämtas på nytt innan den kan sparas; läs in igen",
    "Decided, but fetched again before it can be saved; import again",
)


def reversal_of(payment_id: int) -> Text:
    return Text(
        f"Motbokar betalning med id {payment_id}", f"Reverses the payment with id {payment_id}"
    )


#: The decisions, as things that a person does with a payment.
DECISIONS = {
    "set-aside": Text("att lägga undan", "setting aside"),
    "confirm": Text("att bekräfta", "confirming"),
    "take-again": Text("att ta in igen", "taking again"),
    "accept": Text("att godkänna den", "accepting it"),
    "keep": Text("att behålla det registrerade", "keeping what is registered"),
    "left": Text("att lämna den", "leaving it out"),
}


#: What was decided about a payment that its source no longer has.
GONE = Text(
    "betalningen finns inte längre där den kom ifrån",
    "the payment is no longer there where it came from",
)


def deleted_there(source: Text) -> Text:
    return Text(f"borttagen i {source.sv}", f"deleted in {source.en}")
