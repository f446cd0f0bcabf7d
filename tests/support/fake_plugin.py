"""A small import plug-in for tests of the host, and builders of its values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from hostsim.ledger.values import ExportedInvoice, Invoice
from opter_contract import BATCH, hookimpl
from opter_contract.values import (
    Company,
    ExcludedPayment,
    InvoiceBalance,
    Payment,
    PaymentKey,
    Text,
    WriteOff,
)

COMPANY = Company("77", "Åkeriet AB")
OTHER_COMPANY = Company("88", "Grannens Åkeri AB")
NEW_YEAR = date(2026, 1, 1)


def payment(number, invoice="1001", amount="1000", currency="SEK", **values) -> Payment:
    """Build a payment; number 3 is of the third of January."""
    sek = Decimal(amount)
    defaults = {
        "key": PaymentKey(values.pop("company", COMPANY).number, str(number), "Fake"),
        "source": "manual",
        "invoice_number": invoice,
        "ocr": None,
        "date": NEW_YEAR + timedelta(days=int(number) - 1) if str(number).isdigit() else NEW_YEAR,
        "amount": sek,
        "currency": currency,
        "amount_currency": sek,
        "exchange_rate": None,
    }
    return Payment(**defaults | values)


def euro(number, invoice="2001", amount="100", rate="11", **values) -> Payment:
    """Build a payment in euro, of ``amount`` euro."""
    in_euro, in_sek = Decimal(amount), Decimal(amount) * Decimal(rate)
    return payment(
        number,
        invoice,
        in_sek,
        "EUR",
        amount_currency=in_euro,
        exchange_rate=Decimal(rate),
        **values,
    )


def write_off(amount, account="3740", description="Öresavrundning") -> WriteOff:
    return WriteOff(Decimal(amount), account, description)


def invoice(number="1001", total="1000", currency="SEK", **values) -> ExportedInvoice:
    """Build an invoice as it is loaded, without rows."""
    defaults = {
        "region": "",
        "number": number,
        "ocr": "",
        "customer_code": "K1",
        "customer_name": "Bageriet Bullen AB",
        "currency": currency,
        "total": Decimal(total),
        "invoice_date": date(2025, 12, 1),
        "due_date": date(2025, 12, 31),
        "period_closed": True,
    }
    return ExportedInvoice(**defaults | values)


def known_invoice(loaded, remaining=None) -> Invoice:
    """Build a loaded invoice as the host knows it; by default nothing is paid."""
    values = {
        attribute.name: getattr(loaded, attribute.name)
        for attribute in fields(loaded)
        if attribute.name != "content"
    }
    return Invoice(**values, remaining=loaded.total if remaining is None else Decimal(remaining))


def balance(invoice_number, remains, total="1000", currency="SEK", **values) -> InvoiceBalance:
    """Build the balance of an invoice at the source."""
    defaults = {"ocr": "", "customer_number": "K1", "booked": True, "cancelled": False}
    return InvoiceBalance(
        invoice_number,
        currency=currency,
        total=Decimal(total),
        balance=Decimal(remains),
        **defaults | values,
    )


def excluded(reason, of: Payment) -> ExcludedPayment:
    """Exclude a payment that could be read."""
    message = Text(f"utelämnad: {reason}", f"left out: {reason}")
    return ExcludedPayment(of.key, reason, message, of, of.amount, of.invoice_number)


def unreadable(number, amount=None, invoice=None) -> ExcludedPayment:
    """Exclude a payment of which only these values are known."""
    key = PaymentKey(COMPANY.number, number, "Fake")
    return ExcludedPayment(key, "unreadable", Text("oläslig", "unreadable"), None, amount, invoice)


class Refused(Exception):
    """A failure as a plug-in raises it."""

    code = "NO_LICENCE"
    kind = "permission"
    message = Text("Licens saknas.", "A licence is missing.")


@dataclass(eq=False)
class FakePlugin:
    """Hands over the payments that a test sets, and records the host's calls."""

    payments: list[Payment] = field(default_factory=list)
    excluded: list[ExcludedPayment] = field(default_factory=list)
    #: What exists at the source, by number, when the host asks for confirmation; if empty, no
    #: request for one succeeds.
    source: dict[str, Payment | ExcludedPayment] = field(default_factory=dict)
    #: Numbers of registered payments that no longer exist, and open balances at the source.
    deleted: set[str] = field(default_factory=set)
    unpaid: list[InvoiceBalance] = field(default_factory=list)
    balances: dict[str, InvoiceBalance] = field(default_factory=dict)
    notes: Sequence[Text] = ()
    check_limit: int = 100  # the number of registered payments that it checks in a run
    company: Company = COMPANY
    cursor: str | None = "cursor-1"
    confirms: bool = True
    code: str = "Fake"
    problems: Sequence[Any] = ()
    screening: Callable[[Payment], ExcludedPayment | None] = lambda _payment: None
    during: Callable[[Any], object] = lambda _run: None
    runs: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    checked_numbers: list[str] = field(default_factory=list)
    invoices_asked: list[str] = field(default_factory=list)
    saved: list[Any] = field(default_factory=list)

    @hookimpl
    def opter_import_types(self):
        return [SimpleNamespace(code=self.code, formats=("API",), label=Text("Låtsas", "Pretend"))]

    @hookimpl
    def opter_settings_fields(self, type_code):
        label = Text("Ignorera betalningar före", "Ignore payments before")
        return [SimpleNamespace(key="before", kind="date", label=label, help=label, secret=False)]

    @hookimpl
    def opter_check_settings(self, type_code, values):
        stored = {key: value for key, value in values.items() if key != "secret"}
        return SimpleNamespace(values=stored, problems=self.problems)

    @hookimpl
    def opter_import_payments(self, run):
        self.runs.append(run)
        self.during(run)
        run.hook.opter_take_payments(run=run, payments=self.payments)
        run.hook.opter_take_excluded(run=run, excluded=self.excluded)
        if self.confirms:
            self._check(run)
            self._confirm(run)
        return SimpleNamespace(
            company=self.company, cursor=self.cursor, not_read=3, requests=5, notes=self.notes
        )

    def _check(self, run):
        run.hook.opter_take_balances(run=run, balances=self.unpaid)
        [numbers] = run.hook.opter_invoices_to_check(run=run, company=self.company)
        self.invoices_asked += numbers
        balances = [self.balances[number] for number in numbers if number in self.balances]
        run.hook.opter_take_balances(run=run, balances=balances)
        room = self.check_limit
        while payments := self._registered(run):
            numbers = [one.number for one in payments]
            self.checked_numbers += numbers
            deleted = [number for number in numbers[:room] if number in self.deleted]
            run.hook.opter_take_deleted(run=run, payment_numbers=deleted)
            run.hook.opter_take_unchecked(run=run, payment_numbers=numbers[room:])
            room = max(0, room - len(numbers))

    def _registered(self, run):
        [payments] = run.hook.opter_payments_to_check(run=run, company=self.company)
        return payments

    def _confirm(self, run):
        while numbers := self._to_confirm(run):
            self.asked += numbers
            for number in numbers:
                self._fetch(run, number)

    def _to_confirm(self, run):
        [numbers] = run.hook.opter_payments_to_confirm(run=run, company=self.company)
        return numbers

    def _fetch(self, run, number):
        payment = self.source.get(number)
        if not self.source and number not in self.deleted:
            return
        if payment is None:
            run.hook.opter_take_deleted(run=run, payment_numbers=[number])
        elif isinstance(payment, ExcludedPayment):
            run.hook.opter_take_excluded(run=run, excluded=[payment])
        else:
            run.hook.opter_take_payments(run=run, payments=[payment])

    @hookimpl
    def opter_exclusion_reasons(self, run, payments):
        return [self.screening(payment) for payment in payments]

    @hookimpl
    def opter_payments_saved(self, run, payments):
        self.saved.append((run, payments))

    @hookimpl
    def opter_run_saved(self, run):
        self.saved.append(run)


