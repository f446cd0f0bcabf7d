"""The customers that invoices need: what stands in Fortnox, and what a send would change there.

A card that is as it should be is remembered, by a digest of ours, until Fortnox says that it has
changed: so an export asks only for the cards that it does not know. What we changed ourselves is
listed as changed, too. So we see whether Fortnox lists changes to the minute, and begin the next
list after our own where it does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from opter_contract.export_values import Difference, PlannedCard
from opter_contract.values import Company, Text
from opter_fortnox_plugin.errors import FortnoxError, Missing, OutcomeUnknown, Rejected
from opter_fortnox_plugin.fortnox.client import Client
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.invoice_schemas import (
    Customer,
    customer_of,
    customer_payload,
)
from opter_fortnox_plugin.fortnox.protocol import CUSTOMERS, OVERLAP, PAGE_SIZE, STOCKHOLM, Page
from opter_fortnox_plugin.fortnox.worker_pool import WorkerPool
from opter_fortnox_plugin.host import Host
from opter_fortnox_plugin.invoices.content import bare_number, card_differences
from opter_fortnox_plugin.invoices.problems import CUSTOMER_NUMBER_USED
from opter_fortnox_plugin.invoices.sending import ATTEMPTS

#: In how many values of the host's state the cards are remembered: each holds about 3,000.
_PARTS: Final = 16
_LONGEST_STATE: Final = 100_000

#: How much earlier than the last one a list of changes begins that is exact to the minute.
_MINUTE: Final = timedelta(minutes=1)

#: The fields by which a card is another customer's.
_IDENTITY: Final = frozenset({"Name", "OrganisationNumber"})


@dataclass(slots=True)
class Card:
    """One customer.

    :ivar ours: as it is to be; its ``vat_type`` is that of a new card.
    :ivar vat_type: the kind of VAT in Fortnox; ``""`` where unknown.
    :ivar is_hidden: its kind of VAT cannot be read by the person who signed in.
    :ivar other_organisation: the organisation number there, where it is another company's.
    :ivar action: ``create``, ``update`` or ``none``.
    """

    ours: Customer
    vat_type: str = ""
    is_hidden: bool = False
    other_organisation: str = ""
    action: str = "none"
    differences: list[Difference] = field(default_factory=list)
    message: Text | None = None


class Cards:
    """The customers of one export."""

    def __init__(
        self, host: Host, client: Client, pool: WorkerPool, company: Company, *, update: bool
    ) -> None:
        self._client = client
        self._pool = pool
        self._update = update
        self._memory = _Memory(host, company)
        self._written: set[str] = set()
        self.cards: dict[str, Card] = {}

    def plan(self, wanted: Mapping[str, Customer]) -> None:
        """Find out which of these customers are there, and what is to be changed.

        :param wanted: by customer number.
        """
        if not wanted:
            return
        self._memory.load()
        self._forget_changed()
        self.cards = {number: Card(ours) for number, ours in wanted.items()}
        unknown = []
        for number, card in self.cards.items():
            remembered = self._memory.vat_type(card.ours)
            if remembered is None:
                unknown.append(number)
            else:
                card.vat_type = remembered
        if unknown:
            self._look_up(unknown)
        self._memory.store()

    def planned(self, numbers: Collection[str]) -> list[PlannedCard]:
        """Return what is to be shown of these customers."""
        return [
            PlannedCard(number, card.action, tuple(card.differences), card.message)
            for number, card in self.cards.items()
            if number in numbers and (card.action != "none" or card.message)
        ]

    def write(self, number: str) -> None:
        """Create or change a card, in the thread of a request.

        :raises Rejected, OutcomeUnknown, FortnoxError: where it was not.
        """
        card = self.cards[number]
        for _ in range(ATTEMPTS):
            try:
                if card.action == "create":
                    self._client.create(CUSTOMERS, customer_payload(card.ours))
                else:
                    value = {one.field: one.ours for one in card.differences}
                    self._client.update(CUSTOMERS, number, value)
            except OutcomeUnknown:
                found = self._found(number)
            except Rejected as rejected:
                if rejected.code != CUSTOMER_NUMBER_USED or card.action != "create":
                    raise
                found = self._found(number)
                if found is None:
                    raise
            else:
                return
            if found is None:
                continue
            found_differences = card_differences(card.ours, found)
            if card.action == "create" and {one.field for one in found_differences} & _IDENTITY:
                # Somebody else's customer: nothing of it is overwritten unseen.
                raise Rejected(CUSTOMER_NUMBER_USED, "")
            card.vat_type = found.vat_type
            card.action, card.differences = "update", found_differences
            if not card.differences or not self._update:
                return
        raise OutcomeUnknown("no answer in time")

    def written(self, number: str) -> None:
        """Remember a card that was written."""
        card = self.cards[number]
        card.action, card.differences = "none", []
        card.vat_type = card.vat_type or card.ours.vat_type
        self._memory.remember(card.ours, card.vat_type)
        self._written.add(number)

    def settle(self) -> None:
        """Find out whether what we wrote is listed as changed since the register was read.

        If so, the next list begins now, and what others changed meanwhile is forgotten here.
        """
        if not self._written or self._memory.read_at is None:
            return
        listed = self._pool.run(partial(self._listed_since, self._memory.read_at - _MINUTE))
        if listed is None:
            return
        rows, at = listed
        self._memory.exact = at is not None and self._written <= rows.keys()
        for number, row in rows.items():
            if number not in self._written or self._is_other(number, row):
                self._memory.forget(number)
        if self._memory.exact:
            self._memory.read_at = at

    def store(self) -> None:
        self._memory.store()

    def _found(self, number: str) -> Customer | None:
        try:
            return customer_of(self._client.get(CUSTOMERS, number))
        except Missing:
            return None

    # --- reading ---

    def _page(self, number: int, **query: str) -> Page:
        query = {"limit": str(PAGE_SIZE), "page": str(number), "sortby": "customernumber", **query}
        return self._client.page(CUSTOMERS, query)

    def _pages(self, first: Page, **query: str) -> list[Mapping[str, Any]]:
        others = [
            self._pool.submit(partial(self._page, number, **query))
            for number in range(2, first.pages + 1)
        ]
        rows = [*first.rows, *(row for one in others for row in self._pool.result(one).rows)]
        return [row for row in rows if isinstance(row, Mapping)]

    def _listed_since(
        self, since: datetime
    ) -> tuple[dict[str, Mapping[str, Any]], datetime | None] | None:
        """Return the rows that were changed since then, and when they were listed."""
        try:
            first = self._page(1, **_since(since))
            others = [self._page(number, **_since(since)) for number in range(2, first.pages + 1)]
        except FortnoxError:
            # Everything is done; the next export reads more instead.
            return None
        rows = (row for page in (first, *others) for row in page.rows if isinstance(row, Mapping))
        return {_number_of(row): row for row in rows}, first.at

    def _is_other(self, number: str, row: Mapping[str, Any]) -> bool:
        """Tell whether a row of the list is not as we wrote it, as far as it shows."""
        try:
            theirs = customer_of(row)
        except Unreadable:
            return True
        found = card_differences(self.cards[number].ours, theirs)
        return any(one.field in row for one in found)

    def _forget_changed(self) -> None:
        since = self._memory.since
        if since is None:
            return
        query = _since(since)
        first = self._pool.run(partial(self._page, 1, **query))
        self._memory.watermark(first.at)
        for row in self._pages(first, **query):
            self._memory.forget(_number_of(row))

    def _look_up(self, unknown: list[str]) -> None:
        """Look up these customers: in the list where that takes fewer requests."""
        first = self._pool.run(partial(self._page, 1))
        self._memory.watermark(first.at)
        there: set[str] | None = None
        by_organisation: dict[str, set[str]] = {}
        if first.pages <= len(unknown) + 1:
            rows = self._pages(first)
            there = {_number_of(row) for row in rows}
            for row in rows:
                if organisation := _organisation_of(row):
                    by_organisation.setdefault(organisation, set()).add(_number_of(row))
        futures = {
            number: self._pool.submit(partial(self._detail, number))
            for number in unknown
            if there is None or number in there
        }
        for number in unknown:
            found = self._pool.result(futures[number]) if number in futures else None
            self._compare(self.cards[number], found)
        self._tell_same_organisation(unknown, by_organisation if there is not None else None)

    def _detail(self, number: str) -> Customer | None:
        try:
            return self._found(number)
        except Unreadable:
            return _HIDDEN

    def _compare(self, card: Card, theirs: Customer | None) -> None:
        if theirs is None:
            card.action = "create"
            card.differences = [
                Difference(name, str(value), "")
                for name, value in customer_payload(card.ours).items()
            ]
            return
        if theirs is _HIDDEN:
            # Nothing is changed that cannot be read.
            card.is_hidden = True
            return
        card.vat_type = theirs.vat_type
        differences = card_differences(card.ours, theirs)
        if theirs.organisation_number and "OrganisationNumber" in {d.field for d in differences}:
            # A company keeps its number: nothing of another one's card is overwritten.
            card.other_organisation = theirs.organisation_number
        elif not differences:
            self._memory.remember(card.ours, card.vat_type)
        elif self._update:
            card.action, card.differences = "update", differences

    def _tell_same_organisation(
        self, numbers: Iterable[str], known: Mapping[str, set[str]] | None
    ) -> None:
        """Note which new customers have the organisation number of another one."""
        new = {
            number: organisation
            for number in numbers
            if (card := self.cards[number]).action == "create"
            and (organisation := bare_number(card.ours.organisation_number))
        }
        if known is None:
            futures = {
                number: self._pool.submit(
                    partial(
                        self._page,
                        1,
                        organisationnumber=self.cards[number].ours.organisation_number,
                    )
                )
                for number in new
            }
            known = {
                new[number]: {
                    _number_of(row)
                    for row in self._pool.result(future).rows
                    if _organisation_of(row) == new[number]
                }
                for number, future in futures.items()
            }
        for number, organisation in new.items():
            if others := sorted(known.get(organisation, set()) - {number}):
                several = ", ".join(others)
                self.cards[number].message = Text(
                    f"Kund {several} i Fortnox har samma organisationsnummer. Är det samma kund, "
                    f"ge den numret {number} där eller {several} här.",
                    f"Customer {several} in Fortnox has the same organisation number. If it is "
                    f"the same customer, give it the number {number} there or {several} here.",
                )


#: A card that cannot be read.
_HIDDEN: Final = Customer("")


def _since(moment: datetime) -> dict[str, str]:
    return {"lastmodified": moment.astimezone(STOCKHOLM).isoformat(" ", "minutes")[:16]}


def _number_of(row: Any) -> str:
    return str(row.get("CustomerNumber") or "") if isinstance(row, Mapping) else ""


def _organisation_of(row: Any) -> str:
    number = row.get("OrganisationNumber") if isinstance(row, Mapping) else None
    return bare_number(number) if isinstance(number, str) else ""


class _Memory:
    """The cards that are as they should be, in the host's state: digests, no personal data.

    :ivar since: since when changes are to be listed.
    :ivar read_at: when the register was read, by Fortnox's clock.
    :ivar exact: whether Fortnox was seen to list changes to the minute.
    """

    def __init__(self, host: Host, company: Company) -> None:
        self._host = host
        self._key = f"cards/{company.number}"
        self._cards: dict[str, tuple[str, str]] = {}
        self.since: datetime | None = None
        self.read_at: datetime | None = None
        self.exact = False

    def load(self) -> None:
        since = self._host.get_state(self._key)
        if not since:
            return
        try:
            self.since = datetime.fromisoformat(since)
            self.exact = self._host.get_state(f"{self._key}/exact") == "1"
            for part in range(_PARTS):
                stored = json.loads(self._host.get_state(f"{self._key}/{part}") or "{}")
                self._cards |= {number: (digest, kind) for number, (digest, kind) in stored.items()}
        except ValueError:
            # Of another version: the cards are looked up anew.
            self.since, self._cards = None, {}

    def store(self) -> None:
        if self.read_at is None:
            return
        parts: list[dict[str, tuple[str, str]]] = [{} for _ in range(_PARTS)]
        for number, card in self._cards.items():
            parts[int(_digest(number)[0], 16)][number] = card
        for place, part in enumerate(parts):
            text = json.dumps(part, separators=(",", ":"))
            self._host.set_state(
                f"{self._key}/{place}", text if len(text) <= _LONGEST_STATE else "{}"
            )
        exact = self.exact and not _clocks_change(self.read_at)
        overlap = _MINUTE if exact else OVERLAP
        self._host.set_state(f"{self._key}/exact", "1" if self.exact else "0")
        self._host.set_state(self._key, (self.read_at - overlap).isoformat())

    def watermark(self, at: datetime | None) -> None:
        """Note when the register was read."""
        if at is not None:
            self.read_at = min(at, self.read_at or at)

    def vat_type(self, ours: Customer) -> str | None:
        """Return the kind of VAT of a card that is as it should be; ``None`` for another."""
        digest, kind = self._cards.get(ours.customer_number, ("", ""))
        return kind if digest == _card_digest(ours) else None

    def remember(self, ours: Customer, vat_type: str) -> None:
        self._cards[ours.customer_number] = (_card_digest(ours), vat_type)

    def forget(self, number: str) -> None:
        self._cards.pop(number, None)


def _clocks_change(moment: datetime) -> bool:
    """Tell whether an hour of wall time comes twice about then, or never."""
    before, after = ((moment + by).astimezone(STOCKHOLM).utcoffset() for by in (-OVERLAP, OVERLAP))
    return before != after


def _card_digest(card: Customer) -> str:
    return _digest(json.dumps(astuple(replace(card, vat_type="")), ensure_ascii=False))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
