"""The adapter that connects a host to the suite, and helpers of its tests.

Write a thin adapter, a :class:`HostUnderTest`: it does what a person would do (import, save),
and returns what a person would read. Take the invoices from :data:`INVOICES`, and return
:class:`PreviewRow` and :class:`Booking`, or anything with the same attributes::

    class OurHostForTests:
        def __init__(self, folder):
            self.app = OurHost(folder / "our.db")
            for seed in INVOICES:
                self.app.add_invoice(seed.number, seed.currency, seed.total, ocr=seed.ocr)

        def register(self, plugin):
            self.app.plugins.register(plugin)

        def import_payments(self, import_type, definition):
            self.app.ensure_definition(definition, import_type, "API")
            self.app.read(definition)

        def preview(self, definition):
            return [
                PreviewRow(r.number, r.list, r.status or r.reason, r.sek, r.currency, r.amount)
                for r in self.app.preview(definition)
            ]

        def save(self, definition):
            self.app.save(definition)

        def bookings(self):
            return [
                Booking(p.type, p.company, p.number, p.sek, p.currency, p.amount, p.invoice)
                for p in self.app.payments()
            ]

        def remaining(self, invoice):
            return self.app.invoice(invoice).remaining

        def restart(self):
            self.app = OurHost(self.app.path, plugins=self.app.plugins)

Return amounts as the host has them, and convert nothing: a float that is converted to a Decimal
here would hide the error that the suite looks for.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol

import pytest

from opter_contract import BATCH, hookimpl
from opter_contract.values import (
    CheckedSettings,
    Company,
    ExcludedPayment,
    ImportReport,
    ImportType,
    InvoiceBalance,
    Payment,
    PaymentKey,
    Text,
    WriteOff,
)


class SeedInvoice(NamedTuple):
    """An invoice that the host has, unpaid, in a closed period, of any customer."""

    number: str
    total: Decimal
    currency: str = "SEK"
    ocr: str = ""


#: Numbers of invoices that the host has, and of one that it does not have.
INVOICE: Final = "1001"
OTHER_INVOICE: Final = "1002"
UNKNOWN_INVOICE: Final = "9999"
INVOICE_OF_1000: Final = "1003"
EUR_INVOICE: Final = "1004"
CREDIT_INVOICE: Final = "1005"
#: Two unique OCR references, and one that two invoices share.
INVOICE_WITH_OCR: Final = "1006"
OCR: Final = "100685"
OTHER_OCR: Final = "101188"
SHARED_OCR: Final = "100784"
#: Their balances are wrong with floats.
SMALL_INVOICE: Final = "1009"
LARGE_INVOICE: Final = "1010"

#: The invoices that the host must have before the suite begins.
INVOICES: Final = (
    SeedInvoice(INVOICE, Decimal(1_000_000)),
    SeedInvoice(OTHER_INVOICE, Decimal(1_000_000)),
    SeedInvoice(INVOICE_OF_1000, Decimal("1000.00")),
    SeedInvoice(EUR_INVOICE, Decimal(1000), currency="EUR"),
    SeedInvoice(CREDIT_INVOICE, Decimal(-500)),
    SeedInvoice(INVOICE_WITH_OCR, Decimal(1000), ocr=OCR),
    SeedInvoice("1007", Decimal(1000), ocr=SHARED_OCR),
    SeedInvoice("1008", Decimal(1000), ocr=SHARED_OCR),
    SeedInvoice(SMALL_INVOICE, Decimal("0.30")),
    SeedInvoice(LARGE_INVOICE, Decimal("10000000000000000.00")),
    SeedInvoice("1011", Decimal(1000), ocr=OTHER_OCR),
)

#: The import types of the suite's plug-in, and its only format.
TYPE: Final = "Conformance"
OTHER_TYPE: Final = "Conformance2"
FORMAT: Final = "API"

READY: Final = "ready"
REJECTED: Final = "rejected"
IGNORED: Final = "ignored"


class PreviewRow(NamedTuple):
    """A payment in the preview, as a person sees it before anything is saved."""

    number: str
    """``""`` if it could not be read."""
    list: str
    """``ready``, ``rejected`` or ``ignored``."""
    outcome: str
    """If it is ready the status (see ``SavedPayment.status``), otherwise the reason."""
    amount: Decimal
    """SEK; 0 if unknown."""
    currency: str | None
    """``None`` if unknown, like the next."""
    amount_currency: Decimal | None
    warning: str = ""
    """All warnings shown with it, in at least one language."""


class Booking(NamedTuple):
    """A registered payment that was not reversed."""

    import_type: str
    company: str
    number: str
    amount: Decimal
    """SEK."""
    currency: str
    amount_currency: Decimal
    invoice: str
    """The number of the host's invoice."""


