"""Hosts with one line taken out or changed, each beside the promise that it breaks."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

from example_host import MUTANTS, ExampleHost, mutant

# --- Money ----------------------------------------------------------------------


class FloatsShown(ExampleHost):
    def shown_row(self, one):
        return super().shown_row(one)._replace(amount=float(one.row.amount or 0))


class FloatsBooked(ExampleHost):
    def bookings(self):
        return [one._replace(amount=float(one.amount)) for one in super().bookings()]


class FloatsInside(ExampleHost):
    """Shows decimals, and reckons with floats."""

    def take_from(self, invoice, effect):
        invoice.remaining = Decimal(str(float(invoice.remaining) - float(effect)))


class Kronor(ExampleHost):
    def bookings(self):
        return [one._replace(amount=round(one.amount, 0)) for one in super().bookings()]


class Rate(ExampleHost):
    """Reckons the amount from SEK and a rounded rate."""

    def effect(self, one):
        return one.amount if one.exchange_rate is None else one.amount / Decimal("10.9")


class Sek(ExampleHost):
    """Compares SEK with EUR."""

    def effect(self, one):
        return one.amount + sum(part.amount for part in one.write_offs)


class NoMirror(ExampleHost):
    def status(self, effect, remains):
        return super().status(-effect if remains == 500 else effect, remains)


class NoReversals(ExampleHost):
    def verdict(self, run, one, left):
        if one.payment is not None and one.payment.amount < 0:
            return "rejected", "negative", None, 0
        return super().verdict(run, one, left)


# --- All that was read -----------------------------------------------------------


class Hiding(ExampleHost):
    """Does not show what meets ``hides``."""

    def hides(self, one):
        raise NotImplementedError

    def preview(self, definition):
        return [one for one in super().preview(definition) if not self.hides(one)]


def hiding(hides):
    return type("Mutant", (Hiding,), {"hides": lambda _self, one: hides(one)})


class NoNameless(ExampleHost):
    def take(self, run, rows):
        super().take(run, [one for one in rows if one.key.number])
        return len(rows)


class Swallowing(ExampleHost):
    def take(self, run, rows):
        with contextlib.suppress(Exception):
            super().take(run, rows)
        return len(rows)


class LeavingOut(ExampleHost):
    """Takes what it can of a batch, and acknowledges all of it."""

    def take(self, run, rows):
        for one in rows:
            with contextlib.suppress(Exception):
                super().take(run, [one])
        return len(rows)


class Partly(ExampleHost):
    """Registers at once what came before an error."""

    def begun(self, run):
        self.current = run

    def import_payments(self, import_type, definition):
        try:
            super().import_payments(import_type, definition)
        except Exception:
            self.judge(self.current)
            self.latest[definition] = self.current
            raise


class OfferingOnce(ExampleHost):
    def offer_again(self, run):
        super().offer_again(run)
        self.pending[run.definition].clear()

    def keep(self, run):
        self.pending[run.definition] = {
            number: SimpleNamespace(row=one, payment=getattr(one, "payment", one), word="waits")
            for number, one in run.rows.items()
            if isinstance(number, str) and self.booked(self.key(run.type_code, one)) is None
        }


class LastBatch(ExampleHost):
    """Keeps of what was rejected the last batch alone."""

    def take(self, run, rows):
        run.last = {one.key.number for one in rows}
        return super().take(run, rows)

    def keep(self, run):
        super().keep(run)
        pending = self.pending[run.definition]
        for number in set(pending) - run.last - set(run.kept):
            del pending[number]


class KeepingAll(ExampleHost):
    def is_kept(self, one):
        return True

    def word_again(self, before, now):
        return "waits"


class ForgettingAmounts(ExampleHost):
    def shown_row(self, one):
        row = super().shown_row(one)
        return row if one.earlier is None else row._replace(amount=Decimal(0))


class Stale(ExampleHost):
    """Saves what an earlier run read, as it was then."""

    def verdict(self, run, one, left):
        one.earlier = None
        return super().verdict(run, one, left)


class ReportAlone(ExampleHost):
    """Looks at the company of the report alone, and not at that of each payment."""

    def take(self, run, rows):
        run.company, before = None, run.company
        try:
            return super().take(run, rows)
        finally:
            run.company = before


class AsLeftOut(ExampleHost):
    """Takes the reason of an earlier run for today's."""

    def judge(self, run, *, row_actions=False):
        for one in (run.kept or {}).values():
            one.payment = one.payment if one.row is one.payment else None
        super().judge(run, row_actions=row_actions)


