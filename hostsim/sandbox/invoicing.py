"""How invoices are made, changed, booked, cancelled and credited, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hostsim.sandbox import amounts
from hostsim.sandbox.conversion import rate_of
from hostsim.sandbox.countries import NAMES
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
from hostsim.sandbox.fields import changes
from hostsim.sandbox.invoice_fields import (
    ATTRIBUTES,
    FIELDS,
    FROM_CARD,
    READ_ONLY,
    WRITTEN,
    whole_row,
)
from hostsim.sandbox.registers import VAT_OF_CODE
from hostsim.sandbox.resources.accounts import ACCOUNTS
from hostsim.sandbox.resources.register import Register
from hostsim.sandbox.resources.small_registers import (
    ARTICLES,
    COST_CENTERS,
    CURRENCIES,
    PRICE_LISTS,
    PROJECTS,
    TERMS_OF_DELIVERIES,
    TERMS_OF_PAYMENT,
    UNITS,
)
from hostsim.sandbox.state import Amounts, Company, Invoice, InvoiceRow, ocr_is_valid, ocr_of

Fields = Mapping[str, Any]
Row = dict[str, Any]

ZERO = Decimal(0)

#: What an invoice has of its own, or as a copy of the card, beside its attributes.
COPIED = (*WRITTEN, "OrganisationNumber")

#: What names one of these has to be there, unless a switch says otherwise.
TERMS = {"PriceList": PRICE_LISTS, "TermsOfDelivery": TERMS_OF_DELIVERIES, "Unit": UNITS}

#: Kinds of customers whose invoices have no VAT.
EXEMPT = {"SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT"}


def find_invoice(company: Company, number: int) -> Invoice:
    invoice = company.invoice(number)
    if invoice is None:
        raise invoice_not_found()
    return invoice


# --- Making and changing ----------------------------------------------------


def make_invoice(company: Company, sent: object) -> Invoice:
    given = changes(sent, FIELDS, company.switches, READ_ONLY)
    if not given.get("CustomerNumber"):
        raise Refused(IDENTIFIER, "A valid identifier was not provided.")
    with company.lock:
        card = _card(company, given["CustomerNumber"])
        day: date = given.setdefault("InvoiceDate", company.today())
        check_period(company, day)
        writing = _Writing(company, card, day)
        asked = given.pop("DocumentNumber", None)
        number = writing.free_number(asked)
        sent_rows = given.pop("InvoiceRows", ())
        whole = writing.from_card() | given
        _fill_dates(whole)
        rows = [writing.new_row(row) for row in sent_rows]
        invoice = writing.invoice(number, whole, rows)
        made = replace(invoice, made=company.clock.now(), booked=False, sent=False)
        if made.credit_of:
            _refer(company, made.credit_of, number)
        if asked is None or company.switches.number_moves_series:
            company.move_series(number)
        return company.put_invoice(made)


def change_invoice(company: Company, number: int, sent: object) -> Invoice:
    given = changes(sent, FIELDS, company.switches, {*READ_ONLY, "DocumentNumber"})
    given.pop("DocumentNumber", None)
    with company.lock:
        before = find_invoice(company, number)
        _refuse_settled(company, before)
        check_period(company, before.invoice_date)
        customer = given.get("CustomerNumber", before.customer_number)
        if "CustomerNumber" in given:
            card = _card(company, customer)
        else:
            card = company.registers.get("customers", customer) or {}
        day = given.get("InvoiceDate", before.invoice_date)
        writing = _Writing(company, card, day)
        whole = _written_in(before)
        if customer != before.customer_number:
            whole |= writing.from_card()
        for name in ("EDIInformation", "EmailInformation"):
            if name in given:
                given[name] = {**whole.get(name, {}), **given[name]}
        whole |= given
        if whole["Currency"] != before.currency:
            if company.payments_of(number):
                message = "Fakturan har betalningar och kan inte byta valuta."
                raise Refused(company.switches.invoice_locked_code, message)
            forget_rate(whole, given)
        rows = [dict(row.fields) for row in before.rows]
        if "InvoiceRows" in given:
            rows = writing.changed_rows(before.rows, whole.pop("InvoiceRows"))
        if not rows and before.amounts is None:
            # Only its total is known.
            fill_rate(company, whole)
            return company.put_invoice(replace(before, **writing.known(whole), modified=None))
        changed = writing.invoice(number, whole, rows, before)
        return company.put_invoice(changed)


@dataclass(frozen=True)
class _Writing:
    """One invoice being written: the company, and the customer's card."""

    company: Company
    card: Fields
    day: date
    """The date of the invoice."""

    @property
    def exempt(self) -> bool:
        return self.card.get("VATType") in EXEMPT

    def free_number(self, asked: int | None) -> int:
        """Return the number that was asked for, or the next of the series."""
        switches = self.company.switches
        number = asked or self.company.registers.next_invoice
        taken = self.company.invoice(number)
        if taken and (switches.cancelled_number_blocks or not taken.cancelled):
            message = f"Fakturanummer {number} används redan."
            raise Refused(switches.used_number_code, message, switches.used_number_status)
        return number

    def from_card(self) -> dict[str, Any]:
        """Return what a new invoice has from its customer, and from the company's presets."""
        card, set_up = self.card, self.company.registers.set_up
        fields = {name: card[name] for name in FROM_CARD if card.get(name)}
        address = card.get("EmailInvoice") or card.get("Email")
        if address:
            fields["EmailInformation"] = {"EmailAddressTo": address}
        freight, fee = card.get("InvoiceFreight"), card.get("InvoiceAdministrationFee")
        return {
            "TermsOfPayment": set_up.terms_of_payment,
            **fields,
            "CustomerName": card.get("Name", ""),
            "OrganisationNumber": card.get("OrganisationNumber", ""),
            "Remarks": card.get("InvoiceRemark", ""),
            "VATIncluded": card.get("ShowPriceVATIncluded", set_up.prices_with_vat),
            "Freight": set_up.freight if freight is None else freight,
            "AdministrationFee": set_up.administration_fee if fee is None else fee,
        }

    # --- Rows ---

    def new_row(self, sent: Row) -> Row:
        """Return a row with what Fortnox fills in."""
        article = self._article(sent)
        row = {**article, **{name: value for name, value in sent.items() if name != "RowId"}}
        if "AccountNumber" not in row:
            sold = {"Price", "DeliveredQuantity", "ArticleNumber"} & row.keys()
            row["AccountNumber"] = self._sales_account() if sold else 0
        if "Discount" not in row and self.card.get("InvoiceDiscount"):
            row |= {"Discount": self.card["InvoiceDiscount"], "DiscountType": "PERCENT"}
        if "VAT" not in row:
            row["VAT"] = self._vat_of(row["AccountNumber"])
        return row

    def changed_rows(self, before: tuple[InvoiceRow, ...], sent: list[Row]) -> list[Row]:
        """Return the rows after a change: by their ids where any is named, else by position."""
        if any("RowId" in row for row in sent):
            known = {row.row_id: row.fields for row in before}
        else:
            known = dict(enumerate(row.fields for row in before))
        rows = []
        for place, row in enumerate(sent):
            named = any("RowId" in one for one in sent)
            key = row.get("RowId") if named else place
            if named and key is not None and key not in known:
                raise Refused(
                    self.company.switches.row_not_found_code, f"Raden finns inte. ({key})"
                )
            if key in known:
                sent_of_it = {name: value for name, value in row.items() if name != "RowId"}
                rows.append({**self._kept(known[key]), **sent_of_it})
            else:
                rows.append(self.new_row(row))
        return rows

    def _kept(self, row: Fields) -> Row:
        """Return what a row keeps where it is not sent."""
        forgets = self.company.switches.left_out_discount == "none"
        dropped = {"Discount", "DiscountType"} if forgets else set()
        return {name: value for name, value in row.items() if name not in dropped}

    def _article(self, row: Row) -> Row:
        if not row.get("ArticleNumber"):
            return {}
        article = named(self.company, ARTICLES, row["ArticleNumber"])
        return {
            "Description": article.get("Description", ""),
            "AccountNumber": article.get("SalesAccount", self._sales_account()),
            "VAT": article.get("VAT", ZERO),
            "Unit": article.get("Unit", ""),
        }

    def _sales_account(self) -> int:
        return int(self.card.get("SalesAccount") or self.company.registers.set_up.sales_account)

    def _vat_of(self, account: int) -> Decimal:
        if self.exempt or self.company.switches.left_out_vat == "zero":
            return ZERO
        year = self.company.financial_year(self.day)
        found = self.company.registers.account(account, year.id if year else 0) or {}
        return VAT_OF_CODE.get(found.get("VATCode") or "", ZERO)

    # --- The whole ---

    def known(self, whole: Fields) -> dict[str, Any]:
        """Return the attributes of an invoice."""
        named = {ours: whole[name] for name, (ours, _field) in ATTRIBUTES.items() if name in whole}
        written = {name: whole[name] for name in COPIED if name in whole}
        return {**named, "written": written}

    def invoice(
        self, number: int, whole: dict[str, Any], rows: list[Row], before: Invoice | None = None
    ) -> Invoice:
        """Return the invoice with its amounts, or refuse it."""
        self._check(number, whole)
        checked = [self._checked(row, whole) for row in rows]
        total, computed = amounts.compute(
            checked,
            freight=whole.get("Freight", ZERO),
            administration_fee=whole.get("AdministrationFee", ZERO),
            fee_rate=self._fee_rate(checked),
            vat_included=whole.get("VATIncluded", False),
            switches=self.company.switches,
        )
        registers = self.company.registers
        numbered = []
        for row in checked:
            registers.last_row += 1
            numbered.append(InvoiceRow(row_id=registers.last_row, fields=row))
        fields = self.known(whole) | {
            "total": total,
            "amounts": computed,
            "rows": tuple(numbered),
            "modified": None,
        }
        return replace(before, **fields) if before else Invoice(number=number, **fields)

    def _fee_rate(self, rows: list[Row]) -> Decimal:
        if self.exempt or self.company.switches.fee_vat == "0":
            return ZERO
        if self.company.switches.fee_vat == "rows":
            return max((row["VAT"] for row in rows), default=ZERO)
        return Decimal(25)

    def _check(self, number: int, whole: dict[str, Any]) -> None:
        switches = self.company.switches
        check_period(self.company, whole["InvoiceDate"])
        fill_rate(self.company, whole)
        check_named(self.company, whole, {"TermsOfPayment": TERMS_OF_PAYMENT})
        for name in ("Country", "DeliveryCountry"):
            if whole.get(name) and whole[name] not in NAMES:
                raise Refused(COUNTRY, f"Ogiltigt land: {whole[name]}")
        original = whole.get("CreditInvoiceReference")
        if original and self.company.invoice(original) is None:
            raise invoice_not_found(switches.unknown_reference_status)
        check_units(self.company, whole)
        self._check_terms(whole)
        self._check_ocr(number, whole.get("OCR"))

    def _check_terms(self, fields: Fields) -> None:
        """Refuse a price list, terms of delivery or a unit that is not there."""
        if self.company.switches.unknown_terms == "refused":
            check_named(self.company, fields, TERMS)

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

    def _checked(self, row: Row, whole: Fields) -> Row:
        """Return a row as it is stored, or refuse it."""
        checked, switches = whole_row(row), self.company.switches
        checked.pop("RowId", None)
        known = self.company.registers.set_up.vat_rates
        if checked["VAT"] not in known and switches.unknown_vat == "refused":
            message = f"Kunde inte hitta moms. ({checked['VAT']})"
            raise Refused(switches.vat_not_found_code, message, switches.unknown_reference_status)
        if checked["VAT"] and self.exempt:
            match switches.vat_of_exempt_customer:
                case "refused":
                    message = "Kundens momstyp tillåter ingen moms."
                    raise Refused(switches.vat_contradicts_code, message)
                case "zero":
                    checked["VAT"] = ZERO
        check_units(self.company, checked)
        self._check_terms(checked)
        account = account_of(self.company, checked["AccountNumber"], whole["InvoiceDate"])
        if switches.cost_center_rules == "at_once":
            check_cost_center(
                self.company, account, checked["CostCenter"] or whole.get("CostCenter", "")
            )
        return checked


