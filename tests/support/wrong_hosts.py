"""Hosts with one fault each, and the test of the suite that must fail on it."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

from example_host import MUTANTS, ExampleHost, mutant

from opter_contract import BATCH

# --- Money ----------------------------------------------------------------------


class FloatsShown(ExampleHost):
    def preview_row(self, one):
        return super().preview_row(one)._replace(amount=float(one.row.amount or 0))


def booked(change):
    """Change the amount of each payment that is registered."""

    def bookings(self):
        return [one._replace(amount=change(one.amount)) for one in ExampleHost.bookings(self)]

    return mutant(bookings=bookings)


class FloatsInside(ExampleHost):
    """Shows decimals, and computes with floats."""

    def reduce_remaining(self, invoice, effect):
        invoice.remaining = Decimal(str(float(invoice.remaining) - float(effect)))


class Rate(ExampleHost):
    """Computes the amount from SEK and a rounded rate."""

    def effect(self, one):
        return one.amount if one.exchange_rate is None else one.amount / Decimal("10.9")


class Sek(ExampleHost):
    """Compares SEK with EUR."""

    def effect(self, one):
        return one.amount + sum(part.amount for part in one.write_offs)


class NoCreditSign(ExampleHost):
    def status(self, effect, remains):
        return super().status(-effect if remains == 500 else effect, remains)


class NoReversals(ExampleHost):
    def verdict(self, run, one, left):
        if one.payment is not None and one.payment.amount < 0:
            return "rejected", "negative", None, 0
        return super().verdict(run, one, left)


# --- Everything that was read -----------------------------------------------------------


class Hiding(ExampleHost):
    """Does not show what meets ``hides``."""

    def hides(self, one):
        raise NotImplementedError

    def preview(self, definition):
        return [one for one in super().preview(definition) if not self.hides(one)]


def hiding(hides):
    return type("Mutant", (Hiding,), {"hides": lambda _self, one: hides(one)})


class DroppingRowsWithoutNumber(ExampleHost):
    def take(self, run, rows):
        super().take(run, [one for one in rows if one.key.number])
        return len(rows)


class AcknowledgingErrors(ExampleHost):
    def take(self, run, rows):
        with contextlib.suppress(Exception):
            super().take(run, rows)
        return len(rows)


class StoringPartOfABatch(ExampleHost):
    """Stores what it can of a batch, and acknowledges all of it."""

    def take(self, run, rows):
        for one in rows:
            with contextlib.suppress(Exception):
                super().take(run, [one])
        return len(rows)


class StoringBeforeAnError(ExampleHost):
    """Registers at once what came before an error."""

    def run_started(self, run):
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

    def store_rejected(self, run):
        self.pending[run.definition] = {
            number: SimpleNamespace(row=one, payment=getattr(one, "payment", one), outcome="waits")
            for number, one in run.rows.items()
            if isinstance(number, str)
            and self.find_registered(self.key(run.type_code, one)) is None
        }


class LastBatch(ExampleHost):
    """Stores only the last batch of what was rejected."""

    def take(self, run, rows):
        run.last = {one.key.number for one in rows}
        return super().take(run, rows)

    def store_rejected(self, run):
        super().store_rejected(run)
        pending = self.pending[run.definition]
        for number in set(pending) - getattr(run, "last", set()) - set(run.offered):
            del pending[number]


class ForgettingAmounts(ExampleHost):
    def preview_row(self, one):
        row = super().preview_row(one)
        return row if one.earlier is None else row._replace(amount=Decimal(0))


class Stale(ExampleHost):
    """Saves what an earlier run read, as it was then."""

    def verdict(self, run, one, left):
        one.earlier = None
        return super().verdict(run, one, left)


class ReportAlone(ExampleHost):
    """Checks the company of the report, and not that of each payment."""

    def take(self, run, rows):
        run.company, before = None, run.company
        try:
            return super().take(run, rows)
        finally:
            run.company = before


class AsLeftOut(ExampleHost):
    """Uses the reason of an earlier run instead of the current one."""

    def judge(self, run, *, confirming=False):
        for one in (run.offered or {}).values():
            one.payment = one.payment if one.row is one.payment else None
        super().judge(run, confirming=confirming)


class ShownTwice(ExampleHost):
    """Shows what was fetched again beside the earlier figures."""

    def judge(self, run, *, confirming=False):
        super().judge(run, confirming=confirming)
        both = {number: one for number, one in (run.offered or {}).items() if number in run.rows}
        run.judged += [
            SimpleNamespace(**vars(one), list="rejected", earlier=one.outcome)
            for one in both.values()
        ]


class KeepingOneBatch(ExampleHost):
    def store_rejected(self, run):
        super().store_rejected(run)
        pending = self.pending[run.definition]
        for number in list(pending)[BATCH:]:
            del pending[number]


class AskingReasonsInOneBatch(ExampleHost):
    def exclusion_reasons(self, run, payments):
        [reasons] = self.manager.hook.opter_exclusion_reasons(run=run, payments=payments)
        return reasons


class DroppingWhatWasReady(ExampleHost):
    """Drops what was shown as ready and cannot be saved."""

    def judge_before_save(self, run):
        before = {one.row.key.number for one in run.judged if one.list == "ready"}
        self.judge(run)
        run.judged = [
            one for one in run.judged if one.list == "ready" or one.row.key.number not in before
        ]


def not_offered_again(outcome):
    return mutant(
        is_pending=lambda self, one: one.outcome != outcome and ExampleHost.is_pending(self, one)
    )


class OnePendingForAll(ExampleHost):
    """Stores what was rejected for all definitions together, by number."""

    def __init__(self):
        super().__init__()
        everything = {}
        self.pending = defaultdict(lambda: everything)


class ClearingWhenOffered(ExampleHost):
    """Deletes what was rejected as soon as it is offered."""

    def offer_again(self, run):
        super().offer_again(run)
        self.pending[run.definition].clear()


# --- Once --------------------------------------------------------------------------


class AsShown(ExampleHost):
    """Stores what remained when it read."""

    def reduce_left(self, left, one):
        super().reduce_left(left, one)
        one.left = left[one.invoice]

    def judge_before_save(self, run):
        pass

    def commit(self, run, ready):
        super().commit(run, ready)
        for one in ready:
            self.invoices[one.invoice].remaining = one.left


def as_number(one):
    return int("".join(filter(str.isdigit, one.key.number)) or 0)


class Alike(ExampleHost):
    """Treats two payments of an invoice with one date and amount as one."""

    def key(self, import_type, one):
        return one.invoice_number, one.date, one.amount

    def commit(self, run, ready):
        for one in ready:
            if self.find_registered(self.key(run.type_code, one.payment)) is None:
                super().commit(run, [one])


class PerDefinition(ExampleHost):
    """Knows what was registered by each definition alone."""

    def run_started(self, run):
        self.mine = run.definition

    def key(self, import_type, one):
        return *super().key(import_type, one), self.mine

    def find_registered(self, key):
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


class AcceptingChanges(ExampleHost):
    """Accepts changed figures of a payment silently."""

    def outcome_of_registered(self, before, now):
        for one in self.ledger:
            if one.payment is before:
                one.payment = now
        return super().outcome_of_registered(before, now)


class RegisteringAgain(ExampleHost):
    """Registers what changed a second time."""

    def find_registered(self, key):
        return None

    def verdict(self, run, one, left):
        before = super().find_registered(self.key(run.type_code, one.row))
        if before is not None and self.outcome_of_registered(before.payment, one.row) != "changed":
            return "rejected", "already-imported", None, 0
        return super().verdict(run, one, left)


class SendingTheirNumber(ExampleHost):
    """Sends listeners the number of the invoice in the other system."""

    def call(self, plugin, hook, **arguments):
        for one in arguments.get("payments", ()):
            one.host_invoice_number = one.payment.invoice_number
        return super().call(plugin, hook, **arguments)


class SendingOneStatus(ExampleHost):
    def call(self, plugin, hook, **arguments):
        for one in arguments.get("payments", ()):
            one.status = "exact"
        return super().call(plugin, hook, **arguments)


# --- Trust -------------------------------------------------------------------------


def losing_at_restart(what, fresh):
    """Keep something only in memory."""
    return mutant(restart=lambda self: setattr(self, what, fresh()))


class IgnoringDeletions(ExampleHost):
    """Has payments checked, and ignores the answer."""

    def mark_deleted(self, run, numbers):
        pass


def just_read(_self, run):
    return [one for one in run.rows.values() if not hasattr(one, "reason")]


class ForgettingDeletions(ExampleHost):
    """Forgets what was deleted, although it is checked again."""

    def deleted_there(self, run, import_type, company):
        return set(run.deleted_numbers)


class ForgettingDeletionsAtOnce(ForgettingDeletions):
    incoming = just_read


class DeletionsInMemory(ExampleHost):
    """Has each payment checked once, and forgets the answer at a restart."""

    incoming = just_read

    def restart(self):
        super().restart()
        self.deleted_numbers.clear()


class CheckingItsOwn(ExampleHost):
    """Has only payments of the same definition checked."""

    def commit(self, run, ready):
        before = len(self.ledger)
        super().commit(run, ready)
        for one in self.ledger[before:]:
            one.definition = run.definition

    def is_checked(self, run, registered):
        return registered.definition == run.definition


class UncheckedForEver(ExampleHost):
    def __init__(self):
        super().__init__()
        self.unchecked = []

    def run_started(self, run):
        run.unchecked = self.unchecked


class SendingFromNowOn(ExampleHost):
    """Sends a new listener only later changes."""

    def register(self, plugin):
        super().register(plugin)
        self.acknowledged[id(plugin)] = len(self.journal)


class SendingOnce(ExampleHost):
    """Treats what was sent as acknowledged."""

    def unsent(self, plugin):
        changes = super().unsent(plugin)
        if changes:
            self.acknowledged[id(plugin)] = changes[-1].sequence
        return changes


class OnlyPayments(ExampleHost):
    def add_to_journal(self, run, one):
        if one.effect > 0:
            super().add_to_journal(run, one)


def journal_with(**otherwise):
    """Write values into the journal that are not those of the books."""

    def add_to_journal(self, run, one):
        ExampleHost.add_to_journal(self, run, one)
        for name, value in otherwise.items():
            setattr(self.journal[-1], name, value(one))

    return mutant(add_to_journal=add_to_journal)


class TakingSentForStored(ExampleHost):
    """Treats everything as acknowledged at a restart, for whoever acknowledged something."""

    def restart(self):
        super().restart()
        for plugin, behind in list(self.acknowledged.items()):
            if behind:
                self.acknowledged[plugin] = len(self.journal)


class TakingCalledForStored(ExampleHost):
    """Treats everything as acknowledged at a restart."""

    def restart(self):
        super().restart()
        for plugin in self.listeners():
            self.acknowledged[id(plugin)] = len(self.journal)


class SendingOneBatch(ExampleHost):
    def send_changes(self):
        for plugin in self.listeners():
            if changes := self.unsent(plugin):
                stored = self.call(plugin, "opter_books_changed", changes=changes)
                self.acknowledge(plugin, changes, stored)


#: A correct host without the optional hooks.
WithoutOptionalHooks = mutant(
    opter_take_balances=None,
    opter_invoices_to_check=None,
    opter_payments_to_check=None,
    opter_take_unchecked=None,
    send_changes=lambda _self: None,
)

EXACT = "test_money_stays_exact_in_every_list_and_in_the_books"
CURRENCY = "test_a_payment_is_compared_with_its_invoice_in_the_currency_of_the_invoice"
WRITTEN_OFF = "test_a_write_off_counts_as_paid"
OWN_CURRENCY = "test_a_write_off_counts_in_its_own_currency"
REFUND = "test_a_refund_increases_what_remains_to_pay"
DATE_ORDER = "test_payments_of_one_invoice_are_judged_in_date_order"
BY_OCR = "test_an_ocr_reference_is_used_only_if_the_number_is_unknown_and_one_invoice_has_it"
READ = "test_every_payment_that_was_read_is_in_exactly_one_list"
WITHOUT_NUMBER = "test_a_row_without_a_number_is_shown"
STORED = "test_a_batch_is_acknowledged_only_if_all_of_it_is_stored"
OFFERED = "test_a_rejected_payment_is_offered_again_until_it_is_saved"
SCREENED = "test_a_payment_that_is_offered_again_is_checked_against_the_current_settings"
FETCHED = "test_a_payment_that_is_offered_again_is_fetched_again_before_it_is_saved"
DELETED_THERE = "test_a_payment_that_was_deleted_at_its_source_is_not_registered"
CURSOR = "test_a_cursor_is_returned_only_to_its_own_definition"
ONCE = "test_a_payment_is_registered_only_once"
SAVES = "test_two_concurrent_saves_register_a_payment_once"
UNIQUE = "test_a_number_is_unique_only_within_its_company_and_import_type"
LOOK_ALIKE = "test_payments_that_look_alike_are_separate_payments"
CHANGED = "test_a_payment_whose_figures_changed_is_shown_and_not_registered_again"
RESTART = "test_everything_stored_survives_a_restart"
NOTIFIED_RIGHT = "test_listeners_get_what_was_registered"
ENTERED_AGAIN = "test_a_payment_that_was_deleted_and_entered_again_counts_once"
DELETED = "test_a_registered_payment_that_was_deleted_at_its_source_is_reported"
CHECKED = "test_an_invoice_that_is_open_only_in_the_host_is_checked"
SENT = "test_a_listener_is_sent_every_change_of_the_books_until_it_acknowledges_it"
SENT_AS_BOOKED = "test_a_change_is_sent_as_it_is_in_the_books"
SENT_LATER = "test_what_a_listener_did_not_acknowledge_survives_a_restart"
HOWEVER_MANY = "test_rejected_payments_are_offered_again_however_many_there_are"
UNCHECKED = "test_a_payment_is_not_ready_while_another_payment_of_its_invoice_is_unchecked"

#: Each wrong host, and the test that must fail on it.
WRONG = MUTANTS | {
    "floats-shown": (FloatsShown, EXACT),
    "floats-booked": (booked(float), EXACT),
    "floats-inside": (FloatsInside, EXACT),
    "rounded-to-kronor": (booked(lambda amount: round(amount, 0)), EXACT),
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
    "no-reversals": (NoReversals, REFUND),
    "no-sign": (mutant(effect=lambda self, one: abs(ExampleHost.effect(self, one))), REFUND),
    "no-mirror": (NoCreditSign, "test_a_credit_invoice_is_paid_by_a_negative_payment"),
    "each-separately": (mutant(reduce_left=lambda *_: None), DATE_ORDER),
    "unsorted": (mutant(sort_rows=lambda _self, rows: rows), DATE_ORDER),
    "never-already-paid": (mutant(already_paid=lambda *_: False), DATE_ORDER),
    "no-ocr": (mutant(by_ocr=lambda *_: None), BY_OCR),
    "ocr-first": (
        mutant(match=lambda self, one: self.by_ocr(one.ocr) or ExampleHost.match(self, one)),
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
            match=lambda self, one: ExampleHost.match(self, one) or self.by_ocr(one.invoice_number)
        ),
        BY_OCR,
    ),
    "invoice-as-number": (
        mutant(
            match=lambda self, one: (
                self.invoices.get(one.invoice_number.lstrip("0")) or self.by_ocr(one.ocr)
            )
        ),
        BY_OCR,
    ),
    "ignored-hidden": (hiding(lambda row: row.list == "ignored"), READ),
    "rejected-hidden": (hiding(lambda row: row.outcome == "invoice-not-found"), READ),
    "unknown-amounts-hidden": (hiding(lambda one: not one.amount), READ),
    "without-number-hidden": (hiding(lambda one: not one.number), WITHOUT_NUMBER),
    "without-number-dropped": (DroppingRowsWithoutNumber, WITHOUT_NUMBER),
    "without-number-merged": (mutant(row_key=lambda _self, one: one.key.number), WITHOUT_NUMBER),
    "no-warnings": (
        mutant(
            preview_row=lambda self, one: ExampleHost.preview_row(self, one)._replace(warning="")
        ),
        "test_the_warnings_of_a_plug_in_are_shown",
    ),
    "acknowledging-errors": (AcknowledgingErrors, STORED),
    "storing-part": (StoringPartOfABatch, STORED),
    "unchecked": (mutant(check=lambda *_: None), STORED),
    "storing-before-an-error": (StoringBeforeAnError, "test_an_error_ends_the_run_and_discards_it"),
    "rejected-dropped": (mutant(store_rejected=lambda *_: None), OFFERED),
    "offered-once": (OfferingOnce, OFFERED),
    "cleared-when-offered": (ClearingWhenOffered, OFFERED),
    "storing-one-batch": (KeepingOneBatch, HOWEVER_MANY),
    "confirming-one-batch": (
        mutant(to_confirm=lambda self, run: [] if run.named else ExampleHost.to_confirm(self, run)),
        HOWEVER_MANY,
    ),
    "reasons-in-one-batch": (AskingReasonsInOneBatch, HOWEVER_MANY),
    "dropping-what-was-ready": (
        DroppingWhatWasReady,
        "test_a_payment_that_is_no_longer_ready_when_it_is_saved_is_offered_again",
    ),
    "one-pending-for-all": (
        OnePendingForAll,
        "test_rejected_payments_are_stored_separately_for_each_company",
    ),
    "last-batch": (LastBatch, OFFERED),
    "offering-what-was-saved": (
        mutant(is_pending=lambda *_: True, outcome_of_registered=lambda *_: "waits"),
        OFFERED,
    ),
    "forgetting-amounts": (ForgettingAmounts, OFFERED),
    "settings-ignored": (
        mutant(exclusion_reasons=lambda _self, _run, several: [None] * len(several)),
        SCREENED,
    ),
    "stale": (Stale, FETCHED),
    "confirming-none": (mutant(to_confirm=lambda *_: []), FETCHED),
    "not-booked-for-ever": (AsLeftOut, "test_a_payment_that_was_not_booked_is_fetched_again"),
    "shown-twice": (ShownTwice, FETCHED),
    "ignoring-deletions": (IgnoringDeletions, DELETED_THERE),
    "cursor-of-all": (mutant(cursor_key=lambda *_: "all"), CURSOR),
    "no-key": (mutant(find_registered=lambda *_: None), ONCE),
    "key-of-definition": (PerDefinition, ONCE),
    "key-with-amount": (
        mutant(key=lambda _self, _t, one: (one.key.company, one.key.number, one.amount)),
        ONCE,
    ),
    "judged-when-read": (mutant(judge_before_save=lambda *_: None), SAVES),
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
    "sending-their-number": (SendingTheirNumber, NOTIFIED_RIGHT),
    "sending-one-status": (SendingOneStatus, NOTIFIED_RIGHT),
    "number-alone": (mutant(key=lambda _self, _t, one: one.key.number), UNIQUE),
    "number-and-company": (
        mutant(key=lambda _self, _t, one: (one.key.company, one.key.number)),
        UNIQUE,
    ),
    "number-and-type": (mutant(key=lambda _self, t, one: (t, one.key.number)), UNIQUE),
    "alike-is-same": (Alike, LOOK_ALIKE),
    "changes-ignored": (mutant(outcome_of_registered=lambda *_: "already-imported"), CHANGED),
    "changed-amounts-alone": (mutant(figures=lambda _self, one: one.amount), CHANGED),
    "changes-offered-once": (not_offered_again("changed"), CHANGED),
    "accepting-changes": (AcceptingChanges, CHANGED),
    "registered-again": (RegisteringAgain, CHANGED),
    "two-at-once": (
        mutant(exclusive=lambda *_: contextlib.nullcontext()),
        "test_two_imports_of_one_definition_never_run_concurrently",
    ),
    "any-company": (
        mutant(refuse_other_company=lambda *_: None),
        "test_another_company_is_refused",
    ),
    "company-of-report": (ReportAlone, "test_another_company_is_refused"),
    "readable-alone": (
        mutant(is_pending=lambda self, one: one.payment and ExampleHost.is_pending(self, one)),
        OFFERED,
    ),
    "books-in-memory": (losing_at_restart("ledger", list), RESTART),
    "pending-in-memory": (losing_at_restart("pending", lambda: defaultdict(dict)), RESTART),
    "cursor-in-memory": (
        losing_at_restart("cursors", lambda: defaultdict(lambda: (None, None))),
        RESTART,
    ),
    "state-in-memory": (losing_at_restart("state", dict), RESTART),
    "secrets-in-memory": (losing_at_restart("secrets", dict), RESTART),
    "no-browser-but-true": (
        mutant(without_browser=lambda _self: True),
        "test_a_host_that_cannot_show_a_url_to_anyone_says_so",
    ),
    "no-browser-but-none": (
        mutant(without_browser=lambda _self: None),
        "test_a_host_that_cannot_show_a_url_to_anyone_says_so",
    ),
    "not-compared": (mutant(is_replacement=lambda *_: False), ENTERED_AGAIN),
    "checking-none": (mutant(may_be_replaced=lambda *_: False), ENTERED_AGAIN),
    "replaced-on-one-invoice": (
        mutant(
            looks_replaced=lambda _self, registered, _row, invoice: (
                registered.invoice == invoice.number
            )
        ),
        ENTERED_AGAIN,
    ),
    "replaced-by-the-amount": (
        mutant(
            looks_replaced=lambda _self, registered, row, _invoice: (
                registered.payment.amount == row.amount
            )
        ),
        ENTERED_AGAIN,
    ),
    "checking-one-invoice": (
        mutant(
            may_be_replaced=lambda self, registered, new: (
                registered.invoice
                in {invoice.number for one in new if (invoice := self.match(one))}
            )
        ),
        ENTERED_AGAIN,
    ),
    "forgetting-deletions": (ForgettingDeletionsAtOnce, ENTERED_AGAIN),
    "forgetting-unchecked-deletions": (ForgettingDeletions, ENTERED_AGAIN),
    "checking-its-own": (CheckingItsOwn, ENTERED_AGAIN),
    "checking-one-batch": (
        mutant(
            payments_to_check=lambda self, run: (
                [] if run.named else ExampleHost.payments_to_check(self, run)
            )
        ),
        "test_every_payment_that_may_have_been_replaced_is_checked",
    ),
    "deletions-in-memory": (DeletionsInMemory, ENTERED_AGAIN),
    "replaced-offered-once": (not_offered_again("replaced"), ENTERED_AGAIN),
    "unchecked-ignored": (mutant(is_unchecked=lambda *_: False), UNCHECKED),
    "unchecked-for-ever": (UncheckedForEver, UNCHECKED),
    "unchecked-is-deleted": (
        mutant(mark_unchecked=lambda self, run, numbers: self.mark_deleted(run, numbers)),
        UNCHECKED,
    ),
    "unchecked-offered-once": (not_offered_again("not-asked-after"), UNCHECKED),
    "replaced-without-check": (
        mutant(
            is_replacement=lambda self, _run, row, invoice: any(
                self.looks_replaced(one, row, invoice) for one in self.ledger
            )
        ),
        "test_two_payments_that_both_exist_are_both_registered",
    ),
    "deletions-ignored": (IgnoringDeletions, DELETED),
    "no-balances": (mutant(more_remains_there=lambda *_: False), DELETED),
    "checking-all": (mutant(more_remains_there=lambda *_: True), DELETED),
    "no-invoices-to-check": (mutant(open_invoices=lambda _self: []), CHECKED),
    "all-invoices-to-check": (mutant(open_invoices=lambda self: list(self.invoices)), CHECKED),
    "sending-from-now-on": (SendingFromNowOn, SENT),
    "sending-once": (SendingOnce, SENT),
    "sending-backwards": (
        mutant(unsent=lambda self, plugin: ExampleHost.unsent(self, plugin)[::-1]),
        SENT,
    ),
    "only-payments": (OnlyPayments, SENT),
    "effect-in-sek": (journal_with(effect=lambda one: one.payment.amount), SENT),
    "effect-without-write-offs": (
        journal_with(effect=lambda one: one.payment.amount_currency),
        SENT_AS_BOOKED,
    ),
    "effect-without-sign": (journal_with(effect=lambda one: abs(one.effect)), SENT_AS_BOOKED),
    "amount-without-sign": (
        journal_with(amount=lambda one: abs(one.payment.amount)),
        SENT_AS_BOOKED,
    ),
    "currency-sek": (journal_with(currency=lambda _: "SEK"), SENT_AS_BOOKED),
    "amount-currency-in-sek": (
        journal_with(amount_currency=lambda one: one.payment.amount),
        SENT_AS_BOOKED,
    ),
    "date-of-today": (journal_with(date=lambda _: date(2026, 11, 28)), SENT_AS_BOOKED),
    "their-invoice-number": (
        journal_with(host_invoice_number=lambda one: one.payment.invoice_number),
        SENT_AS_BOOKED,
    ),
    "key-without-import-type": (journal_with(key=lambda one: one.payment.key), SENT_AS_BOOKED),
    "journal-in-memory": (losing_at_restart("journal", list), SENT_LATER),
    "sent-is-acknowledged": (TakingSentForStored, SENT_LATER),
    "called-is-acknowledged": (TakingCalledForStored, SENT_LATER),
    "one-batch-sent": (SendingOneBatch, SENT_LATER),
}
