"""Creating, changing, booking, cancelling and crediting invoices, with Fortnox's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hostsim.sandbox import amounts, serializers
from hostsim.sandbox.company import Company
from hostsim.sandbox.countries import NAMES
from hostsim.sandbox.currency_conversion import checked_rate
from hostsim.sandbox.errors import (
    ACCOUNT_INACTIVE,
    COST_CENTER_INACTIVE,
    COST_CENTER_REQUIRED,
    COUNTRY,
    CUSTOMER_NOT_FOUND,
    IDENTIFIER,
    NOT_COMPLETED,
    PERIOD_LOCKED,
    PERIOD_LOCKED_BOOKING,
    ROW_WITHOUT_DESCRIPTION,
    Refused,
    invoice_not_found,
)
from hostsim.sandbox.fields import parse_changes
from hostsim.sandbox.invoice_fields import ATTRIBUTES, FIELDS, WRITTEN, row_with_blanks
from hostsim.sandbox.ocr import ocr_is_valid, ocr_of
from hostsim.sandbox.registers import VAT_OF_CODE
from hostsim.sandbox.resources.accounts import ACCOUNTS
from hostsim.sandbox.resources.customers import CUSTOMERS
from hostsim.sandbox.resources.read_only_registers import (
    ARTICLES,
    COST_CENTERS,
    CURRENCIES,
    PRICE_LISTS,
    PROJECTS,
    TERMS_OF_DELIVERIES,
    TERMS_OF_PAYMENT,
    UNITS,
)
from hostsim.sandbox.resources.register_resource import Register
from hostsim.sandbox.values import Amounts, Invoice, InvoiceRow

Fields = Mapping[str, Any]
Row = dict[str, Any]

ZERO = Decimal(0)

#: Fields of an invoice beside its attributes, its own or copied from the customer.
WRITABLE = (*WRITTEN, "OrganisationNumber")

#: Fields of a customer that an invoice has, too.
COPIED_FROM_CUSTOMER = FIELDS.keys() & CUSTOMERS.fields.keys() - {"Comments", "CustomerNumber"}

#: What a client may send back as it was read, without effect; the last one by the specification.
READ_ONLY = {*serializers.INVOICE_FIELDS, "InvoicePeriodReference"} - FIELDS.keys()

#: Fields that must name an existing record, unless a switch says otherwise.
TERM_REGISTERS = {"PriceList": PRICE_LISTS, "TermsOfDelivery": TERMS_OF_DELIVERIES, "Unit": UNITS}

#: VAT types of customers whose invoices have no VAT.
EXEMPT_VAT_TYPES = {"SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT"}


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
        builder = _InvoiceBuilder(company, customer, day)
        requested_number = sent_fields.pop("DocumentNumber", None)
        number = builder.free_number(requested_number)
        sent_rows = sent_fields.pop("InvoiceRows", ())
        fields = builder.customer_defaults() | sent_fields
        _fill_dates(fields)
        rows = [builder.new_row(row) for row in sent_rows]
        invoice = builder.invoice(number, fields, rows)
        created = replace(invoice, made=company.clock.now(), booked=False, sent=False)
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
        customer_number = sent_fields.get("CustomerNumber", before.customer_number)
        if "CustomerNumber" in sent_fields:
            customer = _find_customer(company, customer_number)
        else:
            customer = company.registers.get("customers", customer_number) or {}
        day = sent_fields.get("InvoiceDate", before.invoice_date)
        builder = _InvoiceBuilder(company, customer, day)
        fields = _writable_fields(before)
        if customer_number != before.customer_number:
            fields |= builder.customer_defaults()
        for name in ("EDIInformation", "EmailInformation"):
            if name in sent_fields:
                sent_fields[name] = {**fields.get(name, {}), **sent_fields[name]}
        fields |= sent_fields
        if fields["Currency"] != before.currency:
            if company.payments_of(number):
                message = "Fakturan har betalningar och kan inte byta valuta."
                raise Refused(company.switches.invoice_locked_code, message)
            drop_unsent_rate(fields, sent_fields)
        rows = [dict(row.fields) for row in before.rows]
        if "InvoiceRows" in sent_fields:
            rows = builder.changed_rows(before.rows, fields.pop("InvoiceRows"))
        if not rows and before.amounts is None:
            # Only its total is known.
            fill_rate(company, fields)
            return company.put_invoice(
                replace(before, **builder.attributes_of(fields), modified=None)
            )
        updated = builder.invoice(number, fields, rows, before)
        return company.put_invoice(updated)


@dataclass(frozen=True)
class _InvoiceBuilder:
    company: Company
    customer: Fields
    day: date
    """Of the invoice."""

    @property
    def exempt(self) -> bool:
        return self.customer.get("VATType") in EXEMPT_VAT_TYPES

    def free_number(self, requested: int | None) -> int:
        """Return the requested number, or the next of the series; refuse a used one."""
        switches = self.company.switches
        number = requested or self.company.registers.next_invoice
        existing = self.company.invoice(number)
        if existing and (switches.cancelled_number_blocks or not existing.cancelled):
            message = f"Fakturanummer {number} används redan."
            raise Refused(switches.used_number_code, message, switches.used_number_status)
        return number

    def customer_defaults(self) -> dict[str, Any]:
        """Return the defaults of a new invoice, from its customer and the company's settings."""
        customer, set_up = self.customer, self.company.registers.set_up
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

    # --- Rows ---

    def new_row(self, sent: Row) -> Row:
        """Return a row with the fields that Fortnox fills in."""
        article_defaults = self._article_defaults(sent)
        row = {
            **article_defaults,
            **{name: value for name, value in sent.items() if name != "RowId"},
        }
        if "AccountNumber" not in row:
            is_sale = {"Price", "DeliveredQuantity", "ArticleNumber"} & row.keys()
            row["AccountNumber"] = self._sales_account() if is_sale else 0
        if "Discount" not in row and self.customer.get("InvoiceDiscount"):
            row |= {"Discount": self.customer["InvoiceDiscount"], "DiscountType": "PERCENT"}
        if "VAT" not in row:
            row["VAT"] = self._vat_of(row["AccountNumber"])
        return row

    def changed_rows(self, before: tuple[InvoiceRow, ...], sent: list[Row]) -> list[Row]:
        """Return the rows after a change, matched by ``RowId`` if any is sent, else by position."""
        by_id = any("RowId" in row for row in sent)
        if by_id:
            rows_by_key = {row.row_id: row.fields for row in before}
        else:
            rows_by_key = dict(enumerate(row.fields for row in before))
        rows = []
        for index, row in enumerate(sent):
            key = row.get("RowId") if by_id else index
            if by_id and key is not None and key not in rows_by_key:
                raise Refused(
                    self.company.switches.row_not_found_code, f"Raden finns inte. ({key})"
                )
            if key in rows_by_key:
                sent_fields = {name: value for name, value in row.items() if name != "RowId"}
                rows.append({**self._retained_fields(rows_by_key[key]), **sent_fields})
            else:
                rows.append(self.new_row(row))
        return rows

    def _retained_fields(self, row: Fields) -> Row:
        """Return the fields of a row that stay if they are not sent."""
        drops_discount = self.company.switches.left_out_discount == "none"
        dropped = {"Discount", "DiscountType"} if drops_discount else set()
        return {name: value for name, value in row.items() if name not in dropped}

    def _article_defaults(self, row: Row) -> Row:
        if not row.get("ArticleNumber"):
            return {}
        article = find_reference(self.company, ARTICLES, row["ArticleNumber"])
        return {
            "Description": article.get("Description", ""),
            "AccountNumber": article.get("SalesAccount", self._sales_account()),
            "VAT": article.get("VAT", ZERO),
            "Unit": article.get("Unit", ""),
        }

    def _sales_account(self) -> int:
        return int(self.customer.get("SalesAccount") or self.company.registers.set_up.sales_account)

    def _vat_of(self, account_number: int) -> Decimal:
        if self.exempt or self.company.switches.left_out_vat == "zero":
            return ZERO
        year = self.company.financial_year(self.day)
        account = self.company.registers.account(account_number, year.id if year else 0) or {}
        return VAT_OF_CODE.get(account.get("VATCode") or "", ZERO)

    # --- The invoice ---

    def attributes_of(self, fields: Fields) -> dict[str, Any]:
        attributes = {
            attribute: fields[name]
            for name, (attribute, _field) in ATTRIBUTES.items()
            if name in fields
        }
        written = {name: fields[name] for name in WRITABLE if name in fields}
        return {**attributes, "written": written}

    def invoice(
        self, number: int, fields: dict[str, Any], rows: list[Row], before: Invoice | None = None
    ) -> Invoice:
        """Return the invoice with its amounts, or refuse it."""
        self._check_fields(number, fields)
        validated = [self._validated_row(row, fields) for row in rows]
        total, computed = amounts.compute(
            validated,
            freight=fields.get("Freight", ZERO),
            administration_fee=fields.get("AdministrationFee", ZERO),
            fee_rate=self._fee_rate(validated),
            vat_included=fields.get("VATIncluded", False),
            switches=self.company.switches,
        )
        registers = self.company.registers
        numbered = []
        for row in validated:
            registers.last_row += 1
            numbered.append(InvoiceRow(row_id=registers.last_row, fields=row))
        attributes = self.attributes_of(fields) | {
            "total": total,
            "amounts": computed,
            "rows": tuple(numbered),
            "modified": None,
        }
        return replace(before, **attributes) if before else Invoice(number=number, **attributes)

    def _fee_rate(self, rows: list[Row]) -> Decimal:
        if self.exempt or self.company.switches.fee_vat == "0":
            return ZERO
        if self.company.switches.fee_vat == "rows":
            return max((row["VAT"] for row in rows), default=ZERO)
        return Decimal(25)

    def _check_fields(self, number: int, fields: dict[str, Any]) -> None:
        switches = self.company.switches
        check_period(self.company, fields["InvoiceDate"])
        fill_rate(self.company, fields)
        check_references(self.company, fields, {"TermsOfPayment": TERMS_OF_PAYMENT})
        for name in ("Country", "DeliveryCountry"):
            if fields.get(name) and fields[name] not in NAMES:
                raise Refused(COUNTRY, f"Ogiltigt land: {fields[name]}")
        original = fields.get("CreditInvoiceReference")
        if original and self.company.invoice(original) is None:
            raise invoice_not_found(switches.unknown_reference_status)
        check_dimensions(self.company, fields)
        self._check_terms(fields)
        self._check_ocr(number, fields.get("OCR"))

    def _check_terms(self, fields: Fields) -> None:
        if self.company.switches.unknown_terms == "refused":
            check_references(self.company, fields, TERM_REGISTERS)

    def _check_ocr(self, number: int, ocr: str | None) -> None:
        switches = self.company.switches
        if ocr is None:
            return
        if switches.invalid_ocr == "refused" and not ocr_is_valid(ocr):
            raise Refused(switches.invalid_ocr_code, f"OCR-numret är felaktigt. ({ocr})")
        if switches.used_ocr == "refused" and any(
            invoice.reference == ocr
            for invoice in self.company.invoices()
            if invoice.number != number and not invoice.cancelled
        ):
            raise Refused(switches.used_ocr_code, f"OCR-numret används redan. ({ocr})")

    def _validated_row(self, row: Row, invoice_fields: Fields) -> Row:
        """Return a row to store, or refuse it."""
        validated, switches = row_with_blanks(row), self.company.switches
        validated.pop("RowId", None)
        vat_rates = self.company.registers.set_up.vat_rates
        if validated["VAT"] not in vat_rates and switches.unknown_vat == "refused":
            message = f"Kunde inte hitta moms. ({validated['VAT']})"
            raise Refused(switches.vat_not_found_code, message, switches.unknown_reference_status)
        if validated["VAT"] and self.exempt:
            match switches.vat_of_exempt_customer:
                case "refused":
                    message = "Kundens momstyp tillåter ingen moms."
                    raise Refused(switches.vat_contradicts_code, message)
                case "zero":
                    validated["VAT"] = ZERO
        check_dimensions(self.company, validated)
        self._check_terms(validated)
        account = find_account(
            self.company, validated["AccountNumber"], invoice_fields["InvoiceDate"]
        )
        if switches.cost_center_rules == "at_once":
            check_cost_center(
                self.company,
                account,
                validated["CostCenter"] or invoice_fields.get("CostCenter", ""),
            )
        return validated