class HostUnderTest(Protocol):
    """A host as the suite uses it; omit methods of classes that your host does not claim."""

    def register(self, plugin: object) -> None:
        """Register a plug-in, as if it were installed."""

    def import_payments(self, import_type: str, definition: str) -> object:
        """Import as a person would, and raise the error that ended the run.

        A definition of that name and type, with :data:`FORMAT` and without settings, is created
        first if there is none.
        """

    def preview(self, definition: str) -> Sequence[PreviewRow]:
        """Return all rows that the latest successful import shows a person."""

    def save(self, definition: str) -> object:
        """Save the latest import, as a person would.

        Does nothing if nothing is open, and may raise if the host refuses.
        """

    def bookings(self) -> Sequence[Booking]:
        """Return the registered payments, without reversed ones."""

    def remaining(self, invoice: str) -> Decimal:
        """Return the balance of an invoice of :data:`INVOICES`, in its currency."""

    def restart(self) -> None:
        """Restart with the stored data and the same plug-ins.

        For :class:`HostPersists`, :class:`HostCompares` and :class:`HostSendsChanges`.
        """

    def deleted(self, definition: str) -> Sequence[str]:
        """Return the registered payments that no longer exist there, as of the latest import."""

    def cancel(self) -> None:
        """Cancel at the next call of ``opter_progress`` (:class:`HostCancels`)."""

    def error_text(self, error: BaseException) -> str:
        """Return the text of an error as shown to a person (:class:`HostShowsFailures`)."""

    def disable_browser(self) -> None:
        """Make the host unable to show a URL (:class:`HostWithoutBrowser`)."""


# --- Data of the suite's plug-in ------------------------------------


COMPANY: Final = Company("77", "Åkeriet AB")
OTHER_COMPANY: Final = Company("78", "Grannen AB")
TEXT: Final = Text("Ett ord", "A word")
#: The date of a payment unless it has another one, and the two days after it.
DAY_1: Final = date(2026, 2, 1)
DAY_2: Final = date(2026, 2, 2)
DAY_3: Final = date(2026, 2, 3)


def payment(number: int | str, amount: int | str | Decimal = 1, **more: Any) -> Payment:
    """Return a payment in SEK, by default of :data:`INVOICE`."""
    sek = Decimal(amount)
    values: dict[str, Any] = {
        "key": PaymentKey(COMPANY.number, str(number)),
        "source": "file",
        "invoice_number": INVOICE,
        "ocr": None,
        "date": DAY_1,
        "amount": sek,
        "currency": "SEK",
        "amount_currency": sek,
        "exchange_rate": None,
    }
    return Payment(**values | more)


def payment_of_1000(number: int | str, amount: int | str, **more: Any) -> Payment:
    """Return a payment of :data:`INVOICE_OF_1000`."""
    return payment(number, amount, invoice_number=INVOICE_OF_1000, **more)


def eur_payment(number: int | str, amount: int | str, **more: Any) -> Payment:
    """Return a payment in EUR of :data:`EUR_INVOICE`, at 11 SEK."""
    eur = Decimal(amount)
    values = {"invoice_number": EUR_INVOICE, "currency": "EUR", "exchange_rate": Decimal(11)}
    return payment(number, eur * 11, amount_currency=eur, **values | more)


