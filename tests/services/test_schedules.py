"""A run with nobody there saves what is sure, leaves the rest, and is done once."""

import logging
import threading
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from fake_export import SETTINGS, FakeExport, bill, exported_invoice, load
from fake_plugin import COMPANY, OTHER_COMPANY, FakePlugin, Refused, balance, hookimpl, payment
from host_and_plugin import (
    NOON,
    Clock,
    books,
    host_of,
    importing_host,
    outcomes,
    refusal,
    remaining,
)

from hostsim.ledger.schedules import GREEN, NONE, Timetable
from hostsim.messages.text import own
from hostsim.storage import schedules
from hostsim.storage.store import Store
from opter_contract.export_values import Difference, PlannedCard
from opter_contract.values import PaymentKey, Text

DAILY = Timetable(daily=time(6))
HALF_HOURS = Timetable(every=timedelta(minutes=30))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def host(store, plugin, clock):
    return importing_host(store, plugin, clock=clock, attended=False)


@pytest.fixture
def scheduled(host):
    """A host whose only import saves what is green, every half hour."""
    host.set_schedule("Fortnox", HALF_HOURS, GREEN)
    return host


def failing(kind, code="SOMETHING"):
    def fail(_run):
        error = Refused()
        error.kind, error.code = kind, code
        raise error

    return fail


def meanwhile(host, act):
    """Let somebody do this between the next import of a host and its save."""
    import_payments = host.import_payments

    def followed(name):
        host.import_payments = import_payments
        preview = import_payments(name)
        act()
        return preview

    host.import_payments = followed


def due(host):
    return schedules.due(host.store, host._clock())


# --- What is saved ---------------------------------------------------------------


def test_what_has_a_green_tick_is_saved(scheduled, plugin, store):
    plugin.payments = [payment(1), payment(2, "1002", "500")]
    run = scheduled.run_scheduled("Fortnox")
    assert (run.outcome, run.counts["saved"], run.company) == ("saved", 2, COMPANY)
    assert [state for _, _, state, _ in books(store)] == ["registered", "registered"]
    assert store.definition("Fortnox").cursor == "cursor-1"


def test_what_has_a_flag_is_left_and_offered_again(scheduled, plugin, store, clock):
    plugin.payments = [payment(1, amount="400"), payment(2, "1002", "500")]
    plugin.source = {"1": plugin.payments[0]}
    run = scheduled.run_scheduled("Fortnox")
    assert run.outcome == "waits-for-person"
    assert run.counts == {"read": 2, "saved": 1, "left": 1, "rejected": 0, "ignored": 0}
    assert remaining(store) == 1000
    plugin.payments = []
    preview = host_of(store, plugin).import_payments("Fortnox")
    assert outcomes(preview) == {"1": "partial"}
    host_of(store, plugin).save("Fortnox")
    assert remaining(store) == 600


def test_what_is_left_is_left_again_by_the_next_run(scheduled, plugin, store, clock):
    plugin.payments = [payment(1, amount="400")]
    plugin.source = {"1": plugin.payments[0]}
    scheduled.run_scheduled("Fortnox")
    plugin.payments = []
    clock.advance(minutes=30)
    run = scheduled.run_scheduled("Fortnox")
    assert (run.outcome, run.counts["left"], books(store)) == ("waits-for-person", 1, [])


def test_a_payment_that_is_exact_only_together_with_one_that_is_left_is_left_too(
    scheduled, plugin, store
):
    plugin.payments = [payment(1, amount="400"), payment(2, amount="600")]
    run = scheduled.run_scheduled("Fortnox")
    assert (run.counts["left"], run.counts["saved"], books(store)) == (2, 0, [])


def test_the_sums_of_a_run_add_up(scheduled, plugin):
    plugin.payments = [
        payment(1, amount="400"),
        payment(2, "1002", "500"),
        payment(3, "9999"),
        payment(4, "1002", "500"),
    ]
    counts = dict(scheduled.run_scheduled("Fortnox").counts)
    assert counts.pop("read") == sum(counts.values()) == 4
    assert counts == {"saved": 1, "left": 1, "rejected": 2, "ignored": 0}


def test_a_payment_with_a_remark_of_the_plug_in_is_left(scheduled, plugin, store):
    plugin.payments = [payment(1, warnings=(Text("Se upp", "Look out"),))]
    assert scheduled.run_scheduled("Fortnox").counts["left"] == 1
    assert books(store) == []


