"""``Ekonomi > Fakturor``, without a browser: what is shown, what is sent, and what is refused."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from desk_person import Person, rows_of, words
from fake_export import SETTINGS, FakeExport, loaded
from fake_plugin import FakePlugin, Refused, hookimpl

from hostsim.desk.context import DeskContext
from hostsim.plugins.loading import Plugins
from hostsim.storage.store import Store
from opter_contract.export_values import Difference, PlannedCard
from opter_contract.values import Choice, SettingsField, Text

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
EVIL = "<script>alert(1)</script>"


class ChoosingExport(FakeExport):
    """An export with a field of which one of several values is chosen."""

    @hookimpl
    def opter_settings_fields(self, type_code, subject):
        if subject != "invoices":
            return None
        choices = (Choice("a", Text("Först", "First")), Choice("b", Text("Sist", "Last")))
        return [
            SettingsField("from", "date", Text("Från", "From"), Text("", ""), required=True),
            SettingsField("place", "choice", Text("Plats", "Place"), Text("", ""), choices=choices),
        ]


class Bank(FakePlugin):
    """An import without settings."""

    @hookimpl
    def opter_settings_fields(self, type_code):
        return []


@pytest.fixture
def plugin():
    return ChoosingExport()


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "host.db") as store:
        store.load_invoices(
            [loaded("10301"), loaded("10302"), loaded("10303", period_closed=False)]
        )
        yield store


@pytest.fixture
def person(store, plugin):
    plugins = Plugins([("ut", plugin), ("in", Bank(code="Bank"))])
    desk_context = DeskContext(store, plugins, clock=lambda: NOON, user="kim")
    yield Economist(desk_context)
    desk_context.jobs.stop()


@pytest.fixture
def defined(person):
    person.desk_context.host().define_export("ut", "Fake", "invoices", "", SETTINGS)
    return person


class Economist(Person):
    """Plans exports and answers them."""

    def plans(self, numbers=""):
        """Start an export, and give its job when it waits for an answer or has ended."""
        self.post("/invoices/export", format="ut", invoices=numbers)
        [job] = list(self.desk_context.jobs._jobs.values())[-1:]
        while not job.ended.is_set() and not job.plan.shown.wait(0.05):
            pass
        return job

    def plan(self, job):
        return self.get(f"/invoices/plan?job={job.id}")

    def sends(self, job, status=303, **ticks):
        self.post(f"/invoices/plan/send?job={job.id}", status, **ticks)
        assert job.ended.wait(10)
        return self.get(f"/invoices/run?run={job.run_id}")

    def states(self):
        host = self.desk_context.host()
        return {one.item_number: one.state for one in host.exportable("ut")}


def text_of(page, name):
    return " ".join(cell for row in rows_of(page, name) for cell in row)


def items(page, state):
    return [row[1] for row in rows_of(page, f"items-{state}") if len(row) > 1]


# --- Invoices and periods --------------------------------------------------------------------


def test_invoices_are_shown_before_an_export_is_defined(person):
    page = person.get("/invoices")
    assert [row[0] for row in rows_of(page, "invoices")] == ["10301", "10302", "10303"]
    assert "Det finns ingen fakturaexport än." in page


def test_open_and_closed_periods_stand_apart(defined):
    page = defined.get("/invoices")
    assert [row[:4] for row in rows_of(page, "periods")] == [
        ["2026-11", "öppen", "1", "0"],
        ["2026-11", "stängd", "2", "2"],
    ]
    page = defined.get("/invoices?export=ut&month=2026-11&closed=0")
    assert [row[0] for row in rows_of(page, "invoices")] == ["10303"]


def test_an_invoice_shows_how_it_stands_there(defined, store):
    defined.sends(defined.plans())
    store.load_invoices([loaded("10302", order_number="7")])
    rows = rows_of(defined.get("/invoices"), "invoices")
    assert [row[6] for row in rows] == ["Skickad", "Ändrad efter exporten", "Inte exporterad"]
    assert rows[0][7:9] == ["10301", "1 250,00 SEK"]


def test_a_customer_is_written_as_text(defined, store):
    invoice = loaded("10304")
    customer = replace(invoice.content.customer, name=EVIL)
    store.load_invoices([loaded("10304", customer=customer)])
    assert EVIL not in defined.get("/invoices") + defined.plan(defined.plans())


# --- Settings --------------------------------------------------------------------------------


def test_an_export_is_defined_in_the_dialog_of_imports(person):
    page = person.get("/settings/new?exports=1")
    assert "Fakturaexport - Inställningar" in page
    assert re.findall(r'<option value="([ab])"', page) == ["a", "b"]
    values = {"name": "ut", "type": "Fake", "region": "", "exports": "1"}
    refused = person.post("/settings/new", 422, **values)
    assert "Ange ett datum." in refused
    person.post("/settings/new", **values, **{"field-from": "2026-01-01", "field-place": "b"})
    [one] = person.desk_context.host().export_definitions()
    assert (one.name, one.settings["place"]) == ("ut", "b")
    person.post("/settings/of/ut", **{"field-from": "2026-02-01", "field-place": "a"})
    assert person.desk_context.host().export_definitions()[0].settings["place"] == "a"


def test_imports_and_exports_have_lists_of_their_own(defined):
    defined.desk_context.host().define("in", "Bank", "API", "", {})
    exports, imports = defined.get("/settings?exports=1"), defined.get("/settings")
    assert ("/settings/of/ut" in exports, "/settings/of/in" in exports) == (True, False)
    assert ("/settings/of/ut" in imports, "/settings/of/in" in imports) == (False, True)


# --- The preview -----------------------------------------------------------------------------


def test_nothing_is_sent_before_a_person_sends_it(defined, plugin):
    job = defined.plans()
    page = defined.plan(job)
    assert items(page, "ready") == ["10301", "10302"]
    assert "Skicka 2 fakturor, 2\xa0500,00 SEK" in page
    assert plugin.events == []
    page = defined.sends(job)
    assert "Exportens resultat" in page
    assert plugin.events == [("sent", "/10301"), ("sent", "/10302")]


def test_what_is_unticked_is_not_sent(defined, plugin):
    job = defined.plans()
    shown = {"shown": ["/10301", "/10302"], "item": ["/10302"]}
    defined.post(f"/invoices/plan/tick?job={job.id}", **shown)
    assert "Skicka 1 faktura, 1\xa0250,00 SEK" in defined.plan(job)
    defined.sends(job, **shown)
    assert plugin.events == [("sent", "/10302")]


def test_gaps_stand_first_and_nothing_is_sent_while_one_is_ticked(defined, plugin, store):
    store.load_invoices([loaded("10304", (("9999", "100.00", "25.00"),))])
    job = defined.plans()
    page = defined.plan(job)
    assert page.index("Konto 9999 saknas; lägg upp det.") < page.index("Fakturor som kan skickas")
    assert "Gäller faktura 10304" in page
    assert re.search(r'<button id="send"[^>]* disabled', page)
    defined.post(f"/invoices/plan/send?job={job.id}")
    assert job.plan.waiting
    assert "något saknas för fakturor som är markerade" in defined.plan(job)
    defined.post(f"/invoices/plan/tick?job={job.id}", every="gaps")
    defined.sends(job)
    assert plugin.events == [("sent", "/10301"), ("sent", "/10302")]


def test_a_total_that_differs_is_shown_on_both_sides(defined, plugin):
    why = Text("Momsen skiljer på ett öre.", "VAT differs by an öre.")
    plugin.plans["/10301"] = {
        "other_total": Decimal("1250.01"), "code": "NOTED", "message": why,
        "differences": (Difference("DueDate", "2026-12-02", "2026-12-09"),),
    }  # fmt: skip
    page = words(defined.plan(defined.plans()))
    assert "Momsen skiljer på ett öre. NOTED" in page
    assert "DueDate : 2026-12-02 (här) · 2026-12-09 (i bokföringen)" in page
    assert "Summa här 2 500,00 SEK ≠ Summa i bokföringen 2 500,01 SEK" in page


def test_customers_are_shown_field_by_field(defined, plugin):
    plugin.cards = (
        PlannedCard("1042", "update", (Difference("City", "Kalmar", "Kalmer"),)),
        PlannedCard("1043", "none", (), Text("Samma nummer som 7.", "Same number as 7.")),
    )
    page = defined.plan(defined.plans())
    assert words(page[page.index('id="customers-title"') :]).count("Kalmer Kalmar") == 1
    assert "Samma nummer som 7." in page


@pytest.mark.parametrize("state", ["booked", "refused", "unknown", "adopted", "unchanged"])
def test_what_is_not_sent_stands_in_a_list_of_its_own(defined, plugin, state):
    plugin.plans["/10302"] = {"state": state, "action": "none", "code": "WHY"}
    page = defined.plan(defined.plans())
    assert items(page, "ready") == ["10301"]
    assert "10302" in text_of(page, f"items-{state}")


def test_nothing_to_export_is_said_at_once(defined):
    defined.sends(defined.plans())
    job = defined.plans()
    assert job.ended.wait(10)
    page = defined.get(f"/invoices/run?run={job.run_id}")
    assert "Det finns ingenting att exportera." in page


def test_an_invoice_that_is_not_known_is_refused_beside_the_field(defined):
    page = defined.post("/invoices/export", 422, format="ut", invoices="4711")
    assert 'id="invoices-wrong"' in page
    assert defined.desk_context.jobs.running() == []


def test_closing_the_preview_sends_nothing(defined, plugin):
    job = defined.plans()
    defined.post(f"/invoices/plan/close?job={job.id}")
    assert job.ended.wait(10)
    assert defined.get(f"/jobs/{job.id}", 302)
    assert "Ingenting är skickat." in defined.get("/invoices")
    assert plugin.events == []


def test_an_answer_that_did_not_come_in_time_sends_nothing(defined, plugin):
    plugin.timeout = 0.2
    job = defined.plans()
    assert job.ended.wait(10)
    defined.post(f"/invoices/plan/send?job={job.id}")
    defined.get(f"/jobs/{job.id}", 302)
    assert "Ingen svarade inom 30 minuter" in defined.get(f"/invoices/run?run={job.run_id}")
    assert plugin.events == []


def test_a_plan_is_sent_once(defined, plugin):
    job = defined.plans()
    defined.sends(job)
    defined.post(f"/invoices/plan/send?job={job.id}")
    assert plugin.events == [("sent", "/10301"), ("sent", "/10302")]


def test_the_same_export_that_waits_is_shown_again(defined):
    job = defined.plans()
    assert defined.plans() is job
    assert "Exporten ut väntar på ditt svar." in defined.get("/invoices")


def test_the_desk_that_ends_sends_nothing_of_a_plan(defined, plugin):
    job = defined.plans()
    defined.desk_context.jobs.stop(10)
    assert job.ended.is_set()
    assert plugin.events == []


# --- Results ---------------------------------------------------------------------------------


def test_a_result_stands_with_the_words_of_the_other_side(defined, plugin):
    words_of_theirs = "2000423: Kontot finns inte."
    plugin.results["/10302"] = {
        "state": "refused", "code": "ACCOUNT_UNKNOWN", "theirs": words_of_theirs,
        "message": Text("Kontot saknas.", "The account is missing."),
    }  # fmt: skip
    page = defined.sends(defined.plans())
    [row] = [row for row in rows_of(page, "log") if "Kontot saknas." in row]
    assert row[-2:] == ["Kontot saknas.", words_of_theirs]
    assert words_of_theirs in defined.get("/invoices/log?export=ut")
    assert words_of_theirs in defined.get("/why?invoice=10302")


def test_an_unknown_result_is_to_be_looked_at(defined, plugin):
    plugin.results["/10302"] = {"state": "unknown", "code": "RESULT_UNKNOWN"}
    assert "1 utan känt resultat" in defined.sends(defined.plans())


def test_an_export_that_breaks_while_it_sends_shows_what_was_sent(defined, plugin):
    def refuse(_run, item):
        if item.id == "/10302":
            raise Refused

    plugin.before_send = refuse
    page = defined.sends(defined.plans())
    assert "10301" in text_of(page, "items-sent")
    assert 'class="notice error" role="alert"' in page


def test_an_export_that_fails_before_its_plan_says_why(defined, plugin):
    def refuse(_run):
        raise Refused

    plugin.before = refuse
    job = defined.plans()
    page = defined.get(f"/jobs/{job.id}")
    assert "Exporten gick inte att genomföra" in page


# --- Taking back -----------------------------------------------------------------------------


def taken_back(person, number="10301"):
    person.post("/invoices/take-back", format="ut", number=number)
    [job] = list(person.desk_context.jobs._jobs.values())[-1:]
    assert job.ended.wait(10)
    person.get(f"/jobs/{job.id}", 302)
    return words(person.get("/invoices"))


def test_an_exported_invoice_is_taken_back_after_a_question(defined, plugin):
    defined.sends(defined.plans())
    page = defined.get("/invoices/take-back?export=ut&number=10301")
    assert 'role="alertdialog"' in page
    assert "Faktura 10301 är makulerad i Fake." in taken_back(defined)
    assert defined.states()["10301"] == "cancelled"


def test_one_that_is_booked_stays_and_the_page_says_why(defined, plugin):
    defined.sends(defined.plans())
    why = Text("Fakturan är bokförd.", "The invoice is booked.")
    plugin.results["/10301"] = {"state": "booked", "code": "BOOKED", "message": why}
    assert "Fakturan är bokförd." in taken_back(defined)


def test_an_invoice_that_is_not_exported_has_nothing_to_take_back(defined):
    page = defined.get("/invoices/take-back?export=ut&number=10301", 400)
    assert "NOT_EXPORTED" in page


# --- Addresses -------------------------------------------------------------------------------


def test_what_is_not_there_is_refused(defined):
    for path in ("/invoices/plan?job=x", "/invoices/run?run=x", "/invoices/lists/x.csv"):
        assert "notice error" in defined.get(path, 400)


def test_pages_without_anything_are_pages(person):
    for path in ("", "/log", "/export", "?month=x&closed=x&export=x", "?q=10301&code=new&sort=-at"):
        assert "<h1" in person.get(f"/invoices{path}")


def test_lists_of_exports_are_files_too(defined):
    run = defined.plans()
    defined.sends(run)
    for path, columns in (
        ("/invoices/lists/invoices.csv?export=ut", 10),
        (f"/invoices/lists/items-sent.csv?run={run.run_id}", 9),
        ("/invoices/lists/log.csv?export=ut", 9),
    ):
        lines = defined.get(path).splitlines()
        assert {line.count(";") + 1 for line in lines} == {columns}
        assert len(lines) > 2
