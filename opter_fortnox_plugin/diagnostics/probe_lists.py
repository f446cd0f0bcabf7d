"""Questions of a probe about lists and what stands in them; each with its judge beside it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from opter_fortnox_plugin.diagnostics import probe_messages as words
from opter_fortnox_plugin.diagnostics.probe_reader import (
    NO_PARAMETER,
    NOBODY,
    Finding,
    Findings,
    Reader,
    Undecidable,
    listed,
    readable_of,
    refused,
    seen,
    undecidable,
)
from opter_fortnox_plugin.fortnox.protocol import PAGE_SIZE, Page, Reply, payments_query, value_of
from opter_fortnox_plugin.fortnox.schemas import InvoicePayment
from opter_fortnox_plugin.payments.exchange_rate import exchange_rate

#: How often ties are looked at.
TIE_LOOKS: Final = 4

# --- Lists -----------------------------------------------------------------------


def meta_information(reader: Reader) -> Findings:
    reply = reader.unsorted
    listed(reply)
    yield judge_meta_information(reply)


def judge_meta_information(reply: Reply) -> Finding:
    """Tell whether ``MetaInformation`` is there, and whether it comes first."""
    keys = list(value_of(reply, ""))
    place = keys.index("MetaInformation") if "MetaInformation" in keys else None
    answer = "absent" if place is None else ("first" if place == 0 else "present")
    return Finding("meta_information", answer, seen(reply))


#: What the short row of a list has, as recorded; what only a detail has otherwise.
ROW: Final = frozenset(
    [
        "@url",
        "Amount",
        "Booked",
        "Currency",
        "CurrencyRate",
        "CurrencyUnit",
        "InvoiceNumber",
        "Number",
        "PaymentDate",
        "Source",
        "WriteOffExist",
    ]
)
DETAIL_ONLY: Final = frozenset(
    [
        "AmountCurrency",
        "InvoiceCustomerName",
        "InvoiceOCR",
        "InvoiceTotal",
        "ModeOfPayment",
        "VoucherNumber",
    ]
)


def payment_rows(reader: Reader) -> Findings:
    yield from judge_payment_row(reader.newest.rows)


def judge_payment_row(rows: Sequence[Any]) -> Findings:
    """Tell whether a row of the list is the short or the full one, and how many fields it has."""
    kinds = Counter(frozenset(row) for row in rows if isinstance(row, Mapping))
    if not kinds:
        raise Undecidable(words.NO_PAYMENT)
    [(keys, _)] = kinds.most_common(1)
    extra = f"+{len(keys - ROW)} −{len(ROW - keys)}"
    short = not keys & DETAIL_ONLY
    yield Finding("payment_row", "short" if short else "full", extra)
    yield Finding("payment_row_fields", len(keys), extra)


def payment_order(reader: Reader) -> Findings:
    yield judge_payment_order(readable_of(listed(reader.unsorted).rows))


def judge_payment_order(rows: Sequence[InvoicePayment]) -> Finding:
    """Name the order that a list has where none was asked for."""
    numbers, days = [int(row.number) for row in rows], [row.date for row in rows]
    by_number = numbers == sorted(numbers)
    newest = days == sorted(days, reverse=True)
    if by_number and newest:
        raise Undecidable(words.SAME_EITHER_WAY)
    if by_number:
        return Finding("payment_order", "number")
    if newest and days[0] != days[-1]:
        also = numbers == sorted(numbers, reverse=True)
        return Finding("payment_order", "newest", "number descending, too" if also else "")
    return Finding("payment_order", "another")


def default_limit(reader: Reader) -> Findings:
    page = listed(reader.unsorted)
    if page.total <= len(page.rows):
        raise Undecidable(words.ALL_ON_A_PAGE)
    yield Finding("default_limit", len(page.rows))


def default_sortorder(reader: Reader) -> Findings:
    reply = reader.ask("invoicepayments", limit=str(PAGE_SIZE), sortby="paymentdate")
    yield judge_default_sortorder(readable_of(listed(reply).rows))


def judge_default_sortorder(rows: Sequence[InvoicePayment]) -> Finding:
    """Name the direction of a sorted list where none was asked for."""
    days = [row.date for row in rows]
    if len(set(days)) < 2:
        raise Undecidable(words.SAME_EITHER_WAY)
    if days == sorted(days):
        return Finding("default_sortorder", "ascending")
    descends = days == sorted(days, reverse=True)
    return Finding("default_sortorder", "descending" if descends else "another")


def random_ties(reader: Reader) -> Findings:
    looks = [readable_of(reader.newest.rows)]
    if len({row.date for row in looks[0]}) == len(looks[0]):
        raise Undecidable(words.NO_TIES)
    while len(looks) < TIE_LOOKS and all(same_order(looks[0], one) for one in looks[1:]):
        reply = reader.ask("invoicepayments", **payments_query(1, None))
        looks.append(readable_of(listed(reply).rows))
    yield judge_random_ties(looks)


def same_order(one: Sequence[InvoicePayment], other: Sequence[InvoicePayment]) -> bool:
    """Tell whether two looks met the same payments in the same order."""
    return [row.number for row in one] == [row.number for row in other]


def judge_random_ties(looks: Sequence[Sequence[InvoicePayment]]) -> Finding:
    """Tell whether payments of one date change places from one look to the next."""
    first = looks[0]
    if any([row.date for row in look] != [row.date for row in first] for look in looks):
        raise Undecidable(words.MOVED)
    moved = not all(same_order(first, look) for look in looks)
    return Finding("random_ties", moved, "" if moved else _tie_order(first))


def _tie_order(rows: Sequence[InvoicePayment]) -> str:
    pairs = [
        (int(a.number), int(b.number)) for a, b in itertools.pairwise(rows) if a.date == b.date
    ]
    if all(a < b for a, b in pairs):
        return "by ascending number"
    return "by descending number" if all(a > b for a, b in pairs) else "by neither number order"


def page_beyond_end(reader: Reader) -> Findings:
    beyond = max(2, reader.newest.pages + 1)
    reply = reader.ask("invoicepayments", limit=str(PAGE_SIZE), page=str(beyond))
    yield judge_page_beyond_end(reply)


def judge_page_beyond_end(reply: Reply) -> Finding:
    """Name what comes for a page after the last."""
    if reply.status == 404:
        return Finding("page_beyond_end", "not_found", seen(reply))
    if refused(reply):
        return Finding("page_beyond_end", "refused", seen(reply))
    return Finding("page_beyond_end", "last" if listed(reply).rows else "empty", seen(reply))


def limit_above_500(reader: Reader) -> Findings:
    unsure: Finding | None = None
    for path, name in (("invoicepayments", "InvoicePayments"), ("invoices", "Invoices")):
        reply = reader.ask(path, limit=str(PAGE_SIZE + 1))
        finding = judge_limit_above_500(reply, name)
        if finding.decided:
            yield finding
            return
        unsure = unsure or finding
    if unsure:
        yield unsure


def judge_limit_above_500(reply: Reply, name: str) -> Finding:
    """Name what becomes of a ``limit`` of 501."""
    if refused(reply):
        return Finding("limit_above_500", "refused", seen(reply))
    page = listed(reply, name)
    came = len(page.rows)
    if came > PAGE_SIZE:
        return Finding("limit_above_500", "honoured", seen(reply))
    if came == page.total:
        return undecidable("limit_above_500", words.TOO_FEW_FOR_A_PAGE, seen(reply))
    return Finding("limit_above_500", "clamped" if came == PAGE_SIZE else "default", seen(reply))


def limit_below_1(reader: Reader) -> Findings:
    reply = reader.ask("invoicepayments", limit="0")
    yield judge_limit_below_1(reply)


def judge_limit_below_1(reply: Reply) -> Finding:
    """Name what becomes of a ``limit`` of 0."""
    if refused(reply):
        return Finding("limit_below_1", "refused", seen(reply))
    page = listed(reply)
    if not page.total:
        raise Undecidable(words.NO_PAYMENT)
    return Finding("limit_below_1", "default" if page.rows else "empty", seen(reply))


def page_below_1(reader: Reader) -> Findings:
    reply = reader.ask("invoicepayments", page="0")
    yield judge_page_below_1(reply, listed(reader.unsorted))


def judge_page_below_1(reply: Reply, first: Page) -> Finding:
    """Name what becomes of ``page`` 0."""
    if refused(reply):
        return Finding("page_below_1", "refused", seen(reply))
    if not first.rows:
        raise Undecidable(words.NO_PAYMENT)
    same = _numbers(listed(reply)) == _numbers(first)
    return Finding("page_below_1", "first" if same else "another", seen(reply))


def page_with_offset(reader: Reader) -> Findings:
    reply = reader.ask("invoicepayments", limit="2", page="2", offset="1")
    yield judge_page_with_offset(reply, listed(reader.unsorted))


def judge_page_with_offset(reply: Reply, first: Page) -> Finding:
    """Name what ``page`` and ``offset`` mean together: asked for 2 rows, page 2, offset 1."""
    if refused(reply):
        return Finding("page_with_offset", "refused", seen(reply))
    numbers = _numbers(first)
    if len(numbers) < 5:
        raise Undecidable(words.TOO_FEW)
    came = _numbers(listed(reply))
    starts = {3: "added", 2: "page", 1: "offset"}
    name = next((name for at, name in starts.items() if numbers[at : at + 2] == came), "another")
    return Finding("page_with_offset", name, seen(reply))


def _numbers(page: Page) -> list[str]:
    return [str(row.get("Number")) for row in page.rows if isinstance(row, Mapping)]


def trailing_slash(reader: Reader) -> Findings:
    reply = reader.ask("invoicepayments/", limit="1")
    answer = "redirected" if 300 <= reply.status < 400 else "accepted"
    yield Finding("trailing_slash", "refused" if refused(reply) else answer, seen(reply))


def unknown_parameter(reader: Reader) -> Findings:
    reply = reader.ask("invoicepayments", **{NO_PARAMETER: "1", "limit": "1"})
    yield Finding("unknown_parameter", "refused" if refused(reply) else "ignored", seen(reply))


def payment_filter_customernumber(reader: Reader) -> Findings:
    reply = reader.ask("invoicepayments", customernumber=NOBODY, limit="1")
    if refused(reply):
        yield Finding("payment_filter_customernumber", answer=False, seen=seen(reply))
        return
    page = listed(reply)
    if not reader.newest.total:
        raise Undecidable(words.NO_PAYMENT)
    answer = "ignored" if page.total == reader.newest.total else True
    yield Finding("payment_filter_customernumber", answer, seen(reply))


def several_filters(reader: Reader) -> Findings:
    number, day = _text(reader.invoice, "DocumentNumber"), _text(reader.invoice, "InvoiceDate")
    after = date.fromisoformat(day) + timedelta(days=1)
    reply = reader.ask("invoices", documentnumber=number, fromdate=after.isoformat())
    yield judge_several_filters(reply)


def judge_several_filters(reply: Reply) -> Finding:
    """Tell what becomes of two filters that no invoice passes together."""
    if refused(reply):
        return Finding("several_filters", answer=False, seen=seen(reply))
    kept_both = not listed(reply, "Invoices").total
    return Finding("several_filters", True if kept_both else "one_ignored", seen(reply))


def number_filters_match_part(reader: Reader) -> Findings:
    number = _text(reader.invoice, "DocumentNumber")
    if len(number) < 2:
        raise Undecidable(words.NO_INVOICE)
    part = number[:-1]
    reply = reader.ask("invoices", documentnumber=part, limit=str(PAGE_SIZE))
    yield judge_number_filters(reply, part)


def judge_number_filters(reply: Reply, part: str) -> Finding:
    """Tell whether a filter for a part of a number found whole ones."""
    rows = listed(reply, "Invoices").rows
    others = any(str(row.get("DocumentNumber")) != part for row in rows)
    return Finding("number_filters_match_part", answer=others, seen=seen(reply))


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise Undecidable(words.NO_INVOICE)
    return value


# --- Payments and invoices -------------------------------------------------------


def list_amount(reader: Reader) -> Findings:
    yield judge_list_amount(reader.foreign)


def judge_list_amount(pairs: Sequence[tuple[InvoicePayment, InvoicePayment]]) -> Finding:
    """Name the currency of ``Amount`` in the list, for payments in another currency."""
    for row, detail in pairs:
        if detail.amount_currency is None or detail.amount == detail.amount_currency:
            continue
        if row.amount == detail.amount:
            return Finding("list_amount", "SEK")
        if row.amount == detail.amount_currency:
            return Finding("list_amount", "currency")
    raise Undecidable(words.NO_FOREIGN)


def unit_divides(reader: Reader) -> Findings:
    pairs = [
        (row, detail) for row, detail in reader.foreign if detail.currency_unit not in (None, 1)
    ]
    yield judge_unit_divides([detail for _, detail in pairs])


def judge_unit_divides(details: Sequence[InvoicePayment]) -> Finding:
    """Tell whether ``CurrencyUnit`` divides the rate, by the reading that fits the amounts."""
    readings = Counter(reading for detail in details if (reading := _reading(detail)) is not None)
    if len(readings) > 1:
        raise Undecidable(words.DISAGREE)
    if not readings:
        raise Undecidable(words.NO_UNIT)
    return Finding("unit_divides", next(iter(readings)))


def _reading(detail: InvoicePayment) -> bool | None:
    if detail.amount_currency is None or detail.currency_rate is None:
        return None
    try:
        rate = exchange_rate(
            detail.amount, detail.amount_currency, detail.currency_rate, detail.currency_unit
        )
    except ValueError:
        return None
    return None if rate.warning else rate.value != detail.currency_rate


def invoice_amounts(reader: Reader) -> Findings:
    for _, detail in reader.foreign:
        alone = [row for row in reader.readable if row.invoice_number == detail.invoice_number]
        if len(alone) != 1 or detail.write_offs or not detail.booked:
            continue
        reply = reader.ask("invoices", documentnumber=detail.invoice_number)
        for row in listed(reply, "Invoices").rows:
            if str(row.get("DocumentNumber")) != detail.invoice_number:
                continue
            if (answer := judge_invoice_amounts(row, detail)) is not None:
                yield Finding("invoice_amounts", answer)
                return
    raise Undecidable(words.NO_FOREIGN)


def judge_invoice_amounts(row: Mapping[str, Any], detail: InvoicePayment) -> str | None:
    """Name the currency of an invoice's amounts, by what its only payment took off.

    ``None`` where the two currencies are too near each other to tell.
    """
    total, balance = row.get("Total"), row.get("Balance")
    if not isinstance(total, int | Decimal) or not isinstance(balance, int | Decimal):
        return None
    paid, in_currency = Decimal(total) - Decimal(balance), detail.amount_currency
    if not in_currency or not paid:
        return None
    ratio, rate = paid / in_currency, detail.amount / in_currency
    if abs(rate - 1) < Decimal("0.2"):
        return None
    near = Decimal("0.08")
    if abs(ratio - 1) < near:
        return "currency"
    return "SEK" if abs(ratio / rate - 1) < near else None


def negative_payments(reader: Reader) -> Findings:
    if any(row.amount < 0 for row in reader.readable):
        yield Finding("negative_payments", answer=True)
        return
    raise Undecidable(words.NO_NEGATIVE)
