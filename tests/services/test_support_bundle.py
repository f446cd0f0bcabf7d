"""A support bundle tells what is needed to understand a run, and nothing of anybody."""

from __future__ import annotations

import getpass
import json
import re
import sqlite3
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from fake_plugin import FakePlugin
from ports import free_port
from scripted_import import FakeTime, build_host

from hostsim.demo.preparation import exported_invoices
from hostsim.errors import HostError
from hostsim.ledger.values import ExportedInvoice
from hostsim.plugins.loading import Plugins
from hostsim.sandbox import Invoice, Payment, Sandbox, Switches, seed
from hostsim.sandbox.tokens import Grant
from hostsim.services import support_bundle
from hostsim.storage.store import Store
from opter_contract import hookimpl
from opter_fortnox_plugin import hooks
from opter_fortnox_plugin.fortnox.http import Transport

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 4, 20, 9, 0, 30, 123456, tzinfo=UTC)
USER_NAME = "kim-karlsson"
TELLING = "Skulder hos Bengt Ohlsson"
SCRIPT = "<script>alert('Åsa Lind')</script>"


class Office:
    """A host after an import that was saved, one that is open and one that failed."""

    def __init__(self, sandbox, store):
        self.sandbox, self.store = sandbox, store
        self.plugins = Plugins([("fortnox", hooks)])
        time = FakeTime()
        self.host = build_host(
            store, sandbox.environment(), self.code, transport=Transport, time=time, now=AT
        )
        self.host._user = USER_NAME

    def code(self):
        scopes = ("payment", "invoice", "companyinformation")
        grant = Grant(self.sandbox.client_id, seed.COMPANY, 1, scopes)
        return self.sandbox.state.tokens.issue_code(grant, self.sandbox.redirect_uri)

    def texts(self, folder, **environment):
        path = folder / "report.zip"
        support_bundle.write_bundle(
            path,
            self.store,
            self.plugins,
            environment=self.sandbox.environment() | environment,
            language="sv",
            at=AT,
        )
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture(scope="module")
def office(tmp_path_factory, now):
    state = seed.haulier(now)
    invoice = Invoice(
        number=77001, total=Decimal(50), invoice_date=date(2026, 1, 1),
        due_date=date(2026, 2, 1), customer_name=SCRIPT,
    )  # fmt: skip
    state.company(seed.COMPANY).add_invoice(invoice)
    state.company(seed.COMPANY).add_payment(
        Payment(invoice_number=77001, amount=Decimal(50), payment_date=now.date(), booked=True)
    )
    path = tmp_path_factory.mktemp("office") / "host.db"
    redirect = f"http://127.0.0.1:{free_port()}/callback"
    switches = Switches(rate_limit=None)
    with (
        Sandbox(state, redirect_uri=redirect, switches=switches) as sandbox,
        Store.create(path) as store,
    ):
        store.load_invoices(exported_invoices(now))
        store.load_invoices([ExportedInvoice("77001", "7700128", "K1", SCRIPT, "SEK", Decimal(50))])
        office = Office(sandbox, store)
        values = {
            "ignore_payments_before": seed.cut_off_date(now).isoformat(),
            "ignore_numbers_before": str(seed.LOWEST_NUMBER),
        }
        office.host.define(TELLING, "FortnoxAPI", "API", "", values)
        office.host.define("Bengts", "FortnoxAPI", "API", "Region Bengt", values)
        office.host.import_payments(TELLING)
        office.host.save(TELLING)
        office.preview = office.host.import_payments(TELLING)
        state.company(seed.COMPANY).integration_licence = False
        with pytest.raises(Exception, match="LICENCE_MISSING"):
            office.host.import_payments("Bengts")
        yield office


@pytest.fixture(scope="module")
def texts(office, tmp_path_factory):
    return office.texts(tmp_path_factory.mktemp("bundle"), BROWSER="bengts-browser")


def column(office, query):
    return {str(value) for row in office.store.db.execute(query) for value in row if value}


# --- What is not there ---


def found(texts, words):
    """Return the words that stand in the bundle by themselves, not inside a longer one."""
    everything = "\n".join([*texts, *texts.values()])
    return [
        word
        for word in words
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", everything, re.IGNORECASE)
    ]


def test_no_secret_that_was_issued_is_in_it(office, texts):
    assert len(office.sandbox.issued) >= 7
    everything = "\n".join(texts.values())
    assert [secret for secret in office.sandbox.issued if secret in everything] == []
    assert office.sandbox.client_id not in everything


def test_no_customer_is_in_it(office, texts):
    names = column(office, "SELECT customer_name FROM invoices")
    names |= {invoice.customer_name for invoice in office.sandbox.state.company().invoices()}
    assert SCRIPT in names
    assert len(names) > 5
    everything = "\n".join(texts.values()).lower()
    assert [name for name in names if name.lower() in everything] == []
    assert "<script" not in everything


