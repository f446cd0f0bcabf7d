"""What a host shows before anything is saved: judged exactly, all of it, and as it is there now."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from opter_contract import BATCH
from opter_contract.conformance.host_under_test import (
    COMPANY,
    CREDIT_INVOICE,
    DAY_2,
    DAY_3,
    EUR_INVOICE,
    IGNORED,
    INVOICE,
    INVOICE_OF_1000,
    INVOICE_WITH_OCR,
    LARGE_INVOICE,
    OCR,
    OTHER_COMPANY,
    OTHER_INVOICE,
    OTHER_OCR,
    READY,
    REJECTED,
    SHARED_OCR,
    SMALL_INVOICE,
    TEXT,
    UNKNOWN_INVOICE,
    HostDriver,
    HostSuite,
    PluginFailure,
    ask_until_empty,
    balance,
    eur_payment,
    excluded,
    hand_over,
    payment,
    payment_of_1000,
    promised,
    unreadable,
    write_off,
)
from opter_contract.values import PaymentKey, Text


class HostJudges(HostSuite):
    """The host compares payments with its invoices, exactly."""

    @promised
    def test_money_stays_exact_in_every_list_and_in_the_books(self, host: HostDriver) -> None:
        payments = [
            payment(1, "0.10", invoice_number=SMALL_INVOICE),
            payment(2, "0.2", invoice_number=SMALL_INVOICE, date=DAY_2),
            payment(3, "9999999999999999.99", invoice_number=LARGE_INVOICE),
            payment_of_1000(4, "1E+2"),
            payment_of_1000(5, "900.00000", date=DAY_2),
            eur_payment(6, "333.33"),
            payment(7, "0.07", invoice_number=UNKNOWN_INVOICE),
        ]
        host.read(*payments)
        figures = {
            row.key.number: (row.amount, row.currency, row.amount_currency) for row in payments
        }
        assert _figures(host.preview()) == figures
        host.save()
        del figures["7"]
        assert _figures(host.bookings()) == figures
        left = host.remaining(SMALL_INVOICE, LARGE_INVOICE, INVOICE_OF_1000, EUR_INVOICE)
        assert left == [0, Decimal("0.01"), 0, Decimal("666.67")]

    @promised
    def test_a_payment_is_compared_with_its_invoice_in_the_currency_of_the_invoice(
        self, host: HostDriver
    ) -> None:
        host.read(
            eur_payment(1, 1000),
            payment(2, 100, invoice_number=EUR_INVOICE),
            eur_payment(3, 10, invoice_number=OTHER_INVOICE),
        )
        assert host.statuses() == {"1": "exact"}
        assert set(host.rejected()) == {"2", "3"}
        host.save()
        assert host.remaining(EUR_INVOICE, OTHER_INVOICE) == [0, 1_000_000]

    @promised
    def test_a_write_off_counts_as_paid(self, host: HostDriver) -> None:
        host.read(
            payment_of_1000(1, 990, write_offs=write_off(10)),
            payment(2, "1000.40", invoice_number=INVOICE_WITH_OCR, write_offs=write_off("-0.40")),
            eur_payment(3, 990, write_offs=write_off(110, "SEK")),
        )
        assert host.statuses() == {"1": "exact", "2": "exact", "3": "exact"}
        host.save()
        assert host.remaining(INVOICE_OF_1000, INVOICE_WITH_OCR, EUR_INVOICE) == [0, 0, 0]

    @promised
    def test_a_write_off_counts_in_its_own_currency(self, host: HostDriver) -> None:
        host.read(eur_payment(1, 990, write_offs=write_off(10, "EUR")))
        assert host.statuses() == {"1": "exact"}
        host.save()
        assert host.remaining(EUR_INVOICE) == 0

    @promised
    def test_a_refund_increases_what_remains_to_pay(self, host: HostDriver) -> None:
        host.read_and_save(payment_of_1000(1, 1000))
        host.read(payment_of_1000(2, -400, date=DAY_2))
        assert host.statuses() == {"2": "reversal"}
        host.save()
        assert host.remaining(INVOICE_OF_1000) == 400
        host.read_and_save(payment_of_1000(3, 400, date=DAY_3))
        assert host.remaining(INVOICE_OF_1000) == 0
        assert host.registered() == {"1": 1000, "2": -400, "3": 400}

    def test_a_credit_invoice_is_paid_by_a_negative_payment(self, host: HostDriver) -> None:
        host.read(payment(1, -500, invoice_number=CREDIT_INVOICE))
        assert host.statuses() == {"1": "exact"}
        host.save()
        assert host.remaining(CREDIT_INVOICE) == 0

    @promised
    def test_payments_of_one_invoice_are_judged_in_date_order(self, host: HostDriver) -> None:
        host.read(
            payment_of_1000(1, 600, date=DAY_2),
            payment_of_1000(2, 400),
            payment_of_1000(3, 1, date=DAY_3),
            payment(4, 1200, invoice_number=INVOICE_WITH_OCR),
        )
        assert host.statuses() == {"1": "exact", "2": "partial", "4": "advance"}
        assert set(host.rejected()) == {"3"}
        host.save()
        host.read_and_save(payment_of_1000(5, 1, date=DAY_3))
        assert set(host.registered()) == {"1", "2", "4"}
        assert host.remaining(INVOICE_OF_1000, INVOICE_WITH_OCR) == [0, -200]

    @promised
    def test_an_ocr_reference_is_used_only_if_the_number_is_unknown_and_one_invoice_has_it(
        self, host: HostDriver
    ) -> None:
        host.read(
            payment(1, 10, invoice_number="88001", ocr=OCR),
            payment(2, 20, ocr=OTHER_OCR),
            payment(3, 30, invoice_number="88003", ocr=SHARED_OCR),
            payment(4, 40, invoice_number="88004", ocr=""),
            payment(5, 50, invoice_number=UNKNOWN_INVOICE),
            payment(6, 60, invoice_number=OCR),
            payment(7, 70, invoice_number=f"0{INVOICE}"),
        )
        assert set(host.rejected()) == {"3", "4", "5", "6", "7"}
        host.save()
        matched = {booking.number: booking.invoice for booking in host.bookings()}
        assert matched == {"1": INVOICE_WITH_OCR, "2": INVOICE}
        assert host.remaining(INVOICE_WITH_OCR) == 990


class HostAccounts(HostSuite):
    """The host accounts for every payment that was read, and offers unsaved ones again."""

    @promised
    def test_every_payment_that_was_read_is_in_exactly_one_list(self, host: HostDriver) -> None:
        host.read(
            payment(1, 10),
            payment(2, 20, invoice_number=UNKNOWN_INVOICE),
            excluded(payment(3, 30)),
            excluded(payment(4, 40), "before-date"),
            excluded(payment(5, 50), "below-number"),
            unreadable(Decimal("0.25")),
            unreadable(None, "7"),
        )
        assert sorted((row.list, row.number) for row in host.preview()) == [
            (IGNORED, "4"),
            (IGNORED, "5"),
            (READY, "1"),
            (REJECTED, ""),
            (REJECTED, "2"),
            (REJECTED, "3"),
            (REJECTED, "7"),
        ]
        assert sum(row.amount for row in host.preview()) == Decimal("150.25")

    @promised
    def test_a_row_without_a_number_is_shown(self, host: HostDriver) -> None:
        host.read(*[unreadable(Decimal(5))] * 3, payment(1, 10))
        shown = [(row.list, row.outcome, row.amount) for row in host.preview() if not row.number]
        assert shown == [(REJECTED, "unreadable", Decimal(5))] * 3

    @promised
    def test_the_warnings_of_a_plug_in_are_shown(self, host: HostDriver) -> None:
        warning = Text("Kursen är uträknad.", "The rate was computed.")
        host.read(payment(1, 10, warnings=(TEXT, warning)))
        [row] = host.preview()
        assert warning.sv in row.warning or warning.en in row.warning

    @promised
    @pytest.mark.parametrize("amount", [0.1, "10", Decimal("NaN"), Decimal("Infinity")], ids=str)
    def test_a_batch_is_acknowledged_only_if_all_of_it_is_stored(
        self, host: HostDriver, amount: Any
    ) -> None:
        broken = replace(payment(2), amount=amount, amount_currency=amount)
        with pytest.raises(Exception):  # noqa: B017, PT011 each host has its own
            host.read(payment(1, 10), broken, payment(3, 30))
        host.save()
        assert host.bookings() == []

    @promised
    def test_a_rejected_payment_is_offered_again_until_it_is_saved(self, host: HostDriver) -> None:
        def fail(_run: Any) -> None:
            raise PluginFailure

        host.plugin.cursor = "c1"
        unmatched = payment(1, 20, invoice_number=UNKNOWN_INVOICE)
        host.read_and_save(unmatched, excluded(payment(2, "30.50")), unreadable(None, "3"))
        for _ in range(2):
            # Neither an import that failed nor one that was not saved may use them up.
            with pytest.raises(PluginFailure):
                host.during_import(fail)
            host.read()
            host.read_and_save()
            offered = {row.number: (row.list, row.amount) for row in host.preview()}
            assert offered == {
                "1": (REJECTED, 20),
                "2": (REJECTED, Decimal("30.50")),
                "3": (REJECTED, 0),
            }
            assert host.plugin.runs[-1].cursor == "c1"
        host.read_and_save(payment(2, "30.50"))
        assert host.registered() == {"2": Decimal("30.50")}
        host.read_and_save()
        assert host.lists() == {"1": REJECTED, "3": REJECTED}

    def test_rejected_payments_are_offered_again_however_many_there_are(
        self, host: HostDriver
    ) -> None:
        def confirm(run: Any) -> list[str]:
            named = ask_until_empty(run, "opter_payments_to_confirm")
            hand_over(run, *map(payment, named))
            return named

        host.plugin.cursor = "c1"
        numbers = {str(number) for number in range(1, BATCH + 2)}
        host.read_and_save(*[excluded(payment(number)) for number in numbers])
        host.read_and_save()
        assert set(host.rejected()) == numbers
        assert set(host.during_import(confirm)) == numbers
        assert set(host.ready()) == numbers

    def test_a_payment_that_is_no_longer_ready_when_it_is_saved_is_offered_again(
        self, host: HostDriver
    ) -> None:
        second = payment_of_1000(2, 1000, date=DAY_2)

        def read_on(run: Any) -> None:
            if run.cursor is None:
                hand_over(run, second)

        host.plugin.cursor = "c1"
        host.read(payment_of_1000(1, 1000), definition="A")
        host.read(second, definition="B")
        host.save("A")
        # A host may refuse the second one: then its cursor has not moved.
        with suppress(Exception):
            host.save("B")
        assert host.registered() == {"1": 1000}
        host.during_import(read_on, "B")
        assert set(host.rejected("B")) == {"2"}

    def test_rejected_payments_are_stored_separately_for_each_company(
        self, host: HostDriver
    ) -> None:
        companies = ((COMPANY, "A", 20), (OTHER_COMPANY, "C", 30))
        host.plugin.cursor = "c1"
        for company, definition, amount in companies:
            host.plugin.company = company
            key = PaymentKey(company.number, "1")
            unmatched = payment(1, amount, invoice_number=UNKNOWN_INVOICE, key=key)
            host.read_and_save(unmatched, definition=definition)
        for company, definition, amount in companies:
            host.plugin.company = company
            host.read_and_save(definition=definition)
            [row] = host.preview(definition)
            assert (row.number, row.list) == ("1", REJECTED)
            assert row.amount == amount

    @promised
    def test_a_payment_that_is_offered_again_is_checked_against_the_current_settings(
        self, host: HostDriver
    ) -> None:
        host.plugin.cursor = "c1"
        unmatched = payment(1, 20, invoice_number=UNKNOWN_INVOICE)
        host.read_and_save(unmatched, excluded(payment(2, 30)))
        host.plugin.too_old = {"2"}
        host.read_and_save()
        assert host.lists() == {"1": REJECTED, "2": IGNORED}

    @promised
    def test_a_payment_that_is_offered_again_is_fetched_again_before_it_is_saved(
        self, host: HostDriver
    ) -> None:
        refund = _paid_twice(host)
        host.read(refund)
        assert set(host.ready()) == {"3"}

        def confirm(run: Any) -> list[str]:
            hand_over(run, refund)
            named = ask_until_empty(run, "opter_payments_to_confirm")
            hand_over(run, payment_of_1000(2, 900, date=DAY_3))
            return named

        assert host.during_import(confirm) == ["2"]
        assert host.ready() == {"3": -1000, "2": 900}
        host.save()
        assert host.registered() == {"1": 1000, "3": -1000, "2": 900}
        assert host.remaining(INVOICE_OF_1000) == 100

    def test_a_payment_that_was_not_booked_is_fetched_again(self, host: HostDriver) -> None:
        def confirm(run: Any) -> list[str]:
            named = ask_until_empty(run, "opter_payments_to_confirm")
            hand_over(run, payment(2, "30.50"))
            return named

        host.plugin.cursor = "c1"
        unmatched = payment(3, 40, invoice_number=UNKNOWN_INVOICE)
        host.read_and_save(excluded(payment(2, 30)), excluded(unmatched))
        assert "2" in host.during_import(confirm)
        host.save()
        assert host.registered() == {"2": Decimal("30.50")}

    @promised
    def test_a_payment_that_was_deleted_at_its_source_is_not_registered(
        self, host: HostDriver
    ) -> None:
        refund = _paid_twice(host)

        def delete(run: Any) -> Any:
            hand_over(run, refund)
            named = ask_until_empty(run, "opter_payments_to_confirm")
            return run.hook.opter_take_deleted(run=run, payment_numbers=named)

        assert host.during_import(delete) == [1]
        assert set(host.ready()) == {"3"}
        host.save()
        assert host.registered() == {"1": 1000, "3": -1000}
        host.read_and_save()
        assert host.preview() == []

    @promised
    def test_a_cursor_is_returned_only_to_its_own_definition(self, host: HostDriver) -> None:
        host.plugin.cursor = "of A"
        host.read_and_save(payment(1))
        host.plugin.cursor = "of B"
        assert host.during_import(lambda run: run.cursor, "B") is None
        assert host.during_import(lambda run: run.cursor) == "of A"


class HostCompares(HostSuite):
    """The host compares its books with the other system, if it has the hooks."""

    @pytest.fixture
    def comparing(self, host: HostDriver) -> HostDriver:
        """Skip a host that does not have these hooks."""

        def answers(run: Any) -> list[Any]:
            hook = getattr(run.hook, "opter_payments_to_check", None)
            return [] if hook is None else list(hook(run=run, company=COMPANY))

        if not host.during_import(answers, "Only to see"):
            pytest.skip("the host does not answer opter_payments_to_check")
        return host

    @promised
    @pytest.mark.parametrize(
        ("definition", "restarts"),
        [("A", False), ("A", True), ("B", False)],
        ids=["running", "restarted", "another-definition"],
    )
    @pytest.mark.parametrize(
        "again",
        [
            payment_of_1000(2, 400, date=DAY_3),
            payment_of_1000(2, 450, date=DAY_2),
            payment(2, 400, invoice_number=OTHER_INVOICE, date=date(2026, 3, 3)),
        ],
        ids=["same", "amount", "invoice"],
    )
    def test_a_payment_that_was_deleted_and_entered_again_counts_once(
        self, comparing: HostDriver, *, again: Any, definition: str, restarts: bool
    ) -> None:
        host = comparing
        host.plugin.cursor = "c1"
        host.read_and_save(payment_of_1000(1, 400))
        # It is read once, and a deleted payment stays deleted if it cannot be checked.
        for everything, answer in (([again], "deleted"), ([], "deleted"), ([], "unchecked")):
            outcome = {answer: ["1"]}
            script = partial(_import_and_check, everything=everything, there=again, **outcome)
            host.during_import(script, definition)
            assert host.lists(definition) == {"2": REJECTED}
            host.save(definition)
            assert host.registered() == {"1": 400}
            if restarts:
                host.restart()
        assert host.remaining(INVOICE_OF_1000) == 600

    @promised
    def test_a_payment_is_not_ready_while_another_payment_of_its_invoice_is_unchecked(
        self, comparing: HostDriver
    ) -> None:
        host, again = comparing, payment_of_1000(2, 450, date=DAY_2)
        host.plugin.cursor = "c1"
        host.read_and_save(payment_of_1000(1, 400))
        for everything in ([again], []):
            script = partial(_import_and_check, everything=everything, there=again, unchecked=["1"])
            host.during_import(script)
            assert host.lists() == {"2": REJECTED}
            assert host.deleted() == []
            host.save()
            assert host.registered() == {"1": 400}
        assert "1" in host.during_import(partial(_import_and_check, there=again))
        assert host.ready() == {"2": 450}
        host.save()
        assert host.registered() == {"1": 400, "2": 450}

    def test_every_payment_that_may_have_been_replaced_is_checked(
        self, comparing: HostDriver
    ) -> None:
        host, numbers = comparing, [str(number) for number in range(1, BATCH + 2)]
        host.read_and_save(*map(payment, numbers))
        again = payment("again", 2, date=DAY_2)
        named = host.during_import(partial(_import_and_check, everything=[again], deleted=numbers))
        assert sorted(named) == sorted(numbers)
        assert host.ready() == {}

    def test_two_payments_that_both_exist_are_both_registered(self, comparing: HostDriver) -> None:
        host, again = comparing, payment_of_1000(2, 400, date=DAY_3)
        host.read_and_save(payment_of_1000(1, 400))
        assert "1" in host.during_import(lambda run: _compare(run, again, remains=200))
        host.save()
        assert host.registered() == {"1": 400, "2": 400}

    @promised
    def test_a_registered_payment_that_was_deleted_at_its_source_is_reported(
        self, comparing: HostDriver
    ) -> None:
        host = comparing
        host.read_and_save(payment_of_1000(1, 400), payment(9, 10))
        assert host.during_import(lambda run: _compare(run, remains=600)) == []
        assert host.deleted() == []
        assert host.during_import(lambda run: _compare(run, remains=1000, deleted=["1"])) == ["1"]
        assert host.deleted() == ["1"]

    @promised
    def test_an_invoice_that_is_open_only_in_the_host_is_checked(
        self, comparing: HostDriver
    ) -> None:
        def ask(run: Any) -> list[str]:
            balances = [balance(OTHER_INVOICE, 1_000_000, 1_000_000)]
            assert run.hook.opter_take_balances(run=run, balances=balances) == [1]
            [numbers] = run.hook.opter_invoices_to_check(run=run, company=COMPANY)
            assert len(numbers) == len(set(numbers)) <= BATCH
            return list(numbers)

        paid = payment(1, 1000, invoice_number=INVOICE_WITH_OCR)
        comparing.read_and_save(paid, payment_of_1000(2, 400))
        named = set(comparing.during_import(ask))
        assert named >= {INVOICE_OF_1000, INVOICE}
        assert named.isdisjoint({INVOICE_WITH_OCR, OTHER_INVOICE})


def _figures(rows: Sequence[Any]) -> dict[str, tuple[Any, ...]]:
    return {row.number: (row.amount, row.currency, row.amount_currency) for row in rows}


def _paid_twice(host: HostDriver) -> Any:
    """Reject payment 2, since its invoice is paid; return a refund dated before it."""
    host.plugin.cursor = "c1"
    host.read_and_save(payment_of_1000(1, 1000), payment_of_1000(2, 1000, date=DAY_3))
    return payment_of_1000(3, -1000, date=DAY_2)


def _import_and_check(
    run: Any,
    *,
    everything: Sequence[Any] = (),
    there: Any = None,
    deleted: Sequence[str] = (),
    unchecked: Sequence[str] = (),
) -> list[str]:
    """Import like a plug-in that reads no balances; return the payments that it had to check.

    :param there: a payment of an earlier run, to be fetched again.
    """
    hand_over(run, *everything)
    named = ask_until_empty(run, "opter_payments_to_check")
    _answer(run, "opter_take_deleted", [number for number in deleted if number in named])
    _answer(run, "opter_take_unchecked", [number for number in unchecked if number in named])
    if ask_until_empty(run, "opter_payments_to_confirm"):
        hand_over(run, there)
    return named


def _compare(run: Any, *everything: Any, remains: int, deleted: Sequence[str] = ()) -> list[str]:
    """Import like a plug-in that reads balances; return the payments that it had to check."""
    hand_over(run, *everything)
    balances = [balance(INVOICE_OF_1000, 1000, remains)]
    assert run.hook.opter_take_balances(run=run, balances=balances) == [1]
    run.hook.opter_invoices_to_check(run=run, company=COMPANY)
    named = ask_until_empty(run, "opter_payments_to_check")
    _answer(run, "opter_take_deleted", deleted)
    return named


def _answer(run: Any, hook: str, numbers: Sequence[str]) -> None:
    for start in range(0, len(numbers), BATCH):
        batch = numbers[start : start + BATCH]
        assert getattr(run.hook, hook)(run=run, payment_numbers=batch) == [len(batch)]
