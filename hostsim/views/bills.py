"""The bills of subcontractors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostsim.messages.payments import YES
from hostsim.views.labels import period
from hostsim.views.table import Column, json_attributes
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.values import Bill

BILLS: tuple[Column[Bill], ...] = (
    Column("number", Text("Avräkning", "Bill"), lambda b: b.number, json="bill_number"),
    Column("date", Text("Datum", "Date"), lambda b: b.bill_date, json="bill_date"),
    Column("due", Text("Förfaller", "Due"), lambda b: b.due_date, json="due_date"),
    Column("code", Text("Kod", "Code"), lambda b: b.supplier_code, json="supplier_code"),
    Column(
        "supplier",
        Text("Leverantör", "Supplier"),
        lambda b: b.supplier_name,
        wide=True,
        json="supplier_name",
    ),
    Column("total", Text("Belopp", "Total"), lambda b: b.total, right=True, json="total"),
    Column("currency", Text("Valuta", "Currency"), lambda b: b.currency, json="currency"),
    Column("region", Text("Region", "Region"), lambda b: b.region, json="region"),
    Column("period", Text("Period", "Period"), lambda b: period(closed=b.period_closed)),
    Column(
        "sends_invoice",
        Text("Fakturerar själv", "Sends invoices"),
        lambda b: YES if b.sends_invoice else None,
    ),
    *json_attributes("vat", "period_closed", "sends_invoice"),
)
