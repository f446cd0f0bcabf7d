"""The switchboard sets and shows everything, as an object and over HTTP."""

import base64
import concurrent.futures
import functools
import hashlib
import io
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import fortnox_openapi
import fortnox_program
import pytest
import requests
from fortnox_program import DAY, Program, invoice

from hostsim.cli.sandbox import run_sandbox
from hostsim.errors import HostError
from hostsim.sandbox import (
    STOCKHOLM,
    Clock,
    Fault,
    Match,
    Sandbox,
    State,
    Switches,
    control_api,
    seed,
    switches,
)
from hostsim.sandbox.changes import KINDS
from hostsim.sandbox.latency import Latency
from hostsim.sandbox.matching import ReceivedRequest
from hostsim.views.output import Output

pytest_plugins = ["pytester"]

NOW = datetime(2026, 3, 17, 9, 30, 15, tzinfo=UTC)
LIST = "InvoicePayments"


def paid(number=1001, amount="100", **changes):
    return fortnox_program.paid(number, amount, **{"payment_date": DAY} | changes)


@pytest.fixture
def naps():
    return []


@pytest.fixture
def seconds():
    return [100.0]


@pytest.fixture
def sandbox(naps, seconds):
    state = State()
    company = state.add_company(17, "Ett Åkeri AB")
    for number, customer in ((1001, "1"), (1002, "2")):
        modified = NOW - timedelta(days=9)
        company.add_invoice(invoice(number, customer_number=customer, modified=modified))
    state.add_user("erik", "hemligt")
    with Sandbox(
        state, clock=Clock.stopped_at(NOW), monotonic=lambda: seconds[0], sleep=naps.append
    ) as sandbox:
        yield sandbox


@pytest.fixture
def board(sandbox):
    return sandbox.switchboard


@pytest.fixture
def company(sandbox):
    return sandbox.state.company()


class Client(Program):
    """Asks the API, whatever its answers look like, and the switchboard."""

    ask = functools.partialmethod(Program.ask, spoiled=True)

    def token(self, headers=None, **form):
        return self.post(headers=headers, **form)

    def board(self, path, method="GET", body=None):
        url = f"{self.sandbox.switchboard_url}/{path}"
        return requests.request(method, url, json=body, timeout=10)

    def code_of_login(self, **params):
        return self.answer(**{"redirect_uri": None, "scope": "payment invoice"} | params)


@pytest.fixture
def client(sandbox):
    return Client(sandbox).get_tokens()


# --- Switches ---------------------------------------------------------------


def test_every_switch_is_listed_with_its_explanation_and_kind(client):
    listed = client.board("switches").json()["switches"]
    assert [row["name"] for row in listed] == list(Switches.__dataclass_fields__)
    for row in listed:
        assert row["value"] == row["default"]
        assert row["kind"] in {"guess", "invented", "documented", "own"}
        assert row["says"].endswith(".")
        assert row["takes"]
        assert row["source"]
    unknown = [row["name"] for row in listed if row["kind"] in {"guess", "invented"}]
    assert len(unknown) > 40


def test_a_switch_is_set_over_http_and_holds_from_the_next_request(client, company):
    company.add_payment(paid())
    assert client.ask("invoicepayments", page=9).status_code == 200
    answer = client.board("switches", "PATCH", {"page_beyond_end": "refused", "rate_limit": None})
    shown = {row["name"]: row["value"] for row in answer.json()["switches"]}
    assert (shown["page_beyond_end"], shown["rate_limit"]) == ("refused", None)
    assert client.ask("invoicepayments", page=9).status_code == 400
    client.board("switches", "DELETE")
    assert client.sandbox.switches == Switches()
    assert client.ask("invoicepayments", page=9).status_code == 200


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"page_beyond_end": "maybe"}, '"empty"'),
        ({"random_ties": 1}, "false, true"),
        ({"rate_limit": 0}, "a whole number"),
        ({"missing_scope_status": 777}, "a whole number from 400 to 599"),
        ({"lastmodified_zone": "Mars/Olympus"}, "a zone"),
        ({"rate_window": -1}, "a number"),
        ({"nothing": 1}, "nothing"),
    ],
)
def test_an_invalid_value_of_a_switch_is_refused_and_nothing_is_set(client, board, change, word):
    answer = client.board("switches", "PATCH", {"random_seed": 7} | change)
    assert answer.status_code == 400
    assert word in answer.json()["error"]
    assert board.switches == Switches()


def test_digits_may_be_a_number_where_a_switch_has_a_text(client, board):
    client.board("switches", "PATCH", {"invoice_detail": 2023, "fee_vat": 0})
    assert (board.switches.invoice_detail, board.switches.fee_vat) == ("2023", "0")
    assert switches.parse_switch("fee_vat=25") == {"fee_vat": "25"}
    assert switches.parse_switch("customer_not_found=2000204") == {"customer_not_found": "2000204"}


def test_every_switch_has_a_test():
    """Each is set otherwise somewhere in the tests of the sandbox."""
    files = Path(__file__).parent.glob("test_*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    untested = [
        name for name in Switches.__dataclass_fields__ if not re.search(rf"\b{name}\b\"?[=:]", text)
    ]
    assert untested == []


# --- Each switch ------------------------------------------------------------


@pytest.mark.parametrize(
    ("legacy_headers", "secret", "status"),
    [(False, "right", 401), (True, "right", 200), (True, "wrong", 401)],
)
def test_the_old_login_works_again_only_where_it_is_switched_on(
    sandbox, legacy_headers, secret, status
):
    sandbox.switchboard.set(legacy_headers=legacy_headers)
    tokens = sandbox.sign_in()
    secret = sandbox.client_secret if secret == "right" else secret
    answer = requests.get(
        f"{sandbox.api_url}/companyinformation",
        headers={"Access-Token": tokens.access, "Client-Secret": secret},
        timeout=10,
    )
    assert answer.status_code == status


def test_random_ties_begin_where_the_seed_says(client, company, board):
    for _ in range(20):
        company.add_payment(paid())
    orders = []
    for seed_ in (1, 1, 2):
        board.set(random_ties=True, random_seed=seed_)
        orders.append(client.numbers(sortby="paymentdate"))
    assert orders[0] == orders[1] != orders[2] != client.numbers(sortby="paymentdate")
    assert sorted(orders[0]) == sorted(orders[2])
    board.set(random_ties=True, payment_order="newest")
    assert client.numbers() != client.numbers()


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("empty", []), ("last", ["3"]), ("refused", 400), ("not_found", 404)],
)
def test_page_beyond_the_end(client, company, board, setting, expected):
    for _ in range(3):
        company.add_payment(paid())
    board.set(page_beyond_end=setting)
    answer = client.ask("invoicepayments", limit=2, page=5)
    rows = answer.json().get(LIST)
    found = answer.status_code if rows is None else [row["Number"] for row in rows]
    assert found == expected


@pytest.mark.parametrize(
    ("setting", "rows"), [("clamped", 500), ("default", 100), ("honoured", 501), ("refused", None)]
)
def test_limit_above_500(client, company, board, setting, rows):
    for _ in range(502):
        company.add_payment(paid(amount=1))
    board.set(limit_above_500=setting)
    answer = client.ask("invoicepayments", limit=501)
    assert answer.status_code == (400 if rows is None else 200)
    assert rows is None or len(answer.json()[LIST]) == rows


def test_limits_and_pages_below_1(client, company, board):
    company.add_payment(paid())
    assert client.code("invoicepayments", limit=0)[1] == 2000588
    assert client.code("invoicepayments", page=0)[1] == 2000588
    assert client.code("invoicepayments", offset=-1)[1] == 2000588
    board.set(limit_below_1="default", page_below_1="first")
    assert client.numbers(limit=0) == client.numbers(page=0) == ["1"]


@pytest.mark.parametrize(
    ("setting", "numbers"), [("added", ["4"]), ("page", ["3", "4"]), ("offset", ["2", "3"])]
)
def test_page_with_offset(client, company, board, setting, numbers):
    for _ in range(4):
        company.add_payment(paid())
    board.set(page_with_offset=setting)
    assert client.numbers(limit=2, page=2, offset=1) == numbers
    board.set(page_with_offset="refused")
    assert client.code("invoicepayments", page=2, offset=1)[1] == 2000588


