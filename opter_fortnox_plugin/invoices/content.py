"""An invoice and its customer as they should look in Fortnox. Nothing here opens a connection.

One row for each combination of account, economic unit and VAT rate, below a text row, like Opter's
own export. Fortnox computes VAT and total itself, so its total is computed here beforehand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from opter_contract import export_values as contract
from opter_contract.values import Text
from opter_fortnox_plugin.exports.content import Content, is_of_another, party_id
from opter_fortnox_plugin.exports.party_register import CARD, card_texts
from opter_fortnox_plugin.exports.problems import Problem
from opter_fortnox_plugin.exports.texts import (
    MARK,
    amount_in_words,
    amount_text,
    clean,
    currency_rates,
    differences_of,
    is_refused,
    rounded_to_ore,
)
from opter_fortnox_plugin.fortnox.fields import integer_in
from opter_fortnox_plugin.fortnox.invoice_schemas import Invoice, InvoiceRow
from opter_fortnox_plugin.fortnox.party_schemas import Customer
from opter_fortnox_plugin.invoices.problems import PROBLEMS
from opter_fortnox_plugin.invoices.settings import InvoiceSettings

_ZERO: Final = Decimal(0)

#: The maximum rounding difference of a row, or of the sum of a rate.
_HALF_ORE: Final = Decimal("0.005")

#: The only kind of VAT for rates above 0 %; a customer with EUVAT is also charged Swedish VAT.
DOMESTIC: Final = "SEVAT"
_CHARGED: Final = frozenset({DOMESTIC, "EUVAT"})

_TYPES: Final = {"invoice": "INVOICE", "correction": "INVOICE", "interest": "INTRESTINVOICE"}

#: The fields of a customer record: Fortnox's names, and ours.
CUSTOMER_CARD: Final = (*CARD, ("Email", "email"))

#: The maximum length in Fortnox.
_MAX_DESCRIPTION_LENGTH: Final = 255


@dataclass(frozen=True, slots=True)
class InvoiceContent(Content):
    """An invoice as it should look in Fortnox.

    :ivar ours: its ``total`` is the one that Fortnox computes.
    :ivar card: without the kind of VAT.
    :ivar vat_kind: that the customer must have in Fortnox; ``""`` for any.
    :ivar rates: the host's VAT rates of the rows.
    :ivar rounding: the amount of the rounding row, in the invoice's currency.
    """

    ours: Invoice
    vat_kind: str = ""
    rates: frozenset[str] = frozenset()
    rounding: Decimal = _ZERO


def reference(region: str, invoice_number: str) -> str:
    """Return the mark of our invoices, ``ExternalInvoiceReference1``."""
    return f"{MARK}{clean(region)[:50]}/{invoice_number}/"


def rate_of(code: str, vat_kinds: Mapping[str, str]) -> tuple[Decimal, str] | None:
    """Return percent and kind of a host's VAT rate; ``None`` if it is unknown.

    A rate of 0 % without a kind matches every kind.
    """
    if kind := vat_kinds.get(code):
        return _ZERO, kind
    if not (code.isascii() and code.replace(".", "", 1).isdigit()):
        return None
    percent = Decimal(code)
    if percent > 100:
        return None
    return percent, DOMESTIC if percent else ""


def total_of(rows: Iterable[InvoiceRow]) -> Decimal:
    """Return the total that Fortnox computes: VAT on the sum of each rate, half up."""
    nets: dict[Decimal, Decimal] = {}
    for row in rows:
        amount = rounded_to_ore(row.price * row.delivered_quantity)
        nets[row.vat] = nets.get(row.vat, _ZERO) + amount
    vat = sum((rounded_to_ore(net * rate / 100) for rate, net in nets.items()), _ZERO)
    return sum(nets.values(), _ZERO) + vat


def host_total(invoice: contract.Invoice) -> Decimal:
    return sum((row.net + row.vat for row in invoice.rows), _ZERO)


def customer_number(customer: contract.Customer, settings: InvoiceSettings) -> str:
    """Return the customer's number in Fortnox; ``""`` if the host has none."""
    ledger = settings.customer_number == "ledger"
    return (customer.ledger_number if ledger else customer.code).strip()


def card_of(customer: contract.Customer, settings: InvoiceSettings) -> Customer:
    """Return the customer record as it should look in Fortnox, without the kind of VAT."""
    return Customer(customer_number(customer, settings), **card_texts(customer, CUSTOMER_CARD))


