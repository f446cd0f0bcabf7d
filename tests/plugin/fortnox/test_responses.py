"""Responses in, values or errors out. No connection is opened."""

from __future__ import annotations

from decimal import Decimal

import pytest
from any_response import bodies, headers
from fortnox import error, page, payment, response, tokens
from hypothesis import given
from hypothesis import strategies as st

from opter_fortnox_plugin.errors import FortnoxError, Missing, Refused, Temporary, Unauthorized
from opter_fortnox_plugin.fortnox.responses import page_of, value_of

OURS = (FortnoxError, Temporary, Unauthorized, Missing)


def failure(response):
    with pytest.raises(OURS) as caught:
        value_of(response, "invoicepayments")
    return caught.value


# --- Errors ---

CASINGS = pytest.mark.parametrize("capital", [True, False])
AS_TEXT = pytest.mark.parametrize("spelled", [int, str])


@CASINGS
@AS_TEXT
@pytest.mark.parametrize("status", [400, 403])
def test_a_missing_scope_is_named_whatever_its_status_and_casing(status, spelled, capital):
    problem = failure(response(status, error(spelled(2000663), capital=capital)))
    assert (problem.code, problem.kind) == ("SCOPE_MISSING", "permission")


@CASINGS
@AS_TEXT
@pytest.mark.parametrize("code", [2001101, 2001103])
@pytest.mark.parametrize("status", [400, 403])
def test_a_missing_licence_is_named(status, code, spelled, capital):
    problem = failure(response(status, error(spelled(code), capital=capital)))
    assert (problem.code, problem.kind) == ("LICENCE_MISSING", "permission")


@pytest.mark.parametrize("code", [2001339, 2003330])
def test_a_missing_right_of_the_person_is_named_with_its_code(code):
    problem = failure(response(400, error(code)))
    assert (problem.code, problem.kind) == ("RIGHT_MISSING", "permission")
    assert str(code) in problem.message.sv


@CASINGS
@AS_TEXT
@pytest.mark.parametrize("code", [2009999, 0])
def test_a_refusal_names_a_code_that_nobody_knows(code, spelled, capital):
    problem = failure(response(403, error(spelled(code), capital=capital)))
    assert problem.code == "RIGHT_MISSING"
    assert f"(kod {code})" in problem.message.sv


@pytest.mark.parametrize(
    "information",
    [
        '{"Code": "", "code": 2009999}',
        '{"Code": null, "code": "2009999"}',
        '{"Code": 2009999.0}',
        '{"Code": " 2009999 "}',
        '{"Message": "Beh\u00f6righet saknas", "Code": 2009999}',
    ],
)
def test_a_code_is_read_however_it_is_written(information):
    body = f'{{"ErrorInformation": {information}}}'.encode("latin-1")
    assert "2009999" in failure(response(403, body)).message.en


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b'{"message": "x"}'])
def test_5xx_may_go_well_the_next_time_whatever_its_body(status, body):
    assert isinstance(failure(response(status, body)), Temporary)


@pytest.mark.parametrize("body", [b"", b"Too Many Requests", b'{"message":"Too Many Requests"}'])
def test_429_is_the_rate_limit_whatever_its_body(body):
    problem = failure(response(429, body))
    assert isinstance(problem, Temporary)
    assert problem.limited
    assert problem.wait is None


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("Tue, 03 Feb 2026 08:15:42 GMT", 12.0),
        ("Tue, 03 Feb 2026 08:15:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("9" * 5000, None),
        ("٧", None),
    ],
)
def test_429_says_how_long_to_wait_in_seconds_or_as_a_date(told, seconds):
    assert failure(response(429, b"", retry_after=told)).wait == seconds


@CASINGS
def test_a_404_of_fortnoxs_own_says_that_there_is_no_such_thing(capital):
    assert isinstance(failure(response(404, error(2000434, capital=capital))), Missing)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"message": "no Route matched"}', b"[]"])
def test_a_404_of_somebody_in_between_does_not_say_that_a_payment_is_gone(body):
    assert not isinstance(failure(response(404, body)), Missing)


