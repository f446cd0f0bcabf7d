"""What invoices and their rows name by a code; these registers have no address here."""

from hostsim.sandbox.errors import (
    PRICE_LIST_NOT_FOUND,
    TERMS_OF_DELIVERY_NOT_FOUND,
    UNIT_NOT_FOUND,
    Refused,
)
from hostsim.sandbox.fields import text
from hostsim.sandbox.resources.register import Register

_FIELDS = {"Code": text(25), "Description": text()}

PRICE_LISTS = Register(
    name="pricelists",
    one="PriceList",
    many="PriceLists",
    key="Code",
    fields=_FIELDS,
    not_found=Refused(PRICE_LIST_NOT_FOUND, "Kan inte hitta prislistan."),
)
TERMS_OF_DELIVERIES = Register(
    name="termsofdeliveries",
    one="TermsOfDelivery",
    many="TermsOfDeliveries",
    key="Code",
    fields=_FIELDS,
    not_found=Refused(TERMS_OF_DELIVERY_NOT_FOUND, "Kan inte hitta leveransvillkoret."),
)
UNITS = Register(
    name="units",
    one="Unit",
    many="Units",
    key="Code",
    fields=_FIELDS,
    not_found=Refused(UNIT_NOT_FOUND, "Kan inte hitta enheten."),
)
