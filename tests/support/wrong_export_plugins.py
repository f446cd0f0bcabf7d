"""Export plug-ins with one fault each, and the test of the suite that must fail on it."""

from __future__ import annotations

import contextlib
import threading
import uuid
from dataclasses import replace
from pathlib import Path

import export_plugin
from example_plugin import ListeningToo, WebLogin
from export_plugin import CODE, NO_NUMBER, JsonLines

from opter_contract import hookimpl
from opter_contract.export_values import (
    BankChange,
    ExportReport,
    ExportType,
    Gap,
    ItemResult,
    PlannedCard,
)
from opter_contract.values import Choice, Company, SettingsField, Text

TEXT = Text("Ett ord", "A word")

#: The bankgiro of a customer.
OURS, THEIRS = "5555-5551", "123-4567"


class Whole(JsonLines):
    """The example, with what it leaves out: a login, cards, bank details, taking an item back."""

    @hookimpl
    def opter_export(self, run):
        if run.type_code != CODE:
            return None
        self.sign_in(run)
        self.run, self.asked, self.bank = (
            run,
            set(),
            Path(run.settings["path"]).with_suffix(".bank"),
        )
        return super().opter_export(run)

    @hookimpl
    def opter_cancel_exported(self, run, item):
        if run.type_code != CODE:
            return None
        return self.taken_back(item)

    def sign_in(self, run):
        login = self.web_login(run.redirect_uri)
        answers = run.hook.opter_open_browser(run=run, url=login.url, on_redirect=login.receive)
        if answers == [False]:
            raise export_plugin.Failed("NOBODY", "login", TEXT)
        login.wait()

    def web_login(self, redirect_uri):
        return WebLogin(redirect_uri)

    def taken_back(self, item):
        return ItemResult(item.id, "cancelled", item.number)

    def hand_over(self, run, hook, **batch):
        super().hand_over(run, hook, **batch)
        if hook == "opter_take_gaps":
            run.hook.opter_take_planned_cards(run=run, cards=self.cards())
            run.hook.opter_take_bank_changes(run=run, changes=self.bank_changes())

    def cards(self):
        return [PlannedCard("1042", "create")]

    def bank_changes(self):
        theirs = self.bank.read_text("utf-8") if self.bank.exists() else THEIRS
        return [BankChange("1042", "BG", OURS, theirs)] if theirs != OURS else []

    def plan(self, item, there):
        plan = super().plan(item, there)
        waits = plan.action == "create" and self.is_changing(plan.party_number)
        return replace(plan, state="waiting") if waits else plan

    def is_changing(self, party):
        return party in {one.party_number for one in self.bank_changes()}

    def send(self, run, item, file):
        self.ask(run, item.content.customer.ledger_number)
        if self.plan(item, self.read(file)).state == "waiting":
            return ItemResult(item.id, "refused", code="BANK_UNCONFIRMED", message=TEXT)
        return super().send(run, item, file)

    def ask(self, run, party):
        if party in self.asked or not self.is_changing(party):
            return
        self.asked.add(party)
        asking = run.hook.opter_confirmed_bank_changes
        [confirmed] = asking(run=run, party_numbers=[party]) or [()]
        if all(self.is_confirmed(change, confirmed) for change in self.bank_changes()):
            self.bank.write_text(OURS, "utf-8")

    def is_confirmed(self, change, confirmed):
        return change in confirmed


def mutant(**changed):
    return type("Mutant", (Whole,), changed)


def planning(**changed):
    """Plan each item with some changes."""
    return mutant(plan=lambda self, *given: replace(Whole.plan(self, *given), **changed))


def telling(**changed):
    """Tell each result with some changes."""
    return mutant(send=lambda self, *given: replace(Whole.send(self, *given), **changed))


def agreeing(is_confirmed):
    """Decide otherwise which bank changes are confirmed."""
    return mutant(is_confirmed=lambda _self, change, confirmed: is_confirmed(change, confirmed))


def same(change, confirmed, name):
    return getattr(change, name) in {getattr(one, name) for one in confirmed}


class AnsweringForAll(Whole):
    @hookimpl
    def opter_cancel_exported(self, item):
        return self.taken_back(item)


class SendingWhatWaits(Whole):
    """Asks what is confirmed, and sends it whatever the answer; it leaves the bank details."""

    def send(self, run, item, file):
        self.ask(run, item.content.customer.ledger_number)
        return JsonLines.send(self, run, item, file)


class AskingForOthers(Whole):
    """Asks for all that change whatever it sends, and makes what is confirmed."""

    def ask(self, run, party):
        super().ask(run, "1042")


