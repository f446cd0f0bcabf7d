"""A payment that is left out of a save, and a save that is undone as a whole."""

import random
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest
from fake_plugin import NEW_YEAR, invoice, payment
from host_and_plugin import host_of, import_and_save, preview_of, refusal
from ledgers import Books

from hostsim.errors import HostError
from hostsim.messages.payments import save_undone
from hostsim.storage.previews import PreviewChanged
from hostsim.views.explanation import payment_title


@pytest.fixture
def invoices():
    return [invoice("1001"), invoice("1002", "500"), invoice("3001", "-1000")]


@pytest.fixture
def read(host, plugin):
    plugin.payments = [payment(1), payment(2, "1002", "200"), payment(3, "1002", "400")]
    plugin.source = {one.key.number: one for one in plugin.payments}
    return host.import_payments("Fortnox")


def figures(preview, kind="ready"):
    return [
        (row.payment_number, row.status, row.remaining_before, row.remaining)
        for row in preview.rows(kind)
    ]


def states(store):
    rows = sorted(store.payments(), key=lambda row: row.id)
    return [(row.payment_number, row.state) for row in rows]


# --- The figures --------------------------------------------------------------


def test_each_row_says_what_remained_of_its_invoice_before_and_after(read):
    assert figures(read) == [
        ("1", "exact", 1000, 0),
        ("2", "partial", 500, 300),
        ("3", "advance", 300, -100),
    ]
    row = next(iter(read.rows("ready")))
    assert (row.invoice_total, row.invoice_currency) == (1000, "SEK")
    assert row.due_date == invoice().due_date


def test_the_figures_of_a_credit_invoice_are_below_zero(host, plugin):
    plugin.payments = [payment(1, "3001", "-400")]
    assert figures(host.import_payments("Fortnox")) == [("1", "partial", -1000, -600)]


def test_what_cannot_be_saved_says_what_remains_of_its_invoice(host, plugin, store):
    store.load_invoices([invoice("1001", period_closed=False)])
    assert figures(preview_of(host, plugin, payment(1)), "rejected") == [("1", None, 1000, 1000)]


def test_a_save_refuses_other_figures_than_those_that_were_shown(host, store, read):
    host.add_payment("1002", Decimal(50), date=NEW_YEAR, confirm=True)
    with pytest.raises(PreviewChanged) as changed:
        host.save("Fortnox", read.revision)
    assert figures(changed.value.preview)[1] == ("2", "partial", 450, 250)


# --- One is left out ----------------------------------------------------------


def test_what_is_left_out_is_neither_saved_nor_lost(host, plugin, store, read):
    preview = host.leave_out("Fortnox", ["2"])
    assert [row.payment_number for row in preview.rows("left")] == ["2"]
    assert (preview.counts["ready"], preview.totals["left"]) == (2, 200)
    # What the others of its invoice find is what is shown.
    assert figures(preview)[-1] == ("3", "partial", 500, 100)
    host.save("Fortnox")
    assert states(store) == [("1", "registered"), ("3", "registered")]
    again = preview_of(host, plugin)
    assert figures(again) == [("2", "advance", 100, -100)]


@pytest.mark.parametrize("offline", [True, False])
@pytest.mark.parametrize("saved", [True, False])
def test_the_invoice_says_by_whom_it_was_left_out(host, read, saved, offline):
    host.leave_out("Fortnox", ["1"])
    if saved:
        host.save("Fortnox")
    [one] = host.why("1001", offline=offline).payments
    assert one.reason == "left-for-person"
    left = "Sparades inte" if saved else "Sparas inte nu"
    assert one.message.sv == f"{left} (kim 2026-11-22 12:00)"
    assert payment_title(one, "sv") == "Betalning 1: Lämnad till en person"
    assert one.to_do.sv.startswith("Någon kryssade ur den")


