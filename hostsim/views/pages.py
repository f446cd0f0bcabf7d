"""Every list that has a page, by its name in an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from hostsim.views.decisions import DECISIONS
from hostsim.views.payments import PREVIEW, REGISTERED_PAYMENTS
from hostsim.views.runs import RUNS
from hostsim.views.table import Column, part_of

PAGES: Mapping[str, Sequence[Column[Any]]] = {
    **{kind: part_of(attrgetter("row"), columns) for kind, columns in PREVIEW.items()},
    "payments": REGISTERED_PAYMENTS,
    "decisions": DECISIONS,
    "runs": RUNS,
}
