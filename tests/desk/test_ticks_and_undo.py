"""The page of a save: its ticks, its figures, its button, and its way back."""

import re
from datetime import date
from decimal import Decimal

import pytest
from desk_person import rows_of, words
from fake_plugin import balance, payment

from hostsim.services.host import Host


@pytest.fixture
def person(person, plugin):
    plugin.payments = [payment(1), payment(2, "1002", "200"), payment(3, "9999", "40")]
    person.plugin = plugin
    person.run_import()
    return person


def run_of(person):
    return person.desk_context.open_previews()["Fortnox"]


def button(page):
    return words(re.search(r'<button id="save-payments".*?</button>', page, re.DOTALL)[0])


def ticks(page):
    return re.findall(r'id="tick-([^"]+)".*?aria-checked="([^"]+)"', page)


def test_what_needs_a_look_comes_first_with_the_figures_of_its_invoice(person):
    first, second = rows_of(person.get("/import"), "ready")
    assert first[1] == "Delbetalning"
    assert first[-5:] == ["500,00", "500,00", "300,00", "2025-12-31", first[-1]]
    assert first[-1] == "Delbetalning: 300,00 SEK saknas"
    assert (second[1], second[-1]) == ("Rätt belopp", "")


def test_the_button_says_how_many_and_how_much(person):
    assert button(person.get("/import")) == "Spara 2 betalningar, 1 200,00 kr"
    person.post("/import/tick", run=run_of(person), leave="2")
    assert button(person.get("/import")) == "Spara 1 betalning, 1 000,00 kr"
    person.post("/import/tick", run=run_of(person), leave="")
    page = person.get("/import")
    assert re.search(r'<button id="save-payments"[^>]* disabled', page)


def test_the_button_counts_what_a_search_hides_and_says_so(person):
    page = person.get("/import?ready_q=1002")
    assert "Alla ikryssade sparas" in words(page)
    assert button(page) == "Spara 2 betalningar, 1 200,00 kr"
    assert "Alla ikryssade sparas" not in words(person.get("/import"))


def test_a_tick_that_is_taken_away_stays_away_and_the_sums_follow(person):
    person.post("/import/tick", run=run_of(person), leave="2")
    page = person.get("/import")
    assert ticks(page) == [("all", "mixed"), *ticks(page)[1:]]
    assert [state for _, state in ticks(page)[1:]] == ["false", "true"]
    assert "Lämnas 1 200,00 SEK" in words(page)
    person.post("/import/tick", run=run_of(person), take="2")
    assert [state for _, state in ticks(person.get("/import"))] == ["true"] * 3


def test_all_ticks_that_a_search_shows_are_taken_away_at_once(person):
    person.post("/import/tick?ready_q=1002", run=run_of(person), leave="")
    assert button(person.get("/import")) == "Spara 1 betalning, 1 000,00 kr"


def test_a_status_shows_what_was_left_out_too_and_its_box_takes_all_of_it_in(person):
    at = "ready_code=partial"
    person.post(f"/import/tick?{at}", run=run_of(person), leave="")
    page = person.get(f"/import?{at}")
    assert [state for _, state in ticks(page)] == ["false", "false"]
    assert "Delbetalning (1)" in words(page)
    assert [state for _, state in ticks(person.get("/import?ready_code=left"))] == ["false"] * 2
    assert [state for _, state in ticks(person.get("/import"))] == ["mixed", "false", "true"]
    person.post(f"/import/tick?{at}", run=run_of(person), take="")
    assert [state for _, state in ticks(person.get(f"/import?{at}"))] == ["true", "true"]


def test_a_box_leaves_what_is_shown_and_not_what_the_rest_becomes_without_it(person):
    """The last payment of an invoice is a part payment, once the first one is left."""
    person.plugin.payments = [payment(2, "1002", "200"), payment(4, "1002", "300")]
    person.run_import()
    at = "ready_code=partial"
    person.post(f"/import/tick?{at}", run=run_of(person), leave="")
    assert ticks(person.get(f"/import?{at}"))[0] == ("all", "mixed")
    assert [row[2:3] for row in rows_of(person.get("/import?ready_code=left"), "ready")] == [["2"]]
    assert button(person.get("/import")) == "Spara 1 betalning, 300,00 kr"


