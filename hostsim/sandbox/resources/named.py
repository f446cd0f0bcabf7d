"""What invoices and their rows name by a code; these registers have no address here."""

from hostsim.sandbox.errors import (
    PRICE_LIST_NOT_FOUND,
    TERMS_OF_DELIVERY_NOT_FOUND,
    UNIT_NOT_FOUND,
    Refused,
)
from hostsim.sandbox.fields import text
from hostsim.sandbox.resources.register import Register


def _named(one: str, many: str, not_found: int, what: str) -> Register:
    return Register(
        name=many.lower(),
        one=one,
        many=many,
        key="Code",
        fields={"Code": text(25), "Description": text()},
        not_found=Refused(not_found, f"Kan inte hitta {what}."),
    )


PRICE_LISTS = _named("PriceList", "PriceLists", PRICE_LIST_NOT_FOUND, "prislistan")
TERMS_OF_DELIVERIES = _named(
    "TermsOfDelivery", "TermsOfDeliveries", TERMS_OF_DELIVERY_NOT_FOUND, "leveransvillkoret"
)
UNITS = _named("Unit", "Units", UNIT_NOT_FOUND, "enheten")
