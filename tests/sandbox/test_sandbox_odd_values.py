"""Whatever is sent, the answer is one of Fortnox's, and never a failure of the sandbox."""

import pytest
from fortnox_exporter import sold
from werkzeug.test import Client

from hostsim.sandbox import invoice_fields, payments, supplier_invoicing
from hostsim.sandbox.resources import customers, suppliers

ODD = [
    0, -1, 1.5, True, "x", "1e400", "NaN", "Infinity", 10**30, "9" * 400, "å" * 3000,
    "\ud800", " ", "\n", [], {}, [{}], ["x"], [[1]], {"a": 1}, [{"RowId": 1}], [{"Id": 1}],
    "9999-12-31", "0001-01-01", "API_BLANK",
]  # fmt: skip

BILL_ROW = {"Account": 4010, "Debit": 10}

CASES = {
    "invoices": ("Invoice", invoice_fields.FIELDS, {"CustomerNumber": "1"}),
    "invoicepayments": ("InvoicePayment", payments.FIELDS, {"InvoiceNumber": 1, "Amount": 1}),
    "customers": ("Customer", customers.FIELDS, {"Name": "x"}),
    "suppliers": ("Supplier", suppliers.FIELDS, {"Name": "x"}),
    "supplierinvoices": (
        "SupplierInvoice",
        supplier_invoicing.FIELDS,
        {"SupplierNumber": "1", "SupplierInvoiceRows": [BILL_ROW]},
    ),
}


def statuses(fortnox, path, envelope, records):
    """Post thousands of records, without the way over HTTP, which takes most of the time."""
    client, headers = Client(fortnox.sandbox.app), {"Authorization": f"Bearer {fortnox.token}"}
    return {
        client.post(f"/3/{path}", json={envelope: record}, headers=headers).status_code
        for record in records
    }


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
@pytest.mark.parametrize("path", CASES)
def test_an_odd_value_of_any_field_is_taken_or_refused(fortnox, path, odd):
    envelope, fields, needed = CASES[path]
    fortnox.record("suppliers", SupplierNumber="1", Name="x")
    fortnox.create_invoice([sold()])
    found = statuses(fortnox, path, envelope, [needed | {name: odd} for name in fields])
    assert found <= {201, 400, 404}
    assert fortnox.ask("GET", path, checked=False).status_code == 200


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_an_odd_value_of_any_field_of_a_row_is_taken_or_refused(fortnox, odd):
    rows = [sold() | {name: odd} for name in invoice_fields.ROW]
    records = [{"CustomerNumber": "1", "InvoiceRows": [row]} for row in rows]
    assert statuses(fortnox, "invoices", "Invoice", records) <= {201, 400, 404}
    fortnox.record("suppliers", SupplierNumber="1", Name="x")
    fortnox.create_invoice([sold()])
    payment = {"InvoiceNumber": 1, "Amount": 1}
    rows = [{"Amount": 1, "AccountNumber": 3740} | {name: odd} for name in payments.WRITE_OFF]
    records = [payment | {"WriteOffs": [row]} for row in rows]
    assert statuses(fortnox, "invoicepayments", "InvoicePayment", records) <= {201, 400, 404}
    rows = [BILL_ROW | {name: odd} for name in supplier_invoicing.ROW]
    records = [{"SupplierNumber": "1", "SupplierInvoiceRows": [row]} for row in rows]
    assert statuses(fortnox, "supplierinvoices", "SupplierInvoice", records) <= {201, 400, 404}


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_an_odd_attachment_is_refused(fortnox, odd):
    path = "../api/fileattachments/attachments-v1"
    rows = [{"entityId": 1, "entityType": "F", "fileId": "x"} | {name: odd} for name in FIELDS]
    found = {fortnox.ask("POST", path, [row], checked=False).status_code for row in rows}
    assert found <= {400, 404}


FIELDS = ("entityId", "entityType", "fileId", "includeOnSend", "wings")
