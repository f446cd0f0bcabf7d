"""Halves of settlements that changed, came apart, or whose own invoice came here later."""

from dataclasses import replace
from decimal import Decimal

import pytest
from fake_plugin import NEW_YEAR, AnsweringPlugin, balance, excluded, invoice, payment
from host_and_plugin import (
    MinuteClock,
    importing_host,
    outcomes,
    reads,
    remaining,
    row_of,
    saves,
)

SETTLED = "settled-against-credit"
BLOCKED = "settlement-blocked"
CHANGED = "changed-in-fortnox"
NOTE = "1101"


@pytest.fixture
def invoices():
    return [invoice("1001"), invoice("1002", "600")]


@pytest.fixture
def plugin():
    return AnsweringPlugin()


@pytest.fixture
def host(store, plugin):
    return importing_host(store, plugin, clock=MinuteClock())


@pytest.fixture
def note(store):
    store.load_invoices([invoice(NOTE, "-400")])


def halves(**values):
    values = {"date": NEW_YEAR.replace(day=20), "customer_number": "7"} | values
    return [payment(11, "1001", "400", **values), payment(12, NOTE, "-400", **values)]


def settled(host, plugin):
    """Register a settlement, with the credit beside it where the credit note is not here."""
    preview = reads(host, plugin, *halves())
    if not preview.counts["ready"]:
        host.decide("Fortnox", "11", "accept")
    host.save("Fortnox")


def accepted(host, *numbers):
    for number in numbers:
        preview = host.decide("Fortnox", number, "accept")
    return preview


# --- The settings exclude one half ---


@pytest.fixture
def half_ignored(host, plugin, note):
    def ignoring(ignored):
        plugin.screening = lambda one: (
            excluded("below-number", one) if one.invoice_number == ignored else None
        )
        both = halves()
        plugin.payments = [one for one in both if one.invoice_number != ignored]
        plugin.excluded = [plugin.screening(one) for one in both if one.invoice_number == ignored]
        return host.import_payments("Fortnox")

    return ignoring


@pytest.mark.parametrize("ignored", ["1001", NOTE])
def test_neither_half_is_money_where_the_settings_exclude_one(half_ignored, ignored):
    preview = half_ignored(ignored)
    assert outcomes(preview) == {"11": BLOCKED, "12": BLOCKED}
    message = row_of(preview, "11").message
    assert message.en.startswith("The settings leave out one half of a settlement")
    assert "belongs to payment 12 on invoice 1101" in message.en


@pytest.mark.parametrize("ignored", ["1001", NOTE])
def test_nor_is_it_at_the_next_import_which_reads_neither(host, plugin, half_ignored, ignored):
    half_ignored(ignored)
    host.save("Fortnox")
    plugin.payments, plugin.excluded = [], []
    assert outcomes(host.import_payments("Fortnox")) == {"11": BLOCKED, "12": BLOCKED}


def test_both_halves_come_in_once_the_settings_exclude_neither(host, plugin, half_ignored):
    half_ignored(NOTE)
    host.save("Fortnox")
    plugin.screening, plugin.excluded = (lambda _: None), []
    assert outcomes(reads(host, plugin, *halves())) == {"11": SETTLED, "12": SETTLED}


def test_a_half_that_another_half_settles_is_saved_beside_one_that_the_settings_exclude(
    host, plugin, store, half_ignored
):
    store.load_invoices([invoice("1003", "400")])
    half_ignored("1001")
    third = payment(13, "1003", "400", date=NEW_YEAR.replace(day=20), customer_number="7")
    plugin.payments.append(third)
    preview = host.import_payments("Fortnox")
    assert outcomes(preview) == {"11": "below-number", "12": SETTLED, "13": SETTLED}


def test_without_the_other_half_it_is_ignored(host, plugin):
    plugin.excluded = [excluded("below-number", halves()[0])]
    assert outcomes(host.import_payments("Fortnox")) == {"11": "below-number"}


# --- More is settled than remains ---


def test_a_credit_note_that_is_settled_for_more_than_it_is_on_says_by_how_much(host, plugin, store):
    store.load_invoices([invoice(NOTE, "-300")])
    preview = reads(host, plugin, *halves())
    assert row_of(preview, "12").warning.en.startswith(
        "No money came in. More is settled than remained: 100.00 SEK too much. Settled against"
    )
    assert "More is settled" not in row_of(preview, "11").warning.en


