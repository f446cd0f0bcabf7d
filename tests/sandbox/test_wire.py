"""What Fortnox's answers look like on the wire, whatever they say."""

import gzip
import http.client
import json
from base64 import b64encode
from decimal import Decimal

import pytest
from fortnox_program import invoice, paid

from hostsim.sandbox import Sandbox, State, Switches, WriteOff
from hostsim.sandbox.ocr import ocr_of

SCOPES = "payment invoice companyinformation customer supplier supplierinvoice"


@pytest.fixture
def state():
    state = State()
    state.add_company(17, "Ett Åkeri AB")
    state.add_user("erik", "hemligt")
    return state


@pytest.fixture
def company(state):
    company = state.company()
    for number in (1, 12):
        company.add_invoice(invoice(number))
    return company


class Wire:
    """A connection that adds nothing to a request, and nothing to an answer."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.tokens = sandbox.sign_in(scopes=SCOPES.split())

    def ask(self, method, path, body=None, **headers):
        host = self.sandbox.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=10)
        sent = {"Authorization": f"Bearer {self.tokens.access}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        if isinstance(body, dict):
            body, sent["Content-Type"] = json.dumps(body), "application/json"
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        answer.body = answer.read()
        connection.close()
        return answer


@pytest.fixture
def wire(state, company):
    with Sandbox(state, switches=Switches(rate_limit=None)) as sandbox:
        yield Wire(sandbox)


PAYMENT = {"InvoicePayment": {"InvoiceNumber": 1, "Amount": 1}}


@pytest.mark.parametrize(
    ("request_line", "body", "status"),
    [
        ("GET /3/invoices", None, 200),
        ("GET /3/customers", None, 200),
        ("GET /3/invoices/1/preview", None, 200),
        ("GET /3/invoices/99", None, 404),
        ("GET /3/nowhere", None, 404),
        ("PUT /3/invoices/1/externalprint", {}, 200),
        ("POST /3/invoicepayments", PAYMENT, 201),
        ("GET /3/invoices?filter=odd", None, 400),
    ],
)
def test_200_and_404_are_compressed_where_that_is_asked_for(wire, request_line, body, status):
    answer = wire.ask(*request_line.split(), body, Accept_Encoding="gzip, deflate")
    compressed = status in {200, 404}
    assert answer.status == status
    assert (answer.getheader("Content-Encoding") == "gzip") == compressed
    assert (answer.getheader("Vary") == "Accept-Encoding") == compressed
    assert len(answer.body) == int(answer.getheader("Content-Length"))
    if compressed and answer.getheader("Content-Type") == "application/json":
        assert json.loads(gzip.decompress(answer.body))


def test_nothing_is_compressed_where_nobody_asks_or_a_switch_says_so(wire):
    assert wire.ask("GET", "/3/invoices").getheader("Content-Encoding") is None
    wire.sandbox.switchboard.set(gzip=False)
    answer = wire.ask("GET", "/3/invoices", Accept_Encoding="gzip")
    assert answer.getheader("Content-Encoding") is None


def test_a_connection_stays_open_whatever_is_known_of_the_length_of_an_answer(wire):
    connection = http.client.HTTPConnection(wire.sandbox.url.removeprefix("http://"), timeout=10)
    client = f"{wire.sandbox.client_id}:{wire.sandbox.client_secret}".encode()
    basic = {"Authorization": f"Basic {b64encode(client).decode()}"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    bearer = {"Authorization": f"Bearer {wire.tokens.access}"}
    wire.ask("POST", "/3/invoicepayments", PAYMENT)
    for method, path, body, headers, status in (
        ("POST", "/oauth-v1/revoke", "token=x", basic | form, 200),
        ("POST", "/oauth-v1/token", "grant_type=x", basic | form, 400),
        ("DELETE", "/3/invoicepayments/1", None, bearer, 204),
        ("GET", "/3/invoices", None, bearer, 200),
    ):
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (status, None)
        answer.read()
    connection.request("GET", "/3/invoices", None, bearer | {"Connection": "close"})
    assert connection.getresponse().getheader("Connection") == "close"


@pytest.mark.parametrize(
    ("path", "fault", "reason"),
    [
        ("/_sandbox/nope", 503, "Not Found"),
        ("/3/invoices", 520, "Unknown"),
        ("/3/invoices", 204, "No Content"),
    ],
)
def test_reasons_are_in_normal_letters_and_nothing_has_no_type(wire, path, fault, reason):
    content = {"status": fault, "body": "x", "content_type": "text/plain"}
    wire.ask("POST", "/_sandbox/faults", content)
    answer = wire.ask("GET", path)
    assert answer.reason == reason
    assert (answer.getheader("Content-Type") is None) == (answer.status == 204)
    assert (answer.body == b"") == (answer.status == 204)


def test_tokens_are_compressed_and_their_length_is_not_told(wire):
    client = f"{wire.sandbox.client_id}:{wire.sandbox.client_secret}".encode()
    headers = {
        "Authorization": f"Basic {b64encode(client).decode()}",
        "Content_Type": "application/x-www-form-urlencoded",
        "Accept_Encoding": "gzip",
    }
    form = f"grant_type=refresh_token&refresh_token={wire.tokens.refresh}"
    answer = wire.ask("POST", "/oauth-v1/token", form, **headers)
    assert json.loads(gzip.decompress(answer.body))["token_type"] == "bearer"
    assert answer.getheader("Content-Length") is None
    answer = wire.ask("POST", "/oauth-v1/token", form, **headers)
    assert (answer.status, answer.getheader("Content-Encoding")) == (400, None)


def test_reasons_are_in_normal_letters_and_every_answer_has_a_policy(wire):
    for path, reason in (
        ("/3/invoices", "OK"),
        ("/3/nowhere", "Not Found"),
        ("/3/invoices?filter=odd", "Bad Request"),
    ):
        answer = wire.ask("GET", path)
        assert answer.reason == reason
        assert answer.getheader("Content-Security-Policy")
    wire.sandbox.state.tokens.expire_access_tokens()
    answer = wire.ask("GET", "/3/invoices")
    assert (answer.status, answer.reason) == (401, "Unauthorized")
    assert answer.getheader("Content-Security-Policy")


def test_what_is_deleted_is_answered_without_content(wire, company):
    payment = company.add_payment(paid(1, 1, booked=False, number=3))
    answer = wire.ask("DELETE", f"/3/invoicepayments/{payment.number}", Accept_Encoding="gzip")
    assert (answer.status, answer.reason, answer.body) == (204, "No Content", b"")
    assert answer.getheader("Content-Type") is None


@pytest.mark.parametrize("path", ["/3//invoices", "/3/invoices//1"])
def test_several_slashes_are_one_unless_a_switch_says_otherwise(wire, path):
    assert wire.ask("GET", path).status == 200
    assert wire.ask("GET", f"/{path}").status == 200
    wire.sandbox.switchboard.set(double_slash="unknown")
    assert wire.ask("GET", path).status == 404


def test_head_answers_without_a_body_and_options_is_an_unknown_method(wire):
    whole = wire.ask("GET", "/3/invoices")
    head = wire.ask("HEAD", "/3/invoices")
    assert (head.status, head.body) == (200, b"")
    assert head.getheader("Content-Length") == whole.getheader("Content-Length")
    for path in ("/3/invoices", "/oauth-v1/token", "/oauth-v1/auth"):
        options = wire.ask("OPTIONS", path)
        assert (options.status, options.getheader("Allow")) == (404, None)
        assert b"ErrorInformation" in options.body


def test_head_changes_nothing_where_reading_does(wire, company):
    company.change_invoice(1, sent=False)
    assert wire.ask("HEAD", "/3/invoices/1/email").status == 404
    assert not company.invoice(1).sent


FIELDS = {
    "invoices": ("Invoice", ["Freight", "VATIncluded", "InvoiceDate", "InvoiceRows", "OCR"]),
    "invoicepayments": ("InvoicePayment", ["Amount", "InvoiceNumber", "WriteOffs", "Currency"]),
    "customers": ("Customer", ["Name", "SalesAccount", "Active"]),
    "supplierinvoices": ("SupplierInvoice", ["Total", "SupplierInvoiceRows"]),
}


@pytest.mark.parametrize(
    ("resource", "name"), [(one, name) for one in FIELDS for name in FIELDS[one][1]]
)
def test_no_sentence_quotes_a_value_as_python_spells_it(wire, resource, name):
    """Whatever a client sends, the sentence has the words of JSON, and nothing for ``null``."""
    for value in (None, True, [None], {"a": None}):
        answer = wire.ask("POST", f"/3/{resource}", {FIELDS[resource][0]: {name: value}})
        assert answer.status < 500
        assert b"None" not in answer.body
        assert b"True" not in answer.body


@pytest.mark.parametrize(
    "path", ["invoicepayments?invoicenumber=1", "invoices?documentnumber=1", "invoices?ocr=1"]
)
@pytest.mark.parametrize(("number_filters_match_part", "count"), [(True, 2), (False, 1)])
def test_a_number_is_found_by_a_part_of_it_unless_a_switch_says_otherwise(
    wire, company, path, number_filters_match_part, count
):
    wire.sandbox.switchboard.set(number_filters_match_part=number_filters_match_part)
    for number in (1, 12):
        company.change_invoice(number, ocr=str(number))
        company.add_payment(paid(number, 1))
    found = json.loads(wire.ask("GET", f"/3/{path}").body)
    assert found["MetaInformation"]["@TotalResources"] == count


# --- Switches of payments and invoices ---------------------------------------


@pytest.mark.parametrize(
    ("switch", "amount", "currency"),
    [
        ({}, -6, "EUR"),
        ({"write_off_currency": "SEK"}, -66, "SEK"),
        ({"write_off_currency": "payment"}, -6, "EUR"),
        ({"write_off_sign": "subtracted"}, 6, "EUR"),
    ],
)
def test_write_offs_have_the_currency_and_the_sign_of_the_switches(
    wire, company, switch, amount, currency
):
    """A reminder fee of 6 euro that came along; full rows have the write-offs, too."""
    company.add_payment(
        paid(
            1,
            1166,
            amount_currency=Decimal(106),
            currency="EUR",
            currency_rate=Decimal(11),
            write_offs=(WriteOff(amount=Decimal(-6), account=3591, currency="EUR"),),
        )
    )
    wire.sandbox.switchboard.set(payment_row="full", **switch)
    detail = json.loads(wire.ask("GET", "/3/invoicepayments/1").body)["InvoicePayment"]
    (listed,) = json.loads(wire.ask("GET", "/3/invoicepayments").body)["InvoicePayments"]
    (row,) = detail["WriteOffs"]
    assert (row["Amount"], row["Currency"]) == (amount, currency)
    assert listed["WriteOffs"] == [row]


@pytest.mark.parametrize(
    ("credit_settlement", "amounts"), [("payments", [400, -400]), ("balances", [])]
)
def test_a_credit_invoice_is_settled_by_two_payments_or_by_balances_alone(
    wire, company, credit_settlement, amounts
):
    wire.sandbox.switchboard.set(credit_settlement=credit_settlement)
    company.add_invoice(invoice(13, -400, credit_of=12))
    change = {"changes": [{"do": "settle_credit", "number": 13}]}
    for number in (12, 13):
        company.change_invoice(number, booked=False)
        assert "is not booked" in wire.ask("POST", "/_sandbox/changes", change).body.decode()
        company.change_invoice(number, booked=True)
    assert wire.ask("POST", "/_sandbox/changes", change).status == 200
    assert [one.amount for one in company.payments()] == amounts
    assert [company.invoice(number).balance for number in (12, 13)] == [600, 0]
    assert company.invoice(13).final_pay_date == company.today()
    assert company.invoice(12).final_pay_date is None
    assert wire.ask("POST", "/_sandbox/changes", change).status == 400
    change["changes"][0]["number"] = 12
    assert wire.ask("POST", "/_sandbox/changes", change).status == 404


@pytest.mark.parametrize(("finance_ocr", "same"), [("changed", False), ("kept", True)])
def test_what_finans_has_taken_over_shows_another_ocr(wire, company, finance_ocr, same):
    wire.sandbox.switchboard.set(finance_ocr=finance_ocr)
    company.change_invoice(12, factored=True)
    change = {"changes": [{"do": "pay_invoice", "number": 12, "amount": 1}]}
    wire.ask("POST", "/_sandbox/changes", change)
    detail = json.loads(wire.ask("GET", "/3/invoices/12").body)["Invoice"]
    payment = json.loads(wire.ask("GET", "/3/invoicepayments/1").body)["InvoicePayment"]
    assert (detail["NoxFinans"], payment["Source"]) == (True, "finance")
    assert (detail["OCR"] == ocr_of(12)) == same
    assert payment["InvoiceOCR"] == detail["OCR"]
    found = json.loads(wire.ask("GET", f"/3/invoices?ocr={detail['OCR']}").body)["Invoices"]
    assert [row["OCR"] for row in found] == [detail["OCR"]]


@pytest.mark.parametrize(("unpaid_with_unbooked", "count"), [(False, 1), (True, 2)])
def test_what_is_not_booked_is_not_unpaid_unless_a_switch_says_so(
    wire, company, unpaid_with_unbooked, count
):
    wire.sandbox.switchboard.set(unpaid_with_unbooked=unpaid_with_unbooked)
    company.change_invoice(12, booked=False)
    found = json.loads(wire.ask("GET", "/3/invoices?filter=unpaid").body)
    assert found["MetaInformation"]["@TotalResources"] == count