def test_what_is_left_out_pays_its_invoice_all_the_same(host, plugin):
    preview_of(host, plugin, payment(1), payment(2))
    preview = host.leave_out("Fortnox", ["1"])
    [twice] = preview.rows("rejected")
    assert (twice.payment_number, twice.reason) == ("2", "invoice-already-paid")
    assert "urkryssad" in twice.message.sv
    assert preview.counts["ready"] == 0
    assert figures(host.decide("Fortnox", "2", "accept")) == [("2", "exact", 1000, 0)]


def test_it_can_be_taken_in_before_the_save(host, read):
    before = read.revision
    host.leave_out("Fortnox", ["2"])
    assert host.take_in("Fortnox", ["2"]).revision == before
    host.leave_out("Fortnox", ["2"])
    assert host.take_back("Fortnox", ["2"]).revision == before


def test_it_stays_left_out_when_the_same_is_read_again_before_the_save(host, read):
    host.leave_out("Fortnox", ["1", "3"])
    again = host.import_payments("Fortnox")
    assert [row.payment_number for row in again.rows("left")] == ["1", "3"]
    assert "kim" in next(iter(again.rows("left"))).message.sv


def test_a_list_in_which_something_was_left_out_meanwhile_is_not_saved(host, store, read):
    host.leave_out("Fortnox", ["1"])
    with pytest.raises(PreviewChanged):
        host.save("Fortnox", read.revision)
    assert states(store) == []


def test_what_cannot_be_saved_cannot_be_left_out(host, plugin):
    preview_of(host, plugin, payment(1, "9999"))
    assert refusal(host.leave_out, "Fortnox", ["1"]).code == "DECISION_DOES_NOT_FIT"


def test_a_change_that_was_accepted_can_be_left_out_and_reverses_nothing(host, plugin, store, read):
    host.save("Fortnox")
    preview_of(host, plugin, payment(1, amount="900"))
    host.decide("Fortnox", "1", "accept")
    preview = host.leave_out("Fortnox", ["1"])
    assert [row.payment_number for row in preview.rows("left")] == ["1"]
    assert host.take_in("Fortnox", ["1"]).counts["ready"] == 1


def test_both_halves_of_a_settlement_are_left_out_together(host, plugin):
    plugin.payments = [
        payment(1, amount="1000", date=NEW_YEAR, customer_number="7"),
        payment(2, "3001", "-1000", date=NEW_YEAR, customer_number="7"),
    ]
    assert host.import_payments("Fortnox").counts["ready"] == 2
    preview = host.leave_out("Fortnox", ["1"])
    assert [row.payment_number for row in preview.rows("left")] == ["1", "2"]
    assert host.take_in("Fortnox", ["2"]).counts["ready"] == 2


# --- Paid twice ---------------------------------------------------------------


# --- A whole save is undone ----------------------------------------------------


@pytest.fixture
def saved(host, read):
    return host.save("Fortnox").run_id


def left(store):
    return {one.number: one.remaining for one in store.invoices()}


def test_a_save_is_undone_as_a_whole_by_whom_when_and_why(host, store, saved):
    undone = host.undo_save(saved[:8], why="fel företag")
    assert (undone.deleted, undone.kept) == (3, ())
    assert {state for _, state in states(store)} == {"deleted"}
    assert left(store) == {"1001": 1000, "1002": 500, "3001": -1000}
    assert {row.deleted_why for row in store.payments()} == {"fel företag"}
    run = host.run(saved)
    assert (run.state, run.undone_by, run.undone_why) == ("saved", "kim", "fel företag")


def test_what_was_deleted_or_replaced_meanwhile_is_told_and_left(host, plugin, store, saved):
    host.delete_payment(
        next(row.id for row in store.payments() if row.payment_number == "1"), why="x"
    )
    preview_of(host, plugin, payment(2, "1002", "150"))
    host.decide("Fortnox", "2", "accept")
    host.save("Fortnox")
    undone = host.undo_save(saved, why="fel")
    assert undone.deleted == 1
    assert [(row.payment_number, row.state) for row in undone.kept] == [
        ("1", "deleted"),
        ("2", "reversed"),
    ]


