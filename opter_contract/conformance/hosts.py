"""What every host must do, wherever it keeps its invoices: inherit what yours claims.

In a test module of a host::

    from opter_contract.conformance.hosts import HostSaves, HostTakes
    from opter_contract.conformance.promises import HostJudges

    class TestOurHost(HostTakes, HostJudges, HostSaves):
        '''Our host keeps to the contract.'''

        @pytest.fixture
        def host_under_test(self, tmp_path):
            return OurHostForTests(tmp_path)

The fixture returns a :class:`HostUnderTest`: :mod:`.host_under_test` explains how to write one.
A host that saves claims all of :mod:`.promises`, whose sentences are on the contract page;
:class:`HostConformance` is everything. Needs pytest and pluggy alone.
"""

from __future__ import annotations

import html
import sys
import threading
import webbrowser
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from opter_contract import BATCH, hookimpl
from opter_contract.conformance.host_under_test import (
    COMPANY,
    FORMAT,
    INVOICE,
    OCR,
    OTHER_INVOICE,
    OTHER_TYPE,
    TEXT,
    TYPE,
    UNKNOWN_INVOICE,
    HostDriver,
    HostSuite,
    PluginFailure,
    ask_until_empty,
    eur_payment,
    excluded,
    hand_over,
    payment,
    payment_of_1000,
    promised,
)
from opter_contract.conformance.promises import (
    HostAccounts,
    HostCompares,
    HostJudges,
    HostPersists,
    HostRegistersOnce,
    HostSendsChanges,
    HostWithoutBrowser,
)
from opter_contract.values import FAILURE_KINDS, Progress, Run

_TIMEOUT: Final = 5  # seconds to wait for another thread
_MAX_OPEN_SECONDS: Final = 2  # that a browser stays open unless it is closed
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


class HostTakes(HostSuite):
    """Tests of every host."""

    def test_every_batch_is_acknowledged_once_with_its_size(self, host: HostDriver) -> None:
        full = [payment(number) for number in range(BATCH)]
        answers = host.during_import(
            lambda run: [
                run.hook.opter_take_payments(run=run, payments=full),
                run.hook.opter_take_payments(run=run, payments=full[:1]),
                run.hook.opter_take_excluded(run=run, excluded=list(map(excluded, full[:2]))),
                run.hook.opter_take_deleted(run=run, payment_numbers=["7", "8", "9"]),
            ]
        )
        assert answers == [[BATCH], [1], [2], [3]]

    def test_what_is_handed_over_is_taken(self, host: HostDriver) -> None:
        host.read(payment(1, 10), payment(2, 20), excluded(payment(3)))
        assert host.ready() == {"1": 10, "2": 20}
        assert host.rejected() == {"3": "not-booked"}

    def test_a_key_that_comes_again_replaces_what_came_before(self, host: HostDriver) -> None:
        again = (payment(1, 11), excluded(payment(2)), payment(3, 33))
        host.read(payment(1), payment(2), excluded(payment(3)), *again)
        assert host.ready() == {"1": 11, "3": 33}
        assert host.rejected() == {"2": "not-booked"}

    def test_it_says_which_invoices_it_knows(self, host: HostDriver) -> None:
        numbers = [INVOICE, UNKNOWN_INVOICE, OTHER_INVOICE]
        [known_numbers] = host.during_import(
            lambda run: run.hook.opter_known_invoices(run=run, invoice_numbers=numbers)
        )
        assert set(known_numbers) == {INVOICE, OTHER_INVOICE}

    def test_the_payments_to_confirm_come_to_an_end_and_none_twice(self, host: HostDriver) -> None:
        host.during_import(lambda run: ask_until_empty(run, "opter_payments_to_confirm"))

    def test_a_run_has_every_attribute_of_the_contract(self, host: HostDriver) -> None:
        run = host.during_import(lambda run: run)
        missing = {field.name for field in fields(Run) if not hasattr(run, field.name)}
        # They have defaults: the first version, no subject in a host without exports, an attended
        # run, and no web application.
        assert missing <= {"contract_version", "subject", "attended", "redirect_uri"}
        assert (run.type_code, run.format, run.definition) == (TYPE, FORMAT, "A")
        assert (run.company, run.cursor, dict(run.settings)) == (None, None, {})
        assert run.login_timeout > 0
        assert isinstance(run.default_currency, str)

    def test_every_run_has_an_id_of_its_own(self, host: HostDriver) -> None:
        first, second = (host.during_import(lambda run: run.id) for _ in range(2))
        assert first != second

    @promised
    def test_an_error_ends_the_run_and_discards_it(self, host: HostDriver) -> None:
        def fail(run: Any) -> None:
            hand_over(run, payment(2))
            raise PluginFailure

        host.read(payment(1))
        with pytest.raises(PluginFailure):
            host.during_import(fail)
        assert "2" not in host.ready()

    def test_a_plug_in_goes_on_unless_a_person_cancels(self, host: HostDriver) -> None:
        assert True not in host.during_import(_report_progress)

    def test_two_concurrent_imports_do_not_mix(self, host: HostDriver) -> None:
        both = threading.Barrier(2, timeout=_TIMEOUT)

        def read(run: Any) -> None:
            both.wait()
            hand_over(run, payment(1 if run.definition == "A" else 2))
            both.wait()

        for definition in "AB":
            host.read(definition=definition)
        host.plugin.script = read
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(partial(host.under_test.import_payments, TYPE), "AB"))
        assert [set(host.ready(definition)) for definition in "AB"] == [{"1"}, {"2"}]


