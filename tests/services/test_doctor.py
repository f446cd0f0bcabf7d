"""``hostsim doctor`` checks what the host needs, and has the plug-in check the rest."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from at_the_sandbox import load_only_fortnox, running_sandbox, sign_in_automatically
from fake_export import SETTINGS, FakeExport, bill
from fake_plugin import FakePlugin, hookimpl, invoice

from hostsim import __main__
from hostsim.errors import HostError, exit_status, host_error
from hostsim.plugins.loading import Plugins
from hostsim.services.doctor import LABELS, NOT_USED, Doctor, first_failure
from hostsim.services.host import Host
from hostsim.storage.secrets import no_keyring
from hostsim.storage.store import Store
from opter_contract.values import Finding, Text

NAME = "Banken"
FINE = Text("Allt väl.", "All is well.")


class Bank(FakePlugin):
    """An import plug-in that can check itself."""

    answer = ()

    @hookimpl
    def opter_diagnose(self, run):
        self.runs.append(run)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class Other:
    """A plug-in of another import type."""

    @hookimpl
    def opter_import_types(self):
        return [SimpleNamespace(code="Other", formats=("API",), label=Text("Annat", "Other"))]


class Failed(Exception):
    code = "BANK_CLOSED"
    message = Text("Banken är stängd. Vänta.", "The bank is closed. Wait.")

    def __init__(self, kind):
        super().__init__(kind)
        self.kind = kind


@pytest.fixture
def bank():
    return Bank()


@pytest.fixture
def database(tmp_path):
    return tmp_path / "host.db"


@pytest.fixture
def store(database, bank):
    with Store.create(database) as store:
        Host(store, Plugins([("bank", bank)])).define(NAME, "Fake", "API", "", {})
        yield store


@pytest.fixture
def check(database, bank):
    def check(name=None, plugins=None, keyring=no_keyring):
        plugins = plugins or Plugins([("bank", bank)])
        doctor = Doctor(
            database,
            plugins,
            lambda store: Host(store, plugins, lock_wait=0.0),
            definition=name,
            keyring=keyring,
            patience=0.0,
        )
        return {one.name: one for one in doctor.run()}

    return check


def failed(findings):
    return {name: one.code for name, one in findings.items() if one.state == "failed"}


def skipped(findings):
    return {name for name, one in findings.items() if one.state == "skipped"}


# --- The host's own things ------------------------------------------------------------


def test_without_a_name_it_checks_what_needs_none(check, store, bank):
    findings = check()
    assert set(findings) == set(LABELS) - {"host.definition", "host.import"}
    assert failed(findings) == {}
    assert findings["host.invoices"].state == "unknown"
    assert bank.runs == []


def test_a_database_that_is_not_there_is_reported_and_what_needs_it_waits(check):
    findings = check(NAME)
    assert failed(findings) == {"host.database": "NO_DATABASE"}
    assert skipped(findings) == set(LABELS) - {"host.database", "host.versions", "host.plugins"}


def test_a_file_that_is_no_database_of_ours_is_reported(check, database):
    database.write_bytes(b"notes" * 1000)
    assert failed(check()) == {"host.database": "DATABASE_FOREIGN"}


def test_a_database_whose_tables_are_damaged_is_reported(check, store, database):
    store.close()
    broken = sqlite3.connect(database)
    broken.execute("PRAGMA writable_schema = ON")
    broken.execute("DELETE FROM sqlite_master WHERE name = 'settings'")
    broken.commit()
    broken.close()
    findings = check()
    assert findings["host.database"].code == "DATABASE_DAMAGED"
    assert set(failed(findings).values()) == {"DATABASE_DAMAGED"}


def test_a_broken_relation_in_the_database_is_reported(check, store, database):
    other = sqlite3.connect(database)
    other.execute("PRAGMA foreign_keys = OFF")
    other.execute("CREATE TABLE mine (of TEXT REFERENCES settings (key))")
    other.execute("INSERT INTO mine VALUES ('nothing')")
    other.commit()
    other.close()
    findings = check()
    assert failed(findings) == {"host.integrity": "DATABASE_DAMAGED"}
    assert "foreign_key_check: mine" in findings["host.integrity"].message.sv


def test_a_database_that_somebody_else_writes_to_is_busy(check, store, database):
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert failed(check()) == {"host.writable": "DATABASE_BUSY"}
    finally:
        other.close()


def test_a_lock_that_somebody_holds_is_reported(check, store):
    with store.locks.hold("doctor", wait=0) as got:
        assert got
        assert failed(check()) == {"host.locks": "DATABASE_BUSY"}


def test_another_default_currency_is_reported(check, store):
    store.set_setting("default_currency", "EUR")
    assert failed(check()) == {"host.currency": "DEFAULT_CURRENCY"}


@pytest.fixture
def folder(store):
    folder = store.path.with_name("host.db.secrets")
    folder.mkdir(mode=0o700)
    return folder


posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


@posix
def test_a_place_for_secrets_that_others_can_read_is_reported(check, folder):
    assert check()["host.secrets"].state == "ok"
    (folder / "one").touch(mode=0o644)
    findings = check()
    assert failed(findings) == {"host.secrets": "SECRETS_EXPOSED"}
    assert str(folder / "one") in findings["host.secrets"].message.sv
    folder.chmod(0o755)
    assert f"{folder}," in check()["host.secrets"].message.sv


@posix
def test_a_secret_that_a_run_stores_meanwhile_is_no_fault(check, folder, monkeypatch):
    (folder / "one.new").touch(mode=0o600)
    list_files = Path.iterdir

    def list_and_rename(path):
        files = list(list_files(path))
        if path == folder:
            (folder / "one.new").replace(folder / "one")
        return files

    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", list_and_rename)
        assert check()["host.secrets"].state == "ok"


@posix
def test_a_place_for_secrets_that_is_no_folder_is_reported(check, folder):
    shutil.rmtree(folder)
    folder.touch(mode=0o600)
    assert failed(check()) == {"host.secrets": "SECRETS_UNREACHABLE"}


def test_a_keyring_is_named(check, store):
    findings = check(keyring=object)
    assert findings["host.secrets"].message.sv == "Systemets nyckelring."


def test_a_plug_in_that_is_left_out_is_reported_with_the_reason(check, store, bank):
    findings = check(plugins=Plugins([("bank", bank), ("class", Bank)]))
    assert failed(findings) == {NOT_USED: "PLUGIN_LEFT_OUT"}
    assert "är en klass" in findings[NOT_USED].message.sv


def test_a_host_without_plug_ins_is_reported(check, store):
    assert failed(check(plugins=Plugins([]))) == {"host.plugins": "NO_PLUGINS"}


# --- A definition and its plug-in -------------------------------------------------------


@pytest.fixture
def loaded(store):
    store.load_invoices([invoice()])


def test_another_plug_in_that_is_left_out_is_no_fault_of_this_import(check, loaded, bank):
    bank.answer = []
    findings = check(NAME, plugins=Plugins([("bank", bank), ("class", Bank)]))
    assert failed(findings) == {}
    assert (findings[NOT_USED].state, findings[NOT_USED].code) == ("noted", "PLUGIN_LEFT_OUT")


def test_one_that_is_left_out_is_a_fault_where_the_import_has_no_plug_in(check, loaded, bank):
    plugins = Plugins([("other", Other()), ("class", Bank)])
    assert failed(check(NAME, plugins=plugins)) == {
        NOT_USED: "PLUGIN_LEFT_OUT",
        "host.definition": "IMPORT_TYPE_UNKNOWN",
    }


def test_what_the_plug_in_finds_comes_last(check, loaded, bank):
    bank.answer = [Finding("bank.vault", Text("Valv", "Vault"), "ok", FINE)]
    findings = check(NAME)
    assert list(findings)[-1] == "bank.vault"
    assert failed(findings) == {}
    assert bank.runs[0].definition == NAME


def test_a_definition_that_nobody_made_is_reported(check, store, bank):
    findings = check("Kassan")
    assert failed(findings) == {"host.definition": "DEFINITION_UNKNOWN"}
    assert skipped(findings) == {"host.invoices", "host.import"}
    assert bank.runs == []


def test_a_region_without_invoices_is_reported(check, store):
    findings = check(NAME)
    assert failed(findings) == {"host.invoices": "NO_INVOICES"}


def test_an_export_looks_for_what_it_exports(check, store, bank):
    plugins = Plugins([("bank", bank), ("books", FakeExport())])
    Host(store, plugins).define_export("Avr", "Fake", "supplier-bills", "", SETTINGS)
    assert check("Avr", plugins)["host.invoices"].state == "unknown"
    store.load_bills([bill("1"), bill("2")])
    found = check("Avr", plugins)["host.invoices"]
    assert (found.state, found.message.en) == ("ok", "Bills in the default region: 2.")


def test_a_plug_in_that_cannot_check_itself_is_reported(check, loaded, bank):
    bank.answer = None
    assert check(NAME)["host.import"].state == "unknown"


def test_an_error_of_the_plug_in_is_a_finding(check, loaded, bank):
    bank.answer = Failed("unavailable")
    findings = check(NAME)
    assert failed(findings) == {"host.import": "BANK_CLOSED"}
    assert exit_status(first_failure(list(findings.values()))) == 5


def test_a_bug_of_the_plug_in_is_a_finding_without_what_it_said(check, loaded, bank):
    bank.answer = ValueError("a secret")
    findings = check(NAME)
    assert failed(findings) == {"host.import": "PLUGIN_FAILED"}
    assert "a secret" not in repr(findings)


@pytest.mark.parametrize(
    "cancelled", [Failed("cancelled"), host_error("CANCELLED")], ids=["its own", "the host's"]
)
def test_a_person_who_cancels_ends_it(check, loaded, bank, cancelled):
    bank.answer = cancelled
    with pytest.raises(type(cancelled)):
        check(NAME)


@pytest.mark.parametrize(
    "answer",
    [[None], [Finding("x", None, "ok", FINE)], iter([])],
    ids=["none", "without words", "one by one"],
)
def test_findings_that_are_none_of_the_contract_are_a_finding(check, loaded, bank, answer):
    bank.answer = answer
    assert failed(check(NAME)) == {"host.import": "CONTRACT_BROKEN"}


def test_an_import_that_is_running_is_reported(check, loaded, store):
    with store.locks.hold("definition", NAME, wait=0):
        assert failed(check(NAME)) == {"host.import": "IMPORT_RUNNING"}


def test_the_first_failure_thing_gives_the_error():
    findings = [
        Finding("a", FINE, "unknown", FINE),
        Finding("b", FINE, "failed", FINE, "B", "login"),
        Finding("c", FINE, "failed", FINE, "C", "busy"),
    ]
    error = first_failure(findings)
    assert isinstance(error, HostError)
    assert (error.code, exit_status(error)) == ("B", 3)
    assert first_failure(findings[:1]) is None


def test_what_to_type_names_the_definition_that_was_asked_for():
    findings = [Finding("a", FINE, "failed", FINE, "NO_DEFINITIONS", "usage")]
    assert first_failure(findings, "Bank").command.sv == "Skriv: hostsim formats add Bank"


# --- The command, with the real plug-in and the sandbox -----------------------------------


@pytest.fixture
def command(database, store, monkeypatch, capsys):
    """Run a command on a host with the plug-in of Fortnox; somebody signs in in its window."""
    load_only_fortnox(monkeypatch)
    sign_in_automatically(monkeypatch)

    def run(*arguments):
        status = __main__.main(["--db", str(database), *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture
def sandbox(monkeypatch):
    with running_sandbox(monkeypatch) as sandbox:
        yield sandbox


@pytest.fixture
def defined(command, loaded, sandbox):
    values = "ignore_payments_before=2026-01-01"
    arguments = ("--type", "FortnoxAPI", "--format", "API", "--set", values)
    assert command("formats", "add", "Fortnox", *arguments)[0] == 0
    return command


def test_the_command_shows_a_line_for_each_thing_and_ends_with_zero(defined):
    status, out, _ = defined("doctor", "Fortnox")
    assert status == 0
    assert "✓ rätt" in out
    assert "Inget fel hittades." in out
    assert "Integrationslicens" in out


def test_the_command_checks_an_export_too(defined, sandbox):
    values = "export_from_date=2026-01-01"
    assert defined("exports", "add", "Ut", "--type", "FortnoxAPI", "--set", values)[0] == 0
    status, out, _ = defined("doctor", "Ut", "--json")
    found = {one["name"]: one["state"] for one in json.loads(out)["findings"]}
    assert (status, found["host.definition"], found["rights.customers"]) == (0, "ok", "ok")
    assert found["setup.ocr"] == "unknown"
    assert "rights.payments" not in found


def test_the_command_ends_with_the_status_and_the_code_of_the_first_failure_thing(defined, sandbox):
    sandbox.state.withdraw_scope("payment")
    status, out, err = defined("doctor", "Fortnox", "--lang", "en")
    assert (status, err.splitlines()[-1].partition(":")[0]) == (4, "SCOPE_MISSING")
    assert "✗ failed" in out
    assert "1 failed." in out


def test_the_command_writes_json_without_a_secret(defined, sandbox):
    status, out, _ = defined("doctor", "Fortnox", "--json")
    found = {one["name"]: one for one in json.loads(out)["findings"]}
    assert (status, found["login"]["state"], found["login"]["code"]) == (0, "ok", None)
    assert sandbox.client_secret not in out


def test_input_that_ends_takes_nothing_away_of_the_plug_ins_part(defined, monkeypatch):
    with Path(os.devnull).open() as ended:
        monkeypatch.setattr(sys, "stdin", ended)
        status, out, err = defined("doctor", "Fortnox", "--no-browser", "--json")
    found = {one["name"]: one["state"] for one in json.loads(out)["findings"]}
    assert (found["answer.api"], found["login"], found["company"]) == ("ok", "failed", "skipped")
    assert (status, err.splitlines()[-1].partition(":")[0]) == (3, "INPUT_ENDED")


def test_the_command_works_before_there_is_a_database(command, database, store):
    store.close()
    database.unlink()
    status, out, err = command("doctor")
    assert (status, err.splitlines()[-1].partition(":")[0]) == (2, "NO_DATABASE")
    assert "– ej sett" in out