def test_a_tick_of_a_list_that_was_replaced_changes_nothing(person):
    old = run_of(person)
    person.run_import()
    person.post("/import/tick", run=old, leave="2")
    assert "Listan har ändrats" in person.notices()[0]
    assert "Spara 2 betalningar" in button(person.get("/import"))


def test_a_save_is_undone_with_a_reason_and_taken_again_with_one_press(person):
    run = run_of(person)
    person.save()
    page = person.get(f"/import?run={run}")
    assert f"/runs/{run}/undo?run={run}&amp;from=import" in page
    assert "2 betalningar tas bort här" in words(person.get(f"/runs/{run}/undo?from=import"))
    page = person.post(f"/runs/{run}/undo", 422, why=" ")
    assert "Skriv varför" in words(page)
    person.post(f"/runs/{run}/undo?from=import", why="fel företag")
    page = person.get(f"/import?run={run}")
    assert "Sparningen är ångrad: 2 betalningar är borttagna." in words(page)
    assert "ångrades av kim 2026-11-22 12:00: fel företag" in words(page)
    assert "Sparade (sparningen är ångrad) 2" in words(page)
    assert rows_of(person.get("/runs"), "runs")[0][-1] == ""
    person.post(f"/runs/{run}/take-again", revision="", shown=run)
    page = words(person.get(f"/import?run={run}"))
    assert "2 betalningar tas in igen: läs in igen (Läs fil)" in page
    assert "ångrades av kim" not in page
    person.run_import()
    assert "läs in igen" not in words(person.get("/import"))
    assert button(person.get("/import")) == "Spara 2 betalningar, 1 200,00 kr"
    page = words(person.get("/import"))
    assert "Tas in igen" in page
    assert "fel företag" not in page
    person.get(f"/runs/{run}/undo", 303)  # as after going back
    assert person.notices(f"/import?run={run}")[0] == "Sparningen är ångrad."


def test_what_was_undone_is_taken_again_wherever_it_is_shown(person):
    run = run_of(person)
    person.save()
    person.post(f"/runs/{run}/undo", why="fel företag")
    for path in ("/import", f"/import?run={run}", "/runs", f"/runs?run={run}"):
        assert "Ta in 2 betalningar igen" in words(person.get(path)), path
    person.post(f"/runs/{run}/take-again", revision="")
    page = words(person.get("/import"))
    assert "2 betalningar tas in igen: läs in igen (Läs fil)" in page
    assert "Ta in 2 betalningar igen" not in page


@pytest.mark.parametrize("path", ["/import", "/runs?run={run}"])
def test_what_is_decided_while_a_page_is_read_makes_its_buttons_too_old(person, path, monkeypatch):
    run = run_of(person)
    person.save()
    person.post(f"/runs/{run}/undo", why="fel företag")
    person.run_import()
    shown, undone_saves = person.revision(), Host.undone_saves

    def before_another_decides(host, name):
        saves = undone_saves(host, name)
        person.desk_context.host().set_aside(name, ["2"], why="inte vår")
        return saves

    monkeypatch.setattr(Host, "undone_saves", before_another_decides)
    page = person.get(path.format(run=run))
    form = re.search(r"<form[^>]*take-again[^>]*>.*?</form>", page, re.DOTALL)[0]
    assert re.search(r'name="revision" value="([^"]+)"', form)[1] == shown != person.revision()


def test_all_that_is_taken_again_is_counted_also_where_some_has_to_be_read_first(person):
    run = run_of(person)
    person.save()
    person.post(f"/runs/{run}/undo", why="fel företag")
    person.plugin.payments = [payment(1)]  # the other one is offered out of what waits
    person.run_import()
    person.post(f"/runs/{run}/take-again", revision=person.revision(), shown=run_of(person))
    assert person.notices() == [
        "2 betalningar tas in igen: 1 när du sparar, resten när du har läst in igen.",
        (
            "En betalning tas in igen: läs in igen (Läs fil), så kommer den. Har den ändrats avgör "
            "du den på nytt. Läs fil"
        ),
    ]


