"""The plug-in's doctor finds what an export of invoices needs, and how Fortnox is set up."""

from __future__ import annotations

from decimal import Decimal

import pytest
import requests
from invoice_export import Office, invoice, new_sandbox

from hostsim.sandbox import Invoice
from opter_contract.values import Company
from opter_fortnox_plugin.diagnostics.doctor.run import diagnose
from opter_fortnox_plugin.session import Surroundings
from tests.plugin.diagnostics.test_doctor import refused

SETTINGS = {"export_from_date": "2026-01-01"}
SET_UP = ("setup.ocr", "setup.numbers", "setup.fees", "setup.lockedperiod")
RIGHTS = ("company", "invoices", "customers", "accounts", "years", "currencies", "lockedperiod")


@pytest.fixture
def office():
    with new_sandbox() as sandbox:
        yield Office(sandbox)


@pytest.fixture
def examine(office):
    """Examine; return the findings by name."""

    def examine(company=None, **settings):
        run = office.host.new_run(
            "FortnoxAPI", SETTINGS | settings, subject=office.subject, company=company
        )
        found = diagnose(
            run, proxy=lambda _: None, surroundings=Surroundings(environment={}, sleep=office.sleep)
        )
        return {one.name: one for one in found}

    return examine


def made_in_fortnox(office, number):
    values = {
        "number": number,
        "total": Decimal("1250.00"),
        "currency": "SEK",
        "customer_number": "1042",
        "invoice_date": invoice().invoice_date,
        "due_date": invoice().due_date,
    }
    office.fortnox.add_invoice(Invoice(**values))


# --- Rights ---------------------------------------------------------------------------


def test_all_is_ok_where_an_export_would_work(examine):
    findings = examine()
    not_ok = {name: one.state for name, one in findings.items() if one.state != "ok"}
    assert not_ok == dict.fromkeys(("currency", "setup.ocr", "setup.fees"), "unknown")
    assert set(SET_UP) <= set(findings)
    assert {f"rights.{name}" for name in RIGHTS} <= set(findings)
    assert "rights.payments" not in findings


def test_it_asks_for_the_scopes_of_what_the_settings_use(office, examine):
    examine()
    examine(cost_center="unit", attach_pdf="true")
    few, all_of_them = (
        one.query["scope"].split() for one in office.sandbox.asked if "scope" in one.query
    )
    assert "payment" not in few
    assert set(all_of_them) - set(few) == {"costcenter", "inbox", "connectfile"}


def test_it_changes_nothing_and_reads_each_register_once(office, examine):
    examine(cost_center="unit", attach_pdf="true")
    asked = [one for one in office.sandbox.asked if one.path.startswith("/3/")]
    assert {one.method for one in asked} == {"GET"}
    paths = [one.path.removeprefix("/3/") for one in asked]
    # The company once without a token, to see whether the API answers.
    assert sorted(paths) == sorted(
        ["companyinformation"] * 2
        + ["invoices", "customers", "accounts", "financialyears", "currencies"]
        + ["settings/lockedperiod", "costcenters", "inbox"]
    )


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/3/customers", "rights.customers"),
        ("/3/accounts", "rights.accounts"),
        ("/3/currencies", "rights.currencies"),
        ("/3/settings/lockedperiod", "rights.lockedperiod"),
        ("/3/costcenters", "rights.costcenters"),
        ("/3/inbox", "rights.inbox"),
    ],
)
def test_a_right_that_the_person_lacks_fails(office, examine, path, right):
    refused(office.sandbox, path, 2003330)
    findings = examine(cost_center="unit", attach_pdf="true")
    failed = {name: one.code for name, one in findings.items() if one.state == "failed"}
    assert failed == {right: "RIGHT_MISSING"}


def test_a_withdrawn_scope_fails(office, examine):
    office.sandbox.state.withdraw_scope("customer")
    findings = examine()
    assert (findings["scopes"].code, findings["rights.customers"].state) == (
        "SCOPE_MISSING",
        "skipped",
    )


def test_files_on_invoices_need_a_scope_too(office, examine):
    office.set_invoices(invoice()).export()
    assert examine(attach_pdf="true")["rights.attachments"].state == "ok"
    office.sandbox.state.withdraw_scope("connectfile")
    finding = examine(attach_pdf="true")["rights.attachments"]
    assert (finding.state, finding.code) == ("failed", "SCOPE_MISSING")


def test_a_right_to_attached_files_is_called_so_and_not_by_its_address(office, examine):
    office.set_invoices(invoice()).export()
    refused(office.sandbox, "/api/fileattachments/attachments-v1", 2003330)
    finding = examine(attach_pdf="true")["rights.attachments"]
    assert finding.code == "RIGHT_MISSING"
    assert "may not read attached files in" in finding.message.en
    assert "får inte läsa bifogade filer i" in finding.message.sv


