"""The conformance suite of export plug-ins: inherit, and run.

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

Nothing may have been sent there when a test begins, and at least one item must be ready to be
sent. If the other system cannot accept the suite's items, override ``opter_export_items``; if a
person must sign in, ``opter_sign_in``. A plug-in that exports several subjects runs the suite once
for each: override ``opter_subject``. If it changes bank details, let one supplier of the items have
others there.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import pytest

from opter_contract import BATCH
from opter_contract.conformance.every_plugin import (
    FOREIGN_TYPE,
    TransferConformance,
    TransferDriver,
    misacknowledge,
)
from opter_contract.conformance.recording_export_host import (
    RecordedExport,
    RecordingExportHost,
    send_all,
    send_nothing,
)
from opter_contract.conformance.recording_host import FakeBrowser
from opter_contract.conformance.samples import SAMPLES, items, many, total
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

#: Hooks that a host may lack.
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

#: The attribute that records each hook's argument.
_TAKEN: Final[Mapping[str, str]] = {
    "opter_take_planned_items": "planned",
    "opter_take_planned_cards": "cards",
    "opter_take_bank_changes": "bank_changes",
    "opter_take_gaps": "gaps",
    "opter_take_intents": "intents",
    "opter_take_results": "results",
}

#: The hooks by which a plug-in reads from the host.
_ASKED: Final = ("opter_items_to_export", "opter_review_export", "opter_confirmed_bank_changes")

#: The valid results when a person takes an item back.
_TAKEN_BACK: Final = frozenset({"cancelled", "booked", "refused", "unknown"})

#: Confirmations that do not permit a bank change.
_INSUFFICIENT: Final[Mapping[str, Callable[[BankChange], Collection[BankChange]]]] = {
    "nothing": lambda _one: (),
    "another of ours": lambda change: [
        BankChange(change.party_number, change.field, f"{change.ours}0", change.theirs)
    ],
    "another of theirs": lambda change: [
        BankChange(change.party_number, change.field, change.ours, f"{change.theirs}0")
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
        """Export with a person's review, and with the confirmations of each bank change."""

        def confirm_and_review(recorded: RecordedExport) -> Collection[str]:
            changes = recorded.bank_changes
            self.host.confirmations = {
                confirmed for change in changes for confirmed in confirm(change)
            }
            return review(recorded)

        recorded = self.export(confirm_and_review)
        if not recorded.bank_changes:
            pytest.skip("it changes no bank details")
        return recorded

    def export(
        self, review: Callable[[RecordedExport], Collection[str]] = send_all
    ) -> RecordedExport:
        """Export, with a person's review."""
        self.host.review = review
        return self.transfer(self.new_run())


