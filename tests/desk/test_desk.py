"""The pages of the desk, without a browser: what they show, and whom they let in."""

import json
import re
import threading
from decimal import Decimal
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from desk_person import HERE, KEY, Person, rows_of, signed_in_client, token_of, wait_for, words
from fake_plugin import (
    FakePlugin,
    Refused,
    euro,
    excluded,
    hookimpl,
    invoice,
    payment,
    unreadable,
)

from hostsim.desk import job_pages
from hostsim.desk.app import create_app
from hostsim.desk.reverse_proxy import is_loopback
from hostsim.messages.desk import WORDS
from hostsim.plugins.loading import Plugins
from opter_contract.values import Progress, Text

EVIL = "<script>alert(1)</script>"


def field(key, kind="text", *, label=None, required=False, secret=False, default=""):
    label = label or key.capitalize()
    return SimpleNamespace(
        key=key,
        kind=kind,
        label=Text(label, f"{label} in English"),
        help=Text(f"Hjälp om {label}", f"Help about {label}"),
        default=default,
        required=required,
        secret=secret,
    )


class BankPlugin(FakePlugin):
    """A second plug-in, whose fields nobody but itself has heard of."""

    @hookimpl
    def opter_settings_fields(self, type_code):
        if type_code != self.code:
            return None
        return [
            field("path", required=True, label="Sökväg"),
            field("since", "date", label="Från och med"),
            field("most", "integer", default="7", label="Högst"),
            field("strict", "boolean", default="true", label="Sträng"),
            field("pin", secret=True, label="Kod"),
            field("odd", "colour", label="Okänt slag"),
        ]


@pytest.fixture
def invoices():
    return [
        invoice("1001", customer_name=EVIL),
        invoice("1002", "500", customer_name="Ängens Åkeri AB"),
        invoice("1003", "700"),
        invoice("2001", "100", "EUR"),
        invoice("3001", "900", region="Norr"),
    ]


@pytest.fixture
def plugin():
    return BankPlugin(code="Bank")


@pytest.fixture
def person(desk_context):
    return Person(desk_context)


def save_form(person, run):
    """Return the form of the button, as the page of a run that is loaded now carries it."""
    page = person.get(f"/import?run={run}")
    return dict(re.findall(r'name="(run|revision)" value="([^"]*)"', page))


@pytest.fixture
def previewed(person, defined, plugin):
    """Have a preview open: a tick, flags, two that cannot be saved, one that is ignored."""
    plugin.payments = [
        payment(1, "1001"),
        payment(2, "1002", "200"),
        payment(3, "1003", "750"),
        euro(4),
        payment(5, "9999", "12.34"),
    ]
    plugin.excluded = [
        excluded("not-booked", payment(6, "1002", "2.22")),
        excluded("before-date", payment(7, "1002", "1.11")),
    ]
    return person.run_import()


# --- Läs fil -----------------------------------------------------------------


def test_the_dialog_to_read_a_file_has_the_fields_of_the_article(person, defined):
    page = person.get("/import/read")
    labels = re.findall(r'<label for="(?:format|region|bank_account|date)">([^<]+)<', page)
    assert labels == ["Filformat", "Region", "Bankkonto", "Datum"]
    assert re.search(r'id="ok">Ok</button>', page)
    assert 'aria-label="Redigera filformat"' in page


def test_the_date_of_a_reading_is_by_default_today(person, defined):
    assert 'name="date" value="2026-11-22"' in person.get("/import/read")


def test_the_regions_of_definitions_and_invoices_can_be_chosen(person, defined):
    page = person.get("/import/read")
    regions = re.search(r'id="region".*?</select>', page, re.DOTALL)[0]
    assert re.findall(r">([^<>]+)</option>", regions) == ["[Standard]", "Norr"]


def test_another_region_than_the_formats_is_refused_beside_its_field(person, defined):
    page = person.post("/import/start", 200, format="Fortnox", region="Norr", date="2026-11-22")
    assert "gäller standardregionen" in page
    assert defined.jobs.running() == []


