"""The plan of an export of invoices, by comparison with the invoices of the same numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Final

from opter_contract.export_values import Difference, ExportItem
from opter_contract.export_values import Invoice as HostInvoice
from opter_contract.values import Text
from opter_fortnox_plugin.exports.cards import Card
from opter_fortnox_plugin.exports.content import is_marked, is_of_another, is_ours
from opter_fortnox_plugin.exports.party_register import PartyRegister
from opter_fortnox_plugin.exports.planning import Plan, Planner
from opter_fortnox_plugin.exports.texts import (
    amount_in_words,
    bare_number,
    describe_differences,
    differences_of,
)
from opter_fortnox_plugin.fortnox.fields import Unreadable, integer_in
from opter_fortnox_plugin.fortnox.invoice_schemas import Invoice, invoice_of, number_in
from opter_fortnox_plugin.fortnox.party_schemas import Customer, customer_of, customer_payload
from opter_fortnox_plugin.fortnox.protocol import CUSTOMERS, INVOICES, Page, invoices_query
from opter_fortnox_plugin.invoices.content import (
    CUSTOMER_CARD,
    InvoiceContent,
    content_of,
    customer_number,
    header_differences,
    identity_differences,
    is_document_number,
    rate_of,
    reference,
    vat_kind_conflicts,
    with_customer_number,
)
from opter_fortnox_plugin.invoices.invoice_sender import InvoiceSender
from opter_fortnox_plugin.invoices.problems import (
    IS_DELETED,
    PROBLEMS,
    is_another_there,
    is_other_company,
    likely_cause_of_total,
)
from opter_fortnox_plugin.invoices.settings import InvoiceSettings
from opter_fortnox_plugin.session import Session


class InvoicePlan(Plan):
    """The plan for one invoice."""

    problems = PROBLEMS
    content: InvoiceContent

    @property
    def credited_number(self) -> str:
        """The number of the invoice that it corrects; ``""`` for none."""
        return self.content.ours.credit_invoice_reference

    @property
    def booked_message(self) -> Text:
        if not self.credited_number:
            return super().booked_message
        return self.sentence("CORRECTION_BOOKED", number=self.credited_number)

    @property
    def will_be_there(self) -> Invoice | None:
        """The invoice that Fortnox has, or may have, once the plan is done; ``None`` for none."""
        if self.action != "none" or self.state == "unknown":
            return self.content.ours
        theirs: Invoice | None = self.theirs
        if theirs is None or self.state == "adopted" or theirs.cancelled or self.belongs(theirs):
            return theirs
        return None

    @property
    def number_holder(self) -> Invoice | None:
        """Somebody else's invoice in Fortnox that has its number; ``None`` if there is none."""
        return self.theirs if self.code == "NUMBER_TAKEN" else None

    def refuse_by_customer(self, original: Invoice) -> None:
        """Refuse a correction of an invoice that has another customer in Fortnox."""
        code = "ORIGINAL_OF_OTHER_CUSTOMER"
        message = self.sentence(
            "ORIGINAL_BOOKED_FOR_OTHER" if original.booked else code,
            number=self.credited_number,
            ours=self.party_number,
            theirs=original.party_number or "–",
        )
        self.refuse(code, message)

    def lost_number_message(self, why: Text) -> Text:
        """Say that the number that it borrows from the invoice it corrects cannot be used.

        :param why: the end of the sentence.
        """
        return self.sentence(
            "OLD_NUMBER_LOST", number=self.party_number, original=self.credited_number, why=why
        )

    def belongs(self, theirs: Invoice) -> bool:
        ours = self.content.ours
        adopted = self.item.exported and not is_marked(theirs)
        return is_ours(ours, theirs) or (adopted and theirs.party_number == ours.party_number)


REGISTER: Final = PartyRegister(
    CUSTOMERS,
    "CustomerNumber",
    customer_of,
    customer_payload,
    CUSTOMER_CARD,
    PROBLEMS,
)


