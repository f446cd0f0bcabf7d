"""``Ekonomi > Betalningsregistrering``: what is registered, and where it came from."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, Response, render_template, request, url_for

from hostsim.desk.payment_import import csv_response
from hostsim.desk.shared import desk_context, shown, words
from hostsim.ledger.values import Entry
from hostsim.storage import page_rows
from hostsim.storage.invoices import invoice
from hostsim.storage.lists import Selection, all_of, registered
from hostsim.storage.rows import row_of
from hostsim.views.labels import PAYMENT_STATES

pages = Blueprint("register", __name__, url_prefix="/payments")

TABS = ("payment", "invoice", "origin")


@pages.get("")
def show() -> str:
    return window()


def window(**dialog: object) -> str:
    """Show the window, with what stands before it."""
    store = desk_context().store
    run = request.args.get("run") or None
    tab = request.args.get("tab", "")
    listed = shown(
        "payments",
        words()("payments"),
        registered(run),
        endpoint="register.show",
        csv="register.export",
        picks="payment",
    )
    chosen = _chosen(request.args.get("payment", ""))
    if chosen is None and listed.page.entries:
        chosen = _chosen(str(listed.page.entries[0].id))
    return render_template(
        "payments.html",
        listed=listed,
        run=page_rows.run_row(store, run),
        tab=tab if tab in TABS else TABS[0],
        tabs=TABS,
        chosen=chosen,
        write_offs=() if chosen is None else row_of(chosen).write_offs,
        invoice=None if chosen is None else invoice(store, chosen["invoice_id"]),
        of_invoice=[] if chosen is None else _of_invoice(chosen),
        origin=None if chosen is None else page_rows.run_row(store, chosen["run_id"]),
        states=PAYMENT_STATES,
        **{"dialog": None, "job": None, "failure": None, "back": url_for("register.show")} | dialog,
    )


@pages.get("/payments.csv")
def export() -> Response:
    run = request.args.get("run") or None
    entries = all_of(desk_context().store, registered(run), Selection.of(request.args))
    return csv_response("payments", "betalningsregistrering", entries)


def _chosen(payment_id: str) -> sqlite3.Row | None:
    if not payment_id.isascii() or not payment_id.isdigit() or len(payment_id) > 18:
        return None
    return page_rows.payment_row(desk_context().store, int(payment_id))


def _of_invoice(payment: sqlite3.Row) -> list[Entry]:
    of_invoice = registered(invoice_id=payment["invoice_id"])
    return list(all_of(desk_context().store, of_invoice, Selection()))
