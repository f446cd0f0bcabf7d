"""The exact requests of six public clients get the answers that those clients need.

``client_requests.json`` is a table of facts, read off their sources, which it names with the
commit: method, path, query, headers and body as they are on the wire, and what the client reads of
the answer. None of their code is here. The requests are sent by Python and by node, which frame
them differently.
"""

import base64
import gzip
import http.client
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fortnox_program import invoice, paid

from hostsim.sandbox import Clock, Sandbox, State
from hostsim.sandbox.tokens import Grant

NOW = datetime(2026, 3, 17, 9, 30, 15, tzinfo=UTC)
SCOPES = ("payment", "invoice", "customer", "companyinformation")
CLIENTS = json.loads(Path(__file__).with_name("client_requests.json").read_text("utf-8"))
SENDER = Path(__file__).with_name("send_requests.mjs")
NODE = shutil.which("node")
PAGE = Path(__file__).parents[2] / "hostsim/sandbox/README.md"

KINDS = {
    "text": str,
    "whole": int,
    "number": (int, float),
    "truth": bool,
    "list": list,
    "object": dict,
}


@pytest.fixture
def sandbox():
    """Run a company with three customers, three invoices and two payments, one of them booked."""
    state = State(Clock.stopped_at(NOW))
    company = state.add_company(17, "Ett Åkeri AB")
    for number in ("1", "2", "3"):
        record = {"CustomerNumber": number, "Name": f"Kund {number} AB"}
        company.registers.put("customers", number, record, NOW)
    for number in (1001, 1002, 1003):
        company.add_invoice(invoice(number, booked=number != 1003))
    for number, booked in ((1001, True), (1002, False)):
        company.add_payment(paid(number, 100, booked=booked))
    with Sandbox(state, clock=Clock.stopped_at(NOW), monotonic=lambda: 0.0) as sandbox:
        yield sandbox


def filled_in(sandbox, requests):
    """Put the program's own secrets, and tokens, where the table has their names."""
    tokens, redirect = sandbox.state.tokens, sandbox.redirect_uri
    grant = Grant(sandbox.client_id, 17, 1, SCOPES)
    pairs = iter([tokens.issue(grant) for _ in requests])
    basic = base64.b64encode(f"{sandbox.client_id}:{sandbox.client_secret}".encode()).decode()
    for request in requests:
        pair, body = next(pairs), request["body"]
        given = redirect if body and "{redirect}" in body else None
        values = {
            "access": pair.access,
            "refresh": pair.refresh,
            "code": tokens.issue_code(grant, given),
            "basic": basic,
            "secret": sandbox.client_secret,
            "redirect": redirect,
        }

        def fill(text, values=values):
            return re.sub(r"\{([a-z]+)\}", lambda match: values[match[1]], text)

        query = f"?{request['query']}" if request["query"] else ""
        body = body if body is None else fill(body)
        length = {} if body is None else {"Content-Length": str(len(body.encode()))}
        headers = {name: fill(text) for name, text in request["headers"].items()}
        yield {
            "method": request["method"],
            "target": request["path"] + query,
            "headers": headers | length,
            "body": body,
        }


def sent_by_python(address, requests):
    for request in requests:
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        connection.putrequest(request["method"], request["target"], skip_accept_encoding=True)
        body = None if request["body"] is None else request["body"].encode()
        for name, text in request["headers"].items():
            connection.putheader(name, text)
        connection.endheaders(body)
        answer = connection.getresponse()
        headers = {name.lower(): text for name, text in answer.getheaders()}
        yield {"status": answer.status, "headers": headers, "body": answer.read()}
        connection.close()


def sent_by_node(address, requests):
    told = {"host": address.hostname, "port": address.port, "requests": list(requests)}
    done = subprocess.run(
        [NODE, SENDER],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    for answer in json.loads(done.stdout):
        yield answer | {"body": base64.b64decode(answer["body"])}


SENDERS = [
    pytest.param(sent_by_python, id="python"),
    pytest.param(
        sent_by_node,
        id="node",
        marks=pytest.mark.skipif(NODE is None, reason="node is not installed here"),
    ),
]


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client["client"])
def test_a_public_client_gets_the_answers_that_it_needs(client, sender, sandbox):
    requests = client["requests"]
    sandbox.switchboard.set(**client.get("switches", {}))
    answers = list(sender(urlsplit(sandbox.url), list(filled_in(sandbox, requests))))
    assert len(answers) == len(requests)
    wrong = [
        f"{request['does']}: {answer['status']} {why}"
        for request, answer in zip(requests, answers, strict=True)
        for why in lacking(request, answer)
    ]
    assert wrong == []


def lacking(request, answer):
    """Yield what an answer lacks for the client that asked."""
    if answer["status"] != request["status"]:
        yield answer["body"].decode(errors="replace")
        return
    if not request["needs"]:
        return
    if "application/json" not in answer["headers"]["content-type"]:
        yield answer["headers"]["content-type"]
    body = answer["body"]
    if answer["headers"].get("content-encoding") == "gzip":
        assert "gzip" in request["headers"]["Accept-Encoding"]
        body = gzip.decompress(body)
    for path, kind in request["needs"].items():
        value = at(path, json.loads(body))
        if not isinstance(value, KINDS[kind]) or (kind == "whole" and isinstance(value, bool)):
            yield f"{path} is {value!r} and not {kind}"


def at(path, value):
    for name in path.split("."):
        try:
            value = value[int(name) if isinstance(value, list) else name]
        except LookupError:
            return None
    return value


def test_json_without_a_content_type_is_refused_unless_a_switch_takes_it(sandbox):
    """One program was refused for it in 2026, and a library has sent it so for years."""
    [make] = [one for one in CLIENTS[0]["requests"] if one["does"] == "make a payment"]
    for value, status in (("refused", 400), ("json", 201)):
        sandbox.switchboard.set(missing_content_type=value)
        [answer] = sent_by_python(urlsplit(sandbox.url), filled_in(sandbox, [make]))
        assert answer["status"] == status


def test_the_table_has_six_clients_of_three_languages_each_with_its_sources():
    assert len({client["client"] for client in CLIENTS}) >= 6
    assert len({client["language"] for client in CLIENTS}) >= 3
    for client in CLIENTS:
        assert client["sources"]
        assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one) for one in client["sources"])


def test_the_page_names_every_client():
    page = PAGE.read_text(encoding="utf-8")
    for client in CLIENTS:
        assert f"`{client['client']}` ({client['language']})" in page
