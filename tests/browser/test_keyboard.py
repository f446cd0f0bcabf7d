"""The whole way without a mouse."""

from datetime import UTC, datetime

from desk_person import swapped

from hostsim.sandbox import seed


def test_an_import_from_settings_to_register_with_the_keyboard_alone(page, person, office, tab_to):
    keys = page.keyboard
    page.evaluate("window.firstPage = true")
    tab_to(page, "Ekonomi")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    with swapped(page):
        keys.press("Enter")

    tab_to(page, "Läs fil")
    keys.press("Enter")
    page.get_by_role("dialog", name="Läs fil").wait_for()
    tab_to(page, "Redigera filformat")
    keys.press("Enter")
    page.get_by_role("dialog", name="Betalningsimport - Inställningar").wait_for()
    tab_to(page, "Ny betalningsimport")
    keys.press("Enter")
    page.locator("#name:focus").wait_for()
    keys.type("Fortnox")
    tab_to(page, "Ignorera betalningar före")
    keys.type(seed.cut_off_date(datetime.now(UTC)).isoformat())
    keys.press("Enter")  # saves, as in any form
    page.get_by_text("Inställningarna är sparade.").wait_for()
    tab_to(page, "Ok")
    keys.press("Enter")
    page.get_by_role("dialog", name="Läs fil").wait_for()
    tab_to(page, "Ok")
    with person.context.expect_page() as opened:
        keys.press("Enter")
    window = opened.value
    window.locator("#user:focus").wait_for()
    window.keyboard.type(seed.USER)
    window.keyboard.press("Tab")
    window.keyboard.type(seed.PASSWORD)
    window.keyboard.press("Enter")
    window.get_by_label("Björkviks Åkeri AB").focus()
    window.keyboard.press("Space")
    window.keyboard.press("Enter")
    window.get_by_role("button", name="Godkänn").focus()
    window.keyboard.press("Enter")
    person.waits_for_lists()

    page.locator("#save-payments:focus").wait_for()
    keys.press("Enter")
    page.get_by_text("betalningar är registrerade.").wait_for()
    tab_to(page, "Visa dem i Betalningsregistrering")
    keys.press("Enter")
    page.get_by_role("heading", name="Registrerade betalningar").wait_for()
    page.locator("a[data-row]").first.focus()
    keys.press("ArrowDown")
    page.locator("tr.chosen:nth-child(2)").wait_for()
    assert len(list(office.store.payments())) > 100
    # A key that is pressed while a whole new page loads would do nothing.
    assert page.evaluate("window.firstPage")


def test_escape_closes_a_dialog_and_the_focus_is_kept_in_it(page, person):
    person.link("Läs fil").click()
    page.get_by_role("dialog").wait_for()
    for _ in range(12):
        page.keyboard.press("Tab")
        # Between its last and its first field a dialog hands the focus to the browser itself.
        assert page.evaluate("!!document.activeElement.closest('dialog, body:focus, body')")
        assert not page.evaluate("!!document.activeElement.closest('main, header.bar')")
    page.keyboard.press("Escape")
    person.dialog.wait_for(state="detached")
    assert page.url.endswith("/import")


def test_escape_cancels_an_import_that_is_going_on(page, person, office):
    person.defines_fortnox()
    page.reload()
    person.starts_import()
    page.get_by_text("Logga in i fönstret").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("alertdialog").wait_for()
    assert office.jobs.running() == []


def test_escape_closes_a_menu_and_gives_the_focus_back(page, person):
    page.locator("summary").filter(has_text="Ekonomi").focus()
    page.keyboard.press("Enter")
    person.link("Betalningsimport").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.innerText") == "Ekonomi"
    assert person.link("Betalningsimport").is_hidden()


def test_sorting_and_searching_keep_the_focus_where_it_was(page, person):
    person.defines_fortnox()
    person.has_imported()
    page.locator("#ready-by-amount").focus()
    page.keyboard.press("Enter")
    page.locator("th[aria-sort=ascending] #ready-by-amount:focus").wait_for()
    page.locator("#ready-q").fill("stålverk")
    page.keyboard.press("Enter")
    page.locator("#ready-clear").wait_for()
    page.locator("#ready-q:focus").wait_for()


def test_a_payment_is_left_out_with_the_space_bar_and_the_rest_saved(page, person, office):
    person.defines_fortnox()
    person.has_imported()
    boxes = page.get_by_role("checkbox", name="Spara betalning")
    boxes.nth(0).focus()
    page.keyboard.press("Space")
    page.locator("tr.left-out").wait_for()
    # The next row at once, and back again: each press is about its own row.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.locator("tr.left-out").nth(1).wait_for()
    page.keyboard.press("Space")
    page.locator("tr.left-out").nth(1).wait_for(state="detached")
    told = page.locator("#save-payments").inner_text()
    page.reload()
    assert page.locator("#save-payments").inner_text() == told
    page.locator("#save-payments").click()
    page.get_by_text("betalningar är registrerade.").wait_for()
    assert told.startswith(f"Spara {len(list(office.store.payments()))} betalningar")
