"""``Ekonomi > Fakturor`` and ``Leverantörsavräkningar``, without a browser.

What is true of both is claimed of each: what is shown, what is sent, and what is refused.
"""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from desk_person import HERE, Person, rows_of, wait_for, words
from fake_export import LASSE, SETTINGS, FakeExport, exported_invoice, load
from fake_plugin import FakePlugin, Refused, hookimpl
from host_and_plugin import NOON

from hostsim.desk import background_jobs, exports
from hostsim.messages.formats import minute
from hostsim.plugins.loading import Plugins
from hostsim.storage.store import Store
from opter_contract.export_values import Difference, PlannedCard
from opter_contract.values import Choice, SettingsField, Text

EVIL = "<script>alert(1)</script>"
CHANGED = "Ingenting skickades: planen har ändrats sedan den visades"
CONFIRMED = f"Bekräftad av kim {minute(NOON)}"


EVIL_PARTY = {
    "invoices": {"customer": replace(exported_invoice().content.customer, name=EVIL)},
    "supplier-bills": {"supplier": replace(LASSE, code="EVIL", name=EVIL)},
}
MISSING_ACCOUNT = {
    "invoices": (("9999", "100.00", "25.00"),),
    "supplier-bills": (("9999", "125.00"),),
}

#: By subject, in Swedish: the pages, their name, an item, and items.
WORDS = {
    "invoices": ("invoices", "Fakturor", "faktura", "fakturor"),
    "supplier-bills": ("bills", "Leverantörsavräkningar", "avräkning", "avräkningar"),
}


class ChoosingExport(FakeExport):
    """An export with a field of which one of several values is chosen, and one of bills alone."""

    @hookimpl
    def opter_settings_fields(self, type_code, subject):
        if type_code != self.code:
            return None
        choices = (Choice("a", Text("Först", "First")), Choice("b", Text("Sist", "Last")))
        place = SettingsField(
            "place", "choice", Text("Plats", "Place"), Text("", ""), choices=choices
        )
        pay = SettingsField("pay", "text", Text("Betala", "Pay"), Text("", ""))
        return [
            SettingsField("from", "date", Text("Från", "From"), Text("", ""), required=True),
            place if subject == "invoices" else pay,
        ]


class Bank(FakePlugin):
    """An import without settings."""

    @hookimpl
    def opter_settings_fields(self, type_code):
        return []


@pytest.fixture
def plugin():
    return ChoosingExport()


@pytest.fixture(params=WORDS)
def subject(request):
    return request.param


@pytest.fixture
def store(tmp_path, subject):
    with Store.create(tmp_path / "host.db") as store:
        for number, closed in (("10301", True), ("10302", True), ("10303", False)):
            load(store, subject, number, period_closed=closed)
        yield store


@pytest.fixture
def plugins(plugin):
    return Plugins([("ut", plugin), ("in", Bank(code="Bank"))])


@pytest.fixture
def person(desk_context, subject):
    return Economist(desk_context, subject)


@pytest.fixture
def defined(person):
    person.desk_context.host().define_export("ut", "Fake", person.subject, "", SETTINGS)
    return person


class Economist(Person):
    """Plans exports of a subject and answers them."""

    def __init__(self, desk_context, subject):
        super().__init__(desk_context)
        self.subject = subject
        self.at, self.name, self.item, self.items = WORDS[subject]

    def plans(self, numbers=""):
        """Start an export, and give its job when it waits for an answer or has ended."""
        self.post(f"/{self.at}/export", format="ut", numbers=numbers)
        [job] = list(self.desk_context.jobs._jobs.values())[-1:]
        while not job.ended.is_set() and not job.plan.shown.wait(0.05):
            pass
        return job

    def plan(self, job):
        return self.get(f"/{self.at}/plan?job={job.id}")

    def presses_send(self, job, page=None, **ticks):
        """Press the button of a page, or of the one that is shown now."""
        seen = re.search(r'name="seen" value="(\w+)"', page or self.plan(job))[1]
        self.post(f"/{self.at}/plan/send?job={job.id}", seen=seen, **ticks)

    def sends(self, job, **ticks):
        self.presses_send(job, **ticks)
        wait_for(job)
        return self.get(f"/{self.at}/run?run={job.run_id}")

    def sends_nothing(self, job, page=None, **ticks):
        self.presses_send(job, page, **ticks)
        assert job.plan.waiting
        return self.plan(job)

    def confirms(self, job, party="LASSE", **ticks):
        self.post(f"/{self.at}/plan/confirm?job={job.id}", party=party, **ticks)

    def states(self):
        host = self.desk_context.host()
        return {item.item_number: item.state for item in host.exportable("ut")}


