"""How a host is shown to the suite, and the plug-in that the suite imports with.

Whoever holds a host to the contract writes a thin shell round it, a
:class:`HostUnderTest`: it does what a person would do (import, save), and says
what a person would read. Take the invoices from :data:`INVOICES`, and answer
with :class:`Shown` and :class:`Booked`, or with anything that has the same
attributes::

    class OurHostForTests:
        def __init__(self, folder):
            self.app = OurHost(folder / "our.db")
            for one in INVOICES:
                self.app.add_invoice(one.number, one.currency, one.total, ocr=one.ocr)

        def register(self, plugin):
            self.app.plugins.register(plugin)

        def import_payments(self, import_type, definition):
            self.app.ensure_definition(definition, import_type, "API")
            self.app.read(definition)

        def rows(self, definition):
            return [
                Shown(r.number, r.list, r.status or r.reason, r.sek, r.currency, r.amount, r.text)
                for r in self.app.preview(definition)
            ]

        def save(self, definition):
            self.app.save(definition)

        def books(self):
            return [
                Booked(p.type, p.company, p.number, p.sek, p.currency, p.amount, p.invoice)
                for p in self.app.payments()
            ]

        def remaining(self, invoice):
            return self.app.invoice(invoice).remaining

        def restart(self):
            self.app = OurHost(self.app.path, plugins=self.app.plugins)

Give amounts as they stand in the host, and convert nothing: a float that is
made a Decimal here would hide the fault that the suite looks for.
"""

from __future__ import annotations

import itertools
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
)


class InvoiceToHave(NamedTuple):
    """An invoice that the host has, unpaid, in a closed period, of any customer."""

    number: str
    total: Decimal
    currency: str = "SEK"
    ocr: str = ""


#: Numbers of invoices that the host has, and of one that it has not.
INVOICE: Final = "1001"
OTHER_INVOICE: Final = "1002"
STRANGER: Final = "9999"
#: A thousand SEK, a thousand EUR, and minus five hundred SEK.
THOUSAND: Final = "1003"
IN_EUR: Final = "1004"
CREDIT: Final = "1005"
#: Two with an OCR reference of their own, and one that two invoices share.
WITH_OCR: Final = "1006"
OCR: Final = "100685"
OTHER_OCR: Final = "101188"
SHARED_OCR: Final = "100784"
#: Where arithmetic with floats goes wrong.
SMALL: Final = "1009"
LARGE: Final = "1010"

#: What the host must have before the suite begins.
INVOICES: Final = (
    InvoiceToHave(INVOICE, Decimal(1_000_000)),
    InvoiceToHave(OTHER_INVOICE, Decimal(1_000_000)),
    InvoiceToHave(THOUSAND, Decimal("1000.00")),
    InvoiceToHave(IN_EUR, Decimal(1000), currency="EUR"),
    InvoiceToHave(CREDIT, Decimal(-500)),
    InvoiceToHave(WITH_OCR, Decimal(1000), ocr=OCR),
    InvoiceToHave("1007", Decimal(1000), ocr=SHARED_OCR),
    InvoiceToHave("1008", Decimal(1000), ocr=SHARED_OCR),
    InvoiceToHave(SMALL, Decimal("0.30")),
    InvoiceToHave(LARGE, Decimal("10000000000000000.00")),
    InvoiceToHave("1011", Decimal(1000), ocr=OTHER_OCR),
)

#: The import types of the suite's plug-in, and its only format.
TYPE: Final = "Conformance"
OTHER_TYPE: Final = "Conformance2"
FORMAT: Final = "API"

READY: Final = "ready"
REJECTED: Final = "rejected"
IGNORED: Final = "ignored"


class Shown(NamedTuple):
    """A payment that was read, as a person is shown it before anything is saved."""

    number: str
    """``""`` where none could be read."""
    kind: str
    """The list that it stands in: ``ready``, ``rejected`` or ``ignored``."""
    word: str
    """Of a ready one the status (see ``SavedPayment.status``), of others the reason."""
    amount: Decimal
    """SEK; 0 where unknown."""
    currency: str | None
    """``None`` where unknown, as the next."""
    amount_currency: Decimal | None
    warning: str = ""
    """All that stands beside it for a person to read, in one language at least."""


class Booked(NamedTuple):
    """A payment that is registered, and counts."""

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
    """A host as its author shows it to the suite; what a class does not claim may be left out."""

    def register(self, plugin: object) -> None:
        """Let a plug-in in, as if it were installed."""

    def import_payments(self, import_type: str, definition: str) -> object:
        """Import as a person would, and raise what ended the run.

        A definition of that name and type, with :data:`FORMAT` and without
        settings, is made first where there is none.
        """

    def rows(self, definition: str) -> Sequence[Shown]:
        """Give what the latest import that ended well shows a person, all of it."""

    def save(self, definition: str) -> object:
        """Register what the latest import brought, as a person would.

        Does nothing where nothing is open, and may raise where the host refuses.
        """

    def books(self) -> Sequence[Booked]:
        """Give what is registered, without what was taken back."""

    def remaining(self, invoice: str) -> Decimal:
        """Give what remains to pay of an invoice of :data:`INVOICES`, in its currency."""

    def restart(self) -> None:
        """End and begin again with what is stored, and with the same plug-ins.

        For :class:`HostEndures`, :class:`HostCompares` and :class:`HostTellsChanges`.
        """

    def gone(self, definition: str) -> Sequence[str]:
        """Give the registered payments that the latest import says exist no longer there."""

    def cancel(self) -> None:
        """Say stop at the next word of progress (:class:`HostStops`)."""

    def shown(self, error: BaseException) -> str:
        """Give what a person reads about an error (:class:`HostShowsFailures`)."""

    def leave_alone(self) -> None:
        """Leave the host where nobody can be shown an address (:class:`HostWithoutWindows`)."""


