"""What every host provides to a plug-in during a run.

State, secrets, locks, progress, a browser, and the taking of what a plug-in hands over.
"""

from __future__ import annotations

import html
import sys
import threading
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from opter_contract import BATCH
from opter_contract.conformance.host_under_test import (
    FORMAT,
    INVOICE,
    OTHER_INVOICE,
    OTHER_TYPE,
    TEXT,
    TYPE,
    UNKNOWN_INVOICE,
    HostDriver,
    HostSuite,
    PluginFailure,
    ask_until_empty,
    excluded,
    hand_over,
    payment,
    promised,
)
from opter_contract.values import FAILURE_KINDS, Progress, Run

_TIMEOUT: Final = 5  # seconds to wait for another thread
_MAX_OPEN_SECONDS: Final = 2  # that a browser stays open unless it is closed


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


class HostWithoutBrowser(HostSuite):
    """The host knows when nobody can be shown a URL."""

    @promised
    def test_a_host_that_cannot_show_a_url_to_anyone_says_so(self, host: HostDriver) -> None:
        host.under_test.disable_browser()
        answers = host.during_import(
            lambda run: run.hook.opter_open_browser(
                run=run, url="https://example.com/", on_redirect=lambda _: None
            )
        )
        assert answers == [False]


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


def _target_of(url: str) -> str:
    """Return a URL, or the content of the page that a host opened instead.

    A browser's arguments are visible to everybody who can list the machine's processes.
    """
    if not url.startswith("file:"):
        return url
    return html.unescape(Path(url2pathname(urlsplit(url).path)).read_text(encoding="utf-8"))


def _wait_for(file: Path) -> None:
    """Wait for a file of another process."""
    pause = threading.Event()
    for _ in range(20 * 20):
        if file.exists():
            return
        pause.wait(0.05)
    raise AssertionError(f"no browser was opened: {file.name} never came")


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