def reference_not_found(company: Company, register: Register) -> Refused:
    return register.not_found_error(company.switches, company.switches.unknown_reference_status)


def find_reference(company: Company, register: Register, key: str) -> Fields:
    """Return a record of a register by its key, or refuse an unknown key."""
    record = company.registers.get(register.name, key)
    if record is None:
        raise reference_not_found(company, register)
    return record


def check_references(company: Company, fields: Fields, registers: Mapping[str, Register]) -> None:
    """Refuse fields that name unknown records."""
    for name, register in registers.items():
        if fields.get(name):
            find_reference(company, register, fields[name])


def rate_and_unit(currency: Fields) -> tuple[Decimal, int]:
    return currency.get("SellRate", Decimal(1)), int(currency.get("Unit", 1))


def fill_rate(company: Company, fields: dict[str, Any]) -> None:
    """Set the rate of the register if none was sent; that of SEK is 1."""
    code = fields.get("Currency", "SEK")
    default_rate, default_unit = rate_and_unit(find_reference(company, CURRENCIES, code))
    rate = fields.get("CurrencyRate") or default_rate
    unit = fields.get("CurrencyUnit", default_unit)
    fields["CurrencyRate"], fields["CurrencyUnit"] = checked_rate(
        code, rate, unit, company.switches
    )


