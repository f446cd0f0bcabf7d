"""The conformance suite of hosts that export: inherit, and run.

In a test module of a host::

    from opter_contract.conformance.export_hosts import ExportHostCancels, ExportHostConformance
    from opter_contract.conformance.hosts import HostLocks, HostStoresState

    class TestOurHost(ExportHostConformance, ExportHostCancels, HostStoresState, HostLocks):
        '''Our host keeps to the contract.'''

        @pytest.fixture
        def host_under_test(self, tmp_path):
            return OurHostForTests(tmp_path)

The fixture returns an :class:`.export_host_under_test.ExportHostUnderTest`. The tests marked as
promised are the sentences of the contract page. A host that also imports tests state, secrets
and locks there already. One that exports bills claims :class:`ExportHostConfirmsBankChanges`, and
runs the suite for them, too::

    class TestOurHostWithBills(TestOurHost, ExportHostConfirmsBankChanges):
        subject = "supplier-bills"  # which the fixture hands to the adapter
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from opter_contract import BATCH
from opter_contract.conformance.export_host_under_test import (
    Exported,
    ExportHostDriver,
    ExportHostSuite,
    ExportPreview,
    hand_over,
    planned,
    result,
)
from opter_contract.conformance.host_under_test import (
    COMPANY,
    OTHER_COMPANY,
    TYPE,
    PluginFailure,
    promised,
)
from opter_contract.conformance.samples import changed, many, number_of, party_number_of, total
from opter_contract.conformance.value_checks import problems
from opter_contract.export_values import (
    BankChange,
    Difference,
    ExportItem,
    Gap,
    ItemResult,
    PlannedCard,
)
from opter_contract.values import Run, Text


class ExportHostConformance(ExportHostSuite):
    """What the contract requires of every host that exports, one test each."""

    # --- Items ---

    def test_every_item_is_given_once_in_batches(self, host: ExportHostDriver) -> None:
        more = many(host.ordinary, BATCH + 1)
        host.load(*more)
        assert set(host.given()) == set(map(number_of, [*host.samples.everything, *more]))

    def test_an_item_has_all_that_the_host_has_of_it(self, host: ExportHostDriver) -> None:
        items = host.given()
        assert problems(ExportItem, *items.values()) == []
        for content in host.samples.everything:
            assert _as_dict(items[number_of(content)].content, content) == _as_dict(
                content, content
            )

    def test_a_run_says_what_is_exported(self, host: ExportHostDriver) -> None:
        run = host.during_export(lambda run: run)
        assert {field.name for field in fields(Run) if not hasattr(run, field.name)} == set()
        assert (run.type_code, run.subject, run.definition) == (TYPE, host.subject, "A")
        assert (run.company, dict(run.settings)) == (None, {})

    def test_each_batch_is_acknowledged_with_its_size(self, host: ExportHostDriver) -> None:
        def take(exported: Exported) -> None:
            host.plugin.read(exported)
            plan = [planned(item) for item in exported.items]
            gap = Gap("ACCOUNT_UNKNOWN", Text("Konto.", "Account."), [plan[0].id])
            hook, run = exported.run.hook, exported.run
            answers.append(hook.opter_take_planned_items(run=run, items=plan))
            answers.append(hook.opter_take_gaps(run=run, gaps=[gap]))

        answers: list[Any] = []
        host.plugin.script = take
        host.export()
        assert answers == [[len(host.samples.everything)], [1]]

    # --- Promises ---

    @promised
    def test_nothing_is_sent_before_a_person_has_seen_it(self, host: ExportHostDriver) -> None:
        def plan_anew(item: Any) -> Any:
            """Plan differently in each export."""
            amount = total(item.content) + len(host.plugin.exports)
            return planned(item, other_total=amount)

        def decide(preview: ExportPreview) -> set[str]:
            seen.append(_figures(preview))
            return {number_of(host.ordinary)} & {item.item_number for item in preview.items}

        seen: list[Any] = []
        assert host.export().ids == frozenset()
        assert host.outcomes() == {}
        host.plugin.plan = plan_anew
        with suppress(Exception):
            host.review(decide)
        host.plugin.plan = planned
        host.review(decide)
        sent = [export for export in host.plugin.exports if export.ids]
        assert sent, "what a person sent was not sent"
        for export in sent:
            numbers = {item.id: number_of(item.content) for item in export.items}
            assert {numbers[key] for key in export.ids} == {number_of(host.ordinary)}
            assert _planned_figures(export) in seen, "another plan was shown"

    @promised
    def test_nothing_is_sent_while_a_gap_is_open(self, host: ExportHostDriver) -> None:
        missing = Text("Konto saknas.", "An account is missing.")
        host.plugin.gaps = lambda items: [
            Gap("ACCOUNT_UNKNOWN", missing, [_id_of(host.ordinary, items)])
        ]
        with suppress(Exception):
            host.export(host.ordinary, host.euros)
        assert [export.ids for export in host.plugin.exports if export.ids] == []
        host.export(host.euros)
        assert _sent(host) == {number_of(host.euros)}

    @promised
    def test_an_intent_is_stored_before_it_is_acknowledged_and_so_is_a_result(
        self, host: ExportHostDriver
    ) -> None:
        def send(run: Any, item: Any) -> None:
            hand_over(run, "opter_take_intents", item_ids=[item.id])
            killed.append(host.after_kill())
            hand_over(run, "opter_take_results", results=[result(item)])
            killed.append(host.after_kill())

        killed: list[ExportHostDriver] = []
        host.plugin.send = send  # type: ignore[method-assign]
        host.export(host.ordinary)
        with_intent, with_result = killed
        assert with_intent.item(host.ordinary).intended
        assert _counts_as_sent(with_result, host.ordinary)
        assert with_result.outcomes()[number_of(host.ordinary)].state == "sent"

    @promised
    def test_an_item_keeps_its_id_for_ever(self, host: ExportHostDriver) -> None:
        first = _ids(host)
        assert len(set(first.values())) == len(host.samples.everything)
        host.export(host.ordinary)
        host.load(host.samples.earlier, *map(changed, host.samples.everything))
        again = _ids(host.after_kill())
        assert {number: again[number] for number in first} == first

    @promised
    def test_an_item_whose_result_is_unknown_is_given_again(self, host: ExportHostDriver) -> None:
        def fail(_item: Any) -> ItemResult:
            raise PluginFailure

        host.plugin.result = fail
        with pytest.raises(PluginFailure):
            host.export(host.ordinary)
        assert host.item(host.ordinary).intended
        host.plugin.result = lambda item: result(item, "unknown")
        host.export(host.ordinary)
        assert host.item(host.ordinary).intended
        host.plugin.result = lambda item: result(item, complete=False)
        host.export(host.ordinary)
        assert host.item(host.ordinary).exported
        host.plugin.result = result
        host.export(host.ordinary)
        assert _counts_as_sent(host, host.ordinary)

    @promised
    def test_an_item_that_was_sent_is_not_given_again_as_new(self, host: ExportHostDriver) -> None:
        states = {number_of(host.ordinary): "sent", number_of(host.euros): "adopted"}
        host.plugin.result = lambda item: result(item, states[number_of(item.content)])
        host.export(host.ordinary, host.euros)
        for content in (host.ordinary, host.euros):
            assert _counts_as_sent(host, content)
            host.load(changed(content))
            again = host.item(content)
            assert (again.exported, again.number) == (True, f"F{number_of(content)}")
            assert total(again.content) == total(changed(content))

    def test_an_item_that_was_refused_is_given_again_as_new(self, host: ExportHostDriver) -> None:
        words = Text("Kontot saknas.", "The account is missing.")
        host.plugin.result = lambda item: result(
            item, "refused", code="ACCOUNT_UNKNOWN", message=words
        )
        host.export(host.ordinary)
        again = host.item(host.ordinary)
        assert (again.exported, again.intended) == (False, False)

    def test_an_error_ends_the_export_and_what_was_sent_before_stays(
        self, host: ExportHostDriver
    ) -> None:
        def fail_at_the_second(item: Any) -> ItemResult:
            sent.append(item.content)
            if len(sent) == 2:
                raise PluginFailure
            return result(item)

        sent: list[Any] = []
        host.plugin.result = fail_at_the_second
        with pytest.raises(PluginFailure):
            host.export(host.ordinary, host.euros)
        first, second = sent
        assert _counts_as_sent(host, first)
        assert host.item(second).intended

    @promised
    def test_two_exports_of_one_company_never_run_concurrently(
        self, host: ExportHostDriver
    ) -> None:
        def export_concurrently(exported: Exported) -> None:
            host.plugin.read(exported)
            # For the other exports, if the host lets them start.
            host.plugin.script = None
            refused.extend(host.refuses(definition) for definition in "AB")

        refused: list[bool] = []
        host.export(host.ordinary)
        host.export(host.euros, definition="B")
        before = len(host.plugin.exports)
        host.plugin.script = export_concurrently
        host.export()
        assert (refused, len(host.plugin.exports)) == ([True, True], before + 1)

    @promised
    def test_another_company_is_refused(self, host: ExportHostDriver) -> None:
        host.export(host.ordinary)
        assert host.during_export(lambda run: run.company.number) == COMPANY.number
        host.plugin.company = OTHER_COMPANY
        with pytest.raises(Exception):  # noqa: B017, PT011 each host has its own
            host.export(host.euros)
        assert _sent(host) == {number_of(host.ordinary)}

    @promised
    def test_amounts_stay_exact(self, host: ExportHostDriver) -> None:
        def decide(preview: ExportPreview) -> list[str]:
            shown.update({item.item_number: item.total for item in preview.items})
            return list(shown)

        shown: dict[str, Decimal] = {}
        host.load(host.samples.exact)
        everything = (*host.samples.everything, host.samples.exact)
        items = host.given()
        expected = {number_of(content): total(content) for content in everything}
        assert problems(ExportItem, *items.values()) == []
        assert {number: total(item.content) for number, item in items.items()} == expected
        rate = items[number_of(host.euros)].content.exchange_rate
        assert rate == host.euros.exchange_rate
        host.review(decide)
        assert shown == expected
        assert {number: outcome.total for number, outcome in host.outcomes().items()} == expected

    @promised
    def test_a_plug_in_s_words_are_shown(self, host: ExportHostDriver) -> None:
        def plan(item: Any) -> Any:
            return planned(item, code="NOTED", message=words, differences=[due])

        def gaps(items: Any) -> list[Gap]:
            return [Gap("COST_CENTER_UNKNOWN", missing, [_id_of(host.euros, items)])]

        def decide(preview: ExportPreview) -> list[str]:
            shown.append(preview)
            return [number_of(host.samples.negative)]

        words, missing = Text("Hör av er.", "Call us."), Text("Lägg upp 12.", "Add 12.")
        refused, due = Text("Den är låst.", "It is locked."), Difference("DueDate", "1/2", "3/4")
        remark = Text("Samma nummer finns.", "The number exists.")
        shown: list[ExportPreview] = []
        host.plugin.plan, host.plugin.gaps = plan, gaps
        host.plugin.cards = [PlannedCard("1042", "update", [due], remark)]
        host.plugin.result = lambda item: result(
            item, "refused", code="PERIOD_LOCKED", message=refused
        )
        cards = getattr(host.review(decide).run.hook, "opter_take_planned_cards", None)
        for item in shown[-1].items:
            assert _contains(item.text, "NOTED", words, *_difference_parts(due))
        assert _contains(shown[-1].text, "COST_CENTER_UNKNOWN", missing)
        assert not cards or _contains(shown[-1].text, "1042", remark, *_difference_parts(due))
        outcome = host.outcomes()[number_of(host.samples.negative)]
        assert outcome.state == "refused"
        assert _contains(outcome.text, "PERIOD_LOCKED", refused)


class ExportHostCancels(ExportHostSuite):
    """The host lets a person take back exported items."""

    def test_an_item_is_taken_back_with_what_is_known_of_it(self, host: ExportHostDriver) -> None:
        def cancel(item: Any) -> ItemResult:
            items.append(item)
            return result(item, "cancelled")

        items: list[Any] = []
        host.plugin.cancelled = cancel
        host.export(host.ordinary)
        host.under_test.cancel("A", number_of(host.ordinary))
        [item] = items
        assert problems(ExportItem, item) == []
        assert (item.exported, item.number) == (True, f"F{number_of(host.ordinary)}")
        assert host.outcomes()[number_of(host.ordinary)].state == "cancelled"

    def test_an_item_that_cannot_be_taken_back_stays_exported(self, host: ExportHostDriver) -> None:
        def fail(_item: Any) -> ItemResult:
            raise PluginFailure

        host.plugin.cancelled = fail
        host.export(host.ordinary)
        with pytest.raises(PluginFailure):
            host.under_test.cancel("A", number_of(host.ordinary))
        number = number_of(host.ordinary)
        assert host.outcomes()[number].number == f"F{number}"
        again = host.given().get(number)
        assert again is None or again.exported


class ExportHostConfirmsBankChanges(ExportHostSuite):
    """A person can confirm changes of a supplier's bank details."""

    @promised
    def test_a_bank_change_is_confirmed_by_a_person(self, host: ExportHostDriver) -> None:
        def plan(item: Any) -> Any:
            waits = number_of(item.content) == number_of(host.ordinary)
            return planned(item, state="waiting" if waits else "ready")

        def export(*changes: BankChange, send: Collection[Any] = ()) -> list[Any]:
            """Export with these changes, and return which of them the host returns as confirmed."""

            def decide(preview: ExportPreview) -> set[str]:
                shown.append(preview.text)
                return set(map(number_of, send))

            host.plugin.bank_changes = changes
            with suppress(Exception):
                host.review(decide)
            return [_as_dict(change, first) for change in host.plugin.exports[-1].confirmed]

        shown: list[str] = []
        ours, other = party_number_of(host.ordinary), party_number_of(host.euros)
        first, others = BankChange(ours, "BG", "11-1", "22-2"), BankChange(other, "PG", "33-3", "")
        later, both = replace(first, theirs="44-4"), (host.ordinary, host.euros)
        words = Text("Kontot saknas.", "The account is missing.")
        host.plugin.plan = plan
        # Refused, so that it is new in each export.
        host.plugin.result = lambda item: result(
            item, "refused", code="ACCOUNT_UNKNOWN", message=words
        )
        assert not export(first, others, send=both), "nobody confirmed any"
        export(first, others)
        assert _contains(shown[-1], ours, "BG", "11-1", "22-2", other, "PG", "33-3")
        host.under_test.confirm_bank("A", ours)
        assert not export(later, others, send=both), "other values were confirmed"
        export(later, others)
        host.under_test.confirm_bank("A", ours)
        assert not export(later, others, send=[host.euros]), "it was not asked for"
        assert export(later, others, send=both) == [_as_dict(later, later)], "one was confirmed"
        assert not export(later, others, send=both), "it was given already"


