"""What a host registers: once, durably, and with every listener notified."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest

from opter_contract import BATCH, hookimpl
from opter_contract.conformance.host_under_test import (
    COMPANY,
    CREDIT_INVOICE,
    DAY_2,
    DAY_3,
    EUR_INVOICE,
    INVOICE,
    INVOICE_OF_1000,
    INVOICE_WITH_OCR,
    INVOICES,
    OCR,
    OTHER_COMPANY,
    OTHER_INVOICE,
    OTHER_TYPE,
    REJECTED,
    TYPE,
    UNKNOWN_INVOICE,
    Booking,
    HostDriver,
    HostSuite,
    eur_payment,
    excluded,
    hand_over,
    payment,
    payment_of_1000,
    promised,
    write_off,
)
from opter_contract.values import PaymentKey

_TIMEOUT: Final = 5  # seconds to wait for another thread
_MOMENT: Final = 0.2  # seconds to wait for one that must not come
_MANY: Final = 2 * BATCH + 1  # more payments than one batch carries


@dataclass(eq=False)
class Listener:
    """A listener that records its notifications, and may fail."""

    host: HostDriver
    fails: bool = False
    batches: list[Sequence[Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    registered_then: list[int] = field(default_factory=list)

    @hookimpl
    def opter_payments_saved(self, payments: Sequence[Any]) -> None:
        self.batches.append(list(payments))
        self._record("payments")

    @hookimpl
    def opter_run_saved(self) -> None:
        self._record("run")

    @property
    def payments(self) -> list[Any]:
        return [payment for batch in self.batches for payment in batch]

    def _record(self, call: str) -> None:
        self.calls.append(call)
        self.registered_then.append(len(self.host.registered()))
        if self.fails:
            raise RuntimeError(call)


class HostSaves(HostSuite):
    """The host registers payments, and notifies listeners afterwards."""

    @pytest.fixture
    def listener(self, host: HostDriver) -> Listener:
        listener = Listener(host)
        host.register(listener)
        return listener

    @promised
    def test_nothing_is_registered_before_a_save(self, host: HostDriver) -> None:
        _read_many(host)
        assert host.registered() == {}

    def test_a_save_registers_what_was_taken(self, host: HostDriver) -> None:
        _read_many(host)
        host.save()
        assert len(host.registered()) == _MANY

    @promised
    def test_a_payment_is_registered_only_once(self, host: HostDriver) -> None:
        for amount, definition in ((10, "A"), (10, "A"), (20, "A"), (10, "B")):
            host.read_and_save(payment(1, amount), definition=definition)
        assert host.registered() == {"1": 10}
        assert host.remaining(INVOICE) == 999_990

    def test_an_excluded_payment_is_not_registered(self, host: HostDriver) -> None:
        host.read_and_save(payment(1), excluded(payment(2)))
        assert set(host.registered()) == {"1"}

    def test_listeners_are_notified_of_each_payment_once_in_batches_after_the_commit(
        self, host: HostDriver, listener: Listener
    ) -> None:
        _read_many(host)
        assert listener.calls == []
        host.save()
        numbers = [payment.payment.key.number for payment in listener.payments]
        assert sorted(numbers) == sorted(map(str, range(1, _MANY + 1)))
        assert max(map(len, listener.batches)) <= BATCH
        assert set(listener.registered_then) == {_MANY}

    def test_listeners_are_notified_last_and_once_that_a_run_was_saved(
        self, host: HostDriver, listener: Listener
    ) -> None:
        _read_many(host)
        for _ in range(2):
            host.save()
            assert listener.calls.count("run") == 1
            assert listener.calls[-1] == "run"

    def test_listeners_are_notified_of_a_run_without_payments(
        self, host: HostDriver, listener: Listener
    ) -> None:
        host.read_and_save(excluded(payment(1)))
        assert listener.calls == ["run"]

    def test_listeners_get_what_was_registered(self, host: HostDriver, listener: Listener) -> None:
        host.read_and_save(
            payment(1, "0.10"),
            payment_of_1000(2, 1000),
            payment(3, 1200, invoice_number="88001", ocr=OCR),
            eur_payment(4, "0.07"),
            payment(5, -1),
        )
        assert sorted(
            (
                payment.payment.key.number,
                payment.payment.amount_currency,
                payment.host_invoice_number,
            )
            for payment in listener.payments
        ) == sorted(
            (booking.number, booking.amount_currency, booking.invoice)
            for booking in host.bookings()
        )
        assert {payment.payment.key.number: payment.status for payment in listener.payments} == {
            "1": "partial",
            "2": "exact",
            "3": "advance",
            "4": "partial",
            "5": "reversal",
        }

    @promised
    def test_a_listener_that_fails_affects_nothing_else(
        self, host: HostDriver, listener: Listener
    ) -> None:
        others = [Listener(host, fails=True), Listener(host)]
        for other in others:
            host.register(other)
        _read_many(host)
        host.save()
        assert len(host.registered()) == _MANY
        assert [recorder.calls[-1:] for recorder in (listener, *others)] == [["run"]] * 3

    @promised
    def test_the_cursor_moves_only_with_a_save(self, host: HostDriver) -> None:
        host.plugin.cursor = "c1"
        host.read(payment(1))
        assert host.during_import(lambda run: run.cursor) is None
        host.plugin.cursor = "c2"
        host.read_and_save(payment(1))
        host.plugin.cursor = None
        for _ in range(2):
            company, cursor = host.during_import(lambda run: (run.company, run.cursor))
            assert (company and company.number, cursor) == (COMPANY.number, "c2")
            host.save()


class HostRegistersOnce(HostSuite):
    """The host registers a payment once, whoever brings it, how often and when."""

    @promised
    def test_two_concurrent_saves_register_a_payment_once(self, host: HostDriver) -> None:
        both = threading.Barrier(2, timeout=_TIMEOUT)

        def save(definition: str) -> None:
            # A host may refuse the second save, and show the current state.
            with suppress(Exception):
                both.wait()
                host.save(definition)

        for definition in "AB":
            host.read(payment(1, 10), definition=definition)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(save, "AB"))
        assert [booking.number for booking in host.bookings()] == ["1"]
        assert host.remaining(INVOICE) == 999_990

    def test_what_remains_is_right_after_saving_two_imports_that_were_open_together(
        self, host: HostDriver
    ) -> None:
        host.read(payment_of_1000(1, 600), definition="A")
        host.read(payment_of_1000(2, 600, date=DAY_2), definition="B")
        for definition in "AB":
            # A host may refuse the second save, and show the current state.
            with suppress(Exception):
                host.save(definition)
        registered = sum(host.registered().values())
        assert registered >= 600
        assert host.remaining(INVOICE_OF_1000) == 1000 - registered

    def test_a_number_is_text(self, host: HostDriver) -> None:
        first, later = ["7", "07", "7.0", "A-7", "a-7", "7" * 40], ["007", "7.00"]
        host.read_and_save(*[payment(number, 10) for number in first])
        for number in later:
            host.read_and_save(payment(number, 10))
        assert sorted(host.registered()) == sorted(first + later)

    @promised
    def test_a_number_is_unique_only_within_its_company_and_import_type(
        self, host: HostDriver
    ) -> None:
        foreign = PaymentKey(OTHER_COMPANY.number, "1")
        second = payment(1, 25, invoice_number=OTHER_INVOICE, date=date(2026, 3, 1))
        third = payment(1, 40, invoice_number=INVOICE_WITH_OCR, date=date(2026, 4, 1), key=foreign)
        for _ in range(2):
            host.plugin.company = COMPANY
            host.read_and_save(payment(1, 10))
            host.read_and_save(second, definition="B", import_type=OTHER_TYPE)
            host.plugin.company = OTHER_COMPANY
            host.read_and_save(third, definition="C")
        assert sorted(booking[:4] for booking in map(_tuple, host.bookings())) == [
            (TYPE, COMPANY.number, "1", Decimal(10)),
            (TYPE, OTHER_COMPANY.number, "1", Decimal(40)),
            (OTHER_TYPE, COMPANY.number, "1", Decimal(25)),
        ]

    @promised
    def test_payments_that_look_alike_are_separate_payments(self, host: HostDriver) -> None:
        host.read_and_save(payment(1, 10), payment(2, 10))
        host.read_and_save(payment(3, 10))
        assert host.registered() == {"1": 10, "2": 10, "3": 10}
        assert host.remaining(INVOICE) == 999_970

    @promised
    @pytest.mark.parametrize(
        "now",
        [
            payment(1, 20),
            payment(1, 10, date=DAY_2),
            payment(1, 10, invoice_number=OTHER_INVOICE),
            payment(1, 10, write_offs=write_off(1)),
        ],
        ids=["amount", "date", "invoice", "write-off"],
    )
    def test_a_payment_whose_figures_changed_is_shown_and_not_registered_again(
        self, host: HostDriver, now: Any
    ) -> None:
        host.plugin.cursor = "c1"
        host.read_and_save(payment(1, 10))
        host.read_and_save(payment(1, 10))
        [unchanged] = host.preview()
        # It is not read again, and is shown until a person decides.
        for everything in ([now], [], []):
            host.read_and_save(*everything)
            [changed] = host.preview()
            assert unchanged.list == changed.list == REJECTED
            assert unchanged.outcome != changed.outcome
        assert host.registered() == {"1": 10}
        assert host.remaining(INVOICE) == 999_990

    @promised
    def test_two_imports_of_one_definition_never_run_concurrently(self, host: HostDriver) -> None:
        host.read()
        first, second = threading.Event(), threading.Event()
        ran_concurrently: list[bool] = []

        def import_again() -> None:
            # It may be refused, or wait for the first to end.
            with suppress(Exception):
                host.under_test.import_payments(TYPE, "A")

        def slow(_run: Any) -> None:
            if first.is_set():
                second.set()
                return
            first.set()
            pool.submit(import_again)
            ran_concurrently.append(second.wait(_MOMENT))

        host.plugin.script = slow
        with ThreadPoolExecutor() as pool:
            host.under_test.import_payments(TYPE, "A")
        assert ran_concurrently == [False]

    @promised
    def test_another_company_is_refused(self, host: HostDriver) -> None:
        host.read_and_save(payment(1, 10))
        foreign = payment(2, 20, key=PaymentKey(OTHER_COMPANY.number, "2"))
        for company, everything in (
            (OTHER_COMPANY, [foreign]),
            (OTHER_COMPANY, []),
            (COMPANY, [foreign]),
        ):
            host.plugin.company = company
            with pytest.raises(Exception):  # noqa: B017, PT011 each host has its own
                host.read(*everything)
            host.save()
        assert host.registered() == {"1": 10}
        host.read_and_save(payment(3, 30))
        assert host.registered() == {"1": 10, "3": 30}


class HostPersists(HostSuite):
    """The host can stop and start again."""

    @promised
    def test_everything_stored_survives_a_restart(self, host: HostDriver) -> None:
        def store(run: Any) -> Any:
            run.hook.opter_set_state(run=run, key="k", value="state")
            hand_over(run, payment(1, 10), payment(2, 20, invoice_number=UNKNOWN_INVOICE))
            return run.hook.opter_set_secret(run=run, key="k", value="secret")

        def read_back(run: Any) -> tuple[Any, ...]:
            hand_over(run, payment(1, 10))
            state = run.hook.opter_get_state(run=run, key="k")
            secret = run.hook.opter_get_secret(run=run, key="k")
            return state, secret, run.cursor, run.company and run.company.number

        host.plugin.cursor = "c1"
        # A host without a store for secrets answers neither hook.
        secrets = ["secret"] if host.during_import(store) else []
        host.save()
        host.restart()
        assert host.during_import(read_back) == (["state"], secrets, "c1", COMPANY.number)
        assert host.lists() == {"1": REJECTED, "2": REJECTED}
        host.save()
        assert host.registered() == {"1": 10}
        assert host.remaining(INVOICE) == 999_990


@dataclass(eq=False)
class Ledger:
    """A listener with its own books, built from the host's changes."""

    stores: int | None = None
    """The number of changes of a call that it stores; ``None`` for all."""
    fails: bool = False
    calls: int = 0
    stored: list[Any] = field(default_factory=list)

    @hookimpl
    def opter_books_changed(self, changes: Sequence[Any]) -> int:
        self.calls += 1
        assert 0 < len(changes) <= BATCH
        if self.fails:
            raise RuntimeError("the disk is full")
        for change in changes[: self.stores]:
            # A change that is sent twice is the same, and comes in order.
            sequences = [before.sequence for before in self.stored]
            if change.sequence not in sequences:
                assert not sequences or change.sequence > sequences[-1]
                self.stored.append(change)
        return int(self.stored[-1].sequence)

    @property
    def numbers(self) -> list[str]:
        """The numbers of the stored payments, in order."""
        return [change.key.number for change in self.stored]

    def remaining(self, invoice: str) -> Decimal:
        """Compute the balance of an invoice from these changes alone."""
        [total] = [seed.total for seed in INVOICES if seed.number == invoice]
        effects = [change.effect for change in self.stored if change.host_invoice_number == invoice]
        assert all(isinstance(effect, Decimal) for effect in effects)
        return total - sum(effects, Decimal(0))


