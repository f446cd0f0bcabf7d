"""The export of bills: before sending, newer bills in Fortnox are checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from opter_fortnox_plugin.errors import FortnoxError
from opter_fortnox_plugin.exports.exporter import Export, Exporter
from opter_fortnox_plugin.exports.outcomes import Outcome
from opter_fortnox_plugin.supplier_invoices.bill_lookup import Candidates
from opter_fortnox_plugin.supplier_invoices.planning import BillPlan, BillPlanner
from opter_fortnox_plugin.supplier_invoices.problems import PROBLEMS
from opter_fortnox_plugin.supplier_invoices.settings import BillSettings


class BillExporter(Exporter):
    """Sends bills."""

    _planner: BillPlanner

    def send(self, item_ids: Collection[str]) -> None:
        for plan in (plan for plan in self._planner.plans if plan.item.id in item_ids):
            if plan.state in {"adopted", "unchanged", "booked"}:
                self._planner.remember(plan, plan.theirs.number)
            elif self.is_taken_back(plan):
                self._planner.mark_taken_back(plan, plan.theirs.number)
        super().send(item_ids)

    def report_result(self, plan: BillPlan, outcome: Outcome, *, complete: bool = True) -> None:
        if outcome.state in {"sent", "adopted"} and outcome.document:
            self._planner.remember(plan, outcome.document.number)
        super().report_result(plan, outcome, complete=complete)

    def rounds(self, plans: Sequence[BillPlan]) -> Iterable[Sequence[BillPlan]]:
        """Refuse bills that somebody else has entered in Fortnox during the review."""
        if not any(plan.action == "create" for plan in plans):
            return [plans]
        newer = self._pool.run(self._newer)
        if isinstance(newer, FortnoxError):
            # Nothing more is sent, and each item gets that result.
            self._error = newer
            return [plans]
        remaining = []
        for plan in plans:
            ours = plan.content.ours
            has_appeared = (
                newer.with_our_mark(ours) or newer.with_same_number(ours) or newer.unreadable(ours)
            )
            if plan.action == "create" and has_appeared:
                self.report_result(plan, PROBLEMS.outcome("refused", "CAME_MEANWHILE"))
            else:
                remaining.append(plan)
        return [remaining]

    def _newer(self) -> Candidates | FortnoxError:
        try:
            return self._planner.ledger.newer()
        except FortnoxError as error:
            return error


EXPORT: Final = Export(
    BillSettings, BillPlanner, BillExporter, ("supplierinvoice", "companyinformation")
)
