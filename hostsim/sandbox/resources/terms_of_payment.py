"""``/3/termsofpayments``."""

from hostsim.sandbox.errors import TERMS_NOT_FOUND, Refused
from hostsim.sandbox.fields import text
from hostsim.sandbox.resources.register import Register

TERMS_OF_PAYMENT = Register(
    name="termsofpayments",
    one="TermsOfPayment",
    many="TermsOfPayments",
    key="Code",
    fields={"Code": text(25), "Description": text()},
    not_found=Refused(TERMS_NOT_FOUND, "Kan inte hitta betalningsvillkoret.", 404),
)