def test_region_bank_account_and_date_are_kept_with_the_run(person, defined, store):
    person.run_import(bank_account="5050-1055", date="2026-11-20")
    run = store.db.execute("SELECT region, bank_account, date FROM runs").fetchone()
    assert tuple(run) == ("", "5050-1055", "2026-11-20")


def test_a_bank_account_that_is_far_too_long_is_refused_beside_its_field(person, defined):
    asked = {"format": "Fortnox", "region": "", "bank_account": "1" * 500, "date": "2026-11-20"}
    page = person.post("/import/start", 200, **asked)
    assert 'id="bank_account-wrong"' in page


def test_a_date_that_is_none_is_refused_beside_its_field(person, defined):
    page = person.post("/import/start", 200, format="Fortnox", region="", date="22/11")
    assert "Skriv ett datum som ÅÅÅÅ-MM-DD." in page


def test_without_a_format_the_dialog_says_how_to_make_one(person):
    assert "Skapa ett med pennan" in person.get("/import/read")


def test_nothing_can_be_saved_before_something_is_read(person):
    page = person.get("/import")
    assert re.search(r'id="save-payments"[^>]* disabled', page)


# --- Settings ----------------------------------------------------------------


def test_the_fields_of_any_plugin_are_shown_as_it_describes_them(person):
    page = person.get("/settings/new?type=Bank")
    inputs = dict(re.findall(r'<input (?:type="checkbox" )?id="field-(\w+)"([^>]*)', page))
    assert list(inputs) == ["path", "since", "most", "strict", "pin", "odd"]
    assert "required" in inputs["path"]
    assert "ÅÅÅÅ-MM-DD" in inputs["since"]
    assert 'inputmode="numeric"' in inputs["most"]
    assert 'value="7"' in inputs["most"]
    assert "checked" in inputs["strict"]
    assert 'type="password"' in inputs["pin"]
    for label in ("Sökväg", "Från och med", "Högst", "Sträng", "Kod", "Okänt slag"):
        assert f">{label}</label>" in page
        assert f"Hjälp om {label}" in page


def test_fields_are_in_english_for_those_who_read_it(person):
    person.post("/language", 302, language="en", back="/import")
    page = person.get("/settings/new?type=Bank")
    assert ">Sökväg in English</label>" in page
    assert "Help about Sökväg" in page


def test_a_problem_stands_beside_its_field_and_nothing_is_stored(person, desk_context, plugin):
    plugin.problems = [
        SimpleNamespace(key="most", severity="error", message=Text("För högt.", "Too high."))
    ]
    page = person.post(
        "/settings/new", 422, name="Bank", type="Bank", format="API", **{"field-most": "99"}
    )
    assert re.search(r'id="field-most-wrong">\s*<li class="error"><strong>Fel:</strong> För', page)
    assert re.search(r'id="field-most"[^>]*value="99"[^>]*aria-invalid=true', page)
    assert desk_context.definitions() == []


def test_a_warning_stands_beside_its_field_after_storing(person, desk_context, plugin):
    plugin.problems = [
        SimpleNamespace(key="path", severity="warning", message=Text("Ovanlig.", "Unusual."))
    ]
    answer = person.submit("/settings/new", name="Bank", type="Bank", format="API")
    page = person.get(answer.location)
    assert "Inställningarna är sparade." in page
    assert re.search(r'id="field-path-wrong">\s*<li class="warning">', page)
    assert [definition.name for definition in desk_context.definitions()] == ["Bank"]


def test_settings_are_stored_and_shown_again(person, desk_context):
    values = {"field-path": "/bank", "field-since": "2026-01-01", "field-strict": "false"}
    person.post("/settings/new", name="Bank", type="Bank", format="API", region="Norr", **values)
    [stored] = desk_context.definitions()
    assert stored.region == "Norr"
    assert stored.settings["path"] == "/bank"
    page = person.get("/settings/of/Bank")
    assert 'value="/bank"' in page
    assert not re.search(r'id="field-strict"[^>]* checked', page)


def test_settings_can_be_changed(person, defined):
    person.post("/settings/of/Fortnox", **{"field-path": "/annan"})
    assert defined.store.definition("Fortnox").settings["path"] == "/annan"


