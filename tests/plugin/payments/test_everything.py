"""A comparison reads all payments: without a cursor, and whatever the settings ignore."""

from __future__ import annotations

from decimal import Decimal

from second_host import Host

from tests.plugin.payments.test_importer import SETTINGS, Wire, listed, run_import


def test_all_is_handed_over_and_nothing_excluded_but_the_unreadable():
    host = Host()
    rows = [
        listed(1, PaymentDate="2020-01-01"),
        listed(2, InvoiceNumber=1),
        listed(3, Booked=False),
        listed(4, Amount="API_NORIGHT"),
    ]
    wire = Wire(*rows)
    report = run_import(wire, host, everything=True)
    assert sorted(host.payments) == ["1", "2", "3"]
    assert [one.key.number for one in host.excluded] == ["4"]
    assert (report.cursor, report.not_read) == (None, 0)
    assert host.payments["3"].booked is False
    assert set(wire.paths) == {"invoicepayments"}


def test_it_is_read_from_the_beginning_although_there_is_a_cursor():
    cursor = run_import(Wire(listed(1)), Host()).cursor
    host = Host()
    wire = Wire(listed(1), listed(2, PaymentDate="2020-01-01"))
    run_import(wire, host, everything=True, cursor=cursor)
    assert sorted(host.payments) == ["1", "2"]


def test_the_scan_does_not_stop_at_the_date_of_the_settings():
    rows = [listed(n) for n in range(1, 5)]
    rows += [listed(n, PaymentDate=f"2026-01-{30 - n}") for n in range(5, 13)]
    host = Host()
    run_import(Wire(*rows, page_size=3), host, everything=True)
    assert len(host.payments) == 12


def test_details_are_fetched_only_where_the_row_cannot_answer():
    row = listed(1, Amount=1100, Currency="EUR", CurrencyRate=11, PaymentDate="2020-01-01")
    wire = Wire(row, listed(2), details={"1": row | {"AmountCurrency": 100}})
    host = Host()
    run_import(wire, host, everything=True, settings=SETTINGS)
    assert wire.paths.count("invoicepayments/1") == 1
    assert "invoicepayments/2" not in wire.paths
    assert host.payments["1"].amount_currency == Decimal("100.00")