def content_of(
    invoice: contract.Invoice, settings: InvoiceSettings, descriptions: Mapping[str, str]
) -> InvoiceContent:
    """Return an invoice as it should look in Fortnox.

    An unknown VAT rate counts as 0 %, and is a gap (:func:`rate_of`).

    :param descriptions: of accounts, for the rows.
    """
    rows = (_text_row(invoice), *_rows(invoice, settings, descriptions))
    difference = host_total(invoice) - total_of(rows)
    rounds = bool(settings.rounding_account) and _is_rounding(invoice, difference)
    rounding = difference if rounds else _ZERO
    if rounding:
        account = settings.rounding_account
        rows = (*rows, InvoiceRow("Öresavrundning", account, rounding, Decimal(1)))
    rates = frozenset(row.vat_rate for row in invoice.rows)
    kinds = {rate[1] for code in rates if (rate := rate_of(code, settings.vat_kinds))} - {""}
    ours = _invoice_of(invoice, settings, rows)
    card = card_of(invoice.customer, settings)
    return InvoiceContent(
        ours,
        card,
        party_id(invoice.region, invoice.customer.code),
        host_total(invoice),
        _problem_of(invoice, ours, card, kinds),
        vat_kind=min(kinds, default=""),
        rates=rates,
        rounding=rounding,
    )


def _invoice_of(
    invoice: contract.Invoice, settings: InvoiceSettings, rows: tuple[InvoiceRow, ...]
) -> Invoice:
    number = invoice.invoice_number.strip()
    return Invoice(
        number=number,
        party_number=customer_number(invoice.customer, settings),
        invoice_date=invoice.invoice_date,
        due_date=invoice.due_date,
        currency=invoice.currency,
        currency_rate=invoice.exchange_rate if invoice.currency != "SEK" else None,
        ocr=invoice.ocr.replace(" ", ""),
        rows=rows,
        external_reference=reference(invoice.region, number),
        invoice_type=_TYPES[invoice.type],
        credit_invoice_reference=invoice.credits.strip(),
        total=total_of(rows),
    )


def _problem_of(
    invoice: contract.Invoice, ours: Invoice, card: Customer, kinds: Collection[str]
) -> Problem | None:
    """Return why an invoice cannot be written; the first problem of several.

    :param kinds: of its VAT.
    """
    return (
        _number_problem(ours.number)
        or (None if invoice.rows else PROBLEMS.problem("ROWS_MISSING"))
        or PROBLEMS.text_problem(_texts(ours, card))
        or _vat_kind_problem(kinds)
        or PROBLEMS.row_count_problem(len(ours.rows))
        or PROBLEMS.amount_problem(ours.currency, (ours.total, *(row.price for row in ours.rows)))
        or (None if host_total(invoice) == ours.total else _total_problem(invoice, ours))
    )


def with_customer_number(content: InvoiceContent, number: str) -> InvoiceContent:
    """Return an invoice with another number of its customer."""
    ours = replace(content.ours, party_number=number)
    return replace(content, ours=ours, card=replace(content.card, number=number))


def is_document_number(number: str) -> bool:
    """Return whether an invoice's number can be its number in Fortnox."""
    # With a leading zero it would be another number in Fortnox, which may be another invoice here.
    return str(integer_in(number)) == number


def _number_problem(number: str) -> Problem | None:
    if is_document_number(number):
        return None
    return PROBLEMS.problem("NUMBER_NOT_USABLE", number=number)


def _texts(invoice: Invoice, card: Customer) -> Iterable[tuple[str, str]]:
    yield "ExternalInvoiceReference1", invoice.external_reference
    yield "CustomerNumber", card.number
    for row in invoice.rows:
        yield "InvoiceRows", row.description
    for name, field in CUSTOMER_CARD:
        yield name, getattr(card, field)


def _vat_kind_problem(kinds: Collection[str]) -> Problem | None:
    if len(kinds) < 2:
        return None
    single = Text("bara ett slag", "one kind only")
    return PROBLEMS.problem("VAT_KIND_CONTRADICTS", ours=", ".join(sorted(kinds)), theirs=single)


def vat_kind_conflicts(kind: str, customer_kind: str) -> bool:
    if not kind or not customer_kind or kind == customer_kind:
        return False
    return not {kind, customer_kind} <= _CHARGED


def _text_row(invoice: contract.Invoice) -> InvoiceRow:
    order_date = invoice.order_date.isoformat() if invoice.order_date else ""
    parts = [invoice.invoice_number, invoice.order_number, order_date]
    text = "Faktura " + ", ".join(part for part in parts if part)
    return InvoiceRow(clean(text)[:_MAX_DESCRIPTION_LENGTH])


def _rows(
    invoice: contract.Invoice, settings: InvoiceSettings, descriptions: Mapping[str, str]
) -> tuple[InvoiceRow, ...]:
    sums: dict[tuple[str, str, Decimal], Decimal] = {}
    for row in invoice.rows:
        percent, _ = rate_of(row.vat_rate, settings.vat_kinds) or (_ZERO, "")
        key = (row.account.strip(), row.unit.strip(), percent.normalize())
        sums[key] = sums.get(key, _ZERO) + row.net
    return tuple(
        InvoiceRow(
            description=_row_description(account, descriptions),
            account_number=account,
            price=rounded_to_ore(net),
            delivered_quantity=Decimal(1),
            vat=percent,
            cost_center=unit if settings.cost_center == "unit" else "",
        )
        for (account, unit, percent), net in sums.items()
    )