# --- What the suite's plug-in hands over ------------------------------------


COMPANY: Final = Company("77", "Åkeriet AB")
OTHER_COMPANY: Final = Company("78", "Grannen AB")
WORD: Final = Text("Ett ord", "A word")


def payment(number: int | str, amount: int | str | Decimal = 1, **more: Any) -> Payment:
    """Make a payment in SEK, of :data:`INVOICE` unless another one is named."""
    sek = Decimal(amount)
    values: dict[str, Any] = {
        "key": PaymentKey(COMPANY.number, str(number)),
        "source": "file",
        "invoice_number": INVOICE,
        "ocr": None,
        "date": date(2026, 2, 1),
        "amount": sek,
        "currency": "SEK",
        "amount_currency": sek,
        "exchange_rate": None,
    }
    return Payment(**values | more)


def in_eur(number: int | str, amount: int | str, **more: Any) -> Payment:
    """Make a payment in EUR of :data:`IN_EUR`, at 11 SEK."""
    eur = Decimal(amount)
    values = {"invoice_number": IN_EUR, "currency": "EUR", "exchange_rate": Decimal(11)}
    return payment(number, eur * 11, amount_currency=eur, **values | more)


def excluded(of: Payment, reason: str = "not-booked") -> ExcludedPayment:
    """Leave a payment out; preset: because it is not booked."""
    return ExcludedPayment(of.key, reason, WORD, of, of.amount, of.invoice_number)


def unreadable(amount: Decimal | None, number: str = "") -> ExcludedPayment:
    """Make a row that could not be read; preset: not even its number."""
    return ExcludedPayment(
        PaymentKey(COMPANY.number, number), "unreadable", WORD, None, amount, None
    )


def balance(invoice: str, total: int | str, remains: int | str) -> InvoiceBalance:
    """Say what remains of an invoice where the payments come from, in SEK."""
    return InvoiceBalance(
        invoice, "", "", "SEK", Decimal(total), Decimal(remains), booked=True, cancelled=False
    )


