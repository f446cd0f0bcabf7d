"""The customer or supplier records that items need: their state in Fortnox, and planned changes.

Existing bank details are changed only once a person has confirmed exactly these values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from opter_contract.export_values import BankChange, Difference, PlannedCard
from opter_contract.values import Company, Text
from opter_fortnox_plugin.errors import FortnoxError, Missing, OutcomeUnknown, Rejected
from opter_fortnox_plugin.exports.card_cache import MINUTE, CardCache
from opter_fortnox_plugin.exports.content import have_one_code
from opter_fortnox_plugin.exports.lists import Lists
from opter_fortnox_plugin.exports.party_register import PartyRegister
from opter_fortnox_plugin.exports.problems import NUMBER_USED
from opter_fortnox_plugin.exports.texts import bare_number
from opter_fortnox_plugin.exports.write_and_verify import ATTEMPTS
from opter_fortnox_plugin.fortnox.fields import BLANK, Unreadable, text_in
from opter_fortnox_plugin.fortnox.protocol import modified_since, page_query
from opter_fortnox_plugin.session import Session


class BankChanged(Exception):
    """The bank details in Fortnox are not those that a person saw."""


@dataclass(slots=True)
class Card:
    """One customer or supplier.

    :ivar ours: as it should look; its ``vat_type`` is that of a new record.
    :ivar ids: identify the customer or supplier at the host, in one region or several.
    :ivar vat_type: the kind of VAT in Fortnox; ``""`` if unknown.
    :ivar name_there, organisation_there: in Fortnox; ``""`` if it was not read.
    :ivar is_hidden: this login cannot read it.
    :ivar contradiction: what shows that the record is another one's.
    :ivar other_id: identifies the ones whose record it is, if they are others.
    :ivar is_used_up: it is not there, and Fortnox has refused to use its number again.
    :ivar action: ``create``, ``update`` or ``none``, regardless of the bank details.
    :ivar bank: the bank details that would change.
    :ivar is_confirmed: a person has confirmed all of them.
    :ivar kept_bank: the bank details that differ, and that the settings leave unchanged.
    """

    ours: Any
    ids: Sequence[str]
    vat_type: str = ""
    name_there: str = ""
    organisation_there: str = ""
    is_hidden: bool = False
    contradiction: Text | None = None
    other_id: str = ""
    is_used_up: bool = False
    action: str = "none"
    differences: list[Difference] = field(default_factory=list)
    bank: list[Difference] = field(default_factory=list)
    is_confirmed: bool = False
    kept_bank: list[Difference] = field(default_factory=list)
    message: Text | None = None

    @property
    def id(self) -> str:
        return self.ids[0]

    @property
    def is_waiting(self) -> bool:
        return bool(self.bank) and not self.is_confirmed

    @property
    def is_changing(self) -> bool:
        return self.action != "none" or self.is_confirmed

    @property
    def changes(self) -> list[Difference]:
        """The fields that a send changes in an existing record."""
        return [*self.differences, *(self.bank if self.is_confirmed else ())]


class Cards:
    """The customers or suppliers of one export."""

    def __init__(
        self,
        register: PartyRegister,
        session: Session,
        company: Company,
        *,
        update: bool,
    ) -> None:
        self._register = register
        self._client = session.client
        self._pool = session.pool
        self._lists = Lists(session.client, session.pool)
        self._order = {"sortby": register.number_key.lower()} if register.has_filters else {}
        self._update = update
        key = f"cards/{register.resource.path}/{company.number}"
        self._cache = CardCache(session.host, key)
        self._written: set[str] = set()
        self.cards: dict[str, Card] = {}

    def load(self) -> None:
        """Read what is known of earlier exports."""
        self._cache.load()

    def is_of(self, number: str, party_id: str) -> bool:
        """Return whether a record is known to be of this customer or supplier at the host."""
        return party_id in self._cache.owners(number)

    def plan(self, parties: Mapping[str, Any], ids: Mapping[str, Sequence[str]]) -> None:
        """Look up these records, and plan their changes.

        :param parties: by number.
        :param ids: identify each at the host, in one region or several.
        """
        if not parties:
            return
        self._forget_changed()
        for number, ours in parties.items():
            known = [one for one in self._cache.owners(number) if one in ids[number]]
            self.cards[number] = Card(ours, tuple(dict.fromkeys([*known, *ids[number]])))
        unknown = []
        for number, card in self.cards.items():
            remembered = self._cache.vat_type(card.ours, card.id)
            if remembered is None:
                unknown.append(number)
            else:
                card.vat_type = remembered
        if unknown:
            self._look_up(unknown)
        self.store()

    def planned(self, numbers: Collection[str]) -> list[PlannedCard]:
        return [
            PlannedCard(number, card.action, tuple(card.differences), card.message)
            for number, card in self.cards.items()
            if number in numbers and (card.action != "none" or card.message)
        ]

    def bank_changes(self, numbers: Collection[str]) -> list[BankChange]:
        return [
            BankChange(number, change.field, change.ours, change.theirs)
            for number, card in self.cards.items()
            if number in numbers
            for change in card.bank
        ]

    def confirm(self, confirmed: Collection[BankChange]) -> None:
        """Mark the records whose bank changes a person has confirmed, all of them."""
        keys = {
            (change.party_number, change.field, change.ours, change.theirs) for change in confirmed
        }
        for number, card in self.cards.items():
            of_card = {(number, change.field, change.ours, change.theirs) for change in card.bank}
            card.is_confirmed = bool(of_card) and of_card <= keys

    def write(self, number: str) -> None:
        """Create or change a record, in the thread of a request.

        :raises BankChanged: if somebody changed bank details since they were shown.
        :raises Rejected, OutcomeUnknown, FortnoxError: if it was not written.
        """
        card = self.cards[number]
        if card.is_confirmed and (theirs := self._fetch(number)) is not None:
            # The review may have taken long.
            self._compare_again(card, theirs)
        for _ in range(ATTEMPTS):
            error = self._try_write(number, card)
            if error is None:
                self._verify_account(number, card)
                return
            if isinstance(error, Rejected) and card.action != "create":
                raise error
            theirs = self._fetch(number)
            if theirs is None:
                if isinstance(error, Rejected):
                    card.is_used_up = error.code == NUMBER_USED
                    raise error
                if error.error is not None:
                    raise error.error
                continue
            if card.action == "create" and not self._register.is_same(card.ours, theirs):
                # Somebody else's record is not overwritten unseen.
                raise Rejected(NUMBER_USED, "")
            card.vat_type = theirs.vat_type
            self._compare_again(card, theirs)
            if not card.changes:
                return
            if isinstance(error, OutcomeUnknown) and error.error is not None:
                raise error.error
        raise OutcomeUnknown("no answer in time")

    def _verify_account(self, number: str, card: Card) -> None:
        """Check that Fortnox has the confirmed account, before anything is paid to it."""
        if card.is_confirmed:
            theirs = self._fetch(number)
            if theirs is None or self._register.bank_differences(card.ours, theirs):
                raise Rejected(None, "")

    def _try_write(self, number: str, card: Card) -> OutcomeUnknown | Rejected | None:
        resource = self._register.resource
        try:
            if card.action == "create":
                self._client.create(resource, self._register.write(card.ours))
            elif changes := {change.field: change.ours or BLANK for change in card.changes}:
                self._client.update(resource, number, changes)
        except (OutcomeUnknown, Rejected) as error:
            return error
        return None

    def _compare_again(self, card: Card, theirs: Any) -> None:
        """Compare a record to change with its current state."""
        bank = self._register.bank_differences(card.ours, theirs)
        if any(difference not in card.bank for difference in bank):
            raise BankChanged
        card.action, card.bank = "update", bank
        card.differences = self._register.differences(card.ours, theirs) if self._update else []

    def mark_written(self, number: str) -> None:
        """Cache a record that was written."""
        card = self.cards[number]
        if card.action == "create":
            self._cache.release(number)
        card.action, card.differences, card.bank, card.is_confirmed = "none", [], [], False
        card.vat_type = card.vat_type or card.ours.vat_type
        self._cache.remember(card.ours, card.id, card.vat_type)
        self._written.add(number)

    def mark_used(self, number: str, party_id: str) -> None:
        """Remember whose record it is: something is about to be sent with it."""
        self._cache.claim(number, party_id)

    def forget(self, number: str) -> None:
        """Look a record up again in the next export: Fortnox does not have it any more."""
        self._cache.forget(number)

    def advance_watermark(self) -> None:
        """Check whether Fortnox lists our own changes since the register was read.

        If so, the next list starts now, and records that others changed meanwhile leave the cache.
        """
        if not self._written or self._cache.read_at is None or not self._register.has_filters:
            return
        changed = self._pool.run(partial(self._changed_rows, self._cache.read_at - MINUTE))
        if changed is None:
            return
        rows, at = changed
        self._cache.exact = at is not None and self._written <= rows.keys()
        for number, row in rows.items():
            if number not in self._written or self._differs_from_written(number, row):
                self._cache.forget(number)
        if self._cache.exact:
            self._cache.read_at = at

    def store(self) -> None:
        for number, card in self.cards.items():
            if card.is_used_up:
                self._cache.mark_used_up(number)
        self._cache.store()

    def _fetch(self, number: str) -> Any:
        """Return the record with a number; ``None`` if there is none."""
        try:
            return self._register.read(self._client.get(self._register.resource, number))
        except Missing:
            return None

    # --- reading ---

    def _changed_rows(
        self, since: datetime
    ) -> tuple[dict[str, Mapping[str, Any]], datetime | None] | None:
        """Return the rows that were changed since then, and when they were listed."""
        query = self._order | modified_since(since)
        page = partial(self._client.page, self._register.resource)
        try:
            first = page(page_query(1, **query))
            later_pages = [page(page_query(n, **query)) for n in range(2, first.pages + 1)]
        except FortnoxError:
            # The export itself is done; the next one reads more instead.
            return None
        rows = (
            row for page in (first, *later_pages) for row in page.rows if isinstance(row, Mapping)
        )
        return {self._number_of(row): row for row in rows}, first.at

    def _differs_from_written(self, number: str, row: Mapping[str, Any]) -> bool:
        """Return whether a row of the list differs from what we wrote."""
        try:
            theirs = self._register.read(row)
        except Unreadable:
            return True
        return any(
            difference.field in row
            for difference in self._register.differences(self.cards[number].ours, theirs)
        )

    def _number_of(self, row: Any) -> str:
        return text_in(row, self._register.number_key)

    def _forget_changed(self) -> None:
        if not self._register.has_filters:
            self._cache.forget_all()
            return
        since = self._cache.since
        if since is None:
            return
        resource, query = self._register.resource, self._order | modified_since(since)
        first = self._lists.first_page(resource, **query)
        self._cache.watermark(first.at)
        for row in self._lists.all_rows(resource, first, **query):
            self._cache.forget(self._number_of(row))

    def _look_up(self, unknown: list[str]) -> None:
        """Look up these records: in the list if that takes fewer requests."""
        resource, order = self._register.resource, self._order
        first = self._lists.first_page(resource, **order)
        self._cache.watermark(first.at)
        few = first.pages <= len(unknown) + 1
        rows = self._lists.all_rows(resource, first, **order) if few else None
        existing = set(unknown) if rows is None else {self._number_of(row) for row in rows}
        futures = {
            number: self._pool.submit(partial(self._fetch_or_unreadable, number))
            for number in unknown
            if number in existing
        }
        for number in unknown:
            theirs = self._pool.result(futures[number]) if number in futures else None
            self._compare(self.cards[number], theirs)
        self._note_earlier_numbers(unknown)
        new = [
            card
            for number in unknown
            if (card := self.cards[number]).action == "create"
            and bare_number(card.ours.organisation_number)
        ]
        self._note_shared_organisations(new, self._search(new) if rows is None else rows)

    def _fetch_or_unreadable(self, number: str) -> Any:
        try:
            return self._fetch(number)
        except Unreadable as error:
            return error

    def _compare(self, card: Card, theirs: Any) -> None:
        """Plan what to do with a record, by what Fortnox has."""
        if theirs is None:
            self._plan_new(card)
        elif isinstance(theirs, Unreadable):
            # Unreadable records are not changed.
            card.is_hidden = True
        else:
            card.vat_type, card.name_there = theirs.vat_type, theirs.name
            card.organisation_there = theirs.organisation_number
            if not self._is_of_another(card, theirs):
                self._plan_changes(card, theirs)

    def _plan_new(self, card: Card) -> None:
        if self._cache.is_used_up(card.ours.number):
            card.is_used_up = True
            return
        card.action = "create"
        card.differences = [
            Difference(name, str(value), "")
            for name, value in self._register.write(card.ours).items()
        ]

    def _is_of_another(self, card: Card, theirs: Any) -> bool:
        """Return whether a record is not this party's, and note why.

        Another one's record is not overwritten, and nothing is sent with it.
        """
        register, owners = self._register, self._cache.owners(card.ours.number)
        fields = {difference.field for difference in register.differences(card.ours, theirs)}
        if theirs.organisation_number and "OrganisationNumber" in fields:
            # A company keeps its number.
            code = f"{register.problems.party}_CONTRADICTS"
            card.contradiction = self._contradiction(code, card, theirs, "organisation_number")
        elif others := [owner for owner in owners if owner not in card.ids]:
            # Of two that have one number here, the second one does not get the first one's record,
            # and a record that is of both is not changed for one of them into somebody else's.
            card.other_id = "" if self._agrees(card, theirs, others) else ", ".join(others)
        elif register.have_other_vat_numbers(card.ours, theirs) and not (
            # One that was exported may correct its own.
            owners and "Name" not in fields
        ):
            card.message = card.contradiction = self._contradiction(
                "VAT_NUMBER_DIFFERS", card, theirs, "vat_number"
            )
        elif not owners and not register.is_recognised(card.ours, theirs):
            card.message = card.contradiction = self._contradiction(
                "NAME_DIFFERS", card, theirs, "name"
            )
        return bool(card.contradiction or card.other_id)

    def _contradiction(self, code: str, card: Card, theirs: Any, field: str) -> Text:
        return self._register.problems.sentence(
            code,
            number=card.ours.number,
            ours=getattr(card.ours, field),
            theirs=getattr(theirs, field),
        )

    def _agrees(self, card: Card, theirs: Any, others: Iterable[str]) -> bool:
        """Return whether a record that is of others here is this one's, too."""
        if all(self.is_of(card.ours.number, one) for one in card.ids):
            return self._register.still_agrees(card.ours, theirs)
        return all(
            self._register.is_same(card.ours, theirs, one_code=have_one_code(one, other))
            for one in card.ids
            for other in others
        )

    def _plan_changes(self, card: Card, theirs: Any) -> None:
        differences = self._register.differences(card.ours, theirs)
        bank = self._register.bank_differences(card.ours, theirs)
        if not differences and not bank:
            self._cache.remember(card.ours, card.id, card.vat_type)
        if not self._update:
            card.kept_bank = bank
            return
        card.bank = bank
        if differences:
            card.action, card.differences = "update", differences

    def _note_earlier_numbers(self, numbers: Iterable[str]) -> None:
        """Note which of these are used for the first time, by one that had another number here."""
        earlier_numbers = self._cache.numbers()
        for card in map(self.cards.__getitem__, numbers):
            earlier = earlier_numbers.get(card.id, [])
            if earlier and card.ours.number not in earlier:
                card.message = self._register.problems.sentence(
                    "OTHER_NUMBER_BEFORE", ours=card.id, several=", ".join(sorted(earlier))
                )

    def _search(self, cards: Iterable[Card]) -> list[Any]:
        """Return the rows with the organisation numbers of these, if the list can be filtered."""
        if not self._register.has_filters:
            return []
        numbers = [card.ours.organisation_number for card in cards]
        waits = [
            self._lists.start(self._register.resource, **self._order, organisationnumber=number)
            for number in numbers
        ]
        return [row for wait in waits for row in wait()]

    def _note_shared_organisations(self, new: Iterable[Card], rows: Iterable[Any]) -> None:
        """Note which new customers have the organisation number of another one."""
        numbers: dict[str, set[str]] = {}
        for row in rows:
            organisation = bare_number(text_in(row, "OrganisationNumber"))
            numbers.setdefault(organisation, set()).add(self._number_of(row))
        for card in new:
            same = numbers.get(bare_number(card.ours.organisation_number), set())
            if others := sorted(same - {card.ours.number}):
                card.message = self._register.problems.sentence(
                    "SAME_ORGANISATION", number=card.ours.number, several=", ".join(others)
                )
