"""Creating, changing, booking, cancelling and crediting supplier invoices.

The rows are a coding in debit and credit, which must balance with the total; Fortnox adds the
row of accounts payable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hostsim.sandbox import currency_conversion
from hostsim.sandbox.bookkeeping_rules import (
    check_cost_center,
    check_dimensions,
    check_lock,
    check_period,
    drop_unsent_rate,
    fill_rate,
    find_account,
    find_reference,
)
from hostsim.sandbox.company import Company
from hostsim.sandbox.errors import (
    IDENTIFIER,
    PERIOD_LOCKED_BOOKING,
    UNBALANCED,
    Refused,
)
from hostsim.sandbox.fields import (
    Field,
    Fields,
    amount,
    choice,
    code,
    day,
    flag,
    integer,
    list_of,
    not_clearable,
    parse_changes,
    rate,
    round_half_up,
    text,
)
from hostsim.sandbox.registers import SupplierInvoice
from hostsim.sandbox.resources.suppliers import SUPPLIERS
from hostsim.sandbox.values import ZERO

#: Accounts payable, input VAT, and purchases.
PAYABLES_ACCOUNT, VAT_ACCOUNT, PURCHASES_ACCOUNT = 2440, 2641, 4010

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
    "DueDate": not_clearable(day()),
    "ExternalInvoiceNumber": text(),
    "ExternalInvoiceSeries": text(),
    "Freight": amount(),
    "InvoiceDate": not_clearable(day()),
    "InvoiceNumber": text(64),
    "OCR": text(),
    "OurReference": text(50),
    "Project": text(),
    "RoundOffValue": amount(),
    "SalesType": choice("STOCK", "SERVICE", blank="STOCK"),
    "SupplierInvoiceRows": list_of(ROW, 500),
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
    invoice = company.registers.supplier_invoices.get(number)
    if invoice is None:
        message = "Kan inte hitta leverantörsfakturan."
        raise Refused(company.switches.supplier_invoice_not_found_code, message, 404)
    return invoice


# --- Making and changing ----------------------------------------------------


def create(company: Company, content: object) -> SupplierInvoice:
    fields = parse_changes(content, FIELDS, company.switches, READ_ONLY)
    if not fields.get("SupplierNumber"):
        raise Refused(IDENTIFIER, "A valid identifier was not provided.")
    with company.lock:
        _refuse_duplicate(company, fields)
        return _add(company, _validated_fields(company, fields))


def change(company: Company, number: int, content: object) -> SupplierInvoice:
    sent_fields = parse_changes(content, FIELDS, company.switches, READ_ONLY)
    with company.lock:
        before = find(company, number)
        _refuse_settled(company, before)
        check_period(company, before.fields["InvoiceDate"])
        stored = dict(before.fields)
        # Fortnox's own row is recreated.
        stored["SupplierInvoiceRows"] = [
            row for row in stored["SupplierInvoiceRows"] if row.get("Code") != "TOT"
        ]
        merged = stored | sent_fields
        if merged["Currency"] != stored["Currency"]:
            drop_unsent_rate(merged, sent_fields)
        return _update(company, before, fields=_validated_fields(company, merged))


def _add(company: Company, fields: Fields, credit_of: int = 0) -> SupplierInvoice:
    number, now = company.registers.last_supplier_invoice + 1, company.clock.now()
    invoice = SupplierInvoice(number, fields, now, credit_of=credit_of)
    return company.registers.put_supplier_invoice(invoice)


def _update(company: Company, before: SupplierInvoice, **changed: Any) -> SupplierInvoice:
    changed = {"modified": company.clock.now()} | changed
    return company.registers.put_supplier_invoice(replace(before, **changed))


def _refuse_duplicate(company: Company, fields: Fields) -> None:
    """Refuse an invoice number that the supplier has used, if the switch says so."""
    switches = company.switches
    if switches.supplier_invoice_twice == "accepted":
        return
    key = (fields["SupplierNumber"], fields.get("InvoiceNumber"))
    for other in company.registers.supplier_invoices.values():
        other_key = (other.fields["SupplierNumber"], other.fields.get("InvoiceNumber"))
        if key == other_key and not other.cancelled:
            message = f"Fakturanummer {key[1]} används redan."
            raise Refused(switches.supplier_invoice_twice_code, message)


def _validated_fields(company: Company, sent_fields: Fields) -> dict[str, Any]:
    """Return the fields to store, or refuse them."""
    fields = dict(sent_fields)
    supplier = find_reference(company, SUPPLIERS, fields["SupplierNumber"])
    fields.setdefault("SupplierName", supplier["Name"])
    invoice_date = fields.setdefault("InvoiceDate", company.today())
    # It does not follow from the terms of payment, as a client reports.
    fields.setdefault("DueDate", invoice_date)
    check_period(company, invoice_date)
    fields.setdefault("Currency", "SEK")
    fill_rate(company, fields)
    rate = currency_conversion.effective_rate(
        fields["CurrencyRate"], fields["CurrencyUnit"], company.switches
    )
    rows = [_with_both_currencies(row, rate) for row in fields.get("SupplierInvoiceRows", ())]
    fields.setdefault("Total", sum(map(_net_debit, rows), ZERO))
    rows = rows or _default_rows(fields, supplier, rate)
    for row in (fields, *rows):
        check_dimensions(company, row)
    for row in rows:
        find_account(company, row.get("Account", 0), invoice_date)
    if not any(row.get("Code") == "TOT" for row in rows):
        if sum(map(_net_debit, rows), ZERO) != fields["Total"]:
            raise Refused(UNBALANCED, "Leverantörsfakturan balanserar inte.")
        rows.append(_row(PAYABLES_ACCOUNT, -fields["Total"], rate, Code="TOT"))
    elif sum(map(_net_debit, rows), ZERO):
        raise Refused(UNBALANCED, "Leverantörsfakturan balanserar inte.")
    return fields | {"SupplierInvoiceRows": _balance_in_sek(rows)}


def _with_both_currencies(row: Fields, rate: Decimal) -> dict[str, Any]:
    """Return a row with its amounts in SEK and in the currency, whichever was sent.

    If both were sent and differ, the amount in the currency counts.
    """
    both = dict(row)
    for side in ("Debit", "Credit"):
        in_currency = f"{side}Currency"
        if side in row:
            both.setdefault(in_currency, round_half_up(row[side] / rate))
        if in_currency in both and (
            side not in row or round_half_up(row[side] / rate) != both[in_currency]
        ):
            both[side] = round_half_up(both[in_currency] * rate)
    return both


def _balance_in_sek(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows that balance in SEK, too; the last one takes the rounding difference."""
    difference = sum((_net_debit(row, "") for row in rows), ZERO)
    if not difference:
        return rows
    index = max(index for index, row in enumerate(rows) if {"Debit", "Credit"} & row.keys())
    last = dict(rows[index])
    if "Debit" in last:
        last["Debit"] -= difference
    else:
        last["Credit"] += difference
    return [*rows[:index], last, *rows[index + 1 :]]


