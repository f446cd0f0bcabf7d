"""Fifty thousand payments in a browser: found, sorted, turned over, decided about."""

from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from hostsim.desk.startup import sandbox_context
from hostsim.storage.import_runs import ImportRun, Record
from hostsim.storage.rows import record_of
from opter_contract.values import Company, Payment, PaymentKey

MANY = 50_000


@pytest.fixture
def office(plugins):
    """Have an office whose open preview holds fifty thousand payments that meet no invoice."""
    with sandbox_context(plugins) as office:
        values = {"ignore_payments_before": "2026-01-01"}
        office.host().define("Fortnox", "FortnoxAPI", "API", "", values)
        at = office.clock()
        import_run = ImportRun(office.store, "run", office.store.definition("Fortnox"))
        import_run.begin("kim", at)
        import_run.take(Record(record_of(number)) for number in map(stranger, range(1, MANY + 1)))
        with office.store.change():
            import_run.judge(Company("480211", "Björkviks Åkeri AB"))
        import_run.finish(0, 0, at)
        yield office


def stranger(number):
    day = date(2026, 1, 1 + number % 28)
    return Payment(
        key=PaymentKey("480211", str(number)),
        source="file",
        invoice_number=str(70_000 + number),
        ocr=None,
        date=day,
        amount=Decimal(number),
        currency="SEK",
        amount_currency=Decimal(number),
        exchange_rate=None,
    )


def test_fifty_thousand_rows_are_usable(page, person):
    page.get_by_text("1–100 av 50\xa0000").wait_for()
    rows = page.locator("table.rejected tbody tr")
    assert rows.count() == 100
    page.locator("#rejected-by-amount").click()
    page.locator("th[aria-sort=ascending] #rejected-by-amount").click()
    expect(rows.first).to_contain_text("50\xa0000,00")
    page.locator("#rejected-next").click()
    page.get_by_text("101–200 av 50\xa0000").wait_for()
    page.locator("#rejected-q").fill("73210")
    page.keyboard.press("Enter")
    page.get_by_text("1–1 av 1").wait_for()
    rows.first.get_by_role("link", name="Hantera").click()
    page.get_by_label("Lägg undan en hel serie").check()
    page.get_by_label("Från faktura").fill("70001")
    page.get_by_label("till och med").fill("80000")
    page.locator("#ok").click()
    # All fifty thousand are judged again: some seconds, more on a busy machine.
    page.get_by_text("10\xa0000 undanlagda").wait_for(timeout=120_000)
