"""An export that is killed at any write has sent nothing that it does not know of."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from killed_process import quick_folder

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no SIGKILL and no fork here")

TESTS = Path(__file__).parents[1]
IDS = ["/10301", "/10302", "/10303"]


@pytest.fixture(scope="module")
def told():
    places = (TESTS.parent, TESTS / "support")
    with quick_folder() as folder:
        done = subprocess.run(
            [sys.executable, "-P", str(TESTS / "support" / "killed_export.py"), str(folder)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, places))},
            stdout=subprocess.PIPE,
            check=True,
        )
    return json.loads(done.stdout)


def test_every_step_of_an_export_was_killed(told):
    steps = {one["step"] for one in told}
    assert {
        "INSERT INTO export_log",
        "INSERT INTO exported_items",
        "UPDATE definitions SET",
    } <= steps
    assert len(told) > 40


def test_what_was_sent_is_known_as_sent_or_as_about_to_be_sent(told):
    for one in told:
        for item_id in one["sent_before"]:
            assert one["left"][item_id.removeprefix("/")] in {"intended", "sent"}, one


def test_the_next_export_sends_each_invoice_once_and_settles_all(told):
    for one in told:
        assert one["sent"] == IDS, one
        assert set(one["states"].values()) == {"sent"}, one
        assert one["rest"] == {}, one
