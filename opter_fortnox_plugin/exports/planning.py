"""Plans what a send would do: compares the host's items with Fortnox, and changes nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar, Final, Generic, TypeVar

from opter_contract.export_values import Difference, ExportItem, Gap, PlannedItem
from opter_contract.values import Company, Text
from opter_fortnox_plugin.errors import filled
from opter_fortnox_plugin.exports.cards import Cards
from opter_fortnox_plugin.exports.content import Content, have_one_code
from opter_fortnox_plugin.exports.party_register import PartyRegister
from opter_fortnox_plugin.exports.problems import IS_NOT_CHANGED, Problem, Problems
from opter_fortnox_plugin.exports.registers import Registers
from opter_fortnox_plugin.exports.settings import ExportSettings
from opter_fortnox_plugin.exports.write_and_verify import Sender
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.session import Session

#: The states of items whose customer or supplier is kept up to date.
WITH_CARD: Final = frozenset({"ready", "waiting", "adopted", "unchanged", "booked"})


@dataclass(slots=True)
class Plan(ABC):
    """The plan for one item.

    :ivar content: as it should look in Fortnox.
    :ivar theirs: the document in Fortnox that has its number.
    :ivar doubt: what a person must correct in Fortnox, reported until it is corrected.
    :ivar borrows: its party number is one that its party had before, and has no more.
    """

    problems: ClassVar[Problems]

    item: ExportItem
    content: Content
    state: str = "ready"
    action: str = "none"
    theirs: Any = None
    code: str = ""
    message: Text | None = None
    differences: list[Difference] = field(default_factory=list)
    doubt: Problem | None = None
    borrows: bool = False

    def note(self, code: str, message: Text | None = None, **details: object) -> None:
        self.code = code
        self.message = message or self.sentence(code, **details)

    def sentence(self, code: str, **details: object) -> Text:
        if self.existing is not None:
            details["is_not_sent"] = IS_NOT_CHANGED
        return self.problems.sentence(code, **details)

    @property
    def remark(self) -> Problem:
        """The remark to report about it; its code is ``""`` if there is none."""
        return self.doubt if self.doubt and not self.code else Problem(self.code, self.message)

    def refuse(self, code: str, message: Text | None = None, **details: object) -> None:
        self.state, self.action = "refused", "none"
        self.note(code, message, **details)

    @property
    def number(self) -> str:
        """Its number in Fortnox; ``""`` until it has one."""
        return str(self.content.ours.number)

    @property
    def party_number(self) -> str:
        return str(self.content.card.number)

    @property
    def booked_message(self) -> Text:
        """Why it cannot be taken back, once it is booked."""
        return self.sentence("BOOKED_IN_FORTNOX")

    @property
    def needs_card(self) -> bool:
        """Whether the record of its party is kept up to date; a former one, only to send."""
        return self.state in WITH_CARD and not (self.borrows and self.action == "none")

    @property
    def existing(self) -> Any:
        """Our document in Fortnox; ``None`` if there is none, or it is another's."""
        return self.theirs if self.theirs is not None and self.belongs(self.theirs) else None

    @abstractmethod
    def belongs(self, theirs: Any) -> bool:
        """Return whether a document with its number is ours: by its mark, or adopted."""


P = TypeVar("P", bound=Plan)


