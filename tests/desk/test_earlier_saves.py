"""The page of one save, also after a later one: its lists, its notices, its files and its paper."""

import io
import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from desk_person import HERE, Person, rows_of, words
from fake_plugin import FakePlugin, invoice, payment
from openpyxl import load_workbook

from hostsim.desk.context import DeskContext
from hostsim.plugins.loading import Plugins
from hostsim.storage.store import Store

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def person(tmp_path):
    """Save three payments of two invoices, and then a fourth one."""
    plugin = FakePlugin()
    plugin.payments = [
        payment(1),
        payment(2, "1002", "200"),
        payment(3, "1002", "50"),
        payment(4, "9999", "40"),
    ]
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices([invoice("1001"), invoice("1002", "500"), invoice("1003", "75")])
        clock = SimpleNamespace(now=NOON)
        plugins = Plugins([("fake", plugin)])
        context = DeskContext(store, plugins, clock=lambda: clock.now, user="kim")
        context.host().define("Fortnox", "Fake", "API", "", {})
        person = Person(context)
        person.clock = clock
        person.plugin = plugin
        person.run_import()
        person.first = context.open_previews()["Fortnox"]
        person.save()
        yield person
        context.jobs.stop()


@pytest.fixture
def later(person):
    person.before = person.get(f"/import?run={person.first}")
    person.clock.now += timedelta(hours=1)
    person.plugin.payments = [payment(5, "1003", "75")]
    person.run_import()
    person.second = person.desk_context.open_previews()["Fortnox"]
    person.save()
    return person


def headed(page, name):
    return words(re.search(rf'<h2 id="{name}-title">.*?</h2>', page, re.DOTALL)[0])


def download(person, path):
    answer = person.client.get(path, headers=HERE)
    assert answer.status_code == 200
    return answer.data, answer.headers["Content-Disposition"]


def test_an_earlier_save_shows_what_it_saved_as_it_was(later):
    page = later.get(f"/import?run={later.first}")
    assert rows_of(page, "ready") == rows_of(later.before, "ready")
    assert len(rows_of(page, "ready")) == 3
    assert headed(page, "ready") == "Sparade betalningar (3)"
    assert "1–3 av 3, summa 1 250,00" in words(page)
    assert "en tidigare sparning" in words(page)
    assert "Lästa 4 1 290,00 SEK" in words(page)


def test_what_was_deleted_since_still_was_saved_then(later):
    one = next(iter(later.desk_context.store.payments()))
    later.desk_context.host().delete_payment(one.id, why="fel")
    page = later.get(f"/import?run={later.first}")
    assert rows_of(page, "ready") == rows_of(later.before, "ready")
    assert "2 betalningar är registrerade." in words(page)


@pytest.mark.parametrize(
    "sort", ["mark", "payment", "customer", "-after", "before", "message", "due"]
)
def test_an_earlier_save_is_sorted_and_searched(later, sort):
    page = later.get(f"/import?run={later.first}&ready_sort={sort}&ready_q=1002")
    assert {row[2] for row in rows_of(page, "ready")} == {"1002"} or len(
        rows_of(page, "ready")
    ) == 2


def test_the_lists_that_are_not_kept_say_so_and_lead_to_what_waits(later):
    page = later.get(f"/import?run={later.first}")
    assert "Den här listan finns inte kvar: något har sparats efteråt." in words(page)
    assert "Inga betalningar." not in words(page).partition("Ignorerade enligt")[0]
    assert f'id="waits-now" href="/import?run={later.second}"' in page
    assert [row[0] for row in rows_of(later.get(f"/import?run={later.second}"), "rejected")] == [
        "4"
    ]
    for kind in ("rejected", "ignored"):
        later.get(f"/import/{later.first}/{kind}.csv", 400)


def test_the_files_of_an_earlier_save_have_its_rows_and_sum(later):
    text, _ = download(later, f"/import/{later.first}/ready.csv")
    assert len(text.decode("utf-8-sig").splitlines()) == 4
    book, _ = download(later, f"/import/{later.first}/ready.xlsx")
    *_, last = load_workbook(io.BytesIO(book)).active.iter_rows(values_only=True)
    assert last[0] == "Summa av 3"
    assert 1250 in last


def test_a_notice_of_an_undone_save_stands_where_that_save_is_shown(later):
    later.post(f"/runs/{later.first}/undo", why="fel företag")
    later.notices()
    said = "Sparningen av Fortnox 2026-11-22 12:00 (kim) ångrades av kim 2026-11-22 13:00"
    for path in ("/import", f"/import?run={later.first}", f"/runs?run={later.first}"):
        assert said in words(later.get(path)), path
    for path in (f"/import?run={later.second}", f"/runs?run={later.second}"):
        assert "ångrades" not in words(later.get(path)), path
    later.post(f"/runs/{later.first}/take-again", revision="")
    assert "läs in igen (Läs fil), så kommer de" in words(later.get("/import"))
    assert "så kommer de" not in words(later.get(f"/import?run={later.second}"))


FILES = {
    "sv": ["sparade", "kan-inte-sparas", "ignorerade"],
    "en": ["saved", "cannot-be-saved", "ignored"],
}


@pytest.mark.parametrize("language", FILES)
def test_a_file_is_called_by_what_it_lists_in_the_words_of_the_page(person, language):
    person.post("/language", 302, language=language)
    first = {"sv": "betalningsimport", "en": "payment-import"}[language]
    names = [
        download(person, f"/import/{person.first}/{kind}.csv")[1]
        for kind in ("ready", "rejected", "ignored")
    ]
    assert names == [f'attachment; filename="{first}-{name}.csv"' for name in FILES[language]]


def test_what_can_be_saved_and_what_was_undone_are_files_of_their_own(person):
    person.run_import()
    run = person.desk_context.open_previews()["Fortnox"]
    assert "betalningsimport-kan-sparas.xlsx" in download(person, f"/import/{run}/ready.xlsx")[1]
    person.post(f"/runs/{person.first}/undo", why="fel")
    undone = download(person, f"/import/{person.first}/ready.xlsx")[1]
    assert "betalningsimport-angrade.xlsx" in undone


def test_the_paper_names_the_list_the_import_the_company_and_the_date(person):
    page = words(person.get(f"/import/{person.first}/ready.print"))
    assert "Sparade betalningar Fortnox · Åkeriet AB (77) · Datum 2026-11-22 Utskriven" in page, (
        page[:400]
    )
    assert "Betalningar som inte kunde sparas" in person.get(
        f"/import/{person.first}/rejected.print"
    )