def test_an_import_whose_plug_in_fails_is_told_beside_what_else_can_be_chosen(
    person, defined, monkeypatch
):
    stored = defined.store.definition("Fortnox").settings
    monkeypatch.setattr(Plugins, "call_owner", Mock(side_effect=SystemExit))
    for path in ("/settings/of/Fortnox", "/settings/new"):
        page = person.get(path)
        assert "opter_settings_fields failed (SystemExit)" in words(page)
        assert "/settings/of/Fortnox" in page
    answer = person.post("/settings/of/Fortnox", 500, **{"field-path": "/annan"})
    assert "CONTRACT_BROKEN" in answer
    assert defined.store.definition("Fortnox").settings == stored


def test_a_secret_is_never_shown_again(person, defined, store):
    with store.change():
        store.set_definition_settings("Fortnox", {"pin": "hemligt-1234"})
    assert "hemligt-1234" not in person.get("/settings/of/Fortnox")


def test_a_name_that_is_taken_is_said_beside_the_name(person, defined):
    page = person.post("/settings/new", 422, name="Fortnox", type="Bank", format="API")
    assert re.search(r'id="name-wrong">\s*<li class="error">', page)


def test_a_name_with_any_characters_can_be_shown(person, desk_context):
    name = "Å/ä? #ö%"
    answer = person.submit("/settings/new", name=name, type="Bank", format="API")
    assert "Å/ä? #ö%" in person.get(answer.location)


def test_settings_of_the_office_are_changed_all_or_none(person, store):
    person.post("/settings/office", default_currency="SEK", accepted_deviation="2,50")
    assert store.settings()["accepted_deviation"] == "2.50"
    page = person.post("/settings/office", 422, default_currency="EUR", accepted_deviation="-1")
    assert "skriv ett belopp i SEK" in page
    assert store.settings()["default_currency"] == "SEK"
    assert "Värdet för Accepterad fakturaavvikelse kan inte användas" in page


@pytest.mark.parametrize("currency", ["kr1", "kr", "kronor", "", "1234"])
def test_what_is_no_currency_is_refused_at_its_field_with_what_is_right(person, store, currency):
    page = person.post("/settings/office", 422, default_currency=currency, accepted_deviation="1")
    assert re.search(r'<input id="default_currency"[^>]* aria-invalid=true', page)
    assert "skriv valutans tre bokstäver, SEK" in page
    assert store.settings()["default_currency"] == "SEK"


def test_a_currency_that_stops_every_import_is_warned_of_beside_the_field(person):
    person.post("/settings/office", default_currency="eur", accepted_deviation="5")
    assert "Med EUR går ingenting att läsa in" in person.get("/settings/office")
    person.post("/settings/office", default_currency="SEK", accepted_deviation="5")
    assert "går ingenting att läsa in" not in person.get("/settings/office")


# --- The lists ---------------------------------------------------------------


def test_ticks_and_flags_carry_a_word_and_a_shape_besides_their_colour(person, previewed):
    page = person.get("/import")
    marks = [row[1] for row in rows_of(page, "ready")]
    assert marks == ["Delbetalning", "Förskott", "Rätt belopp", "Rätt belopp"]
    assert page.count('class="icon tick"') >= 2
    assert page.count('class="icon flag"') == 2


def test_amounts_dates_and_rates_are_written_as_swedes_do(person, previewed):
    rows = rows_of(person.get("/import"), "ready")
    assert rows[3][5:8] == ["2026-01-04", "1 100,00", "100,00 EUR"]


def test_in_english_they_are_written_as_the_english_do(person, previewed):
    person.post("/language", 302, language="en", back="/import")
    rows = rows_of(person.get("/import"), "ready")
    assert rows[3][5:8] == ["2026-01-04", "1,100.00", "100.00 EUR"]


def test_the_lower_list_says_why(person, previewed):
    reasons = [row[-2] for row in rows_of(person.get("/import"), "rejected")]
    assert reasons[0].startswith("Fel vid inläsning av faktura")
    assert reasons[1] == "utelämnad: not-booked"


