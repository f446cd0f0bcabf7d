"""What the next import reads: nothing is lost to clocks, minutes, nights or settings.

The plug-in, the host and the sandbox are the real ones; only time stands still until it is set.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from ports import free_port
from scripted_import import COMPANY, FakeTime, host_of_sandbox

from hostsim.ledger.values import ExportedInvoice
from hostsim.sandbox import Clock, Invoice, Payment, Sandbox, State, Switches
from hostsim.sandbox.faults import Fault
from hostsim.storage.store import Store
from opter_fortnox_plugin.fortnox import protocol

NAME = "Fortnox"
NOON = datetime(2026, 4, 20, 12, 0, 10, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
NEW_YEAR = date(2026, 1, 1)


class World:
    """A company in Fortnox, whose clock we set, and a host whose own clock may be wrong."""

    def __init__(self, path, at=NOON, *, skew=timedelta(), **switches):
        state = State(Clock.stopped_at(at))
        self.company = state.add_company(COMPANY, "Grusbilarna i Ådalen AB")
        self.sandbox = Sandbox(
            state,
            redirect_uri=f"http://127.0.0.1:{free_port()}/callback",
            switches=Switches(rate_limit=None, **switches),
        )
        self.skew, self.store = skew, Store.create(path)
        self.time = FakeTime()
        self.known(1001)

    def __enter__(self):
        self.sandbox.start()
        self.define()
        return self

    def __exit__(self, *_):
        self.sandbox.stop()
        self.store.close()

    @property
    def host(self):
        # The clock of the machine that we run on, and no other: Unix time comes from it too.
        self.time.now = (self.sandbox.clock.now() + self.skew).timestamp()
        return host_of_sandbox(
            self.store,
            self.sandbox,
            time=self.time,
            now=self.sandbox.clock.now() + self.skew,
        )

    def define(self):
        self.host.define(NAME, "FortnoxAPI", "API", "", {"ignore_payments_before": "2026-01-01"})

    def known(self, number):
        """Make an invoice in Fortnox and in the host."""
        self.unknown(number)
        self.export(number)

    def unknown(self, number):
        """Make an invoice in Fortnox alone."""
        self.company.add_invoice(
            Invoice(
                number=number,
                total=Decimal(1_000_000),
                invoice_date=NEW_YEAR,
                due_date=NEW_YEAR,
                modified=NOON - timedelta(days=90),
            )
        )

    def export(self, number):
        self.store.load_invoices(
            [ExportedInvoice(str(number), "", "K1", "Byggbolaget AB", "SEK", Decimal(1_000_000))]
        )

    def pay(self, invoice=1001, **fields):
        """Register a payment in Fortnox, now by its clock; give its number."""
        values = {
            "invoice_number": invoice,
            "amount": Decimal(1),
            "payment_date": self.sandbox.clock.local().date(),
            "booked": True,
        }
        return str(self.company.add_payment(Payment(**values | fields)).number)

    def step(self, by):
        self.sandbox.clock.step(by)

    def shown(self):
        """Import; give the numbers that are ready, and the reasons of those that are not."""
        preview = self.host.import_payments(NAME)
        ready = {row.payment_number for row in preview.rows("ready")}
        others = {
            row.payment_number: row.reason
            for kind in ("rejected", "ignored")
            for row in preview.rows(kind)
        }
        return ready, others

    def saved(self):
        """Import and save; give what was ready."""
        ready, _ = self.shown()
        self.host.save(NAME)
        return ready

    def asked_since(self):
        """Import; give from when Fortnox was asked to list payments, or nothing for all."""
        before = len(self.sandbox.asked)
        self.host.import_payments(NAME)
        lists = [
            asked.query
            for asked in list(self.sandbox.asked)[before:]
            if asked.path == "/3/invoicepayments"
        ]
        return lists[0].get("lastmodified")


@pytest.fixture
def make(tmp_path, monkeypatch):
    # Pages are small in scripted imports; what is set there is put back here.
    monkeypatch.setattr(protocol, "PAGE_SIZE", protocol.PAGE_SIZE)
    worlds = itertools.count()

    def make(*arguments, **keywords):
        return World(tmp_path / f"{next(worlds)}.db", *arguments, **keywords)

    return make


@pytest.fixture
def world(make):
    with make() as world:
        yield world


# --- Clocks ---


@pytest.mark.parametrize("hours", [-12, -2, 2, 12])
def test_our_clock_may_be_hours_wrong(make, hours):
    with make(skew=timedelta(hours=hours)) as world:
        first = world.pay()
        assert world.saved() == {first}
        world.step(SECOND)
        second = world.pay()
        world.step(10 * HOUR)
        assert world.saved() == {second}


def test_our_clock_may_jump_between_two_imports(world):
    world.skew = timedelta(hours=12)
    world.saved()
    world.step(SECOND)
    number = world.pay()
    world.skew = timedelta(hours=-12)
    world.step(HOUR)
    assert world.saved() == {number}


@pytest.mark.parametrize("inclusive", [True, False])
def test_a_payment_of_the_very_minute_of_the_list_is_found(make, inclusive):
    with make(lastmodified_inclusive=inclusive) as world:
        world.saved()
        number = world.pay()
        world.step(timedelta(days=3))
        assert world.saved() == {number}


#: Before the nights in which the clocks in Stockholm are changed.
NIGHTS = {
    "to summer time": datetime(2026, 3, 28, 23, 30, 10, tzinfo=UTC),
    "to winter time": datetime(2026, 10, 24, 23, 30, 10, tzinfo=UTC),
}
WAYS = list(itertools.product([True, False], ["wall", "instant"]))


def through_the_night(world):
    """Import every half hour; each payment is booked a second after Fortnox's first answer."""
    number = None
    for _ in range(8):
        assert world.saved() == ({number} if number else set())
        world.step(SECOND)
        number = world.pay()
        world.step(timedelta(minutes=30) - SECOND)