class AskingBeforeTheReview(Whole):
    def gaps(self, items):
        self.ask(self.run, "1042")
        return super().gaps(items)


class PlanningTheFirstAlone(Whole):
    def hand_over(self, run, hook, **batch):
        if hook == "opter_take_planned_items":
            batch = {"items": batch["items"][:1]}
        super().hand_over(run, hook, **batch)


class PlanningTwice(Whole):
    def hand_over(self, run, hook, **batch):
        if hook == "opter_take_planned_items":
            super().hand_over(run, hook, items=batch["items"][:1])
        super().hand_over(run, hook, **batch)


class OneLargeBatch(Whole):
    def hand_over(self, run, hook, **batch):
        [several] = batch.values()
        if getattr(run.hook, hook)(run=run, **batch) != [len(several)]:
            raise export_plugin.Failed("NOT_ACKNOWLEDGED", "internal", TEXT)


class FirstBatchAlone(Whole):
    def items(self, run):
        self.progress(run)
        [batch] = run.hook.opter_items_to_export(run=run, after="")
        return batch


class IntendingBeforeTheReview(Whole):
    def gaps(self, items):
        several = list(items)
        self.hand_over(self.run, "opter_take_intents", item_ids=[several[0].id])
        return super().gaps(several)


class PlanningAfterTheReview(Whole):
    """Hands over the plan of an item again, when it is sent."""

    def send(self, run, item, file):
        plan = self.plan(item, self.read(file))
        run.hook.opter_take_planned_items(run=run, items=[plan])
        return super().send(run, item, file)


class SendingBeforeTheReview(Whole):
    """Writes while it plans."""

    def plan(self, item, there):
        plan = super().plan(item, there)
        file = Path(self.run.settings["path"])
        self.write(file, self.read(file) | {item.id: self.line(item)})
        return plan


class SendingAll(Whole):
    """Tells of what was reviewed, and writes the others too."""

    def send(self, run, item, file):
        result = super().send(run, item, file)
        lines = {one.id: self.line(one) for one in self.items(run)}
        self.write(file, self.read(file) | lines)
        return result


class SendingOthersToo(Whole):
    """Tells a result of an item that was left out."""

    def send(self, run, item, file):
        [first] = run.hook.opter_items_to_export(run=run, after=item.id) or [()]
        for one in first[:1]:
            self.hand_over(run, "opter_take_results", results=[ItemResult(one.id, "booked")])
        return super().send(run, item, file)


class SilentWhereUnchanged(Whole):
    def hand_over(self, run, hook, **batch):
        if hook == "opter_take_results":
            batch = {"results": [one for one in batch["results"] if one.state != "unchanged"]}
        super().hand_over(run, hook, **batch)


class IntendingAfterwards(Whole):
    def send(self, run, item, file):
        result = super().send(run, item, file)
        self.hand_over(run, "opter_take_results", results=[result])
        super().hand_over(run, "opter_take_intents", item_ids=[item.id])
        return result

    def hand_over(self, run, hook, **batch):
        if hook != "opter_take_intents":
            super().hand_over(run, hook, **batch)


class TrustingTheHost(Whole):
    """Looks at what the host knows, and never at what is there."""

    def plan(self, item, there):
        plan = super().plan(item, there)
        return plan if item.exported else replace(plan, state="ready", action="create")


class AnotherCompanyReported(Whole):
    @hookimpl
    def opter_export(self, run):
        report = super().opter_export(run)
        return report and ExportReport(Company(str(uuid.uuid4()), "X"), requests=0)


class EveryCompany(Whole):
    """Goes on where the host refuses the company."""

    @hookimpl
    def opter_export(self, run):
        try:
            return super().opter_export(run)
        except Exception:
            if run.type_code == CODE and run.company is not None:
                return ExportReport(run.company, requests=0)
            raise


class Threaded(Whole):
    def hand_over(self, run, hook, **batch):
        thread = threading.Thread(target=super().hand_over, args=[run, hook], kwargs=batch)
        thread.start()
        thread.join()


class GoingOnAfterErrors(Whole):
    """Sends the next item where the host fails."""

    def send(self, run, item, file):
        with contextlib.suppress(Exception):
            return super().send(run, item, file)
        return ItemResult(item.id, "unknown")


class NotCheckingAnswers(Whole):
    def hand_over(self, run, hook, **batch):
        getattr(run.hook, hook)(run=run, **batch)


