"""Rules that invoices, supplier invoices and payments share.

What they name must be there and active: records of registers, currencies with their rates,
accounts, cost centres. Their day must be in a financial year, and in no locked period.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hostsim.sandbox.company import Company
from hostsim.sandbox.currency_conversion import checked_rate
from hostsim.sandbox.errors import (
    ACCOUNT_INACTIVE,
    COST_CENTER_INACTIVE,
    COST_CENTER_REQUIRED,
    PERIOD_LOCKED,
    Refused,
)
from hostsim.sandbox.fields import Fields
from hostsim.sandbox.resources.accounts import ACCOUNTS
from hostsim.sandbox.resources.read_only_registers import COST_CENTERS, CURRENCIES, PROJECTS
from hostsim.sandbox.resources.register_resource import Register

# --- Records of registers ---------------------------------------------------


def reference_not_found(company: Company, register: Register) -> Refused:
    return register.not_found_error(company.switches, company.switches.unknown_reference_status)


def find_reference(company: Company, register: Register, key: str) -> Fields:
    """Return a record of a register by its key, or refuse an unknown key."""
    record = company.registers.get(register.name, key)
    if record is None:
        raise reference_not_found(company, register)
    return record


def check_references(company: Company, fields: Fields, registers: Mapping[str, Register]) -> None:
    """Refuse fields that name unknown records."""
    for name, register in registers.items():
        if fields.get(name):
            find_reference(company, register, fields[name])


def check_dimensions(company: Company, fields: Fields) -> None:
    check_references(company, fields, {"CostCenter": COST_CENTERS, "Project": PROJECTS})


# --- Currencies -------------------------------------------------------------


def rate_and_unit(currency: Fields) -> tuple[Decimal, int]:
    return currency.get("SellRate", Decimal(1)), int(currency.get("Unit", 1))


def fill_rate(company: Company, fields: dict[str, Any]) -> None:
    """Set the rate of the register if none was sent; that of SEK is 1."""
    code = fields.get("Currency", "SEK")
    default_rate, default_unit = rate_and_unit(find_reference(company, CURRENCIES, code))
    rate = fields.get("CurrencyRate") or default_rate
    unit = fields.get("CurrencyUnit", default_unit)
    fields["CurrencyRate"], fields["CurrencyUnit"] = checked_rate(
        code, rate, unit, company.switches
    )


def drop_unsent_rate(fields: dict[str, Any], sent_fields: Fields) -> None:
    """Remove the former currency's rate and unit, unless new ones were sent."""
    for name in {"CurrencyRate", "CurrencyUnit"} - sent_fields.keys():
        fields.pop(name, None)


# --- Accounts and cost centres ----------------------------------------------


def find_account(company: Company, number: int, day: date) -> Fields | None:
    """Return an account, or refuse an unknown or inactive one; ``None`` for 0."""
    if not number:
        return None
    account = company.account(number, day)
    if account is None:
        raise reference_not_found(company, ACCOUNTS)
    if not account.get("Active", True):
        raise Refused(ACCOUNT_INACTIVE, f"Kontot {number} är inte aktivt.")
    return account


def check_cost_center(company: Company, account: Fields | None, code: str) -> None:
    """Refuse an inactive cost centre, or none if the account requires one."""
    if account and account.get("CostCenterSettings") == "MANDATORY" and not code:
        message = f"Konto {account['Number']} kräver kostnadsställe."
        raise Refused(COST_CENTER_REQUIRED, message)
    cost_center = company.registers.get("costcenters", code) or {}
    if not cost_center.get("Active", True):
        raise Refused(COST_CENTER_INACTIVE, f"Kostnadsstället {code} är inte aktivt.")


# --- Periods ----------------------------------------------------------------


def check_period(company: Company, day: date) -> None:
    """Refuse a day in a locked period, or without a financial year."""
    check_year(company, day)
    if company.switches.locked_period == "at_once":
        check_lock(company, day, PERIOD_LOCKED)


def check_year(company: Company, day: date) -> None:
    if company.financial_year(day) is None:
        message = f"Räkenskapsår saknas för {day}."
        raise Refused(company.switches.financial_year_code, message)


def check_lock(company: Company, day: date, number: int) -> None:
    until = company.locked_until()
    if until and day <= until and company.registers.set_up.lock_holds_for_integrations:
        message = (
            f"Administratören har låst perioden t.o.m. {until}."
            " Lås upp perioden för att kunna göra ändringen."
        )
        raise Refused(number, message)
