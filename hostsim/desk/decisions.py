"""What a person decides: a payment of the lower list, a series, and everything decided so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hostsim.desk import row_actions
from hostsim.desk.payment_import import csv_response
from hostsim.desk.payment_import import window as import_window
from hostsim.desk.row_actions import RowActions
from hostsim.desk.shared import desk_context, shown, tell, text_with, words
from hostsim.errors import HostError, host_error
from hostsim.ledger.reasons import SET_ASIDE
from hostsim.messages.text import own, say
from hostsim.storage.lists import Selection, all_of, decisions
from hostsim.storage.previews import PreviewChanged
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
        asked = row_actions.row_actions(row_id)
    except HostError:
        return _list_is_another()
    return _ask(asked, {})


def _list_is_another() -> AnyResponse:
    """Say that the row is of a preview that is open no longer, and show the one that is."""
    tell(own(host_error("LIST_CHANGED").message), "error")
    return redirect(url_for("imports.show"), 303)


def _ask(
    asked: RowActions, values: Mapping[str, str], wrong: Mapping[str, Text] | None = None
) -> str:
    only = asked.choices[0] if len(asked.choices) == 1 else ""
    number = asked.row.invoice_number or ""
    preset = {"choice": only, "first": number, "last": number, "why": ""}
    return import_window(
        dialog="decide",
        asked=asked,
        source=desk_context()
        .host()
        .source(desk_context().store.definition(asked.definition).import_type),
        labels=row_actions.labels_of(asked),
        decision_label=lambda code: say(label(DECISIONS, code), words().language),
        values=preset | dict(values),
        wrong=dict.fromkeys(_FIELDS) | dict(wrong or {}),
        back=_back(asked.run_id),
    )


def _back(run_id: str) -> str:
    values: dict[str, Any] = {**request.args.to_dict(), "run": run_id}
    return url_for("imports.show", **values)


@pages.post("/row/<int:row_id>")
def decide(row_id: int) -> AnyResponse:
    try:
        asked = row_actions.row_actions(row_id)
    except HostError:
        return _list_is_another()
    form = {key: request.form.get(key, "") for key in _FIELDS}
    if request.form.get("revision", "") != asked.revision:
        problem = {"choice": own(host_error("LIST_CHANGED").message)}
        return make_response(_ask(asked, form, problem), 422)
    if form["choice"] not in asked.choices:
        problem = {"choice": text_with("choose_one")}
        return make_response(_ask(asked, form, problem), 422)
    try:
        preview = _done(asked, form)
    except PreviewChanged as changed:
        return make_response(
            _ask(row_actions.row_actions(row_id), form, {"choice": own(changed.message)}), 422
        )
    except HostError as error:
        place = "first" if error.code.startswith("SERIES_") else "choice"
        return make_response(_ask(asked, form, {place: own(error.message)}), 422)
    tell(_told(asked, form, preview))
    return redirect(_back(asked.run_id), 303)


def _done(asked: RowActions, form: Mapping[str, str]) -> Preview | None:
    host, name, number = desk_context().host(), asked.definition, asked.row.payment_number
    choice, why, shown_as = form["choice"], form["why"], asked.revision
    if choice == row_actions.SERIES:
        first, last = form["first"], form["last"]
        return host.set_aside_series(name, first, last, why=why, revision=shown_as)
    if choice == row_actions.TAKE_BACK:
        return host.take_back(name, [number], revision=shown_as)
    if choice == row_actions.TAKE_BACK_SERIES:
        ids = [asked.series.id] if asked.series else []
        return host.take_back(name, ids=ids, revision=shown_as)
    return host.decide(name, number, choice, why=why, revision=shown_as)


def _told(asked: RowActions, form: Mapping[str, str], preview: Preview | None) -> Text:
    ready = 0 if preview is None else preview.counts["ready"]
    choice = form["choice"]
    if choice == row_actions.SERIES:
        return _series_told(form["first"], form["last"], preview)
    if choice in {row_actions.TAKE_BACK, row_actions.TAKE_BACK_SERIES}:
        return text_with("told_taken_back", n=ready)
    what = label(DECISIONS, choice)
    return text_with("told_decided", number=asked.row.payment_number, what=what, n=ready)


def _series_told(first: str, last: str, preview: Preview | None) -> Text:
    aside = 0 if preview is None else preview.set_aside.number
    return text_with("told_series", first=first.strip(), last=last.strip(), n=aside)


# --- Everything that was decided ----------------------------------------------


@pages.get("")
def show() -> str:
    return window()


def window(**dialog: object) -> str:
    """Show the window, with what stands before it."""
    given = {"dialog": None, "job": None, "failure": None, "back": _here()} | dialog
    # Before the rows: what is newer on the page than its revisions is refused.
    revisions = desk_context().revisions()
    listed = shown(
        "decisions",
        words()("decisions"),
        decisions(_format()),
        endpoint="decisions.show",
        csv="decisions.export",
    )
    return render_template(
        "decisions.html",
        listed=replace(listed, revisions=revisions),
        revisions=revisions,
        format=_format(),
        definitions=desk_context().definitions(),
        set_aside=SET_ASIDE,
        **given,
    )


def _format() -> str | None:
    return request.args.get("format") or None


def _here() -> str:
    values: dict[str, Any] = request.args.to_dict()
    return url_for("decisions.show", **values)


@pages.get("/<kind>.csv")
def export(kind: str) -> Response:
    if kind != "decisions":
        raise host_error("PAGE_UNKNOWN")
    entries = all_of(desk_context().store, decisions(_format()), Selection.of(request.args))
    return csv_response("decisions", "avgjort", entries)


@pages.post("/take-back")
def take_back() -> AnyResponse:
    name, its = request.form.get("definition", ""), request.form.get("id", "")
    ids = [int(its)] if its.isascii() and its.isdigit() and len(its) < 19 else []

    def told(preview: Preview | None) -> Text:
        return text_with("told_taken_back", n=0 if preview is None else preview.counts["ready"])

    revision = request.form.get("revision", "")
    return _and_say(lambda: desk_context().host().take_back(name, ids=ids, revision=revision), told)


def _and_say(
    act: Callable[[], Preview | None], told: Callable[[Preview | None], Text]
) -> AnyResponse:
    try:
        tell(told(act()))
    except HostError as error:
        tell(own(error.message), "error")
    return redirect(_here(), 303)


# --- A series -----------------------------------------------------------------


@pages.get("/series")
def ask_series() -> str:
    return _series({})


def _series(values: Mapping[str, str], wrong: Mapping[str, Text] | None = None) -> str:
    names = [one.name for one in desk_context().definitions()]
    preset = {"format": _format() or next(iter(names), ""), "first": "", "last": "", "why": ""}
    fields = ("format", "first", "why")
    return window(
        dialog="series",
        values=preset | dict(values),
        wrong=dict.fromkeys(fields) | dict(wrong or {}),
        back=_here(),
    )


@pages.post("/series")
def set_series_aside() -> AnyResponse:
    form = {key: request.form.get(key, "") for key in ("format", "first", "last", "why")}
    revision = request.form.get(f"revision:{form['format']}", "")
    try:
        preview = (
            desk_context()
            .host()
            .set_aside_series(
                form["format"], form["first"], form["last"], why=form["why"], revision=revision
            )
        )
    except HostError as error:
        place = "first" if error.code.startswith("SERIES_") else "format"
        return make_response(_series(form, {place: own(error.message)}), 422)
    tell(_series_told(form["first"], form["last"], preview))
    return redirect(_here(), 303)