def test_the_dialog_says_what_else_would_not_be_taken_again_before_it_is_done(person):
    first = run_of(person)
    person.plugin.payments = [payment(1, amount="300"), payment(2, "1001", "200")]
    person.run_import()
    person.post("/import/tick", run=run_of(person), leave="2")
    first = run_of(person)
    person.save()
    person.run_import()
    second = run_of(person)
    person.save()
    assert "ångrade sparningar" not in words(person.get(f"/runs/{second}/undo"))
    person.post(f"/runs/{first}/undo", why="fel företag")
    person.post(f"/runs/{first}/take-again", revision="")
    page = words(person.get(f"/runs/{second}/undo"))
    assert "En betalning från en annan ångrad sparning, av samma faktura, skulle tas in" in page
    assert "inte sparad än: betalning 1." in page
    person.post(f"/runs/{second}/undo", why="fel igen")
    told = " ".join(person.notices("/runs"))
    assert "skulle tas in igen och gör inte det längre: betalning 1." in told
    assert "Ta in betalningen igen" in words(person.get(f"/runs?run={first}"))


def test_the_dialog_says_what_can_be_taken_again_and_what_not_and_why(person):
    saved = run_of(person)
    person.save()
    person.plugin.deleted = {"2"}
    person.plugin.unpaid = [balance("1002", 500, "500")]
    person.plugin.payments = [payment(1, amount="900")]
    person.run_import()
    person.decide(1, "accept")
    page = words(person.get(f"/runs/{saved}/undo"))
    assert "2 betalningar tas bort här" in page
    assert "En betalning erbjuds igen vid nästa import, och tas in med ett klick." in page
    assert "Erbjuds inte igen, eftersom den är borttagen i Låtsas: betalning 2." in page
    person.save()
    page = words(person.get(f"/runs/{saved}/undo"))
    assert "Hör till sparningen men rörs inte: betalning 1 (Motbokad)." in page


def test_a_person_is_told_what_became_of_what_is_taken_again(person):
    saved = run_of(person)
    person.save()
    person.post(f"/runs/{saved}/undo", why="fel företag")
    person.run_import()
    person.desk_context.host().add_payment(
        "1001", Decimal(1000), date=date(2026, 6, 1), confirm=True
    )
    page = person.get("/import")
    person.post(f"/runs/{saved}/take-again", revision=person.revision(), shown=run_of(person))
    told = " ".join(person.notices())
    assert "Betalningen tas in igen när du sparar den." in told
    assert "som skulle tas in igen kan 1 inte sparas: 1 (Fakturan är redan betald)." in told
    assert "Ta in 2 betalningar igen" in words(page)


def test_a_list_that_was_open_shows_what_somebody_typed_since(person):
    assert "Rätt belopp" in [row[1] for row in rows_of(person.get("/import"), "ready")]
    person.desk_context.host().add_payment(
        "1001", Decimal(1000), date=date(2026, 6, 1), confirm=True
    )
    page = person.get("/import")
    assert [row[1] for row in rows_of(page, "ready")] == ["Delbetalning"]
    assert "Fakturan är redan betald" in words(page)


def test_the_same_advice_stands_in_both_places_for_what_was_decided(person):
    """What is confirmed or taken again and has nothing left to pay does not come in."""
    saved = run_of(person)
    person.save()
    person.post(f"/runs/{saved}/undo", why="fel företag")
    person.run_import()
    person.desk_context.host().add_payment(
        "1001", Decimal(1000), date=date(2026, 6, 1), confirm=True
    )
    person.decide(1, "take-again")
    assert "Den kan inte sparas nu: Fakturan är redan betald." in person.notices()[0]
    advice = "Att göra: Ingenting återstår på fakturan"
    assert advice in words(person.decision_page(1))
    assert advice in words(person.get("/why?invoice=1001"))


def test_a_save_says_how_many_of_its_payments_still_are_registered(person):
    run = run_of(person)
    person.save()
    assert "2 betalningar är registrerade." in words(person.get(f"/import?run={run}"))
    first = next(iter(person.desk_context.store.payments())).id
    person.desk_context.host().delete_payment(first, why="fel")
    assert "1 betalning är registrerad." in words(person.get(f"/import?run={run}"))


def test_the_page_of_the_invoice_says_what_was_decided_of_what_was_undone(person):
    run = run_of(person)
    person.save()
    person.post(f"/runs/{run}/undo", why="fel företag")
    assert "ta in den på nytt om" in words(person.get("/why?invoice=1001"))
    person.post(f"/runs/{run}/take-again", revision="")
    page = words(person.get("/why?invoice=1001"))
    assert "Den är avgjord och tas in när du sparar" in page
    assert "ta in den på nytt om" not in page


