"""``python -m opter_fortnox_plugin doctor`` needs no host."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import pytest
from ports import free_port

from hostsim.sandbox import Sandbox, scripted_login, seed
from opter_fortnox_plugin.diagnostics.command_line import main
from opter_fortnox_plugin.session import Surroundings


@pytest.fixture
def sandbox():
    with Sandbox(seed.empty(), redirect_uri=f"http://localhost:{free_port()}/callback") as sandbox:
        yield sandbox


@pytest.fixture
def doctor(sandbox, capsys):
    """Run the command; somebody signs in in the window that it opens."""

    def run(*arguments, **changes):
        status = main(
            ["doctor", *arguments],
            open_browser=_sign_in,
            surroundings=Surroundings(
                environment=sandbox.environment() | changes, sleep=lambda _: None
            ),
        )
        out, err = capsys.readouterr()
        return status, out, err

    return run


def _sign_in(address):
    threading.Thread(
        target=scripted_login.sign_in, args=(address, seed.USER, seed.PASSWORD), daemon=True
    ).start()


def test_it_ends_with_zero_where_all_is_ok(doctor):
    status, out, err = doctor()
    assert (status, "FEL" in out) == (0, False)
    assert "Integrationslicens" in out
    assert "Logga in i fönstret" in err


def test_it_ends_with_the_status_and_code_of_the_first_failure(doctor, sandbox):
    sandbox.state.withdraw_scope("payment")
    status, out, err = doctor("--lang", "en")
    assert (status, "FAILED" in out) == (4, True)
    assert err.splitlines()[-1].startswith("SCOPE_MISSING: ")


def test_where_standard_input_has_ended_nobody_is_waited_for(doctor, monkeypatch):
    with Path(os.devnull).open() as ended:
        monkeypatch.setattr(sys, "stdin", ended)
        status, _, err = doctor("--no-browser")
    assert (status, err.splitlines()[-1].partition(":")[0]) == (3, "INPUT_ENDED")


def test_it_writes_json_without_the_secret(doctor, sandbox):
    status, out, _ = doctor("--json", FORTNOX_REDIRECT_URI="https://example.com/")
    states = {one["name"]: one["state"] for one in json.loads(out)["findings"]}
    assert (status, states["configuration.redirect_uri"], states["login"]) == (
        2,
        "failed",
        "skipped",
    )
    assert sandbox.client_secret not in out


def test_a_fault_of_the_program_is_shown_without_its_message(sandbox, capsys):
    def broken(address):
        raise ValueError(address)

    status = main(
        ["doctor"],
        open_browser=broken,
        surroundings=Surroundings(environment=sandbox.environment()),
    )
    err = capsys.readouterr().err.splitlines()
    assert (status, err[-1].partition(":")[0], err[-2]) == (1, "INTERNAL", "ValueError")
