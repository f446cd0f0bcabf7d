"""What became of a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, Rejected


class Document(Protocol):
    """An invoice or a supplier invoice, as it stands in Fortnox."""

    @property
    def number(self) -> str:
        """Its number there."""

    @property
    def party_number(self) -> str:
        """The number of its customer or supplier there."""

    @property
    def invoice_date(self) -> date: ...

    @property
    def currency(self) -> str: ...

    @property
    def total(self) -> Decimal: ...

    @property
    def booked(self) -> bool: ...

    @property
    def cancelled(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    :ivar state: as :class:`~opter_contract.export_values.ItemResult` has it.
    :ivar there: ours, as it stands in Fortnox, where that is known.
    :ivar theirs: Fortnox's own code and words.
    :ivar error: what ends the export.
    """

    state: str
    there: Document | None = None
    code: str = ""
    message: Text | None = None
    theirs: str = ""
    error: FortnoxError | None = None


def words_of(rejected: Rejected) -> str:
    """Return Fortnox's own code and words, for the log of the books."""
    return ": ".join(filter(None, (str(rejected.code or ""), rejected.words)))
