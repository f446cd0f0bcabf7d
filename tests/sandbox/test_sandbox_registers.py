"""Accounts, cost centres, currencies, projects, terms, years, settings; and who may read them."""

import json

import pytest
import requests
from fortnox_exporter import Exporter, sold

from hostsim.sandbox import seed
from hostsim.sandbox.routes import ROUTES

parametrize = pytest.mark.parametrize


def test_accounts_come_by_number_with_their_settings(fortnox):
    fortnox.record("accounts", Number=3001, CostCenterSettings="MANDATORY")
    rows = fortnox.get("accounts?limit=500")["Accounts"]
    found = {row["Number"]: row for row in rows}
    assert list(found) == sorted(found)
    assert (found[3001]["CostCenterSettings"], found[3001]["Active"]) == ("MANDATORY", True)
    assert found[3001]["Year"] == 12


def chart(fortnox, year):
    rows = fortnox.get(f"accounts?financialyear={year}")["Accounts"]
    return {row["Number"]: row for row in rows}


def test_an_account_can_be_in_one_year_alone(fortnox):
    fortnox.record("accounts", Number=3990, Description="Övrigt", Year=11)
    fortnox.record("accounts", Number=3001, Active=False, Year=11)
    numbers = {year: chart(fortnox, year) for year in (11, 12)}
    assert (3990 in numbers[11], 3990 in numbers[12]) == (True, False)
    assert (numbers[11][3001]["Active"], numbers[12][3001]["Active"]) == (False, True)
    assert fortnox.refusal_code([sold(account=3990)]) == 2000423
    assert fortnox.create_invoice([sold(account=3990)], InvoiceDate="2025-05-01")["Total"] == 125


def test_an_account_alone_has_more_than_in_the_list(fortnox):
    account = fortnox.get("accounts/3001")["Account"]
    assert (account["Number"], account["BalanceCarriedForward"]) == (3001, 0)
    assert fortnox.error_code("GET", "accounts/3999") == (404, 2000423)


def test_a_chart_of_a_year_that_is_not_there_is_refused(fortnox):
    fortnox.set(financial_year_code=2000001)
    assert fortnox.error_code("GET", "accounts?financialyear=99") == (400, 2000001)


def test_accounts_are_found_by_lastmodified_and_sru(fortnox):
    fortnox.advance(3600)
    fortnox.record("accounts", Number=3001, SRU=7410)
    for query in ("lastmodified=2026-03-17 11:00", "sru=7410"):
        (row,) = fortnox.get(f"accounts?{query}")["Accounts"]
        assert row["Number"] == 3001


def test_modes_of_payment_are_listed_and_shown_with_their_account_as_a_text(fortnox):
    rows = fortnox.get("modesofpayments")["ModesOfPayments"]
    assert [(row["Code"], row["AccountNumber"]) for row in rows] == [
        ("AG", "1930"),
        ("BG", "1930"),
        ("PG", "1930"),
    ]
    assert fortnox.get("modesofpayments/BG")["ModeOfPayment"] == rows[1]


def test_an_account_can_be_deleted(fortnox):
    fortnox.change("delete_record", register="accounts", key="3041")
    assert fortnox.error_code("GET", "accounts/3041") == (404, 2000423)


def test_cost_centres_say_whether_they_are_active(fortnox):
    fortnox.record("costcenters", Code="12", Description="Lager", Active=False)
    (row,) = fortnox.get("costcenters")["CostCenters"]
    assert (row["Code"], row["Active"]) == ("12", False)
    assert fortnox.get("costcenters/12")["CostCenter"] == row
    assert fortnox.ask("GET", "costcenters/99").status_code == 404


def test_a_company_has_three_currencies_and_can_have_more(fortnox):
    fortnox.record("currencies", Code="JPY", Description="Yen", SellRate="7.12", Unit=100)
    rows = fortnox.get("currencies")["Currencies"]
    assert [row["Code"] for row in rows] == ["EUR", "JPY", "SEK", "USD"]
    made = fortnox.create_invoice(Currency="JPY")
    assert (made["CurrencyRate"], made["CurrencyUnit"]) == (7.12, 100)
    assert fortnox.error_code("GET", "currencies/GBP") == (404, 2000427)


