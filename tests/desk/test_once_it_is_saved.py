"""What a save says once it is made, and what its files and its help hold besides."""

import csv
import io
import re
from decimal import Decimal

import pytest
from desk_person import HERE, choices_of, rows_of, words
from fake_plugin import invoice, payment, write_off
from openpyxl import load_workbook

from hostsim.messages.payments import numbered


@pytest.fixture
def invoices():
    return [invoice("1001"), invoice("1002", "500"), invoice("1003", "-104")]


@pytest.fixture
def person(person, plugin, store):
    """Read a payment that is 5,00 short, one that is left out and two that cannot be saved."""
    plugin.payments = [
        payment(1, "1001", "994", write_offs=(write_off("1"),)),
        payment(2, "1002", "500"),
        payment(3, "1003", "-100"),
        payment(8, "9998", "40"),
        payment(9, "9999", "40"),
    ]
    store.set_setting("accepted_deviation", "5")
    person.plugin = plugin
    person.run = person.run_import().run_id
    person.post("/import/tick", run=person.run, leave="2")
    return person


def ready(person, form):
    answer = person.client.get(f"/import/{person.run}/ready.{form}", headers=HERE)
    assert answer.status_code == 200
    return answer.data


def written_off(person):
    """Return what the list says is written off, by payment, in each form that leaves the page."""
    text = ready(person, "csv").decode("utf-8-sig")
    of_csv = [
        (row["Betalningsnr"], row["Avskrivet"].replace(",", "."))
        for row in csv.DictReader(io.StringIO(text), delimiter=";")
    ]
    head, *rows = load_workbook(io.BytesIO(ready(person, "xlsx"))).active.iter_rows(
        values_only=True
    )
    of_book = [(row[head.index("Betalningsnr")], row[head.index("Avskrivet")]) for row in rows]
    page = ready(person, "print").decode()
    names = [words(name) for name in re.findall(r"<th .*?</th>", page)]
    printed = [
        [words(cell) for cell in re.findall(r"<td.*?</td>", row)]
        for row in re.findall(r"<tr><td.*?</tr>", page)
    ]
    of_paper = [
        (row[names.index("Betalningsnr")], row[names.index("Avskrivet")].replace(",", "."))
        for row in printed
    ]
    return [
        {number: float(off) for number, off in each if number and off}
        for each in (of_csv, of_book, of_paper)
    ]


@pytest.mark.parametrize("state", ["open", "saved", "undone"])
def test_what_is_written_off_is_in_its_column_by_the_accepted_deviation_too(person, state):
    """Of a credit note it has the sign of the payment, as at the source."""
    if state != "open":
        person.save()
    if state == "undone":
        person.post(f"/runs/{person.run}/undo", why="fel")
    assert written_off(person) == [{"1": 6.0, "3": -4.0}] * 3


def test_what_is_written_off_has_its_column_explained_though_only_files_have_it(person):
    page = words(person.get("/import"))
    assert "Står också i Excel och CSV Kurs SEK för en enhet av valutan. Avskrivet Vad som" in page
    assert "det som saknas inom den accepterade avvikelsen här." in page


def test_before_a_save_is_made_its_words_are_of_what_is_to_come(person):
    page = person.get("/import")
    assert "Lämnas 1" in words(page)
    assert {row[1] for row in rows_of(page, "ready")} >= {
        "Mindre avvikelse skrivs av",
        "Sparas inte nu",
    }
    assert "5,00 SEK skrivs av inom accepterad fakturaavvikelse" in words(page)


@pytest.mark.parametrize(
    ("language", "left", "words_of_rows", "not_then"),
    [
        ("sv", "Lämnade 1", ("Mindre avvikelse är avskriven", "Sparades inte"), "skrivs av"),
        ("en", "Left 1", ("Small deviation was written off", "Was not saved"), "is written off"),
    ],
)
def test_once_a_save_is_made_its_words_are_of_what_was(
    person, language, left, words_of_rows, not_then
):
    person.save()
    person.post("/language", 302, language=language)
    page = person.get(f"/import?run={person.run}")
    assert left in words(page)
    assert {row[0] for row in rows_of(page, "ready")} >= set(words_of_rows)
    for said in (words(page).partition("?")[0], ready(person, "csv").decode()):
        assert not_then not in said
        assert "Sparas inte nu" not in said
        assert "Not saved now" not in said
    assert words_of_rows[0] in words(person.get("/payments"))


