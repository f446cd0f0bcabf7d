"""The sandbox beside what the real service sent, and what its specification says.

The recorded bodies and the specification are not part of the project. Where
they are not at hand these tests are left out; everything else is in
``test_sandbox.py``.
"""

import base64
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import fortnox_openapi
import pytest
import requests
from fortnox_program import Program

from hostsim.sandbox import (
    Clock,
    Invoice,
    Payment,
    Sandbox,
    State,
    Switches,
    WriteOff,
    seed,
    seed_cases,
)

RECORDED = fortnox_openapi.SHARED / "recorded"

pytestmark = pytest.mark.recorded

#: The headers of a recorded answer that say what kind of answer it is; the
#: rest are dates, lengths, and what this server says of the connection.
TELLING = {
    "Content-Type",
    "Vary",
    "X-Build",
    "X-Uid",
    "X-Rack-Responsetime",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-Xss-Protection",
    "Referrer-Policy",
    "Strict-Transport-Security",
    "Cache-Control",
    "Pragma",
    "Server",
    "Transfer-Encoding",
}
RANDOM = {"X-Build", "X-Uid", "X-Rack-Responsetime"}


def recorded(name):
    return (RECORDED / name).read_bytes().strip()


def recorded_headers(name):
    """Read the headers of a recording from the page that says where each is from."""
    section = (RECORDED / "SOURCES.md").read_text(encoding="utf-8").split(f"## {name}\n")[1]
    lines = section.split("\n## ")[0].split("Response headers")[1].splitlines()[1:]
    found = (re.fullmatch(r"  ([A-Za-z-]+): (.*)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}


def recorded_reason(name):
    section = (RECORDED / "SOURCES.md").read_text(encoding="utf-8").split(f"## {name}\n")[1]
    return re.search(r"^Status: [0-9]+ (.*)$", section, re.MULTILINE)[1]


def telling(headers):
    return {
        name: "random" if name in RANDOM else value
        for name, value in headers.items()
        if name in TELLING
    }


def shape(value):
    """Reduce a body to its keys, in order, and its JSON types."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    if isinstance(value, bool) or value is None:
        return str(value is None or "boolean")
    return "number" if isinstance(value, int | float) else "string"


class SignedIn(Program):
    """A program that has signed in by the pages."""

    def __init__(self, sandbox):
        super().__init__(sandbox)
        self.used_code = self.answer()["code"]
        self.token_answer = self.redeem(self.used_code)
        self.pair = self.token_answer.json()

    def body(self, path):
        """Read a body as if the real service had sent it."""
        here = self.sandbox.url.replace("/", r"\/").encode()
        return self.ask(path).content.replace(here, rb"https:\/\/api.fortnox.se")


@pytest.fixture
def state():
    state = State()
    state.add_company(
        123456,
        "Testbolaget AB",
        organisation_number="555555-5555",
        address="Testgatan 1",
        zip_code="11122",
        city="Stockholm",
    )
    state.add_user("erik", "hemligt")
    return state


@pytest.fixture
def company(state):
    return state.company()


@pytest.fixture
def sandbox(state):
    with Sandbox(state, switches=Switches(rate_limit=None)) as sandbox:
        yield sandbox


@pytest.fixture
def program(sandbox):
    return SignedIn(sandbox)


def blank_invoice(number, **changes):
    """An invoice as the recordings have it: nothing on it, nothing booked."""
    fields = {
        "total": Decimal(0),
        "invoice_date": date(2023, 1, 27),
        "due_date": date(2023, 2, 26),
        "customer_name": "Updated name",
        "booked": False,
        "sent": False,
    }
    return Invoice(number=number, **fields | changes)


# --- Bodies, to the byte where the recording is whole ------------------------


def test_company_information_is_the_recorded_body(program):
    assert program.body("companyinformation") == recorded("companyinformation.200.json")


def test_an_empty_list_is_the_recorded_body(program):
    assert program.body("invoices?yourreference=x") == recorded("invoices_list_empty.200.json")


def test_a_list_of_paid_invoices_is_the_recorded_body(program, company):
    booked = {
        "booked": True,
        "invoice_date": date(2023, 1, 30),
        "due_date": date(2023, 3, 1),
        "voucher_series": "B",
        "voucher_year": 1,
    }
    company.add_invoice(blank_invoice(32, voucher_number=1, **booked))
    company.add_invoice(
        blank_invoice(
            33, voucher_number=2, customer_name="A customer", customer_number="5", **booked
        )
    )
    company.add_invoice(blank_invoice(34))
    assert program.body("invoices?filter=fullypaid") == recorded(
        "invoices_list_filter_fullypaid.200.json"
    )


def test_rows_of_invoices_are_the_recorded_ones(program, company):
    """The recording was cut to three rows of 34."""
    for number in range(1, 35):
        company.add_invoice(blank_invoice(number, ocr="426523791" if number == 2 else None))
    body, wanted = program.body("invoices/"), recorded("invoices_list.200.json")
    assert body.startswith(wanted.removesuffix(b"]}"))


def test_an_invoice_is_the_recorded_body_of_2023_by_a_switch(program, sandbox, company):
    sandbox.switchboard.set(invoice_detail="2023")
    wire = {"Comments": "Updated comments"}
    company.add_invoice(blank_invoice(1, city="New York", zip_code="10001", wire=wire))
    assert program.body("invoices/1") == recorded("invoice_detail_2023.200.json")


def test_a_row_of_payments_is_the_recorded_one(program, company):
    """The recording was cut to one row of 715."""
    for _ in range(715):
        company.add_payment(
            Payment(
                invoice_number=1,
                amount=Decimal(1000),
                payment_date=date(2025, 3, 14),
                booked=True,
            )
        )
    body, wanted = program.body("invoicepayments"), recorded("invoicepayments_list.200.json")
    assert body.startswith(wanted.removesuffix(b"]}"))


def test_a_payment_is_the_recorded_body(program, company):
    company.add_invoice(
        blank_invoice(
            103, total=Decimal(1000), customer_name="Testkund AB", due_date=date(2025, 3, 14)
        )
    )
    company.add_payment(
        Payment(
            number=101,
            invoice_number=103,
            amount=Decimal(1000),
            payment_date=date(2025, 3, 14),
            booked=True,
            source="file",
            voucher_number=73,
            voucher_series="C",
            voucher_year=2,
        )
    )
    assert program.body("invoicepayments/101") == recorded("invoicepayment_detail.200.json")


# --- Errors and tokens: status, content type and the other headers too --------


def check(answer, name, *, body=True):
    """Compare an answer with a recording, in everything but what differs each time."""
    assert answer.status_code == int(name.split(".")[-2])
    assert answer.reason == recorded_reason(name)
    # The recordings leave the policy out; it is there. Compressed is what names it in Vary.
    assert "Content-Security-Policy" in answer.headers
    assert ("Content-Encoding" in answer.headers) == ("Vary" in answer.headers)
    if body:
        assert answer.content == recorded(name)
    assert telling(answer.headers) == telling(recorded_headers(name))


def test_an_invoice_that_is_not_there_is_answered_as_recorded(program):
    check(program.ask("invoices/123456789"), "error_invoice_not_found.404.json")


def test_an_invalid_filter_is_answered_as_recorded(program):
    check(program.ask("invoices/?filter=doesntexist"), "error_invalid_filter.400.json")


def test_lists_and_details_have_the_recorded_headers(program, company):
    company.add_invoice(blank_invoice(1))
    check(program.ask("invoices/?yourreference=Not%20found"), "invoices_list_empty.200.json")
    fully_paid = program.ask("invoices/?filter=fullypaid")
    check(fully_paid, "invoices_list_filter_fullypaid.200.json", body=False)
    check(program.ask("invoices/"), "invoices_list.200.json", body=False)
    check(program.ask("invoices/1"), "invoice_detail_2023.200.json", body=False)


def test_a_wrong_field_name_has_the_recorded_shape(program, company):
    company.add_invoice(blank_invoice(1))
    body = {"InvoicePayment": {"account_number": 1}}
    answer = program.ask("invoicepayments", "POST", body)
    assert answer.status_code == 400
    assert answer.content == recorded("error_wrong_field_name.400.json")


def test_an_expired_bearer_is_answered_as_recorded(program, state):
    state.tokens.expire_access_tokens()
    check(program.ask("customers"), "api_expired_access_token.401.json")


def test_missing_credentials_are_answered_as_a_user_quotes_it(sandbox):
    """By a switch; what a request without a bearer gets today was not recorded."""
    sandbox.switchboard.set(missing_bearer="application")
    answer = requests.get(f"{sandbox.api_url}/invoices", timeout=10)
    assert answer.content == recorded("error_legacy_missing_credentials.4xx.json")


def test_a_used_refresh_token_is_answered_as_recorded(program):
    form = {"grant_type": "refresh_token", "refresh_token": program.pair["refresh_token"]}
    program.post(**form)
    check(program.post(**form), "token_invalid_refresh_token.400.json")


def test_a_wrong_secret_is_answered_as_recorded(program):
    answer = program.post(secret="wrong", grant_type="refresh_token", refresh_token="x")
    check(answer, "token_invalid_client.401.json")


def test_a_used_code_is_answered_as_a_client_quotes_it(program):
    answer = program.redeem(program.used_code)
    assert answer.status_code == 400
    assert answer.content == recorded("token_invalid_code.400.json")


def test_tokens_are_answered_as_recorded(program):
    check(program.token_answer, "token.200.json", body=False)
    assert shape(program.pair) == shape(json.loads(recorded("token.200.json")))
    assert program.pair["token_type"] == "bearer"


def test_revoking_is_answered_as_documented(program):
    answer = program.post(path="revoke", token="x", token_type_hint="refresh_token")
    assert answer.content == recorded("revoke.200.json")


def test_an_access_token_has_the_claims_of_a_real_one(program):
    segment = program.pair["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(segment + "=="))
    real = json.loads(recorded("access_token_claims.json"))
    assert shape(claims) == shape(real)
    assert claims["iss"] == real["iss"]
    assert claims["exp"] - claims["iat"] == real["exp"] - real["iat"]
    assert claims["rightsAsJson"].startswith("H4sI")


#: What was recorded of things that the sandbox has not.
NOT_BUILT = {"websocket_event_documented.json": "events"}


def test_every_recorded_situation_is_compared_or_known_not_to_be_built():
    files = Path(__file__).parent.glob("test_*against_shared.py")
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    compared = set(re.findall(r'"(\w+(?:\.\w+)?\.json)"', text)) - NOT_BUILT.keys()
    recorded = {path.name for path in RECORDED.glob("*.json")}
    assert recorded - compared == NOT_BUILT.keys()


# --- The specification, with the corrections of the notes ---------------------


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("companyinformation", "fortnox_CompanyInfo_Wrap"),
        ("invoicepayments?limit=500", "fortnox_InvoicePaymentListItem_List"),
        ("invoices?limit=500", "fortnox_InvoiceListItem_Wrap"),
        ("invoices/999", "fortnox_ErrorInformationWrap"),
        ("invoicepayments/999", "fortnox_ErrorInformationWrap"),
        ("nowhere", "fortnox_ErrorInformationWrap"),
    ],
)
def test_answers_are_what_the_specification_says(readable_haulier, path, name):
    """Asking validates; here it is certain against which schema."""
    assert fortnox_openapi.schema_of(readable_haulier.ask(path)) == name


def test_every_detail_of_the_haulier_is_what_the_specification_says(readable_haulier):
    company = readable_haulier.sandbox.state.company()
    of_cases = [payment for payment in company.payments() if payment.invoice_number in CASES]
    assert len(of_cases) > 50
    for payment in of_cases:
        assert readable_haulier.ask(f"invoicepayments/{payment.number}").status_code == 200
        assert readable_haulier.ask(f"invoices/{payment.invoice_number}").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["InvoicePayment"].pop("Amount"),
        lambda body: body["InvoicePayment"].update(Amount="1"),
        lambda body: body["InvoicePayment"].update(Colour="red"),
        lambda body: body["InvoicePayment"].update(Booked=None),
    ],
)
def test_an_answer_that_differs_from_the_specification_would_be_noticed(readable_haulier, change):
    answer = readable_haulier.ask("invoicepayments/1")
    body = answer.json()
    change(body)
    answer._content = json.dumps(body).encode()
    with pytest.raises(fortnox_openapi.jsonschema.ValidationError):
        fortnox_openapi.check(answer)


CASES = {*seed_cases.CASES, *seed_cases.DIRECT}


@pytest.fixture
def readable_haulier():
    """The haulier without the row that reads ``API_NORIGHT``, which no schema allows."""
    now = datetime(2026, 3, 17, 9, 30, tzinfo=UTC)
    state = seed.haulier(now)
    company = state.company()
    for payment in company.payments():
        if payment.wire:
            company.change_payment(payment.number, wire={})
    state.add_user("erik", "hemligt", [company.number])
    clock = Clock.stopped_at(now)
    with Sandbox(state, clock=clock, switches=Switches(rate_limit=None)) as sandbox:
        yield SignedIn(sandbox)


def test_a_payment_that_is_made_answers_as_the_specification_says(program, company):
    company.add_invoice(blank_invoice(1, total=Decimal(10)))
    row = {"Amount": 0.5, "AccountNumber": 3740, "Description": "Öresavrundning"}
    fields = {"InvoiceNumber": 1, "Amount": 9.5, "WriteOffs": [row]}
    made = program.ask("invoicepayments", "POST", {"InvoicePayment": fields})
    assert made.status_code == 201
    assert company.payments()[0].write_offs == (
        WriteOff(amount=Decimal("0.5"), account=3740, description="Öresavrundning"),
    )


@pytest.mark.parametrize("path", ["/3/invoicepayments", "/3/invoices"])
def test_every_parameter_of_the_specification_is_known(program, path):
    samples = {
        "invoicenumber": "1",
        "filter": "unpaid",
        "sortby": None,
        "lastmodified": "2026-01-01",
    }
    parameters = fortnox_openapi.specification()["paths"][path]["get"]["parameters"]
    for parameter in parameters:
        name = parameter["name"]
        values = parameter["schema"].get("enum") or [samples.get(name) or sample(name)]
        for value in values:
            answer = program.ask(f"{path.removeprefix('/3/')}?{name}={value}")
            assert answer.status_code == 200, f"{name}={value}"


def sample(name):
    """Return a value that makes sense for a parameter."""
    if name in {"sent", "notcompleted", "credit"}:
        return "true"
    return "2026-01-01" if name.endswith("date") else "1"
