"""A host in memory that exports bills to the sandbox, over HTTP and without waiting."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import requests
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
    """Make a bill of 10,000 SEK with 25 % VAT, unless others are given."""
    rows = rows or (row("4010", "10000.00", unit="12"), row("2641", "2500.00"))
    values = {
        "bill_number": number,
        "region": "",
        "currency": "SEK",
        "exchange_rate": None,
        "bill_date": date(2026, 11, 2),
        "due_date": date(2026, 12, 2),
        "total": sum((one.debit - one.credit for one in rows), Decimal(0)),
        "vat": sum((one.debit - one.credit for one in rows if one.account == "2641"), Decimal(0)),
        "supplier": LASSE,
        "rows": rows,
    }
    return SupplierBill(**values | more)


class BillOffice(Office):
    """A host with bills, the plug-in, and a Fortnox."""

    subject = "supplier-bills"

    def _ask(self, method, path, **more):
        token = self.sandbox.sign_in(scopes=["supplier", "supplierinvoice", "inbox"]).access
        answer = requests.request(
            method,
            f"{self.sandbox.api_url}/{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
            **more,
        )
        assert answer.status_code < 300, answer.text
        return answer.json()

    def there(self):
        """Return all supplier invoices as the API answers them."""
        rows = self._ask("GET", "supplierinvoices")["SupplierInvoices"]
        return [self._of(row["GivenNumber"]) for row in rows]

    def _of(self, number):
        return self._ask("GET", f"supplierinvoices/{number}")["SupplierInvoice"]

    def one(self):
        """Return the only one that is not cancelled."""
        [found] = [one for one in self.there() if not one["Cancelled"]]
        return found

    def add(self, **fields):
        """Type a supplier invoice as a person there would."""
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
        made = self._ask("POST", "supplierinvoices", json={"SupplierInvoice": values | fields})
        return made["SupplierInvoice"]["GivenNumber"]

    def act(self, number, action):
        self._ask("PUT", f"supplierinvoices/{number}/{action}", json={})

    def add_supplier(self, **fields):
        values = {"SupplierNumber": "LASSE", "Name": "Lasses Åkeri AB"}
        self._ask("POST", "suppliers", json={"Supplier": values | fields})

    def change_supplier(self, number="LASSE", **fields):
        self._ask("PUT", f"suppliers/{number}", json={"Supplier": fields})

    def supplier(self, number="LASSE"):
        return self._ask("GET", f"suppliers/{number}")["Supplier"]

    def confirm(self, *changes):
        """Let a person confirm bank changes: number, field, ours, theirs."""
        self.host.confirmations = {BankChange(*one) for one in changes}
