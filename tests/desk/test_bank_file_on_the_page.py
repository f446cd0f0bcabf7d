"""The bank file of the example, on the page: nothing in it is made for one plug-in."""

from __future__ import annotations

import camt054
import pytest
from camt054 import single
from desk_person import Person
from fake_plugin import invoice

from hostsim.plugins.loading import Plugins


@pytest.fixture
def invoices():
    return [invoice("1001", "1000", ocr="655969"), invoice("1002", "500")]


@pytest.fixture
def plugins(monkeypatch):
    monkeypatch.syspath_prepend(camt054.EXAMPLE)
    from camt054_import import plugin

    return Plugins([("camt054", plugin)])


@pytest.fixture
def person(desk_context):
    return Person(desk_context)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "bank.xml"
    entries = (single(10, "1000.00", "655969"), single(11, "12.34", "999999"))
    path.write_text(camt054.file(*entries), encoding="utf-8")
    return path


def test_its_fields_are_the_plug_ins_own(person):
    page = person.get("/settings/new?type=CAMT054")
    assert "Filens sökväg" in page
    assert "camt.054-filen från banken." in page


def test_a_bank_file_goes_the_whole_way_on_the_page(person, desk_context, file):
    desk_context.host().define("Bank", "CAMT054", "camt.054.001.08", "", {"path": str(file)})
    person.run_import("Bank")
    page = person.get("/import")
    assert "1001" in page
    assert "999999" in page
    person.save("Bank")
    [saved] = desk_context.store.registered()
    assert saved.host_invoice_number == "1001"
    assert "1001" in person.get("/payments")


@pytest.mark.parametrize("path", ["/import", "/runs", "/decisions", "/why?invoice=1001"])
def test_no_page_speaks_of_fortnox(person, desk_context, file, path):
    """But Betalningsregistrering does, whose ledger goes to Fortnox wherever money came in."""
    desk_context.host().define("Bank", "CAMT054", "camt.054.001.08", "", {"path": str(file)})
    person.run_import("Bank")
    body = person.get(path).partition("<main")[2]
    assert "Fortnox" not in body
