"""What answers in Fortnox's place is named, and neither the person nor the plug-in is blamed."""

from __future__ import annotations

from itertools import product

import pytest
from fortnox import error, response
from hypothesis import given
from hypothesis import strategies as st

from opter_fortnox_plugin.errors import NotFortnox, NotPermitted, Temporary, Unauthorized
from opter_fortnox_plugin.fortnox.protocol import Response
from opter_fortnox_plugin.fortnox.responses import value_of
from opter_fortnox_plugin.fortnox.retries import unavailable
from opter_fortnox_plugin.login.oauth import is_revoked, tokens_of

PAGES = [b"<!doctype html><title>Sign in</title>", b"Access denied", b"\xef\xbb\xbf<html>"]
SOMEBODY = st.sampled_from(PAGES)


def failure(read, answer):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the kind is what is looked at
        read(answer)
    return caught.value


def of_api(answer):
    return failure(lambda one: value_of(one, "invoicepayments"), answer)


def of_token_service(answer):
    return failure(tokens_of, answer)


READERS = pytest.mark.parametrize("read", [of_api, of_token_service])


@READERS
@given(status=st.integers(200, 428).filter(lambda status: status != 408), body=SOMEBODY)
def test_a_page_of_any_status_is_not_fortnoxs(read, status, body):
    problem = read(response(status, body))
    assert isinstance(problem, NotFortnox)
    told = unavailable(problem, 1)
    assert (told.code, told.kind, told.details["status"]) == ("NOT_FORTNOX", "unavailable", status)


@READERS
@pytest.mark.parametrize("status", [301, 302, 401, 403, 407, 451])
def test_what_wants_a_login_of_its_own_is_not_asked_again(read, status):
    assert not read(response(status, b"<html>")).may_pass


@READERS
@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_names_the_host_that_it_leads_to_and_no_more(read, status):
    problem = read(response(status, b"", location="https://login.firm.se/sso?code=hemlig"))
    assert problem.who.en == "a redirect to login.firm.se"
    assert not problem.may_pass


@READERS
def test_a_proxy_names_itself(read):
    problem = read(Response(403, {"server": "squid/5.7"}, b"<html>", proxy="proxy.firm.se:8080"))
    assert problem.who.en == "a server that calls itself squid/5.7"
    problem = read(Response(403, {"server": "Fortnox"}, b"<html>", proxy="proxy.firm.se:8080"))
    assert problem.who.en == "maybe the proxy proxy.firm.se:8080"


def test_behind_a_proxy_an_empty_403_of_fortnoxs_is_a_missing_right():
    assert of_api(Response(403, {"server": "Fortnox"}, b"", proxy="p:1")).code == "RIGHT_MISSING"


@READERS
@pytest.mark.parametrize(
    ("status", "body", "server"),
    [
        (403, {"error": "blocked", "message": "WAF"}, "squid/5.7"),
        (400, {"error": "Blocked by firewall"}, "squid/5.7"),
        (401, {"message": "unauthorized"}, "squid/5.7"),
        (451, {"message": "blocked"}, "squid/5.7"),
        (451, {"message": "blocked"}, ""),
        (407, {"message": "x"}, ""),
        (511, {"message": "x"}, ""),
        (511, b"<html>", ""),
    ],
)
def test_json_of_somebody_else_is_not_fortnoxs_either(read, status, body, server):
    assert isinstance(read(response(status, body, server=server)), NotFortnox)


@READERS
@pytest.mark.parametrize(
    ("server", "says"),
    [
        ("squid/5.7", "a server that calls itself squid/5.7"),
        ("<script>", "it did not say who it was"),
        ("x" * 500, "it did not say who it was"),
        ("", "it did not say who it was"),
    ],
)
def test_a_server_is_named_where_that_can_be_shown(read, server, says):
    assert read(response(403, b"<html>", server=server)).who.en == says


