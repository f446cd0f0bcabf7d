"""``Ekonomi > Fakturor`` in a real browser: out as invoices, and back as payments."""

import re
from datetime import UTC, datetime

import pytest

from hostsim.demo.both_sides import flows_of
from hostsim.demo.preparation import books_and_pays, export_settings
from hostsim.sandbox import seed_exports
from hostsim.sandbox.changes import parse_change

NAME = "Fakturor"
SENT = [str(number) for number in range(10301, 10309)]


@pytest.fixture
def exports(person, page):
    return Economist(person, page)


class Economist:
    """The person of the other tests, who sends invoices."""

    def __init__(self, person, page):
        self.person = person
        self.page = page
        self.office = person.office

    def defines(self):
        settings = export_settings(datetime.now(UTC))
        self.office.host().define_export(NAME, "FortnoxAPI", "invoices", "", settings)

    def opens(self):
        self.person.opens_menu("Ekonomi", "Fakturor")
        self.page.get_by_role("heading", name="Fakturaperioder").wait_for()

    def plans(self, numbers=""):
        """Press Exportera and Ok, sign in, and wait for the preview."""
        self.person.link("Exportera").click()
        self.person.field("Fakturanummer").fill(numbers)
        self.person.signs_in_after(self.person.button("Ok", self.person.dialog))
        self.page.get_by_role("heading", name="Förhandsvisning av exporten").wait_for()

    @property
    def send(self):
        return self.page.get_by_role("button", name=re.compile("^Skicka "))

    def sends(self):
        self.send.click()
        self.page.get_by_role("heading", name="Exportens resultat").wait_for()

    def states(self):
        return {
            item.item_number: item.state
            for item in self.office.host().exportable(NAME)
            if item.exported
        }


def test_invoices_go_out_and_their_payments_come_back(page, person, exports, office):
    """Made, exported, booked and paid there, imported, saved, and the same on both sides."""
    # An export is defined in the dialog that imports use.
    exports.opens()
    assert page.get_by_text("öppen", exact=True).count() == 2
    person.link("Exportera").click()
    person.link("Redigera fakturaexporter").click()
    person.link("Ny fakturaexport").click()
    person.field("Namn").fill(NAME)
    person.field("Exportera fakturor från").fill("2020-01-01")
    assert page.get_by_label("Kundnummer i Fortnox").input_value() == "ledger"
    page.get_by_label("Kostnadsställe").select_option("Ekonomisk enhet")
    person.field("Konto för öresavrundning").fill("3740")
    person.button("Spara").click()
    page.get_by_text("Inställningarna är sparade.").wait_for()
    person.button("Ok", person.dialog).click()
    person.signs_in_after(person.button("Ok", person.dialog))

    # What is missing stands first, and nothing can be sent before it is left out.
    page.get_by_role("heading", name="Saknas, och måste åtgärdas först").wait_for()
    page.get_by_text("Konto 3590 finns inte i Fortnox kontoplan").first.wait_for()
    assert exports.send.is_disabled()
    person.button("Lämna dem utanför").click()
    page.locator("#send:enabled").wait_for()
    label = re.sub(r"\s", " ", exports.send.inner_text())
    assert label == "Skicka 8 fakturor, 64 862,97 SEK + 1 845,75 EUR"
    assert office.sandbox.state.company().invoice(10301) is None
    exports.sends()
    assert [row[0] for row in person.rows("items-sent")][:8] == [*SENT[:6], SENT[7], SENT[6]]

    # The account is added there; the invoice that waited for it goes, too.
    account = {"Number": int(seed_exports.MISSING_ACCOUNT), "Description": "Tillägg"}
    parse_change({"do": "put_record", "register": "accounts", "record": account})(
        office.sandbox.state
    )
    exports.opens()
    exports.plans()
    exports.sends()
    assert set(exports.states()) == {*SENT, "10309"}

    # Booked and paid there, the payments come in and are saved.
    books_and_pays(office.sandbox, [*SENT, "10309"])
    person.defines_fortnox()
    person.opens_menu("Ekonomi", "Betalningsimport")
    person.imports()
    page.locator("#save-payments").click()
    page.get_by_text("betalningar är registrerade.").wait_for()
    flows = flows_of(office.store, office.sandbox, [*SENT, "10309"], [])
    assert [(one.currency, one.difference) for one in flows] == [("SEK", 0), ("EUR", 0)] * 2
    page.goto(f"{page.url.split('/import')[0]}/why?invoice=10302")
    page.get_by_text("Fakturaexport: Fakturor, Björkviks Åkeri AB (480211): Skickad").wait_for()


