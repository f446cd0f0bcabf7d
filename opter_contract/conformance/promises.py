"""What keeps a host from losing, doubling or mistaking money: one test for each promise.

The tests that are marked as promised stand on the contract page, under "What
your host must promise", by their names. They see of a host what a person sees.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final

import pytest

from opter_contract import BATCH, hookimpl
from opter_contract.conformance.shell import (
    COMPANY,
    CREDIT,
    IGNORED,
    IN_EUR,
    INVOICE,
    INVOICES,
    LARGE,
    OCR,
    OTHER_COMPANY,
    OTHER_INVOICE,
    OTHER_OCR,
    OTHER_TYPE,
    READY,
    REJECTED,
    SHARED_OCR,
    SMALL,
    STRANGER,
    THOUSAND,
    TYPE,
    WITH_OCR,
    WORD,
    Booked,
    Failed,
    HostUnderTest,
    Scripted,
    Suite,
    ask_until_empty,
    balance,
    books,
    excluded,
    in_eur,
    payment,
    promised,
    ready,
    refused,
    registered,
    remaining,
    rows,
    status,
    take,
    unreadable,
)
from opter_contract.values import PaymentKey, Text, WriteOff

#: A day later, and two, than a payment has unless it says otherwise.
SECOND: Final = date(2026, 2, 2)
THIRD: Final = date(2026, 2, 3)

#: How long to wait for another thread, and for one that must not come; in seconds.
_PATIENCE: Final = 5
_A_MOMENT: Final = 0.2

Read = Callable[..., None]


class HostReckons(Suite):
    """The host judges payments beside its invoices, and reckons in whole öre."""

    @promised
    def test_money_stays_exact_in_every_list_and_in_the_books(
        self, host_under_test: HostUnderTest, read: Read
    ) -> None:
        given = [
            payment(1, "0.10", invoice_number=SMALL),
            payment(2, "0.2", invoice_number=SMALL, date=SECOND),
            payment(3, "9999999999999999.99", invoice_number=LARGE),
            payment(4, "1E+2", invoice_number=THOUSAND),
            payment(5, "900.00000", invoice_number=THOUSAND, date=SECOND),
            in_eur(6, "333.33"),
            payment(7, "0.07", invoice_number=STRANGER),
        ]
        read(*given)
        figures = {one.key.number: (one.amount, one.currency, one.amount_currency) for one in given}
        shown = {
            one.number: (one.amount, one.currency, one.amount_currency)
            for one in rows(host_under_test)
        }
        assert shown == figures
        host_under_test.save("A")
        del figures["7"]
        booked = {
            one.number: (one.amount, one.currency, one.amount_currency)
            for one in books(host_under_test)
        }
        assert booked == figures
        left = [remaining(host_under_test, one) for one in (SMALL, LARGE, THOUSAND, IN_EUR)]
        assert left == [0, Decimal("0.01"), 0, Decimal("666.67")]

    @promised
    def test_a_payment_is_compared_with_its_invoice_in_the_currency_of_the_invoice(
        self, host_under_test: HostUnderTest, read: Read
    ) -> None:
        read(
            in_eur(1, 1000),
            payment(2, 100, invoice_number=IN_EUR),
            in_eur(3, 10, invoice_number=OTHER_INVOICE),
        )
        assert status(host_under_test) == {"1": "exact"}
        assert set(refused(host_under_test)) == {"2", "3"}
        host_under_test.save("A")
        assert remaining(host_under_test, IN_EUR) == 0
        assert remaining(host_under_test, OTHER_INVOICE) == 1_000_000

    @promised
    def test_what_was_written_off_counts_as_paid(
        self, host_under_test: HostUnderTest, read: Read
    ) -> None:
        rounding = WriteOff(Decimal("-0.40"))
        read(
            payment(1, 990, invoice_number=THOUSAND, write_offs=(WriteOff(Decimal(10)),)),
            payment(2, "1000.40", invoice_number=WITH_OCR, write_offs=(rounding,)),
            in_eur(3, 990, write_offs=(WriteOff(Decimal(110), currency="SEK"),)),
        )
        assert status(host_under_test) == {"1": "exact", "2": "exact", "3": "exact"}
        host_under_test.save("A")
        left = [remaining(host_under_test, one) for one in (THOUSAND, WITH_OCR, IN_EUR)]
        assert left == [0, 0, 0]

    @promised
    def test_a_write_off_counts_in_its_own_currency(
        self, host_under_test: HostUnderTest, read: Read
    ) -> None:
        read(in_eur(1, 990, write_offs=(WriteOff(Decimal(10), currency="EUR"),)))
        assert status(host_under_test) == {"1": "exact"}
        host_under_test.save("A")
        assert remaining(host_under_test, IN_EUR) == 0

    @promised
    def test_money_that_went_back_raises_what_remains(
        self, host_under_test: HostUnderTest, read: Read, saved: Read
    ) -> None:
        saved(payment(1, 1000, invoice_number=THOUSAND))
        read(payment(2, -400, invoice_number=THOUSAND, date=SECOND))
        assert status(host_under_test) == {"2": "reversal"}
        host_under_test.save("A")
        assert remaining(host_under_test, THOUSAND) == 400
        saved(payment(3, 400, invoice_number=THOUSAND, date=THIRD))
        assert remaining(host_under_test, THOUSAND) == 0
        assert registered(host_under_test) == {"1": 1000, "2": -400, "3": 400}

    def test_a_credit_invoice_is_paid_by_a_negative_payment(
        self, host_under_test: HostUnderTest, read: Read
    ) -> None:
        read(payment(1, -500, invoice_number=CREDIT))
        assert status(host_under_test) == {"1": "exact"}
        host_under_test.save("A")
        assert remaining(host_under_test, CREDIT) == 0

    @promised
    def test_payments_of_one_invoice_are_judged_one_after_another(
        self, host_under_test: HostUnderTest, read: Read, saved: Read
    ) -> None:
        read(
            payment(1, 600, invoice_number=THOUSAND, date=SECOND),
            payment(2, 400, invoice_number=THOUSAND),
            payment(3, 1, invoice_number=THOUSAND, date=THIRD),
            payment(4, 1200, invoice_number=WITH_OCR),
        )
        assert status(host_under_test) == {"1": "exact", "2": "partial", "4": "advance"}
        assert set(refused(host_under_test)) == {"3"}
        host_under_test.save("A")
        saved(payment(5, 1, invoice_number=THOUSAND, date=THIRD))
        assert set(registered(host_under_test)) == {"1", "2", "4"}
        assert remaining(host_under_test, THOUSAND) == 0
        assert remaining(host_under_test, WITH_OCR) == -200

    @promised
    def test_an_ocr_reference_counts_only_where_the_number_is_unknown_and_one_invoice_has_it(
        self, host_under_test: HostUnderTest, read: Read
    ) -> None:
        read(
            payment(1, 10, invoice_number="88001", ocr=OCR),
            payment(2, 20, ocr=OTHER_OCR),
            payment(3, 30, invoice_number="88003", ocr=SHARED_OCR),
            payment(4, 40, invoice_number="88004", ocr=""),
            payment(5, 50, invoice_number=STRANGER),
            payment(6, 60, invoice_number=OCR),
            payment(7, 70, invoice_number=f"0{INVOICE}"),
        )
        assert set(refused(host_under_test)) == {"3", "4", "5", "6", "7"}
        host_under_test.save("A")
        met = {one.number: one.invoice for one in books(host_under_test)}
        assert met == {"1": WITH_OCR, "2": INVOICE}
        assert remaining(host_under_test, WITH_OCR) == 990


class HostAccounts(Suite):
    """The host accounts for all that was read, and offers what it could not save again."""

    @promised
    def test_all_that_was_read_stands_in_one_list_in_number_and_in_money(
        self, host_under_test: HostUnderTest, read: Read
    ) -> None:
        read(
            payment(1, 10),
            payment(2, 20, invoice_number=STRANGER),
            excluded(payment(3, 30)),
            excluded(payment(4, 40), "before-date"),
            excluded(payment(5, 50), "below-number"),
            unreadable(Decimal("0.25")),
            unreadable(None, "7"),
        )
        shown = rows(host_under_test)
        kinds = sorted((one.kind, one.number) for one in shown)
        assert kinds == [
            (IGNORED, "4"),
            (IGNORED, "5"),
            (READY, "1"),
            (REJECTED, ""),
            (REJECTED, "2"),
            (REJECTED, "3"),
            (REJECTED, "7"),
        ]
        assert sum(one.amount for one in shown) == Decimal("150.25")

    @promised
    def test_a_row_without_a_number_is_shown(
        self, host_under_test: HostUnderTest, read: Read
    ) -> None:
        read(*[unreadable(Decimal(5))] * 3, payment(1, 10))
        nameless = [one for one in rows(host_under_test) if not one.number]
        seen = [(one.kind, one.word, one.amount) for one in nameless]
        assert seen == [(REJECTED, "unreadable", Decimal(5))] * 3

    @promised
    def test_what_a_plug_in_warns_of_is_shown(
        self, host_under_test: HostUnderTest, read: Read
    ) -> None:
        warning = Text("Kursen är uträknad.", "The rate was computed.")
        read(payment(1, 10, warnings=(WORD, warning)))
        [one] = rows(host_under_test)
        assert warning.sv in one.warning or warning.en in one.warning

    @promised
    @pytest.mark.parametrize("amount", [0.1, "10", Decimal("NaN"), Decimal("Infinity")], ids=str)
    def test_a_batch_is_acknowledged_only_when_all_of_it_is_kept(
        self, host_under_test: HostUnderTest, read: Read, amount: Any
    ) -> None:
        broken = replace(payment(2), amount=amount, amount_currency=amount)
        with pytest.raises(Exception):  # noqa: B017, PT011 each host has its own
            read(payment(1, 10), broken, payment(3, 30))
        host_under_test.save("A")
        assert books(host_under_test) == []

    @promised
    def test_what_was_rejected_is_offered_again_until_it_is_saved(
        self,
        host_under_test: HostUnderTest,
        plugin: Scripted,
        read: Read,
        saved: Read,
        during: Callable[..., Any],
    ) -> None:
        def fail(_run: Any) -> None:
            raise Failed("unavailable")

        plugin.cursor = "c1"
        stranger = payment(1, 20, invoice_number=STRANGER)
        saved(stranger, excluded(payment(2, "30.50")), unreadable(None, "3"))
        for _ in range(2):
            # Neither an import that failed nor one that nobody saved may use them up.
            with pytest.raises(Failed):
                during(fail)
            read()
            saved()
            kept = {one.number: (one.kind, one.amount) for one in rows(host_under_test)}
            assert kept == {
                "1": (REJECTED, 20),
                "2": (REJECTED, Decimal("30.50")),
                "3": (REJECTED, 0),
            }
            assert plugin.runs[-1].cursor == "c1"
        saved(payment(2, "30.50"))
        assert registered(host_under_test) == {"2": Decimal("30.50")}
        saved()
        kinds = {one.number: one.kind for one in rows(host_under_test)}
        assert kinds == {"1": REJECTED, "3": REJECTED}

    def test_what_was_rejected_is_offered_again_however_many_there_are(
        self,
        host_under_test: HostUnderTest,
        plugin: Scripted,
        saved: Read,
        during: Callable[..., Any],
    ) -> None:
        def confirm(run: Any) -> list[str]:
            asked = ask_until_empty(run, "opter_payments_to_confirm")
            take(run, *[payment(number) for number in asked])
            return asked

        plugin.cursor = "c1"
        numbers = {str(number) for number in range(1, BATCH + 2)}
        saved(*[excluded(payment(number)) for number in numbers])
        saved()
        assert set(refused(host_under_test)) == numbers
        assert set(during(confirm)) == numbers
        assert set(ready(host_under_test)) == numbers

    def test_what_is_not_ready_any_more_when_it_is_saved_is_offered_again(
        self,
        host_under_test: HostUnderTest,
        plugin: Scripted,
        read: Read,
        during: Callable[..., Any],
    ) -> None:
        second = payment(2, 1000, invoice_number=THOUSAND, date=SECOND)

        def go_on(run: Any) -> None:
            if run.cursor is None:
                take(run, second)

        plugin.cursor = "c1"
        read(payment(1, 1000, invoice_number=THOUSAND), definition="A")
        read(second, definition="B")
        host_under_test.save("A")
        # A host may refuse the second one: its cursor has not moved then.
        with suppress(Exception):
            host_under_test.save("B")
        assert registered(host_under_test) == {"1": 1000}
        during(go_on, "B")
        assert set(refused(host_under_test, "B")) == {"2"}

    def test_what_waits_is_kept_apart_for_each_company(
        self, host_under_test: HostUnderTest, plugin: Scripted, saved: Read
    ) -> None:
        plugin.cursor = "c1"
        for company, definition, amount in ((COMPANY, "A", 20), (OTHER_COMPANY, "C", 30)):
            plugin.company = company
            key = PaymentKey(company.number, "1")
            saved(payment(1, amount, invoice_number=STRANGER, key=key), definition=definition)
        for company, definition, amount in ((COMPANY, "A", 20), (OTHER_COMPANY, "C", 30)):
            plugin.company = company
            saved(definition=definition)
            [kept] = rows(host_under_test, definition)
            assert (kept.number, kept.kind) == ("1", REJECTED)
            assert kept.amount == amount

    @promised
    def test_what_is_offered_again_is_screened_by_the_settings_of_today(
        self, host_under_test: HostUnderTest, plugin: Scripted, saved: Read
    ) -> None:
        plugin.cursor = "c1"
        saved(payment(1, 20, invoice_number=STRANGER), excluded(payment(2, 30)))
        plugin.too_old = {"2"}
        saved()
        kept = {one.number: one.kind for one in rows(host_under_test)}
        assert kept == {"1": REJECTED, "2": IGNORED}

    @promised
    def test_what_is_offered_again_is_fetched_again_before_it_is_saved(
        self,
        host_under_test: HostUnderTest,
        plugin: Scripted,
        saved: Read,
        read: Read,
        during: Callable[..., Any],
    ) -> None:
        went_back = self._paid_twice(plugin, saved)
        read(went_back)
        assert set(ready(host_under_test)) == {"3"}

        def confirm(run: Any) -> list[str]:
            take(run, went_back)
            asked = ask_until_empty(run, "opter_payments_to_confirm")
            take(run, payment(2, 900, invoice_number=THOUSAND, date=THIRD))
            return asked

        assert during(confirm) == ["2"]
        assert ready(host_under_test) == {"3": -1000, "2": 900}
        host_under_test.save("A")
        assert registered(host_under_test) == {"1": 1000, "3": -1000, "2": 900}
        assert remaining(host_under_test, THOUSAND) == 100

    def test_what_was_not_booked_is_asked_for_again(
        self,
        host_under_test: HostUnderTest,
        plugin: Scripted,
        saved: Read,
        during: Callable[..., Any],
    ) -> None:
        def confirm(run: Any) -> list[str]:
            asked = ask_until_empty(run, "opter_payments_to_confirm")
            take(run, payment(2, "30.50"))
            return asked

        plugin.cursor = "c1"
        saved(excluded(payment(2, 30)), excluded(payment(3, 40, invoice_number=STRANGER)))
        assert during(confirm) == ["2"]
        host_under_test.save("A")
        assert registered(host_under_test) == {"2": Decimal("30.50")}

    @promised
    def test_what_is_gone_at_its_source_is_not_registered(
        self,
        host_under_test: HostUnderTest,
        plugin: Scripted,
        saved: Read,
        during: Callable[..., Any],
    ) -> None:
        went_back = self._paid_twice(plugin, saved)

        def gone(run: Any) -> list[int]:
            take(run, went_back)
            asked = ask_until_empty(run, "opter_payments_to_confirm")
            taken: list[int] = run.hook.opter_take_deleted(run=run, payment_numbers=asked)
            return taken

        assert during(gone) == [1]
        assert set(ready(host_under_test)) == {"3"}
        host_under_test.save("A")
        assert registered(host_under_test) == {"1": 1000, "3": -1000}
        saved()
        assert rows(host_under_test) == []

    def _paid_twice(self, plugin: Scripted, saved: Read) -> Any:
        """Have a payment rejected since its invoice was paid; give one that went back before it."""
        plugin.cursor = "c1"
        saved(
            payment(1, 1000, invoice_number=THOUSAND),
            payment(2, 1000, invoice_number=THOUSAND, date=THIRD),
        )
        return payment(3, -1000, invoice_number=THOUSAND, date=SECOND)

    @promised
    def test_a_cursor_comes_back_to_its_own_definition_alone(
        self, plugin: Scripted, saved: Read, during: Callable[..., Any]
    ) -> None:
        plugin.cursor = "of A"
        saved(payment(1))
        plugin.cursor = "of B"
        assert during(lambda run: run.cursor, "B") is None
        assert during(lambda run: run.cursor) == "of A"


class HostRegistersOnce(Suite):
    """The host registers a payment once, whoever brings it, how often and when."""

    @promised
    def test_two_saves_at_once_register_a_payment_once(
        self, host_under_test: HostUnderTest, read: Read
    ) -> None:
        both = threading.Barrier(2, timeout=_PATIENCE)

        def save(definition: str) -> None:
            # A host may refuse the second one, and show what it would do now.
            with suppress(Exception):
                both.wait()
                host_under_test.save(definition)

        for definition in "AB":
            read(payment(1, 10), definition=definition)
        _at_once(lambda: save("A"), lambda: save("B"))
        assert [one.number for one in books(host_under_test)] == ["1"]
        assert remaining(host_under_test, INVOICE) == 999_990

    def test_what_remains_is_right_after_the_saves_of_two_that_were_open_at_once(
        self, host_under_test: HostUnderTest, read: Read
    ) -> None:
        read(payment(1, 600, invoice_number=THOUSAND), definition="A")
        read(payment(2, 600, invoice_number=THOUSAND, date=SECOND), definition="B")
        for definition in "AB":
            # A host may refuse the second one, and show what it would do now.
            with suppress(Exception):
                host_under_test.save(definition)
        came = sum(registered(host_under_test).values())
        assert came >= 600
        assert remaining(host_under_test, THOUSAND) == 1000 - came

    def test_a_number_is_text(self, host_under_test: HostUnderTest, saved: Read) -> None:
        at_once, later = ["7", "07", "7.0", "A-7", "a-7", "7" * 40], ["007", "7.00"]
        saved(*[payment(number, 10) for number in at_once])
        for number in later:
            saved(payment(number, 10))
        assert sorted(registered(host_under_test)) == sorted(at_once + later)

    @promised
    def test_a_number_is_unique_in_its_company_and_import_type_alone(
        self, host_under_test: HostUnderTest, plugin: Scripted, saved: Read
    ) -> None:
        neighbours = PaymentKey(OTHER_COMPANY.number, "1")
        for _ in range(2):
            plugin.company = COMPANY
            saved(payment(1, 10))
            other = payment(1, 25, invoice_number=OTHER_INVOICE, date=date(2026, 3, 1))
            saved(other, definition="B", import_type=OTHER_TYPE)
            plugin.company = OTHER_COMPANY
            third = payment(1, 40, invoice_number=WITH_OCR, date=date(2026, 4, 1), key=neighbours)
            saved(third, definition="C")
        booked = sorted(
            (one.import_type, one.company, one.number, one.amount) for one in books(host_under_test)
        )
        assert booked == [
            (TYPE, COMPANY.number, "1", Decimal(10)),
            (TYPE, OTHER_COMPANY.number, "1", Decimal(40)),
            (OTHER_TYPE, COMPANY.number, "1", Decimal(25)),
        ]

    @promised
    def test_payments_that_look_alike_are_payments_of_their_own(
        self, host_under_test: HostUnderTest, saved: Read
    ) -> None:
        saved(payment(1, 10), payment(2, 10))
        saved(payment(3, 10))
        assert registered(host_under_test) == {"1": 10, "2": 10, "3": 10}
        assert remaining(host_under_test, INVOICE) == 999_970

    @promised
    @pytest.mark.parametrize(
        "now",
        [
            payment(1, 20),
            payment(1, 10, date=SECOND),
            payment(1, 10, invoice_number=OTHER_INVOICE),
            payment(1, 10, write_offs=(WriteOff(Decimal(1)),)),
        ],
        ids=["amount", "date", "invoice", "write-off"],
    )
    def test_a_payment_whose_figures_changed_is_shown_and_not_registered_again(
        self, host_under_test: HostUnderTest, plugin: Scripted, saved: Read, now: Any
    ) -> None:
        plugin.cursor = "c1"
        saved(payment(1, 10))
        saved(payment(1, 10))
        [unchanged] = rows(host_under_test)
        # Nobody reads it again, and it is shown until somebody decides.
        for handed in ([now], [], []):
            saved(*handed)
            [changed] = rows(host_under_test)
            assert unchanged.kind == changed.kind == REJECTED
            assert unchanged.word != changed.word
        assert registered(host_under_test) == {"1": 10}
        assert remaining(host_under_test, INVOICE) == 999_990

    @promised
    def test_two_imports_of_one_definition_never_run_at_once(
        self, host_under_test: HostUnderTest, plugin: Scripted, read: Read
    ) -> None:
        read()
        begun: list[str] = []
        second = threading.Event()
        threads: list[threading.Thread] = []

        def again() -> None:
            # It may be refused, or wait for the first to end.
            with suppress(Exception):
                host_under_test.import_payments(TYPE, "A")

        def slow(run: Any) -> None:
            if begun:
                second.set()
                return
            begun.append(run.id)
            threads.append(threading.Thread(target=again))
            threads[0].start()
            begun.append("second" if second.wait(_A_MOMENT) else "alone")

        plugin.script = slow
        host_under_test.import_payments(TYPE, "A")
        threads[0].join()
        assert begun[1] == "alone"

    @promised
    def test_another_company_is_refused(
        self, host_under_test: HostUnderTest, plugin: Scripted, read: Read, saved: Read
    ) -> None:
        saved(payment(1, 10))
        plugin.company = OTHER_COMPANY
        theirs = payment(2, 20, key=PaymentKey(OTHER_COMPANY.number, "2"))
        for handed in ([theirs], []):
            with pytest.raises(Exception):  # noqa: B017, PT011 each host has its own
                read(*handed)
            host_under_test.save("A")
        plugin.company = COMPANY
        with pytest.raises(Exception):  # noqa: B017, PT011 each host has its own
            read(theirs)
        host_under_test.save("A")
        assert registered(host_under_test) == {"1": 10}
        saved(payment(3, 30))
        assert registered(host_under_test) == {"1": 10, "3": 30}


class HostEndures(Suite):
    """The host can end and begin again."""

    @promised
    def test_what_is_stored_outlives_the_host(
        self,
        host_under_test: HostUnderTest,
        plugin: Scripted,
        during: Callable[..., Any],
    ) -> None:
        def put(run: Any) -> None:
            run.hook.opter_set_state(run=run, key="k", value="state")
            run.hook.opter_set_secret(run=run, key="k", value="secret")
            take(run, payment(1, 10), payment(2, 20, invoice_number=STRANGER))

        plugin.cursor = "c1"
        during(put)
        host_under_test.save("A")
        host_under_test.restart()

        def look(run: Any) -> tuple[Any, ...]:
            take(run, payment(1, 10))
            kept = run.hook.opter_get_state(run=run, key="k")
            secret = run.hook.opter_get_secret(run=run, key="k")
            return kept, secret, run.cursor, run.company and run.company.number

        assert during(look) == (["state"], ["secret"], "c1", COMPANY.number)
        assert {one.number: one.kind for one in rows(host_under_test)} == {
            "1": REJECTED,
            "2": REJECTED,
        }
        host_under_test.save("A")
        assert registered(host_under_test) == {"1": 10}
        assert remaining(host_under_test, INVOICE) == 999_990


class HostWithoutWindows(Suite):
    """The host knows when nobody sees it."""

    @promised
    def test_a_host_that_can_show_nobody_an_address_says_so(
        self, host_under_test: HostUnderTest, during: Callable[..., Any]
    ) -> None:
        host_under_test.leave_alone()
        answers = during(
            lambda run: run.hook.opter_open_browser(
                run=run, url="https://example.com/", on_redirect=lambda _: None
            )
        )
        assert answers == [False]


# --- Since 1.2: what a host may do without ----------------------------------


class HostCompares(Suite):
    """The host compares its books with what the other system says, where it has the hooks."""

    @pytest.fixture
    def compares(self, during: Callable[..., Any]) -> None:
        """Pass over a host that has not these hooks."""

        def answers(run: Any) -> list[Any]:
            ask = getattr(run.hook, "opter_payments_to_check", None)
            return [] if ask is None else list(ask(run=run, company=COMPANY))

        if not during(answers, "Only to see"):
            pytest.skip("the host does not answer opter_payments_to_check")

    @promised
    @pytest.mark.usefixtures("compares")
    @pytest.mark.parametrize(
        ("definition", "restarts"),
        [("A", False), ("A", True), ("B", False)],
        ids=["running", "restarted", "another-definition"],
    )
    @pytest.mark.parametrize(
        "again",
        [
            payment(2, 400, invoice_number=THOUSAND, date=THIRD),
            payment(2, 450, invoice_number=THOUSAND, date=SECOND),
            payment(2, 400, invoice_number=OTHER_INVOICE, date=date(2026, 3, 3)),
        ],
        ids=["same", "amount", "invoice"],
    )
    def test_a_payment_that_was_made_again_counts_once(
        self,
        host_under_test: HostUnderTest,
        plugin: Scripted,
        saved: Read,
        during: Callable[..., Any],
        *,
        again: Any,
        definition: str,
        restarts: bool,
    ) -> None:
        plugin.cursor = "c1"
        saved(payment(1, 400, invoice_number=THOUSAND))
        # It is read once, and who is gone is gone also when nobody can ask.
        for handed, answer in (([again], "gone"), ([], "gone"), ([], "not_asked")):
            said = {answer: ["1"]}
            during(partial(_imported, handed=handed, there=again, **said), definition)
            assert set(ready(host_under_test, definition)) == set()
            assert set(refused(host_under_test, definition)) == {"2"}
            host_under_test.save(definition)
            assert registered(host_under_test) == {"1": 400}
            if restarts:
                host_under_test.restart()
        assert remaining(host_under_test, THOUSAND) == 600

    @promised
    @pytest.mark.usefixtures("compares")
    def test_a_payment_is_not_ready_while_nobody_knows_whether_another_one_of_its_invoice_exists(
        self,
        host_under_test: HostUnderTest,
        plugin: Scripted,
        saved: Read,
        during: Callable[..., Any],
    ) -> None:
        again = payment(2, 450, invoice_number=THOUSAND, date=SECOND)
        plugin.cursor = "c1"
        saved(payment(1, 400, invoice_number=THOUSAND))
        for handed in ([again], []):
            during(partial(_imported, handed=handed, there=again, not_asked=["1"]))
            assert set(ready(host_under_test)) == set()
            assert set(refused(host_under_test)) == {"2"}
            assert list(host_under_test.gone("A")) == []
            host_under_test.save("A")
            assert registered(host_under_test) == {"1": 400}
        assert "1" in during(lambda run: _imported(run, there=again))
        assert ready(host_under_test) == {"2": 450}
        host_under_test.save("A")
        assert registered(host_under_test) == {"1": 400, "2": 450}

    @pytest.mark.usefixtures("compares")
    def test_all_that_may_have_been_replaced_is_asked_after(
        self, host_under_test: HostUnderTest, saved: Read, during: Callable[..., Any]
    ) -> None:
        numbers = list(map(str, range(1, BATCH + 2)))
        saved(*[payment(number) for number in numbers])
        asked: list[str] = []

        def read(run: Any) -> None:
            again = payment("again", 2, date=SECOND)
            asked.extend(_imported(run, [again], gone=numbers))

        during(read)
        assert sorted(asked) == sorted(numbers)
        assert set(ready(host_under_test)) == set()

    @pytest.mark.usefixtures("compares")
    def test_two_payments_that_both_live_both_come_in(
        self, host_under_test: HostUnderTest, saved: Read, during: Callable[..., Any]
    ) -> None:
        saved(payment(1, 400, invoice_number=THOUSAND))
        again = payment(2, 400, invoice_number=THOUSAND, date=THIRD)
        assert "1" in during(lambda run: _compared(run, again, remains=200))
        host_under_test.save("A")
        assert registered(host_under_test) == {"1": 400, "2": 400}

    @promised
    @pytest.mark.usefixtures("compares")
    def test_a_payment_that_was_deleted_at_its_source_is_noticed(
        self, host_under_test: HostUnderTest, saved: Read, during: Callable[..., Any]
    ) -> None:
        saved(payment(1, 400, invoice_number=THOUSAND), payment(9, 10))
        assert during(lambda run: _compared(run, remains=600)) == []
        assert list(host_under_test.gone("A")) == []
        assert during(lambda run: _compared(run, remains=1000, gone=["1"])) == ["1"]
        assert list(host_under_test.gone("A")) == ["1"]

    @promised
    @pytest.mark.usefixtures("compares")
    def test_an_invoice_that_is_open_here_alone_is_asked_for(
        self, saved: Read, during: Callable[..., Any]
    ) -> None:
        saved(payment(1, 1000, invoice_number=WITH_OCR), payment(2, 400, invoice_number=THOUSAND))

        def ask(run: Any) -> list[str]:
            balances = [balance(OTHER_INVOICE, 1_000_000, 1_000_000)]
            assert run.hook.opter_take_balances(run=run, balances=balances) == [1]
            [numbers] = run.hook.opter_invoices_to_check(run=run, company=COMPANY)
            assert len(numbers) == len(set(numbers)) <= BATCH
            return list(numbers)

        asked = during(ask)
        assert {THOUSAND, INVOICE} <= set(asked)
        assert not {WITH_OCR, OTHER_INVOICE} & set(asked)


@dataclass(eq=False)
class Ledger:
    """A listener that keeps books of its own from what changed in the host's."""

    keeps: int | None = None
    """How many changes of a call it keeps; ``None``: all."""
    fails: bool = False
    told: int = 0
    kept: list[Any] = field(default_factory=list)

    @hookimpl
    def opter_books_changed(self, changes: Sequence[Any]) -> int | None:
        self.told += 1
        assert 0 < len(changes) <= BATCH
        if self.fails:
            raise RuntimeError("the disk is full")
        for one in changes[: self.keeps]:
            # What is told twice is the same, and told in its place.
            known = [before.sequence for before in self.kept]
            if one.sequence not in known:
                assert not known or one.sequence > known[-1]
                self.kept.append(one)
        return int(self.kept[-1].sequence)

    @property
    def numbers(self) -> list[str]:
        """The numbers of the payments that it heard of, in order."""
        return [one.key.number for one in self.kept]

    def remaining(self, invoice: str) -> Decimal:
        """Reckon what remains of an invoice."""
        [total] = [one.total for one in INVOICES if one.number == invoice]
        effects = [one.effect for one in self.kept if one.host_invoice_number == invoice]
        assert all(isinstance(effect, Decimal) for effect in effects)
        return total - sum(effects, Decimal(0))