def text_of(page, name):
    return " ".join(cell for row in rows_of(page, name) for cell in row)


def items(page, state):
    return [row[1] for row in rows_of(page, f"items-{state}") if len(row) > 1]


# --- Invoices and periods --------------------------------------------------------------------


def test_items_are_shown_before_an_export_is_defined(person):
    page = person.get(f"/{person.at}")
    assert f'<h1 id="window-title">{person.name}</h1>' in page
    assert [row[0] for row in rows_of(page, person.at)] == ["10301", "10302", "10303"]
    assert re.search("Det finns ingen (faktura|avräknings)export än.", page)


def test_open_and_closed_periods_stand_apart(defined):
    page = defined.get(f"/{defined.at}")
    assert [row[:4] for row in rows_of(page, "periods")] == [
        ["2026-11", "öppen", "1", "0"],
        ["2026-11", "stängd", "2", "2"],
    ]
    page = defined.get(f"/{defined.at}?export=ut&month=2026-11&closed=0")
    assert [row[0] for row in rows_of(page, defined.at)] == ["10303"]


def test_each_subject_has_a_page_of_its_own(defined):
    """Neither the items nor the exports nor the log of one stand among those of the other."""
    defined.sends(defined.plans())
    [other] = {"invoices", "bills"} - {defined.at}
    page = defined.get(f"/{other}")
    assert [len(row) for row in rows_of(page, other)] == [1]
    assert "export än. Klicka på Exportera" in page
    assert rows_of(defined.get(f"/{other}/log"), "log") == [["Ingenting är exporterat än."]]


def test_an_item_shows_how_it_stands_there(defined, store):
    defined.sends(defined.plans())
    load(store, defined.subject, "10302", due_date=date(2026, 12, 9))
    rows = rows_of(defined.get(f"/{defined.at}"), defined.at)
    assert [row[6] for row in rows] == ["Skickad", "Ändrad efter exporten", "Inte exporterad"]
    assert rows[0][7:9] == ["10301", "1 250,00 SEK"]


def test_a_name_is_written_as_text(defined, store):
    party = EVIL_PARTY[defined.subject]
    load(store, defined.subject, "10304", **party)
    page = defined.get(f"/{defined.at}") + defined.plan(defined.plans())
    assert "&lt;script&gt;" in page
    assert EVIL not in page


# --- Settings --------------------------------------------------------------------------------


def test_an_export_is_defined_in_the_dialog_of_imports(person):
    values = {"name": "ut", "type": "Fake", "region": "", "subject": person.subject}
    refused = person.post("/settings/new", 422, **values)
    assert "Ange ett datum." in refused
    person.post("/settings/new", **values, **{"field-from": "2026-01-01"})
    [row] = person.desk_context.host().store.definitions(exports=True)
    assert (row.name, row.subject, row.settings["from"]) == ("ut", person.subject, "2026-01-01")
    person.post("/settings/of/ut", **{"field-from": "2026-02-01"})
    assert (
        person.desk_context.host().store.definitions(exports=True)[0].settings["from"]
        == "2026-02-01"
    )


def test_a_new_export_is_of_what_is_chosen_and_has_its_fields(person):
    page = person.get(f"/settings/new?subject={person.subject}")
    assert f'<option value="{person.subject}" selected>{person.name}</option>' in page
    fields = re.findall(r'(?:select|input) id="field-(place|pay)"', page)
    assert fields == {"invoices": ["place"], "supplier-bills": ["pay"]}[person.subject]


def test_a_field_of_which_a_value_is_chosen_offers_them(person):
    page = person.get("/settings/new?subject=invoices")
    assert re.findall(r'<option value="([ab])"', page) == ["a", "b"]


def test_an_export_of_what_nobody_knows_is_refused(person):
    assert "PAGE_UNKNOWN" in person.get("/settings/new?subject=x", 400)


def test_imports_and_exports_have_lists_of_their_own(defined):
    defined.desk_context.host().define("in", "Bank", "API", "", {})
    exports = defined.get(f"/settings?subject={defined.subject}")
    imports = defined.get("/settings")
    assert ("/settings/of/ut" in exports, "/settings/of/in" in exports) == (True, False)
    assert ("/settings/of/ut" in imports, "/settings/of/in" in imports) == (False, True)


