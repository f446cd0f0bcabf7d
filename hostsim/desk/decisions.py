"""Decisions about one payment or a series of invoices, and the list of all decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk import row_actions
from hostsim.desk.downloads import FORM, page_file
from hostsim.desk.payment_import import window as import_window
from hostsim.desk.row_actions import RowActions
from hostsim.desk.shared import (
    desk_context,
    form_values,
    list_view,
    notify,
    notify_error,
    with_query,
    word,
)
from hostsim.errors import HostError, host_error
from hostsim.ledger.candidates import Refusal
from hostsim.ledger.reasons import ACCEPT, CONFIRM, SET_ASIDE, TAKE_AGAIN
from hostsim.messages.decisions import FETCHED_BEFORE_SAVING
from hostsim.messages.desk import page_text
from hostsim.messages.source_name import named
from hostsim.messages.text import own
from hostsim.services.outcomes import to_do_of
from hostsim.storage import lists, previews
from hostsim.storage.previews import PreviewChanged
from hostsim.storage.rows import is_id
from hostsim.views.labels import DECISIONS, label
from opter_contract.values import Text

if TYPE_CHECKING:
    from hostsim.storage.previews import Preview

pages = Blueprint("decisions", __name__, url_prefix="/decisions")

_FIELDS = ("choice", "first", "last", "why")


# --- About one payment --------------------------------------------------------


@pages.get("/row/<int:row_id>")
def ask(row_id: int) -> AnyResponse | str:
    try:
        return _dialog(row_actions.row_actions(row_id), {})
    except HostError:
        return _list_changed(row_id)


def _list_changed(row_id: int) -> AnyResponse:
    """Show the save of the row's preview, or the preview that has replaced it."""
    run_id = previews.saved_run_of(desk_context().store, row_id)
    saved = run_id is not None
    notify(
        page_text("saved_elsewhere") if saved else own(host_error("LIST_CHANGED").message), "error"
    )
    return redirect(url_for("imports.show", run=run_id), 303)


def _dialog(
    actions: RowActions, values: Mapping[str, str], wrong: Mapping[str, Text] | None = None
) -> str:
    only = actions.choices[0] if len(actions.choices) == 1 else ""
    number = actions.row.invoice_number or ""
    default = {"choice": only, "first": number, "last": number, "why": ""}
    definition = desk_context().store.definition(actions.definition)
    source = desk_context().host().source(definition.import_type)
    advice = _advice(actions)
    return import_window(
        dialog="decide",
        actions=actions,
        source=source,
        advice=advice and named(advice, source),
        decided=actions.decision and label(DECISIONS, actions.decision.decision),
        values=default | dict(values),
        wrong=dict.fromkeys(_FIELDS) | dict(wrong or {}),
        back=with_query("imports.show", run=actions.run_id),
    )


def _advice(actions: RowActions) -> Text | None:
    """Return the same advice as the page of the invoice."""
    row = actions.row
    if row.reason is None or row.message is None:
        return None
    decisions = [] if actions.decision is None else [actions.decision]
    outcome = SET_ASIDE if row.reason == SET_ASIDE else actions.kind
    return to_do_of(outcome, Refusal(row.reason, row.message, row.obstacle), decisions)


@pages.post("/row/<int:row_id>")
def decide(row_id: int) -> AnyResponse:
    try:
        actions = row_actions.row_actions(row_id)
    except HostError:
        return _list_changed(row_id)
    form = form_values(_FIELDS)
    wrong: dict[str, Text] = {}
    if request.form.get("revision", "") != actions.revision:
        wrong = {"choice": own(host_error("LIST_CHANGED").message)}
    elif form["choice"] not in actions.choices:
        wrong = {"choice": page_text("choose_one")}
    else:
        try:
            notify(_carry_out(actions, form))
        except PreviewChanged as changed:
            actions = row_actions.row_actions(row_id)
            wrong = {"choice": own(changed.message)}
        except HostError as error:
            field = "first" if error.code.startswith("SERIES_") else "choice"
            wrong = {field: own(error.message)}
    if wrong:
        return make_response(_dialog(actions, form, wrong), 422)
    return redirect(with_query("imports.show", run=actions.run_id), 303)


#: The decisions to register a payment.
_REGISTERING = frozenset({ACCEPT, CONFIRM, TAKE_AGAIN})