def test_what_came_between_the_import_and_its_save_is_no_failure(scheduled, plugin, store):
    plugin.payments = [payment(1), payment(2, "1002", "500")]
    meanwhile(scheduled, lambda: host_of(store).add_payment("1001", Decimal(1), confirm=True))
    run = scheduled.run_scheduled("Fortnox")
    assert (run.outcome, run.counts["saved"], len(plugin.runs)) == ("waits-for-person", 1, 1)
    assert (remaining(store), remaining(store, "1002")) == (999, 0)


def test_a_payment_that_another_import_saved_first_is_no_failure(scheduled, plugin, store):
    bank = FakePlugin(code="Bank", company=OTHER_COMPANY)
    key = PaymentKey(OTHER_COMPANY.number, "7", "Bank")
    plugin.payments, bank.payments = [payment(1)], [payment(7, key=key)]
    other = host_of(store, bank)
    other.define("Bank", "Bank", "API", "", {})
    meanwhile(scheduled, lambda: (other.import_payments("Bank"), other.save("Bank")))
    run = scheduled.run_scheduled("Fortnox")
    assert (run.outcome, run.counts["rejected"]) == ("waits-for-person", 1)
    assert [number for _, number, _, _ in books(store)] == ["7"]


def test_settings_that_a_person_stores_between_an_import_and_its_save_count(
    scheduled, plugin, store
):
    plugin.payments = [payment(1)]
    meanwhile(scheduled, lambda: host_of(store, plugin).change("Fortnox", {"before": "2025-01-01"}))
    assert scheduled.run_scheduled("Fortnox").outcome == "saved"
    assert plugin.runs[-1].settings["before"] == "2025-01-01"


def test_a_small_deviation_that_the_office_accepts_is_saved(scheduled, plugin, store):
    store.set_setting("accepted_deviation", "5")
    plugin.payments = [payment(1, amount="996")]
    assert scheduled.run_scheduled("Fortnox").outcome == "saved"
    assert remaining(store) == 0


def test_what_differs_at_the_source_waits_for_a_person(scheduled, plugin):
    plugin.unpaid = [balance("1002", "100")]
    run = scheduled.run_scheduled("Fortnox")
    assert run.outcome == "waits-for-person"
    assert scheduled.scheduled("Fortnox").waiting == 1


def test_what_is_registered_already_waits_for_nobody(scheduled, plugin, clock):
    plugin.payments = [payment(1)]
    scheduled.run_scheduled("Fortnox")
    clock.advance(minutes=30)
    run = scheduled.run_scheduled("Fortnox")
    assert (run.outcome, run.counts["rejected"]) == ("nothing-new", 1)


def test_nothing_is_saved_where_the_schedule_says_so(host, plugin, store):
    host.set_schedule("Fortnox", HALF_HOURS, NONE)
    plugin.payments = [payment(1)]
    run = host.run_scheduled("Fortnox")
    assert (run.outcome, run.counts["left"], books(store)) == ("waits-for-person", 1, [])
    assert outcomes(host.open_preview("Fortnox")) == {"1": "exact"}


def test_the_books_say_that_nobody_was_there(store, plugin, clock):
    host = host_of(store, plugin, clock=clock, attended=False, user="hostsim (schedule)")
    host.define("A", "Fake", "API", "", {})
    host.set_schedule("A", HALF_HOURS, GREEN)
    plugin.payments = [payment(1)]
    host.run_scheduled("A")
    assert [one.user for one in store.payments()] == ["hostsim (schedule)"]
    assert plugin.runs[0].attended is False


def test_what_a_person_brings_in_meanwhile_is_not_saved_unseen(
    scheduled, plugin, store, monkeypatch
):
    plugin.payments = [payment(1)]
    save = scheduled.save

    def meanwhile(name, revision, **how):
        plugin.payments.append(payment(2, "1002", "500"))
        host_of(store, plugin).import_payments("Fortnox")
        return save(name, revision, **how)

    monkeypatch.setattr(scheduled, "save", meanwhile)
    run = scheduled.run_scheduled("Fortnox")
    assert (run.outcome, run.code, books(store)) == ("failed", "PREVIEW_CHANGED", [])
    assert scheduled.scheduled("Fortnox").next_due == NOON + timedelta(minutes=5)


# --- When ------------------------------------------------------------------------


def test_what_is_not_due_is_not_done(host, plugin):
    host.set_schedule("Fortnox", DAILY, GREEN)
    assert due(host) == []
    assert host.run_scheduled("Fortnox") is None
    assert plugin.runs == []


