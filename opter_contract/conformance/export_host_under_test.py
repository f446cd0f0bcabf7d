"""How a host's author adapts the host to the suite of exports, and what its tests work with.

Write a thin adapter, an :class:`ExportHostUnderTest`: it does what a person would do (load
invoices, export, decide), and reports what a person would read. Return amounts as the host has
them, and convert nothing.
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
from opter_contract.conformance.sample_invoices import INVOICES, total
from opter_contract.export_values import (
    ExportItem,
    ExportReport,
    ExportType,
    Gap,
    Invoice,
    ItemResult,
    PlannedCard,
    PlannedItem,
)

_TIMEOUT: Final = 5  # seconds to wait for another thread


class PreviewedItem(NamedTuple):
    """An invoice in the preview of an export, as a person sees it."""

    invoice_number: str
    state: str
    action: str
    total: Decimal
    other_total: Decimal | None
    currency: str
    text: str = ""
    """Code, message (in one language at least) and differences."""


class ExportPreview(NamedTuple):
    """What a person is shown before anything is sent."""

    items: Sequence[PreviewedItem]
    text: str = ""
    """What is said of gaps and of customers."""


class ExportOutcome(NamedTuple):
    """What became of an invoice, as a person reads it afterwards."""

    invoice_number: str
    state: str
    number: str
    """In the other system; ``""`` where it has none."""
    total: Decimal | None
    text: str = ""
    """Code, and message in one language at least."""


#: A person: is shown a preview, and returns the numbers of the invoices to send.
Decide = Callable[[ExportPreview], Collection[str]]


class ExportHostUnderTest(Protocol):
    """A host without invoices, as the suite uses it.

    Omit what only a class needs that your host does not claim.
    """

    def register(self, plugin: object) -> None:
        """Register a plug-in, as if it were installed."""

    def load(self, invoices: Sequence[Invoice]) -> object:
        """Give the host invoices, in a closed period; a number that it has is replaced."""

    def export(self, export_type: str, definition: str, decide: Decide) -> object:
        """Export as a person would, and raise what ended it.

        A definition of that name and type, without settings, is created first if there is none.
        """

    def outcomes(self) -> Sequence[ExportOutcome]:
        """Return what became of each invoice of which something was told, at last."""

    def cancel(self, definition: str, invoice: str) -> object:
        """Take back an invoice, by its number, and raise what ended that.

        For :class:`.export_hosts.ExportHostCancels`.
        """

    def after_kill(self) -> ExportHostUnderTest:
        """Return another host, without plug-ins, that has what is stored at this moment.

        It is called while an export runs: what the first host would still store does not count.
        """


# --- What the suite's plug-in hands over ------------------------------------------


@dataclass(eq=False)
class Exported:
    """What happened in one call of ``opter_export``."""

    run: Any
    batches: list[Sequence[Any]] = field(default_factory=list)
    planned: list[PlannedItem] = field(default_factory=list)
    ids: frozenset[str] = frozenset()
    """What the review returned."""

    @property
    def items(self) -> list[Any]:
        return [one for batch in self.batches for one in batch]


def planned(item: Any, **more: Any) -> PlannedItem:
    """Plan to create an item."""
    amount = total(item.invoice)
    values: dict[str, Any] = {
        "id": item.id,
        "state": "ready",
        "action": "create",
        "customer_number": item.invoice.customer.ledger_number,
        "total": amount,
        "other_total": amount,
        "currency": item.invoice.currency,
    }
    return PlannedItem(**values | more)


def result(item: Any, state: str = "sent", **more: Any) -> ItemResult:
    """Make a result with a number there, except of what is not there."""
    there = state in {"sent", "adopted", "unchanged", "booked"}
    number = f"F{item.invoice.invoice_number}" if there else ""
    values: dict[str, Any] = {"number": number, "total": total(item.invoice) if there else None}
    return ItemResult(item.id, state, **values | more)


def hand_over(run: Any, hook: str, **batch: Sequence[Any]) -> None:
    """Hand over in batches, each acknowledged."""
    [(name, several)] = batch.items()
    for start in range(0, len(several), BATCH):
        part = several[start : start + BATCH]
        answers = getattr(run.hook, hook)(run=run, **{name: part})
        assert answers == [len(part)], f"{hook} acknowledged {answers} of {len(part)}"


@dataclass(eq=False)
class ScriptedExportPlugin:
    """A plug-in whose export does what the test wants; a script is followed by the review."""

    company: Any = COMPANY
    plan: Callable[[Any], PlannedItem] = planned
    cards: Sequence[PlannedCard] = ()
    gaps: Callable[[Sequence[Any]], Sequence[Gap]] = lambda _items: ()
    result: Callable[[Any], ItemResult] = result
    script: Callable[[Exported], object] | None = None
    cancelled: Callable[[Any], ItemResult] = lambda item: result(item, "cancelled")
    exports: list[Exported] = field(default_factory=list)

    opter_settings_fields = ScriptedPlugin.opter_settings_fields
    opter_check_settings = ScriptedPlugin.opter_check_settings

    @hookimpl
    def opter_export_types(self) -> Sequence[ExportType]:
        return [ExportType(code, "invoices", TEXT) for code in (TYPE, OTHER_TYPE)]

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
        """Plan all, and send what the review returns."""
        run = exported.run
        self.read(exported)
        exported.planned = list(map(self.plan, exported.items))
        hand_over(run, "opter_take_planned_items", items=exported.planned)
        if self.cards and getattr(run.hook, "opter_take_planned_cards", None):
            run.hook.opter_take_planned_cards(run=run, cards=self.cards)
        hand_over(run, "opter_take_gaps", gaps=self.gaps(exported.items))
        self.review(exported)
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
    """A host with the scripted plug-in; what is read from it is checked to be money, and once."""

    def __init__(self, host: ExportHostUnderTest) -> None:
        self.under_test = host
        self.plugin = ScriptedExportPlugin()
        host.register(self.plugin)

    def load(self, *invoices: Invoice) -> None:
        self.under_test.load(invoices)

    def after_kill(self) -> ExportHostDriver:
        return ExportHostDriver(self.under_test.after_kill())

    # --- What a person does ---

    def review(self, decide: Decide, definition: str = "A", export_type: str = TYPE) -> Exported:
        """Export, and return the last call of the plug-in."""

        def checked(preview: ExportPreview) -> Collection[str]:
            for one in preview.items:
                totals = [one.total] + [one.other_total] * (one.other_total is not None)
                assert_money(f"invoice {one.invoice_number}", *totals)
            return decide(preview)

        self.under_test.export(export_type, definition, checked)
        return self.plugin.exports[-1]

    def export(self, *invoices: Invoice, definition: str = "A") -> Exported:
        """Export, and send these of what is shown; none where none is named."""
        numbers = {one.invoice_number for one in invoices}
        return self.review(
            lambda preview: numbers & {one.invoice_number for one in preview.items}, definition
        )

    def during_export(
        self, script: Callable[[Any], object], definition: str = "A", export_type: str = TYPE
    ) -> Any:
        """Export nothing, and return what the script returned that ran with the run."""
        results: list[Any] = []
        self.plugin.script = lambda exported: results.append(script(exported.run))
        self.review(lambda _preview: (), definition, export_type)
        self.plugin.script = None
        return results[0]

    #: So that the parts of :mod:`.hosts` for state, secrets and locks hold an export host too.
    during_import = during_export

    def refuses(self, definition: str) -> bool:
        """Say whether an export in another thread ends with an error, instead of waiting."""
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

    # --- What it gives and shows ---

    def given(self) -> Mapping[str, ExportItem]:
        """Return the items of an export in which nothing is sent, by invoice number."""
        items = self.export().items
        given = {one.invoice.invoice_number: one for one in items}
        assert len(given) == len(items), "an item is given twice"
        return given

    def item(self, one: Invoice) -> ExportItem:
        """Return the item of an invoice, which must be given."""
        given = self.given()
        assert one.invoice_number in given, f"invoice {one.invoice_number} is not given again"
        return given[one.invoice_number]

    def outcomes(self) -> Mapping[str, ExportOutcome]:
        outcomes = {one.invoice_number: one for one in self.under_test.outcomes()}
        for one in outcomes.values():
            if one.total is not None:
                assert_money(f"invoice {one.invoice_number}", one.total)
        return outcomes


class ExportHostSuite:
    """The fixtures of the suite."""

    @pytest.fixture
    def host_under_test(self) -> ExportHostUnderTest:
        pytest.fail("override the fixture host_under_test")

    @pytest.fixture
    def host(self, host_under_test: ExportHostUnderTest) -> ExportHostDriver:
        host = ExportHostDriver(host_under_test)
        host.load(*INVOICES)
        return host
