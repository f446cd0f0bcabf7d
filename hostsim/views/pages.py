"""The lists that have pages, by their names in an address, but for those of exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hostsim.views.decisions import DECISIONS
from hostsim.views.invoices import OPEN_INVOICES
from hostsim.views.payments import REGISTERED_PAYMENTS
from hostsim.views.preview import PREVIEW
from hostsim.views.runs import RUNS
from hostsim.views.schedules import STATUS
from hostsim.views.table import Column

PAGES: Mapping[str, Sequence[Column[Any]]] = {
    **PREVIEW,
    "payments": REGISTERED_PAYMENTS,
    "decisions": DECISIONS,
    "runs": RUNS,
    "overview": STATUS,
    "open": OPEN_INVOICES,
}
