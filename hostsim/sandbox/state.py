"""The state of a sandbox: companies with their books and rights, and users.

Nothing here knows of HTTP. Tests change the books directly, also in ways that
Fortnox's program allows and its API does not; the API's rules are in
:mod:`hostsim.sandbox.payments`.
"""

from __future__ import annotations

import copy
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from hostsim.sandbox import currency_conversion
from hostsim.sandbox.clock import Clock
from hostsim.sandbox.fields import round_half_up
from hostsim.sandbox.registers import FinancialYear, Registers
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.tokens import Grant, Tokens
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


Record = TypeVar("Record", Invoice, Payment)
Item = TypeVar("Item")


@lru_cache(100_000)
def ocr_of(number: int) -> str:
    """Make an OCR reference as Fortnox does: the number, the length, a Luhn digit.

    Invoice 1 has 133, 10 has 1040, 103 has 10355, as recorded.
    """
    digits = f"{number}{(len(str(number)) + 2) % 10}"
    return f"{digits}{luhn_digit(digits)}"


def luhn_digit(digits: str) -> int:
    doubled = (int(digit) * (2 - index % 2) for index, digit in enumerate(reversed(digits)))
    return -sum(value // 10 + value % 10 for value in doubled) % 10


def ocr_is_valid(text: str) -> bool:
    """Return whether the last digit is the Luhn digit of the others."""
    return text.isascii() and text.isdigit() and luhn_digit(text[:-1]) == int(text[-1])


#: The attributes of a company that hold its rights and restrictions.
RIGHTS = ("consent_error", "locked", "integration_licence", "unlicensed", "withdrawn", "forbidden")


@dataclass(frozen=True)
class Snapshot:
    """Books and rights of a company at one time."""

    invoices: Mapping[int, Invoice]
    payments: Mapping[int, Payment]
    last_number: int
    rights: Mapping[str, Any]
    registers: Registers


@dataclass(frozen=True)
class StateSnapshot:
    """Everything but tokens, at one time."""

    companies: Mapping[int, Snapshot]
    users: Mapping[str, User]
    registered_scopes: frozenset[str] | None
    clock: tuple[timedelta, datetime | None]
    consents: Mapping[tuple[str, int], Grant]


class Company:
    """One company in Fortnox: its data, its rights and its books."""

    def __init__(
        self,
        number: int,
        name: str,
        *,
        clock: Clock,
        organisation_number: str = "556000-0000",
        address: str = "",
        zip_code: str = "",
        city: str = "",
    ) -> None:
        self.number = number
        self.name = name
        self.clock = clock
        self.organisation_number = organisation_number
        self.address = address
        self.zip_code = zip_code
        self.city = city
        #: Returned on the redirect instead of a code, such as ``error_missing_license``.
        self.consent_error: str | None = None
        #: Locked for non-payment: the redirect has neither code nor state.
        self.locked = False
        #: Without the integration licence every API request is refused.
        self.integration_licence = True
        #: Scopes of modules that the company has no licence for.
        self.unlicensed: set[str] = set()
        #: Scopes that were withdrawn although a token still has them.
        self.withdrawn: set[str] = set()
        #: Scopes of registers that no user has a right to.
        self.forbidden: set[str] = set()
        #: Customers, accounts, currencies and so on, and the settings of invoicing.
        self.registers = Registers(clock.now())
        self.switches = Switches()
        #: The number of changes of the books, the key of the cached sorted lists.
        self.version = 0
        self.lock = threading.RLock()
        self._invoices: dict[int, Invoice] = {}
        self._payments: dict[int, Payment] = {}
        self._payment_numbers: defaultdict[int, set[int]] = defaultdict(set)
        self._last_number = 0
        self._sorted: tuple[int, list[Invoice], list[Payment]] | None = None

    # --- Reading ---

    def snapshot(self) -> Snapshot:
        with self.lock:
            return Snapshot(
                dict(self._invoices),
                dict(self._payments),
                self._last_number,
                {name: copy.copy(getattr(self, name)) for name in RIGHTS},
                self.registers.copy(),
            )

    def restore(self, before: Snapshot) -> None:
        with self.lock:
            self._invoices = dict(before.invoices)
            self._payments = dict(before.payments)
            self._payment_numbers.clear()
            for payment in self._payments.values():
                self._payment_numbers[payment.invoice_number].add(payment.number)
            self._last_number = before.last_number
            self.registers = before.registers.copy()
            self.version += 1
            for name, value in before.rights.items():
                setattr(self, name, copy.copy(value))

    def invoices(self) -> list[Invoice]:
        """Return the invoices by number."""
        with self.lock:
            return list(self._sorted_books()[0])

    def payments(self) -> list[Payment]:
        """Return the payments by number."""
        with self.lock:
            return list(self._sorted_books()[1])

    def _sorted_books(self) -> tuple[list[Invoice], list[Payment]]:
        """Return invoices and payments by number, sorted once for each version."""
        if self._sorted is None or self._sorted[0] != self.version:
            self._sorted = (
                self.version,
                [self._invoices[number] for number in sorted(self._invoices)],
                [self._payments[number] for number in sorted(self._payments)],
            )
        return self._sorted[1], self._sorted[2]

    def invoice(self, number: int) -> Invoice | None:
        with self.lock:
            return self._invoices.get(number)

    def payment(self, number: int) -> Payment | None:
        with self.lock:
            return self._payments.get(number)

    def payments_of(self, invoice_number: int) -> list[Payment]:
        with self.lock:
            return [
                self._payments[number] for number in sorted(self._payment_numbers[invoice_number])
            ]

    def today(self) -> date:
        return self.clock.local().date()

    def financial_years(self) -> tuple[FinancialYear, ...]:
        """Return the financial years; by default the calendar years up to the present one."""
        if self.registers.years is not None:
            return self.registers.years
        return tuple(
            FinancialYear(
                year - 2014, date(year, 1, 1), date(year, 12, 31), self.registers.set_up.method
            )
            for year in range(2015, self.today().year + 1)
        )

    def financial_year(self, day: date) -> FinancialYear | None:
        return next((year for year in self.financial_years() if day in year), None)

    def locked_until(self) -> date | None:
        """Return the last day of the locked period, locked by a person or automatically."""
        set_up, today = self.registers.set_up, self.today()
        if set_up.lock_day is None:
            return set_up.locked_until
        first = today.replace(day=1)
        if today.day < set_up.lock_day:
            first = (first - timedelta(days=1)).replace(day=1)
        return max(first - timedelta(days=1), set_up.locked_until or date.min)

    # --- Changing ---

    def add_invoice(self, invoice: Invoice) -> Invoice:
        """Add an invoice. Raises ``ValueError`` if its number is in use."""
        with self.lock:
            if invoice.number in self._invoices:
                raise ValueError(f"number {invoice.number} is in use; change_invoice changes it")
            self.move_series(invoice.number)
            return self.put_invoice(invoice)

    def move_series(self, number: int) -> None:
        """Move the series of invoice numbers beyond this number."""
        self.registers.next_invoice = max(self.registers.next_invoice, number + 1)

    def put_invoice(self, invoice: Invoice) -> Invoice:
        """Add or replace an invoice without moving the series of numbers."""
        with self.lock:
            registers = self.registers
            registers.last_voucher = max(registers.last_voucher, invoice.voucher_number or 0)
            registers.last_row = max(registers.last_row, *(row.row_id for row in invoice.rows), 0)
            self._invoices[invoice.number] = self._with_dates(invoice, invoice.invoice_date)
            self._update_balance(invoice.number)
            return self._invoices[invoice.number]

    def change_invoice(self, number: int, **changes: Any) -> Invoice:
        """Change fields of an invoice; it counts as modified now.

        Raises ``ValueError`` for a change of currency if it has payments.
        """
        with self.lock:
            before = _lookup("invoice", number, self._invoices)
            if (
                changes.get("currency", before.currency) != before.currency
                and self._payment_numbers[number]
            ):
                raise ValueError(f"invoice {number} has payments, and keeps its currency")
            return self.put_invoice(replace(before, **{"modified": None, **changes}))

    def book_invoice(self, number: int) -> Invoice:
        """Book an invoice, with a new voucher."""
        with self.lock:
            self.registers.last_voucher += 1
            voucher = {"voucher_number": self.registers.last_voucher, "voucher_series": "B"}
            return self.change_invoice(number, booked=True, **voucher)

    def delete_invoice(self, number: int) -> None:
        """Delete an invoice; its payments stay."""
        with self.lock:
            del self._invoices[_lookup("invoice", number, self._invoices).number]
            self.version += 1

    def add_payment(self, payment: Payment) -> Payment:
        """Add a payment, with the next number unless it has one.

        Raises ``ValueError`` if its number is in use.
        """
        with self.lock:
            number = payment.number or self._last_number + 1
            if number in self._payments:
                raise ValueError(f"number {number} is in use; change_payment changes it")
            self._last_number = max(self._last_number, number)
            return self._store_payment(replace(payment, number=number))

    def change_payment(self, number: int, **changes: Any) -> Payment:
        """Change fields of a payment, booked or not; it counts as modified now."""
        with self.lock:
            before = _lookup("payment", number, self._payments)
            after = self._store_payment(replace(before, **{"modified": None, **changes}))
            if after.invoice_number != before.invoice_number:
                self._payment_numbers[before.invoice_number].discard(number)
                self._update_balance(before.invoice_number)
            return after

    def touch_payment(self, number: int) -> Payment:
        """Mark a payment as modified now, without a change."""
        return self.change_payment(number)

    def book_payment(self, number: int) -> Payment:
        """Book a payment, with a voucher; it then counts against its invoice."""
        return self.change_payment(number, booked=True, voucher_number=number, voucher_series="C")

    def pay(self, invoice: Invoice, amount: Decimal, day: date, source: str = "manual") -> Payment:
        """Add a booked payment, in the currency of its invoice. Raises ``Refused``."""
        with self.lock:
            amounts = currency_conversion.consistent_amounts(
                {"amount_currency": amount},
                invoice.currency,
                (invoice.currency_rate, invoice.currency_unit),
                None,
                self.switches,
            )
            payment = self.add_payment(
                Payment(
                    invoice_number=invoice.number,
                    currency=invoice.currency,
                    payment_date=day,
                    source=source,
                    **amounts,
                )
            )
            return self.book_payment(payment.number)

    def settle_credit(self, number: int) -> None:
        """Settle a credit invoice against its original, up to the smaller balance.

        Raises ``LookupError`` and ``ValueError`` with the reason.
        """
        with self.lock:
            credit = self._invoices.get(number)
            original = self._invoices.get(credit.credit_of) if credit else None
            if credit is None or original is None:
                raise LookupError(f"credit invoice {number} of an invoice")
            for invoice in (original, credit):
                if not invoice.booked:
                    raise ValueError(f"invoice {invoice.number} is not booked")
            amount = min(original.balance, -credit.balance)
            if amount <= 0:
                raise ValueError(f"nothing of invoice {number} is left to settle")
            for invoice, part in ((original, amount), (credit, -amount)):
                if self.switches.credit_settlement == "payments":
                    self.pay(invoice, part, self.today())
                else:
                    settled = {"settled": invoice.settled + part, "settled_on": self.today()}
                    self.change_invoice(invoice.number, **settled)

    def unbook_payment(self, number: int) -> Payment:
        """Undo the booking, as the removal of its voucher in Fortnox's program does."""
        return self.change_payment(
            number, booked=False, voucher_number=None, voucher_series=None, voucher_year=None
        )

    def delete_payment(self, number: int) -> None:
        """Delete a payment, booked or not."""
        with self.lock:
            payment = _lookup("payment", number, self._payments)
            del self._payments[number]
            self._payment_numbers[payment.invoice_number].discard(number)
            self._update_balance(
                payment.invoice_number, self.clock.now() if payment.booked else None
            )

    def _store_payment(self, payment: Payment) -> Payment:
        self._payments[payment.number] = dated = self._with_dates(payment, payment.payment_date)
        self._payment_numbers[payment.invoice_number].add(payment.number)
        self._update_balance(payment.invoice_number, dated.modified if dated.booked else None)
        return dated

    def _with_dates(self, record: Record, day: date) -> Record:
        """Set the time of modification and the voucher's financial year, if missing."""
        if record.voucher_number and record.voucher_year is None:
            year = self.financial_year(day)
            record = replace(record, voucher_year=year.id if year else None)
        return record if record.modified else replace(record, modified=self.clock.now())

    def _update_balance(self, number: int, touched_at: datetime | None = None) -> None:
        """Update balance and final pay date of an invoice from its booked payments."""
        self.version += 1
        if (invoice := self._invoices.get(number)) is None:
            return
        booked = [payment for payment in self.payments_of(number) if payment.booked]
        balance = (
            invoice.total - invoice.settled - sum((payment.effect for payment in booked), ZERO)
        )
        modified = invoice.modified
        if (
            touched_at is not None
            and modified is not None
            and self.switches.payment_touches_invoice
        ):
            modified = max(modified, touched_at)
        self._invoices[number] = replace(
            invoice,
            balance=balance,
            final_pay_date=_final_pay_date(invoice, balance, booked),
            modified=modified,
        )


def _lookup(name: str, number: int, records: Mapping[int, Item]) -> Item:
    """Return a record, or raise ``KeyError`` with its name and number."""
    if number not in records:
        raise KeyError(f"{name} {number}")
    return records[number]


def _final_pay_date(invoice: Invoice, balance: Decimal, booked: list[Payment]) -> date | None:
    if balance * (-1 if invoice.credit else 1) > 0:
        return None
    days = [payment.payment_date for payment in booked]
    if invoice.settled_on is not None:
        days.append(invoice.settled_on)
    if days:
        return max(days)
    # A total of zero is fully paid as soon as the invoice is booked, as recorded.
    return invoice.invoice_date if invoice.booked and not invoice.total else None


@dataclass(frozen=True, kw_only=True)
class User:
    """A person who can sign in."""

    id: int
    name: str
    password: str = field(repr=False)
    companies: tuple[int, ...]
    admin: bool = True
    unlicensed: frozenset[str] = frozenset()
    """Scopes of modules that the user has no licence for."""

    forbidden: frozenset[str] = frozenset()
    """Scopes of registers that the user has no right to."""


class State:
    """All companies, users and tokens of one sandbox."""

    def __init__(self, clock: Clock | None = None, switches: Switches | None = None) -> None:
        self.clock = clock or Clock()
        self.switches = switches or Switches()
        self.tokens = Tokens(self.clock, self.switches)
        self.companies: dict[int, Company] = {}
        self.users: dict[str, User] = {}
        #: The scopes of the program in the developer portal; ``None`` for all.
        self.registered_scopes: frozenset[str] | None = None
        #: The user whose name and password the login page shows.
        self.shown_user: str | None = None
        #: Of the registered program; set by the sandbox.
        self.client_id = ""

    def configure(self, clock: Clock | None, switches: Switches) -> None:
        """Set clock and switches, here and in the tokens and companies."""
        self.clock = clock or self.clock
        self.switches = switches
        self.tokens.clock = self.clock
        self.tokens.switches = switches
        for company in self.companies.values():
            company.clock = self.clock
            company.switches = switches

    def snapshot(self) -> StateSnapshot:
        return StateSnapshot(
            {number: company.snapshot() for number, company in self.companies.items()},
            dict(self.users),
            self.registered_scopes,
            self.clock.snapshot(),
            self.tokens.consents(),
        )

    def restore(self, before: StateSnapshot) -> None:
        """Restore books, rights, users, consents and clock; tokens stay valid."""
        for number in self.companies.keys() - before.companies.keys():
            del self.companies[number]
        for number, company in self.companies.items():
            company.restore(before.companies[number])
        self.users = dict(before.users)
        self.registered_scopes = before.registered_scopes
        self.clock.restore(before.clock)
        self.tokens.restore_consents(before.consents)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Roll back every change made within, tokens included, if one of them fails.

        Other threads wait: they neither change anything nor use or get a token.
        """
        with ExitStack() as locks:
            locks.enter_context(self.tokens.lock)
            for company in self.companies.values():
                locks.enter_context(company.lock)
            before, tokens = self.snapshot(), self.tokens.snapshot()
            try:
                yield
            except Exception:
                self.restore(before)
                self.tokens.restore(tokens)
                raise

    def add_company(self, number: int, name: str, **details: str) -> Company:
        company = Company(number, name, clock=self.clock, **details)
        company.switches = self.switches
        self.companies[number] = company
        return company

    def add_user(
        self,
        name: str,
        password: str,
        companies: Iterable[int] | None = None,
        *,
        admin: bool = True,
        unlicensed: Iterable[str] = (),
        forbidden: Iterable[str] = (),
    ) -> User:
        """Add a user of these companies, or of all."""
        numbers = tuple(self.companies if companies is None else companies)
        user = User(
            id=len(self.users) + 1,
            name=name,
            password=password,
            companies=numbers,
            admin=admin,
            unlicensed=frozenset(unlicensed),
            forbidden=frozenset(forbidden),
        )
        self.users[name] = user
        return user

    def has_right(self, grant: Grant, scope: str) -> bool:
        """Whether a grant has the right to a scope's register.

        A service account has the rights of the company, not those of a person.
        """
        user = self.user_of(grant)
        forbidden = self.company(grant.company).forbidden
        return scope not in forbidden and not (user and scope in user.forbidden)

    def user_of(self, grant: Grant) -> User | None:
        """Return the user of a grant; ``None`` for a service account, which has its own rights."""
        if grant.service:
            return None
        return next((user for user in self.users.values() if user.id == grant.user), None)

    def unlicensed(self, grant: Grant) -> frozenset[str]:
        """Return the scopes of modules that the company, or the user, has no licence for."""
        user = self.user_of(grant)
        user_scopes = user.unlicensed if user else frozenset()
        return user_scopes | self.company(grant.company).unlicensed

    def company(self, number: int | str | None = None) -> Company:
        """Return a company by its number, or the first one."""
        if number is None:
            number = next(iter(self.companies), -1)
        return _lookup("company", int(number), self.companies)

    # --- Consents, licences, scopes ---

    def consent(self, scopes: Iterable[str], company: int | str | None = None) -> None:
        """Consent to a service account, as an administrator."""
        number = self.company(company).number
        self.tokens.consent(Grant(self.client_id, number, 1, tuple(scopes)))

    def withdraw_consent(self, company: int | str | None = None, user: str | None = None) -> None:
        """Withdraw the consent for service accounts, or a user's. Raises ``KeyError``."""
        user_id = None if user is None else self.users[user].id
        self.tokens.withdraw_consent(self.company(company).number, user_id)

    def withdraw_licence(self, company: int | str | None = None) -> None:
        self.company(company).integration_licence = False

    def restore_licence(self, company: int | str | None = None) -> None:
        self.company(company).integration_licence = True

    def withdraw_scope(self, scope: str, company: int | str | None = None) -> None:
        """Withdraw a scope from tokens that have it."""
        self.company(company).withdrawn.add(scope)

    def restore_scope(self, scope: str, company: int | str | None = None) -> None:
        self.company(company).withdrawn.discard(scope)
