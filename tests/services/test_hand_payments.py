"""A person registers payments, and deletes them; nothing is taken out of the books."""

from datetime import date
from decimal import Decimal

import pytest
from fake_plugin import invoice, payment
from host_and_plugin import (
    NOON,
    books,
    import_and_save,
    outcomes,
    preview_of,
    refusal,
    remaining,
)


@pytest.fixture
def invoices():
    return [
        invoice("1001"),
        invoice("1001", "700", region="Syd"),
        invoice("2001", "100", "Eur"),
        invoice("3001", "-500"),
        invoice("4001", period_closed=False),
    ]


def last(store):
    return max(store.payments(), key=lambda row: row.id)


@pytest.mark.parametrize(
    ("number", "amount", "status", "left"),
    [
        ("1001", "1000", "exact", "0"),
        ("1001", "400", "partial", "600"),
        ("1001", "1100", "advance", "-100"),
        ("1001", "-100", "reversal", "1100"),
        ("3001", "-500", "exact", "0"),
        ("3001", "-100", "partial", "-400"),
        ("3001", "100", "reversal", "-600"),
    ],
)
def test_a_payment_by_hand_is_judged_as_any_other(host, store, *, number, amount, status, left):
    host.add_payment(number, Decimal(amount), confirm=True)
    assert (last(store).status, remaining(store, number)) == (status, Decimal(left))


def test_it_says_that_it_was_typed_when_and_where_the_money_came_in(host, store):
    host.add_payment("1001", Decimal(1), bank_account="5555-1234", date=date(2026, 1, 7))
    row = last(store)
    assert (row.origin, row.state, row.source) == ("hand", "registered", "hand")
    assert (row.payment_date, row.bank_account) == (date(2026, 1, 7), "5555-1234")


def test_its_date_is_today_unless_told(host, store):
    host.add_payment("1001", Decimal(1))
    assert last(store).payment_date == NOON.date()


def test_its_invoice_is_of_the_region_that_was_given(host, store):
    host.add_payment("1001", Decimal(700), region="Syd")
    left = {one.region: one.remaining for one in store.invoices() if one.number == "1001"}
    assert left == {"": 1000, "Syd": 0}


def test_what_is_already_paid_can_be_typed_all_the_same(host, store):
    host.add_payment("1001", Decimal(1000))
    host.add_payment("1001", Decimal(10), confirm=True)
    assert (last(store).status, remaining(store)) == ("advance", -10)


def test_no_accepted_deviation_is_written_off_by_hand(host, store):
    store.set_setting("accepted_deviation", "5")
    host.add_payment("1001", Decimal(997))
    assert (last(store).status, remaining(store)) == ("partial", 3)


def test_an_amount_in_another_currency_counts_in_sek_by_the_rate(host, store):
    rate = Decimal("11.2345")
    host.add_payment("2001", Decimal("33.33"), currency="EUR", rate=rate, confirm=True)
    row = last(store)
    assert (row.amount, row.amount_currency, row.currency) == (
        Decimal("374.45"),
        Decimal("33.33"),
        "EUR",
    )
    assert remaining(store, "2001") == Decimal("66.67")