def test_so_does_one_that_another_settlement_used_up_in_part(host, plugin, store, note):
    more = {"date": NEW_YEAR.replace(day=19), "customer_number": "7"}
    first = [payment(1, "1002", "100", **more), payment(2, NOTE, "-100", **more)]
    preview = reads(host, plugin, *first, *halves())
    assert "100.00 SEK too much" in row_of(preview, "12").warning.en
    assert "More is settled" not in row_of(preview, "2").warning.en


# --- The credit note comes here later ---


@pytest.fixture
def beside(host, plugin, store):
    settled(host, plugin)
    store.load_invoices([invoice(NOTE, "-400")])
    plugin.payments = []


def test_the_next_import_offers_a_half_whose_own_invoice_is_here_now(host, beside):
    row = row_of(host.import_payments("Fortnox"), "12")
    assert row.reason == CHANGED
    assert "faktura här (den egna fanns inte då) registrerat 1001, nu 1101" in row.message.sv


def test_once_accepted_it_settles_its_own_invoice_and_no_money_came(host, beside, store):
    host.import_payments("Fortnox")
    row = row_of(accepted(host, "12"), "12")
    assert row.status == SETTLED
    assert "Inga pengar kom in" in row.warning.sv
    host.save("Fortnox")
    assert [remaining(store, number) for number in ("1001", NOTE)] == [600, 0]
    assert host.import_payments("Fortnox").counts["read"] == 0


def test_undoing_that_puts_it_beside_the_other_half_again(host, beside, store):
    host.import_payments("Fortnox")
    accepted(host, "12")
    run_id = host.save("Fortnox").run_id
    host.undo_save(run_id, why="fel")
    assert [remaining(store, number) for number in ("1001", NOTE)] == [600, -400]


def test_kept_beside_it_is_not_offered_again(host, beside):
    host.import_payments("Fortnox")
    host.decide("Fortnox", "12", "keep")
    host.save("Fortnox")
    assert host.import_payments("Fortnox").counts["read"] == 0


@pytest.mark.parametrize("number", ["1001", NOTE])
def test_why_says_what_is_so_and_what_helps(host, beside, plugin, number):
    plugin.payments = halves()
    [half] = [one for one in host.why(number).payments if one.number == "12"]
    assert (half.outcome, half.reason) == ("registered", CHANGED)
    assert "nu 1101" in half.message.sv
    assert "godkänn den" in half.to_do.sv


def test_why_does_not_say_of_a_half_that_it_left_an_invoice_it_never_paid(host, beside, plugin):
    plugin.payments = halves()[:1]  # its own invoice was not searched
    [half] = [one for one in host.why("1001").payments if one.number == "12"]
    assert (half.outcome, half.to_do) == ("registered", None)


# --- Both halves change ---


@pytest.mark.parametrize("known", [True, False])
def test_both_halves_that_changed_are_a_settlement_still(host, plugin, store, known):
    if known:
        store.load_invoices([invoice(NOTE, "-400")])
    settled(host, plugin)
    preview = reads(host, plugin, *halves(date=NEW_YEAR.replace(day=23)))
    assert outcomes(preview) == {"11": CHANGED, "12": CHANGED}
    preview = accepted(host, "11", "12")
    assert outcomes(preview) == {"11": SETTLED, "12": SETTLED}
    for number in ("11", "12"):
        assert "Inga pengar kom in" in row_of(preview, number).warning.sv
    host.save("Fortnox")
    assert remaining(store, "1001") == 600


def test_one_of_two_changed_halves_is_not_accepted_alone(host, plugin, note):
    settled(host, plugin)
    reads(host, plugin, *halves(date=NEW_YEAR.replace(day=23)))
    preview = accepted(host, "11")
    assert outcomes(preview) == {"11": BLOCKED, "12": CHANGED}
    assert (
        "Den andra halvan, betalning 12, kan inte sparas: Ändrad"
        in row_of(preview, "11").message.sv
    )


