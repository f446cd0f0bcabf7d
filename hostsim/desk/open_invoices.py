"""``Ekonomi > Öppna fakturor``: the remaining amount and due date of each."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request, url_for

from hostsim.desk.downloads import FORM, list_file
from hostsim.desk.shared import desk_context, list_view, word
from hostsim.storage.invoices import open_invoices
from hostsim.storage.lists import Selection, Source
from hostsim.views.pages import PAGES

pages = Blueprint("open", __name__, url_prefix="/open-invoices")


def _source() -> Source:
    return open_invoices(desk_context().clock().date())


@pages.get("")
def show() -> str:
    regions = [region for region in desk_context().regions() if region]
    listed = list_view(
        "open",
        word("open_invoices"),
        _source(),
        endpoint="open.show",
        hidden=() if regions else ("region",),
    )
    return render_template("open_invoices.html", listed=listed, back=url_for("open.show"))


@pages.get(f"/list.{FORM}")
def file(form: str) -> Response:
    title, selection = word("open_invoices"), Selection.of(request.args)
    return list_file(form, word("file_open"), title, _source(), selection, columns=PAGES["open"])