def test_after_a_run_the_next_one_is_due_as_planned(scheduled, clock):
    scheduled.run_scheduled("Fortnox")
    assert due(scheduled) == []
    clock.advance(minutes=30)
    assert due(scheduled) == ["Fortnox"]


def test_what_was_missed_for_days_is_done_once(host, plugin, clock):
    host.set_schedule("Fortnox", DAILY, GREEN)
    clock.advance(days=4)
    assert host.run_scheduled("Fortnox").outcome == "nothing-new"
    assert due(host) == []
    assert len(plugin.runs) == 1


def test_two_processes_do_not_do_the_same(scheduled, plugin, store):
    seen = []
    other = host_of(store, plugin, attended=False)
    plugin.during = lambda _run: seen.append(other.run_scheduled("Fortnox"))
    assert scheduled.run_scheduled("Fortnox").outcome == "nothing-new"
    assert seen == [None]


def test_a_run_that_was_cut_off_is_still_due(scheduled, plugin):
    def cut_off(_run):
        raise KeyboardInterrupt

    plugin.during = cut_off
    with pytest.raises(KeyboardInterrupt):
        scheduled.run_scheduled("Fortnox")
    assert due(scheduled) == ["Fortnox"]
    assert scheduled.scheduled("Fortnox").outcome is None


def test_a_run_that_somebody_cancelled_is_still_due(scheduled, plugin):
    plugin.during = failing("cancelled", "CANCELLED")
    assert scheduled.run_scheduled("Fortnox") is None
    assert due(scheduled) == ["Fortnox"]


def test_a_schedule_that_is_taken_away_during_its_run_stays_away(scheduled, plugin, store):
    plugin.during = lambda _run: host_of(store, plugin).unschedule("Fortnox")
    assert scheduled.run_scheduled("Fortnox") is None
    assert refusal(scheduled.scheduled, "Fortnox").code == "NOT_SCHEDULED"


def test_a_schedule_that_changes_during_its_run_counts_as_changed(scheduled, plugin, store):
    plugin.during = lambda _run: host_of(store, plugin).set_schedule("Fortnox", DAILY, NONE)
    scheduled.run_scheduled("Fortnox")
    found = scheduled.scheduled("Fortnox")
    assert (found.timetable, found.save) == (DAILY, NONE)
    assert found.next_due == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def test_a_schedule_that_a_person_gives_as_its_run_ends_counts(scheduled, store, monkeypatch):
    store_end = schedules.store_end

    def give_another_first(*arguments, **more):
        with Store.open(store.path, patience=0.0) as others:
            assert refusal(host_of(others).set_schedule, "Fortnox", DAILY, NONE).code == (
                "DATABASE_BUSY"
            )
        store_end(*arguments, **more)

    monkeypatch.setattr(schedules, "store_end", give_another_first)
    scheduled.run_scheduled("Fortnox")
    assert scheduled.set_schedule("Fortnox", DAILY, NONE).next_due == datetime(
        2026, 11, 23, 5, 0, tzinfo=UTC
    )


# --- What fails ------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["settings", "login", "permission", "usage"])
def test_what_waiting_does_not_mend_pauses_at_once(scheduled, plugin, clock, kind):
    plugin.during = failing(kind)
    run = scheduled.run_scheduled("Fortnox")
    assert (run.outcome, run.code) == ("paused", "SOMETHING")
    clock.advance(days=30)
    assert due(scheduled) == []
    assert scheduled.run_scheduled("Fortnox") is None


@pytest.mark.parametrize("kind", ["unavailable", "busy", "internal"])
def test_what_waiting_may_mend_is_tried_again_soon(scheduled, plugin, clock, kind):
    plugin.during = failing(kind)
    run = scheduled.run_scheduled("Fortnox")
    assert (run.outcome, run.code) == ("failed", "SOMETHING")
    clock.advance(minutes=5)
    assert due(scheduled) == ["Fortnox"]
    plugin.during = lambda _run: None
    assert scheduled.run_scheduled("Fortnox").outcome == "nothing-new"
    assert scheduled.scheduled("Fortnox").failures == 0


def test_a_fault_of_the_program_is_told_without_what_it_was_about(scheduled, plugin, caplog):
    def fail(_run):
        raise RuntimeError("Kalle Kund, 556677-8899")

    plugin.during = fail
    with caplog.at_level(logging.DEBUG):
        run = scheduled.run_scheduled("Fortnox")
    assert (run.outcome, run.code) == ("failed", "RUN_BROKEN")
    assert "RuntimeError" in caplog.text
    assert "Kalle" not in caplog.text + str(run)


