"""What every plug-in must do, an import or an export: settings, progress and login.

Inherit :class:`.plugins.PluginConformance` or :class:`.export_plugins.ExportPluginConformance`,
which include it.
"""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from opter_contract.conformance.recording_host import RecordedRun, RecordingHost, WebBrowser
from opter_contract.conformance.value_checks import (
    problems,
    problems_of_failure,
    problems_of_settings,
)
from opter_contract.values import Company, Progress, Run, SettingsField

#: Values that no field of a kind may accept. A text may be any text.
INVALID: Final[Mapping[str, tuple[str, ...]]] = {
    "date": ("31/12 2026", "2026-02-30", "soon", "20260101"),
    "integer": ("one", "1.5", "½", "1 2"),
    "boolean": ("maybe", "2"),
    "choice": ("no-such-choice",),
    "text": (),
}

#: Values that must not make any field raise.
_ODD: Final = ("", " ", "\x00", "å" * 10_000, "'; --")

_LOGIN_TIMEOUT: Final = 2.0  # seconds; the plug-in must not wait that long
_FOREIGN_COMPANY: Final = Company("0-another-company", "Another company")

FOREIGN_TYPE: Final = "A-type-of-another-plug-in"


class TransferDriver:
    """A plug-in in a recording host, with its settings."""

    subject = ""

    def __init__(self, host: Any, type_code: str, typed: Mapping[str, str]) -> None:
        self.host = host
        self.type_code = type_code
        self.typed = typed

    def transfer(self, run: Run) -> Any:
        """Import or export; return the record."""
        raise NotImplementedError

    def went_on(self, hook: str) -> bool:
        """Return whether a call of this hook shows that a transfer continues."""
        raise NotImplementedError

    @property
    def fields(self) -> list[Any]:
        fields = self.host.call(
            "opter_settings_fields", type_code=self.type_code, subject=self.subject
        )
        assert fields is not None, "opter_settings_fields does not answer for its own type"
        return list(fields)

    def check(self, **changes: str) -> Any:
        return self.check_all({**self.typed, **changes})

    def check_all(self, values: Mapping[str, str]) -> Any:
        checked = self.host.call(
            "opter_check_settings",
            type_code=self.type_code,
            values=dict(values),
            subject=self.subject,
        )
        assert checked is not None, "opter_check_settings does not answer for its own type"
        assert problems_of_settings(checked, [field.key for field in self.fields]) == []
        return checked

    def new_run(self, host: RecordingHost | None = None, **more: Any) -> Run:
        values = {"subject": self.subject} | more
        run: Run = (host or self.host).new_run(self.type_code, self.check().values, **values)
        return run

    @cached_property
    def recorded(self) -> Any:
        """The first transfer."""
        return self.transfer(self.new_run())

    def error(self, run: Run) -> Exception | None:
        """Transfer, and return the error that ended it, if any."""
        try:
            self.transfer(run)
        except Exception as error:  # noqa: BLE001 each plug-in has its own
            return error
        return None

    def failure(self, run: Run | None = None) -> Exception:
        """Transfer, and return the failure that must end it."""
        error = self.error(run or self.new_run())
        assert error is not None, "it ended without an error"
        assert problems_of_failure(error) == []
        return error

    def places_to_cancel(self) -> Collection[int]:
        """Return the reports of progress at which to cancel."""
        return {1, max(1, len(self.recorded.progress) // 2)}

    def calls_after(self, run: Run, hook: str, count: int = 1) -> list[str]:
        """Return the calls that continue a transfer after the given call of a hook."""
        hooks = [name for name, _ in self.host.runs[run.id].calls]
        indices = [index for index, name in enumerate(hooks) if name == hook]
        return [name for name in hooks[indices[count - 1] + 1 :] if self.went_on(name)]


def misacknowledge(hook: str, answer: str) -> Callable[[str, int], int | None]:
    """Return an acknowledgement that is wrong for one hook.

    :param answer: ``none`` for no answer, or ``too few``.
    """

    def acknowledge(called: str, size: int) -> int | None:
        if called != hook or not size:
            return size
        return None if answer == "none" else size - 1

    return acknowledge


class TransferConformance:
    """What the contract requires of settings, progress and login, one test each."""

    # --- Settings ---

    def test_its_fields_are_complete_in_both_languages(self, driver: TransferDriver) -> None:
        assert problems(SettingsField, *driver.fields) == []
        assert len({field.key for field in driver.fields}) == len(driver.fields)

    def test_valid_settings_are_accepted(self, driver: TransferDriver) -> None:
        assert _errors(driver.check()) == []

    def test_checked_settings_do_not_change_when_checked_again(
        self, driver: TransferDriver
    ) -> None:
        first = driver.check()
        second = driver.check_all(first.values)
        assert dict(second.values) == dict(first.values)
        assert list(second.problems) == [] or _errors(second) == _errors(first)

    def test_defaults_are_accepted(self, driver: TransferDriver) -> None:
        defaults = {field.key: field.default for field in driver.fields if not field.required}
        assert _errors(driver.check(**defaults)) == []

    def test_an_invalid_value_is_refused_for_its_field(self, driver: TransferDriver) -> None:
        for field in driver.fields:
            for value in INVALID[field.kind]:
                checked = driver.check(**{field.key: value})
                assert field.key in _errors(checked), f"{field.key}={value!r} was accepted"

    def test_no_value_makes_the_check_raise(self, driver: TransferDriver) -> None:
        for field, value in itertools.product(driver.fields, _ODD):
            driver.check(**{field.key: value})
        driver.check_all({})

    def test_a_missing_required_field_is_refused(self, driver: TransferDriver) -> None:
        for field in driver.fields:
            if field.required:
                values = {key: text for key, text in driver.typed.items() if key != field.key}
                assert field.key in _errors(driver.check_all(values))

    def test_an_unknown_field_is_never_stored(self, driver: TransferDriver) -> None:
        values = {**driver.typed, "no-such-field": "x"}
        assert "no-such-field" not in driver.check_all(values).values

    # --- Progress and login ---

    def test_progress_is_reported_in_both_languages(self, driver: TransferDriver) -> None:
        assert driver.recorded.progress
        assert problems(Progress, *driver.recorded.progress) == []

    def test_it_stops_when_it_is_cancelled(self, driver: TransferDriver) -> None:
        for cancel_at in sorted(driver.places_to_cancel()):
            driver.host.cancel_at, run = cancel_at, driver.new_run()
            assert getattr(driver.failure(run), "kind", None) == "cancelled"
            assert driver.calls_after(run, "opter_progress", cancel_at) == []

    def test_it_does_not_wait_for_a_person_whom_the_host_cannot_show_a_url(
        self, driver: TransferDriver
    ) -> None:
        driver.host = driver.host.copy(browser=lambda _url, _on_redirect: False)
        run = driver.new_run(login_timeout=_LOGIN_TIMEOUT)
        began, failure = time.monotonic(), driver.error(run)
        seconds = time.monotonic() - began
        if not driver.host.runs[run.id].count("opter_open_browser"):
            pytest.skip("it opens no browser")
        assert failure is not None, "it went on although nobody could sign in"
        assert problems_of_failure(failure) == []
        assert getattr(failure, "kind", None) == "login"
        assert seconds < _LOGIN_TIMEOUT, "it waited for nobody"

    def test_it_signs_in_at_the_own_address_of_a_web_application(
        self,
        driver: TransferDriver,
        opter_redirect_uri: str,
        opter_web_sign_in: Callable[[str], str] | None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        if opter_web_sign_in is None:
            pytest.skip("no way to sign in is given (opter_web_sign_in)")
        browser = WebBrowser(opter_web_sign_in)
        driver.host = driver.host.copy(browser=browser)
        addresses: list[object] = []
        listen = socket.socket.listen

        def record_listen(listening: socket.socket, *backlog: int) -> None:
            listen(listening, *backlog)
            addresses.append(listening.getsockname())

        with monkeypatch.context() as patch:
            patch.setattr(socket.socket, "listen", record_listen)
            driver.transfer(driver.new_run(redirect_uri=opter_redirect_uri))
        browser.join()
        [query] = [parse_qs(urlsplit(url).query) for url in browser.urls]
        assert query["redirect_uri"] == [opter_redirect_uri]
        assert addresses == [], "it opened a port"
        forged, accepted, again = browser.results
        assert accepted is None, "it refused the answer to its own login"
        for refusal in (forged, again, browser.hand_over_again()):
            assert refusal is not None, "it took what is no answer, or no longer one"
            assert refusal.sv
            assert refusal.en

    def test_another_company_is_refused(self, driver: TransferDriver) -> None:
        run = driver.new_run(company=_FOREIGN_COMPANY)
        driver.failure(run)
        recorded: RecordedRun = driver.host.runs[run.id]
        assert recorded.handed_over == []


def _errors(checked: Any) -> list[str]:
    return [problem.key for problem in checked.problems if problem.severity == "error"]
