"""The hooks that the plug-in implements, as documented in :mod:`opter_contract.hooks`.

Start here. Nothing heavy is imported before a transfer starts, so that a host
that only lists its plug-ins stays quick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from opter_contract import hookimpl
from opter_contract.export_values import ExportItem, ExportReport, ExportType, ItemResult
from opter_contract.values import (
    CheckedSettings,
    Company,
    ErrorText,
    Finding,
    ImportReport,
    ImportType,
    Payment,
    Reason,
    Run,
    SettingsField,
    Text,
)
from opter_contract.version import DEFAULT_VERSION, Mismatch, mismatch
from opter_fortnox_plugin import settings

#: The oldest version of the contract that we support.
opter_contract_version = "1.0"


@hookimpl
def opter_import_types() -> Sequence[ImportType]:
    return [settings.IMPORT_TYPE]


@hookimpl(optionalhook=True)
def opter_export_types() -> Sequence[ExportType]:
    return [_settings_of(subject).EXPORT_TYPE for subject in filter(None, _PACKAGES)]


@hookimpl
def opter_settings_fields(type_code: str, subject: str) -> Sequence[SettingsField] | None:
    if not _is_our_type(type_code) or subject not in _PACKAGES:
        return None
    fields: Sequence[SettingsField] = _settings_of(subject).FIELDS
    return fields


@hookimpl
def opter_check_settings(
    type_code: str, values: Mapping[str, str], subject: str
) -> CheckedSettings | None:
    if not _is_our_type(type_code) or subject not in _PACKAGES:
        return None
    checked: CheckedSettings = _settings_of(subject).check(values)
    return checked


@hookimpl(optionalhook=True)
def opter_export(run: Run) -> ExportReport | None:
    if not _is_our_run(run):
        return None
    report: ExportReport = _export_of(run).export(run)
    return report


@hookimpl(optionalhook=True)
def opter_cancel_exported(run: Run, item: ExportItem) -> ItemResult | None:
    if not _is_our_run(run):
        return None
    result: ItemResult = _export_of(run).cancel(run, item)
    return result


@hookimpl
def opter_settings_stored(run: Run) -> None:
    method = settings.sign_in(run.settings) if _is_our_run(run) else settings.STAY
    if method == settings.STAY:
        return
    from opter_fortnox_plugin.login import token_format  # noqa: PLC0415

    if not token_format.is_stored(run):
        return
    from opter_fortnox_plugin.session import end_stored_login, take_over_stored_login  # noqa: PLC0415

    if method == settings.SERVICE_ACCOUNT:
        take_over_stored_login(run, **_scopes_of(run))
    else:
        end_stored_login(run)


@hookimpl(optionalhook=True)
def opter_sign_in(run: Run) -> Company | None:
    if not _is_our_run(run):
        return None
    from opter_fortnox_plugin.session import sign_in_for_unattended_runs  # noqa: PLC0415

    return sign_in_for_unattended_runs(run, **_scopes_of(run))


@hookimpl
def opter_import_payments(run: Run) -> ImportReport | None:
    if not _is_our_run(run):
        return None
    from opter_fortnox_plugin.payments.importer import import_payments  # noqa: PLC0415

    return import_payments(run)


@hookimpl
def opter_read_all_payments(run: Run) -> ImportReport | None:
    if not _is_our_run(run):
        return None
    from opter_fortnox_plugin.payments.importer import import_payments  # noqa: PLC0415

    return import_payments(run, everything=True)


@hookimpl
def opter_read_invoice_payments(
    run: Run, invoice_numbers: Sequence[str], ocr_references: Sequence[str]
) -> ImportReport | None:
    if not _is_our_run(run):
        return None
    from opter_fortnox_plugin.payments.invoice_lookup import read_payments  # noqa: PLC0415

    return read_payments(run, invoice_numbers, ocr_references)


@hookimpl
def opter_exclusion_reasons(
    run: Run, payments: Sequence[Payment]
) -> Sequence[Reason | None] | None:
    if not _is_our_run(run):
        return None
    rules = _settings_of("").Settings.of(run.settings)
    return [rules.exclusion_reason(payment) for payment in payments]


@hookimpl
def opter_errors() -> Sequence[ErrorText]:
    from opter_fortnox_plugin.errors import error_texts  # noqa: PLC0415

    return error_texts()


@hookimpl
def opter_diagnose(run: Run) -> Sequence[Finding] | None:
    if not _is_our_run(run):
        return None
    from opter_fortnox_plugin.diagnostics.doctor.run import diagnose  # noqa: PLC0415

    return diagnose(run)


#: The package of the import, and that of each export, by its subject.
_PACKAGES: Final = {
    "": "payments",
    "invoices": "invoices",
    "supplier-bills": "supplier_invoices",
}


def _settings_of(subject: str) -> Any:
    return import_module(f"opter_fortnox_plugin.{_PACKAGES[subject]}.settings")


def _export_of(run: Run) -> Any:
    return import_module(f"opter_fortnox_plugin.{_PACKAGES[run.subject]}.exporter").EXPORT


def _scopes_of(run: Run) -> dict[str, Any]:
    """Return the scopes of an export as keyword arguments; none for an import."""
    # A host that knows no exports names no subject.
    if not getattr(run, "subject", ""):
        return {}
    return {"scopes": _export_of(run).settings.of(run.settings).scopes}


def _is_our_type(type_code: str) -> bool:
    return type_code == settings.IMPORT_TYPE.code


def _is_our_run(run: Run) -> bool:
    if not _is_our_type(run.type_code):
        return False
    if reason := mismatch(
        opter_contract_version, getattr(run, "contract_version", DEFAULT_VERSION)
    ):
        from opter_fortnox_plugin.errors import SettingsWrong  # noqa: PLC0415

        plugin_too_old = reason is Mismatch.PLUGIN_TOO_OLD
        raise SettingsWrong(
            "HOST_CONTRACT",
            host=run.contract_version if reason is not Mismatch.UNREADABLE else "?",
            needed=opter_contract_version,
            upgrade=Text("insticksprogrammet", "the plug-in")
            if plugin_too_old
            else Text("värdsystemet", "the host"),
        )
    return True
