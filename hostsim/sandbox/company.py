"""One company in Fortnox: its data, its rights and its books.

Nothing here knows of HTTP. Tests change the books directly, also in ways that Fortnox's program
allows and its API does not; the API's rules are in :mod:`hostsim.sandbox.invoicing`,
:mod:`hostsim.sandbox.supplier_invoicing` and :mod:`hostsim.sandbox.payments`.
"""

from __future__ import annotations

import copy
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from hostsim.sandbox import currency_conversion
from hostsim.sandbox.clock import Clock
from hostsim.sandbox.registers import FinancialYear, Registers
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.values import ZERO, Invoice, InvoiceRow, Payment

Record = TypeVar("Record", Invoice, Payment)
Item = TypeVar("Item")


#: The attributes of a company that hold its rights and restrictions.
RIGHTS = ("consent_error", "locked", "integration_licence", "unlicensed", "withdrawn", "forbidden")

#: The attributes that hold its books.
BOOKS = ("_invoices", "_payments", "_last_number", "registers")


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
        self.lock = threading.RLock()
        self._invoices: dict[int, Invoice] = {}
        self._payments: dict[int, Payment] = {}
        self._payment_numbers: defaultdict[int, set[int]] = defaultdict(set)
        self._last_number = 0
        #: Invoices and payments by number, until the next change.
        self._sorted: tuple[list[Invoice], list[Payment]] | None = None

    # --- Reading ---

    def snapshot(self) -> dict[str, Any]:
        """Return books and rights, for :meth:`restore`."""
        with self.lock:
            return {name: copy.copy(getattr(self, name)) for name in (*BOOKS, *RIGHTS)}

    def restore(self, before: Mapping[str, Any]) -> None:
        with self.lock:
            for name, value in before.items():
                setattr(self, name, copy.copy(value))
            self._payment_numbers.clear()
            for payment in self._payments.values():
                self._payment_numbers[payment.invoice_number].add(payment.number)
            self._sorted = None

    def invoices(self) -> list[Invoice]:
        """Return the invoices by number."""
        with self.lock:
            return list(self._sorted_books()[0])

    def payments(self) -> list[Payment]:
        """Return the payments by number."""
        with self.lock:
            return list(self._sorted_books()[1])

    def _sorted_books(self) -> tuple[list[Invoice], list[Payment]]:
        if self._sorted is None:
            self._sorted = (
                [self._invoices[number] for number in sorted(self._invoices)],
                [self._payments[number] for number in sorted(self._payments)],
            )
        return self._sorted

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

    def account(self, number: int | str, day: date) -> Mapping[str, Any] | None:
        """Return an account as it is in the chart of a day's financial year."""
        year = self.financial_year(day)
        return self.registers.account(number, year.id if year else 0)

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

    def numbered_rows(self, rows: Iterable[Mapping[str, Any]]) -> tuple[InvoiceRow, ...]:
        """Give the rows of an invoice ids that no row had."""
        first = self.registers.last_row + 1
        numbered = tuple(InvoiceRow(row_id=id_, fields=row) for id_, row in enumerate(rows, first))
        self.registers.last_row += len(numbered)
        return numbered

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
            self._sorted = None

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
        self._sorted = None
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
