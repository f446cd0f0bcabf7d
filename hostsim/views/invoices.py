"""The invoices that payments are matched with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostsim.views.labels import period
from hostsim.views.table import Column, Money, json_attributes
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.values import Invoice

_WHOSE: tuple[Column[Invoice], ...] = (
    Column(
        "invoice", Text("Faktura", "Invoice"), lambda i: i.number, right=True, json="invoice_number"
    ),
    Column("ocr", Text("OCR", "OCR"), lambda i: i.ocr, right=True, json="ocr"),
    Column("code", Text("Kundnr", "Customer no."), lambda i: i.customer_code, json="customer_code"),
    Column(
        "customer",
        Text("Kund", "Customer"),
        lambda i: i.customer_name,
        wide=True,
        json="customer_name",
    ),
)
_DUE: Column[Invoice] = Column(
    "due", Text("Förfaller", "Due"), lambda i: i.due_date, json="due_date"
)
_TOTAL, _REMAINING = Text("Belopp", "Total"), Text("Återstår", "Remaining")
_REGION: Column[Invoice] = Column(
    "region", Text("Region", "Region"), lambda i: i.region, json="region"
)

#: On a page: those of which something remains, and each amount with its currency.
OPEN_INVOICES: tuple[Column[Invoice], ...] = (
    *_WHOSE,
    Column("date", Text("Fakturadatum", "Invoice date"), lambda i: i.invoice_date),
    _DUE,
    Column("total", _TOTAL, lambda i: Money(i.total, i.currency), right=True),
    Column("remaining", _REMAINING, lambda i: Money(i.remaining, i.currency), right=True),
    _REGION,
)

INVOICES: tuple[Column[Invoice], ...] = (
    *_WHOSE,
    Column("date", Text("Datum", "Date"), lambda i: i.invoice_date, json="invoice_date"),
    _DUE,
    Column("currency", Text("Valuta", "Currency"), lambda i: i.currency, json="currency"),
    Column("total", _TOTAL, lambda i: i.total, right=True, json="total"),
    Column("remaining", _REMAINING, lambda i: i.remaining, right=True, json="remaining"),
    _REGION,
    Column("period", Text("Period", "Period"), lambda i: period(closed=i.period_closed)),
    *json_attributes("period_closed"),
)