def test_a_half_that_is_less_now_is_money_and_says_that_it_was_a_half(host, plugin, note):
    settled(host, plugin)
    [debit, _] = halves()
    reads(host, plugin, replace(debit, amount=Decimal(300), amount_currency=Decimal(300)))
    row = row_of(accepted(host, "11"), "11")
    assert row.status == "partial"
    assert "Var halva av en kvittning" in row.warning.sv


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("half", [0, 1], ids=["debit", "credit"])
def test_a_half_that_alone_gets_another_date_is_no_money_still(host, plugin, store, half, known):
    if known:
        store.load_invoices([invoice(NOTE, "-400")])
    settled(host, plugin)
    redated, other = halves()[half], halves()[1 - half]
    reads(host, plugin, replace(redated, date=NEW_YEAR.replace(day=23)))
    number = redated.key.number
    row = row_of(accepted(host, number), number)
    assert row.status == SETTLED
    assert f"belongs to payment {other.key.number}" in row.warning.en
    assert "of the same customer; together" in row.warning.en
    host.save("Fortnox")
    assert remaining(store, "1001") == 600


def test_so_it_is_not_where_its_other_half_is_deleted_there(host, plugin, note):
    settled(host, plugin)
    plugin.deleted, plugin.unpaid = {"12"}, [balance(NOTE, "-400", "-400")]
    reads(host, plugin, halves(date=NEW_YEAR.replace(day=23))[0])
    assert row_of(accepted(host, "11"), "11").status == "partial"


@pytest.mark.parametrize("first", ["11", "12"])
def test_halves_that_change_alike_one_after_the_other_are_a_settlement_again(
    host, plugin, store, note, first
):
    settled(host, plugin)
    later = {one.key.number: one for one in halves(date=NEW_YEAR.replace(day=23))}
    reads(host, plugin, later.pop(first))
    accepted(host, first)
    host.save("Fortnox")
    [(number, other)] = later.items()
    reads(host, plugin, other)
    row = row_of(accepted(host, number), number)
    assert row.status == SETTLED
    assert f"hör ihop med betalning {first}" in row.warning.sv
    assert "kommer inte med den" not in row.warning.sv
    host.save("Fortnox")
    assert {one.status for one in store.payments() if one.state == "registered"} == {SETTLED}


def test_a_refund_of_a_credit_note_that_was_never_half_of_a_settlement_stays_one(
    host, plugin, note
):
    debit, refund = halves()
    saves(host, plugin, refund)
    assert outcomes(reads(host, plugin, debit)) == {"11": "partial"}


# --- One half is deleted here and taken again ---


@pytest.mark.parametrize("number", ["11", "12"])
def test_a_half_that_is_taken_again_settles_the_registered_one(host, plugin, store, note, number):
    settled(host, plugin)
    [deleted] = [one for one in store.payments() if one.payment_number == number]
    host.delete_payment(deleted.id, why="fel")
    reads(host, plugin, *halves())
    row = row_of(host.decide("Fortnox", number, "take-again"), number)
    assert row.status == SETTLED
    assert "Inga pengar kom in" in row.warning.sv
    assert "den andra halvan tas inte in" not in row.warning.sv


@pytest.mark.parametrize("number", ["11", "12"])
def test_so_it_does_where_the_credit_note_is_not_here_once_accepted(host, plugin, store, number):
    settled(host, plugin)
    [deleted] = [one for one in store.payments() if one.payment_number == number]
    host.delete_payment(deleted.id, why="fel")
    reads(host, plugin, *halves())
    row = row_of(host.decide("Fortnox", number, "take-again"), number)
    assert row.reason == SETTLED
    host.decide("Fortnox", number, "accept")
    assert host.save("Fortnox").counts["ready"] == 1
    assert remaining(store, "1001") == 600


def test_a_half_made_again_settles_though_the_deleted_one_was_deleted_here_too(
    host, plugin, store, note
):
    settled(host, plugin)
    [deleted] = [one for one in store.payments() if one.payment_number == "11"]
    host.delete_payment(deleted.id, why="borta i Fortnox")
    debit, credit = halves()
    again = replace(debit, key=replace(debit.key, number="13"))
    del plugin.source["11"]
    assert outcomes(reads(host, plugin, again, credit))["13"] == SETTLED


# --- Two regions share a company ---