# --- The preview -----------------------------------------------------------------------------


def test_nothing_is_sent_before_a_person_sends_it(defined, plugin):
    job = defined.plans()
    page = defined.plan(job)
    assert items(page, "ready") == ["10301", "10302"]
    assert f"Skicka 2 {defined.items}, 2\xa0500,00 SEK" in page
    assert plugin.events == []
    page = defined.sends(job)
    assert "Exportens resultat" in page
    assert plugin.events == [("sent", "/10301"), ("sent", "/10302")]


def test_what_is_unticked_is_not_sent(defined, plugin):
    job = defined.plans()
    shown = {"shown": ["/10301", "/10302"], "item": ["/10302"]}
    defined.post(f"/{defined.at}/plan/tick?job={job.id}", **shown)
    assert f"Skicka 1 {defined.item}, 1\xa0250,00 SEK" in defined.plan(job)
    defined.sends(job, **shown)
    assert plugin.events == [("sent", "/10302")]


@pytest.mark.parametrize("ticks", [{}, {"shown": ["/10301", "/10302"], "item": ["/10302"]}])
def test_what_another_window_unticked_is_not_sent_unseen(defined, plugin, ticks):
    """Whatever this window shows as ticked."""
    job = defined.plans()
    page = defined.plan(job)
    defined.post(f"/{defined.at}/plan/tick?job={job.id}", shown=["/10302"])
    again = defined.sends_nothing(job, page, **ticks)
    assert CHANGED in again
    assert f"Skicka 1 {defined.item}, 1\xa0250,00 SEK" in again
    assert plugin.events == []
    defined.sends(job)
    assert plugin.events == [("sent", "/10301")]


def test_what_another_window_ticks_while_one_sends_is_not_sent(defined, plugin, monkeypatch):
    job = defined.plans()
    defined.post(f"/{defined.at}/plan/tick?job={job.id}", shown=["/10302"])
    page, store_ticks = defined.plan(job), exports._store_ticks

    def after_another_window(job):
        job.plan.tick(shown=(), ticked=["/10302"])
        store_ticks(job)

    monkeypatch.setattr(exports, "_store_ticks", after_another_window)
    defined.presses_send(job, page)
    wait_for(job)
    assert plugin.events == [("sent", "/10301")]


def test_the_ticks_of_two_windows_are_stored_one_after_the_other(monkeypatch):
    plan, locked = background_jobs.Plan(), []

    def ticks_changed(*values):
        locked.append(plan._lock.locked())
        return exports.ticks_changed(*values)

    monkeypatch.setattr(background_jobs, "ticks_changed", ticks_changed)
    plan.tick(["/10301"], [])
    assert locked == [True]
    assert plan.left_out == {"/10301"}


def test_what_is_unticked_and_not_counted_is_not_sent(defined, plugin):
    """As without scripts."""
    defined.sends(defined.plans(), shown=["/10301", "/10302"], item=["/10302"])
    assert plugin.events == [("sent", "/10302")]


def test_gaps_stand_first_and_nothing_is_sent_while_one_is_ticked(defined, plugin, store):
    load(store, defined.subject, "10304", rows=MISSING_ACCOUNT[defined.subject])
    job = defined.plans()
    page = defined.plan(job)
    assert page.index("Konto 9999 saknas; lägg upp det.") < page.index('id="items-ready-title"')
    assert f"Gäller {defined.item} 10304" in page
    assert re.search(r'<button id="send"[^>]* disabled', page)
    assert f"något saknas för {defined.items} som är markerade" in defined.sends_nothing(job)
    defined.post(f"/{defined.at}/plan/tick?job={job.id}", every="gaps")
    defined.sends(job)
    assert plugin.events == [("sent", "/10301"), ("sent", "/10302")]


def test_a_total_that_differs_is_shown_on_both_sides(defined, plugin):
    why = Text("Momsen skiljer på ett öre.", "VAT differs by an öre.")
    plugin.plans["/10301"] = {
        "other_total": Decimal("1250.01"), "code": "NOTED", "message": why,
        "differences": (Difference("DueDate", "2026-12-02", "2026-12-09"),),
    }  # fmt: skip
    page = words(defined.plan(defined.plans()))
    assert "Momsen skiljer på ett öre." in page
    assert "Förfallodatum : 2026-12-02 (här) · 2026-12-09 (i bokföringen)" in page
    assert "Summa här 2 500,00 SEK ≠ Summa i bokföringen 2 500,01 SEK" in page


