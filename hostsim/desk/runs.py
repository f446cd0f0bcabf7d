"""``Importer``: every import of the past, and one of them in full."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from hostsim.desk.files import FORM, list_file
from hostsim.desk.shared import desk_context, list_view, translated, word
from hostsim.errors import HostError
from hostsim.storage.history import Imported
from hostsim.storage.lists import Selection, runs
from hostsim.views.pages import PAGES
from hostsim.views.runs import full_state, kind_label

pages = Blueprint("runs", __name__, url_prefix="/runs")


@pages.get("")
def show() -> str:
    listed = list_view(
        "runs",
        word("runs"),
        runs(desk_context().store),
        endpoint="runs.show",
        file="runs.export",
        row_argument="run",
    )
    first = listed.page.entries[0].id if listed.page.entries else ""
    wanted = request.args.get("run") or first
    chosen = desk_context().host().run(wanted) if wanted else None
    return render_template(
        "runs.html",
        listed=listed,
        chosen=chosen,
        labels={} if chosen is None else _labels(chosen),
        is_open=chosen is not None and chosen.state in {"open", "saved"},
        kind_label=kind_label,
        state=full_state,
    )


def _labels(run: Imported) -> dict[object, str]:
    """Name the settings as the plug-in does, and their values; no names where it is missing."""
    try:
        fields = desk_context().host().settings_fields(run.import_type)
    except HostError:
        return {}
    labels: dict[object, str] = {}
    for field in fields:
        labels[field.key] = translated(field.label)
        labels[field.key, "true"], labels[field.key, "false"] = word("yes"), word("no")
        labels[field.key, ""] = word("none")
        for choice in getattr(field, "choices", ()):
            labels[field.key, choice.value] = translated(choice.label)
    return labels


@pages.get(f"/runs.{FORM}")
def export(form: str) -> Response:
    source, selection = runs(desk_context().store), Selection.of(request.args)
    return list_file(form, "importer", word("runs"), source, selection, columns=PAGES["runs"])