def _net_debit(row: Fields, suffix: str = "Currency") -> Decimal:
    """Return debit less credit of a row, in the currency or, without suffix, in SEK."""
    debit: Decimal = row.get(f"Debit{suffix}", ZERO) - row.get(f"Credit{suffix}", ZERO)
    return debit


def _row(account: int, debit: Decimal, rate: Decimal, **fields: Any) -> dict[str, Any]:
    side = "Debit" if debit >= 0 else "Credit"
    amounts = {side: round_half_up(abs(debit) * rate), f"{side}Currency": abs(debit)}
    return {"Account": account, **amounts, **fields}


def _default_rows(fields: Fields, supplier: Fields, rate: Decimal) -> list[dict[str, Any]]:
    """Return the default coding of an invoice that was sent without rows."""
    vat = fields.get("VAT", ZERO)
    account = int(supplier.get("PreDefinedAccount") or PURCHASES_ACCOUNT)
    rows = [_row(account, fields["Total"] - vat, rate)]
    return [*rows, _row(VAT_ACCOUNT, vat, rate, Code="VAT")] if vat else rows


def _refuse_settled(company: Company, invoice: SupplierInvoice) -> None:
    if invoice.booked or invoice.cancelled or invoice.final_pay_date:
        message = "Leverantörsfakturan är bokförd, makulerad eller betald."
        raise Refused(company.switches.supplier_invoice_locked_code, message)