def write_off(amount: int | str, currency: str = "") -> tuple[WriteOff, ...]:
    return (WriteOff(Decimal(amount), currency=currency),)


def excluded(of: Payment, reason: str = "not-booked") -> ExcludedPayment:
    return ExcludedPayment(of.key, reason, TEXT, of, of.amount, of.invoice_number)


def unreadable(amount: Decimal | None, number: str = "") -> ExcludedPayment:
    """Return a row that could not be read; by default not even its number."""
    key = PaymentKey(COMPANY.number, number)
    return ExcludedPayment(key, "unreadable", TEXT, None, amount, None)


def balance(invoice: str, total: int | str, remains: int | str) -> InvoiceBalance:
    """Return the balance of an invoice in SEK in the other system."""
    return InvoiceBalance(
        invoice, "", "", "SEK", Decimal(total), Decimal(remains), booked=True, cancelled=False
    )


class PluginFailure(Exception):
    """A failure that a plug-in raises."""

    def __init__(self, kind: str = "unavailable") -> None:
        super().__init__(kind)
        self.code, self.kind = "CONFORMANCE", kind
        self.message = Text(f"Mening för {kind}.", f"Message for {kind}.")


@dataclass(eq=False)
class ScriptedPlugin:
    """A plug-in whose import is defined by the test."""

    script: Callable[[Any], object] = lambda _run: None
    cursor: str | None = None
    company: Company = COMPANY
    runs: list[Any] = field(default_factory=list)
    #: Numbers of payments that the current settings exclude.
    too_old: set[str] = field(default_factory=set)

    @hookimpl
    def opter_import_types(self) -> Sequence[ImportType]:
        return [ImportType(code, (FORMAT,), TEXT) for code in (TYPE, OTHER_TYPE)]

    @hookimpl
    def opter_settings_fields(self) -> Sequence[object]:
        return []

    @hookimpl
    def opter_check_settings(self, values: Mapping[str, str]) -> CheckedSettings:
        return CheckedSettings(dict(values), ())

    @hookimpl
    def opter_exclusion_reasons(self, payments: Sequence[Any]) -> Sequence[ExcludedPayment | None]:
        assert len(payments) <= BATCH
        return [
            excluded(payment, "before-date") if payment.key.number in self.too_old else None
            for payment in payments
        ]

    @hookimpl
    def opter_import_payments(self, run: Any) -> ImportReport:
        self.runs.append(run)
        self.script(run)
        return ImportReport(self.company, self.cursor, 0, 0)


