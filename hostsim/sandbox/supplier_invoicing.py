"""How supplier invoices are made, changed, booked, cancelled and credited.

Rows are a coding in debit and credit, which must come to the total; the service adds the row
of the debt itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hostsim.sandbox import conversion, invoicing
from hostsim.sandbox.errors import (
    IDENTIFIER,
    PERIOD_LOCKED_BOOKING,
    UNBALANCED,
    Refused,
)
from hostsim.sandbox.fields import (
    Field,
    always,
    amount,
    changes,
    choice,
    code,
    day,
    flag,
    integer,
    listed,
    rate,
    rounded,
    text,
)
from hostsim.sandbox.registers import SupplierInvoice
from hostsim.sandbox.resources.suppliers import SUPPLIERS
from hostsim.sandbox.state import Company

Fields = Mapping[str, Any]

ZERO = Decimal(0)
#: The account of the debt, of VAT that is given back, and of what is bought.
DEBT, VAT, BOUGHT = 2440, 2641, 4010

CODES = (
    "TOT", "VAT", "FRT", "AFE", "ROV", "CND", "CNC", "PRD", "PRC", "SRD", "SRC", "PRE", "GWB",
    "ACC",
)  # fmt: skip

ROW: Mapping[str, Field] = {
    "Account": integer(1000, 9999, blank=0),
    "AccountDescription": text(),
    "ArticleNumber": text(),
    "Code": choice(*CODES),
    "CostCenter": text(),
    "Credit": amount(),
    "CreditCurrency": amount(),
    "Debit": amount(),
    "DebitCurrency": amount(),
    "ItemDescription": text(),
    "Price": amount(),
    "Project": text(),
    "Quantity": integer(blank=0),
    "StockLocationCode": text(),
    "StockPointCode": text(),
    "Total": amount(),
    "TransactionInformation": text(100),
    "Unit": text(),
}

FIELDS: Mapping[str, Field] = {
    "AdministrationFee": amount(),
    "Comments": text(1000),
    "CostCenter": text(),
    "Currency": text(3, 3, blank="SEK"),
    "CurrencyRate": rate(blank=Decimal(1)),
    "CurrencyUnit": integer(1, blank=1),
    "DisablePaymentFile": flag(),
    "DueDate": always(day()),
    "ExternalInvoiceNumber": text(),
    "ExternalInvoiceSeries": text(),
    "Freight": amount(),
    "InvoiceDate": always(day()),
    "InvoiceNumber": text(64),
    "OCR": text(),
    "OurReference": text(50),
    "Project": text(),
    "RoundOffValue": amount(),
    "SalesType": choice("STOCK", "SERVICE", blank="STOCK"),
    "SupplierInvoiceRows": listed(ROW, 500),
    "SupplierNumber": code(),
    "Total": amount(),
    "VAT": amount(),
    "VATType": choice("NORMAL", "EUINTERNAL", "REVERSE", blank="NORMAL"),
    "YourReference": text(50),
}

READ_ONLY = {
    "@url",
    "AccountingMethod",
    "Balance",
    "Booked",
    "Cancelled",
    "Credit",
    "CreditReference",
    "FinalPayDate",
    "GivenNumber",
    "PaymentPending",
    "SupplierName",
    "VoucherNumber",
    "VoucherSeries",
    "VoucherYear",
    "Vouchers",
}


def find(company: Company, number: int) -> SupplierInvoice:
    found = company.registers.supplier_invoices.get(number)
    if found is None:
        message = "Kan inte hitta leverantörsfakturan."
        raise Refused(company.switches.supplier_invoice_not_found_code, message, 404)
    return found


# --- Making and changing ----------------------------------------------------


def make(company: Company, sent: object) -> SupplierInvoice:
    given = changes(sent, FIELDS, company.switches, READ_ONLY)
    if not given.get("SupplierNumber"):
        raise Refused(IDENTIFIER, "A valid identifier was not provided.")
    with company.lock:
        registers = company.registers
        _refuse_twice(company, given)
        checked = _checked(company, given)
        registers.last_supplier_invoice += 1
        made = SupplierInvoice(registers.last_supplier_invoice, checked, company.clock.now())
        registers.supplier_invoices[made.number] = made
        return made


def change(company: Company, number: int, sent: object) -> SupplierInvoice:
    given = changes(sent, FIELDS, company.switches, READ_ONLY)
    with company.lock:
        before = find(company, number)
        _refuse_settled(company, before)
        invoicing.check_period(company, before.fields["InvoiceDate"])
        kept = dict(before.fields)
        # The service's own row is made again.
        kept["SupplierInvoiceRows"] = [
            row for row in kept["SupplierInvoiceRows"] if row.get("Code") != "TOT"
        ]
        whole = kept | given
        if whole["Currency"] != kept["Currency"]:
            invoicing.forget_rate(whole, given)
        return _put(company, before, fields=_checked(company, whole))


def _put(company: Company, before: SupplierInvoice, **changed: Any) -> SupplierInvoice:
    after = replace(before, **{"modified": company.clock.now(), **changed})
    company.registers.supplier_invoices[after.number] = after
    return after


def _refuse_twice(company: Company, given: Fields) -> None:
    """Refuse a supplier's number that is there already, where the switch says so."""
    switches = company.switches
    if switches.supplier_invoice_twice == "accepted":
        return
    key = (given["SupplierNumber"], given.get("InvoiceNumber"))
    for other in company.registers.supplier_invoices.values():
        named = (other.fields["SupplierNumber"], other.fields.get("InvoiceNumber"))
        if key == named and not other.cancelled:
            message = f"Fakturanummer {key[1]} används redan."
            raise Refused(switches.supplier_invoice_twice_code, message)


