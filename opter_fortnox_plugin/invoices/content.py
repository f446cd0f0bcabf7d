"""What Fortnox is to have of an invoice and of its customer. Nothing here opens a connection.

One row a combination of account, economic unit and VAT rate, below a text row, as Opter's own
export has it. Fortnox computes VAT and total itself, so its total is computed here beforehand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from opter_contract import export_values as contract
from opter_contract.values import Text
from opter_fortnox_plugin.exports.cards import CARD, card_texts
from opter_fortnox_plugin.exports.content import Content, is_of_another
from opter_fortnox_plugin.exports.problems import Problem
from opter_fortnox_plugin.exports.texts import (
    MARK,
    cleaned,
    currency_rates,
    differences_of,
    in_words,
    is_refused,
    ore,
    shown,
)
from opter_fortnox_plugin.fortnox.invoice_schemas import Invoice, InvoiceRow
from opter_fortnox_plugin.fortnox.party_schemas import Customer
from opter_fortnox_plugin.invoices.problems import PROBLEMS
from opter_fortnox_plugin.invoices.settings import InvoiceSettings

_ZERO: Final = Decimal(0)

#: What rounding makes a row, or the sum of a rate, differ at most.
_HALF_ORE: Final = Decimal("0.005")

#: The only kind of a rate above 0 %; also a customer with EUVAT is charged Swedish VAT.
DOMESTIC: Final = "SEVAT"
_CHARGED: Final = frozenset({DOMESTIC, "EUVAT"})

_TYPES: Final = {"invoice": "INVOICE", "correction": "INVOICE", "interest": "INTRESTINVOICE"}

#: The fields of a customer's card, in Fortnox's words, and their names here.
CUSTOMER_CARD: Final = (*CARD, ("Email", "email"))

#: Fortnox takes no longer numbers.
_MAX_NUMBER_LENGTH: Final = 15
_MAX_DESCRIPTION_LENGTH: Final = 255


@dataclass(frozen=True, slots=True)
class InvoiceContent(Content):
    """An invoice as it should look in Fortnox.

    :ivar ours: its ``total`` is the one that Fortnox computes.
    :ivar card: without the kind of VAT.
    :ivar vat_kind: that the customer must have in Fortnox; ``""`` if any will do.
    :ivar rates: the host's VAT rates of the rows.
    :ivar rounding: what a row for rounding makes good, in the invoice's currency.
    """

    ours: Invoice
    vat_kind: str = ""
    rates: frozenset[str] = frozenset()
    rounding: Decimal = _ZERO


def reference(invoice: contract.Invoice) -> str:
    """Return the mark of our invoices, ``ExternalInvoiceReference1``."""
    region = cleaned(invoice.region)[:50]
    return f"{MARK}{region}/{invoice.invoice_number}/"


def rate_of(code: str, vat_kinds: Mapping[str, str]) -> tuple[Decimal, str] | None:
    """Return percent and kind of a host's VAT rate; ``None`` for one that is not known.

    A rate of 0 % without a kind goes with every kind.
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
        amount = ore(row.price * row.delivered_quantity)
        nets[row.vat] = nets.get(row.vat, _ZERO) + amount
    vat = sum((ore(net * rate / 100) for rate, net in nets.items()), _ZERO)
    return sum(nets.values(), _ZERO) + vat


def host_total(invoice: contract.Invoice) -> Decimal:
    return sum((row.net + row.vat for row in invoice.rows), _ZERO)


def customer_number(customer: contract.Customer, settings: InvoiceSettings) -> str:
    """Return the customer's number in Fortnox; ``""`` if the host has none."""
    ledger = settings.customer_number == "ledger"
    return (customer.ledger_number if ledger else customer.code).strip()


def card_of(customer: contract.Customer, settings: InvoiceSettings) -> Customer:
    """Return the customer's card as it should look in Fortnox, without the kind of VAT."""
    return Customer(customer_number(customer, settings), **card_texts(customer, CUSTOMER_CARD))


def content_of(
    invoice: contract.Invoice, settings: InvoiceSettings, descriptions: Mapping[str, str]
) -> InvoiceContent:
    """Return an invoice as it should look in Fortnox.

    A VAT rate that is not known counts as 0 %: that is a gap (:func:`rate_of`).

    :param descriptions: of accounts, for the rows.
    """
    rates = frozenset(row.vat_rate for row in invoice.rows)
    kinds = {rate[1] for code in rates if (rate := rate_of(code, settings.vat_kinds))} - {""}
    rows = (_text_row(invoice), *_rows(invoice, settings, descriptions))
    difference = host_total(invoice) - total_of(rows)
    rounded = _is_rounding(invoice, difference) and bool(settings.rounding_account)
    if difference and rounded:
        account = settings.rounding_account
        rows = (*rows, InvoiceRow("Öresavrundning", account, difference, Decimal(1)))
    made = Invoice(
        number=_document_number(invoice.invoice_number),
        party_number=customer_number(invoice.customer, settings),
        invoice_date=invoice.invoice_date,
        due_date=invoice.due_date,
        currency=invoice.currency,
        currency_rate=invoice.exchange_rate if invoice.currency != "SEK" else None,
        ocr=invoice.ocr.replace(" ", ""),
        rows=rows,
        external_reference=reference(invoice),
        invoice_type=_TYPES[invoice.type],
        credit_invoice_reference=_document_number(invoice.credits),
        total=total_of(rows),
    )
    card = card_of(invoice.customer, settings)
    problem = (
        _number_problem(made.number)
        or PROBLEMS.of_texts(_texts(made, card))
        or _kind_problem(kinds)
        or PROBLEMS.of_rows(len(rows))
        or (_total_problem(invoice, made) if difference and not rounded else None)
    )
    return InvoiceContent(
        made,
        card,
        invoice.customer.code,
        host_total(invoice),
        problem,
        vat_kind=min(kinds, default=""),
        rates=rates,
        rounding=difference if rounded else _ZERO,
    )


