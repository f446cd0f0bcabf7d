"""A host in memory that keeps to the whole contract, and mutants that do not."""

from __future__ import annotations

import contextlib
import itertools
import threading
import webbrowser
from collections import defaultdict
from types import SimpleNamespace

import pluggy

hookimpl = pluggy.HookimplMarker("opter")


class Rows:
    """Shows what the latest run of a definition holds, as the conformance suite asks for it."""

    def rows(self, definition):
        return self.latest[definition].rows.values()

    def taken(self, definition):
        return {r.key.number: r.amount for r in self.rows(definition) if not hasattr(r, "reason")}

    def left_out(self, definition):
        return {r.key.number: r.reason for r in self.rows(definition) if hasattr(r, "reason")}


class ExampleHost(Rows):
    """Answers the hooks, and is its own shell for the conformance suite."""

    def __init__(self):
        self.manager = pluggy.PluginManager("opter")
        self.manager.register(self)
        self.invoices = {"1001", "1002"}
        self.ids = itertools.count(1)
        self.state, self.secrets = {}, {}
        self.locks = defaultdict(threading.Lock)
        self.latest, self.open, self.books = {}, {}, {}
        self.remembered = defaultdict(lambda: (None, None))
        self.stop = False

    # --- For the suite ---

    def register(self, plugin):
        self.manager.register(plugin)

    def import_payments(self, import_type, definition):
        company, cursor = self.remembered[definition]
        run = SimpleNamespace(
            id=self.new_id(), hook=self.manager.hook, import_type=import_type,
            import_format="API", definition=definition, settings={}, company=company,
            cursor=cursor, default_currency="SEK", configuration={}, login_timeout=60.0,
            rows={},
        )  # fmt: skip
        self.begun(run)
        [run.report] = self.manager.hook.opter_import_payments(run=run)
        self.latest[definition] = self.open[definition] = run
        self.imported(run)

    def save(self, definition):
        run = self.open.pop(definition, None)
        if run is None:
            return
        ready = [one for one in self.to_save(run) if self.key(one) not in self.books]
        self.commit(ready)
        self.remember(run)
        self.tell(run, ready)

    def registered(self):
        return {one.key.number: one.amount for one in self.books.values()}

    def cancel(self):
        self.stop = True

    def shown(self, error):
        return f"{error.code}: {error.sentence.sv}"

    # --- What mutants do otherwise ---

    def new_id(self):
        return str(next(self.ids))

    def begun(self, run):
        pass

    def imported(self, run):
        pass

    def key(self, one):
        return (one.key.company, one.key.number)

    def to_save(self, run):
        return [one for one in run.rows.values() if not hasattr(one, "reason")]

    def commit(self, ready):
        self.books |= {self.key(one): one for one in ready}

    def remember(self, run):
        before = self.remembered[run.definition][1]
        self.remembered[run.definition] = run.report.company, run.report.cursor or before

    def tell(self, run, ready):
        saved = [SimpleNamespace(payment=one, status="partial") for one in ready]
        for plugin in self.listeners():
            for start in range(0, len(saved), 500):
                batch = saved[start : start + 500]
                self.call(plugin, "opter_payments_saved", run=run, payments=batch)
            self.call(plugin, "opter_run_saved", run=run)

    def listeners(self):
        return [plugin for plugin in self.manager.get_plugins() if plugin is not self]

    def call(self, plugin, hook, **arguments):
        others = [other for other in self.manager.get_plugins() if other is not plugin]
        with contextlib.suppress(Exception):
            self.manager.subset_hook_caller(hook, others)(**arguments)

    def row_key(self, one):
        return self.key(one) if one.key.number else object()

    def state_key(self, run, key):
        return run.import_type, key

    def secret_key(self, run, key):
        return run.definition, key

    def take(self, run, rows):
        for one in rows:
            run.rows.pop(self.row_key(one), None)
            run.rows[self.row_key(one)] = one
        return len(rows)

    def show(self, address):
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()

    # --- The hooks ---

    @hookimpl
    def opter_take_payments(self, run, payments):
        return self.take(run, payments)

    @hookimpl
    def opter_take_left_out(self, run, left_out):
        return self.take(run, left_out)

    @hookimpl
    def opter_take_gone(self, payment_numbers):
        return len(payment_numbers)

    @hookimpl
    def opter_payments_to_confirm(self, run):
        return self.to_confirm(run)

    def to_confirm(self, run):
        return []

    @hookimpl
    def opter_known_invoices(self, invoice_numbers):
        return self.known(invoice_numbers)

    def known(self, numbers):
        return self.invoices.intersection(numbers)

    @hookimpl
    def opter_progress(self):
        return self.stop

    @hookimpl
    def opter_open_window(self, address):
        self.show(address)
        return True

    @hookimpl
    def opter_state_get(self, run, key):
        return self.state.get(self.state_key(run, key))

    @hookimpl
    def opter_state_put(self, run, key, value):
        return self.put(self.state, self.state_key(run, key), value)

    @hookimpl
    def opter_secret_get(self, run, key):
        return self.secrets.get(self.secret_key(run, key))

    @hookimpl
    def opter_secret_put(self, run, key, value):
        return self.put(self.secrets, self.secret_key(run, key), value)

    def put(self, place, key, value):
        place[key] = value
        return True

    @hookimpl
    def opter_lock(self, key, wait):
        return self.held(self.locks[key], wait)

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
        self.latest[run.definition] = run


