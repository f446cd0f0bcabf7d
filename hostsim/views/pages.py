"""Every list that has a page, by its name in an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hostsim.storage.export_previews import LISTS
from hostsim.views.decisions import DECISIONS
from hostsim.views.exports import EXPORTABLE, ITEMS, LOG
from hostsim.views.payments import PREVIEW, REGISTERED_PAYMENTS
from hostsim.views.runs import RUNS
from hostsim.views.table import Column

PAGES: Mapping[str, Sequence[Column[Any]]] = {
    **PREVIEW,
    "payments": REGISTERED_PAYMENTS,
    "decisions": DECISIONS,
    "runs": RUNS,
    "invoices": EXPORTABLE,
    **{f"items-{state}": ITEMS for state in LISTS},
    "log": LOG,
}