class HostTellsChanges(Suite):
    """The host tells what changed its books, where it has a journal."""

    @promised
    def test_whoever_listens_is_told_every_change_of_the_books_until_it_is_kept(
        self, host_under_test: HostUnderTest, saved: Read
    ) -> None:
        careful, slow, late = Ledger(fails=True), Ledger(keeps=1), Ledger()
        host_under_test.register(careful)
        host_under_test.register(slow)
        saved(payment(1, 10), payment(2, 20, date=SECOND))
        if not slow.told:
            pytest.skip("the host does not tell opter_books_changed")
        careful.fails = False
        saved(in_eur(3, "0.10"))
        host_under_test.register(late)
        saved(payment(4, -5, date=THIRD))
        saved(payment(5, 1, invoice_number=OTHER_INVOICE))
        saved(payment(6, 1, invoice_number=OTHER_INVOICE))
        numbers = ["1", "2", "3", "4", "5", "6"]
        assert [careful.numbers, late.numbers] == [numbers, numbers]
        assert slow.numbers == numbers[: len(slow.numbers)]
        assert len(slow.numbers) >= 5
        for invoice in (INVOICE, IN_EUR, OTHER_INVOICE):
            assert late.remaining(invoice) == remaining(host_under_test, invoice)

    @promised
    def test_what_is_told_of_a_change_is_what_stands_in_the_books(
        self, host_under_test: HostUnderTest, saved: Read
    ) -> None:
        handed = [
            (payment(1, 990, invoice_number=THOUSAND, write_offs=(WriteOff(Decimal(10)),)), 1000),
            (payment(2, -5, date=SECOND, source="manual"), -5),
            (payment(3, 40, invoice_number="88001", ocr=OCR, date=THIRD), 40),
            (in_eur(4, "0.10"), Decimal("0.10")),
            (in_eur(5, 9, write_offs=(WriteOff(Decimal(11), currency="SEK"),)), 10),
            (payment(6, -500, invoice_number=CREDIT), -500),
            (payment(7, 1200, invoice_number=WITH_OCR, date=date(2026, 2, 4)), 1200),
        ]
        ledger = Ledger()
        host_under_test.register(ledger)
        saved(*[one for one, _effect in handed])
        if not ledger.told:
            pytest.skip("the host does not tell opter_books_changed")
        assert {one.kind for one in ledger.kept} == {"registered"}
        told = [
            Booked(
                one.key.import_type, one.key.company, one.key.number,
                one.amount, one.currency, one.amount_currency, one.host_invoice_number,
            )
            for one in ledger.kept
        ]  # fmt: skip
        assert sorted(told) == sorted(books(host_under_test))
        assert {one.key.number: (one.date, one.source, one.effect) for one in ledger.kept} == {
            one.key.number: (one.date, one.source, effect) for one, effect in handed
        }
        assert len({one.books_id for one in ledger.kept}) == 1
        assert len({one.payment_id for one in ledger.kept}) == len(handed)
        assert {one.replaces for one in ledger.kept} == {None}
        assert all(one.at.utcoffset() is not None for one in ledger.kept)

    def test_what_a_listener_did_not_keep_outlives_the_host(
        self, host_under_test: HostUnderTest, saved: Read
    ) -> None:
        prompt, behind, deaf, late = Ledger(), Ledger(), Ledger(fails=True), Ledger()
        for one in (prompt, behind, deaf):
            host_under_test.register(one)
        saved(payment(1))
        if not prompt.told:
            pytest.skip("the host does not tell opter_books_changed")
        behind.fails = True
        saved(*[payment(number) for number in range(2, BATCH + 3)])
        assert set(prompt.numbers) == set(registered(host_under_test))
        host_under_test.restart()
        behind.fails = deaf.fails = False
        host_under_test.register(late)
        saved(payment(BATCH + 3))
        for one in (prompt, behind, deaf, late):
            assert set(one.numbers) == set(registered(host_under_test))
            assert one.remaining(INVOICE) == remaining(host_under_test, INVOICE)


