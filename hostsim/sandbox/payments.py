"""What Fortnox's API lets a client change, and what it refuses.

A payment is made unbooked, can be changed and deleted while it is, and clears
its invoice when it is booked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from hostsim.sandbox import conversion
from hostsim.sandbox.errors import (
    ALREADY_PAID,
    BEFORE_INVOICE,
    FIELD_MISSING,
    PERIOD_LOCKED_BOOKING,
    Refused,
)
from hostsim.sandbox.fields import (
    Field,
    always,
    amount,
    blanks,
    changes,
    day,
    integer,
    listed,
    no_data,
    rate,
    require,
    text,
)
from hostsim.sandbox.invoicing import (
    account_of,
    check_lock,
    check_period,
    check_units,
    check_year,
    find_invoice,
    named,
    not_there,
    quoted,
)
from hostsim.sandbox.resources.small_registers import CURRENCIES, MODES_OF_PAYMENT
from hostsim.sandbox.state import Company, Invoice, Payment, WriteOff

Fields = Mapping[str, Any]

AMOUNTS = {"amount", "amount_currency"}


def make_payment(company: Company, sent: object) -> Payment:
    given = _changes(company, sent)
    if "invoice_number" not in given:
        raise Refused(FIELD_MISSING, "Fält saknas. (InvoiceNumber)")
    if not AMOUNTS & given.keys():
        raise Refused(FIELD_MISSING, "Fält saknas. (Amount)")
    invoice = find_invoice(company, given["invoice_number"])
    given = completed(company, {"payment_date": company.today()} | given, invoice, None)
    payment = Payment(**given)
    _check(company, payment, invoice)
    _refuse_paid(company, invoice)
    return company.add_payment(payment)


def change_payment(company: Company, number: int, sent: object) -> Payment:
    payment = find_payment(company, number)
    _refuse_booked(company, payment)
    given = _changes(company, sent, payment)
    _check_period(company, payment.payment_date)
    invoice = find_invoice(company, given.get("invoice_number", payment.invoice_number))
    given = completed(company, given, invoice, payment)
    _check(company, replace(payment, **given), invoice)
    if invoice.number != payment.invoice_number:
        _refuse_paid(company, invoice)
    return company.change_payment(number, **given)


def completed(
    company: Company, given: Fields, invoice: Invoice, before: Payment | None
) -> dict[str, Any]:
    """Return the fields of a payment with what follows from them, or refuse what contradicts."""
    switches = company.switches
    basis = before or invoice
    currency: str = given.get("currency", basis.currency)
    moved = currency != basis.currency
    if currency != invoice.currency and switches.other_currency == "refused":
        message = "Betalningens valuta måste vara fakturans."
        raise Refused(switches.payment_currency_code, message)
    mode = given.get("mode_of_payment", "")
    fields = _account_of_mode(company, mode) | dict(given)
    if moved or "write_offs" in given:
        rows = given.get("write_offs", before.write_offs if before else ())
        fields["write_offs"] = tuple(_in_currency(company, row, currency) for row in rows)
    kept = before.in_currency if before else None
    if before:
        # What was read and is sent back is not changed.
        stored = replace(before, amount_currency=kept)
        same = {name for name in given if given[name] == getattr(stored, name)}
        if not given.keys() & (conversion.PARTS - same):
            return fields
        if not moved:
            given = {name: given[name] for name in given.keys() - (same & AMOUNTS)}
    preset = (basis.currency_rate, basis.currency_unit)
    if moved:
        preset = quoted(named(company, CURRENCIES, currency))
    amounts = conversion.agreeing(given, currency, preset, kept, switches)
    return {**fields, "currency": currency, **amounts}


def _in_currency(company: Company, row: WriteOff, currency: str) -> WriteOff:
    """Return a write-off with its currency, SEK or that of its payment, or refuse another."""
    allowed = {"own": ("SEK", currency), "SEK": ("SEK",), "payment": (currency,)}
    known = allowed[company.switches.write_off_currency]
    if row.currency and row.currency not in known:
        raise not_there(company, CURRENCIES)
    return replace(row, currency=row.currency or known[0])


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
    """Return a payment. The code of the refusal is invented."""
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


def _check(company: Company, payment: Payment, invoice: Invoice) -> None:
    if payment.payment_date < invoice.invoice_date:
        message = "Betalningsdatum kan inte vara tidigare än fakturadatum."
        raise Refused(BEFORE_INVOICE, message)
    _check_period(company, payment.payment_date)
    if payment.amount < 0 and not company.switches.negative_payments:
        raise no_data()


# --- From Fortnox's fields to ours ------------------------------------------


def _changes(company: Company, sent: object, before: Payment | None = None) -> dict[str, Any]:
    read = changes(sent, FIELDS, company.switches, READ_ONLY)
    given = {ATTRIBUTES[name][0]: value for name, value in read.items()}
    on = given.get("payment_date", before.payment_date if before else company.today())
    if "account" in given:
        account_of(company, given["account"], on)
    if "write_offs" in given:
        given["write_offs"] = tuple(_write_off(company, row, on) for row in given["write_offs"])
    return given


def _account_of_mode(company: Company, code: str) -> dict[str, int]:
    """Return the account of a mode of payment, or refuse one that is not there."""
    mode = company.registers.get("modesofpayments", code) if code else {}
    if mode is None and company.switches.unknown_terms == "refused":
        raise not_there(company, MODES_OF_PAYMENT)
    account = (mode or {}).get("AccountNumber")
    return {"account": int(account)} if account else {}


def _write_off(company: Company, sent: Fields, day: date) -> WriteOff:
    require(sent, ("Amount", "AccountNumber"))
    account_of(company, sent["AccountNumber"], day)
    check_units(company, sent)
    row = blanks(WRITE_OFF) | dict(sent)
    return WriteOff(
        amount=row["Amount"] if company.switches.write_off_sign == "added" else -row["Amount"],
        account=row["AccountNumber"],
        description=row["Description"],
        cost_center=row["CostCenter"],
        currency=row["Currency"],
        project=row["Project"],
        information=row["TransactionInformation"],
    )


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

WRITE_OFF: Mapping[str, Field] = {
    "AccountNumber": integer(1000, 9999),
    "Amount": amount(None),
    "CostCenter": text(),
    "Currency": text(3, 3),
    "Description": text(),
    "Project": text(),
    "TransactionInformation": text(),
}

#: What a client may send, and what the sandbox calls it.
ATTRIBUTES: Mapping[str, tuple[str, Field]] = {
    "InvoiceNumber": ("invoice_number", always(integer())),
    "Amount": ("amount", always(amount(None))),
    "AmountCurrency": ("amount_currency", always(amount(None))),
    "Currency": ("currency", always(text(3, 3))),
    "CurrencyRate": ("currency_rate", always(rate())),
    "CurrencyUnit": ("currency_unit", always(integer(1))),
    "ModeOfPayment": ("mode_of_payment", text()),
    "ModeOfPaymentAccount": ("account", always(integer(1000, 9999))),
    "PaymentDate": ("payment_date", always(day())),
    "WriteOffs": ("write_offs", listed(WRITE_OFF, 500)),
}

FIELDS = {name: field for name, (_ours, field) in ATTRIBUTES.items()}