def not_there(company: Company, register: Register) -> Refused:
    """Refuse what names something that is not there."""
    return register.missing(company.switches, company.switches.unknown_reference_status)


def named(company: Company, register: Register, key: str) -> Fields:
    """Return a record of a register by its key, or refuse what is not there."""
    found = company.registers.get(register.name, key)
    if found is None:
        raise not_there(company, register)
    return found


def check_named(company: Company, fields: Fields, registers: Mapping[str, Register]) -> None:
    """Refuse fields that name what is not there."""
    for name, register in registers.items():
        if fields.get(name):
            named(company, register, fields[name])


def quoted(currency: Fields) -> tuple[Decimal, int]:
    """Return rate and unit of the register."""
    return currency.get("SellRate", Decimal(1)), int(currency.get("Unit", 1))


def fill_rate(company: Company, whole: dict[str, Any]) -> None:
    """Fill in the rate of the register where none was sent; that of SEK is 1."""
    code = whole.get("Currency", "SEK")
    preset, preset_unit = quoted(named(company, CURRENCIES, code))
    rate = whole.get("CurrencyRate") or preset
    unit = whole.get("CurrencyUnit", preset_unit)
    whole["CurrencyRate"], whole["CurrencyUnit"] = rate_of(code, rate, unit, company.switches)


