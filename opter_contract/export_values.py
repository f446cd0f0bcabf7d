"""What crosses between a host and a plug-in in an export: frozen values, each declared once.

As in :mod:`opter_contract.values`, any object with these attributes will do, and an attribute
that has a default here may be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from opter_contract.values import Company, Text

#: ``ExportType.subject``: what is exported.
SUBJECTS: Final = frozenset({"invoices", "supplier-bills"})

#: ``PlannedItem.action`` and ``PlannedCard.action``: what a send would do there.
ACTIONS: Final = frozenset({"create", "update", "none"})

#: ``PlannedItem.state``: ``ready`` to be sent; ``waiting``: ready, but only once a person has
#: confirmed every :class:`BankChange` of its party; ``adopted``: it is there, equal, and a send
#: takes it as ours; ``unchanged`` there; ``booked`` there, and so not updated; ``refused``, see
#: ``code``; ``unknown``: the other system did not say.
PLANNED_STATES: Final = frozenset(
    {"ready", "waiting", "adopted", "unchanged", "booked", "refused", "unknown"}
)

#: ``ItemResult.state``: what became of an item.
RESULT_STATES: Final = frozenset(
    {"sent", "adopted", "unchanged", "booked", "refused", "unknown", "cancelled"}
)

#: ``Invoice.type``.
INVOICE_TYPES: Final = frozenset({"invoice", "correction", "interest"})


@dataclass(frozen=True, slots=True)
class ExportType:
    """Something that a plug-in can export, as a person chooses it."""

    code: str
    """Stable and unique among the plug-ins of a host, together with ``subject``."""
    subject: str
    """``invoices``: customer invoices; ``supplier-bills``: what is owed to subcontractors, by
    bills that the host makes for them."""
    label: Text


# --- What the host has ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer in the host's register."""

    code: str
    """The host's own code, unique in the region of the invoice: in another region the same code is
    another customer, unless the organisation number, or where there is none the name, is equal."""
    ledger_number: str
    """Its number in the sales ledger; ``""`` if it has none yet."""
    name: str
    organisation_number: str = ""
    vat_number: str = ""
    address1: str = ""
    zip: str = ""
    city: str = ""
    country: str = ""
    """ISO 3166, two letters; ``""`` if unknown."""
    email: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """A part of an invoice with its account coding."""

    account: str
    """In the chart of accounts."""
    unit: str
    """The economic unit; ``""`` for none."""
    vat_rate: str
    """The code of a VAT rate of the host: a percentage (``25``), or a 0 % of a kind
    (``0-eu``)."""
    net: Decimal
    """Without VAT, in the invoice's currency, as is ``vat``; negative in a correction."""
    vat: Decimal


@dataclass(frozen=True, slots=True)
class Invoice:
    """A customer invoice."""

    invoice_number: str
    region: str
    """``""`` for the default one."""
    type: str
    """``invoice``, ``correction`` (negative) or ``interest``."""
    ocr: str
    currency: str
    """Three letters."""
    exchange_rate: Decimal | None
    """SEK for one unit of ``currency``; ``None`` for SEK, or where the host has none."""
    invoice_date: date
    due_date: date
    customer: Customer
    rows: Sequence[InvoiceRow]
    order_number: str = ""
    order_date: date | None = None
    credits: str = ""
    """The invoice number that a correction takes back; ``""`` for none."""
    credits_date: date | None = None
    """The invoice date of that one; ``None`` if the host does not have it."""
    credits_total: Decimal | None = None
    """The total of that one with VAT; ``None`` if the host does not have it, or in another
    currency."""
    document: str = ""
    """The file name of its PDF, to be read with ``opter_read_document``; ``""`` for none."""


@dataclass(frozen=True, slots=True)
class Supplier:
    """A subcontractor in the host's register; ``""`` is what the host does not know."""

    code: str
    """The host's own code, unique in the region of the bill, as is a customer's."""
    name: str
    organisation_number: str = ""
    vat_number: str = ""
    address1: str = ""
    zip: str = ""
    city: str = ""
    country: str = ""
    """ISO 3166, two letters."""
    phone1: str = ""
    phone2: str = ""
    www: str = ""
    bankgiro: str = ""
    plusgiro: str = ""
    bank_account: str = ""
    iban: str = ""
    bic: str = ""
    sends_invoice: bool = False
    """Whether it sends invoices itself: a host may omit its bills, a plug-in does not send them."""


