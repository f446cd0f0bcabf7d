"""The address of a login, and what the token service answers. No connection is opened."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from any_response import bodies, headers
from fortnox import configuration, response, tokens
from hypothesis import given
from hypothesis import strategies as st

from opter_fortnox_plugin.errors import (
    FortnoxError,
    LoginFailed,
    NotPermitted,
    SettingsWrong,
    Temporary,
    Unavailable,
)
from opter_fortnox_plugin.login.oauth import authorization_url, refusal_of, tokens_of


def test_the_address_of_the_login_carries_what_fortnox_documents():
    address = authorization_url(configuration(), "st+te/=")
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://apps.fortnox.se/oauth-v1/auth"
    assert {name: values for name, [*values] in parse_qs(parts.query).items()} == {
        "client_id": ["k7Qclient"],
        "redirect_uri": ["http://localhost:51843/callback"],
        "response_type": ["code"],
        "scope": ["payment invoice companyinformation"],
        "state": ["st+te/="],
        "access_type": ["offline"],
    }
    assert "payment%20invoice%20companyinformation" in address


def test_tokens_are_read_by_name_and_whatever_the_content_type():
    made = tokens_of(response(200, tokens("acc-3ss", "refr-3sh"), content_type="text/html"))
    assert (made.access, made.refresh) == ("acc-3ss", "refr-3sh")


def test_without_a_refresh_token_there_is_an_access_token_all_the_same():
    assert tokens_of(response(200, {"access_token": "acc-3ss"})).refresh == ""


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"access_token": ""},
        {"access_token": 5},
        {"access_token": "a", "refresh_token": 5},
        [],
        b"",
        b"<html>",
    ],
)
def test_an_answer_without_tokens_is_none(body):
    with pytest.raises(Temporary):
        tokens_of(response(200, body))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_token_service_may_be_down_for_a_while(status):
    with pytest.raises(Temporary):
        tokens_of(response(status, b"<html>"))


@pytest.mark.parametrize(
    ("status", "word", "kind", "code"),
    [
        (400, "invalid_grant", LoginFailed, "LOGIN_FAILED"),
        (401, "invalid_client", SettingsWrong, "LOGIN_CLIENT_UNKNOWN"),
        (400, "invalid_request", Unavailable, "TOKEN_REFUSED"),
        (400, "Hemlig Kund", Unavailable, "TOKEN_REFUSED"),
        (400, "invalid_scope", SettingsWrong, "SCOPES_NOT_REGISTERED"),
        (400, "server_error", Unavailable, "LOGIN_SERVICE_DOWN"),
        (400, "error_missing_license", NotPermitted, "LICENCE_MISSING"),
    ],
)
def test_a_refusal_of_the_token_service_is_named(status, word, kind, code):
    body = {"error": word, "error_description": "Hemlig text"}
    with pytest.raises(kind) as caught:
        tokens_of(response(status, body, content_type="text/plain;charset=UTF-8"))
    assert caught.value.code == code
    assert "Hemlig" not in str(caught.value)


@given(st.text(min_size=1))
def test_only_a_plain_word_of_a_refusal_is_repeated(word):
    error = refusal_of(f"<{word}>")
    assert f"<{word}>" not in error.message.sv
    assert "\n" not in error.message.en


@given(st.integers(100, 999), bodies, headers)
def test_any_answer_of_the_token_service_is_tokens_or_an_error_that_we_know(status, body, headers):
    try:
        assert tokens_of(response(status, body, **headers)).access
    except (FortnoxError, Temporary):
        return
