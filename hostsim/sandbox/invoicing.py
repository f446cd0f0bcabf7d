"""Creating, changing, booking, cancelling and crediting invoices, with Fortnox's rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hostsim.sandbox import amounts, serializers
from hostsim.sandbox.bookkeeping_rules import (
    check_cost_center,
    check_dimensions,
    check_lock,
    check_period,
    check_references,
    check_year,
    drop_unsent_rate,
    fill_rate,
    find_account,
)
from hostsim.sandbox.company import Company
from hostsim.sandbox.countries import NAMES
from hostsim.sandbox.errors import (
    COUNTRY,
    CUSTOMER_NOT_FOUND,
    IDENTIFIER,
    NOT_COMPLETED,
    PERIOD_LOCKED_BOOKING,
    ROW_WITHOUT_DESCRIPTION,
    Refused,
    invoice_not_found,
)
from hostsim.sandbox.fields import Fields, parse_changes
from hostsim.sandbox.invoice_fields import ATTRIBUTES, FIELDS, WRITTEN, row_with_blanks
from hostsim.sandbox.invoice_rows import InvoiceRows, Row, check_terms
from hostsim.sandbox.ocr import ocr_is_valid, ocr_of
from hostsim.sandbox.resources.customers import CUSTOMERS
from hostsim.sandbox.resources.read_only_registers import TERMS_OF_PAYMENT
from hostsim.sandbox.values import ZERO, Invoice, InvoiceRow

#: Fields of an invoice beside its attributes, its own or copied from the customer.
WRITABLE = (*WRITTEN, "OrganisationNumber")

#: Fields of a customer that an invoice has, too.
COPIED_FROM_CUSTOMER = FIELDS.keys() & CUSTOMERS.fields.keys() - {"Comments", "CustomerNumber"}

#: What a client may send back as it was read, without effect; the last one by the specification.
READ_ONLY = {*serializers.INVOICE_FIELDS, "InvoicePeriodReference"} - FIELDS.keys()


def find_invoice(company: Company, number: int) -> Invoice:
    invoice = company.invoice(number)
    if invoice is None:
        raise invoice_not_found()
    return invoice


# --- Making and changing ----------------------------------------------------


def create_invoice(company: Company, content: object) -> Invoice:
    sent_fields = parse_changes(content, FIELDS, company.switches, READ_ONLY)
    if not sent_fields.get("CustomerNumber"):
        raise Refused(IDENTIFIER, "A valid identifier was not provided.")
    with company.lock:
        customer = _find_customer(company, sent_fields["CustomerNumber"])
        day: date = sent_fields.setdefault("InvoiceDate", company.today())
        check_period(company, day)
        requested_number = sent_fields.pop("DocumentNumber", None)
        number = _free_number(company, requested_number)
        sent_rows = sent_fields.pop("InvoiceRows", ())
        fields = _customer_defaults(company, customer) | sent_fields
        _fill_dates(fields)
        invoice_rows = InvoiceRows(company, customer, day)
        rows = [invoice_rows.new(row) for row in sent_rows]
        attributes = _checked_attributes(invoice_rows, number, fields, rows)
        created = Invoice(
            number=number, made=company.clock.now(), booked=False, sent=False, **attributes
        )
        if created.credit_of:
            _mark_credited(company, created.credit_of, number)
        if requested_number is None or company.switches.number_moves_series:
            company.move_series(number)
        return company.put_invoice(created)


def change_invoice(company: Company, number: int, content: object) -> Invoice:
    sent_fields = parse_changes(content, FIELDS, company.switches, {*READ_ONLY, "DocumentNumber"})
    sent_fields.pop("DocumentNumber", None)
    with company.lock:
        before = find_invoice(company, number)
        _refuse_settled(company, before)
        check_period(company, before.invoice_date)
        if "CustomerNumber" in sent_fields:
            customer = _find_customer(company, sent_fields["CustomerNumber"])
        else:
            customer = company.registers.get("customers", before.customer_number) or {}
        fields = _changed_fields(company, before, sent_fields, customer)
        invoice_rows = InvoiceRows(company, customer, fields["InvoiceDate"])
        rows = [dict(row.fields) for row in before.rows]
        if "InvoiceRows" in sent_fields:
            rows = invoice_rows.changed(before.rows, fields.pop("InvoiceRows"))
        if not rows and before.amounts is None:
            # Only its total is known.
            fill_rate(company, fields)
            attributes = _attributes_of(fields)
        else:
            attributes = _checked_attributes(invoice_rows, number, fields, rows)
        return company.put_invoice(replace(before, **attributes, modified=None))


def _changed_fields(
    company: Company, before: Invoice, sent_fields: Fields, customer: Fields
) -> dict[str, Any]:
    """Return the fields of an invoice after a change, or refuse another currency."""
    fields = _writable_fields(before)
    if sent_fields.get("CustomerNumber", before.customer_number) != before.customer_number:
        fields |= _customer_defaults(company, customer)
    merged = {
        name: {**fields.get(name, {}), **sent_fields[name]}
        for name in ("EDIInformation", "EmailInformation")
        if name in sent_fields
    }
    fields |= {**sent_fields, **merged}
    if fields["Currency"] != before.currency:
        if company.payments_of(before.number):
            message = "Fakturan har betalningar och kan inte byta valuta."
            raise Refused(company.switches.invoice_locked_code, message)
        drop_unsent_rate(fields, sent_fields)
    return fields


def _free_number(company: Company, requested: int | None) -> int:
    """Return the requested number, or the next of the series; refuse a used one."""
    switches = company.switches
    number = requested or company.registers.next_invoice
    existing = company.invoice(number)
    if existing and (switches.cancelled_number_blocks or not existing.cancelled):
        message = f"Fakturanummer {number} används redan."
        raise Refused(switches.used_number_code, message, switches.used_number_status)
    return number


def _customer_defaults(company: Company, customer: Fields) -> dict[str, Any]:
    """Return the defaults of a new invoice, from its customer and the company's settings."""
    set_up = company.registers.set_up
    fields = {name: customer[name] for name in COPIED_FROM_CUSTOMER if customer.get(name)}
    email = customer.get("EmailInvoice") or customer.get("Email")
    if email:
        fields["EmailInformation"] = {"EmailAddressTo": email}
    freight, fee = customer.get("InvoiceFreight"), customer.get("InvoiceAdministrationFee")
    return {
        "TermsOfPayment": set_up.terms_of_payment,
        **fields,
        "CustomerName": customer.get("Name", ""),
        "OrganisationNumber": customer.get("OrganisationNumber", ""),
        "Remarks": customer.get("InvoiceRemark", ""),
        "VATIncluded": customer.get("ShowPriceVATIncluded", set_up.prices_with_vat),
        "Freight": set_up.freight if freight is None else freight,
        "AdministrationFee": set_up.administration_fee if fee is None else fee,
    }


