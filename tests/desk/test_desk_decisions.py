"""The page for the days when the two ledgers do not agree: rules 7, 9, 10 and 14 to 18."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from desk_person import HERE, choices_of, rows_of, words
from fake_plugin import FakePlugin, payment, unreadable

from hostsim.plugins.loading import Plugins
from hostsim.views.labels import DECISIONS, label


@pytest.fixture
def bank():
    return FakePlugin(code="Bank")


@pytest.fixture
def plugins(plugin, bank):
    return Plugins([("fake", plugin), ("bank", bank)])


@pytest.fixture
def person(person):
    person.desk_context.host().define("Bank", "Bank", "API", "", {})
    return person


def registered(store):
    return [
        (row.payment_number, row.amount, row.state)
        for row in sorted(store.payments(), key=lambda row: row.id)
    ]


# --- Set aside ----------------------------------------------------------------


@pytest.fixture
def strangers(person, plugin):
    """Import payments of invoices that are made elsewhere."""
    plugin.payments = [
        payment(1, "1001"),
        payment(2, "20001", "10"),
        payment(3, "20002", "20"),
        payment(4, "30000", "30"),
    ]
    person.run_import()


def test_one_row_is_set_aside_with_who_when_and_why(person, strangers):
    person.decide(2, "set-aside", why="ränta")
    assert person.notices() == ["Betalning 2: Undanlagd. 1 betalning kan sparas nu."]
    [row] = rows_of(person.get("/decisions"), "decisions")
    assert row[:7] == ["2", "20001", "10,00", "Undanlagd", "kim", "2026-11-22 12:00", "ränta"]
    assert row[7:] == ["ja", "Fortnox", "Ta tillbaka"]


def test_how_many_are_set_aside_stands_above_the_lower_list(person, strangers):
    assert "undanlagda" not in person.get("/import")
    person.decide(2, "set-aside")
    page = person.get("/import")
    header = re.search(r'id="rejected-title".*?</header>', page, re.DOTALL)[0]
    assert "1 undanlagda" in words(header)
    assert [row[0] for row in rows_of(page, "rejected")] == ["3", "4"]


def test_what_is_set_aside_can_be_taken_back_from_its_row(person, strangers):
    person.decide(2, "set-aside")
    assert choices_of(person.decision_page(2)) == ["take-back"]
    person.decide(2, "take-back")
    assert [row[0] for row in rows_of(person.get("/import"), "rejected")] == ["2", "3", "4"]


def test_what_is_set_aside_can_be_taken_back_from_the_view_of_it(person, strangers, store):
    person.decide(2, "set-aside")
    [row] = store.db.execute("SELECT id FROM decisions")
    person.post(
        "/decisions/take-back",
        definition="Fortnox",
        id=str(row["id"]),
        revision=person.revision(),
    )
    page = person.get("/decisions")
    assert "Återtaget. 1 betalning kan sparas nu." in words(page)
    assert rows_of(page, "decisions")[0][7] == "återtaget av kim 2026-11-22 12:00"


def test_a_decision_that_is_gone_is_refused_with_the_hosts_sentence(person, strangers):
    revision = person.revision()
    person.post("/decisions/take-back", definition="Fortnox", id="77", revision=revision)
    assert "77" in person.notices("/decisions")[0]


def form_of(page, action):
    """Return the hidden fields of the form that is sent there."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}.*?</form>', page, re.DOTALL)[0]
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))


def test_a_decision_from_an_old_dialog_is_refused_and_the_dialog_shown_anew(
    person, strangers, store
):
    """LIST_CHANGED: somebody decided something meanwhile, so the list is another one."""
    path = f"/decisions/row/{person.row(2)}"
    old = form_of(person.get(path), path)
    person.decide(3, "set-aside")
    page = person.post(path, 422, **old, choice="set-aside")
    assert "Listan har ändrats eller sparats sedan den visades här" in words(page)
    assert [row["number"] for row in store.db.execute("SELECT number FROM decisions")] == ["3"]
    person.post(path, 303, **form_of(page, path), choice="set-aside")
    assert len(list(store.db.execute("SELECT number FROM decisions"))) == 2


