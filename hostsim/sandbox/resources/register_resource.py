"""The views of a register: a list in pages, and a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from hostsim.sandbox import query, responses, rest
from hostsim.sandbox.errors import Refused, bad_parameter
from hostsim.sandbox.fields import Field, Fields, blanks
from hostsim.sandbox.registers import Entry
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.switches import Switches


@dataclass(frozen=True, kw_only=True)
class Register:
    """How Fortnox serializes, filters and sorts a register."""

    name: str
    """In paths, and in :class:`~hostsim.sandbox.registers.Registers`."""

    singular: str
    plural: str
    key: str
    fields: Mapping[str, Field]
    """The fields of a record, in the order of a response."""

    not_found: str
    not_found_code: int | str
    """Or the name of its switch, if it is not known."""

    row: tuple[str, ...] = ()
    """The fields of a list row; all unless given."""

    filters: Mapping[str, str] = field(default_factory=dict)
    """Parameters that search in a field, case-insensitively."""

    sorts: Mapping[str, str] = field(default_factory=dict)
    """Values of ``sortby``, and their fields."""

    order: Callable[[Any], tuple[Any, ...]] = lambda value: (str(value),)
    """The sort key: texts, as recorded, or numbers."""

    parameters: frozenset[str] = frozenset()
    """Parameters that the resource reads itself."""

    def list_all(self) -> Response:
        entries = list(rest.company().registers.entries[self.name].values())
        return rest.page_response(self.plural, self.filter_and_sort(entries), self.row_of)

    def show_one(self, key: str) -> Response:
        return responses.json_response({self.singular: self.detail_of(self.find(key))})

    def find(self, key: str) -> Entry:
        entry = rest.company().registers.entries[self.name].get(key)
        if entry is None:
            raise self.not_found_error(switchboard().switches)
        return entry

    def not_found_error(self, switches: Switches, status: int = 404) -> Refused:
        code = self.not_found_code
        if isinstance(code, str):
            code = int(getattr(switches, code))
        return Refused(code, self.not_found, status)

    def filter_and_sort(self, entries: list[Entry]) -> list[Entry]:
        args, switches = request.args, switchboard().switches
        query.check_parameters(
            args, query.COMMON_PARAMETERS | self.filters.keys() | self.parameters
        )
        recent = query.modified_since(args, switches)
        found = [entry for entry in entries if recent(entry.modified) and self._matches(entry)]
        sort_field = self.sorts.get(args.get("sortby", ""), self.key)
        if "sortby" in args and args["sortby"] not in self.sorts:
            raise bad_parameter()
        reverse = query.is_descending(args, switches)
        found.sort(key=lambda entry: self.order(entry.fields.get(sort_field)), reverse=reverse)
        return found

    def _matches(self, entry: Entry) -> bool:
        record, switches = self.with_blanks(entry), switchboard().switches
        for name in self.filters.keys() & request.args.keys():
            value, search = record[self.filters[name]], request.args[name].casefold()
            text = "" if value is None else str(value).casefold()
            is_key = name == self.key.lower()
            if not (query.number_matches(search, text, switches) if is_key else search in text):
                return False
        return True

    def with_blanks(self, entry: Entry) -> dict[str, Any]:
        """Return all fields of a record, unset ones included."""
        return blanks(self.fields) | dict(entry.fields)

    def detail_of(self, entry: Entry) -> dict[str, Any]:
        record = self.with_blanks(entry)
        return {"@url": self.url(record), **{name: record[name] for name in self.fields}}

    def row_of(self, entry: Entry) -> dict[str, Any]:
        detail = self.detail_of(entry)
        return {name: detail[name] for name in ("@url", *self.row)} if self.row else detail

    def url(self, record: Fields) -> str:
        return f"{rest.base_url()}/3/{self.name}/{record[self.key]}"


def numeric_sort_key(value: Any) -> tuple[int, int, str]:
    """Return a sort key by which numbers come first, in numerical order."""
    text = "" if value is None else str(value)
    return (0, int(text), "") if text.isascii() and text.isdigit() else (1, 0, text.casefold())