def test_what_would_be_undone_is_without_what_was_deleted_meanwhile(host, store, saved):
    assert host.to_undo(saved)[:4] == (3, 1600, 0, 3)
    host.delete_payment(next(iter(store.payments())).id, why="x")
    assert host.to_undo(saved).deleted == 2
    assert host.undo_save(saved, why="fel").deleted == 2
    assert refusal(host.to_undo, saved).code == "NOTHING_TO_UNDO"


@pytest.mark.parametrize(("why", "code"), [("", "WHY_NEEDED"), ("x" * 501, "WHY_TOO_LONG")])
def test_nothing_is_undone_without_a_reason(host, store, saved, why, code):
    assert refusal(host.undo_save, saved, why=why).code == code
    assert {state for _, state in states(store)} == {"registered"}


def test_a_save_is_undone_once(host, saved):
    host.undo_save(saved, why="fel")
    assert refusal(host.undo_save, saved, why="fel").code == "NOTHING_TO_UNDO"


def test_a_save_whose_payments_a_later_one_reversed_is_said_to_be_so(host, plugin, saved):
    plugin.payments = [payment(1, amount="90"), payment(2, amount="80"), payment(3, "1002", "70")]
    host.import_payments("Fortnox")
    for number in "123":
        host.decide("Fortnox", number, "accept")
    host.save("Fortnox")
    refused = refusal(host.undo_save, saved, why="fel")
    assert "senare sparningar motbokat dess betalningar" in refused.message.sv


def test_what_an_unsaved_list_does_not_hold_is_taken_again_too(host, plugin, store, saved):
    plugin.payments = [payment(1), payment(9, "3001", "-10")]
    host.import_payments("Fortnox")
    host.undo_save(saved, why="fel")
    host.leave_out("Fortnox", ["9"])  # judges the list again, in part
    [offered] = host.undone_saves("Fortnox")
    assert offered.waiting == host.take_save_again("Fortnox", saved) == 3
    assert host.to_be_taken_again("Fortnox").waiting == 2
    host.import_payments("Fortnox")
    host.save("Fortnox")
    assert left(store)["1002"] == -100


def test_its_payments_are_taken_again_with_one_press_once_they_are_offered(
    host, plugin, store, saved
):
    host.undo_save(saved, why="fel")
    plugin.payments = []
    preview = host.import_payments("Fortnox")
    assert {row.reason for row in preview.rows("rejected")} == {"deleted-in-host"}
    [offered] = host.undone_saves("Fortnox")
    assert (offered.waiting, offered.undone_why) == (3, "fel")
    assert host.take_save_again("Fortnox", saved) == 3
    assert host.undone_saves("Fortnox") == []
    host.import_payments("Fortnox")
    host.save("Fortnox")
    assert left(store) == {"1001": 0, "1002": -100, "3001": -1000}


def test_they_may_be_taken_again_before_the_next_import_too(host, plugin, store, saved):
    host.undo_save(saved, why="fel")
    plugin.payments = []
    assert host.take_save_again("Fortnox", saved) == 3
    assert host.import_payments("Fortnox").counts["ready"] == 3


def test_what_another_set_aside_while_the_lock_was_waited_for_is_not_taken_again(
    host, plugin, store, saved, monkeypatch
):
    host.undo_save(saved, why="fel")
    lock = host._definition_lock

    def lock_after_another(name):
        host_of(store, plugin, user="lo").set_aside("Fortnox", ["3"], why="inte vår")
        return lock(name)

    monkeypatch.setattr(host, "_definition_lock", lock_after_another)
    assert host.take_save_again("Fortnox", saved, revision="") == 2
    assert {one.number: one.decision for one in host.decisions("Fortnox") if one.in_force} == {
        "1": "take-again",
        "2": "take-again",
        "3": "set-aside",
    }


def taken_again(host, plugin, run_id):
    """Undo a save, read again what it had, and take all of it again."""
    host.undo_save(run_id, why="fel")
    taken = host.take_save_again("Fortnox", run_id)
    preview = host.import_payments("Fortnox")
    assert preview.counts["ready"] == taken
    return preview


