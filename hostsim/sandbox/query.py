"""The parameters of list requests: filters, sorting and pagination.

From the documentation of parameters and from recordings; a switch decides
what neither tells.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from hostsim.sandbox.errors import CHARACTERS, FILTER, NUMERIC, Refused, bad_parameter
from hostsim.sandbox.registers import SupplierInvoice
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.values import Invoice, Payment

Row = TypeVar("Row")

#: The parameters of every list.
COMMON_PARAMETERS = {"limit", "page", "offset", "sortby", "sortorder", "lastmodified"}
DEFAULT_LIMIT = 100
MAX_LIMIT = 500


@dataclass(frozen=True)
class Page:
    """The requested part of a list."""

    limit: int
    number: int
    offset: int

    @property
    def start(self) -> int:
        """The index of the first row."""
        return (self.number - 1) * self.limit + self.offset


def parse_page(query: Mapping[str, str], switches: Switches) -> Page:
    number, offset = _parse_page_number(query, switches), _parse_int(query.get("offset", "0"))
    if offset < 0:
        raise bad_parameter()
    if {"page", "offset"} <= query.keys():
        match switches.page_with_offset:
            case "refused":
                raise bad_parameter()
            case "page":
                offset = 0
            case "offset":
                number = 1
    return Page(_parse_limit(query, switches), number, offset)


def _parse_limit(query: Mapping[str, str], switches: Switches) -> int:
    limit = _parse_int(query.get("limit", str(DEFAULT_LIMIT)))
    if limit < 1:
        if switches.limit_below_1 == "refused":
            raise bad_parameter()
        return DEFAULT_LIMIT
    if limit <= MAX_LIMIT:
        return limit
    match switches.limit_above_500:
        case "refused":
            raise bad_parameter()
        case "default":
            return DEFAULT_LIMIT
        case "honoured":
            return limit
        case _:
            return MAX_LIMIT


def _parse_page_number(query: Mapping[str, str], switches: Switches) -> int:
    number = _parse_int(query.get("page", "1"))
    if number < 1 and switches.page_below_1 == "refused":
        raise bad_parameter()
    return max(number, 1)


def paginate(
    rows: Sequence[Row], page: Page, switches: Switches
) -> tuple[dict[str, int], Sequence[Row]]:
    total = len(rows)
    pages = math.ceil(total / page.limit)
    if page.number > 1 and page.start >= total:
        page = _page_beyond_end(page, pages, switches)
    if page.start >= total and _totals_are_zero(page, switches):
        return {"@TotalResources": 0, "@TotalPages": 0, "@CurrentPage": 1}, rows[:0]
    meta = {"@TotalResources": total, "@TotalPages": pages, "@CurrentPage": page.number}
    return meta, rows[page.start : page.start + page.limit]


def _totals_are_zero(page: Page, switches: Switches) -> bool:
    """Whether the totals beyond the end are 0, as recorded of projects by ``offset``."""
    match switches.totals_beyond_end:
        case "zero":
            return True
        case "zero_by_offset":
            return page.number == 1
        case _:
            return False


def _page_beyond_end(page: Page, pages: int, switches: Switches) -> Page:
    """Return the page to show after the last, or refuse it."""
    match switches.page_beyond_end:
        case "refused":
            raise bad_parameter()
        case "not_found":
            raise Refused(switches.unknown_path_code, "Resursen finns inte.", 404)
        case "last":
            return Page(page.limit, max(pages, 1), 0)
        case _:
            return page


def check_parameters(query: Mapping[str, str], allowed: Collection[str]) -> None:
    """Refuse unknown parameters (names are lower case), and values with ``<`` or ``>``."""
    if any(name not in allowed for name in query):
        raise bad_parameter()
    refused_value = next((value for value in query.values() if "<" in value or ">" in value), None)
    if refused_value is not None:
        raise Refused(CHARACTERS, f"Värdet innehåller ej tillåtna tecken. ({refused_value})")


def is_descending(query: Mapping[str, str], switches: Switches) -> bool:
    """Parse ``sortorder``."""
    default = switches.default_sortorder if "sortby" in query else "ascending"
    order = query.get("sortorder", default)
    if order not in {"ascending", "descending"}:
        raise bad_parameter()
    return order == "descending"


# --- lastmodified -----------------------------------------------------------

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d(?P<seconds>:\d\d)?)?", re.ASCII)


def modified_since(
    query: Mapping[str, str], switches: Switches
) -> Callable[[datetime | None], bool]:
    """Parse ``lastmodified``: ``YYYY-MM-DD HH:MM`` or a date, wall time in Stockholm."""
    text = query.get("lastmodified")
    if text is None:
        return lambda _modified: True
    since = _parse_timestamp(text, seconds=switches.lastmodified_seconds)
    zone = ZoneInfo(switches.lastmodified_zone)

    def recent(modified: datetime | None) -> bool:
        if modified is None:
            return False
        if switches.lastmodified_compares == "instant":
            return _is_since(modified, since.replace(tzinfo=zone), switches)
        return _is_since(modified.astimezone(zone).replace(tzinfo=None), since, switches)

    return recent


def _is_since(modified: datetime, since: datetime, switches: Switches) -> bool:
    if switches.lastmodified_inclusive:
        return modified >= since
    return modified.replace(second=0, microsecond=0) > since


def _parse_timestamp(text: str, *, seconds: bool = False) -> datetime:
    match = TIMESTAMP.fullmatch(text)
    if match is None or (match["seconds"] and not seconds):
        raise bad_parameter()
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_parameter() from error


# --- Payments ---------------------------------------------------------------

PAYMENT_PARAMETERS = COMMON_PARAMETERS | {"invoicenumber"}


def payments(
    rows: Sequence[Payment],
    query: Mapping[str, str],
    switches: Switches,
    rng: random.Random,
    customer_of: Callable[[Payment], str],
) -> list[Payment]:
    """Filter and sort payments. ``customer_of`` returns the number of a payment's customer."""
    by_customer = switches.payment_filter_customernumber
    check_parameters(query, PAYMENT_PARAMETERS | ({"customernumber"} if by_customer else set()))
    if query.get("sortby", "paymentdate") != "paymentdate":
        raise bad_parameter()
    reverse, recent = is_descending(query, switches), modified_since(query, switches)
    selected = [row for row in rows if recent(row.modified)]
    if "invoicenumber" in query:
        number = str(_parse_number(query["invoicenumber"]))
        selected = [
            row for row in selected if number_matches(number, str(row.invoice_number), switches)
        ]
    if "customernumber" in query:
        customer_number = query["customernumber"]
        selected = [
            row for row in selected if number_matches(customer_number, customer_of(row), switches)
        ]
    return _sort_payments(selected, query, switches, rng, reverse=reverse)


