"""What the doctor found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostsim.views.table import Column, Sign, json_attributes, json_only
from opter_contract.values import Text

if TYPE_CHECKING:
    from opter_contract.values import Finding

_UNKNOWN = Sign("?", "?", "33", Text("okänt", "unknown"))
_STATES = {
    "ok": Sign("✓", "+", "32", Text("rätt", "ok")),
    "failed": Sign("✗", "x", "31", Text("fel", "failed")),
    "skipped": Sign("–", "-", "2", Text("ej sett", "skipped")),
    "noted": Sign("!", "!", "33", Text("obs", "note")),
}

FINDINGS: tuple[Column[Finding], ...] = (
    *json_attributes("name", "state"),
    Column("state", Text("Läge", "State"), lambda f: _STATES.get(f.state, _UNKNOWN)),
    Column("what", Text("Vad", "What"), lambda f: f.label, wide=True, json="what"),
    Column(
        "message",
        Text("Det som sågs, och vad som ska göras", "What was seen, and what to do"),
        lambda f: f.message,
        wide=True,
    ),
    Column("code", Text("Kod", "Code"), lambda f: f.code or None, json="code"),
    json_only("kind", lambda f: f.kind or None),
    json_only("sentence", lambda f: f.message),
)