def drop_unsent_rate(fields: dict[str, Any], sent_fields: Fields) -> None:
    """Remove the former currency's rate and unit, unless new ones were sent."""
    for name in {"CurrencyRate", "CurrencyUnit"} - sent_fields.keys():
        fields.pop(name, None)


def check_dimensions(company: Company, fields: Fields) -> None:
    check_references(company, fields, {"CostCenter": COST_CENTERS, "Project": PROJECTS})


def find_account(company: Company, number: int, day: date) -> Fields | None:
    """Return an account, or refuse an unknown or inactive one; ``None`` for 0."""
    if not number:
        return None
    year = company.financial_year(day)
    account = company.registers.account(number, year.id if year else 0)
    if account is None:
        raise reference_not_found(company, ACCOUNTS)
    if not account.get("Active", True):
        raise Refused(ACCOUNT_INACTIVE, f"Kontot {number} är inte aktivt.")
    return account


def check_cost_center(company: Company, account: Fields | None, code: str) -> None:
    """Refuse an inactive cost centre, or none if the account requires one."""
    if account and account.get("CostCenterSettings") == "MANDATORY" and not code:
        message = f"Konto {account['Number']} kräver kostnadsställe."
        raise Refused(COST_CENTER_REQUIRED, message)
    cost_center = company.registers.get("costcenters", code) or {}
    if not cost_center.get("Active", True):
        raise Refused(COST_CENTER_INACTIVE, f"Kostnadsstället {code} är inte aktivt.")


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