def test_the_default_order(client, company, board):
    company.add_payment(paid())
    company.add_payment(paid(payment_date=DAY + timedelta(days=1)))
    board.set(default_sortorder="descending")
    assert client.numbers(sortby="paymentdate") == ["2", "1"]
    assert client.numbers() == ["1", "2"]


def test_payments_of_a_customer(client, company, board):
    company.add_payment(paid(1001))
    company.add_payment(paid(1002))
    assert client.code("invoicepayments", customernumber="2")[1] == 2000588
    board.set(payment_filter_customernumber=True)
    assert client.numbers(customernumber="2") == ["2"]


def test_the_zone_and_the_seconds_of_lastmodified(client, company, board):
    company.add_payment(paid())
    assert client.numbers(lastmodified="2026-03-17 10:30") == ["1"]
    assert client.code("invoicepayments", lastmodified="2026-03-17 10:30:00")[1] == 2000588
    board.set(lastmodified_zone="UTC", lastmodified_seconds=True)
    assert client.numbers(lastmodified="2026-03-17 10:30") == []
    assert client.numbers(lastmodified="2026-03-17 09:30:15") == ["1"]
    assert client.numbers(lastmodified="2026-03-17 09:30:16") == []


def test_the_currency_of_amounts_in_lists(client, company, board):
    euro = {"currency": "EUR", "currency_rate": Decimal("11.5")}
    company.add_invoice(invoice(7, "100", **euro))
    company.add_payment(paid(7, 115, amount_currency=Decimal(10), **euro))

    def shown():
        (row,) = client.ask("invoicepayments").json()[LIST]
        invoice = client.ask("invoices/7").json()["Invoice"]
        return row["Amount"], invoice["Total"], invoice["Balance"]

    assert shown() == (115, 100, 90)
    board.set(list_amount="currency", invoice_amounts="SEK")
    assert shown() == (10, 1150, 1035)
    board.set(payment_row="full")
    assert shown() == (10, 1150, 1035)


@pytest.mark.parametrize(("divides", "amount"), [(False, 71200), (True, 712)])
def test_the_unit_of_a_currency(client, company, board, divides, amount):
    yen = {"currency": "JPY", "currency_rate": Decimal("7.12"), "currency_unit": 100}
    company.add_invoice(invoice(7, "10000", **yen))
    board.set(unit_divides=divides)
    body = {"InvoicePayment": {"InvoiceNumber": 7, "AmountCurrency": 10000}}
    made = client.ask("invoicepayments", "POST", body).json()["InvoicePayment"]
    assert made["Amount"] == amount


@pytest.mark.parametrize("divides", [False, True])
def test_a_yen_of_the_haulier_is_worth_the_same_by_every_way(divides):
    ways = Switches(unit_divides=divides, rate_limit=None)
    state = seed.haulier(NOW, ways)
    company = state.company()
    yen = next(one for one in company.invoices() if one.currency == "JPY")
    with Sandbox(state, switches=ways) as sandbox:
        client = Client(sandbox).get_tokens()
        customer = {"CustomerNumber": yen.customer_number, "Currency": "JPY"}
        row = {"Description": "Frakt", "DeliveredQuantity": 1, "Price": 20000, "VAT": 0}
        made = client.ask("invoices", "POST", {"Invoice": customer | {"InvoiceRows": [row]}})
        number = int(made.json()["Invoice"]["DocumentNumber"])
        fields = {"InvoiceNumber": number, "AmountCurrency": 10000}
        client.ask("invoicepayments", "POST", {"InvoicePayment": fields})
        change(client, do="pay_invoice", number=number, amount=10000)
        client.ask(f"invoices/{number}/credit", "PUT", {})
        credit = company.invoice(number).credited_by
        for one in (number, credit):
            client.ask(f"invoices/{one}/bookkeep", "PUT", {})
        change(client, do="settle_credit", number=credit)
        bill = {
            "SupplierNumber": seed.SUPPLIER["SupplierNumber"],
            "Currency": "JPY",
            "Total": 10000,
        }
        client.get_tokens("supplierinvoice")
        answer = client.ask("supplierinvoices", "POST", {"SupplierInvoice": bill}).json()
    paid_so = [abs(one.amount) for one in company.payments_of(number) + company.payments_of(credit)]
    assert paid_so == [712] * 4
    assert answer["SupplierInvoice"]["SupplierInvoiceRows"][0]["Debit"] == 712
    worth = [
        (one.amount, one.in_currency * one.currency_rate / (100 if divides else 1))
        for one in company.payments()
        if one.currency == "JPY"
    ]
    assert sum(amount != by_rate for amount, by_rate in worth) == 1


@pytest.fixture
def euro(company):
    euro = {"currency": "EUR", "currency_rate": Decimal(11)}
    company.add_invoice(invoice(7, "100", **euro))
    company.add_payment(paid(7, "110", amount_currency=Decimal(10), booked=False, **euro))


def amounts_in(answer):
    fields = answer.json().get("InvoicePayment", {})
    error = answer.json().get("ErrorInformation", {}).get("code")
    return error or tuple(fields[name] for name in ("Amount", "AmountCurrency", "CurrencyRate"))


AGREEING = [
    ("POST", 7, {"AmountCurrency": 20}, (220, 20, 11)),
    ("POST", 7, {"AmountCurrency": 20, "CurrencyRate": 12}, (240, 20, 12)),
    ("POST", 7, {"AmountCurrency": 20, "Amount": 230}, (230, 20, 11.5)),
    ("POST", 7, {"AmountCurrency": 3, "Amount": 33.34, "CurrencyRate": 11.11}, (33.34, 3, 11.11)),
    ("POST", 1001, {"Amount": 5, "AmountCurrency": 5, "CurrencyRate": 1}, (5, 5, 1)),
    ("PUT", 7, {"AmountCurrency": 20}, (220, 20, 11)),
    ("PUT", 7, {"CurrencyRate": 12}, (120, 10, 12)),
    ("PUT", 7, {"Amount": 115}, (115, 10, 11.5)),
    ("PUT", 7, {"Amount": 110, "AmountCurrency": 10, "PaymentDate": "2026-03-03"}, (110, 10, 11)),
]
CONTRADICTING = [
    ("POST", 7, {"AmountCurrency": 20, "Amount": 230, "CurrencyRate": 11}, (220, 20, 11)),
    ("POST", 7, {"AmountCurrency": 20, "Amount": -220}, (220, 20, 11)),
    ("POST", 7, {"AmountCurrency": 0, "Amount": 220}, (0, 0, 11)),
    ("POST", 7, {"AmountCurrency": 10**9, "Amount": 1}, (11 * 10**9, 10**9, 11)),
    ("POST", 1001, {"Amount": 5, "AmountCurrency": 6}, (6, 6, 1)),
    ("POST", 1001, {"Amount": 5, "CurrencyRate": 2}, (5, 5, 1)),
    ("POST", 1001, {"Amount": 100.005}, (100.01, 100.01, 1)),
    ("POST", 1001, {"AmountCurrency": 100.005}, (100.01, 100.01, 1)),
    ("POST", 7, {"AmountCurrency": 0.001}, (0, 0, 11)),
    ("POST", 7, {"AmountCurrency": "1e-30"}, (0, 0, 11)),
    ("POST", 7, {"AmountCurrency": 2, "Amount": 22.005}, (22, 2, 11)),
    ("PUT", 7, {"Amount": 230, "CurrencyRate": 12}, (120, 10, 12)),
]


@pytest.mark.usefixtures("euro")
@pytest.mark.parametrize(
    ("way", "sent", "amounts"),
    [("refused", sent, amounts) for *sent, amounts in AGREEING]
    + [("refused", sent, 2001392) for *sent, _amounts in CONTRADICTING]
    + [("computed", sent, amounts) for *sent, amounts in CONTRADICTING],
)
def test_amount_amount_in_currency_and_rate_of_a_payment_agree(client, board, way, sent, amounts):
    board.set(contradicting_amounts=way)
    method, invoice, fields = sent
    path = "invoicepayments/1" if method == "PUT" else "invoicepayments"
    body = {"InvoicePayment": fields | ({"InvoiceNumber": invoice} if method == "POST" else {})}
    assert amounts_in(client.ask(path, method, body)) == amounts