def settlement(credit="3001"):
    return [
        payment(1, date=NEW_YEAR, customer_number="7"),
        payment(2, credit, "-1000", date=NEW_YEAR, customer_number="7"),
    ]


def test_an_advance_that_was_accepted_counts_as_accepted_when_it_is_taken_again(host, plugin):
    plugin.payments = [payment(1), payment(2)]
    host.import_payments("Fortnox")
    host.decide("Fortnox", "2", "accept")
    saved = host.save("Fortnox").run_id
    again = taken_again(host, plugin, saved)
    assert figures(again) == [("1", "exact", 1000, 0), ("2", "advance", 0, -1000)]
    assert [one.decision for one in host.decisions("Fortnox") if one.in_force] == [
        "take-again",
        "advance",
    ]
    saved = host.save("Fortnox").run_id
    assert taken_again(host, plugin, saved).counts["rejected"] == 0


def test_what_was_confirmed_counts_as_confirmed_when_it_is_taken_again(host, plugin):
    host.add_payment("1002", Decimal(200), date=payment(1).date, confirm=True)
    plugin.payments = [payment(1, "1002", "200")]
    host.import_payments("Fortnox")
    host.decide("Fortnox", "1", "confirm")
    saved = host.save("Fortnox").run_id
    assert taken_again(host, plugin, saved).counts["ready"] == 1


def test_it_can_be_accepted_as_well_when_it_is_taken_again_alone(host, plugin):
    plugin.payments = [payment(1), payment(2)]
    host.import_payments("Fortnox")
    host.decide("Fortnox", "2", "accept")
    host.undo_save(host.save("Fortnox").run_id, why="fel")
    host.import_payments("Fortnox")
    host.decide("Fortnox", "1", "take-again")
    preview = host.decide("Fortnox", "2", "take-again")
    assert [row.reason for row in preview.rows("rejected")] == ["invoice-already-paid"]
    assert host.decide("Fortnox", "2", "accept").counts["ready"] == 2


@pytest.mark.parametrize(("credit", "decides"), [("3001", False), ("9999", True)])
def test_a_settlement_is_taken_again_with_what_was_accepted(host, plugin, credit, decides):
    plugin.payments = settlement(credit)
    host.import_payments("Fortnox")
    if decides:
        host.decide("Fortnox", "1", "accept")
    saved = host.save("Fortnox").run_id
    assert host.run(saved).counts["ready"] == 2
    assert taken_again(host, plugin, saved).counts["ready"] == 2


@pytest.mark.parametrize(("credit", "decides"), [("3001", False), ("9999", True)])
def test_one_half_of_a_settlement_takes_the_other_again(host, plugin, credit, decides):
    plugin.payments = settlement(credit)
    host.import_payments("Fortnox")
    if decides:
        host.decide("Fortnox", "1", "accept")
    host.undo_save(host.save("Fortnox").run_id, why="fel")
    host.import_payments("Fortnox")
    preview = host.decide("Fortnox", "2", "take-again")
    if decides:
        preview = host.decide("Fortnox", "1", "accept")
    assert preview.counts["ready"] == 2


def test_what_was_paid_twice_does_not_take_the_place_of_what_was_undone(host, plugin):
    plugin.payments = [payment(1), payment(2)]
    host.import_payments("Fortnox")
    host.undo_save(host.save("Fortnox").run_id, why="fel")
    preview = host.import_payments("Fortnox")
    assert [row.reason for row in preview.rows("rejected")] == [
        "deleted-in-host",
        "invoice-already-paid",
    ]
    assert host.set_aside("Fortnox", ["1"]).counts["ready"] == 1


def test_what_was_to_be_taken_again_and_was_not_saved_is_offered_after_the_next_undoing(
    host, plugin
):
    plugin.payments = [payment(1), payment(2)]
    host.import_payments("Fortnox")
    host.decide("Fortnox", "2", "accept")
    host.undo_save(host.save("Fortnox").run_id, why="fel")
    host.import_payments("Fortnox")
    for number in ("1", "2"):
        host.decide("Fortnox", number, "take-again")
    run_id = host.save("Fortnox").run_id
    foretold = host.to_undo(run_id).forgotten
    assert host.undo_save(run_id, why="fel igen").forgotten == foretold
    preview = host.import_payments("Fortnox")
    assert preview.counts["ready"] == 0
    assert sorted(one.waiting for one in host.undone_saves("Fortnox")) == [1, 1]


