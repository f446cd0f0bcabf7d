"""The article on the payment import, walked through in a real browser by its own labels."""

import re
from datetime import UTC, datetime
from decimal import Decimal

from hostsim.sandbox import seed


def kronor(text):
    return Decimal(re.sub(r"[^\d,-]", "", text).replace(",", "."))


def test_the_whole_article_step_by_step(page, person, office):
    """Every label is one of the article; every step is what it says next."""
    # Step 1: make a payment import for Fortnox.
    person.opens_menu("Ekonomi", "Betalningsimport")
    person.link("Läs fil").click()
    assert page.get_by_label("Filformat", exact=True).input_value() == ""
    person.link("Redigera filformat").click()
    page.get_by_role("dialog", name="Betalningsimport - Inställningar").wait_for()
    person.link("Ny betalningsimport").click()
    person.field("Namn").fill("Fortnox")
    assert page.get_by_label("Importtyp").input_value() == "FortnoxAPI"
    assert page.get_by_label("Importformat").input_value() == "API"
    before = seed.cut_off_date(datetime.now(UTC)).isoformat()
    person.field("Ignorera betalningar före").fill(before)
    assert person.field("Ignorera nummer före").input_value() == "0"
    person.field("Ignorera nummer före").fill(str(seed.LOWEST_NUMBER))
    assert page.get_by_label("API access token").input_value() == ""
    person.button("Spara").click()
    page.get_by_text("Inställningarna är sparade.").wait_for()
    person.link("Fortnox", person.dialog).wait_for()
    person.button("Ok", person.dialog).click()

    # Step 2: import the payments from Fortnox.
    page.get_by_label("Filformat", exact=True).select_option("Fortnox")
    assert page.get_by_label("Datum", exact=True).input_value() == office.clock().date().isoformat()
    window = person.signs_in_after(person.button("Ok"))
    window.get_by_text("Du kan stänga fönstret").wait_for()
    person.waits_for_lists()

    # Two lists: what can be saved, with ticks and flags, and what cannot, with the reason.
    page.get_by_role("link", name="Bedömning").click()
    page.locator("th[aria-sort=ascending]").wait_for()
    upper = person.rows("ready")
    marks = {row[1].strip() for row in upper}
    assert {"Rätt belopp", "Delbetalning", "Förskott"} <= marks
    warnings = {row[-1].partition(":")[0] for row in upper}
    assert {"Delbetalning", "Förskott kommer att skapas"} <= warnings
    reasons = {row[-2] for row in person.rows("rejected")}
    assert "Fakturan är redan betald" in reasons
    assert any(reason.startswith("Fel vid inläsning av faktura") for reason in reasons)

    # The totals add up.
    sums = page.locator(".sums div:not(.sign) dd")
    read, ready, rejected, ignored = (
        (int(kronor(one.locator("b").inner_text())), kronor(one.locator("span").inner_text()))
        for one in sums.all()
    )
    assert read == tuple(map(sum, zip(ready, rejected, ignored, strict=True)))

    # Nothing is registered before this button.
    assert list(office.store.payments()) == []
    page.locator("#save-payments").click()
    page.get_by_text("betalningar är registrerade.").wait_for()
    assert len(list(office.store.payments())) == ready[0]

    # The payments stand in Ekonomi > Betalningsregistrering.
    person.opens_menu("Ekonomi", "Betalningsregistrering")
    page.get_by_role("heading", name="Registrerade betalningar").wait_for()
    page.get_by_role("searchbox").fill("10131")
    page.keyboard.press("Enter")
    page.get_by_text("1–3 av 3").wait_for()
    person.link("Faktura").last.click()
    page.get_by_text("Fakturans betalningar (3)").wait_for()
    person.link("Ursprung").last.click()
    page.get_by_text("Björkviks Åkeri AB (480211)").wait_for()


def test_the_buttons_stand_at_the_bottom_right(page, person):
    page.get_by_text("Läs fil").last.wait_for()
    for locator in (person.link("Läs fil"), person.button("Spara betalningar")):
        box = locator.bounding_box()
        assert box["y"] > 900 - 80
        assert box["x"] > 1400 / 2


def test_the_lists_are_stacked_the_upper_above_the_lower(page, person):
    person.defines_fortnox()
    person.has_imported()
    upper = page.locator("table.ready").bounding_box()
    lower = page.locator("table.rejected").bounding_box()
    assert upper["y"] + 100 < lower["y"]
    assert page.locator("table.ignored").is_hidden()
    page.get_by_text("Ignorerade enligt inställningarna").click()
    assert page.locator("table.ignored").is_visible()


def test_the_password_is_typed_at_fortnox_and_never_here(page, person, office, desk):
    person.defines_fortnox()
    page.reload()
    window = person.starts_import()
    window.get_by_label("Lösenord").wait_for()
    assert window.url.startswith(office.sandbox.auth_url)
    assert page.locator("input[type=password]").count() == 0
    assert window.evaluate("window.opener") is None
    person.button("Avbryt").click()
    page.get_by_role("alertdialog").wait_for()


def test_the_page_in_english(page, person):
    person.defines_fortnox()
    person.has_imported()
    person.button("In English").click()
    page.get_by_role("heading", name="Payment import").wait_for()
    for word in ("Warning message", "Reason for not saving", "Ignored because of the settings"):
        assert page.get_by_text(word).locator("visible=true").first.is_visible()
    assert page.locator("html").get_attribute("lang") == "en"
    assert re.search(r"\d,\d{3}\.\d\d", page.locator("table.ready").inner_text())
    person.link("Read file").click()
    for label in ("File format", "Region", "Bank account", "Date"):
        page.get_by_label(label, exact=True).wait_for()
    person.link("Edit file formats").click()
    person.field("Ignore payments before").wait_for()


def test_a_second_company_is_refused_by_name(page, person, office):
    person.defines_fortnox()
    person.has_imported()
    office.host().save("Fortnox")
    person.signs_in(person.starts_import(), company="Björkviks Lager & Terminal AB")
    told = page.get_by_role("alertdialog")
    told.wait_for()
    assert "Björkviks Åkeri AB" in told.inner_text()
    assert "480377" in told.inner_text()


def test_whoever_stays_signed_in_meets_no_login_the_second_time(page, person, office):
    person.defines_fortnox()
    office.host().change("Fortnox", {"sign_in": "stay"})
    page.reload()
    person.imports()
    window = person.starts_import()
    person.waits_for_lists()
    assert window.is_closed()
    assert len(page.context.pages) == 2  # ours, and the first login's
