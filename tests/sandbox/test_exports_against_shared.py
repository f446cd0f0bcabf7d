"""What the sandbox answers to writing, beside recorded exchanges of the real service.

The recordings are not part of the project; where they are not at hand these tests are left out.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import fortnox_openapi
import pytest
from fortnox_exporter import Exporter

from hostsim.sandbox import Clock, Sandbox, State, Switches, invoice_fields, supplier_invoicing
from hostsim.sandbox.resources import customers, suppliers
from hostsim.sandbox.routes import ROUTES

pytestmark = pytest.mark.recorded

RECORDED = fortnox_openapi.SHARED / "recorded"
JANUARY = datetime(2023, 1, 30, 10, 10, tzinfo=UTC)
DECEMBER = datetime(2024, 12, 2, 9, 20, tzinfo=UTC)


def exchange(name):
    """Return the one request and answer of a recording."""
    text = (RECORDED / "exchanges" / name).read_text(encoding="utf-8")
    (only,) = json.loads(text)["exchanges"]
    return only["request"], only["response"]


@pytest.fixture
def office():
    """Return a company as in the recordings, at a time."""
    started = []

    def at(now):
        state = State(Clock.stopped_at(now))
        state.add_company(17, "Testbolaget AB")
        sandbox = Sandbox(state, switches=Switches(rate_limit=None)).start()
        started.append(sandbox)
        office = Exporter(sandbox)
        card = {"City": "New York", "ZipCode": "10001", "TermsOfPayment": "30"}
        office.record("customers", CustomerNumber="1", Name="Updated name", **card)
        return office

    yield at
    for sandbox in started:
        sandbox.stop()


def replayed(office, name, body=None):
    """Send what was sent, and compare everything that is not about one's own server."""
    request, response = exchange(name)
    sent = body or json.loads(request["body"] or "null")
    path = request["url"].removeprefix("/3/")
    answer = office.ask(request["method"], path, sent)
    here = office.sandbox.url.replace("/", r"\/")
    text = answer.text.replace(here, r"https:\/\/api.fortnox.se")
    assert (answer.status_code, answer.reason) == (response["status"], response["reason"])
    for header in ("Content-Type", "Location", "Transfer-Encoding", "Vary"):
        assert answer.headers.get(header) == response["headers"].get(header)
    return text, response["body"]


def next_invoice(office, number):
    office.company.registers.next_invoice = number


def article(office, description):
    fields = {"ArticleNumber": "101", "Description": description, "SalesAccount": 3001}
    office.record("articles", **fields)


# --- Invoices ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("invoices.save_new.json", 18),
        ("invoices.save_new_with_country_GB.json", 26),
        ("invoices.save_new_with_country_nil.json", 24),
    ],
)
def test_an_invoice_that_is_made_has_the_recorded_fields(office, name, number):
    """Recorded in 2023; in the order of 2024, which the answers to writing have here."""
    there = office(JANUARY)
    next_invoice(there, number)
    text, recorded = replayed(there, name)
    wanted = json.loads(recorded)["Invoice"] | {"ContractReference": "0"}
    assert json.loads(text)["Invoice"] == wanted


@pytest.mark.parametrize(
    ("name", "number", "fields"),
    [
        ("invoices.save_old.json", 18, {}),
        ("invoices.save_old_with_empty_comments.json", 30, {"Comments": "A comment to be reset"}),
        ("invoices.save_old_with_empty_country.json", 31, {"Country": "Sverige"}),
    ],
)
def test_an_invoice_that_is_changed_has_the_recorded_fields(office, name, number, fields):
    there = office(JANUARY)
    there.create_invoice(DocumentNumber=number, **fields)
    text, recorded = replayed(there, name)
    wanted = json.loads(recorded)["Invoice"] | {"ContractReference": "0"}
    assert json.loads(text)["Invoice"] == wanted


