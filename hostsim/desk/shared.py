"""What all pages share: the office, the language, and what is told on the next page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from flask import current_app, request, session, url_for

from hostsim.desk.context import DeskContext
from hostsim.messages.desk import Words
from hostsim.messages.text import LANGUAGES, say
from hostsim.storage.lists import Page, Selection, Source, page_of
from hostsim.views.labels import DECISIONS, REASONS, RUN_STATES, STATUSES, label
from hostsim.views.pages import PAGES
from hostsim.views.table import Column, on_page
from opter_contract.values import Text

#: Where the application keeps the office.
KEY = "hostsim.desk"


def desk_context() -> DeskContext:
    return cast("DeskContext", current_app.extensions[KEY])


def language() -> str:
    """Give the language of this browser; Swedish unless chosen otherwise."""
    chosen = session.get("language")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def words() -> Words:
    return Words(language())


def tell(text: Text, kind: str = "done") -> None:
    """Say something on the next page; ``kind`` is ``done``, ``warning`` or ``error``."""
    session["told"] = [*session.get("told", []), {"kind": kind, "sv": text.sv, "en": text.en}]


def text_with(key: str, **values: object) -> Text:
    """Give words of the pages in both languages, with values in them; a value may be a Text."""

    def in_one(language: str) -> str:
        return Words(language)(
            key,
            **{k: say(v, language) if isinstance(v, Text) else v for k, v in values.items()},
        )

    return Text(*map(in_one, LANGUAGES))


#: What a list can be narrowed to; others by their reasons.
_LABELS = {"runs": RUN_STATES, "decisions": DECISIONS, "ready": STATUSES, "payments": STATUSES}


@dataclass(frozen=True, slots=True)
class Shown:
    """A list as a template shows it."""

    name: str
    title: str
    columns: Sequence[Column[Any]]
    page: Page
    asked: Selection
    prefix: str
    endpoint: str
    csv: str
    fixed: Mapping[str, str]
    #: What an address calls the row that is chosen; "" where none can be.
    picks: str = ""
    #: What can be done with a row, by its id: the word on its button.
    acts: Mapping[int, str] = field(default_factory=dict)
    #: The definition that every row is of; "" where they are of several.
    definition: str = ""
    #: The revisions of the open previews, by definition, as they were when the rows were read.
    revisions: Mapping[str, str] = field(default_factory=dict)

    def link(self, **changed: object) -> str:
        """Give the address of this page with the list asked for something else."""
        return _address(self.endpoint, self._values(changed))

    def values(self) -> dict[str, str]:
        """Give what brings back to this page as it is."""
        return self._values({})

    def others(self) -> dict[str, str]:
        """Give what a form for this list has to carry along."""
        return self._values({"q": "", "code": "", "origin": "", "page": ""})

    def csv_link(self) -> str:
        """Give the address of the list as a file, filtered and sorted as it is shown."""
        return _address(self.csv, {"kind": self.name} | self._values({"page": ""}))

    def sorted_by(self, column: Column[Any]) -> str:
        """Give ``ascending``, ``descending`` or ``none``, as ARIA calls it."""
        if self.asked.column != column.key:
            return "none"
        return "descending" if self.asked.descending else "ascending"

    def sort_link(self, column: Column[Any]) -> str:
        """Give the address that sorts by a column, or the other way round."""
        other = self.sorted_by(column) == "ascending"
        return self.link(sort=f"-{column.key}" if other else column.key, page="")

    def label(self, code: str) -> str:
        """Name what a list can be narrowed to: a status, a reason, a decision or a state."""
        if self.name == "decisions" and code == "done":
            return words()("done_with")
        return say(label(_LABELS.get(self.name, REASONS), code), language())

    def origin_label(self, code: str) -> str:
        return words()("by_hand") if code == "hand" else code

    @property
    def narrowed(self) -> bool:
        """Whether anything but the whole list is shown."""
        return bool(self.asked.text or self.asked.code or self.asked.origin)

    def _values(self, changed: Mapping[str, object]) -> dict[str, str]:
        values = {key: value for key, value in request.args.items() if value}
        values |= {f"{self.prefix}{key}": str(value) for key, value in changed.items()}
        return {key: value for key, value in (values | dict(self.fixed)).items() if value}


def shown(
    name: str,
    title: str,
    source: Source,
    *,
    endpoint: str,
    csv: str,
    prefix: str = "",
    fixed: Mapping[str, str] | None = None,
    picks: str = "",
) -> Shown:
    """Read a page of a list as this request asks for it.

    :param prefix: of the list's own arguments in the address.
    :param fixed: arguments that stay, whatever is asked.
    """
    asked = Selection.of(request.args, prefix)
    page = page_of(desk_context().store, source, asked)
    columns = on_page(PAGES[name])
    return Shown(name, title, columns, page, asked, prefix, endpoint, csv, fixed or {}, picks)


def _address(endpoint: str, values: Mapping[str, Any]) -> str:
    return url_for(endpoint, **values)
