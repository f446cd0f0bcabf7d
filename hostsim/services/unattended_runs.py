"""A scheduled import or export that runs with nobody there, from its beginning to its end."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from hostsim.errors import HostError, failure_of, host_error
from hostsim.ledger.schedules import (
    FAILED,
    GREEN,
    NOTHING_NEW,
    PAUSED,
    SAVED,
    TEMPORARY_FAILURES,
    WAITS,
    Schedule,
)
from hostsim.messages.text import own
from hostsim.plugins.export_session import send_nothing
from hostsim.plugins.listeners import notify_of_run_end
from hostsim.services.exports import Exports
from hostsim.services.imports import Imports
from hostsim.services.save_and_undo import Saving
from hostsim.services.schedules import Schedules
from hostsim.storage import database_checks, schedules
from hostsim.storage.export_previews import THERE, ExportPreview, PreviewItem
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.previews import Preview
from hostsim.storage.store import Store
from opter_contract.values import Company, EndedRun, Text

log = logging.getLogger(__name__)

#: Seconds that a run waits for another one of its company.
COMPANY_WAIT_SECONDS = 600.0

#: How often a run goes on after somebody changed its preview before it was saved.
MAX_CHANGES = 3

#: The user of what is saved unattended.
USER = "hostsim (schedule)"


@dataclass(frozen=True, slots=True)
class _Result:
    """How a run went."""

    outcome: str
    company: Company | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    code: str = ""
    message: Text | None = None


class UnattendedRuns(Imports, Exports, Saving, Schedules):
    """Imports and exports that run unattended."""

    def run_scheduled(self, name: str) -> EndedRun | None:
        """Run a definition that is due, unless another process is running it.

        Every failure is recorded, except one that ends the program: it is then still due.

        :return: how it ended; ``None`` if it is not due, or somebody cancelled it.
        """
        with self.store.locks.hold("schedule", name, wait=0) as acquired:
            began = self._clock()
            schedule = schedules.schedule(self.store, name) if acquired else None
            if schedule is None or not schedule.is_due(began):
                return None
            try:
                run = self._export_alone if schedule.subject else self._import_alone
                with self._scheduled_company_lock(schedule):
                    result = run(name, only_without_warnings=schedule.save == GREEN)
            except Exception as error:  # noqa: BLE001 whatever it is, the other companies go on
                failed = _failure_result(name, error, self.store)
                if failed is None:
                    return None
                result = failed
            return self._record_end(name, began, result)

    @contextmanager
    def _scheduled_company_lock(self, schedule: Schedule) -> Iterator[None]:
        """Make scheduled runs of one company take turns, since nobody waits for them.

        After a while it runs in parallel with the other, which may be stuck.
        """
        if schedule.company is None:
            yield
            return
        definition = self.store.definition(schedule.definition, exports=None)
        key = "scheduled-company", definition.import_type, schedule.company.number
        with self.store.locks.hold(*key, wait=COMPANY_WAIT_SECONDS):
            yield

    def _record_end(self, name: str, began: datetime, result: _Result) -> EndedRun | None:
        # The schedule that a person gives meanwhile is either read here, or overwrites the end.
        with self.store.change():
            now, schedule = self._clock(), schedules.schedule(self.store, name)
            if schedule is None:
                return None  # a person took it away meanwhile
            definition = self.store.definition(name, exports=None)
            run = EndedRun(
                name,
                definition.import_type,
                definition.subject,
                result.company or definition.company,
                now,
                result.outcome,
                result.counts,
                result.code,
                result.message,
            )
            failed = result.outcome in {FAILED, PAUSED}
            failures = schedule.failures + 1 if failed else 0
            timetable = schedule.timetable
            retried = result.outcome == FAILED
            schedules.store_end(
                self.store,
                run,
                timetable.again(now, began, failures) if retried else timetable.next(began),
                waiting=schedule.waiting if failed else result.waiting,
                failures=failures,
            )
        notify_of_run_end(self.plugins, run)
        return run

    def _import_alone(self, name: str, *, only_without_warnings: bool) -> _Result:
        preview = self.import_payments(name)
        if only_without_warnings:
            preview = self._save_alone(preview)
        run = ImportRun(self.store, preview.run_id, self.store.definition(name))
        counts = preview.counts
        saved = counts["ready"] if only_without_warnings else 0
        done = {
            "read": counts["read"],
            "saved": saved,
            "left": counts["left"] + counts["ready"] - saved,
            "rejected": counts["rejected"],
            "ignored": counts["ignored"],
        }
        return _result(done, done["left"] + run.for_person(), preview.company)

    def _save_alone(self, preview: Preview) -> Preview:
        """Save what is green of an import, also where it is judged again or discarded meanwhile.

        Nobody was shown anything, so nobody has to look at what it has become.
        """
        name = preview.definition
        for _ in range(MAX_CHANGES):
            try:
                return self.save(name, preview.revision, only_without_warnings=True) or preview
            except HostError as error:
                if error.code not in {"PREVIEW_CHANGED", "NOTHING_TO_SAVE"}:
                    raise
                now_open = self.open_preview(name)
                if now_open is not None and now_open.run_id != preview.run_id:
                    raise  # what a person brought in is not saved unseen
            # None is open where a person stored other settings, which it was not read with.
            preview = now_open or self.import_payments(name)
        return self.save(name, preview.revision, only_without_warnings=True) or preview

    def _export_alone(self, name: str, *, only_without_warnings: bool) -> _Result:
        preview = self.export(
            name, review=_ids_without_warnings if only_without_warnings else send_nothing
        )
        counts = preview.counts
        noted = sum(item.state in THERE and _has_remark(item) for item in preview.items())
        left = counts["ready"] + counts["waiting"] + noted
        rejected = counts["refused"] + counts["unknown"]
        done = {
            "read": counts["items"],
            "saved": counts["sent"],
            "left": left,
            "rejected": rejected,
            "ignored": counts["items"] - counts["sent"] - left - rejected,
        }
        # What was sent may have something left to be done.
        to_look_at = max(counts["unknown"], preview.failures)
        return _result(done, left + counts["refused"] + to_look_at, preview.company)


def _result(counts: Mapping[str, int], waiting: int, company: Company | None) -> _Result:
    done = SAVED if counts["saved"] else NOTHING_NEW
    return _Result(WAITS if waiting else done, company, counts, waiting)


def _failure_result(name: str, error: Exception, store: Store) -> _Result | None:
    """Return a temporary failure, or one that pauses the schedule; ``None`` if cancelled."""
    failure = failure_of(error) or database_checks.damage_behind(error, store.path)
    if failure is None:
        # Where, but not with what: the text of an error may hold what a log must not.
        *_, frame = traceback.extract_tb(error.__traceback__)
        what = type(error).__name__
        log.error("%s ended with %s in %s:%s", name, what, frame.filename, frame.lineno)
        failure = host_error("RUN_BROKEN")
    if failure.kind == "cancelled":
        return None
    outcome = FAILED if failure.kind in TEMPORARY_FAILURES else PAUSED
    return _Result(outcome, code=failure.code, message=own(failure.message))


def _ids_without_warnings(preview: ExportPreview, _: float) -> Collection[str]:
    """Return the ids of the items that may be sent unattended.

    None that differs, clashes, has a note or lacks something, and none of a party whose record
    there differs, has a note, or has other bank details.
    """
    doubtful = {c.number for c in preview.cards() if c.action != "create" or c.message}
    doubtful |= {change.party_number for change in preview.bank_changes()}
    nothing_missing = frozenset(preview.ids_without_gaps())
    return [
        item.id
        for item in preview.items()
        if item.id in nothing_missing
        and item.party_number not in doubtful
        and _is_without_warnings(item)
    ]


def _is_without_warnings(item: PreviewItem) -> bool:
    if _has_remark(item):
        return False
    if item.state == "ready":
        return item.action == "create" and item.other_total in {None, item.total}
    return item.state in THERE


def _has_remark(item: PreviewItem) -> bool:
    return bool(item.differences or item.code or item.message)