def test_a_decision_about_a_payment_that_changed_since_it_was_shown_is_refused(
    person, strangers, plugin, store
):
    """Another import replaced the list, with another amount for the same payment."""
    path = f"/decisions/row/{person.row(2)}"
    old = form_of(person.get(path), path)
    plugin.payments = [replace(payment, amount=payment.amount * 2) for payment in plugin.payments]
    person.run_import()
    person.post(path, 303, **old, choice="set-aside")
    assert "Listan har ändrats" in person.notices()[0]
    assert list(store.db.execute("SELECT * FROM decisions")) == []


def test_a_decision_is_not_taken_back_from_an_old_page(person, strangers, store):
    person.decide(2, "set-aside")
    old = form_of(person.get("/decisions"), "/decisions/take-back")
    person.decide(3, "set-aside")
    person.post("/decisions/take-back", **old)
    assert "Listan har ändrats" in person.notices("/decisions")[0]
    query = "SELECT count(*) FROM decisions WHERE taken_back_at IS NULL"
    assert store.db.execute(query).fetchone()[0] == 2


def test_a_series_is_not_set_aside_from_an_old_dialog(person, strangers, store):
    path = "/decisions/series"
    old = form_of(person.get(path), path)
    person.decide(2, "set-aside")
    page = person.post(path, 422, **old, format="Fortnox", first="1", last="9")
    assert "Listan har ändrats" in words(page)
    person.post(path, 303, **form_of(page, path), format="Fortnox", first="1", last="9")


def test_a_series_is_set_aside_from_one_of_its_rows(person, strangers):
    page = person.decision_page(2)
    assert choices_of(page) == ["set-aside", "series"]
    assert re.search(r'name="first" value="20001"', page)
    person.decide(2, "series", first="20000", last="29999", why="avgifter")
    page = person.get("/import")
    assert [row[0] for row in rows_of(page, "rejected")] == ["4"]
    assert "2 undanlagda" in words(page)
    assert "Fakturorna 20000–29999 är undanlagda. 2 betalningar" in words(page)


def test_a_series_is_taken_back_from_one_of_its_rows(person, strangers):
    person.decide(2, "series", first="20000", last="29999", why="avgifter")
    page = person.decision_page(3)
    assert choices_of(page) == ["take-back-series"]
    assert "Fakturor 20000–29999 · kim 2026-11-22 12:00 · avgifter" in words(page)
    person.decide(3, "take-back-series")
    assert len(rows_of(person.get("/import"), "rejected")) == 3


def test_a_series_can_be_set_aside_before_it_is_met(person, strangers):
    form = {"format": "Fortnox", "first": "1", "last": "9", "why": ""}
    form["revision:Fortnox"] = person.revision()
    person.post("/decisions/series", **form)
    assert rows_of(person.get("/decisions"), "decisions")[0][0] == "fakturor 1–9"


@pytest.mark.parametrize("path", ["/decisions/series", None])
def test_a_series_that_is_none_is_refused_beside_its_field(person, strangers, path):
    path = path or f"/decisions/row/{person.row(2)}"
    form = {"choice": "series", "format": "Fortnox", "first": "x", "last": "9"}
    form |= dict.fromkeys(("revision", "revision:Fortnox"), person.revision())
    page = person.post(path, 422, **form)
    assert re.search(r'name="first" value="x"[^>]*aria-invalid="true"', page)
    assert "Serien x till 9 kan inte användas" in words(page)


def test_it_stays_set_aside_at_the_next_import(person, strangers):
    person.decide(2, "set-aside")
    person.save()
    person.run_import()
    assert "2" not in [row[0] for row in rows_of(person.get("/import"), "rejected")]


# --- Choosing -----------------------------------------------------------------


def test_without_a_choice_nothing_is_done(person, strangers):
    page = person.decide(2, "", 422)
    assert "Välj vad som ska göras." in words(page[page.index('id="choice-wrong"') :])
    assert rows_of(person.get("/decisions"), "decisions") == [["Ingenting är avgjort."]]


def test_what_is_not_offered_is_not_done(person, strangers):
    person.decide(2, "accept", 422)
    assert rows_of(person.get("/decisions"), "decisions") == [["Ingenting är avgjort."]]


def test_a_row_without_a_number_has_no_button(person, plugin):
    plugin.excluded = [unreadable("")]
    person.run_import()
    [row] = rows_of(person.get("/import"), "rejected")
    assert "Hantera …" not in row


