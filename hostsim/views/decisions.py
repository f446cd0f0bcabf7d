"""What people decided about payments."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from hostsim.messages.decisions import by_whom
from hostsim.messages.formats import minute
from hostsim.views.labels import DECISIONS as LABELS
from hostsim.views.labels import STATUSES, label
from hostsim.views.table import Column, json_attributes, json_only
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.values import Decision


def subject(decision: Decision) -> Text:
    """Return the payment, or the series of invoices, that a decision is about."""
    if decision.number is not None:
        return Text(decision.number, decision.number)
    series = f"{decision.first_invoice}–{decision.last_invoice}"
    return Text(f"fakturor {series}", f"invoices {series}")


def in_force(decision: Decision) -> Text:
    """Return whether a decision is in force, and if not, since when."""
    if decision.applied_at is not None:
        at = minute(decision.applied_at)
        if decision.undone:
            return Text(f"nej: sparningen {at} är ångrad", f"no: the save of {at} was undone")
        if decision.registered_as not in {None, "advance"}:
            status = label(STATUSES, decision.registered_as)
            return Text(
                f"ingenting blev över när det sparades {at}: registrerad som {status.sv.lower()}",
                f"nothing was over at the save {at}: registered as {status.en.lower()}",
            )
        return Text(f"gjort när det sparades {at}", f"done at the save {at}")
    if decision.taken_back_at is not None:
        who = by_whom(decision.taken_back_by or "", decision.taken_back_at)
        if decision.replaced:
            return Text(
                f"ersatt av ett senare avgörande av {who.sv}",
                f"replaced by a later decision of {who.en}",
            )
        return Text(f"återtaget av {who.sv}", f"taken back by {who.en}")
    if decision.outdated is not None:
        return Text(f"nej: {decision.outdated.sv}", f"no: {decision.outdated.en}")
    return Text("ja", "yes")


def _fact(decision: Decision, key: str) -> str:
    """Return what was known of the payment when it was decided about."""
    return str(json.loads(decision.facts).get(key) or "")


def _sek(decision: Decision) -> Decimal | None:
    text = _fact(decision, "amount")
    return Decimal(text) if text else None


DECISIONS: tuple[Column[Decision], ...] = (
    *json_attributes("id", "decision"),
    json_only("payment_number", lambda d: d.number),
    *json_attributes("first_invoice", "last_invoice", "why", "user", "at", "in_force"),
    json_only("settled_at", lambda d: d.applied_at),
    *json_attributes("taken_back_by", "taken_back_at"),
    Column("id", Text("Id", "Id"), lambda d: str(d.id), right=True, page=False),
    Column("about", Text("Betalning eller serie", "Payment or series"), subject),
    Column("invoice", Text("Faktura", "Invoice"), lambda d: _fact(d, "invoice_number")),
    Column("amount", Text("Belopp SEK", "Amount SEK"), _sek, right=True, sorts=False),
    Column("what", Text("Avgörande", "Decision"), lambda d: label(LABELS, d.decision)),
    Column("user", Text("Vem", "Who"), lambda d: d.user),
    Column("at", Text("När", "When"), lambda d: d.at),
    Column("why", Text("Varför", "Why"), lambda d: d.why, wide=True),
    Column("holds", Text("Gäller", "In force"), in_force, sorts=False),
    Column("format", Text("Filformat", "File format"), lambda d: d.definition, terminal=False),
)
