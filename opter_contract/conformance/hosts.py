"""What every host must do, whatever it keeps its invoices in: inherit what yours claims.

In a test module of a host::

    from opter_contract.conformance.hosts import HostReckons, HostSaves, HostTakes

    class TestOurHost(HostTakes, HostReckons, HostSaves):
        '''The contract, held against our host.'''

        @pytest.fixture
        def host_under_test(self, tmp_path):
            return OurHostForTests(tmp_path)

The fixture gives a :class:`HostUnderTest`: :mod:`.shell` tells how to write one.
A host that saves claims all of :mod:`.promises`, whose sentences stand on the
contract page; :class:`HostConformance` is everything. Needs pytest and pluggy
alone.
"""

from __future__ import annotations

import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import pytest

from opter_contract import BATCH, hookimpl
from opter_contract.conformance.checking import FAILURE_KINDS
from opter_contract.conformance.promises import (
    HostAccounts,
    HostCompares,
    HostEndures,
    HostReckons,
    HostRegistersOnce,
    HostTellsChanges,
    HostWithoutWindows,
)
from opter_contract.conformance.shell import (
    COMPANY,
    FORMAT,
    INVOICE,
    INVOICES,
    OCR,
    OTHER_INVOICE,
    OTHER_TYPE,
    PROMISED,
    STRANGER,
    THOUSAND,
    TYPE,
    WORD,
    Booked,
    Failed,
    HostUnderTest,
    InvoiceToHave,
    Scripted,
    Shown,
    Suite,
    ask_until_empty,
    books,
    excluded,
    in_eur,
    payment,
    promised,
    ready,
    refused,
    registered,
    remaining,
    take,
)
from opter_contract.values import Progress, Run

__all__ = [
    "FORMAT",
    "INVOICES",
    "PROMISED",
    "Booked",
    "HostAccounts",
    "HostCompares",
    "HostConformance",
    "HostEndures",
    "HostKeepsSecrets",
    "HostKeepsState",
    "HostLocks",
    "HostOpensWindows",
    "HostReckons",
    "HostRegistersOnce",
    "HostSaves",
    "HostShowsFailures",
    "HostStops",
    "HostTakes",
    "HostTellsChanges",
    "HostUnderTest",
    "HostWithoutWindows",
    "InvoiceToHave",
    "Shown",
]

#: How long to wait for another thread, and how long a window stays open that
#: nobody closes; in seconds.
_PATIENCE: Final = 5
_OPEN: Final = 2