class HostDriver:
    """A host with the scripted plug-in; amounts and duplicates are checked when it is read."""

    def __init__(self, host: HostUnderTest) -> None:
        self.under_test = host
        self.plugin = ScriptedPlugin()
        self.register(self.plugin)

    def register(self, plugin: object) -> None:
        self.under_test.register(plugin)

    # --- Actions of a person ---

    def during_import(
        self, script: Callable[[Any], object], definition: str = "A", import_type: str = TYPE
    ) -> Any:
        """Import, and return the result of a script that is called with the run."""
        results: list[Any] = []
        self.plugin.script = lambda run: results.append(script(run))
        self.under_test.import_payments(import_type, definition)
        return results[0]

    def read(
        self, *everything: Payment | ExcludedPayment, definition: str = "A", import_type: str = TYPE
    ) -> None:
        self.during_import(lambda run: hand_over(run, *everything), definition, import_type)

    def read_and_save(
        self, *everything: Payment | ExcludedPayment, definition: str = "A", import_type: str = TYPE
    ) -> None:
        self.read(*everything, definition=definition, import_type=import_type)
        self.save(definition)

    def save(self, definition: str = "A") -> None:
        self.under_test.save(definition)

    def restart(self) -> None:
        self.under_test.restart()

    # --- Previews and books ---

    def preview(self, definition: str = "A") -> list[PreviewRow]:
        rows = list(self.under_test.preview(definition))
        assert _repeated(row.number for row in rows if row.number) == [], "these are listed twice"
        for row in rows:
            assert row.list in {READY, REJECTED, IGNORED}, f"there is no list {row.list!r}"
            assert row.outcome, f"payment {row.number} has neither a status nor a reason"
            amounts = [row.amount] + [row.amount_currency] * (row.amount_currency is not None)
            assert_money(f"payment {row.number}", *amounts)
        return rows

    def lists(self, definition: str = "A") -> dict[str, str]:
        """Return the list of each payment, by number."""
        return {row.number: row.list for row in self.preview(definition)}

    def ready(self, definition: str = "A") -> dict[str, Decimal]:
        """Return the SEK of the ready payments, by number."""
        return {row.number: row.amount for row in self.preview(definition) if row.list == READY}

    def statuses(self, definition: str = "A") -> dict[str, str]:
        return {row.number: row.outcome for row in self.preview(definition) if row.list == READY}

    def rejected(self, definition: str = "A") -> dict[str, str]:
        """Return the reasons of the rejected payments, by number."""
        return {row.number: row.outcome for row in self.preview(definition) if row.list == REJECTED}

    def deleted(self, definition: str = "A") -> list[str]:
        return list(self.under_test.deleted(definition))

    def bookings(self) -> list[Booking]:
        bookings = list(self.under_test.bookings())
        for booking in bookings:
            assert_money(
                f"registered payment {booking.number}", booking.amount, booking.amount_currency
            )
        return bookings

    def registered(self) -> dict[str, Decimal]:
        """Return the SEK of the registered payments, by number."""
        bookings = self.bookings()
        keys = [(booking.import_type, booking.company, booking.number) for booking in bookings]
        assert _repeated(keys) == [], "these payments are registered twice"
        return {booking.number: booking.amount for booking in bookings}

    def remaining(self, *invoices: str) -> Any:
        """Return the balance of one invoice, or a list of several balances."""
        amounts = [self.under_test.remaining(invoice) for invoice in invoices]
        assert_money(f"what remains of {invoices}", *amounts)
        return amounts if len(amounts) > 1 else amounts[0]


class HostSuite:
    """The fixtures of every part of the suite."""

    @pytest.fixture
    def host_under_test(self) -> HostUnderTest:
        pytest.fail("override the fixture host_under_test")

    @pytest.fixture
    def host(self, host_under_test: HostUnderTest) -> HostDriver:
        return HostDriver(host_under_test)


#: Names of the tests that are sentences of the contract page, in the order of their definition.
PROMISED: Final[list[str]] = []


def promised(test: Any) -> Any:
    """Mark a test whose name is a sentence of the contract page."""
    PROMISED.append(test.__name__)
    return test


# --- Calls of a plug-in during an import -----------------------------------


def hand_over(run: Any, *everything: Payment | ExcludedPayment) -> None:
    """Hand payments over in batches of one kind, in their order."""
    for kind, group in itertools.groupby(everything, type):
        rows = list(group)
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            if kind is Payment:
                [count] = run.hook.opter_take_payments(run=run, payments=batch)
            else:
                [count] = run.hook.opter_take_excluded(run=run, excluded=batch)
            assert count == len(batch), f"{count} of {len(batch)} were taken"


def ask_until_empty(run: Any, hook: str, company: Company = COMPANY) -> list[str]:
    """Call a hook until it returns nothing more; return all payment numbers."""
    named: list[str] = []
    while True:
        [batch] = getattr(run.hook, hook)(run=run, company=company)
        assert len(batch) <= BATCH
        numbers = [getattr(item, "number", item) for item in batch]
        assert not set(numbers) & set(named), "named twice"
        if not numbers:
            return named
        named += numbers


def _repeated(values: Any) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


def assert_money(what: str, *amounts: Any) -> None:
    for amount in amounts:
        assert isinstance(amount, Decimal), f"{what} is a {type(amount).__name__}: {amount!r}"
        assert amount.is_finite(), f"{what} is {amount}"
