"""The filters and the sort orders of invoices, and the states of supplier invoices, too."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from hostsim.sandbox import query
from hostsim.sandbox.errors import FILTER, Refused, bad_parameter
from hostsim.sandbox.registers import SupplierInvoice
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.values import Invoice

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
TEXTS: Mapping[str, Callable[[Invoice], str]] = {
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

NUMBERS: Mapping[str, Callable[[Invoice], str]] = {
    "documentnumber": lambda row: str(row.number),
    "customernumber": lambda row: row.customer_number,
    "ocr": lambda row: row.reference,
}

FLAGS: Mapping[str, Callable[[Invoice], bool]] = {
    "sent": lambda row: row.sent,
    "notcompleted": lambda row: row.not_completed,
    "credit": lambda row: row.credit,
}

DATES: Mapping[str, Callable[[Invoice], date | None]] = {
    "date": lambda row: row.invoice_date,
    "finalpaydate": lambda row: row.final_pay_date,
}

#: Matched if any row does.
ROWS: Mapping[str, Callable[[Mapping[str, Any], str], bool]] = {
    "articlenumber": lambda row, text: text in row.get("ArticleNumber", ""),
    "articledescription": lambda row, text: (
        text.casefold() in row.get("Description", "").casefold()
    ),
    "accountnumberfrom": lambda row, text: row.get("AccountNumber", 0) >= query.parse_number(text),
    "accountnumberto": lambda row, text: (
        0 < row.get("AccountNumber", 0) <= query.parse_number(text)
    ),
}

SORTS: Mapping[str, Callable[[Invoice], Any]] = {
    "customername": lambda row: row.customer_name,
    "customernumber": lambda row: row.customer_number,
    "documentnumber": lambda row: row.number,
    "invoicedate": lambda row: row.invoice_date,
    "ocr": lambda row: row.reference,
    "total": lambda row: row.total,
}

PARAMETERS = (
    query.COMMON_PARAMETERS
    | {"filter"}
    | TEXTS.keys()
    | NUMBERS.keys()
    | FLAGS.keys()
    | {f"{end}{name}" for end in ("from", "to") for name in DATES}
    | ROWS.keys()
    | {"label"}
)


def filter_and_sort(
    rows: Sequence[Invoice],
    parameters: Mapping[str, str],
    switches: Switches,
    rng: random.Random,
    today: date,
) -> list[Invoice]:
    query.check_parameters(parameters, PARAMETERS)
    _check_filter_count(parameters, switches)
    sort_key = SORTS.get(parameters.get("sortby", "documentnumber"))
    if sort_key is None:
        raise bad_parameter()
    reverse = query.is_descending(parameters, switches)
    recent = query.modified_since(parameters, switches)
    tests = [_invoice_filter(name, value, switches, today) for name, value in parameters.items()]
    selected = [row for row in rows if recent(row.modified) and all(test(row) for test in tests)]
    query.shuffle_ties(selected, switches, rng)
    return sorted(selected, key=sort_key, reverse=reverse)


def _check_filter_count(parameters: Mapping[str, str], switches: Switches) -> None:
    """Refuse a second filter. A range of dates counts as one."""
    pattern = r"^(?:(?:from|to)(date|finalpaydate)|(accountnumber)(?:from|to))$"
    filters = {re.sub(pattern, r"\1\2", name) for name in parameters} - query.COMMON_PARAMETERS
    if len(filters) > 1 and not switches.several_filters:
        raise bad_parameter()


def _invoice_filter(
    name: str, value: str, switches: Switches, today: date
) -> Callable[[Invoice], bool]:
    if name == "filter":
        return state_filter(value, STATES, today, switches)
    if read_text := TEXTS.get(name):
        return lambda row: value.casefold() in read_text(row).casefold()
    if read_number := NUMBERS.get(name):
        return lambda row: query.number_matches(value, read_number(row), switches)
    if read_flag := FLAGS.get(name):
        expected = query.parse_bool(value)
        return lambda row: read_flag(row) == expected
    if row_matches := ROWS.get(name):
        return lambda row: any(row_matches(invoice_row.fields, value) for invoice_row in row.rows)
    if name == "label":
        return lambda row: any(
            str(invoice_row["Id"]) == value for invoice_row in row.written.get("Labels", ())
        )
    if name in query.COMMON_PARAMETERS:
        return lambda _row: True
    return _date_range_filter(name, value)


def _date_range_filter(name: str, value: str) -> Callable[[Invoice], bool]:
    """Parse ``fromdate`` and the like; both ends are inclusive."""
    bound, field = ("from", name[4:]) if name.startswith("from") else ("to", name[2:])
    read_day, limit = DATES[field], query.parse_date(value)

    def in_range(row: Invoice) -> bool:
        day = read_day(row)
        if day is None:
            return False
        return day >= limit if bound == "from" else day <= limit

    return in_range
