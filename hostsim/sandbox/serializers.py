"""Serialization of invoices and payments: fields, order and types as recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hostsim.sandbox import currency_conversion
from hostsim.sandbox.amounts import row_total, without_vat
from hostsim.sandbox.fields import blanks, round_half_up
from hostsim.sandbox.invoice_fields import ATTRIBUTES, EDI, WRITTEN, row_with_blanks
from hostsim.sandbox.ocr import ocr_of
from hostsim.sandbox.responses import format_number
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.values import Amounts, Invoice, InvoiceRow, Payment, WriteOff

Fields = dict[str, Any]

#: The prefix of references of Fortnox Finans; the real ones are not known.
FINANCE_SERIES = 77

#: Swedish VAT on transport, assumed for invoices in SEK.
VAT = Decimal("1.25")


def payment_row(payment: Payment, base: str, *, in_currency: bool = False) -> Fields:
    """Serialize a payment for a list: 11 fields, ``InvoiceNumber`` a number, ``Number`` a text."""
    fields = {
        "@url": f"{base}/3/invoicepayments/{payment.number}",
        "Amount": payment.in_currency if in_currency else payment.amount,
        "Booked": payment.booked,
        "Currency": payment.currency,
        "CurrencyRate": payment.currency_rate,
        "CurrencyUnit": payment.currency_unit,
        "InvoiceNumber": payment.invoice_number,
        "Number": str(payment.number),
        "PaymentDate": payment.payment_date,
        "Source": payment.source,
        "WriteOffExist": bool(payment.write_offs),
    }
    return _overridden(fields, payment.wire)


def payment_detail(payment: Payment, invoice: Invoice | None, base: str) -> Fields:
    """Serialize a single payment, in the order of 2025: not alphabetical."""
    fields = {
        "@url": f"{base}/3/invoicepayments/{payment.number}",
        "Amount": payment.amount,
        "AmountCurrency": payment.in_currency,
        "Booked": payment.booked,
        "Currency": payment.currency,
        "CurrencyRate": payment.currency_rate,
        "CurrencyUnit": payment.currency_unit,
        "ExternalInvoiceReference1": invoice.external_reference_1 if invoice else "",
        "ExternalInvoiceReference2": invoice.external_reference_2 if invoice else "",
        "InvoiceCustomerName": invoice.customer_name if invoice else "",
        "InvoiceCustomerNumber": invoice.customer_number if invoice else "",
        "InvoiceNumber": payment.invoice_number,
        "InvoiceDueDate": invoice.due_date if invoice else None,
        "InvoiceOCR": invoice.reference if invoice else "",
        "InvoiceTotal": format_number(invoice.total) if invoice else "0",
        "ModeOfPayment": payment.mode_of_payment,
        "ModeOfPaymentAccount": payment.account,
        "Number": str(payment.number),
        "PaymentDate": payment.payment_date,
        "VoucherNumber": payment.voucher_number,
        "VoucherSeries": payment.voucher_series,
        "VoucherYear": payment.voucher_year,
        "Source": payment.source,
        "WriteOffs": [_serialize_write_off(row) for row in payment.write_offs],
    }
    return _overridden(fields, payment.wire)


def full_payment_row(payment: Payment, invoice: Invoice | None, base: str) -> Fields:
    """Serialize a payment for a list, by the specification of April 2026."""
    fields = payment_detail(payment, invoice, base)
    return fields | {
        "InvoiceTotal": Decimal(fields["InvoiceTotal"]),
        "ModeOfPaymentAccount": str(fields["ModeOfPaymentAccount"]),
    }


def convert_write_offs(payment: Payment, switches: Switches) -> Payment:
    """Return a payment with the currency and the sign of its write-offs by the switches."""
    currency = {"SEK": "SEK", "payment": payment.currency}.get(switches.write_off_currency)
    sign = 1 if switches.write_off_sign == "added" else -1
    rows = (
        row if currency is None else _convert_write_off(row, currency, payment)
        for row in payment.write_offs
    )
    return replace(
        payment, write_offs=tuple(replace(row, amount=row.amount * sign) for row in rows)
    )


def _convert_write_off(row: WriteOff, currency: str, payment: Payment) -> WriteOff:
    before = row.currency or "SEK"
    if before == currency:
        return replace(row, currency=currency)
    rate = payment.effective_rate
    amount = row.amount * rate if currency == "SEK" else row.amount / rate
    return replace(row, amount=round_half_up(amount), currency=currency)


def _serialize_write_off(row: WriteOff) -> Fields:
    return {
        "Amount": row.amount,
        "AccountNumber": row.account,
        "CostCenter": row.cost_center,
        "Currency": row.currency,
        "Description": row.description,
        "Project": row.project,
        "TransactionInformation": row.information,
    }


def with_finance_ocr(invoice: Invoice) -> Invoice:
    if not invoice.factored:
        return invoice
    return replace(invoice, ocr=ocr_of(int(f"{FINANCE_SERIES}{invoice.number}")))


def in_sek(invoice: Invoice, switches: Switches) -> Invoice:
    """Return an invoice with its amounts in SEK; rows keep their currency."""
    rate_and_unit = invoice.currency_rate, invoice.currency_unit
    return replace(
        invoice,
        total=currency_conversion.in_sek(invoice.total, *rate_and_unit, switches),
        balance=currency_conversion.in_sek(invoice.balance, *rate_and_unit, switches),
    )


_ROW_ORDER = """
    @url Balance Booked Cancelled CostCenter Currency CurrencyRate CurrencyUnit CustomerName
    CustomerNumber DocumentNumber DueDate ExternalInvoiceReference1 ExternalInvoiceReference2
    InvoiceDate InvoiceType NoxFinans OCR VoucherNumber VoucherSeries VoucherYear WayOfDelivery
    TermsOfPayment Project Sent Total FinalPayDate