def test_an_amount_that_could_not_be_read_is_empty_and_not_nothing(person, defined, plugin):
    plugin.excluded = [unreadable("8"), unreadable("9", Decimal("3.33"))]
    person.run_import()
    amounts = [row[4] for row in rows_of(person.get("/import"), "rejected")]
    assert amounts == ["", "3,33"]


def test_the_ignored_are_folded_away(person, previewed):
    page = person.get("/import")
    assert re.search(r'<details class="pane folded" id="ignored-fold">', page)
    assert [row[0] for row in rows_of(page, "ignored")] == ["7"]


def test_the_totals_add_up(person, previewed):
    page = person.get("/import")
    sums = re.search(r'<dl class="sums".*?</dl>', page, re.DOTALL)[0]
    numbers = [int(number) for number in re.findall(r"<b>(\d+)</b>", sums)]
    money = re.findall(r"<span>([\d\s\xa0,]+) SEK</span>", sums)
    ore = [int(re.sub(r"\D", "", amount)) for amount in money]
    assert numbers == [7, 4, 2, 1]
    assert ore[0] == sum(ore[1:]) == 306567


def test_a_customer_with_markup_in_the_name_is_only_a_name(person, previewed):
    page = person.get("/import")
    assert EVIL not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_what_is_searched_for_is_only_text(person, previewed):
    page = person.get("/import?ready_q=%22%3E%3Cscript%3E")
    assert "<script>" not in page.replace('<script src="/static/desk.js"', "")
    assert "Ingen betalning stämmer" in page


# --- Saving and the register ---------------------------------------------------


def test_nothing_is_registered_before_the_button(person, previewed, store):
    assert list(store.payments()) == []
    person.post("/import/save", **save_form(person, previewed.run_id))
    assert [row.payment_number for row in store.payments()] == ["1", "2", "3", "4"]


def test_after_saving_the_page_says_how_many_are_registered(person, previewed):
    answer = person.submit("/import/save", **save_form(person, previewed.run_id))
    page = person.get(answer.location)
    assert "4 betalningar är registrerade." in page
    assert re.search(r'id="save-payments"[^>]* disabled', page)


def test_what_was_not_looked_at_is_not_saved(person, previewed, defined, store):
    """A newer import replaced the one on the page."""
    shown = save_form(person, previewed.run_id)
    person.run_import()
    answer = person.submit("/import/save", **shown)
    assert list(store.payments()) == []
    assert "ersatt av en nyare" in person.get(answer.location)


def test_a_page_that_was_saved_does_not_save_a_later_import(
    person, previewed, defined, plugin, store
):
    """Its button, pressed again in another window, is not for what nobody looked at."""
    shown = save_form(person, previewed.run_id)
    person.post("/import/save", **shown)
    plugin.payments = [payment(8, "1002", "100")]
    person.run_import()
    person.post("/import/save", **shown)
    assert "8" not in [row.payment_number for row in store.payments()]


def test_a_preview_that_no_longer_holds_is_shown_anew(person, previewed, store):
    old = save_form(person, previewed.run_id)
    with store.change() as db:
        db.execute("UPDATE invoices SET remaining = '10', total = '10' WHERE number = '1001'")
    answer = person.submit("/import/save", **old)
    page = person.get(answer.location)
    assert "Uppgifterna har ändrats sedan förhandsvisningen" in page
    assert "Förskott" in page
    assert list(store.payments()) == []


def test_the_second_press_of_an_old_page_saves_nothing_either(person, previewed, store):
    """A refused save judges anew and the run keeps its id: only a page loaded anew saves it."""
    old = save_form(person, previewed.run_id)
    with store.change() as db:
        db.execute("UPDATE invoices SET total = '10', remaining = '10' WHERE number = '1001'")
    for _ in range(2):
        person.post("/import/save", **old)
        assert list(store.payments()) == []
    new = save_form(person, previewed.run_id)
    assert (new["run"], new["revision"] == old["revision"]) == (old["run"], False)
    person.post("/import/save", **new)
    assert len(list(store.payments())) == 4


def test_a_form_without_a_revision_saves_nothing(person, previewed, store):
    person.post("/import/save", run=previewed.run_id)
    assert list(store.payments()) == []


