"""A small export plug-in for tests of the host: a ledger in memory, sent to item by item."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from hostsim.ledger.values import ExportedInvoice, InvoiceContent, LoadedBill
from opter_contract import BATCH, hookimpl
from opter_contract.export_values import (
    BankChange,
    BillRow,
    Customer,
    ExportReport,
    ExportType,
    Gap,
    InvoiceRow,
    ItemResult,
    PlannedCard,
    PlannedItem,
    Supplier,
    SupplierBill,
)
from opter_contract.values import CheckedSettings, Company, SettingsField, SettingsProblem, Text

SUBJECTS = ("invoices", "supplier-bills")
COMPANY = Company("77", "Åkeriet AB")
MISSING = Text("Konto 9999 saknas; lägg upp det.", "Account 9999 is missing; add it.")


def exported_invoice(number="10301", rows=(("3001", "1000.00", "250.00"),), **values):
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
        "total": sum((row.net + row.vat for row in content["rows"]), Decimal(0)),
        "invoice_date": date(2026, 11, 2),
        "due_date": date(2026, 12, 2),
        "content": InvoiceContent(**content),
    }
    return ExportedInvoice(**header | values)


LASSE = Supplier("LASSE", "Lasses Åkeri AB", country="SE", bankgiro="5555-5551")


def bill(number="10301", rows=(("4010", "1250.00"),), **values):
    """Build a bill as it is loaded; its supplier is paid by bankgiro."""
    options = {name: values.pop(name) for name in ("period_closed", "document") if name in values}
    coding = tuple(BillRow(account, "", Decimal(debit), Decimal(0)) for account, debit in rows)
    content = {
        "bill_number": number,
        "region": "",
        "currency": "SEK",
        "exchange_rate": None,
        "bill_date": date(2026, 11, 2),
        "due_date": date(2026, 12, 2),
        "total": sum((row.debit for row in coding), Decimal(0)),
        "vat": Decimal(0),
        "supplier": LASSE,
        "rows": coding,
    }
    return LoadedBill(SupplierBill(**content | values), **options)


@dataclass(eq=False)
class FakeExport:
    """Sends invoices and bills to ``there``; every behaviour of interest is an attribute."""

    code: str = "Fake"
    company: Company = COMPANY
    timeout: float = 1800.0
    there: dict = field(default_factory=dict)  # by item id: the content that was sent
    bankgiros: dict = field(default_factory=dict)  # there, by supplier; others have none yet
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
        label = Text("Bokföringen", "The ledger")
        return [ExportType(self.code, subject, label) for subject in SUBJECTS]

    @hookimpl
    def opter_settings_fields(self, type_code, subject):
        if type_code != self.code or subject not in SUBJECTS:
            return None
        return [
            SettingsField("from", "date", Text("Från", "From"), Text("", ""), required=True),
            SettingsField("key", "text", Text("Nyckel", "Key"), Text("", ""), secret=True),
        ]

    @hookimpl
    def opter_check_settings(self, type_code, values, subject):
        if type_code != self.code or subject not in SUBJECTS:
            return None
        problems = []
        if not values.get("from"):
            problems = [SettingsProblem("from", "error", Text("Ange ett datum.", "Give a date."))]
        return CheckedSettings(dict(values), problems)

    @hookimpl
    def opter_export(self, run):
        if run.type_code != self.code:
            return None
        self.before(run)
        self.given = items = self.items(run)
        for start in range(0, len(items), BATCH):
            batch = [item for item in items[start : start + BATCH] if item.id not in self.excluded]
            planned = [self.planned(item) for item in batch]
            run.hook.opter_take_planned_items(run=run, items=planned)
        run.hook.opter_take_planned_cards(run=run, cards=list(self.cards) if items else [])
        changes = self.bank_changes(items)
        if changes:
            run.hook.opter_take_bank_changes(run=run, changes=changes)
        item_ids = [
            item.id for item in items if any(r.account == "9999" for r in item.content.rows)
        ]
        if item_ids:
            gap = Gap("ACCOUNT_UNKNOWN", MISSING, item_ids)
            run.hook.opter_take_gaps(run=run, gaps=[gap])
        [ids] = run.hook.opter_review_export(
            run=run, company=self.company, timeout=self.timeout
        ) or [()]
        if self.late_gap and ids:
            gap = Gap("VAT_RATE_UNKNOWN", MISSING, [item.id for item in items])
            run.hook.opter_take_gaps(run=run, gaps=[gap])
            ids = ()
        if changes:
            self.confirmed(run, {party_number_of(item.content) for item in items if item.id in ids})
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
        total = total_of(item.content)
        same = self.there.get(item.id) == item.content
        new = "waiting" if self.bank_changes([item]) else "ready"
        state = "unchanged" if same else "ready" if item.id in self.there else new
        action = "none" if same else "update" if item.id in self.there else "create"
        party = party_number_of(item.content)
        plan = PlannedItem(item.id, state, action, party, total, total, "SEK")
        return replace(plan, **self.plans.get(item.id, {}))

    def confirmed(self, run, suppliers):
        """Change the bankgiros that were confirmed."""
        confirmed = run.hook.opter_confirmed_bank_changes
        for changes in confirmed(run=run, party_numbers=sorted(suppliers)):
            self.events += [("paid to", change.party_number, change.ours) for change in changes]
            self.bankgiros.update((change.party_number, change.ours) for change in changes)

    def bank_changes(self, items):
        """Return the differences between the suppliers' bankgiros and the ledger's."""
        suppliers = {getattr(supplier.content, "supplier", None) for supplier in items} - {None}
        return [
            BankChange(supplier.code, "BG", supplier.bankgiro, self.bankgiros[supplier.code])
            for supplier in sorted(suppliers, key=lambda supplier: supplier.code)
            if self.bankgiros.get(supplier.code, supplier.bankgiro) != supplier.bankgiro
        ]

    def send(self, run, item):
        number = number_of(item.content)
        if self.there.get(item.id) == item.content:
            result = ItemResult(item.id, "unchanged", number, total=total_of(item.content))
        else:
            run.hook.opter_take_intents(run=run, item_ids=[item.id])
            self.before_send(run, item)
            self.there[item.id] = item.content
            self.events.append(("sent", item.id))
            self.after_send(run, item)
            result = ItemResult(
                item.id,
                "sent",
                number,
                party_number_of(item.content),
                total_of(item.content),
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


def total_of(content):
    if isinstance(content, SupplierBill):
        return content.total
    return sum((row.net + row.vat for row in content.rows), Decimal(0))


def number_of(content):
    return content.bill_number if isinstance(content, SupplierBill) else content.invoice_number


def party_number_of(content):
    is_bill = isinstance(content, SupplierBill)
    return content.supplier.code if is_bill else content.customer.ledger_number


def send_all(preview, _):
    """Review an export: send all items."""
    return preview.ids()


def load(store, subject, number, **values):
    """Load an invoice or a bill, replacing an earlier one."""
    if subject == "supplier-bills":
        store.load_bills([bill(number, **values)])
    else:
        store.load_invoices([exported_invoice(number, **values)])


SETTINGS = {"from": "2026-01-01"}