@pytest.mark.usefixtures("euro")
def test_an_amount_is_below_10_to_the_15th_in_sek_too(client):
    fields = {"InvoiceNumber": 7, "AmountCurrency": 10**14}
    assert client.code("invoicepayments", "POST", {"InvoicePayment": fields})[1] == 2000108
    answer = change(client, do="pay_invoice", number=7, amount=10**14)
    assert (answer.status_code, "numeriskt" in answer.text) == (400, True)
    assert change(client, do="pay_invoice", number=7, amount="0.001").status_code == 400


EURO_FEE = {"Amount": 1, "AccountNumber": 3740, "Currency": "EUR"}


@pytest.mark.usefixtures("euro")
def test_a_payment_that_moves_to_another_currency_has_the_rate_and_unit_of_the_register(
    client, company, board
):
    board.set(other_currency="accepted")
    yen = {"Code": "JPY", "SellRate": "0.0712", "Unit": 100}
    change(client, do="put_record", register="currencies", record=yen)

    def put(**fields):
        return client.ask("invoicepayments/1", "PUT", {"InvoicePayment": fields})

    names = ("Amount", "Currency", "CurrencyRate", "CurrencyUnit")
    shown = put(Currency="SEK", Amount=110).json()["InvoicePayment"]
    assert [shown[name] for name in names] == [110, "SEK", 1, 1]
    shown = put(Currency="JPY", AmountCurrency=1000).json()["InvoicePayment"]
    assert [shown[name] for name in names] == [71.2, "JPY", 0.0712, 100]
    shown = put(Currency="SEK", Amount=1000).json()["InvoicePayment"]
    assert [shown[name] for name in names] == [1000, "SEK", 1, 1]
    assert put(Currency="EUR", AmountCurrency=1, WriteOffs=[EURO_FEE]).status_code == 200
    assert put(Currency="XYZ", WriteOffs=[]).json()["ErrorInformation"]["code"] == 2000427
    assert put(Currency="SEK", Amount=11).json()["ErrorInformation"]["code"] == 2000427
    assert company.payment(1).currency == "EUR"


@pytest.mark.usefixtures("euro")
def test_an_invoice_with_payments_keeps_its_currency(client, company):
    company.change_invoice(7, booked=False)
    answer = change(client, do="change_invoice", number=7, invoice={"currency": "SEK"})
    assert (answer.status_code, "has payments" in answer.text) == (400, True)
    client.get_tokens("invoice")
    answer = client.ask("invoices/7", "PUT", {"Invoice": {"Currency": "SEK"}})
    assert (answer.status_code, "valuta" in answer.text) == (400, True)
    company.delete_payment(1)
    answer = client.ask("invoices/7", "PUT", {"Invoice": {"Currency": "SEK"}})
    assert answer.json()["Invoice"]["CurrencyRate"] == 1


@pytest.mark.usefixtures("euro")
@pytest.mark.parametrize("rate", [0, -11])
def test_a_rate_is_above_0(client, rate):
    fields = {"InvoiceNumber": 7, "AmountCurrency": 1, "CurrencyRate": rate}
    assert client.code("invoicepayments", "POST", {"InvoicePayment": fields})[1] == 2009449


@pytest.mark.usefixtures("euro")
@pytest.mark.parametrize(
    ("setting", "currency", "code"),
    [
        *((("own", one, None)) for one in ("SEK", "EUR")),
        *((("own", one, 2000427)) for one in ("XYZ", "USD")),
        ("SEK", "EUR", 2000427),
        ("payment", "SEK", 2000427),
        ("payment", None, None),
    ],
)
def test_a_write_off_is_in_sek_or_in_the_currency_of_its_payment(
    client, board, setting, currency, code
):
    board.set(write_off_currency=setting)
    row = {"Amount": 1, "AccountNumber": 3740, "Currency": currency}
    fields = {"InvoiceNumber": 7, "AmountCurrency": 1, "WriteOffs": [row]}
    answer = client.ask("invoicepayments", "POST", {"InvoicePayment": fields}).json()
    assert answer.get("ErrorInformation", {}).get("code") == code
    row = {"amount": 1, "account": 3740, "currency": currency or ""}
    answer = change(client, do="change_payment", number=1, payment={"write_offs": [row]})
    assert (answer.status_code == 200) == (code is None)


@pytest.mark.usefixtures("euro")
@pytest.mark.parametrize(
    ("payment", "wrong"),
    [
        ({"amount_currency": "20"}, None),
        ({"amount_currency": "20", "amount": "1", "currency_rate": "11"}, "felaktig typ"),
        ({"currency": "USD"}, "fakturans"),
        ({"currency": "SEK"}, "fakturans"),
        ({"invoice_number": 99}, "there is no invoice 99"),
    ],
)
def test_a_change_by_the_switchboard_leaves_no_amounts_that_contradict_each_other(
    client, company, payment, wrong
):
    answer = change(client, do="change_payment", number=1, payment=payment)
    assert wrong is None or wrong in answer.json()["error"]
    assert company.payment(1).amount == company.payment(1).amount_currency * 11


@pytest.mark.parametrize(
    ("fields", "change"),
    [
        ({"Amount": -1}, {"negative_payments": False}),
        ({"Amount": 1, "Booked": True}, {"read_only_fields": "refused"}),
    ],
)
def test_payments_that_may_be_refused(client, board, fields, change):
    body = {"InvoicePayment": {"InvoiceNumber": 1001} | fields}
    assert client.ask("invoicepayments", "POST", body).status_code == 201
    board.set(**change)
    assert client.ask("invoicepayments", "POST", body).status_code == 400


def test_a_payment_in_another_currency(client, board):
    fields = {"InvoiceNumber": 1001, "Amount": 11, "AmountCurrency": 1, "Currency": "EUR"}
    body = {"InvoicePayment": fields}
    board.set(payment_currency_code=123)
    assert client.code("invoicepayments", "POST", body)[1] == 123
    board.set(other_currency="accepted")
    assert client.ask("invoicepayments", "POST", body).status_code == 201


def test_a_booked_payment_may_be_deleted_by_a_switch(client, company, board):
    company.add_payment(paid(amount=1000))
    board.set(payment_locked_code=456)
    assert client.code("invoicepayments/1", "DELETE")[1] == 456
    board.set(delete_booked=True)
    assert client.ask("invoicepayments/1", "DELETE").status_code == 204
    assert company.invoice(1001).balance == 1000


def test_invented_codes_can_be_others(client, board):
    board.set(payment_not_found_code=1, unknown_path_code=2)
    assert client.code("invoicepayments/9")[1] == 1
    assert client.code("nowhere")[1] == 2


def test_a_mistake_of_the_sandbox_is_no_unknown_path_and_is_logged(client, monkeypatch, caplog):
    monkeypatch.setattr("hostsim.sandbox.rest.company", lambda: 1 / 0)
    monkeypatch.setattr("hostsim.sandbox.control_api._company_json", lambda _company: 1 / 0)
    answer = client.ask("companyinformation")
    wrong = {"Error": 1, "Message": "System exception", "Code": 1000003}
    assert (answer.status_code, answer.json()) == (500, {"ErrorInformation": wrong})
    assert "Exception on /3/companyinformation" in caplog.text
    assert client.board("").status_code == 500


@pytest.mark.parametrize(
    ("change", "body", "kind"),
    [
        ({}, b'{"message":"Too Many Requests"}', "application/json"),
        ({"rate_body": "text"}, b"Too Many Requests", "text/plain"),
        ({"rate_body": "empty"}, b"", "text/html"),
    ],
)
def test_the_body_of_a_429(client, board, change, body, kind):
    board.set(rate_limit=1, **change)
    client.ask("companyinformation")
    refused = client.ask("companyinformation")
    assert (refused.status_code, refused.content) == (429, body)
    assert refused.headers["Content-Type"].startswith(kind)
    assert "Retry-After" not in refused.headers


def test_the_status_and_retry_after_of_too_many(client, board):
    board.set(rate_limit=1, rate_body="application")
    client.ask("companyinformation")
    assert "ErrorInformation" in client.ask("companyinformation").json()
    board.set(rate_body="html", rate_status=503, rate_retry_after=7, rate_retry_after_as="date")
    refused = client.ask("companyinformation")
    assert (refused.status_code, "<html>" in refused.text) == (503, True)
    assert refused.headers["Retry-After"] == "Tue, 17 Mar 2026 09:30:22 GMT"
    board.set(rate_retry_after_as="seconds")
    assert client.ask("companyinformation").headers["Retry-After"] == "7"