def test_a_second_press_saves_nothing_twice_and_says_that_it_is_saved(person, previewed, store):
    shown = save_form(person, previewed.run_id)
    person.post("/import/save", **shown)
    again = person.submit("/import/save", **shown)
    assert len(list(store.payments())) == 4
    assert "Det är sparat redan" in person.get(again.location)


def test_a_page_that_another_tab_changed_and_saved_does_not_say_that_it_was_saved(
    person, previewed, defined, store
):
    """It is told SAVED_OTHERWISE: what was registered is not what it showed."""
    old = save_form(person, previewed.run_id)
    defined.host().set_aside("Fortnox", ["5"])
    person.post("/import/save", **save_form(person, previewed.run_id))
    again = person.submit("/import/save", **old)
    assert "ändrades och är sparad sedan dess" in person.get(again.location)


def test_a_page_from_before_a_decision_that_was_taken_back_saves_what_it_shows(
    person, previewed, defined, store
):
    old = save_form(person, previewed.run_id)
    defined.host().set_aside("Fortnox", ["5"])
    defined.host().take_back("Fortnox", ["5"])
    person.post("/import/save", **old)
    assert len(list(store.payments())) == 4


def test_the_register_shows_where_a_payment_came_from(person, previewed):
    person.post("/import/save", **save_form(person, previewed.run_id))
    page = person.get("/payments?tab=origin")
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd[^>]*>([^<]*)</dd>", page))
    assert facts["Företag"] == "Åkeriet AB (77)"
    assert facts["Nummer"] == "1"
    assert facts["Källa"] == "manuell"
    assert facts["Filformat"] == "Fortnox"
    assert facts["Sparad av"] == "kim"
    assert facts["Registrerad"] == "2026-11-22 12:00"


def test_the_register_shows_the_payments_of_an_invoice(person, defined, plugin):
    plugin.payments = [payment(1, "1002", "200"), payment(2, "1002", "300"), payment(3, "1001")]
    job = person.run_import()
    person.post("/import/save", **save_form(person, job.run_id))
    page = person.get("/payments?tab=invoice&payment=1")
    assert "Fakturans betalningar (2)" in page
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd[^>]*>([^<]*)</dd>", page))
    assert facts["Återstår"] == "0,00 SEK"


def test_the_register_is_searched(person, previewed):
    person.post("/import/save", **save_form(person, previewed.run_id))
    assert [row[1] for row in rows_of(person.get("/payments?q=ängens"), "payments")] == ["2"]


# --- While it reads ------------------------------------------------------------


@pytest.fixture
def slow(plugin, desk_context):
    """Make the plug-in tell how far it is, and go on when the test says so."""
    go_on, waiting = threading.Event(), threading.Event()

    def during(run):
        run.hook.opter_open_browser(
            run=run, url="https://login.invalid/?state=5t4te", on_redirect=lambda _: None
        )
        message = Text("Läser betalningar: 200 av 500", "Reading payments: 200 of 500")
        for done in (100, 200):
            progress = SimpleNamespace(
                stage="reading", done=done, total=500, message=message, seconds_left=75.0
            )
            run.hook.opter_progress(run=run, progress=progress)
        waiting.set()
        assert go_on.wait(60)
        if any(run.hook.opter_progress(run=run, progress=progress)):
            raise Stopped

    plugin.during = during
    yield SimpleNamespace(go_on=go_on, waiting=waiting)
    go_on.set()


class Stopped(Exception):
    code = "CANCELLED"
    kind = "cancelled"
    message = Text("Importen avbröts.", "The import was cancelled.")


def started(person, slow):
    job = person.start_import()
    assert slow.waiting.wait(60)
    return f"/jobs/{job.id}", job


def test_progress_names_payments_pages_and_the_time_that_is_left(person, defined, slow):
    path, _job = started(person, slow)
    now = json.loads(person.get(f"{path}/now"))
    assert now["sentence"] == "Läser betalningar: 200 av 500"
    assert (now["done"], now["total"], now["read"], now["pages"]) == (200, 500, "200", "2")
    assert now["left"] == "1 min 15 s"


