"""``/3/invoicepayments``; their rules are in :mod:`hostsim.sandbox.payments`."""

from __future__ import annotations

from flask import Response, request

from hostsim.sandbox import payment_filters, payments, responses, rest, serializers
from hostsim.sandbox.resources.documents import Documents
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.values import Invoice, Payment


def list_payments() -> Response:
    rows = payment_filters.filter_and_sort(
        rest.company().payments(),
        request.args,
        switchboard().switches,
        switchboard().rng,
        _customer_of,
    )
    return rest.page_response("InvoicePayments", rows, _row)


def delete_payment(number: str) -> Response:
    payments.delete_payment(rest.company(), rest.parse_path_number(number))
    return responses.no_content()


def _row(payment: Payment) -> serializers.Fields:
    switches = switchboard().switches
    in_currency = switches.list_amount == "currency"
    row = serializers.payment_row(payment, rest.base_url(), in_currency=in_currency)
    if switches.payment_row == "full":
        payment = serializers.convert_write_offs(payment, switches)
        invoice = _invoice_of(payment)
        return serializers.full_payment_row(payment, invoice, rest.base_url()) | row
    return row


def _detail(payment: Payment) -> serializers.Fields:
    payment = serializers.convert_write_offs(payment, switchboard().switches)
    return serializers.payment_detail(payment, _invoice_of(payment), rest.base_url())


def _invoice_of(payment: Payment) -> Invoice | None:
    """Return the invoice of a payment, with the OCR by the switch."""
    invoice = rest.company().invoice(payment.invoice_number)
    if invoice is None or switchboard().switches.finance_ocr == "kept":
        return invoice
    return serializers.with_finance_ocr(invoice)


def _customer_of(payment: Payment) -> str:
    invoice = rest.company().invoice(payment.invoice_number)
    return invoice.customer_number if invoice else ""


PAYMENTS = Documents(
    singular="InvoicePayment",
    path="invoicepayments",
    find=payments.find_payment,
    make=payments.create_payment,
    change=payments.change_payment,
    detail=_detail,
)

book_payment = PAYMENTS.action(payments.book_payment)
