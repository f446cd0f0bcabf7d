"""A whole list misses no row, whatever moves while its pages are read."""

import pytest

from opter_fortnox_plugin.errors import Unavailable
from opter_fortnox_plugin.exports.lists import ROUNDS, Lists
from opter_fortnox_plugin.fortnox.protocol import SUPPLIER_INVOICES, Page


class Here:
    """A pool that does everything at once."""

    def submit(self, ask):
        return ask()

    def result(self, future):
        return future

    def run(self, ask):
        return ask()


class Pages:
    """A client whose list gets rows at its front while it is read."""

    def __init__(self, count, *, size=2, at_each_request=(), total=None):
        self.rows, self.size, self.total = list(range(count)), size, total
        self.coming, self.requests = list(at_each_request), 0

    def page(self, _resource, query):
        start = (int(query["page"]) - 1) * self.size
        total = len(self.rows) if self.total is None else self.total
        page = Page(self.rows[start : start + self.size], total, -(-len(self.rows) // self.size))
        self.requests += 1
        if self.coming and self.coming.pop(0):
            self.rows.insert(0, -len(self.coming) - 1)
        return page


def whole(client):
    return Lists(client, Here()).start(SUPPLIER_INVOICES)()


def test_a_quiet_list_is_read_once():
    client = Pages(5)
    assert whole(client) == [0, 1, 2, 3, 4]
    assert client.requests == 3


def test_a_row_that_moves_to_another_page_is_read_all_the_same():
    client = Pages(4, at_each_request=[True])
    assert set(whole(client)) >= {0, 1, 2, 3}


def test_a_list_that_never_rests_ends_the_export():
    with pytest.raises(Unavailable) as caught:
        whole(Pages(4, at_each_request=[True] * 99))
    assert caught.value.code == "FORTNOX_LIST_CHANGING"


def test_a_list_that_is_counted_otherwise_is_read_twice():
    client = Pages(4, total=7)
    assert whole(client) == [0, 1, 2, 3]
    assert client.requests == 4
    assert ROUNDS > 2
