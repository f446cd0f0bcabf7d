"""A payment equal to one typed by hand comes in only when a person says that it is another one."""

from decimal import Decimal

import pytest
from fake_plugin import invoice, payment
from host_and_plugin import outcomes, preview_of

DAY = payment(1).date
DOUBTFUL = "possibly-registered-already"


@pytest.fixture
def invoices():
    return [invoice("1001", "2000")]


def same(number):
    return payment(number, amount="300", date=DAY)


@pytest.fixture
def host(host):
    """Type 300 of an invoice of 2,000 by hand."""
    host.add_payment("1001", Decimal(300), date=DAY)
    return host


def read(host, plugin, *numbers):
    return preview_of(host, plugin, *[same(number) for number in numbers])


def test_both_can_be_confirmed_beside_the_same_one(host, plugin):
    read(host, plugin, 11, 12)
    host.decide("Fortnox", "11", "confirm")
    assert outcomes(host.decide("Fortnox", "12", "confirm")) == {"11": "partial", "12": "partial"}


def test_what_was_set_aside_as_the_one_by_hand_uses_it_up(host, plugin):
    read(host, plugin, 11, 12)
    assert outcomes(host.set_aside("Fortnox", ["11"])) == {"11": "set-aside", "12": "partial"}


def test_a_confirmation_stands_when_the_other_one_is_set_aside_as_the_one_by_hand(host, plugin):
    read(host, plugin, 11, 12)
    host.decide("Fortnox", "11", "confirm")
    host.decide("Fortnox", "12", "confirm")
    host.take_back("Fortnox", ["11"])
    assert outcomes(host.set_aside("Fortnox", ["11"])) == {"11": "set-aside", "12": "partial"}


def test_one_that_was_deleted_and_is_taken_again_does_not_use_it_up(host, plugin):
    read(host, plugin, 11)
    host.decide("Fortnox", "11", "confirm")
    host.save("Fortnox")
    host.delete_payment(2, why="fel")
    read(host, plugin, 11, 12)
    preview = host.decide("Fortnox", "11", "take-again")
    assert outcomes(preview) == {"11": DOUBTFUL, "12": "partial"}
    preview = host.decide("Fortnox", "11", "confirm")
    assert outcomes(preview) == {"11": "partial", "12": DOUBTFUL}