def _ids(host: ExportHostDriver) -> dict[str, str]:
    return {number: item.id for number, item in host.given().items()}


def _sent(host: ExportHostDriver) -> set[str]:
    """Return the numbers of the items that the reviews returned."""
    return {
        number_of(item.content)
        for export in host.plugin.exports
        for item in export.items
        if item.id in export.ids
    }


def _id_of(content: Any, items: Sequence[Any]) -> str:
    """Return the id of an invoice or a bill among items."""
    ids: list[str] = [item.id for item in items if number_of(item.content) == number_of(content)]
    return ids[0]


def _counts_as_sent(host: ExportHostDriver, content: Any) -> bool:
    again = host.given().get(number_of(content))
    return again is None or (again.exported and not again.intended)


def _figures(preview: ExportPreview) -> list[tuple[Any, ...]]:
    return sorted(tuple(item[:-1]) for item in preview.items)


def _planned_figures(exported: Exported) -> list[tuple[Any, ...]]:
    numbers = {item.id: number_of(item.content) for item in exported.items}
    return sorted(
        (numbers[item.id], item.state, item.action, item.total, item.other_total, item.currency)
        for item in exported.planned
    )


def _difference_parts(difference: Difference) -> tuple[str, str, str]:
    return difference.field, difference.ours, difference.theirs


def _contains(text: str, *expected: str | Text) -> bool:
    """Return whether a text contains all phrases, translated ones in at least one language."""
    missing = [
        phrase
        for phrase in expected
        if not any(word in text for word in (phrase if isinstance(phrase, Text) else (phrase,)))
    ]
    assert missing == [], f"{text!r} does not say it"
    return True


def _as_dict(value: Any, like: Any) -> Any:
    """Return the attributes of a value that the contract's class has: it may be the host's own."""
    if isinstance(like, list | tuple):
        return [_as_dict(item, like[0]) for item in value]
    if not is_dataclass(like):
        return value
    return {
        field.name: _as_dict(getattr(value, field.name, field.default), getattr(like, field.name))
        for field in fields(like)
    }
