"""Two import types of one company number their payments alike: they are two payments."""

import json
from decimal import Decimal

import pytest
from fake_plugin import AnsweringPlugin, excluded, invoice, payment
from host_and_plugin import host_of, outcomes, remaining

from hostsim.ledger.reconciliation import KINDS
from hostsim.storage.previews import PreviewChanged
from hostsim.views.payments import REGISTERED_PAYMENTS
from hostsim.views.table import as_object
from opter_contract.values import PaymentKey


@pytest.fixture
def invoices():
    return [invoice("1001", "1000"), invoice("1002", "500")]


@pytest.fixture
def plugins():
    return {"Fortnox": AnsweringPlugin(), "Bank": AnsweringPlugin(code="Bank")}


@pytest.fixture
def host(store, plugins):
    """Return a host whose two imports each registered a number 7, on different invoices."""
    host = host_of(store, *plugins.values())
    for name, import_type in (("Fortnox", "Fake"), ("Bank", "Bank"), ("Again", "Fake")):
        host.define(name, import_type, "API", "", {})
    reads(host, plugins, "Fortnox", payment(7, "1001", "400"))
    host.save("Fortnox")
    assert outcomes(reads(host, plugins, "Bank", payment(7, "1002", "300"))) == {"7": "partial"}
    host.save("Bank")
    return host


def reads(host, plugins, name, *payments):
    plugin = plugins["Bank" if name == "Bank" else "Fortnox"]
    plugin.payments = list(payments)
    plugin.source = {one.key.number: one for one in payments}
    return host.import_payments(name)


def test_both_are_registered_each_under_its_own_key(host, store):
    keys = {one.payment.key: one.payment.amount for one in store.registered()}
    assert keys == {
        PaymentKey("77", "7", "Fake"): Decimal(400),
        PaymentKey("77", "7", "Bank"): Decimal(300),
    }
    assert (remaining(store, "1001"), remaining(store, "1002")) == (600, 200)


def test_the_json_of_each_names_its_import_type(host, store):
    objects = [as_object(REGISTERED_PAYMENTS, one, "sv") for one in store.payments()]
    assert {(one["import_type"], one["company"], one["payment_number"]) for one in objects} == {
        ("Fake", "77", "7"),
        ("Bank", "77", "7"),
    }
    assert json.dumps(objects)
    host.add_payment("1001", Decimal(1), date=payment(1).date)
    again = [as_object(REGISTERED_PAYMENTS, one, "sv") for one in store.payments()]
    assert {one["import_type"] for one in again} == {
        None, "Fake", "Bank",
    }  # fmt: skip


def test_a_change_is_compared_with_the_payment_of_its_own_type(host, store, plugins):
    assert outcomes(reads(host, plugins, "Bank", payment(7, "1002", "301"))) == {
        "7": "changed-in-fortnox"
    }
    host.decide("Bank", "7", "accept")
    host.save("Bank")
    assert (remaining(store, "1001"), remaining(store, "1002")) == (600, 199)


def test_a_decision_of_one_says_nothing_of_the_other(host, plugins):
    late = payment(8, "9999", "5")
    reads(host, plugins, "Fortnox", late)
    host.set_aside("Fortnox", ["8"])
    assert outcomes(reads(host, plugins, "Bank", late)) == {"8": "invoice-not-found"}
    assert [one.number for one in host.decisions("Bank")] == []


def test_a_deletion_of_one_offers_nothing_to_the_other(host, store, plugins):
    [its] = [one.id for one in store.payments() if one.import_type == "Bank"]
    host.delete_payment(its, why="fel")
    assert outcomes(reads(host, plugins, "Fortnox", payment(7, "1001", "400"))) == {
        "7": "already-imported"
    }
    assert outcomes(reads(host, plugins, "Bank", payment(7, "1002", "300"))) == {
        "7": "deleted-in-host"
    }


def test_a_second_definition_of_the_type_and_company_knows_what_the_first_registered(
    host, store, plugins
):
    same = payment(7, "1001", "400")
    assert outcomes(reads(host, plugins, "Again", same)) == {"7": "already-imported"}
    assert outcomes(reads(host, plugins, "Again", payment(7, "1001", "500"))) == {
        "7": "changed-in-fortnox"
    }
    host.save("Again")
    assert remaining(store) == 600


def test_two_definitions_that_show_the_same_payment_save_it_once(host, store, plugins):
    new = payment(9, "1001", "100")
    for name in ("Fortnox", "Again"):
        assert outcomes(reads(host, plugins, name, new)) == {"9": "partial"}
    host.save("Fortnox")
    with pytest.raises(PreviewChanged) as changed:
        host.save("Again")
    assert outcomes(changed.value.preview) == {"9": "already-imported"}
    host.save("Again")
    assert remaining(store) == 500


@pytest.mark.parametrize("name", ["Fortnox", "Bank"])
def test_a_comparison_sees_the_payments_of_its_own_type_alone(host, name):
    with host.reconcile(name) as found:
        assert [found.totals.count(kind) for kind in KINDS] == [1, 0, 0, 0]


def test_why_tells_a_number_of_another_type_as_another_payment(host, plugins):
    reads(host, plugins, "Bank", payment(9, "1001", "50"))
    host.save("Bank")
    reads(host, plugins, "Fortnox", payment(7, "1001", "400"), payment(9, "1001", "60"))
    plugins["Bank"].payments = []
    found = host.why("1001", "Fortnox")
    reported = {
        (one.number, one.outcome, one.here[0].import_type if one.here else None)
        for one in found.payments
    }
    assert reported == {
        ("7", "registered", "Fake"),
        ("9", "in-preview", None),
        ("9", "registered", "Bank"),
    }
    assert all(one.to_do is None for one in found.payments if one.outcome == "registered")


def test_a_payment_that_waits_for_one_type_does_not_for_the_other(host, plugins):
    plugins["Bank"].excluded = [excluded("not-booked", payment(12, "1002", "5", booked=False))]
    reads(host, plugins, "Bank")
    host.save("Bank")
    assert outcomes(reads(host, plugins, "Fortnox")) == {}
