"""An export: makes a plan, has a person review it, and sends the chosen items.

The host stores an intent before each request, and its result afterwards: an interrupted export
resumes where it was, and nothing is sent twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from opter_contract.export_values import ExportItem, ExportReport, Gap, ItemResult
from opter_contract.values import Company, Run, Text
from opter_fortnox_plugin.errors import (
    Busy,
    FortnoxError,
    NotPermitted,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from opter_fortnox_plugin.exports.cards import BankChanged
from opter_fortnox_plugin.exports.outcomes import Outcome, refusal_text
from opter_fortnox_plugin.exports.planning import Planner
from opter_fortnox_plugin.exports.problems import NUMBER_USED
from opter_fortnox_plugin.exports.settings import ExportSettings
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS
from opter_fortnox_plugin.fortnox.worker_pool import Future
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.session import HERE, Session, Surroundings, signed_in

#: Seconds that a person may review the plan; then the login ends.
REVIEW_TIMEOUT: Final = 1800.0

#: The maximum number of items with an intent but no result: two windows of the rate limit.
MAX_INTENDED: Final = 2 * REQUESTS


@dataclass(frozen=True, slots=True)
class Export:
    """An export of one kind of items.

    :ivar cancel_scopes: the scopes for taking an item back.
    """

    settings: type[ExportSettings]
    planner: type[Planner[Any]]
    exporter: type[Exporter]
    cancel_scopes: Sequence[str]

    def export(self, run: Run, surroundings: Surroundings = HERE) -> ExportReport:
        """Export the items that the host has.

        :raises FortnoxError: if a person must act.
        """
        settings = self.settings.of(run.settings)
        with _locked_session(run, surroundings, settings.scopes) as (session, company):
            with session.company_lock(company):
                planner = self.planner(session, settings, company)
                planner.plan()
            item_ids = session.host.review(company, REVIEW_TIMEOUT)
            if item_ids:
                with session.company_lock(company):
                    self.exporter(session, planner, settings).send(item_ids)
            return ExportReport(company, session.limiter.started, tuple(planner.notes))

    def cancel(self, run: Run, item: ExportItem, surroundings: Surroundings = HERE) -> ItemResult:
        """Take an exported item back unless it is booked.

        :raises FortnoxError: if a person must act.
        """
        settings = self.settings.of(run.settings)
        scopes = self.cancel_scopes
        with _locked_session(run, surroundings, scopes) as (session, company):
            with session.company_lock(company):
                planner = self.planner(session, settings, company)
                plan = planner.plan_of(item)
                number = planner.number_in_fortnox(plan)
                outcome = planner.problems.outcome("refused", "NOT_IN_FORTNOX")
                if plan.doubt:
                    outcome = Outcome("refused", None, plan.doubt.code, plan.doubt.message)
                elif number:
                    outcome = session.pool.run(lambda: planner.sender.cancel(number, plan.belongs))
                    if outcome.code == "BOOKED_IN_FORTNOX":
                        outcome = replace(outcome, message=plan.booked_message)
                elif plan.code:
                    outcome = Outcome(plan.state, None, plan.code, plan.message)
                if outcome.state == "cancelled":
                    planner.mark_taken_back(plan, number)
            return _result(item, outcome)


@contextmanager
def _locked_session(
    run: Run, surroundings: Surroundings, scopes: Sequence[str]
) -> Iterator[tuple[Session, Company]]:
    """Sign in, and lock the company against other exports."""
    with signed_in(run, surroundings, scopes=scopes) as session:

        def ask() -> Company:
            with session.company_lock(run.company) if run.company else nullcontext():
                return session.pool.run(session.client.company)

        with session.alone(partial(_export_lock, session.host), ask) as company:
            yield session, company


def _export_lock(host: Host, company: Company) -> AbstractContextManager[None]:
    waiting = Text("Väntar", "Waiting")
    return host.lock(
        f"export/{company.number}", 0.0, waiting, lambda: Busy("EXPORT_BUSY", company=company.name)
    )


class Exporter:
    """Sends the items that a person chose."""

    def __init__(self, session: Session, planner: Planner[Any], settings: ExportSettings) -> None:
        self._host = session.host
        self._pool = session.pool
        self._limiter = session.limiter
        self._planner = planner
        self._sender = planner.sender
        self._problems = planner.problems
        self._settings = settings
        self._error: FortnoxError | None = None
        self._gap: Gap | None = None
        #: Why the steps after sending are skipped, such as a missing right.
        self._no_steps: NotPermitted | None = None
        #: The requests in flight, and the handler of each outcome.
        self._waiting: deque[tuple[Future[Outcome], partial[None]]] = deque()
        self._done = 0
        self._total = 0

    def send(self, item_ids: Collection[str]) -> None:
        """Send these items; report each result as soon as it is known.

        :raises FortnoxError: that ended the export, once the results are stored.
        """
        plans = [plan for plan in self._planner.plans if plan.item.id in item_ids]
        self._total = len(plans)
        settled = [plan for plan in plans if plan.action == "none"]
        self._host.take_results([self._planned_result(plan) for plan in settled])
        self._done = len(settled)
        self._confirm(plans)
        with_card = [plan for plan in plans if plan.needs_card]
        changes = self._writable(with_card, self._write_cards(with_card))
        # Whose each record is stays known, whatever ends this.
        self._planner.cards.store()
        try:
            for batch in self.rounds(changes):
                self._send_all(batch)
            for plan in settled:
                if self._is_unfinished(plan) and not self._stopped:
                    self._finish(plan, again=plan.item.incomplete or plan.item.intended)
            self._wait(0)
        finally:
            self._store_arrived()
        self._end()

    def _end(self) -> None:
        """Store what is known of the cards, and report what ended the export, if anything did.

        :raises FortnoxError: that ended it.
        """
        if not self._stopped:
            self._planner.cards.advance_watermark()
        self._planner.cards.store()
        if self._gap is not None:
            self._host.take_gaps([self._gap])
        if isinstance(self._error, Unavailable):
            self._planner.notes.append(self._error.message)
        elif self._error is not None:
            raise self._error

    # --- overridden by some exports ---

    def rounds(self, plans: Sequence[Any]) -> Iterable[Sequence[Any]]:
        """Split the plans into rounds: each starts when the previous one has ended."""
        return [plans]

    def gap_of_outcome(self, plan: Any, outcome: Outcome) -> Gap | None:  # noqa: ARG002
        """Return a gap that an outcome reveals, so that nothing more is sent."""
        return None

    def has_steps(self, plan: Any) -> bool:
        """Return whether an item needs steps after sending."""
        return bool(self._settings.attach_pdf and plan.item.content.document)

    def last_steps(
        self,
        plan: Any,  # noqa: ARG002
    ) -> Iterable[tuple[str, Callable[[], Outcome]]]:
        """Return the steps after attaching the PDF, each with the code of its failure."""
        return ()

    # --- customers and suppliers ---

    def _confirm(self, plans: Sequence[Any]) -> None:
        """Fetch the confirmed bank changes of these items' suppliers."""
        cards = self._planner.cards
        numbers = {plan.party_number for plan in plans if plan.needs_card}
        if changing := sorted({change.party_number for change in cards.bank_changes(numbers)}):
            cards.confirm(self._host.confirmed_bank_changes(changing))
        for plan in plans:
            if plan.state == "waiting" and not cards.cards[plan.party_number].is_waiting:
                plan.state, plan.code, plan.message = "ready", "", None

    def _write_cards(self, plans: Sequence[Any]) -> dict[str, Outcome]:
        """Write the party records that these items need; return what failed, by number."""
        cards = self._planner.cards
        numbers = dict.fromkeys(plan.party_number for plan in plans if plan.party_number)
        futures = {
            number: self._pool.submit(partial(self._write_card, number))
            for number in numbers
            if cards.cards[number].is_changing
        }
        failed: dict[str, Outcome] = {}
        for number, future in futures.items():
            self._report_progress()
            outcome = self._pool.result(future)
            if outcome is None:
                cards.mark_written(number)
            else:
                failed[number] = outcome
                self._error = self._error or outcome.error
        messages = dict.fromkeys(outcome.message for outcome in failed.values())
        self._planner.notes.extend(filter(None, messages))
        return failed

    def _writable(self, plans: Iterable[Any], failed: Mapping[str, Outcome]) -> list[Any]:
        """Return the plans whose party record is as it should be; report the others.

        :param failed: the outcomes of the records that could not be written, by number.
        """
        writable = []
        for plan in (plan for plan in plans if plan.action != "none"):
            if problem := failed.get(plan.party_number):
                self.report_result(plan, problem)
                continue
            if plan.state == "waiting":
                self.report_result(plan, Outcome("refused", None, plan.code, plan.message))
                continue
            # The record that was read meanwhile may have another kind of VAT.
            self._planner.refuse_if_card_conflicts(plan)
            if plan.action == "none":
                self._host.take_results([self._planned_result(plan)])
                continue
            self._planner.cards.mark_used(plan.party_number, plan.content.party_id)
            writable.append(plan)
        return writable

    def _write_card(self, number: str) -> Outcome | None:
        """Write a party record; return the outcome if that failed."""
        try:
            self._planner.cards.write(number)
        except BankChanged:
            return self._problems.outcome("refused", "BANK_CHANGED", number=number)
        except (OutcomeUnknown, Unreadable):
            return self._card_refusal(number)
        except Rejected as rejected:
            return self._card_refusal(number, rejected)
        except FortnoxError as error:
            return self._problems.outcome("refused", "NOT_SENT", error=error)
        return None

    def _card_refusal(self, number: str, rejected: Rejected | None = None) -> Outcome:
        what = "NUMBER_TAKEN" if rejected and rejected.code == NUMBER_USED else "NOT_WRITTEN"
        code = f"{self._problems.party}_{what}"
        # Fortnox's own code, not ours.
        theirs = rejected.code if rejected and rejected.code else "–"
        message = self._problems.sentence(code, number=number, code=theirs)
        return Outcome("refused", None, code, message, refusal_text(rejected) if rejected else "")

    # --- items ---

    def _send_all(self, plans: Sequence[Any]) -> None:
        todo = deque(plans)
        while todo and not self._stopped:
            batch = [todo.popleft() for _ in range(min(len(todo), REQUESTS))]
            self._host.take_intents([plan.item.id for plan in batch])
            for plan in batch:
                future = self._pool.submit(partial(self._send_one, plan))
                self._waiting.append((future, partial(self._handle_sent, plan)))
            self._wait(MAX_INTENDED - REQUESTS)
        self._wait(0)
        for plan in todo:
            self.report_result(plan, self._problems.outcome("refused", "NOT_SENT"))

    def _wait(self, may_wait: int) -> None:
        """Handle arrived outcomes until at most this many requests are in flight."""
        while self._waiting:
            if self._waiting[0][0].done:
                future, handle = self._waiting.popleft()
                handle(future.value)
            elif len(self._waiting) > may_wait:
                self._report_progress()
                self._pool.wait_for_any()
            else:
                return

    @property
    def _stopped(self) -> bool:
        return self._error is not None or self._gap is not None

    def _send_one(self, plan: Any) -> Outcome:
        if self._stopped:
            return self._problems.outcome("refused", "NOT_SENT")
        if plan.action == "update" and plan.theirs is not None:
            return self._sender.update(plan.content.ours, plan.theirs)
        return self._sender.create(plan.content.ours)

    def _handle_sent(self, plan: Any, outcome: Outcome) -> None:
        self._error = self._error or outcome.error
        if plan.doubt and outcome.state in {"sent", "adopted"} and not outcome.code:
            outcome = replace(outcome, code=plan.doubt.code, message=plan.doubt.message)
        self._gap = self._gap or self.gap_of_outcome(plan, outcome)
        steps = outcome.state == "sent" and not outcome.code and self.has_steps(plan)
        # The host offers an item with a remark again until it is corrected.
        self.report_result(
            plan, outcome, complete=not steps and not (outcome.document and outcome.code)
        )
        if steps:
            before = plan.theirs is not None
            plan.theirs = outcome.document
            if not self._stopped:
                self._finish(plan, sent_before=before, again=plan.item.intended)

    def _store_arrived(self) -> None:
        """Store the results that have arrived when another error ends the export."""
        for future, handle in self._waiting:
            if future.done and future.error is None and handle.func == self._handle_sent:
                self.report_result(handle.args[0], future.value, complete=False)

    # --- steps after sending ---

    def _is_unfinished(self, plan: Any) -> bool:
        """Return whether an existing item may lack steps after sending."""
        return plan.state == "unchanged" and self.has_steps(plan)

    def _finish(self, plan: Any, *, sent_before: bool = True, again: bool) -> None:
        """Attach the PDF and do the last steps, if the settings say so.

        :param sent_before: the item existed before this export.
        :param again: an earlier attempt may have been interrupted.
        """
        number, document = plan.number, None
        attach = self._settings.attach_pdf and bool(plan.item.content.document)
        if attach:
            document = self._host.read_document(plan.item.id)

        def attach_pdf() -> Outcome:
            if document is None:
                return self._problems.outcome("sent", "PDF_NOT_ATTACHED")
            return self._sender.attach(number, document, sent_before=sent_before, again=again)

        def work() -> Outcome:
            steps = [("PDF_NOT_ATTACHED", attach_pdf)] if attach else []
            outcomes = []
            for code, step in (*steps, *self.last_steps(plan)):
                try:
                    if self._no_steps is not None:
                        return self._problems.outcome("sent", code)
                    outcomes.append(step())
                except FortnoxError as error:
                    return self._problems.outcome("sent", code, error=error)
            done = Outcome(
                "sent" if any(outcome.state == "sent" for outcome in outcomes) else "unchanged"
            )
            return next((outcome for outcome in outcomes if outcome.code), done)

        future = self._pool.submit(work)
        self._waiting.append((future, partial(self._handle_finished, plan)))

    def _handle_finished(self, plan: Any, outcome: Outcome) -> None:
        if isinstance(outcome.error, NotPermitted):
            # The item is sent, and others still can be.
            if self._no_steps is None:
                self._planner.notes.append(outcome.error.message)
            self._no_steps = outcome.error
        else:
            self._error = self._error or outcome.error
        complete = outcome.code in {"", "PDF_NOT_REPLACED"}
        state = outcome.state if plan.state == "unchanged" else "sent"
        if plan.doubt and not outcome.code:
            outcome = replace(outcome, code=plan.doubt.code, message=plan.doubt.message)
            complete = False
        self.report_result(
            plan, replace(outcome, state=state, document=plan.theirs), complete=complete
        )

    # --- results ---

    def report_result(self, plan: Any, outcome: Outcome, *, complete: bool = True) -> None:
        complete = complete and outcome.code != "NOT_SENT"
        self._done += complete
        self._host.take_results([_result(plan.item, outcome, complete=complete)])

    def _planned_result(self, plan: Any) -> ItemResult:
        """Return the result of an item that needs no request."""
        state = "cancelled" if self.is_taken_back(plan) else plan.state
        outcome = Outcome(state, plan.existing, plan.remark.code, plan.remark.message)
        if plan.state == "adopted":
            outcome = replace(outcome, document=plan.theirs)
        incomplete = plan.item.incomplete and plan.state not in {"unchanged", "booked"}
        complete = not (incomplete or plan.doubt or self._is_unfinished(plan))
        return _result(plan.item, outcome, complete=complete)

    def is_taken_back(self, plan: Any) -> bool:
        """Return whether an item was taken back, and the response was lost.

        Otherwise a person cancelled it there.
        """
        is_ours = plan.existing is not None and plan.item.intended
        return is_ours and plan.code == "CANCELLED_IN_FORTNOX"

    def _report_progress(self) -> None:
        done, total = self._done, self._total
        left = self._limiter.seconds_for(self._pool.waiting)
        message = Text(
            f"Skickar {self._planner.items_in_words.sv} till Fortnox ({done} av {total})",
            f"Sending {self._planner.items_in_words.en} to Fortnox ({done} of {total})",
        )
        self._host.report_progress("sending", done, total, message, left)


def _result(item: ExportItem, outcome: Outcome, *, complete: bool = True) -> ItemResult:
    document = outcome.document
    return ItemResult(
        item.id,
        outcome.state,
        document.number if document else "",
        document.party_number if document else "",
        document.total if document else None,
        outcome.code,
        outcome.message,
        outcome.theirs,
        complete,
    )