def _sort_payments(
    rows: list[Payment],
    query: Mapping[str, str],
    switches: Switches,
    rng: random.Random,
    *,
    reverse: bool,
) -> list[Payment]:
    if "sortby" in query:
        _shuffle_ties(rows, switches, rng)
        return sorted(rows, key=lambda row: row.payment_date, reverse=reverse)
    if switches.payment_order == "newest":
        rows.reverse()
        _shuffle_ties(rows, switches, rng)
        return sorted(rows, key=lambda row: row.payment_date, reverse=not reverse)
    return sorted(rows, key=lambda row: row.number, reverse=reverse)


def _shuffle_ties(rows: list[Any], switches: Switches, rng: random.Random) -> None:
    """Shuffle the rows before a stable sort, if the switch says so."""
    if switches.random_ties:
        rng.shuffle(rows)


# --- Invoices ---------------------------------------------------------------

States = dict[str, Callable[[Any, date], bool]]

#: The values of ``filter`` for invoices and supplier invoices.
STATES: States = {
    "cancelled": lambda row, _today: row.cancelled,
    "fullypaid": lambda row, _today: row.final_pay_date is not None,
    "unpaid": lambda row, _today: is_unpaid(row),
    "unpaidoverdue": lambda row, today: is_unpaid(row) and row.due_date < today,
    "unbooked": lambda row, _today: not row.booked and not row.cancelled,
}

#: These exclude unbooked invoices, unless a switch says otherwise.
BOOKED_ONLY = {"fullypaid", "unpaid", "unpaidoverdue"}


def state_filter(
    value: str, states: States, today: date, switches: Switches
) -> Callable[[Invoice | SupplierInvoice], bool]:
    """Parse ``filter``; ``today``, in Stockholm, decides what is overdue."""
    if value not in states:
        raise Refused(FILTER, "Ett ogiltigt filter har använts.")
    test = states[value]
    booked_only = value in BOOKED_ONLY and not switches.unpaid_with_unbooked
    return lambda row: test(row, today) and (row.booked or not booked_only)


def is_unpaid(row: Invoice | SupplierInvoice) -> bool:
    return not row.cancelled and row.final_pay_date is None


#: Substring searches, case-insensitive.
INVOICE_TEXTS: Mapping[str, Callable[[Invoice], str]] = {
    "customername": lambda row: row.customer_name,
    "costcenter": lambda row: row.cost_center,
    "project": lambda row: row.project,
    "ourreference": lambda row: row.our_reference,
    "yourreference": lambda row: row.your_reference,
    "yourordernumber": lambda row: row.order_number,
    "externalinvoicereference1": lambda row: row.external_reference_1,
    "externalinvoicereference2": lambda row: row.external_reference_2,
    "currency": lambda row: row.currency,
    "invoicetype": lambda row: row.invoice_type,
}

INVOICE_NUMBERS: Mapping[str, Callable[[Invoice], str]] = {
    "documentnumber": lambda row: str(row.number),
    "customernumber": lambda row: row.customer_number,
    "ocr": lambda row: row.reference,
}

