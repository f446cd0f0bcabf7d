"""Betalningsregistrering by hand, questions about an invoice, and the imports of the past."""

import csv
import io
import json
import re
from datetime import date
from decimal import Decimal

import pytest
from desk_person import HERE, rows_of, seal_of, wait_for, words
from fake_plugin import FakePlugin, Refused, euro, invoice, payment, unreadable

from hostsim.ledger import amounts

ENTRY = {"invoice": "1002", "amount": "1 250,50", "date": "2026-11-20", "region": ""}


@pytest.fixture
def invoices():
    return [
        invoice("1001", customer_name="Ängens Åkeri AB"),
        invoice("1002", "2000"),
        invoice("2001", "100", "EUR"),
        invoice("1001", "300", region="Norr"),
        invoice("1009", period_closed=False),
    ]


@pytest.fixture
def plugin():
    return FakePlugin(payments=[payment(1, "1001", "400", source="autogiro"), euro(2)])


def refuse(_run):
    raise Refused


@pytest.fixture
def saved(person):
    person.run_import()
    person.save()
    return person


# --- Typed by hand ------------------------------------------------------------


def test_a_payment_is_registered_by_hand_as_it_is_typed(person, store):
    person.post("/payments/new", **ENTRY, bank_account="5050-1055", rate="")
    assert person.notices("/payments") == ["Betalningen av faktura 1002 är registrerad."]
    [row] = store.payments()
    assert (row.amount, row.payment_date) == (Decimal("1250.50"), date(2026, 11, 20))
    assert (row.origin, row.bank_account) == ("hand", "5050-1055")


def test_it_is_dated_today_unless_said_otherwise(person):
    assert 'name="date" value="2026-11-22"' in person.get("/payments/new")


