"""``/3/currencies``."""

from decimal import Decimal

from hostsim.sandbox.errors import Refused
from hostsim.sandbox.fields import currency_code, day, flag, rate, text, whole
from hostsim.sandbox.resources.register import Register

CURRENCIES = Register(
    name="currencies",
    one="Currency",
    many="Currencies",
    key="Code",
    fields={
        "BuyRate": rate(blank=Decimal(1)),
        "Code": currency_code(),
        "Date": day(blank="2026-01-02"),
        "Description": text(),
        "SellRate": rate(blank=Decimal(1)),
        "Unit": whole(1, blank=1),
        "IsAutomatic": flag(),
    },
    not_found=Refused(0, "Kunde inte hitta valuta.", 404),
    not_found_switch="currency_not_found_code",
)
