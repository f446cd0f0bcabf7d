"""``/3/modesofpayments``: how a payment came, and on which account."""

from hostsim.sandbox.errors import Refused
from hostsim.sandbox.fields import account, text
from hostsim.sandbox.resources.register import Register

MODES_OF_PAYMENT = Register(
    name="modesofpayments",
    one="ModeOfPayment",
    many="ModesOfPayments",
    key="Code",
    fields={"Code": text(), "Description": text(), "AccountNumber": account()},
    not_found=Refused(0, "Kan inte hitta betalningssättet.", 404),
    not_found_switch="mode_of_payment_not_found_code",
)
