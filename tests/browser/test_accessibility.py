"""axe-core finds nothing wrong, on any page and in any dialog.

In English it looks at those of the second day: a page is made the same way in either language,
and every word exists in both.
"""

from datetime import UTC, datetime, timedelta

import pytest
from desk_person import open_desk
from fake_export import SETTINGS, FakeExport, load

from hostsim.demo.preparation import export_settings, sign_in_in_background
from hostsim.desk import Desk
from hostsim.desk.startup import sandbox_context
from hostsim.ledger.schedules import GREEN, Timetable
from hostsim.plugins.loading import Plugins
from hostsim.storage import schedules
from opter_contract.values import EndedRun, Text

PLAIN = [
    *("import", "import/read", "settings", "settings/new", "settings/office", "payments", "x"),
    *("decisions", "decisions/series", "payments/new", "payments/ledger", "runs", "why"),
    *("why?invoice=4711", "why?invoice=10235"),
    *("invoices", "invoices/export", "invoices/log", "settings?subject=invoices"),
    *("settings/new?subject=invoices", "invoices?month=2020-01"),
    *("bills", "bills/export", "bills/log", "settings/new?subject=supplier-bills"),
    *("overview", "overview?code=paused", "overview?q=nobody", "open-invoices"),
]


@pytest.fixture(scope="session")
def axe():
    module = pytest.importorskip("axe_playwright_python.sync_playwright")
    return module.Axe()


def faults(axe, page, within=None):
    """Name what axe-core finds: the rule and the elements that break it."""
    response = axe.run(page, within).response
    assert response["passes"]
    return [
        (violation["id"], [node["html"][:120] for node in violation["nodes"]])
        for violation in response["violations"]
    ]


def test_no_page_without_payments_has_a_violation(page, desk, axe):
    violations = {}
    for path in PLAIN:
        page.goto(desk.url + path)
        violations[path] = faults(axe, page)
    assert {path: wrong for path, wrong in violations.items() if wrong} == {}


def test_no_import_that_goes_on_has_a_violation(page, person, axe):
    person.defines_fortnox()
    page.reload()
    person.starts_import()
    page.get_by_text("Logga in i fönstret").wait_for()
    assert faults(axe, page) == []


@pytest.mark.parametrize(("language", "width"), [("sv", 1366), ("en", 640)])
def test_no_page_of_the_second_day_has_a_violation(browser, open_day, axe, language, width):
    """Every page and dialog for the days when the ledgers do not agree, also with an error."""
    office, desk = open_day
    rows = office.store.db.execute(
        "SELECT reason, max(r.id) AS id FROM run_rows r JOIN runs u ON u.id = r.run_id"
        " WHERE u.state = 'open' AND reason IS NOT NULL GROUP BY reason"
    )
    row_ids = {row["reason"]: row["id"] for row in rows}
    changed = f"decisions/row/{row_ids.pop('changed-in-fortnox')}"
    kept = next(row.id for row in office.store.payments() if row.state == "registered")
    paths = [
        "decisions", "payments?sort=mark", "payments?tab=invoice", "payments?tab=origin",
        f"payments/{kept}/delete", "payments/ledger", "why?invoice=10230", "why?invoice=20001",
        "runs", changed,
    ]  # fmt: skip
    context = browser.new_context(locale="sv-SE", viewport={"width": width, "height": 700})
    page = context.new_page()
    open_desk(page, desk)
    page.goto(f"{desk.url}import")
    if language == "en":
        page.get_by_role("button", name="In English").click()
        page.get_by_role("heading", name="Payment import").wait_for()
    page.locator("#ignored-fold > summary").click()
    violations = {"import": faults(axe, page)}
    for path in paths:
        page.goto(desk.url + path)
        violations[path] = faults(axe, page)
    # What lies behind these was looked at.
    for path in (f"decisions/row/{row_id}" for row_id in row_ids.values()):
        page.goto(desk.url + path)
        violations[path] = faults(axe, page, "dialog")
    for path in (changed, f"payments/{kept}/delete"):
        page.goto(desk.url + path)
        page.locator("#ok").click()
        page.locator(".problems").first.wait_for()
        violations[f"{path} refused"] = faults(axe, page, "dialog")
    context.close()
    assert {path: wrong for path, wrong in violations.items() if wrong} == {}