def test_files_on_bills_need_a_scope_too(office, examine):
    office.subject = "supplier-bills"
    office.sandbox.state.withdraw_scope("connectfile")
    findings = examine(attach_pdf="true")
    assert (findings["scopes"].code, findings["rights.attachments"].state) == (
        "SCOPE_MISSING",
        "skipped",
    )


def test_files_on_invoices_cannot_be_seen_before_there_is_an_invoice(examine):
    assert examine(attach_pdf="true")["rights.attachments"].state == "unknown"
    assert "rights.attachments" not in examine()


def test_what_needs_a_right_that_lacks_is_skipped(office, examine):
    refused(office.sandbox, "/3/invoices", 2003330)
    findings = examine()
    assert {findings[name].state for name in ("setup.numbers", "setup.fees")} == {"skipped"}
    assert findings["setup.lockedperiod"].state == "ok"


def test_the_company_is_compared_with_the_one_of_the_export(examine):
    assert "export" in examine()["company"].message.en
    assert examine(company=Company("1", "Annat AB"))["company"].code == "WRONG_COMPANY"


# --- How Fortnox is set up ----------------------------------------------------------------


def test_its_own_ocr_cannot_be_seen_and_is_told_where_to_check(examine):
    finding = examine()["setup.ocr"]
    assert finding.state == "unknown"
    assert "Settings" in finding.message.en


def test_numbers_in_series_apart_are_told_with_both_ranges(office, examine):
    office.set_invoices(invoice("10301"), invoice("10302")).export()
    made_in_fortnox(office, 17)
    finding = examine()["setup.numbers"]
    assert finding.state == "ok"
    assert "10301–10302" in finding.message.sv
    assert "17" in finding.message.sv


@pytest.mark.parametrize("number", [10302, 20000])
def test_other_numbers_among_ours_or_above_are_told_with_both_ranges(office, examine, number):
    office.set_invoices(invoice("10301"), invoice("10303")).export()
    made_in_fortnox(office, 17)
    made_in_fortnox(office, number)
    finding = examine()["setup.numbers"]
    assert finding.state == "unknown"
    assert "10301–10303" in finding.message.en
    assert f"{number}, are among or above" in finding.message.en
    assert "or begin ours above theirs" in finding.message.en


def test_before_the_first_export_the_numbers_that_are_there_are_told(office, examine):
    made_in_fortnox(office, 17)
    made_in_fortnox(office, 40)
    finding = examine()["setup.numbers"]
    assert (finding.state, "17–40" in finding.message.sv) == ("unknown", True)


@pytest.mark.parametrize(
    ("preset", "state"),
    [
        ({}, "ok"),
        ({"administration_fee": Decimal(49)}, "unknown"),
        ({"freight": Decimal(20)}, "unknown"),
    ],
)
def test_a_fee_of_the_newest_invoice_that_was_made_there_is_told(office, examine, preset, state):
    office.set_invoices(invoice()).export()
    office.fortnox.registers.change_set_up(**preset)
    token = office.sandbox.sign_in(scopes=["invoice", "customer"]).access
    made = requests.post(
        f"{office.sandbox.api_url}/invoices",
        headers={"Authorization": f"Bearer {token}"},
        json={"Invoice": {"CustomerNumber": "1042"}},
        timeout=10,
    )
    finding = examine()["setup.fees"]
    assert finding.state == state
    assert made.json()["Invoice"]["DocumentNumber"] in finding.message.sv


def test_the_locked_period_is_shown(office, examine):
    assert "No period" in examine()["setup.lockedperiod"].message.en
    office.fortnox.registers.change_set_up(locked_until=invoice().invoice_date)
    assert "2026-11-02" in examine()["setup.lockedperiod"].message.en


# --- Bills ------------------------------------------------------------------------------


def test_an_export_of_bills_needs_supplier_invoices_and_no_set_up_of_invoicing(office, examine):
    office.subject = "supplier-bills"
    findings = examine(attach_pdf="true")
    not_ok = {name: one.state for name, one in findings.items() if one.state != "ok"}
    assert not_ok == {"currency": "unknown"}
    assert {"rights.supplierinvoices", "rights.suppliers", "rights.inbox"} <= set(findings)
    assert findings["rights.attachments"].state == "ok"
    assert set(SET_UP) & set(findings) == {"setup.lockedperiod"}
    [asked] = [one.query["scope"] for one in office.sandbox.asked if "scope" in one.query]
    assert asked.split()[:2] == ["supplierinvoice", "supplier"]
