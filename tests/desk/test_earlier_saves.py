"""The page of one save, also after a later one: its lists, its notices, its files and its paper."""

import io
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from desk_person import HERE, rows_of, words
from fake_plugin import invoice, payment
from host_and_plugin import NOON
from openpyxl import load_workbook


@pytest.fixture
def invoices():
    return [invoice("1001"), invoice("1002", "500"), invoice("1003", "75")]


@pytest.fixture
def person(person, plugin, clock):
    """Save three payments of two invoices, and then a fourth one."""
    plugin.payments = [
        payment(1),
        payment(2, "1002", "200"),
        payment(3, "1002", "50"),
        payment(4, "9999", "40"),
    ]
    person.clock, person.plugin = clock, plugin
    person.first = person.run_import().run_id
    person.save()
    return person


@pytest.fixture
def later(person):
    person.before = person.get(f"/import?run={person.first}")
    person.clock.advance(hours=1)
    person.plugin.payments = [payment(5, "1003", "75")]
    person.second = person.run_import().run_id
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
    payment = next(iter(later.desk_context.store.payments()))
    later.desk_context.host().delete_payment(payment.id, why="fel")
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
    saved = "2026-11-22-1200-kim"
    assert names == [
        f'attachment; filename="{first}-{name}-{saved}.csv"' for name in FILES[language]
    ]


def test_what_can_be_saved_and_what_was_undone_are_files_of_their_own(person):
    person.run_import()
    run = person.desk_context.open_previews()["Fortnox"]
    assert "betalningsimport-kan-sparas.xlsx" in download(person, f"/import/{run}/ready.xlsx")[1]
    person.post(f"/runs/{person.first}/undo", why="fel")
    undone = download(person, f"/import/{person.first}/ready.xlsx")[1]
    saved = "2026-11-22-1200-kim"
    assert f"betalningsimport-angrade-{saved}-angrad-{saved}.xlsx" in undone


def test_the_paper_names_the_list_the_import_the_company_and_the_date(person):
    page = words(person.get(f"/import/{person.first}/ready.print"))
    assert (
        "Sparade betalningar Fortnox · Åkeriet AB (77) · Datum 2026-11-22 · "
        "Sparad 2026-11-22 12:00 av kim Utskriven"
    ) in page
    assert "Betalningar som inte kunde sparas" in person.get(
        f"/import/{person.first}/rejected.print"
    )


def test_two_saves_of_one_day_are_told_apart_on_the_page_on_paper_and_as_files(later):
    later.clock.now += timedelta(hours=1)
    later.post(f"/runs/{later.first}/undo", why="fel företag")
    undone = "Sparad 2026-11-22 12:00 av kim · Ångrad 2026-11-22 14:00 av kim: fel företag"
    for path in (f"/import?run={later.first}", f"/import/{later.first}/ready.print"):
        assert undone in words(later.get(path)), path
    for path in (f"/import?run={later.second}", f"/import/{later.second}/ready.print"):
        assert "Sparad 2026-11-22 13:00 av kim" in words(later.get(path)), path
        assert "Ångrad" not in words(later.get(path)), path
    names = [download(later, f"/import/{run}/ready.csv")[1] for run in (later.first, later.second)]
    assert "angrade-2026-11-22-1200-kim-angrad-2026-11-22-1400-kim.csv" in names[0]
    assert "sparade-2026-11-22-1300-kim.csv" in names[1]


def test_a_save_goes_by_when_it_was_saved_and_its_beginning_is_called_that(person):
    person.run_import()
    person.clock.advance(minutes=1)
    person.plugin.payments = [payment(6, "1003", "75")]
    person.run_import()
    run = person.desk_context.open_previews()["Fortnox"]
    person.clock.advance(minutes=1)
    person.save()
    page = words(person.get(f"/runs?run={run}"))
    assert "Vald sparning, sparad 2026-11-22 12:02" in page
    assert "Gjord av kim, började 2026-11-22 12:01" in page
    assert "Bara sparningen 2026-11-22 12:02" in words(person.get(f"/payments?run={run}"))


