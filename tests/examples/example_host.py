"""A host in memory that keeps to the whole contract, and mutants that do not."""

from __future__ import annotations

import contextlib
import itertools
import threading
import webbrowser
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pluggy

from opter_contract import BATCH, PROJECT, hookimpl
from opter_contract.conformance.host_under_test import INVOICES, Booking, PreviewRow
from opter_contract.values import IGNORED, PaymentKey, RegisteredPayment

ORE = Decimal("0.01")


class ExampleHost:
    """Answers the hooks, and is its own adapter for the conformance suite."""

    def __init__(self):
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.register(self)
        self.invoices = {
            one.number: SimpleNamespace(**one._asdict(), remaining=one.total) for one in INVOICES
        }
        self.ids = itertools.count(1)
        self.locks, self.busy = defaultdict(threading.Lock), defaultdict(threading.Lock)
        self.save_lock = threading.RLock()
        self.latest, self.open = {}, {}
        self.cancelled = self.no_browser = False
        # What a real host has on disk.
        self.ledger, self.journal, self.state, self.secrets = [], [], {}, {}
        self.pending = defaultdict(dict)
        self.cursors = defaultdict(lambda: (None, None))
        self.acknowledged = defaultdict(int)
        self.deleted_numbers = defaultdict(set)

    # --- For the suite ---

    def register(self, plugin):
        self.manager.register(plugin)

    def import_payments(self, import_type, definition):
        with self.exclusive(definition):
            company, cursor = self.cursors[self.cursor_key(definition)]
            run = SimpleNamespace(
                id=self.new_id(), hook=self.manager.hook, type_code=import_type,
                format="API", definition=definition, settings={}, company=company,
                cursor=cursor, default_currency="SEK", configuration={}, login_timeout=60.0,
                rows={}, offered=None, named=set(), balances={}, deleted_numbers=[], unchecked=[],
            )  # fmt: skip
            self.run_started(run)
            [run.report] = self.manager.hook.opter_import_payments(run=run)
            self.refuse_other_company(run, run.report.company.number)
            self.offer_again(run)
            self.judge(run)
            source = import_type, run.report.company.number
            self.deleted_numbers[source] = self.deleted_there(run, *source)
            self.latest[definition] = self.open[definition] = run
            self.run_ended(run)

    def save(self, definition):
        with self.save_lock:
            run = self.open.pop(definition, None)
            if run is None:
                return
            self.judge_before_save(run)
            ready = self.to_save(run)
            self.commit(run, ready)
            self.store_rejected(run)
            self.store_cursor(run)
        self.notify(run, ready)
        self.send_changes()

    def preview(self, definition):
        return [self.preview_row(one) for one in self.latest[definition].judged]

    def preview_row(self, one):
        of = one.payment
        return PreviewRow(
            one.row.key.number, one.list, one.outcome, one.row.amount or Decimal(0),
            of and of.currency, of and of.amount_currency,
            " ".join(text.sv for text in of.warnings) if of else "",
        )  # fmt: skip

    def bookings(self):
        return [
            Booking(
                one.import_type, one.payment.key.company, one.payment.key.number,
                one.payment.amount, one.payment.currency, one.payment.amount_currency, one.invoice,
            )
            for one in self.ledger
        ]  # fmt: skip

    def remaining(self, invoice):
        return self.invoices[invoice].remaining

    def restart(self):
        self.latest, self.open = {}, {}

    def deleted(self, definition):
        registered = {one.payment.key.number for one in self.ledger}
        return [
            number for number in self.latest[definition].deleted_numbers if number in registered
        ]

    def cancel(self):
        self.cancelled = True

    def disable_browser(self):
        self.no_browser = True

    def error_text(self, error):
        return f"{error.code}: {error.message.sv}"

    # --- What mutants override ---

    @contextlib.contextmanager
    def exclusive(self, definition):
        if not self.busy[definition].acquire(blocking=False):
            raise RuntimeError(f"{definition} is being imported")
        try:
            yield
        finally:
            self.busy[definition].release()

    def cursor_key(self, definition):
        return definition

    def new_id(self):
        return str(next(self.ids))

    def run_started(self, run):
        pass

    def run_ended(self, run):
        pass

    def refuse_other_company(self, run, company):
        if run.company is not None and run.company.number != company:
            raise RuntimeError(f"{company} is another company than {run.company.number}")

    def check(self, one):
        amounts = [one.amount, getattr(one, "amount_currency", None)]
        for amount in amounts:
            if amount is not None and not (isinstance(amount, Decimal) and amount.is_finite()):
                raise ValueError(f"{amount!r} is not money")

    def key(self, import_type, one):
        return import_type, one.key.company, one.key.number

    def row_key(self, one):
        return one.key.number or object()

    def take(self, run, rows):
        for one in rows:
            self.check(one)
            self.refuse_other_company(run, one.key.company)
        for one in rows:
            run.rows.pop(self.row_key(one), None)
            run.rows[self.row_key(one)] = one
        return len(rows)

    def offer_again(self, run):
        """Take what earlier runs rejected, unless this one read it, as today's settings see it."""
        if run.offered is not None:
            return
        waiting = {
            number: one
            for number, one in self.pending[run.definition].items()
            if number not in run.rows
        }
        run.offered = dict(waiting)
        readable = [one.payment for one in waiting.values() if one.payment is not None]
        for payment, reason in zip(readable, self.exclusion_reasons(run, readable), strict=True):
            if reason is not None:
                run.offered[payment.key.number] = SimpleNamespace(
                    row=reason, payment=payment, outcome=None
                )

    def exclusion_reasons(self, run, payments):
        reasons = []
        for start in range(0, len(payments), BATCH):
            batch = payments[start : start + BATCH]
            [some] = self.manager.hook.opter_exclusion_reasons(run=run, payments=batch)
            reasons += some
        return reasons

    def judge(self, run, *, confirming=False):
        """Judge all rows of a run, the oldest first, and set the outcome of each."""
        fresh = [
            SimpleNamespace(row=row, payment=getattr(row, "payment", row), earlier=None)
            for row in run.rows.values()
        ]
        offered = [
            SimpleNamespace(
                row=one.row if one.outcome is None else one.payment or one.row,
                payment=one.payment,
                earlier=None if confirming else one.outcome,
            )
            for number, one in (run.offered or {}).items()
            if number not in run.rows
        ]
        left = {number: one.remaining for number, one in self.invoices.items()}
        run.judged = self.sort_rows([*fresh, *offered])
        for one in run.judged:
            one.list, one.outcome, one.invoice, one.effect = self.verdict(run, one, left)
            if one.list == "ready":
                self.reduce_left(left, one)

    judge_before_save = judge

    def sort_rows(self, rows):
        return sorted(rows, key=self.sort_key)

    def sort_key(self, one):
        return one.payment.date if one.payment else date.max, one.row.key.number

    def reduce_left(self, left, one):
        left[one.invoice] -= one.effect

    def verdict(self, run, one, left):
        row = one.row
        if hasattr(row, "reason"):
            return ("ignored" if row.reason in IGNORED else "rejected"), row.reason, None, 0
        before = self.find_registered(self.key(run.type_code, row))
        if before is not None:
            return "rejected", self.outcome_of_registered(before.payment, row), None, 0
        invoice = self.match(row)
        if invoice is None:
            return "rejected", "invoice-not-found", None, 0
        if not self.same_currency(row, invoice):
            return "rejected", "currency-differs", None, 0
        if self.is_replacement(run, row, invoice):
            return "rejected", "replaced", None, 0
        if self.is_unchecked(run, row, invoice):
            return "rejected", "not-asked-after", None, 0
        effect, sign = self.effect(row), -1 if invoice.total < 0 else 1
        remains = sign * left[invoice.number]
        if self.already_paid(remains, sign * effect):
            return "rejected", "invoice-already-paid", None, 0
        if one.earlier is not None:
            return "rejected", one.earlier, None, 0
        return "ready", self.status(sign * effect, remains), invoice.number, effect

    def already_paid(self, remains, effect):
        return remains <= 0 and effect >= 0

    def status(self, effect, remains):
        if effect < 0:
            return "reversal"
        if effect == remains:
            return "exact"
        return "partial" if effect < remains else "advance"

    def outcome_of_registered(self, before, now):
        return "already-imported" if self.figures(before) == self.figures(now) else "changed"

    def figures(self, one):
        return one.amount, one.amount_currency, one.date, one.invoice_number, one.write_offs

    def match(self, one):
        if one.invoice_number in self.invoices:
            return self.invoices[one.invoice_number]
        return self.by_ocr(one.ocr)

    def by_ocr(self, ocr):
        several = [one for one in self.invoices.values() if ocr and one.ocr == ocr]
        return several[0] if len(several) == 1 else None

    def same_currency(self, one, invoice):
        return one.currency == invoice.currency

    def effect(self, one):
        return one.amount_currency + sum(self.written_off(one, part) for part in one.write_offs)

    def written_off(self, one, part):
        if part.currency == one.currency or one.exchange_rate is None:
            return part.amount
        return (part.amount / one.exchange_rate).quantize(ORE)

    def find_registered(self, key):
        same = (one for one in self.ledger if self.key(one.import_type, one.payment) == key)
        return next(same, None)

    def is_replacement(self, run, row, invoice):
        deleted_numbers = self.deleted_there(run, run.type_code, row.key.company)
        return any(
            self.looks_replaced(one, row, invoice)
            for one in self.registered_of(run, row, deleted_numbers)
        )

    def deleted_there(self, run, import_type, company):
        """Return which were deleted, by what this run learnt or else an earlier one."""
        answered = {*run.rows, *run.named} - set(run.unchecked)
        return self.deleted_numbers[import_type, company] - answered | set(run.deleted_numbers)

    def is_unchecked(self, run, row, invoice):
        return any(
            one.invoice == invoice.number for one in self.registered_of(run, row, run.unchecked)
        )

    def registered_of(self, run, row, numbers):
        several = [
            self.find_registered((run.type_code, row.key.company, number)) for number in numbers
        ]
        return [one for one in several if one is not None]

    def looks_replaced(self, registered, row, invoice):
        before = registered.payment
        same = (before.currency, before.amount_currency) == (row.currency, row.amount_currency)
        return registered.invoice == invoice.number or (
            same and abs(before.date - row.date) <= timedelta(days=35)
        )

    def to_save(self, run):
        return [one for one in run.judged if one.list == "ready"]

    def commit(self, run, ready):
        for one in ready:
            registered = SimpleNamespace(
                import_type=run.type_code, payment=one.payment, invoice=one.invoice
            )
            self.ledger.append(registered)
            self.reduce_remaining(self.invoices[one.invoice], one.effect)
            self.add_to_journal(run, one)

    def reduce_remaining(self, invoice, effect):
        invoice.remaining -= effect

    def add_to_journal(self, run, one):
        number, of = len(self.journal) + 1, one.payment
        key = PaymentKey(of.key.company, of.key.number, run.type_code)
        self.journal.append(
            SimpleNamespace(
                books_id="1", sequence=number, kind="registered", payment_id=number, replaces=None,
                key=key, region="", host_invoice_number=one.invoice, date=of.date,
                amount=of.amount, currency=of.currency, amount_currency=of.amount_currency,
                effect=one.effect, source=of.source, user="me", at=datetime.now(UTC),
            )
        )  # fmt: skip

    def store_rejected(self, run):
        """Store what was rejected; drop what was saved or deleted."""
        pending = self.pending[run.definition]
        for number in list(pending):
            if number not in run.offered:
                del pending[number]
        for one in run.judged:
            number = one.row.key.number
            pending.pop(number, None)
            if number and self.is_pending(one):
                pending[number] = SimpleNamespace(
                    row=one.row, payment=one.payment, outcome=one.outcome
                )

    def is_pending(self, one):
        return one.list == "rejected" and one.outcome != "already-imported"

    def store_cursor(self, run):
        before = self.cursors[self.cursor_key(run.definition)][1]
        self.cursors[self.cursor_key(run.definition)] = (
            run.report.company,
            run.report.cursor or before,
        )

    def notify(self, run, ready):
        saved = [
            SimpleNamespace(
                payment=one.payment, status=one.outcome, host_invoice_number=one.invoice
            )
            for one in ready
        ]
        for plugin in self.listeners():
            for start in range(0, len(saved), BATCH):
                batch = saved[start : start + BATCH]
                self.call(plugin, "opter_payments_saved", run=run, payments=batch)
            self.call(plugin, "opter_run_saved", run=run)

    def send_changes(self):
        for plugin in self.listeners():
            while changes := self.unsent(plugin):
                stored = self.call(plugin, "opter_books_changed", changes=changes)
                if not self.acknowledge(plugin, changes, stored):
                    break

    def unsent(self, plugin):
        behind = self.acknowledged[id(plugin)]
        return [one for one in self.journal if one.sequence > behind][:BATCH]

    def acknowledge(self, plugin, changes, stored):
        if stored is None:
            return False
        self.acknowledged[id(plugin)] = stored
        return True

    def listeners(self):
        return [plugin for plugin in self.manager.get_plugins() if plugin is not self]

    def call(self, plugin, hook, **arguments):
        others = [other for other in self.manager.get_plugins() if other is not plugin]
        with contextlib.suppress(Exception):
            answers = self.manager.subset_hook_caller(hook, others)(**arguments)
            return answers[0] if answers else None

    def state_key(self, run, key):
        return run.type_code, key

    def secret_key(self, run, key):
        return run.definition, key

    def open_browser(self, url):
        threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()

    # --- The hooks ---

    @hookimpl
    def opter_take_payments(self, run, payments):
        return self.take(run, payments)

    @hookimpl
    def opter_take_excluded(self, run, excluded):
        return self.take(run, excluded)

    @hookimpl
    def opter_take_deleted(self, run, payment_numbers):
        self.mark_deleted(run, payment_numbers)
        return len(payment_numbers)

    def mark_deleted(self, run, numbers):
        for number in numbers:
            (run.offered or {}).pop(number, None)
            if number not in run.rows:
                run.deleted_numbers.append(number)

    @hookimpl
    def opter_take_unchecked(self, run, payment_numbers):
        self.mark_unchecked(run, payment_numbers)
        return len(payment_numbers)

    def mark_unchecked(self, run, numbers):
        run.unchecked += numbers

    @hookimpl
    def opter_payments_to_confirm(self, run):
        return self.to_confirm(run)

    def to_confirm(self, run):
        self.offer_again(run)
        self.judge(run, confirming=True)
        numbers = [one.row.key.number for one in run.judged if one.list == "ready"]
        named = [one for one in numbers if one not in run.rows and one not in run.named][:BATCH]
        run.named.update(named)
        return named

    @hookimpl
    def opter_take_balances(self, run, balances):
        run.balances |= {one.invoice_number: one for one in balances}
        return len(balances)

    @hookimpl
    def opter_invoices_to_check(self, run):
        return [number for number in self.open_invoices() if number not in run.balances][:BATCH]

    def open_invoices(self):
        return [one.number for one in self.invoices.values() if one.remaining]

    @hookimpl
    def opter_payments_to_check(self, run):
        return self.payments_to_check(run)

    def payments_to_check(self, run):
        self.offer_again(run)
        new = [
            one
            for one in self.incoming(run)
            if self.find_registered(self.key(run.type_code, one)) is None
        ]
        named = [
            one
            for one in reversed(self.ledger)
            if one.import_type == run.type_code
            and one.payment.key.number not in {*run.rows, *run.named}
            and self.is_checked(run, one)
            and (self.more_remains_there(run, one) or self.may_be_replaced(one, new))
        ][:BATCH]
        run.named.update(one.payment.key.number for one in named)
        return [RegisteredPayment(one.payment.key.number, "") for one in named]

    def is_checked(self, run, registered):
        return True

    def incoming(self, run):
        """Return the payments that this run read, and those that are offered again."""
        read = [one for one in run.rows.values() if not hasattr(one, "reason")]
        return read + [one.payment for one in run.offered.values() if one.payment is not None]

    def may_be_replaced(self, registered, new):
        matched = [(one, self.match(one)) for one in new]
        return any(
            self.looks_replaced(registered, one, invoice) for one, invoice in matched if invoice
        )

    def more_remains_there(self, run, registered):
        there = run.balances.get(registered.invoice)
        return there is not None and there.balance > self.invoices[registered.invoice].remaining

    @hookimpl
    def opter_known_invoices(self, invoice_numbers):
        return self.known(invoice_numbers)

    def known(self, numbers):
        return self.invoices.keys() & set(numbers)

    @hookimpl
    def opter_progress(self):
        return self.cancelled

    @hookimpl
    def opter_open_browser(self, url):
        if self.no_browser:
            return self.without_browser()
        self.open_browser(url)
        return True

    def without_browser(self):
        return False

    @hookimpl
    def opter_get_state(self, run, key):
        return self.state.get(self.state_key(run, key))

    @hookimpl
    def opter_set_state(self, run, key, value):
        return self.store(self.state, self.state_key(run, key), value)

    @hookimpl
    def opter_get_secret(self, run, key):
        return self.secrets.get(self.secret_key(run, key))

    @hookimpl
    def opter_set_secret(self, run, key, value):
        return self.store(self.secrets, self.secret_key(run, key), value)

    def store(self, values, key, value):
        values[key] = value
        return True

    @hookimpl
    def opter_lock(self, key, timeout):
        return self.hold(self.locks[key], timeout)

    @contextlib.contextmanager
    def hold(self, lock, wait):
        acquired = lock.acquire(timeout=wait)
        try:
            yield acquired
        finally:
            if acquired:
                lock.release()


