"""What customers and suppliers have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hostsim.sandbox.company import Company
from hostsim.sandbox.countries import COUNTRIES, NAMES
from hostsim.sandbox.errors import COUNTRY, Refused
from hostsim.sandbox.fields import Field
from hostsim.sandbox.resources.accounts import ACCOUNTS
from hostsim.sandbox.resources.read_only_registers import CURRENCIES, TERMS_OF_PAYMENT
from hostsim.sandbox.switchboard import switchboard

Party = Mapping[str, Any]


def country_names(
    fields: Party, field_definitions: Mapping[str, Field], names: Mapping[str, str]
) -> dict[str, Any]:
    """Return the country names for the country codes that were sent.

    :param names: the fields of names by those of codes.
    """
    return {
        name: COUNTRIES.get((fields[code] or "").upper(), ("", field_definitions[name].blank))[1]
        for code, name in names.items()
        if code in fields
    }


def check(
    company: Company, party: Party, countries: Mapping[str, str], account_field: str
) -> Party:
    """Refuse unknown references of a party; return its account, empty if it has none."""
    registers, switches = company.registers, switchboard().switches
    for code, name in countries.items():
        if party.get(code) and party[code].upper() not in COUNTRIES:
            raise Refused(COUNTRY, f"Ogiltigt land: {party[code]}")
        if party.get(name) and party[name] not in NAMES:
            raise Refused(COUNTRY, f"Ogiltigt land: {party[name]}")
    for name, register in (("Currency", CURRENCIES), ("TermsOfPayment", TERMS_OF_PAYMENT)):
        if party.get(name) and registers.get(register.name, party[name]) is None:
            raise register.not_found_error(switches, 400)
    if not party.get(account_field):
        return {}
    account = company.account(party[account_field], company.today())
    if account is None:
        raise ACCOUNTS.not_found_error(switches, 400)
    return account


def next_number(used: Iterable[str]) -> str:
    numbers = (int(number) for number in used if number.isascii() and number.isdigit())
    return str(max(numbers, default=0) + 1)
