"""The rows of an invoice: what Fortnox fills in, what a change keeps, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from hostsim.sandbox.bookkeeping_rules import (
    check_cost_center,
    check_dimensions,
    check_references,
    find_account,
    find_reference,
)
from hostsim.sandbox.company import Company
from hostsim.sandbox.errors import Refused
from hostsim.sandbox.fields import Fields
from hostsim.sandbox.invoice_fields import row_with_blanks
from hostsim.sandbox.registers import VAT_OF_CODE
from hostsim.sandbox.resources.read_only_registers import (
    ARTICLES,
    PRICE_LISTS,
    TERMS_OF_DELIVERIES,
    UNITS,
)
from hostsim.sandbox.values import ZERO, InvoiceRow

Row = dict[str, Any]

#: Fields that must name an existing record, unless a switch says otherwise.
TERM_REGISTERS = {"PriceList": PRICE_LISTS, "TermsOfDelivery": TERMS_OF_DELIVERIES, "Unit": UNITS}

#: VAT types of customers whose invoices have no VAT.
EXEMPT_VAT_TYPES = {"SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT"}


def check_terms(company: Company, fields: Fields) -> None:
    """Refuse unknown terms of an invoice or of a row."""
    if company.switches.unknown_terms == "refused":
        check_references(company, fields, TERM_REGISTERS)


@dataclass(frozen=True)
class InvoiceRows:
    """The rows of an invoice to a customer on a day."""

    company: Company
    customer: Fields
    day: date

    @property
    def exempt(self) -> bool:
        """Whether the customer's invoices have no VAT."""
        return self.customer.get("VATType") in EXEMPT_VAT_TYPES

    def new(self, sent: Row) -> Row:
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

    def changed(self, before: tuple[InvoiceRow, ...], sent: list[Row]) -> list[Row]:
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
                rows.append(self.new(row))
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
        account = self.company.account(account_number, self.day) or {}
        return VAT_OF_CODE.get(account.get("VATCode") or "", ZERO)

    def validated(self, row: Row, cost_center: str) -> Row:
        """Return a row to store, or refuse it.

        :param cost_center: of the invoice, for a row without one.
        """
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
        check_terms(self.company, validated)
        account = find_account(self.company, validated["AccountNumber"], self.day)
        if switches.cost_center_rules == "at_once":
            check_cost_center(self.company, account, validated["CostCenter"] or cost_center)
        return validated

    def fee_rate(self, rows: list[Row]) -> Decimal:
        """Return the VAT rate of freight and administration fee."""
        if self.exempt or self.company.switches.fee_vat == "0":
            return ZERO
        if self.company.switches.fee_vat == "rows":
            return max((row["VAT"] for row in rows), default=ZERO)
        return Decimal(25)
