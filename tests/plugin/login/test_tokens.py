"""Tokens: got once for a code, swapped when stale, revoked at the end, and shown nowhere."""

from __future__ import annotations

import base64
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest
import requests
import responses
from fortnox import AUTH, configuration, response, tokens
from responses.registries import OrderedRegistry

from opter_fortnox_plugin.errors import FortnoxError, LoginFailed, Unavailable
from opter_fortnox_plugin.fortnox.http import Transport
from opter_fortnox_plugin.login.oauth import Tokens
from opter_fortnox_plugin.login.tokens import SignedIn, TokenEndpoint

TOKEN, REVOKE = f"{AUTH}/token", f"{AUTH}/revoke"
SECRETS = ("acc-0ne", "acc-tw0", "refr-0ne", "refr-tw0", "c0de", "s3cret-of-the-integration")


@pytest.fixture
def wire():
    with responses.RequestsMock(registry=OrderedRegistry) as wire:
        yield wire


@pytest.fixture
def naps():
    return []


@pytest.fixture
def endpoint(naps):
    transport = Transport()
    yield TokenEndpoint(transport, configuration(), naps.append)
    transport.close()


def form(call):
    return {name: value for name, [value] in parse_qs(call.request.body).items()}


# --- A code ---


def test_a_code_becomes_tokens(wire, endpoint):
    wire.post(TOKEN, json=tokens("acc-0ne", "refr-0ne"))
    assert endpoint.exchange("c0de") == Tokens("acc-0ne", "refr-0ne")
    [call] = wire.calls
    assert form(call) == {
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": "http://localhost:51843/callback",
    }
    kind, _, word = call.request.headers["Authorization"].partition(" ")
    assert (kind, base64.b64decode(word)) == ("Basic", b"k7Qclient:s3cret-of-the-integration")
    assert call.request.headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 429, "headers": {"Retry-After": "1"}},
        {"status": 200, "body": "<html>"},
        {"body": requests.ConnectionError("reset")},
        {"body": requests.ReadTimeout("late")},
    ],
)
def test_a_code_is_never_sent_twice(wire, endpoint, naps, fault):
    wire.post(TOKEN, **fault)
    with pytest.raises(Unavailable):
        endpoint.exchange("c0de")
    assert len(wire.calls) == 1
    assert naps == []


# --- A refresh ---


def test_a_refresh_sends_the_refresh_token_once(wire, endpoint):
    wire.post(TOKEN, json=tokens("acc-tw0", "refr-tw0"))
    assert endpoint.refresh(Tokens("acc-0ne", "refr-0ne")) == Tokens("acc-tw0", "refr-tw0")
    assert form(wire.calls[0]) == {"grant_type": "refresh_token", "refresh_token": "refr-0ne"}


@pytest.mark.parametrize("fault", [{"status": 500}, {"body": requests.ConnectionError("reset")}])
def test_a_refresh_is_tried_again_once(wire, endpoint, naps, fault):
    wire.post(TOKEN, **fault)
    wire.post(TOKEN, json=tokens("acc-tw0", "refr-tw0"))
    assert endpoint.refresh(Tokens("acc-0ne", "refr-0ne")).access == "acc-tw0"
    assert len(naps) == 1


def test_a_refresh_is_not_tried_a_third_time(wire, endpoint):
    wire.post(TOKEN, status=500)
    wire.post(TOKEN, status=500)
    with pytest.raises(Unavailable) as caught:
        endpoint.refresh(Tokens("acc-0ne", "refr-0ne"))
    assert "500" in caught.value.message.en
    assert len(wire.calls) == 2


def test_a_refresh_that_is_refused_is_not_tried_again_and_asks_for_a_login(wire, endpoint, naps):
    wire.post(TOKEN, status=400, json={"error": "invalid_grant"}, content_type="text/html")
    with pytest.raises(LoginFailed, match="LOGIN_EXPIRED"):
        endpoint.refresh(Tokens("acc-0ne", "refr-0ne"))
    assert naps == []


def test_without_a_refresh_token_nobody_is_asked(wire, endpoint):
    with pytest.raises(LoginFailed, match="LOGIN_EXPIRED"):
        endpoint.refresh(Tokens("acc-0ne", ""))
    assert len(wire.calls) == 0


# --- A person who is signed in ---


