"""The days when the two ledgers do not agree, in a real browser, on the sandbox's second day."""

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest


@pytest.fixture
def office(request, second_day):
    with second_day.office(imported="lists" in request.fixturenames) as office:
        yield office


@pytest.fixture
def lists(person):
    """See the lists of an import; its login is not what these days are about."""
    person.waits_for_lists()
    return person


def opens(page, text, table="rejected"):
    """Press the button of the row that says so, and give the dialog."""
    row = page.locator(f"table.{table} tbody tr").filter(has_text=text).first
    row.locator("td.act").get_by_role("link").click()
    page.locator("dialog[open]").wait_for()
    return page.locator("dialog")


def choose(page, what, why=""):
    page.get_by_label(what, exact=True).check()
    page.get_by_label("Varför", exact=True).fill(why)
    page.locator("#ok").click()
    page.locator("dialog").wait_for(state="detached")


def say(page, text):
    page.get_by_role("status").filter(has_text=text).wait_for()


def states(office, invoice):
    rows = office.store.db.execute(
        "SELECT p.state FROM payments p JOIN invoices i ON i.id = p.invoice_id"
        " WHERE i.number = ? ORDER BY p.id",
        (invoice,),
    )
    return [row["state"] for row in rows]


def test_a_row_is_set_aside_and_taken_back(page, lists):
    opens(page, "20004")
    choose(page, "Lägg undan", "räntefaktura")
    say(page, "Undanlagd")
    assert page.locator("#set-aside").inner_text() == "4 undanlagda"
    page.locator("#set-aside").click()
    row = page.locator("table.decisions tbody tr").filter(has_text="räntefaktura")
    row.get_by_role("button", name=re.compile("Ta tillbaka")).click()
    say(page, "Återtaget")
    lists.opens_menu("Ekonomi", "Betalningsimport")
    page.locator("table.rejected").get_by_text("20004", exact=True).wait_for()


def test_a_series_is_set_aside_from_a_row_with_why(page, lists):
    opens(page, "20004")
    page.get_by_label("till och med").fill("20005")
    choose(page, "Lägg undan en hel serie", "avgifter")
    say(page, "Fakturorna 20004–20005 är undanlagda. 5 betalningar är undanlagda nu.")
    assert page.locator("table.rejected").get_by_text("20005", exact=True).count() == 0


def test_a_payment_that_was_typed_before_is_saved_when_confirmed(page, lists, office):
    dialog = opens(page, "Kan vara registrerad redan")
    assert dialog.get_by_role("table", name="Båda värdena").is_visible()
    choose(page, "Bekräfta", "två lika inbetalningar")
    say(page, "Bekräftad")
    # Nothing remains to pay: as an advance it is taken when somebody says so.
    opens(page, "10230")
    choose(page, "Ta in den som förskott")
    page.locator("#save-payments").click()
    page.get_by_text("betalningar är registrerade.").wait_for()
    assert states(office, "10230") == ["registered", "registered"]


def test_a_deleted_payment_is_taken_again(page, lists, office):
    deleted = [row for row in office.store.payments() if row.state == "deleted"]
    opens(page, "togs bort av")
    choose(page, "Ta in igen")
    lists.imports()  # it is fetched again before it is saved
    page.locator("#save-payments").click()
    page.get_by_text("betalningar är registrerade.").wait_for()
    assert states(office, deleted[0].host_invoice_number) == ["deleted", "registered"]


def test_a_change_shows_both_values_and_is_accepted(page, lists, office):
    dialog = opens(page, "Ändrad efter registreringen")
    cells = dialog.get_by_role("table", name="Båda värdena").locator("tbody td").all_inner_texts()
    assert [re.sub(r"\s", "", cell) for cell in cells] == ["5937,50SEK", "5837,50SEK"]
    choose(page, "Godkänn ändringen")
    page.locator("#save-payments").click()
    page.get_by_text("betalningar är registrerade.").wait_for()
    assert states(office, "10235") == ["reversed", "reversal", "registered"]
    lists.opens_menu("Ekonomi", "Betalningsregistrering")
    page.get_by_role("heading", name="Registrerade betalningar").wait_for()
    page.get_by_role("searchbox").fill("10235")
    page.keyboard.press("Enter")
    page.get_by_text("1–3 av 3").wait_for()
    assert sorted(row[0] for row in lists.rows("payments"))[1:] == ["Motbokad", "Motbokning"]


