"""What is known of customers and suppliers is stored whole, however many there are."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest

from opter_fortnox_plugin.exports import card_cache
from opter_fortnox_plugin.exports.card_cache import CardCache
from opter_fortnox_plugin.fortnox.party_schemas import Customer

#: The length of a state value here.
MAX_LENGTH = 500


@pytest.fixture(autouse=True)
def short_values(monkeypatch):
    monkeypatch.setattr(card_cache, "MAX_STATE_LENGTH", MAX_LENGTH)


class Killed(BaseException):
    """The process ends."""


class StateHost:
    """Stores state values; after ``most`` of them the process is killed."""

    def __init__(self):
        self.values = {}
        self.most = None

    def get_state(self, key):
        return self.values.get(key)

    def set_state(self, key, value):
        if self.most == 0:
            raise Killed
        self.most = self.most and self.most - 1
        assert len(value) <= MAX_LENGTH
        self.values[key] = value


def customer(number):
    return Customer(str(number), name=f"Kund {number}")


def cache_of(host):
    cache = CardCache(host, "cards/customers/77")
    cache.load()
    cache.watermark(datetime(2026, 11, 2, tzinfo=UTC))
    return cache


def store(host, numbers):
    cache = cache_of(host)
    for number in numbers:
        cache.remember(customer(number), f"Nord/{number}", "SEVAT")
    cache.store()


def unknown(host, numbers):
    cache = cache_of(host)
    return [number for number in numbers if cache.owners(str(number)) != (f"Nord/{number}",)]


def test_whose_each_record_is_is_known_of_a_thousand():
    host = StateHost()
    store(host, range(1000))
    assert unknown(host, range(1000)) == []
    assert cache_of(host).vat_type(customer(999), "Nord/999") == "SEVAT"


@pytest.mark.parametrize("most", [0, 1, 31, 32, 33, 63])
def test_a_store_that_is_killed_while_it_grows_loses_nothing(most):
    host = StateHost()
    store(host, range(100))
    host.most = most
    with suppress(Killed):
        store(host, range(100, 200))
    host.most = None
    assert unknown(host, range(100)) == []


def test_a_smaller_cache_leaves_nothing_of_an_earlier_one():
    host = StateHost()
    store(host, range(200))
    cache = cache_of(host)
    cache.forget_all()
    cache.remember(customer(7), "Nord/7", "EXPORT")
    cache.store()
    again = cache_of(host)
    assert again.owners("7") == ("Nord/7",)
    assert again.vat_type(customer(8), "Nord/8") is None


def test_a_number_that_is_used_up_stays_so_whatever_is_forgotten_of_its_record():
    host = StateHost()
    store(host, [1])
    cache = cache_of(host)
    cache.mark_used_up("1")
    cache.forget("1")
    cache.store()
    assert cache_of(host).is_used_up("1")