def test_customers_are_shown_field_by_field(defined, plugin):
    plugin.cards = (
        PlannedCard("1042", "update", (Difference("City", "Kalmar", "Kalmer"),)),
        PlannedCard("1043", "none", (), Text("Samma nummer som 7.", "Same number as 7.")),
    )
    page = defined.plan(defined.plans())
    assert words(page[page.index('id="cards-title"') :]).count("Ort Kalmer Kalmar") == 1
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
    wait_for(job)
    page = defined.get(f"/{defined.at}/run?run={job.run_id}")
    assert "Det finns ingenting att exportera." in page


def test_an_invoice_that_is_not_known_is_refused_beside_the_field(defined):
    page = defined.post(f"/{defined.at}/export", 422, format="ut", numbers="4711")
    assert 'id="numbers-wrong"' in page
    assert defined.desk_context.jobs.running() == []


def test_closing_the_preview_sends_nothing(defined, plugin):
    job = defined.plans()
    defined.post(f"/{defined.at}/plan/close?job={job.id}")
    wait_for(job)
    assert defined.get(f"/jobs/{job.id}", 302)
    assert "Ingenting är skickat." in defined.get(f"/{defined.at}")
    assert plugin.events == []


def test_an_answer_that_did_not_come_in_time_sends_nothing(defined, plugin):
    plugin.timeout = 0.2
    job = defined.plans()
    wait_for(job)
    defined.post(f"/{defined.at}/plan/send?job={job.id}")
    defined.get(f"/jobs/{job.id}", 302)
    assert "Ingen svarade inom 30 minuter" in defined.get(f"/{defined.at}/run?run={job.run_id}")
    assert plugin.events == []


def test_a_plan_is_sent_once(defined, plugin):
    job = defined.plans()
    defined.sends(job)
    defined.post(f"/{defined.at}/plan/send?job={job.id}")
    assert plugin.events == [("sent", "/10301"), ("sent", "/10302")]


def test_the_same_export_that_waits_is_shown_again(defined):
    job = defined.plans()
    assert defined.plans() is job
    assert "Exporten ut väntar på ditt svar." in defined.get(f"/{defined.at}")


def test_who_asks_for_other_items_is_not_given_the_plan_that_waits(defined, plugin):
    defined.plans("10301")
    page = defined.post(f"/{defined.at}/export", 422, format="ut", numbers="10302")
    assert "En export med ut, eller till samma företag, pågår redan" in page
    assert len(defined.desk_context.jobs.running()) == 1


def test_the_desk_that_ends_sends_nothing_of_a_plan(defined, plugin):
    job = defined.plans()
    defined.desk_context.jobs.stop(10)
    assert job.ended.is_set()
    assert plugin.events == []


# --- Bank details that change -----------------------------------------------------------------


@pytest.fixture
def paid_elsewhere(defined, plugin, store):
    """Two bills of Lasse, who is paid to another account there, and one of somebody else."""
    plugin.bankgiros["LASSE"] = "123-4567"
    load(store, defined.subject, "10304", supplier=replace(LASSE, code="ANNA", name="Anna AB"))
    return defined


of_bills = pytest.mark.parametrize("subject", ["supplier-bills"], indirect=True)


@of_bills
def test_bank_details_that_change_stand_first_old_and_new(paid_elsewhere):
    page = paid_elsewhere.plan(paid_elsewhere.plans())
    shown = ["Lasses Åkeri AB", "Bankgiro", "123-4567", "5555-5551", "Bekräfta"]
    assert rows_of(page, "cards bank") == [shown]
    assert page.index('id="bank-title"') < page.index('id="items-ready-title"')
    assert "Kontrollera först att leverantören själv har begärt ändringen" in page


@of_bills
def test_bills_wait_for_the_confirmation_and_can_not_be_ticked(paid_elsewhere):
    page = paid_elsewhere.plan(paid_elsewhere.plans())
    assert [row[0] for row in rows_of(page, "items-waiting")] == ["10301", "10302"]
    assert re.findall(r'name="item" value="([^"]+)"', page) == ["/10304"]
    assert "2 avräkningar väntar på att bankuppgifter bekräftas, se överst." in page
    assert "Skicka 1 avräkning, 1\xa0250,00 SEK" in page