def test_the_focus_returns_to_where_it_was(page, lists):
    """To the button that opened a dialog; where its row has left, to the row in its place."""
    opens(page, "20004")
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    assert "20004" in page.evaluate("document.activeElement.closest('tr').innerText")
    index = page.evaluate("document.activeElement.closest('tr').sectionRowIndex")
    opens(page, "20004")
    choose(page, "Lägg undan")
    say(page, "Undanlagd")
    assert page.evaluate("document.activeElement.closest('tr').sectionRowIndex") == index
    assert page.evaluate("!!document.activeElement.closest('table.rejected td.act')")


def test_escape_closes_what_is_to_be_decided_and_loses_nothing(page, lists, office):
    page.locator("table.ready button.box[id^=tick]").last.click()
    page.locator("table.ready button.box[aria-checked=false]").wait_for()
    page.locator("#rejected-q").fill("20004")
    page.keyboard.press("Enter")
    page.wait_for_url("**rejected_q=20004**")
    dialog = opens(page, "20004")
    page.get_by_label("Lägg undan", exact=True).check()
    page.get_by_label("Varför", exact=True).fill("räntefaktura")
    answers, asked = iter([False, True]), []

    def answer(question):
        asked.append(question.message)
        question.accept() if next(answers) else question.dismiss()

    page.on("dialog", answer)
    page.keyboard.press("Escape")
    assert page.get_by_label("Varför", exact=True).input_value() == "räntefaktura"
    assert page.get_by_label("Lägg undan", exact=True).is_checked()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert len(asked) == 2
    assert "rejected_q=20004" in page.url
    assert page.evaluate("document.activeElement.closest('td.act') !== null")
    assert page.locator("table.ready button.box[aria-checked=false]").count() == 1
    assert [decision for decision in office.host().decisions("Fortnox") if decision.number] == []


def test_deciding_with_the_keyboard_alone(page, lists, tab_to):
    keys = page.keyboard
    # A list is one stop for Tab; the arrows move within it.
    page.locator("#rejected-by-message").focus()
    keys.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('table.rejected td.act')")
    for _ in range(60):
        if "20004" in page.evaluate("document.activeElement.closest('tr').innerText"):
            break
        keys.press("ArrowDown")
    keys.press("Enter")
    page.locator("dialog[open]").wait_for()
    page.locator("#choice-set-aside:focus").wait_for()
    keys.press("Space")
    tab_to(page, "Varför")
    keys.type("ränta")
    keys.press("Enter")
    page.locator("dialog").wait_for(state="detached")
    say(page, "Undanlagd")
    keys.press("ArrowLeft")
    assert "act" not in page.evaluate("document.activeElement.closest('td').className")


def test_a_payment_is_typed_and_deleted_by_hand(page, person, office):
    person.opens_menu("Ekonomi", "Betalningsregistrering")
    person.link("Ny betalning …").click()
    page.get_by_role("dialog", name="Ny betalning").wait_for()
    page.locator("#invoice:focus").wait_for()
    page.get_by_label("Fakturanummer").fill("10133")
    page.get_by_label("Belopp", exact=True).fill("5 625,00")
    page.get_by_label("Bankkonto").fill("5050-1055")
    person.button("Registrera").click()
    say(page, "Betalningen av faktura 10133 är registrerad.")
    assert states(office, "10133")[-1] == "registered"
    person.link("Ta bort betalningen …").click()
    person.button("Ta bort", person.dialog).click()
    page.locator("#why[aria-invalid=true]:focus").wait_for()
    page.keyboard.type("fel konto")
    page.keyboard.press("Enter")
    say(page, "är borttagen; den står kvar, märkt")
    assert states(office, "10133")[-1] == "deleted"
    pink = page.locator("tr.deleted.chosen td").first
    assert pink.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(249, 207, 224)"


def test_a_doubtful_payment_asks_for_a_second_press_beside_its_invoice(page, person, office):
    person.opens_menu("Ekonomi", "Betalningsregistrering")
    person.link("Ny betalning …").click()
    page.locator("#invoice:focus").wait_for()
    page.keyboard.type("10133")
    page.keyboard.press("Tab")
    person.dialog.get_by_text("Återstår").wait_for()
    page.wait_for_function("document.getElementById('amount').value === '15\xa0625,00'")
    assert "Sörmlands Trädgård AB" in person.dialog.inner_text()
    page.get_by_label("Belopp", exact=True).fill("50000")
    person.button("Registrera").click()
    page.locator("#amount[aria-invalid=true]:focus").wait_for()
    assert "50\xa0000,00 SEK är mer än de 15\xa0625,00 SEK" in person.dialog.inner_text()
    assert states(office, "10133") == []
    person.button("Registrera ändå").click()
    say(page, "Betalningen av faktura 10133 är registrerad.")
    assert states(office, "10133") == ["registered"]


