"""The export of bills: just before it, a look at what has come since the plan was made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from opter_fortnox_plugin.errors import FortnoxError
from opter_fortnox_plugin.exports.exporter import Export, Exporter
from opter_fortnox_plugin.exports.outcomes import Outcome
from opter_fortnox_plugin.supplier_invoices.ledger import Candidates
from opter_fortnox_plugin.supplier_invoices.planning import BillPlan, BillPlanner
from opter_fortnox_plugin.supplier_invoices.problems import PROBLEMS
from opter_fortnox_plugin.supplier_invoices.settings import BillSettings


class BillExporter(Exporter):
    """Sends bills."""

    _planner: BillPlanner

    def send(self, item_ids: Collection[str]) -> None:
        for plan in self._planner.plans:
            if plan.state == "adopted" and plan.item.id in item_ids:
                self._planner.remember_adopted(plan.item.id, plan.theirs.number)
        super().send(item_ids)

    def take(self, plan: BillPlan, outcome: Outcome, *, complete: bool = True) -> None:
        if outcome.state == "adopted" and outcome.there:
            self._planner.remember_adopted(plan.item.id, outcome.there.number)
        super().take(plan, outcome, complete=complete)

    def rounds(self, plans: Sequence[BillPlan]) -> Iterable[Sequence[BillPlan]]:
        """Leave out what somebody else has typed there while a person looked at the plan."""
        if not any(plan.action == "create" for plan in plans):
            return [plans]
        newer = self._pool.run(self._newer)
        if isinstance(newer, FortnoxError):
            # Nothing more is sent, and each item is told so.
            self._error = newer
            return [plans]
        good = []
        for plan in plans:
            ours = plan.content.ours
            came = newer.marked(ours) or newer.named(ours) or newer.unreadable(ours)
            if plan.action == "create" and came:
                self.take(plan, PROBLEMS.outcome("refused", "CAME_MEANWHILE"))
            else:
                good.append(plan)
        return [good]

    def _newer(self) -> Candidates | FortnoxError:
        try:
            return self._planner.ledger.newer()
        except FortnoxError as error:
            return error


EXPORT: Final = Export(
    BillSettings, BillPlanner, BillExporter, ("supplierinvoice", "companyinformation")
)
