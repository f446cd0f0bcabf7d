"""What all pages share: the office, the language, and what is told on the next page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask import current_app, request, session, url_for

from hostsim.desk.columns import COLUMNS, Column
from hostsim.desk.lists import Asked, Page, Source, page_of
from hostsim.desk.office import Office
from hostsim.desk.words import Words
from hostsim.render import reason_label, status_label
from hostsim.texts import LANGUAGES, Text

#: Where the application keeps the office.
KEY = "hostsim.desk"


def office() -> Office:
    """Give the office that this page is of."""
    return cast("Office", current_app.extensions[KEY])


def language() -> str:
    """Give the language of this browser; Swedish unless chosen otherwise."""
    chosen = session.get("language")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def words() -> Words:
    """Give the words of the pages in the language of this browser."""
    return Words(language())


def tell(text: Text, kind: str = "done") -> None:
    """Say something on the next page; ``kind`` is ``done``, ``warning`` or ``error``."""
    session["told"] = [*session.get("told", []), {"kind": kind, "sv": text.sv, "en": text.en}]


@dataclass(frozen=True, slots=True)
class Shown:
    """A list as a template shows it."""

    name: str
    title: str
    columns: Sequence[Column]
    page: Page
    asked: Asked
    prefix: str
    endpoint: str
    csv: str
    fixed: Mapping[str, str]

    def link(self, **changed: object) -> str:
        """Give the address of this page with the list asked for something else."""
        return _address(self.endpoint, self._values(changed))

    def others(self) -> dict[str, str]:
        """Give what a form for this list has to carry along."""
        return self._values({"q": "", "code": "", "page": ""})

    def csv_link(self) -> str:
        """Give the address of the list as a file, filtered and sorted as it is shown."""
        return _address(self.csv, {"kind": self.name} | self._values({"page": ""}))

    def sorted_by(self, column: Column) -> str:
        """Give ``ascending``, ``descending`` or ``none``, as ARIA calls it."""
        if self.asked.column != column.key:
            return "none"
        return "descending" if self.asked.descending else "ascending"

    def sort_link(self, column: Column) -> str:
        """Give the address that sorts by a column, or the other way round."""
        other = self.sorted_by(column) == "ascending"
        return self.link(sort=f"-{column.key}" if other else column.key, page="")

    def label(self, code: str) -> str:
        """Name a status or a reason."""
        label = status_label if self.name in {"ready", "payments"} else reason_label
        return label(code, language())

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
) -> Shown:
    """Read a page of a list as this request asks for it.

    :param prefix: of the list's own arguments in the address.
    :param fixed: arguments that stay, whatever is asked.
    """
    asked = Asked.of(request.args, prefix)
    page = page_of(office().store, source, asked)
    return Shown(name, title, COLUMNS[name], page, asked, prefix, endpoint, csv, fixed or {})


def _address(endpoint: str, values: Mapping[str, Any]) -> str:
    return url_for(endpoint, **values)
