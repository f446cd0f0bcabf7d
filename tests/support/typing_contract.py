"""Read by mypy, never run: what one half of the contract makes fits the other half.

A function that takes a type and returns it as the other half's type is an
error as soon as the two drift apart.
"""

from __future__ import annotations

from hostsim.ledger.values import Run
from opter_contract import hooks
from opter_fortnox_plugin import contract


def import_type(made: contract.ImportType) -> hooks.ImportType:
    return made


def settings_field(made: contract.SettingsField) -> hooks.SettingsField:
    return made


def checked_settings(made: contract.CheckedSettings) -> hooks.CheckedSettings:
    return made


def payment(made: contract.Payment) -> hooks.Payment:
    return made


def reason(made: contract.Reason) -> hooks.Reason:
    return made


def left_out(made: contract.LeftOut) -> hooks.LeftOut:
    return made


def progress(made: contract.Progress) -> hooks.Progress:
    return made


def report(made: contract.ImportReport) -> hooks.ImportReport:
    return made


def company(made: contract.Company) -> hooks.Company:
    return made


def finding(made: contract.Finding) -> hooks.Finding:
    return made


def error_text(made: contract.ErrorText) -> hooks.ErrorText:
    return made


def run_of_any_host(handed: hooks.Run) -> contract.Run:
    return handed


def run_of_hostsim(handed: Run) -> hooks.Run:
    return handed


def kept_payment(handed: hooks.Payment) -> contract.PaymentLike:
    return handed
