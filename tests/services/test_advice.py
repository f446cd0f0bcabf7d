"""What a person is told to do fits what is known, and what is decided already."""

from decimal import Decimal

import pytest
from fake_plugin import AnsweringPlugin, balance, invoice, payment
from host_and_plugin import MinuteClock, importing_host, outcomes, reads, refusal, row_of, saves

from hostsim.ledger.candidates import Refusal
from hostsim.services.outcomes import REJECTED, to_do_of
from hostsim.views.decisions import in_force


@pytest.fixture
def invoices():
    return [invoice("1001"), invoice("1002", "1000"), invoice("1003", "500")]


@pytest.fixture
def plugin():
    return AnsweringPlugin()


@pytest.fixture
def host(store, plugin):
    return importing_host(store, plugin, clock=MinuteClock())


def told(preview):
    return [(one.code, one.message.sv) for one in preview.discrepancies()]


def advice(preview, number):
    row = row_of(preview, number)
    return to_do_of(REJECTED, Refusal(row.reason, row.message, row.obstacle)).sv


# --- Deleted at the source, and perhaps replaced ---


@pytest.fixture
def replacement_undone(host, plugin):
    """Payment 1 was replaced by payment 2, and the save that did so was undone."""
    saves(host, plugin, payment(1))
    plugin.deleted = {"1"}
    reads(host, plugin, payment(2))
    host.decide("Fortnox", "2", "accept")
    return host.save("Fortnox").run_id


def test_whoever_replaced_a_deleted_payment_is_named_though_that_was_undone(
    host, plugin, replacement_undone
):
    host.undo_save(replacement_undone, why="fel")
    plugin.unpaid = [balance("1001", 0)]
    preview = reads(host, plugin)
    [(code, message)] = told(preview)
    assert code == "deleted-at-source"
    assert "kan vara ersatt av betalning 2 (faktura 1001, borttagen här)" in message
    assert "ingen annan" not in message
    assert "Kan ersätta betalning 1 (" in row_of(preview, "2").message.sv


def test_so_it_is_while_a_list_is_open(host, plugin, replacement_undone):
    plugin.unpaid = [balance("1001", 0)]
    reads(host, plugin, payment(3, "1002", "10"))
    host.undo_save(replacement_undone, why="fel")
    preview = reads(host, plugin)
    assert "ersatt av betalning 2 (" in told(preview)[0][1]