class ShownTwice(ExampleHost):
    """Shows what it fetched again beside what it kept."""

    def judge(self, run, *, row_actions=False):
        super().judge(run, row_actions=row_actions)
        both = {number: one for number, one in (run.kept or {}).items() if number in run.rows}
        run.judged += [
            SimpleNamespace(**vars(one), kind="rejected", earlier=one.word) for one in both.values()
        ]


class KeepingOneBatch(ExampleHost):
    def keep(self, run):
        super().keep(run)
        pending = self.pending[run.definition]
        for number in list(pending)[500:]:
            del pending[number]


class ConfirmingOneBatch(ExampleHost):
    def to_confirm(self, run):
        return [] if run.asked else super().to_confirm(run)


class ScreeningAtOnce(ExampleHost):
    def screened(self, run, payments):
        [reasons] = self.manager.hook.opter_exclusion_reasons(run=run, payments=payments)
        return reasons


class DroppingWhatWasReady(ExampleHost):
    """Forgets what was shown as ready and cannot be saved."""

    def judge_again(self, run):
        before = {one.row.key.number for one in run.judged if one.kind == "ready"}
        self.judge(run)
        run.judged = [
            one for one in run.judged if one.kind == "ready" or one.row.key.number not in before
        ]


def offering_once(word):
    return mutant(is_kept=lambda self, one: one.word != word and ExampleHost.is_kept(self, one))


class MixedUp(ExampleHost):
    """Keeps what waits for all definitions in one place, by number."""

    def __init__(self):
        super().__init__()
        everything = {}
        self.pending = defaultdict(lambda: everything)


class UsedUp(ExampleHost):
    """Takes what waits away as soon as it is offered."""

    def offer_again(self, run):
        super().offer_again(run)
        self.pending[run.definition].clear()


# --- Once --------------------------------------------------------------------------


class AsShown(ExampleHost):
    """Writes what remained when it read."""

    def count(self, left, one):
        super().count(left, one)
        one.left = left[one.invoice]

    def judge_again(self, run):
        pass

    def commit(self, run, ready):
        super().commit(run, ready)
        for one in ready:
            self.invoices[one.invoice].remaining = one.left


def as_number(one):
    return int("".join(filter(str.isdigit, one.key.number)) or 0)


class Alike(ExampleHost):
    """Takes two payments of an invoice with one date and amount for one."""

    def key(self, import_type, one):
        return one.invoice_number, one.date, one.amount

    def commit(self, run, ready):
        for one in ready:
            if self.booked(self.key(run.type_code, one.payment)) is None:
                super().commit(run, [one])


class PerDefinition(ExampleHost):
    """Knows what was registered by each definition alone."""

    def begun(self, run):
        self.mine = run.definition

    def key(self, import_type, one):
        return *super().key(import_type, one), self.mine

    def booked(self, key):
        mine = (
            one
            for one in self.ledger
            if (*ExampleHost.key(self, one.import_type, one.payment), one.definition) == key
        )
        return next(mine, None)

    def commit(self, run, ready):
        before = len(self.ledger)
        super().commit(run, ready)
        for one in self.ledger[before:]:
            one.definition = run.definition