def test_projects_and_terms_of_payment_are_listed_and_shown(fortnox):
    fortnox.record("projects", ProjectNumber="1", Description="Bron")
    (row,) = fortnox.get("projects")["Projects"]
    assert (row["Status"], row["EndDate"]) == ("ONGOING", None)
    assert fortnox.get("projects/1")["Project"]["Description"] == "Bron"
    codes = [row["Code"] for row in fortnox.get("termsofpayments")["TermsOfPayments"]]
    assert codes == ["0", "10", "15", "20", "30", "AG", "K", "PF"]
    assert fortnox.get("termsofpayments/AG")["TermsOfPayment"]["Description"] == "Autogiro"


@parametrize(("day", "years"), [("2026-03-17", [12]), ("2025-12-31", [11]), ("2027-01-01", [])])
@parametrize("name", ["date", "Date"])
def test_the_financial_year_of_a_day_is_one_or_none(fortnox, name, day, years):
    rows = fortnox.get(f"financialyears?{name}={day}")["FinancialYears"]
    assert [row["Id"] for row in rows] == years


def test_financial_years_can_be_set_and_shown(fortnox):
    years = [{"id": 3, "first": "2025-05-01", "last": "2026-04-30", "method": "CASH"}]
    fortnox.change("set_financial_years", years=years)
    shown = fortnox.get("financialyears/3")["FinancialYear"]
    assert (shown["FromDate"], shown["ToDate"]) == ("2025-05-01", "2026-04-30")
    assert shown["AccountingMethod"] == "CASH"
    assert fortnox.error_code("GET", "financialyears/12") == (404, 2009443)
    fortnox.change("set_financial_years", years=None)
    assert fortnox.get("financialyears/12")["FinancialYear"]["FromDate"] == "2026-01-01"


def test_without_a_lock_no_date_is_returned(fortnox):
    assert fortnox.get("settings/lockedperiod") == {"LockedPeriod": {"EndDate": None}}
    fortnox.change("lock_period", until="2026-01-31")
    assert fortnox.get("settings/lockedperiod") == {"LockedPeriod": {"EndDate": "2026-01-31"}}


def test_the_settings_name_the_company_with_a_text_for_its_number(fortnox):
    settings = fortnox.get("settings/company")["CompanySettings"]
    assert (settings["DatabaseNumber"], settings["Name"]) == ("17", "Ett Åkeri AB")
    assert settings["BG"] == "5050-1055"


@parametrize(
    "path", ["accounts", "costcenters", "currencies", "projects", "termsofpayments",
             "financialyears", "customers"]
)  # fmt: skip
def test_every_list_has_pages_and_refuses_what_it_does_not_know(fortnox, path):
    for number in ("1", "2"):
        fortnox.record("customers", CustomerNumber=number, Name="Kund AB")
        fortnox.record("costcenters", Code=number, Description="Lager")
        fortnox.record("projects", ProjectNumber=number, Description="Bro")
    meta = fortnox.get(f"{path}?limit=1&page=2")["MetaInformation"]
    assert meta["@CurrentPage"] == 2
    assert fortnox.error_code("GET", f"{path}?colour=red") == (400, 2000588)


# --- Rights -----------------------------------------------------------------


def sample(route):
    return route.path.removeprefix("/").replace("<number>", "1").replace("<key>", "1")


def asked(fortnox, route):
    fortnox.sandbox.switchboard.set(rate_limit=None)
    root = Exporter.ask
    path = f"../{sample(route)}"
    return root(fortnox, route.method, path, {}, checked=False)


def only_with(fortnox, scopes):
    fortnox.token = fortnox.sandbox.sign_in(scopes=scopes).access


@parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_address_needs_its_scope(fortnox, route):
    only_with(fortnox, ["article"])
    answer = asked(fortnox, route)
    assert answer.status_code == 400
    assert "2000663" in answer.text
    only_with(fortnox, [route.scope_by(fortnox.sandbox.switches)])
    assert "2000663" not in asked(fortnox, route).text


