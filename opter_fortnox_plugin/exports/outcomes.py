"""The outcome of a request."""

from __future__ import annotations

from dataclasses import dataclass

from opter_contract.values import Text
from opter_fortnox_plugin.errors import FortnoxError, Rejected
from opter_fortnox_plugin.fortnox.invoice_schemas import Invoice
from opter_fortnox_plugin.fortnox.supplier_invoice_schemas import SupplierInvoice

#: An exported item in Fortnox.
Document = Invoice | SupplierInvoice


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a request.

    :ivar state: as in :class:`~opter_contract.export_values.ItemResult`.
    :ivar document: the item in Fortnox, if known.
    :ivar theirs: Fortnox's own code and message.
    :ivar error: the error that ends the export.
    """

    state: str
    document: Document | None = None
    code: str = ""
    message: Text | None = None
    theirs: str = ""
    error: FortnoxError | None = None


def refusal_text(rejected: Rejected) -> str:
    """Return Fortnox's own code and message, for the journal."""
    return ": ".join(filter(None, (str(rejected.code or ""), rejected.words)))