class Following(ExampleHost):
    """Takes figures that changed for a payment into the books without a word."""

    def word_again(self, before, now):
        for one in self.ledger:
            if one.payment is before:
                one.payment = now
        return super().word_again(before, now)


class Countering(ExampleHost):
    """Registers what changed a second time."""

    def booked(self, key):
        return None

    def verdict(self, run, one, left):
        before = super().booked(self.key(run.type_code, one.row))
        if before is not None and self.word_again(before.payment, one.row) != "changed":
            return "rejected", "already-imported", None, 0
        return super().verdict(run, one, left)


class TellingTheirs(ExampleHost):
    """Tells listeners the number of the invoice where the payment came from."""

    def call(self, plugin, hook, **arguments):
        for one in arguments.get("payments", ()):
            one.host_invoice_number = one.payment.invoice_number
        return super().call(plugin, hook, **arguments)


class TellingOneStatus(ExampleHost):
    def call(self, plugin, hook, **arguments):
        for one in arguments.get("payments", ()):
            one.status = "exact"
        return super().call(plugin, hook, **arguments)


# --- Trust -------------------------------------------------------------------------


def forgetting(what, fresh):
    """Keep something in memory alone."""
    return mutant(restart=lambda self: setattr(self, what, fresh()))


class AskingAfterAll(ExampleHost):
    def more_there(self, run, booked):
        return True


class Blind(ExampleHost):
    """Asks after payments, and takes no notice of the answer."""

    def drop(self, run, numbers):
        pass


def just_read(_self, run):
    return [one for one in run.rows.values() if not hasattr(one, "reason")]


class Forgetting(ExampleHost):
    """Forgets who was gone, though it asks again."""

    def gone_there(self, run, import_type, company):
        return set(run.dead)


class ForgettingAtOnce(Forgetting):
    arriving = just_read


class RememberingInMemory(ExampleHost):
    """Asks once, and forgets who was gone when it ends."""

    arriving = just_read

    def restart(self):
        super().restart()
        self.dead.clear()


class AskingAfterItsOwn(ExampleHost):
    """Asks after what the same definition registered."""

    def commit(self, run, ready):
        before = len(self.ledger)
        super().commit(run, ready)
        for one in self.ledger[before:]:
            one.definition = run.definition

    def is_named(self, run, booked):
        return booked.definition == run.definition


class AskingAfterOneBatch(ExampleHost):
    def ask_after(self, run):
        return [] if run.asked else super().ask_after(run)


class DoubtingForEver(ExampleHost):
    def __init__(self):
        super().__init__()
        self.unasked = []

    def begun(self, run):
        run.unasked = self.unasked


class FromNowOn(ExampleHost):
    """Tells a new listener what comes, but not what was."""

    def register(self, plugin):
        super().register(plugin)
        self.acknowledged[id(plugin)] = len(self.journal)


class OnceTold(ExampleHost):
    """Takes what was told for kept."""

    def untold(self, plugin):
        changes = super().untold(plugin)
        if changes:
            self.acknowledged[id(plugin)] = changes[-1].sequence
        return changes


class Backwards(ExampleHost):
    def untold(self, plugin):
        return super().untold(plugin)[::-1]


class OnlyIncoming(ExampleHost):
    def note(self, run, one):
        if one.effect > 0:
            super().note(run, one)


def noting(**otherwise):
    """Write some values into the journal that do not stand in the books."""

    def note(self, run, one):
        ExampleHost.note(self, run, one)
        for name, value in otherwise.items():
            setattr(self.journal[-1], name, value(one))

    return mutant(note=note)


class TakenForKept(ExampleHost):
    """Takes all for kept that was told before it ended, at least by who kept something."""

    def restart(self):
        super().restart()
        for plugin, behind in list(self.acknowledged.items()):
            if behind:
                self.acknowledged[plugin] = len(self.journal)


class TakenForHeard(ExampleHost):
    """Tells nobody again who was told once."""

    def restart(self):
        super().restart()
        for plugin in self.listeners():
            self.acknowledged[id(plugin)] = len(self.journal)