@pytest.mark.parametrize(("inclusive", "compares"), WAYS)
@pytest.mark.parametrize("night", NIGHTS)
def test_no_payment_is_lost_in_the_night_of_the_clocks(make, night, inclusive, compares):
    with make(
        NIGHTS[night], lastmodified_inclusive=inclusive, lastmodified_compares=compares
    ) as world:
        through_the_night(world)


#: Where the wall clock of the filter could stand, were it not Stockholm. In summer UTC is two
#: hours behind, which takes the whole overlap: the minute itself is left if it is included.
ZONES = [("Europe/Helsinki", False), ("UTC", True)]


@pytest.mark.parametrize(("zone", "inclusive"), ZONES)
@pytest.mark.parametrize("compares", ["wall", "instant"])
def test_no_payment_is_lost_where_the_filter_has_another_zone(make, zone, inclusive, compares):
    with make(
        NIGHTS["to winter time"],
        lastmodified_zone=zone,
        lastmodified_inclusive=inclusive,
        lastmodified_compares=compares,
    ) as world:
        through_the_night(world)


@pytest.mark.parametrize("compares", ["wall", "instant"])
@pytest.mark.parametrize("lists_at_minute", [5, 55])
def test_both_hours_that_are_called_two_are_found(make, compares, lists_at_minute):
    first_two = datetime(2026, 10, 25, 0, lists_at_minute, 10, tzinfo=UTC)
    with make(first_two, lastmodified_compares=compares) as world:
        world.saved()
        world.step(SECOND)
        numbers = {world.pay()}
        world.step(HOUR)
        assert world.sandbox.clock.local().hour == 2
        numbers.add(world.pay())
        world.step(6 * HOUR)
        assert world.saved() == numbers


# --- Between the list and the save ---


def test_a_payment_that_is_booked_while_a_person_looks_is_found_by_the_next_import(world):
    first = world.pay()
    assert world.shown() == ({first}, {})
    world.step(HOUR)
    second = world.pay()
    world.step(5 * HOUR)
    world.host.save(NAME)
    world.step(5 * HOUR)
    assert world.saved() == {second}


def test_a_payment_that_is_booked_between_list_and_detail_is_found_by_the_next_import(world):
    first = world.pay(write_offs=())
    world.pay(invoice=999)
    added = []

    def at_the_lookup_of_an_invoice(asked):
        if asked.path.startswith("/3/invoices") and not added:
            added.append(world.pay())
        return False

    world.sandbox.faults.add(Fault(status=500, match=at_the_lookup_of_an_invoice, times=None))
    assert world.saved() == {first}
    world.step(10 * HOUR)
    assert world.saved() == set(added)
    assert added


def test_an_import_that_is_not_saved_does_not_move_the_watermark(world):
    first = world.pay()
    world.shown()
    world.step(timedelta(days=2))
    second = world.pay()
    assert world.shown()[0] == {first, second}
    assert world.asked_since() is None


