"""Fortnox's API: what is temporary is tried again within bounds, what is not never is."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import parse_qs

import pytest
import requests
import responses
from fortnox import (
    API,
    AUTH,
    DATE,
    Clock,
    Wire,
    configuration,
    detail,
    error,
    invoice,
    page,
    payment,
    raw_response,
    reset,
    tokens,
    truncated,
)
from responses.registries import OrderedRegistry

from opter_contract.values import Company
from opter_fortnox_plugin.errors import (
    FortnoxError,
    Missing,
    NotPermitted,
    OutcomeUnknown,
    Refused,
    Rejected,
    Unavailable,
)
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.fortnox.protocol import (
    INVOICES,
    PAYMENTS,
    Resource,
    invoices_query,
    payments_query,
)
from opter_fortnox_plugin.fortnox.rate_limiter import RateLimiter
from opter_fortnox_plugin.fortnox.retries import ATTEMPTS, TIMEOUT
from opter_fortnox_plugin.login.oauth import Tokens
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint

LIST, TOKEN = f"{API}/invoicepayments", f"{AUTH}/token"
CUSTOMERS = Resource("customers", "Customer", "Customers")
UNAUTHORIZED = {"status": 401, "json": {"message": "unauthorized"}}


def payments_of(client, page, since):
    return client.page(PAYMENTS, payments_query(page, since))


def invoices_of(client, page):
    return client.page(INVOICES, invoices_query(page))


@pytest.fixture
def wire():
    with responses.RequestsMock(registry=OrderedRegistry) as wire:
        yield wire


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    # tenacity has no argument for its clock.
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


@pytest.fixture
def told():
    return []


@pytest.fixture
def client(clock, told):
    with make_client(API, AUTH, clock, told) as client:
        yield client


class make_client:  # noqa: N801 - read as a function
    def __init__(self, api, auth, clock, told):
        self.transport = Transport()
        endpoint = TokenEndpoint(self.transport, configuration(auth_url=auth), clock.sleep)
        self.client = Client(
            api,
            self.transport,
            SignedIn(endpoint, Tokens("acc-0ne", "refr-0ne")),
            RateLimiter(sleep=clock.sleep, clock=clock),
            sleep=clock.sleep,
            waiting=lambda what, seconds: told.append((what, seconds)),
            uniform=lambda low, high: high,
        )

    def __enter__(self):
        return self.client

    def __exit__(self, *_):
        self.transport.close()


def listed(*numbers):
    return {"json": page([payment(number) for number in numbers]), "headers": {"Date": DATE}}


# --- What is asked, and how ---


def test_payments_are_asked_for_with_the_bearer_and_nothing_else_in_the_address(wire, client):
    wire.get(LIST, **listed(1))
    payments_of(client, 1, datetime(2026, 2, 3, 8, 0, tzinfo=UTC))
    request = wire.calls[0].request
    assert request.headers["Authorization"] == "Bearer acc-0ne"
    assert request.headers["Accept"] == "application/json"
    assert parse_qs(request.url.partition("?")[2]) == {
        "limit": ["500"],
        "page": ["1"],
        "sortby": ["paymentdate"],
        "sortorder": ["descending"],
        "lastmodified": ["2026-02-03 09:00"],
    }


def test_a_netrc_does_not_replace_the_bearer(wire, client, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.fortnox.se login x password y\ndefault login x password y\n")
    monkeypatch.setenv("NETRC", str(netrc))
    wire.get(LIST, **listed(1))
    payments_of(client, 1, None)
    assert wire.calls[0].request.headers["Authorization"] == "Bearer acc-0ne"


def test_tls_is_verified_and_deadlines_are_set(wire, client, monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    wire.get(LIST, **listed(1))
    payments_of(client, 1, None)
    options = wire.calls[0].request.req_kwargs
    assert options["verify"] is True
    assert all(0 < seconds < 60 for seconds in options["timeout"])


@pytest.mark.parametrize("number", [34231, "34231"])
def test_the_company_is_its_database_number_and_name(wire, client, number):
    wire.get(
        f"{API}/companyinformation",
        json={"CompanyInformation": {"DatabaseNumber": number, "CompanyName": "Åkeriet AB"}},
    )
    assert client.company() == Company("34231", "Åkeriet AB")


@pytest.mark.parametrize("number", [None, "", True, [], "API_NORIGHT", " ", 1.5])
def test_without_its_number_there_is_no_company(wire, client, number):
    for _ in range(ATTEMPTS):
        wire.get(
            f"{API}/companyinformation",
            json={"CompanyInformation": {"DatabaseNumber": number, "CompanyName": "Åkeriet AB"}},
        )
    wire.assert_all_requests_are_fired = False
    with pytest.raises(FortnoxError):
        client.company()


def test_a_payment_and_an_invoice_are_asked_for_by_number(wire, client):
    wire.get(f"{LIST}/7", json={"InvoicePayment": detail(7)})
    wire.get(f"{API}/invoices/9007", json={"Invoice": invoice(9007)})
    assert client.get(PAYMENTS, "7")["Number"] == "7"
    assert client.get(INVOICES, "9007")["OCR"] == "900755"


def test_a_number_cannot_become_another_address(wire, client):
    wire.get(f"{LIST}/7%2F..%2F..%3Fx", status=404, json=error(2000434))
    with pytest.raises(Missing):
        client.get(PAYMENTS, "7/../..?x")


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: payments_of(client, 1, None),
        lambda client: invoices_of(client, 1),
        lambda client: client.company(),
    ],
)
def test_a_list_or_company_that_is_not_there_is_an_error_for_a_person(clock, ask):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        for path in ("invoicepayments", "invoices", "companyinformation"):
            wire.get(f"{API}/{path}", status=404, json=error(2000434, capital=True))
        with make_client(API, AUTH, clock, []) as client, pytest.raises(FortnoxError):
            ask(client)


def test_a_page_knows_fortnoxs_time_of_the_answer_that_came_at_last(wire, client):
    wire.get(LIST, status=500, headers={"Date": "Mon, 02 Feb 2026 00:00:00 GMT"})
    wire.get(LIST, **listed(1))
    assert payments_of(client, 1, None).at == datetime(2026, 2, 3, 8, 15, 30, tzinfo=UTC)


# --- What is tried again ---

TEMPORARY = [
    {"status": 429, "body": "Too Many Requests"},
    {"status": 429, "json": {"message": "Too Many Requests"}, "headers": {"Retry-After": "3"}},
    {"status": 500, "body": ""},
    {"status": 502, "body": "<html>"},
    {"status": 503},
    {"status": 400, "json": error(1000029)},
    {"status": 400, "json": error("1000029", capital=True)},
    {"status": 200, "body": '{"MetaInformation": {"@Tot'},
    {"status": 200, "body": "<html>", "content_type": "text/html"},
    {"status": 200, "json": {"InvoicePayments": []}},
    {"body": requests.ConnectionError("reset by peer")},
    {"body": requests.ReadTimeout("late")},
    {"body": requests.exceptions.ChunkedEncodingError("cut off")},
]


@pytest.mark.parametrize("fault", TEMPORARY)
def test_what_is_temporary_is_tried_again_and_said(wire, client, clock, told, fault):
    wire.get(LIST, **fault)
    wire.get(LIST, **listed(1))
    assert payments_of(client, 1, None).total == 1
    assert len(clock.naps) == len(told) == 1
    assert told[0][1] == pytest.approx(clock.naps[0])


@pytest.mark.parametrize("fault", TEMPORARY)
def test_attempts_are_bounded(wire, client, fault):
    for _ in range(ATTEMPTS):
        wire.get(LIST, **fault)
    with pytest.raises(Unavailable):
        payments_of(client, 1, None)
    assert client._limiter.started == ATTEMPTS


def test_total_time_is_bounded(wire, client, clock):
    wire.assert_all_requests_are_fired = False
    for _ in range(ATTEMPTS):
        wire.get(LIST, status=429, headers={"Retry-After": "50"})
    first_answer_at = clock.now
    with pytest.raises(Unavailable):
        payments_of(client, 1, None)
    assert clock.now - first_answer_at <= TIMEOUT
    assert 1 < len(wire.calls) < ATTEMPTS


@pytest.mark.parametrize("seconds", ["61", "86400"])
def test_a_long_wait_is_not_begun_but_told(wire, client, clock, seconds):
    wire.get(LIST, status=429, headers={"Retry-After": seconds})
    with pytest.raises(Unavailable) as caught:
        payments_of(client, 1, None)
    assert (caught.value.code, clock.naps) == ("FORTNOX_ASKS_TO_WAIT", [])


def test_fortnox_is_not_asked_sooner_than_it_said(wire, client, clock):
    wire.get(LIST, status=429, headers={"Retry-After": "17"})
    wire.get(LIST, **listed(1))
    first_answer_at = clock.now
    payments_of(client, 1, None)
    assert clock.now - first_answer_at >= 17


def test_429_without_a_word_waits_for_a_whole_window(wire, client, clock):
    wire.get(LIST, status=429)
    wire.get(LIST, **listed(1))
    first_answer_at = clock.now
    payments_of(client, 1, None)
    assert clock.now - first_answer_at > 5


def test_what_nobody_wants_any_more_is_neither_asked_for_again_nor_said_to_be(
    wire, client, told, caplog
):
    class Unwanted(Exception):
        pass

    def check():
        raise Unwanted

    client._retries.check = check
    wire.get(LIST, body=ConnectionError())
    with pytest.raises(Unwanted):
        payments_of(client, 1, None)
    assert (told, "trying again" in caplog.text, len(wire.calls)) == ([], False, 1)


def test_waits_grow_and_have_jitter(clock):
    drawn = []

    def uniform(low, high):
        drawn.append((low, high))
        return (low + high) / 2

    with responses.RequestsMock() as wire, make_client(API, AUTH, clock, []) as client:
        client._retries.uniform = uniform
        wire.get(LIST, status=503)
        with pytest.raises(Unavailable):
            payments_of(client, 1, None)
    assert clock.naps == sorted(clock.naps)
    assert clock.naps[0] < clock.naps[-1]
    assert len(clock.naps) == ATTEMPTS - 1 <= len(drawn)
    assert all(low < high for low, high in drawn)


def test_a_place_is_let_go_of_whatever_becomes_of_its_request(wire, client, clock):
    client._limiter = RateLimiter(sleep=clock.sleep, clock=clock, requests=1)
    for answer in ({"body": ConnectionError()}, {"status": 429}, {"status": 500}, listed(1)):
        wire.get(LIST, **answer)
    payments_of(client, 1, None)
    clock.now += 6.0
    assert client._limiter.try_acquire() == 0.0


# --- What is not ---


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 400, "json": error(2000588)}, Refused),
        ({"status": 400, "json": error(2000663)}, NotPermitted),
        ({"status": 403, "json": error(2001103, capital=True)}, NotPermitted),
        ({"status": 403}, NotPermitted),
        ({"status": 405}, Refused),
        ({"status": 403, "body": "<html>", "content_type": "text/html"}, Unavailable),
        ({"status": 407, "body": "<html>", "content_type": "text/html"}, Unavailable),
        ({"status": 301, "headers": {"Location": "https://example.com"}}, FortnoxError),
    ],
)
def test_what_is_not_temporary_is_asked_once(wire, client, clock, fault, kind):
    wire.get(LIST, **fault)
    with pytest.raises(kind):
        payments_of(client, 1, None)
    assert clock.naps == []


# --- Another resource, and what is written ---

WRITES = [
    ("POST", "customers", lambda client: client.create(CUSTOMERS, {"Name": "Åkeriet"})),
    ("PUT", "customers/7", lambda client: client.update(CUSTOMERS, "7", {"Name": "Åkeriet"})),
]


def test_another_resource_is_read_by_its_description_alone(wire, client):
    wire.get(f"{API}/customers", json=page([{"CustomerNumber": "7"}], name="Customers"))
    wire.get(f"{API}/customers/7", json={"Customer": {"Name": "Åkeriet"}})
    assert client.page(CUSTOMERS, {"limit": "500"}).rows == [{"CustomerNumber": "7"}]
    assert client.get(CUSTOMERS, "7") == {"Name": "Åkeriet"}


@pytest.mark.parametrize(("method", "path", "write"), WRITES)
def test_a_write_carries_json_and_returns_what_fortnox_made_of_it(
    wire, client, method, path, write
):
    wire.add(method, f"{API}/{path}", status=201, json={"Customer": {"CustomerNumber": "7"}})
    assert write(client) == {"CustomerNumber": "7"}
    request = wire.calls[0].request
    assert json.loads(request.body) == {"Customer": {"Name": "Åkeriet"}}
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Authorization"] == "Bearer acc-0ne"


def test_amounts_and_dates_are_written_exactly(wire, client):
    wire.post(LIST, json={"Customer": {}})
    with pytest.raises(OutcomeUnknown):
        client.create(
            Resource("invoicepayments", "InvoicePayment"),
            {"Amount": Decimal("100.10"), "PaymentDate": date(2026, 2, 3)},
        )
    body = json.loads(wire.calls[0].request.body, parse_float=Decimal)
    assert body == {"InvoicePayment": {"Amount": Decimal("100.1"), "PaymentDate": "2026-02-03"}}


def test_a_number_of_more_digits_than_a_float_has_is_written_exactly(wire, client):
    wire.post(f"{API}/customers", json={"Customer": {}})
    client.create(CUSTOMERS, {"Limit": Decimal("0.12345678901234567890123")})
    assert b"0.12345678901234567890123" in wire.calls[0].request.body


def test_a_decimal_that_is_no_number_is_not_written(wire, client):
    with pytest.raises(TypeError):
        client.create(CUSTOMERS, {"Limit": Decimal("NaN")})
    assert len(wire.calls) == 0


@pytest.mark.parametrize(("method", "path", "write"), WRITES)
def test_a_right_that_lacks_for_writing_is_called_so(wire, client, method, path, write):
    wire.add(method, f"{API}/{path}", status=403, json=error(2003330))
    with pytest.raises(NotPermitted) as caught:
        write(client)
    assert caught.value.code == "RIGHT_MISSING"
    assert "may not create or change customers" in caught.value.message.en


@pytest.mark.parametrize("one", WRITES)
@pytest.mark.parametrize("fault", TEMPORARY)
def test_a_write_is_repeated_only_if_the_rate_limit_refused_it(wire, client, fault, one):
    method, path, write = one
    wire.add(method, f"{API}/{path}", **fault)
    if fault.get("status") == 429:
        wire.add(method, f"{API}/{path}", json={"Customer": {}})
        assert write(client) == {}
    else:
        with pytest.raises(OutcomeUnknown):
            write(client)


@pytest.mark.parametrize(("method", "path", "write"), WRITES)
def test_a_write_that_was_refused_for_its_token_is_repeated_with_the_next(
    wire, client, method, path, write
):
    wire.add(method, f"{API}/{path}", **UNAUTHORIZED)
    wire.post(TOKEN, json=tokens("acc-tw0", "refr-tw0"))
    wire.add(method, f"{API}/{path}", json={"Customer": {}})
    assert write(client) == {}


@pytest.mark.parametrize(("method", "path", "write"), WRITES)
def test_a_write_that_fortnox_refuses_tells_its_code_and_is_not_repeated(
    wire, client, method, path, write
):
    wire.add(method, f"{API}/{path}", status=400, json=error(2000588))
    with pytest.raises(Rejected) as rejected:
        write(client)
    assert rejected.value.code == 2000588
    assert len(wire.calls) == 1


@pytest.mark.parametrize(("method", "path", "write"), WRITES)
def test_a_write_that_something_else_than_fortnox_refuses_may_have_been_made(
    wire, client, method, path, write
):
    wire.add(method, f"{API}/{path}", status=400, body="<html>")
    with pytest.raises(OutcomeUnknown):
        write(client)


# --- A token that grows stale ---


def test_a_401_in_the_middle_refreshes_once_and_goes_on(wire, client):
    wire.get(LIST, **listed(1))
    wire.get(LIST, **UNAUTHORIZED)
    wire.post(TOKEN, json=tokens("acc-tw0", "refr-tw0"))
    wire.get(LIST, **listed(2))
    wire.get(LIST, **listed(3))
    assert [payments_of(client, n, None).rows[0]["Number"] for n in (1, 2, 3)] == ["1", "2", "3"]
    used = [call.request.headers["Authorization"] for call in wire.calls]
    assert used[1] == "Bearer acc-0ne"
    assert used[3] == used[4] == "Bearer acc-tw0"


def test_a_401_after_two_refreshes_is_fortnoxs_fault_and_not_the_logins(wire, client):
    """The first may have brought a token that another was given, and that is stale too."""
    for number in (2, 3):
        wire.get(LIST, **UNAUTHORIZED)
        wire.post(TOKEN, json=tokens(f"acc-{number}", f"refr-{number}"))
    wire.get(LIST, **UNAUTHORIZED)
    with pytest.raises(Unavailable, match="TOKEN_REFUSED"):
        payments_of(client, 1, None)


def test_a_token_that_grows_stale_twice_is_refreshed_twice(wire, client):
    for number in (2, 3):
        wire.get(LIST, **UNAUTHORIZED)
        wire.post(TOKEN, json=tokens(f"acc-{number}", f"refr-{number}"))
        wire.get(LIST, **listed(number))
    assert [payments_of(client, 1, None).rows[0]["Number"] for _ in "12"] == ["2", "3"]


def test_a_fault_after_a_refresh_is_patiently_met(wire, client):
    wire.get(LIST, **UNAUTHORIZED)
    wire.post(TOKEN, json=tokens("acc-tw0", "refr-tw0"))
    wire.get(LIST, status=503)
    wire.get(LIST, **listed(1))
    assert payments_of(client, 1, None).total == 1


# --- Secrets ---


def test_over_a_real_connection_nothing_that_is_secret_is_logged_or_raised(caplog):
    """With all that requests and urllib3 have to say, and with every kind of fault."""
    caplog.set_level(logging.DEBUG)
    clock, shown = Clock(), []
    secrets = ("acc-0ne", "acc-tw0", "refr-0ne", "refr-tw0", "c0de", "s3cret-of-the-integration")
    everything = {"error": " ".join(secrets), "message": " ".join(secrets)}
    with Wire(
        reset,
        raw_response(500, everything),
        truncated(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nacc-0ne"),
        b"HTTP/1.1 what acc-0ne\r\n\r\n",
        raw_response(401, everything),
        reset,
        raw_response(200, tokens("acc-tw0", "refr-tw0"), X_Strange="acc-tw0"),
        raw_response(400, {"ErrorInformation": everything | {"code": "acc-0ne"}}),
        raw_response(200, json.dumps(tokens("acc-tw0\r\nX: acc-tw0", "refr-tw0")).encode()),
        raw_response(400, everything),
    ) as wire:
        with make_client(wire.address, wire.address, clock, shown) as client:
            endpoint = client._signed_in._endpoint
            for ask in (
                lambda: payments_of(client, 1, None),
                lambda: endpoint.exchange("c0de"),
                lambda: endpoint.exchange("c0de"),
                client._signed_in.sign_out,
            ):
                try:
                    ask()
                except FortnoxError as caught:
                    shown += [str(caught), repr(caught), repr(caught.details)]
            stale = Client(
                wire.address,
                client._transport,
                SignedIn(endpoint, Tokens("acc-tw0\r\nX: å", "refr-tw0")),
                RateLimiter(sleep=clock.sleep, clock=clock),
                sleep=clock.sleep,
                waiting=lambda what, seconds: shown.append(what),
            )
            with pytest.raises(FortnoxError) as caught:
                payments_of(stale, 1, None)
            shown += [str(caught.value), repr(caught.value.__cause__), repr(stale)]
        assert any("refr-0ne" in request for request in wire.requests)
    shown += [f"{one.getMessage()} {one.args!r} {one.exc_text}" for one in caplog.records]
    assert any(record.name.startswith("urllib3") for record in caplog.records)
    assert [secret for secret in secrets if secret in repr(shown)] == []