def test_a_save_that_stands_cannot_be_taken_again(host, saved):
    assert refusal(host.take_save_again, "Fortnox", saved).code == "NOTHING_TO_TAKE_AGAIN"


def test_an_open_preview_of_the_same_invoices_is_judged_again_at_its_save(
    host, plugin, store, saved
):
    preview = preview_of(host, plugin, payment(9, "1002", "100"))
    host.undo_save(saved, why="fel")
    with pytest.raises(PreviewChanged) as changed:
        host.save("Fortnox", preview.revision)
    assert figures(changed.value.preview) == [("9", "partial", 500, 400)]


# --- What the save reversed ---


def change(host, plugin):
    """Accept that a payment is less, another was made again, and a third came to nothing."""
    import_and_save(
        host, plugin, payment(4, amount="100"), payment(5, "1002", "50"), payment(6, amount="30")
    )
    plugin.deleted = {"5"}
    plugin.payments = [payment(4, amount="90"), payment(7, "1002", "50"), payment(6, amount="0")]
    plugin.source = {one.key.number: one for one in plugin.payments}
    host.import_payments("Fortnox")
    for number in ("4", "6", "7"):
        host.decide("Fortnox", number, "accept")
    return host.save("Fortnox").run_id


def standing(store):
    rows = sorted(store.payments(), key=lambda row: row.id)
    return [(row.payment_number, row.amount) for row in rows if row.state == "registered"]


def test_what_a_save_reversed_stands_again_when_it_is_undone(host, plugin, store):
    changed = change(host, plugin)
    after = left(store), standing(store)
    assert after == ({"1001": 910, "1002": 450, "3001": -1000}, [("4", 90), ("7", 50)])
    assert host.to_undo(changed)[:4] == (2, 140, 3, 3)
    undone = host.undo_save(changed, why="fel")
    assert (undone.deleted, undone.restored, undone.kept) == (2, 3, ())
    assert standing(store) == [("4", 100), ("5", 50), ("6", 30)]
    assert left(store) == {"1001": 870, "1002": 450, "3001": -1000}
    assert {row.deleted_why for row in store.payments() if row.reverses} == {"fel"}
    Books(store).journal_adds_up()


@pytest.mark.parametrize("again_first", [True, False])
def test_what_a_save_reversed_is_reversed_again_when_it_is_taken_again(
    host, plugin, store, again_first
):
    changed = change(host, plugin)
    after = left(store), standing(store)
    for _ in range(2):
        host.undo_save(changed, why="fel")
        plugin.payments = []
        if not again_first:
            host.import_payments("Fortnox")
        assert host.take_save_again("Fortnox", changed) == 3
        host.import_payments("Fortnox")
        changed = host.save("Fortnox").run_id
        assert (left(store), standing(store)) == after
    Books(store).journal_adds_up()