@pytest.fixture
def half_undone(person):
    """Undo a first save, and then a second one that had reversed one payment of it."""
    person.clock.advance(hours=1)
    person.plugin.payments = [payment(1, amount="900")]
    person.second = person.run_import().run_id
    person.decide(1, "accept")
    person.save()
    person.clock.advance(hours=1)
    person.post(f"/runs/{person.first}/undo", why="fel företag")
    person.notices()
    person.clock.advance(hours=1)
    person.dialog = words(person.get(f"/runs/{person.second}/undo"))
    person.post(f"/runs/{person.second}/undo", why="också fel")
    return person


OF_THE_FIRST = (
    "Betalning 1 är från sparningen av Fortnox 2026-11-22 12:00 (kim), som ångrades "
    "2026-11-22 14:00: ångra den igen om den inte ska gälla."
)


def test_the_undoing_names_what_stands_again_and_the_undone_save_that_it_is_of(half_undone):
    assert OF_THE_FIRST in half_undone.dialog
    assert OF_THE_FIRST in " ".join(half_undone.notices("/runs"))


def test_a_save_of_which_something_stands_again_is_partly_undone_wherever_it_is_shown(half_undone):
    page = words(half_undone.get(f"/runs?run={half_undone.first}"))
    assert "delvis ångrad av kim, 2026-11-22 14:00: fel företag" in page
    assert "1 betalning, 1 000,00 SEK, gäller igen." in page
    assert "Sparade, sedan delvis ångrade (1 gäller igen) 3" in page
    [row] = rows_of(half_undone.get("/runs?code=partly-undone"), "runs")
    assert row[3] == "Delvis ångrad"
    assert row[-1] == "1 000,00"
    page = half_undone.get(f"/import?run={half_undone.first}")
    assert headed(page, "ready") == "Sparade betalningar, delvis ångrade (3)"
    assert "Sparningen är delvis ångrad. 1 betalning, 1 000,00 SEK, gäller igen." in words(page)
    assert "innan den ångrades. En del av dem gäller igen." in words(page)
    assert {row[1]: row[-1] for row in rows_of(page, "ready")} == {
        "1": "Gäller",
        "2": "Borttagen",
        "3": "Borttagen",
    }
    text, name = download(half_undone, f"/import/{half_undone.first}/ready.csv")
    assert "delvis-angrade" in name
    assert text.decode("utf-8-sig").count("Gäller") == 2  # and the heading
    assert "summa av 1 som gäller: 1 000,00 SEK" in words(
        half_undone.get(f"/payments?run={half_undone.first}")
    )


def test_what_a_reversal_of_another_save_took_does_not_stand_in_the_sum(person):
    person.plugin.payments = [payment(1, amount="900")]
    person.run_import()
    person.decide(1, "accept")
    person.save()
    page = words(person.get(f"/payments?run={person.first}"))
    assert "summa av 2 som gäller: 250,00 SEK" in page


def test_a_partly_undone_save_is_undone_again_and_only_what_stands_is_deleted(half_undone):
    address = f"/runs/{half_undone.first}/undo"
    for path in (f"/runs?run={half_undone.first}", f"/import?run={half_undone.first}"):
        assert 'id="undo-save"' in half_undone.get(path), path
    dialog = words(half_undone.get(address))
    assert "En betalning tas bort här" in dialog
    assert "rörs inte" not in dialog
    half_undone.notices()
    half_undone.post(address, why="allt bort")
    assert half_undone.notices("/runs") == ["Sparningen är ångrad: 1 betalning är borttagen."]
    for path in (f"/runs?run={half_undone.first}", f"/import?run={half_undone.first}"):
        page = half_undone.get(path)
        assert "elvis ångrad" not in words(page).replace("Delvis ångrad (", ""), path
        assert 'id="undo-save"' not in page, path
    store = half_undone.desk_context.store
    assert not [one for one in store.payments() if one.state == "registered"]
    reasons = {
        one.payment_number: one.deleted_why for one in store.payments(run_id=half_undone.first)
    }
    assert reasons == {"1": "allt bort", "2": "fel företag", "3": "fel företag"}


