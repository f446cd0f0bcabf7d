"""What `why` says of registered payments that are gone, and of invoices that are settled there."""

from decimal import Decimal

import pytest
from fake_plugin import AnsweringPlugin, balance, invoice, payment
from host_and_plugin import import_and_save, preview_of


@pytest.fixture
def invoices():
    return [invoice("1001"), invoice("1002")]


@pytest.fixture
def plugin():
    return AnsweringPlugin()


def test_a_registered_payment_that_was_deleted_there_is_said_to_be(host, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    found = host.why("1001")
    [one] = found.payments
    assert (one.outcome, one.reason) == ("registered", "deleted-at-source")
    assert "delete it here, too" in one.to_do.en
    counted = "if what is registered here but was deleted in Pretend counts."
    assert found.summary.en.endswith(f"remains to pay, {counted}")


def test_what_was_deleted_there_is_said_of_the_invoice_that_it_paid_alone(host, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.deleted = {"1"}
    plugin.unpaid = [balance("1001", "1000")]
    preview = host.import_payments("Fortnox")
    assert [one.payment_number for one in preview.discrepancies()] == ["1"]
    found = host.why("1002")
    assert found.payments == ()
    assert "leta i Låtsas efter en inbetalning" in found.summary.sv


@pytest.mark.parametrize("saved_since", [True, False])
@pytest.mark.parametrize("offline", [True, False])
def test_a_rejected_payment_that_an_import_found_deleted_there_needs_nothing_more(
    host, plugin, saved_since, offline
):
    import_and_save(host, plugin, payment(1), payment(2))
    plugin.deleted = {"2"}
    preview = host.import_payments("Fortnox")
    assert preview.deleted == ("2",)
    if saved_since:
        host.save("Fortnox")
    [_, one] = host.why("1001", offline=offline).payments
    assert (one.number, one.outcome, one.reason) == ("2", "deleted-in-fortnox", None)
    assert "ingenting behöver göras" in one.to_do.sv


def test_nobody_is_reported_to_pay_back_what_was_only_made_again(host, plugin):
    import_and_save(host, plugin, payment(1, amount="1000"))
    plugin.payments, plugin.deleted = [payment(2, amount="1000")], {"1"}
    reported = {one.number: one.reason for one in host.why("1001").payments}
    assert reported == {"1": "deleted-at-source", "2": "replaced"}


def test_a_registered_payment_that_was_moved_there_says_where_it_is_now(host, plugin):
    import_and_save(host, plugin, payment(1, amount="400"))
    plugin.payments = [payment(1, "1002", amount="400")]
    [one] = host.why("1001").payments
    assert one.number == "1"
    assert one.outcome == "gone-from-invoice"


def test_an_invoice_that_was_credited_there_sends_nobody_looking_for_money(host, plugin):
    plugin.unpaid = [balance("1001", Decimal(0))]
    found = host.why("1001")
    assert found.balance == 0
    assert "återstår 0,00 SEK i Låtsas men 1\N{NO-BREAK SPACE}000,00 SEK här" in found.summary.sv
    assert "leta i Låtsas" not in found.summary.sv


def test_an_invoice_that_is_open_on_both_sides_says_where_to_look(host, plugin):
    plugin.unpaid = [balance("1001", Decimal(1000))]
    assert "leta i Låtsas" in host.why("1001").summary.sv


def test_a_payment_that_was_not_brought_in_yet_explains_the_balance(host, plugin):
    plugin.payments = [payment(1, amount="1000")]
    plugin.unpaid = [balance("1001", Decimal(0))]
    assert "krediterad" not in host.why("1001").summary.sv


def test_an_invoice_that_was_settled_against_a_credit_note_waits_for_no_money(host, plugin):
    plugin.payments = [
        payment(1, "1001", customer_number="7"),
        payment(2, "8001", "-1000", date=payment(1).date, customer_number="7"),
    ]
    host.import_payments("Fortnox")
    found = host.why("1001")
    assert [one.reason for one in found.payments] == ["settled-against-credit"]
    assert "inga pengar väntar" in found.summary.sv
    host.set_aside("Fortnox", ["1"])
    host.save("Fortnox")
    assert "settled-against-credit" in {one.reason for one in host.why("1001").payments}


@pytest.mark.parametrize("asked_by_an_import", [True, False])
@pytest.mark.parametrize("offline", [True, False])
def test_what_is_deleted_here_and_there_is_not_to_be_taken_again(
    host, store, plugin, asked_by_an_import, offline
):
    import_and_save(host, plugin, payment(1))
    [entry] = store.payments()
    host.delete_payment(entry.id, why="fel")
    plugin.deleted = {"1"}
    if asked_by_an_import:
        assert host.import_payments("Fortnox").deleted == ("1",)
    [one] = host.why("1001", offline=offline).payments
    known = asked_by_an_import or not offline
    assert ("ta in den på nytt" not in one.to_do.sv) is known
    assert (one.outcome == "deleted-in-fortnox") is asked_by_an_import


@pytest.mark.parametrize("imported_since", [True, False])
@pytest.mark.parametrize("offline", [True, False])
def test_what_is_deleted_here_as_the_import_advised_needs_nothing_more(
    host, store, plugin, imported_since, offline
):
    import_and_save(host, plugin, payment(1))
    plugin.deleted, plugin.unpaid = {"1"}, [balance("1001", Decimal(1000))]
    [found] = host.import_payments("Fortnox").discrepancies()
    assert found.code == "deleted-at-source"
    [entry] = store.payments()
    host.delete_payment(entry.id, why="borta")
    if imported_since:
        host.import_payments("Fortnox")
        host.save("Fortnox")
        host.import_payments("Fortnox")
    [one] = host.why("1001", offline=offline).payments
    assert (one.outcome, one.reason) == ("deleted-in-fortnox", None)
    assert "ingenting behöver göras" in one.to_do.sv


@pytest.mark.parametrize("offline", [True, False])
def test_nor_does_one_that_was_deleted_there_and_whose_save_is_undone(host, plugin, offline):
    run_id = import_and_save(host, plugin, payment(1)).run_id
    plugin.deleted, plugin.unpaid = {"1"}, [balance("1001", Decimal(1000))]
    host.import_payments("Fortnox")
    host.undo_save(run_id, why="fel")
    [one] = host.why("1001", offline=offline).payments
    assert one.outcome == "deleted-in-fortnox"


def test_one_that_is_there_again_may_be_taken_again(host, store, plugin):
    import_and_save(host, plugin, payment(1))
    plugin.deleted, plugin.unpaid = {"1"}, [balance("1001", Decimal(1000))]
    host.import_payments("Fortnox")
    [entry] = store.payments()
    host.delete_payment(entry.id, why="borta")
    plugin.deleted, plugin.payments = set(), [payment(1)]
    [one] = host.why("1001").payments
    assert (one.outcome, one.reason) == ("deleted", "deleted-in-host")


# --- Without asking: what the last import found ---


def reasons(host, number):
    return [
        (one.number, one.outcome, one.reason) for one in host.why(number, offline=True).payments
    ]


def test_offline_a_registered_payment_that_was_changed_there_says_both_values(host, plugin):
    import_and_save(host, plugin, payment(1))
    plugin.payments = [payment(1, amount="900")]
    host.import_payments("Fortnox")
    [one] = host.why("1001", offline=True).payments
    assert (one.outcome, one.reason) == ("registered", "changed-in-fortnox")
    assert all(value in one.message.en for value in ("1,000", "900"))
    assert "then accept it" in one.to_do.en


def test_offline_what_waits_since_the_last_save_is_said_as_well(host, plugin):
    import_and_save(host, plugin, payment(1))
    import_and_save(host, plugin, payment(1, amount="900"))
    assert reasons(host, "1001") == [("1", "registered", "changed-in-fortnox")]
    host.import_payments("Fortnox")
    host.decide("Fortnox", "1", "keep")
    host.save("Fortnox")
    assert reasons(host, "1001") == [("1", "registered", None)]


def test_offline_a_payment_that_was_made_again_says_so_on_both(host, plugin):
    import_and_save(host, plugin, payment(1))
    plugin.payments, plugin.deleted = [payment(2)], {"1"}
    host.import_payments("Fortnox")
    assert reasons(host, "1001") == [
        ("1", "registered", "deleted-at-source"),
        ("2", "rejected", "replaced"),
    ]
    assert reasons(host, "1002") == []
    host.save("Fortnox")
    assert reasons(host, "1001")[0] == ("1", "registered", "deleted-at-source")


def test_offline_a_payment_that_moved_is_said_to_have_moved_on_both_invoices(host, plugin):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, "1002"))
    assert reasons(host, "1001") == [("1", "registered", "changed-in-fortnox")]
    assert reasons(host, "1002") == [("1", "registered", "changed-in-fortnox")]
