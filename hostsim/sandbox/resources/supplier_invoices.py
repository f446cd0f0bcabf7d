"""``/3/supplierinvoices``; their rules are in :mod:`hostsim.sandbox.supplier_invoicing`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import Response, request

from hostsim.sandbox import invoice_filters, query, responses, rest, supplier_invoicing
from hostsim.sandbox.fields import blanks
from hostsim.sandbox.registers import SupplierInvoice
from hostsim.sandbox.resources.documents import Documents
from hostsim.sandbox.supplier_invoicing import FIELDS, ROW
from hostsim.sandbox.switchboard import switchboard

STATES: invoice_filters.States = invoice_filters.STATES | {
    "pendingpayment": lambda row, _today: _is_booked_and_unpaid(row) and row.payment_approved,
    "authorizepending": lambda row, _today: not row.approved and not row.cancelled,
}

#: The written fields in a list row.
LIST_FIELDS = (
    "CostCenter",
    "Currency",
    "CurrencyRate",
    "CurrencyUnit",
    "DueDate",
    "ExternalInvoiceNumber",
    "ExternalInvoiceSeries",
    "InvoiceDate",
    "InvoiceNumber",
    "Project",
    "SupplierName",
    "SupplierNumber",
    "Total",
)

#: Texts in responses, by the specification; 0 is ``0.00``.
AMOUNTS = {"AdministrationFee", "Balance", "Freight", "RoundOffValue", "Total", "VAT"}


def list_invoices() -> Response:
    parameters, company, switches = request.args, rest.company(), switchboard().switches
    query.check_parameters(
        parameters, query.COMMON_PARAMETERS - {"sortby"} | {"filter", "suppliernumber"}
    )
    rows = list(company.registers.supplier_invoices.values())
    if (state := parameters.get("filter")) is not None:
        is_in_state = invoice_filters.state_filter(state, STATES, company.today(), switches)
        rows = [row for row in rows if is_in_state(row)]
    if (number := parameters.get("suppliernumber")) is not None:
        rows = [
            row
            for row in rows
            if query.number_matches(number, row.fields["SupplierNumber"], switches)
        ]
    recent = query.modified_since(parameters, switches)
    rows = [row for row in rows if recent(row.modified)]
    if query.is_descending(parameters, switches):
        rows.reverse()
    return rest.page_response("SupplierInvoices", rows, _row)


def _is_booked_and_unpaid(row: SupplierInvoice) -> bool:
    return row.booked and invoice_filters.is_unpaid(row)


# --- Serializing ------------------------------------------------------------


def _detail(invoice: SupplierInvoice) -> dict[str, Any]:
    company, stored = rest.company(), blanks(FIELDS) | dict(invoice.fields)
    voucher = invoice.voucher or {}
    stored["SupplierInvoiceRows"] = [
        blanks(ROW) | row | {"Total": row.get("Debit", row.get("Credit", Decimal(0)))}
        for row in stored["SupplierInvoiceRows"]
    ]
    fields = stored | _state(invoice) | {
        "AccountingMethod": company.registers.set_up.method,
        "Cancelled": invoice.cancelled,
        "CreditReference": invoice.credit_of or invoice.credited_by,
        "PaymentPending": invoice.payment_approved and _is_booked_and_unpaid(invoice),
        "VoucherNumber": voucher.get("Number"),
        "VoucherSeries": voucher.get("Series"),
        "VoucherYear": voucher.get("Year"),
    }  # fmt: skip
    files_shown = switchboard().switches.supplier_invoice_shows_files
    if files_shown != "never":
        files = company.registers.connected_files(invoice.number) if files_shown == "shown" else []
        fields["SupplierInvoiceFileConnections"] = [{"FileId": file.id} for file in files]
    return _serialized(fields)


def _row(invoice: SupplierInvoice) -> dict[str, Any]:
    stored = blanks(FIELDS) | dict(invoice.fields)
    fields = {name: stored[name] for name in LIST_FIELDS}
    # Its name in the detail is another.
    renamed = {"AuthorizerName": "", "Cancel": invoice.cancelled}
    return _serialized(fields | renamed | _state(invoice))


def _state(invoice: SupplierInvoice) -> dict[str, Any]:
    """Return the fields that only Fortnox sets."""
    total, base = invoice.fields["Total"], rest.base_url()
    number = switchboard().switches.given_number
    return {
        "@url": f"{base}/3/supplierinvoices/{invoice.number}",
        "Balance": Decimal(0) if invoice.final_pay_date else total,
        "Booked": invoice.booked,
        "Credit": total < 0,
        "FinalPayDate": invoice.final_pay_date,
        "GivenNumber": str(invoice.number) if number == "text" else invoice.number,
        "Vouchers": [invoice.voucher] if invoice.voucher else [],
    }


def _serialized(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Serialize amounts as texts with two decimals, and sort the fields."""
    written = {}
    for name in sorted(fields):
        value = fields[name]
        if name in AMOUNTS:
            written[name] = f"{value:.2f}"
        elif name == "CurrencyRate":
            written[name] = responses.format_number(value)
        else:
            written[name] = value
    return written


# --- Documents --------------------------------------------------------------

SUPPLIER_INVOICES = Documents(
    singular="SupplierInvoice",
    path="supplierinvoices",
    find=supplier_invoicing.find,
    make=supplier_invoicing.create,
    change=supplier_invoicing.change,
    detail=_detail,
)

approvalbookkeep = SUPPLIER_INVOICES.action(supplier_invoicing.approve_booking)
approvalpayment = SUPPLIER_INVOICES.action(supplier_invoicing.approve_payment)
bookkeep = SUPPLIER_INVOICES.action(supplier_invoicing.bookkeep)
cancel = SUPPLIER_INVOICES.action(supplier_invoicing.cancel)
credit = SUPPLIER_INVOICES.action(supplier_invoicing.credit)
