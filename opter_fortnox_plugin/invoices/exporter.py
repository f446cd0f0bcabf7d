"""The export of invoices: the order of sending, and what is done with one that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from opter_contract.export_values import Gap
from opter_fortnox_plugin.exports.exporter import Export, Exporter
from opter_fortnox_plugin.exports.outcomes import Outcome
from opter_fortnox_plugin.invoices.planning import InvoicePlan, InvoicePlanner
from opter_fortnox_plugin.invoices.problems import PROBLEMS
from opter_fortnox_plugin.invoices.sending import InvoiceSender
from opter_fortnox_plugin.invoices.settings import InvoiceSettings


class InvoiceExporter(Exporter):
    """Sends invoices."""

    _sender: InvoiceSender
    _settings: InvoiceSettings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        #: The VAT rates that Fortnox took, and the numbers of invoices that it did not get.
        self._accepted: frozenset[str] = frozenset()
        self._not_sent: set[str] = set()

    def rounds(self, plans: Sequence[InvoicePlan]) -> Iterable[Sequence[InvoicePlan]]:
        """Send corrections last: they name an invoice that must be there before."""
        yield [plan for plan in plans if not _original(plan)]
        yield [plan for plan in plans if _original(plan) and not self._lacks_original(plan)]

    def _lacks_original(self, plan: InvoicePlan) -> bool:
        """Refuse a correction of an invoice that this export did not get sent."""
        number = _original(plan)
        if number not in self._not_sent:
            return False
        self.take(plan, PROBLEMS.outcome("refused", "ORIGINAL_NOT_SENT", number=number))
        return True

    def gap_shown_by(self, plan: InvoicePlan, outcome: Outcome) -> Gap | None:
        gap = self._vat_gap(plan) if outcome.code == "VAT_RATE_UNKNOWN" else None
        if outcome.state in {"sent", "adopted"}:
            self._accepted |= plan.content.rates
        else:
            self._not_sent.add(plan.number)
        return gap

    def _vat_gap(self, plan: InvoicePlan) -> Gap | None:
        """Return the gap of all invoices that have a rate that Fortnox does not take."""
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

    # --- what comes after ---

    @property
    def _marks(self) -> bool:
        return self._settings.after_sending == "sent-by-host"

    def has_steps(self, plan: InvoicePlan) -> bool:
        return self._marks or super().has_steps(plan)

    def last_steps(self, plan: InvoicePlan) -> Iterable[tuple[str, Callable[[], Outcome]]]:
        if self._marks:
            yield "NOT_MARKED_SENT", lambda: self._sender.mark_sent(plan.number)


def _original(plan: InvoicePlan) -> str:
    """Return the number of the invoice that a correction takes back."""
    return plan.content.ours.credit_invoice_reference


EXPORT: Final = Export(
    InvoiceSettings, InvoicePlanner, InvoiceExporter, ("invoice", "companyinformation")
)