def _attributes_of(fields: Fields) -> dict[str, Any]:
    attributes = {
        attribute: fields[name]
        for name, (attribute, _field) in ATTRIBUTES.items()
        if name in fields
    }
    written = {name: fields[name] for name in WRITABLE if name in fields}
    return {**attributes, "written": written}


def _checked_attributes(
    invoice_rows: InvoiceRows, number: int, fields: dict[str, Any], rows: list[Row]
) -> dict[str, Any]:
    """Return the attributes of an invoice with its amounts and rows, or refuse it."""
    company = invoice_rows.company
    _check_fields(company, number, fields)
    cost_center = fields.get("CostCenter", "")
    validated = [invoice_rows.validated(row, cost_center) for row in rows]
    total, computed = amounts.compute(
        validated,
        freight=fields.get("Freight", ZERO),
        administration_fee=fields.get("AdministrationFee", ZERO),
        fee_rate=invoice_rows.fee_rate(validated),
        vat_included=fields.get("VATIncluded", False),
        switches=company.switches,
    )
    stored = company.numbered_rows(validated)
    return _attributes_of(fields) | {"total": total, "amounts": computed, "rows": stored}


def _check_fields(company: Company, number: int, fields: dict[str, Any]) -> None:
    check_period(company, fields["InvoiceDate"])
    fill_rate(company, fields)
    check_references(company, fields, {"TermsOfPayment": TERMS_OF_PAYMENT})
    for name in ("Country", "DeliveryCountry"):
        if fields.get(name) and fields[name] not in NAMES:
            raise Refused(COUNTRY, f"Ogiltigt land: {fields[name]}")
    original = fields.get("CreditInvoiceReference")
    if original and company.invoice(original) is None:
        raise invoice_not_found(company.switches.unknown_reference_status)
    check_dimensions(company, fields)
    check_terms(company, fields)
    if fields.get("OCR") is not None:
        _check_ocr(company, number, fields["OCR"])


def _check_ocr(company: Company, number: int, ocr: str) -> None:
    switches = company.switches
    if switches.invalid_ocr == "refused" and not ocr_is_valid(ocr):
        raise Refused(switches.invalid_ocr_code, f"OCR-numret är felaktigt. ({ocr})")
    if switches.used_ocr == "refused" and any(
        invoice.reference == ocr
        for invoice in company.invoices()
        if invoice.number != number and not invoice.cancelled
    ):
        raise Refused(switches.used_ocr_code, f"OCR-numret används redan. ({ocr})")


def _find_customer(company: Company, number: str) -> Fields:
    customer = company.registers.get("customers", number)
    if customer is None:
        status = company.switches.unknown_reference_status
        raise Refused(CUSTOMER_NOT_FOUND, "Kan inte hitta kunden.", status)
    return customer


