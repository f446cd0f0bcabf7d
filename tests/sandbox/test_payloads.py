"""The switchboard tells what each of its routes takes, and every example works."""

import ast
import html
import inspect
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from hostsim.sandbox import Clock, Sandbox, Switches, pytest_plugin, seed
from hostsim.sandbox.changes import KINDS, READERS, change_of
from hostsim.sandbox.payloads import FIELDS, PAYLOADS, change_example

NOW = datetime(2026, 3, 17, 9, 30, 15, tzinfo=UTC)
TAKING = ("POST", "PUT", "PATCH")
PAGE = Path(seed.__file__).with_name("README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sandbox():
    state = seed.haulier(NOW)
    switches = Switches(rate_limit=None)
    with Sandbox(state, clock=Clock.stopped_at(NOW), switches=switches) as sandbox:
        yield sandbox


def asked(sandbox, method, path, accept="*/*", **more):
    url = f"{sandbox.url}{path}"
    return requests.request(method, url, headers={"Accept": accept}, timeout=10, **more)


def put_there(sandbox):
    """Make a supplier invoice, and an invoice that credits another."""
    change_of({"do": "credit_invoice", "number": 10132})(sandbox.state)
    token = sandbox.sign_in(scopes=["supplier", "supplierinvoice"]).access
    bearer = {"Authorization": f"Bearer {token}"}
    for path, body in (
        ("suppliers", {"Supplier": {"SupplierNumber": "1", "Name": "Grus AB"}}),
        ("supplierinvoices", {"SupplierInvoice": {"SupplierNumber": "1", "Total": "100"}}),
    ):
        answer = requests.post(f"{sandbox.api_url}/{path}", json=body, headers=bearer, timeout=10)
        assert answer.status_code in {200, 201}, answer.text


def test_every_route_that_takes_something_says_what(sandbox):
    shown = asked(sandbox, "GET", "/_sandbox").json()
    taking = {route for route in shown["switchboard"] if route.startswith(TAKING)}
    assert taking | {"GET /_sandbox/asked"} == shown["payloads"].keys() == PAYLOADS.keys()
    assert shown["payloads"]["POST /_sandbox/token"]["example"]["company"] == "480211"


@pytest.mark.parametrize("route", PAYLOADS)
def test_the_example_of_a_route_works_and_has_only_fields_that_it_names(sandbox, route):
    sandbox.switchboard.reset()
    payload, (method, path) = PAYLOADS[route], route.split()
    in_body = payload.sent_in == "body"
    sent = {"json": payload.example} if in_body else {"params": payload.example}
    answer = asked(sandbox, method, path, **sent)
    assert answer.ok, answer.text
    if "NAME" not in payload.fields:
        assert payload.example.keys() <= payload.fields.keys()


@pytest.mark.parametrize(
    "route", [one for one in PAYLOADS if one.startswith(TAKING) and "reset" not in one]
)
def test_a_route_takes_no_field_that_it_does_not_name(sandbox, route):
    method, path = route.split()
    answer = asked(sandbox, method, path, json=PAYLOADS[route].example | {"nonsense": 1})
    assert answer.status_code == 400


def test_every_change_has_an_example_that_works(sandbox):
    shown = asked(sandbox, "GET", "/_sandbox/changes").json()
    assert shown["fields"].keys() >= READERS.keys()
    assert all(FIELDS[name][0] for name in READERS)
    for name in KINDS:
        sandbox.switchboard.reset()
        put_there(sandbox)
        example = shown["changes"][name]["example"]
        assert example == change_example(name)
        answer = asked(sandbox, "POST", "/_sandbox/changes", json={"changes": [example]})
        assert answer.ok, (example, answer.text)


def test_a_browser_gets_a_page_with_every_route_field_and_example(sandbox):
    answer = asked(sandbox, "GET", "/_sandbox", accept="text/html,*/*;q=0.8")
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    page = html.unescape(answer.text)
    for route in asked(sandbox, "GET", "/_sandbox").json()["switchboard"]:
        assert f"<code>{route}</code>" in page
    for payload in PAYLOADS.values():
        assert all(accepts in page for accepts in payload.fields.values())
    assert all(kind.description in page for kind in KINDS.values())
    assert sandbox.client_secret not in page


def test_what_is_on_the_page_is_html_and_not_json_for_a_program(sandbox):
    for accept in ("*/*", "application/json", "application/json, text/html"):
        assert json.loads(asked(sandbox, "GET", "/_sandbox", accept=accept).text)


# --- Its README -----------------------------------------------------------------


def test_every_fixture_is_on_the_page():
    source = ast.parse(inspect.getsource(pytest_plugin))
    fixtures = [
        one.name
        for one in source.body
        if isinstance(one, ast.FunctionDef)
        and any(ast.unparse(mark) == "pytest.fixture" for mark in one.decorator_list)
    ]
    assert len(fixtures) > 5
    for name in fixtures:
        assert f"| `{name}` |" in PAGE


def test_the_page_says_first_what_is_imitated_and_then_what_is_not():
    first = PAGE.splitlines()[2]
    assert "imitates" in first
    assert "## What it does not imitate" in PAGE