def test_no_page_of_an_export_has_a_violation(page, person, axe, desk):
    settings = export_settings(datetime.now(UTC))
    person.office.host().define_export("Fakturor", "FortnoxAPI", "invoices", "", settings)
    page.goto(f"{desk.url}invoices")
    page.locator("#export-items").click()
    with person.context.expect_page() as opened:
        page.locator("#ok").click()
    page.locator("#stop").wait_for()
    violations = {"progress": faults(axe, page)}
    person.signs_in(opened.value)
    page.locator("#leave-out").wait_for()
    violations["plan with a gap"] = faults(axe, page)
    page.locator("#leave-out").click()
    page.locator("#send:enabled").wait_for()
    violations["plan"] = faults(axe, page)
    page.locator("#send").click()
    page.locator("#show-items").wait_for()
    violations["result"] = faults(axe, page)
    for path in ("invoices", "invoices/log", "invoices/take-back?number=10301&export=Fakturor"):
        page.goto(desk.url + path)
        violations[path] = faults(axe, page)
    page.goto(f"{desk.url}why?invoice=10301")
    violations["why"] = faults(axe, page)
    assert {path: wrong for path, wrong in violations.items() if wrong} == {}


def test_no_page_with_bank_details_to_confirm_has_a_violation(browser, axe):
    fake = Plugins([("fake", FakeExport(bankgiros={"LASSE": "123-4567"}))])
    with sandbox_context(fake) as office, Desk(office) as desk:
        load(office.store, "supplier-bills", "A-1")
        office.host().define_export("Avräkningar", "Fake", "supplier-bills", "", SETTINGS)
        context = browser.new_context(locale="sv-SE")
        page = context.new_page()
        open_desk(page, desk)
        page.goto(f"{desk.url}bills")
        page.locator("#export-items").click()
        page.locator("#ok").click()
        page.locator("#confirm-LASSE").wait_for()
        violations = {"waits": faults(axe, page)}
        page.locator("#confirm-LASSE").click()
        page.locator(".bank .right-amount").wait_for()
        violations["confirmed"] = faults(axe, page)
        page.locator("#send").click()
        page.locator("#show-items").wait_for()
        violations["result"] = faults(axe, page)
        context.close()
    assert {path: wrong for path, wrong in violations.items() if wrong} == {}


def test_no_way_that_a_company_may_stand_has_a_violation(page, axe, office, desk):
    host = office.host()
    for name in ("Pausad", "Väntar", "Trasig", "I ordning", "Ny"):
        host.define(name, "FortnoxAPI", "API", "", {"ignore_payments_before": "2026-01-01"})
        host.set_schedule(name, Timetable(every=timedelta(hours=2)), GREEN)
    for name, outcome, code, waiting in (
        ("Pausad", "paused", "LOGIN_NEEDED", 0),
        ("Trasig", "failed", "FORTNOX_DOWN", 0),
        ("Väntar", "waits-for-person", "", 3),
        ("I ordning", "saved", "", 0),
    ):
        at = office.clock()
        run = EndedRun(name, "FortnoxAPI", "", None, at, outcome, {"saved": 1}, code, Text(*"ab"))
        schedules.store_end(office.store, run, at - timedelta(days=1), waiting=waiting, failures=1)
    violations = {}
    for path in (
        *("overview", "overview?of=V%C3%A4ntar", "overview?code=paused", "overview?of=Ny"),
        "overview/schedule?of=Ny",
    ):
        page.goto(desk.url + path)
        violations[path] = faults(axe, page)
    page.locator("#daily").fill("noon")
    page.get_by_role("radio").first.check()
    page.locator("#ok").click()
    page.locator("#daily-wrong, #every-wrong").wait_for()
    violations["refused"] = faults(axe, page)
    assert {path: wrong for path, wrong in violations.items() if wrong} == {}