INVOICE_FLAGS: Mapping[str, Callable[[Invoice], bool]] = {
    "sent": lambda row: row.sent,
    "notcompleted": lambda row: row.not_completed,
    "credit": lambda row: row.credit,
}

INVOICE_DATES: Mapping[str, Callable[[Invoice], date | None]] = {
    "date": lambda row: row.invoice_date,
    "finalpaydate": lambda row: row.final_pay_date,
}

#: Matched if any row does.
INVOICE_ROWS: Mapping[str, Callable[[Mapping[str, Any], str], bool]] = {
    "articlenumber": lambda row, text: text in row.get("ArticleNumber", ""),
    "articledescription": lambda row, text: (
        text.casefold() in row.get("Description", "").casefold()
    ),
    "accountnumberfrom": lambda row, text: row.get("AccountNumber", 0) >= _parse_number(text),
    "accountnumberto": lambda row, text: 0 < row.get("AccountNumber", 0) <= _parse_number(text),
}

INVOICE_SORTS: Mapping[str, Callable[[Invoice], Any]] = {
    "customername": lambda row: row.customer_name,
    "customernumber": lambda row: row.customer_number,
    "documentnumber": lambda row: row.number,
    "invoicedate": lambda row: row.invoice_date,
    "ocr": lambda row: row.reference,
    "total": lambda row: row.total,
}

INVOICE_PARAMETERS = (
    COMMON_PARAMETERS
    | {"filter"}
    | INVOICE_TEXTS.keys()
    | INVOICE_NUMBERS.keys()
    | INVOICE_FLAGS.keys()
    | {f"{end}{name}" for end in ("from", "to") for name in INVOICE_DATES}
    | INVOICE_ROWS.keys()
    | {"label"}
)


def invoices(
    rows: Sequence[Invoice],
    query: Mapping[str, str],
    switches: Switches,
    rng: random.Random,
    today: date,
) -> list[Invoice]:
    check_parameters(query, INVOICE_PARAMETERS)
    _check_filter_count(query, switches)
    sort_key = INVOICE_SORTS.get(query.get("sortby", "documentnumber"))
    if sort_key is None:
        raise bad_parameter()
    reverse, recent = is_descending(query, switches), modified_since(query, switches)
    tests = [_invoice_filter(name, value, switches, today) for name, value in query.items()]
    selected = [row for row in rows if recent(row.modified) and all(test(row) for test in tests)]
    _shuffle_ties(selected, switches, rng)
    return sorted(selected, key=sort_key, reverse=reverse)


def _check_filter_count(query: Mapping[str, str], switches: Switches) -> None:
    """Refuse a second filter. A range of dates counts as one."""
    pattern = r"^(?:(?:from|to)(date|finalpaydate)|(accountnumber)(?:from|to))$"
    filters = {re.sub(pattern, r"\1\2", name) for name in query} - COMMON_PARAMETERS
    if len(filters) > 1 and not switches.several_filters:
        raise bad_parameter()


def _invoice_filter(
    name: str, value: str, switches: Switches, today: date
) -> Callable[[Invoice], bool]:
    if name == "filter":
        return state_filter(value, STATES, today, switches)
    if read_text := INVOICE_TEXTS.get(name):
        return lambda row: value.casefold() in read_text(row).casefold()
    if read_number := INVOICE_NUMBERS.get(name):
        return lambda row: number_matches(value, read_number(row), switches)
    if read_flag := INVOICE_FLAGS.get(name):
        expected = _parse_bool(value)
        return lambda row: read_flag(row) == expected
    if row_matches := INVOICE_ROWS.get(name):
        return lambda row: any(row_matches(invoice_row.fields, value) for invoice_row in row.rows)
    if name == "label":
        return lambda row: any(
            str(invoice_row["Id"]) == value for invoice_row in row.written.get("Labels", ())
        )
    if name in COMMON_PARAMETERS:
        return lambda _row: True
    return _date_range_filter(name, value)


def number_matches(value: str, number: str, switches: Switches) -> bool:
    return value in number if switches.number_filters_match_part else value == number


def _date_range_filter(name: str, value: str) -> Callable[[Invoice], bool]:
    """Parse ``fromdate`` and the like; both ends are inclusive."""
    bound, field = ("from", name[4:]) if name.startswith("from") else ("to", name[2:])
    read_day, limit = INVOICE_DATES[field], _parse_timestamp(value).date()

    def in_range(row: Invoice) -> bool:
        day = read_day(row)
        if day is None:
            return False
        return day >= limit if bound == "from" else day <= limit

    return in_range


# --- Values -----------------------------------------------------------------


def parse_date(text: str) -> date:
    return _parse_timestamp(text).date()


def _parse_int(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise bad_parameter()
    return int(text)


def _parse_number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Refused(NUMERIC, f"Värdet måste vara numeriskt. ({text})")
    return int(text)


def _parse_bool(text: str) -> bool:
    if text.casefold() not in {"true", "false"}:
        raise bad_parameter()
    return text.casefold() == "true"
