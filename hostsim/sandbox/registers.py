"""The data of a company beside invoices and payments: registers, set-up, files.

A record of a register is an :class:`Entry`, with Fortnox's field names and only
the fields that are set. The resource has the defaults of the others.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from hostsim.sandbox.validation import Account, Number, integer
from hostsim.sandbox.values import ZERO


@dataclass(frozen=True)
class Entry:
    """A record of a register."""

    fields: Mapping[str, Any]
    modified: datetime
    """Zone-aware."""


Method = Literal["ACCRUAL", "CASH"]


@dataclass(frozen=True)
class FinancialYear:
    """A financial year, with the id that vouchers and charts refer to."""

    id: Number
    first: date
    last: date
    method: Method = "ACCRUAL"

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a year does not end before it begins")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """The settings of a company's invoicing."""

    vat_rates: tuple[Decimal, ...] = (Decimal(25), Decimal(12), Decimal(6), ZERO)
    """Per cent."""

    freight: Decimal = ZERO
    """The default of every invoice."""

    administration_fee: Decimal = ZERO
    """Likewise."""

    prices_with_vat: bool = False
    """Likewise; the customer's own setting takes precedence."""

    terms_of_payment: str = "30"
    """Days or a code, the default of customers that have none; may be empty."""

    sales_account: Account = 3001
    method: Method = "ACCRUAL"
    """``CASH``: invoices are booked when they are paid."""

    bankgiro: str = "5050-1055"
    """Without bank details nothing can be printed or mailed."""

    email: str = "ekonomi@example.com"
    locked_until: date | None = None
    lock_holds_for_integrations: bool = True
    lock_day: Annotated[int, integer(1, 31)] | None = None
    """The day of a month on which Fortnox automatically locks the month before."""


@dataclass(frozen=True)
class StoredFile:
    """A file in the inbox."""

    id: str
    archive_id: str
    name: str
    folder: str
    content: bytes = field(repr=False)
    supplier_invoice: int = 0
    """The number of the supplier invoice that it is connected to; 0 for none."""


@dataclass(frozen=True)
class SupplierInvoice:
    """A supplier invoice; ``fields`` by Fortnox's names, only what is set."""

    number: Number
    fields: Mapping[str, Any]
    modified: datetime
    approved: bool = False
    payment_approved: bool = False
    booked: bool = False
    cancelled: bool = False
    credit_of: int = 0
    credited_by: int = 0
    voucher: Mapping[str, Any] | None = None
    final_pay_date: date | None = None

    @property
    def due_date(self) -> date:
        day: date = self.fields["DueDate"]
        return day


class Registers:
    """All registers of one company."""

    def __init__(self, now: datetime) -> None:
        #: By the register's name in paths, and by key.
        self.entries: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
        #: Customer numbers that were ever used, deleted ones included.
        self.used_customer_numbers: set[str] = set()
        #: ``None`` for the calendar years up to the present one.
        self.years: tuple[FinancialYear, ...] | None = None
        self.set_up = SetUp()
        self.next_invoice = 1
        self.last_row = 0
        self.last_voucher = 0
        self.files: dict[str, StoredFile] = {}
        #: Files on documents, by their own id.
        self.attachments: dict[str, dict[str, Any]] = {}
        self.supplier_invoices: dict[int, SupplierInvoice] = {}
        self.last_supplier_invoice = 0
        self.last_supplier_voucher = 0
        for name, records in PRESET.items():
            for record in records:
                key = next(iter(record.values()))
                self.entries[name][str(key)] = Entry(record, now)

    def __copy__(self) -> Registers:
        """Return a copy with tables of its own; records are immutable and shared."""
        copied = object.__new__(Registers)
        vars(copied).update({name: copy.copy(value) for name, value in vars(self).items()})
        for name, entries in self.entries.items():
            copied.entries[name] = dict(entries)
        return copied

    def get(self, name: str, key: object) -> Mapping[str, Any] | None:
        """Return the fields of a record that are set."""
        entry = self.entries[name].get(str(key))
        return None if entry is None else entry.fields

    def put(self, name: str, key: object, fields: Mapping[str, Any], now: datetime) -> Entry:
        """Add a record, or change fields of an existing one."""
        before = self.get(name, key) or {}
        entry = Entry({**before, **fields}, now)
        self.entries[name][str(key)] = entry
        if name == "customers":
            self.used_customer_numbers.add(str(key))
        return entry

    def delete(self, name: str, key: str) -> None:
        """Delete a record. Raises ``KeyError``."""
        if key not in self.entries[name]:
            raise KeyError(f"{key} in {name}")
        del self.entries[name][key]

    def put_supplier_invoice(self, invoice: SupplierInvoice) -> SupplierInvoice:
        """Add or replace a supplier invoice; its numbers are used up."""
        self.supplier_invoices[invoice.number] = invoice
        self.last_supplier_invoice = max(self.last_supplier_invoice, invoice.number)
        voucher = (invoice.voucher or {}).get("Number", 0)
        self.last_supplier_voucher = max(self.last_supplier_voucher, voucher)
        return invoice

    def connected_files(self, supplier_invoice: int) -> list[StoredFile]:
        files = self.files.values()
        return [file for file in files if file.supplier_invoice == supplier_invoice]

    # --- Accounts: each financial year has its own chart ---

    def account(self, number: int | str, year: int) -> Mapping[str, Any] | None:
        return self.get("accounts", f"{number}@{year}") or self.get("accounts", number)

    def chart(self, year: int) -> list[Entry]:
        """Return the accounts of a financial year by number."""
        entries: dict[str, Entry] = {}
        for key, entry in self.entries["accounts"].items():
            number, _, chart_year = key.partition("@")
            if chart_year == str(year) or (not chart_year and number not in entries):
                entries[number] = entry
        return [entries[number] for number in sorted(entries)]

    def change_set_up(self, **changes: Any) -> None:
        self.set_up = replace(self.set_up, **changes)


