"""The conformance suite of import plug-ins: inherit, and run.

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
If a person must sign in, override ``opter_sign_in``.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from opter_contract import BATCH
from opter_contract.conformance.every_plugin import (
    FOREIGN_TYPE,
    INVALID,
    TransferConformance,
    TransferDriver,
    misacknowledge,
)
from opter_contract.conformance.recording_host import RecordedRun, RecordingHost
from opter_contract.conformance.value_checks import problems
from opter_contract.values import ExcludedPayment, ImportReport, ImportType, Payment, Run

__all__ = ["INVALID", "PluginConformance", "PluginDriver"]

#: Hooks that a host may lack; the recording host omits the other optional ones anyway.
_OPTIONAL: Final = frozenset(
    {"opter_get_secret", "opter_set_secret", "opter_get_state", "opter_progress"}
)

_UNKNOWN_NUMBER: Final = "0-no-such-number"


class PluginDriver(TransferDriver):
    """A plug-in that imports, in a recording host."""

    def transfer(self, run: Run) -> RecordedRun:
        recorded: RecordedRun = self.host.import_payments(run)
        return recorded

    def went_on(self, hook: str) -> bool:
        return "_take_" in hook

    def import_payments(self) -> RecordedRun:
        return self.transfer(self.new_run())


class PluginConformance(TransferConformance):
    """What the contract requires of a plug-in, one test each."""

    @pytest.fixture
    def driver(
        self,
        opter_recording_host: RecordingHost,
        opter_import_type: str,
        opter_settings: Mapping[str, str],
    ) -> PluginDriver:
        return PluginDriver(opter_recording_host, opter_import_type, opter_settings)

    # --- Types ---

    def test_its_types_have_a_label_in_both_languages_and_a_format(
        self, driver: PluginDriver
    ) -> None:
        types = list(driver.host.call("opter_import_types"))
        assert types
        assert problems(ImportType, *types) == []
        assert len({kind.code for kind in types}) == len(types)

    def test_it_ignores_a_type_of_another_plug_in(self, driver: PluginDriver) -> None:
        call, run = driver.host.call, driver.host.new_run(FOREIGN_TYPE, driver.typed)
        assert call("opter_settings_fields", type_code=FOREIGN_TYPE, subject="") is None
        assert call("opter_check_settings", type_code=FOREIGN_TYPE, values={}, subject="") is None
        assert call("opter_import_payments", run=run) is None
        assert call("opter_read_all_payments", run=run) is None
        assert call("opter_exclusion_reasons", run=run, payments=[]) is None
        assert driver.host.runs[run.id].calls == []

    # --- Payments ---

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
        without_number = [row for row in driver.recorded.excluded if not row.key.number]
        assert not without_number or driver.recorded.report.cursor is None

    def test_hooks_are_called_from_the_thread_of_the_import(self, driver: PluginDriver) -> None:
        test_thread = threading.get_ident()
        assert {hook for hook, thread in driver.recorded.calls if thread != test_thread} == set()

    def test_a_second_run_hands_over_the_same(self, driver: PluginDriver) -> None:
        assert sorted(driver.recorded.keys) == sorted(driver.import_payments().keys)
        assert len(driver.host.runs) == 2

    def test_exclusion_reasons_agree_with_what_an_import_excludes(
        self, driver: PluginDriver
    ) -> None:
        readable = [row for row in driver.recorded.excluded if row.payment is not None]
        expected = [(payment, None) for payment in driver.recorded.payments]
        expected += [(row.payment, row.reason) for row in readable]
        run = driver.new_run()
        for start in range(0, len(expected), BATCH):
            payments, reasons = zip(*expected[start : start + BATCH], strict=True)
            answers = driver.host.call("opter_exclusion_reasons", run=run, payments=payments)
            if answers is None:
                assert not readable, "it excludes payments, but gives no reasons later"
                continue
            assert [reason and reason.reason for reason in answers] == list(reasons)

    # --- Behaviour towards a host ---

    @pytest.mark.parametrize("hook", ["opter_take_payments", "opter_take_excluded"])
    @pytest.mark.parametrize("answer", ["none", "too few"])
    def test_a_batch_that_is_not_acknowledged_is_an_error(
        self, driver: PluginDriver, hook: str, answer: str
    ) -> None:
        if hook == "opter_take_excluded" and not driver.recorded.excluded:
            pytest.skip("the source has nothing that is excluded")
        driver.host.acknowledge = misacknowledge(hook, answer)
        driver.failure()

    def test_an_unattended_run_asks_nobody_and_waits_for_nobody(self, driver: PluginDriver) -> None:
        run = driver.new_run(attended=False, login_timeout=3600.0)
        error = driver.error(run)
        assert driver.host.runs[run.id].count("opter_open_browser") == 0
        assert error is None or getattr(error, "kind", None) in {"login", "permission"}

    def test_each_payment_to_confirm_is_handed_over_or_deleted(self, driver: PluginDriver) -> None:
        if not driver.recorded.count("opter_payments_to_confirm"):
            pytest.skip("it never asks what to confirm")
        named = [driver.recorded.keys[0][1], _UNKNOWN_NUMBER]
        driver.host.to_confirm = list(named)
        again = driver.import_payments()
        additional = Counter(again.keys) - Counter(driver.recorded.keys)
        assert again.count("opter_payments_to_confirm") > 1, "it must ask until the answer is empty"
        assert sorted([*(number for _, number in additional.elements()), *again.deleted]) == sorted(
            named
        )

    def test_two_concurrent_runs_do_not_mix(self, driver: PluginDriver) -> None:
        expected = sorted(driver.recorded.keys)
        runs = [driver.new_run(definition=name) for name in "BC"]
        with ThreadPoolExecutor(2) as pool:
            recorded = list(pool.map(driver.host.import_payments, runs))
        assert [sorted(run.keys) for run in recorded] == [expected, expected]

    def test_a_host_with_the_required_hooks_alone_is_enough(self, driver: PluginDriver) -> None:
        host = driver.host.copy(without=_OPTIONAL)
        assert host.import_payments(driver.new_run(host)).payments
