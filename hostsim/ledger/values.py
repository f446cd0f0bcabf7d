"""The values that the host works with, frozen, in addition to those of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import wraps
from typing import Literal, NamedTuple, ParamSpec, TypeVar

from opter_contract.export_values import Customer, InvoiceRow, SupplierBill
from opter_contract.values import Company, Text, WriteOff

P = ParamSpec("P")
R = TypeVar("R")

#: The currency of the books; the contract gives every ``amount`` in it.
SEK = "SEK"

#: Where a payment was registered from.
IMPORT = "import"
HAND = "hand"

#: The state of a payment that counts; the others are shown, and say why they do not.
REGISTERED = "registered"

PaymentState = Literal["registered", "deleted", "reversed", "reversal"]

#: Of a payment that can be saved, or is registered.
Status = Literal["exact", "written-off", "partial", "advance", "reversal", "settled-against-credit"]

#: Sums of money must not be rounded, however large: the default 28 digits would do so.
EXACT = Context(prec=200, rounding=ROUND_HALF_UP)

ORE = Decimal("0.01")
ZERO = Decimal(0)


def same_currency(currency: str, other: str) -> bool:
    """Compare currency codes; the host's is free text."""
    return currency.strip().upper() == other.strip().upper()


def exact(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function to calculate in the context :data:`EXACT`."""

    @wraps(function)
    def called(*arguments: P.args, **keywords: P.kwargs) -> R:
        with localcontext(EXACT):
            return function(*arguments, **keywords)

    return called


@dataclass(frozen=True, slots=True)
class InvoiceContent:
    """The parts of an invoice besides its header that an export needs."""

    customer: Customer
    rows: tuple[InvoiceRow, ...]
    type: str = "invoice"
    exchange_rate: Decimal | None = None
    order_number: str = ""
    order_date: date | None = None
    credits: str = ""
    document: str = ""  # the path of its PDF


@dataclass(frozen=True, slots=True)
class ExportedInvoice:
    """An invoice as it is loaded; without ``content`` it was exported otherwise."""

    number: str
    ocr: str
    customer_code: str
    customer_name: str
    currency: str  # free text; "" is the default currency of the office
    total: Decimal  # in the currency of the invoice; negative for a credit invoice
    invoice_date: date | None = None
    due_date: date | None = None
    region: str = ""  # "" is the default region
    period_closed: bool = True
    content: InvoiceContent | None = None


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice that the host knows; amounts in the invoice's own currency."""

    region: str
    number: str
    ocr: str
    customer_code: str
    customer_name: str
    currency: str
    total: Decimal
    remaining: Decimal
    invoice_date: date | None
    due_date: date | None
    period_closed: bool


@dataclass(frozen=True, slots=True)
class LoadedBill:
    """A bill of a subcontractor as it is loaded."""

    bill: SupplierBill
    period_closed: bool = True
    document: str = ""  # the path of its PDF


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill of a subcontractor that the host knows, as a list shows it."""

    region: str
    number: str
    supplier_code: str
    supplier_name: str
    bill_date: date
    due_date: date
    currency: str
    total: Decimal  # in the currency, as is the VAT; negative where the supplier owes us
    vat: Decimal
    period_closed: bool
    sends_invoice: bool  # the supplier does so itself, and the bill is not exported


@dataclass(frozen=True, slots=True)
class Definition:
    """An import or export as a person defined it, with the company and cursor of its last save."""

    name: str
    import_type: str
    import_format: str
    region: str
    settings: Mapping[str, str]
    company: Company | None
    cursor: str | None
    subject: str = (
        ""  # what is exported; "" for an import, and ``import_type`` is else the export's
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One payment as a person sees it, in a preview or in the books."""

    id: int
    payment_number: str
    invoice_number: str | None
    host_invoice_number: str | None
    payment_date: date | None
    amount: Decimal  # SEK, 0 where unknown
    currency: str | None
    amount_currency: Decimal | None
    exchange_rate: Decimal | None
    source: str | None
    write_offs: Sequence[WriteOff]
    status: Status | None
    warning: Text | None
    reason: str | None
    message: Text | None
    customer_name: str | None  # of the matched invoice of the host
    written_off: Decimal | None  # within the accepted deviation; SEK


@dataclass(frozen=True, slots=True)
class PreviewRow(Row):
    """A payment in a preview, with what it does to its invoice; no figures without one."""

    kind: str  # the list that it is in
    obstacle: str  # see :mod:`.reasons`
    due_date: date | None
    invoice_currency: str | None  # of the three amounts
    invoice_total: Decimal | None
    effect: Decimal  # what it takes away from what remains
    remaining: Decimal | None  # then

    @property
    def remaining_before(self) -> Decimal | None:
        return None if self.remaining is None else EXACT.add(self.remaining, self.effect)


@dataclass(frozen=True, slots=True)
class SavedRow(PreviewRow):
    """A payment as its preview had it, with what became of it since it was saved."""

    state: PaymentState


@dataclass(frozen=True, slots=True)
class Entry(Row):
    """A payment in the books, with where it came from; times have a zone."""

    origin: Literal["import", "hand"]
    state: PaymentState
    region: str  # of its invoice
    import_type: str | None  # None for one that was typed by hand, as is the company
    company: str | None
    bank_account: str
    effect: Decimal  # what it took away from what remained, in the invoice's currency
    invoice_currency: str
    run_id: str | None
    user: str
    at: datetime
    deleted_by: str | None
    deleted_at: datetime | None
    deleted_why: str | None
    reverses: int | None  # of a reversal: the id of the payment that it reverses
    invoice_id: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about one payment, or about a series of invoice numbers.

    Times have a time zone. ``applied_at`` is when a save did what was decided.
    """

    id: int
    definition: str
    company: str
    decision: Literal["set-aside", "confirm", "take-again", "accept", "keep"]
    number: str | None  # of one payment; None for a series
    first_invoice: str | None
    last_invoice: str | None
    facts: str = field(repr=False)
    why: str = field(repr=False)
    user: str
    at: datetime
    applied_at: datetime | None = None
    taken_back_by: str | None = None
    taken_back_at: datetime | None = None
    registered_as: Status | None = None  # an accepted advance, by the save that applied it
    outdated: Text | None = None  # on which other figures it was decided, or that those are gone
    replaced: bool = False  # by a later decision, when it was taken back
    undone: bool = False  # with the save that applied it

    @property
    def is_open(self) -> bool:
        """Whether no save has applied it, and nobody taken it back."""
        return self.applied_at is None and self.taken_back_at is None

    @property
    def in_force(self) -> bool:
        """Whether it still counts."""
        return self.is_open and self.outdated is None


class SetAsideTotal(NamedTuple):
    """How many payments are set aside, and their SEK."""

    number: int = 0
    sek: Decimal = Decimal(0)