class OneStore(ExampleHost):
    """Stores state and secrets together."""

    def __init__(self):
        super().__init__()
        self.secrets = self.state

    def state_key(self, run, key):
        return key

    def secret_key(self, run, key):
        return key


# --- Mutants: what is changed, and the test that must notice ---------------------


def mutant(**changed):
    return type("Mutant", (ExampleHost,), changed)


def with_invoice(one):
    return SimpleNamespace(**vars(one) | {"invoice": one.invoice or "1001"})


class AnsweringTwice(ExampleHost):
    """Has a second object answer, too."""

    def __init__(self):
        super().__init__()
        self.manager.register(Echo())


class Echo:
    @hookimpl
    def opter_take_payments(self, payments):
        return len(payments)


class LosingTheLast(ExampleHost):
    def take(self, run, rows):
        super().take(run, rows[:-1] if len(rows) > 1 else rows)
        return len(rows)


class FirstWins(ExampleHost):
    def take(self, run, rows):
        for one in rows:
            run.rows.setdefault(self.row_key(one), one)
        return len(rows)


class Mixing(ExampleHost):
    def run_started(self, run):
        self.rows_of_all = run.rows

    def take(self, run, rows):
        self.rows_of_all |= {self.row_key(one): one for one in rows}
        return len(rows)