def forget_rate(whole: dict[str, Any], given: Fields) -> None:
    """Drop the rate of another currency, unless it was sent with the new one."""
    for name in {"CurrencyRate", "CurrencyUnit"} - given.keys():
        whole.pop(name, None)


def check_units(company: Company, fields: Fields) -> None:
    check_named(company, fields, {"CostCenter": COST_CENTERS, "Project": PROJECTS})


def account_of(company: Company, number: int, day: date) -> Fields | None:
    """Return the account of a row, or refuse one that cannot be booked on; 0 is none."""
    if not number:
        return None
    year = company.financial_year(day)
    account = company.registers.account(number, year.id if year else 0)
    if account is None:
        raise not_there(company, ACCOUNTS)
    if not account.get("Active", True):
        raise Refused(ACCOUNT_INACTIVE, f"Kontot {number} är inte aktivt.")
    return account


def check_cost_center(company: Company, account: Fields | None, center: str) -> None:
    """Refuse an inactive cost centre, and a row without one whose account demands it."""
    if account and account.get("CostCenterSettings") == "MANDATORY" and not center:
        message = f"Konto {account['Number']} kräver kostnadsställe."
        raise Refused(COST_CENTER_REQUIRED, message)
    found = company.registers.get("costcenters", center) or {}
    if not found.get("Active", True):
        raise Refused(COST_CENTER_INACTIVE, f"Kostnadsstället {center} är inte aktivt.")