def check_period(company: Company, day: date) -> None:
    """Refuse a day in a locked period, or without a financial year."""
    check_year(company, day)
    if company.switches.locked_period == "at_once":
        check_lock(company, day, PERIOD_LOCKED)


def check_year(company: Company, day: date) -> None:
    if company.financial_year(day) is None:
        message = f"Räkenskapsår saknas för {day}."
        raise Refused(company.switches.financial_year_code, message)


def check_lock(company: Company, day: date, number: int) -> None:
    until = company.locked_until()
    if until and day <= until and company.registers.set_up.lock_holds_for_integrations:
        message = (
            f"Administratören har låst perioden t.o.m. {until}."
            " Lås upp perioden för att kunna göra ändringen."
        )
        raise Refused(number, message)


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
    rows = []
    for row in invoice.rows:
        company.registers.last_row += 1
        negated = {"DeliveredQuantity": -row_with_blanks(row.fields)["DeliveredQuantity"]}
        fields = {**row.fields, **negated}
        rows.append(InvoiceRow(row_id=company.registers.last_row, fields=fields))
    written = dict(invoice.written)
    for name in ("Freight", "AdministrationFee"):
        if name in written:
            written[name] = -written[name]
    return replace(
        invoice,
        number=number,
        ocr=ocr_of(number),
        invoice_date=company.today(),
        due_date=company.today(),
        total=-invoice.total,
        amounts=None if invoice.amounts is None else _negated(invoice.amounts),
        rows=tuple(rows),
        written=written | {"OutboundDate": company.today()},
        credit_of=invoice.number,
        credited_by=0,
        external_reference_1="",
        external_reference_2="",
        booked=False,
        sent=False,
        voucher_number=None,
        voucher_series=None,
        voucher_year=None,
        final_pay_date=None,
        made=company.clock.now(),
        modified=None,
        wire={},
    )


def _negated(amounts_: Amounts) -> Amounts:
    return replace(amounts_, **{name: -value for name, value in vars(amounts_).items()})


def externalprint(company: Company, number: int) -> Invoice:
    find_invoice(company, number)
    return company.change_invoice(number, sent=True)
