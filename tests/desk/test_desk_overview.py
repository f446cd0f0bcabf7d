"""Översikt: how every import and export stands, and what a person does from there."""

import csv
import io
import itertools
import re
from datetime import time, timedelta

import pytest
from desk_person import Person, rows_of, wait_for, words
from fake_export import SETTINGS, FakeExport
from fake_plugin import COMPANY, FakePlugin, Refused, hookimpl, payment
from host_and_plugin import NOON

from hostsim.ledger import schedules as rules
from hostsim.ledger.schedules import GREEN, NONE, Timetable
from hostsim.plugins.loading import Plugins
from hostsim.storage import schedules
from hostsim.storage.lists import Selection, all_of
from hostsim.views.schedules import when
from opter_contract.values import Company, EndedRun, ErrorText, Text

HALF_HOURLY = Timetable(every=timedelta(minutes=30))
NIGHTLY = Timetable(daily=time(6))
LOGIN = Text("Någon måste logga in.", "Somebody must sign in.")
EVIL = "<script>alert(1)</script>/?å&"


class SigningIn(FakePlugin):
    """Lists its errors, and has a login that a person can be refused at."""

    def __init__(self, **values):
        super().__init__(**values)
        self.refused = False

    @hookimpl
    def opter_sign_in(self, run):
        assert run.attended
        if self.refused:
            raise Refused
        return COMPANY

    @hookimpl
    def opter_errors(self):
        return [
            ErrorText("MUST_SIGN_IN", "login", LOGIN),
            ErrorText("NO_RIGHT", "permission", LOGIN),
            ErrorText("SET_OTHERWISE", "settings", LOGIN),
        ]


@pytest.fixture
def plugin():
    return SigningIn(payments=[payment(1, "1001", "400"), payment(2, "9999")])


@pytest.fixture
def plugins(plugin):
    return Plugins([("fake", plugin), ("exporter", FakeExport())])


@pytest.fixture
def person(desk_context):
    return Person(desk_context)


@pytest.fixture
def host(desk_context):
    return desk_context.host()


def define(host, name, company=None):
    host.define(name, "Fake", "API", "", {})
    if company:
        with host.store.change() as db:
            db.execute(
                "UPDATE definitions SET company = ?, company_name = ? WHERE name = ?",
                (company.number, company.name, name),
            )


def scheduled(host, name, outcome=None, *, waiting=0, code="", timetable=HALF_HOURLY, **values):
    """Define an import with a schedule whose last run ended so."""
    define(host, name, values.get("company"))
    host.set_schedule(name, timetable, GREEN)
    if outcome is None:
        return
    counts = {"read": 9, "saved": 5, "left": waiting}
    message = LOGIN if code else None
    at = NOON - timedelta(minutes=len(name))
    run = EndedRun(name, "Fake", "", None, at, outcome, counts, code, message)
    due = NOON + timedelta(minutes=30)
    schedules.store_end(host.store, run, due, waiting=waiting, failures=bool(code))


def sums(page):
    found = re.search(r'<ul class="counted">.*?</ul>', page, re.DOTALL)[0]
    return [words(item) for item in re.findall(r"<li.*?</li>", found, re.DOTALL)]


def names(page):
    return [row[0] for row in rows_of(page, "overview")]


def detail(page):
    return words(re.search(r'id="detail-scroll".*?</section>', page, re.DOTALL)[0])


# --- At a glance ---------------------------------------------------------------


@pytest.fixture
def several(host):
    scheduled(host, "Fin", rules.SAVED)
    scheduled(host, "Inget nytt", rules.NOTHING_NEW)
    scheduled(host, "Väntar", rules.WAITS, waiting=3, company=Company("77", "Ängens Åkeri AB"))
    scheduled(host, "Trasig", rules.FAILED, code="FORTNOX_DOWN")
    scheduled(host, "Pausad", rules.PAUSED, code="MUST_SIGN_IN")
    scheduled(host, "Ny")
    define(host, "Ledig")


def test_the_desk_leads_to_it(person):
    assert '<a href="/overview" data-swap>Översikt</a>' in person.get("/import")


def test_before_anything_is_defined_it_says_how_to_begin(person):
    page = person.get("/overview")
    assert "Det finns ingen import eller export än." in page
    assert sums(page)[0] == "0 i ordning"


@pytest.mark.usefixtures("several")
def test_a_line_sums_up_how_all_stand(person):
    assert sums(person.get("/overview")) == [
        "2 i ordning",
        "1 väntar på en person",
        "1 misslyckades, försöker igen",
        "1 pausad",
        "1 ska köras",
        "1 utan schema",
    ]


@pytest.mark.usefixtures("several")
def test_those_that_need_a_person_come_first(person):
    found = names(person.get("/overview"))
    assert found == ["Pausad", "Väntar", "Trasig", "Ny", "Fin", "Inget nytt", "Ledig"]