def _imported(
    run: Any,
    handed: Sequence[Any] = (),
    *,
    there: Any = None,
    gone: Sequence[str] = (),
    not_asked: Sequence[str] = (),
) -> list[str]:
    """Import as a plug-in does that reads no balances; give what was asked after.

    :param there: a payment of an earlier run, to be fetched again.
    """
    take(run, *handed)
    asked: list[str] = [one.number for one in ask_until_empty(run, "opter_payments_to_check")]
    for hook, numbers in (("opter_take_deleted", gone), ("opter_take_unchecked", not_asked)):
        said = [number for number in numbers if number in asked]
        for start in range(0, len(said), BATCH):
            some = said[start : start + BATCH]
            assert getattr(run.hook, hook)(run=run, payment_numbers=some) == [len(some)]
    if ask_until_empty(run, "opter_payments_to_confirm"):
        take(run, there)
    return asked


def _compared(run: Any, *handed: Any, remains: int, gone: Sequence[str] = ()) -> list[str]:
    """Compare as a plug-in does after the payments; give what was asked after."""
    take(run, *handed)
    balances = [balance(THOUSAND, 1000, remains)]
    assert run.hook.opter_take_balances(run=run, balances=balances) == [1]
    run.hook.opter_invoices_to_check(run=run, company=COMPANY)
    asked: list[str] = [one.number for one in ask_until_empty(run, "opter_payments_to_check")]
    if gone:
        assert run.hook.opter_take_deleted(run=run, payment_numbers=gone) == [len(gone)]
    return asked


def _at_once(*actions: Callable[[], object]) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
