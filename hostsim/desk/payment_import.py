"""``Ekonomi > Betalningsimport``: read, look, save."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk.background_jobs import Choice
from hostsim.desk.files import FORM, list_file
from hostsim.desk.row_actions import row_buttons
from hostsim.desk.shared import desk_context, list_view, notify, word
from hostsim.errors import HostError, host_error
from hostsim.ledger.amounts import typed_date
from hostsim.ledger.matching import KINDS
from hostsim.messages.desk import page_text
from hostsim.messages.results import DATE_NEEDED
from hostsim.messages.text import own
from hostsim.storage.lists import Selection, preview_rows
from hostsim.storage.previews import PreviewChanged
from hostsim.storage.region_checks import checked_bank_account, refuse_other_region
from hostsim.views.pages import PAGES
from hostsim.views.payments import SAVED
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.storage.previews import Preview

pages = Blueprint("imports", __name__, url_prefix="/import")


# --- The window --------------------------------------------------------------


@pages.get("", endpoint="show")
def window(**dialog: object) -> str:
    """Show the lists of a run, by default the latest that is open.

    :param dialog: what stands before the window.
    """
    preview = desk_context().preview(request.args.get("run") or None)
    lists = {} if preview is None else {kind: _list(preview, kind) for kind in KINDS}
    given = {
        "back": url_for("imports.show"),
        "source": None if preview is None else preview.source,
    } | dialog
    return render_template(
        "import.html",
        preview=preview,
        lists=lists,
        discrepancies=[] if preview is None else list(preview.discrepancies()),
        open_previews=desk_context().open_previews(),
        running=desk_context().jobs.running(),
        **given,
    )


def _list(preview: Preview, kind: str) -> object:
    saved = "_saved" if preview.saved and kind == "ready" else ""
    found = list_view(
        kind,
        word(kind + saved),
        preview_rows(preview.run_id, kind),
        endpoint="imports.show",
        file="imports.export",
        prefix=f"{kind}_",
        fixed={"run": preview.run_id},
        columns=SAVED if saved else None,
    )
    open_run = desk_context().open_previews().get(preview.definition) == preview.run_id
    buttons = row_buttons(preview, kind, found.page.entries) if open_run else {}
    return replace(found, buttons=buttons, definition=preview.definition)


@pages.get(f"/<run>/<kind>.{FORM}")
def export(run: str, kind: str, form: str) -> Response:
    preview = desk_context().preview(run)
    if kind not in KINDS or preview is None:
        raise host_error("PAGE_UNKNOWN")
    columns = SAVED if preview.saved and kind == "ready" else PAGES[kind]
    source, selection = preview_rows(run, kind), Selection.of(request.args, f"{kind}_")
    return list_file(
        form, f"betalningsimport-{kind}", word(kind), source, selection, columns=columns
    )


# --- Läs fil -----------------------------------------------------------------


@pages.get("/read")
def ask_what_to_read() -> str:
    return _read_dialog({})


def _read_dialog(values: dict[str, str], wrong: dict[str, Text] | None = None) -> str:
    definitions = desk_context().definitions()
    wanted = [one for one in definitions if one.name == request.args.get("format")]
    first = next(iter(wanted or definitions), None)
    default = {
        "format": first.name if first else "",
        "region": first.region if first else "",
        "bank_account": "",
        "date": desk_context().clock().date().isoformat(),
    }
    return window(
        dialog="read",
        definitions=definitions,
        regions=desk_context().regions(),
        values=default | values,
        wrong=dict.fromkeys(("format", "region", "bank_account", "date")) | (wrong or {}),
    )


@pages.post("/start")
def start() -> AnyResponse | str:
    form = {key: request.form.get(key, "") for key in ("format", "region", "bank_account", "date")}
    wrong: dict[str, Text] = {}
    if not form["format"]:
        wrong["format"] = page_text("no_formats")
    day = typed_date(form["date"])
    if day is None:
        wrong["date"] = DATE_NEEDED
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
    choice = Choice(definition.name, definition.region, form["bank_account"].strip(), day)
    try:
        job = desk_context().start(choice)
    except HostError as error:
        return _read_dialog(form, {"format": own(error.message)})
    return redirect(url_for("jobs.show", job_id=job.id), 303)


# --- Saving ------------------------------------------------------------------


@pages.post("/save")
def save() -> AnyResponse:
    run_id = request.form.get("run", "")
    try:
        saved = _save(run_id, request.form.get("revision", ""))
    except HostError as error:
        notify(own(error.message), "error")
        now_open = error.preview.run_id if isinstance(error, PreviewChanged) else None
        return redirect(url_for(".show", run=now_open), 303)
    return redirect(url_for(".show", run=saved), 303)


def _save(run_id: str, revision: str) -> str:
    """Save exactly what was shown; if that was saved before, only say so."""
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
