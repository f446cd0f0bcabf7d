"""``/3/companyinformation`` and ``/3/settings``: the company, and its locked period."""

from __future__ import annotations

from flask import Response, request

from hostsim.sandbox import query, responses, rest

#: Fields that are empty for the sandbox's companies.
EMPTY = ("BIC", "BranchCode", "ContactFirstName", "ContactLastName", "Domicile", "Fax", "IBAN",
         "PG", "Phone1", "Phone2", "VisitAddress", "VisitCity", "VisitCountry",
         "VisitCountryCode", "VisitName", "VisitZipCode", "WWW")  # fmt: skip


def company_information() -> Response:
    query.check_parameters(request.args, ())
    company = rest.company()
    fields = {
        "Address": company.address,
        "City": company.city,
        "CountryCode": "SE",
        "DatabaseNumber": company.number,
        "CompanyName": company.name,
        "OrganizationNumber": company.organisation_number,
        "VisitAddress": None,
        "VisitCity": None,
        "VisitCountryCode": None,
        "VisitZipCode": None,
        "ZipCode": company.zip_code,
    }
    return responses.json_response({"CompanyInformation": fields})


def show_settings() -> Response:
    query.check_parameters(request.args, ())
    company = rest.company()
    fields = {
        "Address": company.address,
        "BG": company.registers.set_up.bankgiro,
        "City": company.city,
        "Country": "Sverige",
        "CountryCode": "SE",
        # A text here, and a number in the company information.
        "DatabaseNumber": str(company.number),
        "Email": company.registers.set_up.email,
        "Name": company.name,
        "OrganizationNumber": company.organisation_number,
        "TaxEnabled": True,
        "VATNumber": f"SE{company.organisation_number.replace('-', '')}01",
        "ZipCode": company.zip_code,
    }
    settings = fields | dict.fromkeys(EMPTY, "")
    return responses.json_response({"CompanySettings": dict(sorted(settings.items()))})


def show_locked_period() -> Response:
    query.check_parameters(request.args, ())
    return responses.json_response({"LockedPeriod": {"EndDate": rest.company().locked_until()}})
