"""Two tabs of one list: only what a tab shows is saved or decided on."""

from __future__ import annotations

import pytest


@pytest.fixture
def office(second_day):
    with second_day.office(imported=True) as office:
        yield office


def test_an_old_tab_neither_decides_nor_saves(page, context, office):
    other = context.new_page()
    other.goto(page.url)
    row = other.locator("table.rejected tbody tr").filter(has_text="20004").first
    row.locator("td.act").get_by_role("link").click()
    other.locator("dialog[open]").wait_for()
    before = len(list(office.store.payments()))
    office.host().set_aside_series("Fortnox", "20005", "20005")

    other.get_by_label("Lägg undan", exact=True).check()
    other.locator("#ok").click()
    other.locator("dialog").get_by_text("Listan har ändrats").wait_for()
    page.locator("#save-payments").click()
    page.get_by_role("status").filter(has_text="Uppgifterna har ändrats").wait_for()
    assert len(list(office.store.payments())) == before

    # Both show the list anew, and what they show can be decided on and saved.
    other.locator("#ok").click()
    other.get_by_role("status").filter(has_text="Undanlagd").wait_for()
    other.locator("#save-payments").click()
    other.get_by_text("Sparade betalningar").first.wait_for()
    assert len(list(office.store.payments())) > before


def test_reading_again_with_other_values_says_that_one_goes_on(page, person, context):
    second = context.new_page()
    second.goto(page.url)
    second.get_by_role("link", name="Läs fil", exact=True).click()
    person.starts_import()
    page.get_by_text("Logga in i fönstret").wait_for()
    before = len(context.pages)
    second.get_by_label("Bankkonto").fill("1930")
    second.locator("#ok").click()
    refused = second.locator(".problems")
    refused.wait_for()
    assert "pågår redan, med andra uppgifter än de här" in refused.inner_text()
    assert second.get_by_label("Bankkonto").input_value() == "1930"
    assert len(context.pages) == before
