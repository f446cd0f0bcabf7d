"""What the sandbox guesses is what Fortnox does: asked of the real service, by reading only.

Left out unless asked for, since a person has to sign in::

    FORTNOX_CLIENT_ID=… FORTNOX_CLIENT_SECRET=… FORTNOX_REDIRECT_URI=… pytest -m live

Nothing is written in Fortnox, the rate limit is respected, and the login is revoked
at the end. A guess that proves wrong is to be mended in the sandbox's switches.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
from contextlib import redirect_stdout

import pytest

from hostsim.sandbox import Switches
from opter_fortnox_plugin.configuration import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI
from opter_fortnox_plugin.diagnostics.command_line import main

pytestmark = pytest.mark.live

GUESSES = {field.name: field.default for field in dataclasses.fields(Switches)}


@pytest.fixture(scope="module")
def findings(request):
    """Have somebody sign in, and return what the probe finds, by name."""
    missing = [
        name for name in (CLIENT_ID, CLIENT_SECRET, REDIRECT_URI) if not os.environ.get(name)
    ]
    if missing:
        pytest.fail(
            f"The live tests ask the real Fortnox and need {', '.join(missing)}; "
            "docs/administrator.md says where they come from.",
            pytrace=False,
        )
    output = io.StringIO()
    capturing = request.config.pluginmanager.getplugin("capturemanager")
    # The person has to see where to sign in.
    with capturing.global_and_fixture_disabled(), redirect_stdout(output):
        status = main(["probe", "--json", "--lang", "en"])
    if status:
        pytest.fail(f"The probe ended with status {status}; it says above why.", pytrace=False)
    return {one["question"]: one for one in json.loads(output.getvalue())["findings"]}


def test_every_guess_that_reading_can_settle_is_right(findings):
    wrong = {
        name: f"guessed {GUESSES[name]!r}, Fortnox: {one['answer']!r} ({one['seen']})"
        for name, one in findings.items()
        if name in GUESSES and one["decided"] and one["answer"] != GUESSES[name]
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("meta_information", "first"),
        ("unknown_parameter", "refused"),
        ("trailing_slash", "accepted"),
        ("refresh_works", True),
        ("old_refresh_token", "invalid_grant"),
    ],
)
def test_what_the_plug_in_relies_on_is_so(name, answer, findings):
    assert findings[name]["decided"], findings[name]["because"]
    assert findings[name]["answer"] == answer