def _fill_dates(fields: dict[str, Any]) -> None:
    day: date = fields["InvoiceDate"]
    terms = fields.get("TermsOfPayment", "")
    days = int(terms) if terms.isascii() and terms.isdigit() and len(terms) < 5 else 0
    fields.setdefault("DueDate", day + timedelta(days=days))
    fields.setdefault("OutboundDate", day)


def _writable_fields(invoice: Invoice) -> dict[str, Any]:
    """Return the writable fields of an invoice, by Fortnox's names."""
    attributes = {
        name: getattr(invoice, attribute) for name, (attribute, _field) in ATTRIBUTES.items()
    }
    return {**attributes, **invoice.written}


def _mark_credited(company: Company, original: int, credit: int) -> None:
    """Set ``credited_by`` of the credited invoice, unless it is set."""
    invoice = company.invoice(original)
    if invoice is not None and not invoice.credited_by:
        company.change_invoice(original, credited_by=credit)


def _refuse_settled(company: Company, invoice: Invoice) -> None:
    """Refuse to change an invoice that is booked, cancelled or paid."""
    switches = company.switches
    cash = company.registers.set_up.method == "CASH"
    if invoice.cancelled:
        raise Refused(switches.invoice_locked_code, "Fakturan är makulerad.")
    for applies, word in (
        (invoice.booked, "bokförd"),
        (cash and invoice.sent, "skickad"),
        (invoice.final_pay_date, "betald"),
    ):
        if applies:
            message = f"Fakturan är {word} och kan inte ändras."
            raise Refused(switches.invoice_locked_code, message)


# --- Actions ----------------------------------------------------------------


def bookkeep(company: Company, number: int) -> Invoice:
    with company.lock:
        invoice = find_invoice(company, number)
        if invoice.cancelled or invoice.booked:
            message = "Fakturan är makulerad." if invoice.cancelled else "Fakturan är bokförd."
            raise Refused(company.switches.invoice_locked_code, message)
        if invoice.not_completed:
            raise Refused(NOT_COMPLETED, "Fakturan måste vara färdigställd.")
        check_year(company, invoice.invoice_date)
        check_lock(company, invoice.invoice_date, PERIOD_LOCKED_BOOKING)
        for row in invoice.rows:
            _check_row_for_booking(company, invoice, row_with_blanks(row.fields))
        return company.book_invoice(number)


def _check_row_for_booking(company: Company, invoice: Invoice, row: Fields) -> None:
    if row["DeliveredQuantity"] and not row["Description"] and not row["ArticleNumber"]:
        raise Refused(ROW_WITHOUT_DESCRIPTION, "Fakturaraden saknar beskrivning.")
    account = find_account(company, row["AccountNumber"], invoice.invoice_date)
    check_cost_center(company, account, row["CostCenter"] or invoice.cost_center)


def cancel(company: Company, number: int) -> Invoice:
    with company.lock:
        _refuse_settled(company, find_invoice(company, number))
        return company.change_invoice(number, cancelled=True)


def credit(company: Company, number: int) -> Invoice:
    """Create an unbooked invoice that credits this one, and link both."""
    switches = company.switches
    with company.lock:
        invoice = find_invoice(company, number)
        if invoice.cancelled:
            raise Refused(switches.invoice_locked_code, "Fakturan är makulerad.")
        if invoice.credited_by and switches.second_credit == "refused":
            raise Refused(switches.second_credit_code, "Fakturan är redan krediterad.")
        check_period(company, company.today())
        registers = company.registers
        while company.invoice(registers.next_invoice):
            registers.next_invoice += 1
        credit_invoice = _build_credit_invoice(invoice, company, registers.next_invoice)
        company.add_invoice(credit_invoice)
        return company.change_invoice(number, credited_by=credit_invoice.number)


def _build_credit_invoice(invoice: Invoice, company: Company, number: int) -> Invoice:
    today = company.today()
    return replace(
        invoice,
        number=number,
        ocr=ocr_of(number),
        invoice_date=today,
        due_date=today,
        total=-invoice.total,
        amounts=invoice.amounts.negated() if invoice.amounts else None,
        rows=company.numbered_rows(map(_credited_row, invoice.rows)),
        written=_credited_fields(invoice.written) | {"OutboundDate": today},
        credit_of=invoice.number,
        credited_by=0,
        external_reference_1="",
        external_reference_2="",
        booked=False,
        sent=False,
        voucher_number=None,
        voucher_series=None,
        voucher_year=None,
        settled=ZERO,
        settled_on=None,
        made=company.clock.now(),
        modified=None,
        wire={},
    )


def _credited_row(row: InvoiceRow) -> Row:
    return {**row.fields, "DeliveredQuantity": -row_with_blanks(row.fields)["DeliveredQuantity"]}


def _credited_fields(written: Fields) -> dict[str, Any]:
    fees = {name: -written[name] for name in ("Freight", "AdministrationFee") if name in written}
    return {**written, **fees}


def externalprint(company: Company, number: int) -> Invoice:
    find_invoice(company, number)
    return company.change_invoice(number, sent=True)
