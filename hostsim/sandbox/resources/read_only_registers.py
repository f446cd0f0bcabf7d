"""Read-only registers, and registers that only invoices refer to, which have no route here."""

from decimal import Decimal

from hostsim.sandbox.errors import (
    ARTICLE_NOT_FOUND,
    PRICE_LIST_NOT_FOUND,
    PROJECT_NOT_FOUND,
    TERMS_NOT_FOUND,
    TERMS_OF_DELIVERY_NOT_FOUND,
    UNIT_NOT_FOUND,
)
from hostsim.sandbox.fields import (
    account,
    amount,
    choice,
    currency_code,
    day,
    flag,
    integer,
    rate,
    text,
)
from hostsim.sandbox.resources.register_resource import Register, numeric_sort_key

COST_CENTERS = Register(
    name="costcenters",
    singular="CostCenter",
    plural="CostCenters",
    key="Code",
    fields={
        "Active": flag(blank=True),
        "Code": text(6),
        "Description": text(),
        "Note": text(),
    },
    # The message is by analogy with projects.
    not_found="Kan inte hitta kostnadsstället.",
    not_found_code="cost_center_not_found_code",
)

CURRENCIES = Register(
    name="currencies",
    singular="Currency",
    plural="Currencies",
    key="Code",
    fields={
        "BuyRate": rate(blank=Decimal(1)),
        "Code": currency_code(),
        "Date": day(blank="2026-01-02"),
        "Description": text(),
        "SellRate": rate(blank=Decimal(1)),
        "Unit": integer(1, blank=1),
        "IsAutomatic": flag(),
    },
    not_found="Kunde inte hitta valuta.",
    not_found_code="currency_not_found_code",
)

MODES_OF_PAYMENT = Register(
    name="modesofpayments",
    singular="ModeOfPayment",
    plural="ModesOfPayments",
    key="Code",
    fields={"Code": text(), "Description": text(), "AccountNumber": account()},
    not_found="Kan inte hitta betalningssättet.",
    not_found_code="mode_of_payment_not_found_code",
)

PROJECTS = Register(
    name="projects",
    singular="Project",
    plural="Projects",
    key="ProjectNumber",
    fields={
        "Comments": text(512),
        "ContactPerson": text(50),
        "Description": text(50),
        "EndDate": day(),
        "ProjectLeader": text(50, blank=None),
        "ProjectNumber": text(20),
        "Status": choice("NOTSTARTED", "ONGOING", "COMPLETED", blank="ONGOING"),
        "StartDate": day(),
    },
    row=("Description", "EndDate", "ProjectLeader", "ProjectNumber", "Status", "StartDate"),
    order=numeric_sort_key,
    not_found="Kan inte hitta projektet.",
    not_found_code=PROJECT_NOT_FOUND,
)


# --- Keyed by a code --------------------------------------------------------


def _code_register(singular: str, plural: str, not_found: str, code: int) -> Register:
    return Register(
        name=plural.lower(),
        singular=singular,
        plural=plural,
        key="Code",
        fields={"Code": text(25), "Description": text()},
        not_found=not_found,
        not_found_code=code,
    )


TERMS_OF_PAYMENT = _code_register(
    "TermsOfPayment", "TermsOfPayments", "Kan inte hitta betalningsvillkoret.", TERMS_NOT_FOUND
)


# --- Without a route ---------------------------------------------------------

PRICE_LISTS = _code_register(
    "PriceList", "PriceLists", "Kan inte hitta prislistan.", PRICE_LIST_NOT_FOUND
)
TERMS_OF_DELIVERIES = _code_register(
    "TermsOfDelivery",
    "TermsOfDeliveries",
    "Kan inte hitta leveransvillkoret.",
    TERMS_OF_DELIVERY_NOT_FOUND,
)
UNITS = _code_register("Unit", "Units", "Kan inte hitta enheten.", UNIT_NOT_FOUND)

ARTICLES = Register(
    name="articles",
    singular="Article",
    plural="Articles",
    key="ArticleNumber",
    fields={
        "ArticleNumber": text(50),
        "Description": text(),
        "SalesAccount": integer(1000, 9999),
        "Unit": text(),
        "VAT": amount(None),
    },
    not_found="Kan inte hitta artikeln.",
    not_found_code=ARTICLE_NOT_FOUND,
)