def test_an_invoice_with_a_row_has_the_recorded_fields_of_2023(office):
    there = office(JANUARY)
    article(there, "Hammer")
    next_invoice(there, 20)
    there.set(invoice_detail="2023")
    there.company.registers.last_row = 1
    _text, recorded = replayed(there, "invoices.save_with_nested_model.json")
    here = there.sandbox.url.replace("/", r"\/")
    shown = there.ask("GET", "invoices/20").text.replace(here, r"https:\/\/api.fortnox.se")
    assert shown == recorded


@pytest.mark.parametrize(
    ("name", "number", "row_id", "row"),
    [
        (
            "invoices.row_delivered_quantity_decimals_round_up.json",
            38,
            26,
            {"DeliveredQuantity": 1.125, "Price": 0},
        ),
        ("invoices.row_price_limit_round_up.json", 40, 28, {"Price": 1.125}),
    ],
)
def test_an_invoice_of_2024_is_the_recorded_body(office, name, number, row_id, row):
    """What was sent is not recorded; its rows are those of the answer, before rounding."""
    there = office(DECEMBER)
    article(there, "Test")
    next_invoice(there, number)
    there.company.registers.last_row = row_id - 1
    body = {"Invoice": {"CustomerNumber": "1", "InvoiceRows": [{"ArticleNumber": "101"} | row]}}
    text, recorded = replayed(there, name, body)
    assert text == recorded
    here = there.sandbox.url.replace("/", r"\/")
    shown = there.ask("GET", f"invoices/{number}").text
    assert shown.replace(here, r"https:\/\/api.fortnox.se") == recorded


def test_two_filters_of_invoices_are_answered_as_recorded(office):
    there = office(JANUARY)
    names = {"OurReference": "Radagast the Brown", "YourReference": "Gandalf the Grey"}
    there.create_invoice(DocumentNumber=31, **names)
    text, recorded = replayed(there, "invoices.multi_param_find_by_hash.json")
    assert text == recorded


# --- Customers and registers ------------------------------------------------


@pytest.mark.parametrize(
    ("name", "number"),
    [("customers.save_new.json", 6), ("customers.save_new_with_sales_account.json", 9)],
)
def test_a_customer_that_is_made_is_the_recorded_body(office, name, number):
    there = office(JANUARY)
    there.company.registers.used_customer_numbers.add(str(number - 1))
    text, recorded = replayed(there, name)
    assert text == recorded


def test_a_customer_that_is_changed_is_the_recorded_body(office):
    there = office(JANUARY)
    there.customer(CustomerNumber="6", Name="A value")
    text, recorded = replayed(there, "customers.save_old.json")
    assert text == recorded


@pytest.mark.parametrize(
    "name",
    [
        "customers.find_failure.json",
        "customers.multi_param_find_by_hash.json",
        "customers.search_by_name.json",
        "customers.search_miss.json",
        "projects.find_failure.json",
        "projects.all.json",
        "termsofpayments.find_failure.json",
        "termsofpayments.all.json",
    ],
)
def test_a_register_is_answered_as_recorded(office, name):
    there = office(JANUARY)
    there.customer(CustomerNumber="2", Name="Test customer", City="New York")
    there.customer(CustomerNumber="7", Name="Test customer")
    for number in ("1", "2"):
        there.record("projects", ProjectNumber=number, Description="Some important project")
    for code, description in (("19DAYS", "Testing"), ("21DAYS", "Updated description")):
        there.record("termsofpayments", Code=code, Description=description)
    text, recorded = replayed(there, name)
    assert text == recorded


def test_the_list_of_terms_is_the_one_recorded_alone(office):
    listed = (RECORDED / "termsofpayments_list.200.json").read_text(encoding="utf-8").strip()
    _request, response = exchange("termsofpayments.all.json")
    assert listed == response["body"]