"""


def invoice_row(invoice: Invoice, base: str) -> Fields:
    """Serialize an invoice for a list: 27 fields, ``CurrencyRate`` a text."""
    fields = _fields_of_row_and_detail(invoice, base)
    fields["CurrencyRate"] = format_number(invoice.currency_rate)
    return _overridden({name: fields[name] for name in _ROW_ORDER.split()}, invoice.wire)


def _fields_of_row_and_detail(invoice: Invoice, base: str) -> Fields:
    attributes = {
        name: getattr(invoice, attribute) for name, (attribute, _field) in ATTRIBUTES.items()
    }
    return attributes | {
        "@url": f"{base}/3/invoices/{invoice.number}",
        "Balance": invoice.balance,
        "Booked": invoice.booked,
        "Cancelled": invoice.cancelled,
        "DocumentNumber": str(invoice.number),
        "FinalPayDate": invoice.final_pay_date,
        "NoxFinans": invoice.factored,
        "OCR": invoice.reference,
        "Sent": invoice.sent,
        "Total": invoice.total,
        "VoucherNumber": invoice.voucher_number,
        "VoucherSeries": invoice.voucher_series,
        "VoucherYear": invoice.voucher_year,
    }


_ORDER_OF_2023 = """
    @url @urlTaxReductionList AdministrationFee AdministrationFeeVAT Address1 Address2 Balance
    BasisTaxReduction Booked Cancelled City Comments ContractReference ContributionPercent
    ContributionValue Country CostCenter Credit CreditInvoiceReference Currency CurrencyRate
    CurrencyUnit CustomerName CustomerNumber DeliveryAddress1 DeliveryAddress2 DeliveryCity
    DeliveryCountry DeliveryDate DeliveryName DeliveryZipCode DocumentNumber DueDate EDIInformation
    EmailInformation EUQuarterlyReport ExternalInvoiceReference1 ExternalInvoiceReference2 Freight
    FreightVAT Gross HouseWork InvoiceDate InvoicePeriodStart InvoicePeriodEnd InvoiceReference
    InvoiceRows InvoiceType Labels Language LastRemindDate Net NotCompleted NoxFinans OCR
    OfferReference OrderReference OrganisationNumber OurReference PaymentWay Phone1 Phone2
    PriceList PrintTemplate Project WarehouseReady OutboundDate Remarks Reminders RoundOff Sent
    TaxReduction TermsOfDelivery TermsOfPayment TimeBasisReference Total TotalToPay TotalVAT
    VATIncluded VoucherNumber VoucherSeries VoucherYear WayOfDelivery YourOrderNumber YourReference
    ZipCode AccountingMethod FinalPayDate TaxReductionType