def _is_other_half(payment, payments):
    return payment.customer_number is not None and any(
        (payment.customer_number, payment.date, payment.amount)
        == (each.customer_number, each.date, -each.amount)
        and payment.invoice_number != each.invoice_number
        for each in payments
    )


class AnsweringPlugin(FakePlugin):
    """Hands over what it has, also when it is asked about an invoice, or about all payments."""

    @hookimpl
    def opter_read_invoice_payments(self, run, invoice_numbers, ocr_references):
        payments = [each for each in self.payments if each.invoice_number in invoice_numbers]
        payments += [each for each in self.payments if _is_other_half(each, payments)]
        excluded = [each for each in self.excluded if each.invoice_number in invoice_numbers]
        run.hook.opter_take_payments(run=run, payments=payments)
        run.hook.opter_take_excluded(run=run, excluded=excluded)
        self._check(run)
        return SimpleNamespace(company=self.company, requests=1)

    @hookimpl
    def opter_read_all_payments(self, run):
        self.during(run)
        for start in range(0, len(self.payments), BATCH):
            batch = self.payments[start : start + BATCH]
            run.hook.opter_take_payments(run=run, payments=batch)
        run.hook.opter_take_excluded(run=run, excluded=self.excluded)
        return SimpleNamespace(company=self.company, requests=2)
