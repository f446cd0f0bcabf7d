"""The switchboard tells what each of its routes takes, and every example works."""

import ast
import html
import inspect
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from hostsim.sandbox import Clock, Sandbox, Switches, pytest_plugin, seed, validation
from hostsim.sandbox.changes import FIELDS, KINDS
from hostsim.sandbox.json_records import REGISTERS
from hostsim.sandbox.payloads import OBJECTS, PAYLOADS, change_example

NOW = datetime(2026, 3, 17, 9, 30, 15, tzinfo=UTC)
TAKING = ("POST", "PUT", "PATCH")
PAYMENT = {"invoice_number": 999, "amount": 1, "payment_date": "2026-03-02"}
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


@pytest.mark.parametrize("route", [one for one in PAYLOADS if "reset" not in one])
def test_a_route_takes_no_field_that_it_does_not_name(sandbox, route):
    method, path = route.split()
    sent = "params" if PAYLOADS[route].sent_in == "query" else "json"
    answer = asked(sandbox, method, path, **{sent: PAYLOADS[route].example | {"nonsense": 1}})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("route", "field"),
    [
        (route, field)
        for route, payload in PAYLOADS.items()
        for field in payload.fields
        if field != "NAME" and payload.sent_in == "body"
    ],
)
def test_a_field_that_holds_nonsense_is_named_with_its_value_and_what_it_takes(
    sandbox, route, field
):
    method, path = route.split()
    answer = asked(sandbox, method, path, json=PAYLOADS[route].example | {field: [{"x": "\r\n"}]})
    assert answer.status_code == 400
    takes_ = re.escape(PAYLOADS[route].fields[field].description)
    wrong = answer.json()["error"]
    assert re.match(rf"{field} is {takes_}, and not ", wrong) or wrong.startswith(f"{field}.0")


def test_every_field_of_every_object_and_record_of_a_change_is_told_with_what_it_takes(sandbox):
    shown = asked(sandbox, "GET", "/_sandbox/changes").json()
    told = {kind.__name__: validation.fields_of(kind) for kind in OBJECTS}
    told |= {name: one.fields for name, one in REGISTERS.items()}
    assert {
        name: set(fields) for name, fields in (shown["objects"] | shown["records"]).items()
    } == {name: set(fields) for name, fields in told.items()}
    assert shown["objects"]["SetUp"]["method"] == "one of ACCRUAL, CASH"
    assert shown["objects"]["SetUp"]["lock_day"] == "a whole number from 1 to 31, or null"
    assert shown["records"]["currencies"]["Code"] == "three capital letters"


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"do": "book_payment", "number": 999}, "payment 999"),
        ({"do": "delete_payment", "number": 999}, "payment 999"),
        ({"do": "delete_invoice", "number": 999}, "invoice 999"),
        ({"do": "send_invoice", "number": 999}, "invoice 999"),
        ({"do": "lock_company", "company": 999}, "company 999"),
        ({"do": "delete_record", "register": "units", "key": "zz"}, "zz in units"),
        ({"do": "add_payment", "payment": PAYMENT}, "invoice 999"),
    ],
)
def test_what_is_not_there_is_named(sandbox, change, missing):
    answer = asked(sandbox, "POST", "/_sandbox/changes", json={"changes": [change]})
    assert (answer.status_code, answer.json()["error"]) == (404, f"there is no {missing}")


@pytest.mark.parametrize(
    "odd", [None, True, -5, 10**20, "", "???", "\r\n", "\ud800", [], {}, [1], {"a": 1}]
)
def test_no_value_of_a_change_is_a_mistake_of_the_sandbox(sandbox, odd):
    for name, kind in KINDS.items():
        for field in (*kind.required, *kind.optional):
            body = {"changes": [change_example(name) | {field: odd}]}
            answer = asked(sandbox, "POST", "/_sandbox/changes", json=body)
            assert answer.status_code < 500, (body, answer.text)
    sandbox.switchboard.reset()


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"record": {"Code": "???"}}, 'record.Code is three capital letters, and not "???"'),
        ({"record": {"Code": "NOK", "x": 1}}, "record.x means nothing here; known are BuyRate, "),
        ({"record": {"Unit": 1}}, "record needs Code"),
        ({"record": []}, "changes.0.record is an object, and not []"),
        ({"do": "rob"}, "changes.0.do is one of add_invoice, "),
        ({"register": "x"}, "changes.0.register is one of accounts, "),
        ({"key": 1}, "changes.0.key means nothing here; known are company, record, register"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_in_words(sandbox, change, wrong):
    content = {"do": "put_record", "register": "currencies", "record": {"Code": "NOK"}} | change
    answer = asked(sandbox, "POST", "/_sandbox/changes", json={"changes": [content]})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(wrong)


def test_every_change_has_an_example_that_works(sandbox):
    shown = asked(sandbox, "GET", "/_sandbox/changes").json()
    assert shown["fields"].keys() == FIELDS.keys()
    for name in KINDS:
        sandbox.switchboard.reset()
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
        assert all(accepts in page for accepts in payload.accepts.values())
    assert all(kind.description in page for kind in KINDS.values())
    assert sandbox.client_secret not in page


def test_what_is_on_the_page_is_html_and_not_json_for_a_program(sandbox):
    for accept in ("*/*", "application/json", "application/json, text/html"):
        assert json.loads(asked(sandbox, "GET", "/_sandbox", accept=accept).text)


def test_what_a_person_may_is_shown(sandbox):
    withdraw = {"do": "withdraw_module", "scope": "invoice", "user": seed.USER}
    asked(sandbox, "POST", "/_sandbox/changes", json={"changes": [withdraw]})
    (user,) = asked(sandbox, "GET", "/_sandbox").json()["users"]
    assert (user["name"], user["unlicensed"], user["forbidden"]) == (seed.USER, ["invoice"], [])
    assert "password" not in user


# --- Its README -----------------------------------------------------------------


@pytest.mark.parametrize(
    "example", re.findall(r"`((?:GET|POST|PUT|PATCH) /_sandbox[^`]*)`", PAGE), ids=str.split
)
def test_every_example_on_the_page_works_as_it_stands(sandbox, example):
    sandbox.switchboard.reset()
    method, path, *body = example.split(" ", 2)
    sent = {"json": json.loads(*body)} if body else {}
    answer = asked(sandbox, method, path, **sent)
    assert answer.ok, answer.text


def test_the_page_has_an_example_of_every_route_that_takes_something():
    for route in PAYLOADS:
        assert f"`{route}" in PAGE


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


def test_the_page_has_a_dated_run_of_six_real_clients_of_three_languages():
    """When this fails: ``run_real_clients.py --sources DIR --write``."""
    assert re.search(r"^Run for real on 20\d\d-\d\d-\d\d by ", PAGE, re.MULTILINE)
    ran = re.findall(
        r"^\| `[^`]+` \((.+)\) \| .+ \| .+ \| .* Answered .+\. \|$", PAGE, re.MULTILINE
    )
    assert len(ran) >= 6
    assert len(set(ran)) >= 3