@pytest.fixture
def two_regions(host, plugin, store):
    saves(host, plugin, payment(1, "1002", "600"))
    host.define("Syd", "Fake", "API", "S", {}, company_of="Fortnox")
    store.load_invoices([invoice(NOTE, "-400", region="S")])
    plugin.payments = halves()


def imports(host, name):
    """Import, save what is ready, and give the preview that was saved."""
    preview = host.import_payments(name)
    host.save(name)
    return preview


HALF_OF = {"Fortnox": "11", "Syd": "12"}
BOTH_ORDERS = pytest.mark.parametrize(
    "names", [("Fortnox", "Syd"), ("Syd", "Fortnox")], ids="-".join
)


@BOTH_ORDERS
def test_each_region_registers_the_half_of_its_own_invoice_once_the_other_one_can(
    host, plugin, two_regions, store, names
):
    first, second = names
    for name, outcome in ((first, BLOCKED), (second, SETTLED), (first, SETTLED)):
        # The customers are learnt from each payment, where they are asked for.
        plugin.payments = [replace(half, customer_number=None) for half in halves()]
        plugin.source = {half.key.number: half for half in halves()}
        assert outcomes(imports(host, name))[HALF_OF[name]] == outcome
    assert [remaining(store, number) for number in ("1001", NOTE)] == [600, 0]
    plugin.payments = halves()
    assert host.import_payments(second).counts["ready"] == 0


def test_the_half_of_another_regions_invoice_is_left_to_its_import(host, two_regions):
    imports(host, "Syd")
    preview = host.import_payments("Fortnox")
    assert outcomes(preview) == {"11": SETTLED, "12": "other-region"}
    assert "Inga pengar kom in" in row_of(preview, "11").warning.sv


def test_the_first_region_names_the_import_that_is_to_be_saved_first(host, two_regions):
    row = row_of(host.import_payments("Fortnox"), "11")
    assert row.message.en.startswith(
        "The other half, payment 12, is of an invoice of another region: import and save Syd"
    )
    assert "belongs to payment 12 on invoice 1101" in row.message.en


@pytest.mark.parametrize("offline", [False, True])
def test_why_says_that_it_waits_for_the_other_region(host, two_regions, offline):
    imports(host, "Fortnox")
    [half] = [p for p in host.why("1001", "Fortnox", offline=offline).payments if p.number == "11"]
    assert half.reason == BLOCKED
    assert half.to_do.sv.endswith("läs sedan in här igen; eller lägg undan båda.")


def test_so_it_is_where_the_settings_of_this_import_would_exclude_that_half(
    host, plugin, two_regions
):
    imports(host, "Syd")
    debit, credit = plugin.payments
    plugin.payments, plugin.excluded = [debit], [excluded("below-number", credit)]
    assert outcomes(host.import_payments("Fortnox")) == {"11": SETTLED, "12": "below-number"}


@pytest.mark.parametrize("kind", ["below-number", "not-booked"])
def test_neither_region_saves_its_half_where_the_other_one_cannot(
    host, plugin, two_regions, store, kind
):
    debit, credit = halves()
    for _ in range(2):
        plugin.payments, plugin.excluded = [debit, credit], []
        imports(host, "Fortnox")
        plugin.payments, plugin.excluded = [debit], [excluded(kind, credit)]
        plugin.screening = lambda one: excluded(kind, one) if one.key.number == "12" else None
        assert imports(host, "Syd").counts["ready"] == 0
        plugin.screening = lambda _: None
    plugin.payments, plugin.excluded = [debit, credit], []
    row = row_of(host.import_payments("Fortnox"), "11")
    assert row.reason == BLOCKED
    assert row.message.en.startswith("The other half, payment 12, cannot be saved in Syd: ")
    assert [remaining(store, number) for number in ("1001", NOTE)] == [1000, -400]


@BOTH_ORDERS
def test_nor_where_the_credit_note_is_used_up_already(host, plugin, two_regions, store, names):
    used = payment(2, NOTE, "-400")
    plugin.payments = [used]
    imports(host, "Syd")
    for name in (*names, *names):
        plugin.payments = [used, *halves()]
        imports(host, name)
    assert remaining(store, "1001") == 1000
    plugin.payments = halves()
    message = row_of(host.import_payments("Fortnox"), "11").message
    assert "cannot be saved in Syd: Credit note 1101 is settled already here" in message.en


