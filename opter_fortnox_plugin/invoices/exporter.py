"""An export: plans, has a person review the plan, and sends what is wanted.

Before a request its intent is stored by the host, and after it its result: an export that is
interrupted goes on where it was, and nothing is sent twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final

from opter_contract.export_values import ExportItem, ExportReport, Gap, ItemResult
from opter_contract.values import Company, Run, Text
from opter_fortnox_plugin.errors import (
    Busy,
    FortnoxError,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.rate_limiter import REQUESTS
from opter_fortnox_plugin.fortnox.worker_pool import Future
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.invoices.content import content_of
from opter_fortnox_plugin.invoices.planning import WITH_CARD, Plan, Planner
from opter_fortnox_plugin.invoices.problems import CUSTOMER_NUMBER_USED, sentence
from opter_fortnox_plugin.invoices.sending import Outcome, Sender, words_of
from opter_fortnox_plugin.invoices.settings import InvoiceSettings
from opter_fortnox_plugin.session import Session, Surroundings, refuse_other_company, signed_in

#: Seconds that a person may look at the plan; the login ends then.
REVIEW_TIMEOUT: Final = 1800.0

#: Invoices whose intent is stored and whose result is not, at most: two windows of the limit.
MAX_INTENDED: Final = 2 * REQUESTS

#: What a taking back needs.
CANCEL_SCOPES: Final = ("invoice", "companyinformation")


def export_invoices(run: Run, **surroundings: Any) -> ExportReport:
    """Export the invoices that the host has.

    :param surroundings: as :class:`~opter_fortnox_plugin.session.Surroundings` has them.
    :raises FortnoxError: where there is something for a person to do.
    """
    settings = InvoiceSettings.of(run.settings)
    with _alone(run, Surroundings(**surroundings), settings.scopes) as (session, company):
        with session.company_lock(company):
            session.restore()
            planner = Planner(session, settings, company)
            planner.plan()
        wanted = session.host.review(company, REVIEW_TIMEOUT)
        if wanted:
            with session.company_lock(company):
                session.restore()
                Exporter(session, planner, settings).send(wanted)
        return ExportReport(company, session.limiter.started, tuple(planner.notes))


def cancel_invoice(run: Run, item: ExportItem, **surroundings: Any) -> ItemResult:
    """Take an exported invoice back, as long as it is not booked.

    :raises FortnoxError: where there is something for a person to do.
    """
    settings = InvoiceSettings.of(run.settings)
    number = item.number or item.invoice.invoice_number
    with _alone(run, Surroundings(**surroundings), CANCEL_SCOPES) as (session, company):
        with session.company_lock(company):
            session.restore()
            sender = Sender(session.client)
            belongs = Plan(item, content_of(item.invoice, settings, {})).belongs
            outcome = session.pool.run(lambda: sender.cancel(number, belongs))
        return _result(item, outcome)


@contextmanager
def _alone(
    run: Run, surroundings: Surroundings, scopes: Sequence[str]
) -> Iterator[tuple[Session, Company]]:
    """Sign in, and let no other export of the company begin meanwhile."""
    # What is entered last ends first: no request may start once the locks are released.
    with (
        signed_in(run, surroundings, scopes=scopes) as session,
        ExitStack() as locks,
        ExitStack() as held,
    ):
        session.require(scopes)
        if run.company is not None:
            locks.enter_context(_export_lock(session.host, run.company))
        held.enter_context(session.limited())
        pool = held.enter_context(session.pool)
        with ExitStack() as first:
            if run.company is not None:
                first.enter_context(session.company_lock(run.company))
                session.restore()
            company = pool.run(session.client.company)
        refuse_other_company(run, company)
        if run.company is None:
            locks.enter_context(_export_lock(session.host, company))
        yield session, company


@contextmanager
def _export_lock(host: Host, company: Company) -> Iterator[None]:
    waiting = Text("Väntar", "Waiting")
    with host.lock(
        f"export/{company.number}",
        0.0,
        waiting,
        lambda: Busy("EXPORT_BUSY", company=company.name),
    ):
        yield


class Exporter:
    """Sends what a person wants sent."""

    def __init__(self, session: Session, planner: Planner, settings: InvoiceSettings) -> None:
        self._host = session.host
        self._pool = session.pool
        self._limiter = session.limiter
        self._sender = Sender(session.client)
        self._planner = planner
        self._settings = settings
        self._error: FortnoxError | None = None
        self._gap: Gap | None = None
        #: What is on its way, and what to do with each outcome.
        self._waiting: deque[tuple[Future[Outcome], partial[None]]] = deque()
        #: The VAT rates that Fortnox took, and the numbers of invoices that it did not get.
        self._accepted: frozenset[str] = frozenset()
        self._not_sent: set[str] = set()
        self._done = 0
        self._total = 0

    def send(self, wanted: Collection[str]) -> None:
        """Send these items; report each result as soon as it is known.

        :raises FortnoxError: what ended it, when the results are stored.
        """
        plans = [plan for plan in self._planner.plans if plan.item.id in wanted]
        self._total = len(plans)
        settled = [plan for plan in plans if plan.action == "none"]
        self._host.take_results([self._planned_result(plan) for plan in settled])
        self._done = len(settled)
        changes = self._with_cards([plan for plan in plans if plan.state in WITH_CARD])
        try:
            # A correction names an invoice that must be there before.
            for corrections in (False, True):
                self._send_all([plan for plan in changes if _is_correction(plan) is corrections])
            for plan in settled:
                if self._is_unfinished(plan) and not self._stopped:
                    self._finish(plan, again=True)
            self._wait(0)
        finally:
            self._store_finished()
        if not self._stopped:
            self._planner.cards.settle()
        self._planner.cards.store()
        if self._gap is not None:
            self._host.take_gaps([self._gap])
        if isinstance(self._error, Unavailable):
            self._planner.notes.append(self._error.message)
        elif self._error is not None:
            raise self._error

    # --- customers ---

    def _with_cards(self, plans: Sequence[Plan]) -> list[Plan]:
        """Write the cards that these invoices need; return those to send whose card is there."""
        cards = self._planner.cards
        numbers = dict.fromkeys(plan.customer_number for plan in plans if plan.customer_number)
        futures = {
            number: self._pool.submit(partial(self._write_card, number))
            for number in numbers
            if cards.cards[number].action != "none"
        }
        failed: dict[str, Outcome] = {}
        for number, future in futures.items():
            self._report()
            outcome = self._pool.result(future)
            if outcome is None:
                cards.written(number)
            else:
                failed[number] = outcome
                self._error = self._error or outcome.error
        self._planner.notes.extend(
            dict.fromkeys(one.message for one in failed.values() if one.message)
        )
        good = []
        for plan in (plan for plan in plans if plan.action != "none"):
            if problem := failed.get(plan.customer_number):
                self._take(plan, problem)
                continue
            # The card that was found on the way may have another kind of VAT.
            self._planner.refuse_by_card(plan)
            if plan.action == "none":
                self._host.take_results([self._planned_result(plan)])
            else:
                good.append(plan)
        return good

    def _write_card(self, number: str) -> Outcome | None:
        """Write a card; return why it was not."""
        try:
            self._planner.cards.write(number)
        except (OutcomeUnknown, Unreadable):
            return _card_not_written(number)
        except Rejected as rejected:
            if rejected.code == CUSTOMER_NUMBER_USED:
                return Outcome.of(
                    "refused", "CUSTOMER_NUMBER_TAKEN", rejected=rejected, number=number
                )
            return _card_not_written(number, rejected)
        except FortnoxError as error:
            return Outcome.of("refused", "NOT_SENT", error=error)
        return None

    # --- invoices ---

    def _send_all(self, plans: Sequence[Plan]) -> None:
        todo = deque(plan for plan in plans if not self._lacks_original(plan))
        while todo and not self._stopped:
            batch = [todo.popleft() for _ in range(min(len(todo), REQUESTS))]
            self._host.take_intents([plan.item.id for plan in batch])
            for plan in batch:
                future = self._pool.submit(partial(self._send_one, plan))
                self._waiting.append((future, partial(self._sent, plan)))
            self._wait(MAX_INTENDED - REQUESTS)
        self._wait(0)
        for plan in todo:
            self._take(plan, _NOT_SENT)

    def _lacks_original(self, plan: Plan) -> bool:
        """Refuse a correction of an invoice that this export did not get sent."""
        number = plan.content.invoice.credit_invoice_reference
        if number not in self._not_sent:
            return False
        self._take(plan, Outcome.of("refused", "ORIGINAL_NOT_SENT", number=number))
        return True

    def _wait(self, may_wait: int) -> None:
        """Handle what has arrived, until no more than this is on its way."""
        while self._waiting:
            if self._waiting[0][0].done:
                future, handle = self._waiting.popleft()
                handle(future.value)
            elif len(self._waiting) > may_wait:
                self._report()
                self._pool.wait_for_any()
            else:
                return

    @property
    def _stopped(self) -> bool:
        return self._error is not None or self._gap is not None

    def _send_one(self, plan: Plan) -> Outcome:
        if self._stopped:
            return _NOT_SENT
        if plan.action == "update" and plan.theirs is not None:
            return self._sender.update(plan.content.invoice, plan.theirs)
        return self._sender.create(plan.content.invoice)

    def _sent(self, plan: Plan, outcome: Outcome) -> None:
        self._error = self._error or outcome.error
        if outcome.code == "VAT_RATE_UNKNOWN" and self._gap is None:
            self._gap = self._vat_gap(plan)
        if outcome.state in {"sent", "adopted"}:
            self._accepted |= plan.content.rates
        else:
            self._not_sent.add(plan.number)
        steps = outcome.state == "sent" and not outcome.code and self._has_steps(plan)
        # What is not as it should be is given again, until it is.
        self._take(plan, outcome, complete=not steps and not (outcome.invoice and outcome.code))
        if steps:
            before = plan.theirs is not None
            plan.theirs = outcome.invoice
            if not self._stopped:
                self._finish(plan, sent_before=before, again=plan.item.intended)

    def _vat_gap(self, plan: Plan) -> Gap | None:
        """Return the gap of all invoices that have a rate that Fortnox does not take."""
        rates = {rate for rate in plan.content.rates if rate.strip("0.")} - self._accepted
        ids = [
            other.item.id
            for other in self._planner.plans
            if other.action != "none" and other.content.rates & rates
        ]
        if not ids:
            return None
        message = sentence("VAT_RATE_UNKNOWN", what=", ".join(sorted(rates)))
        return Gap("VAT_RATE_UNKNOWN", message, tuple(ids))

    def _store_finished(self) -> None:
        """Store the results that have arrived, also where something else ends the export."""
        for future, handle in self._waiting:
            if future.done and future.error is None and handle.func == self._sent:
                self._take(handle.args[0], future.value, complete=False)

    # --- what comes after ---

    def _has_steps(self, plan: Plan) -> bool:
        document = self._settings.attach_pdf and plan.item.invoice.document
        return bool(document) or self._settings.after_sending == "sent-by-host"

    def _is_unfinished(self, plan: Plan) -> bool:
        """Tell whether an invoice that is there may lack what comes after."""
        interrupted = plan.item.incomplete or plan.item.intended
        return plan.state == "unchanged" and interrupted and self._has_steps(plan)

    def _finish(self, plan: Plan, *, sent_before: bool = True, again: bool) -> None:
        """Attach the PDF and mark the invoice as sent, where the settings say so.

        :param sent_before: the invoice was there before this export.
        :param again: this may have been done before, and was interrupted.
        """
        number, document = plan.number, None
        attach = self._settings.attach_pdf and bool(plan.item.invoice.document)
        if attach:
            document = self._host.read_document(plan.item.id)

        def work() -> Outcome:
            outcomes = []
            try:
                if attach and document is None:
                    outcomes.append(Outcome.of("sent", "PDF_NOT_ATTACHED"))
                elif document is not None:
                    outcomes.append(
                        self._sender.attach(number, document, sent_before=sent_before, again=again)
                    )
                if self._settings.after_sending == "sent-by-host":
                    outcomes.append(self._sender.mark_sent(number))
            except FortnoxError as error:
                code = "PDF_NOT_ATTACHED" if attach and not outcomes else "NOT_MARKED_SENT"
                return Outcome.of("sent", code, error=error)
            return next((one for one in outcomes if one.code), Outcome("sent"))

        future = self._pool.submit(work)
        self._waiting.append((future, partial(self._finished, plan)))

    def _finished(self, plan: Plan, outcome: Outcome) -> None:
        self._error = self._error or outcome.error
        complete = outcome.code in {"", "PDF_NOT_REPLACED"}
        self._take(plan, replace(outcome, invoice=plan.theirs), complete=complete)

    # --- telling the host ---

    def _take(self, plan: Plan, outcome: Outcome, *, complete: bool = True) -> None:
        complete = complete and outcome.code != "NOT_SENT"
        self._done += complete
        self._host.take_results([_result(plan.item, outcome, complete=complete)])

    def _planned_result(self, plan: Plan) -> ItemResult:
        """Return the result of an item of which nothing is sent."""
        # A taking back whose answer was lost; otherwise a person cancelled it there.
        cancelled = plan.code == "CANCELLED_IN_FORTNOX" and plan.there and plan.item.intended
        state = "cancelled" if cancelled else plan.state
        outcome = Outcome(state, plan.there, plan.code, plan.message)
        if plan.state == "adopted":
            outcome = replace(outcome, invoice=plan.theirs)
        incomplete = plan.item.incomplete and plan.state != "unchanged"
        complete = not (incomplete or self._is_unfinished(plan))
        return _result(plan.item, outcome, complete=complete)

    def _report(self) -> None:
        done, total = self._done, self._total
        left = self._limiter.seconds_for(self._pool.waiting)
        message = Text(
            f"Skickar fakturor till Fortnox ({done} av {total})",
            f"Sending invoices to Fortnox ({done} of {total})",
        )
        self._host.report_progress("sending", done, total, message, left)


_NOT_SENT: Final = Outcome.of("refused", "NOT_SENT")


def _card_not_written(number: str, rejected: Rejected | None = None) -> Outcome:
    # What Fortnox calls it is another "code" than ours.
    code = rejected.code if rejected and rejected.code else "–"
    message = sentence("CUSTOMER_NOT_WRITTEN", number=number, code=code)
    words = words_of(rejected) if rejected else ""
    return Outcome("refused", None, "CUSTOMER_NOT_WRITTEN", message, words)


def _is_correction(plan: Plan) -> bool:
    return bool(plan.content.invoice.credit_invoice_reference)


def _result(item: ExportItem, outcome: Outcome, *, complete: bool = True) -> ItemResult:
    there = outcome.invoice
    return ItemResult(
        item.id,
        outcome.state,
        there.document_number if there else "",
        there.customer_number if there else "",
        there.total if there else None,
        outcome.code,
        outcome.message,
        outcome.theirs,
        complete,
    )