def test_one_that_waits_for_a_person_still_waits_after_a_failure(scheduled, plugin, clock):
    plugin.payments = [payment(1, amount="400")]
    scheduled.run_scheduled("Fortnox")
    plugin.during = failing("unavailable")
    clock.advance(minutes=30)
    scheduled.run_scheduled("Fortnox")
    assert scheduled.scheduled("Fortnox").waiting == 1


def test_a_person_who_imports_right_now_is_let_finish(scheduled, store):
    with store.locks.hold("definition", "Fortnox", wait=0):
        run = scheduled.run_scheduled("Fortnox")
    assert (run.outcome, run.code) == ("failed", "IMPORT_RUNNING")


def test_a_paused_one_runs_again_when_a_person_says_so(scheduled, plugin):
    plugin.during = failing("permission")
    scheduled.run_scheduled("Fortnox")
    plugin.during = lambda _run: None
    assert scheduled.resume("Fortnox") == 1
    assert scheduled.run_scheduled("Fortnox").outcome == "nothing-new"
    assert scheduled.resume(None) == 0


def test_a_paused_one_runs_again_when_a_persons_import_has_worked(scheduled, plugin, store):
    plugin.during = failing("permission")
    scheduled.run_scheduled("Fortnox")
    plugin.during = lambda _run: None
    host_of(store, plugin).import_payments("Fortnox")
    assert not scheduled.scheduled("Fortnox").paused
    assert due(scheduled) == ["Fortnox"]


def test_a_clock_that_was_once_ahead_silences_nobody(scheduled, clock):
    clock.advance(days=3000)
    scheduled.run_scheduled("Fortnox")
    clock.advance(days=-3000)
    assert due(scheduled) == ["Fortnox"]
    assert scheduled.run_scheduled("Fortnox").outcome == "nothing-new"
    assert due(scheduled) == []


class SignsIn(FakePlugin):
    @hookimpl
    def opter_sign_in(self, run):
        return COMPANY


def test_a_paused_one_runs_again_when_a_person_has_signed_in(store, clock):
    host = host_of(store, SignsIn(during=failing("login")), clock=clock, attended=False)
    host.define("Fortnox", "Fake", "API", "", {})
    host.set_schedule("Fortnox", HALF_HOURS, GREEN)
    assert host.run_scheduled("Fortnox").outcome == "paused"
    host.sign_in("Fortnox")
    assert due(host) == ["Fortnox"]


def test_a_definition_without_a_schedule_says_how_to_make_one(host):
    error = refusal(host.unschedule, "Fortnox")
    assert error.code == "NOT_SCHEDULED"
    assert "hostsim schedule Fortnox" in error.command.sv


# --- Exports ---------------------------------------------------------------------


@pytest.fixture
def exported():
    return FakeExport()


@pytest.fixture
def exports(store, exported, clock):
    store.load_invoices([exported_invoice("10301"), exported_invoice("10302")])
    host = host_of(store, exported, clock=clock, attended=False)
    host.define_export("Ut", "Fake", "invoices", "", SETTINGS)
    host.set_schedule("Ut", HALF_HOURS, GREEN)
    return host


def test_an_export_sends_what_is_sure(exports, exported):
    run = exports.run_scheduled("Ut")
    assert (run.outcome, run.subject) == ("saved", "invoices")
    assert run.counts == {"read": 2, "saved": 2, "left": 0, "rejected": 0, "ignored": 0}
    assert exported.events == [("sent", "/10301"), ("sent", "/10302")]