class ExportPluginConformance(TransferConformance):
    """What the contract requires of an export plug-in, one test each."""

    @pytest.fixture
    def opter_subject(self, opter_plugin: object) -> str:
        """Return the subject; by default that of the plug-in's first type."""
        kind, *_ = RecordingExportHost(opter_plugin).call("opter_export_types")
        subject: str = kind.subject
        return subject

    @pytest.fixture
    def opter_export_items(self, opter_subject: str) -> Sequence[ExportItem]:
        """Return the items to export: one of each kind."""
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
        """Return a host in memory with the plug-in and the items."""
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
        kind, *_ = [kind for kind in types if kind.subject == opter_subject]
        return ExportDriver(opter_export_host, kind, opter_settings)

    # --- Types ---

    def test_its_export_types_have_a_label_in_both_languages_and_a_subject(
        self, driver: ExportDriver
    ) -> None:
        types = list(driver.host.call("opter_export_types"))
        assert problems(ExportType, *types) == []
        assert len({(kind.code, kind.subject) for kind in types}) == len(types)

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
        planned = Counter(item.id for item in driver.recorded.planned)
        assert [item_id for item_id, count in planned.items() if count > 1] == []
        item_ids = {item.id for item in driver.host.items}
        assert planned.keys() <= item_ids
        assert planned.keys() == item_ids or driver.recorded.report.notes, (
            "no note says what is left"
        )

    def test_its_plan_is_valid(self, driver: ExportDriver) -> None:
        assert problems(PlannedItem, *driver.recorded.planned) == []
        assert problems(PlannedCard, *driver.recorded.cards) == []
        assert problems(BankChange, *driver.recorded.bank_changes) == []

    def test_a_plan_has_the_total_and_the_currency_of_the_host(self, driver: ExportDriver) -> None:
        expected = {
            item.id: (total(item.content), item.content.currency) for item in driver.host.items
        }
        planned = {item.id: (item.total, item.currency) for item in driver.recorded.planned}
        assert planned.items() <= expected.items()

    def test_its_gaps_name_items_of_the_export(self, driver: ExportDriver) -> None:
        assert problems(Gap, *driver.recorded.gaps) == []
        named = {item_id for gap in driver.recorded.gaps for item_id in gap.ids}
        assert named <= {item.id for item in driver.host.items}

    def test_no_batch_is_larger_than_the_contract_allows(self, driver: ExportDriver) -> None:
        driver.host.items = items(*many(driver.host.items[0].content, BATCH + 1))
        recorded = driver.export(send_nothing)
        assert len({item.id for item in recorded.planned}) == BATCH + 1
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
        assert {item_id for _, item_id in first.sending} == first.reviewed
        before, after = _plans(first), _plans(driver.export(send_nothing))
        for item_id in first.reviewed:
            del before[item_id], after[item_id]
        assert after == before

    # --- Bank details ---

    def test_new_items_wait_for_the_bank_changes_of_their_party(self, driver: ExportDriver) -> None:
        changing = {change.party_number for change in driver.recorded.bank_changes}
        new = [item for item in driver.recorded.planned if item.action == "create"]
        assert changing.isdisjoint(item.party_number for item in new if item.state == "ready")
        assert changing.issuperset(item.party_number for item in new if item.state == "waiting")

    @pytest.mark.parametrize("confirmed", _INSUFFICIENT)
    def test_what_waits_is_not_sent_unless_these_very_values_are_confirmed(
        self, driver: ExportDriver, confirmed: str
    ) -> None:
        recorded = driver.export_confirming(_INSUFFICIENT[confirmed])
        assert _waiting(recorded).isdisjoint(recorded.intents)
        again = driver.export(send_nothing)
        assert _waiting(again) == _waiting(recorded)
        assert _bank_changes(again) == _bank_changes(recorded)

    def test_what_waits_is_sent_once_its_bank_changes_are_confirmed(
        self, driver: ExportDriver
    ) -> None:
        recorded = driver.export_confirming(lambda change: [change])
        waiting = _waiting(recorded)
        assert {state for item_id, state in recorded.states.items() if item_id in waiting} == {
            "sent"
        }
        assert _bank_changes(driver.export(send_nothing)) == set()

    def test_a_party_that_the_review_left_out_is_not_confirmed(self, driver: ExportDriver) -> None:
        def leave_out(recorded: RecordedExport) -> Collection[str]:
            changing = {change.party_number for change in recorded.bank_changes}
            kept = {item.id for item in recorded.planned if item.party_number not in changing}
            return kept.intersection(send_all(recorded))

        recorded = driver.export_confirming(lambda change: [change], leave_out)
        assert driver.host.confirmations == set(recorded.bank_changes), "a confirmation is lost"
        assert _bank_changes(driver.export(send_nothing)) == _bank_changes(recorded)

    # --- Sending ---

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
        for kind, item_id in driver.recorded.sending:
            if kind == "intent":
                intended.add(item_id)
            else:
                assert item_id in intended or states[item_id] != "sent", (
                    f"{item_id} was sent without an intent"
                )

    def test_a_second_export_creates_nothing(self, driver: ExportDriver) -> None:
        created = _sent(driver.recorded)
        plans = _plans(driver.export(send_nothing))
        assert [item_id for item_id in sorted(created) if plans[item_id][1] == "create"] == []

    def test_an_item_whose_result_was_lost_is_not_created_again(self, driver: ExportDriver) -> None:
        created = _sent(driver.recorded)
        driver.host.forget_results()
        plans = _plans(driver.export(send_nothing))
        assert [item_id for item_id in sorted(created) if plans[item_id][1] == "create"] == []

    def test_the_report_is_of_the_company_that_was_reviewed(self, driver: ExportDriver) -> None:
        report = driver.recorded.report
        assert problems(ExportReport, report) == []
        [(company, _)] = driver.recorded.reviews
        assert company.number == report.company.number

    def test_an_item_is_taken_back_or_it_says_why_not(self, driver: ExportDriver) -> None:
        [result, *_] = [result for result in driver.recorded.results if result.state == "sent"]
        [item] = [item for item in driver.host.items if item.id == result.id]
        answer = driver.host.call(
            "opter_cancel_exported", run=driver.new_run(), item=driver.host.given(item)
        )
        if answer is None:
            pytest.skip("it takes nothing back")
        assert problems(ItemResult, answer) == []
        assert (answer.id, answer.state in _TAKEN_BACK) == (result.id, True)

    # --- Behaviour towards a host ---

    def test_hooks_are_called_from_the_thread_of_the_export(self, driver: ExportDriver) -> None:
        test_thread = threading.get_ident()
        assert {hook for hook, thread in driver.recorded.calls if thread != test_thread} == set()

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
        error, cancel_at = driver.error(run), driver.host.cancel_at
        if len(driver.host.runs[run.id].progress) < cancel_at:
            pytest.skip("it reports no progress while it sends")
        assert getattr(error, "kind", None) == "cancelled"
        assert driver.calls_after(run, "opter_progress", cancel_at) == []

    def test_a_host_with_the_required_hooks_alone_is_enough(self, driver: ExportDriver) -> None:
        host = driver.host.copy(without=_OPTIONAL)
        assert host.export(driver.new_run(host)).results


def _sent(recorded: RecordedExport) -> set[str]:
    return {item_id for item_id, state in recorded.states.items() if state == "sent"}


def _waiting(recorded: RecordedExport) -> set[str]:
    return {item.id for item in recorded.planned if item.state == "waiting"}


def _ready(recorded: RecordedExport) -> set[str]:
    return set(send_all(recorded)) - _waiting(recorded)


def _bank_changes(recorded: RecordedExport) -> set[tuple[str, str, str, str]]:
    changes = recorded.bank_changes
    return {(change.party_number, change.field, change.ours, change.theirs) for change in changes}


def _plans(recorded: RecordedExport) -> dict[str, tuple[str, str, str]]:
    """Return the planned state, action and number of each item, by id."""
    return {item.id: (item.state, item.action, item.number) for item in recorded.planned}
