"""The host: everything that a person can do, over one database and its plug-ins.

Each base is one thing to do, in a module of its own; front ends use them all
through :class:`Host`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hostsim.errors import host_error
from hostsim.ledger.values import Definition
from hostsim.plugins.session import Session, checked_company, checked_finding, copies_of
from hostsim.services.decisions import Decisions
from hostsim.services.explanation import Explaining
from hostsim.services.hand_payments import HandPayments
from hostsim.services.reconciliation import Reconciling
from hostsim.services.unattended_runs import UnattendedRuns
from hostsim.storage import history, schedules, unreported_commits
from hostsim.storage.company_regions import refuse_company_of_other_region
from hostsim.storage.history import PastRun
from hostsim.storage.import_runs import ImportRun, wrong_company_error
from hostsim.storage.lists import Selection, all_of
from opter_contract.values import Company, Finding


class Host(UnattendedRuns, Decisions, HandPayments, Reconciling, Explaining):
    """The host over one database; see :class:`hostsim.services.context.Context`."""

    def runs(self) -> Iterator[PastRun]:
        """Return all imports and reconciliations of the past, latest first."""
        return all_of(self.store, history.runs(self.store, self.shown_settings), Selection())

    def run(self, prefix: str) -> PastRun:
        """Return the one run whose id begins so.

        :raises HostError: ``RUN_UNKNOWN``, ``RUN_AMBIGUOUS``.
        """
        return history.run(self.store, prefix, self.shown_settings)

    def shown_settings(
        self, type_code: str, values: Mapping[str, str], subject: str = ""
    ) -> dict[str, str]:
        return history.shown_settings(lambda: self.settings_fields(type_code, subject), values)

    def sign_in(self, name: str) -> Company:
        """Let a person sign in for the unattended runs of a definition.

        The definition belongs to that company from then on; until something is saved, or another
        definition shares it, a person may sign in to another one. A paused schedule runs again.

        :return: the company that was signed in to.
        :raises HostError: ``CANNOT_SIGN_IN``, ``COMPANY_OF_OTHER_REGION``, ``WRONG_COMPANY``.
        """
        self.store.definition(name, exports=None)
        # A save, or an export, settles the company while it holds this lock.
        with self._definition_lock(name):
            definition = self.store.definition(name, exports=None)
            expected = self._required_company(definition)
            signed_in: Company | None = self._call_hook(
                replace(definition, company=expected), "opter_sign_in"
            )
            if signed_in is None:
                raise host_error("CANNOT_SIGN_IN", type=definition.import_type, name=name)
            company = checked_company(signed_in)
            # Other definitions are not locked; what they made of the company since is read here.
            with self.store.checked_change():
                required = self._required_company(definition)
                if required is not None and required.number != company.number:
                    raise wrong_company_error(definition, required, company)
                refuse_company_of_other_region(self.store, definition, company)
                self.store.set_definition_company(name, company)
        schedules.resume(self.store, name, self._clock())
        return company

    def _required_company(self, definition: Definition) -> Company | None:
        """Return the only company that a person may sign in to; ``None`` for any."""
        if definition.company is not None and not self.store.is_company_fixed(definition):
            return None
        return self._exports_to(definition) if definition.subject else definition.company

    def diagnose(self, name: str) -> Sequence[Finding] | None:
        """Let the plug-in of a definition check everything that it needs.

        :return: its findings; ``None`` if it cannot check.
        """
        self.store.definition(name, exports=None)
        with self._definition_lock(name):
            definition = self.store.definition(name, exports=None)
            findings: Sequence[Finding] | None = self._call_hook(definition, "opter_diagnose")
            return None if findings is None else copies_of(findings, checked_finding)

    def _call_hook(self, definition: Definition, hook: str) -> Any:
        """Call a hook of a definition's plug-in that takes nothing but the run."""
        self.plugins.owner(definition.import_type, definition.subject)
        run = ImportRun(self.store, self._new_id(), definition)
        with unreported_commits.uncounted(), self._session(Session, run) as session:
            return session.call(hook)