@pytest.mark.parametrize(
    ("number", "amount", "more", "code"),
    [
        ("9999", "1", {}, "INVOICE_UNKNOWN"),
        ("1001", "1", {"region": "Nord"}, "INVOICE_UNKNOWN"),
        ("4001", "1", {}, "PAYMENT_PERIOD_OPEN"),
        ("1001", "0", {}, "PAYMENT_AMOUNT"),
        ("1001", "0.001", {}, "PAYMENT_AMOUNT"),
        ("1001", "NaN", {}, "PAYMENT_AMOUNT"),
        ("1001", "Infinity", {}, "PAYMENT_AMOUNT"),
        ("1001", "1e13", {}, "PAYMENT_TOO_LARGE"),
        ("", "1", {}, "INVOICE_NEEDED"),
        (" ", "1", {}, "INVOICE_NEEDED"),
        ("2001", "1", {"rate": Decimal(2_000_000)}, "PAYMENT_RATE"),
        ("1001", "1", {"currency": "EUR"}, "PAYMENT_CURRENCY"),
        ("1001", "1", {"rate": Decimal(11)}, "PAYMENT_RATE"),
        ("2001", "1", {}, "PAYMENT_RATE"),
        ("2001", "1", {"currency": "SEK"}, "PAYMENT_CURRENCY"),
        ("2001", "1", {"rate": Decimal(0)}, "PAYMENT_RATE"),
        ("2001", "1", {"rate": Decimal("NaN")}, "PAYMENT_RATE"),
        ("2001", "1", {"rate": Decimal("1e-13")}, "PAYMENT_RATE"),
    ],
)
def test_what_cannot_be_registered_is_refused_and_leaves_nothing(
    host, store, *, number, amount, more, code
):
    assert refusal(lambda: host.add_payment(number, Decimal(amount), **more)).code == code
    assert books(store) == []


def test_a_deleted_payment_stays_and_says_by_whom_when_and_why(host, store):
    its = host.add_payment("1001", Decimal(400))
    host.delete_payment(its, why=" fel \n faktura ")
    row = last(store)
    assert (row.state, row.deleted_by, row.deleted_at, row.deleted_why) == (
        "deleted",
        "kim",
        NOON,
        "fel faktura",
    )
    assert remaining(store) == 1000


def test_a_payment_by_hand_that_was_deleted_is_offered_by_no_import(host, plugin):
    host.delete_payment(host.add_payment("1001", Decimal(400)), why="fel")
    assert outcomes(host.import_payments("Fortnox")) == {}


def test_only_what_is_registered_can_be_deleted(host, store, plugin):
    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, amount="900"))
    host.decide("Fortnox", "1", "accept")
    host.save()
    old, reversal, new = (row.id for row in store.payments())
    for its in (old, reversal):
        act = lambda its=its: host.delete_payment(its, why="fel")  # noqa: E731
        assert refusal(act).code == "PAYMENT_NOT_DELETED"
    host.delete_payment(new, why="fel")
    assert refusal(lambda: host.delete_payment(new, why="fel")).code == "PAYMENT_NOT_DELETED"
    assert remaining(store) == 1000


@pytest.mark.parametrize(
    ("its", "why", "code"), [(1, " ", "WHY_NEEDED"), (77, "fel", "REGISTERED_UNKNOWN")]
)
def test_deleting_needs_a_payment_and_a_reason(host, store, its, why, code):
    host.add_payment("1001", Decimal(400))
    assert refusal(lambda: host.delete_payment(its, why=why)).code == code
    assert remaining(store) == 600


def test_what_is_deleted_counts_in_no_sum(host, store, plugin):
    """Neither among the registered ones that others are told of."""
    import_and_save(host, plugin, payment(1))
    host.delete_payment(1, why="fel")
    assert list(store.registered()) == []


def test_what_fails_half_way_leaves_nothing(host, store, plugin, monkeypatch):
    """Typing, deleting and the save of an accepted change are each one transaction."""

    def fails(*_):
        raise RuntimeError("no")

    import_and_save(host, plugin, payment(1))
    preview_of(host, plugin, payment(1, amount="900"))
    host.decide("Fortnox", "1", "accept")
    before = "\n".join(store.db.iterdump())
    monkeypatch.setattr("hostsim.storage.hand_payments.lower_balance", fails)
    monkeypatch.setattr("hostsim.storage.decisions.mark_applied", fails)
    for act in (
        lambda: host.add_payment("1001", Decimal(1), confirm=True),
        lambda: host.delete_payment(1, why="fel"),
        host.save,
    ):
        with pytest.raises(RuntimeError):
            act()
    assert "\n".join(store.db.iterdump()) == before
