"""Registers that are alike: a list in pages, and a record alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from hostsim.sandbox import exchange, query, responses
from hostsim.sandbox.errors import Refused, bad_parameter
from hostsim.sandbox.fields import Field, blanks
from hostsim.sandbox.registers import Entry
from hostsim.sandbox.switchboard import switchboard
from hostsim.sandbox.switches import Switches

Fields = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Register:
    """How Fortnox serializes a register, and what may be asked of it."""

    name: str
    """In paths, and in :class:`~hostsim.sandbox.registers.Registers`."""

    one: str
    many: str
    key: str
    fields: Mapping[str, Field]
    """What a record has, in the order of an answer."""

    not_found: str
    not_found_code: int | str
    """Or the name of the switch that has it, where it is not known."""

    row: tuple[str, ...] = ()
    """What a list shows; everything unless given."""

    filters: Mapping[str, str] = field(default_factory=dict)
    """Parameters that search a field, anywhere in it and without regard to case."""

    sorts: Mapping[str, str] = field(default_factory=dict)
    """Values of ``sortby``, and the fields that they mean."""

    order: Callable[[Any], tuple[Any, ...]] = lambda value: (str(value),)
    """How keys are sorted: as texts, as recorded, or as numbers."""

    parameters: frozenset[str] = frozenset()
    """Parameters that the resource reads by itself."""

    def list_all(self) -> Response:
        entries = self.chosen(list(exchange.company().registers.entries[self.name].values()))
        return exchange.page_response(self.many, entries, self.row_of)

    def show_one(self, key: str) -> Response:
        return responses.json_response({self.one: self.detail_of(self.find(key))})

    def find(self, key: str) -> Entry:
        entry = exchange.company().registers.entries[self.name].get(key)
        if entry is None:
            raise self.missing(switchboard().switches)
        return entry

    def missing(self, switches: Switches, status: int = 404) -> Refused:
        code = self.not_found_code
        if isinstance(code, str):
            code = int(getattr(switches, code))
        return Refused(code, self.not_found, status)

    def chosen(self, entries: list[Entry]) -> list[Entry]:
        """Filter and sort by the parameters of the request."""
        given, switches = request.args, switchboard().switches
        query.check_parameters(
            given, query.COMMON_PARAMETERS | self.filters.keys() | self.parameters
        )
        recent = query.modified_since(given, switches)
        chosen = [entry for entry in entries if recent(entry.modified) and self._fits(entry)]
        by = self.sorts.get(given.get("sortby", ""), self.key)
        if "sortby" in given and given["sortby"] not in self.sorts:
            raise bad_parameter()
        reverse = query.is_descending(given, switches)
        return sorted(chosen, key=lambda entry: self.order(entry.fields.get(by)), reverse=reverse)

    def _fits(self, entry: Entry) -> bool:
        whole, switches = self.with_blanks(entry), switchboard().switches
        for name in self.filters.keys() & request.args.keys():
            value, wanted = whole[self.filters[name]], request.args[name].casefold()
            found = "" if value is None else str(value).casefold()
            by_number = name == self.key.lower()
            if not (
                query.number_matches(wanted, found, switches) if by_number else wanted in found
            ):
                return False
        return True

    def with_blanks(self, entry: Entry) -> dict[str, Any]:
        """Return a record with everything that it does not set."""
        return blanks(self.fields) | dict(entry.fields)

    def detail_of(self, entry: Entry) -> dict[str, Any]:
        whole = self.with_blanks(entry)
        return {"@url": self.url(whole), **{name: whole[name] for name in self.fields}}

    def row_of(self, entry: Entry) -> dict[str, Any]:
        detail = self.detail_of(entry)
        return {name: detail[name] for name in ("@url", *self.row)} if self.row else detail

    def url(self, whole: Fields) -> str:
        return f"{exchange.base_url()}/3/{self.name}/{whole[self.key]}"


def as_numbers(value: Any) -> tuple[int, int, str]:
    """Sort numbers as numbers, before texts."""
    text = "" if value is None else str(value)
    return (0, int(text), "") if text.isascii() and text.isdigit() else (1, 0, text.casefold())
