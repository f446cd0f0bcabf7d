"""What every import plug-in must do, whatever it reads from: inherit, and run.

In the test module of a plug-in::

    pytest_plugins = ["hostsim.pytest_plugin"]

    class TestConformance(PluginConformance):
        '''The contract, held against our plug-in.'''

    @pytest.fixture
    def opter_plugin():
        return our_plugin

    @pytest.fixture
    def opter_settings(bank_file):
        return {"path": str(bank_file)}

The settings must lead to at least one payment, and the source must stay as it
is during a test. Where a person has to sign in, override ``opter_sign_in``.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from opter_contract import BATCH
from opter_contract.conformance.checking import (
    all_wrong,
    wrong_checked,
    wrong_excluded,
    wrong_failure,
    wrong_field,
    wrong_import_type,
    wrong_payment,
    wrong_progress,
    wrong_report,
)
from opter_contract.conformance.witness import Emitted, Witness

#: Of each kind of field: what nobody may accept. Any text may be a text.
NONSENSE: Mapping[str, tuple[str, ...]] = {
    "date": ("31/12 2026", "2026-02-30", "soon", "20260101"),
    "integer": ("one", "1.5", "½", "1 2"),
    "boolean": ("maybe", "2"),
    "text": (),
}

#: What nobody may choke on.
_ODD = ("", " ", "\x00", "å" * 10_000, "'; --")

#: How long nobody is to be waited for; in seconds.
_LOGIN_TIMEOUT = 2.0

_ANOTHERS = "A-type-of-another-plug-in"


class PluginConformance:
    """The contract's sentences about a plug-in, one test each."""

    # --- Types and settings ---

    def test_its_types_are_named_in_both_languages_and_have_a_format(
        self, opter_witness: Witness
    ) -> None:
        types = list(opter_witness.ask("opter_import_types"))
        assert types
        assert all_wrong(wrong_import_type, types) == []
        assert len({one.code for one in types}) == len(types)

    def test_it_says_nothing_of_a_type_of_another_plug_in(
        self, opter_witness: Witness, opter_settings: Mapping[str, str]
    ) -> None:
        run = opter_witness.run(_ANOTHERS, opter_settings)
        assert opter_witness.ask("opter_settings_fields", type_code=_ANOTHERS) is None
        checked = opter_witness.ask("opter_check_settings", type_code=_ANOTHERS, values={})
        assert checked is None
        assert opter_witness.ask("opter_import_payments", run=run) is None
        assert opter_witness.ask("opter_read_all_payments", run=run) is None
        assert opter_witness.ask("opter_exclusion_reasons", run=run, payments=[]) is None
        assert opter_witness.runs[run.id].calls == []

    def test_its_fields_are_complete_in_both_languages(
        self, opter_witness: Witness, opter_import_type: str
    ) -> None:
        fields = _fields(opter_witness, opter_import_type)
        assert all_wrong(wrong_field, fields) == []
        assert len({one.key for one in fields}) == len(fields)

    def test_good_settings_are_accepted(
        self, opter_witness: Witness, opter_import_type: str, opter_settings: Mapping[str, str]
    ) -> None:
        checked = _checked(opter_witness, opter_import_type, opter_settings)
        assert _errors(checked) == []

    def test_settings_that_were_checked_are_checked_again_to_the_same(
        self, opter_witness: Witness, opter_import_type: str, opter_settings: Mapping[str, str]
    ) -> None:
        once = _checked(opter_witness, opter_import_type, opter_settings)
        again = _checked(opter_witness, opter_import_type, once.values)
        assert dict(again.values) == dict(once.values)
        assert list(again.problems) == [] or _errors(again) == _errors(once)

    def test_presets_are_accepted(
        self, opter_witness: Witness, opter_import_type: str, opter_settings: Mapping[str, str]
    ) -> None:
        fields = _fields(opter_witness, opter_import_type)
        presets = {one.key: one.default for one in fields if not one.required}
        checked = _checked(opter_witness, opter_import_type, {**opter_settings, **presets})
        assert _errors(checked) == []

    def test_nonsense_is_refused_field_by_field(
        self, opter_witness: Witness, opter_import_type: str, opter_settings: Mapping[str, str]
    ) -> None:
        for one in _fields(opter_witness, opter_import_type):
            for value in NONSENSE[one.kind]:
                values = {**opter_settings, one.key: value}
                checked = _checked(opter_witness, opter_import_type, values)
                assert one.key in _errors(checked), f"{one.key}={value!r} was accepted"

    def test_whatever_is_typed_is_answered_and_not_raised(
        self, opter_witness: Witness, opter_import_type: str, opter_settings: Mapping[str, str]
    ) -> None:
        fields = _fields(opter_witness, opter_import_type)
        for one, value in itertools.product(fields, _ODD):
            _checked(opter_witness, opter_import_type, {**opter_settings, one.key: value})
        _checked(opter_witness, opter_import_type, {})

    def test_a_required_field_that_is_missing_is_refused(
        self, opter_witness: Witness, opter_import_type: str, opter_settings: Mapping[str, str]
    ) -> None:
        for one in _fields(opter_witness, opter_import_type):
            if one.required:
                values = {key: text for key, text in opter_settings.items() if key != one.key}
                checked = _checked(opter_witness, opter_import_type, values)
                assert one.key in _errors(checked)

    def test_a_field_that_does_not_exist_is_never_stored(
        self, opter_witness: Witness, opter_import_type: str, opter_settings: Mapping[str, str]
    ) -> None:
        values = {**opter_settings, "no-such-field": "x"}
        assert "no-such-field" not in _checked(opter_witness, opter_import_type, values).values

    # --- What it hands over ---

    def test_it_imports_something(self, opter_emitted: Emitted) -> None:
        assert opter_emitted.payments, "give settings and a source that lead to a payment"

    def test_payments_are_as_the_contract_has_them(self, opter_emitted: Emitted) -> None:
        assert all_wrong(wrong_payment, opter_emitted.payments) == []

    def test_what_is_left_out_is_as_the_contract_has_it(self, opter_emitted: Emitted) -> None:
        assert all_wrong(wrong_excluded, opter_emitted.excluded) == []

    def test_no_payment_is_handed_over_twice(self, opter_emitted: Emitted) -> None:
        twice = [key for key, number in Counter(opter_emitted.keys).items() if number > 1]
        assert twice == []

    def test_no_batch_is_larger_than_the_contract_allows(self, opter_emitted: Emitted) -> None:
        assert max(map(len, opter_emitted.batches)) <= BATCH

    def test_the_report_is_of_the_company_of_the_payments(self, opter_emitted: Emitted) -> None:
        assert wrong_report(opter_emitted.report) == []
        companies = {company for company, _ in opter_emitted.keys}
        assert companies <= {opter_emitted.report.company.number}

    def test_no_cursor_is_handed_back_beside_a_row_without_a_number(
        self, opter_emitted: Emitted
    ) -> None:
        nameless = [one for one in opter_emitted.excluded if not one.key.number]
        assert not nameless or opter_emitted.report.cursor is None

    def test_progress_is_told_in_both_languages(self, opter_emitted: Emitted) -> None:
        assert opter_emitted.progress
        assert all_wrong(wrong_progress, opter_emitted.progress) == []

    def test_hooks_are_called_from_the_thread_of_the_import(self, opter_emitted: Emitted) -> None:
        threads = {hook for hook, thread in opter_emitted.calls if thread != threading.get_ident()}
        assert threads == set()

    def test_a_second_run_hands_over_the_same(
        self, opter_witness: Witness, opter_emitted: Emitted, opter_import: Callable[[], Emitted]
    ) -> None:
        assert sorted(opter_import().keys) == sorted(opter_emitted.keys)
        assert len(opter_witness.runs) == 2

    def test_settings_screen_a_payment_as_they_leave_it_out_when_it_is_read(
        self,
        opter_witness: Witness,
        opter_import_type: str,
        opter_checked: Mapping[str, str],
        opter_emitted: Emitted,
    ) -> None:
        run = opter_witness.run(opter_import_type, opter_checked)
        readable = [one for one in opter_emitted.excluded if one.payment is not None]
        payments = [*opter_emitted.payments, *(one.payment for one in readable)]
        given = [*(None for _ in opter_emitted.payments), *(one.reason for one in readable)]
        for start in range(0, len(payments), BATCH):
            stop = start + BATCH
            answers = opter_witness.ask(
                "opter_exclusion_reasons", run=run, payments=payments[start:stop]
            )
            if answers is None:
                assert not readable, "it leaves payments out, but does not screen any"
                continue
            assert [one and one.reason for one in answers] == given[start:stop]

    # --- How it behaves towards a host ---

    @pytest.mark.parametrize("hook", ["opter_take_payments", "opter_take_excluded"])
    @pytest.mark.parametrize("answer", ["none", "too few"])
    def test_a_batch_that_is_not_acknowledged_is_an_error(
        self,
        opter_witness: Witness,
        opter_import: Callable[[], Emitted],
        hook: str,
        answer: str,
    ) -> None:
        def acknowledge(called: str, size: int) -> int | None:
            if called != hook or not size:
                return size
            return None if answer == "none" else size - 1

        opter_witness.acknowledge = acknowledge
        if hook == "opter_take_excluded" and not _leaves_out(opter_witness, opter_import):
            pytest.skip("the source holds nothing that is left out")
        with pytest.raises(Exception) as failed:  # noqa: PT011 each plug-in has its own
            opter_import()
        assert wrong_failure(failed.value) == []

    def test_it_stops_when_it_is_told_to(
        self, opter_witness: Witness, opter_emitted: Emitted, opter_import: Callable[[], Emitted]
    ) -> None:
        for place in sorted({1, max(1, len(opter_emitted.progress) // 2)}):
            opter_witness.cancel_at = place
            with pytest.raises(Exception) as failed:  # noqa: PT011 each plug-in has its own
                opter_import()
            assert wrong_failure(failed.value) == []
            assert getattr(failed.value, "kind", None) == "cancelled"
            *_, run = opter_witness.runs.values()
            words = [place for place, call in enumerate(run.calls) if call[0] == "opter_progress"]
            after = {hook for hook, _ in run.calls[words[place - 1] + 1 :]}
            taken = {hook for hook in after if hook.startswith("opter_take_")}
            assert taken == set(), "it went on handing over"

    def test_what_is_to_be_confirmed_is_answered_one_by_one(
        self, opter_witness: Witness, opter_emitted: Emitted, opter_import: Callable[[], Emitted]
    ) -> None:
        if not opter_emitted.questions:
            pytest.skip("it never asks what to confirm")
        asked = [opter_emitted.keys[0][1], "0-no-such-number"]
        opter_witness.to_confirm = list(asked)
        again = opter_import()
        more = Counter(again.keys) - Counter(opter_emitted.keys)
        assert again.questions > 1, "it must ask until the answer is empty"
        assert sorted([*(number for _, number in more.elements()), *again.gone]) == sorted(asked)

    def test_two_runs_at_once_do_not_mix(
        self,
        opter_witness: Witness,
        opter_emitted: Emitted,
        opter_import_type: str,
        opter_checked: Mapping[str, str],
    ) -> None:
        runs = [
            opter_witness.run(opter_import_type, opter_checked, definition=name) for name in "BC"
        ]
        errors: list[BaseException] = []

        def read(run: Any) -> None:
            try:
                opter_witness.import_payments(run)
            except BaseException as error:  # noqa: BLE001 looked at below
                errors.append(error)

        threads = [threading.Thread(target=read, args=[run]) for run in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        for run in runs:
            assert sorted(opter_witness.runs[run.id].keys) == sorted(opter_emitted.keys)

    def test_a_host_without_a_place_for_secrets_is_enough(
        self,
        opter_plugin: object,
        opter_window: Any,
        opter_configuration: Mapping[str, str],
        opter_import_type: str,
        opter_checked: Mapping[str, str],
    ) -> None:
        witness = Witness(
            opter_plugin,
            window=opter_window,
            configuration=opter_configuration,
            without={"opter_get_secret", "opter_set_secret"},
        )
        emitted = witness.import_payments(witness.run(opter_import_type, opter_checked))
        assert emitted.payments

    def test_it_does_not_wait_for_a_person_whom_nobody_can_show_an_address(
        self,
        opter_plugin: object,
        opter_configuration: Mapping[str, str],
        opter_import_type: str,
        opter_checked: Mapping[str, str],
    ) -> None:
        witness = Witness(
            opter_plugin,
            window=lambda _address, _answered: False,
            configuration=opter_configuration,
        )
        run = witness.run(opter_import_type, opter_checked, login_timeout=_LOGIN_TIMEOUT)
        began, failure = time.monotonic(), None
        try:
            witness.import_payments(run)
        except Exception as error:  # noqa: BLE001 each plug-in has its own
            failure = error
        took = time.monotonic() - began
        if "opter_open_browser" not in {hook for hook, _ in witness.runs[run.id].calls}:
            pytest.skip("it opens no window")
        assert failure is not None, "it went on although nobody could sign in"
        assert wrong_failure(failure) == []
        assert getattr(failure, "kind", None) == "login"
        assert took < _LOGIN_TIMEOUT, "it waited for nobody"

    def test_another_company_is_refused(
        self, opter_witness: Witness, opter_import_type: str, opter_checked: Mapping[str, str]
    ) -> None:
        run = opter_witness.run(opter_import_type, opter_checked, company=_Another())
        with pytest.raises(Exception) as failed:  # noqa: PT011 each plug-in has its own
            opter_witness.import_payments(run)
        assert wrong_failure(failed.value) == []
        assert opter_witness.runs[run.id].payments == []


class _Another:
    """A company that no plug-in reads from."""

    number = "0-another-company"
    name = "Another company"


def _fields(witness: Witness, import_type: str) -> list[Any]:
    answer = witness.ask("opter_settings_fields", type_code=import_type)
    assert answer is not None, "opter_settings_fields does not answer for its own type"
    return list(answer)


def _checked(witness: Witness, import_type: str, values: Mapping[str, str]) -> Any:
    checked = witness.ask("opter_check_settings", type_code=import_type, values=dict(values))
    assert checked is not None, "opter_check_settings does not answer for its own type"
    keys = [one.key for one in _fields(witness, import_type)]
    assert wrong_checked(checked, keys) == []
    return checked


def _errors(checked: Any) -> list[str]:
    return [one.key for one in checked.problems if one.severity == "error"]


def _leaves_out(witness: Witness, read: Callable[[], Emitted]) -> bool:
    badly, witness.acknowledge = witness.acknowledge, lambda _hook, size: size
    try:
        return bool(read().excluded)
    finally:
        witness.acknowledge = badly
