"""What an export would do: each invoice compared with what Fortnox has, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Final

from opter_contract.export_values import Difference, ExportItem, Gap, PlannedItem
from opter_contract.values import Company, Text
from opter_fortnox_plugin.fortnox.fields import Unreadable
from opter_fortnox_plugin.fortnox.invoice_schemas import Customer, Invoice, invoice_of
from opter_fortnox_plugin.fortnox.protocol import Page
from opter_fortnox_plugin.invoices.cards import Cards
from opter_fortnox_plugin.invoices.content import (
    MARK,
    Content,
    adoptable,
    content_of,
    differences,
    header_differences,
    host_total,
    in_words,
    is_ours,
    kind_contradicts,
)
from opter_fortnox_plugin.invoices.problems import sentence
from opter_fortnox_plugin.invoices.registers import Registers, gaps_of
from opter_fortnox_plugin.invoices.sending import Sender, another_total
from opter_fortnox_plugin.invoices.settings import InvoiceSettings
from opter_fortnox_plugin.session import Session

#: The states of invoices whose customer is kept up to date.
WITH_CARD: Final = frozenset({"ready", "adopted", "unchanged", "booked"})


@dataclass(slots=True)
class Plan:
    """What is to become of one item.

    :ivar theirs: the invoice that has its number in Fortnox.
    """

    item: ExportItem
    content: Content
    state: str = "ready"
    action: str = "none"
    theirs: Invoice | None = None
    code: str = ""
    message: Text | None = None
    differences: list[Difference] = field(default_factory=list)

    def refuse(self, code: str, message: Text | None = None, **details: object) -> None:
        self.state, self.action, self.code = "refused", "none", code
        self.message = message or sentence(code, **details)

    @property
    def number(self) -> str:
        return self.content.invoice.document_number

    @property
    def customer_number(self) -> str:
        return self.content.customer.customer_number

    @property
    def there(self) -> Invoice | None:
        """Our invoice as it stands in Fortnox; ``None`` where it is not there, or another's."""
        return self.theirs if self.theirs is not None and self.belongs(self.theirs) else None

    def belongs(self, theirs: Invoice) -> bool:
        """Tell whether what has the number there is ours: by its mark, or since we adopted it."""
        ours = self.content.invoice
        adopted = self.item.exported and not theirs.external_invoice_reference1.startswith(MARK)
        return is_ours(ours, theirs) or (adopted and theirs.customer_number == ours.customer_number)


