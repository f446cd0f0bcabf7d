"""What every export plug-in must do, wherever it sends to: inherit, and run.

In the test module of a plug-in::

    pytest_plugins = ["hostsim.pytest_plugin"]

    class TestConformance(ExportPluginConformance):
        '''Our plug-in keeps to the contract.'''

        @pytest.fixture
        def opter_plugin(self):
            return our_plugin

        @pytest.fixture
        def opter_settings(self, tmp_path):
            return {"path": str(tmp_path / "invoices.txt")}

Nothing may have been sent there when a test begins, and one item at least must be ready to be
sent. Where those of the suite are not what the other system can take, override
``opter_export_items``; where a person has to sign in, ``opter_sign_in``. A plug-in that exports
something else, too, runs the suite once more for it: override ``opter_subject``. If it changes bank
details, let those of one supplier of the items be others there.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import pytest

from opter_contract import BATCH
from opter_contract.conformance.recording_export_host import (
    RecordedExport,
    RecordingExportHost,
    send_all,
    send_nothing,
)
from opter_contract.conformance.recording_host import FakeBrowser
from opter_contract.conformance.samples import SAMPLES, items, many, total
from opter_contract.conformance.transfers import (
    FOREIGN_TYPE,
    TransferConformance,
    TransferDriver,
    misacknowledge,
)
from opter_contract.conformance.value_checks import problems
from opter_contract.export_values import (
    BankChange,
    ExportItem,
    ExportReport,
    ExportType,
    Gap,
    ItemResult,
    PlannedCard,
    PlannedItem,
)
from opter_contract.values import Run

#: Hooks of a host that a plug-in must do without.
_OPTIONAL: Final = frozenset(
    {
        "opter_read_document",
        "opter_take_planned_cards",
        "opter_take_bank_changes",
        "opter_confirmed_bank_changes",
        "opter_get_secret",
        "opter_set_secret",
        "opter_get_state",
        "opter_progress",
    }
)

#: Where what a plug-in hands over is recorded.
_TAKEN: Final[Mapping[str, str]] = {
    "opter_take_planned_items": "planned",
    "opter_take_planned_cards": "cards",
    "opter_take_bank_changes": "bank_changes",
    "opter_take_gaps": "gaps",
    "opter_take_intents": "intents",
    "opter_take_results": "results",
}

#: What a plug-in asks the host.
_ASKED: Final = ("opter_items_to_export", "opter_review_export", "opter_confirmed_bank_changes")

#: What ends as it must when a person takes an item back.
_TAKEN_BACK: Final = frozenset({"cancelled", "booked", "refused", "unknown"})

#: What a person may have confirmed of a bank change that must not be made yet.
_NOT_ENOUGH: Final[Mapping[str, Callable[[BankChange], Collection[BankChange]]]] = {
    "nothing": lambda _one: (),
    "another of ours": lambda one: [
        BankChange(one.party_number, one.field, f"{one.ours}0", one.theirs)
    ],
    "another of theirs": lambda one: [
        BankChange(one.party_number, one.field, one.ours, f"{one.theirs}0")
    ],
}


class ExportDriver(TransferDriver):
    """A plug-in that exports, in a recording host."""

    def __init__(self, host: RecordingExportHost, kind: Any, typed: Mapping[str, str]) -> None:
        super().__init__(host, kind.code, typed)
        self.subject = kind.subject

    def transfer(self, run: Run) -> RecordedExport:
        recorded: RecordedExport = self.host.export(run)
        return recorded

    def went_on(self, hook: str) -> bool:
        return hook in {"opter_take_planned_items", "opter_review_export", "opter_take_intents"}

    def places_to_cancel(self) -> Collection[int]:
        return {1}

    def export_confirming(
        self,
        confirm: Callable[[BankChange], Collection[BankChange]],
        review: Callable[[RecordedExport], Collection[str]] = send_all,
    ) -> RecordedExport:
        """Export, with a person who reviews like this, and confirms this of each bank change."""

        def confirm_and_review(recorded: RecordedExport) -> Collection[str]:
            changes = recorded.bank_changes
            self.host.confirmations = {one for change in changes for one in confirm(change)}
            return review(recorded)

        recorded = self.export(confirm_and_review)
        if not recorded.bank_changes:
            pytest.skip("it changes no bank details")
        return recorded

    def export(
        self, review: Callable[[RecordedExport], Collection[str]] = send_all
    ) -> RecordedExport:
        """Export, with a person who reviews like this."""
        self.host.review = review
        return self.transfer(self.new_run())


class ExportPluginConformance(TransferConformance):
    """What the contract requires of an export plug-in, one test each."""

    @pytest.fixture
    def opter_subject(self, opter_plugin: object) -> str:
        """Return what is exported; by default that of the plug-in's first type."""
        kind, *_ = RecordingExportHost(opter_plugin).call("opter_export_types")
        subject: str = kind.subject
        return subject

    @pytest.fixture
    def opter_export_items(self, opter_subject: str) -> Sequence[ExportItem]:
        """Return what is to be exported: one of each kind."""
        if opter_subject not in SAMPLES:
            return ()
        samples = SAMPLES[opter_subject]
        return items(*samples.everything, *samples.withheld)

    @pytest.fixture
    def opter_export_host(
        self,
        opter_plugin: object,
        opter_export_items: Sequence[ExportItem],
        opter_browser: FakeBrowser,
        opter_configuration: Mapping[str, str],
    ) -> RecordingExportHost:
        """Return a host in memory that has the plug-in and the items."""
        return RecordingExportHost(
            opter_plugin,
            items=opter_export_items,
            browser=opter_browser,
            configuration=opter_configuration,
        )

    @pytest.fixture
    def driver(
        self,
        opter_export_host: RecordingExportHost,
        opter_subject: str,
        opter_settings: Mapping[str, str],
    ) -> ExportDriver:
        types = opter_export_host.call("opter_export_types")
        kind, *_ = [one for one in types if one.subject == opter_subject]
        return ExportDriver(opter_export_host, kind, opter_settings)

    # --- Types ---

    def test_its_export_types_have_a_label_in_both_languages_and_a_subject(
        self, driver: ExportDriver
    ) -> None:
        types = list(driver.host.call("opter_export_types"))
        assert problems(ExportType, *types) == []
        assert len({(one.code, one.subject) for one in types}) == len(types)

    def test_it_ignores_an_export_type_of_another_plug_in(self, driver: ExportDriver) -> None:
        call, about = driver.host.call, {"type_code": FOREIGN_TYPE, "subject": driver.subject}
        run = driver.host.new_run(FOREIGN_TYPE, driver.typed, subject=driver.subject)
        assert call("opter_settings_fields", **about) is None
        assert call("opter_check_settings", values={}, **about) is None
        assert call("opter_export", run=run) is None
        assert call("opter_cancel_exported", run=run, item=driver.host.items[0]) is None
        assert driver.host.runs[run.id].calls == []

    # --- The plan ---

    def test_every_item_is_planned_exactly_once(self, driver: ExportDriver) -> None:
        planned = Counter(one.id for one in driver.recorded.planned)
        assert [one for one, count in planned.items() if count > 1] == []
        given = {one.id for one in driver.host.items}
        assert planned.keys() <= given
        assert planned.keys() == given or driver.recorded.report.notes, "no note says what is left"

    def test_its_plan_is_valid(self, driver: ExportDriver) -> None:
        assert problems(PlannedItem, *driver.recorded.planned) == []
        assert problems(PlannedCard, *driver.recorded.cards) == []
        assert problems(BankChange, *driver.recorded.bank_changes) == []

    def test_a_plan_has_the_total_and_the_currency_of_the_host(self, driver: ExportDriver) -> None:
        expected = {one.id: (total(one.content), one.content.currency) for one in driver.host.items}
        planned = {one.id: (one.total, one.currency) for one in driver.recorded.planned}
        assert planned.items() <= expected.items()

    def test_its_gaps_name_items_of_the_export(self, driver: ExportDriver) -> None:
        assert problems(Gap, *driver.recorded.gaps) == []
        named = {one for gap in driver.recorded.gaps for one in gap.ids}
        assert named <= {one.id for one in driver.host.items}

    def test_no_batch_is_larger_than_the_contract_allows(self, driver: ExportDriver) -> None:
        driver.host.items = items(*many(driver.host.items[0].content, BATCH + 1))
        recorded = driver.export(send_nothing)
        assert len({one.id for one in recorded.planned}) == BATCH + 1
        assert max(map(len, recorded.batches)) <= BATCH

    # --- The review ---

    def test_the_whole_plan_is_reviewed_once_and_before_anything_is_sent(
        self, driver: ExportDriver
    ) -> None:
        before, after = driver.recorded.around("opter_review_export")
        assert {"opter_take_intents", "opter_take_results"}.isdisjoint(before)
        late = {
            "opter_items_to_export",
            "opter_take_planned_items",
            "opter_take_planned_cards",
            "opter_take_bank_changes",
        }
        assert late.isdisjoint(after)
        assert "opter_review_export" not in after

    def test_where_a_person_sends_nothing_nothing_changes_there(self, driver: ExportDriver) -> None:
        first, second = driver.export(send_nothing), driver.export(send_nothing)
        assert first.sending == []
        assert not first.count("opter_confirmed_bank_changes"), "a confirmation would be lost"
        assert _plans(second) == _plans(first)

    def test_only_what_the_review_returned_is_sent(self, driver: ExportDriver) -> None:
        first = driver.export(lambda recorded: sorted(_ready(recorded))[:1])
        assert {one for _, one in first.sending} == first.reviewed
        before, after = _plans(first), _plans(driver.export(send_nothing))
        for one in first.reviewed:
            del before[one], after[one]
        assert after == before

    # --- Bank details ---

    def test_new_items_wait_for_the_bank_changes_of_their_party(self, driver: ExportDriver) -> None:
        changing = {one.party_number for one in driver.recorded.bank_changes}
        new = [one for one in driver.recorded.planned if one.action == "create"]
        assert changing.isdisjoint(one.party_number for one in new if one.state == "ready")
        assert changing.issuperset(one.party_number for one in new if one.state == "waiting")

    @pytest.mark.parametrize("confirmed", _NOT_ENOUGH)
    def test_what_waits_is_not_sent_unless_these_very_values_are_confirmed(
        self, driver: ExportDriver, confirmed: str
    ) -> None:
        recorded = driver.export_confirming(_NOT_ENOUGH[confirmed])
        assert _waiting(recorded).isdisjoint(recorded.intents)
        again = driver.export(send_nothing)
        assert _waiting(again) == _waiting(recorded)
        assert _bank_changes(again) == _bank_changes(recorded)

    def test_what_waits_is_sent_once_its_bank_changes_are_confirmed(
        self, driver: ExportDriver
    ) -> None:
        recorded = driver.export_confirming(lambda change: [change])
        waiting = _waiting(recorded)
        assert {state for one, state in recorded.states.items() if one in waiting} == {"sent"}
        assert _bank_changes(driver.export(send_nothing)) == set()

    def test_a_party_that_the_review_left_out_is_not_confirmed(self, driver: ExportDriver) -> None:
        def leave_out(recorded: RecordedExport) -> Collection[str]:
            changing = {one.party_number for one in recorded.bank_changes}
            kept = {one.id for one in recorded.planned if one.party_number not in changing}
            return kept.intersection(send_all(recorded))

        recorded = driver.export_confirming(lambda change: [change], leave_out)
        assert driver.host.confirmations == set(recorded.bank_changes), "a confirmation is lost"
        assert _bank_changes(driver.export(send_nothing)) == _bank_changes(recorded)

    # --- The sending ---

    def test_it_sends_an_item(self, driver: ExportDriver) -> None:
        assert _sent(driver.recorded), "give settings and items of which one can be sent"

    def test_its_results_are_valid(self, driver: ExportDriver) -> None:
        assert problems(ItemResult, *driver.recorded.results) == []

    def test_each_item_that_the_review_returned_has_a_result(self, driver: ExportDriver) -> None:
        assert set(driver.recorded.states) == driver.recorded.reviewed
        again = driver.export()
        assert set(again.states) == again.reviewed

    def test_an_intent_precedes_each_result_of_what_is_sent(self, driver: ExportDriver) -> None:
        states, intended = driver.recorded.states, set()
        for kind, one in driver.recorded.sending:
            if kind == "intent":
                intended.add(one)
            else:
                assert one in intended or states[one] != "sent", f"{one} was sent without an intent"

    def test_a_second_export_creates_nothing(self, driver: ExportDriver) -> None:
        created = _sent(driver.recorded)
        plans = _plans(driver.export(send_nothing))
        assert [one for one in sorted(created) if plans[one][1] == "create"] == []

    def test_an_item_whose_result_was_lost_is_not_created_again(self, driver: ExportDriver) -> None:
        created = _sent(driver.recorded)
        driver.host.forget_results()
        plans = _plans(driver.export(send_nothing))
        assert [one for one in sorted(created) if plans[one][1] == "create"] == []

    def test_the_report_is_of_the_company_that_was_reviewed(self, driver: ExportDriver) -> None:
        report = driver.recorded.report
        assert problems(ExportReport, report) == []
        [(company, _)] = driver.recorded.reviews
        assert company.number == report.company.number

    def test_an_item_is_taken_back_or_it_says_why_not(self, driver: ExportDriver) -> None:
        [one, *_] = [one for one in driver.recorded.results if one.state == "sent"]
        [item] = [item for item in driver.host.items if item.id == one.id]
        answer = driver.host.call(
            "opter_cancel_exported", run=driver.new_run(), item=driver.host.given(item)
        )
        if answer is None:
            pytest.skip("it takes nothing back")
        assert problems(ItemResult, answer) == []
        assert (answer.id, answer.state in _TAKEN_BACK) == (one.id, True)

    # --- How it behaves towards a host ---

    def test_hooks_are_called_from_the_thread_of_the_export(self, driver: ExportDriver) -> None:
        here = threading.get_ident()
        assert {hook for hook, thread in driver.recorded.calls if thread != here} == set()

    @pytest.mark.parametrize("hook", [*_ASKED, *_TAKEN])
    def test_an_error_of_the_host_ends_it(self, driver: ExportDriver, hook: str) -> None:
        driver.host.failing, run = hook, driver.new_run()
        error = driver.error(run)
        if not driver.host.runs[run.id].count(hook):
            pytest.skip(f"it does not call {hook}")
        assert error is not None, "it ended without an error"
        assert driver.calls_after(run, hook) == []

    @pytest.mark.parametrize("hook", sorted(_TAKEN.keys() - _OPTIONAL))
    @pytest.mark.parametrize("answer", ["none", "too few"])
    def test_a_batch_that_is_not_acknowledged_is_an_error(
        self, driver: ExportDriver, hook: str, answer: str
    ) -> None:
        driver.host.acknowledge, run = misacknowledge(hook, answer), driver.new_run()
        error = driver.error(run)
        if not getattr(driver.host.runs[run.id], _TAKEN[hook]):
            pytest.skip(f"it does not call {hook}")
        assert error is not None, "it ended without an error"
        assert driver.calls_after(run, hook) == []

    def test_nothing_more_is_sent_once_it_is_cancelled(self, driver: ExportDriver) -> None:
        def cancel(recorded: RecordedExport) -> Collection[str]:
            driver.host.cancel_at = len(recorded.progress) + 1
            return send_all(recorded)

        driver.host.review, run = cancel, driver.new_run()
        error, place = driver.error(run), driver.host.cancel_at
        if len(driver.host.runs[run.id].progress) < place:
            pytest.skip("it reports no progress while it sends")
        assert getattr(error, "kind", None) == "cancelled"
        assert driver.calls_after(run, "opter_progress", place) == []

    def test_a_host_with_the_required_hooks_alone_is_enough(self, driver: ExportDriver) -> None:
        host = driver.host.copy(without=_OPTIONAL)
        assert host.export(driver.new_run(host)).results


def _sent(recorded: RecordedExport) -> set[str]:
    return {one for one, state in recorded.states.items() if state == "sent"}


def _waiting(recorded: RecordedExport) -> set[str]:
    return {one.id for one in recorded.planned if one.state == "waiting"}


def _ready(recorded: RecordedExport) -> set[str]:
    return set(send_all(recorded)) - _waiting(recorded)


def _bank_changes(recorded: RecordedExport) -> set[tuple[str, str, str, str]]:
    changes = recorded.bank_changes
    return {(one.party_number, one.field, one.ours, one.theirs) for one in changes}


def _plans(recorded: RecordedExport) -> dict[str, tuple[str, str, str]]:
    """Return what would be done with each item, by id."""
    return {one.id: (one.state, one.action, one.number) for one in recorded.planned}
