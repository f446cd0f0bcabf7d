"""A customer or supplier that Fortnox has is found and not made again, whatever moves meanwhile."""

import itertools
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from invoice_export import Office, invoice, new_sandbox

from opter_contract.values import Company
from opter_fortnox_plugin.errors import Missing, Unavailable
from opter_fortnox_plugin.exports.cards import Cards
from opter_fortnox_plugin.fortnox import protocol
from opter_fortnox_plugin.fortnox.protocol import Page
from opter_fortnox_plugin.invoices import planning as invoices
from opter_fortnox_plugin.supplier_invoices import planning as supplier_bills
from tests.plugin.exports.test_whole_lists import Here, Pages

NAME = "Kalmar Glas & Porslin AB"
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)

REGISTERS = pytest.mark.parametrize("register", [invoices.REGISTER, supplier_bills.REGISTER])


class Register(Pages):
    """A client whose register gets records at its front while its list is read."""

    def __init__(self, register, count, **values):
        super().__init__(count, **values)
        self._register = register

    def page(self, resource, query):
        page = super().page(resource, query)
        rows = [{self._register.number_key: str(number), "Name": NAME} for number in page.rows]
        return Page(rows, page.total, page.pages)

    def get(self, _resource, number):
        if int(number) not in self.rows:
            raise Missing
        return {self._register.number_key: number, "Name": NAME}


def cards_of(register, client):
    host = SimpleNamespace(get_state=lambda _key: None)
    session = SimpleNamespace(client=client, pool=Here(), host=host)
    return Cards(register, session, Company("77", "Åkeriet AB"), update=True)


def plan(cards, *parties):
    numbers = [party.number for party in parties]
    cards.plan(dict(zip(numbers, parties, strict=True)), dict.fromkeys(numbers, "KALM"))


def party(register, number):
    return register.read({register.number_key: number, "Name": NAME})


@REGISTERS
def test_one_that_moves_to_another_page_is_found_and_not_made_twice(register):
    client = Register(register, 4, at_each_request=[True])
    cards = cards_of(register, client)
    plan(cards, *(party(register, number) for number in ("2", "3", "9")))
    assert {number: card.action for number, card in cards.cards.items()} == {
        "2": "none",
        "3": "none",
        "9": "create",
    }


@REGISTERS
def test_a_list_that_is_always_changing_is_not_believed(register):
    client = Register(register, 4, at_each_request=[True] * 99)
    with pytest.raises(Unavailable) as caught:
        plan(cards_of(register, client), party(register, "3"))
    assert caught.value.code == "FORTNOX_LIST_CHANGING"


def test_an_export_during_which_the_customers_keep_changing_writes_nothing(monkeypatch):
    """Each request for the list finds one customer more."""
    monkeypatch.setattr(protocol, "PAGE_SIZE", 2)
    with new_sandbox() as sandbox:
        office, added = Office(sandbox), itertools.count(1)

        def add_customer(asked):
            if asked.path == "/3/customers":
                record = {"CustomerNumber": str(next(added)), "Name": NAME}
                office.fortnox.registers.put("customers", record["CustomerNumber"], record, NOON)
            return False

        sandbox.latency.set(0, 0.001, match=add_customer)
        for _ in range(2):
            add_customer(SimpleNamespace(path="/3/customers"))
        with pytest.raises(Unavailable) as caught:
            office.set_invoices(invoice()).export()
        assert caught.value.code == "FORTNOX_LIST_CHANGING"
        assert office.requests("POST", "/3/*") == office.requests("PUT", "/3/*") == 0