def test_what_was_undone_in_two_turns_is_taken_again_with_one_press(person):
    person.plugin.payments = [payment(1, amount="0")]
    person.run_import()
    second = person.desk_context.open_previews()["Fortnox"]
    person.decide(1, "accept")
    person.save()
    for run in (person.first, second, person.first):
        person.clock.advance(hours=1)
        person.post(f"/runs/{run}/undo", why="fel")
    several = person.desk_context.host().undone_saves("Fortnox")
    assert {one.run_id: one.waiting for one in several}[person.first] == 3


def test_nothing_is_said_to_come_when_saved_where_no_list_is_open(person):
    person.plugin.payments = [payment(1, amount="900")]
    person.run_import()
    second = person.desk_context.open_previews()["Fortnox"]
    person.decide(1, "accept")
    person.save()
    person.post(f"/runs/{second}/undo", why="fel")
    person.notices()
    person.post(f"/runs/{second}/take-again", revision="")
    told = " ".join(person.notices("/import"))
    assert "när du sparar" not in told
    assert "En betalning tas in igen: läs in igen (Läs fil)" in told


@pytest.fixture
def otherwise(person):
    """The first save is undone, and one of its payments has another amount by then."""
    person.post(f"/runs/{person.first}/undo", why="fel")
    person.plugin.payments = [
        payment(1, amount="940"),
        payment(2, "1002", "200"),
        payment(3, "1002", "50"),
    ]
    person.run_import()
    person.notices()
    return person


def test_what_has_another_amount_than_it_had_here_says_so_before_it_is_taken_again(otherwise):
    [row] = [row for row in rows_of(otherwise.get("/import"), "rejected") if row[0] == "1"]
    assert "belopp var 1 000,00 SEK här, nu 940,00 SEK" in row[-2]
    page = otherwise.decision_page(1)
    table = words(re.search(r'<table class="compared".*?</table>', page, re.DOTALL)[0])
    assert table == "Var registrerat här I Låtsas nu Belopp 1 000,00 SEK 940,00 SEK"
    assert 'class="compared"' not in otherwise.decision_page(2)


def test_the_notice_names_what_is_taken_again_with_another_amount(otherwise):
    otherwise.post(f"/runs/{otherwise.first}/take-again", revision=otherwise.revision())
    assert otherwise.notices() == [
        "3 betalningar tas in igen när du sparar dem.",
        ("En betalning har ett annat belopp än den hade här: 1 (var 1 000,00 SEK, nu 940,00 SEK)."),
    ]
    page = words(otherwise.get("/import"))
    assert "Tas in igen; belopp var 1 000,00 SEK här, nu 940,00 SEK" in page


def test_what_cannot_be_taken_again_stays_told_and_never_in_green(otherwise):
    host = otherwise.desk_context.host()
    host.add_payment("1001", Decimal(1000), date=NOON.date(), confirm=True)
    otherwise.post(f"/runs/{otherwise.first}/take-again", revision=otherwise.revision())
    for _ in range(2):
        page = otherwise.get("/import")
        assert "Av 3 betalningar som skulle tas in igen kan 1 inte sparas: 1 (" in words(page)
        assert '<p class="notice warning" id="not-taken">' in page


def test_what_was_to_be_taken_again_and_does_not_come_is_named_after_the_reading(person):
    person.post(f"/runs/{person.first}/undo", why="fel")
    person.post(f"/runs/{person.first}/take-again", revision="")
    person.clock.advance(minutes=1)
    host = person.desk_context.host()
    host.add_payment("1001", Decimal(1000), date=NOON.date(), confirm=True)
    person.plugin.payments = [payment(3, "1002", "50")]
    person.plugin.source = {"1": payment(1), "3": payment(3, "1002", "50")}
    person.plugin.deleted = {"2"}
    person.run_import()
    page = words(person.get("/import"))
    assert "Av 3 betalningar som skulle tas in igen kan 2 inte sparas: 1 (" in page
    assert "2 (borttagen i Låtsas)." in page
    assert "från en tidigare inläsning" not in words(person.decision_page(1))
