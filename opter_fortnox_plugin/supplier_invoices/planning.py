"""The plan of an export of bills: the supplier's bills in Fortnox decide, each compared exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from opter_contract.export_values import Difference, ExportItem
from opter_contract.export_values import SupplierBill as HostBill
from opter_contract.values import Company, Text
from opter_fortnox_plugin.exports.cards import PartyRegister
from opter_fortnox_plugin.exports.content import is_of_another, is_ours
from opter_fortnox_plugin.exports.planning import Plan, Planner
from opter_fortnox_plugin.exports.texts import both_sides, differences_of
from opter_fortnox_plugin.fortnox.party_schemas import supplier_of, supplier_payload
from opter_fortnox_plugin.fortnox.protocol import SUPPLIERS
from opter_fortnox_plugin.fortnox.supplier_invoice_schemas import SupplierInvoice
from opter_fortnox_plugin.session import Session
from opter_fortnox_plugin.supplier_invoices.content import (
    BANK,
    SUPPLIER_CARD,
    content_of,
    identity_differences,
    supplier_number,
)
from opter_fortnox_plugin.supplier_invoices.ledger import SupplierLedger
from opter_fortnox_plugin.supplier_invoices.problems import PROBLEMS
from opter_fortnox_plugin.supplier_invoices.sending import BillSender
from opter_fortnox_plugin.supplier_invoices.settings import BillSettings


class BillPlan(Plan):
    """What is to become of one bill."""

    problems = PROBLEMS

    @property
    def number(self) -> str:
        return self.theirs.number if self.theirs is not None else self.item.number

    def belongs(self, theirs: SupplierInvoice) -> bool:
        ours = self.content.ours
        if is_of_another(ours, theirs):
            return False
        if is_ours(ours, theirs):
            # What this host never sent may have our mark from another one: that must be equal.
            return self.item.exported or self.item.intended or not _others(ours, theirs)
        # One that was adopted has no mark of ours.
        return self.item.exported and theirs.invoice_number == ours.invoice_number


REGISTER: Final = PartyRegister(
    SUPPLIERS,
    "SupplierNumber",
    supplier_of,
    supplier_payload,
    SUPPLIER_CARD,
    PROBLEMS,
    bank=BANK,
    has_filters=False,
)


class BillPlanner(Planner[BillPlan]):
    """Plans an export of bills."""

    register = REGISTER
    items_in_words = Text("avräkningarna", "the bills")
    sender: BillSender
    _settings: BillSettings

    def __init__(self, session: Session, settings: BillSettings, company: Company) -> None:
        super().__init__(session, settings, company)
        self._adopted = f"adopted-bills/{company.number}/{{}}"

    def new_sender(self, session: Session) -> BillSender:
        self.ledger = SupplierLedger(session.client, session.pool)
        return BillSender(session.client, self.ledger, session.pool.sleep)

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
        days = {bill.bill_date for bill in contents}
        foreign = any(bill.currency != "SEK" for bill in contents)
        self.registers.read(days, foreign=foreign)

    def plan_of(self, item: ExportItem) -> BillPlan:
        return BillPlan(item, content_of(item.content, self._settings))

    def missing(self, content: HostBill) -> Iterable[tuple[str, str]]:
        if not supplier_number(content.supplier, self._settings):
            yield "SUPPLIER_NUMBER_MISSING", content.supplier.code
        coding = [(row.account.strip(), "") for row in content.rows]
        yield from self.registers.missing(content.bill_date, content.currency, coding)

    # --- what Fortnox has ---

    def look_up(self) -> None:
        """Find our bills: by their given number, or in the ledgers of their suppliers."""
        plans = list(self.ready_plans())
        places = {plan.item.id: plan.item.number for plan in plans if plan.item.exported}
        searched = [p for p in plans if not places.get(p.item.id) or p.item.incomplete]
        self._read_ledger(searched)
        there = self.ledger.there
        for plan in searched:
            place = self._place_of(plan)
            known = places.get(plan.item.id, "")
            if not known:
                if place and (place in places.values() or self._is_of_another_item(plan, place)):
                    # Two of ours would be one there.
                    plan.refuse("NUMBER_TAKEN", number=place, sides="")
                places[plan.item.id] = place
            elif known in there.cancelled:
                # Of two that were there one is left.
                left = [bill.number for bill in there.marked(plan.content.ours)]
                places[plan.item.id] = left[0] if left else known
        adopted = frozenset(places.values())
        doubles = there.doubles(lambda number: number in adopted or bool(self._adopter_of(number)))
        self.notes.extend(map(_twice, doubles))
        found = self.details({place for place in places.values() if place})
        for plan in self.ready_plans():
            if place := places[plan.item.id]:
                self.take_detail(plan, found[place])
            elif unreadable := self.ledger.there.unreadable(plan.content.ours):
                self.take_detail(plan, unreadable)

    def number_there(self, plan: BillPlan) -> str:
        # Also of a known one: another of it there would stay to be paid.
        plan.item = replace(plan.item, incomplete=True)
        self.plans = [plan]
        self.look_up()
        marked = [bill.number for bill in self.ledger.there.marked(plan.content.ours)]
        there = [plan.there.number] if plan.there else []
        return next(filter(None, (*marked, plan.item.number, *there)), "")

    def remember_adopted(self, item_id: str, number: str) -> None:
        """Let no other bill of ours, as of another region, adopt this one too."""
        self._host.set_state(self._adopted.format(number), item_id)

    def _is_of_another_item(self, plan: BillPlan, number: str) -> bool:
        return self._adopter_of(number) not in {None, plan.item.id}

    def _adopter_of(self, number: str) -> str | None:
        """Return the id of the bill of ours that has adopted one there, if any."""
        return self._host.get_state(self._adopted.format(number))

    def _read_ledger(self, plans: Sequence[BillPlan]) -> None:
        suppliers = {plan.party_number for plan in plans if plan.party_number}
        if suppliers:
            # One that was or may have been sent may stand under the number that its supplier had.
            everywhere = any(plan.item.intended or plan.item.exported for plan in plans)
            self.ledger.read(suppliers, everywhere=everywhere)

    def _place_of(self, plan: BillPlan) -> str:
        """Return the given number of what is this bill, or hinders it; ``""`` for nothing.

        By our mark, wherever it stands; else by supplier and number, compared exactly. What was
        cancelled does not count.
        """
        ours = plan.content.ours
        named = self.ledger.there.named(ours)
        equal = [
            bill
            for bill in named
            if not identity_differences(ours, bill)
            and not self._is_of_another_item(plan, bill.number)
        ]
        several = [*self.ledger.there.marked(ours), *equal]
        if len(several) > 1:
            numbers = ", ".join(bill.number for bill in several)
            plan.doubt = PROBLEMS.problem("TWICE_IN_FORTNOX", number=numbers)
        return next((bill.number for bill in (*several, *named)), "")

    # --- deciding ---

    def compare(self, plan: BillPlan) -> None:
        theirs, problem = plan.theirs, plan.content.problem
        if theirs is None and plan.item.exported:
            plan.refuse("NOT_IN_FORTNOX")
        elif theirs is not None and theirs.cancelled:
            plan.refuse("CANCELLED_IN_FORTNOX", number=theirs.number)
        elif theirs is not None and not plan.belongs(theirs):
            self._adopt(plan, theirs)
        elif theirs is not None and theirs.party_number != plan.party_number:
            # There may be such a bill at the other supplier, too, and another account.
            plan.refuse("SUPPLIER_CHANGED", number=theirs.number, old=theirs.party_number)
        elif theirs is not None:
            self.compare_ours(plan)
        elif problem is not None:
            plan.refuse(problem.code, problem.message)
        else:
            plan.action = "create"
            if plan.item.intended:
                plan.doubt = PROBLEMS.problem("SENT_AGAIN")

    def _adopt(self, plan: BillPlan, theirs: SupplierInvoice) -> None:
        """Take what is there as ours where it is equal."""
        plan.differences = _others(plan.content.ours, theirs)
        if plan.differences or is_of_another(plan.content.ours, theirs):
            sides = f" ({both_sides(plan.differences)})" if plan.differences else ""
            plan.refuse("NUMBER_TAKEN", number=theirs.number, sides=sides)
        else:
            plan.state = "adopted"
            plan.differences = self.sender.differences(plan.content.ours, theirs)
            if plan.differences:
                plan.note("ADOPTED_DIFFERS", what=both_sides(plan.differences))

    def refuse_by_card(self, plan: BillPlan) -> None:
        if self.refuse_other_organisation(plan):
            return
        card = self.cards.cards[plan.party_number]
        if card.is_hidden:
            plan.refuse("SUPPLIER_UNREADABLE", number=plan.party_number)
        elif card.is_waiting and plan.action == "create":
            plan.state = "waiting"
            plan.note("BANK_NOT_CONFIRMED")
        elif card.left:
            plan.note("BANK_DIFFERS", sides=both_sides(card.left))


def _others(ours: SupplierInvoice, theirs: SupplierInvoice) -> list[Difference]:
    """Return why a supplier invoice is not this bill."""
    return [
        *differences_of(
            ("SupplierNumber", ours.party_number, theirs.party_number),
            # One that was credited is no debt any more.
            ("CreditReference", "", theirs.credit_reference),
        ),
        *identity_differences(ours, theirs),
    ]


def _twice(bills: Sequence[SupplierInvoice]) -> Text:
    """Say that a bill of ours is there more than once."""
    supplier, number = bills[0].party_number, bills[0].invoice_number
    numbers = ", ".join(bill.number for bill in bills)
    return Text(
        f"Leverantör {supplier} har faktura {number} flera gånger i Fortnox, löpnummer {numbers}. "
        "Makulera alla utom en där, så att den inte betalas två gånger.",
        f"Supplier {supplier} has invoice {number} more than once in Fortnox, given numbers "
        f"{numbers}. Cancel all but one there, so that it is not paid twice.",
    )


_SENDS_INVOICE: Final = Text(
    "Exporteras inte, eftersom leverantören skickar fakturor själv: {count}",
    "Not exported, since the supplier sends invoices itself: {count}",
)
