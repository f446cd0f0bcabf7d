"""Invoices and payments, as the books of a company hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from hostsim.sandbox.fields import round_half_up
from hostsim.sandbox.ocr import ocr_of
from hostsim.sandbox.validation import Account, Currency, Number, Rate, choice, pattern

ZERO = Decimal(0)
ONE = Decimal(1)

SOURCES = ("manual", "direct", "file", "finance", "autogiro", "settle")
INVOICE_TYPES = ("INVOICE", "AGREEMENTINVOICE", "INTRESTINVOICE", "SUMMARYINVOICE", "CASHINVOICE")


@dataclass(frozen=True, kw_only=True)
class WriteOff:
    """An amount of an invoice that was written off with a payment."""

    amount: Decimal
    """In ``currency``."""

    account: Account
    description: str = ""
    cost_center: str = ""
    currency: Annotated[str, pattern("a currency, three capital letters", "([A-Z]{3})?")] = "SEK"
    """SEK, that of the payment, or empty, which means SEK."""

    project: str = ""
    information: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Payment:
    """A customer's payment of one invoice."""

    invoice_number: Number
    amount: Decimal
    """SEK."""

    payment_date: date
    number: int = 0
    """0 for the next number of the company."""

    amount_currency: Decimal | None = None
    """In ``currency``; ``None`` means the same as ``amount``."""

    currency: Currency = "SEK"
    currency_rate: Rate = ONE
    currency_unit: Number = 1
    booked: bool = False
    source: Annotated[str, choice(*SOURCES)] = "manual"
    mode_of_payment: str = "BG"
    account: Account = 1930
    write_offs: tuple[WriteOff, ...] = ()
    voucher_number: int | None = None
    voucher_series: str | None = None
    voucher_year: int | None = None
    modified: datetime | None = None
    """Zone-aware; ``None`` means now, by the sandbox's clock."""

    wire: Mapping[str, Any] = field(default_factory=dict)
    """Overrides of the serialized fields, by Fortnox's names: ``{"Amount": "API_NORIGHT"}``."""

    @property
    def in_currency(self) -> Decimal:
        """The amount in the currency of the invoice."""
        return self.amount if self.amount_currency is None else self.amount_currency

    @property
    def effective_rate(self) -> Decimal:
        """SEK for one unit of the currency, as paid."""
        return (
            self.amount / self.in_currency
            if self.amount and self.in_currency
            else self.currency_rate
        )

    @property
    def effect(self) -> Decimal:
        """The amount of its invoice that a booked payment clears, in the invoice's currency."""
        in_currency = [row.amount for row in self.write_offs if row.currency == self.currency]
        in_sek = sum((row.amount for row in self.write_offs), ZERO) - sum(in_currency, ZERO)
        if in_sek and self.currency != "SEK":
            in_sek /= self.effective_rate
        written_off = sum(in_currency, in_sek)
        return self.in_currency + round_half_up(written_off)


@dataclass(frozen=True, kw_only=True)
class InvoiceRow:
    """A row of an invoice; ``fields`` by Fortnox's names, only what is set."""

    row_id: int
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """The computed amounts of an invoice, in its currency."""

    net: Decimal
    """Without VAT, fees included."""

    gross: Decimal
    """The rows without VAT."""

    vat: Decimal
    freight_vat: Decimal = ZERO
    administration_fee_vat: Decimal = ZERO
    round_off: Decimal = ZERO

    def negated(self) -> Amounts:
        """Return the amounts of the invoice that credits this one."""
        return Amounts(**{name: -value for name, value in vars(self).items()})


@dataclass(frozen=True, kw_only=True, slots=True)
class Invoice:
    """A customer invoice; the fields of lists and payments are attributes."""

    number: Number
    total: Decimal
    """In ``currency``; below zero for a credit invoice."""

    invoice_date: date
    due_date: date
    customer_number: str = "1"
    customer_name: str = "Kund AB"
    currency: Currency = "SEK"
    currency_rate: Rate = ONE
    currency_unit: Number = 1
    ocr: str | None = None
    """``None`` for the reference that Fortnox would make."""

    invoice_type: Annotated[str, choice(*INVOICE_TYPES)] = "INVOICE"
    booked: bool = True
    cancelled: bool = False
    credit_of: int = 0
    """The invoice that this one credits; 0 for an ordinary invoice."""

    external_reference_1: str = ""
    external_reference_2: str = ""
    our_reference: str = ""
    your_reference: str = ""
    order_number: str = ""
    cost_center: str = ""
    project: str = ""
    way_of_delivery: str = ""
    terms_of_payment: str = "30"
    city: str = ""
    zip_code: str = ""
    sent: bool = True
    not_completed: bool = False
    factored: bool = False
    voucher_number: int | None = None
    voucher_series: str | None = None
    voucher_year: int | None = None
    credited_by: int = 0
    """The invoice that credits this one; 0 for none."""

    rows: tuple[InvoiceRow, ...] = ()
    amounts: Amounts | None = None
    """``None`` if only the total is known."""

    written: Mapping[str, Any] = field(default_factory=dict)
    """All other fields that a client has written, by Fortnox's names."""

    made: datetime | None = None
    """Zone-aware; when it was created over the API."""

    settled: Decimal = ZERO
    """The amount settled without a payment, in its currency."""

    settled_on: date | None = None
    balance: Decimal = ZERO
    """The remaining amount; updated by the company."""

    final_pay_date: date | None = None
    modified: datetime | None = None
    """Zone-aware; ``None`` means now, by the sandbox's clock."""

    wire: Mapping[str, Any] = field(default_factory=dict)
    """Overrides of the serialized fields, by Fortnox's names."""

    @property
    def credit(self) -> bool:
        return self.total < 0

    @property
    def reference(self) -> str:
        return ocr_of(self.number) if self.ocr is None else self.ocr
