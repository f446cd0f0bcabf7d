"""An export that is killed at any commit has sent nothing that it does not know of."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from killed_process import memory_folder

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no SIGKILL and no fork here")

TESTS = Path(__file__).parents[1]
IDS = ["/10301", "/10302", "/10303"]
BEFORE, AFTER = "111-1111", "5555-5551"


@pytest.fixture(scope="module", params=["invoices", "supplier-bills"])
def told(request):
    return told_of(request.param)


@pytest.fixture(scope="module")
def told_of_bills():
    return told_of("supplier-bills")


@functools.cache
def told_of(subject):
    places = (TESTS.parent, TESTS / "support")
    with memory_folder() as folder:
        done = subprocess.run(
            [sys.executable, "-P", str(TESTS / "support/killed_export.py"), str(folder), subject],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, places))},
            stdout=subprocess.PIPE,
            check=True,
        )
    return json.loads(done.stdout)


def statements(told):
    return {statement for one in told for statement in one["statements"]}


def test_every_commit_of_an_export_was_killed(told):
    assert {
        "INSERT INTO export_log",
        "INSERT INTO exported_items",
        "UPDATE definitions SET",
    } <= statements(told)
    assert len(told) > 10


def test_what_was_sent_is_known_as_sent_or_as_about_to_be_sent(told):
    for one in told:
        for item_id in one["sent_before"]:
            assert one["left"][item_id.removeprefix("/")] in {"intended", "sent"}, one


def test_the_next_export_sends_each_item_once_and_settles_all(told):
    for one in told:
        assert one["sent"] == IDS, one
        assert set(one["states"].values()) == {"sent"}, one
        assert one["rest"] == {}, one


def test_no_bill_is_sent_before_its_supplier_is_paid_as_was_confirmed(told_of_bills):
    confirming = {"INSERT INTO bank_confirmations", "UPDATE export_bank_changes AS"}
    assert confirming <= statements(told_of_bills)
    for one in told_of_bills:
        assert not one["sent_unattended"] or one["paid_unattended"] == AFTER, one


def test_bank_details_change_only_where_the_confirmation_is_stored(told_of_bills):
    for one in told_of_bills:
        assert one["paid_unattended"] == BEFORE or one["confirmed"], one
    assert {one["paid_before"] for one in told_of_bills} == {BEFORE, AFTER}
