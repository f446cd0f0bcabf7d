"""Creating, changing, booking and deleting payments, with the rules of Fortnox's API.

A new payment is unbooked; until it is booked it can be changed and deleted. A
booked payment clears its invoice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from hostsim.sandbox import currency_conversion, serializers
from hostsim.sandbox.bookkeeping_rules import (
    check_dimensions,
    check_lock,
    check_period,
    check_year,
    find_account,
    find_reference,
    rate_and_unit,
    reference_not_found,
)
from hostsim.sandbox.company import Company
from hostsim.sandbox.errors import (
    ALREADY_PAID,
    BEFORE_INVOICE,
    FIELD_MISSING,
    PERIOD_LOCKED_BOOKING,
    Refused,
)
from hostsim.sandbox.fields import (
    Field,
    Fields,
    amount,
    blanks,
    day,
    integer,
    list_of,
    no_data,
    not_clearable,
    parse_changes,
    rate,
    require,
    text,
)
from hostsim.sandbox.invoicing import find_invoice
from hostsim.sandbox.resources.read_only_registers import CURRENCIES, MODES_OF_PAYMENT
from hostsim.sandbox.values import Invoice, Payment, WriteOff

AMOUNT_ATTRIBUTES = {"amount", "amount_currency"}


def create_payment(company: Company, content: object) -> Payment:
    fields = _parse_fields(company, content)
    if "invoice_number" not in fields:
        raise Refused(FIELD_MISSING, "Fält saknas. (InvoiceNumber)")
    if not AMOUNT_ATTRIBUTES & fields.keys():
        raise Refused(FIELD_MISSING, "Fält saknas. (Amount)")
    invoice = find_invoice(company, fields["invoice_number"])
    fields = complete_fields(company, {"payment_date": company.today()} | fields, invoice, None)
    payment = Payment(**fields)
    _check_payment(company, payment, invoice)
    _refuse_paid(company, invoice)
    return company.add_payment(payment)


def change_payment(company: Company, number: int, content: object) -> Payment:
    payment = find_payment(company, number)
    _refuse_booked(company, payment)
    fields = _parse_fields(company, content, payment)
    _check_period(company, payment.payment_date)
    invoice = find_invoice(company, fields.get("invoice_number", payment.invoice_number))
    fields = complete_fields(company, fields, invoice, payment)
    _check_payment(company, replace(payment, **fields), invoice)
    if invoice.number != payment.invoice_number:
        _refuse_paid(company, invoice)
    return company.change_payment(number, **fields)


def complete_fields(
    company: Company, sent_fields: Fields, invoice: Invoice, before: Payment | None
) -> dict[str, Any]:
    """Return the fields of a payment with the derived ones, or refuse contradictions."""
    basis = before or invoice
    currency: str = sent_fields.get("currency", basis.currency)
    if currency != invoice.currency and company.switches.other_currency == "refused":
        message = "Betalningens valuta måste vara fakturans."
        raise Refused(company.switches.payment_currency_code, message)
    mode = sent_fields.get("mode_of_payment", "")
    fields = _mode_account(company, mode) | dict(sent_fields)
    if currency != basis.currency or "write_offs" in sent_fields:
        rows = sent_fields.get("write_offs", before.write_offs if before else ())
        fields["write_offs"] = tuple(
            _write_off_with_currency(company, row, currency) for row in rows
        )
    return fields | _amounts(company, sent_fields, currency, invoice, before)


def _amounts(
    company: Company, sent_fields: Fields, currency: str, invoice: Invoice, before: Payment | None
) -> dict[str, Any]:
    """Return amounts, currency, rate and unit of a payment; nothing if none of them changes."""
    basis = before or invoice
    stored_amount = before.in_currency if before else None
    if before:
        # Fields that are sent back as they were read are unchanged.
        stored = replace(before, amount_currency=stored_amount)
        unchanged = {name for name in sent_fields if sent_fields[name] == getattr(stored, name)}
        if not sent_fields.keys() & (currency_conversion.AMOUNT_FIELDS - unchanged):
            return {}
        if currency == before.currency:
            sent_fields = {
                name: sent_fields[name]
                for name in sent_fields.keys() - (unchanged & AMOUNT_ATTRIBUTES)
            }
    default_rate = (basis.currency_rate, basis.currency_unit)
    if currency != basis.currency:
        default_rate = rate_and_unit(find_reference(company, CURRENCIES, currency))
    amounts = currency_conversion.consistent_amounts(
        sent_fields, currency, default_rate, stored_amount, company.switches
    )
    return {"currency": currency, **amounts}


def _write_off_with_currency(company: Company, row: WriteOff, currency: str) -> WriteOff:
    """Return a write-off with its currency; refuse others than SEK and the payment's."""
    allowed_by_switch = {"own": ("SEK", currency), "SEK": ("SEK",), "payment": (currency,)}
    allowed = allowed_by_switch[company.switches.write_off_currency]
    if row.currency and row.currency not in allowed:
        raise reference_not_found(company, CURRENCIES)
    return replace(row, currency=row.currency or allowed[0])


