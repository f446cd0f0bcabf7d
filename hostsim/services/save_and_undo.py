"""Saving what is ready in an open preview, and undoing a whole save; each is all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from hostsim.errors import host_error
from hostsim.ledger.values import REGISTERED, Entry
from hostsim.messages import decisions as decisions_messages
from hostsim.messages import payments as payments_messages
from hostsim.plugins.listeners import notify_of_save
from hostsim.plugins.session import broken
from hostsim.services.context import Context
from hostsim.services.hand_payments import required_reason
from hostsim.services.open_previews import judge_open_previews
from hostsim.storage import hand_payments, history, previews, undone_saves, unreported_commits
from hostsim.storage.history import PastRun
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.previews import Preview, PreviewChanged
from hostsim.storage.registration import NotAsShown, Registration
from hostsim.storage.undone_saves import Restored
from opter_contract.values import Company, SavedRun, Text


@dataclass(frozen=True, slots=True)
class UndoResult:
    """The result of undoing a save."""

    deleted: int
    #: The number of payments that it had reversed, and that are registered again.
    restored: int
    #: Numbers of payments of other undone saves that the next save no longer takes again.
    forgotten: tuple[str, ...]
    #: Its entries that were left alone: deleted, reversed or replaced before, or a reversal.
    kept: tuple[Entry, ...]
    #: Those of the restored payments that came by a save.
    restored_payments: tuple[Restored, ...] = ()

    @property
    def sentence(self) -> Text:
        return payments_messages.save_undone(
            self.deleted, self.restored, self.forgotten, self.restored_payments
        )


class ToUndo(NamedTuple):
    """What undoing a save would do: as :class:`UndoResult`, before it is done."""

    deleted: int
    sek: Decimal
    restored: int
    again: int  # the number of payments that can be taken again afterwards
    forgotten: tuple[str, ...]
    gone: tuple[Entry, ...]  # deleted at the source, too, and so not to be taken again
    kept: tuple[Entry, ...]
    restored_payments: tuple[Restored, ...] = ()


def _undone_before(run: PastRun, entry: Entry) -> bool:
    """Return whether an entry of a save was deleted when it was undone, or after that."""
    deleted_at = entry.deleted_at
    return run.undone_at is not None and deleted_at is not None and deleted_at >= run.undone_at


class Saving(Context):
    """Registers the payments of an open preview."""

    def save(
        self,
        name: str | None = None,
        revision: str | None = None,
        *,
        only_without_warnings: bool = False,
    ) -> Preview | None:
        """Register the payments that are ready in an open preview; needs no login, no plug-in.

        :param name: the definition; ``None`` for the only one with an open preview.
        :param revision: of the preview to save, and of no other; where that one was saved
            before, it is only returned. ``""`` matches no preview; ``None`` saves
            whatever is open, even if it was judged again since somebody looked at it.
        :param only_without_warnings: leave the payments without a green tick, or with a note,
            to a person; the next import offers them again, as it does rejected ones.
        :return: what was saved; ``None`` when nothing is open.
        :raises PreviewChanged: when another revision is open, or the host's data changed
            so that the result would differ; nothing is saved, and the error carries what
            is open now.
        :raises HostError: ``NOTHING_TO_SAVE`` if the revision is neither open nor saved.
        """
        chosen = self.name_to_save(name)
        if chosen is None:
            return None
        self._refuse_other_currency()
        self.notify_listeners()
        with self._definition_lock(chosen):
            run_id = self._open_run(chosen)
            if run_id is None:
                return self._saved_before(chosen, revision)
            import_run = ImportRun(self.store, run_id, self.store.definition(chosen))
            company = previews.preview_of(self.store, run_id).company
            if company is None:
                raise broken("the run has no company")
            if only_without_warnings:
                self._leave_for_person(import_run, company, revision)
                revision = None
            try:
                registration = Registration(import_run, company, self._user, self._clock())
                held = registration.save(revision=revision)
            except NotAsShown:
                before = previews.run_saved_with(self.store, chosen, revision or "")
                if before is not None:
                    return previews.preview_of(self.store, before)
                raise PreviewChanged(previews.preview_of(self.store, run_id)) from None
            if not held:
                with unreported_commits.uncounted(), self.store.change():
                    import_run.judge(company)
                raise PreviewChanged(previews.preview_of(self.store, run_id))
        preview = previews.preview_of(self.store, run_id)
        unreported_commits.note(payments_messages.registered(preview.counts["ready"]))
        # Unattended, other companies are saved at the same time and must not wait for it.
        self.store.checkpoint_wal(passively=not self._attended)
        import_type = import_run.definition.import_type
        saved = SavedRun(run_id, import_type, chosen, company, preview.counts["ready"])
        notify_of_save(self.plugins, self.store, saved)
        self.notify_listeners()
        return preview

    def _leave_for_person(
        self, import_run: ImportRun, company: Company, revision: str | None
    ) -> None:
        """Leave what has no green tick, or a note, of a preview that is still the given one."""
        run_id = import_run.run_id
        if revision not in {None, previews.revision_of(self.store.db, run_id)}:
            raise PreviewChanged(previews.preview_of(self.store, run_id))
        with unreported_commits.uncounted():
            import_run.leave_for_person(company)

    def undo_save(self, run_id: str, *, why: str) -> UndoResult:
        """Delete all payments of a save, and restore those it reversed. All or nothing.

        They stay in the books as deleted, and the next import offers them as
        ``deleted-in-host``: :meth:`take_save_again` takes all of them at once. A save that was
        undone is undone again where some of its payments are registered again: only these are
        deleted. Open previews of their invoices are judged again; who saw an earlier one cannot
        save it.

        :param run_id: the beginning of its id is enough.
        :raises HostError: ``WHY_NEEDED``, ``WHY_TOO_LONG``, ``RUN_UNKNOWN``, ``RUN_AMBIGUOUS``, or
            ``NOTHING_TO_UNDO`` if none of its payments is registered.
        """
        reason = required_reason(why)
        run = history.run(self.store, run_id)
        user, at = self._user, self._clock()
        message = decisions_messages.deleted_here(user, at, reason)
        with self._definition_lock(run.definition), self.store.changing_books() as db:
            rows = undone_saves.payments_of(db, run.id)
            registered = [row for row in rows if row["state"] == REGISTERED]
            gone = hand_payments.deleted_at_source(db)
            reversals = undone_saves.reversals_to_undo(db, run.id)
            gone |= {row["id"] for row in reversals if not row["facts"]}
            undone = [*registered, *reversals]
            if not undone:
                raise host_error("NOTHING_TO_UNDO", which=history.describe_run(run))
            company = undone[0]["company"]
            restored_payments = undone_saves.restored_by(db, reversals)
            forgotten = undone_saves.payments_to_forget(db, run.definition, company, run.id)
            for row in undone:
                hand_payments.delete(
                    db, row, why=reason, user=user, at=at, message=message, gone=gone
                )
            for row in reversals:
                if row["facts"]:
                    undone_saves.offer_without_money(db, row)
            undone_saves.forget_taken_again(
                db, run.definition, company, forgotten, user=user, at=at
            )
            undone_saves.mark_undone(db, run.id, reason, user, at)
        done = UndoResult(len(registered), len(reversals), forgotten, (), restored_payments)
        unreported_commits.note(done.sentence)
        judge_open_previews(self.store, {row["invoice_id"] for row in undone})
        self.store.checkpoint_wal()
        self.notify_listeners()
        ids = {row["id"] for row in undone}
        entries = self.store.payments(run_id=run.id)
        kept = tuple(e for e in entries if e.id not in ids and not _undone_before(run, e))
        return replace(done, kept=kept)

    def to_undo(self, run_id: str) -> ToUndo:
        """Count what :meth:`undo_save` would do.

        :raises HostError: ``RUN_UNKNOWN``, ``RUN_AMBIGUOUS``, ``NOTHING_TO_UNDO``.
        """
        run, db = history.run(self.store, run_id), self.store.db
        number, sek = undone_saves.registered_of(db, run.id)
        reversals = undone_saves.reversals_to_undo(db, run.id)
        if not number and not reversals:
            raise host_error("NOTHING_TO_UNDO", which=history.describe_run(run))
        company = run.company.number if run.company else ""
        deleted_there = hand_payments.deleted_at_source(db)
        restored = {row["id"] for row in reversals}
        gone, kept = [], []
        for entry in self.store.payments(run_id=run.id):
            if entry.state == REGISTERED and entry.id in deleted_there:
                gone.append(entry)
            elif (
                entry.state != REGISTERED
                and entry.id not in restored
                and not _undone_before(run, entry)
            ):
                kept.append(entry)
        again = number - len(gone) + sum(bool(row["facts"]) for row in reversals)
        forgotten = undone_saves.payments_to_forget(db, run.definition, company, run.id)
        return ToUndo(
            *(number, sek, len(reversals), again),
            *(forgotten, tuple(gone), tuple(kept)),
            undone_saves.restored_by(db, reversals),
        )

    def _saved_before(self, name: str, revision: str | None) -> Preview | None:
        """Return what was saved with this revision, if nothing is open any more."""
        if not revision:
            return None
        run_id = previews.run_saved_with(self.store, name, revision)
        if run_id is None:
            raise host_error("NOTHING_TO_SAVE")
        return previews.preview_of(self.store, run_id)

    def name_to_save(self, name: str | None) -> str | None:
        """Return the definition to save: the named one, else the only one with an open preview."""
        if name is not None:
            return self.store.definition(name).name
        names = list(previews.open_runs(self.store))
        if len(names) > 1:
            raise host_error("DEFINITION_NEEDED", names=", ".join(names))
        return names[0] if names else None