@parametrize(
    ("switch", "scope", "path"),
    [
        ({"termsofpayments_scope": "invoice"}, "invoice", "termsofpayments"),
        (
            {"attachments_scope": "archive"},
            "archive",
            "../api/fileattachments/attachments-v1?entityid=1&entitytype=F",
        ),
    ],
)
def test_the_scope_of_some_is_a_switch(fortnox, switch, scope, path):
    only_with(fortnox, [scope])
    assert fortnox.ask("GET", path).status_code == 400
    fortnox.set(**switch)
    assert fortnox.ask("GET", path).status_code == 200


def test_supplier_scopes_open_nothing_of_customers(fortnox):
    only_with(fortnox, ["supplier", "supplierinvoice"])
    assert fortnox.error_code("GET", "customers") == (400, 2000663)


@pytest.mark.parametrize(
    ("path", "switch"),
    [
        ("costcenters/zz", {"cost_center_not_found_code": 2000777}),
        ("currencies/ZZZ", {"currency_not_found_code": 2004344}),
        ("accounts/9998", {"account_not_found_code": 2001304}),
    ],
)
def test_what_is_not_there_has_one_code_alone_and_in_an_invoice(fortnox, path, switch):
    fortnox.set(**switch)
    assert fortnox.error_code("GET", path) == (404, next(iter(switch.values())))


def test_the_right_of_a_person_can_be_missing_in_one_register_alone(fortnox):
    fortnox.change("withdraw_right", scope="customer")
    fortnox.set(no_right_code=2000001)
    assert fortnox.error_code("GET", "customers") == (403, 2000001)
    assert fortnox.get("invoices")["Invoices"] == []
    fortnox.change("withdraw_right", scope="invoice")
    assert fortnox.error_code("GET", "invoices") == (403, 2001339)
    assert fortnox.error_code("GET", "invoices/1") == (403, 2001393)
    fortnox.change("restore_right", scope="customer")
    assert fortnox.get("customers")["Customers"]


def test_a_module_without_a_licence_is_refused(fortnox):
    fortnox.change("withdraw_module", scope="costcenter")
    assert fortnox.error_code("GET", "costcenters") == (403, 2001101)


@parametrize("path", ["customers", "accounts", "inbox"])
def test_the_rate_limit_counts_these_addresses_too(fortnox, path):
    fortnox.set(rate_limit=2)
    statuses = [fortnox.ask("GET", path).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_the_other_service_counts_too_and_needs_a_bearer(fortnox):
    path = "../api/fileattachments/attachments-v1?entityid=1&entitytype=F"
    fortnox.set(rate_limit=1)
    assert [fortnox.ask("GET", path).status_code for _ in range(2)] == [200, 429]
    fortnox.token = "none"
    assert fortnox.ask("GET", path).status_code == 401


# --- From a file ------------------------------------------------------------


def test_books_with_registers_and_written_invoices_survive_a_file(fortnox, tmp_path):
    fortnox.record("costcenters", Code="12", Description="Lager")
    fortnox.record("accounts", Number=3990, Description="Övrigt", Year=11)
    fortnox.change("set_up", set_up={"freight": "50", "lock_day": 10})
    fortnox.create_invoice([sold()], DeliveryDate="2026-03-02", Freight=12.5)
    url = f"{fortnox.sandbox.switchboard_url}/companies/17/books"
    books = requests.get(url, timeout=10).json()
    file = tmp_path / "books.json"
    file.write_text(json.dumps(books), encoding="utf-8")
    company, read = fortnox.company, seed.from_json(file).company()
    assert read.invoices() == company.invoices()
    assert read.registers.set_up == company.registers.set_up
    assert read.registers.years == company.registers.years
    for name, entries in company.registers.entries.items():
        again = {key: dict(entry.fields) for key, entry in read.registers.entries[name].items()}
        assert again == {key: dict(entry.fields) for key, entry in entries.items()}