class OneBatchTold(ExampleHost):
    def tell_changes(self):
        for plugin in self.listeners():
            if changes := self.untold(plugin):
                kept = self.call(plugin, "opter_books_changed", changes=changes)
                self.acknowledge(plugin, changes, kept)


#: A correct host without the optional hooks.
WithoutOptionalHooks = mutant(
    opter_take_balances=None,
    opter_invoices_to_check=None,
    opter_payments_to_check=None,
    opter_take_unchecked=None,
    tell_changes=lambda _self: None,
)

EXACT = "test_money_stays_exact_in_every_list_and_in_the_books"
CURRENCY = "test_a_payment_is_compared_with_its_invoice_in_the_currency_of_the_invoice"
WRITTEN_OFF = "test_a_write_off_counts_as_paid"
OWN_CURRENCY = "test_a_write_off_counts_in_its_own_currency"
WENT_BACK = "test_a_refund_increases_what_remains_to_pay"
ONE_AFTER_ANOTHER = "test_payments_of_one_invoice_are_judged_in_date_order"
BY_OCR = "test_an_ocr_reference_is_used_only_if_the_number_is_unknown_and_one_invoice_has_it"
READ = "test_every_payment_that_was_read_is_in_exactly_one_list"
NAMELESS = "test_a_row_without_a_number_is_shown"
KEPT = "test_a_batch_is_acknowledged_only_if_all_of_it_is_stored"
OFFERED = "test_a_rejected_payment_is_offered_again_until_it_is_saved"
SCREENED = "test_a_payment_that_is_offered_again_is_checked_against_the_current_settings"
FETCHED = "test_a_payment_that_is_offered_again_is_fetched_again_before_it_is_saved"
GONE = "test_a_payment_that_was_deleted_at_its_source_is_not_registered"
CURSOR = "test_a_cursor_is_returned_only_to_its_own_definition"
ONCE = "test_a_payment_is_registered_only_once"
SAVES = "test_two_concurrent_saves_register_a_payment_once"
UNIQUE = "test_a_number_is_unique_only_within_its_company_and_import_type"
LOOK_ALIKE = "test_payments_that_look_alike_are_separate_payments"
CHANGED = "test_a_payment_whose_figures_changed_is_shown_and_not_registered_again"
OUTLIVES = "test_everything_stored_survives_a_restart"
HEARD_RIGHT = "test_listeners_get_what_was_registered"
MADE_AGAIN = "test_a_payment_that_was_deleted_and_entered_again_counts_once"
DELETED = "test_a_registered_payment_that_was_deleted_at_its_source_is_reported"
ASKED_FOR = "test_an_invoice_that_is_open_only_in_the_host_is_checked"
TOLD = "test_a_listener_is_sent_every_change_of_the_books_until_it_acknowledges_it"
TOLD_RIGHT = "test_a_change_is_sent_as_it_is_in_the_books"
TOLD_LATER = "test_what_a_listener_did_not_acknowledge_survives_a_restart"
HOWEVER_MANY = "test_rejected_payments_are_offered_again_however_many_there_are"
NOT_ASKED = "test_a_payment_is_not_ready_while_another_payment_of_its_invoice_is_unchecked"