def _row_description(account: str, descriptions: Mapping[str, str]) -> str:
    # Fortnox may refuse the name of an account as the text of a row.
    name = clean(descriptions.get(account, ""))
    return f"Konto {account}" if not name or is_refused(name) else name


def _is_rounding(invoice: contract.Invoice, difference: Decimal) -> bool:
    """Return whether totals differ only by rounding, and not by another VAT."""
    rates = {row.vat_rate for row in invoice.rows}
    max_difference = _HALF_ORE * (len(invoice.rows) + len(rates))
    return abs(difference) <= max_difference and difference == rounded_to_ore(difference)


def _total_problem(invoice: contract.Invoice, content: Invoice) -> Problem:
    """Explain the difference of the totals: VAT of the rows against VAT of the sum."""
    ours, theirs = host_total(invoice), content.total
    vat = sum((row.vat for row in invoice.rows), _ZERO)
    net = sum((row.price for row in content.rows), _ZERO)
    advice = _CHOOSE_ACCOUNT if _is_rounding(invoice, ours - theirs) else _CHECK_VAT
    row_vat, sum_vat = amount_in_words(vat), amount_in_words(theirs - net)
    return PROBLEMS.problem(
        "TOTAL_DIFFERS",
        theirs=amount_in_words(theirs, invoice.currency),
        ours=amount_in_words(ours, invoice.currency),
        cause=Text(
            f"Momsen är {row_vat.sv} på raderna men {sum_vat.sv} på summan per sats. {advice.sv}",
            f"VAT is {row_vat.en} on the rows but {sum_vat.en} on the sum per rate. {advice.en}",
        ),
    )


_CHOOSE_ACCOUNT: Final = Text(
    "Ange ett konto för öresavrundning i exportens inställningar.",
    "Give a rounding account in the settings of the export.",
)
_CHECK_VAT: Final = Text(
    "Kontrollera fakturans moms och momssatser.",
    "Check the VAT and the VAT rates of the invoice.",
)


# --- Comparison ---------------------------------------------------------------


def identity_differences(ours: Invoice, theirs: Invoice) -> list[contract.Difference]:
    """Return the fields that show that an invoice with our number is not ours.

    It is not if it has the mark of another one of ours, such as of another region.
    """
    other = is_of_another(ours.external_reference, theirs)
    return differences_of(
        (
            "ExternalInvoiceReference1",
            ours.external_reference if other else "",
            theirs.external_reference if other else "",
        ),
        ("CustomerNumber", ours.party_number, theirs.party_number),
        ("Total", ours.total, theirs.total),
        ("Currency", ours.currency, theirs.currency),
        ("InvoiceDate", ours.invoice_date, theirs.invoice_date),
    )


def differences(ours: Invoice, theirs: Invoice) -> list[contract.Difference]:
    """Return the fields in which our invoice differs in Fortnox, rows included."""
    result = header_differences(ours, theirs)
    ours_rows, theirs_rows = ([_row(row) for row in each.rows] for each in (ours, theirs))
    if len(ours_rows) != len(theirs_rows):
        result += differences_of(("InvoiceRows", len(ours_rows), len(theirs_rows)))
    for index, (mine, other) in enumerate(zip(ours_rows, theirs_rows, strict=False), 1):
        result += differences_of((f"InvoiceRows[{index}]", mine, other))
    return result


def header_differences(ours: Invoice, theirs: Invoice) -> list[contract.Difference]:
    """Return the fields, except rows, in which our invoice differs in Fortnox."""
    return identity_differences(ours, theirs) + differences_of(
        ("DueDate", ours.due_date, theirs.due_date),
        ("OCR", ours.ocr, theirs.ocr if ours.ocr else ""),
        currency_rates(ours, theirs),
        ("InvoiceType", ours.invoice_type, theirs.invoice_type or ours.invoice_type),
        (
            "CreditInvoiceReference",
            ours.credit_invoice_reference,
            theirs.credit_invoice_reference,
        ),
        ("VATIncluded", ours.vat_included, theirs.vat_included),
        ("Freight", ours.freight, theirs.freight),
        ("AdministrationFee", ours.administration_fee, theirs.administration_fee),
    )


def _row(row: InvoiceRow) -> str:
    if not row.delivered_quantity:
        return row.description
    parts = [
        row.account_number,
        row.description,
        f"{amount_text(row.price)} × {row.delivered_quantity.normalize():f}",
        f"{row.vat.normalize():f} %",
        row.cost_center,
        row.article_number,
        row.project,
        row.unit,
        f"-{row.discount.normalize():f}" if row.discount else "",
    ]
    return " · ".join(part for part in parts if part)


def with_row_ids(ours: Invoice, theirs: Invoice) -> Invoice:
    """Return our invoice with the ids of the rows that it replaces.

    Fortnox changes rows by their ids, adds those without one, and removes the others.
    """
    ids = [row.row_id for row in theirs.rows]
    rows = tuple(
        replace(row, row_id=ids[index]) if index < len(ids) else row
        for index, row in enumerate(ours.rows)
    )
    return replace(ours, rows=rows)
