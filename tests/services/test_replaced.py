"""Rules 19 to 25: what was deleted, made again, credited or settled at the source."""

from dataclasses import replace
from decimal import Decimal

import pytest
from fake_plugin import (
    balance,
    euro,
    excluded,
    invoice,
    payment,
)
from host_and_plugin import import_and_save, outcomes, preview_of, remaining, row_of, rows_of

from hostsim.errors import HostError
from hostsim.plugins import session
from hostsim.storage import deleted_at_source
from hostsim.storage.previews import PreviewChanged
from opter_contract.values import Text, WriteOff


@pytest.fixture
def invoices():
    return [
        invoice("1001"),
        invoice("1002", "1000"),
        invoice("1003", "500", customer_code="K2"),
        invoice("1009", "-1000"),
        invoice("2001", "500", "EUR"),
    ]


def day(number):
    return payment(number).date


def books(store):
    """Return what counts in the books, by payment number."""
    return {row.payment_number: row.amount for row in store.payments() if row.state == "registered"}


def sum_of_the_books(store):
    return sum((row.amount for row in store.payments() if row.state != "deleted"), Decimal(0))


# --- Deleted and made again (rule 19) ------------------------------------------


def test_a_part_payment_that_was_made_again_is_not_counted_twice(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    preview = preview_of(host, plugin, payment(3, amount="400"))
    assert outcomes(preview) == {"3": "replaced"}
    assert "1 (400,00 SEK, 2026-01-01, faktura 1001)" in row_of(preview, "3").message.sv
    host.save("Fortnox")
    assert remaining(store, "1001") == 600


@pytest.mark.parametrize(
    "again",
    [
        payment(3, amount="400", date=day(1)),
        payment(3, amount="400", date=day(20)),
        payment(3, amount="350"),
        payment(3, amount="1000"),
        payment(3, "1002", amount="400"),
        payment(3, "9999", amount="400"),
        payment(3, "9999", amount="400", ocr="", booked=False),
    ],
    ids=["same date", "later", "less", "whole", "moved", "moved away", "unbooked"],
)
def test_whatever_changed_in_the_payment_that_was_made_again_a_person_is_asked(host, plugin, again):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    assert outcomes(preview_of(host, plugin, again)) == {"3": "replaced"}


def test_an_accepted_replacement_reverses_the_dead_payment_and_registers_the_new_one(
    host, store, plugin
):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    preview_of(host, plugin, payment(3, "1002", amount="400"))
    preview = host.decide("Fortnox", "3", "accept")
    assert outcomes(preview) == {"3": "partial"}
    host.save("Fortnox")
    assert books(store) == {"3": Decimal(400)}
    assert (remaining(store, "1001"), remaining(store, "1002")) == (1000, 600)
    assert sum_of_the_books(store) == 400
    assert [row.state for row in store.payments()] == ["reversed", "reversal", "registered"]


def test_a_payment_that_still_exists_is_never_taken_for_a_dead_one(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    preview = preview_of(host, plugin, payment(3, amount="400"))
    assert (plugin.checked_numbers, outcomes(preview)) == (["1"], {"3": "partial"})
    host.save("Fortnox")
    assert remaining(store, "1001") == 200


def test_two_equal_part_payments_of_one_run_are_two_and_nobody_is_asked(host, plugin):
    preview = preview_of(host, plugin, payment(1, amount="400"), payment(2, amount="400"))
    assert (plugin.checked_numbers, outcomes(preview)) == ([], {"1": "partial", "2": "partial"})


def test_two_that_were_merged_into_one_are_both_reversed(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"), payment(2, amount="600"))
    plugin.deleted = {"1", "2"}
    preview = preview_of(host, plugin, payment(3, amount="1000"))
    assert outcomes(preview) == {"3": "replaced"}
    host.decide("Fortnox", "3", "accept")
    host.save("Fortnox")
    assert books(store) == {"3": Decimal(1000)}
    assert remaining(store, "1001") == 0
    assert sum_of_the_books(store) == 1000


def test_one_that_was_split_in_two_is_reversed_once(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="1000"))
    plugin.deleted = {"1"}
    preview_of(host, plugin, payment(3, amount="400"), payment(4, amount="600"))
    host.decide("Fortnox", "3", "accept")
    preview = host.decide("Fortnox", "4", "accept")
    assert outcomes(preview) == {"3": "partial", "4": "exact"}
    host.save("Fortnox")
    assert books(store) == {"3": Decimal(400), "4": Decimal(600)}
    assert remaining(store, "1001") == 0


def test_a_replacement_that_cannot_be_saved_reverses_nothing(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    preview_of(host, plugin, payment(3, "9999", amount="400"))
    preview = host.decide("Fortnox", "3", "accept")
    assert outcomes(preview) == {"3": "replaced"}
    host.save("Fortnox")
    assert books(store) == {"1": Decimal(400)}


def test_a_replacement_that_waits_is_offered_again_and_what_is_gone_stays_gone(host, plugin):
    again = payment(3, amount="400")
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    import_and_save(host, plugin, again)
    plugin.checked_numbers.clear()
    plugin.source = {"3": again}
    assert outcomes(preview_of(host, plugin)) == {"3": "replaced"}
    assert (plugin.asked, plugin.checked_numbers) == (["3"], [])


def test_a_replacement_that_is_deleted_in_its_turn_hides_nothing(host, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    import_and_save(host, plugin, payment(3, amount="400"))
    plugin.deleted = {"1", "3"}
    preview = preview_of(host, plugin)
    assert preview.deleted == ("3",)
    assert [one.code for one in preview.discrepancies()] == ["deleted-at-source"]


# --- Where not all can be asked after ---------------------------------------------


def test_a_payment_whose_predecessor_nobody_could_ask_after_waits(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted, plugin.check_limit = {"1"}, 0
    preview = preview_of(host, plugin, payment(3, amount="400"))
    assert outcomes(preview) == {"3": "replaced"}
    assert "gick inte att kontrollera" in row_of(preview, "3").message.sv
    with pytest.raises(HostError, match="DECISION_DOES_NOT_FIT"):
        host.decide("Fortnox", "3", "accept")
    host.save("Fortnox")
    plugin.check_limit, plugin.source = 100, {"3": payment(3, amount="400")}
    assert "borttagen" in row_of(preview_of(host, plugin), "3").message.sv


def test_once_it_could_be_asked_after_and_lives_the_payment_comes_in(host, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.check_limit = 0
    import_and_save(host, plugin, payment(3, amount="400"))
    plugin.check_limit, plugin.source = 100, {"3": payment(3, amount="400")}
    assert outcomes(preview_of(host, plugin)) == {"3": "partial"}


def test_an_equal_amount_elsewhere_that_was_not_asked_after_keeps_nobody_out(host, plugin):
    import_and_save(host, plugin, payment(1, "1002", amount="400"))
    plugin.check_limit = 0
    assert outcomes(preview_of(host, plugin, payment(3, amount="400"))) == {"3": "partial"}


def test_unless_its_invoice_does_not_add_up(host, plugin):
    import_and_save(host, plugin, payment(1, "1002", amount="400"))
    plugin.check_limit, plugin.unpaid = 0, [balance("1002", Decimal(1000))]
    assert outcomes(preview_of(host, plugin, payment(3, amount="400"))) == {"3": "replaced"}


def test_those_whose_invoice_does_not_add_up_are_asked_after_first(host, plugin):
    import_and_save(host, plugin, payment(1, "1002", amount="100"), payment(2, amount="100"))
    plugin.unpaid = [balance("1002", Decimal(1000))]
    preview_of(host, plugin, payment(5, amount="90"))
    assert plugin.checked_numbers == ["1", "2"]


def test_those_that_were_never_asked_after_come_before_those_that_were(host, plugin):
    import_and_save(host, plugin, *(payment(n, amount="100") for n in (1, 2, 3)))
    plugin.check_limit = 1
    preview_of(host, plugin, payment(5, amount="90"))
    assert plugin.checked_numbers == ["3", "2", "1"]
    plugin.checked_numbers.clear()
    preview_of(host, plugin, payment(5, amount="90"))
    assert plugin.checked_numbers == ["2", "1", "3"]


# --- Two questions about one payment ------------------------------------------------


def test_accepting_a_replacement_says_nothing_about_the_same_money_typed_by_hand(
    host, store, plugin
):
    import_and_save(host, plugin, payment(1, amount="400"))
    host.add_payment("1001", Decimal(400), date=day(3), confirm=True)
    plugin.deleted = {"1"}
    preview_of(host, plugin, payment(3, amount="400"))
    preview = host.decide("Fortnox", "3", "accept")
    assert outcomes(preview) == {"3": "possibly-registered-already"}
    host.save("Fortnox")
    assert remaining(store, "1001") == 200


def test_who_confirms_after_accepting_has_answered_both(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    host.add_payment("1001", Decimal(400), date=day(3), confirm=True)
    plugin.deleted = {"1"}
    preview_of(host, plugin, payment(3, amount="400"))
    host.decide("Fortnox", "3", "accept")
    preview = host.decide("Fortnox", "3", "confirm")
    assert outcomes(preview) == {"3": "partial"}
    host.save("Fortnox")
    assert books(store) == {"": Decimal(400), "3": Decimal(400)}
    assert remaining(store, "1001") == 200


def test_accepting_a_move_says_nothing_about_the_same_money_typed_there(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    host.add_payment("1002", Decimal(400), date=day(1))
    preview_of(host, plugin, payment(1, "1002", amount="400"))
    preview = host.decide("Fortnox", "1", "accept")
    assert outcomes(preview) == {"1": "possibly-registered-already"}
    preview = host.decide("Fortnox", "1", "confirm")
    assert outcomes(preview) == {"1": "partial"}
    host.save("Fortnox")
    assert (remaining(store, "1001"), remaining(store, "1002")) == (1000, 200)


def test_an_accepted_change_to_nothing_takes_back_what_was_registered(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="100"))
    preview_of(host, plugin, payment(1, amount="0"))
    preview = host.decide("Fortnox", "1", "accept")
    assert outcomes(preview) == {"1": "reversal"}
    host.save("Fortnox")
    assert books(store) == {}
    assert remaining(store, "1001") == 1000
    assert outcomes(preview_of(host, plugin, payment(1, amount="0"))) == {"1": "no-amount"}


@pytest.mark.parametrize(("number", "amount"), [(3, "401"), (37, "400")], ids=["amount", "day"])
def test_another_amount_or_one_after_35_days_on_another_invoice_replaces_nothing(
    host, plugin, number, amount
):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    preview = preview_of(host, plugin, payment(number, "1002", amount=amount))
    assert (plugin.checked_numbers, outcomes(preview)) == ([], {str(number): "partial"})


def test_the_newest_is_asked_after_first(host, plugin):
    import_and_save(host, plugin, *(payment(n, amount="100") for n in (1, 2, 3)))
    preview_of(host, plugin, payment(4, amount="100"))
    assert plugin.checked_numbers == ["3", "2", "1"]


# --- Deleted, and nothing came in its place -------------------------------------


def test_a_deletion_without_a_successor_is_noticed_by_the_balance(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted, plugin.unpaid = {"1"}, [balance("1001", Decimal(1000))]
    [found] = preview_of(host, plugin).discrepancies()
    assert (found.code, found.payment_number, found.host_invoice_number) == (
        "deleted-at-source",
        "1",
        "1001",
    )
    assert (found.amount, found.remaining, found.balance) == (400, 600, 1000)
    assert "borttagen i Låtsas" in found.message.sv
    assert "deleted in Pretend" in found.message.en


@pytest.fixture
def changed_advance(host, plugin, advance):
    """Payment 2 was registered as an advance of 1000, and is 900 there now."""
    preview_of(host, plugin, payment(2, amount="900"))


def deletions_of(preview):
    return [one.payment_number for one in preview.discrepancies() if one.code.startswith("deleted")]


def test_an_advance_that_is_changed_and_then_deleted_there_is_told_at_each_import(
    host, plugin, changed_advance
):
    host.save("Fortnox")
    plugin.deleted = {"2"}
    told = [deletions_of(preview_of(host, plugin))]
    host.save("Fortnox")
    told.append(deletions_of(preview_of(host, plugin)))
    assert told == [["2"], ["2"]]


def test_so_it_is_where_the_list_that_showed_the_change_was_not_saved(
    host, plugin, changed_advance
):
    plugin.deleted = {"2"}
    told = [deletions_of(preview_of(host, plugin)) for _ in range(2)]
    host.save("Fortnox")
    assert [*told, deletions_of(preview_of(host, plugin))] == [["2"]] * 3


def test_so_it_is_where_the_change_was_accepted(host, plugin, changed_advance):
    host.save("Fortnox")
    preview_of(host, plugin)
    host.decide("Fortnox", "2", "accept")
    plugin.deleted = {"2"}
    assert deletions_of(preview_of(host, plugin)) == ["2"]


def test_until_it_is_deleted_here(host, store, plugin, changed_advance):
    host.save("Fortnox")
    plugin.deleted = {"2"}
    import_and_save(host, plugin)
    [advance] = [row for row in store.payments() if row.payment_number == "2"]
    host.delete_payment(advance.id, why="finns inte")
    assert deletions_of(preview_of(host, plugin)) == []


def test_or_until_it_is_read_again(host, plugin, changed_advance):
    host.save("Fortnox")
    plugin.deleted = {"2"}
    import_and_save(host, plugin)
    plugin.deleted = set()
    told = [deletions_of(preview_of(host, plugin, payment(2)))]
    host.save("Fortnox")
    assert [*told, deletions_of(preview_of(host, plugin))] == [[], []]


def test_or_until_it_is_fetched_again(host, plugin, changed_advance):
    host.save("Fortnox")
    plugin.deleted = {"2"}
    preview_of(host, plugin)
    plugin.deleted, plugin.source = set(), {"2": payment(2, amount="900")}
    told = [deletions_of(preview_of(host, plugin)), deletions_of(preview_of(host, plugin))]
    assert told == [[], []]


def test_a_payment_by_hand_explains_a_higher_balance_there(host, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    host.add_payment("1001", Decimal(100))
    plugin.unpaid = [balance("1001", Decimal(600))]
    preview_of(host, plugin)
    assert plugin.checked_numbers == []


def test_what_the_office_wrote_off_explains_a_higher_balance_there(host, store, plugin):
    store.set_setting("accepted_deviation", "5")
    import_and_save(host, plugin, payment(1, amount="996"))
    assert remaining(store, "1001") == 0
    plugin.unpaid = [balance("1001", Decimal(4))]
    preview_of(host, plugin)
    assert plugin.checked_numbers == []


@pytest.mark.parametrize("odd", [{"booked": False}, {"cancelled": True}, {"currency": "EUR"}])
def test_nothing_is_concluded_from_the_balance_of_another_kind_of_invoice(host, plugin, odd):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.unpaid = [balance("1001", Decimal(1000), **odd)]
    preview_of(host, plugin)
    assert plugin.checked_numbers == []


# --- Nothing remains there, but here (rule 24) -----------------------------------


def test_an_invoice_that_was_credited_there_is_reported(host, plugin):
    plugin.balances = {"1001": balance("1001", Decimal(0))}
    [found] = preview_of(host, plugin).discrepancies()
    assert (found.code, found.remaining, found.balance) == ("less-remains-at-source", 1000, 0)
    # Nor does it claim a cause that nobody knows.
    assert "troligen krediterad eller avskriven där" in found.message.sv


def test_what_the_payments_of_the_run_explain_is_not_told(host, plugin):
    plugin.unpaid = [balance("1001", Decimal(600))]
    preview = preview_of(host, plugin, payment(1, amount="400"))
    assert list(preview.discrepancies()) == []
    assert "1001" not in plugin.invoices_asked


def test_an_invoice_that_is_paid_in_the_run_is_not_asked_for(host, plugin):
    preview_of(host, plugin, payment(1, amount="1000"))
    assert "1001" not in plugin.invoices_asked
    assert "1002" in plugin.invoices_asked


def test_an_invoice_that_is_not_there_is_not_asked_for_every_night(host, plugin):
    plugin.balances = {"1001": balance("1001", Decimal(1000))}
    preview_of(host, plugin)
    assert plugin.invoices_asked == ["1001", "1002", "1003", "2001"]
    plugin.invoices_asked.clear()
    preview_of(host, plugin)
    assert plugin.invoices_asked == ["1001"]


def test_a_deleted_refund_is_noticed_by_an_invoice_that_is_paid_too_much_there(host, plugin):
    import_and_save(host, plugin, payment(1, amount="1200"), payment(2, amount="-200"))
    plugin.deleted, plugin.balances = {"2"}, {"1001": balance("1001", Decimal(-200))}
    [found] = preview_of(host, plugin).discrepancies()
    assert (found.code, found.payment_number) == ("deleted-at-source", "2")


def test_a_change_explains_what_does_not_remain(host, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.unpaid = [balance("1001", Decimal(550))]
    assert list(preview_of(host, plugin, payment(1, amount="450")).discrepancies()) == []
    preview = host.decide("Fortnox", "1", "keep")
    assert list(preview.discrepancies()) == []
    host.save("Fortnox")
    assert list(preview_of(host, plugin).discrepancies()) == []


@pytest.mark.usefixtures("advance")
def test_an_advance_that_is_deleted_there_is_noticed_though_the_invoice_is_paid_there(host, plugin):
    plugin.balances, plugin.deleted = {"1001": balance("1001", Decimal(0))}, {"2"}
    [found] = preview_of(host, plugin).discrepancies()
    assert (found.code, found.payment_number) == ("deleted-at-source", "2")


@pytest.mark.usefixtures("advance")
def test_an_overpaid_invoice_is_asked_for_last_and_not_every_night(host, plugin):
    plugin.balances = {"1001": balance("1001", Decimal(-1000))}
    plugin.invoices_asked.clear()
    preview_of(host, plugin)
    assert plugin.invoices_asked == ["1002", "1003", "2001", "1001"]
    plugin.invoices_asked.clear()
    preview_of(host, plugin)
    assert plugin.invoices_asked == []


@pytest.mark.usefixtures("advance")
def test_an_advance_that_stays_there_is_no_discrepancy(host, plugin):
    plugin.balances = {"1001": balance("1001", Decimal(-1000))}
    plugin.checked_numbers.clear()
    assert list(preview_of(host, plugin).discrepancies()) == []
    assert plugin.checked_numbers == []


def test_what_is_taken_too_much_from_a_credit_note_is_asked_for_too(host, store, plugin):
    store.load_invoices([invoice("1009", "-500")])
    import_and_save(host, plugin, payment(1, "1009", "-500"), payment(2, "1009", "-100"))
    preview_of(host, plugin, payment(2, "1009", "-100"))
    host.decide("Fortnox", "2", "accept")
    host.save("Fortnox")
    plugin.balances, plugin.deleted = {"1009": balance("1009", Decimal(0), "-500")}, {"2"}
    [found] = preview_of(host, plugin).discrepancies()
    assert (found.code, found.payment_number) == ("deleted-at-source", "2")


def test_what_the_office_writes_off_is_no_discrepancy(host, store, plugin):
    store.set_setting("accepted_deviation", "5")
    plugin.unpaid = [balance("1001", Decimal(0))]
    assert list(preview_of(host, plugin, payment(1, amount="997")).discrepancies()) == []


def test_where_nothing_was_answered_nothing_is_learnt(host, plugin):
    preview_of(host, plugin)
    plugin.invoices_asked.clear()
    preview_of(host, plugin)
    assert plugin.invoices_asked == ["1001", "1002", "1003", "2001"]


def test_an_invoice_that_is_cancelled_there_is_reported(host, plugin):
    plugin.balances = {"1001": balance("1001", Decimal(0), booked=False, cancelled=True)}
    [found] = preview_of(host, plugin).discrepancies()
    assert (found.code, found.balance) == ("cancelled-at-source", None)


# --- Settled against a credit note (rule 23) -------------------------------------


def pair(debit="1001", credit="8001", amount="1000"):
    return (
        payment(1, debit, amount, date=day(1), customer_number="7"),
        payment(2, credit, f"-{amount}", date=day(1), customer_number="7"),
    )


def test_a_pair_against_a_credit_note_made_there_is_no_money(host, store, plugin):
    preview = preview_of(host, plugin, *pair())
    assert outcomes(preview) == dict.fromkeys("12", "settled-against-credit")
    assert "betalning 2 på faktura 8001" in row_of(preview, "1").message.sv
    assert "betalning 1 på faktura 1001" in row_of(preview, "2").message.sv


def test_one_press_registers_a_settlement_and_no_money_came(host, store, plugin):
    preview_of(host, plugin, *pair())
    preview = host.decide("Fortnox", "1", "accept")
    assert [row.status for row in rows_of(preview)] == ["settled-against-credit"] * 2
    host.save("Fortnox")
    assert remaining(store, "1001") == 0
    assert sum_of_the_books(store) == 0
    assert outcomes(preview_of(host, plugin, *pair())) == dict.fromkeys("12", "already-imported")


def test_one_press_sets_a_settlement_aside_and_another_takes_it_back(host, store, plugin):
    preview_of(host, plugin, *pair())
    preview = host.set_aside("Fortnox", ["2"])
    assert outcomes(preview) == dict.fromkeys("12", "set-aside")
    preview = host.take_back("Fortnox", ["1"])
    assert outcomes(preview) == dict.fromkeys("12", "settled-against-credit")


def test_a_part_credit_settles_a_part(host, store, plugin):
    preview_of(host, plugin, *pair(amount="400"))
    host.decide("Fortnox", "2", "accept")
    host.save("Fortnox")
    assert remaining(store, "1001") == 600
    assert sum_of_the_books(store) == 0


def test_two_invoices_that_are_both_here_settle_each_other(host, store, plugin):
    preview = preview_of(host, plugin, *pair(credit="1009"))
    assert outcomes(preview) == dict.fromkeys("12", "settled-against-credit")
    assert "Inga pengar kom in" in row_of(preview, "1").warning.sv
    host.save("Fortnox")
    assert (remaining(store, "1001"), remaining(store, "1009")) == (0, 0)


def test_the_customer_is_asked_for_where_it_decides(host, plugin):
    debit, credit = pair()
    plugin.source = {"1": debit, "2": credit}
    bare = [payment(1, "1001", date=day(1)), payment(2, "8001", "-1000", date=day(1))]
    assert outcomes(preview_of(host, plugin, *bare)) == dict.fromkeys(
        "12", "settled-against-credit"
    )
    assert sorted(plugin.asked) == ["1", "2"]


def test_another_customer_makes_no_settlement(host, plugin):
    debit, credit = pair()
    preview = preview_of(host, plugin, replace(debit, customer_number="8"), credit)
    assert outcomes(preview) == {"1": "exact", "2": "invoice-not-found"}


def test_a_payment_and_its_reversal_on_one_invoice_are_no_settlement(host, plugin):
    preview = preview_of(host, plugin, *pair(credit="1001"))
    assert outcomes(preview) == {"1": "exact", "2": "reversal"}


def test_half_of_a_settlement_is_never_saved_alone(host, store, plugin):
    store.load_invoices([invoice("1001", period_closed=False)])
    preview = preview_of(host, plugin, *pair())
    assert outcomes(preview) == {"1": "period-open", "2": "settlement-blocked"}
    with pytest.raises(HostError) as refused:
        host.decide("Fortnox", "2", "accept")
    assert refused.value.code == "DECISION_DOES_NOT_FIT"


def test_the_other_half_of_a_payment_that_was_saved_before_registers_beside_it(host, store, plugin):
    debit, credit = pair()
    import_and_save(host, plugin, debit)
    preview = preview_of(host, plugin, credit)
    assert outcomes(preview) == {"2": "settled-against-credit"}
    host.decide("Fortnox", "2", "accept")
    host.save("Fortnox")
    assert sum_of_the_books(store) == 0
    assert remaining(store, "1001") == 0


# --- Nothing, and write-offs of another currency (rules 9 and 25) -----------------


def test_a_payment_of_nothing_is_ignored_and_said(host, plugin):
    preview = preview_of(host, plugin, payment(1, amount="0"))
    assert outcomes(preview) == {"1": "no-amount"}
    assert preview.counts["ignored"] == 1


def in_euro(currency):
    return euro(1, "2001", "490", write_offs=(WriteOff(Decimal(10), "3740", "", currency),))


@pytest.mark.parametrize(
    ("currency", "expected"),
    [("EUR", ("exact", "0")), ("SEK", ("partial", "9.09")), ("", ("partial", "9.09"))],
)
def test_a_write_off_in_the_currency_of_the_payment_counts_as_it_is_and_in_sek_at_the_rate(
    host, store, plugin, currency, expected
):
    outcome, remains = expected
    assert outcomes(import_and_save(host, plugin, in_euro(currency))) == {"1": outcome}
    assert remaining(store, "2001") == Decimal(remains)


def test_a_write_off_is_read_so_that_it_pays_what_is_paid_there(host, store, plugin):
    plugin.balances = {"2001": balance("2001", Decimal(0), Decimal(500), "EUR")}
    preview = preview_of(host, plugin, in_euro("SEK"))
    assert outcomes(preview) == {"1": "exact"}
    assert "läst som EUR" in row_of(preview, "1").warning.sv
    host.save("Fortnox")
    assert remaining(store, "2001") == 0


def test_notes_of_the_plug_in_stand_with_the_run(host, plugin):
    plugin.notes = [Text("Hej", "Hello")]
    assert preview_of(host, plugin).notes[0].en == "Hello"


def test_a_decision_about_other_dead_payments_holds_no_longer(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"), payment(2, amount="100"))
    plugin.deleted = {"1"}
    preview_of(host, plugin, payment(3, amount="400"))
    host.decide("Fortnox", "3", "accept")
    plugin.deleted = {"1", "2"}
    assert outcomes(preview_of(host, plugin, payment(3, amount="400"))) == {"3": "replaced"}


def test_a_save_sees_that_a_dead_payment_was_deleted_here_meanwhile(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    preview_of(host, plugin, payment(3, amount="400"))
    before = host.decide("Fortnox", "3", "accept")
    [its] = [row.id for row in store.payments()]
    host.delete_payment(its, why="fel")
    with pytest.raises(PreviewChanged):
        host.save("Fortnox", before.revision)


def test_what_the_settings_ignored_explains_what_does_not_remain_there_for_ever(host, plugin):
    plugin.excluded = [excluded("before-date", payment(1, amount="1000"))]
    plugin.balances = {"1001": balance("1001", Decimal(0)), "1002": balance("1002", Decimal(1000))}
    assert list(import_and_save(host, plugin).discrepancies()) == []
    plugin.excluded, plugin.invoices_asked = [], []
    assert list(preview_of(host, plugin).discrepancies()) == []
    assert "1001" not in plugin.invoices_asked


def test_what_was_said_once_is_reported_again_without_asking(host, plugin):
    plugin.balances = {"1001": balance("1001", Decimal(0))}
    import_and_save(host, plugin)
    plugin.invoices_asked.clear()
    [found] = preview_of(host, plugin).discrepancies()
    assert (found.host_invoice_number, plugin.invoices_asked) == ("1001", [])


def test_neither_of_two_invoices_that_settle_each_other_is_settled_alone(host, store, plugin):
    store.load_invoices([invoice("1009", "-1000", period_closed=False)])
    preview = preview_of(host, plugin, *pair(credit="1009"))
    assert outcomes(preview) == {"1": "settlement-blocked", "2": "period-open"}
    assert "Ingen av dem sparas ensam" in row_of(preview, "1").message.sv
    host.save("Fortnox")
    assert remaining(store, "1001") == 1000


def test_a_credit_that_is_to_be_read_again_says_so_first_and_once(host, plugin):
    preview_of(host, plugin, *pair(credit="9999"))
    host.decide("Fortnox", "1", "accept")
    host.undo_save(host.save("Fortnox").run_id, why="fel")
    plugin.payments, plugin.source = [], {}
    host.take_save_again("Fortnox", next(iter(host.runs())).id)
    for row in rows_of(host.import_payments("Fortnox")):
        message = row.message.sv
        assert message.startswith("Avgjord, men hämtas på nytt")
        assert message.count("Kvittad") == 1
        assert "Ändringen" not in message


def test_a_payment_in_euro_that_was_made_again_with_another_rate_on_another_invoice(
    host, store, plugin
):
    store.load_invoices([invoice("2002", "500", "EUR")])
    import_and_save(host, plugin, euro(1, "2001", "490", "11"))
    plugin.deleted = {"1"}
    assert outcomes(preview_of(host, plugin, euro(3, "2002", "490", "11.5"))) == {"3": "replaced"}


def test_halves_in_euro_settle_each_other_whatever_their_rates(host, store, plugin):
    debit = euro(1, "2001", "100", "11", date=day(1), customer_number="7")
    credit = euro(2, "8001", "-100", "11.1", date=day(1), customer_number="7")
    preview = preview_of(host, plugin, debit, credit)
    assert outcomes(preview) == dict.fromkeys("12", "settled-against-credit")
    assert row_of(preview, "1").message.sv.endswith("tillsammans 0 EUR")


def test_the_customer_of_a_half_that_is_registered_is_reported_by_its_invoice(host, plugin):
    _, credit = pair()
    import_and_save(host, plugin, payment(1, "1001", date=day(1)))
    plugin.balances = {"1001": balance("1001", Decimal(0), customer_number="7")}
    plugin.source = {"2": credit}
    preview = preview_of(host, plugin, payment(2, "8001", "-1000", date=day(1)))
    assert outcomes(preview) == {"2": "settled-against-credit"}


def test_a_reading_that_pays_the_invoice_leaves_no_discrepancy(host, plugin):
    plugin.balances = {"2001": balance("2001", Decimal(0), Decimal(500), "EUR")}
    assert list(preview_of(host, plugin, in_euro("")).discrepancies()) == []


# --- What is beside a change, and what has its other half already -------------------


@pytest.mark.parametrize(
    "less", [{"amount": "0"}, {"amount": "10"}, {"booked": False}, {"invoice": "1002"}], ids=str
)
def test_a_payment_beside_one_that_became_less_waits_until_that_one_is_decided(host, plugin, less):
    import_and_save(host, plugin, payment(1, amount="400"))
    preview = preview_of(
        host, plugin, payment(1, **{"amount": "400"} | less), payment(3, amount="400")
    )
    assert outcomes(preview) == {"1": "changed-in-fortnox", "3": "replaced"}
    assert "avgör den först" in row_of(preview, "3").message.sv
    preview = host.decide("Fortnox", "1", "keep")
    assert outcomes(preview)["3"] == "partial"


@pytest.mark.parametrize("amount", ["600", "-200"])
def test_a_half_that_is_on_no_invoice_here_is_replaced_by_no_other_amount(host, plugin, amount):
    preview_of(host, plugin, *pair(amount="400"))
    host.decide("Fortnox", "1", "accept")
    host.save("Fortnox")
    plugin.deleted = {"2"}
    preview = preview_of(host, plugin, payment(3, amount=amount))
    assert row_of(preview, "3").kind == "ready"
    assert [one.payment_number for one in preview.discrepancies()] == ["2"]


def test_a_half_that_was_made_again_replaces_it(host, plugin):
    preview_of(host, plugin, *pair(amount="400"))
    host.decide("Fortnox", "1", "accept")
    host.save("Fortnox")
    plugin.deleted = {"2"}
    again = payment(3, "8001", "-400", date=day(2), customer_number="7")
    assert outcomes(preview_of(host, plugin, again)) == {"3": "replaced"}


def test_money_replaces_no_refund(host, plugin):
    import_and_save(host, plugin, payment(1, amount="400"), payment(2, amount="-100"))
    plugin.deleted = {"2"}
    preview = preview_of(host, plugin, payment(3, amount="300"))
    assert outcomes(preview) == {"3": "partial"}
    assert [one.payment_number for one in preview.discrepancies()] == ["2"]


@pytest.fixture(params=["unbooked", "moved to none", "moved to a paid one"])
def beside_one_that_cannot_be_saved(request, host, plugin):
    """Payment 1, which pays the invoice here, was changed; payment 3 pays the invoice there."""
    import_and_save(host, plugin, payment(1), payment(2, "1003", "500"))
    if request.param == "unbooked":
        plugin.excluded = [excluded("not-booked", payment(1, booked=False))]
        return preview_of(host, plugin, payment(3))
    invoice_number = "9999" if request.param == "moved to none" else "1003"
    return preview_of(host, plugin, payment(1, invoice_number), payment(3))


def test_it_waits_also_for_an_accepted_change_that_cannot_be_saved(
    host, plugin, beside_one_that_cannot_be_saved
):
    preview = host.decide("Fortnox", "1", "accept")
    assert outcomes(preview) == {"1": "changed-in-fortnox", "3": "replaced"}
    host.save("Fortnox")
    assert outcomes(preview_of(host, plugin))["3"] == "replaced"


def test_it_waits_also_where_it_is_confirmed_as_another_payment(
    host, beside_one_that_cannot_be_saved
):
    preview = host.decide("Fortnox", "3", "confirm")
    assert outcomes(preview) == {"1": "changed-in-fortnox", "3": "replaced"}


def test_it_comes_in_once_the_changed_one_is_deleted_here(
    host, store, beside_one_that_cannot_be_saved
):
    host.decide("Fortnox", "1", "accept")
    [registered] = [one for one in store.payments() if one.payment_number == "1"]
    host.delete_payment(registered.id, why="fel")
    assert outcomes(host.open_preview("Fortnox"))["3"] == "exact"


def test_it_waits_for_an_accepted_change_that_is_left_out(host, plugin):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, "1002"), payment(3))
    assert outcomes(host.decide("Fortnox", "1", "accept")) == {"1": "exact", "3": "exact"}
    assert outcomes(host.leave_out("Fortnox", ["1"]))["3"] == "replaced"


def test_a_half_that_has_its_other_half_settles_no_more(host, store, plugin):
    import_and_save(host, plugin, *pair(credit="1009"))
    again = payment(3, "8001", "-1000", date=day(1), customer_number="7")
    plugin.source = {"3": again}
    assert outcomes(preview_of(host, plugin, again)) == {"3": "invoice-not-found"}


def test_it_may_be_confirmed_as_another_payment_and_the_deletion_is_reported(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    preview_of(host, plugin, payment(3, amount="400"))
    preview = host.decide("Fortnox", "3", "confirm")
    assert outcomes(preview) == {"3": "partial"}
    assert [one.payment_number for one in preview.discrepancies()] == ["1"]


def test_a_person_may_let_in_what_nobody_could_ask_about(host, store, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.check_limit = 0
    preview_of(host, plugin, payment(3, amount="300"))
    assert outcomes(host.decide("Fortnox", "3", "confirm")) == {"3": "partial"}


def test_an_equal_amount_that_was_there_is_not_asked_after_every_night(host, plugin):
    import_and_save(host, plugin, payment(1, "1002", amount="400"))
    import_and_save(host, plugin, payment(3, amount="400"))
    plugin.checked_numbers.clear()
    import_and_save(host, plugin, payment(4, "1003", amount="400"))
    assert plugin.checked_numbers == ["3"]


# --- Many of one amount ---------------------------------------------------------


@pytest.fixture
def searches(monkeypatch):
    """Count the steps of each search for registered payments to check."""
    several, search = [], deleted_at_source.payments_to_check

    def counted(db, *args, **keywords):
        several.append(0)

        def step():
            several[-1] += 1

        db.set_progress_handler(step, 100)
        try:
            return search(db, *args, **keywords)
        finally:
            db.set_progress_handler(None, 0)

    monkeypatch.setattr(deleted_at_source, "payments_to_check", counted)
    return several


def alike(first, number, invoice="1001"):
    return [payment(first + n, invoice, "1", date=day(1)) for n in range(number)]


def test_payments_of_one_amount_are_named_in_batches_but_searched_for_once(
    host, plugin, searches, monkeypatch
):
    import_and_save(host, plugin, *alike(1, 12))
    monkeypatch.setattr(session, "BATCH", 5)
    searches.clear()
    plugin.checked_numbers.clear()
    preview_of(host, plugin, *alike(100, 1, "9999"))
    assert sorted(map(int, plugin.checked_numbers)) == list(range(1, 13))
    assert len(searches) == 1


def test_the_search_for_payments_of_one_amount_grows_with_them_and_not_with_their_square(
    host, plugin, searches
):
    steps = {}
    for first, number in ((1, 100), (1001, 300)):
        import_and_save(host, plugin, *alike(first, number))
        searches.clear()
        preview_of(host, plugin, *alike(9000, number, "9999"))
        steps[number] = searches[0]
    # Of four times as many registered ones, beside three times as many.
    assert steps[300] < 6 * steps[100]
