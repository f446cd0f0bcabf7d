"""Hosts that export with one fault each, and the test of the suite that must fail on it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from decimal import Decimal

from export_host import ExportHost, Refused

from opter_contract import hookimpl
from opter_contract.conformance.export_host_under_test import ExportPreview


def mutant(**changed):
    return type("Mutant", (ExportHost,), changed)


def hiding(what):
    """Show a plan without some of it."""

    def preview(self, plan):
        return ExportHost.preview(self, replace(plan, **{what: []}))

    return mutant(preview=preview)


def giving(change):
    """Return each item with some change."""

    class Giving(ExportHost):
        @hookimpl
        def opter_items_to_export(self, after):
            return list(map(change, super().opter_items_to_export(after)))

    return Giving


def rounded(item):
    rows = [replace(one, net=Decimal(float(one.net))) for one in item.content.rows]
    return replace(item, content=replace(item.content, rows=rows))


def without_order(item):
    return replace(item, content=replace(item.content, order_number=""))


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

    older = None

    def preview(self, plan):
        self.older = self.older or super().preview(plan)
        return self.older


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

    def load(self, several):
        for one in several:
            self.stored.items.pop(self.id_of(one), None)
        super().load(several)

    def id_of(self, content):
        return f"{super().id_of(content)}/{len(content.rows)}"


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


class ForgettingWhatWasSent(ExportHost):
    """Gives an item that was changed as a new one."""

    def load(self, several):
        for one in several:
            self.stored.items.pop(self.id_of(one), None)
            self.stored.results.pop(self.id_of(one), None)
        super().load(several)


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

    def __init__(self, *stored):
        super().__init__(*stored)
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

    def cancel(self, definition, number):
        for key, one in self.stored.items.items():
            self.stored.items[key] = replace(one, exported=False, number="")
        super().cancel(definition, number)


class CancellingInAdvance(ExportHost):
    """Forgets an item before the plug-in has answered."""

    def cancel(self, definition, number):
        self.stored.results.clear()
        super().cancel(definition, number)


class FloatsShown(ExportHost):
    def preview(self, plan):
        preview = super().preview(plan)
        items = [one._replace(total=Decimal(float(one.total))) for one in preview.items]
        return ExportPreview(items, preview.text)


class FloatsTold(ExportHost):
    def outcomes(self):
        return [one._replace(total=float(one.total or 0)) for one in super().outcomes()]


class ConfirmingAll(ExportHost):
    """Gives every bank change as confirmed."""

    @hookimpl
    def opter_confirmed_bank_changes(self, run, party_numbers):
        return self.plans[run.id].bank_changes


class ConfirmingAnyParty(ExportHost):
    """Takes one confirmation for those of all suppliers."""

    def confirm_bank(self, definition, party_number):
        for one in self.shown[definition].bank_changes:
            super().confirm_bank(definition, one.party_number)


class ConfirmingOtherValues(ExportHost):
    """Knows whose bank changes were confirmed, and not which."""

    @hookimpl
    def opter_confirmed_bank_changes(self, run, party_numbers):
        parties = {one.party_number for _, one in self.stored.confirmations} & {*party_numbers}
        changes = self.plans[run.id].bank_changes
        return [one for one in changes if one.party_number in parties]


class ConfirmingForEver(ExportHost):
    """Gives a confirmation at each export."""

    @hookimpl
    def opter_confirmed_bank_changes(self, run, party_numbers):
        before = set(self.stored.confirmations)
        confirmed = super().opter_confirmed_bank_changes(run, party_numbers)
        self.stored.confirmations = before
        return confirmed


class ConfirmingOthersToo(ExportHost):
    """Gives what was confirmed of suppliers that were not asked for."""

    @hookimpl
    def opter_confirmed_bank_changes(self, run, party_numbers):
        everybody = {one.party_number for one in self.plans[run.id].bank_changes}
        return super().opter_confirmed_bank_changes(run, everybody)


class ForgettingConfirmations(ExportHost):
    """Forgets, at an answer, what was confirmed of others, too."""

    @hookimpl
    def opter_confirmed_bank_changes(self, run, party_numbers):
        confirmed = super().opter_confirmed_bank_changes(run, party_numbers)
        self.stored.confirmations.clear()
        return confirmed


SEEN = "test_nothing_is_sent_before_a_person_has_seen_it"
GAP = "test_nothing_is_sent_while_a_gap_is_open"
STORED = "test_an_intent_is_stored_before_it_is_acknowledged_and_so_is_a_result"
ID = "test_an_item_keeps_its_id_for_ever"
AGAIN = "test_an_item_whose_result_is_unknown_is_given_again"
NOT_NEW = "test_an_item_that_was_sent_is_not_given_again_as_new"
ONE_AT_A_TIME = "test_two_exports_of_one_company_never_run_concurrently"
EXACT = "test_amounts_stay_exact"
WORDS = "test_a_plug_in_s_words_are_shown"
BANK = "test_a_bank_change_is_confirmed_by_a_person"
ONCE = "test_every_item_is_given_once_in_batches"
ALL_OF_IT = "test_an_item_has_all_that_the_host_has_of_it"
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
    "despite-gaps": (mutant(is_open=lambda *_: False), GAP),
    "nothing-with-a-gap": (mutant(is_open=lambda *_: True), GAP),
    "late-intents": (StoringIntentsLate, STORED),
    "late-results": (StoringResultsLate, STORED),
    "one-id-for-all": (mutant(id_of=lambda _self, one: one.type), ID),
    "numbering-anew": (NumberingAnew, ID),
    "forgetting-intents": (ForgettingIntents, AGAIN),
    "unknown-is-refused": (UnknownIsRefused, AGAIN),
    "incomplete-is-done": (IncompleteIsDone, AGAIN),
    "forgetting": (ForgettingWhatWasSent, NOT_NEW),
    "adopted-is-new": (
        mutant(is_there=lambda _self, result: result.state == "sent"),
        NOT_NEW,
    ),
    "sent-is-new": (giving(lambda item: replace(item, exported=False)), NOT_NEW),
    "never-again": (mutant(is_done=lambda self, key: key in self.stored.results), NOT_NEW),
    "refused-is-exported": (
        mutant(is_there=lambda *_: True),
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
    "speechless": (mutant(text=lambda _self, one: getattr(one, "code", "")), WORDS),
    "without-gaps": (hiding("gaps"), WORDS),
    "without-cards": (hiding("cards"), WORDS),
    "without-bank-changes": (hiding("bank_changes"), BANK),
    "confirming-all": (ConfirmingAll, BANK),
    "confirming-any-party": (ConfirmingAnyParty, BANK),
    "confirming-other-values": (ConfirmingOtherValues, BANK),
    "confirming-for-ever": (ConfirmingForEver, BANK),
    "confirming-others-too": (ConfirmingOthersToo, BANK),
    "forgetting-confirmations": (ForgettingConfirmations, BANK),
}