class Early(ExampleHost):
    def imported(self, run):
        self.commit(self.to_save(run))


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
        saved = [SimpleNamespace(payment=one, status="partial") for one in ready]
        self.manager.hook.opter_payments_saved(run=run, payments=saved)
        self.manager.hook.opter_run_saved(run=run)


class BeforeCommit(ExampleHost):
    def commit(self, ready):
        self.ready = ready

    def tell(self, run, ready):
        super().tell(run, ready)
        super().commit(ready)


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
HEARD = "test_listeners_hear_of_each_payment_once_in_small_batches_after_the_commit"
HARMLESS = "test_a_listener_that_fails_harms_nobody"
COMES_BACK = "test_company_and_cursor_come_back_after_saving_and_only_then"

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
        "test_what_is_to_be_confirmed_comes_to_an_end_and_nothing_twice",
    ),
    "bare-run": (
        mutant(begun=lambda _self, run: delattr(run, "configuration")),
        "test_a_run_has_all_that_the_contract_says",
    ),
    "one-id": (mutant(new_id=lambda _self: "1"), "test_every_run_has_an_id_of_its_own"),
    "hasty": (Hasty, "test_an_error_ends_the_run_and_throws_away_what_it_brought"),
    "stopping": (
        mutant(begun=lambda self, _run: self.cancel()),
        "test_a_plug_in_goes_on_unless_somebody_says_stop",
    ),
    "mixing": (Mixing, "test_two_imports_at_once_do_not_mix"),
    "state-of-definition": (
        mutant(state_key=lambda _self, run, key: (run.definition, key)),
        "test_what_was_put_away_is_there_in_the_next_run_of_the_type",
    ),
    "state-for-ever": (
        mutant(put=lambda _self, place, key, value: bool(value and place.update({key: value}))),
        "test_what_was_taken_away_or_never_put_is_not_there",
    ),
    "state-of-all": (
        mutant(state_key=lambda _self, _run, key: key),
        "test_another_type_does_not_see_it",
    ),
    "tearing": (Tearing, "test_it_stays_when_the_run_fails"),
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
        "test_another_definition_does_not_see_it",
    ),
    "secret-for-ever": (
        mutant(
            put=lambda _self, place, key, value: not place.update({key: value} if value else {})
        ),
        "test_a_secret_that_was_taken_away_is_gone",
    ),
    "one-place": (OnePlace, "test_state_is_another_place"),
    "one-lock": (
        mutant(held=lambda self, _lock, wait: ExampleHost.held(self, self.locks[""], wait)),
        "test_one_lock_does_not_keep_another_away",
    ),
    "no-lock": (
        mutant(held=lambda *_: contextlib.nullcontext(True)),
        "test_a_lock_is_held_by_one_at_a_time",
    ),
    "undying": (Undying, "test_a_lock_is_free_again_after_an_error"),
    "impatient": (Impatient, "test_who_waits_gets_it_when_it_is_let_go"),
    "unstoppable": (mutant(cancel=lambda _self: None), "test_who_says_stop_is_heard"),
    "waiting": (
        mutant(show=lambda _self, address: webbrowser.open(address)),
        "test_a_window_is_opened_and_nobody_waits_for_it",
    ),
    "mute": (
        mutant(shown=lambda _self, error: error.code),
        "test_a_failure_is_shown_with_its_code_and_sentence",
    ),
    "early": (Early, "test_nothing_is_registered_before_saving"),
    "saves-little": (
        mutant(to_save=lambda _self, run: list(run.rows.values())[:500]),
        "test_saving_registers_what_was_taken",
    ),
    "saves-twice": (
        mutant(key=lambda _self, one: (one.key.number, one.amount)),
        "test_a_key_is_registered_once_for_ever",
    ),
    "saves-all": (
        mutant(to_save=lambda _self, run: list(run.rows.values())),
        "test_what_was_left_out_is_not_registered",
    ),
    "at-once": (AtOnce, HEARD),
    "before-commit": (BeforeCommit, HEARD),
    "reopening": (Reopening, "test_that_a_run_was_saved_is_heard_last_and_once"),
    "only-with-payments": (
        OnlyWithPayments,
        "test_a_run_without_payments_is_heard_of_too",
    ),
    "together": (Together, HARMLESS),
    "fragile": (Fragile, HARMLESS),
    "remembering-at-import": (RememberingAtImport, COMES_BACK),
    "forgetting": (mutant(remember=lambda *_: None), COMES_BACK),
}