#: Each wrong host, and the test that must fail on it.
WRONG = MUTANTS | {
    "floats-shown": (FloatsShown, EXACT),
    "floats-booked": (FloatsBooked, EXACT),
    "floats-inside": (FloatsInside, EXACT),
    "kronor": (Kronor, EXACT),
    "amount-from-rate": (Rate, EXACT),
    "sek-with-eur": (Sek, CURRENCY),
    "any-currency": (mutant(same_currency=lambda *_: True), CURRENCY),
    "no-write-offs": (mutant(written_off=lambda *_: 0), WRITTEN_OFF),
    "write-offs-without-sign": (
        mutant(written_off=lambda self, *a: abs(ExampleHost.written_off(self, *a))),
        WRITTEN_OFF,
    ),
    "write-offs-as-they-are": (
        mutant(written_off=lambda _self, _one, part: part.amount),
        WRITTEN_OFF,
    ),
    "write-offs-in-sek": (
        mutant(written_off=lambda _self, one, part: part.amount / (one.exchange_rate or 1)),
        OWN_CURRENCY,
    ),
    "no-reversals": (NoReversals, WENT_BACK),
    "no-sign": (mutant(effect=lambda self, one: abs(ExampleHost.effect(self, one))), WENT_BACK),
    "no-mirror": (NoMirror, "test_a_credit_invoice_is_paid_by_a_negative_payment"),
    "each-alone": (mutant(count=lambda *_: None), ONE_AFTER_ANOTHER),
    "as-they-came": (mutant(in_order=lambda _self, rows: rows), ONE_AFTER_ANOTHER),
    "never-too-late": (mutant(too_late=lambda *_: False), ONE_AFTER_ANOTHER),
    "no-ocr": (mutant(by_ocr=lambda *_: None), BY_OCR),
    "ocr-first": (
        mutant(meet=lambda self, one: self.by_ocr(one.ocr) or ExampleHost.meet(self, one)),
        BY_OCR,
    ),
    "first-ocr": (
        mutant(
            by_ocr=lambda self, ocr: next(
                (one for one in self.invoices.values() if ocr and one.ocr == ocr), None
            )
        ),
        BY_OCR,
    ),
    "empty-ocr": (
        mutant(
            by_ocr=lambda self, ocr: next(
                (one for one in self.invoices.values() if one.ocr == ocr), None
            )
        ),
        BY_OCR,
    ),
    "number-as-ocr": (
        mutant(
            meet=lambda self, one: ExampleHost.meet(self, one) or self.by_ocr(one.invoice_number)
        ),
        BY_OCR,
    ),
    "invoice-as-number": (
        mutant(
            meet=lambda self, one: (
                self.invoices.get(one.invoice_number.lstrip("0")) or self.by_ocr(one.ocr)
            )
        ),
        BY_OCR,
    ),
    "ignored-hidden": (hiding(lambda row: row.list == "ignored"), READ),
    "rejected-hidden": (hiding(lambda row: row.outcome == "invoice-not-found"), READ),
    "unknown-amounts-hidden": (hiding(lambda one: not one.amount), READ),
    "nameless-hidden": (hiding(lambda one: not one.number), NAMELESS),
    "nameless-dropped": (NoNameless, NAMELESS),
    "nameless-merged": (mutant(row_key=lambda _self, one: one.key.number), NAMELESS),
    "no-warnings": (
        mutant(shown_row=lambda self, one: ExampleHost.shown_row(self, one)._replace(warning="")),
        "test_the_warnings_of_a_plug_in_are_shown",
    ),
    "swallowing": (Swallowing, KEPT),
    "leaving-out": (LeavingOut, KEPT),
    "unchecked": (mutant(check=lambda *_: None), KEPT),
    "partly": (Partly, "test_an_error_ends_the_run_and_discards_it"),
    "keeps-nothing": (mutant(keep=lambda *_: None), OFFERED),
    "offering-once": (OfferingOnce, OFFERED),
    "used-up": (UsedUp, OFFERED),
    "keeping-one-batch": (KeepingOneBatch, HOWEVER_MANY),
    "confirming-one-batch": (ConfirmingOneBatch, HOWEVER_MANY),
    "screening-at-once": (ScreeningAtOnce, HOWEVER_MANY),
    "dropping-what-was-ready": (
        DroppingWhatWasReady,
        "test_a_payment_that_is_no_longer_ready_when_it_is_saved_is_offered_again",
    ),
    "mixed-up": (MixedUp, "test_rejected_payments_are_stored_separately_for_each_company"),
    "last-batch": (LastBatch, OFFERED),
    "offering-what-was-saved": (KeepingAll, OFFERED),
    "forgetting-amounts": (ForgettingAmounts, OFFERED),
    "unscreened": (mutant(screened=lambda _self, _run, several: [None] * len(several)), SCREENED),
    "stale": (Stale, FETCHED),
    "never-asking": (mutant(to_confirm=lambda *_: []), FETCHED),
    "not-booked-for-ever": (AsLeftOut, "test_a_payment_that_was_not_booked_is_fetched_again"),
    "shown-twice": (ShownTwice, FETCHED),
    "deaf-to-gone": (Blind, GONE),
    "cursor-of-all": (mutant(whose=lambda *_: "all"), CURSOR),
    "no-key": (mutant(booked=lambda *_: None), ONCE),
    "key-of-definition": (PerDefinition, ONCE),
    "key-with-amount": (mutant(key=lambda _self, _t, one: (*one.key, one.amount)), ONCE),
    "judged-when-read": (mutant(judge_again=lambda *_: None), SAVES),
    "as-shown": (
        AsShown,
        "test_what_remains_is_right_after_saving_two_imports_that_were_open_together",
    ),
    "number-as-number": (
        mutant(key=lambda _self, t, one: (t, one.key.company, as_number(one))),
        "test_a_number_is_text",
    ),
    "rows-by-number": (
        mutant(row_key=lambda _self, one: one.key.number.lstrip("0") or object()),
        "test_a_number_is_text",
    ),
    "number-in-capitals": (
        mutant(row_key=lambda _self, one: one.key.number.upper() or object()),
        "test_a_number_is_text",
    ),
    "telling-theirs": (TellingTheirs, HEARD_RIGHT),
    "telling-one-status": (TellingOneStatus, HEARD_RIGHT),
    "number-alone": (mutant(key=lambda _self, _t, one: one.key.number), UNIQUE),
    "number-and-company": (mutant(key=lambda _self, _t, one: tuple(one.key)), UNIQUE),
    "number-and-type": (mutant(key=lambda _self, t, one: (t, one.key.number)), UNIQUE),
    "look-alikes": (Alike, LOOK_ALIKE),
    "changes-unseen": (mutant(word_again=lambda *_: "already-imported"), CHANGED),
    "changed-amounts-alone": (mutant(figures=lambda _self, one: one.amount), CHANGED),
    "changes-offered-once": (offering_once("changed"), CHANGED),
    "following": (Following, CHANGED),
    "registered-again": (Countering, CHANGED),
    "two-at-once": (
        mutant(alone=lambda *_: contextlib.nullcontext()),
        "test_two_imports_of_one_definition_never_run_concurrently",
    ),
    "any-company": (mutant(refuse_other=lambda *_: None), "test_another_company_is_refused"),
    "company-of-report": (ReportAlone, "test_another_company_is_refused"),
    "readable-alone": (
        mutant(is_kept=lambda self, one: one.payment and ExampleHost.is_kept(self, one)),
        OFFERED,
    ),
    "books-in-memory": (forgetting("ledger", list), OUTLIVES),
    "pending-in-memory": (forgetting("pending", lambda: defaultdict(dict)), OUTLIVES),
    "cursor-in-memory": (
        forgetting("remembered", lambda: defaultdict(lambda: (None, None))),
        OUTLIVES,
    ),
    "state-in-memory": (forgetting("state", dict), OUTLIVES),
    "secrets-in-memory": (forgetting("secrets", dict), OUTLIVES),
    "alone-and-mute": (
        mutant(says_alone=lambda _self: True),
        "test_a_host_that_cannot_show_a_url_to_anyone_says_so",
    ),
    "alone-and-silent": (
        mutant(says_alone=lambda _self: None),
        "test_a_host_that_cannot_show_a_url_to_anyone_says_so",
    ),
    "not-compared": (mutant(replaces=lambda *_: False), MADE_AGAIN),
    "asks-after-nobody": (mutant(may_be_replaced=lambda *_: False), MADE_AGAIN),
    "replaced-on-one-invoice": (
        mutant(alike=lambda _self, booked, _row, invoice: booked.invoice == invoice.number),
        MADE_AGAIN,
    ),
    "replaced-by-the-amount": (
        mutant(alike=lambda _self, booked, row, _invoice: booked.payment.amount == row.amount),
        MADE_AGAIN,
    ),
    "asks-after-one-invoice": (
        mutant(
            may_be_replaced=lambda self, booked, new: (
                booked.invoice in {invoice.number for one in new if (invoice := self.meet(one))}
            )
        ),
        MADE_AGAIN,
    ),
    "forgetting-who-was-gone": (ForgettingAtOnce, MADE_AGAIN),
    "forgetting-what-it-cannot-ask": (Forgetting, MADE_AGAIN),
    "asking-after-its-own": (AskingAfterItsOwn, MADE_AGAIN),
    "asking-after-one-batch": (
        AskingAfterOneBatch,
        "test_every_payment_that_may_have_been_replaced_is_checked",
    ),
    "gone-in-memory": (RememberingInMemory, MADE_AGAIN),
    "replaced-offered-once": (offering_once("replaced"), MADE_AGAIN),
    "not-in-doubt": (mutant(in_doubt=lambda *_: False), NOT_ASKED),
    "in-doubt-for-ever": (DoubtingForEver, NOT_ASKED),
    "not-asked-is-gone": (
        mutant(doubt=lambda self, run, numbers: self.drop(run, numbers)),
        NOT_ASKED,
    ),
    "doubtful-offered-once": (offering_once("not-asked-after"), NOT_ASKED),
    "replaced-by-looks": (
        mutant(
            replaces=lambda self, _run, row, invoice: any(
                self.alike(one, row, invoice) for one in self.ledger
            )
        ),
        "test_two_payments_that_both_exist_are_both_registered",
    ),
    "deletions-ignored": (Blind, DELETED),
    "no-balances": (mutant(more_there=lambda *_: False), DELETED),
    "asking-after-all": (AskingAfterAll, DELETED),
    "asks-for-none": (mutant(open_here=lambda _self: []), ASKED_FOR),
    "asks-for-all": (mutant(open_here=lambda self: list(self.invoices)), ASKED_FOR),
    "from-now-on": (FromNowOn, TOLD),
    "once-told": (OnceTold, TOLD),
    "backwards": (Backwards, TOLD),
    "only-incoming": (OnlyIncoming, TOLD),
    "sek-told": (noting(effect=lambda one: one.payment.amount), TOLD),
    "told-without-write-offs": (
        noting(effect=lambda one: one.payment.amount_currency),
        TOLD_RIGHT,
    ),
    "told-without-signs": (noting(effect=lambda one: abs(one.effect)), TOLD_RIGHT),
    "told-without-sign": (noting(amount=lambda one: abs(one.payment.amount)), TOLD_RIGHT),
    "told-as-sek": (noting(currency=lambda _: "SEK"), TOLD_RIGHT),
    "told-in-sek": (noting(amount_currency=lambda one: one.payment.amount), TOLD_RIGHT),
    "told-of-today": (noting(date=lambda _: date(2026, 11, 28)), TOLD_RIGHT),
    "told-by-their-number": (
        noting(host_invoice_number=lambda one: one.payment.invoice_number),
        TOLD_RIGHT,
    ),
    "told-without-import-type": (noting(key=lambda one: one.payment.key), TOLD_RIGHT),
    "journal-in-memory": (forgetting("journal", list), TOLD_LATER),
    "taken-for-kept": (TakenForKept, TOLD_LATER),
    "taken-for-heard": (TakenForHeard, TOLD_LATER),
    "one-batch-told": (OneBatchTold, TOLD_LATER),
}
