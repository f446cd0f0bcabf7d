"""Whatever is decided and whoever crashes, a ledger beside the host is right to the öre."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from ledgers import Books, Killed, Ledger

from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage import journal, previews
from tests.services.test_whatever_is_decided import HostMachine


class Mortal(Host):
    """A host whose program may end between a commit and the telling; it is started until it stays.

    :ivar dies_at: at which telling from now on it ends, counted from 1; 0 for never.
    """

    dies_at = 0

    def notify_listeners(self):
        self.dies_at -= 1
        if self.dies_at == 0:
            raise Killed
        super().notify_listeners()

    def import_payments(self, name, **more):
        while True:
            try:
                return super().import_payments(name, **more)
            except Killed:
                self.store.close()

    def save(self, name=None):
        run_id = previews.open_runs(self.store).get(name)
        while True:
            try:
                return super().save(name)
            except Killed:
                self.store.close()
            if run_id is not None and run_id not in previews.open_runs(self.store).values():
                return previews.preview_of(self.store, run_id)

    def add_payment(self, *what, **more):
        try:
            super().add_payment(*what, **more)
        except Killed:
            self.store.close()

    def delete_payment(self, *what, **more):
        try:
            super().delete_payment(*what, **more)
        except Killed:
            self.store.close()


class Listened(HostMachine):
    """The office, with a ledger that may fail, and a host that may end."""

    host_type = Mortal

    def listeners(self):
        self.ledger = Ledger()
        return [("ledger", self.ledger)]

    @rule(at=st.integers(1, 3))
    def the_program_will_end(self, at):
        self.host.dies_at = at

    @precondition(lambda self: hasattr(self, "store") and not self.ledger.faults)
    @rule(
        troubles=st.lists(
            st.sampled_from(["fails", "keeps-and-fails", "silent", "half", "killed", 10**9]),
            min_size=1,
            max_size=3,
        )
    )
    def the_ledger_will_have_trouble(self, troubles):
        self.ledger.faults = list(troubles)

    @precondition(lambda self: hasattr(self, "store"))
    @rule()
    def all_is_well(self):
        self.ledger.faults = []
        self.host.dies_at = 0
        self.host.notify_listeners()
        assert self.ledger.by_invoice() == Books(self.store).by_invoice()
        assert self.ledger.by_key() == Books(self.store).by_key()

    @invariant()
    def the_journal_is_the_books(self):
        if hasattr(self, "store"):
            Books(self.store).journal_adds_up()

    @invariant()
    def the_ledger_is_the_journal_up_to_somewhere(self):
        if not hasattr(self, "store"):
            return
        known = journal.changes_after(self.store.db, 0, len(self.ledger.kept))
        assert list(self.ledger.kept.values()) == known
        acknowledged = journal.acknowledged(self.store.db, "ledger")
        assert acknowledged <= max(self.ledger.kept, default=0)

    def teardown(self):
        try:
            if hasattr(self, "store"):
                self.all_is_well()
                self.a_ledger_that_comes_late_is_as_right()
        finally:
            super().teardown()

    def a_ledger_that_comes_late_is_as_right(self):
        late = Ledger()
        Host(self.store, Plugins([("late", late)])).notify_listeners()
        assert late.kept == self.ledger.kept


def test_whatever_is_decided_and_whoever_crashes_a_ledger_is_right_to_the_ore():
    run_state_machine_as_test(
        Listened,
        settings=settings(
            max_examples=30, stateful_step_count=30, suppress_health_check=list(HealthCheck)
        ),
    )