class KeepingFailedRuns(ExampleHost):
    """Keeps what a failed run read."""

    def run_started(self, run):
        self.current = run

    def import_payments(self, import_type, definition):
        try:
            super().import_payments(import_type, definition)
        finally:
            self.judge(self.current)
            self.latest[definition] = self.open[definition] = self.current


class NeverReleasing(ExampleHost):
    @contextlib.contextmanager
    def hold(self, lock, wait):
        acquired = lock.acquire(timeout=wait)
        yield acquired
        if acquired:
            lock.release()


class OneCallForAll(ExampleHost):
    """Notifies all in one call, so that the first error stops the others."""

    def listeners(self):
        return [None]

    def call(self, plugin, hook, **arguments):
        with contextlib.suppress(Exception):
            getattr(self.manager.hook, hook)(**arguments)


class FailingWithListeners(ExampleHost):
    def call(self, plugin, hook, **arguments):
        others = [other for other in self.manager.get_plugins() if other is not plugin]
        self.manager.subset_hook_caller(hook, others)(**arguments)


class OneLargeBatch(ExampleHost):
    """Sends all payments in one batch."""

    def notify(self, run, ready):
        saved = [SimpleNamespace(payment=one.payment, status=one.outcome) for one in ready]
        self.manager.hook.opter_payments_saved(run=run, payments=saved)
        self.manager.hook.opter_run_saved(run=run)