def test_a_refused_request_may_count_towards_the_limit(client, board, seconds):
    board.set(rate_limit=1, rate_window=5, rate_refused_counts=True)

    def status(at):
        seconds[0] = 200 + at
        return client.ask("companyinformation").status_code

    assert [status(at) for at in (0, 3, 6, 12)] == [200, 429, 429, 200]


def test_the_bucket_of_the_limit_is_a_switch_at_run_time(client, board, sandbox):
    board.set(rate_limit=1, rate_bucket="token")
    assert client.ask("companyinformation").status_code == 200
    client.get_tokens()
    assert client.ask("companyinformation").status_code == 200


@pytest.mark.parametrize(
    ("shape", "pattern"), [("uuid", r"[0-9a-f-]{36}"), ("forty", r"[0-9a-f]{40}")]
)
def test_the_format_and_life_of_a_refresh_token(client, board, sandbox, shape, pattern):
    board.set(refresh_token_format=shape, refresh_token_days=31)
    token = sandbox.sign_in().refresh
    assert re.fullmatch(pattern, token)
    sandbox.clock.step(timedelta(days=31))
    assert client.token(grant_type="refresh_token", refresh_token=token).status_code == 400


def test_a_bad_code_is_answered_as_the_switches_say(client, board):
    board.set(bad_code_status=401, bad_code_content_type="application/json")
    answer = client.token(grant_type="authorization_code", code="x")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_grant")
    assert answer.headers["Content-Type"] == "application/json"


def challenge(verifier):
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("setting", "verifier", "status"),
    [
        ("ignored", "wrong", 200),
        ("checked", "wrong", 400),
        ("checked", "the-right-one", 200),
    ],
)
def test_pkce_is_ignored_or_checked(client, board, setting, verifier, status):
    board.set(pkce=setting)
    code = client.code_of_login(
        code_challenge=challenge("the-right-one"), code_challenge_method="S256"
    )["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    assert client.token(**form).status_code == status


def test_pkce_may_be_refused(client, board):
    board.set(pkce="refused")
    assert client.code_of_login(code_challenge="x")["error"] == "invalid_request"
    assert "code" in client.code_of_login()


def test_the_token_address_on_the_apis_host_is_a_switch(client, board):
    form = {"grant_type": "refresh_token", "refresh_token": client.pair["refresh_token"]}
    alias = {"Host": f"api.{urlsplit(client.sandbox.url).netloc}"}
    assert client.token(alias, **form).status_code == 404
    board.set(token_on_api_host=True)
    assert client.token(alias, **form).status_code == 200


def test_client_credentials_need_a_consent_for_a_service_account(client, board, sandbox):
    tenant = {"TenantId": "17"}
    form = {"grant_type": "client_credentials"}
    board.set(client_credentials_status=403)
    assert client.token(tenant, **form).status_code == 403
    board.set(client_credentials_status=400)
    assert client.token(tenant, **form).json()["error"] == "invalid_grant"
    client.code_of_login(account_type="service")
    answer = client.token(tenant, **form)
    assert list(answer.json()) == ["access_token", "expires_in", "token_type", "scope"]
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    url = f"{sandbox.api_url}/invoicepayments"
    assert requests.get(url, headers=bearer, timeout=10).status_code == 200
    assert client.token({"TenantId": "18"}, **form).status_code == 400
    assert client.token(tenant, scope="settings", **form).status_code == 400
    client.board("changes", "POST", {"changes": [{"do": "withdraw_consent"}]})
    assert client.token(tenant, **form).status_code == 400


@pytest.mark.parametrize("scope", ["settings", "payment settings", "nothing"])
def test_a_scope_beyond_the_consent_is_an_invalid_scope(client, board, scope):
    client.code_of_login(account_type="service")
    form = {"grant_type": "client_credentials", "scope": scope}
    answer = client.token({"TenantId": "17"}, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    board.set(client_credentials_scope="invalid_grant")
    assert client.token({"TenantId": "17"}, **form).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_token_request_without_what_it_needs_is_an_invalid_request(client, form, error):
    answer = client.token(**form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_basic_may_be_followed_by_several_blanks(client):
    known = f"{client.sandbox.client_id}:{client.sandbox.client_secret}".encode()
    answer = requests.post(
        f"{client.sandbox.auth_url}/token",
        data={"grant_type": "refresh_token", "refresh_token": client.pair["refresh_token"]},
        headers={"Authorization": f"Basic  {base64.b64encode(known).decode()}"},
        timeout=10,
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("way", "error"),
    [("unsupported", "unsupported_grant_type"), ("not_allowed", "unauthorized_client")],
)
def test_client_credentials_may_be_unsupported_or_closed_to_the_client(client, board, way, error):
    client.code_of_login(account_type="service")
    board.set(client_credentials=way)
    answer = client.token({"TenantId": "17"}, grant_type="client_credentials")
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    ("way", "answer"),
    [
        ("refused", (400, "error_missing_license")),
        ("no_consent", (400, "invalid_grant")),
        ("granted", (200, None)),
    ],
)
def test_client_credentials_without_the_licence_are_a_switch(client, board, sandbox, way, answer):
    client.code_of_login(account_type="service")
    sandbox.state.withdraw_licence()
    board.set(client_credentials_unlicensed=way)
    reply = client.token({"TenantId": "17"}, grant_type="client_credentials")
    assert (reply.status_code, reply.json().get("error")) == answer


WITHDRAW = {"do": "withdraw_module", "scope": "payment"}


def refreshed(client):
    answer = client.refresh().json()
    return answer.get("error") or answer["scope"]


def exchanged(client, code):
    answer = client.token(grant_type="authorization_code", code=code).json()
    return answer.get("error") or answer["scope"]


def issued(client):
    answer = client.board("token", "POST", {}).json()
    return answer.get("error") or answer["scope"]


def of_the_service(client):
    client.code_of_login(account_type="service")
    answer = client.token({"TenantId": "17"}, grant_type="client_credentials").json()
    return answer.get("error") or answer["scope"]


@pytest.mark.parametrize(
    ("withdrawn", "ways", "answer"),
    [
        (WITHDRAW | {"user": "erik"}, {}, "invoice companyinformation"),
        (WITHDRAW | {"user": "erik"}, {"person_unlicensed": "refused"}, "error_missing_license"),
        (WITHDRAW, {}, "error_missing_license"),
        (WITHDRAW, {"unlicensed_at_login": "fewer_scopes"}, "invoice companyinformation"),
        ({"do": "withdraw_licence"}, {}, "error_missing_license"),
        ({"do": "withdraw_licence"}, {"lapsed_licence": "words"}, "invalid_request"),
    ],
)
def test_a_licence_that_ends_shows_in_older_tokens_and_in_every_new_one(
    client, board, withdrawn, ways, answer
):
    board.set(**ways)
    code = client.code_of_login(scope="payment invoice companyinformation")["code"]
    change(client, **withdrawn)
    assert client.ask("invoicepayments").status_code == 403
    assert (refreshed(client), issued(client), exchanged(client, code)) == (answer, answer, answer)


def test_a_service_account_follows_the_companys_licences_and_no_persons(client, board):
    board.set(unlicensed_at_login="fewer_scopes")
    change(client, **WITHDRAW, user="erik")
    assert of_the_service(client) == "payment invoice"
    client.code_of_login(account_type="service")
    change(client, **WITHDRAW)
    form = {"grant_type": "client_credentials"}
    assert client.token({"TenantId": "17"}, **form).json()["scope"] == "invoice"
    board.set(unlicensed_at_login="refused")
    answer = client.token({"TenantId": "17"}, **form).json()
    assert answer["error"] == "error_missing_license"


@pytest.mark.parametrize(
    ("ends", "answer"),
    [(True, "invalid_grant"), (False, "payment invoice companyinformation")],
)
def test_a_person_withdraws_what_they_have_consented_to_by_signing_in(client, board, ends, answer):
    board.set(withdrawn_consent_ends_refresh=ends)
    assert of_the_service(client) == "payment invoice"
    assert change(client, do="withdraw_consent", user="nobody").status_code == 404
    code = client.code_of_login(scope="payment invoice companyinformation")["code"]
    change(client, do="withdraw_consent", user="erik")
    assert client.ask("invoicepayments").status_code == 200
    assert (refreshed(client), exchanged(client, code)) == (answer, answer)
    form = {"grant_type": "client_credentials"}
    assert client.token({"TenantId": "17"}, **form).status_code == 200


@pytest.mark.parametrize(
    ("way", "scope"), [("replaces", "companyinformation"), ("adds", "payment companyinformation")]
)
def test_a_second_consent_replaces_the_first_or_adds_to_it(client, board, way, scope):
    board.set(second_consent=way)
    for asked in ("payment", "companyinformation"):
        client.code_of_login(account_type="service", scope=asked)
    answer = client.token({"TenantId": "17"}, grant_type="client_credentials")
    assert answer.json()["scope"] == scope


@pytest.mark.parametrize(("withdraws", "status"), [(False, 200), (True, 400)])
def test_revoking_may_withdraw_the_consent_that_the_token_came_with(
    client, board, sandbox, withdraws, status
):
    board.set(revoke_withdraws_consent=withdraws)
    code = client.code_of_login(account_type="service")["code"]
    given = client.token(grant_type="authorization_code", code=code).json()
    persons = client.pair["refresh_token"]
    form = {"grant_type": "client_credentials"}
    sandbox.state.tokens.revoke(persons)
    assert client.token({"TenantId": "17"}, **form).status_code == 200
    sandbox.state.tokens.revoke(given["refresh_token"])
    assert client.token({"TenantId": "17"}, **form).status_code == status


def test_a_request_without_a_bearer(sandbox, board):
    url = f"{sandbox.api_url}/invoices"
    assert requests.get(url, timeout=10).status_code == 401
    board.set(missing_bearer="application")
    answer = requests.get(url, timeout=10)
    assert answer.json()["ErrorInformation"]["Code"] == 2000311
    expired = requests.get(url, headers={"Authorization": "Bearer x"}, timeout=10)
    assert (expired.status_code, expired.json()) == (401, {"message": "unauthorized"})


# --- Faults and latency -----------------------------------------------------


def test_a_fault_happens_at_the_matching_request(client):
    answer = client.board(
        "faults",
        "POST",
        {
            "fault": "too_many",
            "retry_after": "5",
            "match": {"method": "GET", "path": "/3/invoice*", "query": {"page": "2"}},
            "at": 2,
            "times": 2,
        },
    )
    assert answer.json()["faults"][0]["at"] == 2
    asked = [client.ask("invoicepayments", page=page) for page in (1, 2, 2, 1, 2, 2)]
    assert [answer.status_code for answer in asked] == [200, 200, 429, 200, 429, 200]
    assert asked[2].headers["Retry-After"] == "5"
    assert client.board("faults").json() == {"faults": []}


def test_two_faults_at_two_requests_count_every_request(client):
    for at, status in ((2, 500), (3, 502)):
        client.board("faults", "POST", {"status": status, "at": at})
    statuses = [client.ask("invoices").status_code for _ in range(4)]
    assert statuses == [200, 500, 502, 200]


@pytest.mark.parametrize("kind", sorted(control_api.FAULTS.keys() - {"hang"}))
def test_every_kind_of_fault_can_be_named_over_http(client, kind):
    client.board("faults", "POST", {"fault": kind, "pause": 0})
    try:
        answer = client.ask("companyinformation")
        spoiled = answer.status_code != 200 or "CompanyInformation" not in answer.text
    except requests.exceptions.RequestException:
        spoiled = True
    assert spoiled is (kind != "drip")
    assert client.ask("companyinformation").status_code == 200


def test_faults_can_be_cleared(client):
    client.board("faults", "POST", {"fault": "hang", "times": None})
    client.board("faults", "DELETE")
    assert client.ask("invoices").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"fault": "bad luck"},
        {"status": "503"},
        {"status": 99},
        {"at": 0},
        {"times": 0},
        {"match": {"url": "x"}},
        {"match": []},
        {"pause": -1},
        {"headers": {"X": 1}},
        {"headers": {"X": "1\r\nY: 2"}},
        {"headers": {"X\r\nY": "2"}},
        {"retry_after": "1\r\nY: 2"},
        {"content_type": "text/plain\r\nY: 2"},
        {"colour": "red"},
    ],
)
def test_an_invalid_fault_is_refused(client, wrong):
    assert client.board("faults", "POST", wrong).status_code == 400
    assert client.sandbox.faults.waiting == 0


