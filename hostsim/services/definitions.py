"""Imports and exports as a person defines them, and the settings that the plug-in contributes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from hostsim.errors import HostError, SettingsRefused, failure_of, host_error
from hostsim.ledger.values import Definition
from hostsim.messages.text import SETTINGS_NOT_FOLLOWED
from hostsim.plugins.loading import Plugins
from hostsim.plugins.session import Session, broken, checked_fields, checked_settings
from hostsim.services.context import Context
from hostsim.storage import import_runs
from hostsim.storage.company_regions import region_fixed_error
from opter_contract.values import CheckedSettings, SettingsField, SettingsProblem, Text

log = logging.getLogger(__name__)

#: How long the name of a definition may be.
MAX_NAME_LENGTH = 200

#: What makes the company of an import, or of an export, known.
_FIRST_SAVE = Text("läs in och spara betalningar med den", "import and save payments with it")
_FIRST_EXPORT = Text("exportera något med den", "export something with it")


def settings_fields(plugins: Plugins, type_code: str, subject: str) -> list[SettingsField]:
    """Return the fields of an import type, or of an export type of a subject.

    :raises HostError: whatever the plug-in raises, so that it stops no other one.
    """
    return checked_fields(_ask(plugins, "opter_settings_fields", type_code, subject))


def _ask(plugins: Plugins, hook: str, type_code: str, subject: str, **more: object) -> Any:
    """Call a hook about the settings of a type outside of a run.

    :raises HostError: whatever the plug-in raises.
    """
    owner = plugins.owner(type_code, subject)
    about = {"type_code": type_code, "subject": subject}
    try:
        return plugins.call_owner(type_code, hook, subject, **about, **more)
    except (KeyboardInterrupt, HostError):
        raise
    except BaseException as error:
        failure = failure_of(error)
        if failure is None:
            what = f"{owner.name}: {hook} failed ({type(error).__name__})"
            raise broken(what) from error
        raise HostError(failure.code, failure.kind, failure.message) from error


class Definitions(Context):
    """Defines imports and exports, and changes their settings."""

    def settings_fields(self, type_code: str, subject: str = "") -> Sequence[SettingsField]:
        """Return what :func:`settings_fields` does."""
        return settings_fields(self.plugins, type_code, subject)

    def settings_not_shown(self, *, exports: bool) -> Sequence[SettingsProblem]:
        """Return, by definition, why the settings that its plug-in cannot name are not shown."""
        problems = []
        for definition in self.store.definitions(exports=exports):
            try:
                self.plugins.owner(definition.import_type, definition.subject)
            except HostError:
                continue  # missing or switched off, which hostsim plugins shows
            try:
                self.settings_fields(definition.import_type, definition.subject)
            except HostError as error:
                problems.append(SettingsProblem(definition.name, "warning", error.message))
        return problems

    def define(
        self,
        name: str,
        import_type: str,
        import_format: str,
        region: str,
        values: Mapping[str, str],
        *,
        company_of: str | None = None,
        subject: str = "",
    ) -> Sequence[SettingsProblem]:
        """Make a definition; return the warnings about its values.

        :param region: whose invoices the payments are for; ``""`` is the default one.
        :param company_of: another definition, whose company this one shares, as where
            several regions are one company; default: that of the first save.
        :param subject: what is exported; ``""`` for an import.
        :raises HostError: ``COMPANY_NOT_KNOWN`` if that one has saved or sent nothing yet.
        :raises SettingsRefused: when a value is wrong; nothing is stored then.
        """
        if not name.strip() or not name.isprintable() or len(name) > MAX_NAME_LENGTH:
            raise host_error("DEFINITION_NAME")
        self.plugins.owner(import_type, subject)
        formats = [""] if subject else self.plugins.import_types[import_type].formats
        if import_format not in formats:
            known = ", ".join(formats)
            raise host_error(
                "IMPORT_FORMAT_UNKNOWN", type=import_type, name=import_format, known=known
            )
        checked = self._checked_settings(import_type, values, subject)
        # The other may be signed in to another company until this one shares it.
        with self.store.change():
            company = None
            if company_of is not None:
                other = self.store.definition(company_of, exports=None)
                company = other.company
                if company is None:
                    first = _FIRST_EXPORT if other.subject else _FIRST_SAVE
                    raise host_error("COMPANY_NOT_KNOWN", name=company_of, first=first)
            definition = Definition(
                name.strip(),
                import_type,
                import_format,
                region,
                dict(checked.values),
                company,
                None,
                subject,
            )
            self.store.add_definition(definition)
        with self._definition_lock(definition.name):
            return [*checked.problems, *self._settings_stored(definition.name)]

    def change(
        self, name: str, values: Mapping[str, str], *, region: str | None = None
    ) -> Sequence[SettingsProblem]:
        """Change settings of a definition; return the warnings about its values.

        What is not given stays. An open preview was read with the earlier
        settings, and is discarded.

        :param region: another region, as long as nothing was saved; ``None`` leaves it.
        :raises SettingsRefused: when a value is wrong; nothing is stored then.
        :raises HostError: ``REGION_FIXED`` when something was saved already.
        """
        self.store.definition(name, exports=None)
        with self._definition_lock(name):
            definition = self.store.definition(name, exports=None)
            checked = self._checked_settings(
                definition.import_type, {**definition.settings, **values}, definition.subject
            )
            moves = region is not None and region != definition.region
            if moves and definition.company is not None:
                raise region_fixed_error(definition, region or "")
            with self.store.change() as db:
                self.store.set_definition_settings(name, checked.values)
                if region is not None and moves:
                    self.store.set_definition_region(name, region)
                changed = moves or dict(checked.values) != dict(definition.settings)
                if changed and import_runs.discard(db, name, "discarded"):
                    log.info("the open preview of %s was discarded: its settings changed", name)
            return [*checked.problems, *self._settings_stored(name)]

    def _settings_stored(self, name: str) -> Sequence[SettingsProblem]:
        """Notify the plug-in of new settings; return its failure as a warning."""
        try:
            with self._session(Session, self._new_run(name, exports=None)) as session:
                session.call("opter_settings_stored")
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 whatever it is, the settings are stored
            failure = failure_of(error)
            if failure is None:
                log.warning("a plug-in failed in opter_settings_stored: %s", type(error).__name__)
            sentence = SETTINGS_NOT_FOLLOWED if failure is None else failure.message
            return [SettingsProblem(name, "warning", sentence)]
        return []

    def _checked_settings(
        self, type_code: str, values: Mapping[str, str], subject: str
    ) -> CheckedSettings:
        self.settings_fields(type_code, subject)  # what cannot be shown afterwards is not stored
        answer: CheckedSettings | None = _ask(
            self.plugins, "opter_check_settings", type_code, subject, values=dict(values)
        )
        if answer is None:
            raise broken("opter_check_settings was not answered")
        checked = checked_settings(answer)
        if any(problem.severity == "error" for problem in checked.problems):
            raise SettingsRefused(checked.problems)
        return checked
