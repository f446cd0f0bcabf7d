"""What Fortnox is to have of an item, as far as all exports need it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from opter_fortnox_plugin.exports.problems import Problem


@dataclass(frozen=True, slots=True)
class Content:
    """An item as Fortnox is to have it.

    :ivar ours: the invoice or supplier invoice.
    :ivar card: of its customer or supplier.
    :ivar party_code: the host's code of that.
    :ivar host_total: the host's total, with VAT.
    :ivar problem: why it cannot be written; what is there can be compared all the same.
    """

    ours: Any
    card: Any
    party_code: str
    host_total: Decimal
    problem: Problem | None = None
