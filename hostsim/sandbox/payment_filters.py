"""The filters and the sort order of payments."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from hostsim.sandbox import query
from hostsim.sandbox.errors import bad_parameter
from hostsim.sandbox.switches import Switches
from hostsim.sandbox.values import Payment

PARAMETERS = query.COMMON_PARAMETERS | {"invoicenumber"}


def filter_and_sort(
    rows: Sequence[Payment],
    parameters: Mapping[str, str],
    switches: Switches,
    rng: random.Random,
    customer_of: Callable[[Payment], str],
) -> list[Payment]:
    """Filter and sort payments. ``customer_of`` returns the number of a payment's customer."""
    by_customer = switches.payment_filter_customernumber
    query.check_parameters(parameters, PARAMETERS | ({"customernumber"} if by_customer else set()))
    if parameters.get("sortby", "paymentdate") != "paymentdate":
        raise bad_parameter()
    reverse = query.is_descending(parameters, switches)
    recent = query.modified_since(parameters, switches)
    selected = [row for row in rows if recent(row.modified)]
    if "invoicenumber" in parameters:
        number = str(query.parse_number(parameters["invoicenumber"]))
        selected = [
            row
            for row in selected
            if query.number_matches(number, str(row.invoice_number), switches)
        ]
    if "customernumber" in parameters:
        customer_number = parameters["customernumber"]
        selected = [
            row
            for row in selected
            if query.number_matches(customer_number, customer_of(row), switches)
        ]
    return _sort_payments(selected, parameters, switches, rng, reverse=reverse)


def _sort_payments(
    rows: list[Payment],
    parameters: Mapping[str, str],
    switches: Switches,
    rng: random.Random,
    *,
    reverse: bool,
) -> list[Payment]:
    if "sortby" in parameters:
        query.shuffle_ties(rows, switches, rng)
        return sorted(rows, key=lambda row: row.payment_date, reverse=reverse)
    if switches.payment_order == "newest":
        rows.reverse()
        query.shuffle_ties(rows, switches, rng)
        return sorted(rows, key=lambda row: row.payment_date, reverse=not reverse)
    return sorted(rows, key=lambda row: row.number, reverse=reverse)
