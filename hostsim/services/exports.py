"""Exporting: the plug-in plans, a person reviews, and what is sent is stored item by item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal

from hostsim.errors import HostError, host_error
from hostsim.ledger.values import Definition
from hostsim.messages import exports as messages
from hostsim.messages.payments import region_name
from hostsim.plugins.export_session import ExportSession, Review, company_lock, send_nothing
from hostsim.plugins.session import broken
from hostsim.services.context import recording_failure
from hostsim.services.definitions import Definitions
from hostsim.storage import (
    bank_confirmations,
    export_previews,
    exportable_items,
    schedules,
    unreported_commits,
)
from hostsim.storage.export_previews import ExportChanged, ExportPreview, ShownChange
from hostsim.storage.export_runs import ExportRun
from hostsim.storage.exportable_items import ExportableItem, ExportPeriod, LogEntry
from hostsim.storage.lists import Selection, Source, all_of
from hostsim.storage.rows import clean
from opter_contract.export_values import (
    ExportItem,
    ExportReport,
    ItemResult,
    PlannedItem,
)
from opter_contract.values import Company, SettingsProblem


class Exports(Definitions):
    """Sends invoices and supplier bills to other books, and returns their states there."""

    # --- Definitions ---

    def define_export(
        self,
        name: str,
        export_type: str,
        subject: str,
        region: str,
        values: Mapping[str, str],
        *,
        company_of: str | None = None,
    ) -> Sequence[SettingsProblem]:
        """Make an export; return the warnings about its values.

        Its settings are changed with :meth:`change`, as those of an import.

        :param subject: what is exported: ``invoices`` or ``supplier-bills``.
        :param company_of: an import, or another export, whose company this one shares.
        :raises SettingsRefused: when a value is wrong; nothing is stored then.
        """
        return self.define(
            name, export_type, "", region, values, company_of=company_of, subject=subject
        )

    # --- Exporting ---

    def export(
        self,
        name: str,
        *,
        review: Review = send_nothing,
        items: Iterable[str] = (),
        check: bool = False,
    ) -> ExportPreview:
        """Plan an export, have it reviewed, and send what the review chose.

        The review is called once, while the plug-in waits and its login lasts. Where a gap is
        open in what it chose, or some of it waits for a confirmation, nothing is sent.

        :param review: default: sends nothing.
        :param items: the numbers of those to export; default: all that are new, changed or
            not settled, of closed periods.
        :param check: this only looks for what is missing in the set-up.
        :raises HostError: ``EXPORT_RUNNING``, ``INVOICE_UNKNOWN``, ``BILL_UNKNOWN``,
            ``EXPORT_WITHOUT_ROWS``.
        """
        numbers = tuple(dict.fromkeys(clean(number.strip()) for number in items))
        self.refuse_not_exportable(name, numbers)
        with self._exporting(name, numbers or None) as (run, session):
            session.review_by = review
            report: ExportReport | None = session.call("opter_export")
            if report is None:
                raise broken("opter_export was not answered")
            copy = session.finish(report)
            notes = [*copy.notes, *([messages.TOO_LATE] if session.too_late else [])]
            state = "sent" if run.preview().sent else "checked" if check else "previewed"
            done = run.finish(state, requests=copy.requests, notes=notes)
        # It works again, so that a paused schedule may run.
        schedules.resume(self.store, name, self._clock())
        return done

    def refuse_not_exportable(self, name: str, items: Iterable[str]) -> None:
        """Check what a person asks for, before a plug-in is called.

        :raises HostError: ``INVOICE_UNKNOWN``, ``BILL_UNKNOWN``, ``EXPORT_WITHOUT_ROWS``.
        """
        numbers = [clean(number) for number in items]
        for number in self._refuse_unknown(self._export_definition(name), numbers):
            raise host_error("EXPORT_WITHOUT_ROWS", number=number)

    def send(self, name: str, revision: str, *, items: Iterable[str] = ()) -> ExportPreview:
        """Send what was shown, and nothing else; what waits for a confirmation is left.

        :param revision: of the preview that was shown; ``""`` if none was.
        :return: the result; if a gap is open, what would have been sent.
        :raises ExportChanged: where the preview is another one now; nothing was sent.
        """

        def review(preview: ExportPreview, _: float) -> Sequence[str] | None:
            if preview.revision != revision or preview.counts["gaps"]:
                return None
            return preview.ids()

        preview = self.export(name, review=review, items=items)
        if preview.revision != revision:
            raise ExportChanged(preview)
        return preview

    def last_shown(self, name: str) -> str:
        """Return the revision of the last preview that a command printed; ``""`` for none."""
        return export_previews.printed_revision(self.store, self._export_definition(name).name)

    def confirm_bank(
        self, name: str, party_number: str, run_id: str | None = None
    ) -> Sequence[ShownChange]:
        """Confirm, by the name of the user, the bank changes of a supplier that were shown.

        They are made by the next export, or by the one that waits for its review.

        :param party_number: of the supplier there.
        :param run_id: that showed them; default: the one that a command printed last.
        :return: the changes that are confirmed.
        :raises HostError: ``NO_BANK_CHANGE``.
        """
        definition = self._export_definition(name)
        shown = run_id or export_previews.last_printed_run(self.store, definition.name)
        number = clean(party_number.strip())
        confirmed = shown and bank_confirmations.confirm(
            self.store, shown, number, self._user, self._clock()
        )
        if not confirmed:
            raise host_error("NO_BANK_CHANGE", number=number, name=name)
        return confirmed

    def cancel(self, name: str, number: str) -> ExportPreview:
        """Take an exported item back; the only item of the run has the result.

        :raises HostError: ``NOT_EXPORTED``, ``CORRECTION_EXPORTED``, ``CANNOT_CANCEL``,
            ``EXPORT_RUNNING``.
        """
        number = clean(number.strip())
        definition = self._export_definition(name)
        self._refuse_unknown(definition, [number])
        company = definition.company
        exported = (
            None
            if company is None
            else exportable_items.total_and_party_number(
                self.store, definition, company.number, number
            )
        )
        if company is None or exported is None:
            raise self._not_exported(definition, number)
        with self._exporting(name, (number,), takes_back=True) as (run, session):
            [item] = run.items("")
            # Again: another may have taken it back before this one had the lock.
            if not (item.exported or item.intended):
                raise self._not_exported(definition, number)
            self._refuse_corrected(definition, company, number)
            run.take_planned([_cancellation_plan(item, *exported)])
            run.plan(company)
            run.choose([item.id], company, self._clock())
            run.store_intents(company, [item.id], self._clock(), "cancelling")
            result: ItemResult | None = session.call("opter_cancel_exported", item=item)
            if result is None:
                raise host_error("CANNOT_CANCEL", type=definition.import_type)
            session.store_results(company, [result])
            session.raise_failure()
            return run.finish("cancelled")

    # --- What is known ---

    def export_periods(
        self, name: str | None, subject: str = messages.INVOICES
    ) -> Sequence[ExportPeriod]:
        """Return the periods whose items an export can send, the last one first.

        :param name: ``None`` if none of the subject is defined yet: those of the default
            region.
        """
        return exportable_items.periods(self.store, *self._definition_or_default(name, subject))

    def exportable(self, name: str) -> Iterator[ExportableItem]:
        """Return the items that an export can send, with their states there."""
        source = exportable_items.items_of(*self._definition_or_default(name))
        return all_of(self.store, source, Selection())

    def exported(self, name: str, number: str) -> ExportableItem:
        """Return an item that is exported.

        :raises HostError: ``NOT_EXPORTED``.
        """
        for item in self.exportable(name):
            if item.item_number == number and item.may_be_taken_back:
                return item
        raise self._not_exported(self.store.definition(name, exports=True), number)

    def exportable_rows(
        self,
        name: str | None,
        month: str | None = None,
        *,
        closed: bool | None = None,
        subject: str = messages.INVOICES,
    ) -> Source:
        """Return the source of those items for a page.

        :param name: and the subject, as for :meth:`export_periods`.
        :param month: of this month, as 2026-11.
        :param closed: of closed periods, or of open ones; default: of both.
        """
        return exportable_items.items_of(
            *self._definition_or_default(name, subject), month, closed=closed
        )

    def export_runs(self, name: str | None = None) -> Iterator[ExportPreview]:
        """Return the exports of the past, the last one first."""
        return export_previews.past_runs(self.store, name)

    def export_run(self, run_id: str) -> ExportPreview:
        return export_previews.preview_of(self.store, run_id)

    def export_log(self, name: str | None = None) -> Iterator[LogEntry]:
        """Return what was done with each item, of all subjects, oldest first."""
        return all_of(self.store, exportable_items.log(name), Selection(sort="at"))

    # --- The parts of an export ---

    def _export_definition(self, name: str) -> Definition:
        definition = self.store.definition(name, exports=True)
        self.plugins.owner(definition.import_type, definition.subject)
        return definition

    def _refuse_unknown(self, definition: Definition, numbers: Sequence[str]) -> Sequence[str]:
        """Refuse numbers that no item has; return those of items without rows."""
        unknown, without_rows = exportable_items.find_not_exportable(
            self.store, definition, self._books_of(definition), numbers
        )
        for number in unknown:
            code = messages.UNKNOWN_ITEM[definition.subject]
            raise host_error(code, number=number, region=region_name(definition.region))
        return without_rows

    def _refuse_corrected(self, definition: Definition, company: Company, number: str) -> None:
        """Refuse to take back an invoice that has corrections in the books of a company.

        Without what it corrects, a correction would remain as money of the customer's.
        """
        corrections = exportable_items.exported_corrections(
            self.store, definition, company.number, number
        )
        if corrections:
            names = messages.numbers_with_regions(corrections, definition.region)
            raise host_error("CORRECTION_EXPORTED", number=number, corrections=names)

    @staticmethod
    def _not_exported(definition: Definition, number: str) -> HostError:
        words = messages.WORDS[definition.subject]
        return host_error("NOT_EXPORTED", number=number, name=definition.name, **words)

    @contextmanager
    def _exporting(
        self, name: str, numbers: tuple[str, ...] | None, *, takes_back: bool = False
    ) -> Iterator[tuple[ExportRun, ExportSession]]:
        """Exclude every other export of the definition and its company, and begin a run.

        :raises HostError: ``EXPORT_RUNNING``, before anything was read.
        """
        with ExitStack() as held:
            if not held.enter_context(self.store.locks.hold("definition", name, wait=0)):
                raise host_error("EXPORT_RUNNING", name=name)
            definition = self._export_definition(name)
            company = self._exports_to(definition)
            run = ExportRun(
                self.store, self._new_id(), definition, self._user, company, numbers, takes_back
            )
            if company is not None:
                held.enter_context(company_lock(run, company))
            with unreported_commits.uncounted():
                run.begin(self._clock())
            held.callback(_note_what_was_sent, run)
            with (
                unreported_commits.uncounted(),
                recording_failure(run),
                self._session(ExportSession, run) as session,
                session.held,
            ):
                yield run, session

    def _definition_or_default(
        self, name: str | None, subject: str = messages.INVOICES
    ) -> tuple[Definition, str]:
        """Return an export, and the number of the company whose books have its items."""
        if name is None:
            return Definition("", "", "", "", {}, None, None, subject), ""
        definition = self.store.definition(name, exports=True)
        return definition, self._books_of(definition)

    def _books_of(self, definition: Definition) -> str:
        """Return the number of the company that an export sends to; ``""`` if it is unknown."""
        company = self._exports_to(definition)
        return "" if company is None else company.number

    def _exports_to(self, definition: Definition) -> Company | None:
        """Return the definition's company, else the only one of its region."""
        if definition.company is not None:
            return definition.company
        companies = {
            other.company
            for other in self.store.definitions(exports=None)
            if other.company is not None
            and (other.import_type, other.region) == (definition.import_type, definition.region)
        }
        return companies.pop() if len(companies) == 1 else None


def _cancellation_plan(item: ExportItem, total: Decimal, party_number: str) -> PlannedItem:
    """Return the plan of an item that is taken back: it sends nothing."""
    currency = item.content.currency
    return PlannedItem(item.id, "ready", "none", party_number, total, None, currency, item.number)


def _note_what_was_sent(run: ExportRun) -> None:
    """Note what was sent, so that no later error claims that nothing was done."""
    if run.preview().sent:
        unreported_commits.note(messages.SENT)
        run.store.checkpoint_wal(passively=True)