class HostSendsChanges(HostSuite):
    """The host sends the changes of its books, if it has a journal."""

    @promised
    def test_a_listener_is_sent_every_change_of_the_books_until_it_acknowledges_it(
        self, host: HostDriver
    ) -> None:
        failing, slow, late = Ledger(fails=True), Ledger(stores=1), Ledger()
        host.register(failing)
        host.register(slow)
        host.read_and_save(payment(1, 10), payment(2, 20, date=DAY_2))
        _skip_unless_sent(slow)
        failing.fails = False
        host.read_and_save(eur_payment(3, "0.10"))
        host.register(late)
        host.read_and_save(payment(4, -5, date=DAY_3))
        host.read_and_save(payment(5, 1, invoice_number=OTHER_INVOICE))
        host.read_and_save(payment(6, 1, invoice_number=OTHER_INVOICE))
        numbers = ["1", "2", "3", "4", "5", "6"]
        assert [failing.numbers, late.numbers] == [numbers, numbers]
        assert slow.numbers == numbers[: len(slow.numbers)]
        assert len(slow.numbers) >= 5
        for invoice in (INVOICE, EUR_INVOICE, OTHER_INVOICE):
            assert late.remaining(invoice) == host.remaining(invoice)

    @promised
    def test_a_change_is_sent_as_it_is_in_the_books(self, host: HostDriver) -> None:
        read = [
            (payment_of_1000(1, 990, write_offs=write_off(10)), 1000),
            (payment(2, -5, date=DAY_2, source="manual"), -5),
            (payment(3, 40, invoice_number="88001", ocr=OCR, date=DAY_3), 40),
            (eur_payment(4, "0.10"), Decimal("0.10")),
            (eur_payment(5, 9, write_offs=write_off(11, "SEK")), 10),
            (payment(6, -500, invoice_number=CREDIT_INVOICE), -500),
            (payment(7, 1200, invoice_number=INVOICE_WITH_OCR, date=date(2026, 2, 4)), 1200),
        ]
        ledger = Ledger()
        host.register(ledger)
        host.read_and_save(*[read_payment for read_payment, _effect in read])
        _skip_unless_sent(ledger)
        assert {change.kind for change in ledger.stored} == {"registered"}
        sent = [
            Booking(
                change.key.import_type, change.key.company, change.key.number,
                change.amount, change.currency, change.amount_currency, change.host_invoice_number,
            )
            for change in ledger.stored
        ]  # fmt: skip
        assert sorted(sent) == sorted(host.bookings())
        assert {
            change.key.number: (change.date, change.source, change.effect)
            for change in ledger.stored
        } == {
            read_payment.key.number: (read_payment.date, read_payment.source, effect)
            for read_payment, effect in read
        }
        assert len({change.books_id for change in ledger.stored}) == 1
        assert len({change.payment_id for change in ledger.stored}) == len(read)
        assert {change.replaces for change in ledger.stored} == {None}
        assert all(change.at.utcoffset() is not None for change in ledger.stored)

    def test_what_a_listener_did_not_acknowledge_survives_a_restart(self, host: HostDriver) -> None:
        current, behind, failing, late = Ledger(), Ledger(), Ledger(fails=True), Ledger()
        for ledger in (current, behind, failing):
            host.register(ledger)
        host.read_and_save(payment(1))
        _skip_unless_sent(current)
        behind.fails = True
        host.read_and_save(*[payment(number) for number in range(2, BATCH + 3)])
        assert set(current.numbers) == set(host.registered())
        host.restart()
        behind.fails = failing.fails = False
        host.register(late)
        host.read_and_save(payment(BATCH + 3))
        for ledger in (current, behind, failing, late):
            assert set(ledger.numbers) == set(host.registered())
            assert ledger.remaining(INVOICE) == host.remaining(INVOICE)


def _read_many(host: HostDriver) -> None:
    host.read(*map(payment, range(1, _MANY + 1)))


def _tuple(booking: Any) -> tuple[Any, ...]:
    return booking.import_type, booking.company, booking.number, booking.amount


def _skip_unless_sent(listener: Ledger) -> None:
    if not listener.calls:
        pytest.skip("the host does not call opter_books_changed")
