"""The smallest export plug-in: it writes invoices into a file, one line of JSON each.

To be copied. The file is the other system: what stands in it decides what a send would do.
"""

import json
from decimal import Decimal
from pathlib import Path

from opter_contract import BATCH, hookimpl
from opter_contract.export_values import ExportReport, ExportType, Gap, ItemResult, PlannedItem
from opter_contract.values import (
    CheckedSettings,
    Company,
    Progress,
    SettingsField,
    SettingsProblem,
    Text,
)

CODE = "JsonLines"
PATH = Text("Filen som fakturorna skrivs i.", "The file that the invoices are written to.")
NO_NUMBER = Text("Kunden saknar kundreskontranummer.", "The customer has no ledger number.")
SENDING = Text("Skriver fakturor.", "Writing invoices.")


class Failed(Exception):
    """What a host shows a person."""

    def __init__(self, code, kind, message):
        super().__init__(code)
        self.code, self.kind, self.message = code, kind, message


class JsonLines:
    @hookimpl
    def opter_export_types(self):
        return [ExportType(CODE, "invoices", Text("JSON-fil", "JSON file"))]

    @hookimpl
    def opter_settings_fields(self, type_code):
        path = SettingsField("path", "text", Text("Fil", "File"), PATH, required=True)
        return [path] if type_code == CODE else None

    @hookimpl
    def opter_check_settings(self, type_code, values):
        if type_code != CODE:
            return None
        path = values.get("path", "").strip()
        problems = [] if path else [SettingsProblem("path", "error", PATH)]
        return CheckedSettings({"path": path}, problems)

    @hookimpl
    def opter_export(self, run):
        if run.type_code != CODE:
            return None
        file = Path(run.settings["path"])
        there, company = self.read(file), Company(str(file), file.name)
        items = {one.id: one for one in self.items(run)}
        plans = [self.plan(one, there) for one in items.values()]
        self.hand_over(run, "opter_take_planned_items", items=plans)
        self.hand_over(run, "opter_take_gaps", gaps=self.gaps(items.values()))
        # A host that sends nothing may give no answer.
        [ids] = run.hook.opter_review_export(run=run, company=company, timeout=3600.0) or [()]
        for key in ids:
            self.progress(run)
            self.hand_over(run, "opter_take_results", results=[self.send(run, items[key], file)])
        return ExportReport(company, requests=0)

    def items(self, run):
        """Ask for items until there are no more."""
        batch, after = None, ""
        while batch != []:
            self.progress(run)
            [batch] = run.hook.opter_items_to_export(run=run, after=after)
            yield from batch
            after = batch[-1].id if batch else ""

    def plan(self, item, there):
        """Compare an item with what the file has of it, whatever earlier exports told."""
        invoice, theirs = item.content, there.get(item.id)
        state, action = "ready", "create" if theirs is None else "update"
        if theirs == self.line(item):
            state, action = "unchanged", "none"
        total = sum((row.net + row.vat for row in invoice.rows), Decimal(0))
        customer, number = invoice.customer.ledger_number, invoice.invoice_number if theirs else ""
        return PlannedItem(item.id, state, action, customer, total, total, invoice.currency, number)

    def gaps(self, items):
        """Name what a person must see to first."""
        ids = [one.id for one in items if not one.content.customer.ledger_number]
        return [Gap("CUSTOMER_NUMBER_MISSING", NO_NUMBER, ids)] if ids else []

    def send(self, run, item, file):
        there, state = self.read(file), "unchanged"
        plan = self.plan(item, there)
        if plan.action != "none":
            self.hand_over(run, "opter_take_intents", item_ids=[item.id])
            self.write(file, there | {item.id: self.line(item)})
            state = "sent"
        number = item.content.invoice_number
        return ItemResult(item.id, state, number, plan.party_number, plan.total)

    def hand_over(self, run, hook, **batch):
        """Hand over at most as many as a call may carry, each acknowledged."""
        [(name, several)] = batch.items()
        for start in range(0, len(several), BATCH):
            part = several[start : start + BATCH]
            if getattr(run.hook, hook)(run=run, **{name: part}) != [len(part)]:
                message = Text(f"Värden tog inte emot: {hook}.", f"Not acknowledged: {hook}.")
                raise Failed("NOT_ACKNOWLEDGED", "internal", message)

    def progress(self, run):
        progress = Progress("sending", 0, None, SENDING)
        # A host may have no such hook, and then no attribute.
        watched = getattr(run.hook, "opter_progress", lambda **_: [])
        if True in watched(run=run, progress=progress):
            raise Failed("CANCELLED", "cancelled", Text("Du avbröt.", "You cancelled."))

    # --- The file ---

    def line(self, item):
        rows = [[one.account, str(one.net), str(one.vat)] for one in item.content.rows]
        customer = item.content.customer.ledger_number
        return {"id": item.id, "customer": customer, "rows": rows, "ocr": item.content.ocr}

    def read(self, file):
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return {one["id"]: one for one in map(json.loads, lines)}

    def write(self, file, there):
        """Replace the file in one step: after a kill it is the old one or the new one."""
        beside = file.with_name(f"{file.name}.new")
        beside.write_text("".join(f"{json.dumps(one)}\n" for one in there.values()), "utf-8")
        beside.replace(file)


plugin = JsonLines()