class Planner:
    """Plans an export."""

    def __init__(self, session: Session, settings: InvoiceSettings, company: Company) -> None:
        self._host = session.host
        self._client = session.client
        self._pool = session.pool
        self._settings = settings
        self._sender = Sender(session.client)
        self.registers: Final = Registers()
        self.cards: Final = Cards(
            session.host,
            session.client,
            session.pool,
            company,
            update=settings.update_customers,
        )
        self.plans: list[Plan] = []
        self.gaps: list[Gap] = []
        self.notes: list[Text] = []

    def plan(self) -> None:
        """Read what Fortnox has, compare, and hand the plan to the host."""
        self._host.report_progress("checking", 0, None, _READING)
        items = self._included(self._host.items_to_export())
        invoices = [item.invoice for item in items]
        if items:
            self.registers.read(self._client, self._pool, invoices, self._settings)
        self.plans = [Plan(item, self._content(item)) for item in items]
        self._host.report_progress("checking", 0, len(items), _COMPARING)
        self._refuse_shared_numbers()
        self._look_up()
        for plan in self._open():
            self._compare(plan)
        self._find_gaps()
        self._plan_cards()
        self._host.take_planned_items([self._planned(plan) for plan in self.plans])
        numbers = {plan.customer_number for plan in self.plans if plan.state in WITH_CARD}
        self._host.take_planned_cards(self.cards.planned(numbers))
        self._host.take_gaps(self.gaps)

    def _content(self, item: ExportItem) -> Content:
        names = self.registers.descriptions(item.invoice.invoice_date)
        return content_of(item.invoice, self._settings, names)

    def _included(self, items: Sequence[ExportItem]) -> list[ExportItem]:
        """Leave out what the settings exclude, unless it was exported before."""
        included = [
            item for item in items if item.exported or item.intended or not self._excluded(item)
        ]
        if count := len(items) - len(included):
            first = self._settings.export_from_date
            self.notes.append(
                Text(
                    f"{count} fakturor exporteras inte: de är före {first} eller har ett lägre "
                    "nummer än inställningen",
                    f"{count} invoices are not exported: they are before {first} or have a lower "
                    "number than the setting",
                )
            )
        return included

    def _excluded(self, item: ExportItem) -> bool:
        number = item.invoice.invoice_number.strip()
        too_low = number.isdecimal() and int(number) < self._settings.export_numbers_from
        return too_low or item.invoice.invoice_date < self._settings.export_from_date

    def _open(self) -> Iterable[Plan]:
        return (plan for plan in self.plans if plan.state == "ready")

    # --- what Fortnox has ---

    def _refuse_shared_numbers(self) -> None:
        """Refuse what would be one invoice, or one customer, in Fortnox and is two here."""
        numbers: dict[str, str] = {}
        codes: dict[str, str] = {}
        for plan in self.plans:
            number, customer = plan.customer_number, plan.item.invoice.customer
            if numbers.setdefault(plan.number, plan.item.id) != plan.item.id:
                plan.refuse("NUMBER_TAKEN", number=plan.number, sides="")
            elif number and codes.setdefault(number, customer.code) != customer.code:
                others = f"{codes[number]}, {customer.code}"
                plan.refuse("CUSTOMER_NUMBER_SHARED", number=number, codes=others)

    def _look_up(self) -> None:
        """Find the invoices that have our numbers, in the list where it takes fewer requests."""
        by_number = {plan.number: plan for plan in self._open() if plan.number.isdecimal()}
        details = {number for number, plan in by_number.items() if plan.item.exported}
        for number, row in self._listed(by_number.keys() - details).items():
            by_number[number].theirs = _of_another(by_number[number], row)
            if by_number[number].theirs is None:
                details.add(number)
        futures = {
            number: self._pool.submit(partial(self._detail, number)) for number in sorted(details)
        }
        for number, future in futures.items():
            found, plan = self._pool.result(future), by_number[number]
            if isinstance(found, Unreadable):
                plan.refuse("UNREADABLE_IN_FORTNOX", what=", ".join(found.fields))
                plan.state = "unknown"
            else:
                plan.theirs = found

    def _detail(self, number: str) -> Invoice | Unreadable | None:
        try:
            return self._sender.find(number)
        except Unreadable as error:
            return error

    def _listed(self, wanted: Iterable[str]) -> dict[str, object]:
        """Return which of these numbers Fortnox may have, with their rows as far as they are known.

        The list begins with the highest number, so that new numbers cost a page or two.
        """
        found: dict[str, object] = {}
        left, number, pages = {int(one) for one in wanted}, 1, 1
        while left and number <= pages:
            page: Page = self._pool.run(partial(self._client.invoices, number))
            pages = page.pages
            rows = {one: row for row in page.rows if (one := _number_of(row)) is not None}
            found |= {str(one): rows[one] for one in left & rows.keys()}
            lowest = min(rows, default=0)
            left = {one for one in left if one < lowest} if number < pages else set()
            if len(left) <= pages - number:
                return found | {str(one): None for one in left}
            number += 1
        return found

    # --- deciding ---

    def _compare(self, plan: Plan) -> None:
        """Decide what is to be done with an invoice, by what Fortnox has under its number.

        First of all, so that what is there already is known whatever is missing now.
        """
        ours, theirs, problem = plan.content.invoice, plan.theirs, plan.content.problem
        if plan.item.exported and plan.item.number not in {"", plan.number}:
            plan.refuse("NUMBER_NOT_KEPT", number=plan.item.number)
        elif theirs is None and plan.item.exported:
            plan.refuse("NOT_IN_FORTNOX")
        elif theirs is not None and theirs.cancelled:
            plan.refuse("CANCELLED_IN_FORTNOX", number=theirs.document_number)
        elif theirs is not None and plan.there is None:
            plan.differences = adoptable(ours, theirs)
            plan.state = "adopted"
            if plan.differences:
                plan.refuse("NUMBER_TAKEN", number=plan.number, sides="")
            else:
                # As far as it tells.
                found = header_differences(ours, theirs)
                plan.differences = [one for one in found if one.theirs]
        elif theirs is not None:
            plan.differences = differences(ours, theirs)
            self._compare_ours(plan, theirs)
        elif problem is not None:
            plan.refuse(problem.code, problem.message)
        else:
            plan.action = "create"
        if plan.action != "none" and plan.content.rounding and not plan.code:
            self._tell_rounding(plan)

    @staticmethod
    def _compare_ours(plan: Plan, theirs: Invoice) -> None:
        ours, problem = plan.content.invoice, plan.content.problem
        if not plan.differences:
            plan.state = "unchanged"
        elif theirs.booked:
            plan.state, plan.code = "booked", "BOOKED_IN_FORTNOX"
            plan.message = sentence("BOOKED_IN_FORTNOX")
        elif problem is not None:
            plan.refuse(problem.code, problem.message)
        else:
            plan.action = "update"
            if [one.field for one in plan.differences] == ["Total"]:
                # Fortnox computes it again where it is written again.
                plan.code = "TOTAL_DIFFERS"
                plan.message = another_total(ours, theirs)

    def _tell_rounding(self, plan: Plan) -> None:
        ours = plan.content.invoice
        net = sum((row.price for row in ours.rows), Decimal(0)) - plan.content.rounding
        vat = sum((row.vat for row in plan.item.invoice.rows), Decimal(0))
        plan.code = "ROUNDED"
        plan.message = sentence(
            "ROUNDED",
            rows=in_words(vat),
            rates=in_words(ours.total - plan.content.rounding - net),
            difference=in_words(plan.content.rounding, ours.currency),
            account=self._settings.rounding_account,
        )

    def _find_gaps(self) -> None:
        """Refuse what is to be sent and lacks something in the set-up."""
        plans = {plan.item.id: plan for plan in self.plans if plan.action != "none"}
        items = [plan.item for plan in plans.values()]
        self.gaps = gaps_of(items, self.registers, self._settings)
        gapped = dict[str, Gap]()
        for gap in self.gaps:
            for item_id in gap.ids:
                gapped.setdefault(item_id, gap)
        for item_id, gap in gapped.items():
            plans[item_id].refuse(gap.code, gap.message)

    # --- customers ---

    def _plan_cards(self) -> None:
        wanted: dict[str, Customer] = {}
        plans = [plan for plan in self.plans if plan.state in WITH_CARD and plan.customer_number]
        for plan in plans:
            card = wanted.get(plan.customer_number, plan.content.customer)
            if not card.vat_type:
                card = replace(card, vat_type=plan.content.vat_kind)
            wanted[card.customer_number] = card
        self.cards.plan(wanted)
        for plan in plans:
            if plan.action != "none":
                self.refuse_by_card(plan)

    def refuse_by_card(self, plan: Plan) -> None:
        """Refuse an invoice whose VAT contradicts its customer's card, or cannot be compared."""
        card = self.cards.cards[plan.customer_number]
        kind, of_card = plan.content.vat_kind, card.vat_type or card.ours.vat_type
        if card.other_organisation:
            ours, theirs = card.ours.organisation_number, card.other_organisation
            number = plan.customer_number
            plan.refuse("CUSTOMER_CONTRADICTS", number=number, ours=ours, theirs=theirs)
        elif kind and card.is_hidden:
            plan.refuse("UNREADABLE_IN_FORTNOX", what="VATType")
        elif kind_contradicts(kind, of_card):
            plan.refuse("VAT_KIND_CONTRADICTS", ours=kind, theirs=of_card)

    def _planned(self, plan: Plan) -> PlannedItem:
        problem = plan.content.problem
        computed = plan.action != "none" or (problem is not None and plan.code == problem.code)
        other_total = plan.content.invoice.total if computed else None
        if other_total is None and plan.theirs is not None:
            other_total = plan.theirs.total
        return PlannedItem(
            id=plan.item.id,
            state=plan.state,
            action=plan.action,
            customer_number=plan.customer_number,
            total=host_total(plan.item.invoice),
            other_total=other_total,
            currency=plan.item.invoice.currency,
            number=plan.there.document_number if plan.there else plan.item.number,
            code=plan.code,
            message=plan.message,
            differences=tuple(plan.differences),
        )


def _of_another(plan: Plan, row: object) -> Invoice | None:
    """Return an invoice that is another's: its row tells all that is compared.

    One without the field of our mark may be ours.
    """
    if not (isinstance(row, dict) and "ExternalInvoiceReference1" in row) or plan.item.intended:
        return None
    try:
        theirs = invoice_of(row)
    except Unreadable:
        return None
    return None if plan.belongs(theirs) else theirs


def _number_of(row: object) -> int | None:
    number = row.get("DocumentNumber") if isinstance(row, dict) else None
    text = str(number)
    return int(text) if text.isascii() and text.isdigit() else None


_READING: Final = Text("Läser register i Fortnox", "Reading registers in Fortnox")
_COMPARING: Final = Text("Jämför fakturorna med Fortnox", "Comparing the invoices with Fortnox")