def test_no_number_of_an_invoice_or_payment_and_no_ocr_is_in_it(office, texts):
    numbers = column(
        office,
        "SELECT number, ocr FROM invoices"
        " UNION SELECT invoice_number, ocr FROM run_rows UNION SELECT number, ocr FROM run_rows",
    )
    numbers.add(str(seed.LOWEST_NUMBER))
    long = [number for number in numbers if len(number) >= 5]
    assert len(long) > 150
    assert found(texts, long) == []


def test_no_name_of_a_company_region_definition_or_user_is_in_it(office, texts):
    company = office.sandbox.state.company(seed.COMPANY)
    words = [company.name, str(company.number), company.organisation_number]
    words += [TELLING, "Bengts", "Region Bengt", "Bengt", "Ohlsson", USER_NAME, "bengts-browser"]
    assert found(texts, [word for word in words if word]) == []


def test_no_place_on_the_machine_is_in_it(office, texts):
    everything = "\n".join(texts.values())
    for place in (str(Path.home()), str(office.store.path), str(office.store.path.parent)):
        assert place not in everything
    assert f"/{getpass.getuser()}" not in everything
    for value in office.sandbox.environment().values():
        assert value not in everything


def test_what_does_not_look_like_a_code_is_not_told(office, tmp_path):
    db = office.store.db
    db.execute("BEGIN")
    db.execute("UPDATE runs SET error_code = 'Bengt 0701234567' WHERE state = 'failed'")
    db.execute('UPDATE definitions SET settings = \'{"Bengts nyckel": "s3cret"}\'')
    db.execute("INSERT INTO settings VALUES ('default_currency', 'Bengts kronor')")
    try:
        texts = office.texts(tmp_path)
    finally:
        db.execute("ROLLBACK")
    assert json.loads(texts["settings.json"])["office"]["default_currency"] == "other"
    assert json.loads(texts["runs.json"])["latest"][0]["error_code"] == "other"
    everything = "".join(texts.values())
    assert "Bengt" not in everything
    assert "s3cret" not in everything


# --- What is there ---


def test_the_counts_are_those_of_the_preview(office, texts):
    runs = json.loads(texts["runs.json"])
    assert [run["state"] for run in runs["latest"]].count("open") == 1
    [run] = [run for run in runs["latest"] if run["state"] == "open"]
    assert run["counts"] == dict(office.preview.counts)
    assert {kind: Decimal(sum_) for kind, sum_ in run["totals_sek"].items()} == dict(
        office.preview.totals
    )
    assert run["requests"] == office.preview.requests
    rows = json.loads(texts["rows.json"])["open_previews"]
    for kind in ("ready", "rejected", "ignored"):
        reported = sum(row["rows"] for row in rows if row["kind"] == kind and not row["gone"])
        assert reported == office.preview.counts[kind]
    assert {row["definition"] for row in rows} == {1}


def test_a_run_that_failed_tells_its_code(texts):
    runs = json.loads(texts["runs.json"])["latest"]
    [failed] = [run for run in runs if run["state"] == "failed"]
    assert (failed["error_code"], failed["definition"]) == ("LICENCE_MISSING", 2)
    assert failed["started_at"] == "2026-04-20T09:00:30+00:00"


def test_what_waits_is_counted_by_reason(office, texts):
    reported = {row["reason"]: row["rows"] for row in json.loads(texts["rows.json"])["pending"]}
    assert reported == {
        row["reason"]: row["n"]
        for row in office.store.db.execute("SELECT reason, count(*) n FROM pending GROUP BY 1")
    }
    assert "invoice-not-found" in reported


def test_registered_payments_are_counted_by_month_and_currency(office, texts):
    reported = json.loads(texts["payments.json"])
    registered = list(office.store.payments())
    assert reported["registered"] == len(registered)
    month = registered[0].payment_date.strftime("%Y-%m")
    in_month = [one for one in registered if one.payment_date.strftime("%Y-%m") == month]
    assert sum(reported["by_month_and_currency"][month].values()) == len(in_month)


def test_a_number_of_thousands_of_digits_is_reported_by_its_length():
    shown = [support_bundle._shown_value("integer", value) for value in ("9" * 5000, "00", "7")]
    assert shown == ["a number of 5000 digits", "0", "a number of 1 digits"]