DOUBTS = {
    "a difference": {"differences": (Difference("DueDate", "2026-12-02", "2026-12-03"),)},
    "another total there": {"other_total": Decimal("1251.00")},
    "a change of what is there": {"action": "update"},
    "a remark": {"code": "OTHER_TOTAL", "message": Text("Annan summa.", "Another total.")},
    "a refusal": {"state": "refused", "action": "none", "code": "NUMBER_TAKEN"},
    "an unknown fate": {"state": "unknown", "action": "none", "code": "NO_ANSWER"},
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_an_export_leaves_what_is_in_doubt(exports, exported, doubt):
    exported.plans = {"/10301": DOUBTS[doubt]}
    run = exports.run_scheduled("Ut")
    assert (run.outcome, run.counts["saved"]) == ("waits-for-person", 1)
    assert run.counts["left"] + run.counts["rejected"] == 1
    assert exported.events == [("sent", "/10302")]


@pytest.mark.parametrize(
    "card",
    [
        PlannedCard("1042", "update", (Difference("Address1", "A", "B"),)),
        PlannedCard("1042", "none", message=Text("Samma nummer.", "The same number.")),
        PlannedCard("1042", "create", message=Text("Samma nummer.", "The same number.")),
    ],
)
def test_an_export_leaves_what_is_of_a_customer_in_doubt(exports, exported, card):
    exported.cards = (card,)
    run = exports.run_scheduled("Ut")
    assert (run.outcome, run.counts["left"], exported.events) == ("waits-for-person", 2, [])


def test_an_export_leaves_what_lacks_something_there(exports, exported, store):
    load(store, "invoices", "10301", rows=(("9999", "1000.00", "250.00"),))
    run = exports.run_scheduled("Ut")
    assert (run.outcome, run.counts["left"]) == ("waits-for-person", 1)
    assert exported.events == [("sent", "/10302")]


@pytest.mark.parametrize("confirmed", [False, True])
def test_an_export_with_nobody_there_never_touches_bank_details(store, exported, clock, confirmed):
    store.load_bills([bill("501"), bill("502")])
    exported.bankgiros = {"LASSE": "111-1111"}
    host = host_of(store, exported, clock=clock, attended=False)
    host.define_export("Bolag", "Fake", "supplier-bills", "", SETTINGS)
    if confirmed:
        host.confirm_bank("Bolag", "LASSE", host.export("Bolag").run_id)
    host.set_schedule("Bolag", HALF_HOURS, GREEN)
    run = host.run_scheduled("Bolag")
    assert (run.outcome, run.counts["left"], exported.events) == ("waits-for-person", 2, [])
    assert exported.bankgiros == {"LASSE": "111-1111"}


def test_two_exports_of_one_company_run_one_after_the_other(store, exported, clock, monkeypatch):
    """Although nobody would wait for the other, were they begun by a person."""
    store.load_invoices([exported_invoice("10301")])
    store.load_bills([bill("501")])
    host = host_of(store, exported, clock=clock, attended=False)
    for name, subject in (("Ut", "invoices"), ("Bolag", "supplier-bills")):
        host.define_export(name, "Fake", subject, "", SETTINGS)
        host.set_schedule(name, HALF_HOURS, NONE)
        assert host.run_scheduled(name).outcome == "waits-for-person"
    store.set_definition_company("Ut", COMPANY)
    store.set_definition_company("Bolag", COMPANY)
    clock.advance(minutes=30)
    states, waits, hold = [], threading.Event(), store.locks.hold
    beside = threading.Thread(target=host.run_scheduled, args=("Bolag",))

    def told(*key, wait):
        if key[0] == "scheduled-company" and threading.current_thread() is beside:
            waits.set()
        return hold(*key, wait=wait)

    def before(run):
        if run.subject == "invoices":
            beside.start()
            assert waits.wait(30)
        else:
            states.extend(export.state for export in host.export_runs("Ut"))

    monkeypatch.setattr(store.locks, "hold", told)
    exported.before = before
    assert host.run_scheduled("Ut").code == ""
    beside.join(30)
    assert states == ["previewed", "previewed"]
    assert host.scheduled("Bolag").failures == 0


def test_an_export_that_saves_nothing_only_shows(exports, exported):
    exports.set_schedule("Ut", HALF_HOURS, NONE)
    run = exports.run_scheduled("Ut")
    assert (run.outcome, run.counts["left"], exported.events) == ("waits-for-person", 2, [])


def test_an_export_of_nothing_new_says_so(exports, exported, clock):
    exports.run_scheduled("Ut")
    clock.advance(minutes=30)
    assert exports.run_scheduled("Ut").outcome == "nothing-new"
    assert len(exported.events) == 2


def test_a_result_that_a_person_must_look_at_waits_for_one(exports, exported):
    exported.results = {"/10301": {"complete": False, "code": "PDF_LEFT"}}
    run = exports.run_scheduled("Ut")
    assert run.outcome == "waits-for-person"
    assert exports.scheduled("Ut").waiting == 1


def test_an_error_is_kept_with_its_sentence(scheduled, plugin):
    plugin.during = failing("permission", "NO_LICENCE")
    scheduled.run_scheduled("Fortnox")
    found = scheduled.scheduled("Fortnox")
    assert (found.error_code, found.error) == ("NO_LICENCE", own(Refused.message))