class HostStoresState(HostSuite):
    """The host stores small values of a plug-in."""

    def test_a_stored_value_is_there_in_the_next_run_of_the_type(self, host: HostDriver) -> None:
        assert host.during_import(lambda run: _set(run, "state", "k", "v")) == [True]
        assert host.during_import(lambda run: _get(run, "state", "k"), "B") == ["v"]

    def test_a_value_that_was_deleted_or_never_stored_is_not_there(self, host: HostDriver) -> None:
        host.during_import(
            lambda run: (_set(run, "state", "k", "v"), _set(run, "state", "k", None))
        )
        assert host.during_import(lambda run: _get(run, "state", "k", "l")) == []

    def test_another_type_does_not_see_a_value(self, host: HostDriver) -> None:
        host.during_import(lambda run: _set(run, "state", "k", "v"))
        assert host.during_import(lambda run: _get(run, "state", "k"), "B", OTHER_TYPE) == []

    def test_a_value_stays_if_the_run_fails(self, host: HostDriver) -> None:
        def fail(run: Any) -> None:
            _set(run, "state", "k", "v")
            raise PluginFailure

        with pytest.raises(PluginFailure):
            host.during_import(fail)
        assert host.during_import(lambda run: _get(run, "state", "k")) == ["v"]

    def test_the_longest_key_and_value_fit(self, host: HostDriver) -> None:
        key, value = "å" * 200, "ö" * 100_000
        host.during_import(lambda run: _set(run, "state", key, value))
        assert host.during_import(lambda run: _get(run, "state", key)) == [value]


class HostStoresSecrets(HostSuite):
    """The host stores secrets of a definition."""

    def test_a_secret_is_there_in_the_next_run_of_the_definition(self, host: HostDriver) -> None:
        assert host.during_import(lambda run: _set(run, "secret", "k", "å" * 1000)) == [True]
        assert host.during_import(lambda run: _get(run, "secret", "k")) == ["å" * 1000]

    def test_another_definition_does_not_see_a_secret(self, host: HostDriver) -> None:
        host.during_import(lambda run: _set(run, "secret", "k", "v"))
        assert host.during_import(lambda run: _get(run, "secret", "k"), "B") == []

    def test_a_deleted_secret_is_not_there(self, host: HostDriver) -> None:
        host.during_import(
            lambda run: (_set(run, "secret", "k", "v"), _set(run, "secret", "k", None))
        )
        assert host.during_import(lambda run: _get(run, "secret", "k")) == []

    def test_a_secret_is_no_state(self, host: HostDriver) -> None:
        host.during_import(lambda run: _set(run, "secret", "k", "v"))
        assert host.during_import(lambda run: _get(run, "state", "k")) == []


class HostLocks(HostSuite):
    """The host provides locks; whether they hold across processes is for the author to test."""

    def test_a_lock_is_held_by_one_at_a_time(self, host: HostDriver) -> None:
        def twice(run: Any) -> list[bool]:
            with _lock(run, "k") as first:
                return [first, _acquires_in_thread(run, "k")]

        assert host.during_import(twice) == [True, False]

    def test_a_lock_is_free_again_after_an_error(self, host: HostDriver) -> None:
        def fail(run: Any) -> bool:
            with suppress(ZeroDivisionError), _lock(run, "k"):
                raise ZeroDivisionError
            return _acquires_in_thread(run, "k")

        assert host.during_import(fail) is True

    def test_one_lock_does_not_block_another(self, host: HostDriver) -> None:
        def two(run: Any) -> bool:
            with _lock(run, "k"):
                return _acquires(run, "l")

        assert host.during_import(two) is True

    def test_a_waiting_thread_acquires_a_lock_when_it_is_released(self, host: HostDriver) -> None:
        def wait(run: Any) -> bool:
            with ThreadPoolExecutor() as pool, _lock(run, "k"):
                waiting = pool.submit(_acquires, run, "k", _TIMEOUT)
            return waiting.result()

        assert host.during_import(wait) is True