def _checked(company: Company, given: Fields) -> dict[str, Any]:
    """Return the record as it is stored, or refuse it."""
    fields = dict(given)
    supplier = invoicing.named(company, SUPPLIERS, fields["SupplierNumber"])
    fields.setdefault("SupplierName", supplier["Name"])
    day_of = fields.setdefault("InvoiceDate", company.today())
    # Terms of payment do not fill it, as a client says.
    fields.setdefault("DueDate", day_of)
    invoicing.check_period(company, day_of)
    fields.setdefault("Currency", "SEK")
    invoicing.fill_rate(company, fields)
    rate = conversion.sek_for_one(fields["CurrencyRate"], fields["CurrencyUnit"], company.switches)
    rows = [_in_both(row, rate) for row in fields.get("SupplierInvoiceRows", ())]
    fields.setdefault("Total", sum(map(_debit, rows), ZERO))
    rows = rows or _preset_rows(fields, supplier, rate)
    for row in (fields, *rows):
        invoicing.check_units(company, row)
    for row in rows:
        invoicing.account_of(company, row.get("Account", 0), day_of)
    if not any(row.get("Code") == "TOT" for row in rows):
        if sum(map(_debit, rows), ZERO) != fields["Total"]:
            raise Refused(UNBALANCED, "Leverantörsfakturan balanserar inte.")
        rows.append(_row(DEBT, -fields["Total"], rate, Code="TOT"))
    elif sum(map(_debit, rows), ZERO):
        raise Refused(UNBALANCED, "Leverantörsfakturan balanserar inte.")
    return fields | {"SupplierInvoiceRows": _balanced(rows)}


def _in_both(row: Fields, rate: Decimal) -> dict[str, Any]:
    """Return a row with its amounts in SEK and in the currency, whichever was sent.

    Where both were, SEK that come to another amount in the currency do not count.
    """
    both = dict(row)
    for side in ("Debit", "Credit"):
        in_currency = f"{side}Currency"
        if side in row:
            both.setdefault(in_currency, rounded(row[side] / rate))
        if in_currency in both and (
            side not in row or rounded(row[side] / rate) != both[in_currency]
        ):
            both[side] = rounded(both[in_currency] * rate)
    return both


