"""Importing: the plug-in reads, the host judges, and the result is an open preview."""

from __future__ import annotations

from datetime import date

from hostsim.errors import host_error
from hostsim.ledger.account_numbers import checked_bank_account
from hostsim.messages import results as results_messages
from hostsim.messages.source_name import named
from hostsim.plugins.session import ImportSession, broken
from hostsim.services.context import Context, recording_failure
from hostsim.storage import schedules, unreported_commits
from hostsim.storage.company_regions import refuse_other_region
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.previews import Preview
from opter_contract.values import ImportReport, Progress


class Imports(Context):
    """Reads payments into the open preview of a definition."""

    def import_payments(
        self,
        name: str,
        *,
        region: str | None = None,
        bank_account: str = "",
        date: date | None = None,
    ) -> Preview:
        """Read payments and judge them; nothing is registered.

        The result becomes the open preview of the definition. When it fails,
        what was read is discarded and an earlier preview stays.

        :param region: the definition's own, which is the default; another one is refused.
        :param bank_account: where the money came in; every payment that is saved gets it.
        :param date: of the import, by default today; a payment keeps its own.
        :raises HostError: ``REGION_DIFFERS``, ``BANK_ACCOUNT``.
        """
        definition = self.store.definition(name)
        account = checked_bank_account(bank_account)
        refuse_other_region(definition, region)
        self.plugins.owner(definition.import_type)
        self._refuse_other_currency()
        self.notify_listeners()
        with self._definition_lock(name), unreported_commits.uncounted():
            import_run = self._new_run(name)
            refuse_other_region(import_run.definition, region)
            at = self._clock()
            import_run.begin(
                self._user,
                at,
                source=self.source(definition.import_type),
                bank_account=account,
                day=date or at.date(),
            )
            with recording_failure(import_run):
                report = self._read(import_run)
                self._report_judged(0, None)
                import_run.read_upto(report.cursor)
                import_run.judge(report.company, self._report_judged)
                source = self.source(definition.import_type)
                alone = import_run.halves_left_alone(report.company.number)
                notes = [*report.notes, *(named(note, source) for note in alone)]
                preview = import_run.finish(report.not_read, report.requests, self._clock(), notes)
        # It works again, so that a paused schedule may run.
        schedules.resume(self.store, name, self._clock())
        unreported_commits.note(results_messages.PREVIEW_KEPT)
        return preview

    def _report_judged(self, done: int, total: int | None) -> None:
        """Report how many rows are judged.

        :raises HostError: ``CANCELLED``, where a person ends it.
        """
        if self._on_progress(Progress("matching", done, total, results_messages.MATCHING)):
            raise host_error("CANCELLED")

    def _read(self, import_run: ImportRun) -> ImportReport:
        with self._session(ImportSession, import_run) as session:
            report: ImportReport | None = session.call("opter_import_payments")
            if report is None:
                raise broken("opter_import_payments was not answered")
            return session.finish(report)