@pytest.mark.usefixtures("several")
def test_a_row_says_how_it_stands_without_a_code(person):
    [row] = [row for row in rows_of(person.get("/overview"), "overview") if row[0] == "Pausad"]
    assert "Pausad" in row[3]
    assert row[-1] == "Någon måste logga in."


@pytest.mark.usefixtures("several")
def test_a_part_of_the_sum_leads_to_those_that_it_counts(person):
    link = re.search(r'id="only-waits-for-person" href="([^"]+)"', person.get("/overview"))[1]
    page = person.get(link)
    assert names(page) == ["Väntar"]
    # The sum is of all, and what is shown can be shown no longer.
    assert len(sums(page)) == 6
    assert 'id="only-waits-for-person" href="/overview" data-swap aria-current=true' in page


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("words", "found"),
    [("ängens", ["Väntar"]), ("TRASIG", ["Trasig"]), ("77", ["Väntar"]), ("nobody", [])],
)
def test_it_is_searched_by_name_and_company(person, words, found):
    page = person.get(f"/overview?q={words}")
    assert [name for name in names(page) if "Ingenting stämmer" not in name] == found


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("column", ["name", "company", "what", "how", "waiting", "last", "next"])
def test_every_column_sorts_both_ways(person, host, column):
    host.define_export("Ut", "Fake", "invoices", "", SETTINGS)
    page = person.get("/overview")
    assert f'id="overview-by-{column}"' in page
    up, down = (names(person.get(f"/overview?sort={sign}{column}")) for sign in ("", "-"))
    assert sorted(up) == sorted(down)
    assert up != down


@pytest.mark.usefixtures("several")
def test_it_is_downloaded_as_it_is_shown(person):
    page = person.get("/overview?code=paused")
    link = re.search(r'href="([^"]+\.csv[^"]*)"', page)[1].replace("&amp;", "&")
    heading, row = csv.reader(io.StringIO(person.get(link).lstrip("\ufeff")), delimiter=";")
    assert heading[:4] == ["Namn", "Företag", "Vad", "Hur det gick"]
    assert (row[0], row[3], row[-1]) == ("Pausad", "Pausad", "Någon måste logga in.")


def test_imports_and_exports_stand_in_one_list(person, host):
    define(host, "Betalningar in")
    host.define_export("Fakturor ut", "Fake", "invoices", "", SETTINGS)
    rows = rows_of(person.get("/overview?sort=name"), "overview")
    assert [row[2] for row in rows] == ["Betalningar", "Fakturor"]


def test_names_of_any_kind_are_rows_like_others(person, host):
    scheduled(host, EVIL, rules.PAUSED, code="NO_RIGHT")
    define(host, "Annan")
    page = person.get("/overview?sort=name")
    assert EVIL not in page
    link = re.search(r'href="(/overview\?[^"]*of=%3Cscript[^"]*)"', page)[1]
    chosen = re.search(r'<h2 id="chosen-title">.*?</h2>', person.get(link.replace("&amp;", "&")))[0]
    assert "&lt;script&gt;alert(1)" in chosen


def test_thousands_are_turned_over(person, store):
    with store.change() as db:
        db.executemany(
            "INSERT INTO definitions (name, import_type, import_format, region, settings)"
            " VALUES (?, 'Fake', 'API', '', '{}')",
            [(f"{number:05}",) for number in range(1, 1202)],
        )
    page = person.get("/overview?page=13")
    assert names(page) == ["01201"]
    assert "Sida 13 av 13" in words(page)


def test_every_way_to_stand_is_counted_as_it_is_shown(host):
    """Whatever the last outcome was, paused or not; what was resumed is to run."""
    active = {
        None: rules.TO_RUN,
        rules.SAVED: rules.FINE,
        rules.NOTHING_NEW: rules.FINE,
        rules.WAITS: rules.WAITS,
        rules.FAILED: rules.FAILED,
        rules.PAUSED: rules.TO_RUN,
    }
    stands = {"none": rules.NOT_SCHEDULED}
    for number, (outcome, paused) in enumerate(itertools.product(active, [False, True])):
        scheduled(host, str(number), outcome)
        with host.store.change() as db:
            at = NOON.isoformat() if paused else None
            db.execute("UPDATE schedules SET paused_at = ? WHERE definition = ?", (at, number))
        stands[str(number)] = rules.PAUSED if paused else active[outcome]
    define(host, "none")
    assert {row.id: row.standing for row in schedules.definitions(host.store)} == stands
    for standing in set(stands.values()):
        rows = all_of(host.store, schedules.overview(), Selection(code=standing))
        assert {row.id for row in rows} == {n for n, state in stands.items() if state == standing}


