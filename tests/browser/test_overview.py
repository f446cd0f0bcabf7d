"""Ten thousand companies at a glance: found, scheduled, signed in to, run again."""

from datetime import time, timedelta

import pytest
from playwright.sync_api import expect

from hostsim.ledger.schedules import GREEN, WAITS, Timetable
from hostsim.storage import schedules
from opter_contract.values import EndedRun

MANY = 10_000


@pytest.fixture
def many(office):
    """Have ten thousand companies, each with a schedule; one of them waits for a person."""
    store, at = office.store, office.clock()
    with store.change() as db:
        db.execute(
            "INSERT INTO definitions (name, import_type, import_format, region, settings, company,"
            " company_name) WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE"
            " n < :many) SELECT printf('%05d', n), 'FortnoxAPI', 'API', n, '{}', n + 500000,"
            " 'Åkeri ' || n || ' AB' FROM n",
            {"many": MANY},
        )
        db.execute(
            "INSERT INTO schedules (definition, every, save, next_due, ended_at, outcome)"
            " SELECT name, 30, 'green', :due, :ended, 'saved' FROM definitions",
            {"due": (at + timedelta(hours=1)).isoformat(), "ended": at.isoformat()},
        )
    run = EndedRun("07000", "FortnoxAPI", "", None, at, WAITS, {"left": 3})
    schedules.store_end(store, run, at + timedelta(hours=1), waiting=3, failures=0)
    return store


def test_ten_thousand_companies_are_usable(page, person, desk, many):
    person.opens_menu("Ekonomi", "Översikt")
    expect(page.locator(".counted")).to_contain_text("9\xa0999 i ordning")
    rows = page.locator("table.overview tbody tr")
    expect(rows.first).to_contain_text("Väntar på en person")
    assert rows.count() == 100
    # With the arrows from row to row, the chosen one beside them.
    page.locator("a[data-row]").first.focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("heading", name="00001").wait_for()
    page.locator("#only-waits-for-person").click()
    page.get_by_text("1–1 av 1").wait_for()
    page.locator("#only-waits-for-person").click()
    page.get_by_text("1–100 av 10\xa0000").wait_for()
    page.locator("#overview-q").fill("Åkeri 4711 AB")
    page.keyboard.press("Enter")
    page.get_by_text("1–1 av 1").wait_for()
    person.link("Schema …").click()
    page.get_by_label("Varje dag").check()
    page.get_by_label("klockan").fill("05:45")
    person.button("Spara", person.dialog).click()
    page.get_by_text("Schemat är sparat: 04711 körs dagligen 05:45.").wait_for()
    page.locator("#ask-when:focus").wait_for()
    assert schedules.schedule(many, "04711").timetable == Timetable(daily=time(5, 45))
    page.get_by_text("1–1 av 1").wait_for()


def test_nothing_is_out_of_reach_at_twice_the_size(page, desk, many):
    page.set_viewport_size({"width": 683, "height": 384})
    for path in ("overview", "overview?of=07000", "overview/schedule?of=07000"):
        page.goto(desk.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#ok").scroll_into_view_if_needed()
    expect(page.locator("#ok")).to_be_in_viewport()


def test_one_that_is_paused_for_a_login_is_signed_in_to_and_runs(page, person, office, desk):
    person.defines_fortnox()
    host = office.host(attended=False)
    host.change("Fortnox", dict(office.store.definition("Fortnox").settings) | {"sign_in": "stay"})
    host.set_schedule("Fortnox", Timetable(every=timedelta(hours=1)), GREEN)
    assert host.run_scheduled("Fortnox").outcome == "paused"
    page.goto(f"{desk.url}overview")
    page.get_by_text("Någon måste logga in. Gör det här").wait_for()
    person.signs_in_after(person.button("Logga in …"))
    page.get_by_text("Fortnox är inloggad till Björkviks Åkeri AB (480211) och står på").wait_for()
    run = host.run_scheduled("Fortnox")
    assert run.outcome == WAITS
    assert run.counts["saved"] > 100
    page.reload()
    waiting = host.scheduled("Fortnox").waiting
    page.get_by_text(f"Väntar på en person: {waiting}").wait_for()
    person.link("Visa i Betalningsimport").click()
    page.get_by_text("betalningar är registrerade.").wait_for()


def test_a_login_that_would_not_last_says_what_to_choose(page, person, office, desk):
    person.defines_fortnox()
    host = office.host(attended=False)
    host.set_schedule("Fortnox", Timetable(every=timedelta(hours=1)), GREEN)
    host.run_scheduled("Fortnox")
    page.goto(f"{desk.url}overview")
    person.button("Logga in …").click()
    page.get_by_role("alertdialog", name="Inloggningen gick inte att genomföra").wait_for()
    page.get_by_text("är inställd på Varje gång").wait_for()
    assert host.scheduled("Fortnox").paused
    person.link("Inställningar", person.dialog).click()
    page.get_by_role("dialog", name="Betalningsimport - Inställningar").wait_for()
