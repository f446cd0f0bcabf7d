"""``/3/invoices``; their rules are in :mod:`hostsim.sandbox.invoicing`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import Response, request

from hostsim.sandbox import invoice_filters, invoicing, responses, rest, serializers
from hostsim.sandbox.company import Company
from hostsim.sandbox.errors import Refused
from hostsim.sandbox.resources.documents import Documents
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.values import Invoice


def list_invoices() -> Response:
    company, switches = rest.company(), switchboard().switches
    invoices = invoice_filters.filter_and_sort(
        _listed_invoices(company, switches),
        request.args,
        switches,
        switchboard().rng,
        company.today(),
    )
    return rest.page_response("Invoices", invoices, _row)


def _listed_invoices(company: Company, switches: Switches) -> list[Invoice]:
    """Return the invoices that are in the list already."""
    invoices = company.invoices()
    if switches.finance_ocr == "changed":
        invoices = [serializers.with_finance_ocr(invoice) for invoice in invoices]
    if not switches.search_delay:
        return invoices
    until = company.clock.now() - timedelta(seconds=switches.search_delay)
    return [invoice for invoice in invoices if invoice.made is None or invoice.made <= until]


# --- Paper and mail: GET requests with side effects -------------------------

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def email(number: str) -> Response:
    return INVOICES.answer(_mark_sent(number))


def print_invoice(number: str) -> Response:
    _mark_sent(number)
    return _pdf_response()


def printreminder(number: str) -> Response:
    company, invoice = rest.company(), _with_bank_details(number)
    reminders = invoice.written.get("Reminders", 0) + 1
    reminder = {"Reminders": reminders, "LastRemindDate": company.today()}
    company.change_invoice(invoice.number, written={**invoice.written, **reminder})
    return _pdf_response()


def preview(number: str) -> Response:
    invoicing.find_invoice(rest.company(), rest.parse_path_number(number))
    return _pdf_response()


def refuse_sending(number: str) -> Response:
    """Refuse an action that only registered companies may do."""
    invoicing.find_invoice(rest.company(), rest.parse_path_number(number))
    message = "Kan inte skicka dokument om inte företaget är registrerat."
    raise Refused(switchboard().switches.not_registered_code, message)


def _mark_sent(number: str) -> Invoice:
    invoice = _with_bank_details(number)
    return rest.company().change_invoice(invoice.number, sent=True)


def _with_bank_details(number: str) -> Invoice:
    invoice = invoicing.find_invoice(rest.company(), rest.parse_path_number(number))
    if not rest.company().registers.set_up.bankgiro:
        raise Refused(switchboard().switches.no_bank_details_code, "Bankuppgifter saknas.")
    return invoice


def _pdf_response() -> Response:
    return responses.file_response(PDF, "application/pdf")


# --- Serializing ------------------------------------------------------------


def _detail(invoice: Invoice) -> Mapping[str, Any]:
    return serializers.invoice_detail(
        _as_switched(invoice),
        rest.base_url(),
        method=rest.company().registers.set_up.method,
        year=switchboard().switches.invoice_detail,
    )


def _row(invoice: Invoice) -> Mapping[str, Any]:
    return serializers.invoice_row(_as_switched(invoice), rest.base_url())


def _as_switched(invoice: Invoice) -> Invoice:
    """Return an invoice with OCR and amounts as the switches show them."""
    switches = switchboard().switches
    if switches.finance_ocr == "changed":
        invoice = serializers.with_finance_ocr(invoice)
    if switches.unbooked_balance == "zero" and not invoice.booked:
        invoice = replace(invoice, balance=Decimal(0))
    return serializers.in_sek(invoice, switches) if switches.invoice_amounts == "SEK" else invoice


# --- Documents --------------------------------------------------------------

INVOICES = Documents(
    singular="Invoice",
    path="invoices",
    find=invoicing.find_invoice,
    make=invoicing.create_invoice,
    change=invoicing.change_invoice,
    detail=_detail,
)

bookkeep = INVOICES.action(invoicing.bookkeep)
cancel = INVOICES.action(invoicing.cancel)
credit = INVOICES.action(invoicing.credit)
externalprint = INVOICES.action(invoicing.externalprint)
# Without effect; the sandbox has no warehouse.
warehouseready = INVOICES.action(invoicing.find_invoice)
