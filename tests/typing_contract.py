"""Read by mypy, never run: what one half of the contract makes fits the other half.

A function that takes a type and returns it as the other half's type is an
error as soon as the two drift apart.
"""

from __future__ import annotations

from hostsim import hookspecs
from hostsim.models import Run
from opter_fortnox_plugin import contract


def import_type(made: contract.ImportType) -> hookspecs.ImportType:
    return made


def settings_field(made: contract.SettingsField) -> hookspecs.SettingsField:
    return made


def checked_settings(made: contract.CheckedSettings) -> hookspecs.CheckedSettings:
    return made


def payment(made: contract.Payment) -> hookspecs.Payment:
    return made


def reason(made: contract.Reason) -> hookspecs.Reason:
    return made


def left_out(made: contract.LeftOut) -> hookspecs.LeftOut:
    return made


def progress(made: contract.Progress) -> hookspecs.Progress:
    return made


def report(made: contract.ImportReport) -> hookspecs.ImportReport:
    return made


def company(made: contract.Company) -> hookspecs.Company:
    return made


def finding(made: contract.Finding) -> hookspecs.Finding:
    return made


def error_text(made: contract.ErrorText) -> hookspecs.ErrorText:
    return made


def run_of_any_host(handed: hookspecs.Run) -> contract.Run:
    return handed


def run_of_hostsim(handed: Run) -> hookspecs.Run:
    return handed


def kept_payment(handed: hookspecs.Payment) -> contract.PaymentLike:
    return handed
