"""A host in memory that records every call, to test an export plug-in against the contract.

It stores the results of its items, so that a second export is possible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from opter_contract import BATCH, hookimpl
from opter_contract.conformance.recording_host import RecordedRun, RecordingHost
from opter_contract.export_values import (
    BankChange,
    ExportItem,
    Gap,
    ItemResult,
    PlannedCard,
    PlannedItem,
)
from opter_contract.values import Company, Run, Text


@dataclass
class RecordedExport(RecordedRun):
    """The calls and data of a plug-in in one export."""

    planned: list[PlannedItem] = field(default_factory=list)
    cards: list[PlannedCard] = field(default_factory=list)
    bank_changes: list[BankChange] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    #: The company of each review, and the ids that were returned.
    reviews: list[tuple[Company, frozenset[str]]] = field(default_factory=list)
    intents: list[str] = field(default_factory=list)
    results: list[ItemResult] = field(default_factory=list)
    #: The hook and the id of each intent and result, in order.
    sending: list[tuple[str, str]] = field(default_factory=list)

    @property
    def handed_over(self) -> list[Any]:
        return self.intents

    @property
    def reviewed(self) -> frozenset[str]:
        """The ids that the reviews returned."""
        return frozenset(item_id for _, ids in self.reviews for item_id in ids)

    def around(self, hook: str) -> tuple[list[str], list[str]]:
        """Return the hooks that were called before the first call of one, and after it."""
        hooks = [name for name, _ in self.calls]
        index = hooks.index(hook)
        return hooks[:index], hooks[index + 1 :]

    @property
    def states(self) -> dict[str, str]:
        """The latest state of each item, by id."""
        return {result.id: result.state for result in self.results}


class OtherCompany(Exception):
    """The items go to another company than that of this definition."""

    code, kind = "OTHER_COMPANY", "login"
    message = Text("Det är ett annat företag.", "That is another company.")


def send_all(recorded: RecordedExport) -> Collection[str]:
    """Review like a person who sends everything possible, including items that are waiting."""
    open_gaps = {item_id for gap in recorded.gaps for item_id in gap.ids}
    return [
        item.id for item in recorded.planned if item.state != "refused" and item.id not in open_gaps
    ]


def send_nothing(_recorded: RecordedExport) -> Collection[str]:
    return ()


class RecordingExportHost(RecordingHost):
    """Accepts everything, unless a test makes it misbehave."""

    def __init__(
        self,
        *plugins: object,
        items: Sequence[ExportItem] = (),
        documents: Mapping[str, bytes] | None = None,
        **more: Any,
    ) -> None:
        """Register the plug-ins and the host's answers.

        :param items: the items to export.
        :param documents: their PDFs, by id.
        """
        super().__init__(*plugins, **more)
        self.items = list(items)
        self.documents = dict(documents or {})
        #: The person's review: returns the ids to send.
        self.review: Callable[[RecordedExport], Collection[str] | None] = send_all
        #: The confirmations of a person: those requested are returned unchecked, and once.
        self.confirmations: set[BankChange] = set()
        #: The latest result of each item, by id, and the ids that are about to be sent.
        self.results: dict[str, ItemResult] = {}
        self.intended: set[str] = set()
        self.runs: dict[str, RecordedExport] = defaultdict(RecordedExport)  # type: ignore[assignment]

    def copy(self, **changes: Any) -> RecordingExportHost:
        values: dict[str, Any] = {"items": self.items, "documents": self.documents}
        return super().copy(**values | changes)

    def export(self, run: Run) -> RecordedExport:
        recorded = self.runs[run.id]
        recorded.report = self.call("opter_export", run=run)
        return recorded

    def forget_results(self) -> None:
        """Lose the results of the items that were sent, as when a host is killed."""
        self.intended.update(self.results)
        self.results.clear()

    def given(self, item: ExportItem) -> ExportItem:
        """Return an item with its earlier exports."""
        intended, result = item.id in self.intended, self.results.get(item.id)
        if result is None:
            return replace(item, intended=intended)
        sent = result.state in {"sent", "adopted", "unchanged", "booked"}
        return replace(item, intended=intended, exported=sent, number=result.number)

    @hookimpl
    def opter_items_to_export(self, run: Run, after: str) -> Sequence[ExportItem]:
        self._record(run, "opter_items_to_export")
        ids = [item.id for item in self.items]
        start = ids.index(after) + 1 if after else 0
        return [self.given(item) for item in self.items[start : start + BATCH]]

    @hookimpl
    def opter_read_document(self, run: Run, item_id: str) -> bytes | None:
        self._record(run, "opter_read_document")
        return self.documents.get(item_id)

    @hookimpl
    def opter_take_planned_items(self, run: Run, items: Sequence[PlannedItem]) -> int | None:
        return self._take(run, "opter_take_planned_items", "planned", items)

    @hookimpl
    def opter_take_planned_cards(self, run: Run, cards: Sequence[PlannedCard]) -> int | None:
        return self._take(run, "opter_take_planned_cards", "cards", cards)

    @hookimpl
    def opter_take_bank_changes(self, run: Run, changes: Sequence[BankChange]) -> int | None:
        return self._take(run, "opter_take_bank_changes", "bank_changes", changes)

    @hookimpl
    def opter_confirmed_bank_changes(
        self, run: Run, party_numbers: Collection[str]
    ) -> Sequence[BankChange]:
        self._record(run, "opter_confirmed_bank_changes").batches.append(list(party_numbers))
        confirmed = {
            change for change in self.confirmations if change.party_number in party_numbers
        }
        self.confirmations -= confirmed
        return list(confirmed)

    @hookimpl
    def opter_take_gaps(self, run: Run, gaps: Sequence[Gap]) -> int | None:
        return self._take(run, "opter_take_gaps", "gaps", gaps)

    @hookimpl
    def opter_review_export(self, run: Run, company: Company) -> Collection[str] | None:
        self._record(run, "opter_review_export")
        if run.company is not None and run.company.number != company.number:
            raise OtherCompany
        recorded = self.runs[run.id]
        ids = self.review(recorded)
        recorded.reviews.append((company, frozenset(ids or ())))
        return ids

    @hookimpl
    def opter_take_intents(self, run: Run, item_ids: Sequence[str]) -> int | None:
        answer = self._take(run, "opter_take_intents", "intents", item_ids)
        self.runs[run.id].sending += [("intent", item_id) for item_id in item_ids]
        self.intended.update(item_ids)
        return answer

    @hookimpl
    def opter_take_results(self, run: Run, results: Sequence[ItemResult]) -> int | None:
        answer = self._take(run, "opter_take_results", "results", results)
        self.runs[run.id].sending += [("result", result.id) for result in results]
        final = {result.id: result for result in results if result.state != "unknown"}
        self.results.update(final)
        self.intended -= final.keys()
        return answer
