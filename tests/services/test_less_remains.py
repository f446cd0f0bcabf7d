"""Rule 24: less remains of a booked invoice there than here, and its payments do not explain it."""

from decimal import Decimal

import pytest
from fake_plugin import AnsweringPlugin, balance, euro, excluded, invoice, payment, unreadable
from host_and_plugin import import_and_save


@pytest.fixture
def invoices():
    return [
        invoice("1001"),
        invoice("1002"),
        invoice("1009", "-1000"),
        invoice("2001", "500", "EUR"),
    ]


@pytest.fixture
def plugin():
    return AnsweringPlugin()


def told(preview):
    return [(one.remaining, one.balance) for one in preview.discrepancies()]


# Each case is the payments that are registered, those that are there now, and what remains there;
# then what remains here if less remains there without a reason, else None.
PART = payment(1, amount="400")
EURO = euro(1, amount="100")
UNBOOKED = excluded("not-booked", payment(1, amount="400", booked=False))
CASES = {
    "credited": ([], [], balance("1001", 600), 1000),
    "credited, a part paid": ([PART], [PART], balance("1001", 500), 600),
    "registered": ([PART], [PART], balance("1001", 600), None),
    "not brought in": ([], [PART], balance("1001", 600), None),
    "not brought in, and credited": ([], [PART], balance("1001", 300), 600),
    "not booked": ([], [UNBOOKED], balance("1001", 600), 1000),
    "not booked, but ready": (
        [],
        [payment(1, amount="400", booked=False)],
        balance("1001", 600),
        1000,
    ),
    "changed there": ([PART], [payment(1, amount="450")], balance("1001", 550), None),
    "changed and credited": ([PART], [payment(1, amount="450")], balance("1001", 500), 600),
    "unreadable": ([], [unreadable("1", invoice="1001")], balance("1001", 600), None),
    "unreadable, on a credit note": (
        [],
        [unreadable("1", invoice="1009")],
        balance("1009", 0, "-1000"),
        None,
    ),
    "of another currency": ([], [euro(1, "1001", "40", "10")], balance("1001", 600), None),
    "of another, and credited": (
        [],
        [euro(1, "1001", "40", "10")],
        balance("1001", 500),
        1000,
    ),
    "of no known rate": ([], [payment(1, "2001")], balance("2001", 400, "500", "EUR"), None),
    "in euro": ([], [EURO], balance("2001", 400, "500", "EUR"), None),
    "in euro, and credited": ([], [EURO], balance("2001", 300, "500", "EUR"), 400),
    "the invoice in another currency there": ([], [], balance("2001", 0, "500"), None),
    "refunded here, too": (
        [payment(1, amount="400"), payment(2, amount="-200")],
        [],
        balance("1001", 800),
        None,
    ),
    "a refund arrives": ([PART], [payment(2, amount="-200")], balance("1001", 800), None),
    "a refund, and credited": ([PART], [payment(2, amount="-200")], balance("1001", 600), 800),
    "more remains there": ([PART], [], balance("1001", 700), None),
    "a credit note": ([], [], balance("1009", 0, "-1000"), -1000),
    "a credit note, settled": ([], [payment(1, "1009", "-1000")], balance("1009", 0), None),
    "not booked there": ([], [], balance("1001", 0, booked=False), None),
    "paid twice": ([payment(1)], [payment(1), payment(2)], balance("1001", -1000), None),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request, host, plugin):
    before, there, remains, expected = request.param
    import_and_save(host, plugin, *before)
    plugin.payments = [one for one in there if hasattr(one, "booked")]
    plugin.excluded = [one for one in there if not hasattr(one, "booked")]
    plugin.unpaid = [remains]
    return remains.invoice_number, expected, remains.balance


def test_an_import_tells_it(host, case):
    _, here, there = case
    assert told(host.import_payments("Fortnox")) == ([] if here is None else [(here, there)])


def test_whoever_asks_about_the_invoice_is_told_the_same(host, case):
    number, here, _ = case
    summary = host.why(number).summary.en
    assert ("left to pay in" in summary) is (here is not None)


# --- What was deleted, undone, typed or made again ---


def test_a_payment_that_is_deleted_here_explains_it(host, store, plugin):
    import_and_save(host, plugin, PART)
    [entry] = store.payments()
    host.delete_payment(entry.id, why="fel")
    plugin.payments, plugin.unpaid = [PART], [balance("1001", 600)]
    assert told(host.import_payments("Fortnox")) == []
    assert "left to pay in" not in host.why("1001").summary.en


def test_so_does_one_that_is_deleted_while_a_preview_is_open(host, plugin):
    import_and_save(host, plugin, PART)
    run_id = host.store.db.execute("SELECT id FROM runs").fetchone()["id"]
    plugin.payments, plugin.unpaid = [payment(2, "1002")], [balance("1001", 600)]
    host.import_payments("Fortnox")
    host.undo_save(run_id, why="fel")
    assert told(host.leave_out("Fortnox", ["2"])) == []


@pytest.mark.parametrize(
    ("remain", "expected"),
    [((1000, 600), []), ((500, 300), [(600, 500), (1000, 300)])],
    ids=["as it was moved", "credited beside it"],
)
def test_a_payment_that_was_moved_there_explains_its_own_amount_on_both_invoices(
    host, plugin, remain, expected
):
    import_and_save(host, plugin, PART)
    plugin.payments = [payment(1, "1002", amount="400")]
    plugin.unpaid = [balance("1001", remain[0]), balance("1002", remain[1])]
    assert told(host.import_payments("Fortnox")) == expected
    for number in ("1001", "1002"):
        assert ("left to pay in" in host.why(number).summary.en) is bool(expected)


def test_what_was_credited_beside_a_save_that_was_undone_is_told(host, plugin):
    import_and_save(host, plugin, PART)
    run_id = host.store.db.execute("SELECT id FROM runs").fetchone()["id"]
    plugin.payments, plugin.unpaid = [PART], [balance("1001", 500)]
    host.undo_save(run_id, why="fel")
    assert told(host.import_payments("Fortnox")) == [(1000, 500)]
    assert "left to pay in" in host.why("1001").summary.en


def test_a_payment_that_may_have_been_typed_already_explains_nothing(host, plugin):
    host.add_payment("1001", Decimal(400), date=PART.date, confirm=True)
    plugin.payments, plugin.unpaid = [PART], [balance("1001", 300)]
    assert told(host.import_payments("Fortnox")) == [(600, 300)]
    assert "left to pay in" in host.why("1001").summary.en


def test_one_that_takes_the_place_of_a_deleted_one_takes_nothing_more(host, plugin):
    import_and_save(host, plugin, PART)
    plugin.deleted, plugin.unpaid = {"1"}, [balance("1001", 500)]
    plugin.payments = [payment(3, amount="400")]
    host.import_payments("Fortnox")
    preview = host.decide("Fortnox", "3", "accept")
    assert told(preview) == [(600, 500)]
    assert "left to pay in" in host.why("1001").summary.en


def test_a_registered_payment_that_is_deleted_there_is_not_what_was_credited(host, plugin):
    import_and_save(host, plugin, PART, payment(2, amount="100"))
    plugin.deleted, plugin.unpaid = {"1"}, [balance("1001", 550)]
    codes = [one.code for one in host.import_payments("Fortnox").discrepancies()]
    assert codes == ["deleted-at-source"]
    assert "left to pay in" not in host.why("1001").summary.en