def _document_number(text: str) -> str:
    """Return a number as Fortnox has it, without leading zeros."""
    number = text.strip()
    return str(int(number)) if _is_number(number) else number


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_NUMBER_LENGTH


def _number_problem(number: str) -> Problem | None:
    return None if _is_number(number) else PROBLEMS.problem("NUMBER_NOT_USABLE", number=number)


def _texts(invoice: Invoice, card: Customer) -> Iterable[tuple[str, str]]:
    yield "ExternalInvoiceReference1", invoice.external_reference
    for row in invoice.rows:
        yield "InvoiceRows", row.description
    for name, field in CUSTOMER_CARD:
        yield name, getattr(card, field)


def _kind_problem(kinds: Collection[str]) -> Problem | None:
    if len(kinds) < 2:
        return None
    one = Text("bara ett slag", "one kind only")
    return PROBLEMS.problem("VAT_KIND_CONTRADICTS", ours=", ".join(sorted(kinds)), theirs=one)


def kind_contradicts(kind: str, of_card: str) -> bool:
    """Return whether a customer's kind of VAT is another one than that of an invoice."""
    if not kind or not of_card or kind == of_card:
        return False
    return not {kind, of_card} <= _CHARGED


def _text_row(invoice: contract.Invoice) -> InvoiceRow:
    order_date = invoice.order_date.isoformat() if invoice.order_date else ""
    parts = [invoice.invoice_number, invoice.order_number, order_date]
    text = "Faktura " + ", ".join(part for part in parts if part)
    return InvoiceRow(cleaned(text)[:_MAX_DESCRIPTION_LENGTH])


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
            description=_named(account, descriptions),
            account_number=account,
            price=ore(net),
            delivered_quantity=Decimal(1),
            vat=percent,
            cost_center=unit if settings.cost_center == "unit" else "",
        )
        for (account, unit, percent), net in sums.items()
    )


def _named(account: str, descriptions: Mapping[str, str]) -> str:
    # Fortnox may refuse in a row what it has as the name of an account.
    name = cleaned(descriptions.get(account, ""))
    return f"Konto {account}" if not name or is_refused(name) else name


def _is_rounding(invoice: contract.Invoice, difference: Decimal) -> bool:
    """Return whether totals differ by rounding, and not by another VAT."""
    rates = {row.vat_rate for row in invoice.rows}
    most = _HALF_ORE * (len(invoice.rows) + len(rates))
    return abs(difference) <= most and difference == ore(difference)


def _total_problem(invoice: contract.Invoice, made: Invoice) -> Problem:
    """Explain the difference of the totals: VAT of the rows against VAT of the sum."""
    ours, theirs = host_total(invoice), made.total
    vat, net = (
        sum((one for one in each), _ZERO)
        for each in ((row.vat for row in invoice.rows), (row.price for row in made.rows))
    )
    todo = _CHOOSE_ACCOUNT if _is_rounding(invoice, ours - theirs) else _CHECK_VAT
    of_rows, of_sum = in_words(vat), in_words(theirs - net)
    return PROBLEMS.problem(
        "TOTAL_DIFFERS",
        theirs=in_words(theirs, invoice.currency),
        ours=in_words(ours, invoice.currency),
        cause=Text(
            f"Momsen är {of_rows.sv} på raderna men {of_sum.sv} på summan per sats. {todo.sv}",
            f"VAT is {of_rows.en} on the rows but {of_sum.en} on the sum per rate. {todo.en}",
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
    """Return why an invoice that has our number is not ours; nothing where it may be.

    One that has the mark of another of ours, as of the same number in another region, is not.
    """
    other = is_of_another(ours, theirs)
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
    """Return the fields of our invoice that are not so in Fortnox, rows included."""
    found = header_differences(ours, theirs)
    ours_rows, theirs_rows = ([_row(row) for row in each.rows] for each in (ours, theirs))
    if len(ours_rows) != len(theirs_rows):
        found += differences_of(("InvoiceRows", len(ours_rows), len(theirs_rows)))
    for index, (mine, other) in enumerate(zip(ours_rows, theirs_rows, strict=False), 1):
        found += differences_of((f"InvoiceRows[{index}]", mine, other))
    return found


def header_differences(ours: Invoice, theirs: Invoice) -> list[contract.Difference]:
    """Return the fields of our invoice, but for rows, that are not so in Fortnox."""
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
        f"{shown(row.price)} × {row.delivered_quantity.normalize():f}",
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

    Fortnox changes the rows that are named, adds those without an id, and removes the others.
    """
    ids = [row.row_id for row in theirs.rows]
    rows = tuple(
        replace(row, row_id=ids[index]) if index < len(ids) else row
        for index, row in enumerate(ours.rows)
    )
    return replace(ours, rows=rows)