@of_bills
def test_no_tick_sends_what_is_not_confirmed(paid_elsewhere, plugin):
    ticks = {"shown": ["/10301", "/10302", "/10304"], "item": ["/10301", "/10302"]}
    page = paid_elsewhere.sends_nothing(paid_elsewhere.plans(), **ticks)
    assert "ingen avräkning som kan skickas är markerad" in page
    assert plugin.events == []


@of_bills
def test_what_is_confirmed_can_be_sent_and_says_by_whom(paid_elsewhere, plugin):
    job = paid_elsewhere.plans()
    paid_elsewhere.confirms(job)
    page = paid_elsewhere.plan(job)
    assert rows_of(page, "cards bank")[0][-1] == CONFIRMED
    assert items(page, "ready") == ["10301", "10302", "10304"]
    assert "Skicka 3 avräkningar, 3\xa0750,00 SEK" in page
    assert plugin.events == []
    paid_elsewhere.sends(job)
    assert plugin.events[0] == ("paid to", "LASSE", "5555-5551")
    assert plugin.events[1:] == [("sent", "/10301"), ("sent", "/10302"), ("sent", "/10304")]


@of_bills
def test_why_a_bill_waits_is_not_told_once_it_does_not(paid_elsewhere, plugin):
    plugin.plans["/10301"] = {"code": "WAITS", "message": Text("Den väntar.", "It waits.")}
    job = paid_elsewhere.plans()
    assert "Den väntar." in words(paid_elsewhere.plan(job))
    paid_elsewhere.confirms(job)
    assert "WAITS" not in paid_elsewhere.plan(job)


@of_bills
def test_what_another_window_confirmed_is_not_sent_unseen(paid_elsewhere, plugin):
    job = paid_elsewhere.plans()
    page = paid_elsewhere.plan(job)
    paid_elsewhere.confirms(job)
    again = paid_elsewhere.sends_nothing(job, page)
    assert CHANGED in again
    assert "Skicka 3 avräkningar, 3\xa0750,00 SEK" in again
    assert plugin.events == []
    paid_elsewhere.sends(job)
    assert len(plugin.events) == 4


@of_bills
def test_what_another_window_confirms_while_one_sends_is_not_sent(
    paid_elsewhere, plugin, monkeypatch
):
    job = paid_elsewhere.plans()
    page, digest = paid_elsewhere.plan(job), exports._digest

    def before_another_window(chosen):
        seen = digest(chosen)
        paid_elsewhere.desk_context.host().confirm_bank("ut", "LASSE", job.run_id)
        return seen

    monkeypatch.setattr(exports, "_digest", before_another_window)
    paid_elsewhere.presses_send(job, page)
    wait_for(job)
    assert plugin.events == [("sent", "/10304")]


@of_bills
def test_a_confirmation_says_how_long_it_holds(paid_elsewhere):
    job = paid_elsewhere.plans()
    assert "Bekräftelsen gäller i 24 timmar." in paid_elsewhere.plan(job)
    paid_elsewhere.confirms(job)
    assert "bekräftelsen gäller i 24 timmar." in paid_elsewhere.plan(job)


@of_bills
def test_the_result_says_who_confirmed_what(paid_elsewhere):
    job = paid_elsewhere.plans()
    paid_elsewhere.confirms(job)
    page = paid_elsewhere.sends(job)
    assert rows_of(page, "cards bank")[0][-1] == CONFIRMED


@of_bills
def test_the_result_says_what_was_left_out_although_it_was_confirmed(paid_elsewhere, plugin):
    job = paid_elsewhere.plans()
    paid_elsewhere.confirms(job)
    ticks = {"shown": ["/10301", "/10302", "/10304"], "item": ["/10304"]}
    page = paid_elsewhere.sends(job, **ticks)
    assert plugin.events == [("sent", "/10304")]
    assert rows_of(page, "cards bank")[0][-1] == "Ändrades inte"
    assert [row[0] for row in rows_of(page, "items-ready")] == ["10301", "10302"]
    # Another export makes it, which changes nothing of what this one says.
    paid_elsewhere.sends(paid_elsewhere.plans())
    assert ("paid to", "LASSE", "5555-5551") in plugin.events
    assert paid_elsewhere.get(f"/bills/run?run={job.run_id}") == page