def _balanced(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows that balance in SEK, too: the last one takes what rounding has left."""
    rest = sum((_debit(row, "") for row in rows), ZERO)
    if not rest:
        return rows
    place = max(place for place, row in enumerate(rows) if {"Debit", "Credit"} & row.keys())
    last = dict(rows[place])
    if "Debit" in last:
        last["Debit"] -= rest
    else:
        last["Credit"] += rest
    return [*rows[:place], last, *rows[place + 1 :]]


def _debit(row: Fields, of: str = "Currency") -> Decimal:
    """Return what a row adds, in the currency or in SEK."""
    debit: Decimal = row.get(f"Debit{of}", ZERO) - row.get(f"Credit{of}", ZERO)
    return debit


def _row(account: int, debit: Decimal, rate: Decimal, **more: Any) -> dict[str, Any]:
    side = "Debit" if debit >= 0 else "Credit"
    sums = {side: rounded(abs(debit) * rate), f"{side}Currency": abs(debit)}
    return {"Account": account, **sums, **more}


def _preset_rows(fields: Fields, supplier: Fields, rate: Decimal) -> list[dict[str, Any]]:
    """Return the coding of an invoice that was sent without any."""
    vat = fields.get("VAT", ZERO)
    bought = int(supplier.get("PreDefinedAccount") or BOUGHT)
    rows = [_row(bought, fields["Total"] - vat, rate)]
    return [*rows, _row(VAT, vat, rate, Code="VAT")] if vat else rows


def _refuse_settled(company: Company, invoice: SupplierInvoice) -> None:
    if invoice.booked or invoice.cancelled or invoice.final_pay_date:
        message = "Leverantörsfakturan är bokförd, makulerad eller betald."
        raise Refused(company.switches.supplier_invoice_locked_code, message)


# --- Actions ----------------------------------------------------------------


def approve_booking(company: Company, number: int) -> SupplierInvoice:
    return _put(company, find(company, number), approved=True)


def approve_payment(company: Company, number: int) -> SupplierInvoice:
    return _put(company, find(company, number), payment_approved=True)


def bookkeep(company: Company, number: int) -> SupplierInvoice:
    switches = company.switches
    with company.lock:
        found = find(company, number)
        _refuse_settled(company, found)
        if switches.booking_needs_attest and not found.approved:
            message = "Leverantörsfakturan är inte attesterad."
            raise Refused(switches.supplier_invoice_locked_code, message)
        day_of: date = found.fields["InvoiceDate"]
        invoicing.check_lock(company, day_of, PERIOD_LOCKED_BOOKING)
        for row in found.fields["SupplierInvoiceRows"]:
            account = invoicing.account_of(company, row.get("Account", 0), day_of)
            center = row.get("CostCenter") or found.fields.get("CostCenter", "")
            invoicing.check_cost_center(company, account, center)
        return book(company, number)


def book(company: Company, number: int) -> SupplierInvoice:
    """Book a supplier invoice, as a person in Fortnox can; ``LookupError`` without one."""
    with company.lock:
        found = _there(company, number)
        company.registers.last_supplier_voucher += 1
        year = company.financial_year(found.fields["InvoiceDate"])
        voucher = {
            "Number": company.registers.last_supplier_voucher,
            "ReferenceType": "SUPPLIERINVOICE",
            "Series": "D",
            "Year": year.id if year else 1,
        }
        return _put(company, found, booked=True, voucher=voucher)


def cancel(company: Company, number: int) -> SupplierInvoice:
    with company.lock:
        found = find(company, number)
        _refuse_settled(company, found)
        return _put(company, found, cancelled=True)


def cancel_there(company: Company, number: int) -> SupplierInvoice:
    """Cancel one as a person in Fortnox can; ``LookupError`` without one."""
    return _put(company, _there(company, number), cancelled=True)


def _there(company: Company, number: int) -> SupplierInvoice:
    found = company.registers.supplier_invoices.get(number)
    if found is None:
        raise LookupError(f"supplier invoice {number}")
    return found


def credit(company: Company, number: int) -> SupplierInvoice:
    """Make an unbooked one that credits this one; this one names it from now on."""
    with company.lock:
        found = find(company, number)
        if found.cancelled or found.credited_by:
            message = "Leverantörsfakturan kan inte krediteras."
            raise Refused(company.switches.supplier_invoice_locked_code, message)
        registers, today = company.registers, company.today()
        registers.last_supplier_invoice += 1
        fields = dict(found.fields) | {"InvoiceDate": today, "DueDate": today}
        for name in ("Total", "VAT", "Freight", "AdministrationFee", "RoundOffValue"):
            if name in fields:
                fields[name] = -fields[name]
        fields["SupplierInvoiceRows"] = [_turned(row) for row in fields["SupplierInvoiceRows"]]
        made = SupplierInvoice(
            registers.last_supplier_invoice, fields, company.clock.now(), credit_of=number
        )
        registers.supplier_invoices[made.number] = made
        return _put(company, found, credited_by=made.number)


def _turned(row: Fields) -> dict[str, Any]:
    """Return a row with debit for credit."""
    other = {"Debit": "Credit", "Credit": "Debit"}
    other |= {f"{one}Currency": f"{two}Currency" for one, two in other.items()}
    return {other.get(name, name): value for name, value in row.items()}


def pay(company: Company, number: int, day_of: date) -> SupplierInvoice:
    """Pay a supplier invoice in full, as a person in Fortnox can."""
    with company.lock:
        return _put(company, _there(company, number), final_pay_date=day_of)