def about(person, list_name):
    """Return what the help of a list says that it is."""
    page = person.get(f"/import?run={person.run}").partition(f'id="{list_name}-q"')[2]
    return words(re.search(r'<div class="sheet end">\s*<p>(.*?)</p>', page, re.DOTALL)[1])


def test_the_help_of_a_list_says_what_it_is_before_a_save_and_after_it_and_once_undone(person):
    assert "Ingenting registreras förrän du sparar" in about(person, "ready")
    assert "som ingen kan spara än" in about(person, "rejected")
    person.save()
    assert about(person, "ready").startswith("Betalningar som sparningen registrerade. Det som")
    assert "som inte kunde sparas då" in about(person, "rejected")
    person.post(f"/runs/{person.run}/undo", why="fel")
    assert "innan den ångrades. De erbjuds igen" in about(person, "ready")


def test_an_undone_save_does_not_say_that_all_of_it_was_undone(person):
    person.save()
    [first, *_] = person.desk_context.store.payments()
    person.desk_context.host().delete_payment(first.id, why="fel")
    person.post(f"/runs/{person.run}/undo", why="fel")
    page = words(person.get(f"/import?run={person.run}"))
    assert "Sparade (sparningen är ångrad) 2" in page
    assert "Betalningar i en ångrad sparning (2)" in page
    assert "Sparade (sparningen är ångrad) 2" in words(person.get(f"/runs?run={person.run}"))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/import", "3 betalningar visas."),
        ("/import?ready_q=1001", "En betalning visas."),
        ("/import?ready_q=ingen", "Ingen betalning stämmer med sökningen."),
        ("/open-invoices", "3 fakturor visas."),
        ("/open-invoices?q=ingen", "Ingenting stämmer med sökningen."),
        ("/runs", "En rad visas."),
    ],
)
def test_a_search_tells_in_words_what_it_found(person, path, said):
    assert f'data-found="{said}"' in person.get(path)


def test_payments_are_named_as_payments_and_not_by_a_number_that_is_read_as_a_count():
    assert numbered(["2"]) == ("betalning 2", "payment 2")
    assert numbered(["2", "9"], begins=True) == ("Betalningarna 2, 9", "Payments 2, 9")


@pytest.mark.parametrize(
    ("deleted", "said"),
    [
        ({"9"}, "Betalning 9 finns inte längre där den kom ifrån."),
        ({"8", "9"}, "Betalningarna 8, 9 finns inte längre där de kom ifrån."),
    ],
)
def test_what_is_no_longer_where_it_came_from_is_named(person, deleted, said):
    person.post("/import/tick", run=person.run, take="2")
    person.save()
    store = person.desk_context.store
    store.load_invoices([invoice(f"999{number}", "40") for number in deleted])
    person.plugin.deleted = deleted
    person.plugin.payments = []
    person.run_import()
    assert said in words(person.get("/import"))


def test_minus_in_the_lower_list_and_of_an_open_invoice_is_not_called_an_advance(person):
    page = words(person.get("/import"))
    lower = page.partition("Betalningar som inte kan sparas")[2]
    assert "Vad som återstår av fakturan utan den här betalningen." in lower
    assert "förskott" not in lower
    assert "eller kvar av en kreditfaktura" in words(person.get("/open-invoices"))


def test_a_doubtful_payment_of_a_paid_invoice_is_advised_what_then_can_be_done(person):
    host, again = person.desk_context.host(), payment(10, "1002", "500")
    host.add_payment("1002", Decimal(500), date=again.date, confirm=True)
    person.plugin.payments = [again]
    person.run_import()
    assert "den kan sparas om något återstår på fakturan, och annars tas in som förskott" in words(
        person.decision_page(10)
    )
    person.decide(10, "confirm")
    assert "accept" in choices_of(person.decision_page(10))
    assert "Ta in den som förskott" in words(person.decision_page(10))