def test_what_was_not_read_again_says_so_before_it_is_decided(person):
    assert "från en tidigare inläsning" not in words(person.decision_page(3))
    person.save()
    person.plugin.payments = [payment(9, "9998", "10")]
    person.plugin.source = {}
    person.run_import()
    assert "från en tidigare inläsning" in words(person.decision_page(3))


def test_the_dialog_gives_the_advice_of_the_page_of_the_invoice(person):
    page = words(person.decision_page(3))
    assert "Att göra: Ingen faktura här har betalningens nummer eller OCR" in page


@pytest.mark.parametrize(
    ("language", "advice"),
    [
        ("sv", "Att göra: Ingenting behöver göras: den är registrerad här."),
        ("en", "To do: Nothing has to be done: it is registered here."),
    ],
)
def test_what_is_registered_already_gets_the_same_advice_in_both_places(person, language, advice):
    person.save()
    person.run_import()
    person.post("/language", 302, language=language)
    assert advice in words(person.decision_page(1))
    assert advice in words(person.get("/why?invoice=1001"))


def test_what_could_not_be_saved_keeps_its_reasons_when_the_rest_is_saved(person):
    run = run_of(person)
    [before] = rows_of(person.get("/import"), "rejected")
    person.save()
    [after] = rows_of(person.get(f"/import?run={run}"), "rejected")
    assert after == before[:-1]  # without the button


def test_whoever_goes_back_after_a_save_finds_what_was_saved(person):
    run = run_of(person)
    assert "last-save" not in person.get("/import")
    person.save()
    assert f'id="last-save" href="/import?run={run}"' in person.get("/import")


def test_a_tick_after_another_window_saved_shows_what_was_saved(person):
    run = run_of(person)
    person.save()
    person.post("/import/tick", run=run, leave="2")
    assert "har sparats sedan sidan visades" in person.notices()[-1]
    assert "Sparade betalningar" in words(person.get(f"/import?run={run}"))


def test_undoing_twice_says_who_undid_which_save(person):
    run = run_of(person)
    person.save()
    person.post(f"/runs/{run}/undo", why="fel företag")
    person.post(f"/runs/{run}/undo", why="igen")
    [told] = [notice for notice in person.notices("/runs") if "redan" in notice]
    assert told == (
        "Sparningen 2026-11-22 12:00 var redan ångrad, av kim 2026-11-22 12:00: fel företag. "
        "Ingenting mer ändrades."
    )


def test_a_save_without_payments_is_named_as_a_person_knows_it(person):
    run = run_of(person)
    person.save()
    for row in list(person.desk_context.store.payments()):
        person.desk_context.host().delete_payment(row.id, why="fel")
    person.post(f"/runs/{run}/undo", why="fel")
    [told] = person.notices("/runs")
    assert told.startswith("Importen Fortnox, sparad av kim 2026-11-22 12:00, har inga")
    assert run[:8] not in told


def test_imports_are_filtered_by_what_became_of_them(person):
    run = run_of(person)
    person.save()
    person.post(f"/runs/{run}/undo", why="fel företag")
    person.run_import()
    person.save()
    with person.desk_context.store.change() as db:
        db.execute(
            "INSERT INTO runs (id, definition, state, user, settings, started_at, error_code,"
            " error_sv, error_en) SELECT 'z', definition, 'failed', user, settings, started_at,"
            " 'CANCELLED', 'Det avbröts.', 'It was cancelled.' FROM runs LIMIT 1"
        )
    page = person.get("/runs")
    for label in ("Sparad (1)", "Ångrad (1)", "Avbruten (1)"):
        assert label in words(page)
    assert "Misslyckades" not in words(page)
    assert [row[3] for row in rows_of(person.get("/runs?code=undone"), "runs")] == ["Ångrad"]
    assert [row[3] for row in rows_of(person.get("/runs?code=cancelled"), "runs")] == ["Avbruten"]
    assert "Det avbröts" not in words(person.get("/runs?run=z"))


def test_the_filter_says_what_the_reason_says(person):
    assert "Saknar faktura här" in person.get("/import?rejected_code=invoice-not-found")
    [row] = rows_of(person.get("/import"), "rejected")
    assert (
        row[-2]
        == "Fel vid inläsning av faktura: saknar faktura här med nummer 9999 eller samma OCR"
    )
