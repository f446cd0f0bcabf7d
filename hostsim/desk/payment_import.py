"""``Ekonomi > Betalningsimport``: read, review, save."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk.background_jobs import Choice
from hostsim.desk.downloads import FORM, list_file
from hostsim.desk.row_actions import row_buttons
from hostsim.desk.shared import (
    desk_context,
    form_values,
    job_page,
    language,
    list_view,
    notify,
    notify_error,
    translated,
    with_query,
    word,
)
from hostsim.errors import HostError, host_error
from hostsim.ledger.account_numbers import checked_bank_account
from hostsim.ledger.amounts import typed_date
from hostsim.ledger.judging import IGNORED, LEFT_OUT, READY, REJECTED
from hostsim.messages.desk import page_text
from hostsim.messages.formats import count, day, minute
from hostsim.messages.payments import not_read, not_there, registered, registered_again
from hostsim.messages.results import DATE_NEEDED
from hostsim.messages.text import own, some_of
from hostsim.storage import previews, undone_saves
from hostsim.storage.company_regions import refuse_other_region
from hostsim.storage.lists import Selection, all_of, preview_rows, saved_rows
from hostsim.storage.previews import PreviewChanged
from hostsim.views.labels import SAVED_STATUSES, company
from hostsim.views.pages import PAGES
from hostsim.views.preview import SAVED, UNDONE
from hostsim.views.table import Column
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.ledger.values import PreviewRow
    from hostsim.services.decisions import ToBeTakenAgain
    from hostsim.storage.lists import Source
    from hostsim.storage.previews import Preview

pages = Blueprint("imports", __name__, url_prefix="/import")


#: Rows that are left out are listed among the ready ones, without a tick.
_LISTS = (READY, REJECTED, IGNORED)


# --- The window --------------------------------------------------------------


@pages.get("", endpoint="show")
def window(**dialog: object) -> str:
    """Show the lists of a run, by default the latest that is open.

    :param dialog: the dialog in front of the window, and its values.
    """
    # Read before the lists, so that a decision about newer ones is refused.
    revisions = desk_context().revisions()
    preview = desk_context().preview(request.args.get("run") or None)
    context = {
        "back": url_for("imports.show"),
        "source": None if preview is None else preview.source,
    } | dialog
    return render_template(
        "import.html",
        preview=preview,
        lists={} if preview is None else {kind: _list(preview, kind) for kind in _LISTS},
        discrepancies=[] if preview is None else list(preview.discrepancies()),
        about="" if preview is None else _heading(preview),
        all_registered=registered,
        not_read=not_read,
        not_there=not_there,
        revisions=revisions,
        last_save=previews.last_save(desk_context().store) if preview is None else None,
        open_previews=desk_context().open_previews(),
        running=desk_context().jobs.running(),
        **_since_save(preview),
        **_taken_again(preview),
        **context,
    )


def _since_save(preview: Preview | None) -> dict[str, object]:
    """Return what has become of a save: what still counts, and what is open instead of it."""
    if preview is None or not preview.saved:
        return {"registered": 0, "partly_undone": None, "open_run": None}
    store, standing = desk_context().store, _standing(preview)
    return {
        "registered": standing[0],
        "partly_undone": registered_again(*standing) if standing[0] else None,
        "open_run": None if preview.kept else previews.run_to_show(store, preview.definition),
    }


def _taken_again(preview: Preview | None) -> dict[str, object]:
    """Return the undone saves, and what becomes of payments that are to be taken again."""
    host = desk_context().host()
    names = host.definitions_undone() if preview is None else [preview.definition]
    undone = [save for name in names for save in host.undone_saves(name)]
    taken, not_taken = {name: host.to_be_taken_again(name) for name in names}, ""
    if preview is not None and is_open(preview):
        not_taken = _not_taken_again(taken[preview.definition])
    if preview is not None and preview.saved:
        # The lists of one save say nothing about other saves.
        undone = [save for save in undone if save.run_id == preview.run_id]
        taken = {} if preview.undone_at is None else taken
    waiting = {name: each.waiting for name, each in taken.items() if each.waiting}
    return {"undone": undone, "waiting": waiting, "not_taken": not_taken}


def _not_taken_again(taken: ToBeTakenAgain) -> str:
    """Say what was to be taken again and cannot be saved; ``""`` where nothing is so."""
    if not taken.refused:
        return ""
    why = some_of([f"{number} ({translated(each)})" for number, each in taken.refused.items()])
    if taken.shown == 1:
        return word("none_taken_again", why=why)
    total = count(taken.shown, language())
    return word("not_taken_again", n=len(taken.refused), total=total, why=why)


def _heading(preview: Preview) -> str:
    """Name an import: its definition, company, region, bank account and date."""
    facts = [
        (preview.company and translated(company(preview.company)), ""),
        (preview.region, word("region")),
        (preview.bank_account, word("bank_account")),
        (day(preview.date), word("date")),
    ]
    labelled = [f"{label} {fact}".lstrip() for fact, label in facts if fact]
    return " · ".join([preview.definition, *labelled, *_history(preview)])


def _history(preview: Preview) -> Iterator[str]:
    """Say when a save was made and by whom, and whether and why it was undone."""
    if preview.saved_at is None:
        return
    yield word("saved_by_at", who=preview.saved_by, at=minute(preview.saved_at))
    if preview.undone_at is None:
        return
    who, at = preview.undone_by, minute(preview.undone_at)
    yield word("undone_by_at", who=who, at=at, why=preview.undone_why)
    standing = _standing(preview)
    if standing[0]:
        yield translated(registered_again(*standing))


def _standing(preview: Preview) -> tuple[int, Decimal]:
    return undone_saves.registered_of(desk_context().store.db, preview.run_id)


def _file_name(preview: Preview, kind: str) -> str:
    """Name a file by its list; of a save also by when and by whom it was saved and undone."""
    name = word(f"file_{_title_key(preview, kind) if kind == READY else kind}")
    if preview.saved_at is None:
        return name
    name += f"-{_stamp(preview.saved_by, preview.saved_at)}"
    if preview.undone_at is None:
        return name
    return f"{name}-{word('file_undone')}-{_stamp(preview.undone_by, preview.undone_at)}"


def _stamp(user: str | None, at: datetime) -> str:
    """Write a time and a user as a part of a file name."""
    plain = unicodedata.normalize("NFKD", user or "").encode("ascii", "ignore").decode()
    who = re.sub("[^A-Za-z0-9]+", "-", plain).strip("-")
    return f"{at:%Y-%m-%d-%H%M}" + (f"-{who}" if who else "")


def _title_key(preview: Preview, kind: str) -> str:
    if preview.undone_at is not None and kind == READY:
        return f"{kind}_partly_undone" if _standing(preview)[0] else f"{kind}_undone"
    return f"{kind}_saved" if preview.saved and kind != IGNORED else kind


def _rows(preview: Preview, kind: str) -> Source:
    """Find the rows of a list; of an earlier save, in the books."""
    if kind == READY and (preview.undone_at is not None or not preview.kept):
        return saved_rows(preview.run_id)
    return preview_rows(preview.run_id, kind)


def _list(preview: Preview, kind: str) -> object:
    listed = list_view(
        kind,
        word(_title_key(preview, kind)),
        _rows(preview, kind),
        endpoint="imports.show",
        prefix=f"{kind}_",
        fixed={"run": preview.run_id},
        hidden=_HIDDEN,
        columns=_columns(preview, kind),
    )
    rows = listed.page.entries
    editable = is_open(preview)
    ticks = {row.id: row.kind == READY for row in rows if row.kind in {READY, LEFT_OUT}}
    columns = [c for c in listed.columns if c.key != "foreign" or _has_values(c, rows)]
    return replace(
        listed,
        columns=columns,
        buttons=row_buttons(preview, kind, rows) if editable else {},
        ticks=ticks if editable and kind == READY else None,
        definition=preview.definition,
        help_key=_title_key(preview, kind),
        labels=SAVED_STATUSES if preview.saved and kind == READY else {},
    )


def _columns(preview: Preview, kind: str) -> Sequence[Column[PreviewRow]]:
    if not preview.saved or kind != READY:
        return PAGES[kind]
    return SAVED if preview.undone_at is None else UNDONE


def is_open(preview: Preview) -> bool:
    return desk_context().open_previews().get(preview.definition) == preview.run_id


#: Columns that a page has no room for; of them a printed list has what is written off.
_HIDDEN = ("rate", "written_off", "source")
_NOT_PRINTED = ("rate", "source")


def _has_values(column: Column[PreviewRow], rows: Iterable[PreviewRow]) -> bool:
    return any(column.cell(row, language()) for row in rows)


@pages.get(f"/<run>/<kind>.{FORM}")
def file(run: str, kind: str, form: str) -> Response:
    preview = desk_context().preview(run)
    if kind not in _LISTS or preview is None or (kind != READY and not preview.kept):
        raise host_error("PAGE_UNKNOWN")
    source, selection = _rows(preview, kind), Selection.of(request.args, f"{kind}_")
    columns, title = _columns(preview, kind), _title_key(preview, kind)
    if form == "print":
        columns = [column for column in columns if column.key not in _NOT_PRINTED]
    name, about = _file_name(preview, kind), _heading(preview)
    return list_file(form, name, word(title), source, selection, columns=columns, about=about)


# --- Läs fil -----------------------------------------------------------------

_READ_FIELDS = ("format", "region", "bank_account", "date")


@pages.get("/read")
def ask_what_to_read() -> str:
    return _read_dialog({})


def _read_dialog(values: dict[str, str], wrong: dict[str, Text] | None = None) -> str:
    definitions = desk_context().definitions()
    name = request.args.get("format")
    named = [definition for definition in definitions if definition.name == name]
    first = next(iter(named or definitions), None)
    default = {
        "format": first.name if first else "",
        "region": first.region if first else "",
        "bank_account": request.args.get("bank_account", ""),
        "date": request.args.get("date") or desk_context().clock().date().isoformat(),
    }
    return window(
        dialog="read",
        definitions=definitions,
        regions=desk_context().regions(),
        values=default | values,
        wrong=dict.fromkeys(_READ_FIELDS) | (wrong or {}),
    )


@pages.post("/start")
def start() -> AnyResponse | str:
    form = form_values(_READ_FIELDS)
    wrong: dict[str, Text] = {}
    if not form["format"]:
        wrong["format"] = page_text("no_formats")
    payments_date = typed_date(form["date"])
    if payments_date is None:
        wrong["date"] = DATE_NEEDED
    elif payments_date > desk_context().clock().date():
        wrong["date"] = page_text("date_ahead")
    if wrong:
        return _read_dialog(form, wrong)
    try:
        definition = desk_context().store.definition(form["format"])
    except HostError as error:
        return _read_dialog(form, {"format": own(error.message)})
    for field, check in (
        ("region", lambda: refuse_other_region(definition, form["region"])),
        ("bank_account", lambda: checked_bank_account(form["bank_account"])),
    ):
        try:
            check()
        except HostError as error:
            wrong[field] = own(error.message)
    if wrong:
        return _read_dialog(form, wrong)
    choice = Choice(definition.name, definition.region, form["bank_account"].strip(), payments_date)
    try:
        job = desk_context().start(choice)
    except HostError as error:
        return _read_dialog(form, {"format": own(error.message)})
    return job_page(job)


# --- What is left out ---------------------------------------------------------


@pages.post("/tick")
def tick() -> AnyResponse:
    """Leave out or include one payment, or all that the filter shows."""
    run = request.form.get("run", "")
    preview = desk_context().preview(run) if run else None
    if preview is not None and preview.saved:
        notify(page_text("saved_elsewhere"), "error")
        return redirect(url_for(".show", run=run), 303)
    try:
        if preview is None or not is_open(preview):
            raise host_error("LIST_CHANGED")
        host, name = desk_context().host(), preview.definition
        if "take" in request.form:
            host.take_in(name, _numbers(preview, request.form["take"], {READY, LEFT_OUT}))
        elif number := request.form.get("leave"):
            host.leave_out(name, [number])
        elif number is not None:
            # Only those shown, not other payments of their invoices that become ready without them.
            host.leave_out(name, _numbers(preview, "", {READY}))
    except HostError as error:
        notify_error(error)
        return redirect(url_for(".show"), 303)
    return redirect(with_query(".show", run=run), 303)


def _numbers(preview: Preview, number: str, kinds: Collection[str]) -> Collection[str]:
    """Return the given number; for ``""``, all of these kinds that the filter shows."""
    if number:
        return [number]
    source = preview_rows(preview.run_id, READY)
    shown = all_of(desk_context().store, source, Selection.of(request.args, f"{READY}_"))
    return [row.payment_number for row in shown if row.kind in kinds]


# --- Saving ------------------------------------------------------------------


@pages.post("/save")
def save() -> AnyResponse:
    run_id = request.form.get("run", "")
    try:
        saved_run = _save(run_id, request.form.get("revision", ""))
    except HostError as error:
        notify_error(error)
        open_run = error.preview.run_id if isinstance(error, PreviewChanged) else None
        return redirect(url_for(".show", run=open_run), 303)
    return redirect(url_for(".show", run=saved_run), 303)


def _save(run_id: str, revision: str) -> str:
    """Save exactly what was shown, unless it is saved already; return the run."""
    preview = desk_context().preview(run_id) if run_id else None
    if preview is None:
        raise host_error("NOTHING_TO_SAVE")
    if preview.saved:
        if preview.revision != revision:
            raise host_error("SAVED_OTHERWISE")
        notify(page_text("saved_already"))
        return run_id
    saved = desk_context().host().save(preview.definition, revision)
    if saved is None:
        raise host_error("NOTHING_TO_SAVE")
    return saved.run_id
