"""The export of invoices: the order of sending, and the steps after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from opter_contract.export_values import Gap
from opter_fortnox_plugin.exports.exporter import Export, Exporter
from opter_fortnox_plugin.exports.outcomes import Outcome
from opter_fortnox_plugin.invoices.invoice_sender import InvoiceSender
from opter_fortnox_plugin.invoices.planning import InvoicePlan, InvoicePlanner
from opter_fortnox_plugin.invoices.problems import IS_DELETED, PROBLEMS
from opter_fortnox_plugin.invoices.settings import InvoiceSettings


class InvoiceExporter(Exporter):
    """Sends invoices."""

    _sender: InvoiceSender
    _settings: InvoiceSettings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        #: The VAT rates that Fortnox accepted.
        self._accepted: frozenset[str] = frozenset()
        #: The invoices that are not as planned in Fortnox: left out, or tried in vain; by number.
        self._left_out: dict[str, InvoicePlan] = {}
        self._failed: set[str] = set()

    def rounds(self, plans: Sequence[InvoicePlan]) -> Iterable[Sequence[InvoicePlan]]:
        """Send corrections last: the invoice that they credit must exist."""
        chosen = {plan.number for plan in plans}
        self._left_out = {
            plan.number: plan for plan in self._planner.plans if plan.number not in chosen
        }
        yield [plan for plan in plans if not plan.credited_number]
        yield [
            plan
            for plan in plans
            if plan.credited_number and not self._refuse_without_original(plan)
        ]

    def _refuse_without_original(self, plan: InvoicePlan) -> bool:
        """Refuse a correction, and return true, if its original was not sent as planned."""
        number = plan.credited_number
        original = self._left_out.get(number)
        there = original.existing if original is not None else None
        if number in self._failed:
            plan.refuse("ORIGINAL_NOT_SENT", plan.sentence("ORIGINAL_FAILED", number=number))
        elif there is not None and there.party_number != plan.party_number:
            plan.refuse_by_customer(there)
        elif original is not None and (original.action == "create" or not original.will_be_there):
            plan.refuse("ORIGINAL_NOT_SENT", number=number)
        else:
            return False
        self.report_result(plan, Outcome("refused", plan.existing, plan.code, plan.message))
        return True

    def gap_of_outcome(self, plan: InvoicePlan, outcome: Outcome) -> Gap | None:
        gap = self._vat_gap(plan) if outcome.code == "VAT_RATE_UNKNOWN" else None
        if outcome.state in {"sent", "adopted"}:
            self._accepted |= plan.content.rates
        else:
            self._failed.add(plan.number)
        if outcome.code == "CUSTOMER_NOT_THERE":
            self._planner.cards.forget(plan.party_number)
        return gap

    def _vat_gap(self, plan: InvoicePlan) -> Gap | None:
        """Return the gap of all invoices with a VAT rate that Fortnox does not accept."""
        rates = {rate for rate in plan.content.rates if rate.strip("0.")} - self._accepted
        ids = [
            other.item.id
            for other in self._planner.plans
            if other.action != "none" and other.content.rates & rates
        ]
        if not ids:
            return None
        message = PROBLEMS.sentence("VAT_RATE_UNKNOWN", what=", ".join(sorted(rates)))
        return Gap("VAT_RATE_UNKNOWN", message, tuple(ids))

    def report_result(self, plan: InvoicePlan, outcome: Outcome, *, complete: bool = True) -> None:
        if plan.borrows and outcome.code == "CUSTOMER_NOT_THERE":
            # It was deleted since the preview.
            outcome = replace(outcome, message=plan.lost_number_message(IS_DELETED))
        super().report_result(plan, outcome, complete=complete)

    # --- steps after sending ---

    @property
    def _marks_sent(self) -> bool:
        return self._settings.after_sending == "sent-by-host"

    def has_steps(self, plan: InvoicePlan) -> bool:
        return self._marks_sent or super().has_steps(plan)

    def last_steps(self, plan: InvoicePlan) -> Iterable[tuple[str, Callable[[], Outcome]]]:
        if self._marks_sent:
            yield "NOT_MARKED_SENT", lambda: self._sender.mark_sent(plan.number)


EXPORT: Final = Export(
    InvoiceSettings, InvoicePlanner, InvoiceExporter, ("invoice", "companyinformation")
)
