"""What the cards of customers and of suppliers have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hostsim.sandbox.countries import COUNTRIES, NAMES
from hostsim.sandbox.errors import COUNTRY, TERMS_NOT_FOUND, Refused
from hostsim.sandbox.fields import Field
from hostsim.sandbox.state import Company
from hostsim.sandbox.switchboard import switchboard

Card = Mapping[str, Any]


def country_names(
    given: Card, fields: Mapping[str, Field], names: Mapping[str, str]
) -> dict[str, Any]:
    """Return the names of countries that follow from the codes that were sent.

    :param names: the fields of names by those of codes.
    """
    return {
        name: COUNTRIES.get((given[code] or "").upper(), ("", fields[name].blank))[1]
        for code, name in names.items()
        if code in given
    }


def check(company: Company, card: Card, countries: Mapping[str, str], account_field: str) -> Card:
    """Refuse what a card may not name; return its account, empty where it names none."""
    registers, switches = company.registers, switchboard().switches
    for code, name in countries.items():
        if card.get(code) and card[code].upper() not in COUNTRIES:
            raise Refused(COUNTRY, f"Ogiltigt land: {card[code]}")
        if card.get(name) and card[name] not in NAMES:
            raise Refused(COUNTRY, f"Ogiltigt land: {card[name]}")
    if card.get("Currency") and registers.get("currencies", card["Currency"]) is None:
        raise Refused(switches.currency_not_found_code, "Kunde inte hitta valuta.")
    terms = card.get("TermsOfPayment")
    if terms and registers.get("termsofpayments", terms) is None:
        raise Refused(TERMS_NOT_FOUND, "Kan inte hitta betalningsvillkoret.")
    if not card.get(account_field):
        return {}
    year = company.financial_year(company.today())
    account = registers.account(card[account_field], year.id if year else 0)
    if account is None:
        raise Refused(switches.account_not_found_code, "Kan inte hitta kontot.")
    return account


def next_number(used: Iterable[str]) -> str:
    numbers = (int(number) for number in used if number.isascii() and number.isdigit())
    return str(max(numbers, default=0) + 1)
