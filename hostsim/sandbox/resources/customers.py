"""``/3/customers``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request

from hostsim.sandbox import responses, rest
from hostsim.sandbox.company import Company
from hostsim.sandbox.errors import (
    ACCOUNT_INACTIVE,
    CUSTOMER_NUMBER_USED,
    FIELD_NAME,
    FILTER,
    Refused,
)
from hostsim.sandbox.fields import (
    Field,
    amount,
    choice,
    code,
    flag,
    integer,
    nested,
    parse_changes,
    require,
    text,
)
from hostsim.sandbox.registers import Entry
from hostsim.sandbox.resources import parties
from hostsim.sandbox.resources.register_resource import Register, numeric_sort_key
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.switches import Switches

#: As recorded, some unset fields are ``null`` and some are empty texts.
LONG = text(1024, blank=None)
EMAIL = text(1024)
CODE = text(2, 2, blank=None)

DELIVERY = choice("PRINT", "EMAIL", "PRINTSERVICE", blank="PRINT")
TEMPLATE = text(blank="DEFAULTTEMPLATE")
DELIVERY_TYPES = dict.fromkeys(("Invoice", "Order", "Offer"), DELIVERY)
TEMPLATES = dict.fromkeys(("Order", "Offer", "Invoice", "CashInvoice"), TEMPLATE)

#: Their characters are not checked, so that a URL may be in them.
FIELDS: Mapping[str, Field] = {
    "Address1": LONG,
    "Address2": LONG,
    "City": LONG,
    "Country": text(blank=None),
    "Comments": LONG,
    "Currency": text(3, 3, blank="SEK"),
    "CostCenter": text(blank=None),
    "CountryCode": CODE,
    "Active": flag(blank=True),
    "CustomerNumber": code(1024),
    "DefaultDeliveryTypes": nested(DELIVERY_TYPES, dict.fromkeys(DELIVERY_TYPES, "PRINT")),
    "DefaultTemplates": nested(TEMPLATES, dict.fromkeys(TEMPLATES, "DEFAULTTEMPLATE")),
    "DeliveryAddress1": LONG,
    "DeliveryAddress2": LONG,
    "DeliveryCity": LONG,
    "DeliveryCountry": text(1024, blank=None),
    "DeliveryCountryCode": CODE,
    "DeliveryFax": LONG,
    "DeliveryName": LONG,
    "DeliveryPhone1": LONG,
    "DeliveryPhone2": LONG,
    "DeliveryZipCode": text(10, blank=None),
    "Email": EMAIL,
    "EmailInvoice": EMAIL,
    "EmailInvoiceBCC": EMAIL,
    "EmailInvoiceCC": EMAIL,
    "EmailOffer": EMAIL,
    "EmailOfferBCC": EMAIL,
    "EmailOfferCC": EMAIL,
    "EmailOrder": EMAIL,
    "EmailOrderBCC": EMAIL,
    "EmailOrderCC": EMAIL,
    "ExternalReference": LONG,
    "Fax": LONG,
    "GLN": text(13, 13, blank=None),
    "GLNDelivery": text(13, 13, blank=None),
    "InvoiceAdministrationFee": amount(blank=None),
    "InvoiceDiscount": amount(blank=None),
    "InvoiceFreight": amount(blank=None),
    "InvoiceRemark": text(1024),
    "Name": text(1024),
    "OrganisationNumber": text(30),
    "OurReference": text(50),
    "Phone1": LONG,
    "Phone2": LONG,
    "PriceList": text(blank="A"),
    "Project": text(),
    "SalesAccount": integer(1000, 9999),
    "ShowPriceVATIncluded": flag(),
    "TermsOfDelivery": text(),
    "TermsOfPayment": text(),
    "Type": choice("PRIVATE", "COMPANY", blank="COMPANY"),
    "VATNumber": text(),
    "VATType": choice("SEVAT", "SEREVERSEDVAT", "EUREVERSEDVAT", "EUVAT", "EXPORT", blank="SEVAT"),
    "VisitingAddress": text(128, blank=None),
    "VisitingCity": text(128, blank=None),
    "VisitingCountry": text(128, blank=None),
    "VisitingCountryCode": CODE,
    "VisitingZipCode": text(10, blank=None),
    "WayOfDelivery": text(),
    "WWW": text(128, checked=False),
    "YourReference": text(50),
    "ZipCode": text(10, blank=None),
}

#: The fields of country codes, and those of the names that follow from them.
COUNTRY_NAMES = {
    "CountryCode": "Country",
    "DeliveryCountryCode": "DeliveryCountry",
    "VisitingCountryCode": "VisitingCountry",
}

FILTERS = {
    "customernumber": "CustomerNumber",
    "name": "Name",
    "zipcode": "ZipCode",
    "city": "City",
    "organisationnumber": "OrganisationNumber",
    "gln": "GLN",
    "glndelivery": "GLNDelivery",
    "email": "Email",
    "phone": "Phone1",
}

ROW = (
    "Address1",
    "Address2",
    "City",
    "CustomerNumber",
    "Email",
    "Name",
    "OrganisationNumber",
    "Phone",
    "ZipCode",
)


class Customers(Register):
    """Customers; their serialization in a list is another."""

    def row_of(self, entry: Entry) -> dict[str, Any]:
        """Serialize a customer for a list, with unset fields as empty texts."""
        record = self.with_blanks(entry) | {"Phone": entry.fields.get("Phone1")}
        return {"@url": self.url(record), **{name: record[name] or "" for name in ROW}}

    def detail_of(self, entry: Entry) -> dict[str, Any]:
        detail = super().detail_of(entry)
        for name in ("InvoiceAdministrationFee", "InvoiceFreight"):
            # Texts by the specification.
            detail[name] = None if detail[name] is None else responses.format_number(detail[name])
        return detail

    def filter_and_sort(self, entries: list[Entry]) -> list[Entry]:
        match request.args.get("filter"):
            case None:
                return super().filter_and_sort(entries)
            case "active" | "inactive" as state:
                active = state == "active"
                matching = [
                    entry for entry in entries if entry.fields.get("Active", True) == active
                ]
                return super().filter_and_sort(matching)
        raise Refused(FILTER, "Ett ogiltigt filter har använts.")


CUSTOMERS = Customers(
    name="customers",
    singular="Customer",
    plural="Customers",
    key="CustomerNumber",
    fields=FIELDS,
    filters=FILTERS,
    sorts={"customernumber": "CustomerNumber", "name": "Name"},
    order=numeric_sort_key,
    parameters=frozenset({"filter"}),
    not_found="Kan inte hitta kunden.",
    not_found_code="customer_not_found",
)


def create_customer() -> Response:
    company, switches = rest.company(), switchboard().switches
    fields = parse_changes(_read_customer(switches), FIELDS, switches, {"@url"})
    require(fields, ("Name",))
    with company.lock:
        _check_customer(company, fields)
        number = fields.get("CustomerNumber") or parties.next_number(
            company.registers.used_customer_numbers
        )
        _refuse_used_number(company, number)
        customer = merge_customer({"CustomerNumber": number}, fields)
        entry = company.registers.put("customers", number, customer, company.clock.now())
    return rest.created_response("Customer", CUSTOMERS.detail_of(entry), "customers")


def change_customer(number: str) -> Response:
    company, switches = rest.company(), switchboard().switches
    fields = parse_changes(_read_customer(switches), FIELDS, switches, {"@url"})
    with company.lock:
        before = CUSTOMERS.find(number)
        if fields.get("CustomerNumber", number) != number:
            _refuse_used_number(company, fields["CustomerNumber"])
        customer = merge_customer(before.fields, fields | {"CustomerNumber": number})
        # Stored fields are checked again, as a client saw of articles.
        _check_customer(company, customer)
        entry = company.registers.put("customers", number, customer, company.clock.now())
    return responses.json_response({"Customer": CUSTOMERS.detail_of(entry)})


def _refuse_used_number(company: Company, number: str) -> None:
    """Refuse a number that another customer has or had."""
    if number in company.registers.used_customer_numbers:
        raise Refused(CUSTOMER_NUMBER_USED, f"Kundnummer {number} används redan.")


def delete_customer(number: str) -> Response:
    company, switches = rest.company(), switchboard().switches
    with company.lock:
        CUSTOMERS.find(number)
        used = any(invoice.customer_number == number for invoice in company.invoices())
        if used and switches.delete_customer_with_invoices == "refused":
            raise Refused(switches.customer_in_use_code, "Kunden har fakturor.")
        company.registers.delete("customers", number)
    return responses.no_content()


def _read_customer(switches: Switches) -> Mapping[str, Any]:
    """Return the sent record, without the country names if a switch ignores them."""
    content = rest.record_in_body("Customer")
    name_fields = [name for name in COUNTRY_NAMES.values() if content.get(name)]
    if not name_fields or switches.customer_country == "accepted":
        return content
    if switches.customer_country == "refused":
        raise Refused(FIELD_NAME, f"Felaktigt fältnamn ({name_fields[0]})")
    return {name: value for name, value in content.items() if name not in name_fields}


def merge_customer(before: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a customer with the sent fields; objects are merged, country names are set."""
    customer = {**before, **fields}
    for name in ("DefaultDeliveryTypes", "DefaultTemplates"):
        if name in fields:
            customer[name] = {**FIELDS[name].blank, **before.get(name, {}), **fields[name]}
    return customer | parties.country_names(fields, FIELDS, COUNTRY_NAMES)


def _check_customer(company: Company, customer: Mapping[str, Any]) -> None:
    account = parties.check(company, customer, COUNTRY_NAMES, "SalesAccount")
    if not account.get("Active", True):
        raise Refused(ACCOUNT_INACTIVE, f"Kontot {customer['SalesAccount']} är inte aktivt.")
