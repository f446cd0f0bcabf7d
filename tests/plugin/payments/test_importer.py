"""What an import reads, leaves out and hands over, against a host in memory."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pluggy
import pytest
from second_host import Host, hookimpl, new_run

from opter_contract.values import Company, ImportReport
from opter_fortnox_plugin import hooks
from opter_fortnox_plugin.errors import Cancelled, Refused
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.protocol import Response
from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter
from opter_fortnox_plugin.fortnox.worker_pool import WorkerPool
from opter_fortnox_plugin.host import Host as HostSide
from opter_fortnox_plugin.payments.importer import Importer
from opter_fortnox_plugin.payments.settings import Settings
from opter_fortnox_plugin.session import Session

SETTINGS = {
    "ignore_payments_before": "2026-03-01",
    "ignore_numbers_before": "100",
    "include_unbooked": "false",
}
COMPANY = Company("4711", "Åkeriet AB")
LISTED_AT = "Sun, 22 Nov 2026 10:00:00 GMT"
#: The same morning, by the clock in Stockholm.
MODIFIED_AT = "2026-11-22 10:00"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def listed(number, **fields):
    """Make a row of the list of payments, as Fortnox spells it."""
    row = {
        "@url": f"https://api.fortnox.se/3/invoicepayments/{number}",
        "Amount": 1000,
        "Booked": True,
        "Currency": "SEK",
        "CurrencyRate": 1,
        "CurrencyUnit": 1,
        "InvoiceNumber": 500 + number,
        "Number": str(number),
        "PaymentDate": "2026-04-01",
        "Source": "manual",
        "WriteOffExist": False,
    }
    return row | fields


class Wire:
    """Fortnox's answers, without a connection; remembers what was asked."""

    def __init__(self, *rows, details=None, invoices=None, page_size=500):
        self.rows, self.details, self.invoices = list(rows), details or {}, invoices or {}
        self.page_size = page_size
        self.asked = []

    def send(self, method, address, *, query=None, **_):
        path = address.split("/3/", 1)[1]
        self.asked.append((path, query or {}))
        match path.split("/"):
            case ["invoicepayments"]:
                since = query.get("lastmodified", "")
                rows = self.rows if since <= MODIFIED_AT else []
                return self._page("InvoicePayments", rows, query)
            case ["invoices"]:
                return self._page("Invoices", list(self.invoices.values()), query)
            case ["invoicepayments", number]:
                return self._one("InvoicePayment", self.details.get(number))
            case ["invoices", number]:
                return self._one("Invoice", self.invoices.get(number))
        raise AssertionError(path)

    def _page(self, name, rows, query):
        start = (int(query["page"]) - 1) * self.page_size
        pages = -(-len(rows) // self.page_size)
        meta = {"@TotalResources": len(rows), "@TotalPages": pages, "@CurrentPage": 1}
        return self._reply(
            200, {"MetaInformation": meta, name: rows[start : start + self.page_size]}
        )

    def _one(self, name, value):
        if value is None:
            return self._reply(404, {"ErrorInformation": {"Error": 1, "Message": "", "Code": 1}})
        return self._reply(200, {name: value})

    def _reply(self, status, value):
        return Response(status, {"date": LISTED_AT}, json.dumps(value).encode())

    @property
    def paths(self):
        return [path for path, _ in self.asked]


class SignedIn:
    access_token, time = "a", None


def run_import(wire, host=None, *, settings=SETTINGS, extra=(), everything=False, **run):
    """Import from this wire into this host; return the report."""
    manager = pluggy.PluginManager("opter")
    if host is not None:
        manager.register(host)
    for one in extra:
        manager.register(one)
    side = HostSide(new_run(manager, settings, **run), sleep=lambda seconds: None)
    pool = WorkerPool(side.repeat_progress, size=1)
    limiter = RateLimiter(sleep=lambda seconds: None, may_start=pool.may_start)
    client = Client(
        "https://api.fortnox.se/3",
        wire,
        SignedIn(),
        limiter,
        sleep=lambda seconds: None,
        waiting=lambda what, seconds: None,
        now=NOON.timestamp,
    )
    rules = Settings.of(settings)
    with pool:
        session = Session(side, client, pool, limiter, "client")
        return Importer(session, COMPANY, rules, everything=everything).run()


@pytest.fixture
def host():
    return Host()


def reasons(host):
    return {one.key.number: one.reason for one in host.excluded}


def test_a_payment_in_sek_needs_no_request_of_its_own(host):
    wire = Wire(listed(1))
    report = run_import(wire, host)
    assert wire.paths == ["invoicepayments", "invoices/501"]
    payment = host.payments["1"]
    assert (payment.amount, payment.amount_currency, payment.exchange_rate) == (
        Decimal("1000.00"),
        Decimal("1000.00"),
        None,
    )
    assert isinstance(report, ImportReport)
    assert report.requests == 2


def test_the_key_is_the_company_and_the_number(host):
    run_import(Wire(listed(1)), host)
    assert host.payments["1"].key == type(host.payments["1"].key)("4711", "1")


def test_a_payment_in_another_currency_is_read_in_detail(host):
    row = listed(1, Amount=11234.5, Currency="EUR", CurrencyRate=11.2345)
    wire = Wire(row, details={"1": row | {"AmountCurrency": 1000, "InvoiceOCR": "50112"}})
    run_import(wire, host)
    payment = host.payments["1"]
    assert (payment.amount, payment.amount_currency, payment.exchange_rate, payment.ocr) == (
        Decimal("11234.50"),
        Decimal("1000.00"),
        Decimal("11.2345"),
        "50112",
    )
    assert wire.paths == ["invoicepayments", "invoicepayments/1"]


def test_write_offs_travel_with_their_account_and_sign(host):
    row = listed(1, Amount=1000.4, WriteOffExist=True)
    off = {"Amount": -0.4, "AccountNumber": 3740, "Description": "Öresavrundning"}
    run_import(Wire(row, details={"1": row | {"WriteOffs": [off]}}), host)
    [write_off] = host.payments["1"].write_offs
    assert (write_off.amount, write_off.account, write_off.description) == (
        Decimal("-0.40"),
        "3740",
        "Öresavrundning",
    )


def test_what_is_ignored_costs_no_request(host):
    ignored = [
        listed(1, Currency="EUR", PaymentDate="2026-01-01"),
        listed(2, WriteOffExist=True, InvoiceNumber=7),
    ]
    wire = Wire(*ignored)
    run_import(wire, host)
    assert wire.paths == ["invoicepayments"]
    assert host.excluded[0].payment.amount_currency is None


def test_an_unbooked_payment_waits_unless_the_setting_says_otherwise(host):
    run_import(Wire(listed(1, Booked=False)), host)
    assert reasons(host) == {"1": "not-booked"}
    second = Host()
    run_import(
        Wire(listed(1, Booked=False)), second, settings=SETTINGS | {"include_unbooked": "true"}
    )
    assert list(second.payments) == ["1"]


def test_a_row_that_cannot_be_read_is_told_by_its_number_and_stops_nobody(host):
    run_import(Wire(listed(1, Amount="API_NORIGHT"), listed(2)), host)
    assert list(host.payments) == ["2"]
    [excluded] = host.excluded
    assert (excluded.key.number, excluded.reason, excluded.amount) == ("1", "unreadable", None)
    assert "beloppet" in excluded.message.sv


def test_amount_currency_zero_with_an_amount_is_unreadable(host):
    row = listed(1, Currency="EUR")
    run_import(Wire(row, details={"1": row | {"AmountCurrency": 0}}), host)
    assert reasons(host) == {"1": "unreadable"}
    assert host.excluded[0].amount == Decimal("1000.00")


def test_a_row_without_a_number_is_told_once_and_does_not_move_the_watermark(host):
    report = run_import(Wire(listed(1, Number=None), listed(2)), host)
    assert [one.key.number for one in host.excluded] == [""]
    assert report.cursor is None


def test_reading_stops_at_the_date_and_says_how_many_it_left(host):
    rows = [listed(n) for n in range(1, 5)]
    rows += [listed(n, PaymentDate="2026-01-01") for n in range(5, 13)]
    wire = Wire(*rows, page_size=3)
    report = run_import(wire, host)
    asked = [query for path, query in wire.asked if path == "invoicepayments"]
    assert [query["page"] for query in asked[:2]] == ["1", "2"]
    assert [query["lastmodified"] for query in asked[2:]] == ["2026-11-22 10:59"]
    assert report.not_read == 6
    assert len(host.payments) + len(host.excluded) + report.not_read == len(rows)


def test_the_cursor_is_fortnoxs_time_and_reaches_two_hours_back(host):
    report = run_import(Wire(listed(1)), host)
    wire = Wire()
    run_import(wire, host, cursor=report.cursor)
    # 10:00 in Greenwich is 11:00 in Stockholm in November.
    assert wire.asked[0][1]["lastmodified"] == "2026-11-22 09:00"


@pytest.mark.parametrize(("lowest", "anew"), [("99", True), ("600", False)])
def test_only_a_setting_that_includes_more_starts_the_reading_anew(host, lowest, anew):
    report = run_import(Wire(listed(1)), host)
    wire = Wire()
    settings = SETTINGS | {"ignore_numbers_before": lowest}
    run_import(wire, host, cursor=report.cursor, settings=settings)
    assert ("lastmodified" not in wire.asked[0][1]) is anew


def test_the_ocr_of_an_unknown_number_is_looked_up_once_and_remembered(host):
    invoice = {"DocumentNumber": "501", "OCR": "50112"}
    run_import(Wire(listed(1), invoices={"501": invoice}), host)
    assert host.payments["1"].ocr == "50112"
    again = Wire(listed(1), listed(2, InvoiceNumber=501), invoices={"501": invoice})
    run_import(again, host)
    assert again.paths == ["invoicepayments"]
    assert host.payments["2"].ocr == "50112"


class Confirming(Host):
    """A host that kept payments 8 and 9 from an earlier run."""

    def __init__(self):
        super().__init__()
        self.answers, self.gone = [["8", "9"], []], []

    @hookimpl
    def opter_payments_to_confirm(self, run, company):
        return self.answers.pop(0)

    @hookimpl
    def opter_take_deleted(self, run, payment_numbers):
        self.gone.extend(payment_numbers)
        return len(payment_numbers)


def test_a_kept_payment_is_fetched_by_its_number_and_a_missing_one_is_gone():
    host = Confirming()
    wire = Wire(details={"8": listed(8) | {"AmountCurrency": 1000, "InvoiceOCR": "1"}})
    run_import(wire, host)
    assert wire.paths == ["invoicepayments", "invoicepayments/8", "invoicepayments/9"]
    assert list(host.payments) == ["8"]
    assert host.gone == ["9"]


def test_a_batch_that_nobody_acknowledges_is_an_error():
    class Deaf(Host):
        @hookimpl
        def opter_take_payments(self, run, payments):
            return None

    with pytest.raises(Refused, match="NOT_ACKNOWLEDGED"):
        run_import(Wire(listed(1)), Deaf())


def test_a_batch_that_two_acknowledge_is_an_error(host):
    class Second:
        @hookimpl
        def opter_take_payments(self, payments):
            return len(payments)

    with pytest.raises(Refused, match="NOT_ACKNOWLEDGED"):
        run_import(Wire(listed(1)), host, extra=[Second()])


def test_the_answer_to_progress_cancels(host):
    class Impatient:
        @hookimpl
        def opter_progress(self, progress):
            return progress.done >= 1

    with pytest.raises(Cancelled):
        run_import(Wire(listed(1)), host, extra=[Impatient()])


def test_of_a_list_that_shrinks_no_more_is_read_than_there_is():
    said = []

    class Reader:
        @hookimpl
        def opter_progress(self, progress):
            if progress.stage == "reading" and progress.done:
                said.append((progress.done, progress.total, progress.message.en))

    class Shrinking(Wire):
        def send(self, method, address, *, query=None, **more):
            if (query or {}).get("page") == "2":
                self.rows = [row for row in self.rows if row["Number"] not in {"1", "2"}]
            return super().send(method, address, query=query, **more)

    run_import(Shrinking(*map(listed, range(1, 11)), page_size=5), Host(), extra=[Reader()])
    assert all(done <= total for done, total, _ in said)
    # Two of the ten are gone, and their rows were read before.
    assert said[-1] == (10, 10, "Read 10 of 10 payments in Fortnox")


def test_no_batch_is_larger_than_the_contract_allows():
    sizes = []

    class Counting(Host):
        @hookimpl
        def opter_known_invoices(self, run, invoice_numbers):
            assert len(invoice_numbers) <= 500
            return invoice_numbers

        @hookimpl
        def opter_take_payments(self, run, payments):
            sizes.append(len(payments))
            return super().opter_take_payments(run, payments)

    rows = [listed(n) for n in range(1, 1201)]
    run_import(Wire(*rows, page_size=1200), Counting())
    assert sizes == [500, 500, 200]


def test_the_plug_in_screens_what_the_host_has_kept(host):
    run_import(Wire(listed(1, Booked=False), listed(2)), host)
    kept = [host.excluded[0].payment, host.payments["2"]]
    answers = hooks.opter_exclusion_reasons(
        run=new_run(pluggy.PluginManager("opter"), SETTINGS), payments=kept
    )
    assert [answer and answer.reason for answer in answers] == ["not-booked", None]