@READERS
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_fault_of_a_server_names_it_and_may_pass(read, status):
    problem = read(response(status, b"<html>", server="nginx"))
    assert problem.what == f"{status}, nginx"
    assert problem.may_pass
    assert unavailable(problem, 6).code == "FORTNOX_UNAVAILABLE"


def test_a_stale_token_is_told_by_fortnox_alone():
    for body in ({"message": "unauthorized"}, b"", {"error": "x"}):
        assert isinstance(of_api(response(401, body)), Unauthorized)
    for asked in ("Basic realm=x", "Negotiate", "NTLM"):
        assert isinstance(of_api(response(401, b"", www_authenticate=asked)), NotFortnox)


@pytest.mark.parametrize(
    "body",
    [
        error(2001339),
        {"message": "Behörighet saknas"},
        {"error": "forbidden", "error_description": "Behörighet saknas"},
        b"",
    ],
)
def test_a_missing_right_is_told_in_each_of_fortnoxs_forms(body):
    assert of_api(response(403, body)).code == "RIGHT_MISSING"


@pytest.mark.parametrize("body", [b"[]", b'{"blocked": true}', b'{"error": "blocked"}'])
def test_another_403_is_not_fortnoxs(body):
    assert isinstance(of_api(response(403, body)), NotFortnox)


@READERS
def test_an_answer_that_was_cut_off_may_come_whole(read):
    problem = read(response(200, b'{"access_tok'))
    assert type(problem) is Temporary


# --- Licences and waiting -------------------------------------------------------------


ERRORS_OF_LICENCES = [
    {"error": "error_missing_license"},
    {"error": "invalid_grant", "error_description": "Company does not have enough licenses"},
    {"error": "x", "error_hint": {"sv": "Licensen har gått ut"}},
]
WORDS_OF_LICENCES = [{"message": "no licence"}, b"You do not have enough licenses"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *product([200, 400, 401, 403, 500], ERRORS_OF_LICENCES),
        *product([400, 401, 403, 500], WORDS_OF_LICENCES),
    ],
)
def test_words_of_a_licence_anywhere_are_the_licences_error(status, body):
    problem = of_token_service(response(status, body))
    assert (problem.code, problem.kind) == ("LICENCE_MISSING", "permission")


@pytest.mark.parametrize("status", [400, 500, 503])
@pytest.mark.parametrize("word", ["server_error", "temporarily_unavailable"])
def test_a_login_service_that_is_down_says_so_with_any_status(status, word):
    problem = of_token_service(response(status, {"error": word}))
    assert (problem.code, problem.kind) == ("LOGIN_SERVICE_DOWN", "unavailable")


def test_a_login_service_that_says_when_to_come_back_is_waited_for():
    problem = of_token_service(response(503, {"error": "server_error"}, retry_after="600"))
    assert unavailable(problem, 1).code == "FORTNOX_ASKS_TO_WAIT"


def test_who_has_payments_is_not_told_to_buy_invoicing():
    problem = of_api(response(403, error(2001101)))
    assert isinstance(problem, NotPermitted)
    assert "a licence for invoicepayments" in problem.message.en
    assert "program" not in problem.message.en


@READERS
@pytest.mark.parametrize("code", [1000003, 1000029])
def test_an_internal_error_of_fortnoxs_may_pass(read, code):
    assert read(response(400, error(code))).may_pass


def test_a_long_wait_is_told_in_minutes():
    told = unavailable(of_api(response(503, b"", retry_after="610")), 1)
    assert told.code == "FORTNOX_ASKS_TO_WAIT"
    assert told.details["time"].en == "11 minutes"
    told = unavailable(of_api(response(503, b"", retry_after="86400")), 1)
    assert "om 24 timmar" in told.message.sv


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"revoked": false}', b'{"revoked": "x"}'])
def test_only_fortnox_says_that_a_token_is_revoked(body):
    assert not is_revoked(response(200, body))
    assert is_revoked(response(200, {"revoked": True}))