def test_one_in_another_currency_needs_its_rate(person, store):
    form = {"invoice": "2001", "amount": "40", "date": "2026-11-20", "region": ""}
    page = person.post("/payments/new", 422, **form)
    assert re.search(r'id="rate" name="rate" value=""[^>]*aria-invalid="true"', page)
    page = person.post("/payments/new", 422, **form, rate="11,25")
    person.post("/payments/new", **form, rate="11,25", seal=seal_of(page))
    assert [row.amount for row in store.payments()] == [Decimal(450)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"invoice": "7"}, "invoice"),
        ({"invoice": "1009"}, "invoice"),
        ({"region": "Norr"}, "invoice"),
        ({"amount": "tusen"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "50 EUR"}, "amount"),
        ({"rate": "kurs"}, "rate"),
        ({"date": "i går"}, "date"),
        ({"bank_account": "1" * 200}, "bank_account"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_registered(
    person, store, wrong, field
):
    page = person.post("/payments/new", 422, **ENTRY | wrong)
    assert re.search(rf'id="{field}" name="{field}"[^>]*aria-invalid="true"', page)
    assert list(store.payments()) == []
    assert 'value="1 250,50"' in page or "amount" in wrong


def test_the_invoice_stands_beside_the_fields_and_what_remains_is_the_amount(person):
    page = person.get("/payments/new?invoice=1001")
    assert "Kund Ängens Åkeri AB Totalt 1 000,00 SEK Återstår 1 000,00 SEK" in words(page)
    assert re.search(r'name="amount" value="1\xa0000,00"', page)
    assert 'name="amount" value="300,00"' in person.get("/payments/new?invoice=1001&region=Norr")


def test_what_is_put_in_the_field_in_english_can_be_sent_as_it_stands(person, store):
    person.post("/language", 302, language="en", back="/payments")
    assert 'name="amount" value="1000.00"' in person.get("/payments/new?invoice=1001")
    person.post("/payments/new", invoice="1001", amount="1000.00", date="2026-11-20", region="")
    assert [row.amount for row in store.payments()] == [Decimal(1000)]


@pytest.mark.parametrize("written", ["990:-", "990,-", "990 kr", "990,00 SEK"])
def test_an_amount_is_taken_with_kronor_behind_it(person, store, written):
    person.post("/payments/new", **ENTRY | {"amount": written})
    assert [row.amount for row in store.payments()] == [Decimal(990)]


def test_the_invoice_is_shown_by_a_button_and_what_was_typed_stays(person, store):
    page = person.post("/payments/new", 200, **ENTRY, bank_account="5050", look="1")
    assert "Återstår 2 000,00 SEK" in words(page)
    assert 'value="1 250,50"' in page
    assert 'value="5050"' in page
    assert list(store.payments()) == []


DOUBTFUL = ENTRY | {"amount": "5000", "date": "2036-01-02"}


def test_what_is_doubtful_stands_beside_its_field_and_asks_for_a_second_press(person, store):
    page = person.post("/payments/new", 422, **DOUBTFUL)
    assert re.search(r'id="amount-wrong">\s*<li class="warning"', page)
    assert re.search(r'id="date-wrong">\s*<li class="warning"', page)
    for told in ("Betalningen är inte registrerad.", "mer än de 2 000,00 SEK som återstår",
                 "Datumet 2036-01-02", "Totalt 2 000,00 SEK",
                 "Registrera ändå"):  # fmt: skip
        assert told in words(page)
    assert list(store.payments()) == []
    person.post("/payments/new", **DOUBTFUL, seal=seal_of(page))
    assert [row.amount for row in store.payments()] == [Decimal(5000)]


def test_a_second_press_confirms_what_was_shown_and_no_other_doubt(person, store):
    seal = seal_of(person.post("/payments/new", 422, **DOUBTFUL))
    person.post("/payments/new", 422, **DOUBTFUL | {"amount": "50000"}, seal=seal)
    person.desk_context.host().add_payment("1002", Decimal(10))
    page = person.post("/payments/new", 422, **DOUBTFUL, seal=seal)
    assert "mer än de 1 990,00 SEK som återstår" in words(page)
    assert len(list(store.payments())) == 1


def test_a_form_that_is_sent_twice_registers_once_and_shows_the_same_payment(person, store):
    key = re.search(r'name="key" value="([^"]+)"', person.get("/payments/new"))[1]
    for _ in range(2):
        person.post("/payments/new", **ENTRY, key=key)
    assert person.notices("/payments?payment=1") == [
        "Betalningen av faktura 1002 var registrerad redan; ingenting nytt är registrerat."
    ]
    assert len(list(store.payments())) == 1


def test_an_old_form_with_other_figures_asks_once_more_with_a_new_key(person, store):
    person.post("/payments/new", **ENTRY, key="old")
    page = person.post("/payments/new", 422, **ENTRY | {"amount": "7"}, key="old")
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    assert key != "old"
    person.post("/payments/new", **ENTRY | {"amount": "7"}, key=key)
    assert [row.amount for row in store.payments()] == [Decimal("1250.50"), Decimal(7)]


def test_every_form_has_a_key_of_its_own(person):
    keys = {
        re.search(r'name="key" value="([^"]+)"', person.get("/payments/new"))[1] for _ in range(3)
    }
    assert len(keys) == 3


# --- Deleted ------------------------------------------------------------------


def test_a_payment_is_deleted_with_a_reason_and_stays_in_pink(saved):
    saved.post("/payments/1/delete", why="dubblett")
    page = saved.get("/payments?payment=1")
    assert '<tr class="chosen deleted"' in page
    assert "Borttagen av kim 2026-11-22 12:00: dubblett" in words(page)
    assert "erbjuds igen vid nästa import" in words(page)
    assert "delete-payment" not in page


def test_without_a_reason_nothing_is_deleted(saved, store):
    page = saved.post("/payments/1/delete", 422, why=" ")
    assert re.search(r'id="why"[^>]*aria-invalid=true', page)
    assert {row.state for row in store.payments()} == {"registered"}


def test_what_is_deleted_does_not_count_in_the_sum(saved):
    assert "summa 1 500,00 SEK" in words(saved.get("/payments"))
    saved.post("/payments/1/delete", why="dubblett")
    assert "summa av 1 som gäller: 1 100,00 SEK" in words(saved.get("/payments"))


def test_what_is_deleted_cannot_be_deleted_again(saved):
    saved.post("/payments/1/delete", why="dubblett")
    saved.get("/payments/1/delete", 303)  # as after going back
    assert "Betalningen är inte registrerad längre: Borttagen." in saved.notices("/payments")
    saved.post("/payments/1/delete", why="dubblett")
    assert "borttagen" in saved.notices("/payments")[0]


# --- Where it came from -------------------------------------------------------


def test_the_register_is_filtered_by_origin(saved):
    saved.post("/payments/new", **ENTRY)

    def shown(origin):
        page = saved.get(f"/payments?origin={origin}")
        return [row[2:3] or row for row in rows_of(page, "payments")]

    assert shown("hand") == [["1002"]]
    assert shown("autogiro") == [["1001"]]
    assert sorted(shown("import")) == [["1001"], ["2001"]]
    assert shown("elsewhere") == [["Ingen betalning stämmer med sökningen."]]


def test_the_choice_of_origin_counts_each(saved):
    saved.post("/payments/new", **ENTRY)
    choice = re.search(r'<select name="origin".*?</select>', saved.get("/payments"), re.DOTALL)[0]
    assert "från import (2)" in words(choice)
    assert "för hand (1)" in words(choice)
    assert "autogiro (1)" in words(choice)


def test_an_export_says_what_it_leaves_out(saved):
    saved.post("/payments/new", **ENTRY)
    page = words(saved.get("/payments/ledger?region="))
    assert "I filen 1 st, 1 250,50 SEK" in page
    assert "Utelämnade 2 st, 1 500,00 SEK" in page
    assert "Utelämnade är de som kom från Fortnox" in page


def test_what_came_from_fortnox_is_not_in_the_file_for_fortnox(saved):
    saved.post("/payments/new", **ENTRY)
    answer = saved.client.get("/payments/ledger.csv?region=", headers=HERE)
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [row[0] for row in rows[1:]] == ["1002"]


def test_each_region_has_a_file_of_its_own(saved):
    saved.post("/payments/new", **ENTRY)
    page = words(saved.get("/payments/ledger?region=Norr"))
    assert "I filen 0 st, 0,00 SEK" in page


# --- One invoice --------------------------------------------------------------


def test_everything_about_an_invoice_stands_on_one_page(saved):
    saved.post("/payments/1/delete", why="dubblett")
    page = words(saved.get("/why?invoice=1001&format=Fortnox"))
    assert "Faktura 1001 · Ängens Åkeri AB" in page
    assert "1 000,00 SEK återstår att betala" in page
    assert "Betalning 1: Borttagen här" in page
    assert "Att göra: Den är borttagen här: ta in den på nytt" in page
    assert "kim" in page


def test_it_says_what_would_have_to_happen_for_the_missing_one_to_come_in(person):
    person.run_import()
    page = words(person.get("/why?invoice=1001&format=Fortnox"))
    assert "Att göra: Den är inläst men inte sparad: spara den." in page


def test_every_row_leads_to_its_invoice(person):
    person.run_import()
    page = person.get("/import")
    assert re.search(r'href="/why\?invoice=1001&amp;format=Fortnox"', page)
    person.save()
    assert re.search(r'href="/why\?invoice=1001', person.get("/payments"))


def test_imports_are_found_by_their_day_and_sum(person):
    person.run_import()
    assert "Ingenting är importerat än" not in person.get("/runs?q=4711,00")
    [began] = person.desk_context.store.db.execute("SELECT started_at, totals FROM runs")
    for wanted in (began["started_at"][:10], json.loads(began["totals"])["read"]):
        assert "Ingenting stämmer" not in person.get(f"/runs?q={wanted}")


def test_a_search_that_finds_nothing_leads_to_the_invoice(person):
    assert 'href="/why?invoice=4711"' in person.get("/payments?q=4711")


def test_an_invoice_that_several_formats_may_have_is_asked_about_with_a_choice(person):
    person.desk_context.host().define("Norr", "Fake", "API", "Norr", {})
    page = person.get("/why?invoice=1001")
    assert "Fortnox, Norr" in words(page)
    assert '<select id="format" name="format">' in page
    assert "300,00" in words(person.get("/why?invoice=1001&format=Norr"))


def test_a_plugin_that_cannot_be_asked_about_one_invoice_says_so(person):
    answer = person.client.get("/why?invoice=1001&format=Fortnox", headers=HERE)
    assert "Fråga Låtsas nu" in answer.text
    token = re.search(r'name="token" value="([^"]+)"', answer.text)[1]
    started = person.client.post(
        "/why/ask",
        headers=HERE,
        data={"token": token, "invoice": "1001", "format": "Fortnox"},
    )
    assert started.status_code == 303
    job = person.desk_context.jobs.get(started.headers["Location"].rpartition("/")[2])
    wait_for(job)
    page = words(person.get(f"/why?invoice=1001&job={job.id}"))
    assert "Insticksprogrammet kan inte läsa enstaka fakturors betalningar" in page


def test_a_number_with_markup_is_only_text(person):
    page = person.get("/why?invoice=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page


# --- Imports of the past ------------------------------------------------------


def test_each_import_is_listed_with_who_when_and_what(saved):
    [row] = rows_of(saved.get("/runs"), "runs")
    assert row[:4] == ["2026-11-22 12:00", "Fortnox", "kim", "Sparad"]
    assert row[4:] == ["2", "2", "0", "0", "0", "1 500,00"]


def test_one_import_is_shown_in_full(person):
    form = {"format": "Fortnox", "region": "", "bank_account": "5050-1055", "date": "2026-11-19"}
    person.post("/import/start", **form)
    for job in person.desk_context.jobs.running():
        wait_for(job)
    person.save()
    page = words(person.get("/runs"))
    for text in (
        "Läge Sparad av kim, 2026-11-22 12:00", "Gjord av kim, började 2026-11-22 12:00",
        "Region [Standard]", "Bankkonto 5050-1055", "Datum 2026-11-19", "Anrop", "Sammanställning",
        "Lästa 2 1 500,00", "Sparade 2 1 500,00", "Visa dem i Betalningsregistrering",
    ):  # fmt: skip
        assert text in page, text


def test_an_import_that_failed_says_why(person, plugin):
    plugin.during = refuse
    person.run_import()
    page = person.get("/runs")
    [row] = rows_of(page, "runs")
    assert row[3] == "Misslyckades: Licens saknas"
    assert "Licens saknas." in words(page)


def test_an_import_that_nobody_knows_is_said_so(saved):
    assert "RUN_UNKNOWN" in saved.get("/runs?run=ffff", 400)


def test_the_imports_are_exported_as_they_are_shown(saved):
    answer = saved.client.get("/runs/runs.csv", headers=HERE)
    assert answer.text.startswith("\ufeffBörjade;Filformat")
    assert len(answer.text.splitlines()) == 2


# --- What remains is put in the field, and nobody typed it ---


def untouched(page):
    """Return what a browser without scripts sends of the form."""
    return {
        name: re.search(rf'name="{name}" value="([^"]*)"', page)[1]
        for name in ("amount", "key", "prefilled", "prefilled_of", "date")
    }


@pytest.mark.parametrize("press", [{"look": "1"}, {}])
def test_without_scripts_what_remains_of_one_invoice_is_never_taken_for_another(
    person, store, press
):
    form = untouched(person.get("/payments/new?invoice=1001"))
    page = person.post("/payments/new", 200, **form, invoice="1002", region="", **press)
    [row] = store.db.execute("SELECT remaining FROM invoices WHERE number = '1002'")
    again = untouched(page)
    assert amounts.typed_amount(again["amount"]) == Decimal(row["remaining"])
    assert again["amount"] == again["prefilled"]
    assert list(store.payments()) == []
    person.post("/payments/new", **again, invoice="1002", region="")
    assert len(list(store.payments())) == 1


def test_without_scripts_what_somebody_typed_stays(person):
    form = untouched(person.get("/payments/new?invoice=1001")) | {"amount": "17"}
    page = person.post("/payments/new", 200, **form, invoice="1002", region="", look="1")
    assert untouched(page)["amount"] == "17"


@pytest.mark.parametrize("day", ["٢٠٢٦-11-22", "20261122", "2026-W47-7"])
def test_a_date_in_other_digits_is_none_on_the_page_either(person, store, day):
    page = person.post("/payments/new", 422, **ENTRY | {"date": day})
    assert 'aria-invalid="true"' in page
    assert list(store.payments()) == []


@pytest.mark.parametrize(
    "wrong", [{"invoice": ""}, {"invoice": "99"}, {"rate": "11"}, {"amount": "9" * 15}]
)
def test_what_is_wrong_is_said_without_words_of_the_command_line(person, wrong):
    page = words(person.post("/payments/new", 422, **ENTRY | wrong))
    assert "--" not in page
    assert "hostsim invoices" not in page


def test_an_amount_that_could_not_be_read_is_unknown_and_not_nothing(person, plugin):
    plugin.excluded = [unreadable("7")]
    person.run_import()
    assert "Belopp okänt" in words(person.decision_page(7))