"""

#: The fields of a detail.
INVOICE_FIELDS = _ORDER_OF_2023.split()


def invoice_detail(invoice: Invoice, base: str, *, method: str, year: str) -> Fields:
    """Serialize a single invoice, in the format of a year of the recordings."""
    fields = _invoice_fields(invoice, base) | {"AccountingMethod": method}
    included = fields["VATIncluded"]
    fields["InvoiceRows"] = [_serialize_row(row, included=included) for row in invoice.rows]
    fields = _overridden(fields, invoice.wire)
    if year == "2023":
        for row in fields["InvoiceRows"]:
            del row["VATCode"]
        return {name: fields[name] for name in INVOICE_FIELDS}
    fields["ContractReference"] = str(fields["ContractReference"])
    return {name: fields[name] for name in sorted(fields)}


def _serialize_row(row: InvoiceRow, *, included: bool) -> Fields:
    fields = row_with_blanks(row.fields)
    rate, total = fields["VAT"], row_total(fields)
    fields |= {
        "ContributionPercent": "0",
        "ContributionValue": "0",
        "Cost": 0,
        "DeliveredQuantity": format_number(fields["DeliveredQuantity"]),
        "PriceExcludingVAT": without_vat(fields["Price"], rate, included=included),
        "RowId": row.row_id,
        "Total": total,
        "TotalExcludingVAT": without_vat(total, rate, included=included),
    }
    return {name: fields[name] for name in sorted(fields)}


#: Fields that no attribute has, as they are while nothing sets them.
UNSET_INVOICE_FIELDS: Fields = {
    "BasisTaxReduction": 0,
    "ContractReference": 0,
    "ContributionPercent": 0,
    "ContributionValue": 0,
    "EDIInformation": dict.fromkeys(EDI) | {"EDIStatus": ""},
    "EmailInformation": {
        "EmailAddressFrom": None,
        "EmailAddressTo": "",
        "EmailAddressCC": None,
        "EmailAddressBCC": None,
        "EmailSubject": "Faktura {no} bifogas",
        "EmailBody": " ",
    },
    "HouseWork": False,
    "InvoicePeriodEnd": "",
    "InvoicePeriodStart": "",
    "InvoiceReference": "0",
    "LastRemindDate": None,
    "OfferReference": "0",
    "OrderReference": "0",
    "OrganisationNumber": "",
    "Reminders": 0,
    "TaxReduction": None,
    "TimeBasisReference": None,
    "WarehouseReady": True,
}


def _invoice_fields(invoice: Invoice, base: str) -> Fields:
    fields = blanks(WRITTEN) | UNSET_INVOICE_FIELDS | _fields_of_row_and_detail(invoice, base)
    fields |= _amount_fields(invoice) | {
        "@urlTaxReductionList": (
            f"{base}/3/taxreductions?filter=invoices&referencenumber={invoice.number}"
        ),
        "Credit": "true" if invoice.credit else "false",
        "CreditInvoiceReference": str(invoice.credit_of or invoice.credited_by),
        "OutboundDate": invoice.invoice_date,
    }
    for name, value in invoice.written.items():
        unset = fields[name]
        fields[name] = unset | value if isinstance(unset, dict) else value
    return fields


def _amount_fields(invoice: Invoice) -> Fields:
    amounts = invoice.amounts or _amounts_of_total(invoice)
    return {
        "AdministrationFeeVAT": amounts.administration_fee_vat,
        "FreightVAT": amounts.freight_vat,
        "Gross": amounts.gross,
        "Net": amounts.net,
        "RoundOff": amounts.round_off,
        "TotalToPay": invoice.total,
        "TotalVAT": amounts.vat,
    }


def _amounts_of_total(invoice: Invoice) -> Amounts:
    """Guess the amounts of an invoice of which only the total is known."""
    net = round_half_up(invoice.total / VAT) if invoice.currency == "SEK" else invoice.total
    return Amounts(net=net, gross=net, vat=invoice.total - net)


def _overridden(fields: Fields, wire: Mapping[str, Any]) -> Fields:
    """Return the fields with the overrides of those that this format has."""
    return fields | {name: value for name, value in wire.items() if name in fields}


#: The fields of a detail.
PAYMENT_FIELDS = payment_detail(
    Payment(invoice_number=1, amount=Decimal(0), payment_date=date.min), None, ""
).keys()
