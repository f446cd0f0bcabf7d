"""What became of a request."""

from __future__ import annotations

from dataclasses import dataclass

from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, Rejected
from opter_fortnox_plugin.fortnox.invoice_schemas import Invoice
from opter_fortnox_plugin.fortnox.supplier_invoice_schemas import SupplierInvoice

#: What is exported, as it stands in Fortnox.
Document = Invoice | SupplierInvoice


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
