"""Open invoices are found by what one knows of them, and a list leaves the screen whole."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from desk_person import HERE, words
from fake_plugin import invoice

from hostsim.desk import downloads


@pytest.fixture
def invoices():
    late = {"customer_name": "Ängens Åkeri AB", "due_date": date(2026, 11, 1)}
    return [
        invoice("1001", "1250.50", ocr="77001", **late),
        invoice("1002", "500", customer_name="=Ängens Fisk", due_date=date(2026, 12, 1)),
        invoice("1003", "700", "EUR", customer_name="Ängens Fisk", due_date=None),
        invoice("1004", "0"),
        *(invoice(str(2000 + n), "1", customer_name="Ny", due_date=None) for n in range(120)),
    ]


def found(page):
    return re.findall(r'id="open-why-[^"]*"[^>]*>(\d+)<', page)


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("ängens", ["1001", "1002", "1003"]),
        ("1 250,50", ["1001"]),
        ("1 250,50 kr", ["1001"]),
        ("77001", ["1001"]),
        ("fisk 700", ["1003"]),
        ("åkeri ängens 2026-11-01", ["1001"]),
        ("1004", []),
    ],
)
def test_it_is_found_by_customer_amount_ocr_and_several_words(person, written, numbers):
    page = person.get(f"/open-invoices?q={written.replace(' ', '+')}")
    assert found(page) == numbers


def test_what_is_due_longest_comes_first_with_what_remains_and_the_sum(person):
    page = person.get("/open-invoices")
    assert found(page)[0] == "1001"
    assert "2026-11-01" in page
    assert "summa av 122: 1\N{NO-BREAK SPACE}870,50 SEK" in page
    assert "summa av 1: 700,00 EUR" in page
    assert found(person.get("/open-invoices?code=overdue")) == ["1001"]


def test_a_new_payment_finds_its_invoice_by_customer_or_amount(person):
    page = person.get("/payments/new?invoice=fisk")
    proposed = re.findall(r'href="(/payments/new\?[^"]*)"[^>]*>(\d+)</a>', page)
    assert [number for _, number in proposed] == ["1002", "1003"]
    chosen = person.get(proposed[0][0].replace("&amp;", "&"))
    assert 'value="500,00"' in chosen
    assert "Vilken faktura?" not in chosen
    assert "1001" in person.get("/payments/new?invoice=1250,5")


def test_a_new_payment_says_when_no_open_invoice_is_found(person):
    told = "Ingen öppen faktura har det numret, eller stämmer med orden."
    assert told in person.get("/payments/new?invoice=12 000")
    assert told not in person.get("/payments/new")
    assert told not in person.get("/payments/new?invoice=fisk")


def test_it_prints_whole_with_its_sum_and_nothing_to_press(person):
    page = person.get("/open-invoices/list.print?q=Ny")
    assert page.count("<tr>") == 121
    assert re.search(r'class="total".*Summa av 120.*120,00 SEK', page, re.DOTALL)
    assert not re.search(r"<(button|form|select|input)", page)


def test_what_is_registered_while_a_list_is_printed_is_neither_in_it_nor_in_its_sum(
    person, monkeypatch
):
    host, sums_of = person.desk_context.host(), downloads.sums_of
    host.add_payment("1001", Decimal(100), confirm=True)

    def before_another(page, title):
        host.add_payment("1002", Decimal(100), confirm=True)
        return sums_of(page, title)

    monkeypatch.setattr(downloads, "sums_of", before_another)
    printed = words(person.get("/payments/payments.print"))
    assert "Summa av 1 100,00 SEK" in printed
    assert "1002" not in printed


def test_a_sum_is_of_what_counts_and_only_of_what_has_amounts(person):
    host = person.desk_context.host()
    for number in ("1001", "1002"):
        added = host.add_payment(number, Decimal(100), confirm=True)
    host.delete_payment(added, why="fel faktura")
    assert "summa av 1 som gäller: 100,00 SEK" in person.get("/payments")
    eur = person.get("/open-invoices?q=EUR")
    assert "summa 700,00 EUR" in eur
    assert "0,00 SEK" not in eur
    assert "Summa" not in person.get("/runs/runs.print")
    exported = person.get("/invoices/lists/invoices.print")
    assert re.search(r'class="total".*Summa av \d+.*SEK', exported, re.DOTALL) or "0 st" in exported


def test_each_list_is_a_workbook_too(person):
    person.desk_context.host().add_payment("1001", Decimal(100), confirm=True)
    for path in ("open-invoices/list", "payments/payments", "runs/runs", "overview/overview"):
        answer = person.client.get(f"/{path}.xlsx", headers=HERE)
        assert answer.data[:2] == b"PK", path
        assert ".xlsx" in answer.headers["Content-Disposition"]
    assert person.client.get("/payments/payments.pdf", headers=HERE).status_code == 404