def test_what_goes_on_is_counted_and_is_never_said_to_take_0_s_more(person, defined, slow):
    path, job = started(person, slow)
    message = Text("Jämför fakturorna", "Comparing the invoices")
    job.progress = Progress("invoices", 1500, 45000, message, 0.3)
    now = json.loads(person.get(f"{path}/now"))
    assert words(now["sentence"]) == "Jämför fakturorna (1 500 av 45 000)"
    assert now["left"] == "–"
    assert "0 s" not in words(person.get(path))


def test_progress_can_be_followed_without_scripts(person, defined, slow):
    path, _job = started(person, slow)
    page = person.get(path)
    assert '<meta http-equiv="refresh"' in page
    assert "Läser betalningar: 200 av 500" in page
    assert re.search(r'<progress [^>]*max="500" value="200"', page)


def test_a_browser_is_sent_to_the_login_only_while_somebody_is_to_sign_in(person, defined, slow):
    path, job = started(person, slow)
    assert json.loads(person.get(f"{path}/now"))["login"] is None
    assert person.client.get(f"{path}/login", headers=HERE).location == path
    job.progress = SimpleNamespace(stage="login", done=0, total=None, message=Text("a", "b"))
    login = json.loads(person.get(f"{path}/now"))["login"]
    sent_on = person.client.get(login, headers=HERE)
    assert sent_on.location == "https://login.invalid/?state=5t4te"


def test_no_page_shows_the_state_of_a_login(person, defined, slow):
    path, job = started(person, slow)
    job.progress = SimpleNamespace(stage="login", done=0, total=None, message=Text("a", "b"))
    for page in (path, f"{path}/now", "/import", "/overview"):
        assert "5t4te" not in person.get(page)
    person.post(f"{path}/answer", address="http://localhost/?code=c0de&state=5t4te")
    assert "5t4te" not in person.get(path)


def test_a_login_is_for_the_browser_that_began_it(person, defined, slow):
    path, job = started(person, slow)
    job.progress = SimpleNamespace(stage="login", done=0, total=None, message=Text("a", "b"))
    other = person.client.application.test_client()
    other.get(f"/?key={KEY}", headers=HERE)
    for answer in (
        other.get(f"{path}/login", headers=HERE),
        other.post(f"{path}/answer", headers=HERE, data={"token": token_of(other), "address": "x"}),
    ):
        assert answer.status_code == 403
        assert "LOGIN_ELSEWHERE" in answer.text
        assert "5t4te" not in answer.text


def test_cancelling_leaves_nothing_half_done(person, defined, slow, store, plugin):
    plugin.payments = [payment(1)]
    path, job = started(person, slow)
    person.post(f"{path}/stop")
    slow.go_on.set()
    wait_for(job)
    page = person.get(path)
    assert "Importen avbröts" in page
    assert list(store.payments()) == []
    assert store.db.execute("SELECT count(*) FROM run_rows").fetchone()[0] == 0
    assert defined.open_previews() == {}


def test_a_second_start_shows_the_import_that_is_going_on(person, defined, slow):
    assert person.start_import() is person.start_import()
    assert "En import pågår: Fortnox." in person.get("/import")


def test_a_failure_is_shown_in_the_words_of_the_plugin(person, defined, plugin):
    def fail(_run):
        raise Refused

    plugin.during = fail
    job = person.run_import()
    page = person.get(f"/jobs/{job.id}")
    assert "Licens saknas." in page
    assert "<code>NO_LICENCE</code>" in page


def test_a_bug_of_the_plugin_is_shown_as_one_without_its_text(person, defined, plugin, caplog):
    def fail(_run):
        raise ZeroDivisionError("hemligt-1234")

    plugin.during = fail
    job = person.run_import()
    assert "Ett fel i programmet." in person.get(f"/jobs/{job.id}")
    assert "ZeroDivisionError" in caplog.text
    assert "hemligt-1234" not in caplog.text


def test_a_damaged_database_is_told_by_every_page(person, store):
    store.load_invoices([invoice(str(number)) for number in range(3000, 3200)])
    store.close()
    content = store.path.read_bytes()
    store.path.write_bytes(content[:8192] + bytes(len(content) - 8192))
    for page in ("/import", "/payments", "/overview", "/runs", "/settings", "/invoices"):
        assert "DATABASE_DAMAGED" in person.get(page, 422), page