@BOTH_ORDERS
def test_nor_where_one_region_sets_its_half_aside(host, two_regions, store, names):
    imports(host, "Fortnox")
    host.set_aside("Fortnox", ["11"])
    for name in (*names, *names):
        imports(host, name)
    row = row_of(host.import_payments("Syd"), "12")
    assert row.reason == BLOCKED
    assert row.message.en.startswith("The other half, payment 11, is set aside in Fortnox")
    assert [remaining(store, number) for number in ("1001", NOTE)] == [1000, -400]


def test_nor_where_a_person_leaves_one_half_out_of_a_save(host, two_regions, store):
    imports(host, "Fortnox")
    host.import_payments("Syd")
    host.leave_out("Syd", ["12"])
    host.save("Syd")
    assert imports(host, "Fortnox").counts["ready"] == 0
    imports(host, "Syd")
    imports(host, "Fortnox")
    assert [remaining(store, number) for number in ("1001", NOTE)] == [600, 0]


@BOTH_ORDERS
def test_both_are_saved_once_it_is_taken_back(host, two_regions, store, names):
    imports(host, "Fortnox")
    host.set_aside("Fortnox", ["11"])
    for name in ("Syd", "Fortnox"):
        imports(host, name)
    host.import_payments("Fortnox")
    assert outcomes(host.take_back("Fortnox", ["11"]))["11"] == SETTLED
    for name in (*names, *names):
        imports(host, name)
    assert [remaining(store, number) for number in ("1001", NOTE)] == [600, 0]


def test_an_accepted_half_waits_for_the_other_region_and_the_other_one_not_for_it(
    host, plugin, two_regions, store
):
    plugin.payments = [payment(3, "1001", "700")]
    imports(host, "Fortnox")
    plugin.source, plugin.deleted = {}, {"3"}
    plugin.payments = halves()
    host.import_payments("Fortnox")
    assert outcomes(accepted(host, "11"))["11"] == "replaced"
    host.save("Fortnox")
    for name in ("Syd", "Fortnox"):
        plugin.payments = halves()
        assert outcomes(imports(host, name))[HALF_OF[name]] == SETTLED
    assert [remaining(store, number) for number in ("1001", NOTE)] == [600, 0]


def test_a_half_that_the_settings_exclude_is_told_where_the_other_one_is_registered(
    host, plugin, two_regions
):
    debit, credit = halves()
    imports(host, "Fortnox")
    imports(host, "Syd")
    plugin.payments, plugin.excluded = [credit], [excluded("below-number", debit)]
    plugin.screening = lambda one: excluded("below-number", one) if one == debit else None
    row = row_of(host.import_payments("Fortnox"), "11")
    assert row.reason == BLOCKED
    assert row.message.en.startswith("The settings leave out one half of a settlement")


@pytest.fixture
def settled_in_both(host, plugin, two_regions):
    for name in ("Fortnox", "Syd", "Fortnox"):
        imports(host, name)


def changed_in(host, plugin, name, *payments):
    """Import changed payments, and accept the half of that region."""
    plugin.payments = list(payments)
    host.import_payments(name)
    return row_of(host.decide(name, HALF_OF[name], "accept"), HALF_OF[name])


@BOTH_ORDERS
@pytest.mark.parametrize("between", [False, True], ids=["", "saved-between"])
def test_halves_of_two_regions_that_are_redated_one_after_the_other_settle_again(
    host, plugin, settled_in_both, names, between
):
    first, second = names
    later = {one.key.number: one for one in halves(date=NEW_YEAR.replace(day=23))}
    earlier = {one.key.number: one for one in halves()}
    # The customers are learnt from each payment, where they are asked for.
    plugin.source = later
    first_half, second_half = (
        replace(later[HALF_OF[name]], customer_number=None) for name in names
    )
    unchanged = replace(earlier[HALF_OF[second]], customer_number=None)
    assert changed_in(host, plugin, first, first_half, unchanged).status == SETTLED
    host.save(first)
    if between:
        plugin.payments = [first_half, unchanged]
        imports(host, second)
    assert changed_in(host, plugin, second, first_half, second_half).status == SETTLED


@pytest.fixture
def debit_settled(host, two_regions):
    """Save the debit half in its region, while the credit half still waits in the other one."""
    for name in ("Syd", "Fortnox"):
        imports(host, name)