def test_a_row_of_a_preview_that_was_saved_cannot_be_decided(person, strangers):
    row = person.row(2)
    person.save()
    person.get(f"/decisions/row/{row}", 303)
    assert "har sparats sedan sidan visades" in person.notices()[0]


def test_the_lists_stay_as_they_were_looked_at(person, strangers):
    run = person.desk_context.open_previews()["Fortnox"]
    answer = person.client.get(f"/import?run={run}&rejected_q=3000", headers=HERE)
    link = re.search(r'href="(/decisions/row/[^"]+)"', answer.text)[1].replace("&amp;", "&")
    assert "rejected_q=3000" in link
    page = person.get(link)
    action = re.search(r'action="(/decisions/row/[^"]+)"', page)[1].replace("&amp;", "&")
    assert "rejected_q=3000" in action


# --- Typed by hand before -----------------------------------------------------


@pytest.fixture
def doubtful(person, plugin):
    plugin.payments = [payment(1, "1001", date=date(2026, 11, 20))]
    person.desk_context.host().add_payment("1001", Decimal(1000), date=date(2026, 11, 20))
    person.run_import()


def test_what_was_typed_before_stands_beside_what_is_there_now(person, doubtful):
    page = person.decision_page(1)
    table = words(re.search(r'<table class="compared".*?</table>', page, re.DOTALL)[0])
    assert "Registrerad för hand I Låtsas nu" in table
    assert "Belopp 1 000,00 SEK 1 000,00 SEK" in table
    assert "kim 2026-11-22 12:00" in table
    assert choices_of(page) == ["confirm", "set-aside"]


def test_what_came_by_another_import_stands_beside_what_is_there_now(person, plugin, bank):
    bank.payments = [payment(7, "1001", date=date(2026, 11, 20))]
    plugin.payments = [payment(1, "1001", date=date(2026, 11, 20))]
    person.run_import("Bank")
    person.desk_context.host().save("Bank")
    person.run_import()
    page = person.decision_page(1)
    table = words(re.search(r'<table class="compared".*?</table>', page, re.DOTALL)[0])
    assert "Registrerad genom importen Bank (Bank, betalning 7) I Låtsas nu" in table
    assert choices_of(page) == ["confirm", "set-aside"]
    person.decide(1, "confirm")
    person.decide(1, "accept")
    [row] = rows_of(person.get("/import"), "ready")
    assert "genom importen Bank" in row[-2]


def test_it_is_saved_only_when_confirmed(person, doubtful, store):
    person.save()
    assert len(registered(store)) == 1
    person.run_import()
    person.decide(1, "confirm", why="två lika")
    told = "Betalning 1: Bekräftad. Den kan inte sparas nu: Fakturan är redan betald."
    assert told in person.notices()[-1]
    assert choices_of(person.decision_page(1)) == ["accept", "set-aside", "take-back"]
    person.decide(1, "accept")
    [row] = rows_of(person.get("/import"), "ready")
    assert "bekräftad som en annan betalning av kim" in row[-2]
    person.save()
    assert len(registered(store)) == 2


def test_what_was_decided_can_be_undone_in_the_upper_list(person, doubtful):
    person.decide(1, "confirm")
    person.decide(1, "accept")
    assert "Den registreras när du sparar. 1 betalning kan sparas nu." in person.notices()[-1]
    [row] = rows_of(person.get("/import"), "ready")
    assert row[-1] == "Ångra …"
    person.decide(1, "take-back")
    assert len(rows_of(person.get("/import"), "rejected")) == 1


# --- Changed afterwards -------------------------------------------------------


@pytest.fixture
def changed(person, plugin):
    plugin.payments = [payment(1, "1001", "900")]
    person.run_import()
    person.save()
    plugin.payments = [payment(1, "1001", "800")]
    person.run_import()


def test_both_values_of_a_change_stand_side_by_side(person, changed):
    page = person.decision_page(1)
    table = words(re.search(r'<table class="compared".*?</table>', page, re.DOTALL)[0])
    assert table == "Registrerat här I Låtsas nu Belopp 900,00 SEK 800,00 SEK"
    assert choices_of(page) == ["accept", "keep", "set-aside"]


