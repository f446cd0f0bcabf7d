"""The plan of an export of bills: the supplier's bills in Fortnox decide, each compared exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Final

from opter_contract.export_values import ExportItem
from opter_contract.export_values import SupplierBill as HostBill
from opter_contract.values import Company, Text
from opter_fortnox_plugin.exports.cards import PartyRegister
from opter_fortnox_plugin.exports.planning import Plan, Planner
from opter_fortnox_plugin.exports.texts import both_sides
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.protocol import PAGE_SIZE, SUPPLIER_INVOICES, SUPPLIERS, Page
from opter_fortnox_plugin.fortnox.supplier_schemas import (
    SupplierInvoice,
    supplier_invoice_of,
    supplier_of,
    supplier_payload,
)
from opter_fortnox_plugin.session import Session
from opter_fortnox_plugin.supplier_invoices.content import (
    BANK,
    SUPPLIER_CARD,
    Content,
    adoptable,
    content_of,
    is_of_another,
    is_ours,
    supplier_number,
)
from opter_fortnox_plugin.supplier_invoices.problems import PROBLEMS
from opter_fortnox_plugin.supplier_invoices.sending import BillSender, key_of
from opter_fortnox_plugin.supplier_invoices.settings import BillSettings


class BillPlan(Plan):
    """What is to become of one bill."""

    content: Content

    @property
    def number(self) -> str:
        return self.theirs.given_number if self.theirs is not None else self.item.number

    def belongs(self, theirs: SupplierInvoice) -> bool:
        ours = self.content.ours
        if is_of_another(ours, theirs):
            return False
        # One that was adopted has no mark of ours.
        adopted = self.item.exported and theirs.invoice_number == ours.invoice_number
        return is_ours(ours, theirs) or adopted


def _same_organisation(number: str, several: str) -> Text:
    return Text(
        f"Leverantör {several} i Fortnox har samma organisationsnummer. Är det samma leverantör, "
        f"ge den numret {number} där eller {several} här.",
        f"Supplier {several} in Fortnox has the same organisation number. If it is the same "
        f"supplier, give it the number {number} there or {several} here.",
    )


REGISTER: Final = PartyRegister(
    SUPPLIERS,
    "SupplierNumber",
    supplier_of,
    supplier_payload,
    SUPPLIER_CARD,
    _same_organisation,
    bank=BANK,
    has_filters=False,
)


class BillPlanner(Planner[BillPlan]):
    """Plans an export of bills."""

    problems = PROBLEMS
    register = REGISTER
    several = Text("avräkningarna", "the bills")
    sender: BillSender
    _settings: BillSettings

    def __init__(self, session: Session, settings: BillSettings, company: Company) -> None:
        super().__init__(session, settings, company)
        #: What the lists have and cannot be read, by supplier and number.
        self._unreadable: dict[tuple[str, str], Unreadable] = {}

    def new_sender(self, session: Session) -> BillSender:
        return BillSender(session.client, session.pool.sleep)

    def excluded(self, item: ExportItem) -> Text | None:
        bill: HostBill = item.content
        if getattr(bill.supplier, "sends_invoice", False):
            return _SENDS_INVOICE
        first = self._settings.export_from_date
        if bill.bill_date >= first:
            return None
        return Text(
            f"Exporteras inte, eftersom de är före {first}: {{count}}",
            f"Not exported, since they are before {first}: {{count}}",
        )

    def read_registers(self, contents: Sequence[HostBill]) -> None:
        days = {one.bill_date for one in contents}
        foreign = any(one.currency != "SEK" for one in contents)
        self.registers.read(self._client, self._pool, days, foreign=foreign)

    def plan_of(self, item: ExportItem) -> BillPlan:
        return BillPlan(item, content_of(item.content, self._settings), PROBLEMS)

    def party_code(self, content: HostBill) -> str:
        return content.supplier.code

    def total_of(self, content: HostBill) -> Decimal:
        return content.total

    def missing(self, content: HostBill) -> Iterable[tuple[str, str]]:
        if not supplier_number(content.supplier, self._settings):
            yield "SUPPLIER_NUMBER_MISSING", content.supplier.code
        coding = [(row.account.strip(), "") for row in content.rows]
        yield from self.registers.missing(content.bill_date, content.currency, coding)

    # --- what Fortnox has ---

    def look_up(self) -> None:
        """Find our bills: by their given number, or among all of their supplier's.

        Fortnox cannot be asked for a bill's own number.
        """
        plans = list(self.open())
        kept = [plan for plan in plans if plan.item.exported and plan.item.number]
        found = self.details({plan.item.number for plan in kept})
        for plan in kept:
            self.take_detail(plan, found[plan.item.number])
        self._search([plan for plan in plans if plan not in kept])

    def _search(self, plans: Sequence[BillPlan]) -> None:
        suppliers = {plan.party_number for plan in plans if plan.party_number}
        if not suppliers:
            return
        # One that may have been sent may stand under the number that its supplier had then.
        everywhere = any(plan.item.intended for plan in plans)
        there = self._bills_of(suppliers, everywhere=everywhere)
        self.sender.known = {one.given_number for several in there.values() for one in several}
        places = {plan.item.id: self._place_of(plan, there) for plan in plans}
        found = self.details({place for place in places.values() if place})
        for plan in plans:
            if place := places[plan.item.id]:
                self.take_detail(plan, found[place])
            elif unreadable := self._unreadable.get(_key(plan.content.ours)):
                self.take_detail(plan, unreadable)

    def _place_of(self, plan: BillPlan, there: Mapping[str, Sequence[SupplierInvoice]]) -> str:
        """Return the given number of what is this bill, or of what hinders it; ``""`` for none.

        By our mark, wherever it stands; else by supplier and number, compared exactly. What was
        cancelled does not count.
        """
        ours = plan.content.ours
        marked = [
            one
            for several in there.values()
            for one in several
            if not one.cancelled and is_ours(ours, one)
        ]
        named = [
            one
            for one in there.get(ours.supplier_number, ())
            if not one.cancelled
            and one.invoice_number == ours.invoice_number
            and not is_of_another(ours, one)
            and not is_ours(ours, one)
        ]
        equal = [one for one in named if not adoptable(ours, one)]
        several = marked + equal
        if len(several) > 1:
            numbers = ", ".join(one.given_number for one in several)
            plan.note("TWICE_IN_FORTNOX", number=numbers)
            plan.is_doubtful = True
        return next((one.given_number for one in (*several, *named)), "")

    def _bills_of(
        self, suppliers: Iterable[str], *, everywhere: bool
    ) -> dict[str, list[SupplierInvoice]]:
        """Read all bills of these suppliers, in the way that takes fewer requests.

        :param everywhere: those of others are wanted, too.
        """
        numbers = sorted(suppliers)
        first = self._pool.run(partial(self._page, 1))
        self.sender.read_at = first.at
        rows = list(first.rows)
        if everywhere or first.pages <= len(numbers) + 1:
            rows += self._rest(first)
        else:
            begun = {
                number: self._pool.submit(partial(self._page, 1, suppliernumber=number))
                for number in numbers
            }
            pages = {number: self._pool.result(page) for number, page in begun.items()}
            rows = [row for page in pages.values() for row in page.rows]
            for number, page in pages.items():
                rows += self._rest(page, suppliernumber=number)
        found: dict[str, dict[str, SupplierInvoice]] = {}
        for row in rows:
            try:
                one = supplier_invoice_of(row)
            except Unreadable as error:
                self._unreadable[key_of(row)] = error
            else:
                found.setdefault(one.supplier_number, {})[one.given_number] = one
        return {number: list(several.values()) for number, several in found.items()}

    def _page(self, number: int, **query: str) -> Page:
        limits = {"limit": str(PAGE_SIZE), "page": str(number)}
        return self._client.page(SUPPLIER_INVOICES, limits | query)

    def _rest(self, first: Page, **query: str) -> list[Any]:
        """Read the pages of a list after the first one."""
        pages = [
            self._pool.submit(partial(self._page, number, **query))
            for number in range(2, first.pages + 1)
        ]
        return [row for page in pages for row in self._pool.result(page).rows]

    # --- deciding ---

    def compare(self, plan: BillPlan) -> None:
        ours, theirs, problem = plan.content.ours, plan.theirs, plan.content.problem
        if theirs is None and plan.item.exported:
            plan.refuse("NOT_IN_FORTNOX")
        elif theirs is not None and theirs.cancelled:
            plan.refuse("CANCELLED_IN_FORTNOX", number=theirs.given_number)
        elif theirs is not None and plan.there is None:
            plan.differences = adoptable(ours, theirs)
            if plan.differences or is_of_another(ours, theirs):
                sides = f" ({both_sides(plan.differences)})" if plan.differences else ""
                plan.refuse("NUMBER_TAKEN", number=theirs.given_number, sides=sides)
            else:
                plan.state = "adopted"
                plan.differences = self.sender.differences(ours, theirs)
        elif theirs is not None:
            self.compare_ours(plan)
        elif problem is not None:
            plan.refuse(problem.code, problem.message)
        else:
            plan.action = "create"

    def refuse_by_card(self, plan: BillPlan) -> None:
        if self.refuse_other_organisation(plan):
            return
        card = self.cards.cards[plan.party_number]
        if card.is_hidden:
            plan.refuse("SUPPLIER_UNREADABLE", number=plan.party_number)
        elif card.is_waiting and plan.action == "create":
            plan.state = "waiting"
            plan.note("BANK_NOT_CONFIRMED")


def _key(ours: SupplierInvoice) -> tuple[str, str]:
    return ours.supplier_number, ours.invoice_number


_SENDS_INVOICE: Final = Text(
    "Exporteras inte, eftersom leverantören skickar fakturor själv: {count}",
    "Not exported, since the supplier sends invoices itself: {count}",
)