def book_payment(company: Company, number: int) -> Payment:
    payment = find_payment(company, number)
    _refuse_booked(company, payment)
    with company.lock:
        if company.switches.payment_period == "checked":
            check_year(company, payment.payment_date)
            check_lock(company, payment.payment_date, PERIOD_LOCKED_BOOKING)
        _refuse_paid(company, find_invoice(company, payment.invoice_number))
        return company.book_payment(number)


def delete_payment(company: Company, number: int) -> None:
    payment = find_payment(company, number)
    if not company.switches.delete_booked:
        _refuse_booked(company, payment)
    company.delete_payment(number)


def find_payment(company: Company, number: int) -> Payment:
    """Return a payment, or refuse with an invented code."""
    payment = company.payment(number)
    if payment is None:
        raise Refused(company.switches.payment_not_found_code, "Kan inte hitta betalningen.", 404)
    return payment


def _refuse_booked(company: Company, payment: Payment) -> None:
    if payment.booked:
        raise Refused(company.switches.payment_locked_code, "Betalningen är redan bokförd.")


def _refuse_paid(company: Company, invoice: Invoice) -> None:
    if invoice.final_pay_date and company.switches.paid_invoice_payments == "refused":
        raise Refused(ALREADY_PAID, "Fakturan är redan slutbetald.")


def _check_period(company: Company, day: date) -> None:
    if company.switches.payment_period == "checked":
        check_period(company, day)


def _check_payment(company: Company, payment: Payment, invoice: Invoice) -> None:
    if payment.payment_date < invoice.invoice_date:
        message = "Betalningsdatum kan inte vara tidigare än fakturadatum."
        raise Refused(BEFORE_INVOICE, message)
    _check_period(company, payment.payment_date)
    if payment.amount < 0 and not company.switches.negative_payments:
        raise no_data()


# --- From Fortnox's fields to attributes ------------------------------------------


def _parse_fields(
    company: Company, content: object, before: Payment | None = None
) -> dict[str, Any]:
    parsed = parse_changes(content, FIELDS, company.switches, READ_ONLY)
    fields = {ATTRIBUTES[name][0]: value for name, value in parsed.items()}
    day = fields.get("payment_date", before.payment_date if before else company.today())
    if "account" in fields:
        find_account(company, fields["account"], day)
    if "write_offs" in fields:
        fields["write_offs"] = tuple(_write_off(company, row, day) for row in fields["write_offs"])
    return fields


def _mode_account(company: Company, code: str) -> dict[str, int]:
    """Return the account of a mode of payment, or refuse an unknown mode."""
    mode = company.registers.get("modesofpayments", code) if code else {}
    if mode is None and company.switches.unknown_terms == "refused":
        raise reference_not_found(company, MODES_OF_PAYMENT)
    account = (mode or {}).get("AccountNumber")
    return {"account": int(account)} if account else {}


def _write_off(company: Company, fields: Fields, day: date) -> WriteOff:
    require(fields, ("Amount", "AccountNumber"))
    find_account(company, fields["AccountNumber"], day)
    check_dimensions(company, fields)
    row = blanks(WRITE_OFF) | dict(fields)
    return WriteOff(
        amount=row["Amount"] if company.switches.write_off_sign == "added" else -row["Amount"],
        account=row["AccountNumber"],
        description=row["Description"],
        cost_center=row["CostCenter"],
        currency=row["Currency"],
        project=row["Project"],
        information=row["TransactionInformation"],
    )


WRITE_OFF: Mapping[str, Field] = {
    "AccountNumber": integer(1000, 9999),
    "Amount": amount(None),
    "CostCenter": text(),
    "Currency": text(3, 3),
    "Description": text(),
    "Project": text(),
    "TransactionInformation": text(),
}

#: The writable fields, with the sandbox's attributes.
ATTRIBUTES: Mapping[str, tuple[str, Field]] = {
    "InvoiceNumber": ("invoice_number", not_clearable(integer())),
    "Amount": ("amount", not_clearable(amount(None))),
    "AmountCurrency": ("amount_currency", not_clearable(amount(None))),
    "Currency": ("currency", not_clearable(text(3, 3))),
    "CurrencyRate": ("currency_rate", not_clearable(rate())),
    "CurrencyUnit": ("currency_unit", not_clearable(integer(1))),
    "ModeOfPayment": ("mode_of_payment", text()),
    "ModeOfPaymentAccount": ("account", not_clearable(integer(1000, 9999))),
    "PaymentDate": ("payment_date", not_clearable(day())),
    "WriteOffs": ("write_offs", list_of(WRITE_OFF, 500)),
}

FIELDS = {name: field for name, (_attribute, field) in ATTRIBUTES.items()}

#: What a client may send back as it was read, without effect.
READ_ONLY = serializers.PAYMENT_FIELDS - FIELDS.keys()
