"""The smallest host that exports: it keeps invoices, or bills, and what became of each.

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
    confirmations: set = field(default_factory=set)
    state: dict = field(default_factory=dict)


@dataclass
class Plan:
    """What a plug-in handed over in one export, and the person who reviews it."""

    decide: object
    items: list = field(default_factory=list)
    cards: list = field(default_factory=list)
    bank_changes: list = field(default_factory=list)
    gaps: list = field(default_factory=list)


class Refused(Exception):
    """The host does not export that now."""


class ExportHost:
    """Answers the hooks, and is its own adapter for the conformance suite."""

    def __init__(self, stored=None, subject="invoices"):
        self.stored, self.subject = stored or Stored(), subject
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.register(self)
        self.exporting, self.ids, self.plans = threading.Lock(), itertools.count(), {}
        self.locks, self.shown = {}, {}

    # --- What a person does ---

    def register(self, plugin):
        self.manager.register(plugin)

    def load(self, several):
        """Take invoices or bills; one that was exported is then changed at the next export."""
        for one in several:
            key = self.id_of(one)
            item = self.stored.items.setdefault(key, ExportItem(key, one))
            if item.content != one:
                self.stored.items[key] = replace(item, content=one)
                self.stored.changed.add(key)

    def id_of(self, content):
        return f"{content.region}/{self.number_of(content)}"

    def number_of(self, content):
        return content.invoice_number if self.subject == "invoices" else content.bill_number

    def export(self, export_type, definition, decide):
        with self.exclusive(definition):
            self.stored.types[definition] = export_type
            run = self.new_run(definition)
            self.plans[run.id] = self.shown[definition] = Plan(decide)
            self.manager.hook.opter_export(run=run)

    def cancel(self, definition, number):
        with self.exclusive(definition):
            items = self.stored.items.values()
            [item] = [one for one in items if self.number_of(one.content) == number]
            run = self.new_run(definition)
            answers = self.manager.hook.opter_cancel_exported(run=run, item=item)
            self.opter_take_results(answers)

    def confirm_bank(self, definition, party_number):
        """Confirm what the last plan changes of a supplier, with these very values."""
        changes = self.shown[definition].bank_changes
        confirmed = {(definition, one) for one in changes if one.party_number == party_number}
        self.stored.confirmations.update(confirmed)

    def new_run(self, definition):
        return Run(
            id=str(next(self.ids)), hook=self.manager.hook, definition=definition,
            type_code=self.stored.types[definition], format="", settings={}, subject=self.subject,
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
                self.number_of(self.stored.items[key].content), one.state, one.number, one.total,
                self.text(one),
            )
            for key, one in self.stored.results.items()
        ]  # fmt: skip

    def after_kill(self):
        return type(self)(copy.deepcopy(self.stored), self.subject)

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
    def opter_take_bank_changes(self, run, changes):
        self.plans[run.id].bank_changes.extend(changes)
        return len(changes)

    @hookimpl
    def opter_confirmed_bank_changes(self, run, party_numbers):
        """Return a confirmation once, and of what this run would change alone."""
        changes = self.plans[run.id].bank_changes
        asked = {(run.definition, one) for one in changes if one.party_number in party_numbers}
        confirmed = asked & self.stored.confirmations
        self.stored.confirmations -= confirmed
        return [one for _, one in confirmed]

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
            if self.number_of(self.stored.items[one.id].content) in numbers
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
                self.number_of(self.stored.items[one.id].content), one.state, one.action,
                one.total, one.other_total, one.currency, self.text(one),
            )
            for one in plan.items
        ]  # fmt: skip
        words = map(self.text, [*plan.gaps, *plan.cards])
        changes = [f"{of.party_number} {self.change(of)}" for of in plan.bank_changes]
        return ExportPreview(items, "\n".join([*words, *changes]))

    def text(self, one):
        """Write whatever words a plug-in gave with a value."""
        words = [getattr(one, "code", ""), *(getattr(one, "message", None) or ())]
        changes = map(self.change, getattr(one, "differences", ()))
        return " ".join([getattr(one, "number", ""), *words, *changes])

    def change(self, one):
        return f"{one.field}: {one.ours} / {one.theirs}"
