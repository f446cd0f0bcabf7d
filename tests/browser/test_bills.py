"""``Ekonomi > Leverantörsavräkningar`` in a real browser: bank details that a person confirms."""

from dataclasses import replace

import pytest
from desk_person import swapped
from fake_export import LASSE, SETTINGS, FakeExport, load

from hostsim.plugins.loading import Plugins

ANNA = replace(LASSE, code="ANNA", name="Anna AB", bankgiro="5050-1055")
BO = replace(LASSE, code="BO", name="Bo AB")
CONFIRM_LASSE = "Bekräfta bankuppgifterna för Lasses Åkeri AB"


@pytest.fixture
def plugin():
    """Have other books, where Lasse and Anna are paid to other accounts than here."""
    return FakeExport(bankgiros={"LASSE": "123-4567", "ANNA": "991-2346"})


@pytest.fixture
def plugins(plugin):
    return Plugins([("fake", plugin)])


@pytest.fixture
def plan(page, person, office):
    """Have the plan of an export of a bill of each supplier before the person."""
    for number, supplier in (("A-1", LASSE), ("A-2", ANNA), ("A-3", BO)):
        load(office.store, "supplier-bills", number, supplier=supplier)
    office.host().define_export("Avräkningar", "Fake", "supplier-bills", "", SETTINGS)
    person.opens_menu("Ekonomi", "Leverantörsavräkningar")
    person.link("Exportera").click()
    person.field("Avräkningsnummer").fill("A-1, A-2, A-3")
    person.button("Ok", person.dialog).click()
    page.get_by_role("heading", name="Bankuppgifter som ändras").wait_for()
    return page


def test_a_supplier_is_confirmed_by_name_and_its_bill_goes(plan, person, plugin):
    assert person.rows("bank")[1][1:4] == ["Bankgiro", "123-4567", "5555-5551"]
    assert plan.get_by_role("checkbox").count() == 1
    person.button(CONFIRM_LASSE).click()
    plan.get_by_text("Bankuppgifterna för Lasses Åkeri AB är bekräftade.").wait_for()
    assert person.rows("bank")[1][-1].startswith("Bekräftad av ")
    plan.get_by_role("button", name="Skicka 2 avräkningar,").click()
    plan.get_by_role("heading", name="Exportens resultat").wait_for()
    assert plugin.events == [("paid to", "LASSE", "5555-5551"), ("sent", "/A-1"), ("sent", "/A-3")]
    assert person.rows("bank")[0][-1] == "Ändrades inte"
    assert [row[0] for row in person.rows("items-waiting")] == ["A-2"]


def test_what_another_tab_confirmed_is_not_sent_unseen(plan, person, context, plugin):
    other = context.new_page()
    other.goto(plan.url)
    other.get_by_role("button", name=CONFIRM_LASSE).click()
    other.get_by_text("Bekräftad av ").wait_for()
    plan.get_by_role("button", name="Skicka 1 avräkning,").click()
    plan.get_by_text("Ingenting skickades: planen har ändrats sedan den visades").wait_for()
    assert plugin.events == []
    plan.get_by_role("button", name="Skicka 2 avräkningar,").click()
    plan.get_by_role("heading", name="Exportens resultat").wait_for()
    assert plugin.events == [("paid to", "LASSE", "5555-5551"), ("sent", "/A-1"), ("sent", "/A-3")]


def test_no_stray_key_confirms(plan, person):
    """Enter on a tick counts again, and one more Enter after a confirmation confirms no other."""
    plan.get_by_label("Skicka avräkning A-3").focus()
    with swapped(plan):
        plan.keyboard.press("Enter")
    assert plan.get_by_role("button", name="Bekräfta bankuppgifterna").count() == 2
    person.button(CONFIRM_LASSE).focus()
    plan.keyboard.press("Enter")
    plan.get_by_text("Bekräftad av ").wait_for()
    plan.keyboard.press("Enter")
    plan.wait_for_load_state("networkidle")
    assert plan.get_by_role("button", name="Bekräfta bankuppgifterna").count() == 1


def test_a_new_export_is_of_what_is_chosen(page, person):
    person.opens_menu("Ekonomi", "Leverantörsavräkningar")
    person.link("Exportera").click()
    person.link("Redigera avräkningsexporter").click()
    person.link("Ny avräkningsexport").click()
    person.field("Namn").fill("Ut")
    page.get_by_label("Exporterar").select_option("Fakturor")
    page.get_by_role("heading", name="Fakturaexport - Inställningar").wait_for()
    assert person.field("Namn").input_value() == "Ut"


def test_confirming_without_scripts_keeps_what_is_ticked(plan, plain_page):
    plain_page.goto(plan.url)
    plain_page.get_by_label("Skicka avräkning A-3").uncheck()
    plain_page.get_by_role("button", name=CONFIRM_LASSE).click()
    plain_page.get_by_text("Bekräftad av ").wait_for()
    assert plain_page.get_by_label("Skicka avräkning A-1").is_checked()
    assert not plain_page.get_by_label("Skicka avräkning A-3").is_checked()
