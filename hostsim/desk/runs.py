"""``Importer``: all past imports, and one of them in full."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk.downloads import FORM, page_file
from hostsim.desk.payment_import import window as import_window
from hostsim.desk.shared import desk_context, list_view, notify, notify_error, translated, word
from hostsim.errors import HostError
from hostsim.messages.desk import page_text
from hostsim.messages.formats import minute
from hostsim.messages.payments import (
    NO,
    YES,
    numbered,
    saves_of_restored,
    was_and_is,
)
from hostsim.messages.text import own, some_of
from hostsim.storage.history import PastRun, runs
from hostsim.storage.undone_saves import UndoneSave
from hostsim.views.payments import with_states
from hostsim.views.runs import full_state, kind_label
from opter_contract.values import Text

pages = Blueprint("runs", __name__, url_prefix="/runs")


@pages.get("", endpoint="show")
def window(**dialog: object) -> str:
    """Show every import, and one of them in full.

    :param dialog: the dialog in front of the window, and its values.
    """
    # Read before the lists, so that a decision about newer ones is refused.
    revisions = desk_context().revisions()
    listed = list_view(
        "runs",
        word("runs"),
        runs(desk_context().store),
        endpoint="runs.show",
        row_argument="run",
    )
    first = listed.page.entries[0].id if listed.page.entries else ""
    run_id = (request.view_args or {}).get("run_id") or request.args.get("run") or first
    chosen = desk_context().host().run(run_id) if run_id else None
    return render_template(
        "runs.html",
        listed=listed,
        chosen=chosen,
        labels={} if chosen is None else _labels(chosen),
        undone=[] if chosen is None else _undone_saves(chosen),
        revisions=revisions,
        is_open=chosen is not None and chosen.state in {"open", "saved"},
        kind_label=kind_label,
        state=full_state,
        **dialog,
    )


def _undone_saves(run: PastRun) -> list[UndoneSave]:
    if run.undone_at is None:
        return []
    saves = desk_context().host().undone_saves(run.definition)
    return [save for save in saves if save.run_id == run.id]


def _labels(run: PastRun) -> dict[object, str]:
    """Return the plug-in's labels of the settings and values; none if the plug-in is missing."""
    try:
        fields = desk_context().host().settings_fields(run.import_type)
    except HostError:
        return {}
    labels: dict[object, str] = {}
    for field in fields:
        labels[field.key] = translated(field.label)
        labels[field.key, "true"], labels[field.key, "false"] = translated(YES), translated(NO)
        labels[field.key, ""] = word("none")
        for choice in field.choices:
            labels[field.key, choice.value] = translated(choice.label)
    return labels


@pages.get(f"/runs.{FORM}")
def file(form: str) -> Response:
    return page_file(form, "runs", runs(desk_context().store))


# --- Undoing a save -----------------------------------------------------------

#: The page that opened the dialog, if not this one.
IMPORT = "import"


@pages.get("/<run_id>/undo")
def ask_to_undo(run_id: str) -> AnyResponse | str:
    try:
        return _undo_dialog(run_id, "")
    except HostError as error:
        if error.code != "NOTHING_TO_UNDO":
            raise
        undone = desk_context().host().run(run_id).undone_at is not None
        notify(page_text("undone") if undone else own(error.message), "done" if undone else "error")
        return redirect(_back(run_id), 303)


def _undo_dialog(run_id: str, why: str, wrong: Text | None = None) -> str:
    host = desk_context().host()
    run, effects = host.run(run_id), host.to_undo(run_id)
    at_import = request.args.get("from") == IMPORT and desk_context().preview(run_id) is not None
    show_window = import_window if at_import else window
    return show_window(
        dialog="undo",
        undoing=run,
        effects=effects,
        source=host.source(run.import_type),
        gone=numbered([row.payment_number for row in effects.gone]),
        kept=with_states(effects.kept),
        forgotten=numbered(effects.forgotten),
        restored=saves_of_restored(effects.restored_payments),
        values={"why": why},
        wrong=wrong,
        back=_back(run_id),
    )


def _back(run_id: str) -> str:
    at_import = request.args.get("from") == IMPORT
    return url_for("imports.show" if at_import else "runs.show", run=run_id)


@pages.post("/<run_id>/undo")
def undo(run_id: str) -> AnyResponse:
    why = request.form.get("why", "")
    try:
        undone = desk_context().host().undo_save(run_id, why=why)
    except HostError as error:
        if error.code in {"WHY_NEEDED", "WHY_TOO_LONG"}:
            return make_response(_undo_dialog(run_id, why, own(error.message)), 422)
        notify(_undone_by_other(run_id) or own(error.message), "error")
    else:
        notify(undone.sentence)
        if undone.kept:
            notify(page_text("kept_of_save", which=with_states(undone.kept)), "error")
    return redirect(_back(run_id), 303)


def _undone_by_other(run_id: str) -> Text | None:
    """Return the sentence that somebody else undid a save; ``None`` if nobody did."""
    run = desk_context().host().run(run_id)
    if run.undone_at is None:
        return None
    return page_text(
        "undone_before",
        saved=minute(run.saved_at),
        who=run.undone_by,
        at=minute(run.undone_at),
        why=run.undone_why,
    )


@pages.post("/<run_id>/take-again")
def take_again(run_id: str) -> AnyResponse:
    host, revision, open_run = desk_context().host(), request.form.get("revision", ""), None
    try:
        definition = host.run(run_id).definition
        open_run = desk_context().open_previews().get(definition)
        waiting_before = host.to_be_taken_again(definition).waiting
        numbers = host.to_take_again(definition, run_id)
        taken = host.take_save_again(definition, run_id, revision=revision)
        refusals = host.rejected(definition, numbers)
        taken -= len(refusals)
        # Without an open list there is nothing to save.
        coming = host.to_be_taken_again(definition).waiting - waiting_before
        ready = taken - coming if open_run else 0
    except HostError as error:
        notify_error(error)
    else:
        # If all have to be fetched first, the page says so.
        if ready:
            key = "taken_again" if ready == taken else "taken_again_partly"
            notify(page_text(key, n=taken, now=ready))
        others = host.other_amounts(definition, [n for n in numbers if n not in refusals])
        if others:
            named = [was_and_is(number, difference) for number, difference in others.items()]
            which = Text(*map(some_of, zip(*named, strict=True)))
            notify(page_text("taken_again_otherwise", n=len(others), which=which), "warning")
    return redirect(url_for("imports.show", run=open_run or request.form.get("shown") or None), 303)