class BeforeCommit(ExampleHost):
    def commit(self, run, ready):
        pass

    def notify(self, run, ready):
        super().notify(run, ready)
        super().commit(run, ready)


class OnlyWithPayments(ExampleHost):
    def notify(self, run, ready):
        if ready:
            super().notify(run, ready)


class SavingTwice(ExampleHost):
    def save(self, definition):
        run = self.open[definition]
        super().save(definition)
        self.open[definition] = run


class RollingStateBack(ExampleHost):
    """Rolls the state back with the run."""

    def import_payments(self, import_type, definition):
        before = dict(self.state)
        try:
            super().import_payments(import_type, definition)
        except Exception:
            self.state = before
            raise


ACKNOWLEDGED = "test_every_batch_is_acknowledged_once_with_its_size"
AGAIN = "test_a_key_that_comes_again_replaces_what_came_before"
NOTIFIED = "test_listeners_are_notified_of_each_payment_once_in_batches_after_the_commit"
LISTENER_FAILS = "test_a_listener_that_fails_affects_nothing_else"
CURSOR_MOVES = "test_the_cursor_moves_only_with_a_save"

MUTANTS = {
    "short": (mutant(take=lambda *given: ExampleHost.take(*given) - 1), ACKNOWLEDGED),
    "second": (AnsweringTwice, ACKNOWLEDGED),
    "losing": (LosingTheLast, "test_what_is_handed_over_is_taken"),
    "first-wins": (FirstWins, AGAIN),
    "never-replaces": (mutant(row_key=lambda *_: object()), AGAIN),
    "knows-all": (
        mutant(known=lambda _self, numbers: numbers),
        "test_it_says_which_invoices_it_knows",
    ),
    "endless": (
        mutant(to_confirm=lambda *_: ["1"]),
        "test_the_payments_to_confirm_come_to_an_end_and_none_twice",
    ),
    "bare-run": (
        mutant(run_started=lambda _self, run: delattr(run, "configuration")),
        "test_a_run_has_every_attribute_of_the_contract",
    ),
    "one-id": (mutant(new_id=lambda _self: "1"), "test_every_run_has_an_id_of_its_own"),
    "hasty": (KeepingFailedRuns, "test_an_error_ends_the_run_and_discards_it"),
    "stopping": (
        mutant(run_started=lambda self, _run: self.cancel()),
        "test_a_plug_in_goes_on_unless_a_person_cancels",
    ),
    "mixing": (Mixing, "test_two_concurrent_imports_do_not_mix"),
    "state-of-definition": (
        mutant(state_key=lambda _self, run, key: (run.definition, key)),
        "test_a_stored_value_is_there_in_the_next_run_of_the_type",
    ),
    "state-for-ever": (
        mutant(store=lambda _self, values, key, value: bool(value and values.update({key: value}))),
        "test_a_value_that_was_deleted_or_never_stored_is_not_there",
    ),
    "state-of-all": (
        mutant(state_key=lambda _self, _run, key: key),
        "test_another_type_does_not_see_a_value",
    ),
    "tearing": (RollingStateBack, "test_a_value_stays_if_the_run_fails"),
    "cutting": (
        mutant(
            store=lambda _self, values, key, value: not values.update({key: (value or "")[:4000]})
        ),
        "test_the_longest_key_and_value_fit",
    ),
    "secret-cut": (
        mutant(
            store=lambda _self, values, key, value: not values.update({key: (value or "")[:255]})
        ),
        "test_a_secret_is_there_in_the_next_run_of_the_definition",
    ),
    "secret-of-all": (
        mutant(secret_key=lambda _self, _run, key: key),
        "test_another_definition_does_not_see_a_secret",
    ),
    "secret-for-ever": (
        mutant(
            store=lambda _self, values, key, value: not values.update({key: value} if value else {})
        ),
        "test_a_deleted_secret_is_not_there",
    ),
    "one-place": (OneStore, "test_a_secret_is_no_state"),
    "one-lock": (
        mutant(hold=lambda self, _lock, wait: ExampleHost.hold(self, self.locks[""], wait)),
        "test_one_lock_does_not_block_another",
    ),
    "no-lock": (
        mutant(hold=lambda *_: contextlib.nullcontext(True)),
        "test_a_lock_is_held_by_one_at_a_time",
    ),
    "undying": (NeverReleasing, "test_a_lock_is_free_again_after_an_error"),
    "impatient": (
        mutant(hold=lambda self, lock, _wait: ExampleHost.hold(self, lock, 0)),
        "test_a_waiting_thread_acquires_a_lock_when_it_is_released",
    ),
    "unstoppable": (mutant(cancel=lambda _self: None), "test_a_person_can_cancel"),
    "waiting": (
        mutant(open_browser=lambda _self, url: webbrowser.open(url)),
        "test_a_browser_is_opened_without_waiting_for_it",
    ),
    "mute": (
        mutant(error_text=lambda _self, error: error.code),
        "test_a_failure_is_shown_with_its_code_and_message",
    ),
    "early": (
        mutant(run_ended=lambda self, run: self.commit(run, self.to_save(run))),
        "test_nothing_is_registered_before_a_save",
    ),
    "saves-little": (
        mutant(to_save=lambda self, run: ExampleHost.to_save(self, run)[:BATCH]),
        "test_a_save_registers_what_was_taken",
    ),
    "saves-twice": (
        mutant(key=lambda _self, _type, one: (one.key.number, one.amount)),
        "test_a_payment_is_registered_only_once",
    ),
    "saves-all": (
        mutant(to_save=lambda _self, run: [with_invoice(one) for one in run.judged]),
        "test_an_excluded_payment_is_not_registered",
    ),
    "at-once": (OneLargeBatch, NOTIFIED),
    "before-commit": (BeforeCommit, NOTIFIED),
    "reopening": (SavingTwice, "test_listeners_are_notified_last_and_once_that_a_run_was_saved"),
    "only-with-payments": (
        OnlyWithPayments,
        "test_listeners_are_notified_of_a_run_without_payments",
    ),
    "together": (OneCallForAll, LISTENER_FAILS),
    "fragile": (FailingWithListeners, LISTENER_FAILS),
    "remembering-at-import": (mutant(run_ended=ExampleHost.store_cursor), CURSOR_MOVES),
    "forgetting": (mutant(store_cursor=lambda *_: None), CURSOR_MOVES),
}