def test_latency_is_fixed_or_drawn_from_a_range_by_a_seed(client, naps):
    client.board("latency", "PUT", {"low": 0.5})
    client.ask("invoices")
    assert naps == [0.5]
    drawn = []
    for _ in range(2):
        naps.clear()
        client.board("latency", "PUT", {"low": 0.1, "high": 0.9, "seed": 4})
        for _ in range(5):
            client.ask("invoices")
        drawn.append(tuple(naps))
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == 5
    assert all(0.1 <= nap <= 0.9 for nap in drawn[0])
    client.board("latency", "DELETE")
    naps.clear()
    client.ask("invoices")
    assert naps == []


def test_latency_may_concern_some_requests_only(client, naps):
    client.board("latency", "PUT", {"low": 2, "match": {"path": "/oauth-v1/*"}})
    client.ask("invoices")
    assert naps == []
    client.token(grant_type="refresh_token", refresh_token="x")
    assert naps == [2]


@pytest.mark.parametrize("span", [(-1, 2), (3, 2), (0, float("nan")), (0, 1e9)])
def test_invalid_latency_is_refused(span):
    latency = Latency(lambda _seconds: None)
    with pytest.raises(ValueError, match="latency"):
        latency.set(*span)
    with pytest.raises(ValueError, match="latency"):
        latency.set(0, before_low=span[0], before_high=span[1])


def test_a_request_is_counted_between_its_two_latencies(client, naps):
    client.board("switches", "PATCH", {"rate_limit": 1})
    counted = []
    client.sandbox.switchboard.rate_limiter._monotonic = lambda: counted.append(len(naps)) or 0.0
    shown = client.board("latency", "PUT", {"low": 0.5, "before_low": 0.1, "before_high": 0.3})
    assert (shown.json()["low"], shown.json()["high"]) == (0.5, 0.5)
    assert (shown.json()["before_low"], shown.json()["before_high"]) == (0.1, 0.3)
    client.ask("invoices")
    assert counted == [1]
    assert (0.1 <= naps[0] <= 0.3, naps[1]) == (True, 0.5)


def test_a_match_compares_method_path_query_and_company():
    asked = ReceivedRequest("GET", "/3/invoices/7", {"page": "2"}, None, NOW, 17)
    assert Match("get", "/3/invoices/*", {"page": "?"}, 17)(asked)
    for other in (Match("PUT"), Match(path="/3"), Match(query={"x": "*"}), Match(company=18)):
        assert not other(asked)


# --- Drift ------------------------------------------------------------------


def add(number=1001, **changes):
    payment = {"invoice_number": number, "amount": "5.50", "payment_date": "2026-03-02"} | changes
    return {"do": "add_payment", "company": 17, "payment": payment}


def pages(client, count=3):
    return [client.numbers(limit=2, page=page) for page in range(1, count + 1)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"do": "delete_payment", "number": 1}, [["1", "2"], ["4", "5"], []]),
        (add(), [["1", "2"], ["3", "4"], ["5", "6"]]),
        (
            {"do": "change_payment", "number": 3, "payment": {"amount": "7"}},
            [["1", "2"], ["3", "4"], ["5"]],
        ),
    ],
)
def test_the_books_change_between_two_pages(client, company, change, expected):
    """Naive paging loses payment 3 when one before it is deleted."""
    for _ in range(5):
        company.add_payment(paid())
    client.board("drift", "POST", {"at": 2, "changes": [change]})
    assert pages(client) == expected
    assert client.board("drift").json() == {"drift": [], "failures": []}


def test_a_payment_is_booked_between_list_and_detail(client, company):
    company.add_payment(paid(booked=False))
    client.board(
        "drift",
        "POST",
        {
            "match": {"path": "/3/invoicepayments/1"},
            "changes": [{"do": "book_payment", "number": 1}],
        },
    )
    (row,) = client.ask("invoicepayments").json()[LIST]
    detail = client.ask("invoicepayments/1").json()["InvoicePayment"]
    assert (row["Booked"], detail["Booked"]) == (False, True)


