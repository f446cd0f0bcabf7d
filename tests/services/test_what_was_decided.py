"""A decision permits what it was about, nothing else, and the last one of a person counts."""

import time
from contextlib import ExitStack
from decimal import Decimal
from functools import partial

import pytest
from fake_plugin import NEW_YEAR, balance, invoice, payment
from host_and_plugin import (
    MinuteClock,
    importing_host,
    outcomes,
    reads,
    refusal,
    remaining,
    row_of,
    saves,
)

from hostsim.messages.formats import minute
from hostsim.storage import locks
from hostsim.views.decisions import in_force

PAID, REPLACED, DELETED = "invoice-already-paid", "replaced", "deleted-in-host"


@pytest.fixture
def invoices():
    return [invoice("1001"), invoice("1002", "500"), invoice("1003", "300")]


@pytest.fixture
def host(store, plugin):
    return importing_host(store, plugin, clock=MinuteClock())


def registered(store):
    return {row.payment_number for row in store.payments() if row.state == "registered"}


def decided(host):
    return {one.number: one.decision for one in host.decisions("Fortnox") if one.in_force}


# --- Another payment than the deleted one ---


@pytest.fixture
def beside(host, plugin):
    """A payment that paid its invoice is deleted there, and another one arrives."""
    saves(host, plugin, payment(1))
    plugin.deleted = {"1"}
    reads(host, plugin, payment(3))
    return host.decide("Fortnox", "3", "confirm")


def test_what_a_deleted_payment_paid_is_not_paid_twice(beside):
    row = row_of(beside, "3")
    assert row.reason == REPLACED
    assert "1 (1\xa0000,00 SEK" in row.message.sv
    assert "betalar fakturan här och är borttagen" in row.message.sv


def test_nobody_is_told_to_pay_it_back(host, beside):
    [told] = [one for one in host.why("1001").payments if one.number == "3"]
    assert "etala tillbaka" not in told.to_do.sv
    assert "godkänn" in told.to_do.sv


def test_it_can_still_be_taken_in_the_place_of_the_deleted_one(host, store, beside):
    assert outcomes(host.decide("Fortnox", "3", "accept")) == {"3": "exact"}
    host.save("Fortnox")
    assert registered(store) == {"3"}


def test_it_pays_the_invoice_once_the_deleted_one_is_deleted_here_too(host, plugin, store, beside):
    [dead] = store.payments()
    host.delete_payment(dead.id, why="borttagen i Fortnox")
    assert outcomes(reads(host, plugin, payment(3)))["3"] == "exact"


