"""``/3/supplierinvoices``; what is refused is in :mod:`hostsim.sandbox.supplier_invoicing`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response, request

from hostsim.sandbox import exchange, query, responses, supplier_invoicing
from hostsim.sandbox.errors import FILTER, Refused
from hostsim.sandbox.fields import blanks
from hostsim.sandbox.registers import SupplierInvoice
from hostsim.sandbox.resources.register import spelt
from hostsim.sandbox.supplier_invoicing import FIELDS, ROW
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.switches import Switches

STATES: Mapping[str, Callable[[SupplierInvoice, date], bool]] = {
    "cancelled": lambda row, _today: row.cancelled,
    "fullypaid": lambda row, _today: row.final_pay_date is not None,
    "unpaid": lambda row, _today: _open(row),
    "unpaidoverdue": lambda row, today: _open(row) and row.fields["DueDate"] < today,
    "unbooked": lambda row, _today: not row.booked and not row.cancelled,
    "pendingpayment": lambda row, _today: _unpaid(row) and row.payment_approved,
    "authorizepending": lambda row, _today: not row.approved and not row.cancelled,
}

#: What a list shows of what was written.
LISTED = (
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

#: Texts in answers, by the specification; ``0.00`` is not empty.
AMOUNTS = {"AdministrationFee", "Balance", "Freight", "RoundOffValue", "Total", "VAT"}


def list_invoices() -> Response:
    given, company = request.args, exchange.company()
    query.only(given, query.COMMON - {"sortby"} | {"filter", "suppliernumber"})
    state, today = given.get("filter"), company.today()
    if state is not None and state not in STATES:
        raise Refused(FILTER, "Ett ogiltigt filter har använts.")
    switches = switchboard().switches
    recent = query.modified_since(given, switches)
    found = [
        one
        for one in company.registers.supplier_invoices.values()
        if recent(one.modified)
        and (state is None or STATES[state](one, today))
        and (one.booked or state not in query.OF_BOOKED or switches.unpaid_with_unbooked)
        and _is_of(given.get("suppliernumber"), one, switches)
    ]
    if query.descending(given, switches):
        found.reverse()
    return exchange.page("SupplierInvoices", found, _row)


def _is_of(supplier: str | None, row: SupplierInvoice, switches: Switches) -> bool:
    return supplier is None or query.fits(supplier, row.fields["SupplierNumber"], switches)


def _open(row: SupplierInvoice) -> bool:
    return not row.cancelled and row.final_pay_date is None


def _unpaid(row: SupplierInvoice) -> bool:
    return row.booked and _open(row)


def show_invoice(number: str) -> Response:
    found = supplier_invoicing.find(exchange.company(), exchange.number_in(number))
    return _answer(found)


def make_invoice() -> Response:
    made = supplier_invoicing.make(exchange.company(), exchange.in_envelope("SupplierInvoice"))
    return exchange.created("SupplierInvoice", _detail(made), "supplierinvoices")


def change_invoice(number: str) -> Response:
    changed = supplier_invoicing.change(
        exchange.company(),
        exchange.number_in(number),
        exchange.in_envelope("SupplierInvoice"),
    )
    return _answer(changed)


# --- Spelling ---------------------------------------------------------------


def _answer(invoice: SupplierInvoice) -> Response:
    return responses.answer({"SupplierInvoice": _detail(invoice)})


approvalbookkeep = exchange.action(supplier_invoicing.approve_booking, _answer)
approvalpayment = exchange.action(supplier_invoicing.approve_payment, _answer)
bookkeep = exchange.action(supplier_invoicing.bookkeep, _answer)
cancel = exchange.action(supplier_invoicing.cancel, _answer)
credit = exchange.action(supplier_invoicing.credit, _answer)


def _detail(invoice: SupplierInvoice) -> dict[str, Any]:
    company, whole = exchange.company(), blanks(FIELDS) | dict(invoice.fields)
    voucher = invoice.voucher or {}
    whole["SupplierInvoiceRows"] = [
        blanks(ROW) | row | {"Total": row.get("Debit", row.get("Credit", Decimal(0)))}
        for row in whole["SupplierInvoiceRows"]
    ]
    fields = whole | _state(invoice) | {
        "AccountingMethod": company.registers.set_up.method,
        "Cancelled": invoice.cancelled,
        "CreditReference": invoice.credit_of or invoice.credited_by,
        "PaymentPending": invoice.payment_approved and _unpaid(invoice),
        "VoucherNumber": voucher.get("Number"),
        "VoucherSeries": voucher.get("Series"),
        "VoucherYear": voucher.get("Year"),
    }  # fmt: skip
    shown = switchboard().switches.supplier_invoice_shows_files
    if shown != "never":
        files = company.registers.connected_files(invoice.number) if shown == "shown" else []
        fields["SupplierInvoiceFileConnections"] = [{"FileId": one.id} for one in files]
    return _spelt(fields)


def _row(invoice: SupplierInvoice) -> dict[str, Any]:
    whole = blanks(FIELDS) | dict(invoice.fields)
    listed = {name: whole[name] for name in LISTED}
    # The detail spells it otherwise.
    more = {"AuthorizerName": "", "Cancel": invoice.cancelled}
    return _spelt(listed | more | _state(invoice))


def _state(invoice: SupplierInvoice) -> dict[str, Any]:
    """Return what only Fortnox sets, in lists and alone."""
    total, base = invoice.fields["Total"], exchange.base()
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


def _spelt(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Spell amounts as texts with two decimals, and put the names in order."""
    written = {}
    for name in sorted(fields):
        value = fields[name]
        if name in AMOUNTS:
            written[name] = f"{value:.2f}"
        elif name == "CurrencyRate":
            written[name] = responses.number(value)
        else:
            written[name] = spelt(value)
    return written