def test_a_function_of_a_test_can_run_before_the_nth_request(client, company, board):
    company.add_payment(paid())
    board.drift.before(lambda: company.add_payment(paid()), request=2)
    assert [len(client.numbers()) for _ in range(3)] == [1, 2, 2]


def test_a_change_can_be_made_before_every_request(client, company, board):
    board.drift.before(lambda: company.add_payment(paid()), times=None)
    assert [len(client.numbers()) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"do": "expire_access_tokens"}, 401),
        ({"do": "withdraw_scope", "scope": "payment"}, 400),
        ({"do": "withdraw_module", "scope": "payment"}, 403),
        ({"do": "withdraw_licence"}, 403),
        ({"do": "step_clock", "seconds": 3600}, 401),
    ],
)
def test_rights_and_tokens_end_in_the_middle(client, change, status):
    client.board("drift", "POST", {"at": 2, "changes": [change]})
    assert [client.ask("invoicepayments").status_code for _ in range(2)] == [200, status]


def test_a_change_that_can_no_longer_be_made_is_recorded_as_a_failure(client):
    client.board("drift", "POST", {"changes": [{"do": "book_payment", "number": 9}]})
    assert client.numbers() == []
    (failure,) = client.board("drift").json()["failures"]
    assert "book_payment" in failure


# --- Changes ----------------------------------------------------------------

NEW = {"number": 1001, "total": 1, "invoice_date": "2026-01-01", "due_date": "2026-01-01"}
MODE = {"Code": "X", "Description": "x"}
FAR = "9999-12-31T23:30:00+00:00"
YEAR = {"id": 1, "first": "2026-01-01", "last": "2026-12-31"}


def change(client, **content):
    return client.board("changes", "POST", {"changes": [content]})


def test_books_are_changed_over_http(client, company):
    change(client, **add(booked=True))
    assert client.numbers() == ["1"]
    assert company.invoice(1001).balance == Decimal("994.5")
    change(client, do="unbook_payment", number=1)
    assert company.invoice(1001).balance == 1000
    change(client, do="touch_payment", number=1)
    change(client, do="delete_payment", number=1)
    assert client.numbers() == []
    invoice = {"number": 5, "total": 1, "invoice_date": "2026-01-01", "due_date": "2026-01-01"}
    change(client, do="add_invoice", invoice=invoice)
    change(client, do="change_invoice", number=5, invoice={"customer_name": "Å"})
    assert client.ask("invoices/5").json()["Invoice"]["CustomerName"] == "Å"
    change(client, do="delete_invoice", number=5)
    assert client.ask("invoices/5").status_code == 404


def test_withdrawn_rights_can_be_restored(client, company, sandbox):
    for do in ("withdraw_licence", "restore_licence", "lock_company", "unlock_company"):
        assert change(client, do=do).status_code == 200
    for do in ("withdraw_scope", "restore_scope", "withdraw_module", "restore_module"):
        assert change(client, do=do, scope="payment").status_code == 200
    assert client.ask("invoicepayments").status_code == 200
    change(client, do="refuse_consent", error="error_missing_license")
    assert client.code_of_login()["error"] == "error_missing_license"
    change(client, do="refuse_consent", error=None)
    assert "code" in client.code_of_login()
    change(client, do="lock_company")
    assert client.code_of_login() == {}
    shown = client.board("companies/17").json()
    assert (shown["locked"], shown["integration_licence"]) == (True, True)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ({"do": "rob_bank"}, 400),
        ({"do": "book_payment"}, 400),
        ({"do": "book_payment", "number": "1"}, 400),
        ({"do": "book_payment", "number": 99}, 404),
        ({"do": "book_payment", "number": 1, "company": 99}, 404),
        ({"do": "book_payment", "number": 1, "colour": "red"}, 400),
        ({"do": "withdraw_scope", "scope": "everything"}, 400),
        ({"do": "set_clock", "at": "noon"}, 400),
        ({"do": "step_clock", "seconds": "1"}, 400),
        *(({"do": "step_clock", "seconds": odd}, 400) for odd in (1e300, 1e12, 1e11, -1e11)),
        *(({"do": "set_clock", "at": f"{year}-12-31T23:30"}, 400) for year in (9999, 3000, 1969)),
        ({"do": "change_invoice", "number": 1001, "invoice": {"modified": FAR}}, 400),
        (add(modified=FAR), 400),
        ({"do": "add_payment", "payment": {"invoice_number": 1}}, 400),
        ({"do": "add_payment", "payment": []}, 400),
        *((add(amount=odd), 400) for odd in ("NaN", "1e400", 10**30, 1e308, "1e-99", True)),
        (add(amount_currency="1e15"), 400),
        (add(write_offs=[{"amount": "Infinity", "account": 3740}]), 400),
        *(({"do": "pay_invoice", "number": 1001, "amount": odd}, 400) for odd in ("NaN", 10**30)),
        ({"do": "change_payment", "number": 1, "payment": {"currency_rate": "1e400"}}, 400),
        ({"do": "set_up", "set_up": {"freight": "Infinity"}}, 400),
        ({"do": "add_invoice", "invoice": {"number": 5, "total": "1e400"}}, 400),
        ({"do": "set_up", "set_up": {"method": "FOO"}}, 400),
        ({"do": "set_up", "set_up": {"prices_with_vat": "no"}}, 400),
        *(({"do": "set_up", "set_up": {"lock_day": odd}}, 400) for odd in (0, 32, "5")),
        ({"do": "put_record", "register": "currencies", "record": {"Code": "???"}}, 400),
        *(
            (
                {
                    "do": "put_record",
                    "register": "modesofpayments",
                    "record": MODE | {"AccountNumber": odd},
                },
                400,
            )
            for odd in ("abc", "abcd", "999")
        ),
        ({"do": "set_financial_years", "years": [YEAR | {"method": "FOO"}]}, 400),
        ({"do": "set_financial_years", "years": [YEAR | {"last": "2025-01-01"}]}, 400),
        ({"do": "change_invoice", "number": 1001, "invoice": {"number": 7}}, 400),
        ({"do": "add_invoice", "invoice": NEW | {"number": -5}}, 400),
        (add(source=5), 400),
        (add(source="post"), 400),
        (add(currency="kr"), 400),
        (add(currency_rate=0), 400),
        (add(booked="yes"), 400),
        (add(wings=2), 400),
        ({"do": "pay_invoice", "number": 9}, 404),
        ({"do": "credit_invoice", "number": 9}, 404),
        ({"do": "book_invoice", "number": 9}, 404),
        ({"do": "put_record", "register": "planes", "record": {}}, 400),
        ({"do": "put_record", "register": "customers", "record": {"Name": "x"}}, 400),
        ({"do": "put_record", "register": "customers", "record": {"Wings": 2}}, 400),
        ({"do": "delete_record", "register": "customers", "key": "9"}, 404),
        ({"do": "set_up", "set_up": {"wings": 2}}, 400),
        ({"do": "set_up", "set_up": []}, 400),
        ({"do": "lock_period", "until": "ibland"}, 400),
        ({"do": "set_financial_years", "years": {}}, 400),
        ({"do": "set_financial_years", "years": [{"id": 1}]}, 400),
        ({"do": "set_financial_years", "years": ["x"]}, 400),
        ({"do": "register_scopes", "scopes": "x"}, 400),
        ({"do": "register_scopes", "scopes": ["everything"]}, 400),
        ({"do": "set_up", "set_up": {"freight": "x"}}, 400),
        ({"do": "pay_invoice", "number": 9, "amount": "x"}, 400),
        ({"do": "pay_supplier_invoice", "number": 9}, 404),
        ({"do": "settle_credit", "number": 9}, 404),
        ({"do": "withdraw_right", "scope": "invoice", "user": "nobody"}, 404),
    ],
)
def test_an_invalid_change_is_refused(client, company, content, status):
    answer = client.board("changes", "POST", {"changes": [content]})
    assert answer.status_code == status
    assert answer.json()["error"]
    assert company.payments() == []


