"""The host's answers while a plug-in works on an export.

What a plug-in hands over is checked against the contract here, and copied. What it is told
that was stored, was committed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hostsim.errors import host_error
from hostsim.messages.exports import WORDS
from hostsim.plugins.session import (
    Session,
    broken,
    check_length,
    checked_report,
    checking,
    copies_of,
    money,
    money_or_none,
    seconds,
    text,
)
from hostsim.storage import bank_confirmations
from hostsim.storage.export_previews import ExportPreview
from hostsim.storage.export_runs import ExportRun, open_gaps_error
from hostsim.storage.import_runs import wrong_company_error
from hostsim.storage.item_content import TABLES
from opter_contract.export_values import (
    ACTIONS,
    PLANNED_STATES,
    RESULT_STATES,
    BankChange,
    Difference,
    ExportItem,
    ExportReport,
    Gap,
    ItemResult,
    PlannedCard,
    PlannedItem,
)
from opter_contract.values import Company, ImportReport, Run, Text

#: Shows a person the plan and returns the ids of the items to send; ``None`` sends none. Must
#: return within the given seconds: the login ends then.
Review = Callable[[ExportPreview, float], "Collection[str] | None"]

#: How long a code, a number, and a text of the other system may be.
MAX_WORD_LENGTH = 200
MAX_TEXT_LENGTH = 5_000


def send_nothing(preview: ExportPreview, timeout: float) -> Collection[str] | None:  # noqa: ARG001 as a Review has it
    """Send nothing: only look."""
    return None


class ExportSession(Session):
    """An export while its plug-in works on it."""

    #: Set before the plug-in is called.
    review_by: Review = staticmethod(send_nothing)

    #: What this session holds until it ends: the lock of a company that was not known before.
    held: ExitStack

    def __init__(self, run: Run, export_run: ExportRun, **parts: Any) -> None:
        super().__init__(run, export_run, **parts)
        self.held = ExitStack()
        self.too_late = False
        self._run = export_run
        self._company: Company | None = None
        self._reviewed = False

    # --- Before the review ---

    def opter_items_to_export(self, after: str) -> list[ExportItem]:
        try:
            return self._run.items(_word(after))
        except KeyError:
            raise broken("opter_items_to_export was asked for what comes after no item") from None

    def opter_read_document(self, item_id: str) -> bytes | None:
        path = TABLES[self._definition.subject].document(self._store.db, _word(item_id))
        try:
            return Path(path).read_bytes() if path else None
        except OSError:
            return None

    def opter_take_planned_items(self, items: Sequence[PlannedItem]) -> int:
        self._refuse_after_review("an item was planned after the review")
        copies = copies_of(items, _planned_item)
        if wrong := self._run.take_planned(copies):
            raise broken(f"an item was planned twice, or not given ({wrong[0]})")
        return len(copies)

    def opter_take_planned_cards(self, cards: Sequence[PlannedCard]) -> int:
        self._refuse_after_review("a card was planned after the review")
        copies = copies_of(cards, _planned_card)
        self._run.take_cards(copies)
        return len(copies)

    def opter_take_bank_changes(self, changes: Sequence[BankChange]) -> int:
        self._refuse_after_review("a bank change was planned after the review")
        copies = copies_of(changes, _bank_change)
        if wrong := self._run.take_bank_changes(copies):
            raise broken(f"a bank change was handed over twice ({wrong[0]})")
        return len(copies)

    def opter_take_gaps(self, gaps: Sequence[Gap]) -> int:
        copies = copies_of(gaps, _gap)
        if wrong := self._run.take_gaps(copies):
            raise broken(f"a gap names an item that was not given ({wrong[0]})")
        return len(copies)

    # --- The review ---

    def opter_review_export(self, company: Company, timeout: float) -> Collection[str] | None:
        self._refuse_after_review("opter_review_export was called twice")
        with checking():
            company = Company(_word(company.number), _word(company.name))
        timeout = seconds(timeout)
        self._company = company
        self._take_company(company)
        preview = self._run.plan(company)
        self._reviewed = True
        began = self._clock()
        chosen = self.review_by(preview, timeout)
        if chosen is None:
            return None
        at = self._clock()
        self.too_late = (at - began).total_seconds() > timeout
        if self.too_late:
            return None
        ids = list(dict.fromkeys(chosen))
        if ids and self._run.open_gaps(ids):
            raise open_gaps_error(preview)
        if unknown := self._run.choose(ids, company, at):
            raise ValueError(unknown[0])
        return tuple(ids)

    def _take_company(self, company: Company) -> None:
        """Check whose books they are, and keep every other export of them out."""
        self.refuse_other_company(company)
        expected = self._run.company
        if expected is not None and expected.number != company.number:
            raise wrong_company_error(self._definition, expected, company)
        if expected is not None:
            return
        self.held.enter_context(company_lock(self._run, company))
        if self._run.knows_new_items(company):
            raise host_error(
                "EXPORT_SAME_COMPANY",
                name=self.run.definition,
                company=f"{company.name} ({company.number})",
                **WORDS[self._definition.subject],
            )

    def _refuse_after_review(self, what: str) -> None:
        if self._reviewed:
            raise broken(what)

    def opter_confirmed_bank_changes(self, party_numbers: Collection[str]) -> Sequence[BankChange]:
        if not self._reviewed:
            raise broken("opter_confirmed_bank_changes was called before the review")
        numbers = copies_of(party_numbers, _word)
        run, at = self._run, self._clock()
        return bank_confirmations.use(run.store, run.run_id, numbers, run.user, at)

    # --- The results of the items ---

    def opter_take_intents(self, item_ids: Sequence[str]) -> int:
        company = self._sending_to()
        ids = copies_of(item_ids, _word)
        if self._run.open_gaps(ids):
            raise open_gaps_error(self._run.preview())
        if wrong := self._run.store_intents(company, ids, self._clock()):
            raise broken(f"an item is about to be sent that nobody chose ({wrong[0]})")
        return len(ids)

    def opter_take_results(self, results: Sequence[ItemResult]) -> int:
        return self.store_results(self._sending_to(), results)

    def store_results(self, company: Company, results: Collection[ItemResult]) -> int:
        """Store the results of items; one of an unknown item raises once the others are stored."""
        copies = copies_of(results, _result)
        if wrong := self._run.store_results(company, copies, self._clock()):
            raise broken(f"a result is of an item that was not given ({wrong[0]})")
        return len(copies)

    def _sending_to(self) -> Company:
        if self._company is None or not self._reviewed:
            raise broken("something was sent before the review")
        return self._company

    def finish(self, report: ExportReport) -> ImportReport:
        self.raise_failure()
        copy = checked_report(report)
        if self._company is None:
            raise broken("opter_review_export was not called")
        if copy.company.number != self._company.number:
            raise broken("the report names another company than the review")
        return copy


def company_lock(run: ExportRun, company: Company) -> ExitStack:
    """Hold the lock of a company's exports.

    :raises HostError: ``EXPORT_RUNNING`` if another export of it is going on.
    """
    with ExitStack() as stack:
        lock = run.store.locks.hold("export", run.definition.import_type, company.number, wait=0)
        if not stack.enter_context(lock):
            raise host_error("EXPORT_RUNNING", name=run.definition.name)
        return stack.pop_all()


# --- Checking what a plug-in hands over -----------------------------------------


def _result(result: ItemResult) -> ItemResult:
    if result.state not in RESULT_STATES:
        raise broken(f"a result has the unknown state {str(result.state)[:40]!r}")
    return ItemResult(
        id=_word(result.id),
        state=result.state,
        number=_word(getattr(result, "number", "")),
        party_number=_word(getattr(result, "party_number", "")),
        total=money_or_none(getattr(result, "total", None)),
        code=_word(getattr(result, "code", "")),
        message=_message(getattr(result, "message", None)),
        theirs=_text(getattr(result, "theirs", "")),
        complete=bool(getattr(result, "complete", True)),
    )


def _planned_item(item: PlannedItem) -> PlannedItem:
    if item.state not in PLANNED_STATES:
        raise broken(f"an item is planned with the unknown state {str(item.state)[:40]!r}")
    if item.action not in ACTIONS:
        raise broken(f"an item is planned with the unknown action {str(item.action)[:40]!r}")
    return PlannedItem(
        id=_word(item.id),
        state=item.state,
        action=item.action,
        party_number=_word(item.party_number),
        total=money(item.total),
        other_total=money_or_none(item.other_total),
        currency=_word(item.currency),
        number=_word(getattr(item, "number", "")),
        code=_word(getattr(item, "code", "")),
        message=_message(getattr(item, "message", None)),
        differences=_differences(item),
    )


def _planned_card(card: PlannedCard) -> PlannedCard:
    if card.action not in ACTIONS:
        raise broken(f"a card is planned with the unknown action {str(card.action)[:40]!r}")
    message = _message(getattr(card, "message", None))
    return PlannedCard(_word(card.number), card.action, _differences(card), message)


def _bank_change(change: BankChange) -> BankChange:
    if not (change.party_number and change.field) or change.ours == change.theirs:
        raise broken("a bank change has no number or no field, or changes nothing")
    return BankChange(*map(_word, (change.party_number, change.field, change.ours, change.theirs)))


def _gap(gap: Gap) -> Gap:
    message = _message(gap.message)
    if message is None or not gap.code:
        raise broken("a gap has no code or no message")
    return Gap(_word(gap.code), message, tuple(_word(item_id) for item_id in gap.ids))


def _differences(planned: PlannedItem | PlannedCard) -> tuple[Difference, ...]:
    return tuple(
        Difference(_word(d.field), _text(d.ours), _text(d.theirs))
        for d in getattr(planned, "differences", ())
    )


def _message(message: Text | None) -> Text | None:
    return None if message is None else Text(_text(message.sv), _text(message.en))


def _word(word: str) -> str:
    copy = text(word)
    check_length("word", copy, MAX_WORD_LENGTH)
    return copy


def _text(long_text: str) -> str:
    return text(long_text)[:MAX_TEXT_LENGTH]