def test_a_stale_token_is_swapped_and_the_next_refresh_uses_the_next_refresh_token(wire, endpoint):
    wire.post(TOKEN, json=tokens("acc-tw0", "refr-tw0"))
    wire.post(TOKEN, json=tokens("acc-3", "refr-3"))
    signed_in = SignedIn(endpoint, Tokens("acc-0ne", "refr-0ne"))
    assert signed_in.renew("acc-0ne") == signed_in.access_token == "acc-tw0"
    assert signed_in.renew("acc-tw0") == "acc-3"
    assert [form(call)["refresh_token"] for call in wire.calls] == ["refr-0ne", "refr-tw0"]


def test_who_comes_late_with_a_stale_token_makes_no_refresh(wire, endpoint):
    wire.post(TOKEN, json=tokens("acc-tw0", "refr-tw0"))
    signed_in = SignedIn(endpoint, Tokens("acc-0ne", "refr-0ne"))
    assert signed_in.renew("acc-0ne") == signed_in.renew("acc-0ne") == "acc-tw0"
    assert len(wire.calls) == 1


def test_threads_that_meet_the_same_stale_token_make_one_refresh_together():
    asked, together = [], threading.Barrier(8)

    class Slow:
        def send(self, method, address, *, form, **_):
            asked.append(form["refresh_token"])
            return response(200, tokens("acc-tw0", "refr-tw0"))

    signed_in = SignedIn(
        TokenEndpoint(Slow(), configuration(), None), Tokens("acc-0ne", "refr-0ne")
    )

    def renew(_):
        together.wait()
        return signed_in.renew("acc-0ne")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(renew, range(8))) == ["acc-tw0"] * 8
    assert asked == ["refr-0ne"]


def test_at_the_end_the_refresh_token_of_then_is_revoked(wire, endpoint):
    wire.post(TOKEN, json=tokens("acc-tw0", "refr-tw0"))
    wire.post(REVOKE, json={"revoked": True})
    signed_in = SignedIn(endpoint, Tokens("acc-0ne", "refr-0ne"))
    signed_in.renew("acc-0ne")
    signed_in.sign_out()
    assert form(wire.calls[1]) == {"token_type_hint": "refresh_token", "token": "refr-tw0"}
    assert wire.calls[1].request.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 401},
        {"body": requests.ConnectionError("reset")},
        {"body": requests.exceptions.SSLError(ssl.SSLCertVerificationError("expired"))},
    ],
    ids=["unavailable", "refused", "no answer", "not trusted"],
)
def test_that_revoking_fails_is_logged_and_harms_nobody(wire, endpoint, caplog, fault):
    wire.post(REVOKE, **fault)
    SignedIn(endpoint, Tokens("acc-0ne", "refr-0ne")).sign_out()
    [record] = caplog.records
    assert record.levelname == "WARNING"


def test_without_a_refresh_token_there_is_nothing_to_revoke(wire, endpoint):
    SignedIn(endpoint, Tokens("acc-0ne", "")).sign_out()
    assert len(wire.calls) == 0


# --- Secrets ---


def test_neither_logs_nor_errors_nor_reprs_hold_a_secret(wire, endpoint, caplog):
    caplog.set_level("DEBUG")
    said = {"error": "unsure", "error_description": "refr-0ne acc-0ne c0de"}
    wire.post(
        TOKEN, body=requests.ConnectionError("https://x/?code=c0de s3cret-of-the-integration")
    )
    wire.post(TOKEN, status=500, json=said)
    wire.post(TOKEN, status=400, json=said)
    wire.post(TOKEN, status=200, json={"access_token": "acc-tw0\n", "refresh_token": ["refr-tw0"]})
    wire.post(REVOKE, status=500, json=said)
    signed_in = SignedIn(endpoint, Tokens("acc-0ne", "refr-0ne"))
    shown = [repr(endpoint), repr(signed_in), repr(Tokens("acc-0ne", "refr-0ne"))]
    for ask in (
        lambda: endpoint.exchange("c0de"),
        lambda: endpoint.refresh(Tokens("acc-0ne", "refr-0ne")),
        lambda: endpoint.exchange("c0de"),
    ):
        with pytest.raises(FortnoxError) as caught:
            ask()
        shown += [str(caught.value), repr(caught.value), repr(caught.value.details)]
    signed_in.sign_out()
    shown += [record.getMessage() + repr(record.args) for record in caplog.records]
    assert not [secret for secret in SECRETS if secret in "\n".join(shown)]