def became(draw, number, invoices):
    """Draw what becomes of a payment in Fortnox."""
    amount = draw.choice(["0", "40", "90", "100", "130", "-20"])
    return payment(number, draw.choice(invoices), amount, date=NEW_YEAR)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_a_save_did_is_undone_and_done_again_to_the_ore(host, plugin, store, seed):
    draw = random.Random(seed)  # noqa: S311
    invoices = ["1001", "1002", "3001"]
    there = {}
    for number in range(1, 6):
        for one in draw.sample(sorted(there), min(len(there), 2)):
            there[one] = became(draw, one, invoices)
            if draw.random() < 0.4:  # deleted, and made again
                plugin.deleted.add(str(one))
                there[one + 100] = replace(there.pop(one), key=payment(one + 100).key)
        there[number] = became(draw, number, invoices)
        plugin.source = {one.key.number: one for one in there.values()}
        preview = preview_of(host, plugin, *list(there.values()))
        for row in list(preview.rows("rejected")):
            if row.reason in {"changed-in-fortnox", "replaced", "invoice-already-paid"}:
                with suppress(HostError):  # what one decision changes may not fit the next
                    host.decide("Fortnox", row.payment_number, "accept")
        before = left(store), standing(store)
        saved = host.save("Fortnox").run_id
        after = left(store), standing(store)
        if after == before:
            continue
        assert host.undo_save(saved, why="fel").kept == ()
        assert (left(store), standing(store)) == before
        plugin.payments = []
        host.take_save_again("Fortnox", saved)
        host.import_payments("Fortnox")
        host.save("Fortnox")
        assert left(store) == after[0]
        assert sorted(standing(store)) == sorted(after[1])
    Books(store).journal_adds_up()


def test_what_was_changed_again_since_keeps_its_reversal(host, plugin, store):
    changed = change(host, plugin)
    preview_of(host, plugin, payment(4, amount="80"))
    host.decide("Fortnox", "4", "accept")
    host.save("Fortnox")
    undone = host.undo_save(changed, why="fel")
    assert (undone.deleted, undone.restored) == (1, 2)
    assert standing(store) == [("5", 50), ("6", 30), ("4", 80)]
    Books(store).journal_adds_up()


def test_undoing_tells_what_was_to_be_taken_again_of_another_save(host, plugin, saved):
    preview_of(host, plugin, payment(9, "1001", "10"))
    host.decide("Fortnox", "9", "accept")
    second = host.save("Fortnox").run_id
    host.undo_save(saved, why="fel")
    host.take_save_again("Fortnox", saved)
    assert host.undo_save(second, why="fel").forgotten == ("1",)
    assert "1 betalning från andra" in save_undone(1, 0, ["1"]).sv


# --- On the command line --------------------------------------------------------


def test_a_save_leaves_what_is_named_and_is_undone(ready, hostsim):
    shown = hostsim("import", "Butik", "--json").json
    first, *others = [row["payment_number"] for row in shown["ready"]]
    saved = hostsim("save", "Butik", "--leave", first, "--json").json
    assert [row["payment_number"] for row in saved["left"]] == [first]
    assert saved["counts"]["ready"] == len(others)
    [run] = hostsim("runs", "--json").json
    assert hostsim("undo-save", run["id"]).last.startswith("WHY_NEEDED")
    undone = hostsim("undo-save", run["id"], "--why", "fel", "--json").json
    assert undone == {"deleted": len(others), "restored": 0, "forgotten": 0, "kept": []}
    assert hostsim("runs", run["id"], "--json").json["undone"]["why"] == "fel"
    assert hostsim("decide", "Butik", "--take-again", "--run", run["id"]).status == 0
    assert hostsim("decide", "Butik", "--keep", "--run", run["id"]).status == 2


def steps_of(db, act):
    """Count the steps of SQLite, in hundreds."""
    counted = 0

    def step():
        nonlocal counted
        counted += 1

    db.set_progress_handler(step, 100)
    act()
    db.set_progress_handler(None, 0)
    return counted


def test_undoing_and_taking_again_grow_with_the_payments_and_not_with_their_square(
    host, plugin, store
):
    undoing, taking = {}, {}
    for first, number in ((1, 100), (1001, 300)):
        alike = [payment(first + n, "1001", "1", date=NEW_YEAR) for n in range(number)]
        saved = import_and_save(host, plugin, *alike).run_id
        preview_of(host, plugin, payment(first + 900, "9999", "1", date=NEW_YEAR))
        undoing[number] = steps_of(store.db, lambda: host.undo_save(saved, why="fel"))  # noqa: B023
        preview_of(host, plugin)
        taking[number] = steps_of(store.db, lambda: host.take_save_again("Fortnox", saved))  # noqa: B023
        import_and_save(host, plugin, *alike)
    assert undoing[300] < 6 * undoing[100]
    assert taking[300] < 6 * taking[100]