#: The VAT rates of sales accounts, by Fortnox's code.
VAT_OF_CODE = {"MP1": Decimal(25), "MP2": Decimal(12), "MP3": Decimal(6)}

ACCOUNTS = (
    (1510, "Kundfordringar", ""),
    (1930, "Företagskonto", ""),
    (2440, "Leverantörsskulder", ""),
    (2611, "Utgående moms på försäljning inom Sverige, 25 %", "U1"),
    (2614, "Utgående moms, omvänd skattskyldighet, 25 %", "U1"),
    (2621, "Utgående moms på försäljning inom Sverige, 12 %", "U2"),
    (2631, "Utgående moms på försäljning inom Sverige, 6 %", "U3"),
    (2641, "Debiterad ingående moms", "I"),
    (2645, "Beräknad ingående moms på förvärv från utlandet", "I"),
    (3001, "Försäljning inom Sverige, 25 % moms", "MP1"),
    (3002, "Försäljning inom Sverige, 12 % moms", "MP2"),
    (3003, "Försäljning inom Sverige, 6 % moms", "MP3"),
    (3004, "Försäljning inom Sverige, momsfri", ""),
    (3041, "Försäljning av tjänster inom Sverige, 25 % moms", "MP1"),
    (3305, "Försäljning av tjänster till land utanför EU", ""),
    (3308, "Försäljning av tjänster till annat EU-land", ""),
    (3521, "Fakturerade frakter, Sverige", "MP1"),
    (3540, "Faktureringsavgifter", "MP1"),
    (3740, "Öres- och kronutjämning", ""),
    (4010, "Inköp av material och varor", ""),
    (4535, "Inköp av tjänster från annat EU-land, 25 %", ""),
    (4600, "Legoarbeten och underentreprenader", ""),
    (6570, "Bankkostnader", ""),
    (8313, "Ränteintäkter från kundfordringar", ""),
)

TERMS = (
    ("0", "0 dagar"),
    ("10", "10 dagar"),
    ("15", "15 dagar"),
    ("20", "20 dagar"),
    ("30", "30 dagar"),
    ("AG", "Autogiro"),
    ("K", "Kontant"),
    ("PF", "Postförskott"),
)

#: Of the sandbox's payments; Fortnox's defaults are not known.
MODES = (("AG", "Autogiro"), ("BG", "Bankgiro"), ("PG", "Plusgiro"))

CURRENCIES = (
    ("EUR", "Euro", "11.2750"),
    ("SEK", "Svenska kronor", "1"),
    ("USD", "Amerikanska dollar", "10.4300"),
)

#: The initial records of every company, whose first field is the key; Fortnox's test companies have
#: these currencies.
PRESET: Mapping[str, list[dict[str, Any]]] = {
    "accounts": [
        {"Number": number, "Description": description, "VATCode": vat_code}
        for number, description, vat_code in ACCOUNTS
    ],
    "termsofpayments": [{"Code": code, "Description": description} for code, description in TERMS],
    "modesofpayments": [
        {"Code": code, "Description": description, "AccountNumber": "1930"}
        for code, description in MODES
    ],
    "pricelists": [{"Code": "A", "Description": "Prislista A"}],
    "termsofdeliveries": [{"Code": "FVL", "Description": "Fritt vårt lager"}],
    "units": [{"Code": code} for code in ("h", "kg", "km", "st")],
    "currencies": [
        {"Code": code, "Description": name, "BuyRate": Decimal(rate), "SellRate": Decimal(rate)}
        for code, name, rate in CURRENCIES
    ],
}