def test_an_address_can_be_pasted_where_the_login_does_not_come_back(person, defined, slow):
    path, job = started(person, slow)
    pasted = []
    job.window("https://login.invalid", lambda address: pasted.append(address) or Text("Fel", "x"))
    person.post(f"{path}/answer", address="http://localhost/?code=1")
    assert pasted == ["http://localhost/?code=1"]


def test_an_import_that_nobody_knows_is_no_page(person):
    assert "PAGE_UNKNOWN" in person.get("/jobs/unknown", 400)


# --- Who is let in -------------------------------------------------------------


def test_every_route_that_changes_something_is_a_post(desk_context):
    methods = {
        rule.endpoint: rule.methods for rule in create_app(desk_context).url_map.iter_rules()
    }
    changes = {"imports.start", "jobs.stop", "imports.save", "jobs.answer", "settings.create"}
    changes |= {"settings.change", "home.set_language", "home.next_night", "overview.resume"}
    changes |= {"overview.sign_in", "overview.set_when"}
    assert [endpoint for endpoint in changes if "GET" in methods[endpoint]] == []


def test_every_form_that_posts_carries_the_token(person, previewed):
    person.decide(5, "set-aside")
    for path in (
        "/import", "/import/read", "/settings/new", "/settings/of/Fortnox", "/settings/office",
        "/overview/schedule?of=Fortnox", f"/decisions/row/{person.row(5)}", "/decisions",
        "/decisions/series", "/payments/new", "/why?invoice=1001",
    ):  # fmt: skip
        forms = re.findall(r'<form[^>]*method="post".*?</form>', person.get(path), re.DOTALL)
        assert forms
        assert all('name="token"' in form for form in forms)