def test_settings_are_reported_by_field_and_definitions_by_number(texts, now):
    settings = json.loads(texts["settings.json"])
    first, second = settings["definitions"]
    assert (first["definition"], second["definition"]) == (1, 2)
    assert (first["region"], second["region"]) == ("default", 1)
    assert (first["company"], second["company"]) == (1, None)
    assert first["settings"] == {
        "ignore_payments_before": seed.cut_off_date(now).isoformat(),
        "ignore_numbers_before": "a number of 5 digits",
        "include_unbooked": "false",
        "sign_in": "every-time",
    }
    assert datetime.fromisoformat(first["watermark"]).tzinfo is not None
    assert second["watermark"] is None


def test_versions_and_plug_ins_are_reported(texts):
    versions = json.loads(texts["versions.json"])
    assert versions["sqlite"] == sqlite3.sqlite_version
    assert versions["packages"]["pluggy"]
    [reported] = versions["plugins"]
    assert reported["import_types"] == ["FortnoxAPI"]
    assert "opter_import_payments" in versions["contract_hooks"]


def test_the_state_of_the_database_is_reported(office, texts):
    database = json.loads(texts["database.json"])
    assert database["integrity"] == ["ok"]
    assert database["foreign_keys"] == {}
    assert database["schema_version"] >= 1
    [count] = office.store.db.execute("SELECT count(*) FROM invoices").fetchone()
    assert database["rows"]["invoices"] == count


def test_variables_are_reported_by_name(texts):
    environment = json.loads(texts["environment.json"])
    assert {"FORTNOX_CLIENT_SECRET", "BROWSER"} <= set(environment["set"])
    assert "HOSTSIM_DB" in environment["not_set"]


def test_every_environment_variable_of_the_administrators_page_is_looked_for():
    page = (ROOT / "docs/administrator.md").read_text(encoding="utf-8")
    table = page.split("| environment variable |")[1].split("\n\n")[0]
    assert set(re.findall(r"`([A-Z][A-Z_]+)`", table)) <= set(support_bundle.ENVIRONMENT)


def test_a_plug_in_that_was_left_out_tells_why_without_a_path(office, tmp_path):
    class Odd:
        opter_impl = None

    office_plugins = Plugins([("odd", Odd())])
    contents = support_bundle.contents_of(
        office.store, office_plugins, environment={}, language="sv", at=AT
    )
    [reported] = json.loads(contents["versions.json"])["plugins"]
    assert (reported["active"], "hook" in reported["reason"]) == (False, True)


def test_a_plug_in_that_cannot_name_its_settings_still_gets_a_bundle(office):
    def fail():
        raise SystemExit

    plugin = FakePlugin(code="FortnoxAPI")
    plugin.opter_settings_fields = hookimpl(fail)
    contents = support_bundle.contents_of(
        office.store, Plugins([("failing", plugin)]), environment={}, language="sv", at=AT
    )
    assert contents.keys() == support_bundle.PARTS.keys()


def test_a_damaged_database_still_gets_a_bundle(office, tmp_path):
    with Store.create(tmp_path / "damaged.db") as store:
        store.db.execute("DROP TABLE run_rows")
        contents = support_bundle.contents_of(
            store, office.plugins, environment={}, language="sv", at=AT
        )
    assert contents.keys() == support_bundle.PARTS.keys()
    del contents["README.txt"]
    reported = {name: json.loads(content) for name, content in contents.items()}
    assert reported["rows.json"] == {"error": "SQLITE_ERROR"}
    assert reported["runs.json"] == {"runs": 0, "latest": []}
    assert reported["database.json"]["integrity"] == ["ok"]


# --- The file ---


def test_a_file_that_exists_is_refused_and_left_alone(office, tmp_path):
    path = tmp_path / "report.zip"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(HostError) as refused:
        office.texts(tmp_path)
    assert (refused.value.code, refused.value.kind) == ("REPORT_EXISTS", "usage")
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_folder_that_does_not_exist_is_said(office, tmp_path):
    with pytest.raises(HostError, match="REPORT_UNREACHABLE"):
        office.texts(tmp_path / "nowhere")


def test_the_command_says_what_it_wrote_and_what_is_in_it(hostsim, tmp_path):
    assert hostsim("init").status == 0
    ended = hostsim("--lang", "en", "report", "r.zip")
    assert ended.status == 0
    with zipfile.ZipFile(tmp_path / "r.zip") as archive:
        for name in archive.namelist():
            assert f"{name}: " in ended.out
    again = hostsim("report", "r.zip")
    assert (again.status, again.last.split(":")[0]) == (2, "REPORT_EXISTS")


def test_the_command_lists_the_files_as_json(hostsim, tmp_path):
    assert hostsim("init").status == 0
    reported = hostsim("report", "r.zip", "--json").json
    with zipfile.ZipFile(tmp_path / "r.zip") as archive:
        assert sorted(reported["contents"]) == sorted(archive.namelist())
