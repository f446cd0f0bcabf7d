"""A host in memory that exports bills to the sandbox, over HTTP and without waiting."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from invoice_export import Office

from hostsim.sandbox import Match
from opter_contract.export_values import BankChange, BillRow, Supplier, SupplierBill

POSTS = Match("POST", "/3/supplierinvoices")
PUTS = Match("PUT", "/3/supplierinvoices/*")

LASSE = Supplier(
    "LASSE",
    "Lasses Åkeri AB",
    organisation_number="556000-0000",
    vat_number="SE556000000001",
    address1="Box 1",
    zip="392 00",
    city="Kalmar",
    country="SE",
    phone1="0480-100 00",
    bankgiro="5050-1055",
)


def row(account="4010", debit="0", credit="0", *, unit=""):
    return BillRow(account, unit, Decimal(debit), Decimal(credit))


def bill(number="A-117", *rows, **more):
    """Make a bill, by default of 10,000 SEK with 25 % VAT."""
    rows = rows or (row("4010", "10000.00", unit="12"), row("2641", "2500.00"))
    values = {
        "bill_number": number,
        "region": "",
        "currency": "SEK",
        "exchange_rate": None,
        "bill_date": date(2026, 11, 2),
        "due_date": date(2026, 12, 2),
        "total": sum((line.debit - line.credit for line in rows), Decimal(0)),
        "vat": sum(
            (line.debit - line.credit for line in rows if line.account == "2641"), Decimal(0)
        ),
        "supplier": LASSE,
        "rows": rows,
    }
    return SupplierBill(**values | more)


class BillOffice(Office):
    """A host with bills, the plug-in, and a Fortnox."""

    subject = "supplier-bills"
    scopes = ("supplier", "supplierinvoice", "inbox")

    def supplier_invoices(self):
        """Return all supplier invoices, read over the API."""
        numbers = [
            row["GivenNumber"] for row in self.ask("GET", "supplierinvoices")["SupplierInvoices"]
        ]
        return [self.ask("GET", f"supplierinvoices/{n}")["SupplierInvoice"] for n in numbers]

    def active_invoice(self):
        """Return the only supplier invoice that is not cancelled."""
        [invoice] = [row for row in self.supplier_invoices() if not row["Cancelled"]]
        return invoice

    def add(self, **fields):
        """Enter a supplier invoice as a user in Fortnox."""
        values = {
            "SupplierNumber": "LASSE",
            "InvoiceNumber": "A-117",
            "InvoiceDate": "2026-11-02",
            "DueDate": "2026-12-02",
            "Total": "12500.00",
            "VAT": "2500.00",
            "SupplierInvoiceRows": [
                {"Account": 4010, "Debit": 10000},
                {"Account": 2641, "Debit": 2500},
            ],
        }
        response = self.ask("POST", "supplierinvoices", json={"SupplierInvoice": values | fields})
        return response["SupplierInvoice"]["GivenNumber"]

    def perform(self, number, action):
        self.ask("PUT", f"supplierinvoices/{number}/{action}", json={})

    def add_supplier(self, **fields):
        values = {"SupplierNumber": "LASSE", "Name": "Lasses Åkeri AB"}
        self.ask("POST", "suppliers", json={"Supplier": values | fields})

    def change_supplier(self, number="LASSE", **fields):
        self.ask("PUT", f"suppliers/{number}", json={"Supplier": fields})

    def supplier(self, number="LASSE"):
        return self.ask("GET", f"suppliers/{number}")["Supplier"]

    def confirm(self, *changes):
        """Confirm bank changes, each a number, field, ours and theirs."""
        self.host.confirmations = {BankChange(*change) for change in changes}