class Failed(Exception):
    """A failure as a plug-in raises it."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.code, self.kind = "CONFORMANCE", kind
        self.message = Text(f"Mening för {kind}.", f"Sentence for {kind}.")


@dataclass(eq=False)
class Scripted:
    """A plug-in that does in an import what the test says."""

    script: Callable[[Any], object] = lambda _run: None
    cursor: str | None = None
    company: Company = COMPANY
    runs: list[Any] = field(default_factory=list)
    #: Numbers of payments that today's settings leave out.
    too_old: set[str] = field(default_factory=set)

    @hookimpl
    def opter_import_types(self) -> Sequence[ImportType]:
        return [ImportType(code, (FORMAT,), WORD) for code in (TYPE, OTHER_TYPE)]

    @hookimpl
    def opter_settings_fields(self) -> Sequence[object]:
        return []

    @hookimpl
    def opter_check_settings(self, values: Mapping[str, str]) -> CheckedSettings:
        return CheckedSettings(dict(values), ())

    @hookimpl
    def opter_exclusion_reasons(self, payments: Sequence[Any]) -> Sequence[ExcludedPayment | None]:
        assert len(payments) <= BATCH
        old = [one.key.number in self.too_old for one in payments]
        return [
            excluded(one, "before-date") if left else None
            for one, left in zip(payments, old, strict=True)
        ]

    @hookimpl
    def opter_import_payments(self, run: Any) -> ImportReport:
        self.runs.append(run)
        self.script(run)
        return ImportReport(self.company, self.cursor, 0, 0)


class Suite:
    """What every part of the suite stands on."""

    @pytest.fixture
    def host_under_test(self) -> HostUnderTest:
        """Give the host; must be overridden."""
        pytest.fail("override the fixture host_under_test")

    @pytest.fixture
    def plugin(self, host_under_test: HostUnderTest) -> Scripted:
        """Let a plug-in in that does what a test says."""
        plugin = Scripted()
        host_under_test.register(plugin)
        return plugin

    @pytest.fixture
    def during(self, host_under_test: HostUnderTest, plugin: Scripted) -> Callable[..., Any]:
        """Give a way to do something while an import is going on."""

        def during(
            script: Callable[[Any], object], definition: str = "A", import_type: str = TYPE
        ) -> Any:
            results: list[Any] = []
            plugin.script = lambda run: results.append(script(run))
            host_under_test.import_payments(import_type, definition)
            return results[0]

        return during

    @pytest.fixture
    def read(self, during: Callable[..., Any]) -> Callable[..., None]:
        """Give a way to import some payments and rows that were left out."""

        def read(
            *handed: Payment | ExcludedPayment, definition: str = "A", import_type: str = TYPE
        ) -> None:
            during(lambda run: take(run, *handed), definition, import_type)

        return read

    @pytest.fixture
    def saved(
        self, host_under_test: HostUnderTest, read: Callable[..., None]
    ) -> Callable[..., None]:
        """Give a way to import and save."""

        def saved(
            *handed: Payment | ExcludedPayment, definition: str = "A", import_type: str = TYPE
        ) -> None:
            read(*handed, definition=definition, import_type=import_type)
            host_under_test.save(definition)

        return saved


#: Names of the tests that stand on the contract page, in the order of their definition.
PROMISED: Final[list[str]] = []


def promised(test: Any) -> Any:
    """Mark a test whose name is a sentence of the contract page."""
    PROMISED.append(test.__name__)
    return test


# --- What is read off a host ------------------------------------------------


def rows(host: HostUnderTest, definition: str = "A") -> list[Shown]:
    """Give what a host shows, once money is money and no payment stands there twice."""
    shown = list(host.rows(definition))
    numbers = sorted(one.number for one in shown if one.number)
    assert _twice(numbers) == [], "these payments stand there twice"
    for one in shown:
        assert one.kind in {READY, REJECTED, IGNORED}, f"there is no list {one.kind!r}"
        assert one.word, f"payment {one.number} has neither a status nor a reason"
        _assert_money(f"the SEK of payment {one.number}", one.amount)
        if one.amount_currency is not None:
            _assert_money(f"the amount of payment {one.number}", one.amount_currency)
    return shown


def books(host: HostUnderTest) -> list[Booked]:
    """Give what a host has registered, once it is sure that money is money."""
    booked = list(host.books())
    for one in booked:
        _assert_money(f"the SEK of registered payment {one.number}", one.amount)
        _assert_money(f"the amount of registered payment {one.number}", one.amount_currency)
    return booked


def remaining(host: HostUnderTest, invoice: str) -> Decimal:
    """Give what remains of an invoice, once it is sure that money is money."""
    amount = host.remaining(invoice)
    _assert_money(f"what remains of invoice {invoice}", amount)
    return amount


def status(host: HostUnderTest, definition: str = "A") -> dict[str, str]:
    """Give the status of what may be saved, by payment number."""
    return {one.number: one.word for one in rows(host, definition) if one.kind == READY}


def ready(host: HostUnderTest, definition: str = "A") -> dict[str, Decimal]:
    """Give the SEK of what may be saved, by payment number."""
    return {one.number: one.amount for one in rows(host, definition) if one.kind == READY}


def refused(host: HostUnderTest, definition: str = "A") -> dict[str, str]:
    """Give the reason of what was rejected, by payment number."""
    return {one.number: one.word for one in rows(host, definition) if one.kind == REJECTED}


def registered(host: HostUnderTest) -> dict[str, Decimal]:
    """Give the SEK of what is registered, by payment number, once none is there twice."""
    booked = books(host)
    keys = sorted((one.import_type, one.company, one.number) for one in booked)
    assert _twice(keys) == [], "these payments are registered twice"
    return {one.number: one.amount for one in booked}


def _twice(several: Sequence[Any]) -> list[Any]:
    return [one for one, following in itertools.pairwise(several) if one == following]


def _assert_money(what: str, amount: Any) -> None:
    assert isinstance(amount, Decimal), f"{what} is a {type(amount).__name__}: {amount!r}"
    assert amount.is_finite(), f"{what} is {amount}"


def take(run: Any, *handed: Payment | ExcludedPayment) -> None:
    """Hand payments over, in their order."""
    for one in _alike(handed):
        if isinstance(one[0], Payment):
            [number] = run.hook.opter_take_payments(run=run, payments=one)
        else:
            [number] = run.hook.opter_take_excluded(run=run, excluded=one)
        assert number == len(one), f"{number} of {len(one)} were taken"


def _alike(handed: Sequence[Any]) -> list[list[Any]]:
    """Make batches of neighbours of one kind."""
    batches: list[list[Any]] = []
    for one in handed:
        if batches and type(batches[-1][0]) is type(one) and len(batches[-1]) < BATCH:
            batches[-1].append(one)
        else:
            batches.append([one])
    return batches


def ask_until_empty(run: Any, hook: str, company: Company = COMPANY) -> list[Any]:
    """Ask a host until it has no more to say, as a plug-in must; give all that it said."""
    asked: list[Any] = []
    while True:
        [more] = getattr(run.hook, hook)(run=run, company=company)
        assert len(more) <= BATCH
        numbers = [getattr(one, "number", one) for one in more]
        assert not set(numbers) & {getattr(one, "number", one) for one in asked}, "asked for twice"
        if not more:
            return asked
        asked.extend(more)