def test_an_import_that_fails_does_not_move_the_watermark(world):
    world.saved()
    world.step(SECOND)
    number = world.pay()
    world.step(timedelta(days=1))
    world.company.integration_licence = False
    with pytest.raises(Exception, match="LICENCE_MISSING"):
        world.host.import_payments(NAME)
    world.company.integration_licence = True
    world.step(timedelta(days=1))
    assert world.saved() == {number}


def test_a_save_with_nothing_ready_moves_the_watermark(world):
    assert world.saved() == set()
    assert world.asked_since() == "2026-04-20 12:00"


def test_saving_an_import_that_replaced_another_moves_it_to_that_one(world):
    world.saved()
    world.step(24 * HOUR)
    world.shown()
    world.step(24 * HOUR)
    world.saved()
    assert world.asked_since() == "2026-04-22 12:00"


# --- What comes back ---


def test_what_was_rejected_comes_back_until_it_is_saved(world):
    world.unknown(1002)
    number = world.pay(1002)
    for _ in range(3):
        ready, others = world.shown()
        assert (ready, others) == (set(), {number: "invoice-not-found"})
        world.host.save(NAME)
        world.step(10 * HOUR)
    world.export(1002)
    assert world.saved() == {number}
    world.step(10 * HOUR)
    assert world.shown() == (set(), {})


def test_what_was_rejected_comes_back_until_it_is_gone_from_fortnox(world):
    world.unknown(1002)
    number = world.pay(1002)
    world.saved()
    world.company.delete_payment(int(number))
    world.export(1002)
    world.step(10 * HOUR)
    preview = world.host.import_payments(NAME)
    assert (preview.counts["ready"], preview.deleted) == (0, (number,))
    world.host.save(NAME)
    world.step(10 * HOUR)
    assert world.shown() == (set(), {})


def test_what_could_not_be_read_comes_in_once_it_is_changed(world):
    """It is kept and shown at each import, and judged without a request until it changes."""
    number = world.pay(wire={"Amount": "API_NORIGHT"})
    assert world.shown() == (set(), {number: "unreadable"})
    world.host.save(NAME)
    world.step(24 * HOUR)
    assert world.shown() == (set(), {number: "unreadable"})
    world.company.change_payment(int(number), wire={})
    world.step(24 * HOUR)
    assert world.saved() == {number}


def test_what_was_not_booked_comes_in_once_it_is(world):
    number = world.pay(booked=False)
    assert world.shown() == (set(), {number: "not-booked"})
    world.host.save(NAME)
    world.step(24 * HOUR)
    world.company.book_payment(int(number))
    world.step(24 * HOUR)
    assert world.saved() == {number}


def test_a_back_dated_payment_that_is_registered_later_is_found(world):
    today = world.pay()
    assert world.saved() == {today}
    world.step(24 * HOUR)
    back_dated = world.pay(payment_date=NEW_YEAR)
    world.step(24 * HOUR)
    assert world.saved() == {back_dated}


def test_a_payment_moved_to_a_date_before_the_setting_is_told(world):
    number = world.pay()
    world.saved()
    world.step(24 * HOUR)
    world.company.change_payment(int(number), payment_date=date(2025, 12, 31))
    ready, others = world.shown()
    assert (ready, list(others)) == (set(), [number])


# --- Settings ---

STRICT = {
    "ignore_payments_before": "2026-04-01",
    "ignore_numbers_before": "1001",
    "include_unbooked": "false",
}
LOOSER = {
    "ignore_payments_before": "2026-01-01",
    "ignore_numbers_before": "0",
    "include_unbooked": "true",
}


@pytest.mark.parametrize("field", STRICT)
def test_a_setting_that_is_loosened_starts_the_reading_anew(world, field):
    world.known(900)
    world.host.change(NAME, STRICT)
    excluded = {
        "ignore_payments_before": world.pay(payment_date=NEW_YEAR),
        "ignore_numbers_before": world.pay(900),
        "include_unbooked": world.pay(booked=False),
    }
    assert world.saved() == set()
    world.step(timedelta(days=30))
    world.host.change(NAME, {field: LOOSER[field]})
    assert world.asked_since() is None
    assert world.saved() == {excluded[field]}
    world.step(timedelta(days=30))
    assert world.asked_since() is not None


@pytest.mark.parametrize("field", STRICT)
def test_a_setting_that_is_loosened_and_tightened_again_loses_nothing(world, field):
    world.host.change(NAME, STRICT)
    world.saved()
    world.step(SECOND)
    number = world.pay()
    world.host.change(NAME, {field: LOOSER[field]})
    world.host.change(NAME, {field: STRICT[field]})
    world.step(timedelta(days=30))
    assert world.saved() == {number}