@pytest.mark.parametrize("content", [add(booked=True), {"do": "add_invoice", "invoice": NEW}])
def test_what_is_there_is_not_replaced_by_what_is_added(client, company, content):
    company.add_payment(paid(1002))
    before = company.invoices(), company.payments()
    content.get("payment", {})["number"] = 1
    answer = change(client, **content)
    assert (answer.status_code, "is in use" in answer.text) == (400, True)
    assert (company.invoices(), company.payments()) == before


@pytest.mark.parametrize(
    "last",
    [{"do": "book_payment", "number": 99}, {"do": "pay_invoice", "number": 1001, "company": 9}],
)
def test_of_several_changes_all_are_made_or_none(client, company, sandbox, last):
    company.add_payment(paid(booked=False))
    before, tokens = sandbox.state.snapshot(), sandbox.state.tokens.snapshot()
    first = [
        {"do": "book_payment", "number": 1},
        {"do": "withdraw_module", "scope": "invoice"},
        {"do": "withdraw_right", "scope": "invoice", "user": "erik"},
        {"do": "register_scopes", "scopes": ["payment"]},
        {"do": "put_record", "register": "units", "record": {"Code": "dygn"}},
        {"do": "give_consent"},
        {"do": "expire_access_tokens"},
        {"do": "step_clock", "seconds": 60},
    ]
    assert client.board("changes", "POST", {"changes": [*first, last]}).status_code == 404
    after = sandbox.state.snapshot()
    assert vars(after.companies[17]["registers"]) == vars(before.companies[17]["registers"])
    assert (after.users, after.registered_scopes, after.clock) == (
        before.users,
        before.registered_scopes,
        before.clock,
    )
    assert (company.payments()[0].booked, company.unlicensed) == (False, set())
    assert sandbox.state.tokens.snapshot() == tokens


def test_every_change_is_listed(client):
    listed = client.board("changes").json()["changes"]
    assert listed.keys() == KINDS.keys()
    assert listed["withdraw_scope"]["needs"] == ["scope"]


# --- The clock --------------------------------------------------------------


def test_the_clock_is_set_and_stepped_over_http_and_tokens_expire_by_it(client):
    answer = client.board("clock", "PATCH", {"now": "2026-03-29T01:30", "running": False})
    assert answer.json() == {"now": "2026-03-29T01:30:00+01:00", "running": False}
    client.get_tokens()
    answer = client.board("clock", "PATCH", {"step": 1800})
    assert answer.json()["now"] == "2026-03-29T03:00:00+02:00"
    assert client.ask("companyinformation").status_code == 200
    client.board("clock", "PATCH", {"step": 1800})
    assert client.ask("companyinformation").status_code == 401


def test_a_code_expires_by_the_clock_that_is_stepped_over_http(client):
    code = client.code_of_login()["code"]
    client.board("clock", "PATCH", {"step": 600})
    assert client.token(grant_type="authorization_code", code=code).status_code == 400


def test_a_clock_stops_and_runs_on():
    real = [NOW]
    clock = Clock(lambda: real[0])
    clock.stop()
    real[0] += timedelta(hours=1)
    assert (clock.now(), clock.running) == (NOW, False)
    clock.start()
    real[0] += timedelta(minutes=1)
    assert (clock.now(), clock.running) == (NOW + timedelta(minutes=1), True)
    assert clock.local().tzinfo is STOCKHOLM


@pytest.mark.parametrize("wrong", [{"now": "soon"}, {"step": "1"}, {"running": 1}, {"zone": "x"}])
def test_an_invalid_time_is_refused(client, wrong):
    assert client.board("clock", "PATCH", wrong).status_code == 400
    assert client.sandbox.clock.now() == NOW


# --- What was asked ---------------------------------------------------------


def test_recorded_requests_are_listed_over_http(client):
    client.ask("invoicepayments", limit=5)
    client.ask("nowhere")
    asked = client.board("asked?path=/3/*&method=GET&company=17").json()["asked"]
    assert [(row["path"], row["query"], row["status"]) for row in asked] == [
        ("/3/invoicepayments", {"limit": "5"}, 200),
        ("/3/nowhere", {}, 404),
    ]
    assert (asked[0]["at"], asked[0]["body"]) == (NOW.isoformat(), None)
    assert client.board("").json()["asked_but_missing"] == ["GET /3/nowhere"]
    client.board("asked", "DELETE")
    assert client.board("asked").json()["asked"] == []


def test_replies_are_recorded_on_request_and_tokens_never(client, sandbox):
    client.board("asked", "PATCH", {"keep_bodies": True})
    answer = client.ask("companyinformation")
    sandbox.faults.add(Fault.truncated())
    with pytest.raises(requests.exceptions.RequestException):
        client.ask("companyinformation")
    client.refresh()
    asked = client.board("asked").json()["asked"]
    assert [row["body"] for row in asked] == [answer.text, answer.text, None]


def test_the_switchboard_shows_no_secret_but_the_clients(client, sandbox):
    client.board("asked", "PATCH", {"keep_bodies": True})
    code = client.code_of_login()["code"]
    client.token(grant_type="authorization_code", code=code)
    client.ask("invoicepayments", access_token="x")
    paths = [
        rule.removeprefix("GET /_sandbox/").replace("<number>", "17")
        for rule in client.board("").json()["switchboard"]
        if rule.startswith("GET")
    ]
    assert len(paths) > 10
    shown = "".join(client.board(path).text for path in paths)
    assert sandbox.client_secret in shown
    secret = [one for one in sandbox.issued if one != sandbox.client_secret]
    assert len(secret) > 4
    assert not [one for one in [*secret, "hemligt"] if one in shown]


def test_control_requests_are_neither_disturbed_nor_counted(client, sandbox, naps):
    sandbox.faults.add(Fault(500, times=None))
    sandbox.latency.set(3)
    sandbox.asked.clear()
    assert client.board("").status_code == 200
    assert requests.get(f"{sandbox.url}/_sandbox/sandbox.css", timeout=10).status_code == 200
    assert (sandbox.asked, naps) == ([], [])


def test_the_oldest_requests_are_dropped(client, sandbox, monkeypatch):
    monkeypatch.setattr("hostsim.sandbox.switchboard.MAX_RECORDED", 20)
    for number in range(21):
        client.ask("invoices", page=number + 1)
    assert [asked.query["page"] for asked in sandbox.asked][:2] == ["3", "4"]


# --- Who may ask ------------------------------------------------------------


def test_a_foreign_host_name_is_refused(sandbox):
    answer = requests.get(sandbox.switchboard_url, headers={"Host": "evil.example:80"}, timeout=10)
    assert answer.status_code == 403
    assert sandbox.client_secret not in answer.text


@pytest.mark.parametrize("path", ["reset", "changes", "faults", "drift", "token"])
def test_a_form_of_a_web_page_is_refused(sandbox, path):
    """A page may send a form anywhere, and JSON only where it is allowed to."""
    url = f"{sandbox.switchboard_url}/{path}"
    answer = requests.post(url, data='{"fault":"hang"}', timeout=10)
    assert answer.status_code == 415
    assert sandbox.faults.waiting == 0


def test_another_machine_is_refused(sandbox):
    outside = {"REMOTE_ADDR": "192.0.2.7"}
    answer = sandbox.app.test_client().get("/_sandbox/", environ_overrides=outside)
    assert answer.status_code == 403


def test_an_unknown_control_route_is_answered_in_json(client):
    for path, method, status in (("x", "GET", 404), ("reset", "PUT", 405), ("clock", "PUT", 405)):
        answer = client.board(path, method, {})
        assert answer.status_code == status
        assert "/_sandbox" in answer.json()["error"]
    assert client.board("companies/99/books").status_code == 404
    assert client.board("switches", "PATCH", []).status_code == 400


def test_nobody_gets_a_token_between_changes_that_are_undone(client, sandbox, monkeypatch):
    refreshing = []
    tokens, clock, offered = sandbox.state.tokens, sandbox.state.clock, client.pair["refresh_token"]

    def refresh_elsewhere():
        refreshing.append(pool.submit(tokens.refresh, offered, sandbox.client_id))
        # It waits for the request to end, or it is done by now.
        concurrent.futures.wait(refreshing, timeout=0.1)

    monkeypatch.setattr(clock, "start", refresh_elsewhere)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        wrong = [{"do": "start_clock"}, {"do": "book_payment", "number": 99}]
        assert client.board("changes", "POST", {"changes": wrong}).status_code == 404
        pair = refreshing[0].result()
    assert tokens.grant_of(pair.access)
    assert tokens.grant_of_refresh(pair.refresh)
    assert tokens.grant_of_refresh(offered) is None