class CancellingLate(Whole):
    """Does not stop between two items."""

    def progress(self, run):
        self.reports = getattr(self, "reports", {})
        self.reports[run.id] = self.reports.get(run.id, 0) + 1
        if self.reports[run.id] == 1:
            return super().progress(run)
        run.hook.opter_progress(run=run, progress=PROGRESS)
        return None


PROGRESS = export_plugin.Progress("sending", 0, None, TEXT)


class Deaf(Whole):
    def progress(self, run):
        run.hook.opter_progress(run=run, progress=PROGRESS)


class RequiringDocuments(Whole):
    def send(self, run, item, file):
        [_] = run.hook.opter_read_document(run=run, item_id=item.id)
        return super().send(run, item, file)


class WaitingWithoutBrowser(Whole):
    def sign_in(self, run):
        try:
            super().sign_in(run)
        finally:
            threading.Event().wait(run.login_timeout)


def checking(check, of=Whole):
    """Check settings otherwise; ``check`` gets what the example would store."""

    class Checking(of):
        @hookimpl
        def opter_check_settings(self, type_code, values):
            checked = super().opter_check_settings(type_code, values)
            return checked and check(checked, values)

    return Checking


def fields(*several):
    class Fields(Whole):
        @hookimpl
        def opter_settings_fields(self, type_code):
            return list(several) if type_code == CODE else None

    return Fields


def types(*several):
    class Types(Whole):
        @hookimpl
        def opter_export_types(self):
            return list(several)

    return Types


def refusing(checked, _values):
    return replace(checked, problems=[export_plugin.SettingsProblem("path", "error", TEXT)])


def raising(checked, values):
    if "\x00" in values.get("path", ""):
        raise ValueError(values)
    return checked


PATH = SettingsField("path", "text", TEXT, TEXT, required=True)
MODE = SettingsField("mode", "choice", TEXT, TEXT, "a", choices=[Choice("a", TEXT)])
JSON = ExportType(CODE, "invoices", TEXT)

PLANNED_ONCE = "test_every_item_is_planned_exactly_once"
PLAN_VALID = "test_its_plan_is_valid"
RESULTS_VALID = "test_its_results_are_valid"
WAITS = "test_new_items_wait_for_the_bank_changes_of_their_party"
UNCONFIRMED = "test_what_waits_is_not_sent_unless_these_very_values_are_confirmed"
CONFIRMED = "test_what_waits_is_sent_once_its_bank_changes_are_confirmed"
LEFT_OUT = "test_a_party_that_the_review_left_out_is_not_confirmed"
SENDS_NOTHING = "test_where_a_person_sends_nothing_nothing_changes_there"
GAPS = "test_its_gaps_name_items_of_the_export"
TYPES = "test_its_export_types_have_a_label_in_both_languages_and_a_subject"
FOREIGN = "test_it_ignores_an_export_type_of_another_plug_in"
REVIEWED_ONCE = "test_the_whole_plan_is_reviewed_once_and_before_anything_is_sent"
ONLY_REVIEWED = "test_only_what_the_review_returned_is_sent"
FIELDS = "test_its_fields_are_complete_in_both_languages"
INVALID = "test_an_invalid_value_is_refused_for_its_field"
MAX_NUMBER = "test_no_batch_is_larger_than_the_contract_allows"
LOGIN = "test_it_does_not_wait_for_a_person_whom_the_host_cannot_show_a_url"
WEB = "test_it_signs_in_at_the_own_address_of_a_web_application"
STOPS = "test_it_stops_when_it_is_cancelled"