def test_a_form_of_another_site_is_refused_even_with_the_token(person):
    data = {"token": token_of(person.client), "language": "en"}
    for elsewhere in (
        {"Origin": "http://evil.invalid"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ):
        answer = person.client.post("/language", headers=HERE | elsewhere, data=data)
        assert answer.status_code == 409


@pytest.mark.parametrize(
    "host", ["evil.invalid", "127.0.0.1.evil.invalid:80", "192.0.2.1", "[", ""]
)
def test_a_page_of_another_site_does_not_reach_us_under_its_own_name(person, host):
    answer = person.client.get("/import", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.text.startswith("HOST_UNKNOWN: ")
    assert "Betalningar" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:8000", "[::1]:8000", "LOCALHOST"])
def test_this_machine_reaches_us_under_all_its_names(desk_context, host):
    client = signed_in_client(desk_context, here=host)
    assert client.get("/import", headers={"Host": host}).status_code == 200


def test_a_desk_for_others_is_reached_by_number_but_by_no_strange_name(desk_context):
    client = signed_in_client(desk_context, "0.0.0.0", here="192.0.2.7:80")  # noqa: S104
    assert client.get("/import", headers={"Host": "192.0.2.7:80"}).status_code == 200
    assert client.get("/import", headers={"Host": "evil.invalid"}).status_code == 400


def test_only_loopback_is_called_loopback():
    assert [is_loopback(host) for host in ("localhost", "127.0.0.2", "::1")] == [True] * 3
    assert [is_loopback(host) for host in ("::", "192.0.2.1", "example")] == [False] * 3


@pytest.mark.parametrize("path", ["/import", "/static/desk.js", "/nothing", "/import/window"])
def test_every_answer_runs_only_our_scripts_and_can_be_framed_by_nobody(person, path):
    with person.client.get(path, headers=HERE) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_cookie_is_for_this_site_and_no_script(person):
    cookie = person.client.get(f"/?key={KEY}", headers=HERE).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_no_page_has_a_script_or_a_style_of_its_own(person, previewed):
    for path in ("/import", "/import/read", "/settings/new", "/payments", "/overview"):
        page = person.get(path)
        assert re.findall(r"<script(?! src=)|<style| style=| on[a-z]+=", page) == []


def test_pages_are_kept_by_no_cache(person):
    assert person.client.get("/import", headers=HERE).headers["Cache-Control"] == "no-store"


def test_a_form_that_is_far_too_large_is_refused(person):
    answer = person.client.post("/import/save", headers=HERE, data={"token": "x" * 300_000})
    assert answer.status_code == 413


def test_a_fault_of_a_page_shows_nothing_of_the_program(person, desk_context, monkeypatch):
    monkeypatch.setattr(type(desk_context), "preview", lambda *_: 1 / 0)
    page = person.get("/import", 500)
    assert "Ett fel i programmet." in page
    assert "Traceback" not in page


# --- Words ---------------------------------------------------------------------


def test_every_word_exists_in_both_languages_with_the_same_values():
    for word, text in WORDS.items():
        assert text.sv.strip(), word
        assert text.en.strip(), word
        assert set(re.findall(r"{\w+}", text.sv)) == set(re.findall(r"{\w+}", text.en)), word


def test_every_word_that_a_page_asks_for_exists_and_every_word_is_asked_for():
    from pathlib import Path

    import hostsim.desk

    folder = Path(hostsim.desk.__file__).parent
    sources = [*folder.glob("templates/*.html"), *folder.glob("*.py")]
    text = "".join(
        source.read_text(encoding="utf-8") for source in sources if source.name != "words.py"
    )
    quoted = set(re.findall(r"['\"]([a-z_]+)['\"]", text))
    families = {f"tab_{tab}" for tab in ("payment", "invoice", "origin")} | {
        "default_currency_help",
        "accepted_deviation_help",
        "ready_saved",
        "ready_partly_undone",
        "rejected_saved",
        "ready_undone",
        "sum_ready_saved",
        *(word for word in WORDS if word.startswith("file_") and word != "file_format"),
    }
    # A word for several is asked for by its one name, also where there is one.
    families |= {f"{word}_one" for word in quoted}
    choices = ["accept", "advance", "confirm", "keep", "replace", "series", "set_aside", "settle"]
    choices += ["take_again", "take_back", "take_back_series"]
    of_choices = {f"{verb}_{choice}" for verb in ("choose", "does") for choice in choices}
    families |= of_choices
    assert of_choices <= set(WORDS)
    assert set(re.findall(r"\bw\('([a-z_]+)'[,)]", text)) <= set(WORDS)
    assert set(WORDS) - quoted - families == set()
    assert {word for words in job_pages.WORDS.values() for word in words} <= set(WORDS)


def test_the_words_of_the_screen_are_the_ones_that_its_users_know():
    keys = {
        "economy": ("Ekonomi", "Economy"),
        "payment_import": ("Betalningsimport", "Payment import"),
        "read_file": ("Läs fil", "Read file"),
        "file_format": ("Filformat", "File format"),
        "save_payments": ("Spara betalningar", "Save payments"),
        "payment_register": ("Betalningsregistrering", "Manual payments"),
        "import_settings": ("Betalningsimport - Inställningar", "Payment import - Settings"),
        "import_type": ("Importtyp", "Import type"),
        "import_format": ("Importformat", "Import format"),
        "bank_account": ("Bankkonto", "Bank account"),
        "date": ("Datum", "Date"),
        "accepted_deviation": ("Accepterad fakturaavvikelse", "Accepted invoice deviation"),
    }
    assert {key: tuple(WORDS[key]) for key in keys} == keys


def test_the_page_knows_no_plugin_by_name():
    from pathlib import Path

    import hostsim.desk

    folder = Path(hostsim.desk.__file__).parent
    for source in [
        *folder.glob("templates/*.html"),
        *folder.glob("static/*"),
        *folder.glob("*.py"),
    ]:
        if source.name in {"startup.py", "demo_day.py"}:
            continue
        text = source.read_text(encoding="utf-8")
        assert "FortnoxAPI" not in text, source
        assert "ignore_payments_before" not in text, source


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/settings/of/Fortnox", "Betalningsimport - Inställningar – hostsim"),
        ("/settings/office", "Kontorets inställningar – hostsim"),
        ("/import", "Betalningsimport – hostsim"),
    ],
)
def test_a_tab_is_called_by_its_settings(person, defined, path, title):
    assert f"<title>{title}</title>" in person.get(path)