def test_a_row_of_currencies_has_the_documented_fields_in_their_order(office):
    there = office(JANUARY)
    currency = {"Code": "DOP", "Description": "Dominikanska pesos", "Date": "2018-11-20"}
    there.record("currencies", BuyRate="5.99", SellRate="0.1669", **currency)
    row = there.get("currencies")["Currencies"][0]
    text = (RECORDED / "currencies_list_documented.200.json").read_text(encoding="utf-8")
    documented = json.loads(text)["Currencies"][0]
    assert list(row.items())[1:] == list(documented.items())[1:]


def test_an_invalid_country_is_answered_as_recorded(office):
    body = {"Invoice": {"Country": "South Korea", "CustomerNumber": "1"}}
    answer = office(JANUARY).ask("POST", "invoices", body)
    recorded = (RECORDED / "error_invalid_country.400.json").read_bytes().strip()
    assert (answer.status_code, answer.content) == (400, recorded)


def test_a_wrong_structure_has_the_recorded_code_and_sentence(office):
    body = {"Invoice": {"CustomerNumber": "1", "InvoiceRows": ["x"]}}
    error = office(JANUARY).ask("POST", "invoices", body).json()["ErrorInformation"]
    assert error == {"error": 1, "message": "Felaktig datastruktur.", "code": 2002649}


def test_every_recorded_exchange_is_compared():
    text = Path(__file__).read_text(encoding="utf-8")
    names = {path.name for path in (RECORDED / "exchanges").glob("*.json")}
    assert {name for name in names if f'"{name}"' not in text} == set()


# --- The specification ------------------------------------------------------


def test_every_address_is_in_the_specification():
    """With the method; each answer of the other tests is compared with its schema, too."""
    # Called live, and a switch.
    known = [one for one in ROUTES if (one.method, one.scope) != ("DELETE", "supplier")]
    for route in known:
        path = route.path.replace("<number>", "1").replace("<key>", "1")
        operation = fortnox_openapi.operation_of(route.method.lower(), path)
        assert operation is not None, f"{route.method} {route.path}"


@pytest.mark.parametrize(
    ("path", "method"),
    [("customers", "get"), ("invoices", "get"), ("accounts", "get")],
)
def test_every_parameter_of_a_list_is_known(office, path, method):
    there = office(JANUARY)
    operation = fortnox_openapi.specification()["paths"][f"/3/{path}"][method]
    for parameter in operation["parameters"]:
        sample = parameter["schema"].get("enum", [SAMPLES.get(parameter["name"], "1")])[0]
        answer = there.ask("GET", f"{path}?{parameter['name']}={sample}")
        assert answer.status_code == 200, parameter["name"]


SAMPLES = dict.fromkeys(("notcompleted", "sent", "credit"), "true") | dict.fromkeys(
    ("lastmodified", "fromdate", "todate", "fromfinalpaydate", "tofinalpaydate"), "2023-01-01"
)


@pytest.mark.parametrize(
    ("schema", "known"),
    [
        ("fortnox_InvoicePayload", invoice_fields.FIELDS),
        ("fortnox_InvoicePayload_InvoiceRow", invoice_fields.ROW),
        ("fortnox_Customer", customers.FIELDS),
        ("fortnox_Supplier", suppliers.FIELDS),
        ("fortnox_SupplierInvoice_SupplierInvoiceRow", supplier_invoicing.ROW),
    ],
)
def test_every_field_that_may_be_written_is_known_and_no_other(schema, known):
    properties = fortnox_openapi.specification()["components"]["schemas"][schema]["properties"]
    assert known.keys() == properties.keys() - {"@url"}


def test_every_field_of_a_supplier_invoice_is_writable_or_only_fortnoxs():
    schemas = fortnox_openapi.specification()["components"]["schemas"]
    known = supplier_invoicing.FIELDS.keys() | supplier_invoicing.READ_ONLY
    extra = {"SupplierInvoiceFileConnections"}
    assert known == schemas["fortnox_SupplierInvoice"]["properties"].keys() - extra