class InvoicePlanner(Planner[InvoicePlan]):
    """Plans an export of invoices."""

    register = REGISTER
    items_in_words = Text("fakturorna", "the invoices")
    _settings: InvoiceSettings
    #: Those in Fortnox that corrections name and that are not exported with them, by number.
    _originals: Mapping[str, Invoice | Unreadable | None]

    def new_sender(self, session: Session) -> InvoiceSender:
        return InvoiceSender(session.client)

    def exclusion_note(self, item: ExportItem) -> Text | None:
        invoice: HostInvoice = item.content
        if not self._excludes(invoice.invoice_number.strip(), invoice.invoice_date):
            return None
        first = self._settings.export_from_date
        return Text(
            f"Exporteras inte, eftersom de är före {first} eller har ett lägre nummer än "
            f"inställningen: {{count}}",
            f"Not exported, since they are before {first} or have a lower number than the "
            f"setting: {{count}}",
        )

    def _excludes(self, number: str, day: date | None) -> bool:
        """Return whether the settings exclude an invoice.

        :param day: its date, if it is known.
        """
        value = integer_in(number)
        is_too_low = value is not None and value < self._settings.export_numbers_from
        return is_too_low or (day is not None and day < self._settings.export_from_date)

    def read_registers(self, contents: Sequence[HostInvoice]) -> None:
        units = any(row.unit for invoice in contents for row in invoice.rows)
        self.registers.read(
            {invoice.invoice_date for invoice in contents},
            foreign=any(invoice.currency != "SEK" for invoice in contents),
            centers=units and self._settings.cost_center == "unit",
        )

    def plan_of(self, item: ExportItem) -> InvoicePlan:
        names = self.registers.descriptions(item.content.invoice_date)
        return InvoicePlan(item, content_of(item.content, self._settings, names))

    def other_total(self, plan: InvoicePlan) -> Decimal | None:
        problem = plan.content.problem
        rows = plan.item.content.rows
        if problem is not None and plan.code == problem.code and rows:
            return plan.content.ours.total
        return super().other_total(plan)

    # --- what Fortnox has ---

    def look_up(self) -> None:
        """Find the invoices with our numbers: in the list if that takes fewer requests."""
        self._refuse_shared_invoice_numbers()
        by_number = {
            plan.number: plan for plan in self.ready_plans() if integer_in(plan.number) is not None
        }
        details = {number for number, plan in by_number.items() if plan.item.exported}
        for number, row in self._find_numbers(by_number.keys() - details).items():
            by_number[number].theirs = _foreign_invoice(by_number[number], row)
            if by_number[number].theirs is None:
                details.add(number)
        for number, detail in self.details(details).items():
            self.take_detail(by_number[number], detail)
        self._look_up_originals()

    def _look_up_originals(self) -> None:
        """Read the invoices that corrections name and that are not exported with them."""
        corrections = [plan for plan in self.ready_plans() if plan.credited_number]
        exported = {plan.number: plan for plan in self.plans}
        others = {plan.credited_number for plan in corrections} - exported.keys()
        self._originals = self.details(number for number in others if is_document_number(number))
        there = {**self._originals, **{number: plan.theirs for number, plan in exported.items()}}
        for plan in corrections:
            self._follow_original(plan, there.get(plan.credited_number))

    def _follow_original(self, plan: InvoicePlan, original: Invoice | Unreadable | None) -> None:
        """Give a correction the number that its customer had when its invoice was sent.

        A booked invoice keeps it. One that is not booked gets the customer's new number.
        """
        if not isinstance(original, Invoice) or not original.booked:
            return
        number = original.party_number
        if number != plan.party_number and self.cards.is_of(number, plan.content.party_id):
            plan.content = with_customer_number(plan.content, number)
            plan.borrows = True

    def _refuse_shared_invoice_numbers(self) -> None:
        """Refuse invoices that would share a number in Fortnox."""
        numbers: dict[str, str] = {}
        for plan in self.plans:
            if numbers.setdefault(plan.number, plan.item.id) != plan.item.id:
                plan.refuse("NUMBER_TAKEN", number=plan.number)

    def _find_numbers(self, numbers: Iterable[str]) -> dict[str, object]:
        """Return which of these numbers Fortnox may have, with their rows if they were listed.

        The list starts with the highest number, so that new numbers take a page or two.
        """
        found: dict[str, object] = {}
        remaining, page_number, pages = set(map(int, numbers)), 1, 1
        while remaining and page_number <= pages:
            page: Page = self._pool.run(
                partial(self._client.page, INVOICES, invoices_query(page_number))
            )
            pages = page.pages
            rows = {n: row for row in page.rows if (n := number_in(row)) is not None}
            found |= {str(number): rows[number] for number in remaining & rows.keys()}
            lowest = min(rows, default=0)
            is_last = page_number >= pages
            remaining = set() if is_last else {n for n in remaining if n < lowest}
            if len(remaining) <= pages - page_number:
                return found | {str(number): None for number in remaining}
            page_number += 1
        return found

    # --- deciding ---

    def compare(self, plan: InvoicePlan) -> None:
        if plan.item.exported and plan.item.number not in {"", plan.number}:
            plan.refuse("NUMBER_NOT_KEPT", number=plan.item.number)
            return
        super().compare(plan)
        if plan.action == "update" and [d.field for d in plan.differences] == ["Total"]:
            # Fortnox computes the total again with each change.
            cause = likely_cause_of_total(plan.theirs)
            message = self.sender.total_message(plan.content.ours, plan.theirs, cause)
            plan.note("TOTAL_DIFFERS", message)
        if plan.action != "none" and plan.content.rounding and not plan.code:
            self._note_rounding(plan)
        if plan.action != "none" and plan.borrows and not plan.code:
            number = customer_number(plan.item.content.customer, self._settings)
            plan.note("CUSTOMER_RENUMBERED", ours=number, theirs=plan.party_number)

    def compare_ours(self, plan: InvoicePlan) -> None:
        if plan.item.content.rows:
            super().compare_ours(plan)
        else:
            # The host has lost what was sent: it is there, and more cannot be compared.
            plan.state = "unchanged"

    def adopt(self, plan: InvoicePlan, theirs: Invoice) -> None:
        plan.differences = identity_differences(plan.content.ours, theirs)
        if plan.differences:
            plan.refuse("NUMBER_TAKEN", number=plan.number)
            return
        plan.state = "adopted"
        # Only the fields that Fortnox has.
        differences = header_differences(plan.content.ours, theirs)
        plan.differences = [difference for difference in differences if difference.theirs]

    def refuse_dependent(self) -> None:
        """Refuse the corrections whose invoice is missing, cancelled or another customer's."""
        originals = {plan.number: plan for plan in self.plans}
        corrections = [
            plan for plan in self.plans if plan.action != "none" and plan.credited_number
        ]
        for plan in corrections:
            self._refuse_by_original(plan, originals.get(plan.credited_number))

    def _refuse_by_original(self, plan: InvoicePlan, planned: InvoicePlan | None) -> None:
        """Refuse a correction if Fortnox will not have its invoice, or as one that it may not be.

        :param planned: the plan for its invoice, if that is exported with it.
        """
        number = plan.credited_number
        original: Invoice | Unreadable | None
        if planned is None:
            original = self._originals.get(number)
        else:
            original = planned.will_be_there or planned.number_holder
        if original is None:
            day = getattr(plan.item.content, "credits_date", None)
            excluded = self._excludes(number, day)
            plan.refuse("ORIGINAL_EXCLUDED" if excluded else "ORIGINAL_NOT_SENT", number=number)
        elif isinstance(original, Unreadable):
            named = Text(f"Faktura {number}", f"Invoice {number}")
            plan.refuse("UNREADABLE_IN_FORTNOX", Item=named, what=", ".join(original.fields))
        elif is_of_another(reference(plan.item.content.region, number), original):
            plan.refuse("ORIGINAL_OF_OTHER_REGION", number=number)
        elif original.cancelled:
            is_sent = plan.existing is not None
            sentence = "ORIGINAL_CANCELLED_SINCE" if is_sent else "ORIGINAL_CANCELLED"
            plan.refuse("ORIGINAL_CANCELLED", plan.sentence(sentence, number=number))
        elif differences := _identity_differences_of_original(plan, planned, original):
            sides = describe_differences(differences)
            plan.refuse("ORIGINAL_IS_ANOTHER", number=number, sides=sides)
        elif original.party_number != plan.party_number:
            plan.refuse_by_customer(original)

    def _note_rounding(self, plan: InvoicePlan) -> None:
        ours = plan.content.ours
        net = sum((row.price for row in ours.rows), Decimal(0)) - plan.content.rounding
        vat = sum((row.vat for row in plan.item.content.rows), Decimal(0))
        plan.note(
            "ROUNDED",
            rows=amount_in_words(vat),
            rates=amount_in_words(ours.total - plan.content.rounding - net),
            difference=amount_in_words(plan.content.rounding, ours.currency),
            account=self._settings.rounding_account,
        )

    def missing_references(self, content: HostInvoice) -> Iterable[tuple[str, str]]:
        settings = self._settings
        if not customer_number(content.customer, settings):
            yield "CUSTOMER_NUMBER_MISSING", content.customer.code
        for row in content.rows:
            if rate_of(row.vat_rate, settings.vat_kinds) is None:
                yield "VAT_RATE_UNKNOWN", row.vat_rate
        sends_unit = settings.cost_center == "unit"
        coding = [
            (row.account.strip(), row.unit.strip() if sends_unit else "") for row in content.rows
        ]
        if settings.rounding_account:
            coding.append((settings.rounding_account, ""))
        yield from self.registers.missing_references(content.invoice_date, content.currency, coding)

    # --- customers ---

    def card_of(self, plan: InvoicePlan, planned: Customer | None) -> Customer:
        card = planned or plan.content.card
        return card if card.vat_type else replace(card, vat_type=plan.content.vat_kind)

    def plan_cards(self, plans: Sequence[InvoicePlan]) -> None:
        """Plan the customer records, first for the customers that have their numbers here now.

        A correction gets its former number only where no customer that has it now gets the record.
        """
        for plan in plans:
            if plan.borrows:
                # It may be deleted, which Fortnox does not list, and is not made again.
                self.cards.forget(plan.party_number)
        contested = [plan for plan in plans if plan.borrows and any(self._other_users(plan, plans))]
        ids = {plan.item.id for plan in contested}
        super().plan_cards([plan for plan in plans if plan.item.id not in ids])
        for plan in contested:
            if user := next(self._other_users(plan, plans), None):
                why = is_another_there(user.content.party_id)
                self._refuse_lost_number(plan, "CUSTOMER_NUMBER_SHARED", why)
        super().plan_cards([plan for plan in contested if plan.needs_card])

    def _other_users(
        self, plan: InvoicePlan, plans: Sequence[InvoicePlan]
    ) -> Iterator[InvoicePlan]:
        """Yield the invoices whose customer is another one, and has the number of a correction."""
        return (
            other
            for other in plans
            if other.needs_card
            and not other.borrows
            and other.party_number == plan.party_number
            and self.is_other_party(plan.content, other.content.party_id, other.content.card)
        )

    def _refuse_lost_number(self, plan: InvoicePlan, code: str, why: Text) -> None:
        """Refuse a correction that cannot get the number of the booked invoice that it corrects."""
        plan.refuse(code, plan.lost_number_message(why))

    def refuse_without_card(self, plan: InvoicePlan) -> bool:
        if not plan.borrows:
            return super().refuse_without_card(plan)
        card = self.cards.cards[plan.party_number]
        if card.contradiction:
            why = _whose_card(card)
            self._refuse_lost_number(plan, "CUSTOMER_CONTRADICTS", why)
        elif card.other_id:
            self._refuse_lost_number(
                plan, "CUSTOMER_NUMBER_SHARED", is_another_there(card.other_id)
            )
        elif card.is_used_up or card.action == "create":
            self._refuse_lost_number(plan, "CUSTOMER_NOT_THERE", IS_DELETED)
        return plan.state == "refused"

    def refuse_if_card_conflicts(self, plan: InvoicePlan) -> None:
        """Refuse an invoice whose VAT conflicts with its customer record, or cannot be compared."""
        if self.refuse_without_card(plan):
            return
        card = self.cards.cards[plan.party_number]
        kind, customer_kind = plan.content.vat_kind, card.vat_type or card.ours.vat_type
        if kind and card.is_hidden:
            plan.refuse("UNREADABLE_IN_FORTNOX", what="VATType")
        elif vat_kind_conflicts(kind, customer_kind):
            plan.refuse("VAT_KIND_CONTRADICTS", ours=kind, theirs=customer_kind)