def test_what_comes_beside_a_deleted_one_does_not_reverse_it(host, plugin, store):
    saves(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    reads(host, plugin, payment(3, amount="400"))
    host.decide("Fortnox", "3", "confirm")
    host.save("Fortnox")
    assert registered(store) == {"1", "3"}
    assert remaining(store) == 200


# --- An advance is accepted as one ---


@pytest.fixture
def typed(host, plugin):
    """Somebody typed the whole invoice, and it arrives, too."""
    host.add_payment("1001", Decimal(1000), date=payment(1).date)
    reads(host, plugin, payment(1))
    return host.decide("Fortnox", "1", "confirm")


def test_who_accepts_it_then_has_answered_both(host, store, typed):
    preview = host.decide("Fortnox", "1", "accept")
    assert outcomes(preview) == {"1": "advance"}
    warning = row_of(preview, "1").warning.sv
    assert "bekräftad som en annan betalning av kim" in warning
    assert "tas in som förskott enligt kim" in warning
    assert decided(host) == {"1": "advance"}
    host.save("Fortnox")
    assert remaining(store) == -1000


def test_what_was_accepted_both_ways_is_taken_again_both_ways(host, plugin, typed):
    host.decide("Fortnox", "1", "accept")
    saved = host.save("Fortnox").run_id
    host.undo_save(saved, why="fel")
    assert host.take_save_again("Fortnox", saved) == 1
    assert outcomes(reads(host, plugin)) == {"1": "advance"}


def test_a_change_that_was_accepted_permits_no_advance(host, plugin, store):
    first = saves(host, plugin, payment(1, amount="400"))
    reads(host, plugin, payment(1, amount="300"))
    host.decide("Fortnox", "1", "accept")
    second = host.save("Fortnox").run_id
    host.undo_save(second, why="fel")
    host.undo_save(first, why="fel")
    host.take_save_again("Fortnox", second)
    host.add_payment("1001", Decimal(1000), date=NEW_YEAR.replace(month=6), confirm=True)
    preview = reads(host, plugin)
    assert outcomes(preview) == {"1": PAID}
    assert decided(host) == {"1": "take-again"}
    host.decide("Fortnox", "1", "accept")
    assert decided(host) == {"1": "advance"}
    assert outcomes(reads(host, plugin)) == {"1": "advance"}


def test_an_advance_is_about_the_amount_that_was_shown(host, plugin):
    reads(host, plugin, payment(1), payment(2, amount="50"))
    host.decide("Fortnox", "2", "accept")
    preview = reads(host, plugin, payment(1), payment(2, amount="900"))
    assert outcomes(preview) == {"1": "exact", "2": PAID}


# --- The last decision counts ---


def test_an_advance_that_was_taken_back_is_not_accepted_again_with_its_save(host, plugin):
    reads(host, plugin, payment(1), payment(2))
    host.decide("Fortnox", "2", "accept")
    saved = host.save("Fortnox").run_id
    host.undo_save(saved, why="fel")
    reads(host, plugin)
    host.take_save_again("Fortnox", saved)
    reads(host, plugin)
    host.take_back("Fortnox", ["2"])
    host.decide("Fortnox", "2", "take-again")
    again = host.save("Fortnox").run_id
    host.undo_save(again, why="fel")
    for one in host.undone_saves("Fortnox"):
        host.take_save_again("Fortnox", one.run_id)
    assert outcomes(reads(host, plugin)) == {"1": "exact", "2": PAID}


@pytest.mark.parametrize("last", ["set-aside", None])
def test_what_was_refused_since_is_not_offered_as_accepted(host, plugin, last):
    reads(host, plugin, payment(1), payment(2))
    host.decide("Fortnox", "2", "accept")
    saved = host.save("Fortnox").run_id
    host.undo_save(saved, why="fel")
    reads(host, plugin)
    host.decide("Fortnox", "2", "set-aside")
    [offered] = host.undone_saves("Fortnox")
    assert offered.waiting == 1
    if last is None:
        host.take_back("Fortnox", ["2"])
    host.take_save_again("Fortnox", saved)
    assert outcomes(reads(host, plugin)) == {"1": "exact", "2": last or PAID}


# --- A whole save is taken again with one press ---


def test_what_replaced_a_payment_that_is_gone_by_now_comes_in_as_it_is(host, plugin, store):
    first = saves(host, plugin, payment(1))
    plugin.deleted = {"1"}
    reads(host, plugin, payment(3), payment(4, "1002", "500"))
    host.decide("Fortnox", "3", "accept")
    second = host.save("Fortnox").run_id
    host.undo_save(second, why="fel")
    host.undo_save(first, why="fel")
    [offered] = host.undone_saves("Fortnox")
    assert host.take_save_again("Fortnox", second) == offered.waiting == 2
    assert decided(host) == {"3": "take-again", "4": "take-again"}
    assert outcomes(reads(host, plugin)) == {"3": "exact", "4": "exact"}


def test_so_it_does_where_that_one_goes_after_it_was_taken_again(host, plugin, store):
    first = saves(host, plugin, payment(1, "1002", "400"))
    plugin.deleted = {"1"}
    reads(host, plugin, payment(3, amount="400"))
    host.decide("Fortnox", "3", "accept")
    second = host.save("Fortnox").run_id
    host.undo_save(second, why="fel")
    host.take_save_again("Fortnox", second)
    host.undo_save(first, why="fel")
    assert outcomes(reads(host, plugin)) == {"3": "partial"}


def test_before_a_save_is_undone_it_is_told_what_can_be_taken_again(host, plugin):
    saved = saves(host, plugin, payment(1), payment(2, "1002", "100"), payment(3, "1003", "300"))
    plugin.deleted = {"3"}
    plugin.unpaid = [balance("1003", 300, "300")]
    reads(host, plugin, payment(2, "1002", "90"))
    host.decide("Fortnox", "2", "accept")
    host.save("Fortnox")
    would = host.to_undo(saved)
    assert (would.deleted, would.again) == (2, 1)
    assert [one.payment_number for one in would.gone] == ["3"]
    assert [one.payment_number for one in would.kept] == ["2"]
    host.undo_save(saved, why="fel")
    assert [one.waiting for one in host.undone_saves("Fortnox")] == [1]


def test_what_was_changed_there_meanwhile_is_offered_with_its_save(host, plugin):
    saved = saves(host, plugin, payment(1, amount="400"))
    reads(host, plugin, payment(1, amount="300"))
    host.save("Fortnox")
    assert host.to_undo(saved).again == 1
    host.undo_save(saved, why="fel")
    assert host.take_save_again("Fortnox", saved) == 1
    assert outcomes(reads(host, plugin, payment(1, amount="300"))) == {"1": "partial"}


# --- Another save is undone ---


@pytest.fixture
def paid_twice(host, plugin):
    """Two saves; the second has what was paid twice, and the first is to be taken again."""
    first = saves(host, plugin, payment(1), payment(2, "1002", "500"))
    reads(host, plugin, payment(3), payment(4, "1003", "300"))
    host.decide("Fortnox", "3", "accept")
    second = host.save("Fortnox").run_id
    host.undo_save(first, why="fel")
    reads(host, plugin)
    host.take_save_again("Fortnox", first)
    reads(host, plugin)
    return first, second


def test_what_is_to_be_taken_again_of_other_invoices_is_not_touched(host, plugin, paid_twice):
    _, second = paid_twice
    would = host.to_undo(second)
    assert host.undo_save(second, why="fel").forgotten == would.forgotten == ("1",)
    assert decided(host) == {"2": "take-again"}


def test_what_is_no_longer_taken_again_is_offered_at_once(host, plugin, paid_twice):
    first, second = paid_twice
    host.undo_save(second, why="fel")
    offered = {one.run_id: one.waiting for one in host.undone_saves("Fortnox")}
    assert offered == {first: 1, second: 2}
    for one in offered:
        host.take_save_again("Fortnox", one)
    preview = reads(host, plugin)
    assert outcomes(preview) == {"1": "exact", "2": "exact", "3": "advance", "4": "exact"}


# --- The books change beneath an open list ---


def test_a_list_that_is_open_is_judged_again_when_somebody_types_a_payment(host, plugin, store):
    preview = reads(host, plugin, payment(1), payment(2, "1002", "200"))
    host.add_payment("1001", Decimal(1000), date=NEW_YEAR.replace(month=6), confirm=True)
    assert outcomes(host.open_preview("Fortnox")) == {"1": PAID, "2": "partial"}
    assert refusal(host.save, "Fortnox", preview.revision).code == "PREVIEW_CHANGED"
    assert registered(store) == {""}


def test_it_is_judged_again_though_a_page_looks_at_that_moment_whether_an_import_runs(
    host, plugin, store, monkeypatch
):
    reads(host, plugin, payment(1))
    with ExitStack() as look:
        look.enter_context(store.locks.hold("definition", "Fortnox", wait=0))
        monkeypatch.setattr(locks, "PEEK_SECONDS", 60)
        monkeypatch.setattr(time, "sleep", lambda _: look.close())
        host.add_payment("1001", Decimal(1000), date=NEW_YEAR.replace(month=6), confirm=True)
    assert outcomes(host.open_preview("Fortnox")) == {"1": PAID}


def test_it_is_judged_again_when_that_payment_is_deleted(host, plugin):
    typed = host.add_payment("1001", Decimal(1000), date=NEW_YEAR.replace(month=6), confirm=True)
    reads(host, plugin, payment(1))
    host.delete_payment(typed, why="fel")
    assert outcomes(host.open_preview("Fortnox")) == {"1": "exact"}


def test_it_is_judged_again_when_a_save_is_undone(host, plugin):
    saved = saves(host, plugin, payment(1))
    reads(host, plugin, payment(1), payment(2))
    host.undo_save(saved, why="fel")
    assert "kan tas in igen" in row_of(host.open_preview("Fortnox"), "2").message.sv


def test_a_list_of_other_invoices_stays_as_it_was(host, plugin):
    preview = reads(host, plugin, payment(1))
    host.add_payment("1002", Decimal(100), date=NEW_YEAR, confirm=True)
    assert host.open_preview("Fortnox").revision == preview.revision


# --- The payment has other figures than it was decided about ---


def _advance(host, plugin):
    reads(host, plugin, payment(1), payment(8, amount="1000"))
    host.decide("Fortnox", "8", "accept")
    return "8", payment(8, amount="900")


def _change(host, plugin, choice="accept"):
    saves(host, plugin, payment(8, amount="1000"))
    reads(host, plugin, payment(8, amount="950"))
    host.decide("Fortnox", "8", choice)
    return "8", payment(8, amount="900")


def _replacement(host, plugin):
    saves(host, plugin, payment(1))
    plugin.deleted = {"1"}
    reads(host, plugin, payment(8))
    host.decide("Fortnox", "8", "accept")
    return "8", payment(8, amount="900")


def _deleted(host, plugin):
    saves(host, plugin, payment(8))
    [entry] = host.store.payments()
    host.delete_payment(entry.id, why="fel")
    reads(host, plugin, payment(8))
    host.decide("Fortnox", "8", "take-again")
    return "8", payment(8, amount="900")


DECIDED = {
    "advance": (_advance, "accept", "1\xa0000,00", "ta in den som förskott"),
    "change": (_change, "accept", "950,00", "godkänn den"),
    "kept": (partial(_change, choice="keep"), "keep", "950,00", "behåll det som är registrerat"),
    "aside": (partial(_change, choice="set-aside"), "set-aside", "950,00", "godkänn den"),
    "replacement": (_replacement, "accept", "1\xa0000,00", "godkänn den"),
    "deleted": (_deleted, "take-again", "1\xa0000,00", "ta in den på nytt"),
}


@pytest.fixture(params=DECIDED)
def outdated(request, host, plugin):
    decide, choice, was, advice = DECIDED[request.param]
    number, changed = decide(host, plugin)
    preview = reads(host, plugin, *([payment(1)] if request.param == "advance" else []), changed)
    return preview, number, choice, was, advice


def test_the_reason_says_on_which_other_amount_it_was_decided(outdated):
    preview, number, _, was, _ = outdated
    row = row_of(preview, number)
    assert f"Avgjord vid belopp {was} SEK, nu 900,00 SEK: avgör den igen" in row.message.sv
    assert row.message.sv.count("vgjord vid") == 1
    assert "SEK, now 900.00 SEK: decide about it again" in row.message.en


def test_so_it_does_where_one_asks_about_the_invoice_with_the_advice_to_decide(host, outdated):
    _, number, _, was, advice = outdated
    for offline in (False, True):
        [told] = [one for one in host.why("1001", offline=offline).payments if one.number == number]
        assert f"Avgjord vid belopp {was} SEK, nu 900,00 SEK" in told.message.sv
        assert advice in told.to_do.sv


def test_the_list_of_decisions_does_not_say_that_it_counts(host, outdated):
    _, number, _, was, _ = outdated
    [decision] = [one for one in host.decisions("Fortnox") if one.is_open]
    assert decision.number == number
    assert not decision.in_force
    assert in_force(decision).sv == f"nej: avgjord vid belopp {was} SEK, nu 900,00 SEK"


def test_whoever_decides_again_has_decided(host, outdated):
    _, number, choice, _, _ = outdated
    preview = host.decide("Fortnox", number, choice)
    row = row_of(preview, number)
    assert "vgjord vid" not in (row.message.sv if row.message else row.warning.sv)
    [decision] = [one for one in host.decisions("Fortnox") if one.is_open]
    assert in_force(decision).sv == "ja"


def test_another_date_is_told_too(host, plugin):
    reads(host, plugin, payment(1), payment(8))
    host.decide("Fortnox", "8", "accept")
    preview = reads(host, plugin, payment(1), payment(8, date=NEW_YEAR.replace(day=20)))
    assert (
        "Avgjord vid betalningsdatum 2026-01-08, nu 2026-01-20" in row_of(preview, "8").message.sv
    )


def test_what_is_set_aside_stays_so_at_another_amount(host, plugin):
    reads(host, plugin, payment(8, "9999"))
    host.set_aside("Fortnox", ["8"])
    preview = reads(host, plugin, payment(8, "9999", "900"))
    assert row_of(preview, "8").reason == "set-aside"
    assert decided(host) == {"8": "set-aside"}


def test_who_confirms_it_has_not_accepted_an_advance_of_the_other_amount(host, plugin):
    reads(host, plugin, payment(1), payment(8))
    host.decide("Fortnox", "8", "accept")
    host.add_payment("1001", Decimal(900), date=payment(8).date, confirm=True)
    reads(host, plugin, payment(1), payment(8, amount="900"))
    assert outcomes(host.decide("Fortnox", "8", "confirm"))["8"] == PAID


# --- It was deleted here, and has another amount now ---


@pytest.fixture
def undone(host, plugin):
    """A save of two payments is undone, one of which has another amount by then."""
    saved = saves(host, plugin, payment(1), payment(2, "1002", "500"))
    host.undo_save(saved, why="fel")
    return saved


def test_it_says_so_before_it_is_taken_again(host, plugin, undone):
    preview = reads(host, plugin, payment(1, amount="940"), payment(2, "1002", "500"))
    assert row_of(preview, "1").message.sv.endswith(
        "(fel); belopp var 1\xa0000,00 SEK här, nu 940,00 SEK"
    )
    assert "nu" not in row_of(preview, "2").message.sv.split()


def test_it_is_taken_with_the_rest_and_its_row_says_so(host, plugin, store, undone):
    reads(host, plugin, payment(1, amount="940"), payment(2, "1002", "500"))
    assert host.take_save_again("Fortnox", undone) == 2
    preview = host.open_preview("Fortnox")
    assert outcomes(preview) == {"1": "partial", "2": "exact"}
    assert "Tas in igen; belopp var 1\xa0000,00 SEK här, nu 940,00 SEK" in (
        row_of(preview, "1").warning.sv
    )
    assert row_of(preview, "2").warning.sv == "Tas in igen"
    host.save("Fortnox")
    assert remaining(store) == 60


def test_those_with_another_amount_are_named(host, plugin, undone):
    reads(host, plugin, payment(1, amount="940"), payment(2, "1002", "500"))
    [(number, difference)] = host.other_amounts("Fortnox", ["1", "2"]).items()
    assert (number, difference.registered.en, difference.now.en) == (
        *("1", "1,000.00 SEK", "940.00 SEK"),
    )


def test_what_was_accepted_of_another_amount_comes_in_as_it_is_now(host, plugin):
    """The save had accepted an advance of another amount than the payment has now."""
    reads(host, plugin, payment(1), payment(3, "1003", "300"), payment(4, "1003", "50"))
    host.decide("Fortnox", "4", "accept")
    saved = host.save("Fortnox").run_id
    host.undo_save(saved, why="fel")
    reads(host, plugin, payment(1), payment(4, "1003", "40"))
    host.take_save_again("Fortnox", saved)
    assert decided(host) == {"1": "take-again", "3": "take-again", "4": "take-again"}


def test_once_it_was_taken_with_other_figures_it_is_said_to_be_decided_on_its_own(
    host, plugin, undone
):
    reads(host, plugin, payment(1), payment(2, "1002", "500"))
    host.take_save_again("Fortnox", undone)
    reads(host, plugin, payment(1, amount="940"), payment(2, "1002", "500"))
    refused = refusal(host.take_save_again, "Fortnox", undone)
    assert "som har andra uppgifter nu avgörs för sig" in refused.message.sv


# --- What is to be taken again ---


def test_only_what_an_undone_save_deleted_is_said_to_be_taken_again(host, plugin):
    """A payment that came in again long ago, and of which a change was accepted, is not."""
    saved = saves(host, plugin, payment(1), payment(2, "1002", "500"))
    host.undo_save(saved, why="fel")
    host.take_save_again("Fortnox", saved)
    reads(host, plugin)
    host.save("Fortnox")
    reads(host, plugin, payment(2, "1002", "450"))
    host.decide("Fortnox", "2", "accept")
    reads(host, plugin, payment(2, "1002", "400"))
    assert host.to_be_taken_again("Fortnox") == (0, 0, {})


def test_what_changed_again_after_its_change_was_undone_is_not_either(host, plugin):
    saves(host, plugin, payment(1))
    reads(host, plugin, payment(1, amount="900"))
    host.decide("Fortnox", "1", "accept")
    second = host.save("Fortnox").run_id
    host.undo_save(second, why="fel")
    reads(host, plugin, payment(1, amount="800"))
    host.decide("Fortnox", "1", "accept")
    reads(host, plugin, payment(1, amount="700"))
    assert host.to_be_taken_again("Fortnox") == (0, 0, {})


def test_a_change_that_is_taken_again_is(host, plugin):
    saves(host, plugin, payment(1))
    reads(host, plugin, payment(1, amount="900"))
    host.decide("Fortnox", "1", "accept")
    second = host.save("Fortnox").run_id
    host.undo_save(second, why="fel")
    assert host.take_save_again("Fortnox", second) == 1
    assert host.to_be_taken_again("Fortnox").waiting == 1
    reads(host, plugin, payment(1, amount="700"))
    _, total, lost = host.to_be_taken_again("Fortnox")
    assert total == 1
    assert "Avgjord vid belopp 900,00 SEK, nu 700,00 SEK" in lost["1"].sv


def test_nothing_is_promised_of_what_has_another_amount_by_now(host, plugin, undone):
    host.take_save_again("Fortnox", undone)
    assert host.to_be_taken_again("Fortnox").waiting == 2
    reads(host, plugin, payment(1, amount="940"), payment(2, "1002", "500"))
    host.save("Fortnox")
    assert host.to_be_taken_again("Fortnox").waiting == 0
    reads(host, plugin)
    waiting, total, lost = host.to_be_taken_again("Fortnox")
    assert (waiting, total) == (0, 1)
    assert "Avgjord vid belopp 1\xa0000,00 SEK, nu 940,00 SEK" in lost["1"].sv


def test_what_is_decided_in_an_open_list_is_counted_at_once(host, plugin, undone):
    host.add_payment("1001", Decimal(1000), date=NEW_YEAR.replace(month=6), confirm=True)
    reads(host, plugin)
    host.take_save_again("Fortnox", undone)
    _, total, lost = host.to_be_taken_again("Fortnox")
    assert (total, list(lost)) == (2, ["1"])


# --- A changed payment of a paid invoice ---


def test_a_changed_advance_is_taken_as_an_advance_again(host, store, plugin, advance):
    reads(host, plugin, payment(2, amount="900"))
    row = row_of(host.decide("Fortnox", "2", "accept"), "2")
    assert row.status == "advance"
    assert "tas in som förskott" in row.warning.sv
    host.save("Fortnox")
    assert remaining(store) == -900


def test_so_is_a_change_of_what_had_paid_the_invoice_before(host, store, plugin, advance):
    reads(host, plugin, payment(1, amount="800"))
    host.decide("Fortnox", "1", "accept")
    host.save("Fortnox")
    assert remaining(store) == -800


def test_one_that_moves_to_a_paid_invoice_is_not(host, store, plugin):
    saves(host, plugin, payment(1), payment(2, "1002", "500"))
    reads(host, plugin, payment(2, "1001", "500"))
    row = row_of(host.decide("Fortnox", "2", "accept"), "2")
    assert "Fakturan är redan betald" in row.message.sv


@pytest.fixture
def advance_made_again(host, plugin, advance):
    plugin.deleted = {"2"}
    return reads(host, plugin, payment(3))


def test_an_advance_that_was_made_again_is_taken_as_one_again_when_that_is_accepted(
    host, store, plugin, advance_made_again
):
    row = row_of(host.decide("Fortnox", "3", "accept"), "3")
    assert row.status == "advance"
    assert "tas in som förskott" in row.warning.sv
    host.save("Fortnox")
    assert registered(store) == {"1", "3"}
    assert remaining(store) == -1000


def test_what_replaces_an_advance_takes_its_place_once(host, store, plugin, advance_made_again):
    reads(host, plugin, payment(3), payment(4))
    host.decide("Fortnox", "3", "accept")
    preview = host.decide("Fortnox", "4", "accept")
    assert outcomes(preview) == {"3": "advance", "4": REPLACED}
    assert "Fakturan är redan betald" in row_of(preview, "4").message.sv
    host.save("Fortnox")
    assert remaining(store) == -1000
    assert outcomes(reads(host, plugin)) == {"4": PAID}
    assert outcomes(host.decide("Fortnox", "4", "accept")) == {"4": "advance"}


def test_what_replaces_the_advance_of_another_invoice_is_none_there(host, store, plugin, advance):
    saves(host, plugin, payment(5, "1002", "500"))
    plugin.deleted = {"2"}
    reads(host, plugin, payment(3, "1002"))
    row = row_of(host.decide("Fortnox", "3", "accept"), "3")
    assert "Fakturan är redan betald" in row.message.sv


# --- What the list of decisions says is in force ---


def held(host):
    """Return, of each decision, what it was and whether it is in force."""
    return [(one.decision, in_force(one).en) for one in host.decisions("Fortnox")]


def test_a_decision_that_a_later_one_replaces_was_not_taken_back(host, plugin, advance):
    reads(host, plugin, payment(2, amount="900"))
    host.decide("Fortnox", "2", "keep")
    host.decide("Fortnox", "2", "accept")
    host.take_back("Fortnox", ["2"])
    [*_, (_, kept), (_, accepted)] = held(host)
    assert kept.startswith("replaced by a later decision of kim on ")
    assert accepted.startswith("taken back by kim on ")


def test_a_decision_of_a_save_that_was_undone_is_not_said_to_be_done(host, plugin, advance):
    before = held(host)
    saved = next(host.runs())
    host.undo_save(saved.id, why="fel")
    at = minute(saved.saved_at)
    assert before == [("advance", f"done at the save {at}")]
    assert held(host) == [("advance", f"no: the save of {at} was undone")]


@pytest.fixture
def undone_and_taken_again(host, plugin):
    saves(host, plugin, payment(1))
    host.undo_save(saves(host, plugin, payment(2, "1002", "500")), why="fel")
    reads(host, plugin)
    host.decide("Fortnox", "2", "take-again")


def test_of_a_payment_that_is_deleted_there_nothing_is_in_force(
    host, plugin, undone_and_taken_again
):
    del plugin.source["2"]
    reads(host, plugin)
    gone = ("take-again", "no: the payment is no longer there where it came from")
    assert held(host) == [gone]
    host.save("Fortnox")
    assert held(host) == [gone]


def test_it_is_again_once_the_payment_is_there_again(host, plugin, undone_and_taken_again):
    del plugin.source["2"]
    saved = reads(host, plugin)
    host.save("Fortnox")
    reads(host, plugin, payment(2, "1002", "500"))
    assert (saved.deleted, held(host)) == (("2",), [("take-again", "yes")])


def test_nor_is_a_change_that_was_accepted_and_not_saved(host, plugin):
    saves(host, plugin, payment(1))
    reads(host, plugin, payment(1, amount="900"))
    host.decide("Fortnox", "1", "accept")
    plugin.deleted, plugin.unpaid = {"1"}, [balance("1001", 1000)]
    reads(host, plugin)
    assert decided(host) == {}


@pytest.fixture
def settled_and_gone(host, plugin):
    """A settlement was accepted and not saved, and one half of it is not there any more."""
    half = payment(5, customer_number="7")
    other_half = payment(6, "8001", "-1000", date=half.date, customer_number="7")
    reads(host, plugin, half, other_half)
    host.decide("Fortnox", "5", "accept")
    del plugin.source["6"]
    return half


def test_nor_is_a_settlement_that_was_accepted_and_never_saved(host, plugin, settled_and_gone):
    assert decided(host) == {"5": "settle", "6": "settle"}
    reads(host, plugin, settled_and_gone)
    gone = ("settle", "no: the payment is no longer there where it came from")
    assert held(host)[-1] == gone
    host.save("Fortnox")
    assert held(host)[-1] == gone
    assert decided(host) == {}


# --- What is set aside, and is deleted there ---


@pytest.fixture
def set_aside_and_deleted_there(host, plugin):
    saves(host, plugin, payment(1))
    reads(host, plugin, payment(2))
    host.set_aside("Fortnox", ["2"])
    host.save("Fortnox")
    del plugin.source["2"]


def test_what_is_set_aside_stays_so_and_says_how_it_leaves_the_list(
    host, plugin, set_aside_and_deleted_there
):
    assert outcomes(reads(host, plugin)) == {"2": "set-aside"}
    [told] = [one for one in host.why("1001").payments if one.number == "2"]
    assert "också om den är borttagen i Låtsas" in told.to_do.sv


def test_taken_back_it_leaves_the_list_at_the_next_import(
    host, plugin, set_aside_and_deleted_there
):
    reads(host, plugin)
    host.take_back("Fortnox", ["2"])
    assert outcomes(reads(host, plugin)) == {}