def test_an_equal_payment_elsewhere_that_may_replace_it_is_named(host, plugin):
    saves(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    [(_, message)] = told(reads(host, plugin, payment(2, "1002", "400")))
    assert "ersatt av betalning 2 (faktura 1002)" in message


def test_one_that_a_person_confirmed_as_another_is_not(host, plugin):
    saves(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    reads(host, plugin, payment(2, "1002", "400"))
    [(_, message)] = told(host.decide("Fortnox", "2", "confirm"))
    assert "ingen annan har kommit i dess ställe" in message


def test_one_that_was_set_aside_is_named(host, plugin):
    saves(host, plugin, payment(1))
    plugin.deleted = {"1"}
    reads(host, plugin, payment(2))
    [(_, message)] = told(host.set_aside("Fortnox", ["2"]))
    assert "ersatt av betalning 2 (" in message


def test_where_nobody_came_that_is_said(host, plugin):
    saves(host, plugin, payment(1))
    plugin.deleted, plugin.unpaid = {"1"}, [balance("1001", 1000)]
    [(_, message)] = told(reads(host, plugin, payment(2, "1002", "70")))
    assert "ingen annan har kommit i dess ställe" in message


# --- Less remains at the source ---


def test_what_the_last_import_told_of_an_invoice_is_told_without_asking(host, plugin):
    plugin.unpaid = [balance("1001", 0)]
    reads(host, plugin, payment(2, "1002", "70"))
    for _ in ("open", "saved"):
        summary = host.why("1001", offline=True).summary
        assert "Vid importen 20" in summary.sv
        assert "återstår 0,00 SEK i Låtsas men 1\N{NO-BREAK SPACE}000,00 SEK här" in summary.sv
        assert "Do not send a reminder" in summary.en
        assert "Vid importen" not in host.why("1002", offline=True).summary.sv
        if host.open_preview("Fortnox") is not None:
            host.save("Fortnox")


def test_what_was_settled_since_is_not_told_any_longer(host, plugin):
    plugin.unpaid = [balance("1001", 0)]
    reads(host, plugin, payment(2, "1002", "70"))
    host.save("Fortnox")
    host.add_payment("1001", Decimal(1000), date=payment(1).date, confirm=True)
    assert "Vid importen" not in host.why("1001", offline=True).summary.sv


def test_a_payment_is_said_to_explain_it_only_where_there_is_one(host, plugin):
    plugin.unpaid = [balance("1001", 300)]
    [(_, message)] = told(reads(host, plugin))
    assert "kan förklara" not in message
    assert "här. Den är troligen krediterad eller avskriven där" in message
    assert "kan förklara" not in host.why("1001").summary.sv


def test_a_payment_that_was_typed_here_may_explain_it(host, plugin):
    host.add_payment("1001", Decimal(400), date=payment(1).date, confirm=True)
    plugin.unpaid = [balance("1001", 300)]
    [(_, message)] = told(reads(host, plugin))
    expected = "En betalning som är registrerad för hand här kan förklara det; annars är den"
    assert expected in message
    assert expected in host.why("1001").summary.sv


def test_so_may_one_that_is_not_saved_or_was_deleted(host, plugin):
    typed = host.add_payment("1001", Decimal(400), date=payment(1).date, confirm=True)
    host.delete_payment(typed, why="fel")
    host.add_payment("1001", Decimal(400), date=payment(1).date, confirm=True)
    plugin.unpaid = [balance("1001", 300)]
    [(_, message)] = told(reads(host, plugin, payment(1, amount="400")))
    expected = "En betalning som inte är sparad, är borttagen eller är registrerad för hand här kan"
    assert expected in message
    assert expected in host.why("1001").summary.sv


def test_one_that_was_deleted_and_registered_again_explains_nothing(host, plugin):
    reads(host, plugin, payment(1, amount="400"))
    run_id = host.save("Fortnox").run_id
    host.undo_save(run_id, why="fel")
    host.take_save_again("Fortnox", run_id)
    reads(host, plugin, payment(1, amount="400"))
    host.save("Fortnox")
    plugin.unpaid = [balance("1001", 300)]
    [(_, message)] = told(reads(host, plugin, payment(1, amount="400")))
    assert "här. Den är troligen krediterad" in message
    assert "här. Den är troligen krediterad" in host.why("1001").summary.sv


@pytest.mark.parametrize(
    ("at_source", "said"),
    [
        (("1001", "900", "900"), "här: den är på 900,00 SEK där men 1 000,00 SEK här. Påminn"),
        (("1001", "850", "900"), "här. Den är troligen krediterad"),
        (("3001", "-900", "-900"), "här: den är på -900,00 SEK där men -1 000,00 SEK här. Påminn"),
    ],
)
def test_another_total_is_said_to_explain_it_where_it_explains_it_all(
    host, plugin, store, at_source, said
):
    store.load_invoices([invoice("3001", "-1000")])
    plugin.unpaid = [balance(*at_source)]
    [(_, message)] = told(reads(host, plugin))
    for text in (message, host.why(at_source[0]).summary.sv):
        assert said in text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")


# --- Advice beside a decision ---


def test_what_is_accepted_already_is_not_to_be_accepted(host, plugin):
    saves(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    preview = reads(host, plugin, payment(3, "9999", amount="400"))
    assert "godkänn den" in advice(preview, "3")
    preview = host.decide("Fortnox", "3", "accept")
    assert row_of(preview, "3").message.sv.startswith("Godkänd men kan inte sparas")
    assert advice(preview, "3").startswith("Den är godkänd redan")


@pytest.fixture(params=["changed", "not asked after"])
def waiting(request, host, plugin):
    """Payment 3 waits until more is known of payment 1, which is of its invoice."""
    saves(host, plugin, payment(1, amount="400"))
    if request.param == "changed":
        return reads(host, plugin, payment(1, "1002", "400"), payment(3, amount="400"))
    plugin.check_limit = 0
    return reads(host, plugin, payment(3, amount="400"))


def test_what_waits_for_another_payment_is_not_to_be_accepted(waiting):
    assert row_of(waiting, "3").reason == "replaced"
    assert "gjorts om" not in advice(waiting, "3")
    assert "godkänn den i båda fallen" not in advice(waiting, "3")


def test_accepting_it_is_refused_with_what_it_waits_for(host, waiting):
    error = refusal(host.decide, "Fortnox", "3", "accept")
    assert error.code == "DECISION_DOES_NOT_FIT"
    assert f"för den är nu: {row_of(waiting, '3').message.sv}" in error.message.sv
    assert "1 (400,00 SEK" in error.message.sv


@pytest.fixture(
    params=[payment(1, "1002"), payment(1, amount="900"), payment(1, booked=False)],
    ids=["moved", "smaller", "unbooked"],
)
def kept(request, host, plugin):
    """Payment 1, which paid its invoice, is kept though it changed at the source."""
    saves(host, plugin, payment(1))
    reads(host, plugin, request.param)
    host.decide("Fortnox", "1", "keep")
    host.save("Fortnox")


def test_what_comes_beside_a_payment_that_is_kept_is_not_to_be_paid_back(host, plugin, kept):
    preview = reads(host, plugin, payment(3))
    said = row_of(preview, "3").message.sv.replace("\N{NO-BREAK SPACE}", " ")
    assert "1 (1 000,00 SEK, 2026-01-01, faktura 1001), som behålls här" in said
    assert "troligen samma pengar" in advice(preview, "3")


def test_once_it_is_no_longer_kept_that_waits_for_what_is_decided(host, plugin, kept):
    reads(host, plugin, payment(3))
    host.take_back("Fortnox", ["1"])
    assert outcomes(host.import_payments("Fortnox")) == {"1": "changed-in-fortnox", "3": "replaced"}


def test_what_changed_again_since_it_was_kept_is_decided_first(host, plugin, kept):
    preview = reads(host, plugin, payment(1, "1002", "800"), payment(3))
    assert outcomes(preview) == {"1": "changed-in-fortnox", "3": "replaced"}


def test_once_it_is_deleted_there_it_is_not_called_kept_any_more(host, plugin):
    saves(host, plugin, payment(1))
    reads(host, plugin, payment(1, amount="900"))
    host.decide("Fortnox", "1", "keep")
    plugin.deleted = {"1"}
    reads(host, plugin, payment(2, amount="900"))
    warning = row_of(host.decide("Fortnox", "2", "accept"), "2").warning.sv
    assert "Kan ersätta betalning 1 (" in warning
    assert "behålls" not in warning


def test_what_waits_for_a_change_that_is_set_aside_says_to_take_that_back(host, plugin):
    saves(host, plugin, payment(1))
    reads(host, plugin, payment(1, amount="600"), payment(2, amount="400"))
    preview = host.set_aside("Fortnox", ["1"])
    assert "och undanlagd: ta tillbaka den" in row_of(preview, "2").message.sv
    assert "Är den undanlagd, ta tillbaka den först" in advice(preview, "2")
    preview = host.take_back("Fortnox", ["1"])
    assert row_of(preview, "2").message.sv.endswith("avgör den först")
    assert outcomes(host.decide("Fortnox", "1", "accept"))["2"] == "exact"


@pytest.fixture
def written_off(host, plugin, store):
    """Payment 1 left 5.00 SEK of invoice 1001, which were written off here."""
    store.set_setting("accepted_deviation", "10")
    saves(host, plugin, payment(1, amount="995"))


def test_what_was_written_off_here_and_comes_later_is_not_to_be_paid_back(
    host, plugin, written_off
):
    preview = reads(host, plugin, payment(2, amount="5"))
    assert row_of(preview, "2").message.sv == (
        "Fakturan är redan betald: 5,00 SEK som fattades skrevs av här med betalning 1"
    )
    assert "ta bort betalningen med avskrivningen här" in advice(preview, "2")


def test_doing_as_it_says_takes_both(host, plugin, store, written_off):
    both = [payment(1, amount="995"), payment(2, amount="5")]
    reads(host, plugin, *both)
    [entry] = store.payments()
    host.delete_payment(entry.id, why="resten kom")
    reads(host, plugin, *both)
    assert outcomes(host.decide("Fortnox", "1", "take-again")) == {"1": "partial", "2": "exact"}


def test_of_more_than_was_written_off_here_only_the_rest_is_to_be_paid_back(
    host, plugin, written_off
):
    preview = reads(host, plugin, payment(2, amount="5.01"))
    assert row_of(preview, "2").message.sv == (
        "Fakturan är redan betald: 5,00 SEK som fattades skrevs av här med betalning 1, och det "
        "här är 0,01 SEK mer"
    )
    assert "bara resten är för mycket" in advice(preview, "2")


def test_doing_as_it_says_makes_the_rest_an_advance(host, plugin, store, written_off):
    both = [payment(1, amount="995"), payment(2, amount="6")]
    reads(host, plugin, *both)
    [entry] = store.payments()
    host.delete_payment(entry.id, why="resten kom")
    reads(host, plugin, *both)
    preview = host.decide("Fortnox", "1", "take-again")
    assert outcomes(preview) == {"1": "partial", "2": "advance"}
    assert row_of(preview, "2").remaining == -1


@pytest.mark.parametrize("amount", ["5", "8"])
def test_a_settlement_of_what_was_written_off_here_names_that_payment_and_no_other_way(
    host, plugin, store, written_off, amount
):
    store.load_invoices([invoice("3001", "-10")])
    halves = [
        payment(11, "1001", amount, customer_number="7"),
        payment(12, "3001", f"-{amount}", customer_number="7", date=payment(11).date),
    ]
    said = row_of(reads(host, plugin, *halves), "11").message.en
    assert said.startswith(
        "Nothing remains of the invoice: 5.00 SEK that was missing was written off here with "
        "payment 1. "
    )
    assert ("The settlement is 3.00 SEK more, which the customer is owed" in said) == (
        amount == "8"
    )
    assert "Delete payment 1 here, import again, take it again" in said
    assert "Undo the settlement" not in said


def test_doing_as_it_says_takes_the_payment_and_the_settlement(host, plugin, store, written_off):
    store.load_invoices([invoice("3001", "-10")])
    payments = [
        payment(1, amount="995"),
        payment(11, "1001", "5", customer_number="7"),
        payment(12, "3001", "-5", customer_number="7", date=payment(11).date),
    ]
    [entry] = store.payments()
    host.delete_payment(entry.id, why="resten kvittades")
    reads(host, plugin, *payments)
    preview = host.decide("Fortnox", "1", "take-again")
    assert outcomes(preview) == {
        "1": "partial",
        "11": "settled-against-credit",
        "12": "settled-against-credit",
    }


def test_what_is_confirmed_but_finds_nothing_left_says_what_is_to_be_deleted(host, plugin):
    saves(host, plugin, payment(1))
    plugin.deleted = {"1"}
    reads(host, plugin, payment(2))
    assert "godkänn den" in advice(host.open_preview("Fortnox"), "2")
    preview = host.decide("Fortnox", "2", "confirm")
    assert row_of(preview, "2").message.sv.startswith("Bekräftad som en annan betalning")
    assert advice(preview, "2").startswith("Den är bekräftad som en annan betalning: ta bort")


# --- What a save did of an advance ---


def test_an_advance_that_was_saved_as_exact_says_so(host, plugin):
    typed = host.add_payment(
        "1001", Decimal(1000), date=payment(1).date.replace(month=6), confirm=True
    )
    reads(host, plugin, payment(1))
    host.decide("Fortnox", "1", "accept")
    host.delete_payment(typed, why="fel")
    assert refusal(host.save, "Fortnox", "").code
    host.save("Fortnox")
    [decision] = host.decisions("Fortnox")
    assert decision.decision == "advance"
    assert decision.registered_as == "exact"
    assert "registrerad som rätt belopp" in in_force(decision).sv


def test_one_that_was_saved_as_an_advance_is_simply_done(host, plugin):
    saves(host, plugin, payment(1))
    reads(host, plugin, payment(2))
    host.decide("Fortnox", "2", "accept")
    host.save("Fortnox")
    [decision] = host.decisions("Fortnox")
    assert decision.registered_as == "advance"
    assert in_force(decision).sv.startswith("gjort när det sparades")
