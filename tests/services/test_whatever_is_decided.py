"""Whatever is decided, in any order with imports and saves between, the books add up."""

import tempfile
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from fake_plugin import NEW_YEAR, FakePlugin, euro, excluded, invoice, payment, write_off
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hostsim.errors import HostError
from hostsim.ledger import reasons
from hostsim.ledger.judging import KINDS
from hostsim.plugins.loading import Plugins
from hostsim.services.host import Host
from hostsim.storage.previews import PreviewChanged
from hostsim.storage.store import Store

INVOICES = ["1001", "1002", "2001", "3001", "9001"]
AMOUNTS = ["100", "200", "-100", "300", "997"]
NUMBERS = ["1", "2", "3", "4"]
DAYS = [NEW_YEAR, NEW_YEAR + timedelta(days=1)]


class HostMachine(RuleBasedStateMachine):
    """Two definitions of one company, and a person who may do anything."""

    host_type = Host

    @initialize()
    def open(self):
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store.create(Path(self.folder.name) / "host.db")
        self.store.load_invoices([
            invoice("1001", "300"),
            invoice("1002", "200"),
            invoice("2001", "100", "EUR"),
            invoice("3001", "-300"),
        ])  # fmt: skip
        self.plugin = FakePlugin()
        ticks = iter(range(10_000_000))
        self.host = self.host_type(
            self.store,
            Plugins([("fake", self.plugin), *self.listeners()]),
            clock=lambda: datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=next(ticks)),
            user="kim",
            lock_wait=0.0,
        )
        for name in ("A", "B"):
            self.host.define(name, "Fake", "API", "", {})
            self.host.import_payments(name)
            self.host.save(name)

    def listeners(self):
        return []

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    # --- What happens in Fortnox ---

    @rule(
        number=st.sampled_from(NUMBERS),
        beside=st.sampled_from(INVOICES),
        amount=st.sampled_from(AMOUNTS),
        day=st.sampled_from(DAYS),
        off=st.sampled_from([None, None, "3", "-0.40"]),
    )
    def paid_in_fortnox(self, number, beside, amount, day, off):
        offs = () if off is None else (write_off(off),)
        build = euro if beside == "2001" else payment
        self.plugin.source[number] = build(number, beside, amount, date=day, write_offs=offs)

    @rule(number=st.sampled_from(NUMBERS))
    def removed_in_fortnox(self, number):
        self.plugin.source.pop(number, None)

    @rule(number=st.sampled_from(NUMBERS))
    def unbooked_in_fortnox(self, number):
        one = self.plugin.source.get(number)
        if one is not None:
            self.plugin.source[number] = replace(one, booked=not one.booked)

    # --- What the person does ---

    @rule(name=st.sampled_from("AB"), numbers=st.sets(st.sampled_from(NUMBERS)))
    def imported(self, name, numbers):
        """Read what is said to have changed; the rest is only offered again."""
        found = [self.plugin.source[n] for n in sorted(numbers) if n in self.plugin.source]
        self.plugin.payments = [one for one in found if one.booked]
        self.plugin.excluded = [excluded("not-booked", one) for one in found if not one.booked]
        self.adds_up(self.host.import_payments(name))

    @rule(name=st.sampled_from("AB"))
    def saved(self, name):
        try:
            self.host.save(name)
        except PreviewChanged as changed:
            self.adds_up(changed.preview)
            assert self.host.save(name).saved

    @rule(
        beside=st.sampled_from(INVOICES[:4]),
        amount=st.sampled_from(AMOUNTS),
        day=st.sampled_from(DAYS),
    )
    def typed(self, beside, amount, day):
        rate = Decimal(11) if beside == "2001" else None
        self.host.add_payment(beside, Decimal(amount), date=day, rate=rate, confirm=True)

    @precondition(lambda self: self.registered())
    @rule(data=st.data())
    def deleted(self, data):
        its = data.draw(st.sampled_from([row.id for row in self.registered()]))
        self.host.delete_payment(its, why="fel")

    @rule(name=st.sampled_from("AB"), kind=st.sampled_from(["ready", "left"]), data=st.data())
    def left_out_or_taken_in(self, name, kind, data):
        preview = self.host.open_preview(name)
        numbers = [] if preview is None else [row.payment_number for row in preview.rows(kind)]
        if numbers:
            change = self.host.leave_out if kind == "ready" else self.host.take_in
            self.adds_up(change(name, [data.draw(st.sampled_from(numbers))]))

    @rule(data=st.data())
    def undone(self, data):
        saves = sorted({row.run_id for row in self.registered() if row.run_id})
        if saves:
            chosen = data.draw(st.sampled_from(saves))
            undone = self.host.undo_save(chosen, why="fel")
            of_run = [row.state for row in self.store.payments(run_id=chosen)]
            assert "registered" not in of_run
            assert len(of_run) == undone.deleted + undone.restored + len(undone.kept)

    @rule(name=st.sampled_from("AB"))
    def taken_again(self, name):
        for one in self.host.undone_saves(name):
            assert self.host.take_save_again(name, one.run_id) == one.waiting

    @precondition(lambda self: self.decidable())
    @rule(data=st.data())
    def decided(self, data):
        name, number, reason = data.draw(st.sampled_from(self.decidable()))
        decision = data.draw(st.sampled_from(reasons.possible_decisions(reason)))
        if decision == "set-aside":
            preview = self.host.set_aside(name, [number])
            # One that can be saved by now comes up all the same.
            hidden = {
                row.payment_number for kind in ("ignored", "ready") for row in preview.rows(kind)
            }
            assert number in hidden
        else:
            try:
                preview = self.host.decide(name, number, decision)
            except HostError as refused:
                # What is shown may be older than what was typed or deleted since.
                if refused.code != "DECISION_DOES_NOT_FIT":
                    raise
                return
        self.adds_up(preview)

    @precondition(lambda self: self.in_force())
    @rule(data=st.data())
    def taken_back(self, data):
        one = data.draw(st.sampled_from(self.in_force()))
        preview = self.host.take_back(one.definition, ids=[one.id])
        if preview is not None:
            self.adds_up(preview)

    @rule(name=st.sampled_from("AB"))
    def series_set_aside(self, name):
        if not any(one.number is None for one in self.in_force() if one.definition == name):
            self.host.set_aside_series(name, "9000", "9999")

    @rule()
    def the_missing_invoice_is_loaded(self):
        self.store.load_invoices([invoice("9001", "300")])

    @rule(amount=st.sampled_from(["0", "5"]))
    def another_deviation_is_accepted(self, amount):
        self.store.set_setting("accepted_deviation", amount)

    # --- What is always true ---

    @invariant()
    def no_key_is_registered_twice(self):
        keys = Counter(row.payment_number for row in self.registered() if row.origin == "import")
        assert all(number == 1 for number in keys.values())

    @invariant()
    def what_is_paid_is_what_the_payments_took(self):
        """Total less remaining is the sum of the effects of all rows that are not deleted."""
        took = defaultdict(Decimal)
        for row in self.rows("SELECT * FROM payments WHERE state <> 'deleted'"):
            took[row["invoice_id"]] += Decimal(row["effect"])
        for row in self.rows("SELECT * FROM invoices"):
            assert Decimal(row["total"]) - Decimal(row["remaining"]) == took[row["id"]]

    @invariant()
    def each_counter_undoes_one_payment_to_the_ore(self):
        rows = {row["id"]: row for row in self.rows("SELECT * FROM payments")}
        reversals = [row for row in rows.values() if row["state"] == "reversal"]
        undone = [rows[row["reverses"]] for row in reversals]
        was_reversed = [row["id"] for row in rows.values() if row["state"] == "reversed"]
        assert sorted(row["id"] for row in undone) == sorted(was_reversed)
        for row, its in zip(reversals, undone, strict=True):
            for figure in ("amount", "effect", "written_off"):
                assert Decimal(row[figure]) == -Decimal(its[figure])

    def rows(self, query):
        return self.store.db.execute(query).fetchall() if hasattr(self, "store") else []

    def registered(self):
        if not hasattr(self, "store"):
            return []
        return [row for row in self.store.payments() if row.state == "registered"]

    def in_force(self):
        if not hasattr(self, "store"):
            return []
        return [one for name in "AB" for one in self.host.decisions(name) if one.in_force]

    def decidable(self):
        if not hasattr(self, "store"):
            return []
        return [
            (name, row.payment_number, row.reason)
            for name in "AB"
            if (preview := self.host.open_preview(name)) is not None
            for row in preview.rows("rejected")
        ]

    @staticmethod
    def adds_up(preview):
        for figures in (preview.counts, preview.totals):
            assert figures["read"] == sum(figures[kind] for kind in KINDS)


def test_whatever_is_decided_the_books_add_up_and_nothing_is_registered_twice():
    run_state_machine_as_test(
        HostMachine,
        settings=settings(
            max_examples=40, stateful_step_count=30, suppress_health_check=list(HealthCheck)
        ),
    )