def test_a_change_that_is_accepted_is_reversed_and_registered_anew(person, changed, store):
    person.decide(1, "accept")
    person.save()
    assert registered(store) == [
        ("1", Decimal(900), "reversed"),
        ("1", Decimal(-900), "reversal"),
        ("1", Decimal(800), "registered"),
    ]
    marks = [row[0] for row in rows_of(person.get("/payments?sort=mark"), "payments")]
    assert sorted(marks) == ["Delbetalning", "Motbokad", "Motbokning"]


def test_what_is_registered_can_be_kept_and_the_change_accepted_later(person, changed, store):
    person.decide(1, "keep")
    assert choices_of(person.decision_page(1))[0] == "accept"
    person.save()
    assert registered(store) == [("1", Decimal(900), "registered")]


def test_who_accepted_can_keep_instead(person, changed):
    person.decide(1, "accept")
    assert choices_of(person.decision_page(1)) == ["keep", "take-back"]
    person.decide(1, "keep")
    assert person.notices() == [
        "Betalning 1: Behålls som registrerad. 0 betalningar kan sparas nu."
    ]


def test_what_was_accepted_is_named_where_it_is_told_listed_and_asked_about(person, plugin, store):
    plugin.payments = [payment(1, "1001", "1000")]
    person.run_import()
    person.save()
    plugin.payments = [payment(1, "1001", "900"), payment(2, "1002", "1000")]
    person.run_import()
    person.save()
    plugin.payments += [payment(3, "1002", "5")]
    person.run_import()
    person.decide(1, "accept")
    assert person.notices()[0].startswith("Betalning 1: Ändringen godkänd.")
    person.decide(3, "accept")
    assert person.notices()[0].startswith("Betalning 3: Tas in som förskott.")
    assert [row[3] for row in rows_of(person.get("/decisions"), "decisions")] == [
        "Tas in som förskott",
        "Ändringen godkänd",
    ]
    assert "Tas in som förskott (kim" in words(person.get("/why?invoice=1002&format=Fortnox"))
    assert "Ändringen godkänd (kim" in words(person.get("/why?invoice=1001&format=Fortnox"))
    assert "Tas in som förskott, kim" in words(person.decision_page(3))
    # Another front end reads it in the same words.
    decisions = person.desk_context.host().decisions("Fortnox")
    assert [label(DECISIONS, decision.decision).en for decision in decisions] == [
        "Change accepted",
        "Taken as an advance",
    ]


def test_the_dialog_of_a_page_that_was_saved_since_shows_what_was_saved(person, plugin):
    plugin.payments = [payment(1, "1001", "1000"), payment(2, "9999", "5")]
    person.run_import()
    [run], row = person.desk_context.open_previews().values(), person.row(2)
    person.save()
    answer = person.client.get(f"/decisions/row/{row}", headers=HERE)
    assert answer.headers["Location"] == f"/import?run={run}"
    assert "har sparats sedan sidan visades" in person.notices(f"/import?run={run}")[-1]
    assert "Hanteras när du läser in igen" in words(person.get(f"/import?run={run}"))


# --- Deleted here -------------------------------------------------------------


def test_what_was_deleted_here_comes_in_only_when_a_person_takes_it_again(person, plugin, store):
    plugin.payments = [payment(1, "1001")]
    person.run_import()
    person.save()
    person.post("/payments/1/delete", why="fel faktura")
    person.run_import()
    person.save()
    assert registered(store) == [("1", Decimal(1000), "deleted")]
    person.run_import()
    page = person.decision_page(1)
    assert "togs bort av kim 2026-11-22 12:00 (fel faktura)" in words(page)
    assert choices_of(page) == ["take-again", "set-aside"]
    person.decide(1, "take-again")
    person.run_import()
    person.save()
    assert [state for *_, state in registered(store)] == ["deleted", "registered"]


# --- Decided on another amount ---


def _advance(person, plugin):
    plugin.payments = [payment(1), payment(2)]
    person.run_import()
    person.decide(2, "accept")
    plugin.payments = [payment(1), payment(2, amount="900")]


def _change(person, plugin):
    plugin.payments = [payment(2)]
    person.run_import()
    person.save()
    plugin.payments = [payment(2, amount="950")]
    person.run_import()
    person.decide(2, "accept")
    plugin.payments = [payment(2, amount="900")]


def _deleted(person, plugin):
    plugin.payments = [payment(2)]
    person.run_import()
    person.save()
    person.post("/payments/1/delete", why="fel faktura")
    person.run_import()
    person.decide(2, "take-again")
    plugin.payments = [payment(2, amount="900")]


