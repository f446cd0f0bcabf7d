"""What Fortnox's API lets a client change, and what it refuses.

A payment is made unbooked, can be changed and deleted while it is, and clears
its invoice when it is booked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hostsim.sandbox.clock import STOCKHOLM
from hostsim.sandbox.errors import (
    ALREADY_PAID,
    BEFORE_INVOICE,
    FIELD_MISSING,
    FIELD_NAME,
    NO_DATA,
    STRUCTURE,
    Refused,
    invoice_not_found,
)
from hostsim.sandbox.fields import as_sent, decimal_of, no_data, rounded, whole
from hostsim.sandbox.state import Company, Invoice, Payment, WriteOff
from hostsim.sandbox.switches import Switches

Fields = Mapping[str, Any]


def make_payment(company: Company, body: object, switches: Switches) -> Payment:
    changes = _changes(body, switches)
    if "invoice_number" not in changes:
        raise Refused(FIELD_MISSING, "Fält saknas. (InvoiceNumber)")
    if not {"amount", "amount_currency"} & changes.keys():
        raise Refused(FIELD_MISSING, "Fält saknas. (Amount)")
    invoice = _invoice(company, changes["invoice_number"])
    given = {"payment_date": _today(company)} | changes
    payment = Payment(
        **{
            "currency": invoice.currency,
            "currency_rate": invoice.currency_rate,
            "currency_unit": invoice.currency_unit,
            "amount": _sek(given, invoice, switches),
            **given,
        }
    )
    _check(payment, invoice, switches)
    if invoice.final_pay_date and switches.paid_invoice_payments == "refused":
        raise Refused(ALREADY_PAID, "Fakturan är redan slutbetald.")
    return company.add_payment(payment)


def change_payment(company: Company, number: int, body: object, switches: Switches) -> Payment:
    payment = find_payment(company, number, switches)
    changes = _changes(body, switches)
    _refuse_booked(payment, switches)
    invoice = _invoice(company, changes.get("invoice_number", payment.invoice_number))
    _check(replace(payment, **changes), invoice, switches)
    return company.change_payment(number, **changes)


def book_payment(company: Company, number: int, switches: Switches) -> Payment:
    payment = find_payment(company, number, switches)
    _refuse_booked(payment, switches)
    return company.book_payment(number)


def delete_payment(company: Company, number: int, switches: Switches) -> None:
    payment = find_payment(company, number, switches)
    if not switches.delete_booked:
        _refuse_booked(payment, switches)
    company.delete_payment(number)


def find_payment(company: Company, number: int, switches: Switches) -> Payment:
    """Return a payment. The code of the refusal is invented."""
    payment = company.payment(number)
    if payment is None:
        raise Refused(switches.payment_not_found_code, "Kan inte hitta betalningen.", 404)
    return payment


def _refuse_booked(payment: Payment, switches: Switches) -> None:
    if payment.booked:
        raise Refused(switches.payment_locked_code, "Betalningen är redan bokförd.")


def _invoice(company: Company, number: int) -> Invoice:
    invoice = company.invoice(number)
    if invoice is None:
        raise invoice_not_found()
    return invoice


def _check(payment: Payment, invoice: Invoice, switches: Switches) -> None:
    if payment.payment_date < invoice.invoice_date:
        message = "Betalningsdatum kan inte vara tidigare än fakturadatum."
        raise Refused(BEFORE_INVOICE, message)
    if payment.currency != invoice.currency and switches.other_currency == "refused":
        message = "Betalningens valuta måste vara fakturans."
        raise Refused(switches.payment_currency_code, message)
    if payment.amount < 0 and not switches.negative_payments:
        raise Refused(NO_DATA, "Ingen eller felaktig typ av data.")


def _sek(given: Fields, invoice: Invoice, switches: Switches) -> Decimal:
    """Return the amount in SEK where only the one in currency is given."""
    in_currency = given.get("amount_currency")
    if in_currency is None:
        if invoice.currency != "SEK":
            raise Refused(FIELD_MISSING, "Fält saknas. (AmountCurrency)")
        return Decimal(0)
    rate = Decimal(given.get("currency_rate", invoice.currency_rate))
    unit = invoice.currency_unit if switches.unit_divides else 1
    return rounded(in_currency * rate / unit)


def _today(company: Company) -> date:
    return company.clock.now().astimezone(STOCKHOLM).date()


# --- From Fortnox's fields to ours ------------------------------------------


def _changes(body: object, switches: Switches) -> dict[str, Any]:
    fields = body.get("InvoicePayment") if isinstance(body, Mapping) else None
    if not isinstance(fields, Mapping):
        raise Refused(NO_DATA, "Ingen eller felaktig typ av data.")
    ignored = READ_ONLY if switches.read_only_fields == "ignored" else set()
    known = READERS.keys() | ignored
    unknown = next((name for name in fields if name not in known), None)
    if unknown is not None:
        raise Refused(FIELD_NAME, f"Felaktigt fältnamn ({unknown})")
    return dict(
        _read(name, value, switches)
        for name, value in fields.items()
        # As everywhere, null and an empty text change nothing.
        if name in READERS and value is not None and value != ""
    )


def _read(name: str, value: object, switches: Switches) -> tuple[str, Any]:
    ours, reader = READERS[name]
    try:
        return ours, reader(value, switches)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise no_data() from error


def _text(value: object, _switches: Switches) -> str:
    return as_sent(value)


def _amount(value: object, _switches: Switches) -> Decimal:
    return decimal_of(value)


def _account(value: object, switches: Switches) -> int:
    number: int = whole(1000, 9999).read("AccountNumber", value, switches)
    return number


def _write_offs(value: object, switches: Switches) -> tuple[WriteOff, ...]:
    if not isinstance(value, list):
        raise TypeError
    if any(not isinstance(row, Mapping) for row in value):
        raise Refused(STRUCTURE, "Felaktig datastruktur.")
    sign = 1 if switches.write_off_sign == "added" else -1
    return tuple(
        WriteOff(
            amount=_amount(row["Amount"], switches) * sign,
            account=_account(row["AccountNumber"], switches),
            description=str(row.get("Description") or ""),
            cost_center=str(row.get("CostCenter") or ""),
            currency=str(row.get("Currency") or "SEK"),
            project=str(row.get("Project") or ""),
            information=str(row.get("TransactionInformation") or ""),
        )
        for row in value
    )


def _whole(value: object, switches: Switches) -> int:
    """Read a whole number; ``1.0`` is one too."""
    amount = _amount(value, switches)
    if amount != int(amount):
        raise ValueError
    return int(amount)


def _day(value: object, _switches: Switches) -> date:
    return date.fromisoformat(str(value))


#: In answers, and not to be set by a client.
READ_ONLY = {
    "@url",
    "Booked",
    "ExternalInvoiceReference1",
    "ExternalInvoiceReference2",
    "InvoiceCustomerName",
    "InvoiceCustomerNumber",
    "InvoiceDueDate",
    "InvoiceOCR",
    "InvoiceTotal",
    "Number",
    "Source",
    "VoucherNumber",
    "VoucherSeries",
    "VoucherYear",
}

READERS: Mapping[str, tuple[str, Callable[[object, Switches], Any]]] = {
    "InvoiceNumber": ("invoice_number", _whole),
    "Amount": ("amount", _amount),
    "AmountCurrency": ("amount_currency", _amount),
    "Currency": ("currency", _text),
    "CurrencyRate": ("currency_rate", _amount),
    "CurrencyUnit": ("currency_unit", _whole),
    "ModeOfPayment": ("mode_of_payment", _text),
    "ModeOfPaymentAccount": ("account", _account),
    "PaymentDate": ("payment_date", _day),
    "WriteOffs": ("write_offs", _write_offs),
}
