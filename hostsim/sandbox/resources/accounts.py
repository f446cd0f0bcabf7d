"""``/3/accounts``: a chart for each financial year."""

from dataclasses import replace
from decimal import Decimal

from flask import Response, request

from hostsim.sandbox import responses, rest
from hostsim.sandbox.company import Company
from hostsim.sandbox.errors import Refused
from hostsim.sandbox.fields import amount, choice, flag, integer, list_of, text
from hostsim.sandbox.registers import Entry, FinancialYear
from hostsim.sandbox.resources.register_resource import Register, numeric_sort_key
from hostsim.sandbox.switchboard import switchboard

SETTINGS = choice("ALLOWED", "MANDATORY", "NOTALLOWED", blank="ALLOWED")

ROW = {
    "Active": flag(blank=True),
    "BalanceBroughtForward": amount(blank=Decimal(0)),
    "CostCenter": text(blank=None),
    "CostCenterSettings": SETTINGS,
    "Description": text(200),
    "Number": integer(1000, 9999),
    "Project": text(),
    "ProjectSettings": SETTINGS,
    "SRU": integer(blank=0),
    "VATCode": text(blank=None),
    "Year": integer(),
}

ACCOUNTS = Register(
    name="accounts",
    singular="Account",
    plural="Accounts",
    key="Number",
    fields=ROW
    | {
        "BalanceCarriedForward": amount(blank=Decimal(0)),
        "OpeningQuantities": list_of({"Balance": integer(), "Project": text()}, 500),
        "QuantitySettings": SETTINGS,
        "QuantityUnit": text(),
        "TransactionInformation": text(),
        "TransactionInformationSettings": SETTINGS,
    },
    row=tuple(ROW),
    filters={"sru": "SRU"},
    sorts={"number": "Number"},
    order=numeric_sort_key,
    parameters=frozenset({"financialyear"}),
    not_found="Kan inte hitta kontot.",
    not_found_code="account_not_found_code",
)


def list_accounts() -> Response:
    company = rest.company()
    year = _requested_year(company)
    entries = ACCOUNTS.filter_and_sort(company.registers.chart(year.id))
    return rest.page_response(
        "Accounts", entries, lambda entry: ACCOUNTS.row_of(_with_year(entry, year))
    )


def show_account(number: str) -> Response:
    company = rest.company()
    year = _requested_year(company)
    for entry in company.registers.chart(year.id):
        if str(entry.fields["Number"]) == number:
            return responses.json_response({"Account": ACCOUNTS.detail_of(_with_year(entry, year))})
    raise ACCOUNTS.not_found_error(switchboard().switches)


def _with_year(entry: Entry, year: FinancialYear) -> Entry:
    return replace(entry, fields={**entry.fields, "Year": year.id})


def _requested_year(company: Company) -> FinancialYear:
    """Return the requested year; by default the present one, or the last."""
    years = company.financial_years()
    requested = request.args.get("financialyear")
    if requested is None:
        year = company.financial_year(company.today()) or next(reversed(years), None)
    else:
        year = next((year for year in years if str(year.id) == requested), None)
    if year is None:
        raise Refused(switchboard().switches.financial_year_code, "Räkenskapsåret finns inte.")
    return year