def test_no_open_menu_has_a_violation(page, axe):
    for index in range(page.locator("details.menu").count()):
        page.locator("details.menu > summary").nth(index).click()
        assert faults(axe, page) == []
        page.keyboard.press("Escape")


def test_no_refusal_has_a_violation(page, person, axe, desk):
    page.goto(f"{desk.url}settings/new")
    person.button("Spara").click()
    page.locator("[aria-invalid=true]").first.wait_for()
    assert faults(axe, page) == []


READING = {
    "sentence": "Läser betalningar i Fortnox",
    "stage": "payments",
    "signing_in": False,
    **dict.fromkeys(("read", "pages", "left"), "–"),
}


def test_progress_is_told_to_a_screen_reader(page, person):
    """Once nobody signs in any more: the countdown of a login is not announced."""
    page.route("**/now", lambda route: route.fulfill(json=READING))
    person.defines_fortnox()
    page.reload()
    person.starts_import()
    announced = "said => document.querySelector('[aria-live=polite]')?.textContent === said"
    page.wait_for_function(announced, arg=READING["sentence"])
    assert page.get_by_role("progressbar", name="Hur långt importen har kommit").count() == 1


#: Collects what is put into the region of the page in which news are told.
HEARD = """
  window.heard = [];
  new MutationObserver((changes) => {
    for (const change of changes) {
      const text = change.target.id === "told" && change.target.textContent;
      if (text) window.heard.push(text);
    }
  }).observe(document, { childList: true, subtree: true });
"""


def heard(page, last):
    """Return what was told since it was asked last, once that has ended with ``last``."""
    page.wait_for_function("last => window.heard.at(-1)?.endsWith(last)", arg=last)
    page.wait_for_timeout(200)  # so that a second telling would be noticed
    return page.evaluate("window.heard.splice(0)")


def test_what_a_search_found_is_told_once_to_a_screen_reader(page, person, office, desk):
    person.defines_fortnox()
    office.host(window=sign_in_in_background).import_payments("Fortnox")
    page.add_init_script(HEARD)
    page.goto(f"{desk.url}import")
    field = page.locator("#ready-q")
    field.fill("inte en enda")
    field.press("Enter")
    assert heard(page, "sökningen.") == ["Ingen betalning stämmer med sökningen."]
    assert page.evaluate("document.activeElement.id") == "ready-q"
    page.locator("#ready-clear").click()
    assert heard(page, "visas.") == ["1–100 av 201 betalningar visas."]
    page.locator("#ready-by-amount").click()
    page.wait_for_url("**ready_sort=amount*")
    page.locator("#rejected-q").fill("finns inte")
    page.locator("#rejected-search").click()
    assert heard(page, "sökningen.") == ["Ingen betalning stämmer med sökningen."]


def test_what_waits_to_be_taken_again_is_told_once_to_a_screen_reader(page, person, office, desk):
    person.defines_fortnox()
    host = office.host(window=sign_in_in_background)
    host.import_payments("Fortnox")
    saved = host.save("Fortnox")
    host.undo_save(saved.run_id, why="fel företag")
    page.add_init_script(HEARD)
    page.goto(f"{desk.url}import")
    [said] = heard(page, "fel företag.")
    assert "ångrades av" in said
    page.locator("[id^=take-again-]").click()
    [said] = heard(page, "Läs fil")
    assert "betalningar tas in igen: läs in igen" in said
    page.locator("summary").filter(has_text="Ekonomi").click()
    person.link("Betalningsimport").click()
    page.wait_for_timeout(500)
    assert page.evaluate("window.heard") == []