def _carry_out(actions: RowActions, form: Mapping[str, str]) -> Text:
    """Carry out a choice; return the sentence about what was done."""
    host, name, number = desk_context().host(), actions.definition, actions.row.payment_number
    choice, why, revision = form["choice"], form["why"], actions.revision
    if choice == row_actions.SERIES:
        return _set_series_aside(name, form, revision)
    if choice == row_actions.TAKE_BACK:
        return _sentence_of_taken_back(host.take_back(name, [number], revision=revision))
    if choice == row_actions.TAKE_BACK_SERIES:
        ids = [actions.series.id] if actions.series else []
        return _sentence_of_taken_back(host.take_back(name, ids=ids, revision=revision))
    preview = host.decide(name, number, choice, why=why, revision=revision)
    what = label(DECISIONS, actions.meaning(choice))
    became = _consequence(name, number) if choice in _REGISTERING else Text("", "")
    ready = _ready_count(preview)
    return page_text("decision_made", number=number, what=what, became=became, n=ready)


def _consequence(name: str, number: str) -> Text:
    """Return whether a payment that somebody wants will be registered, or why not."""
    host = desk_context().host()
    refusal = host.rejected(name, [number]).get(number)
    if refusal is not None:
        return page_text("cannot_come", why=refusal)
    if host.needs_import(name, number):
        return page_text("cannot_come", why=FETCHED_BEFORE_SAVING)
    return page_text("comes_when_saved")


def _set_series_aside(name: str, form: Mapping[str, str], revision: str) -> Text:
    first, last = form["first"].strip(), form["last"].strip()
    host = desk_context().host()
    preview = host.set_aside_series(name, first, last, why=form["why"], revision=revision)
    number = 0 if preview is None else preview.set_aside.number
    return page_text("series_is_set_aside", first=first, last=last, n=number)


def _sentence_of_taken_back(preview: Preview | None) -> Text:
    return page_text("decision_taken_back", n=_ready_count(preview))


def _ready_count(preview: Preview | None) -> int:
    return 0 if preview is None else preview.counts["ready"]


# --- All decisions ------------------------------------------------------------


@pages.get("", endpoint="show")
def window(**dialog: object) -> str:
    """Show all decisions, those in force first.

    :param dialog: the dialog in front of the window, and its values.
    """
    # Read before the rows, so that a decision about newer rows is refused.
    revisions = desk_context().revisions()
    listed = list_view(
        "decisions",
        word("decisions"),
        lists.decisions(_format_filter()),
        endpoint="decisions.show",
    )
    return render_template(
        "decisions.html",
        listed=replace(listed, revisions=revisions),
        revisions=revisions,
        format=_format_filter(),
        definitions=desk_context().definitions(),
        set_aside=SET_ASIDE,
        back=with_query("decisions.show"),
        **dialog,
    )


def _format_filter() -> str | None:
    return request.args.get("format") or None


@pages.get(f"/decisions.{FORM}")
def file(form: str) -> Response:
    return page_file(form, "decisions", lists.decisions(_format_filter()))


@pages.post("/take-back")
def take_back() -> AnyResponse:
    name, revision = request.form.get("definition", ""), request.form.get("revision", "")
    decision_id = request.form.get("id", 0, type=int)
    ids = [decision_id] if is_id(decision_id) else []
    try:
        preview = desk_context().host().take_back(name, ids=ids, revision=revision)
        notify(_sentence_of_taken_back(preview))
    except HostError as error:
        notify_error(error)
    return redirect(with_query("decisions.show"), 303)


# --- A series -----------------------------------------------------------------


@pages.get("/series")
def ask_series() -> str:
    return _series_dialog({})


def _series_dialog(values: Mapping[str, str], wrong: Mapping[str, Text] | None = None) -> str:
    names = [definition.name for definition in desk_context().definitions()]
    default = {
        "format": _format_filter() or next(iter(names), ""),
        "first": "",
        "last": "",
        "why": "",
    }
    return window(
        dialog="series",
        values=default | dict(values),
        wrong=dict.fromkeys(("format", "first")) | dict(wrong or {}),
    )


@pages.post("/series")
def set_series_aside() -> AnyResponse:
    form = form_values(("format", "first", "last", "why"))
    revision = request.form.get(f"revision:{form['format']}", "")
    try:
        notify(_set_series_aside(form["format"], form, revision))
    except HostError as error:
        field = "first" if error.code.startswith("SERIES_") else "format"
        return make_response(_series_dialog(form, {field: own(error.message)}), 422)
    return redirect(with_query("decisions.show"), 303)
