"""Hosts that export with one fault each, and the test of the suite that must fail on it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from decimal import Decimal

from export_host import ExportHost, Plan, Refused

from opter_contract import hookimpl
from opter_contract.conformance.export_host_under_test import ExportPreview


def mutant(**changed):
    return type("Mutant", (ExportHost,), changed)


def giving(change):
    """Give each item with some change."""

    class Giving(ExportHost):
        @hookimpl
        def opter_items_to_export(self, after):
            return list(map(change, super().opter_items_to_export(after)))

    return Giving


def rounded(item):
    rows = [replace(one, net=Decimal(float(one.net))) for one in item.invoice.rows]
    return replace(item, invoice=replace(item.invoice, rows=rows))


def without_order(item):
    return replace(item, invoice=replace(item.invoice, order_number=""))


class FirstBatchAlone(ExportHost):
    @hookimpl
    def opter_items_to_export(self, after):
        return [] if after else super().opter_items_to_export(after)


class AllAtOnce(ExportHost):
    @hookimpl
    def opter_items_to_export(self, after):
        batch, several = super().opter_items_to_export(after), []
        while batch:
            several += batch
            batch = super().opter_items_to_export(batch[-1].id)
        return several


class WithoutSubject(ExportHost):
    def new_run(self, definition):
        return replace(super().new_run(definition), subject="")


class AcknowledgingNothing(ExportHost):
    @hookimpl
    def opter_take_gaps(self, run, gaps):
        super().opter_take_gaps(run, gaps)


class SendingUnseen(ExportHost):
    """Sends what it is told, whatever was shown: all of it."""

    @hookimpl
    def opter_review_export(self, run, company):
        super().opter_review_export(run, company)
        return {one.id for one in self.plans[run.id].items}


class ShowingAnOlderPlan(ExportHost):
    """Shows what an earlier export planned."""

    shown = None

    def preview(self, plan):
        self.shown = self.shown or super().preview(plan)
        return self.shown


class SendingDespiteGaps(ExportHost):
    def is_open(self, gap, chosen):
        return False


class SendingNothingWithAGap(ExportHost):
    """Also where a person left out the items that the gap concerns."""

    def is_open(self, gap, chosen):
        return True


class StoringWhenItEnds(ExportHost):
    """Keeps in memory what it acknowledged, until the export has ended."""

    def export(self, export_type, definition, decide):
        self.waiting = []
        try:
            super().export(export_type, definition, decide)
        finally:
            for take in self.waiting:
                take()


class StoringIntentsLate(StoringWhenItEnds):
    @hookimpl
    def opter_take_intents(self, item_ids):
        self.waiting.append(lambda: super(StoringIntentsLate, self).opter_take_intents(item_ids))
        return len(item_ids)


class StoringResultsLate(StoringWhenItEnds):
    @hookimpl
    def opter_take_results(self, results):
        self.waiting.append(lambda: super(StoringResultsLate, self).opter_take_results(results))
        return len(results)


class NumberingAnew(ExportHost):
    """Gives an item that was changed another id."""

    def load(self, invoices):
        for one in invoices:
            self.stored.items.pop(self.id_of(one), None)
        super().load(invoices)

    def id_of(self, invoice):
        return f"{invoice.region}/{invoice.invoice_number}/{len(invoice.rows)}"


class ForgettingIntents(ExportHost):
    """Forgets what was intended, where the export ends with an error."""

    def export(self, export_type, definition, decide):
        try:
            super().export(export_type, definition, decide)
        except Exception:
            for key, item in self.stored.items.items():
                self.stored.items[key] = replace(item, intended=False)
            raise


class UnknownIsRefused(ExportHost):
    @hookimpl
    def opter_take_results(self, results):
        return super().opter_take_results(
            [replace(one, state="refused") if one.state == "unknown" else one for one in results]
        )


class IncompleteIsDone(ExportHost):
    @hookimpl
    def opter_take_results(self, results):
        return super().opter_take_results([replace(one, complete=True) for one in results])


class RefusedIsExported(ExportHost):
    def is_there(self, result):
        return True


class ForgettingWhatWasSent(ExportHost):
    """Gives an item that was changed as a new one."""

    def load(self, invoices):
        for one in invoices:
            self.stored.items.pop(self.id_of(one), None)
            self.stored.results.pop(self.id_of(one), None)
        super().load(invoices)


class AdoptedIsNew(ExportHost):
    def is_there(self, result):
        return result.state == "sent"


class DiscardingFailedExports(ExportHost):
    """Takes back what was stored, where the export ends with an error."""

    def export(self, export_type, definition, decide):
        before = dict(self.stored.items)
        try:
            super().export(export_type, definition, decide)
        except Exception:
            self.stored.items.update(before)
            raise


class HidingErrors(ExportHost):
    def export(self, export_type, definition, decide):
        with contextlib.suppress(Exception):
            super().export(export_type, definition, decide)


class ManyAtATime(ExportHost):
    def exclusive(self, definition):
        return contextlib.nullcontext()


class OneOfADefinition(ExportHost):
    """Knows of definitions alone, and not that two are of one company."""

    def __init__(self, stored=None):
        super().__init__(stored)
        self.busy = set()

    @contextlib.contextmanager
    def exclusive(self, definition):
        if definition in self.busy:
            raise RuntimeError(definition)
        self.busy.add(definition)
        try:
            yield
        finally:
            self.busy.discard(definition)


class RefusingLate(ManyAtATime):
    """Refuses the second export only when its plug-in reads."""

    reading = None

    @hookimpl
    def opter_items_to_export(self, run, after):
        if self.reading not in {None, run.id}:
            raise Refused(run.id)
        self.reading = run.id
        return super().opter_items_to_export(after)

    def export(self, export_type, definition, decide):
        super().export(export_type, definition, decide)
        self.reading = None


class AnyCompany(ExportHost):
    @hookimpl
    def opter_review_export(self, run, company):
        return super().opter_review_export(replace(run, company=None), company)


class CancellingAsNew(ExportHost):
    """Says nothing of what it knows of an item."""

    def cancel(self, definition, invoice):
        for key, one in self.stored.items.items():
            self.stored.items[key] = replace(one, exported=False, number="")
        super().cancel(definition, invoice)


class CancellingInAdvance(ExportHost):
    """Forgets an item before the plug-in has answered."""

    def cancel(self, definition, invoice):
        self.stored.results.clear()
        super().cancel(definition, invoice)


class FloatsShown(ExportHost):
    def preview(self, plan):
        preview = super().preview(plan)
        items = [one._replace(total=Decimal(float(one.total))) for one in preview.items]
        return ExportPreview(items, preview.text)


class FloatsTold(ExportHost):
    def outcomes(self):
        return [one._replace(total=float(one.total or 0)) for one in super().outcomes()]


class Speechless(ExportHost):
    """Shows codes, and no messages."""

    def text(self, one):
        return getattr(one, "code", "")


class WithoutGapsShown(ExportHost):
    def preview(self, plan):
        return super().preview(Plan(plan.decide, plan.items, plan.cards))


class WithoutCardsShown(ExportHost):
    def preview(self, plan):
        return super().preview(Plan(plan.decide, plan.items, [], plan.gaps))


SEEN = "test_nothing_is_sent_before_a_person_has_seen_it"
GAP = "test_nothing_is_sent_while_a_gap_is_open"
STORED = "test_an_intent_is_stored_before_it_is_acknowledged_and_so_is_a_result"
ID = "test_an_item_keeps_its_id_for_ever"
AGAIN = "test_an_item_whose_result_is_unknown_is_given_again"
NOT_NEW = "test_an_item_that_was_sent_is_not_given_again_as_new"
ONE_AT_A_TIME = "test_two_exports_of_one_company_never_run_concurrently"
EXACT = "test_amounts_stay_exact"
WORDS = "test_a_plug_in_s_words_are_shown"
ONCE = "test_every_item_is_given_once_in_batches"
ALL_OF_IT = "test_an_item_has_all_that_the_invoice_has"
ERROR = "test_an_error_ends_the_export_and_what_was_sent_before_stays"

WRONG = {
    "first-batch": (FirstBatchAlone, ONCE),
    "all-at-once": (AllAtOnce, ONCE),
    "without-order": (giving(without_order), ALL_OF_IT),
    "long-id": (mutant(id_of=lambda _self, one: one.invoice_number * 51), ALL_OF_IT),
    "without-subject": (WithoutSubject, "test_a_run_says_what_is_exported"),
    "no-answer": (AcknowledgingNothing, "test_each_batch_is_acknowledged_with_its_size"),
    "unseen": (SendingUnseen, SEEN),
    "older-plan": (ShowingAnOlderPlan, SEEN),
    "despite-gaps": (SendingDespiteGaps, GAP),
    "nothing-with-a-gap": (SendingNothingWithAGap, GAP),
    "late-intents": (StoringIntentsLate, STORED),
    "late-results": (StoringResultsLate, STORED),
    "one-id-for-all": (mutant(id_of=lambda _self, one: one.type), ID),
    "numbering-anew": (NumberingAnew, ID),
    "forgetting-intents": (ForgettingIntents, AGAIN),
    "unknown-is-refused": (UnknownIsRefused, AGAIN),
    "incomplete-is-done": (IncompleteIsDone, AGAIN),
    "forgetting": (ForgettingWhatWasSent, NOT_NEW),
    "adopted-is-new": (AdoptedIsNew, NOT_NEW),
    "sent-is-new": (giving(lambda item: replace(item, exported=False)), NOT_NEW),
    "never-again": (mutant(is_done=lambda self, key: key in self.stored.results), NOT_NEW),
    "refused-is-exported": (
        RefusedIsExported,
        "test_an_item_that_was_refused_is_given_again_as_new",
    ),
    "discarding": (DiscardingFailedExports, ERROR),
    "hiding-errors": (HidingErrors, ERROR),
    "many-at-a-time": (ManyAtATime, ONE_AT_A_TIME),
    "one-of-a-definition": (OneOfADefinition, ONE_AT_A_TIME),
    "refusing-late": (RefusingLate, ONE_AT_A_TIME),
    "any-company": (AnyCompany, "test_another_company_is_refused"),
    "cancelling-as-new": (
        CancellingAsNew,
        "test_an_item_is_taken_back_with_what_is_known_of_it",
    ),
    "cancelling-in-advance": (
        CancellingInAdvance,
        "test_an_item_that_cannot_be_taken_back_stays_exported",
    ),
    "rounded": (giving(rounded), EXACT),
    "floats-shown": (FloatsShown, EXACT),
    "floats-told": (FloatsTold, EXACT),
    "speechless": (Speechless, WORDS),
    "without-gaps": (WithoutGapsShown, WORDS),
    "without-cards": (WithoutCardsShown, WORDS),
}