WRONG = {
    "no-subject": (types(replace(JSON, subject="")), TYPES),
    "type-twice": (types(JSON, JSON), TYPES),
    "everybodys": (AnsweringForAll, FOREIGN),
    "field-without-choices": (fields(PATH, replace(MODE, choices=())), FIELDS),
    "refuses-all": (checking(refusing), "test_valid_settings_are_accepted"),
    "not-idempotent": (
        checking(lambda checked, values: replace(checked, values={"path": values["path"] + "x"})),
        "test_checked_settings_do_not_change_when_checked_again",
    ),
    "refuses-defaults": (
        checking(
            lambda checked, values: refusing(checked, values) if "mode" in values else checked,
            fields(PATH, MODE),
        ),
        "test_defaults_are_accepted",
    ),
    "accepts-any-date": (fields(PATH, replace(PATH, key="day", kind="date")), INVALID),
    "raising": (checking(raising), "test_no_value_makes_the_check_raise"),
    "not-required": (
        checking(lambda checked, _values: replace(checked, problems=())),
        "test_a_missing_required_field_is_refused",
    ),
    "stores-all": (
        checking(lambda checked, values: replace(checked, values=values)),
        "test_an_unknown_field_is_never_stored",
    ),
    "first-alone": (PlanningTheFirstAlone, PLANNED_ONCE),
    "twice": (PlanningTwice, PLANNED_ONCE),
    "float": (planning(total=1250.0), PLAN_VALID),
    "refused-without-a-word": (planning(state="refused", action="none"), PLAN_VALID),
    "ready-for-nothing": (planning(state="ready", action="none"), PLAN_VALID),
    "one-language": (planning(code="NOTED", message=Text("Ett ord", "")), PLAN_VALID),
    "card": (mutant(cards=lambda _self: [PlannedCard("", "create")]), PLAN_VALID),
    "without-vat": (
        planning(total=export_plugin.Decimal(1000)),
        "test_a_plan_has_the_total_and_the_currency_of_the_host",
    ),
    "gap-of-others": (mutant(gaps=lambda *_: [Gap("X", NO_NUMBER, ["/1"])]), GAPS),
    "gap-of-nothing": (mutant(gaps=lambda *_: [Gap("X", NO_NUMBER, [])]), GAPS),
    "large": (OneLargeBatch, MAX_NUMBER),
    "first-batch": (FirstBatchAlone, MAX_NUMBER),
    "intending-early": (IntendingBeforeTheReview, REVIEWED_ONCE),
    "planning-late": (PlanningAfterTheReview, REVIEWED_ONCE),
    "writing-early": (SendingBeforeTheReview, SENDS_NOTHING),
    "asking-early": (AskingBeforeTheReview, SENDS_NOTHING),
    "bank-change": (
        mutant(bank_changes=lambda _self: [BankChange("1042", "", OURS, THEIRS)]),
        PLAN_VALID,
    ),
    "waiting-for-nothing": (mutant(is_changing=lambda *_: True), WAITS),
    "not-waiting": (mutant(is_changing=lambda *_: False), WAITS),
    "sending-what-waits": (SendingWhatWaits, UNCONFIRMED),
    "silent-change": (agreeing(lambda *_: True), UNCONFIRMED),
    "confirmed-by-party": (agreeing(lambda *two: same(*two, "party_number")), UNCONFIRMED),
    "confirmed-as-ours": (agreeing(lambda *two: same(*two, "ours")), UNCONFIRMED),
    "waiting-for-ever": (agreeing(lambda *_: False), CONFIRMED),
    "asking-for-others": (AskingForOthers, LEFT_OUT),
    "sending-all": (SendingAll, ONLY_REVIEWED),
    "telling-of-others": (SendingOthersToo, ONLY_REVIEWED),
    "nothing": (telling(state="unchanged"), "test_it_sends_an_item"),
    "no-number": (telling(number=""), RESULTS_VALID),
    "float-total": (telling(total=1250.0), RESULTS_VALID),
    "silent": (SilentWhereUnchanged, "test_each_item_that_the_review_returned_has_a_result"),
    "intending-late": (
        IntendingAfterwards,
        "test_an_intent_precedes_each_result_of_what_is_sent",
    ),
    "appending": (
        mutant(plan=lambda self, item, _there: Whole.plan(self, item, {})),
        "test_a_second_export_creates_nothing",
    ),
    "trusting-the-host": (
        TrustingTheHost,
        "test_an_item_whose_result_was_lost_is_not_created_again",
    ),
    "another-company": (
        AnotherCompanyReported,
        "test_the_report_is_of_the_company_that_was_reviewed",
    ),
    "back-without-why": (
        mutant(taken_back=lambda _self, item: ItemResult(item.id, "refused")),
        "test_an_item_is_taken_back_or_it_says_why_not",
    ),
    "threaded": (Threaded, "test_hooks_are_called_from_the_thread_of_the_export"),
    "going-on": (GoingOnAfterErrors, "test_an_error_of_the_host_ends_it"),
    "careless": (NotCheckingAnswers, "test_a_batch_that_is_not_acknowledged_is_an_error"),
    "no-progress": (
        mutant(progress=lambda *_: None),
        "test_progress_is_reported_in_both_languages",
    ),
    "deaf": (Deaf, STOPS),
    "cancelling-late": (CancellingLate, "test_nothing_more_is_sent_once_it_is_cancelled"),
    "requiring": (RequiringDocuments, "test_a_host_with_the_required_hooks_alone_is_enough"),
    "waiting": (WaitingWithoutBrowser, LOGIN),
    "listening": (mutant(web_login=lambda _self, uri: ListeningToo(uri)), WEB),
    "any-company": (EveryCompany, "test_another_company_is_refused"),
}