@dataclass(eq=False)
class Listener:
    """A listener that writes down what it heard, and may fail."""

    host: HostUnderTest
    fails: bool = False
    batches: list[Sequence[Any]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    registered_then: list[int] = field(default_factory=list)

    @hookimpl
    def opter_payments_saved(self, payments: Sequence[Any]) -> None:
        self.batches.append(list(payments))
        self._hear("payments")

    @hookimpl
    def opter_run_saved(self) -> None:
        self._hear("run")

    def _hear(self, what: str) -> None:
        self.heard.append(what)
        self.registered_then.append(len(registered(self.host)))
        if self.fails:
            raise RuntimeError(what)


class HostTakes(Suite):
    """The part that no host can do without."""

    def test_every_batch_is_acknowledged_once_with_its_size(
        self, during: Callable[..., Any]
    ) -> None:
        full = [payment(number) for number in range(BATCH)]
        answers = during(
            lambda run: [
                run.hook.opter_take_payments(run=run, payments=full),
                run.hook.opter_take_payments(run=run, payments=full[:1]),
                run.hook.opter_take_excluded(run=run, excluded=list(map(excluded, full[:2]))),
                run.hook.opter_take_deleted(run=run, payment_numbers=["7", "8", "9"]),
            ]
        )
        assert answers == [[BATCH], [1], [2], [3]]

    def test_what_is_handed_over_is_taken(
        self, host_under_test: HostUnderTest, during: Callable[..., Any]
    ) -> None:
        during(lambda run: take(run, payment(1, 10), payment(2, 20), excluded(payment(3))))
        assert ready(host_under_test) == {"1": 10, "2": 20}
        assert refused(host_under_test) == {"3": "not-booked"}

    def test_a_key_that_comes_again_replaces_what_came_before(
        self, host_under_test: HostUnderTest, during: Callable[..., Any]
    ) -> None:
        again = (payment(1, 11), excluded(payment(2)), payment(3, 33))
        during(lambda run: take(run, payment(1), payment(2), excluded(payment(3)), *again))
        assert ready(host_under_test) == {"1": 11, "3": 33}
        assert refused(host_under_test) == {"2": "not-booked"}

    def test_it_says_which_invoices_it_knows(self, during: Callable[..., Any]) -> None:
        numbers = [INVOICE, STRANGER, OTHER_INVOICE]
        [known] = during(
            lambda run: run.hook.opter_known_invoices(run=run, invoice_numbers=numbers)
        )
        assert set(known) == {INVOICE, OTHER_INVOICE}

    def test_what_is_to_be_confirmed_comes_to_an_end_and_nothing_twice(
        self, during: Callable[..., Any]
    ) -> None:
        during(lambda run: ask_until_empty(run, "opter_payments_to_confirm"))

    def test_a_run_has_all_that_the_contract_says(self, during: Callable[..., Any]) -> None:
        run = during(lambda run: run)
        missing = {one.name for one in fields(Run) if not hasattr(run, one.name)}
        # A host that does not say which contract it speaks, speaks the first.
        assert missing <= {"contract_version"}
        assert (run.type_code, run.format, run.definition) == (TYPE, FORMAT, "A")
        assert (run.company, run.cursor, dict(run.settings)) == (None, None, {})
        assert run.login_timeout > 0
        assert isinstance(run.default_currency, str)

    def test_every_run_has_an_id_of_its_own(self, during: Callable[..., Any]) -> None:
        assert during(lambda run: run.id) != during(lambda run: run.id)

    @promised
    def test_an_error_ends_the_run_and_leaves_nothing(
        self, host_under_test: HostUnderTest, during: Callable[..., Any]
    ) -> None:
        def fail(run: Any) -> None:
            take(run, payment(2))
            raise Failed("unavailable")

        during(lambda run: take(run, payment(1)))
        with pytest.raises(Failed):
            during(fail)
        assert "2" not in ready(host_under_test)

    def test_a_plug_in_goes_on_unless_somebody_says_stop(self, during: Callable[..., Any]) -> None:
        assert True not in during(_say)

    def test_two_imports_at_once_do_not_mix(
        self, host_under_test: HostUnderTest, plugin: Scripted
    ) -> None:
        both = threading.Barrier(2, timeout=_PATIENCE)
        errors: list[BaseException] = []

        def read(run: Any) -> None:
            both.wait()
            take(run, payment(1 if run.definition == "A" else 2))
            both.wait()

        def one(definition: str) -> None:
            try:
                host_under_test.import_payments(TYPE, definition)
            except BaseException as error:  # noqa: BLE001 looked at below
                errors.append(error)

        for definition in "AB":
            host_under_test.import_payments(TYPE, definition)
        plugin.script = read
        threads = [threading.Thread(target=one, args=[definition]) for definition in "AB"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert [set(ready(host_under_test, name)) for name in "AB"] == [{"1"}, {"2"}]


class HostKeepsState(Suite):
    """The host keeps small values of a plug-in."""

    def test_what_was_put_away_is_there_in_the_next_run_of_the_type(
        self, during: Callable[..., Any]
    ) -> None:
        assert during(lambda run: _put(run, "state", "k", "v")) == [True]
        assert during(lambda run: _get(run, "state", "k"), "B") == ["v"]

    def test_what_was_taken_away_or_never_put_is_not_there(
        self, during: Callable[..., Any]
    ) -> None:
        during(lambda run: (_put(run, "state", "k", "v"), _put(run, "state", "k", None)))
        assert during(lambda run: _get(run, "state", "k") + _get(run, "state", "l")) == []

    def test_another_type_does_not_see_it(self, during: Callable[..., Any]) -> None:
        during(lambda run: _put(run, "state", "k", "v"))
        assert during(lambda run: _get(run, "state", "k"), "B", OTHER_TYPE) == []

    def test_it_stays_when_the_run_fails(self, during: Callable[..., Any]) -> None:
        def fail(run: Any) -> None:
            _put(run, "state", "k", "v")
            raise Failed("unavailable")

        with pytest.raises(Failed):
            during(fail)
        assert during(lambda run: _get(run, "state", "k")) == ["v"]

    def test_the_longest_key_and_value_fit(self, during: Callable[..., Any]) -> None:
        key, value = "å" * 200, "ö" * 100_000
        during(lambda run: _put(run, "state", key, value))
        assert during(lambda run: _get(run, "state", key)) == [value]


class HostKeepsSecrets(Suite):
    """The host keeps secrets of a definition."""

    def test_a_secret_is_there_in_the_next_run_of_the_definition(
        self, during: Callable[..., Any]
    ) -> None:
        assert during(lambda run: _put(run, "secret", "k", "å" * 1000)) == [True]
        assert during(lambda run: _get(run, "secret", "k")) == ["å" * 1000]

    def test_another_definition_does_not_see_it(self, during: Callable[..., Any]) -> None:
        during(lambda run: _put(run, "secret", "k", "v"))
        assert during(lambda run: _get(run, "secret", "k"), "B") == []

    def test_a_secret_that_was_taken_away_is_gone(self, during: Callable[..., Any]) -> None:
        during(lambda run: (_put(run, "secret", "k", "v"), _put(run, "secret", "k", None)))
        assert during(lambda run: _get(run, "secret", "k")) == []

    def test_state_is_another_place(self, during: Callable[..., Any]) -> None:
        during(lambda run: _put(run, "secret", "k", "v"))
        assert during(lambda run: _get(run, "state", "k")) == []


class HostLocks(Suite):
    """The host gives locks; that they hold across processes is for the author to test."""

    def test_a_lock_is_held_by_one_at_a_time(self, during: Callable[..., Any]) -> None:
        def twice(run: Any) -> list[bool]:
            with _lock(run, "k") as first:
                return [first, _in_thread(lambda: _got(run, "k"))]

        assert during(twice) == [True, False]

    def test_a_lock_is_free_again_after_an_error(self, during: Callable[..., Any]) -> None:
        def fail(run: Any) -> bool:
            with suppress(ZeroDivisionError), _lock(run, "k"):
                raise ZeroDivisionError
            return _in_thread(lambda: _got(run, "k"))

        assert during(fail) is True

    def test_one_lock_does_not_keep_another_away(self, during: Callable[..., Any]) -> None:
        def two(run: Any) -> bool:
            with _lock(run, "k"):
                return _got(run, "l")

        assert during(two) is True

    def test_who_waits_gets_it_when_it_is_let_go(self, during: Callable[..., Any]) -> None:
        def wait(run: Any) -> list[bool]:
            got: list[bool] = []
            with _lock(run, "k"):
                thread = threading.Thread(target=lambda: got.append(_got(run, "k", _PATIENCE)))
                thread.start()
            thread.join()
            return got

        assert during(wait) == [True]


class HostStops(Suite):
    """The host has a way to say stop."""

    def test_who_says_stop_is_heard(
        self, host_under_test: HostUnderTest, during: Callable[..., Any]
    ) -> None:
        host_under_test.cancel()
        assert True in during(_say)


class HostOpensWindows(Suite):
    """The host opens windows in the browser that ``BROWSER`` names, as ``webbrowser`` does."""

    def test_a_window_is_opened_and_nobody_waits_for_it(
        self,
        during: Callable[..., Any],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        seen, close, ended = tmp_path / "seen", tmp_path / "close", tmp_path / "ended"
        browser = tmp_path / "browser.py"
        browser.write_text(
            _BROWSER.format(seen=str(seen), close=str(close), ended=str(ended), most=_OPEN),
            encoding="utf-8",
        )
        here = f'"{Path(sys.executable).as_posix()}" "{browser.as_posix()}" %s'
        monkeypatch.setenv("BROWSER", here)
        # ``webbrowser`` looks at the environment once in a process.
        monkeypatch.setattr(webbrowser, "_tryorder", None, raising=False)

        def open_one(run: Any) -> tuple[list[bool], bool]:
            answers = run.hook.opter_open_browser(
                run=run, url="https://example.com/?a=1&b=2", on_redirect=lambda _: None
            )
            return answers, ended.exists()

        (answers, waited) = during(open_one)
        close.touch()
        _until(ended)
        assert (answers, waited) == ([True], False)
        assert seen.read_text(encoding="utf-8") == "https://example.com/?a=1&b=2"


class HostShowsFailures(Suite):
    """The host shows a person what a plug-in said."""

    @pytest.mark.parametrize("kind", sorted(FAILURE_KINDS))
    def test_a_failure_is_shown_with_its_code_and_sentence(
        self, host_under_test: HostUnderTest, during: Callable[..., Any], kind: str
    ) -> None:
        def fail(_run: Any) -> None:
            raise Failed(kind)

        with pytest.raises(Failed) as failed:
            during(fail)
        shown = host_under_test.shown(failed.value)
        assert "CONFORMANCE" in shown
        assert failed.value.message.sv in shown or failed.value.message.en in shown


class HostSaves(Suite):
    """The host registers payments, and tells listeners afterwards."""

    @pytest.fixture
    def listener(self, host_under_test: HostUnderTest, plugin: Scripted) -> Listener:  # noqa: ARG002 the plug-in comes first
        """Let a listener in."""
        listener = Listener(host_under_test)
        host_under_test.register(listener)
        return listener

    @pytest.fixture
    def many(self, during: Callable[..., Any]) -> int:
        """Import more payments than one batch carries; give how many."""
        number = 2 * BATCH + 1

        def read(run: Any) -> None:
            for start in range(0, number, BATCH):
                stop = min(start + BATCH, number)
                take(run, *(payment(1 + place) for place in range(start, stop)))

        during(read)
        return number

    @promised
    def test_nothing_is_registered_before_a_save(
        self, host_under_test: HostUnderTest, many: int
    ) -> None:
        assert many
        assert len(registered(host_under_test)) == 0

    def test_saving_registers_what_was_taken(
        self, host_under_test: HostUnderTest, many: int
    ) -> None:
        host_under_test.save("A")
        assert len(registered(host_under_test)) == many

    @promised
    def test_a_payment_is_registered_once_for_ever(
        self, host_under_test: HostUnderTest, during: Callable[..., Any]
    ) -> None:
        for amount in (10, 10, 20):
            during(lambda run, amount=amount: take(run, payment(1, amount)))
            host_under_test.save("A")
        during(lambda run: take(run, payment(1, 10)), "B")
        host_under_test.save("B")
        assert registered(host_under_test) == {"1": 10}
        assert remaining(host_under_test, INVOICE) == 999_990

    def test_what_was_left_out_is_not_registered(
        self, host_under_test: HostUnderTest, during: Callable[..., Any]
    ) -> None:
        during(lambda run: take(run, payment(1), excluded(payment(2))))
        host_under_test.save("A")
        assert set(registered(host_under_test)) == {"1"}

    def test_listeners_hear_of_each_payment_once_in_small_batches_after_the_commit(
        self, host_under_test: HostUnderTest, listener: Listener, many: int
    ) -> None:
        assert listener.heard == []
        host_under_test.save("A")
        numbers = [one.payment.key.number for batch in listener.batches for one in batch]
        assert sorted(numbers) == sorted(map(str, range(1, many + 1)))
        assert max(map(len, listener.batches)) <= BATCH
        assert set(listener.registered_then) == {many}

    def test_that_a_run_was_saved_is_heard_last_and_once(
        self, host_under_test: HostUnderTest, listener: Listener, many: int
    ) -> None:
        assert many
        host_under_test.save("A")
        assert listener.heard.count("run") == 1
        assert listener.heard[-1] == "run"
        host_under_test.save("A")
        assert listener.heard.count("run") == 1

    def test_a_run_without_payments_is_heard_of_too(
        self, host_under_test: HostUnderTest, listener: Listener, during: Callable[..., Any]
    ) -> None:
        during(lambda run: take(run, excluded(payment(1))))
        host_under_test.save("A")
        assert listener.heard == ["run"]

    def test_what_listeners_hear_is_what_was_registered(
        self, host_under_test: HostUnderTest, listener: Listener, during: Callable[..., Any]
    ) -> None:
        during(
            lambda run: take(
                run,
                payment(1, "0.10"),
                payment(2, 1000, invoice_number=THOUSAND),
                payment(3, 1200, invoice_number="88001", ocr=OCR),
                in_eur(4, "0.07"),
                payment(5, -1),
            )
        )
        host_under_test.save("A")
        heard = sorted(
            (one.payment.key.number, one.payment.amount_currency, one.host_invoice_number)
            for batch in listener.batches
            for one in batch
        )
        booked = sorted(
            (one.number, one.amount_currency, one.invoice) for one in books(host_under_test)
        )
        assert heard == booked
        said = {one.payment.key.number: one.status for batch in listener.batches for one in batch}
        assert said == {
            "1": "partial",
            "2": "exact",
            "3": "advance",
            "4": "partial",
            "5": "reversal",
        }

    @promised
    def test_a_listener_that_fails_harms_nobody(
        self, host_under_test: HostUnderTest, listener: Listener, many: int
    ) -> None:
        others = [Listener(host_under_test, fails=True), Listener(host_under_test)]
        for other in others:
            host_under_test.register(other)
        host_under_test.save("A")
        assert len(registered(host_under_test)) == many
        assert [one.heard[-1:] for one in (listener, *others)] == [["run"]] * 3

    @promised
    def test_the_cursor_moves_with_a_save_and_only_then(
        self, host_under_test: HostUnderTest, plugin: Scripted, during: Callable[..., Any]
    ) -> None:
        plugin.cursor = "c1"
        during(lambda run: take(run, payment(1)))
        assert during(lambda run: run.cursor) is None
        plugin.cursor = "c2"
        during(lambda run: take(run, payment(1)))
        host_under_test.save("A")
        plugin.cursor = None
        for _ in range(2):
            company, cursor = during(lambda run: (run.company, run.cursor))
            assert (company and company.number, cursor) == (COMPANY.number, "c2")
            host_under_test.save("A")


class HostConformance(
    HostTakes,
    HostKeepsState,
    HostKeepsSecrets,
    HostLocks,
    HostStops,
    HostOpensWindows,
    HostShowsFailures,
    HostSaves,
    HostReckons,
    HostAccounts,
    HostRegistersOnce,
    HostEndures,
    HostWithoutWindows,
    HostCompares,
    HostTellsChanges,
):
    """The whole contract."""


#: A browser that stays open until somebody closes it.
_BROWSER = """\
import pathlib, sys, time
pathlib.Path({seen!r}).write_text(sys.argv[1], encoding="utf-8")
for _ in range({most} * 20):
    if pathlib.Path({close!r}).exists():
        break
    time.sleep(0.05)
pathlib.Path({ended!r}).touch()
"""


def _until(file: Path) -> None:
    """Wait for what another process does."""
    waiting = threading.Event()
    for _ in range(20 * 20):
        if file.exists():
            return
        waiting.wait(0.05)
    raise AssertionError(f"no window was opened: {file.name} never came")


def _say(run: Any) -> list[Any]:
    progress = Progress("reading", 0, None, WORD)
    answers: list[Any] = run.hook.opter_progress(run=run, progress=progress)
    return answers


def _get(run: Any, what: str, key: str) -> list[Any]:
    answers: list[Any] = getattr(run.hook, f"opter_get_{what}")(run=run, key=key)
    return answers


def _put(run: Any, what: str, key: str, value: str | None) -> list[Any]:
    hook = getattr(run.hook, f"opter_set_{what}")
    answers: list[Any] = hook(run=run, key=key, value=value)
    return answers


def _lock(run: Any, key: str, wait: float = 0) -> Any:
    [lock] = run.hook.opter_lock(run=run, key=key, timeout=wait)
    return lock


def _got(run: Any, key: str, wait: float = 0) -> bool:
    with _lock(run, key, wait) as got:
        return bool(got)


def _in_thread(action: Callable[[], bool]) -> bool:
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(action()))
    thread.start()
    thread.join()
    return results[0]
