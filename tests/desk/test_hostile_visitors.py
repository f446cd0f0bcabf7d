"""Whatever a visitor sends, a page answers with what it is, and other people come in."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack, suppress
from decimal import Decimal
from urllib.parse import quote, urlencode, urlsplit

import pytest
from desk_person import HERE, Person, session_at
from fake_plugin import invoice, payment
from host_and_plugin import NOON

from hostsim.desk import Desk
from hostsim.desk.context import DeskContext
from hostsim.desk.server import MAX_CONNECTIONS
from hostsim.plugins.loading import Plugins
from hostsim.storage.store import Store
from tests.desk.test_desk import BankPlugin

#: What a path, a query or a form may bring.
HOSTILE = ["9" * 20, "1e999999", "\0\ud800å%<", "0001-01-01"]

#: Names that ``url_for()`` or a template takes for its own, or that stand in a path.
RESERVED = {
    *("endpoint", "_method", "_external", "_anchor", "_scheme", "self", "values", "dialog", "lang"),
    *("kind", "name", "row_id", "payment_id", "job_id", "subject", "filename"),
}  # fmt: skip

#: What stands there in the path of a page that exists.
REAL = {"row_id": "1", "payment_id": "1", "name": "Fortnox", "kind": "payments"}


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    """Have somebody with an open import, a payment in the books, and a job that has ended."""
    plugin = BankPlugin(code="Bank")
    plugin.payments = [payment(1, "1001"), payment(2, "1002", "7")]
    with Store.create(tmp_path_factory.mktemp("desk") / "host.db") as store:
        store.load_invoices([invoice("1001"), invoice("1002", "500")])
        desk_context = DeskContext(store, Plugins([("fake", plugin)]), clock=lambda: NOON)
        desk_context.host().define("Fortnox", "Bank", "API", "", {})
        desk_context.host().add_payment("1002", Decimal(5))
        person = Person(desk_context)
        person.run_import()
        yield person
        desk_context.jobs.stop()


def routes(person):
    """Return each route, with one of the methods that it takes."""
    rules = list(person.client.application.url_map.iter_rules())
    assert len(rules) > 60
    return [(one, method) for one in rules for method in ("GET", "POST") if method in one.methods]


def filled(rule, value_of):
    """Write the path of a route, with something in each of its places."""
    return re.sub(
        r"<(?:\w+:)?(\w+)>", lambda match: quote(value_of(match[1]), errors="replace"), rule.rule
    )


@pytest.fixture(scope="module")
def values(person):
    """Return the names that stand in the links and forms of all pages, and reserved ones."""
    pages = [
        person.client.get(filled(rule, lambda name: REAL.get(name, "x")), headers=HERE).text
        for rule, method in routes(person)
        if method == "GET"
    ]
    return RESERVED | set(re.findall(r'(?:name="|[?;])([\w:]+)["=]', "".join(pages))) - {"token"}


def answered(person, path, method, form=""):
    """Send a request, as somebody who was let in and has the token; give its status."""
    data = None
    if method == "POST":
        data = f"token={re.search(TOKEN, person.get('/why'))[1]}&{form}"
    kind = "application/x-www-form-urlencoded"
    return person.client.open(path, method=method, headers=HERE, data=data, content_type=kind)


TOKEN = r'name="token" value="([^"]+)"'


@pytest.mark.parametrize("value", HOSTILE)
def test_whatever_stands_in_a_path_the_page_says_what_is_wrong(person, value):
    for rule, method in routes(person):
        if rule.arguments:
            path = filled(rule, lambda _: value)
            assert answered(person, path, method).status_code < 500, (method, rule.rule)


@pytest.mark.parametrize("value", HOSTILE)
def test_whatever_a_query_or_a_form_brings_the_page_says_what_is_wrong(person, values, value):
    job = next(iter(person.desk_context.jobs._jobs))
    given = urlencode(dict.fromkeys(sorted(values), value), errors="replace")
    for rule, method in routes(person):
        path = filled(rule, lambda name: (REAL | {"job_id": job}).get(name, "x"))
        answer = answered(person, f"{path}?{given}", method, given)
        assert answer.status_code < 500, (method, rule.rule)


def test_a_query_does_not_name_another_host_in_the_links_of_a_page(person):
    page = person.get("/import?_external=1&_scheme=evil&_anchor=x&endpoint=y&kind=z")
    assert not re.search(r'(href|action)="(?!/)', page.partition("<main")[2])
    assert "evil" not in page.partition("<main")[2]


@pytest.mark.parametrize(
    "back",
    [
        "/\t/evil.example", "\t//evil.example", "//evil.example", "/\\evil.example",
        "/\x01/evil.example", "https://evil.example", "/import\r\nX: y", "/;//evil.example",
        "/..//evil.example", "",
    ],
)  # fmt: skip
def test_the_language_leads_to_no_page_but_ours(person, back):
    answer = person.client.post(
        "/language",
        headers=HERE,
        data={"token": re.search(TOKEN, person.get("/why"))[1], "language": "sv", "back": back},
    )
    assert answer.headers["Location"] == "/import"


#: What somebody may begin to say, and never end; the last asks for pages and reads none.
BEGUN = {
    "nothing": b"",
    "half a head": b"GET /import HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
    "half a body": b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\nx",
    "no reading": b"GET /static/desk.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20,
}


@pytest.mark.parametrize("begun", BEGUN.values(), ids=BEGUN)
def test_slow_visitors_keep_nobody_out(person, begun):
    """However many there are."""
    with ExitStack() as stack:
        desk = stack.enter_context(Desk(person.desk_context))
        url = urlsplit(desk.url)
        for _slow in range(2 * MAX_CONNECTIONS + 20):
            slow = stack.enter_context(socket.create_connection((url.hostname, url.port)))
            with suppress(ConnectionError):
                slow.sendall(begun)
        assert session_at(desk).get(f"{desk.url}import", timeout=30).status_code == 200


def test_a_body_of_any_size_is_not_stored(person):
    """Before anybody knows who sends it."""
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n"
    with Desk(person.desk_context) as desk:
        url = urlsplit(desk.url)
        with socket.create_connection((url.hostname, url.port), timeout=30) as sender:
            sender.sendall(head)
            assert b" 413 " in sender.recv(100)
