"""A second plug-in: the page shows its fields without knowing it."""

from types import SimpleNamespace

import pytest
from fake_plugin import FakePlugin, hookimpl, payment

from hostsim.plugins.loading import Plugins
from opter_contract.values import Text
from opter_fortnox_plugin import hooks


class BankFile(FakePlugin):
    @hookimpl
    def opter_settings_fields(self, type_code):
        if type_code != self.code:
            return None
        return [
            SimpleNamespace(
                key="path",
                kind="text",
                label=Text("Mapp med bankfiler", "Folder of bank files"),
                help=Text("Där banken lägger filerna.", "Where the bank puts the files."),
                default="/bank",
                required=True,
                secret=False,
            )
        ]


@pytest.fixture
def plugins():
    bank = BankFile(code="BankFile", payments=[payment(1, "10051", "10")])
    return Plugins([("fortnox", hooks), ("bank", bank)])


def test_choosing_another_import_type_shows_its_fields_and_it_imports_without_a_login(
    page, person, office
):
    person.link("Läs fil").click()
    person.link("Redigera filformat").click()
    person.link("Ny betalningsimport").click()
    person.field("Namn").fill("Banken")
    person.field("Ignorera betalningar före").wait_for()
    page.get_by_label("Importtyp").select_option("BankFile")
    folder = person.field("Mapp med bankfiler")
    folder.wait_for()
    assert person.field("Namn").input_value() == "Banken"
    assert person.field("Ignorera betalningar före").count() == 0
    assert folder.input_value() == "/bank"
    assert page.get_by_text("Där banken lägger filerna.").is_visible()
    person.button("Spara").click()
    page.get_by_text("Inställningarna är sparade.").wait_for()
    person.button("Ok", person.dialog).click()
    person.button("Ok").click()
    person.waits_for_lists()
    assert [row[2] for row in person.rows("ready")] == ["1"]
    assert office.open_previews().keys() == {"Banken"}
