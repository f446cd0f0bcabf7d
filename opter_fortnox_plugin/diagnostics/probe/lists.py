"""The behaviour of lists: order, pages, filters, and the form of a payment's row."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from opter_contract.values import Text
from opter_fortnox_plugin.diagnostics.probe.client import (
    NO_SUCH_NUMBER,
    NO_SUCH_PARAMETER,
    ProbeClient,
    readable_payments,
)
from opter_fortnox_plugin.diagnostics.probe.question import Questions
from opter_fortnox_plugin.diagnostics.probe.results import (
    NO_INVOICE,
    NO_PAYMENT,
    SOMETHING_CHANGED,
    Answer,
    ProbeResult,
    Results,
    Undecided,
    evidence_of,
    is_refused,
    page_in,
    result_of,
)
from opter_fortnox_plugin.fortnox.payment_schemas import InvoicePayment
from opter_fortnox_plugin.fortnox.protocol import PAGE_SIZE, Page, Response, payments_query
from opter_fortnox_plugin.fortnox.responses import value_of

#: How many times payments of one date are listed, to see whether their order changes.
MAX_LISTINGS: Final = 4

#: A text that no customer's name contains, and a rare currency of hauliers.
NO_SUCH_TEXT: Final = "nosuchtext"
NO_SUCH_CURRENCY: Final = "ISK"

#: The fields of the short row of a list, as recorded; fields that otherwise only a detail has.
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

QUESTIONS: Final = Questions()

_SAME_EITHER_WAY: Final = Text(
    "inbetalningarna skulle komma likadant i vilket fall",
    "the payments would have the same order either way",
)

# --- On the wire -----------------------------------------------------------------


@QUESTIONS.ask(gzip=Text("Komprimerade svar", "Compressed replies"))
def gzip(client: ProbeClient) -> Results:
    """Return whether a list is compressed, as all our requests ask."""
    response = client.default_list
    page_in(response)
    encoding = response.headers.get("content-encoding", "")
    yield ProbeResult("gzip", encoding == "gzip", evidence_of(response))


# --- Form and order --------------------------------------------------------------


@QUESTIONS.ask(meta_information=Text("MetaInformation i listor", "MetaInformation in lists"))
def meta_information(client: ProbeClient) -> Results:
    """Return whether ``MetaInformation`` is there, and whether it comes first."""
    response = client.default_list
    page_in(response)
    keys = list(value_of(response, ""))
    index = keys.index("MetaInformation") if "MetaInformation" in keys else None
    answer = "absent" if index is None else ("first" if index == 0 else "present")
    yield ProbeResult("meta_information", answer, evidence_of(response))


@QUESTIONS.ask(
    payment_row=Text("Inbetalningens rad i listan", "A payment's row in the list"),
    payment_row_fields=Text("Fält i raden", "Fields in that row"),
)
def payment_row(client: ProbeClient) -> Results:
    """Return whether a row of the list is the short or the full one, and how many fields it has."""
    rows = client.newest_page.rows
    kinds = Counter(frozenset(row) for row in rows if isinstance(row, Mapping))
    if not kinds:
        raise Undecided(NO_PAYMENT)
    [(keys, _)] = kinds.most_common(1)
    difference = f"+{len(keys - ROW)} −{len(ROW - keys)}"
    yield ProbeResult("payment_row", "full" if keys & DETAIL_ONLY else "short", difference)
    yield ProbeResult("payment_row_fields", len(keys), difference)


@QUESTIONS.ask(payment_order=Text("Ordning utan sortby", "Order without sortby"))
def payment_order(client: ProbeClient) -> Results:
    rows = readable_payments(page_in(client.default_list).rows)
    numbers, days = [int(row.number) for row in rows], [row.date for row in rows]
    by_number = numbers == sorted(numbers)
    newest = days == sorted(days, reverse=True)
    if by_number and newest:
        raise Undecided(_SAME_EITHER_WAY)
    if by_number:
        yield ProbeResult("payment_order", "number")
    elif newest and days[0] != days[-1]:
        also = numbers == sorted(numbers, reverse=True)
        yield ProbeResult("payment_order", "newest", "number descending, too" if also else "")
    else:
        yield ProbeResult("payment_order", "another")


@QUESTIONS.ask(default_limit=Text("Rader utan limit", "Rows without limit"))
def default_limit(client: ProbeClient) -> Results:
    page = page_in(client.default_list)
    if page.total <= len(page.rows):
        raise Undecided(Text("alla får plats på en sida", "all fit on one page"))
    yield ProbeResult("default_limit", len(page.rows))


@QUESTIONS.ask(default_sortorder=Text("Riktning utan sortorder", "Direction without sortorder"))
def default_sortorder(client: ProbeClient) -> Results:
    response = client.get("invoicepayments", limit=str(PAGE_SIZE), sortby="paymentdate")
    days = [row.date for row in readable_payments(page_in(response).rows)]
    if len(set(days)) < 2:
        raise Undecided(_SAME_EITHER_WAY)
    if days == sorted(days):
        yield ProbeResult("default_sortorder", "ascending")
        return
    descends = days == sorted(days, reverse=True)
    yield ProbeResult("default_sortorder", "descending" if descends else "another")


@QUESTIONS.ask(random_ties=Text("Samma datum byter plats", "Same date changes places"))
def random_ties(client: ProbeClient) -> Results:
    first = readable_payments(client.newest_page.rows)
    if len({row.date for row in first}) == len(first):
        raise Undecided(
            Text("inga inbetalningar har samma datum", "no payments have the same date")
        )
    for _ in range(MAX_LISTINGS - 1):
        response = client.get("invoicepayments", **payments_query(1, None))
        again = readable_payments(page_in(response).rows)
        if [row.date for row in again] != [row.date for row in first]:
            raise Undecided(SOMETHING_CHANGED)
        if [row.number for row in again] != [row.number for row in first]:
            yield ProbeResult("random_ties", answer=True)
            return
    yield ProbeResult("random_ties", answer=False, evidence=_order_of_ties(first))


def _order_of_ties(rows: Sequence[InvoicePayment]) -> str:
    pairs = [
        (int(a.number), int(b.number)) for a, b in itertools.pairwise(rows) if a.date == b.date
    ]
    if all(a < b for a, b in pairs):
        return "by ascending number"
    return "by descending number" if all(a > b for a, b in pairs) else "by neither number order"


# --- Pages -----------------------------------------------------------------------


@QUESTIONS.ask(page_beyond_end=Text("Sida efter den sista", "A page after the last"))
def page_beyond_end(client: ProbeClient) -> Results:
    response = client.get(
        "invoicepayments", limit=str(PAGE_SIZE), page=str(_number_beyond_end(client))
    )
    refused = "not_found" if response.status == 404 else "refused"
    yield result_of(
        "page_beyond_end", response, lambda: "last" if page_in(response).rows else "empty", refused
    )


def _number_beyond_end(client: ProbeClient) -> int:
    return max(2, client.newest_page.pages + 1)


@QUESTIONS.ask(totals_beyond_end=Text("Antal bortom slutet", "Totals beyond the end"))
def totals_beyond_end(client: ProbeClient) -> Results:
    """Return the counts beyond the end of a list, by ``offset`` and by ``page``."""
    total = client.newest_page.total
    if not total:
        raise Undecided(NO_PAYMENT)
    by_offset = client.get("invoicepayments", limit=str(PAGE_SIZE), offset=str(total))
    if page_in(by_offset).total:
        yield ProbeResult("totals_beyond_end", "kept", evidence_of(by_offset))
        return
    by_page = client.get(
        "invoicepayments", limit=str(PAGE_SIZE), page=str(_number_beyond_end(client))
    )
    kept = not is_refused(by_page) and page_in(by_page).total > 0
    yield ProbeResult(
        "totals_beyond_end", "zero_by_offset" if kept else "zero", evidence_of(by_page)
    )


@QUESTIONS.ask(limit_above_500=Text("limit över 500", "limit above 500"))
def limit_above_500(client: ProbeClient) -> Results:
    """Return the effect of a ``limit`` of 501, for the first list that is long enough."""
    for path, name in (("invoicepayments", "InvoicePayments"), ("invoices", "Invoices")):
        response = client.get(path, limit=str(PAGE_SIZE + 1))
        if _is_too_short(response, name):
            continue
        if is_refused(response) and is_refused(client.get(path, limit=str(PAGE_SIZE))):
            continue  # the login may not read the list at all
        yield result_of("limit_above_500", response, partial(_above_500, response, name))
        return
    reason = Text(
        "varken inbetalningar eller fakturor är fler än 500; frågan godtogs, men inte mer syns",
        "there are no more than 500 payments or invoices; it was accepted, but shows no more",
    )
    yield ProbeResult("limit_above_500", evidence=evidence_of(response), undecided=reason)


def _is_too_short(response: Response, name: str) -> bool:
    """Return whether a list was accepted and has no more rows than a page."""
    if is_refused(response):
        return False
    page = page_in(response, name)
    return len(page.rows) == page.total <= PAGE_SIZE


def _above_500(response: Response, name: str) -> Answer:
    count = len(page_in(response, name).rows)
    if count > PAGE_SIZE:
        return "honoured"
    return "clamped" if count == PAGE_SIZE else "default"


@QUESTIONS.request("limit_below_1", Text("limit 0", "limit 0"), {"limit": "0"})
def limit_below_1(response: Response, _client: ProbeClient) -> Answer:
    page = page_in(response)
    if not page.total:
        raise Undecided(NO_PAYMENT)
    return "default" if page.rows else "empty"


@QUESTIONS.request("page_below_1", Text("page 0", "page 0"), {"page": "0"})
def page_below_1(response: Response, client: ProbeClient) -> Answer:
    first = page_in(client.default_list)
    if not first.rows:
        raise Undecided(NO_PAYMENT)
    return "first" if _numbers(page_in(response)) == _numbers(first) else "another"


@QUESTIONS.request(
    "page_with_offset",
    Text("page och offset ihop", "page with offset"),
    {"limit": "2", "page": "2", "offset": "1"},
)
def page_with_offset(response: Response, client: ProbeClient) -> Answer:
    """Return the combined effect, by where the 2 requested rows start."""
    numbers = _numbers(page_in(client.default_list))
    if len(numbers) < 5:
        raise Undecided(Text("inbetalningarna är färre än 5", "there are fewer than 5 payments"))
    returned = _numbers(page_in(response))
    starts = {3: "added", 2: "page", 1: "offset"}
    return next(
        (name for at, name in starts.items() if numbers[at : at + 2] == returned), "another"
    )


def _numbers(page: Page) -> list[str]:
    return [str(row.get("Number")) for row in page.rows if isinstance(row, Mapping)]


# --- URLs and filters -------------------------------------------------------


@QUESTIONS.request(
    "trailing_slash",
    Text("Snedstreck sist", "A trailing slash"),
    {"limit": "1"},
    path="invoicepayments/",
)
def trailing_slash(response: Response, _client: ProbeClient) -> Answer:
    return "redirected" if response.status >= 300 else "accepted"


@QUESTIONS.ask(double_slash=Text("Två snedstreck", "Two slashes"))
def double_slash(client: ProbeClient) -> Results:
    response = client.get_once("/invoicepayments?limit=1", client.signed_in.access_token)
    accepted = "redirected" if response.status >= 300 else "merged"
    yield result_of("double_slash", response, lambda: accepted, refused="unknown")


@QUESTIONS.request(
    "unknown_parameter",
    Text("Okänd parameter", "An unknown parameter"),
    {NO_SUCH_PARAMETER: "1", "limit": "1"},
)
def unknown_parameter(_response: Response, _client: ProbeClient) -> Answer:
    return "ignored"


@QUESTIONS.request(
    "payment_filter_customernumber",
    Text("Inbetalningar efter kundnummer", "Payments by customer number"),
    {"customernumber": NO_SUCH_NUMBER, "limit": "1"},
    refused=False,
)
def payment_filter_customernumber(response: Response, client: ProbeClient) -> Answer:
    total = page_in(response).total
    if not client.newest_page.total:
        raise Undecided(NO_PAYMENT)
    return "ignored" if total == client.newest_page.total else True


@QUESTIONS.ask(several_filters=Text("Två filter på en gång", "Two filters at once"))
def several_filters(client: ProbeClient) -> Results:
    invoice = client.first_invoice
    number, day = _text(invoice, "DocumentNumber"), _text(invoice, "InvoiceDate")
    after = date.fromisoformat(day) + timedelta(days=1)
    response = client.get("invoices", documentnumber=number, fromdate=after.isoformat())
    yield _filters_result("several_filters", response)


@QUESTIONS.ask(two_text_filters=Text("Två textfilter på en gång", "Two text filters at once"))
def two_text_filters(client: ProbeClient) -> Results:
    """Return whether two text filters apply together, if either of them matches no invoice."""
    invoice = client.first_invoice
    name, currency = _text(invoice, "CustomerName"), _text(invoice, "Currency")
    for query in (
        {"customername": name, "currency": NO_SUCH_CURRENCY},
        {"customername": NO_SUCH_TEXT, "currency": currency},
    ):
        response = client.get("invoices", limit="1", **query)
        if is_refused(response) or page_in(response, "Invoices").total:
            break
    yield _filters_result("two_text_filters", response)


def _filters_result(name: str, response: Response) -> ProbeResult:
    """Return whether two filters that match no invoice together found one anyway."""
    return result_of(
        name,
        response,
        lambda: "one_ignored" if page_in(response, "Invoices").total else True,
        refused=False,
    )


@QUESTIONS.ask(
    unpaid_with_unbooked=Text("Obokförda bland obetalda", "Unbooked invoices among the unpaid")
)
def unpaid_with_unbooked(client: ProbeClient) -> Results:
    """Return whether ``filter=unpaid`` includes unbooked invoices."""
    unbooked = client.get("invoices", filter="unbooked", limit=str(PAGE_SIZE))
    expected = {
        row["DocumentNumber"]
        for row in page_in(unbooked, "Invoices").rows
        if isinstance(row, Mapping) and row.get("Balance") and not row.get("Cancelled")
    }
    if not expected:
        raise Undecided(
            Text("ingen faktura är både obokförd och obetald", "no invoice is unbooked and unpaid")
        )
    number = min(expected)
    response = client.get("invoices", filter="unpaid", documentnumber=number)
    if is_refused(response):
        response = client.get("invoices", filter="unpaid", limit=str(PAGE_SIZE))
    page = page_in(response, "Invoices")
    there = any(isinstance(row, Mapping) and row.get("Booked") is False for row in page.rows)
    if not there and page.pages > 1:
        raise Undecided(SOMETHING_CHANGED)
    yield ProbeResult("unpaid_with_unbooked", there, evidence_of(response))


@QUESTIONS.ask(
    number_filters_match_part=Text(
        "Nummerfilter hittar del av nummer", "Number filters match a part"
    )
)
def number_filters_match_part(client: ProbeClient) -> Results:
    number = _text(client.first_invoice, "DocumentNumber")
    if len(number) < 2:
        raise Undecided(NO_INVOICE)
    part = number[:-1]
    response = client.get("invoices", documentnumber=part, limit=str(PAGE_SIZE))
    rows = page_in(response, "Invoices").rows
    others = any(str(row.get("DocumentNumber")) != part for row in rows)
    yield ProbeResult("number_filters_match_part", others, evidence_of(response))


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise Undecided(NO_INVOICE)
    return value
