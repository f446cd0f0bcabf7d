"""``/3/suppliers``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from hostsim.sandbox import responses, rest
from hostsim.sandbox.company import Company
from hostsim.sandbox.errors import Refused
from hostsim.sandbox.fields import Field, code, flag, parse_changes, require, text
from hostsim.sandbox.registers import Entry
from hostsim.sandbox.resources import parties
from hostsim.sandbox.resources.register_resource import Register, numeric_sort_key
from hostsim.sandbox.switchboard import switchboard

FIELDS: Mapping[str, Field] = {
    "Active": flag(blank=True),
    "Address1": text(),
    "Address2": text(),
    "BG": text(),
    "BIC": text(),
    "Bank": text(),
    "BankAccountNumber": text(),
    "BranchCode": text(),
    "City": text(1024),
    "ClearingNumber": text(),
    "Comments": text(1024),
    "CostCenter": text(),
    "Country": text(),
    "CountryCode": text(2, 2),
    "Currency": text(3, 3, blank="SEK"),
    "DisablePaymentFile": flag(),
    "Email": text(),
    "Fax": text(),
    "IBAN": text(),
    "Name": text(1024),
    "OrganisationNumber": text(),
    "OurCustomerNumber": text(),
    "OurReference": text(),
    "PG": text(),
    "Phone1": text(1024),
    "Phone2": text(1024),
    "PreDefinedAccount": text(4, 4),
    "Project": text(),
    "SupplierNumber": code(),
    "TermsOfPayment": text(),
    "VATNumber": text(),
    "VATType": text(blank="NORMAL"),
    "VisitingAddress": text(),
    "VisitingCity": text(),
    "VisitingCountry": text(),
    "VisitingCountryCode": text(2, 2),
    "VisitingZipCode": text(),
    "WWW": text(checked=False),
    "WorkPlace": text(),
    "YourReference": text(),
    "ZipCode": text(),
}

COUNTRY_NAMES = {"CountryCode": "Country", "VisitingCountryCode": "VisitingCountry"}

ROW = (
    "Active",
    "Address1",
    "Address2",
    "BG",
    "BIC",
    "BankAccountNumber",
    "City",
    "CostCenter",
    "CountryCode",
    "Currency",
    "DisablePaymentFile",
    "Email",
    "IBAN",
    "Name",
    "OrganisationNumber",
    "PG",
    "Phone",
    "PreDefinedAccount",
    "Project",
    "SupplierNumber",
    "TermsOfPayment",
    "ZipCode",
)


class Suppliers(Register):
    """Suppliers; the first telephone has another name in a list."""

    def row_of(self, entry: Entry) -> dict[str, Any]:
        record = self.with_blanks(entry)
        record["Phone"] = record["Phone1"]
        return {"@url": self.url(record), **{name: record[name] for name in ROW}}


SUPPLIERS = Suppliers(
    name="suppliers",
    singular="Supplier",
    plural="Suppliers",
    key="SupplierNumber",
    fields=FIELDS,
    filters={"name": "Name"},
    order=numeric_sort_key,
    not_found="Kan inte hitta leverantören.",
    not_found_code="supplier_not_found_code",
)


def create_supplier() -> Response:
    company, switches = rest.company(), switchboard().switches
    fields = parse_changes(rest.record_in_body("Supplier"), FIELDS, switches, {"@url"})
    require(fields, ("Name",))
    with company.lock:
        _check_supplier(company, fields)
        register = company.registers.entries["suppliers"]
        number = fields.get("SupplierNumber") or parties.next_number(register)
        if number in register:
            message = f"Leverantörsnummer {number} används redan."
            raise Refused(switches.supplier_number_code, message)
        supplier = fields | parties.country_names(fields, FIELDS, COUNTRY_NAMES)
        supplier |= {"SupplierNumber": number}
        entry = company.registers.put("suppliers", number, supplier, company.clock.now())
    return rest.created_response("Supplier", SUPPLIERS.detail_of(entry), "suppliers")


def change_supplier(number: str) -> Response:
    company, switches = rest.company(), switchboard().switches
    fields = parse_changes(rest.record_in_body("Supplier"), FIELDS, switches, {"@url"})
    with company.lock:
        before = SUPPLIERS.find(number)
        names = parties.country_names(fields, FIELDS, COUNTRY_NAMES)
        supplier = {**before.fields, **fields, **names, "SupplierNumber": number}
        _check_supplier(company, supplier)
        entry = company.registers.put("suppliers", number, supplier, company.clock.now())
    return responses.json_response({"Supplier": SUPPLIERS.detail_of(entry)})


def delete_supplier(number: str) -> Response:
    company, switches = rest.company(), switchboard().switches
    if switches.delete_suppliers == "unknown":
        raise Refused(switches.unknown_path_code, "Resursen finns inte.", 404)
    SUPPLIERS.find(number)
    company.registers.delete("suppliers", number)
    return responses.no_content()


def _check_supplier(company: Company, supplier: Mapping[str, Any]) -> None:
    # The visiting country is not checked.
    parties.check(company, supplier, {"CountryCode": "Country"}, "PreDefinedAccount")