# --- Everything back --------------------------------------------------------


def test_a_reset_restores_everything(client, company, board):
    company.add_payment(paid())
    board.set(random_ties=True, rate_limit=1)
    board.faults.add(Fault(times=None))
    board.latency.set(1)
    board.drift.before(lambda: None)
    board.clock.step(timedelta(minutes=5))
    board.keep_bodies = True
    company.locked = True
    company.withdrawn.add("payment")
    board.state.add_company(18, "Två AB")
    board.state.consent(["payment"])
    assert client.board("reset", "POST", {}).json() == {"reset": True}
    assert client.numbers() == []
    assert client.numbers() == []
    assert company.invoice(1001).balance == 1000
    assert (board.switches, board.clock.now()) == (Switches(), NOW)
    assert (company.locked, company.withdrawn, list(board.state.companies)) == (False, set(), [17])
    assert board.state.tokens.consented(board.client.id, 17) is None
    assert (board.latency.high, board.keep_bodies, board.drift.waiting) == (0, False, 0)
    company.add_payment(paid())
    assert client.numbers() == ["1"]


def test_the_books_of_the_haulier_survive_a_file(tmp_path):
    with Sandbox(seed.haulier(NOW)) as sandbox:
        path = tmp_path / "books.json"
        shown = requests.get(
            f"{sandbox.switchboard_url}/companies/{seed.COMPANY}/books", timeout=10
        )
        path.write_text(shown.text, encoding="utf-8")
        again = seed.from_json(path).company(seed.COMPANY)
        assert again.invoices() == sandbox.state.company().invoices()
        assert again.payments() == sandbox.state.company().payments()


# --- On its own -------------------------------------------------------------


def run(wait, language="en", **options):
    out = io.StringIO()
    run_sandbox(Output(out, language), wait=lambda: wait(out.getvalue()), **options)
    return out.getvalue()


def test_on_its_own_it_prints_where_the_switchboard_is():
    def look(text):
        (line,) = [line for line in text.splitlines() if line.startswith("Switchboard:")]
        shown = requests.get(line.split()[1], timeout=10).json()
        assert shown["client"]["FORTNOX_CLIENT_SECRET"] in text
        assert f'curl "{shown["addresses"]["switchboard"]}"' in text

    run(look)
    assert "Styrpanel:" in run(lambda _text: None, language="sv", empty=True)


def test_on_its_own_it_takes_switches_and_a_redirect_address():
    def look(text):
        url = re.search(r"http://\S+/_sandbox", text)[0]
        shown = requests.get(f"{url}/switches", timeout=10).json()["switches"]
        values = {row["name"]: row["value"] for row in shown}
        assert (values["rate_limit"], values["payment_row"]) == (None, "full")
        assert "export FORTNOX_REDIRECT_URI=http://127.0.0.1:9/x" in text

    run(
        look,
        switches=("rate_limit=null", "payment_row=full"),
        redirect_uri="http://127.0.0.1:9/x",
    )


@pytest.mark.parametrize("text", ["nothing=1", "rate_limit=many", "pkce", "random_ties=yes"])
def test_a_switch_that_is_not_there_is_refused_at_the_start(text):
    with pytest.raises(HostError) as caught:
        run(lambda _text: None, switches=(text,))
    assert text in caught.value.message.sv


# --- The page of unknowns ---------------------------------------------------

PAGE = resources.files("hostsim.sandbox").joinpath("UNKNOWNS.md").read_text(encoding="utf-8")


def test_every_switch_is_on_the_page_of_unknowns_with_its_default():
    """When this fails: the rows come from ``hostsim.sandbox.switches.markdown_rows()``."""
    rows = [line for line in PAGE.splitlines() if re.match(r"\| `\w+` \| `[^`]+` \| \w+ \|", line)]
    assert rows == list(switches.markdown_rows())


def test_every_route_is_on_the_page_of_unknowns(client):
    imitated = client.board("").json()["imitated"]
    on_page = re.findall(r"^\| `([A-Z]+ /[^`]+)` \|", PAGE, re.MULTILINE)
    assert sorted(on_page) == sorted(imitated)


def test_everything_missing_is_on_the_page_of_unknowns_and_answered_as_unknown(client):
    for what, which in control_api.MISSING.items():
        assert f"| `{what}` | {which} |" in PAGE
        path = what.split()[0].removeprefix("/3/").rstrip(",")
        method = "POST" if "POST" in what else "GET"
        if what.startswith("/3/"):
            assert client.ask(path, method, {}).status_code == 404


@pytest.mark.recorded
def test_every_path_of_the_specification_is_imitated_or_called_missing(client):
    imitated = {re.sub(r"<\w+>", "{}", rule) for rule in client.board("").json()["imitated"]}
    missing = " ".join(control_api.MISSING)
    for path, operations in fortnox_openapi.specification()["paths"].items():
        for method in operations.keys() & {"get", "post", "put", "delete"}:
            template = re.sub(r"\{\w+\}", "{}", path)
            named = f"{method.upper()} {template}" in imitated
            root = path.partition("{")[0].rstrip("/")
            assert named or root in missing, f"{method} {path}"


def test_the_page_is_shown_over_http(client):
    answer = client.board("unknowns")
    assert answer.text == PAGE
    assert answer.headers["Content-Type"].startswith("text/markdown")


# --- Fixtures for other projects --------------------------------------------


def test_the_fixtures_serve_another_project(pytester):
    pytester.makeconftest('pytest_plugins = ["hostsim.sandbox.pytest_plugin"]')
    pytester.makepyfile(
        test_client="""
        import os
        from datetime import UTC, date, datetime
        from decimal import Decimal

        import pytest
        import requests

        from hostsim.sandbox import Clock, Invoice, Payment, Switches


        def read(sandbox, token):
            bearer = {"Authorization": f"Bearer {token}"}
            url = f"{sandbox.api_url}/invoicepayments"
            return requests.get(url, headers=bearer, timeout=10)


        def test_reading(fortnox_sandbox, fortnox_token):
            company = fortnox_sandbox.state.company()
            day = date(2026, 1, 2)
            company.add_invoice(
                Invoice(number=1, total=Decimal(100), invoice_date=day, due_date=day)
            )
            company.add_payment(
                Payment(invoice_number=1, amount=Decimal(100), payment_date=day, booked=True)
            )
            rows = read(fortnox_sandbox, fortnox_token).json()["InvoicePayments"]
            assert [row["Number"] for row in rows] == ["1"]


        def test_the_books_are_each_tests_own(fortnox_sandbox, fortnox_token):
            assert read(fortnox_sandbox, fortnox_token).json()["InvoicePayments"] == []


        class TestOverriding:
            @pytest.fixture
            def fortnox_switches(self):
                return Switches(rate_limit=1)

            @pytest.fixture
            def fortnox_clock(self):
                return Clock.stopped_at(datetime(2026, 5, 1, tzinfo=UTC))

            @pytest.fixture
            def fortnox_redirect_uri(self):
                return "http://127.0.0.1:9/back"

            def test_all(
                self, fortnox_sandbox, fortnox_switchboard, fortnox_token, fortnox_environment
            ):
                first, second = (read(fortnox_sandbox, fortnox_token) for _ in range(2))
                assert (first.status_code, second.status_code) == (200, 429)
                assert first.headers["Date"] == "Fri, 01 May 2026 00:00:00 GMT"
                assert len(fortnox_switchboard.asked) == 2
                assert os.environ["FORTNOX_REDIRECT_URI"] == "http://127.0.0.1:9/back"
                assert fortnox_environment["FORTNOX_API_URL"] == fortnox_sandbox.api_url
        """
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=3)


def test_the_fixtures_are_not_there_unless_asked_for(pytester):
    pytester.makepyfile("def test_it(fortnox_sandbox): pass")
    pytester.runpytest_inprocess().assert_outcomes(errors=1)


def test_the_answer_is_plain_json_in_utf_8(client):
    answer = client.board("")
    assert "Ett Åkeri AB" in answer.content.decode("utf-8")
    assert json.loads(answer.content)["companies"][0]["number"] == 17
