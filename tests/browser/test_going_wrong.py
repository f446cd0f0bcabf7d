"""What the page says when something goes wrong on the way."""

import pytest

from hostsim.sandbox import seed
from hostsim.sandbox.drift import Change
from hostsim.sandbox.matching import Match


@pytest.fixture(autouse=True)
def _defined(person, page):
    person.defines_fortnox()
    page.reload()


def rows_in(office):
    return office.store.db.execute("SELECT count(*) FROM run_rows").fetchone()[0]


def test_a_refusal_at_the_login_is_told_with_what_to_do(page, person, office):
    window = person.starts_import()
    person.signs_in(window, allow=False)
    told = page.get_by_role("alertdialog")
    told.wait_for()
    assert "Importen gick inte att genomföra" in told.inner_text()
    assert "Felkod: LOGIN_REFUSED" in told.text_content()
    assert rows_in(office) == 0
    person.link("Läs fil igen").click()
    page.get_by_role("dialog", name="Läs fil").wait_for()


def test_an_error_of_fortnox_in_the_middle_ends_with_a_sentence_and_nothing_half_done(
    page, person, office
):
    details = Match("GET", "/3/invoicepayments/*")
    withdraw = office.sandbox.state.withdraw_licence
    office.sandbox.drift.add(Change(lambda: withdraw(seed.COMPANY), match=details))
    window = person.starts_import()
    person.signs_in(window)
    told = page.get_by_role("alertdialog")
    told.wait_for()
    assert "licens" in told.inner_text()
    assert rows_in(office) == 0
    assert list(office.store.payments()) == []


def test_an_earlier_preview_stays_when_a_later_import_fails(page, person, office):
    person.has_imported()
    before = rows_in(office)
    person.signs_in(person.starts_import(), allow=False)
    page.get_by_role("alertdialog").wait_for()
    person.link("Stäng", person.dialog).last.click()
    page.get_by_role("columnheader", name="Orsak till att inte spara").wait_for()
    assert rows_in(office) == before > 100


def test_cancelling_before_anybody_signed_in_leaves_nothing(page, person, office):
    person.starts_import()
    page.get_by_text("Logga in i fönstret").wait_for()
    person.button("Avbryt").click()
    page.get_by_role("alertdialog", name="Importen avbröts").wait_for()
    assert office.jobs.running() == []


def test_a_blocked_window_leaves_a_link_to_the_login(page, person):
    page.evaluate("window.open = () => null")
    person.link("Läs fil").click()
    person.button("Ok").click()
    link = person.link("Öppna inloggningen")
    link.wait_for()
    person.signs_in_after(link)
    person.waits_for_lists()


def test_a_login_that_does_not_come_back_is_pasted(page, person, office):
    """As on a server: the window's browser cannot reach the plug-in's listener."""
    from hostsim.sandbox import scripted_login

    person.starts_import()
    link = person.link("Öppna inloggningen")
    link.wait_for()
    [job] = office.jobs.running()
    answer = scripted_login.callback_url(job.login_url, seed.USER, seed.PASSWORD)
    page.get_by_text("Kom du inte tillbaka?").click()
    page.get_by_label("Kom du inte tillbaka?").fill(answer)
    person.button("Använd adressen").click()
    person.waits_for_lists()


def test_a_page_that_is_loaded_anew_shows_the_import_that_goes_on(page, person):
    person.starts_import()
    page.get_by_text("Logga in i fönstret").wait_for()
    page.reload()
    page.get_by_role("dialog", name="Läser in betalningar").wait_for()
    person.button("Avbryt").click()
    page.get_by_role("alertdialog").wait_for()


def test_without_scripts_the_whole_way_works(plain_page, person, office):
    plain_page.get_by_role("link", name="Läs fil").click()
    plain_page.get_by_role("button", name="Ok").click()
    with plain_page.context.expect_page() as opened:
        plain_page.get_by_role("link", name="Öppna inloggningen").click()
    person.signs_in(opened.value)
    plain_page.get_by_role("columnheader", name="Orsak till att inte spara").wait_for()
    plain_page.locator("#save-payments").click()
    plain_page.get_by_text("betalningar är registrerade.").wait_for()
    assert len(list(office.store.payments())) > 100