def credit_as_it_is_now(host, plugin, **values):
    debit, credit = halves()
    plugin.payments = [debit, replace(credit, **values)]
    plugin.source = {one.key.number: one for one in plugin.payments}
    return row_of(host.import_payments("Syd"), "12")


def test_a_half_that_is_redated_before_its_region_saves_it_is_no_money(
    host, plugin, debit_settled, store
):
    row = credit_as_it_is_now(host, plugin, date=NEW_YEAR.replace(day=22))
    assert row.status == SETTLED
    assert "belongs to payment 11 on invoice 1001, of the same customer" in row.warning.en
    host.save("Syd")
    assert remaining(store, NOTE) == 0


def test_one_that_changes_otherwise_before_that_is_not_saved_unattended(
    host, plugin, debit_settled
):
    amount = Decimal(-300)
    row = credit_as_it_is_now(host, plugin, amount=amount, amount_currency=amount)
    assert row.status == "partial"
    assert (
        "Payment 11 on invoice 1001 is registered in Fortnox as settled against payment 12"
        in row.warning.en
    )


def test_the_region_of_the_registered_half_is_told_that_the_other_one_is_money(
    host, plugin, debit_settled
):
    assert host.import_payments("Fortnox").notes == ()
    amount = Decimal(-300)
    credit_as_it_is_now(host, plugin, amount=amount, amount_currency=amount)
    host.save("Syd")
    [note] = host.import_payments("Fortnox").notes
    assert note.en.startswith("Payment 11 on invoice 1001 is registered as settled against")
    assert "{source}" not in note.en


def test_nor_is_one_that_is_made_again_of_another_day_before_that(host, plugin, debit_settled):
    credit = halves(date=NEW_YEAR.replace(day=22))[1]
    plugin.payments = [replace(credit, key=replace(credit.key, number="13"))]
    plugin.source = {"11": halves()[0], "13": plugin.payments[0]}
    plugin.deleted = {"12"}
    row = row_of(host.import_payments("Syd"), "13")
    assert row.status == "exact"
    assert "settled against payment 12 on invoice 1101" in row.warning.en


def test_nor_one_whose_other_half_was_deleted_there_before_that(host, plugin, debit_settled):
    credit = halves()[1]
    plugin.payments, plugin.source, plugin.deleted = [credit], {"12": credit}, {"11"}
    row = row_of(host.import_payments("Syd"), "12")
    assert row.status == "exact"
    assert "Payment 11 on invoice 1001 is registered in Fortnox" in row.warning.en


def test_what_is_paid_beside_a_half_that_waits_is_money_without_a_warning(
    host, plugin, debit_settled, store
):
    store.load_invoices([invoice(NOTE, "-1000", region="S")])
    plugin.payments = [*halves(), payment(13, NOTE, "-600")]
    assert row_of(host.import_payments("Syd"), "13").warning.en == "Partial payment"


# --- What keeps both from being saved ---


def test_a_half_that_is_booked_names_the_other_one_as_what_is_not_booked(host, plugin, note):
    debit, credit = halves()
    plugin.excluded = [excluded("not-booked", replace(credit, booked=False))]
    preview = reads(host, plugin, debit)
    assert outcomes(preview) == {"11": BLOCKED, "12": "not-booked"}
    message = "kan inte sparas: utelämnad: not-booked"
    assert f"Den andra halvan, betalning 12, {message}" in row_of(preview, "11").message.sv


# --- A half that is accepted in the place of a deleted payment ---


@pytest.fixture
def replacing(host, plugin, store):
    """Accept a settlement that came where a payment of the invoice was deleted at the source."""
    run_id = saves(host, plugin, payment(1, "1001", "700"))
    plugin.source, plugin.deleted = {}, {"1"}
    assert outcomes(reads(host, plugin, *halves())) == {"11": "replaced", "12": BLOCKED}
    assert outcomes(accepted(host, "11")) == {"11": SETTLED, "12": SETTLED}
    return run_id