def _whose_card(card: Card) -> Text:
    """Return whose record another one's is, by what shows it."""
    ours, theirs = card.ours.organisation_number, card.organisation_there
    if ours and theirs and bare_number(ours) != bare_number(theirs):
        return is_other_company(ours, theirs)
    return is_another_there(card.name_there)


def _identity_differences_of_original(
    plan: InvoicePlan, planned: InvoicePlan | None, original: Invoice
) -> list[Difference]:
    """Return what shows that somebody else's invoice has the number of the one to correct.

    :param planned: the plan for that one, if it is exported with its correction.
    :param original: the invoice in Fortnox.
    """
    content = plan.item.content
    if planned is not None:
        return planned.differences if planned.number_holder else []
    if original.external_reference == reference(content.region, plan.credited_number):
        return []
    day = getattr(content, "credits_date", None) or original.invoice_date
    total = getattr(content, "credits_total", None)
    return differences_of(
        ("InvoiceDate", day, original.invoice_date),
        ("Total", original.total if total is None else total, original.total),
    )


def _foreign_invoice(plan: InvoicePlan, row: object) -> Invoice | None:
    """Return the invoice of a row if it is not ours; its row has all compared fields.

    A row without the field of our mark may be ours.
    """
    if not (isinstance(row, dict) and "ExternalInvoiceReference1" in row) or plan.item.intended:
        return None
    try:
        theirs = invoice_of(row)
    except Unreadable:
        return None
    return None if plan.belongs(theirs) else theirs
