"""The adapter that connects a host to the suite of exports, and helpers of its tests.

Write a thin adapter, an :class:`ExportHostUnderTest`: it does what a person would do (load
invoices or bills, export, decide), and returns what a person would read. Return amounts as the
host has them, and convert nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol

import pytest

from opter_contract import BATCH, hookimpl
from opter_contract.conformance.host_under_test import (
    COMPANY,
    OTHER_TYPE,
    TEXT,
    TYPE,
    ScriptedPlugin,
    assert_money,
)
from opter_contract.conformance.samples import (
    SAMPLES,
    number_of,
    party_number_of,
    total,
)
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

_TIMEOUT: Final = 5  # seconds to wait for another thread


class PreviewedItem(NamedTuple):
    """An invoice or a bill in the preview of an export, as a person sees it."""

    item_number: str
    state: str
    action: str
    total: Decimal
    other_total: Decimal | None
    currency: str
    text: str = ""
    """Code, message (in one language at least) and differences."""


class ExportPreview(NamedTuple):
    """The preview that a person sees before anything is sent."""

    items: Sequence[PreviewedItem]
    text: str = ""
    """The text about gaps, customers or suppliers, and bank details."""


class ExportOutcome(NamedTuple):
    """The result of an invoice or a bill, as a person reads it afterwards."""

    item_number: str
    state: str
    number: str
    """In the other system; ``""`` if it has none."""
    total: Decimal | None
    text: str = ""
    """Code, and message in one language at least."""


#: A person's decision: takes a preview, and returns the numbers to send.
Decide = Callable[[ExportPreview], Collection[str]]


class ExportHostUnderTest(Protocol):
    """A host without invoices or bills, as the suite uses it.

    Omit what only a class needs that your host does not claim.
    """

    def register(self, plugin: object) -> None:
        """Register a plug-in, as if it were installed."""

    def load(self, several: Sequence[Any]) -> object:
        """Load invoices, or bills, in a closed period, replacing those with the same numbers.

        They are of the ``subject`` of the test class, as is the definition of an export.
        """

    def export(self, export_type: str, definition: str, decide: Decide) -> object:
        """Export as a person would, and raise the error that ended it.

        A definition of that name and type, without settings, is created first if there is none.
        """

    def outcomes(self) -> Sequence[ExportOutcome]:
        """Return the latest result of each item that has one."""

    def cancel(self, definition: str, number: str) -> object:
        """Take back an invoice or a bill, by its number, and raise the error that ended that.

        For :class:`.export_hosts.ExportHostCancels`.
        """

    def confirm_bank(self, definition: str, party_number: str) -> object:
        """Confirm the bank changes of a party that a person was shown last.

        For :class:`.export_hosts.ExportHostConfirmsBankChanges`.
        """

    def after_kill(self) -> ExportHostUnderTest:
        """Return another host, without plug-ins, with the data stored at this moment.

        It is called while an export runs: later writes of the first host do not count.
        """


# --- Data of the suite's plug-in ------------------------------------------


@dataclass(eq=False)
class Exported:
    """The record of one call of ``opter_export``."""

    run: Any
    batches: list[Sequence[Any]] = field(default_factory=list)
    planned: list[PlannedItem] = field(default_factory=list)
    ids: frozenset[str] = frozenset()
    """The ids that the review returned."""
    confirmed: Sequence[BankChange] = ()

    @property
    def items(self) -> list[Any]:
        return [item for batch in self.batches for item in batch]


def planned(item: Any, **more: Any) -> PlannedItem:
    """Return a plan to create an item."""
    amount = total(item.content)
    values: dict[str, Any] = {
        "id": item.id,
        "state": "ready",
        "action": "create",
        "party_number": party_number_of(item.content),
        "total": amount,
        "other_total": amount,
        "currency": item.content.currency,
    }
    return PlannedItem(**values | more)


def result(item: Any, state: str = "sent", **more: Any) -> ItemResult:
    """Return a result, with a number if its state implies that the item exists there."""
    there = state in {"sent", "adopted", "unchanged", "booked"}
    number = f"F{number_of(item.content)}" if there else ""
    values: dict[str, Any] = {"number": number, "total": total(item.content) if there else None}
    return ItemResult(item.id, state, **values | more)


def hand_over(run: Any, hook: str, **batch: Sequence[Any]) -> None:
    """Hand over in batches, each acknowledged."""
    [(name, values)] = batch.items()
    for start in range(0, len(values), BATCH):
        part = values[start : start + BATCH]
        answers = getattr(run.hook, hook)(run=run, **{name: part})
        assert answers == [len(part)], f"{hook} acknowledged {answers} of {len(part)}"


@dataclass(eq=False)
class ScriptedExportPlugin:
    """A plug-in whose export is defined by the test; a script is followed by the review."""

    subject: str
    company: Any = COMPANY
    plan: Callable[[Any], PlannedItem] = planned
    cards: Sequence[PlannedCard] = ()
    bank_changes: Sequence[BankChange] = ()
    gaps: Callable[[Sequence[Any]], Sequence[Gap]] = lambda _items: ()
    result: Callable[[Any], ItemResult] = result
    script: Callable[[Exported], object] | None = None
    cancelled: Callable[[Any], ItemResult] = lambda item: result(item, "cancelled")
    exports: list[Exported] = field(default_factory=list)

    opter_settings_fields = ScriptedPlugin.opter_settings_fields
    opter_check_settings = ScriptedPlugin.opter_check_settings

    @hookimpl
    def opter_export_types(self) -> Sequence[ExportType]:
        return [ExportType(code, self.subject, TEXT) for code in (TYPE, OTHER_TYPE)]

    @hookimpl
    def opter_export(self, run: Any) -> ExportReport:
        self.exports.append(exported := Exported(run))
        if self.script is None:
            self.transfer(exported)
        else:
            self.script(exported)
            self.review(exported)
        return ExportReport(self.company, requests=0)

    @hookimpl
    def opter_cancel_exported(self, item: Any) -> ItemResult:
        return self.cancelled(item)

    def transfer(self, exported: Exported) -> None:
        """Plan all items, and send those that the review returns."""
        run = exported.run
        self.read(exported)
        exported.planned = list(map(self.plan, exported.items))
        hand_over(run, "opter_take_planned_items", items=exported.planned)
        if self.cards and getattr(run.hook, "opter_take_planned_cards", None):
            run.hook.opter_take_planned_cards(run=run, cards=self.cards)
        if self.bank_changes:
            hand_over(run, "opter_take_bank_changes", changes=self.bank_changes)
        hand_over(run, "opter_take_gaps", gaps=self.gaps(exported.items))
        self.review(exported)
        parties = {item.party_number for item in exported.planned if item.id in exported.ids}
        if parties and self.bank_changes:
            [exported.confirmed] = run.hook.opter_confirmed_bank_changes(
                run=run, party_numbers=sorted(parties)
            )
        for item in exported.items:
            if item.id in exported.ids:
                self.send(run, item)

    def review(self, exported: Exported) -> None:
        run = exported.run
        answers = run.hook.opter_review_export(run=run, company=self.company, timeout=60.0)
        [ids] = answers or [()]
        exported.ids = frozenset(ids)

    def read(self, exported: Exported) -> None:
        run, after = exported.run, ""
        while True:
            [batch] = run.hook.opter_items_to_export(run=run, after=after)
            if not batch:
                return
            assert len(batch) <= BATCH, f"{len(batch)} items in one batch"
            assert batch[-1].id != after, "the same batch again"
            exported.batches.append(batch)
            after = batch[-1].id

    def send(self, run: Any, item: Any) -> None:
        hand_over(run, "opter_take_intents", item_ids=[item.id])
        hand_over(run, "opter_take_results", results=[self.result(item)])


class ExportHostDriver:
    """A host with the scripted plug-in; amounts and duplicates are checked when it is read."""

    def __init__(self, host: ExportHostUnderTest, subject: str) -> None:
        self.under_test = host
        self.subject = subject
        self.samples = SAMPLES[subject]
        self.ordinary, self.euros = self.samples.ordinary, self.samples.euros
        self.plugin = ScriptedExportPlugin(subject)
        host.register(self.plugin)

    def load(self, *contents: Any) -> None:
        self.under_test.load(contents)

    def after_kill(self) -> ExportHostDriver:
        return ExportHostDriver(self.under_test.after_kill(), self.subject)

    # --- Actions of a person ---

    def review(self, decide: Decide, definition: str = "A", export_type: str = TYPE) -> Exported:
        """Export, and return the record of the plug-in's last call."""

        def checked(preview: ExportPreview) -> Collection[str]:
            for item in preview.items:
                totals = [item.total] + [item.other_total] * (item.other_total is not None)
                assert_money(item.item_number, *totals)
            return decide(preview)

        self.under_test.export(export_type, definition, checked)
        return self.plugin.exports[-1]

    def export(self, *contents: Any, definition: str = "A") -> Exported:
        """Export, and send those of these items that are shown."""
        numbers = set(map(number_of, contents))
        return self.review(
            lambda preview: numbers & {item.item_number for item in preview.items}, definition
        )

    def during_export(
        self, script: Callable[[Any], object], definition: str = "A", export_type: str = TYPE
    ) -> Any:
        """Export nothing, and return the result of a script that is called with the run."""
        results: list[Any] = []
        self.plugin.script = lambda exported: results.append(script(exported.run))
        self.review(lambda _preview: (), definition, export_type)
        self.plugin.script = None
        return results[0]

    #: So that the classes of :mod:`.hosts` for state, secrets and locks test an export host, too.
    during_import = during_export

    def refuses(self, definition: str) -> bool:
        """Return whether an export in another thread fails instead of waiting."""
        errors: list[Exception] = []

        def export() -> None:
            try:
                self.under_test.export(TYPE, definition, lambda _preview: ())
            except Exception as error:  # noqa: BLE001 each host has its own
                errors.append(error)

        thread = threading.Thread(target=export, daemon=True)
        thread.start()
        thread.join(_TIMEOUT)
        return bool(errors)

    # --- Items and results ---

    def given(self) -> Mapping[str, ExportItem]:
        """Return the items of an export that sends nothing, by number."""
        items = self.export().items
        items_by_number = {number_of(item.content): item for item in items}
        assert len(items_by_number) == len(items), "an item is given twice"
        return items_by_number

    def item(self, content: Any) -> ExportItem:
        """Return the item of an invoice or a bill, which must be offered."""
        items_by_number, number = self.given(), number_of(content)
        assert number in items_by_number, f"{number} is not given again"
        return items_by_number[number]

    def outcomes(self) -> Mapping[str, ExportOutcome]:
        outcomes = {outcome.item_number: outcome for outcome in self.under_test.outcomes()}
        for outcome in outcomes.values():
            if outcome.total is not None:
                assert_money(outcome.item_number, outcome.total)
        return outcomes


class ExportHostSuite:
    """The fixtures of the suite."""

    #: The subject of the export: a host that also exports bills runs the suite once more for them.
    subject = "invoices"

    @pytest.fixture
    def host_under_test(self) -> ExportHostUnderTest:
        pytest.fail("override the fixture host_under_test")

    @pytest.fixture
    def host(self, host_under_test: ExportHostUnderTest) -> ExportHostDriver:
        host = ExportHostDriver(host_under_test, self.subject)
        host.load(*host.samples.everything)
        return host
