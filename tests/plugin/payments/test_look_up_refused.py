"""Invoices that may not be looked up stop nothing else that was read."""

from __future__ import annotations

import json

import pytest

from hostsim.sandbox.faults import Fault
from hostsim.sandbox.matching import Match
from opter_fortnox_plugin.errors import FortnoxError
from tests.plugin.payments.test_balances import Comparing, office  # noqa: F401 - the fixture


def forbidden(code=2001339, status=403):
    body = json.dumps({"ErrorInformation": {"Error": 1, "Message": "Nej", "Code": code}})
    return Fault(status, body, "application/json", match=Match(path="/3/invoices*"), times=None)


REFUSALS = pytest.mark.parametrize(
    ("fault", "code"),
    [
        (forbidden(), "RIGHT_MISSING, code 2001339"),
        (forbidden(2001101), "LICENCE_MISSING, code 2001101"),
        (forbidden(2000663, 400), "SCOPE_MISSING, code 2000663"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)


@REFUSALS
def test_what_needs_a_look_up_waits_and_the_rest_is_shown(office, fault, code):  # noqa: F811
    office.pay(1, 2, 3)
    office.sandbox.faults.add(fault)
    host = Comparing("1")
    report, _ = office.bring(host)
    assert list(host.payments) == ["1"]
    assert {one.key.number: one.reason for one in host.excluded} == {
        "2": "not-looked-up",
        "3": "not-looked-up",
    }
    [note] = report.notes
    assert f"({code})" in note.en
    assert "2 payments wait to be looked up" in note.en
    # The next import reads them again, so that they can be looked up.
    assert report.cursor is None


@pytest.mark.parametrize(("status", "code"), [(503, "FORTNOX_UNAVAILABLE"), (403, "NOT_FORTNOX")])
def test_what_is_no_refusal_of_fortnoxs_ends_the_import(office, status, code):  # noqa: F811
    office.pay(1)
    match = Match(path="/3/invoices*")
    office.sandbox.faults.add(Fault(status, "<html>", "text/html", match=match, times=None))
    with pytest.raises(FortnoxError, match=code):
        office.bring(Comparing())


def test_it_is_asked_once(office):  # noqa: F811
    office.pay(*range(1, 61))
    office.sandbox.faults.add(forbidden())
    _, kinds = office.bring(Comparing())
    assert kinds["invoices"] == 1


def test_what_waits_comes_in_once_it_may_be_looked_up(office):  # noqa: F811
    office.pay(1)
    office.sandbox.faults.add(forbidden())
    host = Comparing()
    report, _ = office.bring(host)
    assert host.payments == {}
    office.sandbox.faults.clear()
    office.bring(host, cursor=report.cursor)
    assert host.payments["1"].ocr


def test_where_every_invoice_is_known_a_refusal_is_a_note_alone(office):  # noqa: F811
    office.pay(1)
    office.sandbox.faults.add(forbidden())
    host = Comparing("1")
    report, _ = office.bring(host)
    assert list(host.payments) == ["1"]
    assert host.excluded == []
    assert len(report.notes) == 1
    assert report.cursor