@pytest.mark.parametrize("undone", [False, True])
def test_both_halves_stay_accepted_once_the_deleted_payment_is_deleted_here(
    host, replacing, store, undone
):
    if undone:
        host.undo_save(replacing, why="fel")
    else:
        host.delete_payment(next(iter(store.payments())).id, why="borta i Fortnox")
    preview = host.import_payments("Fortnox")
    assert outcomes(preview) == {"11": SETTLED, "12": SETTLED}
    assert preview.counts["ready"] == 2
    host.save("Fortnox")
    assert remaining(store, "1001") == 600


# --- A half that is decided on alone ---


@pytest.fixture
def accepted_settlement(host, plugin):
    """Accept a settlement against a credit note that is not here, and leave it out of a save."""
    reads(host, plugin, *halves())
    accepted(host, "11")
    host.leave_out("Fortnox", ["11"])
    host.save("Fortnox")


def in_force(host):
    return [one.number for one in host.decisions("Fortnox") if one.in_force]


@pytest.mark.parametrize("number", ["11", "12"])
@pytest.mark.parametrize("shown", [True, False])
def test_taking_one_half_back_by_its_id_takes_back_both(host, accepted_settlement, number, shown):
    if shown:
        host.import_payments("Fortnox")
    [taken_back] = [one.id for one in host.decisions("Fortnox") if one.number == number]
    host.take_back("Fortnox", ids=[taken_back])
    assert in_force(host) == []
    assert outcomes(host.import_payments("Fortnox")) == {"11": SETTLED, "12": SETTLED}


def test_a_half_that_is_set_aside_leaves_no_acceptance_of_the_other_one(host, accepted_settlement):
    host.set_aside("Fortnox", ["11"])
    assert in_force(host) == ["11"]
    assert host.import_payments("Fortnox").counts["ready"] == 0


def test_a_half_is_not_saved_where_the_other_one_is_no_longer_accepted(
    host, plugin, accepted_settlement, store
):
    store.load_invoices([invoice("1003")])
    debit, credit = halves()
    preview = reads(host, plugin, replace(debit, invoice_number="1003"), credit)
    assert outcomes(preview) == {"11": SETTLED, "12": BLOCKED}
    assert "11, kan inte sparas: den är inte godkänd" in row_of(preview, "12").message.sv
    assert accepted(host, "11").counts["ready"] == 2


def test_a_half_is_not_saved_before_the_other_one_is_fetched_again(host, plugin):
    debit, credit = halves()
    saves(host, plugin, debit, credit)
    plugin.confirms = False
    reads(host, plugin, credit)
    assert outcomes(accepted(host, "12")) == {"11": SETTLED, "12": BLOCKED}
    assert host.save("Fortnox").counts["ready"] == 0
    plugin.confirms = True
    assert host.import_payments("Fortnox").counts["ready"] == 2


def test_accepting_a_replacement_keeps_the_accepted_change_of_its_other_half(host, plugin, note):
    debit, credit = halves()
    before = payment(5, NOTE, "-400", date=NEW_YEAR, customer_number="7")
    saves(host, plugin, replace(debit, date=NEW_YEAR), before)
    plugin.source, plugin.deleted = {}, {"5"}
    assert outcomes(reads(host, plugin, debit, credit)) == {"11": CHANGED, "12": "replaced"}
    assert outcomes(accepted(host, "11", "12")) == {"11": SETTLED, "12": SETTLED}
    assert host.save("Fortnox").counts["ready"] == 2


def test_a_half_is_set_aside_beside_one_that_is_left_out(host, plugin, note):
    debit, credit = halves()
    reads(host, plugin, debit, credit)
    host.leave_out("Fortnox", ["11"])
    plugin.excluded = [excluded("not-booked", replace(credit, booked=False))]
    reads(host, plugin, debit)
    assert outcomes(host.set_aside("Fortnox", ["12"])) == {"12": "set-aside"}


def test_a_half_that_is_left_out_is_included_though_the_other_one_is_not_taken_again(
    host, plugin, store, note
):
    settled(host, plugin)
    for one in store.payments():
        host.delete_payment(one.id, why="fel")
    reads(host, plugin, *halves())
    host.decide("Fortnox", "11", "take-again")
    host.leave_out("Fortnox", ["11"])
    [other] = [one.id for one in host.decisions("Fortnox") if one.number == "12"]
    host.take_back("Fortnox", ids=[other])
    assert outcomes(host.take_in("Fortnox", ["11"])) == {"11": BLOCKED, "12": "deleted-in-host"}