def _card(company: Company, number: str) -> Fields:
    card = company.registers.get("customers", number)
    if card is None:
        status = company.switches.unknown_reference_status
        raise Refused(CUSTOMER_NOT_FOUND, "Kan inte hitta kunden.", status)
    return card


def _fill_dates(whole: dict[str, Any]) -> None:
    """Fill in the dates that follow from the date of the invoice."""
    day: date = whole["InvoiceDate"]
    terms = whole.get("TermsOfPayment", "")
    days = int(terms) if terms.isascii() and terms.isdigit() and len(terms) < 5 else 0
    whole.setdefault("DueDate", day + timedelta(days=days))
    whole.setdefault("OutboundDate", day)


def _written_in(invoice: Invoice) -> dict[str, Any]:
    """Return everything that was written in an invoice, by Fortnox's names."""
    named = {name: getattr(invoice, ours) for name, (ours, _field) in ATTRIBUTES.items()}
    return {**named, **invoice.written}


def _refer(company: Company, original: int, credit: int) -> None:
    """Let an invoice name the one that credits it, unless it names one already."""
    found = company.invoice(original)
    if found is not None and not found.credited_by:
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
    for holds, word in (
        (invoice.booked, "bokförd"),
        (cash and invoice.sent, "skickad"),
        (invoice.final_pay_date, "betald"),
    ):
        if holds:
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
            _check_for_booking(company, invoice, whole_row(row.fields))
        return company.book_invoice(number)


def _check_for_booking(company: Company, invoice: Invoice, row: Fields) -> None:
    if row["DeliveredQuantity"] and not row["Description"] and not row["ArticleNumber"]:
        raise Refused(ROW_WITHOUT_DESCRIPTION, "Fakturaraden saknar beskrivning.")
    account = account_of(company, row["AccountNumber"], invoice.invoice_date)
    check_cost_center(company, account, row["CostCenter"] or invoice.cost_center)


def cancel(company: Company, number: int) -> Invoice:
    with company.lock:
        _refuse_settled(company, find_invoice(company, number))
        return company.change_invoice(number, cancelled=True)


def credit(company: Company, number: int) -> Invoice:
    """Make an unbooked invoice that credits this one; this one names it from now on."""
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
        made = _credit_of(invoice, company, registers.next_invoice)
        company.add_invoice(made)
        return company.change_invoice(number, credited_by=made.number)


def _credit_of(invoice: Invoice, company: Company, number: int) -> Invoice:
    rows = []
    for row in invoice.rows:
        company.registers.last_row += 1
        negated = {"DeliveredQuantity": -whole_row(row.fields)["DeliveredQuantity"]}
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


def _negated(computed: Amounts) -> Amounts:
    return replace(computed, **{name: -value for name, value in vars(computed).items()})


def externalprint(company: Company, number: int) -> Invoice:
    find_invoice(company, number)
    return company.change_invoice(number, sent=True)