def test_nothing_is_sent_where_the_preview_is_closed(page, person, exports):
    exports.defines()
    exports.opens()
    exports.plans("10301")
    person.button("Avbryt").click()
    page.get_by_text("Ingenting är skickat.").wait_for()
    assert exports.states() == {}
    assert exports.office.jobs.running() == []


def test_a_plan_that_waited_too_long_says_so(page, exports, monkeypatch):
    from hostsim.desk import background_jobs

    wait = background_jobs.Plan.wait
    monkeypatch.setattr(background_jobs.Plan, "wait", lambda self, _: wait(self, 1.0))
    exports.defines()
    exports.opens()
    exports.plans("10301")
    page.get_by_text("Ingen svarade inom 30 minuter").wait_for()
    assert exports.send.count() == 0


def test_an_exported_invoice_is_taken_back(page, person, exports):
    exports.defines()
    exports.opens()
    exports.plans("10301")
    exports.sends()
    person.link("Till fakturorna").click()
    person.link("Ta tillbaka faktura 10301").click()
    page.get_by_role("alertdialog").get_by_text("makuleras i Fortnox").wait_for()
    person.signs_in_after(person.button("Ta tillbaka", person.dialog))
    page.get_by_text("Faktura 10301 är makulerad i Fortnox.").wait_for()
    assert exports.states() == {"10301": "cancelled"}


def test_an_export_without_a_mouse_and_no_stray_key_sends_it(page, person, exports, tab_to):
    keys = page.keyboard
    exports.defines()
    exports.opens()
    page.locator("#export-items").focus()
    keys.press("Enter")
    person.dialog.wait_for()
    tab_to(page, "Fakturanummer")
    keys.type("10301, 10303")
    with person.context.expect_page() as opened:
        keys.press("Enter")
    person.signs_in(opened.value)
    page.locator("#run-scroll:focus").wait_for()
    keys.press("Enter")
    tab_to(page, "Skicka faktura 10301")
    keys.press("ArrowDown")
    keys.press("Enter")
    keys.press("Space")
    page.get_by_text("Skicka 1 faktura,").wait_for()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == (
        "Skicka faktura 10303"
    )
    assert len(exports.office.jobs.running()) == 1
    page.locator("#send").focus()
    keys.press("Enter")
    page.get_by_role("heading", name="Exportens resultat").wait_for()
    assert exports.states() == {"10301": "sent"}


def test_an_export_without_scripts(plain_page, desk, exports):
    exports.defines()
    plain_page.goto(f"{desk.url}invoices")
    plain_page.locator("#export-items").click()
    plain_page.locator("#ok").click()
    with plain_page.context.expect_page() as opened:
        plain_page.locator("#login-address").click()
    exports.person.signs_in(opened.value)
    plain_page.locator("#leave-out").click()
    plain_page.get_by_label("Skicka faktura 10308").uncheck()
    plain_page.get_by_role("button", name="Räkna om").click()
    assert "Skicka 7 fakturor" in plain_page.locator("#send").inner_text()
    plain_page.locator("#send").click()
    plain_page.locator("#show-items").wait_for()
    assert set(exports.states()) == {*SENT} - {"10308"}