# --- The chosen one --------------------------------------------------------------


def test_what_waits_leads_to_the_open_preview(person, host):
    define(host, "Fortnox")
    person.run_import()
    host.set_schedule("Fortnox", HALF_HOURLY, NONE)
    run = person.desk_context.open_previews()["Fortnox"]
    page = person.get("/overview?of=Fortnox")
    assert f'id="to-work" href="/import?run={run}"' in page
    assert 'id="read-it"' not in page


def test_what_was_left_of_a_saved_one_is_read_again_to_decide(person, host):
    scheduled(host, "Fortnox", rules.WAITS, waiting=2)
    person.run_import()
    person.save()
    page = person.get("/overview?of=Fortnox")
    assert "Väntar på en person: 2" in detail(page)
    assert "klicka på Läs fil" in detail(page)
    assert 'class="button primary" id="read-it" href="/import/read?format=Fortnox"' in page
    assert "Visa i Betalningsimport" in page


def test_an_export_leads_to_its_page(person, host):
    host.define_export("Ut", "Fake", "supplier-bills", "", SETTINGS)
    page = person.get("/overview?of=Ut")
    assert 'id="to-work" href="/bills?export=Ut"' in page
    assert "Till avräkningarna" in page


def test_the_code_stands_apart_from_the_sentence(person, host):
    scheduled(host, "A", rules.FAILED, code="FORTNOX_DOWN")
    assert "Felkod: FORTNOX_DOWN" in detail(person.get("/overview"))


def test_what_a_run_came_to_is_told(person, host):
    scheduled(host, "A", rules.WAITS, waiting=3)
    assert "Blev 5 sparade, 3 lämnade till en person" in detail(person.get("/overview"))


def test_a_schedule_that_nothing_runs_is_told(person, host):
    scheduled(host, "A")
    with host.store.change() as db:
        db.execute("UPDATE schedules SET next_due = '2026-11-22T10:59:00+00:00'")
    assert "1 skulle ha körts för mer än en timme sedan" in person.get("/overview")
    with host.store.change() as db:
        db.execute("UPDATE schedules SET next_due = '2026-11-22T11:30:00+00:00'")
    assert "skulle ha körts" not in person.get("/overview")


# --- Running again, and signing in ----------------------------------------------


def test_a_paused_one_runs_again(person, host):
    scheduled(host, "A", rules.PAUSED, code="SET_OTHERWISE")
    assert 'id="resume" class="primary"' in person.get("/overview")
    person.post("/overview/resume?of=A", name="A")
    [told] = person.notices("/overview")
    assert told == "A är inte pausad längre och står på tur att köras."
    assert schedules.due(host.store, NOON) == ["A"]
    assert "Försöker igen" in detail(person.get("/overview"))


def test_all_that_are_paused_run_again_where_they_are_shown(person, host):
    for name in "AB":
        scheduled(host, name, rules.PAUSED, code="SET_OTHERWISE")
    scheduled(host, "C", rules.FAILED, code="FORTNOX_DOWN")
    assert "resume-all" not in person.get("/overview")
    assert "Kör alla 2 pausade igen" in person.get("/overview?code=paused")
    person.post("/overview/resume?code=paused", all="1")
    assert "2 är inte pausade längre och står på tur att köras." in person.notices("/overview")
    assert schedules.due(host.store, NOON) == ["A", "B"]


def test_one_without_a_schedule_cannot_run_again(person, host):
    define(host, "A")
    assert "NOT_SCHEDULED" in person.post("/overview/resume", 400, name="A")


@pytest.mark.parametrize(
    ("code", "offer"),
    [("MUST_SIGN_IN", "Någon måste logga in. Gör det här"), ("NO_RIGHT", "Är det ordnat?")],
)
def test_a_login_is_offered_where_one_mends_it(person, host, code, offer):
    scheduled(host, "A", rules.PAUSED, code=code)
    page = person.get("/overview")
    assert offer in detail(page)
    assert 'id="sign-in"' in page
    assert 'id="settings-of" href' in page or 'href="/settings/of/A"' in page


@pytest.mark.parametrize("code", ["SET_OTHERWISE", "NOBODY_KNOWS_IT"])
def test_no_login_is_offered_where_none_mends_it(person, host, code):
    scheduled(host, "A", rules.PAUSED, code=code)
    assert 'id="sign-in"' not in person.get("/overview")


def signs_in(person, name="A"):
    """Sign in as the page does; give the page that it leads to."""
    leads_to = person.post("/overview/sign-in", format=name)
    job = person.desk_context.jobs.get(re.search(r"/jobs/([\w-]+)", leads_to)[1])
    wait_for(job)
    return person.client.get(f"/jobs/{job.id}", headers={"Host": "127.0.0.1:8000"})


