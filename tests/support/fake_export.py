"""A small export plug-in for tests of the host: a ledger in memory, sent to item by item."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from hostsim.ledger.values import ExportedInvoice, InvoiceContent
from opter_contract import BATCH, hookimpl
from opter_contract.export_values import (
    Customer,
    ExportReport,
    ExportType,
    Gap,
    InvoiceRow,
    ItemResult,
    PlannedCard,
    PlannedItem,
)
from opter_contract.values import CheckedSettings, Company, SettingsField, SettingsProblem, Text

COMPANY = Company("77", "Åkeriet AB")
MISSING = Text("Konto 9999 saknas; lägg upp det.", "Account 9999 is missing; add it.")


def loaded(number="10301", rows=(("3001", "1000.00", "250.00"),), **values):
    """Build an invoice as it is loaded, with its content."""
    content = {
        "customer": Customer("KALM", "1042", "Kalmar Glas & Porslin AB", country="SE"),
        "rows": tuple(InvoiceRow(a, "", "25", Decimal(n), Decimal(v)) for a, n, v in rows),
    }
    for name in ("customer", "type", "exchange_rate", "order_number", "credits", "document"):
        if name in values:
            content[name] = values.pop(name)
    header = {
        "number": number,
        "ocr": f"{number}2",
        "customer_code": content["customer"].code,
        "customer_name": content["customer"].name,
        "currency": "SEK",
        "total": sum((one.net + one.vat for one in content["rows"]), Decimal(0)),
        "invoice_date": date(2026, 11, 2),
        "due_date": date(2026, 12, 2),
        "content": InvoiceContent(**content),
    }
    return ExportedInvoice(**header | values)


@dataclass(eq=False)
class FakeExport:
    """Sends invoices to ``there``; every behaviour of interest is an attribute."""

    code: str = "Fake"
    company: Company = COMPANY
    timeout: float = 1800.0
    there: dict = field(default_factory=dict)  # by item id: the invoice that was sent
    events: list = field(default_factory=list)
    given: list = field(default_factory=list)
    plans: dict = field(default_factory=dict)  # by item id: replaced fields of its plan
    results: dict = field(default_factory=dict)  # by item id: replaced fields of its result
    cards: tuple = (PlannedCard("1042", "create"),)
    excluded: frozenset = frozenset()  # by settings: ids of which nothing is planned
    late_gap: bool = False
    before: object = staticmethod(lambda run: None)
    before_send: object = staticmethod(lambda run, item: None)
    after_send: object = staticmethod(lambda run, item: None)
    notes: tuple = ()

    @hookimpl
    def opter_export_types(self):
        return [ExportType(self.code, "invoices", Text("Bokföringen", "The ledger"))]

    @hookimpl
    def opter_settings_fields(self, type_code, subject):
        if (type_code, subject) != (self.code, "invoices"):
            return None
        return [
            SettingsField("from", "date", Text("Från", "From"), Text("", ""), required=True),
            SettingsField("key", "text", Text("Nyckel", "Key"), Text("", ""), secret=True),
        ]

    @hookimpl
    def opter_check_settings(self, type_code, values, subject):
        if (type_code, subject) != (self.code, "invoices"):
            return None
        problems = []
        if not values.get("from"):
            problems = [SettingsProblem("from", "error", Text("Ange ett datum.", "Give a date."))]
        return CheckedSettings(dict(values), problems)

    @hookimpl
    def opter_export(self, run):
        if (run.type_code, run.subject) != (self.code, "invoices"):
            return None
        self.before(run)
        self.given = items = self.items(run)
        for start in range(0, len(items), BATCH):
            several = [one for one in items[start : start + BATCH] if one.id not in self.excluded]
            planned = [self.planned(one) for one in several]
            run.hook.opter_take_planned_items(run=run, items=planned)
        run.hook.opter_take_planned_cards(run=run, cards=list(self.cards) if items else [])
        wrong = [one.id for one in items if any(r.account == "9999" for r in one.invoice.rows)]
        if wrong:
            gap = Gap("ACCOUNT_UNKNOWN", MISSING, wrong)
            run.hook.opter_take_gaps(run=run, gaps=[gap])
        [ids] = run.hook.opter_review_export(
            run=run, company=self.company, timeout=self.timeout
        ) or [()]
        if self.late_gap and ids:
            gap = Gap("VAT_RATE_UNKNOWN", MISSING, [one.id for one in items])
            run.hook.opter_take_gaps(run=run, gaps=[gap])
            ids = ()
        for item in items:
            if item.id in ids:
                self.send(run, item)
        return ExportReport(self.company, len(self.events), self.notes)

    def items(self, run):
        items = []
        while True:
            after = items[-1].id if items else ""
            [batch] = run.hook.opter_items_to_export(run=run, after=after)
            if not batch:
                return items
            items += batch

    def planned(self, item):
        total = total_of(item.invoice)
        same = self.there.get(item.id) == item.invoice
        state = "unchanged" if same else "ready"
        action = "none" if same else "update" if item.id in self.there else "create"
        plan = PlannedItem(
            item.id, state, action, item.invoice.customer.ledger_number, total, total, "SEK"
        )
        return replace(plan, **self.plans.get(item.id, {}))

    def send(self, run, item):
        number = item.invoice.invoice_number
        if self.there.get(item.id) == item.invoice:
            result = ItemResult(item.id, "unchanged", number, total=total_of(item.invoice))
        else:
            run.hook.opter_take_intents(run=run, item_ids=[item.id])
            self.before_send(run, item)
            self.there[item.id] = item.invoice
            self.events.append(("sent", item.id))
            self.after_send(run, item)
            result = ItemResult(
                item.id,
                "sent",
                number,
                item.invoice.customer.ledger_number,
                total_of(item.invoice),
                theirs="200",
            )
        result = replace(result, **self.results.get(item.id, {}))
        run.hook.opter_take_results(run=run, results=[result])

    @hookimpl
    def opter_cancel_exported(self, run, item):
        if run.type_code != self.code:
            return None
        self.events.append(("cancelled", item.id))
        result = ItemResult(item.id, "cancelled", item.number)
        return replace(result, **self.results.get(item.id, {}))


def total_of(invoice):
    return sum((row.net + row.vat for row in invoice.rows), Decimal(0))


def everything(preview, _):
    """Send it all."""
    return preview.ids()


SETTINGS = {"from": "2026-01-01"}