class Planner(ABC, Generic[P]):
    """Plans an export of one kind of items."""

    register: ClassVar[PartyRegister]
    items_in_words: ClassVar[Text]

    def __init__(self, session: Session, settings: ExportSettings, company: Company) -> None:
        self._host = session.host
        self._client = session.client
        self._pool = session.pool
        self._settings = settings
        self.sender = self.new_sender(session)
        self.problems: Final = self.sender.problems
        self.registers: Final = Registers(session.client, session.pool)
        self.cards: Final = Cards(self.register, session, company, update=settings.update_cards)
        self.plans: list[P] = []
        self.gaps: list[Gap] = []
        self.notes: list[Text] = []

    # --- what each kind has of its own ---

    @abstractmethod
    def new_sender(self, session: Session) -> Sender[Any]: ...

    @abstractmethod
    def exclusion_note(self, item: ExportItem) -> Text | None:
        """Return why the settings exclude an item, with the placeholder ``count``, if they do."""

    @abstractmethod
    def read_registers(self, contents: Sequence[Any]) -> None:
        """Read the registers that the host's items refer to."""

    @abstractmethod
    def plan_of(self, item: ExportItem) -> P: ...

    @abstractmethod
    def look_up(self) -> None:
        """Set ``theirs`` of each open plan."""

    @abstractmethod
    def adopt(self, plan: P, theirs: Any) -> None:
        """Adopt a document with an item's number that is not ours, or refuse the item."""

    @abstractmethod
    def missing_references(self, content: Any) -> Iterable[tuple[str, str]]:
        """Yield the code of each reference that Fortnox lacks, with its value."""

    def refuse_dependent(self) -> None:
        """Refuse the items to send that name another one which does not allow it."""

    def other_total(self, plan: P) -> Decimal | None:
        """Return the total that Fortnox has, or will have."""
        if plan.action != "none":
            return plan.content.ours.total  # type: ignore[no-any-return]
        return None if plan.theirs is None else plan.theirs.total

    def card_of(self, plan: P, planned: Any) -> Any:
        """Return the party record that a plan needs.

        :param planned: the record that other plans need.
        """
        return plan.content.card if planned is None else planned

    @abstractmethod
    def refuse_if_card_conflicts(self, plan: P) -> None:
        """Refuse an item that contradicts its party record, or let it wait for a confirmation."""

    # --- planning ---

    def plan(self) -> None:
        """Read what Fortnox has, compare, and hand the plan to the host."""
        self._host.report_progress("checking", 0, None, _READING)
        items = self._drop_excluded(self._host.items_to_export())
        if items:
            self.read_registers([item.content for item in items])
        self.plans = [self.plan_of(item) for item in items]
        comparing = Text(
            f"Jämför {self.items_in_words.sv} med Fortnox",
            f"Comparing {self.items_in_words.en} with Fortnox",
        )
        self._host.report_progress("checking", 0, len(items), comparing)
        self.cards.load()
        self.refuse_shared_numbers()
        self.look_up()
        for plan in self.ready_plans():
            self.compare(plan)
        self._find_gaps()
        self.plan_cards([plan for plan in self.plans if plan.needs_card and plan.party_number])
        self.refuse_dependent()
        self._host.take_planned_items([self._planned_item(plan) for plan in self.plans])
        numbers = {plan.party_number for plan in self.plans if plan.needs_card}
        self._host.take_planned_cards(self.cards.planned(numbers))
        self._host.take_bank_changes(self.cards.bank_changes(numbers))
        self._host.take_gaps(self.gaps)

    def ready_plans(self) -> Iterable[P]:
        return (plan for plan in self.plans if plan.state == "ready")

    def _drop_excluded(self, items: Sequence[ExportItem]) -> list[ExportItem]:
        """Return the items that the settings do not exclude, or that were exported before."""
        reasons = [
            None if item.exported or item.intended else self.exclusion_note(item) for item in items
        ]
        for reason, count in Counter(filter(None, reasons)).items():
            self.notes.append(filled(reason, {"count": count}))
        return [item for item, reason in zip(items, reasons, strict=True) if reason is None]

    def refuse_shared_numbers(self) -> None:
        """Refuse items of different parties that share a number in Fortnox."""
        cards: dict[str, dict[str, Any]] = {}
        for plan in self.plans:
            cards.setdefault(plan.party_number, {})[plan.content.party_id] = plan.content.card
        for plan in self.ready_plans():
            number, content = plan.party_number, plan.content
            is_shared = any(
                self.is_other_party(content, party_id, card)
                for party_id, card in cards[number].items()
            )
            if number and is_shared:
                shared = ", ".join(cards[number])
                plan.refuse(f"{self.problems.party}_NUMBER_SHARED", number=number, codes=shared)

    def is_other_party(self, content: Content, party_id: str, card: Any) -> bool:
        """Return whether a party, with its record, is another one than that of an item."""
        one_code = have_one_code(party_id, content.party_id)
        return party_id != content.party_id and not self.register.is_same(
            content.card, card, one_code=one_code
        )

    def number_in_fortnox(self, plan: P) -> str:
        """Return the number of a document to take back; ``""`` if there is none."""
        return plan.item.number or plan.number

    def mark_taken_back(self, plan: P, number: str) -> None:
        """Note that a document of ours was taken back."""

    def details(self, numbers: Iterable[str]) -> Mapping[str, Any]:
        """Read the documents with these numbers: ``None`` if missing, the error if unreadable."""
        futures = {
            number: self._pool.submit(partial(self._fetch_or_unreadable, number))
            for number in sorted(numbers)
        }
        return {number: self._pool.result(future) for number, future in futures.items()}

    def _fetch_or_unreadable(self, number: str) -> Any:
        try:
            return self.sender.find(number)
        except Unreadable as error:
            return error

    def take_detail(self, plan: P, theirs: Any) -> None:
        """Set ``theirs`` of a plan, or note that it cannot be read."""
        if isinstance(theirs, Unreadable):
            plan.refuse("UNREADABLE_IN_FORTNOX", what=", ".join(theirs.fields))
            plan.state = "unknown"
        else:
            plan.theirs = theirs

    def compare(self, plan: P) -> None:
        """Decide what to do with an item, by what Fortnox has.

        Before anything else, so that existing documents are known whatever is missing.
        """
        theirs, problem = plan.theirs, plan.content.problem
        if theirs is None and plan.item.exported:
            plan.refuse("NOT_IN_FORTNOX")
        elif theirs is not None and theirs.cancelled:
            plan.refuse("CANCELLED_IN_FORTNOX", number=theirs.number)
        elif theirs is not None and plan.existing is None:
            self.adopt(plan, theirs)
        elif theirs is not None:
            self.compare_ours(plan)
        elif problem is not None:
            plan.refuse(problem.code, problem.message)
        else:
            plan.action = "create"

    def compare_ours(self, plan: P) -> None:
        """Decide what to do with a document of ours that is not cancelled."""
        theirs, problem = plan.theirs, plan.content.problem
        plan.differences = self.sender.differences(plan.content.ours, theirs)
        if not plan.differences:
            plan.state = "unchanged"
            if plan.item.incomplete and self._settings.attach_pdf and plan.item.content.document:
                plan.note("PDF_NOT_ATTACHED")
        elif theirs.booked:
            plan.state = "booked"
            plan.note("BOOKED_IN_FORTNOX")
        elif problem is not None:
            plan.refuse(problem.code, problem.message)
        else:
            plan.action = "update"

    def _find_gaps(self) -> None:
        """Refuse the items to send whose references Fortnox lacks."""
        lacking: dict[tuple[str, str], list[P]] = {}
        for plan in self.plans:
            if plan.action != "none":
                for gap in dict.fromkeys(self.missing_references(plan.item.content)):
                    lacking.setdefault(gap, []).append(plan)
        for (code, what), plans in lacking.items():
            message = self.problems.sentence(code, what=what)
            self.gaps.append(Gap(code, message, tuple(plan.item.id for plan in plans)))
            for plan in plans:
                # The first of several gaps is reported.
                if plan.state != "refused":
                    plan.refuse(code, message)

    def plan_cards(self, plans: Sequence[P]) -> None:
        """Plan the party records of these items; refuse those whose record does not allow it."""
        parties: dict[str, Any] = {}
        ids: dict[str, list[str]] = {}
        for plan in plans:
            parties[plan.party_number] = self.card_of(plan, parties.get(plan.party_number))
            ids.setdefault(plan.party_number, []).append(plan.content.party_id)
        self.cards.plan(parties, ids)
        for plan in plans:
            if plan.action != "none":
                self.refuse_if_card_conflicts(plan)
            elif plan.state == "adopted":
                self._refuse_if_of_another(plan)

    def _refuse_if_of_another(self, plan: P) -> None:
        """Refuse to adopt a document whose party record is another one's."""
        card = self.cards.cards[plan.party_number]
        if problem := self._problem_of_another(plan):
            there = plan.sentence("THERE_OF_OTHER", number=card.ours.number, theirs=card.name_there)
            why = problem.message or there
            plan.differences = []
            plan.refuse(problem.code, Text(f"{there.sv} {why.sv}", f"{there.en} {why.en}"))

    def refuse_without_card(self, plan: P) -> bool:
        """Refuse an item whose party record is another one's, or cannot be made."""
        if problem := self._problem_of_another(plan):
            plan.refuse(problem.code, problem.message)
        elif self.cards.cards[plan.party_number].is_used_up:
            plan.refuse(f"{self.problems.party}_NUMBER_TAKEN", number=plan.party_number)
        return plan.state == "refused"

    def _problem_of_another(self, plan: P) -> Problem | None:
        """Return the problem of a party record that is another one's."""
        card = self.cards.cards[plan.party_number]
        if card.contradiction:
            return Problem(f"{self.problems.party}_CONTRADICTS", card.contradiction)
        if card.other_id:
            message = plan.sentence(
                "NUMBER_OF_OTHER", number=plan.party_number, ours=card.id, theirs=card.other_id
            )
            return Problem(f"{self.problems.party}_NUMBER_SHARED", message)
        return None

    def _planned_item(self, plan: P) -> PlannedItem:
        stays = plan.existing is not None and plan.action == "none"
        return PlannedItem(
            id=plan.item.id,
            state=plan.state,
            action=plan.action,
            party_number=plan.existing.party_number if stays else plan.party_number,
            total=plan.content.host_total,
            other_total=self.other_total(plan),
            currency=plan.item.content.currency,
            number=plan.existing.number if plan.existing else plan.item.number,
            code=plan.remark.code,
            message=plan.remark.message,
            differences=tuple(plan.differences),
        )


_READING: Final = Text("Läser register i Fortnox", "Reading registers in Fortnox")
