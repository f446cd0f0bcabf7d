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

from opter_contract.conformance.hosts import INVOICES, Booking, PreviewRow

hookimpl = pluggy.HookimplMarker("opter")

SETTINGS = {"before-date", "below-number"}
ORE = Decimal("0.01")


class Rows:
    """Shows what the latest run of a definition holds, for a host that judges nothing."""

    def preview(self, definition):
        return [self.shown(one) for one in self.latest[definition].rows.values()]

    def shown(self, one):
        reason = getattr(one, "reason", None)
        kind = "ready" if reason is None else "rejected"
        return PreviewRow(one.key.number, kind, reason or "ok", one.amount, "SEK", one.amount)


class ExampleHost:
    """Answers the hooks, and is its own shell for the conformance suite."""

    def __init__(self):
        self.manager = pluggy.PluginManager("opter")
        self.manager.register(self)
        self.invoices = {
            one.number: SimpleNamespace(**one._asdict(), remaining=one.total) for one in INVOICES
        }
        self.ids = itertools.count(1)
        self.locks, self.busy = defaultdict(threading.Lock), defaultdict(threading.Lock)
        self.guard = threading.RLock()
        self.latest, self.open = {}, {}
        self.stop = self.nobody = False
        # What a real host has on disk.
        self.ledger, self.journal, self.state, self.secrets = [], [], {}, {}
        self.pending = defaultdict(dict)
        self.remembered = defaultdict(lambda: (None, None))
        self.acknowledged = defaultdict(int)
        self.dead = defaultdict(set)

    # --- For the suite ---

    def register(self, plugin):
        self.manager.register(plugin)

    def import_payments(self, import_type, definition):
        with self.alone(definition):
            company, cursor = self.remembered[self.whose(definition)]
            run = SimpleNamespace(
                id=self.new_id(), hook=self.manager.hook, type_code=import_type,
                format="API", definition=definition, settings={}, company=company,
                cursor=cursor, default_currency="SEK", configuration={}, login_timeout=60.0,
                rows={}, kept=None, asked=set(), balances={}, dead=[], unasked=[],
            )  # fmt: skip
            self.begun(run)
            [run.report] = self.manager.hook.opter_import_payments(run=run)
            self.refuse_other(run, run.report.company.number)
            self.offer_again(run)
            self.judge(run)
            place = import_type, run.report.company.number
            self.dead[place] = self.gone_there(run, *place)
            self.latest[definition] = self.open[definition] = run
            self.imported(run)

    def save(self, definition):
        with self.guard:
            run = self.open.pop(definition, None)
            if run is None:
                return
            self.judge_again(run)
            ready = self.to_save(run)
            self.commit(run, ready)
            self.keep(run)
            self.remember(run)
        self.tell(run, ready)
        self.tell_changes()

    def preview(self, definition):
        return [self.shown_row(one) for one in self.latest[definition].judged]

    def shown_row(self, one):
        of = one.payment
        return PreviewRow(
            one.row.key.number, one.kind, one.word, one.row.amount or Decimal(0),
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
        booked = {one.payment.key.number for one in self.ledger}
        return [number for number in self.latest[definition].dead if number in booked]

    def cancel(self):
        self.stop = True

    def disable_browser(self):
        self.nobody = True

    def error_text(self, error):
        return f"{error.code}: {error.message.sv}"

    # --- What mutants do otherwise ---

    @contextlib.contextmanager
    def alone(self, definition):
        if not self.busy[definition].acquire(blocking=False):
            raise RuntimeError(f"{definition} is being imported")
        try:
            yield
        finally:
            self.busy[definition].release()

    def whose(self, definition):
        return definition

    def new_id(self):
        return str(next(self.ids))

    def begun(self, run):
        pass

    def imported(self, run):
        pass

    def refuse_other(self, run, company):
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
            self.refuse_other(run, one.key.company)
        for one in rows:
            run.rows.pop(self.row_key(one), None)
            run.rows[self.row_key(one)] = one
        return len(rows)

    def offer_again(self, run):
        """Take what earlier runs rejected, unless this one read it, as today's settings see it."""
        if run.kept is not None:
            return
        waiting = {
            number: one
            for number, one in self.pending[run.definition].items()
            if number not in run.rows
        }
        run.kept = dict(waiting)
        readable = [one.payment for one in waiting.values() if one.payment is not None]
        for payment, reason in zip(readable, self.screened(run, readable), strict=True):
            if reason is not None:
                run.kept[payment.key.number] = SimpleNamespace(
                    row=reason, payment=payment, word=None
                )

    def screened(self, run, payments):
        reasons = []
        for start in range(0, len(payments), 500):
            batch = payments[start : start + 500]
            [some] = self.manager.hook.opter_exclusion_reasons(run=run, payments=batch)
            reasons += some
        return reasons

    def judge(self, run, *, asking=False):
        """Judge all rows of a run, the oldest first, and write down what becomes of each."""
        fresh = [
            SimpleNamespace(row=row, payment=getattr(row, "payment", row), earlier=None)
            for row in run.rows.values()
        ]
        kept = [
            SimpleNamespace(
                row=one.row if one.word is None else one.payment or one.row,
                payment=one.payment,
                earlier=None if asking else one.word,
            )
            for number, one in (run.kept or {}).items()
            if number not in run.rows
        ]
        left = {number: one.remaining for number, one in self.invoices.items()}
        run.judged = self.in_order([*fresh, *kept])
        for one in run.judged:
            one.kind, one.word, one.invoice, one.effect = self.verdict(run, one, left)
            if one.kind == "ready":
                self.count(left, one)

    judge_again = judge

    def in_order(self, rows):
        return sorted(rows, key=self.when)

    def when(self, one):
        return one.payment.date if one.payment else date.max, one.row.key.number

    def count(self, left, one):
        left[one.invoice] -= one.effect

    def verdict(self, run, one, left):
        row = one.row
        if hasattr(row, "reason"):
            return ("ignored" if row.reason in SETTINGS else "rejected"), row.reason, None, 0
        before = self.booked(self.key(run.type_code, row))
        if before is not None:
            return "rejected", self.word_again(before.payment, row), None, 0
        invoice = self.meet(row)
        if invoice is None:
            return "rejected", "invoice-not-found", None, 0
        if not self.same_currency(row, invoice):
            return "rejected", "currency-differs", None, 0
        if self.replaces(run, row, invoice):
            return "rejected", "replaced", None, 0
        if self.in_doubt(run, row, invoice):
            return "rejected", "not-asked-after", None, 0
        effect, mirror = self.effect(row), -1 if invoice.total < 0 else 1
        remains = mirror * left[invoice.number]
        if self.too_late(remains, mirror * effect):
            return "rejected", "invoice-already-paid", None, 0
        if one.earlier is not None:
            return "rejected", one.earlier, None, 0
        return "ready", self.status(mirror * effect, remains), invoice.number, effect

    def too_late(self, remains, effect):
        return remains <= 0 and effect >= 0

    def status(self, effect, remains):
        if effect < 0:
            return "reversal"
        if effect == remains:
            return "exact"
        return "partial" if effect < remains else "advance"

    def word_again(self, before, now):
        return "already-imported" if self.figures(before) == self.figures(now) else "changed"

    def figures(self, one):
        return one.amount, one.amount_currency, one.date, one.invoice_number, one.write_offs

    def meet(self, one):
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

    def booked(self, key):
        same = (one for one in self.ledger if self.key(one.import_type, one.payment) == key)
        return next(same, None)

    def replaces(self, run, row, invoice):
        dead = self.gone_there(run, run.type_code, row.key.company)
        return any(self.alike(one, row, invoice) for one in self.those(run, row, dead))

    def gone_there(self, run, import_type, company):
        """Give who is gone, by what this run was told or else by what an earlier one was."""
        answered = {*run.rows, *run.asked} - set(run.unasked)
        return self.dead[import_type, company] - answered | set(run.dead)

    def in_doubt(self, run, row, invoice):
        return any(one.invoice == invoice.number for one in self.those(run, row, run.unasked))

    def those(self, run, row, numbers):
        several = [self.booked((run.type_code, row.key.company, number)) for number in numbers]
        return [one for one in several if one is not None]

    def alike(self, booked, row, invoice):
        before = booked.payment
        same = (before.currency, before.amount_currency) == (row.currency, row.amount_currency)
        return booked.invoice == invoice.number or (
            same and abs(before.date - row.date) <= timedelta(days=35)
        )

    def to_save(self, run):
        return [one for one in run.judged if one.kind == "ready"]

    def commit(self, run, ready):
        for one in ready:
            booked = SimpleNamespace(
                import_type=run.type_code, payment=one.payment, invoice=one.invoice
            )
            self.ledger.append(booked)
            self.take_from(self.invoices[one.invoice], one.effect)
            self.note(run, one)

    def take_from(self, invoice, effect):
        invoice.remaining -= effect

    def note(self, run, one):
        number, of = len(self.journal) + 1, one.payment
        key = SimpleNamespace(
            import_type=run.type_code, company=of.key.company, number=of.key.number
        )
        self.journal.append(
            SimpleNamespace(
                books_id="1", sequence=number, kind="registered", payment_id=number, replaces=None,
                key=key, region="", host_invoice_number=one.invoice, date=of.date,
                amount=of.amount, currency=of.currency, amount_currency=of.amount_currency,
                effect=one.effect, source=of.source, user="me", at=datetime.now(UTC),
            )
        )  # fmt: skip

    def keep(self, run):
        """Keep what was rejected; forget what was saved, or is gone."""
        pending = self.pending[run.definition]
        for number in list(pending):
            if number not in run.kept:
                del pending[number]
        for one in run.judged:
            number = one.row.key.number
            pending.pop(number, None)
            if number and self.is_kept(one):
                pending[number] = SimpleNamespace(row=one.row, payment=one.payment, word=one.word)

    def is_kept(self, one):
        return one.kind == "rejected" and one.word != "already-imported"

    def remember(self, run):
        before = self.remembered[self.whose(run.definition)][1]
        remembered = run.report.company, run.report.cursor or before
        self.remembered[self.whose(run.definition)] = remembered

    def tell(self, run, ready):
        saved = [
            SimpleNamespace(payment=one.payment, status=one.word, host_invoice_number=one.invoice)
            for one in ready
        ]
        for plugin in self.listeners():
            for start in range(0, len(saved), 500):
                batch = saved[start : start + 500]
                self.call(plugin, "opter_payments_saved", run=run, payments=batch)
            self.call(plugin, "opter_run_saved", run=run)

    def tell_changes(self):
        for plugin in self.listeners():
            while changes := self.untold(plugin):
                kept = self.call(plugin, "opter_books_changed", changes=changes)
                if not self.acknowledge(plugin, changes, kept):
                    break

    def untold(self, plugin):
        behind = self.acknowledged[id(plugin)]
        return [one for one in self.journal if one.sequence > behind][:500]

    def acknowledge(self, plugin, changes, kept):
        if kept is None:
            return False
        self.acknowledged[id(plugin)] = kept
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

    def show(self, address):
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()

    # --- The hooks ---

    @hookimpl
    def opter_take_payments(self, run, payments):
        return self.take(run, payments)

    @hookimpl
    def opter_take_excluded(self, run, excluded):
        return self.take(run, excluded)

    @hookimpl
    def opter_take_deleted(self, run, payment_numbers):
        self.drop(run, payment_numbers)
        return len(payment_numbers)

    def drop(self, run, numbers):
        for number in numbers:
            (run.kept or {}).pop(number, None)
            if number not in run.rows:
                run.dead.append(number)

    @hookimpl
    def opter_take_unchecked(self, run, payment_numbers):
        self.doubt(run, payment_numbers)
        return len(payment_numbers)

    def doubt(self, run, numbers):
        run.unasked += numbers

    @hookimpl
    def opter_payments_to_confirm(self, run):
        return self.to_confirm(run)

    def to_confirm(self, run):
        self.offer_again(run)
        self.judge(run, asking=True)
        numbers = [one.row.key.number for one in run.judged if one.kind == "ready"]
        asked = [one for one in numbers if one not in run.rows and one not in run.asked][:500]
        run.asked.update(asked)
        return asked

    @hookimpl
    def opter_take_balances(self, run, balances):
        run.balances |= {one.invoice_number: one for one in balances}
        return len(balances)

    @hookimpl
    def opter_invoices_to_check(self, run):
        return [number for number in self.open_here() if number not in run.balances][:500]

    def open_here(self):
        return [one.number for one in self.invoices.values() if one.remaining]

    @hookimpl
    def opter_payments_to_check(self, run):
        return self.ask_after(run)

    def ask_after(self, run):
        self.offer_again(run)
        new = [
            one for one in self.arriving(run) if self.booked(self.key(run.type_code, one)) is None
        ]
        asked = [
            one
            for one in reversed(self.ledger)
            if one.import_type == run.type_code
            and one.payment.key.number not in {*run.rows, *run.asked}
            and self.is_named(run, one)
            and (self.more_there(run, one) or self.may_be_replaced(one, new))
        ][:500]
        run.asked.update(one.payment.key.number for one in asked)
        return [SimpleNamespace(number=o.payment.key.number, invoice_number="") for o in asked]

    def is_named(self, run, booked):
        return True

    def arriving(self, run):
        """Give the payments that this run read, and those that wait."""
        read = [one for one in run.rows.values() if not hasattr(one, "reason")]
        return read + [one.payment for one in run.kept.values() if one.payment is not None]

    def may_be_replaced(self, booked, new):
        met = [(one, self.meet(one)) for one in new]
        return any(self.alike(booked, one, invoice) for one, invoice in met if invoice)

    def more_there(self, run, booked):
        there = run.balances.get(booked.invoice)
        return there is not None and there.balance > self.invoices[booked.invoice].remaining

    @hookimpl
    def opter_known_invoices(self, invoice_numbers):
        return self.known(invoice_numbers)

    def known(self, numbers):
        return self.invoices.keys() & set(numbers)

    @hookimpl
    def opter_progress(self):
        return self.stop

    @hookimpl
    def opter_open_browser(self, url):
        if self.nobody:
            return self.says_alone()
        self.show(url)
        return True

    def says_alone(self):
        return False

    @hookimpl
    def opter_get_state(self, run, key):
        return self.state.get(self.state_key(run, key))

    @hookimpl
    def opter_set_state(self, run, key, value):
        return self.put(self.state, self.state_key(run, key), value)

    @hookimpl
    def opter_get_secret(self, run, key):
        return self.secrets.get(self.secret_key(run, key))

    @hookimpl
    def opter_set_secret(self, run, key, value):
        return self.put(self.secrets, self.secret_key(run, key), value)

    def put(self, place, key, value):
        place[key] = value
        return True

    @hookimpl
    def opter_lock(self, key, timeout):
        return self.held(self.locks[key], timeout)

    @contextlib.contextmanager
    def held(self, lock, wait):
        got = lock.acquire(timeout=wait)
        try:
            yield got
        finally:
            if got:
                lock.release()


class OnePlace(ExampleHost):
    """Keeps state and secrets in one place."""

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


class Short(ExampleHost):
    def take(self, run, rows):
        return super().take(run, rows) - 1


class Second(ExampleHost):
    """Lets a second object answer, too."""

    def __init__(self):
        super().__init__()
        self.manager.register(Echo())


class Echo:
    @hookimpl
    def opter_take_payments(self, payments):
        return len(payments)


class Losing(ExampleHost):
    def take(self, run, rows):
        super().take(run, rows[:-1] if len(rows) > 1 else rows)
        return len(rows)


class FirstWins(ExampleHost):
    def take(self, run, rows):
        for one in rows:
            run.rows.setdefault(self.row_key(one), one)
        return len(rows)


class Mixing(ExampleHost):
    def begun(self, run):
        self.rows_of_all = run.rows

    def take(self, run, rows):
        self.rows_of_all |= {self.row_key(one): one for one in rows}
        return len(rows)


class Hasty(ExampleHost):
    """Keeps what a run brought before it is over."""

    def begun(self, run):
        self.current = run

    def import_payments(self, import_type, definition):
        try:
            super().import_payments(import_type, definition)
        finally:
            self.judge(self.current)
            self.latest[definition] = self.open[definition] = self.current


class Early(ExampleHost):
    def imported(self, run):
        self.commit(run, self.to_save(run))


class Undying(ExampleHost):
    @contextlib.contextmanager
    def held(self, lock, wait):
        got = lock.acquire(timeout=wait)
        yield got
        if got:
            lock.release()


class Impatient(ExampleHost):
    def held(self, lock, wait):
        return super().held(lock, 0)


class Together(ExampleHost):
    """Tells all in one call, so that the first error keeps the others from hearing."""

    def listeners(self):
        return [None]

    def call(self, plugin, hook, **arguments):
        with contextlib.suppress(Exception):
            getattr(self.manager.hook, hook)(**arguments)


class Fragile(ExampleHost):
    def call(self, plugin, hook, **arguments):
        others = [other for other in self.manager.get_plugins() if other is not plugin]
        self.manager.subset_hook_caller(hook, others)(**arguments)


class AtOnce(ExampleHost):
    """Tells of all payments in one batch."""

    def tell(self, run, ready):
        saved = [SimpleNamespace(payment=one.payment, status=one.word) for one in ready]
        self.manager.hook.opter_payments_saved(run=run, payments=saved)
        self.manager.hook.opter_run_saved(run=run)


class BeforeCommit(ExampleHost):
    def commit(self, run, ready):
        pass

    def tell(self, run, ready):
        super().tell(run, ready)
        super().commit(run, ready)


class OnlyWithPayments(ExampleHost):
    def tell(self, run, ready):
        if ready:
            super().tell(run, ready)


class Reopening(ExampleHost):
    def save(self, definition):
        run = self.open[definition]
        super().save(definition)
        self.open[definition] = run


class RememberingAtImport(ExampleHost):
    def imported(self, run):
        self.remember(run)


class Tearing(ExampleHost):
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
HEARD = "test_listeners_are_notified_of_each_payment_once_in_batches_after_the_commit"
HARMLESS = "test_a_listener_that_fails_affects_nothing_else"
COMES_BACK = "test_the_cursor_moves_only_with_a_save"

MUTANTS = {
    "short": (Short, ACKNOWLEDGED),
    "second": (Second, ACKNOWLEDGED),
    "losing": (Losing, "test_what_is_handed_over_is_taken"),
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
        mutant(begun=lambda _self, run: delattr(run, "configuration")),
        "test_a_run_has_every_attribute_of_the_contract",
    ),
    "one-id": (mutant(new_id=lambda _self: "1"), "test_every_run_has_an_id_of_its_own"),
    "hasty": (Hasty, "test_an_error_ends_the_run_and_discards_it"),
    "stopping": (
        mutant(begun=lambda self, _run: self.cancel()),
        "test_a_plug_in_goes_on_unless_a_person_cancels",
    ),
    "mixing": (Mixing, "test_two_concurrent_imports_do_not_mix"),
    "state-of-definition": (
        mutant(state_key=lambda _self, run, key: (run.definition, key)),
        "test_a_stored_value_is_there_in_the_next_run_of_the_type",
    ),
    "state-for-ever": (
        mutant(put=lambda _self, place, key, value: bool(value and place.update({key: value}))),
        "test_a_value_that_was_deleted_or_never_stored_is_not_there",
    ),
    "state-of-all": (
        mutant(state_key=lambda _self, _run, key: key),
        "test_another_type_does_not_see_a_value",
    ),
    "tearing": (Tearing, "test_a_value_stays_if_the_run_fails"),
    "cutting": (
        mutant(put=lambda _self, place, key, value: not place.update({key: (value or "")[:4000]})),
        "test_the_longest_key_and_value_fit",
    ),
    "secret-cut": (
        mutant(put=lambda _self, place, key, value: not place.update({key: (value or "")[:255]})),
        "test_a_secret_is_there_in_the_next_run_of_the_definition",
    ),
    "secret-of-all": (
        mutant(secret_key=lambda _self, _run, key: key),
        "test_another_definition_does_not_see_a_secret",
    ),
    "secret-for-ever": (
        mutant(
            put=lambda _self, place, key, value: not place.update({key: value} if value else {})
        ),
        "test_a_deleted_secret_is_not_there",
    ),
    "one-place": (OnePlace, "test_a_secret_is_no_state"),
    "one-lock": (
        mutant(held=lambda self, _lock, wait: ExampleHost.held(self, self.locks[""], wait)),
        "test_one_lock_does_not_block_another",
    ),
    "no-lock": (
        mutant(held=lambda *_: contextlib.nullcontext(True)),
        "test_a_lock_is_held_by_one_at_a_time",
    ),
    "undying": (Undying, "test_a_lock_is_free_again_after_an_error"),
    "impatient": (Impatient, "test_a_waiting_thread_acquires_a_lock_when_it_is_released"),
    "unstoppable": (mutant(cancel=lambda _self: None), "test_a_plug_in_is_told_to_cancel"),
    "waiting": (
        mutant(show=lambda _self, address: webbrowser.open(address)),
        "test_a_browser_is_opened_without_waiting_for_it",
    ),
    "mute": (
        mutant(error_text=lambda _self, error: error.code),
        "test_a_failure_is_shown_with_its_code_and_message",
    ),
    "early": (Early, "test_nothing_is_registered_before_a_save"),
    "saves-little": (
        mutant(to_save=lambda self, run: ExampleHost.to_save(self, run)[:500]),
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
    "at-once": (AtOnce, HEARD),
    "before-commit": (BeforeCommit, HEARD),
    "reopening": (Reopening, "test_listeners_are_notified_last_and_once_that_a_run_was_saved"),
    "only-with-payments": (
        OnlyWithPayments,
        "test_listeners_are_notified_of_a_run_without_payments",
    ),
    "together": (Together, HARMLESS),
    "fragile": (Fragile, HARMLESS),
    "remembering-at-import": (RememberingAtImport, COMES_BACK),
    "forgetting": (mutant(remember=lambda *_: None), COMES_BACK),
}