@CASINGS
@pytest.mark.parametrize("code", [2000588, 2000587, 2001399, "API_NORIGHT", None, [], 10**40])
def test_any_other_400_is_a_fault_of_ours_and_not_tried_again(code, capital):
    problem = failure(response(400, error(code, capital=capital)))
    assert isinstance(problem, Refused)
    assert "invoicepayments" in problem.message.sv


def test_an_error_sent_with_200_is_an_error():
    assert failure(response(200, error(2000663))).code == "SCOPE_MISSING"


def test_an_error_repeats_nothing_of_what_fortnox_said():
    for status in (400, 401, 403, 404, 429, 500):
        for code in (2000663, 2001103, 2003330, 1000029, 2000588, 2000434):
            said = error(code, message="Hemlig Kund AB", capital=True)
            problem = failure(response(status, said, retry_after="Hemlig Kund AB"))
            assert "Hemlig" not in repr(problem) + str(problem) + repr(vars(problem))


def test_a_reply_shows_neither_its_headers_nor_its_body():
    made = response(200, tokens("acc-3ss", "refr-3sh"), set_cookie="c00kie")
    assert not any(word in repr(made) for word in ("acc-3ss", "refr-3sh", "c00kie"))


def test_the_body_is_read_whatever_its_content_type_says():
    for kind in ("text/html; charset=UTF-8", "text/plain;charset=UTF-8", "application/xml", ""):
        assert value_of(response(200, {"a": 1}, content_type=kind), "x") == {"a": 1}


NO_OBJECTS = [b"[]", b"null", b"5", b'"x"', b"true"]
NO_JSON = [b"", b" ", b"<html>", b'{"a": 1', b"{'a': 1}", b"\xff\xfe\xfd", b'{"a": \xe5}', b"[1,]"]


@pytest.mark.parametrize("body", NO_OBJECTS + NO_JSON)
def test_what_is_no_object_may_come_whole_the_next_time(body):
    assert isinstance(failure(response(200, body)), Temporary)


@pytest.mark.parametrize(
    "text", ["Sun, 22 Nov 2026 10:00:00 +99999999999999", "Fri, 31 Dec 9999 23:59:59 -0500"]
)
def test_a_wait_beyond_all_calendars_is_an_answer_to_be_asked_for_again(text):
    assert isinstance(failure(response(429, b"", retry_after=text)), Temporary)


@given(st.integers(100, 999), bodies, headers)
def test_any_reply_is_an_object_or_an_error_that_we_know(status, body, headers):
    try:
        assert isinstance(value_of(response(status, body, **headers), "x"), dict)
    except OURS:
        return


# --- Lists ---


def test_a_page_has_its_rows_and_how_many_there_are():
    made = page_of(page([payment(1), payment(2)], total=715, pages=8), "InvoicePayments")
    assert (len(made.rows), made.total, made.pages) == (2, 715, 8)


def test_an_empty_list_has_no_pages():
    made = page_of(page([], pages=0), "InvoicePayments")
    assert (made.rows, made.total, made.pages) == ([], 0, 0)


def test_a_page_beyond_the_end_is_empty():
    assert page_of(page([], total=3, pages=1), "InvoicePayments").rows == []


def test_counts_may_come_as_text():
    assert page_of(page([payment(1)], total="715", pages="8"), "InvoicePayments").total == 715


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"InvoicePayments": []},
        {"MetaInformation": {"@TotalResources": 1, "@TotalPages": 1}},
        {"MetaInformation": {"@TotalResources": 1}, "InvoicePayments": []},
        {"MetaInformation": None, "InvoicePayments": []},
        page(None, total=0),
        page({}, total=0),
        page([], total=-1),
        page([], total=None) | {"MetaInformation": {"@TotalResources": None, "@TotalPages": 1}},
        page([1], total="API_NORIGHT"),
        page([1], total=Decimal("NaN")),
        page([1], total=Decimal("Infinity")),
        page([1], total=1, pages=0),
    ],
)
def test_what_is_no_list_with_its_counts_may_come_whole_the_next_time(wrong):
    with pytest.raises(Temporary):
        page_of(wrong, "InvoicePayments")


def test_a_page_shows_none_of_its_rows():
    assert "9001" not in repr(page_of(page([payment(1)]), "InvoicePayments"))
