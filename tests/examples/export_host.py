"""The smallest host that exports: it keeps invoices, and what became of each.

To be copied. ``stored`` is what a real host has on disk; all else is gone after a kill.
"""

import contextlib
import copy
import itertools
import threading
from dataclasses import dataclass, field, replace

import pluggy

from opter_contract import BATCH, PROJECT, hookimpl
from opter_contract.conformance.export_host_under_test import (
    ExportOutcome,
    ExportPreview,
    PreviewedItem,
)
from opter_contract.export_values import ExportItem
from opter_contract.values import Run


@dataclass
class Stored:
    items: dict = field(default_factory=dict)
    results: dict = field(default_factory=dict)
    changed: set = field(default_factory=set)
    types: dict = field(default_factory=dict)
    companies: dict = field(default_factory=dict)
    state: dict = field(default_factory=dict)


@dataclass
class Plan:
    """What a plug-in handed over in one export, and the person who reviews it."""

    decide: object
    items: list = field(default_factory=list)
    cards: list = field(default_factory=list)
    gaps: list = field(default_factory=list)


class Refused(Exception):
    """The host does not export that now."""


class ExportHost:
    """Answers the hooks, and is its own adapter for the conformance suite."""

    def __init__(self, stored=None):
        self.stored = stored or Stored()
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.register(self)
        self.exporting, self.ids, self.plans = threading.Lock(), itertools.count(), {}
        self.locks = {}

    # --- What a person does ---

    def register(self, plugin):
        self.manager.register(plugin)

    def load(self, invoices):
        """Take invoices; one that was exported is then changed at the next export."""
        for one in invoices:
            key = self.id_of(one)
            item = self.stored.items.setdefault(key, ExportItem(key, one))
            if item.invoice != one:
                self.stored.items[key] = replace(item, invoice=one)
                self.stored.changed.add(key)

    def id_of(self, invoice):
        return f"{invoice.region}/{invoice.invoice_number}"

    def export(self, export_type, definition, decide):
        with self.exclusive(definition):
            self.stored.types[definition] = export_type
            run = self.new_run(definition)
            self.plans[run.id] = Plan(decide)
            self.manager.hook.opter_export(run=run)

    def cancel(self, definition, invoice):
        with self.exclusive(definition):
            [item] = [
                one for one in self.stored.items.values() if one.invoice.invoice_number == invoice
            ]
            run = self.new_run(definition)
            answers = self.manager.hook.opter_cancel_exported(run=run, item=item)
            self.opter_take_results(answers)

    def new_run(self, definition):
        return Run(
            id=str(next(self.ids)), hook=self.manager.hook, definition=definition,
            type_code=self.stored.types[definition], format="", settings={}, subject="invoices",
            company=self.stored.companies.get(definition),
        )  # fmt: skip

    @contextlib.contextmanager
    def exclusive(self, definition):
        """One export at a time, whatever the company: before the first, it is not known."""
        if not self.exporting.acquire(blocking=False):
            raise Refused(f"another export is running beside {definition}")
        try:
            yield
        finally:
            self.exporting.release()

    def outcomes(self):
        return [
            ExportOutcome(
                self.stored.items[key].invoice.invoice_number, one.state, one.number, one.total,
                self.text(one),
            )
            for key, one in self.stored.results.items()
        ]  # fmt: skip

    def after_kill(self):
        return type(self)(copy.deepcopy(self.stored))

    # --- What a plug-in asks for ---

    @hookimpl
    def opter_items_to_export(self, after):
        keys = sorted(key for key in self.stored.items if key > after and not self.is_done(key))
        return [self.stored.items[key] for key in keys[:BATCH]]

    def is_done(self, key):
        result = self.stored.results.get(key)
        sent = result is not None and self.is_there(result) and result.complete
        return sent and key not in self.stored.changed

    def is_there(self, result):
        return result.state in {"sent", "adopted", "unchanged", "booked", "cancelled"}

    @hookimpl
    def opter_take_planned_items(self, run, items):
        self.plans[run.id].items.extend(items)
        return len(items)

    @hookimpl
    def opter_take_planned_cards(self, run, cards):
        self.plans[run.id].cards.extend(cards)
        return len(cards)

    @hookimpl
    def opter_take_gaps(self, run, gaps):
        self.plans[run.id].gaps.extend(gaps)
        return len(gaps)

    @hookimpl
    def opter_review_export(self, run, company):
        if run.company is not None and run.company.number != company.number:
            raise Refused(f"{company.number} is another company than {run.company.number}")
        plan = self.plans[run.id]
        numbers = plan.decide(self.preview(plan))
        chosen = {
            one.id
            for one in plan.items
            if self.stored.items[one.id].invoice.invoice_number in numbers
        }
        if any(self.is_open(gap, chosen) for gap in plan.gaps):
            return ()
        if chosen:
            self.stored.companies[run.definition] = company
        return chosen

    def is_open(self, gap, chosen):
        return not chosen.isdisjoint(gap.ids)

    @hookimpl
    def opter_take_intents(self, item_ids):
        for key in item_ids:
            self.stored.items[key] = replace(self.stored.items[key], intended=True)
        return len(item_ids)

    @hookimpl
    def opter_take_results(self, results):
        for one in results:
            self.stored.results[one.id] = one
            if one.state != "unknown":
                item, there = self.stored.items[one.id], self.is_there(one)
                self.stored.items[one.id] = replace(
                    item,
                    intended=False,
                    exported=item.exported or there,
                    number=one.number or item.number,
                )
                self.stored.changed -= {one.id} if there else set()
        return len(results)

    @hookimpl
    def opter_get_state(self, run, key):
        return self.stored.state.get((run.type_code, key))

    @hookimpl
    def opter_set_state(self, run, key, value):
        self.stored.state[run.type_code, key] = value
        return True

    @hookimpl
    def opter_lock(self, key, timeout):
        return self.locked(self.locks.setdefault(key, threading.Lock()), timeout)

    @contextlib.contextmanager
    def locked(self, lock, timeout):
        acquired = lock.acquire(timeout=timeout)
        try:
            yield acquired
        finally:
            if acquired:
                lock.release()

    # --- What a person reads ---

    def preview(self, plan):
        items = [
            PreviewedItem(
                self.stored.items[one.id].invoice.invoice_number, one.state, one.action, one.total,
                one.other_total, one.currency, self.text(one),
            )
            for one in plan.items
        ]  # fmt: skip
        return ExportPreview(items, "\n".join(map(self.text, [*plan.gaps, *plan.cards])))

    def text(self, one):
        """Write whatever words a plug-in gave with a value."""
        words = [getattr(one, "code", ""), *(getattr(one, "message", None) or ())]
        differences = getattr(one, "differences", ())
        changes = [f"{of.field}: {of.ours} / {of.theirs}" for of in differences]
        return " ".join([getattr(one, "number", ""), *words, *changes])
