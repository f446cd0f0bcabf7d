"""Helpers of all pages: the office, the language, notifications, and lists."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple, cast

from flask import current_app, flash, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk.background_jobs import Job
from hostsim.desk.context import DeskContext
from hostsim.errors import HostError
from hostsim.messages.desk import page_text
from hostsim.messages.exports import INVOICES
from hostsim.messages.formats import count
from hostsim.messages.source_name import word_of
from hostsim.messages.text import LANGUAGES, own, say
from hostsim.storage.lists import Page, Selection, Source, page_of
from hostsim.views.exports import EVENTS, STATES
from hostsim.views.labels import (
    DECISIONS,
    DUE,
    LEFT_OUT,
    REASONS,
    RUN_STATES,
    SAVED_STATUSES,
    STATUSES,
    label,
)
from hostsim.views.pages import PAGES
from hostsim.views.schedules import STANDINGS
from hostsim.views.table import Column, Money, on_page
from opter_contract.values import Text

#: The key of the office in the extensions of the application.
KEY = "hostsim.desk"


def desk_context() -> DeskContext:
    return cast("DeskContext", current_app.extensions[KEY])


def language() -> str:
    """Return the language of this browser; Swedish unless chosen otherwise."""
    chosen = session.get("language")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def translated(text: Text | None) -> str:
    return "" if text is None else say(text, language())


def word(key: str, *, subject: str = INVOICES, **values: object) -> str:
    """Return a text of the pages in the language of this browser.

    :param subject: of the export that it is about.
    """
    return translated(page_text(key, subject=subject, **values))


def notify(text: Text, kind: str = "done") -> None:
    """Show a message on the next page, in the language that is chosen then.

    :param kind: ``done``, ``warning`` or ``error``.
    """
    flash(text, kind)  # type: ignore[arg-type]  # a session holds tuples, too


def notify_error(error: HostError) -> None:
    notify(own(error.message), "error")


def form_values(keys: Iterable[str]) -> dict[str, str]:
    """Return these fields of the form that was sent; one that it lacks is empty."""
    return {key: request.form.get(key, "") for key in keys}


def job_page(job: Job) -> AnyResponse:
    return redirect(url_for("jobs.show", job_id=job.id), 303)


def with_query(endpoint: str, **changed: Any) -> str:
    """Return the URL of a page with the query of this request, but for what is changed."""
    return url_for(endpoint, **request.args.to_dict() | changed)


def sums_of(page: Page, title: str) -> list[tuple[str, Money]]:
    """Return the sums of a list, each with a label that names the number of rows."""
    summed = sum(total.rows for total in page.sums)
    key = "sum_of"
    if summed < page.found and len(page.sums) == 1:
        key = "sum_of_valid" if title == word("payments") else "sum_of_some"
    found = count(page.found, language())
    return [
        (word(key, n=count(s.rows, language()), found=found), Money(s.amount, s.currency))
        for s in page.sums
    ]


class ListKind(NamedTuple):
    """What a list has otherwise than the lists of payments have it."""

    labels: Mapping[str, Text] = REASONS  # of the codes that it is filtered by
    shown: str = "shown_payments"  # the text that tells how many rows a search found
    key: Callable[[Any], object] = attrgetter("id")  # what identifies a row on the page
    of_exports: bool = False  # whether its rows are items of exports, not payments


#: By the name of the list, or by what it begins with.
_KINDS = {
    "ready": ListKind({**STATUSES, "left": LEFT_OUT}),
    "payments": ListKind(SAVED_STATUSES),
    "runs": ListKind(RUN_STATES, "shown_rows"),
    "decisions": ListKind(DECISIONS, "shown_rows"),
    "overview": ListKind(STANDINGS, "shown_rows"),
    "open": ListKind(DUE, "shown_invoices", lambda invoice: f"{invoice.region}/{invoice.number}"),
    "invoices": ListKind(STATES, "shown_invoices", attrgetter("item_number"), of_exports=True),
    "bills": ListKind(STATES, "shown_rows", attrgetter("item_number"), of_exports=True),
    "items": ListKind(REASONS, "shown_rows", attrgetter("place"), of_exports=True),
    "log": ListKind(EVENTS, "shown_rows", attrgetter("sequence"), of_exports=True),
}


@dataclass(frozen=True, slots=True)
class ListView:
    """A list as a template shows it, and the URLs of its links."""

    name: str
    title: str
    columns: Sequence[Column[Any]]
    page: Page
    selection: Selection
    prefix: str
    endpoint: str
    fixed: Mapping[str, str]
    #: The query parameter that chooses a row; ``""`` if none can be chosen.
    row_argument: str = ""
    #: The labels of the rows' buttons, by the id of the row.
    buttons: Mapping[int, str] = field(default_factory=dict)
    #: The definition of all rows; ``""`` if they have different ones.
    definition: str = ""
    #: The labels of the codes where they are not those of the list's name.
    labels: Mapping[str, Text] = field(default_factory=dict)
    #: What its help is found by once it is saved or undone.
    help_key: str = ""
    #: The columns that only its files have.
    in_files: Sequence[Column[Any]] = ()
    #: Whether a row is ticked, by id; only rows that can be ticked.
    ticks: Mapping[str, bool] | None = None
    #: The revisions of the open previews when the rows were read, by definition.
    revisions: Mapping[str, str] = field(default_factory=dict)

    def link(self, **changed: object) -> str:
        """Return the URL of this page with another selection of the list."""
        return url_for(self.endpoint, **self._values(changed))

    def values(self) -> dict[str, str]:
        """Return the arguments of the URL of this page as it is."""
        return self._values({})

    def hidden_fields(self) -> dict[str, str]:
        """Return the arguments that the filter form has to preserve."""
        return self._values({"q": "", "code": "", "origin": "", "page": ""})

    def file_link(self, form: str) -> str:
        """Return the URL of the whole list as a file, filtered and sorted as shown."""
        values = self._values({"page": ""}) | {"kind": self.name, "form": form}
        return url_for(f"{self.endpoint.partition('.')[0]}.file", **values)

    def sorted_by(self, column: Column[Any]) -> str:
        """Return ``ascending``, ``descending`` or ``none``: the value of ``aria-sort``."""
        if self.selection.column != column.key:
            return "none"
        return "descending" if self.selection.descending else "ascending"

    def sort_link(self, column: Column[Any]) -> str:
        """Return the URL that sorts by a column, or reverses its order."""
        reverse = self.sorted_by(column) == "ascending"
        return self.link(sort=f"-{column.key}" if reverse else column.key, page="")

    def label(self, code: str) -> str:
        """Return the label of a status, reason, decision or state."""
        if self.name == "decisions" and code == "done":
            return word("not_in_force")
        return translated(label(self.labels or self.kind.labels, code))

    def origin_label(self, code: str) -> str:
        return word("by_hand") if code == "hand" else translated(word_of(code))

    @property
    def kind(self) -> ListKind:
        return _KINDS.get(self.name.partition("-")[0], ListKind())

    @property
    def sums(self) -> list[tuple[str, Money]]:
        return sums_of(self.page, self.title)

    @property
    def filtered(self) -> bool:
        return bool(self.selection.text or self.selection.code or self.selection.origin)

    @property
    def shown(self) -> str:
        """Say how many rows a search found, and which of them are on this page."""
        key, page = self.kind.shown, self.page
        if not page.found:
            return word("no_match" if key == "shown_payments" else "nothing_found")
        first, last, found = (count(n, language()) for n in (page.first, page.last, page.found))
        if page.pages > 1:
            found = word("rows", first=first, last=last, found=found)
        return word(key, n=page.found, found=found)

    def _values(self, changed: Mapping[str, object]) -> dict[str, Any]:
        values = {key: value for key, value in request.args.items() if value}
        values |= {f"{self.prefix}{key}": str(value) for key, value in changed.items()}
        return {key: value for key, value in (values | dict(self.fixed)).items() if value}


def list_view(
    name: str,
    title: str,
    source: Source,
    *,
    endpoint: str,
    prefix: str = "",
    fixed: Mapping[str, str] | None = None,
    row_argument: str = "",
    hidden: Collection[str] = (),
    columns: Sequence[Column[Any]] | None = None,
) -> ListView:
    """Read the page of a list that this request selects.

    :param endpoint: of the page; its files are sent by ``file`` of the same blueprint.
    :param prefix: of the list's own query parameters.
    :param fixed: arguments of every link of the list.
    :param hidden: the keys of columns that only files have.
    :param columns: by default those of :data:`PAGES`.
    """
    selection, columns = Selection.of(request.args, prefix), on_page(columns or PAGES[name])
    return ListView(
        name,
        title,
        [column for column in columns if column.key not in hidden],
        page_of(desk_context().store, source, selection),
        selection,
        prefix,
        endpoint,
        fixed or {},
        row_argument,
        in_files=[column for column in columns if column.key in hidden],
    )
