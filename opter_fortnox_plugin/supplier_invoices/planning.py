"""The plan of an export of bills, by exact comparison with the supplier's bills in Fortnox."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from opter_contract.export_values import Difference, ExportItem
from opter_contract.export_values import SupplierBill as HostBill
from opter_contract.values import Company, Text
from opter_fortnox_plugin.exports.content import is_marked, is_of_another, is_ours
from opter_fortnox_plugin.exports.party_register import PartyRegister
from opter_fortnox_plugin.exports.planning import Plan, Planner
from opter_fortnox_plugin.exports.texts import describe_differences, differences_of
from opter_fortnox_plugin.fortnox.party_schemas import supplier_of, supplier_payload
from opter_fortnox_plugin.fortnox.protocol import SUPPLIERS
from opter_fortnox_plugin.fortnox.supplier_invoice_schemas import SupplierInvoice
from opter_fortnox_plugin.session import Session
from opter_fortnox_plugin.supplier_invoices.bill_lookup import SupplierLedger
from opter_fortnox_plugin.supplier_invoices.bill_sender import BillSender
from opter_fortnox_plugin.supplier_invoices.content import (
    BANK,
    SUPPLIER_CARD,
    content_of,
    identity_differences,
    supplier_number,
)
from opter_fortnox_plugin.supplier_invoices.problems import PROBLEMS
from opter_fortnox_plugin.supplier_invoices.settings import BillSettings


class BillPlan(Plan):
    """The plan for one bill."""

    problems = PROBLEMS

    @property
    def number(self) -> str:
        return self.theirs.number if self.theirs is not None else self.item.number

    def belongs(self, theirs: SupplierInvoice) -> bool:
        ours = self.content.ours
        if is_of_another(ours.external_reference, theirs):
            return False
        if is_ours(ours, theirs):
            # If this host never sent it, the mark may be another host's: it must be equal.
            return self.item.exported or self.item.intended or not _mismatches(ours, theirs)
        # An adopted bill has no mark of ours.
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
        #: The state that holds the item that a given number is, as sent or adopted.
        self._key = f"sent-bills/{company.number}/{{}}"

    def new_sender(self, session: Session) -> BillSender:
        self.ledger = SupplierLedger(session.client, session.pool)
        return BillSender(session.client, self.ledger, session.pool.sleep)

    def exclusion_note(self, item: ExportItem) -> Text | None:
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

    def missing_references(self, content: HostBill) -> Iterable[tuple[str, str]]:
        if not supplier_number(content.supplier, self._settings):
            yield "SUPPLIER_NUMBER_MISSING", content.supplier.code
        coding = [(row.account.strip(), "") for row in content.rows]
        yield from self.registers.missing_references(content.bill_date, content.currency, coding)

    # --- what Fortnox has ---

    def look_up(self) -> None:
        planned = {plan.item.id for plan in self.plans}
        # Whoever is not planned is not looked at by an export otherwise.
        cancelled = [
            bill
            for bill in self.ledger.cancelled()
            if self._item_of(bill.number) not in {None, *planned}
        ]
        self._find_bills({bill.party_number for bill in cancelled})
        self._note_cancelled(cancelled)

    def _find_bills(self, suppliers: Collection[str] = ()) -> None:
        """Find our bills: by their given number, or in the ledgers of their suppliers.

        :param suppliers: whose ledgers are read, too.
        """
        plans = list(self.ready_plans())
        numbers = {plan.item.id: plan.item.number for plan in plans if plan.item.exported}
        searched = [plan for plan in plans if not numbers.get(plan.item.id) or plan.item.incomplete]
        self._read_ledger(searched, suppliers)
        for plan in searched:
            numbers[plan.item.id] = self._given_number(plan, numbers)
        self._note_duplicates(frozenset(numbers.values()))
        details = self.details(filter(None, {*numbers.values()}))
        for plan in self.ready_plans():
            if number := numbers[plan.item.id]:
                self.take_detail(plan, details[number])
            elif unreadable := self.ledger.candidates.unreadable(plan.content.ours):
                self.take_detail(plan, unreadable)

    def _given_number(self, plan: BillPlan, numbers: Mapping[str, str]) -> str:
        """Return the given number of a bill, or of one that conflicts with it; ``""`` for none.

        :param numbers: of the bills of ours so far, by item.
        """
        candidates, candidate = self.ledger.candidates, self._candidate_number(plan)
        sent_number = numbers.get(plan.item.id, "")
        if sent_number in candidates.cancelled:
            # One of two duplicates may remain.
            remaining = candidates.with_our_mark(plan.content.ours)
            return remaining[0].number if remaining else sent_number
        if sent_number or not candidate:
            return sent_number
        if candidate in numbers.values() or self._is_of_other(plan, candidate):
            # Two bills of ours would be one in Fortnox.
            plan.refuse("NUMBER_TAKEN", number=candidate)
        return candidate

    def _note_duplicates(self, adopted: Collection[str]) -> None:
        """Note which bills of ours are in Fortnox more than once.

        :param adopted: the given numbers that are ours.
        """
        duplicates = self.ledger.candidates.duplicates(
            lambda number: number in adopted or bool(self._item_of(number))
        )
        self.notes.extend(map(_duplicate_note, duplicates))

    def number_in_fortnox(self, plan: BillPlan) -> str:
        # Also for a known number: a duplicate would remain to be paid.
        plan.item = replace(plan.item, incomplete=True)
        self.plans = [plan]
        self._find_bills()
        marked = [bill.number for bill in self.ledger.candidates.with_our_mark(plan.content.ours)]
        existing = [plan.existing.number] if plan.existing else []
        return next(filter(None, (*marked, plan.item.number, *existing)), "")

    def remember(self, plan: BillPlan, number: str) -> None:
        """Store which item a bill is.

        No other one, such as one of another region, adopts it then, and it is told if somebody
        cancels it in Fortnox.
        """
        if plan.item.number not in {"", number}:
            self._host.set_state(self._key.format(plan.item.number), None)
        self._host.set_state(self._key.format(number), plan.item.id)

    def mark_taken_back(self, plan: BillPlan, number: str) -> None:
        for known in {number, plan.item.number} - {""}:
            self._host.set_state(self._key.format(known), None)

    def _is_of_other(self, plan: BillPlan, number: str) -> bool:
        return self._item_of(number) not in {None, plan.item.id}

    def _item_of(self, number: str) -> str | None:
        """Return the id of the item that a given number is, if it is one of ours."""
        return self._host.get_state(self._key.format(number))

    def _note_cancelled(self, bills: Iterable[SupplierInvoice]) -> None:
        """Note which bills of ours were cancelled in Fortnox, and not here."""
        gone = [
            bill
            for bill in bills
            # One of two duplicates may remain.
            if not (is_marked(bill) and self.ledger.candidates.with_our_mark(bill))
        ]
        if gone:
            self.notes.append(_cancelled_note(gone))

    def _read_ledger(self, plans: Sequence[BillPlan], more: Collection[str]) -> None:
        suppliers = {plan.party_number for plan in plans if plan.party_number}.union(more)
        if suppliers:
            # A bill that was or may have been sent may be under an earlier number of its supplier.
            everywhere = any(plan.item.intended or plan.item.exported for plan in plans)
            self.ledger.read(suppliers, everywhere=everywhere)

    def _candidate_number(self, plan: BillPlan) -> str:
        """Return the given number of this bill, or of one that conflicts with it; ``""`` for none.

        By our mark, at any supplier; else by supplier and number, compared exactly. Cancelled
        bills do not count, except for one of ours that was sent, or may have been.
        """
        ours = plan.content.ours
        same_number = self.ledger.candidates.with_same_number(ours)
        equal = [
            bill
            for bill in same_number
            if not identity_differences(ours, bill) and not self._is_of_other(plan, bill.number)
        ]
        matches = [*self.ledger.candidates.with_our_mark(ours), *equal]
        if len(matches) > 1:
            numbers = ", ".join(bill.number for bill in matches)
            plan.doubt = PROBLEMS.problem("TWICE_IN_FORTNOX", number=numbers)
        known = plan.item.intended or plan.item.exported
        if known and not (matches or same_number):
            return self.ledger.candidates.cancelled_with_our_mark(ours)
        return next((bill.number for bill in (*matches, *same_number)), "")

    # --- deciding ---

    def compare(self, plan: BillPlan) -> None:
        super().compare(plan)
        if plan.action == "create" and plan.item.intended:
            plan.doubt = PROBLEMS.problem("SENT_AGAIN")

    def compare_ours(self, plan: BillPlan) -> None:
        theirs = plan.theirs
        if theirs.party_number == plan.party_number:
            super().compare_ours(plan)
        else:
            # The other supplier may have such a bill, too, and has another account.
            plan.refuse("SUPPLIER_CHANGED", number=theirs.number, old=theirs.party_number)

    def adopt(self, plan: BillPlan, theirs: SupplierInvoice) -> None:
        plan.differences = _mismatches(plan.content.ours, theirs)
        if plan.differences or is_of_another(plan.content.ours.external_reference, theirs):
            sides = f" ({describe_differences(plan.differences)})" if plan.differences else ""
            plan.refuse("NUMBER_TAKEN", number=theirs.number, sides=sides)
        else:
            plan.state = "adopted"
            plan.differences = self.sender.differences(plan.content.ours, theirs)
            if plan.differences:
                plan.note("ADOPTED_DIFFERS", what=describe_differences(plan.differences))

    def refuse_if_card_conflicts(self, plan: BillPlan) -> None:
        if self.refuse_without_card(plan):
            return
        card = self.cards.cards[plan.party_number]
        if card.is_hidden:
            plan.refuse("SUPPLIER_UNREADABLE", number=plan.party_number)
        elif card.is_waiting and plan.action == "create":
            plan.state = "waiting"
            plan.note("BANK_NOT_CONFIRMED")
        elif card.kept_bank:
            plan.note("BANK_DIFFERS", sides=describe_differences(card.kept_bank))


def _mismatches(ours: SupplierInvoice, theirs: SupplierInvoice) -> list[Difference]:
    """Return the fields that show that a supplier invoice is not this bill."""
    return [
        *differences_of(
            ("SupplierNumber", ours.party_number, theirs.party_number),
            # A credited invoice is no longer a debt.
            ("CreditReference", "", theirs.credit_reference),
        ),
        *identity_differences(ours, theirs),
    ]


def _duplicate_note(bills: Sequence[SupplierInvoice]) -> Text:
    """Return the note that a bill of ours is in Fortnox more than once."""
    supplier, number = bills[0].party_number, bills[0].invoice_number
    numbers = ", ".join(bill.number for bill in bills)
    return Text(
        f"Leverantör {supplier} har faktura {number} flera gånger i Fortnox, löpnummer {numbers}. "
        "Makulera alla utom en där, så att den inte betalas två gånger.",
        f"Supplier {supplier} has invoice {number} more than once in Fortnox, given numbers "
        f"{numbers}. Cancel all but one there, so that it is not paid twice.",
    )


def _cancelled_note(bills: Iterable[SupplierInvoice]) -> Text:
    """Return the note that bills were cancelled in Fortnox, and not here."""
    sv = ", ".join(
        f"{bill.invoice_number} (leverantör {bill.party_number}, löpnummer {bill.number})"
        for bill in bills
    )
    en = ", ".join(
        f"{bill.invoice_number} (supplier {bill.party_number}, given number {bill.number})"
        for bill in bills
    )
    return Text(
        f"Makulerat i Fortnox men inte här: {sv}. Ta tillbaka det här också; ska något skickas på "
        "nytt, exportera sedan just det.",
        f"Cancelled in Fortnox but not here: {en}. Take it back here, too; to send one again, "
        "export this very bill then.",
    )


_SENDS_INVOICE: Final = Text(
    "Exporteras inte, eftersom leverantören skickar fakturor själv: {count}",
    "Not exported, since the supplier sends invoices itself: {count}",
)
