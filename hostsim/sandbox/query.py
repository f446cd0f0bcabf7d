"""The parameters that all lists have: pagination, sorting, ``lastmodified``.

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

from hostsim.sandbox.errors import CHARACTERS, NUMERIC, Refused, bad_parameter
from hostsim.sandbox.switches import Switches

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


def shuffle_ties(rows: list[Any], switches: Switches, rng: random.Random) -> None:
    """Shuffle the rows before a stable sort, if the switch says so."""
    if switches.random_ties:
        rng.shuffle(rows)


# --- Values -----------------------------------------------------------------


def number_matches(value: str, number: str, switches: Switches) -> bool:
    return value in number if switches.number_filters_match_part else value == number


def parse_date(text: str) -> date:
    return _parse_timestamp(text).date()


def _parse_int(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise bad_parameter()
    return int(text)


def parse_number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Refused(NUMERIC, f"Värdet måste vara numeriskt. ({text})")
    return int(text)


def parse_bool(text: str) -> bool:
    if text.casefold() not in {"true", "false"}:
        raise bad_parameter()
    return text.casefold() == "true"