# --- Actions ----------------------------------------------------------------


def approve_booking(company: Company, number: int) -> SupplierInvoice:
    return _update(company, find(company, number), approved=True)


def approve_payment(company: Company, number: int) -> SupplierInvoice:
    return _update(company, find(company, number), payment_approved=True)


def bookkeep(company: Company, number: int) -> SupplierInvoice:
    switches = company.switches
    with company.lock:
        invoice = find(company, number)
        _refuse_settled(company, invoice)
        if switches.booking_needs_attest and not invoice.approved:
            message = "Leverantörsfakturan är inte attesterad."
            raise Refused(switches.supplier_invoice_locked_code, message)
        invoice_date: date = invoice.fields["InvoiceDate"]
        check_lock(company, invoice_date, PERIOD_LOCKED_BOOKING)
        for row in invoice.fields["SupplierInvoiceRows"]:
            account = find_account(company, row.get("Account", 0), invoice_date)
            center = row.get("CostCenter") or invoice.fields.get("CostCenter", "")
            check_cost_center(company, account, center)
        return book(company, number)


def book(company: Company, number: int) -> SupplierInvoice:
    """Book a supplier invoice as a user in Fortnox's program. Raises ``LookupError``."""
    with company.lock:
        invoice = _get(company, number)
        year = company.financial_year(invoice.fields["InvoiceDate"])
        voucher = {
            "Number": company.registers.last_supplier_voucher + 1,
            "ReferenceType": "SUPPLIERINVOICE",
            "Series": "D",
            "Year": year.id if year else 1,
        }
        return _update(company, invoice, booked=True, voucher=voucher)


def cancel(company: Company, number: int) -> SupplierInvoice:
    with company.lock:
        invoice = find(company, number)
        _refuse_settled(company, invoice)
        return _update(company, invoice, cancelled=True)


def cancel_as_user(company: Company, number: int) -> SupplierInvoice:
    """Cancel a supplier invoice as a user in Fortnox's program. Raises ``LookupError``."""
    return _update(company, _get(company, number), cancelled=True)


def _get(company: Company, number: int) -> SupplierInvoice:
    invoice = company.registers.supplier_invoices.get(number)
    if invoice is None:
        raise LookupError(f"supplier invoice {number}")
    return invoice


def credit(company: Company, number: int) -> SupplierInvoice:
    """Create an unbooked supplier invoice that credits this one, and link both."""
    with company.lock:
        invoice = find(company, number)
        if invoice.cancelled or invoice.credited_by:
            message = "Leverantörsfakturan kan inte krediteras."
            raise Refused(company.switches.supplier_invoice_locked_code, message)
        today = company.today()
        fields = dict(invoice.fields) | {"InvoiceDate": today, "DueDate": today}
        for name in ("Total", "VAT", "Freight", "AdministrationFee", "RoundOffValue"):
            if name in fields:
                fields[name] = -fields[name]
        fields["SupplierInvoiceRows"] = [
            _reversed_row(row) for row in fields["SupplierInvoiceRows"]
        ]
        credit_invoice = _add(company, fields, credit_of=number)
        return _update(company, invoice, credited_by=credit_invoice.number)


def _reversed_row(row: Fields) -> dict[str, Any]:
    """Return a row with debit and credit swapped."""
    opposite = {"Debit": "Credit", "Credit": "Debit"}
    opposite |= {
        f"{side}Currency": f"{other_side}Currency" for side, other_side in opposite.items()
    }
    return {opposite.get(name, name): value for name, value in row.items()}


def pay(company: Company, number: int, day: date) -> SupplierInvoice:
    """Pay a supplier invoice in full, as a user in Fortnox's program. Raises ``LookupError``."""
    with company.lock:
        return _update(company, _get(company, number), final_pay_date=day)