def test_the_register_is_filtered_on_origin_and_exported_for_fortnox(page, person):
    person.opens_menu("Ekonomi", "Betalningsregistrering")
    page.get_by_label("Visa bara betalningar med ursprung").select_option("hand")
    page.get_by_text("1–1 av 1").wait_for()
    person.link("Exportfil för Fortnox …").click()
    dialog = page.get_by_role("dialog", name="Exportfil för Fortnox")
    dialog.get_by_text("1 st, 6\xa0875,00 SEK").wait_for()
    assert "Utelämnade är de som kom från Fortnox" in dialog.inner_text()
    with page.expect_download() as download:
        person.link("CSV", dialog).click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert [row[0] for row in csv.reader(text.splitlines())] == ["invoice_number", "10230"]


def test_an_invoice_is_asked_about_here_and_in_fortnox(page, lists):
    page.locator("table.rejected").get_by_role("link", name="10230").click()
    page.get_by_role("heading", name="Faktura 10230").wait_for()
    lists.signs_in_after(lists.button("Fråga Fortnox nu"))
    page.get_by_text("Fortnox är tillfrågat nu").wait_for()
    assert "I Fortnox nu" in page.locator(".explained").inner_text()
    assert "Att göra" in page.locator(".explained").inner_text()


def test_the_question_is_reached_from_the_menu_and_from_the_payments_of_an_invoice(page, person):
    person.opens_menu("Ekonomi", "Fråga om en faktura")
    page.get_by_label("Fakturanummer").fill("10235")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Faktura 10235").wait_for()
    page.locator(".outcome a").first.click()
    page.get_by_role("heading", name="Registrerade betalningar").wait_for()
    person.link("Faktura").last.click()
    person.link("Allt om faktura 10235").click()
    page.get_by_role("heading", name="Faktura 10235").wait_for()


def test_a_refusal_at_the_login_of_a_question_is_told(page, person):
    page.goto(page.url.replace("/import", "/why?invoice=10235"))
    person.signs_in_after(person.button("Fråga Fortnox nu"), allow=False)
    told = page.get_by_role("alertdialog")
    told.wait_for()
    assert "Frågan gick inte att ställa" in told.inner_text()
    person.link("Stäng", told).last.click()
    page.get_by_role("heading", name="Faktura 10235").wait_for()


def test_the_same_days_in_english(page, lists):
    lists.button("In English").click()
    page.get_by_role("heading", name="Payment import").wait_for()
    dialog = opens(page, "Changed after it was registered")
    text = dialog.inner_text()
    assert "Accept the change" in text
    assert "Registered here" in text
    page.get_by_label("Keep what is registered", exact=True).check()
    page.locator("#ok").click()
    say(page, "Kept as registered")
    titles = {
        "decisions": "Set aside and dealt with",
        "runs": "Imports",
        "why": "Ask about an invoice",
        "payments": "Manual payments",
    }
    for path, title in titles.items():
        page.goto(re.sub(r"/\w+(\?.*)?$", f"/{path}", page.url))
        page.get_by_role("heading", name=title, exact=True).wait_for()
        assert not re.search(r"\b(och|betalning|inte)\b", page.locator("main").inner_text())


def test_no_word_beside_a_chosen_payment_lies_over_another(page, office):
    its = office.host().add_payment("10231", Decimal(100_000), confirm=True)
    page.goto(f"{page.url.split('/import')[0]}/payments?payment={its}")
    assert page.get_by_text("Varningsmeddelande").is_visible()
    over = (
        "() => [...document.querySelectorAll('.detail .facts dt')].filter(dt => {"
        " const text = document.createRange(); text.selectNodeContents(dt);"
        " return text.getBoundingClientRect().right"
        " > dt.nextElementSibling.getBoundingClientRect().left;"
        "}).map(dt => dt.textContent)"
    )
    for width in (1024, 1280, 1366):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(over) == []


def test_the_file_that_the_browser_gets_leads_in_and_leaves_no_key_in_the_address(context, desk):
    """A redirect that began in a file would come without a cookie that is for this site alone."""
    from hostsim.services.browser import _redirect_page

    page = context.new_page()
    page.goto(_redirect_page(desk.start_url).as_uri())
    page.wait_for_url(f"{desk.url}import")
    page.get_by_text("Ingenting är inläst").first.wait_for()
    [cookie] = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    page.go_back()
    assert "key=" not in page.url