class HostCancels(HostSuite):
    """A person can cancel an import."""

    def test_a_person_can_cancel(self, host: HostDriver) -> None:
        host.under_test.cancel()
        assert True in host.during_import(_report_progress)


class HostOpensBrowser(HostSuite):
    """The host opens the browser that ``BROWSER`` names, like ``webbrowser``."""

    def test_a_browser_is_opened_without_waiting_for_it(
        self, host: HostDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown, close, ended = tmp_path / "shown", tmp_path / "close", tmp_path / "ended"
        browser = tmp_path / "browser.py"
        browser.write_text(
            _BROWSER.format(
                shown=str(shown), close=str(close), ended=str(ended), max_seconds=_MAX_OPEN_SECONDS
            ),
            encoding="utf-8",
        )
        command = f'"{Path(sys.executable).as_posix()}" "{browser.as_posix()}" %s'
        monkeypatch.setenv("BROWSER", command)
        # ``webbrowser`` reads the environment once in a process.
        monkeypatch.setattr(webbrowser, "_tryorder", None, raising=False)
        url = "https://example.com/?a=1&b=2"

        def open_one(run: Any) -> tuple[list[bool], bool]:
            results = run.hook.opter_open_browser(run=run, url=url, on_redirect=lambda _: None)
            return results, ended.exists()

        (results, waited) = host.during_import(open_one)
        close.touch()
        _wait_for(ended)
        assert (results, waited) == ([True], False)
        assert url in _target_of(shown.read_text(encoding="utf-8"))


def _target_of(url: str) -> str:
    """Return a URL, or the content of the page that a host opened instead.

    A browser's arguments are visible to everybody who can list the machine's processes.
    """
    if not url.startswith("file:"):
        return url
    return html.unescape(Path(url2pathname(urlsplit(url).path)).read_text(encoding="utf-8"))


class HostShowsFailures(HostSuite):
    """The host shows a person the message of a plug-in."""

    @pytest.mark.parametrize("kind", sorted(FAILURE_KINDS))
    def test_a_failure_is_shown_with_its_code_and_message(
        self, host: HostDriver, kind: str
    ) -> None:
        def fail(_run: Any) -> None:
            raise PluginFailure(kind)

        with pytest.raises(PluginFailure) as failed:
            host.during_import(fail)
        shown = host.under_test.error_text(failed.value)
        assert "CONFORMANCE" in shown
        assert failed.value.message.sv in shown or failed.value.message.en in shown


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


class HostConformance(
    HostTakes,
    HostStoresState,
    HostStoresSecrets,
    HostLocks,
    HostCancels,
    HostOpensBrowser,
    HostShowsFailures,
    HostSaves,
    HostJudges,
    HostAccounts,
    HostRegistersOnce,
    HostPersists,
    HostWithoutBrowser,
    HostCompares,
    HostSendsChanges,
):
    """The whole contract."""


#: A browser that stays open until it is closed.
_BROWSER = """\
import pathlib, sys, time
pathlib.Path({shown!r}).write_text(sys.argv[1], encoding="utf-8")
for _ in range({max_seconds} * 20):
    if pathlib.Path({close!r}).exists():
        break
    time.sleep(0.05)
pathlib.Path({ended!r}).touch()
"""


def _wait_for(file: Path) -> None:
    """Wait for a file of another process."""
    pause = threading.Event()
    for _ in range(20 * 20):
        if file.exists():
            return
        pause.wait(0.05)
    raise AssertionError(f"no browser was opened: {file.name} never came")


def _read_many(host: HostDriver) -> None:
    host.read(*map(payment, range(1, _MANY + 1)))


def _report_progress(run: Any) -> list[Any]:
    progress = Progress("reading", 0, None, TEXT)
    results: list[Any] = run.hook.opter_progress(run=run, progress=progress)
    return results


def _get(run: Any, kind: str, *keys: str) -> list[Any]:
    hook = getattr(run.hook, f"opter_get_{kind}")
    return [value for key in keys for value in hook(run=run, key=key)]


def _set(run: Any, kind: str, key: str, value: str | None) -> list[Any]:
    hook = getattr(run.hook, f"opter_set_{kind}")
    results: list[Any] = hook(run=run, key=key, value=value)
    return results


def _lock(run: Any, key: str, timeout: float = 0) -> Any:
    [lock] = run.hook.opter_lock(run=run, key=key, timeout=timeout)
    return lock


def _acquires(run: Any, key: str, timeout: float = 0) -> bool:
    with _lock(run, key, timeout) as acquired:
        return bool(acquired)


def _acquires_in_thread(run: Any, key: str) -> bool:
    with ThreadPoolExecutor() as pool:
        return pool.submit(_acquires, run, key).result()
