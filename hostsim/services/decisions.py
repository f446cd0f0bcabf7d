"""Deciding about payments that are not simply ready; a save then applies what was decided."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from hostsim.errors import host_error
from hostsim.ledger.reasons import SET_ASIDE
from hostsim.ledger.values import Decision
from hostsim.messages.decisions import deleted_there
from hostsim.messages.payments import Difference
from hostsim.services.context import Context
from hostsim.storage import decisions as decision_store
from hostsim.storage import (
    history,
    previews,
    undone_saves,
    unreported_commits,
)
from hostsim.storage.decisions import DecisionWriter
from hostsim.storage.import_runs import ImportRun
from hostsim.storage.judging import Judging
from hostsim.storage.previews import Preview, PreviewChanged
from hostsim.storage.undone_saves import UndoneSave
from opter_contract.values import Company, Text


class ToBeTakenAgain(NamedTuple):
    """The payments of a definition that are to be taken again."""

    waiting: int  # have to be fetched first
    shown: int  # in the open preview
    refused: Mapping[str, Text]  # of those, by number, why they cannot be saved


class Decisions(Context):
    """Sets payments aside, decides about them, and takes decisions back."""

    def decisions(self, name: str) -> list[Decision]:
        """Return what was decided about payments of a definition, in force or not."""
        return decision_store.decisions(self.store, self.store.definition(name).name)

    # ``revision`` is that of the preview that a person decided on; where another one is open,
    # nothing is decided. "" means no preview, and ``None`` whatever is open.

    def set_aside(
        self,
        name: str,
        numbers: Collection[str],
        *,
        why: str = "",
        revision: str | None = None,
    ) -> Preview | None:
        """Set rejected payments aside, all or none, until they are taken back.

        What is set aside already stays as it is.

        :param numbers: payment numbers of the open preview; without one, of those
            that wait.
        :return: the open preview, judged again; ``None`` when nothing is open.
        :raises HostError: ``PAYMENT_NOT_SHOWN`` or ``DECISION_DOES_NOT_FIT``.
        """
        return self._decide(
            name,
            numbers,
            lambda writer, candidates: writer.set_aside(numbers, why, candidates),
            revision,
        )

    def set_aside_series(
        self, name: str, first: str, last: str, *, why: str = "", revision: str | None = None
    ) -> Preview | None:
        """Set every payment aside whose invoice lies in a series and is not here.

        :param first: invoice number where the payments come from; included, as is ``last``.
        :return: the open preview, judged again; ``None`` when nothing is open.
        :raises HostError: ``SERIES_WRONG`` or ``SERIES_EXISTS``.
        """
        return self._decide(
            name, (), lambda writer, _: writer.set_aside_series(first, last, why), revision
        )

    def leave_out(
        self, name: str, numbers: Collection[str], *, revision: str | None = None
    ) -> Preview | None:
        """Leave payments that are ready out of the next save, all or none.

        That save keeps them as what was rejected, and the next import offers them again.

        :return: the open preview, judged again.
        :raises HostError: ``PAYMENT_NOT_SHOWN`` or ``DECISION_DOES_NOT_FIT``.
        """
        return self._decide(name, (), lambda writer, _: writer.leave_out(numbers), revision)

    def take_in(
        self, name: str, numbers: Collection[str], *, revision: str | None = None
    ) -> Preview | None:
        """Undo :meth:`leave_out`, as does :meth:`take_back`, which takes decisions back, too."""
        return self._decide(name, (), lambda writer, _: writer.take_in(numbers), revision)

    def take_back(
        self,
        name: str,
        numbers: Collection[str] = (),
        *,
        series: Collection[tuple[str, str]] = (),
        ids: Collection[int] = (),
        revision: str | None = None,
    ) -> Preview | None:
        """Take decisions back, all that are named or none; they stay in the list.

        :param numbers: payments, whatever was decided about them.
        :param series: first and last invoice number, as they were set aside.
        :param ids: of decisions.
        :return: the open preview, judged again; ``None`` when nothing is open.
        :raises HostError: ``DECISION_UNKNOWN`` if nothing of that is in force.
        """
        return self._decide(
            name, (), lambda writer, _: writer.take_back(numbers, series, ids), revision
        )

    def decide(
        self,
        name: str,
        number: str,
        decision: str,
        *,
        why: str = "",
        revision: str | None = None,
    ) -> Preview | None:
        """Decide about one payment of the open preview; a save then does it.

        :param decision: ``confirm`` what may be registered already, ``take-again`` what
            was deleted here, ``accept`` a change, or ``keep`` what is registered;
            ``set-aside`` is :meth:`set_aside`.
        :param revision: of the preview that the person decided on, as in the other decisions;
            ``""`` if none was open, ``None`` for whatever is open now.
        :return: the open preview, judged again.
        :raises HostError: ``PAYMENT_NOT_SHOWN``, ``DECISION_DOES_NOT_FIT``, or
            ``LIST_CHANGED`` if another revision is open.
        """
        if decision == SET_ASIDE:
            return self.set_aside(name, [number], why=why, revision=revision)
        return self._decide(
            name,
            (number,),
            lambda writer, candidates: writer.decide(number, decision, why, candidates),
            revision,
        )

    def take_save_again(self, name: str, run_id: str, *, revision: str | None = None) -> int:
        """Take all payments of an undone save again; the next save registers them.

        What was accepted or confirmed about them for that save is decided again.
        Those that the open preview offers as ``deleted-in-host``; without one, those that the
        next import would.

        :return: how many.
        :raises HostError: ``NOTHING_TO_TAKE_AGAIN``.
        """
        run = history.run(self.store, run_id)
        decisions: dict[str, tuple[str, str] | None] = {}

        def take(writer: DecisionWriter, _: decision_store.OtherPayments) -> None:
            # As they are now: another may have decided about some of them since the list was shown.
            decisions.update(self._of_undone(name, run.id))
            if not decisions:
                raise host_error("NOTHING_TO_TAKE_AGAIN", which=history.describe_run(run))
            for number, decided in decisions.items():
                writer.take_again(number, decided)

        self._decide(name, (), take, revision)
        return len(decisions)

    def to_take_again(self, name: str, run_id: str) -> Collection[str]:
        """Return the numbers of the payments that :meth:`take_save_again` would take."""
        return self._of_undone(name, run_id).keys()

    def _of_undone(self, name: str, run_id: str) -> dict[str, tuple[str, str] | None]:
        company = self._company_of(name)
        if company is None:
            return {}
        run = history.run(self.store, run_id).id
        open_run = self._open_run(name)
        return undone_saves.payments_to_take_again(
            self.store.db, run, name, company.number, open_run
        )

    def rejected(self, name: str, numbers: Collection[str]) -> dict[str, Text]:
        """Return those of these payments that the open preview rejects, and what it says of each.

        Not those that only have to be fetched again.
        """
        run_id = self._open_run(self.store.definition(name).name)
        return previews.rejected_messages(self.store, run_id, numbers)

    def definitions_undone(self) -> list[str]:
        """Return the definitions of which a save was undone, whether or not anything waits."""
        return undone_saves.definitions_undone(self.store.db)

    def undone_saves(self, name: str) -> list[UndoneSave]:
        """Return the undone saves of a definition of which payments can be taken again."""
        company = self._company_of(name)
        open_run = self._open_run(name)
        if company is None:
            return []
        return undone_saves.undone_saves(self.store.db, name, company.number, open_run)

    def to_be_taken_again(self, name: str) -> ToBeTakenAgain:
        """Return what becomes of the payments of a definition that are to be taken again."""
        company, open_run = self._company_of(name), self._open_run(name)
        if company is None:
            return ToBeTakenAgain(0, 0, {})
        taken = undone_saves.taken_again(self.store.db, name, company.number, open_run)
        shown = [payment for payment in taken if payment.shown]
        gone = deleted_there(self.source(self.store.definition(name).import_type))
        refusals = {payment.number: gone if payment.gone else payment.refusal for payment in shown}
        return ToBeTakenAgain(
            sum(payment.waits for payment in taken),
            len(shown),
            {number: why for number, why in refusals.items() if why is not None},
        )

    def other_amounts(self, name: str, numbers: Collection[str]) -> dict[str, Difference]:
        """Return those of these payments that were deleted here with another amount."""
        company, open_run = self._company_of(name), self._open_run(name)
        if company is None:
            return {}
        return undone_saves.other_amounts(self.store.db, company.number, open_run, numbers)

    def _decide(
        self,
        name: str,
        numbers: Collection[str],
        act: Callable[[DecisionWriter, decision_store.OtherPayments], None],
        revision: str | None,
    ) -> Preview | None:
        """Write decisions down in one transaction, and judge the open preview again.

        Should the process end between the two, a save refuses the preview and judges it.
        """
        self.store.definition(name)
        with self._definition_lock(name):
            run_id = self._open_run(name)
            self._refuse_other_list(run_id, revision)
            company = self._company_of(name)
            if company is None:
                first = Text("läs in betalningar", "import payments")
                raise host_error("COMPANY_NOT_KNOWN", name=name, first=first)
            if run_id is None:
                with self.store.checked_change():
                    act(self._writer(name, company, None), {})
                self.store.checkpoint_wal()
                return None
            import_run = ImportRun(self.store, run_id, self.store.definition(name))
            with self.store.reader() as reader:
                # The change first: without a WAL, a commit that waits for a snapshot to end makes
                # every new change wait.
                with self.store.checked_change():
                    import_run.refuse_damage()
                    judging = Judging(self.store, import_run.scope(company.number), reader)
                    candidates = judging.possibly_registered(numbers)
                    replaceable, settles = judging.replaceable, judging.settlements.by_number
                    before = judging.decisions_in_force()
                    judging.end_snapshot()
                    act(self._writer(name, company, run_id, replaceable, settles), candidates)
                with unreported_commits.uncounted(), self.store.change():
                    import_run.judge_again(company, judging, before)
            self.store.checkpoint_wal()
            return previews.preview_of(self.store, run_id)

    def _writer(
        self, name: str, company: Company, run_id: str | None, *beside: Any
    ) -> DecisionWriter:
        db, user, at = self.store.db, self._user, self._clock()
        return DecisionWriter(db, name, company.number, run_id, user, at, *beside)

    def _refuse_other_list(self, run_id: str | None, shown: str | None) -> None:
        if shown is None or shown == previews.revision_of(self.store.db, run_id):
            return
        if run_id is None:
            raise host_error("LIST_CHANGED")
        raise PreviewChanged(previews.preview_of(self.store, run_id), "LIST_CHANGED")

    def hidden_by_series(self, name: str, numbers: Collection[str]) -> dict[str, Decision]:
        """Return the series that hides each of these payments, where one does."""
        company = self._company_of(name)
        if company is None:
            return {}
        writer = self._writer(name, company, self._open_run(name))
        hiding = {number: writer.hiding_series(number) for number in numbers}
        return {number: series for number, series in hiding.items() if series is not None}

    def needs_import(self, name: str, number: str) -> bool:
        """Return whether a payment has to be fetched again before a save does what was decided."""
        run_id = self._open_run(self.store.definition(name).name)
        return previews.needs_import(self.store, run_id, number)
