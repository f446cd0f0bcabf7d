"""Commands that nobody is there for: none of them waits, and each says how to sign in ahead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from at_the_sandbox import load_only_fortnox, running_sandbox, sign_in_automatically
from invoice_file import INVOICE

#: By what each command is called, where a name is the definition's.
COMMANDS = {
    "import": ("import", "In"),
    "reconcile": ("reconcile", "In"),
    "why": ("why", "1001", "In"),
    "doctor": ("doctor", "In"),
    "export": ("export", "Ut"),
    "check": ("export", "Ut", "--check"),
    "doctor of an export": ("doctor", "Ut"),
}


@pytest.fixture
def sandbox(monkeypatch):
    with running_sandbox(monkeypatch) as sandbox:
        yield sandbox


@pytest.fixture
def windows(monkeypatch):
    """The addresses that somebody signed in at, a system administrator."""
    return sign_in_automatically(monkeypatch)


@pytest.fixture
def run(run_command, monkeypatch, sandbox, windows):
    """Run a command where an import and an export use a service account."""
    load_only_fortnox(monkeypatch)
    assert run_command("init").status == 0
    assert run_command("invoices", "load", "fakturor.csv").status == 0
    kind = ("--type", "FortnoxAPI", "--set", "sign_in=service-account")
    since = ("--set", "ignore_payments_before=2026-01-01")
    assert run_command("formats", "add", "In", "--format", "API", *kind, *since).status == 0
    since = ("--set", "export_from_date=2026-01-01")
    assert run_command("exports", "add", "Ut", *kind, *since).status == 0
    return run_command


def advice(lines):
    return [line for line in lines if "hostsim sign-in" in line]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_without_a_consent_a_command_ends_at_once_and_says_what_to_type(run, windows, command):
    ended = run(*command, "--unattended", "--lang", "en")
    assert (ended.status, ended.last.partition(":")[0]) == (4, "NO_CONSENT")
    assert ended.err.splitlines()[-2].endswith("hostsim sign-in NAME")
    assert windows == []


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_where_somebody_would_sign_in_every_time_it_ends_at_once_too(run, windows, command):
    run("formats", "set", "In", "sign_in=every-time")
    run("exports", "set", "Ut", "sign_in=every-time")
    ended = run(*command, "--unattended")
    assert (ended.status, ended.last.partition(":")[0]) == (3, "LOGIN_NEEDED")
    assert ended.err.splitlines()[-2].endswith("hostsim sign-in NAMN")
    assert windows == []


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_after_a_consent_no_command_needs_anybody(run, windows, command):
    name = "Ut" if "Ut" in command else "In"
    assert run("sign-in", name).status == 0
    ended = run(*command, "--unattended")
    assert ended.status == 0, ended.err
    assert len(windows) == 1


def test_the_doctor_says_that_the_service_account_works(run):
    run("sign-in", "In")
    found = json.loads(run("doctor", "In", "--unattended", "--json", "--lang", "en").out)
    [login] = [one for one in found["findings"] if one["name"] == "login"]
    assert (login["state"], "service account" in login["sentence"]) == ("ok", True)


def test_an_error_that_no_login_mends_says_nothing_of_signing_in(run, sandbox):
    run("sign-in", "In")
    sandbox.state.withdraw_licence()
    ended = run("import", "In", "--unattended")
    assert ended.status == 4
    assert advice(ended.err.splitlines()) == []


def test_an_export_asks_nobody_whether_to_send(run, monkeypatch):
    Path("ut.json").write_text(json.dumps([INVOICE]), encoding="utf-8")
    assert run("invoices", "load", "ut.json").status == 0
    run("sign-in", "Ut")
    monkeypatch.setattr("hostsim.cli.exports.is_terminal", lambda _: True)
    monkeypatch.setattr("hostsim.cli.exports.typed_lines", lambda _: iter(["j\n"]))
    assert "[j/N]" not in run("export", "Ut", "--unattended").err
    assert "[j/N]" in run("export", "Ut").err
