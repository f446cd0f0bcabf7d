"""What every import plug-in must do, whatever it reads from: inherit, and run.

In the test module of a plug-in::

    pytest_plugins = ["hostsim.pytest_plugin"]

    class TestConformance(PluginConformance):
        '''Our plug-in keeps to the contract.'''

    @pytest.fixture
    def opter_plugin():
        return our_plugin

    @pytest.fixture
    def opter_settings(bank_file):
        return {"path": str(bank_file)}

The settings must lead to at least one payment, and the source must not change during a test.
Where a person has to sign in, override ``opter_sign_in``.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, Final

import pytest

from opter_contract import BATCH
from opter_contract.conformance.recording_host import RecordedRun, RecordingHost
from opter_contract.conformance.value_checks import (
    problems,
    problems_of_failure,
    problems_of_settings,
)
from opter_contract.values import (
    Company,
    ExcludedPayment,
    ImportReport,
    ImportType,
    Payment,
    Progress,
    Run,
    SettingsField,
)

#: Values that no field of a kind may accept. A text may be any text.
INVALID: Final[Mapping[str, tuple[str, ...]]] = {
    "date": ("31/12 2026", "2026-02-30", "soon", "20260101"),
    "integer": ("one", "1.5", "½", "1 2"),
    "boolean": ("maybe", "2"),
    "text": (),
}

#: Values that must not make any field raise.
_ODD: Final = ("", " ", "\x00", "å" * 10_000, "'; --")

#: Hooks of a host that a plug-in must do without; the recording host omits the others anyway.
_OPTIONAL: Final = frozenset(
    {"opter_get_secret", "opter_set_secret", "opter_get_state", "opter_progress"}
)

_LOGIN_TIMEOUT: Final = 2.0  # seconds; the plug-in must not wait that long for nobody
_FOREIGN_TYPE: Final = "A-type-of-another-plug-in"
_UNKNOWN_NUMBER: Final = "0-no-such-number"
_FOREIGN_COMPANY: Final = Company("0-another-company", "Another company")


class PluginDriver:
    """A plug-in in a recording host, with its settings."""

    def __init__(self, host: RecordingHost, type_code: str, typed: Mapping[str, str]) -> None:
        self.host = host
        self.type_code = type_code
        self.typed = typed

    @property
    def fields(self) -> list[Any]:
        fields = self.host.call("opter_settings_fields", type_code=self.type_code)
        assert fields is not None, "opter_settings_fields does not answer for its own type"
        return list(fields)

    def check(self, **changes: str) -> Any:
        """Check the settings with some changes."""
        return self.check_all({**self.typed, **changes})

    def check_all(self, values: Mapping[str, str]) -> Any:
        checked = self.host.call(
            "opter_check_settings", type_code=self.type_code, values=dict(values)
        )
        assert checked is not None, "opter_check_settings does not answer for its own type"
        assert problems_of_settings(checked, [one.key for one in self.fields]) == []
        return checked

    def new_run(self, host: RecordingHost | None = None, **more: Any) -> Run:
        return (host or self.host).new_run(self.type_code, self.check().values, **more)

    def import_payments(self) -> RecordedRun:
        return self.host.import_payments(self.new_run())

    @cached_property
    def recorded(self) -> RecordedRun:
        """The first import."""
        return self.import_payments()

    def failure(self, run: Run | None = None) -> BaseException:
        """Import, and return the failure that it must end with."""
        with pytest.raises(Exception) as failed:  # noqa: PT011 each plug-in has its own
            self.host.import_payments(run or self.new_run())
        assert problems_of_failure(failed.value) == []
        return failed.value


class PluginConformance:
    """What the contract requires of a plug-in, one test each."""

    @pytest.fixture
    def driver(
        self,
        opter_recording_host: RecordingHost,
        opter_import_type: str,
        opter_settings: Mapping[str, str],
    ) -> PluginDriver:
        return PluginDriver(opter_recording_host, opter_import_type, opter_settings)

    # --- Types and settings ---

    def test_its_types_have_a_label_in_both_languages_and_a_format(
        self, driver: PluginDriver
    ) -> None:
        types = list(driver.host.call("opter_import_types"))
        assert types
        assert problems(ImportType, *types) == []
        assert len({one.code for one in types}) == len(types)

    def test_it_ignores_a_type_of_another_plug_in(self, driver: PluginDriver) -> None:
        call, run = driver.host.call, driver.host.new_run(_FOREIGN_TYPE, driver.typed)
        assert call("opter_settings_fields", type_code=_FOREIGN_TYPE) is None
        assert call("opter_check_settings", type_code=_FOREIGN_TYPE, values={}) is None
        assert call("opter_import_payments", run=run) is None
        assert call("opter_read_all_payments", run=run) is None
        assert call("opter_exclusion_reasons", run=run, payments=[]) is None
        assert driver.host.runs[run.id].calls == []

    def test_its_fields_are_complete_in_both_languages(self, driver: PluginDriver) -> None:
        assert problems(SettingsField, *driver.fields) == []
        assert len({one.key for one in driver.fields}) == len(driver.fields)

    def test_valid_settings_are_accepted(self, driver: PluginDriver) -> None:
        assert _errors(driver.check()) == []

    def test_checked_settings_do_not_change_when_checked_again(self, driver: PluginDriver) -> None:
        once = driver.check()
        again = driver.check_all(once.values)
        assert dict(again.values) == dict(once.values)
        assert list(again.problems) == [] or _errors(again) == _errors(once)

    def test_defaults_are_accepted(self, driver: PluginDriver) -> None:
        defaults = {one.key: one.default for one in driver.fields if not one.required}
        assert _errors(driver.check(**defaults)) == []

    def test_an_invalid_value_is_refused_for_its_field(self, driver: PluginDriver) -> None:
        for one in driver.fields:
            for value in INVALID[one.kind]:
                checked = driver.check(**{one.key: value})
                assert one.key in _errors(checked), f"{one.key}={value!r} was accepted"

    def test_no_value_makes_the_check_raise(self, driver: PluginDriver) -> None:
        for one, value in itertools.product(driver.fields, _ODD):
            driver.check(**{one.key: value})
        driver.check_all({})

    def test_a_missing_required_field_is_refused(self, driver: PluginDriver) -> None:
        for one in driver.fields:
            if one.required:
                values = {key: text for key, text in driver.typed.items() if key != one.key}
                assert one.key in _errors(driver.check_all(values))

    def test_an_unknown_field_is_never_stored(self, driver: PluginDriver) -> None:
        values = {**driver.typed, "no-such-field": "x"}
        assert "no-such-field" not in driver.check_all(values).values

    # --- What it hands over ---

    def test_it_imports_a_payment(self, driver: PluginDriver) -> None:
        assert driver.recorded.payments, "give settings and a source that lead to a payment"

    def test_its_payments_are_valid(self, driver: PluginDriver) -> None:
        assert problems(Payment, *driver.recorded.payments) == []

    def test_its_excluded_payments_are_valid(self, driver: PluginDriver) -> None:
        assert problems(ExcludedPayment, *driver.recorded.excluded) == []

    def test_no_payment_is_handed_over_twice(self, driver: PluginDriver) -> None:
        assert [key for key, count in Counter(driver.recorded.keys).items() if count > 1] == []

    def test_no_batch_is_larger_than_the_contract_allows(self, driver: PluginDriver) -> None:
        assert max(map(len, driver.recorded.batches)) <= BATCH

    def test_the_report_is_of_the_company_of_the_payments(self, driver: PluginDriver) -> None:
        report = driver.recorded.report
        assert problems(ImportReport, report) == []
        assert {company for company, _ in driver.recorded.keys} <= {report.company.number}

    def test_no_cursor_is_returned_with_a_row_without_a_number(self, driver: PluginDriver) -> None:
        without_number = [one for one in driver.recorded.excluded if not one.key.number]
        assert not without_number or driver.recorded.report.cursor is None

    def test_progress_is_reported_in_both_languages(self, driver: PluginDriver) -> None:
        assert driver.recorded.progress
        assert problems(Progress, *driver.recorded.progress) == []

    def test_hooks_are_called_from_the_thread_of_the_import(self, driver: PluginDriver) -> None:
        here = threading.get_ident()
        assert {hook for hook, thread in driver.recorded.calls if thread != here} == set()

    def test_a_second_run_hands_over_the_same(self, driver: PluginDriver) -> None:
        assert sorted(driver.recorded.keys) == sorted(driver.import_payments().keys)
        assert len(driver.host.runs) == 2

    def test_exclusion_reasons_agree_with_what_an_import_excludes(
        self, driver: PluginDriver
    ) -> None:
        readable = [one for one in driver.recorded.excluded if one.payment is not None]
        expected = [(one, None) for one in driver.recorded.payments]
        expected += [(one.payment, one.reason) for one in readable]
        run = driver.new_run()
        for start in range(0, len(expected), BATCH):
            payments, reasons = zip(*expected[start : start + BATCH], strict=True)
            answers = driver.host.call("opter_exclusion_reasons", run=run, payments=payments)
            if answers is None:
                assert not readable, "it excludes payments, but gives no reasons later"
                continue
            assert [one and one.reason for one in answers] == list(reasons)

    # --- How it behaves towards a host ---

    @pytest.mark.parametrize("hook", ["opter_take_payments", "opter_take_excluded"])
    @pytest.mark.parametrize("answer", ["none", "too few"])
    def test_a_batch_that_is_not_acknowledged_is_an_error(
        self, driver: PluginDriver, hook: str, answer: str
    ) -> None:
        def acknowledge(called: str, size: int) -> int | None:
            if called != hook or not size:
                return size
            return None if answer == "none" else size - 1

        if hook == "opter_take_excluded" and not driver.recorded.excluded:
            pytest.skip("the source has nothing that is excluded")
        driver.host.acknowledge = acknowledge
        driver.failure()

    def test_it_stops_when_it_is_cancelled(self, driver: PluginDriver) -> None:
        for place in sorted({1, max(1, len(driver.recorded.progress) // 2)}):
            driver.host.cancel_at = place
            assert getattr(driver.failure(), "kind", None) == "cancelled"
            *_, run = driver.host.runs.values()
            hooks = [hook for hook, _ in run.calls]
            reports = [index for index, hook in enumerate(hooks) if hook == "opter_progress"]
            later = [hook for hook in hooks[reports[place - 1] + 1 :] if "_take_" in hook]
            assert later == [], "it went on handing over"

    def test_each_payment_to_confirm_is_handed_over_or_deleted(self, driver: PluginDriver) -> None:
        if not driver.recorded.count("opter_payments_to_confirm"):
            pytest.skip("it never asks what to confirm")
        named = [driver.recorded.keys[0][1], _UNKNOWN_NUMBER]
        driver.host.to_confirm = list(named)
        again = driver.import_payments()
        more = Counter(again.keys) - Counter(driver.recorded.keys)
        assert again.count("opter_payments_to_confirm") > 1, "it must ask until the answer is empty"
        assert sorted([*(number for _, number in more.elements()), *again.deleted]) == sorted(named)

    def test_two_concurrent_runs_do_not_mix(self, driver: PluginDriver) -> None:
        expected = sorted(driver.recorded.keys)
        runs = [driver.new_run(definition=name) for name in "BC"]
        with ThreadPoolExecutor(2) as pool:
            recorded = list(pool.map(driver.host.import_payments, runs))
        assert [sorted(one.keys) for one in recorded] == [expected, expected]

    def test_a_host_with_the_required_hooks_alone_is_enough(self, driver: PluginDriver) -> None:
        host = driver.host.copy(without=_OPTIONAL)
        assert host.import_payments(driver.new_run(host)).payments

    def test_it_does_not_wait_for_a_person_whom_the_host_cannot_show_a_url(
        self, driver: PluginDriver
    ) -> None:
        driver.host = driver.host.copy(browser=lambda _url, _on_redirect: False)
        run = driver.new_run(login_timeout=_LOGIN_TIMEOUT)
        began, failure = time.monotonic(), None
        try:
            driver.host.import_payments(run)
        except Exception as error:  # noqa: BLE001 each plug-in has its own
            failure = error
        seconds = time.monotonic() - began
        if not driver.host.runs[run.id].count("opter_open_browser"):
            pytest.skip("it opens no browser")
        assert failure is not None, "it went on although nobody could sign in"
        assert problems_of_failure(failure) == []
        assert getattr(failure, "kind", None) == "login"
        assert seconds < _LOGIN_TIMEOUT, "it waited for nobody"

    def test_another_company_is_refused(self, driver: PluginDriver) -> None:
        run = driver.new_run(company=_FOREIGN_COMPANY)
        driver.failure(run)
        assert driver.host.runs[run.id].payments == []


def _errors(checked: Any) -> list[str]:
    return [one.key for one in checked.problems if one.severity == "error"]