@dataclass(frozen=True, slots=True)
class BillRow:
    """A part of the account coding of a bill, in its currency; one side is usually 0."""

    account: str
    """In the chart of accounts."""
    unit: str
    """The economic unit; ``""`` for none."""
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True)
class SupplierBill:
    """A debt to a subcontractor; negative if it owes us."""

    bill_number: str
    """Unique in its region."""
    region: str
    """``""`` for the default one."""
    currency: str
    """Three letters."""
    exchange_rate: Decimal | None
    """SEK for one unit of ``currency``; ``None`` for SEK, or where the host has none."""
    bill_date: date
    due_date: date
    total: Decimal
    """With VAT, in ``currency``, as is ``vat``: the debit of all rows less their credit."""
    vat: Decimal
    supplier: Supplier
    rows: Sequence[BillRow]
    """All of the account coding except the debt itself."""
    document: str = ""
    """The file name of its PDF, to be read with ``opter_read_document``; ``""`` for none."""


@dataclass(frozen=True, slots=True)
class ExportItem:
    """An item to send, and its earlier exports."""

    id: str
    """The same at every export of it, at most 200 characters."""
    content: Any
    """An :class:`Invoice` or a :class:`SupplierBill`, by the subject of the export. An invoice that
    is ``intended`` may have no rows, where the host no longer has them: it is looked for, and
    never written."""
    exported: bool = False
    """An earlier export sent or adopted it."""
    intended: bool = False
    """An earlier export was about to send it, and its result is unknown; also if a later attempt
    was refused, which does not settle the earlier one."""
    incomplete: bool = False
    """An earlier export sent it, and steps after sending remain."""
    number: str = ""
    """Its number in the other system, if an earlier export reported it."""


# --- The plan ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that differs between the two sides."""

    field: str
    """The other system's name of the field: ``DueDate``."""
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """The plan for one item."""

    id: str
    state: str
    """``ready``, ``waiting``, ``adopted``, ``unchanged``, ``booked``, ``refused`` or
    ``unknown``."""
    action: str
    """``create``, ``update`` or ``none``."""
    party_number: str
    """The number of the customer or supplier there, of an item that stays as it is there the one
    that it has; ``""`` if it has none."""
    total: Decimal
    """With VAT, as the host has it, in ``currency``."""
    other_total: Decimal | None
    """As the other system has it, or will compute it; ``None`` if unknown."""
    currency: str
    number: str = ""
    """Its number there; ``""`` until it has one."""
    code: str = ""
    """Stable; why it is refused, or a remark about it."""
    message: Text | None = None
    """What ``code`` means, and what to do."""
    differences: Sequence[Difference] = ()


@dataclass(frozen=True, slots=True)
class PlannedCard:
    """A customer or supplier there that a send would create or change."""

    number: str
    action: str
    """``create`` or ``update``; ``none`` for a remark only."""
    differences: Sequence[Difference] = ()
    message: Text | None = None
    """A remark, such as that another customer has the same organisation number."""


@dataclass(frozen=True, slots=True)
class BankChange:
    """A bank detail of a supplier that a send would change there.

    It is changed only once a named person has confirmed exactly these values.
    """

    party_number: str
    """The number of the supplier there."""
    field: str
    """The other system's name of the field: ``BG``."""
    ours: str
    """The new value; ``""`` if it would be cleared."""
    theirs: str
    """The current value; ``""`` for none."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A missing part of the other system's set-up; items that need it cannot be sent."""

    code: str
    """Stable: ``ACCOUNT_UNKNOWN``."""
    message: Text
    """What is missing and what to do."""
    ids: Sequence[str]
    """The items that need it."""


# --- Results -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The result of one item."""

    id: str
    state: str
    """``sent``, ``adopted``, ``unchanged``, ``booked``, ``refused``, ``unknown`` or
    ``cancelled``."""
    number: str = ""
    """Its number there; ``""`` if it is not there, such as when its number is another's."""
    party_number: str = ""
    """The number of the customer or supplier there."""
    total: Decimal | None = None
    """As the other system has it, in the item's currency; ``None`` if unknown."""
    code: str = ""
    message: Text | None = None
    theirs: str = ""
    """The other system's own code and message. It may name a customer: for the journal, never for
    a log file."""
    complete: bool = True
    """False if steps remain, such as attaching its PDF, or a person must check something, such as
    another total; it is offered again at the next export."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The report of an export."""

    company: Company
    requests: int
    """The number of requests to the other system's API."""
    notes: Sequence[Text] = ()