@pytest.mark.parametrize(
    ("decide", "choices", "advice"),
    [
        (_advance, ["accept", "set-aside"], "ta in den som förskott"),
        (_change, ["accept", "keep", "set-aside"], "godkänn den sedan"),
        (_deleted, ["take-again", "set-aside"], "ta in den på nytt"),
    ],
)
def test_what_was_decided_on_another_amount_is_asked_again(person, plugin, decide, choices, advice):
    decide(person, plugin)
    person.run_import()
    page = person.decision_page(2)
    assert choices_of(page) == [*choices, "take-back"]
    assert "Gäller inte längre" in words(page)
    assert "nu 900,00 SEK: avgör den igen" in words(page)
    assert advice in words(page).partition("Att göra:")[2]
    assert advice in words(person.get("/why?invoice=1001&format=Fortnox"))
    [row] = rows_of(person.get("/decisions"), "decisions")
    assert row[-3].startswith("nej: avgjord vid belopp")
    person.decide(2, choices[0])
    assert choices[0] not in choices_of(person.decision_page(2))
    assert rows_of(person.get("/decisions"), "decisions")[0][-3] == "ja"


# --- Waits for another payment ---


def test_a_row_that_waits_for_another_payment_offers_no_replacing(person, plugin):
    plugin.payments = [payment(1, amount="400")]
    person.run_import()
    person.save()
    plugin.payments = [payment(1, "1002", "400"), payment(3, amount="400")]
    person.run_import()
    assert choices_of(person.decision_page(3)) == ["confirm", "set-aside"]


# --- Safe ---------------------------------------------------------------------


@pytest.mark.parametrize("sent", [{}, {"token": ""}, {"token": "wrong"}, {"token": "å"}])
def test_no_form_without_the_token_changes_anything(person, strangers, sent):
    """Whatever route takes a form, of all that exist."""
    app = person.client.application
    values = {"row_id": 1, "payment_id": 1, "job_id": "x", "name": "Fortnox", "run_id": "x"}
    routes = [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods]
    assert len(routes) > 12
    for rule in routes:
        path = app.url_map.bind("127.0.0.1").build(
            rule.endpoint, {key: values[key] for key in rule.arguments}, method="POST"
        )
        answer = person.client.post(path, headers=HERE, data=sent)
        assert (answer.status_code, "PAGE_TOO_OLD" in answer.text) == (409, True), path


def test_no_page_that_is_looked_at_changes_anything(person, strangers, store):
    """GET, also of the dialogs, writes nothing down."""

    def everything():
        names = ("runs", "run_rows", "payments", "decisions", "pending", "definitions")
        return {
            name: [tuple(row) for row in store.db.execute(f"SELECT * FROM {name}")]  # noqa: S608
            for name in names
        }

    before = everything()
    for path in (
        "/import", f"/decisions/row/{person.row(2)}", "/decisions", "/decisions/series",
        "/payments", "/payments/new", "/payments/ledger", "/payments/ledger.csv",
        "/why", "/why?invoice=1001", "/runs", "/runs/runs.csv", "/decisions/decisions.csv",
    ):  # fmt: skip
        person.get(path)
    assert everything() == before


def test_a_reason_with_markup_is_only_text(person, strangers):
    person.decide(2, "set-aside", why="<script>alert(1)</script>")
    page = person.get("/decisions")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


# --- A settlement ----------------------------------------------------------------


def test_the_credit_is_registered_only_where_both_halves_can_be_saved(person, plugin):
    values = {"date": date(2026, 1, 20), "customer_number": "7"}
    plugin.payments = [payment(11, "1001", **values), payment(12, "9999", "-1000", **values)]
    person.run_import()
    assert "Registrera krediten" in words(person.get(f"/decisions/row/{person.row(11)}"))
    plugin.payments = [payment(1), *plugin.payments]
    person.run_import()
    for number in (11, 12):
        dialog = words(person.get(f"/decisions/row/{person.row(number)}"))
        assert "Faktura 1001 är redan betald här" in dialog
        assert "Orsaken säger vad som hindrar dem" in dialog
        assert "Registrera krediten" not in dialog
        assert "Betala tillbaka" not in dialog