@of_bills
def test_the_result_says_what_was_not_confirmed(paid_elsewhere, plugin):
    page = paid_elsewhere.sends(paid_elsewhere.plans())
    assert rows_of(page, "cards bank")[0][-1] == "Ändrades inte"
    assert [row[0] for row in rows_of(page, "items-waiting")] == ["10301", "10302"]
    assert plugin.events == [("sent", "/10304")]


@of_bills
def test_confirming_keeps_what_is_ticked(paid_elsewhere):
    job = paid_elsewhere.plans()
    paid_elsewhere.confirms(job, shown=["/10304"])
    assert "Skicka 2 avräkningar, 2\xa0500,00 SEK" in paid_elsewhere.plan(job)


@of_bills
def test_what_was_not_shown_is_not_confirmed(paid_elsewhere):
    job = paid_elsewhere.plans()
    paid_elsewhere.confirms(job, "ANNA")
    page = paid_elsewhere.plan(job)
    assert 'class="notice error"' in page
    assert rows_of(page, "cards bank")[0][-1] == "Bekräfta"


@of_bills
def test_nothing_is_confirmed_in_a_plan_that_was_answered(paid_elsewhere):
    job = paid_elsewhere.plans()
    page = paid_elsewhere.sends(job)
    paid_elsewhere.confirms(job)
    again = paid_elsewhere.get(f"/bills/run?run={job.run_id}")
    assert rows_of(again, "cards bank") == rows_of(page, "cards bank")


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
    assert words_of_theirs in defined.get(f"/{defined.at}/log?export=ut")


@pytest.mark.parametrize("subject", ["invoices"], indirect=True)
def test_what_became_of_an_invoice_is_told_where_it_is_asked_about(defined, plugin):
    plugin.results["/10302"] = {"state": "refused", "theirs": "2000423: Kontot finns inte."}
    defined.sends(defined.plans())
    assert "2000423: Kontot finns inte." in defined.get("/why?invoice=10302")


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
    person.post(f"/{person.at}/take-back", format="ut", number=number)
    [job] = list(person.desk_context.jobs._jobs.values())[-1:]
    wait_for(job)
    person.get(f"/jobs/{job.id}", 302)
    return words(person.get(f"/{person.at}"))


def test_an_exported_invoice_is_taken_back_after_a_question(defined, plugin):
    defined.sends(defined.plans())
    page = defined.get(f"/{defined.at}/take-back?export=ut&number=10301")
    assert 'role="alertdialog"' in page
    assert f"{defined.item.capitalize()} 10301 är makulerad i Fake." in taken_back(defined)
    assert defined.states()["10301"] == "cancelled"


def test_one_that_is_booked_stays_and_the_page_says_why(defined, plugin):
    defined.sends(defined.plans())
    why = Text("Den är bokförd.", "It is booked.")
    plugin.results["/10301"] = {"state": "booked", "code": "BOOKED", "message": why}
    assert "Den är bokförd." in taken_back(defined)


def test_an_invoice_that_is_not_exported_has_nothing_to_take_back(defined):
    page = defined.get(f"/{defined.at}/take-back?export=ut&number=10301", 400)
    assert "NOT_EXPORTED" in page


# --- Addresses -------------------------------------------------------------------------------


def test_what_is_not_there_is_refused(defined):
    for path in ("plan?job=x", "run?run=x", "lists/x.csv"):
        assert "notice error" in defined.get(f"/{defined.at}/{path}", 400)


def test_pages_without_anything_are_pages(person):
    for path in ("", "/log", "/export", "?month=x&closed=x&export=x", "?q=10301&code=new&sort=-at"):
        assert "<h1" in person.get(f"/{person.at}{path}")


def test_lists_of_exports_are_files_too(defined):
    run = defined.plans()
    defined.sends(run)
    for path in (f"{defined.at}.csv?export=ut", f"items-sent.csv?run={run.run_id}", "log.csv"):
        lines = defined.get(f"/{defined.at}/lists/{path}").splitlines()
        assert len({line.count(";") for line in lines}) == 1
        assert len(lines) > 2


def test_a_file_is_named_by_what_it_lists(defined):
    answer = defined.client.get(f"/{defined.at}/lists/log.csv", headers=HERE)
    name = {"invoices": "fakturor-log.csv", "bills": "avrakningar-log.csv"}[defined.at]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