def test_after_a_login_it_is_due_again(person, host):
    scheduled(host, "A", rules.PAUSED, code="MUST_SIGN_IN")
    answer = signs_in(person)
    assert answer.headers["Location"] == "/overview?of=A"
    [told] = person.notices("/overview?of=A")
    assert told == "A är inloggad till Åkeriet AB (77) och står på tur att köras."
    assert schedules.due(host.store, NOON) == ["A"]


def test_a_login_that_fails_says_why_and_leaves_it_paused(person, host, plugin):
    scheduled(host, "A", rules.PAUSED, code="MUST_SIGN_IN")
    plugin.refused = True
    page = signs_in(person).text
    assert "Inloggningen gick inte att genomföra" in page
    assert 'href="/overview?of=A" data-close' in page
    assert schedules.due(host.store, NOON) == []


# --- The schedule ------------------------------------------------------------------


def test_a_schedule_begins_with_the_morning_and_saves_nothing(person, host):
    define(host, "A")
    page = person.get("/overview/schedule?of=A")
    assert 'id="when-daily" value="daily" checked' in page
    assert 'id="daily" name="daily" value="06:00"' in page
    assert 'id="save-none" value="none" checked' in page


@pytest.mark.parametrize(
    ("form", "timetable"),
    [
        ({"when": "daily", "daily": "6.30", "save": "green"}, Timetable(time(6, 30))),
        (
            {"when": "every", "every": " 45 ", "unit": "m", "save": "none"},
            Timetable(every=timedelta(minutes=45)),
        ),
        (
            {"when": "every", "every": "2", "unit": "h", "save": "green"},
            Timetable(every=timedelta(hours=2)),
        ),
    ],
)
def test_it_is_stored_as_it_is_chosen(person, host, form, timetable):
    define(host, "A")
    person.post("/overview/schedule?of=A&q=a", **form)
    schedule = host.scheduled("A")
    assert (schedule.timetable, schedule.save) == (timetable, form["save"])
    assert f"Schemat är sparat: A körs {when(timetable).sv}." in person.notices("/overview")
    # It comes back as it was typed.
    page = person.get("/overview/schedule?of=A")
    assert f'id="when-{form["when"]}" value="{form["when"]}" checked' in page
    if form["when"] == "every":
        assert f'name="every" value="{form["every"].strip()}"' in page
        assert f'<option value="{form["unit"]}" selected>' in page


def test_it_is_taken_away(person, host):
    scheduled(host, "A", timetable=NIGHTLY)
    person.post("/overview/schedule?of=A", when="never")
    assert person.notices("/overview") == ["A har inget schema."]
    assert schedules.schedule(host.store, "A") is None
    person.post("/overview/schedule?of=A", when="never")
    assert person.notices("/overview") == ["A har inget schema."]


@pytest.mark.parametrize(
    ("form", "field", "sentence"),
    [
        ({"when": "daily", "daily": "25:00"}, "daily", "Skriv en tid som 06:00."),
        ({"when": "every", "every": "0", "unit": "m"}, "every", "Skriv ett helt tal"),
        ({"when": "every", "every": "169", "unit": "h"}, "every", "Skriv ett helt tal"),
        ({"when": "every", "every": "en", "unit": "m"}, "every", "Skriv ett helt tal"),
    ],
)
def test_what_is_no_time_is_refused_beside_its_field(person, host, form, field, sentence):
    scheduled(host, "A", timetable=NIGHTLY)
    page = person.post("/overview/schedule?of=A", 422, **form)
    wrong = re.search(rf'id="{field}-wrong">.*?</ul>', page, re.DOTALL)[0]
    assert sentence in words(wrong)
    assert f'name="{field}" value="{form[field]}"' in page
    assert host.scheduled("A").timetable == NIGHTLY


def test_the_schedule_of_nothing_is_no_page(person):
    assert "PAGE_UNKNOWN" in person.get("/overview/schedule?of=nobody", 400)


def test_the_list_stays_as_it_was_meanwhile(person, host):
    define(host, "A")
    page = person.get("/overview/schedule?of=A&q=a&sort=-name")
    action = re.search(r'action="(/overview/schedule[^"]+)"', page)[1].replace("&amp;", "&")
    answer = person.client.post(
        action,
        headers={"Host": "127.0.0.1:8000"},
        data={"token": re.search(r'name="token" value="([^"]+)"', page)[1], "when": "daily"},
    )
    assert answer.headers["Location"] == "/overview?of=A&q=a&sort=-name"


def test_many_open_previews_are_one_link(person, store, host):
    for number in range(9):
        define(host, str(number))
        person.run_import(str(number))
    page = person.get("/import")
    assert '<a href="/overview" data-swap>9 öppna inläsningar</a>' in page
