"""The tables of each subject's items."""

from __future__ import annotations

from hostsim.messages.exports import BILLS, INVOICES
from hostsim.storage import bill_content, invoice_content

#: The view of the items of each subject; all have the same columns.
VIEWS = {INVOICES: "invoice_items", BILLS: "bill_items"}

#: What reads their content and documents.
CONTENT = {INVOICES: invoice_content, BILLS: bill_content}
